# SPDX-License-Identifier: ISC
"""The daemon is killed (SIGKILL) again and again, at moments as bad as can be
found, and started again at once.  In the end every bucket is in the log once:
none lost, none doubled, no line torn.

It is never without work: days of minutes are behind, under a rate.  Before the
last life the rate is lifted, and that life brings all up to date.

CRASH_KILLS says how often (make check-crash: 500 times in each format),
CRASH_SEED repeats a run's dice.
"""

import datetime
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from busy import RATE, Busy
from harness import (OCCUPANCYCTL, SLOW, WRAPPER, assert_contiguous, assert_unique, parse_time, published_count, rfc3339,
                     uuid_of, wait_for)

KILLS = int(os.environ.get("CRASH_KILLS", "40"))
if SLOW > 1:
    KILLS = max(10, KILLS // SLOW)
# More than one life gets done.
HOURS_PER_KILL = 1.5


class Killer:
    """Lets the daemon live again and again, and ends each life in a way that the dice choose."""

    def __init__(self, daemon, rng):
        self.daemon = daemon
        self.rng = rng
        self.ways = [self.before_ready, self.while_polling, self.while_polling, self.after_rotate_signal,
                     self.after_reload_signal, self.after_stop_signal, self.when_renamed, self.when_compressing,
                     self.when_compressed]
        self.tally = {}
        self.damaged = 0

    def life(self):
        way = self.rng.choice(self.ways)
        self.daemon.start(ready=False)
        seen = way()
        assert self.daemon.process.poll() is None or way == self.after_stop_signal, self.daemon.stderr()
        self.daemon.kill()
        name = way.__name__ + ("" if seen else " (not seen)")
        self.tally[name] = self.tally.get(name, 0) + 1

    def pause(self, longest):
        time.sleep(self.rng.uniform(0, longest) * SLOW)

    def watch(self, condition, longest=0.4):
        """Looks so often that the kill comes within a fraction of a millisecond."""
        deadline = time.monotonic() + longest * SLOW
        while time.monotonic() < deadline and self.daemon.process.poll() is None:
            if condition():
                return True
            time.sleep(0.0002)
        return False

    def until_ready(self):
        assert self.watch(lambda: self.daemon.notify.seen("READY=1"), 20), self.daemon.stderr()

    def names(self, pattern):
        return {path.name for path in self.daemon.log_folder.glob(pattern)}

    # The ways to die; each says whether the moment came that it waits for.

    def before_ready(self):
        self.pause(0.015)
        return not self.daemon.notify.seen("READY=1")

    def while_polling(self):
        self.until_ready()
        self.pause(0.25)
        return True

    def signal_then_die(self, number):
        self.until_ready()
        self.pause(0.1)
        self.daemon.signal(number)
        self.pause(0.004)
        return True

    def after_rotate_signal(self):
        return self.signal_then_die(signal.SIGUSR1)

    def after_reload_signal(self):
        """Which saves two checkpoints."""
        return self.signal_then_die(signal.SIGHUP)

    def after_stop_signal(self):
        return self.signal_then_die(signal.SIGTERM)

    def rotate_and_watch(self, pattern):
        self.until_ready()
        self.pause(0.05)
        before = self.names(pattern)
        self.daemon.signal(signal.SIGUSR1)
        seen = self.watch(lambda: self.names(pattern) - before)
        self.pause(self.rng.choice((0, 0, 0.002)))
        return seen

    def when_renamed(self):
        return self.rotate_and_watch("occupancy-*")

    def when_compressing(self):
        return self.rotate_and_watch(".occupancy-*.gz.tmp")

    def when_compressed(self):
        return self.rotate_and_watch("occupancy-*.gz")

    # Between two lives.

    def lose_checkpoint(self):
        (self.daemon.state_folder / "checkpoint").unlink(missing_ok=True)

    def damage_checkpoint(self):
        path = self.daemon.state_folder / "checkpoint"
        if not path.exists():
            return
        data = bytearray(path.read_bytes())
        how = self.rng.choice(("flip", "cut", "empty"))
        if how == "flip":
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        path.write_bytes(b"" if how == "empty" else data[:self.rng.randrange(1, len(data))] if how == "cut" else data)
        self.damaged += 1



def assert_verified(daemon, records):
    """The tool finds nothing wrong with it either, and reads as many records."""
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "verify", "--json", daemon.log_folder], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    answer = json.loads(done.stdout)
    assert answer["complete"] and answer["defects"] == [] and answer["records"] == len(records), answer
    firsts = {(r["device"], r["interval"], r["time"]) for r in records}
    assert answer["expected"] == answer["ok"] + answer["no_data"] + answer["ambiguous"] + answer["gap"], answer
    assert answer["gap"] or answer["expected"] == len(firsts), (answer, len(firsts))


