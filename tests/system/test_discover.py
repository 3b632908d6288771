# SPDX-License-Identifier: ISC
"""occupancyctl discover: what Rhombus says becomes a list that the daemon takes, and each difference is found."""

import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from harness import (KEY, OCCUPANCYCTL, SLOW, WRAPPER, assert_clean, free_port, group,
                     with_capabilities_of_users, with_mounts_of_its_own)

ENABLED = "/api/camera/getOccupancyEnabledCameras"
STATES = "/api/camera/getMinimalCameraStateList"
LOCATIONS = "/api/location/getLocations"

LOBBY = "AAAAAAAAAAAAAAAAAAAAAA"
CANTEEN = "BBBBBBBBBBBBBBBBBBBBBA"
CAMERAS = [
    {"uuid": f"{LOBBY}.v0", "name": "Lobby", "zone": "America/Denver", "location": "Denver HQ"},
    {"uuid": f"{LOBBY}.v1", "name": "Lobby", "zone": "America/Denver", "location": "Denver HQ"},
    {"uuid": f"{CANTEEN}.v0", "name": "Canteen", "zone": "Asia/Kathmandu", "location": "Depot"},
    {"uuid": "CCCCCCCCCCCCCCCCCCCCCA.v0", "name": "Yard", "zone": "UTC", "location": "Depot 2", "occupancy": False},
]


LESS = CAMERAS[:1]


@pytest.fixture
def site(tmp_path, start_fake):
    """A server with those cameras, and a configuration that has a key for it and no device."""
    return lambda cameras=CAMERAS, **named: Site(tmp_path, start_fake, cameras, **named)


class Site:
    def __init__(self, folder, start_fake, cameras=CAMERAS, key=KEY, options=(), **account):
        self.folder = folder / f"site{len(list(folder.iterdir()))}"
        self.folder.mkdir()
        (self.folder / "cameras.json").write_text(json.dumps(cameras))
        self.fake = start_fake("--devices", str(self.folder / "cameras.json"), *options)
        self.config = self.folder / "occupancyd.conf"
        self.key_file = self.folder / "api-key"
        self.key_file.touch(0o600)
        self.key_file.write_text(key + "\n")
        self.fragments = self.folder / "conf.d"
        self.fragments.mkdir()
        self.accounts({"name": "acme", **account})

    def accounts(self, *accounts, extra=""):
        every = [{"base_url": self.fake.url, "key_file": str(self.key_file), **account} for account in accounts]
        self.config.write_text(f"accounts = ( {', '.join(map(group, every))} );\n"
                               f"defaults = {{ timezone = \"UTC\"; timeout = \"2s\"; account = \"{accounts[0]['name']}\"; }};\n"
                               f"log = {{ directory = \"{self.folder}/log\"; }};\n"
                               f"state = {{ directory = \"{self.folder}/state\"; }};\n{extra}")

    def run(self, *options, env=None, users=False):
        command = [*WRAPPER, OCCUPANCYCTL, "discover", "-c", str(self.config), *options]
        done = subprocess.run(with_capabilities_of_users(command) if users else command, text=True, capture_output=True,
                              env={**os.environ, **(env or {})}, timeout=60 * SLOW)
        assert_clean(done.stderr)
        assert KEY not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    def json(self, *options):
        code, out, err = self.run("--json", *options)
        assert code in (0, 1), err
        return json.loads(out)

    def configure(self, text):
        (self.fragments / "cameras.conf").write_text(text)

    def devices(self, *devices):
        self.configure(f"devices = ( {', '.join(map(group, devices))} );\n")

    def taken_by_the_daemon(self, text):
        """What occupancyd makes of it in conf.d: name, site and zone of each UUID."""
        self.configure(text)
        daemon = [OCCUPANCYCTL.removesuffix("ctl") + "d", "-c", str(self.config)]
        done = subprocess.run([*daemon, "--check"], text=True, capture_output=True)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout

    def answer(self, path, *elements, **members):
        name = {ENABLED: "cameras", STATES: "cameraStates", LOCATIONS: "locations"}[path]
        self.fake.faults({"path": path, "body": json.dumps({name: list(elements), **members})})


