// SPDX-License-Identifier: ISC

#include "daemon/backfill.h"

#include "base/array.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/poller-private.h"
#include "schedule/ordered.h"
#include "state/order.h"
#include "status/notify.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After so many records systemd is told that this takes a while. */
enum { PING_EVERY = 1 << 16 };

enum {
	NAME_SIZE = 128,
	ORDERS_MOST = 1000,
	/* Buckets of all orders that are under way, 40 bytes each. */
	BUCKETS_MOST = 2 * ORDER_BUCKETS,
};

/* An order that cannot begin yet is looked at again after this; one whose file could not be removed, after that. */
#define LOOK_AGAIN   (5 * USEC_PER_SEC)
#define REMOVE_AGAIN (1 * USEC_PER_MIN)

enum order_state { ORDER_WAITS, ORDER_UNDER_WAY, ORDER_DONE };

/* A device of an order. */
struct job {
	struct order_line line;
	struct ordered ordered; /* while the order is under way */
};

struct order {
	char name[NAME_SIZE]; /* of its file */
	enum order_state state;
	struct job *jobs;
	size_t len;
	size_t revised, left; /* records, and buckets that were given up */
	bool seen;            /* its file is there */
};

/* Its end */

static void end_job(struct order *order, struct job *job) {
	order->revised += job->ordered.revised;
	order->left += job->ordered.left;
	ordered_done(&job->ordered);
}

static void order_done(struct order *order) {
	for (size_t i = 0; i < order->len; i++) {
		ordered_done(&order->jobs[i].ordered);
	}
	free(order->jobs);
}

void backfill_done(struct backfill *backfill) {
	if (backfill) {
		for (size_t i = 0; i < backfill->len; i++) {
			order_done(&backfill->orders[i]);
		}
		free(backfill->orders);
		*backfill = (struct backfill){0};
	}
}

static void drop(struct backfill *backfill, size_t at) {
	order_done(&backfill->orders[at]);
	backfill->len--;
	memmove(backfill->orders + at, backfill->orders + at + 1,
	        (backfill->len - at) * sizeof(*backfill->orders));
}

static struct poll *poll_of(const struct poller *poller, const struct job *job) {
	return roster_find(&poller->roll.roster, job->line.uuid, job->line.interval);
}

static void let_go(const struct poller *poller, struct job *job) {
	struct poll *poll = poll_of(poller, job);
	if (poll && poll->recheck.ordered == &job->ordered) {
		poll->recheck.ordered = NULL;
	}
}

/* Lets go of the polls, and keeps how far it has got. */
static void halt(const struct poller *poller, struct order *order) {
	for (size_t i = 0; i < order->len; i++) {
		struct job *job = &order->jobs[i];
		const struct ordered *ordered = &job->ordered;
		let_go(poller, job);
		if (order->state == ORDER_UNDER_WAY) {
			job->line.from = ordered->open > 0 ? ordered->list[ordered->first].start : job->line.to;
			end_job(order, job);
		}
	}
}

void backfill_detach(struct poller *poller) {
	struct backfill *backfill = &poller->backfill;
	for (size_t i = 0; i < backfill->len; i++) {
		struct order *order = &backfill->orders[i];
		halt(poller, order);
		order->state = order->state == ORDER_UNDER_WAY ? ORDER_WAITS : order->state;
	}
	backfill->look_at = 0;
}

/* Files */

