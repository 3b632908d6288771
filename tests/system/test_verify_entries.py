# SPDX-License-Identifier: ISC
"""occupancyctl verify on the logs of a cluster's nodes: the numbers of entries, and --against another node's log.

The log is of two accounts, whose entries come in turns, of up to three lines each.  It is written in NDJSON and in CSV, whole,
rotated and compressed, and each defect is planted into it.
"""

import csv
import gzip
import io
import json
import subprocess

import pytest

from harness import OCCUPANCYCTL, WRAPPER, assert_clean, parse_time, rfc3339, uuid_of

COLUMNS = ("time,name,count,status,interval,device,revision,end,previous,local_time,site,account,timestamp_ms,date_local,"
           "date_utc,warning,reason,polled_at,event_counts,entry").split(",")
BEGIN = parse_time("2026-11-01T04:00:00Z")
ACCOUNTS = {"acme": [("lobby", 1), ("lab, 2", 2), ("=hall", 3)], "eu": [("house", 4)]}
FORMS = ["ndjson", "csv"]


def record(account, room, number, minute, entry):
    start = BEGIN + 60 * minute
    made = {"time": rfc3339(start), "name": room, "count": minute % 7, "status": "ok", "interval": "MINUTELY",
            "device": uuid_of(number), "revision": 0, "end": rfc3339(start + 60),
            "local_time": rfc3339(start)[:-1] + "+00:00", "site": "north, \"1\"", "account": account,
            "event_counts": {"people": minute % 7, "a\"b": None}, "approximate_timestamps_ms": {"account": "x", "entry": 3},
            "warning": "a\u2028b", "polled_at": rfc3339(start + 90), "labels": {"floor": "1"}, "capacity": 7}
    return made | ({"entry": entry} if entry else {})


def records(first=2, last=11, before=0):
    """Entry N has what was counted in minute N, of all rooms of its account; so many minutes before have no number."""
    made = []
    for minute in range(first - before, last + 1):
        for account, rooms in ACCOUNTS.items():
            made += [record(account, room, number, minute, minute if minute >= first else None) for room, number in rooms]
    return made


def escaped(text):
    return text.replace("\u2028", "\\u2028")


def as_json(made):
    return escaped(json.dumps(made, separators=(",", ":"), ensure_ascii=False)).encode() + b"\n"


def as_csv(made):
    def text(name):
        value = made.get(name)
        if isinstance(value, dict):
            return json.dumps(value, separators=(",", ":"))
        value = "" if value is None else str(value).replace("\u2028", " ")
        return ("'" if value.startswith("=") else "") + value
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([text(name) for name in COLUMNS])
    return out.getvalue().encode()


def write(directory, form, made, *cuts):
    """All but the last pieces of the records are in rotated files, every second of them compressed."""
    directory.mkdir()
    edges = [0, *cuts, len(made)]
    for at, (begin, end) in enumerate(zip(edges, edges[1:])):
        text = b"".join((as_json if form == "ndjson" else as_csv)(one) for one in made[begin:end])
        text = (",".join(COLUMNS).encode() + b"\r\n" if form == "csv" else b"") + text
        name = f"occupancy-202611{at + 2:02d}T000000Z.{form}" if end < len(made) else f"occupancy.{form}"
        if at % 2 == 0 and end < len(made):
            (directory / f"{name}.gz").write_bytes(gzip.compress(text))
        else:
            (directory / name).write_bytes(text)
    return directory


def verify(*arguments):
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "verify", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          check=False)
    assert_clean(done.stderr)
    return done


def told(done, code, *parts):
    assert done.returncode == code, done.stdout + done.stderr
    for part in parts:
        assert part in done.stdout, f"{part!r} is not in:\n{done.stdout}"
    return done


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


def place(made, form, account, entry):
    """The line of an entry's first record, in a log of one file."""
    return next(at for at, one in enumerate(made, 1) if one["account"] == account and one.get("entry") == entry) + (form == "csv")


# Numbers


def test_log_of_a_cluster_is_complete(form, tmp_path):
    log = write(tmp_path / "log", form, records(first=5, before=3), 7, 20)
    told(verify(log), 0, "Complete: every bucket is there once.", "4 rooms")
    report = json.loads(verify("--json", log).stdout)
    assert report["complete"] and report["records"] == 4 * 10 and "against" not in report


