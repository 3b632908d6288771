// SPDX-License-Identifier: ISC

#include "config/devices.h"

#include "base/rng.h"
#include "config/accounts.h"

#include <errno.h>
#include <string.h>

/* The system's zone, if the configuration names none. */
static void fill_zone(struct reader *reader, struct member *defaults, struct device_draft *draft) {
	char name[128];
	struct error err = {0};
	int r = memory_zone(reader->memory, zone_system_name(name, sizeof(name)), &draft->settings.bucket.zone,
	                    &err);
	if (r == -ENOMEM) {
		reader->failed = true;
	} else if (r < 0) {
		defaults->bad |= KEY_BIT(KEY_TIMEZONE);
		reader_report(reader, defaults, KEY_TIMEZONE,
		              "is not set, and the system's time zone %s cannot be loaded (%s): set it", name,
		              err.text);
	}
}

void devices_read_defaults(struct reader *reader, const struct config_setting_t *node) {
	struct member *member = &reader->defaults;
	struct device_draft *draft = &reader->default_draft;

	*member = (struct member){.source = &reader->files[0].source, .group = GROUP_DEFAULTS, .at = -1};
	*draft = (struct device_draft){.settings.since = {.from = INT64_MIN, .ago = -1}};
	reader_fill(reader, GROUP_DEFAULTS, draft);
	if (node) {
		member->line = node_line(node);
		reader_read(reader, member, node, draft, &reader->default_labels);
	}
	if (!((member->set | member->bad) & KEY_BIT(KEY_TIMEZONE))) {
		fill_zone(reader, member, draft);
	}
	if (labels_json(&reader->default_labels, reader->memory, &draft->labels) < 0) {
		reader->failed = true;
	}
	if (draft->account && reader->accounts_whole && !accounts_find(reader, draft->account)) {
		member->bad |= KEY_BIT(KEY_ACCOUNT);
		reader_report(reader, member, KEY_ACCOUNT, "there is no account of the name \"%s\"",
		              draft->account);
	}
}

/* Where a rule's sentence belongs: to the device's own setting, else to the one it inherits. */
static void blame(struct reader *reader, const struct member *member, const struct group_rule *rule,
                  const char *sentence) {
	const struct member *members[] = {member, &reader->defaults};
	for (size_t m = 0; m < 2; m++) {
		for (size_t i = 0; i < BLAME_MAX && rule->blame[i] != KEY_COUNT; i++) {
			if (members[m]->set & KEY_BIT(rule->blame[i])) {
				reader_report(reader, members[m], rule->blame[i], "%s", sentence);
				return;
			}
		}
	}
	reader_report(reader, member, KEY_COUNT, "%s", sentence);
}

static void check(struct reader *reader, const struct member *member, const struct device_draft *draft) {
	const struct member *defaults = &reader->defaults;
	const struct group_rule *first = rules_of(GROUP_DEVICES);
	uint64_t own = member->set | member->bad;
	uint64_t bad = member->bad | (defaults->bad & ~own);

	for (const struct group_rule *rule = first; rule->check; rule++) {
		struct error err = {0};
		uint64_t told = KEY_BIT(rule - first);
		bool inherited = !(rule->about & own);

		/* Without a readable main file it is not known what the device inherits. */
		if ((rule->about & bad) || (!reader->files[0].tree && (rule->about & ~own))) {
			continue;
		}
		if (inherited && (reader->rules_told & told)) {
			continue;
		}
		if (inherited) {
			reader->rules_told |= told;
		}
		if (rule->check(draft, own | defaults->set, &err) < 0) {
			blame(reader, member, rule, err.text);
		}
	}
}

static const struct account *choose_account(struct reader *reader, const struct member *member,
                                            const struct device_draft *draft) {
	const struct config *config = reader->config;
	uint64_t bad = (member->bad | reader->defaults.bad) & KEY_BIT(KEY_ACCOUNT);

	if (draft->account) {
		const struct account *account = accounts_find(reader, draft->account);
		if (!account && reader->accounts_whole && (member->set & KEY_BIT(KEY_ACCOUNT))) {
			reader_report(reader, member, KEY_ACCOUNT, "there is no account of the name \"%s\"",
			              draft->account);
		}
		return account;
	}
	if (config->account_count == 1) {
		return &config->accounts[0];
	}
	if (config->account_count > 1 && reader->accounts_whole && !bad) {
		reader_report(reader, member, KEY_ACCOUNT,
		              "is missing: there are %zu accounts, so name one here or in defaults",
		              config->account_count);
	}
	return NULL;
}

