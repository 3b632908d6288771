# SPDX-License-Identifier: ISC
"""A clock that is wrong, by an hour or by decades: nothing that cannot be undone is done by it."""

import json
import re
import time
import zlib

import pytest

from harness import assert_unique, dated, expected_records, last_minute, parse_time, uuid_of, wait_for

MINUTE = 60
DAY = 86400
YEAR = 366 * DAY
ROOM = uuid_of(1)


def rooms(*numbers):
    return [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in numbers]


def utc(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def http_date(epoch):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(epoch))


def last_word(records, device=ROOM):
    """What the log says of each bucket in the end, by its start; gaps apart."""
    said = {}
    for record in records:
        if record["device"] == device and record["status"] != "gap":
            if record["time"] not in said or record["revision"] > said[record["time"]]["revision"]:
                said[record["time"]] = record
    return said


def check_covered(daemon, since, until, device=ROOM):
    """Every minute between is there with the count that the server publishes, and nothing that has not come is."""
    records = daemon.records()
    assert_unique(records)
    said = last_word(records, device)
    for (start, end), count in expected_records(device, "MINUTELY", "UTC", since, until).items():
        assert start in said, f"nothing about {start}"
        assert (said[start]["end"], said[start]["status"], said[start]["count"]) == (end, "ok", count), said[start]
    assert all(parse_time(r["end"]) <= time.time() for r in said.values()), "a bucket that has not come"


def have_minute(daemon, until, device=ROOM):
    return lambda: utc(until - MINUTE) in last_word(daemon.records(), device)


# A first start

@pytest.mark.parametrize("ahead", [3600, 10 * DAY, 20 * YEAR])
def test_first_start_ahead_begins_at_the_servers_time(ahead, fake, make_daemon):
    """No silent hour, and no silent decades."""
    daemon = make_daemon(fake.url, rooms(1))
    begin = last_minute(time.time())
    code, _, stderr = daemon.run("--once", env=dated(ahead))
    assert code == 0 and "clock is ahead of the server's by" in stderr, stderr
    records = daemon.records()
    assert begin - MINUTE <= parse_time(records[0]["time"]) and parse_time(records[-1]["end"]) <= time.time()
    assert all(r["status"] == "ok" and r["revision"] == 0 for r in records), records
    assert daemon.run("--once")[0] == 0
    check_covered(daemon, parse_time(records[0]["time"]), last_minute(time.time() - 1))


def test_first_start_in_2018_leaves_no_gap(fake, make_daemon):
    """An image's date, and a network: it begins at the server's time.  Then the clock is right."""
    daemon = make_daemon(fake.url, rooms(1))
    begin = last_minute(time.time())
    code, _, stderr = daemon.run("--once", env=dated("@2018-05-01 00:00:00"))
    assert code == 0 and "clock is behind the server's by" in stderr and daemon.records() == [], stderr
    assert daemon.run("--once")[0] == 0
    records = daemon.records()
    assert begin - MINUTE <= parse_time(records[0]["time"]) <= time.time()
    assert all(r["status"] == "ok" for r in records), records
    assert len(fake.journal()) <= 3 + 1 + 1, "a back-fill that nobody wants"


