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
			said.solid = i - from == said.first || i - from == said.solid ? i - from + 1 : said.solid;
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
			/* The second time hardly one more: each end has its own belief, and one may not have been empty yet. */
			int more = record_all(&server, beliefs, 0, MOST, 0);
			expect_between(MOST / 5, MOST / 5 + 30, more, "once more, %d of 1000, seed %" PRIu64, permilles[i], seed);
		}
	}
}

/* Its last bucket is never there yet, so that no answer is ever whole.  Returns how often it is asked about. */
static int doubts_about(int points) {
	struct belief belief = {0};
	int doubts = 0;
	for (int i = 0; i < 200; i++) {
		struct said said = {.buckets = points + 1, .fresh = points - 4, .points = points, .first = 0,
		                    .last = points - 1, .hole = points};
		struct said nothing = {.buckets = 1, .fresh = 0, .hole = 0};
		struct doubt doubt;
		belief_learn(&belief, &said);
		int until = belief_judge(&belief, &said, &doubt);
		if (doubt.missing > 0) {
			doubts++;
			expect_int(points, until, "until");
			expect_int(1, doubt.missing, "missing");
			expect_int(true, belief_settle(&belief, &doubt, &nothing), "settled");
		}
	}
	return doubts;
}

static void a_server_that_lags_is_soon_known(void **state) {
	(void)state;
	expect_int(2, doubts_about(10), "doubts about few points");
	expect_int(65, doubts_about(14), "doubts about as many as may be a limit");
}

/* Through a night nothing comes behind the limit; in the morning it does. */
static void a_limit_shows_when_what_is_behind_it_is_no_longer_empty(void **state) {
	(void)state;
	for (int cap = 12; cap <= 60; cap += 12) {
		struct server server = {.cap = cap, .limit = 2 * cap};
		struct belief beliefs[2] = {{0}, {0}};
		fill(&server, NULL, 0);
		for (int i = 200; i < 250; i++) {
			server.has[i] = false;
		}
		int cursor = 150;
		while (cursor < 300) {
			(void)record_all(&server, beliefs, cursor, cursor + 1, 2 * cap - 1);
			server.limit = 2 * cap;
			cursor++;
		}
	}
}

/* What is missing at both ends is not known for being empty at the one. */
static void an_empty_end_says_nothing_of_the_other(void **state) {
	(void)state;
	static const struct said starts = {.buckets = 20, .points = 6, .first = 1, .last = 6, .solid = 7};
	static const struct said ends = {.buckets = 20, .points = 6, .first = 0, .last = 6, .solid = 7, .hole = 7};
	static const struct said nothing = {.buckets = 1};
	struct belief belief = {0};
	struct doubt doubt;
	for (int i = 0; i < 100; i++) {
		belief_learn(&belief, &starts);
		expect_int(i < 2 ? 0 : 7, belief_judge(&belief, &starts, &doubt), "round %d", i);
		expect_int(i >= 2, doubt.at_end, "round %d", i);
		if (i < 2) {
			expect_int(true, belief_settle(&belief, &doubt, &nothing), "round %d", i);
		}
	}
	belief = (struct belief){0};
	for (int i = 0; i < 100; i++) {
		belief_learn(&belief, &ends);
		expect_int(i < 2 ? 7 : 20, belief_judge(&belief, &ends, &doubt), "at the end, round %d", i);
		if (i < 2) {
			expect_int(true, belief_settle(&belief, &doubt, &nothing), "at the end, round %d", i);
		}
	}
	expect_int(0, belief_judge(&belief, &starts, &doubt), "then at the beginning");
	expect_int(false, doubt.at_end, "then at the beginning");
}

/*
 * A limit of the newest that is seen in the look-back alone: what is new ends with an empty bucket now and
 * then, as often as that would be the rule.  After an outage what is new begins behind the limit.
 */
