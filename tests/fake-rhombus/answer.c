// SPDX-License-Identifier: ISC

#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { GZIP_WINDOW_BITS = 15 + 16, GZIP_MEMORY_LEVEL = 8 };

static const char json[] = "application/json";
static const char plain[] = "text/plain";
static const char html[] = "text/html";

static const struct usual {
	unsigned status;
	const char *content_type;
	const char *body;
} usual_answers[] = {
	{400, json, "{\"msg\":\"JSON doesn't match expected object structure\"}"},
	{401, json, "{\"authenticationFailed\": true}"},
	{403, json, "{\"msg\":\"Access Denied\"}"},
	{404, json, "{\"msg\":\"HTTP 404 Not Found\"}"},
	{405, json, "{\"msg\":\"HTTP 405 Method Not Allowed\"}"},
	{406, json, "{\"msg\":\"HTTP 406 Not Acceptable\"}"},
	{413, json, "{\"msg\":\"HTTP 413 Request Entity Too Large\"}"},
	{415, json, "{\"msg\":\"HTTP 415 Unsupported Media Type\"}"},
	{429, plain, "Too many api requests. Enhance your calm."},
	{500, json, "{\"msg\":\"Internal Server Error\"}"},
	{502, html, "<html><body><h1>502 Bad Gateway</h1></body></html>\n"},
	{503, html, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>\n"},
	{504, html, "<html><body><h1>504 Gateway Time-out</h1></body></html>\n"},
};

void answer_init(struct answer *answer) {
	*answer = (struct answer){
		.status = 200,
		.content_type = json,
		.headers = json_object_new_object(),
		.cut = -1,
	};
}

void answer_done(struct answer *answer) {
	text_done(&answer->body);
	json_object_put(answer->headers);
	answer->headers = NULL;
}

void answer_set(struct answer *answer, unsigned status, const char *content_type,
                const char *body) {
	answer->status = status;
	answer->content_type = content_type;
	answer->body.length = 0;
	text_add(&answer->body, body);
}

void answer_set_status(struct answer *answer, unsigned status) {
	for (size_t i = 0; i < sizeof(usual_answers) / sizeof(usual_answers[0]); i++) {
		const struct usual *usual = &usual_answers[i];

		if (usual->status == status) {
			answer_set(answer, status, usual->content_type, usual->body);
			return;
		}
	}
	answer_set(answer, status, json, "");
	if (status != 204 && status != 304) {
		text_addf(&answer->body, "{\"msg\":\"HTTP %u\"}", status);
	}
}

void answer_header(struct answer *answer, const char *name, const char *value) {
	json_object_object_add(answer->headers, name,
	                       value ? json_object_new_string(value) : NULL);
}

bool answer_has_header(const struct answer *answer, const char *name) {
	json_object_object_foreach(answer->headers, given, value) {
		(void)value;
		if (strcasecmp(given, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Appends the bytes as a member of gzip; false when memory is short. */
static bool add_member(struct text *packed, const char *bytes, size_t length) {
	z_stream stream = {0};

	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
	                 Z_DEFAULT_STRATEGY) != Z_OK) {
		return false;
	}

	uLong bound = deflateBound(&stream, (uLong)length);

	stream.next_in = (Bytef *)bytes;
	stream.avail_in = (uInt)length;
	stream.next_out = (Bytef *)text_reserve(packed, bound);
	stream.avail_out = (uInt)bound;

	int r = deflate(&stream, Z_FINISH);

	packed->length += stream.total_out;
	deflateEnd(&stream);
	return r == Z_STREAM_END;
}

void answer_compress(struct answer *answer, size_t members, size_t padding) {
	struct text packed = {0};
	size_t length = answer->body.length;

	for (size_t i = 0; i < members; i++) {
		size_t start = length * i / members;
		size_t end = length * (i + 1) / members;

		if (!add_member(&packed, answer->body.bytes + start, end - start)) {
			text_done(&packed);
			return;
		}
	}
	text_fill(&packed, '\0', padding);
	text_done(&answer->body);
	answer->body = packed;
	answer->gzipped = true;
	answer_header(answer, "Content-Encoding", "gzip");
	answer_header(answer, "Vary", "Accept-Encoding");
}
