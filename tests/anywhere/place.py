# SPDX-License-Identifier: ISC
"""A machine as somebody may have it: a user of her own, in a directory with
blanks, who keeps her files to herself and speaks German; or an administrator
in a narrow container.
"""

import hashlib
import pathlib
import re
import shlex
import shutil
import subprocess

from container import PATH, Result
from roots import KEPT, ROOT, Tree, Unavailable, base_root, run_in

USER = "alice"
HOME = f"/home/{USER}"
SOURCE = f"{HOME}/my projects/occupancyd"
# What a new machine may lack even for the first command.
TOOLS = ["make", "sudo", "locales"]


class Place(Tree):
    """Nothing is booted: each command runs in a container that ends with it."""

    def run(self, command, *options, timeout=1200):
        """A shell command, with further options for systemd-nspawn; both outputs are in .out."""
        return Result(subprocess.run(
            run_in(self.path, "env", "-i", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                   "sh", "-c", command, options=["--hostname=newcomer", *options]),
            text=True, errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=timeout))

    def as_user(self, command, *options):
        """The same in the user's source directory, with her umask and language."""
        inner = f"umask 077; cd '{SOURCE}' && {command}"
        return self.run(f"exec setpriv --reuid={USER} --regid={USER} --init-groups env HOME={HOME} USER={USER} "
                        f"LANG=de_DE.UTF-8 sh -c {shlex.quote(inner)}", *options)

    def as_root(self, command, *options):
        return self.run(f"cd '{SOURCE}' && {command}", *options)

    def close(self):
        self.unmount()


def unpack(place, tarball):
    """As the user does who has downloaded it."""
    parent = pathlib.PurePath(SOURCE).parent
    there = place.path / parent.relative_to("/")
    there.mkdir(parents=True, exist_ok=True)
    shutil.copy(tarball, there)
    # A directory that has the name of the program alone is easier to refer to.
    done = place.run(f"chown -R {USER}: '{parent}' && cd '{parent}' && setpriv --reuid={USER} --regid={USER} --clear-groups "
                     f"sh -c 'umask 077; mkdir -p occupancyd; tar -xzf {tarball.name} -C occupancyd --strip-components=1'")
    assert done.code == 0, done.out


def newcomer(suite):
    """The layers of a machine that has what `make deps` installs, made once for its lists of packages."""
    base = base_root(suite)
    makefile = (ROOT / "Makefile").read_text()
    lists = re.findall(r"^\w+_PACKAGES +:=(?:.*\\\n)*.*\n", makefile, re.M)
    assert len(lists) >= 5, lists
    recipe = hashlib.sha256(repr((base.name, lists, TOOLS)).encode()).hexdigest()[:12]
    kept = KEPT / suite / f"newcomer-{recipe}"
    if kept.exists():
        return [kept / "upper", base]
    making = KEPT / suite / f"making-newcomer-{recipe}"
    shutil.rmtree(making, ignore_errors=True)
    place = Place(making, [base])
    try:
        # The name of the machine is looked up by sudo.
        done = place.run(f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {' '.join(TOOLS)} && "
                         f"useradd -m -s /bin/bash {USER} && "
                         f"echo '{USER} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{USER} && "
                         "echo 127.0.0.1 localhost newcomer > /etc/hosts && "
                         "echo de_DE.UTF-8 UTF-8 > /etc/locale.gen && locale-gen")
        if done.code:
            raise Unavailable(f"no machine for a user: {done.out[-2000:]}")
        # Of the source, make deps needs no more than this.
        source = place.path / SOURCE.lstrip("/")
        for name in ("Makefile", "debian/changelog", "tests/install-packages", "tests/torture/wrapped",
                     "tests/torture/faults.c"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
        place.run(f"chown -R {USER}: '{SOURCE}'")
        done = place.as_user("make deps")
        (making / "upper" / "deps.log").write_text(done.out)
        place.run(f"rm -r '{SOURCE}'")
        if done.code:
            raise Unavailable(f"make deps: exit code {done.code}: {done.out[-2000:]}")
    finally:
        place.close()
    making.rename(kept)
    return [kept / "upper", base]
