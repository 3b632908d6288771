# SPDX-License-Identifier: ISC
"""The API key is in its file and in the request's header, and nowhere else."""

import base64
import ctypes
import json
import mmap
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

from harness import OCCUPANCYD, SLOW, Daemon, runs_programs, stays, uuid_of, wait_for, with_mounts_of_its_own
from nginx import Authority, Nginx

KEY = "Kq7-zW4tVn_0RbXe2Yd9LmHs"
NEXT_KEY = "Pf5-uG8cJa_6TiQo1Sx3BwEv"
LOBBY = [{"uuid": uuid_of(1), "name": "lobby"}]
QUICK = {"backfill_from": "5m"}
RETRY = 'retry = { base = "100ms"; cap = "1s"; };\n'


def forms(key):
    """The key as it could be found: itself, most of it, and base64 at any offset."""
    plain = key.encode()
    found = {plain, plain[:10], plain[-10:], plain.hex().encode()}
    for pad in range(3):
        encoded = base64.b64encode(b"\0" * pad + plain)
        found.add(encoded[4 * (pad > 0):-4])
    return found


def traces(daemon, *outputs):
    """All that the daemon has left anywhere, by where it is."""
    found = {f"output {n}": output.encode() for n, output in enumerate(outputs)}
    for path in daemon.folder.rglob("*"):
        if path.is_file() and path != daemon.key_file:
            found[path.name] = path.read_bytes()
    if daemon.notify:
        found["sd_notify"] = "\n".join(daemon.notify.messages).encode()
    if daemon.process and daemon.process.poll() is None:
        for name in ("cmdline", "comm", "status"):
            found[f"/proc/PID/{name}"] = pathlib.Path(f"/proc/{daemon.process.pid}/{name}").read_bytes()
        found["environment"] = environment(daemon)
    return found


def environment(daemon):
    """As /proc shows it: to root, since the process cannot be dumped.  To others, as this test gave it."""
    path = pathlib.Path(f"/proc/{daemon.process.pid}/environ")
    try:
        shown = path.read_bytes()
    except PermissionError:
        assert path.stat().st_uid == 0, "closed, and not because it cannot be dumped"
        return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in daemon.given.items())
    assert f"NOTIFY_SOCKET={daemon.notify.path}\0".encode() in shown
    return shown


def assert_nowhere(key, *places):
    for place in places:
        for name, content in place.items():
            for form in forms(key):
                at = content.find(form)
                assert at < 0, f"the key is in {name}: ...{content[max(0, at - 60):at + 60]}..."


@pytest.fixture
def fake(start_fake):
    return start_fake(key=KEY)


def test_key_is_nowhere_but_in_its_file_and_the_header(fake, make_daemon):
    fake.keys(add=[{"key": NEXT_KEY, "org": "org1", "scheme": "api-token", "id": "next"}])
    fake.faults({"times": 1, "status": 500}, {"times": 1, "status": 429, "retry_after": 1}, {"times": 1, "error_true": "no"})
    daemon = make_daemon(fake.url, LOBBY, key=KEY, defaults=QUICK, extra=RETRY)
    outputs = [text for option in ("--check", "--print-config", "--version", "--help") for text in daemon.run(option)[1:]]
    daemon.start()
    wait_for(lambda: daemon.notify.status.startswith("1 device ok; backlog 0"), 15, "records")
    while_running = traces(daemon)

    fake.keys(revoke=["key1"])
    more = LOBBY + [{"uuid": uuid_of(2), "name": "canteen"}]
    daemon.write_config(fake.url, more, defaults=QUICK, extra=RETRY)
    daemon.signal(1)  # the new device is asked for at once, and the key is refused
    wait_for(lambda: "key refused" in daemon.notify.status, 10, "the refusal")
    daemon.write_key(NEXT_KEY)
    wait_for(lambda: daemon.notify.status.startswith("2 devices ok; backlog 0"), 15, "records with the next key")
    later = traces(daemon)
    daemon.signal(10)
    daemon.stop()

    assert {e["key"] for e in fake.journal()} == {"key1", "next"}, "the header did not hold the keys"
    assert {"stderr1", "occupancy.ndjson", "checkpoint", "sd_notify", "environment"} <= set(later)
    for key in (KEY, NEXT_KEY):
        assert_nowhere(key, while_running, later, traces(daemon, *outputs))


