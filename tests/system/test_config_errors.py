# SPDX-License-Identifier: ISC
"""What the real binary says of a wrong configuration, a wrong command line and
wrong directories: where, what, and with which exit code."""

import os
import re
import signal
import subprocess

import pytest

from harness import SLOW, group, run_as_users_do, uuid_of, wait_for

NOWHERE = "http://127.0.0.1:1"
LOBBY = {"uuid": uuid_of(1), "name": "lobby"}
CANTEEN = {"uuid": uuid_of(2), "name": "canteen"}
USAGE, IO, LOCKED, PERMISSION, CONFIG = 64, 74, 75, 77, 78


@pytest.fixture
def daemon(make_daemon):
    """One with a good configuration, for tests to spoil."""
    return make_daemon(NOWHERE, [LOBBY])


def refused(daemon, *options):
    """The lines that it prints about its configuration."""
    code, stdout, stderr = daemon.run(*options, timeout=15)
    assert code == CONFIG and stdout == "", (code, stdout, stderr)
    return stderr.splitlines()


def only_line(daemon, *options):
    lines = refused(daemon, *options)
    assert len(lines) == 1, lines
    return lines[0]


def rewritten(daemon, old, new):
    text = daemon.config.read_text()
    assert old in text
    daemon.config.write_text(text.replace(old, new, 1))


# Mistakes in files.  A comment "// WRONG words" says what is expected of its line.

MAIN = """\
accounts = ( {
  name     = "acme";
  base_url = "http://192.0.2.1";             // WRONG accounts[0].base_url: acme: would send the key in clear text
  key_file = "KEY";
  rate     = "quick";                        // WRONG accounts[0].rate: acme: "quick" is not a rate
  api_key  = "hunter2-hunter2-hunter2";      // WRONG accounts[0].api_key: .* put it into a file and name the file with key_file
} );
defaults = {
  interval   = "MINUTLY";                    // WRONG defaults.interval: "MINUTLY" .* did you mean "MINUTELY"?
  lokback    = "5m";                         // WRONG defaults.lokback: there is no such setting: did you mean lookback?
  max_points = 5000000000;                   // WRONG defaults.max_points: 5000000000 is out of range: from 1 to 10000
};
@include "more/log.conf"
devices = (
  { uuid = "AAAAAAAAAAAAAAAAAAAAAB.v0"; name = "lobby"; interval = "HOURLY"; },
  { uuid = "AAAA"; name = "canteen"; }       // WRONG devices[1].uuid: canteen: "AAAA" is not a device
);
cluster = {                                  // WRONG cluster.node: is missing: say which node this is
  name        = "h q";                       // WRONG cluster.name: "h q" may hold only letters
  endpoints   = ( "https://a", "http://b" ); // WRONG cluster.endpoints: member 2: would send records in clear text
  client_cert = "cert";                      // WRONG cluster.client_cert: needs client_key
  password    = "hunter2-hunter2-hunter2";   // WRONG cluster.password: there is no such setting
  retention   = "91d";                       // WRONG cluster.retention: "91d" is out of range: from 1h to 90d
  prefer      = ( "acme", "eu" );            // WRONG cluster.prefer: there is no account of the name "eu"
};
"""
INCLUDED = """\
# Stands in a file of its own.

log = {
  directory = "var/log";                     // WRONG log.directory: "var/log" is not an absolute path
  keep      = "many";                        // WRONG log.keep: must be a whole number, not a text in quotes
};
"""
FRAGMENT = """\
devices = (
  { name = "kitchen";
    uuid = "AAAAAAAAAAAAAAAAAAAAAB.v0"; interval = "HOURLY"; } // WRONG devices[0].uuid: kitchen: is already polled .* as "lobby" at MAIN:15
);
retry = { base = "1s"; };                    // WRONG retry: is allowed only in MAIN
cluster = "left";                            // WRONG cluster: is allowed only in MAIN
"""


