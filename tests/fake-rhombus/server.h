// SPDX-License-Identifier: ISC

/*
 * server: HTTP over libmicrohttpd, in one thread and one loop.
 *
 * A reply that is delayed, trickled or never given is taken out of the loop until its time comes
 * or its client goes away, so it holds up no other.
 */

#ifndef FAKE_RHOMBUS_SERVER_H
#define FAKE_RHOMBUS_SERVER_H

#include "text.h"
#include "world.h"

#include <stdint.h>

struct server;

/** Listens on a loopback address. NULL with a sentence, also if the address is not loopback. */
struct server *server_new(struct world *world, const char *address, int64_t port, struct why *why);

void server_free(struct server *server);

/** "http://127.0.0.1:PORT" */
const char *server_url(const struct server *server);

int server_port(const struct server *server);

/** Serves until SIGTERM or SIGINT, which must be blocked. */
int server_run(struct server *server, struct why *why) __attribute__((warn_unused_result));

#endif
