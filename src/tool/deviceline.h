// SPDX-License-Identifier: ISC

/*
 * A device of the status document, which is an object in a line of its own.
 *
 * There are two ways to read it that agree: one for what looks as the daemon writes it, several
 * times as fast, and the parser of JSON for all else.
 */

#ifndef TOOL_DEVICELINE_H
#define TOOL_DEVICELINE_H

#include "base/units.h"
#include "tool/store.h"

#include <stdbool.h>
#include <stddef.h>

/** In the order in which people want to see them; the words are those of the document. */
enum live_state { LIVE_FAILING, LIVE_WAITING, LIVE_LATE, LIVE_STARTING, LIVE_FRESH, LIVE_STATES };

/** Strings that the document does not have are NULL. */
struct live_device {
	const char *uuid, *name, *site, *account, *interval, *zone, *reason;
	enum live_state state;
	usec_t last_end;     /* INT64_MIN: nothing is recorded */
	int64_t count;       /* of the bucket that ended then; -1: there is none */
	usec_t age;          /* since then, by the time that the daemon believes */
	int64_t waiting, rechecks;
	usec_t since;        /* of the reason; INT64_MIN: none */
	const char *text;    /* as it came */
};

/** "failing", ... */
const char *live_word(enum live_state state);

/** No number of the document is taken for more, or for less than its negative: sums of them have room. */
#define LIVE_MOST ((int64_t)1000 * 1000 * 1000 * 1000)

static inline int64_t live_number(int64_t number) {
	return number > LIVE_MOST ? LIVE_MOST : number < -LIVE_MOST ? -LIVE_MOST : number;
}

/**
 * Reads a line, without its end and the comma before that.  Texts are kept in the store, but for
 * those that the device before has too.
 *
 * before: NULL for the first.  Returns 0, -EBADMSG if it is not a device, or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull(1, 3, 5)))
int deviceline_read(const char *line, size_t len, struct store *store, const struct live_device *before,
                    struct live_device *ret);

/** The same, by the parser alone. */
__attribute__((warn_unused_result, nonnull(1, 3, 5)))
int deviceline_parse(const char *line, size_t len, struct store *store, const struct live_device *before,
                     struct live_device *ret);

#endif
