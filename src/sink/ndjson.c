// SPDX-License-Identifier: ISC

#include "sink/ndjson.h"

#include "base/json.h"
#include "base/scan.h"
#include "base/utc.h"
#include "sink/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* It is the last member. */
#define ENTRY_BEFORE ",\"entry\":"

static void put_optional_int(struct buf *out, bool present, int64_t n) {
	if (present) {
		buf_put_int(out, n);
	} else {
		buf_puts(out, "null");
	}
}

static void put_utc(struct buf *out, usec_t instant) {
	buf_putc(out, '"');
	format_utc(out, instant);
	buf_putc(out, '"');
}

/* What the record is and what was counted: up to local_time. */
static void put_identity(struct buf *out, const struct record *record) {
	const struct device *device = record->device;
	const struct grid *bucket = &device->settings->bucket;

	buf_puts(out, "{\"time\":");
	put_utc(out, record->start);
	buf_puts(out, ",\"name\":");
	json_put_string(out, device->name);
	buf_puts(out, ",\"count\":");
	put_optional_int(out, record->status == RECORD_OK, record->count);
	buf_puts(out, ",\"status\":\"");
	buf_puts(out, record_status_name(record->status));
	buf_puts(out, "\",\"interval\":\"");
	buf_puts(out, interval_name(bucket->interval));
	buf_puts(out, "\",\"device\":");
	json_put_string(out, device->uuid);
	buf_puts(out, ",\"revision\":");
	buf_put_int(out, record->revision);
	buf_puts(out, ",\"end\":");
	put_utc(out, record->end);
	if (record->revision > 0) {
		buf_puts(out, ",\"previous\":");
		put_optional_int(out, record->has_previous, record->previous);
	}
	buf_puts(out, ",\"local_time\":\"");
	format_local(out, record->start, bucket->zone);
	buf_putc(out, '"');
}

/* What the API said. */
static void put_answer(struct buf *out, const struct record *record) {
	buf_puts(out, ",\"event_counts\":");
	json_put_text(out, record->event_counts);
	buf_puts(out, ",\"approximate_timestamps_ms\":");
	json_put_text(out, record->approximate_timestamps_ms);
	buf_puts(out, ",\"reporting_devices\":");
	json_put_text(out, record->reporting_devices);
	buf_puts(out, ",\"timestamp_ms\":");
	put_optional_int(out, record->has_timestamp, record->timestamp_ms);
	buf_puts(out, ",\"date_local\":");
	json_put_string(out, record->date_local);
	buf_puts(out, ",\"date_utc\":");
	json_put_string(out, record->date_utc);
}

/* A field that is left out when there is nothing to say. */
static void put_member(struct buf *out, const char *before, const char *text) {
	if (text) {
		buf_puts(out, before);
		json_put_string(out, text);
	}
}

void ndjson_format(const struct record *record, struct buf *out) {
	put_identity(out, record);
	put_member(out, ",\"site\":", record->device->site);
	put_member(out, ",\"account\":", record->device->account->name);
	put_answer(out, record);
	put_member(out, ",\"warning\":", record->warning);
	put_member(out, ",\"reason\":", record->reason);
	buf_puts(out, ",\"polled_at\":");
	put_utc(out, record->polled_at);
	if (record->device->labels) {
		buf_puts(out, ",\"labels\":");
		json_put_text(out, record->device->labels);
	}
	if (record->device->capacity > 0) {
		buf_puts(out, ",\"capacity\":");
		buf_put_int(out, record->device->capacity);
	}
	buf_puts(out, "}\n");
}

/* A journal's entries */

void ndjson_number(struct buf *out, uint64_t entry) {
	if (entry > 0 && buf_error(out) == 0) {
		buf_truncate(out, out->len - strlen("}\n"));
		buf_puts(out, ENTRY_BEFORE);
		buf_put_unsigned(out, entry);
		buf_puts(out, "}\n");
	}
}

