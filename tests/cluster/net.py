# SPDX-License-Identifier: ISC
"""Servers on one machine: network namespaces on a bridge, links that go down or lose what comes from one side,
and proxies that hold everything up for a while.  Needs root.
"""

import asyncio
import ctypes
import os
import shutil
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
# For all that is forwarded: a connection ends when one of its sides does.
LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()
SUBNET = "10.77.0"


def run(*command):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def lacks():
    """What keeps this machine from having network namespaces; nothing, if it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "iptables", "etcd"):
        if not shutil.which(program):
            return f"{program} is not installed"
    try:
        net = Net(1, "probe")
    except OSError as error:
        return str(error)
    net.end()
    return ""


class Net:
    """A bridge in a namespace of its own, and so many servers on it, numbered from 1; the tests are at number 254."""

    def __init__(self, servers, title=""):
        self.base = f"oc{os.getpid()}{title}"
        self.names = []
        self.servers = []
        try:
            self.make(servers)
        except OSError:
            self.end()
            raise

    def make(self, servers):
        self.add("switch")
        run("ip", "-n", self.name("switch"), "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", self.name("switch"), "address", "add", f"{SUBNET}.254/24", "dev", "bridge")
        run("ip", "-n", self.name("switch"), "link", "set", "bridge", "up")
        for n in range(1, servers + 1):
            self.add(n)
            run("ip", "link", "add", "eth0", "netns", self.name(n), "type", "veth", "peer", "name", f"port{n}", "netns",
                self.name("switch"))
            run("ip", "-n", self.name("switch"), "link", "set", f"port{n}", "master", "bridge", "up")
            run("ip", "-n", self.name(n), "address", "add", f"{self.address(n)}/24", "dev", "eth0")
            run("ip", "-n", self.name(n), "link", "set", "eth0", "up")

    def add(self, what):
        run("ip", "netns", "add", self.name(what))
        self.names.append(what)
        run("ip", "-n", self.name(what), "link", "set", "lo", "up")

    def name(self, what):
        return f"{self.base}-{what}"

    @staticmethod
    def address(n):
        return f"{SUBNET}.{n}"

    def inside(self, what):
        """The beginning of a command that is run there."""
        return ("nsenter", f"--net=/run/netns/{self.name(what)}")

    def end(self):
        for server in self.servers:
            LOOP.call_soon_threadsafe(server.close)
        for what in self.names:
            subprocess.run(["ip", "netns", "del", self.name(what)])

    # What happens to links.

    def link(self, n, up):
        run("ip", "-n", self.name("switch"), "link", "set", f"port{n}", "up" if up else "down")

    def drop(self, n, chain, on=True):
        """What comes in there (INPUT), or goes out (OUTPUT), is lost."""
        run(*self.inside(n), "iptables", "-w", "-A" if on else "-D", chain, "-i" if chain == "INPUT" else "-o", "eth0", "-j",
            "DROP")

    # Sockets that belong to a namespace, whoever uses them.

    def enter(self, what, work):
        """What the work returns, which a thread does there; None: where the tests are."""
        if what is None:
            return work()
        found = []

        def thread():
            with open(f"/run/netns/{self.name(what)}") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                    found.append(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                found.append(work())
            except OSError as error:
                found.append(error)
        thread = threading.Thread(target=thread)
        thread.start()
        thread.join()
        if isinstance(found[0], OSError):
            raise found[0]
        return found[0]

    def socket_in(self, what):
        made = self.enter(what, socket.socket)
        made.setblocking(False)
        return made

    def forward(self, what, listen, target_in, target, delay=0.0):
        """Whoever connects to an address in a namespace is connected to another in another (None: where the tests are).

        Everything comes later by the delay, in each direction.  Returns the address.
        """
        def bound():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(listen)
            return listener
        listener = self.enter(what, bound)
        listener.setblocking(False)
        listener.listen(128)

        async def serve(reader, writer):
            try:
                connection = self.socket_in(target_in)
                await LOOP.sock_connect(connection, target)
                far_reader, far_writer = await asyncio.open_connection(sock=connection)
            except OSError:
                writer.close()
                return
            await asyncio.gather(pump(reader, far_writer, delay), pump(far_reader, writer, delay))
        self.servers.append(asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, sock=listener), LOOP).result(10))
        return listener.getsockname()


async def pump(reader, writer, delay):
    """Each piece goes out when the delay is over, and does not hold up the next."""
    queue = asyncio.Queue()

    async def write():
        piece = b"x"
        try:
            while piece:
                at, piece = await queue.get()
                await asyncio.sleep(max(0, at - LOOP.time()))
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        writer.close()
    writing = asyncio.ensure_future(write())
    piece = b"x"
    while piece and not writing.done():
        try:
            piece = await reader.read(1 << 16)
        except OSError:
            piece = b""
        queue.put_nowait((LOOP.time() + delay, piece))
    await writing
