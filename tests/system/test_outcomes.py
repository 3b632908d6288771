# SPDX-License-Identifier: ISC
"""Every kind of reply: what was sent, when it was tried again, what was said,
and that all buckets are in the log at the end."""

import re
import time

import pytest

from harness import (FAST, SLOW, assert_complete, assert_contiguous, dated, expected_records, fast, free_port,
                     last_minute, parse_time, published_count, stays, uuid_of, wait_for)

LOBBY = uuid_of(1)
CANTEEN = uuid_of(2)


def devices(*numbers):
    return [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in numbers]


def all_there(daemon, numbers, minutes, timeout=20):
    """Waits until the log holds the minutes before the daemon's start, of all devices; checks each count."""
    end = last_minute(daemon.started)
    start = end - minutes * 60

    def have():
        records = daemon.records()
        return all(any(r["device"] == uuid_of(n) and parse_time(r["end"]) >= end for r in records)
                   for n in numbers)
    wait_for(have, timeout, "all buckets in the log")
    records = daemon.records()
    for n in numbers:
        mine = [r for r in records if r["device"] == uuid_of(n)]
        first = parse_time(mine[0]["time"])
        assert first <= start + 120  # backfill_from counts from a little later, and cuts the bucket it falls into
        last = parse_time(mine[-1]["end"])
        assert_complete(records, uuid_of(n), expected_records(uuid_of(n), "MINUTELY", "UTC", first, last))
    return records


def tries(fake, number):
    """Seconds between the requests of a device, and their statuses."""
    entries = [e for e in fake.journal() if e["device"] == uuid_of(number)]
    times = [e["mono_us"] / 1e6 for e in entries]
    return [b - a for a, b in zip(times, times[1:])], [e["status"] for e in entries]


QUICK = {"backfill_from": "10m"}
RETRY = 'retry = { base = "200ms"; cap = "1s"; };\n'

# Each is one device's trouble, or the server's, that passes after a few replies.
PASSING = {
    "500": ({"status": 500}, "HTTP 500"),
    "502": ({"status": 502}, "HTTP 502"),
    "503": ({"status": 503}, "HTTP 503"),
    "504": ({"status": 504}, "HTTP 504"),
    "error:true": ({"error_true": "camera is asleep"}, "camera is asleep"),
    "garbage": ({"garbage": True}, "not JSON"),
    "html": ({"html": True}, "not JSON"),
    "cut off": ({"cut": 300, "gzip": False}, "closed|transfer|bytes"),
    "truncated json": ({"body": '{"error":false,"timeSeriesDataPoints":[{"timestampMs":'}, "cut off"),
    "nested 10,000 deep": ({"nested": 10000}, "not JSON"),
    "connection reset": ({"reset": True}, "reset|closed|failure"),
    "empty object": ({"body": "{}"}, "timeSeriesDataPoints"),
}


@pytest.mark.parametrize("name", PASSING)
def test_passing_trouble_is_tried_again_and_nothing_is_lost(name, fake, make_daemon):
    effect, said = PASSING[name]
    # libcurl itself tries once more when a kept connection turns out to be dead.
    fake.faults({"device": LOBBY, "times": 6 if "reset" in effect else 3, **effect})
    daemon = make_daemon(fake.url, devices(1, 2), defaults=QUICK, extra=RETRY).start()
    all_there(daemon, [1, 2], 10)

    waits, statuses = tries(fake, 1)
    assert len(statuses) >= 4 and 200 in statuses[3:], statuses
    # Within seconds, not minutes.
    assert all(wait < 15 * SLOW for wait in waits[:3]), waits
    # The third failure is told, once; so is the recovery.
    recovered = r"^room-1: recovered after .*: \d+ buckets? caught up, \d+ to go$"
    wait_for(lambda: re.search(recovered, daemon.stderr(), re.M), 5, "the recovery to be told")
    stderr = daemon.stderr()
    told = re.findall(r"^room-1: poll failed: (.*)$", stderr, re.M)
    assert len(told) == 1 and re.search(said, told[0]), stderr
    assert len(re.findall(recovered, stderr, re.M)) == 1, stderr
    assert "room-2" not in stderr
    wait_for(lambda: daemon.notify.status.startswith("2 devices ok; backlog 0"), 5, "healthy STATUS")
    daemon.stop()


