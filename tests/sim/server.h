// SPDX-License-Identifier: ISC

/*
 * The model server: what it answers, as text for the real parser.
 */

#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "base/units.h"
#include "request/http.h"

#include <stdbool.h>

/** A request as the server understands it. */
struct asked {
	int version, account;
	char uuid[64];
	int granularity;
	usec_t start, end;
	int key;
};

/** What will come of a request. */
enum fate {
	FATE_ANSWER, /* 200, and the points */
	FATE_STATUS, /* another status */
	FATE_GARBAGE, /* 200, and something that is no answer */
	FATE_TRANSPORT, /* nothing, or half of it */
};

/** A reply that is on its way. */
struct reply {
	enum fate fate;
	enum http_result result;
	long status;
	char retry_after[64]; /* "" for none */
	usec_t pause;         /* 429: how long nobody may ask, when it comes, */
	usec_t pause_until;   /* or until when; 0: it was not said as a date */
	int variant;          /* of garbage */
	bool odd;             /* its Date is wrong */
	usec_t delay;         /* from the request to the reply */
};

/** Decides what comes of a request that is made now. */
struct reply server_decide(const struct asked *asked, usec_t timeout);

/** Whether every request with a bucket that lies between these times fails; or did at some time. */
bool server_is_poisoned(const char *uuid, usec_t start, usec_t end, bool past);

/** Whether this seed's server cannot give much at once. */
bool server_is_weak(void);

/** The body of the reply, as the truth is now; valid until the next call. */
char *server_body(const struct asked *asked, const struct reply *reply, size_t *ret_len);

/** Frees the body. */
void server_done(void);

/** "Sun, 06 Nov 1994 08:49:37 GMT" */
void server_date(char *text, size_t size, usec_t time);

#endif
