# SPDX-License-Identifier: ISC
"""Many devices under a rate: every bucket, never above the rate, memory flat.

LOAD_MINUTES says how long; the full length is 10 (make check-load), by real clocks.
The short version in `make check` sees two windows of each device, by fast ones.
"""

import os
import threading
import time

import pytest

from harness import SLOW, assert_complete, expected_records, fast, memory_kb, parse_time, uuid_of, wait_for

MINUTES = int(os.environ.get("LOAD_MINUTES", "2"))
SPEED = 1 if "LOAD_MINUTES" in os.environ else 4 if SLOW == 1 else 2
DEVICES = 200
RATE = 10
BURST = 10


class Lateness:
    """How much later than asked for this machine wakes what sleeps, at worst."""

    def __init__(self):
        self.worst = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        before = time.monotonic()
        while not self.over.wait(0.005):
            now = time.monotonic()
            self.worst = max(self.worst, now - before - 0.005)
            before = now

    def stop(self):
        self.over.set()
        self.thread.join()
        return self.worst


def assert_never_above_the_rate(entries, late):
    """Replays the journal through a token bucket of the configured rate and burst.

    Half a request of slack: the journal's clock sees requests a little later,
    and one may overtake the wait of another in the network.  And as much as passes
    while this machine keeps the server waiting that sees them.
    """
    tokens, before = BURST, entries[0]["mono_us"]
    lowest = tokens
    for entry in entries:
        tokens = min(BURST, tokens + (entry["mono_us"] - before) * RATE / 1e6)
        before = entry["mono_us"]
        tokens -= 1
        lowest = min(lowest, tokens)
    assert lowest >= -0.5 * SLOW - late * SPEED * RATE, f"the bucket would have been at {lowest}; {late:.3f} s late"
    # On the whole no lateness counts.
    span = (entries[-1]["mono_us"] - entries[0]["mono_us"]) / 1e6
    assert len(entries) <= BURST + 1 + RATE * span, f"{len(entries)} requests in {span:.0f} s"


@pytest.mark.alone
def test_two_hundred_devices_under_a_rate(start_fake, make_daemon):
    fake = start_fake(env=fast(speed=SPEED))
    devices = [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in range(1, DEVICES + 1)]
    lateness = Lateness()
    begin = int(fake.clock() - 2) // 60 * 60
    daemon = make_daemon(fake.url, devices, account={"rate": f"{RATE}/s", "burst": BURST},
                         defaults={"settle": "2s", "lookback": "2m"}).start(**fast(speed=SPEED))
    wait_for(lambda: len({r["device"] for r in daemon.records()}) == DEVICES, 120 / SPEED, "the first round")
    # Each device with its window: then all that it needs has been allocated.
    wait_for(lambda: fake.clock() > begin + 62 + 32, 120 / SPEED, "the warming up")
    early = memory_kb(daemon.process)
    end = begin + MINUTES * 60
    wait_for(lambda: fake.clock() > end + 3, (MINUTES * 60 + 120) / SPEED, "the end")

    def all_there():
        last = {}
        for record in daemon.records():
            last[record["device"]] = record["end"]
        return len(last) == DEVICES and all(parse_time(text) >= end for text in last.values())
    wait_for(all_there, 60, "every bucket of every device")
    late_memory = memory_kb(daemon.process)
    late = lateness.stop()
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
    assert_never_above_the_rate(entries, late)
    if SLOW == 1:
        assert late_memory <= early * 1.05 + 100, f"memory grew from {early} to {late_memory} kB"
    print(f"{DEVICES} devices, {MINUTES} minutes: {len(records)} records, {len(entries)} requests, "
          f"memory {early} -> {late_memory} kB, this machine was late by {late * 1000:.1f} ms at worst")
