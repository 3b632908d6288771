# SPDX-License-Identifier: ISC
"""The time zone database is updated while the daemon runs: it says so, once, and
a reload uses the new rules and loses and doubles nothing.

The daemon has a file system of its own in which a small database stands in the
place of the machine's; its clock is stepped over the hours at which it looks.
"""

import json
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from harness import (FAKETIME_LIBRARY, Daemon, assert_complete, assert_contiguous, expected_records, last_minute,
                     parse_time, published_count, uuid_of, wait_for, with_mounts_of_its_own)

DATABASE = pathlib.Path("/usr/share/zoneinfo")
HOUR = 3600
ZONE = "Europe/Berlin"
OTHER = "Asia/Kathmandu"  # where an hour begins at a quarter past the hours of UTC
OTHER_EDGE = 900

NEW_RULES = f"the time zone database has new rules for {ZONE}: reload to use them"
LOST = (f"the time zone database has lost 1 zone in use: \"{ZONE}\" is not in this machine's time zone database: "
        "write an IANA name such as \"America/Denver\" or \"UTC\": what was read before stays in use, but the next "
        "start will fail")
AGAIN = "the time zone database agrees with the zones in use again"


class Elsewhere(Daemon):
    """Its time zone database is another directory."""

    def __init__(self, folder, *rest, **named):
        self.database = pathlib.Path(folder) / "zoneinfo"
        (self.database / ZONE).parent.mkdir(parents=True)
        self.clock = pathlib.Path(folder) / "clock"
        self.put_zone(ZONE)
        super().__init__(folder, *rest, **named)

    def put_zone(self, other):
        """ZONE is now what the machine's database has as the other; replaced as dpkg(1) does it."""
        replacement = self.database / "new"
        shutil.copyfile(DATABASE / other, replacement)
        replacement.rename(self.database / ZONE)

    def command(self, *options):
        return [*with_database(self.database), *super().command(*options)]

    def set_clock(self, hours):
        replacement = self.clock.with_suffix(".new")
        replacement.write_text(f"{hours * HOUR:+d}\n")
        replacement.rename(self.clock)

    def start_at(self, hours):
        self.set_clock(hours)
        return self.start(LD_PRELOAD=FAKETIME_LIBRARY, FAKETIME_TIMESTAMP_FILE=str(self.clock), FAKETIME_NO_CACHE="1",
                          FAKETIME_DONT_FAKE_MONOTONIC="1")

    def look(self, hours):
        """It is another hour; returns what was told of the database on the way."""
        before = len(self.told())
        self.set_clock(hours)
        # A rotation, or what is said where there is no record, wakes it: the first turn after that looks, and the second signal is taken after that turn.
        for _ in range(2):
            rotated = self.stderr().count("rotated")
            self.signal(signal.SIGUSR1)
            wait_for(lambda: self.stderr().count("rotated") > rotated, 10, "rotation")
        return self.told()[before:]

    def told(self):
        return [(priority, line) for priority, line in self.journal() if "the time zone database " in line and "configuration" not in line]

    def reload(self, said):
        before = self.stderr().count(said)
        self.signal(signal.SIGHUP)
        wait_for(lambda: self.stderr().count(said) > before, 10, said)


def with_database(directory):
    """A command's beginning: it has the directory in the place of the time zone database."""
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    return with_mounts_of_its_own(script, directory, DATABASE)


