# SPDX-License-Identifier: ISC
"""occupancyctl verify: what the real daemon wrote is complete, and each damage is found, named and counted."""

import datetime
import gzip
import json
import signal

import pytest

from harness import dated, occupancyctl, parse_time, rfc3339, uuid_of, wait_for, written_by
from test_calendar import BACK, CHANGES, recorded_at, seconds


def verify(*arguments):
    done = occupancyctl("verify", *arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.long
@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("zone, now", CHANGES[2::3], ids=[f"{zone}-{now[:10]}" for zone, now in CHANGES[2::3]])
def test_what_the_daemon_wrote_is_complete_by_the_calendar_of_each_room(zone, now, form, start_fake, make_daemon):
    fake = start_fake("--zone", zone, "--now", now)
    end = seconds(now) - 60
    devices = [{"uuid": uuid_of(number), "name": interval.lower(), "interval": interval,
                "window": {"MINUTELY": "5m", "QUARTERHOURLY": "30m", "HOURLY": "2h", "NONE": "15m"}.get(interval),
                "backfill_from": rfc3339(end - days * 86400)} for number, (interval, days) in enumerate(BACK.items(), 1)]
    daemon = recorded_at(now, zone, fake, make_daemon, devices, log={"format": form, "rotate_size": "64KiB"})

    records = daemon.records()
    code, out, _ = verify(daemon.log_folder)
    assert code == 0, out
    assert f"{len(BACK)} rooms, {len(records)} buckets expected" in out
    assert out.endswith("Complete: every bucket is there once.\n")

    # A day, a month or an hour that is left out counts one.
    for interval in BACK:
        mine = [r for r in records if r["interval"] == interval]
        path = daemon.log_folder / "one.ndjson"
        left_out = mine[len(mine) // 2]
        path.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in mine if r is not left_out))
        code, out, _ = verify(path)
        assert code == 1 and out.endswith("Not complete: 1 missing.\n"), (interval, out)
        assert f"{interval.lower()}  {left_out['time'][:10]}" in out
        path.unlink()


def lines_of(count, name="lobby", number=1):
    """Records of minutes as the daemon writes them, from 2026-11-23T08:00Z on."""
    return [json.dumps({"time": rfc3339(1795420800 + 60 * i), "name": name, "count": i % 7, "status": "ok",
                        "interval": "MINUTELY", "device": uuid_of(number), "revision": 0,
                        "end": rfc3339(1795420860 + 60 * i), "local_time": rfc3339(1795420800 + 60 * i)[:-1] + "+00:00",
                        "account": "acme", "polled_at": rfc3339(1795420900 + 60 * i)}, separators=(",", ":"))
            for i in range(count)]


def changed(line, **members):
    return json.dumps({**json.loads(line), **members}, separators=(",", ":"))


