// SPDX-License-Identifier: ISC

#include "sink/csv.h"

#include "base/text.h"
#include "sink/format.h"

#include <errno.h>
#include <string.h>

static bool is_plain(char c) {
	unsigned char byte = (unsigned char)c;
	return byte >= 0x20 && byte < 0x7f && byte != '"';
}

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

static void put_text(struct buf *out, const char *text) {
	size_t len = text ? strlen(text) : 0;
	bool quoted = len > 0 && strpbrk(text, ",\"") != NULL;

	if (quoted) {
		buf_putc(out, '"');
	}
	for (size_t i = 0; i < len;) {
		size_t start = i;
		while (i < len && is_plain(text[i])) {
			i++;
		}
		buf_append(out, text + start, i - start);
		if (i < len) {
			i += put_special(out, text + i, len - i);
		}
	}
	if (quoted) {
		buf_putc(out, '"');
	}
}

/* A column and the comma behind it. */
static void put_column(struct buf *out, const char *text) {
	put_text(out, text);
	buf_putc(out, ',');
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
	buf_puts(out, "\r\n");
}

/* Reading back: the columns that a log_entry is made of are among the first, in this order. */
static const struct {
	bool wanted;
	enum log_field field;
} columns[] = {
	{true, FIELD_TIME},
	{false, 0}, /* name */
	{true, FIELD_COUNT},
	{true, FIELD_STATUS},
	{true, FIELD_INTERVAL},
	{true, FIELD_DEVICE},
	{true, FIELD_REVISION},
	{true, FIELD_END},
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

int csv_parse(const char *line, size_t len, struct log_entry *ret) {
	struct slice fields[FIELD_COUNT_OF] = {{0}};
	const char *at = line, *end = line + len;

	if (len == strlen(CSV_HEADER) && memcmp(line, CSV_HEADER, len) == 0) {
		return -ENODATA;
	}
	if (len < 2 || end[-2] != '\r') {
		return -EBADMSG;
	}
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct slice column;
		if (!take_column(&at, end, &column)) {
			return -EBADMSG;
		}
		if (columns[i].wanted) {
			fields[columns[i].field] = column;
		}
	}
	return log_entry_make(fields, ret);
}
