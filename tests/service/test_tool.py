# SPDX-License-Identifier: ISC
"""occupancyctl beside the real unit: who may read the status socket, the key that discover finds, orders through the
spool, and the two timers in their sandboxes."""

import datetime
import json
import os
import re
import time

import pytest

from container import LOG, UNIT
from harness import KEY, assert_unique, parse_time, rfc3339, uuid_of
from roots import ROOT

LOBBY = {"uuid": uuid_of(1), "name": "lobby", "capacity": 20}
SOCKET = "/run/occupancyd/status"
NODE_EXPORTER = "/var/lib/prometheus/node-exporter"
REPORTS = "/var/lib/occupancyd-reports"
TIMERS = ("occupancyd-report", "occupancyd-metrics")
CAMERAS = [{"uuid": LOBBY["uuid"], "name": "Lobby", "zone": "UTC", "location": "HQ"},
           {"uuid": uuid_of(2), "name": "Canteen", "zone": "Asia/Kathmandu", "location": "Depot"}]


@pytest.fixture(autouse=True)
def fresh(container):
    container.run("systemctl", "stop", UNIT)
    container.run("systemctl", "disable", "--now", *(f"{name}.timer" for name in TIMERS))
    container.run("sh", "-c", "rm -rf /etc/systemd/system/occupancyd*.d /etc/occupancyd/* /var/log/occupancyd/* "
                  f"/var/lib/occupancyd/* {REPORTS} {NODE_EXPORTER} /run/occupancyd/*; mkdir /etc/occupancyd/conf.d; "
                  "systemctl daemon-reload; systemctl reset-failed")
    yield
    container.run("systemctl", "stop", UNIT, *(f"{name}.timer" for name in TIMERS))


@pytest.fixture(scope="module", autouse=True)
def people(container):
    """alice may read the log, mallory may not."""
    for name, options in (("alice", ["-G", "occupancyd"]), ("mallory", [])):
        container.must("useradd", "-m", *options, name)


def recorded(container, fake, *devices, **named):
    """The service, which has recorded all there is."""
    container.configure(fake.url, devices or [LOBBY], key=KEY, **named)
    container.restart()
    container.wait_for_status("ok; backlog 0")
    container.wait_for(lambda: container.records(), 20, "records")


def ctl(container, *arguments, user=None, code=0):
    done = container.run("occupancyctl", *arguments, user=user)
    assert done.code == code, done.out
    return done.out


# The status socket

def test_the_socket_is_for_the_group(container, fake):
    recorded(container, fake)
    assert container.must("stat", "-c", "%F %U:%G %a", SOCKET) == "socket occupancyd:occupancyd 660\n"
    for user in (None, "alice"):
        assert "1 room: 1 fresh" in ctl(container, "status", user=user)
        assert json.loads(ctl(container, "status", "--json", user=user))["devices"][0]["name"] == "lobby"
        assert "occupancyd_up 1\n" in ctl(container, "metrics", user=user)
        assert "Complete: " in ctl(container, "verify", user=user)
    said = ctl(container, "status", user="mallory", code=3)
    assert "group occupancyd" in said, said
    assert "permission denied" in ctl(container, "status", "--socket", SOCKET, user="mallory", code=3)
    assert "OCCUPANCYD UNKNOWN" in ctl(container, "status", "--nagios", user="mallory", code=3)
    ctl(container, "metrics", user="mallory", code=77)
    ctl(container, "verify", user="mallory", code=77)
    # After a restart it is another one, and as good.
    container.systemctl("restart", UNIT)
    container.wait_for(lambda: container.run("occupancyctl", "status", user="alice").code == 0, 20, "the new socket")
    container.systemctl("stop", UNIT)
    assert "not running" in ctl(container, "status", user="alice", code=2)


