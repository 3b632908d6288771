# SPDX-License-Identifier: ISC
"""What may happen to three servers: after each of these nothing that was acknowledged is lost, nothing is there
twice, and the logs of all nodes are the same.

CLUSTER_KILLS says how often what is done repeatedly is done (make check-cluster: 20 times; in continuous
integration fewer).  ETCD_NEXT is the path of a newer etcd, for an upgrade while all run.
"""

import os
import pathlib
import shutil
import time

import pytest

import harness
import nodes
from world import LONG

KILLS = int(os.environ.get("CLUSTER_KILLS", "20"))
# An account has changed hands after that at the latest, on a machine that has other things to do.
FAILOVER = nodes.LEASE + LONG
# Minutes of work that each second of a trial takes at most.
MINUTES_PER_SECOND = nodes.RATE * nodes.MAX_POINTS
DEVICES = 10


def hours_for(seconds):
    """So much lies behind at the start that there is work for so long."""
    return max(8, int(seconds * MINUTES_PER_SECOND / DEVICES / 60) + 1)


def world_for(make_world, seconds, **settings):
    return make_world(devices=DEVICES, hours=hours_for(seconds), **settings)


def test_owner_killed_again_and_again(make_world, show):
    world = world_for(make_world, 40 * KILLS).start()
    for _ in range(KILLS):
        owner = world.cluster.wait_owner()
        owner.kill()
        world.fail_over(owner, FAILOVER)
        owner.start()
        world.go_on(5)
    show(world.finish())


