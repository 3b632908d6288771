// SPDX-License-Identifier: ISC

/*
 * The cameras that Rhombus knows, as devices of a configuration could be made of them, and beside those that are
 * configured.  Pure: answers come as JSON.
 */

#ifndef TOOL_CAMERAS_H
#define TOOL_CAMERAS_H

#include "base/index.h"
#include "base/json.h"
#include "config/config.h"
#include "config/memory.h"

/** Texts can be values of the configuration as they are. */
struct camera {
	const char *uuid; /* with its facet, if there is one */
	const char *name; /* after cameras_compare() that of no other one and of no device */
	const char *site; /* NULL: none */
	const char *timezone; /* as Rhombus says it, made printable; NULL: it does not */
	const char *no_zone;  /* why that is not a zone here; NULL: it is, or there is none */
	const struct account *account;
	const struct device *device; /* that is configured; NULL: none */
	bool counts; /* it surely has occupancy counting */
	bool pending;
};

/** How what is configured differs. */
enum difference { DIFFERENCE_GONE, DIFFERENCE_NEW, DIFFERENCE_ZONE, DIFFERENCE_SITE, DIFFERENCE_COUNT };

struct differing {
	enum difference what;
	const struct device *device; /* NULL: NEW */
	const char *uuid, *name;     /* of the device; of NEW the camera's */
	const char *configured, *discovered; /* zones, or sites; else NULL */
};

struct location;

struct cameras {
	struct camera *list;
	size_t len, size;
	struct differing *differing; /* in the order of devices, then of cameras */
	size_t differing_len, differing_size;
	bool all;                    /* of some account all cameras are there, whether they count or not */
	size_t deleted;              /* that are said to be deleted, and are not in the list */
	size_t odd;                  /* without a UUID, likewise */
	struct location *places;
	size_t place_len, place_size;
	size_t unknown;              /* locations with a zone that this machine does not know */
	struct index by_uuid, by_camera, by_name, by_place;
	struct config_memory *memory; /* owns the texts */
};

/** Returns 0 and what is for cameras_done(), or -ENOMEM. */
__attribute__((warn_unused_result, nonnull))
int cameras_init(struct cameras *cameras);
void cameras_done(struct cameras *cameras);

/**
 * Takes the `locations` of an answer, with those within them.  Before the cameras: of a location that is not
 * known they have neither site nor zone.  Returns 0, -EBADMSG and a sentence, or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull(1)))
int cameras_take_places(struct cameras *cameras, struct json_object *list, struct error *err);

/** Takes the `cameras` of an answer, which have occupancy counting.  Returns the same. */
__attribute__((warn_unused_result, nonnull(1, 3)))
int cameras_take_enabled(struct cameras *cameras, struct json_object *list, const struct account *account,
                         struct error *err);

/** Takes the `cameraStates` of an answer, each video facet of them; which ones count is not known.  Returns the same. */
__attribute__((warn_unused_result, nonnull(1, 3)))
int cameras_take_states(struct cameras *cameras, struct json_object *list, const struct account *account,
                        struct error *err);

/** What to compare. */
struct comparison {
	const struct config *config;
	const struct account *account; /* devices of this one alone; NULL: all */
	usec_t now;
};

/**
 * Finds the devices that are cameras of the list, gives names that differ to the others, and notes what differs:
 * of a camera that may not count it is not missed that it is not configured.
 * Once, when all has been taken.  Returns 0 or -ENOMEM.
 */
__attribute__((warn_unused_result, nonnull))
int cameras_compare(struct cameras *cameras, const struct comparison *comparison);

/** The facet behind the point in a UUID; of one without a facet "v0". */
__attribute__((nonnull))
const char *camera_facet(const char *uuid);

#endif
