# SPDX-License-Identifier: ISC
"""A server, or who poses as it, that means harm.

Every case is an account of its own in one daemon, beside one with a server that is well:
whatever the others answer, that one goes on; memory is bounded; nothing that came from
outside reaches a terminal, the journal or the log with control characters; and when the
servers behave again, everything is recorded.
"""

import functools
import gzip
import itertools
import json
import re
import signal
import socket
import struct
import threading
import time

import pytest

from harness import (KEY, SLOW, Fake, assert_complete, assert_contiguous, expected_records, free_port, group,
                     parse_time, stays, uuid_of, wait_for)
from nginx import Authority, Nginx

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
POINT = '{"timestampMs":%d,"eventCountMap":{"people":3}}'
RESET = struct.pack("ii", 1, 0)
ESCAPES = "\x1b[31mred\x07\x1b]0;title\x07\x00\x85\x9b2J\u202e\u2066 end\r\n<3>forged"


def json_reply(text, head=OK):
    body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def points(inner):
    return json_reply('{"error":false,"timeSeriesDataPoints":[%s]}' % inner)


def lately(inner):
    """Points of the last two minutes, whenever it is asked for: there must be one where one is asked for alone."""
    def answer(connection):
        minute = int(time.time()) // 60 * 60000
        connection.sendall(points(",".join(inner % (minute - ago) for ago in (120000, 60000))))
    return answer


