# SPDX-License-Identifier: ISC
"""What `make install` puts where, and that it never touches what people have written."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

from harness import OCCUPANCYD, ROOT, runs_programs

# Given to make: the directory of the program that is under test, without the blanks that may be in a name from /.
BUILD = os.path.relpath(pathlib.Path(OCCUPANCYD).parent, ROOT)
EXAMPLES = ROOT / "conf/examples"


def run_make(target, destination, *variables, program=f"{BUILD}/occupancyd"):
    """Nothing is built: the program is as new as it is."""
    # A strict umask must not show, nor what a make above has in the environment.
    return subprocess.run(["make", "-C", str(ROOT), "--no-print-directory", "-o", program, "-o", f"{pathlib.Path(program).parent}/occupancyctl", target,
                           f"BUILD={BUILD}", f"DESTDIR={destination}", *variables],
                          text=True, capture_output=True, umask=0o077, env={"PATH": os.environ["PATH"]})


def make(*arguments, **named):
    done = run_make(*arguments, **named)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need_programs(folder):
    if not runs_programs(folder):
        pytest.skip(f"programs are not run below {folder} (noexec)")


def tree(destination):
    """Every file with its mode."""
    return {str(path.relative_to(destination)): oct(stat.S_IMODE(path.stat().st_mode))
            for path in sorted(pathlib.Path(destination).rglob("*")) if not path.is_dir()}


PREFIXES = {
    "/usr": ("usr/sbin", "usr/share", "lib/systemd/system", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d", "usr/bin"),
    "/usr/local": ("usr/local/sbin", "usr/local/share", "etc/systemd/system", "usr/local/lib/sysusers.d",
                   "usr/local/lib/tmpfiles.d", "usr/local/bin"),
}


@pytest.fixture(params=PREFIXES)
def installed(request, tmp_path):
    """Where it is installed, and the folders; the default prefix is not named to make."""
    prefix = [f"prefix={request.param}"] if request.param == "/usr" else []
    make("install", tmp_path, *prefix)
    return tmp_path, prefix, PREFIXES[request.param]


UNITS = {"occupancyd": ["service"], "occupancyd-metrics": ["service", "timer"], "occupancyd-report": ["service", "timer"]}


def expected(folders):
    sbin, share, units, users, directories, bin_ = folders
    examples = {f"{share}/doc/occupancyd/examples/{path.relative_to(EXAMPLES)}": "0o644"
                for path in EXAMPLES.rglob("*") if path.is_file()}
    return {
        f"{bin_}/occupancyctl": "0o755",
        f"{sbin}/occupancyd": "0o755",
        **examples,
        **{f"{units}/{name}{instance}.{kind}": "0o644" for name, kinds in UNITS.items() for kind in kinds for instance in ("", "@")},
        f"{directories}/occupancyd.conf": "0o644",
        f"{users}/occupancyd.conf": "0o644",
        f"{share}/man/man1/occupancyctl.1": "0o644",
        f"{share}/bash-completion/completions/occupancyctl": "0o644",
        f"{share}/man/man8/occupancyd.8": "0o644",
        f"{share}/man/man7/occupancyd-cluster.7": "0o644",
        f"{share}/man/man5/occupancyd.conf.5": "0o644",
        f"{share}/man/man5/occupancy-log.5": "0o644",
        f"{share}/doc/occupancyd/README.md": "0o644",
        f"{share}/doc/occupancyd/LICENSE": "0o644",
        f"{share}/doc/occupancyd/examples/occupancyd.conf": "0o644",
        "etc/occupancyd/occupancyd.conf": "0o644",
    }


def test_every_file_is_there_with_its_mode_and_nothing_else(installed):
    folder, _, folders = installed
    assert tree(folder) == expected(folders)
    assert (folder / "etc/occupancyd/conf.d").is_dir()
    for path in folder.rglob("*"):
        assert not path.is_dir() or stat.S_IMODE(path.stat().st_mode) == 0o755, path


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_destination_may_hold_blanks(kind, tmp_path):
    folder = tmp_path / "some  where's else"
    destination = folder if kind == "absolute" else os.path.relpath(folder, ROOT)
    make("install", destination)
    assert tree(folder) == expected(PREFIXES["/usr/local"])
    make("uninstall", destination)
    assert list(tree(folder)) == ["etc/occupancyd/occupancyd.conf"]


def test_build_may_hold_blanks(tmp_path):
    """make knows it by another name."""
    build = tmp_path / "some where"
    name = subprocess.run([ROOT / "tests/without-blanks", build], text=True, capture_output=True, check=True).stdout.strip()
    try:
        assert not re.search(r"\s", name) and (ROOT / name).samefile(build)
        for program in ("occupancyd", "occupancyctl"):
            (build / program).write_text("built there\n")
        make("install", tmp_path / "to", f"BUILD={build}", program=f"{name}/occupancyd")
        assert (tmp_path / "to/usr/local/sbin/occupancyd").read_text() == "built there\n"
    finally:
        (ROOT / name).unlink()


@pytest.mark.parametrize("variable", ["prefix", "sysconfdir"])
def test_directory_that_systemd_must_read_holds_no_blank(variable, tmp_path):
    done = run_make("install", tmp_path, f"{variable}=/opt/some where")
    assert done.returncode == 2 and f"{variable}=/opt/some where: a blank cannot stand" in done.stderr, done.stderr
    assert not list(tmp_path.iterdir())


def test_installed_program_is_the_one_and_runs(installed):
    folder, _, (sbin, *_) = installed
    program = folder / sbin / "occupancyd"
    assert program.read_bytes() == pathlib.Path(OCCUPANCYD).read_bytes()
    need_programs(folder)
    version = subprocess.run([program, "--version"], text=True, capture_output=True)
    assert version.returncode == 0 and version.stdout.startswith("occupancyd ")


def test_unit_names_the_installed_program_and_configuration(installed):
    folder, _, (sbin, _, units, _, _, bin_) = installed
    unit = (folder / units / "occupancyd.service").read_text()
    assert f"ExecStart=/{sbin}/occupancyd -c /etc/occupancyd/occupancyd.conf\n" in unit
    for path in re.findall(r"(?m)^Exec\w+=[-@:+!]*(/\S+)", unit):
        assert path in (f"/{sbin}/occupancyd", "/bin/sh")
    for name in ("metrics", "report"):
        unit = (folder / units / f"occupancyd-{name}.service").read_text()
        assert f"/{bin_}/occupancyctl {name} -c /etc/occupancyd/occupancyd.conf " in unit and unit.count("occupancyctl ") == 1


# What a start refuses makes it fail, and nothing else does.
READS = "/bin/sh -c '/usr/sbin/occupancyd -c FILE --print-config >/dev/null'"


@pytest.mark.parametrize("known, service_type, reloads", [
    ("0", "notify", [READS, "/bin/sh -c 'kill -HUP $MAINPID'"]),
    ("1", "notify-reload", [READS]),
])
def test_unit_is_written_for_what_systemd_knows(known, service_type, reloads, tmp_path):
    """notify-reload sends the signal itself; what the two share is the same."""
    make("install", tmp_path, "prefix=/usr", f"NOTIFY_RELOAD={known}")
    for name, config in (("occupancyd", "/etc/occupancyd"), ("occupancyd@", "/etc/occupancyd/%i")):
        unit = (tmp_path / f"lib/systemd/system/{name}.service").read_text()
        assert re.findall(r"(?m)^Type=(.*)", unit) == [service_type]
        assert re.findall(r"(?m)^ExecReload=(.*)", unit) == [line.replace("FILE", f"{config}/occupancyd.conf")
                                                             for line in reloads]
        assert ("By the shell" in unit) == (known == "0") and "LoadCredential=" in unit


def test_user_of_the_unit_is_the_one_that_is_made(installed):
    folder, _, (_, _, units, users, *_) = installed
    unit = (folder / units / "occupancyd.service").read_text()
    name = re.search(r"(?m)^User=(\S+)$", unit).group(1)
    assert "DynamicUser" not in unit
    assert re.search(rf"(?m)^u {name} - ", (folder / users / "occupancyd.conf").read_text())


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd-sysusers is not installed")
def test_user_and_group_can_be_made(installed, tmp_path_factory):
    folder, _, (_, _, _, users, *_) = installed
    root = tmp_path_factory.mktemp("root")
    (root / "etc").mkdir()
    done = subprocess.run(["systemd-sysusers", f"--root={root}", folder / users / "occupancyd.conf"],
                          text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"(?m)^occupancyd:.*:/nonexistent:\S*nologin$", (root / "etc/passwd").read_text())
    assert re.search(r"(?m)^occupancyd:", (root / "etc/group").read_text())


def test_sysconfdir_moves_configuration_and_what_the_unit_says_of_it(tmp_path):
    make("install", tmp_path, "prefix=/usr", "sysconfdir=/srv/etc")
    assert (tmp_path / "srv/etc/occupancyd/occupancyd.conf").exists() and not (tmp_path / "etc").exists()
    unit = (tmp_path / "lib/systemd/system/occupancyd.service").read_text()
    assert "-c /srv/etc/occupancyd/occupancyd.conf" in unit and "=/etc" not in unit and " /etc" not in unit


def test_timers_of_instances_have_files_of_their_own(tmp_path):
    make("install", tmp_path, "prefix=/usr")
    units = tmp_path / "lib/systemd/system"
    for name, own in (("metrics", "/occupancyd-%i.prom"), ("report", "StateDirectory=occupancyd-reports/%i\n")):
        for kind in ("service", "timer"):
            one, many = (units / f"occupancyd-{name}{instance}.{kind}" for instance in ("", "@"))
            assert "%i" not in one.read_text() and "(%i)" in many.read_text()
        assert own in (units / f"occupancyd-{name}@.service").read_text()
        assert "-c /etc/occupancyd/%i/occupancyd.conf" in (units / f"occupancyd-{name}@.service").read_text()


def test_second_install_does_not_overwrite_a_changed_configuration(installed):
    folder, prefix, folders = installed
    mine = folder / "etc/occupancyd/occupancyd.conf"
    mine.write_text("// mine\n")
    mine.chmod(0o600)
    program = folder / folders[0] / "occupancyd"
    program.write_text("an older one")
    make("install", folder, *prefix)
    assert mine.read_text() == "// mine\n" and stat.S_IMODE(mine.stat().st_mode) == 0o600
    assert program.read_bytes() == pathlib.Path(OCCUPANCYD).read_bytes()
    # The documented sample is the new one.
    assert (folder / folders[1] / "doc/occupancyd/examples/occupancyd.conf").read_text() == (ROOT / "conf/occupancyd.conf").read_text()


def test_uninstall_removes_what_install_wrote_and_keeps_what_people_did(installed):
    folder, prefix, _ = installed
    for name in ("etc/occupancyd/conf.d/more.conf", "etc/occupancyd/api-key", "var/log/occupancyd/occupancy.ndjson",
                 "var/lib/occupancyd/checkpoint"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    kept = {name for name in tree(folder) if name.startswith(("etc/occupancyd/", "var/"))}
    said = make("uninstall", folder, *prefix)
    assert set(tree(folder)) == kept and len(kept) == 5
    for text in ("systemctl disable --now occupancyd", "systemctl daemon-reload", "/etc/occupancyd",
                 "/var/log/occupancyd", "/var/lib/occupancyd"):
        assert text in said
    make("uninstall", folder, *prefix)


CLUSTER_UNITS = ("occupancyd-etcd.service", "occupancyd.service.d/occupancyd-cluster.conf",
                 "occupancyd@.service.d/occupancyd-cluster.conf")


def test_what_a_cluster_needs_is_installed_apart(installed):
    folder, prefix, folders = installed
    before, units = tree(folder), folders[2]
    make("install-cluster", folder, *prefix)
    assert tree(folder) == {**before, **{f"{units}/{name}": "0o644" for name in CLUSTER_UNITS}}
    assert (folder / "etc/occupancyd/cluster").is_dir()
    text = (folder / units / CLUSTER_UNITS[0]).read_text()
    drop_in = (folder / units / CLUSTER_UNITS[1]).read_text()
    for unit in (text, drop_in):
        sources = re.findall(r"(?m)^(?:LoadCredential=[\w.-]+:|EnvironmentFile=)(.*)/[^/]+$", unit)
        assert len(sources) >= 3 and set(sources) == {"/etc/occupancyd/cluster"}
    # The names that the sample of the configuration has.
    sample = (EXAMPLES / "cluster/cluster.conf").read_text()
    assert set(re.findall(r'= "(cluster-\w+)"', sample)) == set(re.findall(r"(?m)^LoadCredential=([\w-]+):", drop_in))
    make("uninstall", folder, *prefix)
    assert not (folder / units).exists() or not list((folder / units).iterdir())


def test_installed_sample_is_right_once_its_devices_are_filled_in(installed):
    folder, _, (sbin, *_) = installed
    sample = folder / "etc/occupancyd/occupancyd.conf"
    need_programs(folder)
    command = [folder / sbin / "occupancyd", "-c", sample, "--check"]
    before = subprocess.run(command, text=True, capture_output=True)
    assert before.returncode == 78 and "devices: there is none" in before.stderr, before.stderr

    # "Remove the # and fill in your own."
    text = sample.read_text()
    block = re.search(r"^#devices = \(\n(?:#.*\n)*?#\);\n", text, re.M).group()
    sample.write_text(text.replace(block, re.sub(r"^#", "", block, flags=re.M)))
    after = subprocess.run(command, text=True, capture_output=True)
    assert after.returncode == 0 and re.search(r"^main: \d devices need ", after.stdout), after.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_units_satisfy_systemd(installed, tmp_path):
    folder, _, (sbin, _, units, _, _, bin_) = installed
    need_programs(folder)
    if os.geteuid() != 0 and not os.path.isdir("/run/systemd"):
        pytest.skip("systemd-analyze wants /run/systemd, which only root can make")
    # systemd-analyze looks for the program where the unit says it is: here, that is below the folder.
    (tmp_path / "units").mkdir()
    for path in (folder / units).glob("occupancyd*[!@].*"):
        text = path.read_text().replace(f"/{sbin}/", f"{folder}/{sbin}/").replace(f"/{bin_}/occ", f"{folder}/{bin_}/occ")
        (tmp_path / "units" / path.name).write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *(tmp_path / "units").iterdir()], text=True, capture_output=True)
    complaints = [line for line in done.stderr.splitlines() if "occupancyd" in line]
    assert done.returncode == 0 and not complaints, done.stderr


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
@pytest.mark.parametrize("page", ["man1/occupancyctl.1", "man8/occupancyd.8", "man5/occupancyd.conf.5", "man5/occupancy-log.5",
                                  "man7/occupancyd-cluster.7"])
def test_installed_manuals_render(page, tmp_path):
    make("install", tmp_path, "prefix=/usr")
    done = subprocess.run(["mandoc", "-Tutf8", tmp_path / "usr/share/man" / page], text=True, capture_output=True)
    text = re.sub(".\b", "", done.stdout)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    for section in ("NAME", "DESCRIPTION", "SEE ALSO"):
        assert re.search(rf"^{section}$", text, re.M), f"{page} has no {section}"
    assert pathlib.Path(page).stem in text
