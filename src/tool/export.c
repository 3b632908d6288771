// SPDX-License-Identifier: ISC

#include "tool/export.h"

#include "base/text.h"
#include "tool/csvform.h"
#include "tool/lineforms.h"
#include "tool/xlsxform.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct form forms[] = {
	{"csv", false, csvform_long, csvform_wide},
	{"xlsx", true, xlsxform_long, xlsxform_wide},
	{"ndjson", false, lineforms_json, NULL},
	{"influx", false, lineforms_influx, NULL},
	{"openmetrics", false, lineforms_openmetrics, NULL},
};
enum { FORM_CSV, FORM_XLSX, FORM_NDJSON, FORMS = sizeof(forms) / sizeof(forms[0]) };

static const char *const dialects[] = {
	[DIALECT_RFC4180] = "rfc4180",
	[DIALECT_EXCEL] = "excel",
	[DIALECT_EXCEL_SEMICOLON] = "excel-semicolon",
};

static const char *const withs[] = {
	[COARSE_MEAN] = "mean",
	[COARSE_MAX] = "max",
	[COARSE_LAST] = "last",
};

struct export {
	struct subjects subjects;
	struct coarse coarse;
	struct job job;
	const struct form *form; /* NULL: by the name of the file */
	const char *path;        /* NULL: the standard output */
	bool is_wide, has_with, has_dialect;
};

/* What does not fit */

static int check_lengths(const struct export *export) {
	char shown[LOG_TEXT_SIZE];
	for (size_t i = 0; export->job.coarse && i < export->job.count; i++) {
		const struct subject *subject = &export->job.subjects[i];
		if (!coarse_fits(export->job.coarse, subject->room)) {
			tool_error("--every %s: the counts of \"%s\" are of longer intervals (%s): choose a longer one, or other rooms",
			           export->job.every, text_escape(shown, sizeof(shown), subject->name, strlen(subject->name)),
			           interval_name(subject->room->interval));
			return EX_USAGE;
		}
	}
	return 0;
}

/* Writing */

static int write_all(struct export *export) {
	struct job *job = &export->job;
	struct error err = {{0}}, closing = {{0}};

	int r = output_open(&job->output, export->path, &err);
	if (r < 0) {
		return subjects_fail(r, &err);
	}
	progress_init(&job->progress, "writing");
	job->progress.wanted = job->progress.wanted && export->path;
	r = export->is_wide ? export->form->write_wide(job, &err) : export->form->write_long(job, &err);
	progress_end(&job->progress);
	bool is_output = job->output.error < 0;
	int closed = output_close(&job->output, r == 0 || is_output, &closing);
	if (closed < 0) {
		return subjects_fail(closed, &closing);
	}
	if (r == 0 && job->progress.wanted) {
		(void)fprintf(stderr, "%" PRIu64 " row%s of %zu room%s\n", job->rows, job->rows == 1 ? "" : "s", job->count,
		              job->count == 1 ? "" : "s");
	}
	return r < 0 ? subjects_fail(r, &err) : 0;
}

/* The command */

const char export_help[] =
	"Usage: occupancyctl export [OPTION]... [PATH]...\n"
	"\n"
	"Writes the latest count of every bucket, for spreadsheets and other programs.  Where there is no count\n"
	"there is none, never a 0.  PATH is a directory or a file of the log; without one, the log of the\n"
	"configuration.\n"
	"\n"
	"      --every INTERVAL    coarser, by each room's clock: 15m, 1h, 1d, 1w, 1mo\n"
	"      --with WHAT         then with the mean (by time), max or last of the counts; mean without it\n"
	"      --long              a row for each room and bucket, which is what is written without it\n"
	"      --wide              a row for each bucket, a column for each room\n"
	"      --format FORMAT     csv, xlsx, ndjson, influx (line protocol), openmetrics\n"
	"      --dialect DIALECT   of CSV: rfc4180, excel, excel-semicolon (with a comma in numbers)\n"
	"  -o, --output FILE       write this file, whole or not at all, instead of the standard output\n";

enum { OPTION_EVERY = TOOL_OWN, OPTION_WITH, OPTION_LONG, OPTION_WIDE, OPTION_FORMAT, OPTION_DIALECT };

