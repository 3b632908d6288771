// SPDX-License-Identifier: ISC

/*
 * The configuration as the simulated administrator has it, in all its versions.
 *
 * Each version is written as a real file for the real reader.  Its number stands in
 * the accounts' path and in the devices' site, so that the server knows by which
 * version a request was made, and the audit by which one a record was written.
 */

#ifndef SIM_SETUP_H
#define SIM_SETUP_H

#include "base/units.h"
#include "dice.h"
#include "node.h"

#include <stdbool.h>
#include <stdio.h>

enum { SETUP_DEVICES = 16, SETUP_ACCOUNTS = 2, SETUP_VERSIONS = 40 };

/** As the daemon's enum interval, which cannot be had beside the stand-in server's. */
enum granularity {
	GRAN_NONE,
	GRAN_MINUTE,
	GRAN_QUARTER,
	GRAN_HOUR,
	GRAN_DAY,
	GRAN_WEEK,
	GRANULARITIES,
};

enum setup_zone {
	ZONE_UTC,
	ZONE_DENVER,
	ZONE_KOLKATA,
	ZONE_BERLIN,
	ZONE_LORD_HOWE,
	ZONE_ST_JOHNS,
	ZONE_NEW_YORK,
	ZONE_KATHMANDU,
	ZONE_CHATHAM,
	ZONE_PHOENIX,
	ZONES,
};

struct setup_device {
	bool present;
	char uuid[40];
	int zone; /* enum setup_zone */
	enum granularity granularity;
	usec_t window, settle, lookback, backfill;
	usec_t backfill_ago; /* -1: not set */
	int max_points;
	int rechecks; /* index into setup_rechecks */
	int account;
	int renamed; /* how often */
};

struct setup_account {
	usec_t gap;
	int burst, max_in_flight;
};

struct setup {
	int device_count, account_count;
	struct setup_device devices[SETUP_DEVICES];
	struct setup_account accounts[SETUP_ACCOUNTS];
	bool csv, compress;
	int rotate_kib;
	int rotate_every; /* 0 never, 1 hour, 2 day */
	int keep;
	int64_t keep_kib;
	usec_t keep_age; /* 0: any */
	int log_zone;
};

enum mutation {
	MUTATION_NONE, /* the same once more */
	MUTATION_REMOVE,
	MUTATION_PUT_BACK, /* or add */
	MUTATION_RENAME,
	MUTATION_INTERVAL,
	MUTATION_ZONE,
	MUTATION_ACCOUNT,
	MUTATION_FORMAT,
	MUTATION_RATE,
	MUTATION_LOOKBACK,
	MUTATION_LOG,
	MUTATIONS,
	MUTATION_MOVE, /* each device to any zone of those in use */
};

/** Which spans of time a seed is about. */
enum scale { SCALE_MINUTES, SCALE_HOURS, SCALE_DAYS, SCALES };

struct setups {
	struct setup versions[SETUP_VERSIONS];
	int current; /* the newest version: each machine has one of them */
	int keys[SETUP_ACCOUNTS]; /* the generation of the key in place */
	unsigned prefer[NODES_MAX]; /* of each machine, a bit for each account that it prefers */
	usec_t longest;           /* of all settle times and windows */
	const enum setup_zone *zones; /* the two between which devices move; NULL: all there are */
};

extern struct setups *setups;

/** What `recheck` may be configured as: durations that end with 0.  The first is the default, and left out. */
enum { RECHECKS = 4, RECHECK_DISTANCES = 5 };
extern const usec_t setup_rechecks[RECHECKS][RECHECK_DISTANCES];

/** Their IANA names. */
extern const char *const setup_zones[ZONES];

/** The first version; devices are in two zones alone, or with NULL in any. */
void setup_init(struct dice *dice, enum scale scale, const enum setup_zone *zones);

/** Makes a version from the newest one and writes it, for the machine at hand. */
void setup_mutate(enum mutation mutation, uint64_t seed);

/** Writes the version of the machine at hand, whole or broken, to its directory.  The working directory is that of any. */
void setup_write(bool broken);

/** Puts another key in place. */
void setup_new_key(int account);

/** The version's device with that UUID and interval; NULL if there is none. */
const struct setup_device *setup_find(int version, const char *uuid, enum granularity granularity);

/** "HOURLY" and so on; "NONE". */
const char *granularity_name(enum granularity granularity);

/** The grid that a device's buckets lie on: for a single count that of its window. */
enum granularity setup_grid(const struct setup_device *device);

/** The usual length of a bucket. */
usec_t setup_bucket(const struct setup_device *device);

#endif
