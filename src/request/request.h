// SPDX-License-Identifier: ISC

/*
 * The Rhombus API's side of a request: where it goes, what it carries, and how
 * it asks for a span of a device.
 */

#ifndef REQUEST_REQUEST_H
#define REQUEST_REQUEST_H

#include "config/config.h"
#include "config/secret.h"
#include "request/http.h"
#include "schedule/span.h"

/** Large enough for every body that request_body() writes. */
enum { REQUEST_BODY_SIZE = 256 };

/**
 * Makes an account's endpoint, with its key in the headers and its certificate,
 * private key and CAs as their files are now.
 *
 * Returns 0 and an endpoint for http_endpoint_free(), or -errno and a sentence
 * that names the file.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int request_endpoint(const struct account *account, const struct secret *key,
                     struct http_endpoint **ret_endpoint, struct error *err);

/** Writes the JSON that asks for the span. */
__attribute__((nonnull))
void request_body(char buf[static REQUEST_BODY_SIZE], const struct device *device,
                  const struct span *span);

#endif
