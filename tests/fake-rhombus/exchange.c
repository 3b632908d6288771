// SPDX-License-Identifier: ISC

#include "exchange.h"

#include "clock.h"
#include "listener.h"
#include "request.h"
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { REQUEST_MAX = 16 << 20 };

enum step {
	STEP_READ,  /* the request is coming in */
	STEP_DELAY, /* waiting to be sent */
	STEP_SEND,
	STEP_CLOSE, /* nothing more will be sent */
};

struct exchange {
	struct holds *holds;
	struct world *world;
	struct MHD_Connection *connection;
	int fd;
	enum step step;
	struct request request;
	struct org *org;

	/* The reply. */
	struct MHD_Response *response;
	unsigned status;
	enum course course;
	bool dated; /* a rule has decided on the Date */
	int64_t delay_us;
	struct text body;
	int64_t trickle_us;
	int64_t next_byte_us;
	size_t cut; /* how much of the body is sent */

	/* While it is held. */
	int64_t due_us; /* INT64_MAX: never */
	struct exchange *previous, *next;
};

/* Holding. */

static void hold_begin(struct exchange *exchange, int64_t due_us) {
	struct holds *holds = exchange->holds;
	struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = exchange};

	MHD_suspend_connection(exchange->connection);
	epoll_ctl(holds->epoll_fd, EPOLL_CTL_ADD, exchange->fd, &event);
	exchange->due_us = due_us;
	exchange->previous = NULL;
	exchange->next = holds->first;
	if (holds->first) {
		holds->first->previous = exchange;
	}
	holds->first = exchange;
}

static void hold_end(struct exchange *exchange) {
	struct holds *holds = exchange->holds;

	if (exchange->previous) {
		exchange->previous->next = exchange->next;
	} else {
		holds->first = exchange->next;
	}
	if (exchange->next) {
		exchange->next->previous = exchange->previous;
	}
	epoll_ctl(holds->epoll_fd, EPOLL_CTL_DEL, exchange->fd, NULL);
	MHD_resume_connection(exchange->connection);
}

int64_t holds_due_us(const struct holds *holds) {
	int64_t due_us = INT64_MAX;

	for (const struct exchange *exchange = holds->first; exchange; exchange = exchange->next) {
		if (exchange->due_us < due_us) {
			due_us = exchange->due_us;
		}
	}
	return due_us;
}

void holds_release(struct holds *holds, int64_t now_us) {
	struct exchange *next;

	for (struct exchange *exchange = holds->first; exchange; exchange = next) {
		next = exchange->next;
		if (exchange->due_us <= now_us) {
			hold_end(exchange);
		}
	}
}

void hold_abandon(struct exchange *exchange) {
	exchange->step = STEP_CLOSE;
	hold_end(exchange);
}

void holds_abandon(struct holds *holds) {
	while (holds->first) {
		hold_abandon(holds->first);
	}
}

/* Reading. */

static const char *header(struct MHD_Connection *connection, const char *name) {
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void request_init(struct request *request, const struct world *world,
                         struct MHD_Connection *connection) {
	bool proxy = world->options->trust_proxy;
	const char *verify = proxy ? header(connection, "x-fake-client-verify") : NULL;
	const char *http = proxy ? header(connection, "x-fake-http") : NULL;

	if (http) {
		request->http = http;
	}
	request->since = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "since");
	request->content_type = header(connection, "Content-Type");
	request->accept = header(connection, "Accept");
	request->accept_encoding = header(connection, "Accept-Encoding");
	request->user_agent = header(connection, "User-Agent");
	request->credential = (struct credential){
		.scheme = header(connection, "x-auth-scheme"),
		.secret = header(connection, "x-auth-apikey"),
		.org = header(connection, "x-auth-org"),
		.certificate = verify && strcmp(verify, "SUCCESS") == 0,
	};
}

struct exchange *exchange_new(struct holds *holds, struct world *world,
                              struct MHD_Connection *connection, const char *method,
                              const char *path, const char *http) {
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int fd = info->connect_fd;
	struct exchange *exchange = memory_resize(NULL, 1, sizeof(*exchange));

	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	*exchange = (struct exchange){
		.holds = holds,
		.world = world,
		.connection = connection,
		.fd = fd,
		.request = {.method = method, .path = path, .http = http},
	};
	exchange->request.connection = (int64_t)(intptr_t)info->socket_context;
	request_init(&exchange->request, world, connection);
	return exchange;
}

