// SPDX-License-Identifier: ISC

#include "tool/deviceline.h"

#include "base/json.h"
#include "base/scan.h"
#include "base/text.h"
#include "base/utc.h"

#include <errno.h>
#include <string.h>

static const char *const words[LIVE_STATES] = {
	[LIVE_FAILING] = "failing", [LIVE_WAITING] = "waiting",   [LIVE_LATE] = "late",
	[LIVE_STARTING] = "starting", [LIVE_FRESH] = "fresh",
};

const char *live_word(enum live_state state) {
	return words[state];
}

/* In the order in which the daemon writes them: texts, and numbers. */
enum member {
	UUID, NAME, SITE, LABELS, ACCOUNT, INTERVAL, ZONE, STATE, LAST_END, AGE, LAST_STATUS, COUNT, WAITING, RECHECKS,
	SINCE, REASON, MEMBERS
};

static const char *const names[MEMBERS] = {
	[UUID] = "uuid", [NAME] = "name", [SITE] = "site", [LABELS] = "labels", [ACCOUNT] = "account",
	[INTERVAL] = "interval", [ZONE] = "zone", [STATE] = "state", [LAST_END] = "last_end", [AGE] = "age_s",
	[LAST_STATUS] = "last_status", [COUNT] = "last_count", [WAITING] = "waiting", [RECHECKS] = "rechecks",
	[SINCE] = "since", [REASON] = "reason",
};

/* What is neither a text nor a number is nothing. */
struct value {
	const char *text;
	size_t len;
	bool escaped;   /* it holds backslashes that mean something */
	bool is_number;
	int64_t number;
};

/* From values to a device */

static bool is(const struct value *value, const char *text) {
	return strlen(text) == value->len && memcmp(text, value->text, value->len) == 0;
}

static int64_t number_of(const struct value *value, int64_t otherwise) {
	return live_number(value->is_number ? value->number : otherwise);
}

static usec_t time_of(const struct value *value) {
	char text[64];
	usec_t time;
	if (!value->text || value->len >= sizeof(text)) {
		return INT64_MIN;
	}
	if (value->len == UTC_PLAIN && utc_parse_plain(value->text, &time) == 0) {
		return time;
	}
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return utc_parse(text, false, &time) == 0 ? time : INT64_MIN;
}

/* A word that is not known here is of something that wants to be seen. */
static enum live_state state_of(const struct value *value) {
	for (int state = 0; value->text && state < LIVE_STATES; state++) {
		if (is(value, words[state])) {
			return (enum live_state)state;
		}
	}
	return LIVE_FAILING;
}

/* The few escapes that take_text() lets through. */
static const char *put_unescaped(struct store *store, const struct value *value) {
	static const char letters[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
	                                  ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
	char *copy = store_room(store, value->len + 1), *at = copy;
	for (size_t i = 0; copy && i < value->len; i++) {
		bool escape = value->text[i] == '\\' && i + 1 < value->len;
		i += escape;
		*at++ = escape ? letters[(unsigned char)value->text[i]] : value->text[i];
	}
	if (copy) {
		*at = '\0';
	}
	return copy;
}

/* Returns whether there was memory.  Most devices share much with the one before. */
static bool keep(struct store *store, const struct value *value, const char *before, const char **ret) {
	if (!value->text) {
		*ret = NULL;
		return true;
	}
	if (value->escaped) {
		*ret = put_unescaped(store, value);
	} else if (before && is(value, before)) {
		*ret = before;
	} else {
		*ret = store_put(store, value->text, value->len);
	}
	return *ret != NULL;
}

static int make(const char *line, size_t len, const struct value values[static MEMBERS], struct store *store,
                const struct live_device *before, struct live_device *ret) {
	static const struct live_device none;
	before = before ? before : &none;
	*ret = (struct live_device){
		.state = state_of(&values[STATE]),
		.last_end = time_of(&values[LAST_END]),
		.count = number_of(&values[COUNT], -1),
		.age = number_of(&values[AGE], 0) * USEC_PER_SEC,
		.waiting = number_of(&values[WAITING], 0),
		.rechecks = number_of(&values[RECHECKS], 0),
		.since = time_of(&values[SINCE]),
		.text = store_put(store, line, len),
	};
	bool kept = ret->text && keep(store, &values[UUID], NULL, &ret->uuid) && keep(store, &values[NAME], NULL, &ret->name) &&
	            keep(store, &values[SITE], before->site, &ret->site) &&
	            keep(store, &values[ACCOUNT], before->account, &ret->account) &&
	            keep(store, &values[INTERVAL], before->interval, &ret->interval) &&
	            keep(store, &values[ZONE], before->zone, &ret->zone) &&
	            keep(store, &values[REASON], before->reason, &ret->reason);
	if (!kept) {
		return -ENOMEM;
	}
	return ret->uuid && ret->name ? 0 : -EBADMSG;
}

/* The fast way: it takes less than JSON is, and gives up where it does not know. */

/* What is between quotation marks, of which the first has been taken. */
static bool take_text(struct scan *in, struct value *ret) {
	static const bool plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7e] = true};
	static const bool simple[256] = {['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
	                                 ['f'] = true, ['n'] = true, ['r'] = true, ['t'] = true};
	*ret = (struct value){.text = in->at};
	while (in->at < in->end) {
		uint32_t point;
		if (plain[(unsigned char)*in->at]) {
			in->at++;
		} else if (*in->at == '"') {
			ret->len = (size_t)(in->at++ - ret->text);
			return true;
		} else if (*in->at == '\\') {
			if (in->end - in->at < 2 || !simple[(unsigned char)in->at[1]]) {
				return false;
			}
			ret->escaped = true;
			in->at += 2;
		} else {
			size_t used = (unsigned char)*in->at >= 0x80 ? text_decode(in->at, (size_t)(in->end - in->at), &point) : 0;
			if (used == 0) {
				return false;
			}
			in->at += used;
		}
	}
	return false;
}

