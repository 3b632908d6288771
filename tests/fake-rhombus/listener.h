// SPDX-License-Identifier: ISC

/*
 * listener: the socket on which the server listens, and its name.
 */

#ifndef FAKE_RHOMBUS_LISTENER_H
#define FAKE_RHOMBUS_LISTENER_H

#include "text.h"

#include <stdint.h>

struct listener {
	int fd;
	int port;
	char url[80];
};

/**
 * Opens a socket on a loopback address; port 0 lets the kernel choose. Whoever uses the socket
 * closes it.
 */
int listener_open(struct listener *listener, const char *address, int64_t port, struct why *why)
	__attribute__((warn_unused_result));

/** Aborts a connection: the peer gets an RST, at once. */
void connection_abort(int fd);

#endif
