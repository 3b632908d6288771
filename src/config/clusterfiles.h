// SPDX-License-Identifier: ISC

/*
 * The files by which a node and its cluster's store know each other: certificates and a private key.
 */

#ifndef CONFIG_CLUSTERFILES_H
#define CONFIG_CLUSTERFILES_H

#include "config/cluster.h"
#include "config/secret.h"

/** How many settings of a cluster name a file: CAs, certificate, its private key. */
enum { CLUSTER_FILES = 3 };

/** What they hold, whole; text NULL where one is not set.  All zero holds nothing. */
struct cluster_credentials {
	struct secret ca, client_cert, client_key;
	struct secret_stamp stamps[CLUSTER_FILES]; /* as the files were just before they were read */
};

/**
 * Reads them; a private key that is open to others is refused with -EPERM.  Nothing is read, and nothing is wrong, where
 * none is set.
 *
 * Returns 0 and what is to be given to cluster_credentials_done(); or what secret_read_pem() returns, with a sentence
 * that begins with the setting.  Then only the stamps are set, which tell when to try again.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int cluster_credentials_read(const struct cluster_settings *cluster, struct cluster_credentials *ret_credentials,
                             struct error *err);

/** Wipes and releases what was read; the stamps stay.  NULL is ignored. */
void cluster_credentials_done(struct cluster_credentials *credentials);

/** Whether a file has changed, vanished or appeared since they were read, or tried to be. */
__attribute__((warn_unused_result, nonnull))
bool cluster_credentials_changed(const struct cluster_settings *cluster, const struct cluster_credentials *credentials);

#endif
