# SPDX-License-Identifier: ISC
"""Logs made by hand, and what occupancyctl must make of them, worked out a second time, with Python's zoneinfo
and fractions, and nothing of the program's.
"""

import collections
import datetime
import fractions
import json
import random
import zoneinfo

from harness import LENGTHS, edges, rfc3339, uuid_of

Bucket = collections.namedtuple("Bucket", "start end count status")


def local(zone, instant):
    return datetime.datetime.fromtimestamp(instant, zoneinfo.ZoneInfo(zone))


def edges_of(zone, start, end, length):
    return edges("DAILY", zone, start, end) if length == 86400 else edges("NONE", zone, start, end, length)


class Room:
    """Buckets of one room, and the lines of its log, with all that can be in one."""

    def __init__(self, number, name, zone, start, end, interval="QUARTERHOURLY", seed=1, site="hq", most=12, **more):
        self.dice = random.Random(seed)
        self.uuid, self.name, self.zone, self.interval, self.site, self.more = (
            uuid_of(number), name, zone, interval, site, more)
        row = edges_of(zone, start, end, LENGTHS[interval])
        self.lines, self.buckets = [], []
        at = 0
        while at < len(row) - 1:
            kind = self.dice.random()
            changes = local(zone, row[at]).utcoffset() != local(zone, row[min(at + 8, len(row) - 1)]).utcoffset()
            if kind < 0.02 and not changes:
                at = self.gap(row, at, self.dice.randrange(1, 7))
            elif kind < 0.03 and at > 0 and not changes:
                self.buckets.append(Bucket(row[at], row[at + 1], None, "missing"))
                at += 1
            else:
                none = kind < 0.06
                self.record(row[at], row[at + 1], None if none else self.dice.randrange(most + 1),
                            self.dice.choice(["no_data", "ambiguous"]) if none else "ok")
                at += 1
        while self.buckets[-1].status == "missing":
            self.buckets.pop()
        self.correct()

    def line(self, start, end, count, status, revision=0, **more):
        clock = local(self.zone, start)
        self.lines.append((start if revision == 0 else end + 86400, json.dumps({
            "time": rfc3339(start), "name": self.name, "count": count, "status": status, "interval": self.interval,
            "device": self.uuid, "revision": revision, "end": rfc3339(end), **({"previous": None} if revision else {}),
            "local_time": clock.isoformat(timespec="seconds"), "site": self.site, "account": "acme", **more,
            "polled_at": rfc3339(end + 90), **self.more}, separators=(",", ":"), ensure_ascii=False)))

    def record(self, start, end, count, status):
        self.line(start, end, count, status)
        self.buckets.append(Bucket(start, end, count, "ok" if status == "ok" else "no_data"))

    def gap(self, row, at, length):
        last = min(at + length, len(row) - 1)
        self.line(row[at], row[last], None, "gap", reason="HTTP 500")
        self.buckets += [Bucket(row[i], row[i + 1], None, "gap") for i in range(at, last)]
        return last

    def correct(self):
        """Some have another count later, some twice, some that had none; some of a gap are filled."""
        for i, bucket in enumerate(self.buckets):
            if bucket.status == "missing" or self.dice.random() > 0.05:
                continue
            for revision in range(1, self.dice.randrange(2, 4)):
                count = self.dice.randrange(400)
                self.line(bucket.start, bucket.end, count, "ok", revision)
                self.buckets[i] = bucket._replace(count=count, status="ok")

    def coarser(self, length):
        """Of each interval (start, {mean, max, last: or None}, known time / time), second by second."""
        first, last = self.buckets[0].start, self.buckets[-1].end
        row = edges_of(self.zone, first - 2 * 86400, last + 2 * 86400, length)
        found = []
        for start, end in zip(row, row[1:]):
            if end <= first or start >= last:
                continue
            known = [(min(b.end, end) - max(b.start, start), b.count) for b in self.buckets
                     if b.start < end and b.end > start and b.count is not None]
            time = sum(seconds for seconds, _ in known)
            found.append((start, {
                "mean": fractions.Fraction(sum(seconds * count for seconds, count in known), time),
                "max": max(count for _, count in known), "last": known[-1][1]} if known else None,
                fractions.Fraction(time, end - start)))
        return found


def write(folder, *rooms, files=3):
    """The rooms' lines as a log of some files, in the order in which a daemon would have written them."""
    lines = [line for _, line in sorted((pair for room in rooms for pair in room.lines), key=lambda pair: pair[0])]
    step = -(-len(lines) // files)
    for number in range(files):
        name = f"occupancy-2030010{number + 1}T000000Z.ndjson" if number < files - 1 else "occupancy.ndjson"
        (folder / name).write_text("".join(line + "\n" for line in lines[number * step:(number + 1) * step]))
    return folder
