// SPDX-License-Identifier: ISC

/*
 * An account at run time: its lane, its key, and the endpoint made of them.
 *
 * The key's file is read at the start, at a reload, when the server refuses
 * the key, and, from then on, as soon as a file has changed.
 */

#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include "config/config.h"
#include "config/secret.h"
#include "request/http.h"
#include "schedule/belief.h"
#include "schedule/lane.h"
#include "schedule/skew.h"

/** What has been reported of our clock and a server's. */
enum clock_state {
	CLOCK_WELL,
	CLOCK_AHEAD,
	CLOCK_BEHIND,
	CLOCK_IN_DOUBT,  /* replies contradict our clock, or each other */
	CLOCK_DISPUTED,  /* the log holds counts of a time that has not come by it */
};

/** Our clock, as an account's server has it. */
struct clocking {
	struct skew skew;
	enum clock_state told;

	/* Asking for the time, where nothing else asks. */
	usec_t probe_at;  /* monotonic; USEC_INFINITY: no need */
	unsigned probes;  /* and replies, since it was last well */
	bool given_up;    /* with once: it has been reported that it could not be found out */
	bool suspect;     /* a cursor lies in a time that has not come, even by our clock */

	/* Once it is confirmed: */
	bool unsettled;   /* cursors are to be compared with it, and devices to begin */
	bool mend;        /* a cursor lies beyond it: the log is to be read again */
	bool disputed;    /* the log has been, and contradicts it: until it is that late, or another offset */
	usec_t disputed_until, disputed_offset;
};

struct access {
	const struct account *account;
	struct chain *chain;   /* in a cluster, the account's; NULL: alone */
	struct lane lane;
	struct http_endpoint *endpoint;
	struct secret key;
	struct secret old_key; /* the one before, while replies to it are on their way */
	int outdated;          /* requests on their way that were sent with an older key */
	struct secret_stamp stamps[ACCOUNT_FILES];
	unsigned generation;           /* of key and certificate: 1, 2, ... */
	bool accepted;                 /* this generation has been let in, and not refused since */
	bool trouble;                  /* the last reply was of the kind that other files may heal */
	bool shut_out;                 /* a device is refused alone: another key may let it in */
	unsigned unlucky;              /* replies in a row that were of no use, over these connections */
	usec_t look_at;                /* monotonic: when to look at the files again */
	struct clocking clock;         /* our clock against the server's */
	struct belief beliefs[INTERVAL_COUNT][2]; /* in its answers: without and with a warning */
	bool drops_told;               /* it has been reported that points are dropped */
	char reason[512];              /* why the lane is not open, or was not last */
};

/** Reads the key and makes the endpoint.  Returns 0, or -errno with nothing to release. */
__attribute__((warn_unused_result, nonnull))
int access_init(struct access *access, const struct account *account, struct error *err);

/**
 * The same, but an account whose key or certificate cannot be used yet waits for it:
 * its lane is shut, why is in reason and err, and the return is 1.  It fails with -ENOMEM,
 * or -ENXIO for a credential where there are none: nothing to wait for.
 */
__attribute__((warn_unused_result, nonnull))
int access_init_patient(struct access *access, const struct account *account, usec_t now,
                        struct error *err);

/** http may be NULL if it is gone already. */
void access_done(struct access *access, struct http *http);

/**
 * Reads the key again.  Returns 1 if a key, certificate or CA is new, so that
 * asking again is worth while; 0 if all is as it was; -errno if a file could
 * not be read, and the old key stays.
 */
__attribute__((warn_unused_result, nonnull))
int access_reread(struct access *access, struct http *http, struct error *err);

/** The same, with a line in the journal; what is new is tried at once. */
__attribute__((nonnull))
void access_refresh(struct access *access, struct http *http, usec_t now);

/** Whether a file has changed since it was read; looks every other second while another may help. */
__attribute__((warn_unused_result, nonnull))
bool access_changed(struct access *access, usec_t now);

/** When access_changed() wants to be called; USEC_INFINITY while there is no need. */
__attribute__((nonnull))
usec_t access_next(const struct access *access);

/**
 * A reply has been dealt with; outdated: its request was sent with a key that has been
 * replaced since.  After the last of these nothing is left of the old key.
 */
__attribute__((nonnull))
void access_landed(struct access *access, bool outdated);

/** Overwrites the key, and the one before it, with asterisks wherever the server has sent it back. */
__attribute__((nonnull))
void access_mask(const struct access *access, char *text, size_t len);

/** Takes over what the server said and the token bucket of an earlier account, if it is the same server. */
__attribute__((nonnull))
void access_take_over(struct access *access, const struct access *from, usec_t now);

#endif
