// SPDX-License-Identifier: ISC

/*
 * HTML, written piece by piece: texts from outside stay texts.
 */

#ifndef TOOL_HTML_H
#define TOOL_HTML_H

#include "tool/output.h"

/** What is HTML already: names and other texts from outside go through html_text().  At most a kilobyte. */
__attribute__((format(printf, 2, 3), nonnull(1, 2)))
void html_put(struct output *output, const char *format, ...);

/** A text, for between tags and within quoted attributes. */
__attribute__((nonnull))
void html_text(struct output *output, const char *text);

/** A figure with so many decimals and a unit behind it; a dash if it is NAN. */
__attribute__((nonnull))
void html_figure(struct output *output, double figure, int decimals, const char *unit);

/** A number with its thousands apart. */
__attribute__((nonnull))
void html_number(struct output *output, uint64_t number);

#endif
