// SPDX-License-Identifier: ISC

#include "tool/cluster.h"

#include "base/text.h"
#include "base/utc.h"
#include "tool/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A look that fails is nothing yet. */
#define REACH_PATIENCE (10 * USEC_PER_SEC)

/* What was missed is read in less than that. */
#define BEHIND_PATIENCE (5 * USEC_PER_MIN)

/* Accounts that are always shown; of more, those with which something is wrong. */
enum { FEW = 10 };

enum { ACCOUNT, STATE, OWNER, ENTRY, BEHIND, COLUMNS, CELL = 160 };

static usec_t age_of(const struct live *live, usec_t since) {
	return since != INT64_MIN && live->now > since ? live->now - since : 0;
}

static bool is_unreached(const struct live *live) {
	return live->cluster.node && !live->cluster.reached && age_of(live, live->cluster.since) >= REACH_PATIENCE;
}

static bool is_halted(const struct live_account *account) {
	return account->place.state && strcmp(account->place.state, "halted") == 0;
}

/* The daemon says so when it has lasted for longer than a change of owners. */
static bool is_unowned(const struct live_account *account) {
	return account->place.state && !is_halted(account) && !account->place.owner && account->place.reason;
}

static bool is_behind(const struct live *live, const struct live_account *account) {
	return account->place.state && age_of(live, account->place.behind_since) >= BEHIND_PATIENCE;
}

/* Level */

static enum level worse(enum level a, enum level b) {
	return a > b ? a : b;
}

static enum level by_age(usec_t age, usec_t critical) {
	return age >= critical ? LEVEL_CRITICAL : LEVEL_WARNING;
}

static enum level account_level(const struct live *live, const struct live_account *account, usec_t critical) {
	if (is_halted(account)) {
		return LEVEL_CRITICAL;
	}
	if (is_unowned(account)) {
		return by_age(age_of(live, account->place.unowned_since), critical);
	}
	return is_behind(live, account) ? LEVEL_WARNING : LEVEL_OK;
}

enum level cluster_level(const struct live *live, usec_t critical) {
	const struct live_cluster *cluster = &live->cluster;
	enum level level = cluster->twin || cluster->differing ? LEVEL_WARNING : LEVEL_OK;
	if (is_unreached(live)) {
		level = worse(level, by_age(age_of(live, cluster->since), critical));
	}
	for (size_t i = 0; i < live->account_count; i++) {
		level = worse(level, account_level(live, &live->accounts[i], critical));
	}
	return level;
}

/* Troubles */

/* " since 2026-11-23T08:15:00Z", or nothing. */
static const char *since(char out[static UTC_STRING_SIZE + 8], usec_t instant) {
	char text[UTC_STRING_SIZE];
	out[0] = '\0';
	if (instant != INT64_MIN) {
		(void)snprintf(out, UTC_STRING_SIZE + 8, " since %s", utc_format(text, instant));
	}
	return out;
}

static void put_account(const struct live *live, const struct live_account *account, struct buf *out, const char *before,
                        const char *behind) {
	char name[160], when[UTC_STRING_SIZE + 8], what[320];
	const struct live_place *place = &account->place;
	text_escape(name, sizeof(name), account->name, strlen(account->name));
	if (is_halted(account)) {
		(void)snprintf(what, sizeof(what), "account %s is not followed any more", name);
		judge_put_trouble(out, before, behind, what, place->reason);
	} else if (is_unowned(account)) {
		(void)snprintf(what, sizeof(what), "nobody asks for account %s%s", name, since(when, place->unowned_since));
		judge_put_trouble(out, before, behind, what, NULL);
	} else if (is_behind(live, account)) {
		(void)snprintf(what, sizeof(what), "account %s is %" PRId64 " entries behind%s", name, place->behind,
		               since(when, place->behind_since));
		judge_put_trouble(out, before, behind, what, NULL);
	}
}

