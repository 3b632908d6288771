// SPDX-License-Identifier: ISC

/*
 * For tests of daemon/: its real parts, with the log and the checkpoint in a directory
 * of the test's own, on clocks that the test sets, and against a server that the test is.
 *
 * Include it first and once: it defines base/clock, base/log, request/http and
 * status/notify, which the linker takes in place of the library's.
 */

#ifndef TESTS_UNIT_RIG_H
#define TESTS_UNIT_RIG_H

#include "disk.h"
#include "fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/read.h"
#include "daemon/clockwork.h"
#include "daemon/once.h"
#include "daemon/poller.h"
#include "daemon/recovery.h"
#include "daemon/reload.h"
#include "daemon/report.h"
#include "request/http.h"
#include "status/notify.h"

#include <fnmatch.h>
#include <ftw.h>
#include <poll.h>

/** The wall clock of a test begins here, the other one at an hour. */
#define RIG_BEGIN "2026-11-23T08:00:00Z"

enum { RIG_REQUESTS = 64, RIG_JOURNAL = 256 * 1024 };

/** A request on its way, in the order of sending. */
struct rig_request {
	void *user;
	char body[512], uuid[64];
	usec_t start, end; /* of what it asks for */
	usec_t timeout;
	usec_t sent;       /* monotonic */
	char key[128];
	bool abandoned;
};

/** What comes back. */
struct rig_answer {
	enum http_result result;
	long status;
	const char *body; /* NULL: a count for each minute that was asked for */
	int64_t count;    /* that one */
	const char *retry_after, *date, *age, *error;
};

static struct {
	usec_t now, wall;
	char journal[RIG_JOURNAL];
	size_t journal_len;

	struct rig_request requests[RIG_REQUESTS];
	size_t sent;                         /* since the start */
	size_t open[RIG_REQUESTS], open_len; /* numbers of those without a reply */
	struct {
		struct http_reply reply;
		char *body;
		char texts[4][256]; /* of its headers, and its error */
	} replies[RIG_REQUESTS];
	size_t replied, taken;
	char *body;           /* of the last one taken */
	size_t endpoints;     /* that are held */
	size_t renewals;      /* connections that were not to be trusted */
	size_t fail_posts;    /* so many requests cannot be sent */

	/* Called while the loop waits: answers, signals.  NULL: time passes. */
	void (*meanwhile)(void);
	/* Called before a reply is handed over: reading takes time.  NULL: it takes none. */
	void (*reading)(void);
	usec_t wake_at; /* the longest that it waits; 0: as long as it wants to */

	char status[4096];
	size_t statuses; /* that were sent */
	size_t readies, reloadings, stoppings, watchdogs, extensions;
	usec_t extended; /* by that much each time, together */
	usec_t watchdog_interval;
} rig;

/* Clocks */

usec_t clock_realtime(void) {
	return rig.wall;
}

usec_t clock_boottime(void) {
	return rig.now;
}

__attribute__((unused))
static void rig_pass(usec_t time) {
	rig.now += time;
	rig.wall += time;
}

/* Journal: "<4>sentence\n" for each line. */

void log_init(void) {
}

__attribute__((format(printf, 2, 3)))
void log_line(enum log_level level, const char *format, ...) {
	char *at = rig.journal + rig.journal_len;
	size_t room = sizeof(rig.journal) - rig.journal_len;
	va_list args;
	int len = snprintf(at, room, "<%d>", (int)level);
	va_start(args, format);
	len += vsnprintf(at + len, room - (size_t)len, format, args);
	va_end(args);
	len += snprintf(at + len, room - (size_t)len, "\n");
	expect_true((size_t)len < room);
	rig.journal_len += (size_t)len;
}

void log_lines(enum log_level level, const char *text) {
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		log_line(level, "%.*s", (int)(end - text), text);
	}
}

/** All that was said since the last call.  Valid until the next. */
__attribute__((unused))
static const char *rig_said(void) {
	static char text[RIG_JOURNAL];
	memcpy(text, rig.journal, rig.journal_len);
	text[rig.journal_len] = '\0';
	rig.journal_len = 0;
	return text;
}

/** Expects these lines since the last look, and no others; a * stands for anything. */
__attribute__((unused))
static void rig_expect_said_at(const char *file, int line, const char *pattern) {
	const char *said = rig_said();
	if (fnmatch(pattern, said, 0) != 0) {
		print_error("expected in the journal:\n%sgot:\n%s", pattern, said);
		_fail(file, line);
	}
}

#define rig_expect_said(pattern) rig_expect_said_at(__FILE__, __LINE__, (pattern))

/* Network */

struct http {
	int unused;
};

struct http_endpoint {
	char key[128];
};

int http_new(struct http **ret_http, struct error *err) {
	(void)err;
	*ret_http = calloc(1, sizeof(**ret_http));
	return *ret_http ? 0 : -ENOMEM;
}

