// SPDX-License-Identifier: ISC

#include "tool/datetext.h"

#include "base/utc.h"
#include "tool/hours.h"
#include "tool/show.h"

#include <stdio.h>

const char *datetext_time(char out[static DATETEXT_SIZE], const struct room *room, usec_t instant) {
	char day[SHOW_DATE_SIZE];
	struct zone_period period;
	struct civil civil;
	zone_period_at(room->zone, instant, &period);
	usec_t local = instant + period.offset_s * USEC_PER_SEC;
	utc_split(local, &civil);
	(void)snprintf(out, DATETEXT_SIZE, "%s %s %02d:%02d", hours_days[utc_weekday(utc_date(local))], show_date(day, local),
	               civil.hour, civil.minute);
	return out;
}
