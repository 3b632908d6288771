// SPDX-License-Identifier: ISC

#include "sink/csv.h"

#include "base/json.h"
#include "base/scan.h"
#include "base/text.h"
#include "base/utc.h"
#include "sink/format.h"
#include "sink/ndjson.h"

#include <errno.h>
#include <string.h>

/* One character that is not plain.  Returns the bytes used. */
static size_t put_special(struct buf *out, const char *text, size_t len) {
	uint32_t point = 0;
	size_t used = text_decode(text, len, &point);

	if (text[0] == '"') {
		buf_puts(out, "\"\"");
	} else if (used == 0) {
		buf_puts(out, "\xef\xbf\xbd");
		return 1;
	} else if (text_is_unprintable(point)) {
		buf_putc(out, ' ');
	} else {
		buf_append(out, text, used);
	}
	return used;
}

/* What spreadsheets begin a formula with, the characters of full width too. */
static bool begins_formula(uint32_t point) {
	switch (point) {
	case '=':
	case '+':
	case '-':
	case '@':
	case 0xff1d:
	case 0xff0b:
	case 0xff0d:
	case 0xff20:
		return true;
	default:
		return false;
	}
}

/* Whether an apostrophe must be put in front.  Blanks, and what is written as blanks, hide nothing. */
static bool needs_guard(const char *text, size_t len) {
	uint32_t point = 0;
	if (len > 0 && text[0] == '\'') {
		return true;
	}
	for (size_t i = 0, used; i < len && (used = text_decode(text + i, len - i, &point)) > 0; i += used) {
		if (point != ' ' && !text_is_unprintable(point)) {
			return begins_formula(point);
		}
	}
	return false;
}

void csv_put_text(struct buf *out, const char *text, const char *quoted_for) {
	static const bool special[256] = {[0x00 ... 0x1f] = true, ['"'] = true, [0x7f ... 0xff] = true};
	size_t len = text ? strlen(text) : 0;
	bool quoted = len > 0 && strpbrk(text, quoted_for) != NULL;

	if (quoted) {
		buf_putc(out, '"');
	}
	if (needs_guard(text, len)) {
		buf_putc(out, '\'');
	}
	if (text) {
		text_put(out, text, len, special, put_special);
	}
	if (quoted) {
		buf_putc(out, '"');
	}
}

/* A column and the comma behind it. */
static void put_column(struct buf *out, const char *text) {
	csv_put_text(out, text, ",\"");
	buf_putc(out, ',');
}

/* In quotation marks, with those inside of it doubled, from the back on. */
static void quote_from(struct buf *out, size_t start) {
	size_t len = out->len - start;
	size_t marks = 2;
	for (size_t i = start; i < out->len; i++) {
		marks += out->data[i] == '"';
	}
	while (marks-- > 0) {
		buf_putc(out, '"');
	}
	if (buf_error(out) < 0) {
		return;
	}

	const char *from = out->data + start + len;
	char *to = out->data + out->len;
	*--to = '"';
	while (from > out->data + start) {
		*--to = *--from;
		if (*to == '"') {
			*--to = '"';
		}
	}
	*--to = '"';
}

static void put_json(struct buf *out, const char *json) {
	size_t start = out->len;
	if (json) {
		if (needs_guard(json, strlen(json))) {
			buf_putc(out, '\'');
		}
		json_put_text(out, json);
		quote_from(out, start);
	}
}

static void put_int(struct buf *out, bool present, int64_t n) {
	if (present) {
		buf_put_int(out, n);
	}
	buf_putc(out, ',');
}

void csv_format(const struct record *record, struct buf *out) {
	const struct device *device = record->device;
	const struct grid *bucket = &device->settings->bucket;

	format_utc(out, record->start);
	buf_putc(out, ',');
	put_column(out, device->name);
	put_int(out, record->status == RECORD_OK, record->count);
	put_column(out, record_status_name(record->status));
	put_column(out, interval_name(bucket->interval));
	put_column(out, device->uuid);
	put_int(out, true, record->revision);
	format_utc(out, record->end);
	buf_putc(out, ',');
	put_int(out, record->revision > 0 && record->has_previous, record->previous);
	format_local(out, record->start, bucket->zone);
	buf_putc(out, ',');
	put_column(out, device->site);
	put_column(out, device->account->name);
	put_int(out, record->has_timestamp, record->timestamp_ms);
	put_column(out, record->date_local);
	put_column(out, record->date_utc);
	put_column(out, record->warning);
	put_column(out, record->reason);
	format_utc(out, record->polled_at);
	buf_putc(out, ',');
	put_json(out, record->event_counts);
	buf_puts(out, "\r\n");
}

