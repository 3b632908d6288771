#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Runs the test suites and ends with one line: N passed, N failed, N skipped.

Unit tests are cmocka programs that speak TAP; lint scripts print TAP lines;
the stand-in server's and the system tests are pytest.
"""

import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
VALGRIND = [
    "valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible", "--errors-for-leak-kinds=definite,indirect,possible",
    "--trace-children=no",
]


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add_tap(self, title, output, code):
        """Counts TAP lines; an exit code that no line explains is a failure of its own."""
        ok, bad, skips = [], [], []
        before = ""
        for line in output.splitlines():
            if re.match(r"(not )?ok\b.*#\s*skip\b", line, re.I):
                # cmocka 1.1.5 writes "not ok" before what was skipped; the reason is what the test said last.
                skips.append(f"{line} ({before})" if before and not re.match(r"(not )?ok\b|#|\d", before) else line)
            elif re.match(r"(not )?ok\b", line):
                (bad if line.startswith("not") else ok).append(line)
            before = line
        self.passed += len(ok)
        self.failed += len(bad)
        self.skipped += len(skips)
        for line in skips:
            print(f"  skipped: {line}")
        if bad or code:
            print(output)
        if not ok and not bad and not skips:
            print(f"  {title}: ran no test")
            self.failed += 1
        elif code and not bad:
            print(f"  {title}: exit code {code}")
            self.failed += 1
        print(f"  {title}: {len(ok)} passed"
              + (f", {len(bad)} failed" if bad else "")
              + (f", {len(skips)} skipped" if skips else ""), flush=True)

    def add_junit(self, path, code):
        before = self.failed
        if path.exists():
            for suite in ElementTree.parse(path).getroot().iter("testsuite"):
                count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
                bad = count["failures"] + count["errors"]
                self.failed += bad
                self.skipped += count["skipped"]
                self.passed += count["tests"] - bad - count["skipped"]
        if code and self.failed == before:
            print(f"  pytest: exit code {code}")
            self.failed += 1


def run_unit(args, tally, env):
    print("unit tests", flush=True)
    for binary in sorted((ROOT / args.build / "tests/unit").glob("test_*")):
        if binary.suffix:
            continue
        wrapper = VALGRIND if args.valgrind else []
        done = subprocess.run([*wrapper, str(binary)], cwd=ROOT, text=True, errors="replace",
                              env={**env, "CMOCKA_MESSAGE_OUTPUT": "TAP"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.add_tap(binary.name, done.stdout, done.returncode)


def run_lint(args, tally, env):
    print("lint", flush=True)
    for script in sorted((ROOT / "tests/lint").glob("check-*")):
        done = subprocess.run([str(script), args.build], cwd=ROOT, text=True, errors="replace", env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.add_tap(script.name, done.stdout, done.returncode)


def run_pytest(folder):
    def run(args, tally, env):
        print(folder, flush=True)
        report = ROOT / args.build / f"pytest-{folder.replace('/', '-')}.xml"
        report.unlink(missing_ok=True)
        done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs",
                               "--tb=short", f"--junitxml={report}",
                               *shlex.split(os.environ.get("PYTEST_ARGS", "")), folder], cwd=ROOT, env=env)
        tally.add_junit(report, done.returncode)
    return run


def run_sim(args, tally, env):
    """Seeds, and some of them twice; fewer where each takes longer."""
    print("tests/sim", flush=True)
    slow = bool(args.valgrind or args.sanitizers)
    for title, seeds, more in (("seeds", 6 if args.valgrind else 60 if slow else 300, []),
                               ("seeds, twice", 2 if args.valgrind else 10 if slow else 30, ["--twice"])):
        wrapper = VALGRIND if args.valgrind else []
        done = subprocess.run([*wrapper, str(ROOT / args.build / "sim/sim"), "--tap", "--seeds", str(seeds),
                               "--jobs", str(os.cpu_count()), *more], cwd=ROOT, text=True, errors="replace",
                              env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.add_tap(title, done.stdout, done.returncode)


def run_corpora(args, tally, env):
    """The inputs that fuzzing begins with, each once."""
    print("tests/fuzz", flush=True)
    for binary in sorted((ROOT / args.build / "fuzz").glob("*-corpus")):
        target = binary.name.removesuffix("-corpus")
        wrapper = VALGRIND if args.valgrind else []
        done = subprocess.run([*wrapper, str(binary), str(ROOT / "tests/fuzz/corpus" / target)], cwd=ROOT, text=True,
                              errors="replace", env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.add_tap(target, done.stdout, done.returncode)


def run_tap(title, *command):
    """A program that speaks TAP."""
    def run(args, tally, env):
        print(title, flush=True)
        done = subprocess.run([word.format(build=args.build) for word in command], cwd=ROOT, text=True,
                              errors="replace", env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.add_tap(title, done.stdout, done.returncode)
    return run


SUITES = {
    "unit": run_unit,
    "lint": run_lint,
    "fake": run_pytest("tests/fake-rhombus"),
    "sim": run_sim,
    "system": run_pytest("tests/system"),
    "service": run_pytest("tests/service"),
    "static": run_tap("static analysis", "tests/static"),
    "guard": run_tap("instructions", "tests/bench/guard.py", "--build", "{build}"),
    "fuzz": run_corpora,
    "torture": run_pytest("tests/torture"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--valgrind", type=int, default=0)
    parser.add_argument("--sanitizers", default="")
    parser.add_argument("suites", nargs="+")
    args = parser.parse_args()

    build = ROOT / args.build
    env = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "OCCUPANCYD": str(build / "occupancyd"),
        "FAKE_RHOMBUS": str(build / "fake-rhombus"),
        "OCCUPANCYD_WRAPPER": " ".join(VALGRIND) if args.valgrind else "",
        "OCCUPANCYD_SANITIZERS": args.sanitizers,
        "TORTURED": str(build / "tortured"),
    }
    tally = Tally()
    for suite in args.suites:
        SUITES[suite](args, tally, env)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
