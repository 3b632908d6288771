# SPDX-License-Identifier: ISC
"""occupancyctl export: what it writes is what the log holds, in every form, and what a second implementation
makes of it.
"""

import csv
import datetime
import io
import json
import subprocess

import pytest

from handmade import Room, local, write
from harness import OCCUPANCYCTL, WRAPPER, assert_clean, rfc3339, uuid_of
from test_calendar import recorded_at, seconds

# Each over a change of the clock, from a day before it to a part of the day behind it.
CHANGES = [("America/Denver", "2026-03-07T05:10:00Z"), ("America/Denver", "2026-10-31T05:10:00Z"),
           ("Europe/Berlin", "2026-03-28T03:10:00Z"), ("Europe/Berlin", "2026-10-24T03:10:00Z"),
           ("Australia/Lord_Howe", "2026-04-03T13:10:00Z"), ("Australia/Lord_Howe", "2026-10-02T13:10:00Z")]
CHANGE_IDS = [f"{zone}-{begin[:10]}" for zone, begin in CHANGES]
THREE_DAYS = 3 * 86400


def run(*arguments, **named):
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "export", *map(str, arguments)], capture_output=True, timeout=120, **named)
    assert_clean(done.stderr.decode())
    return done


def export(*arguments):
    done = run(*arguments)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.decode()


def table(text, **named):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True, **named))


def number(text):
    return None if text == "" else float(text)


@pytest.mark.parametrize("zone, begin", CHANGES, ids=CHANGE_IDS)
def test_each_bucket_is_a_row_with_its_latest_count(zone, begin, tmp_path):
    start = seconds(begin)
    rooms = [Room(3, "lab 2", zone, start, start + 86400, "MINUTELY", 3, most=300),
             Room(2, "lab 10", zone, start, start + THREE_DAYS, "HOURLY", 2), Room(1, "lobby", zone, start, start + THREE_DAYS)]
    rows = table(export(write(tmp_path, *rooms)))
    expected = [{"time": rfc3339(bucket.start), "local_time": local(zone, bucket.start).isoformat(timespec="seconds"),
                 "site": "hq", "room": room.name, "device": room.uuid, "interval": room.interval,
                 "count": "" if bucket.count is None else str(bucket.count), "status": bucket.status}
                for room in rooms for bucket in room.buckets]
    for row, wanted in zip(rows, expected):
        assert row == wanted
    assert len(rows) == len(expected)
    assert {row["status"] for row in rows} == {"ok", "no_data", "gap", "missing"}


@pytest.mark.parametrize("every, length", [("30m", 1800), ("1h", 3600), ("6h", 21600), ("1d", 86400)])
@pytest.mark.parametrize("zone, begin", CHANGES, ids=CHANGE_IDS)
def test_coarser_counts_are_those_of_the_rooms_clock(zone, begin, every, length, tmp_path):
    start = seconds(begin)
    room = Room(1, "lobby", zone, start, start + THREE_DAYS, seed=length)
    write(tmp_path, room)
    expected = room.coarser(length)
    for what in ("mean", "max", "last"):
        rows = table(export("--every", every, "--with", what, tmp_path))
        assert [row["time"] for row in rows] == [rfc3339(at) for at, _, _ in expected]
        for row, (at, figures, known) in zip(rows, expected):
            assert row["local_time"] == local(zone, at).isoformat(timespec="seconds")
            assert abs(float(row["known"]) - known) <= 0.0001
            assert (row["known"] == "0") == (known == 0) and (row["known"] == "1") == (known == 1)
            assert (row[what] == "") == (figures is None)
            assert figures is None or abs(float(row[what]) - figures[what]) <= 0.000001, (what, row, figures)


@pytest.mark.parametrize("zone, begin", CHANGES[2:4], ids=CHANGE_IDS[2:4])
def test_wide_has_a_column_for_each_room(zone, begin, tmp_path):
    start = seconds(begin)
    rooms = [Room(n, f"room {n}", zone, start + 3600 * n, start + THREE_DAYS - 7200 * n, seed=n) for n in (1, 2, 3)]
    rows = table(export("--wide", write(tmp_path, *rooms)))
    counts = {(bucket.start, room.name): bucket.count for room in rooms for bucket in room.buckets}
    assert [row["time"] for row in rows] == [rfc3339(at) for at in sorted({at for at, _ in counts})]
    for row in rows:
        at = seconds(row["time"])
        assert row["local_time"] == local(zone, at).isoformat(timespec="seconds")
        assert list(row)[2:] == [room.name for room in rooms]
        assert [number(row[room.name]) for room in rooms] == [counts.get((at, room.name)) for room in rooms]

    days = table(export("--wide", "--every", "1d", "--with", "max", tmp_path))
    highest = {(local(zone, at).date().isoformat(), room.name): figures and figures["max"]
               for room in rooms for at, figures, _ in room.coarser(86400)}
    assert [row["date"] for row in days] == sorted({date for date, _ in highest})
    for row in days:
        assert [number(row[room.name]) for room in rooms] == [highest.get((row["date"], room.name)) for room in rooms]


def test_dates_of_rooms_in_different_zones_are_in_one_row(tmp_path):
    start = seconds("2026-05-04T00:00:00Z")
    rooms = [Room(1, "here", "America/Denver", start, start + 172800), Room(2, "there", "Asia/Kolkata", start, start + 172800)]
    rows = table(export("--wide", write(tmp_path, *rooms)))
    assert list(rows[0]) == ["time", "here", "there"]
    days = table(export("--wide", "--every", "1d", tmp_path))
    assert [row["date"] for row in days] == ["2026-05-03", "2026-05-04", "2026-05-05", "2026-05-06"][:len(days)]
    assert days[0]["here"] and not days[0]["there"] and days[1]["here"] and days[1]["there"]


@pytest.mark.long
def test_what_the_daemon_recorded_is_what_is_exported(start_fake, make_daemon):
    zone, now = "Europe/Berlin", "2026-10-25T10:30:40Z"
    fake = start_fake("--zone", zone, "--now", now)
    end = seconds(now) - 60
    devices = [{"uuid": uuid_of(n), "name": interval.lower(), "interval": interval, "site": "Köln",
                "backfill_from": rfc3339(end - days * 86400)}
               for n, (interval, days) in enumerate({"QUARTERHOURLY": 2, "HOURLY": 3, "DAILY": 10, "MONTHLY": 400}.items(), 1)]
    daemon = recorded_at(now, zone, fake, make_daemon, devices, log={"rotate_size": "64KiB"})
    records = {(r["device"], r["time"]): r for r in daemon.records()}
    rows = table(export(daemon.log_folder))
    assert len(rows) == len(records) > 250
    for row in rows:
        record = records[row["device"], row["time"]]
        assert (row["count"], row["status"]) == ("" if record["count"] is None else str(record["count"]), record["status"])
        assert (row["local_time"], row["room"], row["site"], row["interval"]) == (
            record["local_time"], record["name"], "Köln", record["interval"])