void exchange_free(struct exchange *exchange) {
	service_finished(exchange->org);
	if (exchange->response) {
		MHD_destroy_response(exchange->response);
	}
	text_done(&exchange->request.body);
	text_done(&exchange->body);
	free(exchange);
}

void exchange_feed(struct exchange *exchange, const char *bytes, size_t length) {
	struct request *request = &exchange->request;

	if (request->body.length + length > REQUEST_MAX) {
		request->too_large = true;
	} else {
		text_add_bytes(&request->body, bytes, length);
	}
}

/* Sending. */

/* Hands out the body: all that is asked for, or one byte at its time. */
static ssize_t body_read(void *cls, uint64_t position, char *buffer, size_t room) {
	struct exchange *exchange = cls;
	size_t left = exchange->cut - (size_t)position;
	int64_t now_us = mono_us();

	if (exchange->step == STEP_CLOSE || left == 0) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (exchange->trickle_us > 0) {
		if (now_us < exchange->next_byte_us) {
			hold_begin(exchange, exchange->next_byte_us);
			return 0;
		}
		exchange->next_byte_us = now_us + exchange->trickle_us;
		room = 1;
	}
	if (room > left) {
		room = left;
	}
	memcpy(buffer, exchange->body.bytes + position, room);
	return (ssize_t)room;
}

enum { BLOCK_BYTES = 32768 };

/* Plain replies are handed over whole; those that are cut or trickled are read from here. */
static struct MHD_Response *response_make(struct exchange *exchange, struct answer *answer) {
	size_t length = answer->body.length;
	size_t cut = answer->cut >= 0 ? (size_t)answer->cut : length;
	size_t declared = length > cut ? length : cut + (answer->cut >= 0);

	if (answer->cut < 0 && answer->trickle_ms == 0) {
		char *bytes = answer->body.bytes;

		answer->body = (struct text){0};
		return MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE);
	}
	exchange->body = answer->body;
	answer->body = (struct text){0};
	exchange->cut = cut < length ? cut : length;
	exchange->trickle_us = answer->trickle_ms * 1000;
	return MHD_create_response_from_callback(declared, BLOCK_BYTES, body_read, exchange, NULL);
}

static void response_dress(struct MHD_Response *response, const struct answer *answer) {
	if (!answer_has_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE)) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
		                        answer->content_type);
	}
	json_object_object_foreach(answer->headers, name, value) {
		if (value) {
			MHD_add_response_header(response, name, json_object_get_string(value));
		}
	}
}

/* The moment at which the reply is sent, after any delay, by the server's clock. */
static void response_date(struct MHD_Response *response, const struct world *world) {
	struct text date = {0};

	text_add_http_date(&date, world_now_ms(world) / 1000);
	MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, date.bytes);
	text_done(&date);
}

static void decide(struct exchange *exchange) {
	struct answer answer;

	service_answer(exchange->world, &exchange->request, &answer, &exchange->org);
	exchange->course = answer.course;
	exchange->status = answer.status;
	exchange->delay_us = answer.delay_ms * 1000;
	exchange->response = response_make(exchange, &answer);
	if (exchange->response) {
		response_dress(exchange->response, &answer);
		exchange->dated = answer_has_header(&answer, MHD_HTTP_HEADER_DATE);
	}
	answer_done(&answer);
}

static enum MHD_Result send_or_not(struct exchange *exchange) {
	switch (exchange->course) {
	case COURSE_HANG:
		exchange->step = STEP_CLOSE;
		hold_begin(exchange, INT64_MAX);
		return MHD_YES;
	case COURSE_RESET:
		connection_abort(exchange->fd);
		return MHD_NO;
	case COURSE_CLOSE:
		return MHD_NO;
	default:
		exchange->step = STEP_SEND;
		if (!exchange->response) {
			return MHD_NO;
		}
		if (!exchange->dated) {
			response_date(exchange->response, exchange->world);
		}
		return MHD_queue_response(exchange->connection, exchange->status,
		                          exchange->response);
	}
}

enum MHD_Result exchange_step(struct exchange *exchange) {
	switch (exchange->step) {
	case STEP_READ:
		decide(exchange);
		if (exchange->delay_us == 0) {
			return send_or_not(exchange);
		}
		exchange->step = STEP_DELAY;
		hold_begin(exchange, mono_us() + exchange->delay_us);
		return MHD_YES;
	case STEP_DELAY:
		return send_or_not(exchange);
	default:
		return MHD_NO;
	}
}
