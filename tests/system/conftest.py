# SPDX-License-Identifier: ISC

import contextlib
import os
import pathlib
import random
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import etcd  # noqa: E402
import harness  # noqa: E402
import nodes  # noqa: E402


@pytest.fixture
def dice():
    """Random numbers, different in each run; CRASH_SEED=N repeats a run."""
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"CRASH_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def fake(tmp_path):
    """A stand-in server without options."""
    server = harness.Fake(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def start_fake(tmp_path):
    """Starts stand-in servers with options."""
    servers = []

    def start(*options, **named):
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        servers.append(harness.Fake(folder, *options, **named))
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


def roomy(folder, stack):
    """Where many members of etcd find room, each of which takes 128 MB at once: there, or in /var/tmp until the stack ends."""
    if shutil.disk_usage(folder).free > 8 << 30:
        return folder
    return pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="occupancyd-etcd-", dir="/var/tmp")))


@pytest.fixture
def start_etcd(tmp_path):
    """Starts etcd, in a folder of its own, with the arguments of etcd.Store."""
    if not etcd.is_here():
        pytest.skip("no etcd: install etcd-server and etcd-client")
    stores = []
    with contextlib.ExitStack() as stack:
        def start(**named):
            stores.append(etcd.Store(roomy(tmp_path, stack) / f"etcd{len(stores)}", **named))
            return stores[-1]
        yield start
        for store in stores:
            store.stop()


@pytest.fixture
def make_daemon(tmp_path):
    """Makes daemons in folders of their own; ends those that the test leaves running."""
    daemons = []

    def make(server, devices, **named):
        folder = tmp_path / f"daemon{len(daemons)}"
        folder.mkdir()
        daemons.append(harness.Daemon(folder, server, devices, **named))
        return daemons[-1]
    yield make
    for daemon in daemons:
        daemon.kill()


@pytest.fixture(scope="session")
def common_etcd(tmp_path_factory):
    """One that tests share which do nothing to it; each has a cluster of another name there."""
    if not etcd.is_here():
        pytest.skip("no etcd: install etcd-server and etcd-client")
    with contextlib.ExitStack() as stack:
        store = etcd.Store(roomy(tmp_path_factory.mktemp("etcd"), stack) / "etcd", members=1)
        yield store
        store.stop()


@pytest.fixture
def make_cluster(tmp_path, start_fake, request):
    """Makes clusters with a server of their own, on a store or on the one that tests share; ends the nodes."""
    clusters = []

    def make(store=None, **settings):
        folder = tmp_path / f"cluster{len(clusters)}"
        folder.mkdir()
        store = store or request.getfixturevalue("common_etcd")
        clusters.append(nodes.Cluster(folder, store, start_fake(*nodes.server_options()), name=tmp_path.name, **settings))
        return clusters[-1]
    yield make
    for cluster in clusters:
        cluster.end()