void http_free(struct http *http) {
	free(http);
}

int http_endpoint_new(const struct http_endpoint_options *options, struct http_endpoint **ret_endpoint,
                      struct error *err) {
	static const char name[] = "x-auth-apikey: ";
	struct http_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint) {
		return error_set(err, ENOMEM, "out of memory");
	}
	for (const char *const *header = options->headers; *header; header++) {
		if (strncmp(*header, name, strlen(name)) == 0) {
			(void)snprintf(endpoint->key, sizeof(endpoint->key), "%s", *header + strlen(name));
		}
	}
	rig.endpoints++;
	*ret_endpoint = endpoint;
	return 0;
}

void http_endpoint_free(struct http *http, struct http_endpoint *endpoint) {
	(void)http;
	rig.endpoints -= endpoint != NULL;
	free(endpoint);
}

int http_post(struct http *http, struct http_endpoint *endpoint, const char *body, usec_t timeout,
              void *user, struct error *err) {
	(void)http;
	if (rig.fail_posts > 0) {
		rig.fail_posts--;
		return error_set(err, ENOMEM, "no room for a request");
	}
	expect_true(rig.open_len < RIG_REQUESTS);
	struct rig_request *request = &rig.requests[rig.sent % RIG_REQUESTS];
	*request = (struct rig_request){.user = user, .timeout = timeout, .sent = rig.now};
	(void)snprintf(request->body, sizeof(request->body), "%s", body);
	(void)snprintf(request->key, sizeof(request->key), "%s", endpoint->key);

	long long start_ms = 0, end_ms = 0;
	expect_int(3,
	           sscanf(body, "{\"deviceUuid\":\"%63[^\"]\",\"startTimeMs\":%lld,\"endTimeMs\":%lld",
	                     request->uuid, &start_ms, &end_ms));
	request->start = start_ms * USEC_PER_MSEC;
	request->end = end_ms * USEC_PER_MSEC;
	rig.open[rig.open_len++] = rig.sent++;
	return 0;
}

void http_cancel_all(struct http *http) {
	(void)http;
	rig.open_len = 0;
	for (; rig.taken < rig.replied; rig.taken++) {
		free(rig.replies[rig.taken].body);
	}
	rig.replied = rig.taken = 0;
}

bool http_next(struct http *http, struct http_reply *ret_reply) {
	(void)http;
	free(rig.body);
	rig.body = NULL;
	if (rig.taken == rig.replied) {
		rig.taken = rig.replied = 0;
		return false;
	}
	if (rig.reading) {
		rig.reading();
	}
	*ret_reply = rig.replies[rig.taken].reply;
	rig.body = rig.replies[rig.taken++].body;
	return true;
}

/* No endpoint has an owner, and no request a path. */

int http_post_to(struct http *http, struct http_endpoint *endpoint, const char *path, const char *body,
                 usec_t timeout, void *user, struct error *err) {
	expect_int(0, (long long)strlen(path));
	return http_post(http, endpoint, body, timeout, user, err);
}

bool http_next_for(struct http *http, const void *owner, struct http_reply *ret_reply) {
	return !owner && http_next(http, ret_reply);
}

void http_cancel_for(struct http *http, const void *owner) {
	if (!owner) {
		http_cancel_all(http);
	}
}

int http_wait(struct http *http, int fd, usec_t timeout, struct error *err) {
	struct pollfd signals = {.fd = fd, .events = POLLIN};
	(void)http;
	(void)err;
	if (rig.meanwhile) {
		rig.meanwhile();
	}
	if (rig.replied == 0 && poll(&signals, 1, 0) == 0) {
		usec_t left = rig.wake_at - rig.now;
		rig_pass(rig.wake_at > 0 && left < timeout ? left : timeout);
	}
	return 0;
}

void http_renew(struct http *http) {
	(void)http;
	rig.renewals++;
}

/** The number of requests without a reply. */
__attribute__((unused))
static int64_t rig_open(void) {
	return (int64_t)rig.open_len;
}

/** The i-th of those. */
__attribute__((unused))
static const struct rig_request *rig_request(size_t i) {
	expect_true(i < rig.open_len);
	return &rig.requests[rig.open[i] % RIG_REQUESTS];
}

/** How far apart the points of an answer are. */
static usec_t rig_step(const struct rig_request *request) {
	static const struct {
		const char *interval;
		usec_t step;
	} steps[] = {
		{"\"MINUTELY\"", USEC_PER_MIN}, {"\"QUARTERHOURLY\"", 15 * USEC_PER_MIN}, {"\"HOURLY\"", USEC_PER_HOUR},
		{"\"DAILY\"", USEC_PER_DAY}, {"\"WEEKLY\"", USEC_PER_WEEK},
	};
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		if (strstr(request->body, steps[i].interval)) {
			return steps[i].step;
		}
	}
	return request->end - request->start;
}