# The server has the key, too, and may send it back.
ECHOES = {
    "400 with JSON's escapes": {"status": 400, "body": '{"msg":"Invalid api key ' + "".join(f"\\u{ord(c):04x}" for c in KEY) + '"}'},
    "500": {"status": 500, "body": f"bad call with key {KEY} today"},
    "400 in JSON": {"status": 400, "body": json.dumps({"msg": f"key {KEY} has no such device"})},
    "403 in text": {"status": 403, "body": f"Invalid api key {KEY}", "content_type": "text/plain"},
    "429": {"status": 429, "retry_after": 30, "body": f"{KEY}: enhance your calm"},
    "503": {"status": 503, "body": f"no backend for x-auth-apikey: {KEY}"},
    "error:true": {"error_true": f"key {KEY} is throttled"},
    "200 that is no JSON": {"body": f"<html>{KEY}</html>"},
    "where the message is cut": {"status": 500, "body": "x" * 385 + KEY},
}


@pytest.mark.parametrize("name", ECHOES)
def test_key_that_the_server_echoes_is_not_repeated(name, fake, make_daemon):
    fake.faults(ECHOES[name])
    daemon = make_daemon(fake.url, LOBBY, key=KEY, defaults=QUICK, extra=RETRY).start()
    status = str(ECHOES[name].get("status", ""))
    wait_for(lambda: re.search(rf"lobby \(|rate limited|key refused|{status} since", daemon.notify.status), 15, "STATUS")
    running = traces(daemon)
    daemon.stop()
    assert_nowhere(KEY, running, traces(daemon))


def test_old_key_on_its_way_while_the_new_one_is_read(fake, make_daemon):
    """Two requests are out with the old key when the first refusal makes the daemon read the new one. What the server
    says of the old key then is neither repeated nor held against the new one."""
    fake.keys(add=[{"key": NEXT_KEY, "org": "org1", "scheme": "api-token", "id": "next"}])
    body = f"Invalid api key {KEY}"
    fake.faults({"device": uuid_of(1), "times": 1, "status": 403, "body": body, "delay_ms": 500},
                {"device": uuid_of(2), "times": 1, "status": 403, "body": body, "delay_ms": 1000})
    two = LOBBY + [{"uuid": uuid_of(2), "name": "canteen"}]
    daemon = make_daemon(fake.url, two, key=KEY, defaults=QUICK).start()
    wait_for(lambda: len(fake.journal()) == 2, 5, "both requests")
    daemon.write_key(NEXT_KEY)
    wait_for(lambda: "trying what is new" in daemon.stderr(), 5, "the new key")
    # What STATUS said in between is among the traces, too.
    wait_for(lambda: daemon.notify.status.startswith("2 devices ok; backlog 0"), 8, "records with the new key")
    assert_nowhere(KEY, traces(daemon))
    daemon.stop()


@pytest.mark.parametrize("effect", [{"warning": f"key {KEY} is old"}, {"count_map": {KEY: 3}}], ids=["warning", "count"])
def test_key_that_the_server_echoes_is_not_recorded(effect, fake, make_daemon):
    fake.faults(effect)
    daemon = make_daemon(fake.url, LOBBY, key=KEY, defaults=QUICK)
    code, *outputs = daemon.run("--once")
    assert code == 0 and daemon.records(), outputs
    assert_nowhere(KEY, traces(daemon, *outputs))


class Listener:
    """Keeps whatever comes."""

    def __init__(self):
        self.came = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/api/report/getOccupancyCountsV2"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                self.came.append(connection.recv(4096))

    def close(self):
        self.socket.close()


@pytest.mark.parametrize("status", [302, 307])
def test_redirect_is_not_followed(status, fake, make_daemon):
    listener = Listener()
    fake.faults({"redirect": listener.url, "status": status})
    # One bucket, of which no part can be asked for.
    daemon = make_daemon(fake.url, LOBBY, key=KEY, extra=RETRY).start()
    wait_for(lambda: f"lobby (HTTP {status}" in daemon.notify.status, 10, "STATUS")
    assert re.search(rf"^lobby: poll failed: HTTP {status}", daemon.stderr(), re.M), daemon.stderr()
    stays(lambda: not listener.came and len(fake.journal()) == 1, 0.3, "no request but the first")
    daemon.stop()
    listener.close()
    assert [e["status"] for e in fake.journal()] == [status]
    assert listener.came == [] and daemon.records() == []


