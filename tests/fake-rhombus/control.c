// SPDX-License-Identifier: ISC

#include "control.h"

#include "clock.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "/_fake/";

static void answer_json(struct answer *answer, struct json_object *object) {
	answer_set(answer, 200, "application/json", json_print(object));
	text_add(&answer->body, "\n");
	json_object_put(object);
}

static void answer_why(struct answer *answer, const char *sentence) {
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "msg", json_object_new_string(sentence));
	answer_json(answer, object);
	answer->status = 400;
}

static void show_faults(struct world *world, const struct request *request, struct answer *answer) {
	(void)request;
	answer_json(answer, faults_show(&world->faults));
}

/* Reads the body, lets `change` use it, and answers {} or the sentence. */
static void change_by_body(struct world *world, const struct request *request,
                           struct answer *answer,
                           int (*change)(struct world *, struct json_object *, struct why *)) {
	struct json_object *object = json_read(request->body.bytes, request->body.length);
	struct why why;

	if (!object) {
		answer_why(answer, "the body is not JSON");
	} else if (change(world, object, &why) < 0) {
		answer_why(answer, why.text);
	} else {
		answer_set(answer, 200, "application/json", "{}\n");
	}
	json_object_put(object);
}

static int replace_faults(struct world *world, struct json_object *array, struct why *why) {
	return faults_replace(&world->faults, array, mono_us(), why);
}

static void post_faults(struct world *world, const struct request *request, struct answer *answer) {
	change_by_body(world, request, answer, replace_faults);
}

static int change_keys(struct world *world, struct json_object *change, struct why *why) {
	return keys_change(&world->keys, change, why);
}

static void post_keys(struct world *world, const struct request *request, struct answer *answer) {
	change_by_body(world, request, answer, change_keys);
}

static void show_journal(struct world *world, const struct request *request,
                         struct answer *answer) {
	int64_t since = request->since ? strtoll(request->since, NULL, 10) : 0;

	answer_set(answer, 200, "application/x-ndjson", "");
	journal_show(&world->journal, since, &answer->body);
}

static void show_stats(struct world *world, const struct request *request, struct answer *answer) {
	struct json_object *stats = tally_show(&world->tally);
	struct json_object *in_flight = json_object_new_object();

	(void)request;
	for (size_t i = 0; i < world->orgs.count; i++) {
		const struct org *org = world->orgs.all[i];

		json_object_object_add(in_flight, org->name, json_object_new_int(org->in_flight));
	}
	json_object_object_add(stats, "in_flight", in_flight);
	json_object_object_add(stats, "now_ms", json_object_new_int64(world_now_ms(world)));
	json_object_object_add(stats, "mono_us", json_object_new_int64(mono_us()));
	answer_json(answer, stats);
}

static const struct {
	const char *method;
	const char *name;
	void (*answer)(struct world *world, const struct request *request, struct answer *answer);
} controls[] = {
	{"GET", "faults", show_faults}, {"POST", "faults", post_faults},
	{"POST", "keys", post_keys},    {"GET", "journal", show_journal},
	{"GET", "stats", show_stats},
};

bool control_answer(struct world *world, const struct request *request, struct answer *answer) {
	size_t length = sizeof(prefix) - 1;

	if (strncmp(request->path, prefix, length) != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (strcmp(request->path + length, controls[i].name) == 0 &&
		    strcmp(request->method, controls[i].method) == 0) {
			controls[i].answer(world, request, answer);
			return true;
		}
	}
	answer_set_status(answer, 404);
	return true;
}
