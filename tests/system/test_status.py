# SPDX-License-Identifier: ISC
"""The status socket of the real daemon, and occupancyctl status: who gets what, and that nobody can hold it up."""

import contextlib
import datetime
import json
import os
import pty
import re
import resource
import select
import shutil
import socket
import stat
import subprocess
import termios
import threading
import time
import zoneinfo

import pytest

from harness import FAST, OCCUPANCYCTL, SLOW, WRAPPER, fast, has_grown, memory_kb, occupancyctl, stays, uuid_of, wait_for

ROOMS = 50


def read_all(path, send=b""):
    """All that the socket gives, until its end."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))  # where many are waiting, so does this
        client.settimeout(60)
        if send:
            try:
                client.sendall(send)
            except BrokenPipeError:
                pass
        data = b""
        try:
            while piece := client.recv(1 << 20):
                data += piece
        except ConnectionResetError:
            assert send, "cut off"
        return data


def document(path):
    return json.loads(read_all(path))


def rooms(count=ROOMS):
    return [{"uuid": uuid_of(number), "name": f"room {number}", "site": f"site {number % 3}"}
            for number in range(1, count + 1)]


@pytest.fixture
def socket_path(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run/status"


def start(daemon, socket_path):
    return daemon.start(RUNTIME_DIRECTORY=str(socket_path.parent))


def test_a_daemon_without_a_device_says_so(start_fake, make_daemon, socket_path):
    """As it is just after the installation."""
    daemon = make_daemon(start_fake().url, rooms(1))
    daemon.config.write_text(re.sub(r"devices = \(.*?\);\n", "", daemon.config.read_text(), flags=re.S))
    start(daemon, socket_path)
    wait_for(lambda: document(socket_path)["totals"]["devices"] == 0, 10, "the document")
    for options in ([], ["--all"], ["--json"], ["--nagios"]):
        done = occupancyctl("status", "--config", daemon.config, "--socket", socket_path, *options)
        assert done.returncode == 1 and not done.stderr and "add devices and reload" in done.stdout, (options, done)
        if "--json" in options:
            assert json.loads(done.stdout)["devices"] == []
    done = occupancyctl("metrics", "-c", daemon.config, "--socket", socket_path)
    assert done.returncode == 0 and "occupancyd_up 1\n" in done.stdout
    daemon.stop()


def test_whoever_connects_gets_the_state_of_all_and_the_end(start_fake, make_daemon, socket_path):
    fake = start_fake()
    daemon = start(make_daemon(fake.url, rooms(), defaults={"interval": "HOURLY", "window": "1h"}), socket_path)
    mode = socket_path.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660

    status = wait_for(lambda: (now := document(socket_path))["totals"]["fresh"] == ROOMS and now, 20, "all are fresh")
    assert status["version"] == 1 and status["program"] == "occupancyd"
    assert status["pid"] == daemon.process.pid and status["configuration"] is None
    assert status["storage"] == {"failing": []}
    assert [(a["name"], a["state"], a["rate"]) for a in status["accounts"]] == [("acme", "open", "1000/s")]
    assert [d["name"] for d in status["devices"]] == [f"room {number}" for number in range(1, ROOMS + 1)]
    assert status["totals"]["devices"] == ROOMS and status["totals"]["records"] == ROOMS

    records = {record["name"]: record for record in daemon.records()}
    for device in status["devices"]:
        record = records[device["name"]]
        assert device["uuid"] == record["device"] and device["site"] == record["site"]
        assert (device["interval"], device["zone"], device["account"]) == ("HOURLY", "UTC", "acme")
        assert (device["last_end"], device["last_count"], device["last_status"]) == (
            record["end"], record["count"], "ok")
        assert 0 <= device["age_s"] < 3660 and device["waiting"] == 0 and "reason" not in device
    assert b"test-key" not in read_all(socket_path)
    daemon.stop()
    assert not socket_path.exists()


def test_what_is_wrong_is_in_it(start_fake, make_daemon, socket_path):
    fake = start_fake()
    fake.faults({"device": uuid_of(2), "status": 404})
    daemon = start(make_daemon(fake.url, rooms(3)), socket_path)
    status = wait_for(lambda: (now := document(socket_path))["totals"]["failing"] == 1 and now, 30, "one fails")
    failing = status["devices"][1]
    assert failing["state"] == "failing" and "404" in failing["reason"] and failing["since"].endswith("Z")
    assert failing["waiting"] > 0

    daemon.stop()


def connect(socket_path, count):
    """Clients that read nothing."""
    clients = [socket.socket(socket.AF_UNIX) for _ in range(count)]
    for client in clients:
        client.connect(str(socket_path))
    return clients


def test_clients_that_never_read_hold_nothing_up(start_fake, make_daemon, socket_path):
    fake = start_fake()
    daemon = start(make_daemon(fake.url, rooms(3000)), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["records"] >= 3000, 60, "all are recorded")
    before = memory_kb(daemon.process)
    idle = connect(socket_path, 50)
    assert len(document(socket_path)["devices"]) == 3000
    assert not has_grown(daemon.process, before, 50 * 100), "a piece for each, no more"
    # They are dropped by and by: then there is as much room as before.
    files = f"/proc/{daemon.process.pid}/fd"
    wait_for(lambda: len(os.listdir(files)) < 50, 20, "they are dropped")
    assert len(document(socket_path)["devices"]) == 3000
    for client in idle:
        client.close()

    # More than there is room for: the latest one is served.
    idle = connect(socket_path, 200)
    assert len(document(socket_path)["devices"]) == 3000
    assert len(os.listdir(files)) < 100
    for client in idle:
        client.close()
    daemon.stop()


def test_nothing_can_be_sent_to_it(start_fake, make_daemon, socket_path):
    daemon = start(make_daemon(start_fake().url, rooms(3)), socket_path)
    before = memory_kb(daemon.process)
    data = read_all(socket_path, b"x" * (1 << 20))
    assert len(json.loads(data)["devices"]) == 3
    assert not has_grown(daemon.process, before, 512)
    daemon.stop()


def test_a_stale_socket_is_replaced_and_that_of_another_is_not(start_fake, make_daemon, socket_path):
    fake = start_fake()
    daemon = start(make_daemon(fake.url, rooms(1)), socket_path)
    daemon.kill()
    assert socket_path.exists()
    start(daemon, socket_path)
    assert document(socket_path)["pid"] == daemon.process.pid

    # Another daemon with a state of its own, but the same directory here.
    other = make_daemon(fake.url, rooms(1))
    start(other, socket_path)
    assert "another process listens there: there will be no status socket" in other.stderr()
    assert document(socket_path)["pid"] == daemon.process.pid
    other.stop()
    assert document(socket_path)["pid"] == daemon.process.pid
    daemon.stop()

    socket_path.write_text("precious\n")
    start(daemon, socket_path)
    assert "is not a socket: remove it" in daemon.stderr()
    daemon.stop()
    assert socket_path.read_text() == "precious\n"


def test_a_reload_ends_documents_and_what_comes_next_has_the_new_rooms(start_fake, make_daemon, socket_path):
    fake = start_fake()
    daemon = start(make_daemon(fake.url, rooms(3000)), socket_path)
    with socket.socket(socket.AF_UNIX) as slow:
        slow.settimeout(30)
        slow.connect(str(socket_path))
        begin = slow.recv(1000)
        daemon.write_config(fake.url, rooms(5))
        daemon.signal(1)
        wait_for(lambda: "reloaded: 5 devices" in daemon.stderr(), 30, "reloaded")
        while piece := slow.recv(1 << 20):
            begin += piece
        with pytest.raises(json.JSONDecodeError):
            json.loads(begin)
    assert len(document(socket_path)["devices"]) == 5
    daemon.stop()


def test_without_a_directory_there_is_no_socket(start_fake, make_daemon, socket_path):
    daemon = make_daemon(start_fake().url, rooms(1)).start()
    assert "socket" not in daemon.stderr() and not socket_path.exists()
    daemon.stop()


def test_where_no_descriptor_is_left_it_listens_again_later(start_fake, make_daemon, socket_path):
    daemon = start(make_daemon(start_fake().url, rooms(1)), socket_path)
    usual = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (5, usual[1]))
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(socket_path))
        used = cpu_of(daemon.process.pid)
        stays(lambda: daemon.process.poll() is None, 1.5, "it runs")
        assert cpu_of(daemon.process.pid) - used < 0.5, "it does not spin"
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, usual)
        assert client.recv(1000).startswith(b'{"version":1')
    daemon.stop()


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status(daemon, socket_path, *options, **more):
    done = occupancyctl("status", "--config", daemon.config, "--socket", socket_path, *options, **more)
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def serving(socket_path, data):
    """A socket that gives this to all that connect."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_path))
        server.listen()

        def serve():
            try:
                while True:
                    client, _ = server.accept()
                    with client:
                        client.sendall(data)
            except OSError:
                pass  # the end
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            socket_path.unlink()


