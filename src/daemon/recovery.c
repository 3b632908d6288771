// SPDX-License-Identifier: ISC

#include "daemon/recovery.h"

#include "base/log.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"
#include "state/checkpoint.h"
#include "status/notify.h"

#include <errno.h>
#include <string.h>

/* While a long log is read back, systemd is asked for patience after so many records. */
enum { EXTEND_EVERY = 1 << 16 };
#define EXTEND_BY (30 * USEC_PER_SEC)

/** A start: what has been read back from the log. */
struct restoring {
	struct poller *poller;
	size_t records;
	usec_t oldest; /* the earliest start among them; USEC_INFINITY: none */
	bool known;    /* there was a checkpoint, and it still counts */
	bool clustered; /* the checkpoint is of a member of a cluster */
	bool no_memory;
};

/* The account's name, as its chain has it; NULL: there is none, or no cluster. */
static const char *home_of(const struct poller *poller, const char *account, size_t len) {
	const struct chain *chain = poller->member && account ? member_chain(poller->member, account, len) : NULL;
	return chain ? chain->account : NULL;
}

void recovery_take_device(const struct checkpoint_entry *entry, void *user) {
	struct poller *poller = user;
	const char *home = home_of(poller, entry->home, entry->home ? strlen(entry->home) : 0);
	struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	if (!poll) {
		/* Short of memory it is forgotten, which only a device that comes back would notice. */
		(void)orphans_add(&poller->orphans, entry->uuid, entry->interval, &(struct orphan){
			.cursor = entry->cursor,
			.since = entry->since,
			.taken = entry->taken,
			.top = entry->top,
			.again = entry->again,
			.home = home,
		});
		return;
	}
	poll->home = home;
	poll->cursor = entry->cursor;
	poll->since = entry->since;
	poll->begun = poll->unproven = true;
	for (size_t i = 0; i < entry->memory_len; i++) {
		/* The end is that of the cursor at most, which must not move here. */
		(void)poll_apply(poll, &entry->memory[i], entry->cursor);
	}
	for (size_t i = 0; i < entry->runs_len; i++) {
		recheck_restore(&poll->recheck, poll->device->settings, &entry->runs[i]);
	}
	poll->taken = entry->taken;
	poll->top = entry->top;
	poll->again = entry->again;
}

void recovery_take_record(struct poller *poller, const struct log_entry *entry, const char *home) {
	struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	if (!poll) {
		(void)orphans_add(&poller->orphans, entry->uuid, entry->interval, &(struct orphan){
			.cursor = entry->end,
			.since = poller->wall,
			.taken = entry->end,
			.top = (uint16_t)entry->revision,
			.home = home,
		});
		return;
	}
	poll->home = home ? home : poll->home;
	const struct remembered what = {
		.start = entry->start,
		.count = entry->count,
		.length_s = bucket_seconds(entry->start, entry->end),
		.revision = (uint16_t)entry->revision,
		.status = (uint8_t)entry->status,
	};
	/* A first record of what is known already was read before, or comes out of its order. */
	bool news = !poll->begun || entry->revision > 0 || entry->end > poll->cursor;
	/* If memory is short, a later correction goes unseen. */
	(void)poll_resume(poll, &what, entry->end);
	if (news) {
		/* Recorded then or later: the time is not confirmed yet. */
		poll_watch(poll, &what, entry->end, entry->end + poll->device->settings->settle);
	}
}

static void restore_device(const struct checkpoint_entry *entry, void *user) {
	struct restoring *restoring = user;
	recovery_take_device(entry, restoring->poller);
}

/* How far the chain of an account had got. */
static void restore_account(const struct checkpoint_account *account, void *user) {
	struct restoring *restoring = user;
	struct member *member = restoring->poller->member;
	restoring->clustered = true;
	if (member && member_restore(member, account->name, strlen(account->name), account->entry, account->lines) < 0) {
		restoring->no_memory = true;
	}
}

/*
 * How far a line of the log says that the chain of its account has got: all entries before that of the line are there
 * as a whole.  A line of no entry is from before the cluster, or from between two of them.
 */
static void restore_place(struct restoring *restoring, const struct log_entry *entry, const struct poll *poll) {
	struct member *member = restoring->poller->member;
	const struct slice account = entry->account;
	struct chain *chain = account.text ? member_chain(member, account.text, account.len) : poll ? access_of(poll)->chain : NULL;
	uint64_t position = chain ? chain->tenure.position : 0, lines = chain ? chain->lines : 0;
	if (entry->entry > 0 && entry->entry <= position && restoring->known) {
		return; /* it is known already */
	}
	if (entry->entry == 0) {
		position = lines = 0;
	} else if (entry->entry == position + 1) {
		lines++;
	} else {
		position = entry->entry - 1;
		lines = 1;
	}
	if (account.text) {
		int r = member_restore(member, account.text, account.len, position, lines);
		restoring->no_memory = restoring->no_memory || r < 0;
	} else if (chain) {
		chain_place(chain, position, lines);
	}
}

