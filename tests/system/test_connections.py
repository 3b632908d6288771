# SPDX-License-Identifier: ISC
"""Connections that look good and are not: they go silent, they lose every packet,
and the server behind the name has moved."""

import ctypes
import re
import select
import socket
import struct
import subprocess
import threading
import time

import pytest

from harness import (Daemon, assert_complete, expected_records, fast, free_port, parse_time, settles, uuid_of, wait_for,
                     with_mounts_of_its_own)
from nginx import Authority, Nginx

RETRY = 'retry = { base = "200ms"; cap = "1s"; };\n'
NAME = "rhombus.test"
MINUTES = 90
# A request for each minute, so that there are many, one after the other.
MANY = {"backfill_from": f"{MINUTES}m", "max_points": 1, "timeout": "2s"}


class Relay:
    """Passes bytes between what connects to it and a server; connections can be made to fail without a word."""

    def __init__(self, to, address="127.0.0.1", port=0):
        self.to = to
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs = {}        # the other end of each socket
        self.silent = set()    # what these send is taken, and goes nowhere
        self.arrivals = []     # when connections were made
        self.farewells = []    # when a silent one was closed by its client
        self.passed = 0        # bytes from clients to the server
        self.wake, self.woken = socket.socketpair()
        self.running = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.running:
            with self.lock:
                sockets = [self.woken, *self.pairs]
                if self.listener:
                    sockets.append(self.listener)
            for ready in select.select(sockets, [], [], 0.5)[0]:
                with self.lock:
                    self.serve(ready)

    def serve(self, ready):
        if ready is self.woken:
            self.woken.recv(100)
        elif ready is self.listener:
            client = self.listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.to))
            self.pairs |= {client: server, server: client}
            self.arrivals.append(time.monotonic())
        elif ready in self.pairs:
            self.move(ready)

    def move(self, source):
        target = self.pairs[source]
        try:
            data = source.recv(65536)
            if data and source not in self.silent:
                target.sendall(data)
                self.passed += len(data)
        except OSError:
            data = b""
        if not data:
            if source in self.silent:
                self.farewells.append(time.monotonic())
            for end in (source, target):
                self.pairs.pop(end)
                end.close()

    def silence(self, dropping=False):
        """All connections that there are: their bytes, or with dropping even their packets, go nowhere."""
        with self.lock:
            self.silent |= set(self.pairs)
            for end in self.pairs if dropping else ():
                drop_packets(end)

    def go(self):
        """Nobody is there any more."""
        with self.lock:
            for end in [*([self.listener] if self.listener else []), *self.pairs]:
                end.close()
            self.pairs, self.listener = {}, None
        self.wake.send(b"x")

    def stop(self):
        self.running = False
        self.wake.send(b"x")
        self.thread.join(5)
        self.go()
        self.wake.close()
        self.woken.close()


def drop_packets(end):
    """A socket filter of one instruction, "keep 0 bytes": the kernel drops what comes, before it acknowledges it."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    try:
        end.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", 1, ctypes.addressof(program)))  # SO_ATTACH_FILTER
    except PermissionError as error:
        pytest.skip(f"packets cannot be dropped here: a socket filter is refused: {error}")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("pki"), "trusted")
    authority.good = authority.server(hosts=f"IP:127.0.0.1,DNS:{NAME}")
    return authority


@pytest.fixture
def front(tmp_path, start_fake, pki):
    """Starts nginx before a stand-in server."""
    servers = []

    def start(env=None, **settings):
        behind = start_fake("--trust-proxy", env=env)
        servers.append(Nginx(tmp_path / f"nginx{len(servers)}", behind.url, *pki.good, **settings))
        servers[-1].fake = behind
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def start_relay():
    relays = []

    def start(to, **where):
        relays.append(Relay(to, **where))
        return relays[-1]
    yield start
    for relay in relays:
        relay.stop()


def devices(count):
    return [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in range(1, count + 1)]


def account(pki, **more):
    return {"ca_file": str(pki.cert), "rate": "30/s", "burst": 1, "max_in_flight": 4, **more}


def comes_to_rest(daemon, count):
    wait_for(lambda: re.match(rf"{count} devices? ok; backlog 0;", daemon.notify.status), 30, "a healthy STATUS")
    daemon.stop()
    records = daemon.records_at_rest()
    for n in range(1, count + 1):
        mine = [r for r in records if r["device"] == uuid_of(n)]
        first, last = parse_time(mine[0]["time"]), parse_time(mine[-1]["end"])
        assert last - first >= 60 * (MINUTES - 2)
        assert_complete(records, uuid_of(n), expected_records(uuid_of(n), "MINUTELY", "UTC", first, last))


@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
@pytest.mark.parametrize("dropping", [False, True], ids=["acknowledging", "dropping packets"])
def test_silent_connection_is_not_used_again_after_a_timeout(http2, dropping, front, pki, make_daemon, start_relay):
    nginx = front(http2=http2)
    relay = start_relay(nginx.port)
    daemon = make_daemon(f"https://127.0.0.1:{relay.port}", devices(2), account=account(pki), defaults=MANY,
                         extra=RETRY).start()
    wait_for(lambda: len(daemon.records()) >= 20, 20, "records")
    relay.silence(dropping)
    silenced = time.monotonic()
    comes_to_rest(daemon, 2)
    # Whatever waits for its time-out waits once; the connections that were silenced are let go of, not kept.
    assert daemon.stderr().count("poll failed") <= 4, daemon.stderr()
    assert relay.arrivals[-1] > silenced
    assert {e["http"] for e in nginx.fake.journal()} == {"HTTP/2.0" if http2 else "HTTP/1.1"}
    if not dropping:
        assert relay.farewells


def test_reload_begins_with_fresh_connections(front, pki, make_daemon, start_relay):
    nginx = front()
    relay = start_relay(nginx.port)
    patient = {**MANY, "timeout": "300s"}
    daemon = make_daemon(f"https://127.0.0.1:{relay.port}", devices(2), account=account(pki), defaults=patient,
                         extra=RETRY).start()
    wait_for(lambda: len(daemon.records()) >= 20, 20, "records")
    relay.silence()
    settles(lambda: len(nginx.fake.journal()), 1, what="what had passed the relay before")
    daemon.signal(1)
    comes_to_rest(daemon, 2)
    assert len(relay.arrivals) == 2


# A server that moves

class Elsewhere(Daemon):
    """A daemon for which the name of the server stands in a file of its own."""

    def command(self, *options):
        self.hosts = self.folder / "hosts"
        return [*with_hosts(self.hosts), *super().command(*options)]

    def move(self, address):
        # In its place: the name is bound to the file that is there.
        (self.folder / "hosts").write_text(f"{address} {NAME}\n")


def with_hosts(path):
    """A command's beginning: it has the file in the place of /etc/hosts."""
    script = 'mount --bind "$1" /etc/hosts && shift 1 && exec "$@"'
    return with_mounts_of_its_own(script, path)


