# SPDX-License-Identifier: ISC
"""Start, stop, reload, rotate, full disk: the daemon as its administrator meets it."""

import contextlib
import csv
import gzip
import json
import os
import pty
import re
import resource
import signal
import socket
import subprocess
import time

import pytest

from harness import (CSV_COLUMNS, FAKETIME_LIBRARY, SANITIZERS, SLOW, assert_complete, assert_contiguous,
                     expected_records, fast, last_minute, parse_time, rfc3339, stays, uuid_of, wait_for)


def rooms(*numbers, **more):
    return [{"uuid": uuid_of(n), "name": f"room-{n}", **more} for n in numbers]


def have_until(daemon, numbers, end):
    def have():
        records = daemon.records()
        return all(any(r["device"] == uuid_of(n) and parse_time(r["end"]) >= end for r in records) for n in numbers)
    return have


def check_all(daemon, numbers):
    records = daemon.records()
    for n in numbers:
        mine = [r for r in records if r["device"] == uuid_of(n)]
        assert_complete(records, uuid_of(n), expected_records(
            uuid_of(n), mine[0]["interval"], "UTC", parse_time(mine[0]["time"]), parse_time(mine[-1]["end"])))
    return records


def test_stops_and_starts_lose_and_double_nothing(fake, make_daemon):
    numbers = [1, 2, 3]
    daemon = make_daemon(fake.url, rooms(*numbers), account={"rate": "20/s", "burst": 1},
                         defaults={"backfill_from": "6h", "max_points": 20, "lookback": "10m"})
    for pause in (0.05, 0.15, 0.3, 0.1, 0.4):
        daemon.start()
        time.sleep(pause)  # wherever it is by then
        daemon.stop()
    daemon.start()
    wait_for(have_until(daemon, numbers, last_minute(daemon.started)), 30, "all")
    daemon.stop()
    records = check_all(daemon, numbers)
    assert len([r for r in records if r["device"] == uuid_of(1)]) >= 358
    # The first start decided where the log begins; later ones went on there.
    assert parse_time(records[0]["time"]) <= time.time() - 6 * 3600 + 120


def test_first_start_records_from_the_last_closed_bucket_on(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"interval": "QUARTERHOURLY", "window": None})
    assert daemon.run("--once")[0] == 0
    records = daemon.records()
    assert len(records) == 1
    closed = int(time.time() - 1) // 900 * 900
    assert parse_time(records[0]["end"]) in (closed, closed - 900)


def test_once_goes_on_where_the_last_run_ended(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "2h"})
    assert daemon.run("--once")[0] == 0
    first = len(daemon.records())
    requests = len(fake.journal())
    assert daemon.run("--once")[0] == 0
    assert len(daemon.records()) - first <= 1
    assert len(fake.journal()) - requests <= 1
    check_all(daemon, [1])


@pytest.mark.parametrize("server", ["answers", "is away"])
def test_a_clock_years_ahead_removes_nothing_and_spoils_no_name(fake, make_daemon, server):
    """keep_age and the names of rotated files go by the time that the server confirms, not by this machine's clock."""
    daemon = make_daemon(fake.url, rooms(*range(1, 10)), defaults={"backfill": "731d"}, log={"keep": 0, "keep_age": "30d"})
    assert daemon.run("--once")[0] == 0
    line = json.dumps(daemon.records()[-1], separators=(",", ":")) + "\n"
    now = time.time()
    old, young = (time.strftime("occupancy-%Y%m%dT%H%M%SZ.ndjson.gz", time.gmtime(now - days * 86400)) for days in (31, 29))
    for name in (old, young):
        with gzip.open(daemon.log_folder / name, "wt") as file:
            file.write(line)
    if server == "is away":
        fake.faults({"status": 503})
    daemon.start(LD_PRELOAD=FAKETIME_LIBRARY, FAKETIME="+600d")
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: "occupancy.ndjson: rotated" in daemon.stderr(), 10, "the line that says that it is rotated")
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: "there is no record in it" in daemon.stderr() or server == "answers", 10, "that the log is empty")
    if server == "answers":
        wait_for(lambda: not (daemon.log_folder / old).exists(), 10, "the file that is too old to be removed")
        wait_for(lambda: f"{old} removed, by log.keep_age" in daemon.stderr(), 10, "that it is told")
    else:
        stays(lambda: (daemon.log_folder / old).exists(), 2, "the file that no server says is too old")
    daemon.stop()
    names = sorted(path.name for path in daemon.log_folder.glob("occupancy-*"))
    assert young in names
    assert names[-1] < time.strftime("occupancy-%Y%m%dT%H%M%SZ", time.gmtime(now + 600)), names