def test_server_of_the_owner_killed_again_and_again(make_world, show):
    """Its member of the store dies with it."""
    kills = max(2, KILLS // 4)
    world = world_for(make_world, 40 * kills).start()
    for _ in range(kills):
        owner = world.cluster.wait_owner()
        world.member(owner).kill()
        owner.kill()
        world.fail_over(owner, FAILOVER)
        world.member(owner).start()
        owner.start()
        world.store.wait_healthy()
        world.go_on(5)
    show(world.finish())


def test_leader_of_the_store_killed_again_and_again(make_world, show):
    world = world_for(make_world, 15 * KILLS).start()
    for _ in range(KILLS):
        leader = world.store.leader()
        leader.kill()
        world.go_on(5)
        leader.start()
        world.store.wait_healthy()
    show(world.finish())


def test_two_of_three_servers_killed(make_world, show):
    """Nothing is recorded without a majority; it goes on as soon as there is one."""
    world = world_for(make_world, 120).start()
    for _ in range(2):
        owner = world.cluster.wait_owner()
        killed = [owner, next(node for node in world.cluster.nodes if node is not owner)]
        for node in killed:
            world.member(node).kill()
            node.kill()
        time.sleep(2 * nodes.LEASE)
        head = world.witness.head
        time.sleep(2)
        assert world.witness.head == head, "there was no majority"
        for node in killed:
            world.member(node).start()
            node.start()
        world.store.wait_healthy()
        world.go_on(10, FAILOVER)
    show(world.finish())


def test_owner_and_member_held_up(make_world, show):
    """SIGSTOP for three leases: of the owner, of the store's leader, of both at once."""
    world = world_for(make_world, 150).start()
    owner = world.cluster.wait_owner()
    for of_owner, of_member in ((True, False), (False, True), (True, True)):
        owner, member = world.cluster.wait_owner(), world.store.leader()
        if of_member:
            member.pause()
        if of_owner:
            owner.pause()
        begin = time.monotonic()
        if of_owner:
            world.fail_over(owner, FAILOVER)
        world.go_on(10, FAILOVER)
        time.sleep(max(0, begin + 3 * nodes.LEASE - time.monotonic()))
        if of_owner:
            owner.resume()
        if of_member:
            member.resume()
        world.store.wait_healthy()
        world.go_on(10, FAILOVER)
    show(world.finish())


def test_link_of_the_owner_down(make_world, show):
    """It still reaches Rhombus, but nobody else: another goes on, and it records nothing."""
    world = world_for(make_world, 120).start()
    for _ in range(2):
        owner = world.cluster.wait_owner()
        world.net.link(world.number(owner), up=False)
        world.fail_over(owner, FAILOVER)
        last = world.fake.journal()[-1]["seq"]
        time.sleep(3)
        assert not world.cluster.requests(owner.name, since=last), "it asks though nobody hears of it"
        world.net.link(world.number(owner), up=True)
        world.store.wait_healthy()
        world.go_on(10, FAILOVER)
    show(world.finish())


@pytest.mark.parametrize("chain", ["INPUT", "OUTPUT"])
def test_one_way_drops(make_world, show, chain):
    """What comes to the owner's server is lost, so that it hears no answer to what is carried out; or what it sends."""
    world = world_for(make_world, 120).start()
    for _ in range(2):
        owner = world.cluster.wait_owner()
        world.net.drop(world.number(owner), chain)
        world.fail_over(owner, FAILOVER)
        world.go_on(10, FAILOVER)
        world.net.drop(world.number(owner), chain, on=False)
        world.store.wait_healthy()
        world.go_on(10, FAILOVER)
    show(world.finish())


def test_eighty_milliseconds_away(make_world, show):
    """Everything between servers takes 80 ms there and back; the owner is killed as well."""
    world = world_for(make_world, 120, delay=0.04).start()
    for _ in range(2):
        world.go_on(20)
        owner = world.cluster.wait_owner()
        owner.kill()
        world.fail_over(owner, FAILOVER)
        owner.start()
    show(world.finish())


def revive(world):
    """Members that have ended because they could not write are started again, as systemd does."""
    for member in world.store.members:
        if not member.is_running():
            member.start()
    world.store.wait_healthy()


def test_disk_of_one_server_full(make_world, show):
    """The owner's: its member and its node have no room."""
    world = world_for(make_world, 120, disks=300).start()
    owner = world.cluster.wait_owner()
    disk = world.disks[world.number(owner) - 1]
    disk.fill()
    world.fail_over(owner, FAILOVER)
    world.go_on(20, FAILOVER)
    disk.empty()
    revive(world)
    world.go_on(10, FAILOVER)
    show(world.finish())


def test_disks_of_all_servers_full(make_world, show):
    """Nothing can be recorded; all goes on when there is room."""
    world = world_for(make_world, 120, disks=300).start()
    for disk in world.disks:
        disk.fill()
    harness.settles(lambda: world.witness.head, 5, 120, "the head while all disks are full")
    for disk in world.disks:
        disk.empty()
    revive(world)
    world.go_on(20, 2 * FAILOVER)
    show(world.finish())


def test_power_cut_of_all_servers(make_world, show):
    """Of all disks only what was synced is left."""
    times = max(2, KILLS // 5)
    world = world_for(make_world, 60 * times, disks=300).start()
    for _ in range(times):
        world.go_on(15, FAILOVER)
        for disk in world.disks:
            disk.cut_power()
        for member, node in zip(world.store.members, world.cluster.nodes):
            member.kill()
            node.kill()
        for disk in world.disks:
            disk.replace()
        for member in world.store.members:
            member.start()
        world.store.wait_healthy()
        for node in world.cluster.nodes:
            node.start()
    world.go_on(10, FAILOVER)
    show(world.finish())


def test_clocks_step(make_world, show, tmp_path):
    """The owner's clock by an hour ahead and back, then a follower's.  Leases do not count by it."""
    world = world_for(make_world, 150)
    clocks = {}
    for node in world.cluster.nodes:
        clocks[node.name] = tmp_path / f"clock-{node.name}"
        clocks[node.name].write_text("+0")
        node.start(LD_PRELOAD=harness.FAKETIME_LIBRARY, FAKETIME_TIMESTAMP_FILE=str(clocks[node.name]),
                   FAKETIME_CACHE_DURATION="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
    world.watch()
    for of_owner in (True, False):
        owner = world.cluster.wait_owner()
        node = owner if of_owner else world.cluster.followers()[0]
        for step in ("+3600", "-3600", "+0"):
            replacement = tmp_path / "clock.new"
            replacement.write_text(step)
            replacement.rename(clocks[node.name])
            time.sleep(3)
            world.go_on(5, FAILOVER)
    show(world.finish())


def test_occupancyd_upgraded_while_all_run(make_world, show):
    """One node after the other, the owner last."""
    world = world_for(make_world, 60).start()
    for node in [*world.cluster.followers(), world.cluster.wait_owner()]:
        node.stop()
        node.start()
        world.go_on(5, FAILOVER)
    show(world.finish())


def test_etcd_upgraded_while_all_run(make_world, show):
    """One member after the other, to the etcd of ETCD_NEXT."""
    program = os.environ.get("ETCD_NEXT", "")
    if not shutil.which(program):
        pytest.skip("ETCD_NEXT does not name a newer etcd")
    world = world_for(make_world, 60).start()
    for member in world.store.members:
        member.stop()
        member.program = program
        member.start()
        world.store.wait_healthy()
        world.go_on(5, FAILOVER)
    show(world.finish())


def test_all_data_of_the_store_lost(make_world, show):
    """All nodes stop and say so; the one that has most is taken out of the cluster and back in, the others begin with its files."""
    world = world_for(make_world, 60).start()
    cluster = world.cluster
    world.go_on(20)
    for node in cluster.nodes:
        cluster.wait_position(node, 10)
    world.store.wipe()
    for node in cluster.nodes:
        node.wait_told("acme: this node does not follow the cluster any more: ")
    cluster.stop()
    first, *others = sorted(cluster.nodes, key=lambda node: -node.position())
    sight = world.close([first])
    first.configure(block="left")
    assert first.run("--once", timeout=4 * LONG)[0] == 0
    first.configure(block=True)
    for node in others:
        for name in ("state_folder", "log_folder"):
            target = pathlib.Path(getattr(node, name))
            shutil.rmtree(target)
            shutil.copytree(getattr(first, name), target)
    for node in cluster.nodes:
        node.start()
    cluster.wait_owner(timeout=FAILOVER)
    cluster.hurry()
    cluster.wait_caught_up()
    cluster.stop()
    for node in cluster.nodes:
        cluster.assert_whole(node)
    show(sight)
