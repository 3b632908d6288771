// SPDX-License-Identifier: ISC

/*
 * What is known of each device's log while it grows: where it may have begun, and
 * what the server has said last.
 */

#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "server.h"

#include <stdbool.h>

enum { SERIES_MAX = 96, BEGINNINGS_MAX = 2048, RECHECKS_KEPT = 8192, NEWS_KEPT = 8 };

/** A good answer to a request for something new. */
struct news {
	usec_t start, end;
	usec_t at;
	usec_t wall, next; /* the daemon's clock then, and when it had its next answer about the device, */
	usec_t before;     /* and the one before */
};

/** One identity: a UUID at an interval. */
struct series {
	char uuid[64];
	int granularity;

	/* Cursors that a daemon could begin with, until one was durable. */
	usec_t beginnings[BEGINNINGS_MAX];
	int beginnings_len;
	int life;           /* in which it was configured at that time first */
	usec_t configured;
	bool begun;

	/* The last good answer that reached the daemon in the quiet phase. */
	usec_t asked_start, asked_end, asked_at;
	/* The last ones that were asked for something new, as a ring: what one said that was believed must be in the log. */
	struct news news[NEWS_KEPT];
	usec_t answered; /* the daemon's clock at the last answer */
	unsigned news_count; /* of all */
	int requests, fresh; /* when all is well; and those of them that went on behind the last answer */
	int narrow; /* so many good answers until it asks for as much as ever: it was slow */

	/* Good answers in a row, in one life, that brought something new, no more than a window each; and from when to when. */
	int steady_answers, steady_version, steady_life;
	usec_t steady_from, steady_to;
};

/** A request, when all is well, that did not go on behind the last answer: the log tells whether it was for anything new. */
struct recheck {
	const struct series *series;
	usec_t start, end, at;
};

struct ledger {
	struct series series[SERIES_MAX];
	int len;
	struct recheck rechecks[RECHECKS_KEPT];
	int rechecks_len;
};

extern struct ledger *ledger;

void ledger_init(void);

struct series *ledger_series(const char *uuid, int granularity);

/** The daemon has read the configuration at that version: devices new to it begin now, by the true time. */
void ledger_configured(int version);

/** A life is over: devices that a checkpoint or the log knows have begun for good. */
void ledger_settle(void);

/** The checkpoint is lost: devices without a record may begin anew. */
void ledger_unsettle(void);

/** A request is made. */
void ledger_asked(const struct asked *asked);

/** A good answer has reached the daemon. */
void ledger_answered(const struct asked *asked);

/** Something else has. */
void ledger_failed(const struct asked *asked);

#endif
