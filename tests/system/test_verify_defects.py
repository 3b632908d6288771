# SPDX-License-Identifier: ISC
"""occupancyctl verify on a log with one defect of each kind: it names the room, the time, the file and the line.

The log is of two days over a change of the clock, of four rooms with four intervals in two zones, with a gap
that is filled in part and with corrections, in four files: rotated and compressed, rotated, renamed by
logrotate, and current.  Each defect is planted into it in NDJSON and in CSV.
"""

import copy
import csv
import gzip
import io
import json
import os
import re
import subprocess

import pytest

from harness import OCCUPANCYCTL, WRAPPER, assert_clean, parse_time, rfc3339, uuid_of

COLUMNS = ("time,name,count,status,interval,device,revision,end,previous,local_time,site,account,timestamp_ms,date_local,"
           "date_utc,warning,reason,polled_at,event_counts").split(",")
BEGIN, END = parse_time("2026-11-01T04:00:00Z"), parse_time("2026-11-02T10:00:00Z")
CHANGE = parse_time("2026-11-01T08:00:00Z")  # in Denver from -06:00 to -07:00
ROTATED = [parse_time(t) for t in ("2026-11-01T12:00:00Z", "2026-11-02T00:00:00Z", "2026-11-02T06:00:00Z")]
DAYS = [parse_time(f"{day}Z") for day in ("2026-10-30T06:00:00", "2026-10-31T06:00:00", "2026-11-01T06:00:00",
                                          "2026-11-02T07:00:00")]


def edges(first, length):
    return [(at, at + length) for at in range(first, END - length + 1, length)]


ROOMS = {
    "lobby": (1, "MINUTELY", False, edges(BEGIN, 60)),
    "lab, 2": (2, "QUARTERHOURLY", True, edges(BEGIN, 900)),
    "hall": (3, "HOURLY", True, edges(BEGIN, 3600)),
    "house": (4, "DAILY", True, list(zip(DAYS, DAYS[1:]))),
}


def record(room, start, end, **members):
    number, interval, denver, _ = ROOMS[room]
    offset = 0 if not denver else -6 if start < CHANGE else -7
    made = {"time": rfc3339(start), "name": room, "count": start // 60 % 7, "status": "ok", "interval": interval,
            "device": uuid_of(number), "revision": 0, "end": rfc3339(end)}
    if "previous" in members:
        made["previous"] = None
    made |= {"local_time": f"{rfc3339(start + 3600 * offset)[:-1]}{'+' if offset >= 0 else '-'}{abs(offset):02d}:00",
             "account": "acme", "polled_at": rfc3339(max(end, BEGIN) + 60)}
    return made | members


def as_json(made):
    return json.dumps(made, separators=(",", ":")).encode() + b"\n"


def as_csv(made):
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(["" if made.get(name) is None else made[name] for name in COLUMNS])
    return out.getvalue().encode()


def minute(hour, number, day=1):
    return parse_time(f"2026-11-{day:02d}T{hour:02d}:{number:02d}:00Z")


def clean_records():
    records = [record(room, start, end) for room, (*_, buckets) in ROOMS.items() for start, end in buckets
               if not (room == "lobby" and minute(15, 0) <= start < minute(15, 10))]
    records += [
        record("lobby", minute(15, 0), minute(15, 10), count=None, status="gap", reason="HTTP 500"),
        record("lobby", minute(15, 3), minute(15, 4), revision=1, previous=None, polled_at=rfc3339(minute(15, 30))),
        record("lobby", minute(14, 0), minute(14, 1), revision=1, previous=0, count=8, polled_at=rfc3339(minute(14, 30))),
        record("lobby", minute(14, 0), minute(14, 1), revision=2, previous=8, count=9, polled_at=rfc3339(minute(14, 40))),
    ]
    return sorted(records, key=lambda r: (r["polled_at"], r["name"]))


RECORDS = clean_records()


