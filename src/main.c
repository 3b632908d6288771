// SPDX-License-Identifier: ISC

/*
 * occupancyd: polls Rhombus's cloud for the people-occupancy counts of rooms
 * and appends every closed bucket exactly once to rotating log files.
 *
 * What flows, stage by stage:
 *
 * - config/    the administrator's files       -> accounts, devices, settings
 * - calendar/  a zone and an interval          -> the edges of buckets
 * - schedule/  cursors and the time            -> which device asks next, for which span
 * - request/   device and span                 -> an HTTP request on its way
 * - response/  a reply                         -> an outcome; points; records
 * - journal/   records                         -> in a cluster: entries that a majority has
 * - sink/      records                         -> lines in the log, synced
 * - state/     cursors, look-back memory       -> the checkpoint
 * - status/    figures                         -> sd_notify, the status socket, people
 *
 * - daemon/    drives them, and is the only one that knows them all:
 *     - options       the command line
 *     - command       what it asks for: check, print, or open all and run
 *     - signals       signals as data
 *     - loop          one thread, one wait
 *     - poller        turns: replies in, commit, requests out; who asks when
 *     - ask           what is asked for
 *     - roll          what a configuration brings: accounts, polls, requests on their way
 *     - reload        a configuration swapped for another
 *     - reply         what replies mean for polls and accounts
 *     - landing       a reply at hand, and what it says of its account
 *     - answer        what is believed and recorded of it
 *     - rechecks      the same of buckets that were asked for again
 *     - backfill      orders to ask again for what was recorded
 *     - health        failures of devices, and what is reported of them
 *     - commit        records to disk, then cursors
 *     - outage        while the log cannot be written
 *     - member        this node of a cluster: its accounts' chains; with
 *     - lease         until when it may ask, and what the others see of it
 *     - look, sight   who owns what, and who is there
 *     - chain         an account's entries, committed and read
 *     - apply         entries to the log, then to the polls
 *     - snapshot      the first entry: what the node that began knew
 *     - trim          old entries, removed
 *     - clockwork     what time it is
 *     - probe         asking for it where nothing else asks
 *     - settle        what waits until it is confirmed
 *     - mend          cursors that are ahead of it
 *     - recovery      the checkpoint and the log, read at a start; the checkpoint, saved
 *     - report        how it is doing
 *     - overview      the same of each account and device, for the status socket
 *     - once          --once
 *     - access        an account's key, endpoint and lane
 *     - roster        polls by identity
 *     - orphans       positions of devices that may come back
 *     - storage       what fails on the disks, reported once
 *     - zonewatch     another database of time zones, noticed
 *
 * - base/      below everything: arrays, buffers, clocks, errors, files, indexes, JSON, text, units
 *
 * A stage never includes a later one.  The log says what has been recorded: a cursor
 * moves only after its record is on the disk.
 */

#include "base/log.h"
#include "daemon/command.h"
#include "daemon/options.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sysexits.h>

int main(int argc, char *argv[]) {
	/* Keys are in this process's memory: no core file, no ptrace by equals. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	log_init();

	struct options options = options_parse(argc, argv);
	switch (options.action) {
	case ACTION_USAGE:
		return EX_USAGE;
	case ACTION_HELP:
		options_help();
		return EX_OK;
	case ACTION_VERSION:
		puts("occupancyd " OCCUPANCYD_VERSION);
		return EX_OK;
	default:
		return command_run(&options);
	}
}