def test_instances_have_sockets_spools_and_units_of_their_own(container, start_fake):
    units = [f"occupancyd@{site}.service" for site in ("north", "south")]
    for number, site in enumerate(("north", "south"), 1):
        container.configure(start_fake(key=f"key-of-{site}-00001").url,
                            [{"uuid": uuid_of(number), "name": f"{site} lobby", "site": site}],
                            key=f"key-of-{site}-00001", at=f"/etc/occupancyd/{site}")
    container.must("mkdir", "-p", NODE_EXPORTER)
    container.systemctl("start", *units)
    for site, unit in zip(("north", "south"), units):
        config = f"/etc/occupancyd/{site}/occupancyd.conf"
        container.wait_for_status("1 device ok; backlog 0", unit=unit)
        assert container.must("stat", "-c", "%U:%G %a", f"/run/occupancyd/{site}/status") == "occupancyd:occupancyd 660\n"
        shown = json.loads(ctl(container, "status", "--json", "-c", config, user="alice"))
        assert [device["name"] for device in shown["devices"]] == [f"{site} lobby"]
        assert shown["log"] == f"{LOG}/{site}/occupancy.ndjson"
        container.systemctl("start", f"occupancyd-metrics@{site}.service")
        assert re.search(rf'^occupancyd_up{{daemon="{site}"}} 1$', container.read(f"{NODE_EXPORTER}/occupancyd-{site}.prom"), re.M)
        assert f"-c {config} " in container.show("ExecStart", f"occupancyd-report@{site}.service")
    # What node_exporter puts together: no series is there twice.
    series = [line.rpartition(" ")[0] for site in ("north", "south")
              for line in container.read(f"{NODE_EXPORTER}/occupancyd-{site}.prom").splitlines() if line[0] != "#"]
    assert len(series) == len(set(series)) > 20
    container.systemctl("stop", *units)


# Keys

@pytest.mark.parametrize("kind", ["plain", "encrypted"])
def test_discover_as_root_reads_the_key_that_the_service_gets(container, start_fake, tmp_path, kind):
    (tmp_path / "cameras.json").write_text(json.dumps(CAMERAS))
    fake = start_fake("--devices", str(tmp_path / "cameras.json"))
    container.configure(fake.url, [LOBBY], key=KEY)
    if kind == "encrypted":
        container.must("systemd-creds", "encrypt", "--with-key=host", "--name=api-key", "-",
                       "/etc/occupancyd/api-key.cred", input=KEY + "\n")
        container.must("rm", "/etc/occupancyd/api-key")
        container.drop_in("encrypted", (ROOT / "conf/examples/systemd/encrypted-key.conf").read_text())
    container.restart()
    container.wait_for_status("1 device ok")
    found = ctl(container, "discover")
    assert f'{{ uuid = "{uuid_of(2)}"; name = "Canteen"; site = "Depot"; timezone = "Asia/Kathmandu"; }}' in found
    assert KEY not in found
    assert "Canteen" in ctl(container, "discover", "--diff", code=1)
    said = ctl(container, "discover", user="alice", code=77)
    assert "api-key" in said and KEY not in said, said
    # What it prints is a fragment that the service takes.
    container.write("/etc/occupancyd/conf.d/cameras.conf", found)
    container.systemctl("reload", UNIT)
    container.wait_for_status("2 devices ok")
    assert "Same: 2 cameras" in ctl(container, "discover", "--diff")


# Orders

