# SPDX-License-Identifier: ISC
"""Each command of occupancyctl takes the options that its help has, and no other."""

import re

import pytest

from harness import ROOT, occupancyctl


def commands():
    """As the program names them."""
    return re.findall(r"^\t\{\"([a-z]+)\",", (ROOT / "src/occupancyctl.c").read_text(), re.M)


COMMANDS = commands()


def helped(command):
    """The options of its help, each with whether a value follows."""
    done = occupancyctl(command, "--help")
    assert done.returncode == 0 and not done.stderr, done
    options = {}
    for line in done.stdout.splitlines():
        for name, value in re.findall(r"(?:^ {2,6}|, )(--?[a-z][a-z-]*)(?:(?= {2}|,|$)|( [A-Z\"][^ ]*))", line[:40]):
            options[name] = bool(value)
    # A letter has the value of its word.
    for letter, word in re.findall(r"^  (-[a-z]), (--[a-z-]+)", done.stdout, re.M):
        options[letter] = options[word]
    return options


ALL = {option: value for command in COMMANDS for option, value in helped(command).items()}


def test_the_commands_are_those_of_the_help():
    assert COMMANDS == sorted(COMMANDS) and len(COMMANDS) == 7
    listed = re.search(r"Commands:\n(.*?)\n\n", occupancyctl("--help").stdout, re.S).group(1)
    assert [line.split()[0] for line in listed.splitlines()] == COMMANDS
    assert {"--room", "--during", "--json", "--config", "--help", "-c", "-h", "-o", "-w", "-y", "--watch"} <= ALL.keys()
    assert ALL["--room"] and ALL["-w"] and not ALL["--json"] and not ALL["-y"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_takes_what_its_help_has_and_nothing_else(command):
    own = helped(command)
    assert {"--config", "-c", "--help", "-h"} <= own.keys()
    for option, value in ALL.items():
        # What is right is followed by the help; what is wrong is said before anything else is looked at.
        done = occupancyctl(command, option, *(["30m"] if value else []), "--help")
        unknown = re.search(r"no option -", done.stderr)
        if option in own:
            assert own[option] == value, "it has a value here, and none elsewhere"
            assert not unknown and "needs a value" not in done.stderr, (option, done.stderr)
        else:
            assert done.returncode == 64 and unknown and not done.stdout, (option, done)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_of_the_help_is_too_long(command):
    text = occupancyctl(command, "--help").stdout
    assert text.startswith(f"Usage: occupancyctl {command} ") and all(len(line) <= 110 for line in text.splitlines()), text