EVIL = "\x1b[31mred\x1b[0m \u202eback|wards\n😀 é"


def test_the_tool_shows_the_worst_first(start_fake, make_daemon, socket_path):
    fake = start_fake()
    devices = rooms(50)
    devices[3]["name"] = "Canteen"
    fake.faults({"device": uuid_of(4), "status": 404})
    daemon = start(make_daemon(fake.url, devices, defaults={"interval": "HOURLY", "window": "1h",
                                                            "timezone": "Asia/Kolkata"}), socket_path)
    code, out, _ = wait_for(lambda: "49 fresh, 1 failing" in (now := status(daemon, socket_path))[1] and now, 30, "one fails")
    assert code == 1
    lines = out.splitlines()
    assert re.fullmatch(r"running \d+ (s|min); 50 rooms: 49 fresh, 1 failing", lines[0])
    assert lines[1].split() == ["ROOM", "SITE", "STATE", "LAST", "COUNT", "AGE", "WAITING", "WHY"]
    assert re.fullmatch(r"Canteen  site 1  failing  -         -    -        1  .*HTTP 404.* since \d\d:\d\d", lines[2]), out
    assert len(lines) == 3

    code, out, _ = status(daemon, socket_path, "--all")
    lines = out.splitlines()
    assert len(lines) == 52 and lines[2].startswith("Canteen") and code == 1
    record = {r["name"]: r for r in daemon.records()}["room 7"]
    end = datetime.datetime.fromisoformat(record["end"][:-1] + "+00:00").astimezone(zoneinfo.ZoneInfo("Asia/Kolkata"))
    row = next(line for line in lines if line.startswith("room 7 "))
    assert re.fullmatch(rf"room 7 +site 1  fresh +{end:%H:%M} +{record['count']} +\S+ +0", row), row

    code, out, _ = status(daemon, socket_path, "--room", "room 1*")
    assert code == 0 and out.endswith("; 11 rooms: 11 fresh\n")
    code, out, err = status(daemon, socket_path, "--room", "Canten")
    assert code == 64 and out == "" and 'did you mean "Canteen"?' in err

    code, out, _ = status(daemon, socket_path, "--json", "--site", "site 1")
    seen = json.loads(out)
    assert code == 1 and seen["level"] == "WARNING" and seen["version"] == 1
    assert {d["site"] for d in seen["devices"]} == {"site 1"} and seen["totals"]["devices"] == 50

    # A room that is behind by less than that does not count.
    code, out, _ = status(daemon, socket_path, "--nagios")
    assert code == 1
    assert re.fullmatch(r"OCCUPANCYD WARNING - Canteen failing \| fresh=49 age=\d+s;; backlog=1\n", out), out
    code, out, _ = status(daemon, socket_path, "--nagios", "-w", "30m", "-c", "2h")
    assert code == 0 and re.fullmatch(r"OCCUPANCYD OK - Canteen failing \| fresh=49 age=\d+s;1800;7200 backlog=1\n", out)
    code, out, _ = status(daemon, socket_path, "--nagios", "-w", "0", "-c", "0")
    assert code == 2 and out.startswith("OCCUPANCYD CRITICAL - Canteen failing | ")
    daemon.stop()


