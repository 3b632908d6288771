// SPDX-License-Identifier: ISC

/*
 * Members of a JSON object, behind another one.
 */

#ifndef TOOL_MEMBERS_H
#define TOOL_MEMBERS_H

#include "base/buf.h"
#include "base/units.h"

__attribute__((nonnull))
void member_int(struct buf *out, const char *name, int64_t number);

/** text NULL: null. */
__attribute__((nonnull(1, 2)))
void member_text(struct buf *out, const char *name, const char *text);

/** RFC 3339, in UTC. */
__attribute__((nonnull))
void member_time(struct buf *out, const char *name, usec_t instant);

#endif
