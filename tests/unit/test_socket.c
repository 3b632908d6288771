// SPDX-License-Identifier: ISC

/* status/socket.h: who gets what, and how much at a time. */

#include "fixture.h"
#include "temporary.h"

#include "status/socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NOW (USEC_PER_HOUR)
#define SECOND USEC_PER_SEC

static char path[96];
static int signals[2];

/* A document of so many lines, each of a hundred bytes. */
static size_t lines, written;

static bool write_line(void *user, void *state, struct buf *out) {
	size_t *at = state;
	expect_same(&lines, user);
	if (*at < lines) {
		buf_printf(out, "%99zu\n", (*at)++);
		written++;
	}
	return *at < lines;
}

static const struct socket_source source = {.state_size = sizeof(size_t), .write = write_line, .user = &lines};

static int set_up(void **state) {
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/status-%d", temporary(), (int)getpid());
	(void)unlink(path);
	written = 0;
	lines = 1;
	return pipe(signals);
}

static int tear_down(void **state) {
	(void)state;
	(void)close(signals[0]);
	(void)close(signals[1]);
	struct stat st;
	return lstat(path, &st) < 0 && errno == ENOENT ? 0 : -1;
}

static struct socket *listening(void) {
	struct socket *sock = NULL;
	struct error err = {{0}};
	expect_int(0, socket_open(path, signals[0], &source, &sock, &err), "%s", err.text);
	return sock;
}

static int connected(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	expect_true(fd >= 0);
	expect_int(0, connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

static bool is_readable(const struct socket *sock) {
	struct pollfd fd = {.fd = socket_fd(sock), .events = POLLIN};
	return poll(&fd, 1, 0) > 0;
}

/* What has come, and whether that was all. */
static size_t received(int fd, bool *ret_end) {
	static char text[1 << 16];
	size_t total = 0;
	ssize_t len;
	while ((len = recv(fd, text, sizeof(text), 0)) > 0) {
		total += (size_t)len;
	}
	*ret_end = len == 0;
	return total;
}

static void a_document_and_the_end(void **state) {
	(void)state;
	struct stat st;
	bool end;
	struct socket *sock = listening();
	expect_int(0, lstat(path, &st));
	expect_int(S_IFSOCK | 0660, st.st_mode, "mode");
	expect_true(!is_readable(sock));
	expect_int(USEC_INFINITY, socket_next(sock), "nothing to do");

	lines = 5;
	int client = connected();
	expect_true(is_readable(sock));
	socket_turn(sock, NOW);
	socket_turn(sock, NOW);
	expect_int(500, received(client, &end), "bytes");
	if (!end) {
		socket_turn(sock, NOW);
		expect_int(0, received(client, &end), "bytes");
	}
	expect_true(end);
	expect_true(!is_readable(sock));
	(void)close(client);
	socket_close(sock);
}

static void it_wakes_for_the_other_descriptor_too(void **state) {
	(void)state;
	struct socket *sock = listening();
	expect_int(1, write(signals[1], "x", 1));
	expect_true(is_readable(sock));
	socket_turn(sock, NOW);
	expect_true(is_readable(sock)); /* that is for others to read */
	socket_close(sock);
}

/* A client's share, and no more than a few of them in a turn. */
static void no_turn_is_long(void **state) {
	(void)state;
	bool end;
	size_t most = 0, total = 0;
	struct socket *sock = listening();
	int clients[20];
	lines = 20000; /* 2 MB */
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		clients[i] = connected();
	}
	for (size_t open = COUNT_OF(clients); open > 0;) {
		size_t before = written;
		socket_turn(sock, NOW);
		most = written - before > most ? written - before : most;
		open = 0;
		for (size_t i = 0; i < COUNT_OF(clients); i++) {
			total += received(clients[i], &end);
			open += !end;
		}
	}
	expect_int(COUNT_OF(clients) * lines * 100, total, "all of each");
	if (most * 100 > 1 << 20) {
		fail_msg("a turn has written %zu bytes", most * 100);
	}
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		(void)close(clients[i]);
	}
	socket_close(sock);
}

/* What does not fit into the kernel is not made, either. */
static void of_those_that_do_not_read_little_is_kept(void **state) {
	(void)state;
	bool end;
	struct socket *sock = listening();
	lines = 1000000;
	int lazy = connected(), other = connected();
	for (int i = 0; i < 20; i++) {
		socket_turn(sock, NOW);
	}
	expect_true(written * 100 < 2 << 20);
	expect_true(!is_readable(sock)); /* nobody spins */
	expect_int(NOW + 10 * SECOND, socket_next(sock), "when the first is dropped");

	/* One that reads now and then stays, but no longer than a minute. */
	usec_t now = NOW;
	for (; now < NOW + 60 * SECOND; now += 9 * SECOND) {
		socket_turn(sock, now);
		(void)received(other, &end);
		expect_true(!end);
	}
	(void)received(lazy, &end);
	expect_true(end);
	socket_turn(sock, NOW + 60 * SECOND);
	(void)received(other, &end);
	expect_true(end);
	expect_int(USEC_INFINITY, socket_next(sock), "nobody is left");
	(void)close(lazy);
	(void)close(other);
	socket_close(sock);
}