/* A journal's entries */

/* In the order of the columns: where each comes from, and what must be there. */
static const struct member {
	const char *name;
	enum { MEMBER_TEXT, MEMBER_INT, MEMBER_JSON } kind;
	bool required;
} members[] = {
	{"time", MEMBER_TEXT, true},
	{"name", MEMBER_TEXT, false},
	{"count", MEMBER_INT, false},
	{"status", MEMBER_TEXT, true},
	{"interval", MEMBER_TEXT, true},
	{"device", MEMBER_TEXT, true},
	{"revision", MEMBER_INT, true},
	{"end", MEMBER_TEXT, true},
	{"previous", MEMBER_INT, false},
	{"local_time", MEMBER_TEXT, false},
	{"site", MEMBER_TEXT, false},
	{"account", MEMBER_TEXT, false},
	{"timestamp_ms", MEMBER_INT, false},
	{"date_local", MEMBER_TEXT, false},
	{"date_utc", MEMBER_TEXT, false},
	{"warning", MEMBER_TEXT, false},
	{"reason", MEMBER_TEXT, false},
	{"polled_at", MEMBER_TEXT, false},
	{"event_counts", MEMBER_JSON, false},
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

/* As it stands in the line. */
static void put_raw_json(struct buf *out, const char *line, size_t len, const char *name) {
	struct slice raw = {0};
	struct buf json;

	buf_init(&json, BUF_ANY);
	if (ndjson_find(line, len, name, &raw)) {
		buf_append(&json, raw.text, raw.len);
		put_json(out, buf_text(&json));
	}
	out->error = out->error < 0 ? out->error : buf_error(&json);
	buf_done(&json);
}

/* Without the comma behind it.  False if it is no such thing. */
static bool put_member(struct buf *out, const struct member *member, struct json_object *value, const char *line, size_t line_len) {
	static const enum json_kind kinds[] = {[MEMBER_TEXT] = JSON_STRING, [MEMBER_INT] = JSON_INT, [MEMBER_JSON] = JSON_OBJECT};
	size_t len;

	if (!value) {
		return !member->required;
	}
	if (json_kind(value) != kinds[member->kind]) {
		return false;
	}
	switch (member->kind) {
	case MEMBER_TEXT:
		csv_put_text(out, json_string(value, &len), ",\"");
		break;
	case MEMBER_INT:
		json_put_value(out, value);
		break;
	case MEMBER_JSON:
		put_raw_json(out, line, line_len, member->name);
	}
	return true;
}

static bool put_members(struct buf *out, struct json_object *record, const char *line, size_t len) {
	struct json_object *values[MEMBERS];
	const char *names[MEMBERS];
	bool are_well = true;

	for (size_t i = 0; i < MEMBERS; i++) {
		names[i] = members[i].name;
	}
	json_members(record, names, MEMBERS, values);
	for (size_t i = 0; i < MEMBERS; i++) {
		are_well = are_well && put_member(out, &members[i], values[i], line, len);
		buf_puts(out, i < MEMBERS - 1 ? "," : "\r\n");
	}
	return are_well;
}

void csv_number(struct buf *out, uint64_t entry) {
	if (buf_error(out) < 0) {
		return;
	}
	buf_truncate(out, out->len - strlen("\r\n"));
	buf_putc(out, ',');
	if (entry > 0) {
		buf_put_unsigned(out, entry);
	}
	buf_puts(out, "\r\n");
}

void csv_carry(const char *line, size_t len, uint64_t entry, struct buf *out) {
	struct json_object *record;
	struct error err;
	bool is_whole = len > 2 && memcmp(line + len - 2, "}\n", 2) == 0;
	int r = is_whole ? json_read(line, len, &record, &err) : -EBADMSG;

	if (r < 0) {
		out->error = r;
		return;
	}
	if (put_members(out, record, line, len)) {
		csv_number(out, entry);
	} else {
		out->error = -EBADMSG;
	}
	json_free(record);
}

/* Reading back: the columns that a log_entry is made of are among the first, in this order. */
static const struct {
	bool wanted;
	enum log_field field;
} columns[] = {
	{true, FIELD_TIME},
	{true, FIELD_NAME},
	{true, FIELD_COUNT},
	{true, FIELD_STATUS},
	{true, FIELD_INTERVAL},
	{true, FIELD_DEVICE},
	{true, FIELD_REVISION},
	{true, FIELD_END},
	{true, FIELD_PREVIOUS},
	{true, FIELD_LOCAL_TIME},
};

/* Up to the comma behind a column, which must come; quotation marks pair up inside of it. */
static bool take_column(const char **at, const char *end, struct slice *ret) {
	bool quoted = false;

	ret->text = *at;
	for (; *at < end && (quoted || **at != ','); ++*at) {
		quoted ^= **at == '"';
	}
	ret->len = (size_t)(*at - ret->text);
	return (*at)++ < end;
}

/* The number in the last column, and the account two columns behind that place; the other last columns end in no digit. */
static void find_entry(const char *line, size_t len, const char *at, struct log_entry *ret) {
	const char *end = line + len - strlen("\r\n"), *start = end;
	struct slice site, account;
	uint64_t entry;

	while (start > line && scan_is_digit(start[-1])) {
		start--;
	}
	struct scan digits = {start, end};
	if (start > at && start[-1] == ',' && scan_unsigned(&digits, UINT64_MAX, &entry) && entry > 0 &&
	    take_column(&at, end, &site) && take_column(&at, end, &account) && account.len > 0) {
		bool guarded = account.text[0] == '\'';
		ret->entry = entry;
		ret->account = (struct slice){account.text + guarded, account.len - guarded};
	}
}

int csv_parse(const char *line, size_t len, struct log_entry *ret) {
	struct slice fields[FIELD_COUNT_OF] = {{0}};
	const char *at = line, *end = line + len;

	if (len < 2 || end[-2] != '\r') {
		return -EBADMSG;
	}
	if (len > strlen(CSV_FIRST_COLUMNS) && memcmp(line, CSV_FIRST_COLUMNS, strlen(CSV_FIRST_COLUMNS)) == 0) {
		return -ENODATA;
	}
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct slice column;
		if (!take_column(&at, end, &column)) {
			return -EBADMSG;
		}
		if (column.len > 0 && column.text[0] == '\'') {
			column = (struct slice){column.text + 1, column.len - 1};
		}
		if (columns[i].wanted) {
			fields[columns[i].field] = column;
		}
	}
	ret->entry = 0;
	ret->account = (struct slice){0};
	if (len > 2 && scan_is_digit(end[-3])) {
		find_entry(line, len, at, ret);
	}
	return log_entry_make(fields, ret);
}

