// SPDX-License-Identifier: ISC

/*
 * The way to etcd: its members, one of which is asked as long as it is good for something, and then the next.
 */

#ifndef JOURNAL_ETCDLINK_H
#define JOURNAL_ETCDLINK_H

#include "base/error.h"
#include "base/units.h"
#include "journal/journal.h"
#include "request/http.h"

#include <stddef.h>

struct etcdlink;

/** Returns 0 and a link for etcdlink_free(), or -errno.  http must outlive it; replies are the owner's. */
__attribute__((nonnull(1, 2, 3, 4), warn_unused_result))
int etcdlink_new(const struct journal_settings *settings, struct http *http, const void *owner, struct etcdlink **ret_link,
                 struct error *err);

/** What is on its way is abandoned. */
void etcdlink_free(struct etcdlink *link);

/** How many members there are. */
__attribute__((nonnull))
size_t etcdlink_count(const struct etcdlink *link);

/** A member's URL. */
__attribute__((nonnull))
const char *etcdlink_url(const struct etcdlink *link, size_t member);

/** Asks a member, and tells which.  Returns 0 or -errno, as http_post_to(). */
__attribute__((nonnull, warn_unused_result))
int etcdlink_post(struct etcdlink *link, const char *path, const char *body, usec_t timeout, void *user,
                  size_t *ret_member);

/** That member is asked no more, until all others are no better. */
__attribute__((nonnull))
void etcdlink_leave(struct etcdlink *link, size_t member);

#endif
