// SPDX-License-Identifier: ISC

/*
 * control: the /_fake/ endpoints, by which a test steers the server while it runs. They need
 * no key, meet no rule, and are neither counted nor journalled.
 */

#ifndef FAKE_RHOMBUS_CONTROL_H
#define FAKE_RHOMBUS_CONTROL_H

#include "answer.h"
#include "request.h"
#include "world.h"

#include <stdbool.h>

/** Answers the request if it is one of these: true. */
bool control_answer(struct world *world, const struct request *request, struct answer *answer);

#endif
