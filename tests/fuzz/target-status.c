// SPDX-License-Identifier: ISC

/*
 * The status document, as whatever listens at the socket may give it: each line as a device, read both ways,
 * and the whole, of which what is printed has no control character, and is JSON where that is asked for.
 */

#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"
#include "tool/cluster.h"
#include "tool/roomtable.h"
#include "tool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_same(const char *a, const char *b) {
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_device(const char *line, size_t len) {
	struct live_device before = {.site = "site 1", .account = "acme", .interval = "DAILY", .zone = "UTC", .reason = "a\"b"};
	struct live_device quick, slow;
	struct store store = {0};
	int r = deviceline_read(line, len, &store, &before, &quick);
	int s = deviceline_parse(line, len, &store, &before, &slow);
	must(r == s, "%d, and %d by the parser", r, s);
	must(r == 0 || r == -EBADMSG, "%d", r);
	if (r == 0) {
		must(is_same(quick.uuid, slow.uuid) && is_same(quick.name, slow.name) && is_same(quick.site, slow.site) &&
		     is_same(quick.account, slow.account) && is_same(quick.interval, slow.interval) &&
		     is_same(quick.zone, slow.zone) && is_same(quick.reason, slow.reason) && is_same(quick.text, slow.text) &&
		     quick.state == slow.state && quick.last_end == slow.last_end && quick.count == slow.count &&
		     quick.age == slow.age && quick.waiting == slow.waiting && quick.rechecks == slow.rechecks &&
		     quick.since == slow.since, "the ways read different devices");
	}
	store_done(&store);
}

static void check_devices(const char *text, size_t len) {
	for (const char *end; len > 0 && (end = memchr(text, '\n', len)); len -= (size_t)(end + 1 - text), text = end + 1) {
		size_t line = (size_t)(end - text);
		check_device(text, line - (line > 0 && text[line - 1] == ','));
	}
}

static void check_printed(const struct buf *out) {
	for (const char *line = buf_text(out), *next; *line; line = next) {
		next = strchr(line, '\n');
		must(next, "no end: %s", line);
		next++;
		fuzz_must_be_line(line, (size_t)(next - line), "\n");
	}
}

static void check_json(const struct live *live, const struct judgement *judgement) {
	struct json_object *value = NULL;
	struct error err = {{0}};
	struct buf out;
	buf_init(&out, BUF_ANY);
	status_put_json(live, judgement, &out);
	must(json_read(buf_text(&out), out.len, &value, &err) == 0, "%s: %s", err.text, buf_text(&out));
	must(json_count(json_member(value, "devices")) == live->device_count, "other devices: %s", buf_text(&out));
	json_free(value);
	buf_done(&out);
}

static void check_live(const struct live *live) {
	const struct tool tool = {.now = live->now};
	const struct limits limits = {.warning = USEC_PER_HOUR, .critical = USEC_PER_DAY};
	struct judgement judgement;
	struct buf out;
	buf_init(&out, BUF_ANY);
	must(judge(&tool, live, &limits, &judgement) == 0, "no memory");
	must(judgement.count == live->device_count, "%zu rooms", judgement.count);
	judge_sort_fresh(&judgement);
	judge_troubles(live, &out, "", "\n");
	judge_orders(live, &out);
	cluster_put(live, true, &out);
	roomtable_put(live, &judgement, true, false, &out);
	judge_counts(&judgement, &out);
	buf_putc(&out, '\n');
	check_printed(&out);
	check_json(live, &judgement);
	free(judgement.rooms);
	buf_done(&out);
}

void fuzz_one(const uint8_t *data, size_t len) {
	struct live live = {0};
	check_devices((const char *)data, len);
	int fd = open(fuzz_write("status", data, len), O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "no file");
	int r = live_parse(fd, &live);
	must(r == 0 || r == 1 || r == -EBADMSG, "%d", r);
	if (r == 0) {
		check_live(&live);
	}
	live_done(&live);
	(void)close(fd);
}
