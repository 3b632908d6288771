// SPDX-License-Identifier: ISC

/*
 * The file:
 *
 *	occupancyd-checkpoint 2
 *	log NEWEST INODE SIZE TAIL
 *	poll UUID INTERVAL CURSOR SINCE [AGO:STATUS:REVISION:COUNT[:LENGTH] ...] [=AGO:REVISION[:AGAIN]]
 *		[?AGO:LENGTH:STATUS:REVISION:STAGE:RECORDED ...]
 *	...
 *	crc32 XXXXXXXX
 *
 * Numbers are decimal; NEWEST, CURSOR and SINCE are in microseconds since 1970, AGO is how
 * many microseconds a remembered bucket starts before the cursor.  STATUS is the
 * first letter of its name.  LENGTH is in seconds, and stands there only if it is not
 * the interval's usual one.  What follows the equals sign is before which time
 * identities are taken, and the highest revision; it stands there only if it is not what
 * the memory says, or with the revision of what is recorded once more.  What follows a question mark is a run of buckets that is asked for again:
 * its length in microseconds, how many distances are behind it, and how many microseconds
 * after the cursor it was recorded; all of it on one line.  The checksum is over all bytes before its line.
 *
 * There is one way to write a given state, and only that is read: what is not
 * as if written here does not verify.
 */

#include "state/checkpoint.h"

#include "base/array.h"
#include "base/replace.h"
#include "base/scan.h"
#include "base/utc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char file_name[] = "checkpoint";
static const char magic[] = "occupancyd-checkpoint 2\n";
static const char log_word[] = "log ";
static const char poll_word[] = "poll ";
static const char crc_word[] = "crc32 ";

static const char status_letters[] = {
	[RECORD_OK] = 'o',
	[RECORD_NO_DATA] = 'n',
	[RECORD_AMBIGUOUS] = 'a',
	[RECORD_GAP] = 'g',
};

enum {
	UUID_MAX = 64,
	INTERVAL_MAX = 32,
	CRC_DIGITS = 8,
	CRC_LINE = sizeof(crc_word) - 1 + CRC_DIGITS + 1,
	STATUS_COUNT = sizeof(status_letters),
};

/* A hundred thousand devices with four hundred remembered buckets each. */
enum { FILE_MAX_MIB = 1024 };
static const size_t file_max = (size_t)FILE_MAX_MIB << 20;

static uint32_t crc32_of(const char *data, size_t len) {
	return (uint32_t)crc32_z(0, (const unsigned char *)data, len);
}

/* What a UUID in a checkpoint may consist of: nothing that could end its field. */
static bool is_uuid_char(char c) {
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '.' || c == '-' || c == '_';
}

/* Writing */

struct checkpoint_writer {
	struct buf text;
	int error;
};

int checkpoint_begin(const struct sink_position *position, struct checkpoint_writer **ret_writer) {
	struct checkpoint_writer *writer = malloc(sizeof(*writer));
	if (!writer) {
		return -ENOMEM;
	}

	*writer = (struct checkpoint_writer){0};
	buf_init(&writer->text, file_max);
	buf_puts(&writer->text, magic);
	buf_puts(&writer->text, log_word);
	buf_put_int(&writer->text, position->newest);
	buf_putc(&writer->text, ' ');
	buf_put_unsigned(&writer->text, position->inode);
	buf_putc(&writer->text, ' ');
	buf_put_int(&writer->text, position->size);
	buf_putc(&writer->text, ' ');
	buf_put_unsigned(&writer->text, position->tail);
	buf_putc(&writer->text, '\n');
	*ret_writer = writer;
	return 0;
}

/* Whether checkpoint_read() would take it. */
static bool is_writable(const struct checkpoint_entry *entry) {
	size_t len = strlen(entry->uuid);
	if (len == 0 || len > UUID_MAX || (int)entry->interval < 0 || entry->interval >= INTERVAL_COUNT) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_uuid_char(entry->uuid[i])) {
			return false;
		}
	}
	return true;
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

void checkpoint_add(struct checkpoint_writer *writer, const struct checkpoint_entry *entry) {
	struct buf *out = &writer->text;
	uint32_t usual = usual_length(entry->interval);

	if (!is_writable(entry)) {
		writer->error = -EINVAL;
		return;
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
			writer->error = -EINVAL;
			return;
		}
	}
	if (!put_identities(out, entry) || !put_runs(out, entry)) {
		writer->error = -EINVAL;
		return;
	}
	buf_putc(out, '\n');
}

