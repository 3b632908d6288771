// SPDX-License-Identifier: ISC

/*
 * Cursors that lie in a time that has not come.
 *
 * A clock that was ahead, before this start, leaves a checkpoint or a log that ends in the
 * future: a gap until then, or records of what had not happened.  Nothing would be recorded
 * until that day.  Once the time is confirmed the log is read again, and the cursor goes
 * back to where its real records end.  What the log holds behind that is not taken out
 * of it: those buckets are recorded once more, with the next revision.
 *
 * A count of somebody in a time that has not come, of whatever device, proves that the clock
 * is wrong, and not the log.  Then nothing is done but to say so.
 */

#include "daemon/mend.h"

#include "base/log.h"
#include "base/utc.h"
#include "daemon/poller-private.h"
#include "daemon/recovery.h"
#include "daemon/settle.h"
#include "status/notify.h"

#include <errno.h>
#include <stdlib.h>

/* After so many records systemd is told that this takes a while; and after a failure, when to try again. */
enum { PING_EVERY = 1 << 16 };
#define MEND_RETRY (5 * USEC_PER_MIN)

/* So many devices are named in the journal. */
enum { TELL_MOST = 10 };

/** What the log holds of a device. */
struct finding {
	usec_t real;          /* where what has come ends; INT64_MIN: there is nothing of that kind */
	usec_t from, until;   /* what it says of the time to come begins and ends there; INT64_MIN: nothing */
	uint16_t revision;    /* the highest of it */
	bool disputes;        /* it says what it cannot, unless that time has come */
};

struct mending {
	const struct poller *poller;
	struct finding *findings; /* one for each poll, in order */
	usec_t counted; /* where the last bucket in which any device has counted somebody begins; INT64_MIN: there is none */
	size_t records;
};

static bool wants_mending(const struct poll *poll) {
	return access_of(poll)->clock.mend && poll->unproven;
}

static void note_beyond(struct finding *finding, const struct log_entry *entry) {
	if (finding->until == INT64_MIN || entry->start < finding->from) {
		finding->from = entry->start;
	}
	if (entry->end > finding->until) {
		finding->until = entry->end;
	}
	if (entry->revision > finding->revision) {
		finding->revision = (uint16_t)entry->revision;
	}
}

static void read_entry(const struct log_entry *entry, void *user) {
	struct mending *mending = user;
	const struct poller *poller = mending->poller;
	if (++mending->records % PING_EVERY == 0) {
		notify_watchdog();
	}
	const struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	if (poll && entry->status == RECORD_OK && entry->count > 0 && entry->start > mending->counted) {
		mending->counted = entry->start;
	}
	if (!poll || !wants_mending(poll)) {
		return;
	}
	const struct access *access = access_of(poll);
	struct finding *finding = &mending->findings[poll - poller->roll.polls];
	usec_t now = clock_true_time(poller, access) + CLOCK_SLACK;
	if (entry->end <= now) {
		finding->real = entry->end > finding->real ? entry->end : finding->real;
		return;
	}
	note_beyond(finding, entry);
	/* Where no server says what time it is, the log is as good a witness as our clock. */
	bool answered = entry->status != RECORD_GAP && !skew_is_dated(&access->clock.skew);
	finding->disputes = finding->disputes || answered;
}

static void tell_mended(const struct poll *poll, usec_t was) {
	char from[UTC_STRING_SIZE], to[UTC_STRING_SIZE];
	log_warning("%s: its log or checkpoint reaches to %s, which has not come yet: continues from %s",
	            poll->device->name, utc_format(to, was), utc_format(from, poll->cursor));
}

/* Where the device goes on; without any record of it, as one that begins now.  settle_account() then proves it. */
static void mend_poll(const struct poller *poller, struct poll *poll, const struct finding *finding) {
	usec_t now = clock_true_time(poller, access_of(poll));
	usec_t cursor = span_first_cursor(poll->device->settings, now);
	bool beyond = finding->until != INT64_MIN;
	if (finding->real != INT64_MIN) {
		cursor = finding->real;
	} else if (beyond && finding->from < cursor) {
		cursor = finding->from;
	} else {
		poll->since = now;
	}
	/* Records that the log does not hold any more may be in files that others took. */
	if (beyond && finding->until >= poll->taken) {
		poll_rewind(poll, cursor, finding->until, (uint16_t)(finding->revision + 1));
	} else {
		poll_rewind(poll, cursor, poll->taken, (uint16_t)(poll->top + 1));
	}
}

static void mend_all(struct poller *poller, const struct finding *findings) {
	size_t mended = 0;
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		if (wants_mending(poll) && !access_of(poll)->clock.disputed) {
			usec_t was = poll->cursor;
			mend_poll(poller, poll, &findings[i]);
			if (++mended <= TELL_MOST) {
				tell_mended(poll, was);
			}
		}
	}
	if (mended > TELL_MOST) {
		size_t more = mended - TELL_MOST;
		log_warning("the same applies to %zu more device%s", more, more == 1 ? "" : "s");
	}
	poller->unsaved = poller->unsaved || mended > 0;
}

static void find_disputes(struct poller *poller, const struct mending *mending) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		const struct poll *poll = &poller->roll.polls[i];
		struct access *access = access_of(poll);
		bool counted = mending->counted > clock_true_time(poller, access) + CLOCK_SLACK;
		if (wants_mending(poll) && (counted || mending->findings[i].disputes)) {
			bool known = access->clock.disputed && access->clock.disputed_until > poll->cursor;
			clock_dispute(poller, access, known ? access->clock.disputed_until : poll->cursor);
		}
	}
}

static int read_log(struct poller *poller, struct mending *mending, struct error *err) {
	struct replay replay = {.visit = read_entry, .user = mending};
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		mending->findings[i] = (struct finding){.real = INT64_MIN, .until = INT64_MIN};
	}
	return sink_reread(poller->sink, &replay, err);
}

static bool is_wanted(const struct poller *poller) {
	bool wanted = false;
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		const struct access *access = &poller->roll.accesses[i];
		if (access->clock.mend && access->chain && chain_has_pending(access->chain)) {
			return false; /* cursors are not to be changed under records that are on their way */
		}
		wanted = wanted || access->clock.mend;
	}
	return wanted && poller->now >= poller->clockwork.mend_at;
}

static void settle_again(struct poller *poller) {
	for (size_t i = 0; i < poller->roll.config->account_count; i++) {
		struct access *access = &poller->roll.accesses[i];
		if (access->clock.mend) {
			settle_account(poller, access);
			poller_replan(poller, access);
		}
	}
}

void mend_cursors(struct poller *poller) {
	if (!is_wanted(poller)) {
		return;
	}
	struct error err = {{0}};
	struct finding *findings = calloc(poller->roll.config->device_count, sizeof(*findings));
	struct mending mending = {.poller = poller, .findings = findings, .counted = INT64_MIN};
	int r = findings ? read_log(poller, &mending, &err) : error_set(&err, ENOMEM, "out of memory");
	if (r < 0) {
		log_err("the log cannot be read again to mend what is ahead of the clock: %s", err.text);
		poller->clockwork.mend_at = poller->now + MEND_RETRY;
	} else {
		find_disputes(poller, &mending);
		mend_all(poller, findings);
		settle_again(poller);
		/* Before anything is recorded behind it: else a later start might not see that it went back. */
		if (recovery_save(poller, &err) < 0) {
			poller->unsaved = true;
		}
	}
	free(findings);
	poller->changed = true;
}
