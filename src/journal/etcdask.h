// SPDX-License-Identifier: ISC

/*
 * Requests to etcd, as its JSON gateway reads them: the bodies, and the paths they are posted to.
 *
 * What depends on something is one transaction.  If that is not so, the answer says what is: see each.
 * Whether there was memory is for buf_error() to say.
 */

#ifndef JOURNAL_ETCDASK_H
#define JOURNAL_ETCDASK_H

#include "base/buf.h"
#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETCDASK_TXN    "/v3/kv/txn"
#define ETCDASK_GRANT  "/v3/lease/grant"
#define ETCDASK_RENEW  "/v3/lease/keepalive"
#define ETCDASK_REVOKE "/v3/lease/revoke"

/** Of each folder that etcdask_look() asks for there are no more keys than that. */
enum { ETCDASK_KEYS_MAX = 20000 };

/** Transaction: owners, heads, untils and nodes, in this order. */
__attribute__((nonnull))
void etcdask_look(struct buf *out, const char *cluster);

/** Transaction: the account's head, and its entries from to until, both included, but at most limit. */
__attribute__((nonnull))
void etcdask_read(struct buf *out, const char *cluster, const char *account, uint64_t from, uint64_t until,
                  size_t limit);

/** To ETCDASK_GRANT. */
__attribute__((nonnull))
void etcdask_grant(struct buf *out, usec_t length);

/** To ETCDASK_RENEW or ETCDASK_REVOKE. */
__attribute__((nonnull))
void etcdask_lease(struct buf *out, int64_t lease);

/** Transaction. */
__attribute__((nonnull))
void etcdask_announce(struct buf *out, const char *cluster, const char *node, int64_t lease, const char *value);

/** Transaction; else the owner. */
__attribute__((nonnull))
void etcdask_claim(struct buf *out, const char *cluster, const char *account, const char *node, int64_t lease);

/** Transaction; else the owner. */
__attribute__((nonnull))
void etcdask_release(struct buf *out, const char *cluster, const char *account, uint64_t epoch);

/** Transaction; else the entry that is at the position. */
__attribute__((nonnull))
void etcdask_commit(struct buf *out, const char *cluster, const char *account, uint64_t epoch, uint64_t position,
                    const void *data, size_t len);

/** Transaction; else the owner. */
__attribute__((nonnull))
void etcdask_defer(struct buf *out, const char *cluster, const char *account, uint64_t epoch, usec_t until);

/** Transaction; else the owner. */
__attribute__((nonnull))
void etcdask_trim(struct buf *out, const char *cluster, const char *account, uint64_t epoch, uint64_t from,
                  uint64_t until);

#endif