static void an_empty_end_does_not_hide_a_limit_at_the_beginning(void **state) {
	(void)state;
	struct server server = {.cap = 12, .newest = true, .limit = 80};
	struct belief beliefs[2] = {{0}, {0}};
	int cursor = 100;
	fill(&server, NULL, 0);
	for (; cursor < 1000; cursor += 6) {
		server.has[cursor + 5] = false;
		(void)record_all(&server, beliefs, cursor, cursor + 6, 72);
		server.limit = 80;
	}
	expect_int(true, beliefs[0].end.points >= 12, "an empty end is the rule");
	(void)record_all(&server, beliefs, cursor, cursor + 40, 40);
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
		const struct trust *cut = server.newest ? &beliefs[0].start : &beliefs[0].end;
		expect_int(true, cut->points < 50, "seed %" PRIu64, seed);
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

#define SAID(all, news, count, least, most, gap) \
	.buckets = (all), .fresh = (news), .points = (count), .first = (least), .last = (most), .hole = (gap)

/* What may be recorded of an answer, and what is asked for next. */
static void each_answer_is_recorded_as_far_as_it_is_believed(void **state) {
	(void)state;
	static const struct {
		struct belief belief;
		struct said said;
		int until, missing, works;
		const char *what;
	} rows[] = {
		{{0}, {SAID(10, 2, 10, 0, 9, 10)}, 10, 0, 0, "whole"},
		{{0}, {SAID(10, 2, 10, 0, 9, 10), .more = true}, 10, 0, 0, "whole, and there is more"},
		{{0}, {SAID(1, 0, 0, 0, 0, 0), .more = true}, 1, 0, 0, "a single bucket, and there is more"},
		{{0}, {SAID(1, 0, 0, 0, 0, 0), .warned = true}, 1, 0, 0, "a single bucket with a warning"},
		{{0}, {SAID(10, 2, 9, 0, 9, 5)}, 10, 0, 0, "a hole in the middle"},
		{{0}, {SAID(10, 2, 9, 0, 9, 5), .more = true}, 5, 5, 5, "a hole in the middle, and there is more"},
		{{0}, {SAID(10, 2, 5, 0, 4, 5)}, 5, 5, 5, "its end is missing"},
		{{0}, {SAID(10, 2, 5, 0, 4, 5), .more = true}, 5, 5, 5, "its end is missing, and there is more"},
		{{0}, {SAID(10, 2, 9, 0, 8, 9)}, 9, 1, 9, "its last one is missing"},
		{{0}, {SAID(10, 5, 3, 0, 2, 5)}, 5, 5, 3, "it ends in the look-back"},
		{{0}, {SAID(10, 5, 5, 0, 4, 5)}, 5, 5, 5, "it ends with the look-back"},
		{{0}, {SAID(10, 2, 4, 6, 9, 2)}, 2, 4, 4, "its beginning is missing"},
		{{0}, {SAID(10, 2, 4, 6, 9, 2), .more = true}, 2, 4, 4, "its beginning is missing, and there is more"},
		{{0}, {SAID(10, 2, 1, 9, 9, 2), .more = true}, 2, 7, 1, "all but its last, and there is more"},
		{{0}, {SAID(10, 2, 1, 0, 0, 2), .more = true}, 2, 4, 4, "a look-back, and there is more"},
		{{0}, {SAID(10, 2, 2, 2, 2, 3), .more = true}, 3, 7, 3, "its first, and there is more"},
		{{0}, {SAID(9, 0, 0, 0, 0, 0), .more = true}, 0, 5, 5, "nothing, and there is more"},
		{{0}, {SAID(2, 0, 0, 0, 0, 0), .more = true}, 0, 1, 1, "nothing of two, and there is more"},
		{{0}, {SAID(9, 3, 0, 0, 0, 3), .warned = true}, 3, 3, 3, "nothing, and a warning"},
		{{.empty = true}, {SAID(9, 3, 0, 0, 0, 3), .warned = true}, 9, 0, 0, "nothing, and a warning that means nothing"},
		{{0}, {SAID(9, 3, 0, 0, 0, 3)}, 9, 0, 0, "nothing"},
		{{.end = {.points = 5, .buckets = 10}}, {SAID(10, 2, 5, 0, 4, 5)}, 10, 0, 0, "as many as are known to be whole"},
		{{.end = {.points = 4, .buckets = 10}}, {SAID(10, 2, 5, 0, 4, 5)}, 5, 5, 5, "one more than that"},
		{{.end = {.points = 5, .buckets = 9}}, {SAID(10, 2, 5, 0, 4, 5)}, 5, 5, 5, "of a range that is longer"},
		{{.start = {.points = 5, .buckets = 10}}, {SAID(10, 2, 5, 0, 4, 5)}, 5, 5, 5, "as many as are whole at the beginning"},
		{{.start = {.points = 4, .buckets = 10}}, {SAID(10, 2, 4, 6, 9, 2)}, 10, 0, 0, "as many as are whole there, its beginning missing"},
		{{.end = {.points = 4, .buckets = 10}}, {SAID(10, 2, 4, 6, 9, 2)}, 2, 4, 4, "as many as are whole at the end, its beginning missing"},
		{{.start = {.points = 4, .buckets = 10}}, {SAID(10, 2, 4, 4, 7, 2)}, 8, 2, 8, "both missing, and the beginning known"},
		{{.end = {.points = 4, .buckets = 10}}, {SAID(10, 2, 4, 4, 7, 2)}, 2, 2, 6, "both missing, and the end known"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct doubt doubt;
		const struct said *said = &rows[i].said;
		int until = belief_judge(&rows[i].belief, said, &doubt);
		bool none = rows[i].missing == 0;
		expect_int(rows[i].until, until, "%s: until", rows[i].what);
		expect_int(rows[i].missing, doubt.missing, "%s: missing", rows[i].what);
		expect_int(rows[i].works, doubt.works, "%s: works", rows[i].what);
		expect_int(none ? 0 : said->points, doubt.points, "%s: points", rows[i].what);
		expect_int(none ? 0 : said->buckets, doubt.buckets, "%s: buckets", rows[i].what);
		expect_int(!none && said->warned, doubt.warned, "%s: warned", rows[i].what);
	}
}

static const struct said nothing_there = {.buckets = 3};
static const struct said one_there = {.buckets = 3, .points = 1};

static void expect_trust(const struct trust *trust, unsigned points, unsigned buckets, const char *what) {
	expect_int(points, trust->points, "%s: points", what);
	expect_int(buckets, trust->buckets, "%s: buckets", what);
}

/* The end of an answer that a doubt was about. */
static struct trust *end_of(struct belief *belief, bool at_end) {
	return at_end ? &belief->end : &belief->start;
}

static void expect_two_in_a_row(bool at_end) {
	struct belief belief = {0};
	struct trust *trust = end_of(&belief, at_end);
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 6, .buckets = 30}, &nothing_there), "settled");
	expect_trust(trust, 0, 0, "once");
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 5, .buckets = 40}, &nothing_there), "settled");
	expect_trust(trust, 5, 60, "the least of two, and twice as long");
	/* A row of its own begins behind that. */
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 9, .buckets = 70}, &nothing_there), "settled");
	expect_trust(trust, 5, 60, "once more");
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 8, .buckets = 80}, &nothing_there), "settled");
	expect_trust(trust, 8, 140, "twice more");
	/* And one that was there ends it. */
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 9, .buckets = 200}, &nothing_there), "settled");
	expect_int(false, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 20, .buckets = 200}, &one_there), "there");
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 10, .buckets = 300}, &nothing_there), "settled");
	expect_trust(trust, 8, 140, "neither two in a row");
	expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 10, .buckets = 310}, &nothing_there), "settled");
	expect_trust(trust, 10, 600, "two in a row");
	expect_trust(end_of(&belief, !at_end), 0, 0, "the other end");
}

