// SPDX-License-Identifier: ISC

/*
 * Each thing that is asked for is one request: etcdask writes it, etcdlink sends it, etcdverdict and etcdresult
 * say what the reply means.  No change that may have been carried out is sent again from here.
 */

#include "journal/journal.h"

#include "base/clock.h"
#include "journal/ask.h"
#include "journal/etcdanswer.h"
#include "journal/etcdask.h"
#include "journal/etcdlink.h"
#include "journal/etcdresult.h"
#include "journal/etcdverdict.h"
#include "journal/etcdview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Entries that are asked for at first: even if all are as large as can be, the answer is not much too large. */
	READ_FIRST = 16,
	/* Of the largest entries so many are an answer that is surely taken: HTTP_BODY_MAX, in base64. */
	READ_SAFE = 5,
	READ_MAX = 4096,
	/* What an answer with entries should have. */
	READ_BYTES = 1 << 20,
};

/* It makes no sense to ask another member when so little time is left. */
#define SHORTEST_TRY (100 * USEC_PER_MSEC)

struct journal {
	struct http *http;
	struct etcdlink *link;
	char *cluster, *node;
	usec_t timeout;
	struct asks asks;
	uint64_t seen;     /* etcd's cluster, when it was looked at last; 0: it was not */
	size_t read_limit; /* entries at a time */
	/* Of the reply that was given last */
	struct etcdanswer answer;
	struct etcdview view;
	struct error error;
};

int journal_new(const struct journal_settings *settings, struct http *http, struct journal **ret_journal,
                struct error *err) {
	struct journal *journal = calloc(1, sizeof(*journal));
	if (!journal) {
		return error_set(err, ENOMEM, "out of memory");
	}
	journal->http = http;
	journal->timeout = settings->timeout;
	journal->read_limit = READ_FIRST;
	journal->cluster = strdup(settings->cluster);
	journal->node = strdup(settings->node);
	int r = journal->cluster && journal->node ? etcdlink_new(settings, http, journal, &journal->link, err)
	                                          : error_set(err, ENOMEM, "out of memory");
	if (r < 0) {
		journal_free(journal);
		return r;
	}
	*ret_journal = journal;
	return 0;
}

/* Of the last reply. */
static void forget(struct journal *journal) {
	etcdanswer_done(&journal->answer);
	etcdview_done(&journal->view);
	journal->error.text[0] = '\0';
}

void journal_free(struct journal *journal) {
	if (!journal) {
		return;
	}
	etcdlink_free(journal->link);
	asks_done(&journal->asks);
	forget(journal);
	free(journal->cluster);
	free(journal->node);
	free(journal);
}

/* Asking */

static struct ask *ask_new(struct journal *journal, enum journal_verb verb, uint64_t tag, const char *path) {
	struct ask *ask = ask_begin(&journal->asks, verb, tag, path);
	if (ask) {
		ask->deadline = clock_boottime() + journal->timeout;
	}
	return ask;
}

static void post(struct journal *journal, struct ask *ask) {
	usec_t left = ask->deadline - clock_boottime();
	ask->failure = buf_error(&ask->body);
	if (ask->failure == 0) {
		ask->tries++;
		ask->failure = etcdlink_post(journal->link, ask->path, buf_text(&ask->body), left, ask, &ask->member);
	}
}

void journal_look(struct journal *journal, uint64_t tag) {
	struct ask *ask = ask_new(journal, JOURNAL_LOOK, tag, ETCDASK_TXN);
	if (ask) {
		etcdask_look(&ask->body, journal->cluster);
		post(journal, ask);
	}
}

/* Ends are explicit: etcd goes through all keys of a range, whatever the limit. */
static void post_read(struct journal *journal, struct ask *ask) {
	uint64_t until = ask->until;
	ask->limit = ask->count < journal->read_limit ? ask->count : journal->read_limit;
	if (!ask->wide && until > ask->from && until - ask->from >= ask->limit) {
		until = ask->from + ask->limit - 1;
	}
	buf_clear(&ask->body);
	etcdask_read(&ask->body, journal->cluster, ask->account, ask->from, until, ask->limit);
	post(journal, ask);
}

void journal_read(struct journal *journal, uint64_t tag, const char *account, uint64_t from, uint64_t until,
                  size_t count) {
	struct ask *ask = ask_new(journal, JOURNAL_READ, tag, ETCDASK_TXN);
	if (ask) {
		ask->from = from;
		ask->until = until;
		ask->count = count;
		ask->account = strdup(account);
		if (ask->account) {
			post_read(journal, ask);
		} else {
			ask->failure = -ENOMEM;
		}
	}
}

