// SPDX-License-Identifier: ISC

#include "tool/lineforms.h"

#include "base/json.h"
#include "tool/clocktext.h"
#include "tool/decimal.h"

#include <errno.h>
#include <string.h>

/* What the lines of a room share, made once, and its clocks. */
struct line_room {
	const struct job *job;
	const struct subject *subject;
	struct buf shared;
	struct clocktext utc, local;
};

/* How a form writes them. */
struct lines_of {
	void (*share)(struct line_room *room);
	/* Writes a line, which has room for LINE_SIZE bytes and what is shared; returns what is behind it. */
	char *(*put)(struct line_room *room, const struct row *row, char *at);
	bool has_empty; /* rows without a count too */
};
enum { LINE_SIZE = 256 };

static char *put_text(char *at, const char *text) {
	return mempcpy(at, text, strlen(text));
}

static char *put_shared(const struct line_room *room, char *at) {
	memcpy(at, room->shared.data, room->shared.len);
	return at + room->shared.len;
}

static const char *interval_of(const struct line_room *room) {
	return room->job->coarse ? room->job->every : interval_name(room->subject->room->interval);
}

static int put_rows(struct job *job, const struct lines_of *form, struct line_room *room) {
	const struct subject *subject = room->subject;
	struct rows rows;
	struct row row;

	buf_clear(&room->shared);
	form->share(room);
	clocktext_init(&room->local, subject->room->zone, 'T');
	rows_begin(&rows, subject->room, subject->series, job->coarse, subject->from, subject->to);
	int r = buf_error(&room->shared);
	while (r == 0 && rows_next(&rows, &row)) {
		if (row.count >= 0 || form->has_empty) {
			char *at = output_room(&job->output, LINE_SIZE + room->shared.len);
			output_took(&job->output, form->put(room, &row, at));
			job->rows++;
			r = job->output.error;
		}
	}
	return r;
}

static int put_rooms(struct job *job, const struct lines_of *form) {
	struct line_room room = {.job = job};
	int r = 0;

	buf_init(&room.shared, BUF_ANY);
	clocktext_init(&room.utc, NULL, 'T');
	for (size_t i = 0; r == 0 && i < job->count; i++) {
		progress_show(&job->progress, i, job->count, "rooms");
		room.subject = &job->subjects[i];
		r = put_rows(job, form, &room);
	}
	buf_done(&room.shared);
	return r;
}

/* JSON */

static void share_json(struct line_room *room) {
	struct buf *out = &room->shared;
	buf_puts(out, "\",\"room\":");
	json_put_string(out, room->subject->name);
	buf_puts(out, ",\"site\":");
	json_put_string(out, room->subject->site[0] ? room->subject->site : NULL);
	buf_puts(out, ",\"device\":");
	json_put_string(out, room->subject->room->uuid);
	buf_puts(out, ",\"interval\":");
	json_put_string(out, interval_of(room));
	buf_printf(out, ",\"%s\":", room->job->coarse ? room->job->with : "count");
}

static char *put_json_state(const struct line_room *room, const struct row *row, char *at) {
	if (room->job->coarse) {
		return decimal_put_share(put_text(at, ",\"known\":"), row->known, row->end - row->start, '.');
	}
	at = put_text(put_text(at, ",\"status\":\""), row_status(row));
	*at++ = '"';
	return at;
}

static char *put_json(struct line_room *room, const struct row *row, char *at) {
	at = clocktext_put(&room->utc, put_text(at, "{\"time\":\""), row->start);
	at = clocktext_put(&room->utc, put_text(at, "Z\",\"end\":\""), row->end);
	at = clocktext_put_offset(&room->local, put_text(at, "Z\",\"local_time\":\""), row->start);
	at = put_shared(room, at);
	at = row->count >= 0 ? decimal_put(at, row->count, row->millionths, '.') : put_text(at, "null");
	return put_text(put_json_state(room, row, at), "}\n");
}