def test_status_names_the_failing_device_and_why(fake, make_daemon):
    fake.faults({"device": LOBBY, "status": 500})
    daemon = make_daemon(fake.url, devices(1, 2), defaults=QUICK, extra=RETRY).start()
    wait_for(lambda: re.search(r"1 device ok, 1 failing: room-1 \(HTTP 500.* since 20", daemon.notify.status), 15,
             "STATUS with the failing device")
    fake.faults()
    # Down to one bucket, three quick tries of that, then a minute.
    before = len(tries(fake, 1)[1])
    assert before <= 8
    daemon.stop()


def test_429_pauses_the_whole_account_for_retry_after(fake, make_daemon):
    fake.faults({"device": LOBBY, "times": 1, "status": 429, "retry_after": 3})
    # One at a time: no request is on its way when the answer comes.
    daemon = make_daemon(fake.url, devices(1, 2, 3), account={"max_in_flight": 1}, defaults=QUICK).start()
    wait_for(lambda: "rate limited" in daemon.notify.status, 5, "STATUS")
    all_there(daemon, [1, 2, 3], 10)
    entries = fake.journal()
    limited = next(e for e in entries if e["status"] == 429)
    after = [e["mono_us"] - limited["mono_us"] for e in entries if e["mono_us"] > limited["mono_us"]]
    assert after, "nothing was asked again"
    # Without the header it would be a minute.
    assert 3_000_000 <= min(after) <= 20_000_000
    assert re.search(r"^acme: rate limited \(HTTP 429: Too many api requests\. Enhance your calm\.\): "
                     r"its devices will not be polled for \d s$", daemon.stderr(), re.M), daemon.stderr()
    daemon.stop()


@pytest.mark.parametrize("retry_after, least, most", [("99999999999999", 3600, 3601), ("soon", 60, 61), (None, 60, 61),
                                                       ("-5", 60, 61), ("0", 1, 2)])
def test_odd_retry_after_is_clamped(fake, make_daemon, retry_after, least, most):
    rule = {"status": 429, "times": 1}
    if retry_after is not None:
        rule["retry_after"] = retry_after
    else:
        rule["body"] = "calm"
    fake.faults(rule)
    daemon = make_daemon(fake.url, devices(1), defaults=QUICK).start()
    said = wait_for(lambda: re.search(r"be polled for (\d+) (s|min|h)$", daemon.stderr(), re.M), 5, "the journal line")
    seconds = int(said.group(1)) * {"s": 1, "min": 60, "h": 3600}[said.group(2)]
    assert least - 30 * (least > 100) <= seconds <= most + 30 * (least > 100), said.group()
    daemon.stop()


@pytest.mark.parametrize("effect, said", [
    ({"status": 401}, "HTTP 401"),
    ({"status": 403}, "HTTP 403: Access Denied"),
    ({"status": 403, "body": "Invalid api key", "content_type": "text/plain"}, "HTTP 403: Invalid api key"),
])
def test_refused_key_stops_the_account_until_the_key_file_changes(fake, make_daemon, effect, said):
    fake.faults(effect)
    daemon = make_daemon(fake.url, devices(1, 2, 3), account={"max_in_flight": 1}, defaults=QUICK).start()
    wait_for(lambda: "key refused" in daemon.notify.status, 5, "STATUS")
    assert said in daemon.notify.status
    # Nothing is asked while nothing has changed: the probe is a minute away.
    stays(lambda: len(fake.journal()) == 1, 3, "one request alone")
    assert len(re.findall(r"^acme: key refused", daemon.stderr(), re.M)) == 1

    fake.faults()
    fake.keys(add=[{"key": "another-key-9876543210", "org": "org1", "scheme": "api-token", "id": "another"}],
              revoke=["key1"])
    daemon.write_key("another-key-9876543210")
    all_there(daemon, [1, 2, 3], 10)
    assert {e["key"] for e in fake.journal()[1:]} == {"another"}
    assert re.search(r"^acme: key accepted after", daemon.stderr(), re.M), daemon.stderr()
    daemon.stop()


