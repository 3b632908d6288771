// SPDX-License-Identifier: ISC

#include "server.h"

#include "clock.h"
#include "exchange.h"
#include "listener.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, EVENTS = 64 };

/*
 * The loop waits for three things: libmicrohttpd's own epoll, the signals, and the clients of
 * held exchanges going away.
 */
struct server {
	struct world *world;
	struct listener listener;
	struct MHD_Daemon *daemon;
	struct holds holds;
	int signal_fd;
	bool stop;
};

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state) {
	struct server *server = cls;

	if (!*state) {
		*state = exchange_new(&server->holds, server->world, connection, method, url,
		                      version);
		return MHD_YES;
	}
	if (*upload_size > 0) {
		exchange_feed(*state, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	return exchange_step(*state);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code) {
	(void)cls;
	(void)connection;
	(void)code;
	if (*state) {
		exchange_free(*state);
	}
	*state = NULL;
}

/* Numbers the connections; the number itself stands in the pointer. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
	struct server *server = cls;

	(void)connection;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = (void *)(intptr_t)++server->world->tally.connections;
	}
}

/* Hundreds of connections hang at the same time in tests. */
static void raise_file_limit(void) {
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int watch(const struct server *server, int fd, const int *mark, struct why *why) {
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)(uintptr_t)mark};

	if (epoll_ctl(server->holds.epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		return why_set(why, "epoll: %s", strerror(errno));
	}
	return 0;
}

/* What an epoll event points to if it is not a held exchange. */
static const int mark_daemon, mark_signal;

static int loop_open(struct server *server, struct why *why) {
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	server->holds.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!info || server->holds.epoll_fd < 0 || server->signal_fd < 0) {
		return why_set(why, "epoll, signalfd: %s", strerror(errno));
	}
	if (watch(server, info->epoll_fd, &mark_daemon, why) < 0) {
		return -EINVAL;
	}
	return watch(server, server->signal_fd, &mark_signal, why);
}

static int daemon_start(struct server *server, struct why *why) {
	server->daemon = MHD_start_daemon(
		/* No Date of the library's: it knows only the machine's clock. */
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, on_request, server,
		MHD_OPTION_LISTEN_SOCKET, server->listener.fd, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_END);
	if (server->daemon) {
		return 0;
	}
	close(server->listener.fd);
	return why_set(why, "libmicrohttpd cannot start");
}

struct server *server_new(struct world *world, const char *address, int64_t port, struct why *why) {
	struct server *server = memory_resize(NULL, 1, sizeof(*server));

	*server = (struct server){.world = world, .signal_fd = -1, .holds.epoll_fd = -1};
	raise_file_limit();
	if (listener_open(&server->listener, address, port, why) == 0 &&
	    daemon_start(server, why) == 0 && loop_open(server, why) == 0) {
		return server;
	}
	server_free(server);
	return NULL;
}

void server_free(struct server *server) {
	if (!server) {
		return;
	}
	holds_abandon(&server->holds);
	if (server->daemon) {
		MHD_stop_daemon(server->daemon); /* closes the listening socket as well */
	}
	if (server->signal_fd >= 0) {
		close(server->signal_fd);
	}
	if (server->holds.epoll_fd >= 0) {
		close(server->holds.epoll_fd);
	}
	free(server);
}

const char *server_url(const struct server *server) {
	return server->listener.url;
}

int server_port(const struct server *server) {
	return server->listener.port;
}

/* Whole milliseconds until the next thing to do, rounded up; -1 for ever. */
static int wait_ms(const struct server *server) {
	MHD_UNSIGNED_LONG_LONG daemon_ms;
	int64_t due_us = holds_due_us(&server->holds);
	int64_t ms = due_us == INT64_MAX ? INT64_MAX : (due_us - mono_us() + 999) / 1000;

	if (MHD_get_timeout(server->daemon, &daemon_ms) == MHD_YES && (int64_t)daemon_ms < ms) {
		ms = (int64_t)daemon_ms;
	}
	if (ms == INT64_MAX) {
		return -1;
	}
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static void on_event(struct server *server, const struct epoll_event *event) {
	if (event->data.ptr == &mark_signal) {
		server->stop = true;
	} else if (event->data.ptr != &mark_daemon) {
		hold_abandon(event->data.ptr);
	}
}

int server_run(struct server *server, struct why *why) {
	struct epoll_event events[EVENTS];

	while (!server->stop) {
		int count = epoll_wait(server->holds.epoll_fd, events, EVENTS, wait_ms(server));

		if (count < 0 && errno != EINTR) {
			return why_set(why, "epoll: %s", strerror(errno));
		}
		for (int i = 0; i < count; i++) {
			on_event(server, &events[i]);
		}
		holds_release(&server->holds, mono_us());
		if (MHD_run(server->daemon) != MHD_YES) {
			return why_set(why, "libmicrohttpd gave up");
		}
	}
	return 0;
}
