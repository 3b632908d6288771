# SPDX-License-Identifier: ISC
"""What conf/examples shows is right: fragments, templates, drop-ins."""

import json
import pathlib
import re
import shutil
import subprocess

import jinja2
import pytest
import yaml

from harness import OCCUPANCYD

CONF = pathlib.Path(__file__).parents[2] / "conf"
EXAMPLES = CONF / "examples"
ANSIBLE = EXAMPLES / "ansible"
CONTAINER = EXAMPLES / "container"


def check(folder):
    (folder / "api-key").write_text("a-key-of-letters\n")
    (folder / "api-key").chmod(0o600)
    done = subprocess.run([OCCUPANCYD, "-c", folder / "occupancyd.conf", "--check"], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("fragment", sorted((EXAMPLES / "conf.d").glob("*.conf")), ids=lambda path: path.name)
def test_fragments_suit_the_sample(fragment, tmp_path):
    shutil.copy(CONF / "occupancyd.conf", tmp_path)
    (tmp_path / "conf.d").mkdir()
    shutil.copy(fragment, tmp_path / "conf.d")
    assert "main: 2 devices" in check(tmp_path)


def test_ansible_templates_make_a_good_configuration(tmp_path):
    """As Ansible renders them: trim_blocks, and its filter to_json."""
    engine = jinja2.Environment(loader=jinja2.FileSystemLoader(ANSIBLE / "templates"), trim_blocks=True,
                                keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    engine.filters["to_json"] = json.dumps
    values = yaml.safe_load((ANSIBLE / "host_vars" / "counter.example.yml").read_text())
    (tmp_path / "occupancyd.conf").write_text(engine.get_template("occupancyd.conf.j2").render(values))
    (tmp_path / "conf.d").mkdir()
    for site in values["occupancyd_sites"]:
        text = engine.get_template("site.conf.j2").render(values, item=site)
        (tmp_path / "conf.d" / f"{site['name']}.conf").write_text(text)
    assert "main: 3 devices" in check(tmp_path)
    shown = subprocess.run([OCCUPANCYD, "-c", tmp_path / "occupancyd.conf", "--print-config"], text=True,
                           capture_output=True, check=True).stdout
    assert r'name = "north \"blue\" room"' in shown


def test_the_playbook_names_what_is_there():
    plays = yaml.safe_load((ANSIBLE / "playbook.yml").read_text())
    handlers = {handler["name"] for handler in plays[0]["handlers"]}
    for task in plays[0]["tasks"]:
        assert task.get("notify", "Reload occupancyd") in handlers
        template = task.get("ansible.builtin.template")
        assert not template or (ANSIBLE / "templates" / template["src"]).is_file()


@pytest.mark.parametrize("dropin", sorted((EXAMPLES / "systemd").glob("*.conf")), ids=lambda path: path.name)
def test_drop_ins_hand_out_files_of_the_same_name(dropin):
    """What messages say of a credential: it is the file of its name beside the configuration."""
    lines = [line for line in dropin.read_text().splitlines() if line.startswith("LoadCredential")]
    assert lines
    for line in lines:
        name, path = line.partition("=")[2].split(":")
        assert path.removesuffix(".cred") == f"/etc/occupancyd/{name}"


def test_the_container_recipe_agrees_with_itself():
    """Image, commands and Compose file: the same user, directories and secret; check-container runs them."""
    recipe = (CONTAINER / "Containerfile").read_text()
    compose = yaml.safe_load((CONTAINER / "compose.yaml").read_text())
    service = compose["services"]["occupancyd"]
    command = re.search(r"^podman run .*?[^\\]$", (CONTAINER / "README.md").read_text(), re.M | re.S).group()
    volumes = {volume.partition(":")[2] for volume in re.findall(r"-v (\S+)", command)}
    assert {volume.partition(":")[2] for volume in service["volumes"]} == volumes
    assert volumes == {"/etc/occupancyd:ro", *re.search(r"^VOLUME (.*)$", recipe, re.M).group(1).split()}
    assert {volume.partition(":")[0] for volume in service["volumes"]} == {"./etc", *compose["volumes"]}
    number = re.search(r"^ARG UID=(\d+)$", recipe, re.M).group(1)
    assert f"--secret=api-key,gid={number},mode=0440" in command
    assert service["secrets"] == list(compose["secrets"]) == ["api-key"]
    assert f"chgrp {number} api-key" in (CONTAINER / "compose.yaml").read_text()
    assert f"--restart={service['restart']}" in command
    assert ("--read-only" in command) and service["read_only"]
    assert ("--cap-drop=all" in command) and service["cap_drop"] == ["ALL"]
