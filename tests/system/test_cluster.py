# SPDX-License-Identifier: ISC
"""A cluster of real daemons on real etcd, and what happens to it: nodes and members of the store die, are held
up, are away, or have a full disk.  In the end each node's log is the same as the others', and holds each minute once.
"""

import re
import signal
import time

import pytest

from harness import stays, wait_for
from nodes import LEASE, LONG, by_entry, cut_at, read_bytes, synced_before
from test_disk import make_disk  # noqa: F401  (a fixture)

# A lost account goes on once its lease has ended and a node that does not prefer it has waited, and then some.
FAILOVER = LEASE + LONG


def test_each_node_has_the_whole_log(make_cluster):
    """One node asks, and all record."""
    cluster = make_cluster().start()
    owner = cluster.wait_owner()
    cluster.wait_entries(20)
    cluster.assert_busy()
    assert re.search(r"owner of acme \(entry \d+", owner.status), owner.status
    for node in cluster.followers():
        assert re.search(r"following acme, \d+ behind", node.status), node.status
    heads = cluster.finish()
    cluster.check(heads)
    asked = {entry["key"] for entry in cluster.fake.journal()}
    assert asked == {owner.name}, f"{owner.name} owns the account, and requests came from {asked}"


@pytest.mark.parametrize("accounts", [("acme", "eu")])
def test_each_account_has_an_owner_of_its_own(make_cluster, accounts):
    """The one that prefers it; and when that dies, its account alone goes elsewhere."""
    cluster = make_cluster(accounts=accounts, devices=3)
    a, b, c = cluster.nodes
    a.configure(prefer=("acme",))
    b.configure(prefer=("eu",))
    cluster.start()
    wait_for(lambda: cluster.owner("acme") is a and cluster.owner("eu") is b, FAILOVER, "each account where it is preferred")
    for account in accounts:
        cluster.wait_entries(10, account)
    a.kill()
    cluster.wait_owner("acme", other_than=[a], timeout=FAILOVER)
    assert cluster.owner("eu") is b, "the other account has moved, too"
    cluster.wait_entries(10, "acme")
    cluster.assert_busy()
    a.start()
    wait_for(lambda: cluster.owner("acme") is a, FAILOVER, "the account to go home")
    cluster.finish_and_check()


def test_owner_is_killed_and_another_goes_on(make_cluster):
    cluster = make_cluster().start()
    owner = cluster.wait_owner()
    cluster.wait_entries(10)
    owner.kill()
    heir = cluster.wait_owner(other_than=[owner], timeout=FAILOVER)
    cluster.wait_entries(10)
    cluster.assert_busy()
    assert heir.alive
    owner.start()
    cluster.finish_and_check()


def test_owner_that_was_held_up_comes_back_and_records_nothing_more(make_cluster):
    """It was stopped with requests under way, past the end of its lease; another has the account by then."""
    cluster = make_cluster(hours=16).start()
    owner = cluster.wait_owner()
    cluster.wait_entries(10)
    owner.pause()
    begin = time.monotonic()
    heir = cluster.wait_owner(other_than=[owner], timeout=FAILOVER)
    cluster.wait_entries(10)
    time.sleep(max(0, begin + 3 * LEASE - time.monotonic()))
    cluster.assert_busy()
    last = cluster.fake.journal()[-1]["seq"]
    owner.resume()
    cluster.wait_entries(10)
    cluster.wait_position(owner, cluster.head())
    assert cluster.owner() is heir
    assert not cluster.requests(owner.name, since=last), "it asked for an account that it no longer owns"
    cluster.finish_and_check()


@pytest.mark.parametrize("member", ["leader", "follower"])
def test_one_member_of_the_store_dies(make_cluster, start_etcd, member):
    store = start_etcd()
    cluster = make_cluster(store=store).start()
    cluster.wait_owner()
    cluster.wait_entries(10)
    killed = store.leader() if member == "leader" else next(one for one in store.members if one is not store.leader())
    killed.kill()
    cluster.wait_entries(20)
    cluster.assert_busy()
    killed.start()
    cluster.finish_and_check()


def test_the_whole_store_dies_and_comes_back(make_cluster, start_etcd):
    """Nothing is recorded meanwhile, which each node says, and all of it afterwards."""
    store = start_etcd()
    cluster = make_cluster(store=store).start()
    cluster.wait_owner()
    cluster.wait_entries(10)
    for member in store.members:
        member.kill()
    for node in cluster.nodes:
        node.wait_status("the cluster: .*" + "|".join(url.split("//")[1] for url in store.endpoints))
    time.sleep(LEASE)
    asked = cluster.requests()
    stays(lambda: cluster.requests() == asked, 2, "no request while nothing can be recorded")
    for member in store.members:
        member.start()
    cluster.wait_entries(10, timeout=2 * LONG)
    cluster.assert_busy()
    cluster.finish_and_check()
    for node in cluster.nodes:
        assert "is called" not in node.stderr(), "it took what it had announced before for another node's"


def test_member_of_the_store_is_held_up(make_cluster, start_etcd):
    """Its connections stay open, and no answer comes."""
    store = start_etcd()
    cluster = make_cluster(store=store).start()
    cluster.wait_owner()
    cluster.wait_entries(10)
    held = store.leader()
    held.pause()
    try:
        cluster.wait_entries(20, timeout=2 * LONG)
    finally:
        held.resume()
    cluster.finish_and_check()