/* A record that the log holds beyond the checkpoint. */
static void restore_record(const struct log_entry *entry, void *user) {
	struct restoring *restoring = user;
	struct poller *poller = restoring->poller;
	if (++restoring->records % EXTEND_EVERY == 0) {
		notify_extend_timeout(EXTEND_BY);
	}
	restoring->oldest = entry->start < restoring->oldest ? entry->start : restoring->oldest;
	if (poller->member) {
		restore_place(restoring, entry, roster_find(&poller->roll.roster, entry->uuid, entry->interval));
	}
	recovery_take_record(poller, entry, home_of(poller, entry->account.text, entry->account.len));
}

/* The log older than the checkpoint: what it lacks is asked for again */

/* First records of an identity ascend, so the checkpoint's cursor tells whether it knew one. */
static enum replay_age age_of(const struct log_entry *entry, void *user) {
	const struct restoring *restoring = user;
	const struct poller *poller = restoring->poller;
	const struct poll *poll = roster_find(&poller->roll.roster, entry->uuid, entry->interval);
	const struct orphan *orphan = orphans_find(&poller->orphans, entry->uuid, entry->interval);
	if (entry->revision > 0 || !(poll ? poll->begun : orphan != NULL)) {
		return REPLAY_UNKNOWN;
	}
	return entry->end <= (poll ? poll->cursor : orphan->cursor) ? REPLAY_KNOWN : REPLAY_NEW;
}

static void forget_checkpoint(void *user) {
	struct restoring *restoring = user;
	struct poller *poller = restoring->poller;
	restoring->oldest = USEC_INFINITY;
	restoring->known = false;
	for (size_t i = 0; poller->member && i < poller->member->len; i++) {
		chain_place(poller->member->chains[i], 0, 0);
	}
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		poll_forget(&poller->roll.polls[i]);
	}
	orphans_done(&poller->orphans);
}

/*
 * A device that the log does not hold.  If the log goes back to before it was polled it begins
 * as it did then; else retention has removed what there was of it, and it goes on with the log.
 */
static void begin_again(struct poll *poll, usec_t oldest) {
	const struct settings *settings = poll->device->settings;
	usec_t cursor = poll->since > oldest ? span_first_cursor(settings, poll->since)
	                                     : grid_floor(&settings->bucket, oldest);
	poll->cursor = cursor < poll->cursor ? cursor : poll->cursor;
	poll->begun = true;
}

static void go_on_from_log(struct poller *poller, usec_t oldest) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		struct poll *poll = &poller->roll.polls[i];
		bool was_known = poll->unproven;
		if (was_known && !poll->begun && oldest < USEC_INFINITY) {
			begin_again(poll, oldest);
		}
		/* Short of memory, a gap has another reason. */
		poll->reason = strdup("the log was older than the checkpoint at a start");
	}
}

/*
 * 1 with a position to read the log from; 0 if all of it is to be read, with a sentence
 * if that is because of damage; or -errno.
 */
static int restore_checkpoint(struct restoring *restoring, struct sink_position *ret_position,
                              struct error *damage, struct error *err) {
	const struct poller *poller = restoring->poller;
	const char *directory = poller->state_directory;
	struct error why_not;
	const struct checkpoint_visitor visitor = {
		.entry = restore_device, .account = restore_account, .user = restoring};
	int r = checkpoint_read(directory, &visitor, ret_position, &why_not);

	switch (r) {
	case 0:
		return 1;
	case -ENOENT:
		return 0;
	case -EBADMSG:
		*damage = why_not;
		return checkpoint_set_aside(directory, poller->wall, err);
	default:
		*err = why_not;
		return r;
	}
}

static void tell_records(const struct poller *poller, size_t records, bool from_checkpoint,
                         const struct error *damage) {
	const char *log = poller->roll.config->log.directory;
	const char *plural = records == 1 ? "" : "s";

	if (damage->text[0]) {
		log_warning("%s: set aside, and rebuilt from the log: %zu record%s in %s", damage->text,
		            records, plural, log);
	} else if (!from_checkpoint && records > 0) {
		log_warning("%s/checkpoint: missing: rebuilt from the log: %zu record%s in %s",
		            poller->state_directory, records, plural, log);
	} else if (records > 0) {
		log_info("%s: %zu record%s found beyond the last checkpoint", log, records, plural);
	}
}

static void tell_place(const struct poller *poller, const struct replay *replay) {
	const char *log = poller->roll.config->log.directory;
	const char *plural = replay->records == 1 ? "" : "s";

	if (replay->place == REPLAY_OLDER) {
		log_warning("%s: the log is older than the checkpoint (restored from a backup, or its file system "
		            "was not mounted for a while?): %zu record%s read; what comes after them is asked for "
		            "again, or recorded as a gap",
		            log, replay->records, plural);
		return;
	}
	if (replay->place == REPLAY_LOST) {
		log_warning("%s: the last records before the checkpoint are in no file here (moved or removed, or its "
		            "file system is not mounted?): they are not asked for again",
		            log);
	}
	tell_records(poller, replay->records, true, &(struct error){{0}});
}