def test_oldest_files_may_be_gone(form, tmp_path):
    told(verify(write(tmp_path / "log", form, records(first=9, last=20))), 0, "Complete")


def test_missing_entries_are_named(form, tmp_path):
    made = [one for one in records() if not (one["account"] == "acme" and 5 <= one["entry"] <= 7)]
    log = write(tmp_path / "log", form, made)
    line = place(made, form, "acme", 8)
    told(verify(log), 1, f"occupancy.{form}:{line}: entries 5 to 7 of account acme are missing before it\n",
         "9 missing, 3 missing of the entries.")
    found = [one for one in json.loads(verify("--json", log).stdout)["defects"] if "account" in one]
    assert found == [{"defect": "missing of the entries", "account": "acme", "from_entry": 5, "to_entry": 7,
                      "file": str(log / f"occupancy.{form}"), "line": line}]
    made = [one for one in records() if not (one["account"] == "eu" and one["entry"] == 5)]
    line = place(made, form, "eu", 6)
    told(verify(write(tmp_path / "other", form, made)), 1,
         f"occupancy.{form}:{line}: entry 5 of account eu is missing before it\n")


def test_missing_entry_of_corrections_is_seen(form, tmp_path):
    """No bucket is missing then."""
    made = records()
    made.append(record("eu", "house", 4, 11, 13) | {"revision": 1, "count": 9})
    done = told(verify(write(tmp_path / "log", form, made)), 1, "entry 12 of account eu is missing before it")
    assert done.stdout.endswith("Not complete: 1 missing of the entries.\n")


def test_entry_that_stands_twice_is_named_once(form, tmp_path):
    made = records()
    behind = max(at for at, one in enumerate(made) if one["account"] == "acme" and one["entry"] == 6) + 1
    twice = [one for one in made if one["account"] == "acme" and one["entry"] == 4]
    made[behind:behind] = twice
    done = told(verify(write(tmp_path / "log", form, made)), 1,
                f"occupancy.{form}:{behind + 1 + (form == 'csv')}: entry 4 of account acme stands behind entry 6: twice, or out of order\n",
                "3 doubled, 1 of the entries twice or out of order.")
    assert done.stdout.count("stands behind") == 1
    defect = [one for one in json.loads(verify("--json", tmp_path / "log").stdout)["defects"] if "account" in one]
    assert [(one["entry"], one["behind"]) for one in defect] == [(4, 6)]


@pytest.mark.parametrize("first", [1, 2])
def test_node_that_joined_anew_begins_again(first, form, tmp_path):
    made = records(last=8)
    made += [one | {"entry": one["entry"] - 9 + first} for one in records(first=9, last=15)]
    told(verify(write(tmp_path / "log", form, made, 10)), 0, "Complete")
    made[-1]["entry"] += 1
    told(verify(write(tmp_path / "other", form, made, 10)), 1, "is missing before it")


def test_torn_number_is_no_number(tmp_path):
    """Whatever stands in its place, the line is a record like those of a node alone."""
    log = write(tmp_path / "log", "ndjson", records())
    text = (log / "occupancy.ndjson").read_bytes()
    for bad in [b'"entry":"5"', b'"entry":05', b'"entry":0', b'"entry":-5', b'"entry":18446744073709551616', b'"entri":5']:
        (log / "occupancy.ndjson").write_bytes(text.replace(b'"entry":5}', bad + b"}"))
        told(verify(log), 1, "entry 5 of account acme is missing", "2 missing of the entries.")


# Another node's log


@pytest.mark.parametrize("other_form", FORMS)
def test_logs_that_hold_the_same_are_the_same(other_form, form, tmp_path):
    here = write(tmp_path / "here", form, records(), 7, 8, 30)
    there = write(tmp_path / "there", other_form, records(), 20)
    done = told(verify("--against", there, here), 0, "acme: entries 2 to 11 are in both logs, and the same\n",
                "eu: entries 2 to 11 are in both logs, and the same\n", "Complete")
    assert done.stderr == ""
    report = json.loads(verify("--against", there, "--json", here).stdout)
    assert report["against"] == {"log": str(there), "accounts": [
        {"same": True, "account": name, "from_entry": 2, "to_entry": 11, "last_here": 11, "last_there": 11}
        for name in ACCOUNTS]}