static bool same_identity(const void *items, size_t position, const void *key) {
	const struct device *a = (const struct device *)items + position;
	const struct device *b = key;
	return a->settings->bucket.interval == b->settings->bucket.interval && strcmp(a->uuid, b->uuid) == 0;
}

static bool same_name(const void *items, size_t position, const void *key) {
	const struct device *a = (const struct device *)items + position;
	const struct device *b = key;
	return a->settings->bucket.interval == b->settings->bucket.interval && strcmp(a->name, b->name) == 0;
}

static uint64_t hash(const char *text, enum interval interval) {
	return rng_hash(text, strlen(text)) + (uint64_t)interval;
}

static void report_taken(struct reader *reader, const struct member *member, enum key_id id,
                         const struct device *first) {
	const char *interval = interval_name(first->settings->bucket.interval);
	if (id == KEY_UUID) {
		reader_report(reader, member, id, "is already polled with interval %s, as \"%s\" at %s:%d",
		              interval, first->name, first->place.file, first->place.line);
	} else {
		reader_report(reader, member, id,
		              "is already the name of another device with interval %s, at %s:%d", interval,
		              first->place.file, first->place.line);
	}
}

/* Uuid and name, each with the interval, are there once.  The device stands at device_count. */
static void enter(struct reader *reader, const struct member *member, const struct device *device) {
	struct config *config = reader->config;
	enum interval interval = device->settings->bucket.interval;
	size_t found;

	config->devices[config->device_count] = *device;
	int by_uuid = index_add(&reader->by_identity, hash(device->uuid, interval), same_identity,
	                        config->devices, device, config->device_count, &found);
	if (by_uuid > 0) {
		report_taken(reader, member, KEY_UUID, &config->devices[found]);
	}
	int by_name = index_add(&reader->by_name, hash(device->name, interval), same_name, config->devices,
	                        device, config->device_count, &found);
	if (by_name > 0 && by_uuid == 0) {
		report_taken(reader, member, KEY_DEVICE_NAME, &config->devices[found]);
	}
	if (by_uuid < 0 || by_name < 0) {
		reader->failed = true;
		return;
	}
	/* An index may hold its position now, so it stays, even when it is a mistake. */
	config->device_count++;
}

void devices_read(struct reader *reader, const struct source *source, const struct config_setting_t *node, long at) {
	struct member member = {
		.source = source, .group = GROUP_DEVICES, .at = at, .line = node_line(node)};
	struct device_draft draft = reader->default_draft;
	struct labels labels;
	const uint64_t identity = KEY_BIT(KEY_UUID) | KEY_BIT(KEY_DEVICE_NAME);

	labels.count = reader->default_labels.count;
	memcpy(labels.items, reader->default_labels.items, labels.count * sizeof(labels.items[0]));
	reader_read(reader, &member, node, &draft, &labels);
	reader_require(reader, &member);

	uint64_t own = member.set | member.bad;
	settings_complete(&draft, own, own | reader->defaults.set | reader->defaults.bad);
	check(reader, &member, &draft);
	if ((own & KEY_BIT(KEY_LABELS)) && labels_json(&labels, reader->memory, &draft.labels) < 0) {
		reader->failed = true;
	}

	struct device device = {
		.uuid = draft.uuid,
		.name = draft.name,
		.site = draft.site,
		.labels = draft.labels,
		.capacity = draft.capacity,
		.account = choose_account(reader, &member, &draft),
		.settings = memory_settings(reader->memory, &draft.settings),
		.place = member_place(&member, KEY_COUNT),
	};
	if (!device.settings) {
		reader->failed = true;
	} else if ((member.set & identity) == identity && !(member.bad & KEY_BIT(KEY_INTERVAL))) {
		enter(reader, &member, &device);
	}
}
