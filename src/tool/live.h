// SPDX-License-Identifier: ISC

/*
 * The running daemon's state, as its status socket gives it.
 */

#ifndef TOOL_LIVE_H
#define TOOL_LIVE_H

#include "base/buf.h"
#include "base/units.h"
#include "tool/tool.h"

#include <stdbool.h>

/** In the order in which people want to see them; the words are those of the document. */
enum live_state { LIVE_FAILING, LIVE_WAITING, LIVE_LATE, LIVE_STARTING, LIVE_FRESH, LIVE_STATES };

/** "failing", ... */
const char *live_word(enum live_state state);

/** Strings that the document does not have are NULL. */
struct live_device {
	char *uuid, *name, *site, *account, *interval, *zone, *reason;
	enum live_state state;
	usec_t last_end;     /* INT64_MIN: nothing is recorded */
	int64_t count;       /* of the bucket that ended then; -1: there is none */
	usec_t age;          /* since then, by the time that the daemon believes */
	int64_t waiting, rechecks;
	usec_t since;        /* of the reason; INT64_MIN: none */
	char *text;          /* as it came */
};

struct live_account {
	char *name, *state, *reason, *rate, *clock; /* clock: what is wrong with it */
	usec_t since;        /* of the state; INT64_MIN: none */
	int64_t in_flight, ahead_ms;
	bool confirmed;      /* what time it is */
	char *text;
};

struct live {
	char *release, *configuration, *storage; /* storage: why the log cannot be written */
	bool storage_fails;  /* that, or something else on the disks */
	usec_t started, now;
	int64_t pid;
	struct live_account *accounts;
	size_t account_count, account_size;
	struct live_device *devices;
	size_t device_count, device_size;
	int64_t requests, records, points_dropped;
	usec_t last_record;  /* INT64_MIN: none since the start */
	char *head, *totals; /* as they came, without what is between */
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

/** The socket of the daemon with this configuration.  Reads that; it need not be readable. */
__attribute__((nonnull))
const char *live_path(struct tool *tool, char ret[static 128]);

/**
 * Asks it.  *live is all zero before, and for live_done() afterwards, whatever the result.  The
 * sentence says what is wrong.
 */
__attribute__((warn_unused_result, nonnull))
enum live_result live_read(const char *path, struct live *live, struct error *err);

void live_done(struct live *live);

#endif
