# SPDX-License-Identifier: ISC

import os
import pathlib
import shutil
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "system"), str(TESTS / "service")]

from place import Place, newcomer, unpack  # noqa: E402
from roots import Unavailable, machine_suite, need_machine  # noqa: E402

SUITE = os.environ.get("SUITE") or machine_suite()
BUILD = TESTS.parent / "build"


@pytest.fixture(scope="session")
def machine():
    """A Debian with an ordinary user, who has let `make deps` install what it wants."""
    try:
        need_machine()
        return newcomer(SUITE)
    except Unavailable as why:
        pytest.skip(f"no container can be made here: {why}")


@pytest.fixture(scope="session")
def folder(machine):
    """Room for containers: an overlay cannot lie on every file system."""
    path = machine[0].parent.parent / f"anywhere-{os.getpid()}"
    path.mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def built(folder, machine):
    """The user has built what was released; the layers, and what make said."""
    place = Place(folder / "built", machine)
    try:
        tarball, = BUILD.glob("occupancyd-*.tar.gz")
        unpack(place, tarball)
        said = place.as_user("make -j8 tests WERROR=1")
    finally:
        place.close()
    assert said.code == 0, said.out[-3000:]
    return place.layers, said.out


@pytest.fixture
def place(request, folder, built):
    """A machine on which it is built."""
    place = Place(folder / request.node.name, built[0])
    yield place
    place.close()