class Log:
    """Its files by name, each a list of lines; what is in `raw` stands on the disk instead of them."""

    def __init__(self, form):
        self.form = form
        self.names = [f"occupancy-20261101T120000Z.{form}.gz", f"occupancy-20261102T000000Z.{form}", f"occupancy.{form}.1",
                      f"occupancy.{form}"]
        self.files = {name: [",".join(COLUMNS).encode() + b"\r\n"] if form == "csv" else [] for name in self.names}
        self.raw = {}
        for made in RECORDS:
            at = sum(parse_time(made["polled_at"]) > rotated for rotated in ROTATED)
            self.files[self.names[at]].append(self.line(made))

    def line(self, made):
        return as_csv(made) if self.form == "csv" else as_json(made)

    def find(self, room, start, revision=0):
        """The file and index of a record, and the record itself."""
        wanted = next(r for r in RECORDS if r["name"] == room and r["time"] == rfc3339(start) and r["revision"] == revision)
        line = self.line(wanted)
        for name, lines in self.files.items():
            if line in lines:
                return name, lines.index(line), copy.deepcopy(wanted)
        raise AssertionError(f"no such record: {wanted}")

    def where(self, room, start, revision=0):
        name, index, _ = self.find(room, start, revision)
        return f"{name}:{index + 1}"

    def remove(self, room, start, revision=0):
        name, index, made = self.find(room, start, revision)
        del self.files[name][index]
        return made

    def behind(self, room, start, *lines, revision=0):
        """Puts lines behind a record.  Returns where the first of them is."""
        name, index, _ = self.find(room, start, revision)
        self.files[name][index + 1:index + 1] = lines
        return f"{name}:{index + 2}"

    def replace(self, room, start, line, revision=0):
        name, index, _ = self.find(room, start, revision)
        self.files[name][index] = line
        return f"{name}:{index + 1}"

    def write(self, folder):
        for name, lines in self.files.items():
            data = self.raw.get(name, b"".join(lines))
            if name.endswith(".gz") and name not in self.raw:
                data = gzip.compress(data, mtime=0)
            (folder / name).write_bytes(data)
        return folder


def verify(*arguments, wrapper=()):
    done = subprocess.run([*wrapper, *WRAPPER, OCCUPANCYCTL, "verify", *map(str, arguments)], capture_output=True, timeout=120)
    assert_clean(done.stderr.decode())
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def span(start, end):
    """As verify shows it, within a day."""
    return f"{rfc3339(start)[:10]} {rfc3339(start)[11:16]}-{rfc3339(end)[11:16]}Z"


def missing(room, start, end, count=1):
    """Records are left out; the line is that of the next one."""
    def plant(log):
        for at in [at for at, _ in ROOMS[room][3] if start <= at < end]:
            log.remove(room, at)
        return [f"{room}  {span(start, end)}  {count} missing  {log.where(room, end)}"], {"missing": count}
    return plant


def missing_day(log):
    log.remove("house", DAYS[1])
    return [f"house  2026-10-31 06:00Z to 2026-11-01 06:00Z  1 missing  {log.where('house', DAYS[2])}"], {"missing": 1}


def missing_file(log):
    del log.files[log.names[1]]
    return ["lobby  2026-11-01 11:59-23:59Z  720 missing"], None


def doubled_line(log):
    at = log.behind("lab, 2", minute(9, 0), log.line(log.find("lab, 2", minute(9, 0))[2]))
    return [f"lab, 2  {span(minute(9, 0), minute(9, 15))}  1 doubled  {at}"], {"doubled": 1}


def doubled_with_another_count(log):
    at = log.behind("hall", minute(9, 0), log.line({**log.find("hall", minute(9, 0))[2], "count": 99}))
    return [f"hall  {span(minute(9, 0), minute(10, 0))}  1 doubled  {at}"], {"doubled": 1}


def doubled_correction(log):
    made = log.find("lobby", minute(14, 0), 1)[2]
    at = log.behind("lobby", minute(14, 0), log.line({**made, "count": 5}), revision=2)
    return [f"lobby  {span(minute(14, 0), minute(14, 1))}  1 doubled  {at}"], {"doubled": 1}


def doubled_file(log):
    log.files[f"occupancy-20261102T000001Z.{log.form}"] = log.files[log.names[1]]
    records = len(log.files[log.names[1]]) - (log.form == "csv")
    return [f"lobby  {span(minute(12, 0), minute(12, 1))}  1 doubled  occupancy-20261102T000001Z"], {"doubled": records}


def doubled_gap(log):
    name, index, made = log.find("lobby", minute(15, 0))
    at = log.behind("lobby", minute(15, 0), log.line(made))
    return [f"lobby  {span(minute(15, 0), minute(15, 10))}  1 doubled  {at}"], {"doubled": 1}


