// SPDX-License-Identifier: ISC

/*
 * The double of request/http.h: the network, where time passes.
 */

#include "request/http.h"

#include "ledger.h"
#include "people.h"
#include "plan.h"
#include "rules.h"
#include "server.h"
#include "treaty.h"
#include "world.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLIGHTS = 16, /* more than all accounts may have together */
	/* More waits in a minute than any work can need. */
	WAITS_PER_MINUTE = 100000,
	HEAP_LOOK_EVERY = 2048,
	HEAP_MAX = 48 << 20,
	/* So many replies of no use in a row come over one connection at the most. */
	USELESS_MAX = 16,
};

struct flight {
	bool used;
	void *user;
	struct asked asked;
	struct reply reply;
	usec_t asked_at, lands_at;
	struct http_endpoint *endpoint; /* NULL: it was freed */
	int connection;
};

struct http {
	struct flight flights[FLIGHTS];
	char retry_after[64], date[64];
	struct flight *handed_out;
};

struct http_endpoint {
	int version, account, key;
	int connection;
	bool failed; /* a request over this connection got no answer */
	int useless; /* replies over it in a row */
};

int http_new(struct http **ret_http, struct error *err) {
	struct http *http = calloc(1, sizeof(*http));
	(void)err;
	if (!http) {
		return -ENOMEM;
	}
	rules_begin();
	ledger_configured(node->version);
	*ret_http = http;
	return 0;
}

void http_free(struct http *http) {
	free(http);
	server_done();
}

/* What is looked up and connected to from now on. */
static void connect_anew(struct http_endpoint *endpoint) {
	endpoint->connection = ++world->connections;
	endpoint->failed = false;
	endpoint->useless = 0;
}

int http_endpoint_new(const struct http_endpoint_options *options, struct http_endpoint **ret_endpoint,
                      struct error *err) {
	struct http_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	unsigned long long seed = 0;
	bool known = false;
	(void)err;
	if (!endpoint) {
		return -ENOMEM;
	}
	for (const char *const *header = options->headers; *header; header++) {
		known = known || sscanf(*header, "x-auth-apikey: key-%*d-%d-%llu", &endpoint->key, &seed) == 2;
	}
	if (sscanf(options->url, "https://s%*d.example/%d/%d", &endpoint->version, &endpoint->account) != 2 ||
	    !known || seed != world->seed) {
		world_violation("endpoint: expected one of the configuration's, with its key, but %s came",
		                options->url);
	}
	connect_anew(endpoint);
	*ret_endpoint = endpoint;
	return 0;
}

void http_endpoint_free(struct http *http, struct http_endpoint *endpoint) {
	for (size_t i = 0; http && i < FLIGHTS; i++) {
		if (http->flights[i].endpoint == endpoint) {
			http->flights[i].endpoint = NULL;
		}
	}
	free(endpoint);
}

void http_renew(struct http *http) {
	const struct flight *flight = http->handed_out;
	if (flight && flight->endpoint && flight->connection == flight->endpoint->connection) {
		connect_anew(flight->endpoint);
	}
}

/* That nothing goes over a connection which there is a reason not to trust. */
static void check_connection(const struct http_endpoint *endpoint) {
	if (endpoint->failed || endpoint->useless >= USELESS_MAX) {
		world_violation("connection: expected another one of account %d, as %s, but a request came over the "
		                "same", endpoint->account,
		                endpoint->failed ? "a request got no answer" : "many replies were of no use");
	}
}

static void note_reply(const struct flight *flight) {
	struct http_endpoint *endpoint = flight->endpoint;
	const struct reply *reply = &flight->reply;
	if (!endpoint || flight->connection != endpoint->connection) {
		return;
	}
	bool throttled = reply->status == 429 || (reply->status == 503 && reply->retry_after[0]);
	endpoint->useless = reply->fate == FATE_ANSWER || throttled ? 0 : endpoint->useless + 1;
	endpoint->failed = endpoint->failed || (reply->fate == FATE_TRANSPORT && !reply->status);
}

/* A connection on which nothing comes any more, or behind which there is another server. */
static void follow_stale(struct flight *flight, usec_t timeout) {
	const struct stale *stale = &world->stale[flight->asked.account];
	if (flight->connection > stale->last) {
		return;
	}
	flight->reply = stale->silent ? (struct reply){.fate = FATE_TRANSPORT, .result = HTTP_SLOW, .delay = timeout}
	                              : (struct reply){.fate = FATE_STATUS, .status = 404, .delay = USEC_PER_SEC};
}

