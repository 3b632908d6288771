// SPDX-License-Identifier: ISC

/*
 * Compressed files, unpacked a member of gzip's at once: the one user of libdeflate, which does that faster
 * than zlib.  What is larger than files of the log are as a rule is unpacked by zlib, block by block, so that memory
 * is bounded; and what is damaged, so that all before the damage is read.
 */

#ifndef TOOL_INFLATE_H
#define TOOL_INFLATE_H

#include "sink/lines.h"

/** The largest file, and what the largest member becomes, that is unpacked at once. */
enum { INFLATER_FILE = 512 * 1024, INFLATER_MEMBER = 4 * 1024 * 1024 };

struct inflater;

/** For lines_set_unpacker(), with one of these. */
extern const struct lines_unpacker inflater_way;

/** Returns NULL if there is no memory. */
struct inflater *inflater_new(void);

void inflater_free(struct inflater *inflater);

#endif
