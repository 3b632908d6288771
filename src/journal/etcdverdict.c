// SPDX-License-Identifier: ISC

#include "journal/etcdverdict.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

enum { TEXT_SHOWN = 200 };

#define QUORUM "do most of its members run and reach each other?"

/* What etcd says, from the beginning of its message on. */
static const struct {
	const char *message;
	struct etcdverdict verdict;
	const char *advice;
} known[] = {
	{"etcdserver: requested lease not found", {JOURNAL_REFUSED, false}, NULL},
	/* Before it is proposed to the others */
	{"etcdserver: request is too large", {JOURNAL_FAILED, false}, "raise --max-request-bytes of its members"},
	{"etcdserver: too many requests", {JOURNAL_FAILED, true}, "its disk or its network is too slow"},
	{"etcdserver: user name is empty", {JOURNAL_FAILED, false}, "occupancyd has no user: etcdctl auth disable"},
	{"etcdserver: permission denied", {JOURNAL_FAILED, false}, "occupancyd has no user: etcdctl auth disable"},
	{"etcdserver: invalid auth token", {JOURNAL_FAILED, false}, "occupancyd has no user: etcdctl auth disable"},
	/* When or where, nobody can tell; and what first reached the quota is refused, yet may be carried out: etcd looks
	   again as it applies a request, and then does both (its server/etcdserver/apply, quota.go). */
	{"etcdserver: mvcc: database space exceeded", {JOURNAL_UNKNOWN, false},
	 "make room (etcdctl compact, etcdctl defrag) or raise --quota-backend-bytes, then etcdctl alarm disarm"},
	{"etcdserver: corrupt cluster", {JOURNAL_UNKNOWN, true}, "its members disagree: see etcdctl alarm list"},
	{"etcdserver: no leader", {JOURNAL_UNKNOWN, true}, QUORUM},
	{"etcdserver: leader changed", {JOURNAL_UNKNOWN, true}, QUORUM},
	{"etcdserver: request timed out", {JOURNAL_UNKNOWN, true}, QUORUM},
	{"context deadline exceeded", {JOURNAL_UNKNOWN, true}, QUORUM},
};

/* With what an administrator can do. */
static struct etcdverdict judge_message(const char *message, long status, struct error *err) {
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(message, known[i].message, strlen(known[i].message)) == 0) {
			if (known[i].advice) {
				error_say(err, "%s: %s", message, known[i].advice);
			}
			return known[i].verdict;
		}
	}
	error_say(err, "%s (HTTP %ld)", message, status);
	/* It is what etcd found wrong in the request before it did anything. */
	return status == 400 ? (struct etcdverdict){JOURNAL_FAILED, false} : (struct etcdverdict){JOURNAL_UNKNOWN, true};
}

/* A status that is not of an answer, with a body that is not etcd's. */
static void explain_status(long status, struct error *err) {
	if (status == 404) {
		error_say(err, "HTTP 404: it is not etcd, or its JSON gateway is off (--enable-grpc-gateway=false)");
	} else if (status / 100 == 3) {
		error_say(err, "HTTP %ld: it leads elsewhere, where occupancyd does not go: write the URL of etcd itself", status);
	} else {
		error_say(err, "HTTP %ld, without a reason of etcd's", status);
	}
}

/* False if the body is not a refusal of etcd's. */
static bool judge_refusal(const struct http_reply *reply, struct etcdverdict *verdict, struct error *err) {
	char shown[TEXT_SHOWN];
	struct buf message;
	buf_init(&message, HTTP_BODY_MAX);
	bool refused = etcdanswer_refusal(reply->body, reply->body_len, &message);
	if (refused) {
		(void)text_escape(shown, sizeof(shown), buf_text(&message), message.len);
		*verdict = judge_message(shown, reply->status, err);
	}
	buf_done(&message);
	return refused;
}

#define CERTIFICATES "see ca_file, client_cert and client_key, and the clocks"

/*
 * What an administrator can do about libcurl's error, by the first word of these in it.  A server that does not take a
 * certificate says so and hangs up: whoever sends just then does not hear the first.
 */
static const struct {
	const char *word, *advice;
} clues[] = {
	{"certificate", ": " CERTIFICATES},
	{"SSL", ": " CERTIFICATES},
	{"reset by peer", ": with https, " CERTIFICATES},
	{"Broken pipe", ": with https, " CERTIFICATES},
	{"getpeername", ": with https, " CERTIFICATES},
};

static const char *advice_about(const char *error) {
	for (size_t i = 0; i < sizeof(clues) / sizeof(clues[0]); i++) {
		if (strcasestr(error, clues[i].word)) {
			return clues[i].advice;
		}
	}
	return "";
}

static struct etcdverdict judge_transport(const struct http_reply *reply, struct error *err) {
	char shown[TEXT_SHOWN];
	(void)text_escape(shown, sizeof(shown), reply->error, strlen(reply->error));
	error_say(err, "%s%s", shown, advice_about(shown));
	return (struct etcdverdict){reply->unsent ? JOURNAL_FAILED : JOURNAL_UNKNOWN, reply->result != HTTP_NO_MEMORY};
}

struct etcdverdict etcdverdict_of(const struct http_reply *reply, struct etcdanswer *answer, struct error *err) {
	struct error why = {{0}};
	struct etcdverdict verdict = {JOURNAL_UNKNOWN, true};
	if (reply->result != HTTP_REPLIED) {
		return judge_transport(reply, err);
	}
	int r = reply->status == 200 ? etcdanswer_read(reply->body, reply->body_len, answer, &why) : -EBADMSG;
	if (r == 0) {
		return (struct etcdverdict){JOURNAL_DONE, false};
	}
	/* A stream that begins well may end so, with the status of a good answer. */
	if (r == -EBADMSG && judge_refusal(reply, &verdict, err)) {
		return verdict;
	}
	if (reply->status == 200) {
		error_say(err, "its answer %s", why.text);
	} else {
		explain_status(reply->status, err);
	}
	return verdict;
}