/* Requests */

static void understand(const char *body, struct asked *asked) {
	char interval[32] = "";
	long long start, end;
	int fields = sscanf(body, "{\"deviceUuid\":\"%63[^\"]\",\"startTimeMs\":%lld,\"endTimeMs\":%lld,"
	                          "\"interval\":\"%31[^\"]\"}", asked->uuid, &start, &end, interval);
	if (fields < 3) {
		world_violation("request: expected uuid, start, end and interval, but came %s", body);
		return;
	}
	asked->granularity = GRAN_NONE;
	for (int i = 0; i < GRANULARITIES; i++) {
		if (fields == 4 && strcmp(interval, granularity_name((enum granularity)i)) == 0) {
			asked->granularity = i;
		}
	}
	asked->start = start * USEC_PER_MSEC;
	asked->end = end * USEC_PER_MSEC;
}

int http_post(struct http *http, struct http_endpoint *endpoint, const char *body,
              usec_t timeout, void *user, struct error *err) {
	struct flight *flight = http->flights;
	(void)err;
	while (flight < http->flights + FLIGHTS && flight->used) {
		flight++;
	}
	if (flight == http->flights + FLIGHTS) {
		world_violation("in flight: %d requests at once", FLIGHTS);
	}

	check_connection(endpoint);
	*flight = (struct flight){.used = true, .user = user, .endpoint = endpoint, .connection = endpoint->connection};
	flight->asked.version = endpoint->version;
	flight->asked.account = endpoint->account;
	flight->asked.key = endpoint->key;
	understand(body, &flight->asked);
	world_note("request: account %d key %d: %s", endpoint->account, endpoint->key, body);
	world->figures.requests++;
	rules_request(&flight->asked);
	if (nodes->cluster) {
		treaty_request(&flight->asked);
	}
	ledger_asked(&flight->asked);
	flight->reply = server_decide(&flight->asked, timeout);
	follow_stale(flight, timeout);
	flight->asked_at = world->now;
	flight->lands_at = world->now + flight->reply.delay;
	if (flight->lands_at > world->now + timeout) {
		flight->lands_at = world->now + timeout;
		flight->reply = (struct reply){.fate = FATE_TRANSPORT, .result = HTTP_SLOW};
	}
	return 0;
}

/* Nobody here has a path, or owns an endpoint. */

int http_post_to(struct http *http, struct http_endpoint *endpoint, const char *path, const char *body,
                 usec_t timeout, void *user, struct error *err) {
	if (*path) {
		world_violation("request: expected none to a path, but one to %s came", path);
	}
	return http_post(http, endpoint, body, timeout, user, err);
}

bool http_next_for(struct http *http, const void *owner, struct http_reply *ret_reply) {
	return !owner && http_next(http, ret_reply);
}

void http_cancel_for(struct http *http, const void *owner) {
	if (!owner) {
		http_cancel_all(http);
	}
}

void http_cancel_all(struct http *http) {
	for (size_t i = 0; i < FLIGHTS; i++) {
		http->flights[i].used = false;
	}
	http->handed_out = NULL;
	rules_cancelled();
}

/* Waiting */

static void look_at_heap(void) {
	struct mallinfo2 heap = mallinfo2();
	if (heap.uordblks > HEAP_MAX) {
		world_violation("memory: expected at most %d bytes in use, but there are %zu", HEAP_MAX,
		                heap.uordblks);
	}
}

/* That time passes at all. */
static void look_at_progress(void) {
	static usec_t minute;
	static int waits;
	if (world->now - minute >= USEC_PER_MIN) {
		minute = world->now;
		waits = 0;
	}
	if (++waits > WAITS_PER_MINUTE) {
		world_violation("progress: expected the loop to rest, but it waited %d times within a minute",
		                waits);
	}
	if (world->figures.waits++ % HEAP_LOOK_EVERY == 0) {
		look_at_heap();
	}
}

static bool signal_waits(void) {
	return node->sig_stop || node->sig_reload || node->sig_rotate;
}

static usec_t earlier(usec_t a, usec_t b) {
	return a < b ? a : b;
}

