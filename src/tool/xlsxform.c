// SPDX-License-Identifier: ISC

#include "tool/xlsxform.h"

#include "base/file.h"
#include "base/utc.h"
#include "tool/clocktext.h"
#include "tool/wide.h"
#include "tool/zipcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

/* What a sheet has at most. */
enum { SHEET_ROWS = 1048576, SHEET_COLUMNS = 16384 };

/* Days from the origin of a sheet's dates to 1970; those before March 1900 are counted otherwise. */
enum { DAYS_TO_1970 = 25569, FIRST_DAY = 61 };

struct sheets {
	struct job *job;
	const struct wide *wide; /* NULL: long */
	lxw_workbook *book;
	lxw_worksheet *sheet;    /* the present one */
	lxw_format *bold, *time, *date, *mean, *share;
	unsigned row;            /* the next one on it */
	unsigned count;          /* of sheets */
	bool failed;             /* some row could not be kept */
};

/* Cells */

static void put_text(struct sheets *sheets, unsigned column, const char *text) {
	if (text[0]) {
		(void)worksheet_write_string(sheets->sheet, sheets->row, (lxw_col_t)column, text, NULL);
	}
}

static void put_number(struct sheets *sheets, unsigned column, double number, lxw_format *format) {
	(void)worksheet_write_number(sheets->sheet, sheets->row, (lxw_col_t)column, number, format);
}

/* What a clock shows, as if it stood in UTC. */
static void put_time(struct sheets *sheets, unsigned column, usec_t local, lxw_format *format) {
	double days = (double)local / (double)USEC_PER_DAY + DAYS_TO_1970;
	char text[UTC_STRING_SIZE];
	if (days >= FIRST_DAY) {
		put_number(sheets, column, days, format);
	} else {
		put_text(sheets, column, utc_format(text, local));
	}
}

/* Nothing where there is no count. */
static void put_count(struct sheets *sheets, unsigned column, const struct row *row) {
	bool is_mean = sheets->job->coarse && sheets->job->coarse->with == COARSE_MEAN;
	if (row->count >= 0) {
		put_number(sheets, column, (double)row->count + row->millionths / 1e6, is_mean ? sheets->mean : NULL);
	}
}

/* Sheets */

struct title {
	const char *text;
	double width; /* in characters */
};

static void put_title(struct sheets *sheets, unsigned column, const char *text, double width) {
	(void)worksheet_write_string(sheets->sheet, 0, (lxw_col_t)column, text, sheets->bold);
	(void)worksheet_set_column(sheets->sheet, (lxw_col_t)column, (lxw_col_t)column, width, NULL);
}

static const char *figure_of(const struct job *job) {
	static const char *const names[] = {[COARSE_MEAN] = "Mean", [COARSE_MAX] = "Max", [COARSE_LAST] = "Last"};
	return job->coarse ? names[job->coarse->with] : "Count";
}

static void put_long_titles(struct sheets *sheets) {
	const struct title titles[] = {
		{"Time (UTC)", 17}, {"Local time", 17}, {"Site", 16}, {"Room", 24}, {"Device", 28}, {"Interval", 16},
		{figure_of(sheets->job), 10}, {sheets->job->coarse ? "Known" : "Status", 10}};
	for (unsigned i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		put_title(sheets, i, titles[i].text, titles[i].width);
	}
	worksheet_freeze_panes(sheets->sheet, 1, 0);
}

/* How many columns stand before those of the rooms. */
static unsigned times_of(const struct wide *wide) {
	return !wide->by_date && wide->one_clock ? 2 : 1;
}

static void put_wide_titles(struct sheets *sheets) {
	const struct wide *wide = sheets->wide;
	unsigned times = times_of(wide);

	put_title(sheets, 0, wide->by_date ? "Date" : "Time (UTC)", 17);
	if (times > 1) {
		put_title(sheets, 1, "Local time", 17);
	}
	for (size_t i = 0; i < sheets->job->count; i++) {
		struct buf title;
		buf_init(&title, BUF_ANY);
		wide_title(sheets->job, i, &title);
		put_title(sheets, times + (unsigned)i, buf_text(&title), 12);
		buf_done(&title);
	}
	worksheet_freeze_panes(sheets->sheet, 1, (lxw_col_t)times);
}

/* Whether all rows of the present sheet are in its temporary file: the library does not look. */
static void check_sheet(struct sheets *sheets) {
	FILE *file = sheets->sheet ? sheets->sheet->optimize_tmpfile : NULL;
	if (file && (fflush(file) != 0 || ferror(file))) {
		sheets->failed = true;
	}
}

/* Goes on to a row, over to another sheet if this one is full. */
static bool next_row(struct sheets *sheets) {
	char name[32];

	if (sheets->sheet && ++sheets->row < SHEET_ROWS) {
		return true;
	}
	check_sheet(sheets);
	(void)snprintf(name, sizeof(name), sheets->count > 0 ? "Counts %u" : "Counts", sheets->count + 1);
	sheets->sheet = workbook_add_worksheet(sheets->book, name);
	sheets->count++;
	sheets->row = 1;
	if (!sheets->sheet) {
		return false;
	}
	if (sheets->wide) {
		put_wide_titles(sheets);
	} else {
		put_long_titles(sheets);
	}
	return !sheets->failed;
}

/* The workbook */

static lxw_format *format_of(struct sheets *sheets, const char *numbers) {
	lxw_format *format = workbook_add_format(sheets->book);
	if (format && numbers) {
		format_set_num_format(format, numbers);
	}
	return format;
}

