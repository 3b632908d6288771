// SPDX-License-Identifier: ISC

/*
 * Secrets and where they lie.  A secret's memory is its own pages: locked, as far as
 * the kernel lets us, left out of core files, and wiped when it is released.
 */

#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_MAX = 4096 };

/** Below it, systemd has a directory of credentials for each service that runs. */
#define SECRET_CREDENTIALS "/run/credentials"

struct secret {
	char *text; /* NUL-terminated; NULL when there is none */
	size_t len;
	size_t area; /* allocated */
};

/** Changes whenever the file is replaced, rewritten, or vanishes. */
struct secret_stamp {
	uint64_t device, inode;
	int64_t mtime_ns, ctime_ns, size;
};

/**
 * The path of a key or certificate file: an absolute path as it is; a plain
 * name is a systemd credential or a container's secret, looked for in
 * $CREDENTIALS_DIRECTORY.
 *
 * Returns 0; -ENXIO if it is a credential's name and that directory is not known,
 * or is systemd's and may not be entered (as a reload command); -EINVAL or
 * -ENAMETOOLONG.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int secret_path(const char *name, char ret_path[static PATH_MAX], struct error *err);

/**
 * Whether it is a secret that a container's engine mounts: a plain name, or a path in
 * $CREDENTIALS_DIRECTORY, and systemd did not make that directory (it would be named
 * after a service).
 */
__attribute__((warn_unused_result, nonnull))
bool secret_is_mounted(const char *name);

/**
 * Where the unit that comes with occupancyd takes a credential of that name from: the
 * file of the same name beside the main configuration file.  Returns false if the name
 * is an absolute path or a container's secret, or the path would be too long.
 */
__attribute__((nonnull))
bool secret_source(const char *main_file, const char *name, char ret_path[static PATH_MAX]);

/**
 * Reads an API key: one line of printable ASCII, surrounding white space cut.
 * Refused with -EPERM if others than the owner may read it (in the credentials
 * directory, where systemd's ACL shows as group bits and a container's secrets are
 * read by their group: others than the group).
 *
 * Returns 0 and a secret to be given to secret_done(); -ENOENT if there is no such
 * file or credential; or another -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int secret_read(const char *name, struct secret *ret_secret, struct error *err);

/**
 * Reads a PEM file whole: a certificate, a bundle of them, or, with is_key, a
 * private key, which is refused with -EPERM like an API key if it is open to
 * others.  Returns 0 and a secret to be given to secret_done(), or -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 3)))
int secret_read_pem(const char *name, bool is_key, struct secret *ret_pem, struct error *err);

/**
 * Room for so many bytes, all zero, for what is made of a secret.  len is 0.  Returns 0
 * and a secret to be given to secret_done(), or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int secret_new(struct secret *ret_secret, size_t size);

/** Wipes and releases. */
void secret_done(struct secret *secret);

/** Equal, in time that depends on the length only. */
__attribute__((nonnull))
bool secret_equal(const struct secret *a, const struct secret *b);

/** Writes asterisks over it wherever it stands in the text. */
__attribute__((nonnull))
void secret_mask(const struct secret *secret, char *text, size_t len);

/** All zero if the file cannot be seen. */
__attribute__((nonnull))
struct secret_stamp secret_stamp(const char *name);

#endif
