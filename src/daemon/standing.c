// SPDX-License-Identifier: ISC

#include "daemon/standing.h"

#include "base/json.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "daemon/member.h"
#include "daemon/poller-private.h"

#include <stdio.h>
#include <string.h>

/* The nodes of a cluster are reloaded one after another. */
#define DIFFERING_PATIENCE (1 * USEC_PER_MIN)

/* An owner that is gone has its lease for a while, and then others take a moment to claim what it owned. */
#define UNOWNED_PATIENCE(length) ((length) + 10 * USEC_PER_SEC)

void standing_init(struct standing *standing) {
	*standing = (struct standing){.differing_since = USEC_INFINITY};
	buf_init(&standing->troubles, BUF_ANY);
	buf_init(&standing->place, BUF_ANY);
}

void standing_done(struct standing *standing) {
	buf_done(&standing->troubles);
	buf_done(&standing->place);
}

bool standing_asks(const struct access *access) {
	return !access->chain || tenure_owns(&access->chain->tenure);
}

uint64_t standing_behind(const struct chain *chain) {
	const struct tenure *tenure = &chain->tenure;
	return tenure->head > tenure->position ? tenure->head - tenure->position : 0;
}

bool standing_is_unowned(const struct poller *poller, const struct chain *chain) {
	const struct member *member = poller->member;
	return member->unreached == USEC_INFINITY && chain->unowned_since != USEC_INFINITY && chain->tenure.epoch == 0 &&
	       poller->now - chain->unowned_since >= UNOWNED_PATIENCE(member->length);
}

/* Devices that differ */

/* What it was before this node started again does not count, nor does a node that says nothing. */
static bool differs(const struct member *member, const struct seen *seen) {
	char own[32];
	size_t len;
	const char *devices = json_string(json_member(seen->json, "devices"), &len);
	(void)snprintf(own, sizeof(own), "%016llx", (unsigned long long)member->devices);
	return devices && strcmp(seen->name, member->node) != 0 && strcmp(devices, own) != 0;
}

/* "b, c", cut off if that is longer than there is room for. */
static void name_differing(const struct member *member, char *out, size_t size) {
	char name[80];
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < member->sight.len && len < size; i++) {
		const struct seen *seen = &member->sight.nodes[i];
		if (differs(member, seen)) {
			int added = snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
			                     text_escape(name, sizeof(name), seen->name, strlen(seen->name)));
			len += added > 0 ? (size_t)added : 0;
		}
	}
}

const char *standing_differing(const struct poller *poller) {
	const struct standing *standing = &poller->member->standing;
	bool lasts = standing->differing[0] && poller->now - standing->differing_since >= DIFFERING_PATIENCE;
	return lasts ? standing->differing : "";
}

static void watch_devices(const struct poller *poller) {
	struct standing *standing = &poller->member->standing;
	char names[sizeof(standing->differing)];
	name_differing(poller->member, names, sizeof(names));
	if (strcmp(names, standing->differing) != 0) {
		memcpy(standing->differing, names, sizeof(names));
		standing->differing_since = poller->now;
	}
	const char *lasting = standing_differing(poller);
	if (lasting[0] && strcmp(lasting, standing->told) != 0) {
		memcpy(standing->told, standing->differing, sizeof(standing->told));
		log_warning("the nodes' devices differ: %s: configure the same devices on all nodes, and reload; what a node does "
		            "not know is in its log nevertheless",
		            lasting);
	} else if (!names[0] && standing->told[0]) {
		standing->told[0] = '\0';
		log_notice("the nodes' devices are the same again");
	}
}

/* STATUS */

/* Of accounts the first few are named, so that there is room for what else STATUS says. */
static void put_accounts(const struct poller *poller, struct buf *out) {
	const struct member *member = poller->member;
	char why[192];
	size_t troubles = 0;
	for (size_t i = 0; i < member->len; i++) {
		const struct chain *chain = member->chains[i];
		bool halted = chain->tenure.state == TENURE_HALTED;
		if (!chain->access || (!halted && !standing_is_unowned(poller, chain)) || ++troubles > STATUS_NAMED) {
			continue;
		}
		buf_puts(out, out->len > 0 ? "; " : "");
		if (halted) {
			buf_printf(out, "%s: not followed any more: %s", chain->account,
			           text_escape(why, sizeof(why), chain->why, strlen(chain->why)));
		} else {
			buf_printf(out, "nobody asks for %s", chain->account);
		}
	}
	if (troubles > STATUS_NAMED) {
		buf_printf(out, "; and %zu more", troubles - STATUS_NAMED);
	}
}