def endless(head, piece, most=64 << 20):
    """What never ends, cut at so many bytes by us should the daemon not hang up."""
    def answer(connection):
        connection.sendall(head)
        for _ in range(most // len(piece)):
            connection.sendall(piece)
    return answer


def slowly(data):
    """A byte a second."""
    def answer(connection):
        for n in range(len(data)):
            connection.sendall(data[n:n + 1])
            time.sleep(1)
    return answer


def reset_after(data):
    def answer(connection):
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return answer


@functools.cache
def bomb():
    return json_reply(gzip.compress(b" " * (64 << 20)), OK + b"Content-Encoding: gzip\r\n")


def gzip_bomb(connection):
    connection.sendall(bomb())


def chunked(body):
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body


NOW_MS = int(time.time() * 1000)

# What each answers, and what the journal or STATUS must say of it: None, where it is no trouble, or only at first.
CASES = {
    "endless header line": (endless(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 65536), "header line|field grew larger than allowed"),
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"x-filler: " + b"y" * 1000 + b"\r\n"), "eader|large"),
    "endless status line": (endless(b"HTTP/1.1 200 ", b"O" * 65536), "header line|field grew larger than allowed"),
    "endless body": (endless(OK + b"\r\n", b"[" * 65536), "larger than|too large|8 MiB|deep|cut"),
    "endless chunks": (endless(chunked(b""), b"1000\r\n" + b" " * 4096 + b"\r\n"), "larger than|too large|8 MiB"),
    "endless 100 Continue": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 8 << 20), "."),
    "slow status line": (slowly(b"HTTP/1.1 200 OK\r\n\r\n"), "time"),
    "slow header": (slowly(OK), "time"),
    "slow body": (slowly(OK + b"\r\n" + b"{" * 60), "time"),
    "silence": (lambda connection: time.sleep(5), "time"),
    "early close": (b"", "."),
    "close in the status": (b"HTTP/1.1 20", "."),
    "close in a header": (b"HTTP/1.1 200 OK\r\nContent-Le", "."),
    "close in the body": (OK + b"Content-Length: 5000\r\n\r\n{\"error\":", "."),
    "reset at once": (reset_after(b""), "reset|."),
    "reset in a header": (reset_after(b"HTTP/1.1 200 OK\r\nContent"), "."),
    "reset in the body": (reset_after(OK + b"Content-Length: 5000\r\n\r\n{"), "."),
    "Content-Length too long": (OK + b"Content-Length: 99999999999999999999\r\n\r\n{}", "."),
    "Content-Length too short": (OK + b"Content-Length: 5\r\n\r\n{\"error\":false}", "JSON|cut off"),
    "Content-Length negative": (OK + b"Content-Length: -1\r\n\r\n{}", "."),
    "Content-Length twice": (OK + b"Content-Length: 5\r\nContent-Length: 500\r\n\r\n{\"error\":false}", "."),
    "chunk size of letters": (chunked(b"zz\r\n{}\r\n0\r\n\r\n"), "."),
    "chunk size beyond all": (chunked(b"ffffffffffffffffff\r\n{}\r\n"), "."),
    "HTTP/0.9": (b'{"error":false,"timeSeriesDataPoints":[]}', "."),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "."),
    "gzip that is none": (json_reply(b"hello", OK + b"Content-Encoding: gzip\r\n"), "damaged gzip data"),
    "unknown encoding": (json_reply(b"hello", OK + b"Content-Encoding: br\r\n"), "not asked for: br"),
    "gzip bomb": (gzip_bomb, "8 MiB|large"),
    "10,000 deep": (json_reply("[" * 10_000), "deep|JSON"),
    "objects 10,000 deep": (json_reply('{"a":' * 10_000), "deep|JSON"),
    "NaN": (points('{"timestampMs":NaN,"eventCountMap":{"people":NaN}}'), "not JSON"),
    "1e400": (points('{"timestampMs":%d,"eventCountMap":{"people":1e400}}' % NOW_MS), None),
    "beyond 64 bits": (points('{"timestampMs":99999999999999999999,"eventCountMap":{"people":-99999999999999999999}}'), None),
    "duplicate keys": (json_reply('{"error":false,"error":true,"errorMsg":"a","errorMsg":"twice"}'), "twice"),
    "invalid UTF-8": (json_reply(b'{"error":true,"errorMsg":"\xff\xfe\xc3\x28 \xf0\x80\x80\x80"}'), "."),
    "lone surrogates": (json_reply('{"error":true,"errorMsg":"\\ud800\\udfff\\udc00"}'), "."),
    "escapes in errorMsg": (json_reply(json.dumps({"error": True, "errorMsg": ESCAPES})), "red"),
    "raw escapes in a 500": (json_reply(ESCAPES, b"HTTP/1.1 500 " + ESCAPES[:5].encode() + b"\r\n"), "HTTP 500"),
    "NUL in a header": (json_reply("{}", b"HTTP/1.1 500 No\r\nx: \0\r\n"), "."),
    "escapes in names": (lately('{"timestampMs":%%d,"eventCountMap":%s,"dateLocal":%s}' % (
        json.dumps({ESCAPES: 1}), json.dumps(ESCAPES))), None),
    # A name with a NUL in it is not kept; these are.
    "escapes that are recorded": (lately('{"timestampMs":%%d,"eventCountMap":%s,"dateLocal":%s}' % (
        json.dumps({ESCAPES.replace("\0", ""): 1}), json.dumps(ESCAPES.replace("\0", "")))), None),
    "escapes in warningMsg": (json_reply(json.dumps({"error": False, "warningMsg": ESCAPES, "timeSeriesDataPoints": []})), None),
    "a long errorMsg": (json_reply(json.dumps({"error": True, "errorMsg": "x" * 3_000_000})), "x"),
    "redirect to another host": (b"HTTP/1.1 302 Found\r\nLocation: http://localhost:TRAP/\r\nContent-Length: 0\r\n\r\n", "HTTP 302"),
    "redirect that keeps the method": (b"HTTP/1.1 308 Gone\r\nLocation: http://localhost:TRAP/\r\nContent-Length: 0\r\n\r\n", "HTTP 308"),
    "Refresh and Link": (json_reply("{}", b"HTTP/1.1 500 No\r\nRefresh: 0; url=http://localhost:TRAP/\r\nLink: <http://localhost:TRAP/>\r\n"), "HTTP 500"),
    "a status of 999": (json_reply("{}", b"HTTP/1.1 999 Odd\r\n"), "HTTP 999"),
    "a status of 000": (json_reply("{}", b"HTTP/1.1 000 Odd\r\n"), "."),
    "101 Switching Protocols": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "."),
    "204 with a body": (b"HTTP/1.1 204 No Content\r\n\r\n{}", "HTTP 204|."),
    "cookies": (json_reply("{}", b"HTTP/1.1 500 No\r\n" + b"Set-Cookie: a=b; Domain=localhost\r\n" * 30), "HTTP 500"),
}

