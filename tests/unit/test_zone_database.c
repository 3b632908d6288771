// SPDX-License-Identifier: ISC

#include "fixture.h"
#include "zones.h"

#include "base/utc.h"
#include "calendar/zone.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* 1970-01-01 and 2100-01-01 */
#define BEGIN_S ((int64_t)0)
#define END_S   ((int64_t)4102444800)

/*
 * How closely the C library is asked: two changes within a step that cancel each
 * other could be missed, but only if zone.c misses both as well; the closest two
 * that there ever were since 1970 are a week apart.  After 2037 (but in Morocco) no
 * file lists transitions any more, there are only rules with two a year (and the
 * C library is slow, for it parses the rule each time).
 */
#define STEP_S       ((int64_t)6 * 3600)
#define RULES_ONLY_S ((int64_t)2145916800)
#define RULE_STEP_S  ((int64_t)24 * 3600)

enum { MAX_CHANGES = 2000, MAX_SHOWN = 20 };

/* From that instant on, this offset. */
struct change {
	int64_t at_s;
	int32_t offset_s;
};

struct changes {
	size_t count;
	struct change list[MAX_CHANGES];
};

/* Shared with the child processes. */
static struct tally {
	int wrong;
	size_t zones, changes;
} *tally;

static void complain(const char *name, int64_t at_s, const char *expected, const char *got) {
	char text[UTC_STRING_SIZE];
	if (tally->wrong++ < MAX_SHOWN) {
		print_message("# %s at %s: expected %s, got %s\n", name, utc_format(text, at_s * USEC_PER_SEC),
		              expected, got);
	}
}

static void add_change(struct changes *changes, int64_t at_s, int32_t offset_s) {
	expect_true(changes->count < MAX_CHANGES);
	changes->list[changes->count++] = (struct change){at_s, offset_s};
}

static int32_t our_offset(const struct zone *zone, int64_t at_s) {
	struct zone_period period;
	zone_period_at(zone, at_s * USEC_PER_SEC, &period);
	return period.offset_s;
}

/* Walks the periods; what they promise about themselves is checked on the way. */
static void find_ours(const struct zone *zone, struct changes *ret) {
	struct zone_period period, last, next;

	ret->count = 0;
	zone_period_at(zone, BEGIN_S * USEC_PER_SEC, &period);
	if (period.start > BEGIN_S || period.end <= BEGIN_S) {
		complain(zone_name(zone), BEGIN_S, "a period around it", "another");
	}
	while (period.end < END_S * USEC_PER_SEC) {
		zone_period_at(zone, period.end - 1, &last);
		zone_period_at(zone, period.end, &next);
		if (last.start != period.start || last.end != period.end || next.start != period.end || next.end <= next.start) {
			complain(zone_name(zone), period.end / USEC_PER_SEC, "neighbours", "a hole or an overlap");
			return;
		}
		if (next.offset_s != period.offset_s) {
			add_change(ret, next.start / USEC_PER_SEC, next.offset_s);
		}
		period = next;
	}
}

/* The first instant in (low, high] at which the C library's offset is not that of low. */
static int64_t bisect(int64_t low, int64_t high) {
	int32_t offset_s = zones_offset(low);
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (zones_offset(middle) == offset_s) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return high;
}

/* Knows nothing of zone.c. */
static void find_theirs(struct changes *ret) {
	int64_t at = BEGIN_S;
	int32_t offset_s = zones_offset(at);

	ret->count = 0;
	while (at < END_S) {
		int64_t next = at + (at < RULES_ONLY_S ? STEP_S : RULE_STEP_S);
		if (next > END_S) {
			next = END_S;
		}
		if (zones_offset(next) != offset_s) {
			next = bisect(at, next);
			offset_s = zones_offset(next);
			if (next < END_S) {
				add_change(ret, next, offset_s);
			}
		}
		at = next;
	}
}

static void compare_at(const struct zone *zone, int64_t at_s) {
	char expected[16], got[16];
	int32_t theirs = zones_offset(at_s);
	int32_t ours = our_offset(zone, at_s);

	if (ours != theirs) {
		(void)snprintf(expected, sizeof(expected), "%d", (int)theirs);
		(void)snprintf(got, sizeof(got), "%d", (int)ours);
		complain(zone_name(zone), at_s, expected, got);
	}
}

