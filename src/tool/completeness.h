// SPDX-License-Identifier: ISC

/*
 * The section of a report that says whether the log is complete.
 */

#ifndef TOOL_COMPLETENESS_H
#define TOOL_COMPLETENESS_H

#include "tool/output.h"
#include "tool/summary.h"

/** Writes it.  What cannot be written output_close() says. */
__attribute__((nonnull))
void completeness_write(struct output *output, const struct summary *summary);

#endif
