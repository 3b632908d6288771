# SPDX-License-Identifier: ISC
"""How a cluster begins, grows and ends, and what it makes of what does not fit: other logs, other device lists, two
nodes of one name, a store that has lost its data, answers that make no sense.
"""

import json
import shutil

import pytest

from etcd import b64
from harness import SLOW, dated, stays, uuid_of, wait_for
from nodes import LEASE, LONG, assert_same_lines, server_options

FAILOVER = LEASE + LONG
NO_LONGER = "acme: this node does not follow the cluster any more: "
UNAVAILABLE, BUSY, CONFIG = 69, 75, 78


def copy_of(node, target):
    """Another node's state and log, as the manual has it: the state first."""
    for name in ("state_folder", "log_folder"):
        shutil.rmtree(getattr(target, name))
        shutil.copytree(getattr(node, name), getattr(target, name))


def empty(node):
    for folder in (node.state_folder, node.log_folder):
        shutil.rmtree(folder)
        folder.mkdir()


# To a cluster and back.

def test_a_node_with_a_log_becomes_the_first_of_a_cluster(make_cluster):
    """The others begin where it is, or with a copy of what it has; later it goes on alone."""
    cluster = make_cluster(nodes=0)
    a = cluster.add("a", block=False)
    a.start()
    wait_for(lambda: len(a.records()) > 200, LONG, "records of a node alone")
    a.stop()
    alone = len(a.records())

    a.configure(block=True)
    a.start()
    cluster.wait_entries(10)
    b = cluster.add("b").start()
    a.stop()
    c = cluster.add("c")
    copy_of(a, c)
    a.start()
    c.start()
    cluster.wait_entries(10)
    cluster.assert_busy()
    heads = cluster.finish()
    cluster.assert_same(heads)
    for node, from_begin in ((a, True), (b, False), (c, True)):
        cluster.assert_whole(node, from_begin)
    lines = a.lines()["acme"]
    assert [entry for entry, _ in lines[:alone + 1]] == [0] * alone + [2], "entries of lines begin at 2"

    # Back.
    a.configure(block=False)
    code, _, stderr = a.run("--once")
    assert code not in (0, BUSY) and "left" in stderr, (code, stderr)
    before = len(lines)
    a.configure(block="left")
    assert a.run("--once")[0] == 0
    a.start()
    wait_for(lambda: len(a.records()) > before, 2 * LONG, "the next minute")
    a.stop()
    cluster.assert_whole(a)
    assert a.lines()["acme"][-1][0] == 0, "there is an entry in a line of a node that is alone"


def test_a_node_with_a_log_of_its_own_is_not_taken_in(make_cluster):
    """Nothing is done to that log, and the others go on."""
    cluster = make_cluster(nodes=1)
    stranger = cluster.add("b", block=False)
    assert stranger.run("--once", timeout=LONG)[0] == 0
    before = stranger.lines()
    cluster["a"].start()
    cluster.wait_entries(10)
    stranger.configure(block=True)
    stranger.start()
    stranger.wait_told(NO_LONGER + ".*not from this cluster")
    stranger.wait_status("acme: not followed any more: ")
    cluster.wait_entries(10)
    assert stranger.lines() == before
    stranger.stop()
    assert stranger.lines() == before

    # What it says to do.
    empty(stranger)
    stranger.start()
    cluster.assert_busy()
    heads = cluster.finish()
    cluster.assert_same(heads)
    cluster.assert_whole(cluster["a"])


@pytest.mark.long
def test_away_for_longer_than_entries_are_kept(make_cluster, start_fake):
    """It says which entries are gone and what to do; doing that, beside a node that runs, works."""
    cluster = make_cluster(devices=10, hours=20, rate=1000, defaults={"max_points": 1}, retention="1h")
    a, b, c = cluster.nodes
    a.configure(prefer=("acme",))
    cluster.start()
    cluster.wait_entries(5)
    c.stop()
    wait_for(lambda: cluster.head() > c.position() + 1200, 4 * LONG, "more entries than are removed at once")
    cluster.assert_busy()
    cluster.stop()

    # Two hours later.
    hours = 2
    late = start_fake(*server_options(), "--clock-offset-ms", str(hours * 3600000))
    cluster.server = late.url
    for node in cluster.nodes:
        node.configure()
    for node in (a, b):
        node.start(**dated(hours * 3600))
    first = f"{c.position() + 1:016x}"
    wait_for(lambda: cluster.get("head", "acme") and not cluster.get("log", "acme", first), 2 * LONG, "old entries to be removed")
    before = c.lines()
    c.start(**dated(hours * 3600))
    told = c.wait_told(NO_LONGER + r".*entries (\d+) to (\d+) are gone.*copy the state directory")
    assert int(told.group(1)) == before["acme"][-1][0] + 1 and int(told.group(2)) > int(told.group(1)), told.group()
    c.wait_status("acme: not followed any more: ")
    c.stop()
    assert c.lines() == before

    copy_of(b, c)
    c.start(**dated(hours * 3600))
    cluster.finish_and_check()


# What does not fit.