def test_without_a_network_nothing_is_begun_or_given_up(fake, make_daemon):
    """Whatever the clock says: the history's end, a checkpoint and the log stay as they are."""
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill": "1h", "backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    before = daemon.records()
    daemon.write_config("http://127.0.0.1:9", rooms(1, 2), defaults={"backfill": "1h", "backfill_from": "5m"})
    for ahead in (0, 10 * DAY, 20 * YEAR, -8 * YEAR):
        code, _, stderr = daemon.run("--once", env=dated(ahead))
        assert code == 69 and "gap" not in stderr, stderr
    assert daemon.records() == before
    assert uuid_of(2) not in (daemon.state_folder / "checkpoint").read_text()
    daemon.write_config(fake.url, rooms(1, 2), defaults={"backfill": "1h", "backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    check_covered(daemon, parse_time(before[0]["time"]), last_minute(time.time() - 1))


def test_a_right_clock_costs_no_request(fake, make_daemon):
    """The first reply confirms it, and is recorded at once."""
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    assert len(fake.journal()) == 1 and len(daemon.records()) in (3, 4)


# A start with history

@pytest.mark.parametrize("ahead", [3600, 10 * DAY, 20 * YEAR])
def test_start_ahead_with_history_gives_up_nothing(ahead, fake, make_daemon):
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    begin = parse_time(daemon.records()[0]["time"])
    daemon.start(**dated(ahead))
    wait_for(lambda: "clock is ahead of the server's" in daemon.notify.status, 30, "STATUS")
    wait_for(have_minute(daemon, last_minute(time.time()) + MINUTE), 90, "the next minute, though the clock is ahead")
    daemon.stop()
    assert not any(r["status"] == "gap" or r["revision"] for r in daemon.records()), daemon.records()
    assert daemon.run("--once")[0] == 0
    check_covered(daemon, begin, last_minute(time.time() - 1))


def future_log(daemon, begin, until):
    """What a clock that was ahead left: a gap until then, in the log and in the checkpoint."""
    gap = {**daemon.records()[-1], "time": utc(begin), "end": utc(until), "count": None, "status": "gap",
           "revision": 0, "reason": "not obtained within 7d: not polled in that time", "polled_at": utc(until)}
    for key in ("timestamp_ms", "event_counts", "approximate_timestamps_ms", "reporting_devices", "date_local", "date_utc"):
        gap[key] = None
    with open(daemon.log_folder / "occupancy.ndjson", "a") as log:
        log.write(json.dumps(gap, separators=(",", ":")) + "\n")


# Each pair of values; all of them are simulated.
@pytest.mark.parametrize("ahead, now_ahead, checkpoint", [
    (3600, 0, True), (3600, 10 * DAY, False), (3 * DAY, 10 * DAY, True), (20 * YEAR, 0, False), (20 * YEAR, 10 * DAY, True),
])
def test_a_gap_in_a_time_that_has_not_come_is_mended(ahead, now_ahead, checkpoint, fake, make_daemon):
    """It is refused and said; its buckets are recorded once more with revision 1; a new start knows that again."""
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "10m"})
    assert daemon.run("--once")[0] == 0
    begin = parse_time(daemon.records()[0]["time"])
    end = parse_time(daemon.records()[-1]["end"])
    future_log(daemon, end, (int(time.time()) + ahead) // 60 * 60)
    wait_for(lambda: last_minute(time.time() - 1) > end, 70, "another minute")
    if not checkpoint:
        (daemon.state_folder / "checkpoint").unlink()
    code, _, stderr = daemon.run("--once", env=dated(now_ahead) if now_ahead else None)
    assert code == 0 and "which has not come yet: goes on from " + utc(end) in stderr, stderr
    check_covered(daemon, begin, last_minute(time.time() - 5))
    assert last_word(daemon.records())[utc(end)]["revision"] == 1

    if not checkpoint:
        (daemon.state_folder / "checkpoint").unlink()
    wait_for(lambda: last_minute(time.time() - 1) > parse_time(daemon.records()[-1]["end"]), 70, "another minute")
    assert daemon.run("--once")[0] == 0
    check_covered(daemon, begin, last_minute(time.time() - 5))


def test_a_checkpoint_of_a_time_that_has_not_come_is_mended(fake, make_daemon):
    """As a first start years ahead has left it: no record, and a cursor in 2046."""
    daemon = make_daemon(fake.url, rooms(1))
    assert daemon.run("--once")[0] == 0
    text = (daemon.state_folder / "checkpoint").read_text()
    for path in daemon.log_folder.glob("occupancy*"):
        path.unlink()
    future = int((time.time() + 20 * YEAR) // 60 * 60) * 1_000_000
    body = re.sub(r"^(poll \S+ \S+) .*$", rf"\1 {future} {future}", text[:text.rindex("crc32 ")], flags=re.M)
    (daemon.state_folder / "checkpoint").write_text(body + f"crc32 {zlib.crc32(body.encode()):08x}\n")
    begin = last_minute(time.time())
    code, _, stderr = daemon.run("--once")
    assert code == 0 and "which has not come yet" in stderr, stderr
    records = daemon.records()
    assert len(records) in (1, 2) and parse_time(records[0]["time"]) >= begin - MINUTE, records
    assert all(r["revision"] == 0 and r["status"] == "ok" for r in records)


def test_a_log_of_counts_is_believed_rather_than_a_late_clock(start_fake, fake, make_daemon):
    """A server and a machine that both say 2020: what stands in the log has been counted, and is left alone."""
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "2d"})
    assert daemon.run("--once")[0] == 0
    before = daemon.records()
    late = start_fake("--now", "2020-01-01T00:00:00Z")
    daemon.write_config(late.url, rooms(1, 2), defaults={"backfill_from": "2d"})
    code, _, stderr = daemon.run("--once", env=dated("@2020-01-01 00:00:00"))
    assert code == 69 and "the log holds counts of a time that has not come yet" in stderr, stderr
    assert daemon.records() == before
    assert uuid_of(2) not in (daemon.state_folder / "checkpoint").read_text(), "a device has begun in 2020"
    daemon.write_config(fake.url, rooms(1), defaults={"backfill_from": "2d"})
    assert daemon.run("--once")[0] == 0
    check_covered(daemon, parse_time(before[0]["time"]), last_minute(time.time() - 1))


