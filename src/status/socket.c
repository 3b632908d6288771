// SPDX-License-Identifier: ISC

#include "status/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MODE = 0660,
	WAITING = 64,            /* for us to take them in */
	PIECE = 16 << 10,        /* a client's memory, but for the last part of a piece */
	LARGEST = 64 << 10,      /* with it */
	SHARE = 128 << 10,       /* what one client gets in a turn, */
	TURN = 512 << 10,        /* and all of them */
	EVENTS = SOCKET_CLIENTS + 2,
};

#define IDLE_MAX (10 * USEC_PER_SEC) /* without taking anything */
#define TIME_MAX (60 * USEC_PER_SEC) /* for all */

/* Where there is no descriptor left, clients wait so long. */
#define DEAF_TIME (1 * USEC_PER_SEC)

struct client {
	int fd;
	usec_t since, moved; /* monotonic: when it came, and when it last took something */
	struct buf out;
	size_t sent;         /* of that */
	bool more;           /* there are pieces left */
	void *state;
};

struct socket {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device;
	ino_t inode;
	int fd, epoll;
	usec_t deaf_until; /* 0: it listens */
	const struct socket_source *source;
	struct client clients[SOCKET_CLIENTS];
	size_t len;
};

/* Opening */

static int address_of(const char *path, struct sockaddr_un *ret) {
	size_t len = strlen(path);
	if (len >= sizeof(ret->sun_path)) {
		return -ENAMETOOLONG;
	}
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path, len);
	return 0;
}

/* Whether somebody listens there.  Of what cannot be asked it is believed. */
static bool is_in_use(const struct sockaddr_un *address) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	               (errno == ECONNREFUSED || errno == ENOENT);
	if (fd >= 0) {
		(void)close(fd);
	}
	return !refused;
}

/* Makes way for a socket of that name. */
static int clear(const struct sockaddr_un *address, struct error *err) {
	const char *path = address->sun_path;
	struct stat st;
	if (lstat(path, &st) < 0) {
		return errno == ENOENT ? 0 : error_errno(err, errno, "%s", path);
	}
	if (!S_ISSOCK(st.st_mode)) {
		return error_set(err, EEXIST, "%s: is not a socket: remove it", path);
	}
	if (is_in_use(address)) {
		return error_set(err, EADDRINUSE, "%s: another process listens there", path);
	}
	return unlink(path) < 0 && errno != ENOENT ? error_errno(err, errno, "%s: cannot be removed", path) : 0;
}

/* Before it listens nobody can connect, so its mode is set in time. */
static int listen_at(struct socket *sock, const struct sockaddr_un *address, struct error *err) {
	struct stat st;
	if (bind(sock->fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		return error_errno(err, errno, "%s: cannot be created", address->sun_path);
	}
	memcpy(sock->path, address->sun_path, sizeof(sock->path));
	if (lstat(sock->path, &st) < 0 || chmod(sock->path, MODE) < 0 || listen(sock->fd, WAITING) < 0) {
		return error_errno(err, errno, "%s: cannot be listened at", sock->path);
	}
	sock->device = st.st_dev;
	sock->inode = st.st_ino;
	return 0;
}

static int watch(const struct socket *sock, int operation, int fd, uint32_t events, void *user) {
	struct epoll_event event = {.events = events, .data.ptr = user};
	return epoll_ctl(sock->epoll, operation, fd, &event) < 0 ? -errno : 0;
}

static int open_all(struct socket *sock, const char *path, int with, struct error *err) {
	struct sockaddr_un address;
	int r = address_of(path, &address);
	if (r < 0) {
		return error_errno(err, -r, "%s", path);
	}
	sock->epoll = epoll_create1(EPOLL_CLOEXEC);
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->epoll < 0 || sock->fd < 0) {
		return error_errno(err, errno, "%s: cannot be created", path);
	}
	r = clear(&address, err);
	if (r == 0) {
		r = listen_at(sock, &address, err);
	}
	if (r == 0) {
		/* Clients are told by their addresses, the listener by its own, the other descriptor by none. */
		r = watch(sock, EPOLL_CTL_ADD, with, EPOLLIN, NULL);
		r = r < 0 ? r : watch(sock, EPOLL_CTL_ADD, sock->fd, EPOLLIN, sock);
		r = r < 0 ? error_errno(err, -r, "%s: cannot be waited for", path) : 0;
	}
	return r;
}

int socket_open(const char *path, int with, const struct socket_source *source, struct socket **ret_socket,
                struct error *err) {
	struct socket *sock = calloc(1, sizeof(*sock));
	if (!sock) {
		return error_errno(err, ENOMEM, "%s", path);
	}
	sock->fd = -1;
	sock->epoll = -1;
	sock->source = source;
	int r = open_all(sock, path, with, err);
	if (r < 0) {
		socket_close(sock);
		return r;
	}
	*ret_socket = sock;
	return 0;
}

/* Clients */

/* The last one takes its place. */
static void drop(struct socket *sock, struct client *client) {
	struct client *last = &sock->clients[sock->len - 1];
	(void)close(client->fd);
	buf_done(&client->out);
	free(client->state);
	if (client != last) {
		*client = *last;
		(void)watch(sock, EPOLL_CTL_MOD, client->fd, EPOLLOUT, client);
	}
	sock->len--;
}