void ndjson_carry(const char *line, size_t len, uint64_t entry, struct buf *out) {
	if (len < 4 || line[0] != '{' || memcmp(line + len - 2, "}\n", 2) != 0) {
		out->error = -EBADMSG;
		return;
	}
	buf_append(out, line, len);
	ndjson_number(out, entry);
}

/*
 * Reading back.  Not a JSON parser, for a log is read at the speed of the disk: it
 * finds where the members of an object begin and end, and takes the text of those
 * that are wanted.
 */

/* What stands between two quotation marks, escapes and all. */
static bool take_string(struct scan *in, struct slice *ret) {
	if (!scan_char(in, '"')) {
		return false;
	}
	ret->text = in->at;
	while (in->at < in->end && *in->at != '"') {
		in->at += *in->at == '\\' ? 2 : 1;
	}
	if (in->at >= in->end) {
		return false;
	}
	ret->len = (size_t)(in->at++ - ret->text);
	return true;
}

/* An object or an array: up to its end, whatever is in it. */
static bool take_nested(struct scan *in, struct slice *ret) {
	size_t depth = 0;
	struct slice inner;

	ret->text = in->at;
	do {
		if (in->at == in->end) {
			return false;
		}
		if (*in->at == '"') {
			if (!take_string(in, &inner)) {
				return false;
			}
			continue;
		}
		depth += *in->at == '{' || *in->at == '[';
		depth -= *in->at == '}' || *in->at == ']';
		in->at++;
	} while (depth > 0);
	ret->len = (size_t)(in->at - ret->text);
	return true;
}

static bool take_value(struct scan *in, struct slice *ret) {
	if (in->at < in->end && *in->at == '"') {
		return take_string(in, ret);
	}
	if (in->at < in->end && (*in->at == '{' || *in->at == '[')) {
		return take_nested(in, ret);
	}
	ret->text = in->at;
	while (in->at < in->end && *in->at != ',' && *in->at != '}') {
		in->at++;
	}
	ret->len = (size_t)(in->at - ret->text);
	return ret->len > 0;
}

static const char *const field_names[FIELD_COUNT_OF] = {
	[FIELD_TIME] = "time",
	[FIELD_NAME] = "name",
	[FIELD_COUNT] = "count",
	[FIELD_STATUS] = "status",
	[FIELD_INTERVAL] = "interval",
	[FIELD_DEVICE] = "device",
	[FIELD_REVISION] = "revision",
	[FIELD_END] = "end",
	[FIELD_LOCAL_TIME] = "local_time",
	[FIELD_PREVIOUS] = "previous",
};

/* Returns whether it was one of those that every record has. */
static bool keep_field(struct slice fields[static FIELD_COUNT_OF], const struct slice *name,
                       const struct slice *value) {
	for (size_t i = 0; i < FIELD_COUNT_OF; i++) {
		if (!fields[i].text && strlen(field_names[i]) == name->len &&
		    memcmp(field_names[i], name->text, name->len) == 0) {
			fields[i] = *value;
			return i != FIELD_PREVIOUS;
		}
	}
	return false;
}

