# SPDX-License-Identifier: ISC
"""The real daemon over TLS, through nginx before the stand-in server: who is
trusted, what is kept alive, who lets us in, and which way the requests go."""

import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness import (KEY, SLOW, Fake, assert_complete, expected_records, free_port, parse_time, uuid_of, wait_for)
from nginx import Authority, Nginx, Proxy

RETRY = 'retry = { base = "200ms"; cap = "1s"; };\n'
QUICK = {"backfill_from": "10m"}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A trusted authority, another one, and a server certificate of the first."""
    folder = tmp_path_factory.mktemp("pki")
    authority = Authority(folder, "trusted")
    authority.other = Authority(folder, "other")
    authority.good = authority.server()
    return authority


@pytest.fixture
def front(tmp_path, start_fake, pki):
    """Starts nginx before a stand-in server."""
    servers = []

    def start(cert=None, fake=(), **settings):
        behind = start_fake("--trust-proxy", *fake)
        servers.append(Nginx(tmp_path / f"nginx{len(servers)}", behind.url, *(cert or pki.good), **settings))
        servers[-1].fake = behind
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def start_proxy():
    proxies = []

    def start(**options):
        proxies.append(Proxy(**options))
        return proxies[-1]
    yield start
    for proxy in proxies:
        proxy.stop()


def devices(count):
    return [{"uuid": uuid_of(n), "name": f"room-{n}"} for n in range(1, count + 1)]


def assert_all_recorded(daemon, count, begin, minutes=10):
    """Every minute from so many before the start up to now, of each device, each once.
    The start may have been a minute after begin."""
    records = daemon.records()
    for n in range(1, count + 1):
        mine = [r for r in records if r["device"] == uuid_of(n)]
        assert mine, f"nothing of room-{n}"
        first, last = parse_time(mine[0]["time"]), parse_time(mine[-1]["end"])
        assert first <= begin - 60 * (minutes - 2) and last >= (begin - 1) // 60 * 60, (first, last, begin)
        assert_complete(records, uuid_of(n), expected_records(uuid_of(n), "MINUTELY", "UTC", first, last))


def once(daemon, count, minutes=10, env=None):
    begin = time.time()
    code, _, stderr = daemon.run("--once", env=env)
    assert code == 0, stderr
    assert_all_recorded(daemon, count, begin, minutes)


def wait_until_healthy(daemon, count):
    wait_for(lambda: re.match(rf"{count} devices? ok; backlog 0;", daemon.notify.status), 20, "a healthy STATUS")


def reaches(daemon, n, begin):
    """Whether the last minute that had ended is recorded."""
    ends = [parse_time(r["end"]) for r in daemon.records() if r["device"] == uuid_of(n)]
    return ends and ends[-1] >= (begin - 1) // 60 * 60


def comes_to_rest(daemon, count, begin):
    """Waits until nothing is behind any more, and looks at all that was recorded."""
    wait_until_healthy(daemon, count)
    # A minute that had just ended then may wait for its device's turn, which is up to half a minute later.
    wait_for(lambda: all(reaches(daemon, n, begin) for n in range(1, count + 1)), 40, "the last minute before the start")
    assert_all_recorded(daemon, count, begin)
    daemon.stop()


def trouble(daemon, said):
    """Waits until both the journal and STATUS say it."""
    wait_for(lambda: re.search(said, daemon.stderr()), 20, f"{said} in the journal")
    wait_for(lambda: re.search(said, daemon.notify.status), 20, f"{said} in STATUS")


# Whom we trust

@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_own_ca_is_trusted_and_http2_is_spoken(host, front, pki, make_daemon):
    nginx = front()
    daemon = make_daemon(f"https://{host}:{nginx.port}", devices(2), account={"ca_file": str(pki.cert)}, defaults=QUICK)
    once(daemon, 2)
    assert {e["http"] for e in nginx.fake.journal()} == {"HTTP/2.0"}
    assert {r["tls"] for r in nginx.requests()} == {"TLSv1.3"}


def test_tls_1_2_and_http_1_1_will_do(front, pki, make_daemon):
    nginx = front(protocols="TLSv1.2", http2=False)
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert)}, defaults=QUICK)
    once(daemon, 2)
    assert {(r["tls"], r["protocol"]) for r in nginx.requests()} == {("TLSv1.2", "HTTP/1.1")}


UNTRUSTED = {
    "unknown authority": (lambda pki: pki.other.server("unknown"), "unable to get local issuer certificate"),
    "other host": (lambda pki: pki.server("elsewhere", hosts="DNS:api2.rhombussystems.com"),
                   r"no alternative certificate subject name matches target (host name|ipv4 address) '127\.0\.0\.1'"),
    "expired": (lambda pki: pki.server("expired", days=1, made="-2d"), "certificate has expired"),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_untrusted_server_gets_no_request_and_nothing_is_lost(name, front, pki, make_daemon):
    make, said = UNTRUSTED[name]
    nginx = front(cert=make(pki))
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert)}, defaults=QUICK, extra=RETRY).start()
    trouble(daemon, said)
    assert nginx.fake.journal() == [] and nginx.requests() == []
    assert daemon.records() == []

    nginx.reload(*pki.good)
    comes_to_rest(daemon, 2, begin)
    assert re.search(r"^(acme: reached again|room-\d: recovered) after", daemon.stderr(), re.M), daemon.stderr()


REVOKED = {
    "the server's certificate": (lambda root, middle, cert: root.revocations() + middle.revocations(cert), "revoked"),
    "the authority's certificate": (lambda root, middle, cert: root.revocations(middle.cert) + middle.revocations(),
                                    "revoked"),
    "no list of one authority": (lambda root, middle, cert: root.revocations(), "unable to get certificate CRL"),
    "a list of the past": (lambda root, middle, cert: root.revocations() + middle.revocations(until="20200102000000Z"),
                           "CRL has expired"),
}


@pytest.mark.parametrize("name", REVOKED)
def test_revoked_chain_gets_no_request_and_a_new_list_heals(name, front, make_daemon, tmp_path):
    make, said = REVOKED[name]
    root = Authority(tmp_path, "root")
    middle = Authority(tmp_path, "middle", root)
    cert, key = middle.server()
    chain, lists = tmp_path / "chain.pem", tmp_path / "lists.pem"
    chain.write_text(cert.read_text() + middle.cert.read_text())
    lists.write_text(make(root, middle, cert))
    nginx = front(cert=(chain, key))
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(root.cert), "crl_file": str(lists)},
                         defaults=QUICK, extra=RETRY).start()
    trouble(daemon, said)
    assert nginx.fake.journal() == [] and nginx.requests() == [] and daemon.records() == []

    lists.write_text(root.revocations() + middle.revocations())
    comes_to_rest(daemon, 2, begin)


def test_private_ca_is_not_trusted_without_ca_file(front, make_daemon):
    nginx = front()
    daemon = make_daemon(nginx.url, devices(1), defaults=QUICK, extra=RETRY)
    # More than once, because a failure in the same turn as the start is easily overlooked.
    for _ in range(3):
        code, _, stderr = daemon.run("--once", timeout=20)
        assert code == 69 and re.search("unable to get local issuer|self.signed certificate", stderr), stderr
    assert nginx.fake.journal() == []


@pytest.mark.parametrize("reload", [False, True], ids=["by itself", "on reload"])
def test_replaced_ca_file_is_taken(reload, front, pki, make_daemon, tmp_path):
    nginx = front()
    bundle = tmp_path / "bundle.pem"
    shutil.copy(pki.other.cert, bundle)
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(bundle)}, defaults=QUICK, extra=RETRY).start()
    trouble(daemon, "unable to get local issuer certificate")
    shutil.copy(pki.cert, tmp_path / "bundle.new")
    (tmp_path / "bundle.new").rename(bundle)
    if reload:
        daemon.signal(1)
    comes_to_rest(daemon, 2, begin)


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_server_of_old_tls_is_refused(version, front, pki, make_daemon, tmp_path):
    """By the daemon itself: this machine's OpenSSL is told to speak anything."""
    lax = tmp_path / "openssl.cnf"
    lax.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
                   "[c]\nMinProtocol = None\nCipherString = ALL:@SECLEVEL=0\n")
    nginx = front(protocols=version, server="ssl_ciphers ALL:@SECLEVEL=0;", http2=False)
    spoken = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.port}"], text=True, input="",
                            capture_output=True, env={**os.environ, "OPENSSL_CONF": str(lax)}).stdout
    assert re.search(rf"Protocol\s*: {version}\n", spoken), f"the server does not even speak {version}"
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert)}, defaults=QUICK, extra=RETRY)
    daemon.start(OPENSSL_CONF=str(lax))
    trouble(daemon, r"(?i)alert protocol version|unsupported protocol")
    assert nginx.fake.journal() == []
    nginx.reload(*pki.good)
    comes_to_rest(daemon, 2, begin)


