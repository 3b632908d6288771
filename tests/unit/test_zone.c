// SPDX-License-Identifier: ISC

#include "fixture.h"
#include "zones.h"

#include "base/buf.h"
#include "base/utc.h"
#include "calendar/interval.h"
#include "calendar/zone.h"

#include <errno.h>

/* A TZif block to be written: as few as possible of its six counts need saying. */
struct block {
	size_t times;
	const int64_t *time;
	const char *index; /* a digit for each time */
	size_t types;
	const int32_t *offset_s;
	uint32_t leaps;
};

static void put_be(struct buf *out, int64_t number, int bytes) {
	while (bytes-- > 0) {
		buf_putc(out, (char)(number >> (8 * bytes)));
	}
}

static void put_header(struct buf *out, char version, const uint32_t counts[static 6]) {
	buf_puts(out, "TZif");
	buf_putc(out, version);
	put_be(out, 0, 8);
	put_be(out, 0, 7);
	for (int i = 0; i < 6; i++) {
		put_be(out, counts[i], 4);
	}
}

static void put_block(struct buf *out, char version, int time_size, const struct block *block) {
	const uint32_t counts[] = {0, 0, block->leaps, (uint32_t)block->times, (uint32_t)block->types, 4};

	put_header(out, version, counts);
	for (size_t i = 0; i < block->times; i++) {
		put_be(out, block->time[i], time_size);
	}
	for (size_t i = 0; i < block->times; i++) {
		buf_putc(out, (char)(block->index[i] - '0'));
	}
	for (size_t i = 0; i < block->types; i++) {
		put_be(out, block->offset_s[i], 4);
		put_be(out, 0, 2);
	}
	buf_append(out, "XXX", 4);
	for (uint32_t i = 0; i < block->leaps; i++) {
		put_be(out, 78796800, time_size);
		put_be(out, 1, 4);
	}
}

/* As zic -b slim writes it: nothing worth reading in the first block. */
static void put_slim(struct buf *out, const struct block *block, const char *footer) {
	static const int32_t nothing[] = {0};
	put_block(out, '2', 4, &(struct block){.types = 1, .offset_s = nothing});
	put_block(out, '2', 8, block);
	buf_puts(out, footer);
}

static struct zone *parse(const struct buf *file) {
	struct zone *zone = NULL;
	struct error err = {""};
	if (zone_parse("Test/Zone", file->data, file->len, &zone, &err) != 0) {
		fail_msg("expected a zone, got: %s", err.text);
	}
	return zone;
}

static void check_period(const struct zone *zone, usec_t at, usec_t start, usec_t end, int32_t offset_s) {
	struct zone_period got;
	zone_period_at(zone, at, &got);
	if (got.start != start || got.end != end || got.offset_s != offset_s) {
		fail_msg("at %" PRId64 ": expected %d s from %" PRId64 " to %" PRId64 ", got %d s from %" PRId64 " to %" PRId64,
		         at, (int)offset_s, start, end, (int)got.offset_s, got.start, got.end);
	}
}

static const int64_t three_times[] = {-1000, 0, 5000};
static const int32_t three_offsets[] = {3208, 3600, 7200};
static const struct block three = {3, three_times, "121", 3, three_offsets, 0};

static void check_three(const struct zone *zone) {
	const usec_t s = USEC_PER_SEC;
	expect_text("Test/Zone", zone_name(zone));
	check_period(zone, INT64_MIN, INT64_MIN, -1000 * s, 3208);
	check_period(zone, -1000 * s - 1, INT64_MIN, -1000 * s, 3208);
	check_period(zone, -1000 * s, -1000 * s, 0, 3600);
	check_period(zone, -1, -1000 * s, 0, 3600);
	check_period(zone, 0, 0, 5000 * s, 7200);
	check_period(zone, 5000 * s - 1, 0, 5000 * s, 7200);
	check_period(zone, 5000 * s, 5000 * s, USEC_INFINITY, 3600);
	check_period(zone, USEC_INFINITY - 1, 5000 * s, USEC_INFINITY, 3600);
}

