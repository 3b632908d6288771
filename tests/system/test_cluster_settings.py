# SPDX-License-Identifier: ISC
"""What a reload applies of the block cluster, and what of it waits for a restart."""

import signal

from harness import uuid_of, wait_for

ROOM = {"uuid": uuid_of(1), "name": "room-1"}


def block(endpoints, **more):
    settings = {"name": "hq", "node": "a", "lease": "5s", **more}
    urls = ", ".join(f'"{url}"' for url in endpoints)
    rest = " ".join(f'{name} = "{value}";' for name, value in settings.items())
    return f"cluster = {{ {rest} endpoints = ( {urls} ); }};\n"


def reload(daemon, text):
    before = daemon.stderr().count("reloaded: ")
    daemon.config.write_text(text)
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.stderr().count("reloaded: ") > before, 10, "reload")


def owns(store, name):
    return f"occupancyd/{name}/owner/acme" in store.keys("occupancyd/")


def announced(store):
    """At which revision each node of any cluster has shown itself last."""
    return {"/".join(key.split("/")[1:4]): value.mod_revision for key, value in store.keys("occupancyd/").items()
            if key.split("/")[2] == "node"}


def test_names_and_lease_of_a_cluster_stay_over_a_reload(fake, start_etcd, make_daemon):
    store = start_etcd(members=1)
    first = block(store.endpoints)
    daemon = make_daemon(fake.url, [ROOM], extra=first).start()
    wait_for(lambda: owns(store, "hq"), 20, "the account's owner")
    text, before = daemon.config.read_text(), announced(store)
    reload(daemon, text.replace(first, block(store.endpoints, name="other", node="b", lease="10m")))
    for setting, old, new in (("name", "hq", "other"), ("node", "a", "b"), ("lease", "5s", "10m")):
        assert (f'cluster.{setting} has changed from "{old}" to "{new}": that needs a restart, and until then '
                f'"{old}" is used') in daemon.stderr()
    # It goes on in the one cluster as the one node, and says so once more.
    wait_for(lambda: announced(store) != before, 20, "an announcement")
    assert list(announced(store)) == ["hq/node/a"]
    reload(daemon, text.replace(first, ""))
    assert 'cluster has changed from "other" to none: that needs a restart' in daemon.stderr()
    assert owns(store, "hq")
    daemon.stop()


def test_endpoints_apply_at_a_reload(fake, start_etcd, make_daemon):
    store = start_etcd(members=1)
    nowhere = block(["http://127.0.0.1:1"])
    daemon = make_daemon(fake.url, [ROOM], extra=nowhere).start()
    wait_for(lambda: "127.0.0.1:1" in daemon.stderr(), 30, "the report of an endpoint that does not answer")
    reload(daemon, daemon.config.read_text().replace(nowhere, block(store.endpoints)))
    wait_for(lambda: owns(store, "hq"), 20, "the account's owner")
    assert "has changed from" not in daemon.stderr()
    daemon.stop()


def test_certificates_are_read_again_when_they_change(fake, start_etcd, make_daemon):
    store = start_etcd(members=1, tls=True)
    daemon = make_daemon(fake.url, [ROOM])
    cert, key = daemon.folder / "cluster-cert", daemon.folder / "cluster-key"
    # Of nobody that etcd knows.
    stranger_cert, stranger_key = type(store.authority)(daemon.folder, "stranger").issue("client")
    cert.write_bytes(open(stranger_cert, "rb").read())
    key.write_bytes(open(stranger_key, "rb").read())
    key.chmod(0o600)
    with daemon.config.open("a") as file:
        file.write(block(store.endpoints, ca_file=store.authority.cert, client_cert=cert, client_key=key))
    daemon.start()
    wait_for(lambda: store.endpoints[0] in daemon.stderr(), 30, "the report of a certificate that is refused")
    assert not owns(store, "hq")
    good_cert, good_key = store.authority.issue("node-a")
    cert.write_bytes(open(good_cert, "rb").read())
    key.write_bytes(open(good_key, "rb").read())
    wait_for(lambda: owns(store, "hq"), 60, "the account's owner")
    daemon.stop()
