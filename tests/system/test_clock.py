# SPDX-License-Identifier: ISC
"""A clock that is wrong, by an hour or by decades: nothing that cannot be undone is done by it.

The server's clock and the daemon's are shifted, so that nobody waits for a minute's end.
"""

import json
import re
import time
import zlib

import pytest

from harness import (EARLY, SLOW, assert_unique, dated, expected_records, fast, last_minute, minute_ends_in, parse_time,
                     uuid_of, wait_for)

MINUTE = 60
DAY = 86400
YEAR = 366 * DAY
ROOM = uuid_of(EARLY[0])
OTHER = uuid_of(EARLY[1])


def rooms(*uuids):
    return [{"uuid": uuid, "name": f"room-{n}"} for n, uuid in enumerate(uuids, 1)]


def utc(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def http_date(epoch):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(epoch))


class World:
    """A server, a daemon, and what time it is: a minute has just ended, or ends soon."""

    def __init__(self, start_fake, make_daemon, ends_in=50, devices=(ROOM,), **defaults):
        self.start_fake, self.devices, self.defaults = start_fake, rooms(*devices), defaults
        self.shift = minute_ends_in(ends_in)
        self.fake = start_fake("--clock-offset-ms", str(self.shift * 1000))
        self.daemon = make_daemon(self.fake.url, self.devices, defaults=defaults)

    def now(self):
        return time.time() + self.shift

    def later(self, seconds):
        """It is so much later, for a server that has counted on."""
        self.shift += seconds
        self.fake = self.start_fake("--clock-offset-ms", str(self.shift * 1000))
        self.ask()

    def ask(self, url=None, *devices):
        self.daemon.write_config(url or self.fake.url, rooms(*devices) or self.devices, defaults=self.defaults)

    def clock(self, off=0):
        """Of the daemon: right, or off by some seconds."""
        return dated(self.shift + off)

    def once(self, off=0, code=0, clock=None):
        """A run with a clock that is off by some seconds, or with another one; returns standard error."""
        got, _, stderr = self.daemon.run("--once", env=clock or self.clock(off), timeout=150)
        assert got == code, stderr
        return stderr

    def closed(self):
        """The end of the last minute that is over and settled."""
        return last_minute(self.now())

    def check_covered(self, since, until, device=ROOM):
        """Every minute between is there with the count that the server publishes, and nothing that has not come is."""
        records = self.daemon.records()
        assert_unique(records)
        said = last_word(records, device)
        for (start, end), count in expected_records(device, "MINUTELY", "UTC", since, until).items():
            assert start in said, f"nothing about {start}"
            assert (said[start]["end"], said[start]["status"], said[start]["count"]) == (end, "ok", count), said[start]
        assert all(parse_time(r["end"]) <= self.now() for r in said.values()), "a bucket that has not come"

    def have_minute(self, end, device=ROOM):
        return lambda: utc(end - MINUTE) in last_word(self.daemon.records(), device)


@pytest.fixture
def make_world(start_fake, make_daemon):
    return lambda **settings: World(start_fake, make_daemon, **settings)


def last_word(records, device=ROOM):
    """What the log says of each bucket in the end, by its start; gaps apart."""
    said = {}
    for record in records:
        if record["device"] == device and record["status"] != "gap":
            if record["time"] not in said or record["revision"] > said[record["time"]]["revision"]:
                said[record["time"]] = record
    return said


# A first start

@pytest.mark.parametrize("ahead", [3600, 10 * DAY, 20 * YEAR])
def test_first_start_ahead_begins_at_the_servers_time(ahead, make_world):
    """No silent hour, and no silent decades."""
    world = make_world()
    begin = world.closed()
    assert "clock is ahead of the server's by" in world.once(ahead)
    records = world.daemon.records()
    assert begin - MINUTE <= parse_time(records[0]["time"]) and parse_time(records[-1]["end"]) <= world.now()
    assert all(r["status"] == "ok" and r["revision"] == 0 for r in records), records
    world.later(2 * MINUTE)
    until = world.closed()
    world.once()
    world.check_covered(parse_time(records[0]["time"]), until)


def test_first_start_in_2018_leaves_no_gap(make_world):
    """An image's date, and a network: it begins at the server's time.  Then the clock is right."""
    world = make_world()
    begin = world.closed()
    assert "clock is behind the server's by" in world.once(clock=dated("@2018-05-01 00:00:00"))
    assert world.daemon.records() == []
    world.once()
    records = world.daemon.records()
    assert begin - MINUTE <= parse_time(records[0]["time"]) <= world.now()
    assert all(r["status"] == "ok" for r in records), records
    assert len(world.fake.journal()) <= 3 + 1 + 1, "a back-fill that nobody wants"


