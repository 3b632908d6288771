# SPDX-License-Identifier: ISC
"""What the system tests stand on: the real daemon, the stand-in server, and an
oracle of buckets and counts that shares nothing with either.

The oracle's calendar is Python's zoneinfo; its counts are the published
function of the stand-in server.
"""

import collections
import csv
import datetime
import gzip
import http.client
import io
import json
import os
import pathlib
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/fake-rhombus"), str(ROOT / "tests")]
from published_count import published_count  # noqa: E402
from scratch import runs_programs  # noqa: E402

OCCUPANCYD = os.environ.get("OCCUPANCYD", str(ROOT / "build/occupancyd"))
OCCUPANCYCTL = os.environ.get("OCCUPANCYCTL", str(pathlib.Path(OCCUPANCYD).parent / "occupancyctl"))
FAKE = os.environ.get("FAKE_RHOMBUS", str(ROOT / "build/fake-rhombus"))
NO_SEMAPHORES = os.environ.get("NO_SEMAPHORES", str(ROOT / "build/no-semaphores.so"))
WRAPPER = shlex.split(os.environ.get("OCCUPANCYD_WRAPPER", ""))
SANITIZERS = os.environ.get("OCCUPANCYD_SANITIZERS", "")
# Everything takes longer under valgrind and the sanitizers.
SLOW = 10 if WRAPPER else 3 if SANITIZERS else 1

# What is preloaded for another time: $LIB is the dynamic linker's, and a blank would end a name.  The
# faketime command is not used: it fails where a killed process with the same number left a semaphore.
FAKETIME_LIBRARY = f"./{os.path.relpath(NO_SEMAPHORES)}:/usr/$LIB/faketime/libfaketime.so.1"


