// SPDX-License-Identifier: ISC

#include "schedule/cost.h"

#include "config/check.h"
#include "schedule/span.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MINUTES_PER_DAY = 24 * 60,
	FIGURE_SIZE = 32,
	/* How long a device is watched: so many windows, or fewer if these take so many requests. */
	ENOUGH_WINDOWS = 4,
	ENOUGH_REQUESTS = 256,
};

/* 2026-01-05, a Monday; few clocks are changed in the weeks after it, so days are days. */
#define BEGIN ((usec_t)1767571200 * USEC_PER_SEC)

struct cost cost_of(const struct settings *settings) {
	usec_t cursor = span_due(settings, BEGIN, 0) - settings->settle;
	usec_t begin = span_due(settings, cursor, 0);
	usec_t now = begin;
	int windows = 0, requests = 0;
	/* A single count has none, wanted or not. */
	bool looks_back = settings->lookback == 0 || settings->bucket.interval == INTERVAL_NONE;

	/* Only whole windows are counted, for their requests come all at their begin. */
	bool enough = false;
	while (!enough) {
		struct span span;
		if (span_next(settings, cursor, INT64_MIN, settings->max_points, now, &span)) {
			looks_back = looks_back || span.start < span.fresh;
			cursor = span.end;
			requests++;
		}
		/* As poller_plan() has it: at once if more than a window waits, else when it is due. */
		usec_t due = span_due(settings, cursor, 0);
		if (!span_is_backlog(settings, cursor, now) && due > now) {
			now = due;
			windows++;
			enough = windows >= ENOUGH_WINDOWS || requests >= ENOUGH_REQUESTS;
		}
	}
	return (struct cost){
		.per_second = requests / ((double)(now - begin) / USEC_PER_SEC),
		.looks_back = looks_back,
	};
}

/* Devices of an account with the same settings. */
struct alike {
	const struct device *first;
	size_t devices;
	struct cost cost;
};

struct kinds {
	struct alike *list; /* by account */
	size_t count;
};

/* Rounding must not make the rate that was just reached look exceeded. */
static bool exceeds(double need, double allowed) {
	return need > allowed * (1 + 1e-9);
}

/* It is held by the gap, which may make it a little less than what was configured. */
static bool exceeds_rate(double need, const struct account *account) {
	return exceeds(need, (double)USEC_PER_SEC / (double)account->rate.gap);
}

static int order(uintptr_t a, uintptr_t b) {
	return (a > b) - (a < b);
}

/* Of devices with the same account and settings the first comes first. */
static int by_kind(const void *a, const void *b) {
	const struct device *left = *(const struct device *const *)a;
	const struct device *right = *(const struct device *const *)b;
	int r = order((uintptr_t)left->account, (uintptr_t)right->account);
	r = r ? r : order((uintptr_t)left->settings, (uintptr_t)right->settings);
	return r ? r : order((uintptr_t)left, (uintptr_t)right);
}

static void add_device(struct kinds *kinds, const struct device *device) {
	struct alike *last = kinds->count > 0 ? &kinds->list[kinds->count - 1] : NULL;
	if (!last || last->first->account != device->account || last->first->settings != device->settings) {
		last = &kinds->list[kinds->count++];
		*last = (struct alike){.first = device, .cost = cost_of(device->settings)};
	}
	last->devices++;
}

static int gather(const struct config *config, struct kinds *ret) {
	struct kinds kinds = {.list = calloc(config->device_count + 1, sizeof(*kinds.list))};
	const struct device **devices = calloc(config->device_count + 1, sizeof(*devices));
	if (!kinds.list || !devices) {
		free(kinds.list);
		free(devices);
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->device_count; i++) {
		devices[i] = &config->devices[i];
	}
	qsort(devices, config->device_count, sizeof(*devices), by_kind);
	for (size_t i = 0; i < config->device_count; i++) {
		add_device(&kinds, devices[i]);
	}
	free(devices);
	*ret = kinds;
	return 0;
}

/* What an account needs, and of how many devices. */
static double need_of(const struct kinds *kinds, const struct account *account, size_t *ret_devices) {
	double need = 0;
	*ret_devices = 0;
	for (size_t i = 0; i < kinds->count; i++) {
		const struct alike *alike = &kinds->list[i];
		if (alike->first->account == account) {
			need += (double)alike->devices * alike->cost.per_second;
			*ret_devices += alike->devices;
		}
	}
	return need;
}

static double with_window(const struct settings *settings, usec_t window) {
	struct settings other = *settings;
	other.window = window;
	other.bucket.length = settings->bucket.interval == INTERVAL_NONE ? window : 0;
	return cost_of(&other).per_second;
}

/*
 * Whether the rate suffices if no window is shorter than this one.  It does not if a
 * device with a shorter one cannot have it.
 */
