// SPDX-License-Identifier: ISC

/*
 * What etcd's JSON gateway answers, read.  It leaves out what is false, 0 or empty, and writes numbers of 64 bits
 * as strings.
 */

#ifndef JOURNAL_ETCDANSWER_H
#define JOURNAL_ETCDANSWER_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A key and its value, each with a NUL behind it. */
struct etcdanswer_pair {
	const char *key;
	size_t key_len;
	const char *value;
	size_t value_len;
	uint64_t created; /* at which revision */
	int64_t lease;    /* 0: none */
};

/** What a get or a range of a transaction has found. */
struct etcdanswer_range {
	const struct etcdanswer_pair *pairs; /* ascending by key, as etcd has them; NULL: none */
	size_t count;
	bool more; /* there are more than were asked for */
};

enum { ETCDANSWER_RANGES = 4 };

struct etcdanswer {
	uint64_t cluster;
	uint64_t revision;
	bool succeeded; /* a transaction: what it depends on was so */
	struct etcdanswer_range ranges[ETCDANSWER_RANGES];
	size_t range_count;
	int64_t lease; /* 0: it is not about one */
	int64_t ttl_s; /* 0: that lease has ended */

	/* Its own. */
	struct etcdanswer_pair *pairs;
	size_t pair_count, pair_size;
	struct buf bytes;
};

/** All zero is an empty answer. */
void etcdanswer_done(struct etcdanswer *answer);

/**
 * Reads an answer into one that is empty.  Returns 0; -EBADMSG if it is not etcd's; -ENOMEM.  The sentence lacks its
 * subject: "is not JSON: ...".  After a failure it is for etcdanswer_done() as well.
 */
__attribute__((nonnull(1, 3), warn_unused_result))
int etcdanswer_read(const char *text, size_t len, struct etcdanswer *answer, struct error *err);

/**
 * Appends the message with which etcd refuses something.  False if the text is not such a refusal, and then nothing
 * is appended.
 */
__attribute__((nonnull, warn_unused_result))
bool etcdanswer_refusal(const char *text, size_t len, struct buf *message);

#endif
