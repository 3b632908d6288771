// SPDX-License-Identifier: ISC

#include "record-text.h"

#include "haunt.h"
#include "node.h"
#include "setup.h"
#include "world.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char header[] =
	"time,name,count,status,interval,device,revision,end,previous,local_time,site,account,"
	"timestamp_ms,date_local,date_utc,warning,reason,polled_at,event_counts";

/** Columns of the CSV, and names in the JSON. */
enum column {
	TIME, NAME, COUNT, STATUS, INTERVAL, DEVICE, REVISION, END, PREVIOUS, LOCAL_TIME, SITE, ACCOUNT,
	TIMESTAMP_MS, DATE_LOCAL, DATE_UTC, WARNING, REASON, POLLED_AT, EVENT_COUNTS, ENTRY,
	COLUMNS,
};

static const char *const names[COLUMNS] = {
	"time", "name", "count", "status", "interval", "device", "revision", "end", "previous",
	"local_time", "site", "account", "timestamp_ms", "date_local", "date_utc", "warning", "reason",
	"polled_at", "event_counts", "entry",
};

/* "2026-03-08T09:00:00[.000]Z" or with an offset. */
static bool read_time(const char *text, usec_t *ret) {
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest) {
		return false;
	}
	usec_t time = (usec_t)timegm(&tm) * USEC_PER_SEC;
	if (*rest == '.') {
		char *end;
		time += (usec_t)(strtod(rest, &end) * 1000 + 0.5) * USEC_PER_MSEC;
		rest = end;
	}
	int hours, minutes;
	char sign;
	if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && strlen(rest) == 6) {
		usec_t offset = hours * USEC_PER_HOUR + minutes * USEC_PER_MIN;
		*ret = time - (sign == '-' ? -offset : offset);
		return sign == '-' || sign == '+';
	}
	*ret = time;
	return strcmp(rest, "Z") == 0;
}

static bool read_number(const char *text, int64_t *ret) {
	char *end;
	*ret = strtoll(text, &end, 10);
	return text[0] && *end == '\0';
}

static bool read_status(const char *text, enum line_status *ret) {
	static const char *const words[] = {"ok", "no_data", "ambiguous", "gap"};
	for (int i = 0; i < 4; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = (enum line_status)i;
			return true;
		}
	}
	return false;
}

