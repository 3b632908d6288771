// SPDX-License-Identifier: ISC

#include "config/quorum.h"

/* More than half of them must be left. */
static size_t may_fail(size_t members) {
	return members > 0 ? (members - 1) / 2 : 0;
}

static void tell_cluster(const struct cluster_settings *cluster, struct buf *out) {
	size_t count = cluster->endpoint_count;
	buf_printf(out, "cluster %s: node %s, %zu endpoint%s of etcd, of which ", cluster->name, cluster->node, count,
	           count == 1 ? "" : "s");
	if (may_fail(count) == 0) {
		buf_puts(out, "none");
	} else {
		buf_printf(out, "%zu", may_fail(count));
	}
	buf_puts(out, " may fail");
	for (const char *const *name = cluster->prefer; *name; name++) {
		buf_printf(out, "%s%s", name == cluster->prefer ? "; prefers " : ", ", *name);
	}
	buf_putc(out, '\n');
}

void quorum_tell(const struct cluster_settings *cluster, struct buf *out, struct buf *notes) {
	size_t count = cluster->endpoint_count;

	tell_cluster(cluster, out);
	if (count == 1) {
		buf_printf(notes, "cluster %s: 1 endpoint: this node stops when it fails: name all members of etcd\n",
		           cluster->name);
	} else if (count == 2) {
		buf_printf(notes, "cluster %s: 2 endpoints: a cluster of 2 members stops when either fails: use 3\n",
		           cluster->name);
	} else if (count % 2 == 0) {
		buf_printf(notes,
		           "cluster %s: %zu endpoints: a cluster of %zu members stops when %zu fail, as one of %zu does: "
		           "use %zu or %zu\n",
		           cluster->name, count, count, count / 2, count - 1, count - 1, count + 1);
	}
}
