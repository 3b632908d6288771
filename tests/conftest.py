# SPDX-License-Identifier: ISC

MARKS = (
    "alone: measures time (a rate, a delay, memory over time), so nothing else may run beside it",
    "long: takes long, so it is begun before the others and nobody waits for it in the end",
)


def pytest_configure(config):
    for mark in MARKS:
        config.addinivalue_line("markers", mark)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.get_closest_marker("long"))
