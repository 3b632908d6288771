// SPDX-License-Identifier: ISC

/*
 * keys: who may ask.
 *
 * A key belongs to one organisation and one scheme and has an id, the only name under which it
 * is ever written down. A partner's key that reaches several organisations is added once for
 * each of them, under different ids.
 */

#ifndef FAKE_RHOMBUS_KEYS_H
#define FAKE_RHOMBUS_KEYS_H

#include "json.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

enum key_state {
	KEY_VALID,
	KEY_REVOKED,      /* refused with 403 and JSON */
	KEY_INVALID_TEXT, /* refused with 403 and text, like a key of another region */
};

struct key {
	char *secret;
	char *org;
	char *scheme;
	char *id;
	enum key_state state;
};

struct keys {
	struct key *all;
	size_t count;
	size_t ever; /* how many were ever added, for "key1", "key2", ... */
};

/** What a request shows of itself. NULL where a header is missing. */
struct credential {
	const char *scheme;
	const char *secret;
	const char *org;
	bool certificate; /* a client certificate was verified */
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_UNKNOWN,      /* 401: no or unknown credential */
	VERDICT_DENIED,       /* 403 with JSON */
	VERDICT_INVALID_TEXT, /* 403 with text */
};

void keys_done(struct keys *keys);

/** Adds "KEY[,org=ORG][,scheme=S][,id=NAME]". The sentence never repeats the key. */
int keys_add_option(struct keys *keys, const char *option, struct why *why)
	__attribute__((warn_unused_result));

/**
 * Changes the keys as {"add":[{"key","org","scheme","id"}],"revoke":[ID],"invalid_text":[ID]}
 * asks. Adding an id again replaces that key. All or nothing.
 */
int keys_change(struct keys *keys, struct json_object *change, struct why *why)
	__attribute__((warn_unused_result));

/** Adds the keys of a JSON array [{"key","org","scheme","id"}]. */
int keys_add_array(struct keys *keys, struct json_object *array, struct why *why)
	__attribute__((warn_unused_result));

/** Judges a credential. *ret_key is the key it names, also when it is refused, or NULL. */
enum verdict keys_judge(const struct keys *keys, const struct credential *credential,
                        const struct key **ret_key);

/** "key1"; "unknown" for a key that is not known, "none" where there was none. */
const char *key_name(const struct key *key, const struct credential *credential);

/** Replaces every known key of eight bytes or more in the text by "<key:ID>". */
void keys_redact(const struct keys *keys, struct text *text);

#endif
