// SPDX-License-Identifier: ISC

/*
 * All that came from outside is written in base64, so nothing in it needs to be escaped.
 */

#include "journal/etcdask.h"

#include "base/base64.h"
#include "journal/etcdkey.h"

#include <inttypes.h>

/* Where a key is, or what keys begin with. */
struct place {
	const char *cluster;
	enum etcdkey_folder folder;
	const char *name;       /* NULL: of all names */
	const uint64_t *number; /* NULL: none */
	bool end;               /* what is behind all of them */
};

static void put_place(struct buf *out, const struct place *place) {
	if (!place->name) {
		etcdkey_put_folder(out, place->cluster, place->folder, place->end);
	} else if (place->number) {
		etcdkey_put_numbered(out, place->cluster, place->folder, place->name, *place->number);
	} else {
		etcdkey_put(out, place->cluster, place->folder, place->name);
		if (place->end) {
			buf_putc(out, '0'); /* the character behind the slash */
		}
	}
}

/* "member":"base64" */
static void put_bytes(struct buf *out, const char *member, const void *data, size_t len) {
	buf_printf(out, "\"%s\":\"", member);
	base64_put(out, data, len);
	buf_putc(out, '"');
}

static void put_key(struct buf *out, const char *member, const struct place *place) {
	struct buf key;
	buf_init(&key, BUF_ANY);
	put_place(&key, place);
	if (buf_error(&key) < 0) {
		out->error = buf_error(&key);
	}
	put_bytes(out, member, buf_text(&key), key.len);
	buf_done(&key);
}

/* Operations */

static void put_get(struct buf *out, const struct place *key) {
	buf_puts(out, "{\"request_range\":{");
	put_key(out, "key", key);
	buf_puts(out, "}}");
}

static void put_range(struct buf *out, const struct place *from, const struct place *end, size_t limit) {
	buf_puts(out, "{\"request_range\":{");
	put_key(out, "key", from);
	buf_putc(out, ',');
	put_key(out, "range_end", end);
	buf_printf(out, ",\"limit\":\"%zu\"}}", limit);
}

/* lease 0: for ever. */
static void put_put(struct buf *out, const struct place *key, const void *data, size_t len, int64_t lease) {
	buf_puts(out, "{\"request_put\":{");
	put_key(out, "key", key);
	buf_putc(out, ',');
	put_bytes(out, "value", data, len);
	if (lease != 0) {
		buf_printf(out, ",\"lease\":\"%" PRId64 "\"", lease);
	}
	buf_puts(out, "}}");
}

static void put_number(struct buf *out, const struct place *key, uint64_t number) {
	struct buf text;
	buf_init(&text, BUF_ANY);
	buf_put_unsigned(&text, number);
	if (buf_error(&text) < 0) {
		out->error = buf_error(&text);
	}
	put_put(out, key, buf_text(&text), text.len, 0);
	buf_done(&text);
}

/* end NULL: that key alone. */
static void put_delete(struct buf *out, const struct place *key, const struct place *end) {
	buf_puts(out, "{\"request_delete_range\":{");
	put_key(out, "key", key);
	if (end) {
		buf_putc(out, ',');
		put_key(out, "range_end", end);
	}
	buf_puts(out, "}}");
}

/* Comparisons.  A key that is not there has the revision 0. */

static void put_revision_is(struct buf *out, const struct place *key, uint64_t revision) {
	buf_puts(out, "{\"target\":\"CREATE\",\"result\":\"EQUAL\",");
	put_key(out, "key", key);
	buf_printf(out, ",\"create_revision\":\"%" PRIu64 "\"}", revision);
}

static void put_number_is(struct buf *out, const struct place *key, uint64_t number) {
	struct buf text;
	buf_init(&text, BUF_ANY);
	buf_put_unsigned(&text, number);
	if (buf_error(&text) < 0) {
		out->error = buf_error(&text);
	}
	buf_puts(out, "{\"target\":\"VALUE\",\"result\":\"EQUAL\",");
	put_key(out, "key", key);
	buf_putc(out, ',');
	put_bytes(out, "value", buf_text(&text), text.len);
	buf_putc(out, '}');
	buf_done(&text);
}

/* Where things are */

static struct place folder_of(const char *cluster, enum etcdkey_folder folder, bool end) {
	return (struct place){.cluster = cluster, .folder = folder, .end = end};
}

static struct place key_of(const char *cluster, enum etcdkey_folder folder, const char *name) {
	return (struct place){.cluster = cluster, .folder = folder, .name = name};
}

static struct place entry_of(const char *cluster, const char *account, const uint64_t *position) {
	return (struct place){.cluster = cluster, .folder = ETCDKEY_LOG, .name = account, .number = position};
}