def test_two_nodes_of_one_name(make_cluster):
    """It is said, and nothing is recorded twice."""
    cluster = make_cluster(nodes=2)
    cluster.add("b")
    cluster.start()
    cluster.wait_entries(10)
    doubles = cluster.nodes[1:]
    for node in doubles:
        node.wait_told('another node of the cluster is called "b", too', FAILOVER)
        node.wait_status('another node of the cluster is called "b", too')
    for node in doubles:
        node.stop()
    cluster.wait_owner(timeout=FAILOVER)
    doubles[0].start()
    heads = cluster.finish(cluster.nodes[:2])
    cluster.check(heads, cluster.nodes[:2])


@pytest.mark.long
def test_other_lists_of_devices(make_cluster):
    """It is said; each log has all that is recorded, also of devices that the node does not know."""
    cluster = make_cluster(nodes=2)
    a, b = cluster.nodes
    a.configure(prefer=("acme",))
    b.configure(devices=cluster.devices[1:] + [{"uuid": uuid_of(999), "name": "lounge", "account": "acme"}])
    cluster.start()
    wait_for(lambda: cluster.owner() is a, FAILOVER, "node a to own the account")
    cluster.wait_entries(10)
    for node in cluster.nodes:
        node.wait_told("the nodes' devices differ: ")
        node.wait_status("the nodes' devices differ: ")
    heads = cluster.finish()
    cluster.assert_same(heads)
    devices = {record["device"] for record in b.records()}
    assert devices == {device["uuid"] for device in cluster.devices}


def test_a_device_stays_in_its_account(make_cluster):
    """Under another one no node asks for it, so that nothing is recorded twice, and that is said; a cluster that has
    begun anew, under another name, takes it there.
    """
    cluster = make_cluster(nodes=2, accounts=("acme", "emca"), devices=2).start()
    a, b = cluster.nodes
    cluster.wait_entries(5)
    cluster.wait_entries(5, "emca")
    moved, *others = cluster.devices
    device, refused = moved["uuid"], f"{moved['name']}: poll failed: the cluster has it in account \"acme\": "
    moved = {**moved, "account": "emca"}
    for node in cluster.nodes:
        node.configure(devices=[moved, *others])
        node.reload()
        cluster.wait_entries(3)
        cluster.wait_entries(3, "emca")
    cluster.wait_owner("emca").wait_told(refused)
    cluster.wait_owner("emca").wait_status(f"1 failing: {moved['name']} ")

    # Neither after a start, with the checkpoint or by the log alone.
    cluster.stop()
    ends = [node.last_ends()[device] for node in cluster.nodes]
    for with_checkpoint in (True, False):
        for node in cluster.nodes:
            if not with_checkpoint:
                (node.state_folder / "checkpoint").unlink()
            node.start()
        cluster.wait_owner("emca").wait_told(refused)
        cluster.wait_entries(3, "emca")
        assert [node.last_ends()[device] for node in cluster.nodes] == [max(ends)] * 2
        cluster.stop()
    cluster.assert_busy()

    first, other = sorted(cluster.nodes, key=lambda node: -node.position())
    first.configure(block="left")
    first.start()
    wait_for(lambda: first.last_ends()[device] > max(ends), LONG, "records of the device where it is now")
    first.stop()
    cluster.name, cluster.devices = "anew", [moved, *others]
    first.configure(block=True)
    other.configure()
    copy_of(first, other)
    cluster.start()
    cluster.wait_entries(5, "emca")
    heads = cluster.finish()
    lines = {node: node.lines() for node in cluster.nodes}
    for account, head in heads.items():
        assert_same_lines({node.name: since_alone(lines[node][account]) for node in cluster.nodes}, head, account)
    for node in cluster.nodes:
        cluster.assert_whole(node)


def test_plain_http_is_for_loopback_alone(make_cluster):
    cluster = make_cluster(nodes=1)
    node = cluster["a"]
    node.configure(endpoints=("http://192.0.2.1:2379",))
    code, stdout, stderr = node.run("--check")
    assert code == CONFIG and not stdout, (code, stdout, stderr)
    line = next(n for n, text in enumerate(node.config.read_text().splitlines(), 1) if "192.0.2.1" in text)
    assert f"{node.config}:{line}: " in stderr and "endpoints" in stderr, stderr


# --once

def test_once_leaves_an_account_to_its_owner(make_cluster):
    cluster = make_cluster(nodes=2)
    a, b = cluster.nodes
    a.start()
    cluster.wait_entries(5)
    code, _, stderr = b.run("--once", timeout=LONG)
    assert code == BUSY, (code, stderr)
    assert "another node of the cluster" in stderr, stderr
    a.stop()
    code, _, stderr = b.run("--once", timeout=2 * LONG)
    assert code == 0, (code, stderr)
    assert cluster.owner() is None and not cluster.get("owner", "acme"), "it has not let go of the account"
    a.start()
    cluster.finish_and_check(nodes=[a])
    assert b.run("--once", timeout=2 * LONG)[0] == 0
    cluster.assert_same({"acme": a.position()})


