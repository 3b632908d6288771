#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How long a failover takes, and what a cluster costs beside a node that is alone.

    measure.py [--build DIRECTORY] [ROW ...]      all rows, or some

Three members of etcd and the nodes run on this machine, on loopback, beside the stand-in for Rhombus.
"""

import argparse
import base64
import os
import pathlib
import resource
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/system"), str(ROOT / "tests"), str(HERE)]
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()
MONTH_DAYS = 30


class Setting:
    """A cluster on loopback in a folder of its own, for the time of a with."""

    def __init__(self, folder, title, members=3, options=(), **settings):
        import etcd
        import harness
        import nodes
        self.folder = folder / title
        self.folder.mkdir()
        self.store = etcd.Store(self.folder / "etcd", members=members, options=options)
        self.fake = harness.Fake(self.folder, *nodes.server_options())
        self.cluster = nodes.Cluster(self.folder, self.store, self.fake, **settings)

    def __enter__(self):
        return self.cluster

    def __exit__(self, *failure):
        silence = open(os.devnull, "w")
        sys.stdout, stdout = silence, sys.stdout
        try:
            if failure[0]:
                sys.stdout = stdout
            self.cluster.end()
        finally:
            sys.stdout = stdout
            silence.close()
        self.store.stop()
        self.fake.stop()


def failovers(folder, lease, kills):
    """Seconds from the owner's kill to the first entry of another; and the requests of all of it."""
    from harness import wait_for
    from witness import Witness
    with Setting(folder, f"failover-{lease}", lease=lease, devices=10, hours=int(kills * (lease + 10) * 20 * 15 / 600) + 4) as cluster:
        cluster.start()
        cluster.wait_owner()
        witness = Witness(cluster)
        cluster.wait_entries(10)
        took = []
        for _ in range(kills):
            owner = cluster.wait_owner()
            owner.kill()
            begin = time.monotonic()
            cluster.wait_owner(other_than=[owner])
            head = witness.head
            wait_for(lambda: witness.head > head, 60, "another node to record something")
            took.append(time.monotonic() - begin)
            owner.start()
            cluster.wait_entries(20)
        witness.stop()
        return took, cluster.fake.journal(), cluster.accounts[0]


def most_beyond_rate(journal, rate, burst):
    """By how many requests, over any stretch of time, more than the token bucket allows were sent."""
    level = most = 0.0
    before = journal[0]["mono_us"]
    for entry in journal:
        level = max(0.0, level - (entry["mono_us"] - before) / 1e6 * rate) + 1
        before = entry["mono_us"]
        most = max(most, level)
    return most - burst


def row_failover(folder):
    for lease, kills in ((5, 10), (30, 5)):
        took, journal, account = failovers(folder, lease, kills)
        print(f"failover, lease {lease} s: {statistics.median(took):.1f} s at the median, {max(took):.1f} s at most of {kills} kills")
        rate, burst = float(account["rate"].removesuffix("/s")), account["burst"]
        print(f"  {len(journal)} requests at {rate:g}/s, burst {burst}: {max(0, most_beyond_rate(journal, rate, burst)):.1f} "
              f"beyond the token bucket at most, over any stretch of time (in flight: {account['max_in_flight']})")


def usage(process):
    """CPU seconds and resident bytes."""
    words = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS, int(words[21]) * PAGE


def row_cost(folder):
    """Fifty devices by the minute, three minutes."""
    def measure(title, nodes):
        before = [usage(node.process)[0] for node in nodes]
        time.sleep(180)
        for (name, node), cpu in zip(zip(title, nodes), before):
            now, memory = usage(node.process)
            print(f"cost, 50 devices by the minute: {name}: {(now - cpu) / 3 * 1000:.0f} ms of CPU a minute, {memory / 1e6:.1f} MB")
    settings = {"devices": 50, "hours": 1, "rate": 1000, "defaults": {"max_points": 1440}}
    with Setting(folder, "alone", members=1, nodes=0, **settings) as cluster:
        node = cluster.add("a", block=False).start()
        cluster.wait_minutes([node])
        measure(["a node alone"], [node])
    with Setting(folder, "three", **settings) as cluster:
        cluster.start()
        owner = cluster.wait_owner()
        cluster.wait_caught_up()
        measure(["the owner of three", "a follower of three"], [owner, cluster.followers()[0]])


