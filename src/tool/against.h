// SPDX-License-Identifier: ISC

/*
 * occupancyctl verify --against: whether the logs of two nodes of a cluster hold the same.
 *
 * Of each account the entries of the latest chain are compared that both logs have: line by line, in whichever format
 * and files they are.  One may begin later than the other, for older files are removed, and end earlier, for it may be behind.
 */

#ifndef TOOL_AGAINST_H
#define TOOL_AGAINST_H

#include "tool/chains.h"
#include "tool/coverage.h"
#include "tool/files.h"

enum difference {
	DIFFERENCE_NONE,
	DIFFERENCE_LINE,      /* the lines at the two places */
	DIFFERENCE_NOT_HERE,  /* the other log has a line that this one lacks; this one's place is that of what comes instead */
	DIFFERENCE_NOT_THERE, /* the reverse */
};

/** What has been found about an account. */
struct compared {
	const char *account;
	uint64_t first_here, last_here, first_there, last_there; /* entries; 0: the log has none */
	uint64_t from, to;                                       /* those that both have, whole; 0: none */
	enum difference difference;                              /* the first one, */
	uint64_t entry;                                          /* in which entry it is, */
	struct position here, there;                             /* and where */
};

/** All zero: nothing was compared. */
struct against {
	const char *path; /* of the other log */
	struct log_files files;
	struct chains chains;
	struct compared *list;
	size_t len, size;
	bool unread;      /* a file of either log could not be read, and it has been said which */
};

/** Compares the log with that of the path.  Returns 0 or an exit code; then it has been said what is wrong. */
__attribute__((warn_unused_result, nonnull))
int against_compare(struct against *against, const char *path, const struct log_files *here, const struct chains *chains);

/** How many accounts differ. */
__attribute__((nonnull))
uint64_t against_differing(const struct against *against);

/** Whether some entry is in both logs. */
__attribute__((nonnull))
bool against_has_common(const struct against *against);

/** Prints a line for each account.  here: the files that it was compared with. */
__attribute__((nonnull))
void against_tell(const struct against *against, const struct log_files *here);

/** Appends the member "against" to an object in JSON, likewise. */
__attribute__((nonnull))
void against_put(const struct against *against, const struct log_files *here, struct buf *out);

void against_done(struct against *against);

#endif
