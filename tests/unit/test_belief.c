// SPDX-License-Identifier: ISC

/* schedule/belief.h: how far an answer is believed that leaves out buckets. */

#include "fixture.h"

#include "schedule/belief.h"

enum { MOST = 2000 };

/** A server that leaves out what is empty, and gives so many points at most. */
struct server {
	bool has[MOST]; /* which buckets have a point */
	int cap;        /* 0: none */
	bool newest;    /* of too many it gives these */
	bool warns, pages; /* and says so, or gives a token */
	bool always_warns;
	int limit;      /* most buckets in a request */
	int requests;
};

static struct said ask(struct server *server, int from, int fresh, int until) {
	struct said said = {.buckets = until - from, .fresh = fresh - from, .warned = server->always_warns};
	int total = 0, seen = 0;
	for (int i = from; i < until; i++) {
		total += server->has[i];
	}
	bool cut = server->cap > 0 && total > server->cap;
	int skip = cut && server->newest ? total - server->cap : 0;
	said.hole = said.buckets;
	for (int i = from; i < until; i++) {
		bool given = server->has[i] && seen++ >= skip && (!cut || said.points < server->cap);
		if (given) {
			said.first = said.points == 0 ? i - from : said.first;
			said.last = i - from;
			said.points++;
		} else if (i >= fresh && said.hole == said.buckets) {
			said.hole = i - from;
		}
	}
	said.warned = said.warned || (cut && server->warns);
	said.more = cut && server->pages;
	server->requests++;
	return said;
}

/*
 * Records all, as the poller does, and asserts that nothing that is there is taken for nothing.  back:
 * the look-back of each request.  Returns the requests that it took.
 */
static int record_all(struct server *server, struct belief beliefs[2], int from, int until, int back) {
	struct doubt doubt = {0};
	int before = server->requests, cursor = from;
	while (cursor < until) {
		bool in_doubt = doubt.missing > 0 && doubt.from == cursor;
		int room = in_doubt ? doubt.missing : server->limit;
		int end = cursor + room < until ? cursor + room : until;
		int look = in_doubt || cursor == 0 ? 0 : room - (end - cursor) < back ? room - (end - cursor) : back;
		int start = cursor - look > 0 ? cursor - look : 0;
		struct said said = ask(server, start, cursor, end);

		if (in_doubt && said.points > 0 && doubt.works < server->limit) {
			server->limit = doubt.works; /* as reach_narrow() does */
		}
		bool settled = in_doubt && belief_settle(&beliefs[doubt.warned], &doubt, &said);
		belief_learn(&beliefs[said.warned], &said);
		struct doubt next = {0};
		int recorded = settled ? said.buckets : belief_judge(&beliefs[said.warned], &said, &next);
		next.from = start + recorded;
		expect_between(said.fresh, said.buckets, recorded, "recorded");
		expect_int(true, recorded > said.fresh || next.missing > 0, "it goes on from %d", cursor);
		/* What is recorded and was not in the answer is not there. */
		int shown = 0;
		for (int i = cursor; i < start + recorded; i++) {
			shown += server->has[i];
		}
		int given = 0, seen = 0, total = 0;
		for (int i = start; i < end; i++) {
			total += server->has[i];
		}
		int skip = server->cap > 0 && total > server->cap && server->newest ? total - server->cap : 0;
		for (int i = start; i < end; i++) {
			bool is_given = server->has[i] && seen++ >= skip && (server->cap == 0 || seen - skip <= server->cap);
			given += is_given && i >= cursor && i < start + recorded;
		}
		expect_int(shown, given, "buckets with a point in %d..%d", cursor, start + recorded);
		cursor = start + recorded;
		doubt = next;
		expect_between(0, 20 * MOST, server->requests, "requests");
	}
	return server->requests - before;
}

static void fill(struct server *server, struct rng *rng, int permille) {
	for (int i = 0; i < MOST; i++) {
		server->has[i] = rng ? (int)rng_below(rng, 1000) < permille : true;
	}
}

static void what_a_cap_cuts_off_is_asked_for(void **state) {
	(void)state;
	static const int caps[] = {1000, 999, 500, 60, 7, 2, 1};
	for (size_t i = 0; i < COUNT_OF(caps); i++) {
		for (int kind = 0; kind < 8; kind++) {
			struct server server = {.cap = caps[i], .newest = kind & 1, .warns = kind & 2, .pages = kind & 4, .limit = 1379};
			struct belief beliefs[2] = {{0}, {0}};
			fill(&server, NULL, 0);
			int requests = record_all(&server, beliefs, 0, 1379, 10);
			if (caps[i] >= 500) {
				expect_between(2, 12, requests, "cap %d, kind %d", caps[i], kind);
			}
		}
	}
}

/* Full answers have no end that is missing. */
static void a_server_that_says_all_is_asked_once(void **state) {
	(void)state;
	struct server server = {.limit = 100};
	struct belief beliefs[2] = {{0}, {0}};
	fill(&server, NULL, 0);
	expect_int(10, record_all(&server, beliefs, 0, 1000, 10), "requests");
}

