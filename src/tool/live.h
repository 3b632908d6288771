// SPDX-License-Identifier: ISC

/*
 * The running daemon's state, as its status socket gives it.
 */

#ifndef TOOL_LIVE_H
#define TOOL_LIVE_H

#include "base/buf.h"
#include "base/units.h"
#include "tool/deviceline.h"
#include "tool/store.h"
#include "tool/tool.h"

#include <stdbool.h>

/** An account's place in the cluster, as the node that was asked sees it. */
struct live_place {
	const char *state;   /* NULL: that node is alone */
	const char *owner;   /* NULL: nobody */
	const char *reason;  /* what is wrong with it */
	int64_t entry, head, behind;
	usec_t unowned_since, behind_since; /* INT64_MIN: it has an owner; few entries are missing, or none */
};

struct live_account {
	const char *name, *state, *reason, *rate, *clock; /* clock: what is wrong with it */
	usec_t since;        /* of the state; INT64_MIN: none */
	int64_t in_flight, ahead_ms;
	bool confirmed;      /* what time it is */
	struct live_place place;
	const char *text;    /* as it came */
};

/** A node of the cluster, as it has announced itself. */
struct live_node {
	const char *name, *version; /* version: NULL: not known */
	bool well;                  /* it can write its log */
};

struct live_cluster {
	const char *node;      /* the one that was asked; NULL: it is alone */
	const char *name, *lease, *reason, *differing;
	bool reached, twin;
	usec_t since;          /* when it is not reached; INT64_MIN: it is */
	struct live_node *nodes;
	size_t node_count, node_size;
};

/** Orders of backfill, and the buckets that are still to be asked for. */
struct live_orders {
	int64_t waiting, running, buckets;
	int64_t done, refused; /* since the start */
	const char *reason;    /* of the last one that was refused */
};

struct live {
	const char *release, *configuration, *storage; /* storage: why the log cannot be written */
	bool storage_fails;  /* that, or something else on the disks */
	usec_t started, now;
	int64_t pid;
	struct live_account *accounts;
	size_t account_count, account_size;
	struct live_device *devices;
	size_t device_count, device_size;
	int64_t requests, records, points_dropped;
	usec_t last_record;  /* INT64_MIN: none since the start */
	struct live_orders orders;
	struct live_cluster cluster;
	const char *head, *totals; /* as they came, without what is between */
	struct store store;  /* of all texts */
};

/** Why there is none. */
enum live_result {
	LIVE_GOT,
	LIVE_DOWN,    /* nobody listens */
	LIVE_SILENT,  /* somebody does, and gives nothing */
	LIVE_DENIED,  /* this user may not connect */
	LIVE_FOREIGN, /* it is not the daemon's, or not a document that is known here */
	LIVE_BROKEN,  /* the machine has no memory, or the like */
};

enum { LIVE_INSTANCE = 96 };

/**
 * Of which instance that is the configuration: NAME, whose unit has /etc/occupancyd/NAME/occupancyd.conf and
 * /run/occupancyd/NAME.  Returns whether it is one's.
 */
__attribute__((nonnull))
bool live_instance(const char *config_file, char ret[static LIVE_INSTANCE]);

/**
 * The socket of the daemon with this configuration, which is read only if it may have a say in that: one of
 * many devices takes longer than all else.
 *
 * Returns 0; or EX_CONFIG, and it has been said why the configuration that was given cannot be used.
 */
__attribute__((warn_unused_result, nonnull))
int live_path(struct tool *tool, char ret[static 128]);

/**
 * Asks it.  *live is all zero before, and for live_done() afterwards, whatever the result.  The
 * sentence says what is wrong.
 */
__attribute__((warn_unused_result, nonnull))
enum live_result live_read(const char *path, struct live *live, struct error *err);

/**
 * Reads a document.  *live as of live_read().
 *
 * Returns 0; 1 if it is cut off; -EBADMSG if it is another text; -ETIMEDOUT if nothing comes any more; -ENOMEM
 * or another -errno.
 */
__attribute__((warn_unused_result, nonnull))
int live_parse(int fd, struct live *live);

void live_done(struct live *live);

#endif
