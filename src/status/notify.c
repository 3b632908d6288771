// SPDX-License-Identifier: ISC

/*
 * The one user of libsystemd, for the watchdog's interval alone: its sd_notify()
 * blocks while nobody reads the socket, and polling would wait with it.  The
 * protocol is that of sd_notify(3): a datagram of lines to NOTIFY_SOCKET.
 *
 * What the socket has no room for is kept and sent later, in order.  Other errors
 * are ignored: there is nowhere to report that systemd cannot be reached.
 */

#include "status/notify.h"

#include "base/buf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum {
	/* More changes of state than can come before a stop. */
	WAITING_MAX = 16,
	MESSAGE_MAX = 4096,
};

static struct {
	struct buf list[WAITING_MAX];
	size_t len;
} waiting;

/* The socket's address; 0 if there is none. */
static socklen_t address_of(struct sockaddr_un *ret) {
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(ret->sun_path) || (path[0] != '/' && path[0] != '@')) {
		return 0;
	}
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path, len);
	if (path[0] == '@') {
		ret->sun_path[0] = '\0'; /* the abstract name space */
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	}
	return sizeof(*ret);
}

/* Returns whether it is done with: false if there was no room. */
static bool transmit(const char *text, size_t len) {
	struct sockaddr_un address;
	socklen_t size = address_of(&address);
	int fd = size > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
	if (fd < 0) {
		return true;
	}
	ssize_t sent = sendto(fd, text, len, MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
	bool full = sent < 0 && (errno == EAGAIN || errno == ENOBUFS);
	(void)close(fd);
	return !full;
}

static void forget(size_t at) {
	buf_done(&waiting.list[at]);
	waiting.len--;
	for (; at < waiting.len; at++) {
		waiting.list[at] = waiting.list[at + 1];
	}
}

static bool is_status(const char *text) {
	return strncmp(text, "STATUS=", 7) == 0;
}

static void keep(const char *text) {
	if (waiting.len > 0 && is_status(text) && is_status(buf_text(&waiting.list[waiting.len - 1]))) {
		forget(waiting.len - 1); /* what it was in between does not matter */
	}
	if (waiting.len == WAITING_MAX) {
		forget(0);
	}
	struct buf *last = &waiting.list[waiting.len];
	buf_init(last, MESSAGE_MAX);
	buf_puts(last, text);
	if (buf_error(last)) {
		buf_done(last);
	} else {
		waiting.len++;
	}
}

bool notify_flush(void) {
	while (waiting.len > 0 && transmit(buf_text(&waiting.list[0]), waiting.list[0].len)) {
		forget(0);
	}
	return waiting.len == 0;
}

static void notify(const char *text) {
	if (!notify_flush() || !transmit(text, strlen(text))) {
		keep(text);
	}
}

void notify_ready(void) {
	notify("READY=1");
}

/* systemd compares this with a clock of its own, which does not count suspended time: sd_notify(3). */
void notify_reloading(void) {
	struct timespec now = {0};
	struct buf text;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	buf_init(&text, MESSAGE_MAX);
	buf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	           (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000);
	notify(buf_text(&text));
	buf_done(&text);
}

void notify_stopping(void) {
	notify("STOPPING=1");
}

void notify_extend_timeout(usec_t by) {
	struct buf text;
	buf_init(&text, MESSAGE_MAX);
	buf_printf(&text, "EXTEND_TIMEOUT_USEC=%" PRId64, by);
	notify(buf_text(&text));
	buf_done(&text);
}

void notify_status(const char *status) {
	struct buf text;
	buf_init(&text, MESSAGE_MAX);
	buf_printf(&text, "STATUS=%s", status);
	notify(buf_text(&text));
	buf_done(&text);
}

void notify_watchdog(void) {
	/* Late, it would speak of a progress that is long past. */
	(void)(notify_flush() && transmit("WATCHDOG=1", strlen("WATCHDOG=1")));
}

usec_t notify_watchdog_interval(void) {
	uint64_t usec;
	return sd_watchdog_enabled(0, &usec) > 0 && usec < INT64_MAX ? (usec_t)usec : 0;
}
