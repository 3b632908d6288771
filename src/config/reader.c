// SPDX-License-Identifier: ISC

#include "config/reader.h"

#include "base/text.h"
#include "config/value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SUBJECT_SIZE = 320, NAME_SHOWN = 80, LIST_MAX = 64 * 1024 };

/* "devices[3].interval: lobby", "log.keep", "devices[3]". */
static void write_subject(char subject[static SUBJECT_SIZE], const struct member *member, const char *key) {
	char at[32] = "";
	char name[NAME_SHOWN] = "";

	if (member->at >= 0) {
		(void)snprintf(at, sizeof(at), "[%ld]", member->at);
	}
	if (member->name) {
		text_escape(name, sizeof(name), member->name, strlen(member->name));
	}
	(void)snprintf(subject, SUBJECT_SIZE, "%s%s%s%.128s%s%s", group_table[member->group].name, at,
	               key ? "." : "", key ? key : "", name[0] ? ": " : "", name);
}

static int line_of(const struct member *member, enum key_id id) {
	return id < KEY_COUNT && member->lines[id] > 0 ? member->lines[id] : member->line;
}

struct place member_place(const struct member *member, enum key_id id) {
	return source_place(member->source, line_of(member, id));
}

void reader_report(struct reader *reader, const struct member *member, enum key_id id, const char *format,
                   ...) {
	char subject[SUBJECT_SIZE];
	write_subject(subject, member, id < KEY_COUNT ? key_table[id].name : NULL);

	va_list args;
	va_start(args, format);
	problem_vadd(&reader->problems, member->source, line_of(member, id), subject, format, args);
	va_end(args);
}

