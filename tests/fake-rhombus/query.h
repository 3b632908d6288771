// SPDX-License-Identifier: ISC

/*
 * query: the body of a request for counts.
 */

#ifndef FAKE_RHOMBUS_QUERY_H
#define FAKE_RHOMBUS_QUERY_H

#include "buckets.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

struct query {
	/* What stood there, right or wrong, for the journal and for fault rules. */
	struct json_object *source;
	const char *device; /* NULL if it is not a string */
	const char *word;   /* the interval; NULL if it is not a string */
	bool has_range;     /* both times are integers that can be times */

	/* Right only if query_read said so. */
	int64_t start_ms;
	int64_t end_ms;
	enum interval interval;
};

/**
 * Reads the body. True if it is exactly what the contract asks for: a valid deviceUuid, a range
 * with the end behind the start, no or a known interval, and nothing else.
 * query_done in either case.
 */
bool query_read(struct query *query, const struct text *body);

void query_done(struct query *query);

#endif
