// SPDX-License-Identifier: ISC

/*
 * Cameras as text: for conf.d, as JSON, and how they differ from what is configured.
 */

#ifndef TOOL_CAMERATEXT_H
#define TOOL_CAMERATEXT_H

#include "base/buf.h"
#include "tool/cameras.h"

/**
 * Appends a `devices` list that can stand in conf.d beside the configuration: what is configured already is a
 * comment in it.  named: each device names its account.
 */
__attribute__((nonnull))
void cameras_print(const struct cameras *cameras, bool named, struct buf *out);

/** Appends a line for each difference, and one with the verdict. */
__attribute__((nonnull))
void cameras_print_diff(const struct cameras *cameras, struct buf *out);

/** Appends a line of JSON: the cameras, and with diff the differences too. */
__attribute__((nonnull))
void cameras_print_json(const struct cameras *cameras, bool diff, struct buf *out);

#endif
