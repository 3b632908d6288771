// SPDX-License-Identifier: ISC

/*
 * What a report takes along as it is: the files of src/tool/report and a library, which the Makefile makes C of.
 */

#ifndef TOOL_ASSETS_H
#define TOOL_ASSETS_H

/** A style sheet or a script, and its hash as a Content-Security-Policy has it: "sha256-...". */
struct asset {
	const char *text, *hash;
};

extern const struct asset asset_style;
extern const struct asset asset_dygraphs; /* the library, with its license */
extern const struct asset asset_script;

#endif