def two_daemons(log):
    """Another one recorded the same rooms for an hour, into the same file."""
    mine = [r for r in RECORDS if r["name"] == "lobby" and minute(16, 0) <= parse_time(r["time"]) < minute(17, 0)]
    for made in mine:
        log.behind("lobby", parse_time(made["time"]), log.line({**made, "count": made["count"] + 1}))
    return [f"lobby  {span(minute(16, 0), minute(16, 1))}  1 doubled"], {"doubled": 60}


def skipped_revision(log):
    log.remove("lobby", minute(14, 0), 1)
    return [f"lobby  {span(minute(14, 0), minute(14, 1))}  1 corrected without the revision before  "
            f"{log.where('lobby', minute(14, 0), 2)}"], {"corrected without the revision before": 1}


def revision_of_nothing(log):
    log.remove("lobby", minute(14, 0))
    return [f"lobby  {span(minute(14, 0), minute(14, 1))}  1 corrected without a first record  "
            f"{log.where('lobby', minute(14, 0), 1)}"], None


def first_record_after_correction(log):
    made = log.remove("lobby", minute(14, 0))
    at = log.behind("lobby", minute(14, 0), log.line(made), revision=2)
    return [f"lobby  {span(minute(14, 0), minute(14, 1))}  1 out of order  {at}"], {"out of order": 1}


def corrections_swapped(log):
    made = log.remove("lobby", minute(14, 0), 1)
    at = log.behind("lobby", minute(14, 0), log.line(made), revision=2)
    return [f"lobby  {span(minute(14, 0), minute(14, 1))}  1 out of order  {at}"], None


def out_of_order(log):
    made = log.remove("lobby", minute(18, 0))
    at = log.behind("lobby", minute(18, 9), log.line(made))
    return [f"lobby  {span(minute(18, 0), minute(18, 1))}  1 out of order  {at}"], {"out of order": 1}


def unreadable(reason, change, lost=1):
    """A line is changed into no record."""
    def plant(log):
        name, index, made = log.find("lobby", minute(18, 0))
        at = log.replace("lobby", minute(18, 0), change(log.line(made)))
        return [f"{at}: {reason}", f"lobby  {span(minute(18, 0), minute(18, 1))}  1 missing  {log.where('lobby', minute(18, 1))}"], \
            {"missing": 1, "unreadable": lost}
    return plant


def torn_end(log):
    lines = log.files[log.names[1]]
    lines[-1] = lines[-1][:-9]
    return [f"{log.names[1]}:{len(lines)}: torn"], None


def torn_middle(log):
    """A line ends in its middle, and the next one begins there."""
    name, index, _ = log.find("lobby", minute(18, 0))
    log.files[name][index] = log.files[name][index][:40]
    return [f"{name}:{index + 1}: not a record",
            f"lobby  {span(minute(18, 0), minute(18, 2))}  2 missing"], None


def other_format(log):
    other = as_json if log.form == "csv" else as_csv
    at = log.replace("lobby", minute(18, 0), other(log.find("lobby", minute(18, 0))[2]))
    return [f"{at}: not a record"], {"missing": 1, "unreadable": 1}


def cut_gzip(log):
    name = log.names[0]
    log.raw[name] = gzip.compress(b"".join(log.files[name]), mtime=0)[:-300]
    return [f"{re.escape(name)}:[0-9]+: damaged from here on"], None


def wrong_checksum(log):
    name = log.names[0]
    data = bytearray(gzip.compress(b"".join(log.files[name]), mtime=0))
    data[-6] ^= 0x40
    log.raw[name] = bytes(data)
    return [f"{name}:{len(log.files[name]) + 1}: damaged from here on"], {"unreadable": 1}


