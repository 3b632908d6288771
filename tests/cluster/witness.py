# SPDX-License-Identifier: ISC
"""Somebody who looks at the store all the time: what has been acknowledged must never change or vanish, and must be in
each node's log in the end, once.
"""

import base64
import collections
import dataclasses
import json
import statistics
import threading
import time
import zlib

from etcd import b64
from nodes import ask, by_entry

EVERY = 0.05
PAGE = 200
HEAD = 14  # bytes of an entry before its text


@dataclasses.dataclass
class Sight:
    """What a trial has shown."""
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    pause: float = 0.0
    failovers: list = dataclasses.field(default_factory=list)

    def row(self, title):
        failover = (f"{statistics.median(self.failovers):.1f} s median, {max(self.failovers):.1f} s most of "
                    f"{len(self.failovers)}" if self.failovers else "none")
        return (f"{title}: {self.acknowledged} acknowledged, {self.lost} lost, {self.doubled} doubled, "
                f"longest pause {self.pause:.1f} s, failovers: {failover}")


class Witness:
    """Reads an account's chain, its head and its owner as they come, in a thread."""

    def __init__(self, cluster, account="acme"):
        self.cluster, self.account = cluster, account
        self.entries = {}             # {position: packed}
        self.growth = []              # (monotonic time, head) at which the head was seen to be another
        self.owners = []              # (monotonic time, create revision, value)
        self.changed = []             # what must not be
        self.failovers = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    @property
    def head(self):
        return self.growth[-1][1] if self.growth else 0

    def watch(self):
        while not self.over.wait(EVERY):
            try:
                self.look()
            except OSError:
                pass  # no quorum, or nobody to ask

    def look(self):
        key = self.cluster.key
        first = key("log", self.account, f"{max(self.entries, default=0) + 1:016x}")
        ranges = [{"key": b64(key("head", self.account))}, {"key": b64(key("owner", self.account))},
                  {"key": b64(first), "range_end": b64(key("log", self.account, "g")), "limit": PAGE}]
        answer = ask(self.cluster.store, "/v3/kv/txn", {"success": [{"request_range": one} for one in ranges]})
        now = time.monotonic()
        head, owner, log = (part["response_range"].get("kvs", []) for part in answer["responses"])
        for one in log:
            position = int(base64.b64decode(one["key"]).decode().rpartition("/")[2], 16)
            self.entries[position] = base64.b64decode(one["value"])
        if head:
            self.see_head(now, int(base64.b64decode(head[0]["value"])))
        if owner:
            found = int(owner[0]["create_revision"]), base64.b64decode(owner[0]["value"]).decode()
            if not self.owners or self.owners[-1][1:] != found:
                if self.owners and found[0] < self.owners[-1][1]:
                    self.changed.append(f"the epoch fell from {self.owners[-1][1]} to {found[0]}")
                self.owners.append((now, *found))

    def see_head(self, now, head):
        if head < self.head:
            self.changed.append(f"the head fell from {self.head} to {head}")
        if head != self.head:
            self.growth.append((now, head))

    def longest_pause(self, begin, end):
        """Between two times at which the head was another."""
        times = [begin, *(at for at, _ in self.growth if begin <= at <= end), end]
        return max(b - a for a, b in zip(times, times[1:]))

    def stop(self):
        self.over.set()
        self.thread.join()

    def judge(self, logs):
        """logs: {node: lines of the account}.  Returns how many entries were acknowledged, and of all nodes together
        how many of these are missing or another, and how many records are there more than once."""
        assert not self.changed, self.changed
        lost, doubled = 0, 0
        for lines in logs.values():
            mine = by_entry(lines)
            for position in range(max(2, min(mine)), self.head + 1):
                packed = self.entries.get(position)
                lost += position not in mine or bool(packed) and mine[position] != lines_of(position, packed)
            seen = collections.Counter()
            for _, line in lines:
                record = json.loads(line)
                seen[record["device"], record["interval"], record["time"], record["revision"]] += 1
            doubled += sum(times - 1 for times in seen.values())
        return self.head, lost, doubled


def lines_of(position, packed):
    """What an entry is in a log: see src/journal/entry.c."""
    text = zlib.decompress(packed[HEAD:], wbits=-15)
    return [line[:-1] + b',"entry":%d}' % position for line in text.splitlines()]