def test_a_server_in_trouble_does_not_make_a_refused_key_good(fake, make_daemon):
    fake.faults({"status": 401})
    daemon = make_daemon(fake.url, devices(1, 2, 3), account={"max_in_flight": 1}, defaults=QUICK).start()
    wait_for(lambda: "key refused" in daemon.notify.status, 5, "STATUS")
    fake.faults({"status": 500})
    daemon.write_key("still-the-wrong-key-0123")
    wait_for(lambda: "acme: not back yet (HTTP 500" in daemon.notify.status, 10, "STATUS after a 500")
    assert "3 devices wait" in daemon.notify.status and "key accepted" not in daemon.stderr()

    fake.faults()
    fake.keys(add=[{"key": "another-key-9876543210", "org": "org1", "scheme": "api-token", "id": "another"}])
    daemon.write_key("another-key-9876543210")
    all_there(daemon, [1, 2, 3], 10)
    assert len(re.findall(r"^acme: key accepted after", daemon.stderr(), re.M)) == 1, daemon.stderr()
    daemon.stop()


def test_revoked_key_is_healed_by_replacing_its_file(start_fake, make_daemon):
    fake = start_fake(env=fast())
    daemon = make_daemon(fake.url, devices(1, 2), defaults={**QUICK, "settle": "0"}).start(**fast())
    all_there(daemon, [1, 2], 9)
    fake.keys(revoke=["key1"], add=[{"key": "fresh-key-0011223344", "org": "org1", "scheme": "api-token", "id": "fresh"}])

    def refused():
        """When, in microseconds since the first."""
        times = [e["mono_us"] for e in fake.journal() if e["status"] == 403]
        return [at - times[0] for at in times]
    # The next window comes within a minute, for both devices; the first 403 stops both for a minute.
    wait_for(refused, 100, "a 403")
    wait_for(lambda: refused()[-1] > 50_000_000, 100, "the probe")
    before_the_probe = [at for at in refused() if at < 50_000_000]
    assert len(before_the_probe) <= 2 and before_the_probe[-1] < 20_000_000, refused()
    daemon.write_key("fresh-key-0011223344")
    wait_for(lambda: any(e["key"] == "fresh" and e["status"] == 200 for e in fake.journal()), 10, "the new key in use")
    all_there(daemon, [1, 2], 9, timeout=70)
    daemon.stop()


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_rejected_device_waits_long_and_the_others_go_on(fake, make_daemon, status):
    fake.faults({"device": LOBBY, "status": status})
    daemon = make_daemon(fake.url, devices(1, 2), ).start()
    all_there(daemon, [2], 1)
    wait_for(lambda: f"room-1 (HTTP {status}" in daemon.notify.status, 5, "STATUS")
    # A single bucket cannot be less: told at the first failure, and the next try is minutes away.
    assert re.search(rf"^room-1: poll failed: HTTP {status}.* \(attempt 1\): next try in (5|6) min$",
                     daemon.stderr(), re.M), daemon.stderr()
    stays(lambda: tries(fake, 1)[1] == [status], 2, "one try")
    fake.faults()
    # A reload does not wait for the long back-off, and nothing was lost.
    daemon.signal(1)
    all_there(daemon, [1, 2], 1)
    daemon.stop()


REFUSALS = {
    "400": {"status": 400}, "413": {"status": 413}, "422": {"status": 422}, "500": {"status": 500},
    "error:true": {"error_true": "too many points"},
}


