# SPDX-License-Identifier: ISC
"""Every call that the program makes is made to fail, one at a time, in a whole life: it polls, records,
rotates, compresses, writes checkpoints, reloads and ends.  It must not crash, leak, hang or be silent about
why it ended, and after one more start the log holds every bucket once.

TORTURE_EVERY=N takes every N-th call alone.  Two lives at a time: each waits more than it works.
"""

import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from harness import (Daemon, Fake, assert_clean, assert_complete, assert_contiguous, assert_unique,  # noqa: E402
                     expected_records, parse_time, rfc3339, uuid_of)

EVERY = int(os.environ.get("TORTURE_EVERY", "1"))
TORTURED = os.environ["TORTURED"]
WORKERS = 2
ROOM = [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    server = Fake(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


def within(seconds, condition):
    """Whether it became true; after a failure it may not, and that is no mistake."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Life(Daemon):
    """One life in which one call fails."""

    def __init__(self, folder, fake, point):
        folder.mkdir()
        self.point, self.fake = point, fake
        self.begun = int(time.time()) // 60 * 60 - 90 * 60
        super().__init__(folder, fake.url, [])
        self.configure(ROOM[:2])
        self.report_file = folder / "report"

    def configure(self, devices):
        self.write_config(self.fake.url, devices, account={"rate": "1000/s", "burst": 100},
                          defaults={"backfill_from": rfc3339(self.begun), "lookback": "5m", "max_points": 15},
                          log={"rotate_size": "64KiB", "keep": 0},
                          extra='retry = { base = "100ms"; cap = "1s"; };\n')

    def command(self, *options):
        return [TORTURED, "-c", str(self.config), *options]

    def lives(self):
        return self.process.poll() is None

    def is_done(self):
        return not self.lives() or "ok; backlog 0" in self.notify.status

    def live(self):
        self.start(ready=False, TORTURE=self.point, TORTURE_REPORT=str(self.report_file))
        within(10, lambda: self.notify.seen("READY=1") or not self.lives())
        within(3, self.is_done)
        if self.lives():
            self.signal(signal.SIGUSR1)
            within(0.5, lambda: not self.lives() or (list(self.log_folder.glob("occupancy-*.gz")) and
                                                     not list(self.log_folder.glob("occupancy-*.ndjson"))))
        if self.lives():
            self.configure(ROOM)
            self.signal(signal.SIGHUP)
            within(1.5, lambda: not self.lives() or "3 devices ok; backlog 0" in self.notify.status
                   or "not reloaded" in self.notify.status)
        if self.lives():
            self.signal(signal.SIGTERM)
        try:
            self.code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.point}: it did not end within 15 s") from None
        finally:
            self.notify.close()

    def report(self):
        return self.report_file.read_text() if self.report_file.exists() else ""

    def calls(self):
        return {name: int(count) for name, count in re.findall(r"^calls (\w+) (\d+)$", self.report(), re.M)}

    def failed(self):
        """The function whose call failed, and where; None if it was not reached."""
        match = re.search(r"^(\w+ \d+ \w+ \S+ \d+)$", self.report(), re.M)
        return match.group(1) if match else None

    def judge(self):
        said = self.stderr()
        assert_clean(said)
        assert self.code in (0, 70, 74, 75, 77, 78), f"it ended with {self.code}: {said}"
        if self.code != 0:
            assert said.strip(), f"it ended with {self.code} and said nothing"
        self.configure(ROOM)
        code, _, said = self.run("--once", timeout=30)
        assert code == 0, f"the next start: {code}: {said}"
        records = self.records_at_rest()
        assert_unique(records)
        for device in ROOM:
            mine = assert_contiguous(records, device["uuid"], rfc3339(self.begun))
            assert_complete(records, device["uuid"], expected_records(
                device["uuid"], "MINUTELY", "UTC", self.begun, parse_time(mine[-1]["end"])))


def torture(folder, fake, point):
    """What failed, or a sentence about what went wrong."""
    life = Life(folder / point.replace(":", "-"), fake, point)
    try:
        life.live()
        life.judge()
    except AssertionError as error:
        return life.failed(), f"{point} ({life.failed()}): {error}\n{life.stderr()}"
    finally:
        life.kill()
    return life.failed(), None


@pytest.mark.parametrize("kind", ["memory", "disk", "curl", "system"])
def test_each_call_fails(kind, fake, tmp_path):
    whole = Life(tmp_path / "whole", fake, "none:0")
    whole.live()
    whole.judge()
    count = whole.calls()[kind]
    assert count > 0
    points = [f"{kind}:{n}" for n in range(1 + time.time_ns() % EVERY if EVERY > 1 else 1, count + 1, EVERY)]

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(lambda point: torture(tmp_path, fake, point), points))
    reached = [failed for failed, _ in results if failed]
    wrong = [sentence for _, sentence in results if sentence]
    functions = sorted({line.split()[2] for line in reached})
    print(f"\n{kind}: {len(reached)} of {count} calls made to fail, of {len(functions)} functions "
          f"({', '.join(functions)}); {len(wrong)} went wrong")
    assert not wrong, f"{len(wrong)} went wrong:\n" + "\n".join(wrong[:5])
    # Two lives are not quite alike, so that the last few calls may not come.
    assert len(reached) > len(points) * 0.9