static void what_was_not_there_twice_in_a_row_is_the_rule(void **state) {
	(void)state;
	expect_two_in_a_row(false);
	expect_two_in_a_row(true);
}

static void expect_cut_off(bool at_end) {
	static const struct trust before = {.points = 20, .buckets = 50, .cut = {.points = 15, .confirms = 7}};
	struct belief belief = {.start = before, .end = before, .empty = true};
	struct trust *trust = end_of(&belief, at_end);
	expect_int(false, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 10, .buckets = 30}, &one_there), "there");
	expect_trust(trust, 9, 29, "one less of both");
	expect_int(10, trust->cut.points, "so many were cut off");
	expect_int(false, belief.empty, "nothing with a warning is believed");
	expect_trust(end_of(&belief, !at_end), 20, 50, "the other end");

	/* With as many points a row of two is not enough, but 64 and one that completes it. */
	for (int i = 1; i <= 65; i++) {
		expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 10, .buckets = 40}, &nothing_there), "settled");
		expect_trust(trust, i < 65 ? 9 : 10, i < 65 ? 29 : 80, "as many as were cut off");
	}
	/* With fewer they are as ever. */
	expect_int(false, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 6, .buckets = 30}, &one_there), "there");
	expect_trust(trust, 5, 29, "cut off again");
	for (int i = 1; i <= 2; i++) {
		expect_int(true, belief_settle(&belief, &(struct doubt){.at_end = at_end, .points = 5, .buckets = 40}, &nothing_there), "settled");
	}
	expect_trust(trust, 5, 80, "fewer than were cut off");

	/* Where a range without any point was cut off, no number is whole. */
	expect_int(false, belief_settle(&belief, &(struct doubt){.buckets = 8, .warned = true}, &one_there), "there");
	expect_trust(trust, 0, 7, "none");
	expect_int(0, trust->cut.points, "none");
	expect_trust(end_of(&belief, !at_end), 0, 7, "none at the other end");
}

