// SPDX-License-Identifier: ISC

#include "config/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* libcurl takes them apart, so that what is checked is what it will use. */
static CURLUcode parse(const char *text, CURLU **ret) {
	*ret = curl_url();
	return *ret ? curl_url_set(*ret, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER)
	            : CURLUE_OUT_OF_MEMORY;
}

/* The text is for curl_free(); NULL: there is none. */
static char *part_of(CURLU *url, CURLUPart part) {
	char *text = NULL;
	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool has(CURLU *url, CURLUPart part) {
	char *text = part_of(url, part);
	curl_free(text);
	return text != NULL;
}

static bool part_is(CURLU *url, CURLUPart part, const char *wanted) {
	char *text = part_of(url, part);
	bool same = text && strcmp(text, wanted) == 0;
	curl_free(text);
	return same;
}

/* What only looks like an address is a name, and a name can be anywhere. */
static bool is_loopback(CURLU *url) {
	struct in_addr v4;
	struct in6_addr v6;
	char *host = part_of(url, CURLUPART_HOST);
	bool loopback = false;

	if (host && host[0] == '[') {
		host[strcspn(host, "]")] = '\0';
		loopback = inet_pton(AF_INET6, host + 1, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	} else if (host) {
		loopback = inet_pton(AF_INET, host, &v4) == 1 ? ntohl(v4.s_addr) >> 24 == 127
		                                              : strcasecmp(host, "localhost") == 0;
	}
	curl_free(host);
	return loopback;
}

/* An address in brackets, or a name in which nothing has to be encoded. */
static bool has_good_host(CURLU *url) {
	char *host = part_of(url, CURLUPART_HOST);
	size_t len = host ? strlen(host) : 0;
	bool good = len > 0 && len <= HOST_MAX && (host[0] == '[' || strspn(host, ALPHA DIGIT ".-_") == len);
	curl_free(host);
	return good;
}

/* The text may hold a password, and is never shown. */
static int refuse(CURLUcode code, struct error *err) {
	switch (code) {
	case CURLUE_OUT_OF_MEMORY:
		return error_errno(err, ENOMEM, "cannot be read");
	case CURLUE_USER_NOT_ALLOWED:
		return error_set(err, EINVAL, "holds a user name or password, which must not be in a configuration");
	case CURLUE_BAD_PORT_NUMBER:
		return error_set(err, EINVAL, "has no valid port after the host: from 1 to 65535");
	case CURLUE_BAD_IPV6:
		return error_set(err, EINVAL, "holds no valid IPv6 address in its brackets");
	default:
		return error_set(err, EINVAL, "has no valid host after ://");
	}
}

static int check_parts(CURLU *url, struct error *err) {
	if (!has_good_host(url)) {
		return refuse(CURLUE_BAD_HOSTNAME, err);
	}
	if (part_is(url, CURLUPART_PORT, "0")) {
		return refuse(CURLUE_BAD_PORT_NUMBER, err);
	}
	if (!part_is(url, CURLUPART_PATH, "/") || has(url, CURLUPART_QUERY) || has(url, CURLUPART_FRAGMENT)) {
		return error_set(err, EINVAL, "holds more than scheme://host:port");
	}
	return 0;
}

/* What follows the scheme, which is one that is wanted. */
static int check(const char *text, struct error *err) {
	CURLU *url;
	CURLUcode code = parse(text, &url);
	int r = code == CURLUE_OK ? check_parts(url, err) : refuse(code, err);
	curl_url_cleanup(url);
	return r;
}

static bool has_scheme(const char *text, const char *scheme) {
	size_t len = strlen(scheme);
	return strncasecmp(text, scheme, len) == 0 && strncmp(text + len, "://", 3) == 0;
}

bool url_is_clear(const char *url) {
	return has_scheme(url, "http");
}

bool url_is_exposed(const char *url) {
	CURLU *parts;

	if (!url_is_clear(url)) {
		return false;
	}
	bool local = parse(url, &parts) == CURLUE_OK && is_loopback(parts);
	curl_url_cleanup(parts);
	return !local;
}

/* exposed: what would go over the network as clear text. */
static int check_server(const char *url, const char *exposed, struct error *err) {
	if (!has_scheme(url, "https") && !url_is_clear(url)) {
		return error_set(err, EINVAL, "does not begin with https://");
	}
	int r = check(url, err);
	if (r == 0 && url_is_exposed(url)) {
		r = error_set(err, EINVAL,
		              "would send %s in clear text: http:// is only for 127.0.0.0/8, [::1] and localhost; use "
		              "https://",
		              exposed);
	}
	return r;
}

int url_check_base(const char *url, struct error *err) {
	return check_server(url, "the key", err);
}

int url_check_endpoint(const char *url, struct error *err) {
	return check_server(url, "records", err);
}

int url_check_proxy(const char *url, struct error *err) {
	static const char *const schemes[] = {"http", "https", "socks5", "socks5h"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (has_scheme(url, schemes[i])) {
			return check(url, err);
		}
	}
	return error_set(err, EINVAL, "does not begin with http://, https://, socks5:// or socks5h://");
}

int url_check_path(const char *path, struct error *err) {
	if (path[0] != '/') {
		return error_set(err, EINVAL, "does not begin with a slash");
	}
	if (path[strspn(path, ALPHA DIGIT "/-._~!$&'()*+,;=:@%")] != '\0') {
		return error_set(err, EINVAL, "holds a character that a URL's path cannot: a query is not allowed either");
	}
	return 0;
}
