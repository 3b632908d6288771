// SPDX-License-Identifier: ISC

#include "daemon/sight.h"

#include "base/json.h"
#include "sink/format.h"

#include <stdlib.h>
#include <string.h>

/*
 * A node that lacks no more entries than that has nearly caught up: what it announced is some seconds old, and so
 * many it reads at once.
 */
enum { NEARLY = 1000 };

static void seen_done(struct seen *seen) {
	free(seen->name);
	free(seen->value);
	json_free(seen->json);
}

static void free_nodes(struct seen *nodes, size_t len) {
	for (size_t i = 0; i < len; i++) {
		seen_done(&nodes[i]);
	}
	free(nodes);
}

void sight_done(struct sight *sight) {
	free_nodes(sight->nodes, sight->len);
	*sight = (struct sight){0};
}

/* What has been taken out has no name. */
static struct seen *find(const struct sight *sight, const char *name, int64_t lease) {
	for (size_t i = 0; i < sight->len; i++) {
		struct seen *seen = &sight->nodes[i];
		if (seen->name && seen->lease == lease && strcmp(seen->name, name) == 0) {
			return seen;
		}
	}
	return NULL;
}

/* Returns false if there is no memory. */
static bool see(const struct journal_node *node, usec_t since, usec_t now, struct seen *ret) {
	*ret = (struct seen){
		.name = strdup(node->name),
		.lease = node->lease,
		.value = strdup(node->value),
		.time_at = now,
		.since = since,
	};
	if (!ret->name || !ret->value) {
		seen_done(ret);
		return false;
	}
	if (json_read(node->value, strlen(node->value), &ret->json, NULL) < 0) {
		ret->json = NULL; /* it is there, and says nothing */
	}
	format_read_time(json_string(json_member(ret->json, "time"), &(size_t){0}), &ret->time);
	return true;
}

void sight_take(struct sight *sight, const struct journal_view *view, usec_t now) {
	struct seen *nodes = calloc(view->node_count + 1, sizeof(*nodes));
	size_t len = 0;
	if (!nodes) {
		return;
	}
	for (size_t i = 0; i < view->node_count; i++) {
		const struct journal_node *node = &view->nodes[i];
		struct seen *before = find(sight, node->name, node->lease);
		if (before && strcmp(before->value, node->value) == 0) {
			nodes[len++] = *before;
			*before = (struct seen){0};
		} else {
			len += see(node, before ? before->since : now, now, &nodes[len]);
		}
	}
	free_nodes(sight->nodes, sight->len);
	sight->nodes = nodes;
	sight->len = len;
}

/* In: "positions", or "halted". */
static bool position_in(const struct seen *seen, const char *in, const char *account, uint64_t *ret) {
	int64_t position;
	if (!json_int(json_member(json_member(seen->json, in), account), &position) || position < 0) {
		return false;
	}
	*ret = (uint64_t)position;
	return true;
}

static bool position_of(const struct seen *seen, const char *account, uint64_t *ret) {
	return position_in(seen, "positions", account, ret);
}

static bool prefers(const struct seen *seen, const char *account) {
	struct json_object *list = json_member(seen->json, "prefers");
	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = json_string(json_element(list, i), &(size_t){0});
		if (name && strcmp(name, account) == 0) {
			return true;
		}
	}
	return false;
}

bool sight_is_wanted(const struct sight *sight, int64_t own_lease, const char *account, uint64_t head) {
	for (size_t i = 0; i < sight->len; i++) {
		const struct seen *seen = &sight->nodes[i];
		uint64_t position;
		bool well = json_double(json_member(seen->json, "well")) > 0;
		if (seen->lease != own_lease && well && prefers(seen, account) && position_of(seen, account, &position) &&
		    position + NEARLY >= head) {
			return true;
		}
	}
	return false;
}

uint64_t sight_slowest(const struct sight *sight, const char *account) {
	uint64_t slowest = UINT64_MAX;
	for (size_t i = 0; i < sight->len; i++) {
		uint64_t position;
		if (position_of(&sight->nodes[i], account, &position) && position < slowest) {
			slowest = position;
		}
	}
	return slowest;
}

uint64_t sight_furthest(const struct sight *sight, const char *account) {
	uint64_t furthest = 0;
	for (size_t i = 0; i < sight->len; i++) {
		uint64_t position = 0;
		if (position_in(&sight->nodes[i], "positions", account, &position) ||
		    position_in(&sight->nodes[i], "halted", account, &position)) {
			furthest = position > furthest ? position : furthest;
		}
	}
	return furthest;
}

const struct seen *sight_twin(const struct sight *sight, const char *name, int64_t own_lease, usec_t now, usec_t patience) {
	for (size_t i = 0; i < sight->len; i++) {
		const struct seen *seen = &sight->nodes[i];
		if (seen->lease != own_lease && strcmp(seen->name, name) == 0 && now - seen->since >= patience) {
			return seen;
		}
	}
	return NULL;
}

bool sight_time(const struct sight *sight, usec_t now, usec_t *ret_time) {
	bool known = false;
	for (size_t i = 0; i < sight->len; i++) {
		const struct seen *seen = &sight->nodes[i];
		usec_t time = seen->time + (now - seen->time_at);
		if (seen->time != USEC_INFINITY && (!known || time > *ret_time)) {
			*ret_time = time;
			known = true;
		}
	}
	return known;
}
