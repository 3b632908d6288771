#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How many instructions of src/ some seeds of the simulation take, by callgrind, against the recorded number:
the same program does the same again, so that 5 % more or less is a change of the code.

    guard.py --build build [--record]

A number holds for one compiler with its options, one processor and one version of each library, so
the baseline has a block for each of these.  Where it has none, the comparison is skipped, aloud; that
the same seed takes the same number twice, without which no number would mean anything, is tested anywhere.

--record writes the block of this machine.  Those of others are of the same code, and stay, as long as
the numbers here change by less than the tolerance; else they would be wrong, and go.
"""

import argparse
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = ROOT / "tests/bench/baseline"
SEEDS = (1, 7, 23)
TOLERANCE = 0.05


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def count(sim, seed):
    """Instructions spent in functions of src/ itself, over all lives of a seed."""
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out.%p", str(sim), "--seed",
                               str(seed)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout[-2000:]
        for path in pathlib.Path(folder).iterdir():
            for line in output("callgrind_annotate", "--threshold=100", str(path)).splitlines():
                match = re.match(r"\s*([\d,]+) \([^)]*\)\s+src/", line)
                total += int(match.group(1).replace(",", "")) if match else 0
    assert total > 0, "callgrind_annotate names no function of src/"
    return total


def setting(build):
    """What the number depends on besides src/: the words of the build's flags that say how code is made, and for what."""
    words = (build / "flags").read_text().split()
    options = next(n for n, word in enumerate(words) if word.startswith("-"))
    version = output(*words[:options], "--version").splitlines()[0]
    compiler = f"{'clang' if 'clang' in version else 'gcc'} {re.findall(r'[0-9]+[.][0-9.]+', version)[-1]}"
    made = sorted({word for word in words[options:] if re.match(r"-(O|m|fsanitize)", word)})
    libraries = [f"{name} {output('pkg-config', '--modversion', name).strip()}" for name in ("json-c", "libconfig", "zlib")]
    return ", ".join([" ".join([compiler, *made]), platform.machine(), *libraries])


def recorded():
    """Of each setting: the instructions by seed."""
    blocks = {}
    for block in filter(str.strip, BASELINE.read_text().split("\n\n") if BASELINE.exists() else []):
        title, *lines = block.strip().splitlines()
        blocks[title] = {int(seed): int(number) for seed, number in map(str.split, lines)}
    return blocks


def holds(seen, number):
    return abs(seen / number - 1) <= TOLERANCE


def record(sim, here):
    blocks = recorded()
    seen = {seed: count(sim, seed) for seed in SEEDS}
    if here in blocks and not all(seed in blocks[here] and holds(seen[seed], blocks[here][seed]) for seed in SEEDS):
        for other in blocks.keys() - {here}:
            print(f"removed, since it was of the older code: {other}")
        blocks = {}
    blocks[here] = seen
    BASELINE.write_text("\n".join(f"{title}\n" + "".join(f"{seed} {number}\n" for seed, number in numbers.items())
                                  for title, numbers in sorted(blocks.items())))


def compare(sim, here):
    """How many tests have failed."""
    failed = 0

    def result(good, text):
        nonlocal failed
        failed += not good
        print(f"{'ok' if good else 'not ok'} - {text}", flush=True)
    first, again = (count(sim, SEEDS[0]) for _ in range(2))
    result(abs(again / first - 1) < TOLERANCE / 10, f"seed {SEEDS[0]}, twice: {first:,} instructions and {again:,}")
    blocks = recorded()
    if here not in blocks:
        print(f"ok - instructions # skip no number is recorded for {here}, only for: {'; '.join(blocks) or 'nothing'} "
              "(make bench-guard-record)")
        return failed
    for seed, number in blocks[here].items():
        seen = first if seed == SEEDS[0] else count(sim, seed)
        result(holds(seen, number), f"seed {seed}: {seen:,} instructions, {seen / number - 1:+.1%} of what was recorded")
    if failed:
        print("# where it is meant: make bench-guard-record")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    build = ROOT / args.build
    sim, here = build / "sim/sim", setting(build)
    if args.record:
        record(sim, here)
        return 0
    return 1 if compare(sim, here) else 0


if __name__ == "__main__":
    sys.exit(main())
