// SPDX-License-Identifier: ISC

#include "faults.h"

#include "json.h"

#include <stdlib.h>
#include <string.h>

void faults_done(struct faults *faults) {
	for (size_t i = 0; i < faults->count; i++) {
		rule_done(&faults->rules[i]);
	}
	free(faults->rules);
	*faults = (struct faults){0};
}

int faults_replace(struct faults *faults, struct json_object *array, int64_t mono_us,
                   struct why *why) {
	if (!json_object_is_type(array, json_type_array)) {
		return why_set(why, "rules want to be an array of objects");
	}

	size_t count = json_object_array_length(array);
	struct faults fresh = {.rules = memory_resize(NULL, count, sizeof(struct rule))};

	for (; fresh.count < count; fresh.count++) {
		struct rule *rule = &fresh.rules[fresh.count];
		struct why what;

		if (rule_read(rule, json_object_array_get_idx(array, fresh.count), &what) < 0) {
			why_set(why, "rule %zu: %.300s", fresh.count, what.text);
			faults_done(&fresh);
			return -1;
		}
		rule->installed_us = mono_us;
	}
	faults_done(faults);
	*faults = fresh;
	return 0;
}

static bool text_fits(const char *wanted, const char *given) {
	return !wanted || (given && strcmp(wanted, given) == 0);
}

static bool span_fits(const struct rule *rule, int64_t span_ms) {
	bool asked = rule->min_span_ms > 0 || rule->max_span_ms < INT64_MAX;

	return !asked ||
	       (span_ms >= 0 && span_ms >= rule->min_span_ms && span_ms <= rule->max_span_ms);
}

static bool range_fits(const struct rule *rule, const struct circumstances *now) {
	return rule->holds_ms == INT64_MIN ||
	       (now->span_ms >= 0 && now->start_ms <= rule->holds_ms &&
	        rule->holds_ms < now->start_ms + now->span_ms);
}

static bool time_fits(const struct rule *rule, const struct circumstances *now) {
	int64_t age_ms = (now->mono_us - rule->installed_us) / 1000;

	return now->now_ms >= rule->from_ms && now->now_ms < rule->to_ms &&
	       age_ms >= rule->after_ms && age_ms - rule->after_ms < rule->for_ms;
}

static bool rule_fits(const struct rule *rule, const struct circumstances *now) {
	return text_fits(rule->device, now->device) && text_fits(rule->key, now->key) &&
	       text_fits(rule->path, now->path) && text_fits(rule->interval, now->interval) &&
	       span_fits(rule, now->span_ms) && range_fits(rule, now) && time_fits(rule, now) &&
	       (now->report || !rule_is_for_reports(rule));
}

const struct rule *faults_pick(struct faults *faults, const struct circumstances *now,
                               int *ret_index) {
	for (size_t i = 0; i < faults->count; i++) {
		struct rule *rule = &faults->rules[i];

		if (rule->hits >= rule->times || !rule_fits(rule, now)) {
			continue;
		}
		if (rule->matched++ < rule->skip) {
			continue;
		}
		rule->hits++;
		*ret_index = (int)i;
		return rule;
	}
	*ret_index = -1;
	return &rule_plain;
}

struct json_object *faults_show(const struct faults *faults) {
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < faults->count; i++) {
		const struct rule *rule = &faults->rules[i];
		struct json_object *shown = json_object_new_object();

		json_object_object_add(shown, "index", json_object_new_int64((int64_t)i));
		json_object_object_add(shown, "matched", json_object_new_int64(rule->matched));
		json_object_object_add(shown, "hits", json_object_new_int64(rule->hits));
		json_object_object_add(shown, "exhausted",
		                       json_object_new_boolean(rule->hits >= rule->times));
		json_object_object_add(shown, "rule", json_object_get(rule->source));
		json_object_array_add(array, shown);
	}
	return array;
}
