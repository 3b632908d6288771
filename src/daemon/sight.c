// SPDX-License-Identifier: ISC

#include "daemon/sight.h"

#include "base/json.h"
#include "sink/format.h"

#include <stdlib.h>
#include <string.h>

/* A node that lacks no more entries has caught up: it had them all a moment ago. */
enum { NEARLY = 16 };

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

static struct seen *find(const struct sight *sight, const char *name, int64_t lease) {
	for (size_t i = 0; i < sight->len; i++) {
		if (sight->nodes[i].lease == lease && strcmp(sight->nodes[i].name, name) == 0) {
			return &sight->nodes[i];
		}
	}
	return NULL;
}

/* A value that says another time than before said it when it came here. */
static void learn_time(struct sight *sight, const struct seen *seen, usec_t now) {
	const char *text = json_string(json_member(seen->json, "time"), &(size_t){0});
	usec_t time, known;
	format_read_time(text, &time);
	if (time != USEC_INFINITY && (!sight_time(sight, now, &known) || time > known)) {
		sight->time = time;
		sight->time_at = now;
	}
}

/* Returns false if there is no memory. */
static bool see(struct sight *sight, const struct journal_node *node, const struct seen *before, usec_t now,
                struct seen *ret) {
	*ret = (struct seen){
		.name = strdup(node->name),
		.lease = node->lease,
		.value = strdup(node->value),
		.since = before ? before->since : now,
	};
	if (!ret->name || !ret->value) {
		seen_done(ret);
		return false;
	}
	if (json_read(node->value, strlen(node->value), &ret->json, NULL) < 0) {
		ret->json = NULL; /* it is there, and says nothing */
	}
	if (!before || strcmp(before->value, node->value) != 0) {
		learn_time(sight, ret, now);
	}
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
		len += see(sight, node, find(sight, node->name, node->lease), now, &nodes[len]);
	}
	free_nodes(sight->nodes, sight->len);
	sight->nodes = nodes;
	sight->len = len;
}

static bool position_of(const struct seen *seen, const char *account, uint64_t *ret) {
	int64_t position;
	if (!json_int(json_member(json_member(seen->json, "positions"), account), &position) || position < 0) {
		return false;
	}
	*ret = (uint64_t)position;
	return true;
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
	if (sight->time == 0) {
		return false;
	}
	*ret_time = sight->time + (now - sight->time_at);
	return true;
}