void journal_grant(struct journal *journal, uint64_t tag, usec_t length) {
	struct ask *ask = ask_new(journal, JOURNAL_GRANT, tag, ETCDASK_GRANT);
	if (ask) {
		etcdask_grant(&ask->body, length);
		post(journal, ask);
	}
}

static void ask_lease(struct journal *journal, enum journal_verb verb, uint64_t tag, const char *path, int64_t lease) {
	struct ask *ask = ask_new(journal, verb, tag, path);
	if (ask) {
		ask->lease = lease;
		etcdask_lease(&ask->body, lease);
		post(journal, ask);
	}
}

void journal_renew(struct journal *journal, uint64_t tag, int64_t lease) {
	ask_lease(journal, JOURNAL_RENEW, tag, ETCDASK_RENEW, lease);
}

void journal_revoke(struct journal *journal, uint64_t tag, int64_t lease) {
	ask_lease(journal, JOURNAL_REVOKE, tag, ETCDASK_REVOKE, lease);
}

void journal_announce(struct journal *journal, uint64_t tag, int64_t lease, const char *value) {
	struct ask *ask = ask_new(journal, JOURNAL_ANNOUNCE, tag, ETCDASK_TXN);
	if (ask) {
		etcdask_announce(&ask->body, journal->cluster, journal->node, lease, value);
		post(journal, ask);
	}
}

void journal_claim(struct journal *journal, uint64_t tag, const char *account, int64_t lease) {
	struct ask *ask = ask_new(journal, JOURNAL_CLAIM, tag, ETCDASK_TXN);
	if (ask) {
		ask->lease = lease;
		etcdask_claim(&ask->body, journal->cluster, account, journal->node, lease);
		post(journal, ask);
	}
}

void journal_release(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch) {
	struct ask *ask = ask_new(journal, JOURNAL_RELEASE, tag, ETCDASK_TXN);
	if (ask) {
		etcdask_release(&ask->body, journal->cluster, account, epoch);
		post(journal, ask);
	}
}

void journal_commit(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, uint64_t position,
                    const void *data, size_t len) {
	struct ask *ask = ask_new(journal, JOURNAL_COMMIT, tag, ETCDASK_TXN);
	if (ask) {
		buf_append(&ask->data, data, len);
		etcdask_commit(&ask->body, journal->cluster, account, epoch, position, data, len);
		if (buf_error(&ask->data) < 0) {
			ask->failure = buf_error(&ask->data);
		} else {
			post(journal, ask);
		}
	}
}

void journal_defer(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, usec_t until) {
	struct ask *ask = ask_new(journal, JOURNAL_DEFER, tag, ETCDASK_TXN);
	if (ask) {
		etcdask_defer(&ask->body, journal->cluster, account, epoch, until);
		post(journal, ask);
	}
}

void journal_trim(struct journal *journal, uint64_t tag, const char *account, uint64_t epoch, uint64_t from,
                  uint64_t until) {
	struct ask *ask = ask_new(journal, JOURNAL_TRIM, tag, ETCDASK_TXN);
	if (ask) {
		etcdask_trim(&ask->body, journal->cluster, account, epoch, from, until);
		post(journal, ask);
	}
}

/* Replies */

/* As many as make about READ_BYTES if the next ones are like these. */
static void learn_limit(struct journal *journal, size_t entries, size_t bytes) {
	if (entries > 0) {
		size_t limit = READ_BYTES / (bytes / entries + 1);
		limit = limit < 2 * journal->read_limit ? limit : 2 * journal->read_limit;
		journal->read_limit = limit < 1 ? 1 : limit < READ_MAX ? limit : READ_MAX;
	}
}

/*
 * Asks another member if the one that was asked is of no use.  Only what surely was not carried out, or may as well
 * be carried out twice.  Returns false if the reply is to be given.
 */
static bool retry(struct journal *journal, struct ask *ask, const struct http_reply *http_reply, bool elsewhere) {
	bool harmless = ask->verb == JOURNAL_LOOK || ask->verb == JOURNAL_READ || ask->verb == JOURNAL_RENEW;
	if (!elsewhere || !(harmless || http_reply->unsent) || ask->tries >= etcdlink_count(journal->link) ||
	    ask->deadline - clock_boottime() < SHORTEST_TRY) {
		return false;
	}
	post(journal, ask);
	return true;
}

