# SPDX-License-Identifier: ISC
"""A small Debian with its real systemd, booted in a container of its own.

It shares the network with this machine, so what listens on loopback here is
reached from there.  Every container works on an overlay over a root that is
kept, and may be the base of others.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from harness import Daemon, group
from roots import Tree, Unavailable

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UNIT = "occupancyd.service"
CONFIG = "/etc/occupancyd/occupancyd.conf"
LOG = "/var/log/occupancyd"


class Result:
    def __init__(self, done):
        self.code, self.out = done.returncode, done.stdout

    def __contains__(self, text):
        return text in self.out


class Container:
    """Booted: run() in it, and read and write its files below .root."""

    def __init__(self, folder, lower):
        self.tree = Tree(folder, lower)
        self.root = self.tree.path
        self.process = None
        try:
            self.boot()
        except BaseException:
            self.close()
            raise

    # Its life

    def boot(self):
        with open(self.tree.folder / "console", "ab") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "-D", str(self.root), "--register=no", "--keep-unit",
                 "--machine=counter", "--resolv-conf=off", "--timezone=off", "--boot"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        self.wait_for(self.is_booted, 60, "the container to boot")

    def is_booted(self):
        if self.process.poll() is not None:
            console = (self.tree.folder / "console").read_text(errors="replace")
            raise Unavailable(f"systemd-nspawn ended with {self.process.returncode}: {console[-2000:]}")
        return self.leader() and self.run("systemctl", "is-system-running").out.strip() in ("running", "degraded")

    def leader(self):
        """The container's first process."""
        try:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for child in children:
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        except OSError:
            pass
        return None

    def reboot(self):
        """systemd-nspawn ends with the code that asks for another boot."""
        self.run("systemctl", "reboot")
        assert self.process.wait(60) == 133
        self.boot()

    def power_off(self):
        self.run("systemctl", "poweroff")
        self.process.wait(60)

    def close(self):
        if self.process and self.process.poll() is None:
            # PID 1 takes this for "power off".
            leader = self.leader()
            if leader:
                os.kill(leader, signal.SIGRTMIN + 4)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.tree.unmount()

    # What is done in it

    def run(self, *command, user=None, input=None, timeout=120):
        """Runs a command, or as another user; both outputs are in .out."""
        leader = self.leader()
        assert leader, "the container is gone"
        as_user = ["runuser", "-u", user, "--"] if user else []
        return Result(subprocess.run(
            ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "env", "-i", f"PATH={PATH}",
             "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *as_user, *map(str, command)],
            text=True, errors="replace", input=input, stdin=subprocess.DEVNULL if input is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout))

    def must(self, *command, **options):
        result = self.run(*command, **options)
        assert result.code == 0, f"{' '.join(map(str, command))}: {result.code}\n{result.out}"
        return result.out

    def write(self, path, text, mode=0o644):
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)
        there.chmod(mode)

    def copy(self, source, path, mode=0o644):
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, there)
        there.chmod(mode)

    def read(self, path):
        return (self.root / path.lstrip("/")).read_text()

    def apt(self, *arguments):
        return self.must("apt-get", "-y", "-qq", "-o", "Dpkg::Use-Pty=0", *arguments, timeout=300)

    def install(self, package, *options):
        """As an administrator does with a package that was handed to him."""
        self.copy(package, f"/root/{package.name}")
        return self.apt("install", "--no-install-recommends", *options, f"/root/{package.name}")

    # The service

    def systemctl(self, *arguments):
        """Fails with what the journal says."""
        result = self.run("systemctl", *arguments)
        assert result.code == 0, f"systemctl {' '.join(arguments)}: {result.out}\n{self.journal('occupancyd*')[-3000:]}"
        return result.out

    def show(self, name, unit=UNIT):
        return self.must("systemctl", "show", "-P", name, unit).strip()

    def flush_journal(self):
        """What has been said may still be on its way to the journal."""
        self.must("journalctl", "--sync")

    def status(self, unit=UNIT):
        """What `systemctl status` shows."""
        self.flush_journal()
        return self.run("systemctl", "status", "--no-pager", "--full", unit).out

    def status_text(self, unit=UNIT):
        return self.show("StatusText", unit)

    def journal(self, unit=UNIT, since=None):
        """Its lines, and systemd's about it."""
        self.flush_journal()
        cursor = ["--after-cursor", since] if since else []
        return self.must("journalctl", "--no-pager", "-o", "cat", "-u", unit, *cursor)

    def journal_mark(self):
        self.flush_journal()
        out = self.must("journalctl", "--no-pager", "-n", "0", "--show-cursor")
        return re.search(r"-- cursor: (.*)", out).group(1)

    def drop_in(self, name, text, unit=UNIT):
        self.write(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
        self.systemctl("daemon-reload")

    def wait_for(self, condition, timeout=20, what="condition", unit=UNIT):
        deadline = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                about = f"\n{self.status(unit)}\n{self.journal(unit)[-3000:]}" if self.leader() else ""
                raise AssertionError(f"{what}: not within {timeout} s{about}")
            time.sleep(0.1)

    def wait_for_status(self, text, timeout=20, unit=UNIT):
        self.wait_for(lambda: text in self.status_text(unit), timeout, f"STATUS to say {text!r}", unit)

    def configure(self, server, devices, account=None, defaults=None, log=None, extra="", key=None, at="/etc/occupancyd"):
        """The main configuration; with a key also the file that the unit makes a credential of."""
        account = {"name": "main", "base_url": server, "key_file": "api-key", "rate": "100/s", "burst": 100,
                   **(account or {})}
        defaults = {"interval": "MINUTELY", "window": "1m", "timezone": "UTC", "settle": "1s", "lookback": "0",
                    "backfill_from": "10m", **(defaults or {})}
        self.write(f"{at}/occupancyd.conf",
                   f"accounts = ( {group(account)} );\ndefaults = {group(defaults)};\n"
                   + (f"devices = (\n  {', '.join(map(group, devices))}\n);\n" if devices else "")
                   + f"log = {group(log or {})};\n{extra}")
        if key is not None:
            self.write(f"{at}/api-key", key + "\n", 0o600)

    def restart(self, unit=UNIT):
        self.systemctl("reset-failed", unit)
        self.systemctl("restart", unit)

    def log(self, directory=LOG):
        return Log(self.root / directory.lstrip("/"))

    def records(self, directory=LOG):
        return self.log(directory).records()


class Log(Daemon):
    """The log files of a daemon that runs elsewhere."""

    def __init__(self, folder):
        self.log_folder = folder