def test_names_and_reasons_are_inert(start_fake, make_daemon, socket_path):
    daemon = make_daemon(start_fake().url, rooms(1))
    evil = json.dumps(EVIL, ensure_ascii=False)
    text = ('{"version":1,"program":"occupancyd","started":"2026-11-23T08:00:00Z","now":"2026-11-23T09:00:00Z",'
            f'"configuration":{evil},"storage":{{"failing":["log"],"reason":{evil}}},"accounts":[\n'
            f'{{"name":{evil},"state":"refused","reason":{evil},"clock":{{"confirmed":true,"reason":{evil}}}}}],\n'
            f'"devices":[\n{{"uuid":"A","name":{evil},"site":{evil},"account":{evil},"zone":{evil},"state":"failing",'
            f'"last_end":"2026-11-23T08:45:00Z","age_s":900,"last_count":3,"waiting":1,"reason":{evil},'
            '"since":"2026-11-23T08:50:00Z"}],\n"totals":{"devices":1}}\n')
    json.loads(text)
    for options in (), ("--all",), ("--nagios",), ("--json",):
        with serving(socket_path, text.encode()):
            code, out, _ = status(daemon, socket_path, *options)
        assert code == 1 and "\x1b" not in out and "\u202e" not in out and "😀" in out, options
        if options == ("--nagios",):
            assert out.count("|") == 1 and out.count("\n") == 1
        elif options == ("--json",):
            assert json.loads(out)["devices"][0]["name"] == EVIL
        else:
            assert len(out.splitlines()) == 7 and "45Z" in out


