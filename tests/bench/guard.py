#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How many instructions of src/ some seeds of the simulation take, by callgrind, against the recorded number:
the same program does the same again, so that 5 % more or less is a change of the code.

    guard.py --build build [--record]

The number is one compiler's: with another it is skipped, aloud.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = ROOT / "tests/bench/baseline"
SEEDS = (1, 7, 23)
TOLERANCE = 0.05


def count(sim, seed):
    """Instructions spent in functions of src/ itself, over all lives of a seed."""
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out.%p", str(sim), "--seed",
                               str(seed)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout[-2000:]
        for path in pathlib.Path(folder).iterdir():
            shown = subprocess.run(["callgrind_annotate", "--threshold=100", str(path)], stdout=subprocess.PIPE,
                                   text=True, check=True).stdout
            for line in shown.splitlines():
                match = re.match(r"\s*([\d,]+) \([^)]*\)\s+src/", line)
                total += int(match.group(1).replace(",", "")) if match else 0
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    compiler = subprocess.run(["cc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]
    sim = ROOT / args.build / "sim/sim"

    if args.record:
        BASELINE.write_text(f"{compiler}\n" + "".join(f"{seed} {count(sim, seed)}\n" for seed in SEEDS))
        return 0
    lines = BASELINE.read_text().splitlines()
    if lines[0] != compiler:
        print(f"ok - instructions # skip the baseline is of {lines[0]}, this is {compiler}")
        return 0
    failed = 0
    for seed, recorded in (map(int, line.split()) for line in lines[1:]):
        seen = count(sim, seed)
        good = abs(seen / recorded - 1) <= TOLERANCE
        failed += not good
        print(f"{'ok' if good else 'not ok'} - seed {seed}: {seen:,} instructions, {seen / recorded - 1:+.1%} of what was "
              "recorded", flush=True)
    if failed:
        print("# where it is meant: make bench-guard-record")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
