// SPDX-License-Identifier: ISC

/* daemon/commit.c: polls go on only when their records are in the log, whichever call of the disk fails. */

#include "rig.h"

#define TWO \
	"{ uuid = \"" RIG_UUID_A "\"; name = \"lobby\"; account = \"acme\"; interval = \"HOURLY\"; lookback = \"0s\"; }, " \
	"{ uuid = \"" RIG_UUID_B "\"; name = \"canteen\"; account = \"acme\"; interval = \"HOURLY\"; lookback = \"0s\"; }"

static void start_two(void) {
	rig_configure(RIG_ACCOUNT, "", TWO, "");
	rig_start(false);
	for (int i = 0; i < 100 && rig.open_len < 2; i++) {
		usec_t wait = rig_turn();
		if (rig.open_len < 2) {
			rig_pass(wait);
		}
	}
	expect_int(2, rig_open(), "requests");
	(void)rig_said();
}

static void again_from_the_beginning(void) {
	fault_disarm();
	rig_end();
	expect_int(0, rig_teardown(NULL), "teardown");
	expect_int(0, rig_setup(NULL), "setup");
}

/* Replies that come in one turn are one batch. */
static void a_turn_writes_what_was_answered_in_it(void **state) {
	(void)state;
	static const struct {
		const char *what;
		struct rig_answer answers[2];
		size_t records;
	} rows[] = {
		{"both", {{.status = 200, .count = 1}, {.status = 200, .count = 2}}, 2},
		{"the first", {{.status = 200, .count = 1}, {.status = 500, .body = ""}}, 1},
		{"the second", {{.status = 200, .body = "garbage"}, {.status = 200, .count = 2}}, 1},
		{"neither", {{.status = 500, .body = ""}, {.status = 200, .body = "{}"}}, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		start_two();
		usec_t start = rig_request(0)->start;
		rig_answer(0, &rows[row].answers[0]);
		rig_answer(0, &rows[row].answers[1]);
		(void)rig_turn();
		struct status status = rig_status_now();
		expect_int(rows[row].records, status.records, "%s: records", rows[row].what);
		expect_int(rows[row].records, rig_lines_with(""), "%s: lines", rows[row].what);
		expect_int(rows[row].records > 0 ? rig.wall : INT64_MIN, status.last_record, "%s: last record", rows[row].what);
		expect_int(2 - (int64_t)rows[row].records, status.backlog, "%s: backlog", rows[row].what);

		/* Who was not recorded asks for the same again. */
		for (size_t left = 2 - rows[row].records; left > 0; left--) {
			(void)rig_until_asked();
			expect_time(start, rig_request(0)->start, "%s: asked for again", rows[row].what);
			rig_ok(7);
			(void)rig_turn();
		}
		expect_int(2, rig_lines_with("\"revision\":0,"), "%s: all is recorded", rows[row].what);
		again_from_the_beginning();
	}
}

/* Each call of the disk that a commit makes fails once. */
static void whichever_call_fails_nothing_moves(void **state) {
	(void)state;
	static const int errors[] = {ENOSPC, EIO, EDQUOT};
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		int failed = 0;
		for (int call = 1;; call++) {
			start_two();
			usec_t start = rig_request(0)->start;
			fault_arm(FAULT_ERROR, errors[i], call, 1);
			rig_ok(3);
			rig_ok(3);
			(void)rig_turn();
			int hits = fault.hits;
			fault_disarm();

			struct status status = rig_status_now();
			expect_int(status.disk ? 0 : 2, status.records, "error %d of call %d: records", errors[i], call);
			expect_int(status.disk ? 2 : 0, status.backlog, "error %d of call %d: backlog", errors[i], call);
			failed += status.disk != NULL;
			while (rig_status_now().records < 2) {
				(void)rig_until_asked();
				expect_time(start, rig_request(0)->start, "error %d of call %d: asked for again", errors[i], call);
				rig_ok(3);
				(void)rig_turn();
			}
			expect_int(2, rig_lines_with(""), "error %d of call %d: lines", errors[i], call);
			again_from_the_beginning();
			if (hits == 0) {
				break;
			}
		}
		expect_true(failed >= 2, "error %d: appending and syncing fail", errors[i]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_turn_writes_what_was_answered_in_it, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(whichever_call_fails_nothing_moves, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
