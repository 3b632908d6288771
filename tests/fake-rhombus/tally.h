// SPDX-License-Identifier: ISC

/*
 * tally: how many requests were answered, and how.
 */

#ifndef FAKE_RHOMBUS_TALLY_H
#define FAKE_RHOMBUS_TALLY_H

#include "answer.h"
#include "json.h"

#include <stdint.h>

enum { TALLY_STATUSES = 1000 };

struct tally {
	int64_t requests;
	int64_t points;
	int64_t connections;
	int64_t statuses[TALLY_STATUSES];
	int64_t hang, reset, cut;
};

void tally_count(struct tally *tally, const struct answer *answer);

/** {"requests":..,"points":..,"connections":..,"by_status":{"200":..,"hang":..}} */
struct json_object *tally_show(const struct tally *tally);

#endif