def summary(what, kills, killer, busy, records, begin):
    files = len(busy.daemon.log_files())
    print(f"{what}: {kills} kills in {time.monotonic() - begin:.0f} s, {killer.damaged} checkpoints damaged, "
          f"{len(records)} records in {files} files, {len(busy.fake.journal())} requests: "
          "0 lost, 0 doubled, 0 torn")
    print("  " + ", ".join(f"{name} {times}" for name, times in sorted(killer.tally.items())))


def kill_again_and_again(busy, killer, kills, between=lambda: None):
    for _ in range(kills):
        killer.life()
        if killer.rng.random() < 0.06:
            killer.rng.choice((killer.lose_checkpoint, killer.damage_checkpoint))()
        between()


@pytest.mark.long
@pytest.mark.parametrize("log_format", ["ndjson", "csv"])
def test_kills_lose_and_double_nothing(fake, make_daemon, dice, log_format):
    begin = time.monotonic()
    busy = Busy(fake, make_daemon, KILLS * HOURS_PER_KILL, rate=RATE // SLOW)
    busy.write(log={"format": log_format})
    killer = Killer(busy.daemon, dice)
    kill_again_and_again(busy, killer, KILLS)
    busy.assert_never_idle()
    records = busy.finish()
    busy.check(records)
    assert_verified(busy.daemon, records)
    assert len(busy.daemon.log_files()) > KILLS / 10, "there was hardly a rotation"
    summary(log_format, KILLS, killer, busy, records, begin)


@pytest.mark.long
def test_kills_between_formats_lose_and_double_nothing(fake, make_daemon, dice):
    """The format is changed at restarts, and sometimes by a reload that is killed too."""
    begin = time.monotonic()
    kills = max(KILLS // 2, 10)
    busy = Busy(fake, make_daemon, kills * HOURS_PER_KILL, rate=RATE // SLOW)
    killer = Killer(busy.daemon, dice)

    def switch():
        if dice.random() < 0.5:
            busy.write(log={"format": dice.choice(("ndjson", "csv"))})
    kill_again_and_again(busy, killer, kills, switch)
    busy.assert_never_idle()

    # The dice alone may not have let both formats be written.
    for log_format in ("csv", "ndjson"):
        busy.write(log={"format": log_format})
        busy.daemon.start()
        current = busy.daemon.log_folder / f"occupancy.{log_format}"
        # A file of CSV has its header before its first record.
        header = log_format == "csv"
        wait_for(lambda: current.read_bytes().count(b"\n") > header, 10, f"a record in {current.name}")
        busy.daemon.kill()
    records = busy.finish()
    busy.check(records)
    assert_verified(busy.daemon, records)
    formats = {suffix for path in busy.daemon.log_files() for suffix in path.suffixes} - {".gz"}
    assert formats == {".ndjson", ".csv"}, formats
    summary("changing formats", kills, killer, busy, records, begin)


def test_kills_double_no_correction(fake, make_daemon, dice):
    """The server changes its mind between lives: each correction is in the log once, and follows what it corrects.

    Twenty minutes are two requests of each device, and the second looks back on the first.
    """
    begin = time.monotonic()
    kills = max(KILLS // 2, 10)
    # A life makes some eight requests, and these devices have six for each life to make.
    busy = Busy(fake, make_daemon, devices=3 * kills, start=int(time.time()) // 60 * 60 - 20 * 60, rate=RATE // SLOW)
    killer = Killer(busy.daemon, dice)

    def change_mind():
        fake.faults({"delta": dice.randrange(3)})
    kill_again_and_again(busy, killer, kills, change_mind)

    def corrected():
        return any(r["revision"] > 0 for r in busy.daemon.records())
    # On a slow machine the second requests come later.
    for _ in range(4 * kills):
        if corrected():
            break
        kill_again_and_again(busy, killer, 1, change_mind)
    assert corrected(), "nothing was corrected while it was killed"
    fake.faults()
    records = busy.finish()
    assert_unique(records)
    assert_verified(busy.daemon, records)
    corrections = 0
    counts = {}
    for r in records:
        bucket = r["device"], r["time"]
        if r["revision"] > 0:
            corrections += 1
            revision, count = counts.get(bucket, (-1, None))
            assert r["revision"] == revision + 1, (r, revision)
            assert r["previous"] == count and r["count"] != count, (r, count)
        counts[bucket] = (r["revision"], r["count"])
    for n in busy.devices:
        mine = assert_contiguous(records, uuid_of(n), rfc3339(busy.start))
        assert all(0 <= counts[uuid_of(n), r["time"]][1] - published_count(uuid_of(n), parse_time(r["time"]) * 1000) <= 2
                   for r in mine)
    summary(f"{corrections} corrections", kills, killer, busy, records, begin)


def told_of(daemon, text):
    return [line for priority, line in daemon.journal() if text in line]


@pytest.mark.parametrize("how", ["a day ago", "empty since", "mounted late"])
def test_a_log_older_than_the_checkpoint_leaves_no_hole(fake, make_daemon, how):
    """Restored from a backup, or written elsewhere for a while because its file system was not mounted."""
    busy = Busy(fake, make_daemon, 6)
    daemon = busy.daemon.start()
    wait_for(lambda: list(daemon.log_folder.glob("occupancy-*.gz")) and busy.all_have_begun(), 20, "a rotated log")
    daemon.stop()
    if how == "empty since":
        # As a backup just after a rotation has it.
        stamp = "occupancy-%Y%m%dT%H%M%SZ.ndjson"
        last = max(path.name.removesuffix(".gz") for path in daemon.log_folder.glob("occupancy-*"))
        after = datetime.datetime.strptime(last, stamp) + datetime.timedelta(seconds=1)
        (daemon.log_folder / "occupancy.ndjson").rename(daemon.log_folder / after.strftime(stamp))
    before = daemon.folder / "backup"
    shutil.copytree(daemon.log_folder, before)
    if how == "mounted late":
        shutil.rmtree(daemon.log_folder)
        daemon.log_folder.mkdir()
    kept = len(daemon.records())
    daemon.start()
    wait_for(lambda: len(daemon.records()) > kept + 200, 20, "that it goes on")
    wait_for(lambda: len(list(daemon.log_folder.glob("occupancy-*"))) > len(list(before.glob("occupancy-*")))
             or how == "mounted late", 20, "another rotation")
    daemon.stop()
    assert len(told_of(daemon, "are in no file here")) == (how == "mounted late"), daemon.journal()
    shutil.rmtree(daemon.log_folder)
    before.rename(daemon.log_folder)
    daemon.start()
    wait_for(lambda: told_of(daemon, "the log is older than the checkpoint"), 10, "that it says so")
    assert not told_of(daemon, "beyond the last checkpoint")
    daemon.stop()
    busy.check(busy.finish())


def test_what_others_take_away_is_not_asked_for_again(fake, make_daemon):
    """Moved elsewhere while the daemon was stopped: that is their right, and the checkpoint says where to go on."""
    busy = Busy(fake, make_daemon, 6)
    daemon = busy.daemon.start()
    wait_for(lambda: list(daemon.log_folder.glob("occupancy-*")) and busy.all_have_begun(), 20, "a rotated log")
    daemon.stop()
    away = daemon.folder / "away"
    daemon.log_folder.rename(away)
    daemon.log_folder.mkdir()
    daemon.start()
    wait_for(lambda: daemon.records(), 20, "that it goes on")
    assert len(told_of(daemon, "are in no file here")) == 1
    assert not told_of(daemon, "older than the checkpoint")
    daemon.stop()
    records = busy.finish()
    daemon.log_folder, made = away, daemon.log_folder
    records = daemon.records_at_rest() + records
    daemon.log_folder = made
    busy.check(records)


@pytest.mark.parametrize("how", ["removed", "damaged"])
def test_a_lost_checkpoint_is_rebuilt_from_the_logs(fake, make_daemon, how, dice):
    busy = Busy(fake, make_daemon, 1)
    daemon = busy.daemon.start()
    wait_for(lambda: list(daemon.log_folder.glob("occupancy-*.gz")), 20, "a rotated and compressed file")
    daemon.kill()
    before = len(daemon.records())
    killer = Killer(daemon, dice)
    killer.lose_checkpoint() if how == "removed" else killer.damage_checkpoint()
    daemon.start()
    wait_for(lambda: len(daemon.records()) > before, 20, "that it goes on")
    daemon.stop()
    told = [line for line in daemon.stderr().splitlines() if "checkpoint" in line and "log in" not in line]
    assert len(told) == 1, f"expected one line that speaks of the checkpoint, came {told}"
    assert len(list(daemon.state_folder.glob("checkpoint.damaged-*"))) == (how == "damaged")
    busy.check(busy.finish())
