// SPDX-License-Identifier: ISC

/*
 * The status socket: whoever connects gets a document and the end of file.
 *
 * Nothing is ever read from a client, so nothing can be asked of the daemon over it.  A document
 * is made piece by piece as the client takes it: a large one is never in memory as a whole, and
 * a turn writes no more than is done in a few milliseconds.  A client that takes nothing for
 * ten seconds, or has not taken all after a minute, is dropped, and where there are too many,
 * so is the one that has taken nothing for the longest time.
 */

#ifndef STATUS_SOCKET_H
#define STATUS_SOCKET_H

#include "base/buf.h"
#include "base/error.h"
#include "base/units.h"

#include <stdbool.h>

struct socket;

/** What the document is made of. */
struct socket_source {
	size_t state_size; /* of what is known between pieces, for each client; all zero at first */
	/** Appends the next piece, of a few KiB at most.  Returns whether there are more. */
	bool (*write)(void *user, void *state, struct buf *out);
	void *user;
};

/** So many clients at a time. */
enum { SOCKET_CLIENTS = 64 };

/**
 * Listens at the path, for the user and the group of this process.  A socket that nobody listens
 * at is replaced; one where another process does, or a file of another kind, is not.
 *
 * with: a descriptor (it stays the caller's) that socket_fd() is readable for, too.  What source
 * points to must live as long as the socket.
 *
 * Returns 0 and a value for socket_close(), or -errno.
 */
__attribute__((warn_unused_result, nonnull))
int socket_open(const char *path, int with, const struct socket_source *source, struct socket **ret_socket,
                struct error *err);

/** Removes the path, if it is still this socket's, drops all clients, and frees.  NULL is ignored. */
void socket_close(struct socket *socket);

/** A descriptor that is readable when socket_turn() has something to do. */
__attribute__((nonnull))
int socket_fd(const struct socket *socket);

/** Takes in clients and writes to those that have room.  now is monotonic. */
__attribute__((nonnull))
void socket_turn(struct socket *socket, usec_t now);

/** When socket_turn() wants to be called though the descriptor is not readable; USEC_INFINITY: never. */
__attribute__((nonnull, warn_unused_result))
usec_t socket_next(const struct socket *socket);

/** Drops all clients: what their documents are made of is no more.  They see documents that are cut off. */
__attribute__((nonnull))
void socket_drop(struct socket *socket);

#endif
