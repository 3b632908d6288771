// SPDX-License-Identifier: ISC

/*
 * The loop: one thread, one wait.
 */

#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include "daemon/overview.h"
#include "daemon/poller.h"
#include "status/socket.h"

struct loop {
	struct poller *poller;
	struct http *http;
	struct sink *sink;
	int signals;             /* from signals_open() */
	struct socket *socket;   /* for people who want to know how it is; NULL: there is none */
	struct overview_source *overview; /* what they get */
	const char *config_file; /* for a reload */
	bool once;
};

/**
 * Runs until a signal ends it, or with once until all that is due is recorded.
 * Returns an exit code of sysexits.h.
 */
__attribute__((warn_unused_result, nonnull))
int loop_run(const struct loop *loop);

#endif
