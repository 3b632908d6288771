// SPDX-License-Identifier: ISC

/*
 * journal: one JSON line for each request, in the order of arrival.
 *
 * A line is written and flushed when the answer is decided, before its first byte is sent.
 * README.md describes the fields. The last lines are also kept in memory, for GET /_fake/journal.
 */

#ifndef FAKE_RHOMBUS_JOURNAL_H
#define FAKE_RHOMBUS_JOURNAL_H

#include "answer.h"
#include "keys.h"
#include "query.h"
#include "request.h"
#include "text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JOURNAL_KEPT = 10000 };

struct journal {
	FILE *file;               /* NULL: memory only */
	int64_t seq;              /* of the last line */
	char *kept[JOURNAL_KEPT]; /* line N stands at N % JOURNAL_KEPT */
};

/** What is written of a request. */
struct entry {
	int64_t time_ms; /* of the server's clock */
	int64_t mono_us;
	const struct request *request;
	const struct query *query; /* NULL: not a request for counts */
	const struct answer *answer;
	const char *key; /* its id, "unknown" or "none" */
	const char *org; /* NULL: not known */
	int in_flight;   /* of that organisation, with this one */
	int rule;        /* -1: none */
};

/** Starts a new file, or memory only if `path` is NULL. */
int journal_open(struct journal *journal, const char *path, struct why *why)
	__attribute__((warn_unused_result));

void journal_close(struct journal *journal);

void journal_write(struct journal *journal, const struct entry *entry, const struct keys *keys);

/** Adds the kept lines with a seq greater than `since`. */
void journal_show(const struct journal *journal, int64_t since, struct text *out);

/** What an answer is called: its status, or "hang", "reset" (also for an orderly close), "cut". */
struct json_object *answer_outcome(const struct answer *answer);

#endif
