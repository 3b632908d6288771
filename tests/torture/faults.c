// SPDX-License-Identifier: ISC

/*
 * Makes one call fail.
 *
 * Linked into occupancyd with the linker's --wrap for each function below, so that every
 * call that the program itself makes goes through here (what libraries call does not).
 *
 *   TORTURE=CLASS:N     the N-th call of that class fails: memory, disk, curl or system
 *   TORTURE_REPORT=FILE one line when it did: CLASS N FUNCTION ADDRESS ERRNO; and at the end
 *                       the number of calls: "calls CLASS N"
 */

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json_tokener.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum class { MEMORY, DISK, CURL_CALL, SYSTEM, CLASSES };

static const char *const class_names[CLASSES] = {"memory", "disk", "curl", "system"};

static unsigned long calls[CLASSES];
static enum class failing = CLASSES;
static unsigned long failing_at;

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *buffer, size_t size);

__attribute__((format(printf, 1, 2)))
static void report(const char *format, ...) {
	const char *path = getenv("TORTURE_REPORT");
	char line[256];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	int fd = path ? __real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (fd >= 0) {
		ssize_t n = __real_write(fd, line, (size_t)len);
		(void)n;
		(void)close(fd);
	}
}

__attribute__((constructor))
static void begin(void) {
	const char *what = getenv("TORTURE");
	for (int i = 0; what && i < CLASSES; i++) {
		size_t len = strlen(class_names[i]);
		if (strncmp(what, class_names[i], len) == 0 && what[len] == ':') {
			failing = (enum class)i;
			failing_at = strtoul(what + len + 1, NULL, 10);
		}
	}
}

__attribute__((destructor))
static void end(void) {
	for (int i = 0; i < CLASSES; i++) {
		report("calls %s %lu\n", class_names[i], calls[i]);
	}
}

/* Whether this call fails; then errno says why. */
static bool fails(enum class class, const char *name, const void *caller) {
	static const int disk_errors[] = {EIO, ENOSPC};
	unsigned long n = ++calls[class];
	if (class != failing || n != failing_at) {
		return false;
	}
	int code = class == MEMORY ? ENOMEM : class == DISK ? disk_errors[n % 2] : EAGAIN;
	report("%s %lu %s %p %d\n", class_names[class], n, name, caller, code);
	errno = code;
	return true;
}

/* A function, what it returns when it fails, and how it is called. */
#define WRAP(class, type, name, failure, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters { \
		return fails(class, #name, __builtin_return_address(0)) ? (failure) : __real_##name arguments; \
	}

/* Memory */

WRAP(MEMORY, void *, malloc, NULL, (size_t size), (size))
WRAP(MEMORY, void *, calloc, NULL, (size_t count, size_t size), (count, size))
WRAP(MEMORY, void *, realloc, NULL, (void *area, size_t size), (area, size))
WRAP(MEMORY, void *, reallocarray, NULL, (void *area, size_t count, size_t size), (area, count, size))
WRAP(MEMORY, char *, strdup, NULL, (const char *text), (text))
WRAP(MEMORY, int, vasprintf, -1, (char **ret, const char *format, va_list args), (ret, format, args))
WRAP(MEMORY, void *, mmap, MAP_FAILED, (void *at, size_t len, int protection, int flags, int fd, off_t offset),
     (at, len, protection, flags, fd, offset))
WRAP(MEMORY, struct json_tokener *, json_tokener_new_ex, NULL, (int depth), (depth))
WRAP(MEMORY, int, deflateInit2_, Z_MEM_ERROR,
     (z_streamp stream, int level, int method, int bits, int memory, int strategy, const char *version, int size),
     (stream, level, method, bits, memory, strategy, version, size))
WRAP(MEMORY, int, inflateInit2_, Z_MEM_ERROR, (z_streamp stream, int bits, const char *version, int size),
     (stream, bits, version, size))

int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **ret, const char *format, ...) {
	if (fails(MEMORY, "asprintf", __builtin_return_address(0))) {
		return -1;
	}
	va_list args;
	va_start(args, format);
	int r = __real_vasprintf(ret, format, args);
	va_end(args);
	return r;
}

/* Disk */

