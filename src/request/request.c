// SPDX-License-Identifier: ISC

#include "request/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** The files that an account's TLS needs, as far as they are configured. */
struct tls_files {
	struct secret cert, key, ca;
	char crl_path[PATH_MAX]; /* empty: none */
};

static void tls_done(struct tls_files *tls) {
	secret_done(&tls->cert);
	secret_done(&tls->key);
	secret_done(&tls->ca);
}

/* Only that it can be read: libcurl takes revocation lists from their file, at each connection. */
static int check_crl(const char *name, char ret_path[static PATH_MAX], struct error *err) {
	struct secret crl = {0};
	int r = secret_read_pem(name, false, &crl, err);
	secret_done(&crl);
	return r < 0 ? r : secret_path(name, ret_path, err);
}

static int tls_read(const struct account *account, struct tls_files *tls, struct error *err) {
	int r = 0;
	if (account->client_cert) {
		r = secret_read_pem(account->client_cert, false, &tls->cert, err);
	}
	if (r == 0 && account->client_key) {
		r = secret_read_pem(account->client_key, true, &tls->key, err);
	}
	if (r == 0 && account->ca_file) {
		r = secret_read_pem(account->ca_file, false, &tls->ca, err);
	}
	if (r == 0 && account->crl_file) {
		r = check_crl(account->crl_file, tls->crl_path, err);
	}
	return r;
}

static struct http_pem pem_of(const struct secret *file) {
	return (struct http_pem){.data = file->text, .len = file->len};
}

int request_endpoint(const struct account *account, const struct secret *key,
                     struct http_endpoint **ret_endpoint, struct error *err) {
	struct tls_files tls = {0};
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
	int r = tls_read(account, &tls, err);
	if (r == 0) {
		const struct http_endpoint_options options = {
			.url = url,
			.headers = headers,
			.client_cert = pem_of(&tls.cert),
			.client_key = pem_of(&tls.key),
			.ca = pem_of(&tls.ca),
			.crl_file = tls.crl_path[0] ? tls.crl_path : NULL,
			.proxy = account->proxy,
			.connect_timeout = account->connect_timeout,
		};
		r = http_endpoint_new(&options, ret_endpoint, err);
	}
	tls_done(&tls);
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