/* An object of texts. */
static bool take_labels(struct scan *in) {
	struct value value;
	if (scan_char(in, '}')) {
		return true;
	}
	do {
		if (!scan_char(in, '"') || !take_text(in, &value) || !scan_char(in, ':') || !scan_char(in, '"') ||
		    !take_text(in, &value)) {
			return false;
		}
	} while (scan_char(in, ','));
	return scan_char(in, '}');
}

static bool take_value(struct scan *in, struct value *ret) {
	*ret = (struct value){.text = NULL};
	switch (scan_peek(in)) {
	case '"':
		in->at++;
		return take_text(in, ret);
	case '{':
		in->at++;
		return take_labels(in);
	case 'n':
		return scan_text(in, "null");
	default:
		ret->is_number = true;
		/* As json_int() has it. */
		return scan_signed(in, &ret->number) && ret->number != INT64_MIN;
	}
}

/* Which one it is: mostly that or one soon after it.  MEMBERS: none. */
static size_t find_name(const struct value *name, size_t expected) {
	for (size_t i = 0; i < MEMBERS; i++) {
		size_t at = expected + i < MEMBERS ? expected + i : expected + i - MEMBERS;
		if (is(name, names[at])) {
			return at;
		}
	}
	return MEMBERS;
}

static bool take_members(struct scan *in, struct value values[static MEMBERS]) {
	bool seen[MEMBERS] = {false};
	size_t expected = 0;
	if (!scan_char(in, '{')) {
		return false;
	}
	do {
		struct value name, value;
		if (!scan_char(in, '"') || !take_text(in, &name) || name.escaped || !scan_char(in, ':') ||
		    !take_value(in, &value)) {
			return false;
		}
		size_t at = find_name(&name, expected);
		if (at == MEMBERS) {
			continue;
		}
		if (seen[at]) {
			return false; /* which of them is meant is for the parser to say */
		}
		seen[at] = true;
		values[at] = value;
		expected = at + 1 < MEMBERS ? at + 1 : 0;
	} while (scan_char(in, ','));
	return scan_char(in, '}') && in->at == in->end;
}

/* The other way */

int deviceline_parse(const char *line, size_t len, struct store *store, const struct live_device *before,
                     struct live_device *ret) {
	struct value values[MEMBERS] = {{0}};
	struct json_object *object = NULL, *members[MEMBERS];
	struct error err;

	int r = json_read(line, len, &object, &err);
	if (r < 0) {
		return r;
	}
	json_members(object, names, MEMBERS, members);
	for (size_t i = 0; i < MEMBERS; i++) {
		values[i].text = json_string(members[i], &values[i].len);
		values[i].is_number = json_int(members[i], &values[i].number);
	}
	r = make(line, len, values, store, before, ret);
	json_free(object);
	return r;
}

int deviceline_read(const char *line, size_t len, struct store *store, const struct live_device *before,
                    struct live_device *ret) {
	struct value values[MEMBERS] = {{0}};
	struct scan in = {line, line + len};

	if (!take_members(&in, values)) {
		return deviceline_parse(line, len, store, before, ret);
	}
	return make(line, len, values, store, before, ret);
}
