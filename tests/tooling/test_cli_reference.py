"""The reference of the command line, docs/reference/cli.md."""

from __future__ import annotations

import re

from tests.cli.common.test_streams import commands
from tools.cli_reference import PAGE, reference


def test_the_reference_is_up_to_date() -> None:
    remedy = "run: .venv/bin/python -m tools.cli_reference"
    assert PAGE.read_text(encoding="utf-8") == reference(), remedy


def test_the_reference_has_a_section_and_all_options_for_each_command() -> None:
    sections = dict(re.findall(r"^#+ tokbox (.+)\n((?:(?!^##).*\n)*)", reference(), re.M))
    for name, command in commands():
        for parameter in command.params:
            option = parameter.opts[-1]
            if option.startswith("--"):
                assert f"{option}" in sections[name], (name, option)