const char *standing_troubles(const struct poller *poller) {
	struct member *member = poller->member;
	struct buf *out = &member->standing.troubles;
	const char *differing = standing_differing(poller);
	char why[256];
	buf_clear(out);
	if (member->trouble[0]) {
		buf_printf(out, "the cluster: %s", text_escape(why, sizeof(why), member->trouble, strlen(member->trouble)));
	}
	if (member->told_twin) {
		buf_printf(out, "%sanother node of the cluster is called \"%s\", too", out->len > 0 ? "; " : "", member->node);
	}
	if (differing[0]) {
		buf_printf(out, "%sthe nodes' devices differ: %s", out->len > 0 ? "; " : "", differing);
	}
	put_accounts(poller, out);
	return buf_text(out);
}

static void put_account(const struct chain *chain, struct buf *out) {
	const struct tenure *tenure = &chain->tenure;
	unsigned long long entry = tenure->position, behind = standing_behind(chain);
	buf_puts(out, out->len > 0 ? "; " : "");
	if (tenure->epoch == 0) {
		buf_printf(out, "following %s, %llu behind", chain->account, behind);
	} else if (behind > 0 && tenure->state == TENURE_READING) {
		buf_printf(out, "owner of %s (entry %llu, %llu to read)", chain->account, entry, behind);
	} else {
		buf_printf(out, "owner of %s (entry %llu)", chain->account, entry);
	}
}

struct counts {
	size_t owned, followed;
	uint64_t behind;
};

static bool is_counted(const struct chain *chain) {
	return chain->access && chain->tenure.state != TENURE_HALTED;
}

static struct counts count(const struct member *member) {
	struct counts counts = {0};
	for (size_t i = 0; i < member->len; i++) {
		const struct chain *chain = member->chains[i];
		if (is_counted(chain)) {
			bool owned = chain->tenure.epoch > 0;
			counts.owned += owned;
			counts.followed += !owned;
			counts.behind += owned ? 0 : standing_behind(chain);
		}
	}
	return counts;
}

static void put_counts(const struct counts *counts, struct buf *out) {
	if (counts->owned > 0) {
		buf_printf(out, "owner of %zu account%s", counts->owned, counts->owned == 1 ? "" : "s");
	}
	if (counts->followed > 0) {
		const char *noun = counts->owned > 0 ? "" : " accounts";
		buf_printf(out, "%sfollowing %zu%s, %llu behind", counts->owned > 0 ? ", " : "", counts->followed, noun,
		           (unsigned long long)counts->behind);
	}
}

const char *standing_place(const struct poller *poller) {
	struct member *member = poller->member;
	struct buf *out = &member->standing.place;
	struct counts counts = count(member);
	buf_clear(out);
	if (!member->sighted) {
		buf_puts(out, "joining the cluster");
	} else if (counts.owned + counts.followed > STATUS_NAMED) {
		put_counts(&counts, out);
	} else {
		for (size_t i = 0; i < member->len; i++) {
			if (is_counted(member->chains[i])) {
				put_account(member->chains[i], out);
			}
		}
	}
	return buf_text(out);
}

/* Looks */

static void since(usec_t *instant, bool is_so, usec_t now) {
	if (!is_so) {
		*instant = USEC_INFINITY;
	} else if (*instant == USEC_INFINITY) {
		*instant = now;
	}
}

static uint64_t hash(const char *text) {
	return rng_hash(text, strlen(text));
}

void standing_look(struct poller *poller) {
	struct member *member = poller->member;
	for (size_t i = 0; i < member->len; i++) {
		struct chain *chain = member->chains[i];
		since(&chain->unowned_since, !chain->owner[0], poller->now);
		since(&chain->behind_since, standing_behind(chain) > STANDING_BEHIND, poller->now);
	}
	watch_devices(poller);
	uint64_t shown = hash(standing_troubles(poller)) * 31 + hash(standing_place(poller));
	poller->changed = poller->changed || shown != member->standing.shown;
	member->standing.shown = shown;
}
