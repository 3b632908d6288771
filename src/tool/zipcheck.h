// SPDX-License-Identifier: ISC

/*
 * Whether a ZIP archive holds whole documents.
 */

#ifndef TOOL_ZIPCHECK_H
#define TOOL_ZIPCHECK_H

/**
 * Unpacks the members whose names begin with a text, and looks whether each ends in another.
 * Returns 0; -EBADMSG if one does not, or if it is no archive, or one of more than 4 GB; -ENOMEM; other -errno of
 * reading.
 */
__attribute__((warn_unused_result, nonnull))
int zipcheck(int fd, const char *prefix, const char *ending);

#endif
