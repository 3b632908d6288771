// SPDX-License-Identifier: ISC

/*
 * A body of a 200, and what becomes of it: points, records, lines in each format that
 * read back as what was recorded.  The first byte chooses how it is asked for.
 */

#include "fuzz.h"

#include "calendar/zone.h"
#include "response/fit.h"
#include "response/record.h"
#include "sink/format.h"

#include <errno.h>
#include <string.h>

#define START (1795421700 * USEC_PER_SEC) /* 2026-11-23T08:15:00Z */

static struct account account = {.name = "acme"};
static struct settings settings = {.bucket = {.interval = INTERVAL_MINUTELY}, .max_points = 1440};
static struct device device = {.uuid = "AAAAAAAAAAAAAAAAAAAAAA.v0", .name = "lobby", .account = &account,
                               .settings = &settings};

static void check_line(const struct record *record, enum log_format format) {
	const struct log_codec *codec = log_codec_of(format);
	struct log_entry entry;
	struct buf line;
	buf_init(&line, SIZE_MAX / 2);
	codec->format(record, &line);
	must(buf_error(&line) == 0, "no memory");
	fuzz_must_be_line(line.data, line.len, format == LOG_FORMAT_CSV ? "\r\n" : "\n");
	must(codec->parse(line.data, line.len, &entry) == 0, "not read back: %s", line.data);
	must(strcmp(entry.uuid, device.uuid) == 0 && entry.interval == settings.bucket.interval &&
	     entry.start == record->start && entry.end == record->end && entry.status == record->status &&
	     entry.revision == record->revision, "read back as another: %s", line.data);
	must(entry.count == (record->status == RECORD_OK ? record->count : 0), "another count: %s", line.data);
	buf_done(&line);
}

/* What stands in a journal becomes the same line, and the number of its entry. */
static void check_carried(const struct record *record, enum log_format format) {
	const struct log_codec *codec = log_codec_of(format);
	struct log_entry entry;
	struct buf line, want, got;
	buf_init(&line, SIZE_MAX / 2);
	buf_init(&want, SIZE_MAX / 2);
	buf_init(&got, SIZE_MAX / 2);
	log_journal_codec->format(record, &line);
	codec->format(record, &want);
	codec->number(&want, 8812);
	codec->carry(line.data, line.len, 8812, &got);
	must(buf_error(&got) == 0, "not carried: %s", line.data);
	must(want.len == got.len && memcmp(want.data, got.data, got.len) == 0, "carried as another: %s", got.data);
	must(codec->parse(got.data, got.len, &entry) == 0 && entry.entry == 8812, "not read back: %s", got.data);
	must(entry.account.len == 4 && memcmp(entry.account.text, "acme", 4) == 0, "another account: %s", got.data);
	buf_done(&line);
	buf_done(&want);
	buf_done(&got);
}

static void check_points(const struct points *points) {
	for (size_t i = 0; i < points->len; i++) {
		const struct point *point = &points->list[i];
		const size_t texts[] = {point->event_counts, point->approximate_timestamps_ms, point->reporting_devices,
		                        point->date_local, point->date_utc};
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			must(texts[j] < points->text.len || texts[j] == 0, "a text outside");
		}
	}
}

static void check_records(const struct points *points, const struct fit *fit, const struct span *span) {
	struct records records;
	struct poll poll;
	records_init(&records);
	poll_init(&poll, &device, START, START);
	must(records_make(&records, &poll, span, fit, points, START + USEC_PER_HOUR) == 0, "no memory");
	must(records.len == 60, "%zu records of 60 buckets", records.len);
	for (size_t i = 0; i < records.len; i++) {
		for (enum log_format format = 0; format < LOG_FORMAT_COUNT; format++) {
			check_line(&records.list[i], format);
			check_carried(&records.list[i], format);
		}
	}
	records_done(&records);
	poll_done(&poll);
}

/* What does not fit says so, with every habit; what does becomes records. */
static void check_fit(const struct points *points) {
	static const struct habit habits[] = {
		{.longer = INTERVAL_NONE}, {.longer = INTERVAL_HOURLY}, {.wrong_end = true}, {.misfit = true},
	};
	struct span span = {START, START, START + USEC_PER_HOUR, 60, 60};
	struct fit fit;
	fit_init(&fit);
	for (size_t i = 0; i < 2 * sizeof(habits) / sizeof(habits[0]); i++) {
		struct error err = {{0}};
		settings.stamp = i % 2 ? STAMP_END : STAMP_START;
		int r = fit_points(&fit, &settings, &habits[i / 2], &span, points, &err);
		must(r == 0 || r == -EBADMSG, "%d", r);
		must((err.text[0] == '\0') == (r == 0), "a sentence and %d", r);
		fuzz_must_be_line(err.text, strlen(err.text), "");
		if (r == 0) {
			check_records(points, &fit, &span);
		}
	}
	fit_done(&fit);
}

void fuzz_one(const uint8_t *data, size_t len) {
	static const char *const keys[] = {NULL, "people", "PEOPLE"};
	static struct zone *zone;
	static struct points points;
	if (!zone) {
		must(zone_load("America/Denver", &zone, NULL) == 0, "no zone");
		settings.bucket.zone = zone;
		points_init(&points);
	}
	if (len == 0) {
		return;
	}
	const char *key = keys[data[0] % 3];
	/* As it comes from the network: with a NUL behind it. */
	char *body = malloc(len);
	must(body, "no memory");
	memcpy(body, data + 1, len - 1);
	body[len - 1] = '\0';

	struct error err = {{0}};
	int r = parse_points(&points, body, len - 1, key, &err);
	must(r == 0 || r == -EBADMSG || r == -EREMOTEIO, "%d", r);
	fuzz_must_be_line(err.text, strlen(err.text), "");
	char message[MESSAGE_SIZE];
	parse_message(body, len - 1, message);
	fuzz_must_be_line(message, strlen(message), "");
	if (r == 0) {
		check_points(&points);
		check_fit(&points);
	}
	free(body);
}