static void an_answer_that_was_cut_off_ends_the_belief(void **state) {
	(void)state;
	expect_cut_off(false);
	expect_cut_off(true);
}

static void only_what_says_it_settles_a_doubt(void **state) {
	(void)state;
	static const struct {
		int points, buckets; /* of the doubt, and of the answer to its question */
		bool more, settled;
	} rows[] = {{4, 1, false, true}, {4, 2, false, true}, {4, 1, true, false}, {0, 1, false, true}, {0, 2, false, false}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct belief belief = {0};
		struct said said = {.buckets = rows[i].buckets, .more = rows[i].more};
		struct doubt doubt = {.points = (uint16_t)rows[i].points, .buckets = 9};
		expect_int(rows[i].settled, belief_settle(&belief, &doubt, &said), "row %zu", i);
		expect_int(rows[i].settled && rows[i].points == 0, belief.empty, "row %zu: nothing is believed", i);
		expect_int(rows[i].settled && rows[i].points > 0, belief.start.run.len, "row %zu: a row has begun", i);
		expect_int(0, belief.end.run.len, "row %zu: at the other end", i);
	}
}

static void expect_both(const struct belief *belief, unsigned points, unsigned buckets, const char *what) {
	expect_trust(&belief->start, points, buckets, what);
	expect_trust(&belief->end, points, buckets, what);
}

static void an_answer_shows_how_much_one_may_hold(void **state) {
	(void)state;
	struct belief belief = {0};
	belief_learn(&belief, &(struct said){.buckets = 9});
	expect_both(&belief, 0, 0, "nothing");
	belief_learn(&belief, &(struct said){.buckets = 9, .points = 5, .first = 2, .last = 8, .more = true});
	expect_both(&belief, 0, 0, "there is more");
	belief_learn(&belief, &(struct said){.buckets = 9, .points = 5, .first = 2, .last = 8});
	expect_both(&belief, 4, 7, "one less, from the first to the last");
	belief_learn(&belief, &(struct said){.buckets = 9, .points = 2, .first = 3, .last = 4});
	expect_both(&belief, 4, 7, "less than before");
	/* Where so many were cut off, one that had more shows that this was not for their number. */
	belief.end.cut.points = 6;
	belief_learn(&belief, &(struct said){.buckets = 9, .points = 6, .last = 5});
	expect_int(6, belief.end.cut.points, "as many as were cut off");
	belief_learn(&belief, &(struct said){.buckets = 9, .points = 7, .last = 6});
	expect_int(0, belief.end.cut.points, "more than were cut off");
}

