// SPDX-License-Identifier: ISC

#include "daemon/apply.h"

#include "daemon/poller-private.h"
#include "daemon/recovery.h"
#include "daemon/snapshot.h"
#include "daemon/trim.h"
#include "journal/entry.h"

#include <errno.h>
#include <string.h>

/* So many bytes of lines are synced at once: a node that was away has many small entries to read. */
enum { SYNC_BYTES = 4 << 20 };

/** Entries that are being applied. */
struct applying {
	struct poller *poller;
	struct chain *chain;
	struct buf text;   /* the lines of those that are not synced yet */
	uint64_t position; /* the last of them */
};

/* Takes the first line off the text, with its newline.  Returns false if there is none. */
static bool next_line(struct slice *text, struct slice *ret_line) {
	if (text->len == 0) {
		return false;
	}
	const char *newline = memchr(text->text, '\n', text->len);
	ret_line->text = text->text;
	ret_line->len = newline ? (size_t)(newline - text->text) + 1 : text->len;
	text->text += ret_line->len;
	text->len -= ret_line->len;
	return true;
}

void apply_lines(struct poller *poller, const char *text, size_t len, uint64_t skip, uint64_t entry) {
	struct slice rest = {text, len}, line;
	while (next_line(&rest, &line)) {
		if (skip > 0) {
			skip--;
		} else {
			sink_carry(poller->sink, line.text, line.len, entry);
		}
	}
}

/* What the log holds now goes to the polls. */
static void tell_polls(struct poller *poller, const struct chain *chain, const char *text, size_t len) {
	struct slice rest = {text, len}, line;
	struct log_entry entry;
	while (next_line(&rest, &line)) {
		if (log_journal_codec->parse(line.text, line.len, &entry) == 0) {
			recovery_take_record(poller, &entry, chain->account);
			poller->report.status.records++;
		}
	}
}

/* Syncs what has been collected; the chain's position moves.  Returns 0 or -errno. */
static int sync_lines(struct applying *a) {
	struct poller *poller = a->poller;
	int r = buf_error(&a->text);
	if (r == 0 && a->text.len > 0) {
		r = commit_sync(poller);
	}
	if (r < 0) {
		return r;
	}
	if (a->text.len > 0) {
		tell_polls(poller, a->chain, a->text.data, a->text.len);
		poller->report.status.last_record = poller->wall;
	}
	if (a->position > a->chain->tenure.position) {
		tenure_applied(&a->chain->tenure, a->position);
		a->chain->lines = 0;
		poller->unsaved = poller->changed = true;
	}
	buf_clear(&a->text);
	return 0;
}

/* Every line must be a record: what cannot be read back must not get into the log. */
static bool are_records(const char *text, size_t len) {
	if (memchr(text, '\0', len)) {
		return false;
	}
	struct slice rest = {text, len}, line;
	struct log_entry entry;
	while (next_line(&rest, &line)) {
		if (line.text[line.len - 1] != '\n' || log_journal_codec->parse(line.text, line.len, &entry) < 0) {
			return false;
		}
	}
	return true;
}

static void halt_for_entry(struct chain *chain, uint64_t position, const char *why) {
	chain_halt(chain, "entry %llu of the journal %s; nothing of it is recorded; see occupancyd-cluster(7)",
	           (unsigned long long)position, why);
}

/* The text of an entry begins at that place in what is collected.  Returns 0, 1 if the chain is halted, or -errno. */
static int take_text(struct applying *a, const struct journal_entry *entry, enum entry_kind kind, size_t at) {
	const char *text = a->text.data + at;
	size_t len = a->text.len - at;
	if (kind == ENTRY_SNAPSHOT) {
		int r = snapshot_take(a->poller, a->chain, text, len);
		buf_truncate(&a->text, at);
		return r;
	}
	if (!are_records(text, len)) {
		halt_for_entry(a->chain, entry->position, "holds a line that is not a record");
		buf_truncate(&a->text, at);
		return 1;
	}
	uint64_t skip = entry->position == a->chain->tenure.position + 1 ? a->chain->lines : 0;
	apply_lines(a->poller, text, len, skip, entry->position);
	return 0;
}

/* Returns 0, 1 if the chain is halted, or -errno. */
static int take_entry(struct applying *a, const struct journal_entry *entry) {
	struct error err = {{0}};
	enum entry_kind kind;
	size_t at = a->text.len;
	if (entry->position <= a->position) {
		return 0; /* it is there already */
	}
	if (entry->position != a->position + 1) {
		halt_for_entry(a->chain, a->position + 1, "is missing");
		return 1;
	}
	int r = entry_unpack(a->chain->account, entry->position, entry->data, entry->len, &kind, &a->text, &err);
	if (r == -ENOMEM) {
		return r;
	}
	if (r < 0) {
		halt_for_entry(a->chain, entry->position, err.text);
		return 1;
	}
	if ((kind == ENTRY_SNAPSHOT) != (entry->position == 1)) {
		buf_truncate(&a->text, at);
		halt_for_entry(a->chain, entry->position, "is out of its place");
		return 1;
	}
	r = take_text(a, entry, kind, at);
	if (r == 0 && a->chain->tenure.state == TENURE_HALTED) {
		return 1;
	}
	if (r == 0) {
		a->position = entry->position;
		trim_weigh(&a->chain->trim, entry->len);
	}
	return r;
}

int apply_entries(struct poller *poller, struct chain *chain, const struct journal_entry *entries, size_t count) {
	struct applying a = {.poller = poller, .chain = chain, .position = chain->tenure.position};
	int r = 0;
	buf_init(&a.text, BUF_ANY);
	for (size_t i = 0; i < count && r == 0; i++) {
		r = take_entry(&a, &entries[i]);
		if (r == 0 && a.text.len >= SYNC_BYTES) {
			r = sync_lines(&a);
		}
	}
	/* What came before an entry that halts is right. */
	r = r < 0 ? r : sync_lines(&a);
	if (r < 0) {
		sink_drop(poller->sink);
	}
	buf_done(&a.text);
	return r;
}
