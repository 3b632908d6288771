# SPDX-License-Identifier: ISC
"""occupancyctl report: its figures are those that a second implementation makes of the same log."""

import datetime
import fractions
import html.parser
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import time

import pytest

from handmade import Room, local, write
from harness import OCCUPANCYCTL, occupancyctl, rfc3339, written_by
from test_calendar import seconds
from test_export import CHANGES, CHANGE_IDS, THREE_DAYS

# Two of the days are of a weekend on which the clock changes.
HOURS = "Sat-Sun 1:30-4:15, Mon-Fri 8-18"


def run(*arguments, **named):
    return occupancyctl("report", *arguments, text=False, **named)


def report(*arguments):
    return written_by("report", *arguments)


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


# The page

SECTIONS = ["findings", "people", "week", "rooms", "closer", "complete", "meaning"]
HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;</script><script>alert(2)</script>"


class Page(html.parser.HTMLParser):
    """Each element is closed, in order; what it names and says."""
    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.texts = [], [], [], set(), []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            assert name not in ("src", "style", "srcset", "action") and not name.startswith("on"), (tag, name)
            self.ids += [value] if name == "id" else []
            self.links += [value] if name in ("href", "xlink:href") else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def week_of(tmp_path):
    start = seconds("2026-10-20T00:00:00Z")
    return write(tmp_path, Room(1, "Lab 2", "Europe/Berlin", start, start + 7 * 86400, capacity=8),
                 Room(2, HOSTILE, "Europe/Berlin", start, start + 7 * 86400, seed=2, site="<b>Depot</b>"),
                 Room(3, "Lab 10", "Europe/Berlin", start, start + 7 * 86400, seed=3))


def page_of(tmp_path, *arguments):
    page = tmp_path / "report.html"
    assert report("-o", page, *arguments, week_of(tmp_path)) == ""
    return page


def test_the_page_is_one_file_and_names_are_texts(tmp_path):
    text = page_of(tmp_path).read_text()
    page = Page(text)
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS and len(set(page.ids)) == len(page.ids)
    assert set(page.links) == {"#" + section for section in SECTIONS}
    assert not page.tags & {"img", "iframe", "link", "object"} and page.texts.count(HOSTILE) >= 2
    assert "default-src 'none'" in text and "unsafe" not in text and text.count("<script>") == 2
    assert "Room occupancy, 20 Oct 2026 to 27 Oct 2026" in page.texts


def test_a_page_is_there_whole_or_not_at_all(tmp_path):
    folder = week_of(tmp_path)
    page = tmp_path / "report.html"
    page.write_text("before")
    done = run("-o", page, folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    assert done.returncode == 74 and page.read_text() == "before" and done.stderr
    assert sorted(os.listdir(folder)) == sorted([*(path.name for path in folder.glob("*.ndjson")), "report.html"])
    log = folder / "occupancy.ndjson"
    before = log.read_text()
    assert run("-o", log, folder).returncode == 64 and log.read_text() == before


def dom_of(page, tmp_path):
    """What a browser makes of it, and says."""
    done = subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                           f"--user-data-dir={tmp_path}/browser", "--dump-dom", f"file://{page}"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_opens_it(tmp_path):
    page = page_of(tmp_path)
    dom, said = dom_of(page, tmp_path)
    assert said == []
    assert re.findall(r'<section id="(\w+)"', dom) == SECTIONS
    # The policy has let the style and the script through, which makes the headings buttons.
    assert dom.count('<button type="button">') == 8


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_refuses_what_was_put_in(tmp_path):
    """Else the test above could not fail."""
    page = page_of(tmp_path)
    page.write_text(page.read_text().replace("</script>", ";document.title='x'</script>"))
    dom, said = dom_of(page, tmp_path)
    assert said and '<th scope="col" class="" data-sort="up">Room</th>' in dom


# Every week

UNIT = pathlib.Path(__file__).resolve().parents[2] / "systemd/occupancyd-report.service"


def test_the_service_writes_last_week(tmp_path):
    command = re.search(r"^ExecStart=/bin/sh -c '(.*)'$", UNIT.read_text(), re.M).group(1)
    command = command.replace("$$", "$").replace("%%", "%").replace(" -c /etc/occupancyd/occupancyd.conf", "")
    assert "/usr/bin/occupancyctl report --during" in command
    week = int(time.time()) // 86400 * 86400 - 7 * 86400
    start = week - (week // 86400 + 3) % 7 * 86400
    folder = write(tmp_path, Room(1, "Lab", "UTC", start, start + 14 * 86400))
    here = shlex.join([str(OCCUPANCYCTL), "report", str(folder)])
    done = subprocess.run(["/bin/sh", "-c", command.replace("/usr/bin/occupancyctl report", here)],
                          env={**os.environ, "STATE_DIRECTORY": str(tmp_path)}, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    monday, sunday = (datetime.date(1970, 1, 1) + datetime.timedelta(start // 86400 + day) for day in (0, 6))
    page = tmp_path / f"{monday.isocalendar()[0]}-W{monday.isocalendar()[1]:02d}.html"
    shown = [f"{day.day} {day:%b} {day.year}" for day in (monday, sunday)]
    assert f"Room occupancy, {shown[0]} to {shown[1]}" in page.read_text()
