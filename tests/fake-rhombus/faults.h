// SPDX-License-Identifier: ISC

/*
 * faults: the list of rules in force. The first that fits a request is the one applied to it.
 */

#ifndef FAKE_RHOMBUS_FAULTS_H
#define FAKE_RHOMBUS_FAULTS_H

#include "rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct faults {
	struct rule *rules;
	size_t count;
};

/** What rules look at. Strings may be NULL. */
struct circumstances {
	const char *device;
	const char *key; /* its id, "unknown" or "none" */
	const char *path;
	const char *interval;
	int64_t now_ms; /* of the server's clock */
	int64_t mono_us;
	int64_t start_ms;
	int64_t span_ms; /* of the range asked for; -1: there is none */
	bool report;     /* a report is about to be answered */
};

void faults_done(struct faults *faults);

/** Puts the rules of a JSON array in the place of all rules so far, or changes nothing. */
int faults_replace(struct faults *faults, struct json_object *array, int64_t mono_us,
                   struct why *why) __attribute__((warn_unused_result));

/**
 * Finds the rule for a request and counts the hit. *ret_index is -1 if none fits, and the rule
 * is then rule_plain. It lasts until the rules are replaced.
 */
const struct rule *faults_pick(struct faults *faults, const struct circumstances *now,
                               int *ret_index);

/** A JSON array with, for each rule, its index, matched, hits, exhausted, and itself. */
struct json_object *faults_show(const struct faults *faults);

#endif
