# SPDX-License-Identifier: ISC
"""What the tests of clusters say of logs that are not the same."""

import pytest

from nodes import assert_same_lines


def lines(*entries):
    return [(entry, f"{entry} {text}".encode()) for entry, text in entries]


WHOLE = lines((0, "before"), (2, "a"), (2, "b"), (3, "c"), (4, "d"))


@pytest.mark.parametrize("other", [
    WHOLE, WHOLE[1:], WHOLE[3:], WHOLE + lines((5, "e")), [],
])
def test_logs_that_are_the_same(other):
    logs = {"a": WHOLE, **({"b": other} if other else {})}
    assert_same_lines(logs, 4, "acme")


@pytest.mark.parametrize("other, complaint", [
    (WHOLE[:-1], "ends at entry 3"),
    ([], "ends at entry 0"),
    (WHOLE[:2] + WHOLE[3:], "entry 2 of acme is not what others have"),
    (WHOLE[:3] + WHOLE[4:], "entry 2 is followed by entry 4"),
    (WHOLE[:4] + WHOLE[3:], "entry 3 of acme is not what others have"),
    (WHOLE + WHOLE[-2:], "entry 4 is followed by entry 3"),
    (WHOLE[:4] + WHOLE[:1] + WHOLE[4:], "entry 3 is followed by entry 0"),
    (WHOLE[:-1] + lines((4, "D")), "entry 4 of acme is not what others have"),
])
def test_logs_that_are_not(other, complaint):
    with pytest.raises(AssertionError, match=complaint):
        assert_same_lines({"a": WHOLE, "b": other}, 4, "acme")