WRAP(DISK, ssize_t, read, -1, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP(DISK, ssize_t, pread, -1, (int fd, void *buffer, size_t size, off_t at), (fd, buffer, size, at))
WRAP(DISK, ssize_t, write, -1, (int fd, const void *buffer, size_t size), (fd, buffer, size))
WRAP(DISK, int, fsync, -1, (int fd), (fd))
WRAP(DISK, int, fdatasync, -1, (int fd), (fd))
WRAP(DISK, int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(DISK, int, rename, -1, (const char *from, const char *to), (from, to))
WRAP(DISK, int, renameat2, -1, (int from_fd, const char *from, int to_fd, const char *to, unsigned flags),
     (from_fd, from, to_fd, to, flags))
WRAP(DISK, int, unlink, -1, (const char *path), (path))
WRAP(DISK, int, fstat, -1, (int fd, struct stat *ret), (fd, ret))
WRAP(DISK, int, stat, -1, (const char *path, struct stat *ret), (path, ret))
WRAP(DISK, int, lstat, -1, (const char *path, struct stat *ret), (path, ret))
WRAP(DISK, int, flock, -1, (int fd, int operation), (fd, operation))
WRAP(DISK, DIR *, opendir, NULL, (const char *path), (path))
WRAP(DISK, int, scandir, -1,
     (const char *path, struct dirent ***ret, int (*filter)(const struct dirent *),
      int (*compare)(const struct dirent **, const struct dirent **)),
     (path, ret, filter, compare))

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
	va_list args;
	va_start(args, flags);
	mode_t mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(DISK, "open", __builtin_return_address(0)) ? -1 : __real_open(path, flags, mode);
}

/* libcurl */

/* What libcurl does with its memory is not ours to fail: it gets the functions that are not wrapped. */
WRAP(CURL_CALL, CURLcode, curl_global_init_mem, CURLE_OUT_OF_MEMORY,
     (long flags, curl_malloc_callback m, curl_free_callback f, curl_realloc_callback r, curl_strdup_callback s,
      curl_calloc_callback c),
     (flags, ((void)m, __real_malloc), f, ((void)r, __real_realloc), ((void)s, __real_strdup), ((void)c, __real_calloc)))
WRAP(CURL_CALL, CURLSH *, curl_share_init, NULL, (void), ())
WRAP(CURL_CALL, CURL *, curl_easy_init, NULL, (void), ())
WRAP(CURL_CALL, CURLM *, curl_multi_init, NULL, (void), ())
WRAP(CURL_CALL, CURLMcode, curl_multi_add_handle, CURLM_OUT_OF_MEMORY, (CURLM *multi, CURL *easy), (multi, easy))
WRAP(CURL_CALL, CURLMcode, curl_multi_perform, CURLM_OUT_OF_MEMORY, (CURLM *multi, int *running), (multi, running))
WRAP(CURL_CALL, CURLMcode, curl_multi_poll, CURLM_OUT_OF_MEMORY,
     (CURLM *multi, struct curl_waitfd extra[], unsigned count, int timeout, int *ready),
     (multi, extra, count, timeout, ready))

/* Each takes one more argument, which fits a register, whatever its type. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#undef curl_share_setopt
#define WRAP_VARIADIC(type, name, failure, handle, option) \
	type __real_##name(handle *on, option what, ...); \
	type __wrap_##name(handle *on, option what, ...); \
	type __wrap_##name(handle *on, option what, ...) { \
		va_list args; \
		va_start(args, what); \
		void *value = va_arg(args, void *); \
		va_end(args); \
		return fails(CURL_CALL, #name, __builtin_return_address(0)) ? (failure) : __real_##name(on, what, value); \
	}

WRAP_VARIADIC(CURLcode, curl_easy_setopt, CURLE_OUT_OF_MEMORY, CURL, CURLoption)
WRAP_VARIADIC(CURLcode, curl_easy_getinfo, CURLE_BAD_FUNCTION_ARGUMENT, CURL, CURLINFO)
WRAP_VARIADIC(CURLMcode, curl_multi_setopt, CURLM_OUT_OF_MEMORY, CURLM, CURLMoption)
WRAP_VARIADIC(CURLSHcode, curl_share_setopt, CURLSHE_NOMEM, CURLSH, CURLSHoption)

/* The system */

WRAP(SYSTEM, int, signalfd, -1, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
WRAP(SYSTEM, int, sigprocmask, -1, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(SYSTEM, ssize_t, getrandom, -1, (void *buffer, size_t size, unsigned flags), (buffer, size, flags))
WRAP(SYSTEM, int, mlock, -1, (const void *at, size_t size), (at, size))
WRAP(SYSTEM, int, madvise, -1, (void *at, size_t size, int advice), (at, size, advice))
WRAP(SYSTEM, int, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(SYSTEM, ssize_t, sendto, -1,
     (int fd, const void *data, size_t len, int flags, const struct sockaddr *to, socklen_t size),
     (fd, data, len, flags, to, size))
