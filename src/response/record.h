// SPDX-License-Identifier: ISC

/*
 * One line of the log, before it is written in one format or the other:
 * occupancy-log(5) is its description.
 */

#ifndef RESPONSE_RECORD_H
#define RESPONSE_RECORD_H

#include "response/fit.h"
#include "response/parse.h"
#include "schedule/poll.h"
#include "schedule/span.h"

struct record {
	usec_t start, end; /* of the bucket, or of the run of buckets that a gap covers */
	const struct device *device;
	enum record_status status;
	int64_t count;        /* RECORD_OK only */
	int revision;         /* 0 the first time */
	bool has_previous;    /* revision > 0 and the earlier record had a count */
	int64_t previous;
	usec_t polled_at;

	/* What the API said; its maps as compact JSON.  NULL or false: null. */
	const char *event_counts;              /* JSON text */
	const char *approximate_timestamps_ms; /* JSON text */
	const char *reporting_devices;         /* JSON text */
	const char *date_local, *date_utc;     /* plain text */
	bool has_timestamp;
	int64_t timestamp_ms;

	const char *warning, *reason; /* plain text; NULL: none */
};

/** "ok", "no_data", "ambiguous", "gap". */
const char *record_status_name(enum record_status status);

/** The reverse; the name need not end in a NUL.  Returns 0 or -EINVAL. */
__attribute__((warn_unused_result, nonnull))
int record_status_parse(const char *name, size_t len, enum record_status *ret);

/** Records of one reply, kept and used again from reply to reply. */
struct records {
	struct record *list;
	size_t len, size;
};

__attribute__((nonnull))
void records_init(struct records *records);
void records_done(struct records *records);

/**
 * Makes the records that a reply is worth: one for each fresh bucket of the
 * span, and one for each remembered bucket that now answers differently; nothing in the
 * place of a count is no answer.  fit:
 * which points stand for which buckets of the span, or of a longer one with the same start.
 * The records point into points and into the poll's device.
 *
 * Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int records_make(struct records *records, const struct poll *poll, const struct span *span,
                 const struct fit *fit, const struct points *points, usec_t polled_at);

#endif