int lineforms_json(struct job *job, struct error *err) {
	static const struct lines_of form = {share_json, put_json, true};
	(void)err;
	return put_rooms(job, &form);
}

/* Line protocol: what its tags cannot hold stands behind a backslash. */

static void put_tag(struct buf *out, const char *name, const char *value) {
	size_t len = strlen(value);
	if (len == 0) {
		return; /* a tag has a value, or is not there */
	}
	buf_printf(out, ",%s=", name);
	for (size_t i = 0; i < len; i++) {
		if (strchr(", =", value[i])) {
			buf_putc(out, '\\');
		}
		buf_putc(out, value[i]);
	}
	if (value[len - 1] == '\\') {
		/* One at the end would take what is behind it for its own. */
		buf_puts(out, "\\ ");
	}
}

static void share_influx(struct line_room *room) {
	struct buf *out = &room->shared;
	buf_puts(out, "occupancy");
	put_tag(out, "device", room->subject->room->uuid);
	put_tag(out, "interval", interval_of(room));
	put_tag(out, "room", room->subject->name);
	put_tag(out, "site", room->subject->site);
	buf_printf(out, " %s=", room->job->coarse ? room->job->with : "count");
}

/* In that unit; before 1970 it is negative.  Only seconds have decimals. */
static char *put_time(char *at, usec_t instant, usec_t unit) {
	usec_t away = instant < 0 ? -instant : instant;
	if (instant < 0) {
		*at++ = '-';
	}
	return decimal_put(at, away / unit, (uint32_t)(away % unit), '.');
}

static char *put_influx(struct line_room *room, const struct row *row, char *at) {
	at = decimal_put(put_shared(room, at), row->count, row->millionths, '.');
	if (!room->job->coarse || room->job->coarse->with != COARSE_MEAN) {
		*at++ = 'i'; /* a mean is never an integer, so that all of them are of one type */
	}
	*at++ = ' ';
	return put_text(put_time(at, row->start, 1), "000\n");
}

int lineforms_influx(struct job *job, struct error *err) {
	static const struct lines_of form = {share_influx, put_influx, false};
	(void)err;
	return put_rooms(job, &form);
}

/* OpenMetrics */

static const char *metric_of(const struct job *job) {
	static const char *const names[] = {
		[COARSE_MEAN] = "occupancy_people_mean", [COARSE_MAX] = "occupancy_people_max", [COARSE_LAST] = "occupancy_people_last"};
	return job->coarse ? names[job->coarse->with] : "occupancy_people";
}

static void put_label(struct buf *out, const char *name, const char *value, const char *behind) {
	buf_printf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"') {
			buf_putc(out, '\\');
		}
		buf_putc(out, *value);
	}
	buf_puts(out, behind);
}

static void share_openmetrics(struct line_room *room) {
	struct buf *out = &room->shared;
	buf_puts(out, metric_of(room->job));
	buf_putc(out, '{');
	put_label(out, "device", room->subject->room->uuid, "\",");
	put_label(out, "interval", interval_of(room), "\",");
	put_label(out, "room", room->subject->name, "\",");
	put_label(out, "site", room->subject->site, "\"} ");
}

static char *put_openmetrics(struct line_room *room, const struct row *row, char *at) {
	at = decimal_put(put_shared(room, at), row->count, row->millionths, '.');
	*at++ = ' ';
	at = put_time(at, row->start, USEC_PER_SEC);
	*at++ = '\n';
	return at;
}

int lineforms_openmetrics(struct job *job, struct error *err) {
	static const struct lines_of form = {share_openmetrics, put_openmetrics, false};
	const char *metric = metric_of(job);
	(void)err;

	output_puts(&job->output, "# TYPE ");
	output_puts(&job->output, metric);
	output_puts(&job->output, " gauge\n# HELP ");
	output_puts(&job->output, metric);
	output_puts(&job->output, " People in the room from the time on, until the interval ends.\n");
	int r = put_rooms(job, &form);
	output_puts(&job->output, "# EOF\n");
	return r;
}