def test_disk_of_a_follower_is_full(make_cluster, make_disk):  # noqa: F811
    """The others go on without it; once there is room it has all."""
    cluster = make_cluster()
    disk = make_disk("tmpfs")
    full = cluster["c"]
    full.move_to(disk.path)
    cluster["a"].configure(prefer=("acme",))
    cluster.start()
    assert cluster.wait_owner() is not full
    cluster.wait_entries(10)
    disk.fill()
    full.wait_status("cannot be written")
    cluster.wait_entries(20)
    cluster.assert_busy()
    disk.empty()
    cluster.finish_and_check()


def test_disk_of_the_owner_is_full(make_cluster, make_disk):  # noqa: F811
    """Another takes the account."""
    cluster = make_cluster()
    disk = make_disk("tmpfs")
    full = cluster["a"]
    full.move_to(disk.path)
    full.configure(prefer=("acme",))
    cluster.start()
    wait_for(lambda: cluster.owner() is full, FAILOVER, "node a to own the account")
    cluster.wait_entries(10)
    disk.fill()
    full.wait_status("cannot be written")
    cluster.wait_owner(other_than=[full], timeout=FAILOVER)
    cluster.wait_entries(20)
    cluster.assert_busy()
    disk.empty()
    cluster.finish_and_check()


def test_node_that_was_away_catches_up(make_cluster):
    """Stopped in order or not, for two days' worth of entries."""
    cluster = make_cluster()
    cluster["a"].configure(prefer=("acme",))
    cluster.start()
    cluster.wait_entries(5)
    cluster["b"].stop()
    cluster["c"].kill()
    cluster.wait_entries(30)
    for name in "bc":
        cluster[name].start()
    cluster.assert_busy()
    cluster.finish_and_check()


def test_entry_that_was_torn_is_there_once(make_cluster):
    """What of a follower's log its checkpoint has not counted is cut off: in a line, in an entry, between entries."""
    cluster = make_cluster()
    torn = cluster["c"]
    cluster["a"].configure(prefer=("acme",))
    cluster.start()
    wait_for(lambda: cluster.owner() is cluster["a"], FAILOVER, "node a to own the account")

    def in_a_line(lines):
        return sum(map(len, lines[-1:])) // 2

    def in_an_entry(lines):
        return sum(len(line) + 1 for line in lines[len(lines) // 2:])

    def between_entries(lines):
        return sum(len(line) + 1 for line in lines)

    def in_the_first_line(lines):
        return between_entries(lines) - 10

    for part in (in_a_line, in_an_entry, between_entries, in_the_first_line):
        position = torn.position()
        cluster.wait_position(torn, position + 8)
        torn.kill()
        path = torn.log_folder / "occupancy.ndjson"
        behind = path.read_bytes()[synced_before(torn):]
        whole = by_entry(torn.lines()["acme"])
        last = whole[max(whole)]
        size = part(last)
        if size > len(behind):
            # Its checkpoint has just been written: that one was lost in the power cut as well.
            (torn.state_folder / "checkpoint").unlink()
        cut_at(path, path.stat().st_size - size)
        torn.start()
    cluster.assert_busy()
    cluster.finish_and_check()


def test_account_goes_home_when_another_node_is_to_have_it(make_cluster):
    """By a reload of both; nothing is lost or asked for twice."""
    cluster = make_cluster()
    a, b, _ = cluster.nodes
    a.configure(prefer=("acme",))
    cluster.start()
    wait_for(lambda: cluster.owner() is a, FAILOVER, "node a to own the account")
    cluster.wait_entries(10)
    a.configure(prefer=())
    b.configure(prefer=("acme",))
    a.reload()
    b.reload()
    wait_for(lambda: cluster.owner() is b, FAILOVER, "node b to own the account")
    cluster.wait_entries(10)
    cluster.assert_busy()
    cluster.finish_and_check()


def test_a_stop_hands_the_account_over_at_once(make_cluster):
    """A node that ends in order does not let the others wait for the end of its lease."""
    cluster = make_cluster(lease=120).start()
    owner = cluster.wait_owner()
    cluster.wait_entries(10)
    owner.stop()
    begin = time.monotonic()
    cluster.wait_owner(other_than=[owner], timeout=0)
    assert time.monotonic() - begin < 100, "the others waited for the end of the lease"
    cluster.wait_entries(10)
    owner.start()
    cluster.finish_and_check()


def test_all_nodes_are_killed_at_once(make_cluster):
    cluster = make_cluster().start()
    cluster.wait_entries(15)
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        node.start()
    cluster.wait_entries(10)
    cluster.assert_busy()
    cluster.finish_and_check()


def test_logs_in_two_formats(make_cluster):
    """A node may keep its log as CSV: the same records, with the entries' numbers."""
    cluster = make_cluster()
    cluster["c"].configure(log={"format": "csv"})
    cluster.start()
    cluster.wait_entries(10)
    heads = cluster.finish(nodes=cluster.nodes)
    cluster.check(heads, nodes=cluster.nodes[:2])
    entries = []
    for path in cluster["c"].log_files():
        header, *lines = read_bytes(path).decode().splitlines()
        assert header.endswith(",entry"), f"{path}: {header}"
        entries += [int(line.rpartition(",")[2]) for line in lines]
    assert entries == [entry for entry, _ in cluster["a"].lines()["acme"] if entry <= entries[-1]], "other entries"


def test_signals_and_logrotate_are_of_one_node_alone(make_cluster):
    """Rotation is each node's own affair."""
    cluster = make_cluster(log={"rotate_size": "64MiB"})
    cluster.start()
    for _ in range(3):
        cluster.wait_position(cluster["b"], cluster.wait_entries(5))
        cluster["b"].signal(signal.SIGUSR1)
    heads = cluster.finish()
    cluster.check(heads)
    assert len(cluster["b"].log_files()) > 1, "b has not rotated its log"
    assert len(cluster["a"].log_files()) == 1, "a has rotated its log, though nobody told it to"
