// SPDX-License-Identifier: ISC

#include "config/value.h"

#include "base/text.h"
#include "base/utc.h"
#include "config/url.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of a wrong value a message shows. */
enum { SHOWN_SIZE = 96 };

/* What one reading needs. */
struct reading {
	const struct key *key;
	const char *text;
	struct config_memory *memory;
	struct error *err;
};

struct type {
	const char *name;
	const char *wanted;
	enum scalar_kind kind;
	int (*read)(const struct reading *in, void *into);
	void (*write)(const struct key *key, const void *value, struct buf *out);
	bool (*is_set)(const struct key *key, const void *value); /* NULL: it always is */
};

static const struct type types[TYPE_COUNT];

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

__attribute__((format(printf, 2, 3)))
static int refuse(const struct reading *in, const char *format, ...) {
	char shown[SHOWN_SIZE];
	char said[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	text_escape(shown, sizeof(shown), in->text, strlen(in->text));
	return error_set(in->err, EINVAL, "\"%s\" %s", shown, said);
}

bool value_is_printable(const char *text) {
	char shown[PATH_MAX];
	/* Most of what a hundred thousand devices say is ASCII. */
	while (*text >= ' ' && *text <= '~') {
		text++;
	}
	if (*text == '\0') {
		return true;
	}
	const char *out = text_escape(shown, sizeof(shown), text, strlen(text));

	/* Escaping merges blanks, which are fine, and turns other white space into one, which is not. */
	for (; *text != '\0'; text++) {
		if (*text == *out) {
			out++;
		} else if (*text != ' ' || out == shown || out[-1] != ' ') {
			return false;
		}
	}
	return *out == '\0';
}

static int store_text(const struct reading *in, const char *text, void *into) {
	const char *copy = memory_text(in->memory, text);
	if (!copy) {
		return -ENOMEM;
	}
	memcpy(into, &copy, sizeof(copy));
	return 0;
}

static int check_length(const struct reading *in) {
	size_t len = strlen(in->text);
	if (len == 0) {
		return error_set(in->err, EINVAL, "must not be empty");
	}
	if (len > (size_t)in->key->max) {
		return error_set(in->err, EINVAL, "is %zu bytes long: at most %d are allowed", len,
		                 (int)in->key->max);
	}
	return 0;
}

static int read_string(const struct reading *in, void *into) {
	int r = check_length(in);
	if (r < 0) {
		return r;
	}
	if (!value_is_printable(in->text)) {
		return refuse(in, "holds control characters or is not UTF-8");
	}
	if (in->text[0] == ' ' || in->text[strlen(in->text) - 1] == ' ') {
		return refuse(in, "begins or ends with a blank");
	}
	return store_text(in, in->text, into);
}

static int read_ascii(const struct reading *in, void *into) {
	for (const char *c = in->text; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			return refuse(in, "must be printable ASCII, because it is sent in a header");
		}
	}
	return read_string(in, into);
}

static int read_name(const struct reading *in, void *into) {
	int r = check_length(in);
	if (r < 0) {
		return r;
	}
	if (in->text[strspn(in->text, ALNUM "._-")] != '\0') {
		return refuse(in, "may hold only letters, digits, \".\", \"_\" and \"-\"");
	}
	return store_text(in, in->text, into);
}

/* ^[A-Za-z0-9_-]{22}(\.[va][0-9]{1,2})?$ */
static int read_uuid(const struct reading *in, void *into) {
	enum { UUID_LEN = 22 };
	size_t len = strspn(in->text, ALNUM "_-");
	const char *facet = in->text + len;
	size_t digits = 0;
	bool good = len == UUID_LEN;

	if (good && *facet != '\0') {
		good = facet[0] == '.' && (facet[1] == 'v' || facet[1] == 'a');
		digits = good ? strspn(facet + 2, "0123456789") : 0;
		good = good && digits >= 1 && digits <= 2 && facet[2 + digits] == '\0';
	}
	if (!good) {
		return refuse(in, "is not a device: write its 22 letters, digits, \"_\" or \"-\", and a facet "
		                  "like \".v0\" if it has one");
	}
	return store_text(in, in->text, into);
}

