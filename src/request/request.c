// SPDX-License-Identifier: ISC

#include "request/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The path of a file that is there, or NULL where none is configured. */
static int find_file(const char *name, char path[static PATH_MAX], const char **ret_path,
                     struct error *err) {
	*ret_path = NULL;
	if (!name) {
		return 0;
	}
	int r = secret_path(name, path, err);
	if (r < 0) {
		return r;
	}
	if (access(path, R_OK) < 0) {
		return error_errno(err, errno, "%s cannot be read", path);
	}
	*ret_path = path;
	return 0;
}

static int find_files(const struct account *account, char paths[static 3][PATH_MAX],
                      struct http_endpoint_options *options, struct error *err) {
	int r = find_file(account->client_cert, paths[0], &options->client_cert, err);
	if (r == 0) {
		r = find_file(account->client_key, paths[1], &options->client_key, err);
	}
	if (r == 0) {
		r = find_file(account->ca_file, paths[2], &options->ca_file, err);
	}
	if (r == 0 && account->client_key) {
		r = secret_check_file(account->client_key, err);
	}
	return r;
}

int request_endpoint(const struct account *account, const struct secret *key,
                     struct http_endpoint **ret_endpoint, struct error *err) {
	char paths[3][PATH_MAX];
	char url[2048], scheme[64], org[512];
	char apikey[SECRET_MAX + 32];
	int len = snprintf(url, sizeof(url), "%s%s", account->base_url, account->path);
	if (len < 0 || (size_t)len >= sizeof(url)) {
		return error_set(err, ENAMETOOLONG, "the URL is too long");
	}
	(void)snprintf(scheme, sizeof(scheme), "x-auth-scheme: %s", scheme_name(account->scheme));
	(void)snprintf(org, sizeof(org), "x-auth-org: %s", account->org ? account->org : "");
	(void)snprintf(apikey, sizeof(apikey), "x-auth-apikey: %s", key->text);

	const char *headers[] = {
		"Content-Type: application/json",
		"Accept: application/json",
		"Expect:", /* a body this small needs no 100-continue */
		scheme,
		apikey,
		account->org ? org : NULL,
		NULL,
	};
	struct http_endpoint_options options = {
		.url = url,
		.headers = headers,
		.proxy = account->proxy,
		.connect_timeout = account->connect_timeout,
	};
	int r = find_files(account, paths, &options, err);
	if (r == 0) {
		r = http_endpoint_new(&options, ret_endpoint, err);
	}
	explicit_bzero(apikey, sizeof(apikey));
	return r;
}

void request_body(char buf[static REQUEST_BODY_SIZE], const struct device *device,
                  const struct span *span) {
	enum interval interval = device->settings->bucket.interval;
	bool named = interval != INTERVAL_NONE;

	/* The configuration has checked the UUID's letters, so nothing needs escaping. */
	(void)snprintf(buf, REQUEST_BODY_SIZE,
	               "{\"deviceUuid\":\"%s\",\"startTimeMs\":%lld,\"endTimeMs\":%lld%s%s%s}",
	               device->uuid, (long long)(span->start / USEC_PER_MSEC),
	               (long long)(span->end / USEC_PER_MSEC), named ? ",\"interval\":\"" : "",
	               named ? interval_name(interval) : "", named ? "\"" : "");
}
