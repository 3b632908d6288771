# SPDX-License-Identifier: ISC
"""Who shares the machine: what is planted in the directories, files that change while they are
read, limits that are too small, signals in storms.  No crash, no hang, a clear word, and nothing
lost once it is over.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time

import pytest

from harness import (KEY, SLOW, Daemon, assert_clean, assert_complete, assert_contiguous, assert_unique, dated,
                     expected_records, fast, parse_time, run_as_users_do, uuid_of, wait_for)
from test_disk import make_disk  # noqa: F401

LOBBY = [{"uuid": uuid_of(1), "name": "lobby"}]
QUICK = {"backfill_from": "10m"}
IO, PERMISSION, CONFIG = 74, 77, 78


def assert_all(records, minutes=8):
    assert_unique(records)
    mine = assert_contiguous(records, uuid_of(1))
    first, last = parse_time(mine[0]["time"]), parse_time(mine[-1]["end"])
    assert last - first >= minutes * 60
    assert_complete(records, uuid_of(1), expected_records(uuid_of(1), "MINUTELY", "UTC", first, last))


# What is planted

def plant(path, kind, outside):
    if kind == "symlink":
        path.symlink_to(outside)
    elif kind == "dangling symlink":
        path.symlink_to(outside.with_name("not-there"))
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
        (path / "something").touch()
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif kind == "device":
        make_device(path)


def make_device(path):
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero: no end of it


@pytest.fixture
def room(tmp_path):
    """Gives the folder for what is planted: a device has to lie where devices can be made and opened."""
    made = []

    def find(kind):
        if kind != "device":
            return tmp_path
        why = []
        for parent in (tmp_path, "/var/tmp", "/dev"):
            try:
                folder = pathlib.Path(tempfile.mkdtemp(prefix="occupancyd-", dir=parent))
            except OSError as error:
                why.append(f"{parent}: {error.strerror}")
                continue
            made.append(folder)
            try:
                make_device(folder / "device")
                os.close(os.open(folder / "device", os.O_RDONLY))
                return folder
            except OSError as error:
                what = "is opened" if (folder / "device").exists() else "is made"
                why.append(f"{parent}: none {what}: {error.strerror}")
        pytest.skip(f"no device can be used here: {'; '.join(why)}")
    yield find
    for folder in made:
        shutil.rmtree(folder)


KINDS = ["symlink", "dangling symlink", "fifo", "directory", "socket", "device"]
ROTATED = "occupancy-20200101T000000Z.ndjson"
FOUND = "it is not a regular file: remove it"

# Whether it starts, and what it says; the names of its own temporary files it takes for left-overs.
PLANTED = {
    ("log", "occupancy.ndjson"): (IO, f"occupancy.ndjson: cannot be opened: {FOUND}"),
    ("log", ROTATED): (IO, f"{ROTATED}: cannot be read back; move it away to start without it: {FOUND}"),
    ("log", f"{ROTATED}.gz"): (IO, f"{ROTATED}.gz: cannot be read back; move it away to start without it: {FOUND}"),
    ("log", ".occupancy.probe"): (0, ""),
    ("log", f".{ROTATED}.gz.tmp"): (0, ""),
    ("state", "checkpoint"): (0, "checkpoint: not a regular file: set aside"),
    ("state", ".checkpoint.tmp"): (0, ""),
    ("state", "lock"): (IO, f"lock: cannot be opened: {FOUND}"),
}


@pytest.mark.parametrize("where, name", PLANTED, ids=[name for _, name in PLANTED])
@pytest.mark.parametrize("kind", KINDS)
def test_planted(where, name, kind, room, fake, make_daemon, tmp_path):
    folder = room(kind)
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK, log_folder=folder / "log", state_folder=folder / "state")
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    path = (daemon.log_folder if where == "log" else daemon.state_folder) / name
    plant(path, kind, outside)
    want, said = PLANTED[where, name]
    code, _, stderr = daemon.run("--once", timeout=15)
    assert outside.read_text() == "precious\n" and not (tmp_path / "not-there").exists()
    if kind == "directory" and want == 0 and name.startswith("."):
        # It removes files, not directories: somebody has to.
        assert code in (0, IO) and ("Is a directory" in stderr or code == 0), stderr
        subprocess.run(["rm", "-r", path], check=True)
        code, _, stderr = daemon.run("--once", timeout=15)
    assert code == want and said in stderr, (code, stderr)
    if want:
        # The advice works.
        subprocess.run(["rm", "-r", path], check=True)
        assert daemon.run("--once", timeout=15)[0] == 0
    assert_all(daemon.records_at_rest())


def test_directory_replaced_by_a_link_while_it_runs(fake, make_daemon, tmp_path):
    """Who can write beside the log can move it; it goes on in what it has opened or says what is wrong."""
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK).start()
    wait_for(daemon.records, 10, "records")
    # In one step: between two, the daemon might find no file and make it anew.
    (tmp_path / "link").symlink_to(tmp_path / "trap")
    os.replace(tmp_path / "link", daemon.log_folder / "occupancy.ndjson")
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: FOUND in daemon.stderr(), 10, "what is wrong")
    assert not (tmp_path / "trap").exists() and daemon.process.poll() is None
    (daemon.log_folder / "occupancy.ndjson").unlink()
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: (daemon.log_folder / "occupancy.ndjson").exists(), 70, "the log to be made anew")
    daemon.stop(0, IO)


# Whose files they are

@pytest.mark.skipif(os.geteuid() != 0, reason="another user's files need root")
@pytest.mark.parametrize("where, name", [("log", "occupancy.ndjson"), ("log", ROTATED), ("state", "checkpoint"),
                                         ("state", "lock")])
@pytest.mark.parametrize("owner, mode", [(65534, 0o600), (0, 0o000)], ids=["wrong owner", "wrong mode"])
def test_file_that_may_not_be_used(owner, mode, where, name, fake, make_daemon):
    """As a restored backup leaves them: which one is said, and nothing is lost."""
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    assert run_as_users_do(daemon, "--once")[0] == 0
    path = (daemon.log_folder if where == "log" else daemon.state_folder) / name
    if name == ROTATED:
        path.touch()
    os.chown(path, owner, owner)
    path.chmod(mode)
    code, stderr = run_as_users_do(daemon, "--once")
    assert code == PERMISSION and str(path) in stderr and "Permission denied" in stderr, (code, stderr)
    os.chown(path, 0, 0)
    path.chmod(0o640)
    assert run_as_users_do(daemon, "--once")[0] == 0
    assert_all(daemon.records_at_rest())


# Files that change while they are read

def test_key_swapped_in_a_storm(fake, make_daemon):
    """Renamed into place a thousand times a second, whole and half: it never sends half a key."""
    daemon = make_daemon(fake.url, LOBBY, key="wrong-key-000000001", defaults=QUICK).start()
    over = threading.Event()

    def swap():
        while not over.is_set():
            daemon.write_key("wrong-key-000000001")
            daemon.write_key("")
            daemon.key_file.write_text("wrong")
    thread = threading.Thread(target=swap)
    thread.start()
    for _ in range(20):
        daemon.signal(signal.SIGHUP)
        time.sleep(0.1)  # another reload in the midst of the storm
    over.set()
    thread.join()
    assert daemon.process.poll() is None
    daemon.write_key(KEY)
    daemon.key_file.chmod(0o600)
    wait_for(daemon.records, 10, "records")
    daemon.stop()
    assert {e["key"] for e in fake.journal() if e["status"] == 200} == {"key1"}


FRAGMENTS = {
    "huge": (lambda path: (path.touch(), os.truncate(path, 100 << 20)), "is larger than"),
    "a FIFO": (os.mkfifo, "is not a regular file"),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "a directory": (lambda path: path.mkdir(), "is not a regular file|Is a directory"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "No such file"),
    "includes itself": (lambda path: path.write_text('@include "50.conf"\n' * 8), "more than 10 deep"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 1000), "syntax error|NUL"),
    "escapes in its name": (lambda path: path.with_name("\x1b[31m\x07.conf").write_text("nonsense"), r"\\x1b\[31m\\x07.conf:1:"),
}


@pytest.mark.parametrize("name", FRAGMENTS)
def test_odd_fragment(name, fake, make_daemon):
    """Refused at a start; refused at a reload, while the old configuration stays in force."""
    make, said = FRAGMENTS[name]
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK).start()
    (daemon.folder / "conf.d").mkdir()
    make(daemon.folder / "conf.d/50.conf")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" in daemon.stderr(), 20, "the refusal")
    wait_for(daemon.records, 10, "records")
    daemon.stop()
    code, _, stderr = daemon.run("--check", timeout=20)
    assert code == CONFIG and re.search(said, stderr), stderr
    assert "\x1b" not in stderr and "\x07" not in stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's files need root")
def test_unreadable_fragment(fake, make_daemon):
    daemon = make_daemon(fake.url, LOBBY)
    (daemon.folder / "conf.d").mkdir()
    fragment = daemon.folder / "conf.d/50.conf"
    fragment.write_text("")
    fragment.chmod(0)
    code, stderr = run_as_users_do(daemon, "--check")
    assert code == CONFIG and "50.conf" in stderr and "Permission denied" in stderr, stderr


# Limits

class Limited(Daemon):
    """Started with a resource limit."""

    limit = None

    def command(self, *options):
        kind, value = self.limit
        return ["prlimit", f"--{kind}={value}", *super().command(*options)]


@pytest.mark.skipif(SLOW > 1, reason="sanitizers and valgrind need more files and memory than that")
@pytest.mark.parametrize("kind, value, starts", [
    ("nofile", 16, True), ("nofile", 12, True), ("nofile", 6, False), ("nofile", 4, False),
    ("as", 64 << 20, True), ("as", 24 << 20, False), ("stack", 64 << 10, True), ("core", 0, True), ("memlock", 0, True),
])
def test_small_limits(kind, value, starts, fake, tmp_path):
    """It works, or says why it does not, and works once the limit is gone."""
    daemon = Limited(tmp_path, fake.url, LOBBY, defaults=QUICK)
    daemon.limit = (kind, value)
    try:
        code, _, stderr = daemon.run("--once", timeout=20)
    except subprocess.TimeoutExpired:
        raise AssertionError("it hangs") from None
    assert code == 0 if starts else code != 0 and code < 128, (code, stderr)
    if not starts:
        assert stderr.strip(), f"it ended with {code} without a word"
    daemon.limit = ("nofile", 1024)
    assert daemon.run("--once", timeout=20)[0] == 0
    assert_all(daemon.records_at_rest())


@pytest.mark.skipif(SLOW > 1, reason="sanitizers and valgrind need more memory than that")
@pytest.mark.parametrize("mebibytes", [48, 64, 80])
def test_an_answer_for_which_there_is_no_memory(mebibytes, fake, tmp_path):
    """It is said as that, wherever memory would have come to its end, and nothing of it is recorded."""
    counts = ", ".join(f'"kind-{n}": {n}' for n in range(200000))
    fake.faults({"count_map": json.loads(f"{{{counts}}}")})
    daemon = Limited(tmp_path, fake.url, LOBBY, defaults=QUICK)
    daemon.limit = ("as", mebibytes << 20)
    code, _, stderr = daemon.run("--once", timeout=60)
    assert code == 69 and "poll failed: out of memory" in stderr, (code, stderr)
    assert "not JSON" not in stderr and daemon.records_at_rest() == []
    fake.faults()
    assert daemon.run("--once", timeout=20)[0] == 0
    assert_all(daemon.records_at_rest())


@pytest.mark.skipif(SLOW > 1, reason="sanitizers write files of their own")
def test_file_size_limit(start_fake, tmp_path):
    """As a full disk: RLIMIT_FSIZE must not kill it by SIGXFSZ."""
    fake = start_fake(env=fast())
    daemon = Limited(tmp_path, fake.url, LOBBY, defaults=QUICK)
    daemon.limit = ("fsize", 1000)
    code, _, stderr = daemon.run("--once", env=fast())
    assert code == IO and "File too large" in stderr, (code, stderr)
    daemon.limit = ("nofile", 1024)
    assert daemon.run("--once", timeout=20, env=fast(int(fake.clock() - time.time())))[0] == 0
    assert_all(daemon.records_at_rest())


def test_no_inode_left(make_disk, fake, make_daemon):  # noqa: F811
    """The log exists already, rotation finds no room for another file: it goes on in the one it has."""
    disk = make_disk("ext4")
    folders = {name: disk.path / name.split("_")[0] for name in ("log_folder", "state_folder")}
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK, **folders)
    assert daemon.run("--once")[0] == 0
    count = 0
    try:
        while True:
            (disk.path / f"filler-{count}").touch()
            count += 1
    except OSError:
        pass
    daemon.start()
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: "No space left on device" in daemon.stderr(), 10, "what is wrong")
    assert daemon.process.poll() is None
    for number in range(count):
        (disk.path / f"filler-{number}").unlink()
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: "written again" in daemon.stderr() or list(daemon.log_folder.glob("occupancy-*")), 90, "its end")
    daemon.stop(0, IO)
    assert daemon.run("--once", timeout=20)[0] == 0
    assert_all(daemon.records_at_rest())


# The clock

@pytest.mark.parametrize("shift", ["-50y", "+30y", "+80y"])
def test_clock_years_off(shift, fake, make_daemon):
    """It begins at the server's time, whatever its own clock says, and invents nothing."""
    daemon = make_daemon(fake.url, LOBBY, defaults={"backfill_from": "5m"})
    code, _, stderr = daemon.run("--once", env=dated(shift), timeout=20)
    ahead = shift.startswith("+")
    assert code == 0 and ("clock is ahead" in stderr) == ahead and ("clock is behind" in stderr) != ahead, stderr
    # Of five minutes four whole ones; three within a minute's first second, which is not settled.
    # By a clock that is late nothing is over yet.
    assert len(daemon.records()) in ((3, 4) if ahead else (0,))
    assert all(parse_time(record["end"]) < time.time() for record in daemon.records())
    assert daemon.run("--once")[0] == 0
    records = daemon.records_at_rest()
    assert len(records) in range(3, 7) and all(r["status"] == "ok" and r["revision"] == 0 for r in records), records
    assert_contiguous(records, records[0]["device"])