/* People do try to put the key itself here. */
static bool looks_like_secret(const char *name) {
	static const char *const words[] = {"key", "apikey", "api_key", "token", "api_token", "secret",
	                                    "password"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(name, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

static const char *group_with(const char *name) {
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		if (strcmp(key_table[id].name, name) == 0) {
			return group_table[key_table[id].group].name;
		}
	}
	return NULL;
}

static void report_unknown(struct reader *reader, const struct member *member, const char *name, int line) {
	char subject[SUBJECT_SIZE];
	const char *nearest = key_suggest(member->group, name);
	const char *group = group_with(name);

	write_subject(subject, member, name);
	if (member->group == GROUP_ACCOUNTS && looks_like_secret(name)) {
		problem_add(&reader->problems, member->source, line, subject,
		            "there is no such setting: a key must not be in a configuration; put it "
		            "into a file and name the file with key_file");
	} else if (nearest) {
		problem_add(&reader->problems, member->source, line, subject,
		            "there is no such setting: did you mean %s?", nearest);
	} else if (group) {
		problem_add(&reader->problems, member->source, line, subject,
		            "there is no such setting here: it belongs to %s", group);
	} else {
		problem_add(&reader->problems, member->source, line, subject,
		            "there is no such setting: occupancyd.conf(5) lists those of %s",
		            group_table[member->group].name);
	}
}

/* A label's value is a text; numbers, true and false are taken as they are written. */
static bool label_text(const struct scalar *scalar, char digits[static NUMBER_SIZE], const char **ret) {
	switch (scalar->kind) {
	case SCALAR_STRING:
	case SCALAR_NUMBER:
		*ret = scalar->text;
		return true;
	case SCALAR_INT:
		(void)snprintf(digits, NUMBER_SIZE, "%d", scalar->number);
		*ret = digits;
		return true;
	case SCALAR_BOOL:
		*ret = scalar->number ? "true" : "false";
		return true;
	default:
		return false;
	}
}

static int read_label(struct reader *reader, const struct config_setting_t *node, struct labels *labels,
                      struct error *err) {
	struct scalar scalar;
	char digits[NUMBER_SIZE];
	const char *text;

	node_read(node, &scalar);
	if (!label_text(&scalar, digits, &text)) {
		return error_set(err, EINVAL, "must be a text in quotes");
	}
	return labels_set(labels, node_name(node), text, reader->memory, err);
}

static int read_labels(struct reader *reader, const struct member *member, const struct config_setting_t *node,
                       struct labels *labels) {
	int bad = 0;
	for (size_t i = 0; i < node_count(node); i++) {
		const struct config_setting_t *label = node_at(node, i);
		char subject[SUBJECT_SIZE];
		char key[160];
		struct error err = {0};

		int r = read_label(reader, label, labels, &err);
		if (r == -ENOMEM) {
			return r;
		}
		if (r < 0) {
			(void)snprintf(key, sizeof(key), "labels.%.100s", node_name(label));
			write_subject(subject, member, key);
			problem_add(&reader->problems, member->source, node_line(label), subject, "%s", err.text);
			bad = r;
		}
	}
	return bad;
}

/* The texts of a list or array, a comma between them. */
static int join_list(enum key_id id, const struct config_setting_t *node, struct buf *out, struct error *err) {
	for (size_t i = 0; i < node_count(node); i++) {
		struct scalar scalar;
		node_read(node_at(node, i), &scalar);
		if (scalar.kind != SCALAR_STRING || scalar.text[0] == '\0' || strchr(scalar.text, ',')) {
			return error_set(err, EINVAL, "member %zu of the list must be %s", i + 1, value_member(id));
		}
		buf_puts(out, i > 0 ? "," : "");
		buf_puts(out, scalar.text);
	}
	int r = buf_error(out);
	return r == -EFBIG ? error_set(err, EINVAL, "is too long a list") : r;
}

/* A value of the right kind; what is wrong with it is reported. */
static int read_value(struct reader *reader, struct member *member, enum key_id id, const struct config_setting_t *node,
                      void *into, struct labels *labels) {
	struct scalar scalar;
	struct error err = {0};

	node_read(node, &scalar);
	if (key_table[id].type == TYPE_LABELS && scalar.kind == SCALAR_GROUP && labels) {
		return read_labels(reader, member, node, labels);
	}
	struct buf list;
	int r = 0;
	buf_init(&list, LIST_MAX);
	if (value_member(id) && (scalar.kind == SCALAR_LIST || scalar.kind == SCALAR_ARRAY)) {
		r = join_list(id, node, &list, &err);
		scalar.kind = SCALAR_LIST;
		scalar.text = buf_text(&list);
	}
	if (r == 0) {
		r = value_read(id, &scalar, reader->memory, into, &err);
	}
	buf_done(&list);
	if (r < 0 && r != -ENOMEM) {
		reader_report(reader, member, id, "%s", err.text);
	}
	return r;
}

/* The name is known before anything else is, so that every message can say it. */
static void find_name(struct member *member, const struct config_setting_t *node) {
	struct scalar scalar;
	for (size_t i = 0; i < node_count(node); i++) {
		const struct config_setting_t *setting = node_at(node, i);
		if (strcmp(node_name(setting), "name") == 0) {
			node_read(setting, &scalar);
			member->name = scalar.kind == SCALAR_STRING ? scalar.text : NULL;
		}
	}
}

void reader_read(struct reader *reader, struct member *member, const struct config_setting_t *node, void *into,
                 struct labels *labels) {
	if (group_table[member->group].list) {
		find_name(member, node);
	}
	for (size_t i = 0; i < node_count(node); i++) {
		const struct config_setting_t *setting = node_at(node, i);
		const char *name = node_name(setting);
		enum key_id id = key_find(member->group, name);

		if (id == KEY_COUNT) {
			report_unknown(reader, member, name, node_line(setting));
			continue;
		}
		member->lines[id] = node_line(setting);
		int r = read_value(reader, member, id, setting, into, labels);
		if (r < 0) {
			member->bad |= KEY_BIT(id);
			reader->failed |= r == -ENOMEM;
		} else {
			member->set |= KEY_BIT(id);
		}
	}
}

void reader_fill(struct reader *reader, enum key_group group, void *into) {
	struct error err = {0};
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		/* The table's own defaults are good: tests see to it. */
		if (key_table[id].group == group && value_default(id, reader->memory, into, &err) < 0) {
			reader->failed = true;
		}
	}
}

void reader_require(struct reader *reader, const struct member *member) {
	uint64_t there = member->set | member->bad;
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];
		if (key->group == member->group && key->required && !(there & KEY_BIT(id))) {
			reader_report(reader, member, id, "is missing: %s", key->note);
		}
	}
}

void reader_check(struct reader *reader, const struct member *member, const void *draft) {
	for (const struct group_rule *rule = rules_of(member->group); rule->check; rule++) {
		struct error err = {0};
		if ((rule->about & member->bad) || rule->check(draft, member->set, &err) == 0) {
			continue;
		}
		size_t i = 0;
		while (i + 1 < BLAME_MAX && rule->blame[i] != KEY_COUNT && !(member->set & KEY_BIT(rule->blame[i]))) {
			i++;
		}
		reader_report(reader, member, rule->blame[i], "%s", err.text);
	}
}
