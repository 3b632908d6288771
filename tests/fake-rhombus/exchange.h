// SPDX-License-Identifier: ISC

/*
 * exchange: one request and its reply, from the first header to the last byte.
 *
 * libmicrohttpd asks for the next step again and again; between two steps an exchange can be
 * held, which takes its connection out of the server's loop.
 */

#ifndef FAKE_RHOMBUS_EXCHANGE_H
#define FAKE_RHOMBUS_EXCHANGE_H

#include "answer.h"
#include "orgs.h"
#include "text.h"
#include "world.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The exchanges that are held, and an epoll that tells when one of their clients goes away. */
struct holds {
	int epoll_fd;
	struct exchange *first;
};

struct exchange;

/** A new exchange; the strings last as long as the connection's request. */
struct exchange *exchange_new(struct holds *holds, struct world *world,
                              struct MHD_Connection *connection, const char *method,
                              const char *path, const char *http);

void exchange_free(struct exchange *exchange);

/** Takes a piece of the request's body. */
void exchange_feed(struct exchange *exchange, const char *bytes, size_t length);

/** The body is complete, or a hold has ended: decides, holds, or queues the reply. */
enum MHD_Result exchange_step(struct exchange *exchange);

/** When the next held exchange is due, by mono_us(); INT64_MAX: none ever is. */
int64_t holds_due_us(const struct holds *holds);

/** Lets go of all exchanges whose time has come: libmicrohttpd's next run takes them up again. */
void holds_release(struct holds *holds, int64_t now_us);

/** Lets go of one exchange, or of all, to be closed without another byte. */
void hold_abandon(struct exchange *exchange);
void holds_abandon(struct holds *holds);

#endif