def test_without_a_network_nothing_is_begun_or_given_up(make_world):
    """Whatever the clock says: the history's end, a checkpoint and the log stay as they are."""
    world = make_world(backfill="1h", backfill_from="5m")
    world.once()
    before = world.daemon.records()
    world.ask("http://127.0.0.1:9", ROOM, OTHER)
    for off in (0, 10 * DAY, 20 * YEAR, -8 * YEAR):
        assert "gap" not in world.once(clock=fast(world.shift + off), code=69)
    assert world.daemon.records() == before
    assert OTHER not in (world.daemon.state_folder / "checkpoint").read_text()
    world.later(MINUTE)
    world.ask(None, ROOM, OTHER)
    until = world.closed()
    world.once()
    world.check_covered(parse_time(before[0]["time"]), until)


def test_a_right_clock_costs_no_request(make_world):
    """The first reply confirms it, and is recorded at once."""
    world = make_world(backfill_from="5m")
    world.once()
    assert len(world.fake.journal()) == 1 and len(world.daemon.records()) in (3, 4)


# A start with history

@pytest.mark.parametrize("ahead", [3600, 10 * DAY, 20 * YEAR])
def test_start_ahead_with_history_gives_up_nothing(ahead, make_world):
    world = make_world(ends_in=5 + SLOW, backfill_from="5m")
    world.once()
    records = world.daemon.records()
    begin, end = parse_time(records[0]["time"]), parse_time(records[-1]["end"])
    world.daemon.start(**world.clock(ahead))
    wait_for(lambda: "clock is ahead of the server's" in world.daemon.notify.status, 30, "STATUS")
    wait_for(world.have_minute(end + MINUTE), 90, "the next minute, though the clock is ahead")
    world.daemon.stop()
    assert not any(r["status"] == "gap" or r["revision"] for r in world.daemon.records()), world.daemon.records()
    world.later(MINUTE)
    until = world.closed()
    world.once()
    world.check_covered(begin, until)


def future_log(world, begin, until):
    """What a clock that was ahead left: a gap until then, in the log and in the checkpoint."""
    gap = {**world.daemon.records()[-1], "time": utc(begin), "end": utc(until), "count": None, "status": "gap",
           "revision": 0, "reason": "no answer within 7d: not polled", "polled_at": utc(until)}
    for key in ("timestamp_ms", "event_counts", "approximate_timestamps_ms", "reporting_devices", "date_local", "date_utc"):
        gap[key] = None
    with open(world.daemon.log_folder / "occupancy.ndjson", "a") as log:
        log.write(json.dumps(gap, separators=(",", ":")) + "\n")


