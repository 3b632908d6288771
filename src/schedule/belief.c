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

/* Half of what is not recorded: less than was asked for, unless that was one. */
static int half(const struct said *said) {
	return (said->buckets - said->fresh + 1) / 2;
}

/* Even what is missing in the middle may come yet. */
static int doubt_more(const struct said *said, struct doubt *doubt) {
	if (said->hole > said->fresh) {
		return doubt_from(said, said->hole, said->buckets - said->hole, said->hole, doubt);
	}
	if (said->points > 0 && said->first > said->fresh) {
		return doubt_from(said, said->fresh, said->first - said->fresh, said->buckets - said->first, doubt);
	}
	return doubt_from(said, said->fresh, half(said), half(said), doubt);
}

static bool is_known(const struct belief *belief, const struct said *said) {
	return (unsigned)said->points <= belief->points && (unsigned)said->buckets <= belief->buckets;
}

int belief_judge(const struct belief *belief, const struct said *said, struct doubt *ret_doubt) {
	*ret_doubt = (struct doubt){0};
	if (said->buckets == 1 || said->hole == said->buckets) {
		return said->buckets;
	}
	if (said->more || (said->points == 0 && said->warned && !belief->empty)) {
		return doubt_more(said, ret_doubt);
	}
	if (said->points == 0 || is_known(belief, said)) {
		return said->buckets;
	}
	if (said->first > said->fresh) {
		int until = doubt_from(said, said->fresh, said->first - said->fresh, said->buckets - said->first,
		                       ret_doubt);
		ret_doubt->partial = said->last < said->buckets - 1;
		return until;
	}
	if (said->last < said->buckets - 1) {
		int until = said->last + 1 > said->fresh ? said->last + 1 : said->fresh;
		return doubt_from(said, until, said->buckets - until, said->last + 1, ret_doubt);
	}
	return said->buckets;
}

/* Whether no whole answer has had more points, and they are too many for that to say nothing. */
static bool is_most(const struct belief *belief, const struct doubt *doubt) {
	bool after_cut = belief->cut.points > 0 && doubt->points >= belief->cut.points;
	return after_cut || (doubt->points > FEW && doubt->points > belief->points);
}

static void confirm(struct belief *belief, const struct doubt *doubt) {
	if (doubt->points == 0) {
		belief->empty = true;
		return;
	}
	/* Where both ends are missing, one that is empty does not show that the other is. */
	if (doubt->partial || (is_most(belief, doubt) && ++belief->cut.confirms < RUN_AT_MOST)) {
		return;
	}
	bool first = belief->run.points == 0;
	belief->run.points = first ? doubt->points : smaller(belief->run.points, doubt->points);
	belief->run.buckets = first ? doubt->buckets : smaller(belief->run.buckets, doubt->buckets);
	if (++belief->run.len >= RUN) {
		belief->points = larger(belief->points, belief->run.points);
		/* A look-back that grows from one request to the next must not be asked about each time. */
		belief->buckets = larger(belief->buckets, 2 * belief->run.buckets);
		belief->run.len = 0;
		belief->run.points = belief->run.buckets = 0;
	}
}

static void refute(struct belief *belief, const struct doubt *doubt) {
	belief->points = smaller(belief->points, doubt->points > 0 ? doubt->points - 1u : 0);
	belief->buckets = smaller(belief->buckets, doubt->buckets - 1u);
	belief->run.len = 0;
	belief->run.points = belief->run.buckets = 0;
	belief->cut.points = doubt->points;
	belief->cut.confirms = 0;
	belief->empty = false;
}

bool belief_settle(struct belief *belief, const struct doubt *doubt, const struct said *said) {
	if (said->points > 0) {
		refute(belief, doubt);
		return false;
	}
	/* Of a range without any points only a single bucket shows that there are none. */
	if (said->more || (doubt->points == 0 && said->buckets > 1)) {
		return false;
	}
	confirm(belief, doubt);
	return true;
}

void belief_learn(struct belief *belief, const struct said *said) {
	if (said->points > 0 && !said->more) {
		/* As many as this one had may be the most that one can have; fewer are not. */
		belief->cut.confirms = (unsigned)said->points - 1 > belief->points ? 0 : belief->cut.confirms;
		belief->points = larger(belief->points, (unsigned)said->points - 1);
		belief->buckets = larger(belief->buckets, (unsigned)(said->last - said->first) + 1);
		belief->cut.points = (unsigned)said->points > belief->cut.points ? 0 : belief->cut.points;
	}
}
