# SPDX-License-Identifier: ISC
"""What all commands of occupancyctl have in common: how rooms and times are chosen, what is said of what a user gets
wrong, exit codes, and output that cannot be written.
"""

import itertools
import json
import os
import re
import subprocess
import time

import pytest

from handmade import Room, write
from harness import OCCUPANCYCTL, WRAPPER, assert_clean, occupancyctl, rfc3339, uuid_of, wait_for
from test_calendar import seconds
from test_status import document, socket_path, start  # noqa: F401

READERS = ["verify", "export", "report"]
NOW = ["status", "metrics"]
COMMANDS = [*READERS, *NOW, "backfill", "discover"]
BEGIN = seconds("2026-05-04T00:00:00Z")


@pytest.fixture
def log(tmp_path):
    """Of three rooms on two sites."""
    folder = tmp_path / "log"
    folder.mkdir()
    more = {"labels": {"floor": "2"}}
    return write(folder, Room(1, "lobby", "UTC", BEGIN, BEGIN + 86400, "HOURLY", site="hq"),
                 Room(2, "lab", "UTC", BEGIN, BEGIN + 86400, "HOURLY", site="hq", **more),
                 Room(3, "hall", "UTC", BEGIN, BEGIN + 86400, "HOURLY", site="depot"))


# What is written, and what is said to it.
WRONG = {
    "an option that there is not": (["--nonsense"], "there is no option --nonsense: see occupancyctl {} --help"),
    "a slip in an option": (["--rom", "lab"], "there is no option --rom: did you mean --room?"),
    "a letter that is no option": (["-z"], "there is no option -z: see occupancyctl {} --help"),
    "a letter behind another option": (["--room", "lab", "-zz"], "there is no option -z: see occupancyctl {} --help"),
    "an option without its value": (["--room"], "--room needs a value"),
    "a value that is not wanted": (["--help=much"], "--help takes no value"),
    "no word for a period": (["--during", "sometime"], '--during: "sometime" is not a period: expected today, yesterday, "last week"'),
    "an ambiguous word for a period": (["--during", "last"],
                                       '--during: "last" is not a period: did you mean "last week" or "last month" or "last year"?'),
    "a part of a word": (["--during", "week"], '--during: "week" is not a period: did you mean "this week" or "last week"?'),
    "a slip in a period": (["--during", "yesterdya"], '"yesterdya" is not a period: did you mean "yesterday"?'),
    "no such month": (["--during", "2026-13"], '--during: "2026-13" is not a period: expected'),
    "no such week": (["--during", "2026-W54"], '--during: "2026-W54" is not a period: expected'),
    "no such day": (["--during", "2026-02-29"], '--during: "2026-02-29" is not a period: expected'),
    "no period at all": (["--during", ""], '--during: "" is not a period: expected'),
    "not a time": (["--from", "08:00"], '--from: "08:00" is not a time: expected 2026-11-03'),
    "not a time either": (["--to", "2026-11-31"], '--to: "2026-11-31" is not a time: expected 2026-11-03'),
    "an end before the beginning": (["--from", "2026-05-05", "--to", "2026-05-04"], "--to is not later than --from"),
    "an end that is the beginning": (["--from", "2026-05-04T08:00:00Z", "--to", "2026-05-04T09:00:00+01:00"],
                                     "--to is not later than --from"),
    "a label without a value": (["--label", "floor"], '--label: "floor" is not a label: expected NAME=VALUE'),
    "what a terminal acts upon": (["--room=a", "--\x1b[31mrom"], r"there is no option --\x1b[31mrom"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_by_all_commands_alike(wrong):
    arguments, said = WRONG[wrong]
    shared = {"--room": "--ro", "--label": "--label", "--during": "--during", "--from": "--from", "--to": "--to"}
    needed = {option for option, begin in shared.items() if any(word.startswith(begin) for word in arguments)}
    takers = [command for command in COMMANDS
              if needed <= set(re.findall(r"--[a-z]+", occupancyctl(command, "--help").stdout))]
    assert set(READERS) <= set(takers)
    for command in takers:
        done = occupancyctl(command, *arguments)
        assert done.returncode == 64 and done.stdout == "", (command, done)
        assert done.stderr.startswith("occupancyctl: ") and done.stderr.count("\n") == 1, done.stderr
        assert said.format(command) in done.stderr, done.stderr


@pytest.mark.parametrize("options, said", [
    (["--strict", "--s", "x"], "--s may be --site or --strict"), (["--r", "lab", "--nosuch"], "there is no option --nosuch")])
def test_the_beginning_of_an_option_is_enough_if_it_is_of_one(options, said):
    done = occupancyctl("verify", *options)
    assert done.returncode == 64 and said in done.stderr, done


ASKED = {
    "an unknown room": (["--room", "loby"], 64, 'the log has no room "loby": did you mean "lobby"?'),
    "an unknown room like none": (["--room", "kitchen"], 64, 'the log has no room "kitchen"\n'),
    "a pattern that no room is like": (["--room", "x*"], 64, 'the log has no room "x*"\n'),
    "one room of two": (["--room", "lab", "--room", "haal"], 64, 'the log has no room "haal": did you mean "hall"?'),
    "an unknown site": (["--site", "deppot"], 64, 'the log has no site "deppot": did you mean "depot"?'),
    "no room that is all of it": (["--room", "lobby", "--site", "depot"], 64, "no room of the log is all that was asked for"),
    "no room with that label": (["--label", "floor=3"], 64, "no room of the log is all that was asked for"),
    "a time to come": (["--from", "2199-01-01"], 64, "that time is yet to come"),
    "a year to come": (["--during", "2199"], 64, "that time is yet to come"),
    "a room of hostile name": (["--room", "a\x1b[31m\nb"], 64, 'the log has no room "a\\x1b[31m b"\n'),
}


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("asked", ASKED)
def test_what_the_log_does_not_have_is_said_by_all_readers_alike(asked, command, log):
    arguments, code, said = ASKED[asked]
    for form in ([], ["--json"]):
        done = occupancyctl(command, *form, *arguments, log)
        assert (done.returncode, done.stdout) == (code, "") and said in done.stderr, done
        assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("command", READERS)
def test_a_log_that_cannot_be_read_is_named(command, tmp_path):
    for path, code, said in ((tmp_path / "none", 74, "none: No such file or directory"), (__file__, 64, "not a file of the log")):
        done = occupancyctl(command, path)
        assert (done.returncode, done.stdout) == (code, "") and said in done.stderr, done
    (tmp_path / "empty").mkdir()
    done = occupancyctl(command, tmp_path / "empty")
    assert done.returncode == 1 and "here is no record here" in done.stdout + done.stderr, done
    done = occupancyctl(command, "-c", tmp_path / "no.conf", tmp_path / "empty")
    assert done.returncode == 78 and "no.conf" in done.stderr, done


SELECTED = {
    "all": ([], {"lobby", "lab", "hall"}),
    "a room": (["--room", "lab"], {"lab"}),
    "two rooms": (["--room", "LAB", "--room", "h?ll"], {"lab", "hall"}),
    "a site": (["--site", "hq"], {"lobby", "lab"}),
    "a site in other letters": (["--site", "D*"], {"hall"}),
    "a label": (["--label", "floor=2"], {"lab"}),
    "a label of a site": (["--label", "floor=2", "--site", "hq", "--room", "l*"], {"lab"}),
}


def rooms_of(command, *arguments):
    """The rooms that are in what a command says."""
    done = occupancyctl(command, *([] if command == "metrics" else ["--json"]), *arguments)
    assert done.returncode == 0, done
    if command == "metrics":
        return set(re.findall(r'^occupancyd_room_backlog_buckets\{room="([^"]*)"', done.stdout, re.M))
    documents = [json.loads(line) for line in done.stdout.splitlines()] if command == "export" else [json.loads(done.stdout)]
    if command == "export":
        return {row["room"] for row in documents}
    assert documents[0]["version"] == 1
    if command == "verify":
        return documents[0]["rooms"]
    return {room.get("room", room.get("name")) for room in documents[0]["devices" if command == "status" else "rooms"]}


def test_rooms_are_selected_by_all_commands_alike(start_fake, make_daemon, socket_path):  # noqa: F811
    fake = start_fake()
    devices = [{"uuid": uuid_of(1), "name": "lobby", "site": "hq"}, {"uuid": uuid_of(2), "name": "lab", "site": "hq", "labels": {"floor": "2"}},
               {"uuid": uuid_of(3), "name": "hall", "site": "depot"}]
    now = time.time()
    daemon = start(make_daemon(fake.url, devices, defaults={"interval": "HOURLY", "window": "1h",
                                                            "backfill_from": "30h"}), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["fresh"] == 3, 20, "all are fresh")
    (daemon.state_folder / "spool").mkdir(exist_ok=True)
    # Orders are last: they reload the daemon, which cuts off what its socket gives.
    for commands in ((*READERS, *NOW), ("backfill",)):
        for command, (options, rooms) in itertools.product(commands, SELECTED.values()):
            more = ["--socket", socket_path] if command in NOW else []
            if command == "backfill":
                more = ["--yes", "--from", rfc3339(int(now) - 20 * 3600), "--to", rfc3339(int(now) - 15 * 3600)]
            found = rooms_of(command, "-c", daemon.config, *more, *options)
            assert found == (len(rooms) if command == "verify" else rooms), (command, options)
    # Times are cut the same; a command that is about now says that it has none.
    hours = ["--from", rfc3339(int(now) // 3600 * 3600 - 10 * 3600), "--to", rfc3339(int(now) // 3600 * 3600 - 4 * 3600)]
    expected = json.loads(occupancyctl("verify", "--json", "-c", daemon.config, *hours).stdout)
    assert expected["complete"] and expected["expected"] == 18
    assert len(occupancyctl("export", "--json", "-c", daemon.config, *hours).stdout.splitlines()) == 18
    assert json.loads(occupancyctl("report", "--json", "-c", daemon.config, *hours).stdout)["expected"] == 18
    for command in NOW:
        for period in (hours, ["--during", "yesterday"], hours[:2], hours[2:]):
            done = occupancyctl(command, "-c", daemon.config, "--socket", socket_path, *period)
            assert (done.returncode, done.stdout) == (64, ""), done
            assert f"{command} has no option {period[0]}: see occupancyctl {command} --help" in done.stderr
    done = occupancyctl("metrics", "--json", "-c", daemon.config, "--socket", socket_path)
    assert (done.returncode, done.stdout) == (64, "") and "metrics has no option --json" in done.stderr, done


# Output

def without_output(command, *arguments):
    """Exit code and words of a command whose standard output takes nothing: a full disk, and a pipe that nobody reads."""
    read, write_end = os.pipe()
    os.close(read)
    with open("/dev/full", "w") as full:
        for output, why in ((full, "No space left on device"), (write_end, "Broken pipe")):
            done = subprocess.run([*WRAPPER, OCCUPANCYCTL, command, *map(str, arguments)], stdout=output, stderr=subprocess.PIPE,
                                  timeout=120)
            assert_clean(done.stderr.decode())
            yield done.returncode, done.stderr.decode(), f"occupancyctl: the output cannot be written: {why}\n"
    os.close(write_end)


@pytest.mark.parametrize("arguments", [
    ["verify"], ["verify", "--json"], ["verify", "--by", "day", "--gaps"], ["export"], ["export", "--json"], ["report"],
    ["report", "--json"]], ids=" ".join)
def test_output_that_cannot_be_written_is_said(arguments, log):
    for code, stderr, said in without_output(*arguments, log):
        assert (code, stderr) == (74, said)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["help"], ["verify", "--help"], ["status", "-h"]], ids=" ".join)
def test_help_that_cannot_be_written_is_said(arguments):
    for code, stderr, said in without_output(*arguments):
        assert (code, stderr) == (74, said)


EVIL = "a,\"q\"='x'\x1b[31mRED\x1b[0m\x1b]0;owned\x07\nb \U0001f600 <script>alert(1)</script>\u202e\x9b2J"


@pytest.mark.parametrize("options", [[], ["--gaps"], ["--by", "day", "--gaps"]], ids=["plain", "gaps", "days"])
def test_names_and_reasons_of_a_log_do_not_act_on_a_terminal(options, tmp_path):
    room = Room(1, EVIL, "UTC", BEGIN, BEGIN + 3600, "MINUTELY", site=EVIL)
    room.line(BEGIN + 3600, BEGIN + 7200, None, "gap", reason=EVIL)
    room.line(BEGIN + 7260, BEGIN + 7320, 3, "ok")
    log = write(tmp_path, room, files=1)
    (log / "occupancy.ndjson").rename(log / "occupancy.ndjson-\x1b[32m")
    with open(log / "occupancy.ndjson-\x1b[32m", "a") as file:
        file.write("{broken\n")
    done = occupancyctl("verify", *options, log)
    assert done.returncode == 1 and done.stderr == ""
    assert not [c for c in done.stdout if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0 or c == "\u202e"], done.stdout
    shown = r'a,"q"=' + r"'x'\x1b[31mRED\x1b[0m\x1b]0;owned\x07 b 😀 <script>alert(1)</script>\xe2\x80\xae\xc2\x9b2J"
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith(f"{shown}  2026-05-04 02:00-02:01Z  1 missing  occupancy.ndjson-\\x1b[32m:")]
    assert [line for line in lines if re.fullmatch(r"occupancy\.ndjson-\\x1b\[32m:\d+: not a record", line)]
    if "--gaps" in options:
        assert [line for line in lines if f": {shown}  occupancy.ndjson-" in line and "gap of 60" in line]
    document = json.loads(occupancyctl("verify", "--json", log).stdout)
    assert {defect.get("room", EVIL) for defect in document["defects"]} == {EVIL}
    # A file that cannot be read, of such a name.
    (log / "occupancy.ndjson-\x1b[33m.gz").mkdir()
    done = occupancyctl("verify", log / "occupancy.ndjson-\x1b[34m")
    assert done.returncode == 74 and "\x1b" not in done.stderr and "\\x1b[34m: No such file or directory" in done.stderr


@pytest.mark.parametrize("command", ["export", "report"])
def test_a_damaged_time_does_not_make_millions_of_years(command, log):
    before = occupancyctl(command, log)
    path = log / "occupancy.ndjson"
    lines = path.read_text().splitlines()
    made = json.loads(lines[-1])
    far = {**made, **{name: "9999" + made[name][4:] for name in ("time", "end", "local_time")}}
    gap = {**made, "end": "9999-01-01T00:00:00Z", "count": None, "status": "gap"}
    old = {**made, **{name: "0001" + made[name][4:] for name in ("time", "end", "local_time")}}
    path.write_text("\n".join([*lines, *map(json.dumps, (far, gap, old))]) + "\n")
    done = occupancyctl(command, log)
    assert (done.returncode, done.stdout) == (0, before.stdout), done
    assert f"3 lines that cannot be read are left out, first occupancy.ndjson:{len(lines) + 1}" in done.stderr, done


def test_a_log_of_a_daemon_whose_clock_is_ahead_is_read(log):
    """What it recorded was over when it did."""
    path = log / "occupancy.ndjson"
    for file in log.iterdir():
        file.write_text(file.read_text().replace("2026-", "2199-"))
    assert len(occupancyctl("export", "--json", log).stdout.splitlines()) == 72
    assert "unreadable" not in occupancyctl("verify", path.parent).stdout.splitlines()[-1]


def test_a_log_of_which_no_line_can_be_read_is_not_one_without_records(log, tmp_path):
    path = tmp_path / "occupancy.ndjson"
    path.write_bytes((log / "occupancy.ndjson").read_bytes().replace(b"\n", b"\r\n"))
    lines = path.read_bytes().count(b"\n")
    done = occupancyctl("verify", path)
    assert done.returncode == 1 and done.stdout.endswith(f"Not complete: {lines} unreadable.\n"), done.stdout
