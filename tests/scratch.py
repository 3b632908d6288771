# SPDX-License-Identifier: ISC
"""A directory for the temporary files of the tests, where they can all run.

/tmp may be small, or keep programs from being run: then another place is
better, and the choice is told.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

# What the tests leave there in one run, 350 MiB as it was seen, and then some.
ROOM = 600 << 20
# Sockets lie in it, and their whole names have at most 107 bytes.
LENGTH = 24


def runs_programs(folder):
    """Whether what lies there may be run."""
    with tempfile.TemporaryDirectory(dir=folder) as probe:
        program = pathlib.Path(probe, "program")
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o700)
        try:
            return subprocess.run([program]).returncode == 0
        except PermissionError:
            return False


def lacks(folder):
    """What keeps the tests from running there; nothing, if they can."""
    if len(os.fsencode(folder)) > LENGTH:
        return "its name is long"
    try:
        free = shutil.disk_usage(folder).free
        if free < ROOM:
            return f"{free >> 20} MiB are free, and {ROOM >> 20} MiB are needed"
        return "" if runs_programs(folder) else "programs are not run there (noexec)"
    except OSError as error:
        return error.strerror


def choose():
    """The directory and what there is to be told of it."""
    candidates = [pathlib.Path(path) for path in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"])]
    why = []
    for folder in candidates:
        lack = lacks(folder)
        if not lack:
            return folder, f"temporary files are in {folder}: {'; '.join(why)}" if why else ""
        why.append(f"{folder}: {lack}")
    return candidates[0], f"no good place for temporary files: {'; '.join(why)}: some tests cannot run"
