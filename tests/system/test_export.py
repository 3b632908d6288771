# SPDX-License-Identifier: ISC
"""occupancyctl export: what it writes is what the log holds, in every form, and what a second implementation
makes of it.
"""

import csv
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request

import pytest

from handmade import Room, local, write
from harness import OCCUPANCYCTL, WRAPPER, free_port, occupancyctl, rfc3339, uuid_of, wait_for, written_by
from test_calendar import recorded_at, seconds

# Each over a change of the clock, from a day before it to a part of the day behind it.
CHANGES = [("America/Denver", "2026-03-07T05:10:00Z"), ("America/Denver", "2026-10-31T05:10:00Z"),
           ("Europe/Berlin", "2026-03-28T03:10:00Z"), ("Europe/Berlin", "2026-10-24T03:10:00Z"),
           ("Australia/Lord_Howe", "2026-04-03T13:10:00Z"), ("Australia/Lord_Howe", "2026-10-02T13:10:00Z")]
CHANGE_IDS = [f"{zone}-{begin[:10]}" for zone, begin in CHANGES]
THREE_DAYS = 3 * 86400


def run(*arguments, **named):
    return occupancyctl("export", *arguments, text=False, **named)


def export(*arguments):
    return written_by("export", *arguments)


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


def test_rooms_of_one_name_have_titles_of_their_own(tmp_path):
    start = seconds("2026-05-04T00:00:00Z")
    write(tmp_path, *(Room(n, name, "UTC", start, start + 7200, interval, site=site) for n, (name, site, interval) in enumerate(
        [("lab", "hq", "HOURLY"), ("lab", "depot", "HOURLY"), ("desk", "hq", "HOURLY"), ("hall", "hq", "HOURLY"),
         ("hall", "hq", "MINUTELY")])))
    assert export("--wide", tmp_path).splitlines()[0] == (
        f'time,local_time,lab (depot),desk,"hall ({uuid_of(3)}, HOURLY)","hall ({uuid_of(4)}, MINUTELY)",lab (hq)')


def test_a_gap_at_the_beginning_is_of_buckets_as_long_as_the_others(tmp_path):
    room = Room(1, "lobby", "UTC", 0, 7200)
    start, room.interval, room.lines = seconds("2026-05-04T00:00:00Z"), "NONE", []
    room.line(start, start + 3600, None, "gap")
    for n in range(6):
        room.line(start + 3600 + 600 * n, start + 4200 + 600 * n, n, "ok")
    rows = table(export(write(tmp_path, room, files=1)))
    assert [(seconds(row["time"]) - start, row["count"]) for row in rows] == [
        (600 * n, "" if n < 6 else str(n - 6)) for n in range(12)]
    assert [row["mean"] for row in table(export("--every", "10m", "--from", "2026-05-04T01:00", tmp_path))] == list("012345")


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


# What people may call a room.  A name is cut at 255 bytes.
HOSTILE = ["a,b;c", 'say "hi"', "two\nlines\r\nand a tab\there", "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=2", "'quoted",
           "  =blank", "\uff1d3", "🚪 emoji", "\x1b[31mred\x1b[0m\x07", "\u202egnp.exe", "<b>&amp;</b>", "a\\,b\\", "x=y z",
           "back\\", "{a=\"b\"} 1 2\n# EOF", "nul\x00l", "é" * 32768, "x" * 65536, ",", '"', "\\"]


def shown(name):
    """What such a name becomes where nothing unprintable may stand."""
    cut = name.split("\x00")[0].encode()[:255].decode(errors="replace")
    return "".join(" " if ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c == "\u202e" else c for c in cut)


