// SPDX-License-Identifier: ISC

/*
 * An entry of the journal: text, packed.
 *
 * The text is the lines of one or more records, as the NDJSON log has them but without the entry's number,
 * or what the node knew that began the chain.  Packed it is a version, what it is, a checksum over account,
 * position and all that is packed, and the text, deflated.
 */

#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum entry_kind {
	ENTRY_LINES,    /* of the log */
	ENTRY_SNAPSHOT, /* a checkpoint's text: cursors and memory; always the first of a chain */
};

/** The text of an entry is no larger than that. */
#define ENTRY_TEXT_MAX ((size_t)64 << 20)

/**
 * Puts the packed entry behind what is in the buffer.
 * Returns 0; -EMSGSIZE if text or entry are too large (JOURNAL_ENTRY_MAX); -ENOMEM.  On failure the buffer is as it was.
 */
__attribute__((warn_unused_result, nonnull(1, 4, 6)))
int entry_pack(const char *account, uint64_t position, enum entry_kind kind, const char *text, size_t len,
               struct buf *out);

/**
 * Puts the text of an entry behind what is in the buffer.  Whatever the bytes are, it reads no others.
 * Returns 0; -EBADMSG if it is damaged, or is another account's or position's; -EPROTO if its version or kind is not
 * known: it is from a newer occupancyd; -ENOMEM.  On failure the buffer is as it was, and there is a sentence without
 * the account and the position.
 */
__attribute__((warn_unused_result, nonnull(1, 3, 5, 6)))
int entry_unpack(const char *account, uint64_t position, const void *data, size_t len, enum entry_kind *ret_kind,
                 struct buf *out, struct error *err);

#endif