DAMAGES = {
    "lines left out": (lambda lines: lines[:20] + lines[23:], "lobby  2026-11-23 08:20-08:23Z  3 missing  occupancy.ndjson:21",
                       "Not complete: 3 missing."),
    "a line twice": (lambda lines: lines[:20] + lines[19:], "lobby  2026-11-23 08:19-08:20Z  1 doubled  occupancy.ndjson:21",
                     "Not complete: 1 doubled."),
    "a line too late": (lambda lines: lines[:20] + lines[21:40] + [lines[20]] + lines[40:],
                        "lobby  2026-11-23 08:20-08:21Z  1 out of order  occupancy.ndjson:40",
                        "Not complete: 1 out of order."),
    "a line cut in two": (lambda lines: lines[:20] + [lines[20][:100], lines[20][100:]] + lines[21:],
                          "occupancy.ndjson:21: not a record", "Not complete: 1 missing, 2 unreadable."),
    "a correction of nothing": (lambda lines: lines[:20] + [changed(lines[20], revision=1)] + lines[21:],
                                "lobby  2026-11-23 08:20-08:21Z  1 corrected without a first record  occupancy.ndjson:21",
                                "Not complete: 1 corrected without a first record."),
    "a correction twice": (lambda lines: [*lines, changed(lines[20], revision=1), changed(lines[20], revision=1)],
                           "lobby  2026-11-23 08:20-08:21Z  1 doubled  occupancy.ndjson:62", "Not complete: 1 doubled."),
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_named_and_counted(damage, compressed, tmp_path):
    change, line, verdict = DAMAGES[damage]
    data = ("\n".join(change(lines_of(60))) + "\n").encode()
    if compressed:
        (tmp_path / "occupancy-20261123T100000Z.ndjson.gz").write_bytes(gzip.compress(data))
        line = line.replace("occupancy.ndjson", "occupancy-20261123T100000Z.ndjson.gz")
    else:
        (tmp_path / "occupancy.ndjson").write_bytes(data)
    code, out, _ = verify(tmp_path)
    assert code == 1, out
    assert line in out.splitlines()
    assert out.splitlines()[-1] == verdict


def test_a_gap_says_why_and_strict_counts_it(tmp_path):
    lines = lines_of(60)
    gap = changed(lines[20], count=None, status="gap", end=rfc3339(1795420800 + 60 * 25), reason="HTTP 500")
    filled = changed(lines[22], revision=1)
    (tmp_path / "occupancy.ndjson").write_text("\n".join([*lines[:20], gap, *lines[25:], filled]) + "\n")
    code, out, _ = verify(tmp_path)
    assert code == 0 and "4  in 1 recorded gap (--gaps)" in out and "60 buckets expected" in out
    assert out.endswith("Complete: every bucket is there once, or a gap says why not.\n")
    code, out, _ = verify("--strict", "--gaps", tmp_path)
    assert code == 1 and "lobby  2026-11-23 08:20-08:22Z  gap of 2: HTTP 500  occupancy.ndjson:21" in out
    assert out.endswith("Not complete: 4 buckets in recorded gaps.\n")


def test_gaps_and_corrections_are_those_of_the_time_that_was_asked_about(tmp_path):
    lines = lines_of(60)
    gap = changed(lines[20], count=None, status="gap", end=rfc3339(1795420800 + 60 * 25), reason="HTTP 500")
    (tmp_path / "occupancy.ndjson").write_text("\n".join([*lines[:20], gap, *lines[25:], changed(lines[5], revision=1)]) + "\n")
    late = ["--gaps", "--from", "2026-11-23T08:30", tmp_path]
    out = verify(*late)[1]
    assert "gap of" not in out and "0  in 0 recorded gaps" in out and "0  corrected later\n" in out, out
    out = verify("--gaps", "--from", "2026-11-23T08:23", tmp_path)[1]
    assert "lobby  2026-11-23 08:23-08:25Z  gap of 2: HTTP 500  occupancy.ndjson:21" in out, out
    answer = json.loads(verify("--json", *late)[1])
    assert (answer["gap"], answer["gaps"], answer["corrected"], answer["expected"]) == (0, [], 0, 30)


def test_json_says_what_the_lines_say(tmp_path):
    lines = lines_of(60)
    gap = changed(lines[20], count=None, status="gap", end=rfc3339(1795420800 + 60 * 25), reason="HTTP 500")
    path = tmp_path / "occupancy.ndjson"
    path.write_text("\n".join([*lines[:20], gap, *lines[25:40], *lines[43:], "{", changed(lines[5], revision=1)]) + "\n")
    code, out, _ = verify("--json", tmp_path)
    answer = json.loads(out)
    room = {"device": uuid_of(1), "room": "lobby", "interval": "MINUTELY", "file": str(path)}
    assert code == 1 and answer == {
        "version": 1, "complete": False, "files": 1, "bytes": path.stat().st_size, "records": 54, "rooms": 1,
        "from": "2026-11-23T08:00:00Z", "to": "2026-11-23T09:00:00Z", "expected": 60, "ok": 52, "no_data": 0,
        "ambiguous": 0, "gap": 5, "missing": 3, "corrected": 1,
        "defects": [{"defect": "unreadable", "reason": "not a record", "file": str(path), "line": 54},
                    {"defect": "missing", **room, "from": "2026-11-23T08:40:00Z", "to": "2026-11-23T08:43:00Z",
                     "buckets": 3, "line": 37}],
        "gaps": [{"reason": "HTTP 500", **room, "from": "2026-11-23T08:20:00Z", "to": "2026-11-23T08:25:00Z",
                  "buckets": 5, "line": 21}]}


def test_days_are_those_of_the_rooms_clock(tmp_path):
    # Eleven at night in Denver: the second hour is of the next day.
    lines = [changed(line, time=rfc3339(1795500000 + 60 * i), end=rfc3339(1795500060 + 60 * i),
                     local_time=rfc3339(1795500000 + 60 * i - 7 * 3600)[:-1] + "-07:00")
             for i, line in enumerate(lines_of(120))]
    (tmp_path / "occupancy.ndjson").write_text("\n".join(lines[:70] + lines[75:]) + "\n")
    days = [line.split() for line in verify("--by", "day", tmp_path)[1].splitlines() if line.startswith("2026-")]
    assert days == [["2026-11-23", "60", "60", "0", "0", "0"], ["2026-11-24", "60", "55", "0", "0", "5"]]


def test_what_is_being_written_is_not_torn(tmp_path):
    text = "\n".join(lines_of(10))
    (tmp_path / "occupancy.ndjson").write_text(text[:-5])
    assert verify(tmp_path)[0] == 0
    # In a file that nobody writes to it is.
    (tmp_path / "occupancy.ndjson").rename(tmp_path / "occupancy-20261123T100000Z.ndjson")
    code, out, _ = verify(tmp_path)
    assert code == 1 and "occupancy-20261123T100000Z.ndjson:10: torn" in out


def test_rooms_and_time_are_selected(tmp_path):
    lobby, lab = lines_of(60), lines_of(60, "lab", 2)
    del lab[30:32]
    (tmp_path / "occupancy.ndjson").write_text("\n".join(lobby + lab) + "\n")
    assert verify(tmp_path)[0] == 1
    assert verify("--room", "lobby", tmp_path)[0] == 0
    assert verify("--room", "l*", tmp_path)[0] == 1
    assert verify("--to", "2026-11-23T08:30", tmp_path)[0] == 0
    code, out, _ = verify("--from", "2026-11-23T08:31", "--room", "lab", tmp_path)
    assert code == 1 and out.endswith("Not complete: 1 missing.\n")
    (tmp_path / "occupancy.ndjson").write_text("\n".join(
        [changed(line, site="Denver HQ", labels={"floor": "2"}) for line in lobby] + lab) + "\n")
    assert verify("--site", "denver*", tmp_path)[0] == verify("--label", "floor=2", tmp_path)[0] == 0
    assert verify("--label", "floor=3", tmp_path)[0] == 64
    assert verify("--during", "2026-11-22", tmp_path)[1].endswith("There is no record here.\n")


def test_what_a_user_gets_wrong_is_said(tmp_path):
    for arguments, code, text in [
            (["--nonsense"], 64, "there is no option --nonsense"),
            (["--room"], 64, "--room needs a value"),
            (["--during", "sometime"], 64, '--during: "sometime" is not a period'),
            ([tmp_path / "nothing"], 74, "nothing: No such file or directory"),
            (["-c", tmp_path / "no.conf"], 78, "no.conf"),
            ([__file__], 64, "not a file of the log")]:
        done = verify(*arguments)
        assert done[0] == code and text in done[2], done


DAY = 86400


def test_files_that_retention_removed_are_not_missing(start_fake, make_daemon):
    """A daemon that has recorded for days, of which a few files are left."""
    devices = [{"uuid": uuid_of(1), "name": "lobby"}]
    defaults = {"backfill": "30d", "recheck": [], "max_points": 200}
    log = {"rotate_size": "64KiB", "keep": 1000}
    past = start_fake("--clock-offset-ms", str(-3 * DAY * 1000))
    daemon = make_daemon(past.url, devices, defaults=defaults, log=log)
    code, _, stderr = daemon.run("--once", env=dated(-3 * DAY))
    assert code == 0, stderr
    since = parse_time(daemon.records()[0]["end"])
    fake = start_fake()
    daemon.write_config(fake.url, devices, defaults=defaults, log={"directory": str(daemon.log_folder), **log})
    code, _, stderr = daemon.run("--once")
    assert code == 0, stderr
    files = len(daemon.log_files())
    assert files > 8 and len(daemon.records()) > 3 * 1440 - 10
    code, out, _ = verify("-c", daemon.config)
    assert code == 0 and "begins" not in out, out
    assert "earlier" not in json.loads(verify("-c", daemon.config, "--json")[1])

    # A setting that takes hold later: what it removes is said, and nothing is missing.
    log["keep"] = 4
    daemon.write_config(fake.url, devices, defaults=defaults, log={"directory": str(daemon.log_folder), **log})
    daemon.start()
    wait_for(lambda: len(daemon.log_files()) == 5 and not list(daemon.log_folder.glob(".*")), 30, "files are removed")
    daemon.stop()
    first = daemon.records()[0]["time"]
    assert parse_time(first) > since + DAY
    earlier = json.loads(verify("-c", daemon.config, "--json", daemon.log_folder)[1])["earlier"]
    # Its first bucket was the last that was closed and settled.
    recorded = parse_time(earlier.pop("recorded_since"))
    assert since <= recorded <= since + 120 and earlier == {"certain": True, "removed_by": "keep"}
    code, out, _ = verify("-c", daemon.config)
    lines = out.splitlines()
    assert code == 0 and lines[-1] == "Complete: every bucket is there once.", out
    assert lines[-2] == f"begins {day(parse_time(first))}; earlier files were removed by keep (recorded since {day(recorded)})"

    # What was not asked about needs no explanation.
    assert "begins" not in verify("-c", daemon.config, "--from", rfc3339(parse_time(first) + 3600))[1]
    # Files that somebody else has taken away.
    (daemon.log_files()[0]).unlink()
    out = verify("-c", daemon.config)[1]
    assert f"; earlier files are not here (recorded since {day(recorded)})\n" in out, out
    # Without the checkpoint nobody knows; elsewhere neither that nor the settings say anything.
    (daemon.state_folder / "checkpoint").unlink()
    assert "begins" not in verify("-c", daemon.config)[1]
    (daemon.log_folder / "occupancy-20200101T000000Z.ndjson").write_text("")
    out = verify("-c", daemon.config)[1]
    assert f"begins {day(parse_time(daemon.records()[0]['time']))}; earlier files may have been removed by keep\n" in out, out
    assert "begins" not in verify(daemon.log_folder)[1]


def day(instant):
    return datetime.datetime.fromtimestamp(instant, datetime.timezone.utc).strftime("%-d %b %Y")


def test_a_log_that_corrects_what_is_not_there_says_that_there_was_more(tmp_path):
    lines = lines_of(60)
    (tmp_path / "occupancy.ndjson").write_text("\n".join([*lines[10:], changed(lines[5], revision=1)]) + "\n")
    code, out, _ = verify(tmp_path)
    assert code == 0 and "begins 23 Nov 2026; earlier files are not here\n" in out, out
    assert json.loads(verify("--json", tmp_path)[1])["earlier"] == {"certain": True, "removed_by": None}


def names_exported(daemon, *options):
    """{room: [time]} of what export writes."""
    rows = map(json.loads, written_by("export", "--json", "-c", daemon.config, *options).splitlines())
    found = {}
    for row in rows:
        assert row["status"] == "ok", row
        found.setdefault(row["room"], []).append(row["time"])
    return found


def test_devices_that_reloads_add_remove_rename_and_move_are_rooms(start_fake, make_daemon):
    """What is changed while the daemon runs: the log stays complete, and export and report have the rooms it then has."""
    fake = start_fake()
    one, two, three = (uuid_of(number) for number in (1, 2, 3))
    daemon = make_daemon(fake.url, [{"uuid": one, "name": "lobby"}, {"uuid": two, "name": "lab"}],
                         defaults={"interval": "HOURLY", "window": "1h", "backfill_from": "5h"})
    daemon.start()
    wait_for(lambda: {r["device"] for r in daemon.records()} == {one, two}, 20, "both are recorded")

    def reload(*devices, backfill="8h"):
        daemon.write_config(fake.url, devices, defaults={"interval": "HOURLY", "window": "1h", "backfill_from": backfill})
        daemon.signal(signal.SIGHUP)

    # One gets another name and zone, one goes, and one comes.
    reload({"uuid": one, "name": "great hall", "timezone": "Asia/Kolkata", "interval": "QUARTERHOURLY", "window": "15m"},
           {"uuid": one, "name": "hall", "timezone": "America/Denver"}, {"uuid": three, "name": "annexe", "site": "depot"})
    wait_for(lambda: {r["name"] for r in daemon.records()} >= {"lobby", "lab", "great hall", "annexe"}, 20, "the new ones")
    # The removed one comes back with another name and is asked for what has come meanwhile: nothing.
    reload({"uuid": one, "name": "hall", "timezone": "America/Denver"}, {"uuid": two, "name": "laboratory"})
    wait_for(lambda: daemon.stderr().count(": reloaded: ") == 2, 20, "the reload")
    daemon.stop()

    records = daemon.records_at_rest()
    code, out, _ = verify("-c", daemon.config)
    assert code == 0 and f"4 rooms, {len(records)} buckets expected" in out, out
    assert out.endswith("Complete: every bucket is there once.\n")
    # A room is called by the latest name that the log has.
    names = {(r["device"], r["interval"]): r["name"] for r in records}
    assert set(names) == {(one, "HOURLY"), (two, "HOURLY"), (one, "QUARTERHOURLY"), (three, "HOURLY")}
    times = {name: [r["time"] for r in records if (r["device"], r["interval"]) == room] for room, name in names.items()}
    assert names_exported(daemon) == times
    assert names_exported(daemon, "--site", "depot") == {"annexe": times["annexe"]}
    rooms = json.loads(written_by("report", "--json", "-c", daemon.config))["rooms"]
    assert {room["room"]: room["counted"] for room in rooms} == {name: len(row) for name, row in times.items()}
    assert all(room["completeness"] == 1 for room in rooms)