# The key's file

@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_key_file_that_others_can_read_is_refused(mode, make_daemon):
    daemon = make_daemon("http://127.0.0.1:1", LOBBY, key=KEY)
    daemon.key_file.chmod(mode)
    code, stdout, stderr = daemon.run("--once", timeout=15)
    assert code == 77, stderr
    file = daemon.key_file
    assert f"account acme: {file} is accessible to other users (mode {mode:o}): run chmod go= {file}" in stderr
    assert_nowhere(KEY, traces(daemon, stdout, stderr))
    # The advice works.
    subprocess.run(["chmod", "go=", file], check=True)
    assert daemon.run("--check")[0] == 0


USELESS = {
    "missing": (None, "cannot be opened: No such file or directory"),
    "empty": ("", "is empty: it must hold the key"),
    "blank": (" \n\t\n", "is empty: it must hold the key"),
    "two lines": (f"{KEY}\n{NEXT_KEY}", "holds more than one word"),
    "header injected": (f"{KEY}\r\nx-other: 1", "holds more than one word"),
    "control character": (f"{KEY[:12]}\x01{KEY[12:]}", "printable ASCII"),
    "NUL": (f"{KEY[:12]}\0{KEY[12:]}", "printable ASCII"),
    "not ASCII": (f"{KEY}é", "printable ASCII"),
    "much too long": (KEY * 1000, "this is not a key"),
}


@pytest.mark.parametrize("option", ["--once", "--check"])
@pytest.mark.parametrize("name", USELESS)
def test_useless_key_file_is_a_mistake_of_the_configuration(name, option, make_daemon):
    content, said = USELESS[name]
    daemon = make_daemon("http://127.0.0.1:1", LOBBY)
    daemon.key_file.unlink()
    if content is not None:
        daemon.write_key(content)
    code, stdout, stderr = daemon.run(option, timeout=15)
    assert said in stderr and str(daemon.key_file) in stderr and "account acme" in stderr, stderr
    assert code == 78, stderr
    assert_nowhere(KEY, traces(daemon, stdout, stderr))


def test_a_reload_waits_for_a_key_as_a_start_does(fake, make_daemon):
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK, key=KEY).start()
    wait_for(daemon.records, 10, "the first record")
    daemon.key_file.unlink()
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "acme: no usable key: " in daemon.notify.status, 10, "STATUS")
    assert "not reloaded" not in daemon.stderr() and "its devices are not polled" in daemon.stderr()
    daemon.write_key(KEY)
    wait_for(lambda: "acme: key or certificate files have changed: trying what is new" in daemon.stderr(), 10,
             "the key to be read")
    daemon.stop()


def test_status_names_three_accounts_and_counts_the_others(fake, make_daemon):
    others = [f'{{ name = "site-{n}"; base_url = "{fake.url}"; key_file = "/no/such/key-{n}"; }}' for n in range(9)]
    daemon = make_daemon(fake.url, LOBBY, defaults={**QUICK, "account": "acme"}, key=KEY)
    (daemon.folder / "conf.d").mkdir()
    (daemon.folder / "conf.d/more.conf").write_text(f"accounts = ( {', '.join(others)} );\n")
    daemon.start()
    wait_for(lambda: "site-2: no usable key: " in daemon.notify.status, 10, "STATUS")
    wait_for(lambda: "; and 6 more; 1 device ok" in daemon.notify.status, 10, "STATUS")
    assert "site-3" not in daemon.notify.status
    daemon.stop()


@pytest.mark.parametrize("name, mode, said", [
    ("missing", 0o600, "cannot be opened: No such file or directory"),
    ("blank", 0o600, "is empty: it must hold the key"),
    ("open", 0o644, "is accessible to other users (mode 644): run chmod go= "),
])
def test_the_service_waits_for_a_key_that_it_can_use(name, mode, said, fake, make_daemon):
    """An account without one keeps nobody else from working, and goes on as soon as it is there."""
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    daemon.key_file.unlink()
    if name != "missing":
        daemon.write_key(KEY if name == "open" else USELESS[name][0])
        daemon.key_file.chmod(mode)
    daemon.start()
    wait_for(lambda: "acme: no usable key: " in daemon.notify.status, 10, "STATUS")
    assert said in daemon.notify.status and "1 device waits" in daemon.notify.status

    def told():
        return [line for line in daemon.stderr().splitlines() if "acme" in line and "no usable key" in line]
    stays(lambda: len(told()) == 1, 2.5, "one line that there is no key")
    assert said in told()[0] and "its devices are not polled" in told()[0]
    assert fake.journal() == [] and daemon.records() == []

    daemon.write_key(KEY)
    daemon.key_file.chmod(0o600)
    wait_for(daemon.records, 10, "the first record")
    wait_for(lambda: daemon.notify.status.startswith("1 device ok"), 10, "STATUS")
    assert "key accepted after" in daemon.stderr()
    assert_nowhere(KEY, traces(daemon))
    daemon.stop()


