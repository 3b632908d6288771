// SPDX-License-Identifier: ISC

#include "setup.h"

#include "arena.h"
#include "plan.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS(n) ((n) * USEC_PER_SEC)
#define MINUTES(n) ((n) * USEC_PER_MIN)
#define HOURS(n) ((n) * USEC_PER_HOUR)
#define DAYS(n) ((n) * USEC_PER_DAY)

struct setups *setups;

const char *const setup_zones[ZONES] = {
	[ZONE_UTC] = "UTC",
	[ZONE_DENVER] = "America/Denver",
	[ZONE_KOLKATA] = "Asia/Kolkata",
	[ZONE_BERLIN] = "Europe/Berlin",
	[ZONE_LORD_HOWE] = "Australia/Lord_Howe",
	[ZONE_ST_JOHNS] = "America/St_Johns",
	[ZONE_NEW_YORK] = "America/New_York",
	[ZONE_KATHMANDU] = "Asia/Kathmandu",
	[ZONE_CHATHAM] = "Pacific/Chatham",
	[ZONE_PHOENIX] = "America/Phoenix",
};

const usec_t setup_rechecks[RECHECKS][RECHECK_DISTANCES] = {
	{HOURS(1), HOURS(6), DAYS(1), DAYS(3)},
	{MINUTES(15), HOURS(1), HOURS(3)},
	{HOURS(2), HOURS(12), DAYS(5)},
	{0},
};

/** What a granularity may be configured with, in a list that ends with 0. */
static const struct {
	const char *name;
	usec_t length;
	usec_t windows[4];
} granularities[] = {
	[GRAN_NONE] = {"NONE", 0, {MINUTES(15), HOURS(1), DAYS(1)}},
	[GRAN_MINUTE] = {"MINUTELY", MINUTES(1), {MINUTES(1), MINUTES(5), MINUTES(15)}},
	[GRAN_QUARTER] = {"QUARTERHOURLY", MINUTES(15), {MINUTES(15), HOURS(1)}},
	[GRAN_HOUR] = {"HOURLY", HOURS(1), {HOURS(1), HOURS(2), HOURS(6)}},
	[GRAN_DAY] = {"DAILY", DAYS(1), {DAYS(1)}},
	[GRAN_WEEK] = {"WEEKLY", DAYS(7), {DAYS(7)}},
};

/** What is usual where a seed is about minutes, hours or days. */
static const struct {
	enum granularity granularities[4];
	usec_t settles[3], lookbacks[4], backfills[3], agos[3];
	int devices;
} scales[] = {
	[SCALE_MINUTES] = {
		{GRAN_MINUTE, GRAN_MINUTE, GRAN_QUARTER, GRAN_NONE},
		{0, SECONDS(90), MINUTES(5)},
		{0, MINUTES(10), MINUTES(30), HOURS(2)},
		{HOURS(2), HOURS(6), DAYS(7)},
		{-1, -1, HOURS(3)},
		5,
	},
	[SCALE_HOURS] = {
		{GRAN_QUARTER, GRAN_HOUR, GRAN_HOUR, GRAN_NONE},
		{SECONDS(90), MINUTES(10), HOURS(1)},
		{0, HOURS(1), HOURS(6), DAYS(1)},
		{HOURS(8), DAYS(1), DAYS(7)},
		{-1, -1, DAYS(2)},
		8,
	},
	[SCALE_DAYS] = {
		{GRAN_HOUR, GRAN_DAY, GRAN_WEEK, GRAN_NONE},
		{MINUTES(5), HOURS(1), HOURS(6)},
		{0, DAYS(1), DAYS(3), DAYS(7)},
		{DAYS(2), DAYS(4), DAYS(20)},
		{-1, DAYS(3), DAYS(9)},
		12,
	},
};

const char *granularity_name(enum granularity granularity) {
	return granularities[granularity].name;
}

