// SPDX-License-Identifier: ISC

#include "tally.h"

#include <stdio.h>

static int64_t *place_of(struct tally *tally, const struct answer *answer) {
	if (answer->course == COURSE_HANG) {
		return &tally->hang;
	}
	if (answer->course != COURSE_SEND) {
		return &tally->reset;
	}
	return answer->cut >= 0 ? &tally->cut : &tally->statuses[answer->status % TALLY_STATUSES];
}

void tally_count(struct tally *tally, const struct answer *answer) {
	tally->requests++;
	tally->points += (int64_t)answer->points;
	++*place_of(tally, answer);
}

static void add_if_any(struct json_object *object, const char *name, int64_t number) {
	if (number > 0) {
		json_object_object_add(object, name, json_object_new_int64(number));
	}
}

static struct json_object *statuses_show(const struct tally *tally) {
	struct json_object *statuses = json_object_new_object();

	for (int status = 0; status < TALLY_STATUSES; status++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", status);
		add_if_any(statuses, name, tally->statuses[status]);
	}
	add_if_any(statuses, "hang", tally->hang);
	add_if_any(statuses, "reset", tally->reset);
	add_if_any(statuses, "cut", tally->cut);
	return statuses;
}

struct json_object *tally_show(const struct tally *tally) {
	struct json_object *shown = json_object_new_object();

	json_object_object_add(shown, "requests", json_object_new_int64(tally->requests));
	json_object_object_add(shown, "points", json_object_new_int64(tally->points));
	json_object_object_add(shown, "connections", json_object_new_int64(tally->connections));
	json_object_object_add(shown, "by_status", statuses_show(tally));
	return shown;
}
