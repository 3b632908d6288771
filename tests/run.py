#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Runs the test suites and ends with one line: N passed, N failed, N skipped.

Unit tests are cmocka programs that speak TAP; lint scripts print TAP lines;
the stand-in server's and the system tests are pytest.

Programs that speak TAP run on all processors at a time.  Of pytest's tests most
wait most of the time, so that more run at a time than there are processors
(--workers); those that measure time are marked "alone" and run one after the
other when the rest is over.  Of what passed one line is shown for each suite;
of what failed all; of what was skipped the reason.
"""

import argparse
import concurrent.futures
import importlib.util
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True
import scratch  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
VALGRIND = [
    "valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible", "--errors-for-leak-kinds=definite,indirect,possible",
    "--trace-children=no",
]
PROCESSORS = len(os.sched_getaffinity(0))
NO_TEST_MATCHED = 5  # pytest's exit code
SHOWN = 3            # of the slowest, those that took this many seconds at least:
SLOW = 1.0


class Tally:
    def __init__(self, verbose):
        self.verbose = verbose
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def add_tap(self, title, output, code):
        """Counts TAP lines; an exit code that no line explains is a failure of its own."""
        ok, bad, skips = [], [], []
        reason = ""
        for line in output.splitlines():
            test = re.match(r"(not )?ok\b(.*)", line)
            if not test:
                # What a test says last tells why it is skipped.
                reason = line if not re.match(r"1\.\.\d+$|#? *$", line) else reason
            elif re.search(r"#\s*skip", line, re.I):  # cmocka calls them "not ok" too
                skips.append(re.sub(r"^[\s\d-]*(#\s*skip)?", "", test.group(2), flags=re.I).strip()
                             + (f": {reason}" if reason else ""))
            else:
                (bad if test.group(1) else ok).append(line)
            reason = "" if test else reason
        unexplained = code and not bad
        if bad or unexplained or self.verbose:
            print(f"  {title}:\n{output.rstrip()}")
        for skip in skips:
            print(f"  {title}: skipped: {skip}")
        if not ok and not bad and not skips:
            print(f"  {title}: ran no test")
            self.failed += 1
        elif unexplained:
            print(f"  {title}: exit code {code}")
            self.failed += 1
        self.add(len(ok), len(bad), len(skips))
        sys.stdout.flush()

    def add_junit(self, path, code):
        """Returns the tests and their seconds."""
        before = self.failed
        took = []
        if path.exists():
            root = ElementTree.parse(path).getroot()
            for suite in root.iter("testsuite"):
                count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
                bad = count["failures"] + count["errors"]
                self.add(count["tests"] - bad - count["skipped"], bad, count["skipped"])
            took = [(float(case.get("time", 0)), case.get("name")) for case in root.iter("testcase")]
        if code and self.failed == before:
            print(f"  pytest: exit code {code}")
            self.failed += 1
        return took


class Suite:
    """Prints a title, and in the end what was counted meanwhile."""

    def __init__(self, tally, title):
        self.tally, self.title = tally, title
        self.took = []

    def __enter__(self):
        print(self.title, flush=True)
        self.before = (self.tally.passed, self.tally.failed, self.tally.skipped)
        self.begin = time.monotonic()
        return self

    def __exit__(self, *_):
        now = (self.tally.passed, self.tally.failed, self.tally.skipped)
        counts = [f"{count - before} {what}" for what, count, before in
                  zip(("passed", "failed", "skipped"), now, self.before) if count > before]
        slowest = [f"{name} {seconds:.0f} s" for seconds, name in sorted(self.took, reverse=True)[:SHOWN]
                   if seconds >= SLOW]
        print(f"  {', '.join(counts) or 'nothing ran'} in {time.monotonic() - self.begin:.0f} s"
              + (f"; slowest: {', '.join(slowest)}" if slowest else ""), flush=True)


def run_tap_programs(suite, env, programs):
    """All of them, (title, command) each, as many at a time as there are processors; shown in their order."""
    def run(command):
        begin = time.monotonic()
        done = subprocess.run([str(word) for word in command], cwd=ROOT, text=True, errors="replace", env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done, time.monotonic() - begin
    with concurrent.futures.ThreadPoolExecutor(PROCESSORS) as pool:
        # The last begins first: it is the one of the whole tz database, and takes longest.
        runs = [pool.submit(run, command) for _, command in reversed(programs)]
        for (title, _), future in zip(programs, reversed(runs)):
            done, took = future.result()
            suite.took.append((took, title))
            suite.tally.add_tap(title, done.stdout, done.returncode)


def in_memory(env):
    """Temporary files there, if nobody has said where: on a disk, thousands of syncs take most of the time."""
    shared = pathlib.Path("/dev/shm")
    if "TMPDIR" in env or not os.access(shared, os.W_OK | os.X_OK) or shutil.disk_usage(shared).free < 64 << 20:
        return env
    return {**env, "TMPDIR": str(shared)}


def wrapper(args):
    """What compiled tests run under."""
    return VALGRIND if args.valgrind else shlex.split(args.emulator)


def run_unit(args, tally, env):
    binaries = [binary for binary in sorted((args.build_path / "tests/unit").glob("test_*")) if not binary.suffix]
    with Suite(tally, "unit tests") as suite:
        run_tap_programs(suite, {**in_memory(env), "CMOCKA_MESSAGE_OUTPUT": "TAP"},
                         [(binary.name, [*wrapper(args), binary]) for binary in binaries])


def run_lint(args, tally, env):
    with Suite(tally, "lint") as suite:
        run_tap_programs(suite, env, [(script.name, [script, args.build])
                                      for script in sorted((ROOT / "tests/lint").glob("check-*"))])


def run_corpora(args, tally, env):
    """The inputs that fuzzing begins with, each once."""
    names = sorted(binary.name.removesuffix("-corpus") for binary in (args.build_path / "fuzz").glob("*-corpus"))
    with Suite(tally, "tests/fuzz") as suite:
        run_tap_programs(suite, env, [(name, [*wrapper(args), args.build_path / f"fuzz/{name}-corpus",
                                              ROOT / "tests/fuzz/corpus" / name]) for name in names])


def run_sim(args, tally, env):
    """Seeds, and some of them twice; fewer where each takes longer."""
    slow = bool(args.valgrind or args.sanitizers)
    parts = [("seeds", 6 if args.valgrind else 60 if slow or args.quick else 300, []),
             ("seeds, twice", 2 if args.valgrind else 10 if slow else 30, ["--twice"]),
             ("seeds of clusters", 1 if args.valgrind else 10 if slow else 30, ["--cluster"]),
             ("seeds of clusters, twice", 1 if slow else 5, ["--cluster", "--twice"])]
    if args.seeds:
        parts = [("seeds", args.seeds, []), ("seeds of clusters", (args.seeds + 4) // 5, ["--cluster"])]
    with Suite(tally, "tests/sim") as suite:
        for title, seeds, more in parts[:1 if args.quick else None]:
            # It divides the seeds among the processors itself.
            run_tap_programs(suite, env, [(title, [*wrapper(args), args.build_path / "sim/sim", "--tap", "--seeds", seeds,
                                                   "--jobs", PROCESSORS, *more])])
        if not (args.valgrind or args.seeds or args.quick):
            run_tap_programs(suite, env, [("verify of its logs", [ROOT / "tests/sim/verify.py", "--build", args.build, "--seeds",
                                                                 10 if slow else 40, "--jobs", PROCESSORS])])


def workers(args):
    """How many of pytest's tests run at a time; they mostly wait, but not under valgrind and the sanitizers."""
    if args.workers is not None:
        return args.workers
    return PROCESSORS * (1 if args.valgrind else 2 if args.sanitizers else 4)