def guarded(text):
    """As a spreadsheet may have it."""
    return "'" + text if text.startswith("'") or text.lstrip(" ")[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20") else text


@pytest.fixture
def hostile(tmp_path):
    start = seconds("2026-05-04T00:00:00Z")
    folder = tmp_path / "hostile"
    folder.mkdir()
    return write(folder, *(Room(n, name, "Europe/Berlin", start, start + 7200, site=name, seed=n)
                           for n, name in enumerate(HOSTILE, 1)))


def assert_inert(text):
    """Nothing that acts on a terminal, and lines alone where lines end."""
    assert not [c for c in text if (ord(c) < 32 and c not in "\r\n") or 0x7f <= ord(c) < 0xa0 or c == "\u202e"]


def names_of(rows):
    return {row["device"]: row["room"] for row in rows}


@pytest.mark.parametrize("dialect, separator", [("rfc4180", ","), ("excel", ","), ("excel-semicolon", ";")])
def test_any_name_is_one_column_of_csv(dialect, separator, hostile):
    text = export("--dialect", dialect, hostile)
    assert_inert(text)
    assert text.startswith("\ufeff") == (dialect != "rfc4180")
    assert text.count("\n") == text.count("\r\n") == len(text.splitlines())
    rows = table(text.removeprefix("\ufeff"), delimiter=separator)
    expected = {uuid_of(n): guarded(shown(name)) for n, name in enumerate(HOSTILE, 1)}
    assert names_of(rows) == expected and {row["device"]: row["site"] for row in rows} == expected
    assert all(None not in row and None not in row.values() for row in rows)
    wide = export("--wide", "--dialect", dialect, hostile)
    assert_inert(wide)
    header = next(csv.reader(io.StringIO(wide.removeprefix("\ufeff"), newline=""), delimiter=separator, strict=True))
    assert sorted(header[2:]) == sorted(expected.values())


def test_times_and_numbers_are_those_of_the_dialect(tmp_path):
    start = seconds("2026-10-24T22:00:00Z")
    write(tmp_path, Room(1, "lobby", "Europe/Berlin", start, start + 4 * 3600))
    plain = table(export("--every", "1h", tmp_path))
    for dialect, separator, point in (("excel", ",", "."), ("excel-semicolon", ";", ",")):
        rows = table(export("--every", "1h", "--dialect", dialect, tmp_path).removeprefix("\ufeff"), delimiter=separator)
        assert [row["local_time"] for row in rows] == [
            "2026-10-25 00:00:00", "2026-10-25 01:00:00", "2026-10-25 02:00:00", "2026-10-25 02:00:00"]
        assert [row["time"] for row in rows] == [row["time"].replace("T", " ").rstrip("Z") for row in plain]
        assert [row["mean"] for row in rows] == [row["mean"].replace(".", point) for row in plain]
        assert [row["known"] for row in rows] == [row["known"].replace(".", point) for row in plain]
    assert any("." in row["mean"] for row in plain)


def test_json_lines_hold_all_of_it(hostile, tmp_path):
    text = export("--format", "ndjson", hostile)
    assert_inert(text)
    rows = [json.loads(line) for line in text.splitlines()]
    assert names_of(rows) == {uuid_of(n): shown(name) for n, name in enumerate(HOSTILE, 1)}

    start = seconds("2026-03-28T03:10:00Z")
    room = Room(1, "lobby", "Europe/Berlin", start, start + THREE_DAYS, site="")
    write(tmp_path, room)
    assert export("--json", tmp_path) == export("--format", "ndjson", tmp_path)
    rows = [json.loads(line) for line in export("--json", tmp_path).splitlines()]
    shared = {"room": "lobby", "site": None, "device": room.uuid}
    assert rows == [{"time": rfc3339(b.start), "end": rfc3339(b.end), "local_time": local(room.zone, b.start).isoformat(),
                     **shared, "interval": "QUARTERHOURLY", "count": b.count, "status": b.status} for b in room.buckets]
    rows = [json.loads(line) for line in export("--json", "--every", "1d", "--with", "max", tmp_path).splitlines()]
    assert [(row["time"], row["max"], row["interval"]) for row in rows] == [
        (rfc3339(at), figures and figures["max"], "1d") for at, figures, _ in room.coarser(86400)]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed: prometheus")
def test_prometheus_takes_the_openmetrics(hostile, tmp_path):
    start = seconds("2026-10-24T18:10:00Z")
    log = tmp_path / "log"
    log.mkdir()
    rooms = [Room(n, f"room {n}", "Europe/Berlin", start, start + 43200, interval, seed=n)
             for n, interval in enumerate(["QUARTERHOURLY", "MINUTELY", "HOURLY"], 1)]
    for folder, metric, options in ((write(log, *rooms), "occupancy_people", []),
                                    (log, "occupancy_people_mean", ["--every", "1h"]), (hostile, "occupancy_people", [])):
        text = export("--format", "openmetrics", *options, folder)
        assert_inert(text)
        assert text.endswith("\n# EOF\n") and text.count("# EOF\n") == 1
        (tmp_path / "metrics").write_text(text)
        blocks = tmp_path / f"blocks of {folder.name}{len(options)}"
        done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", tmp_path / "metrics", blocks],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        # What the dump wants: Prometheus 2.42 the one, 2.53 the other.
        (blocks / "wal").mkdir()
        (tmp_path / "data").mkdir(exist_ok=True)
        done = subprocess.run(["promtool", "tsdb", "dump", blocks], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        samples = {}
        for line in done.stdout.splitlines():
            labels, value, at = re.fullmatch(r"\{(.*)\} (\S+) (\d+)", line).groups()
            labels = dict(re.findall(r'(\w+)="((?:\\.|[^"\\])*)"', labels))
            assert labels["__name__"] == metric
            samples[labels["device"], int(at) // 1000] = (json.loads(f'"{labels["room"]}"'), float(value))
        if folder == hostile:
            assert {device: room for (device, _), (room, _) in samples.items()} == {
                uuid_of(n): shown(name) for n, name in enumerate(HOSTILE, 1)}
        elif options:
            expected = {(room.uuid, at): float(figures["mean"]) for room in rooms
                        for at, figures, _ in room.coarser(3600) if figures}
            assert samples.keys() == expected.keys()
            assert all(abs(samples[key][1] - mean) < 0.000001 for key, mean in expected.items())
        else:
            assert samples == {(room.uuid, b.start): (room.name, b.count) for room in rooms for b in room.buckets
                               if b.count is not None}


@pytest.fixture
def influx(tmp_path):
    """InfluxDB's server; asks it what is in its database."""
    if not shutil.which("influxd"):
        pytest.skip("influxd is not installed: influxdb")
    folder = tmp_path / "influxdb"
    port, control = free_port(), free_port()
    folder.mkdir()
    (folder / "influxdb.conf").write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{control}"\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n[monitor]\nstore-enabled = false\n[ifql]\nenabled = false\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\n')
    with open(folder / "output", "w") as output:
        server = subprocess.Popen(["influxd", "-config", folder / "influxdb.conf"], stdout=output, stderr=output)

    def ask(path, body=None):
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body), timeout=30) as reply:
            return reply.read()

    def answers():
        try:
            return ask("/ping") is not None
        except OSError:
            assert server.poll() is None, (folder / "output").read_text()
            return False
    try:
        wait_for(answers, 60, "influxd")
        ask("/query", b"q=CREATE+DATABASE+rooms")
        yield ask
    finally:
        server.terminate()
        server.wait(60)


def test_influxdb_takes_the_line_protocol(influx, hostile, tmp_path):
    start = seconds("2026-10-24T18:10:00Z")
    log = tmp_path / "log"
    log.mkdir()
    room = Room(99, "room", "Europe/Berlin", start, start + 43200)
    for lines in (export("--format", "influx", write(log, room)), export("--format", "influx", "--every", "1h", log),
                  export("--format", "influx", hostile)):
        assert_inert(lines)
        influx("/write?db=rooms", lines.encode())

    def found(field):
        query = urllib.parse.urlencode({"db": "rooms", "epoch": "s", "q": f'SELECT "{field}", device, interval, room FROM occupancy'})
        series = json.loads(influx(f"/query?{query}"))["results"][0]["series"][0]
        return [dict(zip(series["columns"], values)) for values in series["values"]]
    counts = found("count")
    assert {row["time"]: row["count"] for row in counts if row["device"] == room.uuid} == {
        b.start: b.count for b in room.buckets if b.count is not None}
    means = {row["time"]: row["mean"] for row in found("mean")}
    expected = {at: float(figures["mean"]) for at, figures, _ in room.coarser(3600) if figures}
    assert means.keys() == expected.keys() and all(abs(means[at] - expected[at]) < 0.000001 for at in means)
    # What ends in a backslash has a blank behind it, since that would stand for more.
    assert {row["device"]: row["room"] for row in counts if row["device"] != room.uuid} == {
        uuid_of(n): shown(name) + " " * shown(name).endswith("\\") for n, name in enumerate(HOSTILE, 1)}


# Output that cannot be written, and what a user gets wrong

@pytest.fixture
def log(tmp_path):
    start = seconds("2026-05-04T00:00:00Z")
    folder = tmp_path / "log"
    folder.mkdir()
    return write(folder, Room(1, "lobby", "UTC", start, start + 86400), Room(2, "lab", "UTC", start, start + 86400, "HOURLY"))


def test_a_file_is_there_whole_or_not_at_all(log, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "counts.csv"
    assert export("-o", path, log) == "" and path.read_bytes().decode() == export(log)
    assert path.stat().st_mode & 0o777 == 0o666 & ~current_umask()
    path.write_text("before")
    link = folder / "link.ndjson"
    link.symlink_to("counts.csv")
    assert export("-o", link, log) == "" and link.is_symlink()
    assert path.read_text() == export("--json", log)

    path.write_text("before")
    done = run("-o", path, log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)))
    assert done.returncode == 74 and b"counts.csv cannot be written: File too large" in done.stderr, done
    assert path.read_text() == "before" and sorted(p.name for p in folder.iterdir()) == ["counts.csv", "link.ndjson"]


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_full_disk_and_a_closed_pipe_are_said(log):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "export", log], stdout=full, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 74 and b"the output cannot be written: No space left on device" in done.stderr
    done = run("-o", "/dev/full", log)
    assert done.returncode == 74 and b"/dev/full cannot be written: No space left on device" in done.stderr
    read, write_end = os.pipe()
    os.close(read)
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "export", log], stdout=write_end, stderr=subprocess.PIPE, timeout=120)
    os.close(write_end)
    assert done.returncode == 74 and b"the output cannot be written: Broken pipe" in done.stderr


