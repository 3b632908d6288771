// SPDX-License-Identifier: ISC

/*
 * A record as one line of CSV, RFC 4180: occupancy-log(5).
 *
 * The columns are the fields of the JSON but two maps, the labels and the capacity.
 */

#ifndef SINK_CSV_H
#define SINK_CSV_H

#include "base/buf.h"
#include "response/record.h"

struct log_about;
struct log_entry;

/** What the header of every version begins with; the columns that are read back are among these. */
#define CSV_FIRST_COLUMNS "time,name,count,status,interval,device,revision,end,"

#define CSV_COLUMNS \
	CSV_FIRST_COLUMNS "previous,local_time,site,account," \
	"timestamp_ms,date_local,date_utc,warning,reason,polled_at,event_counts"

/** The first line of every file.  New columns come at its end. */
#define CSV_HEADER CSV_COLUMNS "\r\n"

/** The same where lines carry the numbers of a journal's entries, in the last column. */
#define CSV_NUMBERED_HEADER CSV_COLUMNS ",entry\r\n"

/**
 * Appends the record, CR and LF.  What is null or left out in JSON is empty.
 * What is not valid UTF-8 becomes U+FFFD, a byte at a time, and what is
 * text_is_unprintable() a blank, so that a record is always one line.  A text that a
 * spreadsheet would take for a formula has an apostrophe in front, and so has one
 * that begins with an apostrophe: without the first one it is what it was.
 */
__attribute__((nonnull))
void csv_format(const struct record *record, struct buf *out);

/** Appends a line of a journal's entry as such a record with its number: see log_codec.carry and log_codec.number. */
__attribute__((nonnull))
void csv_carry(const char *line, size_t len, uint64_t entry, struct buf *out);
__attribute__((nonnull))
void csv_number(struct buf *out, uint64_t entry);

/**
 * Appends a text as a column of such a line has it; NULL as an empty one.  quoted_for: the characters for which it
 * stands in quotation marks, which are among them.
 */
__attribute__((nonnull(1, 3)))
void csv_put_text(struct buf *out, const char *text, const char *quoted_for);

/** Reads such a line back, of any version.  Returns 0; -ENODATA if it is a header; -EBADMSG. */
__attribute__((warn_unused_result, nonnull))
int csv_parse(const char *line, size_t len, struct log_entry *ret);

/** What such a line says of its device; labels and capacity are not in CSV.  Returns 0 or -EBADMSG. */
__attribute__((warn_unused_result, nonnull))
int csv_describe(const char *line, size_t len, struct log_about *ret);

#endif