static int begin(struct sheets *sheets, struct job *job, const struct wide *wide) {
	char *folder = getenv("TMPDIR");
	lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = folder && folder[0] ? folder : NULL};

	*sheets = (struct sheets){.job = job, .wide = wide};
	sheets->book = workbook_new_opt(job->output.temporary ? job->output.temporary : job->output.path, &options);
	if (!sheets->book) {
		return -ENOMEM;
	}
	sheets->bold = format_of(sheets, NULL);
	sheets->time = format_of(sheets, "yyyy-mm-dd hh:mm");
	sheets->date = format_of(sheets, "yyyy-mm-dd");
	sheets->mean = format_of(sheets, "0.00");
	sheets->share = format_of(sheets, "0%");
	if (!sheets->bold || !sheets->time || !sheets->date || !sheets->mean || !sheets->share) {
		return -ENOMEM;
	}
	format_set_bold(sheets->bold);
	/* One with titles alone if there is no row. */
	sheets->row = SHEET_ROWS;
	if (!next_row(sheets)) {
		return -ENOMEM;
	}
	sheets->row = 0;
	return 0;
}

/* Whether the sheets are whole in the file: the library does not look whether they are in the temporary ones it makes it of. */
static int check_book(const struct sheets *sheets, struct error *err) {
	const struct output *output = &sheets->job->output;
	int fd = output->temporary ? file_open(output->temporary, FILE_READ, 0) : -1;
	int r = fd < 0 ? 0 : zipcheck(fd, "xl/worksheets/", "</worksheet>");
	file_close(fd);
	return r == 0 ? 0 : error_errno(err, r == -EBADMSG ? ENOSPC : -r, "%s: its temporary files cannot be written (TMPDIR)",
	                                output->path);
}

static int end(struct sheets *sheets, int r, struct error *err) {
	const char *path = sheets->job->output.path;

	if (!sheets->book) {
		return r;
	}
	check_sheet(sheets);
	progress_show(&sheets->job->progress, sheets->job->count, sheets->job->count, "rooms; packing it");
	lxw_error error = workbook_close(sheets->book);
	if (r < 0) {
		return r;
	}
	if (sheets->failed) {
		return error_errno(err, ENOSPC, "%s: its temporary files cannot be written (TMPDIR)", path);
	}
	if (error != LXW_NO_ERROR) {
		return error_set(err, EIO, "%s cannot be written: %s", path, lxw_strerror(error));
	}
	return check_book(sheets, err);
}

static int put_room(struct sheets *sheets, const struct subject *subject, struct clocktext *utc) {
	const struct job *job = sheets->job;
	const char *interval = job->coarse ? job->every : interval_name(subject->room->interval);
	struct clocktext local;
	struct rows rows;
	struct row row;

	clocktext_init(&local, subject->room->zone, ' ');
	rows_begin(&rows, subject->room, subject->series, job->coarse, subject->from, subject->to);
	while (rows_next(&rows, &row)) {
		if (!next_row(sheets)) {
			return sheets->failed ? 0 : -ENOMEM;
		}
		put_time(sheets, 0, clocktext_local(utc, row.start), sheets->time);
		put_time(sheets, 1, clocktext_local(&local, row.start), sheets->time);
		put_text(sheets, 2, subject->site);
		put_text(sheets, 3, subject->name);
		put_text(sheets, 4, subject->room->uuid);
		put_text(sheets, 5, interval);
		put_count(sheets, 6, &row);
		if (job->coarse) {
			put_number(sheets, 7, (double)row.known / (double)(row.end - row.start), sheets->share);
		} else {
			put_text(sheets, 7, row_status(&row));
		}
		sheets->job->rows++;
	}
	return 0;
}

int xlsxform_long(struct job *job, struct error *err) {
	struct sheets sheets;
	struct clocktext utc;
	int r = begin(&sheets, job, NULL);

	clocktext_init(&utc, NULL, ' ');
	for (size_t i = 0; r == 0 && !sheets.failed && i < job->count; i++) {
		progress_show(&job->progress, i, job->count, "rooms");
		r = put_room(&sheets, &job->subjects[i], &utc);
	}
	return end(&sheets, r, err);
}

static void put_wide_row(struct sheets *sheets, struct clocktext *utc, struct clocktext *local) {
	const struct wide *wide = sheets->wide;
	unsigned times = times_of(wide);

	if (wide->by_date) {
		put_time(sheets, 0, wide->local, sheets->date);
	} else {
		put_time(sheets, 0, clocktext_local(utc, wide->instant), sheets->time);
	}
	if (times > 1) {
		put_time(sheets, 1, clocktext_local(local, wide->instant), sheets->time);
	}
	for (size_t i = 0; i < sheets->job->count; i++) {
		const struct row *cell = wide_cell(wide, i);
		if (cell) {
			put_count(sheets, times + (unsigned)i, cell);
		}
	}
	sheets->job->rows++;
}

static int put_all_wide(struct sheets *sheets, struct wide *wide) {
	struct clocktext utc, local;

	clocktext_init(&utc, NULL, ' ');
	clocktext_init(&local, wide->zone, ' ');
	while (!sheets->failed && wide_next(wide)) {
		if (!next_row(sheets)) {
			return sheets->failed ? 0 : -ENOMEM;
		}
		put_wide_row(sheets, &utc, &local);
	}
	return 0;
}

int xlsxform_wide(struct job *job, struct error *err) {
	struct sheets sheets;
	struct wide wide;

	if (job->count + 2 > SHEET_COLUMNS) {
		return error_set(err, EINVAL, "%zu rooms are too many for a sheet, which has %d columns: select some, or use --long",
		                 job->count, SHEET_COLUMNS);
	}
	int r = wide_begin(&wide, job);
	if (r == 0) {
		r = begin(&sheets, job, &wide);
		r = r == 0 ? put_all_wide(&sheets, &wide) : r;
		r = end(&sheets, r, err);
	}
	wide_done(&wide);
	return r;
}
