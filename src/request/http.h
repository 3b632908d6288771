// SPDX-License-Identifier: ISC

/*
 * HTTP: many POSTs at once over few kept connections, on one thread.  An endpoint's
 * connections are its own and are used for five minutes; then new ones are made, to an
 * address that is looked up anew.
 *
 * An endpoint is where an account's requests go and what they carry: URL,
 * headers with the key, TLS.  It may have an owner, who alone gets the replies.
 * A transfer is one request on its way.  Bodies are
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

/** The largest body that can be sent. */
#define HTTP_REQUEST_MAX ((size_t)2 << 20)

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
	const void *owner;    /* any pointer; NULL: none.  Replies are for http_next_for() that owner */
	usec_t connect_timeout;
};

/** Valid until the next http_next(), http_next_for() or http_wait(). */
struct http_reply {
	void *user;
	enum http_result result;
	bool unsent;            /* nothing of the request can have reached the server: there was no connection */
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

/** The same to the endpoint's URL with a path behind it, which is "" or begins with a slash. */
__attribute__((warn_unused_result, nonnull(1, 2, 3, 4)))
int http_post_to(struct http *http, struct http_endpoint *endpoint, const char *path, const char *body,
                 usec_t timeout, void *user, struct error *err);

/** Abandons the transfers of all endpoints without an owner; there will be no reply. */
__attribute__((nonnull))
void http_cancel_all(struct http *http);

/** Abandons the transfers of that owner's endpoints. */
__attribute__((nonnull(1)))
void http_cancel_for(struct http *http, const void *owner);

/**
 * Moves data until something happened, the descriptor fd (negative: none) is
 * readable, or the time is over.  Returns 0 or -errno.
 */
__attribute__((warn_unused_result, nonnull(1)))
int http_wait(struct http *http, int fd, usec_t timeout, struct error *err);

/**
 * The next finished transfer's reply, of the endpoints without an owner; false if there is none.  As long
 * as there is one, of any owner, http_wait() does not wait.
 */
__attribute__((nonnull, warn_unused_result))
bool http_next(struct http *http, struct http_reply *ret_reply);

/** The same of that owner's endpoints. */
__attribute__((nonnull(1, 3), warn_unused_result))
bool http_next_for(struct http *http, const void *owner, struct http_reply *ret_reply);

/**
 * Does not trust the connection of the reply that was given last: what is posted
 * to its endpoint from now on goes over new connections, to an address that is looked up
 * anew.  What is on its way goes on.  Does nothing if it was done already for a reply to
 * what was sent at the same time.
 */
__attribute__((nonnull))
void http_renew(struct http *http);

#endif
