// SPDX-License-Identifier: ISC

#include "tool/clocktext.h"

#include "base/utc.h"

#include <string.h>

/* Two digits at once, of a number below 100. */
static void put_two(char *to, unsigned number) {
	to[0] = (char)('0' + number / 10);
	to[1] = (char)('0' + number % 10);
}

void clocktext_init(struct clocktext *text, const struct zone *zone, char separator) {
	*text = (struct clocktext){.zone = zone, .day = INT64_MIN / 2, .period = {.start = USEC_INFINITY}};
	memcpy(text->digits, "0000-00-00T00:00:00", CLOCKTEXT_LEN);
	text->digits[strlen("0000-00-00")] = separator;
}

static void take_period(struct clocktext *text, usec_t instant) {
	text->period = (struct zone_period){INT64_MIN, USEC_INFINITY, 0};
	if (text->zone) {
		zone_period_at(text->zone, instant, &text->period);
	}
	int32_t offset_s = text->period.offset_s;
	unsigned minutes = (unsigned)(offset_s < 0 ? -offset_s : offset_s) / 60;
	text->offset[0] = offset_s < 0 ? '-' : '+';
	put_two(&text->offset[1], minutes / 60);
	text->offset[3] = ':';
	put_two(&text->offset[4], minutes % 60);
}

usec_t clocktext_local(struct clocktext *text, usec_t instant) {
	if (instant < text->period.start || instant >= text->period.end) {
		take_period(text, instant);
	}
	return instant + text->period.offset_s * USEC_PER_SEC;
}

static void take_day(struct clocktext *text, usec_t local) {
	struct civil civil;
	utc_split(local, &civil);
	text->day = utc_days(civil.year, civil.month, civil.day) * USEC_PER_DAY;
	put_two(&text->digits[0], (unsigned)(civil.year / 100 % 100));
	put_two(&text->digits[2], (unsigned)(civil.year % 100));
	put_two(&text->digits[5], (unsigned)civil.month);
	put_two(&text->digits[8], (unsigned)civil.day);
}

char *clocktext_put(struct clocktext *text, char *to, usec_t instant) {
	usec_t local = clocktext_local(text, instant);
	if (local < text->day || local - text->day >= USEC_PER_DAY) {
		take_day(text, local);
	}
	unsigned second = (unsigned)((uint64_t)(local - text->day) / (uint64_t)USEC_PER_SEC);
	memcpy(to, text->digits, CLOCKTEXT_LEN);
	put_two(to + 11, second / 3600);
	put_two(to + 14, second / 60 % 60);
	put_two(to + 17, second % 60);
	return to + CLOCKTEXT_LEN;
}

char *clocktext_put_offset(struct clocktext *text, char *to, usec_t instant) {
	to = clocktext_put(text, to, instant);
	memcpy(to, text->offset, CLOCKTEXT_OFFSET_LEN);
	return to + CLOCKTEXT_OFFSET_LEN;
}
