# SPDX-License-Identifier: ISC
"""A cluster: several daemons, each with directories of its own, on one store (etcd) and one stand-in
server; and what must be true of their logs.

The work is minutes that lie behind, under a rate, so that there is always something to record: a test
hurts the cluster meanwhile, and in the end all must be in the log of each node once.
"""

import base64
import collections
import csv
import http.client
import itertools
import json
import os
import re
import signal
import time

from etcd import b64
from harness import (CSV_COLUMNS, Daemon, SLOW, assert_complete, assert_contiguous, assert_unique, expected_records, group,
                     last_minute, occupancyctl, parse_time, read_bytes, rfc3339, uuid_of, wait_for)

# How long an account stays with a node that is silent, in tests that wait for the end of that.
LEASE = 5 if SLOW == 1 else 20
# How often an owner asks while there is a backlog, and for how many minutes each time: a longer lease leaves
# as much work to be done when it ends.
RATE, MAX_POINTS = 100 // LEASE, 15
# For what takes a few seconds on a machine that does nothing else.
LONG = 60
# Of nodes.
NAMES = "abcdef"
# What is not of the cluster's block, of what may be changed.
OTHER_KEYS = ("accounts", "defaults", "log", "devices")


def key_of(name):
    """Each node has an API key of its own, so that the server's journal tells who has asked: "key" is the node's name."""
    return f"test-key-of-node-{name}"


def server_options():
    return [word for name in NAMES for word in ("--key", f"{key_of(name)},id={name}")]


class Node(Daemon):
    """A daemon of a cluster, or one that is to become that."""

    def __init__(self, folder, name, cluster, block=True, **change):
        self.name = name
        self.cluster = cluster
        self.change = change  # of the cluster's block; or accounts, defaults, log, devices
        self.block = block    # a cluster block; False: none; or a string in its place
        self.inside = ()      # a command that it is run by
        folder.mkdir(exist_ok=True)
        super().__init__(folder, cluster.server, cluster.devices, key=key_of(name))

    def move_to(self, path):
        """Its log and its state, which must be empty."""
        self.log_folder, self.state_folder = path / "log", path / "state"
        for folder in (self.log_folder, self.state_folder):
            folder.mkdir()
        self.configure()

    def configure(self, block=None, **change):
        """Writes the configuration again, with these changes as well."""
        self.block = self.block if block is None else block
        self.change.update(change)
        self.write_config(None, None)

    def cluster_block(self):
        if isinstance(self.block, str):
            return f"cluster = {json.dumps(self.block)};\n"
        if not self.block:
            return ""
        cluster = self.cluster
        values = {"name": cluster.name, "node": self.name, "endpoints": cluster.endpoints, "lease": f"{cluster.lease}s",
                  **cluster.settings, **{key: value for key, value in self.change.items() if key not in OTHER_KEYS}}
        return f"cluster = {group(values)};\n"

    def write_config(self, server, devices, account=None, defaults=None, log=None, extra=""):
        cluster, change = self.cluster, self.change
        accounts = [group({"base_url": cluster.server, "key_file": str(self.key_file), **account})
                    for account in change.get("accounts", cluster.accounts)]
        defaults = {**cluster.defaults, **change.get("defaults", {})}
        log = {"directory": str(self.log_folder), **cluster.log, **change.get("log", {})}
        self.config.write_text(
            "accounts = (\n  " + ",\n  ".join(accounts) + "\n);\n"
            f"defaults = {group(defaults)};\n"
            "devices = (\n  " + ",\n  ".join(map(group, change.get("devices", cluster.devices))) + "\n);\n"
            f"log = {group(log)};\n"
            f"state = {{ directory = \"{self.state_folder}\"; }};\n" + self.cluster_block())

    def command(self, *options):
        return [*self.inside, *super().command(*options)]

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    @property
    def status(self):
        return self.notify.status

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def reload(self):
        """With the configuration that stands there; returns when it is applied or refused."""
        told = len(self.notify.messages)
        self.signal(signal.SIGHUP)
        wait_for(lambda: any("READY=1" in message for message in self.notify.messages[told:]), LONG,
                 f"node {self.name}: the reload")

    def wait_status(self, pattern, timeout=LONG):
        """Until its STATUS is like that; returns the match."""
        def found():
            assert self.alive, f"node {self.name} has ended: {self.stderr()}"
            return re.search(pattern, self.status)
        try:
            return wait_for(found, timeout, f"node {self.name}: STATUS to say {pattern}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {self.status}") from None

    def wait_told(self, pattern, timeout=LONG):
        """Until its journal has a line like that; returns the match."""
        return wait_for(lambda: re.search(pattern, self.stderr()), timeout, f"node {self.name}: a line {pattern}")

    def lines(self):
        """{account: [(entry, line), ...]} of the whole log, in its order; entry 0: it has none."""
        found = collections.defaultdict(list)
        for path in self.log_files():
            data = read_bytes(path)
            for line in data[:data.rfind(b"\n") + 1].splitlines():
                account, entry = place_of(path, line)
                found[account].append((entry, line))
        return found

    def position(self, account="acme"):
        """The last entry of which something is in the log."""
        try:
            for path in reversed(self.log_files()):
                for line in reversed(read_bytes(path).split(b"\n")[:-1]):
                    mine, entry = place_of(path, line)
                    if mine == account:
                        return entry
        except FileNotFoundError:
            return self.position(account)  # compressed or rotated meanwhile
        return 0

    def has_all_until(self, end):
        ends = self.last_ends()
        return all(ends.get(device["uuid"], 0) >= end for device in self.cluster.devices)

    def last_ends(self):
        """{device: up to where it is recorded}, epoch seconds."""
        ends = {}
        for record in self.records():
            ends[record["device"]] = record["end"]
        return {device: parse_time(end) for device, end in ends.items()}


