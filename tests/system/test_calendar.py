# SPDX-License-Identifier: ISC
"""For every interval, and none, in five zones, over a spring and an autumn
change: the log holds exactly the buckets that the calendar says, each with the
published count; nothing twice.

The real daemon lives at those dates by faketime, the stand-in server by its
own clock.
"""

import datetime
import zoneinfo

import pytest

from harness import SLOW, assert_complete, dated, edges, expected_records, rfc3339, uuid_of

# Each date is some hours after a change of the clock in that zone (or any day, where there is none).
CHANGES = [
    ("UTC", "2026-03-29T20:30:40Z"), ("UTC", "2026-10-25T20:30:40Z"),
    ("America/Denver", "2026-03-08T20:30:40Z"), ("America/Denver", "2026-11-01T20:30:40Z"),
    ("Asia/Kolkata", "2026-03-29T20:30:40Z"), ("Asia/Kolkata", "2026-10-25T20:30:40Z"),
    ("Australia/Lord_Howe", "2026-10-03T22:30:40Z"), ("Australia/Lord_Howe", "2026-04-04T22:30:40Z"),
    ("Europe/Berlin", "2026-03-29T10:30:40Z"), ("Europe/Berlin", "2026-10-25T10:30:40Z"),
]

# How far back each interval is filled: over the change, and for the long ones over several buckets.
BACK = {"MINUTELY": 1, "QUARTERHOURLY": 2, "HOURLY": 3, "DAILY": 10, "WEEKLY": 60, "MONTHLY": 400, "NONE": 5}
NONE_LENGTHS = {"15m": 900, "6h": 21600, "1d": 86400}


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def recorded_at(now, zone, fake, make_daemon, devices, **named):
    """The daemon, when it has recorded all that is due at that time."""
    daemon = make_daemon(fake.url, devices, account={"max_in_flight": 8},
                         defaults={"interval": None, "window": None, "timezone": zone, "settle": "60s",
                                   "lookback": "1h", "backfill": "500d"}, **named)
    stamp = now.replace("T", " ").rstrip("Z")
    code, _, stderr = daemon.run("--once", timeout=120, env={**dated(f"@{stamp}"), "TZ": "UTC"})
    assert code == 0, stderr
    return daemon


@pytest.mark.long
@pytest.mark.parametrize("zone, now", CHANGES, ids=[f"{zone}-{now[:10]}" for zone, now in CHANGES])
def test_log_holds_exactly_the_buckets_of_the_calendar(zone, now, start_fake, make_daemon):
    fake = start_fake("--zone", zone, "--now", now)
    end = seconds(now) - 60
    settings, devices = {}, []
    for number, interval in enumerate(BACK, 1):
        if interval == "NONE":
            continue
        settings[uuid_of(number)] = (interval, BACK[interval], None)
        devices.append({"uuid": uuid_of(number), "name": interval.lower(), "interval": interval,
                        "window": {"MINUTELY": "5m", "QUARTERHOURLY": "30m", "HOURLY": "2h"}.get(interval),
                        "backfill_from": rfc3339(end - BACK[interval] * 86400)})
    for number, (text, length) in enumerate(NONE_LENGTHS.items(), 20):
        settings[uuid_of(number)] = ("NONE", BACK["NONE"], length)
        devices.append({"uuid": uuid_of(number), "name": f"none-{text}", "interval": "NONE", "window": text,
                        "backfill_from": rfc3339(end - BACK["NONE"] * 86400)})

    daemon = recorded_at(now, zone, fake, make_daemon, devices)
    records = daemon.records()
    # The bucket of the request's moment: the daemon's clock has moved on a little since `now`.
    assert all(r["revision"] == 0 for r in records)
    for uuid, (interval, days, length) in settings.items():
        row = edges(interval, zone, end - days * 86400, end, length)
        first, last = row[0], row[-1]
        expected = expected_records(uuid, interval, zone, first, last, length)
        assert len(expected) >= {"WEEKLY": 7, "MONTHLY": 12}.get(interval, 3)
        mine = [r for r in records if r["device"] == uuid and r["end"] <= rfc3339(last)]
        assert_complete(mine, uuid, expected)
        local = mine[-1]["local_time"]
        assert datetime.datetime.fromisoformat(local) == datetime.datetime.fromisoformat(
            mine[-1]["time"].replace("Z", "+00:00"))
        zoned = datetime.datetime.fromisoformat(mine[-1]["time"].replace("Z", "+00:00")).astimezone(
            zoneinfo.ZoneInfo(zone))
        assert local == zoned.isoformat()


@pytest.mark.long
def test_ten_weeks_of_minutes_are_caught_up_in_a_request_a_day(start_fake, make_daemon):
    """Over a change of the clock, in one process."""
    now = "2026-05-01T00:00:30Z"
    fake = start_fake("--zone", "America/Denver", "--now", now)
    start, end = seconds("2026-02-15T00:00:00Z"), seconds("2026-04-30T23:59:00Z")
    if SLOW > 1:
        start = seconds("2026-03-01T00:00:00Z")
        end = seconds("2026-03-15T00:00:00Z")
    daemon = make_daemon(fake.url, [{"uuid": uuid_of(1), "name": "lobby", "backfill_from": rfc3339(start)}],
                         defaults={"timezone": "America/Denver", "window": "5m", "settle": "60s", "lookback": "10m",
                                   "backfill": "500d"})
    code, _, stderr = daemon.run("--once", timeout=200, env={**dated("@2026-05-01 00:00:30"), "TZ": "UTC"})
    assert code == 0, stderr
    records = [r for r in daemon.records() if r["end"] <= rfc3339(end)]
    assert_complete(records, uuid_of(1), expected_records(uuid_of(1), "MINUTELY", "America/Denver", start, end))
    requests = len([e for e in fake.journal() if e["status"] == 200])
    days = (seconds("2026-05-01T00:00:00Z") - start) / 86400
    assert requests <= days * 1.02 + 2, f"{requests} requests for {days} days"