def test_all_mistakes_of_all_files_are_told_in_one_run_each_with_its_place(daemon):
    files = {daemon.config: MAIN.replace("KEY", str(daemon.key_file)),
             daemon.folder / "more/log.conf": INCLUDED, daemon.folder / "conf.d/20-rooms.conf": FRAGMENT}
    expected = []
    for path, text in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        for number, line in enumerate(text.splitlines(), 1):
            if " // WRONG " in line:
                expected.append((f"{path}:{number}: ", line.split(" // WRONG ")[1].replace("MAIN", str(daemon.config))))
    assert len(expected) == 19

    for options in ([], ["--check"], ["--print-config"]):
        lines = refused(daemon, *options)
        assert len(lines) == len(expected), "\n".join(lines)
        for place, words in expected:
            told = [line for line in lines if line.startswith(place)]
            assert len(told) == 1, f"{place}\n" + "\n".join(lines)
            pattern = ".*".join(re.escape(part) for part in words.split(" .* "))
            assert re.match(pattern, told[0][len(place):]), (words, told[0])
        assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize("text, line, said", [
    ("a = 1\nb = = 2;\n", 2, "syntax error"),
    ("devices = (\n  { uuid = ; }\n);\n", 2, "syntax error"),
    ("defaults = {\n  settle = \"1s\";\n", 2, "syntax error"),
    ("\n\nname = \"open;\n", 3, "a string that begins here does not end"),
    ("/* here\n and there\n", 1, "a comment that begins here does not end"),
    ("a = 1;\na = 2;\n", 2, "duplicate setting: this group already has one of that name"),
    ("x = 1; @include \"y\"\n", 1, "an @ outside a string must begin a line"),
    ("@include \"missing.conf\"\n", 1, "@include: FOLDER/missing.conf cannot be opened: No such file or directory"),
    ("log = 3;\n", 1, "log: must be a group: { ... }"),
])
def test_syntax_error_is_told_with_its_line(text, line, said, daemon):
    daemon.config.write_text(text)
    lines = refused(daemon, "--check")
    said = said.replace("FOLDER", str(daemon.folder))
    assert any(told.startswith(f"{daemon.config}:{line}: {said}") for told in lines), lines


def test_file_that_cannot_be_read_is_told(daemon):
    daemon.config.chmod(0o000)
    code, stderr = run_as_users_do(daemon)
    assert (code, stderr) == (CONFIG, f"{daemon.config}: cannot be opened: Permission denied\n")
    daemon.config.unlink()
    assert only_line(daemon) == f"{daemon.config}: cannot be opened: No such file or directory"
    daemon.config.mkdir()
    assert only_line(daemon) == f"{daemon.config}: is not a regular file"


def test_fragment_that_cannot_be_read_is_no_reason_to_go_without_it(daemon):
    (daemon.folder / "conf.d").mkdir()
    (daemon.folder / "conf.d/10.conf").write_text("")
    (daemon.folder / "conf.d/10.conf").chmod(0o000)
    code, stderr = run_as_users_do(daemon, "--check")
    assert code == CONFIG and f"{daemon.folder}/conf.d/10.conf: cannot be opened: Permission denied" in stderr, stderr


@pytest.mark.parametrize("names, read", [(["10.conf", "9.conf"], True), ([".hidden.conf", "old.conf~", "x.conf.dpkg-new"], False)])
def test_only_conf_files_of_conf_d_are_read(names, read, daemon):
    (daemon.folder / "conf.d").mkdir()
    for number, name in enumerate(names, 10):
        (daemon.folder / "conf.d" / name).write_text(f"devices = ( {group({'uuid': uuid_of(number), 'name': name})} );\n")
    code, stdout, stderr = daemon.run("--check")
    assert code == 0 and f"acme: {3 if read else 1} device" in stdout, stderr


@pytest.mark.parametrize("devices", ["", "devices = ( );\n"], ids=["absent", "empty"])
def test_without_devices_there_is_nothing_to_do(devices, daemon):
    text = daemon.config.read_text()
    daemon.config.write_text(re.sub(r"devices = \(.*?\n\);\n", devices, text, flags=re.S))
    assert re.search(r"occupancyd\.conf:1: devices: there is none: add devices = ", only_line(daemon, "--check"))
    assert daemon.run("--once", timeout=15)[0] == CONFIG