/* The place of a word among others.  Returns -EINVAL and a sentence if it is none of them. */
static int choose(const char *const words[], size_t count, const char *word, struct error *err) {
	struct buf all;
	char shown[64];

	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0) {
			return (int)i;
		}
	}
	buf_init(&all, BUF_ANY);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&all, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
	}
	int r = error_set(err, EINVAL, "\"%s\" is not known: expected %s", text_escape(shown, sizeof(shown), word, strlen(word)),
	                  buf_text(&all));
	buf_done(&all);
	return r;
}

static int choose_form(struct export *export, const char *name, struct error *err) {
	const char *names[FORMS];
	for (size_t i = 0; i < FORMS; i++) {
		names[i] = forms[i].name;
	}
	int r = choose(names, FORMS, name, err);
	export->form = r >= 0 ? &forms[r] : NULL;
	return r;
}

static int take_word(struct export *export, int option, const char *value, struct error *err) {
	int r = 0;

	switch (option) {
	case OPTION_EVERY:
		export->job.every = value;
		return coarse_parse(value, &export->coarse, err);
	case OPTION_WITH:
		r = choose(withs, sizeof(withs) / sizeof(withs[0]), value, err);
		export->coarse.with = r >= 0 ? (enum coarse_with)r : COARSE_MEAN;
		export->has_with = true;
		return r;
	case OPTION_DIALECT:
		r = choose(dialects, sizeof(dialects) / sizeof(dialects[0]), value, err);
		export->job.dialect = r >= 0 ? (enum dialect)r : DIALECT_RFC4180;
		export->has_dialect = true;
		return r;
	default:
		return choose_form(export, value, err);
	}
}

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct export *export = user;
	int r;
	(void)tool;

	switch (option) {
	case OPTION_LONG:
	case OPTION_WIDE:
		export->is_wide = option == OPTION_WIDE;
		return 0;
	case 'o':
		export->path = value;
		return 0;
	default:
		r = take_word(export, option, value, err);
		return r < 0 ? r : 0;
	}
}

/* By the ending of the file's name, if nothing else says which. */
static const struct form *form_of_path(const char *path) {
	const char *dot = path ? strrchr(path, '.') : NULL;
	for (size_t i = 0; dot && i < FORMS; i++) {
		if (strcmp(dot + 1, forms[i].name) == 0) {
			return &forms[i];
		}
	}
	return &forms[FORM_CSV];
}

/* What does not go together.  Returns 0 or EX_USAGE. */
static int check_options(struct export *export, const struct tool *tool) {
	const char *wrong = NULL;

	if (!export->form) {
		export->form = tool->json ? &forms[FORM_NDJSON] : form_of_path(export->path);
	}
	if (export->has_with && !export->job.every) {
		wrong = "--with is for --every";
	} else if (export->has_dialect && export->form != &forms[FORM_CSV]) {
		wrong = "--dialect is for CSV";
	} else if (export->is_wide && !export->form->write_wide) {
		wrong = "--wide is for tables: this format has a row for each room and bucket";
	} else if (export->form->needs_file && !export->path) {
		wrong = "this format needs a file: -o FILE";
	}
	if (wrong) {
		tool_error("%s", wrong);
		return EX_USAGE;
	}
	export->job.coarse = export->job.every ? &export->coarse : NULL;
	export->job.with = withs[export->coarse.with];
	return 0;
}

int export_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {
		{"every", required_argument, NULL, OPTION_EVERY},
		{"with", required_argument, NULL, OPTION_WITH},
		{"long", no_argument, NULL, OPTION_LONG},
		{"wide", no_argument, NULL, OPTION_WIDE},
		{"format", required_argument, NULL, OPTION_FORMAT},
		{"dialect", required_argument, NULL, OPTION_DIALECT},
		{"output", required_argument, NULL, 'o'},
		{0},
	};
	struct export export = {.path = NULL};

	int r = tool_options(tool, argc, argv, own, take_option, &export);
	if (r == 0) {
		r = check_options(&export, tool);
	}
	if (r == 0) {
		r = subjects_read(&export.subjects, tool);
	}
	if (r == 0) {
		export.job.subjects = export.subjects.list;
		export.job.count = export.subjects.count;
		r = check_lengths(&export);
	}
	if (r == 0) {
		r = subjects_check_path(&export.subjects, export.path);
	}
	if (r == 0) {
		r = write_all(&export);
	}
	subjects_done(&export.subjects);
	return r;
}