# Dates of replies

@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("date", [http_date(946684800), http_date(4102444800)], ids=["2000", "2100"])
def test_one_odd_date_changes_nothing(date, first, fake, make_daemon):
    rule = {"times": 1, "skip": 0 if first else 1, "headers": {"Date": date}}
    fake.faults(rule)
    daemon = make_daemon(fake.url, rooms(1, 2), defaults={"backfill_from": "5m"}).start()
    until = last_minute(daemon.started)
    for n in (1, 2):
        wait_for(have_minute(daemon, until, uuid_of(n)), 15, "the minutes before the start")
    wait_for(lambda: re.match(r"2 devices ok; backlog 0", daemon.notify.status), 15, "STATUS")
    for n in (1, 2):
        wait_for(have_minute(daemon, until + MINUTE, uuid_of(n)), 90, "the next minute")
    daemon.stop()
    assert all(r["status"] == "ok" and r["revision"] == 0 for r in daemon.records())


def test_dates_that_are_wrong_for_a_while_are_noticed_when_they_are_over(fake, make_daemon):
    """Every Date says 2000, from the first on: it goes on asking, and says so; then it is well at once."""
    fake.faults({"headers": {"Date": http_date(946684800)}})
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "5m"}).start()
    wait_for(lambda: "this machine's clock" in daemon.notify.status, 15, "STATUS")
    assert daemon.records() == []
    fake.faults()
    wait_for(have_minute(daemon, last_minute(daemon.started)), 60, "the minutes before the start")
    wait_for(lambda: re.match(r"1 device ok; backlog 0", daemon.notify.status), 10, "STATUS")
    daemon.stop()
    assert all(r["status"] == "ok" and r["revision"] == 0 for r in daemon.records())


def test_once_says_when_it_cannot_find_out_what_time_it_is(fake, make_daemon):
    """Each reply says another time: nothing is recorded, and it ends as incomplete."""
    fake.faults(*({"times": 1, "headers": {"Date": http_date(946684800 + n * YEAR)}} for n in range(20)))
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "5m"})
    code, _, stderr = daemon.run("--once", timeout=150)
    assert code == 69 and "what time it is could not be found out" in stderr, stderr
    assert daemon.records() == [] and ROOM not in (daemon.state_folder / "checkpoint").read_text()


def test_a_server_without_dates_confirms_by_answering(fake, make_daemon):
    fake.faults({"headers": {"Date": None}})
    daemon = make_daemon(fake.url, rooms(1), defaults={"backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    assert len(daemon.records()) in (3, 4) and len(fake.journal()) == 1
