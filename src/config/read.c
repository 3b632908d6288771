// SPDX-License-Identifier: ISC

#include "config/read.h"

#include "base/text.h"
#include "config/accounts.h"
#include "config/devices.h"
#include "config/fragments.h"
#include "config/membership.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static const char no_device[] =
	"there is none: add devices = ( { uuid = \"...\"; name = \"...\"; } ); here or in conf.d";

int config_check_devices(const struct config *config, const char *file, struct error *err) {
	return config->device_count > 0 ? 0
	                                : error_set(err, EINVAL, "%.300s:1: devices: %s", file, no_device);
}

static struct config *config_new(void) {
	struct config *config = calloc(1, sizeof(*config));
	if (config) {
		config->memory = config_memory_new();
		if (!config->memory) {
			free(config);
			return NULL;
		}
	}
	return config;
}

/* The subject of an error when no setting is at fault. */
static void report_file(struct reader *reader, const struct source *source, const char *sentence) {
	problem_add(&reader->problems, source, 0, "", "%s", sentence);
}

/* Reads and parses one file.  What is wrong with it is reported. */
static int read_file(struct reader *reader, struct reader_file *file) {
	struct error err = {0};
	int line = 0;

	int r = source_read(&file->source, reader->memory, &reader->problems);
	if (r == 0) {
		r = tree_parse(buf_text(&file->source.text), &file->tree, &line, &err);
		if (r == -EINVAL) {
			problem_add(&reader->problems, &file->source, line, "", "%s", err.text);
		}
	}
	source_drop_text(&file->source);
	if (r == -EINVAL) {
		reader->files_whole = false;
		r = 0;
	}
	return r;
}

/* The main file, then the fragments. */
static int name_files(struct reader *reader, const char *main_file, const struct fragments *fragments) {
	reader->files = calloc(fragments->count + 1, sizeof(*reader->files));
	if (!reader->files) {
		return -ENOMEM;
	}
	for (size_t i = 0; i <= fragments->count; i++) {
		const char *file = memory_text(reader->memory, i == 0 ? main_file : fragments->files[i - 1]);
		if (!file) {
			return -ENOMEM;
		}
		source_init(&reader->files[i].source, file, (int)i);
		reader->file_count++;
	}
	return 0;
}

static int read_files(struct reader *reader, const char *main_file) {
	struct fragments fragments;
	struct error err = {0};

	int listed = fragments_list(main_file, &fragments, &err);
	int r = listed == -ENOMEM ? listed : name_files(reader, main_file, &fragments);
	if (r == 0 && listed < 0) {
		error_prefix(&err, "%s", fragments.directory);
		report_file(reader, &reader->files[0].source, err.text);
		reader->files_whole = false;
	}
	fragments_done(&fragments);

	for (size_t i = 0; r == 0 && i < reader->file_count; i++) {
		r = read_file(reader, &reader->files[i]);
	}
	return r;
}

static enum key_group find_group(const char *name) {
	enum key_group group = 0;
	while (group < GROUP_COUNT && strcmp(group_table[group].name, name) != 0) {
		group++;
	}
	return group;
}

static void report_no_group(struct reader *reader, const struct reader_file *file, const char *name,
                            int line) {
	char subject[64];
	text_escape(subject, sizeof(subject), name, strlen(name));

	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (strcmp(key_table[id].name, name) == 0) {
			problem_add(&reader->problems, &file->source, line, subject,
			            "there is no such setting here: it belongs to %s",
			            group_table[key_table[id].group].name);
			return;
		}
	}
	const char *names[GROUP_COUNT + 1] = {NULL};
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		names[i] = group_table[i].name;
	}
	const char *nearest = choice_suggest(names, name);
	problem_add(&reader->problems, &file->source, line, subject, "there is no such setting%s%s%s",
	            nearest ? ": did you mean " : ": there are accounts, defaults, devices, retry, log, state "
		            "and cluster",
	            nearest ? nearest : "", nearest ? "?" : "");
}