def test_what_it_prints_is_taken_by_the_daemon(site):
    here = site()
    code, out, err = here.run()
    assert (code, err) == (0, "")
    assert f'  {{ uuid = "{LOBBY}.v0"; name = "Lobby"; site = "Denver HQ"; timezone = "America/Denver"; }},\n' in out
    # Two facets of a camera have its name, and the configuration wants two.
    assert f'  {{ uuid = "{LOBBY}.v1"; name = "Lobby v1"; site = "Denver HQ"; timezone = "America/Denver"; }},\n' in out
    assert f'  {{ uuid = "{CANTEEN}.v0"; name = "Canteen"; site = "Depot"; timezone = "Asia/Kathmandu"; }}\n' in out
    assert "Yard" not in out
    assert "acme: 3 devices need" in here.taken_by_the_daemon(out)

    # What is there already is not there twice.
    code, again, err = here.run()
    assert (code, err) == (0, "") and again.startswith("// By occupancyctl discover: 3 cameras with occupancy counting, 3 of")
    assert f'name = "Lobby v1"; site = "Denver HQ"; timezone = "America/Denver"; }}: configured at {here.fragments}/cameras.conf:4' in again
    (here.fragments / "more.conf").write_text(again)
    assert "acme: 3 devices need" in here.taken_by_the_daemon(out)
    assert here.run("--diff")[:2] == (0, "Same: 3 cameras with occupancy counting, as configured.\n")


def test_json(site):
    here = site()
    here.devices({"uuid": f"{LOBBY}.v0", "name": "lobby", "timezone": "Europe/Berlin", "site": "Denver HQ"})
    answer = here.json("--diff")
    lobby = {"uuid": f"{LOBBY}.v0", "name": "Lobby", "account": "acme", "site": "Denver HQ", "timezone": "America/Denver",
             "timezone_known": True, "pending": False, "configured": "lobby"}
    canteen = {**lobby, "uuid": f"{CANTEEN}.v0", "name": "Canteen", "site": "Depot", "timezone": "Asia/Kathmandu",
               "configured": None}
    assert answer == {
        "version": 1, "counting_known": True, "deleted": 0, "same": False,
        "cameras": [lobby, {**lobby, "uuid": f"{LOBBY}.v1", "configured": None}, canteen],
        "differences": [{"difference": "timezone", "uuid": f"{LOBBY}.v0", "name": "lobby", "configured": "Europe/Berlin",
                         "discovered": "America/Denver", "file": str(here.fragments / "cameras.conf"), "line": 1},
                        {"difference": "not configured", "uuid": f"{LOBBY}.v1", "name": "Lobby"},
                        {"difference": "not configured", "uuid": f"{CANTEEN}.v0", "name": "Canteen"}]}
    assert "differences" not in here.json() and "same" not in here.json()


GONE = {"uuid": "DDDDDDDDDDDDDDDDDDDDDA.v0", "name": "attic"}
KNOWN = [{"uuid": camera["uuid"], "name": f"room {number}", "timezone": camera["zone"], "site": camera["location"]}
         for number, camera in enumerate(CAMERAS[:3])]


@pytest.mark.parametrize("devices, lines, verdict", [
    (KNOWN, [], None),
    ([*KNOWN, {**KNOWN[0], "name": "daily", "interval": "DAILY"}], [], None),
    # Another name of the same zone, a site that is not set, a UUID without the facet that it has anyway.
    ([{**KNOWN[0], "timezone": "America/Shiprock" if os.path.exists("/usr/share/zoneinfo/America/Shiprock") else "America/Denver",
       "site": None, "uuid": LOBBY}, *KNOWN[1:]], [], None),
    (KNOWN[1:], [f"Lobby  {LOBBY}.v0  not configured"], "1 not configured"),
    ([*KNOWN, GONE], [f"attic  {GONE['uuid']}  configured, but there is no such camera with occupancy counting"], "1 gone"),
    ([*KNOWN, {"uuid": CAMERAS[3]["uuid"], "name": "yard"}],
     ["yard  CCCCCCCCCCCCCCCCCCCCCA.v0  configured, but there is no such camera with occupancy counting"], "1 gone"),
    ([{**KNOWN[0], "timezone": "Europe/Berlin"}, *KNOWN[1:]],
     [f'room 0  {LOBBY}.v0  time zone is "America/Denver", configured is "Europe/Berlin"'], "1 in another time zone"),
    ([KNOWN[0], {**KNOWN[1], "site": "hq"}, KNOWN[2]],
     [f'room 1  {LOBBY}.v1  location is "Denver HQ", configured is "hq"'], "1 at another location"),
    ([{**KNOWN[0], "site": "hq", "timezone": "UTC"}, GONE],
     [f'room 0  {LOBBY}.v0  time zone is "America/Denver", configured is "UTC"',
      f'room 0  {LOBBY}.v0  location is "Denver HQ", configured is "hq"',
      f"attic  {GONE['uuid']}  configured, but there is no such camera with occupancy counting",
      f"Lobby  {LOBBY}.v1  not configured", f"Canteen  {CANTEEN}.v0  not configured"],
     "1 gone, 2 not configured, 1 in another time zone, 1 at another location"),
    ([], [f"Lobby  {LOBBY}.v0  not configured", f"Lobby v1  {LOBBY}.v1  not configured", f"Canteen  {CANTEEN}.v0  not configured"],
     "3 not configured"),
])
def test_differences(site, devices, lines, verdict):
    here = site()
    here.devices(*devices)
    code, out, err = here.run("--diff")
    assert err == ""
    if verdict is None:
        assert (code, out) == (0, "Same: 3 cameras with occupancy counting, as configured.\n")
        return
    place = f"  {here.fragments}/cameras.conf:1"
    assert code == 1 and out.splitlines()[-1] == f"Different: {verdict}.", out
    assert [line.removesuffix(place) for line in out.splitlines()[:-1]] == lines
    assert all(line.endswith(place) != line.endswith("not configured") for line in out.splitlines()[:-1])