static int path_of(char out[static PATH_MAX], const struct poller *poller, const char *name) {
	int len = snprintf(out, PATH_MAX, "%s/" ORDER_DIRECTORY "%s%s", poller->state_directory, name[0] ? "/" : "", name);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int sync_spool(const struct poller *poller) {
	char path[PATH_MAX];
	int r = path_of(path, poller, "");
	return r < 0 ? r : file_sync_directory(path);
}

static void set_aside(struct poller *poller, const char *path, const struct error *why) {
	struct backfill *backfill = &poller->backfill;
	char bad[PATH_MAX];
	int r = snprintf(bad, sizeof(bad), "%s.bad", path) < PATH_MAX ? file_rename(path, bad) : -ENAMETOOLONG;
	if (r == 0) {
		r = sync_spool(poller);
	}
	log_err("%s: set aside%s%s", why->text, r < 0 ? ", but it cannot be renamed: " : "",
	        r < 0 ? strerror(-r) : "");
	backfill->refused++;
	backfill->reason = *why;
}

/* Returns its bytes, or -errno. */
static int64_t read_bytes(const char *path, char data[static ORDER_BYTES + 1]) {
	int fd = file_open(path, FILE_READ, 0);
	if (fd < 0) {
		return fd;
	}
	int64_t len = file_read(fd, data, ORDER_BYTES + 1, 0);
	file_close(fd);
	return len;
}

static int read_order(const char *path, struct order_line **ret_lines, size_t *ret_len, struct error *err) {
	char *data = malloc(ORDER_BYTES + 1);
	if (!data) {
		return error_set(err, ENOMEM, "%s: out of memory", path);
	}
	int64_t len = read_bytes(path, data);
	int r;
	if (len < 0) {
		r = error_errno(err, (int)-len, "%s: cannot be read", path);
	} else if (len > ORDER_BYTES) {
		r = error_set(err, EBADMSG, "%s: larger than any order", path);
	} else {
		r = order_parse(data, (size_t)len, ret_lines, ret_len, err);
		if (r < 0) {
			error_prefix(err, "%s:%zu", path, *ret_len);
		}
	}
	free(data);
	return r;
}

static int keep(struct backfill *backfill, const char *name, const struct order_line *lines, size_t len) {
	struct job *jobs = calloc(len, sizeof(*jobs));
	int r = jobs ? array_reserve(&backfill->orders, &backfill->size, backfill->len + 1, sizeof(*backfill->orders)) : -ENOMEM;
	if (r < 0) {
		free(jobs);
		return r;
	}
	for (size_t i = 0; i < len; i++) {
		jobs[i].line = lines[i];
	}
	struct order *order = &backfill->orders[backfill->len++];
	*order = (struct order){.jobs = jobs, .len = len, .seen = true};
	(void)snprintf(order->name, sizeof(order->name), "%s", name);
	return 0;
}

static bool is_order(const char *name) {
	size_t len = strlen(name), suffix = strlen(ORDER_SUFFIX);
	return name[0] != '.' && len > suffix && len < NAME_SIZE && strcmp(name + len - suffix, ORDER_SUFFIX) == 0;
}

static struct order *find(const struct backfill *backfill, const char *name) {
	for (size_t i = 0; i < backfill->len; i++) {
		if (strcmp(backfill->orders[i].name, name) == 0) {
			return &backfill->orders[i];
		}
	}
	return NULL;
}

/* Names are gathered first: nothing is renamed in a directory that is being read. */
struct names {
	char (*list)[NAME_SIZE];
	size_t len, size;
	bool failed;
};

static void gather(const char *name, void *user) {
	struct names *names = user;
	if (!is_order(name) || names->len == ORDERS_MOST || names->failed) {
		return;
	}
	if (array_reserve(&names->list, &names->size, names->len + 1, sizeof(*names->list)) < 0) {
		names->failed = true;
		return;
	}
	(void)snprintf(names->list[names->len++], NAME_SIZE, "%s", name);
}

static int by_name(const void *a, const void *b) {
	return strcmp(a, b);
}

static void take_file(struct poller *poller, const char *name) {
	struct backfill *backfill = &poller->backfill;
	struct order *known = find(backfill, name);
	struct order_line *lines = NULL;
	struct error err = {{0}};
	char path[PATH_MAX];
	size_t len = 0;

	if (known) {
		known->seen = true;
		return;
	}
	if (path_of(path, poller, name) < 0) {
		return;
	}
	int r = read_order(path, &lines, &len, &err);
	if (r == -EBADMSG || r == -FILE_NOT_REGULAR || r == -EACCES) {
		set_aside(poller, path, &err);
	} else if (r < 0) {
		log_err("%s: tried again at the next reload", err.text);
	} else {
		if (keep(backfill, name, lines, len) < 0) {
			log_err("%s: out of memory: tried again at the next reload", path);
		}
		free(lines);
	}
}

void backfill_look(struct poller *poller) {
	struct backfill *backfill = &poller->backfill;
	struct names names = {0};
	char path[PATH_MAX];
	int r = poller->once.wanted ? -ENOENT : path_of(path, poller, "");

	if (r == 0) {
		r = file_list(path, gather, &names);
	}
	if (r < 0 && r != -ENOENT) {
		log_err("%s: cannot be listed: %s: orders in it wait for the next reload", path, strerror(-r));
	}
	if (r < 0 || names.failed) {
		free(names.list);
		return;
	}
	for (size_t i = 0; i < backfill->len; i++) {
		backfill->orders[i].seen = false;
	}
	if (names.len > 0) {
		qsort(names.list, names.len, sizeof(*names.list), by_name);
	}
	for (size_t i = 0; i < names.len; i++) {
		take_file(poller, names.list[i]);
	}
	for (size_t i = backfill->len; i-- > 0;) {
		struct order *order = &backfill->orders[i];
		if (!order->seen) {
			log_notice("%s/" ORDER_DIRECTORY "/%s: taken back", poller->state_directory, order->name);
			halt(poller, order);
			drop(backfill, i);
		}
	}
	free(names.list);
	backfill->look_at = 0;
	poller->changed = poller->changed || backfill->len > 0;
}

/* Its begin */

/* Where nothing is to be asked for soon, nothing would tell the time soon. */
static void ask_for_time(const struct poller *poller, struct access *access) {
	if (!clock_is_confirmed(access) && access->clock.probe_at > poller->now + LOOK_AGAIN) {
		access->clock.probe_at = poller->now;
	}
}

/* Whether the poll's log may be looked at, and nothing else is under way for it. */
static bool can_begin(const struct poller *poller, const struct order *order) {
	for (size_t i = 0; i < order->len; i++) {
		const struct poll *poll = poll_of(poller, &order->jobs[i]);
		if (poll) {
			ask_for_time(poller, access_of(poll));
		}
		if (poll && (!poll->begun || clock_holds(poll) || !clock_is_confirmed(access_of(poll)) ||
		             poll->recheck.ordered)) {
			return false;
		}
	}
	return true;
}

static size_t buckets_of(const struct order *order) {
	size_t buckets = 0;
	for (size_t i = 0; i < order->len; i++) {
		buckets += order->jobs[i].ordered.len;
	}
	return buckets;
}

/* Room for what the log holds.  Devices that are not configured are left out, aloud. */
static int prepare(const struct poller *poller, struct order *order) {
	int r = 0;
	for (size_t i = 0; i < order->len && r == 0; i++) {
		struct job *job = &order->jobs[i];
		const struct poll *poll = poll_of(poller, job);
		if (!poll) {
			log_warning("%s: %s %s is not configured: not asked for", order->name, job->line.uuid,
			            interval_name(job->line.interval));
			continue;
		}
		r = ordered_init(&job->ordered, poll->device->settings, job->line.from, job->line.to, poll->cursor,
		                 ORDER_BUCKETS - buckets_of(order));
	}
	return r;
}

static void attach(const struct poller *poller, struct order *order) {
	for (size_t i = 0; i < order->len; i++) {
		struct poll *poll = poll_of(poller, &order->jobs[i]);
		if (poll) {
			poll->recheck.ordered = &order->jobs[i].ordered;
		}
	}
	order->state = ORDER_UNDER_WAY;
}

struct reading {
	const struct poller *poller;
	size_t records;
};

static void read_entry(const struct log_entry *entry, void *user) {
	struct reading *reading = user;
	if (++reading->records % PING_EVERY == 0) {
		notify_watchdog();
	}
	const struct poll *poll = roster_find(&reading->poller->roll.roster, entry->uuid, entry->interval);
	/* Of what is under way already it learns nothing new. */
	if (poll && poll->recheck.ordered && poll->recheck.ordered->open == 0) {
		ordered_learn(poll->recheck.ordered, &(struct remembered){
			.start = entry->start,
			.count = entry->count,
			.revision = (uint16_t)entry->revision,
			.status = (uint8_t)entry->status,
		}, entry->end);
	}
}

/* What the log holds of the orders that begin. */
static int learn(struct poller *poller, struct error *err) {
	struct reading reading = {.poller = poller};
	struct replay replay = {.visit = read_entry, .user = &reading};
	return sink_reread(poller->sink, &replay, err);
}

static void begin(const struct poller *poller, struct order *order) {
	size_t open = 0, all = buckets_of(order);
	for (size_t i = 0; i < order->len; i++) {
		const struct poll *poll = poll_of(poller, &order->jobs[i]);
		ordered_begin(&order->jobs[i].ordered, poll ? poll->cursor : 0);
		open += order->jobs[i].ordered.open;
	}
	log_notice("%s: %zu bucket%s will be asked for again", order->name, open, open == 1 ? "" : "s");
	if (open < all) {
		log_notice("%s: %zu bucket%s not in the log, or older than a file that is missing in it, and left as "
		           "they are", order->name, all - open, all - open == 1 ? " is" : "s are");
	}
}

/* An order that has not begun is as it was. */
static void give_back(const struct poller *poller, struct order *order) {
	for (size_t i = 0; i < order->len; i++) {
		let_go(poller, &order->jobs[i]);
		ordered_done(&order->jobs[i].ordered);
	}
	order->state = ORDER_WAITS;
}

/* Returns whether it may begin, once the log has been read. */
static bool make_ready(struct poller *poller, struct order *order, size_t *room) {
	int r = prepare(poller, order);
	size_t buckets = buckets_of(order);
	if (r == -E2BIG) {
		char path[PATH_MAX];
		struct error err;
		if (path_of(path, poller, order->name) == 0) {
			error_say(&err, "%s: more than %d buckets: make several orders of it", path, ORDER_BUCKETS);
			set_aside(poller, path, &err);
		}
		give_back(poller, order);
		order->state = ORDER_DONE;
		return false;
	}
	if (r < 0 || buckets > *room) {
		give_back(poller, order);
		return false;
	}
	*room -= buckets;
	attach(poller, order);
	return true;
}

static void begin_orders(struct poller *poller) {
	struct backfill *backfill = &poller->backfill;
	struct error err = {{0}};
	size_t room = BUCKETS_MOST, ready = 0;
	bool *begins = calloc(backfill->len + 1, sizeof(*begins));

	for (size_t i = 0; i < backfill->len; i++) {
		room -= buckets_of(&backfill->orders[i]);
	}
	for (size_t i = 0; begins && i < backfill->len; i++) {
		struct order *order = &backfill->orders[i];
		begins[i] = order->state == ORDER_WAITS && can_begin(poller, order) && make_ready(poller, order, &room);
		ready += begins[i];
	}
	int r = ready > 0 ? learn(poller, &err) : 0;
	if (r < 0) {
		log_err("orders cannot begin: the log cannot be read: %s", err.text);
	}
	for (size_t i = 0; begins && i < backfill->len; i++) {
		if (begins[i] && r < 0) {
			give_back(poller, &backfill->orders[i]);
		} else if (begins[i]) {
			begin(poller, &backfill->orders[i]);
		}
	}
	free(begins);
}

/* What has been done */

static void tell_done(const struct order *order) {
	log_notice("%s: done: %zu record%s written", order->name, order->revised, order->revised == 1 ? "" : "s");
	if (order->left > 0) {
		log_warning("%s: %zu bucket%s could not be obtained", order->name, order->left, order->left == 1 ? "" : "s");
	}
}

static bool is_answered(const struct order *order) {
	for (size_t i = 0; i < order->len; i++) {
		if (order->jobs[i].ordered.open > 0) {
			return false;
		}
	}
	return order->state == ORDER_UNDER_WAY;
}

/* Returns whether its file is gone. */
static bool remove_file(struct poller *poller, const struct order *order) {
	char path[PATH_MAX];
	int r = path_of(path, poller, order->name);
	if (r == 0) {
		r = file_remove(path);
	}
	if (r == 0) {
		r = sync_spool(poller);
	}
	if (r == 0 || r == -ENOENT) {
		return true;
	}
	if (!poller->backfill.removes_fail) {
		log_warning("%s: done, but it cannot be removed: %s", path, strerror(-r));
	}
	poller->backfill.removes_fail = true;
	return false;
}

void backfill_turn(struct poller *poller) {
	struct backfill *backfill = &poller->backfill;
	for (size_t i = 0; i < backfill->len; i++) {
		struct order *order = &backfill->orders[i];
		if (is_answered(order)) {
			halt(poller, order);
			tell_done(order);
			backfill->done++;
			order->state = ORDER_DONE;
			backfill->look_at = 0;
			poller->changed = true;
		}
	}
	if (poller->now < backfill->look_at || poller->draining || storage_fails(&poller->storage, STORAGE_LOG)) {
		return;
	}
	backfill->look_at = USEC_INFINITY;
	for (size_t i = backfill->len; i-- > 0;) {
		if (backfill->orders[i].state == ORDER_DONE && remove_file(poller, &backfill->orders[i])) {
			drop(backfill, i);
		}
	}
	begin_orders(poller);
	for (size_t i = 0; i < backfill->len; i++) {
		usec_t again = backfill->orders[i].state == ORDER_WAITS  ? LOOK_AGAIN
		               : backfill->orders[i].state == ORDER_DONE ? REMOVE_AGAIN
		                                                         : USEC_INFINITY - poller->now;
		backfill->look_at = poller->now + again < backfill->look_at ? poller->now + again : backfill->look_at;
	}
}

struct backfill_count backfill_count(const struct backfill *backfill) {
	struct backfill_count count = {0};
	for (size_t i = 0; i < backfill->len; i++) {
		const struct order *order = &backfill->orders[i];
		count.waiting += order->state == ORDER_WAITS;
		count.running += order->state == ORDER_UNDER_WAY;
		for (size_t j = 0; j < order->len; j++) {
			count.buckets += order->jobs[j].ordered.open;
		}
	}
	return count;
}
