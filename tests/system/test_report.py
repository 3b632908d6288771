# SPDX-License-Identifier: ISC
"""occupancyctl report: its figures are those that a second implementation makes of the same log."""

import fractions
import json
import subprocess

import pytest

from handmade import Room, local, write
from harness import OCCUPANCYCTL, WRAPPER, assert_clean, rfc3339
from test_calendar import seconds
from test_export import CHANGES, CHANGE_IDS, THREE_DAYS

# Two of the days are of a weekend on which the clock changes.
HOURS = "Sat-Sun 1:30-4:15, Mon-Fri 8-18"


def run(*arguments, **named):
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "report", *map(str, arguments)], capture_output=True, timeout=120, **named)
    assert_clean(done.stderr.decode())
    return done


def report(*arguments):
    done = run(*arguments)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.decode()


def works(clock):
    minute = clock.hour * 60 + clock.minute
    return 90 <= minute < 255 if clock.weekday() >= 5 else 480 <= minute < 1080


def figures_of(room, capacity, start, end):
    """Minute by minute, by Python's calendar."""
    buckets = [b for b in room.buckets if start <= b.start < end]
    counted = [b for b in buckets if b.count is not None]
    minutes = [(local(room.zone, at), b.count) for b in counted for at in range(b.start, b.end, 60)]
    working = [count for clock, count in minutes if works(clock)]
    used = [count for count in working if count > 0]
    mean = lambda counts: fractions.Fraction(sum(counts), len(counts)) if counts else None
    peak = max(counted, key=lambda b: (b.count, -b.start))
    days = [mean([count for clock, count in minutes if clock.weekday() == day]) for day in range(7)]
    return {"peak": peak.count, "peak_at": rfc3339(peak.start), "average": mean([count for _, count in minutes]),
            "when_used": mean(used), "time_used": fractions.Fraction(len(used), len(working)) if working else None,
            "utilisation": mean(working) / capacity if working and capacity else None, "capacity": capacity,
            "completeness": fractions.Fraction(len(counted), len(buckets)), "counted": len(counted), "expected": len(buckets),
            "weekdays": days, **{name: sum(b.status == status for b in buckets)
                                 for name, status in (("no_data", "no_data"), ("gap", "gap"), ("missing", "missing"))}}


def crowd_of(rooms, start, end):
    """The highest sum, when, and whether some room has no count then, though its log has begun."""
    sums, holes = {}, set()
    for room in rooms:
        for b in room.buckets:
            if start <= b.start < end:
                for at in range(b.start, b.end, 60):
                    if b.count is None:
                        holes.add(at)
                    else:
                        sums[at] = sums.get(at, 0) + b.count
    at = max(sums, key=lambda minute: (sums[minute], -minute))
    return {"peak": sums[at], "peak_at": rfc3339(at), "partial": at in holes}


def same(found, wanted):
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, fractions.Fraction):
        return found is not None and abs(found - wanted) <= 1e-12 * max(1, wanted)
    return found == wanted


@pytest.mark.parametrize("late, early", [(0, 0), (5 * 3600, 26 * 3600)], ids=["all", "part"])
@pytest.mark.parametrize("zone, begin", CHANGES, ids=CHANGE_IDS)
def test_figures_are_those_of_a_second_implementation(zone, begin, late, early, tmp_path):
    start = seconds(begin) - seconds(begin) % 3600
    end = start + THREE_DAYS
    rooms = [Room(1, "lab", zone, start, end - 3600, "MINUTELY", 3, most=30, capacity=20),
             Room(2, "lobby", zone, start, end, "HOURLY", 2), Room(3, "hall", zone, start + 7200, end, seed=5, capacity=400),
             Room(4, "far", zone, start, end, seed=7, site="depot", capacity=1)]
    write(tmp_path, *rooms)
    period = [] if late == early == 0 else ["--from", rfc3339(start + late), "--to", rfc3339(end - early)]
    document = json.loads(report("--json", "--working-hours", HOURS, *period, tmp_path))
    assert document["version"] == 1 and document["working_hours"] == HOURS
    by_name = {room["room"]: room for room in document["rooms"]}
    assert len(document["rooms"]) == 4
    for room in rooms:
        wanted = figures_of(room, room.more.get("capacity"), start + late, end - early)
        for name, figure in wanted.items():
            assert same(by_name[room.name][name], figure), (room.name, name, by_name[room.name][name], figure)
    sites = {site["site"]: site for site in document["sites"]}
    for name, members in (("hq", rooms[:3]), ("depot", rooms[3:])):
        assert sites[name] == {"site": name, "rooms": len(members), **crowd_of(members, start + late, end - early)}


def plain_room(number, name, counts, **more):
    room = Room.__new__(Room)
    room.uuid, room.name, room.zone, room.interval, room.site = f"{number:022d}.v0", name, "Europe/Berlin", "HOURLY", more.pop("site", "hq")
    room.more, room.lines, room.buckets = more, [], []
    start = seconds("2026-11-02T00:00:00Z") - 3600
    for i, count in enumerate(counts):
        room.record(start + 3600 * i, start + 3600 * (i + 1), count, "no_data" if count is None else "ok")
    return room


def test_the_table(tmp_path):
    day = [0] * 8 + [4] * 5 + [8] * 5 + [0] * 6
    folder = write(tmp_path, plain_room(1, "Print hub", [0] * 24), plain_room(2, "Lab", day, capacity=8),
                   plain_room(3, "Hall", day[:23] + [None]), files=1)
    assert report(folder) == (
        "ROOM      SEATS PEAK WHEN USED TIME USED UTILISATION MON-SUN COMPLETE\n"
        "Hall          -    8       6.0     100 %           - \u2588        95.83 %\n"
        "Lab           8    8       6.0     100 %        75 % \u2588       100.00 %\n"
        "Print hub     -    0         -       0 %           - \u00b7       100.00 %\n"
        "\n"
        "hq: at most 16 people at once, on 2026-11-02 at 13:00.\n"
        "When used (mean of counts above 0), time used and utilisation (mean / seats): Mon-Fri 8-18, by each room's clock.\n"
        "98.61 % of the counts are here; time without one is left out.\n")


def test_what_cannot_be_answered_is_said(tmp_path):
    folder = write(tmp_path, plain_room(1, "Lab", [4] * 24), files=1)
    for arguments, code, said in [(["--working-hours", "Mon-Fri"], 64, "not working hours"),
                                  (["--working-hours", "Mon-Fri 18-8"], 64, "not working hours"),
                                  (["--working-hours", "Mon-Fri 8-25"], 64, "not working hours"),
                                  (["--room", "Lob"], 64, 'did you mean "Lab"?'),
                                  (["--during", "2025"], 1, "nothing of that time")]:
        done = run(*arguments, folder)
        assert (done.returncode, done.stdout) == (code, b"") and said in done.stderr.decode(), done


def test_hostile_names_do_not_reach_the_terminal(tmp_path):
    folder = write(tmp_path, plain_room(1, "a\x1b[31mb\nc\u202e" + "d" * 60, [4] * 24), files=1)
    text = report(folder)
    assert "\x1b" not in text and "\u202e" not in text
    assert "a [31mb c " + "d" * 21 + "\u2026 " in text
