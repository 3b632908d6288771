# SPDX-License-Identifier: ISC
"""The real podman, with storage, secrets and settings of its own below build/container.

The base that the Containerfile takes, debian:13-slim, is the root that other tests
begin with, made by debootstrap, so that no registry is asked.
"""

import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import time
import zlib

from harness import Daemon, group
from roots import Unavailable, base_root

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "container"
RECIPE = ROOT / "conf/examples/container"
BASE = "docker.io/library/debian:13-slim"
SUITE = "trixie"
# Gone after a boot, as podman expects of what it knows about running containers.
RUNNING = pathlib.Path("/run") / f"occupancyd-check-container-{zlib.crc32(str(KEPT).encode()):08x}"
HYBRID = "/sys/fs/cgroup/unified"


def printed(start):
    """The command that the recipe's README prints and that begins so, as words."""
    blocks = re.findall(r"^```\n(.*?)^```$", (RECIPE / "README.md").read_text(), re.M | re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    found = [line for line in lines if line.startswith(start)]
    assert len(found) == 1, f"{start}: {len(found)} lines begin so"
    return shlex.split(found[0])


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr


class Engine:
    def __init__(self):
        KEPT.mkdir(parents=True, exist_ok=True)
        self.holder = None
        self.write_settings()
        self.hold_namespace()
        try:
            self.remove_containers()
            self.make_base()
        except BaseException:
            self.close()
            raise

    def write_settings(self):
        """Storage apart from this machine's, no bridges, and limits that root without capabilities may set."""
        def limit(name):
            _, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
            value = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
            return f'"{name}={value}:{value}"'
        (KEPT / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{KEPT}/storage"\nrunroot = "{RUNNING}/storage"\n')
        (KEPT / "containers.conf").write_text(
            f'[containers]\nnetns = "host"\nlog_driver = "k8s-file"\n'
            f'default_ulimits = [{limit("nofile")}, {limit("nproc")}]\n'
            f'[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nlock_type = "file"\n'
            f'tmp_dir = "{RUNNING}/engine"\n')
        self.environment = {**os.environ, "CONTAINERS_CONF": str(KEPT / "containers.conf"),
                            "CONTAINERS_STORAGE_CONF": str(KEPT / "storage.conf")}

    def hold_namespace(self):
        """Mounts of containers stay in a namespace of their own.

        There the second hierarchy of control groups, which some machines have beside
        the first, is not mounted: crun would refuse both together.
        """
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c",
             f"! mountpoint -q {HYBRID} || umount {HYBRID}; echo held; exec sleep infinity"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.holder.stdout.readline()
        if line != "held\n":
            raise Unavailable(f"no namespace for mounts: {line}{self.holder.stdout.read()}")

    def make_base(self):
        if self.podman("image", "exists", BASE).code != 0:
            tar = subprocess.Popen(["tar", "-C", base_root(SUITE), "-c", "--exclude=./var/cache/apt/archives/*.deb", "."],
                                   stdout=subprocess.PIPE)
            imported = self.podman("import", "-", BASE, stdin=tar.stdout)
            tar.stdout.close()
            if tar.wait() != 0 or imported.code != 0:
                raise Unavailable(f"the base could not be imported: {imported.err}")
        tried = self.podman("run", "--rm", BASE, "true")
        if tried.code != 0:
            raise Unavailable(f"podman runs no container here: {tried.err[-1000:]}")

    def close(self):
        self.remove_containers()
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(RUNNING, ignore_errors=True)

    def run(self, *command, folder=ROOT, timeout=60, stdin=subprocess.DEVNULL):
        return Result(subprocess.run(
            ["nsenter", "-t", str(self.holder.pid), "-m", "sh", "-c", 'cd "$0" && exec "$@"', str(folder),
             *map(str, command)], text=True, errors="replace", env=self.environment, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout))

    def podman(self, *arguments, **options):
        return self.run("podman", *arguments, **options)

    def must(self, *arguments, **options):
        result = self.podman(*arguments, **options)
        assert result.code == 0, f"podman {' '.join(map(str, arguments))}: {result.code}\n{result.out[-3000:]}{result.err[-3000:]}"
        return result.out.strip()

    def remove_containers(self):
        """And what belongs to them; images stay."""
        self.podman("rm", "--all", "--force", "--time", "1")
        self.podman("pod", "rm", "--all", "--force")
        self.podman("volume", "rm", "--all", "--force")
        self.podman("secret", "rm", "--all")


class Box(Daemon):
    """A container of the image, with what is mounted into it, as the README prints it."""

    def __init__(self, engine, folder, server, devices, **configuration):
        self.engine = engine
        self.folder = pathlib.Path(folder)
        self.name = "occupancyd"
        (self.folder / "etc/conf.d").mkdir(parents=True)
        self.configure(server, devices, **configuration)

    def configure(self, server, devices, account=None, defaults=None, log=None):
        account = {"name": "main", "base_url": server, "key_file": "api-key", "rate": "1000/s", "burst": 100,
                   **(account or {})}
        defaults = {"interval": "MINUTELY", "window": "1m", "timezone": "UTC", "settle": "1s", "lookback": "0",
                    "backfill_from": "20m", **(defaults or {})}
        (self.folder / "etc/occupancyd.conf").write_text(
            f"accounts = ( {group(account)} );\ndefaults = {group(defaults)};\n"
            f"devices = ( {', '.join(map(group, devices))} );\nlog = {group(log or {})};\n")

    def secret(self, key):
        (self.folder / "key").write_text(key + "\n")
        command = printed("podman secret create")
        assert command[-1] == "/root/api-key"
        self.engine.must(*command[1:-1], self.folder / "key")
        (self.folder / "key").unlink()

    def command(self, *more, without=(), image="occupancyd"):
        """What the README prints, with this folder, and with more options before the image."""
        words = [word.replace("/srv/occupancyd", str(self.folder)) for word in printed("podman run")[1:]]
        while "-v" in words:
            at = words.index("-v")
            words[at:at + 2] = [f"-v={words[at + 1]}"]
        for word in without:
            words = [other for other in words if not other.startswith(word)]
        assert words[-1] == "occupancyd"
        return [*words[:-1], *more, image]

    def start(self, *more, **options):
        self.engine.must(*self.command(*more, **options))
        self.log_folder = self.where("/var/log/occupancyd")
        self.state_folder = self.where("/var/lib/occupancyd")
        return self

    def where(self, destination):
        """The directory of this machine that is mounted there."""
        return pathlib.Path(self.inspect(
            f'{{{{range .Mounts}}}}{{{{if eq .Destination "{destination}"}}}}{{{{.Source}}}}{{{{end}}}}{{{{end}}}}'))

    def inspect(self, form):
        return self.engine.must("inspect", "--type", "container", "-f", form, self.name)

    def is_running(self):
        return self.inspect("{{.State.Running}}") == "true"

    def said(self):
        """Its lines on standard error."""
        return self.engine.podman("logs", self.name).err

    def signal(self, name):
        self.engine.must("kill", "--signal", name, self.name)

    def kill(self):
        self.signal("KILL")
        deadline = time.monotonic() + 10
        while self.is_running():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def again(self):
        self.engine.must("start", self.name)

    def stop(self):
        """Ended by itself, for podman kills what does not within ten seconds."""
        self.engine.must(*printed("podman stop")[1:])
        assert self.inspect("{{.State.ExitCode}}") == "0", self.said()

    def remove(self):
        self.engine.podman("rm", "--force", "--time", "1", self.name)
