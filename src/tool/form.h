// SPDX-License-Identifier: ISC

/*
 * What an export is made of, whichever form it takes.
 */

#ifndef TOOL_FORM_H
#define TOOL_FORM_H

#include "tool/output.h"
#include "tool/rows.h"
#include "tool/subjects.h"

enum dialect {
	DIALECT_RFC4180,
	DIALECT_EXCEL,           /* a mark that it is UTF-8; times that a spreadsheet takes for such */
	DIALECT_EXCEL_SEMICOLON, /* the same for where numbers have a comma */
};

struct job {
	const struct subject *subjects;
	size_t count;
	const struct coarse *coarse; /* NULL: as recorded */
	const char *every, *with;    /* its name, and what it has: "1h", "mean" */
	enum dialect dialect;
	struct output output;
	struct progress progress;
	uint64_t rows;               /* that were written */
};

/** A form that an export can have. */
struct form {
	const char *name;
	bool needs_file;             /* it cannot be a stream */
	/* A row for each room and bucket, or for each bucket with a column for each room; NULL: it has no such.
	   Return 0 or -errno and a sentence. */
	int (*write_long)(struct job *job, struct error *err);
	int (*write_wide)(struct job *job, struct error *err);
};

#endif