def test_format_may_have_changed_in_between(tmp_path):
    here = write(tmp_path / "here", "ndjson", records()[:20])
    (here / "occupancy.ndjson").rename(here / "occupancy-20261101T050000Z.ndjson")
    rest = write(tmp_path / "rest", "csv", records()[20:])
    (rest / "occupancy.csv").rename(here / "occupancy.csv")
    told(verify("--against", write(tmp_path / "there", "csv", records()), here), 0, "acme: entries 2 to 11 are in both logs")


@pytest.mark.parametrize("other_form", FORMS)
def test_one_may_begin_later_and_end_earlier(other_form, form, tmp_path):
    here = write(tmp_path / "here", form, records(last=9))
    # Behind in the middle of an entry, as a crash may leave it.
    there = write(tmp_path / "there", other_form, records(last=14)[8:-3])
    told(verify("--against", there, here), 0, "acme: entries 4 to 9 are in both logs, and the same; this log is 5 entries behind\n",
         "eu: entries 4 to 9 are in both logs, and the same; this log is 4 entries behind\n")
    told(verify("--against", here, there), 0, "acme: entries 4 to 9 are in both logs, and the same; the other is 5 entries behind\n")
    # One that is not whole is not the same yet.
    part = write(tmp_path / "part", other_form, records(last=9)[:-2])
    told(verify("--against", part, here), 0, "acme: entries 2 to 8 are in both logs, and the same\n", "the other is 1 entry behind")


def changed(made, account, entry, change):
    """With the second line of an entry changed, or the only one."""
    at = [i for i, one in enumerate(made) if one["account"] == account and one["entry"] == entry][:2][-1]
    return made[:at] + change(made, at) + made[at + 1:], at


DIFFERENCES = {
    "another count": lambda made, at: [made[at] | {"count": 99}],
    "another member of the answer": lambda made, at: [made[at] | {"event_counts": {"people": 98}}],
    "another time": lambda made, at: [made[at] | {"polled_at": "2026-11-01T05:00:00Z"}],
}


@pytest.mark.parametrize("other_form", FORMS)
@pytest.mark.parametrize("what", DIFFERENCES)
def test_first_difference_is_found(what, other_form, form, tmp_path):
    here = write(tmp_path / "here", form, records())
    made, at = changed(records(), "acme", 6, DIFFERENCES[what])
    there = write(tmp_path / "there", other_form, changed(made, "acme", 8, DIFFERENCES[what])[0])
    lines = (at + 1 + (form == "csv"), at + 1 + (other_form == "csv"))
    files = (here / f"occupancy.{form}", there / f"occupancy.{other_form}")
    told(verify("--against", there, here), 1, f"acme: entries 2 to 5 are in both logs, and the same; entry 6 differs: "
         f"{files[0]}:{lines[0]} and {files[1]}:{lines[1]}\n", "eu: entries 2 to 11 are in both logs, and the same\n",
         "Not complete: 1 different in the other log.")
    found = json.loads(verify("--against", there, "--json", here).stdout)
    assert not found["complete"] and found["against"]["accounts"][0] == {
        "same": False, "account": "acme", "from_entry": 2, "to_entry": 5, "last_here": 11, "last_there": 11,
        "difference": "line", "entry": 6, "here": {"line": lines[0], "file": str(files[0])},
        "there": {"line": lines[1], "file": str(files[1])}}


def test_labels_differ_in_ndjson_alone(tmp_path):
    """CSV does not have them."""
    here = write(tmp_path / "here", "ndjson", records())
    made = changed(records(), "eu", 6, lambda made, at: [made[at] | {"labels": {"floor": "2"}}])[0]
    told(verify("--against", write(tmp_path / "a", "ndjson", made), here), 1, "entry 6 differs")
    told(verify("--against", write(tmp_path / "b", "csv", made), here), 0)


