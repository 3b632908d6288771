# SPDX-License-Identifier: ISC
"""The journal against real etcd, by a driver that does what a node does: each verb, and each way in which etcd fails."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import time

import pytest

import etcd
from harness import OCCUPANCYD, SLOW, WRAPPER, wait_for
from nginx import Authority

DRIVER = str(pathlib.Path(OCCUPANCYD).parent / "journal-driver")
ENTRY_MAX = 1 << 20


class Journal:
    """One node's journal; replies come in their own order."""

    def __init__(self, endpoints, cluster="hq", node="a", timeout_ms=5000 * SLOW, ca=None, cert=None, key=None):
        files = [word for name, file in (("--ca", ca), ("--cert", cert), ("--key", key)) if file for word in (name, file)]
        command = [*WRAPPER, DRIVER, *files, cluster, node, timeout_ms, *endpoints]
        self.process = subprocess.Popen([os.fsencode(str(word)) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.asked = 0
        self.replies = {}

    def ask(self, *words):
        """Asks at once; a reply's tag is what this returns."""
        self.process.stdin.write(b" ".join(os.fsencode(str(word)) for word in words) + b"\n")
        self.process.stdin.flush()
        self.asked += 1
        return self.asked

    def reply(self, tag):
        while tag not in self.replies:
            line = self.process.stdout.readline()
            assert line, "the driver ended"
            reply = json.loads(line)
            assert reply["tag"] not in self.replies, f"two replies: {reply}"
            self.replies[reply["tag"]] = reply
        return self.replies.pop(tag)

    def do(self, *words):
        """Asks, and waits for the reply."""
        return self.reply(self.ask(*words))

    def done(self, *words):
        """The same, of what must be done."""
        reply = self.do(*words)
        assert reply["result"] == "done", f"{words[0]}: {reply}"
        return reply

    def grant(self, seconds=600):
        return self.done("grant", int(seconds * 1e6))["lease"]

    def chain(self, account="acme"):
        return next((chain for chain in self.done("look")["chains"] if chain["account"] == account), None)

    def read_all(self, account="acme", first=1):
        """{position: entry}, page by page."""
        entries, more = {}, True
        while more:
            page = self.done("read", account, first, (1 << 64) - 1, 1000)
            more = page["more"]
            for entry in page["entries"]:
                assert entry["position"] not in entries
                entries[entry["position"]] = entry
                first = entry["position"] + 1
        return entries

    def end(self):
        self.process.stdin.close()
        code = self.process.wait()
        self.process.stdout.close()
        return code


@pytest.fixture
def make_journal():
    journals = []

    def make(store, **named):
        files = ({"ca": store.authority.cert, "cert": store.client_cert, "key": store.client_key}
                 if isinstance(store, etcd.Store) and store.authority else {})
        journals.append(Journal(store.endpoints if isinstance(store, etcd.Store) else store, **{**files, **named}))
        return journals[-1]
    yield make
    for journal in journals:
        assert journal.end() == 0


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_each_verb_and_each_refusal(start_etcd, make_journal, tls):
    store = start_etcd(tls=tls)
    a, b = make_journal(store), make_journal(store, node="b")
    assert a.done("look")["chains"] == []
    lease, other = a.grant(), b.grant(2)

    a.done("announce", lease, "well")
    b.done("announce", other, "ill")
    epoch = a.done("claim", "acme", lease)["epoch"]
    assert a.done("claim", "acme", lease)["epoch"] == epoch, "it owns it already"
    assert b.do("claim", "acme", other)["result"] == "refused"
    a.done("commit", "acme", epoch, 1, "one")
    a.done("commit", "acme", epoch, 1, "one")
    a.done("commit", "acme", epoch, 2, "two")
    for refused in (("commit", "acme", epoch, 1, "another"), ("commit", "acme", epoch, 2, "one"),
                    ("commit", "acme", epoch, 4, "four"), ("commit", "acme", epoch + 1, 3, "three"),
                    ("commit", "acme", epoch - 1, 3, "three"), ("commit", "eu", epoch, 1, "one"),
                    ("release", "acme", epoch + 1), ("defer", "acme", epoch + 1, 1), ("trim", "acme", epoch + 1, 1, 2),
                    ("renew", 1234567), ("revoke", 1234567), ("announce", 1234567, "x"), ("claim", "eu", 1234567)):
        assert a.do(*refused)["result"] == "refused", refused
    a.done("defer", "acme", epoch, 1795421700000000)
    view = b.done("look")
    assert view["chains"] == [{"account": "acme", "owner": "a", "head": 2, "epoch": epoch, "lease": lease,
                               "until": 1795421700000000}]
    assert [(node["name"], node["value"], node["lease"]) for node in view["nodes"]] == [("a", "well", lease), ("b", "ill", other)]
    assert {position: entry["text"] for position, entry in b.read_all().items()} == {1: "one", 2: "two"}

    a.done("renew", lease)
    a.done("release", "acme", epoch)
    assert a.do("release", "acme", epoch)["result"] == "refused"
    assert a.do("commit", "acme", epoch, 3, "three")["result"] == "refused"
    later = b.done("claim", "acme", b.grant())["epoch"]
    assert later > epoch
    b.done("commit", "acme", later, 3, "three")
    b.done("trim", "acme", later, 1, 2)
    assert sorted(a.read_all()) == [3]
    assert a.chain()["head"] == 3
    a.done("revoke", lease)
    assert a.do("renew", lease)["result"] == "refused"
    assert [node["name"] for node in b.done("look")["nodes"]] in ([], ["b"])
    # The first lease of b may have ended by now.
    assert sorted(key for key in store.keys("occupancyd/") if not key.startswith("occupancyd/hq/node/")) == [
        "occupancyd/hq/head/acme", "occupancyd/hq/log/acme/0000000000000003", "occupancyd/hq/owner/acme",
        "occupancyd/hq/until/acme"]


def test_names_hold_any_text(start_etcd, make_journal):
    store = start_etcd(members=1)
    names = ["a/b", "a", "a/b/0000000000000001", "%2F", "ä", "a.b_c-d~e", "\x01\x7f", "A", "0", "/", "'\"", "\u2028"]
    journals = [make_journal(store, cluster=name, node=name) for name in ["hq", "h", "hq/owner", *names[:4]]]
    for number, journal in enumerate(journals):
        lease = journal.grant()
        journal.done("announce", lease, f"{number}")
        for name in names:
            epoch = journal.done("claim", name, lease)["epoch"]
            journal.done("commit", name, epoch, 1, f"{number}:{name}")
            journal.done("defer", name, epoch, number)
    for number, journal in enumerate(journals):
        view = journal.done("look")
        assert [chain["account"] for chain in view["chains"]] == sorted(names, key=os.fsencode)
        assert {chain["until"] for chain in view["chains"]} == {number}
        assert [node["value"] for node in view["nodes"]] == [f"{number}"]
        for name in names:
            assert [entry["text"] for entry in journal.read_all(name).values()] == [f"{number}:{name}"]


def test_a_chain_is_read_in_pages_from_the_first_entry_that_there_is(start_etcd, make_journal):
    journal = make_journal(start_etcd(members=1))
    epoch = journal.done("claim", "acme", journal.grant())["epoch"]
    tags = {position: journal.ask("commit", "acme", epoch, position, f"noise:{position * 20}:{position}")
            for position in range(1, 201)}
    assert all(journal.reply(tag)["result"] in ("done", "refused") for tag in tags.values())
    head = journal.chain()["head"]
    for position in range(head + 1, 201):
        journal.done("commit", "acme", epoch, position, f"noise:{position * 20}:{position}")

    entries = journal.read_all()
    assert sorted(entries) == list(range(1, 201))
    assert all(entry["len"] == position * 20 for position, entry in entries.items())
    for first, until, count, expected, more in (
            (1, 3, 100, [1, 2, 3], False), (198, 500, 100, [198, 199, 200], False), (5, 200, 2, [5, 6], True),
            (5, 6, 2, [5, 6], False), (200, 200, 1, [200], False), (201, 300, 10, [], False), (1 << 63, (1 << 64) - 1, 10, [], False)):
        page = journal.done("read", "acme", first, until, count)
        assert ([entry["position"] for entry in page["entries"]], page["more"]) == (expected, more), (first, until, count)

    journal.done("trim", "acme", epoch, 1, 150)
    for first, until, count, expected, more in ((1, 200, 2, [151, 152], True), (150, 151, 9, [151], False),
                                                (1, 150, 9, [], False), (151, 151, 9, [151], False)):
        page = journal.done("read", "acme", first, until, count)
        assert ([entry["position"] for entry in page["entries"]], page["more"]) == (expected, more), (first, until, count)
    assert sorted(journal.read_all()) == list(range(151, 201))
    assert journal.done("read", "other", 1, 100, 100)["entries"] == []


def test_the_largest_entries_are_committed_and_read(start_etcd, make_journal):
    journal = make_journal(start_etcd(members=1), timeout_ms=60000 * SLOW)
    epoch = journal.done("claim", "acme", journal.grant())["epoch"]
    for position in range(1, 13):
        journal.done("commit", "acme", epoch, position, f"noise:{ENTRY_MAX}:{position}")
    entries = journal.read_all()
    assert {position: entry["len"] for position, entry in entries.items()} == {position: ENTRY_MAX for position in range(1, 13)}
    assert len({entry["hash"] for entry in entries.values()}) == 12
    larger = journal.do("commit", "acme", epoch, 13, f"noise:{ENTRY_MAX + 1}:13")
    assert (larger["result"], larger["error"]) == ("failed", "it is too large for etcd")


def test_what_a_node_has_goes_with_its_lease(start_etcd, make_journal):
    store = start_etcd()
    a, b = make_journal(store), make_journal(store, node="b")
    lease = a.grant(2)
    a.done("announce", lease, "here")
    epoch = a.done("claim", "acme", lease)["epoch"]
    a.done("commit", "acme", epoch, 1, "one")
    for _ in range(4):
        time.sleep(1)
        a.done("renew", lease)
    assert b.chain()["owner"] == "a"
    wait_for(lambda: b.done("look")["nodes"] == [], 30, "the end of the lease")
    wait_for(lambda: b.chain()["owner"] is None, 30, "the end of the ownership")
    assert b.chain() == {"account": "acme", "owner": None, "head": 1, "epoch": 0, "lease": 0, "until": 0}
    for late in (("renew", lease), ("commit", "acme", epoch, 2, "late"), ("claim", "acme", lease), ("release", "acme", epoch)):
        assert a.do(*late)["result"] == "refused", late


def test_of_many_that_claim_one_owns(start_etcd, make_journal):
    store = start_etcd()
    journals = [make_journal(store, node=f"node{number}") for number in range(4)]
    leases = [journal.grant() for journal in journals]
    for round in range(10):
        account = f"account{round}"
        tags = [journal.ask("claim", account, lease) for journal, lease in zip(journals, leases)]
        replies = [journal.reply(tag) for journal, tag in zip(journals, tags)]
        won = [number for number, reply in enumerate(replies) if reply["result"] == "done"]
        assert len(won) == 1 and all(reply["result"] in ("done", "refused") for reply in replies), replies
        chain = journals[0].chain(account)
        assert (chain["owner"], chain["epoch"]) == (f"node{won[0]}", replies[won[0]]["epoch"])


def settle(journal, entries, position, epoch, figures):
    """What became of a commit that nobody knows of: what is in the chain counts.  The next position."""
    def read():
        reply = journal.do("read", "acme", position, position, 1)
        return reply if reply["result"] == "done" else None
    page = wait_for(read, 120, "a chain that can be read")
    if page["entries"]:
        figures["settled"] += 1
        entries[position] = page["entries"][0]["text"]
        return position + 1
    return position


def test_nothing_acknowledged_is_lost_when_leaders_are_killed(start_etcd, make_journal, dice):
    """JOURNAL_KILLS=20 kills more; pauses and two of three as well."""
    kills = int(os.environ.get("JOURNAL_KILLS", "3"))
    store = start_etcd()
    journal = make_journal(store, timeout_ms=3000 * SLOW)
    epoch = journal.done("claim", "acme", journal.grant(3600))["epoch"]
    figures = dict.fromkeys(("acknowledged", "refused", "unknown", "failed", "settled"), 0)
    entries, acknowledged, position, attempt, longest = {}, {}, 1, 0, 0
    stop = threading.Event()

    problems = []

    def disturb():
        try:
            disturb_often()
        except BaseException as error:
            problems.append(error)
        stop.set()

    def disturb_often():
        for kill in range(kills):
            stop.wait(dice.uniform(0.2, 1.5))
            victims = [store.leader(), *(dice.sample(store.members, 1) if kill % 3 == 2 else [])]
            how = dice.choice(["kill", "kill", "pause"])
            for victim in dict.fromkeys(victims):
                getattr(victim, how)()
            stop.wait(dice.uniform(0.5, 2.5))
            for victim in dict.fromkeys(victims):
                victim.resume() if how == "pause" else victim.start()
            store.wait_healthy(60)

    thread = threading.Thread(target=disturb)
    thread.start()
    last = time.monotonic()
    while not stop.is_set() or attempt < 100:
        attempt += 1
        text = f"{position}.{attempt}"
        result = journal.do("commit", "acme", epoch, position, text)["result"]
        figures["acknowledged" if result == "done" else result] += 1
        if result == "done":
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            entries[position] = acknowledged[position] = text
            position += 1
        else:
            position = settle(journal, entries, position, epoch, figures)
    thread.join()
    assert not problems, problems
    chain = {number: entry["text"] for number, entry in journal.read_all().items()}
    lost = [number for number, text in acknowledged.items() if chain.get(number) != text]
    doubled = len(chain) - len({text for text in chain.values()})
    print(f"{kills} disturbances: {figures}, lost {len(lost)}, doubled {doubled}, longest pause {longest:.1f} s")
    assert not lost and not doubled
    assert chain == entries and sorted(chain) == list(range(1, len(chain) + 1))
    assert figures["acknowledged"] > 0


def test_a_member_that_is_gone_costs_nothing(start_etcd, make_journal):
    store = start_etcd()
    journal = make_journal(store)
    epoch = journal.done("claim", "acme", journal.grant())["epoch"]
    store.members[0].kill()
    store.healthy()
    wait_for(lambda: journal.do("commit", "acme", epoch, 1, "one")["result"] == "done", 30, "a commit with two of three")
    fresh = make_journal(store, node="b")  # which has never heard of the others
    assert fresh.chain()["head"] == 1
    fresh.done("renew", fresh.grant())


def test_a_member_that_hangs_is_left(start_etcd, make_journal):
    store = start_etcd()
    journal = make_journal(store, timeout_ms=2000 * SLOW)
    epoch = journal.done("claim", "acme", journal.grant())["epoch"]
    # The first, but on a busy machine the journal may speak to another one by now.
    for hung in store.members:
        position = journal.chain()["head"] + 1
        hung.pause()
        reply = journal.do("commit", "acme", epoch, position, "one")
        if reply["error"] and reply["error"].startswith(f"etcd at {hung.url}: "):
            break
        hung.resume()
        store.wait_healthy()
    assert reply["result"] == "unknown"
    assert reply["error"].startswith(f"etcd at {hung.url}: "), reply
    wait_for(lambda: journal.do("look")["result"] == "done", 30, "another member that answers")
    # What the member had in its hands may still be carried out, and not twice.
    hung.resume()
    store.wait_healthy()
    journal.done("commit", "acme", epoch, position, "one")
    assert [entry["text"] for entry in journal.read_all().values()] == ["one"] * position


def test_without_a_majority_nothing_is_known_and_later_all_is_well(start_etcd, make_journal):
    store = start_etcd(election_ms=500)
    journal = make_journal(store, timeout_ms=12000 * SLOW)
    lease = journal.grant()
    epoch = journal.done("claim", "acme", lease)["epoch"]
    # The leader last, which renews leases by itself until it notices that it is alone.
    leader = store.leader()
    for member in sorted(store.members, key=lambda one: one is leader)[1:]:
        member.kill()
    tags = {verb: journal.ask(*words) for verb, words in {
        "look": ("look",), "read": ("read", "acme", 1, 10, 10), "commit": ("commit", "acme", epoch, 1, "one"),
        "renew": ("renew", lease), "grant": ("grant", 10000000)}.items()}
    for verb, tag in tags.items():
        reply = journal.reply(tag)
        assert reply["result"] in ("unknown", "failed"), (verb, reply)
        assert "etcd at http" in reply["error"], (verb, reply)
    assert re.search("members|leader|timed out|connect", journal.do("look")["error"])
    store.start()
    wait_for(lambda: journal.do("commit", "acme", epoch, 1, "one")["result"] == "done", 30, "a commit with a majority")


def test_a_full_store_is_said_and_made_room_in(start_etcd, make_journal):
    store = start_etcd(options=["--quota-backend-bytes=8000000"])
    journal = make_journal(store, timeout_ms=20000 * SLOW)
    lease = journal.grant()
    epoch = journal.done("claim", "acme", lease)["epoch"]
    position, reply = 0, {"result": "done"}
    while reply["result"] == "done":
        position += 1
        reply = journal.do("commit", "acme", epoch, position, f"noise:{ENTRY_MAX // 2}:{position}")
        assert position < 100
    assert reply["result"] == "unknown"
    assert "database space exceeded: make room" in reply["error"] and "etcdctl alarm disarm" in reply["error"]
    journal.done("renew", lease)
    # What reaches the limit only as it is carried out, behind others, is carried out and refused all the same.
    head = journal.chain()["head"]
    assert head in (position - 1, position)
    journal.done("trim", "acme", epoch, 1, head)
    store.ctl("compact", str(store.leader().call("/v3/kv/range", {"key": etcd.b64("x")})["header"]["revision"]))
    store.ctl("defrag")
    store.ctl("alarm", "disarm")
    wait_for(lambda: journal.do("commit", "acme", epoch, head + 1, "small")["result"] == "done", 30, "room")
    assert [entry["text"] for entry in journal.read_all().values()] == ["small"]


def test_a_store_that_lost_its_data_is_another_one(start_etcd, make_journal):
    store = start_etcd()
    journal = make_journal(store)
    before = journal.done("look")["cluster"]
    epoch = journal.done("claim", "acme", journal.grant())["epoch"]
    journal.done("commit", "acme", epoch, 1, "one")
    store.wipe()
    reply = journal.do("commit", "acme", epoch, 2, "two")
    assert reply["result"] == "unknown" and "another etcd than the one that was looked at" in reply["error"]
    view = wait_for(lambda: (reply := journal.do("look"))["result"] == "done" and reply, 30, "a look")
    assert view["cluster"] != before and view["chains"] == []


def test_a_request_that_etcd_takes_for_too_large_has_failed(start_etcd, make_journal):
    journal = make_journal(start_etcd(members=1, options=["--max-request-bytes=10000"]))
    epoch = journal.done("claim", "acme", journal.grant())["epoch"]
    reply = journal.do("commit", "acme", epoch, 1, "noise:50000:1")
    assert reply["result"] == "failed" and "raise --max-request-bytes" in reply["error"]
    journal.done("commit", "acme", epoch, 1, "noise:5000:1")


def test_authentication_by_password_is_refused_with_what_to_do(start_etcd, make_journal):
    store = start_etcd(members=1)
    store.ctl("user", "add", "root:secret")
    store.ctl("user", "grant-role", "root", "root")
    store.ctl("auth", "enable")
    reply = make_journal(store).do("look")
    assert reply["result"] == "failed" and "etcdctl auth disable" in reply["error"]


class Gateway:
    """A web server that says the same to everything."""

    def __init__(self, status, body, headers=(), stall=0.0):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(stall)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *arguments: None  # whoever asked has gone
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


HEADER = b'"header":{"cluster_id":"7","member_id":"8","revision":"9","raft_term":"2"}'
NOTHING = b'{"response_range":{"header":{"revision":"9"}}}'
PAIR = b'{"key":"%s","create_revision":"3","mod_revision":"3","version":"1","value":"%s"}'


def look(*ranges):
    return b'{' + HEADER + b',"succeeded":true,"responses":[' + b",".join(ranges) + b"]}"


def one(key, value):
    return (b'{"response_range":{"header":{"revision":"9"},"kvs":['
            + PAIR % (etcd.b64(key).encode(), etcd.b64(value).encode()) + b'],"count":"1"}}')


@pytest.mark.parametrize("status, body, part", [
    (200, b"<html>Welcome</html>", "is not JSON"), (200, b"", "JSON"), (200, b"{}", "not an answer of etcd"),
    (200, b"[]", "not an answer of etcd"), (200, b"null", "JSON"), (200, b'{"header":{}}', "not an answer of etcd"),
    (200, b'{"header":{"cluster_id":"-7"}}', "not an answer of etcd"),
    (200, b'{"header":{"cluster_id":"99999999999999999999999"}}', "not an answer of etcd"),
    (200, b'{' + HEADER, "cut off"), (200, b'{' + HEADER + b'}', "did not answer what it was asked"),
    (200, b'{' + HEADER + b',"succeeded":"yes"}', "not an answer of etcd"),
    (200, look(NOTHING), "did not answer what it was asked"),
    (200, look(NOTHING, one("occupancyd/hq/head/acme", "-1"), NOTHING, NOTHING), "occupancyd/hq/head/acme"),
    (200, look(NOTHING, one("occupancyd/hq/head/acme", "0x7"), NOTHING, NOTHING), "occupancyd/hq/head/acme"),
    (200, look(NOTHING, one("occupancyd/other/head/acme", "7"), NOTHING, NOTHING), "occupancyd/other/head/acme"),
    (200, look(one("occupancyd/hq/owner/acme", "a"), NOTHING, NOTHING, NOTHING), "occupancyd/hq/owner/acme"),
    (200, look(NOTHING, NOTHING, NOTHING, one("occupancyd/hq/node/a", "a")), "occupancyd/hq/node/a"),
    (200, b'{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}}', "no leader"),
    (200, b"[" * 100000, "JSON"), (302, b"", "leads elsewhere"), (307, b"moved", "leads elsewhere"),
    (401, b"<html>who are you", "HTTP 401"), (404, b"404 page not found", "JSON gateway is off"), (405, b"", "HTTP 405"),
    (429, b'{"error":"slow down"}', "HTTP 429"), (500, b"oops", "HTTP 500"), (502, b"<html>", "HTTP 502"),
    (503, b'{"error":"etcdserver: leader changed","message":"etcdserver: leader changed","code":14}', "leader changed"),
    (500, b'{"error":"something \\u0000\\u001b[31m new","code":2}', "something"),
], ids=lambda value: None if isinstance(value, int) else value[:30].decode() if isinstance(value, bytes) else "")
def test_nothing_is_believed_of_what_is_not_etcd(make_journal, status, body, part):
    gateway = Gateway(status, body, [("Location", "http://127.0.0.1:1/")])
    journal = make_journal([gateway.url])
    for words in (("look",), ("read", "acme", 1, 10, 10), ("grant", 5000000), ("renew", 7), ("claim", "acme", 7),
                  ("commit", "acme", 7, 1, "x"), ("release", "acme", 7), ("announce", 7, "x"), ("trim", "acme", 7, 1, 1)):
        reply = journal.do(*words)
        known = HEADER in body and body.endswith(b"]}") and words[0] in ("claim", "commit", "release", "announce", "trim")
        assert reply["result"] == "unknown" or known, (words, reply)
        if reply["result"] == "unknown":
            assert reply["error"].startswith(f"etcd at {gateway.url}: "), reply
            assert "\x1b" not in reply["error"]
        if words[0] == "look":
            assert part in reply["error"], reply
    gateway.stop()


def test_a_gateway_that_stalls_or_answers_too_much_is_left(start_etcd, make_journal):
    store = start_etcd(members=1)
    stalls = Gateway(200, b"{}", stall=30)
    floods = Gateway(200, b"{" + b" " * (20 << 20) + b"}")
    journal = make_journal([stalls.url, floods.url, *store.endpoints], timeout_ms=1500 * SLOW)
    assert journal.do("look")["result"] == "unknown"
    assert journal.do("look")["result"] == "done", "past the one that answers too much"
    for gateway in (stalls, floods):
        gateway.stop()


def test_certificates_that_do_not_fit_are_said(start_etcd, make_journal, tmp_path):
    store = start_etcd(members=1, tls=True)
    stranger = Authority(tmp_path, "stranger")
    cert, key = stranger.issue("node-a")
    old_cert, old_key = store.authority.issue("old", days=1, made="-3d")
    for named in ({"cert": None, "key": None}, {"cert": cert, "key": key}, {"cert": old_cert, "key": old_key}, {"ca": stranger.cert}):
        reply = make_journal(store, **named).do("look")
        assert reply["result"] in ("failed", "unknown"), named
        assert "see ca_file, client_cert and client_key" in reply["error"], reply
    assert make_journal(store).do("look")["result"] == "done"


def test_plain_http_reaches_no_tls(start_etcd, make_journal):
    store = start_etcd(members=1, tls=True)
    reply = make_journal([store.endpoints[0].replace("https", "http")]).do("look")
    assert reply["result"] == "unknown" and "etcd at http:" in reply["error"]