@pytest.mark.parametrize("content", [KEY + "\n", KEY, f"  {KEY}\r\n\n"], ids=["a line", "no newline", "white space around"])
def test_white_space_around_the_key_does_not_matter(content, fake, make_daemon):
    daemon = make_daemon(fake.url, LOBBY, defaults=QUICK)
    daemon.key_file.write_text(content)
    assert daemon.run("--once")[0] == 0
    assert {e["key"] for e in fake.journal()} == {"key1"}


@pytest.mark.parametrize("mode, taken", [(0o400, True), (0o440, True), (0o444, False)])
def test_systemd_credential(mode, taken, fake, make_daemon, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "rhombus").write_text(KEY + "\n")
    (folder / "rhombus").chmod(mode)
    daemon = make_daemon(fake.url, LOBBY, account={"key_file": "rhombus"}, defaults=QUICK)
    code, _, stderr = daemon.run("--once", timeout=15, env={"CREDENTIALS_DIRECTORY": str(folder)})
    if taken:
        assert code == 0 and {e["key"] for e in fake.journal()} == {"key1"}, stderr
    else:
        assert code == 77 and f"{folder}/rhombus is accessible to other users (mode 444)" in stderr, stderr
        assert fake.journal() == []


def test_credential_without_systemd_is_explained(make_daemon):
    daemon = make_daemon("http://127.0.0.1:1", LOBBY, account={"key_file": "rhombus"})
    code, _, stderr = daemon.run(timeout=15)
    assert code == 78 and "rhombus is a systemd credential" in stderr and "LoadCredential=rhombus:FILE" in stderr, stderr


def read_only(folder):
    """A command's beginning: for it the folder lies on a file system that it can only read, and is root's."""
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    return with_mounts_of_its_own(script, folder)


class InPod(Daemon):
    """A daemon with the key in a directory that Kubernetes would mount."""

    def command(self, *options):
        return [*read_only(self.folder / "secret"), *super().command(*options)]


@pytest.mark.parametrize("mode, taken", [(0o440, True), (0o460, False), (0o444, False)])
def test_secret_that_kubernetes_mounts(mode, taken, fake, tmp_path):
    """The advice to run chmod could not be followed there."""
    key = tmp_path / "secret" / "api-key"
    key.parent.mkdir()
    key.write_text(KEY + "\n")
    key.chmod(mode)
    done = subprocess.run([*read_only(key.parent), "ls", OCCUPANCYD], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"a read-only folder, with the program in reach, cannot be mounted here: {done.stderr.strip()}")
    daemon = InPod(tmp_path, fake.url, LOBBY, account={"key_file": str(key)}, defaults=QUICK)
    code, _, stderr = daemon.run("--once", timeout=15)
    assert code == (0 if taken else 77), stderr
    assert taken or f"is accessible to other users (mode {mode:o})" in stderr, stderr
    assert {entry["key"] for entry in fake.journal()} == ({"key1"} if taken else set())


# The process