def test_without_devices_the_service_waits_for_one(fake, make_daemon):
    daemon = make_daemon(fake.url, [LOBBY])
    whole = daemon.config.read_text()
    none = re.sub(r"devices = \(.*?\n\);\n", "", whole, flags=re.S)
    daemon.config.write_text(none)
    daemon.start()
    assert "devices: there is none: add devices = " in daemon.stderr()
    wait_for(lambda: "configuration has no device: add devices and reload" in daemon.notify.status, 10, "STATUS")

    daemon.config.write_text(whole)
    daemon.signal(signal.SIGHUP)
    wait_for(daemon.records, 10, "the first record")
    wait_for(lambda: daemon.notify.status.startswith("1 device ok"), 10, "STATUS")

    # And again after a reload; the device goes on where it was when it comes back.
    daemon.config.write_text(none)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: "configuration has no device: add devices and reload" in daemon.notify.status, 10, "STATUS")
    assert daemon.stderr().count("devices: there is none: add devices = ") == 2
    daemon.config.write_text(whole)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.notify.status.startswith("1 device ok"), 10, "STATUS")
    daemon.stop()


# What is changed, whether a start takes it, and what it says then.
POLICIES = {
    "a rate that is exceeded": (r'rate = "1000/s"', 'rate = "1/h"', True, "exceeds its rate"),
    "a look-back without room": (r'lookback = "0"', 'lookback = "1h"; max_points = 1', True, "lobby never looks back"),
    "a key that is missing": (r'key_file = "[^"]*"', 'key_file = "/nowhere/key"', True, "/nowhere/key"),
    "no device": (r"(?s)devices = \(.*?\n\);\n", "", True, "devices: there is none"),
    "a mistake": (r"window = ", "windoww = ", False, "did you mean window?"),
    "a credential without its directory": (r'key_file = "[^"]*"', 'key_file = "key"', False, "key is a systemd credential"),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_start_takes_a_reload_takes(policy, fake, make_daemon):
    old, new, taken, said = POLICIES[policy]
    running, fresh = make_daemon(fake.url, [LOBBY]), make_daemon(fake.url, [LOBBY])
    running.start()
    for daemon in running, fresh:
        text, changes = re.subn(old, new, daemon.config.read_text(), count=1)
        assert changes == 1
        daemon.config.write_text(text)

    if taken:
        fresh.start()
        fresh.stop()
        assert said in fresh.stderr()
    else:
        code, _, stderr = fresh.run()
        assert code == CONFIG and said in stderr

    running.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded: " in running.stderr() and said in running.stderr(), 10, "the reload, and what is said of it")
    assert ("not reloaded: " not in running.stderr()) == taken
    running.stop()


@pytest.mark.parametrize("wrong, right", [("windoww", "window"), ("Interval", "interval"), ("time_zone", "timezone"),
                                          ("setle", "settle"), ("maxpoints", "max_points")])
def test_unknown_key_is_refused_and_the_nearest_is_named(wrong, right, daemon):
    rewritten(daemon, "defaults = { ", f"defaults = {{ {wrong} = \"5m\"; ")
    assert only_line(daemon) == f"{daemon.config}:2: defaults.{wrong}: there is no such setting: did you mean {right}?"


def test_key_of_another_group_is_sent_there(daemon):
    rewritten(daemon, "defaults = { ", "defaults = { rotate_every = \"day\"; ")
    assert only_line(daemon).endswith("defaults.rotate_every: there is no such setting here: it belongs to log")


@pytest.mark.parametrize("number", ["4294967297", "0x100000001", "4294967297L", "-4294967295", "99999999999999999999"])
def test_integer_beyond_32_bits_is_not_cut_off(number, daemon):
    """Each of the first four is 1 if 32 bits are all that is kept."""
    rewritten(daemon, "defaults = { ", f"defaults = {{ max_points = {number}; ")
    assert only_line(daemon) == f"{daemon.config}:2: defaults.max_points: {number} is out of range: from 1 to 10000"


def test_same_device_and_interval_twice_is_refused_and_the_other_is_named(make_daemon):
    twice = make_daemon(NOWHERE, [LOBBY, CANTEEN, {**LOBBY, "name": "again"}])
    assert only_line(twice) == (f"{twice.config}:6: devices[2].uuid: again: is already polled with interval MINUTELY, "
                                f"as \"lobby\" at {twice.config}:4")


def test_same_device_at_two_intervals_is_fine(make_daemon):
    both = make_daemon(NOWHERE, [LOBBY, {**LOBBY, "interval": "HOURLY", "window": "1h"}])
    assert both.run("--check")[0] == 0


@pytest.mark.parametrize("url", ["http://api2.rhombussystems.com", "http://192.0.2.1:8080", "http://127.0.0.1.example.com",
                                 "http://localhost.example.com", "http://[::2]", "http://0.0.0.0", "http://1270.0.1"])
def test_key_is_not_sent_in_clear_beyond_this_machine(url, make_daemon):
    exposed = make_daemon(url, [LOBBY])
    assert re.match(rf"{exposed.config}:1: accounts\[0\]\.base_url: acme: .*(send the key in clear|no valid)", only_line(exposed))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.1.2.3", "http://localhost:80", "http://[::1]:80",
                                 "https://api2.rhombussystems.com"])