class Cluster:
    """Nodes, named a, b, c, ..., on a store and a server.  Nothing is started yet."""

    def __init__(self, folder, store, fake, nodes=3, devices=6, hours=24, name="hq", accounts=("acme",), rate=RATE,
                 lease=LEASE, log=None, defaults=None, **settings):
        self.folder, self.store, self.fake, self.name, self.lease = folder, store, fake, name, lease
        self.server = fake.url
        self.settings = settings
        self.endpoints = list(store.endpoints)
        self.begin = int(time.time() - hours * 3600) // 60 * 60
        self.accounts = [{"name": account, "rate": f"{rate}/s", "burst": 2, "max_in_flight": 4} for account in accounts]
        # Of several accounts each has as many.
        self.devices = [{"uuid": uuid_of(100 * i + n), "name": f"{account}-{n}", "account": account}
                        for i, account in enumerate(accounts) for n in range(1, devices + 1)]
        self.defaults = {"interval": "MINUTELY", "window": "1m", "timezone": "UTC", "settle": "1s", "lookback": "0",
                         "backfill": "365d", "backfill_from": rfc3339(self.begin), "max_points": MAX_POINTS,
                         **(defaults or {})}
        self.log = {"rotate_size": "1MiB", "keep": 0, **(log or {})}
        self.nodes = [Node(folder / name, name, self) for name in NAMES[:nodes]]

    def __getitem__(self, name):
        return next(node for node in self.nodes if node.name == name)

    def add(self, name, **change):
        """One more node; two may have the same name."""
        self.nodes.append(Node(self.folder / f"{name}{len(self.nodes)}", name, self, **change))
        return self.nodes[-1]

    def start(self, **environment):
        for node in self.nodes:
            node.start(**environment)
        return self

    def end(self):
        """Whatever state they are in.  Shows what they have said, which pytest shows if the test has failed."""
        for node in self.nodes:
            node.kill()
            for run in range(1, node.runs + 1):
                told = (node.folder / f"stderr{run}").read_text(errors="replace")
                print(f"-- node {node.name} ({node.folder.name}), start {run}\n{told[-4000:]}")
            if node.notify:
                print(f"-- node {node.name}, last STATUS: {node.status}")

    # What the store says.

    def key(self, *words):
        return "/".join(["occupancyd", self.name, *words])

    def get(self, *words):
        """What the store has there; None: nothing, or nobody answers."""
        try:
            found = ask(self.store, "/v3/kv/range", {"key": b64(self.key(*words))}).get("kvs")
        except OSError:
            return None
        return base64.b64decode(found[0]["value"]).decode(errors="replace") if found else None

    def head(self, account="acme"):
        found = self.get("head", account)
        return int(found) if found else 0

    def owner(self, account="acme"):
        """The node that owns it; None: nobody, or none that is alive."""
        found = self.get("owner", account)
        return next((node for node in self.nodes if found and node.name == owner_name(found) and node.alive), None)

    def wait_owner(self, account="acme", other_than=(), timeout=LONG):
        """The node that owns it, once there is one."""
        def found():
            owner = self.owner(account)
            return owner if owner not in other_than else None
        names = ", ".join(node.name for node in other_than)
        return wait_for(found, timeout + 2 * self.lease, f"an owner of {account}" + (f" other than {names}" if names else ""))

    def wait_entries(self, more, account="acme", timeout=LONG):
        """Until the chain has so many more entries.  Returns its head."""
        before = self.head(account)
        return wait_for(lambda: (head := self.head(account)) >= before + more and head, timeout,
                        f"{more} entries of {account} beyond {before}")

    def wait_position(self, node, position, account="acme", timeout=LONG):
        wait_for(lambda: node.position(account) >= position, timeout,
                 f"node {node.name} to have entry {position} of {account}")

    def followers(self, account="acme"):
        owner = self.wait_owner(account)
        return [node for node in self.nodes if node is not owner and node.alive]

    def oldest(self):
        """Up to where the device that is furthest behind is recorded."""
        ends = max((node.last_ends() for node in self.nodes), key=lambda ends: sum(ends.values()))
        return min(ends.get(device["uuid"], self.begin) for device in self.devices)

    def assert_busy(self):
        """There is still work to do, or a test has shown nothing."""
        assert self.oldest() < time.time() - 300, "the work was over too early: nothing was shown"

    def hurry(self, nodes=None):
        """Lifts the rate."""
        self.defaults["max_points"] = 1440
        for account in self.accounts:
            account.update(rate="50/s", burst=10)
        for node in nodes or self.nodes:
            node.configure()
            if node.alive:
                node.reload()

    def wait_minutes(self, nodes=None, timeout=2 * LONG):
        """Until the first of the nodes has every minute that is over by now."""
        node, end = (nodes or self.nodes)[0], last_minute(time.time())
        wait_for(lambda: node.has_all_until(end),
                 timeout, f"node {node.name} to have all minutes up to {rfc3339(end)}")

    def wait_caught_up(self, nodes=None, timeout=2 * LONG):
        """Until the nodes have every minute that is over by now.  Returns {account: head that all of them have}."""
        self.wait_minutes(nodes, timeout)
        heads = {account["name"]: self.head(account["name"]) for account in self.accounts}
        for account, head in heads.items():
            for node in nodes or self.nodes:
                self.wait_position(node, head, account, timeout)
        return heads

    def requests(self, node=None, since=0):
        """How many the server has had of a node, or of all, with a later number than that."""
        return sum(entry["seq"] > since and node in (None, entry["key"]) for entry in self.fake.journal())

    def finish(self, nodes=None):
        """Lifts the rate, waits until the nodes have all, and stops them.  Returns heads as wait_caught_up()."""
        self.hurry(nodes)
        heads = self.wait_caught_up(nodes)
        self.stop(nodes)
        return heads

    def stop(self, nodes=None):
        for node in nodes or self.nodes:
            if node.alive:
                node.stop()

    # What must be true in the end.

    def check(self, heads, nodes=None):
        """The logs are the same, and nothing in them is missing or there twice."""
        self.assert_same(heads, nodes)
        for node in nodes or self.nodes:
            self.assert_whole(node)

    def assert_same(self, heads, nodes=None):
        """Each log is a contiguous run of the chains, to the byte, that goes to these heads at least."""
        logs = {node: node.lines() for node in nodes or self.nodes}
        for account, head in heads.items():
            assert_same_lines({f"{node.name} ({node.folder.name})": lines[account] for node, lines in logs.items()}, head,
                              account)

    def assert_whole(self, node, from_begin=True):
        """Each minute of each device once, with its count; and verify says so, too."""
        records = node.records_at_rest()
        assert_unique(records)
        for device in self.devices:
            mine = assert_contiguous(records, device["uuid"], rfc3339(self.begin) if from_begin else None)
            assert_complete(records, device["uuid"], expected_records(device["uuid"], "MINUTELY", "UTC", parse_time(
                mine[0]["time"]), parse_time(mine[-1]["end"])))
        done = occupancyctl("verify", "-c", node.config)
        assert done.returncode == 0, done.stdout + done.stderr

    def finish_and_check(self, nodes=None):
        heads = self.finish(nodes)
        self.check(heads, nodes)
        return heads