def test_once_without_a_store(make_cluster):
    cluster = make_cluster(nodes=1)
    node = cluster["a"]
    node.configure(endpoints=("http://127.0.0.1:1",))
    code, _, stderr = node.run("--once", timeout=2 * LONG)
    assert code == UNAVAILABLE and "127.0.0.1:1" in stderr, (code, stderr)
    assert not node.records() and not cluster.requests()


# What the store does.

NONSENSE = {
    "not found": {"status": 404},
    "bytes": {"garbage": True},
    "a page": {"html": True},
    "an empty object": {"status": 200, "body": "{}"},
    "a list": {"status": 200, "body": "[1, 2, 3]"},
    "numbers that are none": {"status": 200, "body": json.dumps({
        "header": {"cluster_id": "x", "revision": "y"}, "succeeded": True, "ID": "-1", "TTL": "z",
        "responses": [{"response_range": {"kvs": [{"key": "!", "value": "?"}], "count": "many"}}]})},
    "another place": {"redirect": "http://127.0.0.1:1/"},
    "an end without a byte": {"reset": "close"},
    "nothing": {"hang": True},
}


def test_answers_that_make_no_sense(make_cluster, start_fake):
    """Nothing is recorded from them, nobody is asked, and STATUS names the endpoint."""
    cluster = make_cluster(nodes=1)
    node, gateway = cluster["a"], start_fake()
    gateway.faults(NONSENSE["not found"])
    node.configure(endpoints=(gateway.url,))
    node.start()
    for what, fault in NONSENSE.items():
        gateway.faults(fault)
        before = len(gateway.journal())
        wait_for(lambda: len(gateway.journal()) > before + 2, LONG, f"{what}: three requests")
        wait_for(lambda: str(gateway.port) in node.status, LONG, f"{what}: STATUS to name the endpoint")
    assert not cluster.requests() and not node.records()
    node.stop()

    # With a good one behind it, it is only passed over.
    node.configure(endpoints=(gateway.url, *cluster.store.endpoints))
    gateway.faults({"garbage": True})
    node.start()
    cluster.wait_entries(10)
    cluster.assert_busy()
    node.configure(endpoints=tuple(cluster.store.endpoints))
    node.stop()
    node.start()
    cluster.finish_and_check()


def test_store_is_full(make_cluster, start_etcd):
    """etcd's space alarm: nothing is recorded until somebody has made room, and STATUS says so."""
    store = start_etcd(members=1, options=[f"--quota-backend-bytes={16 << 20}"])
    cluster = make_cluster(store=store).start()
    cluster.wait_entries(10)
    member, = store.members
    answers = [member.call("/v3/kv/put", {"key": b64(f"ballast/{i}"), "value": b64("x" * (1 << 20))}) for i in range(20)]
    assert "space" in str(answers[-1]), answers[-1]
    for node in cluster.nodes:
        node.wait_status(r"(?i)space")
    asked = cluster.requests()
    stays(lambda: cluster.requests() <= asked + 1, 2, "no request while nothing can be recorded")
    store.ctl("del", "--prefix", "ballast/")
    revision = json.loads(store.ctl("endpoint", "status", "-w", "json"))[0]["Status"]["header"]["revision"]
    store.ctl("compact", str(revision))
    store.ctl("defrag")
    store.ctl("alarm", "disarm")
    cluster.wait_entries(10, timeout=2 * LONG)
    cluster.assert_busy()
    cluster.finish_and_check()


def test_store_has_lost_its_data(make_cluster, start_etcd):
    """The nodes record nothing and say what to do; doing that works, and no log has a hole."""
    store = start_etcd(members=1)
    cluster = make_cluster(store=store).start()
    head = cluster.wait_entries(15)
    for node in cluster.nodes:
        cluster.wait_position(node, head)
    store.wipe()
    for node in cluster.nodes:
        node.wait_told(NO_LONGER + "the journal ends at")
        node.wait_status("acme: not followed any more: ")
    asked = cluster.requests()
    stays(lambda: cluster.requests() <= asked, 2 * SLOW, "no request while nothing can be recorded")
    cluster.stop()

    # The node that has most begins anew, the others with a copy of what it has.
    first, *others = sorted(cluster.nodes, key=lambda node: -node.position())
    first.configure(block="left")
    first.start()
    before = len(first.records())
    wait_for(lambda: len(first.records()) > before, LONG, "records of a node that is alone")
    first.stop()
    first.configure(block=True)
    for node in others:
        copy_of(first, node)
    for node in cluster.nodes:
        node.start()
    cluster.wait_owner(timeout=FAILOVER)
    cluster.wait_entries(5)
    cluster.assert_busy()
    heads = cluster.finish()
    for node in cluster.nodes:
        cluster.assert_whole(node)
    assert_same_lines({node.name: since_alone(node.lines()["acme"]) for node in cluster.nodes}, heads["acme"], "acme")


def since_alone(lines):
    """Those behind the last that have no entry: of the cluster that has begun anew."""
    return lines[max(number for number, (entry, _) in enumerate(lines) if entry == 0):]
