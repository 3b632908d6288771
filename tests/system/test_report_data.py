# SPDX-License-Identifier: ISC
"""The counts that a report takes along: unpacked by what src/tool/packed.h says, each is the one of the log."""

import base64
import bisect
import re
import zlib

import pytest

from handmade import Room, local, write
from harness import written_by
from test_calendar import seconds
from test_export import CHANGES, CHANGE_IDS, THREE_DAYS

CODES = {252: "no_data", 253: "gap", 254: "missing"}


def numbers(text):
    return [tuple(map(int, part.split())) for part in text.split(";") if part]


def counts_of(page):
    """Of each room by its name: [(start, end, count or what is in its place)] in seconds, clock, seats."""
    text = page.read_text()
    names = dict(re.findall(r'<tr data-room="(\d+)"[^>]*><td><b[^>]*>(.*?)</b>', text))
    found = {}
    for place, seats, clock, runs, packed in re.findall(
            r'<script type="application/x-occupancy" id="counts-(\d+)" data-seats="(\d+)" data-clock="([-\d ;]*)" '
            r'data-runs="([-\d ;]*)">([A-Za-z0-9+/=]*)</script>', text):
        data, buckets = iter(zlib.decompress(base64.b64decode(packed, validate=True))), []
        for start, length, count in numbers(runs):
            for i in range(count):
                buckets.append(((start + i * length) / 1000, (start + (i + 1) * length) / 1000, read(data)))
        assert list(data) == []
        found[names[place]] = buckets, numbers(clock), int(seats)
    assert len(found) == len(names) > 0
    return found


def read(data):
    byte = next(data)
    if byte != 251:
        return CODES.get(byte, byte)
    count, weight = 0, 1
    while True:
        byte = next(data)
        count += byte % 128 * weight
        weight *= 128
        if byte < 128:
            return count


def page_of(folder, *arguments):
    page = folder / "report.html"
    assert written_by("report", "-o", page, *arguments, folder) == ""
    return page


def compare(room, found, start, end):
    """Each bucket of the log is in it, and nothing else; a gap may be in it as one."""
    buckets, clock, _ = found
    wanted = {b.start: (b.end, b.status if b.count is None else b.count) for b in room.buckets if start <= b.start < end}
    starts = sorted(wanted)
    for begin, until, what in buckets:
        inside = starts[bisect.bisect_left(starts, begin):bisect.bisect_left(starts, until)]
        assert inside and min(inside) == begin and max(wanted[at][0] for at in inside) == until, (room.name, begin, until, what)
        assert what in ("gap", "missing") or len(inside) == 1
        for at in inside:
            assert wanted.pop(at)[1] == what, (room.name, at, what)
        for at in inside:
            offset = [offset for since, offset in clock if since / 1000 <= at][-1]
            assert offset == local(room.zone, at).utcoffset().total_seconds()
    assert wanted == {}


@pytest.mark.parametrize("late, early", [(0, 0), (5 * 3600, 26 * 3600)], ids=["all", "part"])
@pytest.mark.parametrize("zone, begin", CHANGES, ids=CHANGE_IDS)
def test_each_count_is_that_of_the_log(zone, begin, late, early, tmp_path):
    start = seconds(begin) - seconds(begin) % 3600
    end = start + THREE_DAYS
    rooms = [Room(1, "minutes", zone, start, end - 3600, "MINUTELY", 3, most=30, capacity=20),
             Room(2, "hours", zone, start, end, "HOURLY", 2), Room(3, "many", zone, start + 7200, end, seed=5, most=100000, capacity=400),
             Room(4, "edges", zone, start, end, seed=7, most=253, site="depot")]
    write(tmp_path, *rooms)
    period = [] if late == early == 0 else ["--from", f"{local('UTC', start + late):%Y-%m-%dT%H:%M:%SZ}",
                                            "--to", f"{local('UTC', end - early):%Y-%m-%dT%H:%M:%SZ}"]
    found = counts_of(page_of(tmp_path, *period))
    assert found.keys() == {room.name for room in rooms}
    for room in rooms:
        compare(room, found[room.name], start + late, end - early)
        assert found[room.name][2] == room.more.get("capacity", 0)
    assert any(count == "gap" for count in (bucket[2] for buckets, _, _ in found.values() for bucket in buckets))


def test_a_count_of_any_size(tmp_path):
    start = seconds("2026-10-20T00:00:00Z")
    room = Room(1, "Lab", "UTC", start, start + 86400, "HOURLY")
    sizes = [0, 1, 249, 250, 251, 252, 253, 254, 255, 256, 16383, 16384, 65532, 65533, 2**31, 2**53]
    room.lines, room.buckets = [], []
    for i, size in enumerate(sizes):
        room.record(start + 3600 * i, start + 3600 * (i + 1), size, "ok")
    buckets, clock, seats = counts_of(page_of(write(tmp_path, room, files=1)))["Lab"]
    assert [bucket[2] for bucket in buckets] == sizes and clock == [(start * 1000, 0)] and seats == 0


def test_a_year_of_quarter_hours_of_a_room_is_small(tmp_path):
    """An office: nobody at night, and by day the counts go up and down by little."""
    start = seconds("2026-01-01T00:00:00Z")
    room = Room(1, "Lab", "UTC", start, start + 900, "QUARTERHOURLY")
    room.lines, room.buckets, count = [], [], 0
    for i in range(365 * 96):
        hour, day = i // 4 % 24, i // 96 % 7
        count = max(0, min(12, count + room.dice.choice([-1, 0, 0, 1]))) if 8 <= hour < 18 and day < 5 else 0
        room.record(start + 900 * i, start + 900 * (i + 1), count, "ok")
    page = page_of(write(tmp_path, room, files=1))
    compare(room, counts_of(page)["Lab"], start, start + 366 * 86400)
    packed = re.search(r'id="counts-0".*?</script>', page.read_text()).group()
    # 266 KB for fifty rooms.
    assert len(packed) < 7000, len(packed)
