# SPDX-License-Identifier: ISC
"""All that the daemon does, under the unit's full sandbox; and who may read what."""

import pathlib
import re

import pytest

from container import CONFIG, LOG, UNIT
from harness import KEY, assert_complete, expected_records, parse_time, uuid_of
from nginx import Authority, Nginx, Proxy
from roots import ROOT

LOBBY = {"uuid": uuid_of(1), "name": "lobby"}
EXAMPLES = ROOT / "conf/examples/systemd"


@pytest.fixture(autouse=True)
def fresh(container):
    container.run("systemctl", "stop", UNIT)
    container.run("sh", "-c", "rm -rf /etc/systemd/system/occupancyd.service.d /etc/occupancyd/* "
                  "/var/log/occupancyd/* /var/lib/occupancyd/* /run/occupancyd/*; mkdir /etc/occupancyd/conf.d; "
                  "systemctl daemon-reload; systemctl reset-failed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"), "authority")


@pytest.fixture
def front(tmp_path, start_fake, authority):
    """nginx with TLS before a stand-in server, as a name that the container's DNS knows."""
    servers = []

    def start(host="rhombus.test", kind="DNS", **settings):
        behind = start_fake("--trust-proxy")
        servers.append(Nginx(tmp_path / f"nginx{len(servers)}", behind.url,
                             *authority.server(hosts=f"{kind}:{host}"), **settings))
        servers[-1].fake = behind
        servers[-1].url = f"https://{host}:{servers[-1].port}"
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def proxy():
    proxy = Proxy()
    yield proxy
    proxy.stop()


def use(container, example):
    """A drop-in of the examples, as the README tells to."""
    container.drop_in(example, (EXAMPLES / f"{example}.conf").read_text())


def assert_records(container):
    container.wait_for(lambda: len(container.records()) >= 8, 20, "records")
    container.wait_for_status("1 device ok")
    records = container.records()
    assert_complete(records, LOBBY["uuid"], expected_records(
        LOBBY["uuid"], "MINUTELY", "UTC", parse_time(records[0]["time"]), parse_time(records[-1]["end"])))


# The network

def test_own_ca_and_revocations_by_path_and_a_name_from_dns(container, front, authority):
    nginx = front()
    container.copy(authority.cert, "/etc/occupancyd/ca.pem")
    container.write("/etc/occupancyd/crl.pem", authority.revocations())
    container.configure(nginx.url, [LOBBY], key=KEY, account={"ca_file": "/etc/occupancyd/ca.pem",
                                                              "crl_file": "/etc/occupancyd/crl.pem"})
    container.restart()
    assert_records(container)
    assert nginx.requests()[0]["tls"] == "TLSv1.3"


def test_own_ca_in_the_system_store(container, front, authority):
    nginx = front()
    container.configure(nginx.url, [LOBBY], key=KEY)
    container.restart()
    container.wait_for(lambda: "certificate" in container.journal() and not nginx.fake.journal(), 30,
                       "the certificate to be refused")
    container.copy(authority.cert, "/usr/local/share/ca-certificates/own.crt")
    container.must("update-ca-certificates")
    container.restart()
    assert_records(container)
    container.must("rm", "/usr/local/share/ca-certificates/own.crt")
    container.must("update-ca-certificates", "--fresh")


def test_mutual_tls_with_credentials(container, front, authority):
    nginx = front(server=f"ssl_client_certificate {authority.cert}; ssl_verify_client optional;")
    cert, key = authority.issue("client", "extendedKeyUsage=clientAuth")
    container.copy(authority.cert, "/etc/occupancyd/ca.pem")
    container.copy(cert, "/etc/occupancyd/client-cert", 0o644)
    container.copy(key, "/etc/occupancyd/client-key", 0o600)
    use(container, "client-certificate")
    nginx.fake.keys(add=[{"key": "mutual-key-0000001", "scheme": "api"}])
    container.configure(nginx.url, [LOBBY], key="mutual-key-0000001",
                        account={"scheme": "api", "client_cert": "client-cert", "client_key": "client-key",
                                 "ca_file": "/etc/occupancyd/ca.pem"})
    container.restart()
    assert_records(container)
    assert {request["verify"] for request in nginx.requests()} == {"SUCCESS"}


