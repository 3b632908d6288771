// SPDX-License-Identifier: ISC

#include "service.h"

#include "clock.h"
#include "control.h"
#include "discovery.h"
#include "effects.h"
#include "query.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

enum { GZIP_FROM_BYTES = 1025 };

/* One request on its way through. */
struct visit {
	struct world *world;
	const struct request *request;
	const struct endpoint *endpoint;
	const struct key *key;
	struct org *org;
	struct query query;
	const struct device *device;
	const struct rule *rule;
	int rule_index;
	int64_t now_ms, mono_us;
	struct answer *answer;
};

/* What an endpoint does: `check` reads the body and says 200 or a refusal, `write` answers. */
struct endpoint {
	const char *path;
	bool report;
	unsigned (*check)(struct visit *visit);
	void (*write)(struct visit *visit);
};

static unsigned check_report(struct visit *visit) {
	const struct world *world = visit->world;

	if (!query_read(&visit->query, &visit->request->body)) {
		return 400;
	}
	visit->device = devices_find(&world->devices, visit->query.device);
	if (!visit->device && world->options->strict_devices) {
		return 400;
	}
	if (!visit->device) {
		visit->device = &world->devices.other;
	}
	return 200;
}

static void write_report(struct visit *visit) {
	struct report report = {
		.query = &visit->query,
		.device = visit->device,
		.rule = visit->rule,
		.now_ms = visit->now_ms,
		.settle_ms = visit->world->options->settle_s * 1000,
	};

	if (report_write(&report, &visit->answer->body, &visit->answer->points) < 0) {
		answer_set_status(visit->answer, 400);
	}
}

static unsigned check_object(struct visit *visit) {
	const struct text *body = &visit->request->body;
	struct json_object *object = json_read(body->bytes, body->length);
	bool right = json_object_is_type(object, json_type_object);

	json_object_put(object);
	return right ? 200 : 400;
}

static void write_cameras(struct visit *visit) {
	discovery_cameras(&visit->world->devices, &visit->answer->body);
}

static void write_states(struct visit *visit) {
	discovery_states(&visit->world->devices, &visit->answer->body);
}

static void write_locations(struct visit *visit) {
	discovery_locations(&visit->world->devices, &visit->answer->body);
}

static const struct endpoint endpoints[] = {
	{"/api/report/getOccupancyCountsV2", true, check_report, write_report},
	{"/api/report/getOccupancyCounts", true, check_report, write_report},
	{"/api/camera/getOccupancyEnabledCameras", false, check_object, write_cameras},
	{"/api/camera/getMinimalCameraStateList", false, check_object, write_states},
	{"/api/location/getLocations", false, check_object, write_locations},
};

static const struct endpoint *endpoint_find(const char *path) {
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		if (strcmp(endpoints[i].path, path) == 0) {
			return &endpoints[i];
		}
	}
	return NULL;
}

/* The credential: 200, 401 or 403; the answer is set if it is refused. */
static unsigned admit(struct visit *visit) {
	struct world *world = visit->world;
	enum verdict verdict = keys_judge(&world->keys, &visit->request->credential, &visit->key);

	if (visit->key) {
		visit->org = orgs_find(&world->orgs, visit->key->org);
	}
	if (!visit->endpoint) {
		return 200; /* a path that is not there is so for everybody */
	}
	switch (verdict) {
	case VERDICT_GOOD:
		return 200;
	case VERDICT_UNKNOWN:
		answer_set_status(visit->answer, 401);
		return 401;
	case VERDICT_INVALID_TEXT:
		answer_set(visit->answer, 403, "text/plain", "Invalid api key");
		return 403;
	default:
		answer_set_status(visit->answer, 403);
		return 403;
	}
}

/* The method, the headers and the body: 200 or a refusal. */
static unsigned check(struct visit *visit) {
	const struct request *request = visit->request;

	if (!visit->endpoint) {
		return 404;
	}
	if (strcmp(request->method, "POST") != 0) {
		answer_header(visit->answer, "Allow", "POST");
		return 405;
	}
	if (request->too_large) {
		return 413;
	}

	/* The body is read in any case: the journal and the rules want to know the device. */
	unsigned status = visit->endpoint->check(visit);

	if (!request_has_json(request)) {
		return 415;
	}
	return request_accepts_json(request) ? status : 406;
}

