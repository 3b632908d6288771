#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Whether `occupancyctl verify` says of the logs of the simulation what its audit says of them.

Usage: verify.py --build BUILD [--seeds N] [--first SEED] [--jobs N]

The audit has found each seed's log in order, with all that retention and others removed from it.  So verify must
find it complete when it reads all those files, and when it reads the log directory as it was left, unless
others took something out of the middle: then nothing may be wrong with it but that this is missing.  Files that
others renamed are put in order by the times that the daemon wrote into them; where its clock stepped, that order
may be wrong, and then the log directory is not asked about.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile

# As many seeds at a time; their logs are about as many megabytes.
BATCH = 40

# What is said of a log that lacks something in its middle.
OF_LOSS = {"missing", "corrected without a first record", "corrected without the revision before"}


def verify(build, folder):
    done = subprocess.run([build / "occupancyctl", "verify", "--json", folder], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1) or done.stderr:
        return {"complete": False, "expected": 0, "gap": 0, "corrected": 0,
                "defects": [{"defect": f"it ended with {done.returncode}: {done.stderr}"}]}
    return json.loads(done.stdout)


def is_well(answer, whole):
    if whole:
        # Nothing is expected where there is no record at all, which is not complete.
        return answer["complete"] or (answer["expected"] == 0 and not answer["defects"])
    return all(defect["defect"] in OF_LOSS for defect in answer["defects"])


class Tally:
    def __init__(self):
        self.seeds = self.logs = self.lacking = self.buckets = self.gaps = self.corrected = self.unordered = self.failed = 0

    def judge(self, build, folder, whole):
        answer = verify(build, folder)
        self.logs += 1
        self.lacking += not whole
        self.buckets += answer["expected"]
        self.gaps += answer["gap"]
        self.corrected += answer["corrected"]
        if not is_well(answer, whole):
            self.failed += 1
            print(f"# seed {folder.parent.name}, {folder.name}: the audit finds nothing wrong, but verify does:")
            for defect in answer["defects"][:5] or [answer]:
                print(f"#   {json.dumps(defect)}")


def run_batch(args, first, count, tally):
    with tempfile.TemporaryDirectory(prefix="sim-logs-") as scratch:
        done = subprocess.run([args.build / "sim/sim", "--first", str(first), "--seeds", str(count), "--jobs",
                               str(args.jobs), "--logs", scratch], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            tally.failed += 1
            print("".join(f"# {line}\n" for line in done.stdout.splitlines()), end="")
        seeds = sorted(pathlib.Path(scratch).iterdir(), key=lambda path: int(path.name))
        tally.seeds += len(seeds)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for seed in seeds:
                pool.submit(tally.judge, args.build, seed / "all", True)
                if (seed / "unordered").exists():
                    tally.unordered += 1
                else:
                    pool.submit(tally.judge, args.build, seed / "log", (seed / "whole").exists())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    args.build = args.build.resolve()
    tally = Tally()
    for first in range(args.first, args.first + args.seeds, BATCH):
        run_batch(args, first, min(BATCH, args.first + args.seeds - first), tally)
    print(f"# {tally.seeds} seeds, {tally.logs} logs, of which {tally.lacking} lack something in their middle; {tally.unordered} left out; "
          f"{tally.buckets} buckets, {tally.gaps} in gaps, {tally.corrected} corrected")
    well = tally.failed == 0 and tally.seeds == args.seeds
    print(f"{'ok' if well else 'not ok'} 1 - the audit and verify agree on {tally.seeds} seeds")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
