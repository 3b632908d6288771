// SPDX-License-Identifier: ISC

/*
 * orgs: what the keys of one organisation share: a token bucket, and requests in flight.
 */

#ifndef FAKE_RHOMBUS_ORGS_H
#define FAKE_RHOMBUS_ORGS_H

#include <stddef.h>
#include <stdint.h>

struct org {
	char *name;
	double tokens;
	int64_t refilled_us;
	int in_flight; /* requests whose reply is not yet finished */
};

struct orgs {
	double rate;  /* tokens per second; 0 or less: unlimited */
	double burst; /* the most that a bucket holds, and holds at first */
	struct org **all;
	size_t count;
};

void orgs_done(struct orgs *orgs);

/** The organisation of that name, made at its first mention. It lives as long as `orgs`. */
struct org *orgs_find(struct orgs *orgs, const char *name);

/**
 * Takes one token and returns 0; or, if the bucket is empty, returns the whole seconds until
 * there will be one, at least 1.
 */
int64_t org_take(const struct orgs *orgs, struct org *org, int64_t now_us);

#endif