def test_clear_http_on_this_machine_and_https_are_fine(url, make_daemon):
    assert make_daemon(url, [LOBBY]).run("--check")[0] == 0


# --check and --print-config

CLUSTER = """\
cluster = {
  name = "hq"; node = "a"; prefer = ( "acme" );
  endpoints = ( "https://10.0.0.1:2379", "https://10.0.0.2:2379" );
  client_cert = "cluster-cert"; client_key = "cluster-key";
};
"""


def devices(count):
    return [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in range(count)]


def test_check_says_what_polling_costs(make_daemon):
    daemon = make_daemon(NOWHERE, devices(60), account={"rate": "2/s"})
    assert daemon.run("--check") == (0, "acme: 60 devices need 1 request/s of 2/s allowed (50 %)\n", "")


def test_check_fails_above_the_rate_and_names_a_window_that_fits(make_daemon):
    daemon = make_daemon(NOWHERE, devices(200), account={"rate": "1/s"})
    code, stdout, _ = daemon.run("--check")
    assert code == CONFIG
    assert stdout == ("acme: 200 devices need 3.33 requests/s of 1/s allowed (333 %): exceeds its rate; "
                      "a window of \"4m\" would fit\n")
    # It does, and the next shorter one does not.
    for window, expected in (("4m", 0), ("3m", CONFIG)):
        daemon.write_config(NOWHERE, devices(200), account={"rate": "1/s"}, defaults={"window": window})
        assert daemon.run("--check")[0] == expected


COST = "acme: 1 device needs 1 request/m of 60000/m allowed (less than 1 %)\n"


def test_check_says_what_a_cluster_is_and_what_two_members_do_not_buy(make_daemon):
    daemon = make_daemon(NOWHERE, [LOBBY], extra=CLUSTER)
    pem = daemon.folder / "cluster.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\n")
    pem.chmod(0o600)
    rewritten(daemon, "cluster-cert", str(pem))
    rewritten(daemon, "cluster-key", str(pem))
    told = "cluster hq: node a, 2 endpoints of etcd, of which none may fail; prefers acme\n"
    assert daemon.run("--check") == (
        0, COST + told, "cluster hq: 2 endpoints: a cluster of 2 members stops when either fails: use 3\n")
    rewritten(daemon, "2379\" )", "2379\", \"https://10.0.0.3:2379\" )")
    assert daemon.run("--check") == (0, COST + told.replace("2 endpoints", "3 endpoints").replace("none", "1"), "")

    # What it reads at a start, it reads now.
    pem.chmod(0o644)
    code, _, stderr = daemon.run("--check")
    assert code == CONFIG
    assert stderr == f"{daemon.config}: cluster.client_key: {pem} is accessible to other users (mode 644): run chmod go= {pem}\n"
    pem.unlink()
    code, _, stderr = daemon.run("--check")
    assert code == CONFIG
    assert stderr == f"{daemon.config}: cluster.client_cert: {pem} cannot be opened: No such file or directory\n"


def test_check_does_not_need_the_credentials_of_a_cluster(make_daemon):
    daemon = make_daemon(NOWHERE, [LOBBY], extra=CLUSTER)
    code, _, stderr = daemon.run("--check")
    assert code == 0
    assert f"{daemon.config}: not checked: cluster.client_cert: cluster-cert is a systemd credential" in stderr