def test_backfill_through_the_spool_of_the_unit(container, fake):
    recorded(container, fake, defaults={"backfill_from": "2h", "backfill": "1d"})
    before = container.records()
    fake.faults({"delta": 3})
    start = parse_time(before[0]["time"]) + 600
    period = ("--from", rfc3339(start), "--to", rfc3339(start + 1800))
    assert "run this as root or as that user" in ctl(container, "backfill", "-y", *period, user="alice", code=77)
    assert "30 buckets" in ctl(container, "backfill", "-y", *period)
    container.wait_for(lambda: sum(r["revision"] for r in container.records()) == 30, 30, "the revisions")
    old = {record["time"]: record["count"] for record in before}
    late = {record["time"]: record for record in container.records() if record["revision"]}
    assert sorted(late) == [rfc3339(start + at * 60) for at in range(30)]
    assert all(record["previous"] == old[at] and record["count"] == old[at] + 3 for at, record in late.items())
    assert_unique(container.records())
    container.wait_for(lambda: container.must("ls", "/var/lib/occupancyd/spool") == "", 20, "the order to be removed")
    assert container.must("stat", "-c", "%U:%G %a", "/var/lib/occupancyd/spool") == "occupancyd:occupancyd 750\n"
    assert "30 corrected later" in re.sub(r" +", " ", ctl(container, "verify"))

    # Of one whom the service stands for: and what is ordered while it is stopped is done at its start.
    fake.faults({"delta": 5})
    container.systemctl("stop", UNIT)
    assert "it will begin when it is started" in ctl(container, "backfill", "-y", *period, user="occupancyd")
    container.systemctl("start", UNIT)
    container.wait_for(lambda: sum(r["revision"] == 2 for r in container.records()) == 30, 30, "once more")


# Timers

def test_timers_are_installed_and_not_enabled(container):
    for name in TIMERS:
        for unit in (name, f"{name}@"):
            assert container.run("systemctl", "is-enabled", f"{unit}.timer").out == "disabled\n"
        assert container.show("ActiveState", f"{name}.timer") == "inactive"
        assert container.must("systemd-analyze", "verify", "--man=no", f"{name}.timer", f"{name}@north.timer") == ""
        for unit in (f"{name}.service", f"{name}@north.service"):
            out = container.must("systemd-analyze", "security", "--no-pager", unit)
            exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", out).group(1))
            print(unit, exposure)
            assert exposure <= {"occupancyd-report": 0.3, "occupancyd-metrics": 0.6}[name], out


def week_of(seconds):
    year, week, _ = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isocalendar()
    return f"{year}-W{week:02d}"


def test_the_weekly_report_is_made_up_for_after_downtime(container, fake):
    recorded(container, fake, defaults={"interval": "HOURLY", "window": "1h", "backfill_from": "15d", "backfill": "20d"})
    # The last one was two weeks ago, by what systemd keeps of it; the delay is random.
    container.must("sh", "-c", "mkdir -p /var/lib/systemd/timers && "
                   "touch -d '-14 days' /var/lib/systemd/timers/stamp-occupancyd-report.timer")
    container.write("/etc/systemd/system/occupancyd-report.timer.d/now.conf", "[Timer]\nRandomizedDelaySec=0\n")
    container.systemctl("daemon-reload")
    page = f"{REPORTS}/{week_of(time.time() - 7 * 86400)}.html"
    container.systemctl("enable", "--now", "occupancyd-report.timer")
    container.wait_for(lambda: container.run("test", "-e", page).code == 0, 30, "the page", "occupancyd-report.service")
    container.wait_for(lambda: container.show("ActiveState", "occupancyd-report.service") == "inactive", 10, "its end")
    assert container.show("Result", "occupancyd-report.service") == "success"
    assert container.must("stat", "-c", "%U:%G %a", REPORTS, page) == \
        "occupancyd:occupancyd 750\noccupancyd:occupancyd 640\n"
    text = container.must("cat", page, user="alice")
    assert "lobby" in text and text.rstrip().endswith("</html>")
    assert container.run("cat", page, user="mallory").code != 0
    monday = datetime.datetime.fromtimestamp(time.time() - 7 * 86400, datetime.timezone.utc)
    monday -= datetime.timedelta(monday.weekday())
    assert f"{monday.day} {monday:%b} {monday.year} to " in text
    assert container.must("ls", REPORTS) == os.path.basename(page) + "\n"
    # The next one: within a week, on a Monday.
    following = container.show("NextElapseUSecRealtime", "occupancyd-report.timer")
    assert following.startswith("Mon ") and "13:00:00" in following, following


