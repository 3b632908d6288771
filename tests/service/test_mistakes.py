# SPDX-License-Identifier: ISC
"""What an administrator sees of a mistake, in systemctl status and the journal: what it is
and what to do.  Nothing is started over and over."""

import time

import pytest

from container import CONFIG, UNIT
from harness import KEY, uuid_of

LOBBY = {"uuid": uuid_of(1), "name": "lobby"}


@pytest.fixture(autouse=True)
def no_restart_loop(container):
    container.run("systemctl", "reset-failed", UNIT)
    container.run("systemctl", "stop", UNIT)
    container.run("sh", "-c", "rm -rf /etc/occupancyd/api-key /etc/systemd/system/occupancyd.service.d "
                  "/var/log/occupancyd/* /var/lib/occupancyd/*; systemctl daemon-reload")
    yield
    if container.show("ActiveState") != "active":
        time.sleep(6)  # a restart would have come: RestartSec=5s
    assert container.show("NRestarts") == "0", container.journal()


def test_no_key(container, fake):
    container.configure(fake.url, [LOBBY])
    mark = container.journal_mark()
    container.restart()
    container.wait_for_status("main: no usable key: the credential api-key is empty")
    for shown in (container.status(), container.journal(since=mark)):
        assert "(as installed: /etc/occupancyd/api-key)" in shown and "restart the service" in shown
    assert "1 device waits" in container.status_text() and fake.journal() == []

    container.write("/etc/occupancyd/api-key", KEY + "\n", 0o600)
    container.restart()
    container.wait_for(lambda: container.records(), 20, "the first record")


def test_key_that_others_may_read(container, fake):
    container.configure(fake.url, [LOBBY], key=KEY)
    container.must("chmod", "644", "/etc/occupancyd/api-key")
    mark = container.journal_mark()
    container.restart()
    advice = "/etc/occupancyd/api-key is accessible to other users (mode 644): run chmod go= /etc/occupancyd/api-key"
    container.wait_for(lambda: container.records(), 20, "the first record")
    assert advice in container.journal(since=mark) and advice in container.status()
    assert advice in container.must("occupancyd", "--check")
    container.must("chmod", "go=", "/etc/occupancyd/api-key")
    assert "accessible to other users" not in container.must("occupancyd", "--check")


@pytest.mark.parametrize("owner, mode, said", [
    ("root", "600", "cannot be opened: Permission denied: this user may not read it: under systemd use a credential"),
    ("occupancyd", "640", "is accessible to other users (mode 640): run chmod go= /etc/occupancyd/main.key"),
])
def test_key_by_path_with_the_wrong_permissions(container, fake, owner, mode, said):
    """Healed without a restart."""
    container.configure(fake.url, [LOBBY], account={"key_file": "/etc/occupancyd/main.key"})
    container.write("/etc/occupancyd/main.key", KEY + "\n")
    container.must("chown", f"{owner}:{owner}", "/etc/occupancyd/main.key")
    container.must("chmod", mode, "/etc/occupancyd/main.key")
    mark = container.journal_mark()
    container.restart()
    container.wait_for_status(f"/etc/occupancyd/main.key {said}")
    assert said in container.journal(since=mark) and fake.journal() == []

    container.must("chown", "occupancyd:occupancyd", "/etc/occupancyd/main.key")
    container.must("chmod", "600", "/etc/occupancyd/main.key")
    container.wait_for(lambda: container.records(), 20, "the first record")
    container.wait_for_status("1 device ok")
    assert "key accepted after" in container.journal(since=mark)


def test_broken_configuration(container, fake):
    container.configure(fake.url, [LOBBY, {"uuid": "nonsense", "name": "canteen"}],
                        defaults={"intervall": "MINUTELY"}, key=KEY)
    mark = container.journal_mark()
    assert container.run("systemctl", "restart", UNIT).code != 0
    assert container.run("systemctl", "is-failed", UNIT).out == "failed\n"
    assert container.show("ExecMainStatus") == "78"
    for shown in (container.status(), container.journal(since=mark)):
        assert f"{CONFIG}:2: defaults.intervall: there is no such setting: did you mean interval?" in shown
        assert f"{CONFIG}:4: devices[1].uuid: canteen: \"nonsense\" is not a device" in shown


def test_wrong_key(container, fake):
    container.configure(fake.url, [LOBBY], key="another-key-0000001")
    mark = container.journal_mark()
    container.restart()
    container.wait_for_status("main: key refused (HTTP 401")
    said = container.journal(since=mark)
    assert ("put a valid key of this region into the file behind LoadCredential=api-key and restart the service"
            in said)
    assert "another-key-0000001" not in said


def test_unknown_device(container, fake):
    container.configure(fake.url, [LOBBY, {"uuid": "Z" * 21 + "A", "name": "canteen"}], key=KEY)
    fake.faults({"device": "Z" * 21 + "A", "status": 404, "body": '{"msg": "no such device"}'})
    mark = container.journal_mark()
    container.restart()
    container.wait_for_status("1 device ok, 1 failing: canteen (HTTP 404")
    assert "canteen: poll failed: HTTP 404" in container.journal(since=mark)
    container.wait_for(lambda: container.records(), 20, "the record of the other")


def test_nobody_there(container):
    container.configure("http://127.0.0.1:9", [LOBBY, {"uuid": uuid_of(2), "name": "canteen"}], key=KEY,
                        extra='retry = { base = "100ms"; cap = "1s"; };\n')
    mark = container.journal_mark()
    container.restart()
    container.wait_for_status("main: cannot be reached")
    assert "main: cannot be reached (" in container.journal(since=mark)


def test_missing_credential_of_a_drop_in(container, fake):
    """systemd itself refuses: 243."""
    container.configure(fake.url, [LOBBY], key=KEY)
    container.drop_in("eu", "[Service]\nLoadCredential=eu-key:/etc/occupancyd/eu-key\n")
    assert container.run("systemctl", "restart", UNIT).code != 0
    assert container.show("ExecMainStatus") == "243"
    assert "243/CREDENTIALS" in container.status()  # which credential, systemd 252 does not say
