// SPDX-License-Identifier: ISC

#include "state/pollline.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/scan.h"
#include "state/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char poll_word[] = "poll ";

static const char status_letters[] = {
	[RECORD_OK] = 'o',
	[RECORD_NO_DATA] = 'n',
	[RECORD_AMBIGUOUS] = 'a',
	[RECORD_GAP] = 'g',
};

enum {
	INTERVAL_MAX = 32,
	STATUS_COUNT = sizeof(status_letters),
};

/* What a UUID or a name in a checkpoint may consist of: nothing that could end its field. */
static bool is_word(char c) {
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '.' || c == '-' || c == '_';
}

/* Writing */

bool pollline_is_name(const char *text) {
	size_t len = 0;
	while (is_word(text[len])) {
		len++;
	}
	return len > 0 && len <= POLLLINE_WORD_MAX && text[len] == '\0';
}

/* Whether checkpoint_read() would take it. */
static bool is_writable(const struct checkpoint_entry *entry) {
	return pollline_is_name(entry->uuid) && (int)entry->interval >= 0 && entry->interval < INTERVAL_COUNT &&
	       (!entry->home || pollline_is_name(entry->home));
}

static uint32_t usual_length(enum interval interval) {
	return bucket_seconds(0, interval_length(interval));
}

static bool put_remembered(struct buf *out, usec_t cursor, uint32_t usual, const struct remembered *what) {
	int64_t ago;
	if (what->status >= STATUS_COUNT || __builtin_sub_overflow(cursor, what->start, &ago)) {
		return false;
	}

	buf_putc(out, ' ');
	buf_put_int(out, ago);
	buf_putc(out, ':');
	buf_putc(out, status_letters[what->status]);
	buf_putc(out, ':');
	buf_put_unsigned(out, what->revision);
	buf_putc(out, ':');
	buf_put_int(out, what->count);
	if (what->length_s != usual) {
		buf_putc(out, ':');
		buf_put_unsigned(out, what->length_s);
	}
	return true;
}

/* What the memory alone says of identities: where there is none, anything before the cursor may have been recorded. */
static void usual_identities(const struct checkpoint_entry *entry, usec_t *ret_taken, uint16_t *ret_top) {
	*ret_taken = entry->memory_len > 0 ? entry->memory[entry->memory_len - 1].start + 1 : entry->cursor;
	*ret_top = 0;
	for (size_t i = 0; i < entry->memory_len; i++) {
		*ret_top = entry->memory[i].revision > *ret_top ? entry->memory[i].revision : *ret_top;
	}
}

static bool put_identities(struct buf *out, const struct checkpoint_entry *entry) {
	usec_t taken;
	uint16_t top;
	int64_t ago;

	usual_identities(entry, &taken, &top);
	if (entry->taken == taken && entry->top == top && entry->again == 0) {
		return true;
	}
	if (__builtin_sub_overflow(entry->cursor, entry->taken, &ago)) {
		return false;
	}
	buf_puts(out, " =");
	buf_put_int(out, ago);
	buf_putc(out, ':');
	buf_put_unsigned(out, entry->top);
	if (entry->again > 0) {
		buf_putc(out, ':');
		buf_put_unsigned(out, entry->again);
	}
	return true;
}

static bool put_run(struct buf *out, usec_t cursor, const struct recheck_run *run) {
	int64_t ago, recorded;
	if (__builtin_sub_overflow(cursor, run->start, &ago) ||
	    __builtin_sub_overflow(run->recorded, cursor, &recorded)) {
		return false;
	}
	buf_puts(out, " ?");
	buf_put_int(out, ago);
	buf_putc(out, ':');
	buf_put_int(out, run->end - run->start);
	buf_putc(out, ':');
	buf_putc(out, status_letters[run->gap ? RECORD_GAP : RECORD_NO_DATA]);
	buf_putc(out, ':');
	buf_put_unsigned(out, run->revision);
	buf_putc(out, ':');
	buf_put_unsigned(out, run->stage);
	buf_putc(out, ':');
	buf_put_int(out, recorded);
	return true;
}

static bool put_runs(struct buf *out, const struct checkpoint_entry *entry) {
	for (size_t i = 0; i < entry->runs_len; i++) {
		const struct recheck_run *run = &entry->runs[i];
		bool apart = run->start < run->end && (i == 0 || run[-1].end <= run->start);
		if (!apart || !put_run(out, entry->cursor, run)) {
			return false;
		}
	}
	return true;
}