# What is kept alive

@pytest.mark.parametrize("http2, most", [(True, 1), (False, 4)], ids=["HTTP/2", "HTTP/1.1"])
def test_many_polls_share_few_connections(http2, most, front, pki, make_daemon):
    nginx = front(http2=http2)
    daemon = make_daemon(nginx.url, devices(20), account={"ca_file": str(pki.cert), "max_in_flight": 4},
                         defaults={"backfill_from": "60m", "max_points": 6})
    once(daemon, 20, minutes=60)
    requests = nginx.requests()
    assert len(requests) >= 180
    assert len({r["connection"] for r in requests}) <= most, "TLS connections"


def test_gzip_by_nginx_is_unpacked(front, pki, make_daemon):
    nginx = front(fake=["--no-gzip"], server="gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json;")
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert)}, defaults=QUICK)
    once(daemon, 2)
    assert {r["encoding"] for r in nginx.requests()} == {"gzip"}


# Mutual TLS

SCHEMES = {"api": {}, "partner-api": {"org": "org1"}}


def mutual(authority, verify="on"):
    return f"ssl_client_certificate {authority.cert}; ssl_verify_client {verify};"


def mutual_account(pki, scheme, cert, key):
    return {"ca_file": str(pki.cert), "scheme": scheme, "client_cert": str(cert), "client_key": str(key),
            **SCHEMES[scheme]}


