# SPDX-License-Identifier: ISC
"""Wherever a new user stands, the commands of the README work, and what cannot run there says why."""

import re

# What ends in files, modes, names, users, languages; a part, so that it takes minutes.
PART = "install or secrets or umask or planted or config_errors or usr1 or examples or disk"

# Why a test may be skipped: as an ordinary user, and in a narrow container.
NO_AXE = r"^axe-core cannot be had here: "
NEEDS_ROOT = [NO_AXE, r"^not root: ", r" needs? root$", r"which only root can make$",
              r"^no device can be used here: .*Permission denied", r"a time namespace cannot be made here$",
              r"^the memory of a process cannot be read here: .*Permission denied"]
NARROW = [NO_AXE, r"^no device can be used here: /var/tmp.*none is opened: Permission denied", r"cannot be mounted here: ",
          r"^this machine has no IPv6: ", r"^memory cannot be locked here; ", r"a time namespace cannot be made here$"]


def passed(result, reasons):
    """How many have, if nothing failed and what was skipped has one of these reasons."""
    last = [tuple(map(int, numbers))
            for numbers in re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", result.out, re.M)]
    assert result.code == 0 and len(last) == 2 and not any(failed for _, failed, _ in last), result.out[-6000:]
    # pytest's lines count tests; those of unit tests name one each.
    told = [(int(count), why) for count, why in re.findall(r"^SKIPPED \[(\d+)\] \S+: (.*)$", result.out, re.M)]
    told += [(1, why) for why in re.findall(r"^  \w+: skipped: \w+: (.*)$", result.out, re.M)]
    assert sum(count for count, _ in told) == sum(skipped for *_, skipped in last), f"skipped without a reason: {result.out[-6000:]}"
    odd = [why for _, why in told if not any(re.search(reason, why) for reason in reasons)]
    assert not odd, odd
    return sum(passed for passed, *_ in last)


def test_packages_are_named_with_their_purpose_before_they_are_installed(machine):
    said = (machine[0] / "deps.log").read_text()
    begin = said.index("These Debian packages are missing and will be installed:\n")
    asked = said.index("That needs root: sudo may ask for your password.\n")
    lists = said[begin:asked]
    for purpose, package in (("to run it", "ca-certificates"), ("to build it", "libcurl4-openssl-dev"),
                             ("for the demo", "libmicrohttpd-dev"), ("for the tests", "libcmocka-dev"),
                             ("for the Debian package", "lintian"), ("for the tests in containers", "debootstrap")):
        assert re.search(rf"^  {purpose}:.* {package}\b", lists, re.M), said
    # What sudo had apt install is for everybody, whatever the user's umask.
    closed = [path for path in (machine[0] / "usr").rglob("*.h") if not path.is_symlink() and not path.stat().st_mode & 0o004]
    assert not closed, closed[:5]


def test_ordinary_user_in_a_directory_with_blanks(place, built):
    assert "warning" not in built[1] and "multiple target patterns" not in built[1]
    said = place.as_user("umask; make -j8 check WERROR=1 ONLY='unit lint fake fuzz' && "
                         f"make -j8 check WERROR=1 ONLY=system PYTEST_ARGS='-k \"{PART}\"'")
    assert said.out.startswith("0077\n") and "will be installed" not in said
    assert passed(said, NEEDS_ROOT) > 300


def test_demo_of_an_ordinary_user(place):
    said = place.as_user("make -j8 demo DEMO_SECONDS=5 WERROR=1")
    assert said.code == 0 and "will be installed" not in said, said.out
    assert "STATUS  5 devices ok" in said and re.search(r"^RECORD .* warehouse ", said.out, re.M), said.out
    # What runs is shown while it runs, and what it recorded is there to be looked at.
    assert re.search(r"^\$ occupancyctl status --all\nrunning .*; 5 rooms: 5 fresh\n", said.out, re.M), said.out
    assert said.out.index("5 rooms: 5 fresh") < said.out.index("NOTIFY  STOPPING=1"), said.out
    page = re.search(r"^A report on them, for your browser: (/.*/report\.html)$", said.out, re.M).group(1)
    # Behind it systemd-nspawn may have its own say.
    text = place.as_user(f"cat '{page}'").out
    assert "meeting-1" in text and "</html>" in text


def test_demo_of_a_cluster_of_an_ordinary_user(place):
    said = place.as_user("make -j8 demo-cluster WERROR=1")
    assert said.code == 0 and "will be installed" not in said, said.out
    # The owner dies, and another node asks from then on, and has all in the end.
    assert re.search(r"^Node a dies.*^[\d:]+ +a +not running .*^Node [bc] owns acme now", said.out, re.M | re.S), said.out
    sums = re.findall(r"^(?:acme|eu) +a: (\w{16})  b: (\w{16})  c: (\w{16})$", said.out, re.M)
    assert len(sums) == 2 and all(len(set(row)) == 1 for row in sums), said.out
    assert said.out.count("Complete: every bucket is there once.") == 2, said.out


def test_tarball_of_a_tarball_is_the_same(place):
    said = place.as_user("make dist && cmp build/occupancyd-*.tar.gz ../occupancyd-*.tar.gz")
    assert said.code == 0, said.out


def test_without_sudo_it_is_said_what_an_administrator_has_to_run(place):
    place.run("apt-get remove -y -qq --allow-remove-essential mandoc && mv /usr/bin/sudo /usr/bin/sudo.away")
    said = place.as_user("make check")
    assert said.code != 0 and re.search(r"^  for the tests: mandoc$", said.out, re.M), said.out
    assert "there is no sudo here.  An administrator has to run:\n" \
           "  apt-get update && apt-get install --no-install-recommends mandoc\n" in said, said.out


def test_narrow_container(place):
    """No mounts, no IPv6, a small /tmp that has no devices and runs no programs."""
    said = place.as_root("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; "
                         "make run-check WERROR=1 ONLY='unit fake' && "
                         f"make run-check WERROR=1 ONLY=system PYTEST_ARGS='-k \"{PART}\"'",
                         "--drop-capability=CAP_SYS_ADMIN", "--private-network",
                         "--tmpfs=/tmp:size=16M,nodev,noexec,mode=1777", "--tmpfs=/var/tmp:size=3G,nodev,mode=1777")
    assert re.search(r"^temporary files are in /var/tmp: /tmp: \d+ MiB are free", said.out, re.M), said.out
    assert passed(said, NARROW) > 300
    for reason in ("cannot be mounted here", "this machine has no IPv6"):
        assert reason in said, said.out
