// SPDX-License-Identifier: ISC

/*
 * The state of all accounts and devices as one JSON document, for the status socket:
 * occupancyctl(1) says what is in it.
 *
 * It is written piece by piece, over many turns if there are many devices: each account and
 * device is as it is when it is written, and the totals behind them are sums of what was written.
 */

#ifndef DAEMON_OVERVIEW_H
#define DAEMON_OVERVIEW_H

#include "daemon/poller.h"

/** What a device is, in one word. */
enum device_state {
	DEVICE_FRESH,    /* nothing that is over is missing, or only since a moment ago */
	DEVICE_LATE,     /* its next buckets were to be asked for more than a minute ago */
	DEVICE_FAILING,  /* it has been reported as failing */
	DEVICE_WAITING,  /* for its account, or until it is known what time it is */
	DEVICE_STARTING, /* nothing is recorded of it yet */
	DEVICE_STATES,
};

/** The document's version: one more when members have changed their meaning or are gone. */
enum { OVERVIEW_VERSION = 1 };

/** What it is made of. */
struct overview_source {
	struct poller *poller;
	usec_t started;          /* wall clock */
	const char *config;      /* what is wrong with the configuration's files; NULL: nothing */
};

/** How far it is.  All zero: it has not begun. */
struct overview {
	enum { OVERVIEW_HEAD, OVERVIEW_NODES, OVERVIEW_ACCOUNTS, OVERVIEW_DEVICES } part;
	size_t at;
	size_t states[DEVICE_STATES];
	int64_t backlog;
	uint64_t rechecks;
};

/** Appends the next piece.  Returns whether there are more.  source and state: for struct socket_source. */
__attribute__((nonnull))
bool overview_write(void *source, void *state, struct buf *out);

#endif
