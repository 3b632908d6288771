// SPDX-License-Identifier: ISC

/*
 * report: the answer to a request for counts.
 */

#ifndef FAKE_RHOMBUS_REPORT_H
#define FAKE_RHOMBUS_REPORT_H

#include "devices.h"
#include "query.h"
#include "rule.h"
#include "text.h"

#include <stddef.h>
#include <stdint.h>

struct report {
	const struct query *query;
	const struct device *device; /* for its zone, and whether it counts at all */
	const struct rule *rule;     /* rule_plain for an honest report */
	int64_t now_ms;
	int64_t settle_ms; /* how long after its end a bucket still shows half its count */
};

/** Adds the JSON body to `out`. -E2BIG if the range has too many buckets. */
int report_write(const struct report *report, struct text *out, size_t *ret_points)
	__attribute__((warn_unused_result));

#endif