/* Each change of the one, and the second before it, asked of the other: the lists must be equal. */
static void compare_changes(const struct zone *zone) {
	static struct changes ours, theirs;
	char expected[32], got[32];

	find_ours(zone, &ours);
	find_theirs(&theirs);
	compare_at(zone, BEGIN_S);
	compare_at(zone, END_S);
	for (size_t i = 0; i < ours.count; i++) {
		compare_at(zone, ours.list[i].at_s - 1);
		compare_at(zone, ours.list[i].at_s);
	}
	for (size_t i = 0; i < theirs.count; i++) {
		compare_at(zone, theirs.list[i].at_s - 1);
		compare_at(zone, theirs.list[i].at_s);
	}
	if (ours.count != theirs.count) {
		(void)snprintf(expected, sizeof(expected), "%zu changes", theirs.count);
		(void)snprintf(got, sizeof(got), "%zu", ours.count);
		complain(zone_name(zone), BEGIN_S, expected, got);
		return;
	}
	for (size_t i = 0; i < ours.count; i++) {
		if (ours.list[i].at_s != theirs.list[i].at_s) {
			complain(zone_name(zone), theirs.list[i].at_s, "a change", "it at another time");
		}
	}
	tally->changes += ours.count;
}

static void compare_zone(const char *name) {
	struct zone *zone;
	struct error err = {""};

	if (zone_load(name, &zone, &err) < 0) {
		complain(name, BEGIN_S, "a zone", err.text);
		return;
	}
	zones_use(":", name);
	compare_changes(zone);
	zone_free(zone);
	tally->zones++;
}

/* Each zone in its own process, forked before TZ was ever set: the C library gets slower with every zone. */
static void compare_apart(const char *name) {
	int status = -1;

	(void)fflush(stdout);
	(void)fflush(stderr);
	pid_t child = fork();
	expect_true(child >= 0);
	if (child == 0) {
		compare_zone(name);
		(void)fflush(stdout);
		(void)fflush(stderr);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0) {
		fail_msg("%s: expected the comparison to end well, got status %d", name, status);
	}
}

static void every_zone_agrees_with_the_c_library_at_every_change_from_1970_to_2100(void **state) {
	(void)state;
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect_true(tally != MAP_FAILED);

	for (size_t i = 0; i < zones_count; i++) {
		if (!zones_alias[i] && (!zones_slow() || i % 32 == 0)) {
			compare_apart(zones_names[i]);
		}
	}
	print_message("# %zu zones (%zu names), %zu changes\n", tally->zones, zones_count, tally->changes);
	if (tally->wrong > 0) {
		fail_msg("%d differences", tally->wrong);
	}
	expect_true(tally->changes > 0);
	(void)munmap(tally, sizeof(*tally));
}

static void every_name_loads_and_an_alias_is_its_zone(void **state) {
	(void)state;
	for (size_t i = 0; i < zones_count; i++) {
		struct zone *zone;
		struct error err = {""};
		if (zone_load(zones_names[i], &zone, &err) < 0) {
			fail_msg("expected %s to load, got: %s", zones_names[i], err.text);
		}
		expect_text(zones_names[i], zone_name(zone));
		zones_use(":", zones_names[i]);
		for (int64_t at_s = BEGIN_S; at_s < END_S; at_s += (END_S - BEGIN_S) / 97) {
			expect_int(zones_offset(at_s), our_offset(zone, at_s), "%s at %lld", zones_names[i],
			           (long long)at_s);
		}
		zone_free(zone);
	}
}

/*
 * The list of all names, tzdata.zi, may have more than are installed: what is not
 * there must be refused, with the name to write instead, and that must be a zone.
 */
static void every_link_that_is_listed_loads_or_is_told_with_its_zone(void **state) {
	char line[512], target[256], name[256];
	size_t loaded = 0, told = 0;
	(void)state;

	FILE *list = fopen(ZONES_DIRECTORY "tzdata.zi", "re");
	if (!list) {
		print_message("# " ZONES_DIRECTORY "tzdata.zi is not installed: the names in it were not tried\n");
		skip();
	}
	while (fgets(line, sizeof(line), list)) {
		struct zone *zone;
		struct error err = {""};
		if (sscanf(line, "L %255s %255s", target, name) != 2) {
			continue;
		}
		int r = zone_load(name, &zone, &err);
		if (r == 0) {
			zone_free(zone);
			loaded++;
			continue;
		}
		(void)snprintf(line, sizeof(line), "\"%.60s\" is an old name that is not in this machine's time zone database: "
		               "write \"%.60s\", or install the package tzdata-legacy", name, target);
		if (r != -ENOENT || strcmp(err.text, line) != 0) {
			fail_msg("expected %s\ngot %d: %s", line, r, err.text);
		}
		expect_int(0, zone_load(target, &zone, &err));
		zone_free(zone);
		told++;
	}
	(void)fclose(list);
	print_message("# %zu links are installed, %zu are not\n", loaded, told);
	expect_true(loaded + told > 100);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_zone_agrees_with_the_c_library_at_every_change_from_1970_to_2100),
		cmocka_unit_test(every_name_loads_and_an_alias_is_its_zone),
		cmocka_unit_test(every_link_that_is_listed_loads_or_is_told_with_its_zone),
	};
	return cmocka_run_group_tests_name("zone_database", tests, zones_setup, zones_teardown);
}
