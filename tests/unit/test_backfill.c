// SPDX-License-Identifier: ISC

/* daemon/backfill.h: files of orders, from the spool to their removal. */

#include "rig.h"

#include "daemon/backfill.h"
#include "daemon/poller-private.h"
#include "state/order.h"

#include <dlfcn.h>
#include <sys/stat.h>

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN

#define DEFAULTS "window = \"1m\"; lookback = \"0s\"; recheck = [];"
#define UUID_C   "CCCCCCCCCCCCCCCCCCCCCA.v0"
#define ATTIC    "{ uuid = \"" UUID_C "\"; name = \"attic\"; account = \"acme\"; }"
#define HEADER   "occupancyd-backfill 1\n"

/* MINUTE buckets of a device, from an instant on that is so many minutes before eight. */
static const char *line(const char *uuid, int from, int to) {
	static char text[8][128];
	static unsigned turn;
	char begin[UTC_STRING_SIZE], end[UTC_STRING_SIZE];
	char *out = text[turn++ % COUNT_OF(text)];
	(void)snprintf(out, sizeof(text[0]), "%s MINUTELY %s %s\n", uuid, utc_format(begin, at(RIG_BEGIN) - from * MINUTE),
	               utc_format(end, at(RIG_BEGIN) - to * MINUTE));
	return out;
}

static void order(const char *name, const char *first, const char *second) {
	char path[256], text[512];
	(void)snprintf(path, sizeof(path), "state/spool/%s", name);
	(void)snprintf(text, sizeof(text), HEADER "%s%s", first, second);
	rig_put(path, text);
}

static bool is_there(const char *name) {
	char path[256];
	(void)snprintf(path, sizeof(path), "state/spool/%s", name);
	struct stat st;
	return lstat(rig_path(path), &st) == 0;
}

/* The log has the hour before eight of each device, but for the minutes that are named; or a gap in their place. */
static void put_log(const char *const *uuids, size_t count, int hole_from, int hole_to, bool gap) {
	FILE *file = fopen(rig_path("log/occupancy.ndjson"), "w");
	expect_not_null(file);
	for (size_t i = 0; i < count; i++) {
		for (int minute = 60; minute > 0; minute--) {
			bool hole = minute <= hole_from && minute > hole_to;
			int end = hole ? hole_to : minute - 1;
			char from[UTC_STRING_SIZE], to[UTC_STRING_SIZE];
			if (!hole || (gap && minute == hole_from)) {
				(void)fprintf(file, "{\"time\":\"%s\",\"name\":\"x\",\"count\":%s,\"status\":\"%s\",\"interval\":\"MINUTELY\","
				              "\"device\":\"%s\",\"revision\":0,\"end\":\"%s\",\"polled_at\":\"%s\"}\n",
				              utc_format(from, at(RIG_BEGIN) - minute * MINUTE), hole ? "null" : "1", hole ? "gap" : "ok", uuids[i],
				              utc_format(to, at(RIG_BEGIN) - end * MINUTE), RIG_BEGIN);
			}
		}
	}
	expect_int(0, fclose(file));
}

static const char *const all[] = {RIG_UUID_A, RIG_UUID_B, UUID_C};

/* So many of the devices, with the log of put_log(). */
static void configure(size_t devices, const char *defaults, int hole_from, int hole_to, bool gap) {
	static const char *const texts[] = {RIG_LOBBY, RIG_LOBBY ", " RIG_FOYER, RIG_LOBBY ", " RIG_FOYER ", " ATTIC};
	char text[256];
	(void)snprintf(text, sizeof(text), DEFAULTS " %s", defaults);
	rig_configure(RIG_ACCOUNT, text, texts[devices - 1], "");
	put_log(all, devices, hole_from, hole_to, gap);
	expect_int(0, mkdir(rig_path("state/spool"), 0700));
}

/* Whether the i-th request is not for a minute that was to be recorded next. */
static bool is_again(size_t i) {
	return rig_request(i)->start < at(RIG_BEGIN) - MINUTE;
}

/* All counts are that one. */
static void answer_all(int64_t count) {
	while (rig_open() > 0) {
		rig_ok(count);
	}
}

/* The requests of orders are left open; all others are answered. */
static void answer_news(void) {
	for (size_t i = rig.open_len; i-- > 0;) {
		if (!is_again(i)) {
			rig_answer(i, &(struct rig_answer){.status = 200, .count = 1});
		}
	}
}

static void answer_nothing(void) {
}

