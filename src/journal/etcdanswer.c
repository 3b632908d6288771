// SPDX-License-Identifier: ISC

#include "journal/etcdanswer.h"

#include "base/array.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/scan.h"

#include <errno.h>
#include <stdlib.h>

void etcdanswer_done(struct etcdanswer *answer) {
	if (answer) {
		free(answer->pairs);
		buf_done(&answer->bytes);
		*answer = (struct etcdanswer){0};
	}
}

/* Numbers.  What is not there is 0. */

static bool take_unsigned(struct json_object *value, uint64_t *ret) {
	size_t len;
	const char *text = json_string(value, &len);
	int64_t n = 0;
	if (text) {
		struct scan scan = {.at = text, .end = text + len};
		return scan_unsigned(&scan, UINT64_MAX, ret) && scan.at == scan.end;
	}
	if (value && (!json_int(value, &n) || n < 0)) {
		return false;
	}
	*ret = (uint64_t)n;
	return true;
}

static bool take_signed(struct json_object *value, int64_t *ret) {
	uint64_t n;
	if (!take_unsigned(value, &n) || n > INT64_MAX) {
		return false;
	}
	*ret = (int64_t)n;
	return true;
}

static bool take_bool(struct json_object *value, bool *ret) {
	*ret = json_kind(value) == JSON_BOOL && json_double(value) != 0;
	return !value || json_kind(value) == JSON_BOOL;
}

/* Bytes, and a NUL behind them.  *ret is an offset until the answer is whole. */
static int take_bytes(struct json_object *value, struct buf *bytes, size_t *ret_len) {
	size_t len = 0, before = bytes->len;
	const char *text = value ? json_string(value, &len) : "";
	int r = text ? base64_take(text, len, bytes) : -EBADMSG;
	*ret_len = bytes->len - before;
	buf_putc(bytes, '\0');
	return r < 0 ? r : buf_error(bytes);
}

/* Transactions */

static int take_pair(struct json_object *value, struct etcdanswer *answer) {
	enum { KEY, VALUE, CREATED, LEASE, MEMBERS };
	static const char *const names[MEMBERS] = {"key", "value", "create_revision", "lease"};
	struct json_object *members[MEMBERS];
	struct etcdanswer_pair pair;
	if (array_reserve(&answer->pairs, &answer->pair_size, answer->pair_count + 1, sizeof(pair)) < 0) {
		return -ENOMEM;
	}
	json_members(value, names, MEMBERS, members);
	if (!members[KEY] || !take_unsigned(members[CREATED], &pair.created) || pair.created == 0 ||
	    !take_signed(members[LEASE], &pair.lease)) {
		return -EBADMSG;
	}
	int r = take_bytes(members[KEY], &answer->bytes, &pair.key_len);
	if (r == 0) {
		r = take_bytes(members[VALUE], &answer->bytes, &pair.value_len);
	}
	answer->pairs[answer->pair_count++] = pair;
	return r;
}

static int take_range(struct json_object *value, struct etcdanswer *answer) {
	struct json_object *pairs = json_member(value, "kvs");
	if (answer->range_count == ETCDANSWER_RANGES || json_kind(value) != JSON_OBJECT ||
	    (pairs && json_kind(pairs) != JSON_ARRAY)) {
		return -EBADMSG;
	}
	struct etcdanswer_range *range = &answer->ranges[answer->range_count++];
	if (!take_bool(json_member(value, "more"), &range->more)) {
		return -EBADMSG;
	}
	range->count = json_count(pairs);
	for (size_t i = 0; i < range->count; i++) {
		int r = take_pair(json_element(pairs, i), answer);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int take_responses(struct json_object *responses, struct etcdanswer *answer) {
	if (responses && json_kind(responses) != JSON_ARRAY) {
		return -EBADMSG;
	}
	for (size_t i = 0; i < json_count(responses); i++) {
		struct json_object *response = json_element(responses, i);
		int r = json_has(response, "response_range")
		            ? take_range(json_member(response, "response_range"), answer) : 0;
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* The bytes lie as they were read, and stay where they are from now on. */
static void point_at_bytes(struct etcdanswer *answer) {
	const char *at = buf_text(&answer->bytes);
	size_t next = 0;
	for (size_t i = 0; i < answer->pair_count; i++) {
		struct etcdanswer_pair *pair = &answer->pairs[i];
		pair->key = at;
		at += pair->key_len + 1;
		pair->value = at;
		at += pair->value_len + 1;
	}
	for (size_t i = 0; i < answer->range_count; i++) {
		struct etcdanswer_range *range = &answer->ranges[i];
		range->pairs = range->count > 0 ? &answer->pairs[next] : NULL;
		next += range->count;
	}
}

/* The whole */

static int take_answer(struct json_object *value, struct etcdanswer *answer) {
	enum { HEADER, SUCCEEDED, RESPONSES, ID, TTL, MEMBERS };
	static const char *const names[MEMBERS] = {"header", "succeeded", "responses", "ID", "TTL"};
	struct json_object *members[MEMBERS];
	json_members(value, names, MEMBERS, members);
	if (!take_unsigned(json_member(members[HEADER], "cluster_id"), &answer->cluster) || answer->cluster == 0 ||
	    !take_unsigned(json_member(members[HEADER], "revision"), &answer->revision) ||
	    !take_bool(members[SUCCEEDED], &answer->succeeded) || !take_signed(members[ID], &answer->lease) ||
	    !take_signed(members[TTL], &answer->ttl_s)) {
		return -EBADMSG;
	}
	int r = take_responses(members[RESPONSES], answer);
	if (r == 0) {
		point_at_bytes(answer);
	}
	return r;
}

int etcdanswer_read(const char *text, size_t len, struct etcdanswer *answer, struct error *err) {
	struct json_object *value;
	int r = json_read(text, len, &value, err);
	if (r < 0) {
		return r;
	}
	buf_init(&answer->bytes, BUF_ANY);
	/* What comes of a stream is one deeper. */
	struct json_object *result = json_member(value, "result");
	r = take_answer(result ? result : value, answer);
	json_free(value);
	if (r == -EBADMSG) {
		return error_set(err, EBADMSG, "is JSON, but not an answer of etcd");
	}
	return r < 0 ? error_set(err, ENOMEM, "out of memory") : 0;
}

/* {"error":"...","code":5}, in some builds {"code":5,"message":"..."}, or of a stream {"error":{"message":"...","grpc_code":5}} */
static const char *message_of(struct json_object *value, size_t *ret_len) {
	struct json_object *error = json_member(value, "error");
	if (json_kind(error) == JSON_OBJECT) {
		return json_has(error, "grpc_code") || json_has(error, "code") ? json_string(json_member(error, "message"), ret_len)
		                                                               : NULL;
	}
	return json_has(value, "code") ? json_string(error ? error : json_member(value, "message"), ret_len) : NULL;
}

bool etcdanswer_refusal(const char *text, size_t len, struct buf *message) {
	struct json_object *value;
	if (json_read(text, len, &value, NULL) < 0) {
		return false;
	}
	size_t message_len = 0;
	const char *found = message_of(value, &message_len);
	if (found) {
		buf_append(message, found, message_len);
	}
	json_free(value);
	return found != NULL;
}