def test_other_processes_of_the_user_may_not_look_inside(make_daemon):
    """What may not be dumped belongs to root in /proc, whoever runs it."""
    nobody = 65534 if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        if not runs_programs(folder):
            pytest.skip(f"programs are not run in {folder} (noexec)")
        os.chmod(folder, 0o755)
        program = pathlib.Path(shutil.copy(OCCUPANCYD, folder))
        program.chmod(0o755)
        daemon = make_daemon("http://127.0.0.1:1", LOBBY)
        daemon.folder = pathlib.Path(shutil.move(daemon.folder, pathlib.Path(folder) / "daemon"))
        text = daemon.config.name
        config = daemon.folder / text
        config.write_text(config.read_text().replace(str(daemon.config.parent), str(daemon.folder)))
        for path in (daemon.folder, *daemon.folder.rglob("*")):
            os.chown(path, nobody, -1)
        command = [str(program) if part == OCCUPANCYD else str(config) if part == str(daemon.config) else part
                   for part in daemon.command()]
        with open(f"{folder}/stderr", "w+") as stderr:
            process = subprocess.Popen(command, stderr=stderr, env=daemon.environment(),
                                       **({"user": nobody, "group": nobody, "extra_groups": []} if os.geteuid() == 0 else {}))
            try:
                wait_for(lambda: "1 device of 1 account" in pathlib.Path(f"{folder}/stderr").read_text(), 10, "the start")
                uid = re.search(r"^Uid:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)
                assert int(uid.group(1)) == nobody
                assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
            finally:
                process.terminate()
                process.wait(30)


def copies(daemon, needle):
    """Where in the process's memory it is: (the area's flags as proc(5) has them, what stands around it)."""
    found = []
    areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \d+ *(.*)\n(?:.*\n)*?VmFlags: (.*)\n",
                       pathlib.Path(f"/proc/{daemon.process.pid}/smaps").read_text(), re.M)
    assert "[stack]" in {name for _, _, name, _ in areas} and len(areas) > 20
    with open(f"/proc/{daemon.process.pid}/mem", "rb", 0) as memory:
        for start, end, name, flags in areas:
            if name.startswith("[v"):
                continue  # the kernel's
            memory.seek(int(start, 16))
            data = memory.read(int(end, 16) - int(start, 16))
            for match in re.finditer(re.escape(needle), data):
                around = data[max(0, match.start() - 40):match.end() + 10]
                found.append((set(flags.split()), f"{name or 'pages'}: {around}"))
    return found


def may_lock():
    """Whether a page may be locked in memory here: some containers do not let it be."""
    page = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CDLL(None).mlock(ctypes.c_void_p(address), ctypes.c_size_t(mmap.PAGESIZE)) == 0


@pytest.mark.skipif(SLOW > 1, reason="sanitizers and valgrind have memory of their own")
@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
def test_key_lies_in_locked_memory_and_is_wiped(http2, start_fake, make_daemon, tmp_path):
    authority = Authority(tmp_path, "authority")
    fake = start_fake("--trust-proxy", "--key", f"{NEXT_KEY},id=next", key=KEY)
    nginx = Nginx(tmp_path / "nginx", fake.url, *authority.server(), http2=http2)
    try:
        account = {"ca_file": str(authority.cert), "max_in_flight": 2}
        # While a connection is open libcurl may keep each of the last two requests, as they were sent, and HTTP/2
        # the last block of headers and a table of those it has sent.
        kept = 2 + (2 if http2 else 0)
        defaults = {"backfill_from": "30m", "max_points": 3}  # many requests
        devices = [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in range(1, 9)]
        daemon = make_daemon(nginx.url, devices[:4], key=KEY, account=account, defaults=defaults).start()
        wait_for(lambda: daemon.notify.status.startswith("4 devices ok; backlog 0"), 20, "a healthy STATUS")
        try:
            mine = copies(daemon, KEY.encode())
        except PermissionError as error:
            pytest.skip(f"the memory of a process cannot be read here: {error}")
        # The key, and the header that is made of it: "dd", left out of dumps, and "lo", locked.
        own = [(flags, where) for flags, where in mine if "dd" in flags]
        assert len(own) == 2 and any("x-auth-apikey: " + KEY in where for _, where in own), mine
        assert len(mine) - len(own) <= kept, mine
        assert not may_lock() or all("lo" in flags for flags, _ in own), own

        daemon.write_key(NEXT_KEY)
        daemon.write_config(nginx.url, devices, account=account, defaults=defaults)
        daemon.signal(signal.SIGHUP)
        wait_for(lambda: daemon.notify.status.startswith("8 devices ok; backlog 0"), 20, "a healthy STATUS")
        assert copies(daemon, NEXT_KEY.encode())
        # Of the old one there is nothing in what was ours and libcurl's; the HTTP/2 library may not wipe its own.
        assert copies(daemon, b"x-auth-apikey: " + KEY.encode()) == []
        left = copies(daemon, KEY.encode())
        assert len(left) <= (2 if http2 else 0) and not any("dd" in flags for flags, _ in left), left
        daemon.stop()
    finally:
        nginx.stop()
    if not may_lock():
        pytest.skip("memory cannot be locked here; all else was as expected")
