// SPDX-License-Identifier: ISC

/*
 * The bodies of the model server's replies.
 */

#include "edges.h"
#include "plan.h"
#include "server.h"
#include "truth.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of this life. */
static struct {
	char *text;
	size_t len, room;
} body;

static struct {
	struct point {
		usec_t start, end;
	} *list;
	size_t len, room;
} points;

void server_done(void) {
	free(body.text);
	free(points.list);
	memset(&body, 0, sizeof(body));
	memset(&points, 0, sizeof(points));
}

static void *grow(void *list, size_t *room, size_t need, size_t element) {
	if (need > *room) {
		*room = 2 * need + 64;
		list = reallocarray(list, *room, element);
		if (!list) {
			abort();
		}
	}
	return list;
}

__attribute__((format(printf, 1, 2)))
static void put(const char *format, ...) {
	va_list args;
	body.text = grow(body.text, &body.room, body.len + 1024, 1);
	va_start(args, format);
	int len = vsnprintf(body.text + body.len, body.room - body.len, format, args);
	va_end(args);
	body.len += (size_t)len;
}

static void add_point(usec_t start, usec_t end) {
	points.list = grow(points.list, &points.room, points.len + 1, sizeof(*points.list));
	points.list[points.len++] = (struct point){start, end};
}

/* The buckets of the range that have begun. */
static void find_points(const struct asked *asked, const struct setup_device *device) {
	points.len = 0;
	if (device->granularity == GRAN_NONE) {
		add_point(asked->start, asked->end);
		return;
	}
	usec_t start = edges_floor(device->zone, (int)device->granularity, asked->start);
	while (start < asked->end && start <= world->now) {
		usec_t end = edges_next(device->zone, (int)device->granularity, start);
		add_point(start, end);
		start = end;
	}
}

static void shuffle(struct dice *dice) {
	for (size_t i = points.len; i > 1; i--) {
		size_t other = (size_t)dice_below(dice, (int64_t)i);
		struct point swapped = points.list[i - 1];
		points.list[i - 1] = points.list[other];
		points.list[other] = swapped;
	}
}

static void put_number(struct dice *dice, int64_t n) {
	switch (dice_below(dice, 8)) {
	case 0:
		put("%lld.0", (long long)n);
		break;
	case 1:
		put("\"%lld\"", (long long)n);
		break;
	default:
		put("%lld", (long long)n);
		break;
	}
}

static void put_counts(struct dice *dice, struct truth truth) {
	static const char *const nothings[] = {"null", "{}", "{\"human\":null}"};
	static const char *const oddities[] = {
		"{\"human\":\"many\"}", "{\"human\":2.5}", "{\"human\":-1}", "{\"human\":[7]}",
	};
	put("\"eventCountMap\":");
	if (truth.kind == TRUTH_NO_DATA) {
		put("%s", DICE_CHOOSE(dice, nothings));
		return;
	}
	if (truth.kind == TRUTH_AMBIGUOUS && dice_permille(dice, 400)) {
		put("%s", DICE_CHOOSE(dice, oddities));
		return;
	}
	put("{");
	if (dice_permille(dice, 150)) {
		put("\"eventCount\":%lld,", (long long)dice_below(dice, 99));
	}
	if (dice_permille(dice, 100)) {
		put("\"vehicle\":null,");
	}
	put("\"human\":");
	put_number(dice, truth.kind == TRUTH_COUNT ? truth.count : dice_below(dice, 50));
	put("%s}", truth.kind == TRUTH_AMBIGUOUS ? ",\"pet\":3" : "");
}

static void put_extras(struct dice *dice, usec_t start) {
	static const char *const fronts[] = {"", "=", "@", "-", "+", "'"};
	if (dice_permille(dice, 200)) {
		put(",\"approximateTimestampMsMap\":{\"human\":%lld}", (long long)start / 1000 + 17);
	}
	if (dice_permille(dice, 200)) {
		put(",\"reportingDevicesMap\":{\"human\":[\"AAAAAAAAAAAAAAAAAAAAAA.v0\"]}");
	}
	if (dice_permille(dice, 200)) {
		put(",\"dateLocal\":\"%s2026-03-08 08:15, \\\"noon\\\"\",\"extra\":[1,{\"a\":null}]",
		    DICE_CHOOSE(dice, fronts));
	}
}

/* Most servers stamp a bucket with its start, some with a time inside. */
static usec_t stamp_of(const struct asked *asked, const struct point *point) {
	if (asked->granularity == GRAN_NONE && world->seed % 3 == 0) {
		return point->end;
	}
	return world->seed % 4 == 1 ? point->start + (point->end - point->start) / 2 : point->start;
}

static void put_stamp(const struct asked *asked, const struct point *point, enum misfit misfit) {
	long long ms = (long long)(stamp_of(asked, point) / USEC_PER_MSEC);
	switch (misfit) {
	case MISFIT_ENDS:
		put("%lld", (long long)(point->end / USEC_PER_MSEC));
		break;
	case MISFIT_SECONDS:
		put("%lld", ms / 1000);
		break;
	case MISFIT_TEXT:
		put("\"%s\"", world_time(ms * USEC_PER_MSEC));
		break;
	default:
		put("%lld", ms);
		break;
	}
}