def said_by(container, unit, mark):
    """Without what systemd itself may not do in a container."""
    loopback, network = "Failed to configure loopback network device", r"\S+: PrivateNetwork=yes is configured, but the kernel"
    return re.sub(rf"^({loopback}|{network}).*\n", "", container.journal(unit, mark), flags=re.M)


def test_metrics_are_written_every_half_minute(container, fake):
    recorded(container, fake)
    service, path = "occupancyd-metrics.service", f"{NODE_EXPORTER}/occupancyd.prom"
    # Without node_exporter there is nothing to do, and nothing fails.
    container.systemctl("start", service)
    assert container.show("ConditionResult", service) == "no"
    container.must("mkdir", "-p", NODE_EXPORTER)
    container.systemctl("enable", "--now", "occupancyd-metrics.timer")
    container.wait_for(lambda: container.run("test", "-e", path).code == 0, 45, "the metrics", service)
    assert container.must("stat", "-c", "%U:%G %a", path) == "root:occupancyd 644\n"
    first = container.must("cat", path, user="mallory")  # as node_exporter's user
    assert "occupancyd_up 1\n" in first and 'occupancyd_room_occupancy{room="lobby",' in first
    container.systemctl("stop", "occupancyd-metrics.timer")

    # The daemon is down: that is told, and why is in the journal; when all is well nothing is.
    mark = container.journal_mark()
    container.systemctl("start", service)
    assert said_by(container, service, mark) == ""
    container.systemctl("stop", UNIT)
    container.systemctl("start", service)
    assert container.read(path).splitlines()[-1] == "occupancyd_up 0"
    assert said_by(container, service, mark) == f"occupancyctl: {SOCKET}: there is no such socket\n"
    assert container.must("ls", "-A", NODE_EXPORTER) == "occupancyd.prom\n"


# What each service might want in another's place: is it refused?
FORBIDDEN = {
    "reads a key": "cat /etc/occupancyd/api-key",
    "reads the checkpoint as root would": "cat /var/lib/occupancyd/checkpoint.other",
    "writes the log": f"echo >> {LOG}/occupancy.ndjson",
    "writes the state": "touch /var/lib/occupancyd/spool.order",
    "writes the configuration": "touch /etc/occupancyd/conf.d/x.conf",
    "writes a unit": "touch /run/systemd/system/x.service",
    "sees another process": "test -e /proc/2",
    "has a network": "grep -v lo: /proc/net/dev | grep :",
    "reads a home": "ls /root /home/alice",
    "makes a device": "mknod /tmp/x b 8 0",
    "has a capability": "grep -E '^Cap(Eff|Bnd|Prm):.*[1-9a-f]' /proc/self/status",
    "may gain privileges": "grep '^NoNewPrivs:.*0' /proc/self/status",
}


@pytest.mark.parametrize("name", TIMERS)
def test_what_the_sandbox_of_a_timer_forbids(container, fake, name):
    recorded(container, fake)
    container.must("mkdir", "-p", NODE_EXPORTER)
    container.must("sh", "-c", "umask 077; echo secret > /var/lib/occupancyd/checkpoint.other")
    tries = "; ".join(f'{{ {command}; }} >/dev/null 2>&1 && echo "TRIED: {what}"' for what, command in FORBIDDEN.items())
    container.write("/root/try", f"#!/bin/sh\n{tries}\necho TRIED: all\n", 0o755)
    container.must("install", "-m", "755", "/root/try", "/usr/local/bin/try")
    container.drop_in("try", "[Service]\nLogLevelMax=\nExecStart=\nExecStart=/usr/local/bin/try\n", f"{name}.service")
    mark = container.journal_mark()
    container.systemctl("start", f"{name}.service")
    said = re.findall(r"^TRIED: (.*)", container.journal(f"{name}.service", mark), re.M)
    assert said == ["all"], container.journal(f"{name}.service", mark)