static usec_t wake_at(const struct http *http, usec_t timeout) {
	usec_t at = earlier(plan_next(), timeout > USEC_PER_DAY ? USEC_INFINITY : world->now + timeout);
	for (size_t i = 0; i < FLIGHTS; i++) {
		if (http->flights[i].used) {
			at = earlier(at, http->flights[i].lands_at);
		}
	}
	return node->doom == DOOM_NONE ? at : earlier(at, node->doom_at);
}

int http_wait(struct http *http, int fd, usec_t timeout, struct error *err) {
	(void)fd;
	(void)err;
	look_at_progress();
	if (node->emptying) {
		people_empty_log();
	}
	if (world_is_doomed(false)) {
		world_meet_doom();
	}
	if (timeout > 2 * USEC_PER_MIN) {
		world_violation("waiting: expected a look at the clocks every minute, but a wait of %lld us came",
		                (long long)timeout);
	}
	usec_t at = wake_at(http, timeout < 0 ? 0 : timeout);
	if (signal_waits()) {
		at = world->now;
	}
	/* Looking takes its time too, and waits end late rather than early. */
	usec_t late = 20 + dice_below(&world->os, 100);
	node_sleep((at > world->now ? at - world->now : 0) + late, true);
	world_mix((uint64_t)world->now, (uint64_t)timeout);
	if (world_is_doomed(false)) {
		world_meet_doom();
	}
	return 0;
}

/* Replies */

static struct flight *landed(struct http *http) {
	struct flight *first = NULL;
	for (size_t i = 0; i < FLIGHTS; i++) {
		struct flight *flight = &http->flights[i];
		if (flight->used && flight->lands_at <= world->now &&
		    (!first || flight->lands_at < first->lands_at)) {
			first = flight;
		}
	}
	return first;
}

/* No two of them agree. */
static usec_t odd_time(void) {
	struct dice *dice = &world->os;
	switch (dice_below(dice, 3)) {
	case 0:
		return dice_between(dice, 0, 4102444800) * USEC_PER_SEC;
	case 1:
		return world->now - dice_between(dice, 60, 86400) * USEC_PER_SEC;
	default:
		return world->now + dice_between(dice, 60, 86400) * USEC_PER_SEC;
	}
}

bool http_next(struct http *http, struct http_reply *ret_reply) {
	struct flight *flight = landed(http);
	http->handed_out = flight;
	if (!flight) {
		return false;
	}
	/* More of the first ones that a life sees. */
	static int replies;
	flight->reply.odd = !world->fault_free &&
	                    dice_permille(&world->os, plan->permille_odd * (replies++ < 2 ? 10 : 1));
	rules_reply(&flight->asked, &flight->reply);
	note_reply(flight);
	(void)snprintf(http->retry_after, sizeof(http->retry_after), "%s", flight->reply.retry_after);

	if (flight->reply.status && !plan->without_date) {
		server_date(http->date, sizeof(http->date), flight->reply.odd ? odd_time() : world->now - world->server_late);
	} else {
		http->date[0] = '\0';
	}
	size_t len;
	char *body = server_body(&flight->asked, &flight->reply, &len);
	bool replied = flight->reply.fate != FATE_TRANSPORT;
	*ret_reply = (struct http_reply){
		.user = flight->user,
		.result = replied ? HTTP_REPLIED : flight->reply.result,
		.status = flight->reply.status,
		.body = body,
		.body_len = len,
		.retry_after = http->retry_after[0] ? http->retry_after : NULL,
		.date = http->date[0] ? http->date : NULL,
		.error = replied ? NULL : "the simulation lost it",
	};
	if (flight->reply.fate == FATE_ANSWER && !plan_active(EVENT_MISFIT, flight->asked.account)) {
		ledger_answered(&flight->asked);
	} else {
		ledger_failed(&flight->asked);
	}
	/* What does not fit may fit by chance. */
	if (nodes->cluster && flight->reply.fate == FATE_ANSWER) {
		treaty_reply(&flight->asked, flight->asked_at);
	}
	world_note("reply: %s from %s: %d/%ld, %zu bytes%s%s", flight->asked.uuid,
	           world_time(flight->asked.start), (int)ret_reply->result, ret_reply->status, len,
	           http->retry_after[0] ? ", retry after " : "", http->retry_after);
	world_mix_bytes(body, len);
	world->figures.replies++;
	flight->used = false;
	return true;
}
