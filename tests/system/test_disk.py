# SPDX-License-Identifier: ISC
"""Disks that fill up, turn read-only or vanish, while the daemon catches up,
rotates and compresses: nothing is lost, nothing doubled, and the journal says
it in two lines.

They are real file systems, made in a file and mounted: that needs root.
DISK_FILLINGS says how often each is filled (make check-crash: 20 times),
CRASH_SEED repeats a run's dice.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from busy import Busy
from harness import SLOW, memory_kb, stays, wait_for
from tail import Tail

FILLINGS = int(os.environ.get("DISK_FILLINGS", "3"))
WARNING = 5  # and notices: all that reaches people who filter their journal


class Disk:
    """A small file system, and a file that fills it up."""

    def __init__(self, folder, kind, size="24M"):
        self.path = folder / kind
        self.path.mkdir()
        self.image = folder / f"{kind}.img"
        self.ballast = self.path / "ballast"
        if kind == "ext4":
            with open(self.image, "wb") as image:
                image.truncate(int(size[:-1]) << 20)
            run("mkfs.ext4", "-q", "-m", "0", str(self.image))
        self.kind, self.size = kind, size
        self.mount()

    def mount(self):
        if self.kind == "ext4":
            run("mount", "-o", "loop,errors=remount-ro", str(self.image), str(self.path))
        else:
            run("mount", "-t", "tmpfs", "-o", f"size={self.size}", "none", str(self.path))

    def unmount(self):
        run("umount", str(self.path))
        # Mounted again, it would be as it is as long as another test's process has mounts of its own from before.
        wait_for(lambda: not run("losetup", "--associated", str(self.image)), 120, "nobody to use the file system")

    def free(self):
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize

    def fill(self, leave=0):
        """To the last byte, or nearly."""
        with open(self.ballast, "ab", buffering=0) as file:
            for piece in (1 << 16, 1 << 9, 1):
                try:
                    while self.free() >= leave + piece or not leave:
                        file.write(b"\0" * piece)
                except OSError:
                    pass
            # What was removed and cut off before is free only when the journal of ext4 has said so.
            os.fsync(file.fileno())

    def empty(self):
        self.ballast.unlink()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@pytest.fixture
def make_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disks = []

    def make(kind):
        try:
            disks.append(Disk(tmp_path, kind))
        except OSError as error:
            pytest.skip(f"a small {kind} cannot be mounted here: {error}")
        return disks[-1]
    yield make
    for disk in disks:
        subprocess.run(["umount", "-l", str(disk.path)], capture_output=True)


@pytest.fixture
def make_busy(make_disk, start_fake, make_daemon):
    """A busy daemon with its log and its state on a small disk; it ends before the disk does."""
    def make(kind, hours):
        disk = make_disk(kind)
        folders = {name: disk.path / name.split("_")[0] for name in ("log_folder", "state_folder")}
        busy = Busy(start_fake(), make_daemon, hours, **folders)
        busy.disk = disk
        return busy
    return make


def requests(busy):
    return busy.fake.call("GET", "/_fake/stats")["requests"]


def told_since(daemon, mark):
    """What the journal was told since then of notices, warnings and errors."""
    return [line for priority, line in daemon.journal()[mark:]
            if priority <= WARNING and "is an occupancy region defined" not in line]


def wait_for_work(busy, least=5):
    """Until it polls and writes."""
    before = requests(busy)
    wait_for(lambda: "cannot be written" not in busy.daemon.notify.status and requests(busy) >= before + least, 30,
             "polling")


def is_over(daemon, mark):
    """STATUS tells of the log alone; the line comes when rotation, compression and checkpoint work again too."""
    told = told_since(daemon, mark)
    return len([line for line in told if "polling pauses" in line]) == len(
        [line for line in told if "written again after" in line])


def assert_two_lines(daemon, mark):
    wait_for(lambda: is_over(daemon, mark), 10, "the line that says that it is over")
    told = told_since(daemon, mark)
    assert len(told) == 2, f"expected two lines for one trouble of the disk, came {told}"
    assert "polling pauses" in told[0] and "written again after" in told[1], told


def assert_paused(busy, seconds=1.5):
    before = requests(busy)
    stays(lambda: requests(busy) - before <= 2, seconds, "two requests at most while nothing can be written")


def has_trouble(daemon):
    return "log cannot be written" in daemon.notify.status


def count_told(daemon, mark):
    """How often it has told since then that something cannot be written, and how often that this is over."""
    told = told_since(daemon, mark)
    begun = len([line for line in told if "polling pauses" in line])
    over = len([line for line in told if "written again after" in line])
    assert begun + over == len(told), f"expected two lines for each trouble of the disk, came {told}"
    return begun, over


def stay_full(busy, mark):
    """What it takes back and removes in its trouble makes room: it is filled until there is none any more.

    The log goes on for a while after rotation or compression has failed, in the room that was set aside
    for it, and what that leaves is room for others: so the log's own trouble is waited for.  Nothing is
    written meanwhile, or another trouble begins and counts; returns how many were over by then.
    """
    quiet, deadline = time.monotonic() + 1 * SLOW, time.monotonic() + 60 * SLOW
    before = None
    while time.monotonic() < quiet:
        assert time.monotonic() < deadline, f"the log can still be written: {busy.daemon.notify.status}"
        busy.disk.fill()
        now = count_told(busy.daemon, mark)
        if now != before or now[0] == now[1] or not has_trouble(busy.daemon):
            before, quiet = now, time.monotonic() + 1 * SLOW  # STATUS follows once a second
        time.sleep(0.005)
    return before[1]


def fill_and_free(busy, dice):
    """One filling; returns how long it took until it was written again."""
    daemon, disk = busy.daemon, busy.disk
    wait_for_work(busy)
    mark = len(daemon.journal())
    time.sleep(dice.uniform(0, 0.3))  # wherever it is with rotating and compressing
    disk.fill()
    stay_full(busy, mark)
    if dice.random() < 0.5:
        daemon.signal(signal.SIGUSR1)  # rotation and checkpoint meet the full disk
    early = stay_full(busy, mark)
    assert_paused(busy)
    assert has_trouble(daemon), daemon.notify.status
    assert count_told(daemon, mark) == (early + 1, early), daemon.journal()[mark:]
    disk.empty()
    begin = time.monotonic()
    wait_for(lambda: not has_trouble(daemon), 20, "STATUS to say that it is over")
    took = time.monotonic() - begin
    wait_for_work(busy)
    wait_for(lambda: is_over(daemon, mark), 10, "the line that says that it is over")
    assert early <= 2 and count_told(daemon, mark) == (early + 1, early + 1), daemon.journal()[mark:]
    return took


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ext4", "tmpfs"])
def test_full_disk_loses_and_doubles_nothing(make_busy, dice, kind):
    busy = make_busy(kind, hours=FILLINGS * 10)
    daemon = busy.daemon.start()
    waits, memory = [], []
    for _ in range(FILLINGS):
        waits.append(fill_and_free(busy, dice))
        memory.append(memory_kb(daemon.process))
    busy.assert_never_idle()
    daemon.stop()
    records = busy.finish()
    busy.check(records)
    if SLOW == 1:
        assert memory[-1] <= memory[0] * 1.05 + 200, f"memory in kB after each filling: {memory}"
    print(f"{kind}: filled {FILLINGS} times, written again after {min(waits):.1f} to {max(waits):.1f} s, "
          f"memory {memory[0]} -> {memory[-1]} kB, {len(records)} records in {len(daemon.log_files())} files: "
          "0 lost, 0 doubled, two lines each")


@pytest.mark.long
def test_disk_that_it_fills_itself(make_busy, dice):
    """A little room is left, and it is the daemon's own writing, whichever, that meets the end.

    What it takes back or removes then can make room once more, so it may begin and end twice.
    """
    fillings = min(FILLINGS - 1, 5)  # each takes much work, and the disk must hold all of it in the end
    busy = make_busy("ext4", hours=15 * fillings)
    daemon = busy.daemon.start()
    for _ in range(fillings):
        wait_for_work(busy)
        mark = len(daemon.journal())
        busy.disk.fill(leave=dice.randrange(20, 200) << 10)
        wait_for(lambda: has_trouble(daemon), 60, "STATUS to say it")
        stay_full(busy, mark)
        assert_paused(busy)
        busy.disk.empty()
        wait_for(lambda: not has_trouble(daemon), 20, "STATUS to say that it is over")
        wait_for_work(busy)
        wait_for(lambda: is_over(daemon, mark), 10, "the line that says that it is over")
        begun, over = count_told(daemon, mark)
        assert 1 <= begun == over <= 3, daemon.journal()[mark:]
    busy.assert_never_idle()
    daemon.stop()
    busy.check(busy.finish())


@pytest.mark.parametrize("kind", ["ext4", "tmpfs"])
def test_tail_sees_nothing_of_a_full_disk(make_busy, dice, tmp_path, kind):
    """Bytes that were written and taken back would make it print the whole file once more, with a torn line in between."""
    busy = make_busy(kind, hours=60)
    busy.write(log={"rotate_size": "1GiB", "rotate_every": "never"})
    daemon, path = busy.daemon.start(), busy.daemon.log_folder / "occupancy.ndjson"
    tail = Tail(tmp_path, path)
    try:
        for _ in range(FILLINGS):
            wait_for_work(busy)
            busy.disk.fill(leave=dice.randrange(0, 3) * 10000)
            wait_for(lambda: has_trouble(daemon), 20, "STATUS to say it")
            busy.disk.empty()
            wait_for(lambda: not has_trouble(daemon), 20, "STATUS to say that it is over")
        wait_for_work(busy)
        busy.assert_never_idle()
        daemon.stop()
        wait_for(lambda: tail.position() == path.stat().st_size, 10, "tail to have read all")
    finally:
        tail.stop()
    assert tail.truncations() == 0, tail.errors.read_text()
    assert tail.output.read_bytes() == path.read_bytes()
    spare = path.stat().st_blocks * 512 - path.stat().st_size
    assert spare < 1 << 16, f"{spare} bytes of room were not given back"
    busy.check(busy.finish())


def test_stop_and_start_on_a_full_disk(make_busy):
    """The checkpoint cannot be written: it says so in its exit code, and the log tells the next start."""
    busy = make_busy("ext4", hours=20)
    daemon = busy.daemon.start()
    wait_for_work(busy)
    busy.disk.fill()
    wait_for(lambda: has_trouble(daemon), 10, "STATUS to say it")
    busy.disk.fill()
    daemon.stop(0, 74)  # 74 unless its last checkpoint was of the last record
    busy.disk.empty()
    busy.check(busy.finish())


def test_kill_on_a_full_disk(make_busy):
    busy = make_busy("ext4", hours=20)
    daemon = busy.daemon.start()
    wait_for_work(busy)
    busy.disk.fill()
    wait_for(lambda: has_trouble(daemon), 10, "STATUS to say it")
    daemon.kill()
    busy.disk.empty()
    busy.check(busy.finish())


def test_a_read_only_file_system_comes_in_the_way(make_busy):
    """Mounted over the log's directory, and taken away again."""
    busy = make_busy("tmpfs", hours=20)
    daemon = busy.daemon.start()
    wait_for_work(busy)
    mark = len(daemon.journal())
    run("mount", "-t", "tmpfs", "-o", "ro", "none", str(daemon.log_folder))
    try:
        wait_for(lambda: has_trouble(daemon), 10, "STATUS to say it")
        assert "Read-only" in daemon.notify.status, daemon.notify.status
        assert_paused(busy)
    finally:
        run("umount", "-l", str(daemon.log_folder))
    wait_for(lambda: not has_trouble(daemon), 20, "STATUS to say that it is over")
    wait_for_work(busy)
    assert_two_lines(daemon, mark)
    daemon.stop()
    busy.check(busy.finish())


