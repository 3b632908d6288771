// SPDX-License-Identifier: ISC

/*
 * An export as lines for other programs: a JSON object each, InfluxDB's line protocol, OpenMetrics.
 */

#ifndef TOOL_LINEFORMS_H
#define TOOL_LINEFORMS_H

#include "tool/form.h"

/** For struct form. */
__attribute__((warn_unused_result, nonnull))
int lineforms_json(struct job *job, struct error *err);

/** Rows without a count have no line, for there is nothing that could stand for it. */
__attribute__((warn_unused_result, nonnull))
int lineforms_influx(struct job *job, struct error *err);

/** Likewise. */
__attribute__((warn_unused_result, nonnull))
int lineforms_openmetrics(struct job *job, struct error *err);

#endif