static void put_point(const struct asked *asked, const struct point *point, struct truth truth,
                      enum misfit misfit, bool first) {
	struct dice *dice = &world->os;
	put("%s{\"timestampMs\":", first ? "" : ",");
	put_stamp(asked, point, misfit);
	put(",");
	put_counts(dice, truth);
	put_extras(dice, point->start);
	put("}");
}

/* Some servers give no point where there is no data, some do, some as they like. */
static void leave_out_empty(const struct asked *asked) {
	struct dice *dice = &world->os;
	size_t kept = 0;
	for (size_t i = 0; i < points.len; i++) {
		struct truth truth = truth_at(asked->uuid, asked->granularity, points.list[i].start,
		                              points.list[i].end, world->now);
		if (truth.kind != TRUTH_NO_DATA || !dice_permille(dice, plan->manners.permille_omitted)) {
			points.list[kept++] = points.list[i];
		}
	}
	points.len = kept;
}

/* Returns whether there were more points than fit into an answer. */
static bool cut_points(void) {
	const struct manners *manners = &plan->manners;
	size_t cap = (size_t)manners->cap;
	if (cap == 0 || points.len <= cap) {
		return false;
	}
	if (manners->cap_newest) {
		memmove(points.list, points.list + (points.len - cap), cap * sizeof(*points.list));
	}
	points.len = cap;
	return true;
}

/* The bucket behind the range. */
static struct point point_behind(const struct asked *asked, const struct setup_device *device) {
	return (struct point){asked->end, edges_next(device->zone, (int)device->granularity, asked->end)};
}

static void put_half(const struct asked *asked, const struct point *point, bool first) {
	struct point half = {point->start + (point->end - point->start) / 4, point->end};
	put_point(asked, &half, (struct truth){TRUTH_COUNT, 7777}, MISFITS, first);
}

static void put_answer(const struct asked *asked) {
	struct dice *dice = &world->os;
	const struct setup_device *device = setup_find(asked->version, asked->uuid,
	                                               (enum granularity)asked->granularity);
	const struct event *event = plan_active(EVENT_MISFIT, asked->account);
	enum misfit misfit = event && (asked->granularity != GRAN_NONE || event->arg == MISFIT_TEXT) ? (enum misfit)event->arg : MISFITS;
	bool first = true;

	find_points(asked, device);
	if (!event) {
		leave_out_empty(asked);
	}
	bool cut = !event && cut_points();
	if (dice_permille(dice, 300)) {
		shuffle(dice);
	}
	put("{");
	if ((cut && plan->manners.cap_warns) || dice_permille(dice, 30)) {
		put("\"warningMsg\":\"take, \\\"care\\\"\",");
	}
	if (cut && plan->manners.cap_pages) {
		put("\"nextPageToken\":\"p2\",");
	}
	put("\"timeSeriesDataPoints\":[");
	if (asked->granularity != GRAN_NONE && !event && dice_permille(dice, 100)) {
		struct point behind = point_behind(asked, device);
		put_point(asked, &behind, (struct truth){TRUTH_COUNT, 9999}, MISFITS, first);
		first = false;
	}
	for (size_t i = 0; i < points.len; i++) {
		struct point *point = &points.list[i];
		struct truth truth = truth_at(asked->uuid, asked->granularity, point->start, point->end,
		                              world->now);
		if (misfit == MISFIT_HALVES) {
			put_half(asked, point, first);
			first = false;
		}
		if (asked->granularity != GRAN_NONE && dice_permille(dice, 10)) {
			/* Of duplicates the last stands. */
			put_point(asked, point, (struct truth){TRUTH_COUNT, 8888}, misfit, first);
			first = false;
		}
		put_point(asked, point, truth, misfit, first);
		first = false;
	}
	put("]}");
}

static void put_garbage(int variant) {
	static const char *const texts[] = {
		"", "<html><body>Bad gateway</body></html>", "{\"error\":true,\"errorMsg\":\"internal\"}",
		"{\"timeSeriesDataPoints\":[{\"timestampMs\":17", "[]", "null",
		"{\"timeSeriesDataPoints\":{\"a\":1}}", "\xff\xfe{}",
		"{\"error\":false,\"errorMsg\":\"no region\",\"timeSeriesDataPoints\":[]}",
		"{\"error\":{\"message\":\"asleep\"},\"timeSeriesDataPoints\":null}",
	};
	put("%s", texts[variant]);
}

static void put_message(long status) {
	switch (status) {
	case 429:
		put("Too many api requests. Enhance your calm.");
		break;
	case 401:
		put("{\"authenticationFailed\": true}");
		break;
	case 403:
		put("Invalid api key");
		break;
	case 400:
		put("{\"msg\":\"JSON doesn't match expected object structure\"}");
		break;
	default:
		put("{\"message\":\"status %ld\\nand more\"}", status);
		break;
	}
}

char *server_body(const struct asked *asked, const struct reply *reply, size_t *ret_len) {
	body.len = 0;
	put("%s", "");
	switch (reply->fate) {
	case FATE_ANSWER:
		put_answer(asked);
		break;
	case FATE_GARBAGE:
		put_garbage(reply->variant);
		break;
	case FATE_STATUS:
		put_message(reply->status);
		break;
	case FATE_TRANSPORT:
		break;
	}
	*ret_len = body.len;
	return body.text;
}