@pytest.mark.parametrize("name", REFUSALS)
def test_ranges_that_are_refused_as_a_whole_are_asked_for_in_parts(name, fake, make_daemon):
    """What an outage has left is caught up, whatever the server's unknown limit is, with few requests."""
    fake.faults({"min_span_ms": 1_000 * 60_000 + 1, **REFUSALS[name]})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "3d"}).start()
    all_there(daemon, [1], 3 * 1440)
    statuses = tries(fake, 1)[1]
    assert len(statuses) <= 3 * 1440 / 500 + 4, statuses
    assert "gap" not in {record["status"] for record in daemon.records()}
    daemon.stop()


@pytest.mark.parametrize("effect", [{"status": 500}, {"status": 400}, {"error_true": "bad minute"}, {"garbage": True}],
                         ids=lambda effect: "-".join(effect))
def test_a_bucket_that_fails_alone_becomes_a_gap_and_holds_up_nothing(effect, start_fake, make_daemon):
    fake = start_fake(env=fast())
    now = fake.call("GET", "/_fake/stats")["now_ms"] // 1000
    bad = last_minute(now) - 20 * 60
    fake.faults({"device": LOBBY, "holds_ms": bad * 1000, **effect})
    daemon = make_daemon(fake.url, devices(1, 2), defaults={"backfill_from": "40m"}, extra=RETRY).start(**fast())

    def given_up():
        return [record for record in daemon.records() if record["status"] == "gap"]
    (gap,) = wait_for(given_up, 90, "the gap")
    assert (parse_time(gap["time"]), parse_time(gap["end"])) == (bad, bad + 60), gap
    assert gap["reason"].startswith("failed alone while later buckets were answered: "), gap
    last = last_minute(now)
    wait_for(lambda: any(parse_time(r["end"]) >= last for r in daemon.records() if r["device"] == LOBBY), 20,
             "what follows")
    assert_contiguous(daemon.records(), LOBBY)
    assert all(r["status"] == "ok" for r in daemon.records() if r != gap)
    daemon.stop()


def test_outage_is_probed_by_one_request_at_a_time_and_caught_up(fake, make_daemon):
    numbers = range(1, 9)
    fake.faults({"status": 503})
    daemon = make_daemon(fake.url, devices(*numbers), defaults=QUICK, extra=RETRY).start()
    wait_for(lambda: "cannot be reached" in daemon.notify.status, 10, "STATUS")
    down_at = len(fake.journal())
    wait_for(lambda: len(fake.journal()) >= down_at + 8 + 3, 10, "probes")
    probes = fake.journal()[down_at + 8:]
    assert all(e["in_flight"] == 1 for e in probes), "more than one probe at a time"
    assert len(fake.journal()) < 40
    fake.faults()
    all_there(daemon, numbers, 10)
    stderr = daemon.stderr()
    assert len(re.findall(r"^acme: cannot be reached \(HTTP 503", stderr, re.M)) == 1, stderr
    assert len(re.findall(r"^acme: reached again after", stderr, re.M)) == 1, stderr
    assert "room-" not in "".join(re.findall(r"^room.*poll failed.*$", stderr, re.M)), "the outage is the account's"
    daemon.stop()


def test_unplugged_server_is_caught_up_after_it_comes_back(start_fake, make_daemon):
    port = str(free_port())
    fake = start_fake("--port", port, env=fast())
    daemon = make_daemon(fake.url, devices(1, 2, 3, 4, 5, 6), defaults=QUICK, extra=RETRY).start(**fast())
    all_there(daemon, [1, 2, 3, 4, 5, 6], 10)
    stopped, clock = time.time(), fake.clock()
    fake.stop()
    wait_for(lambda: "cannot be reached" in daemon.notify.status, 100, "STATUS")
    # Its clock goes on where the other's would be now, or a little later.
    now = time.time()
    again = start_fake("--port", port, env=fast(int(clock + (now - stopped) * FAST - now) + 5))
    wait_for(lambda: len({e["device"] for e in again.journal() if e["status"] == 200}) == 6, 100, "all six to come back")
    all_there(daemon, [1, 2, 3, 4, 5, 6], 10)
    daemon.stop()