def test_an_account_that_is_refused_is_said(start_fake, make_daemon, socket_path):
    fake = start_fake(key="another-key-0123456789")
    daemon = start(make_daemon(fake.url, rooms(3)), socket_path)
    wait_for(lambda: document(socket_path)["accounts"][0]["state"] == "refused", 30, "it is refused")
    code, out, _ = status(daemon, socket_path)
    assert code == 1
    assert re.match(r"running .*; 3 rooms: 3 waiting\naccount acme is refused since \S+Z: .*HTTP 40", out)
    assert "for account acme" in out
    code, out, _ = status(daemon, socket_path, "--nagios", "-w", "1h")
    assert code == 1 and out.startswith("OCCUPANCYD WARNING - account acme is refused since ")
    daemon.stop()


def test_a_daemon_that_is_down_is_said_with_since_when(start_fake, make_daemon, socket_path):
    daemon = start(make_daemon(start_fake().url, rooms(3)), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["records"] >= 3, 30, "recorded")
    daemon.kill()
    code, out, _ = status(daemon, socket_path)
    assert code == 2
    assert re.fullmatch(r"not running \(\S+: nobody listens there any more\); last checkpoint \S+Z, \d+ (s|min) ago; "
                        r"last record written \S+Z, \d+ (s|min) ago\n", out), out
    start(daemon, socket_path)
    daemon.stop()
    code, out, _ = status(daemon, socket_path, "--nagios")
    assert code == 2 and out.startswith("OCCUPANCYD CRITICAL - not running (")
    code, out, _ = status(daemon, socket_path, "--json")
    assert code == 2 and json.loads(out)["running"] is False
    # It runs, but nobody has said where a socket could be.
    daemon.start()
    code, out, _ = status(daemon, socket_path)
    if not WRAPPER:
        assert code == 3 and f"process {daemon.process.pid} runs without a status socket" in out
    daemon.stop()