def key_for(scheme):
    return ["--key", f"mutual-{KEY},org=org1,scheme={scheme},id=mutual"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind, form", [("rsa", "pkcs1"), ("rsa", "pkcs8"), ("ec", "sec1"), ("ec", "pkcs8")])
def test_mutual_tls_with_every_kind_of_key(scheme, kind, form, front, pki, make_daemon):
    nginx = front(fake=key_for(scheme), server=mutual(pki))
    cert, key = pki.issue(f"client-{scheme}-{kind}-{form}", key=(kind, form), serial=71)
    daemon = make_daemon(nginx.url, devices(2), key=f"mutual-{KEY}", defaults=QUICK,
                         account=mutual_account(pki, scheme, cert, key))
    once(daemon, 2)
    assert {(r["verify"], r["serial"]) for r in nginx.requests()} == {("SUCCESS", "47")}
    journal = nginx.fake.journal()
    assert {(e["key"], e["scheme"], e["asked_org"]) for e in journal} == {("mutual", scheme, SCHEMES[scheme].get("org"))}


def test_client_certificate_with_negative_serial_number_is_accepted(front, pki, make_daemon):
    nginx = front(fake=key_for("api"), server=mutual(pki))
    cert, key = pki.issue("negative", serial=-5)
    serial = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-serial"], text=True, capture_output=True).stdout
    assert serial == "serial=-05\n"
    daemon = make_daemon(nginx.url, devices(2), key=f"mutual-{KEY}", defaults=QUICK,
                         account=mutual_account(pki, "api", cert, key))
    once(daemon, 2)
    assert {(r["verify"], r["serial"]) for r in nginx.requests()} == {("SUCCESS", "-05")}


def test_wrong_client_certificate_is_refused_and_healed_by_replacing_the_files(front, pki, make_daemon, tmp_path):
    nginx = front(fake=key_for("api"), server=mutual(pki, verify="optional_no_ca"))
    good, wrong = pki.issue("right"), pki.other.issue("wrong")
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"
    shutil.copy(wrong[0], cert)
    shutil.copy(wrong[1], key)
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(4), key=f"mutual-{KEY}", defaults=QUICK, extra=RETRY,
                         account=mutual_account(pki, "api", cert, key)).start()
    trouble(daemon, "key refused")
    assert all(r["verify"].startswith("FAILED") for r in nginx.requests())
    assert daemon.records() == []

    # One after the other, as people do: for a moment the two do not belong together.
    shutil.copy(good[0], cert)
    wait_for(lambda: "have changed" in daemon.stderr(), 10, "a look at the files")
    shutil.copy(good[1], key)
    comes_to_rest(daemon, 4, begin)
    # No connection that was made with the wrong certificate is used again.
    verified = [r["verify"] for r in nginx.requests()]
    assert set(verified[verified.index("SUCCESS"):]) == {"SUCCESS"}
    assert daemon.stderr().count("acme: key refused") == daemon.stderr().count("acme: key accepted after") == 1


