// SPDX-License-Identifier: ISC

#include "config/check.h"

#include "config/url.h"

#include <errno.h>
#include <stdio.h>

static const usec_t single_window = 15 * USEC_PER_MIN;
static const usec_t longest_month = 31 * USEC_PER_DAY;
/* For polls to be spread, to wait for the rate, and to be repeated a few times. */
static const usec_t backfill_slack = 10 * USEC_PER_MIN;

bool window_is_fixed(enum interval interval) {
	return interval == INTERVAL_DAILY || interval == INTERVAL_WEEKLY || interval == INTERVAL_MONTHLY;
}

/* A single count may be taken over any number of minutes. */
static usec_t step_of(enum interval interval) {
	return interval == INTERVAL_NONE ? USEC_PER_MIN : interval_length(interval);
}

bool window_fits(enum interval interval, usec_t window) {
	return window > 0 && window % step_of(interval) == 0 && USEC_PER_DAY % window == 0;
}

/* With less, buckets would be given up as a gap before they can be asked for. */
static usec_t least_backfill(const struct settings *settings) {
	usec_t window = settings->bucket.interval == INTERVAL_MONTHLY ? longest_month : settings->window;
	return window + settings->settle + backfill_slack;
}

static usec_t round_up(usec_t duration, usec_t unit) {
	return (duration + unit - 1) / unit * unit;
}

void settings_complete(struct device_draft *draft, uint64_t own, uint64_t set) {
	struct settings *settings = &draft->settings;
	enum interval interval = settings->bucket.interval;

	if (window_is_fixed(interval) && !(own & KEY_BIT(KEY_WINDOW))) {
		settings->window = 0;
	}
	if (settings->window == 0) {
		settings->window = interval == INTERVAL_NONE ? single_window : interval_length(interval);
	}
	settings->bucket.length = interval == INTERVAL_NONE ? settings->window : 0;
	if (!(set & KEY_BIT(KEY_BACKFILL)) && settings->backfill < least_backfill(settings)) {
		settings->backfill = round_up(least_backfill(settings), USEC_PER_DAY);
	}
}

/* The nearest window that fits, in a direction; 0 if there is none. */
static usec_t nearest(enum interval interval, usec_t window, int direction) {
	usec_t step = step_of(interval);
	usec_t at = window - window % step + (direction > 0 ? step : 0);
	for (; at > 0 && at <= USEC_PER_DAY; at += direction * step) {
		if (window_fits(interval, at)) {
			return at;
		}
	}
	return 0;
}

static int check_fixed_window(const struct settings *settings, const char *shown, struct error *err) {
	enum interval interval = settings->bucket.interval;
	if (settings->window == interval_length(interval)) {
		return 0;
	}
	if (interval == INTERVAL_MONTHLY) {
		return error_set(err, EINVAL, "window \"%s\" does not suit MONTHLY: leave it out", shown);
	}
	return error_set(err, EINVAL, "window \"%s\" does not suit %s: leave it out or write \"%s\"", shown,
	                 interval_name(interval), interval == INTERVAL_DAILY ? "1d" : "7d");
}

static int check_window(const void *draft, uint64_t set, struct error *err) {
	const struct settings *settings = &((const struct device_draft *)draft)->settings;
	enum interval interval = settings->bucket.interval;
	char shown[DURATION_STRING_SIZE];
	char less[DURATION_STRING_SIZE];
	char more[DURATION_STRING_SIZE];
	(void)set;

	units_format_duration(shown, settings->window, 1);
	if (window_is_fixed(interval)) {
		return check_fixed_window(settings, shown, err);
	}
	if (window_fits(interval, settings->window)) {
		return 0;
	}

	usec_t below = nearest(interval, settings->window, -1);
	usec_t above = nearest(interval, settings->window, 1);
	below = below ? below : above;
	above = above ? above : below;
	units_format_duration(less, below, 1);
	units_format_duration(more, above, 1);
	return error_set(err, EINVAL,
	                 "window \"%s\" does not suit %s: it must be whole %s and divide a day, such as "
	                 "\"%s\"%s%s%s",
	                 shown, interval_name(interval),
	                 interval == INTERVAL_NONE ? "minutes" : "buckets", less,
	                 below == above ? "" : " or \"", below == above ? "" : more,
	                 below == above ? "" : "\"");
}

