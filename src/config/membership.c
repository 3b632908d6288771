// SPDX-License-Identifier: ISC

#include "config/membership.h"

#include "config/accounts.h"

/* So that nobody has to ask whether there is a list. */
static const char *const nothing[] = {NULL};

static void check_preferred(struct reader *reader, const struct member *member,
                            const struct cluster_settings *cluster) {
	for (const char *const *name = cluster->prefer; reader->accounts_whole && *name; name++) {
		if (!accounts_find(reader, *name)) {
			reader_report(reader, member, KEY_CLUSTER_PREFER, "there is no account of the name \"%s\"", *name);
		}
	}
}

static void read_block(struct reader *reader, const struct config_setting_t *node,
                       struct cluster_settings *cluster) {
	struct member member = {
		.source = &reader->files[0].source, .group = GROUP_CLUSTER, .at = -1, .line = node_line(node)};

	reader_fill(reader, GROUP_CLUSTER, cluster);
	reader_read(reader, &member, node, cluster, NULL);
	reader_require(reader, &member);
	reader_check(reader, &member, cluster);

	cluster->endpoints = cluster->endpoints ? cluster->endpoints : nothing;
	cluster->prefer = cluster->prefer ? cluster->prefer : nothing;
	while (cluster->endpoints[cluster->endpoint_count]) {
		cluster->endpoint_count++;
	}
	check_preferred(reader, &member, cluster);
}

void membership_read(struct reader *reader, const struct config_setting_t *node) {
	struct cluster_settings *cluster = &reader->config->cluster;
	struct scalar scalar = {.kind = SCALAR_GROUP};

	*cluster = (struct cluster_settings){.endpoints = nothing, .prefer = nothing};
	if (node) {
		node_read(node, &scalar);
		cluster->left = scalar.kind == SCALAR_STRING;
	}
	if (node && !cluster->left) {
		read_block(reader, node, cluster);
	}
}
