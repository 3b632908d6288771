// SPDX-License-Identifier: ISC

#include "tool/days.h"

#include "base/array.h"
#include "base/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct day {
	int64_t date; /* days since 1970 */
	uint64_t buckets[DAYS_KINDS];
};

/* The day of that date, which is made if there is none; NULL if there is no memory. */
static struct day *day_of(struct days *days, int64_t date) {
	size_t place = ARRAY_PLACE(days->list, days->len, date, date);
	if (place < days->len && days->list[place].date == date) {
		return &days->list[place];
	}
	if (array_reserve(&days->list, &days->size, days->len + 1, sizeof(*days->list)) < 0) {
		return NULL;
	}
	struct day *day = &days->list[place];
	memmove(day + 1, day, (days->len - place) * sizeof(*day));
	*day = (struct day){.date = date};
	days->len++;
	return day;
}

int days_add(struct days *days, const struct room *room, usec_t start, usec_t end, int kind) {
	bool within_days = room->length <= USEC_PER_HOUR;
	for (usec_t at = start, next; at < end; at = next) {
		usec_t edge = within_days ? room_midnight(room, at) : room_edge(room, at, end);
		struct day *day = day_of(days, room_date(room, at));
		if (!day) {
			return -ENOMEM;
		}
		next = edge < end ? edge : end;
		day->buckets[kind] += room_buckets(room, at, next);
	}
	return 0;
}

void days_tell(const struct days *days) {
	printf("DAY         EXPECTED   COUNTED   NO DATA       GAP   MISSING\n");
	for (size_t i = 0; i < days->len; i++) {
		const uint64_t *buckets = days->list[i].buckets;
		uint64_t none = buckets[RECORD_NO_DATA] + buckets[RECORD_AMBIGUOUS];
		uint64_t all = buckets[RECORD_OK] + none + buckets[RECORD_GAP] + buckets[DAYS_MISSING];
		struct civil civil;
		utc_split(days->list[i].date * USEC_PER_DAY, &civil);
		printf("%04" PRId64 "-%02d-%02d %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n", civil.year,
		       civil.month, civil.day, all, buckets[RECORD_OK], none, buckets[RECORD_GAP], buckets[DAYS_MISSING]);
	}
}

void days_done(struct days *days) {
	free(days->list);
	*days = (struct days){0};
}
