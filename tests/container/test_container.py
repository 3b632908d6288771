# SPDX-License-Identifier: ISC
"""The image of conf/examples/container, run by the real podman as its README prints it."""

import os
import pathlib
import random
import re
import shutil
import time

import pytest

from engine import RECIPE, ROOT, printed
from harness import (KEY, assert_complete, assert_unique, expected_records, last_minute, parse_time, rfc3339,
                     uuid_of, wait_for)

LOBBY = [{"uuid": uuid_of(1), "name": "lobby"}]
CANTEEN = [{"uuid": uuid_of(2), "name": "canteen"}]
UID = 800


def has(box, count, name="lobby"):
    return lambda: len([record for record in box.records() if record["name"] == name]) >= count


# The image

def test_image_holds_the_program_and_no_systemd(engine, clean):
    def inside(*command):
        return engine.must("run", "--rm", "--entrypoint=", "occupancyd", *command)
    version = re.search(r"\((.*?)\)", (ROOT / "debian/changelog").read_text()).group(1)
    assert engine.must("run", "--rm", "occupancyd", "--version") == f"occupancyd {version}"
    assert inside("id", "-u", "-n") == "occupancyd"
    assert inside("id", "-u") == inside("id", "-g") == str(UID)
    packages = inside("dpkg-query", "-W", "-f", "${Package}\n").split()
    assert "occupancyd" in packages and "ca-certificates" in packages and "tzdata" in packages
    assert not {"systemd", "gcc", "make", "debhelper"} & set(packages)
    for volume in ("/var/log/occupancyd", "/var/lib/occupancyd"):
        assert inside("stat", "-c", "%U:%G %a", volume) == "occupancyd:occupancyd 750"


# Its life

