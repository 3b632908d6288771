// SPDX-License-Identifier: ISC

#include "config/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* What stands between the slashes of scheme://host:port/ */
struct url {
	char host[HOST_MAX + 1]; /* without the brackets of an IPv6 address */
	bool ipv6;
	const char *rest;        /* what follows the host and port */
};

static bool is_loopback(const struct url *url) {
	struct in_addr v4;
	struct in6_addr v6;
	if (url->ipv6) {
		return inet_pton(AF_INET6, url->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	}
	if (inet_pton(AF_INET, url->host, &v4) == 1) {
		return ntohl(v4.s_addr) >> 24 == 127;
	}
	return strcasecmp(url->host, "localhost") == 0;
}

static int take_host(const char *text, struct url *ret, struct error *err) {
	struct in6_addr v6;
	bool ipv6 = *text == '[';
	const char *start = ipv6 ? text + 1 : text;
	size_t len = strspn(start, ipv6 ? DIGIT "abcdefABCDEF:." : ALPHA DIGIT ".-_");

	if (len == 0 || len > HOST_MAX || (ipv6 && start[len] != ']')) {
		return error_set(err, EINVAL, "has no valid host behind ://");
	}
	memcpy(ret->host, start, len);
	ret->host[len] = '\0';
	ret->ipv6 = ipv6;
	ret->rest = start + len + ipv6;
	if (ipv6 && inet_pton(AF_INET6, ret->host, &v6) != 1) {
		return error_set(err, EINVAL, "holds no valid IPv6 address in its brackets");
	}
	return 0;
}

static int take_port(struct url *url, struct error *err) {
	if (*url->rest != ':') {
		return 0;
	}
	size_t len = strspn(url->rest + 1, DIGIT);
	long port = len > 0 && len <= 5 ? strtol(url->rest + 1, NULL, 10) : 0;
	if (port < 1 || port > 65535) {
		return error_set(err, EINVAL, "has no valid port behind the host: from 1 to 65535");
	}
	url->rest += 1 + len;
	return 0;
}

/* What follows the scheme.  The text may hold a password here and is never shown. */
static int parse(const char *text, struct url *ret, struct error *err) {
	if (strchr(text, '@')) {
		return error_set(err, EINVAL,
		                 "holds a user name or password, which have no place in a configuration");
	}
	int r = take_host(text, ret, err);
	if (r == 0) {
		r = take_port(ret, err);
	}
	if (r < 0) {
		return r;
	}
	if (strcmp(ret->rest, "") != 0 && strcmp(ret->rest, "/") != 0) {
		return error_set(err, EINVAL, "holds more than scheme://host:port");
	}
	return 0;
}

/* The part behind "SCHEME://", if it is that scheme. */
static const char *behind(const char *url, const char *scheme) {
	size_t len = strlen(scheme);
	return strncmp(url, scheme, len) == 0 && strncmp(url + len, "://", 3) == 0 ? url + len + 3 : NULL;
}

bool url_is_clear(const char *url) {
	return behind(url, "http") != NULL;
}

int url_check_base(const char *url, struct error *err) {
	const char *secure = behind(url, "https");
	const char *clear = behind(url, "http");
	const char *text = secure ? secure : clear;
	struct url parts;

	if (!text) {
		return error_set(err, EINVAL, "does not begin with https://");
	}
	int r = parse(text, &parts, err);
	if (r < 0) {
		return r;
	}
	if (clear && !is_loopback(&parts)) {
		return error_set(err, EINVAL,
		                 "would send the key in clear: http:// is only for 127.0.0.0/8, [::1] and "
		                 "localhost; use https://");
	}
	return 0;
}

int url_check_proxy(const char *url, struct error *err) {
	static const char *const schemes[] = {"http", "https", "socks5", "socks5h"};
	struct url parts;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *text = behind(url, schemes[i]);
		if (text) {
			return parse(text, &parts, err);
		}
	}
	return error_set(err, EINVAL, "does not begin with http://, https://, socks5:// or socks5h://");
}

int url_check_path(const char *path, struct error *err) {
	if (path[0] != '/') {
		return error_set(err, EINVAL, "does not begin with a slash");
	}
	if (path[strspn(path, ALPHA DIGIT "/-._~!$&'()*+,;=:@%")] != '\0') {
		return error_set(err, EINVAL, "holds a character that a URL's path cannot: it has no query either");
	}
	return 0;
}
