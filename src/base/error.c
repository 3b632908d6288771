// SPDX-License-Identifier: ISC

#include "base/error.h"

#include "base/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_say(struct error *err, const char *format, ...) {
	if (err) {
		va_list args;
		va_start(args, format);
		(void)vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
}

int error_errno(struct error *err, int code, const char *format, ...) {
	if (err) {
		va_list args;
		va_start(args, format);
		(void)vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);

		char buf[128];
		size_t len = strlen(err->text);
		const char *reason = code == FILE_NOT_REGULAR ? "it is not a regular file: remove it"
		                                              : strerror_r(code, buf, sizeof(buf));
		(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s", reason);
	}
	return -code;
}

void error_prefix(struct error *err, const char *format, ...) {
	if (!err) {
		return;
	}

	char subject[sizeof(err->text)];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(subject, sizeof(subject), format, args);
	va_end(args);

	struct error said = *err;
	size_t len = strlen(subject);
	if (len > sizeof(err->text) / 2) {
		len = sizeof(err->text) / 2;
	}
	(void)snprintf(err->text, sizeof(err->text), "%.*s: %.*s", (int)len, subject,
	               (int)(sizeof(err->text) - len - 3), said.text);
}