def test_once_trims_and_compresses_before_it_ends(fake, make_daemon):
    """Each run may be shorter than what there is to compress, and there is no daemon between them."""
    daemon = make_daemon(fake.url, rooms(1), log={"keep": 2})
    assert daemon.run("--once")[0] == 0
    line = daemon.records()[-1]
    text = "".join(json.dumps({**line, "time": rfc3339(60 * n), "end": rfc3339(60 * n + 60)}, separators=(",", ":")) + "\n"
                   for n in range(100000))
    for day in range(10, 19):
        (daemon.log_folder / f"occupancy-202611{day}T000000Z.ndjson").write_text(text)
    code, _, stderr = daemon.run("--once")
    assert code == 0, stderr
    left = sorted(path.name for path in daemon.log_folder.glob("occupancy-*"))
    assert left == [f"occupancy-202611{day}T000000Z.ndjson.gz" for day in (17, 18)]
    with gzip.open(daemon.log_folder / left[0], "rt") as file:
        assert file.read() == text
    assert not list(daemon.log_folder.glob(".*"))


@pytest.mark.alone
def test_stop_takes_less_than_five_seconds_while_the_server_hangs(fake, make_daemon):
    fake.faults({"hang": True})
    daemon = make_daemon(fake.url, rooms(1, 2, 3)).start()
    wait_for(lambda: len(fake.journal()) == 3, 5, "requests on their way")
    assert daemon.stop() < 5 * SLOW
    assert daemon.notify.seen("STOPPING=1")
    fake.faults()
    daemon.start()
    wait_for(have_until(daemon, [1, 2, 3], last_minute(daemon.started)), 10, "all")
    daemon.stop()
    check_all(daemon, [1, 2, 3])


def test_interrupt_ends_it_cleanly(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1)).start()
    daemon.signal(signal.SIGINT)
    assert daemon.process.wait(20 * SLOW) == 0


def test_reload_adds_removes_and_renames_devices(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1, 2), defaults={"backfill_from": "30m"}).start()
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started)), 10, "the first two")
    daemon.write_config(fake.url, [{"uuid": uuid_of(1), "name": "foyer"}, *rooms(3)],
                        defaults={"backfill_from": "30m"})
    before = len(daemon.notify.messages)
    daemon.signal(signal.SIGHUP)
    wait_for(have_until(daemon, [3], last_minute(daemon.started)), 10, "the new one")
    told = [m for m in daemon.notify.messages[before:] if not m.startswith("STATUS")]
    assert re.match(r"RELOADING=1\nMONOTONIC_USEC=\d+$", told[0]) and told[1] == "READY=1", told
    assert "reloaded: 2 devices" in daemon.stderr()
    wait_for(lambda: daemon.notify.status.startswith("2 devices ok"), 5, "STATUS")
    daemon.stop()
    check_all(daemon, [1, 2, 3])
    assert not [e for e in fake.journal() if e["device"] == uuid_of(1)][2:], "the renamed device began anew"


