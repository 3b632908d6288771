// SPDX-License-Identifier: ISC

/*
 * answer: a reply before it is sent.
 */

#ifndef FAKE_RHOMBUS_ANSWER_H
#define FAKE_RHOMBUS_ANSWER_H

#include "json.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum course {
	COURSE_SEND,
	COURSE_HANG,  /* never answer */
	COURSE_RESET, /* abort the connection (RST) */
	COURSE_CLOSE, /* close it in order, without a byte */
};

struct answer {
	enum course course;
	unsigned status;
	const char *content_type; /* not owned */
	struct text body;
	struct json_object *headers; /* name -> value or null, beyond Content-Type and Date */
	int64_t delay_ms;
	int64_t trickle_ms; /* per byte; 0: as fast as it goes */
	int64_t cut;        /* close after that many bytes of the body; -1: send it whole */
	bool gzipped;
	size_t points; /* of a report */
};

void answer_init(struct answer *answer);
void answer_done(struct answer *answer);

/** Replaces status, type and body. The strings of type and body may be temporary only for body. */
void answer_set(struct answer *answer, unsigned status, const char *content_type, const char *body);

/** Sets a status with the body that the contract, or good custom, gives to it. */
void answer_set_status(struct answer *answer, unsigned status);

/** Adds a header, or replaces one of the same name; NULL: the reply goes without it. */
void answer_header(struct answer *answer, const char *name, const char *value);

/** Whether the header has been decided on: it has a value, or is to be left out. */
bool answer_has_header(const struct answer *answer, const char *name);

/** Compresses the body, in so many members with so many zeros behind them, and says so in a header. */
void answer_compress(struct answer *answer, size_t members, size_t padding);

#endif
