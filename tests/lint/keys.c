// SPDX-License-Identifier: ISC

/*
 * Shows tables of the program, for check-keys and check-fields:
 *
 *   keys           GROUP.KEY <TAB> TYPE <TAB> DEFAULT <TAB> reload|restart <TAB> RANGE <TAB> CHOICES, a line each
 *   keys FILE      reads a configuration; its problems on standard output
 *   keys --fields  what a record holds: "csv" and "ndjson", a tab, and the names in their order;
 *                  "status" and the words that it may be
 */

#include "config/keys.h"
#include "config/read.h"
#include "config/value.h"
#include "sink/csv.h"
#include "sink/ndjson.h"

#include <stdio.h>
#include <string.h>

static const char *bound(const struct key *key, int64_t value, char text[static DURATION_STRING_SIZE]) {
	if (value == 0 || key->type == TYPE_INT) {
		(void)snprintf(text, DURATION_STRING_SIZE, "%lld", (long long)value);
		return text;
	}
	return key->type == TYPE_SIZE ? units_format_size(text, value) : units_format_duration(text, value, 1);
}

/* "1s to 5m"; what has none, or one of another kind, shows "-". */
static void show_range(const struct key *key) {
	char least[DURATION_STRING_SIZE];
	char most[DURATION_STRING_SIZE];
	switch (key->type) {
	case TYPE_INT:
	case TYPE_SIZE:
	case TYPE_DURATION:
	case TYPE_DISTANCES:
	case TYPE_SINCE:
		printf("\t%s to %s", bound(key, key->min, least), bound(key, key->max, most));
		break;
	default:
		printf("\t-");
	}
}

static void show_choices(const struct key *key) {
	printf("\t");
	for (const char *const *choice = key->choices; choice && *choice; choice++) {
		printf("%s%s", choice == key->choices ? "" : " ", *choice);
	}
	printf("%s\n", key->choices ? "" : "-");
}

static int show_table(void) {
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];
		printf("%s.%s\t%s\t%s\t%s", group_table[key->group].name, key->name, value_type_name(key->type),
		       key->fallback ? key->fallback : "-", key->restart ? "restart" : "reload");
		show_range(key);
		show_choices(key);
	}
	return 0;
}

/* The names of the members at the first level, in their order. */
static void show_members(const char *line) {
	int depth = 0;
	for (const char *at = line; *at; at++) {
		depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
		if (*at == '"') {
			size_t len = strcspn(at + 1, "\"");
			if (depth == 1 && at[len + 2] == ':') {
				printf(" %.*s", (int)len, at + 1);
			}
			at += len + 1;
		}
	}
}

/* A record that has everything. */
static int show_fields(void) {
	struct zone *zone;
	struct error err;
	if (zone_load("UTC", &zone, &err) < 0) {
		puts(err.text);
		return 1;
	}
	const struct account account = {.name = "a"};
	const struct settings settings = {.bucket = {.interval = INTERVAL_MINUTELY, .zone = zone}};
	const struct device device = {
		.uuid = "u", .name = "n", .site = "s", .labels = "{}", .capacity = 1, .account = &account, .settings = &settings,
	};
	const struct record record = {
		.device = &device, .end = USEC_PER_MIN, .revision = 1, .warning = "w", .reason = "r",
	};
	struct buf line;
	buf_init(&line, 1 << 20);
	ndjson_format(&record, &line);
	ndjson_number(&line, 1);
	printf("csv\t%.*s\nndjson\t", (int)strcspn(CSV_HEADER, "\r"), CSV_HEADER);
	show_members(buf_text(&line));
	printf("\nstatus\t");
	for (enum record_status status = RECORD_OK; status <= RECORD_GAP; status++) {
		printf(" %s", record_status_name(status));
	}
	puts("");
	buf_done(&line);
	zone_free(zone);
	return 0;
}

static int show_problems(const char *file) {
	struct config *config = NULL;
	struct config_problems problems;
	config_problems_init(&problems);
	int r = config_load(file, &config, &problems);
	fputs(buf_text(&problems.text), stdout);
	struct error err;
	if (r == 0 && config_check_devices(config, file, &err) < 0) {
		r = -1;
		puts(err.text);
	}
	config_problems_done(&problems);
	config_free(config);
	return r < 0;
}

int main(int argc, char **argv) {
	int r = argc < 2                              ? show_table()
	        : strcmp(argv[1], "--fields") == 0 ? show_fields()
	                                           : show_problems(argv[1]);
	return fflush(stdout) == 0 ? r : 1;
}