/* The first key behind that of the position, for which next has room. */
static struct place behind(const char *cluster, const char *account, uint64_t position, uint64_t *next) {
	if (position == UINT64_MAX) {
		return (struct place){.cluster = cluster, .folder = ETCDKEY_LOG, .name = account, .end = true};
	}
	*next = position + 1;
	return entry_of(cluster, account, next);
}

/* Requests */

void etcdask_look(struct buf *out, const char *cluster) {
	static const enum etcdkey_folder asked[] = {ETCDKEY_OWNER, ETCDKEY_HEAD, ETCDKEY_UNTIL, ETCDKEY_NODE};
	buf_puts(out, "{\"success\":[");
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct place from = folder_of(cluster, asked[i], false), end = folder_of(cluster, asked[i], true);
		buf_puts(out, i > 0 ? "," : "");
		put_range(out, &from, &end, ETCDASK_KEYS_MAX);
	}
	buf_puts(out, "]}");
}

void etcdask_read(struct buf *out, const char *cluster, const char *account, uint64_t from, uint64_t until,
                  size_t limit) {
	uint64_t next;
	const struct place head = key_of(cluster, ETCDKEY_HEAD, account), first = entry_of(cluster, account, &from),
	                   end = behind(cluster, account, until, &next);
	buf_puts(out, "{\"success\":[");
	put_get(out, &head);
	buf_putc(out, ',');
	put_range(out, &first, &end, limit);
	buf_puts(out, "]}");
}

void etcdask_grant(struct buf *out, usec_t length) {
	buf_printf(out, "{\"TTL\":\"%" PRId64 "\"}", (length + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

void etcdask_lease(struct buf *out, int64_t lease) {
	buf_printf(out, "{\"ID\":\"%" PRId64 "\"}", lease);
}

void etcdask_announce(struct buf *out, const char *cluster, const char *node, int64_t lease, const char *value) {
	uint64_t number = (uint64_t)lease;
	struct place key = key_of(cluster, ETCDKEY_NODE, node);
	key.number = &number;
	buf_puts(out, "{\"success\":[");
	put_put(out, &key, value, strlen(value), lease);
	buf_puts(out, "]}");
}

/* If the owner's key has that revision, and as long as it has no more to say. */
static void begin_as_owner(struct buf *out, const struct place *owner, uint64_t epoch) {
	buf_puts(out, "{\"compare\":[");
	put_revision_is(out, owner, epoch);
	buf_puts(out, "],\"success\":[");
}

static void end_else(struct buf *out, const struct place *asked) {
	buf_puts(out, "],\"failure\":[");
	put_get(out, asked);
	buf_puts(out, "]}");
}

void etcdask_claim(struct buf *out, const char *cluster, const char *account, const char *node, int64_t lease) {
	const struct place owner = key_of(cluster, ETCDKEY_OWNER, account);
	begin_as_owner(out, &owner, 0);
	put_put(out, &owner, node, strlen(node), lease);
	end_else(out, &owner);
}

void etcdask_release(struct buf *out, const char *cluster, const char *account, uint64_t epoch) {
	const struct place owner = key_of(cluster, ETCDKEY_OWNER, account);
	begin_as_owner(out, &owner, epoch);
	put_delete(out, &owner, NULL);
	end_else(out, &owner);
}

void etcdask_commit(struct buf *out, const char *cluster, const char *account, uint64_t epoch, uint64_t position,
                    const void *data, size_t len) {
	const struct place owner = key_of(cluster, ETCDKEY_OWNER, account), head = key_of(cluster, ETCDKEY_HEAD, account),
	                   entry = entry_of(cluster, account, &position);
	buf_puts(out, "{\"compare\":[");
	put_revision_is(out, &owner, epoch);
	buf_putc(out, ',');
	if (position == 1) {
		put_revision_is(out, &head, 0);
	} else {
		put_number_is(out, &head, position - 1);
	}
	buf_puts(out, "],\"success\":[");
	put_put(out, &entry, data, len, 0);
	buf_putc(out, ',');
	put_number(out, &head, position);
	end_else(out, &entry);
}

void etcdask_defer(struct buf *out, const char *cluster, const char *account, uint64_t epoch, usec_t until) {
	const struct place owner = key_of(cluster, ETCDKEY_OWNER, account), key = key_of(cluster, ETCDKEY_UNTIL, account);
	begin_as_owner(out, &owner, epoch);
	put_number(out, &key, until > 0 ? (uint64_t)until : 0);
	end_else(out, &owner);
}

void etcdask_trim(struct buf *out, const char *cluster, const char *account, uint64_t epoch, uint64_t from,
                  uint64_t until) {
	uint64_t next;
	const struct place owner = key_of(cluster, ETCDKEY_OWNER, account), first = entry_of(cluster, account, &from),
	                   end = behind(cluster, account, until, &next);
	begin_as_owner(out, &owner, epoch);
	put_delete(out, &first, &end);
	end_else(out, &owner);
}
