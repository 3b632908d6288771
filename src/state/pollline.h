// SPDX-License-Identifier: ISC

/*
 * One poll's line of a checkpoint: written and read.
 *
 *	poll UUID INTERVAL CURSOR SINCE [AGO:STATUS:REVISION:COUNT[:LENGTH] ...] [=AGO:REVISION[:AGAIN]]
 *		[?AGO:LENGTH:STATUS:REVISION:STAGE:RECORDED ...] [@HOME]
 *
 * CURSOR and SINCE are in microseconds since 1970, AGO is how
 * many microseconds a remembered bucket starts before the cursor.  STATUS is the
 * first letter of its name.  LENGTH is in seconds, and stands there only if it is not
 * the interval's usual one.  What follows the equals sign is before which time
 * identities are taken, and the highest revision; it stands there only if it is not what
 * the memory says, or with the revision of what is recorded once more.  What follows a question mark is a run of buckets that is asked for again:
 * its length in microseconds, how many distances are behind it, and how many microseconds
 * after the cursor it was recorded.  What follows an at sign is, in a cluster, the account whose
 * chain has the device's records.  All of it stands on one line.
 */

#ifndef STATE_POLLLINE_H
#define STATE_POLLLINE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct checkpoint_entry;
struct recheck_run;
struct remembered;
struct scan;

/** The longest UUID or name. */
enum { POLLLINE_WORD_MAX = 64 };

/** Whether a text is such a word: not too long, and nothing in it could end it. */
__attribute__((nonnull))
bool pollline_is_name(const char *text);

/** Takes such a word and the blank behind it.  size: of out. */
__attribute__((nonnull))
bool pollline_take_word(struct scan *in, char *out, size_t size);

/** Appends the line.  False if it would not be read; then a part of it may be there. */
__attribute__((warn_unused_result, nonnull))
bool pollline_put(struct buf *out, const struct checkpoint_entry *entry);

/** What the pointers of an entry that was read point to; for one after the other.  All zero: nothing. */
struct pollline_memory {
	char uuid[POLLLINE_WORD_MAX + 1], home[POLLLINE_WORD_MAX + 1];
	struct remembered *remembered;
	size_t len, size;
	struct recheck_run *runs;
	size_t runs_len, runs_size;
};

/** Takes a line.  Returns 0; -ENODATA if it is none of a poll, and nothing is taken; -EBADMSG if it is damaged; -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int pollline_take(struct scan *in, struct pollline_memory *memory, struct checkpoint_entry *ret);

__attribute__((nonnull))
void pollline_done(struct pollline_memory *memory);

#endif
