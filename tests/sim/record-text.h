// SPDX-License-Identifier: ISC

/*
 * One line of the log, read strictly: JSON by json-c, CSV by RFC 4180.
 */

#ifndef SIM_RECORD_TEXT_H
#define SIM_RECORD_TEXT_H

#include "lines.h"

#include <stddef.h>

/** Fill in the line; false if it is no record. */
bool record_text_json(const char *text, size_t len, struct line *line);
bool record_text_csv(const char *text, size_t len, struct line *line);

/**
 * Which account's record a line is, and with which of its entries it came, 0 for none: without a look at the rest.
 * False if that cannot be found.
 */
bool record_text_origin(const char *text, size_t len, bool csv, int *ret_account, uint64_t *ret_entry);

/** The first line of a CSV file must be the header; else it is a violation. */
void record_text_header(const char *file, const char *text, size_t len);

/** Whether a file with these bytes is one of CSV without a record: its header is all there is. */
bool record_text_is_bare(const char *data, size_t len);

#endif
