# SPDX-License-Identifier: ISC
"""What is said of a node of a cluster: STATUS, the status document, occupancyctl status and metrics, with a real etcd."""

import json

import pytest

import etcd
from harness import occupancyctl, wait_for
from nodes import LONG
from test_status import document

pytestmark = pytest.mark.skipif(not etcd.is_here(), reason="etcd is not installed: etcd-server, etcd-client")


def start(node):
    folder = node.folder / "run"
    folder.mkdir(exist_ok=True)
    node.start(RUNTIME_DIRECTORY=str(folder))
    return folder / "status"


def ctl(node, command, *options):
    done = occupancyctl(command, "--config", node.config, "--socket", node.folder / "run/status", *options)
    return done.returncode, done.stdout + done.stderr


def test_an_owner_and_a_follower_say_what_they_are(make_cluster):
    cluster = make_cluster(nodes=2, devices=2, hours=1)
    a, b = cluster.nodes
    first, second = start(a), None
    a.wait_status(r"; owner of acme \(entry \d+\)$")
    second = start(b)
    b.wait_status(r"; following acme, 0 behind$")
    cluster.wait_caught_up()

    seen = wait_for(lambda: len((now := document(first))["cluster"]["nodes"]) == 2 and now, LONG, "both are seen")
    assert seen["cluster"]["node"] == "a" and seen["cluster"]["reached"] and seen["cluster"]["lease"] == "held"
    assert [node["name"] for node in seen["cluster"]["nodes"]] == ["a", "b"] and "differing" not in seen["cluster"]
    place = seen["accounts"][0]["cluster"]
    assert place["state"] == "owner" and place["owner"] == "a" and place["entry"] == place["head"] > 1

    # The devices of a follower are as fresh as its log, whoever asks for them.
    seen = wait_for(lambda: (now := document(second))["totals"]["fresh"] == 2 and now, LONG, "fresh")
    place = seen["accounts"][0]["cluster"]
    assert place["state"] == "following" and place["owner"] == "a" and place["entry"] > 1 and "reason" not in place
    assert seen["totals"]["backlog"] == 0 and seen["totals"]["requests"] == 0

    code, out = wait_for(lambda: (now := ctl(b, "status"))[0] == 0 and now, LONG, "all well")
    assert "node b, lease held; 2 nodes: a (" in out and "\nacme     following  a " in out, out
    code, out = ctl(b, "status", "--json")
    assert json.loads(out)["cluster"]["node"] == "b" and json.loads(out)["level"] == "OK" and code == 0
    for node, owns in (a, 1), (b, 0):
        out = ctl(node, "metrics")[1]
        assert f'occupancyd_cluster_account_owner{{cluster="{cluster.name}",account="acme"}} {owns}\n' in out
        assert f'occupancyd_cluster_nodes{{cluster="{cluster.name}"}} 2\n' in out
    cluster.stop([b, a])


def test_a_store_that_is_not_reached_is_a_warning_and_clears_at_once(make_cluster, start_etcd):
    store = start_etcd(members=1)
    cluster = make_cluster(store, nodes=1, devices=1, hours=1)
    node, = cluster.nodes
    path = start(node)
    node.wait_status(r"; owner of acme \(entry \d+\)$")
    store.members[0].kill()
    url = store.endpoints[0]
    node.wait_status(rf"^the cluster: .*{url}")
    wait_for(lambda: not document(path)["cluster"]["reached"], LONG, "the document")
    code, out = wait_for(lambda: "the cluster cannot be reached since" in (now := ctl(node, "status", "--nagios"))[1] and now, LONG,
                         "the warning")
    assert code == 1 and url in out, out
    assert ctl(node, "status", "--nagios", "-c", "1s")[0] == 2
    assert f'occupancyd_cluster_up{{cluster="{cluster.name}",node="a"}} 0\n' in ctl(node, "metrics")[1]

    store.start()
    node.wait_status(r"^(?!the cluster).*; owner of acme \(entry \d+\)$")
    node.wait_told("the cluster can be reached again")
    seen = document(path)["cluster"]
    assert seen["reached"] and "reason" not in seen and "since" not in seen
    assert "cannot be reached" not in ctl(node, "status")[1]
    node.stop()


def test_devices_that_differ_are_said(make_cluster):
    cluster = make_cluster(nodes=2, devices=2, hours=1)
    a, b = cluster.nodes
    b.configure(devices=cluster.devices[:1])
    cluster.start()
    a.wait_status(r"^the nodes' devices differ: b; ", 60 + LONG)
    b.wait_status(r"^the nodes' devices differ: a; ", 60 + LONG)
    a.wait_told("the nodes' devices differ: b: ")
    b.configure(devices=cluster.devices)
    b.reload()
    a.wait_status(r"^(?!the nodes)")
    a.wait_told("the nodes' devices are the same again")
    cluster.stop()