def test_log_is_complete_over_kills(fake, make_box):
    """Killed at random moments of catching up and started again: each record once, none missing."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    begin = last_minute(time.time()) - 6 * 3600
    box = make_box(fake.url, LOBBY, account={"rate": "20/s", "burst": 1},
                   defaults={"backfill_from": rfc3339(begin), "max_points": 5}).start()
    for _ in range(6):
        time.sleep(dice.uniform(0.05, 0.8))
        box.kill()
        assert box.inspect("{{.State.ExitCode}}") == "137"
        box.again()
    end = last_minute(time.time())
    wait_for(lambda: any(parse_time(record["end"]) >= end for record in box.records()), 60, "the last minute")
    box.stop()
    records = box.records_at_rest()
    assert_unique(records)
    last = max(parse_time(record["end"]) for record in records)
    assert_complete(records, uuid_of(1), expected_records(uuid_of(1), "MINUTELY", "UTC", begin, last))


def test_confinement_is_what_the_options_ask_for(fake, make_box):
    box = make_box(fake.url, LOBBY).start()
    wait_for(has(box, 9), 20, "records")
    status = pathlib.Path(f"/proc/{box.inspect('{{.State.Pid}}')}/status").read_text()
    assert re.search(rf"^Uid:\s+{UID}\s+{UID}\s+{UID}\s+{UID}$", status, re.M)
    assert re.search(r"^CapEff:\s+0{16}$", status, re.M) and re.search(r"^CapBnd:\s+0{16}$", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    touched = box.engine.podman("exec", "--user", "0", box.name, "touch", "/etc/x")
    assert touched.code != 0 and "Read-only file system" in touched.err
    log = (box.log_folder / "occupancy.ndjson").stat()
    assert (log.st_uid, log.st_gid, log.st_mode & 0o777) == (UID, UID, 0o640)


def test_lines_are_plain_and_without_systemd_nothing_is_missed(fake, make_box):
    box = make_box(fake.url, LOBBY).start()
    wait_for(has(box, 9), 20, "records")
    said = box.said()
    assert re.fullmatch(r"occupancyd \S+: 1 device of 1 account, log in /var/log/occupancyd/occupancy.ndjson\n", said)
    environment = box.engine.must("exec", box.name, "env")
    assert "NOTIFY_SOCKET" not in environment and "CREDENTIALS_DIRECTORY=/run/secrets" in environment
    assert KEY not in environment


def test_signals(fake, make_box):
    """Reload, refused reload, rotation, end."""
    box = make_box(fake.url, LOBBY).start()
    wait_for(has(box, 9), 20, "records")
    reload = printed("podman kill --signal HUP")[1:]
    check = printed("podman exec")[1:]

    box.configure(fake.url, LOBBY + CANTEEN)
    assert box.engine.podman(*check).code == 0
    box.engine.must(*reload)
    wait_for(has(box, 9, "canteen"), 60, "records of the new device")

    whole = (box.folder / "etc/occupancyd.conf").read_text()
    (box.folder / "etc/occupancyd.conf").write_text(whole.replace("MINUTELY", "NEVERLY"))
    checked = box.engine.podman(*check)
    assert checked.code == 78 and "/etc/occupancyd/occupancyd.conf:" in checked.err, checked.err
    box.engine.must(*reload)
    wait_for(lambda: "NEVERLY" in box.said(), 10, "the refusal")
    assert box.is_running()

    box.signal("USR1")
    wait_for(lambda: "rotated" in box.said(), 10, "the rotation")
    box.stop()
    assert not re.search(r"^<\d>", box.said(), re.M)


def test_stops_by_itself_while_the_server_is_silent(fake, make_box):
    box = make_box(fake.url, LOBBY)
    fake.faults({"hang": True})
    box.start()
    wait_for(fake.journal, 10, "a request")
    box.stop()


def test_second_container_on_the_same_volumes_is_refused(fake, make_box):
    box = make_box(fake.url, LOBBY).start()
    wait_for(has(box, 9), 20, "records")
    words = [word for word in box.command("--rm") if word not in ("-d", "--name", "occupancyd")
             and not word.startswith("--restart")]
    second = box.engine.podman(*words, "occupancyd")
    assert second.code == 75, second.err
    assert "/var/lib/occupancyd: in use by another process (it holds /var/lib/occupancyd/lock)" in second.err


# Users and keys

def test_any_user_whose_volumes_these_are(fake, make_box):
    box = make_box(fake.url, LOBBY)
    folders = [box.folder / name for name in ("log", "state")]
    for path in folders:
        path.mkdir()
        os.chown(path, 1234, 1234)
    box.start("--user=1234:1234", "--secret=api-key,gid=1234,mode=0440",
              f"-v={folders[0]}:/var/log/occupancyd", f"-v={folders[1]}:/var/lib/occupancyd",
              without=("--secret", "-v=occupancyd-"))
    wait_for(has(box, 9), 20, "records")
    assert {path.stat().st_uid for folder in folders for path in folder.iterdir()} == {1234}
    box.stop()


ADVICE = f"define the secret with group {UID} and mode 0440"


@pytest.mark.parametrize("secret, said", [
    ("--secret=api-key", f"/run/secrets/api-key is accessible to other users (mode 444): {ADVICE}"),
    ("--secret=api-key,mode=0400", f"/run/secrets/api-key may not be read by this user: {ADVICE}"),
    ("--secret=api-key,target=other,gid=800,mode=0440",
     "/run/secrets/api-key is missing: give the container a secret named api-key"),
    (None, "/run/secrets/api-key is missing: give the container a secret named api-key"),
], ids=["0444", "0400", "other-name", "none"])
def test_key_that_cannot_be_used_is_told_with_advice(secret, said, fake, make_box):
    box = make_box(fake.url, LOBBY)
    box.start(*([secret] if secret else []), without=("--secret",))
    wait_for(lambda: said in box.said(), 10, said)
    assert box.is_running()
    checked = box.engine.podman(*printed("podman exec")[1:])
    assert checked.code == 78 and said in checked.err, checked.err
    assert fake.journal() == []

    # As advised.
    box.remove()
    box.start()
    wait_for(has(box, 9), 20, "records")


def test_new_key_arrives_where_the_directory_of_secrets_is_mounted(fake, make_box):
    """As Kubernetes replaces secrets: a link to a directory is made to point to another one."""
    box = make_box(fake.url, LOBBY, key=None)
    secrets = box.folder / "secrets"
    secrets.mkdir()

    def put(version, key):
        folder = secrets / version
        folder.mkdir()
        (folder / "api-key").write_text(key)
        (folder / "api-key").chmod(0o440)
        os.chown(folder / "api-key", 0, UID)
        (secrets / "..new").symlink_to(version)
        (secrets / "..new").rename(secrets / "..data")
    put("..1", "one-that-was-revoked")
    (secrets / "api-key").symlink_to("..data/api-key")
    box.start(f"-v={secrets}:/run/secrets:ro", without=("--secret",))
    wait_for(lambda: "put a valid key of this region into the secret api-key and create the container again"
             in box.said(), 10, "the refusal")
    put("..2", KEY)
    wait_for(has(box, 9), 20, "records")


# Compose

# podman-compose makes a bridge, but the stand-in server listens on this machine's loopback.
WITHOUT_BRIDGE = """#!/usr/bin/python3
import os, sys
words = sys.argv[1:]
if words[0] == "network":
    sys.exit(0)
at = [i for i, word in enumerate(words) if word.startswith("--net")]
words = [word for i, word in enumerate(words) if i not in at and (i - 1 not in at or "=" in words[i - 1])]
os.execvp("podman", ["podman", *words])
"""


def test_compose_file_brings_it_up(fake, make_box, engine):
    if not shutil.which("podman-compose"):
        pytest.skip("podman-compose is not installed")
    box = make_box(fake.url, LOBBY, key=None)
    shutil.copy(RECIPE / "compose.yaml", box.folder)
    key = box.folder / "api-key"
    key.write_text(KEY)
    key.chmod(0o440)
    os.chown(key, 0, UID)
    podman = box.folder / "podman"
    podman.write_text(WITHOUT_BRIDGE)
    podman.chmod(0o755)

    def compose(*words):
        done = engine.run("podman-compose", "--podman-path", podman, *words, folder=box.folder)
        assert done.code == 0, done.out + done.err
        return done.out + done.err
    said = compose("up", "-d")
    box.name = engine.must("ps", "--format", "{{.Names}}")
    assert "occupancyd" in box.name, said
    box.log_folder = box.where("/var/log/occupancyd")
    wait_for(has(box, 9), 20, "records")
    assert box.inspect("{{.HostConfig.ReadonlyRootfs}}") == "true"
    assert box.inspect("{{.HostConfig.RestartPolicy.Name}}") == "unless-stopped"
    status = pathlib.Path(f"/proc/{box.inspect('{{.State.Pid}}')}/status").read_text()
    assert re.search(r"^CapBnd:\s+0{16}$", status, re.M) and re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    compose("down")
    assert engine.must("ps", "-a", "--format", "{{.Names}}") == ""
