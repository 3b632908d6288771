// SPDX-License-Identifier: ISC

/*
 * journal/journal.h on a command line, for tests/system/test_journal.py.
 *
 *     journal-driver [--ca FILE] [--cert FILE] [--key FILE] CLUSTER NODE TIMEOUT-MS URL...
 *
 * Each line of the standard input asks for something at once: a verb and its arguments, in the order of journal.h,
 * as in "commit acme 17 2 text".  "noise:SIZE:SEED" is such a text too.  For each there is a line of JSON on the standard
 * output when there is a reply; its tag is the number of the line, from 1 on.  Ends when the input does.
 */

#include "base/buf.h"
#include "base/json.h"
#include "base/rng.h"
#include "journal/journal.h"

#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS = 6, LINE = 4 << 20 };

static const char *const verbs[] = {
	[JOURNAL_LOOK] = "look", [JOURNAL_READ] = "read", [JOURNAL_GRANT] = "grant", [JOURNAL_RENEW] = "renew",
	[JOURNAL_REVOKE] = "revoke", [JOURNAL_ANNOUNCE] = "announce", [JOURNAL_CLAIM] = "claim",
	[JOURNAL_RELEASE] = "release", [JOURNAL_COMMIT] = "commit", [JOURNAL_DEFER] = "defer", [JOURNAL_TRIM] = "trim",
};

static const char *const results[] = {
	[JOURNAL_DONE] = "done", [JOURNAL_REFUSED] = "refused", [JOURNAL_FAILED] = "failed", [JOURNAL_UNKNOWN] = "unknown",
};

__attribute__((noreturn))
static void die(const char *what) {
	(void)fprintf(stderr, "journal-driver: %s\n", what);
	exit(1);
}

static uint64_t number(const char *text) {
	return text ? strtoull(text, NULL, 10) : 0;
}

static void commit(struct journal *journal, uint64_t tag, char **argv) {
	unsigned long size = 0, seed = 0;
	if (sscanf(argv[4], "noise:%lu:%lu", &size, &seed) != 2) {
		journal_commit(journal, tag, argv[1], number(argv[2]), number(argv[3]), argv[4], strlen(argv[4]));
		return;
	}
	struct rng rng;
	unsigned char *noise = malloc(size + 1);
	if (!noise) {
		die("out of memory");
	}
	rng_init(&rng, seed);
	for (size_t i = 0; i < size; i++) {
		noise[i] = (unsigned char)rng_below(&rng, 256);
	}
	journal_commit(journal, tag, argv[1], number(argv[2]), number(argv[3]), noise, size);
	memset(noise, 0, size); /* it was copied */
	free(noise);
}

/* One line's request. */
static void ask(struct journal *journal, uint64_t tag, char *line) {
	char *argv[ARGUMENTS + 1] = {NULL}, *place = NULL;
	size_t argc = 0;
	for (char *word = strtok_r(line, " ", &place); word && argc < ARGUMENTS; word = strtok_r(NULL, " ", &place)) {
		argv[argc++] = word;
	}
	size_t verb = 0, count = sizeof(verbs) / sizeof(verbs[0]);
	while (verb < count && strcmp(argv[0] ? argv[0] : "", verbs[verb]) != 0) {
		verb++;
	}
	switch (verb) {
	case JOURNAL_LOOK:
		journal_look(journal, tag);
		break;
	case JOURNAL_READ:
		journal_read(journal, tag, argv[1], number(argv[2]), number(argv[3]), (size_t)number(argv[4]));
		break;
	case JOURNAL_GRANT:
		journal_grant(journal, tag, (usec_t)number(argv[1]));
		break;
	case JOURNAL_RENEW:
		journal_renew(journal, tag, (int64_t)number(argv[1]));
		break;
	case JOURNAL_REVOKE:
		journal_revoke(journal, tag, (int64_t)number(argv[1]));
		break;
	case JOURNAL_ANNOUNCE:
		journal_announce(journal, tag, (int64_t)number(argv[1]), argv[2]);
		break;
	case JOURNAL_CLAIM:
		journal_claim(journal, tag, argv[1], (int64_t)number(argv[2]));
		break;
	case JOURNAL_RELEASE:
		journal_release(journal, tag, argv[1], number(argv[2]));
		break;
	case JOURNAL_COMMIT:
		commit(journal, tag, argv);
		break;
	case JOURNAL_DEFER:
		journal_defer(journal, tag, argv[1], number(argv[2]), (usec_t)number(argv[3]));
		break;
	case JOURNAL_TRIM:
		journal_trim(journal, tag, argv[1], number(argv[2]), number(argv[3]), number(argv[4]));
		break;
	default:
		die("unknown verb");
	}
}

/* Replies */

