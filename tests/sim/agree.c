// SPDX-License-Identifier: ISC

#include "agree.h"

#include "base/buf.h"
#include "journal/entry.h"
#include "lines.h"
#include "node.h"
#include "plan.h"
#include "record-text.h"
#include "setup.h"
#include "sink/format.h"
#include "store.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

/** A line as it must stand in a log. */
struct expected {
	const struct taken *entry;
	size_t place;  /* in the entry, from 0 on */
	size_t at, len; /* in the text of all */
	bool csv, last;
	struct expected *next; /* of the same hash */
};

enum { BUCKETS = 1 << 16 };

#define LAST_SECONDS (15 * USEC_PER_SEC)

static struct expected *table[BUCKETS];
static struct buf texts;

/* What stood last in the log of the node at hand. */
static const struct expected *latest[SETUP_ACCOUNTS];

static size_t hash_of(const char *text, size_t len) {
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
	}
	return (size_t)((hash ^ hash >> 32) % BUCKETS);
}

/* What must stand in logs */

static void expect(const struct taken *entry, size_t place, bool last, const char *line, size_t len, enum log_format format) {
	struct expected *expected = calloc(1, sizeof(*expected));
	size_t at = texts.len;
	log_codecs[format].carry(line, len, entry->position, &texts);
	if (!expected || buf_error(&texts) < 0) {
		world_violation("agreement: expected line %zu of entry %llu of %s to be carried to a log, but error %d came", place,
		                (unsigned long long)entry->position, entry->account, -buf_error(&texts));
		free(expected);
		return;
	}
	size_t hash = hash_of(texts.data + at, texts.len - at);
	*expected = (struct expected){entry, place, at, texts.len - at, format == LOG_FORMAT_CSV, last, table[hash]};
	table[hash] = expected;
}

static void expect_lines(const struct taken *entry, const struct buf *text) {
	const char *at = buf_text(text), *all = at + text->len;
	size_t place = 0;
	for (const char *end; at < all && (end = memchr(at, '\n', (size_t)(all - at))); at = end + 1) {
		size_t len = (size_t)(end - at) + 1;
		expect(entry, place, end + 1 == all, at, len, LOG_FORMAT_NDJSON);
		expect(entry, place, end + 1 == all, at, len, LOG_FORMAT_CSV);
		place++;
	}
}

static void expect_all(void) {
	struct buf text;
	struct error err;
	buf_init(&texts, BUF_ANY);
	buf_init(&text, ENTRY_TEXT_MAX);
	for (size_t i = 0; i < taken->len && !world->violation[0]; i++) {
		const struct taken *entry = taken->list[i];
		enum entry_kind kind;
		buf_clear(&text);
		if (entry_unpack(entry->account, entry->position, entry->data, entry->len, &kind, &text, &err) == 0 &&
		    kind == ENTRY_LINES) {
			expect_lines(entry, &text);
		}
	}
	buf_done(&text);
}

/* What does */

/* Of equal ones, which come of restored stores alone, that which follows. */
static bool follows(const struct expected *next, const struct expected *before) {
	if (!before) {
		return next->entry->position == 2 && next->place == 0;
	}
	return next->entry == before->entry ? next->place == before->place + 1
	                                    : before->last && next->place == 0 && next->entry->before == before->entry;
}

static const struct expected *find(const struct line *line, const struct expected *before) {
	const struct expected *found = NULL;
	size_t hash = hash_of(line->text, line->len);
	for (const struct expected *each = table[hash]; each; each = each->next) {
		if (each->len == line->len && each->csv == line->csv && memcmp(texts.data + each->at, line->text, each->len) == 0) {
			found = !found || follows(each, before) ? each : found;
		}
	}
	return found;
}

static void check_line(const struct line *line) {
	int account;
	uint64_t number;
	if (!record_text_origin(line->text, line->len - 1, line->csv, &account, &number)) {
		world_violation("agreement: %s, %s:%d: expected the line to name its account", node->name, line->file,
		                line->number);
		return;
	}
	const struct expected *before = latest[account], *found = find(line, before);
	if (!found) {
		world_violation("agreement: %s, %s:%d: expected a line of an entry that was taken, but it is in none: %.*s",
		                node->name, line->file, line->number, (int)(line->len < 900 ? line->len : 900), line->text);
		return;
	}
	bool astray = !follows(found, before);
	nodes->astray = nodes->astray || astray;
	if (astray && store->generation == 0) {
		world_violation("agreement: %s, %s:%d: expected what follows line %zu of entry %llu of a%d, but it is line %zu "
		                "of entry %llu", node->name, line->file, line->number, before ? before->place : 0,
		                before ? (unsigned long long)before->entry->position : 1, account, found->place,
		                (unsigned long long)found->entry->position);
	}
	latest[account] = found;
}

/* Nodes that are stopped at the same time may lack what was taken in the last seconds. */
static uint64_t head_before(const char *account, usec_t time) {
	const struct taken *entry = store_chain(account)->last;
	while (entry && entry->at > time) {
		entry = entry->before;
	}
	return entry ? entry->position : 0;
}

static void check_end(int account) {
	const struct expected *last = latest[account];
	char name[STORE_NAME_SIZE];
	(void)snprintf(name, sizeof(name), "a%d", account);
	uint64_t head = head_before(name, plan->end - LAST_SECONDS), has = !last ? 1 : last->entry->position - !last->last;
	if (store->generation == 0 && head > has) {
		world_violation("agreement: expected the log of %s to hold a%d up to entry %llu, but it ends with line %zu of entry "
		                "%llu", node->name, account, (unsigned long long)head, last ? last->place : 0,
		                last ? (unsigned long long)last->entry->position : 0);
	}
}

void agree(void) {
	expect_all();
	for (int i = 0; i < nodes->count && !world->violation[0]; i++) {
		(void)node_enter(&nodes->all[i]);
		memset(latest, 0, sizeof(latest));
		lines_visit(check_line);
		for (int account = 0; account < SETUP_ACCOUNTS && !world->violation[0]; account++) {
			check_end(account);
		}
	}
}

void agree_owned(void) {
	const struct setup *setup = &setups->versions[setups->current];
	store_expire(world->now);
	for (int account = 0; account < setup->account_count && store->generation == 0; account++) {
		char name[STORE_NAME_SIZE];
		(void)snprintf(name, sizeof(name), "a%d", account);
		if (store_chain(name)->epoch == 0) {
			world_violation("owner: expected one of %s in the end, but it has none", name);
		}
	}
}
