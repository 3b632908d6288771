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
 * Returns 0, or -EINVAL or -ENOMEM with a sentence.
 */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_base(const char *url, struct error *err);

/** Checks the URL of a member of etcd: https, or http to this machine.  Returns as url_check_base(). */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_endpoint(const char *url, struct error *err);

/** Checks the URL of a proxy: http, https, socks5 or socks5h.  Returns as url_check_base(). */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_proxy(const char *url, struct error *err);

/** Checks a path: it begins with a slash and holds what needs no escaping.  Returns likewise. */
__attribute__((warn_unused_result, nonnull(1)))
int url_check_path(const char *path, struct error *err);

/** Whether it is plain http to somewhere else than a loopback address. */
__attribute__((nonnull))
bool url_is_exposed(const char *url);

/** Whether it is http, so that others on the way, if it leaves the machine, could read along. */
__attribute__((nonnull))
bool url_is_clear(const char *url);

#endif