void socket_drop(struct socket *sock) {
	while (sock->len > 0) {
		drop(sock, &sock->clients[sock->len - 1]);
	}
}

void socket_close(struct socket *sock) {
	struct stat st;
	if (!sock) {
		return;
	}
	socket_drop(sock);
	if (sock->path[0] && lstat(sock->path, &st) == 0 && st.st_dev == sock->device && st.st_ino == sock->inode) {
		(void)unlink(sock->path);
	}
	if (sock->fd >= 0) {
		(void)close(sock->fd);
	}
	if (sock->epoll >= 0) {
		(void)close(sock->epoll);
	}
	free(sock);
}

int socket_fd(const struct socket *sock) {
	return sock->epoll;
}

static usec_t deadline(const struct client *client) {
	usec_t idle = client->moved + IDLE_MAX, all = client->since + TIME_MAX;
	return idle < all ? idle : all;
}

usec_t socket_next(const struct socket *sock) {
	usec_t next = sock->deaf_until > 0 ? sock->deaf_until : USEC_INFINITY;
	for (size_t i = 0; i < sock->len; i++) {
		usec_t at = deadline(&sock->clients[i]);
		next = at < next ? at : next;
	}
	return next;
}

static struct client *laziest(struct socket *sock) {
	struct client *found = &sock->clients[0];
	for (size_t i = 1; i < sock->len; i++) {
		found = sock->clients[i].moved < found->moved ? &sock->clients[i] : found;
	}
	return found;
}

static void add(struct socket *sock, int fd, usec_t now) {
	void *state = calloc(1, sock->source->state_size);
	if (!state) {
		(void)close(fd);
		return;
	}
	/* What is sent from now on fails for the client at once. */
	(void)shutdown(fd, SHUT_RD);
	if (sock->len == SOCKET_CLIENTS) {
		drop(sock, laziest(sock));
	}
	struct client *client = &sock->clients[sock->len++];
	*client = (struct client){.fd = fd, .since = now, .moved = now, .more = true, .state = state};
	buf_init(&client->out, LARGEST);
	if (watch(sock, EPOLL_CTL_ADD, fd, EPOLLOUT, client) < 0) {
		drop(sock, client);
	}
}

/* Until nobody waits; but for one turn, no more than there are places. */
static void take_in(struct socket *sock, usec_t now) {
	for (int i = 0; i < SOCKET_CLIENTS; i++) {
		int fd = accept4(sock->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			add(sock, fd, now);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			sock->deaf_until = now + DEAF_TIME;
			(void)watch(sock, EPOLL_CTL_MOD, sock->fd, 0, sock);
			return;
		}
	}
}

/* Has the next pieces written, if all before them is sent.  Returns false if there are none, or no memory for them. */
static bool refill(const struct socket *sock, struct client *client) {
	if (client->sent < client->out.len) {
		return true;
	}
	buf_clear(&client->out);
	client->sent = 0;
	while (client->more && client->out.len < PIECE) {
		client->more = sock->source->write(sock->source->user, client->state, &client->out);
		if (buf_error(&client->out) < 0) {
			return false;
		}
	}
	return client->out.len > 0;
}

/* Returns how much was sent; -1: it is through, or gone. */
static ssize_t serve(const struct socket *sock, struct client *client, usec_t now) {
	ssize_t total = 0;
	while (total < SHARE) {
		if (!refill(sock, client)) {
			return -1;
		}
		ssize_t sent = send(client->fd, client->out.data + client->sent, client->out.len - client->sent,
		                    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0) {
			return errno == EAGAIN || errno == EINTR ? total : -1;
		}
		client->sent += (size_t)sent;
		client->moved = now;
		total += sent;
	}
	return total;
}

static void drop_late(struct socket *sock, usec_t now) {
	for (size_t i = sock->len; i-- > 0;) {
		if (now >= deadline(&sock->clients[i])) {
			drop(sock, &sock->clients[i]);
		}
	}
}

static void listen_again(struct socket *sock, usec_t now) {
	if (sock->deaf_until > 0 && now >= sock->deaf_until) {
		sock->deaf_until = 0;
		(void)watch(sock, EPOLL_CTL_MOD, sock->fd, EPOLLIN, sock);
	}
}

/* epoll_wait() tells those that it told last time after the others, so that all have their turn. */
void socket_turn(struct socket *sock, usec_t now) {
	struct epoll_event events[EVENTS];
	bool through[SOCKET_CLIENTS] = {false};
	bool called = false;
	ssize_t total = 0;

	listen_again(sock, now);
	int len = epoll_wait(sock->epoll, events, EVENTS, 0);
	for (int i = 0; i < len; i++) {
		struct client *client = events[i].data.ptr;
		if (events[i].data.ptr == sock) {
			called = true;
		} else if (client && total < TURN) {
			ssize_t sent = serve(sock, client, now);
			through[client - sock->clients] = sent < 0;
			total += sent > 0 ? sent : 0;
		}
	}
	/* From the last on: the one that takes the place of another has been looked at. */
	for (size_t i = sock->len; i-- > 0;) {
		if (through[i]) {
			drop(sock, &sock->clients[i]);
		}
	}
	drop_late(sock, now);
	if (called) {
		take_in(sock, now);
	}
}