static void first_version_has_32_bit_times_and_no_footer(void **state) {
	(void)state;
	struct buf file;
	buf_init(&file, 4096);
	put_block(&file, '\0', 4, &three);
	struct zone *zone = parse(&file);
	check_three(zone);
	zone_free(zone);
	buf_done(&file);
}

static void second_version_s_second_block_is_the_one_that_counts(void **state) {
	static const char *const footers[] = {"\n\n", "\n<+01>-1\n"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(footers); i++) {
		for (char version = '2'; version <= '4'; version++) {
			struct buf file;
			buf_init(&file, 4096);
			/* A first block full of lies. */
			const int64_t times[] = {1, 2};
			const int32_t offsets[] = {-3600, -7200};
			put_block(&file, version, 4, &(struct block){2, times, "01", 2, offsets, 0});
			put_block(&file, version, 8, &three);
			buf_puts(&file, footers[i]);
			struct zone *zone = parse(&file);
			check_three(zone);
			zone_free(zone);
			buf_done(&file);
		}
	}
}

static void footer_s_rule_holds_from_the_last_transition_on(void **state) {
	static const int64_t times[] = {0, 1710061200}; /* 2024-03-10T09:00:00Z */
	static const int32_t offsets[] = {0, -25200, -21600};
	(void)state;
	const usec_t s = USEC_PER_SEC;
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, &(struct block){2, times, "12", 3, offsets, 0}, "\nMST7MDT,M3.2.0,M11.1.0\n");
	struct zone *zone = parse(&file);
	check_period(zone, -1, INT64_MIN, 0, 0);
	check_period(zone, 0, 0, 1710061200 * s, -25200);
	check_period(zone, 1710061200 * s, 1710061200 * s, 1730620800 * s, -21600);
	check_period(zone, 1730620800 * s, 1730620800 * s, 1741510800 * s, -25200);
	check_period(zone, 2215069200 * s - 1, 2204179200 * s, 2215069200 * s, -25200);
	zone_free(zone);
	buf_done(&file);
}

static void rule_that_is_already_on_is_cut_at_the_last_transition(void **state) {
	static const int64_t times[] = {1720000000}; /* in summer */
	static const int32_t offsets[] = {0, -21600};
	(void)state;
	const usec_t s = USEC_PER_SEC;
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, &(struct block){1, times, "1", 2, offsets, 0}, "\nMST7MDT,M3.2.0,M11.1.0\n");
	struct zone *zone = parse(&file);
	check_period(zone, 1720000000 * s - 1, INT64_MIN, 1720000000 * s, 0);
	check_period(zone, 1720000000 * s, 1720000000 * s, 1730620800 * s, -21600);
	zone_free(zone);
	buf_done(&file);
}

static void without_transitions_the_footer_is_all(void **state) {
	static const int32_t offsets[] = {-25200};
	(void)state;
	const usec_t s = USEC_PER_SEC;
	const struct block block = {.types = 1, .offset_s = offsets};
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, &block, "\nMST7\n");
	struct zone *zone = parse(&file);
	check_period(zone, 0, INT64_MIN, USEC_INFINITY, -25200);
	zone_free(zone);

	buf_clear(&file);
	put_slim(&file, &block, "\n\n");
	zone = parse(&file);
	check_period(zone, 0, INT64_MIN, USEC_INFINITY, -25200);
	zone_free(zone);

	buf_clear(&file);
	put_slim(&file, &block, "\nMST7MDT,M3.2.0,M11.1.0\n");
	zone = parse(&file);
	check_period(zone, -5155200 * s - 1, -25714800 * s, -5155200 * s, -21600); /* 1969-03-09 to 1969-11-02 */
	check_period(zone, 0, -5155200 * s, 5734800 * s, -25200); /* 1969-11-02 to 1970-03-08 */
	check_period(zone, 5734800 * s, 5734800 * s, 26294400 * s, -21600);
	zone_free(zone);
	buf_done(&file);
}

