// SPDX-License-Identifier: ISC

#include "truth.h"

#include "dice.h"
#include "plan.h"
#include "world.h"

#include <string.h>

#define CLOCKS_AGREE (10 * USEC_PER_SEC)

static uint64_t hash(const char *uuid, int granularity, usec_t start) {
	uint64_t mixed = dice_mix(world->seed, (uint64_t)granularity);
	for (; *uuid; uuid++) {
		mixed = mixed * 0x100000001b3u + (unsigned char)*uuid;
	}
	return dice_mix(mixed, (uint64_t)start);
}

static struct truth some_count(struct dice *dice) {
	return (struct truth){TRUTH_COUNT, dice_below(dice, dice_permille(dice, 900) ? 40 : 4000)};
}

/* A correction comes within a few buckets' lengths, seldom much later. */
static usec_t some_delay(struct dice *dice, usec_t length) {
	int64_t percent = dice_permille(dice, 900) ? dice_between(dice, 1, 500) : dice_between(dice, 1000, 10000);
	return length / 100 * percent;
}

/* When the counts of a time that the camera was away for came; 0: it was not away. */
static usec_t came_late(const char *uuid, usec_t start) {
	const struct setup *setup = &setups->versions[0];
	usec_t latest = 0;
	for (int i = 0; i < plan->len; i++) {
		const struct event *event = &plan->events[i];
		if (event->kind == EVENT_LATE && !event->left_out && event->at <= start && start < event->until &&
		    strcmp(setup->devices[event->arg % setup->device_count].uuid, uuid) == 0) {
			usec_t came = event->until + event->arg2;
			latest = came > latest ? came : latest;
		}
	}
	return latest;
}

int truth_phases(const char *uuid, int granularity, usec_t start, usec_t end,
                 struct truth_phase phases[static TRUTH_PHASES]) {
	static const struct truth nothing = {TRUTH_NO_DATA, 0}, several = {TRUTH_AMBIGUOUS, 0};
	struct dice dice = {hash(uuid, granularity, start)};
	int class = (int)dice_below(&dice, 100);
	usec_t length = end - start;
	int len = 0;

	/* Clocks agree to a few seconds: that early a count may be asked for, and is right. */
	usec_t over = end - CLOCKS_AGREE;

	usec_t late = came_late(uuid, start);
	if (late > 0) {
		phases[len++] = (struct truth_phase){start, nothing};
		phases[len++] = (struct truth_phase){late > end ? late : over, some_count(&dice)};
		return len;
	}

	phases[len++] = (struct truth_phase){start, some_count(&dice)};
	if (class < 52) {
		phases[len++] = (struct truth_phase){over, some_count(&dice)};
	} else if (class < 60) {
		phases[0].truth = nothing;
	} else if (class < 70) {
		phases[len++] = (struct truth_phase){over, some_count(&dice)};
		phases[len++] = (struct truth_phase){end + some_delay(&dice, length), some_count(&dice)};
	} else if (class < 79) {
		phases[0].truth = nothing;
		phases[len++] = (struct truth_phase){end + some_delay(&dice, length), some_count(&dice)};
	} else if (class < 92) {
		usec_t first = end + some_delay(&dice, length);
		phases[len++] = (struct truth_phase){over, some_count(&dice)};
		phases[len++] = (struct truth_phase){first, some_count(&dice)};
		phases[len++] = (struct truth_phase){first + some_delay(&dice, length), some_count(&dice)};
	} else if (class < 94) {
		phases[0].truth = several;
	} else if (class < 97) {
		phases[len++] = (struct truth_phase){over, several};
		phases[len++] = (struct truth_phase){end + some_delay(&dice, length), some_count(&dice)};
	} else {
		phases[len++] = (struct truth_phase){over, some_count(&dice)};
		phases[len++] = (struct truth_phase){end + some_delay(&dice, length), nothing};
	}
	return len;
}

struct truth truth_at(const char *uuid, int granularity, usec_t start, usec_t end, usec_t time) {
	struct truth_phase phases[TRUTH_PHASES];
	int len = truth_phases(uuid, granularity, start, end, phases);
	struct truth found = {TRUTH_NO_DATA, 0};
	for (int i = 0; i < len && phases[i].from <= time; i++) {
		found = phases[i].truth;
	}
	return found;
}
