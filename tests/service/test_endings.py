# SPDX-License-Identifier: ISC
"""However it ends, it comes back, and nothing is lost or doubled."""

import subprocess
import time

import pytest

from container import CONFIG, UNIT
from harness import (KEY, assert_complete, assert_contiguous, assert_unique, expected_records, parse_time, uuid_of)

DEVICES = [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in (1, 2)]

# Hangs for ever where the log is synced, once a file says so.
WEDGE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int fdatasync(int fd) {
	while (access("/run/occupancyd/wedge", F_OK) == 0) {
		pause();
	}
	return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""


@pytest.fixture
def busy(container, start_fake):
    """Days of minutes are behind, and come slowly."""
    fake = start_fake()
    fake.faults({"delay_ms": 20})
    container.run("systemctl", "stop", UNIT)
    container.run("sh", "-c", "rm -rf /etc/systemd/system/occupancyd.service.d /var/log/occupancyd/* "
                  "/var/lib/occupancyd/* /run/occupancyd/*; systemctl daemon-reload; systemctl reset-failed")
    container.configure(fake.url, DEVICES, key=KEY, account={"rate": "40/s", "burst": 1},
                        defaults={"backfill_from": "5d", "backfill": "30d", "max_points": 20},
                        log={"rotate_size": "256KiB", "keep": 0})
    container.restart()
    container.wait_for(lambda: len(container.records()) > 200, 30, "some records")
    yield fake
    container.run("systemctl", "stop", UNIT)


def assert_all(container, fast=True):
    """Catches up, stops, and compares the log with what the server publishes."""
    if fast:
        container.must("sed", "-i", 's|rate = "40/s"|rate = "200/s"|; s|max_points = 20|max_points = 1440|', CONFIG)
        container.systemctl("reload", UNIT)
    container.wait_for(lambda: "2 devices ok; backlog 0" in container.status_text(), 60, "catching up")
    container.systemctl("stop", UNIT)
    records = container.log().records_at_rest()
    assert_unique(records)
    for device in DEVICES:
        mine = assert_contiguous(records, device["uuid"])
        start, end = parse_time(mine[0]["time"]), parse_time(mine[-1]["end"])
        assert end - start > 4 * 86400
        assert_complete(records, device["uuid"], expected_records(device["uuid"], "MINUTELY", "UTC", start, end))
    return len(records)


def main_pid(container):
    return int(container.show("MainPID"))


def wait_for_another(container, before, seconds):
    container.wait_for(lambda: main_pid(container) not in (0, before) and container.show("ActiveState") == "active",
                       seconds, "another process")


def test_killed(container, busy):
    for n in range(3):
        before = main_pid(container)
        container.systemctl("kill", "-s", "KILL", UNIT)
        wait_for_another(container, before, 15)
        assert container.show("NRestarts") == str(n + 1)
        time.sleep(0.5)  # it may have begun to poll, or not
    assert_all(container)


def test_stopped_by_a_signal_the_watchdog_ends_it(container, busy):
    container.drop_in("watchdog", "[Service]\nWatchdogSec=3s\n")
    container.systemctl("restart", UNIT)
    container.wait_for_status("last record")
    before, mark, begin = main_pid(container), container.journal_mark(), time.monotonic()
    container.systemctl("kill", "-s", "STOP", UNIT)
    container.wait_for(lambda: "Watchdog timeout" in container.journal(since=mark), 10, "the watchdog")
    assert time.monotonic() - begin < 4.5
    wait_for_another(container, before, 15)
    assert_all(container)


def test_a_wedged_loop_is_ended_by_the_watchdog(container, busy, tmp_path):
    source = tmp_path / "wedge.c"
    source.write_text(WEDGE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "wedge.so", source, "-ldl"], check=True)
    container.copy(tmp_path / "wedge.so", "/usr/lib/wedge.so")
    container.drop_in("watchdog", "[Service]\nWatchdogSec=3s\nEnvironment=LD_PRELOAD=/usr/lib/wedge.so\n")
    container.systemctl("restart", UNIT)
    container.wait_for_status("last record")
    before, mark = main_pid(container), container.journal_mark()
    container.must("touch", "/run/occupancyd/wedge")
    container.wait_for(lambda: "Watchdog timeout" in container.journal(since=mark), 15, "the watchdog")
    container.must("rm", "/run/occupancyd/wedge")
    wait_for_another(container, before, 15)
    assert_all(container)


def test_a_server_that_never_answers_is_no_reason_for_the_watchdog(container, busy):
    container.drop_in("watchdog", "[Service]\nWatchdogSec=2s\n")
    busy.faults({"hang": True})
    container.systemctl("restart", UNIT)
    before, mark = main_pid(container), container.journal_mark()
    time.sleep(9)  # four times what the watchdog waits
    assert main_pid(container) == before and "Watchdog" not in container.journal(since=mark)
    assert busy.journal(), "nothing was asked"
    busy.faults()
    container.systemctl("restart", UNIT)
    assert_all(container)