/* Whether it is a group's list or group, or what may stand in its place. */
static bool is_well_shaped(const struct config_setting_t *node, const struct group *about) {
	struct scalar scalar;
	node_read(node, &scalar);
	if (scalar.kind == SCALAR_STRING) {
		return about->word && strcmp(scalar.text, about->word) == 0;
	}
	return scalar.kind == (about->list ? SCALAR_LIST : SCALAR_GROUP);
}

/* Whether the top-level setting has the right shape and place. */
static bool is_well_placed(struct reader *reader, const struct reader_file *file, const struct config_setting_t *node,
                           enum key_group group) {
	const struct group *about = &group_table[group];

	if (file != &reader->files[0] && !about->fragment) {
		problem_add(&reader->problems, &file->source, node_line(node), about->name,
		            "is allowed only in %s: files in conf.d hold accounts and devices",
		            reader->files[0].source.file);
		return false;
	}
	if (!is_well_shaped(node, about)) {
		problem_add(&reader->problems, &file->source, node_line(node), about->name, "must be %s%s%s%s",
		            about->list ? "a list of groups: ( { ... }, { ... } )" : "a group: { ... }",
		            about->word ? ", or \"" : "", about->word ? about->word : "", about->word ? "\"" : "");
		return false;
	}
	return true;
}

/* Finds a group in a file; NULL if it is not there or not usable. */
static const struct config_setting_t *find(const struct reader_file *file, enum key_group group) {
	const struct config_setting_t *root = file->tree ? tree_root(file->tree) : NULL;
	for (size_t i = 0; root && i < node_count(root); i++) {
		const struct config_setting_t *node = node_at(root, i);
		if (strcmp(node_name(node), group_table[group].name) == 0) {
			return is_well_shaped(node, &group_table[group]) ? node : NULL;
		}
	}
	return NULL;
}

static void check_groups(struct reader *reader, const struct reader_file *file) {
	const struct config_setting_t *root = file->tree ? tree_root(file->tree) : NULL;
	for (size_t i = 0; root && i < node_count(root); i++) {
		const struct config_setting_t *node = node_at(root, i);
		enum key_group group = find_group(node_name(node));

		if (group == GROUP_COUNT) {
			report_no_group(reader, file, node_name(node), node_line(node));
		} else if (!is_well_placed(reader, file, node, group)) {
			reader->accounts_whole &= group != GROUP_ACCOUNTS;
			reader->files_whole &= !group_table[group].list;
		}
	}
}

static size_t count_list(const struct reader *reader, enum key_group group) {
	size_t count = 0;
	for (size_t f = 0; f < reader->file_count; f++) {
		const struct config_setting_t *list = find(&reader->files[f], group);
		count += list ? node_count(list) : 0;
	}
	return count;
}

/* One of the mistakes, if there are others; alone it is a configuration that waits to be filled in. */
static void report_no_device(struct reader *reader) {
	if (reader->problems.count > 0 && reader->files_whole && count_list(reader, GROUP_DEVICES) == 0) {
		problem_add(&reader->problems, &reader->files[0].source, 1, "devices", "%s", no_device);
	}
}

/* A group that is there once, in the main file. */
static void read_single(struct reader *reader, enum key_group group, void *into) {
	const struct reader_file *file = &reader->files[0];
	const struct config_setting_t *node = find(file, group);
	struct member member = {
		.source = &file->source, .group = group, .at = -1, .line = node ? node_line(node) : 0};

	reader_fill(reader, group, into);
	if (node) {
		reader_read(reader, &member, node, into, NULL);
	}
	reader_check(reader, &member, into);
}

typedef void read_element(struct reader *reader, const struct source *source, const struct config_setting_t *node,
                          long at);

