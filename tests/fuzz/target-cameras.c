// SPDX-License-Identifier: ISC

/*
 * Answers that say which cameras there are, all lists in one object: what is printed of them is taken beside the
 * configuration, has no control character, and then nothing is left to be configured.  The first byte chooses
 * what is configured already.
 */

#include "fuzz.h"

#include "base/json.h"
#include "config/read.h"
#include "response/parse.h"
#include "tool/cameratext.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NOW (1795421700 * USEC_PER_SEC) /* 2026-11-23T08:15:00Z */

static const char *const mains[] = {
	"accounts = ( { name = \"acme\"; key_file = \"/k\"; } ); defaults = { timezone = \"UTC\"; };\n",
	"accounts = ( { name = \"acme\"; key_file = \"/k\"; }, { name = \"other\"; key_file = \"/k\"; } );\n"
	"defaults = { timezone = \"UTC\"; account = \"other\"; };\n"
	"devices = ( { uuid = \"AAAAAAAAAAAAAAAAAAAAAA.v0\"; name = \"Lobby\"; site = \"HQ\"; },\n"
	"            { uuid = \"BBBBBBBBBBBBBBBBBBBBBA\"; name = \"Lobby v1\"; timezone = \"America/Denver\"; } );\n",
};

/* The main file with a fragment beside it; NULL: an empty one. */
static struct config *load(size_t which, const struct buf *fragment) {
	struct config_problems problems;
	struct config *config = NULL;
	static char file[4096];
	(void)snprintf(file, sizeof(file), "%s/conf.d", fuzz_directory());
	(void)mkdir(file, 0700);
	(void)fuzz_write("conf.d/cameras.conf", fragment ? buf_text(fragment) : "", fragment ? fragment->len : 0);
	(void)snprintf(file, sizeof(file), "%s", fuzz_write("occupancyd.conf", mains[which], strlen(mains[which])));
	config_problems_init(&problems);
	int r = config_load(file, &config, &problems);
	must(r == 0, "refused: %s of %s", buf_text(&problems.text), fragment ? buf_text(fragment) : "");
	config_problems_done(&problems);
	return config;
}

static int take(struct cameras *cameras, struct json_object *root, const struct config *config) {
	struct error err = {{0}};
	int r = cameras_take_places(cameras, json_member(root, "locations"), &err);
	if (r == 0) {
		r = cameras_take_enabled(cameras, json_member(root, "cameras"), &config->accounts[0], &err);
	}
	if (r == 0) {
		r = cameras_take_states(cameras, json_member(root, "cameraStates"), &config->accounts[0], &err);
	}
	must(r == 0 || r == -EBADMSG, "%d", r);
	must((err.text[0] == '\0') == (r == 0), "a sentence and %d", r);
	return r == 0 ? cameras_compare(cameras, &(struct comparison){.config = config, .now = NOW}) : r;
}

static void check_lines(const struct buf *out) {
	for (const char *line = buf_text(out), *next; *line; line = next) {
		next = strchr(line, '\n');
		must(next, "no end: %s", line);
		next++;
		fuzz_must_be_line(line, (size_t)(next - line), "\n");
	}
}

/* Once more, now that it is configured. */
static void check_configured(struct json_object *root, size_t which, const struct buf *list) {
	struct config *config = load(which, list);
	struct cameras cameras;
	must(cameras_init(&cameras) == 0, "no memory");
	must(take(&cameras, root, config) == 0, "another time not");
	for (size_t i = 0; i < cameras.len; i++) {
		must(cameras.list[i].device, "%s is not configured by %s", cameras.list[i].uuid, buf_text(list));
	}
	cameras_done(&cameras);
	config_free(config);
}

static void check(struct json_object *root, size_t which) {
	struct config *config = load(which, NULL);
	struct cameras cameras;
	struct buf list, text;
	must(cameras_init(&cameras) == 0, "no memory");
	buf_init(&list, BUF_ANY);
	buf_init(&text, BUF_ANY);
	if (take(&cameras, root, config) == 0) {
		cameras_print(&cameras, which > 0, &list);
		check_lines(&list);
		cameras_print_diff(&cameras, &text);
		check_lines(&text);
		buf_clear(&text);
		cameras_print_json(&cameras, true, &text);
		check_lines(&text);
		struct json_object *read;
		struct error err;
		must(json_read(buf_text(&text), text.len, &read, &err) == 0, "%s: %s", err.text, buf_text(&text));
		must(json_count(json_member(read, "cameras")) == cameras.len, "others: %s", buf_text(&text));
		json_free(read);
		check_configured(root, which, &list);
	}
	buf_done(&list);
	buf_done(&text);
	cameras_done(&cameras);
	config_free(config);
}

void fuzz_one(const uint8_t *data, size_t len) {
	struct json_object *root;
	struct error err;
	if (len == 0) {
		return;
	}
	/* As it comes from the network: with a NUL behind it. */
	char *body = malloc(len);
	must(body, "no memory");
	memcpy(body, data + 1, len - 1);
	body[len - 1] = '\0';
	int r = parse_list(body, len - 1, "cameras", &root, &err);
	must(r == 0 || r == -EBADMSG || r == -EREMOTEIO, "%d", r);
	if (r == 0) {
		check(root, data[0] % 2);
		json_free(root);
	} else {
		fuzz_must_be_line(err.text, strlen(err.text), "");
	}
	free(body);
}