static uint64_t eight(const char *at) {
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* Whether that is in front.  len is a constant; of eight bytes and more two words are compared, which may overlap. */
__attribute__((always_inline))
static inline bool is_in_front(const struct scan *in, const char *literal, size_t len) {
	if ((size_t)(in->end - in->at) < len) {
		return false;
	}
	if (len < 8) {
		return memcmp(in->at, literal, len) == 0;
	}
	return ((eight(in->at) ^ eight(literal)) | (eight(in->at + len - 8) ^ eight(literal + len - 8))) == 0;
}

/* Takes a literal from the front, of 16 bytes at most. */
#define TAKE(in, literal)                                                                   \
	(is_in_front(in, literal, sizeof(literal) - 1 + 0 * sizeof(char[sizeof(literal) <= 17 ? 1 : -1])) && \
	 ((in)->at += sizeof(literal) - 1, true))

/* The high bit of the first of the eight bytes that is that one, by place value; 0 if none is.  Beyond it bits say nothing. */
static inline uint64_t find_byte(uint64_t word, unsigned char byte) {
	uint64_t zero_if = word ^ (UINT64_MAX / 255 * byte);
	return (zero_if - UINT64_MAX / 255) & ~zero_if & (UINT64_MAX / 255 * 0x80);
}

/* Up to the next quotation mark, which must come; there is no escape before it.  The line ends in its newline. */
static bool take_plain_string(struct scan *in, struct slice *ret) {
	static const bool ends[256] = {['"'] = true, ['\\'] = true, ['\n'] = true};
	const char *at = in->at;
	while (in->end - at > 8) {
		uint64_t found = find_byte(eight(at), '"') | find_byte(eight(at), '\\');
		if (found) {
			at += __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_ctzll(found) / 8 : 0;
			break;
		}
		at += 8;
	}
	while (!ends[(unsigned char)*at]) {
		at++;
	}
	*ret = (struct slice){in->at, (size_t)(at - in->at)};
	in->at = at + 1;
	return *at == '"';
}

/* No valid time is shorter. */
static bool take_time(struct scan *in, struct slice *ret) {
	if (in->end - in->at <= UTC_PLAIN || in->at[UTC_PLAIN] != '"') {
		return false;
	}
	*ret = (struct slice){in->at, UTC_PLAIN};
	in->at += UTC_PLAIN + 1;
	return true;
}

/* Up to the comma behind it, which stays. */
static bool take_word(struct scan *in, struct slice *ret) {
	const char *start = in->at;
	while (in->at < in->end && (scan_is_digit(*in->at) || (*in->at >= 'a' && *in->at <= 'z') || *in->at == '-')) {
		in->at++;
	}
	*ret = (struct slice){start, (size_t)(in->at - start)};
	return ret->len > 0;
}

/* The first members, as ndjson_format() writes them; false if they are anything else. */
static bool take_identity(struct scan *in, struct slice fields[static FIELD_COUNT_OF]) {
	fields[FIELD_PREVIOUS] = (struct slice){0};
	return TAKE(in, "{\"time\":\"") && take_time(in, &fields[FIELD_TIME]) &&
	       TAKE(in, ",\"name\":\"") && take_plain_string(in, &fields[FIELD_NAME]) &&
	       TAKE(in, ",\"count\":") && take_word(in, &fields[FIELD_COUNT]) &&
	       TAKE(in, ",\"status\":\"") && take_plain_string(in, &fields[FIELD_STATUS]) &&
	       TAKE(in, ",\"interval\":\"") && take_plain_string(in, &fields[FIELD_INTERVAL]) &&
	       TAKE(in, ",\"device\":\"") && take_plain_string(in, &fields[FIELD_DEVICE]) &&
	       TAKE(in, ",\"revision\":") && take_word(in, &fields[FIELD_REVISION]) &&
	       TAKE(in, ",\"end\":\"") && take_time(in, &fields[FIELD_END]) &&
	       (!TAKE(in, ",\"previous\":") || take_word(in, &fields[FIELD_PREVIOUS])) &&
	       TAKE(in, ",\"local_time\":\"") && take_plain_string(in, &fields[FIELD_LOCAL_TIME]);
}

/* The first member of that name from there on, which is the beginning of the line or behind a member. */
static bool find_member(struct scan in, const char *wanted, struct slice *ret) {
	size_t len = strlen(wanted);
	struct slice name;

	while (scan_char(&in, in.at[0] == '{' ? '{' : ',') && take_string(&in, &name) && scan_char(&in, ':') &&
	       take_value(&in, ret)) {
		if (name.len == len && memcmp(name.text, wanted, len) == 0) {
			return true;
		}
	}
	return false;
}

bool ndjson_find(const char *line, size_t len, const char *name, struct slice *ret) {
	return find_member((struct scan){line, line + len - strlen("}\n")}, name, ret);
}

/* The number in front of the end; 0 if none is there, or none that is written. */
static uint64_t number_before(const char *line, const char *end) {
	const size_t before_len = strlen(ENTRY_BEFORE);
	const char *at = end;
	uint64_t number;

	while (at > line && scan_is_digit(at[-1])) {
		at--;
	}
	struct scan digits = {at, end};
	bool is_there = at < end && (size_t)(at - line) >= before_len &&
	                memcmp(at - before_len, ENTRY_BEFORE, before_len) == 0 && scan_unsigned(&digits, UINT64_MAX, &number);
	return is_there ? number : 0;
}

void ndjson_find_entry(const char *line, size_t len, const char *from, struct log_entry *ret) {
	const char *end = line + len - strlen("}\n");
	uint64_t entry = number_before(line, end);
	struct slice account;

	if (entry > 0 && find_member((struct scan){from, end}, "account", &account) && account.len > 0 && account.text[-1] == '"') {
		ret->entry = entry;
		ret->account = account;
	}
}

/* Of few logs' lines the last member is a number. */
static inline void note_entry(const char *line, size_t len, const char *from, struct log_entry *ret) {
	ret->entry = 0;
	ret->account = (struct slice){0};
	if (scan_is_digit(line[len - 3])) {
		ndjson_find_entry(line, len, from, ret);
	}
}

int ndjson_parse(const char *line, size_t len, struct log_entry *ret) {
	struct slice fields[FIELD_COUNT_OF];
	size_t missing = FIELD_COUNT_OF - 1;
	struct scan in = {line, line + len};

	if (len < 3 || memcmp(in.end - 2, "}\n", 2) != 0) {
		return -EBADMSG;
	}
	if (take_identity(&in, fields)) {
		note_entry(line, len, in.at, ret);
		return log_entry_make(fields, ret);
	}
	memset(fields, 0, sizeof(fields));
	in.at = line + 1;
	if (line[0] != '{') {
		return -EBADMSG;
	}
	do {
		struct slice name, value;
		if (!take_string(&in, &name) || !scan_char(&in, ':') || !take_value(&in, &value)) {
			return -EBADMSG;
		}
		missing -= keep_field(fields, &name, &value);
	} while (missing > 0 && scan_char(&in, ','));
	note_entry(line, len, line, ret);
	return log_entry_make(fields, ret);
}

static void copy_text(char *out, size_t size, struct json_object *object, const char *name) {
	size_t len;
	const char *text = json_string(json_member(object, name), &len);
	(void)snprintf(out, size, "%s", text ? text : "");
}

int ndjson_describe(const char *line, size_t len, struct log_about *ret) {
	struct json_object *object;
	struct buf labels;
	struct error err;
	size_t text_len;

	if (json_read(line, len, &object, &err) < 0) {
		return -EBADMSG;
	}
	copy_text(ret->name, sizeof(ret->name), object, "name");
	copy_text(ret->site, sizeof(ret->site), object, "site");
	copy_text(ret->account, sizeof(ret->account), object, "account");
	copy_text(ret->reason, sizeof(ret->reason), object, "reason");
	format_read_time(json_string(json_member(object, "polled_at"), &text_len), &ret->polled_at);
	ret->labels[0] = '\0';
	buf_init(&labels, sizeof(ret->labels) - 1);
	json_put_value(&labels, json_member(object, "labels"));
	if (json_kind(json_member(object, "labels")) == JSON_OBJECT && buf_error(&labels) == 0) {
		(void)snprintf(ret->labels, sizeof(ret->labels), "%s", buf_text(&labels));
	}
	buf_done(&labels);
	ret->capacity = 0;
	(void)json_int(json_member(object, "capacity"), &ret->capacity);
	json_free(object);
	return 0;
}
