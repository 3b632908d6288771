# SPDX-License-Identifier: ISC
"""The package occupancyd-cluster: an etcd by its unit, with certificates as occupancyd-cluster(7) says, and the daemon on it."""

import json
import re
import ssl
import urllib.error
import urllib.request

import pytest

from conftest import PACKAGES
from container import UNIT
from harness import KEY, uuid_of

ETCD = "occupancyd-etcd.service"
# Of loopback, which the container shares with this machine, and not where an etcd.service would listen.
ADDRESS = "127.9.9.1"
URL = f"https://{ADDRESS}:2379"
FILES = "/etc/occupancyd/cluster"
MAKE_NODES = "/usr/share/doc/occupancyd/examples/cluster/make-nodes"
CLUSTER = f"""
cluster = {{
  name = "hq"; node = "a"; lease = "5s";
  endpoints = ( "{URL}" );
  ca_file = "cluster-ca"; client_cert = "cluster-cert"; client_key = "cluster-key";
}};
"""


@pytest.fixture(scope="module")
def cluster_package():
    found = list(PACKAGES.glob("occupancyd-cluster_*.deb"))
    assert len(found) == 1, f"expected one package in {PACKAGES}: make deb"
    return found[0]


def etcdctl(container, *arguments):
    return container.must("sh", "-c", f'set -a; . {FILES}/etcd.env; exec etcdctl "$@"', "etcdctl", *arguments)


def ask(container, path, certificate=True):
    """An answer of etcd, over HTTPS."""
    context = ssl.create_default_context(cafile=container.root / "root/nodes/ca.crt")
    if certificate:
        context.load_cert_chain(container.root / "root/nodes/a/node.crt", container.root / "root/nodes/a/node.key")
    with urllib.request.urlopen(f"{URL}/{path}", context=context, timeout=10) as answer:
        return answer.read().decode()


def test_installed_it_changes_nothing(container, cluster_package):
    container.apt("update")
    container.apt("install", "--no-install-recommends", "etcd-client")
    mark, before = container.journal_mark(), container.show("MainPID")
    container.install(cluster_package)
    container.must("systemctl", "disable", "--now", "etcd")
    assert container.run("systemctl", "is-enabled", ETCD).out == "disabled\n"
    assert container.show("ActiveState", ETCD) == "inactive"
    assert container.show("MainPID") == before and "Stop" not in container.journal(since=mark)
    # Without the files it starts as well, and has them as empty credentials.
    container.restart()
    container.wait_for_status("no usable key")


def test_unit_is_in_order(container):
    assert container.must("systemd-analyze", "verify", "--man=no", ETCD) == ""
    out = container.must("systemd-analyze", "security", "--no-pager", ETCD)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", out).group(1))
    assert exposure <= 1.5, out
    print(f"exposure {exposure}")


def test_without_its_files_the_unit_says_what_is_missing(container):
    assert container.run("systemctl", "start", ETCD).code != 0
    assert f"{FILES}/etcd.env" in container.journal(ETCD) or "environment files" in container.journal(ETCD)
    container.run("systemctl", "stop", ETCD)


def test_the_manual_leads_to_an_etcd(container):
    container.must("sh", "-c", f"mkdir -p -m 700 /root/nodes && cd /root/nodes && sh {MAKE_NODES} a={ADDRESS}")
    container.must("sh", "-c", f"cp /root/nodes/a/* {FILES}")
    container.systemctl("enable", "--now", ETCD)
    container.wait_for(lambda: container.run("sh", "-c", f"set -a; . {FILES}/etcd.env; etcdctl endpoint health").code == 0,
                       60, "etcd to be healthy", ETCD)
    assert container.must("stat", "-c", "%U %a", "/var/lib/occupancyd-etcd") == "etcd 700\n"
    assert container.must("stat", "-c", "%U %a", f"{FILES}/node.key") == "root 600\n"
    metrics = ask(container, "metrics")
    assert re.search(r"^etcd_server_quota_backend_bytes 4.294967296e\+09$", metrics, re.M)
    assert re.search(r"^etcd_server_has_leader 1$", metrics, re.M)


def test_nobody_is_let_in_without_a_certificate(container):
    with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
        ask(container, "version", certificate=False)
    assert "etcdserver" in json.loads(ask(container, "version"))


def test_killed_it_comes_back_with_what_it_had(container):
    etcdctl(container, "put", "there", "still")
    before = container.show("MainPID", ETCD)
    container.systemctl("kill", "-s", "KILL", ETCD)
    container.wait_for(lambda: container.show("MainPID", ETCD) not in ("0", before), 30, "another etcd", ETCD)
    container.wait_for(lambda: container.run("sh", "-c", f"set -a; . {FILES}/etcd.env; etcdctl endpoint health").code == 0,
                       60, "etcd to be healthy", ETCD)
    assert "still" in etcdctl(container, "get", "there")


def test_the_daemon_records_by_way_of_it(container, fake):
    container.configure(fake.url, [{"uuid": uuid_of(1), "name": "lobby"}], key=KEY, extra=CLUSTER)
    container.restart()
    container.wait_for(lambda: len(container.records()) >= 8, 60, "records")
    assert all(record["entry"] for record in container.records())
    container.wait_for_status("owner of main", 60)
    assert "occupancyd/hq/log/main/" in etcdctl(container, "get", "--prefix", "--keys-only", "occupancyd/hq/")


def test_without_etcd_it_says_so_and_catches_up_afterwards(container, fake):
    container.configure(fake.url, [{"uuid": uuid_of(1), "name": "lobby"}], key=KEY, extra=CLUSTER)
    container.restart()
    container.wait_for_status("owner of main", 60)
    container.systemctl("stop", ETCD)
    container.wait_for_status(ADDRESS, 90)
    container.systemctl("start", ETCD)
    container.wait_for_status("owner of main", 90)


def test_removed_it_is_stopped_and_purged_it_is_gone(container):
    container.apt("remove", "occupancyd-cluster")
    assert container.show("MainPID", ETCD) == "0"
    assert container.run("test", "-e", "/var/lib/occupancyd-etcd/member").code == 0
    container.apt("purge", "occupancyd-cluster")
    for path in ("/var/lib/occupancyd-etcd", FILES):
        assert container.run("test", "-e", path).code != 0, path
    assert container.run("test", "-e", "/etc/occupancyd/occupancyd.conf").code == 0
