// SPDX-License-Identifier: ISC

/*
 * An export as a workbook for spreadsheets (Office Open XML), by libxlsxwriter.
 */

#ifndef TOOL_XLSXFORM_H
#define TOOL_XLSXFORM_H

#include "tool/form.h"

/** For struct form, with needs_file.  What does not fit on a sheet is continued on another. */
__attribute__((warn_unused_result, nonnull))
int xlsxform_long(struct job *job, struct error *err);

/** Rooms that a sheet has no columns for are -EINVAL. */
__attribute__((warn_unused_result, nonnull))
int xlsxform_wide(struct job *job, struct error *err);

#endif