def broken_gzip(log):
    name = log.names[0]
    data = bytearray(gzip.compress(b"".join(log.files[name]), mtime=0))
    data[len(data) // 2] ^= 0xff
    log.raw[name] = bytes(data)
    return [f"{re.escape(name)}:[0-9]+: (damaged from here on|not a record)"], None


def too_long_bucket(log):
    made = log.find("lab, 2", minute(9, 0))[2]
    at = log.replace("lab, 2", minute(9, 0), log.line({**made, "end": rfc3339(minute(9, 30))}))
    return [f"lab, 2  {span(minute(9, 0), minute(9, 30))}  1 not a bucket of its interval  {at}"], None


def off_the_grid(log):
    made = log.find("lab, 2", minute(9, 0))[2]
    at = log.replace("lab, 2", minute(9, 0), log.line({**made, "time": rfc3339(minute(9, 7)), "end": rfc3339(minute(9, 22))}))
    return [f"lab, 2  {span(minute(9, 7), minute(9, 22))}  1 not a bucket of its interval  {at}"], None


def gap_over_records(log):
    gap = record("lobby", minute(18, 0), minute(18, 20), count=None, status="gap", reason="HTTP 500")
    at = log.behind("lobby", minute(18, 9), log.line(gap))
    return [f"lobby  {span(minute(18, 0), minute(18, 20))}  1 overlapping  {at}"], None


def impossible_offset(log):
    made = log.find("lobby", minute(18, 0))[2]
    at = log.replace("lobby", minute(18, 0), log.line({**made, "local_time": "2026-11-01T20:00:00+99:00"}))
    return [f"lobby  {span(minute(18, 0), minute(18, 1))}  1 without a local time that a clock shows  {at}"], {"without a local time that a clock shows": 1}


def of_the_year(year):
    """A record has another year in its times."""
    def change(log):
        made = log.find("lobby", minute(18, 0))[2]
        return log.line({**made, **{name: year + made[name][4:] for name in ("time", "end", "local_time")}})
    return impossible(change)


def gap_to_the_year_9999(log):
    made = log.find("lobby", minute(18, 0))[2]
    return log.line({**made, "end": "9999-01-01T00:00:00Z", "count": None, "status": "gap", "reason": "HTTP 500"})


def impossible(change):
    def plant(log):
        at = log.replace("lobby", minute(18, 0), change(log))
        return [f"{at}: of a time that cannot have been recorded",
                f"lobby  {span(minute(18, 0), minute(18, 1))}  1 missing  {log.where('lobby', minute(18, 1))}"], \
            {"missing": 1, "unreadable": 1}
    return plant


DEFECTS = {
    "a record of the year 9999": of_the_year("9999"),
    "a record of the year 1": of_the_year("0001"),
    "a gap to the year 9999": impossible(gap_to_the_year_9999),
    "a bucket is missing": missing("lobby", minute(10, 0), minute(10, 1)),
    "several are missing": missing("lobby", minute(19, 5), minute(19, 9), 4),
    "missing where a file begins": missing("lobby", minute(12, 0), minute(12, 2), 2),
    "missing where a file ends": missing("lobby", minute(23, 57), minute(23, 59), 2),
    "missing over the edge of two files": missing("lobby", minute(11, 57), minute(12, 2), 5),
    "missing at the edge of a day": missing("lab, 2", minute(6, 45), minute(7, 15), 2),
    "missing where the clock changes": missing("hall", minute(7, 0), minute(8, 0)),
    "the doubled hour is there once": missing("hall", minute(8, 0), minute(9, 0)),
    "a day is missing": missing_day,
    "a file is missing": missing_file,
    "a line is doubled": doubled_line,
    "doubled with another count": doubled_with_another_count,
    "a correction is doubled": doubled_correction,
    "a file is doubled": doubled_file,
    "a gap is doubled": doubled_gap,
    "lines of two daemons": two_daemons,
    "a revision is skipped": skipped_revision,
    "a revision of nothing": revision_of_nothing,
    "a first record behind its corrections": first_record_after_correction,
    "corrections in the wrong order": corrections_swapped,
    "a record out of order": out_of_order,
    "torn at the end": torn_end,
    "torn in the middle": torn_middle,
    "half a line": unreadable("not a record", lambda line: line[:30] + b"\n"),
    "NULs": unreadable("not a record", lambda line: b"\0" * (len(line) - 1) + b"\n"),
    "NULs in front of a record": unreadable("not a record", lambda line: b"\0\0" + line),
    "binary": unreadable("not a record", lambda line: bytes(b for b in range(256) if b != 10) + b"\n"),
    "a line of 10 MB": unreadable("not a record", lambda line: b"x" * 10_000_000 + b"\n"),
    "a line of 70 MB": unreadable("too long", lambda line: b"x" * 70_000_000 + b"\n"),
    "a line of the other format": other_format,
    "a gzip file that is cut": cut_gzip,
    "a gzip file with a wrong checksum": wrong_checksum,
    "a gzip file that is broken inside": broken_gzip,
    "a bucket that is too long": too_long_bucket,
    "a bucket that is off its grid": off_the_grid,
    "a gap over records": gap_over_records,
    "an offset that no clock has": impossible_offset,
}


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_clean_log_is_complete(form, tmp_path):
    log = Log(form)
    assert all(len(lines) > 100 for lines in log.files.values())
    code, out, said = verify(log.write(tmp_path))
    assert code == 0 and said == "", out + said
    buckets = sum(len(rows) for *_, rows in ROOMS.values())
    assert f"4 files, {len(RECORDS)} records" in out and f"4 rooms, {buckets} buckets expected" in out, out
    assert "9  in 1 recorded gap (--gaps)" in out and f"{buckets - 9}  counted" in out, out
    assert out.endswith("Complete: every bucket is there once, or a gap says why not.\n")
    days = [line.split()[:2] for line in verify("--by", "day", "--room", "house", tmp_path)[1].splitlines() if line.startswith("2026-")]
    assert days == [["2026-10-30", "1"], ["2026-10-31", "1"], ["2026-11-01", "1"]], "the last day is one of 25 hours"
    # Several members in one file are one text.
    name = log.names[0]
    lines = log.files[name]
    log.raw[name] = b"".join(gzip.compress(b"".join(lines[at:at + 50])) for at in range(0, len(lines), 50))
    assert verify(log.write(tmp_path))[0] == 0


@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named(defect, form, tmp_path):
    log = Log(form)
    expected, counts = DEFECTS[defect](log)
    code, out, said = verify(log.write(tmp_path))
    assert code == 1 and said == "", out[:2000] + said
    verdict = out.splitlines()[-1]
    assert verdict.startswith("Not complete: "), verdict
    for text in expected:
        found = re.search(text, out) if "+:" in text else text in out
        assert found, f"expected {text}\n{out[:3000]}"
    if counts:
        said = {words: int(count) for count, words in re.findall(r"(\d+) ([a-z ]+)", verdict.removeprefix("Not complete: "))}
        assert said == counts, out[:3000]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_what_keep_removed_is_not_missed(form, tmp_path):
    log = Log(form)
    # The file begins with a correction of what was in the one that is gone.
    made = log.find("lobby", minute(11, 0))[2]
    header = form == "csv"
    log.files[log.names[1]].insert(header, log.line({**made, "revision": 1, "previous": made["count"], "count": 50}))
    del log.files[log.names[0]]
    code, out, _ = verify(log.write(tmp_path))
    assert code == 0, out


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_read(tmp_path):
    log = Log("ndjson")
    tmp_path.chmod(0o755)
    log.write(tmp_path)
    path = tmp_path / log.names[1]
    path.chmod(0)
    wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search",
               "--"] if os.geteuid() == 0 else []
    if wrapper and subprocess.run([*wrapper, "cat", path], capture_output=True).returncode == 0:
        pytest.skip("files cannot be made unreadable here")
    code, out, said = verify(tmp_path, wrapper=wrapper)
    assert code == 74 and said == f"occupancyctl: {path}: Permission denied\n", said
    assert "lobby  2026-11-01 11:59-23:59Z  720 missing" in out, out


def test_rooms_that_are_added_removed_renamed_and_moved_are_no_defects(tmp_path):
    """A room ends, another begins; one gets another name, one another zone."""
    records = []
    for made in RECORDS:
        at = parse_time(made["time"])
        if made["name"] == "hall":
            if at < minute(20, 0):
                made = {**made, "name": "hall" if at < minute(10, 0) else "great hall"}
            else:
                made = {**made, "device": uuid_of(9), "name": "annexe"}
        if made["name"] == "lab, 2" and at >= minute(20, 0):
            made = {**made, "local_time": f"{rfc3339(at + 3600)[:-1]}+01:00"}
        records.append(made)
    path = tmp_path / "occupancy.ndjson"
    path.write_bytes(b"".join(map(as_json, records)))
    code, out, _ = verify(tmp_path)
    assert code == 0 and "5 rooms" in out, out
    assert verify("--room", "great hall", tmp_path)[0] == verify("--room", "annexe", tmp_path)[0] == 0
