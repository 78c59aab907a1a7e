"""Options that commands share: their names, counts, defaults and ``--json``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.cli.common.test_streams import commands
from tests.support.cli import SESSION, Result
from tokbox.cli.app import root

Cli = Callable[..., Result]


def test_a_parameter_has_the_same_option_in_every_command() -> None:
    names: dict[str, set[str]] = {}
    for _, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                names.setdefault(parameter.name or "", set()).add(parameter.opts[-1])
    shared = {
        "session_id": "--session-id",
        "connection_data": "--connection-data",
        "expiration": "--expiration",
        "initial_layout_class_list": "--layout-classes",
        "kind": "--kind",
        "multithread": "--threads",
        "as_json": "--json",
        "streams": "--stream-id",
        "stream_id": "--stream-id",
    }
    assert {name: names[name] for name in shared} == {
        name: {option} for name, option in shared.items()
    }


@pytest.mark.parametrize(
    "args",
    [
        ("--json", "webhooks", "list"),
        ("webhooks", "--json", "list"),
        ("webhooks", "list", "--json"),
        ("--json", "webhooks", "--json", "list", "--json"),
    ],
)
def test_json_is_accepted_before_and_after_the_command(
    cli: Cli, args: tuple[str, ...]
) -> None:
    result = cli(*args)
    assert result.code == 0
    assert isinstance(json.loads(result.out), list)


def test_json_before_a_command_without_a_group(cli: Cli) -> None:
    assert json.loads(cli("--json", "token", SESSION).out)["session_id"] == SESSION


@pytest.mark.parametrize("text", ["3", "3e0", "0.3e1", "0_3", " 3", "3.0"])
def test_a_count_is_written_in_several_ways(cli: Cli, text: str) -> None:
    assert len(cli("tokens", "-n", text, SESSION).out.splitlines()) == 3


def test_large_counts_are_written_as_1e3_and_1_000(cli: Cli, tmp_path: Path) -> None:
    for text in ("1e3", "1_000"):
        output = tmp_path / "t.txt"
        assert cli("tokens", "-n", text, SESSION, "-o", str(output)).code == 0
        assert len(output.read_text().splitlines()) == 1000


@pytest.mark.parametrize(
    "text", ["x", "", "1.5", "1e-1", "inf", "nan", "1,000", "1e999999999", "0x10"]
)
def test_a_non_integer_is_refused_with_examples(cli: Cli, text: str) -> None:
    result = cli("tokens", "-n", text, SESSION)
    assert (result.code, result.out) == (2, "")
    assert (
        f"{text!r} is not a whole number: write it as 1000000, 1_000_000 or 1e6"
        in result.err
    )


def test_limits_of_counts_are_named(cli: Cli) -> None:
    assert "0 is too small: use at least 1 " in cli("demo", "-n", "0").err
    assert (
        "65536 is too large: use at most 65,535 " in cli("emulator", "--port", "65536").err
    )


def test_defaults_in_help_texts_are_readable() -> None:
    defaults = set()
    for name, command in commands():
        context = click.Context(command, info_name=name)
        for parameter in command.params:
            record = parameter.get_help_record(context)
            found = re.search(r"\[default: (.*?)\]", record[1]) if record else None
            if found is not None:
                defaults.add(found[1])
    assert "24h" in defaults
    assert "standard output" in defaults
    for text in defaults:
        assert not re.search(r"[(){}'\"]|None|True|False|<|1000000", text), text


def test_all_groups_accept_json_and_have_a_help_text() -> None:
    context = click.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        assert command.help
        if isinstance(command, click.Group):
            assert "--json" in [option for each in command.params for option in each.opts]


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_tokens_have_the_requested_kind(cli: Cli, kind: str) -> None:
    for args in (("token", SESSION), ("tokens", "-n", "1", SESSION)):
        token = cli(*args, "--kind", kind).out
        assert token.startswith({"t1": "T1==", "jwt": "ey"}[kind])