# An account that is told to wait waits long: these are not healed in the test's time.
WAITING = {
    "429 for ever": (json_reply("{}", b"HTTP/1.1 429 Slow\r\nRetry-After: 99999999999999\r\n"), "rate limited.* 60 min|1 h"),
    "429 negative": (json_reply("{}", b"HTTP/1.1 429 Slow\r\nRetry-After: -1\r\n"), "rate limited"),
    "429 until 9999": (json_reply("{}", b"HTTP/1.1 429 Slow\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"), "rate limited"),
    "a Date of long ago": (json_reply('{"error":false,"timeSeriesDataPoints":[]}', OK + b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "Date is .* off this machine's clock"),
}


class Hostile:
    """Answers every request with a case's bytes, until it is good: then like the stand-in server."""

    def __init__(self, name, answer, trap):
        self.name, self.good = name, None
        self.answer = answer.replace(b"TRAP", b"%d" % trap) if isinstance(answer, bytes) else answer
        self.asked = 0
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                connection.settimeout(30)
                request = b""
                while b"\r\n\r\n" not in request:
                    data = connection.recv(65536)
                    if not data:
                        return
                    request += data
                head, _, body = request.partition(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
                while len(body) < length:
                    body += connection.recv(65536)
                self.asked += 1
                self.heads.append(head)
                if self.good:
                    self.relay(connection, head, body)
                elif callable(self.answer):
                    self.answer(connection)
                else:
                    connection.sendall(self.answer)
            except OSError:
                pass  # it has hung up on us

    def relay(self, connection, head, body):
        with socket.create_connection(("127.0.0.1", self.good.port)) as server:
            server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            while data := server.recv(65536):
                connection.sendall(data)

    def close(self):
        self.listener.close()


class Trap:
    """Nobody may come here."""

    def __init__(self):
        self.came = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@pytest.fixture
def field(start_fake, make_daemon):
    """A daemon with an account for each case, and one that is well."""
    hostile = []

    def make(cases):
        trap = Trap()
        well = start_fake()
        hostile.extend(Hostile(name, answer, trap.port) for name, (answer, _) in cases.items())
        daemon = make_daemon(well.url, [])
        account = {"rate": "50/s", "burst": 20, "key_file": str(daemon.key_file)}
        accounts = [{"name": "well", "base_url": well.url, **account}]
        devices = [{"uuid": uuid_of(1), "name": "well", "account": "well"}]
        for n, server in enumerate(hostile, 2):
            accounts.append({"name": f"a{n}", "base_url": server.url, **account})
            # Who is slow meets the limit soon; the others are not to meet it on a loaded machine.
            devices.append({"uuid": uuid_of(n), "name": server.name, "account": f"a{n}",
                            "timeout": "2s" if cases[server.name][1] == "time" else "20s",
                            "backfill_from": "2m" if server.name.startswith("escapes") else "5m"})
        defaults = {"interval": "MINUTELY", "window": "1m", "timezone": "UTC", "settle": "1s", "lookback": "0",
                    "backfill_from": "5m"}
        daemon.config.write_text(
            f"accounts = ( {', '.join(map(group, accounts))} );\ndefaults = {group(defaults)};\n"
            f"devices = ( {', '.join(map(group, devices))} );\nretry = {{ base = \"100ms\"; cap = \"1s\"; }};\n"
            f"log = {{ directory = \"{daemon.log_folder}\"; }};\nstate = {{ directory = \"{daemon.state_folder}\"; }};\n")
        daemon.start()
        daemon.well, daemon.hostile, daemon.trap = well, hostile, trap
        return daemon
    yield make
    for server in hostile:
        server.close()


def peak_kb(daemon):
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{daemon.process.pid}/status").read()).group(1))


def assert_plain(text, what):
    found = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert not found, f"{what}: {text[max(0, found.start() - 80):found.end() + 20]!r}"


def assert_all_recorded(daemon, n):
    records = [r for r in daemon.records() if r["device"] == uuid_of(n) and r["status"] == "ok"]
    assert_contiguous(daemon.records(), uuid_of(n))
    assert_complete(records, uuid_of(n), expected_records(
        uuid_of(n), "MINUTELY", "UTC", parse_time(records[0]["time"]), parse_time(records[-1]["end"])))


def said(daemon, name, pattern):
    """The journal's line or STATUS's words about the case's device or account."""
    return any(re.search(pattern, line) for line in daemon.stderr().splitlines() if line.startswith(f"{name}:"))


@pytest.mark.long
def test_whatever_a_server_answers(field):
    bomb()  # made now: no time-out waits for it
    daemon = field(CASES)
    begin = peak_kb(daemon)
    wait_for(lambda: all(server.asked for server in daemon.hostile), 20, "all to be asked")
    # Each is told of under its device's or its account's name.
    names = {server.name: f"a{n}" for n, server in enumerate(daemon.hostile, 2)}
    for name, (_, pattern) in CASES.items():
        if pattern:
            wait_for(lambda: said(daemon, name, pattern) or said(daemon, names[name], pattern), 30,
                     f"{name}: {pattern} in the journal")
    assert daemon.process.poll() is None, daemon.stderr()
    peak = peak_kb(daemon)
    print(f"{len(CASES)} hostile servers at a time: {begin} -> {peak} kB at most")
    assert peak < begin + 80_000 or SLOW > 1
    assert_plain(daemon.stderr(), "the journal")
    for status in daemon.notify.statuses:
        assert_plain(status, "STATUS")
    assert daemon.trap.came == 0, "a redirect was followed"
    for server in daemon.hostile:
        assert not any(b"cookie" in head.lower() for head in server.heads), "a cookie was sent back"

    for server in daemon.hostile:
        server.good = daemon.well
    daemon.signal(signal.SIGHUP)  # who was refused for good may ask again at once
    healthy = len(CASES) + 1
    wait_for(lambda: re.match(rf"{healthy} devices ok; backlog 0;", daemon.notify.status), 90, "all to be well again")
    daemon.stop()
    recorded = "".join(path.read_text() for path in daemon.log_files())
    assert_plain(recorded, "the log")
    for member in ("event_counts", "date_local"):
        assert re.search(rf'"{member}":[^,]*\\u001b\[31mred[^,]*\\u202e\\u2066', recorded), f"{member} was not kept"
    for n, server in enumerate(daemon.hostile, 2):
        if CASES[server.name][1] is not None:
            assert_all_recorded(daemon, n)
        else:
            assert_contiguous(daemon.records(), uuid_of(n))
    assert_all_recorded(daemon, 1)


def test_who_is_told_to_wait_waits_and_nobody_else(field):
    daemon = field(WAITING)
    wait_for(lambda: all(server.asked >= 1 for server in daemon.hostile), 20, "all to be asked")
    wait_for(lambda: any(r["name"] == "well" for r in daemon.records()), 20, "the record of the one that is well")
    for n, (name, (_, pattern)) in enumerate(WAITING.items(), 2):
        wait_for(lambda: said(daemon, f"a{n}", pattern), 20, f"{name}: {pattern} in the journal")
    # One Date is not believed: it is asked for again, until three agree.
    most = {server: {"429 negative": 4, "a Date of long ago": 5}.get(server.name, 2) for server in daemon.hostile}
    stays(lambda: all(server.asked <= most[server] for server in daemon.hostile), 3, "few requests to each")
    daemon.stop()
    assert_all_recorded(daemon, 1)


# Megabytes, so each is made when it is needed.
MUCH = {
    "more points than fit": lambda: points(",".join(itertools.repeat(POINT % NOW_MS, 1_000_000))),
    "as many points as fit": lambda: points(",".join(itertools.repeat(POINT % NOW_MS, 138_000))),
    "points of no time": lambda: points(",".join(itertools.repeat("{}", 2_500_000))),
    "a map of a million names": lambda: points('{"timestampMs":%d,"eventCountMap":{%s}}' % (
        NOW_MS, ",".join(f'"{n:x}":1' for n in range(600_000)))),
    "numbers of a million digits": lambda: points('{"timestampMs":%s,"eventCountMap":{"people":%s}}' % (
        "1" * 1_000_000, "9" * 1_000_000)),
}


@pytest.mark.long
@pytest.mark.parametrize("name", MUCH)
def test_much_in_little(field, name):
    """As much as fits under the cap of a body: bounded memory and time, and the other account goes on."""
    answer = MUCH[name]()
    daemon = field({name: (answer, None)})
    begin = peak_kb(daemon)
    wait_for(lambda: daemon.hostile[0].asked >= 1 and daemon.records(), 20, "records")
    wait_for(lambda: said(daemon, name, "") or said(daemon, "a2", "") or daemon.hostile[0].asked >= 2 or
             any(r["device"] == uuid_of(2) for r in daemon.records()), 20, "what the answer leads to")
    peak = peak_kb(daemon)
    print(f"{name}, {len(answer) >> 10} KiB: {begin} -> {peak} kB at most")
    assert peak < begin + 700_000
    daemon.hostile[0].good = daemon.well
    wait_for(lambda: "2 devices ok; backlog 0" in daemon.notify.status, 90, "both to be well")
    daemon.stop()
    assert_contiguous(daemon.records(), uuid_of(2))
    assert_all_recorded(daemon, 1)