@pytest.mark.parametrize("other_form", FORMS)
def test_line_that_one_lacks_is_found(other_form, form, tmp_path):
    for account, entry in (("acme", 6), ("eu", 6), ("acme", 2)):
        made, at = changed(records(), account, entry, lambda made, at: [])
        follows = next(i for i in range(at + 1, len(records())) if records()[i]["account"] == account)
        whole = write(tmp_path / f"{account}{entry}", form, records())
        lacking = write(tmp_path / f"{account}{entry}x", other_form, made)
        at_whole = f"{whole}/occupancy.{form}:{at + 1 + (form == 'csv')}"
        at_lacking = f"{lacking}/occupancy.{other_form}:{follows + (other_form == 'csv')}"
        if account == "acme":
            # What comes in its place is another line of the same entry.
            told(verify("--against", lacking, whole), 1, f"acme: {'entries 2 to 5 are in both logs, and the same; ' * (entry > 2)}"
                 f"entry {entry} differs: {at_whole} and {at_lacking}\n")
        else:
            told(verify("--against", lacking, whole), 1, "eu: entries 2 to 5 are in both logs, and the same; a line of entry 6 is in "
                 f"this log alone: {at_whole}; the other one goes on at {at_lacking}\n")
            told(verify("--against", whole, lacking), 1, "eu: entries 2 to 5 are in both logs, and the same; a line of entry 6 is in "
                 f"the other log alone: {at_whole}; this one goes on at {at_lacking}\n")


def test_lines_in_another_order_differ(form, tmp_path):
    made, _ = changed(records(), "acme", 6, lambda made, at: [])
    made = changed(made, "acme", 6, lambda m, at: [m[at], records()[at]])[0]
    assert len(made) == len(records())
    told(verify("--against", write(tmp_path / "there", form, made), write(tmp_path / "here", form, records())), 1,
         "acme: entries 2 to 5 are in both logs, and the same; entry 6 differs: ")


def test_accounts_may_be_in_one_log_alone(form, tmp_path):
    here = write(tmp_path / "here", form, [one for one in records() if one["account"] == "acme"])
    there = write(tmp_path / "there", form, records())
    told(verify("--against", there, here), 0, "acme: entries 2 to 11 are in both", "eu: no entry in this log\n")
    told(verify("--against", here, there), 0, "acme: entries 2 to 11 are in both", "eu: no entry in the other log\n")


def test_latest_chains_are_compared(form, tmp_path):
    old, new = records(last=8), [one | {"entry": one["entry"] - 7} for one in records(first=9, last=15)]
    here = write(tmp_path / "here", form, old + new, 15)
    told(verify("--against", write(tmp_path / "there", form, new), here), 0, "acme: entries 2 to 8 are in both logs, and the same\n")
    new[-1] = new[-1] | {"count": 99}
    told(verify("--against", write(tmp_path / "other", form, new), here), 1, "eu: entries 2 to 7 are in both logs, and the same; entry 8 differs")


def test_nothing_in_common_is_not_the_same(form, tmp_path):
    here = write(tmp_path / "here", form, records(last=6))
    there = write(tmp_path / "there", form, records(first=9, last=12))
    done = told(verify("--against", there, here), 1, "acme: no entry is in both logs: 2 to 6 in this one, 9 to 12 in the other")
    assert done.stdout.endswith("Not compared: no entry is in both logs.\n")
    alone = write(tmp_path / "alone", form, [{k: v for k, v in one.items() if k != "entry"} for one in records()])
    told(verify("--against", alone, here), 1, "acme: no entry in the other log\n", "Not compared")
    told(verify("--against", alone, alone), 1, "Not compared: no entry is in both logs.\n")
    told(verify(alone), 0)


def test_other_log_that_cannot_be_read_is_said(form, tmp_path):
    here = write(tmp_path / "here", form, records())
    done = verify("--against", tmp_path / "none", here)
    assert done.returncode == 74 and f"{tmp_path}/none: No such file or directory" in done.stderr
    there = write(tmp_path / "there", form, records(), 8)
    packed = next(there.glob("*.gz"))
    packed.write_bytes(packed.read_bytes()[:-30])
    done = told(verify("--against", there, here), 74, "Not complete")
    assert done.stderr.count(str(packed)) == 1 and "damaged from here on" in done.stderr


# What the other commands make of it


@pytest.mark.parametrize("command", [["export", "--format", "csv"], ["export", "--format", "ndjson"],
                                     ["export", "--format", "influx"]], ids=lambda command: command[-1])
def test_exports_do_not_know_of_entries(command, form, tmp_path):
    alone = write(tmp_path / "alone", form, [{k: v for k, v in one.items() if k != "entry"} for one in records()])
    outputs = [subprocess.run([*WRAPPER, OCCUPANCYCTL, *command, log], capture_output=True, timeout=120, check=True).stdout
               for log in (alone, write(tmp_path / "log", form, records(), 9))]
    assert outputs[0] == outputs[1] and outputs[0].count(b"\n") >= 40