/* Until what has been ordered is asked for. */
static void until_again(void) {
	for (int i = 0; i < 1000; i++) {
		(void)rig_until_asked();
		answer_news();
		if (rig_open() > 0) {
			return;
		}
	}
	fail_msg("nothing is asked for again");
}

/* For so long. */
static void run(usec_t time, void (*answer)(void)) {
	usec_t until = rig.now + time;
	for (int i = 0; i < 10000; i++) {
		usec_t wait = rig_turn();
		answer();
		if (rig.replied > 0) {
			continue;
		}
		if (rig.now >= until) {
			return;
		}
		rig_pass(wait < until - rig.now ? wait : until - rig.now);
	}
	fail_msg("it never rests");
}

/* The time is confirmed, and five seconds later orders begin. */
static void start(void) {
	rig_start(false);
	backfill_look(rig_poller);
	run(5 * SECOND, answer_news);
}

static void again_from_the_beginning(void) {
	rig_end();
	expect_int(0, rig_teardown(NULL), "teardown");
	expect_int(0, rig_setup(NULL), "setup");
}

/* The only request that is open; minutes before eight. */
static void expect_asked(const char *uuid, int from, int to, const char *what) {
	expect_int(1, rig_open(), "%s: requests", what);
	expect_text(uuid, rig_request(0)->uuid, "%s", what);
	expect_time(at(RIG_BEGIN) - from * MINUTE, rig_request(0)->start, "%s: start", what);
	expect_time(at(RIG_BEGIN) - to * MINUTE, rig_request(0)->end, "%s: end", what);
}

static void expect_orders(size_t buckets, size_t waiting, const char *what) {
	struct status status = rig_status_now();
	expect_int(buckets, status.ordered, "%s: buckets", what);
	expect_int(waiting, status.orders_waiting, "%s: orders that wait", what);
}