def test_a_signal_leaves_nothing_behind(tmp_path):
    start, end = seconds("2016-05-04T00:00:00Z"), seconds("2026-05-04T00:00:00Z")
    room = Room(1, "lobby", "UTC", start - 120, start, "MINUTELY")
    room.line(start, end, None, "gap")  # which makes millions of rows: time enough for a signal
    log, folder = tmp_path / "log", tmp_path / "out"
    log.mkdir()
    folder.mkdir()
    write(log, room, files=1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A shell that runs this in the background has it ignore interrupts, and that is heeded.
        process = subprocess.Popen([*WRAPPER, OCCUPANCYCTL, "export", "-o", folder / "counts.csv", log],
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        wait_for(lambda: list(folder.iterdir()), 60, "the temporary file")
        process.send_signal(number)
        assert process.wait(60) == -number
        assert list(folder.iterdir()) == []


def test_rooms_and_time_are_selected(log):
    rows = table(export("--room", "lab", "--from", "2026-05-04T08:00", "--to", "2026-05-04T10:00", log))
    assert [(row["room"], row["time"][11:]) for row in rows] == [("lab", "08:00:00Z"), ("lab", "09:00:00Z")]
    assert table(export("--during", "2026-05-05", log)) == []


def test_what_a_user_gets_wrong_is_said(log, tmp_path):
    current = log / "occupancy.ndjson"
    before = current.read_bytes()
    for arguments, code, text in [
            (["--every", "7m"], 64, '--every: "7m" is not an interval: expected minutes or hours that divide a day'),
            (["--every", "30m"], 64, '--every 30m: the counts of "lab" are of longer intervals (HOURLY)'),
            (["--with", "max"], 64, "--with is for --every"),
            (["--every", "1h", "--with", "sum"], 64, '"sum" is not known: expected mean, max or last'),
            (["--format", "pdf"], 64, '"pdf" is not known: expected csv, xlsx, ndjson, influx or openmetrics'),
            (["--dialect", "excel", "--format", "influx"], 64, "--dialect is for CSV"),
            (["--wide", "--format", "openmetrics"], 64, "--wide is for tables"),
            (["--room", "lab", "--room", "loby"], 64, 'the log has no room "loby": did you mean "lobby"?'),
            (["--site", "h*", "--site", "HQS"], 64, 'the log has no site "HQS": did you mean "hq"?'),
            (["--room", "l*", "--label", "floor=2"], 64, "no room of the log is all that was asked for"),
            (["--from", "2199-01-01"], 64, "that time is yet to come"),
            (["--during", "2199-01"], 64, "that time is yet to come"),
            (["-o", current], 64, "is a file of the log: it is not written over"),
            (["-o", tmp_path / "no" / "such"], 74, "such cannot be written: No such file or directory")]:
        done = run(*arguments, log)
        assert done.returncode == code and text in done.stderr.decode() and not done.stdout, (arguments, done)
    assert current.read_bytes() == before
    assert run(tmp_path / "out").returncode == 74


def test_lines_that_cannot_be_read_are_left_out_and_said(log):
    rows = len(table(export(log)))
    path = log / "occupancy-20300101T000000Z.ndjson"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "{broken", *lines[1:], "\x00\xff"]) + "\n")
    done = run(log)
    assert done.returncode == 0 and len(table(done.stdout.decode())) == rows
    assert f"2 lines that cannot be read are left out, first {path.name}:2: see occupancyctl verify" in done.stderr.decode()