/** A good body: a point for each interval of the request, with that count. */
__attribute__((unused))
static char *rig_counts(const struct rig_request *request, int64_t count) {
	char *body;
	size_t size;
	FILE *file = open_memstream(&body, &size);
	expect_not_null(file);
	(void)fputs("{\"timeSeriesDataPoints\":[", file);
	for (usec_t start = request->start; start < request->end; start += rig_step(request)) {
		(void)fprintf(file, "%s{\"timestampMs\":%lld,\"eventCountMap\":{\"human\":%lld}}",
		              start > request->start ? "," : "", (long long)(start / USEC_PER_MSEC),
		              (long long)count);
	}
	(void)fputs("]}", file);
	expect_int(0, fclose(file));
	return body;
}

static const char *rig_copy(char to[static 256], const char *text) {
	(void)snprintf(to, 256, "%s", text ? text : "");
	return text ? to : NULL;
}

/** Replies to the i-th request that is open; the daemon hears of it in its next turn. */
__attribute__((unused))
static void rig_answer(size_t i, const struct rig_answer *answer) {
	const struct rig_request *request = rig_request(i);
	expect_true(rig.replied < RIG_REQUESTS);
	char *body = answer->body ? strdup(answer->body) : rig_counts(request, answer->count);
	expect_not_null(body);
	char (*texts)[256] = rig.replies[rig.replied].texts;
	rig.replies[rig.replied].body = body;
	rig.replies[rig.replied++].reply = (struct http_reply){
		.user = request->user,
		.result = answer->result,
		.status = answer->status,
		.body = body,
		.body_len = strlen(body),
		.retry_after = rig_copy(texts[0], answer->retry_after),
		.date = rig_copy(texts[1], answer->date),
		.age = rig_copy(texts[2], answer->age),
		.error = rig_copy(texts[3], answer->error),
	};
	memmove(&rig.open[i], &rig.open[i + 1], (--rig.open_len - i) * sizeof(rig.open[0]));
}

/** Replies to the oldest request with a status and a body. */
__attribute__((unused))
static void rig_status(long status, const char *body) {
	rig_answer(0, &(struct rig_answer){.status = status, .body = body});
}

/** Replies to the oldest request with a count for each minute. */
__attribute__((unused))
static void rig_ok(int64_t count) {
	rig_answer(0, &(struct rig_answer){.status = 200, .count = count});
}

/** No reply to the oldest request. */
__attribute__((unused))
static void rig_unreachable(void) {
	rig_answer(0, &(struct rig_answer){.result = HTTP_UNREACHABLE, .body = "",
	                                   .error = "could not connect"});
}

/* systemd */

void notify_ready(void) {
	rig.readies++;
}

void notify_reloading(void) {
	rig.reloadings++;
}

void notify_stopping(void) {
	rig.stoppings++;
}

void notify_watchdog(void) {
	rig.watchdogs++;
}

void notify_status(const char *text) {
	(void)snprintf(rig.status, sizeof(rig.status), "%s", text);
	rig.statuses++;
}

void notify_extend_timeout(usec_t time) {
	rig.extensions++;
	rig.extended += time;
}

bool notify_flush(void) {
	return true;
}

usec_t notify_watchdog_interval(void) {
	return rig.watchdog_interval;
}

/* A directory, a configuration and a key */

static char rig_directory[64];

__attribute__((unused))
static const char *rig_path(const char *name) {
	static char path[4][PATH_MAX];
	static unsigned turn;
	char *out = path[turn++ % 4];
	(void)snprintf(out, PATH_MAX, "%s/%s", rig_directory, name);
	return out;
}