static bool read_interval(const char *text, int *ret) {
	for (int i = 0; i < GRANULARITIES; i++) {
		if (strcmp(text, granularity_name((enum granularity)i)) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* "d3/0" is the device's number and how often it was renamed: both must be its own. */
static bool name_agrees(const char *name, const struct line *line) {
	const struct setup *setup = &setups->versions[line->version];
	int number, renamed;
	return sscanf(name, "d%d/%d", &number, &renamed) == 2 && number >= 0 &&
	       number < setup->device_count && setup->devices[number].renamed == renamed &&
	       strcmp(setup->devices[number].uuid, line->uuid) == 0;
}

/* A count that was chosen is from the map beside it. */
static bool counts_agree(const char *text, const struct line *line) {
	json_object *map = text[0] ? json_tokener_parse(text) : NULL;
	json_object *people = NULL;
	bool good = line->status != LINE_OK ||
	            (json_object_object_get_ex(map, "human", &people) && json_object_get_int64(people) == line->count);
	json_object_put(map);
	return good;
}

static const char *heading(size_t *ret_len) {
	static char text[sizeof(header) + 16];
	*ret_len = (size_t)snprintf(text, sizeof(text), "%s%s\r", header, nodes->cluster ? ",entry" : "");
	return text;
}

/* In a cluster each line of a file has come with an entry; those of the entry itself have no number. */
static bool read_entry(const char *text, struct line *line) {
	if (!nodes->cluster || !line->file) {
		return !text[0];
	}
	return read_number(text, &line->entry) && line->entry > 0;
}

/* Texts that are not there are "". */
static bool fill(const char *const *texts, struct line *line) {
	int64_t version;
	usec_t local;

	(void)snprintf(line->uuid, sizeof(line->uuid), "%s", texts[DEVICE]);
	line->has_count = texts[COUNT][0];
	line->has_previous = texts[PREVIOUS][0];
	line->has_reason = texts[REASON][0];
	line->haunted = strcmp(texts[REASON], haunt_reason) == 0;
	line->skipped = strncmp(texts[REASON], "failed alone", 12) == 0;
	if (!read_number(texts[SITE], &version) || version < 0 || version > setups->current) {
		return false;
	}
	line->version = (int)version;
	(void)snprintf(line->account, sizeof(line->account), "%s", texts[ACCOUNT]);
	return read_entry(texts[ENTRY], line) && read_time(texts[TIME], &line->start) && read_time(texts[END], &line->end) &&
	       read_time(texts[LOCAL_TIME], &local) && local == line->start &&
	       read_time(texts[POLLED_AT], &line->polled_at) &&
	       read_number(texts[REVISION], &line->revision) &&
	       read_status(texts[STATUS], &line->status) &&
	       read_interval(texts[INTERVAL], &line->granularity) && name_agrees(texts[NAME], line) &&
	       (!line->has_count || read_number(texts[COUNT], &line->count)) &&
	       (!line->has_previous || read_number(texts[PREVIOUS], &line->previous)) &&
	       line->has_count == (line->status == LINE_OK) && counts_agree(texts[EVENT_COUNTS], line);
}

/* JSON */

bool record_text_json(const char *text, size_t len, struct line *line) {
	static json_tokener *tokener;
	const char *texts[COLUMNS];
	if (!tokener) {
		tokener = json_tokener_new();
		/* json-c 0.18 then takes ASCII alone, which is all that the simulation makes. */
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	}
	json_tokener_reset(tokener);
	json_object *object = json_tokener_parse_ex(tokener, text, (int)len);
	bool good = object && json_tokener_get_error(tokener) == json_tokener_success &&
	            json_tokener_get_parse_end(tokener) == len &&
	            json_object_is_type(object, json_type_object);

	for (int i = 0; good && i < COLUMNS; i++) {
		json_object *member = NULL;
		bool there = json_object_object_get_ex(object, names[i], &member);
		texts[i] = there && member ? json_object_get_string(member) : "";
	}
	good = good && fill(texts, line);
	json_object_put(object);
	return good;
}

/* CSV */

void record_text_header(const char *file, const char *text, size_t len) {
	size_t expected_len;
	const char *expected = heading(&expected_len);
	if (len != expected_len || memcmp(text, expected, len) != 0) {
		world_violation("lines: expected %s to begin with the header, but it does with: %.*s", file,
		                (int)(len > 300 ? 300 : len), text);
	}
}

static bool is_text(int column) {
	static const bool texts[COLUMNS] = {
		[NAME] = true, [DEVICE] = true, [SITE] = true, [ACCOUNT] = true, [DATE_LOCAL] = true,
		[DATE_UTC] = true, [WARNING] = true, [REASON] = true, [EVENT_COUNTS] = true,
	};
	return texts[column];
}

/* What a spreadsheet would take for a formula has an apostrophe in front. */
static bool take_guard(char *text) {
	if (text[0] == '\'') {
		memmove(text, text + 1, strlen(text));
		return true;
	}
	return !strchr("=+-@", text[0]) || text[0] == '\0';
}

/* Takes a column apart into out, moving on; false if it is malformed. */
static bool take_column(const char **at, const char *end, char *out, size_t size) {
	size_t len = 0;
	bool quoted = *at < end && **at == '"';
	*at += quoted;
	for (; *at < end && (quoted || **at != ','); (*at)++) {
		if (**at == '"') {
			if (!quoted) {
				return false;
			}
			if (*at + 1 < end && (*at)[1] == '"') {
				(*at)++;
			} else {
				quoted = false;
				(*at)++;
				break;
			}
		}
		if (len + 1 < size) {
			out[len++] = **at;
		}
	}
	out[len] = '\0';
	return !quoted && (*at == end || **at == ',');
}

bool record_text_csv(const char *text, size_t len, struct line *line) {
	static char columns[COLUMNS][1024];
	const char *texts[COLUMNS];
	if (len < 1 || text[len - 1] != '\r' || memchr(text, '\r', len - 1)) {
		return false;
	}
	const char *end = text + len - 1;
	int count = nodes->cluster ? COLUMNS : ENTRY;
	texts[ENTRY] = "";
	for (int i = 0; i < count; i++) {
		if (!take_column(&text, end, columns[i], sizeof(columns[i]))) {
			return false;
		}
		if (is_text(i) && !take_guard(columns[i])) {
			return false;
		}
		texts[i] = columns[i];
		if (i + 1 < count && (text == end || *text++ != ',')) {
			return false;
		}
	}
	return text == end && fill(texts, line);
}

bool record_text_is_bare(const char *data, size_t len) {
	size_t expected_len;
	const char *expected = heading(&expected_len);
	return len == expected_len + 1 && memcmp(data, expected, len - 1) == 0 && data[len - 1] == '\n';
}

/* Where a line comes from */

/* The text behind the mark, as a number up to that character. */
static bool number_behind(const char *at, const char *end, char last, uint64_t *ret) {
	uint64_t number = 0;
	const char *digits = at;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
	}
	*ret = number;
	return at > digits && at < end && *at == last;
}

static const char *json_behind(const char *text, size_t len, const char *mark) {
	const char *at = memmem(text, len, mark, strlen(mark));
	return at ? at + strlen(mark) : NULL;
}

static bool origin_json(const char *text, size_t len, uint64_t *account, uint64_t *entry) {
	const char *end = text + len, *at = json_behind(text, len, "\"account\":\"a");
	if (!at || !number_behind(at, end, '"', account)) {
		return false;
	}
	at = json_behind(text, len, "\"entry\":");
	*entry = 0;
	return !at || (number_behind(at, end, '}', entry) && *entry > 0);
}

static bool origin_csv(const char *text, size_t len, uint64_t *account, uint64_t *entry) {
	const char *end = text + len, *last = memrchr(text, ',', len);
	bool quoted = false;
	int column = 0;
	for (const char *at = text; at < end && column < ACCOUNT; at++) {
		quoted ^= *at == '"';
		column += !quoted && *at == ',';
		text = at + 1;
	}
	*entry = 0;
	return last && text < end && *text == 'a' && number_behind(text + 1, end, ',', account) &&
	       (last[1] == '\r' || number_behind(last + 1, end, '\r', entry));
}

bool record_text_origin(const char *text, size_t len, bool csv, int *ret_account, uint64_t *ret_entry) {
	uint64_t account = 0;
	if (!(csv ? origin_csv : origin_json)(text, len, &account, ret_entry) || account >= SETUP_ACCOUNTS) {
		return false;
	}
	*ret_account = (int)account;
	return true;
}
