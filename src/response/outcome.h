// SPDX-License-Identifier: ISC

/*
 * What a reply means: one pure function from what came back to what it says
 * about the device and its account.  What is done about it is the poller's.
 */

#ifndef RESPONSE_OUTCOME_H
#define RESPONSE_OUTCOME_H

#include "request/http.h"
#include "response/parse.h"

enum outcome {
	OUTCOME_OK,
	OUTCOME_FAILING,      /* this device: an answer of no use */
	OUTCOME_THROTTLED,    /* the account: wait `wait` */
	OUTCOME_REFUSED,      /* the account: the key is not accepted */
	OUTCOME_REJECTED,     /* this request, for good */
	OUTCOME_SERVER_ERROR, /* 500: the request's fault or the server's, nobody knows */
	OUTCOME_TRANSIENT,    /* the way to the server, or the server as a whole */
	OUTCOME_TOO_LARGE,    /* too much was asked for at once */
	OUTCOME_NO_MEMORY,    /* this machine had no memory for the answer */
	OUTCOME_COUNT,
};

struct verdict {
	enum outcome outcome;
	usec_t wait; /* THROTTLED only */
	bool slow;   /* TRANSIENT only: less at once might come in time */
	char reason[MESSAGE_SIZE + 64]; /* a sentence fit to be shown, unless OK */
};

/**
 * Judges a reply.  For a 200 the body must have been read already: parsed is
 * what parse_points() returned, and parse_error its sentence.  wall is for a
 * Retry-After that is a date, unless the reply has a Date itself.
 */
__attribute__((nonnull(1, 3, 5)))
void outcome_judge(const struct http_reply *reply, int parsed, const struct error *parse_error,
                   usec_t now, struct verdict *ret_verdict);

/**
 * How long a Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) asks
 * to wait: clamped to 1 s .. 1 h; 60 s if it is absent (NULL) or neither.  A date
 * is measured by the server's time as it is known, and as this reply says it is.
 * The longer wait counts, but one within those bounds rather than one beyond them.
 */
usec_t outcome_retry_after(const char *value, usec_t now, usec_t said);

/** Reads an HTTP date (RFC 9110, 5.6.7), in the one form that may be sent.  Returns 0 or -EINVAL. */
__attribute__((warn_unused_result, nonnull))
int outcome_http_date(const char *value, usec_t *ret);

/**
 * What time it was at the server when it answered: its Date, to the second; and where a
 * cache has kept the answer since, its Age later (RFC 9111, 4.2.3).  Returns 0, or -ENODATA
 * if the reply does not say, or says something that cannot be read.
 */
__attribute__((warn_unused_result, nonnull))
int outcome_server_time(const struct http_reply *reply, usec_t *ret);

#endif
