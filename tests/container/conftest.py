# SPDX-License-Identifier: ISC

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "system"), str(TESTS / "service")]

from engine import Box, Engine, printed  # noqa: E402
from harness import KEY, Fake  # noqa: E402
from roots import Unavailable, need_machine  # noqa: E402


@pytest.fixture(scope="session")
def engine():
    """podman and a base; without them there is nothing to be shown."""
    try:
        need_machine("podman")
        found = Engine()
    except Unavailable as why:
        pytest.skip(f"no container can be run here: {why}")
    yield found
    found.close()


@pytest.fixture(scope="session")
def image(engine):
    """Built as the README prints it; what the package needs to be built is kept between runs."""
    command = printed("podman build")[1:]
    tag = command.index("occupancyd")
    stage = [*command[:tag], "occupancyd-package", "--target=package", *command[tag + 1:]]
    engine.must(*stage, timeout=1200)
    engine.must(*command, timeout=600)
    engine.podman("image", "prune", "--force")
    return "occupancyd"


@pytest.fixture
def clean(engine, image):
    yield
    engine.remove_containers()


@pytest.fixture
def fake(tmp_path):
    server = Fake(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def make_box(engine, clean, tmp_path):
    """A container that is configured; with a key also its secret."""
    def make(server, devices, key=KEY, **configuration):
        folder = tmp_path / "srv"
        folder.mkdir()
        box = Box(engine, folder, server, devices, **configuration)
        if key:
            box.secret(key)
        return box
    return make
