// SPDX-License-Identifier: ISC

/*
 * Lines that are like an earlier one of their device, as nearly all are: but for its times and
 * its count a record begins with the same bytes.  These are compared, many at a time, and not read.
 */

#ifndef SINK_ECHO_H
#define SINK_ECHO_H

#include "base/utc.h"
#include "sink/format.h"

#include <stdbool.h>

/** What lines of a device are expected to begin with.  All zero: not known. */
struct echo {
	char *form;             /* the bytes; in its times all digits are zeros */
	size_t count_at, len;   /* of the form, which lacks the count; len 0: not known */
	struct log_entry entry; /* the latest that was learnt or heard */
};

/** Times that were read last: other devices' next lines have the same.  All zero: none. */
struct heard_times {
	struct heard_time {
		char text[UTC_PLAIN];
		usec_t time;
	} start, end;
};

/**
 * Learns from a line of any format and the entry that was read from it.  If it is of another form than most
 * are, such as a gap or a correction, nothing is known then.  Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int echo_learn(struct echo *echo, const char *line, const struct log_entry *entry);

/**
 * Takes the line at the front of a text, if all of it is there, and it is like the one that was learnt, in a file of
 * the same format.  Then echo->entry is what the format's parse() would make of it.
 *
 * Returns the length of the line with its newline; 0 if that must be asked.
 */
__attribute__((warn_unused_result, nonnull))
size_t echo_hear(struct echo *echo, struct heard_times *times, const char *text, size_t len);

void echo_done(struct echo *echo);

#endif
