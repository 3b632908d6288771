# SPDX-License-Identifier: ISC
"""Many devices under a rate: every bucket, never above the rate, memory flat.

LOAD_MINUTES says how long; the full length is 10 (make check-load), the short
version in `make check` sees two windows of each device.
"""

import os
import time

from harness import SLOW, assert_complete, expected_records, memory_kb, parse_time, uuid_of, wait_for

MINUTES = int(os.environ.get("LOAD_MINUTES", "2"))
DEVICES = 200
RATE = 10
BURST = 10


def assert_never_above_the_rate(entries):
    """Replays the journal through a token bucket of the configured rate and burst.

    Half a request of slack: the journal's clock sees requests a little later,
    and one may overtake the wait of another in the network.
    """
    tokens, before = BURST, entries[0]["mono_us"]
    lowest = tokens
    for entry in entries:
        tokens = min(BURST, tokens + (entry["mono_us"] - before) * RATE / 1e6)
        before = entry["mono_us"]
        tokens -= 1
        lowest = min(lowest, tokens)
    assert lowest >= -0.5 * SLOW, f"the bucket would have been at {lowest}"


def test_two_hundred_devices_under_a_rate(fake, make_daemon):
    devices = [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in range(1, DEVICES + 1)]
    daemon = make_daemon(fake.url, devices, account={"rate": f"{RATE}/s", "burst": BURST},
                         defaults={"settle": "2s", "lookback": "2m"}).start()
    begin = int(daemon.started - 2) // 60 * 60
    time.sleep(45)  # the first round and the warming up
    early = memory_kb(daemon.process)
    end = begin + MINUTES * 60
    wait_for(lambda: time.time() > end + 3, MINUTES * 60 + 120, "the end")

    def all_there():
        last = {}
        for record in daemon.records():
            last[record["device"]] = record["end"]
        return len(last) == DEVICES and all(parse_time(text) >= end for text in last.values())
    wait_for(all_there, 60, "every bucket of every device")
    late = memory_kb(daemon.process)
    daemon.stop()

    records = daemon.records()
    for n in range(1, DEVICES + 1):
        mine = [r for r in records if r["device"] == uuid_of(n)]
        first = parse_time(mine[0]["time"])
        assert first <= begin - 60, (n, mine[0]["time"])
        assert_complete(mine, uuid_of(n), expected_records(uuid_of(n), "MINUTELY", "UTC", first,
                                                           parse_time(mine[-1]["end"])))
    entries = fake.journal()
    assert {entry["status"] for entry in entries} == {200}
    assert_never_above_the_rate(entries)
    if SLOW == 1:
        assert late <= early * 1.05 + 100, f"memory grew from {early} to {late} kB"
    print(f"{DEVICES} devices, {MINUTES} minutes: {len(records)} records, {len(entries)} requests, "
          f"memory {early} -> {late} kB")