def test_reload(container, busy):
    third = uuid_of(3)
    good = container.read(CONFIG)
    more = good.replace("devices = (", f'devices = ( {{ uuid = "{third}"; name = "room-3"; }},')
    container.write(CONFIG, more)
    before, mark = main_pid(container), container.journal_mark()
    container.systemctl("reload", UNIT)
    container.wait_for(lambda: any(r["device"] == third for r in container.records()), 20, "a record of the new device")
    assert "reloaded: 3 devices" in container.journal(since=mark)

    # A mistake; and a rate that would not do, which a start would take, too.
    for rate, taken, said in (("fast", False, f"{CONFIG}:1: accounts[0].rate: main: "), ("1/h", True, "main: 3 devices need ")):
        container.write(CONFIG, more.replace('rate = "40/s"', f'rate = "{rate}"'))
        mark = container.journal_mark()
        assert (container.run("systemctl", "reload", UNIT).code == 0) == taken
        container.wait_for(lambda: said in container.journal(since=mark), 5, "the journal")
        assert said in container.status()
        assert container.show("ActiveState") == "active" and main_pid(container) == before
        container.wait_for(lambda: (f"{CONFIG}: reloaded: " in container.journal(since=mark)) == taken, 5, "the reload")

    container.write(CONFIG, good)
    container.systemctl("reload", UNIT)
    assert_all(container)


def test_systemd_signals_and_waits_where_it_can(container, busy):
    """Type=notify-reload alone, without the lines of ExecReload=: it ends only with the daemon's own word."""
    if container.show("Type") != "notify-reload":
        pytest.skip("this systemd has no Type=notify-reload")
    container.drop_in("signal", "[Service]\nExecReload=\nTimeoutStartSec=20s\n")
    container.write(CONFIG, container.read(CONFIG).replace(
        "devices = (", f'devices = ( {{ uuid = "{uuid_of(3)}"; name = "room-3"; }},'))
    before, mark = main_pid(container), container.journal_mark()
    container.systemctl("reload", UNIT)
    container.wait_for(lambda: "reloaded: 3 devices" in container.journal(since=mark), 5, "the journal")
    assert main_pid(container) == before


def test_stop_in_the_middle_of_a_catch_up(container, busy):
    begin = time.monotonic()
    container.systemctl("stop", UNIT)
    took = time.monotonic() - begin
    assert took < 5 and container.show("Result") == "success" and container.show("ExecMainStatus") == "0"
    print(f"stopped within {took:.2f} s")
    container.systemctl("start", UNIT)
    assert_all(container)


def test_reboot(container, busy):
    container.reboot()
    container.wait_for(lambda: container.show("ActiveState") == "active", 20, "the service to start by itself")
    assert_all(container)


# What may mend itself is tried again; what cannot is not

@pytest.fixture
def recorder(container, start_fake):
    """Configured and stopped, without a trace of another test."""
    fake = start_fake()
    clean = ("rm -rf /etc/systemd/system/occupancyd.service.d /var/log/occupancyd /var/lib/occupancyd/* /srv/counts; "
             "systemctl daemon-reload; systemctl reset-failed")
    container.run("systemctl", "stop", UNIT)
    container.run("sh", "-c", clean)
    container.configure(fake.url, DEVICES[:1], key=KEY)
    yield fake
    container.run("systemctl", "stop", UNIT)
    container.run("sh", "-c", clean)


def test_a_mount_point_that_is_roots_is_tried_again(container, recorder):
    """As at boot, before the file system of the log is mounted."""
    container.must("mkdir", "-m", "755", "/srv/counts")
    container.configure(recorder.url, DEVICES[:1], key=KEY, log={"directory": "/srv/counts"})
    container.drop_in("directory", "[Unit]\nRequiresMountsFor=/srv/counts\n[Service]\nReadWritePaths=/srv/counts\n"
                                   "RestartSec=1s\n")
    mark = container.journal_mark()
    assert container.run("systemctl", "restart", UNIT).code != 0
    container.wait_for(lambda: int(container.show("NRestarts")) >= 2, 20, "more tries")
    told = container.journal(since=mark)
    assert "/srv/counts" in told and "Permission denied" in told and "status=77" in told
    container.must("chown", "occupancyd:occupancyd", "/srv/counts")
    container.wait_for(lambda: container.records("/srv/counts"), 20, "the first record")


def test_a_link_in_the_place_of_the_log_directory_is_not_tried_again(container, recorder):
    container.must("ln", "-s", "/srv", "/var/log/occupancyd")
    assert container.run("systemctl", "restart", UNIT).code != 0
    container.wait_for(lambda: container.show("ActiveState") == "failed", 10, "the end")
    assert container.show("NRestarts") == "0" and container.show("ExecMainStatus") == "240", container.status()
    container.must("rm", "/var/log/occupancyd")
    container.restart()
    container.wait_for(lambda: container.records(), 20, "the first record")