static int check_backfill(const void *draft, uint64_t set, struct error *err) {
	const struct settings *settings = &((const struct device_draft *)draft)->settings;
	char shown[DURATION_STRING_SIZE];
	char need[DURATION_STRING_SIZE];
	(void)set;

	if (settings->backfill >= least_backfill(settings)) {
		return 0;
	}
	/* In whole minutes: "1d12m" rather than "1451m30s". */
	return error_set(err, EINVAL,
	                 "backfill \"%s\" is too short for %s: it must be at least window + settle + 10m: write "
	                 "\"%s\" or more",
	                 units_format_duration(shown, settings->backfill, 1),
	                 interval_name(settings->bucket.interval),
	                 units_format_duration(need, round_up(least_backfill(settings), USEC_PER_MIN), 1));
}

static const struct account *account_of(const void *draft) {
	return &((const struct account_draft *)draft)->account;
}

static int check_region(const void *draft, uint64_t set, struct error *err) {
	const uint64_t both = KEY_BIT(KEY_REGION) | KEY_BIT(KEY_BASE_URL);
	(void)draft;
	return (set & both) == both ? error_set(err, EINVAL, "cannot be set together with region: remove one of them") : 0;
}

static int check_proxy(const void *draft, uint64_t set, struct error *err) {
	const struct account *account = account_of(draft);
	(void)set;
	if (account->proxy && account->base_url && url_is_clear(account->base_url)) {
		return error_set(err, EINVAL,
		                 "would see the key in clear text, because base_url begins with http://: leave it out");
	}
	return 0;
}

static int check_org_missing(const void *draft, uint64_t set, struct error *err) {
	const struct account *account = account_of(draft);
	(void)set;
	if (scheme_wants_org(account->scheme) && !account->org) {
		return error_set(err, EINVAL, "\"%s\" needs org, the client organisation",
		                 scheme_name(account->scheme));
	}
	return 0;
}

static int check_org_unwanted(const void *draft, uint64_t set, struct error *err) {
	const struct account *account = account_of(draft);
	(void)set;
	if (!scheme_wants_org(account->scheme) && account->org) {
		return error_set(err, EINVAL,
		                 "is only for the schemes partner-api-token and partner-api; this one is %s",
		                 scheme_name(account->scheme));
	}
	return 0;
}

static int check_cert_missing(const void *draft, uint64_t set, struct error *err) {
	const struct account *account = account_of(draft);
	const char *missing = !account->client_cert && !account->client_key ? "client_cert and client_key"
	                      : !account->client_cert                       ? "client_cert"
	                      : !account->client_key                        ? "client_key"
	                                                                    : NULL;
	(void)set;
	if (scheme_wants_cert(account->scheme) && missing) {
		return error_set(err, EINVAL, "\"%s\" needs %s", scheme_name(account->scheme), missing);
	}
	return 0;
}

static int cert_unwanted(const struct account *account, const char *file, struct error *err) {
	if (!scheme_wants_cert(account->scheme) && file) {
		return error_set(err, EINVAL, "is only for the schemes api and partner-api; this one is %s",
		                 scheme_name(account->scheme));
	}
	return 0;
}

static int check_cert_unwanted(const void *draft, uint64_t set, struct error *err) {
	(void)set;
	return cert_unwanted(account_of(draft), account_of(draft)->client_cert, err);
}

static int check_key_unwanted(const void *draft, uint64_t set, struct error *err) {
	(void)set;
	return cert_unwanted(account_of(draft), account_of(draft)->client_key, err);
}

static int check_cap(const void *draft, uint64_t set, struct error *err) {
	const struct retry_settings *retry = draft;
	char cap[DURATION_STRING_SIZE];
	char base[DURATION_STRING_SIZE];
	(void)set;
	if (retry->cap < retry->base) {
		return error_set(err, EINVAL, "cap \"%s\" is less than base \"%s\": raise it",
		                 units_format_duration(cap, retry->cap, 1),
		                 units_format_duration(base, retry->base, 1));
	}
	return 0;
}

static int check_cluster_cert(const void *draft, uint64_t set, struct error *err) {
	const struct cluster_settings *cluster = draft;
	(void)set;
	return cluster->client_cert && !cluster->client_key ? error_set(err, EINVAL, "needs client_key, its private key") : 0;
}

static int check_cluster_key(const void *draft, uint64_t set, struct error *err) {
	const struct cluster_settings *cluster = draft;
	(void)set;
	return cluster->client_key && !cluster->client_cert ? error_set(err, EINVAL, "needs client_cert, its certificate") : 0;
}

