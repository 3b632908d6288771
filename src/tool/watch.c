// SPDX-License-Identifier: ISC

#include "tool/watch.h"

#include "tool/tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t ended, resized;

static void on_end(int number) {
	(void)number;
	ended = 1;
}

static void on_resize(int number) {
	(void)number;
	resized = 1;
}

/* With interrupted calls, so that each is noticed at once. */
static void catch_signals(void) {
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = on_end};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)sigaction(ends[i], &action, NULL);
	}
	action.sa_handler = on_resize;
	(void)sigaction(SIGWINCH, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

static bool put(const char *text, size_t len) {
	while (len > 0) {
		ssize_t sent = write(STDOUT_FILENO, text, len);
		if (sent < 0 && errno != EINTR) {
			return false;
		}
		text += sent > 0 ? sent : 0;
		len -= sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static bool put_text(const char *text) {
	return put(text, strlen(text));
}

/* A line as far as there are columns; colours take none. */
static const char *fit_line(const char *text, size_t columns, struct buf *out) {
	size_t used = 0;
	for (; *text && *text != '\n'; text++) {
		if (*text == '\033') {
			const char *end = strchr(text, 'm');
			buf_append(out, text, (size_t)(end - text) + 1);
			text = end;
			continue;
		}
		used += ((unsigned char)*text & 0xc0) != 0x80;
		if (used <= columns) {
			buf_putc(out, *text);
		}
	}
	buf_puts(out, "\033[0m\033[K");
	return *text ? text + 1 : text;
}

static bool show(const struct buf *text) {
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	const char *at = buf_text(text);
	struct buf out;
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	buf_init(&out, BUF_ANY);
	buf_puts(&out, "\033[H");
	for (int row = 0; *at && row < (size.ws_row > 0 ? size.ws_row : 24); row++) {
		buf_puts(&out, row > 0 ? "\r\n" : "");
		at = fit_line(at, size.ws_col > 0 ? size.ws_col : 80, &out);
	}
	buf_puts(&out, "\033[J");
	bool shown = buf_error(&out) == 0 && put(buf_text(&out), out.len);
	buf_done(&out);
	return shown;
}

/* Returns whether the user has had enough. */
static bool wait_for_key(usec_t time) {
	struct pollfd key = {.fd = STDIN_FILENO, .events = POLLIN};
	char c = 0;
	int r = poll(&key, 1, (int)(time / USEC_PER_MSEC));
	if (r <= 0) {
		return ended;
	}
	return read(STDIN_FILENO, &c, 1) <= 0 || c == 'q' || c == 'Q' || c == 'C' - '@';
}

static int run(watch_draw *draw, void *user, usec_t every) {
	int code = 0;
	bool enough = false;
	while (code == 0 && !enough) {
		struct buf text;
		buf_init(&text, BUF_ANY);
		resized = 0;
		code = draw(user, &text);
		enough = !show(&text) || wait_for_key(every);
		buf_done(&text);
	}
	return code;
}

int watch_run(watch_draw *draw, void *user, usec_t every) {
	struct termios before, now;
	if (tcgetattr(STDIN_FILENO, &before) < 0 || !isatty(STDOUT_FILENO)) {
		tool_error("--watch needs a terminal");
		return EX_USAGE;
	}
	catch_signals();
	now = before;
	now.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &now);
	/* The other screen, without a cursor. */
	(void)put_text("\033[?1049h\033[?25l");
	int code = run(draw, user, every);
	(void)put_text("\033[?25h\033[?1049l");
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return code;
}