static void transitions_that_change_no_offset_are_no_boundaries(void **state) {
	static const int64_t times[] = {10, 20, 30, 40};
	static const int32_t offsets[] = {3600, 3600, 7200};
	(void)state;
	const usec_t s = USEC_PER_SEC;
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, &(struct block){4, times, "1021", 3, offsets, 0}, "\nAAA-1\n");
	struct zone *zone = parse(&file);
	check_period(zone, 15 * s, INT64_MIN, 30 * s, 3600);
	check_period(zone, 30 * s, 30 * s, 40 * s, 7200);
	check_period(zone, 40 * s, 40 * s, USEC_INFINITY, 3600);
	zone_free(zone);
	buf_done(&file);
}

static void times_beyond_usec_t_are_never(void **state) {
	static const int64_t times[] = {INT64_MIN, -((int64_t)1 << 59), 0, (int64_t)1 << 59, INT64_MAX};
	static const int32_t offsets[] = {1, 2, 3, 4, 5, 6};
	(void)state;
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, &(struct block){5, times, "12345", 6, offsets, 0}, "\n\n");
	struct zone *zone = parse(&file);
	check_period(zone, INT64_MIN, INT64_MIN, 0, 3);
	check_period(zone, -1, INT64_MIN, 0, 3);
	check_period(zone, 0, 0, USEC_INFINITY, 4);
	check_period(zone, USEC_INFINITY - 1, 0, USEC_INFINITY, 4);
	zone_free(zone);
	buf_done(&file);
}

static void check_refused(const void *data, size_t len, const char *sentence) {
	struct zone *zone = NULL;
	struct error err = {""};
	int r = zone_parse("Test/Zone", data, len, &zone, &err);
	if (r != -EINVAL || strcmp(err.text, sentence) != 0) {
		fail_msg("expected a refusal: %s\ngot %d: %s", sentence, r, err.text);
	}
	expect_null(zone);
	expect_int(-EINVAL, zone_parse("Test/Zone", data, len, &zone, NULL));
}

#define DAMAGED "time zone Test/Zone: the file is damaged: "