# Of what pytest prints: what is no news.
NO_NEWS = re.compile(r"bringing up nodes|-+ generated xml file|\d+ (passed|skipped|deselected)\b.*\bin [\d.]+s|\s*$")


def call(command, env, filtered):
    """Its exit code; what it prints is shown as it comes."""
    if not filtered:
        return subprocess.run(command, cwd=ROOT, env=env).returncode
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as process:
        for line in process.stdout:
            if not NO_NEWS.match(line):
                print(line, end="", flush=True)
    return process.returncode


def run_pytest(folder, parallel=True):
    def run(args, tally, env):
        command = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-v" if args.verbose else "-q", "-rs",
                   "--tb=short"]
        at_a_time = workers(args) if parallel else 0
        passes = [("", [])]
        more = shlex.split(os.environ.get("PYTEST_ARGS", ""))
        filtered = parallel and not more and not args.verbose
        with Suite(tally, folder) as suite:
            if at_a_time > 1 and not importlib.util.find_spec("xdist"):
                print("  python3-pytest-xdist is not installed: one test after the other, which takes long", flush=True)
            elif at_a_time > 1:
                passes = [("not alone", ["-n", str(at_a_time), "--dist", "loadgroup"]), ("alone", [])]
            for number, (marks, options) in enumerate(passes):
                report = args.build_path / f"pytest-{folder.replace('/', '-')}{number or ''}.xml"
                report.unlink(missing_ok=True)
                code = call([*command, f"--junitxml={report}", *options, *more, *(["-m", marks] if marks else []), folder],
                            env, filtered)
                # Which of the two passes has the tests that were asked for does not matter.
                nothing = code == NO_TEST_MATCHED and (number == 0 and len(passes) > 1 or suite.took)
                suite.took += tally.add_junit(report, 0 if nothing else code)
    return run


