# SPDX-License-Identifier: ISC
"""What was recorded without a count is asked for again: a camera comes back and
delivers late.  What comes is a revision, whatever became of the daemon meanwhile."""

import time

import pytest

from harness import (EARLY, FAST, SLOW, assert_unique, dated, fast, minute_ends_in, parse_time, published_count, stays,
                     uuid_of, wait_for)

LOBBY = uuid_of(EARLY[0])
DEVICE = [{"uuid": LOBBY, "name": "lobby"}]


@pytest.fixture
def without_counts(start_fake, make_daemon):
    """A server without a count, a daemon that has asked it some time before a minute's end, its clock, what was recorded."""
    def start(ends_in=55, **defaults):
        shift = minute_ends_in(ends_in)
        fake = start_fake("--clock-offset-ms", str(shift * 1000))
        fake.faults({"device": LOBBY, "empty": True})
        daemon = make_daemon(fake.url, DEVICE, defaults=defaults).start(**dated(shift))
        return fake, daemon, dated(shift), wait_for(lambda: without_count(daemon), 10, "records without a count")
    return start


def span(entry):
    return (entry["end_ms"] - entry["start_ms"]) // 60000


def without_count(daemon):
    return [r for r in daemon.records() if r["status"] in ("no_data", "gap") and r["revision"] == 0]


def filled(daemon):
    return {r["time"]: r for r in daemon.records() if r["revision"] > 0}


def assert_filled(daemon, lost):
    """Each of those records has one successor, which bears the count that was published."""
    late = filled(daemon)
    assert set(late) >= {r["time"] for r in lost}
    for record in lost:
        successor = late[record["time"]]
        assert successor["status"] == "ok" and successor["revision"] == 1 and successor["previous"] is None
        assert successor["end"] == record["end"]
        assert successor["count"] == published_count(LOBBY, parse_time(record["time"]) * 1000)
    assert_unique(daemon.records())


def test_counts_that_come_late_become_revisions_in_one_request(without_counts):
    """And when they are due, though nothing else is to be done for most of a minute."""
    fake, daemon, _, lost = without_counts(backfill_from="8m", recheck=["4s"])
    fake.faults()
    begin = time.monotonic()
    wait_for(lambda: len(filled(daemon)) >= len(lost), 75, "what came late")
    assert time.monotonic() < begin + 20 * SLOW
    assert_filled(daemon, lost)
    # The regular ones, and one that asked for all.
    asked = [entry for entry in fake.journal() if entry["device"] == LOBBY and span(entry) >= len(lost)]
    assert len(asked) == 2, asked
    daemon.stop()


def test_without_distances_nothing_is_asked_for_again(without_counts):
    fake, daemon, _, lost = without_counts(backfill_from="5m", recheck=[])
    fake.faults()
    stays(lambda: len([entry for entry in fake.journal() if span(entry) >= len(lost)]) == 1, 3, "one request for all")
    assert span(fake.journal()[0]) >= len(lost)
    daemon.stop()


@pytest.mark.parametrize("ending", ["stop", "kill", "lost checkpoint", "reload"])
def test_what_is_to_be_asked_for_again_survives(without_counts, ending):
    # Nothing is asked for again until the next minute's reply has confirmed the clock.
    fake, daemon, clock, lost = without_counts(ends_in=5 + 2 * SLOW, backfill_from="8m", recheck=[f"{3 + 2 * SLOW}s"])
    if ending == "kill":
        daemon.kill()
    elif ending == "reload":
        daemon.signal(1)
        wait_for(lambda: "reloaded" in daemon.stderr(), 10, "the reload")
    else:
        daemon.stop()
    if ending == "lost checkpoint":
        (daemon.state_folder / "checkpoint").unlink()
    fake.faults()
    if ending != "reload":
        daemon.start(**clock)
    wait_for(lambda: set(filled(daemon)) >= {r["time"] for r in lost}, 90, "what came late")
    assert_filled(daemon, lost)
    daemon.stop()


def test_a_recheck_that_fails_is_nobodys_trouble(start_fake, make_daemon):
    fake = start_fake(env=fast())
    fake.faults({"device": LOBBY, "empty": True})
    daemon = make_daemon(fake.url, DEVICE, defaults={"backfill_from": "20m", "recheck": ["30s", "1h"]})
    daemon.start(**fast())
    lost = wait_for(lambda: without_count(daemon), 20, "records without a count")
    oldest = parse_time(lost[0]["time"])
    # The oldest bucket fails from now on, and so does each range that holds it.
    fake.faults({"device": LOBBY, "holds_ms": oldest * 1000, "status": 500})
    refused = wait_for(lambda: [e for e in fake.journal() if e["status"] == 500], 60, "a recheck that fails")
    assert span(refused[0]) > 1
    end = parse_time(daemon.records()[-1]["end"])
    wait_for(lambda: parse_time(daemon.records()[-1]["end"]) >= end + 120, 60, "two minutes more")
    assert "poll failed" not in daemon.stderr()
    assert "1 device ok" in daemon.notify.status
    # Each regular request asked for its minute at once; nothing was halved for its sake.
    assert all(span(e) == 1 for e in fake.journal()[1:] if e["status"] == 200)
    daemon.stop()


def test_a_bucket_that_failed_by_itself_is_filled_later(start_fake, make_daemon):
    # It waits for some minutes before it leaps over the bucket.
    clock = fast(speed=3 * FAST)
    fake = start_fake(env=clock)
    fake.faults({"device": LOBBY, "holds_ms": int(fake.clock() // 60 - 5) * 60000, "status": 422})
    daemon = make_daemon(fake.url, DEVICE, defaults={"backfill_from": "8m", "recheck": ["2m"], "timeout": "300s"})
    daemon.start(**clock)
    gap = wait_for(lambda: [r for r in without_count(daemon) if r["status"] == "gap"], 240, "a gap")
    assert len(gap) == 1 and parse_time(gap[0]["end"]) == parse_time(gap[0]["time"]) + 60
    fake.faults()
    wait_for(lambda: filled(daemon), 120, "what came late")
    assert_filled(daemon, gap)
    daemon.stop()
