#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The mutation run: changes one operator, constant or condition of the daemon at a time, and sees
whether the unit tests or the simulation notice.

Each mutant is compiled alone and linked in front of the library, with the unit tests that use its
module, those of the module itself first, and with the simulation.  What hangs is stopped and counts
as found.  All works on a copy of sources and objects, so that the tree can be edited meanwhile.

The commands come from the environment, as make has them: UNIT_COMPILE, UNIT_LINK, UNIT_LIBS, UNIT_LIBRARIES
and UNIT_OBJECTS, and the same of SIM.  The unit tests are those of a build with sanitizers, so that what
is done out of bounds, or leaks, is noticed as well.  Exit code 1: fewer than wanted are found.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from mutants import choose, mutants_of  # noqa: E402

FOLDERS = ("src/schedule", "src/response", "src/sink", "src/state", "src/daemon")
# Of the others what unit tests alone can judge: TLS and sockets are for the system tests.
FILES = ("src/base/json.c", "src/base/survey.c", "src/request/unpack.c")
# Of occupancyctl, whose system tests notice most of it: only where they are asked for.
TOOL = [f"src/tool/{name}.c" for name in ("cameras", "cameratext", "clocktext", "coverage", "decimal", "figures",
                                          "hours", "output", "period", "rows", "series", "zipcheck")]
# A mutant that is noticed mostly is so at once.
SEED_GROUPS = (5, 15, 40)
WANTED = 90.0
# A program may take PATIENCE seconds and so many times what it takes without a mutation.
PATIENCE, TIMES = 20.0, 10
MEMORY = 4 << 30
FILE_SIZE = 16 << 30


