// SPDX-License-Identifier: ISC

#include "base/units.h"

#include "base/scan.h"
#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Enough of a wrong text to recognise it by. */
enum { SHOWN_SIZE = 64 };

struct unit {
	const char *name;
	int64_t size;
};

/* The order is that of parsing: "ms" before "m". */
static const struct unit time_units[] = {
	{"us", 1},
	{"ms", USEC_PER_MSEC},
	{"s", USEC_PER_SEC},
	{"m", USEC_PER_MIN},
	{"h", USEC_PER_HOUR},
	{"d", USEC_PER_DAY},
	{"w", USEC_PER_WEEK},
};

/* Written, from large to small.  No weeks: people think of "14d" and "90d" as days. */
static const struct unit exact_units[] = {
	{"d", USEC_PER_DAY},   {"h", USEC_PER_HOUR},   {"m", USEC_PER_MIN},
	{"s", USEC_PER_SEC},   {"ms", USEC_PER_MSEC},  {"us", 1},
};

static const struct unit rounded_units[] = {
	{"d", USEC_PER_DAY},   {"h", USEC_PER_HOUR},   {"min", USEC_PER_MIN},
	{"s", USEC_PER_SEC},   {"ms", USEC_PER_MSEC},  {"us", 1},
};

static const struct unit size_units[] = {
	{"TiB", (int64_t)1 << 40},
	{"GiB", (int64_t)1 << 30},
	{"MiB", (int64_t)1 << 20},
	{"KiB", (int64_t)1 << 10},
	{"B", 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Reads digits.  Returns what follows them, or NULL if the number is too large. */
static const char *read_number(const char *text, int64_t *ret) {
	int64_t number = 0;

	for (; scan_is_digit(*text); text++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *text - '0', &number)) {
			return NULL;
		}
	}
	*ret = number;
	return text;
}

static const struct unit *read_time_unit(const char *text) {
	for (size_t i = 0; i < COUNT(time_units); i++) {
		if (strncmp(text, time_units[i].name, strlen(time_units[i].name)) == 0) {
			return &time_units[i];
		}
	}
	return NULL;
}

static const char *show(char out[static SHOWN_SIZE], const char *text) {
	return text_escape(out, SHOWN_SIZE, text, strlen(text));
}

/* What is wrong where a unit should stand, after the digits from number on. */
static int refuse_time_unit(const char *text, const char *number, const char *at, struct error *err) {
	char shown[SHOWN_SIZE];
	show(shown, text);

	if (*at == '.' || *at == ',') {
		return error_set(err, EINVAL, "\"%s\" has a fraction: write it in a smaller unit, \"90m\" or \"1h30m\"",
		                 shown);
	}
	if (*at == '\0' && number == text) {
		return error_set(err, EINVAL, "\"%s\" has no unit: write \"%.20ss\", \"15m\", \"1h\" or \"7d\"", shown,
		                 number);
	}
	if (*at == '\0') {
		return error_set(err, EINVAL, "\"%s\" has no unit at its end: write \"1h30m\" or \"90s\"", shown);
	}
	return error_set(err, EINVAL, "\"%s\" has a unit other than us, ms, s, m, h, d and w: write \"90s\", "
	                 "\"15m\", \"1h30m\" or \"7d\"", shown);
}

static int refuse_range(const char *text, const char *most, struct error *err) {
	char shown[SHOWN_SIZE];
	return error_set(err, ERANGE, "\"%s\" is too large: write at most %s", show(shown, text), most);
}

int units_parse_duration(const char *text, usec_t *ret_duration, struct error *err) {
	static const char most[] = "\"106751991d\"";
	char shown[SHOWN_SIZE];
	usec_t duration = 0;
	const char *at = text;

	if (strcmp(text, "0") == 0) {
		*ret_duration = 0;
		return 0;
	}

	do {
		if (!scan_is_digit(*at)) {
			return error_set(err, EINVAL, "\"%s\" is not a duration: write a number and a unit, as in "
			                 "\"90s\", \"15m\", \"1h30m\" or \"7d\"", show(shown, text));
		}

		const char *number = at;
		int64_t part;
		at = read_number(at, &part);
		if (!at) {
			return refuse_range(text, most, err);
		}

		const struct unit *unit = read_time_unit(at);
		if (!unit) {
			return refuse_time_unit(text, number, at, err);
		}
		if (__builtin_mul_overflow(part, unit->size, &part) ||
		    __builtin_add_overflow(duration, part, &duration)) {
			return refuse_range(text, most, err);
		}
		at += strlen(unit->name);
	} while (*at != '\0');

	*ret_duration = duration;
	return 0;
}

