// SPDX-License-Identifier: ISC

/*
 * A record as one line of JSON: occupancy-log(5).
 */

#ifndef SINK_NDJSON_H
#define SINK_NDJSON_H

#include "base/buf.h"
#include "response/record.h"

struct log_about;
struct log_entry;
struct slice;

/**
 * Appends the record and a newline.  What is not valid UTF-8 becomes U+FFFD, a
 * byte at a time; what is text_is_unprintable() is escaped.
 */
__attribute__((nonnull))
void ndjson_format(const struct record *record, struct buf *out);

/**
 * Appends such a line of a journal's entry with the number of that as its last member: see log_codec.carry and
 * log_codec.number.
 */
__attribute__((nonnull))
void ndjson_carry(const char *line, size_t len, uint64_t entry, struct buf *out);
__attribute__((nonnull))
void ndjson_number(struct buf *out, uint64_t entry);

/**
 * Reads such a line back: any JSON object, with the members in any order, whose
 * strings of interest hold no escapes.  Returns 0 or -EBADMSG.
 */
__attribute__((warn_unused_result, nonnull))
int ndjson_parse(const char *line, size_t len, struct log_entry *ret);

/**
 * Which entry of which account's chain such a line came with, into ret->entry and ret->account.  The account is looked for
 * from a place behind a member on, or from the beginning of the line.
 */
__attribute__((nonnull))
void ndjson_find_entry(const char *line, size_t len, const char *from, struct log_entry *ret);

/** The value of the first member of that name in such a line, as it stands there; of a string, what is in the quotation marks. */
__attribute__((nonnull))
bool ndjson_find(const char *line, size_t len, const char *name, struct slice *ret);

/** What such a line says of its device.  Returns 0 or -EBADMSG. */
__attribute__((warn_unused_result, nonnull))
int ndjson_describe(const char *line, size_t len, struct log_about *ret);

#endif
