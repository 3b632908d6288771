// SPDX-License-Identifier: ISC

/*
 * request: what came from the client. Strings are NULL where a header is missing, and last as
 * long as the request.
 */

#ifndef FAKE_RHOMBUS_REQUEST_H
#define FAKE_RHOMBUS_REQUEST_H

#include "keys.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

struct request {
	const char *method;
	const char *path;
	const char *http;  /* "HTTP/1.1" */
	const char *since; /* the one query argument there is, of /_fake/journal */
	const char *content_type;
	const char *accept;
	const char *accept_encoding;
	const char *user_agent;
	struct credential credential;
	int64_t connection; /* counted from 1 */
	struct text body;
	bool too_large; /* the body was, and is cut off */
};

/** Is the body application/json, with or without parameters? */
bool request_has_json(const struct request *request);

/** Does the client accept application/json, said in so many words? */
bool request_accepts_json(const struct request *request);

bool request_accepts_gzip(const struct request *request);

#endif