def dated(when):
    """An environment in which the wall clock is shifted, by seconds or as FAKETIME has it: "+30y", "@2026-05-01 00:00:30".

    Waits stay as they are.
    """
    return {"LD_PRELOAD": FAKETIME_LIBRARY, "FAKETIME": when if isinstance(when, str) else f"{int(when):+d}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


# How many times as fast.
FAST = 10 if SLOW == 1 else 5


def fast(shift=0, speed=FAST):
    """An environment in which clocks and waits are so many times as fast, from a shift in seconds on.

    What waits for the next minute need not wait long.  The daemon's server must be in such an
    environment before it is, or its clock is late.
    """
    return {"LD_PRELOAD": FAKETIME_LIBRARY, "FAKETIME": f"{shift:+d} x{speed}"}


UTC = datetime.timezone.utc
KEY = "test-key-0123456789abcdef"


def uuid_of(number):
    """A valid device UUID with a facet, different for every number."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = ""
    for _ in range(22):
        text = alphabet[number % 64] + text
        number //= 64
    return text + ".v0"


def wait_for(condition, timeout=10.0, what="condition"):
    """The condition's value, once it is true.

    A machine that does other things as well takes longer: twice as long is waited, and 20 s at least.
    """
    longest = max(2 * timeout, 20) * SLOW
    deadline = time.monotonic() + longest
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {longest} s")
        time.sleep(0.02)


def stays(condition, seconds, what="condition"):
    """Where nothing is to happen: the condition holds, and goes on to for so long."""
    deadline = time.monotonic() + seconds
    while True:
        assert condition(), f"{what}: no longer"
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def settles(value, seconds, timeout=20.0, what="value"):
    """What the value is once it has been the same for so long."""
    deadline = time.monotonic() + timeout * SLOW
    now, since = value(), time.monotonic()
    while time.monotonic() < since + seconds:
        assert time.monotonic() < deadline, f"{what}: still changes after {timeout * SLOW} s"
        time.sleep(0.02)
        before, now = now, value()
        if now != before:
            since = time.monotonic()
    return now


# Devices that are asked within the first second of the time over which requests are spread, half a
# minute: a hash of the UUID places them there.
EARLY = (70, 97)


def minute_ends_in(seconds):
    """By how many seconds clocks are to be shifted so that a minute ends then: about that, and less by up to one."""
    return int(60 - seconds - time.time() % 60)


def last_minute(wall, settle=1):
    """The end of the last minute that was closed and settled then, epoch seconds."""
    return int(wall - settle) // 60 * 60


def free_port():
    """A port that nothing uses, and that the kernel hands out to nobody while it is free."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.SystemRandom().randrange(10000, lowest) if lowest > 20000 else 0))
                return probe.getsockname()[1]
            except OSError:
                pass  # taken


class Fake:
    """The stand-in server."""

    def __init__(self, folder, *options, key=KEY, env=None):
        self.folder = pathlib.Path(folder)
        self.journal_file = self.folder / "journal.ndjson"
        self.process = subprocess.Popen(
            [FAKE, "--die-with-parent", "--key", key, "--journal", str(self.journal_file), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0", **(env or {})})
        line = self.process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert match, f"the stand-in server did not start: {line}{self.process.stdout.read()}"
        self.port = int(match.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        assert reply.status == 200, text
        return json.loads(text) if text.strip().startswith(("{", "[")) else text

    def faults(self, *rules):
        self.call("POST", "/_fake/faults", list(rules))

    def keys(self, **change):
        self.call("POST", "/_fake/keys", change)

    def clock(self):
        """What time it is there, epoch seconds."""
        return self.call("GET", "/_fake/stats")["now_ms"] / 1000

    def journal(self):
        if not self.journal_file.exists():
            return []
        with open(self.journal_file) as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


class Notify:
    """Stands in for systemd: collects what sd_notify(3) sends."""

    def __init__(self, path):
        self.path = str(path)
        self.messages = []
        self.times = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        while True:
            try:
                message = self.socket.recv(65536)
            except OSError:
                return
            if not message:
                return
            self.messages.append(message.decode())
            self.times.append(time.monotonic())

    def seen(self, text):
        return any(text in message for message in self.messages)

    @property
    def statuses(self):
        return [message[len("STATUS="):] for message in list(self.messages) if message.startswith("STATUS=")]

    @property
    def status(self):
        return (self.statuses or [""])[-1]

    def close(self):
        # Closing alone would leave the thread waiting.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


class Daemon:
    """The real occupancyd, with its configuration, directories and notify socket."""

    def __init__(self, folder, server, devices, account=None, defaults=None, log=None, extra="", key=KEY,
                 log_folder=None, state_folder=None):
        self.folder = pathlib.Path(folder)
        self.log_folder = pathlib.Path(log_folder or self.folder / "log")
        self.state_folder = pathlib.Path(state_folder or self.folder / "state")
        for path in (self.log_folder, self.state_folder):
            path.mkdir(exist_ok=True)
        self.key_file = self.folder / "api-key"
        self.write_key(key)
        self.config = self.folder / "occupancyd.conf"
        self.process = self.notify = None
        self.runs = 0
        # What it is given at a start: the user's umask, unless a test sets another.
        self.umask = -1
        self.given = {}
        self.write_config(server, devices, account, defaults, log, extra)

    def write_key(self, key):
        replacement = self.folder / "api-key.new"
        replacement.write_text(key + "\n")
        replacement.chmod(0o600)
        replacement.rename(self.key_file)

    def write_config(self, server, devices, account=None, defaults=None, log=None, extra=""):
        account = {"name": "acme", "base_url": server, "key_file": str(self.key_file), "rate": "1000/s",
                   "burst": 100, "max_in_flight": 8, **(account or {})}
        defaults = {"interval": "MINUTELY", "window": "1m", "timezone": "UTC", "settle": "1s",
                    "lookback": "0", **(defaults or {})}
        log = {"directory": str(self.log_folder), **(log or {})}
        self.config.write_text(
            f"accounts = ( {group(account)} );\n"
            f"defaults = {group(defaults)};\n"
            f"devices = (\n  " + ",\n  ".join(group(device) for device in devices) + "\n);\n"
            f"log = {group(log)};\n"
            f"state = {{ directory = \"{self.state_folder}\"; }};\n{extra}")

    def command(self, *options):
        return [*WRAPPER, OCCUPANCYD, "-c", str(self.config), *options]

    def environment(self):
        return {**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0", "TZ": "Pacific/Auckland"}

    def run(self, *options, timeout=60, env=None):
        """Runs it to its end; returns code, standard output, standard error."""
        done = subprocess.run(self.command(*options), text=True, capture_output=True,
                              env={**self.environment(), **(env or {})}, umask=self.umask, timeout=max(timeout, 60) * SLOW)
        assert_clean(done.stderr)
        return done.returncode, done.stdout, done.stderr

    def start(self, ready=True, notify_socket=None, **environment):
        self.runs += 1
        self.started = time.time()
        self.notify = Notify(self.folder / f"notify{self.runs}")
        self.stderr_file = self.folder / f"stderr{self.runs}"
        with open(self.stderr_file, "w") as stderr:
            # As systemd says that standard error is its journal: then lines carry priorities.
            stat = os.fstat(stderr.fileno())
            self.given = {**self.environment(), "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}", **environment,
                          "NOTIFY_SOCKET": str(notify_socket or self.notify.path)}
            self.process = subprocess.Popen(self.command(), stdout=stderr, stderr=stderr, env=self.given,
                                            umask=self.umask)
        if ready:
            wait_for(lambda: self.notify.seen("READY=1") or self.process.poll() is not None, 10, "READY=1")
            assert self.process.poll() is None, self.stderr()
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, *codes):
        """SIGTERM; returns how long it took to end, with one of the codes (0)."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30 * SLOW) in (codes or (0,)), self.stderr()
        took = time.monotonic() - begin
        self.notify.close()
        assert_clean(self.stderr())
        return took

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.notify.close()

    def stderr(self):
        return re.sub(r"^<\d>", "", self.stderr_file.read_text(errors="replace"), flags=re.M)

    def journal(self):
        """(priority, line) of all that this run has told its journal."""
        return [(int(priority), line) for priority, line in
                re.findall(r"^<(\d)>(.*)\n", self.stderr_file.read_text(errors="replace"), re.M)]

    def records(self):
        """All records of all log files, in the order of the log."""
        while True:
            try:
                return self.read_log()
            except FileNotFoundError:
                pass  # compressed or rotated between the listing and the reading

    def log_files(self):
        """The files of the log, the oldest first; of a file and its compressed copy, the file."""
        rotated = {}
        for path in self.log_folder.glob("occupancy-*"):
            # For a moment a file and its compressed copy are both there.
            rotated.setdefault(path.name.removesuffix(".gz"), []).append(path)
        paths = [min(same, key=lambda p: len(p.name)) for _, same in sorted(rotated.items())]
        return paths + sorted(self.log_folder.glob("occupancy.*"))

    def read_log(self):
        records = []
        for path in self.log_files():
            # What has no line's end is being written at this moment.
            whole = read_bytes(path).rpartition(b"\n")
            records.extend(parse_log(path, whole[0] + whole[1]))
        return records

    def records_at_rest(self):
        """The same while nothing writes: then every line of every file must be whole and valid."""
        records = []
        for path in self.log_files():
            data = read_bytes(path)
            assert not data or data.endswith(b"\n"), f"{path.name}: torn last line {data[-80:]}"
            records.extend(parse_log(path, data))
        return records


def read_bytes(path):
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return file.read()
    return path.read_bytes()


def parse_log(path, data):
    """The records in whole lines of a log file, of whichever format its name says."""
    if ".csv" in path.name:
        return parse_csv(data, path.name)
    records = []
    for line in data.splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            raise AssertionError(f"{path.name}: not a line of NDJSON: {line[:200]}") from None
    return records


CSV_COLUMNS = ("time,name,count,status,interval,device,revision,end,previous,local_time,site,account,"
               "timestamp_ms,date_local,date_utc,warning,reason,polled_at,event_counts").split(",")
# As it was before there were counts in it; such files are read back.
OLD_CSV_COLUMNS = CSV_COLUMNS[:-1]
CSV_NUMBERS = ("count", "revision", "previous", "timestamp_ms")


def parse_csv(data, name="CSV"):
    """Records with the members of NDJSON that CSV has: numbers and counts as such, null where it is empty."""
    def value(column, text):
        if column in CSV_NUMBERS or not text:
            return int(text) if text else None
        assert text[0] not in "=+-@", f"{name}: a spreadsheet takes this for a formula: {text}"
        text = text.removeprefix("'")
        return json.loads(text) if column == "event_counts" else text

    rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    header = next(rows, CSV_COLUMNS)
    assert header in (CSV_COLUMNS, OLD_CSV_COLUMNS), f"{name}: begins with {header}"
    records = []
    for row in rows:
        assert len(row) == len(header) and row != header, f"{name}: not a record: {row}"
        records.append({column: value(column, text) for column, text in zip(header, row)})
    return records


def memory_kb(process):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read()).group(1))


def has_grown(process, before, most):
    """Whether it takes more than so many kB more.  Sanitizers and valgrind keep what was freed, so nobody knows."""
    return not WRAPPER and not SANITIZERS and memory_kb(process) > before + most


def assert_clean(stderr):
    """No sanitizer and no valgrind has anything to say."""
    for mark in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "==ERROR", "ThreadSanitizer"):
        assert mark not in stderr, stderr
    assert not re.search(r"^==\d+==", stderr, re.M), stderr


def occupancyctl(*arguments, text=True, **named):
    """Runs it, of which no sanitizer may have anything to say."""
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, *map(str, arguments)], capture_output=True, text=text, timeout=120 * SLOW, **named)
    assert_clean(done.stderr if text else done.stderr.decode())
    return done


def written_by(*arguments):
    """What it has written, byte by byte as text, where it has nothing to complain about."""
    done = occupancyctl(*arguments, text=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.decode()


def with_mounts_of_its_own(script, *arguments):
    """The beginning of a command that is run after a script has mounted something for it alone.

    It keeps in use, too, whatever else was mounted when it began.
    """
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", *map(str, arguments)]


def with_capabilities_of_users(command):
    """Root may open everything; what is tested here is that not everybody may."""
    if os.geteuid() != 0:
        return command
    # Containers may hand root capabilities to inherit, which an empty bounding set alone would not take away.
    these = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", these, "--inh-caps", these, *command]


def run_as_users_do(daemon, *options):
    done = subprocess.run(with_capabilities_of_users(daemon.command(*options)), text=True, capture_output=True,
                          env=daemon.environment(), umask=daemon.umask, timeout=30 * SLOW)
    return done.returncode, done.stderr


def group(values):
    """A dictionary as a libconfig group; values that are not text are written as they are."""
    def one(value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, dict):
            return group(value)
        if isinstance(value, (list, tuple)):
            return f"( {', '.join(map(one, value))} )"
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return "{ " + " ".join(f"{key} = {one(value)};" for key, value in values.items() if value is not None) + " }"


# The oracle

LENGTHS = {"MINUTELY": 60, "QUARTERHOURLY": 900, "HOURLY": 3600}


def transitions(zone, start, end):
    """Instants (epoch seconds) in [start, end] at which the zone's offset changes."""
    def offset(instant):
        return datetime.datetime.fromtimestamp(instant, zone).utcoffset()
    found = []
    step = 6 * 3600
    for at in range(start, end, step):
        low, high = at, min(at + step, end)
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset(middle) == offset(low):
                low = middle
            else:
                high = middle
        found.append(high)
    return found


def edges(interval, zone_name, start, end, length=None):
    """All edges in [start, end], epoch seconds, by the calendar of zoneinfo."""
    zone = zoneinfo.ZoneInfo(zone_name)
    if interval in LENGTHS or interval == "NONE":
        length = LENGTHS.get(interval, length)
        found = []
        bounds = [start, *transitions(zone, start, end), end + 1]
        for low, high in zip(bounds, bounds[1:]):
            offset = int(datetime.datetime.fromtimestamp(low, zone).utcoffset().total_seconds())
            first = low + -(low + offset) % length
            found.extend(range(first, high, length))
        return found

    found = set()
    day = datetime.datetime.fromtimestamp(start, zone).date() - datetime.timedelta(days=40)
    last = datetime.datetime.fromtimestamp(end, zone).date() + datetime.timedelta(days=2)
    while day <= last:
        if interval == "DAILY" or (interval == "WEEKLY" and day.weekday() == 0) or (
                interval == "MONTHLY" and day.day == 1):
            found.add(first_instant(day, zone))
        day += datetime.timedelta(days=1)
    return sorted(edge for edge in found if start <= edge <= end)


def first_instant(day, zone):
    """The first instant of a date, also where its midnight does not exist."""
    at = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    instant = int(at.timestamp())
    if datetime.datetime.fromtimestamp(instant, zone).replace(tzinfo=None) == at.replace(tzinfo=None):
        return instant
    low, high = instant - 7200, instant + 7200
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.datetime.fromtimestamp(middle, zone).date() < day:
            low = middle
        else:
            high = middle
    return high


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def expected_records(uuid, interval, zone, start, end, length=None):
    """{(start, end): count} of all buckets that lie in [start, end]."""
    row = edges(interval, zone, start, end, length)
    return {(rfc3339(a), rfc3339(b)): published_count(uuid, a * 1000) for a, b in zip(row, row[1:])}


def assert_unique(records):
    """No record's identity stands in the log twice."""
    seen = collections.Counter((r["device"], r["interval"], r["time"], r["revision"]) for r in records)
    twice = sorted(identity for identity, times in seen.items() if times > 1)
    assert not twice, f"{len(twice)} records are in the log more than once: {twice[:3]}"


def assert_complete(records, device, expected):
    """The log holds exactly the expected buckets, each once, each with its count."""
    mine = [record for record in records if record["device"] == device and record["revision"] == 0]
    got = {}
    for record in mine:
        bucket = (record["time"], record["end"])
        assert bucket not in got, f"{device}: {bucket} is in the log twice"
        assert record["status"] == "ok", record
        got[bucket] = record["count"]
    missing = sorted(set(expected) - set(got))
    surplus = sorted(set(got) - set(expected))
    assert not missing and not surplus, f"{device}: missing {missing[:5]} ({len(missing)}), surplus {surplus[:5]} ({len(surplus)})"
    wrong = [(bucket, got[bucket], expected[bucket]) for bucket in expected if got[bucket] != expected[bucket]]
    assert not wrong, f"{device}: wrong counts {wrong[:5]} ({len(wrong)})"
    times = [record["time"] for record in mine]
    assert times == sorted(times), f"{device}: records are not in order"


def assert_contiguous(records, device, first=None, last=None):
    """Every bucket or gap follows the one before without a hole or an overlap."""
    mine = [record for record in records if record["device"] == device and record["revision"] == 0]
    assert mine, f"{device}: no record"
    for before, after in zip(mine, mine[1:]):
        assert before["end"] == after["time"], f"{device}: {before['end']} is followed by {after['time']}"
    assert first is None or mine[0]["time"] == first, (mine[0]["time"], first)
    assert last is None or mine[-1]["end"] >= last, (mine[-1]["end"], last)
    return mine
