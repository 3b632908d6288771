// SPDX-License-Identifier: ISC

/*
 * The keys of a cluster in etcd:
 *
 *     occupancyd/CLUSTER/owner/ACCOUNT      the node that owns it; goes with that node's lease
 *     occupancyd/CLUSTER/head/ACCOUNT       the position of its last entry, in decimal
 *     occupancyd/CLUSTER/until/ACCOUNT      leave its server alone until then, microseconds, in decimal
 *     occupancyd/CLUSTER/node/NODE/LEASE    what that node shows; goes with the lease
 *     occupancyd/CLUSTER/log/ACCOUNT/POSITION   an entry
 *
 * LEASE and POSITION are 16 hexadecimal digits.  Of names all but ASCII letters, digits and "-._~" is written as
 * in a URL, %2F for a slash, so that nothing in a name makes it another key.
 */

#ifndef JOURNAL_ETCDKEY_H
#define JOURNAL_ETCDKEY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum etcdkey_folder {
	ETCDKEY_OWNER,
	ETCDKEY_HEAD,
	ETCDKEY_UNTIL,
	ETCDKEY_NODE, /* its keys have a number behind the name, */
	ETCDKEY_LOG,  /* and these */
};

/** What all keys of a folder begin with; and with end, the first that is behind them. */
__attribute__((nonnull))
void etcdkey_put_folder(struct buf *out, const char *cluster, enum etcdkey_folder folder, bool end);

/** The key of that name; in a folder whose keys have a number, what they begin with, without the slash. */
__attribute__((nonnull))
void etcdkey_put(struct buf *out, const char *cluster, enum etcdkey_folder folder, const char *name);

/** The key of that name and number. */
__attribute__((nonnull))
void etcdkey_put_numbered(struct buf *out, const char *cluster, enum etcdkey_folder folder, const char *name,
                          uint64_t number);

/**
 * Appends the name that is in a key of the folder and a NUL, and takes the number if it has one.  False if it is no
 * such key as the functions above write, and then name is as it was; buf_error() of it is for the caller to ask.
 */
__attribute__((nonnull, warn_unused_result))
bool etcdkey_take(const char *key, size_t len, const char *cluster, enum etcdkey_folder folder, struct buf *name,
                  uint64_t *ret_number);

#endif
