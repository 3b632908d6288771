// SPDX-License-Identifier: ISC

/*
 * The double of journal/journal.h: requests go by mail to the store.
 */

#include "journal/journal.h"

#include "daemon/trim.h"
#include "mail.h"
#include "node.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of short lives, whose chains are to be trimmed. */
uint64_t trim_tail(void) {
	return 20;
}

struct journal {
	uint64_t number;
	usec_t timeout;
	/* What the reply at hand refers to. */
	void *view;
	struct journal_entry *entries;
	size_t entry_count;
	char *error;
};

static void *allocate(size_t size) {
	void *memory = malloc(size > 0 ? size : 1);
	if (!memory) {
		abort();
	}
	return memory;
}

int journal_new(const struct journal_settings *settings, struct http *http, struct journal **ret_journal,
                struct error *err) {
	struct journal *journal = calloc(1, sizeof(*journal));
	(void)http;
	(void)err;
	if (!journal) {
		return -ENOMEM;
	}
	if (strcmp(settings->node, node->name) != 0) {
		world_violation("journal: expected the name of the node, %s, but it is %s", node->name, settings->node);
	}
	if (settings->timeout <= 0 || settings->timeout > USEC_PER_MIN || !settings->endpoints[0]) {
		world_violation("journal: expected an endpoint and a time-out of seconds, but it is %lld us",
		                (long long)settings->timeout);
	}
	journal->number = mail_subscribe();
	journal->timeout = settings->timeout;
	*ret_journal = journal;
	return 0;
}

/* The last reply is no longer valid. */
static void let_go(struct journal *journal) {
	for (size_t i = 0; i < journal->entry_count; i++) {
		free((void *)journal->entries[i].data);
	}
	free(journal->entries);
	free(journal->view);
	free(journal->error);
	journal->entries = NULL;
	journal->entry_count = 0;
	journal->view = NULL;
	journal->error = NULL;
}

void journal_free(struct journal *journal) {
	if (journal) {
		mail_unsubscribe(journal->number);
		let_go(journal);
		free(journal);
	}
}

/* Answers, in memory of the process at hand, so that whoever keeps them too long is noticed by tools. */

static void give_view(struct journal *journal, const struct letter *letter, struct journal_reply *reply) {
	journal->view = allocate(letter->view_size);
	reply->view = *mail_view_copy(journal->view, letter->view);
}

static void give_entries(struct journal *journal, const struct letter *letter, struct journal_reply *reply) {
	journal->entries = allocate(letter->entry_count * sizeof(*journal->entries));
	journal->entry_count = letter->entry_count;
	for (size_t i = 0; i < letter->entry_count; i++) {
		const struct taken *entry = letter->entries[i];
		void *data = allocate(entry->len);
		memcpy(data, entry->data, entry->len);
		journal->entries[i] = (struct journal_entry){entry->position, data, entry->len};
	}
	reply->entries = journal->entries;
	reply->entry_count = journal->entry_count;
	reply->more = letter->more;
}

bool journal_next(struct journal *journal, struct journal_reply *ret_reply) {
	let_go(journal);
	struct letter *letter = mail_receive(journal->number);
	if (!letter) {
		return false;
	}
	*ret_reply = (struct journal_reply){
		.verb = letter->verb,
		.result = letter->result,
		.tag = letter->tag,
		.lease = letter->new_lease,
		.epoch = letter->new_epoch,
	};
	if (letter->error) {
		size_t size = strlen(letter->error) + 1;
		journal->error = allocate(size);
		memcpy(journal->error, letter->error, size);
		ret_reply->error = journal->error;
	}
	if (letter->result == JOURNAL_DONE && letter->verb == JOURNAL_LOOK) {
		give_view(journal, letter, ret_reply);
	} else if (letter->result == JOURNAL_DONE && letter->verb == JOURNAL_READ) {
		give_entries(journal, letter, ret_reply);
	}
	mail_done(letter);
	return true;
}

/* Requests */

static void send_letter(const struct journal *journal, const char *account, struct letter letter) {
	letter.journal = journal->number;
	letter.timeout = journal->timeout;
	(void)snprintf(letter.account, sizeof(letter.account), "%s", account);
	mail_send(&letter);
}

void journal_look(struct journal *journal, uint64_t tag) {
	send_letter(journal, "", (struct letter){.verb = JOURNAL_LOOK, .tag = tag});
}

void journal_read(struct journal *journal, uint64_t tag, const char *account, uint64_t from, uint64_t until,
                  size_t count) {
	if (count == 0 || from == 0 || from > until) {
		world_violation("journal: expected to read some entries, but %zu from %llu until %llu were asked for", count,
		                (unsigned long long)from, (unsigned long long)until);
	}
	send_letter(journal, account, (struct letter){
		.verb = JOURNAL_READ, .tag = tag, .from = from, .until = until, .count = count,
	});
}

void journal_grant(struct journal *journal, uint64_t tag, usec_t length) {
	if (length < USEC_PER_SEC) {
		world_violation("journal: expected a lease of a second at least, but %lld us were asked for",
		                (long long)length);
	}
	send_letter(journal, "", (struct letter){.verb = JOURNAL_GRANT, .tag = tag, .time = length});
}

void journal_renew(struct journal *journal, uint64_t tag, int64_t lease) {
	send_letter(journal, "", (struct letter){.verb = JOURNAL_RENEW, .tag = tag, .lease = lease});
}

void journal_revoke(struct journal *journal, uint64_t tag, int64_t lease) {
	send_letter(journal, "", (struct letter){.verb = JOURNAL_REVOKE, .tag = tag, .lease = lease});
}

void journal_announce(struct journal *journal, uint64_t tag, int64_t lease, const char *value) {
	send_letter(journal, "", (struct letter){
		.verb = JOURNAL_ANNOUNCE, .tag = tag, .lease = lease, .data = (void *)value, .len = strlen(value) + 1,
	});
}

void journal_claim(struct journal *journal, uint64_t tag, const char *account, int64_t lease) {
	send_letter(journal, account, (struct letter){.verb = JOURNAL_CLAIM, .tag = tag, .lease = lease});
}

void journal_release(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch) {
	send_letter(journal, account, (struct letter){.verb = JOURNAL_RELEASE, .tag = tag, .epoch = epoch});
}

void journal_commit(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, uint64_t position,
                    const void *data, size_t len) {
	if (len == 0 || len > JOURNAL_ENTRY_MAX || position == 0) {
		world_violation("journal: expected an entry of %zu bytes at the most, but %zu are to be put at %llu",
		                JOURNAL_ENTRY_MAX, len, (unsigned long long)position);
	}
	send_letter(journal, account, (struct letter){
		.verb = JOURNAL_COMMIT, .tag = tag, .epoch = epoch, .from = position, .until = position,
		.data = (void *)data, .len = len,
	});
}

void journal_defer(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, usec_t until) {
	send_letter(journal, account, (struct letter){
		.verb = JOURNAL_DEFER, .tag = tag, .epoch = epoch, .time = until,
	});
}

void journal_trim(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, uint64_t from,
                  uint64_t until) {
	send_letter(journal, account, (struct letter){
		.verb = JOURNAL_TRIM, .tag = tag, .epoch = epoch, .from = from, .until = until,
	});
}
