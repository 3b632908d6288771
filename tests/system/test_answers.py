# SPDX-License-Identifier: ISC
"""Answers that are not what was asked for: cut off, stamped otherwise, of other buckets.
Nothing is recorded that the server has not said."""

import re

import pytest

from harness import (FAST, assert_complete, assert_contiguous, expected_records, fast, parse_time, published_count, uuid_of,
                     wait_for)

LOBBY = uuid_of(1)
ROOM = [{"uuid": LOBBY, "name": "lobby"}]
RETRY = 'retry = { base = "200ms"; cap = "1s"; };\n'


def assert_all_counted(records, interval="MINUTELY", zone="UTC"):
    first, last = parse_time(records[0]["time"]), parse_time(records[-1]["end"])
    assert_complete(records, LOBBY, expected_records(LOBBY, interval, zone, first, last))


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("said", [{}, {"cap_warning": "truncated"}, {"cap_token": "abc"}])
@pytest.mark.parametrize("cap", [1000, 100])
def test_what_a_cap_cuts_off_is_asked_for_again(fake, make_daemon, cap, said, newest):
    fake.faults({"cap": cap, "cap_newest": newest, **said})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "1379m"}, account={"rate": "50/s", "burst": 100})
    assert daemon.run("--once")[0] == 0
    records = daemon.records_at_rest()
    assert len(records) >= 1375
    assert_all_counted(records)
    # The size that works is found soon, and kept.
    most = {1000: 6, 100: 40}[cap]
    assert len(fake.journal()) <= most, [(e["start_ms"], e["end_ms"], e["points"]) for e in fake.journal()]


@pytest.mark.parametrize("newest", [False, True])
def test_pages_of_two_points_are_read_to_their_end(fake, make_daemon, newest):
    fake.faults({"cap": 2, "cap_newest": newest, "cap_token": "abc"})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "60m"}, account={"rate": "50/s", "burst": 100})
    assert daemon.run("--once")[0] == 0
    assert_all_counted(daemon.records_at_rest())
    assert len(daemon.records_at_rest()) >= 57


def test_a_server_that_leaves_out_empty_buckets_costs_a_few_requests_more(fake, make_daemon):
    fake.faults({"sparse": 400})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "1400m", "max_points": 15, "lookback": "0"},
                         account={"rate": "50/s", "burst": 200})
    assert daemon.run("--once")[0] == 0
    records = daemon.records_at_rest()
    assert_contiguous(records, LOBBY)
    assert {r["status"] for r in records} == {"ok", "no_data"} and {r["revision"] for r in records} == {0}
    assert all(r["count"] == published_count(LOBBY, parse_time(r["time"]) * 1000) for r in records if r["status"] == "ok")
    missing = sum(r["status"] == "no_data" for r in records)
    assert len(records) * 0.3 < missing < len(records) * 0.5
    needed = -(-len(records) // 15)
    assert needed <= len(fake.journal()) <= needed + 12, (needed, len(fake.journal()))


@pytest.mark.parametrize("newest", [False, True])
def test_what_is_cut_off_is_told_from_what_is_empty(fake, make_daemon, newest):
    """The same buckets are missing with a cap and without one."""
    found = []
    for folder, rule in enumerate([{"sparse": 400}, {"sparse": 400, "cap": 100, "cap_newest": newest}]):
        fake.faults(rule)
        daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "1379m"}, account={"rate": "50/s", "burst": 200})
        assert daemon.run("--once")[0] == 0
        records = daemon.records_at_rest()
        assert_contiguous(records, LOBBY)
        found.append({r["time"]: (r["status"], r["count"]) for r in records})
    both = set(found[0]) & set(found[1])
    assert len(both) > 1370
    assert {time: found[0][time] for time in both} == {time: found[1][time] for time in both}


@pytest.mark.parametrize("rule, most", [({}, 5), ({"warning": "nothing there"}, 12),
                                        ({"body": '{"timeSeriesDataPoints":[],"nextPageToken":"a"}'}, 200)])
def test_empty_answers_are_no_data_once_a_single_bucket_says_so(fake, make_daemon, rule, most):
    fake.faults({"empty": True, **rule})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "60m"}, account={"rate": "50/s", "burst": 300})
    assert daemon.run("--once")[0] == 0
    records = daemon.records_at_rest()
    assert_contiguous(records, LOBBY)
    assert len(records) >= 57 and {r["status"] for r in records} == {"no_data"}
    assert len(fake.journal()) <= most