static int read_path(const struct reading *in, void *into) {
	int r = check_length(in);
	if (r < 0) {
		return r;
	}
	if (in->text[0] != '/') {
		return refuse(in, "is not an absolute path: begin it with a slash");
	}
	if (!value_is_printable(in->text)) {
		return refuse(in, "holds control characters or is not UTF-8");
	}
	return store_text(in, in->text, into);
}

static int read_file(const struct reading *in, void *into) {
	int r = check_length(in);
	if (r < 0) {
		return r;
	}
	bool path = in->text[0] == '/';
	bool dots = strcmp(in->text, ".") == 0 || strcmp(in->text, "..") == 0;
	if ((path && !value_is_printable(in->text)) ||
	    (!path && (dots || in->text[strspn(in->text, ALNUM "._-")] != '\0'))) {
		return refuse(in, "is neither the name of a systemd credential (letters, digits, \".\", \"_\", "
		                  "\"-\") nor an absolute path");
	}
	return store_text(in, in->text, into);
}

typedef int check_url(const char *url, struct error *err);

/* Neither a password nor a token that stands in a URL may come back in a message. */
static int read_server(const struct reading *in, void *into, check_url *check) {
	int r = check_length(in);
	if (r == 0) {
		r = check(in->text, in->err);
	}
	if (r < 0) {
		return r;
	}
	char url[1024];
	size_t len = strlen(in->text);
	len -= in->text[len - 1] == '/';
	(void)snprintf(url, sizeof(url), "%.*s", (int)len, in->text);
	return store_text(in, url, into);
}

static int read_url(const struct reading *in, void *into) {
	return read_server(in, into, url_check_base);
}

static int read_endpoint(const struct reading *in, void *into) {
	return read_server(in, into, url_check_endpoint);
}

static int read_proxy(const struct reading *in, void *into) {
	int r = check_length(in);
	if (r == 0) {
		r = url_check_proxy(in->text, in->err);
	}
	return r < 0 ? r : store_text(in, in->text, into);
}

static int read_url_path(const struct reading *in, void *into) {
	int r = check_length(in);
	if (r == 0) {
		r = url_check_path(in->text, in->err);
	}
	return r < 0 ? r : store_text(in, in->text, into);
}

static void write_text(const struct key *key, const void *value, struct buf *out) {
	const char *text;
	(void)key;
	memcpy(&text, value, sizeof(text));
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			buf_putc(out, '\\');
		}
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

static int read_int(const struct reading *in, void *into) {
	char *end;
	errno = 0;
	long long number = strtoll(in->text, &end, 0);

	if (*end != '\0' && strcmp(end, "L") != 0 && strcmp(end, "LL") != 0) {
		return error_set(in->err, EINVAL, "must be a whole number, not %s", in->text);
	}
	if (errno != 0 || number < in->key->min || number > in->key->max) {
		return error_set(in->err, EINVAL, "%s is out of range: from %d to %d", in->text,
		                 (int)in->key->min, (int)in->key->max);
	}
	int value = (int)number;
	memcpy(into, &value, sizeof(value));
	return 0;
}

static void write_int(const struct key *key, const void *value, struct buf *out) {
	int number;
	(void)key;
	memcpy(&number, value, sizeof(number));
	buf_printf(out, "%d", number);
}

static int read_bool(const struct reading *in, void *into) {
	bool value = strcmp(in->text, "true") == 0;
	memcpy(into, &value, sizeof(value));
	return 0;
}

static void write_bool(const struct key *key, const void *value, struct buf *out) {
	bool set;
	(void)key;
	memcpy(&set, value, sizeof(set));
	buf_puts(out, set ? "true" : "false");
}