static bool suits(const struct kinds *kinds, const struct account *account, usec_t window) {
	double need = 0;
	for (size_t i = 0; i < kinds->count && !exceeds_rate(need, account); i++) {
		const struct alike *alike = &kinds->list[i];
		const struct settings *settings = alike->first->settings;
		if (alike->first->account != account) {
			continue;
		}
		if (settings->window >= window) {
			need += (double)alike->devices * alike->cost.per_second;
		} else if (window_fits(settings->bucket.interval, window)) {
			need += (double)alike->devices * with_window(settings, window);
		} else {
			return false;
		}
	}
	return !exceeds_rate(need, account);
}

/* The shortest window that fits the rate; 0 if none does. */
static usec_t fitting_window(const struct kinds *kinds, const struct account *account) {
	for (int minutes = 1; minutes <= MINUTES_PER_DAY; minutes++) {
		if (MINUTES_PER_DAY % minutes == 0 && suits(kinds, account, minutes * USEC_PER_MIN)) {
			return minutes * USEC_PER_MIN;
		}
	}
	return 0;
}

static const struct unit {
	const char *name;
	double length;
} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

/* The first unit in which a rate comes to one or more, as far as there is one. */
static const struct unit *choose_unit(double rate) {
	size_t i = 0;
	while (i + 1 < sizeof(units) / sizeof(units[0]) && exceeds(1, rate * units[i].length)) {
		i++;
	}
	return &units[i];
}

/* "0.67", "1.5", "3600" */
static const char *write_figure(char text[static FIGURE_SIZE], double figure) {
	int len = snprintf(text, FIGURE_SIZE, "%.2f", figure);
	while (text[len - 1] == '0') {
		text[--len] = '\0';
	}
	if (text[len - 1] == '.') {
		text[--len] = '\0';
	}
	return text;
}

static void tell(const struct account *account, double needed, size_t devices, struct buf *out) {
	char need[FIGURE_SIZE];
	char most[FIGURE_SIZE];
	double allowed = (double)account->rate.count / ((double)account->rate.per / USEC_PER_SEC);
	double percent = needed / allowed * 100;
	double smaller = percent > 0 && percent < 100 ? needed : allowed;
	const struct unit *unit = choose_unit(smaller);

	(void)write_figure(need, needed * unit->length);
	buf_printf(out, "%s: %zu %s %s request%s/%s of %s/%s allowed", account->name, devices,
	           devices == 1 ? "device needs" : "devices need", need, strcmp(need, "1") == 0 ? "" : "s", unit->name,
	           write_figure(most, allowed * unit->length), unit->name);
	if (percent > 0 && percent < 1) {
		buf_puts(out, " (less than 1 %)");
	} else {
		buf_printf(out, " (%.0f %%)", percent);
	}
}

static void tell_excess(const struct kinds *kinds, const struct account *account, struct buf *out) {
	char text[DURATION_STRING_SIZE];
	usec_t window = fitting_window(kinds, account);
	if (window > 0) {
		buf_printf(out, ": exceeds its rate; a window of \"%s\" would fit",
		           units_format_duration(text, window, 1));
	} else {
		buf_puts(out, ": exceeds its rate; no window would fit: poll fewer devices or raise the rate");
	}
}

static void tell_blindness(const struct kinds *kinds, const struct account *account, struct buf *out) {
	const struct device *first = NULL;
	size_t devices = 0;
	for (size_t i = 0; i < kinds->count; i++) {
		const struct alike *alike = &kinds->list[i];
		if (alike->first->account == account && !alike->cost.looks_back) {
			first = first && first < alike->first ? first : alike->first;
			devices += alike->devices;
		}
	}
	if (devices == 1) {
		buf_printf(out, "%s: %s never looks back", account->name, first->name);
	} else if (devices > 1) {
		buf_printf(out, "%s: %s and %zu more never look back", account->name, first->name, devices - 1);
	}
	if (devices > 0) {
		buf_puts(out, ", because a window fills its request: raise max_points, shorten window, "
		              "or set lookback = \"0s\"\n");
	}
}

int cost_tell(const struct config *config, struct buf *out, struct buf *warnings) {
	struct kinds kinds;
	int r = gather(config, &kinds);
	if (r < 0) {
		return r;
	}

	for (size_t i = 0; i < config->account_count; i++) {
		const struct account *account = &config->accounts[i];
		size_t devices;
		double need = need_of(&kinds, account, &devices);
		tell(account, need, devices, out);
		if (exceeds_rate(need, account)) {
			tell_excess(&kinds, account, out);
			r = -ERANGE;
		}
		buf_putc(out, '\n');
		tell_blindness(&kinds, account, warnings);
	}
	free(kinds.list);
	return r;
}
