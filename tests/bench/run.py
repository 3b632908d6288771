#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How near occupancyd is to what such a program must cost: side by side with bare programs and with
collectd, against the same nginx over TLS.  Prints one table; ends with 1 if a line misses its target.

    run.py --build build [--runs 5] [--table docs/performance.md] [ROW...]
    run.py --list

A time says little about a program, and much about the machine: every time is a ratio to that of
something bare, taken by turns with it in the same run.

CPU is user and system time of the whole process, less that of the same process that asks once: what
a start costs, and the first handshake, is not a poll's.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from harness import free_port, rfc3339  # noqa: E402
from nginx import Authority, is_listening  # noqa: E402

PATH = "/api/report/getOccupancyCountsV2"
IN_FLIGHT = 8
MIB = 1024
GIB = 1024 ** 3


def in_memory(size):
    """Where files lie in memory; where that has no such room, as in some containers, on a disk, and it is said."""
    if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free >= size:
        return "/dev/shm"
    print(f"# /dev/shm has less than {size // 1024 ** 2} MiB free: all files lie in {tempfile.gettempdir()}", flush=True)
    return None


def installed(program):
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not path:
        raise Skipped(f"{program} is not installed")
    return path


class Bench:
    def __init__(self, build, runs):
        self.build, self.runs = pathlib.Path(build).resolve(), runs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="occupancyd-bench-", dir=in_memory(256 * 1024 ** 2)))
        self.folder.chmod(0o755)
        authority = Authority(self.folder, "bench")
        self.ca = authority.cert
        cert, key = authority.server()
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        (self.folder / "www").mkdir()
        self.answer(1)
        config = self.folder / "nginx.conf"
        config.write_text(
            "daemon off;\nuser root;\nworker_processes 1;\n" f"pid {self.folder}/pid;\nerror_log {self.folder}/error.log;\n"
            "events { worker_connections 2048; }\nhttp {\n" f"  access_log {self.folder}/access.log;\n"
            + "".join(f"  {name}_temp_path {self.folder}/{name};\n"
                      for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f"  server {{\n    listen 127.0.0.1:{self.port} ssl http2;\n    ssl_certificate {cert};\n"
            f"    ssl_certificate_key {key};\n    keepalive_requests 10000000;\n    root {self.folder}/www;\n"
            f"    default_type application/json;\n    location = {PATH} {{ error_page 405 =200 $uri; }}\n  }}\n}}\n")
        self.nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", str(self.folder), "-c", str(config)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not is_listening(self.port):
            assert time.monotonic() < deadline and self.nginx.poll() is None, "nginx does not start"
            time.sleep(0.05)
        (self.folder / "key").write_text("x" * 22 + "\n")
        (self.folder / "key").chmod(0o600)

    def close(self):
        self.nginx.terminate()
        self.nginx.wait()
        shutil.rmtree(self.folder)

    # The server's answer: the minutes before the last full one

    def answer(self, count, latest=35):
        """Waits for a moment at which a minute does not end soon; returns when the answer begins."""
        while not 2 <= time.time() % 60 <= latest:
            time.sleep(0.2)
        end = int(time.time() - 1) // 60 * 60
        begin = end - 60 * count
        path = self.folder / "www" / PATH.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        points = [{"timestampMs": at * 1000, "eventCountMap": {"people": at // 60 % 40},
                   "approximateTimestampMsMap": {"people": at * 1000 + 7000},
                   "reportingDevicesMap": {"people": ["AAAAAAAAAAAAAAAAAAAAAA"]},
                   "dateLocal": rfc3339(at)[:19].replace("T", " "), "dateUtc": rfc3339(at)[:19].replace("T", " ")}
                  for at in range(begin, end, 60)]
        path.write_text(json.dumps({"error": False, "errorMsg": None, "warningMsg": None,
                                    "timeSeriesDataPoints": points}))
        return begin

    # Processes

    def run(self, command):
        """(CPU seconds, peak KiB, output) of a process to its end."""
        done = subprocess.run(self.counted(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout[-2000:]}"
        return (*self.usage(), done.stdout)

    def cpu(self, command):
        """CPU seconds of a process whose output nobody reads."""
        subprocess.run(self.counted(command), stdout=subprocess.DEVNULL, check=True)
        return self.usage()[0]

    def counted(self, command):
        return [str(word) for word in (self.build / "bench/usage", self.folder / "usage", *command)]

    def usage(self):
        """CPU seconds and peak KiB of what was counted last."""
        microseconds, kib = (self.folder / "usage").read_text().split()
        return int(microseconds) / 1e6, int(kib)

    def configure(self, devices, begin, **settings):
        for name in ("log", "state"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        values = {"interval": '"MINUTELY"', "window": '"1m"', "settle": '"1s"', "lookback": '"0"', "timezone": '"UTC"',
                  "backfill_from": f'"{rfc3339(begin)}"', "max_points": "1440", **settings}
        config = self.folder / "occupancyd.conf"
        config.write_text(
            f'accounts = ( {{ name = "a"; base_url = "{self.url}"; key_file = "{self.folder}/key"; ca_file = "{self.ca}"; '
            f'rate = "1000/s"; burst = 10000; max_in_flight = {IN_FLIGHT}; }} );\n'
            f"defaults = {{ {' '.join(f'{key} = {value};' for key, value in values.items())} }};\ndevices = (\n"
            + ",\n".join(f'{{ uuid = "{n:022d}.v0"; name = "room {n}"; }}' for n in range(devices))
            + f'\n);\nlog = {{ directory = "{self.folder}/log"; rotate_size = "0"; }};\n'
            f'state = {{ directory = "{self.folder}/state"; }};\n')
        return config

    def daemon_once(self, devices, points, **settings):
        """(CPU seconds without reading the configuration, peak KiB); each is recorded, or it stops."""
        config = self.configure(devices, self.answer(points), **settings)
        base = self.run([self.build / "occupancyd", "-c", config, "--check"])[0]
        cpu, peak, _ = self.run([self.build / "occupancyd", "-c", config, "--once"])
        log = (self.folder / "log/occupancy.ndjson").read_bytes()
        assert log.count(b'"status":"ok"') == devices * points, "not all was recorded"
        return cpu - base, peak

    def daemon_polls(self, devices, points):
        """(CPU seconds of so many polls, peak KiB)."""
        base = self.daemon_once(1, 1)[0]
        cpu, peak = self.daemon_once(devices, points)
        return cpu - base, peak

    def floor_polls(self, count, points, *options):
        def asking(times):
            (self.folder / "floor.out").unlink(missing_ok=True)
            command = [self.build / "bench/floor", self.url + PATH, self.ca, times, IN_FLIGHT, self.folder / "floor.out"]
            return self.run([*command, *options])
        self.answer(1)
        base = asking(1)[0]
        self.answer(points)
        cpu, peak, _ = asking(count)
        return cpu - base, peak

    def collectd_polls(self, urls, points, interval=1, seconds=(3, 9)):
        """(CPU seconds per 1,000 polls, peak KiB, values per second of CPU), by the difference of two runs."""
        short, long = (self.collectd_runs(urls, points, each, interval) for each in seconds)
        cpu, polls = long[0] - short[0], long[1] - short[1]
        assert cpu > 0 and long[1] > 1.5 * short[1], f"collectd has not gone on asking: {short}, {long}"
        return cpu * 1000 / polls, long[2], polls * points / cpu

    def collectd_runs(self, urls, points, seconds, interval=1):
        """(CPU seconds, polls, peak KiB)."""
        self.answer(points)
        config = self.folder / "collectd.conf"
        keys = "".join(f'    <Key "timeSeriesDataPoints/{n}/eventCountMap/people">\n      Type "gauge"\n    </Key>\n'
                       for n in range(points))
        config.write_text(
            f'BaseDir "{self.folder}/collectd"\nTypesDB "/usr/share/collectd/types.db"\n'
            f'Interval {interval}\nMaxReadInterval 1\nFQDNLookup false\nHostname "bench"\nLoadPlugin csv\nLoadPlugin curl_json\n'
            f'<Plugin csv>\n  DataDir "{self.folder}/collectd"\n</Plugin>\n<Plugin curl_json>\n'
            + "".join(f'  <URL "{self.url}{PATH}?{n}">\n    Instance "r{n}"\n    CACert "{self.ca}"\n    Post "{{}}"\n    Timeout 10000\n{keys}  </URL>\n'
                      for n in range(urls)) + "</Plugin>\n")
        access = self.folder / "access.log"
        before = access.read_bytes().count(b"\n")
        process = subprocess.Popen(self.counted([installed("collectd"), "-f", "-C", config]),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        process.wait(30)
        polls = access.read_bytes().count(b"\n") - before
        shutil.rmtree(self.folder / "collectd", ignore_errors=True)
        assert polls > 0, "collectd asked nothing"
        cpu, peak = self.usage()
        return cpu, polls, peak

    def alternate(self, ours, other):
        """The ratios of one figure to another, run by run."""
        return Figure([ours() / other() for _ in range(self.runs)])

    def against(self, ours, bare, pairs):
        """The ratios of two times in seconds, taken by turns, each first every other time."""
        seen = []
        for n in range(pairs):
            order = (ours, bare) if n % 2 == 0 else (bare, ours)
            times = {function: function() for function in order}
            seen.append((times[ours], times[bare]))
        mine, others = (statistics.median(column) for column in zip(*seen))
        return Figure([a / b for a, b in seen], note=f"{duration(mine)} to {duration(others)}")

    def bare(self, config):
        """The program that does the least, with this configuration."""
        return [self.build / "bench/bare", config, self.url + PATH, self.ca, self.folder / "bare.out"]


def duration(seconds):
    return f"{seconds * 1000:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


class Skipped(Exception):
    pass


class Figure:
    def __init__(self, values, note=""):
        self.values, self.note = list(values), note
        self.median = statistics.median(self.values)

    def text(self, unit):
        digits = 2 if self.median < 100 else 0
        text = f"{self.median:.{digits}f}{unit}"
        if len(self.values) > 1:
            text += f" ({min(self.values):.{digits}f} to {max(self.values):.{digits}f})"
        return text + (f"; {self.note}" if self.note else "")


class Line:
    """Of the table: what is measured, and the most or the least that it may be."""

    def __init__(self, what, most=None, least=None, unit=""):
        self.what, self.most, self.least, self.unit = what, most, least, unit and f" {unit}"

    def target(self):
        return (f"≤ {self.most:g}{self.unit}" if self.most is not None else
                f"≥ {self.least:g}{self.unit}" if self.least is not None else "")

    def is_met(self, figure):
        return ((self.most is None or figure.median <= self.most) and
                (self.least is None or figure.median >= self.least))


ROWS = {}


def row(*lines):
    """A row measures some lines of the table: it yields a figure for each, in their order."""
    def register(function):
        ROWS[function.__name__.removeprefix("row_")] = (lines, function)
        return function
    return register


@row(Line("CPU of 1,000 HTTPS polls, 1 point each, to bare libcurl", most=1.5))
def row_poll(bench):
    yield bench.alternate(lambda: bench.daemon_polls(4000, 1)[0], lambda: bench.floor_polls(4000, 1)[0])


@row(Line("the same, to collectd", most=0.25))
def row_poll_collectd(bench):
    installed("collectd")
    yield bench.alternate(lambda: bench.daemon_polls(4000, 1)[0] / 4,
                          lambda: bench.collectd_polls(10, 1, 0.05, (3, 18))[0])


@row(Line("CPU of 1,000 HTTPS polls, 60 points each, to bare libcurl and json-c", most=1.4))
def row_poll60(bench):
    yield bench.alternate(lambda: bench.daemon_polls(2000, 60)[0], lambda: bench.floor_polls(2000, 60, "json")[0])


@row(Line("CPU of catching up, 1,440 points an answer, to bare libcurl and json-c", most=1.4))
def row_catchup(bench):
    yield bench.alternate(lambda: bench.daemon_polls(100, 1440)[0], lambda: bench.floor_polls(100, 1440, "json")[0])


@row(Line("records per second of CPU while catching up, none lost, to collectd", least=1.5))
def row_catchup_collectd(bench):
    installed("collectd")
    yield bench.alternate(lambda: 100 * 1440 / bench.daemon_polls(100, 1440)[0],
                          lambda: bench.collectd_polls(5, 1440)[2])


@row(Line("memory, 10 devices over HTTPS, beyond bare libcurl", most=2, unit="MiB"),
     Line("the same, to collectd", most=1))
def row_memory(bench):
    mine = [bench.daemon_once(10, 1)[1] for _ in range(bench.runs)]
    yield Figure([kib / MIB - bench.floor_polls(10, 1)[1] / MIB for kib in mine])
    installed("collectd")
    yield Figure([kib / bench.collectd_runs(10, 1, 3)[2] for kib in mine])


def started(bench, command, seconds=120):
    """A process that has said READY=1, and how many seconds that took."""
    path = str(bench.folder / "notify")
    pathlib.Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(seconds)
        begin = time.monotonic()
        process = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": path},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while b"READY=1" not in notify.recv(65536):
            pass
        return process, time.monotonic() - begin


def daemon(bench, config, *options):
    return [bench.build / "occupancyd", "-c", config, *options]


def ended(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def until_ready(bench, command):
    """Seconds from the start of a program to its READY=1."""
    process, seconds = started(bench, command)
    ended(process)
    return seconds


def until_end(command):
    """Seconds from the start of a program to its end."""
    begin = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin


def rss_kib(process):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read()).group(1))


def resting(bench, devices):
    """Memory of so many devices that have nothing to ask yet."""
    config = bench.configure(devices, int(time.time()) // 60 * 60, interval='"DAILY"', window='"1d"')
    config.write_text(re.sub(r'backfill_from = "[^"]*"; ', "", config.read_text()))
    process, _ = started(bench, daemon(bench, config))
    time.sleep(0.5)
    kib = rss_kib(process)
    ended(process)
    return kib


@row(Line("memory for each further device, to 100,000, without look-back", most=600, unit="B"))
def row_memory_per_device(bench):
    yield Figure([(resting(bench, 100_000) - resting(bench, 10)) * 1024 / 99_990 for _ in range(min(bench.runs, 3))])


@row(Line("memory for each bucket of look-back, at its most: while a checkpoint is made", unit="B"))
def row_memory_per_bucket(bench):
    devices, points, each = 500, 1000, []
    for _ in range(min(bench.runs, 3)):
        least, most = (bench.daemon_once(devices, points, lookback=lookback)[1] for lookback in ('"0"', '"1d"'))
        each.append((most - least) * 1024 / (devices * points))
    yield Figure(each)


@row(Line("start to READY=1, 10 devices, to the bare program's", most=1.5),
     Line("start to READY=1, 100,000 devices, to the bare program's", most=5),
     Line("start to end with --once, one device, one record, to the bare program's", most=1.5))
def row_start(bench):
    for devices, pairs in ((10, 8 * bench.runs), (100_000, bench.runs)):
        config = bench.configure(devices, int(time.time()) // 60 * 60)
        yield bench.against(lambda: until_ready(bench, daemon(bench, config)),
                            lambda: until_ready(bench, bench.bare(config)), pairs)

    def once():
        config = bench.configure(1, bench.answer(1))
        seconds = until_end(daemon(bench, config, "--once"))
        assert (bench.folder / "log/occupancy.ndjson").read_bytes().count(b'"status":"ok"') == 1
        return seconds
    yield bench.against(once, lambda: until_end(bench.bare(bench.folder / "occupancyd.conf")), 8 * bench.runs)


def big_log(bench, mib):
    """A log of that size, by repeating what the daemon has written, minute by minute into the past."""
    path = bench.folder / "log/occupancy.ndjson"
    line = path.read_bytes().splitlines(True)[0]
    record = json.loads(line)
    count = mib * 1024 * 1024 // len(line)
    first = int(time.time()) // 60 * 60 - 60 * (count + 1)
    template = line.decode().replace(record["time"], "%s").replace(record["end"], "%s", 1)
    assert template.count("%s") == 2
    with open(path, "w") as log:
        for n in range(count):
            log.write(template % (rfc3339(first + 60 * n), rfc3339(first + 60 * (n + 1))))
    return path


@row(Line("restart with a checkpoint and a 1 GiB log, to READY=1, to the bare program's", most=1.5),
     Line("restart without a checkpoint: reading a 1 GiB log, to `wc -l` of it", most=8))
def row_restart(bench):
    if shutil.disk_usage(bench.folder).free < 1.25 * GIB:
        raise Skipped(f"{bench.folder.parent} has less than 1.25 GiB free")
    config = bench.configure(1, bench.answer(1))
    config.write_text(config.read_text().replace('timezone = "UTC";', 'timezone = "UTC"; backfill = "730d";'))
    bench.run(daemon(bench, config, "--once"))
    path = big_log(bench, 1024)
    checkpoint = bench.folder / "state/checkpoint"
    checkpoint.unlink()
    until_ready(bench, daemon(bench, config))
    assert checkpoint.exists()
    yield bench.against(lambda: until_ready(bench, daemon(bench, config)),
                        lambda: until_ready(bench, bench.bare(config)), 8 * bench.runs)

    def read_anew():
        checkpoint.unlink()
        return until_ready(bench, daemon(bench, config))
    yield bench.against(read_anew, lambda: until_end(["wc", "-l", path]), bench.runs)


def year_of_rooms(bench, rooms=50, days=365):
    """A log of a year of quarter hours, a file a day, as the daemon writes them, about 1 GB; and the same compressed."""
    if shutil.disk_usage(bench.folder).free < 1.4 * GIB:
        raise Skipped(f"{bench.folder.parent} has less than 1.4 GiB free")
    bench.daemon_once(1, 1)
    record = json.loads((bench.folder / "log/occupancy.ndjson").read_text())
    record.update(interval="QUARTERHOURLY", site="Denver HQ", labels={"floor": "2", "use": "meeting"}, time="%(begin)s", name="%(name)s",
                  count="%(count)d", device="%(device)s.v0", end="%(end)s", local_time="%(clock)s+00:00", timestamp_ms="%(ms)d",
                  event_counts={"people": "%(count)d"}, approximate_timestamps_ms={"people": "%(near)d"},
                  reporting_devices={"people": ["%(device)s"]}, date_local="%(clock)s", date_utc="%(clock)s", polled_at="%(polled)s")
    line = re.sub(r'"(%\(\w+\)d)"', r"\1", json.dumps(record, separators=(",", ":"))) + "\n"
    plain, compressed = bench.folder / "year", bench.folder / "year-gz"
    plain.mkdir()
    first, dice = 1763884800, random.Random(5)
    for day in range(first, first + 86400 * days, 86400):
        with open(plain / f"occupancy-{rfc3339(day + 86400).translate({45: None, 58: None})}.ndjson", "w") as log:
            for start in range(day, day + 86400, 900):
                begin, end = rfc3339(start), rfc3339(start + 900)
                log.writelines(line % {
                    "begin": begin, "end": end, "clock": begin[:-1], "name": f"Room {room}", "count": dice.randrange(12),
                    "device": f"{10**9 + room:022d}", "ms": start * 1000, "near": start * 1000 + dice.randrange(900_000),
                    "polled": f"{rfc3339(start + 960 + room % 30)[:-1]}.{dice.randrange(1000):03d}Z"} for room in range(rooms))
    shutil.copytree(plain, compressed)
    subprocess.run(["gzip", "-6", *compressed.iterdir()], check=True)
    return plain, compressed


PARSE = "import json, sys\nfor path in sys.argv[1:]:\n    for line in open(path):\n        json.loads(line)"


@row(Line("CPU of `occupancyctl verify`, a year of quarter hours of 50 rooms, to `wc -l`", most=2),
     Line("CPU of `occupancyctl export --long` of the same, to `wc -l`", most=2.5),
     Line("CPU of `occupancyctl verify` of the same, compressed, to libdeflate's alone for unpacking it", most=1.3),
     Line("the same, to zlib's", most=1.3),
     Line("CPU of Python's `json` for a month of it, to `occupancyctl verify`", least=10),
     Line("CPU of `occupancyctl report -o` of the year", most=1.5, unit="s"),
     Line("memory of that, of compressed files", most=16, unit="MiB"))
def row_year(bench):
    plain, compressed = year_of_rooms(bench)
    tool, files, packed = bench.build / "occupancyctl", sorted(plain.iterdir()), sorted(compressed.iterdir())
    report = ["report", "-o", bench.folder / "report.html"]

    def count():
        return bench.cpu(["/usr/bin/wc", "-l", *files])
    try:
        for command in (["verify"], ["export", "--long"]):
            yield bench.against(lambda: bench.cpu([tool, *command, plain]), count, bench.runs)
        for library in ("libdeflate", "zlib"):
            yield bench.against(lambda: bench.cpu([tool, "verify", compressed]),
                                lambda: bench.cpu([bench.build / "bench/inflate", library, *packed]), bench.runs)
        yield bench.against(lambda: bench.cpu(["/usr/bin/python3", "-c", PARSE, *files[:30]]),
                            lambda: bench.cpu([tool, "verify", *files[:30]]), min(bench.runs, 3))
        yield Figure([bench.cpu([tool, *report, plain]) for _ in range(bench.runs)])
        yield Figure([bench.run([tool, *report, compressed])[1] / 1024 for _ in range(min(bench.runs, 3))])
    finally:
        shutil.rmtree(plain)
        shutil.rmtree(compressed)


def read_status(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        return sum(len(part) for part in iter(lambda: client.recv(1 << 20), b""))


TURN = 512 << 10  # no more is written in a turn of the loop


@row(Line("CPU of `occupancyctl status`, 100,000 devices", most=0.5, unit="s"),
     Line("CPU of the daemon for a turn's share of that", most=20, unit="ms"))
def row_status(bench):
    config = bench.configure(100_000, int(time.time()) // 60 * 60, interval='"DAILY"', window='"1d"')
    run = bench.folder / "run"
    run.mkdir(exist_ok=True)
    config.write_text(re.sub(r'backfill_from = "[^"]*"; ', "", config.read_text())
                      .replace("state = { ", f'state = {{ runtime_directory = "{run}"; '))
    process, _ = started(bench, daemon(bench, config))

    def used():
        return sum(int(ticks) for ticks in open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13])

    def asked():
        done = subprocess.run(bench.counted([bench.build / "occupancyctl", "status", "-c", config]), text=True, stdout=subprocess.PIPE)
        assert done.returncode in (0, 1) and "100000 rooms" in done.stdout, f"{done.returncode}: {done.stdout[:200]}"
        return bench.usage()[0]

    def turn(times=5):
        before = used()
        turns = sum(read_status(run / "status") for _ in range(times)) / TURN
        return (used() - before) / os.sysconf("SC_CLK_TCK") / turns * 1000
    try:
        yield Figure([asked() for _ in range(bench.runs)])
        yield Figure([turn() for _ in range(bench.runs)])
    finally:
        ended(process)


def instructions(bench, idle, due):
    """Of the program's own object, by callgrind: so many devices that rest beside so many that ask once."""
    begin = bench.answer(1, latest=6)  # the start takes long under callgrind
    config = bench.configure(due, begin)
    now = rfc3339(int(time.time()))
    rest = ",\n".join(f'{{ uuid = "{10**9 + n:022d}.v0"; name = "rest {n}"; interval = "DAILY"; window = "1d"; '
                      f'backfill_from = "{now}"; }}' for n in range(idle))
    if rest:
        config.write_text(config.read_text().replace("devices = (\n", f"devices = (\n{rest},\n"))
    out = bench.folder / "callgrind.out"
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", bench.build / "occupancyd", "-c",
                           config, "--once"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    written = re.search(r"^(\d+) records? written", done.stdout, re.M)
    assert done.returncode == 0 and written and int(written.group(1)) >= due, done.stdout[-2000:]
    if int(written.group(1)) > due:
        raise Skipped("the machine is busy: another minute ended before the first request")
    shown = subprocess.run(["callgrind_annotate", "--threshold=100", out], stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    return sum(int(count.replace(",", "")) for count in
               re.findall(r"^\s*([\d,]+) \([^)]*\)\s+\S+:.*\[[^]]*/occupancyd\]", shown, re.M))


@row(Line("instructions of its own for a poll, among 100,000 devices to among 100", most=1.5))
def row_instructions(bench):
    installed("valgrind")

    def per_poll(idle):
        return (instructions(bench, idle, 1100) - instructions(bench, idle, 100)) / 1000
    few, many = per_poll(0), per_poll(98_900)
    print(f"# {few:.0f} instructions of its own for a poll among 100 and more devices, {many:.0f} among 100,000")
    yield Figure([many / few])


def delays(bench, disk):
    """Seconds from last byte to durable, and of writing and syncing the same bytes, and no more, beside it; each sorted."""
    config = bench.configure(400, bench.answer(60))
    text = config.read_text().replace(f"{bench.folder}/log", f"{disk}/log").replace(f"{bench.folder}/state", f"{disk}/state")
    config.write_text(text.replace('rotate_size = "0"', 'rotate_size = "256KiB"; keep = 0')
                      .replace('rate = "1000/s"; burst = 10000', 'rate = "50/s"; burst = 1'))
    for name in ("log", "state"):
        shutil.rmtree(disk / name, ignore_errors=True)
        (disk / name).mkdir()
    done = subprocess.run(daemon(bench, config, "--once"), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "LD_PRELOAD": str(bench.build / "bench/delay.so"),
                               "DELAY_LOG": str(disk / "log/occupancy.ndjson"), "DELAY_BARE": str(disk / "bare"),
                               "DELAY_FILE": str(disk / "delays")})
    assert done.returncode == 0, done.stdout
    rows = [tuple(map(int, line.split())) for line in (disk / "delays").read_text().splitlines()]
    assert len(rows) > 100, f"only {len(rows)} answers were measured"
    assert list((disk / "log").glob("*.gz")), "nothing was compressed"
    return [sorted(microseconds / 1e6 for microseconds in column) for column in zip(*rows)]


@row(Line("from an answer's last byte to its records durable, beside rotation and compression, median, to write and "
          "fdatasync of the same bytes", most=2),
     Line("the same, p99", most=3))
def row_delay(bench):
    """On the real disk, while it rotates and compresses all the time."""
    disk = pathlib.Path(tempfile.mkdtemp(prefix="delay-", dir=bench.build))
    try:
        seen = [delays(bench, disk) for _ in range(bench.runs)]
    finally:
        shutil.rmtree(disk)
    for part in (0.5, 0.99):
        pairs = [[column[int(len(column) * part)] for column in columns] for columns in seen]
        mine, bare = (statistics.median(column) for column in zip(*pairs))
        yield Figure([a / b for a, b in pairs], note=f"{duration(mine)} to {duration(bare)}")


@row(Line("wake-ups in two idle minutes: one a minute, to look at the clocks", most=4))
def row_idle(bench):
    config = bench.configure(10, int(time.time()) // 60 * 60, interval='"DAILY"', window='"1d"')
    config.write_text(re.sub(r'backfill_from = "[^"]*"; ', "", config.read_text()))
    process, _ = started(bench, daemon(bench, config))
    time.sleep(5)

    def switches():
        text = open(f"/proc/{process.pid}/status").read()
        return sum(int(n) for n in re.findall(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)", text, re.M))
    before = switches()
    time.sleep(120)
    woken = switches() - before
    ended(process)
    yield Figure([woken])


@row(Line("binary, stripped", most=320, unit="KiB"))
def row_size(bench):
    stripped = bench.folder / "stripped"
    subprocess.run(["strip", "-o", stripped, bench.build / "occupancyd"], check=True)
    yield Figure([stripped.stat().st_size / 1024])


# The table

BEGIN, END = "<!-- make bench-table writes from here -->\n", "<!-- to here -->\n"
HEAD = "| what | target | seen | `ROWS=` |\n|---|---|---|---|\n"


def said(*command):
    """The first number with a dot, or else the first number, in what a program says of its version."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        return None
    match = re.search(r"\d+(?:\.\d+)+", done.stdout) or re.search(r"\d+", done.stdout)
    return match and match.group()


def machine():
    """Where, on what and when the table was made, in a sentence."""
    listed = subprocess.run(["lscpu"], stdout=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    model = re.search(r"^Model name:\s*(.*)", listed, re.M)
    cpu = model.group(1).strip() if model else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    virtual = re.search(r"^Hypervisor vendor:\s*(.*)", listed, re.M)
    debian = pathlib.Path("/etc/debian_version").read_text().strip()
    versions = {
        **{name: said("pkg-config", "--modversion", name) for name in ("libcurl", "json-c", "libconfig", "libsystemd", "zlib", "libdeflate")},
        "OpenSSL": said("openssl", "version"), "nginx": said("/usr/sbin/nginx", "-v"),
        "collectd": said("/usr/sbin/collectd", "-h"), "gcc": said(os.environ.get("CC", "cc"), "--version")}
    return (f"On {platform.node()} ({os.cpu_count()} CPUs {cpu}, {memory:.0f} GiB"
            f"{f' in {virtual.group(1)}' if virtual else ''}), {datetime.date.today()}, "
            f"load {os.getloadavg()[0]:.1f} before the run; Debian {debian} {platform.machine()}, "
            f"Linux {said('uname', '-r')}; " + ", ".join(f"{name} {version}" for name, version in versions.items() if version) + ".")


def table(rows):
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def listed_rows():
    """What stands in the table for every line but what was seen."""
    return [(line.what, line.target(), name) for name, (lines, _) in ROWS.items() for line in lines]


def write_table(path, rows, where):
    """Puts the table between its two marks."""
    text = path.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    path.write_text(head + BEGIN + table(rows) + "\n" + where + "\n" + END + tail)


def measure(bench, name):
    """(line, figure, or the reason why there is none) for each line of a row."""
    lines, function = ROWS[name]
    figures = function(bench)
    for number, line in enumerate(lines):
        try:
            yield line, next(figures), None
        except Skipped as why:
            yield from ((line, None, str(why)) for line in lines[number:])
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--table", type=pathlib.Path, help="write the table into this file, between its marks")
    parser.add_argument("--list", action="store_true", help="say what is measured, and measure nothing")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], default=[])
    args = parser.parse_args()

    if args.list:
        print("".join("\t".join(cells) + "\n" for cells in listed_rows()), end="")
        return 0
    if args.table and not re.search(f"{BEGIN}.*{END}", args.table.read_text(), re.S):
        parser.error(f"{args.table} lacks the two marks of the table")
    where = machine()
    rows, passed, missed, skipped = [], 0, 0, 0
    bench = Bench(args.build, args.runs)
    try:
        for name in [name for name in ROWS if not args.rows or name in args.rows]:
            for line, figure, why in measure(bench, name):
                if not figure:
                    skipped += 1
                    seen = f"not measured: {why}"
                    print(f"ok - {line.what} # skip {why}", flush=True)
                else:
                    met = line.is_met(figure)
                    passed, missed = passed + met, missed + (not met)
                    seen = figure.text(line.unit) if met else f"**{figure.text(line.unit)}**"
                    print(f"{'ok' if met else 'not ok'} - {line.what}: {seen}, {line.target()}", flush=True)
                rows.append((line.what, line.target(), seen, f"`{name}`"))
    finally:
        bench.close()
    print(f"\n{table(rows)}\n{where}")
    if args.table:
        measured = iter(rows)
        rows = [next(measured) if not args.rows or name in args.rows else (what, target, "not measured: left out", f"`{name}`")
                for what, target, name in listed_rows()]
        write_table(args.table, rows, where)
    print(f"\n{passed} passed, {missed} failed, {skipped} skipped")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
