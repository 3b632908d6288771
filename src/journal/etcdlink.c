// SPDX-License-Identifier: ISC

#include "journal/etcdlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct member {
	char *url;
	struct http_endpoint *endpoint;
};

struct etcdlink {
	struct http *http;
	const void *owner;
	struct member *members;
	size_t count;
	size_t current;
};

static int member_init(struct member *member, const char *url, const struct journal_settings *settings,
                       const void *owner, struct error *err) {
	/* With Accept, an etcd that demands certificates would write a warning for each request into its log. */
	static const char *const headers[] = {"Content-Type: application/json", "Accept:", "Expect:", NULL};
	size_t len = strlen(url);
	while (len > 0 && url[len - 1] == '/') {
		len--; /* paths begin with one */
	}
	member->url = strndup(url, len);
	if (!member->url) {
		return error_set(err, ENOMEM, "out of memory");
	}
	/* What could not be sent within a third of the time can still be sent to another one. */
	const struct http_endpoint_options options = {
		.url = member->url,
		.headers = headers,
		.client_cert = settings->client_cert,
		.client_key = settings->client_key,
		.ca = settings->ca,
		.connect_timeout = settings->timeout / 3,
		.owner = owner,
	};
	return http_endpoint_new(&options, &member->endpoint, err);
}

int etcdlink_new(const struct journal_settings *settings, struct http *http, const void *owner, struct etcdlink **ret_link,
                 struct error *err) {
	struct etcdlink *link = calloc(1, sizeof(*link));
	if (!link) {
		return error_set(err, ENOMEM, "out of memory");
	}
	*link = (struct etcdlink){.http = http, .owner = owner};
	while (settings->endpoints[link->count]) {
		link->count++;
	}
	link->members = calloc(link->count + 1, sizeof(*link->members));
	int r = link->members ? 0 : error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < link->count; i++) {
		r = member_init(&link->members[i], settings->endpoints[i], settings, owner, err);
	}
	if (r < 0) {
		etcdlink_free(link);
		return r;
	}
	*ret_link = link;
	return 0;
}

void etcdlink_free(struct etcdlink *link) {
	if (!link) {
		return;
	}
	http_cancel_for(link->http, link->owner);
	for (size_t i = 0; link->members && i < link->count; i++) {
		http_endpoint_free(link->http, link->members[i].endpoint);
		free(link->members[i].url);
	}
	free(link->members);
	free(link);
}

size_t etcdlink_count(const struct etcdlink *link) {
	return link->count;
}

const char *etcdlink_url(const struct etcdlink *link, size_t member) {
	return link->members[member].url;
}

int etcdlink_post(struct etcdlink *link, const char *path, const char *body, usec_t timeout, void *user,
                  size_t *ret_member) {
	*ret_member = link->current;
	return http_post_to(link->http, link->members[link->current].endpoint, path, body, timeout, user, NULL);
}

void etcdlink_leave(struct etcdlink *link, size_t member) {
	if (member == link->current) {
		link->current = (link->current + 1) % link->count;
	}
}
