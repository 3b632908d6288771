#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Plants faults into the daemon, one in each build, and sees whether the simulation finds them.

A planted source is compiled to an object of its own and linked in front of the
library.  Usage: selftest.py --build BUILD [--seeds N] [--jobs N] [NAME...]
CC_COMMAND and LD_COMMAND, in the environment, are the compiler with its flags.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

from plants import PLANTS

# A life that spins: so many seconds of the processor's time, where none takes more than a few.
PATIENCE = 30
# Whatever else hangs: seconds, for all seeds of a plant.
PATIENCE_ALL = 3600

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def planted(plant):
    """The source with the fault in it; None, and a complaint, if the table is out of date."""
    text = (ROOT / plant.source).read_text()
    for old, new in plant.changes:
        if text.count(old) != 1:
            print(f"not ok - {plant.name}: expected its text in {plant.source} once, "
                  f"but it is there {text.count(old)} times: bring plants.py up to date:\n{old}")
            return None
        text = text.replace(old, new)
    return text


def build(plant, text, args):
    folder = ROOT / args.build / "sim/plants" / re.sub(r"\W+", "-", plant.name)
    source = folder / plant.source
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text)
    binary = folder / "sim"
    compiled = source.with_suffix(".o")
    # A fault may leave things unused.
    subprocess.run([*shlex.split(os.environ["CC_COMMAND"]), "-w", "-iquote", str((ROOT / plant.source).parent), "-c", "-o",
                    str(compiled), str(source)],
                   cwd=ROOT, check=True)
    link = shlex.split(os.environ["LD_COMMAND"])
    # A double is there in any case; what else replaces it comes from libraries.
    own = f"{args.build}/{plant.source[:-2]}.o"
    link = [word for word in link if word != own]
    place = link.index("PLANT")
    subprocess.run([*link[:place], str(compiled), *link[place + 1:], "-o", str(binary)], cwd=ROOT, check=True)
    return binary


def find(plant, binary, args, jobs):
    """Runs seeds until one fails, or hangs.  Returns how many that took and the invariant; None if none does."""
    first = args.first or plant.first
    process = subprocess.Popen([str(binary), "--first", str(first), "--seeds", str(args.seeds),
                                "--jobs", str(jobs), "--stop-at-first", "--patience", str(PATIENCE),
                                *(["--cluster"] if plant.cluster else [])],
                               cwd=ROOT, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=PATIENCE_ALL)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return args.seeds, f"no end within {PATIENCE_ALL} s"
    found = sorted((int(seed) - first + 1, why)
                   for seed, why in re.findall(r"^seed (\d+) fails: (.*)$", output, re.M))
    return found[0] if found else None


def trial(plant, args, jobs):
    """Whether the fault is found, and the line that says so."""
    text = planted(plant)
    found = find(plant, build(plant, text, args), args, jobs) if text else None
    if found:
        return True, f"ok - {plant.name}: found in {found[0]} seeds: {found[1][:150]}"
    return False, f"not ok - {plant.name}" + (f": not found in {args.seeds} seeds" if text else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, help="the first seed, for all plants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("names", nargs="*", help="only plants whose name holds one of these")
    args = parser.parse_args()

    plants = [plant for plant in PLANTS if not args.names or any(name in plant.name for name in args.names)]
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        # A compiler has one job: several plants at a time keep all processors busy, and one alone has them all.
        for found, told in pool.map(lambda plant: trial(plant, args, max(1, args.jobs // len(plants))), plants):
            passed += found
            print(told, flush=True)
    print(f"{passed} of {len(plants)} planted faults found")
    return 0 if plants and passed == len(plants) else 1


if __name__ == "__main__":
    sys.exit(main())