static void read_list(struct reader *reader, enum key_group group, read_element *read) {
	for (size_t f = 0; f < reader->file_count; f++) {
		const struct reader_file *file = &reader->files[f];
		const struct config_setting_t *list = find(file, group);
		for (size_t i = 0; list && i < node_count(list); i++) {
			const struct config_setting_t *node = node_at(list, i);
			struct member member = {
				.source = &file->source, .group = group, .at = (long)i, .line = node_line(node)};
			struct scalar scalar;

			node_read(node, &scalar);
			if (scalar.kind == SCALAR_GROUP) {
				read(reader, &file->source, node, (long)i);
			} else {
				reader_report(reader, &member, KEY_COUNT, "must be a group: { ... }");
			}
		}
	}
}

/* Devices point to accounts, and indexes count in both, so neither may move. */
static int make_room(struct reader *reader) {
	struct config *config = reader->config;
	size_t accounts = count_list(reader, GROUP_ACCOUNTS);
	size_t devices = count_list(reader, GROUP_DEVICES);
	const struct source *source = &reader->files[0].source;

	if (accounts == 0 && reader->files_whole) {
		problem_add(&reader->problems, source, 1, "accounts",
		            "there is none: add accounts = ( { name = \"...\"; key_file = \"...\"; } );");
	}
	config->accounts = calloc(accounts + 1, sizeof(*config->accounts));
	config->devices = calloc(devices + 1, sizeof(*config->devices));
	return config->accounts && config->devices ? 0 : -ENOMEM;
}

/* Accounts before devices, over all files: a device may name an account of any. */
static int read_groups(struct reader *reader) {
	struct config *config = reader->config;
	struct state_draft state = {0};

	for (size_t f = 0; f < reader->file_count; f++) {
		check_groups(reader, &reader->files[f]);
	}
	int r = make_room(reader);
	struct device_draft *defaults = memory_alloc(config->memory, sizeof(*defaults));
	if (r < 0 || !defaults) {
		return -ENOMEM;
	}
	reader->accounts_whole &= reader->files_whole;
	read_list(reader, GROUP_ACCOUNTS, accounts_read);
	devices_read_defaults(reader, find(&reader->files[0], GROUP_DEFAULTS));
	read_list(reader, GROUP_DEVICES, devices_read);
	read_single(reader, GROUP_RETRY, &config->retry);
	read_single(reader, GROUP_LOG, &config->log);
	read_single(reader, GROUP_STATE, &state);
	membership_read(reader, find(&reader->files[0], GROUP_CLUSTER));

	config->log.entries = config->cluster.name != NULL;
	config->log.zone = reader->default_draft.settings.bucket.zone;
	config->state_directory = state.directory;
	config->runtime_directory = state.runtime_directory;
	*defaults = reader->default_draft;
	config->defaults = defaults;
	return reader->failed || reader->problems.failed ? -ENOMEM : 0;
}

static void reader_done(struct reader *reader) {
	bool parsed = false;
	for (size_t f = 0; f < reader->file_count; f++) {
		parsed |= reader->files[f].tree != NULL;
		tree_free(reader->files[f].tree);
		source_done(&reader->files[f].source);
	}
	free(reader->files);
	index_done(&reader->by_account);
	index_done(&reader->by_identity);
	index_done(&reader->by_name);
	problem_done(&reader->problems);
	/* libconfig's tree takes many times what is kept, and in small pieces. */
	if (parsed) {
		(void)malloc_trim(0);
	}
}

int config_load(const char *file, struct config **ret_config, struct config_problems *problems) {
	struct reader reader = {
		.config = config_new(), .files_whole = true, .accounts_whole = true};
	if (!reader.config) {
		return -ENOMEM;
	}
	reader.memory = reader.config->memory;

	int r = read_files(&reader, file);
	if (r == 0) {
		r = read_groups(&reader);
	}
	report_no_device(&reader);
	if (r == 0 && reader.problems.count > 0) {
		problem_tell(&reader.problems, problems);
		r = reader.problems.failed ? -ENOMEM : -EINVAL;
	}
	memory_seal(reader.memory);
	if (r == 0) {
		*ret_config = reader.config;
	} else {
		config_free(reader.config);
	}
	reader_done(&reader);
	return r;
}