def test_broken_reload_reports_every_mistake_and_keeps_the_old_configuration(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"}).start()
    wait_for(have_until(daemon, [1], last_minute(daemon.started)), 10, "the first")
    good = daemon.config.read_text()
    daemon.config.write_text(good.replace('interval = "MINUTELY"', 'interval = "SOMETIMES"')
                             .replace('settle = "1s"', 'settle = "1"'))
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "the old configuration stays in force" in daemon.stderr(), 5, "the report")
    stderr = daemon.stderr()
    assert re.search(r"occupancyd\.conf:\d+: defaults\.interval: .*SOMETIMES", stderr), stderr
    assert re.search(r"occupancyd\.conf:\d+: defaults\.settle: ", stderr), stderr
    daemon.config.write_text(good.replace("room-1", "still-here"))
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded: 1 device" in daemon.stderr(), 5, "the good one")
    daemon.stop()


def test_reload_names_keys_that_need_a_restart(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"}).start()
    other = daemon.folder / "other"
    other.mkdir()
    daemon.config.write_text(daemon.config.read_text().replace(str(daemon.state_folder), str(other)))
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded" in daemon.stderr(), 5, "reload")
    assert re.search(r"state\.directory has changed from .*: that needs a restart", daemon.stderr())
    daemon.stop()
    assert not list(other.iterdir()) and (daemon.state_folder / "checkpoint").exists()


def test_reload_does_not_make_a_node_of_a_daemon_that_is_alone(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"}, log={"format": "csv"}).start()
    wait_for(lambda: (daemon.log_folder / "occupancy.csv").stat().st_size > 0, 10, "the header")
    header = (daemon.log_folder / "occupancy.csv").read_text().splitlines()[0]
    with daemon.config.open("a") as file:
        file.write('cluster = { name = "hq"; node = "a"; endpoints = ( "http://127.0.0.1:1" ); };\n')
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded" in daemon.stderr(), 5, "reload")
    assert 'cluster has changed from none to "hq": that needs a restart, and until then none is used' in daemon.stderr()
    daemon.stop()
    assert [path.name for path in daemon.log_folder.glob("occupancy*")] == ["occupancy.csv"]
    assert (daemon.log_folder / "occupancy.csv").read_text().splitlines()[0] == header


def test_reloads_while_polling_lose_and_double_nothing(fake, make_daemon):
    numbers = list(range(1, 11))
    fake.faults({"delay_ms": 30})
    daemon = make_daemon(fake.url, rooms(*numbers), account={"max_in_flight": 4},
                         defaults={"backfill_from": "6h", "max_points": 30, "lookback": "5m"}).start()
    for _ in range(30):
        daemon.signal(signal.SIGHUP)
        time.sleep(0.05)  # some requests are on their way by the next one
    wait_for(have_until(daemon, numbers, last_minute(daemon.started)), 60, "all")
    daemon.stop()
    check_all(daemon, numbers)


def test_usr1_rotates_and_the_log_goes_on(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), account={"rate": "30/s", "burst": 1},
                         defaults={"backfill_from": "4h", "max_points": 10}, log={"compress": False})
    daemon.umask = 0o027
    daemon.start()
    for n in range(1, 4):
        wait_for(lambda: (daemon.log_folder / "occupancy.ndjson").stat().st_size > 0, 10, "something to rotate")
        daemon.signal(signal.SIGUSR1)
        wait_for(lambda: len(list(daemon.log_folder.glob("occupancy-*.ndjson"))) >= n, 10, "a rotated file")
    names = sorted(p.name for p in daemon.log_folder.glob("occupancy-*"))
    assert all(re.fullmatch(r"occupancy-\d{8}T\d{6}Z\.ndjson", name) for name in names), names
    wait_for(have_until(daemon, [1], last_minute(daemon.started)), 20, "all")
    daemon.stop()
    check_all(daemon, [1])
    assert oct((daemon.log_folder / "occupancy.ndjson").stat().st_mode & 0o777) == "0o640"


def test_size_rotation_compression_and_retention(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1, 2), defaults={"backfill_from": "20h", "max_points": 60},
                         log={"rotate_size": "64KiB", "keep": 5}).start()
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started)), 30, "all")
    wait_for(lambda: len(list(daemon.log_folder.glob("occupancy-*.ndjson.gz"))) == 5
             and not list(daemon.log_folder.glob("occupancy-*.ndjson")), 20, "five compressed files")
    daemon.stop()
    assert {p.name for p in daemon.log_folder.iterdir() if not p.name.endswith(".gz")} == {"occupancy.ndjson"}
    records = daemon.records()
    for n in (1, 2):
        mine = assert_contiguous(records, uuid_of(n), last=rfc3339(last_minute(daemon.started)))
        assert_complete(mine, uuid_of(n), expected_records(uuid_of(n), "MINUTELY", "UTC", parse_time(mine[0]["time"]),
                                                           parse_time(mine[-1]["end"])))