static int duration_range(const struct reading *in) {
	char min[DURATION_STRING_SIZE];
	char max[DURATION_STRING_SIZE];
	return refuse(in, "is out of range: from %s to %s", units_format_duration(min, in->key->min, 1),
	              units_format_duration(max, in->key->max, 1));
}

static int read_duration(const struct reading *in, void *into) {
	usec_t value;
	int r = units_parse_duration(in->text, &value, in->err);
	if (r == -EINVAL) {
		return r;
	}
	if (r < 0 || value < in->key->min || value > in->key->max) {
		return duration_range(in);
	}
	memcpy(into, &value, sizeof(value));
	return 0;
}

static void write_duration(const struct key *key, const void *value, struct buf *out) {
	char text[DURATION_STRING_SIZE];
	usec_t duration;
	(void)key;
	memcpy(&duration, value, sizeof(duration));
	buf_printf(out, "\"%s\"", units_format_duration(text, duration, 1));
}

/* "1h,6h"; an empty list has no distances. */
static int read_distances(const struct reading *in, void *into) {
	struct rechecks rechecks = {{0}};
	size_t count = 0;

	for (const char *at = in->text; *at != '\0';) {
		char text[DURATION_STRING_SIZE];
		size_t len = strcspn(at, ",");
		const struct reading one = {.key = in->key, .text = text, .memory = in->memory, .err = in->err};
		if (count == RECHECKS_MAX) {
			return error_set(in->err, EINVAL, "holds too many durations: at most %d are allowed",
			                 (int)RECHECKS_MAX);
		}
		(void)snprintf(text, sizeof(text), "%.*s", (int)len, at);
		int r = read_duration(&one, &rechecks.after[count]);
		if (r < 0) {
			return r;
		}
		if (count > 0 && rechecks.after[count] <= rechecks.after[count - 1]) {
			return refuse(&one, "is not longer than the one before it: each must be");
		}
		count++;
		at += len;
		at += *at == ',';
	}
	memcpy(into, &rechecks, sizeof(rechecks));
	return 0;
}

static void write_distances(const struct key *key, const void *value, struct buf *out) {
	struct rechecks rechecks;
	memcpy(&rechecks, value, sizeof(rechecks));
	buf_puts(out, "(");
	for (size_t i = 0; i < RECHECKS_MAX && rechecks.after[i] > 0; i++) {
		buf_puts(out, i == 0 ? " " : ", ");
		write_duration(key, &rechecks.after[i], out);
	}
	buf_puts(out, " )");
}