bool pollline_put(struct buf *out, const struct checkpoint_entry *entry) {
	uint32_t usual = usual_length(entry->interval);

	if (!is_writable(entry)) {
		return false;
	}
	buf_puts(out, poll_word);
	buf_puts(out, entry->uuid);
	buf_putc(out, ' ');
	buf_puts(out, interval_name(entry->interval));
	buf_putc(out, ' ');
	buf_put_int(out, entry->cursor);
	buf_putc(out, ' ');
	buf_put_int(out, entry->since);
	for (size_t i = 0; i < entry->memory_len; i++) {
		bool ascends = i == 0 || entry->memory[i - 1].start < entry->memory[i].start;
		if (!ascends || !put_remembered(out, entry->cursor, usual, &entry->memory[i])) {
			return false;
		}
	}
	if (!put_identities(out, entry) || !put_runs(out, entry)) {
		return false;
	}
	if (entry->home) {
		buf_puts(out, " @");
		buf_puts(out, entry->home);
	}
	buf_putc(out, '\n');
	return true;
}

/* Reading */

static bool take_word(struct scan *in, char *out, size_t size) {
	size_t len = 0;

	while (in->at < in->end && len < size - 1 && is_word(*in->at)) {
		out[len++] = *in->at++;
	}
	out[len] = '\0';
	return len > 0;
}

bool pollline_take_word(struct scan *in, char *out, size_t size) {
	return take_word(in, out, size) && scan_char(in, ' ');
}

static bool is_number(char c) {
	return c == '-' || scan_is_digit(c);
}

