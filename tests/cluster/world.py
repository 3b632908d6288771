# SPDX-License-Identifier: ISC
"""Three servers, each with a member of etcd and a node of a cluster, in network namespaces; they speak TLS with
certificates on both sides.  The stand-in for Rhombus is reached from each at its own loopback, so that a server that
is cut off from the others can still ask.
"""

import fcntl
import os
import pathlib
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE)]
import etcd  # noqa: E402
import harness  # noqa: E402
import net  # noqa: E402
import nodes  # noqa: E402
from witness import Sight, Witness  # noqa: E402

LONG = nodes.LONG
# Where a server finds another if what they say to each other is held up: at an address of the switch.
HELD_UP = 100
SHUT_DOWN, WITHOUT_LOG_FLUSH = 0x8004587d, 2  # FS_IOC_SHUTDOWN


class Disk:
    """A file system of a server, in a file: ext4."""

    def __init__(self, folder, mebibytes):
        self.path, self.image = folder / "disk", folder / "disk.img"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(mebibytes << 20)
        net.run("mkfs.ext4", "-q", "-m", "0", self.image)
        self.mount()

    def mount(self):
        net.run("mount", "-o", "loop", self.image, self.path)

    def replace(self):
        """By a copy, as it is: whoever else has it mounted, a container that was begun meanwhile, keeps the one from before."""
        net.run("umount", self.path)
        copy = self.image.with_suffix(".copy")
        net.run("cp", "--sparse=always", self.image, copy)
        copy.replace(self.image)
        self.mount()

    def fill(self):
        with open(self.path / "ballast", "ab", buffering=0) as file:
            for piece in (1 << 16, 1 << 9, 1):
                try:
                    while True:
                        file.write(bytes(piece))
                except OSError:
                    pass

    def empty(self):
        (self.path / "ballast").unlink(missing_ok=True)

    def cut_power(self):
        """From now on nothing reaches the disk any more, not even what the file system itself has in memory."""
        folder = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(folder, SHUT_DOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
        os.close(folder)


class Members(etcd.Store):
    """One on each server, with its data in a folder of the server's; folders[0] is that of number 1."""

    def __init__(self, folder, network, folders, delay):
        self.net, self.folders, self.delay = network, folders, delay
        self.numbers = range(1, len(folders) + 1)
        self.placed = False
        super().__init__(folder, tls=True, hosts=[network.address(n) for n in self.numbers],
                         within=[network.inside(n) for n in self.numbers])

    def start(self):
        if not self.placed:
            self.placed = True
            for n, member in zip(self.numbers, self.members):
                self.place(n, member)
        super().start()

    def place(self, n, member):
        member.data = self.folders[n - 1] / "etcd"
        address = (self.net.address(n), port_of(member.url))
        reach = self.net.forward(None, ("127.0.0.1", 0), "switch", address)
        member.reach = f"https://127.0.0.1:{reach[1]}"
        if self.delay:
            seen = self.net.address(n + HELD_UP)
            net.run("ip", "-n", self.net.name("switch"), "address", "add", f"{seen}/24", "dev", "bridge")
            for url in (member.url, member.peer_url):
                self.net.forward("switch", (seen, port_of(url)), "switch", (address[0], port_of(url)), self.delay)
            member.peer_seen = member.peer_url.replace(address[0], seen)
            member.cert, member.key = self.authority.server(f"{member.name}-seen",
                                                             f"IP:{address[0]},IP:{seen},IP:{self.net.address(254)},IP:127.0.0.1")

    def seen_from(self, n, m):
        """The URL at which a server finds another's member."""
        url = self.members[m - 1].url
        return url.replace(self.net.address(m), self.net.address(m + HELD_UP)) if self.delay and n != m else url


def port_of(url):
    return int(url.rpartition(":")[2])


class World:
    """All of it.  delay: seconds by which everything between servers comes later, in each direction."""

    def __init__(self, folder, servers=3, delay=0.0, disks=0, **settings):
        self.folder = folder
        self.disks, self.store, self.cluster, self.fake, self.witness = [], None, None, None, None
        self.net = net.Net(servers)
        try:
            self.make(servers, delay, disks, settings)
        except BaseException:
            self.end()
            raise

    def make(self, servers, delay, disks, settings):
        numbers = range(1, servers + 1)
        folders = []
        for n in numbers:
            place = self.folder / f"server{n}"
            place.mkdir()
            if disks:
                self.disks.append(Disk(place, disks))
            folders.append(self.disks[-1].path if disks else place)
        self.store = Members(self.folder / "etcd", self.net, folders, delay)
        self.fake = harness.Fake(self.folder, *nodes.server_options())
        self.cluster = nodes.Cluster(self.folder, self.store, self.fake, nodes=servers, **{
            "ca_file": str(self.store.authority.cert), "client_cert": str(self.store.client_cert),
            "client_key": str(self.store.client_key), **settings})
        for n, node in zip(numbers, self.cluster.nodes):
            node.inside = self.net.inside(n)
            node.move_to(folders[n - 1])
            # Its own member first.
            node.configure(endpoints=[self.store.seen_from(n, m) for m in sorted(numbers, key=lambda m, n=n: m != n)])
            self.net.forward(n, ("127.0.0.1", self.fake.port), None, ("127.0.0.1", self.fake.port))

    def start(self, **environment):
        self.cluster.start(**environment)
        return self.watch()

    def watch(self):
        """From now on, since an account has an owner."""
        self.cluster.wait_owner()
        self.witness = Witness(self.cluster)
        self.go_on(5)
        self.begin = time.monotonic()
        return self

    def number(self, node):
        """Of the server that it is on."""
        return self.cluster.nodes.index(node) + 1

    def member(self, node):
        return self.store.members[self.number(node) - 1]

    def fail_over(self, owner, timeout=LONG):
        """Waits until another goes on; what that took from now on is among the trial's failovers.  Returns the other."""
        begin = time.monotonic()
        heir = self.cluster.wait_owner(other_than=[owner], timeout=timeout)
        head = self.witness.head
        harness.wait_for(lambda: self.witness.head > head, timeout, f"node {heir.name} to record something")
        self.witness.failovers.append(time.monotonic() - begin)
        return heir

    def go_on(self, entries=20, timeout=LONG):
        """The trial waits until so much more is recorded."""
        head = self.witness.head
        harness.wait_for(lambda: self.witness.head >= head + entries, timeout,
                         f"{entries} entries beyond {head} (it is {self.witness.head})")

    def close(self, among=None):
        """The end of what is measured.  Returns what has been shown so far, from logs that have it all."""
        pause = self.witness.longest_pause(self.begin, time.monotonic())
        self.witness.stop()
        logs = {node.name: node.lines()[self.witness.account] for node in among or self.cluster.nodes}
        return Sight(*self.witness.judge(logs), pause, self.witness.failovers)

    def finish(self):
        """Everything is brought up, and in the end all must be everywhere.  Returns what the trial has shown."""
        pause = self.witness.longest_pause(self.begin, time.monotonic())
        self.store.start()
        for node in self.cluster.nodes:
            if not node.alive:
                node.start()
        self.cluster.assert_busy()
        heads = self.cluster.finish()
        sight = self.close()
        sight.pause = pause
        self.cluster.check(heads)
        assert not sight.lost and not sight.doubled, sight
        return sight

    def end(self):
        if self.witness:
            self.witness.stop()
        if self.cluster:
            self.cluster.end()
        if self.store:
            self.store.stop()
        if self.fake:
            self.fake.process.terminate()
            self.fake.process.wait()
        for disk in self.disks:
            subprocess.run(["umount", "-l", str(disk.path)], capture_output=True)
        self.net.end()