def test_log_moved_away_is_opened_anew(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), account={"rate": "30/s", "burst": 1},
                         defaults={"backfill_from": "6h", "max_points": 10}).start()
    log = daemon.log_folder / "occupancy.ndjson"
    wait_for(lambda: log.exists() and log.stat().st_size > 5000, 10, "some records")
    log.rename(daemon.log_folder / "occupancy-00000000T000000Z.ndjson")
    wait_for(have_until(daemon, [1], last_minute(daemon.started)), 30, "all")
    daemon.stop()
    check_all(daemon, [1])


def test_full_disk_pauses_polling_and_nothing_is_lost(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1, 2, 3), defaults={"backfill_from": "10h", "max_points": 60}).start()
    wait_for(lambda: len(daemon.records()) > 20, 10, "some records")
    wait_for(have_until(daemon, [1, 2, 3], last_minute(daemon.started)), 30, "all")
    size = (daemon.log_folder / "occupancy.ndjson").stat().st_size
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    daemon.write_config(fake.url, rooms(1, 2, 3, 4, 5), defaults={"backfill_from": "10h", "max_points": 60})
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "log cannot be written" in daemon.notify.status, 10, "STATUS")
    assert (daemon.log_folder / "occupancy.ndjson").stat().st_size == size, "half a batch was left behind"
    requests = len(fake.journal())
    stays(lambda: len(fake.journal()) - requests <= 4, 3, "four requests at most while polling pauses")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_for(have_until(daemon, [1, 2, 3, 4, 5], last_minute(daemon.started)), 40, "all")
    wait_for(lambda: "written again after" in daemon.stderr(), 10, "its end to be told")
    stderr = daemon.stderr()
    assert len(re.findall("polling pauses until it can be written", stderr)) == 1, stderr
    assert len(re.findall("written again after", stderr)) == 1, stderr
    daemon.stop()
    check_all(daemon, [1, 2, 3, 4, 5])


