// SPDX-License-Identifier: ISC

/*
 * A web server of one thread on a loopback port: to every request it says the
 * same, and notes what it was sent.  What it noted may be read once it has been
 * stopped.
 */

#ifndef TESTS_UNIT_SERVER_H
#define TESTS_UNIT_SERVER_H

#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_CONNECTIONS = 16, SERVER_REQUEST_MAX = 8192, SERVER_NOTED_MAX = 65536 };

struct server {
	/* What it says; reply_len 0: nothing, ever. */
	const char *reply;
	size_t reply_len;
	bool close_after;
	int answers; /* so many, and at the next request it is gone; 0: no end */

	/* What it noted. */
	int connections, requests;
	int closed; /* connections, by the client */
	char noted[SERVER_NOTED_MAX];

	int port;
	int listener, stop[2];
	pthread_t thread;
	struct pollfd fds[2 + SERVER_CONNECTIONS];
	nfds_t count;
	char pending[SERVER_CONNECTIONS][SERVER_REQUEST_MAX];
};

/* Whether head and body have come. */
static inline bool server_is_whole(const char *request) {
	const char *head_end = strstr(request, "\r\n\r\n");
	const char *length = strcasestr(request, "\r\nContent-Length:");
	if (!head_end) {
		return false;
	}
	return !length || strlen(head_end + 4) >= strtoul(length + 17, NULL, 10);
}

static inline void server_note(struct server *server, const char *request) {
	size_t len = strlen(server->noted);
	(void)snprintf(server->noted + len, sizeof(server->noted) - len, "%s\n", request);
	server->requests++;
}

/* False when the connection is over. */
static inline bool server_serve(struct server *server, int fd, char *pending) {
	size_t len = strlen(pending);
	ssize_t got = recv(fd, pending + len, SERVER_REQUEST_MAX - 1 - len, 0);
	if (got <= 0) {
		server->closed++;
		return false;
	}
	pending[len + (size_t)got] = '\0';
	if (!server_is_whole(pending)) {
		return true;
	}
	server_note(server, pending);
	pending[0] = '\0';
	if (server->answers > 0 && server->requests > server->answers) {
		(void)close(server->listener);
		server->fds[0].fd = -1;
		return false;
	}

	for (size_t sent = 0; sent < server->reply_len;) {
		ssize_t n = send(fd, server->reply + sent, server->reply_len - sent, MSG_NOSIGNAL);
		if (n <= 0) {
			return false;
		}
		sent += (size_t)n;
	}
	return !server->close_after;
}

static inline void *server_run(void *user) {
	struct server *server = user;
	while (poll(server->fds, server->count, -1) >= 0 && !server->fds[1].revents) {
		for (nfds_t i = 2; i < server->count; i++) {
			if (server->fds[i].fd >= 0 && server->fds[i].revents &&
			    !server_serve(server, server->fds[i].fd, server->pending[i - 2])) {
				(void)close(server->fds[i].fd);
				server->fds[i].fd = -1;
			}
		}
		if (server->fds[0].revents && server->count < COUNT_OF(server->fds)) {
			int fd = accept(server->listener, NULL, NULL);
			server->connections++;
			server->fds[server->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
		}
	}
	return NULL;
}

static inline void server_start_raw(struct server *server, const char *reply, size_t reply_len, bool close_after) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	memset(server, 0, sizeof(*server));
	server->reply = reply;
	server->reply_len = reply_len;
	server->close_after = close_after;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	expect_true(server->listener >= 0);
	expect_int(0, bind(server->listener, (struct sockaddr *)&address, size));
	expect_int(0, listen(server->listener, 64));
	expect_int(0, getsockname(server->listener, (struct sockaddr *)&address, &size));
	expect_int(0, pipe(server->stop));
	server->port = ntohs(address.sin_port);
	server->fds[0] = (struct pollfd){.fd = server->listener, .events = POLLIN};
	server->fds[1] = (struct pollfd){.fd = server->stop[0], .events = POLLIN};
	server->count = 2;
	expect_int(0, pthread_create(&server->thread, NULL, server_run, server));
}

static inline void server_start(struct server *server, const char *reply, bool close_after) {
	server_start_raw(server, reply, strlen(reply), close_after);
}

/** Ends the thread and all connections. */
static inline void server_stop(struct server *server) {
	(void)close(server->stop[1]);
	(void)pthread_join(server->thread, NULL);
	for (nfds_t i = 0; i < server->count; i++) {
		if (server->fds[i].fd >= 0) {
			(void)close(server->fds[i].fd);
		}
	}
}

#endif
