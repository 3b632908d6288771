# SPDX-License-Identifier: ISC
"""What the daemon asks, and what the stand-in answers, is valid by the schema that Rhombus publishes.

The schema is no part of this project: OPENAPI=FILE says where it is.
"""

import copy
import http.server
import json
import os
import pathlib
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from harness import KEY, OCCUPANCYCTL, ROOT, WRAPPER, uuid_of

OPENAPI = pathlib.Path(ROOT, os.environ.get("OPENAPI") or "../shared/rhombus-openapi.json")
REPORT = "/api/report/getOccupancyCountsV2"


@pytest.fixture(scope="module")
def schema():
    try:
        import jsonschema
    except ImportError:
        pytest.skip("python3-jsonschema is not installed")
    if not OPENAPI.exists():
        pytest.skip(f"the published schema is not there: {OPENAPI.name}; OPENAPI=FILE says where it is")
    return Schema(json.loads(OPENAPI.read_text()), jsonschema)


class Schema:
    """OpenAPI's own dialect, as JSON Schema."""

    def __init__(self, document, jsonschema):
        self.document = convert(copy.deepcopy(document))
        self.resolver = jsonschema.RefResolver("", self.document)
        self.validator = jsonschema.Draft202012Validator

    def problems(self, value, schema):
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                for error in self.validator(schema, resolver=self.resolver).iter_errors(value)]

    def resolve(self, schema):
        return self.resolver.resolve(schema["$ref"])[1] if "$ref" in schema else schema

    def request_problems(self, path, headers, body):
        operation = self.document["paths"][path]["post"]
        wanted = self.resolve(operation["requestBody"]["content"]["application/json"]["schema"])
        found = self.problems(body, wanted)
        # What the schema does not name a server need not understand.
        found += [f"{name}: unknown" for name in body if name not in wanted["properties"]]
        for parameter in map(self.resolve, operation["parameters"]):
            value = headers.get(parameter["name"])
            found += [f"{parameter['name']}: missing"] if value is None else self.problems(value, parameter["schema"])
        return found

    def answer_problems(self, path, status, body):
        content = self.document["paths"][path]["post"]["responses"][str(status)]["content"]
        return self.problems(body, content["application/json"]["schema"])


def convert(node):
    """nullable is a type of its own in JSON Schema; int64 has bounds there."""
    if isinstance(node, list):
        return [convert(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: convert(value) for key, value in node.items() if key != "example"}
    if node.get("format") == "int64":
        node.update(minimum=-(1 << 63), maximum=(1 << 63) - 1)
    if node.pop("nullable", None) is True and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    return node


class Between(http.server.BaseHTTPRequestHandler):
    """Hands requests on, and keeps what went by."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "content-length", "accept-encoding")}
        request = urllib.request.Request(self.server.url + self.path, body, headers)
        try:
            reply = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        answer = reply.read()
        self.server.seen.append((self.path, self.headers, body, reply.status, answer))
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *arguments):
        pass


@pytest.fixture
def between(fake):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
    server.url, server.seen = fake.url, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


RULES = [{}, {"null_fields": "all"}, {"empty": True}, {"null_array": True}, {"error_true": "asleep"},
         {"warning": "take care"}, {"count_map": {"people": None, "dogs": 3}}, {"extra_points": True},
         {"cap": 2, "cap_warning": "too many"}, {"null_fields": ["timeSeriesDataPoints"]}]


@pytest.mark.parametrize("interval, window, back", [
    ("MINUTELY", "5m", "20m"), ("QUARTERHOURLY", "15m", "2h"), ("HOURLY", "1h", "5h"), ("DAILY", None, "3d"),
    ("WEEKLY", None, "15d"), ("MONTHLY", None, "70d"), ("NONE", "1h", "3h")])
def test_requests_and_answers_are_valid(schema, fake, between, make_daemon, interval, window, back):
    defaults = {"interval": interval, "window": window, "backfill_from": back, "backfill": "100d"}
    for uuid in (uuid_of(1), uuid_of(2).split(".")[0]):
        between.seen.clear()
        daemon = make_daemon(f"http://127.0.0.1:{between.server_address[1]}", [{"uuid": uuid, "name": "lobby"}],
                             defaults=defaults)
        assert daemon.run("--once")[0] == 0
        assert between.seen
        for path, headers, body, status, answer in between.seen:
            assert path == REPORT and status == 200
            assert schema.request_problems(path, headers, json.loads(body)) == [], body
            assert schema.answer_problems(path, status, json.loads(answer)) == [], answer


def test_discovery_asks_and_is_answered_by_it(schema, fake, between, make_daemon):
    daemon = make_daemon(f"http://127.0.0.1:{between.server_address[1]}", [{"uuid": uuid_of(1), "name": "lobby"}])
    fake.faults({"path": "/api/camera/getOccupancyEnabledCameras", "status": 404})
    done = subprocess.run([*WRAPPER, OCCUPANCYCTL, "discover", "-c", str(daemon.config)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = {path: (headers, body, status, answer) for path, headers, body, status, answer in between.seen}
    assert seen.pop("/api/camera/getOccupancyEnabledCameras")[2] == 404  # is not published
    assert sorted(seen) == ["/api/camera/getMinimalCameraStateList", "/api/location/getLocations"]
    for path, (headers, body, status, answer) in seen.items():
        assert status == 200 and schema.request_problems(path, headers, json.loads(body)) == []
        assert schema.answer_problems(path, status, json.loads(answer)) == [], answer


@pytest.mark.parametrize("rule", RULES)
def test_odd_answers_of_the_stand_in_are_valid(schema, fake, rule):
    fake.faults(rule)
    body = {"deviceUuid": uuid_of(1), "startTimeMs": 1795420800000, "endTimeMs": 1795421100000, "interval": "MINUTELY"}
    answer = ask(fake, REPORT, body)
    assert schema.answer_problems(REPORT, 200, answer) == [], answer


def test_discovery_of_the_stand_in_is_valid(schema, fake):
    for path in ("/api/location/getLocations", "/api/camera/getMinimalCameraStateList"):
        answer = ask(fake, path, {})
        assert schema.answer_problems(path, 200, answer) == [], answer


def test_the_schema_finds_what_is_wrong(schema):
    """A validator that accepts everything would pass all of the above."""
    good = {"deviceUuid": uuid_of(1), "startTimeMs": 1, "endTimeMs": 2, "interval": "DAILY"}
    headers = {"x-auth-scheme": "api-token"}
    assert schema.request_problems(REPORT, headers, good) == []
    for change in ({"interval": "YEARLY"}, {"startTimeMs": "1"}, {"endTimeMs": 1.5}, {"endTimeMs": 1 << 63},
                   {"deviceUuid": 7}, {"timeZone": "UTC"}):
        assert schema.request_problems(REPORT, headers, {**good, **change}), change
    assert schema.request_problems(REPORT, {}, good)
    assert schema.request_problems(REPORT, {"x-auth-scheme": "partner-api-token"}, good)
    for answer in ({"timeSeriesDataPoints": {}}, {"timeSeriesDataPoints": [{"timestampMs": "noon"}]},
                   {"timeSeriesDataPoints": [{"eventCountMap": {"a": "b"}}]}, {"error": "no"}):
        assert schema.answer_problems(REPORT, 200, answer), answer


def ask(fake, path, body):
    request = urllib.request.Request(fake.url + path, json.dumps(body).encode(), {
        "Content-Type": "application/json", "Accept": "application/json",
        "x-auth-scheme": "api-token", "x-auth-apikey": KEY})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read())