def test_hanging_server_times_out_and_the_span_is_halved(fake, make_daemon):
    # Whatever asks for more than five minutes at once gets no answer.
    fake.faults({"device": LOBBY, "min_span_ms": 301_000, "hang": True})
    daemon = make_daemon(fake.url, devices(1, 2), defaults={"backfill_from": "30m", "timeout": "1s"},
                         extra=RETRY).start()
    all_there(daemon, [1, 2], 30, timeout=40)
    spans = [(e["end_ms"] - e["start_ms"]) // 60000 for e in fake.journal() if e["device"] == LOBBY]
    # One less within a minute's first second, which is not settled.
    assert spans[0] >= 28 and spans[1] == spans[0] // 2 and min(spans) <= 5, spans
    daemon.stop()


def test_oversized_answer_halves_the_span(fake, make_daemon):
    fake.faults({"device": LOBBY, "min_span_ms": 481_000, "oversize_bytes": 9 << 20})
    daemon = make_daemon(fake.url, devices(1, 2), defaults={"backfill_from": "30m"}, extra=RETRY).start()
    all_there(daemon, [1, 2], 30)
    spans = [(e["end_ms"] - e["start_ms"]) // 60000 for e in fake.journal() if e["device"] == LOBBY]
    # One less within a minute's first second, which is not settled.
    assert spans[0] >= 28 and spans[1] == spans[0] // 2, spans
    assert "poll failed" not in daemon.stderr()
    daemon.stop()


def test_gzip_bomb_is_cut_off(fake, make_daemon):
    fake.faults({"device": LOBBY, "times": 3, "oversize_bytes": 200 << 20, "gzip": "force"})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "10m"}, extra=RETRY).start()
    all_there(daemon, [1], 10, timeout=40)
    peak = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{daemon.process.pid}/status").read()).group(1))
    if SLOW == 1:
        assert peak < 60_000, f"{peak} kB"
    daemon.stop()


def test_late_correction_becomes_a_revision(start_fake, make_daemon):
    fake = start_fake(env=fast())
    fake.faults({"device": LOBBY, "times": 1, "delta": 5})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "3m", "lookback": "10m", "settle": "0"})
    daemon.start(**fast())
    wait_for(lambda: any(r["revision"] == 1 for r in daemon.records()), 100, "a revision")
    daemon.stop()
    records = daemon.records()
    for record in (r for r in records if r["revision"] == 1):
        first = next(r for r in records if r["time"] == record["time"] and r["revision"] == 0)
        assert record["previous"] == first["count"]
        assert record["count"] == published_count(LOBBY, parse_time(record["time"]) * 1000)
    identities = [(r["time"], r["revision"]) for r in records]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("effect", [{"empty": True}, {"null_array": True}, {"null_fields": ["eventCountMap"]},
                                    {"count_map": {}}, {"count_map": {"people": None}}, {"null_fields": "all"}])
def test_no_count_is_recorded_as_no_data(fake, make_daemon, effect):
    fake.faults({"device": LOBBY, **effect})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    records = daemon.records()
    assert len(records) in (3, 4, 5)
    assert all(r["status"] == "no_data" and r["count"] is None for r in records), records


@pytest.mark.parametrize("effect", [{"shuffle": True}, {"duplicate": True}, {"extra_points": True}, {"numbers": "float"},
                                    {"numbers": "string"}, {"event_count_key": True}, {"count_key": "eventCount"},
                                    {"no_timestamp": True}, {"gzip": "force"}, {"warning": "please update"},
                                    {"gzip": "force", "gzip_members": 7, "gzip_padding": 1000}, {"byte_order_mark": True},
                                    {"null_fields": ["dateUtc", "dateLocal", "reportingDevicesMap"]}])
def test_odd_points_still_give_the_right_counts(fake, make_daemon, effect):
    fake.faults({"device": LOBBY, **effect})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "2h"})
    assert daemon.run("--once")[0] == 0
    records = daemon.records()
    first, last = parse_time(records[0]["time"]), parse_time(records[-1]["end"])
    assert last - first >= 118 * 60
    assert_complete(records, LOBBY, expected_records(LOBBY, "MINUTELY", "UTC", first, last))
    assert all(record.get("warning") == effect.get("warning") for record in records)


