// SPDX-License-Identifier: ISC

/*
 * HTTP: many POSTs at once over few kept connections, on one thread.  An endpoint's
 * connections are its own and are used for five minutes; then new ones are made, to an
 * address that is looked up anew.
 *
 * An endpoint is where an account's requests go and what they carry: URL,
 * headers with the key, TLS.  A transfer is one request on its way.  Bodies are
 * capped, redirects are not followed, certificates are always verified, and
 * plain http is spoken to loopback addresses only.
 */

#ifndef REQUEST_HTTP_H
#define REQUEST_HTTP_H

#include "base/units.h"

#include <stdbool.h>
#include <stddef.h>

/** The largest body accepted, after decompression. */
#define HTTP_BODY_MAX ((size_t)8 << 20)

enum http_result {
	HTTP_REPLIED,     /* whole; status and body are there */
	HTTP_CUT_OFF,     /* a status came, the body not whole or not decodable */
	HTTP_TOO_LARGE,   /* the body passed HTTP_BODY_MAX */
	HTTP_NO_MEMORY,   /* a status came; for the body there was no memory */
	HTTP_SLOW,        /* connected, but no whole reply in time */
	HTTP_UNREACHABLE, /* no name, no connection, no TLS, or cut off before a status */
};

struct http;
struct http_endpoint;

/** A PEM file's content; data NULL: none. */
struct http_pem {
	const char *data;
	size_t len;
};

struct http_endpoint_options {
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; they may hold a secret */
	struct http_pem client_cert, client_key;
	struct http_pem ca;   /* none: the system's CAs */
	const char *crl_file; /* path of revocation lists, read for each connection; NULL: nothing is revoked */
	const char *proxy;    /* URL; NULL: none, whatever the environment says */
	usec_t connect_timeout;
};

/** Valid until the next http_next() or http_wait(). */
struct http_reply {
	void *user;
	enum http_result result;
	long status;            /* 0 if none came */
	char *body;              /* body_len bytes and a NUL; the caller may change them */
	size_t body_len;
	/*
	 * Headers of the server's own final answer, as they came, but for blanks around them.
	 * NULL: there is none, or there are several that differ.
	 */
	const char *retry_after, *date, *age;
	const char *error; /* a sentence unless HTTP_REPLIED */
};

/** Returns 0 and a value for http_free(), or -ENOMEM. */
__attribute__((warn_unused_result, nonnull(1)))
int http_new(struct http **ret_http, struct error *err);

/** Abandons all transfers and frees. */
void http_free(struct http *http);

/**
 * Copies the options: headers and client_key into memory as that of a secret.  No connection that was made for another endpoint is used by
 * this one.  Returns 0 and an endpoint for
 * http_endpoint_free(), or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull(1, 2)))
int http_endpoint_new(const struct http_endpoint_options *options, struct http_endpoint **ret_endpoint,
                      struct error *err);

/**
 * Lets go of an endpoint.  Transfers on their way to it go on, and the last of
 * them frees it.  http is NULL when it was freed before.
 */
void http_endpoint_free(struct http *http, struct http_endpoint *endpoint);

/**
 * Starts a POST of a JSON body, which is copied.  user comes back with the reply.
 *
 * Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int http_post(struct http *http, struct http_endpoint *endpoint, const char *body,
              usec_t timeout, void *user, struct error *err);

/** Abandons all transfers without a reply. */
__attribute__((nonnull))
void http_cancel_all(struct http *http);

/**
 * Moves data until something happened, the descriptor fd (negative: none) is
 * readable, or the time is over.  Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int http_wait(struct http *http, int fd, usec_t timeout, struct error *err);

/** The next finished transfer's reply; false if there is none. */
__attribute__((nonnull, warn_unused_result))
bool http_next(struct http *http, struct http_reply *ret_reply);

/**
 * Does not trust the connection of the reply that http_next() gave last: what is posted
 * to its endpoint from now on goes over new connections, to an address that is looked up
 * anew.  What is on its way goes on.  Does nothing if it was done already for a reply to
 * what was sent at the same time.
 */
__attribute__((nonnull))
void http_renew(struct http *http);

#endif
