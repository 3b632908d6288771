// SPDX-License-Identifier: ISC

#include "config/secret.h"

#include "base/input.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	/* Room for the longest key, the white space around it, and a byte that shows it is too long. */
	KEY_AREA = 2 * SECRET_MAX,
	/* The bundle of all public CAs has a quarter of this. */
	PEM_AREA = 1 << 20,
};

/* Where a secret lies: as it is written in the configuration, and the path that this means. */
struct origin {
	const char *name;
	char path[PATH_MAX];
};

/* What is not a path is a credential's name. */
static bool is_credential(const char *name) {
	return name[0] != '/';
}

static const char *credentials_directory(void) {
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	return directory && directory[0] == '/' ? directory : NULL;
}

/* systemd names the directory after the unit; any other is where a container's secrets are mounted. */
static bool is_of_systemd(const char *directory) {
	static const char unit[] = ".service";
	size_t len = strlen(directory);
	return len >= sizeof(unit) - 1 && strcmp(directory + len - (sizeof(unit) - 1), unit) == 0;
}

/* Also in that of another service, which root can look into. */
static bool is_in_credentials(const char *path) {
	const char *directory = credentials_directory();
	size_t len = directory ? strlen(directory) : 0;
	bool own = directory && strncmp(path, directory, len) == 0 && path[len] == '/' &&
	           !strchr(path + len + 1, '/');
	return own || fnmatch(SECRET_CREDENTIALS "/*.service/*", path, FNM_PATHNAME) == 0;
}

bool secret_is_mounted(const char *name) {
	const char *directory = credentials_directory();
	return directory && !is_of_systemd(directory) && (is_credential(name) || is_in_credentials(name));
}