def test_several_counts_are_ambiguous_and_kept(fake, make_daemon):
    fake.faults({"device": LOBBY, "count_map": {"people": 3, "dogs": 1}})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "5m"})
    assert daemon.run("--once")[0] == 0
    assert all(r["status"] == "ambiguous" and r["count"] is None and r["event_counts"] == {"people": 3, "dogs": 1}
               for r in daemon.records())


def test_count_key_chooses_among_several(fake, make_daemon):
    fake.faults({"device": LOBBY, "count_map": {"people": 3, "dogs": 1}})
    daemon = make_daemon(fake.url, devices(1), defaults={"backfill_from": "5m", "count_key": "dogs"})
    assert daemon.run("--once")[0] == 0
    assert all(r["status"] == "ok" and r["count"] == 1 for r in daemon.records())


def run_in_the_past(daemon, start_fake, config, hours):
    """A first start so many hours ago, when the server's clock said the same; then the server of now."""
    daemon.write_config(start_fake("--clock-offset-ms", str(-hours * 3_600_000)).url, *config[0], **config[1])
    assert daemon.run("--once", env=dated(-hours * 3600))[0] == 0


def test_what_was_never_obtained_becomes_a_gap_with_the_reason(fake, start_fake, make_daemon):
    """A first start; hours later 404, when some is too old; then an answer, which confirms the clock: it is recorded,

    and what is too old behind it is one gap, with the first record behind that.
    """
    config = ((devices(1),), {"defaults": {"backfill_from": "30m", "backfill": "1h", "max_points": 10}})
    daemon = make_daemon(fake.url, *config[0], **config[1])
    run_in_the_past(daemon, start_fake, config, 3)
    daemon.write_config(fake.url, *config[0], **config[1])
    before = daemon.records()
    fake.faults({"status": 404})
    code, _, stderr = daemon.run("--once")
    assert code == 69 and "HTTP 404" in stderr, stderr
    assert daemon.records() == before, "the gap has not ended yet"
    fake.faults()
    code, _, stderr = daemon.run("--once")
    assert code == 0, stderr
    gaps = [r for r in daemon.records() if r["status"] == "gap"]
    assert len(gaps) == 1, gaps
    assert parse_time(gaps[0]["time"]) == parse_time(before[-1]["end"]) + 600 and gaps[0]["count"] is None
    assert parse_time(gaps[0]["end"]) - parse_time(gaps[0]["time"]) in range(6400, 6800)
    assert "no answer within 1h" in gaps[0]["reason"]
    assert len(re.findall(r"^room-1: gap from ", stderr, re.M)) == 1
    after = daemon.records()
    assert_contiguous(after, LOBBY)
    at = after.index(gaps[0])
    assert at == len(before) + 10 and after[at + 1]["time"] == gaps[0]["end"]


def test_long_gap_is_told_before_it_has_ended(fake, start_fake, make_daemon):
    """But not before an answer, here another device's, has confirmed what time it is."""
    config = ((devices(1, 2),), {"defaults": {"backfill_from": "30m", "backfill": "1h", "max_points": 10}})
    daemon = make_daemon(fake.url, *config[0], **config[1])
    run_in_the_past(daemon, start_fake, config, 26)
    daemon.write_config(fake.url, *config[0], **config[1])
    fake.faults({"status": 404})
    assert daemon.run("--once")[0] == 69
    assert not [r for r in daemon.records() if r["status"] == "gap"]
    fake.faults({"device": uuid_of(1), "status": 500})
    assert daemon.run("--once")[0] == 69
    gaps = [r for r in daemon.records() if r["status"] == "gap" and r["device"] == uuid_of(1)]
    assert len(gaps) == 1 and parse_time(gaps[0]["end"]) - parse_time(gaps[0]["time"]) > 86400, gaps