@pytest.fixture
def make_elsewhere(tmp_path):
    (tmp_path / "hosts").write_text(f"127.0.0.9 {NAME}\n")
    done = subprocess.run([*with_hosts(tmp_path / "hosts"), "getent", "hosts", NAME], capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.startswith("127.0.0.9"):
        pytest.skip(f"the daemon cannot be given names of its own here: {done.stderr.strip() or done.stdout.strip()}")
    daemons = []

    def make(*rest, **named):
        folder = tmp_path / f"daemon{len(daemons)}"
        folder.mkdir()
        daemons.append(Elsewhere(folder, *rest, **named))
        daemons[-1].move("127.0.0.1")
        return daemons[-1]
    yield make
    for daemon in daemons:
        daemon.kill()


@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
@pytest.mark.parametrize("end", ["it is gone", "it is silent"])
def test_server_that_moves_is_found(http2, end, front, pki, make_elsewhere, start_relay):
    nginx = front(http2=http2)
    port = free_port()
    old, new = (start_relay(nginx.port, address=address, port=port) for address in ("127.0.0.1", "127.0.0.2"))
    daemon = make_elsewhere(f"https://{NAME}:{port}", devices(2), account=account(pki), defaults=MANY, extra=RETRY).start()
    wait_for(lambda: len(daemon.records()) >= 20, 20, "records")
    daemon.move("127.0.0.2")
    if end == "it is gone":
        old.go()
    else:
        old.silence()
    moved = time.monotonic()
    comes_to_rest(daemon, 2)
    # An address is not kept for the minute for which libcurl would keep it.
    assert new.arrivals and new.arrivals[0] < moved + 20


@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
def test_new_address_is_found_although_the_old_one_answers(http2, front, pki, make_elsewhere, start_relay):
    """After five minutes, which pass thirty times as fast."""
    clock = fast(speed=30)
    nginx = front(http2=http2, env=clock)
    port = free_port()
    old, new = (start_relay(nginx.port, address=address, port=port) for address in ("127.0.0.1", "127.0.0.2"))
    daemon = make_elsewhere(f"https://{NAME}:{port}", devices(2), account=account(pki),
                            defaults={"timeout": "60s"}, extra=RETRY).start(**clock)
    wait_for(lambda: len(daemon.records()) >= 2, 20, "records")
    daemon.move("127.0.0.2")
    passed = old.passed
    wait_for(lambda: len(new.arrivals) > 0, 30, "a connection to the new address")
    # Until then, and not a moment earlier, the old one was asked: nothing was wrong with it.
    assert old.passed > passed
    before = old.passed
    asked = len(nginx.fake.journal())
    wait_for(lambda: len(nginx.fake.journal()) >= asked + 4, 30, "requests")
    assert old.passed <= before + 4096, "the old address is still asked"
    assert "poll failed" not in daemon.stderr()
    daemon.stop()
