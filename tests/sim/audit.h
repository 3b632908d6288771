// SPDX-License-Identifier: ISC

/*
 * The audit: the whole log against the truth.
 *
 * For every identity: first records and gaps tile the time from its beginning on;
 * what they say is what the server once said; revisions count up, each differs from
 * the one before.  At the end of a run also: all is caught up, the look-back agrees
 * with the server, nothing is left lying about, retention has kept its bounds.
 */

#ifndef SIM_AUDIT_H
#define SIM_AUDIT_H

/** Reads the whole log. */
void audit_log(void);

/** What only holds after the quiet phase; call it after audit_log(). */
void audit_end(void);

#endif