@pytest.fixture
def make_elsewhere(tmp_path):
    done = subprocess.run([*with_database(tmp_path), "true"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"a database of its own cannot be mounted for the daemon here: {done.stderr.strip()}")
    daemons = []

    def make(*rest, **named):
        folder = tmp_path / f"daemon{len(daemons)}"
        folder.mkdir()
        daemons.append(Elsewhere(folder, *rest, **named))
        return daemons[-1]
    yield make
    for daemon in daemons:
        daemon.kill()


def test_update_of_the_zones_is_told_once_and_a_reload_uses_it(fake, make_elsewhere):
    daemon = make_elsewhere(fake.url, [{"uuid": uuid_of(1), "name": "lobby"}], defaults={"timezone": ZONE})
    daemon.start_at(-12)

    assert daemon.look(-11) == []
    daemon.put_zone(ZONE)  # other files, the same rules
    assert daemon.look(-10) == []

    daemon.put_zone(OTHER)
    assert daemon.look(-9) == [(4, NEW_RULES)]
    wait_for(lambda: "configuration has time zones with new rules: reload" in daemon.notify.status, 5, "STATUS")
    assert daemon.look(-8) == []

    (daemon.database / ZONE).unlink()
    assert daemon.look(-7) == [(4, LOST)]
    wait_for(lambda: "configuration names a time zone that is gone" in daemon.notify.status, 5, "STATUS")
    assert daemon.look(-6) == []
    daemon.reload("not reloaded: the old configuration stays in force")
    assert f"occupancyd.conf:2: defaults.timezone: \"{ZONE}\" is not in this machine's" in daemon.stderr()

    daemon.put_zone(ZONE)
    assert daemon.look(-5) == [(5, AGAIN)]
    daemon.put_zone(OTHER)
    assert daemon.look(-4) == [(4, NEW_RULES)]
    daemon.reload("reloaded: 1 device")
    wait_for(lambda: "configuration" not in daemon.notify.status, 5, "STATUS")
    assert daemon.look(-3) == []
    daemon.stop()


def test_reload_with_new_rules_loses_and_doubles_nothing(fake, make_elsewhere):
    """A single count over each local hour, and minutes; over the update, a reload and a restart."""
    fake.faults({"headers": {"Date": None}})  # the daemon's clock is moved and the server's is not, so it must not tell
    hours, minutes = uuid_of(1), uuid_of(2)
    daemon = make_elsewhere(fake.url, [{"uuid": hours, "name": "hours", "interval": "NONE", "window": "1h"},
                                       {"uuid": minutes, "name": "minutes"}],
                            defaults={"timezone": ZONE, "backfill_from": "3h"})

    def of(device):
        return [r for r in daemon.records() if r["device"] == device]

    def have_until(device, end):
        return lambda: any(parse_time(r["end"]) >= end for r in of(device))

    daemon.start_at(-6)
    daemon.put_zone(OTHER)
    assert daemon.look(-5) == [(4, NEW_RULES)]
    # Each device asks up to half a minute late.
    settled = daemon.started - 5 * HOUR - 60
    wait_for(have_until(hours, settled // HOUR * HOUR), 70, "the hours up to the update")
    daemon.reload("reloaded: 2 devices")

    daemon.look(0)
    settled = time.time() - 60
    wait_for(have_until(hours, (settled - OTHER_EDGE) // HOUR * HOUR + OTHER_EDGE), 70, "the hours up to now")
    wait_for(have_until(minutes, last_minute(settled)), 70, "the minutes up to now")
    daemon.stop()
    daemon.start_at(0)
    wait_for(have_until(minutes, last_minute(daemon.started, 60)), 70, "the minutes after the restart")
    daemon.stop()

    records = daemon.records_at_rest()
    mine = assert_contiguous(records, hours)
    # The first short hour of the other zone begins where the last one of the old zone ended.
    cut = max(parse_time(r["end"]) for r in mine if not r["local_time"].endswith("+05:45"))
    for record in mine:
        start, end = parse_time(record["time"]), parse_time(record["end"])
        assert record["status"] == "ok" and record["revision"] == 0, record
        assert record["count"] == published_count(hours, start * 1000), json.dumps(record)
        assert end % HOUR == (0 if end <= cut else OTHER_EDGE) and end - start <= HOUR, record
        assert record["local_time"].endswith("+05:45") == (start >= cut), record
    assert sum(parse_time(r["time"]) >= cut for r in mine) >= 5
    row = [r for r in records if r["device"] == minutes]
    assert_complete(records, minutes, expected_records(minutes, "MINUTELY", "UTC", parse_time(row[0]["time"]),
                                                       parse_time(row[-1]["end"])))
