// SPDX-License-Identifier: ISC

/*
 * The formats of the log, and the pieces that all of them are made of.
 *
 * A record is one line in each format: nothing a record holds can break it.  What
 * was written can be read back, as far as a start needs it.
 */

#ifndef SINK_FORMAT_H
#define SINK_FORMAT_H

#include "base/buf.h"
#include "response/record.h"

/** A piece of a line. */
struct slice {
	const char *text;
	size_t len;
};

/** One line of the log: which bucket it is of, and what was recorded. */
struct log_entry {
	char uuid[64];
	enum interval interval;
	usec_t start, end;
	enum record_status status;
	int64_t count; /* 0 unless RECORD_OK */
	int revision;
	bool has_previous; /* the count that it corrects is in the line */
	struct slice name; /* as it stands in the line, escapes and all; text NULL: none */
	int32_t offset_s;  /* of local_time, east of UTC; OFFSET_UNKNOWN if there is none */
	uint64_t entry;    /* of the account's chain in a cluster's journal that the line came with; 0: none */
	struct slice account; /* whose chain that is, a name without escapes; text NULL unless there is an entry */
};

enum { OFFSET_UNKNOWN = INT32_MIN };

enum { LOG_TEXT_SIZE = 256, LOG_REASON_SIZE = 1024, LOG_LABELS_SIZE = 8192 };

/** What a line says beside its log_entry; "" where it says nothing. */
struct log_about {
	char name[LOG_TEXT_SIZE], site[LOG_TEXT_SIZE], account[LOG_TEXT_SIZE];
	char reason[LOG_REASON_SIZE]; /* of a gap */
	char labels[LOG_LABELS_SIZE]; /* a JSON object */
	int64_t capacity;             /* 0: none */
	usec_t polled_at;             /* USEC_INFINITY if it is not there */
};

struct log_codec {
	const char *extension; /* of the file's name, without the dot */
	const char *header;    /* the first line of every file; "" for none */
	const char *numbered_header; /* the same where lines carry numbers (log_settings.entries); not shorter */
	void (*format)(const struct record *record, struct buf *out);

	/**
	 * Appends a line of a journal's entry, as NDJSON's format() writes it, with its newline: in this format, and with the number
	 * of the entry.  It may be from a newer version, with members that nobody knows.  If it is no record,
	 * buf_error() is -EBADMSG then.
	 */
	void (*carry)(const char *line, size_t len, uint64_t entry, struct buf *out);

	/** Puts the number of an entry, or 0 for none, into the line of this format at the end of the buffer. */
	void (*number)(struct buf *out, uint64_t entry);

	/**
	 * Reads a line back, which ends in its newline and holds no NUL before that.
	 * Returns 0; -ENODATA for a header; -EBADMSG if it is not a record.
	 */
	int (*parse)(const char *line, size_t len, struct log_entry *ret);

	/** Reads the whole of a line, which takes longer.  What is too long is cut.  Returns 0 or -EBADMSG. */
	int (*describe)(const char *line, size_t len, struct log_about *ret);
};

/** All formats, by enum log_format; the one behind the last has no extension. */
extern const struct log_codec log_codecs[];

/** The one that the lines of a journal's entries are in. */
extern const struct log_codec *const log_journal_codec;

__attribute__((returns_nonnull))
const struct log_codec *log_codec_of(enum log_format format);

/** Whose extension, with its dot, stands at the front of the text, and ends there; NULL if none does. */
__attribute__((nonnull))
const struct log_codec *log_codec_of_suffix(const char *text);

/** Of the file's name, by its ending, compressed or not; NULL if it is not a log's. */
__attribute__((nonnull))
const struct log_codec *log_codec_of_name(const char *name);

/** RFC 3339 in UTC. */
__attribute__((nonnull))
void format_utc(struct buf *out, usec_t instant);

/** Reads such a time back; USEC_INFINITY if the text is none, or NULL. */
__attribute__((nonnull(2)))
void format_read_time(const char *text, usec_t *ret);

/** RFC 3339 as the wall clock in that zone shows it. */
__attribute__((nonnull))
void format_local(struct buf *out, usec_t instant, const struct zone *zone);

/** The fields of a line that a log_entry is made of, still as text; text NULL: not there. */
enum log_field {
	FIELD_TIME,
	FIELD_NAME, /* may be missing */
	FIELD_COUNT,
	FIELD_STATUS,
	FIELD_INTERVAL,
	FIELD_DEVICE,
	FIELD_REVISION,
	FIELD_END,
	FIELD_LOCAL_TIME, /* may be missing */
	FIELD_PREVIOUS,   /* may be missing */
	FIELD_COUNT_OF,
};

/** Makes an entry of them.  Returns 0 or -EBADMSG. */
__attribute__((warn_unused_result, nonnull))
int log_entry_make(const struct slice fields[static FIELD_COUNT_OF], struct log_entry *ret);

#endif