class Build:
    """How one kind of programs is compiled and linked; from copies below SCRATCH."""

    def __init__(self, kind, root, scratch, env):
        self.kind, self.scratch = kind, scratch
        self.compile_command = shlex.split(env.get(f"{kind}_COMPILE", ""))
        self.link_command = shlex.split(env.get(f"{kind}_LINK", ""))
        self.libs = shlex.split(env.get(f"{kind}_LIBS", ""))
        self.sanitized = any(word.startswith("-fsanitize=") for word in self.compile_command)
        names = shlex.split(env.get(f"{kind}_OBJECTS", ""))
        self.objects = {pathlib.Path(name).stem: self.copy(root / name) for name in names}
        if len(self.objects) < len(names):
            raise RuntimeError(f"of these some have one name: {' '.join(names)}")
        self.libraries = [self.copy(root / name) for name in shlex.split(env[f"{kind}_LIBRARIES"])] if names else []

    def copy(self, path):
        to = self.scratch / f"objects-{self.kind.lower()}" / re.sub(r"[^\w.-]+", "+", str(path))
        to.parent.mkdir(exist_ok=True)
        shutil.copy2(path, to)
        return to

    def compile(self, path, text, folder):
        """Compiles TEXT in the place of PATH.  Returns the object, None if it does not compile."""
        source = folder / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        # Without debugging information equal code is equal byte by byte.
        compiled = str(pathlib.Path(path).with_suffix(f".{self.kind.lower()}.o"))
        done = subprocess.run([*self.compile_command, "-w", "-g0", "-c", "-o", compiled, path, f"-I{self.scratch}/src"],
                              cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return folder / compiled if done.returncode == 0 else None

    def link(self, objects, binary):
        """Returns the modules that are taken from the library."""
        binary.parent.mkdir(parents=True, exist_ok=True)
        map_file = binary.with_suffix(".map")
        done = subprocess.run([*self.link_command, f"-Wl,-Map={map_file}", "-o", str(binary), *map(str, objects),
                               *map(str, self.libraries), *self.libs],
                              cwd=self.scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode != 0:
            raise RuntimeError(f"{binary.name} cannot be linked:\n{done.stdout}")
        members = map_file.read_text(errors="replace")
        ours = "|".join(re.escape(library.name) for library in self.libraries)
        return {member.removesuffix(".o") for member in re.findall(rf"(?:{ours})\(([^()]+)\)", members)}


def seed_groups():
    """(name, arguments) of the simulation's runs."""
    first = 1
    for seeds in SEED_GROUPS:
        yield f"sim {first} to {first + seeds - 1}", ["--first", first, "--seeds", seeds, "--jobs", 1, "--stop-at-first"]
        first += seeds


class Project:
    """What is mutated, and what may notice it: a copy below SCRATCH."""

    def __init__(self, root, scratch, sources, env, patience):
        self.root, self.scratch, self.patience = root, scratch, patience
        self.texts = {path: (root / path).read_text() for path in sources}
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        shutil.copytree(root / "src", scratch / "src")
        self.unit, self.sim = (Build(kind, root, scratch, env) for kind in ("UNIT", "SIM"))
        self.texts_of_tests = {name: path.read_text() for name in self.unit.objects
                               if (path := root / f"tests/unit/{name}.c").exists()}
        self.users = {}    # module: the unit tests that link it
        self.simulated = set()
        self.took = {}     # program: seconds, without a mutation
        self.baselines = {}
        self.lock = threading.Lock()

    def tests_of(self, path):
        """The unit tests that link a module, its own first, then those that name it, then the quick ones."""
        stem = pathlib.Path(path).stem
        header = '"' + path.removeprefix("src/").removesuffix(".c") + '.h"'

        def order(name):
            names_it = header in self.texts_of_tests.get(name, "")
            return (name != f"test_{stem.replace('-', '_')}", not names_it, self.took[name])
        return sorted(self.users.get(stem, ()), key=order)

    def run(self, build, name, command, folder):
        """Whether a program ends well, in time."""
        limit = self.patience + TIMES * self.took[name] if name in self.took else None
        temporary = tempfile.mkdtemp(dir=folder)
        process = subprocess.Popen([str(word) for word in command], cwd=self.root, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=limit_small if not build.sanitized else limit_files, env={**os.environ, "TMPDIR": temporary})
        try:
            return process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            # Children too, whether it has ended or not.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            subprocess.run(["chmod", "-R", "u+rwX", temporary], stderr=subprocess.DEVNULL)
            shutil.rmtree(temporary, ignore_errors=True)

    def compile(self, build, path, text, folder):
        """The object, or "broken" or "same"."""
        with self.lock:
            key = (build.kind, path)
            if key not in self.baselines:
                plain = build.compile(path, self.texts[path], folder)
                if not plain:
                    raise RuntimeError(f"{path} does not compile without a mutation")
                self.baselines[key] = plain.read_bytes()
        compiled = build.compile(path, text, folder)
        return "broken" if not compiled else "same" if compiled.read_bytes() == self.baselines[key] else compiled

    def judge(self, path, text, folder):
        """"broken", "same", "survived", or the name of what has found the TEXT in the place of PATH."""
        plain = self.compile(self.sim, path, text, folder)
        if isinstance(plain, str):
            return plain
        sanitized = self.compile(self.unit, path, text, folder)
        if isinstance(sanitized, str):
            return sanitized
        for name in self.tests_of(path):
            self.unit.link([self.unit.objects[name], sanitized], folder / name)
            if not self.run(self.unit, name, [folder / name], folder):
                return name
        # It has doubles of some modules.
        if pathlib.Path(path).stem in self.simulated:
            self.sim.link([*self.sim.objects.values(), plain], folder / "sim")
            for name, arguments in seed_groups():
                if not self.run(self.sim, name, [folder / "sim", *arguments], folder):
                    return name
        return "survived"

    def measure(self, folder):
        """Which tests link which module, and what each takes; all must pass."""
        for name in self.unit.objects:
            for module in self.unit.link([self.unit.objects[name]], folder / name):
                self.users.setdefault(module, set()).add(name)
        used = set().union(*(self.users.get(pathlib.Path(path).stem, ()) for path in self.texts))
        runs = [(self.unit, name, [folder / name]) for name in self.unit.objects if name in used]
        if self.sim.objects:
            self.simulated = self.sim.link(self.sim.objects.values(), folder / "sim")
            runs += [(self.sim, name, [folder / "sim", *arguments]) for name, arguments in seed_groups()]
        for build, name, command in runs:
            begin = time.monotonic()
            if not self.run(build, name, command, folder):
                raise RuntimeError(f"{name} fails without a mutation")
            self.took[name] = time.monotonic() - begin


def limit_files():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))


def limit_small():
    limit_files()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Equivalents:
    """Mutants that no test can notice, named with the reason; see equivalents.py."""

    def __init__(self, table, mutants, files):
        self.reasons = {tuple(row[:4]): row[4] for row in table}
        self.gone = [row for row in self.reasons if row[0] in files and row not in {mutant.key for mutant in mutants}]

    def __contains__(self, mutant):
        return mutant.key in self.reasons


def load_equivalents(path):
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)  # a table of ours
    return names["EQUIVALENTS"]


