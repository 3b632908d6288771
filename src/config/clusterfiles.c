// SPDX-License-Identifier: ISC

#include "config/clusterfiles.h"

#include <string.h>

static const struct {
	const char *setting;
	size_t name, content; /* where in struct cluster_settings, and in struct cluster_credentials */
	bool is_key;
} files[CLUSTER_FILES] = {
	{"ca_file", offsetof(struct cluster_settings, ca_file), offsetof(struct cluster_credentials, ca), false},
	{"client_cert", offsetof(struct cluster_settings, client_cert), offsetof(struct cluster_credentials, client_cert),
	 false},
	{"client_key", offsetof(struct cluster_settings, client_key), offsetof(struct cluster_credentials, client_key), true},
};

/* As it is written; NULL: it is not set. */
static const char *name_of(const struct cluster_settings *cluster, size_t file) {
	const char *name;
	memcpy(&name, (const char *)cluster + files[file].name, sizeof(name));
	return name;
}

static struct secret *content_of(struct cluster_credentials *credentials, size_t file) {
	return (struct secret *)(void *)((char *)credentials + files[file].content);
}

static void stamp_files(const struct cluster_settings *cluster, struct secret_stamp stamps[static CLUSTER_FILES]) {
	for (size_t i = 0; i < CLUSTER_FILES; i++) {
		const char *name = name_of(cluster, i);
		stamps[i] = name ? secret_stamp(name) : (struct secret_stamp){0};
	}
}

/* Nothing is read, and nothing wrong, where it is not set. */
static int read_file(const struct cluster_settings *cluster, size_t file, struct cluster_credentials *credentials,
                     struct error *err) {
	const char *name = name_of(cluster, file);
	int r = name ? secret_read_pem(name, files[file].is_key, content_of(credentials, file), err) : 0;
	if (r < 0) {
		error_prefix(err, "cluster.%s", files[file].setting);
	}
	return r;
}

int cluster_credentials_read(const struct cluster_settings *cluster, struct cluster_credentials *ret_credentials,
                             struct error *err) {
	struct cluster_credentials credentials = {0};
	int r = 0;

	/* Stamped before they are read: a change in between is seen at the next look. */
	stamp_files(cluster, credentials.stamps);
	for (size_t i = 0; r == 0 && i < CLUSTER_FILES; i++) {
		r = read_file(cluster, i, &credentials, err);
	}
	if (r < 0) {
		memcpy(ret_credentials->stamps, credentials.stamps, sizeof(credentials.stamps));
		cluster_credentials_done(&credentials);
		return r;
	}
	*ret_credentials = credentials;
	return 0;
}

void cluster_credentials_done(struct cluster_credentials *credentials) {
	if (credentials) {
		for (size_t i = 0; i < CLUSTER_FILES; i++) {
			secret_done(content_of(credentials, i));
		}
	}
}

bool cluster_credentials_changed(const struct cluster_settings *cluster, const struct cluster_credentials *credentials) {
	struct secret_stamp stamps[CLUSTER_FILES];
	stamp_files(cluster, stamps);
	return memcmp(stamps, credentials->stamps, sizeof(stamps)) != 0;
}