static void tell_oddities(const struct poller *poller, const struct replay *replay) {
	const char *log = poller->roll.config->log.directory;

	if (replay->odd > 0) {
		log_warning("%s/%s: byte %lld: not a record of occupancyd; %zu such line%s in the log, "
		            "left as they are",
		            log, replay->odd_file, (long long)replay->odd_at, replay->odd,
		            replay->odd == 1 ? "" : "s");
	}
	if (replay->damaged > 0) {
		log_warning("%s/%s: damaged, cannot be read to its end: records that were there may "
		            "come again",
		            log, replay->damaged_file);
	}
}

int recovery_restore(struct poller *poller, struct error *err) {
	struct restoring restoring = {.poller = poller, .oldest = USEC_INFINITY};
	struct replay replay = {
		.visit = restore_record,
		.age_of = age_of,
		.forget = forget_checkpoint,
		.user = &restoring,
	};
	struct sink_position position;
	struct error damage = {{0}};

	int from = restore_checkpoint(&restoring, &position, &damage, err);
	if (from < 0) {
		return from;
	}
	restoring.known = from > 0;
	if (restoring.clustered && !poller->member && !poller->roll.config->cluster.left) {
		return error_set(err, EINVAL,
		                 "%s: this state is of a node of a cluster, but the configuration has no cluster block: put it "
		                 "back, or write cluster = \"left\"; if this node is to go on alone",
		                 poller->state_directory);
	}
	int r = sink_recover(poller->sink, from > 0 ? &position : NULL, USEC_UNKNOWN, &replay, err);
	if (r == 0 && restoring.no_memory) {
		r = error_set(err, ENOMEM, "out of memory");
	}
	if (r < 0) {
		return r;
	}
	if (replay.place == REPLAY_OLDER) {
		go_on_from_log(poller, restoring.oldest);
	}
	if (from > 0) {
		tell_place(poller, &replay);
	} else {
		tell_records(poller, replay.records, false, &damage);
	}
	tell_oddities(poller, &replay);
	return 0;
}

void recovery_put_device(const struct poll *poll, const char *home, struct checkpoint_writer *writer) {
	if (!poll->begun) {
		return; /* the next start is as good as this one */
	}
	checkpoint_add(writer, &(struct checkpoint_entry){
		.uuid = poll->device->uuid,
		.interval = poll->device->settings->bucket.interval,
		.cursor = poll->cursor,
		.since = poll->since,
		.memory = poll->memory,
		.memory_len = poll->memory_len,
		.top = poll->top,
		.again = poll->again,
		.taken = poll->taken,
		.runs = poll->recheck.runs,
		.runs_len = poll->recheck.len,
		.home = home,
	});
}

static void put_polls(const struct poller *poller, struct checkpoint_writer *writer) {
	for (size_t i = 0; i < poller->roll.config->device_count; i++) {
		recovery_put_device(&poller->roll.polls[i], poller->roll.polls[i].home, writer);
	}
}

static void put_orphans(const struct orphans *orphans, struct checkpoint_writer *writer) {
	for (size_t i = 0; i < orphans->len; i++) {
		const struct orphan *orphan = &orphans->list[i];
		if (!orphan->uuid) {
			continue;
		}
		checkpoint_add(writer, &(struct checkpoint_entry){
			.uuid = orphan->uuid,
			.interval = orphan->interval,
			.cursor = orphan->cursor,
			.since = orphan->since,
			.top = orphan->top,
			.taken = orphan->taken,
			.again = orphan->again,
			.home = orphan->home,
		});
	}
}

static void put_chains(const struct poller *poller, struct checkpoint_writer *writer) {
	for (size_t i = 0; poller->member && i < poller->member->len; i++) {
		const struct chain *chain = poller->member->chains[i];
		checkpoint_add_account(writer, &(struct checkpoint_account){
			.name = chain->account,
			.entry = chain->tenure.position,
			.lines = chain->lines,
		});
	}
}

int recovery_save(struct poller *poller, struct error *err) {
	if (!poller->unsaved && poller->saved_generation == sink_generation(poller->sink)) {
		return 0;
	}
	struct checkpoint_writer *writer;
	struct sink_position position = sink_position(poller->sink);
	unsigned generation = sink_generation(poller->sink);
	usec_t now;
	if (clock_confirmed_time(poller, &now)) {
		orphans_expire(&poller->orphans, now);
	}
	int r = checkpoint_begin(&position, &writer);
	if (r < 0) {
		return error_set(err, -r, "out of memory");
	}
	put_chains(poller, writer);
	put_polls(poller, writer);
	put_orphans(&poller->orphans, writer);
	r = checkpoint_finish(writer, poller->state_directory, err);
	if (r == 0) {
		poller->unsaved = false;
		poller->saved_generation = generation;
		sink_checkpointed(poller->sink, &position);
	}
	return r;
}