static void damaged_blocks_are_refused_with_a_reason(void **state) {
	static const int64_t same[] = {5, 5}, falling[] = {5, 4};
	static const int32_t one[] = {0}, east[] = {97200}, west[] = {-93600}, least[] = {INT32_MIN};
	static const struct {
		struct block block;
		const char *sentence;
	} rows[] = {
		{{.types = 0}, DAMAGED "it has no local time type"},
		{{.types = 1, .offset_s = east}, DAMAGED "an offset from UTC is more than 26 hours"},
		{{.types = 1, .offset_s = west}, DAMAGED "an offset from UTC is more than 26 hours"},
		{{.types = 1, .offset_s = least}, DAMAGED "an offset from UTC is more than 26 hours"},
		{{2, same, "00", 1, one, 0}, DAMAGED "its transitions are not in order"},
		{{2, falling, "00", 1, one, 0}, DAMAGED "its transitions are not in order"},
		{{1, same, "1", 1, one, 0}, DAMAGED "a transition has a type that does not exist"},
		{{1, same, "\x2f", 1, one, 0}, DAMAGED "a transition has a type that does not exist"},
		{{0, NULL, "", 1, one, 1}, "time zone Test/Zone: it counts leap seconds, which this system's clock does not: "
		                           "write the name without \"right/\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf file;
		buf_init(&file, 4096);
		put_block(&file, '\0', 4, &rows[i].block);
		check_refused(file.data, file.len, rows[i].sentence);
		buf_clear(&file);
		put_slim(&file, &rows[i].block, "\n\n");
		check_refused(file.data, file.len, rows[i].sentence);
		buf_done(&file);
	}
}

static void footers_that_are_none_are_refused(void **state) {
	static const struct {
		const char *footer, *sentence;
	} rows[] = {
		{"", DAMAGED "it has no footer"},
		{"\n", DAMAGED "it has no footer"},
		{"\nUTC0", DAMAGED "it has no footer"},
		{"UTC0\n", DAMAGED "it has no footer"},
		{"\nUTC\n", "time zone Test/Zone: its footer is not a known rule: \"UTC\""},
		{"\nEST5EDT\n", "time zone Test/Zone: its footer is not a known rule: \"EST5EDT\""},
		{"\nUTC0\x1b\n", "time zone Test/Zone: its footer is not a known rule: \"UTC0\\x1b\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf file;
		buf_init(&file, 4096);
		put_slim(&file, &three, rows[i].footer);
		check_refused(file.data, file.len, rows[i].sentence);
		buf_done(&file);
	}
}

static void counts_that_lie_are_refused(void **state) {
	static const uint32_t lies[] = {1000, 0x10000000, 0x20000000, 0x7fffffff, 0x80000000, 0xffffffff};
	(void)state;
	for (int field = 0; field < 6; field++) {
		for (size_t i = 0; i < COUNT_OF(lies); i++) {
			uint32_t counts[6] = {0, 0, 0, 0, 1, 4};
			counts[field] = lies[i];
			struct buf file;
			buf_init(&file, 4096);
			put_header(&file, '\0', counts);
			put_be(&file, 0, 6);
			buf_append(&file, "XXX", 4);
			check_refused(file.data, file.len, DAMAGED "it is shorter than its header says");
			buf_done(&file);
		}
	}
}

static void every_shorter_file_is_refused(void **state) {
	(void)state;
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, &three, "\n<+01>-1\n");
	for (size_t len = 0; len < file.len; len++) {
		/* A copy of its own, so that reading beyond is noticed. */
		char *data = malloc(len + 1);
		struct zone *zone = NULL;
		expect_not_null(data);
		memcpy(data, file.data, len);
		if (zone_parse("Test/Zone", data, len, &zone, NULL) != -EINVAL) {
			fail_msg("%zu of %zu bytes: expected a refusal, got a zone", len, file.len);
		}
		free(data);
	}
	buf_done(&file);
}

static struct zone *parse_slim(const struct block *block, const char *footer) {
	struct buf file;
	buf_init(&file, 4096);
	put_slim(&file, block, footer);
	struct zone *zone = parse(&file);
	buf_done(&file);
	return zone;
}

/* With a footer or with a list of its transitions, a zone is the same; over times that nobody asks of, it may differ. */
static void zones_agree_if_their_clocks_do(void **state) {
	static const int64_t old[] = {-1000}, change[] = {-1000, 86400}, listed[] = {-1000, 3600, 7200, 86400};
	static const int32_t offsets[] = {0, 3600, 7200};
	const struct {
		struct block block;
		const char *footer;
		usec_t from, to;
		bool expected;
	} rows[] = {
		{{2, change, "12", 3, offsets, 0}, "\n<+02>-2\n", 0, 9 * USEC_PER_DAY, true},
		{{2, change, "12", 3, offsets, 0}, "\n\n", 0, 9 * USEC_PER_DAY, true},
		{{4, listed, "1112", 3, offsets, 0}, "\n<+02>-2\n", 0, 9 * USEC_PER_DAY, true}, /* transitions to the same */
		{{4, listed, "1012", 3, offsets, 0}, "\n<+02>-2\n", 0, 9 * USEC_PER_DAY, false},
		{{4, listed, "1012", 3, offsets, 0}, "\n<+02>-2\n", 2 * USEC_PER_HOUR, 9 * USEC_PER_DAY, true},
		{{4, listed, "1012", 3, offsets, 0}, "\n<+02>-2\n", 0, USEC_PER_HOUR, true},
		{{4, listed, "1012", 3, offsets, 0}, "\n<+02>-2\n", 0, USEC_PER_HOUR + 1, false},
		{{1, old, "1", 3, offsets, 0}, "\n<+01>-1\n", 0, USEC_PER_DAY, true}, /* the change is called off */
		{{1, old, "1", 3, offsets, 0}, "\n<+01>-1\n", 0, USEC_PER_DAY + 1, false},
		{{1, old, "1", 3, offsets, 0}, "\n<+01>-1<+02>,M3.5.0,M10.5.0\n", 0, 9 * USEC_PER_DAY, false},
	};
	struct zone *reference = parse_slim(&rows[0].block, rows[0].footer);
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct zone *other = parse_slim(&rows[i].block, rows[i].footer);
		if (zone_agrees(reference, other, rows[i].from, rows[i].to) != rows[i].expected ||
		    zone_agrees(other, reference, rows[i].from, rows[i].to) != rows[i].expected) {
			fail_msg("row %zu: expected the zones to %s", i, rows[i].expected ? "agree" : "differ");
		}
		zone_free(other);
	}
	zone_free(reference);
}

