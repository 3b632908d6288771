// SPDX-License-Identifier: ISC

/*
 * The least that a poller can do: the same requests as occupancyd's, over as many
 * connections, by libcurl alone.  Bodies are appended to a file as they come; with
 * "json" each is also parsed with json-c, and the tree thrown away.
 *
 *	floor URL CA-FILE COUNT CONCURRENCY OUT [json]
 */

#include <curl/curl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct transfer {
	CURL *easy;
	char body[160];
	char *data;
	size_t len, room;
};

static size_t on_body(char *data, size_t size, size_t count, void *user) {
	struct transfer *transfer = user;
	size_t len = size * count;
	if (transfer->len + len > transfer->room) {
		transfer->room = 2 * (transfer->len + len);
		transfer->data = realloc(transfer->data, transfer->room);
		if (!transfer->data) {
			return 0;
		}
	}
	memcpy(transfer->data + transfer->len, data, len);
	transfer->len += len;
	return len;
}

static void begin(CURLM *multi, struct transfer *transfer, long number) {
	int len = snprintf(transfer->body, sizeof(transfer->body),
	                   "{\"deviceUuid\":\"%022ld.v0\",\"startTimeMs\":1795421700000,\"endTimeMs\":1795421760000,"
	                   "\"interval\":\"MINUTELY\"}", number);
	transfer->len = 0;
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, transfer->body);
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE, (long)len);
	curl_multi_add_handle(multi, transfer->easy);
}

static void keep(const struct transfer *transfer, FILE *out, bool json) {
	if (json) {
		struct json_tokener *tokener = json_tokener_new();
		struct json_object *tree = json_tokener_parse_ex(tokener, transfer->data, (int)transfer->len);
		if (!tree) {
			fprintf(stderr, "floor: not JSON\n");
			exit(1);
		}
		json_object_put(tree);
		json_tokener_free(tokener);
	}
	fwrite(transfer->data, 1, transfer->len, out);
	fputc('\n', out);
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

int main(int argc, char **argv) {
	if (argc < 6) {
		fprintf(stderr, "usage: floor URL CA-FILE COUNT CONCURRENCY OUT [json]\n");
		return 64;
	}
	long count = atol(argv[3]), sent = 0, done = 0;
	int concurrency = atoi(argv[4]), running;
	bool json = argc > 6;
	FILE *out = fopen(argv[5], "a");
	struct transfer *transfers = calloc((size_t)concurrency, sizeof(*transfers));
	struct curl_slist *headers = headers_new();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	if (!out || !transfers || !multi) {
		return 1;
	}

	for (int i = 0; i < concurrency && sent < count; i++) {
		CURL *easy = transfers[i].easy = curl_easy_init();
		curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
		curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
		curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfers[i]);
		curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfers[i]);
		begin(multi, &transfers[i], sent++);
	}
	while (done < count) {
		curl_multi_perform(multi, &running);
		const CURLMsg *message;
		int left;
		while ((message = curl_multi_info_read(multi, &left))) {
			struct transfer *transfer = NULL;
			long status = 0;
			CURLcode code = message->data.result;
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
			curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
			if (code != CURLE_OK || status != 200) {
				fprintf(stderr, "floor: %s, status %ld\n", curl_easy_strerror(code), status);
				return 1;
			}
			curl_multi_remove_handle(multi, transfer->easy);
			keep(transfer, out, json);
			done++;
			if (sent < count) {
				begin(multi, transfer, sent++);
			}
		}
		if (done < count) {
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
		}
	}
	fflush(out);
	return 0;
}
