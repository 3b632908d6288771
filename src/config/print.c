// SPDX-License-Identifier: ISC

/*
 * The configuration as a file.  Each device shows what tells it from `defaults`,
 * so that a hundred thousand devices stay readable.
 */

#include "config/print.h"

#include "config/check.h"
#include "config/value.h"

#include <string.h>

struct printer {
	struct buf *out;
	struct buf inherited[KEY_COUNT]; /* values of the defaults, written out */
};

/* What a group of its own was read into; NULL for accounts, defaults, devices, and a cluster that there is not. */
static const void *group_struct(const struct config *config, enum key_group group,
                                struct state_draft *state) {
	switch (group) {
	case GROUP_RETRY:
		return &config->retry;
	case GROUP_LOG:
		return &config->log;
	case GROUP_STATE:
		*state = (struct state_draft){
			.directory = config->state_directory, .runtime_directory = config->runtime_directory};
		return state;
	case GROUP_CLUSTER:
		return config->cluster.name ? &config->cluster : NULL;
	default:
		return NULL;
	}
}

static void print_key(struct printer *printer, enum key_id id, const void *from) {
	const char *indent = group_table[key_table[id].group].list ? "    " : "  ";
	buf_printf(printer->out, "%s%s = ", indent, key_table[id].name);
	value_write(id, from, printer->out);
	buf_puts(printer->out, ";\n");
}

static void print_keys(struct printer *printer, enum key_group group, const void *from) {
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (key_table[id].group == group && value_is_set(id, from)) {
			print_key(printer, id, from);
		}
	}
}

static void print_group(struct printer *printer, enum key_group group, const void *from) {
	buf_printf(printer->out, "\n%s = {\n", group_table[group].name);
	print_keys(printer, group, from);
	buf_puts(printer->out, "};\n");
}

/* A region is a base URL by name. */
static void print_account(struct printer *printer, const struct account *account) {
	struct account_draft draft = {.account = *account};
	for (int i = 0; region_names[i]; i++) {
		if (strcmp(account->base_url, region_urls[i]) == 0) {
			draft.region = i;
			draft.account.base_url = NULL;
		}
	}
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		bool other = id == KEY_REGION && draft.account.base_url;
		if (key_table[id].group == GROUP_ACCOUNTS && !other && value_is_set(id, &draft)) {
			print_key(printer, id, &draft);
		}
	}
}

/* What the device's own line must say, because the defaults say something else. */
static bool is_own(struct printer *printer, enum key_id id, const struct device_draft *draft,
                   struct buf *scratch) {
	if (!value_is_set(id, draft)) {
		return false;
	}
	if (id == KEY_WINDOW && window_is_fixed(draft->settings.bucket.interval)) {
		return false;
	}
	buf_clear(scratch);
	value_write(id, draft, scratch);
	if (buf_error(scratch) < 0) {
		printer->out->error = scratch->error;
	}
	return strcmp(buf_text(scratch), buf_text(&printer->inherited[id])) != 0;
}

static void print_device(struct printer *printer, const struct device *device, struct buf *scratch) {
	struct device_draft draft = {
		.uuid = device->uuid,
		.name = device->name,
		.site = device->site,
		.account = device->account->name,
		.labels = device->labels,
		.capacity = device->capacity,
		.settings = *device->settings,
	};
	print_keys(printer, GROUP_DEVICES, &draft);
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (key_table[id].group == GROUP_DEFAULTS && is_own(printer, id, &draft, scratch)) {
			buf_puts(printer->out, "  ");
			print_key(printer, id, &draft);
		}
	}
}

static void print_accounts(struct printer *printer, const struct config *config) {
	buf_puts(printer->out, "accounts = (");
	for (size_t i = 0; i < config->account_count; i++) {
		buf_puts(printer->out, i == 0 ? "\n  {\n" : ",\n  {\n");
		print_account(printer, &config->accounts[i]);
		buf_puts(printer->out, "  }");
	}
	buf_puts(printer->out, "\n);\n");
}

static void print_devices(struct printer *printer, const struct config *config) {
	struct buf scratch;
	buf_init(&scratch, printer->out->max);
	buf_puts(printer->out, "\ndevices = (");
	for (size_t i = 0; i < config->device_count; i++) {
		buf_puts(printer->out, i == 0 ? "\n  {\n" : ",\n  {\n");
		print_device(printer, &config->devices[i], &scratch);
		buf_puts(printer->out, "  }");
	}
	buf_puts(printer->out, "\n);\n");
	buf_done(&scratch);
}

void config_print(const struct config *config, struct buf *out) {
	struct printer printer = {.out = out};
	const struct device_draft *defaults = config->defaults;

	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		buf_init(&printer.inherited[id], out->max);
		if (key_table[id].group == GROUP_DEFAULTS && value_is_set(id, defaults)) {
			value_write(id, defaults, &printer.inherited[id]);
		}
	}

	print_accounts(&printer, config);
	print_group(&printer, GROUP_DEFAULTS, defaults);
	print_devices(&printer, config);
	for (enum key_group group = 0; group < GROUP_COUNT; group++) {
		struct state_draft state;
		const void *from = group_struct(config, group, &state);
		if (from) {
			print_group(&printer, group, from);
		}
	}
	if (config->cluster.left) {
		buf_printf(out, "\n%s = \"%s\";\n", group_table[GROUP_CLUSTER].name, group_table[GROUP_CLUSTER].word);
	}

	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (buf_error(&printer.inherited[id]) < 0) {
			out->error = printer.inherited[id].error;
		}
		buf_done(&printer.inherited[id]);
	}
}

static void write_or_none(enum key_id id, const void *from, struct buf *out) {
	buf_clear(out);
	if (value_is_set(id, from)) {
		value_write(id, from, out);
	} else {
		buf_puts(out, "none");
	}
}

static void put_cluster(const struct config *config, struct buf *out) {
	const char *name = config->cluster.name;
	buf_printf(out, name ? "\"%s\"" : "%s", name ? name : "none");
}

/* Settings of a block that only one of them has are not compared one by one. */
static void tell_of_cluster(const struct config *before, const struct config *after, struct buf *out) {
	if (!before->cluster.name == !after->cluster.name) {
		return;
	}
	buf_puts(out, "cluster has changed from ");
	put_cluster(before, out);
	buf_puts(out, " to ");
	put_cluster(after, out);
	buf_puts(out, ": that needs a restart, and until then ");
	put_cluster(before, out);
	buf_puts(out, " is used\n");
}

void config_restarts(const struct config *before, const struct config *after, struct buf *out) {
	struct buf values[2];
	buf_init(&values[0], out->max);
	buf_init(&values[1], out->max);
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];
		struct state_draft states[2];
		const void *old = group_struct(before, key->group, &states[0]);
		const void *new = group_struct(after, key->group, &states[1]);
		if (!key->restart || !old || !new) {
			continue; /* what is in a list is not a setting of the whole */
		}
		write_or_none(id, old, &values[0]);
		write_or_none(id, new, &values[1]);
		if (strcmp(buf_text(&values[0]), buf_text(&values[1])) != 0) {
			buf_printf(out,
			           "%s.%s has changed from %s to %s: that needs a restart, and until then "
			           "%s is used\n",
			           group_table[key->group].name, key->name, buf_text(&values[0]),
			           buf_text(&values[1]), buf_text(&values[0]));
		}
	}
	tell_of_cluster(before, after, out);
	buf_done(&values[0]);
	buf_done(&values[1]);
}
