// SPDX-License-Identifier: ISC

#include "journal/ask.h"

#include "request/http.h"

#include <errno.h>
#include <stdlib.h>

struct ask *ask_begin(struct asks *asks, enum journal_verb verb, uint64_t tag, const char *path) {
	struct ask *ask = calloc(1, sizeof(*ask));
	if (!ask) {
		if (asks->lost_count < ASKS_LOST_MAX) {
			asks->lost[asks->lost_count].verb = verb;
			asks->lost[asks->lost_count++].tag = tag;
		}
		return NULL;
	}
	*ask = (struct ask){.next = asks->first, .verb = verb, .tag = tag, .path = path};
	buf_init(&ask->body, HTTP_REQUEST_MAX);
	buf_init(&ask->data, JOURNAL_ENTRY_MAX);
	asks->first = ask;
	return ask;
}

void ask_end(struct asks *asks, struct ask *ask) {
	struct ask **at = &asks->first;
	while (*at != ask) {
		at = &(*at)->next;
	}
	*at = ask->next;
	buf_done(&ask->body);
	buf_done(&ask->data);
	free(ask->account);
	free(ask);
}

bool asks_next_failed(struct asks *asks, struct journal_reply *ret_reply) {
	*ret_reply = (struct journal_reply){.result = JOURNAL_FAILED, .error = "out of memory"};
	if (asks->lost_count > 0) {
		ret_reply->verb = asks->lost[--asks->lost_count].verb;
		ret_reply->tag = asks->lost[asks->lost_count].tag;
		return true;
	}
	struct ask *ask = asks->first;
	while (ask && ask->failure == 0) {
		ask = ask->next;
	}
	if (!ask) {
		return false;
	}
	ret_reply->verb = ask->verb;
	ret_reply->tag = ask->tag;
	if (ask->failure == -EFBIG) {
		ret_reply->error = "it is too large for etcd";
	}
	ask_end(asks, ask);
	return true;
}

void asks_done(struct asks *asks) {
	while (asks->first) {
		ask_end(asks, asks->first);
	}
	asks->lost_count = 0;
}
