// SPDX-License-Identifier: ISC

/*
 * How the daemon is doing, in numbers and in one line for people.
 */

#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "base/buf.h"
#include "base/units.h"

#include <stddef.h>

/** Failing devices that are named; the others are counted. */
enum { STATUS_NAMED = 3 };

struct status_failing {
	const char *name, *reason;
	usec_t since; /* wall clock */
};

struct status {
	size_t devices;
	size_t failing; /* of them */
	size_t waiting; /* of them, for their account, and not failing */
	struct status_failing named[STATUS_NAMED];
	int64_t backlog;    /* buckets closed and settled, but not recorded */
	size_t ordered;     /* buckets that have been ordered to be asked for again, and were not answered yet; */
	size_t orders_waiting; /* and orders that wait for their turn */
	usec_t last_record; /* wall clock when the last record was synced; INT64_MIN: none yet */
	const char *disk;   /* what is wrong with the log's disk; NULL: nothing */
	const char *config; /* what is wrong with the configuration's files; NULL: nothing */
	const char *cluster; /* what is wrong with the cluster, "; " between; NULL or "": nothing */
	const char *lanes;  /* what is wrong with accounts, "; " between; NULL or "": nothing */

	const char *place;  /* in a cluster, which accounts this node owns and follows; NULL or "": it is alone */

	/* Since the start. */
	uint64_t requests, records, points_dropped;
};

/** Appends the line, without newline: what is wrong first, then the figures. */
__attribute__((nonnull))
void status_text(const struct status *status, struct buf *out);

#endif