def test_csv_holds_the_same(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1, site='say "hi", all'), defaults={"backfill_from": "1h"},
                         log={"format": "csv"})
    assert daemon.run("--once")[0] == 0
    with open(daemon.log_folder / "occupancy.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = expected_records(uuid_of(1), "MINUTELY", "UTC", parse_time(rows[0]["time"]), parse_time(rows[-1]["end"]))
    assert {(r["time"], r["end"]): int(r["count"]) for r in rows} == expected and len(rows) == len(expected)
    assert all(r["site"] == 'say "hi", all' for r in rows)


def test_csv_is_harmless_and_reads_back_as_it_was(fake, make_daemon):
    """A UUID, a name and a message that a spreadsheet would calculate; the checkpoint is lost."""
    uuid = "-" + uuid_of(1)[1:]
    fake.faults({"warning": "=cmd|' /C calc'!A0, \"x\""})
    daemon = make_daemon(fake.url, [{"uuid": uuid, "name": "@SUM(A1)", "site": "'+1"}], defaults={"backfill_from": "30m"},
                         log={"format": "csv"})
    assert daemon.run("--once")[0] == 0
    text = (daemon.log_folder / "occupancy.csv").read_text()
    assert ",'@SUM(A1)," in text and f",'{uuid}," in text and ",''+1," in text
    records = daemon.records_at_rest()
    assert len(records) >= 28
    for r in records:
        assert (r["device"], r["name"], r["site"]) == (uuid, "@SUM(A1)", "'+1")
        assert r["warning"] == "=cmd|' /C calc'!A0, \"x\"" and list(r["event_counts"].values()) == [r["count"]]

    (daemon.state_folder / "checkpoint").unlink()
    assert daemon.run("--once")[0] == 0
    records = daemon.records_at_rest()
    assert_complete(records, uuid, expected_records(uuid, "MINUTELY", "UTC", parse_time(records[0]["time"]),
                                                    parse_time(records[-1]["end"])))


@pytest.mark.parametrize("checkpoint", [True, False], ids=["checkpoint", "no-checkpoint"])
def test_csv_of_an_older_version_is_rotated_and_read_back(checkpoint, fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "30m"}, log={"format": "csv", "compress": False})
    assert daemon.run("--once")[0] == 0
    current = daemon.log_folder / "occupancy.csv"
    old = [line.rpartition(',"{')[0] or line.rpartition(",")[0] for line in current.read_text().splitlines()]
    # As the older version would have left it.
    current.write_bytes("".join(f"{line}\r\n" for line in old).encode())
    if not checkpoint:
        (daemon.state_folder / "checkpoint").unlink()
    daemon.start()
    daemon.stop()
    rotated, = daemon.log_folder.glob("occupancy-*")
    assert rotated.read_text().splitlines() == old
    assert current.read_text().splitlines()[0] == old[0] + ",event_counts"
    records = daemon.records_at_rest()
    assert_complete(records, uuid_of(1), expected_records(uuid_of(1), "MINUTELY", "UTC", parse_time(records[0]["time"]),
                                                          parse_time(records[-1]["end"])))


def test_csv_has_its_header_before_its_first_record(fake, make_daemon):
    fake.faults({"hang": True})
    daemon = make_daemon(fake.url, rooms(1), log={"format": "csv"}).start()
    current = daemon.log_folder / "occupancy.csv"
    header = current.read_bytes()
    assert header.decode().strip().split(",") == CSV_COLUMNS and header.endswith(b"\r\n")
    daemon.signal(signal.SIGUSR1)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded" in daemon.stderr(), 5, "the reload")
    assert [p.name for p in daemon.log_folder.iterdir() if "csv" in p.name] == ["occupancy.csv"]
    assert current.read_bytes() == header
    current.rename(daemon.log_folder / "occupancy.csv.1")
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: current.exists() and current.read_bytes() == header, 5, "the header of the next file")
    fake.faults({})
    daemon.signal(signal.SIGHUP)
    wait_for(daemon.records, 20, "a record")
    daemon.stop()
    assert current.read_bytes().startswith(header + b"20")


@pytest.mark.alone
def test_watchdog_is_fed_while_the_server_hangs(fake, make_daemon):
    """Twice as often as it must be, so that a machine may be late by as much."""
    fake.faults({"hang": True})
    daemon = make_daemon(fake.url, rooms(1)).start(WATCHDOG_USEC="2000000")

    def pings():
        return [t for t, m in zip(list(daemon.notify.times), list(daemon.notify.messages)) if m == "WATCHDOG=1"]
    wait_for(lambda: len(pings()) >= 6, 20, "pings")
    gaps = [b - a for a, b in zip(pings(), pings()[1:])]
    assert max(gaps) < 2, gaps
    assert sum(gaps) / len(gaps) > 0.6, f"it is fed too often: {gaps}"
    daemon.stop()


