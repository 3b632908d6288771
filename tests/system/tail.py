# SPDX-License-Identifier: ISC
"""A real tail -F that reads the log along."""

import os
import pathlib
import re
import subprocess


class Tail:
    """tail -F from the first line on; what it prints goes to a file.

    It follows the name: it is told of a new file there, and then looks.  A file that is gone again
    before it has looked is one that it never opens, so rotations must wait until it follows.
    """

    def __init__(self, folder, path):
        self.path = path
        self.output = folder / "tail.out"
        self.errors = folder / "tail.err"
        with open(self.output, "wb") as out, open(self.errors, "wb") as err:
            self.process = subprocess.Popen(["tail", "-n", "+1", "-F", str(path)], stdout=out, stderr=err,
                                            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})

    def position(self):
        """How far it has read the file that has the name now; None if it has another one open."""
        try:
            now = self.path.stat()
            for fd in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
                if os.path.samestat(fd.stat(), now):
                    return int(re.search(r"^pos:\s+(\d+)", (fd.parent.parent / "fdinfo" / fd.name).read_text(), re.M)[1])
        except FileNotFoundError:
            pass  # between two files
        return None

    def lines(self):
        return self.output.read_bytes().split(b"\n")[:-1]

    def truncations(self):
        return self.errors.read_bytes().count(b"file truncated")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
