// SPDX-License-Identifier: ISC

/*
 * effects: what a fault rule does to an answer. (What it does to the points of a report is in
 * report.c.)
 */

#ifndef FAKE_RHOMBUS_EFFECTS_H
#define FAKE_RHOMBUS_EFFECTS_H

#include "answer.h"
#include "rule.h"

#include <stdbool.h>

/** Puts the rule's own reply in the place of the real one, if it has one: true. */
bool effects_replace(const struct rule *rule, struct answer *answer);

/** Gives the real reply the rule's status: for a rule with a status 2xx and no body. */
void effects_restate(const struct rule *rule, struct answer *answer);

/** Headers, padding, delay and all else that can befall any reply. */
void effects_finish(const struct rule *rule, struct answer *answer);

#endif
