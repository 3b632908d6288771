// SPDX-License-Identifier: ISC

#include "config/config.h"

#include "config/keys.h"
#include "config/memory.h"

#include <stdlib.h>
#include <string.h>

void config_free(struct config *config) {
	if (config) {
		free(config->accounts);
		free(config->devices);
		config_memory_free(config->memory);
		free(config);
	}
}

const struct zone *config_zone(const struct config *config, size_t at) {
	return memory_zone_at(config->memory, at);
}

void account_files(const struct account *account, const char *ret_files[static ACCOUNT_FILES]) {
	const struct account_draft draft = {.account = *account};
	size_t count = 0;
	for (enum key_id id = 0; id < KEY_COUNT && count < ACCOUNT_FILES; id++) {
		const struct key *key = &key_table[id];
		if (key->group == GROUP_ACCOUNTS && key->type == TYPE_FILE) {
			memcpy(&ret_files[count++], (const char *)&draft + key->offset, sizeof(*ret_files));
		}
	}
}

const char *scheme_name(enum scheme scheme) {
	return key_table[KEY_SCHEME].choices[scheme];
}

bool scheme_wants_cert(enum scheme scheme) {
	return scheme == SCHEME_API || scheme == SCHEME_PARTNER_API;
}

bool scheme_wants_org(enum scheme scheme) {
	return scheme == SCHEME_PARTNER_API_TOKEN || scheme == SCHEME_PARTNER_API;
}
