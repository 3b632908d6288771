// SPDX-License-Identifier: ISC

/*
 * What a configuration costs in requests.  In the steady state each device
 * makes one request per window, or several if a window and its look-back have
 * more buckets than a request may have; catching up and repeating come on top,
 * out of what is left.
 */

#include "config/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MINUTES_PER_DAY = 24 * 60, FIGURE_SIZE = 32 };

/* The devices of an account. */
struct load {
	size_t devices;
	double per_second;
};

static double per_second(usec_t every) {
	return (double)USEC_PER_SEC / (double)every;
}

/* Requests per second of a device with these settings, but that window. */
static double demand(const struct settings *settings, usec_t window) {
	enum interval interval = settings->bucket.interval;
	usec_t bucket = interval_length(interval);
	if (interval == INTERVAL_NONE || window_is_fixed(interval)) {
		return per_second(window);
	}

	/* As the schedule has it: the look-back takes half a request at most. */
	int64_t lookback = (settings->lookback + bucket - 1) / bucket;
	int64_t half = settings->max_points / 2;
	int64_t fresh = settings->max_points - (lookback < half ? lookback : half);
	int64_t requests = (window / bucket + fresh - 1) / fresh;
	return (double)requests * per_second(window);
}

/* Rounding must not make the rate that was just reached look exceeded. */
static bool exceeds(double need, double allowed) {
	return need > allowed * (1 + 1e-9);
}

static size_t account_index(const struct config *config, const struct device *device) {
	return (size_t)(device->account - config->accounts);
}

static struct load *gather(const struct config *config) {
	struct load *loads = calloc(config->account_count + 1, sizeof(*loads));
	for (size_t i = 0; loads && i < config->device_count; i++) {
		struct load *load = &loads[account_index(config, &config->devices[i])];
		load->devices++;
		load->per_second += demand(config->devices[i].settings, config->devices[i].settings->window);
	}
	return loads;
}

/*
 * What an account needs if no window is shorter than this one; -1 if a device
 * with a shorter one cannot have it.
 */
static double need_with(const struct config *config, const struct account *account, usec_t window) {
	double need = 0;
	for (size_t i = 0; i < config->device_count; i++) {
		const struct device *device = &config->devices[i];
		const struct settings *settings = device->settings;
		if (device->account != account) {
			continue;
		}
		if (settings->window >= window) {
			need += demand(settings, settings->window);
		} else if (window_fits(settings->bucket.interval, window)) {
			need += demand(settings, window);
		} else {
			return -1;
		}
	}
	return need;
}

/* The shortest window that fits the rate; 0 if none does. */
static usec_t fitting_window(const struct config *config, const struct account *account) {
	for (int minutes = 1; minutes <= MINUTES_PER_DAY; minutes++) {
		if (MINUTES_PER_DAY % minutes != 0) {
			continue;
		}
		usec_t window = minutes * USEC_PER_MIN;
		double need = need_with(config, account, window);
		if (need >= 0 && !exceeds(need, per_second(account->request_gap))) {
			return window;
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

static void tell(const struct account *account, const struct load *load, struct buf *out) {
	char need[FIGURE_SIZE];
	char most[FIGURE_SIZE];
	double allowed = per_second(account->request_gap);
	double percent = load->per_second / allowed * 100;
	double smaller = percent > 0 && percent < 100 ? load->per_second : allowed;
	const struct unit *unit = choose_unit(smaller);

	buf_printf(out, "%s: %zu %s %s requests/%s of %s/%s allowed", account->name, load->devices,
	           load->devices == 1 ? "device needs" : "devices need",
	           write_figure(need, load->per_second * unit->length), unit->name,
	           write_figure(most, allowed * unit->length), unit->name);
	if (percent > 0 && percent < 1) {
		buf_puts(out, " (less than 1 %)");
	} else {
		buf_printf(out, " (%.0f %%)", percent);
	}
}

static void tell_excess(const struct config *config, const struct account *account, struct buf *out) {
	char text[DURATION_STRING_SIZE];
	usec_t window = fitting_window(config, account);
	if (window > 0) {
		buf_printf(out, ": exceeds its rate; a window of \"%s\" would fit",
		           units_format_duration(text, window, 1));
	} else {
		buf_puts(out, ": exceeds its rate; no window would fit: poll fewer devices or raise the rate");
	}
}

int config_cost(const struct config *config, struct buf *out) {
	int r = 0;
	struct load *loads = gather(config);
	if (!loads) {
		return -ENOMEM;
	}

	for (size_t i = 0; i < config->account_count; i++) {
		const struct account *account = &config->accounts[i];
		tell(account, &loads[i], out);
		if (exceeds(loads[i].per_second, per_second(account->request_gap))) {
			tell_excess(config, account, out);
			r = -ERANGE;
		}
		buf_putc(out, '\n');
	}
	free(loads);
	return r;
}