HOURS = {"interval": "HOURLY", "window": "1h", "backfill_from": "50h"}
DAYS = {"interval": "DAILY", "window": None, "timezone": "America/Denver", "backfill_from": "9d"}
MISFITS = {
    "seconds": ({"stamps": "seconds"}, {}, "is in no interval that was asked for: expected"),
    "microseconds": ({"stamps": "microseconds"}, {}, "is in no interval that was asked for: expected"),
    "text": ({"stamps": "text"}, {}, "is not a number of milliseconds: expected a number such as"),
    "ends": ({"stamps": "end"}, {}, 'set stamp = "end": expected'),
    "ends of hours": ({"stamps": "end"}, HOURS, 'set stamp = "end": expected'),
    "ends of days": ({"stamps": "end"}, DAYS, 'set stamp = "end": expected'),
    "quarters for hours": ({"report_interval": "QUARTERHOURLY"}, HOURS, "is the second stamp in its interval"),
    "hours for minutes": ({"report_interval": "HOURLY"}, {"backfill_from": "5h"}, "begin intervals of HOURLY, not MINUTELY"),
    "days of UTC": ({"report_zone": "UTC"}, DAYS, "is not an edge in America/Denver"),
    "counts without times": ({"omit_fields": ["timestampMs", "dateUtc"]}, {}, "with a count and without a time"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_an_answer_that_does_not_fit_records_nothing(start_fake, make_daemon, name):
    rule, defaults, said = MISFITS[name]
    defaults = {"backfill_from": "2h", **defaults}
    fake = start_fake("--zone", defaults.get("timezone", "UTC"))
    fake.faults(rule)
    daemon = make_daemon(fake.url, ROOM, defaults=defaults, extra=RETRY)
    code, _, stderr = daemon.run("--once")
    assert code == 69 and not daemon.records_at_rest()
    assert re.search(f"^lobby: poll failed: .*{re.escape(said)}", stderr, re.M), stderr
    assert re.search(r"expected .*\d{13} \(\d{4}-\d\d-\d\dT[0-9:]*Z\)", stderr), stderr

    fake.faults()
    assert daemon.run("--once")[0] == 0
    records = daemon.records_at_rest()
    assert_all_counted(records, defaults.get("interval", "MINUTELY"), defaults.get("timezone", "UTC"))


@pytest.mark.parametrize("stamps", ["start", "middle"])
@pytest.mark.parametrize("defaults", [{}, HOURS, DAYS, {**HOURS, "timezone": "Asia/Kolkata"}])
def test_stamps_may_stand_anywhere_but_at_the_end(start_fake, make_daemon, stamps, defaults):
    fake = start_fake("--zone", defaults.get("timezone", "UTC"))
    fake.faults({"stamps": stamps})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "2h", **defaults})
    assert daemon.run("--once")[0] == 0
    assert_all_counted(daemon.records_at_rest(), defaults.get("interval", "MINUTELY"), defaults.get("timezone", "UTC"))


@pytest.mark.parametrize("defaults", [{}, HOURS, DAYS])
def test_stamps_of_the_end_can_be_configured(start_fake, make_daemon, defaults):
    fake = start_fake("--zone", defaults.get("timezone", "UTC"))
    fake.faults({"stamps": "end"})
    defaults = {"backfill_from": "2h", **defaults}
    daemon = make_daemon(fake.url, ROOM, defaults={**defaults, "stamp": "end"})
    assert daemon.run("--once")[0] == 0
    assert_all_counted(daemon.records_at_rest(), defaults.get("interval", "MINUTELY"), defaults.get("timezone", "UTC"))

    # And the reverse is seen, too.
    fake.faults()
    other = make_daemon(fake.url, ROOM, defaults={**defaults, "stamp": "end"}, extra=RETRY)
    code, _, stderr = other.run("--once")
    assert code == 69 and 'set stamp = "start": expected' in stderr and not other.records_at_rest()


def test_a_device_whose_answers_never_fit_is_failing_and_loses_nothing(start_fake, make_daemon):
    """For longer than a bucket that fails alone is waited for; then the server is mended."""
    fake = start_fake(env=fast())
    fake.faults({"stamps": "end", "skip": 1})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "3m", "settle": "0"}, extra=RETRY).start(**fast())
    wait_for(lambda: len(daemon.records()) >= 1, 20, "a first record")
    wait_for(lambda: 'lobby (timestampMs' in daemon.notify.status, 60, "STATUS")
    before = daemon.records()
    until = fake.clock() + 480
    wait_for(lambda: fake.clock() > until, 480 / FAST + 30, "eight minutes")
    assert daemon.records() == before
    fake.faults()
    wait_for(lambda: parse_time(daemon.records()[-1]["end"]) > until, 60, "what was missed")
    daemon.stop()
    assert_all_counted(daemon.records_at_rest())


def test_points_that_are_dropped_are_told_once(start_fake, make_daemon):
    fake = start_fake(env=fast())
    fake.faults({"extra_points": True})
    daemon = make_daemon(fake.url, ROOM, defaults={"backfill_from": "10m"}).start(**fast())
    wait_for(lambda: len({r["polled_at"] for r in daemon.records()}) >= 3, 100, "three answers")
    wait_for(lambda: re.search(r"; [4-9] points dropped", daemon.notify.status), 60, "STATUS")
    daemon.stop()
    assert len(re.findall("points are dropped: 2 outside of what was asked for, 0 without a time", daemon.stderr())) == 1
    assert len(re.findall("points are dropped", daemon.stderr())) == 1