static bool is_well_named(const char *name) {
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return name[0] != '\0' && name[strspn(name, letters)] == '\0' && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/*
 * What systemd starts for ExecReload= is told the directory, but may not look into
 * it (systemd issue 35227).
 */
static int credential_path(const char *name, char ret_path[static PATH_MAX], struct error *err) {
	const char *directory = credentials_directory();
	if (!is_well_named(name)) {
		return error_set(err, EINVAL, "a key file is neither an absolute path nor a credential's name");
	}
	if (!directory) {
		return error_set(err, ENXIO,
		                 "%.80s is a systemd credential: only the service sees it (LoadCredential=%.80s:FILE)",
		                 name, name);
	}
	if (is_of_systemd(directory) && access(directory, X_OK) < 0) {
		return error_set(err, ENXIO,
		                 "%.80s is a systemd credential, which cannot be seen from here (a reload command, "
		                 "or another user)",
		                 name);
	}
	size_t directory_len = strlen(directory);
	size_t name_len = strlen(name);
	if (directory_len + 1 + name_len >= PATH_MAX) {
		return error_set(err, ENAMETOOLONG, "the path of the credential %.80s is too long", name);
	}
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the name brings it */
	memcpy(ret_path, directory, directory_len);
	ret_path[directory_len] = '/';
	memcpy(ret_path + directory_len + 1, name, name_len + 1);
	return 0;
}

int secret_path(const char *name, char ret_path[static PATH_MAX], struct error *err) {
	if (is_credential(name)) {
		return credential_path(name, ret_path, err);
	}
	if (strlen(name) >= PATH_MAX) {
		return error_set(err, ENAMETOOLONG, "the path of a key file is too long");
	}
	(void)snprintf(ret_path, PATH_MAX, "%s", name);
	return 0;
}

bool secret_source(const char *main_file, const char *name, char ret_path[static PATH_MAX]) {
	const char *slash = strrchr(main_file, '/');
	int directory_len = slash ? (int)(slash - main_file) + 1 : 0;
	int len = snprintf(ret_path, PATH_MAX, "%.*s%s", directory_len, main_file, name);
	return is_credential(name) && !secret_is_mounted(name) && len > 0 && len < PATH_MAX;
}

/* How a secret is defined that this process can read and others cannot. */
static int wrongly_mounted(const char *path, int code, const char *wrong, struct error *err) {
	unsigned group = (unsigned)getegid();
	return error_set(err, code,
	                 "%s %s: define the secret with group %u and mode 0440 (Compose: chgrp %u and "
	                 "chmod 0440 on its file)",
	                 path, wrong, group, group);
}

/*
 * As Kubernetes mounts a secret: root's, read by the group that the daemon was given it
 * through, and on a file system on which nobody here could change that.
 */
static bool is_given_read_only(int fd, const struct stat *st) {
	struct statvfs fs;
	bool group_reads = (st->st_mode & (S_IWGRP | S_IXGRP)) == 0;
	return st->st_uid == 0 && group_reads && fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
}

/*
 * systemd hands credentials out through an ACL, whose mask shows as the group's bits;
 * a container's secrets are root's and readable by the daemon's group.
 */
static int check_mode(int fd, const char *path, const struct stat *st, bool is_private, struct error *err) {
	bool credential = is_in_credentials(path);
	bool by_group = credential || is_given_read_only(fd, st);
	mode_t open_bits = st->st_mode & (by_group ? S_IRWXO : S_IRWXG | S_IRWXO);

	if (!S_ISREG(st->st_mode)) {
		return error_set(err, EINVAL, "%s is not a regular file", path);
	}
	if (!is_private || open_bits == 0) {
		return 0;
	}
	char wrong[64];
	(void)snprintf(wrong, sizeof(wrong), "is accessible to other users (mode %03o)", (unsigned)(st->st_mode & 0777));
	if (secret_is_mounted(path)) {
		return wrongly_mounted(path, EPERM, wrong, err);
	}
	return error_set(err, EPERM, "%s %s: run chmod %s %s", path, wrong, credential ? "o=" : "go=", path);
}

/* What to do about a secret that cannot be opened. */
static int mounted_not_opened(const struct origin *origin, int code, struct error *err) {
	switch (code) {
	case ENOENT:
		return error_set(err, code, "%s is missing: give the container a secret named %.80s", origin->path,
		                 strrchr(origin->path, '/') + 1);
	case EACCES:
		return wrongly_mounted(origin->path, code, "may not be read by this user", err);
	default:
		return error_errno(err, code, "%s cannot be opened", origin->path);
	}
}

/* What to do about a file that cannot be opened. */
static int not_opened(const struct origin *origin, int code, struct error *err) {
	if (secret_is_mounted(origin->path)) {
		return mounted_not_opened(origin, code, err);
	}
	if (code == ENOENT && is_credential(origin->name)) {
		return error_set(err, code,
		                 "the credential %.80s is missing: add LoadCredential=%.80s:FILE to the service "
		                 "(systemctl edit occupancyd) and restart it",
		                 origin->name, origin->name);
	}
	if (code == EACCES && !is_credential(origin->name)) {
		return error_set(err, code,
		                 "%s cannot be opened: %s: this user may not read it: under systemd use a "
		                 "credential (LoadCredential=)",
		                 origin->path, strerror(code));
	}
	return error_errno(err, code, "%s cannot be opened", origin->path);
}

/* A symbolic link is followed: the mode that counts is that of the file. */
static int open_file(const struct origin *origin, bool is_private, struct error *err) {
	struct stat st;
	int r;

	int fd = input_open(origin->path);
	if (fd < 0) {
		return not_opened(origin, -fd, err);
	}
	if (fstat(fd, &st) < 0) {
		r = error_errno(err, errno, "%s cannot be read", origin->path);
	} else {
		r = check_mode(fd, origin->path, &st, is_private, err);
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* Pages of its own, so that neither swap nor a core file gets a copy, as far as the kernel lets us. */
int secret_new(struct secret *ret_secret, size_t size) {
	char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED) {
		return -ENOMEM;
	}
	(void)mlock(area, size);
	(void)madvise(area, size, MADV_DONTDUMP);
	*ret_secret = (struct secret){.text = area, .area = size};
	return 0;
}

void secret_done(struct secret *secret) {
	if (secret && secret->text) {
		explicit_bzero(secret->text, secret->area);
		(void)munmap(secret->text, secret->area);
		*secret = (struct secret){0};
	}
}

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int empty_key(const struct origin *origin, struct error *err) {
	if (secret_is_mounted(origin->path)) {
		return error_set(err, EINVAL, "%s is empty: put the key into that secret and create the container again",
		                 origin->path);
	}
	if (is_credential(origin->name)) {
		return error_set(err, EINVAL,
		                 "the credential %.80s is empty: write the key into the file that "
		                 "LoadCredential= names and restart the service",
		                 origin->name);
	}
	return error_set(err, EINVAL, "%s is empty: it must hold the key", origin->path);
}

/* Cuts white space off, in place, and says what is wrong without showing any of it. */
static int check_key(const struct origin *origin, struct secret *key, struct error *err) {
	size_t start = 0, len = key->len;
	bool full = len == key->area - 1;
	while (start < len && is_space(key->text[start])) {
		start++;
	}
	while (len > start && is_space(key->text[len - 1])) {
		len--;
	}

	len -= start;
	if (len == 0 && !full) {
		return empty_key(origin, err);
	}
	if (full || len > SECRET_MAX) {
		return error_set(err, EINVAL, "%s holds more than %d bytes: this is not a key", origin->path,
		                 (int)SECRET_MAX);
	}
	memmove(key->text, key->text + start, len);
	key->text[len] = '\0';
	key->len = len;
	for (size_t i = 0; i < len; i++) {
		if (key->text[i] <= ' ' || key->text[i] > '~') {
			return error_set(err, EINVAL, "%s holds more than one word of printable ASCII: this is not a key",
			                 origin->path);
		}
	}
	return 0;
}

static int check_pem(const struct origin *origin, struct secret *pem, struct error *err) {
	if (pem->len == pem->area - 1) {
		return error_set(err, EINVAL, "%s is larger than %d KiB", origin->path, PEM_AREA >> 10);
	}
	if (!strstr(pem->text, "-----BEGIN ")) {
		return error_set(err, EINVAL, "%s is not a PEM file: it must hold a line \"-----BEGIN ...\"",
		                 origin->path);
	}
	return 0;
}

typedef int check_content(const struct origin *origin, struct secret *secret, struct error *err);

static int read_secret(const char *name, bool is_private, size_t size, check_content *check,
                       struct secret *ret_secret, struct error *err) {
	struct origin origin = {.name = name};
	struct secret secret = {0};

	int r = secret_path(name, origin.path, err);
	if (r < 0) {
		return r;
	}
	int fd = open_file(&origin, is_private, err);
	if (fd < 0) {
		return fd;
	}
	r = secret_new(&secret, size);
	if (r == 0) {
		/* The last byte stays for the NUL. */
		int64_t len = input_read(fd, secret.text, secret.area - 1, 0);
		secret.len = len < 0 ? 0 : (size_t)len;
		r = len < 0 ? (int)len : 0;
	}
	(void)close(fd);
	r = r < 0 ? error_errno(err, -r, "%s cannot be read", origin.path) : check(&origin, &secret, err);
	if (r < 0) {
		secret_done(&secret);
		return r;
	}
	*ret_secret = secret;
	return 0;
}

int secret_read(const char *name, struct secret *ret_secret, struct error *err) {
	return read_secret(name, true, KEY_AREA, check_key, ret_secret, err);
}

int secret_read_pem(const char *name, bool is_key, struct secret *ret_pem, struct error *err) {
	return read_secret(name, is_key, PEM_AREA, check_pem, ret_pem, err);
}

bool secret_equal(const struct secret *a, const struct secret *b) {
	unsigned char differ = 0;
	if (a->len != b->len || !a->text != !b->text) {
		return false;
	}
	for (size_t i = 0; i < a->len; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is text where there is a length */
		differ |= (unsigned char)(a->text[i] ^ b->text[i]);
	}
	return differ == 0;
}

void secret_mask(const struct secret *secret, char *text, size_t len) {
	char *end = text + len;
	char *found;
	while (secret->len > 0 && (found = memmem(text, (size_t)(end - text), secret->text, secret->len))) {
		memset(found, '*', secret->len);
		text = found + secret->len;
	}
}

static int64_t nanoseconds(struct timespec t) {
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct secret_stamp secret_stamp(const char *name) {
	char path[PATH_MAX];
	struct stat st;
	if (secret_path(name, path, NULL) < 0 || stat(path, &st) < 0) {
		return (struct secret_stamp){0};
	}
	return (struct secret_stamp){
		.device = st.st_dev,
		.inode = st.st_ino,
		.mtime_ns = nanoseconds(st.st_mtim),
		.ctime_ns = nanoseconds(st.st_ctim),
		.size = st.st_size,
	};
}
