"""``tokbox completion``: scripts for shells."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.support.cli import COMMAND, Result, environment

Cli = Callable[..., Result]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_for_tokbox(cli: Cli, shell: str) -> None:
    result = cli("completion", shell)
    assert (result.code, result.err) == (0, "")
    assert f"_TOKBOX_COMPLETE={shell}_complete" in result.out


def test_bash_accepts_the_script() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [
            bash,
            "-c",
            'eval "$("$@")" && complete -p tokbox',
            "-",
            *COMMAND,
            "completion",
            "bash",
        ],
        env=environment(),
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" tokbox\n")


def test_another_shell_is_refused(cli: Cli) -> None:
    result = cli("completion", "tcsh")
    assert result.code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in result.err


def test_json_is_refused_by_commands_without_it(cli: Cli) -> None:
    result = cli("--json", "completion", "bash")
    assert (result.code, result.out) == (2, "")
    assert "tokbox completion has no JSON output: leave out --json" in result.err
