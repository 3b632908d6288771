// SPDX-License-Identifier: ISC

/*
 * A directory of log files, as a start finds it: the first byte says what the input is,
 * the rest is its content.  Whatever stands there, reading it ends, and tells only of
 * lines that are records.
 */

#include "fuzz.h"

#include "base/rng.h"
#include "sink/echo.h"
#include "sink/ndjson.h"
#include "sink/lines.h"
#include "sink/replay.h"
#include "tool/inflate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
	"occupancy.ndjson",
	"occupancy.csv",
	"occupancy-20261123T000000Z.ndjson",
	"occupancy-20261123T000000Z.csv",
	"occupancy-20261123T000000Z.ndjson.gz",
	"occupancy-20261123T000000Z.csv.gz",
};

static void visit(const struct log_entry *entry, void *user) {
	++*(size_t *)user;
	must(entry->uuid[0] && strlen(entry->uuid) < sizeof(entry->uuid), "a record of no device");
	must(entry->interval < INTERVAL_COUNT, "a record of no interval");
	must(entry->start < entry->end, "a record that ends before it begins");
	must(entry->revision >= 0 && entry->revision <= UINT16_MAX, "revision %d", entry->revision);
	must(entry->status == RECORD_OK || entry->count == 0, "a count that is none");
	must((entry->entry > 0) == (entry->account.len > 0), "an entry of no account, or an account without one");
}

static bool is_same_text(const struct slice *a, const struct slice *b) {
	return a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

static bool is_same(const struct log_entry *entry, const struct log_entry *other) {
	return entry->start == other->start && entry->end == other->end && strcmp(entry->uuid, other->uuid) == 0 &&
	       entry->interval == other->interval && entry->status == other->status && entry->count == other->count &&
	       entry->revision == other->revision && entry->offset_s == other->offset_s &&
	       entry->has_previous == other->has_previous && is_same_text(&entry->name, &other->name) &&
	       entry->entry == other->entry && is_same_text(&entry->account, &other->account);
}

/* What is read fast, because it looks as it was written, says the same as what is read member by member. */
static void check_ways(const char *text, size_t len, int r, const struct log_entry *entry) {
	static const char before[] = "{\"x\":0,";
	static char other[1 << 17];
	struct log_entry slow;
	size_t other_len = len - 1 + sizeof(before) - 1;

	if (text[0] != '{' || len < 4 || other_len > sizeof(other)) {
		return;
	}
	memcpy(other, before, sizeof(before) - 1);
	memcpy(other + sizeof(before) - 1, text + 1, len - 1);
	int s = ndjson_parse(other, other_len, &slow);
	must(r == s, "%d, and %d member by member", r, s);
	must(r < 0 || is_same(entry, &slow), "they read different records");
}

/* What is not read, because it sounds like an earlier line, would have been read as what was heard. */
static void check_echoes(struct echo echoes[static 4], struct heard_times *times, const char *text, size_t len, int r,
                         const struct log_entry *entry) {
	static size_t next;
	for (size_t i = 0; i < 4; i++) {
		size_t heard = echo_hear(&echoes[i], times, text, len);
		if (heard > 0) {
			must(heard == len && r == 0 && is_same(entry, &echoes[i].entry), "%d, and heard", r);
		}
	}
	if (r == 0) {
		must(echo_learn(&echoes[next++ % 4], text, entry) == 0, "memory");
	}
}

static void check_lines(const char *name, const char *text, size_t len) {
	const struct log_codec *codec = log_codec_of_name(name);
	struct echo echoes[4] = {{.len = 0}};
	struct heard_times times = {.start.time = 0};
	for (const char *end; len > 0 && (end = memchr(text, '\n', len)); len -= (size_t)(end + 1 - text), text = end + 1) {
		struct log_entry entry;
		size_t line_len = (size_t)(end + 1 - text);
		if (memchr(text, 0, line_len)) {
			continue;
		}
		int r = codec->parse(text, line_len, &entry);
		must(r == 0 || r == -EBADMSG || r == -ENODATA, "%d", r);
		static struct log_about about;
		int described = codec->describe(text, line_len, &about);
		must(described == 0 || described == -EBADMSG, "%d", described);
		if (codec == log_codec_of(LOG_FORMAT_NDJSON)) {
			check_ways(text, line_len, r, &entry);
		}
		check_echoes(echoes, &times, text, line_len, r, &entry);
	}
	for (size_t i = 0; i < 4; i++) {
		echo_done(&echoes[i]);
	}
}

/* All lines of a file, and how it ended. */
static uint64_t sum_lines(struct lines *lines, const char *path, size_t *ret_count, int *ret_end) {
	struct line line;
	uint64_t sum = 0;
	int r = lines_open(lines, path);

	*ret_count = 0;
	while (r >= 0 && (r = lines_next(lines, &line)) > 0) {
		uint64_t parts[] = {sum, line.text ? rng_hash(line.text, line.len) : 1, line.len, (uint64_t)line.at, line.whole};
		sum = rng_hash(parts, sizeof(parts));
		++*ret_count;
	}
	*ret_end = r;
	return sum;
}

/* What is unpacked at once is what is unpacked by blocks; what is damaged may be found to be so later. */
static void check_unpacking(const char *path) {
	struct lines *slow = lines_new(), *fast = lines_new();
	struct inflater *inflater = inflater_new();
	size_t slow_count, fast_count;
	int slow_end, fast_end;

	must(slow && fast && inflater, "memory");
	lines_set_unpacker(fast, &inflater_way, inflater);
	uint64_t slow_sum = sum_lines(slow, path, &slow_count, &slow_end);
	uint64_t fast_sum = sum_lines(fast, path, &fast_count, &fast_end);
	must(slow_end < 0 || (fast_end == 0 && fast_sum == slow_sum), "%zu lines, and %zu at once, %d", slow_count, fast_count, fast_end);
	must(fast_end == 0 || fast_end == -EBADMSG, "%d", fast_end);
	must(fast_count >= slow_count, "%zu lines, and %zu at once", slow_count, fast_count);
	lines_free(slow);
	lines_free(fast);
	inflater_free(inflater);
}

void fuzz_one(const uint8_t *data, size_t len) {
	if (len == 0) {
		return;
	}
	const char *name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
	const char *current = strstr(name, ".csv") ? "occupancy.csv" : "occupancy.ndjson";
	size_t visits = 0;
	struct replay replay = {.visit = visit, .user = &visits};
	struct error err = {{0}};
	int64_t zeros;

	check_lines(name, (const char *)data + 1, len - 1);
	(void)fuzz_write(current, "", 0);
	char path[512];
	(void)snprintf(path, sizeof(path), "%s", fuzz_write(name, data + 1, len - 1));
	check_unpacking(path);
	int r = replay_run(fuzz_directory(), current, NULL, &replay, &zeros, &err);
	must(r == 0, "%s", err.text);
	must(visits == replay.records, "%zu visits, %zu records", visits, replay.records);
	must(zeros < (int64_t)len, "zeros behind the end");

	/* From some position of the file, right or wrong. */
	struct sink_position position = {.inode = 1, .size = (int64_t)(len / 2), .tail = data[0]};
	visits = 0;
	replay = (struct replay){.visit = visit, .user = &visits};
	must(replay_run(fuzz_directory(), current, &position, &replay, &zeros, &err) == 0, "%s", err.text);
	(void)unlink(path);
}