/* The organisation's bucket; true if there was a token. */
static bool take_token(struct visit *visit) {
	int64_t wait_s = org_take(&visit->world->orgs, visit->org, visit->mono_us);
	char seconds[24];

	if (wait_s == 0) {
		return true;
	}
	snprintf(seconds, sizeof(seconds), "%lld", (long long)wait_s);
	answer_set_status(visit->answer, 429);
	answer_header(visit->answer, "Retry-After", seconds);
	return false;
}

static void pick_rule(struct visit *visit, unsigned status) {
	const struct query *query = &visit->query;
	const struct circumstances now = {
		.device = query->device,
		.key = key_name(visit->key, &visit->request->credential),
		.path = visit->request->path,
		.interval = query->word ? query->word : "NONE",
		.now_ms = visit->now_ms,
		.mono_us = visit->mono_us,
		.start_ms = query->has_range ? query->start_ms : 0,
		.span_ms = query->has_range ? query->end_ms - query->start_ms : -1,
		.report = status == 200 && visit->endpoint && visit->endpoint->report,
	};

	visit->rule = faults_pick(&visit->world->faults, &now, &visit->rule_index);
}

static void decide(struct visit *visit) {
	unsigned admitted = admit(visit);
	unsigned status = check(visit);

	if (admitted == 200 && visit->org && !take_token(visit)) {
		return;
	}
	if (admitted != 200) {
		status = admitted;
	} else if (status != 200) {
		answer_set_status(visit->answer, status);
	}
	pick_rule(visit, status);
	if (effects_replace(visit->rule, visit->answer)) {
		return;
	}
	if (status == 200) {
		visit->endpoint->write(visit);
	}
	effects_restate(visit->rule, visit->answer);
}

static bool wants_gzip(const struct visit *visit) {
	switch (visit->rule->gzip) {
	case GZIP_NEVER:
		return false;
	case GZIP_FORCED:
		return true;
	case GZIP_IF_ACCEPTED:
		return request_accepts_gzip(visit->request);
	default:
		return !visit->world->options->no_gzip &&
		       visit->answer->body.length >= GZIP_FROM_BYTES &&
		       request_accepts_gzip(visit->request);
	}
}

static void journalise(struct visit *visit) {
	struct world *world = visit->world;
	const struct entry entry = {
		.time_ms = visit->now_ms,
		.mono_us = visit->mono_us,
		.request = visit->request,
		.query = visit->endpoint && visit->endpoint->report ? &visit->query : NULL,
		.answer = visit->answer,
		.key = key_name(visit->key, &visit->request->credential),
		.org = visit->org ? visit->org->name : NULL,
		.in_flight = visit->org ? visit->org->in_flight : 0,
		.rule = visit->rule_index,
	};

	tally_count(&world->tally, visit->answer);
	journal_write(&world->journal, &entry, &world->keys);
}

void service_answer(struct world *world, const struct request *request, struct answer *ret_answer,
                    struct org **ret_org) {
	struct visit visit = {
		.world = world,
		.request = request,
		.endpoint = endpoint_find(request->path),
		.rule = &rule_plain,
		.rule_index = -1,
		.now_ms = world_now_ms(world),
		.mono_us = mono_us(),
		.answer = ret_answer,
	};

	answer_init(ret_answer);
	*ret_org = NULL;
	if (control_answer(world, request, ret_answer)) {
		return;
	}
	decide(&visit);
	effects_finish(visit.rule, ret_answer);
	if (!answer_has_header(ret_answer, "Content-Encoding") && wants_gzip(&visit)) {
		const struct rule *rule = visit.rule;

		answer_compress(ret_answer, (size_t)rule->gzip_members, (size_t)rule->gzip_padding);
	}
	if (visit.org) {
		visit.org->in_flight++;
	}
	*ret_org = visit.org;
	journalise(&visit);
	query_done(&visit.query);
}

void service_finished(struct org *org) {
	if (org) {
		org->in_flight--;
	}
}
