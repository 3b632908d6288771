// SPDX-License-Identifier: ISC

#include "tool/judge.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "tool/cluster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *level_word(enum level level) {
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	return words[level];
}

usec_t judge_age(const struct live *live, const struct live_device *room) {
	if (room->state == LIVE_FRESH || room->state == LIVE_STARTING) {
		return 0;
	}
	usec_t age = room->last_end != INT64_MIN ? room->age : live->now - live->started;
	return age > 0 ? age : 0;
}

/* By state, then the oldest. */
static int compare(const void *a, const void *b) {
	const struct live_device *left = *(const struct live_device *const *)a;
	const struct live_device *right = *(const struct live_device *const *)b;
	if (left->state != right->state) {
		return left->state < right->state ? -1 : 1;
	}
	if (left->age != right->age && left->state != LIVE_FRESH) {
		return left->age > right->age ? -1 : 1;
	}
	return strcmp(left->name, right->name);
}

/* The labels as they stand in its text. */
static bool is_selected(const struct tool *tool, const struct live_device *room) {
	struct json_object *value = NULL;
	struct buf labels;
	struct error err;
	buf_init(&labels, BUF_ANY);
	if (tool->selection.labels && json_read(room->text, strlen(room->text), &value, &err) == 0 &&
	    json_has(value, "labels")) {
		json_put_value(&labels, json_member(value, "labels"));
	}
	bool selected = tool_selects_named(tool, room->name, room->site ? room->site : "", labels.len > 0 ? buf_text(&labels) : "{}");
	json_free(value);
	buf_done(&labels);
	return selected;
}

static bool is_trouble(const struct live_account *account) {
	return strcmp(account->state, "refused") == 0 || strcmp(account->state, "down") == 0 || account->clock;
}

static enum level level_of_rooms(const struct judgement *judgement, const struct limits *limits) {
	size_t well = judgement->states[LIVE_FRESH] + judgement->states[LIVE_STARTING];
	if (well < judgement->count && judgement->age >= limits->critical) {
		return LEVEL_CRITICAL;
	}
	bool behind = well < judgement->count && judgement->age >= limits->warning;
	return behind || judgement->trouble ? LEVEL_WARNING : LEVEL_OK;
}

static enum level level_of(const struct judgement *judgement, const struct limits *limits) {
	enum level rooms = level_of_rooms(judgement, limits);
	return judgement->cluster > rooms ? judgement->cluster : rooms;
}

static void add_room(struct judgement *judgement, const struct live *live, const struct live_device *room) {
	usec_t age = judge_age(live, room);
	judgement->states[room->state]++;
	judgement->backlog += room->waiting;
	judgement->age = age > judgement->age ? age : judgement->age;
}

/* State by state; those that are fresh stay as they come: they are nearly all, and rarely looked at one by one. */
static void order(const struct judgement *judgement, const struct live_device **from) {
	size_t at[LIVE_STATES] = {0}, begin = 0;
	for (int i = 1; i < LIVE_STATES; i++) {
		at[i] = at[i - 1] + judgement->states[i - 1];
	}
	for (size_t i = 0; i < judgement->count; i++) {
		judgement->rooms[at[from[i]->state]++] = from[i];
	}
	for (int i = 0; i < LIVE_FRESH; i++) {
		qsort(judgement->rooms + begin, judgement->states[i], sizeof(struct live_device *), compare);
		begin = at[i];
	}
}

int judge(const struct tool *tool, const struct live *live, const struct limits *limits, struct judgement *ret) {
	struct judgement judgement = {.trouble = live->storage_fails || live->configuration};
	const struct live_device **selected = calloc(live->device_count + 1, sizeof(struct live_device *));
	judgement.rooms = calloc(live->device_count + 1, sizeof(struct live_device *));
	if (!judgement.rooms || !selected) {
		free(judgement.rooms);
		free(selected);
		return -ENOMEM;
	}
	for (size_t i = 0; i < live->device_count; i++) {
		const struct live_device *room = &live->devices[i];
		if (is_selected(tool, room)) {
			selected[judgement.count++] = room;
			add_room(&judgement, live, room);
		}
	}
	for (size_t i = 0; i < live->account_count; i++) {
		judgement.trouble |= is_trouble(&live->accounts[i]);
	}
	judgement.cluster = cluster_level(live, limits->critical);
	order(&judgement, selected);
	free(selected);
	judgement.level = level_of(&judgement, limits);
	*ret = judgement;
	return 0;
}

