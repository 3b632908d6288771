// SPDX-License-Identifier: ISC

/*
 * The file:
 *
 *	occupancyd-checkpoint 2
 *	log NEWEST INODE SIZE TAIL
 *	account NAME ENTRY LINES
 *	...
 *	poll ...
 *	...
 *	crc32 XXXXXXXX
 *
 * Numbers are decimal; NEWEST is in microseconds since 1970.  With accounts it is version 3.  What polls look like is in state/pollline.h.
 * The checksum is over all bytes before its line.
 *
 * There is one way to write a given state, and only that is read: what is not
 * as if written here does not verify.
 */

#include "state/checkpoint.h"

#include "base/replace.h"
#include "base/scan.h"
#include "base/utc.h"
#include "state/pollline.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char file_name[] = "checkpoint";
static const char magic[] = "occupancyd-checkpoint ";
static const char log_word[] = "log ";
static const char account_word[] = "account ";
static const char crc_word[] = "crc32 ";

/* Older programs read none with accounts. */
enum {
	VERSION = '2',
	VERSION_OF_ACCOUNTS = '3',
	VERSION_AT = sizeof(magic) - 1,
};

enum {
	CRC_DIGITS = 8,
	CRC_LINE = sizeof(crc_word) - 1 + CRC_DIGITS + 1,
};

/* A hundred thousand devices with four hundred remembered buckets each. */
enum { FILE_MAX_MIB = 1024 };
static const size_t file_max = (size_t)FILE_MAX_MIB << 20;

static uint32_t crc32_of(const char *data, size_t len) {
	return (uint32_t)crc32_z(0, (const unsigned char *)data, len);
}

/* Writing */

struct checkpoint_writer {
	struct buf text;
	bool has_polls;
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
	buf_putc(&writer->text, VERSION);
	buf_putc(&writer->text, '\n');
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

void checkpoint_add_account(struct checkpoint_writer *writer, const struct checkpoint_account *account) {
	struct buf *out = &writer->text;

	if (writer->has_polls || !pollline_is_name(account->name)) {
		writer->error = -EINVAL;
		return;
	}
	if (buf_error(out) == 0) {
		out->data[VERSION_AT] = VERSION_OF_ACCOUNTS;
	}
	buf_puts(out, account_word);
	buf_puts(out, account->name);
	buf_putc(out, ' ');
	buf_put_unsigned(out, account->entry);
	buf_putc(out, ' ');
	buf_put_unsigned(out, account->lines);
	buf_putc(out, '\n');
}

void checkpoint_add(struct checkpoint_writer *writer, const struct checkpoint_entry *entry) {
	writer->has_polls = true;
	if (!pollline_put(&writer->text, entry)) {
		writer->error = -EINVAL;
	}
}

static void put_crc(struct buf *out) {
	uint32_t crc = crc32_of(buf_text(out), out->len);
	buf_printf(out, "%s%08x\n", crc_word, (unsigned)crc);
}

int checkpoint_text(struct checkpoint_writer *writer, struct buf *out) {
	put_crc(&writer->text);
	int r = writer->error < 0 ? writer->error : buf_error(&writer->text);
	if (r == 0) {
		size_t len = out->len;
		buf_append(out, writer->text.data, writer->text.len);
		r = buf_error(out);
		buf_truncate(out, r < 0 ? len : out->len);
	}
	buf_done(&writer->text);
	free(writer);
	return r;
}

static int finish(struct checkpoint_writer *writer, const char *directory, struct error *err) {
	struct buf *out = &writer->text;

	put_crc(out);
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

static bool take_account(struct scan *in, struct checkpoint_account *ret, char name[static POLLLINE_WORD_MAX + 1]) {
	ret->name = name;
	return pollline_take_word(in, name, POLLLINE_WORD_MAX + 1) && scan_unsigned(in, UINT64_MAX, &ret->entry) &&
	       scan_char(in, ' ') && scan_unsigned(in, UINT64_MAX, &ret->lines) && scan_char(in, '\n');
}

/* All lines of accounts, with the visitor or only to see that they are well. */
static bool take_accounts(struct scan *in, const struct checkpoint_visitor *visitor) {
	while (scan_text(in, account_word)) {
		char name[POLLLINE_WORD_MAX + 1];
		struct checkpoint_account account;

		if (!take_account(in, &account, name)) {
			return false;
		}
		if (visitor->account) {
			visitor->account(&account, visitor->user);
		}
	}
	return true;
}

/* All lines of polls, likewise. */
static int take_polls(struct scan *in, struct pollline_memory *memory, const struct checkpoint_visitor *visitor) {
	struct checkpoint_entry entry;
	int r;

	while ((r = pollline_take(in, memory, &entry)) == 0) {
		if (visitor->entry) {
			visitor->entry(&entry, visitor->user);
		}
	}
	return r < 0 && r != -ENODATA ? r : in->at == in->end ? 0 : -EBADMSG;
}

/* Those of a version are there or they are not. */
static int take_lines(struct scan *in, bool has_accounts, const struct checkpoint_visitor *visitor) {
	struct pollline_memory memory = {0};
	const char *start = in->at;
	bool are_well = take_accounts(in, visitor) && (in->at > start) == has_accounts;
	int r = are_well ? take_polls(in, &memory, visitor) : -EBADMSG;

	pollline_done(&memory);
	return r;
}

static bool take_head(struct scan *in, struct sink_position *ret, bool *ret_has_accounts) {
	if (!scan_text(in, magic)) {
		return false;
	}
	*ret_has_accounts = scan_char(in, VERSION_OF_ACCOUNTS);
	return (*ret_has_accounts || scan_char(in, VERSION)) && scan_char(in, '\n') && scan_text(in, log_word) &&
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

int checkpoint_parse(const char *data, size_t len, const struct checkpoint_visitor *visitor,
                     struct sink_position *ret_position, struct error *err) {
	static const struct checkpoint_visitor nobody = {0};
	struct sink_position position;
	bool has_accounts;

	if (!crc_agrees(data, len)) {
		return error_set(err, EBADMSG, "the checksum does not match");
	}
	struct scan in = {data, data + len - CRC_LINE};
	if (!take_head(&in, &position, &has_accounts)) {
		return error_set(err, EBADMSG, "not a checkpoint of version %c or %c", VERSION, VERSION_OF_ACCOUNTS);
	}

	/* Twice, so that nobody sees half of one that turns out to be damaged. */
	struct scan again = in;
	int r = take_lines(&in, has_accounts, &nobody);
	if (r == 0) {
		r = take_lines(&again, has_accounts, visitor);
	}
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

int checkpoint_read(const char *directory, const struct checkpoint_visitor *visitor,
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
		r = checkpoint_parse(text.data, text.len, visitor, ret_position, err);
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
