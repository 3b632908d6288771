# SPDX-License-Identifier: ISC
"""What the other tests stand on."""

import os
import pathlib
import signal
import subprocess

import pytest

from harness import dated, fast

SHARED = pathlib.Path("/dev/shm")
# A process that begins anew with the same number, at another time, and says which.
ANEW = 'touch "$0/faketime_shm_$$"; exec env "$@" sh -c "date -u +%Y; read rest"'
CLOCKS = [(dated("@2018-05-01 00:00:00"), "2018"), ({**fast(), "FAKETIME": "+8y x10"}, None)]


@pytest.mark.skipif(not os.access(SHARED, os.W_OK), reason=f"nothing can be left in {SHARED} here")
@pytest.mark.parametrize("clock, year", CLOCKS, ids=["dated", "fast"])
def test_clocks_meet_and_leave_nothing_of_another_process_with_the_number(clock, year):
    """What one that was killed left behind does not matter, and this one is killed, too."""
    process = subprocess.Popen(["sh", "-c", ANEW, str(SHARED), *(f"{name}={value}" for name, value in clock.items())],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    stale = SHARED / f"faketime_shm_{process.pid}"
    try:
        said = process.stdout.readline().strip()
        assert said == year or not year and int(said) > 2030, said
        assert list(SHARED.glob(f"*faketime*_{process.pid}")) == [stale]
    finally:
        process.kill()
        stderr = process.communicate()[1]
        stale.unlink(missing_ok=True)
    assert process.returncode == -signal.SIGKILL and not stderr, stderr