/* What an answer says of buckets that it holds no point of, recorded or not. */
static void an_answer_speaks_of_what_it_cannot_have_left_out(void **state) {
	(void)state;
	static const struct {
		struct belief belief;
		struct said said;
		int from, until;
		const char *what;
	} rows[] = {
		{{0}, {.buckets = 10, .points = 10, .last = 9, .solid = 10}, 0, 10, "all"},
		{{0}, {.buckets = 10, .points = 10, .last = 9, .solid = 10, .more = true}, 0, 10, "all, and there is more"},
		{{0}, {.buckets = 10, .points = 4, .first = 2, .last = 6, .solid = 4}, 2, 7, "both ends are missing"},
		{{0}, {.buckets = 10, .points = 4, .first = 2, .last = 6, .solid = 4, .more = true}, 2, 4, "and there is more"},
		{{.start = {.points = 4, .buckets = 10}}, {.buckets = 10, .points = 4, .first = 2, .last = 6, .solid = 4}, 0, 7, "known at the start"},
		{{.end = {.points = 4, .buckets = 10}}, {.buckets = 10, .points = 4, .first = 2, .last = 6, .solid = 4}, 2, 10, "known at the end"},
		{{.start = {.points = 4, .buckets = 10}, .end = {.points = 4, .buckets = 10}}, {.buckets = 10, .points = 4, .first = 2, .last = 6, .solid = 4, .more = true}, 2, 4, "known, and there is more"},
		{{0}, {.buckets = 10}, 0, 10, "nothing"},
		{{0}, {.buckets = 10, .warned = true}, 0, 0, "nothing, and a warning"},
		{{.empty = true}, {.buckets = 10, .warned = true}, 0, 10, "nothing, and a warning that means nothing"},
		{{0}, {.buckets = 10, .more = true}, 0, 0, "nothing, and there is more"},
		{{0}, {.buckets = 1, .warned = true}, 0, 1, "a single bucket with a warning"},
		{{0}, {.buckets = 1, .more = true}, 0, 1, "a single bucket, and there is more"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int from = -1, until = -1;
		belief_sure(&rows[i].belief, &rows[i].said, &from, &until);
		expect_int(rows[i].from, from, "%s: from", rows[i].what);
		expect_int(rows[i].until, until, "%s: until", rows[i].what);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_cap_cuts_off_is_asked_for),
		cmocka_unit_test(a_server_that_says_all_is_asked_once),
		cmocka_unit_test(a_server_that_leaves_out_what_is_empty_is_soon_known),
		cmocka_unit_test(a_server_that_lags_is_soon_known),
		cmocka_unit_test(a_limit_shows_when_what_is_behind_it_is_no_longer_empty),
		cmocka_unit_test(an_empty_end_says_nothing_of_the_other),
		cmocka_unit_test(an_empty_end_does_not_hide_a_limit_at_the_beginning),
		cmocka_unit_test(a_cap_is_not_forgotten_over_what_is_empty),
		cmocka_unit_test(an_empty_answer_is_believed_unless_it_says_that_it_is_cut),
		cmocka_unit_test(the_look_back_is_not_in_doubt),
		cmocka_unit_test(each_answer_is_recorded_as_far_as_it_is_believed),
		cmocka_unit_test(what_was_not_there_twice_in_a_row_is_the_rule),
		cmocka_unit_test(an_answer_that_was_cut_off_ends_the_belief),
		cmocka_unit_test(only_what_says_it_settles_a_doubt),
		cmocka_unit_test(an_answer_shows_how_much_one_may_hold),
		cmocka_unit_test(an_answer_speaks_of_what_it_cannot_have_left_out),
	};
	return cmocka_run_group_tests_name("belief", tests, NULL, NULL);
}
