# SPDX-License-Identifier: ISC
"""The log is rotated by logrotate(8), by mv and by the daemon itself while it is
written to, and a real `tail -F` reads along: every line comes once.

copytruncate is not among them: it loses lines whoever the writer is.  Nor is
compress without delaycompress: records that are just being written when the
file is renamed could not be taken back.  occupancy-log(5) says both.
"""

import collections
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from busy import MAX_POINTS, Busy
from harness import CSV_COLUMNS, parse_log, read_bytes, settles, wait_for
from tail import Tail

ROTATIONS = 3
EVERYTHING = {"rotate_size": "1GiB", "rotate_every": "never"}  # stays in one file unless others rotate it


@pytest.fixture
def memory_folder(tmp_path):
    """In memory, where a sync takes no time: then a file is hardly ever moved just while it is written."""
    shared = pathlib.Path("/dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="occupancyd-", dir=shared)) if shared.is_dir() else tmp_path / "mem"
    folder.mkdir(exist_ok=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def follow(fake, make_daemon, memory_folder):
    """A busy daemon, and a tail that reads along."""
    tails = []

    def start(log, **settings):
        busy = Busy(fake, make_daemon, hours=96, log_folder=memory_folder, **settings)
        busy.write(log=log)
        busy.daemon.start()
        # The file must be there: a tail of coreutils 9.1 that has waited for one loses it at its first renaming.
        busy.tail = Tail(busy.daemon.folder, memory_folder / f"occupancy.{log.get('format', 'ndjson')}")
        tails.append(busy.tail)
        return busy
    yield start
    for tail in tails:
        tail.stop()


def lines_of(paths):
    """All lines, and all records, of files given in the order of the log."""
    lines, records = [], []
    for path in paths:
        data = read_bytes(path)
        assert not data or data.endswith(b"\n"), f"{path.name}: torn last line {data[-80:]}"
        lines += data.split(b"\n")[:-1]
        records += parse_log(path, data)
    return lines, records


def assert_read_once(busy, paths, may_move=False):
    """What is in the files is what the oracle says, and tail has printed each line of it once, in order."""
    wait_for(busy.all_have_begun, 60, "a record of each device")
    busy.assert_never_idle()
    busy.daemon.stop()
    lines, records = lines_of(paths())
    busy.check(records, caught_up=False)
    tail = busy.tail
    wait_for(lambda: tail.position() == tail.path.stat().st_size, 10, "tail to be at the end")
    wait_for(lambda: len(tail.lines()) >= len(lines), 10, f"tail to have read {len(lines)} lines")
    read = settles(tail.lines, 0.2, what="what tail has read")
    missed = collections.Counter(lines) - collections.Counter(read)
    surplus = collections.Counter(read) - collections.Counter(lines)
    batch = MAX_POINTS * len(busy.devices)
    if may_move and not missed and (tail.truncations() == 1 or 0 < surplus.total() <= batch):
        # Moved just while it was written: the lines were taken back and came again in the new
        # file, and a tail that had seen them prints them twice, or, if it sees that the file has
        # become shorter, all of it.  occupancy-log(5) warns of it.
        print("the file was moved just while it was written")
        assert set(read) == set(lines)
        return lines
    assert tail.truncations() == 0, tail.errors.read_text()
    assert not missed and not surplus, (
        f"tail missed {missed.total()} lines, such as {list(missed)[:1]}, and printed {surplus.total()} more than once, "
        f"such as {list(surplus)[:1]}; it said {tail.errors.read_text()}")
    assert read == lines, "tail printed the lines in another order"
    return lines


def external_files(folder):
    """In the order of their last records: mv and logrotate, compressing too, keep the time of a file's last change."""
    return sorted(folder.glob("occupancy.*"), key=lambda path: path.stat().st_mtime_ns)


def growing(busy):
    """Until a record has been written to the current file, which may not be there yet, and tail reads it.

    A header alone, with which a file of CSV begins, is not rotated by a signal.
    """
    header = len(",".join(CSV_COLUMNS)) + 2 if busy.tail.path.suffix == ".csv" else 0
    return (busy.tail.position() or 0) > header


@pytest.mark.parametrize("how", ["create", "nocreate missingok", "create compress delaycompress",
                                 "nocreate missingok compress delaycompress"])
def test_logrotate_loses_and_doubles_no_line(follow, how):
    if not shutil.which("logrotate", path="/usr/sbin:/usr/bin"):
        pytest.skip("logrotate is not installed")
    busy = follow(EVERYTHING)
    folder = busy.daemon.folder
    config = folder / "logrotate.conf"
    options = "\n\t".join(how.split())
    config.write_text(f'"{busy.daemon.log_folder}/occupancy.ndjson" {{\n\trotate 100\n\t{options}\n}}\n')
    config.chmod(0o600)
    for _ in range(ROTATIONS):
        wait_for(lambda: growing(busy), 20, "something to rotate")
        # Where logrotate creates the file, a daemon that makes it between logrotate's renaming and its creating is
        # in its way: what logrotate does then (occupancy-log(5): use nocreate) may cost a file, and the daemon is no
        # part of it.  So it holds still meanwhile, and finds the file that another has made.
        if "create" in how.split():
            busy.daemon.signal(signal.SIGSTOP)
        subprocess.run(["/usr/sbin/logrotate", "--force", "--state", str(folder / "logrotate.state"), str(config)],
                       check=True)
        busy.daemon.signal(signal.SIGCONT)
    wait_for(lambda: growing(busy), 20, "the new file")
    paths = external_files(busy.daemon.log_folder)
    assert len(paths) == ROTATIONS + 1, paths
    assert len([p for p in paths if p.suffix == ".gz"]) == (
        0 if "compress" not in how.split() else ROTATIONS - ("delaycompress" in how)), paths
    assert_read_once(busy, lambda: external_files(busy.daemon.log_folder), may_move=True)


def test_mv_loses_and_doubles_no_line(follow):
    busy = follow(EVERYTHING)
    current = busy.daemon.log_folder / "occupancy.ndjson"
    for number in range(ROTATIONS, 0, -1):
        wait_for(lambda: growing(busy), 20, "something to move")
        current.rename(current.with_name(f"occupancy.ndjson.{number}"))
    wait_for(lambda: growing(busy), 20, "the new file")
    assert_read_once(busy, lambda: external_files(busy.daemon.log_folder), may_move=True)


@pytest.mark.parametrize("log_format", ["ndjson", "csv"])
def test_rotation_by_signal_loses_and_doubles_no_line(follow, log_format):
    busy = follow({**EVERYTHING, "format": log_format})
    for _ in range(ROTATIONS):
        wait_for(lambda: growing(busy), 20, "something to rotate")
        rotated = len(busy.daemon.log_files())
        busy.daemon.signal(signal.SIGUSR1)
        wait_for(lambda: len(busy.daemon.log_files()) > rotated, 20, "the rotation")
    wait_for(lambda: growing(busy), 20, "the new file")
    assert_read_once(busy, busy.daemon.log_files)
    assert len(busy.daemon.log_files()) == ROTATIONS + 1


@pytest.mark.alone  # tail must look once in each of these seconds
def test_rotation_by_size_loses_and_doubles_no_line(follow):
    # Fifteen records of some 500 bytes, eight times a second: 64 KiB are full in a second.
    busy = follow({}, rate=8)
    wait_for(lambda: len(busy.daemon.log_files()) > ROTATIONS, 20, "rotations")
    assert_read_once(busy, busy.daemon.log_files)


@pytest.mark.parametrize("when", ["before it notices", "as it notices", "later"])
def test_kill_after_the_file_was_moved_doubles_nothing(follow, when):
    """The records since the last checkpoint are in a file with a name that is not the daemon's."""
    busy = follow(EVERYTHING)
    daemon = busy.daemon
    current = daemon.log_folder / "occupancy.ndjson"
    wait_for(lambda: growing(busy), 20, "something to move")
    time.sleep(0.5)  # a checkpoint may have been written, or not
    if when == "before it notices":
        daemon.signal(signal.SIGSTOP)
    current.rename(current.with_name("occupancy.ndjson.1"))
    if when != "before it notices":
        wait_for(lambda: growing(busy), 20, "the new file")
    time.sleep(0.3 if when == "later" else 0)  # how much later is what is tried here
    daemon.kill()
    daemon.start()
    if when == "before it notices":
        assert "beyond the last checkpoint" in daemon.stderr(), f"nothing was at stake: {daemon.stderr()}"
    wait_for(lambda: growing(busy), 20, "the new file")
    begun = len(daemon.records())
    wait_for(lambda: len(daemon.records()) > begun, 20, "more records")
    daemon.stop()
    busy.check(lines_of(external_files(daemon.log_folder))[1], caught_up=False)