enum granularity setup_grid(const struct setup_device *device) {
	if (device->granularity != GRAN_NONE) {
		return device->granularity;
	}
	return device->window == MINUTES(15) ? GRAN_QUARTER
	       : device->window == HOURS(1)  ? GRAN_HOUR
	                                     : GRAN_DAY;
}

usec_t setup_bucket(const struct setup_device *device) {
	return granularities[setup_grid(device)].length;
}

const struct setup_device *setup_find(int version, const char *uuid, enum granularity granularity) {
	const struct setup *setup = &setups->versions[version];
	for (int i = 0; i < setup->device_count; i++) {
		const struct setup_device *device = &setup->devices[i];
		if (device->present && device->granularity == granularity && strcmp(device->uuid, uuid) == 0) {
			return device;
		}
	}
	return NULL;
}

/* Making */

static enum scale scale_in_use;

static void choose_granularity(struct setup_device *device, struct dice *dice) {
	int windows = 0;
	device->granularity = DICE_CHOOSE(dice, scales[scale_in_use].granularities);
	while (windows < 4 && granularities[device->granularity].windows[windows] > 0) {
		windows++;
	}
	device->window = granularities[device->granularity].windows[dice_below(dice, windows)];
	if (scale_in_use == SCALE_MINUTES && device->window > HOURS(1)) {
		device->window = MINUTES(15);
	}

	/* Else the configuration would be refused. */
	usec_t least = device->window + device->settle + MINUTES(10);
	if (device->backfill < least) {
		device->backfill = least + MINUTES(dice_between(dice, 0, 100));
	}
}

/* Days are what two zones cut otherwise; without look-back little is remembered of them. */
static void settle_for_days(struct setup_device *device) {
	if (scale_in_use != SCALE_MINUTES) {
		device->granularity = GRAN_DAY;
		device->window = DAYS(1);
		device->backfill = device->settle + DAYS(1) + HOURS(2);
	}
	device->lookback = 0;
}

static int some_zone(struct dice *dice) {
	return (int)(setups->zones ? setups->zones[dice_below(dice, 2)] : dice_below(dice, ZONES));
}

static void make_device(struct setup_device *device, struct dice *dice, int number) {
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	static const int points[] = {10, 60, 240, 1440};

	for (int i = 0; i < 22; i++) {
		device->uuid[i] = letters[dice_below(dice, 64)];
	}
	if (dice_permille(dice, 600)) {
		(void)snprintf(device->uuid + 22, sizeof(device->uuid) - 22, ".v%d", number);
	}
	device->present = true;
	device->zone = some_zone(dice);
	device->settle = DICE_CHOOSE(dice, scales[scale_in_use].settles);
	device->lookback = DICE_CHOOSE(dice, scales[scale_in_use].lookbacks);
	device->backfill = DICE_CHOOSE(dice, scales[scale_in_use].backfills);
	device->backfill_ago = DICE_CHOOSE(dice, scales[scale_in_use].agos);
	device->max_points = DICE_CHOOSE(dice, points);
	device->rechecks = scale_in_use == SCALE_MINUTES && dice_permille(dice, 700) ? 1 : (int)dice_below(dice, RECHECKS);
	device->account = (int)dice_below(dice, setups->versions[0].account_count);
	if (plan->away) {
		device->rechecks = 1;
		device->lookback = 0;
		device->backfill = DAYS(1);
		device->max_points = 1440;
	}
	if (plan->limited) {
		device->lookback = MINUTES(30);
		device->backfill = DAYS(1);
		device->max_points = 240;
	}
	choose_granularity(device, dice);
	if (plan->limited) {
		device->granularity = GRAN_MINUTE;
		device->window = MINUTES(1);
	}
	if (setups->zones && dice_permille(dice, 500)) {
		settle_for_days(device);
	}
}

/* Of a window. */
static int64_t requests_of(const struct setup_device *device) {
	int64_t buckets = device->window / setup_bucket(device);
	return (buckets + device->max_points - 1) / device->max_points;
}

