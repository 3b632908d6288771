# SPDX-License-Identifier: ISC
"""The package's life: upgraded, removed, installed again, purged."""

import os
import re
import shutil
import subprocess

import pytest

from container import CONFIG, LOG, UNIT
from harness import KEY, assert_complete, assert_contiguous, assert_unique, expected_records, parse_time, uuid_of

LOBBY = {"uuid": uuid_of(1), "name": "lobby"}


@pytest.fixture(scope="module")
def older(package, tmp_path_factory):
    """The same under an earlier version's number, with another sample, so that the conffile has changed."""
    folder = tmp_path_factory.mktemp("older")
    subprocess.run(["dpkg-deb", "-R", package, folder / "tree"], check=True)
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*", "Version: 0.0.9", control.read_text(), flags=re.M))
    with open(folder / "tree/etc/occupancyd/occupancyd.conf", "a") as sample:
        sample.write("# As it was in 0.0.9.\n")
    # With the units below /lib, where Debian 12 has them.
    if not (folder / "tree/lib").exists():
        (folder / "tree/lib").mkdir()
        (folder / "tree/usr/lib/systemd").rename(folder / "tree/lib/systemd")
    path = folder / "occupancyd_0.0.9.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder / "tree", path], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder / "tree")
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from harness import Fake
    fake = Fake(tmp_path_factory.mktemp("server"))
    yield fake
    fake.stop()


def version(container):
    return container.must("dpkg-query", "-W", "-f", "${Version}", "occupancyd")


def exists(container, path):
    return container.run("test", "-e", path).code == 0


def assert_all(container):
    """Nothing is missing and nothing is there twice."""
    records = container.records()
    assert_unique(records)
    mine = assert_contiguous(records, LOBBY["uuid"])
    assert_complete(records, LOBBY["uuid"], expected_records(LOBBY["uuid"], "MINUTELY", "UTC",
                                                             parse_time(mine[0]["time"]), parse_time(mine[-1]["end"])))
    return len(records)


def test_upgrade_from_the_version_before(bare, older, package, server):
    bare.apt("update")
    bare.install(older)
    assert version(bare) == "0.0.9"
    # The administrator's edit is kept without a question, though the sample has changed as well.
    bare.configure(server.url, [LOBBY], key=KEY, account={"rate": "10/s", "burst": 1},
                   defaults={"backfill_from": "1d", "max_points": 20})
    bare.systemctl("restart", UNIT)
    bare.wait_for(lambda: len(bare.records()) > 60, 20, "records")
    before, mine = bare.show("MainPID"), bare.read(CONFIG)
    assert "backlog 0" not in bare.status_text(), "the upgrade was to come in the middle of a catch-up"

    bare.install(package, "-o", "Dpkg::Options::=--force-confold")
    assert version(bare) == re.search(r"_([^_]*)_", package.name).group(1)
    assert bare.show("ActiveState") == "active" and bare.show("MainPID") != before
    assert bare.read(CONFIG) == mine
    bare.wait_for_status("1 device ok; backlog 0", 60)
    assert assert_all(bare) > 1400


def test_an_instance_is_restarted_by_an_upgrade_if_it_runs(bare, package, server):
    bare.configure(server.url, [LOBBY], key=KEY, at="/etc/occupancyd/north")
    bare.systemctl("start", "occupancyd@north")
    before = bare.show("MainPID", "occupancyd@north.service")
    bare.install(package, "--reinstall")
    assert bare.show("MainPID", "occupancyd@north.service") not in ("0", before)
    assert bare.show("ActiveState", "occupancyd@south.service") == "inactive"


def test_remove_leaves_what_belongs_to_the_user(bare, server):
    bare.apt("remove", "occupancyd")
    assert bare.run("systemctl", "is-active", UNIT, "occupancyd@north").out.split() == ["inactive", "inactive"]
    assert not exists(bare, "/usr/sbin/occupancyd")
    for path in (CONFIG, "/etc/occupancyd/api-key", f"{LOG}/occupancy.ndjson", "/var/lib/occupancyd/checkpoint"):
        assert exists(bare, path), path


def test_installed_again_it_goes_on(bare, package):
    bare.install(package)
    assert bare.show("ActiveState") == "active"
    bare.wait_for_status("1 device ok; backlog 0")
    assert_all(bare)


def test_purge_asks_nothing_and_leaves_nothing(bare, package):
    said = bare.apt("purge", "occupancyd")
    assert "?" not in said, said
    for path in ("/etc/occupancyd", LOG, "/var/lib/occupancyd", "/run/occupancyd", "/usr/share/doc/occupancyd",
                 "/lib/systemd/system/occupancyd.service"):
        assert not exists(bare, path), path
    assert bare.run("systemctl", "status", UNIT).code == 4  # no such unit


def test_purge_keeps_the_log_if_it_is_told_to(bare, package, server):
    bare.install(package)
    bare.configure(server.url, [LOBBY], key=KEY)
    bare.systemctl("restart", UNIT)
    bare.wait_for(lambda: len(bare.records()) >= 8, 20, "records")
    bare.must("touch", f"{LOG}/keep")
    assert f"{LOG}/keep" in bare.apt("purge", "occupancyd")
    kept = assert_all(bare)
    assert exists(bare, "/var/lib/occupancyd/checkpoint") and not exists(bare, "/etc/occupancyd")

    bare.install(package)
    bare.configure(server.url, [LOBBY], key=KEY)
    bare.systemctl("restart", UNIT)
    bare.wait_for_status("1 device ok; backlog 0")
    assert assert_all(bare) >= kept