/* Whether more entries were asked for than fit into an answer. */
static bool is_too_large(const struct ask *ask, const struct http_reply *http_reply) {
	return ask->verb == JOURNAL_READ && http_reply->result == HTTP_TOO_LARGE && ask->limit > 1;
}

/* Asks once more for entries, if there were too many, or none where they should be.  Returns false likewise. */
static bool reread(struct journal *journal, struct ask *ask, const struct http_reply *http_reply,
                   const struct journal_reply *reply) {
	bool too_large = is_too_large(ask, http_reply);
	bool trimmed = reply->result == JOURNAL_DONE && !ask->wide && reply->entry_count == 0 && reply->more;
	if (too_large) {
		journal->read_limit = ask->limit > READ_SAFE ? READ_SAFE : 1;
	}
	if (!(too_large || trimmed) || ask->deadline - clock_boottime() < SHORTEST_TRY) {
		return false;
	}
	ask->wide = ask->wide || trimmed;
	post_read(journal, ask);
	return true;
}

/* That what answers is the etcd that was looked at. */
static bool is_same_store(struct journal *journal, const struct ask *ask) {
	bool same = journal->seen == 0 || journal->answer.cluster == journal->seen;
	if (!same) {
		etcdlink_leave(journal->link, ask->member);
	}
	return same || ask->verb == JOURNAL_LOOK;
}

/* Whether the connection is not to be trusted. */
static bool is_broken(const struct http_reply *reply) {
	return reply->result == HTTP_SLOW || reply->result == HTTP_UNREACHABLE || reply->result == HTTP_CUT_OFF;
}

/* Returns whether another member may do better. */
static bool take(struct journal *journal, const struct ask *ask, const struct http_reply *http_reply,
                 struct journal_reply *reply) {
	const struct etcdresult_asked asked = {
		.verb = ask->verb,
		.cluster = journal->cluster,
		.node = journal->node,
		.account = ask->account,
		.from = ask->from,
		.until = ask->until,
		.lease = ask->lease,
		.data = buf_text(&ask->data),
		.len = ask->data.len,
	};
	struct etcdverdict verdict = etcdverdict_of(http_reply, &journal->answer, &journal->error);
	verdict.elsewhere = verdict.elsewhere && !is_too_large(ask, http_reply);
	reply->result = verdict.result;
	if (verdict.elsewhere) {
		etcdlink_leave(journal->link, ask->member);
	}
	if (is_broken(http_reply)) {
		http_renew(journal->http);
	}
	if (verdict.result != JOURNAL_DONE) {
		return verdict.elsewhere;
	}
	if (is_same_store(journal, ask)) {
		reply->result = etcdresult_of(&asked, &journal->answer, &journal->view, reply, &journal->error);
	} else {
		error_say(&journal->error, "is another etcd than the one that was looked at: are all endpoints members of one?");
		reply->result = JOURNAL_UNKNOWN;
	}
	if (reply->result == JOURNAL_DONE && ask->verb == JOURNAL_LOOK) {
		journal->seen = journal->answer.cluster;
	}
	if (reply->result == JOURNAL_DONE && ask->verb == JOURNAL_READ) {
		learn_limit(journal, reply->entry_count, http_reply->body_len);
	}
	return false;
}

bool journal_next(struct journal *journal, struct journal_reply *ret_reply) {
	struct http_reply http_reply;
	forget(journal);
	while (http_next_for(journal->http, journal, &http_reply)) {
		struct ask *ask = http_reply.user;
		*ret_reply = (struct journal_reply){.verb = ask->verb, .tag = ask->tag};
		bool elsewhere = take(journal, ask, &http_reply, ret_reply);
		if (retry(journal, ask, &http_reply, elsewhere) ||
		    (ask->verb == JOURNAL_READ && reread(journal, ask, &http_reply, ret_reply))) {
			forget(journal);
			continue;
		}
		if (ret_reply->entry_count == 0) {
			ret_reply->more = false;
		}
		if (ret_reply->result == JOURNAL_FAILED || ret_reply->result == JOURNAL_UNKNOWN) {
			error_prefix(&journal->error, "etcd at %s", etcdlink_url(journal->link, ask->member));
			ret_reply->error = journal->error.text;
		}
		ask_end(&journal->asks, ask);
		return true;
	}
	return asks_next_failed(&journal->asks, ret_reply);
}