static void what_is_no_tzif_file_is_refused(void **state) {
	static char large[(1 << 20) + 1] = "TZif";
	char magic[44] = "TZIF";
	(void)state;
	check_refused("", 0, "time zone Test/Zone: not a TZif file");
	check_refused("# comment", 9, "time zone Test/Zone: not a TZif file");
	check_refused(magic, sizeof(magic), "time zone Test/Zone: not a TZif file");
	check_refused(large, sizeof(large), DAMAGED "it is larger than 1 MiB");
}

static void names_cannot_leave_the_directory(void **state) {
	static const char *const rows[] = {
		"",         "/etc/passwd", "/UTC",     "../../../etc/localtime", "Europe/../UTC", "..",  ".",
		"UTC/",     "Europe Berlin", "UTC\n", "Europe/Berlin.bak",      "caf\xc3\xa9",   "%s",  "UTC;x",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct zone *zone = NULL;
		struct error err = {""};
		int r = zone_load(rows[i], &zone, &err);
		if (r != -ENOENT || zone || !strstr(err.text, "is not in this machine's time zone database: ")) {
			fail_msg("\"%s\": expected %d, got %d: %s", rows[i], -ENOENT, r, err.text);
		}
	}
}

static void names_that_are_no_zone_are_told_apart(void **state) {
	static const struct {
		const char *name;
		int expected;
		const char *sentence;
	} rows[] = {
		{"Europe/Berln", -ENOENT, "\"Europe/Berln\" is not in this machine's time zone database: "
		                          "did you mean \"Europe/Berlin\"?"},
		{"UTC/Berlin", -ENOENT, "\"UTC/Berlin\" is not in this machine's time zone database: "
		                        "write an IANA name such as \"America/Denver\" or \"UTC\""},
		{"EST5EDT4", -ENOENT, "\"EST5EDT4\" is not in this machine's time zone database: "
		                      "write an IANA name such as \"America/Denver\" or \"UTC\""},
		{"Europe", -ENOENT, "\"Europe\" is a directory of time zones: "
		                    "write an IANA name such as \"America/Denver\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct zone *zone = NULL;
		struct error err = {""};
		int r = zone_load(rows[i].name, &zone, &err);
		if (r != rows[i].expected || strcmp(err.text, rows[i].sentence) != 0) {
			fail_msg("%s: expected %d: %s\ngot %d: %s", rows[i].name, rows[i].expected, rows[i].sentence, r, err.text);
		}
		expect_null(zone);
	}
}

static void zones_of_all_kinds_load(void **state) {
	static const struct {
		const char *name, *at;
		int32_t offset_s;
	} rows[] = {
		{"UTC", "2026-11-23T00:00:00Z", 0},
		{"America/Panama", "2026-07-01T00:00:00Z", -18000},
		{"GMT", "2026-07-01T00:00:00Z", 0},
		{"Etc/GMT+5", "2026-07-01T00:00:00Z", -18000},
		{"Etc/GMT-14", "2026-07-01T00:00:00Z", 50400},
		{"America/Denver", "2026-11-23T00:00:00Z", -25200},
		{"America/Denver", "2026-07-01T00:00:00Z", -21600},
		{"America/Argentina/Buenos_Aires", "2026-07-01T00:00:00Z", -10800},
		{"Asia/Kathmandu", "2026-07-01T00:00:00Z", 20700},
		{"Asia/Kolkata", "2026-07-01T00:00:00Z", 19800},
		{"Africa/Casablanca", "2021-05-01T00:00:00Z", 0}, /* Ramadan */
		{"Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600},
		{"Pacific/Apia", "2011-12-30T09:59:59Z", -36000},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", 50400},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct zone *zone;
		struct zone_period period;
		struct error err = {""};
		usec_t at;
		if (zone_load(rows[i].name, &zone, &err) != 0) {
			fail_msg("expected %s to load, got: %s", rows[i].name, err.text);
		}
		expect_int(0, utc_parse(rows[i].at, false, &at));
		zone_period_at(zone, at, &period);
		expect_int(rows[i].offset_s, period.offset_s, "%s at %s", rows[i].name, rows[i].at);
		zone_free(zone);
	}
	zone_free(NULL);
}

static size_t read_zone(const char *name, unsigned char *data, size_t size) {
	char path[256];
	(void)snprintf(path, sizeof(path), "%s%s", ZONES_DIRECTORY, name);
	FILE *file = fopen(path, "re");
	expect_not_null(file);
	size_t len = fread(data, 1, size, file);
	(void)fclose(file);
	return len;
}

static void zone_knows_whether_its_file_is_as_it_was(void **state) {
	(void)state;
	unsigned char data[8192];
	struct zone *loaded, *parsed;
	size_t len = read_zone("Europe/Berlin", data, sizeof(data));
	expect_int(0, zone_load("Europe/Berlin", &loaded, NULL));
	expect_int(0, zone_parse("Europe/Berlin", data, len, &parsed, NULL));
	expect_true(zone_is_untouched(loaded));
	expect_false(zone_is_untouched(parsed));
	expect_true(zone_agrees(loaded, parsed, INT64_MIN, USEC_INFINITY));
	zone_free(loaded);
	zone_free(parsed);
}

/* Where the database lacks them, the message says so: see test_zone_database. */
static void old_names_load_where_the_database_has_them(void **state) {
	static const struct {
		const char *name;
		int32_t winter_s, summer_s;
	} rows[] = {
		{"EST", -18000, -18000},     {"MST", -25200, -25200},     {"HST", -36000, -36000},
		{"EST5EDT", -18000, -14400}, {"CST6CDT", -21600, -18000}, {"US/Pacific", -28800, -25200},
		{"GMT+0", 0, 0},             {"GMT-0", 0, 0},             {"CET", 3600, 7200},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char path[64];
		struct zone *zone;
		struct zone_period winter, summer;
		struct error err = {""};
		(void)snprintf(path, sizeof(path), "%s%s", ZONES_DIRECTORY, rows[i].name);
		int r = zone_load(rows[i].name, &zone, &err);
		if (!zones_is_tzif(path)) {
			print_message("# %s: not in this machine's time zone database: not loaded\n", rows[i].name);
			expect_int(-ENOENT, r);
			expect_part("tzdata-legacy", err.text);
			continue;
		}
		if (r != 0) {
			fail_msg("expected %s to load, got: %s", rows[i].name, err.text);
		}
		zone_period_at(zone, 1768435200 * USEC_PER_SEC, &winter); /* 2026-01-15 */
		zone_period_at(zone, 1784073600 * USEC_PER_SEC, &summer); /* 2026-07-15 */
		if (winter.offset_s != rows[i].winter_s || summer.offset_s != rows[i].summer_s) {
			fail_msg("%s: expected %d and %d, got %d and %d", rows[i].name, (int)rows[i].winter_s,
			         (int)rows[i].summer_s, (int)winter.offset_s, (int)summer.offset_s);
		}
		zone_free(zone);
	}
}

static void system_s_zone_is_one_that_loads(void **state) {
	(void)state;
	char name[64], small[2];
	struct zone *zone;
	expect_same(name, zone_system_name(name, sizeof(name)));
	expect_int(0, zone_load(name, &zone, NULL));
	zone_free(zone);
	zone_system_name(small, sizeof(small));
	expect_true(strlen(small) < sizeof(small));
}

/* What a zone promises, whatever its file said. */
static void check_promises(const struct zone *zone, struct rng *rng) {
	usec_t at = rng_below(rng, 8 * USEC_PER_DAY * 3652) - 4 * USEC_PER_DAY * 3652;
	for (int i = 0; i < 10; i++) {
		struct zone_period period;
		zone_period_at(zone, at, &period);
		if (period.start > at || period.end <= at || period.offset_s < -93599 || period.offset_s > 97199) {
			fail_msg("at %" PRId64 ": expected a period around it, got %d s from %" PRId64 " to %" PRId64, at,
			         (int)period.offset_s, period.start, period.end);
		}
		for (enum interval interval = INTERVAL_NONE; interval < INTERVAL_COUNT; interval++) {
			const struct grid grid = {zone, interval, 12 * USEC_PER_HOUR, 1};
			usec_t low = grid_floor(&grid, at);
			usec_t high = grid_next(&grid, at);
			if (low > at || high <= at || grid_floor(&grid, high) != high || grid_next(&grid, low) != high) {
				fail_msg("%s at %" PRId64 ": expected a bucket around it, got %" PRId64 " to %" PRId64,
				         interval_name(interval), at, low, high);
			}
		}
		at = period.end < 8 * USEC_PER_DAY * 3652 ? period.end : at + USEC_PER_DAY;
	}
}

static void damaged_file_is_refused_or_still_keeps_every_promise(void **state) {
	static const char *const names[] = {"America/Denver", "Africa/Casablanca", "Australia/Lord_Howe", "Etc/GMT+5"};
	(void)state;
	struct rng rng;
	seed_of_run(&rng);
	int rounds = zones_slow() ? 200 : 20000;
	int parsed = 0;

	for (int i = 0; i < rounds; i++) {
		unsigned char data[8192];
		struct zone *zone;
		size_t len = read_zone(names[rng_below(&rng, COUNT_OF(names))], data, sizeof(data));
		for (int64_t j = rng_below(&rng, 4); j >= 0; j--) {
			/* The end, with the footer, is hit as often as all the rest. */
			size_t from = rng_below(&rng, 2) == 0 && len > 40 ? len - 40 : 0;
			data[from + (size_t)rng_below(&rng, (int64_t)(len - from))] = (unsigned char)rng_below(&rng, 256);
		}
		if (zone_parse("Test/Zone", data, len, &zone, NULL) == 0) {
			check_promises(zone, &rng);
			zone_free(zone);
			parsed++;
		}
	}
	/* Neither all nor none: else this shows nothing. */
	expect_between(rounds / 20, rounds - rounds / 20, parsed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_version_has_32_bit_times_and_no_footer),
		cmocka_unit_test(second_version_s_second_block_is_the_one_that_counts),
		cmocka_unit_test(footer_s_rule_holds_from_the_last_transition_on),
		cmocka_unit_test(rule_that_is_already_on_is_cut_at_the_last_transition),
		cmocka_unit_test(without_transitions_the_footer_is_all),
		cmocka_unit_test(transitions_that_change_no_offset_are_no_boundaries),
		cmocka_unit_test(times_beyond_usec_t_are_never),
		cmocka_unit_test(damaged_blocks_are_refused_with_a_reason),
		cmocka_unit_test(footers_that_are_none_are_refused),
		cmocka_unit_test(counts_that_lie_are_refused),
		cmocka_unit_test(every_shorter_file_is_refused),
		cmocka_unit_test(zones_agree_if_their_clocks_do),
		cmocka_unit_test(what_is_no_tzif_file_is_refused),
		cmocka_unit_test(names_cannot_leave_the_directory),
		cmocka_unit_test(names_that_are_no_zone_are_told_apart),
		cmocka_unit_test(zones_of_all_kinds_load),
		cmocka_unit_test(zone_knows_whether_its_file_is_as_it_was),
		cmocka_unit_test(old_names_load_where_the_database_has_them),
		cmocka_unit_test(system_s_zone_is_one_that_loads),
		cmocka_unit_test(damaged_file_is_refused_or_still_keeps_every_promise),
	};
	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
