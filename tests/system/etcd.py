# SPDX-License-Identifier: ISC
"""etcd: members of a real one on free loopback ports, that can be killed, paused and emptied.

    store = etcd.Store(folder, members=3)       # started, and all of them healthy
    store.endpoints                             # their URLs, for a configuration
    store.members[0].kill()                     # SIGKILL; start() brings it back with its data
    store.leader().pause()                      # SIGSTOP; resume()
    store.wait_healthy()                        # all that run answer a linearizable read
    store.keys("occupancyd/hq/")                # {key: Value}
    store.ctl("alarm", "list")                  # etcdctl's output
    store.wipe()                                # all data lost: another cluster, empty
    store.stop()                                # ends all, removes the data (64 MiB for each member's log)

    store = etcd.Store(folder, tls=True)        # https, and client certificates are demanded:
    cert, key = store.authority.issue("node-a") # paths; the CA is store.authority.cert

    etcd.Store(folder, options=["--quota-backend-bytes=4000000"])
    etcd.Store(folder, hosts=["10.0.0.1", ...], within=[["ip", "netns", "exec", "one"], ...])

The fixture start_etcd makes one and stops it; where there is no etcd, its tests are skipped.  Ports are never
those of an etcd.service, which Debian's package starts: 2379 and 2380 lie below what free_port() hands out.
"""

import base64
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request

from harness import free_port, wait_for
from nginx import Authority

ETCD = "/usr/bin/etcd"
ETCDCTL = "/usr/bin/etcdctl"

# What ends with its parent ends with the thread that has started it: this one stays.
STARTER = concurrent.futures.ThreadPoolExecutor(1)

Value = collections.namedtuple("Value", "text create_revision mod_revision lease")


def is_here():
    return os.access(ETCD, os.X_OK) and os.access(ETCDCTL, os.X_OK)


def version():
    """(3, 4)"""
    text = subprocess.run([ETCD, "--version"], capture_output=True, text=True, env={}).stdout
    return tuple(int(part) for part in text.split("etcd Version: ")[1].split()[0].split(".")[:2])