def test_replaced_client_certificate_is_used_after_a_reload(front, pki, make_daemon, tmp_path):
    nginx = front(fake=key_for("api"), server=mutual(pki))
    old, new = pki.issue("old", serial=1), pki.issue("new", serial=2)
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"
    shutil.copy(old[0], cert)
    shutil.copy(old[1], key)
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), key=f"mutual-{KEY}", defaults=QUICK,
                         account=mutual_account(pki, "api", cert, key)).start()
    wait_until_healthy(daemon, 2)
    shutil.copy(new[0], cert)
    shutil.copy(new[1], key)
    # A device that is new is asked for at once.
    before = len(nginx.requests())
    daemon.write_config(nginx.url, devices(3), account=mutual_account(pki, "api", cert, key), defaults=QUICK)
    daemon.signal(1)
    wait_for(lambda: "reloaded: 3 devices" in daemon.stderr(), 10, "the reload")
    comes_to_rest(daemon, 3, begin)
    assert {r["serial"] for r in nginx.requests()[before:]} == {"02"}


@pytest.mark.parametrize("which", ["client_cert", "client_key", "ca_file", "crl_file"])
def test_missing_tls_file_is_a_mistake_of_the_configuration(which, pki, make_daemon, tmp_path):
    missing = tmp_path / "missing.pem"
    account = {**mutual_account(pki, "api", *pki.issue(f"not-{which}")), which: str(missing)}
    code, _, stderr = make_daemon("https://127.0.0.1:1", devices(1), account=account).run("--once", timeout=15)
    assert re.match(rf"account acme: {missing} cannot be \w+: No such file or directory\n", stderr), stderr
    assert code == 78


def test_useless_client_certificate_is_said_and_healed_by_putting_a_good_one_there(front, pki, make_daemon, tmp_path):
    nginx = front(fake=key_for("api"), server=mutual(pki))
    good = pki.issue("late")
    cert = tmp_path / "late.pem"
    cert.write_text("-----BEGIN CERTIFICATE-----\nto be done\n-----END CERTIFICATE-----\n")
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), key=f"mutual-{KEY}", defaults=QUICK, extra=RETRY,
                         account=mutual_account(pki, "api", cert, good[1])).start()
    trouble(daemon, "could not load PEM client certificate")
    assert nginx.fake.journal() == []
    shutil.copy(good[0], cert)
    comes_to_rest(daemon, 2, begin)


def test_client_certificate_that_is_no_pem_is_a_mistake_of_the_configuration(pki, make_daemon, tmp_path):
    cert = tmp_path / "client.der"
    cert.write_bytes(b"0\x82\x01\x02")
    account = mutual_account(pki, "api", cert, pki.issue("pem")[1])
    code, _, stderr = make_daemon("https://127.0.0.1:1", devices(1), account=account).run("--once", timeout=15)
    assert code == 78 and f"{cert} is not a PEM file" in stderr, stderr


def test_client_key_that_others_can_read_is_refused(front, pki, make_daemon):
    nginx = front(fake=key_for("api"), server=mutual(pki))
    cert, key = pki.issue("open")
    key.chmod(0o640)
    daemon = make_daemon(nginx.url, devices(1), key=f"mutual-{KEY}", account=mutual_account(pki, "api", cert, key))
    code, _, stderr = daemon.run("--once", timeout=15)
    assert code == 77 and f"{key} is accessible to other users (mode 640): run chmod go= {key}" in stderr, stderr