static void an_order_is_told_and_carried_out(void **state) {
	(void)state;
	static const struct {
		const char *what;
		struct {
			int from, to; /* minutes before eight */
			bool gap;
		} hole;
		int from, to;
		int64_t count;
		size_t buckets, revisions;
		const char *said;
	} rows[] = {
		{"a gap and what is around it", {50, 20, true}, 55, 15, 1, 40, 30,
		 "<5>a.order: 40 buckets will be asked for again\n"},
		{"one bucket", {0}, 30, 29, 7, 1, 1, "<5>a.order: 1 bucket will be asked for again\n"},
		{"other counts", {0}, 30, 28, 7, 2, 2, "<5>a.order: 2 buckets will be asked for again\n"},
		{"the same counts", {0}, 30, 28, 1, 2, 0, "<5>a.order: 2 buckets will be asked for again\n"},
		{"one is not there", {28, 27, false}, 28, 25, 1, 2, 0,
		 "<5>a.order: 2 buckets will be asked for again\n"
		 "<5>a.order: 1 bucket is not in the log, or older than a file that is missing in it, and left as they are\n"},
		{"two are not there", {30, 28, false}, 30, 27, 7, 1, 1,
		 "<5>a.order: 1 bucket will be asked for again\n"
		 "<5>a.order: 2 buckets are not in the log, or older than a file that is missing in it, and left as they are\n"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		const char *what = rows[row].what;
		char done[128];
		configure(1, "", rows[row].hole.from, rows[row].hole.to, rows[row].hole.gap);
		order("a.order", line(RIG_UUID_A, rows[row].from, rows[row].to), "");
		rig_start(false);
		(void)report_changed(rig_poller);
		backfill_look(rig_poller);
		expect_int(true, report_changed(rig_poller), "%s: an order has come", what);
		(void)rig_said();
		(void)rig_until_asked();
		expect_orders(0, 1, what);
		answer_all(1);
		run(5 * SECOND - 1, answer_news);
		expect_text("", rig_said(), "%s: too early", what);
		rig_pass(1);
		(void)rig_turn();
		expect_text(rows[row].said, rig_said(), "%s", what);
		expect_orders(rows[row].buckets, 0, what);
		expect_int(rows[row].buckets, (rig_request(0)->end - rig_request(0)->start) / MINUTE, "%s: asked for", what);
		expect_true(is_there("a.order"), "%s: until it is done", what);
		expect_int(2, rig.sent, "%s: requests, with the one for the time", what);
		(void)report_changed(rig_poller);

		uint64_t before = rig_status_now().records;
		rig_ok(rows[row].count);
		(void)rig_turn();
		(void)snprintf(done, sizeof(done), "<5>a.order: done: %zu record%s written\n", rows[row].revisions,
		               rows[row].revisions == 1 ? "" : "s");
		expect_text(done, rig_said(), "%s", what);
		expect_int(rows[row].revisions, rig_lines_with("\"revision\":1,"), "%s: revisions", what);
		expect_int(rows[row].revisions, rig_status_now().records - before, "%s: records", what);
		expect_orders(0, 0, what);
		expect_int(true, report_changed(rig_poller), "%s: the figures have changed", what);
		expect_false(is_there("a.order"), "%s: it is done", what);
		again_from_the_beginning();
	}
	configure(1, "", 0, 0, false);
	start();
	rig_end();
}

/* What is asked for again is not answered, but for the lobby if that is all there is. */
static void break_what_is_asked_again(void) {
	for (size_t i = rig.open_len; i-- > 0;) {
		rig_answer(i, &(struct rig_answer){.status = is_again(i) ? 500 : 200, .body = is_again(i) ? "" : NULL, .count = 1});
	}
}

/* A bucket that fails alone three times, a minute apart, is given up. */
static void what_could_not_be_obtained_is_told(void **state) {
	(void)state;
	static const struct {
		int buckets;
		const char *said;
	} rows[] = {
		{1, "*<5>a.order: done: 0 records written\n<4>a.order: 1 bucket could not be obtained\n"},
		{2, "*<5>a.order: done: 0 records written\n<4>a.order: 2 buckets could not be obtained\n"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		configure(1, "", 0, 0, false);
		order("a.order", line(RIG_UUID_A, 30, 30 - rows[row].buckets), "");
		start();
		expect_orders((size_t)rows[row].buckets, 0, "begun");
		run(2 * MINUTE - 10 * SECOND, break_what_is_asked_again);
		expect_orders((size_t)rows[row].buckets, 0, "twice is not enough");
		run(8 * MINUTE, break_what_is_asked_again);
		rig_expect_said(rows[row].said);
		expect_false(is_there("a.order"));
		again_from_the_beginning();
	}
	configure(1, "", 0, 0, false);
	start();
	rig_end();
}

/* Devices that are not configured do not hold it up, whichever of the lines it is. */
static void a_device_that_is_not_configured_is_left_out(void **state) {
	(void)state;
	for (int i = 0; i < 2; i++) {
		configure(1, "", 0, 0, false);
		const char *known = line(RIG_UUID_A, 30, 20), *unknown = line(UUID_C, 30, 20);
		order("a.order", i == 0 ? unknown : known, i == 0 ? known : unknown);
		start();
		rig_expect_said("*<4>a.order: " UUID_C " MINUTELY is not configured: not asked for\n"
		                "<5>a.order: 10 buckets will be asked for again\n");
		expect_asked(RIG_UUID_A, 30, 20, "the lobby");
		rig_ok(2);
		(void)rig_turn();
		rig_expect_said("<5>a.order: done: 10 records written\n");
		again_from_the_beginning();
	}
	/* There is nothing to do. */
	configure(1, "", 0, 0, false);
	order("a.order", line(UUID_C, 30, 20), "");
	start();
	run(0, answer_news);
	rig_expect_said("*<5>a.order: 0 buckets will be asked for again\n<5>a.order: done: 0 records written\n");
	rig_end();
}

static void orders_for_one_device_follow_one_another(void **state) {
	(void)state;
	configure(2, "", 0, 0, false);
	order("c.order", line(RIG_UUID_B, 30, 20), "");
	order("b.order", line(RIG_UUID_B, 40, 35), line(RIG_UUID_A, 11, 9));
	order("a.order", line(RIG_UUID_A, 50, 40), "");
	start();
	rig_expect_said("*<5>a.order: 10 buckets will be asked for again\n<5>c.order: 10 buckets will be asked for again\n");
	expect_orders(20, 1, "the second waits for both");

	run(3 * SECOND, answer_news);
	expect_int(1, rig_open(), "one at a time");

	/* One of them is done; what it waits for is so, too, when the other is. */
	expect_int(1, rig_open(), "one at a time");
	bool lobby = strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0;
	rig_ok(5);
	(void)rig_turn();
	rig_expect_said(lobby ? "<5>a.order: done: 10 records written\n" : "<5>c.order: done: 10 records written\n");
	run(20 * SECOND, answer_news);
	expect_orders(10, 1, "it waits for the other");
	rig_expect_said("");
	expect_asked(lobby ? RIG_UUID_B : RIG_UUID_A, lobby ? 30 : 50, lobby ? 20 : 40, "the other");
	rig_ok(6);
	(void)rig_turn();
	rig_expect_said(lobby ? "<5>c.order: done: 10 records written\n<5>b.order: 7 buckets will be asked for again\n"
	                      : "<5>a.order: done: 10 records written\n<5>b.order: 7 buckets will be asked for again\n");
	expect_orders(7, 0, "and then it begins");
	rig_end();
}

/* What comes later does not learn anew what is under way, nor count it. */
static void an_order_that_comes_later_leaves_the_first_alone(void **state) {
	(void)state;
	configure(2, " max_points = 5;", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	start();
	rig_expect_said("*<5>a.order: 10 buckets will be asked for again\n");
	rig_ok(5);
	until_again();
	expect_asked(RIG_UUID_A, 25, 20, "the rest");
	order("b.order", line(RIG_UUID_B, 30, 29), "");
	backfill_look(rig_poller);
	backfill_look(rig_poller);
	expect_orders(5, 1, "it was read once");
	(void)rig_turn();
	rig_expect_said("<5>b.order: 1 bucket will be asked for again\n");
	expect_orders(6, 0, "both");
	rig_ok(5);
	(void)rig_turn();
	rig_expect_said("<5>a.order: done: 10 records written\n");
	until_again();
	expect_asked(RIG_UUID_B, 30, 29, "the other");
	rig_ok(5);
	(void)rig_turn();
	rig_expect_said("<5>b.order: done: 1 record written\n");
	rig_end();
}

static void an_order_is_taken_back(void **state) {
	(void)state;
	configure(1, " max_points = 5;", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	order("b.order", line(RIG_UUID_A, 60, 50), "");
	order("c.order", line(RIG_UUID_A, 15, 10), "");
	start();
	expect_orders(10, 2, "begun");
	(void)rig_said();
	expect_int(0, unlink(rig_path("state/spool/a.order")));
	expect_int(0, unlink(rig_path("state/spool/c.order")));
	backfill_look(rig_poller);
	char said[512];
	(void)snprintf(said, sizeof(said), "<5>%s: taken back\n<5>%s: taken back\n", rig_path("state/spool/c.order"),
	               rig_path("state/spool/a.order"));
	rig_expect_said(said);
	expect_orders(0, 1, "the one that is left");
	/* What was on its way is recorded, but nothing more is asked for. */
	rig_ok(9);
	(void)rig_turn();
	rig_expect_said("<5>b.order: 10 buckets will be asked for again\n");
	until_again();
	expect_asked(RIG_UUID_A, 60, 55, "the next one");
	rig_end();
}

/* What has been answered is not asked for again, and the records of both lives are counted. */
static void an_order_goes_on_after_a_reload(void **state) {
	(void)state;
	struct error err = {{0}};
	configure(2, " max_points = 6;", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), line(RIG_UUID_B, 30, 26));
	start();
	expect_orders(14, 0, "begun");
	/* All of one device, of the other nothing, or what fits in one request. */
	bool foyer = true;
	for (int i = 0; i < 2; i++) {
		until_again();
		expect_int(1, rig_open(), "one at a time");
		foyer = foyer && strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0;
		rig_ok(5);
		(void)rig_turn();
	}
	expect_orders(4, 0, "under way");
	(void)rig_said();
	rig_configure(RIG_ACCOUNT, DEFAULTS, RIG_FOYER ", " RIG_LOBBY, "");
	expect_int(0, reload_config(rig_poller, rig_config(), &err), "reload: %s", err.text);
	expect_orders(0, 1, "it waits again");
	backfill_look(rig_poller);
	run(0, answer_news);
	rig_expect_said("*<5>a.order: 4 buckets will be asked for again\n");
	until_again();
	expect_asked(foyer ? RIG_UUID_B : RIG_UUID_A, foyer ? 30 : 24, foyer ? 26 : 20, "what is left");
	rig_ok(5);
	(void)rig_turn();
	rig_expect_said("<5>a.order: done: 14 records written\n");
	rig_end();
}

static void what_is_no_order_is_set_aside(void **state) {
	(void)state;
	static char large[ORDER_BYTES + 2];
	memset(large, 'x', sizeof(large) - 1);
	static const struct {
		const char *text; /* NULL: a directory */
		size_t len;
		const char *said; /* behind the path */
	} rows[] = {
		{"", 0, ":1: no device is named: set aside\n"},
		{HEADER "x\n", SIZE_MAX, ":2: it*: set aside\n"},
		{large, ORDER_BYTES + 1, ": larger than any order: set aside\n"},
		{large, ORDER_BYTES, ":1: not a line of an order: set aside\n"},
		{large, ORDER_BYTES - 1, ":1: not a line of an order: set aside\n"},
		{NULL, 0, ": *: set aside\n"},
	};
	configure(1, "", 0, 0, false);
	rig_start(false);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char said[512];
		if (rows[row].text) {
			size_t len = rows[row].len == SIZE_MAX ? strlen(rows[row].text) : rows[row].len;
			FILE *file = fopen(rig_path("state/spool/a.order"), "w");
			expect_not_null(file);
			expect_int(len, fwrite(rows[row].text, 1, len, file));
			expect_int(0, fclose(file));
		} else {
			expect_int(0, unlink(rig_path("state/spool/a.order.bad")));
			expect_int(0, mkdir(rig_path("state/spool/a.order"), 0700));
		}
		(void)rig_said();
		backfill_look(rig_poller);
		(void)snprintf(said, sizeof(said), "<3>%s%s", rig_path("state/spool/a.order"), rows[row].said);
		rig_expect_said(said);
		expect_false(is_there("a.order"), "row %zu", row);
		expect_true(is_there("a.order.bad"), "row %zu", row);
		expect_orders(0, 0, "none");
		expect_int(row + 1, rig_poller->backfill.refused, "row %zu", row);
		expect_int(0, rig_poller->backfill.done, "row %zu", row);
		expect_part(rig_path("state/spool/a.order"), rig_poller->backfill.reason.text, "row %zu", row);
	}
	/* A directory is in the way. */
	rig_put("state/spool/a.order", "");
	backfill_look(rig_poller);
	rig_expect_said("<3>*: no device is named: set aside, but it cannot be renamed: *\n");
	expect_true(is_there("a.order"));
	rig_end();
}

static void names_that_are_no_order_s_are_left_alone(void **state) {
	(void)state;
	static const struct {
		const char *name;
		int len; /* longer by letters before it */
		bool taken;
	} rows[] = {
		{".order", 6, false}, {".a.order", 8, false}, {"a.order", 7, true}, {"a.order.bad", 11, false}, {"order", 5, false},
		{"a.orders", 8, false}, {"aorder", 6, false}, {"a.order", 127, true}, {"a.order", 128, false},
	};
	configure(1, "", 0, 0, false);
	rig_start(false);
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		char name[256], path[512];
		(void)snprintf(name, sizeof(name), "%.*s%s", rows[row].len - (int)strlen(rows[row].name),
		               "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		               "bbbbbbbbbbbbbbbbbbbbbbbb", rows[row].name);
		expect_int(rows[row].len, strlen(name));
		order(name, line(RIG_UUID_A, 30, 20), "");
		(void)rig_said();
		backfill_look(rig_poller);
		expect_orders(0, rows[row].taken, rows[row].name);
		rig_expect_said("");
		(void)snprintf(path, sizeof(path), "state/spool/%s", name);
		expect_int(0, unlink(rig_path(path)));
		backfill_look(rig_poller);
		expect_orders(0, 0, rows[row].name);
	}
	rig_end();
}

static void a_thousand_orders_are_read_at_once(void **state) {
	(void)state;
	configure(1, "", 0, 0, false);
	for (int i = 0; i < 1001; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%04d.order", i);
		order(name, line(RIG_UUID_A, 30, 20), "");
	}
	rig_start(false);
	backfill_look(rig_poller);
	expect_orders(0, 1000, "orders");
	rig_end();
}

/* Of all orders that are under way so many buckets, and of one half of them. */
static void so_many_buckets_and_no_more(void **state) {
	(void)state;
	char said[512];
	configure(3, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, ORDER_BUCKETS, 0), "");
	order("b.order", line(RIG_UUID_B, ORDER_BUCKETS, 0), "");
	order("c.order", line(UUID_C, 30, 29), "");
	order("d.order", line(UUID_C, ORDER_BUCKETS + 1, 0), "");
	order("e.order", line(UUID_C, ORDER_BUCKETS, 0), line(RIG_UUID_A, 30, 29));
	start();
	(void)snprintf(said, sizeof(said), "*<3>%s: more than %d buckets: make several orders of it: set aside\n*",
	               rig_path("state/spool/d.order"), ORDER_BUCKETS);
	rig_expect_said(said);
	expect_orders(120, 2, "two are all");
	expect_int(1, rig_poller->backfill.refused, "that one");
	expect_int(2, backfill_count(&rig_poller->backfill).running, "two are all");
	expect_true(is_there("d.order.bad"), "it can never begin");
	order("f.order", line(UUID_C, 30, 29), "");
	backfill_look(rig_poller);
	run(0, answer_news);
	expect_orders(120, 3, "not later either");
	(void)rig_said();

	/* One that is done makes room. */
	const char *first = strcmp(rig_request(0)->uuid, RIG_UUID_A) == 0 ? "a.order" : "b.order";
	rig_ok(1);
	run(0, answer_news);
	(void)snprintf(said, sizeof(said), "<5>%s: done: 0 records written\n*<5>c.order: 1 bucket will be asked for again\n*",
	               first);
	rig_expect_said(said);
	expect_false(is_there(first));
	expect_orders(61, 2, "one of each");
	run(5 * SECOND, answer_news);
	while (rig_status_now().ordered > 0 || is_there("e.order")) {
		expect_true(rig.now < 3 * USEC_PER_HOUR, "it comes to an end");
		for (size_t i = rig.open_len; i-- > 0;) {
			rig_answer(i, &(struct rig_answer){.status = 200, .count = 1});
		}
		run(5 * SECOND, answer_news);
	}
	(void)snprintf(said, sizeof(said), "*<3>%s: more than %d buckets: make several orders of it: set aside\n*",
	               rig_path("state/spool/e.order"), ORDER_BUCKETS);
	rig_expect_said(said);
	expect_true(is_there("e.order.bad"));
	rig_end();
}

/* The log of a device that has not begun, or an account whose time is not confirmed, says nothing yet. */
static void a_device_that_has_not_begun_is_waited_for(void **state) {
	(void)state;
	for (int i = 0; i < 2; i++) {
		configure(2, "", 0, 0, false);
		put_log(all, 1, 0, 0, false);
		const char *lobby = line(RIG_UUID_A, 30, 20), *foyer = line(RIG_UUID_B, 30, 20);
		order("a.order", i == 0 ? lobby : foyer, i == 0 ? foyer : lobby);
		rig_start(false);
		backfill_look(rig_poller);
		(void)rig_said();
		run(20 * SECOND, answer_nothing);
		expect_orders(0, 1, "nothing has begun");
		run(MINUTE, answer_news);
		expect_orders(10, 0, "begun");
		expect_part("<5>a.order: 10 buckets will be asked for again\n", rig_said());
		again_from_the_beginning();
	}
	configure(1, "", 0, 0, false);
	start();
	rig_end();
}

static void an_order_waits_until_the_time_is_confirmed(void **state) {
	(void)state;
	configure(1, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	rig_start(false);
	backfill_look(rig_poller);
	(void)rig_said();
	run(20 * SECOND, answer_nothing);
	expect_orders(0, 1, "no answer");
	rig_ok(1);
	run(5 * SECOND, answer_nothing);
	expect_orders(10, 0, "begun");
	rig_expect_said("<5>a.order: 10 buckets will be asked for again\n");
	rig_end();
}

/* It is said once, and tried again each minute. */
static void a_file_that_cannot_be_removed_is_told_once(void **state) {
	(void)state;
	configure(2, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 29), "");
	order("b.order", line(RIG_UUID_B, 30, 29), "");
	start();
	expect_orders(2, 0, "begun");
	(void)rig_said();
	expect_int(0, unlink(rig_path("state/spool/a.order")));
	expect_int(0, unlink(rig_path("state/spool/b.order")));
	expect_int(0, mkdir(rig_path("state/spool/a.order"), 0700));
	expect_int(0, mkdir(rig_path("state/spool/b.order"), 0700));
	(void)rig_until_asked();
	rig_ok(1);
	(void)rig_until_asked();
	rig_ok(1);
	(void)rig_turn();
	usec_t done = rig.now;
	char *said = strdup(rig_said());
	int told = 0;
	for (const char *at = said; (at = strstr(at, "done, but it cannot be removed: ")); at++) {
		told++;
	}
	expect_int(1, told, "%s", said);
	free(said);

	/* What is done is not carried out again. */
	backfill_look(rig_poller);
	run(0, answer_news);
	expect_orders(0, 0, "done");
	rig_expect_said("");
	/* Only the minute counts, not that somebody looked. */
	expect_int(0, rmdir(rig_path("state/spool/a.order")));
	rig_put("state/spool/a.order", "");
	run(done + MINUTE - 1 - rig.now, answer_news);
	expect_true(is_there("a.order"), "too early");
	run(1, answer_news);
	expect_false(is_there("a.order"), "a minute later");
	rig_expect_said("");
	expect_int(0, rmdir(rig_path("state/spool/b.order")));
	run(MINUTE, answer_news);
	backfill_look(rig_poller);
	rig_expect_said("");
	rig_end();
}

/* Each call of the disk fails once, where an order is read and where it is removed. */
static void whichever_call_fails_an_order_is_carried_out(void **state) {
	(void)state;
	int hits = 1, reads = 0, removals = 0;
	for (int at = 1; hits > 0; at++) {
		configure(1, "", 0, 0, false);
		order("a.order", line(RIG_UUID_A, 30, 29), "");
		rig_start(false);
		(void)rig_said();
		fault_arm(FAULT_ERROR, EIO, at, 1);
		backfill_look(rig_poller);
		hits = fault.hits;
		fault_disarm();
		const char *said = rig_said();
		expect_int(hits > 0, strstr(said, "at the next reload\n") != NULL || strstr(said, "wait for the next reload\n") != NULL,
		           "call %d: %s", at, said);
		expect_orders(0, hits == 0, "read");
		reads += hits;
		backfill_look(rig_poller);
		run(5 * SECOND, answer_news);
		expect_orders(1, 0, "begun");
		again_from_the_beginning();
	}
	expect_true(reads >= 2);
	hits = 1;
	for (int at = 1; hits > 0; at++) {
		configure(1, "", 0, 0, false);
		order("a.order", line(RIG_UUID_A, 30, 29), "");
		start();
		(void)rig_said();
		fault_arm(FAULT_ERROR, EIO, at, 1);
		rig_ok(1);
		(void)rig_turn();
		hits = fault.hits;
		fault_disarm();
		expect_part("<5>a.order: done: 0 records written\n", rig_said());
		run(MINUTE, answer_news);
		expect_false(is_there("a.order"), "call %d", at);
		removals += hits;
		order("a.order", line(RIG_UUID_A, 30, 29), "");
		backfill_look(rig_poller);
		expect_orders(0, 1, "another one");
		again_from_the_beginning();
	}
	expect_true(removals >= 2);
	configure(1, "", 0, 0, false);
	start();
	rig_end();
}

/* No memory: the call of that number fails. */
static struct {
	int at, calls;
} room;

void *realloc(void *data, size_t size) {
	static void *(*real)(void *, size_t);
	if (!real) {
		real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	}
	if (room.at > 0 && ++room.calls == room.at) {
		errno = ENOMEM;
		return NULL;
	}
	return real(data, size);
}

/* Whether realloc() is ours: valgrind puts its own in its place. */
static bool room_is_ours(void) {
	static void *(*volatile call)(void *, size_t) = realloc;
	room.at = 1;
	room.calls = 0;
	void *data = call(NULL, 1);
	room.at = 0;
	free(data);
	return !data;
}

/* What is known stays, and what is not is read the next time. */
static void a_look_without_memory_changes_nothing(void **state) {
	(void)state;
	enum { KNOWN = 16 }; /* lists have room for as many */
	int calls = 0, told = 0;
	if (!room_is_ours()) {
		skip();
	}
	configure(1, "", 0, 0, false);
	for (int i = 0; i < KNOWN; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%d.order", i);
		order(name, line(RIG_UUID_A, 30, 20), "");
	}
	rig_start(false);
	backfill_look(rig_poller);
	expect_orders(0, KNOWN, "known");
	(void)rig_said();
	order("new.order", line(RIG_UUID_A, 30, 20), "");
	for (room.at = 1; room.at <= calls + 1; room.at++) {
		room.calls = 0;
		backfill_look(rig_poller);
		bool failed = room.calls >= room.at;
		calls = failed ? room.at : calls;
		const char *said = rig_said();
		expect_int(0, strstr(said, "taken back") != NULL, "call %d: %s", room.at, said);
		told += strstr(said, "new.order: out of memory: tried again at the next reload\n") != NULL;
		size_t waiting = rig_status_now().orders_waiting;
		expect_true(waiting == KNOWN || waiting == KNOWN + 1, "call %d: %zu orders", room.at, waiting);
		if (waiting == KNOWN + 1) {
			expect_int(0, unlink(rig_path("state/spool/new.order")));
			int at = room.at;
			room.at = 0;
			backfill_look(rig_poller);
			expect_orders(0, KNOWN, "taken back");
			room.at = at;
			order("new.order", line(RIG_UUID_A, 30, 20), "");
			(void)rig_said();
		}
	}
	room.at = 0;
	expect_true(calls >= 3, "it was not tried");
	expect_int(1, told, "there was no room for one more");
	rig_end();
}

static void a_spool_that_cannot_be_listed_is_told(void **state) {
	(void)state;
	configure(1, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	rig_start(false);
	(void)rig_said();
	backfill_look(rig_poller);
	expect_int(0, rename(rig_path("state/spool"), rig_path("state/elsewhere")));
	rig_put("state/spool", "");
	backfill_look(rig_poller);
	rig_expect_said("<3>*: cannot be listed: *: orders in it wait for the next reload\n");
	expect_orders(0, 1, "what is known stays");
	/* No spool, no word. */
	expect_int(0, unlink(rig_path("state/spool")));
	backfill_look(rig_poller);
	rig_expect_said("");
	rig_end();
}

/* The log is read again five seconds later. */
static void a_log_that_cannot_be_read_is_tried_again(void **state) {
	(void)state;
	configure(1, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	rig_start(false);
	backfill_look(rig_poller);
	(void)rig_until_asked();
	answer_all(1);
	(void)rig_turn();
	(void)rig_said();
	expect_int(0, rename(rig_path("log"), rig_path("elsewhere")));
	rig_pass(5 * SECOND);
	(void)rig_turn();
	rig_expect_said("<3>orders cannot begin: the log cannot be read: *\n");
	expect_orders(0, 1, "it waits");
	expect_int(0, rename(rig_path("elsewhere"), rig_path("log")));
	rig_pass(5 * SECOND - 1);
	(void)rig_turn();
	rig_expect_said("");
	rig_pass(1);
	(void)rig_turn();
	rig_expect_said("<5>a.order: 10 buckets will be asked for again\n");
	rig_end();
}

/* systemd hears of it each 65536 records. */
static void a_long_log_takes_its_time(void **state) {
	(void)state;
	for (int records = (1 << 16) - 1; records <= (1 << 16) + 1; records++) {
		configure(1, "", 0, 0, false);
		FILE *file = fopen(rig_path("log/occupancy.ndjson"), "w");
		expect_not_null(file);
		for (int i = 0; i < records; i++) {
			(void)fprintf(file, "{\"time\":\"2026-11-23T07:59:00Z\",\"name\":\"x\",\"count\":1,\"status\":\"ok\","
			                    "\"interval\":\"MINUTELY\",\"device\":\"" RIG_UUID_A "\",\"revision\":0,"
			                    "\"end\":\"2026-11-23T08:00:00Z\",\"polled_at\":\"2026-11-23T08:00:00Z\"}\n");
		}
		expect_int(0, fclose(file));
		order("a.order", line(RIG_UUID_A, 1, 0), "");
		rig_start(false);
		backfill_look(rig_poller);
		(void)rig_until_asked();
		answer_all(1);
		(void)rig_turn();
		size_t before = rig.watchdogs;
		rig_pass(5 * SECOND);
		(void)rig_turn();
		expect_orders(1, 0, "begun");
		expect_int(records >= 1 << 16, rig.watchdogs - before, "%d records: pings", records);
		again_from_the_beginning();
	}
	configure(1, "", 0, 0, false);
	start();
	rig_end();
}

static void an_end_and_a_single_run_begin_nothing(void **state) {
	(void)state;
	configure(1, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	rig_start(true);
	backfill_look(rig_poller);
	expect_orders(0, 0, "a single run");
	again_from_the_beginning();

	configure(1, "", 0, 0, false);
	order("a.order", line(RIG_UUID_A, 30, 20), "");
	rig_start(false);
	backfill_look(rig_poller);
	(void)rig_until_asked();
	answer_all(1);
	(void)rig_turn();
	poller_drain(rig_poller);
	rig_pass(5 * SECOND);
	(void)rig_turn();
	expect_orders(0, 1, "an end");
	rig_end();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(an_order_is_told_and_carried_out),
		TEST(what_could_not_be_obtained_is_told),
		TEST(a_device_that_is_not_configured_is_left_out),
		TEST(orders_for_one_device_follow_one_another),
		TEST(an_order_that_comes_later_leaves_the_first_alone),
		TEST(an_order_is_taken_back),
		TEST(an_order_goes_on_after_a_reload),
		TEST(what_is_no_order_is_set_aside),
		TEST(names_that_are_no_order_s_are_left_alone),
		TEST(a_thousand_orders_are_read_at_once),
		TEST(so_many_buckets_and_no_more),
		TEST(a_device_that_has_not_begun_is_waited_for),
		TEST(an_order_waits_until_the_time_is_confirmed),
		TEST(a_file_that_cannot_be_removed_is_told_once),
		TEST(whichever_call_fails_an_order_is_carried_out),
		TEST(a_look_without_memory_changes_nothing),
		TEST(a_spool_that_cannot_be_listed_is_told),
		TEST(a_log_that_cannot_be_read_is_tried_again),
		TEST(a_long_log_takes_its_time),
		TEST(an_end_and_a_single_run_begin_nothing),
	};
	return cmocka_run_group_tests_name("backfill", tests, NULL, NULL);
}