static bool take_status(struct scan *in, uint8_t *ret) {
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		if (scan_char(in, status_letters[i])) {
			*ret = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static bool take_remembered(struct scan *in, usec_t cursor, uint32_t usual, struct remembered *ret) {
	int64_t ago, count;
	uint64_t revision, length = usual;
	struct remembered what = {0};

	if (!scan_signed(in, &ago) || __builtin_sub_overflow(cursor, ago, &what.start) ||
	    !scan_char(in, ':') || !take_status(in, &what.status) || !scan_char(in, ':') ||
	    !scan_unsigned(in, UINT16_MAX, &revision) || !scan_char(in, ':') ||
	    !scan_signed(in, &count)) {
		return false;
	}
	if (scan_char(in, ':') && (!scan_unsigned(in, UINT32_MAX, &length) || length == usual)) {
		return false;
	}
	what.length_s = (uint32_t)length;
	what.revision = (uint16_t)revision;
	what.count = count;
	*ret = what;
	return true;
}

static bool take_run(struct scan *in, usec_t cursor, struct recheck_run *ret) {
	int64_t ago, length, recorded;
	uint64_t revision, stage;
	uint8_t status;
	struct recheck_run run = {0};

	if (!scan_signed(in, &ago) || __builtin_sub_overflow(cursor, ago, &run.start) ||
	    !scan_char(in, ':') || !scan_signed(in, &length) || length <= 0 ||
	    __builtin_add_overflow(run.start, length, &run.end) || !scan_char(in, ':') ||
	    !take_status(in, &status) || (status != RECORD_NO_DATA && status != RECORD_GAP) ||
	    !scan_char(in, ':') || !scan_unsigned(in, UINT16_MAX, &revision) || !scan_char(in, ':') ||
	    !scan_unsigned(in, UINT8_MAX, &stage) || stage >= RECHECKS_MAX || !scan_char(in, ':') ||
	    !scan_signed(in, &recorded) || __builtin_add_overflow(cursor, recorded, &run.recorded)) {
		return false;
	}
	run.gap = status == RECORD_GAP;
	run.revision = (uint16_t)revision;
	run.stage = (uint8_t)stage;
	*ret = run;
	return true;
}

static int memory_push_run(struct pollline_memory *memory, const struct recheck_run *run) {
	int r = array_reserve(&memory->runs, &memory->runs_size, memory->runs_len + 1, sizeof(*memory->runs));
	if (r == 0) {
		memory->runs[memory->runs_len++] = *run;
	}
	return r;
}

static int memory_push(struct pollline_memory *memory, const struct remembered *what) {
	int r = array_reserve(&memory->remembered, &memory->size, memory->len + 1, sizeof(*memory->remembered));
	if (r == 0) {
		memory->remembered[memory->len++] = *what;
	}
	return r;
}

/* What is remembered, one after the other.  0, -EBADMSG or -ENOMEM. */
static int take_memory(struct scan *in, usec_t cursor, uint32_t usual, struct pollline_memory *memory) {
	memory->len = 0;
	while (in->at + 1 < in->end && is_number(in->at[1]) && scan_char(in, ' ')) {
		struct remembered what;
		if (!take_remembered(in, cursor, usual, &what) ||
		    (memory->len > 0 && memory->remembered[memory->len - 1].start >= what.start)) {
			return -EBADMSG;
		}
		int r = memory_push(memory, &what);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static bool take_identities(struct scan *in, struct checkpoint_entry *entry) {
	usec_t taken, ago;
	uint16_t top;
	uint64_t revision;

	usual_identities(entry, &taken, &top);
	entry->taken = taken;
	entry->top = top;
	if (!scan_text(in, " =")) {
		return true;
	}
	if (!scan_signed(in, &ago) || __builtin_sub_overflow(entry->cursor, ago, &entry->taken) ||
	    !scan_char(in, ':') || !scan_unsigned(in, UINT16_MAX, &revision)) {
		return false;
	}
	entry->top = (uint16_t)revision;
	if (!scan_char(in, ':')) {
		return entry->taken != taken || entry->top != top;
	}
	if (!scan_unsigned(in, UINT16_MAX, &revision) || revision == 0) {
		return false;
	}
	entry->again = (uint16_t)revision;
	return true;
}

/* What is asked for again.  0, -EBADMSG or -ENOMEM. */
static int take_runs(struct scan *in, usec_t cursor, struct pollline_memory *memory) {
	memory->runs_len = 0;
	while (scan_text(in, " ?")) {
		struct recheck_run run;
		if (!take_run(in, cursor, &run) ||
		    (memory->runs_len > 0 && memory->runs[memory->runs_len - 1].end > run.start)) {
			return -EBADMSG;
		}
		int r = memory_push_run(memory, &run);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* In a cluster, the account whose chain has the device's records. */
static bool take_home(struct scan *in, struct pollline_memory *memory, struct checkpoint_entry *entry) {
	if (!scan_text(in, " @")) {
		return true;
	}
	entry->home = memory->home;
	return take_word(in, memory->home, sizeof(memory->home));
}

/* The rest of a line, with its end.  0, -EBADMSG or -ENOMEM. */
static int take_rest(struct scan *in, struct pollline_memory *memory, struct checkpoint_entry *entry) {
	int r = take_memory(in, entry->cursor, usual_length(entry->interval), memory);
	if (r < 0) {
		return r;
	}
	entry->memory = memory->remembered;
	entry->memory_len = memory->len;
	r = take_identities(in, entry) ? take_runs(in, entry->cursor, memory) : -EBADMSG;
	if (r < 0) {
		return r;
	}
	entry->runs = memory->runs;
	entry->runs_len = memory->runs_len;
	return take_home(in, memory, entry) && scan_char(in, '\n') ? 0 : -EBADMSG;
}

int pollline_take(struct scan *in, struct pollline_memory *memory, struct checkpoint_entry *ret) {
	char interval[INTERVAL_MAX];
	struct checkpoint_entry entry = {.uuid = memory->uuid};

	if (!scan_text(in, poll_word)) {
		return -ENODATA;
	}
	if (!pollline_take_word(in, memory->uuid, sizeof(memory->uuid)) ||
	    !pollline_take_word(in, interval, sizeof(interval)) ||
	    interval_parse(interval, strlen(interval), &entry.interval) < 0 || !scan_signed(in, &entry.cursor) ||
	    !scan_char(in, ' ') || !scan_signed(in, &entry.since)) {
		return -EBADMSG;
	}
	int r = take_rest(in, memory, &entry);
	if (r == 0) {
		*ret = entry;
	}
	return r;
}

void pollline_done(struct pollline_memory *memory) {
	free(memory->remembered);
	free(memory->runs);
	*memory = (struct pollline_memory){0};
}
