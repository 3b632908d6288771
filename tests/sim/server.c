// SPDX-License-Identifier: ISC

#include "server.h"

#include "plan.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void server_date(char *text, size_t size, usec_t time) {
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(time / USEC_PER_SEC);
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm);
	(void)snprintf(text, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
	               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Transport */

static struct reply lost(enum http_result result, usec_t delay) {
	return (struct reply){.fate = FATE_TRANSPORT, .result = result, .delay = delay};
}

static usec_t usual_delay(struct dice *dice) {
	return 5000 + dice_below(dice, dice_permille(dice, 950) ? plan->latency / 8 : plan->latency);
}

static struct reply with_status(struct dice *dice, long status) {
	return (struct reply){.fate = FATE_STATUS, .status = status, .delay = usual_delay(dice)};
}

static struct reply come_back_later(struct dice *dice, long status) {
	static const struct {
		const char *header;
		usec_t pause;
	} headers[] = {
		{"1", USEC_PER_SEC}, {"30", 30 * USEC_PER_SEC}, {" 60 ", 60 * USEC_PER_SEC},
		{"300", 300 * USEC_PER_SEC}, {"", 60 * USEC_PER_SEC}, {"soon", 60 * USEC_PER_SEC},
		{"0", USEC_PER_SEC}, {"86400", USEC_PER_HOUR}, {"99999999999999999999999", USEC_PER_HOUR},
		{"date", 0}, {"date", 0},
	};
	struct reply reply = with_status(dice, status);
	size_t chosen = (size_t)dice_below(dice, sizeof(headers) / sizeof(headers[0]));

	(void)snprintf(reply.retry_after, sizeof(reply.retry_after), "%s", headers[chosen].header);
	reply.pause = headers[chosen].pause;
	if (strcmp(reply.retry_after, "date") == 0) {
		reply.pause_until = world->now + reply.delay + dice_between(dice, 2, 900) * USEC_PER_SEC;
		reply.pause_until -= reply.pause_until % USEC_PER_SEC;
		server_date(reply.retry_after, sizeof(reply.retry_after), reply.pause_until);
	}
	return reply;
}

static struct reply outage(struct dice *dice, int64_t flavour, usec_t timeout) {
	static const long gateways[] = {502, 503, 504, 503};
	if (flavour == FLAVOUR_MIXED) {
		flavour = dice_below(dice, FLAVOUR_MIXED);
	}
	switch (flavour) {
	case FLAVOUR_UNREACHABLE:
		return lost(HTTP_UNREACHABLE, dice_below(dice, 10 * USEC_PER_SEC));
	case FLAVOUR_SLOW:
		return lost(HTTP_SLOW, timeout);
	case FLAVOUR_GATEWAY:
		return dice_permille(dice, 100) ? come_back_later(dice, 503)
		                                : with_status(dice, DICE_CHOOSE(dice, gateways));
	default:
		return with_status(dice, 500);
	}
}

static struct reply garbage(struct dice *dice) {
	struct reply reply = {.fate = FATE_GARBAGE, .status = 200, .delay = usual_delay(dice)};
	reply.variant = (int)dice_below(dice, 10);
	if (reply.variant == 0) {
		reply.fate = FATE_TRANSPORT;
		reply.result = HTTP_CUT_OFF;
	}
	return reply;
}

static struct reply mishap(struct dice *dice, usec_t timeout) {
	switch (dice_below(dice, 4)) {
	case 0:
		return garbage(dice);
	case 1:
		return lost(HTTP_UNREACHABLE, usual_delay(dice));
	case 2:
		return lost(HTTP_SLOW, timeout);
	default:
		return outage(dice, FLAVOUR_MIXED, timeout);
	}
}

static bool is_device(const struct asked *asked, int64_t number) {
	const struct setup *setup = &setups->versions[asked->version];
	return strcmp(setup->devices[number % setup->device_count].uuid, asked->uuid) == 0;
}

bool server_is_poisoned(const char *uuid, usec_t start, usec_t end, bool past) {
	const struct setup *setup = &setups->versions[0];
	for (int i = 0; i < plan->len; i++) {
		const struct event *event = &plan->events[i];
		if (event->kind == EVENT_POISON && (event->active || past) && event->at >= start && event->at < end &&
		    strcmp(setup->devices[event->arg % setup->device_count].uuid, uuid) == 0) {
			return true;
		}
	}
	return false;
}

bool server_is_weak(void) {
	return world->seed % 5 <= 1;
}

static bool is_too_much(const struct asked *asked) {
	usec_t most = world->seed % 5 == 0 ? 3 * USEC_PER_HOUR : 4 * USEC_PER_DAY;
	const struct setup_device *device = setup_find(asked->version, asked->uuid,
	                                               (enum granularity)asked->granularity);
	return server_is_weak() && device && asked->end - asked->start > most &&
	       asked->end - asked->start > 3 * setup_bucket(device);
}

struct reply server_decide(const struct asked *asked, usec_t timeout) {
	struct dice *dice = &world->os;
	const struct event *event;

	/* So that all nodes have all when they are stopped. */
	if (nodes->cluster && world->now >= plan->end - USEC_PER_MIN) {
		return lost(HTTP_UNREACHABLE, 50000);
	}
	if ((event = plan_active(EVENT_OUTAGE, asked->account))) {
		return outage(dice, event->arg, timeout);
	}
	if (asked->key != setups->keys[asked->account] || plan_active(EVENT_REFUSAL, asked->account)) {
		return with_status(dice, dice_permille(dice, 500) ? 401 : 403);
	}
	if ((event = plan_active(EVENT_THROTTLE, asked->account)) && dice_permille(dice, (int)event->arg)) {
		return come_back_later(dice, 429);
	}
	if ((event = plan_active(EVENT_BAD_DEVICE, -1)) && is_device(asked, event->arg)) {
		return with_status(dice, (long)event->arg2);
	}
	if (server_is_poisoned(asked->uuid, asked->start, asked->end, false)) {
		return with_status(dice, DICE_CHOOSE(dice, ((const int[]){400, 422, 500, 500})));
	}
	if ((event = plan_active(EVENT_GARBAGE, asked->account)) && dice_permille(dice, (int)event->arg)) {
		return garbage(dice);
	}
	if (!world->fault_free && dice_permille(dice, plan->permille_lost)) {
		return mishap(dice, timeout);
	}
	if (is_too_much(asked)) {
		struct reply reply = lost(world->seed % 3 ? HTTP_TOO_LARGE : HTTP_SLOW,
		                          world->seed % 3 ? usual_delay(dice) : timeout);
		reply.status = reply.result == HTTP_TOO_LARGE ? 200 : 0;
		return reply;
	}
	return (struct reply){.fate = FATE_ANSWER, .status = 200, .delay = usual_delay(dice)};
}