def clean_environment():
    """Without ETCD_..., which etcd and etcdctl would obey."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ETCD")} | {"ETCDCTL_API": "3"}


def b64(text):
    return base64.b64encode(os.fsencode(text)).decode()


class Member:
    """One process of etcd."""

    def __init__(self, store, number, host, within):
        self.store = store
        self.name = f"m{number}"
        self.host = host
        self.within = within
        self.folder = store.folder / self.name
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process = None
        self.paused = False
        self.folder.mkdir()
        scheme = "https" if store.authority else "http"
        self.url = self.reach = f"{scheme}://{host}:{free_port()}"  # the tests reach it there, or elsewhere
        self.peer_url = self.peer_seen = f"{scheme}://{host}:{free_port()}"  # the others see it there, or elsewhere
        self.program = ETCD
        if store.authority:
            self.cert, self.key = store.authority.server(self.name, f"IP:{host},IP:127.0.0.1,DNS:localhost")

    def start(self):
        """Starts it, with the data that it has; does not wait until it is healthy."""
        assert not self.is_running()
        command = ["setpriv", "--pdeathsig", "KILL", *self.within, self.program, "--name", self.name, "--data-dir", self.data,
                   "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                   "--listen-peer-urls", self.peer_url, "--initial-advertise-peer-urls", self.peer_seen,
                   "--initial-cluster", ",".join(f"{member.name}={member.peer_seen}" for member in self.store.members),
                   "--initial-cluster-token", self.store.token, "--initial-cluster-state", "new",
                   "--heartbeat-interval", self.store.heartbeat_ms, "--election-timeout", self.store.election_ms,
                   *self.store.options]
        if self.store.authority:
            ca = self.store.authority.cert
            command += ["--client-cert-auth", "--trusted-ca-file", ca, "--cert-file", self.cert, "--key-file", self.key,
                        "--peer-client-cert-auth", "--peer-trusted-ca-file", ca,
                        "--peer-cert-file", self.cert, "--peer-key-file", self.key]
        with open(self.log, "ab") as log:
            self.process = STARTER.submit(subprocess.Popen, [str(word) for word in command], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, env=clean_environment()).result()
        self.paused = False

    def is_running(self):
        """Or paused."""
        return self.process is not None and self.process.poll() is None

    def end(self, number):
        if self.is_running():
            self.resume()
            self.process.send_signal(number)
            self.process.wait()

    def kill(self):
        self.end(signal.SIGKILL)

    def stop(self):
        self.end(signal.SIGTERM)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
        self.paused = False

    def call(self, path, body, timeout=5):
        """What the JSON gateway answers; OSError if it does not, as it came if it refuses."""
        request = urllib.request.Request(self.reach + path, json.dumps(body).encode())
        try:
            with self.store.opener.open(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                return {"status": answer.code, **json.load(answer)}

    def is_healthy(self):
        """Whether it answers a read that needs a majority."""
        try:
            return "header" in self.call("/v3/kv/range", {"key": b64("health")}, timeout=1)
        except (OSError, ValueError):
            return False

    def leads(self):
        try:
            status = self.call("/v3/maintenance/status", {}, timeout=1)
        except (OSError, ValueError):
            return False
        return status.get("leader") == status.get("header", {}).get("member_id")


class Store:
    """Members of one etcd, all their files in one folder; they end with their parent.

    heartbeat_ms and election_ms are etcd's own defaults; options go to each member.
    """

    def __init__(self, folder, members=3, tls=False, heartbeat_ms=100, election_ms=1000, options=(), hosts=None,
                 within=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.token = f"occupancyd-{os.getpid()}-{self.folder.name}"
        self.heartbeat_ms, self.election_ms, self.options = heartbeat_ms, election_ms, list(options)
        self.authority = Authority(self.folder, "ca") if tls else None
        handlers = [urllib.request.ProxyHandler({})]
        if tls:
            self.client_cert, self.client_key = self.authority.issue("client")
            context = ssl.create_default_context(cafile=self.authority.cert)
            context.verify_flags |= ssl.VERIFY_X509_STRICT  # as newer Pythons do by themselves
            context.load_cert_chain(self.client_cert, self.client_key)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self.opener = urllib.request.build_opener(*handlers)
        hosts = hosts or ["127.0.0.1"] * members
        self.members = []
        for number, host in enumerate(hosts):
            self.members.append(Member(self, number, host, within[number] if within else []))
        self.start()

    @property
    def endpoints(self):
        return [member.url for member in self.members]

    def start(self):
        """Starts what does not run, and waits until all are healthy."""
        for member in self.members:
            if not member.is_running():
                member.start()
        self.wait_healthy()

    def wait_healthy(self, timeout=30):
        """Until each member that runs and is not paused is healthy: a majority must be among them."""
        for member in self.members:
            if member.is_running() and not member.paused:
                wait_for(lambda: self.ended(member) or member.is_healthy(), timeout, f"etcd {member.name}")

    def ended(self, member):
        assert member.is_running(), f"etcd {member.name} ended: " + member.log.read_text(errors="replace")[-2000:]
        return False

    def healthy(self):
        """A member that is healthy, waited for."""
        def find():
            return next((member for member in self.members if member.is_running() and not member.paused
                         and member.is_healthy()), None)
        return wait_for(find, 30, "a healthy member of etcd")

    def leader(self):
        """The member that leads, waited for."""
        def find():
            return next((member for member in self.members if member.is_running() and not member.paused
                         and member.leads() and member.is_healthy()), None)
        return wait_for(find, 30, "a leader of etcd")

    def keys(self, prefix):
        """What is stored below a prefix, by key; texts are as they are, other bytes surrogates."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        answer = self.healthy().call("/v3/kv/range", {"key": b64(prefix), "range_end": b64(end)}, timeout=30)
        def text(pair, name):
            return os.fsdecode(base64.b64decode(pair.get(name, "")))
        return {text(pair, "key"): Value(text(pair, "value"), int(pair["create_revision"]), int(pair["mod_revision"]),
                                         int(pair.get("lease", 0))) for pair in answer.get("kvs", [])}

    def ctl(self, *arguments, member=None, check=True):
        """What etcdctl says on the standard output; member: asked alone."""
        endpoints = member.reach if member else ",".join(member.reach for member in self.members)
        tls = ["--cacert", self.authority.cert, "--cert", self.client_cert, "--key", self.client_key] if self.authority else []
        done = subprocess.run([ETCDCTL, "--endpoints", endpoints, *map(str, tls), *arguments], capture_output=True, text=True,
                              env=clean_environment())
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def wipe(self):
        """Loses all data, as if each machine were a new one.  The same ports, another cluster."""
        for member in self.members:
            member.kill()
            shutil.rmtree(member.data)
        self.token += "-again"
        self.start()

    def stop(self):
        """Ends all members and removes their data; their logs stay."""
        for member in self.members:
            member.kill()
            shutil.rmtree(member.data, ignore_errors=True)
