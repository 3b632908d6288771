// SPDX-License-Identifier: ISC

#include "config/tree.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

struct tree {
	config_t config;
};

void tree_free(struct tree *tree) {
	if (tree) {
		config_destroy(&tree->config);
		free(tree);
	}
}

/* What libconfig says, in words that help. */
static const char *explain(const char *said) {
	static const struct {
		const char *said, *meant;
	} sentences[] = {
		{"syntax error", "syntax error: something is missing or too much, here or just before"},
		{"duplicate setting name", "duplicate setting: this group already has one of that name"},
		{"mismatched element type in array", "an array [ ... ] must hold values of one kind"},
		{"memory exhausted", "nested too deeply"},
	};
	for (size_t i = 0; said && i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (strcmp(said, sentences[i].said) == 0) {
			return sentences[i].meant;
		}
	}
	return said ? said : "syntax error";
}

/*
 * What is missing at the end is missing behind the last line that says anything:
 * libconfig would name one beyond the end of the file.
 */
static int last_line(const char *text) {
	int line = 1;
	int last = 1;
	for (; *text; text++) {
		if (*text == '\n') {
			line++;
		} else if (!strchr(" \t\r\f", *text)) {
			last = line;
		}
	}
	return last;
}

int tree_parse(const char *text, struct tree **ret_tree, int *ret_line, struct error *err) {
	struct tree *tree = calloc(1, sizeof(*tree));
	if (!tree) {
		return -ENOMEM;
	}

	config_init(&tree->config);
	if (config_read_string(&tree->config, text) != CONFIG_TRUE) {
		int line = config_error_line(&tree->config);
		int last = last_line(text);
		*ret_line = line < last ? line : last;
		int r = error_set(err, EINVAL, "%s", explain(config_error_text(&tree->config)));
		tree_free(tree);
		return r;
	}
	*ret_tree = tree;
	return 0;
}

const config_setting_t *tree_root(const struct tree *tree) {
	return config_root_setting(&tree->config);
}

size_t node_count(const config_setting_t *node) {
	return config_setting_is_aggregate(node) ? (size_t)config_setting_length(node) : 0;
}

const config_setting_t *node_at(const config_setting_t *node, size_t at) {
	return config_setting_get_elem(node, (unsigned)at);
}

const char *node_name(const config_setting_t *node) {
	return config_setting_name(node);
}

int node_line(const config_setting_t *node) {
	return (int)config_setting_source_line(node);
}

/* A string, unless it is marked as a number. */
static void read_string(const char *text, struct scalar *ret) {
	ret->kind = SCALAR_STRING;
	ret->text = text ? text : "";

	size_t len = strlen(ret->text);
	if (len < 3 || len - 2 >= sizeof(ret->digits) || ret->text[0] != TREE_NUMBER_MARK ||
	    strchr(ret->text + 1, TREE_NUMBER_MARK) != ret->text + len - 1) {
		return;
	}
	memcpy(ret->digits, ret->text + 1, len - 2);
	ret->digits[len - 2] = '\0';
	ret->kind = SCALAR_NUMBER;
	ret->text = ret->digits;
}

void node_read(const config_setting_t *node, struct scalar *ret) {
	*ret = (struct scalar){.kind = SCALAR_GROUP};

	switch (config_setting_type(node)) {
	case CONFIG_TYPE_STRING:
		read_string(config_setting_get_string(node), ret);
		break;
	case CONFIG_TYPE_INT:
		ret->kind = SCALAR_INT;
		ret->number = config_setting_get_int(node);
		break;
	case CONFIG_TYPE_BOOL:
		ret->kind = SCALAR_BOOL;
		ret->number = config_setting_get_bool(node);
		break;
	case CONFIG_TYPE_LIST:
		ret->kind = SCALAR_LIST;
		break;
	case CONFIG_TYPE_ARRAY:
		ret->kind = SCALAR_ARRAY;
		break;
	default: /* a group; other numbers come marked */
		break;
	}
}
