// SPDX-License-Identifier: ISC

#include "daemon/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct {
	int number;
	size_t flag; /* in struct signals */
} meanings[] = {
	{SIGTERM, offsetof(struct signals, stop)},
	{SIGINT, offsetof(struct signals, stop)},
	{SIGHUP, offsetof(struct signals, reload)},
	{SIGUSR1, offsetof(struct signals, rotate)},
};

enum { MEANINGS = sizeof(meanings) / sizeof(meanings[0]) };

int signals_open(struct error *err) {
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < MEANINGS; i++) {
		sigaddset(&set, meanings[i].number);
	}

	/* A file too large or a closed pipe must be an error of the write, no more. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		return error_errno(err, errno, "signals cannot be blocked");
	}
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd >= 0 ? fd : error_errno(err, errno, "signals cannot be read");
}

void signals_read(int fd, struct signals *ret_signals) {
	struct signalfd_siginfo info;
	*ret_signals = (struct signals){0};
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		for (size_t i = 0; i < MEANINGS; i++) {
			if ((int)info.ssi_signo == meanings[i].number) {
				*(bool *)((char *)ret_signals + meanings[i].flag) = true;
			}
		}
	}
}

void signals_close(int fd) {
	if (fd >= 0) {
		(void)close(fd);
	}
}
