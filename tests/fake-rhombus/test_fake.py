# SPDX-License-Identifier: ISC
"""
What fake-rhombus does, shown from outside.

FAKE_RHOMBUS names the binary; default build/fake-rhombus of the repository. Run with
/usr/bin/python3 -m pytest. The buckets are cut once more here with zoneinfo, minute by minute,
so that neither the daemon nor the C library has a say in what is right.
"""

import calendar
import gzip
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from published_count import published_count  # noqa: E402

BINARY = os.environ.get("FAKE_RHOMBUS") or str(HERE.parents[1] / "build" / "fake-rhombus")
KEY = "correct-horse-battery"
V2 = "/api/report/getOccupancyCountsV2"
V1 = "/api/report/getOccupancyCounts"
DENVER = "AAAAAAAAAAAAAAAAAAAAAA.v0"
LORD_HOWE = "BBBBBBBBBBBBBBBBBBBBBA"
KOLKATA = "CCCCCCCCCCCCCCCCCCCCCA.v1"
OTHER = "DDDDDDDDDDDDDDDDDDDDDA.a0"
ZONES = {DENVER: "America/Denver", LORD_HOWE: "Australia/Lord_Howe", KOLKATA: "Asia/Kolkata",
         OTHER: "UTC"}
DEVICES = [
    {"uuid": DENVER, "name": "lobby", "zone": "America/Denver", "location": "hq"},
    {"uuid": LORD_HOWE, "name": "hut", "zone": "Australia/Lord_Howe", "location": "island"},
    {"uuid": KOLKATA, "name": "hall", "zone": "Asia/Kolkata", "location": "east"},
    {"uuid": "EEEEEEEEEEEEEEEEEEEEEA.v0", "name": "dark", "occupancy": False},
]
NOW = "2026-11-23T08:15:00Z"
NOW_MS = calendar.timegm((2026, 11, 23, 8, 15, 0)) * 1000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
REFUSED = {"msg": "JSON doesn't match expected object structure"}


def ms(*when):
    return calendar.timegm((*when, 0, 0, 0, 0)[:6]) * 1000