static void too_many_make_room_for_the_latest(void **state) {
	(void)state;
	bool end;
	struct socket *sock = listening();
	int clients[SOCKET_CLIENTS];
	lines = 1000000;
	for (int i = 0; i < SOCKET_CLIENTS; i++) {
		clients[i] = connected();
		socket_turn(sock, NOW + i);
		socket_turn(sock, NOW + i);
	}
	/* The first one reads: the second is the laziest. */
	(void)received(clients[0], &end);
	socket_turn(sock, NOW + SECOND);
	int latest = connected();
	socket_turn(sock, NOW + SECOND);
	socket_turn(sock, NOW + SECOND);
	for (int i = 0; i < SOCKET_CLIENTS; i++) {
		(void)received(clients[i], &end);
		expect_int(i == 1, end, "client %d is dropped", i);
		(void)close(clients[i]);
	}
	expect_true(received(latest, &end) > 0 && !end);
	(void)close(latest);
	socket_close(sock);
}

/* Documents of what is no more end at once; their clients' places are as good as new. */
static void all_are_dropped_when_told(void **state) {
	(void)state;
	bool end;
	struct socket *sock = listening();
	lines = 1000000;
	int client = connected();
	socket_turn(sock, NOW);
	socket_turn(sock, NOW);
	socket_drop(sock);
	expect_true(received(client, &end) > 0 && end);
	(void)close(client);
	lines = 2;
	client = connected();
	socket_turn(sock, NOW);
	socket_turn(sock, NOW);
	expect_int(200, received(client, &end), "bytes");
	(void)close(client);
	socket_close(sock);
}

static void clients_that_leave_are_forgotten(void **state) {
	(void)state;
	struct socket *sock = listening();
	lines = 1000000;
	for (int i = 0; i < 3; i++) {
		int client = connected();
		socket_turn(sock, NOW);
		socket_turn(sock, NOW);
		(void)close(client);
		expect_true(is_readable(sock));
		socket_turn(sock, NOW);
		expect_int(USEC_INFINITY, socket_next(sock), "nobody is there");
	}
	socket_close(sock);
}

/* Who listens may be slow to take others in: then it is there all the same. */
static void one_that_is_too_busy_to_answer_is_in_use(void **state) {
	(void)state;
	enum { MOST = 64 };
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct socket *other = NULL;
	struct error err = {{0}};
	struct stat st;
	int clients[MOST], count = 0, r = 0;
	int busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	expect_int(0, bind(busy, (struct sockaddr *)&address, sizeof(address)));
	expect_int(0, listen(busy, 1));
	while (r == 0 && count < MOST) {
		clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		r = connect(clients[count++], (struct sockaddr *)&address, sizeof(address));
	}
	expect_true(r < 0 && errno == EAGAIN);
	expect_int(-EADDRINUSE, socket_open(path, signals[0], &source, &other, &err), "in use");
	expect_int(0, lstat(path, &st), "it stays");
	while (count > 0) {
		(void)close(clients[--count]);
	}
	(void)close(busy);
	expect_int(0, unlink(path));
}

static void only_a_stale_socket_is_replaced(void **state) {
	(void)state;
	struct error err = {{0}};
	struct socket *first = listening(), *other = NULL;
	expect_int(-EADDRINUSE, socket_open(path, signals[0], &source, &other, &err), "in use");
	expect_true(strstr(err.text, "another process listens there"));

	/* Somebody has put another one in its place: that is not removed. */
	char elsewhere[128];
	struct stat st;
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s.old", path);
	expect_int(0, rename(path, elsewhere));
	struct socket *second = listening();
	socket_close(first);
	expect_int(0, lstat(path, &st));
	expect_int(0, unlink(elsewhere));
	socket_close(second);

	/* What a crash leaves behind. */
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	expect_int(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	(void)close(fd);
	socket_close(listening());

	FILE *file = fopen(path, "w");
	expect_not_null(file);
	(void)fclose(file);
	expect_int(-EEXIST, socket_open(path, signals[0], &source, &other, &err), "a file");
	expect_int(0, unlink(path));
	expect_int(-ENOENT, socket_open("/nowhere/status", signals[0], &source, &other, &err), "no directory");
	char longest[200];
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	expect_int(-ENAMETOOLONG, socket_open(longest, signals[0], &source, &other, &err), "a long name");
	socket_close(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_document_and_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_wakes_for_the_other_descriptor_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_turn_is_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_those_that_do_not_read_little_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many_make_room_for_the_latest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_are_dropped_when_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(clients_that_leave_are_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_too_busy_to_answer_is_in_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_a_stale_socket_is_replaced, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