static int finish(struct checkpoint_writer *writer, const char *directory, struct error *err) {
	struct buf *out = &writer->text;
	uint32_t crc = crc32_of(buf_text(out), out->len);

	buf_printf(out, "%s%08x\n", crc_word, (unsigned)crc);
	int r = buf_error(out);
	if (r == -EFBIG) {
		return error_set(err, EFBIG, "%s/%s: not written: it would exceed %d MiB: shorten lookback",
		                 directory, file_name, FILE_MAX_MIB);
	}
	if (r < 0) {
		return error_errno(err, -r, "%s/%s: cannot be built", directory, file_name);
	}
	if (writer->error < 0) {
		return error_set(err, -writer->error, "%s/%s: not written: it would not verify", directory,
		                 file_name);
	}

	r = file_replace(directory, file_name, out->data, out->len, 0640);
	if (r < 0) {
		return error_errno(err, -r, "%s/%s: cannot be replaced", directory, file_name);
	}
	return 0;
}

int checkpoint_finish(struct checkpoint_writer *writer, const char *directory, struct error *err) {
	int r = finish(writer, directory, err);
	buf_done(&writer->text);
	free(writer);
	return r;
}

/* Reading */

static bool is_number(char c) {
	return c == '-' || scan_is_digit(c);
}

