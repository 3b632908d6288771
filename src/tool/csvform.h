// SPDX-License-Identifier: ISC

/*
 * An export as CSV, for programs (RFC 4180) and for spreadsheets.
 */

#ifndef TOOL_CSVFORM_H
#define TOOL_CSVFORM_H

#include "tool/form.h"

/** For struct form. */
__attribute__((warn_unused_result, nonnull))
int csvform_long(struct job *job, struct error *err);

__attribute__((warn_unused_result, nonnull))
int csvform_wide(struct job *job, struct error *err);

#endif
