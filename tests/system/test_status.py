# SPDX-License-Identifier: ISC
"""The status socket of the real daemon: who gets what from it, and that nobody can hold it up."""

import json
import os
import resource
import socket
import stat

import pytest

from harness import memory_kb, stays, uuid_of, wait_for

ROOMS = 50


def read_all(path, send=b""):
    """All that the socket gives, until its end."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(path))
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


def test_clients_that_never_read_hold_nothing_up(start_fake, make_daemon, socket_path):
    fake = start_fake()
    daemon = start(make_daemon(fake.url, rooms(3000)), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["records"] >= 3000, 60, "all are recorded")
    before = memory_kb(daemon.process)
    idle = []
    for _ in range(50):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(socket_path))
        idle.append(client)
    assert len(document(socket_path)["devices"]) == 3000
    assert memory_kb(daemon.process) < before + 50 * 100, "a piece for each, no more"
    # They are dropped by and by: then there is as much room as before.
    files = f"/proc/{daemon.process.pid}/fd"
    wait_for(lambda: len(os.listdir(files)) < 50, 20, "they are dropped")
    assert len(document(socket_path)["devices"]) == 3000
    for client in idle:
        client.close()

    # More than there is room for: the latest one is served.
    idle = []
    for _ in range(200):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(socket_path))
        idle.append(client)
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
    assert memory_kb(daemon.process) < before + 512
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