# How far ahead the clock was then and is now, and whether there is a checkpoint; all of it is simulated, too.
@pytest.mark.parametrize("checkpoint", [True, False], ids=["checkpoint", "no checkpoint"])
@pytest.mark.parametrize("now_ahead", [0, 10 * DAY], ids=["right", "10 days"])
@pytest.mark.parametrize("ahead", [3600, 3 * DAY, 20 * YEAR], ids=["an hour", "3 days", "20 years"])
def test_a_gap_in_a_time_that_has_not_come_is_mended(ahead, now_ahead, checkpoint, make_world):
    """It is refused and said; its buckets are recorded once more with revision 1; a new start knows that again."""
    world = make_world(backfill_from="10m")
    world.once()
    records = world.daemon.records()
    begin, end = parse_time(records[0]["time"]), parse_time(records[-1]["end"])
    future_log(world, end, (int(world.now()) + ahead) // MINUTE * MINUTE)
    for off, revision in ((now_ahead, 1), (0, 0)):
        if not checkpoint:
            (world.daemon.state_folder / "checkpoint").unlink()
        world.later(MINUTE)
        until = world.closed()
        stderr = world.once(off)
        assert ("which has not come yet: continues from " + utc(end) in stderr) == (revision == 1), stderr
        world.check_covered(begin, until)
    assert last_word(world.daemon.records())[utc(end)]["revision"] == 1


def test_a_checkpoint_of_a_time_that_has_not_come_is_mended(make_world):
    """As a first start years ahead has left it: no record, and a cursor in 2046."""
    world = make_world(ends_in=40, devices=(ROOM, OTHER))
    world.fake.faults({"device": ROOM, "status": 500})
    world.daemon.start(**world.clock())
    wait_for(lambda: world.daemon.records(), 10, "a record of the other")
    world.daemon.stop()
    checkpoint = world.daemon.state_folder / "checkpoint"
    text = checkpoint.read_text()
    begun = re.search(rf"^poll {ROOM} MINUTELY (\d+) (\d+)", text, re.M)
    for number in set(begun.groups()):
        text = text.replace(number, str(int(number) + 20 * YEAR * 1_000_000))
    body = text[:text.rindex("crc32 ")]
    checkpoint.write_text(body + f"crc32 {zlib.crc32(body.encode()):08x}\n")
    world.fake.faults()
    begin = world.closed()
    assert "which has not come yet" in world.once()
    records = [r for r in world.daemon.records() if r["device"] == ROOM]
    assert len(records) in (1, 2) and parse_time(records[0]["time"]) >= begin - MINUTE, records
    assert all(r["revision"] == 0 and r["status"] == "ok" for r in records), records


def test_a_log_of_counts_is_believed_rather_than_a_late_clock(start_fake, make_world):
    """A server and a machine that both say 2020: what stands in the log has been counted, and is left alone."""
    world = make_world(backfill_from="2d")
    world.once()
    before = world.daemon.records()
    late = start_fake("--now", "2020-01-01T00:00:00Z")
    world.ask(late.url, ROOM, OTHER)
    stderr = world.once(clock=dated("@2020-01-01 00:00:00"), code=69)
    assert "the log holds counts of a time that has not come yet" in stderr, stderr
    assert world.daemon.records() == before
    assert OTHER not in (world.daemon.state_folder / "checkpoint").read_text(), "a device has begun in 2020"
    world.later(MINUTE)
    until = world.closed()
    world.once()
    world.check_covered(parse_time(before[0]["time"]), until)


# Dates of replies

@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("date", [http_date(946684800), http_date(4102444800)], ids=["2000", "2100"])
def test_one_odd_date_changes_nothing(date, first, make_world):
    world = make_world(ends_in=5 + SLOW, devices=(ROOM, OTHER), backfill_from="5m")
    world.fake.faults({"times": 1, "skip": 0 if first else 1, "headers": {"Date": date}})
    until = world.closed()
    daemon = world.daemon.start(**world.clock())
    for device in (ROOM, OTHER):
        wait_for(world.have_minute(until, device), 15, "the minutes before the start")
    wait_for(lambda: re.match(r"2 devices ok; backlog 0", daemon.notify.status), 15, "STATUS")
    for device in (ROOM, OTHER):
        wait_for(world.have_minute(until + MINUTE, device), 90, "the next minute")
    daemon.stop()
    assert all(r["status"] == "ok" and r["revision"] == 0 for r in daemon.records())


def test_dates_that_are_wrong_for_a_while_are_noticed_when_they_are_over(make_world):
    """Every Date says 2000, from the first on: it goes on asking, and says so; then it is well at once."""
    world = make_world(backfill_from="5m")
    world.fake.faults({"headers": {"Date": http_date(946684800)}})
    until = world.closed()
    daemon = world.daemon.start(**world.clock())
    wait_for(lambda: "this machine's clock" in daemon.notify.status, 15, "STATUS")
    assert daemon.records() == []
    world.fake.faults()
    wait_for(world.have_minute(until), 60, "the minutes before the start")
    wait_for(lambda: re.match(r"1 device ok; backlog 0", daemon.notify.status), 10, "STATUS")
    daemon.stop()
    assert all(r["status"] == "ok" and r["revision"] == 0 for r in daemon.records())


def test_once_says_when_it_cannot_find_out_what_time_it_is(make_world):
    """Each reply says another time: nothing is recorded, and it ends as incomplete."""
    world = make_world(backfill_from="5m")
    world.fake.faults(*({"times": 1, "headers": {"Date": http_date(946684800 + n * YEAR)}} for n in range(20)))
    stderr = world.once(clock=fast(world.shift), code=69)
    assert "could not find out what time it is" in stderr, stderr
    assert world.daemon.records() == [] and ROOM not in (world.daemon.state_folder / "checkpoint").read_text()


def test_a_server_without_dates_confirms_by_answering(make_world):
    world = make_world(backfill_from="5m")
    world.fake.faults({"headers": {"Date": None}})
    world.once()
    assert len(world.daemon.records()) in (3, 4) and len(world.fake.journal()) == 1
