# SPDX-License-Identifier: ISC
"""rsyslog's imfile follows the log over rotations, as occupancy-log(5) says how: nothing is lost."""

import json
import shutil
import subprocess

import pytest

from busy import Busy
from harness import wait_for

RSYSLOGD = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
SAMPLE = """\
global(workDirectory="{work}" maxMessageSize="64k")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" tag="occupancy" reopenOnTruncate="on"
      file="{log}/occupancy*.ndjson")
template(name="line" type="string" string="%rawmsg%\\n")
action(type="omfile" file="{out}" template="line")
"""


@pytest.mark.skipif(not RSYSLOGD, reason="no rsyslogd here")
def test_rsyslog_loses_nothing_over_rotations(fake, make_daemon, tmp_path):
    busy = Busy(fake, make_daemon, hours=6, rate=4)
    busy.write(log={"delaycompress": True})
    work, out = tmp_path / "rsyslog", tmp_path / "shipped"
    work.mkdir()
    config = tmp_path / "rsyslog.conf"
    config.write_text(SAMPLE.format(work=work, log=busy.daemon.log_folder, out=out))
    process = subprocess.Popen([RSYSLOGD, "-n", "-f", str(config), "-i", str(tmp_path / "pid")],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: (tmp_path / "pid").exists(), 20, "rsyslogd")
        daemon = busy.daemon.start()
        wait_for(lambda: len(list(daemon.log_folder.glob("occupancy-*.gz"))) >= 3, 60, "three compressed files")
        daemon.stop()
        records = busy.daemon.records_at_rest()

        def shipped():
            lines = out.read_text().splitlines() if out.exists() else []
            return {(r["device"], r["time"]) for r in map(json.loads, lines)}
        wait_for(lambda: len(shipped()) >= len(records), 20, f"all {len(records)} records")
        assert shipped() == {(r["device"], r["time"]) for r in records}
    finally:
        process.terminate()
        process.wait()
