# SPDX-License-Identifier: ISC
"""Small Debians in directories: of this machine's suite or of another one.

A root is made once by debootstrap and kept below build/debian; what is done in
it is done on an overlay over it.  Its packages come from the archives that this
machine uses.
"""

import hashlib
import inspect
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DNS = "127.0.0.153"


class Unavailable(Exception):
    """Something that this machine would have to have."""


def check_call(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise Unavailable(f"{command[0]}: exit code {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


def need_machine(*programs):
    if os.geteuid() != 0:
        raise Unavailable("containers need root")
    for program in ("apt-get", "debootstrap", "systemd-nspawn", *programs):
        if not shutil.which(program):
            raise Unavailable(f"{program} is not installed")


def machine_suite():
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def archives():
    """Debian's own archives among this machine's sources of packages: [(URI, codename, component)]."""
    show = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages",
            "Origin: Debian"]
    if not check_call(*show):
        check_call("apt-get", "update", "-qq")  # this machine has never asked
    return [line.split() for line in dict.fromkeys(check_call(*show).splitlines())]


def sources(suite):
    """The same for another suite: where debootstrap finds it, and the lines of sources.list."""
    here = machine_suite()
    found = [(uri, suite + codename.removeprefix(here), component) for uri, codename, component in archives()
             if codename in (here, f"{here}-updates", f"{here}-security")]
    main = [uri for uri, codename, _ in found if codename == suite]
    if not main:
        raise Unavailable(f"Debian's {here or 'archive'} is not among this machine's sources of packages")
    return main[0], "".join(f"deb [signed-by={KEYRING}] {' '.join(entry)}\n" for entry in found)


def is_hook(path):
    return "Invoke" in path.read_text(errors="replace") or "Pre-Install-Pkgs" in path.read_text(errors="replace")


def make_root(root, suite):
    where, lines = sources(suite)
    check_call("debootstrap", "--variant=minbase", f"--keyring={KEYRING}", suite, root, where)
    (root / "etc/apt/sources.list").write_text(lines)
    shutil.rmtree(root / "etc/apt/apt.conf.d")
    shutil.copytree("/etc/apt/apt.conf.d", root / "etc/apt/apt.conf.d")
    # Hooks of this machine's packages have no business in there.
    for path in filter(is_hook, (root / "etc/apt/apt.conf.d").iterdir()):
        path.unlink()
    root.chmod(0o755)


def make_booting_root(root, suite):
    """The same with systemd."""
    check_call("cp", "-a", "--reflink=auto", f"{base_root(suite)}/.", root)
    for command in (["apt-get", "update", "-qq"],
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "systemd", "systemd-sysv", "dbus"],
                    ["apt-get", "clean"]):
        check_call(*run_in(root, *command))
    (root / "etc/resolv.conf").unlink()
    (root / "etc/resolv.conf").write_text(f"nameserver {DNS}\n")
    (root / "etc/hostname").write_text("counter\n")
    (root / "etc/machine-id").write_text("")


def discard(root):
    """Removes what an interrupted debootstrap has left, and nothing of what it has mounted in there."""
    for folder in ("proc", "sys", "dev/pts", "dev"):
        if os.path.ismount(root / folder):
            subprocess.run(["umount", "-l", root / folder], check=False)
    subprocess.run(["rm", "-rf", "--one-file-system", root], check=False)


def kept(name, make, *makers, suite):
    """What make(directory, suite) has made, now or earlier by the same recipe."""
    recipe = hashlib.sha256("".join(map(inspect.getsource, (make, *makers))).encode())
    root = KEPT / suite / f"{name}-{recipe.hexdigest()[:12]}"
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        making = pathlib.Path(tempfile.mkdtemp(prefix="making-", dir=root.parent))
        try:
            make(making, suite)
            making.rename(root)
        finally:
            discard(making)
    return root


def base_root(suite):
    """As a new machine's: without even make."""
    return kept("root", make_root, sources, suite=suite)


def booting_root(suite):
    return kept("booting", make_booting_root, make_root, sources, suite=suite)


def run_in(root, *command, options=()):
    """The command that runs one in a root, as root, with what systemd-nspawn gives by default."""
    return ["systemd-nspawn", "--quiet", "-D", root, f"--machine=debian-{os.getpid()}", "--register=no", "--keep-unit",
            "--as-pid2", "--console=pipe", "--resolv-conf=replace-host", "--timezone=off", *options, *command]


class Tree:
    """A directory over others, mounted while it is used; what is written stays in it."""

    def __init__(self, folder, lower):
        self.folder = pathlib.Path(folder)
        self.lower = lower  # topmost first
        self.path = self.folder / "root"
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.layers = [self.folder / "upper", *lower]
        check_call("mount", "-t", "overlay", "overlay", "-o",
                   f"lowerdir={':'.join(map(str, lower))},upperdir={self.layers[0]},workdir={self.folder / 'work'}",
                   self.path)

    def unmount(self):
        subprocess.run(["umount", "-l", self.path], check=False)
