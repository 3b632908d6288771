// SPDX-License-Identifier: ISC

/*
 * The least that a program like occupancyd must do to be ready: it loads the same libraries, reads
 * the same configuration with libconfig alone, and starts one request with libcurl.  Then it says
 * READY=1 to systemd, waits for the answer, parses it with json-c, appends it to a file, syncs that
 * and ends.
 *
 *	bare CONFIG URL CA-FILE OUT
 */

#include <curl/curl.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zlib.h>

struct body {
	char data[1 << 16];
	size_t len;
};

static size_t on_body(char *data, size_t size, size_t count, void *user) {
	struct body *body = user;
	size_t len = size * count;
	if (len > sizeof(body->data) - body->len) {
		return 0;
	}
	memcpy(body->data + body->len, data, len);
	body->len += len;
	return len;
}

static int fail(const char *what) {
	fprintf(stderr, "bare: %s\n", what);
	return 1;
}

static struct curl_slist *headers_new(void) {
	static const char *const lines[] = {"Content-Type: application/json", "Accept: application/json",
	                                    "x-auth-scheme: api-token", "x-auth-apikey: xxxxxxxxxxxxxxxxxxxxxx", "Expect:"};
	struct curl_slist *headers = NULL;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		headers = curl_slist_append(headers, lines[i]);
	}
	return headers;
}

/* Whether the only transfer got its answer. */
static bool answered(CURLM *multi, CURL *easy) {
	int running = 1, left;
	while (running > 0) {
		if (curl_multi_perform(multi, &running) != CURLM_OK ||
		    (running > 0 && curl_multi_poll(multi, NULL, 0, 10000, NULL) != CURLM_OK)) {
			return false;
		}
	}
	const CURLMsg *message = curl_multi_info_read(multi, &left);
	long status = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return message && message->data.result == CURLE_OK && status == 200;
}

static bool appended(const char *path, const struct body *body) {
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, body->data, body->len) == (ssize_t)body->len && fdatasync(fd) == 0;
	return fd >= 0 && close(fd) == 0 && good;
}

int main(int argc, char **argv) {
	static struct body body;
	if (argc != 5) {
		fprintf(stderr, "usage: bare CONFIG URL CA-FILE OUT\n");
		return 64;
	}
	/* So that it is loaded, as everything else is. */
	if (!zlibVersion()) {
		return fail("no zlib");
	}
	config_t config;
	config_init(&config);
	if (config_read_file(&config, argv[1]) != CONFIG_TRUE) {
		return fail(config_error_text(&config));
	}

	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	CURL *easy = curl_easy_init();
	struct curl_slist *headers = headers_new();
	static const char request[] = "{\"deviceUuid\":\"0000000000000000000000.v0\",\"startTimeMs\":1795421700000,"
	                              "\"endTimeMs\":1795421760000,\"interval\":\"MINUTELY\"}";
	curl_easy_setopt(easy, CURLOPT_URL, argv[2]);
	curl_easy_setopt(easy, CURLOPT_CAINFO, argv[3]);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
	if (curl_multi_add_handle(multi, easy) != CURLM_OK) {
		return fail("no transfer");
	}
	sd_notify(0, "READY=1");

	if (!answered(multi, easy)) {
		return fail("no answer");
	}
	struct json_object *tree = json_tokener_parse(body.data);
	if (!tree || !appended(argv[4], &body)) {
		return fail("the answer is not JSON, or cannot be written");
	}
	json_object_put(tree);
	curl_multi_remove_handle(multi, easy);
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	config_destroy(&config);
	return 0;
}