def run_tap(title, *command):
    """A program that speaks TAP."""
    def run(args, tally, env):
        with Suite(tally, title) as suite:
            run_tap_programs(suite, env, [(title, [word.format(build=args.build) for word in command])])
    return run


SUITES = {
    "unit": run_unit,
    "lint": run_lint,
    "fake": run_pytest("tests/fake-rhombus"),
    "sim": run_sim,
    "system": run_pytest("tests/system"),
    "service": run_pytest("tests/service", parallel=False),
    "anywhere": run_pytest("tests/anywhere", parallel=False),
    "container": run_pytest("tests/container", parallel=False),
    "cluster": run_pytest("tests/cluster", parallel=False),
    "static": run_tap("static analysis", "tests/static"),
    "guard": run_tap("instructions", "tests/bench/guard.py", "--build", "{build}"),
    "fuzz": run_corpora,
    # Does many things at a time itself.
    "torture": run_pytest("tests/torture", parallel=False),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--valgrind", type=int, default=0)
    parser.add_argument("--sanitizers", default="")
    parser.add_argument("--workers", type=lambda text: int(text) if text else None, default=None)
    parser.add_argument("--quick", action="store_true", help="fewer seeds of the simulation")
    parser.add_argument("--verbose", type=int, default=0, help="1: show what passed, too")
    parser.add_argument("--emulator", default="", help="the command that runs programs that are built for another machine")
    parser.add_argument("--seeds", type=int, help="how many of the simulation, and none of them twice")
    parser.add_argument("suites", nargs="+")
    args = parser.parse_args()
    args.build_path = ROOT / args.build

    temporary, told = scratch.choose()
    if told:
        print(told, flush=True)
    env = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "OCCUPANCYD": str(args.build_path / "occupancyd"),
        "FAKE_RHOMBUS": str(args.build_path / "fake-rhombus"),
        "NO_SEMAPHORES": str(args.build_path / "no-semaphores.so"),
        "OCCUPANCYD_WRAPPER": " ".join(VALGRIND) if args.valgrind else "",
        "OCCUPANCYD_SANITIZERS": args.sanitizers,
        "TORTURED": str(args.build_path / "tortured"),
    }
    if told:
        env["TMPDIR"] = str(temporary)
    if args.emulator:
        env["OCCUPANCYD_EMULATED"] = "1"
    tally = Tally(args.verbose)
    for suite in args.suites:
        SUITES[suite](args, tally, env)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
