// SPDX-License-Identifier: ISC

/*
 * What the nodes of a cluster owe each other, judged as it happens: what the store holds, who asks Rhombus for
 * an account and until when, what a log and a checkpoint may already have, and what may be trimmed.
 */

#ifndef SIM_TREATY_H
#define SIM_TREATY_H

#include "disk.h"
#include "mail.h"
#include "server.h"

/** Once, before the first life. */
void treaty_init(void);

/** A letter leaves the node at hand; it has been carried out; its answer, or that there is none, has come. */
void treaty_sent(const struct letter *letter);
void treaty_carried_out(const struct letter *letter);
void treaty_received(const struct letter *letter);

/** The node at hand asks Rhombus; and has got a good answer to what it asked at that true time. */
void treaty_request(const struct asked *asked);
void treaty_reply(const struct asked *asked, usec_t sent);

/** A file of the node at hand is durable as it is, or was found so after a crash. */
void treaty_synced(struct inode *inode);

/** The node at hand has a new checkpoint. */
void treaty_checkpoint(void);

/** The run is over. */
void treaty_end(void);

#endif