/* Without its quotation marks and the apostrophe that guards it, and with those inside of it single. */
static void copy_text(char *out, size_t size, const struct slice *column) {
	const char *at = column->text, *end = at + column->len;
	size_t len = 0;
	bool quoted = column->len >= 2 && at[0] == '"';

	at += quoted;
	end -= quoted;
	at += at < end && *at == '\'';
	for (; at < end && len < size - 1; at++) {
		at += quoted && *at == '"' && at + 1 < end;
		out[len++] = *at;
	}
	out[len] = '\0';
}

int csv_describe(const char *line, size_t len, struct log_about *ret) {
	enum { NAME = 1, SITE = 10, ACCOUNT = 11, REASON = 16, POLLED_AT = 17, COLUMNS = 18 };
	struct slice columns_of[COLUMNS];
	const char *at = line;

	for (size_t i = 0; i < COLUMNS; i++) {
		if (!take_column(&at, line + len, &columns_of[i])) {
			return -EBADMSG;
		}
	}
	copy_text(ret->name, sizeof(ret->name), &columns_of[NAME]);
	copy_text(ret->site, sizeof(ret->site), &columns_of[SITE]);
	copy_text(ret->account, sizeof(ret->account), &columns_of[ACCOUNT]);
	copy_text(ret->reason, sizeof(ret->reason), &columns_of[REASON]);
	ret->labels[0] = '\0';
	ret->capacity = 0;
	char polled_at[UTC_STRING_SIZE];
	copy_text(polled_at, sizeof(polled_at), &columns_of[POLLED_AT]);
	format_read_time(polled_at, &ret->polled_at);
	return 0;
}