static void put_view(struct buf *out, const struct journal_view *view) {
	buf_printf(out, ",\"cluster\":\"%" PRIu64 "\",\"chains\":[", view->cluster);
	for (size_t i = 0; i < view->chain_count; i++) {
		const struct journal_chain *chain = &view->chains[i];
		buf_puts(out, i > 0 ? ",{\"account\":" : "{\"account\":");
		json_put_string(out, chain->account);
		buf_puts(out, ",\"owner\":");
		json_put_string(out, chain->owner);
		buf_printf(out, ",\"head\":%" PRIu64 ",\"epoch\":%" PRIu64 ",\"lease\":%" PRId64 ",\"until\":%" PRId64 "}",
		           chain->head, chain->epoch, chain->lease, chain->until);
	}
	buf_puts(out, "],\"nodes\":[");
	for (size_t i = 0; i < view->node_count; i++) {
		const struct journal_node *node = &view->nodes[i];
		buf_puts(out, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_put_string(out, node->name);
		buf_puts(out, ",\"value\":");
		json_put_string(out, node->value);
		buf_printf(out, ",\"lease\":%" PRId64 "}", node->lease);
	}
	buf_putc(out, ']');
}

static void put_entries(struct buf *out, const struct journal_reply *reply) {
	buf_printf(out, ",\"more\":%s,\"entries\":[", reply->more ? "true" : "false");
	for (size_t i = 0; i < reply->entry_count; i++) {
		const struct journal_entry *entry = &reply->entries[i];
		char text[65];
		(void)snprintf(text, sizeof(text), "%.*s", entry->len < 64 ? (int)entry->len : 64, (const char *)entry->data);
		buf_printf(out, "%s{\"position\":%" PRIu64 ",\"len\":%zu,\"hash\":\"%016" PRIx64 "\",\"text\":", i > 0 ? "," : "",
		           entry->position, entry->len, rng_hash(entry->data, entry->len));
		json_put_string(out, text);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

static void tell(const struct journal_reply *reply) {
	struct buf out;
	buf_init(&out, BUF_ANY);
	buf_printf(&out, "{\"tag\":%" PRIu64 ",\"verb\":\"%s\",\"result\":\"%s\",\"error\":", reply->tag, verbs[reply->verb],
	           results[reply->result]);
	json_put_string(&out, reply->error);
	if (reply->result == JOURNAL_DONE && reply->verb == JOURNAL_LOOK) {
		put_view(&out, &reply->view);
	} else if (reply->result == JOURNAL_DONE && reply->verb == JOURNAL_READ) {
		put_entries(&out, reply);
	}
	buf_printf(&out, ",\"lease\":%" PRId64 ",\"epoch\":%" PRIu64 "}\n", reply->lease, reply->epoch);
	if (buf_error(&out) < 0 || fwrite(out.data, out.len, 1, stdout) != 1 || fflush(stdout) != 0) {
		die("cannot write");
	}
	buf_done(&out);
}

/* Asks for what has come.  False when there is no more. */
static bool read_lines(struct journal *journal, char *pending, uint64_t *tag) {
	struct pollfd input = {.fd = 0, .events = POLLIN};
	if (poll(&input, 1, 0) <= 0) {
		return true;
	}
	size_t len = strlen(pending);
	ssize_t got = read(0, pending + len, LINE - 1 - len);
	if (got <= 0) {
		return false;
	}
	pending[len + (size_t)got] = '\0';
	char *end;
	while ((end = strchr(pending, '\n'))) {
		*end = '\0';
		ask(journal, ++*tag, pending);
		memmove(pending, end + 1, strlen(end + 1) + 1);
	}
	return true;
}

static void run(struct journal *journal, struct http *http) {
	static char pending[LINE];
	struct journal_reply reply;
	uint64_t tag = 0;
	while (read_lines(journal, pending, &tag)) {
		while (journal_next(journal, &reply)) {
			tell(&reply);
		}
		if (http_wait(http, 0, USEC_PER_SEC, NULL) < 0) {
			die("cannot wait");
		}
	}
}

/* A whole file, for as long as the program runs. */
static struct http_pem pem_of(const char *path) {
	static char files[3][1 << 16];
	static size_t count;
	char *text = files[count++];
	FILE *file = fopen(path, "r");
	size_t len = file ? fread(text, 1, sizeof(files[0]) - 1, file) : 0;
	if (!file || fclose(file) != 0 || len == 0) {
		die("cannot read a file of certificates");
	}
	return (struct http_pem){.data = text, .len = len};
}

int main(int argc, char **argv) {
	static const struct option options[] = {{"ca", required_argument, NULL, 'a'}, {"cert", required_argument, NULL, 'c'},
	                                        {"key", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
	struct journal_settings settings = {0};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		struct http_pem pem = pem_of(optarg);
		*(option == 'a' ? &settings.ca : option == 'c' ? &settings.client_cert : &settings.client_key) = pem;
	}
	if (argc - optind < 4) {
		die("usage: see the source");
	}
	settings.cluster = argv[optind];
	settings.node = argv[optind + 1];
	settings.timeout = (usec_t)number(argv[optind + 2]) * USEC_PER_MSEC;
	settings.endpoints = (const char *const *)&argv[optind + 3];

	struct http *http;
	struct journal *journal;
	struct error err = {{0}};
	if (http_new(&http, &err) < 0 || journal_new(&settings, http, &journal, &err) < 0) {
		die(err.text);
	}
	run(journal, http);
	journal_free(journal);
	http_free(http);
	return 0;
}
