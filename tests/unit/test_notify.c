// SPDX-License-Identifier: ISC

/* status/notify.h: what systemd hears, also when it does not listen for a while. */

#include "fixture.h"

#include "status/notify.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket that takes as many datagrams as the kernel lets wait, and NOTIFY_SOCKET for it. */
static int listen_at(bool abstract) {
	char name[64];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(name, sizeof(name), "%soccupancyd-notify-%d", abstract ? "@" : "/tmp/", (int)getpid());
	memcpy(address.sun_path, name, strlen(name));
	socklen_t size = sizeof(address);
	if (abstract) {
		address.sun_path[0] = '\0';
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	expect_true(fd >= 0);
	(void)unlink(address.sun_path);
	expect_int(0, bind(fd, (struct sockaddr *)&address, size));
	expect_int(0, setenv("NOTIFY_SOCKET", name, 1));
	return fd;
}

static void stop_listening(int fd) {
	const char *name = getenv("NOTIFY_SOCKET");
	expect_not_null(name);
	(void)unlink(name);
	(void)close(fd);
	expect_int(0, unsetenv("NOTIFY_SOCKET"));
}

/* The next datagram; "" if there is none. */
static const char *hear(int fd) {
	static char text[4096];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void each_message_is_a_datagram(void **state) {
	(void)state;
	for (int abstract = 0; abstract < 2; abstract++) {
		int fd = listen_at(abstract);
		notify_ready();
		notify_status("2 devices ok");
		notify_extend_timeout(30 * USEC_PER_SEC);
		notify_watchdog();
		notify_reloading();
		notify_stopping();
		expect_text("READY=1", hear(fd), "ready");
		expect_text("STATUS=2 devices ok", hear(fd), "status");
		expect_text("EXTEND_TIMEOUT_USEC=30000000", hear(fd), "extend");
		expect_text("WATCHDOG=1", hear(fd), "watchdog");
		long long usec = 0;
		expect_int(1, sscanf(hear(fd), "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), "reloading");
		expect_true(usec > 0);
		expect_text("STOPPING=1", hear(fd), "stopping");
		expect_text("", hear(fd), "and no more");
		expect_true(notify_flush());
		stop_listening(fd);
	}
}

static void without_a_socket_nothing_happens(void **state) {
	(void)state;
	static const char *const names[] = {NULL, "", "/", "relative", "vsock:2:1234", "/no/such/socket"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		expect_int(0, names[i] ? setenv("NOTIFY_SOCKET", names[i], 1) : unsetenv("NOTIFY_SOCKET"));
		notify_ready();
		notify_watchdog();
		expect_true(notify_flush());
	}
	expect_int(0, unsetenv("NOTIFY_SOCKET"));
}

/* Until there is no room: what is sent then waits, in order, and nothing blocks. */
static void what_there_is_no_room_for_is_sent_later(void **state) {
	(void)state;
	int fd = listen_at(false);
	int sent = 0;
	for (; notify_flush() && sent < 10000; sent++) {
		notify_extend_timeout(sent);
	}
	expect_between(2, 9999, sent, "datagrams until the socket is full");
	notify_watchdog();
	notify_reloading();
	notify_status("not this");
	notify_status("nor this");
	notify_status("but this");
	notify_watchdog();
	notify_ready();
	expect_false(notify_flush());

	for (int i = 0; i < sent; i++) {
		char expected[64];
		(void)snprintf(expected, sizeof(expected), "EXTEND_TIMEOUT_USEC=%d", i);
		expect_text(expected, hear(fd), "datagram %d", i);
		(void)notify_flush();
	}
	expect_true(notify_flush());
	expect_true(strncmp(hear(fd), "RELOADING=1\n", 12) == 0);
	expect_text("STATUS=but this", hear(fd), "the latest status");
	expect_text("READY=1", hear(fd), "ready");
	expect_text("", hear(fd), "and no watchdog, which would be late");
	stop_listening(fd);
}

/* Of more than can be kept the oldest are dropped. */
static void what_waits_is_bounded(void **state) {
	(void)state;
	int fd = listen_at(false);
	while (notify_flush()) {
		notify_ready();
	}
	for (int i = 0; i < 1000; i++) {
		notify_extend_timeout(i);
	}
	const char *text;
	char last[64] = "";
	for (int kept = 0;; kept++) {
		(void)notify_flush();
		text = hear(fd);
		if (!text[0]) {
			expect_between(2, 600, kept, "datagrams in all");
			break;
		}
		(void)snprintf(last, sizeof(last), "%.63s", text);
	}
	expect_text("EXTEND_TIMEOUT_USEC=999", last, "the last one");
	stop_listening(fd);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_is_a_datagram),
		cmocka_unit_test(without_a_socket_nothing_happens),
		cmocka_unit_test(what_there_is_no_room_for_is_sent_later),
		cmocka_unit_test(what_waits_is_bounded),
	};
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
