// SPDX-License-Identifier: ISC

/*
 * Several nodes that keep one log: the configuration's `cluster` block.
 *
 * Whether there is one, the names and the lease stay what they were until a restart, whatever a reload reads; the rest
 * may change with each reload.  config_restarts() tells the administrator.
 */

#ifndef CONFIG_CLUSTER_H
#define CONFIG_CLUSTER_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster_settings {
	const char *name;             /* of the cluster; NULL: this node is alone */
	const char *node;             /* of this node */
	const char *const *endpoints; /* URLs of etcd, no slash at the end; NULL-terminated, and not NULL even if there is none */
	size_t endpoint_count;        /* at least one */
	const char *ca_file, *client_cert, *client_key; /* as written, like an account's; NULL: not set */
	usec_t lease;                 /* how long an account stays with a node that is silent */
	usec_t retention;             /* the store keeps no older entries for nodes that are away, */
	int64_t retention_bytes;      /* nor more of them in all */
	const char *const *prefer;    /* names of accounts that this node is to own if it can; as endpoints */
	bool left;                    /* cluster = "left": it was in one, and is no more */
};

#endif
