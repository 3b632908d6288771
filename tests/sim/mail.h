// SPDX-License-Identifier: ISC

/*
 * The way between the nodes and the store: each request is a letter that takes its time, out and back, and may
 * get lost, either way, or arrive long after its sender has given it up.  None arrives twice, and they overtake
 * each other.  A node that dies leaves no answer to be had, but what it has sent is carried out all the same.
 */

#ifndef SIM_MAIL_H
#define SIM_MAIL_H

#include "journal/journal.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

enum letter_state {
	LETTER_OUT,  /* on its way to the store */
	LETTER_BACK, /* the answer is on its way, or lost */
};

/** A request and what has become of it. */
struct letter {
	/* What is asked, by whom; strings and data are copied. */
	int node, life;
	uint64_t journal; /* that waits for the answer; 0: none does */
	usec_t timeout;
	enum journal_verb verb;
	uint64_t tag;
	char account[STORE_NAME_SIZE];
	int64_t lease;
	uint64_t epoch, from, until; /* positions: of a commit the first */
	size_t count;
	usec_t time; /* GRANT: the length; DEFER: until when */
	void *data;  /* COMMIT, ANNOUNCE */
	size_t len;

	usec_t sent, sent_boot; /* true time, and the sender's clock */

	/* What becomes of it: true times, USEC_INFINITY for never. */
	enum letter_state state;
	usec_t arrives, returns, expires;
	bool parked; /* until there is a quorum */
	bool lurks;  /* until the account is claimed */
	bool told;   /* that an answer is there */
	enum journal_result result;
	const char *error;

	/* The answer. */
	usec_t carried_out;
	struct journal_view *view;
	size_t view_size;
	const struct taken **entries;
	size_t entry_count, entry_room;
	bool more;
	int64_t new_lease;
	uint64_t new_epoch;

	struct letter *next;
};

/** Once, before the first life: it has dice of its own. */
void mail_init(uint64_t seed);

/** A number for a journal that will wait for answers. */
uint64_t mail_subscribe(void);

/** Sends a copy, now, by the node at hand. */
void mail_send(const struct letter *letter);

/** The next letter whose answer has come to that journal, or is given up; NULL: there is none.  For mail_done(). */
struct letter *mail_receive(uint64_t journal);
void mail_done(struct letter *letter);

/** Nobody waits for answers to that journal any more. */
void mail_unsubscribe(uint64_t journal);

/** For nodes_agenda(). */
usec_t mail_next(void);
void mail_fire(void);

/** Bytes that a copy of a view takes, and the copy in that memory. */
size_t mail_view_size(const struct journal_view *view);
struct journal_view *mail_view_copy(void *memory, const struct journal_view *view);

/** What people call it. */
const char *mail_verb_name(enum journal_verb verb);
const char *mail_result_name(enum journal_result result);

#endif
