#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How near occupancyd is to what such a program must cost: side by side with bare libcurl and with
collectd, against the same nginx over TLS.  Prints one table; ends with 1 if a row misses its target.

    run.py --build build [--runs 5] [ROW...]

CPU is user and system time of the whole process, less that of the same process that asks once: what
a start costs, and the first handshake, is not a poll's.
"""

import argparse
import json
import os
import pathlib
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

from harness import free_port, rfc3339, uuid_of  # noqa: E402
from nginx import Authority, is_listening  # noqa: E402

PATH = "/api/report/getOccupancyCountsV2"
IN_FLIGHT = 8
MIB = 1024


class Bench:
    def __init__(self, build, runs):
        self.build, self.runs = pathlib.Path(build).resolve(), runs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="occupancyd-bench-", dir="/dev/shm"))
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
        return cpu * 1000 / polls, long[2], polls * points / cpu

    def collectd_runs(self, urls, points, seconds, interval=1):
        """(CPU seconds, polls, peak KiB)."""
        if not shutil.which("collectd"):
            raise Skipped("collectd is not installed")
        self.answer(points)
        config = self.folder / "collectd.conf"
        keys = "".join(f'    <Key "timeSeriesDataPoints/{n}/eventCountMap/people">\n      Type "gauge"\n    </Key>\n'
                       for n in range(points))
        config.write_text(
            f'BaseDir "{self.folder}/collectd"\nTypesDB "/usr/share/collectd/types.db"\n'
            f'Interval {interval}\nFQDNLookup false\nHostname "bench"\nLoadPlugin csv\nLoadPlugin curl_json\n'
            f'<Plugin csv>\n  DataDir "{self.folder}/collectd"\n</Plugin>\n<Plugin curl_json>\n'
            + "".join(f'  <URL "{self.url}{PATH}?{n}">\n    Instance "r{n}"\n    CACert "{self.ca}"\n    Post "{{}}"\n{keys}  </URL>\n'
                      for n in range(urls)) + "</Plugin>\n")
        access = self.folder / "access.log"
        before = access.read_bytes().count(b"\n")
        process = subprocess.Popen(self.counted([shutil.which("collectd"), "-f", "-C", config]),
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

    def alternate(self, *functions):
        """The ratios of the first to each of the others, run by run."""
        seen = []
        for _ in range(self.runs):
            values = [function() for function in functions]
            seen.append([values[0] / value for value in values[1:]])
        return [Figure(column) for column in zip(*seen)]


class Skipped(Exception):
    pass


class Figure:
    def __init__(self, values, unit=""):
        self.values, self.unit = list(values), unit
        self.median = statistics.median(self.values)

    def __str__(self):
        digits = 2 if self.median < 100 else 0
        text = f"{self.median:.{digits}f}{self.unit}"
        if len(self.values) > 1:
            text += f" ({min(self.values):.{digits}f} to {max(self.values):.{digits}f})"
        return text


def at_most(figure, limit):
    return figure.median <= limit, f"≤ {limit:g}{figure.unit}", str(figure)


def at_least(figure, limit):
    return figure.median >= limit, f"≥ {limit:g}{figure.unit}", str(figure)


# Rows: (what, (met, target, seen)) each

def row_poll(bench):
    one, = bench.alternate(lambda: bench.daemon_polls(4000, 1)[0], lambda: bench.floor_polls(4000, 1)[0])
    yield "CPU of 1,000 HTTPS polls, 1 point each, to bare libcurl", at_most(one, 1.5)


def row_poll_collectd(bench):
    one, = bench.alternate(lambda: bench.daemon_polls(4000, 1)[0] / 4,
                           lambda: bench.collectd_polls(10, 1, 0.05, (3, 18))[0])
    yield "the same, to collectd", at_most(one, 0.25)


def row_poll60(bench):
    one, = bench.alternate(lambda: bench.daemon_polls(2000, 60)[0], lambda: bench.floor_polls(2000, 60, "json")[0])
    yield "CPU of 1,000 HTTPS polls, 60 points each, to bare libcurl and json-c", at_most(one, 1.4)


def row_catchup(bench):
    one, = bench.alternate(lambda: bench.daemon_polls(100, 1440)[0], lambda: bench.floor_polls(100, 1440, "json")[0])
    yield "CPU of catching up, 1,440 points an answer, to bare libcurl and json-c", at_most(one, 1.4)


def row_catchup_collectd(bench):
    rate, = bench.alternate(lambda: 100 * 1440 / bench.daemon_polls(100, 1440)[0],
                            lambda: bench.collectd_polls(5, 1440)[2])
    yield "records per second of CPU while catching up, none lost, to collectd", at_least(rate, 1.5)


def row_memory(bench):
    over, part = [], []
    for _ in range(bench.runs):
        mine = bench.daemon_once(10, 1)[1]
        over.append((mine - bench.floor_polls(10, 1)[1]) / MIB)
        try:
            part.append(mine / bench.collectd_runs(10, 1, 3)[2])
        except Skipped:
            pass
    yield "memory, 10 devices over HTTPS, beyond bare libcurl", at_most(Figure(over, " MiB"), 2)
    if part:
        yield "the same, to collectd", at_most(Figure(part), 0.3)


def started(bench, config, seconds=60):
    """A daemon that is READY: the process, how long it took, and its socket."""
    path = str(bench.folder / "notify")
    pathlib.Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(seconds)
        begin = time.monotonic()
        process = subprocess.Popen([bench.build / "occupancyd", "-c", config], env={**os.environ, "NOTIFY_SOCKET": path},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while b"READY=1" not in notify.recv(65536):
            pass
        return process, time.monotonic() - begin


def ended(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def rss_kib(process):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read()).group(1))


def resting(bench, devices):
    """Memory of so many devices that have nothing to ask yet."""
    config = bench.configure(devices, int(time.time()) // 60 * 60, interval='"DAILY"', window='"1d"')
    config.write_text(re.sub(r'backfill_from = "[^"]*"; ', "", config.read_text()))
    process, _ = started(bench, config)
    time.sleep(0.5)
    kib = rss_kib(process)
    ended(process)
    return kib


def row_memory_per_device(bench):
    each = [(resting(bench, 100_000) - resting(bench, 10)) * 1024 / 99_990 for _ in range(min(bench.runs, 3))]
    yield "memory for each further device, to 100,000, without look-back", at_most(Figure(each, " B"), 600)


def row_memory_per_bucket(bench):
    devices, points, each = 500, 1000, []
    for _ in range(min(bench.runs, 3)):
        least, most = (bench.daemon_once(devices, points, lookback=lookback)[1] for lookback in ('"0"', '"1d"'))
        each.append((most - least) * 1024 / (devices * points))
    yield "memory for each bucket of look-back, at its most (while a checkpoint is made)", (True, "", str(Figure(each, " B")))


def row_start(bench):
    for devices, limit in ((10, 20), (100_000, 2000)):
        took = []
        for _ in range(bench.runs if devices == 10 else min(bench.runs, 3)):
            config = bench.configure(devices, int(time.time()) // 60 * 60)
            process, seconds = started(bench, config)
            took.append(seconds * 1000)
            ended(process)
        yield f"start to READY=1, {devices:,} devices", at_most(Figure(took, " ms"), limit)


def big_log(bench, config, mib):
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


def row_restart(bench):
    begin = bench.answer(1)
    config = bench.configure(1, begin)
    config.write_text(config.read_text().replace('timezone = "UTC";', 'timezone = "UTC"; backfill = "730d";'))
    bench.run([bench.build / "occupancyd", "-c", config, "--once"])
    path = big_log(bench, config, 1024)
    size = path.stat().st_size / 1e6
    (bench.folder / "state/checkpoint").unlink()
    process, seconds = started(bench, config, 120)
    ended(process)
    yield "restart without a checkpoint: a 1 GiB log is read at", at_least(Figure([size / seconds], " MB/s"), 200)
    took = []
    for _ in range(bench.runs):
        process, seconds = started(bench, config, 120)
        took.append(seconds * 1000)
        ended(process)
    yield "restart with a checkpoint and a 1 GiB log, to READY=1", at_most(Figure(took, " ms"), 100)


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
    assert done.returncode == 0 and f"{due} record" in done.stdout, done.stdout[-2000:]
    shown = subprocess.run(["callgrind_annotate", "--threshold=100", out], stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    return sum(int(count.replace(",", "")) for count in
               re.findall(r"^\s*([\d,]+) \([^)]*\)\s+\S+:.*\[[^]]*/occupancyd\]", shown, re.M))


def row_instructions(bench):
    def per_poll(idle):
        return (instructions(bench, idle, 1100) - instructions(bench, idle, 100)) / 1000
    few, many = per_poll(0), per_poll(98_900)
    print(f"# {few:.0f} instructions of its own for a poll among 100 and more devices, {many:.0f} among 100,000")
    yield "instructions of its own for a poll, among 100,000 devices to among 100", at_most(Figure([many / few]), 1.5)


def row_delay(bench):
    """On the real disk, while it rotates and compresses all the time."""
    disk = pathlib.Path(tempfile.mkdtemp(prefix="delay-", dir=bench.build))
    try:
        begin = bench.answer(60)
        config = bench.configure(400, begin)
        text = config.read_text().replace(f"{bench.folder}/log", f"{disk}/log").replace(f"{bench.folder}/state", f"{disk}/state")
        config.write_text(text.replace('rotate_size = "0"', 'rotate_size = "256KiB"; keep = 0')
                          .replace('rate = "1000/s"; burst = 10000', 'rate = "50/s"; burst = 1'))
        (disk / "log").mkdir()
        (disk / "state").mkdir()
        done = subprocess.run([bench.build / "occupancyd", "-c", config, "--once"],
                              env={**os.environ, "LD_PRELOAD": str(bench.build / "bench/delay.so"),
                                   "DELAY_FILE": str(disk / "delays")}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        rows = [tuple(map(int, line.split())) for line in (disk / "delays").read_text().splitlines()]
        assert len(rows) > 100 and list((disk / "log").glob("*.gz")), "nothing was compressed"

        def p99(values):
            return sorted(values)[int(len(values) * 0.99)] / 1000
        whole, own = p99([row[0] for row in rows]), p99([row[1] for row in rows])
        print(f"# {len(rows)} answers: p99 {whole:.1f} ms from the last byte to durable, {own:.1f} ms of fdatasync alone")
        yield ("from an answer's last byte to its records durable, p99, beside rotation and compression, beyond fdatasync",
               at_most(Figure([p99([a - b for a, b in rows])], " ms"), 20))
    finally:
        shutil.rmtree(disk)


def row_idle(bench):
    config = bench.configure(10, int(time.time()) // 60 * 60, interval='"DAILY"', window='"1d"')
    config.write_text(re.sub(r'backfill_from = "[^"]*"; ', "", config.read_text()))
    process, _ = started(bench, config)
    time.sleep(5)

    def switches():
        text = open(f"/proc/{process.pid}/status").read()
        return sum(int(n) for n in re.findall(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)", text, re.M))
    before = switches()
    time.sleep(120)
    woken = switches() - before
    ended(process)
    yield "wake-ups in two idle minutes (one a minute looks at the clocks)", at_most(Figure([woken]), 4)


def row_size(bench):
    stripped = bench.folder / "stripped"
    subprocess.run(["strip", "-o", stripped, bench.build / "occupancyd"], check=True)
    yield "binary, stripped", at_most(Figure([stripped.stat().st_size / 1024], " KiB"), 250)


ROWS = {name[4:]: function for name, function in list(globals().items()) if name.startswith("row_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], default=[])
    args = parser.parse_args()

    bench = Bench(args.build, args.runs)
    table, missed = [], 0
    try:
        for name in args.rows or ROWS:
            try:
                for what, (met, target, seen) in ROWS[name](bench):
                    missed += not met
                    table.append((what, target, seen if met else f"**{seen}**", f"`make bench ROWS={name}`"))
                    print(f"{'ok' if met else 'not ok'} - {what}: {seen}, {target}", flush=True)
            except Skipped as why:
                print(f"ok - {name} # skip {why}", flush=True)
    finally:
        bench.close()
    print("\n| what | target | seen: median (least to most) | by |\n|---|---|---|---|")
    for row in table:
        print(f"| {' | '.join(row)} |")
    print(f"\n{len(table) - missed} passed, {missed} failed, 0 skipped")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