def test_none_and_three_thousand(site):
    here = site([])
    code, out, err = here.run()
    assert code == 0 and out == "// By occupancyctl discover: 0 cameras with occupancy counting, 0 of them configured already.\ndevices = (\n);\n"
    assert err == "occupancyctl: no camera has occupancy counting: define occupancy regions in the Rhombus Console\n"
    here.configure(out)
    assert here.run("--diff")[0] == 0

    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    many = [{"uuid": LOBBY[:20] + alphabet[n // 64] + alphabet[n % 64] + ".v0", "name": f"Room {n % 1000}", "zone": "America/Denver",
             "location": f"Floor {n % 7}"} for n in range(3000)]
    here = site(many, rate="10/s")
    code, out, err = here.run()
    assert (code, err) == (0, "") and out.count("{ uuid = ") == 3000
    assert "acme: 3000 devices need" in here.taken_by_the_daemon(out)
    assert here.run("--diff")[0] == 0


def test_two_accounts(site):
    here = site()
    here.fake.keys(add=[{"key": "other-key-0123456789", "org": "globex"}])
    other = here.folder / "other-key"
    other.touch(0o600)
    other.write_text("other-key-0123456789\n")
    here.accounts({"name": "acme"}, {"name": "globex", "key_file": str(other)})
    code, out, _ = here.run("--account", "globex")
    assert code == 0 and out.count('account = "globex"') == 3
    assert {entry["key"] for entry in here.fake.journal()} != {None} and len(here.fake.journal()) == 2
    # What both see is listed once.
    code, out, _ = here.run()
    assert code == 0 and out.count('account = "acme"') == 3 and "globex" not in out
    code, out, err = here.run("--account", "globx")
    assert (code, out) == (64, "") and 'there is no account "globx": did you mean "globex"?' in err


HOSTILE = ['a "quote" and \\', "a\nnewline \x1b[31mred", "*/ // # @include \"/etc/passwd\"", "x" * 65536, "  blanks  ", "", "=1+1",
           "\u202eright to left", "emoji \U0001f600", "<script>alert(1)</script>", "nul\0inside", "é" * 100, "\ud800"]


def test_hostile_names_are_inert(site):
    here = site([])
    cameras = [{"uuid": LOBBY[:21] + chr(ord("A") + n), "deviceUuid": LOBBY[:21] + chr(ord("A") + n) + ".v0", "name": name,
                "locationUuid": f"L{n}", "facetNameMap": {"v0": name}, "deleted": False, "pending": n == 1} for n, name in enumerate(HOSTILE)]
    here.fake.faults({"path": ENABLED, "body": json.dumps({"cameras": cameras})},
                     {"path": LOCATIONS, "body": json.dumps({"locations": [
                         {"uuid": f"L{n}", "name": name, "tz": ["America/Denver", name][n % 2]} for n, name in enumerate(HOSTILE)]})})
    code, out, err = here.run()
    assert code == 0, err
    assert not any(ord(c) < 32 and c != "\n" or ord(c) in (0x7f, 0x202e) for c in out)
    assert all(line.startswith(("//", "devices = (", "  {", "  //", ");")) for line in out.splitlines())
    assert f"acme: {len(HOSTILE)} devices need" in here.taken_by_the_daemon(out)
    code, diff, _ = here.run("--diff")
    assert code == 1 and "time zone" in diff and "not configured" not in diff and "gone" not in diff
    assert len(here.json()["cameras"]) == len(HOSTILE)


def test_zones_that_are_not_there(site):
    here = site([])
    cameras = [{"uuid": LOBBY[:21] + chr(ord("A") + n), "name": f"Room {n}", "locationUuid": where}
               for n, where in enumerate(["none", "null", "old", "mars", "lost", None, "within"])]
    here.fake.faults({"path": ENABLED, "body": json.dumps({"cameras": cameras})},
                     {"path": LOCATIONS, "body": json.dumps({"locations": [
                         {"uuid": "none", "name": "No zone"}, {"uuid": "null", "name": None, "tz": None},
                         {"uuid": "old", "name": "Panama", "tz": "EST"}, {"uuid": "mars", "name": "Mars", "tz": "Mars/Olympus"},
                         {"uuid": "top", "name": "Campus", "tz": "America/Denver", "subLocations": [{"uuid": "within"}]}]})})
    code, out, err = here.run()
    has_est = os.path.exists("/usr/share/zoneinfo/EST")
    assert code == 0
    assert err == f"occupancyctl: {5 if has_est else 6} cameras in the list have no time zone that can be used here: see the comments there\n"
    lines = out.splitlines()
    at = {n: next(i for i, line in enumerate(lines) if f'"Room {n}"' in line) for n in range(7)}
    for n in (0, 1, 4, 5):
        assert "timezone" not in lines[at[n]] and "Rhombus gives no time zone" in lines[at[n] - 1]
    assert ('timezone = "EST"' in lines[at[2]]) if has_est else ('timezone = "EST" cannot be used: ' in lines[at[2] - 1])
    assert 'timezone = "Mars/Olympus" cannot be used: ' in lines[at[3] - 1] and "timezone" not in lines[at[3]]
    assert 'site = "Campus"; timezone = "America/Denver"' in lines[at[6]]
    assert "acme: 7 devices need" in here.taken_by_the_daemon(out)
    # Without a zone of Rhombus's there is nothing to compare; one that is not known here is another one.
    differing = here.json("--diff")["differences"]
    assert [(d["name"], d["difference"]) for d in differing] == [("Room 2", "timezone")] * (not has_est) + [("Room 3", "timezone")]


@pytest.mark.parametrize("status", [403, 404])
def test_a_key_that_may_not_ask_for_counting_cameras(site, status):
    here = site()
    here.fake.faults({"path": ENABLED, "status": status})
    code, out, err = here.run()
    assert code == 0 and "which cameras count people cannot be read with this key: these are all cameras" in err
    assert out.startswith("// By occupancyctl discover: 4 cameras, 0 of them configured already.\n// Which of them count people "
                          "Rhombus did not say: remove those without an occupancy region.\n")
    assert "acme: 4 devices need" in here.taken_by_the_daemon(out)
    # Then nobody knows what is missing, only what is gone.
    here.devices(KNOWN[0], GONE)
    code, out, _ = here.run("--diff")
    assert code == 1 and out.endswith("cameras.conf:1\nDifferent: 1 gone.\n")
    here.devices({**KNOWN[0], "uuid": LOBBY + ".v7"})
    assert here.run("--diff")[0] == 1
    here.devices(KNOWN[0])
    assert here.run("--diff")[:2] == (0, "Same: 4 cameras in all, and what is configured is among them.\n")
    assert here.json()["counting_known"] is False
    # Facets that are not said may be any.
    here.fake.faults({"path": ENABLED, "status": status},
                     {"path": STATES, "body": json.dumps({"cameraStates": [{"uuid": LOBBY, "name": "Lobby", "supportedFacets": None},
                                                                           {"uuid": CANTEEN, "supportedFacets": ["a0"]}]})})
    here.devices({**KNOWN[0], "uuid": LOBBY + ".v7"}, {"uuid": CANTEEN, "name": "canteen"})
    assert here.run("--diff")[0] == 0


def test_a_key_that_may_not_ask_for_locations(site):
    here = site()
    here.fake.faults({"path": LOCATIONS, "status": 403})
    code, out, err = here.run()
    assert code == 0 and "acme: locations and their time zones cannot be read with this key (HTTP 403" in err
    assert "site" not in out and "timezone =" not in out and out.count("Rhombus gives no time zone") == 3
    here.taken_by_the_daemon(out)
    assert here.run("--diff")[0] == 0


# What the server does, what is said of it, and the exit code.  Nothing is printed.
REFUSALS = {
    "unknown key": ({"status": 401}, "refused to this key: HTTP 401", 77),
    "forbidden": ({"status": 403}, "refused to this key: HTTP 403", 77),
    "no such path": ({"status": 404}, "was not answered: HTTP 404", 69),
    "HTML": ({"html": "<html>Welcome</html>"}, "was not answered: the answer is not JSON", 69),
    "cut off": ({"cut": 20}, "was not answered: ", 69),
    "no object": ({"body": "[1]"}, "the answer is JSON, but not an object", 69),
    "no list": ({"body": "{}"}, "the answer has no ", 69),
    "no array": ({"body": '{"cameras":3,"cameraStates":3,"locations":3}'}, " is not an array", 69),
    "no objects": ({"body": '{"cameras":[3],"cameraStates":[3],"locations":[3]}'}, " is not an object", 69),
    "an error": ({"body": '{"error":true,"errorMsg":"asleep"}'}, "the server says: asleep", 69),
    "a part": ({"body": '{"cameras":[],"locations":[],"nextPageToken":"x"}'}, "nextPageToken says that there is more", 69),
    "too large": ({"body": '{"cameras":[],"locations":[]}', "oversize_bytes": 9 << 20}, "larger than 8 MiB", 69),
    "a redirect": ({"redirect": "http://127.0.0.1/"}, "HTTP 307", 69),
    "nested": ({"nested": 100}, "the answer is not JSON", 69),
    "an hour": ({"status": 429, "retry_after": "3600"}, "HTTP 429: Too many api requests", 69),
}


# Without locations it goes on where they are not for the key.
@pytest.mark.parametrize("first, what", [(first, what) for first in (LOCATIONS, ENABLED) for what in REFUSALS
                                         if (first, what) not in ((LOCATIONS, "forbidden"), (LOCATIONS, "no such path"))])
def test_no_answer_is_no_list(site, first, what):
    rule, text, expected = REFUSALS[what]
    here = site()
    rules = [{"path": first, **rule}] + [{"path": STATES, **rule}] * (rule.get("status") in (403, 404))
    here.fake.faults(*rules)
    for options in ([], ["--diff"], ["--json"]):
        code, out, err = here.run(*options)
        assert (code, out) == (expected, ""), err
        assert err.splitlines()[-1].startswith(f"occupancyctl: acme: {rules[-1]['path']}") and text in err, err


def test_trouble_that_passes(site):
    here = site()
    here.fake.faults({"path": LOCATIONS, "status": 503, "times": 1}, {"path": ENABLED, "status": 429, "retry_after": "2", "times": 1})
    begin = time.monotonic()
    code, out, err = here.run()
    assert code == 0 and out.count("{ uuid") == 3 and time.monotonic() - begin > 2.5
    assert "HTTP 503: " in err and "trying again in 1 s" in err and "HTTP 429" in err and "trying again in 2 s" in err
    here.fake.faults({"path": LOCATIONS, "status": 500})
    code, out, err = here.run()
    assert (code, out, err.count("trying again")) == (69, "", 2)
    assert [entry["status"] for entry in here.fake.journal()[-3:]] == [500] * 3


def test_a_server_that_is_not_there(site):
    here = site()
    here.fake.faults({"path": ENABLED, "hang": True})
    code, out, err = here.run()
    assert (code, out) == (69, "") and "timed out" in err.lower(), err
    here.accounts({"name": "acme", "base_url": f"http://127.0.0.1:{free_port()}"})
    code, out, err = here.run()
    assert (code, out) == (69, "") and "was not answered" in err and "connect" in err.lower(), err
    # It takes connections and says nothing of HTTP.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here.accounts({"name": "acme", "base_url": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        code, out, err = here.run()
        assert (code, out) == (69, ""), err


def test_the_key(site):
    here = site()
    here.fake.faults({"path": LOCATIONS, "status": 403, "body": f"the key {KEY} is not good"})
    assert here.run()[0] == 0  # run() looks for the key in all that is said
    here.fake.faults()
    # A credential's file lies beside the configuration, as the unit has it.
    here.accounts({"name": "acme", "key_file": "api-key"})
    assert here.run()[0] == 0
    # Or the credential is given.
    given = here.folder / "given"
    given.mkdir()
    shutil.move(here.key_file, given / "api-key")
    assert here.run(env={"CREDENTIALS_DIRECTORY": str(given)})[0] == 0
    code, out, err = here.run()
    assert (code, out) == (77, "") and f"api-key is a credential of the service, and {here.folder}/api-key, where it comes from, does not exist" in err
    shutil.move(given / "api-key", here.key_file)
    here.key_file.chmod(0o644)
    code, out, err = here.run()
    assert (code, out) == (77, "") and f"is accessible to other users (mode 644): run chmod go= {here.key_file}" in err
    here.key_file.chmod(0o000)
    code, out, err = here.run(users=True)
    assert (code, out) == (77, "") and "Permission denied" in err
    here.key_file.chmod(0o600)
    here.key_file.write_text("\n")
    code, out, err = here.run()
    assert (code, out) == (77, "") and "is empty" in err


# The system's own places, for this one process: the files of a unit, and what systemd has given to its service.
OF_THE_SYSTEM = """
set -e
mount -t tmpfs none /etc
mount -t tmpfs none /run
mkdir -p /etc/occupancyd /etc/systemd/system/occupancyd.service.d /run/credentials/occupancyd.service /run/secure
cp "$1" /etc/occupancyd/occupancyd.conf
if [ "$3" = given ]; then
    install -m 440 "$2" /run/credentials/occupancyd.service/api-key
    echo wrong-key > /run/credentials/occupancyd.service/api-key.old
elif [ "$3" = named ]; then
    install -m 600 "$2" /run/secure/key
    printf '[Service]\\nLoadCredential=api-key:/run/secure/key\\n' > /etc/systemd/system/occupancyd.service.d/key.conf
fi
shift 3
exec "$@"
"""


@pytest.mark.parametrize("where", ["given", "named", "nowhere"])
def test_the_key_of_the_service(site, where):
    here = site(LESS)
    here.accounts({"name": "acme", "key_file": "api-key"})
    command = with_mounts_of_its_own(OF_THE_SYSTEM, here.config, here.key_file, where)
    done = subprocess.run([*command, "ls", OCCUPANCYCTL], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"file systems, with the program in reach, cannot be mounted here: {done.stderr.strip()}")
    done = subprocess.run([*command, *WRAPPER, OCCUPANCYCTL, "discover"], text=True, capture_output=True, timeout=60 * SLOW)
    assert_clean(done.stderr)
    if where == "nowhere":
        assert (done.returncode, done.stdout) == (77, "")
        assert done.stderr == ("occupancyctl: acme: api-key is a credential of the service, and /etc/occupancyd/api-key, where it "
                               "comes from, does not exist\n")
    else:
        assert (done.returncode, done.stderr) == (0, "") and "Lobby" in done.stdout
        # Of another configuration the same name is another key.
        done = subprocess.run([*command, "sh", "-c", 'mkdir -p /run/occupancyd && cp /etc/occupancyd/occupancyd.conf /run/occupancyd && "$@"',
                               "sh", *WRAPPER, OCCUPANCYCTL, "discover", "-c", "/run/occupancyd/occupancyd.conf"], text=True, capture_output=True,
                              timeout=60 * SLOW)
        assert done.returncode == 77 and "/run/occupancyd/api-key, where it comes from, does not exist" in done.stderr


def test_what_a_user_gets_wrong_is_said(site):
    here = site()
    for arguments, code, text in [
            (["--nonsense"], 64, "there is no option --nonsense"),
            (["--account"], 64, "--account needs a value"),
            (["/var/log"], 64, "discover reads no log"),
            (["--room", "Lobby"], 64, "discover has no option --room: see occupancyctl discover --help"),
            (["--during=yesterday"], 64, "discover has no option --during: see"),
            (["-c", str(here.folder / "no.conf")], 78, "no.conf")]:
        done = here.run(*arguments)
        assert done[0] == code and text in done[2] and done[1] == "", done
    here.config.chmod(0)
    code, out, err = here.run(users=True)
    assert (code, out) == (77, "") and f"{here.config}: Permission denied" in err
    assert here.fake.journal() == []


def test_output_that_cannot_be_written_is_said(site):
    here = site()
    with open("/dev/full", "w") as full:
        done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "discover", "-c", str(here.config)], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=60 * SLOW)
    assert done.returncode == 74 and "No space left" in done.stderr