static void a_server_that_leaves_out_what_is_empty_is_soon_known(void **state) {
	(void)state;
	static const int permilles[] = {0, 20, 100, 500, 900, 990};
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	for (size_t i = 0; i < COUNT_OF(permilles); i++) {
		for (int warned = 0; warned < 2; warned++) {
			struct server server = {.limit = 5, .always_warns = warned};
			struct belief beliefs[2] = {{0}, {0}};
			fill(&server, &rng, permilles[i]);
			int requests = record_all(&server, beliefs, 0, MOST, 0);
			expect_between(MOST / 5, MOST / 5 + 40, requests, "%d of 1000, seed %" PRIu64, permilles[i], seed);
			/* In the end not one more. */
			int more = record_all(&server, beliefs, 0, MOST, 0);
			expect_between(MOST / 5, MOST / 5 + 4, more, "once more, %d of 1000, seed %" PRIu64, permilles[i], seed);
		}
	}
}

/* Its last bucket is never there yet, so that no answer is ever whole. */
static void a_server_that_lags_is_soon_known(void **state) {
	(void)state;
	struct belief belief = {0};
	int doubts = 0;
	for (int i = 0; i < 100; i++) {
		struct said said = {.buckets = 15, .fresh = 10, .points = 14, .first = 0, .last = 13, .hole = 14};
		struct said nothing = {.buckets = 1, .fresh = 0, .hole = 0};
		struct doubt doubt;
		belief_learn(&belief, &said);
		int until = belief_judge(&belief, &said, &doubt);
		if (doubt.missing > 0) {
			doubts++;
			expect_int(14, until, "until");
			expect_int(1, doubt.missing, "missing");
			expect_int(true, belief_settle(&belief, &doubt, &nothing), "settled");
		}
	}
	expect_int(2, doubts, "doubts");
}

/* Sparse and with a cap at once: small answers are believed, those at the cap are not. */
static void a_cap_is_not_forgotten_over_what_is_empty(void **state) {
	(void)state;
	struct rng rng;
	uint64_t seed = seed_of_run(&rng);
	for (int round = 0; round < 200; round++) {
		struct server server = {.cap = 50, .newest = round & 1, .limit = 10};
		struct belief beliefs[2] = {{0}, {0}};
		fill(&server, &rng, 600);
		(void)record_all(&server, beliefs, 0, 500, 0);
		server.limit = 1500;
		(void)record_all(&server, beliefs, 500, MOST, 0);
		expect_int(true, beliefs[0].points < 50, "seed %" PRIu64, seed);
	}
}

static void an_empty_answer_is_believed_unless_it_says_that_it_is_cut(void **state) {
	(void)state;
	struct belief belief = {0};
	struct said said = {.buckets = 8, .fresh = 0, .points = 0, .hole = 0};
	struct doubt doubt;
	expect_int(8, belief_judge(&belief, &said, &doubt), "silent");
	expect_int(0, doubt.missing, "silent");

	said.more = true;
	expect_int(0, belief_judge(&belief, &said, &doubt), "with a token");
	expect_int(4, doubt.missing, "with a token");

	said.more = false;
	said.warned = true;
	expect_int(0, belief_judge(&belief, &said, &doubt), "with a warning");
	expect_int(4, doubt.missing, "with a warning");

	/* A single bucket shows whether such answers mean what they say. */
	struct said single = {.buckets = 1, .fresh = 0, .hole = 0, .warned = true};
	struct said half = {.buckets = 4, .fresh = 0, .hole = 0, .warned = true};
	expect_int(false, belief_settle(&belief, &doubt, &half), "half of it");
	expect_int(true, belief_settle(&belief, &doubt, &single), "a single bucket");
	expect_int(8, belief_judge(&belief, &said, &doubt), "from then on");
	doubt = (struct doubt){.missing = 4, .buckets = 8, .warned = true};
	single.points = 1;
	expect_int(false, belief_settle(&belief, &doubt, &single), "a count");
	expect_int(0, belief_judge(&belief, &said, &doubt), "and no longer");
}

/* Nothing is recorded of the look-back, so nothing in it is in doubt. */
static void the_look_back_is_not_in_doubt(void **state) {
	(void)state;
	struct belief belief = {0};
	struct doubt doubt;
	struct said said = {.buckets = 15, .fresh = 10, .points = 5, .first = 10, .last = 14, .hole = 15};
	expect_int(15, belief_judge(&belief, &said, &doubt), "all that is fresh");
	said = (struct said){.buckets = 15, .fresh = 10, .points = 4, .first = 9, .last = 14, .hole = 11};
	expect_int(15, belief_judge(&belief, &said, &doubt), "a hole in the middle");
	said = (struct said){.buckets = 15, .fresh = 10, .points = 10, .first = 0, .last = 9, .hole = 10};
	expect_int(10, belief_judge(&belief, &said, &doubt), "nothing fresh");
	expect_int(5, doubt.missing, "nothing fresh");
	said = (struct said){.buckets = 15, .fresh = 10, .points = 2, .first = 13, .last = 14, .hole = 10};
	expect_int(10, belief_judge(&belief, &said, &doubt), "missing at the beginning");
	expect_int(3, doubt.missing, "missing at the beginning");
	expect_int(2, doubt.works, "what was had");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_cap_cuts_off_is_asked_for),
		cmocka_unit_test(a_server_that_says_all_is_asked_once),
		cmocka_unit_test(a_server_that_leaves_out_what_is_empty_is_soon_known),
		cmocka_unit_test(a_server_that_lags_is_soon_known),
		cmocka_unit_test(a_cap_is_not_forgotten_over_what_is_empty),
		cmocka_unit_test(an_empty_answer_is_believed_unless_it_says_that_it_is_cut),
		cmocka_unit_test(the_look_back_is_not_in_doubt),
	};
	return cmocka_run_group_tests_name("belief", tests, NULL, NULL);
}
