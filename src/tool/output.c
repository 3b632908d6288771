// SPDX-License-Identifier: ISC

#include "tool/output.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

/* Signals */

static const int fatal[] = {SIGHUP, SIGINT, SIGTERM};
enum { FATAL = sizeof(fatal) / sizeof(fatal[0]) };

/* What a signal removes. */
static const char *volatile doomed;

static void die(int signal) {
	if (doomed) {
		(void)unlink(doomed);
	}
	(void)raise(signal);
}

static void heed_signals(void) {
	struct sigaction action = {.sa_handler = die, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	for (size_t i = 0; i < FATAL; i++) {
		/* As nohup wants it. */
		if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
			(void)sigaction(fatal[i], &action, NULL);
		}
	}
}

/* Opening */

static void release(struct output *output) {
	if (output->fd != STDOUT_FILENO) {
		file_close(output->fd);
	}
	doomed = NULL;
	free(output->path);
	free(output->temporary);
	free(output->data);
	*output = (struct output){.fd = -1};
}

/* Beside the file, whose name stays in its own: ".NAME.PID.tmp". */
static int create(struct output *output) {
	char *slash = strrchr(output->path, '/');
	int folder = slash ? (int)(slash - output->path) + 1 : 0;
	char *temporary = NULL;

	if (asprintf(&temporary, "%.*s.%s.%ld.tmp", folder, output->path, output->path + folder, (long)getpid()) < 0) {
		return -ENOMEM;
	}
	output->temporary = temporary;
	/* What a killed process of the same number has left. */
	(void)file_remove(output->temporary);
	doomed = output->temporary;
	output->fd = file_open(output->temporary, FILE_CREATE, 0666);
	return output->fd < 0 ? output->fd : 0;
}

/* The file that symbolic links lead to is replaced, not they. */
static char *resolve(const char *path) {
	char *found = realpath(path, NULL);
	return found || errno != ENOENT ? found : strdup(path);
}

static int open_file(struct output *output, const char *path) {
	struct stat st;
	output->path = resolve(path);
	if (!output->path) {
		return -errno;
	}
	if (stat(output->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		output->fd = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return output->fd < 0 ? -errno : 0;
	}
	return create(output);
}

int output_open(struct output *output, const char *path, struct error *err) {
	*output = (struct output){.fd = STDOUT_FILENO, .size = BLOCK, .data = malloc(BLOCK)};
	int r = output->data ? 0 : -ENOMEM;

	heed_signals();
	if (r == 0 && path && strcmp(path, "-") != 0) {
		output->fd = -1;
		r = open_file(output, path);
	}
	if (r < 0) {
		release(output);
		(void)error_errno(err, -r, "%s cannot be written", path ? path : "the output");
	}
	return r;
}

/* Writing */

/* Standard output may be a pipe that others have made not to wait. */
static int write_all(int fd, const char *data, size_t len) {
	size_t written;
	int r;

	while ((r = file_write(fd, data, len, &written)) == -EAGAIN) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};
		(void)poll(&wait, 1, -1);
		data += written;
		len -= written;
	}
	return r;
}

static void flush(struct output *output) {
	if (output->error == 0) {
		output->error = write_all(output->fd, output->data, output->len);
		output->bytes += (int64_t)output->len;
	}
	output->len = 0;
}

char *output_room(struct output *output, size_t len) {
	if (output->size - output->len < len) {
		flush(output);
	}
	return output->data + output->len;
}

void output_put(struct output *output, const char *data, size_t len) {
	while (len > 0) {
		size_t part = len < BLOCK ? len : BLOCK;
		memcpy(output_room(output, part), data, part);
		output->len += part;
		data += part;
		len -= part;
	}
}

void output_puts(struct output *output, const char *text) {
	output_put(output, text, strlen(text));
}

/* The end */

static int settle(struct output *output) {
	flush(output);
	if (output->error < 0 || !output->temporary) {
		return output->error;
	}
	int r = file_sync_all(output->fd);
	r = r < 0 ? r : file_rename(output->temporary, output->path);
	if (r == 0) {
		doomed = NULL;
	}
	return r;
}

int output_close(struct output *output, bool keep, struct error *err) {
	int r = keep ? settle(output) : 0;

	if (r < 0) {
		(void)error_errno(err, -r, "%s cannot be written", output->path ? output->path : "the output");
	}
	if (output->temporary && doomed) {
		(void)file_remove(output->temporary);
	}
	release(output);
	return r;
}

int output_text(const char *path, const struct buf *text, struct error *err) {
	struct output output;
	if (buf_error(text) < 0) {
		return error_set(err, ENOMEM, "out of memory");
	}
	int r = output_open(&output, path, err);
	if (r < 0) {
		return r;
	}
	output_put(&output, buf_text(text), text->len);
	return output_close(&output, true, err);
}