__attribute__((unused))
static void rig_put(const char *name, const char *text) {
	int fd = open(rig_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	expect_true(fd >= 0);
	expect_int(strlen(text), write(fd, text, strlen(text)));
	expect_int(0, close(fd));
}

/* Valid until the next call. */
__attribute__((unused))
static const char *rig_get(const char *name) {
	static char *text;
	size_t size = 0;
	free(text);
	text = NULL;
	FILE *file = fopen(rig_path(name), "r");
	if (!file) {
		return "(none)";
	}
	ssize_t len = getdelim(&text, &size, '\0', file);
	(void)fclose(file);
	return len < 0 ? "" : text;
}

static int rig_remove(const char *path, const struct stat *st, int type, struct FTW *where) {
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* Setup and teardown of a test. */
__attribute__((unused))
static int rig_setup(void **state) {
	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.now = USEC_PER_HOUR;
	rig.wall = at(RIG_BEGIN);
	(void)snprintf(rig_directory, sizeof(rig_directory), "%.40s/rig.XXXXXX", temporary());
	if (!mkdtemp(rig_directory) || mkdir(rig_path("log"), 0700) < 0 || mkdir(rig_path("state"), 0700) < 0) {
		return -1;
	}
	rig_put("key", "the-first-key\n");
	return 0;
}

__attribute__((unused))
static int rig_teardown(void **state) {
	(void)state;
	fault_disarm();
	free(rig.body);
	rig.body = NULL;
	return nftw(rig_directory, rig_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#define RIG_UUID_A "AAAAAAAAAAAAAAAAAAAAAA.v0"
#define RIG_UUID_B "BBBBBBBBBBBBBBBBBBBBBA.v0"

/** One account, acme, and a device in it, lobby. */
#define RIG_ACCOUNT "base_url = \"http://127.0.0.1:1\"; name = \"acme\"; rate = \"100/s\"; burst = 100;"
#define RIG_LOBBY   "{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; }"
#define RIG_FOYER   "{ uuid = \"" RIG_UUID_B "\"; name = \"foyer\"; account = \"acme\"; }"

/**
 * Writes the configuration: of the account, but for its key; defaults; devices, with commas;
 * and whatever else.  Minutes of UTC, no settle, no look-back unless they say so.
 */
__attribute__((unused))
static void rig_configure(const char *account, const char *defaults, const char *devices, const char *more) {
	char text[8192];
	int len = snprintf(text, sizeof(text),
	                   "accounts = ( { %s key_file = \"%s\"; } );\n"
	                   "defaults = { interval = \"MINUTELY\"; timezone = \"UTC\"; settle = \"0s\"; %s };\n"
	                   "devices = ( %s );\n"
	                   "log = { directory = \"%s\"; };\n"
	                   "state = { directory = \"%s\"; };\n%s\n",
	                   account, rig_path("key"), defaults, devices, rig_path("log"), rig_path("state"), more);
	expect_true(len > 0 && (size_t)len < sizeof(text));
	rig_put("main.conf", text);
}

__attribute__((unused))
static struct config *rig_config(void) {
	struct config_problems problems;
	struct config *config = NULL;
	config_problems_init(&problems);
	if (config_load(rig_path("main.conf"), &config, &problems) < 0) {
		fail_msg("the test itself is wrong: %s", buf_text(&problems.text));
	}
	config_problems_done(&problems);
	return config;
}

/* The daemon without its loop */

static struct http *rig_http;
static struct sink *rig_sink;
static struct poller *rig_poller;

/** Starts it with the configuration that was written, and lets it send what is due. */
__attribute__((unused))
static void rig_start(bool once) {
	struct error err = {{0}};
	struct config *config = rig_config();
	if (http_new(&rig_http, &err) < 0 || sink_open(&config->log, rig.wall, &rig_sink, &err) < 0 ||
	    poller_new(config, rig_http, rig_sink, once, &rig_poller, &err) < 0 ||
	    recovery_restore(rig_poller, &err) < 0) {
		fail_msg("cannot start: %s", err.text);
	}
	poller_start(rig_poller);
	(void)poller_turn(rig_poller);
}

__attribute__((unused))
static void rig_end(void) {
	poller_free(rig_poller);
	sink_close(rig_sink);
	http_free(rig_http);
	expect_int(0, rig.endpoints, "endpoints that were not released");
}

/** A turn.  Returns how long until the next one is wanted; USEC_INFINITY: until a reply comes. */
__attribute__((unused))
static usec_t rig_turn(void) {
	usec_t next = poller_turn(rig_poller);
	return next == USEC_INFINITY ? next : next - rig.now;
}

/** Waits as the daemon wants to, turn by turn, until a request is open. */
__attribute__((unused))
static usec_t rig_until_asked(void) {
	usec_t begin = rig.now;
	for (int i = 0; i < 1000 && rig.open_len == 0; i++) {
		usec_t wait = rig_turn();
		if (rig.open_len == 0) {
			expect_true(wait < USEC_PER_WEEK);
			rig_pass(wait > 0 ? wait : 0);
		}
	}
	expect_true(rig.open_len > 0);
	return rig.now - begin;
}

__attribute__((unused))
static struct status rig_status_now(void) {
	struct status status;
	report_status(rig_poller, &status);
	return status;
}

/* The log's current file */

__attribute__((unused))
static size_t rig_lines_with(const char *part) {
	size_t lines = 0;
	for (const char *line = rig_get("log/occupancy.ndjson"), *end; (end = strchr(line, '\n')); line = end + 1) {
		lines += memmem(line, (size_t)(end - line), part, strlen(part)) != NULL;
	}
	return lines;
}

__attribute__((unused))
static size_t rig_gaps(void) {
	return rig_lines_with("\"status\":\"gap\"");
}

/** Records that correct earlier ones. */
__attribute__((unused))
static size_t rig_revisions(void) {
	return rig_lines_with("") - rig_lines_with("\"revision\":0,");
}

#endif
