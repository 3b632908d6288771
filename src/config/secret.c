// SPDX-License-Identifier: ISC

#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* Room for the longest key, the white space around it, and a byte that shows it is too long. */
	KEY_AREA = 2 * SECRET_MAX,
	/* The bundle of all public CAs has a quarter of this. */
	PEM_AREA = 1 << 20,
};

static const char *credentials_directory(void) {
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	return directory && directory[0] == '/' ? directory : NULL;
}

static bool is_credential_name(const char *name) {
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return name[0] != '\0' && name[strspn(name, letters)] == '\0' && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

int secret_path(const char *name, char ret_path[static PATH_MAX], struct error *err) {
	if (name[0] == '/') {
		if (strlen(name) >= PATH_MAX) {
			return error_set(err, ENAMETOOLONG, "the path of a key file is too long");
		}
		(void)snprintf(ret_path, PATH_MAX, "%s", name);
		return 0;
	}

	const char *directory = credentials_directory();
	if (!is_credential_name(name)) {
		return error_set(err, EINVAL, "a key file is neither an absolute path nor a credential's name");
	}
	if (!directory) {
		return error_set(err, ENXIO,
		                 "%s is a systemd credential, and there are none: start this as a systemd "
		                 "service with LoadCredential=%s:FILE, or write an absolute path",
		                 name, name);
	}
	size_t directory_len = strlen(directory);
	size_t name_len = strlen(name);
	if (directory_len + 1 + name_len >= PATH_MAX) {
		return error_set(err, ENAMETOOLONG, "the path of the credential %.80s is too long", name);
	}
	memcpy(ret_path, directory, directory_len);
	ret_path[directory_len] = '/';
	memcpy(ret_path + directory_len + 1, name, name_len + 1);
	return 0;
}

static bool is_in_credentials(const char *path) {
	const char *directory = credentials_directory();
	size_t len = directory ? strlen(directory) : 0;
	return directory && strncmp(path, directory, len) == 0 && path[len] == '/' &&
	       !strchr(path + len + 1, '/');
}

/* systemd hands credentials out through an ACL, whose mask shows as the group's bits. */
static int check_mode(const char *path, const struct stat *st, bool is_private, struct error *err) {
	bool credential = is_in_credentials(path);
	mode_t open_bits = st->st_mode & (credential ? S_IRWXO : S_IRWXG | S_IRWXO);

	if (!S_ISREG(st->st_mode)) {
		return error_set(err, EINVAL, "%s is not a regular file", path);
	}
	if (is_private && open_bits != 0) {
		return error_set(err, EPERM, "%s is open to others (mode %03o): run chmod %s %s", path,
		                 (unsigned)(st->st_mode & 0777), credential ? "o=" : "go=", path);
	}
	return 0;
}

/*
 * A symbolic link is followed: the mode that counts is that of the file.
 * O_NONBLOCK, because opening a FIFO would wait for somebody to write to it.
 */
static int open_file(const char *name, bool is_private, char *path, struct error *err) {
	struct stat st;
	int r = secret_path(name, path, err);
	if (r < 0) {
		return r;
	}

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		return error_errno(err, errno, "%s cannot be opened", path);
	}
	if (fstat(fd, &st) < 0) {
		r = error_errno(err, errno, "%s cannot be read", path);
	} else {
		r = check_mode(path, &st, is_private, err);
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* Pages of its own, so that neither swap nor a core file gets a copy, as far as the kernel lets us. */
static int area_new(struct secret *secret, size_t size) {
	char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED) {
		return -ENOMEM;
	}
	(void)mlock(area, size);
	(void)madvise(area, size, MADV_DONTDUMP);
	*secret = (struct secret){.text = area, .area = size};
	return 0;
}

void secret_done(struct secret *secret) {
	if (secret && secret->text) {
		explicit_bzero(secret->text, secret->area);
		(void)munmap(secret->text, secret->area);
		*secret = (struct secret){0};
	}
}

/* Reads until the end of the file or of the area, whose last byte stays for the NUL. */
static int read_area(int fd, struct secret *secret) {
	while (secret->len < secret->area - 1) {
		ssize_t n = read(fd, secret->text + secret->len, secret->area - 1 - secret->len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (n == 0) {
			break;
		}
		secret->len += (size_t)n;
	}
	return 0;
}

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Cuts white space off, in place, and says what is wrong without showing any of it. */
static int check_key(const char *path, struct secret *key, struct error *err) {
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
		return error_set(err, EINVAL, "%s is empty: it must hold the key", path);
	}
	if (full || len > SECRET_MAX) {
		return error_set(err, EINVAL, "%s holds more than %d bytes: this is no key", path, (int)SECRET_MAX);
	}
	memmove(key->text, key->text + start, len);
	key->text[len] = '\0';
	key->len = len;
	for (size_t i = 0; i < len; i++) {
		if (key->text[i] <= ' ' || key->text[i] > '~') {
			return error_set(err, EINVAL, "%s holds more than one word of printable ASCII: this is no key",
			                 path);
		}
	}
	return 0;
}

static int check_pem(const char *path, struct secret *pem, struct error *err) {
	if (pem->len == pem->area - 1) {
		return error_set(err, EINVAL, "%s is larger than %d KiB", path, PEM_AREA >> 10);
	}
	if (!strstr(pem->text, "-----BEGIN ")) {
		return error_set(err, EINVAL, "%s is no PEM file: it must hold a line \"-----BEGIN ...\"", path);
	}
	return 0;
}

static int read_secret(const char *name, bool is_private, size_t size,
                       int (*check)(const char *, struct secret *, struct error *),
                       struct secret *ret_secret, struct error *err) {
	char path[PATH_MAX];
	struct secret secret = {0};
	int fd = open_file(name, is_private, path, err);
	if (fd < 0) {
		return fd;
	}

	int r = area_new(&secret, size);
	if (r == 0) {
		r = read_area(fd, &secret);
	}
	(void)close(fd);
	r = r < 0 ? error_errno(err, -r, "%s cannot be read", path) : check(path, &secret, err);
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
		differ |= (unsigned char)(a->text[i] ^ b->text[i]);
	}
	return differ == 0;
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
