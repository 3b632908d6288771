// SPDX-License-Identifier: ISC

/*
 * Cursors that are ahead of the clock.
 */

#ifndef DAEMON_MEND_H
#define DAEMON_MEND_H

#include "daemon/poller.h"

/** Sets cursors that lie in a time that has not come back to where the log's real records end.  After a commit. */
__attribute__((nonnull))
void mend_cursors(struct poller *poller);

#endif