void judge_sort_fresh(struct judgement *judgement) {
	size_t fresh = judgement->states[LIVE_FRESH];
	qsort(judgement->rooms + (judgement->count - fresh), fresh, sizeof(struct live_device *), compare);
}

void judge_put_trouble(struct buf *out, const char *before, const char *behind, const char *what, const char *text) {
	char shown[512];
	buf_printf(out, "%s%s%s%s%s", before, what, text ? ": " : "",
	           text ? text_escape(shown, sizeof(shown), text, strlen(text)) : "", behind);
}

static void put_account(struct buf *out, const char *before, const char *behind, const struct live_account *account) {
	char name[160], since[UTC_STRING_SIZE], what[320];
	text_escape(name, sizeof(name), account->name, strlen(account->name));
	if (strcmp(account->state, "open") != 0) {
		(void)snprintf(what, sizeof(what), "account %s is %s%s%s", name,
		               strcmp(account->state, "throttled") == 0 ? "rate limited" : account->state,
		               account->since != INT64_MIN ? " since " : "",
		               account->since != INT64_MIN ? utc_format(since, account->since) : "");
		judge_put_trouble(out, before, behind, what, account->reason);
	}
	if (account->clock) {
		(void)snprintf(what, sizeof(what), "account %s", name);
		judge_put_trouble(out, before, behind, what, account->clock);
	}
}

void judge_troubles(const struct live *live, struct buf *out, const char *before, const char *behind) {
	if (live->storage) {
		judge_put_trouble(out, before, behind, "the log cannot be written", live->storage);
	} else if (live->storage_fails) {
		judge_put_trouble(out, before, behind, "the disk fails: see the journal", NULL);
	}
	if (live->configuration) {
		judge_put_trouble(out, before, behind, "configuration", live->configuration);
	}
	cluster_troubles(live, out, before, behind);
	for (size_t i = 0; i < live->account_count; i++) {
		put_account(out, before, behind, &live->accounts[i]);
	}
}

void judge_counts(const struct judgement *judgement, struct buf *out) {
	static const enum live_state order[] = {LIVE_FRESH, LIVE_STARTING, LIVE_LATE, LIVE_WAITING, LIVE_FAILING};
	const char *before = ": ";
	buf_printf(out, "%zu room%s", judgement->count, judgement->count == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (judgement->states[order[i]] > 0) {
			buf_printf(out, "%s%zu %s", before, judgement->states[order[i]], live_word(order[i]));
			before = ", ";
		}
	}
}

void judge_orders(const struct live *live, struct buf *out) {
	const struct live_orders *orders = &live->orders;
	const struct {
		int64_t count;
		const char *word;
	} all[] = {{orders->running, "running"}, {orders->waiting, "waiting"}, {orders->done, "done"}, {orders->refused, "refused"}};
	char shown[512];
	const char *before = "backfill: ";
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].count <= 0) {
			continue;
		}
		buf_printf(out, "%s%" PRId64 " order%s %s", before, all[i].count, all[i].count == 1 ? "" : "s", all[i].word);
		if (i == 0) {
			buf_printf(out, " (%" PRId64 " bucket%s left)", orders->buckets, orders->buckets == 1 ? "" : "s");
		}
		before = ", ";
	}
	if (orders->refused > 0 && orders->reason) {
		buf_printf(out, ": %s", text_escape(shown, sizeof(shown), orders->reason, strlen(orders->reason)));
	}
	buf_puts(out, before[0] == ',' ? "\n" : "");
}