def row_speed(folder):
    """A server without a limit, a minute a request."""
    with Setting(folder, "speed", devices=20, hours=100, rate=1000, defaults={"max_points": 1}) as cluster:
        cluster.start()
        cluster.wait_entries(200)
        head, begin = cluster.head(), time.monotonic()
        records = len(cluster["a"].records())
        time.sleep(20)
        took = time.monotonic() - begin
        print(f"speed: {(cluster.head() - head) / took:.0f} entries and {(len(cluster['a'].records()) - records) / took:.0f} "
              f"records a second, three members of etcd and three nodes on this machine")


def database_bytes(store):
    return max(int(member.call("/v3/maintenance/status", {}).get("dbSize", 0)) for member in store.members)


def row_store(folder):
    """Real entries of fifty devices by the minute, each in an entry of its own, written again and again until a month is
    full: what nodes do, with the store's own compaction.  What is older than a week is removed, as owners do."""
    from nodes import ask
    with Setting(folder, "sample", members=1, devices=50, hours=1, rate=1000, defaults={"max_points": 1}) as cluster:
        cluster.start()
        cluster.wait_entries(300)
        prefix = cluster.key("log", "acme", "")
        found = ask(cluster.store, "/v3/kv/range", {"key": b64(prefix), "range_end": b64(prefix[:-1] + "0"), "limit": 300})["kvs"]
        sizes = [len(base64.b64decode(one["value"])) for one in found[1:]]
        values = [one["value"] for one in found[1:]]
        lines = cluster["a"].lines()["acme"]
        per_entry = len(lines) / len({entry for entry, _ in lines})
    entries = int(50 * 1440 * MONTH_DAYS / per_entry)
    week = int(50 * 1440 * 7 / per_entry)
    with Setting(folder, "month", members=1, nodes=0, options=["--quota-backend-bytes=4294967296"]) as cluster:
        member = cluster.store.members[0]
        largest, batch = 0, 100
        begin = time.monotonic()
        for first in range(1, entries + 1, batch):
            # A transaction takes 128 operations; the head is put once for each.
            operations = [{"request_put": {"key": b64(cluster.key("log", "acme", f"{position:016x}")),
                                           "value": values[position % len(values)]}} for position in range(first, first + batch)]
            member.call("/v3/kv/txn", {"success": operations}, timeout=30)
            if first % 5000 < batch and first > week:
                member.call("/v3/kv/deleterange", {"key": b64(cluster.key("log", "acme", "")), "range_end": b64(
                    cluster.key("log", "acme", f"{first - week:016x}"))}, timeout=30)
                revision = int(member.call("/v3/kv/range", {"key": b64("x")})["header"]["revision"])
                member.call("/v3/kv/compaction", {"revision": revision}, timeout=30)
            if first % 10000 < batch:
                largest = max(largest, database_bytes(cluster.store))
        largest = max(largest, database_bytes(cluster.store))
        print(f"store: a month of 50 devices by the minute, {entries} entries of {statistics.mean(sizes):.0f} bytes with "
              f"{per_entry:.1f} lines each, a week of them kept: {largest / 1e6:.0f} MB at most (written in {time.monotonic() - begin:.0f} s)")


def row_catch_up(folder):
    """A day of fifty devices by the minute, while a node is away."""
    from harness import wait_for
    with Setting(folder, "away", nodes=2, devices=50, hours=24, rate=1000, defaults={"max_points": 1}) as cluster:
        a, b = cluster.nodes
        a.configure(prefer=("acme",))
        cluster.start()
        cluster.wait_entries(5)
        b.stop()
        wait_for(lambda: min(a.last_ends().values()) > time.time() - 180, 1800, "node a to have the whole day")
        head, missing = cluster.head(), b.position()
        begin = time.monotonic()
        b.start()
        wait_for(lambda: b.position() >= head, 600, "node b to have it, too")
        print(f"catch-up: a day of 50 devices by the minute, {head - missing} entries with {len(b.records())} lines: "
              f"{time.monotonic() - begin:.1f} s")


ROWS = {"failover": row_failover, "cost": row_cost, "speed": row_speed, "store": row_store, "catch-up": row_catch_up}


def b64(text):
    return base64.b64encode(text.encode()).decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    args = parser.parse_args()
    for row in args.rows:
        if row not in ROWS:
            parser.error(f"there is no row {row}: there are {', '.join(ROWS)}")
    build = ROOT / args.build
    os.environ.setdefault("OCCUPANCYD", str(build / "occupancyd"))
    os.environ.setdefault("FAKE_RHOMBUS", str(build / "fake-rhombus"))
    os.environ.setdefault("NO_SEMAPHORES", str(build / "no-semaphores.so"))
    with tempfile.TemporaryDirectory(prefix="oc") as folder:
        for row in args.rows or ROWS:
            ROWS[row](pathlib.Path(folder))


if __name__ == "__main__":
    main()