def test_what_is_not_the_daemons_socket_is_said(start_fake, make_daemon, socket_path):
    daemon = make_daemon(start_fake().url, rooms(1))
    socket_path.write_text("no socket\n")
    code, out, _ = status(daemon, socket_path)
    assert code == 3 and "is not the daemon's socket" in out
    socket_path.unlink()

    def served(data):
        with serving(socket_path, data):
            return status(daemon, socket_path)
    for data in (b"HTTP/1.1 400 Bad Request\n", b'{"version":2,"program":"occupancyd","accounts":[\n],\n',
                 b"\x00" * 5000 + b"\n", b"x" * (2 << 20) + b"\n"):
        code, out, _ = served(data)
        assert code == 3 and "is not the status of an occupancyd of this version" in out, data[:20]
    code, out, _ = served(b"")
    assert code == 2 and "cut off" in out


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another user")
def test_who_may_not_read_it_is_told_who_may(start_fake, make_daemon, socket_path):
    daemon = start(make_daemon(start_fake().url, rooms(1)), socket_path)
    for folder in (socket_path.parent, *list(socket_path.parent.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    socket_path.parent.chmod(0o711)
    daemon.config.chmod(0o644)
    # Where it was built, not everybody may look.
    program = shutil.copy(OCCUPANCYCTL, socket_path.parent)
    done = subprocess.run([program, "status", "--socket", str(socket_path)], text=True, capture_output=True,
                          user=65534, group=65534, extra_groups=[], timeout=60)
    assert done.returncode == 3 and "permission denied: it is for root and members of the group occupancyd" in done.stdout
    daemon.stop()


def test_watching_redraws_and_leaves_the_terminal_as_it_was(start_fake, make_daemon, socket_path):
    daemon = start(make_daemon(start_fake().url, rooms(3), defaults={"interval": "HOURLY", "window": "1h"}), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["fresh"] == 3, 30, "all are fresh")
    for key in b"q", b"\x03":
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        process = subprocess.Popen([*WRAPPER, OCCUPANCYCTL, "status", "--config", str(daemon.config), "--socket",
                                    str(socket_path), "--watch", "--all"], stdin=slave, stdout=slave,
                                   stderr=subprocess.DEVNULL)
        screen = b""
        deadline = time.monotonic() + 60 * SLOW
        while screen.count(b"3 rooms: 3 fresh") < 2:
            assert time.monotonic() < deadline, screen
            if select.select([master], [], [], 1)[0]:
                screen += os.read(master, 65536)
        assert b"\x1b[?1049h" in screen and b"room 2" in screen
        os.write(master, key)
        while b"\x1b[?1049l" not in screen:
            assert time.monotonic() < deadline, screen
            screen += os.read(master, 65536)
        assert process.wait(30) == 0
        assert termios.tcgetattr(slave) == before
        os.close(master)
        os.close(slave)
    assert status(daemon, socket_path, "--watch")[0] == 64
    daemon.stop()


# make check-status: STATUS_DEVICES=100000.
MANY = int(os.environ.get("STATUS_DEVICES", "5000"))
TURN = 512 << 10  # no more is written in a turn of the loop: test_socket.c


@pytest.mark.skipif(bool(WRAPPER), reason="valgrind's processor time says nothing")
def test_many_devices_hold_the_loop_for_milliseconds_and_cost_no_memory(start_fake, make_daemon, socket_path):
    daemon = start(make_daemon(start_fake().url, rooms(MANY), account={"rate": "1/h"},
                               defaults={"interval": "DAILY", "window": "1d"}), socket_path)
    size = len(read_all(socket_path))
    before, used = memory_kb(daemon.process), cpu_of(daemon.process.pid)
    idle = connect(socket_path, 50)
    # As much as makes the ticks of the processor's clock short.
    times = max(5, (64 << 20) // size)
    for _ in range(times):
        assert len(read_all(socket_path)) > size // 2
    turn_ms = (cpu_of(daemon.process.pid) - used) / (times * size / TURN) * 1000
    print(f"{MANY} devices, {size} bytes: {turn_ms:.2f} ms of processor time for a turn's share")
    assert turn_ms < 20 * SLOW
    assert not has_grown(daemon.process, before, 8 * 1024)
    code, out, _ = status(daemon, socket_path)
    assert code in (0, 1) and f"; {MANY} rooms: " in out
    for client in idle:
        client.close()
    daemon.stop()


WATCHED = 60  # devices that are asked for each minute


def delays(fake, position):
    """Of minutes for which all of them were asked since then: how long after its end, by device, in ms."""
    found = {}
    with open(fake.journal_file) as lines:
        lines.seek(position)
        for line in lines:
            entry = json.loads(line) if line.endswith("\n") else {"interval": None}
            if entry["interval"] == "MINUTELY" and entry["end_ms"] - entry["start_ms"] == 60000:
                found.setdefault(entry["end_ms"], {})[entry["device"]] = entry["time_ms"] - entry["end_ms"]
    return [asked for _, asked in sorted(found.items()) if len(asked) == WATCHED]


@contextlib.contextmanager
def besieged(socket_path):
    """Fifty clients that read nothing, others in their place all the time, and one that reads document after document."""
    ended = threading.Event()
    read = []

    def idle():
        clients = connect(socket_path, 50)
        while not ended.is_set():
            clients.extend(connect(socket_path, 5))
            for client in clients[:5]:
                client.close()
            del clients[:5]
            ended.wait(0.2)
        for client in clients:
            client.close()

    def reader():
        while not ended.is_set():
            read.append(len(read_all(socket_path)))
    threads = [threading.Thread(target=work) for work in (idle, reader)]
    for thread in threads:
        thread.start()
    try:
        yield read
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@pytest.mark.skipif(bool(WRAPPER), reason="valgrind's processor time says nothing")
def test_clients_make_no_request_late_and_cost_no_memory(start_fake, make_daemon, socket_path):
    """Each device is asked at its own time of each minute: the same one, with or without clients."""
    # Where each device takes its time, so do minutes.
    speed = FAST if MANY <= 10000 else 1
    clock = fast(speed=speed)
    fake = start_fake(env=clock)
    devices = rooms(MANY)
    for device in devices[:WATCHED]:
        device.update({"interval": "MINUTELY", "window": "1m"})
    daemon = make_daemon(fake.url, devices, defaults={"interval": "DAILY", "window": "1d"}, account={"burst": 1000})
    daemon.start(RUNTIME_DIRECTORY=str(socket_path.parent), **clock)
    wait_for(lambda: document(socket_path)["totals"]["starting"] == 0, 30 + MANY / 250, "all are recorded")
    position = fake.journal_file.stat().st_size
    [quiet, *_] = wait_for(lambda: delays(fake, position), 400 / speed, "a minute without clients")
    before = memory_kb(daemon.process)

    def late_ms():
        return [max(asked[device] - quiet[device] for device in quiet) / speed for asked in delays(fake, position)]
    # A tenth of what the status would call late.  What else runs here may make a minute late, clients make each.
    with besieged(socket_path) as read:
        position = fake.journal_file.stat().st_size
        late = wait_for(lambda: len(found := late_ms()) >= 2 and min(found) < 600 * SLOW and found, 600 / speed,
                        "a minute in which no request is late")
    print(f"{MANY} devices: {len(read)} documents read, the latest request {min(late):.1f} ms later than without clients")
    assert read and not has_grown(daemon.process, before, 8 * 1024)
    daemon.stop()
