// SPDX-License-Identifier: ISC

/*
 * What answers where etcd should: the first byte chooses what was asked, the second the status.  What is believed of
 * it is in order, and whole; what is not has a sentence without control characters.
 */

#include "fuzz.h"

#include "journal/etcdresult.h"
#include "journal/etcdverdict.h"

#include <string.h>

static const long statuses[] = {200, 200, 200, 400, 404, 429, 500, 503};

static void check_view(const struct journal_view *view) {
	for (size_t i = 0; i < view->chain_count; i++) {
		const struct journal_chain *chain = &view->chains[i];
		must(chain->account[0], "an account without a name");
		must(i == 0 || strcmp(view->chains[i - 1].account, chain->account) < 0, "%s is not behind %s", chain->account,
		     view->chains[i - 1].account);
		must((chain->epoch > 0) == (chain->owner != NULL) && (chain->lease > 0) == (chain->owner != NULL), "half an owner");
		must(!chain->owner || chain->owner[0], "an owner without a name");
		must(chain->until >= 0 && chain->head < UINT64_MAX, "a number that is too large");
	}
	for (size_t i = 0; i < view->node_count; i++) {
		const struct journal_node *node = &view->nodes[i];
		must(node->name[0] && node->lease > 0, "half a node");
		must(strlen(node->value) < 1 << 20, "a long value");
		must(i == 0 || strcmp(node[-1].name, node->name) < 0 ||
		     (strcmp(node[-1].name, node->name) == 0 && node[-1].lease <= node->lease), "%s is not in order", node->name);
	}
	must(view->cluster != 0, "no cluster");
}

static void check_entries(const struct journal_reply *reply, const struct etcdresult_asked *asked) {
	static volatile unsigned char sum;
	for (size_t i = 0; i < reply->entry_count; i++) {
		const struct journal_entry *entry = &reply->entries[i];
		must(entry->position >= asked->from && entry->position <= asked->until, "one that was not asked for");
		must(i == 0 || entry->position == entry[-1].position + 1, "a hole");
		for (size_t at = 0; at < entry->len; at++) {
			sum = (unsigned char)(sum + ((const unsigned char *)entry->data)[at]);
		}
	}
}

static void check(enum journal_verb verb, long status, char *body, size_t len) {
	const struct etcdresult_asked asked = {.verb = verb, .cluster = "hq", .node = "a", .account = "acme", .from = 1,
	                                       .until = 1000, .lease = 255, .data = "foo", .len = 3};
	const struct http_reply http_reply = {.status = status, .body = body, .body_len = len};
	struct journal_reply reply = {.verb = verb};
	struct etcdanswer answer = {0};
	struct etcdview view = {0};
	struct error err = {{0}};
	struct etcdverdict verdict = etcdverdict_of(&http_reply, &answer, &err);
	reply.result = verdict.result;
	if (verdict.result == JOURNAL_DONE) {
		reply.result = etcdresult_of(&asked, &answer, &view, &reply, &err);
		must(reply.result != JOURNAL_FAILED, "it answered and failed");
	}
	bool explained = reply.result == JOURNAL_FAILED || reply.result == JOURNAL_UNKNOWN;
	must((err.text[0] != '\0') == explained, "result %d: %s", (int)reply.result, err.text);
	fuzz_must_be_line(err.text, strlen(err.text), "");
	if (reply.result == JOURNAL_DONE) {
		must(status == 200, "done with %ld", status);
		must(verb != JOURNAL_GRANT || reply.lease > 0, "no lease");
		must(verb != JOURNAL_CLAIM || reply.epoch > 0, "no epoch");
		if (verb == JOURNAL_LOOK) {
			check_view(&reply.view);
		} else if (verb == JOURNAL_READ) {
			check_entries(&reply, &asked);
		}
	}
	etcdanswer_done(&answer);
	etcdview_done(&view);
}

void fuzz_one(const uint8_t *data, size_t len) {
	if (len < 2) {
		return;
	}
	/* As it comes from the network: with a NUL behind it. */
	size_t body_len = len - 2;
	char *body = malloc(body_len + 1);
	must(body, "no memory");
	memcpy(body, data + 2, body_len);
	body[body_len] = '\0';
	check((enum journal_verb)(data[0] % (JOURNAL_TRIM + 1)), statuses[data[1] % 8], body, body_len);
	free(body);
}
