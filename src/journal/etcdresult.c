// SPDX-License-Identifier: ISC

#include "journal/etcdresult.h"

#include <string.h>

/* One function for each verb */

typedef enum journal_result take(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                 struct etcdview *view, struct journal_reply *reply, struct error *err);

static enum journal_result nonsense(struct error *err) {
	error_say(err, "did not answer what it was asked");
	return JOURNAL_UNKNOWN;
}

static enum journal_result take_look(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                     struct etcdview *view, struct journal_reply *reply, struct error *err) {
	return etcdview_look(view, answer, asked->cluster, &reply->view, err) < 0 ? JOURNAL_UNKNOWN : JOURNAL_DONE;
}

static enum journal_result take_read(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                     struct etcdview *view, struct journal_reply *reply, struct error *err) {
	uint64_t head;
	if (etcdview_read(view, answer, asked->cluster, asked->account, &head, err) < 0) {
		return JOURNAL_UNKNOWN;
	}
	const struct journal_entry *entries = view->entries;
	size_t count = view->entry_count;
	if (count > 0 && (entries[0].position < asked->from || entries[count - 1].position > asked->until)) {
		return nonsense(err);
	}
	uint64_t end = head < asked->until ? head : asked->until;
	reply->entries = entries;
	reply->entry_count = count;
	reply->more = count > 0 ? entries[count - 1].position < end : asked->from <= end;
	return JOURNAL_DONE;
}

static enum journal_result take_grant(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                      struct etcdview *view, struct journal_reply *reply, struct error *err) {
	(void)asked;
	(void)view;
	reply->lease = answer->lease;
	return answer->lease > 0 && answer->ttl_s > 0 ? JOURNAL_DONE : nonsense(err);
}

static enum journal_result take_renew(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                      struct etcdview *view, struct journal_reply *reply, struct error *err) {
	(void)view;
	(void)reply;
	if (answer->lease != asked->lease) {
		return nonsense(err);
	}
	return answer->ttl_s > 0 ? JOURNAL_DONE : JOURNAL_REFUSED;
}

static enum journal_result take_revoke(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                       struct etcdview *view, struct journal_reply *reply, struct error *err) {
	(void)asked;
	(void)answer;
	(void)view;
	(void)reply;
	(void)err;
	return JOURNAL_DONE;
}

static enum journal_result take_announce(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                         struct etcdview *view, struct journal_reply *reply, struct error *err) {
	(void)asked;
	(void)view;
	(void)reply;
	return answer->succeeded ? JOURNAL_DONE : nonsense(err);
}

static bool is_value(const struct etcdanswer_pair *pair, const void *data, size_t len) {
	return pair->value_len == len && memcmp(pair->value, data, len) == 0;
}

/* What a transaction says that depends on something: what it asks for instead, it always finds or does not find. */
static enum journal_result take_fenced(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                       struct etcdview *view, struct journal_reply *reply, struct error *err) {
	(void)asked;
	(void)view;
	(void)reply;
	if (answer->succeeded) {
		return JOURNAL_DONE;
	}
	return answer->range_count == 1 && answer->ranges[0].count <= 1 ? JOURNAL_REFUSED : nonsense(err);
}

static enum journal_result take_claim(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                      struct etcdview *view, struct journal_reply *reply, struct error *err) {
	enum journal_result result = take_fenced(asked, answer, view, reply, err);
	reply->epoch = answer->revision;
	if (result == JOURNAL_REFUSED && answer->ranges[0].count == 1) {
		const struct etcdanswer_pair *owner = answer->ranges[0].pairs;
		reply->epoch = owner->created;
		result = owner->lease == asked->lease && is_value(owner, asked->node, strlen(asked->node)) ? JOURNAL_DONE
		                                                                                           : JOURNAL_REFUSED;
	}
	return result == JOURNAL_DONE && reply->epoch == 0 ? nonsense(err) : result;
}

static enum journal_result take_commit(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                       struct etcdview *view, struct journal_reply *reply, struct error *err) {
	enum journal_result result = take_fenced(asked, answer, view, reply, err);
	bool is_there = result == JOURNAL_REFUSED && answer->ranges[0].count == 1 &&
	                is_value(answer->ranges[0].pairs, asked->data, asked->len);
	return is_there ? JOURNAL_DONE : result;
}

static take *const takers[] = {
	[JOURNAL_LOOK] = take_look,
	[JOURNAL_READ] = take_read,
	[JOURNAL_GRANT] = take_grant,
	[JOURNAL_RENEW] = take_renew,
	[JOURNAL_REVOKE] = take_revoke,
	[JOURNAL_ANNOUNCE] = take_announce,
	[JOURNAL_CLAIM] = take_claim,
	[JOURNAL_RELEASE] = take_fenced,
	[JOURNAL_COMMIT] = take_commit,
	[JOURNAL_DEFER] = take_fenced,
	[JOURNAL_TRIM] = take_fenced,
};

enum journal_result etcdresult_of(const struct etcdresult_asked *asked, const struct etcdanswer *answer,
                                  struct etcdview *view, struct journal_reply *reply, struct error *err) {
	return takers[asked->verb](asked, answer, view, reply, err);
}