static uint64_t magnitude(int64_t number) {
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

/* Writes a number and its unit behind what is there.  Returns the new length. */
static size_t put(char buf[static DURATION_STRING_SIZE], size_t len, uint64_t count, const char *between,
                  const char *unit) {
	int added = snprintf(buf + len, DURATION_STRING_SIZE - len, "%llu%s%s", (unsigned long long)count, between,
	                     unit);
	return len + (size_t)added;
}

/*
 * Begins with the largest unit that leaves nothing, or some of one smaller
 * unit: "1d30m", but "25h1m" instead of "1d1h1m".  The last two always do.
 */
static void format_exact(char buf[static DURATION_STRING_SIZE], size_t len, uint64_t duration) {
	for (size_t i = 0; i < COUNT(exact_units); i++) {
		uint64_t size = (uint64_t)exact_units[i].size;
		uint64_t rest = duration % size;
		if (duration < size) {
			continue;
		}
		if (rest == 0) {
			put(buf, len, duration / size, "", exact_units[i].name);
			return;
		}

		size_t j = i + 1;
		while (rest < (uint64_t)exact_units[j].size) {
			j++;
		}
		uint64_t smaller = (uint64_t)exact_units[j].size;
		if (rest % smaller == 0) {
			len = put(buf, len, duration / size, "", exact_units[i].name);
			put(buf, len, rest / smaller, "", exact_units[j].name);
			return;
		}
	}
}

/*
 * The largest unit that is at most a tenth off ("90 s", not "2 min"), but
 * nothing finer than seconds once there is a second.
 */
static void format_rounded(char buf[static DURATION_STRING_SIZE], size_t len, uint64_t duration) {
	for (size_t i = 0; i < COUNT(rounded_units); i++) {
		uint64_t size = (uint64_t)rounded_units[i].size;
		uint64_t count = duration / size + (duration % size >= size - size / 2 ? 1 : 0);
		uint64_t off = count * size > duration ? count * size - duration : duration - count * size;

		if (count > 0 && (off <= duration / 10 || size <= (uint64_t)USEC_PER_SEC)) {
			put(buf, len, count, " ", rounded_units[i].name);
			return;
		}
	}
}

const char *units_format_duration(char buf[static DURATION_STRING_SIZE], usec_t duration, int exact) {
	size_t sign = 0;
	if (duration < 0) {
		buf[sign++] = '-';
	}

	if (duration == 0) {
		put(buf, 0, 0, exact ? "" : " ", "s");
	} else if (exact) {
		format_exact(buf, sign, magnitude(duration));
	} else {
		format_rounded(buf, sign, magnitude(duration));
	}
	return buf;
}

static const struct unit *find_size_unit(const char *name) {
	for (size_t i = 0; i < COUNT(size_units); i++) {
		if (strcmp(name, size_units[i].name) == 0) {
			return &size_units[i];
		}
	}
	return NULL;
}

int units_parse_size(const char *text, int64_t *ret_bytes, struct error *err) {
	static const char most[] = "\"8388607TiB\"";
	char shown[SHOWN_SIZE];
	int64_t bytes;

	if (!scan_is_digit(*text)) {
		return error_set(err, EINVAL, "\"%s\" is not a size: write a number and a unit, as in \"64MiB\" or \"2GiB\"",
		                 show(shown, text));
	}

	const char *at = read_number(text, &bytes);
	if (!at) {
		return refuse_range(text, most, err);
	}

	const struct unit *unit = find_size_unit(*at != '\0' ? at : "B");
	if (!unit) {
		return error_set(err, EINVAL, "\"%s\" has no known unit: write B, KiB, MiB, GiB or TiB, "
		                 "as in \"64MiB\"", show(shown, text));
	}
	if (__builtin_mul_overflow(bytes, unit->size, &bytes)) {
		return refuse_range(text, most, err);
	}

	*ret_bytes = bytes;
	return 0;
}

const char *units_format_size(char buf[static DURATION_STRING_SIZE], int64_t bytes) {
	size_t i = 0;

	/* Zero is a multiple of everything; "0B" is how people write it. */
	while (bytes == 0 ? i + 1 < COUNT(size_units) : bytes % size_units[i].size != 0) {
		i++;
	}
	(void)snprintf(buf, DURATION_STRING_SIZE, "%lld%s", (long long)(bytes / size_units[i].size),
	               size_units[i].name);
	return buf;
}
