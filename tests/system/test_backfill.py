# SPDX-License-Identifier: ISC
"""Orders to ask again: what was recorded long ago, or became a gap, is obtained later, whatever becomes of
the daemon meanwhile."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness import (EARLY, OCCUPANCYCTL, SLOW, WRAPPER, assert_unique, dated, occupancyctl, parse_time, published_count,
                     rfc3339, uuid_of, wait_for)

LOBBY, ANNEX = uuid_of(EARLY[0]), uuid_of(EARLY[1])
DEVICES = [{"uuid": LOBBY, "name": "lobby"}, {"uuid": ANNEX, "name": "annex"}]
QUARTER, DAY = 900, 86400


class Scene:
    """A daemon that recorded half a day ten days ago, and then nothing until today: its log has a long gap."""

    def __init__(self, start_fake, make_daemon, **account):
        past = start_fake("--clock-offset-ms", str(-10 * DAY * 1000))
        settings = {"interval": "QUARTERHOURLY", "window": "15m", "backfill": "1d", "recheck": [], "max_points": 96}
        self.daemon = make_daemon(past.url, DEVICES, defaults={**settings, "backfill_from": "12h"})
        code, _, stderr = self.daemon.run("--once", env=dated(-10 * DAY))
        assert code == 0, stderr
        past.stop()
        self.fake = start_fake()
        self.settings = settings
        self.configure(**account)
        self.spool = self.daemon.state_folder / "spool"
        self.spool.mkdir()

    def configure(self, **account):
        self.daemon.write_config(self.fake.url, DEVICES, account=account, defaults=self.settings)

    def start(self):
        self.daemon.start()
        wait_for(lambda: len(self.gaps()) == 2 and self.last() > time.time() - 2 * QUARTER, 30, "gaps and what follows")
        return self

    def records(self, device=LOBBY):
        return [record for record in self.daemon.records() if record["device"] == device]

    def gaps(self):
        return [record for record in self.daemon.records() if record["status"] == "gap" and record["revision"] == 0]

    def last(self):
        return min(parse_time(self.records(device)[-1]["end"]) for device in (LOBBY, ANNEX))

    def gap(self):
        """Where both have one: before the time is confirmed, the device that asks first gets what others give up."""
        return max(parse_time(gap["time"]) for gap in self.gaps()), min(parse_time(gap["end"]) for gap in self.gaps())

    def order(self, name, *lines):
        """As the tool does it: whole, or not there."""
        path = self.spool / name
        (self.spool / f".{name}").write_text("occupancyd-backfill 1\n" + "".join(line + "\n" for line in lines))
        (self.spool / f".{name}").rename(path)
        return path

    def reload(self):
        self.daemon.signal(signal.SIGHUP)

    def filled(self, device=LOBBY):
        return [record for record in self.records(device) if record["revision"] > 0]

    def assert_filled(self, start, end, device=LOBBY):
        late = {parse_time(record["time"]): record for record in self.filled(device)}
        assert sorted(late) == list(range(start, end, QUARTER))
        for begin, record in late.items():
            assert record["status"] == "ok" and record["revision"] == 1 and record["previous"] is None
            assert parse_time(record["end"]) == begin + QUARTER
            assert record["count"] == published_count(device, begin * 1000)
        assert_unique(self.daemon.records())


@pytest.fixture
def scene(start_fake, make_daemon):
    return lambda **account: Scene(start_fake, make_daemon, **account)


def line(start, end, device=LOBBY):
    return f"{device} QUARTERHOURLY {rfc3339(start)} {rfc3339(end)}"


def test_an_order_fills_a_gap_and_nothing_else(scene):
    scene = scene().start()
    start, end = scene.gap()
    before = len(scene.daemon.records())
    asked = len(scene.fake.journal())
    # Recorded quarters before the gap are ordered too: their counts are the same.
    path = scene.order("a.order", line(start - 4 * QUARTER, start + 3 * DAY), line(start, start + QUARTER, ANNEX))
    scene.reload()
    wait_for(lambda: not path.exists(), 30, "the order is done")
    scene.assert_filled(start, start + 3 * DAY)
    scene.assert_filled(start, start + QUARTER, ANNEX)
    made = 3 * DAY // QUARTER + 1
    assert len(scene.daemon.records()) - before in range(made, made + 5)  # a quarter may have ended
    assert f"a.order: done: {made} records written" in scene.daemon.stderr()

    # Once more: the same counts, no record.
    first = [entry["start_ms"] // 1000 for entry in scene.fake.journal()[asked:]]
    path = scene.order("b.order", line(start, start + 3 * DAY))
    scene.reload()
    wait_for(lambda: not path.exists(), 30, "the order is done")
    scene.assert_filled(start, start + 3 * DAY)
    again = [entry["start_ms"] // 1000 for entry in scene.fake.journal()[asked + len(first):]]
    assert start in first and start in again
    assert "b.order: done: 0 records written" in scene.daemon.stderr()
    scene.daemon.stop()


SLOWLY = {"rate": "2/s", "burst": 1}


@pytest.mark.parametrize("ending", ["kill", "stop", "reload", "lost checkpoint"])
def test_an_order_outlives_its_daemon(scene, ending):
    scene = scene(**SLOWLY).start()
    start, end = scene.gap()
    path = scene.order("a.order", line(start, end))
    scene.reload()
    wait_for(scene.filled, 30, "something filled")
    assert len(scene.filled()) < (end - start) // QUARTER and path.exists()
    scene.configure()
    if ending == "reload":
        scene.reload()
    else:
        scene.daemon.kill() if ending != "stop" else scene.daemon.stop()
        if ending == "lost checkpoint":
            (scene.daemon.state_folder / "checkpoint").unlink()
        scene.daemon.start()
    wait_for(lambda: not path.exists(), 30, "the order is done")
    scene.assert_filled(start, end)
    scene.daemon.stop()


def test_an_order_is_carried_out_at_the_next_start_and_seen_in_the_status(scene):
    scene = scene(**SLOWLY)
    scene.daemon.start()
    wait_for(lambda: len(scene.gaps()) == 2, 30, "gaps")
    scene.daemon.stop()
    start, end = scene.gap()
    paths = [scene.order("b.order", line(start, start + DAY, ANNEX)), scene.order("a.order", line(start, end))]
    scene.daemon.start()
    wait_for(lambda: "; backfill: " in scene.daemon.notify.status, 30, "a status with it")
    wait_for(lambda: not any(path.exists() for path in paths), 90, "the orders are done")
    wait_for(lambda: "backfill" not in scene.daemon.notify.status, 10, "a status without it")
    scene.assert_filled(start, end)
    scene.assert_filled(start, start + DAY, ANNEX)
    scene.daemon.stop()


def test_orders_are_seen_in_status_and_metrics(scene, tmp_path):
    scene = scene(**SLOWLY)
    run = tmp_path / "run"
    run.mkdir()
    scene.daemon.start(RUNTIME_DIRECTORY=str(run))
    wait_for(lambda: len(scene.gaps()) == 2, 30, "gaps")

    def tool(command, *options):
        done = occupancyctl(command, "-c", scene.daemon.config, "--socket", run / "status", *options)
        assert done.returncode in (0, 1), done
        return done.stdout

    def totals():
        found = json.loads(tool("status", "--json"))["totals"]
        return {name.removeprefix("backfill_"): value for name, value in found.items() if name.startswith("backfill_")}
    assert totals() == {"waiting": 0, "running": 0, "buckets": 0, "done": 0, "refused": 0}
    assert "backfill" not in tool("status")

    start, end = scene.gap()
    scene.order("a.order", line(start, end))
    scene.order("b.order", line(start, start + DAY))
    (scene.spool / "c.order").write_text("nonsense\n")
    scene.reload()
    seen = wait_for(lambda: (now := totals())["running"] == 1 and now, 30, "one runs")
    assert (seen["waiting"], seen["done"], seen["refused"]) == (1, 0, 1) and 0 < seen["buckets"] <= (end - start) // QUARTER
    assert seen["reason"] == f"{scene.spool}/c.order:1: not an order: its first line is not \"occupancyd-backfill 1\""
    text = tool("status")
    assert re.search(rf"^backfill: 1 order running \(\d+ buckets? left\), 1 order waiting, 1 order refused: "
                     rf"{re.escape(seen['reason'])}$", text, re.M), text
    metrics = tool("metrics").splitlines()
    assert 'occupancyd_backfill_orders{state="waiting"} 1' in metrics and 'occupancyd_backfill_orders{state="running"} 1' in metrics
    assert "occupancyd_backfill_refused_total 1" in metrics and "occupancyd_backfill_done_total 0" in metrics
    assert any(re.fullmatch(r"occupancyd_backfill_buckets [1-9]\d*", row) for row in metrics)

    # At another rate they are done soon.
    scene.configure()
    scene.reload()
    seen = wait_for(lambda: (now := totals())["done"] == 2 and now, 60, "both are done")
    assert (seen["waiting"], seen["running"], seen["buckets"], seen["refused"]) == (0, 0, 0, 1)
    assert "backfill: 2 orders done, 1 order refused: " in tool("status")
    assert "occupancyd_backfill_done_total 2" in tool("metrics").splitlines()
    scene.daemon.stop()


def test_two_orders_for_one_device_follow_one_another(scene):
    scene = scene().start()
    start, _ = scene.gap()
    paths = [scene.order("a.order", line(start, start + 2 * DAY)), scene.order("b.order", line(start + DAY, start + 3 * DAY))]
    scene.reload()
    wait_for(lambda: not any(path.exists() for path in paths), 60, "the orders are done")
    scene.assert_filled(start, start + 3 * DAY)
    scene.daemon.stop()


def test_an_order_is_taken_back_by_removing_it(scene):
    scene = scene(**SLOWLY).start()
    start, end = scene.gap()
    path = scene.order("a.order", line(start, end))
    scene.reload()
    wait_for(scene.filled, 30, "something filled")
    path.unlink()
    scene.reload()
    wait_for(lambda: "a.order: taken back" in scene.daemon.stderr(), 10, "it is said")
    count = len(scene.filled())
    assert count < (end - start) // QUARTER
    time.sleep(2 * SLOW)
    assert len(scene.filled()) <= count + 96  # what was on its way
    scene.daemon.stop()


def test_what_is_no_order_is_named_by_its_line_and_set_aside(scene):
    scene = scene().start()
    start, end = scene.gap()
    good = line(start, start + DAY)
    wrong = {
        "empty.order": (b"", ":1: no device is named"),
        "foreign.order": (b"\x7fELF\x00\n", ":1: not a line of an order"),
        "later.order": (b"occupancyd-backfill 2\n", ":1: not an order: its first line is not"),
        "torn.order": (f"occupancyd-backfill 1\n{good}".encode(), ":2: not a line of an order"),
        "twice.order": (f"occupancyd-backfill 1\n{good}\n{good}\n".encode(), ":3: the same device and interval"),
        "times.order": (f"occupancyd-backfill 1\n{line(end, start)}\n".encode(), ":2: its time ends before it begins"),
        "interval.order": (f"occupancyd-backfill 1\n{LOBBY} YEARLY x y\n".encode(), ":2: its second word is not an interval"),
        "large.order": (b"x" * (256 * 1024 + 1), ": larger than any order"),
        "long.order": (b"occupancyd-backfill 1\n" + b"x" * 200 + b"\n", ":2: not a line of an order"),
    }
    for name, (data, _) in wrong.items():
        (scene.spool / name).write_bytes(data)
    (scene.spool / "link.order").symlink_to("/etc/passwd")
    (scene.spool / "directory.order").mkdir()
    (scene.spool / "unknown.order").write_text(f"occupancyd-backfill 1\n{line(start, end, uuid_of(77))}\n{good}\n")
    path = scene.order("z.order", line(start, start + DAY, ANNEX))
    scene.reload()
    wait_for(lambda: not list(scene.spool.glob("*.order")), 60, "all are done or set aside")
    text = scene.daemon.stderr()
    for name, (_, sentence) in wrong.items():
        assert f"{scene.spool / name}{sentence}" in text and (scene.spool / f"{name}.bad").exists(), (name, text)
    assert f"unknown.order: {uuid_of(77)} QUARTERHOURLY is not configured: not asked for" in text
    scene.assert_filled(start, start + DAY)
    scene.assert_filled(start, start + DAY, ANNEX)
    assert not path.exists() and (scene.spool / "link.order.bad").is_symlink()
    shutil.rmtree(scene.spool)
    scene.reload()
    wait_for(lambda: scene.daemon.stderr().count(": reloaded: ") == 2, 10, "reloaded")
    scene.daemon.stop()


def test_what_the_server_takes_back_stays_and_what_it_corrects_is_a_revision(scene):
    scene = scene().start()
    start, _ = scene.gap()
    before = [record for record in scene.records() if record["status"] == "ok" and parse_time(record["end"]) <= start]
    scene.fake.faults({"device": LOBBY, "empty": True})
    path = scene.order("a.order", line(start - 8 * QUARTER, start + 4 * QUARTER))
    scene.reload()
    wait_for(lambda: not path.exists(), 30, "the order is done")
    late = scene.filled()
    assert [parse_time(r["time"]) for r in late] == list(range(start, start + 4 * QUARTER, QUARTER))
    assert {r["status"] for r in late} == {"no_data"} and {r["revision"] for r in late} == {1}
    assert [r for r in scene.records() if parse_time(r["end"]) <= start] == before

    # And then it has counts.
    scene.fake.faults()
    path = scene.order("b.order", line(start, start + 4 * QUARTER))
    scene.reload()
    wait_for(lambda: not path.exists(), 30, "the order is done")
    late = [r for r in scene.filled() if r["revision"] == 2]
    assert [parse_time(r["time"]) for r in late] == list(range(start, start + 4 * QUARTER, QUARTER))
    assert all(r["status"] == "ok" and r["count"] == published_count(LOBBY, parse_time(r["time"]) * 1000) for r in late)
    assert_unique(scene.daemon.records())
    scene.daemon.stop()


def test_requests_that_fail_are_made_again(scene):
    scene = scene().start()
    start, end = scene.gap()
    scene.fake.faults({"device": LOBBY, "status": 503, "times": 1})
    path = scene.order("a.order", line(start, start + DAY))
    scene.reload()
    wait_for(lambda: not path.exists(), 90, "the order is done")
    scene.assert_filled(start, start + DAY)
    scene.daemon.stop()


# The tool


def backfill(scene, *arguments, code=0, env=None, stdin=subprocess.DEVNULL):
    done = occupancyctl("backfill", "-c", scene.daemon.config, *arguments, stdin=stdin, env={**os.environ, **(env or {})})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout, done.stderr


def between(start, end):
    return "--from", rfc3339(start), "--to", rfc3339(end)


def test_the_tool_says_what_it_orders_and_the_daemon_does_it(scene):
    scene = scene().start()
    start, _ = scene.gap()
    scene.spool.rmdir()
    out, _ = backfill(scene, "--room", "lobby", *between(start, start + DAY), "--yes")
    assert f"lobby  {rfc3339(start)} to {rfc3339(start + DAY)}  96 buckets, 1 request\n" in out
    assert "1 room, 96 buckets in 1 request: 1 s at least, beside what is due.\n" in out
    assert f"(process {scene.daemon.process.pid}) has been told" in out
    wait_for(lambda: "1 room" in out and scene.spool.exists() and not list(scene.spool.iterdir()), 60, "it is done")
    scene.assert_filled(start, start + DAY)
    assert not scene.filled(ANNEX)

    # Both rooms, as programs ask for it; a day by its name.
    day = time.strftime("%Y-%m-%d", time.gmtime(start + DAY))
    out, _ = backfill(scene, "--during", day, "--json", "-y")
    order = json.loads(out)
    assert order["version"] == 1 and order["buckets"] == 192 and order["requests"] == 2 and order["told"]
    assert [room["name"] for room in order["rooms"]] == ["lobby", "annex"] and len(order["orders"]) == 1
    wait_for(lambda: not list(scene.spool.iterdir()), 60, "it is done")
    first = start // DAY * DAY + DAY
    assert {parse_time(record["time"]) for record in scene.filled(ANNEX)} == set(range(first, first + DAY, QUARTER))
    scene.daemon.stop()


def test_without_a_daemon_the_order_waits_for_it(scene):
    scene = scene().start()
    start, _ = scene.gap()
    scene.daemon.stop()
    out, _ = backfill(scene, "--room", "lobby", *between(start, start + DAY), "-y")
    assert "occupancyd does not run: it will begin when it is started" in out
    [path] = scene.spool.iterdir()
    assert path.read_text() == f"occupancyd-backfill 1\n{line(start, start + DAY)}\n"
    scene.daemon.start()
    wait_for(lambda: not path.exists(), 60, "it is done")
    scene.assert_filled(start, start + DAY)
    scene.daemon.stop()


def test_it_asks_on_a_terminal(scene):
    scene = scene().start()
    start, _ = scene.gap()
    for answer, code in (b"n\n", 1), (b"\n", 1), (b"y\n", 0):
        master, slave = pty.openpty()
        os.write(master, answer)
        out, _ = backfill(scene, "--room", "lobby", *between(start, start + DAY), code=code, stdin=slave)
        assert "Go on? [y/N] " in out and ("Nothing was ordered." in out) == bool(code)
        os.close(slave)
        os.close(master)
        assert code == 0 or not list(scene.spool.iterdir())
    wait_for(lambda: not list(scene.spool.iterdir()), 60, "it is done")
    scene.assert_filled(start, start + DAY)
    scene.daemon.stop()


def test_what_cannot_be_ordered_is_said(scene):
    scene = scene().start()
    start, _ = scene.gap()
    when = between(start, start + DAY)
    for arguments, code, sentence in [
            (["--room", "lobby", *when], 64, "nobody can be asked: add --yes"),
            (["--room", "lobyb", *when, "-y"], 64, "no room \"lobyb\": did you mean \"lobby\"?"),
            (["--room", "lobby", "-y"], 64, "which time? Give --from and --to, or --during"),
            (["--from", rfc3339(time.time() + 3 * DAY), "-y"], 64, "that time is yet to come"),
            ([*between(start - 90 * DAY, start - 80 * DAY), "-y"], 64, "nothing was recorded in that time"),
            ([*when, "-y", scene.daemon.log_folder], 64, "no PATH is wanted"),
            ([*when, "-y", "-c", "/nowhere"], 78, "the configuration cannot be used")]:
        _, stderr = backfill(scene, *arguments, code=code)
        assert sentence in stderr, stderr
    assert not list(scene.spool.iterdir())

    # A longer time is cut to what there is, and that is said.
    out, _ = backfill(scene, "--room", "lobby", *between(start - 90 * DAY, start + DAY), "-y")
    assert "; its log begins there" in out
    scene.daemon.stop()


def test_an_order_that_cannot_be_written_leaves_nothing(scene):
    scene = scene().start()
    start, _ = scene.gap()
    scene.spool.rmdir()
    scene.spool.symlink_to("/tmp")
    _, stderr = backfill(scene, "--room", "lobby", *between(start, start + DAY), "-y", code=74)
    assert f"{scene.spool}: " in stderr
    scene.spool.unlink()
    scene.spool.write_text("")
    backfill(scene, "--room", "lobby", *between(start, start + DAY), "-y", code=74)
    scene.daemon.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="root gives files to others")
def test_what_root_orders_belongs_to_the_user_of_the_service_and_others_may_not(scene):
    scene = scene().start()
    start, _ = scene.gap()
    scene.daemon.stop()
    scene.spool.rmdir()
    os.chown(scene.daemon.state_folder, 12345, 12346)
    backfill(scene, "--room", "lobby", *between(start, start + DAY), "-y")
    [path] = scene.spool.iterdir()
    for made in scene.spool, path:
        assert (made.stat().st_uid, made.stat().st_gid) == (12345, 12346), made
    assert path.stat().st_mode & 0o7777 == 0o640 and scene.spool.stat().st_mode & 0o7777 == 0o750
    path.unlink()

    # A user who may read all of it, and is not the service's.
    other = ["setpriv", "--reuid", "12347", "--regid", "12347", "--clear-groups", "--inh-caps", "+dac_read_search",
             "--ambient-caps", "+dac_read_search"]
    done = subprocess.run([*other, *WRAPPER, OCCUPANCYCTL, "backfill", "-c", scene.daemon.config, "--room", "lobby",
                           *between(start, start + DAY), "-y"], text=True, capture_output=True, timeout=120)
    assert done.returncode == 77, (done.stdout, done.stderr)
    assert "belongs to user" in done.stderr and not list(scene.spool.iterdir())