# The way through a proxy

def test_proxy_is_the_only_way_and_never_sees_the_key(front, pki, make_daemon, start_proxy):
    nginx, proxy = front(), start_proxy()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert), "proxy": proxy.url}, defaults=QUICK)
    # An exception in the environment does not open a way past the configured proxy.
    once(daemon, 2, env={"NO_PROXY": "*", "no_proxy": "127.0.0.1"})
    assert set(proxy.targets) == {f"127.0.0.1:{nginx.port}"}
    assert nginx.requests() and {r["port"] for r in nginx.requests()} <= proxy.ports
    assert len(proxy.wire) > 1000
    for secret in (KEY.encode(), b"x-auth"):
        assert secret not in proxy.wire


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "429 Too Many"])
def test_what_a_proxy_refuses_is_no_word_of_rhombus(status, front, pki, make_daemon, start_proxy):
    nginx, proxy = front(), start_proxy(answer=f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert), "proxy": proxy.url}, defaults=QUICK,
                         extra=RETRY).start()
    trouble(daemon, f"CONNECT tunnel failed, response {status[:3]}")
    assert "key refused" not in daemon.stderr() and "rate limited" not in daemon.stderr()
    assert nginx.requests() == []
    proxy.answer = None
    comes_to_rest(daemon, 2, begin)


def test_proxies_of_the_environment_are_ignored(front, pki, make_daemon, start_proxy):
    nginx, proxy = front(), start_proxy()
    daemon = make_daemon(nginx.url, devices(2), account={"ca_file": str(pki.cert)}, defaults=QUICK)
    names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    once(daemon, 2, env={name: proxy.url for name in names})
    assert proxy.targets == []


def test_session_keys_are_not_written_for_the_environment(front, pki, make_daemon, tmp_path):
    nginx = front()
    daemon = make_daemon(nginx.url, devices(1), account={"ca_file": str(pki.cert)}, defaults=QUICK)
    once(daemon, 1, env={"SSLKEYLOGFILE": str(tmp_path / "session-keys")})
    assert not (tmp_path / "session-keys").exists()


# Time-outs

def test_connecting_has_its_own_time_limit(pki, make_daemon, tmp_path):
    """The kernel drops what wants to connect to a socket whose queue is full."""
    with socket.socket() as full:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        begin = time.time()
        daemon = make_daemon(f"http://127.0.0.1:{port}", devices(1), account={"connect_timeout": "1s"},
                             defaults={**QUICK, "timeout": "60s"}, extra=RETRY).start()
        # Each libcurl in its own words.
        trouble(daemon, rf"(Failed to connect to 127\.0\.0\.1 port {port}|Connection timeout|Connection timed out) "
                        r"after 1\d\d\d (ms|milliseconds)")
        for one in waiting:
            one.close()
    fake = Fake(tmp_path, "--port", str(port))
    try:
        comes_to_rest(daemon, 1, begin)
        # It never got as far as asking, so there was no reason to ask for less.
        assert len([e for e in fake.journal() if e["end_ms"] - e["start_ms"] >= 540_000]) == 1
    finally:
        fake.stop()


def test_silent_server_has_a_time_limit_and_is_asked_for_less(front, pki, make_daemon):
    nginx = front()
    nginx.fake.faults({"hang": True})
    begin = time.time()
    daemon = make_daemon(nginx.url, devices(1), account={"ca_file": str(pki.cert)}, defaults={**QUICK, "timeout": "1s"},
                         extra=RETRY).start()
    trouble(daemon, r"Operation timed out after 1\d\d\d milliseconds with 0 bytes received")
    spans = [e["end_ms"] - e["start_ms"] for e in nginx.fake.journal()]
    assert spans[1] < spans[0], spans
    nginx.fake.faults()
    comes_to_rest(daemon, 1, begin)


def test_server_that_is_not_there_is_named(make_daemon):
    port = free_port()
    code, _, stderr = make_daemon(f"https://127.0.0.1:{port}", devices(1), extra=RETRY, defaults=QUICK).run("--once")
    assert code == 69 and re.search(rf"room-1: poll failed: Failed to connect to 127\.0\.0\.1 port {port} after", stderr), stderr
