# SPDX-License-Identifier: ISC

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import net  # noqa: E402
import world  # noqa: E402

LACKS = net.lacks()
ROWS = []


@pytest.fixture
def make_world(tmp_path):
    if LACKS:
        pytest.skip(f"the trials of a cluster cannot run here: {LACKS}")
    worlds = []

    def make(**settings):
        worlds.append(world.World(tmp_path, **settings))
        return worlds[-1]
    yield make
    for one in worlds:
        one.end()


@pytest.fixture
def show(request):
    """Prints what a trial has shown, at once and once more in the end."""
    def row(sight):
        ROWS.append(sight.row(request.node.name.removeprefix("test_").replace("_", " ")))
        print(f"\n{ROWS[-1]}", flush=True)
    return row


def pytest_terminal_summary(terminalreporter):
    for row in ROWS:
        terminalreporter.write_line(row)