void cluster_troubles(const struct live *live, struct buf *out, const char *before, const char *behind) {
	const struct live_cluster *cluster = &live->cluster;
	char when[UTC_STRING_SIZE + 8], what[128];
	if (is_unreached(live)) {
		(void)snprintf(what, sizeof(what), "the cluster cannot be reached%s", since(when, cluster->since));
		judge_put_trouble(out, before, behind, what, cluster->reason);
	}
	if (cluster->twin) {
		judge_put_trouble(out, before, behind, "another node of the cluster has this name, too", cluster->node);
	}
	if (cluster->differing) {
		judge_put_trouble(out, before, behind, "the nodes' devices differ", cluster->differing);
	}
	for (size_t i = 0; i < live->account_count; i++) {
		put_account(live, &live->accounts[i], out, before, behind);
	}
}

/* What people read */

static void put_nodes(const struct live_cluster *cluster, struct buf *out) {
	char name[CELL], version[CELL];
	for (size_t i = 0; i < cluster->node_count; i++) {
		const struct live_node *node = &cluster->nodes[i];
		buf_printf(out, "%s%s", i > 0 ? ", " : ": ", text_escape(name, sizeof(name), node->name, strlen(node->name)));
		if (node->version) {
			buf_printf(out, " (%s%s)", text_escape(version, sizeof(version), node->version, strlen(node->version)),
			           node->well ? "" : ", its disk fails");
		}
	}
}

/* "cluster hq, node a, lease held; 2 nodes: a (0.9.0), b (0.9.0)" */
static void put_head(const struct live_cluster *cluster, struct buf *out) {
	char name[CELL], node[CELL], lease[CELL];
	const char *of = cluster->name ? cluster->name : "-", *has = cluster->lease ? cluster->lease : "unknown";
	buf_printf(out, "cluster %s, node %s, lease %s; %zu node%s", text_escape(name, sizeof(name), of, strlen(of)),
	           text_escape(node, sizeof(node), cluster->node, strlen(cluster->node)),
	           text_escape(lease, sizeof(lease), has, strlen(has)), cluster->node_count,
	           cluster->node_count == 1 ? "" : "s");
	put_nodes(cluster, out);
	buf_putc(out, '\n');
}

static void escape(char cell[static CELL], const char *text) {
	text_escape(cell, CELL, text, strlen(text));
}

static void make_row(char row[static COLUMNS][CELL], const struct live_account *account) {
	const struct live_place *place = &account->place;
	escape(row[ACCOUNT], account->name);
	escape(row[STATE], place->state);
	escape(row[OWNER], place->owner ? place->owner : "-");
	(void)snprintf(row[ENTRY], CELL, "%" PRId64, place->entry);
	(void)snprintf(row[BEHIND], CELL, "%" PRId64, place->behind);
}

static void widen(size_t widths[static COLUMNS], char row[static COLUMNS][CELL]) {
	for (int i = 0; i < COLUMNS; i++) {
		size_t width = show_width(row[i]);
		widths[i] = width > widths[i] ? width : widths[i];
	}
}

static void put_row(struct buf *out, char row[static COLUMNS][CELL], const size_t widths[static COLUMNS]) {
	for (int i = 0; i < COLUMNS; i++) {
		buf_puts(out, i > 0 ? "  " : "");
		show_padded(out, row[i], widths[i], i >= ENTRY);
	}
	buf_putc(out, '\n');
}

static bool is_shown(const struct live *live, const struct live_account *account, bool all) {
	return account->place.state && (all || account_level(live, account, USEC_INFINITY) != LEVEL_OK);
}

static void put_accounts(const struct live *live, bool all, struct buf *out) {
	char titles[COLUMNS][CELL] = {"ACCOUNT", "STATE", "OWNER", "ENTRY", "BEHIND"}, row[COLUMNS][CELL];
	size_t widths[COLUMNS] = {0}, shown = 0;
	widen(widths, titles);
	for (size_t i = 0; i < live->account_count; i++) {
		if (is_shown(live, &live->accounts[i], all)) {
			make_row(row, &live->accounts[i]);
			widen(widths, row);
			shown++;
		}
	}
	if (shown > 0) {
		put_row(out, titles, widths);
	}
	for (size_t i = 0; i < live->account_count; i++) {
		if (is_shown(live, &live->accounts[i], all)) {
			make_row(row, &live->accounts[i]);
			put_row(out, row, widths);
		}
	}
}

void cluster_put(const struct live *live, bool all, struct buf *out) {
	if (live->cluster.node) {
		put_head(&live->cluster, out);
		put_accounts(live, all || live->account_count <= FEW, out);
	}
}