def test_print_config_round_trip(make_daemon, tmp_path):
    """What is printed is a configuration of the same meaning: it prints as itself."""
    odd = {"uuid": uuid_of(2), "name": "cafe \"two\" \\ three", "site": "hq", "interval": "NONE", "window": "15m",
           "backfill_from": "2026-11-01T00:00:00Z", "count_key": "people", "labels": {"floor": "1", "note": "a \"b\" \\c"}}
    daemon = make_daemon(NOWHERE, [LOBBY, odd, {**CANTEEN, "interval": "DAILY", "window": None}],
                         account={"scheme": "partner-api-token", "org": "org 1", "rate": "1000/h"},
                         defaults={"settle": "90s", "backfill": "36h", "timezone": "Asia/Kathmandu"},
                         log={"keep_bytes": "3GiB", "rotate_every": "hour", "compress": False},
                         extra='retry = { base = "1500ms"; cap = "2m"; };\n' + CLUSTER)
    rewritten(daemon, "cafe", "caf\u00e9")
    (daemon.folder / "conf.d").mkdir()
    (daemon.folder / "conf.d/more.conf").write_text(f"devices = ( {group({'uuid': uuid_of(3), 'name': 'lift'})} );\n")
    code, printed, stderr = daemon.run("--print-config")
    assert code == 0 and stderr == ""
    for text in ("Asia/Kathmandu", "1s500ms", "caf\u00e9 \\\"two\\\" \\\\ three", "3GiB", "org 1", "lift", "max_points = 1440", str(daemon.key_file),
                 '( "https://10.0.0.1:2379", "https://10.0.0.2:2379" )', 'lease = "30s"'):
        assert text in printed, f"{text} is not in\n{printed}"

    (daemon.folder / "conf.d/more.conf").unlink()
    daemon.config.write_text(printed)
    assert daemon.run("--print-config") == (0, printed, "")


# The command line

@pytest.mark.parametrize("options", [["--nonsense"], ["-x"], ["surplus"], ["--check", "--once"], ["--once", "--print-config"],
                                     ["--check=1"], ["-c"], ["--config"]], ids=" ".join)
def test_wrong_command_line_exits_with_64(options, daemon):
    code, stdout, stderr = daemon.run(*options, timeout=15)
    assert code == USAGE and stdout == "" and stderr, (code, stdout, stderr)


@pytest.mark.parametrize("option, said", [("--version", r"occupancyd \d+\.\d+\.\d+\n"), ("--help", r"Usage: occupancyd .*"), ("-h", r"Usage: .*")])
def test_version_and_help_need_no_configuration(option, said, daemon):
    daemon.config.unlink()
    code, stdout, stderr = daemon.run(option)
    assert code == 0 and stderr == "" and re.fullmatch(said, stdout, re.S)


# Directories

def test_second_daemon_exits_with_75_and_names_the_first(fake, make_daemon):
    first = make_daemon(fake.url, [LOBBY]).start()
    for options in ([], ["--once"]):
        code, _, stderr = first.run(*options, timeout=15)
        assert code == LOCKED
        assert stderr == (f"{first.state_folder}: in use by process {first.process.pid} "
                          f"(it holds {first.state_folder}/lock)\n")
    # To look at a configuration disturbs nobody.
    assert first.run("--check")[0] == 0
    first.stop()
    assert first.run("--once")[0] == 0


@pytest.mark.parametrize("which, advice", [("log", "LogsDirectory="), ("state", "StateDirectory=")])
def test_missing_directory_is_told_with_advice(which, advice, daemon):
    folder = daemon.folder / which
    folder.rmdir()
    code, _, stderr = daemon.run(timeout=15)
    assert code == IO and stderr.startswith(f"{folder}: no such directory: create it") and advice in stderr, stderr
    folder.write_text("")
    code, _, stderr = daemon.run(timeout=15)
    assert code == IO and str(folder) in stderr and "Not a directory" in stderr, stderr


@pytest.mark.parametrize("which", ["log", "state"])
def test_directory_that_may_not_be_written_exits_with_77(which, daemon):
    folder = daemon.folder / which
    folder.chmod(0o500)
    code, stderr = run_as_users_do(daemon)
    folder.chmod(0o700)
    assert code == PERMISSION and str(folder) in stderr and "Permission denied" in stderr, stderr


def test_full_output_is_an_error(daemon):
    for option in ("--check", "--print-config"):
        with open("/dev/full", "w") as full:
            done = subprocess.run(daemon.command(option), stdout=full, stderr=subprocess.PIPE, text=True, timeout=30 * SLOW)
        assert done.returncode == IO and "standard output cannot be written: No space left on device" in done.stderr