def test_proxy(container, front, authority, proxy):
    nginx = front("127.0.0.1", "IP")
    container.copy(authority.cert, "/etc/occupancyd/ca.pem")
    container.configure(nginx.url, [LOBBY], key=KEY,
                        account={"ca_file": "/etc/occupancyd/ca.pem", "proxy": proxy.url})
    container.restart()
    assert_records(container)
    assert proxy.targets and set(proxy.targets) == {f"127.0.0.1:{nginx.port}"} and KEY.encode() not in proxy.wire


# Keys

def test_encrypted_credential(container, fake):
    container.configure(fake.url, [LOBBY])
    container.must("systemd-creds", "encrypt", "--with-key=host", "--name=api-key", "-",
                   "/etc/occupancyd/api-key.cred", input=KEY + "\n")
    assert KEY not in container.read("/etc/occupancyd/api-key.cred")
    use(container, "encrypted-key")
    container.restart()
    assert_records(container)


def test_second_account(container, fake, start_fake):
    other = start_fake(key="second-key-0000001")
    container.configure(fake.url, [LOBBY], key=KEY)
    container.write("/etc/occupancyd/eu-key", "second-key-0000001\n", 0o600)
    use(container, "second-account")
    container.write("/etc/occupancyd/conf.d/eu.conf",
                    f'accounts = ( {{ name = "eu"; base_url = "{other.url}"; key_file = "eu-key"; }} );\n'
                    f'devices = ( {{ uuid = "{uuid_of(2)}"; name = "canteen"; account = "eu"; }} );\n')
    container.must("sed", "-i", 's|name = "lobby";|name = "lobby"; account = "main";|', CONFIG)
    container.restart()
    container.wait_for(lambda: {r["account"] for r in container.records()} == {"main", "eu"}, 20, "both accounts")


def test_replaced_credential_and_a_restart(container, fake):
    container.configure(fake.url, [LOBBY], key=KEY)
    container.restart()
    assert_records(container)
    fake.keys(add=[{"key": "next-key-000000001"}], revoke=["key1"])
    container.write("/etc/occupancyd/api-key", "next-key-000000001\n", 0o600)
    # A device that is new is asked for at once.
    container.configure(fake.url, [LOBBY, {"uuid": uuid_of(2), "name": "canteen"}])
    container.systemctl("restart", UNIT)
    container.wait_for(lambda: {r["name"] for r in container.records()} == {"lobby", "canteen"}, 20, "records")


def test_key_that_another_program_renews(container, fake):
    """In the runtime directory, which outlives a restart."""
    container.configure(fake.url, [LOBBY], account={"key_file": "/run/occupancyd/main"})
    container.restart()
    container.wait_for_status("no usable key: /run/occupancyd/main cannot be opened")
    container.must("sh", "-c", "umask 077; cat > /run/occupancyd/new; chown occupancyd: /run/occupancyd/new; "
                   "mv /run/occupancyd/new /run/occupancyd/main", input=KEY)
    assert_records(container)
    container.systemctl("restart", UNIT)
    container.wait_for_status("1 device ok")


# The log

def test_rotation_compression_and_another_zone(container, fake):
    container.configure(fake.url, [LOBBY], key=KEY, defaults={"timezone": "Australia/Lord_Howe"})
    container.restart()
    container.wait_for(lambda: len(container.records()) >= 8, 20, "records")
    assert re.search(r"\+1[01]:[03]0$", container.records()[0]["local_time"])
    container.systemctl("kill", "-s", "USR1", UNIT)
    folder = container.root / LOG.lstrip("/")
    container.wait_for(lambda: list(folder.glob("occupancy-*.ndjson.gz")), 20, "a compressed log")
    assert len(container.records()) >= 8


