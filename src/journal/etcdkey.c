// SPDX-License-Identifier: ISC

#include "journal/etcdkey.h"

#include "base/scan.h"

#include <inttypes.h>
#include <stdio.h>

enum { DIGITS = 16 };

static const char *const folders[] = {
	[ETCDKEY_OWNER] = "owner",
	[ETCDKEY_HEAD] = "head",
	[ETCDKEY_UNTIL] = "until",
	[ETCDKEY_NODE] = "node",
	[ETCDKEY_LOG] = "log",
};

static const char hex_digits[] = "0123456789ABCDEF";

static bool stands_for_itself(unsigned char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || scan_is_digit((char)c) ||
	       (c != '\0' && strchr("-._~", c));
}

static void put_name(struct buf *out, const char *name) {
	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		if (stands_for_itself(*c)) {
			buf_putc(out, (char)*c);
		} else {
			const char escape[] = {'%', hex_digits[*c >> 4], hex_digits[*c & 0xf]};
			buf_append(out, escape, sizeof(escape));
		}
	}
}

void etcdkey_put_folder(struct buf *out, const char *cluster, enum etcdkey_folder folder, bool end) {
	buf_puts(out, "occupancyd/");
	put_name(out, cluster);
	buf_putc(out, '/');
	buf_puts(out, folders[folder]);
	/* The character behind the slash. */
	buf_putc(out, end ? '0' : '/');
}

void etcdkey_put(struct buf *out, const char *cluster, enum etcdkey_folder folder, const char *name) {
	etcdkey_put_folder(out, cluster, folder, false);
	put_name(out, name);
}

void etcdkey_put_numbered(struct buf *out, const char *cluster, enum etcdkey_folder folder, const char *name,
                          uint64_t number) {
	etcdkey_put(out, cluster, folder, name);
	buf_printf(out, "/%016" PRIx64, number);
}

/* A digit of an escape, which is written in capitals; 16 if it is none. */
static unsigned digit_of(char c) {
	const char *found = c ? strchr(hex_digits, c) : NULL;
	return found ? (unsigned)(found - hex_digits) : 16;
}

/* Up to the end or the next slash, and a NUL behind it. */
static bool take_name(struct scan *scan, struct buf *name) {
	const char *begin = scan->at;
	while (scan->at < scan->end && *scan->at != '/') {
		char c = *scan->at++;
		if (c == '%' && scan->end - scan->at >= 2) {
			unsigned high = digit_of(scan->at[0]), low = digit_of(scan->at[1]);
			unsigned value = high << 4 | low;
			/* What needs no escape has none: a name has one key. */
			if (high > 15 || low > 15 || value == 0 || stands_for_itself((unsigned char)value)) {
				return false;
			}
			c = (char)value;
			scan->at += 2;
		} else if (!stands_for_itself((unsigned char)c)) {
			return false;
		}
		buf_putc(name, c);
	}
	buf_putc(name, '\0');
	return scan->at > begin;
}

static bool take_number(struct scan *scan, uint64_t *ret) {
	uint64_t n = 0;
	if (scan->end - scan->at != DIGITS) {
		return false;
	}
	for (; scan->at < scan->end; scan->at++) {
		char c = *scan->at;
		if (!scan_is_digit(c) && !(c >= 'a' && c <= 'f')) {
			return false;
		}
		n = n << 4 | (unsigned)(scan_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret = n;
	return true;
}

static bool take_key(struct scan *scan, const char *folder, bool numbered, struct buf *name, uint64_t *ret_number) {
	if (!scan_text(scan, folder) || !take_name(scan, name)) {
		return false;
	}
	return numbered ? scan_char(scan, '/') && take_number(scan, ret_number) : scan->at == scan->end;
}

bool etcdkey_take(const char *key, size_t len, const char *cluster, enum etcdkey_folder folder, struct buf *name,
                  uint64_t *ret_number) {
	struct scan scan = {.at = key, .end = key + len};
	size_t before = name->len;
	struct buf prefix;
	buf_init(&prefix, BUF_ANY);
	etcdkey_put_folder(&prefix, cluster, folder, false);
	bool taken = take_key(&scan, buf_text(&prefix), folder >= ETCDKEY_NODE, name, ret_number);
	if (buf_error(&prefix) < 0) {
		name->error = buf_error(&prefix);
	} else if (!taken && buf_error(name) == 0) {
		buf_truncate(name, before);
	}
	buf_done(&prefix);
	return taken;
}
