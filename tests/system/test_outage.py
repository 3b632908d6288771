# SPDX-License-Identifier: ISC
"""A week of outage of fifty devices, recorded by the minute: caught up in seven
requests each, and devices that are current do not wait for it.
"""

import collections
import csv
import os
import time

import pytest

from harness import (SLOW, dated, expected_records, parse_time, uuid_of, wait_for)

LATE = list(range(1, 51 if SLOW == 1 else 11))
LIVE = list(range(101, 141))
RATE = int(os.environ.get("OUTAGE_RATE", "30" if SLOW == 1 else "4"))
MAX_POINTS = 1440  # the default
MAX_IN_FLIGHT = 4
# A little less, so that what closes during the test still fits into the seventh request.
WEEK = 7 * 86400 - 10 * 60


def rooms(numbers):
    return [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in numbers]


def live_requests(fake):
    """When the live devices were asked about, by end of the window, after their first time."""
    seen, times = set(), {}
    for entry in fake.journal():
        device = entry["device"]
        if device in seen and device in {uuid_of(n) for n in LIVE}:
            times[device, entry["end_ms"]] = entry["mono_us"] / 1e6
        seen.add(device)
    return times


def first_ends(fake):
    """Up to where each device was asked about the first time: a window that ends no later needs no request of its own."""
    ends = {}
    for entry in fake.journal():
        ends.setdefault(entry["device"], entry["end_ms"])
    return ends


def overtaken(fake, due):
    """How many requests of late devices came to the server between when a live one was due and when it came."""
    late = {uuid_of(n) for n in LATE}
    of_late = [entry["mono_us"] / 1e6 for entry in fake.journal() if entry["device"] in late]
    sent = live_requests(fake)
    return {key: sum(at < when < sent.get(key, float("inf")) for when in of_late) for key, at in due.items()}


def assert_whole_week(path, start):
    """Every minute of each late device follows the one before; the counts of three are checked too."""
    ends = {uuid_of(n): start for n in LATE}
    sample = {uuid_of(n) for n in (LATE[0], LATE[len(LATE) // 2], LATE[-1])}
    counts = collections.defaultdict(dict)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            device = row["device"]
            if device in ends:
                assert row["time"] == ends[device] and row["revision"] == "0", (row, ends[device])
                ends[device] = row["end"]
                if device in sample:
                    counts[device][row["time"], row["end"]] = int(row["count"])
    for device in sample:
        assert counts[device] == expected_records(device, "MINUTELY", "UTC", parse_time(start), parse_time(ends[device]))
    return ends


@pytest.mark.long
def test_a_week_is_caught_up_in_seven_requests_and_nobody_waits_for_it(start_fake, make_daemon):
    # The clocks of all are moved so that minutes end soon after the start, and windows with them.
    shift = int(56 - time.time() % 60)
    log = {"format": "csv", "rotate_size": "1GiB", "rotate_every": "never", "compress": False}
    account = {"rate": f"{RATE}/s", "burst": 5, "max_in_flight": MAX_IN_FLIGHT}
    defaults = {"backfill": "14d", "lookback": "10m"}

    then = start_fake("--clock-offset-ms", str((shift - WEEK) * 1000))
    daemon = make_daemon(then.url, rooms(LATE), defaults=defaults, log=log)
    assert daemon.run("--once", env=dated(shift - WEEK))[0] == 0
    path = daemon.log_folder / "occupancy.csv"
    with open(path, newline="") as file:
        first = {row["device"]: row["time"] for row in csv.DictReader(file)}
    assert len(first) == len(LATE) and len(set(first.values())) == 1, first
    start = first[uuid_of(LATE[0])]

    # What the live devices do when nobody is late tells when they are due.
    now = start_fake("--clock-offset-ms", str(shift * 1000))
    quiet = start_fake("--clock-offset-ms", str(shift * 1000))
    unhindered = make_daemon(quiet.url, rooms(LIVE), defaults=defaults, log=log).start(**dated(shift))
    daemon.write_config(now.url, rooms(LATE + LIVE), account=account, defaults=defaults, log=log)
    begin = time.monotonic()
    daemon.start(**dated(shift))
    today = int(daemon.started + shift) // 60 * 60

    def caught_up():
        last = {entry["device"]: entry["end_ms"] for entry in now.journal()}
        return all(last.get(uuid_of(n), 0) >= today * 1000 for n in LATE)
    wait_for(caught_up, 7 * len(LATE) / RATE + 300, "the week to be caught up")
    took = time.monotonic() - begin
    wait_for(lambda: "; backlog 0;" in daemon.notify.status, 20, "the last reply to be recorded")
    daemon.stop()
    unhindered.stop()

    # Seven requests.
    spans = collections.defaultdict(list)
    for entry in now.journal():
        assert entry["status"] == 200, entry
        minutes = (entry["end_ms"] - entry["start_ms"]) // 60000
        assert minutes <= MAX_POINTS, entry
        if minutes > 30:
            spans[entry["device"]].append(minutes)
    assert set(spans) == {uuid_of(n) for n in LATE}
    assert max(map(len, spans.values())) == 7, collections.Counter(map(len, spans.values()))

    # Nothing lost, nothing doubled.
    ends = assert_whole_week(path, start)
    assert min(map(parse_time, ends.values())) >= today - 60, min(ends.values())

    # Nobody waits: a live request goes out with the next token, before all of the late devices.  That is
    # counted, for a slow machine makes all of them late.  What was on its way may come in between, and
    # what the same turn of the loop puts in the place of that.
    due = live_requests(quiet)
    begun = first_ends(now)
    while_late = {key: at for key, at in due.items() if at < begin + took - 1 and key[1] > begun.get(key[0], 0)}
    assert len(while_late) >= 3, f"hardly a live device was due in these {took:.0f} s: {len(while_late)}"
    counts = overtaken(now, while_late)
    worst = max(counts.values())
    assert worst <= 2 * MAX_IN_FLIGHT, f"{worst} requests of late devices went before a live one that was due: {counts}"
    records = sum((parse_time(end) - parse_time(start)) // 60 for end in ends.values())
    print(f"{len(LATE)} devices, a week late: {records} records in {took:.0f} s, 7 requests each at most; "
          f"{len(while_late)} live requests meanwhile, at worst behind {worst} of late devices")
