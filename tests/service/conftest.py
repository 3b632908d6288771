# SPDX-License-Identifier: ISC

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from container import Container  # noqa: E402
from harness import Fake, wait_for  # noqa: E402
from roots import DNS, ROOT, Unavailable, booting_root, machine_suite, need_machine  # noqa: E402

SUITE = os.environ.get("SUITE") or machine_suite()
PACKAGES = ROOT / os.environ.get("PACKAGES", "build/deb")


@pytest.fixture(scope="session")
def package():
    found = list(PACKAGES.glob("occupancyd_*.deb"))
    assert len(found) == 1, f"expected one package in {PACKAGES}: make deb"
    return found[0]


@pytest.fixture(scope="session", autouse=True)
def machine(tmp_path_factory):
    """A root to start from and a name server; without them there is nothing to be shown."""
    folder = tmp_path_factory.mktemp("dns")
    try:
        need_machine("nsenter", "dnsmasq")
        root = booting_root(SUITE)
    except Unavailable as why:
        pytest.skip(f"no container can be made here: {why}")
    lock = open("/run/lock/occupancyd-service-tests", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time on a machine: all ask the same name server
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts",
         "--user=root", "--bind-interfaces", f"--listen-address={DNS}", "--address=/rhombus.test/127.0.0.1",
         f"--pid-file={folder}/pid", f"--log-facility={folder}/log"], stderr=subprocess.STDOUT)
    wait_for(lambda: (folder / "pid").exists() or server.poll() is not None, 10, "dnsmasq")
    assert server.poll() is None, (folder / "log").read_text()
    yield root
    server.terminate()
    server.wait(10)
    lock.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory, machine):
    """Room for containers: an overlay cannot lie on every file system."""
    path = machine.parent / f"run-{os.getpid()}"
    path.mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def boot(folder, name, lower):
    try:
        return Container(folder / name, lower)
    except Unavailable as why:
        pytest.skip(f"no container boots here: {why}")


@pytest.fixture(scope="module")
def bare(request, folder, machine):
    """A container without the package."""
    container = boot(folder, request.module.__name__, [machine])
    yield container
    container.close()


@pytest.fixture(scope="session")
def installed_layers(folder, machine, package):
    container = boot(folder, "installed", [machine])
    try:
        container.apt("update")
        container.install(package)
        container.power_off()
    finally:
        container.close()
    return container.tree.layers


@pytest.fixture(scope="module")
def container(request, folder, installed_layers):
    """A container with the package as it was just installed, for the tests of a module."""
    container = boot(folder, request.module.__name__, installed_layers)
    yield container
    container.close()


@pytest.fixture
def start_fake(tmp_path):
    servers = []

    def start(*options, **named):
        folder = tmp_path / f"fake{len(servers)}"
        folder.mkdir()
        servers.append(Fake(folder, *options, **named))
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def fake(start_fake):
    return start_fake()