/* Requests per second that an account needs at the most, in the steady state. */
static double need(const struct setup *setup, int account) {
	double sum = 0;
	for (int i = 0; i < setup->device_count; i++) {
		const struct setup_device *device = &setup->devices[i];
		if (device->account == account) {
			sum += (double)requests_of(device) * USEC_PER_SEC / (double)(device->window < MINUTES(1) ? MINUTES(1) : device->window);
		}
	}
	return sum;
}

static void choose_rate(struct setup *setup, struct dice *dice, int account) {
	static const usec_t gaps[] = {SECONDS(1), SECONDS(2), SECONDS(5), SECONDS(12), USEC_PER_SEC / 5};
	struct setup_account *chosen = &setup->accounts[account];

	chosen->gap = DICE_CHOOSE(dice, gaps);
	while ((double)USEC_PER_SEC / (double)chosen->gap < 4 * need(setup, account)) {
		chosen->gap /= 2;
	}
	chosen->burst = (int)dice_between(dice, 1, 10);
	chosen->max_in_flight = (int)dice_between(dice, 1, 5);
}

static void choose_log(struct setup *setup, struct dice *dice) {
	static const int sizes[] = {64, 64, 100, 256, 1024};
	static const int keeps[] = {0, 2, 5, 30};

	setup->compress = dice_permille(dice, 600);
	setup->rotate_kib = DICE_CHOOSE(dice, sizes);
	setup->rotate_every = (int)dice_below(dice, 3);
	setup->keep = DICE_CHOOSE(dice, keeps);
	setup->keep_kib = dice_permille(dice, 150) ? dice_between(dice, 128, 1024) : 0;
	setup->keep_age = dice_permille(dice, 300) ? dice_between(dice, 1, 48) * USEC_PER_HOUR : 0;
	setup->log_zone = some_zone(dice);
}

void setup_init(struct dice *dice, enum scale scale, const enum setup_zone *zones) {
	setups = arena_new(sizeof(*setups));
	setups->zones = zones;
	struct setup *setup = &setups->versions[0];
	scale_in_use = scale;

	setup->account_count = (int)dice_between(dice, 1, SETUP_ACCOUNTS);
	setup->device_count = (int)dice_between(dice, 1, scales[scale].devices);
	for (int i = 0; i < setup->device_count; i++) {
		make_device(&setup->devices[i], dice, i);
	}
	for (int i = 0; i < setup->account_count; i++) {
		choose_rate(setup, dice, i);
	}
	setup->csv = dice_permille(dice, 350);
	choose_log(setup, dice);
	for (int i = 0; nodes->cluster && i < NODES_MAX; i++) {
		setups->prefer[i] = dice_permille(dice, 500) ? (unsigned)dice_below(dice, 1 << SETUP_ACCOUNTS) : 0;
	}
}

/* Changing */

static struct setup_device *any_device(struct setup *setup, struct dice *dice) {
	return &setup->devices[dice_below(dice, setup->device_count)];
}

static void put_back(struct setup *setup, struct dice *dice) {
	for (int i = 0; i < setup->device_count; i++) {
		if (!setup->devices[i].present) {
			setup->devices[i].present = true;
			return;
		}
	}
	if (setup->device_count < SETUP_DEVICES) {
		make_device(&setup->devices[setup->device_count], dice, setup->device_count);
		setup->device_count++;
	}
}

static int present_devices(const struct setup *setup) {
	int present = 0;
	for (int i = 0; i < setup->device_count; i++) {
		present += setup->devices[i].present;
	}
	return present;
}

