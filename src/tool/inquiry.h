// SPDX-License-Identifier: ISC

/*
 * Questions to Rhombus, one after the other, with an account's own key.
 */

#ifndef TOOL_INQUIRY_H
#define TOOL_INQUIRY_H

#include "base/json.h"
#include "config/config.h"
#include "config/secret.h"
#include "request/http.h"
#include "response/outcome.h"

/** An account's side of it.  All zero: closed. */
struct inquiry {
	struct http *http;
	struct account account; /* with paths in the place of credentials */
	struct secret key;
	char *files[ACCOUNT_FILES];
	usec_t timeout;         /* of a request */
};

/**
 * Reads the account's key where the service gets it.  main_file: of the configuration.  Returns 0 and what
 * is for inquiry_close(), or -errno and a sentence that says how the key could be read.
 */
__attribute__((warn_unused_result, nonnull(1, 2, 3)))
int inquiry_open(struct inquiry *inquiry, const struct account *account, const char *main_file, usec_t timeout,
                 struct error *err);

/**
 * Asks a path ("/api/location/getLocations") for an object with a list of that name, up to three times if the server is
 * in trouble, or wants to be left alone for no more than a minute.
 *
 * Returns 0 and the object, for json_free(); or -EREMOTEIO, and the verdict tells why there is none; or another
 * -errno, and the verdict has a sentence.  ret_status: of HTTP; 0 if there was none.
 */
__attribute__((warn_unused_result, nonnull))
int inquiry_ask(struct inquiry *inquiry, const char *path, const char *list, struct json_object **ret_root,
                struct verdict *ret_verdict, long *ret_status);

/** Wipes the key. */
void inquiry_close(struct inquiry *inquiry);

#endif
