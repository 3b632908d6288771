// SPDX-License-Identifier: ISC

#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool address_is_loopback(const union address *address) {
	if (address->any.sa_family == AF_INET) {
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	}
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static int address_read(const char *word, int64_t port, union address *ret_address,
                        socklen_t *ret_length, struct why *why) {
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char service[16];

	snprintf(service, sizeof(service), "%d", (int)port);
	if (getaddrinfo(word, service, &hints, &found) != 0) {
		return why_set(why, "--listen %s: not a numeric address", word);
	}
	memcpy(ret_address, found->ai_addr, found->ai_addrlen);
	*ret_length = found->ai_addrlen;
	freeaddrinfo(found);
	if (!address_is_loopback(ret_address)) {
		return why_set(why, "--listen %s: only loopback addresses are allowed", word);
	}
	return 0;
}

static void listener_name(struct listener *listener, const char *word) {
	union address address = {0};
	socklen_t length = sizeof(address);

	getsockname(listener->fd, &address.any, &length);
	if (address.any.sa_family == AF_INET) {
		listener->port = ntohs(address.v4.sin_port);
		snprintf(listener->url, sizeof(listener->url), "http://%.40s:%d", word,
		         listener->port);
	} else {
		listener->port = ntohs(address.v6.sin6_port);
		snprintf(listener->url, sizeof(listener->url), "http://[%.40s]:%d", word,
		         listener->port);
	}
}

int listener_open(struct listener *listener, const char *address, int64_t port, struct why *why) {
	union address place = {0};
	socklen_t length = 0;
	const int yes = 1;

	listener->fd = -1;
	if (address_read(address, port, &place, &length, why) < 0) {
		return -EINVAL;
	}

	int fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return why_set(why, "socket: %s", strerror(errno));
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, &place.any, length) < 0 || listen(fd, BACKLOG) < 0) {
		why_set(why, "%s port %d: %s", address, (int)port, strerror(errno));
		close(fd);
		return -EINVAL;
	}
	listener->fd = fd;
	listener_name(listener, address);
	return 0;
}

/* Dissolving the association of a connected TCP socket makes Linux send an RST. */
void connection_abort(int fd) {
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	(void)connect(fd, &nobody, sizeof(nobody));
}