def test_a_systemd_that_does_not_listen_holds_up_nothing(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1))
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    deaf.bind(str(daemon.folder / "deaf"))
    full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with contextlib.suppress(BlockingIOError):
        while True:
            full.sendto(b"", socket.MSG_DONTWAIT, str(daemon.folder / "deaf"))
    daemon.start(ready=False, notify_socket=daemon.folder / "deaf", WATCHDOG_USEC="200000")
    wait_for(daemon.records, 10, "a record though nobody listens")
    assert daemon.stop() < 5 * SLOW
    full.close()
    deaf.close()


def test_two_daemons_do_not_write_to_one_log(fake, make_daemon):
    first = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"}).start()
    second = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"}, log_folder=first.log_folder)
    wait_for(first.records, 10, "a record")
    code, _, stderr = second.run("--once")
    assert code == 75 and f"{first.log_folder}: another occupancyd writes its log there" in stderr, stderr
    first.stop()
    assert second.run("--once")[0] == 0


def test_journal_lines_carry_priorities(fake, make_daemon):
    fake.faults({"status": 403})
    daemon = make_daemon(fake.url, rooms(1))
    read, write = os.pipe()
    stat = os.fstat(write)
    process = subprocess.Popen(daemon.command("--once"), stderr=write, stdout=write,
                               env={**daemon.environment(), "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"})
    os.close(write)
    with open(read, errors="replace") as lines:
        text = lines.read()
    assert process.wait() == 69
    assert re.search(r"^<6>occupancyd \d", text, re.M) and re.search(r"^<3>acme: key refused", text, re.M), text


def test_once_shows_progress_on_a_terminal(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1, 2), account={"rate": "10/s", "burst": 1},
                         defaults={"backfill_from": "2h", "max_points": 10})
    master, terminal = pty.openpty()
    process = subprocess.Popen(daemon.command("--once"), stderr=terminal, stdout=terminal, env=daemon.environment())
    os.close(terminal)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    assert process.wait() == 0
    os.close(master)
    assert re.search(rb"backlog [1-9]\d*", text) and re.search(rb"\d+ records written to", text), text


def test_damaged_checkpoint_is_set_aside(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"})
    assert daemon.run("--once")[0] == 0
    checkpoint = daemon.state_folder / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"MINUTELY", b"MINUTELX"))
    code, _, stderr = daemon.run("--once")
    assert code == 0 and "set aside" in stderr, stderr
    assert list(daemon.state_folder.glob("checkpoint.damaged-*"))


@pytest.mark.long
def test_clock_steps_lose_and_double_nothing(fake, make_daemon):
    """The wall clock is set an hour late, right, back by half an hour, and right again."""
    daemon = make_daemon(fake.url, rooms(1, 2), defaults={"backfill_from": "10m", "lookback": "5m", "settle": "0"})
    clock = daemon.folder / "clock"

    def set_clock(offset):
        (daemon.folder / "clock.new").write_text(offset + "\n")
        (daemon.folder / "clock.new").rename(clock)

    set_clock("+0")
    daemon.start(LD_PRELOAD=FAKETIME_LIBRARY, FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1",
                 FAKETIME_DONT_FAKE_MONOTONIC="1")
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started, 0)), 20, "all up to the start")
    set_clock("-3600")
    wait_for(lambda: re.search("the clock was set back by (60 min|1 h)", daemon.stderr()), 100, "the first step to be noticed")
    set_clock("+0")
    wait_for(lambda: re.search("the clock was set forward by (60 min|1 h)", daemon.stderr()), 100, "the step to the right time")
    right = time.time()
    wait_for(have_until(daemon, [1, 2], last_minute(right, 0)), 100, "all up to the right clock")
    set_clock("-1800")
    wait_for(lambda: "the clock was set back by 30 min" in daemon.stderr(), 100, "the step back to be noticed")
    set_clock("+0")
    again = time.time()
    wait_for(have_until(daemon, [1, 2], last_minute(again, 0)), 100, "all up to now")
    daemon.stop()
    assert re.search("the clock was set forward by (60 min|1 h)", daemon.stderr())
    records = check_all(daemon, [1, 2])
    assert all(r["revision"] == 0 for r in records)


