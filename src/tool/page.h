// SPDX-License-Identifier: ISC

/*
 * A report as one file of HTML, which asks nothing of any network and can be read without its script.
 */

#ifndef TOOL_PAGE_H
#define TOOL_PAGE_H

#include "tool/output.h"
#include "tool/summary.h"

/** Writes it.  now: when it is made.  What cannot be written output_close() says. */
__attribute__((nonnull))
void page_write(struct output *output, const struct summary *summary, usec_t now);

#endif