class Run:
    def __init__(self, project, verbose):
        self.project, self.verbose = project, verbose
        self.done = 0
        self.lock = threading.Lock()

    def judge(self, mutant, slot):
        folder = self.project.scratch / f"slot{slot}"
        shutil.rmtree(folder, ignore_errors=True)
        return self.project.judge(mutant.path, mutant.apply(self.project.texts[mutant.path]), folder)

    def all(self, mutants, jobs):
        """{mutant: verdict}; shows them as they come."""
        slots = list(range(jobs))

        def one(mutant):
            with self.lock:
                slot = slots.pop()
            begin = time.monotonic()
            try:
                verdict = self.judge(mutant, slot)
            finally:
                with self.lock:
                    slots.append(slot)
            with self.lock:
                self.done += 1
                if self.verbose:
                    print(f"  {self.done}/{len(mutants)} {verdict} in {time.monotonic() - begin:.1f} s: {mutant}", flush=True)
            return verdict
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return dict(zip(mutants, pool.map(one, mutants)))


def count(number, what):
    return f"{number} {what}{'' if number == 1 else 's'}"


def report(verdicts, equivalents, wanted):
    """Prints survivors and the score.  Returns the exit code."""
    survivors = [mutant for mutant, verdict in verdicts.items() if verdict == "survived"]
    for mutant in survivors:
        print(f"survives: {mutant}")
    for path, function, old, new in equivalents.gone:
        print(f"named as equivalent, but no mutant any more: {path}: {function or 'outside of functions'}: {old} -> {new}")
    values = list(verdicts.values())
    named, same, broken = values.count("equivalent"), values.count("same"), values.count("broken")
    counted = len(values) - named - same - broken
    found = counted - len(survivors)
    score = 100.0 * found / counted if counted else 0.0
    by_unit = sum(1 for verdict in values if verdict.startswith("test_"))
    print(f"{count(len(values), 'mutant')}: {broken} did not compile, {same} gave the same code, "
          f"{named} named as equivalent")
    print(f"{found} of {counted} found, {score:.1f} %: {by_unit} by unit tests, {found - by_unit} by the simulation; "
          f"{wanted:g} % wanted")
    return 0 if counted and score >= wanted else 1


def sources_of(root, wanted):
    """The sources below FOLDERS and FILES, or those whose path holds one of the words."""
    found = [path.relative_to(root).as_posix() for folder in FOLDERS for path in sorted((root / folder).glob("*.c"))]
    found += [path for path in [*FILES, *(TOOL if wanted else ())] if (root / path).exists()]
    return [path for path in found if not wanted or any(word in path for word in wanted)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build", default="build")
    parser.add_argument("--mutants", type=int, default=150, help="how many, of all possible ones")
    parser.add_argument("--seed", type=int, default=1, help="chooses them")
    parser.add_argument("--jobs", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--wanted", type=float, default=WANTED, help="percent that must be found")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds that a program has in any case")
    parser.add_argument("--again", action="store_true", help="only those that survived last time")
    parser.add_argument("--list", action="store_true", help="list the chosen mutants, and run none")
    parser.add_argument("--quiet", action="store_true", help="no line for each mutant")
    parser.add_argument("files", nargs="*", help="only sources whose path holds one of these")
    args = parser.parse_args()

    root = args.root.resolve()
    scratch = root / args.build / "mutate"
    last = scratch.with_suffix(".json")
    sources = sources_of(root, args.files)
    files = {path: mutants_of(path, (root / path).read_text()) for path in sources}
    every = [mutant for mutants in files.values() for mutant in mutants]
    equivalents = Equivalents(load_equivalents(root / "tests/mutate/equivalents.py"), every, files)
    if args.again:
        survived = {tuple(key) for key in json.loads(last.read_text())} if last.exists() else set()
        chosen = [mutant for mutant in every if mutant.key in survived]
    else:
        chosen = choose(files, args.mutants, args.seed)
    if args.list:
        for mutant in chosen:
            print(mutant)
        return 0
    if not chosen:
        print("no mutants")
        return 0 if args.again else 1

    try:
        project = Project(root, scratch, sources, os.environ, args.patience)
        project.measure(scratch / "plain")
        print(f"{count(len(chosen), 'mutant')} of {len(every)} in {count(len(sources), 'file')}, seed {args.seed}", flush=True)
        verdicts = {mutant: "equivalent" for mutant in chosen if mutant in equivalents}
        verdicts.update(Run(project, not args.quiet).all([mutant for mutant in chosen if mutant not in verdicts], args.jobs))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    last.write_text(json.dumps([mutant.key for mutant, verdict in verdicts.items() if verdict == "survived"], indent=1))
    return report(dict(sorted(verdicts.items(), key=lambda pair: (pair[0].path, pair[0].line))), equivalents, args.wanted)


if __name__ == "__main__":
    sys.exit(main())