def test_clock_that_is_ahead_of_the_servers_records_nothing_before_it_is_over(start_fake, make_daemon):
    """An hour ahead: what has not happened yet is not recorded as no_data, and nothing is given up."""
    fake = start_fake(env=fast())
    daemon = make_daemon(fake.url, rooms(1, 2), defaults={"backfill_from": "70m", "settle": "2s", "lookback": "5m"})
    # What has passed there since its start is to be made up for, and a little that passes until ours.
    ahead = 3600 + int(fake.clock() - time.time()) + 2
    daemon.start(**fast(ahead))
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started, 3)), 20, "all up to now")
    wait_for(lambda: "clock is ahead of the server's" in daemon.notify.status, 5, "STATUS")
    later = fake.clock() + 60
    wait_for(have_until(daemon, [1, 2], last_minute(later, 3)), 100, "what closed meanwhile")
    over = fake.clock()
    daemon.stop()
    assert re.search(r"acme: this machine's clock is ahead of the server's by (60 min|1 h)", daemon.stderr()), daemon.stderr()
    for record in check_all(daemon, [1, 2]):
        assert parse_time(record["end"]) <= over, record


def test_a_device_that_comes_back_goes_on_where_it_was(fake, make_daemon):
    """Removed by a reload, absent over a restart, and put back."""
    defaults = {"backfill_from": "30m"}
    daemon = make_daemon(fake.url, rooms(1, 2), defaults=defaults).start()
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started)), 10, "both")
    daemon.write_config(fake.url, rooms(1), defaults=defaults)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded: 1 device" in daemon.stderr(), 5, "reload")
    daemon.stop()
    daemon.start()
    daemon.write_config(fake.url, rooms(1, 2), defaults=defaults)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded: 2 devices" in daemon.stderr(), 5, "reload")
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started)), 10, "both")
    daemon.stop()
    check_all(daemon, [1, 2])


@pytest.mark.skipif("thread" in SANITIZERS, reason="ThreadSanitizer writes files of its own")
def test_once_ends_on_a_full_disk_and_on_a_lasting_429(start_fake, make_daemon):
    fake = start_fake(env=fast())
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "1h"})
    process = subprocess.Popen(daemon.command("--once"), stderr=subprocess.PIPE, text=True,
                               env={**daemon.environment(), **fast()},
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    stderr = process.communicate(timeout=120)[1]
    assert process.returncode == 74 and "polling pauses until it can be written" in stderr, stderr
    fake.faults({"status": 429, "retry_after": 1})
    assert daemon.run("--once", env=fast())[0] == 69
    fake.faults()
    assert daemon.run("--once", env=fast(int(fake.clock() - time.time())))[0] == 0
    check_all(daemon, [1])


def test_status_says_when_a_reload_was_refused(fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"}).start()
    good = daemon.config.read_text()
    daemon.config.write_text(good + "\nnonsense = 1;\n")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "configuration not reloaded" in daemon.notify.status, 5, "STATUS")
    daemon.config.write_text(good)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" not in daemon.notify.status, 5, "STATUS")
    daemon.stop()


def test_paused_disk_does_not_spin(fake, make_daemon):
    fake.faults({"device": uuid_of(2), "delay_ms": 6000})
    daemon = make_daemon(fake.url, rooms(1, 2), defaults={"backfill_from": "10m"}).start()
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    daemon.signal(signal.SIGUSR1)
    time.sleep(5)  # its CPU time in these is what is measured
    ticks = open(f"/proc/{daemon.process.pid}/stat").read().rsplit(")", 1)[1].split()
    cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    assert cpu < 1.0 * SLOW, f"{cpu} s of CPU in 5 s"
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_for(have_until(daemon, [1, 2], last_minute(daemon.started)), 40, "all")
    daemon.stop()
    check_all(daemon, [1, 2])