def place_of(path, line):
    """Account and entry (0: none) of a line of a log file."""
    if ".csv" in path.name:
        row = next(csv.reader([line.decode()]))
        return row[CSV_COLUMNS.index("account")], int(row[len(CSV_COLUMNS)]) if row[-1].isdigit() else 0
    record = json.loads(line)
    return record["account"], record.get("entry", 0)


def ask(store, path, body, timeout=3):
    """What a member of the store answers, the one that did so last or another; OSError: none does."""
    for member in sorted(store.members, key=lambda one: one is not getattr(store, "answered", None)):
        try:
            if member.is_running() and not member.paused and "status" not in (answer := member.call(path, body, timeout)):
                store.answered = member
                return answer
        except (OSError, ValueError, http.client.HTTPException):
            pass
    raise OSError("no member of etcd answers")


def owner_name(value):
    """The node in an owner's value in the store."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found["node"] if isinstance(found, dict) else found


def by_entry(lines):
    """{entry: its lines}, of lines that must be in order and without a hole, behind what was there before the cluster."""
    found = {}
    last = None
    for entry, line in itertools.dropwhile(lambda pair: pair[0] == 0, lines):
        assert last is None or entry in (last, last + 1), f"entry {last} is followed by entry {entry}: {line[:200]}"
        found.setdefault(entry, []).append(line)
        last = entry
    return found


def assert_same_lines(lines, head, account):
    """lines: {node: [(entry, line), ...]} of an account; each up to the head at least."""
    chains = {}
    for name, mine in lines.items():
        try:
            chains[name] = by_entry(mine)
        except AssertionError as error:
            raise AssertionError(f"node {name}, {account}: {error}") from None
        last = max(chains[name], default=0)
        assert last >= head, f"node {name}: its log ends at entry {last} of {account}, and the head was {head}"
    longest = max(chains.values(), key=len)
    for name, chain in chains.items():
        for entry in chain.keys() & longest.keys():
            assert chain[entry] == longest[entry], (f"node {name}: entry {entry} of {account} is not what others have:\n"
                                                    f"{chain[entry]}\n{longest[entry]}")


# A log that ends too early, as after a power cut.

def synced_before(node):
    """How many bytes of the log's present file its checkpoint has counted.

    What stands behind that, and in no other file, is what a start reads back.
    """
    path, log = node.state_folder / "checkpoint", node.log_folder / "occupancy.ndjson"
    found = path.exists() and re.search(r"^log -?\d+ (\d+) (\d+) \d+$", path.read_text(), re.M)
    return int(found.group(2)) if found and int(found.group(1)) == log.stat().st_ino else 0


def cut_at(path, size):
    os.truncate(path, size)
