// SPDX-License-Identifier: ISC

#include "daemon/zonewatch.h"

#include "base/log.h"

#include <errno.h>

/* What can make a difference: no count is older, and nobody knows later rules. */
#define RULES_FROM  0 /* 1970 */
#define RULES_AHEAD (3652 * USEC_PER_DAY)

/* What a look has found. */
struct finding {
	size_t changed, gone;
	const char *name; /* of the first zone that has changed */
	struct error why; /* of the first one that is gone */
};

static void compare(const struct zone *zone, usec_t wall, struct finding *finding) {
	struct zone *now;
	struct error why = {{0}};
	if (zone_is_untouched(zone)) {
		return;
	}
	int r = zone_load(zone_name(zone), &now, &why);
	if (r == -ENOENT || r == -EINVAL) {
		finding->why = finding->gone++ == 0 ? why : finding->why;
	}
	if (r < 0) {
		return; /* what else can fail says nothing about the database */
	}
	if (!zone_agrees(zone, now, RULES_FROM, wall + RULES_AHEAD)) {
		finding->name = finding->changed++ == 0 ? zone_name(zone) : finding->name;
	}
	zone_free(now);
}

static void tell_changed(const struct finding *finding) {
	if (finding->changed == 1) {
		log_warning("the time zone database has new rules for %s: reload to use them", finding->name);
	} else if (finding->changed > 1) {
		log_warning("the time zone database has new rules for %zu zones, %s among them: reload to use them",
		            finding->changed, finding->name);
	}
}

static void tell_gone(const struct finding *finding) {
	if (finding->gone > 0) {
		log_warning("the time zone database has lost %zu zone%s in use: %s: what was read before stays in "
		            "use, but the next start will fail",
		            finding->gone, finding->gone == 1 ? "" : "s", finding->why.text);
	}
}

bool zonewatch_turn(struct zonewatch *watch, const struct config *config, usec_t wall) {
	int64_t hour = wall / USEC_PER_HOUR;
	if (hour == watch->hour) {
		return false;
	}
	watch->hour = hour;

	struct finding finding = {0};
	const struct zone *zone;
	for (size_t i = 0; (zone = config_zone(config, i)); i++) {
		compare(zone, wall, &finding);
	}
	bool changed = finding.changed != watch->changed;
	bool gone = finding.gone != watch->gone;
	watch->changed = finding.changed;
	watch->gone = finding.gone;
	if (changed) {
		tell_changed(&finding);
	}
	if (gone) {
		tell_gone(&finding);
	}
	if ((changed || gone) && !zonewatch_trouble(watch)) {
		log_notice("the time zone database agrees with the zones in use again");
	}
	return changed || gone;
}

const char *zonewatch_trouble(const struct zonewatch *watch) {
	if (watch->gone > 0) {
		return "names a time zone that is gone: see the journal";
	}
	return watch->changed > 0 ? "has time zones with new rules: reload" : NULL;
}
