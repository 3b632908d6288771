# SPDX-License-Identifier: ISC
"""occupancyctl metrics with the real daemon; the alerts and the dashboard of conf/examples with a real Prometheus."""

import functools
import http.server
import json
import re
import shutil
import signal
import subprocess
import threading
import urllib.parse
import urllib.request

import pytest

from harness import OCCUPANCYCTL, OCCUPANCYD, ROOT, free_port, occupancyctl, uuid_of, wait_for
from test_status import EVIL, document, rooms, serving, socket_path, start  # noqa: F401

EXAMPLES = ROOT / "conf/examples/prometheus"
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed: prometheus")
needs_prometheus = pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")


def metrics(daemon, path, *options):
    done = occupancyctl("metrics", "-c", daemon.config, "--socket", path, *options)
    return done.returncode, done.stdout, done.stderr


def is_clean(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def value(text, series):
    """The value of the one series that begins like this."""
    found = re.findall(rf"^{re.escape(series)}[^ ]* (\S+)$|^{re.escape(series)}.*}} (\S+)$", text, re.M)
    assert len(found) == 1, (series, text)
    return float(found[0][0] or found[0][1])


@needs_promtool
def test_metrics_say_how_all_is(start_fake, make_daemon, socket_path, tmp_path):  # noqa: F811
    fake = start_fake()
    fake.faults({"device": uuid_of(4), "status": 404})
    daemon = start(make_daemon(fake.url, rooms(50), defaults={"interval": "HOURLY", "window": "1h"}), socket_path)
    wait_for(lambda: (t := document(socket_path)["totals"])["fresh"] == 49 and t["failing"] == 1, 30, "one fails")
    code, text, _ = metrics(daemon, socket_path)
    assert code == 0
    is_clean(text)
    assert value(text, "occupancyd_up") == 1
    assert value(text, 'occupancyd_rooms{state="fresh"') == 49 and value(text, 'occupancyd_rooms{state="failing"') == 1
    assert value(text, "occupancyd_records_total") == 49 and value(text, "occupancyd_storage_ok") == 1
    assert value(text, 'occupancyd_account_state{account="acme",state="open"') == 1
    assert value(text, 'occupancyd_account_state{account="acme",state="refused"') == 0
    counts = {record["name"]: record["count"] for record in daemon.records()}
    for number in (1, 7, 50):
        assert value(text, f'occupancyd_room_occupancy{{room="room {number}",') == counts[f"room {number}"]
        assert value(text, f'occupancyd_room_behind_seconds{{room="room {number}",') == 0
    # What was not counted is not there, rather than 0.
    assert 'occupancyd_room_occupancy{room="room 4"' not in text and text.count("occupancyd_room_occupancy{") == 49
    assert value(text, 'occupancyd_room_backlog_buckets{room="room 4",') >= 1

    # A file is there whole, is replaced, and others may read it.
    out = tmp_path / "occupancyd.prom"
    assert metrics(daemon, socket_path, "-o", out)[:2] == (0, "")
    is_clean(out.read_text())
    assert value(out.read_text(), "occupancyd_up") == 1
    daemon.kill()
    code, _, err = metrics(daemon, socket_path, "-o", out)
    assert code == 0 and "nobody listens there" in err
    assert out.read_text().splitlines()[-1] == "occupancyd_up 0"
    is_clean(out.read_text())
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["occupancyd.prom"]
    code, _, err = metrics(daemon, socket_path, "-o", tmp_path / "nowhere/x.prom")
    assert code == 74 and "nowhere" in err


@needs_promtool
def test_names_break_no_line(start_fake, make_daemon, socket_path):  # noqa: F811
    name = json.dumps(EVIL + '"\\{}= ', ensure_ascii=False)
    text = ('{"version":1,"program":"occupancyd","started":"2026-11-23T08:00:00Z","now":"2026-11-23T09:00:00Z",'
            f'"accounts":[\n{{"name":{name},"state":"open","clock":{{}}}}],\n"devices":[\n'
            f'{{"uuid":"A","name":{name},"account":{name},"state":"fresh","last_end":"2026-11-23T08:45:00Z","last_count":3}}'
            '],\n"totals":{"devices":1}}\n')
    daemon = make_daemon(start_fake().url, rooms(1))
    with serving(socket_path, text.encode()):
        code, out, _ = metrics(daemon, socket_path)
    assert code == 0 and "\x1b" not in out and "\u202e" not in out and "😀" in out
    is_clean(out)


@needs_promtool
def test_metrics_of_an_instance_have_its_name(start_fake, make_daemon, socket_path, tmp_path):  # noqa: F811
    """node_exporter puts the files of all instances together, and refuses a series that is there twice."""
    name = 'a {b} "c" \\ #'
    daemon = start(make_daemon(start_fake().url, [{"uuid": uuid_of(1), "name": name, "site": "HQ"}]), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["fresh"] == 1, 30, "a record")
    config = tmp_path / "occupancyd/north/occupancyd.conf"
    config.parent.mkdir(parents=True)
    config.write_bytes(daemon.config.read_bytes())
    _, plain, _ = metrics(daemon, socket_path)
    named = occupancyctl("metrics", "-c", config, "--socket", socket_path).stdout
    is_clean(named)
    assert 'occupancyd_up{daemon="north"} 1\n' in named and 'occupancyd_rooms{daemon="north",state="fresh"} 1\n' in named
    # And nothing else is different.
    stripped = named.replace('{daemon="north"}', "").replace('daemon="north",', "")
    assert [line.rpartition(" ")[0] for line in stripped.splitlines()] == [line.rpartition(" ")[0] for line in plain.splitlines()]
    assert named.count('daemon="north"') == sum(line[0] != "#" for line in plain.splitlines())
    daemon.stop()


@needs_promtool
def test_alerts_fire_when_they_should(tmp_path):
    subprocess.run(["promtool", "check", "rules", EXAMPLES / "occupancyd-rules.yml"], check=True, capture_output=True)
    cases = [
        ("OccupancydDown", "occupancyd_up", "0x60", "1x60", 5),
        ("OccupancyRoomStale", 'occupancyd_room_behind_seconds{room="Canteen"}', "4000+60x60", "3000x60", 10),
        ("OccupancyAccountRefused", 'occupancyd_account_state{account="acme",state="refused"}', "1x60", "0x60", 10),
        ("OccupancyBacklogGrowing", 'occupancyd_room_backlog_buckets{instance="a"}', "200+5x200", "2000-5x200", 150),
        ("OccupancydClusterHalted", 'occupancyd_cluster_account_halted{account="acme"}', "1x60", "0x60", 5),
        ("OccupancydClusterNoOwner", 'occupancyd_cluster_account_owner{cluster="hq",account="acme",instance="a"}', "0x60", "1x60", 5),
        ("OccupancydClusterUnreachable", 'occupancyd_cluster_up{cluster="hq",node="a"}', "0x60", "1x60", 5),
        ("OccupancydClusterBehind", 'occupancyd_cluster_account_behind{account="acme"}', "101x60", "100x60", 20),
    ]
    tests = []
    for name, series, bad, good, minutes in cases:
        for values, count in ((bad, 1), (good, 0)):
            tests.append({"interval": "1m", "input_series": [{"series": series, "values": values}],
                          "promql_expr_test": [{"expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                                                "eval_time": f"{minutes}m",
                                                "exp_samples": [{"labels": "{}", "value": 1}] if count else []}]})
    (tmp_path / "tests.yml").write_text(json.dumps(
        {"rule_files": [str(EXAMPLES / "occupancyd-rules.yml")], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", tmp_path / "tests.yml"], text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
def test_a_prometheus_takes_the_alerts_and_answers_the_dashboard(start_fake, make_daemon, socket_path, tmp_path):  # noqa: F811
    fake = start_fake()
    fake.faults({"device": uuid_of(2), "status": 404})
    daemon = start(make_daemon(fake.url, rooms(5)), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["failing"] == 1, 30, "one fails")
    web = tmp_path / "web"
    web.mkdir()

    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            assert metrics(daemon, socket_path, "-o", web / "metrics")[0] == 0
            super().do_GET()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(web)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    port = free_port()
    (tmp_path / "prometheus.yml").write_text(json.dumps(
        {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
         "rule_files": [str(EXAMPLES / "occupancyd-rules.yml")],
         "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{server.server_port}"]}]}]}))
    with open(tmp_path / "prometheus.log", "w") as log:
        prometheus = subprocess.Popen(["prometheus", f"--config.file={tmp_path}/prometheus.yml",
                                       f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                                      stdout=log, stderr=log)

    def ask(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10) as reply:
                return json.load(reply)["data"]
        except OSError:
            return None

    def query(expression):
        answer = ask("query?" + urllib.parse.urlencode({"query": expression}))
        return answer and answer["result"]
    try:
        wait_for(lambda: query("count_over_time(occupancyd_requests_total[5m]) > 2"), 60, "scraped")
        groups = ask("rules")["groups"]
        assert [rule["name"] for group in groups for rule in group["rules"]] == [
            "OccupancydDown", "OccupancyRoomStale", "OccupancyAccountRefused", "OccupancyBacklogGrowing",
            "OccupancydClusterHalted", "OccupancydClusterNoOwner", "OccupancydClusterUnreachable", "OccupancydClusterBehind"]
        assert all(rule["health"] == "ok" for group in groups for rule in group["rules"])

        dashboard = json.loads((EXAMPLES / "grafana-dashboard.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        assert len(expressions) >= 10
        for expression in expressions:
            for variable, text in (("$instance", ".*"), ("$room", ".*"), ("$__rate_interval", "5m")):
                expression = expression.replace(variable, text)
            assert "$" not in expression and query(expression), expression
        assert query('occupancyd_room_behind_seconds{room="room 2"}')[0]["metric"]["site"] == "site 2"
    finally:
        prometheus.send_signal(signal.SIGTERM)
        prometheus.wait(60)
        server.shutdown()
        thread.join()
        server.server_close()
    daemon.stop()


CLUSTER = (
    '{"version":1,"program":"occupancyd","started":"2026-11-23T08:00:00Z","now":"2026-11-23T09:00:00Z",'
    '"cluster":{"node":"a","name":"hq","reached":false,"lease":"none","nodes":[{"name":"a"},{"name":"b"}]},"accounts":[\n'
    '{"name":"acme","state":"open","clock":{},"cluster":{"state":"owner","entry":8812,"head":8812,"behind":0,"owner":"a"}},\n'
    '{"name":"eu","state":"open","clock":{},"cluster":{"state":"halted","entry":500,"head":512,"behind":12,"owner":null}}],\n'
    '"devices":[],\n"totals":{"devices":0}}\n')


@needs_promtool
def test_metrics_of_a_node_of_a_cluster(start_fake, make_daemon, socket_path):  # noqa: F811
    daemon = make_daemon(start_fake().url, rooms(1))
    with serving(socket_path, CLUSTER.encode()):
        code, text, _ = metrics(daemon, socket_path)
    assert code == 0
    is_clean(text)
    assert value(text, 'occupancyd_cluster_up{cluster="hq",node="a"') == 0
    assert value(text, 'occupancyd_cluster_nodes{cluster="hq"') == 2
    for name, acme, eu in ("owner", 1, 0), ("entry", 8812, 500), ("head", 8812, 512), ("behind", 0, 12), ("halted", 0, 1):
        assert value(text, f'occupancyd_cluster_account_{name}{{cluster="hq",account="acme"') == acme, name
        assert value(text, f'occupancyd_cluster_account_{name}{{cluster="hq",account="eu"') == eu, name


def test_every_metric_that_the_examples_name_is_there(start_fake, make_daemon, socket_path):  # noqa: F811
    daemon = start(make_daemon(start_fake().url, rooms(2)), socket_path)
    wait_for(lambda: document(socket_path)["totals"]["records"] >= 2, 30, "recorded")
    alone = metrics(daemon, socket_path)[1]
    daemon.stop()
    assert "cluster" not in alone
    with serving(socket_path, CLUSTER.encode()):
        there = set(re.findall(r"^# TYPE (\S+) ", alone + metrics(daemon, socket_path)[1], re.M))
    named = set()
    for path in EXAMPLES.iterdir():
        named |= set(re.findall(r"\boccupancyd_\w+", path.read_text()))
    assert named and named <= there, named - there


COMPLETION = ROOT / "conf/occupancyctl.bash-completion"
needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")


def completed(words, daemon=OCCUPANCYD):
    """What a real bash that has sourced the file makes of them; readline puts the quotation marks."""
    script = (f"source <(sed 's|/usr/sbin/occupancyd|\"{daemon}\"|' '{COMPLETION}'); COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              f"_occupancyctl '{OCCUPANCYCTL}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p occupancyctl >&2")
    done = subprocess.run(["bash", "-c", script, "bash", "occupancyctl", *words], text=True, capture_output=True, timeout=60)
    assert done.stderr == "complete -o filenames -F _occupancyctl occupancyctl\n", done.stderr
    return set(done.stdout.splitlines()) - {""}


@needs_bash
@pytest.mark.parametrize("line, expected", [
    ("sta", {"status"}), ("status --wa", {"--watch", "--warning"}), ("--help ver", {"verify"}),
    ("metrics --out", {"--output"}), ("export --with ", {"mean", "max", "last"}), ("backfill -y --ye", {"--yes"}),
    ("verify --ag", {"--against"}), ("verify --during last", {"last week", "last month", "last year"}), ("verify --from ", set()),
    ("status -w ", set()), ("report --label ", set()), ("report --weekly --mon", {"--monthly"}),
    ("nonsense --x", set()),
], ids=lambda value: value.strip().replace(" ", "_") if isinstance(value, str) else "")
def test_bash_completes_what_the_program_knows(line, expected):
    assert completed(line.split(" ")) == expected


@needs_bash
def test_bash_completes_all_commands_and_their_options():
    listed = re.findall(r"^  ([a-z]+) ", occupancyctl("--help").stdout, re.M)
    assert completed([""]) == {*listed, "--help", "--version"} and len(listed) >= 7
    for command in listed:
        said = occupancyctl(command, "--help").stdout
        own = set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]*)", said, re.M))
        assert own <= completed([command, "--"]), command
        assert {option for option in own if option.startswith("--c")} == completed([command, "--c"]), command


@needs_bash
@pytest.mark.parametrize("option", ["--format", "--dialect", "--every", "--with", "--during", "--working-hours", "--by"])
def test_the_program_takes_what_bash_offers(option, start_fake, make_daemon, tmp_path):
    daemon = make_daemon(start_fake().url, rooms(1))
    assert daemon.run("--once")[0] == 0
    command = {"--working-hours": "report", "--by": "verify"}.get(option, "export")
    offered = completed([command, option, ""])
    assert offered
    with_it = {"--with": ["--every", "1h"], "--dialect": ["--format", "csv"]}.get(option, [])
    for word in offered:
        done = occupancyctl(command, *with_it, option, word, *(["-o", tmp_path / "out"] if command == "export" else []), daemon.log_folder)
        assert done.returncode in (0, 1), (word, done.stderr)
    assert occupancyctl(command, *with_it, option, "nonsense", daemon.log_folder).returncode == 64


@needs_bash
@pytest.mark.parametrize("running", [True, False], ids=["of_the_daemon", "of_the_configuration"])
def test_bash_completes_names(running, start_fake, make_daemon, socket_path):  # noqa: F811
    """With blanks, beyond ASCII; one with a quotation mark in it is left out, and breaks nothing."""
    names = {"Open plan 2": "Denver HQ", "Öffnung & Co; $(id)": "Denver HQ", 'a "b"': "Depot"}
    devices = [{"uuid": uuid_of(number), "name": name, "site": site} for number, (name, site) in enumerate(names.items(), 1)]
    daemon = make_daemon(start_fake().url, devices)
    daemon.config.write_text(daemon.config.read_text().replace("state = {", f'state = {{ runtime_directory = "{socket_path.parent}";'))
    if running:
        daemon.start()
        wait_for(lambda: document(socket_path)["totals"]["devices"] == 3, 30, "the socket")
    # Of the running one by its socket alone.
    program, config = "/nowhere" if running else OCCUPANCYD, ["-c", str(daemon.config)]
    assert completed(["export", *config, "--room", ""], program) == {"Open plan 2", "Öffnung & Co; $(id)"}
    assert completed(["export", *config, "--room", '"Open pl'], program) == {"Open plan 2"}
    assert completed(["export", *config, "--room", "Open\\ pl"], program) == {"Open plan 2"}
    assert completed(["export", *config, "--site", "D"], program) == {"Denver HQ", "Depot"}
    assert completed(["discover", *config, "--account", ""], program) == {"acme"}