/* Up to the next blank, which is taken too, of characters fit for a UUID. */
static bool take_word(struct scan *in, char *out, size_t size) {
	size_t len = 0;

	while (in->at < in->end && len < size - 1 && is_uuid_char(*in->at)) {
		out[len++] = *in->at++;
	}
	out[len] = '\0';
	return len > 0 && scan_char(in, ' ');
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

/* One poll's memory while its line is read; used again for every line. */
struct memory {
	struct remembered *list;
	size_t len, size;
	struct recheck_run *runs;
	size_t runs_len, runs_size;
};

static int memory_push_run(struct memory *memory, const struct recheck_run *run) {
	int r = array_reserve(&memory->runs, &memory->runs_size, memory->runs_len + 1, sizeof(*memory->runs));
	if (r == 0) {
		memory->runs[memory->runs_len++] = *run;
	}
	return r;
}

static int memory_push(struct memory *memory, const struct remembered *what) {
	int r = array_reserve(&memory->list, &memory->size, memory->len + 1, sizeof(*memory->list));
	if (r == 0) {
		memory->list[memory->len++] = *what;
	}
	return r;
}

/* What is remembered, one after the other.  0, -EBADMSG or -ENOMEM. */
static int take_memory(struct scan *in, usec_t cursor, uint32_t usual, struct memory *memory) {
	memory->len = 0;
	while (in->at + 1 < in->end && is_number(in->at[1]) && scan_char(in, ' ')) {
		struct remembered what;
		if (!take_remembered(in, cursor, usual, &what) ||
		    (memory->len > 0 && memory->list[memory->len - 1].start >= what.start)) {
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
static int take_runs(struct scan *in, usec_t cursor, struct memory *memory) {
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

/* The rest of a line, with its end.  0, -EBADMSG or -ENOMEM. */
static int take_rest(struct scan *in, struct memory *memory, struct checkpoint_entry *entry) {
	int r = take_memory(in, entry->cursor, usual_length(entry->interval), memory);
	if (r < 0) {
		return r;
	}
	entry->memory = memory->list;
	entry->memory_len = memory->len;
	r = take_identities(in, entry) ? take_runs(in, entry->cursor, memory) : -EBADMSG;
	if (r < 0) {
		return r;
	}
	entry->runs = memory->runs;
	entry->runs_len = memory->runs_len;
	return scan_char(in, '\n') ? 0 : -EBADMSG;
}

/* All lines of polls, with the visitor or only to see that they are well. */
static int take_polls(struct scan *in, struct memory *memory, checkpoint_visit *visit, void *user) {
	while (scan_text(in, poll_word)) {
		char uuid[UUID_MAX + 1];
		char interval[INTERVAL_MAX];
		struct checkpoint_entry entry = {.uuid = uuid};

		if (!take_word(in, uuid, sizeof(uuid)) || !take_word(in, interval, sizeof(interval)) ||
		    interval_parse(interval, strlen(interval), &entry.interval) < 0 || !scan_signed(in, &entry.cursor) ||
		    !scan_char(in, ' ') || !scan_signed(in, &entry.since)) {
			return -EBADMSG;
		}
		int r = take_rest(in, memory, &entry);
		if (r < 0) {
			return r;
		}
		if (visit) {
			visit(&entry, user);
		}
	}
	return in->at == in->end ? 0 : -EBADMSG;
}

static bool take_head(struct scan *in, struct sink_position *ret) {
	return scan_text(in, magic) && scan_text(in, log_word) &&
	       scan_signed(in, &ret->newest) && scan_char(in, ' ') &&
	       scan_unsigned(in, UINT64_MAX, &ret->inode) && scan_char(in, ' ') &&
	       scan_signed(in, &ret->size) && ret->size >= 0 && scan_char(in, ' ') &&
	       scan_unsigned(in, UINT64_MAX, &ret->tail) && scan_char(in, '\n');
}

/* The last line says what the checksum of all before it is. */
static bool crc_agrees(const char *data, size_t len) {
	char line[CRC_LINE + 1];

	if (len < CRC_LINE) {
		return false;
	}
	len -= CRC_LINE;
	(void)snprintf(line, sizeof(line), "%s%08x\n", crc_word, (unsigned)crc32_of(data, len));
	return memcmp(line, data + len, CRC_LINE) == 0;
}

int checkpoint_parse(const char *data, size_t len, checkpoint_visit *visit, void *user,
                     struct sink_position *ret_position, struct error *err) {
	struct sink_position position;
	struct memory memory = {0};

	if (!crc_agrees(data, len)) {
		return error_set(err, EBADMSG, "the checksum does not match");
	}
	struct scan in = {data, data + len - CRC_LINE};
	if (!take_head(&in, &position)) {
		return error_set(err, EBADMSG, "not a checkpoint of version 2");
	}

	/* Twice, so that nobody sees half of one that turns out to be damaged. */
	struct scan again = in;
	int r = take_polls(&in, &memory, NULL, NULL);
	if (r == 0) {
		r = take_polls(&again, &memory, visit, user);
	}
	free(memory.list);
	free(memory.runs);

	if (r < 0) {
		return error_errno(err, -r, "byte %zu", (size_t)(in.at - data));
	}
	*ret_position = position;
	return 0;
}

static int load(int fd, struct buf *out, struct error *err) {
	struct file_info info;
	int r = file_stat_open(fd, &info);
	if (r < 0) {
		return error_errno(err, -r, "cannot be read");
	}
	if (info.size > (int64_t)file_max) {
		return error_set(err, EBADMSG, "larger than the %d MiB that a checkpoint can have", FILE_MAX_MIB);
	}

	/* One byte more than it holds, to see that it ends there. */
	size_t size = (size_t)info.size + 1;
	out->data = malloc(size);
	if (!out->data) {
		return error_errno(err, ENOMEM, "cannot be read");
	}
	out->size = size;
	int64_t len = file_read(fd, out->data, size, 0);
	if (len < 0) {
		return error_errno(err, (int)-len, "cannot be read");
	}
	out->len = (size_t)len;
	return 0;
}

int checkpoint_read(const char *directory, checkpoint_visit *visit, void *user,
                    struct sink_position *ret_position, struct error *err) {
	char path[PATH_MAX];
	struct buf text;

	if (snprintf(path, sizeof(path), "%s/%s", directory, file_name) >= PATH_MAX) {
		return error_errno(err, ENAMETOOLONG, "%s/%s", directory, file_name);
	}
	int fd = file_open(path, FILE_READ, 0);
	if (fd == -FILE_NOT_REGULAR) {
		return error_set(err, EBADMSG, "%s: not a regular file", path);
	}
	if (fd < 0) {
		return error_errno(err, -fd, "%s: cannot be read", path);
	}

	buf_init(&text, file_max);
	int r = load(fd, &text, err);
	file_close(fd);
	if (r == 0) {
		r = checkpoint_parse(text.data, text.len, visit, user, ret_position, err);
	}
	buf_done(&text);
	if (r < 0) {
		error_prefix(err, "%s", path);
	}
	return r;
}

/* "20261123T081500Z" */
static void format_stamp(char *out, size_t size, usec_t instant) {
	struct civil civil;

	utc_split(instant, &civil);
	(void)snprintf(out, size, "%04lld%02d%02dT%02d%02d%02dZ", (long long)civil.year, civil.month,
	               civil.day, civil.hour, civil.minute, civil.second);
}

int checkpoint_set_aside(const char *directory, usec_t now, struct error *err) {
	char from[PATH_MAX];
	char to[PATH_MAX];
	char stamp[UTC_STRING_SIZE];
	int r = -EEXIST;

	if (snprintf(from, sizeof(from), "%s/%s", directory, file_name) >= PATH_MAX) {
		return error_errno(err, ENAMETOOLONG, "%s/%s", directory, file_name);
	}
	/* Never over an earlier one, should the clock have stepped back. */
	for (; r == -EEXIST; now += USEC_PER_SEC) {
		format_stamp(stamp, sizeof(stamp), now);
		if (snprintf(to, sizeof(to), "%s.damaged-%s", from, stamp) >= PATH_MAX) {
			return error_errno(err, ENAMETOOLONG, "%s.damaged-%s", from, stamp);
		}
		r = file_rename_new(from, to);
	}
	if (r == 0) {
		r = file_sync_directory(directory);
	}
	if (r < 0) {
		return error_errno(err, -r, "%s: cannot be set aside", from);
	}
	return 0;
}