# Signals

@pytest.mark.alone
def test_signal_storm(fake, make_daemon):
    """Thousands of SIGHUP and SIGUSR1 within a second, then SIGTERM: every bucket once, and an end in time."""
    daemon = make_daemon(fake.url, LOBBY, defaults={"backfill_from": "1d", "max_points": 20},
                         account={"rate": "100/s"}).start()
    begin = time.monotonic()
    count = 0
    while time.monotonic() < begin + 1:
        daemon.signal(signal.SIGHUP)
        daemon.signal(signal.SIGUSR1)
        count += 2
    assert daemon.process.poll() is None
    took = daemon.stop()
    print(f"{count} signals; stopped within {took:.2f} s")
    assert took < 5 * SLOW
    assert daemon.run("--once")[0] == 0
    assert_all(daemon.records_at_rest(), 1400)


def test_other_signals_are_no_end_without_a_word(fake, make_daemon):
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK).start()
    for number in (signal.SIGPIPE, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGCHLD):
        daemon.signal(number)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded: 1 device" in daemon.stderr(), 10, "the reload, which comes after them")
    assert daemon.process.poll() is None
    daemon.stop()


# The environment

@pytest.mark.parametrize("closed", [(0,), (0, 1), (0, 1, 2)])
def test_closed_standard_files(closed, fake, make_daemon):
    """What it opens must not become standard error, and a log line must not land in the log."""
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    redirections = " ".join(f"{fd}>&-" for fd in closed)
    code = subprocess.run(["sh", "-c", f"exec \"$@\" {redirections}", "sh", *daemon.command("--once")],
                          env=daemon.environment(), timeout=30 * SLOW, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode
    assert code == 0
    assert_all(daemon.records_at_rest())


def test_odd_environment(fake, make_daemon):
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    odd = {"TZ": ":/etc/passwd", "LC_ALL": "tr_TR.UTF-8", "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9",
           "SSL_CERT_FILE": "/nowhere", "CURL_HOME": "/nowhere", "HOME": "/nowhere", "NOTIFY_SOCKET": "/nowhere",
           "WATCHDOG_USEC": "-1", "WATCHDOG_PID": "x", "JOURNAL_STREAM": "no:thing", "CREDENTIALS_DIRECTORY": "relative",
           "LOGS_DIRECTORY": "relative", "STATE_DIRECTORY": ":", "FILLER": "x" * 100_000}
    code, _, stderr = daemon.run("--once", env=odd)
    assert code == 0, stderr
    assert_all(daemon.records_at_rest())


@pytest.mark.parametrize("umask, mode", [(0o000, 0o640), (0o022, 0o640), (0o027, 0o640), (0o077, 0o600)], ids=oct)
def test_umask(umask, mode, fake, make_daemon):
    """The files are as open as the umask lets them be, and never more than to the group's readers."""
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    daemon.umask = umask
    assert daemon.run("--once")[0] == 0
    for path in (daemon.log_folder / "occupancy.ndjson", daemon.state_folder / "checkpoint"):
        assert stat.S_IMODE(path.stat().st_mode) == mode, path
    assert_all(daemon.records_at_rest())


def test_umask_that_keeps_out_the_user_too(fake, make_daemon):
    """It says which file it may not open, although it has made it."""
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    daemon.umask = 0o777
    code, stderr = run_as_users_do(daemon, "--once")
    path = daemon.log_folder / "occupancy.ndjson"
    assert code == PERMISSION and f"{path}: cannot be read back" in stderr and "Permission denied" in stderr, (code, stderr)
    for made in (*daemon.log_folder.iterdir(), *daemon.state_folder.iterdir()):
        made.chmod(0o640)
    daemon.umask = 0o027
    assert run_as_users_do(daemon, "--once")[0] == 0
    assert_all(daemon.records_at_rest())
