// SPDX-License-Identifier: ISC

/*
 * discovery: the answers that say which cameras and locations there are.
 */

#ifndef FAKE_RHOMBUS_DISCOVERY_H
#define FAKE_RHOMBUS_DISCOVERY_H

#include "devices.h"
#include "text.h"

/** {"cameras":[...]}: every device with an occupancy region, under its UUID with the facet. */
void discovery_cameras(const struct devices *devices, struct text *out);

/** {"cameraStates":[...]}: every camera once, with its facets. */
void discovery_states(const struct devices *devices, struct text *out);

/** {"locations":[...]}: every location that a device names, with the zone of its first device. */
void discovery_locations(const struct devices *devices, struct text *out);

#endif
