// SPDX-License-Identifier: ISC

#include "tool/csvform.h"

#include "sink/csv.h"
#include "tool/decimal.h"
#include "tool/clocktext.h"
#include "tool/wide.h"

#include <errno.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static char separator_of(const struct job *job) {
	return job->dialect == DIALECT_EXCEL_SEMICOLON ? ';' : ',';
}

static char point_of(const struct job *job) {
	return job->dialect == DIALECT_EXCEL_SEMICOLON ? ',' : '.';
}

static void put_mark(struct job *job) {
	if (job->dialect != DIALECT_RFC4180) {
		output_puts(&job->output, BYTE_ORDER_MARK);
	}
}

/* Appends a text and a separator. */
static void put_text(const struct job *job, struct buf *out, const char *text) {
	csv_put_text(out, text, ",;\"");
	buf_putc(out, separator_of(job));
}

/* What a row has between its times and its count, separators and all. */
static int put_middle(const struct job *job, const struct subject *subject, struct buf *out) {
	buf_clear(out);
	buf_putc(out, separator_of(job));
	put_text(job, out, subject->site);
	put_text(job, out, subject->name);
	put_text(job, out, subject->room->uuid);
	put_text(job, out, job->coarse ? job->every : interval_name(subject->room->interval));
	return buf_error(out);
}

/* Of a coarser row the part of its time that is known, else the reason why there is no count. */
static char *put_last_column(const struct job *job, const struct row *row, char *at) {
	if (job->coarse) {
		return decimal_put_share(at, row->known, row->end - row->start, point_of(job));
	}
	const char *status = row_status(row);
	return mempcpy(at, status, strlen(status));
}

static char *put_times(const struct job *job, struct clocktext *utc, struct clocktext *local, usec_t instant, char *at) {
	at = clocktext_put(utc, at, instant);
	if (job->dialect != DIALECT_RFC4180) {
		*at++ = separator_of(job);
		return clocktext_put(local, at, instant);
	}
	*at++ = 'Z';
	*at++ = ',';
	return clocktext_put_offset(local, at, instant);
}

/* The longest row but for its middle. */
enum { ROW_SIZE = 256 };

static int put_room(struct job *job, const struct subject *subject, struct clocktext *utc, struct buf *middle) {
	char blank = job->dialect == DIALECT_RFC4180 ? 'T' : ' ', separator = separator_of(job);
	struct clocktext local;
	struct rows rows;
	struct row row;
	int r = put_middle(job, subject, middle);

	clocktext_init(&local, subject->room->zone, blank);
	rows_begin(&rows, subject->room, subject->series, job->coarse, subject->from, subject->to);
	while (r == 0 && rows_next(&rows, &row)) {
		char *at = output_room(&job->output, ROW_SIZE + middle->len);
		at = put_times(job, utc, &local, row.start, at);
		memcpy(at, middle->data, middle->len);
		at += middle->len;
		if (row.count >= 0) {
			at = decimal_put(at, row.count, row.millionths, point_of(job));
		}
		*at++ = separator;
		at = put_last_column(job, &row, at);
		*at++ = '\r';
		*at++ = '\n';
		output_took(&job->output, at);
		job->rows++;
		r = job->output.error;
	}
	return r;
}

int csvform_long(struct job *job, struct error *err) {
	static const char *const columns[] = {"time", "local_time", "site", "room", "device", "interval"};
	struct clocktext utc;
	struct buf middle;
	int r = 0;
	(void)err;

	put_mark(job);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		output_puts(&job->output, columns[i]);
		output_put(&job->output, &(char){separator_of(job)}, 1);
	}
	output_puts(&job->output, job->coarse ? job->with : "count");
	output_put(&job->output, &(char){separator_of(job)}, 1);
	output_puts(&job->output, job->coarse ? "known\r\n" : "status\r\n");

	buf_init(&middle, BUF_ANY);
	clocktext_init(&utc, NULL, job->dialect == DIALECT_RFC4180 ? 'T' : ' ');
	for (size_t i = 0; r == 0 && i < job->count; i++) {
		progress_show(&job->progress, i, job->count, "rooms");
		r = put_room(job, &job->subjects[i], &utc, &middle);
	}
	buf_done(&middle);
	return r;
}

/* The times of a row: by one clock that all rooms share, or a date. */
static char *put_wide_times(const struct job *job, const struct wide *wide, struct clocktext *utc, struct clocktext *local, char *at) {
	if (wide->by_date) {
		char text[CLOCKTEXT_LEN];
		(void)clocktext_put(utc, text, wide->local);
		memcpy(at, text, strlen("2026-11-23"));
		return at + strlen("2026-11-23");
	}
	if (wide->one_clock) {
		return put_times(job, utc, local, wide->instant, at);
	}
	at = clocktext_put(utc, at, wide->instant);
	if (job->dialect == DIALECT_RFC4180) {
		*at++ = 'Z';
	}
	return at;
}

static void put_wide_row(struct job *job, const struct wide *wide, struct clocktext *utc, struct clocktext *local) {
	char *at = output_room(&job->output, ROW_SIZE);
	output_took(&job->output, put_wide_times(job, wide, utc, local, at));
	for (size_t i = 0; i < job->count; i++) {
		const struct row *cell = wide_cell(wide, i);
		at = output_room(&job->output, DECIMAL_SIZE + 1);
		*at++ = separator_of(job);
		if (cell && cell->count >= 0) {
			at = decimal_put(at, cell->count, cell->millionths, point_of(job));
		}
		output_took(&job->output, at);
	}
	output_puts(&job->output, "\r\n");
	job->rows++;
}

static int put_wide_header(struct job *job, const struct wide *wide) {
	struct buf titles;

	buf_init(&titles, BUF_ANY);
	buf_puts(&titles, wide->by_date ? "date" : "time");
	if (!wide->by_date && wide->one_clock) {
		buf_putc(&titles, separator_of(job));
		buf_puts(&titles, "local_time");
	}
	for (size_t i = 0; i < job->count; i++) {
		struct buf title;
		buf_init(&title, BUF_ANY);
		wide_title(job, i, &title);
		buf_putc(&titles, separator_of(job));
		csv_put_text(&titles, buf_text(&title), ",;\"");
		buf_done(&title);
	}
	buf_puts(&titles, "\r\n");
	put_mark(job);
	output_put(&job->output, buf_text(&titles), titles.len);
	int r = buf_error(&titles);
	buf_done(&titles);
	return r;
}

int csvform_wide(struct job *job, struct error *err) {
	char blank = job->dialect == DIALECT_RFC4180 ? 'T' : ' ';
	struct clocktext utc, local;
	struct wide wide;
	int r = wide_begin(&wide, job);
	(void)err;

	if (r == 0) {
		r = put_wide_header(job, &wide);
	}
	clocktext_init(&utc, NULL, blank);
	clocktext_init(&local, wide.zone, blank);
	while (r == 0 && wide_next(&wide)) {
		put_wide_row(job, &wide, &utc, &local);
		r = job->output.error;
	}
	wide_done(&wide);
	return r;
}
