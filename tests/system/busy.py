# SPDX-License-Identifier: ISC
"""A daemon that has work for as long as a test needs: hours or days of minutes
are behind, under a rate, with files so small that it rotates and compresses
all the time.  In the end the rate is lifted, and all must be in the log once.
"""

import time

from harness import (assert_complete, assert_contiguous, assert_unique, expected_records, last_minute, parse_time, rfc3339,
                     uuid_of, wait_for)

# While it is busy: a file is full after two tenths of a second.
RATE, MAX_POINTS = 100, 15


class Busy:
    """The daemon, the minutes it has to record, and the check of what it leaves.

    More than `hours` of minutes of each device are behind.  Further settings are for make_daemon.
    """

    def __init__(self, fake, make_daemon, hours=0, devices=8, start=None, rate=RATE, **settings):
        self.fake = fake
        self.rate = rate
        self.devices = list(range(1, devices + 1))
        self.start = start or int(time.time() - (3 + hours) * 3600) // 60 * 60
        self.daemon = make_daemon(fake.url, [], **settings)
        self.write(log={})

    def write(self, fast=False, log=None):
        self.log = log if log is not None else self.log
        self.daemon.write_config(
            self.fake.url, [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in self.devices],
            # Not so fast that compressing falls behind and fills a small disk.
            account={"rate": "20/s" if fast else f"{self.rate}/s", "burst": 2},
            defaults={"backfill_from": rfc3339(self.start), "backfill": "365d", "lookback": "10m",
                      "max_points": 1440 if fast else MAX_POINTS},
            log={"rotate_size": "64KiB", "keep": 0, **self.log})

    def backlog(self):
        """Minutes that are not in the log yet."""
        records = self.daemon.records()
        last = {r["device"]: parse_time(r["end"]) for r in records}
        return sum(int(time.time() - last.get(uuid_of(n), self.start)) // 60 for n in self.devices)

    def all_have_begun(self):
        return {r["device"] for r in self.daemon.records()} == {uuid_of(n) for n in self.devices}

    def assert_never_idle(self):
        assert self.backlog() > 0, "the work was over too early: nothing was shown"

    def finish(self):
        """The last life: it catches up with all, compresses all, and stops in order.  Returns all records."""
        self.write(fast=True)
        self.closed = last_minute(time.time())
        code, _, stderr = self.daemon.run("--once", timeout=120)
        assert code == 0, stderr
        self.daemon.start()
        wait_for(lambda: all(path.suffix == ".gz" for path in self.daemon.log_folder.glob("occupancy-*")), 60,
                 "compression")
        self.daemon.stop()
        assert not list(self.daemon.log_folder.glob(".*")), "something unfinished was left behind"
        return self.daemon.records_at_rest()

    def check(self, records, caught_up=True):
        """Each bucket once, up to the last of each device; if it has caught up, to what had closed then."""
        assert_unique(records)
        assert {r["device"] for r in records} == {uuid_of(n) for n in self.devices}
        assert {r["revision"] for r in records} == {0}, "the server corrects nothing"
        last = rfc3339(self.closed) if caught_up else None
        for n in self.devices:
            mine = assert_contiguous(records, uuid_of(n), rfc3339(self.start), last)
            assert_complete(mine, uuid_of(n), expected_records(uuid_of(n), "MINUTELY", "UTC", self.start,
                                                               parse_time(mine[-1]["end"])))
