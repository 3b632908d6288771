// SPDX-License-Identifier: ISC

/*
 * The few URLs that stand in a configuration: scheme://host[:port].
 */

#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "base/error.h"

#include <stdbool.h>

/**
 * Checks the URL of Rhombus: https, or http to this machine.
 *
 * Returns 0 or -EINVAL with a sentence.
 */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_base(const char *url, struct error *err);

/** Checks the URL of a proxy. */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_proxy(const char *url, struct error *err);

/** Checks a path: it begins with a slash and holds what needs no escaping. */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_path(const char *path, struct error *err);

/** Whether others on the way could read along. */
__attribute__((nonnull))
bool url_is_clear(const char *url);

#endif