static void change(struct setup *setup, enum mutation mutation, struct dice *dice) {
	struct setup_device *device = any_device(setup, dice);

	switch (mutation) {
	case MUTATION_REMOVE:
		device->present = present_devices(setup) < 2;
		break;
	case MUTATION_PUT_BACK:
		put_back(setup, dice);
		break;
	case MUTATION_RENAME:
		device->renamed++;
		break;
	case MUTATION_INTERVAL:
		choose_granularity(device, dice);
		break;
	case MUTATION_ZONE:
		device->zone = some_zone(dice);
		break;
	case MUTATION_ACCOUNT:
		device->account = (int)dice_below(dice, setup->account_count);
		break;
	case MUTATION_FORMAT:
		setup->csv = !setup->csv;
		break;
	case MUTATION_RATE:
		choose_rate(setup, dice, (int)dice_below(dice, setup->account_count));
		break;
	case MUTATION_LOOKBACK:
		device->lookback = DICE_CHOOSE(dice, scales[scale_in_use].lookbacks);
		break;
	case MUTATION_LOG:
		choose_log(setup, dice);
		break;
	case MUTATION_MOVE:
		for (int i = 0; i < setup->device_count; i++) {
			setup->devices[i].zone = some_zone(dice);
		}
		break;
	case MUTATION_NONE:
	case MUTATIONS:
		break;
	}
	for (int i = 0; i < setup->account_count; i++) {
		while ((double)USEC_PER_SEC / (double)setup->accounts[i].gap < 4 * need(setup, i)) {
			setup->accounts[i].gap /= 2;
		}
	}
}

void setup_mutate(enum mutation mutation, uint64_t seed) {
	if (setups->current + 1 == SETUP_VERSIONS) {
		return;
	}
	struct dice dice = dice_of(seed, 77);
	if (nodes->cluster && mutation == MUTATION_ACCOUNT) {
		mutation = MUTATION_NONE; /* there a device stays in its account: it would not be asked for */
	}
	struct setup *next = &setups->versions[setups->current + 1];
	*next = setups->versions[setups->current];
	change(next, mutation, &dice);
	node->version = ++setups->current;
	setup_write(false);
}

/* Writing */

static void put_duration(FILE *file, const char *key, usec_t duration) {
	fprintf(file, " %s = \"%llds\";", key, (long long)(duration / USEC_PER_SEC));
}

static void put_rechecks(FILE *file, const usec_t *distances) {
	if (distances == setup_rechecks[0]) {
		return;
	}
	fputs(" recheck = (", file);
	for (int i = 0; distances[i] > 0; i++) {
		fprintf(file, "%s\"%llds\"", i > 0 ? ", " : "", (long long)(distances[i] / USEC_PER_SEC));
	}
	fputs(");", file);
}

/* Rates are written as whole requests per hour: gaps are made to divide one. */
static void put_account(FILE *file, const struct setup_account *account, int number, int version,
                        bool more) {
	fprintf(file,
	        "  { name = \"a%d\"; base_url = \"https://s%d.example\"; path = \"/%d/%d\"; "
	        "key_file = \"key%d\";\n    rate = \"%lld/h\"; burst = %d; max_in_flight = %d; }%s\n",
	        number, number, version, number, number,
	        (long long)(USEC_PER_HOUR / account->gap), account->burst, account->max_in_flight,
	        more ? "," : "");
}

static void put_device(FILE *file, const struct setup_device *device, int number, int version,
                       bool first) {
	fprintf(file, "%s  { uuid = \"%s%s\"; name = \"d%d/%d\"; site = \"%d\"; account = \"a%d\";\n   ",
	        first ? "" : ",\n", device->uuid, node->broken ? "?" : "", number, device->renamed, version, device->account);
	fprintf(file, " interval = \"%s\"; timezone = \"%s\"; max_points = %d;",
	        granularity_name(device->granularity), setup_zones[device->zone], device->max_points);
	put_duration(file, "window", device->window);
	put_duration(file, "settle", device->settle);
	put_duration(file, "lookback", device->lookback);
	put_duration(file, "backfill", device->backfill);
	put_rechecks(file, setup_rechecks[device->rechecks]);
	if (device->backfill_ago >= 0) {
		put_duration(file, "backfill_from", device->backfill_ago);
	}
	fputs(" }", file);
}

