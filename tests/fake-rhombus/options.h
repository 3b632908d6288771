// SPDX-License-Identifier: ISC

/*
 * options: the command line.
 */

#ifndef FAKE_RHOMBUS_OPTIONS_H
#define FAKE_RHOMBUS_OPTIONS_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	const char *listen;
	const char *zone;
	const char *port_file, *devices_file, *keys_file, *faults_file, *journal_file;
	int64_t port;
	char **keys; /* copies: the originals are wiped from the command line */
	size_t key_count;
	double rate, burst;
	int64_t settle_s;
	int64_t clock_offset_ms;
	int64_t now_ms; /* -1: clock_offset_ms counts */
	bool strict_devices, no_gzip, trust_proxy, die_with_parent, help;
};

/** Reads the command line and wipes the keys in it. options_done also after a failure. */
int options_read(struct options *options, int argc, char **argv, struct why *why)
	__attribute__((warn_unused_result));

void options_done(struct options *options);

extern const char options_help[];

#endif
