// SPDX-License-Identifier: ISC

#include "schedule/belief.h"

enum {
	/* What was missing must not have been there so often in a row before that is taken for the rule, */
	RUN = 2,
	/*
	 * and so often where no answer has had more points: they may be as many as the server gives,
	 * and what it has cut off may have been empty each time, as at night.
	 */
	RUN_AT_MOST = 64,
	/* No server gives so few at most. */
	FEW = 10,
};

static unsigned larger(unsigned a, unsigned b) {
	return a > b ? a : b;
}

static unsigned smaller(unsigned a, unsigned b) {
	return a < b ? a : b;
}

/* Leaves those from `until` on in doubt, of which so many are asked for next. */
static int doubt_from(const struct said *said, int until, int missing, int works, struct doubt *doubt) {
	*doubt = (struct doubt){
		.missing = (uint16_t)missing,
		.points = (uint16_t)said->points,
		.buckets = (uint16_t)said->buckets,
		.works = (uint16_t)(works > 0 ? works : 1),
		.warned = said->warned,
	};
	return until;
}

/* What is missing at the beginning. */
static int doubt_start(const struct said *said, struct doubt *doubt) {
	return doubt_from(said, said->fresh, said->first - said->fresh, said->buckets - said->first, doubt);
}

/* What is missing at the end, from that bucket on, of which so many are asked for next. */
static int doubt_end(const struct said *said, int until, int missing, int works, struct doubt *doubt) {
	int r = doubt_from(said, until, missing, works, doubt);
	doubt->at_end = true;
	return r;
}

/* Half of what is not recorded: less than was asked for, unless that was one. */
static int half(const struct said *said) {
	return (said->buckets - said->fresh + 1) / 2;
}

/* Even what is missing in the middle may come yet. */
static int doubt_more(const struct said *said, struct doubt *doubt) {
	if (said->hole > said->fresh) {
		return doubt_end(said, said->hole, said->buckets - said->hole, said->hole, doubt);
	}
	if (said->points > 0 && said->first > said->fresh) {
		return doubt_start(said, doubt);
	}
	return doubt_end(said, said->fresh, half(said), half(said), doubt);
}

static bool is_known(const struct trust *trust, const struct said *said) {
	return (unsigned)said->points <= trust->points && (unsigned)said->buckets <= trust->buckets;
}

/* Whether what it has left out may be anywhere. */
static bool is_open(const struct belief *belief, const struct said *said) {
	return said->more || (said->points == 0 && said->warned && !belief->empty);
}

void belief_sure(const struct belief *belief, const struct said *said, int *ret_from, int *ret_until) {
	bool single = said->buckets == 1, open = is_open(belief, said), empty = said->points == 0 && !open;
	bool from_start = single || empty || (!open && is_known(&belief->start, said));
	bool to_end = single || empty || (!open && is_known(&belief->end, said));
	*ret_from = from_start ? 0 : said->first;
	*ret_until = to_end ? said->buckets : open ? said->solid : said->last + 1;
}

int belief_judge(const struct belief *belief, const struct said *said, struct doubt *ret_doubt) {
	int from, until;
	*ret_doubt = (struct doubt){0};
	if (said->buckets == 1 || said->hole == said->buckets) {
		return said->buckets;
	}
	if (is_open(belief, said)) {
		return doubt_more(said, ret_doubt);
	}
	belief_sure(belief, said, &from, &until);
	if (from > said->fresh) {
		return doubt_start(said, ret_doubt);
	}
	if (until < said->buckets) {
		int believed = until > said->fresh ? until : said->fresh;
		return doubt_end(said, believed, said->buckets - believed, until, ret_doubt);
	}
	return said->buckets;
}

/* Whether no whole answer has had more points, and they are too many for that to say nothing. */
static bool is_most(const struct trust *trust, const struct doubt *doubt) {
	bool after_cut = trust->cut.points > 0 && doubt->points >= trust->cut.points;
	return after_cut || (doubt->points > FEW && doubt->points > trust->points);
}

static void confirm(struct trust *trust, const struct doubt *doubt) {
	if (is_most(trust, doubt) && ++trust->cut.confirms < RUN_AT_MOST) {
		return;
	}
	bool first = trust->run.points == 0;
	trust->run.points = first ? doubt->points : smaller(trust->run.points, doubt->points);
	trust->run.buckets = first ? doubt->buckets : smaller(trust->run.buckets, doubt->buckets);
	if (++trust->run.len >= RUN) {
		trust->points = larger(trust->points, trust->run.points);
		/* A look-back that grows from one request to the next must not be asked about each time. */
		trust->buckets = larger(trust->buckets, 2 * trust->run.buckets);
		trust->run.len = 0;
		trust->run.points = trust->run.buckets = 0;
	}
}

static void refute(struct trust *trust, const struct doubt *doubt) {
	trust->points = smaller(trust->points, doubt->points > 0 ? doubt->points - 1u : 0);
	trust->buckets = smaller(trust->buckets, doubt->buckets - 1u);
	trust->run.len = 0;
	trust->run.points = trust->run.buckets = 0;
	trust->cut.points = doubt->points;
	trust->cut.confirms = 0;
}

bool belief_settle(struct belief *belief, const struct doubt *doubt, const struct said *said) {
	bool none = doubt->points == 0;
	if (said->points > 0) {
		belief->empty = false;
		if (none || !doubt->at_end) {
			refute(&belief->start, doubt);
		}
		if (none || doubt->at_end) {
			refute(&belief->end, doubt);
		}
		return false;
	}
	/* Of a range without any points only a single bucket shows that there are none. */
	if (said->more || (none && said->buckets > 1)) {
		return false;
	}
	if (none) {
		belief->empty = true;
	} else {
		confirm(doubt->at_end ? &belief->end : &belief->start, doubt);
	}
	return true;
}

static void learn(struct trust *trust, unsigned points, unsigned buckets) {
	/* As many as this one had may be the most that one can have; fewer are not. */
	trust->cut.confirms = points - 1 > trust->points ? 0 : trust->cut.confirms;
	trust->points = larger(trust->points, points - 1);
	trust->buckets = larger(trust->buckets, buckets);
	trust->cut.points = points > trust->cut.points ? 0 : trust->cut.points;
}

void belief_learn(struct belief *belief, const struct said *said) {
	if (said->points > 0 && !said->more) {
		unsigned points = (unsigned)said->points, buckets = (unsigned)(said->last - said->first) + 1;
		learn(&belief->start, points, buckets);
		learn(&belief->end, points, buckets);
	}
}