class Fake:
    """A running server, and a client for it."""

    def __init__(self, tmp_path, *options, keys=(KEY,)):
        self.journal_path = tmp_path / "journal"
        devices = tmp_path / "devices.json"
        devices.write_text(json.dumps(DEVICES))
        command = [BINARY, "--journal", self.journal_path, "--devices", devices, "--now", NOW,
                   "--die-with-parent", *options]
        for key in keys:
            command += ["--key", key]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        self.process.stdout.close()

    def connection(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    @staticmethod
    def headers(**changes):
        headers = {"Content-Type": "application/json", "Accept": "application/json",
                   "x-auth-scheme": "api-token", "x-auth-apikey": KEY}
        headers.update({name.replace("_", "-"): value for name, value in changes.items()})
        return {name: value for name, value in headers.items() if value is not None}

    def call(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, bytes) of one request on its own connection."""
        connection = self.connection(timeout)
        try:
            text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
            connection.request(method, path, text, self.headers() if headers is None else headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def ask(self, start_ms, end_ms, interval="MINUTELY", device=DENVER, path=V2, **headers):
        body = {"deviceUuid": device, "startTimeMs": start_ms, "endTimeMs": end_ms}
        if interval:
            body["interval"] = interval
        return self.call("POST", path, body, self.headers(**headers))

    def points(self, *args, **kwargs):
        status, _, body = self.ask(*args, **kwargs)
        assert status == 200, body
        report = json.loads(body)
        assert report["error"] is False and report["errorMsg"] is None
        return report["timeSeriesDataPoints"]

    def faults(self, *rules):
        status, _, body = self.call("POST", "/_fake/faults", list(rules))
        assert status == 200, body

    def shown_faults(self):
        return json.loads(self.call("GET", "/_fake/faults")[2])

    def journal(self):
        return [json.loads(line) for line in self.journal_path.read_text().splitlines()]


@pytest.fixture
def start(tmp_path):
    running = []

    def starter(*options, **kwargs):
        running.append(Fake(tmp_path, *options, **kwargs))
        return running[-1]

    yield starter
    for fake in running:
        fake.stop()


@pytest.fixture
def fake(start):
    return start()


ONE = (NOW_MS - 10 * MINUTE, NOW_MS - 9 * MINUTE)


# The contract: shape, buckets, counts.


def test_a_point_has_all_documented_fields(fake):
    (point,) = fake.points(*ONE)
    start = ONE[0]
    assert point["timestampMs"] == start
    assert point["eventCountMap"] == {"people": published_count(DENVER, start)}
    assert start <= point["approximateTimestampMsMap"]["people"] < start + MINUTE
    assert point["reportingDevicesMap"] == {"people": [DENVER[:22]]}
    assert point["dateUtc"] == "2026-11-23 08:05:00"
    assert point["dateLocal"] == "2026-11-23 01:05:00"


def shown_clock(zone, at_ms):
    return datetime.fromtimestamp(at_ms // 1000, zone)


def period_of(interval, local):
    if interval == "MONTHLY":
        return (local.year, local.month)
    if interval == "WEEKLY":
        return local.date() - timedelta(days=local.weekday())
    return local.date()


def expected_edges(interval, zone_name, start_ms, end_ms):
    """All edges around a range, found by looking at every minute."""
    zone = ZoneInfo(zone_name)
    length = {"MINUTELY": 1, "QUARTERHOURLY": 15, "HOURLY": 60}.get(interval)
    lead = {"DAILY": 3 * DAY, "WEEKLY": 10 * DAY, "MONTHLY": 40 * DAY}.get(interval, 6 * HOUR)
    first = start_ms // MINUTE * MINUTE - lead
    latest = None
    edges = []
    for at_ms in range(first, end_ms + lead, MINUTE):
        local = shown_clock(zone, at_ms)
        if length:
            if local.minute % length == 0:
                edges.append(at_ms)
        elif latest is None or period_of(interval, local) > latest:
            if latest is not None:
                edges.append(at_ms)
            latest = period_of(interval, local)
    return edges


def expected_buckets(interval, zone_name, start_ms, end_ms):
    edges = expected_edges(interval, zone_name, start_ms, end_ms)
    return [(a, b) for a, b in zip(edges, edges[1:]) if b > start_ms and a < end_ms]


CHANGES = {
    DENVER: [ms(2024, 3, 10), ms(2024, 11, 3)],
    LORD_HOWE: [ms(2024, 4, 6), ms(2024, 10, 5)],
    KOLKATA: [ms(2024, 6, 1)],
}
RANGES = {"MINUTELY": DAY, "QUARTERHOURLY": 2 * DAY, "HOURLY": 2 * DAY, "DAILY": 5 * DAY,
          "WEEKLY": 15 * DAY, "MONTHLY": 40 * DAY}


@pytest.mark.parametrize("interval", RANGES)
@pytest.mark.parametrize("device", CHANGES)
def test_buckets_and_counts_over_clock_changes(fake, device, interval):
    for change in CHANGES[device]:
        # Begins inside a bucket: the first point is then stamped before the range.
        start, end = change - 7 * MINUTE - 333, change + RANGES[interval]
        points = fake.points(start, end, interval, device)
        expected = expected_buckets(interval, ZONES[device], start, end)
        assert [p["timestampMs"] for p in points] == [a for a, _ in expected]
        zone = ZoneInfo(ZONES[device])
        for point, (bucket_start, bucket_end) in zip(points, expected):
            assert point["eventCountMap"]["people"] == published_count(device, bucket_start)
            assert bucket_start <= point["approximateTimestampMsMap"]["people"] < bucket_end
            local = shown_clock(zone, bucket_start).strftime("%Y-%m-%d %H:%M:%S")
            assert point["dateLocal"] == local


def test_lord_howe_has_one_hour_of_ninety_minutes(fake):
    points = fake.points(ms(2024, 4, 6, 12), ms(2024, 4, 6, 18), "HOURLY", LORD_HOWE)
    starts = [point["timestampMs"] for point in points]
    assert 90 * MINUTE in [b - a for a, b in zip(starts, starts[1:])]


def test_a_day_without_midnight_starts_at_its_first_instant(start):
    fake = start("--zone", "America/Santiago")
    points = fake.points(ms(2024, 9, 7, 12), ms(2024, 9, 9, 12), "DAILY", OTHER)
    assert [p["timestampMs"] for p in points] == [
        ms(2024, 9, 7, 4), ms(2024, 9, 8, 4), ms(2024, 9, 9, 3)]
    assert [p["dateLocal"][11:] for p in points] == ["00:00:00", "01:00:00", "00:00:00"]


def test_a_repeated_midnight_starts_one_day(start):
    fake = start("--zone", "America/Havana")
    points = fake.points(ms(2024, 11, 2, 12), ms(2024, 11, 4, 12), "DAILY", OTHER)
    assert [p["timestampMs"] for p in points] == [
        ms(2024, 11, 2, 4), ms(2024, 11, 3, 4), ms(2024, 11, 4, 5)]


def test_a_date_that_does_not_exist_has_no_bucket(start):
    fake = start("--zone", "Pacific/Apia")
    points = fake.points(ms(2011, 12, 29, 12), ms(2011, 12, 31, 12), "DAILY", OTHER)
    assert [p["dateLocal"] for p in points] == [
        "2011-12-29 00:00:00", "2011-12-31 00:00:00", "2012-01-01 00:00:00"]


def test_without_interval_one_point_for_the_range(fake):
    start, end = NOW_MS - 5 * HOUR - 17, NOW_MS - HOUR
    (point,) = fake.points(start, end, None)
    assert point["timestampMs"] == start
    assert point["eventCountMap"] == {"people": published_count(DENVER, start)}


def test_a_range_ends_at_its_end_also_when_that_is_now(start):
    fake = start("--now", "2026-11-23T08:14:59Z")
    connection = fake.connection()
    body = json.dumps({"deviceUuid": DENVER, "startTimeMs": NOW_MS - MINUTE, "endTimeMs": NOW_MS,
                       "interval": "MINUTELY"})
    until = time.monotonic() + 1.3
    while time.monotonic() < until:
        connection.request("POST", V2, body, fake.headers())
        points = json.loads(connection.getresponse().read())["timeSeriesDataPoints"]
        assert [point["timestampMs"] for point in points] == [NOW_MS - MINUTE]
    connection.close()


def test_an_open_bucket_shows_half_and_the_future_nothing(start):
    fake = start("--settle", "600")
    noon = NOW_MS // HOUR * HOUR  # 08:00, with the clock at 08:15
    points = fake.points(noon, noon + 2 * HOUR, "QUARTERHOURLY", OTHER)
    assert [p["timestampMs"] for p in points] == [noon, noon + 15 * MINUTE]
    for point in points:
        settled = published_count(OTHER, point["timestampMs"])
        assert point["eventCountMap"]["people"] == settled // 2
    early = noon - HOUR
    (point,) = fake.points(early, early + 15 * MINUTE, "QUARTERHOURLY", OTHER)
    assert point["eventCountMap"]["people"] == published_count(OTHER, early)
    assert fake.points(NOW_MS + HOUR, NOW_MS + 2 * HOUR, None) == []


def test_v1_is_the_same_and_a_camera_without_region_counts_zero(fake):
    assert fake.points(*ONE, path=V1) == fake.points(*ONE)
    (point,) = fake.points(*ONE, device="EEEEEEEEEEEEEEEEEEEEEA.v0")
    assert point["eventCountMap"] == {"people": 0} and point["reportingDevicesMap"] == {}


def test_many_minutes_are_fast(fake):
    assert len(fake.points(NOW_MS - 100_000 * MINUTE, NOW_MS)) == 100_000
    ticks = pathlib.Path(f"/proc/{fake.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    assert (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK") < 4  # of CPU


# Discovery.


def test_discovery(fake):
    cameras = json.loads(fake.call("POST", "/api/camera/getOccupancyEnabledCameras", {})[2])
    assert [c["deviceUuid"] for c in cameras["cameras"]] == [DENVER, LORD_HOWE, KOLKATA]
    states = json.loads(fake.call("POST", "/api/camera/getMinimalCameraStateList", {})[2])
    assert [s["name"] for s in states["cameraStates"]] == ["lobby", "hut", "hall", "dark"]
    places = json.loads(fake.call("POST", "/api/location/getLocations", {})[2])["locations"]
    zones = {place["uuid"]: place["tz"] for place in places}
    assert [zones[c["locationUuid"]] for c in cameras["cameras"]] == [
        "America/Denver", "Australia/Lord_Howe", "Asia/Kolkata"]


# What is refused.


@pytest.mark.parametrize("change", [
    {"deviceUuid": "short"}, {"deviceUuid": DENVER[:22] + ".x0"}, {"deviceUuid": 7},
    {"deviceUuid": DENVER + "00"}, {"deviceUuid": DENVER + "\n"}, {"startTimeMs": "1"},
    {"startTimeMs": 1.5}, {"startTimeMs": None}, {"endTimeMs": ONE[0]}, {"interval": "YEARLY"},
    {"interval": "minutely"}, {"interval": None}, {"timeZone": "UTC"}, {"startTimeMs": -1},
    {"startTimeMs": -2**63}, {"endTimeMs": 2**63 - 1}, {"endTimeMs": 2**65},
    {"startTimeMs": 0, "endTimeMs": NOW_MS}])
def test_a_request_that_does_not_fit_is_refused(fake, change):
    body = {"deviceUuid": DENVER, "startTimeMs": ONE[0], "endTimeMs": ONE[1],
            "interval": "MINUTELY", **change}
    status, _, answer = fake.call("POST", V2, body)
    assert (status, json.loads(answer)) == (400, REFUSED)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", "{} x", "{'deviceUuid':1}", b"\xff"])
def test_what_is_no_object_is_refused(fake, body):
    assert fake.call("POST", V2, body)[0] == 400


def test_paths_methods_and_types(fake):
    status, _, body = fake.call("POST", "/api/report/getOccupancyCountsV3", {})
    assert status == 404 and json.loads(body)
    status, headers, _ = fake.call("GET", V2)
    assert status == 405 and headers["Allow"] == "POST"
    assert fake.ask(*ONE, Content_Type="text/plain")[0] == 415
    assert fake.ask(*ONE, Accept="*/*")[0] == 406
    assert fake.ask(*ONE, Accept="text/html, application/json;q=0.9")[0] == 200


def test_strict_devices(start):
    fake = start("--strict-devices")
    assert fake.ask(*ONE, device=OTHER)[0] == 400
    assert fake.ask(*ONE)[0] == 200


def test_credentials(start):
    fake = start("--trust-proxy", keys=(
        KEY, "partner-key-0001,scheme=partner-api-token,org=acme,id=partner",
        "cert-key-000001,scheme=api,id=cert", "both-key-000001,scheme=partner-api,org=acme"))

    def status(**headers):
        return fake.ask(*ONE, **headers)[0]

    assert status(x_auth_apikey=None) == 401
    assert status(x_auth_apikey="no-such-key-here") == 401
    assert status(x_auth_scheme=None) == 401
    assert status(x_auth_scheme="basic") == 401
    assert status(x_auth_scheme="api") == 403
    partner = {"x_auth_scheme": "partner-api-token", "x_auth_apikey": "partner-key-0001"}
    assert status(**partner) == 401
    assert status(**partner, x_auth_org="other") == 403
    assert status(**partner, x_auth_org="acme") == 200
    cert = {"x_auth_scheme": "api", "x_auth_apikey": "cert-key-000001"}
    assert status(**cert) == 401
    assert status(**cert, x_fake_client_verify="FAILED") == 401
    assert status(**cert, x_fake_client_verify="SUCCESS") == 200
    both = {"x_auth_scheme": "partner-api", "x_auth_apikey": "both-key-000001"}
    assert status(**both, x_fake_client_verify="SUCCESS") == 401
    assert status(**both, x_fake_client_verify="SUCCESS", x_auth_org="acme") == 200
    assert json.loads(fake.ask(*ONE, x_auth_apikey=None)[2]) == {"authenticationFailed": True}


def test_a_certificate_is_not_believed_without_trust(start):
    fake = start(keys=(KEY + ",scheme=api",))
    headers = {"x_auth_scheme": "api", "x_fake_client_verify": "SUCCESS"}
    assert fake.ask(*ONE, **headers)[0] == 401


def test_keys_change_at_run_time(fake):
    change = {"add": [{"key": "fresh-key-00001", "id": "fresh"}], "revoke": ["key1"]}
    assert fake.call("POST", "/_fake/keys", change)[0] == 200
    status, _, body = fake.ask(*ONE)
    assert (status, json.loads(body)) == (403, {"msg": "Access Denied"})
    assert fake.ask(*ONE, x_auth_apikey="fresh-key-00001")[0] == 200
    assert fake.call("POST", "/_fake/keys", {"invalid_text": ["fresh"]})[0] == 200
    status, headers, body = fake.ask(*ONE, x_auth_apikey="fresh-key-00001")
    assert (status, body) == (403, b"Invalid api key")
    assert headers["Content-Type"] == "text/plain"
    assert fake.call("POST", "/_fake/keys", {"revoke": ["nobody"]})[0] == 400
    assert [line["key"] for line in fake.journal()] == ["key1", "fresh", "fresh"]


def test_the_bucket_is_the_organisations(start):
    fake = start("--rate", "0.5", "--burst", "2",
                 keys=(KEY, "second-key-0001", "foreign-key-001,org=org2"))
    assert fake.ask(*ONE)[0] == 200
    assert fake.ask(*ONE, x_auth_apikey="second-key-0001")[0] == 200
    status, headers, body = fake.ask(*ONE)
    assert status == 429 and 1 <= int(headers["Retry-After"]) <= 2
    assert headers["Content-Type"] == "text/plain"
    assert body == b"Too many api requests. Enhance your calm."
    assert fake.ask(*ONE, x_auth_apikey="foreign-key-001")[0] == 200
    time.sleep(int(headers["Retry-After"]))
    assert fake.ask(*ONE)[0] == 200


# Compression.


def test_gzip_only_for_those_who_accept_it(fake):
    hour = (NOW_MS - HOUR, NOW_MS)
    _, headers, plain = fake.ask(*hour)
    assert "Content-Encoding" not in headers
    _, headers, packed = fake.ask(*hour, Accept_Encoding="deflate, gzip")
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == plain
    assert "Content-Encoding" not in fake.ask(*hour, Accept_Encoding="gzip;q=0")[1]
    assert "Content-Encoding" not in fake.ask(*ONE, Accept_Encoding="gzip")[1]
    fake.faults({"gzip": "force", "oversize_bytes": 1 << 20})
    _, headers, packed = fake.ask(*ONE)
    assert headers["Content-Encoding"] == "gzip" and len(packed) < 20_000
    assert len(gzip.decompress(packed)) > 1 << 20


def test_gzip_of_several_members_with_padding(fake):
    _, _, plain = fake.ask(*ONE)
    fake.faults({"gzip": "force", "gzip_members": 5, "gzip_padding": 512})
    _, headers, packed = fake.ask(*ONE)
    assert headers["Content-Encoding"] == "gzip" and packed.endswith(bytes(512))
    assert gzip.decompress(packed) == plain and packed.count(b"\x1f\x8b\x08") >= 5


def test_byte_order_mark(fake):
    _, _, plain = fake.ask(*ONE)
    fake.faults({"byte_order_mark": True})
    assert fake.ask(*ONE)[2] == b"\xef\xbb\xbf" + plain


# Faults.


def test_texts_may_hold_any_character(fake):
    """As UTF-8 and escaped, with whatever json-c; what is no UTF-8 or no strict JSON changes nothing."""
    text = "caf\u00e9 \U0001f600 \ufffd"
    for rules in (json.dumps([{"status": 500, "body": text}], ensure_ascii=False).encode(),
                  json.dumps([{"status": 500, "body": text}])):
        fake.faults()
        assert fake.call("POST", "/_fake/faults", rules)[0] == 200
        status, _, body = fake.ask(*ONE)
        assert (status, body if isinstance(body, str) else body.decode()) == (500, text)
    fake.faults()
    for wrong in (b'[{"status":500,"body":"\xff"}]', b'[{"status":500,"body":"\xc3"}]', b'[{"status":500,\xc3\xa9}]',
                  b'[{"status":500},]', b'[{"status":500}] \xc3\xa9', b'[{"status":0500}]'):
        assert fake.call("POST", "/_fake/faults", wrong)[0] == 400
    assert fake.ask(*ONE)[0] == 200


def test_rules_that_are_wrong_change_nothing(fake):
    fake.faults({"status": 500})
    for wrong in ([{"statsu": 500}], [{"status": "500"}], [{"status": 99}], {"status": 500},
                  [{"null_fields": ["people"]}], [{"headers": {"a": "b\r\nc"}}], [7],
                  [{"headers": {"Content-Length": "3"}}], [{"times": 0}]):
        status, _, body = fake.call("POST", "/_fake/faults", wrong)
        assert status == 400 and json.loads(body)["msg"]
    assert fake.ask(*ONE)[0] == 500
    fake.faults()
    assert fake.ask(*ONE)[0] == 200


def test_matchers_skip_and_times(fake):
    fake.faults({"device": LORD_HOWE, "status": 503},
                {"min_span_ms": HOUR, "status": 504},
                {"interval": "DAILY", "status": 502},
                {"path": V1, "status": 404},
                {"to_ms": NOW_MS - 1, "status": 418},
                {"after_ms": 3_600_000, "status": 418},
                {"skip": 1, "times": 2, "status": 500})
    assert fake.ask(*ONE, device=LORD_HOWE)[0] == 503
    assert fake.ask(NOW_MS - 2 * HOUR, NOW_MS)[0] == 504
    assert fake.ask(*ONE, interval="DAILY")[0] == 502
    assert fake.ask(*ONE, path=V1)[0] == 404
    assert [fake.ask(*ONE)[0] for _ in range(5)] == [200, 500, 500, 200, 200]
    shown = fake.shown_faults()
    assert [rule["hits"] for rule in shown] == [1, 1, 1, 1, 0, 0, 2]
    assert shown[-1]["exhausted"] and shown[-1]["rule"]["skip"] == 1
    assert [line["rule"] for line in fake.journal()] == [0, 1, 2, 3, None, 6, 6, None, None]


def test_time_since_a_rule_came(fake):
    def now_us():
        return json.loads(fake.call("GET", "/_fake/stats")[2])["mono_us"]

    before = now_us()
    fake.faults({"after_ms": 500, "for_ms": 1500, "status": 500})
    after = now_us()
    while now_us() < after + 2_300_000:
        fake.ask(*ONE)
        time.sleep(0.02)
    slack = 50_000  # between the decision and the journal
    seen = set()
    for line in fake.journal():
        if line["mono_us"] < before + 500_000 - slack or line["mono_us"] > after + 2_000_000 + slack:
            assert line["status"] == 200, line
        elif after + 500_000 + slack < line["mono_us"] < before + 2_000_000 - slack:
            assert line["status"] == 500, line
        seen.add(line["status"])
    assert seen == {200, 500}


def test_whole_replies(fake):
    def reply(**rule):
        fake.faults(rule)
        return fake.ask(*ONE)

    status, headers, body = reply(status=429)
    assert status == 429 and "Retry-After" not in headers and b"calm" in body
    assert reply(status=429, retry_after=60)[1]["Retry-After"] == "60"
    assert reply(status=503, retry_after="soon, perhaps")[1]["Retry-After"] == "soon, perhaps"
    status, headers, body = reply(body="hello", content_type="text/x", headers={"X-A": "b"})
    assert (status, body, headers["Content-Type"], headers["X-A"]) == (200, b"hello", "text/x", "b")
    status, headers, body = reply(html=True)
    assert status == 200 and headers["Content-Type"] == "text/html" and b"<html>" in body
    assert len(reply(garbage=True)[2]) == 512
    assert reply(nested=10_000)[2].count(b"[") == 10_000
    status, headers, _ = reply(redirect="http://elsewhere.example/")
    assert (status, headers["Location"]) == (307, "http://elsewhere.example/")
    assert len(reply(oversize_bytes=9 << 20)[2]) > 9 << 20
    assert reply(status=204)[2] == b""
    status, _, body = reply(status=202)
    assert status == 202 and json.loads(body)["timeSeriesDataPoints"]


def date_of(headers):
    """The Date in epoch milliseconds; None without one, and an error if it is not an IMF-fixdate."""
    (text,) = headers.get_all("Date") or (None,)
    return text and calendar.timegm(time.strptime(text, "%a, %d %b %Y %H:%M:%S GMT")) * 1000


def test_every_reply_is_dated_by_the_servers_clock(fake):
    replies = [fake.ask(*ONE), fake.ask(*ONE, x_auth_apikey="wrong"), fake.call("GET", "/elsewhere"),
               fake.call("GET", "/_fake/stats")]
    assert [status for status, _, _ in replies] == [200, 401, 404, 200]
    for _, headers, _ in replies:
        assert NOW_MS <= date_of(headers) <= NOW_MS + 60_000, headers["Date"]
    assert replies[0][1]["Date"].startswith("Mon, 23 Nov 2026 08:15:")


@pytest.mark.parametrize("now, date", [("2024-02-29T23:59:58Z", "Thu, 29 Feb 2024 23:59:5"),
                                       ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:0"),
                                       ("2026-01-04T09:08:07Z", "Sun, 04 Jan 2026 09:08:")])
def test_dates_have_the_form_of_http(start, now, date):
    assert start("--now", now).ask(0, MINUTE)[1]["Date"].startswith(date)


def test_the_date_is_that_of_the_sending(fake):
    before = date_of(fake.ask(*ONE)[1])
    fake.faults({"delay_ms": 2500})
    assert 2000 <= date_of(fake.ask(*ONE)[1]) - before <= 30_000


def test_the_clock_offset_shows_in_the_date(tmp_path):
    process = subprocess.Popen([BINARY, "--key", KEY, "--clock-offset-ms", "-7200000", "--die-with-parent"],
                               stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/_fake/stats")
    ahead_ms = date_of(connection.getresponse().headers) - int(time.time() * 1000)
    process.terminate()
    assert process.wait(30) == 0 and -7_230_000 <= ahead_ms <= -7_200_000


def test_a_rule_replaces_the_date_or_leaves_it_out(fake):
    def date(**headers):
        fake.faults({"headers": headers})
        return fake.ask(*ONE)[1].get_all("Date")

    assert date(Date="Sat, 01 Jan 2000 00:00:00 GMT") == ["Sat, 01 Jan 2000 00:00:00 GMT"]
    assert date(Date="yesterday, perhaps") == ["yesterday, perhaps"]
    assert date(date="in small letters") == ["in small letters"]
    assert date(Date=None) is None
    assert len(date(X_A="b")) == 1


def test_reports_that_are_bent(fake):
    three = (NOW_MS - 13 * MINUTE, NOW_MS - 10 * MINUTE)
    starts = [three[0] + i * MINUTE for i in range(3)]
    counts = [published_count(DENVER, start) for start in starts]

    def report(**rule):
        fake.faults(rule)
        return json.loads(fake.ask(*three)[2])

    def points(**rule):
        return report(**rule)["timeSeriesDataPoints"]

    def people(**rule):
        return [point["eventCountMap"]["people"] for point in points(**rule)]

    assert report(error_true="no luck") == {
        "error": True, "errorMsg": "no luck", "warningMsg": None, "timeSeriesDataPoints": None}
    assert report(warning="a \"word\"")["warningMsg"] == "a \"word\""
    assert points(empty=True) == [] and points(null_array=True) is None
    assert set(points(null_fields="all")[0].values()) == {None}
    assert points(null_fields=["dateUtc"])[0]["dateUtc"] is None
    assert "eventCountMap" not in points(omit_fields=["eventCountMap"])[0]
    assert "error" not in report(omit_fields=["error"])
    assert "timestampMs" not in points(no_timestamp=True)[0]
    assert people(numbers="string") == [str(count) for count in counts]
    assert all(type(count) is float for count in people(numbers="float"))
    assert people(delta=3) == [count + 3 for count in counts]
    assert points(count_map={"a": None})[0]["eventCountMap"] == {"a": None}
    assert points(count_map=None)[0]["eventCountMap"] is None
    assert points(event_count_key=True)[0]["eventCountMap"] == {
        "people": counts[0], "eventCount": 7}
    assert points(count_key="human")[0]["eventCountMap"] == {"human": counts[0]}
    doubled = points(duplicate=True)
    assert [p["eventCountMap"]["people"] for p in doubled[::2]] == [9999] * 3
    assert [p["eventCountMap"]["people"] for p in doubled[1::2]] == counts
    around = [point["timestampMs"] for point in points(extra_points=True)]
    assert around == [starts[0] - MINUTE, *starts, three[1]]
    mixed = [point["timestampMs"] for point in points(shuffle=True)]
    assert mixed != starts and sorted(mixed) == starts
    stamps = {kind: [point["timestampMs"] for point in points(stamps=kind)]
              for kind in ("start", "middle", "end", "seconds", "microseconds", "text")}
    assert stamps["start"] == starts and stamps["end"] == [start + MINUTE for start in starts]
    assert stamps["middle"] == [start + MINUTE // 2 for start in starts]
    assert stamps["seconds"] == [start // 1000 for start in starts]
    assert stamps["microseconds"] == [start * 1000 for start in starts]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", stamp) for stamp in stamps["text"])
    one = {"points_from_ms": starts[1], "points_to_ms": starts[2]}
    assert people(delta=3, **one) == [counts[0], counts[1] + 3, counts[2]]
    assert len(points(omit_points=True, **one)) == 2


def test_reports_of_other_buckets_than_were_asked_for(fake):
    hour = NOW_MS - NOW_MS % (60 * MINUTE) - 180 * MINUTE

    def starts(**rule):
        fake.faults(rule)
        return [point["timestampMs"] for point in
                json.loads(fake.ask(hour, hour + 120 * MINUTE)[2])["timeSeriesDataPoints"]]

    assert starts(report_interval="HOURLY") == [hour, hour + 60 * MINUTE]
    assert starts(report_interval="DAILY", report_zone="UTC") == [hour - hour % (1440 * MINUTE)]
    assert len(starts(report_interval="QUARTERHOURLY")) == 8
    # What is left out is the same in every range.
    some = starts(sparse=500)
    assert 20 < len(some) < 100 and some == starts(sparse=500)
    fake.faults({"sparse": 500})
    parts = [point["timestampMs"] for i in range(4) for point in json.loads(
        fake.ask(hour + i * 30 * MINUTE, hour + (i + 1) * 30 * MINUTE)[2])["timeSeriesDataPoints"]]
    assert parts == some
    assert starts(sparse=1000) == []


def test_reports_that_are_cut_off(fake):
    three = (NOW_MS - 13 * MINUTE, NOW_MS - 10 * MINUTE)
    starts = [three[0] + i * MINUTE for i in range(3)]

    def report(**rule):
        fake.faults(rule)
        body = json.loads(fake.ask(*three)[2])
        return ([point["timestampMs"] for point in body["timeSeriesDataPoints"]], body["warningMsg"],
                body.get("nextPageToken"))

    assert report(cap=2) == (starts[:2], None, None)
    assert report(cap=2, cap_newest=True) == (starts[1:], None, None)
    assert report(cap=2, cap_warning="too many", cap_token="abc") == (starts[:2], "too many", "abc")
    assert report(cap=3, cap_warning="too many", cap_token="abc") == (starts, None, None)
    assert report(cap=0) == ([], None, None)


def test_cut_reset_close(fake):
    fake.faults({"cut": 40, "times": 1}, {"reset": True, "times": 1}, {"reset": "close"})
    with pytest.raises(http.client.IncompleteRead) as cut:
        fake.ask(*ONE)
    assert len(cut.value.partial) == 40
    with pytest.raises(ConnectionResetError):
        fake.ask(*ONE)
    with pytest.raises(http.client.RemoteDisconnected):
        fake.ask(*ONE)
    assert [line["status"] for line in fake.journal()] == ["cut", "reset", "reset"]


def test_delay_and_trickle_hold_up_nobody(fake):
    fake.faults({"device": LORD_HOWE, "delay_ms": 3000},
                {"device": KOLKATA, "body": "slowly", "trickle_ms": 300})
    took, order = {}, []

    def timed(device):
        begun = time.monotonic()
        body = fake.ask(*ONE, device=device)[2]
        took[device] = (time.monotonic() - begun, body)
        order.append(device)

    threads = [threading.Thread(target=timed, args=(d,)) for d in (LORD_HOWE, KOLKATA)]
    for thread in threads:
        thread.start()
    wait_until(lambda: in_flight(fake) == 2)
    timed(DENVER)
    for thread in threads:
        thread.join()
    assert order == [DENVER, KOLKATA, LORD_HOWE]
    assert took[LORD_HOWE][0] >= 3
    assert took[KOLKATA][0] >= 1.5 and took[KOLKATA][1] == b"slowly"


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def in_flight(fake):
    """Unfinished requests of org1, which the stand-in knows from its first request on."""
    return json.loads(fake.call("GET", "/_fake/stats")[2])["in_flight"].get("org1", 0)


def test_hundreds_hang_while_others_are_served(fake):
    fake.faults({"device": LORD_HOWE, "hang": True})
    body = json.dumps({"deviceUuid": LORD_HOWE, "startTimeMs": ONE[0], "endTimeMs": ONE[1]})
    hanging = [fake.connection() for _ in range(400)]
    for connection in hanging:
        connection.request("POST", V2, body, fake.headers())
    assert fake.ask(*ONE)[0] == 200
    assert in_flight(fake) == 400
    lines = fake.journal()
    assert [line["status"] for line in lines] == ["hang"] * 400 + [200]
    assert lines[-1]["in_flight"] == 401
    hanging[0].sock.settimeout(0.1)
    with pytest.raises(socket.timeout):
        hanging[0].sock.recv(1)
    for connection in hanging[:300]:
        connection.close()
    wait_until(lambda: in_flight(fake) == 100)  # those whose client went away are let go
    for connection in hanging[300:]:
        connection.close()


def test_it_ends_while_replies_are_held(start):
    fake = start()
    fake.faults({"device": LORD_HOWE, "hang": True}, {"device": KOLKATA, "delay_ms": 60_000},
                {"trickle_ms": 1000})
    held = [fake.connection() for _ in range(3)]
    for connection, device in zip(held, (LORD_HOWE, KOLKATA, DENVER)):
        body = json.dumps({"deviceUuid": device, "startTimeMs": ONE[0], "endTimeMs": ONE[1]})
        connection.request("POST", V2, body, fake.headers())
    wait_until(lambda: in_flight(fake) == 3)
    fake.process.send_signal(signal.SIGINT)
    assert fake.process.wait(20) == 0  # and not after a minute
    for connection in held:
        connection.close()


def test_those_who_leave_are_let_go(fake):
    fake.faults({"device": KOLKATA, "delay_ms": 60_000}, {"trickle_ms": 60_000})
    for device in (KOLKATA, DENVER):
        with pytest.raises(socket.timeout):
            fake.call("POST", V2, {"deviceUuid": device, "startTimeMs": ONE[0],
                                   "endTimeMs": ONE[1]}, timeout=0.1)
    wait_until(lambda: in_flight(fake) == 0)


def test_a_rule_without_credentials_still_meets_a_broken_gateway(fake):
    fake.faults({"status": 503})
    assert fake.ask(*ONE, x_auth_apikey="no-such-key-here")[0] == 503
    fake.faults({"error_true": "x", "times": 1})
    assert fake.ask(*ONE, x_auth_apikey="no-such-key-here")[0] == 401
    assert fake.shown_faults()[0]["hits"] == 0  # rules for reports wait for a report


# The journal and the process.


def test_the_journal_tells_all_but_the_key(fake):
    connection = fake.connection()
    for _ in range(2):
        body = json.dumps({"deviceUuid": DENVER, "startTimeMs": ONE[0], "endTimeMs": ONE[1],
                           "interval": "MINUTELY"})
        connection.request("POST", V2, body, fake.headers(User_Agent="tester/" + KEY))
        assert connection.getresponse().read()
    connection.close()
    fake.ask(*ONE, x_auth_apikey="no-such-key-here")
    fake.ask(*ONE, x_auth_apikey=None, device="wrong")
    text = fake.journal_path.read_text()
    assert KEY not in text and "no-such-key-here" not in text
    first, second, third, fourth = fake.journal()
    assert first == {**first, "seq": 1, "method": "POST", "path": V2, "http": "HTTP/1.1",
                     "key": "key1", "org": "org1", "scheme": "api-token", "device": DENVER,
                     "start_ms": ONE[0], "end_ms": ONE[1], "interval": "MINUTELY", "status": 200,
                     "rule": None, "user_agent": "tester/<key:key1>", "accept_encoding": "identity",
                     "content_type": "application/json", "accept": "application/json",
                     "request_bytes": len(body), "in_flight": 1, "points": 1}
    assert first["connection"] == second["connection"] != third["connection"]
    assert abs(first["time_ms"] - NOW_MS) < 10_000
    assert abs(first["mono_us"] / 1e6 - time.monotonic()) < 10
    assert (third["key"], third["status"]) == ("unknown", 401)
    assert (fourth["key"], fourth["device"]) == ("none", "wrong")
    shown = fake.call("GET", "/_fake/journal?since=2")[2].decode()
    assert shown == "".join(text.splitlines(keepends=True)[2:])
    stats = json.loads(fake.call("GET", "/_fake/stats")[2])
    assert (stats["requests"], stats["points"]) == (4, 2)
    assert stats["by_status"] == {"200": 2, "401": 2}


def test_the_key_is_wiped_from_the_command_line(fake):
    assert KEY.encode() not in pathlib.Path(f"/proc/{fake.process.pid}/cmdline").read_bytes()


def test_keys_from_a_file_and_the_port_file(start, tmp_path):
    (tmp_path / "keys").write_text(json.dumps([{"key": KEY, "id": "filed"}]))
    (tmp_path / "faults").write_text(json.dumps([{"skip": 1, "status": 500}]))
    fake = start("--keys", tmp_path / "keys", "--port-file", tmp_path / "port",
                 "--faults", tmp_path / "faults", keys=())
    wait_until(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text().endswith("\n"))
    assert int((tmp_path / "port").read_text()) == fake.port
    assert [fake.ask(*ONE)[0] for _ in range(2)] == [200, 500]
    assert fake.journal()[0]["key"] == "filed"


@pytest.mark.parametrize("options", [
    ["--listen", "0.0.0.0"], ["--zone", "Mars/Olympus"], ["--port", "70000"], ["--key", ""],
    ["--key", KEY + ",colour=red"], ["--rate", "fast"], ["--now", "yesterday"], ["extra"],
    ["--no-such-option"], ["--devices", "/nonexistent"]])
def test_wrong_options_are_told_without_the_key(options):
    run = subprocess.run([BINARY, *options], capture_output=True, text=True, timeout=30)
    assert run.returncode == 1 and run.stdout == ""
    assert "fake-rhombus: " in run.stderr and KEY not in run.stderr


def test_ipv6_loopback():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error.strerror}")
    run = subprocess.Popen([BINARY, "--listen", "::1"], stdout=subprocess.PIPE, text=True)
    line = run.stdout.readline()
    run.terminate()
    assert run.wait(30) == 0
    assert line.startswith("listening on http://[::1]:")
    run.stdout.close()


def test_help():
    run = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0 and "FNV-1a" in run.stdout


def test_it_dies_with_its_parent(tmp_path):
    shell = subprocess.Popen(
        ["/bin/sh", "-c", '"$0" --die-with-parent & wait', BINARY],
        stdout=subprocess.PIPE, text=True)
    port = int(shell.stdout.readline().rsplit(":", 1)[1])
    shell.kill()
    shell.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                break
        time.sleep(0.02)
    else:
        pytest.fail("it still listens")
    shell.stdout.close()
