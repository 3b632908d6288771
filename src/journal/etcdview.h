// SPDX-License-Identifier: ISC

/*
 * What was asked for by etcdask_look() and etcdask_read(), as journal.h shows it.
 */

#ifndef JOURNAL_ETCDVIEW_H
#define JOURNAL_ETCDVIEW_H

#include "base/error.h"
#include "journal/etcdanswer.h"
#include "journal/journal.h"

/** What a view or entries are kept in; all zero is empty. */
struct etcdview {
	struct journal_chain *chains;
	struct journal_node *nodes;
	struct journal_entry *entries;
	size_t chain_count, node_count, entry_count;
	struct buf names;
};

void etcdview_done(struct etcdview *view);

/**
 * Makes a view of the answer, which must outlive it.  Returns 0; -EBADMSG if something in it is not occupancyd's, or
 * there is too much of it; -ENOMEM.  The sentence tells which key.
 */
__attribute__((nonnull(1, 2, 3, 4), warn_unused_result))
int etcdview_look(struct etcdview *view, const struct etcdanswer *answer, const char *cluster,
                  struct journal_view *ret_view, struct error *err);

/** The entries of an account, and its head, likewise. */
__attribute__((nonnull(1, 2, 3, 4, 5), warn_unused_result))
int etcdview_read(struct etcdview *view, const struct etcdanswer *answer, const char *cluster, const char *account,
                  uint64_t *ret_head, struct error *err);

#endif
