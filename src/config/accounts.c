// SPDX-License-Identifier: ISC

#include "config/accounts.h"

#include "base/rng.h"

#include <string.h>

static bool same_name(const void *items, size_t position, const void *key) {
	const struct account *accounts = items;
	return strcmp(accounts[position].name, key) == 0;
}

const struct account *accounts_find(const struct reader *reader, const char *name) {
	const struct config *config = reader->config;
	size_t found;
	if (!index_find(&reader->by_account, rng_hash(name, strlen(name)), same_name, config->accounts, name,
	                &found)) {
		return NULL;
	}
	return &config->accounts[found];
}

/* An account with mistakes is entered too, so that its devices do not seem to lack one. */
static void enter(struct reader *reader, const struct member *member, const struct account *account) {
	struct config *config = reader->config;
	size_t found;
	if (!account->name) {
		reader->accounts_whole = false;
		return;
	}

	config->accounts[config->account_count] = *account;
	int r = index_add(&reader->by_account, rng_hash(account->name, strlen(account->name)), same_name,
	                  config->accounts, account->name, config->account_count, &found);
	if (r < 0) {
		reader->failed = true;
	} else if (r > 0) {
		struct place place = config->accounts[found].place;
		reader_report(reader, member, KEY_ACCOUNT_NAME,
		              "is already the name of another account, at %s:%d: give each its own", place.file,
		              place.line);
	} else {
		config->account_count++;
	}
}

void accounts_read(struct reader *reader, const struct source *source, const struct config_setting_t *node, long at) {
	struct member member = {
		.source = source, .group = GROUP_ACCOUNTS, .at = at, .line = node_line(node)};
	struct account_draft draft = {0};

	reader_fill(reader, GROUP_ACCOUNTS, &draft);
	reader_read(reader, &member, node, &draft, NULL);
	reader_require(reader, &member);
	reader_check(reader, &member, &draft);

	if (!draft.account.base_url) {
		draft.account.base_url = region_urls[draft.region];
	}
	draft.account.place = member_place(&member, KEY_COUNT);
	draft.account.main_file = reader->files[0].source.file;
	enter(reader, &member, &draft.account);
}