def test_a_file_system_error_makes_the_disk_read_only(make_busy):
    """As ext4 does by itself; the administrator stops the daemon, mounts anew, and starts it."""
    busy = make_busy("ext4", hours=20)
    disk, daemon = busy.disk, busy.daemon.start()
    source = subprocess.run(["findmnt", "-n", "-o", "SOURCE", str(disk.path)], capture_output=True, text=True)
    trigger = pathlib.Path("/sys/fs/ext4") / pathlib.Path(source.stdout.strip()).name / "trigger_fs_error"
    if not trigger.exists():
        pytest.skip(f"this kernel cannot play an error of ext4: no {trigger}")
    wait_for_work(busy)
    mark = len(daemon.journal())
    trigger.write_text("1")
    wait_for(lambda: has_trouble(daemon), 10, "STATUS to say it")
    assert_paused(busy)
    daemon.stop(0, 74)  # 74 unless its last checkpoint was of the last record
    told = [line for line in told_since(daemon, mark) if "polling pauses" in line]
    assert len(told) == 1, daemon.journal()
    disk.unmount()
    subprocess.run(["fsck.ext4", "-p", str(disk.image)], capture_output=True)  # 1: repaired
    disk.mount()
    busy.check(busy.finish())


@pytest.mark.parametrize("back", ["new", "the same"])
def test_log_directory_that_vanishes(start_fake, make_daemon, back):
    """Moved away while it is written to; then a new one is made, or it is put back."""
    busy = Busy(start_fake(), make_daemon, hours=20)
    daemon = busy.daemon.start()
    wait_for_work(busy)
    mark = len(daemon.journal())
    away = daemon.folder / "away"
    daemon.log_folder.rename(away)
    wait_for(lambda: has_trouble(daemon), 10, "STATUS to say it")
    assert_paused(busy)
    if back == "new":
        daemon.log_folder.mkdir()
    else:
        away.rename(daemon.log_folder)
    wait_for(lambda: not has_trouble(daemon), 20, "STATUS to say that it is over")
    wait_for_work(busy)
    assert_two_lines(daemon, mark)
    daemon.stop()
    records = busy.finish()
    if back == "new":
        # What was in the old one belongs in front; its current file is the last of it.
        daemon.log_folder, made = away, daemon.log_folder
        records = daemon.records_at_rest() + records
        daemon.log_folder = made
    busy.check(records)
    shutil.rmtree(away, ignore_errors=True)