static void put_log(FILE *file, const struct setup *setup) {
	static const char *const periods[] = {"never", "hour", "day"};
	fprintf(file, "log = { directory = \"/sim/log\"; format = \"%s\"; rotate_size = \"%dKiB\"; "
	              "rotate_every = \"%s\"; keep = %d; compress = %s;",
	        setup->csv ? "csv" : "ndjson", setup->rotate_kib, periods[setup->rotate_every],
	        setup->keep, setup->compress ? "true" : "false");
	if (setup->keep_kib > 0) {
		fprintf(file, " keep_bytes = \"%lldKiB\";", (long long)setup->keep_kib);
	}
	if (setup->keep_age > 0) {
		fprintf(file, " keep_age = \"%lldh\";", (long long)(setup->keep_age / USEC_PER_HOUR));
	}
	fputs(" };\nstate = { directory = \"/sim/state\"; };\n", file);
}

/* A preference that two nodes share, or none has, is allowed. */
static void put_cluster(FILE *file, int accounts) {
	const char *before = "";
	fprintf(file, "cluster = { name = \"hq\"; node = \"%s\"; endpoints = ( \"http://127.0.0.1:2379\" ); lease = \"%llds\";",
	        node->name, (long long)(plan->lease / USEC_PER_SEC));
	fputs(" prefer = (", file);
	for (int i = 0; i < accounts; i++) {
		if (setups->prefer[node->number] & 1u << i) {
			fprintf(file, "%s \"a%d\"", before, i);
			before = ",";
		}
	}
	fprintf(file, " ); retention = \"%lldh\"; };\n", (long long)(plan->retention / USEC_PER_HOUR));
}

static void put_all(FILE *file, int version) {
	const struct setup *setup = &setups->versions[version];
	bool first = true;

	fputs("accounts = (\n", file);
	for (int i = 0; i < setup->account_count; i++) {
		put_account(file, &setup->accounts[i], i, version, i + 1 < setup->account_count);
	}
	fprintf(file, ");\ndefaults = { timezone = \"%s\"; };\ndevices = (\n",
	        setup_zones[setup->log_zone]);
	for (int i = 0; i < setup->device_count; i++) {
		if (setup->devices[i].present) {
			put_device(file, &setup->devices[i], i, version, first);
			first = false;
		}
	}
	fputs("\n);\n", file);
	put_log(file, setup);
	if (nodes->cluster) {
		put_cluster(file, setup->account_count);
	}
}

static void replace(const char *name, const char *temporary, FILE *file, mode_t mode) {
	bool written = fflush(file) == 0 && fchmod(fileno(file), mode) == 0;
	written = fclose(file) == 0 && written;
	if (!written || rename(temporary, name) < 0) {
		world_violation("the simulation cannot write %s", name);
	}
}

static FILE *begin(const char *temporary) {
	FILE *file = fopen(temporary, "we");
	if (!file) {
		perror(temporary);
		abort();
	}
	return file;
}

void setup_write(bool broken) {
	char name[64];
	FILE *file = begin("new.conf");
	node->broken = broken;
	put_all(file, node->version);
	if (broken) {
		fputs("colour = { red = 1; };\n", file);
	}
	(void)snprintf(name, sizeof(name), "../%s/occupancyd.conf", node->name);
	replace(name, "new.conf", file, 0644);
	if (tracing) {
		put_all(stdout, node->version);
	}
}

static void write_key(int account) {
	char name[32];
	FILE *file = begin("new.key");
	fprintf(file, "key-%d-%d-%llu\n", account, setups->keys[account], (unsigned long long)world->seed);
	(void)snprintf(name, sizeof(name), "../credentials/key%d", account);
	replace(name, "new.key", file, 0600);
}

void setup_new_key(int account) {
	setups->keys[account]++;
	write_key(account);
}
