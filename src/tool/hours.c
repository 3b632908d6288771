// SPDX-License-Identifier: ISC

#include "tool/hours.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

const char *const hours_days[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static const char *skip(const char *at) {
	return at + strspn(at, " ");
}

/* Returns what is behind it, or NULL. */
static const char *read_day(const char *at, int *ret_day) {
	for (int i = 0; i < 7; i++) {
		if (strncasecmp(at, hours_days[i], 3) == 0) {
			*ret_day = i;
			return at + 3;
		}
	}
	return NULL;
}

/* At most two digits. */
static const char *read_number(const char *at, int most, int *ret) {
	size_t digits = strspn(at, "0123456789");
	if (digits == 0 || digits > 2) {
		return NULL;
	}
	*ret = 0;
	for (size_t i = 0; i < digits; i++) {
		*ret = *ret * 10 + (at[i] - '0');
	}
	return *ret <= most ? at + digits : NULL;
}

/* "8" or "8:30". */
static const char *read_time(const char *at, usec_t *ret_time) {
	int hour = 0, minute = 0;
	at = read_number(at, 24, &hour);
	if (at && *at == ':') {
		at = read_number(at + 1, 59, &minute);
	}
	*ret_time = hour * USEC_PER_HOUR + minute * USEC_PER_MIN;
	return *ret_time <= USEC_PER_DAY ? at : NULL;
}

/* "Mon-Fri 8-18". */
static const char *read_part(const char *at, struct hours *hours) {
	int first = 0, last = 0;
	usec_t from = 0, to = 0;

	at = read_day(at, &first);
	last = first;
	if (at && *at == '-') {
		at = read_day(at + 1, &last);
	}
	if (!at || *at != ' ' || !(at = read_time(skip(at), &from)) || *at != '-' || !(at = read_time(at + 1, &to)) || from >= to) {
		return NULL;
	}
	for (int day = first;; day = (day + 1) % 7) {
		hours->from[day] = from;
		hours->to[day] = to;
		if (day == last) {
			return skip(at);
		}
	}
}

int hours_parse(const char *text, struct hours *ret, struct error *err) {
	struct hours hours = {{0}, {0}};
	const char *at = skip(text);

	while ((at = read_part(at, &hours)) && *at == ',') {
		at = skip(at + 1);
	}
	if (!at || *at) {
		return error_set(err, EINVAL, "not working hours: write days and times, such as \"Mon-Fri 8-18\" or \"Mon-Thu 7:30-17, Fri 8-13\"");
	}
	*ret = hours;
	return 0;
}

bool hours_hold(const struct hours *hours, int day, usec_t time) {
	return time >= hours->from[day] && time < hours->to[day];
}

usec_t hours_next(const struct hours *hours, int day, usec_t time) {
	return time < hours->from[day] ? hours->from[day] : time < hours->to[day] ? hours->to[day] : USEC_PER_DAY;
}