def test_group_reads_the_log_and_nobody_reads_keys(container, fake):
    container.configure(fake.url, [LOBBY], key=KEY)
    container.restart()
    assert_records(container)
    container.must("useradd", "-m", "alice")
    container.must("useradd", "-m", "mallory")
    container.must("usermod", "-aG", "occupancyd", "alice")
    assert '"lobby"' in container.must("tail", "-n", "1", f"{LOG}/occupancy.ndjson", user="alice")
    assert "occupancyd.conf" in container.must("ls", "/etc/occupancyd", user="mallory")
    for path in (f"{LOG}/occupancy.ndjson", "/var/lib/occupancyd/checkpoint"):
        assert container.run("cat", path, user="mallory").code != 0, path
    for user in ("alice", "mallory"):
        for path in ("/etc/occupancyd/api-key", f"/run/credentials/{UNIT}/api-key"):
            said = container.run("cat", path, user=user)
            assert said.code != 0 and KEY not in said.out, (user, path)
        assert container.run("sh", "-c", f"echo >> {LOG}/occupancy.ndjson", user=user).code != 0
    # Nor does it stand where everybody can look.
    pid = container.show("MainPID")
    shown = container.must("sh", "-c", f"cat /proc/{pid}/cmdline /proc/{pid}/environ; systemctl show {UNIT}")
    assert KEY not in shown + container.journal()


def test_what_the_sandbox_forbids(container, fake):
    """By looking at the process: nothing to gain, nothing to write but its directories."""
    container.configure(fake.url, [LOBBY], key=KEY)
    container.restart()
    container.wait_for_status("1 device ok")
    pid = container.show("MainPID")
    status = container.must("cat", f"/proc/{pid}/status")
    for name, value in (("CapEff", "0000000000000000"), ("CapBnd", "0000000000000000"), ("NoNewPrivs", "1"),
                        ("Seccomp", "2")):
        assert re.search(rf"^{name}:\s+{value}$", status, re.M), status
    mounts = container.must("cat", f"/proc/{pid}/mounts").splitlines()
    writable = {line.split()[1] for line in mounts
                if "rw" in line.split()[3].split(",") and line.split()[2] in ("overlay", "ext4", "xfs", "btrfs")}
    # Below /run/host is what the container's manager has put there; the temporary directories are its own.
    writable = {path for path in writable if not path.startswith("/run/host/")}
    assert writable - {"/tmp", "/var/tmp"} == {"/var/log/occupancyd", "/var/lib/occupancyd"}


# Several sites

def test_fragments_and_a_reload(container, fake):
    container.configure(fake.url, [LOBBY], account={"name": "main"}, key=KEY)
    container.restart()
    assert_records(container)
    for name in ("20-south.conf",):
        container.copy(ROOT / "conf/examples/conf.d" / name, f"/etc/occupancyd/conf.d/{name}")
    container.systemctl("reload", UNIT)
    container.wait_for(lambda: {"south"} <= {r.get("site") for r in container.records()}, 20, "records of the south")
    container.must("rm", "/etc/occupancyd/conf.d/20-south.conf")
    container.systemctl("reload", UNIT)
    container.wait_for_status("1 device ok; backlog 0")


def test_instances_have_everything_of_their_own(container, start_fake):
    for number, site in enumerate(("north", "south"), 1):
        server = start_fake(key=f"key-of-{site}-00001")
        container.configure(server.url, [{"uuid": uuid_of(number), "name": f"{site} lobby", "site": site}],
                            key=f"key-of-{site}-00001", at=f"/etc/occupancyd/{site}")
    container.must("occupancyd", "-c", "/etc/occupancyd/north/occupancyd.conf", "--check")
    container.systemctl("enable", "--now", "occupancyd@north", "occupancyd@south")
    for site in ("north", "south"):
        unit = f"occupancyd@{site}.service"
        container.wait_for(lambda: len(container.records(f"{LOG}/{site}")) >= 8, 20, "records", unit)
        assert {r["site"] for r in container.records(f"{LOG}/{site}")} == {site}
        assert pathlib.Path(container.root / f"var/lib/occupancyd/{site}/checkpoint").exists()
        container.wait_for_status("1 device ok", unit=unit)
    container.write("/etc/occupancyd/north/conf.d/more.conf",
                    f'devices = ( {{ uuid = "{uuid_of(3)}"; name = "north canteen"; }} );\n')
    container.systemctl("reload", "occupancyd@north")
    container.wait_for_status("2 devices ok", unit="occupancyd@north.service")
    container.wait_for_status("1 device ok", unit="occupancyd@south.service")

    # The one without a name works beside them, and does not mind their directories in its own.
    container.configure(start_fake().url, [LOBBY], key=KEY)
    container.restart()
    assert_records(container)
    container.systemctl("stop", UNIT)
    assert len(container.records(f"{LOG}/north")) >= 8
    container.systemctl("disable", "--now", "occupancyd@north", "occupancyd@south")