def test_silent_device_is_mentioned_once(fake, make_daemon):
    fake.faults({"device": LOBBY, "count_map": {"people": 0}})
    daemon = make_daemon(fake.url, devices(1, 2), defaults={"backfill_from": "26h"})
    code, _, stderr = daemon.run("--once")
    assert code == 0
    assert len(re.findall(r"^room-1: .*is an occupancy region defined in the Rhombus Console\?$", stderr, re.M)) == 1
    assert "room-2" not in stderr


def test_a_device_that_fails_for_ever_does_not_keep_the_others_from_coming_back(fake, make_daemon):
    """After an outage of all, one device still answers 503: it must not be the only one that is asked."""
    numbers = range(1, 9)
    fake.faults({"status": 503})
    daemon = make_daemon(fake.url, devices(*numbers), defaults={"backfill_from": "2h"}, extra=RETRY).start()
    wait_for(lambda: "cannot be reached" in daemon.notify.status, 10, "STATUS")
    assert "8 devices wait" in daemon.notify.status and "ok" not in daemon.notify.status
    fake.faults({"device": uuid_of(3), "status": 503})
    all_there(daemon, [n for n in numbers if n != 3], 120, timeout=30)
    fake.faults()
    all_there(daemon, numbers, 120, timeout=30)
    daemon.stop()


def test_a_device_without_permission_does_not_stop_its_account(start_fake, make_daemon):
    """The first refusal stops the account; the probe a minute later is another device's, and shows whose fault it is."""
    fake = start_fake(env=fast())
    fake.faults({"device": LOBBY, "status": 403})
    daemon = make_daemon(fake.url, devices(1, 2, 3), account={"max_in_flight": 1}, defaults=QUICK).start(**fast())
    wait_for(lambda: "key refused" in daemon.stderr(), 10, "the first refusal")
    all_there(daemon, [2, 3], 10, timeout=90)
    wait_for(lambda: re.search("^room-1: poll failed: HTTP 403", daemon.stderr(), re.M), 20, "the device's own failure")
    wait_for(lambda: daemon.notify.status.startswith("2 devices ok, 1 failing: room-1 (HTTP 403"), 5, "STATUS")

    # A key with the permission is read as soon as it is there, though the others are well.
    fake.faults()
    fake.keys(add=[{"key": "another-key-9876543210", "org": "org1", "scheme": "api-token", "id": "another"}])
    daemon.write_key("another-key-9876543210")
    all_there(daemon, [1, 2, 3], 10)
    wait_for(lambda: re.search("^room-1: recovered after", daemon.stderr(), re.M), 5, "the recovery to be told")
    daemon.stop()


def test_gateway_timeout_halves_the_span(fake, make_daemon):
    fake.faults({"device": LOBBY, "min_span_ms": 301_000, "status": 504})
    daemon = make_daemon(fake.url, devices(1, 2), defaults={"backfill_from": "30m"}, extra=RETRY).start()
    all_there(daemon, [1, 2], 30, timeout=40)
    daemon.stop()


def test_gaps_cost_no_requests(fake, start_fake, make_daemon):
    """More devices than the rate can ask within a bucket, all of them a day too late: the account goes on asking."""
    numbers = range(1, 61)
    config = ((devices(*numbers),), {"defaults": {"backfill_from": "30m", "backfill": "1h"},
                                     "account": {"rate": "60/s", "burst": 60}})
    daemon = make_daemon(fake.url, *config[0], **config[1])
    run_in_the_past(daemon, start_fake, config, 30)
    before = len(fake.journal())
    daemon.write_config(fake.url, devices(*numbers), defaults={"backfill_from": "30m", "backfill": "1h"},
                        account={"rate": "2/s", "burst": 1})
    daemon.start()
    wait_for(lambda: len(fake.journal()) >= before + 8, 20, "requests beside the gaps")
    # The first of them confirms what time it is: nothing is given up before.
    assert len([r for r in daemon.records() if r["status"] == "gap"]) >= 59
    daemon.stop()
