# SPDX-License-Identifier: ISC
"""A hundred SIGHUPs with changing and with broken configurations, while it polls
and catches up: nothing is lost, nothing doubled, every mistake is reported, and
memory stays as it was.

CRASH_SEED repeats a run's dice.
"""

import collections
import pathlib
import re
import signal
import time

import pytest

from harness import (SLOW, assert_complete, assert_contiguous, assert_unique, expected_records, last_minute, memory_kb,
                     parse_time, rfc3339, uuid_of, wait_for)

RELOADS = 100 if SLOW == 1 else 40
NUMBERS = list(range(1, 9))
POLLS = [(n, interval) for n in NUMBERS for interval in ("MINUTELY", "QUARTERHOURLY")]
# In all of these the quarters of an hour are the same.
ZONES = ["UTC", "America/Denver", "Asia/Kolkata", "Australia/Eucla"]
# 51,200 buckets, ten to a request: of the 5,000 requests that they take, a storm leaves time for some 1,000.
HOURS = 100
STORM_POINTS = 10
RATES = range(40 // SLOW, 200 // SLOW)

# What is broken, and in which line: (pattern, replacement).
MISTAKES = [
    (r'interval = "[A-Z]+"', 'interval = "SOMETIMES"'),
    (r'timezone = "[^"]*"', 'timezone = "Mars/Olympus"'),
    (r'settle = "1s"', 'settle = "1"'),
    (r'uuid = "[^"]*"', 'uuid = "not one"'),
    (r'rate = "[^"]*"', 'rote = "1/s"'),
    (r'format = "[^"]*"', 'format = "xml"'),
    (r'max_in_flight = \d+;', 'max_in_flight = = 4;'),
]


class Storm:
    def __init__(self, fake, make_daemon, dice):
        self.fake, self.dice = fake, dice
        self.start = int(time.time() - HOURS * 3600) // 900 * 900
        self.daemon = make_daemon(fake.url, [])
        self.seen = collections.Counter()
        self.write(POLLS, "ndjson", RATES[0], [])

    def write(self, polls, log_format, rate, named, max_points=STORM_POINTS, zone="UTC"):
        devices = [{"uuid": uuid_of(n), "name": f"{'renamed' if n in named else 'room'}-{n}", "interval": interval,
                    "window": "1m" if interval == "MINUTELY" else "15m"} for n, interval in polls]
        self.daemon.write_config(
            self.fake.url, devices, account={"rate": f"{rate}/s", "burst": 4, "max_in_flight": 4},
            defaults={"backfill_from": rfc3339(self.start), "backfill": "30d", "lookback": "10m", "timezone": zone,
                      "max_points": max_points},
            log={"rotate_size": "64KiB", "keep": 0, "format": log_format})

    def reload(self):
        """Sends SIGHUP and waits for its end; what the journal was told meanwhile."""
        told = len(self.daemon.stderr())
        before = self.daemon.notify.messages.count("READY=1")
        self.daemon.signal(signal.SIGHUP)
        wait_for(lambda: self.daemon.notify.messages.count("READY=1") > before, 10, "the end of the reload")
        return self.daemon.stderr()[told:]

    def is_reloading(self):
        """Whether a SIGHUP is pending, or the answer to one is on its way."""
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        pending = int(re.search(r"^ShdPnd:\s*(\w+)", status, re.M).group(1), 16) & (1 << (signal.SIGHUP - 1))
        messages = list(self.daemon.notify.messages)
        begun = sum(message.startswith("RELOADING=1") for message in messages)
        return pending or messages.count("READY=1") <= begun

    def change(self):
        """A good configuration: some devices away, some renamed, all the rest new."""
        polls = [poll for poll in POLLS if self.dice.random() < 0.8] or POLLS[:1]
        self.dice.shuffle(polls)
        self.write(polls, self.dice.choice(("ndjson", "csv")), self.dice.choice(RATES),
                   [n for n in NUMBERS if self.dice.random() < 0.3], zone=self.dice.choice(ZONES))
        said = self.reload()
        assert f"reloaded: {len(polls)} device" in said and "not reloaded" not in said, said
        self.seen["good"] += 1

    def break_it(self):
        """One mistake: it is reported with its file and line, and nothing changes."""
        good = self.daemon.config.read_text()
        pattern, replacement = self.dice.choice(MISTAKES)
        places = list(re.finditer(pattern, good))
        place = self.dice.choice(places)
        line = good.count("\n", 0, place.start()) + 1
        self.daemon.config.write_text(good[:place.start()] + replacement + good[place.end():])
        said = self.reload()
        assert f"occupancyd.conf:{line}: " in said, f"expected a report of line {line} ({replacement}), came {said}"
        assert said.count("not reloaded: the old configuration stays in force") == 1, said
        self.daemon.config.write_text(good)
        self.seen[replacement] += 1

    def hurry(self):
        """Several at once: they may be taken as one."""
        for _ in range(3):
            self.daemon.signal(signal.SIGHUP)
        self.reload()
        # What is left of them must not be taken for the answer to the next one.
        quiet = time.monotonic()
        while time.monotonic() < quiet + 0.2 * SLOW:
            if self.is_reloading():
                quiet = time.monotonic()
            time.sleep(0.005)
        self.seen["several at once"] += 1


@pytest.mark.long
def test_a_hundred_reloads_lose_and_double_nothing(fake, make_daemon, dice):
    begin = time.monotonic()
    fake.faults({"delay_ms": 10})  # so that requests are on their way when a reload comes
    storm = Storm(fake, make_daemon, dice)
    daemon = storm.daemon.start()
    memory = []
    for number in range(RELOADS):
        dice.choice((storm.change, storm.change, storm.break_it, storm.hurry))()
        time.sleep(dice.uniform(0, 0.08) * SLOW)
        if number % 10 == 9:
            memory.append(memory_kb(daemon.process))
    backlog = int(re.search(r"backlog (\d+)", wait_for(lambda: daemon.notify.status, 5, "STATUS")).group(1))
    assert backlog > 0, "all was caught up before the storm was over"

    # It goes on polling: the same process brings all up to date.
    storm.write(POLLS, "ndjson", 1000, [], max_points=1440)
    storm.reload()
    wait_for(lambda: re.search(r"^16 devices ok; backlog 0;", daemon.notify.status), 60, "all caught up")
    before = len(fake.journal())
    end = last_minute(daemon.started)
    daemon.stop()

    records = daemon.records_at_rest()
    assert_unique(records)
    assert {r["revision"] for r in records} == {0}, "the server corrects nothing"
    for n, interval in POLLS:
        mine = [r for r in records if r["device"] == uuid_of(n) and r["interval"] == interval]
        length = 60 if interval == "MINUTELY" else 900
        assert_contiguous(mine, uuid_of(n), rfc3339(storm.start), rfc3339(end // length * length))
        assert_complete(mine, uuid_of(n), expected_records(uuid_of(n), interval, "UTC", storm.start,
                                                           parse_time(mine[-1]["end"])))
    if SLOW == 1:
        assert min(memory[-3:]) <= max(memory[:3]) * 1.05 + 300, f"memory in kB after each ten reloads: {memory}"
    print(f"{RELOADS} reloads in {time.monotonic() - begin:.0f} s: {dict(storm.seen)}, {len(records)} records, "
          f"{before} requests, memory {memory} kB")
