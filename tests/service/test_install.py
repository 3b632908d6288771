# SPDX-License-Identifier: ISC
"""From the package to the first record, with only what the README says."""

import json
import re

from container import CONFIG, LOG, UNIT
from harness import KEY, uuid_of

UUID = uuid_of(1)


def test_installed_it_is_enabled_and_waits(bare, package):
    bare.apt("update")
    said = bare.install(package)
    assert "rror" not in said, said
    assert bare.run("systemctl", "is-enabled", UNIT).out == "enabled\n"
    assert bare.run("systemctl", "is-active", UNIT).out == "active\n"
    assert bare.show("NRestarts") == "0"
    assert bare.run("systemctl", "is-system-running").out == "running\n"
    bare.wait_for_status("no usable key")
    shown = bare.status()
    assert "/etc/occupancyd/api-key" in shown and "restart the service" in shown
    assert "has no device: add devices and reload" in shown
    said = bare.run("occupancyctl", "status")
    assert said.code == 1 and "0 rooms" in said and "has no device: add devices and reload" in said, said.out
    journal = bare.journal()
    assert journal.count("no usable key") == 1 and journal.count("devices: there is none: add devices = ") == 1
    assert f"{CONFIG}:1: devices:" in journal


def test_the_readme_leads_to_the_first_record(bare, fake):
    """Each of its lines, with the stand-in server in the place of a region."""
    bare.must("install", "-m", "600", "/dev/null", "/etc/occupancyd/api-key")
    bare.must("sh", "-c", "cat > /etc/occupancyd/api-key", input=KEY + "\n")
    bare.must("sh", "-c", f"cat > {CONFIG}", input=f"""\
accounts = ( {{ name = "acme"; base_url = "{fake.url}"; key_file = "api-key"; }} );
defaults = {{ interval = "MINUTELY"; window = "5m"; timezone = "America/Denver"; }};
devices  = ( {{ uuid = "{UUID}"; name = "lobby"; site = "hq"; }} );
""")
    assert "acme: 1 device" in bare.must("occupancyd", "--check")
    bare.systemctl("restart", UNIT)
    bare.wait_for(lambda: bare.records(), 20, "the first record")
    record = json.loads(bare.read(f"{LOG}/occupancy.ndjson").splitlines()[0])
    assert record["device"] == UUID and record["status"] == "ok" and record["local_time"].endswith("-07:00")
    bare.wait_for(lambda: re.search(r"Status: \"1 device ok; backlog 0; last record 20\d\d-\d\d-\d\dT[\d:]+Z\"",
                                    bare.status()), 20, "live content in systemctl status")


def test_files_belong_to_the_service_and_its_group(bare):
    for path, mode in ((LOG, "750"), (f"{LOG}/occupancy.ndjson", "640"), ("/var/lib/occupancyd", "750"),
                       ("/var/lib/occupancyd/checkpoint", "640"), ("/run/occupancyd", "750")):
        assert bare.must("stat", "-c", "%U:%G %a", path) == f"occupancyd:occupancyd {mode}\n", path
    assert bare.must("stat", "-c", "%U:%G %a", CONFIG) == "root:root 644\n"
    assert bare.must("stat", "-c", "%U:%G %a", "/etc/occupancyd/api-key") == "root:root 600\n"


def test_units_are_in_order(bare):
    for unit in (UNIT, "occupancyd@north.service"):
        assert bare.must("systemd-analyze", "verify", "--man=no", unit) == ""
        out = bare.must("systemd-analyze", "security", "--no-pager", unit)
        exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", out).group(1))
        assert exposure <= 1.2, out
    print(f"exposure {exposure}")
    assert bare.show("WatchdogUSec") == "1min"


def test_unit_has_the_type_of_this_systemd(bare):
    """Which verify has just accepted; where notify-reload is known, that."""
    bare.write("/root/new.service", "[Service]\nType=notify-reload\nExecStart=/bin/true\n")
    known = bare.run("systemd-analyze", "verify", "--man=no", "/root/new.service").out == ""
    assert bare.show("Type") == ("notify-reload" if known else "notify")
    assert ("MAINPID" in bare.show("ExecReload")) != known