static int check_cluster_clear(const void *draft, uint64_t set, struct error *err) {
	const struct cluster_settings *cluster = draft;
	bool has_cert = cluster->client_cert || cluster->client_key;
	(void)set;
	for (const char *const *url = cluster->endpoints; has_cert && url && *url; url++) {
		if (url_is_clear(*url)) {
			return error_set(err, EINVAL,
			                 "is never shown to %.200s: write https:// in all endpoints, or leave "
			                 "client_cert and client_key out",
			                 *url);
		}
	}
	return 0;
}

/* Where nothing to blame is set, it is the group as a whole. */
static const struct group_rule account_rules[] = {
	{KEY_BIT(KEY_REGION) | KEY_BIT(KEY_BASE_URL), {KEY_BASE_URL, KEY_COUNT}, check_region},
	{KEY_BIT(KEY_BASE_URL) | KEY_BIT(KEY_PROXY), {KEY_PROXY, KEY_COUNT}, check_proxy},
	{KEY_BIT(KEY_SCHEME) | KEY_BIT(KEY_ORG), {KEY_SCHEME, KEY_COUNT}, check_org_missing},
	{KEY_BIT(KEY_SCHEME) | KEY_BIT(KEY_ORG), {KEY_ORG, KEY_COUNT}, check_org_unwanted},
	{KEY_BIT(KEY_SCHEME) | KEY_BIT(KEY_CLIENT_CERT) | KEY_BIT(KEY_CLIENT_KEY),
	 {KEY_SCHEME, KEY_COUNT}, check_cert_missing},
	{KEY_BIT(KEY_SCHEME) | KEY_BIT(KEY_CLIENT_CERT), {KEY_CLIENT_CERT, KEY_COUNT}, check_cert_unwanted},
	{KEY_BIT(KEY_SCHEME) | KEY_BIT(KEY_CLIENT_KEY), {KEY_CLIENT_KEY, KEY_COUNT}, check_key_unwanted},
	{0},
};

static const struct group_rule device_rules[] = {
	{KEY_BIT(KEY_WINDOW) | KEY_BIT(KEY_INTERVAL), {KEY_WINDOW, KEY_INTERVAL, KEY_COUNT}, check_window},
	{KEY_BIT(KEY_BACKFILL) | KEY_BIT(KEY_WINDOW) | KEY_BIT(KEY_INTERVAL) | KEY_BIT(KEY_SETTLE),
	 {KEY_BACKFILL, KEY_WINDOW, KEY_INTERVAL, KEY_SETTLE}, check_backfill},
	{0},
};

static const struct group_rule retry_rules[] = {
	{KEY_BIT(KEY_RETRY_BASE) | KEY_BIT(KEY_RETRY_CAP), {KEY_RETRY_CAP, KEY_RETRY_BASE, KEY_COUNT},
	 check_cap},
	{0},
};

static const struct group_rule cluster_rules[] = {
	{KEY_BIT(KEY_CLUSTER_CLIENT_CERT) | KEY_BIT(KEY_CLUSTER_CLIENT_KEY), {KEY_CLUSTER_CLIENT_CERT, KEY_COUNT},
	 check_cluster_cert},
	{KEY_BIT(KEY_CLUSTER_CLIENT_CERT) | KEY_BIT(KEY_CLUSTER_CLIENT_KEY), {KEY_CLUSTER_CLIENT_KEY, KEY_COUNT},
	 check_cluster_key},
	{KEY_BIT(KEY_CLUSTER_CLIENT_CERT) | KEY_BIT(KEY_CLUSTER_CLIENT_KEY) | KEY_BIT(KEY_CLUSTER_ENDPOINTS),
	 {KEY_CLUSTER_CLIENT_CERT, KEY_CLUSTER_CLIENT_KEY, KEY_COUNT}, check_cluster_clear},
	{0},
};

const struct group_rule *rules_of(enum key_group group) {
	static const struct group_rule none = {0};
	static const struct group_rule *const rules[GROUP_COUNT] = {
		[GROUP_ACCOUNTS] = account_rules,
		[GROUP_DEVICES] = device_rules,
		[GROUP_RETRY] = retry_rules,
		[GROUP_CLUSTER] = cluster_rules,
	};
	return rules[group] ? rules[group] : &none;
}