/* An address is no less the same in capitals; accounts that differ in them are two. */
static bool is_double(const struct key *key, const char *a, const char *b) {
	return (key->type == TYPE_ENDPOINTS ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

typedef int read_member(const struct reading *in, void *into);

/* The next member of "a,b", which is put behind the others. */
static int read_next(const struct reading *in, const char **list, size_t count, read_member *read) {
	char *text = strndup(in->text, strcspn(in->text, ","));
	if (!text) {
		return -ENOMEM;
	}
	const struct reading one = {.key = in->key, .text = text, .memory = in->memory, .err = in->err};
	int r = read(&one, &list[count]);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (is_double(in->key, list[i], list[count])) {
			r = refuse(&one, "is there twice: remove one");
		}
	}
	free(text);
	if (r == -EINVAL) {
		error_prefix(in->err, "member %zu", count + 1);
	}
	return r;
}

/* "a,b"; an empty list has no members. */
static int read_list(const struct reading *in, void *into, read_member *read) {
	size_t members = 1;
	for (const char *at = in->text; *at != '\0'; at++) {
		members += *at == ',';
	}
	const char **list = memory_alloc(in->memory, (members + 1) * sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	struct reading rest = *in;
	for (size_t count = 0; *rest.text != '\0'; count++) {
		int r = read_next(&rest, list, count, read);
		if (r < 0) {
			return r;
		}
		rest.text += strcspn(rest.text, ",");
		rest.text += *rest.text == ',';
	}
	memcpy(into, &list, sizeof(list));
	return 0;
}

static int read_names(const struct reading *in, void *into) {
	return read_list(in, into, read_name);
}

static int read_endpoints(const struct reading *in, void *into) {
	return in->text[0] != '\0' ? read_list(in, into, read_endpoint) : error_set(in->err, EINVAL, "must not be empty");
}

static void write_texts(const struct key *key, const void *value, struct buf *out) {
	const char *const *list;
	memcpy(&list, value, sizeof(list));
	buf_puts(out, "(");
	for (size_t i = 0; list[i]; i++) {
		buf_puts(out, i == 0 ? " " : ", ");
		write_text(key, &list[i], out);
	}
	buf_puts(out, " )");
}

static int size_range(const struct reading *in) {
	char min[DURATION_STRING_SIZE];
	char max[DURATION_STRING_SIZE];
	return refuse(in, "is out of range: %sfrom %s to %s", in->key->unlimited ? "\"0\", or " : "",
	              units_format_size(min, in->key->min), units_format_size(max, in->key->max));
}

static int read_size(const struct reading *in, void *into) {
	int64_t value;
	int r = units_parse_size(in->text, &value, in->err);
	if (r == -EINVAL) {
		return r;
	}
	bool none = value == 0 && in->key->unlimited;
	if (r < 0 || (value < in->key->min && !none) || value > in->key->max) {
		return size_range(in);
	}
	memcpy(into, &value, sizeof(value));
	return 0;
}

static void write_size(const struct key *key, const void *value, struct buf *out) {
	char text[DURATION_STRING_SIZE];
	int64_t bytes;
	(void)key;
	memcpy(&bytes, value, sizeof(bytes));
	if (bytes == 0) {
		buf_puts(out, "\"0\"");
	} else {
		buf_printf(out, "\"%s\"", units_format_size(text, bytes));
	}
}

static const struct {
	char letter;
	usec_t length;
} rate_units[] = {{'s', USEC_PER_SEC}, {'m', USEC_PER_MIN}, {'h', USEC_PER_HOUR}};

enum { RATE_UNITS = sizeof(rate_units) / sizeof(rate_units[0]), RATE_MAX = 1000 /* a second */ };

static int read_rate(const struct reading *in, void *into) {
	size_t digits = strspn(in->text, "0123456789");
	const char *unit = in->text + digits;
	size_t u = 0;

	while (u < RATE_UNITS && (unit[0] != '/' || unit[1] != rate_units[u].letter || unit[2] != '\0')) {
		u++;
	}
	if (digits == 0 || u == RATE_UNITS) {
		return refuse(in, "is not a rate: write a number per second, minute or hour, such as \"1/s\", "
		                  "\"30/m\" or \"1000/h\"");
	}
	usec_t length = rate_units[u].length;
	usec_t most = RATE_MAX * (length / USEC_PER_SEC);
	long long count = digits < 18 ? strtoll(in->text, NULL, 10) : LLONG_MAX;
	if (count < 1 || count > most) {
		return refuse(in, "is out of range: from 1/h to %d/s", RATE_MAX);
	}
	const struct request_rate rate = {.count = count, .per = length, .gap = (length + count - 1) / count};
	memcpy(into, &rate, sizeof(rate));
	return 0;
}

void value_put_rate(struct buf *out, const struct request_rate *rate) {
	size_t u = 0;
	while (u + 1 < RATE_UNITS && rate_units[u].length != rate->per) {
		u++;
	}
	buf_printf(out, "%lld/%c", (long long)rate->count, rate_units[u].letter);
}

static void write_rate(const struct key *key, const void *value, struct buf *out) {
	struct request_rate rate;
	(void)key;
	memcpy(&rate, value, sizeof(rate));
	buf_putc(out, '"');
	value_put_rate(out, &rate);
	buf_putc(out, '"');
}

static int unknown_choice(const struct reading *in) {
	char list[192] = "";
	size_t len = 0;
	for (const char *const *choice = in->key->choices; *choice; choice++) {
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", *choice);
		if (len >= sizeof(list)) {
			break;
		}
	}

	const char *near = choice_suggest(in->key->choices, in->text);
	if (near) {
		return refuse(in, "is not one of %s: did you mean \"%s\"?", list, near);
	}
	return refuse(in, "is not one of %s", list);
}

static int read_enum(const struct reading *in, void *into) {
	for (int i = 0; in->key->choices[i]; i++) {
		if (strcmp(in->key->choices[i], in->text) == 0) {
			memcpy(into, &i, sizeof(i));
			return 0;
		}
	}
	return unknown_choice(in);
}

static void write_enum(const struct key *key, const void *value, struct buf *out) {
	int choice;
	memcpy(&choice, value, sizeof(choice));
	buf_printf(out, "\"%s\"", key->choices[choice]);
}

static int read_timezone(const struct reading *in, void *into) {
	struct error why = {0};
	const struct zone *zone;
	int r = check_length(in);
	if (r < 0) {
		return r;
	}

	r = memory_zone(in->memory, in->text, &zone, &why);
	if (r == -ENOMEM) {
		return r;
	}
	if (r < 0) {
		return error_set(in->err, EINVAL, "%s", why.text);
	}
	memcpy(into, &zone, sizeof(zone));
	return 0;
}

static void write_timezone(const struct key *key, const void *value, struct buf *out) {
	const struct zone *zone;
	(void)key;
	memcpy(&zone, value, sizeof(zone));
	buf_printf(out, "\"%s\"", zone_name(zone));
}

/* Rounded down to what utc_format() can write. */
static int read_since(const struct reading *in, void *into) {
	struct since since = {.from = INT64_MIN, .ago = -1};
	int r = units_parse_duration(in->text, &since.ago, NULL);

	if (r == 0 && (since.ago < in->key->min || since.ago > in->key->max)) {
		return duration_range(in);
	}
	if (r < 0) {
		since.ago = -1;
		r = utc_parse(in->text, false, &since.from);
		if (r < 0 || since.from < 0) {
			return refuse(in, "is neither a time such as \"2026-11-23T08:00:00Z\" nor a duration "
			                  "such as \"6h\"");
		}
		since.from -= since.from % USEC_PER_MSEC;
	}
	memcpy(into, &since, sizeof(since));
	return 0;
}

static void write_since(const struct key *key, const void *value, struct buf *out) {
	char text[UTC_STRING_SIZE];
	struct since since;
	memcpy(&since, value, sizeof(since));
	if (since.from != INT64_MIN) {
		buf_printf(out, "\"%s\"", utc_format(text, since.from));
	} else {
		write_duration(key, &since.ago, out);
	}
}

static int read_labels(const struct reading *in, void *into) {
	(void)into;
	return error_set(in->err, EINVAL, "must be %s", types[TYPE_LABELS].wanted);
}

/* {"floor":"1"} becomes { floor = "1"; }: strings are escaped alike, names hold no quotes. */
static void write_labels(const struct key *key, const void *value, struct buf *out) {
	const char *text;
	(void)key;
	memcpy(&text, value, sizeof(text));

	buf_puts(out, "{");
	for (text++; *text != '}'; text += *text == ',') {
		const char *name = text + 1;
		size_t len = strcspn(name, "\"");
		buf_putc(out, ' ');
		buf_append(out, name, len);
		buf_puts(out, " = ");

		const char *start = name + len + 2;
		for (text = start + 1; *text != '"'; text++) {
			text += *text == '\\';
		}
		text++;
		buf_append(out, start, (size_t)(text - start));
		buf_putc(out, ';');
	}
	buf_puts(out, " }");
}

static bool is_pointer(const struct key *key, const void *value) {
	const void *pointer;
	(void)key;
	memcpy(&pointer, value, sizeof(pointer));
	return pointer != NULL;
}

static bool has_members(const struct key *key, const void *value) {
	const char *const *list;
	(void)key;
	memcpy(&list, value, sizeof(list));
	return list && *list;
}

/* Those with a default may be configured as nothing. */
static bool has_duration(const struct key *key, const void *value) {
	usec_t duration;
	memcpy(&duration, value, sizeof(duration));
	return duration != 0 || key->fallback;
}

static bool has_int(const struct key *key, const void *value) {
	int number;
	memcpy(&number, value, sizeof(number));
	return number != 0 || key->fallback;
}

static bool has_since(const struct key *key, const void *value) {
	struct since since;
	(void)key;
	memcpy(&since, value, sizeof(since));
	return since.from != INT64_MIN || since.ago >= 0;
}

static const struct type types[TYPE_COUNT] = {
	[TYPE_STRING] = {"string", "a text in quotes", SCALAR_STRING, read_string, write_text, is_pointer},
	[TYPE_ASCII] = {"ascii", "a text in quotes", SCALAR_STRING, read_ascii, write_text, is_pointer},
	[TYPE_NAME] = {"name", "a name in quotes", SCALAR_STRING, read_name, write_text, is_pointer},
	[TYPE_UUID] = {"uuid", "a device's UUID in quotes", SCALAR_STRING, read_uuid, write_text, is_pointer},
	[TYPE_FILE] = {"file", "the name of a systemd credential or an absolute path, in quotes",
	               SCALAR_STRING, read_file, write_text, is_pointer},
	[TYPE_PATH] = {"path", "an absolute path in quotes", SCALAR_STRING, read_path, write_text, is_pointer},
	[TYPE_URL] = {"url", "a URL in quotes", SCALAR_STRING, read_url, write_text, is_pointer},
	[TYPE_PROXY] = {"proxy", "a proxy's URL in quotes", SCALAR_STRING, read_proxy, write_text, is_pointer},
	[TYPE_URL_PATH] = {"url-path", "a URL's path in quotes", SCALAR_STRING, read_url_path, write_text, is_pointer},
	[TYPE_INT] = {"integer", "a whole number", SCALAR_INT, read_int, write_int, has_int},
	[TYPE_BOOL] = {"boolean", "true or false", SCALAR_BOOL, read_bool, write_bool, NULL},
	[TYPE_DURATION] = {"duration", "a duration in quotes, such as \"90s\"", SCALAR_STRING, read_duration,
	                   write_duration, has_duration},
	[TYPE_DISTANCES] = {"durations", "a list of durations in quotes, such as ( \"1h\", \"1d\" )", SCALAR_LIST,
	                    read_distances, write_distances, NULL},
	[TYPE_SIZE] = {"size", "a size in quotes, such as \"64MiB\"", SCALAR_STRING, read_size, write_size, NULL},
	[TYPE_RATE] = {"rate", "a rate in quotes, such as \"1/s\"", SCALAR_STRING, read_rate, write_rate, NULL},
	[TYPE_ENUM] = {"choice", "a word in quotes", SCALAR_STRING, read_enum, write_enum, NULL},
	[TYPE_TIMEZONE] = {"timezone", "a time zone's name in quotes, such as \"America/Denver\"",
	                   SCALAR_STRING, read_timezone, write_timezone, is_pointer},
	[TYPE_SINCE] = {"time", "a time or a duration in quotes, such as \"2026-11-23T08:00:00Z\" or \"6h\"",
	                SCALAR_STRING, read_since, write_since, has_since},
	[TYPE_LABELS] = {"labels", "a group of texts, such as { floor = \"1\"; }", SCALAR_GROUP, read_labels,
	                 write_labels, is_pointer},
	[TYPE_NAMES] = {"names", "a list of names in quotes, such as ( \"north\", \"south\" )", SCALAR_LIST, read_names,
	                write_texts, has_members},
	[TYPE_ENDPOINTS] = {"endpoints", "a list of URLs in quotes, such as ( \"https://10.0.0.1:2379\" )", SCALAR_LIST,
	                    read_endpoints, write_texts, has_members},
};

const char *value_type_name(enum key_type type) {
	return types[type].name;
}

static int wrong_kind(const struct type *type, const struct scalar *scalar, struct error *err) {
	static const char *const kinds[] = {
		[SCALAR_STRING] = "a text in quotes", [SCALAR_INT] = "a number",
		[SCALAR_NUMBER] = "a number",         [SCALAR_BOOL] = "true or false",
		[SCALAR_GROUP] = "a group { ... }",   [SCALAR_LIST] = "a list ( ... )",
		[SCALAR_ARRAY] = "an array [ ... ]",
	};
	return error_set(err, EINVAL, "must be %s, not %s", type->wanted, kinds[scalar->kind]);
}

static void *member(enum key_id id, void *of) {
	return (char *)of + key_table[id].offset;
}

static const void *const_member(enum key_id id, const void *of) {
	return (const char *)of + key_table[id].offset;
}

int value_read(enum key_id id, const struct scalar *scalar, struct config_memory *memory, void *into,
               struct error *err) {
	const struct type *type = &types[key_table[id].type];
	bool number = type->kind == SCALAR_INT && scalar->kind == SCALAR_NUMBER;
	if (scalar->kind != type->kind && !number) {
		return wrong_kind(type, scalar, err);
	}

	char digits[16];
	const char *text = scalar->text;
	if (scalar->kind == SCALAR_INT) {
		(void)snprintf(digits, sizeof(digits), "%d", scalar->number);
		text = digits;
	} else if (scalar->kind == SCALAR_BOOL) {
		text = scalar->number ? "true" : "false";
	}
	const struct reading in = {
		.key = &key_table[id], .text = text ? text : "", .memory = memory, .err = err};
	return type->read(&in, member(id, into));
}

const char *value_member(enum key_id id) {
	static const char *const members[TYPE_COUNT] = {
		[TYPE_DISTANCES] = "a text in quotes, such as \"1h\"",
		[TYPE_NAMES] = "a name in quotes, such as \"north\"",
		[TYPE_ENDPOINTS] = "one URL in quotes, such as \"https://10.0.0.1:2379\"",
	};
	return members[key_table[id].type];
}

/* The first of the paths that the unit's LogsDirectory=, StateDirectory= or RuntimeDirectory= has brought (systemd.exec(5)). */
static bool told_by_systemd(const struct key *key, char ret[static PATH_MAX]) {
	const char *paths = key->environment ? getenv(key->environment) : NULL;
	size_t len = paths ? strcspn(paths, ":") : 0;
	if (len == 0 || paths[0] != '/' || len >= (size_t)key->max) {
		return false;
	}
	memcpy(ret, paths, len);
	ret[len] = '\0';
	return true;
}

int value_default(enum key_id id, struct config_memory *memory, void *into, struct error *err) {
	const struct key *key = &key_table[id];
	char told[PATH_MAX];
	const char *text = told_by_systemd(key, told) ? told : key->fallback;
	if (!text) {
		return 0;
	}
	const struct reading in = {.key = key, .text = text, .memory = memory, .err = err};
	return types[key->type].read(&in, member(id, into));
}

bool value_can_be_unset(enum key_type type) {
	return types[type].is_set;
}

bool value_is_set(enum key_id id, const void *from) {
	const struct key *key = &key_table[id];
	return !value_can_be_unset(key->type) || types[key->type].is_set(key, const_member(id, from));
}

void value_write(enum key_id id, const void *from, struct buf *out) {
	types[key_table[id].type].write(&key_table[id], const_member(id, from), out);
}
