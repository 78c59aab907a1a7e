"""The frame around the commands: help, exit codes, errors in one line."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.support.cli import (
    COMMAND,
    KEY,
    OTHER_SESSION,
    SESSION,
    Result,
    environment,
    run,
    run_code,
)
from tokbox import errors
from tokbox.cli import main

Cli = Callable[..., Result]


def assert_one_line_error(result: Result) -> None:
    assert result.out == ""
    assert re.fullmatch(r"tokbox: error: [^\n]+\n", result.err), result.err


# Help.


def test_help_documents_every_exit_code(cli: Cli) -> None:
    text = cli("--help").out
    for code in (0, 1, 2, 3, 4, 5, 6, 70, 130):
        assert re.search(rf"^ +{code} +\w", text, re.MULTILINE), code


def test_help_names_the_variables_that_carry_credentials(cli: Cli) -> None:
    text = cli("--help").out
    for name in ("TOKBOX_API_KEY", "TOKBOX_SECRET_FILE", "OPENTOK_API_SECRET"):
        assert name in text


def test_help_lists_each_command_with_the_first_sentence_of_its_own_help() -> None:
    from tokbox.cli.app import root
    from tokbox.cli.help import COMMANDS, root_help

    context = click.Context(root)
    found = {name: root.get_command(context, name) for name in root.list_commands(context)}
    said = {name: each.get_short_help_str(1000) for name, each in found.items() if each}
    assert said == COMMANDS
    assert root.get_help(context) == root_help()
    assert root.get_command(context, "nothing") is None
    assert max(map(len, root_help().splitlines())) <= 96


LOADED = """
import sys
from tokbox.cli import main
code = main({args!r})
print(*sys.modules)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["-h"],
        ["token", SESSION],
        [
            "token",
            SESSION,
            "--role",
            "moderator",
            "--connection-data",
            "Ada",
            "--expiration",
            "2h",
        ],
    ],
)
def test_help_and_a_plain_token_load_no_click(args: list[str]) -> None:
    result = run_code(LOADED.format(args=args))
    assert (result.code, result.err) == (0, "")
    loaded = result.out.splitlines()[-1].split()
    assert "tokbox.cli.entry" in loaded
    assert not {"click", "inspect", "dataclasses", "json"} & set(loaded)


def test_a_command_loads_no_other() -> None:
    result = run_code(LOADED.format(args=["token", SESSION, "--json"]))
    files = {name for name in result.out.split() if name.startswith("tokbox.cli.")}
    assert files >= {"tokbox.cli.app", "tokbox.cli.commands.tokens"}
    assert not files & {
        "tokbox.cli.signing.command",
        "tokbox.cli.commands.archive",
        "tokbox.cli.demo.command",
    }


@pytest.mark.parametrize(
    "args",
    [
        (SESSION, "--role", "king"),
        (SESSION, "--expiration", "soon"),
        (SESSION, "--connection-data", "x" * 1001),
        (SESSION, "--role"),
        ("nothing",),
        ("-",),
        (),
    ],
)
def test_a_token_that_cannot_be_signed_is_refused_by_the_command(
    cli: Cli, args: tuple[str, ...]
) -> None:
    result = cli("token", *args)
    assert result.code == 2
    assert_one_line_error(result)


@pytest.mark.parametrize(
    "command",
    [
        ("demo",),
        ("emulator",),
        ("session", "create"),
        ("token",),
        ("tokens",),
        ("inspect",),
        ("archive", "start"),
        ("archive", "stop"),
        ("archive", "get"),
        ("archive", "list"),
        ("archive", "delete"),
        ("broadcast", "start"),
        ("broadcast", "get"),
        ("stream", "list"),
        ("connection", "list"),
        ("signal",),
        ("disconnect",),
        ("mute",),
        ("unmute",),
        ("dial",),
        ("dtmf",),
        ("captions", "start"),
        ("render", "stop"),
        ("connector", "start"),
        ("callback", "create"),
    ],
    ids=" ".join,
)
def test_every_command_has_help_and_json(cli: Cli, command: tuple[str, ...]) -> None:
    result = cli(*command, "--help")
    assert result.code == 0
    assert "--json" in result.out


def test_version_names_the_kernel(cli: Cli) -> None:
    result = cli("--version")
    assert result.code == 0
    assert re.match(r"tokbox \d+\.\d+\.\d+ \(SHA-1 kernel: [\w-]+; ", result.out)


def test_python_m_runs_it() -> None:
    assert run(["--version"]).out.startswith("tokbox ")


def test_importing_what_python_m_runs_runs_nothing() -> None:
    result = run_code("import tokbox.__main__")
    assert result == Result(0, "", "")


def test_output_may_go_to_memory(credentials: None) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["token", SESSION]) == 0
    assert out.getvalue().startswith("T1==")


def test_group_without_a_command_shows_its_help(cli: Cli) -> None:
    result = cli("archive")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: tokbox archive")


def test_shell_completion_completes_commands() -> None:
    completing = environment(
        _TOKBOX_COMPLETE="bash_complete", COMP_WORDS="tokbox arch", COMP_CWORD="1"
    )
    assert run([], env=completing).out.split(",")[1].strip() == "archive"


# Exit codes.


def test_unknown_option_is_usage(cli: Cli) -> None:
    result = cli("token", "--colour", SESSION)
    assert result.code == 2
    assert_one_line_error(result)
    assert "tokbox token --help" in result.err


@pytest.mark.parametrize("where", [("--secret", "x"), ("--secret=x",)], ids="".join)
@pytest.mark.parametrize("command", [(), ("token",), ("session", "create")], ids=" ".join)
def test_secret_option_is_refused_with_the_reason(
    cli: Cli, command: tuple[str, ...], where: tuple[str, ...]
) -> None:
    result = cli(*command, *where, SESSION)
    assert result.code == 2
    assert_one_line_error(result)
    assert "can see the arguments" in result.err
    assert "--secret-file" in result.err


def test_surplus_arguments_are_not_echoed(cli: Cli) -> None:
    result = cli("token", SESSION, "might-be-secret")
    assert result.code == 2
    assert_one_line_error(result)
    assert "might-be-secret" not in result.err


def test_invalid_input_names_the_option(cli: Cli) -> None:
    result = cli("token", SESSION, "--expiration", "31d")
    assert result.code == 2
    assert_one_line_error(result)
    assert result.err.startswith(
        "tokbox: error: --expiration must be between 0 and 2592000"
    )


def test_invalid_input_names_the_argument(cli: Cli) -> None:
    result = cli("token", OTHER_SESSION)
    assert result.code == 2
    assert result.err.startswith("tokbox: error: SESSION '1_MX")
    assert result.err.endswith(f"belongs to API key 40000123, but this client uses {KEY}\n")


def test_missing_credentials_name_the_variables_to_set(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKBOX_API_KEY")
    monkeypatch.delenv("TOKBOX_SECRET")
    result = cli("token", SESSION)
    assert result.code == 2
    assert_one_line_error(result)
    assert "TOKBOX_API_KEY" in result.err
    assert "--secret-file" in result.err


def test_refusal_of_the_service_is_1(cli: Cli, server: object) -> None:
    result = cli("archive", "get", "00000000-0000-0000-0000-000000000000")
    assert result.code == 1
    assert_one_line_error(result)
    assert "404" in result.err


def test_no_response_exits_with_3_and_names_the_url(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # never listens, so connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = cli("session", "create", "--api-url", url)
    assert result.code == 3
    assert_one_line_error(result)
    assert url in result.err


def test_bad_url_names_its_option(cli: Cli) -> None:
    result = cli("session", "create", "--api-url", "ftp://example")
    assert result.code == 2
    assert result.err.startswith("tokbox: error: --api-url must be")


@pytest.mark.parametrize("variable", ["TOKBOX_API_URL", "OPENTOK_API_URL"])
def test_bad_url_names_its_variable(
    variable: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://api.opentok.com")
    result = cli("session", "create")
    assert result.code == 2
    assert_one_line_error(result)
    assert result.err.startswith(f"tokbox: error: {variable} must use https://")


def test_plain_http_is_a_warning_of_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokbox.rest.http.plain_http._warned", {})
    url = "http://emulator.invalid"
    first, second = (cli("token", SESSION, "--api-url", url) for _ in range(2))
    assert (first.code, second.code, second.err) == (0, 0, "")
    (line,) = first.err.splitlines()
    assert line.startswith("tokbox: warning: emulator.invalid is reached over plain HTTP")
    assert "TOKBOX_ALLOW_HTTP=1" in line


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://emulator.invalid"])
def test_plain_http_that_is_allowed_is_silent(
    url: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokbox.rest.http.plain_http._warned", {})
    monkeypatch.setenv("TOKBOX_ALLOW_HTTP", "1")
    monkeypatch.setenv("TOKBOX_API_URL", url)
    result = cli("token", SESSION)
    assert (result.code, result.err) == (0, "")


def test_plain_http_to_the_service_is_refused_before_anything_is_sent(cli: Cli) -> None:
    result = cli("session", "create", "--api-url", "http://api.opentok.com")
    assert result.code == 2
    assert_one_line_error(result)
    assert result.err.startswith("tokbox: error: --api-url must use https://")


def test_a_socks_proxy_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:canary0proxy0password@p:1080")
    result = cli("session", "create", "--api-url", "https://emulator.invalid")
    assert result.code == 2
    assert_one_line_error(result)
    assert "HTTPS_PROXY must be the URL of an HTTP proxy" in result.err


def test_file_that_cannot_be_read_is_2(cli: Cli) -> None:
    result = cli("token", SESSION, "--secret-file", "/nowhere/at/all")
    assert result.code == 2
    assert result.err == "tokbox: error: /nowhere/at/all: No such file or directory\n"


@pytest.mark.parametrize("package", ["click", "rich"])
def test_missing_extra_is_one_sentence_and_5(package: str) -> None:
    result = run_code(BLOCKED.format(package=package, args=["--version"]))
    assert result.code == 5
    assert_one_line_error(result)
    assert f"{package} is not installed" in result.err
    assert "tokbox[cli]" in result.err


def test_package_that_the_extra_lacks_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "click.py").write_text("import nothing_of_the_sort")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "click")
    with pytest.raises(ModuleNotFoundError, match="nothing_of_the_sort"):
        main(["--version"])


def test_interruption_while_it_is_imported_is_130() -> None:
    result = run_code(INTERRUPTED)
    assert result == Result(130, "", "")


INTERRUPTED = """
import sys

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == "tokbox.cli.entry":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interruption())
from tokbox.cli import main
sys.exit(main(["--version"]))
"""


@pytest.mark.parametrize("command", ["demo", "emulator"])
def test_missing_emulator_extra_is_one_sentence_and_5(command: str) -> None:
    result = run_code(BLOCKED.format(package="starlette", args=[command]))
    assert result.code == 5
    assert_one_line_error(result)
    assert "tokbox[emulator]" in result.err


BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)

sys.meta_path.insert(0, Blocker())
from tokbox.cli import main
sys.exit(main({args!r}))
"""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFoundError(status=404, method="GET", path="/"), 1),
        (errors.RequestTimeoutError("late", method="GET", path="/"), 3),
        (errors.MissingDependencyError("x", "y"), 5),
        (errors.InvalidInputError("x", 1, "be 2"), 2),
        (errors.InvalidClaimsError("x", 1, "be 2"), 2),
        (errors.BadSignatureError("altered"), 4),
        (FileNotFoundError(2, "No such file", "name"), 2),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_each_exception_has_its_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("tokbox.rest.client.Tokbox.session", fail)
    result = cli("token", SESSION)
    assert result.code == code
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err


def test_bug_report_shows_the_location_without_the_message(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("something-secret")

    monkeypatch.setattr("tokbox.rest.client.Tokbox.session", fail)
    result = cli("token", SESSION)
    assert result.code == 70
    assert_one_line_error(result)
    assert "KeyError at entry.py:" in result.err
    assert "something-secret" not in result.err


def test_messages_of_the_service_stay_on_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = errors.APIError(status=400, method="GET", path="/", message="a\nb\x1b[2Jc")

    def fail(*_: object, **__: object) -> None:
        raise said

    monkeypatch.setattr("tokbox.rest.client.Tokbox.session", fail)
    result = cli("token", SESSION)
    assert_one_line_error(result)
    assert "\x1b" not in result.err


def test_closed_pipe_causes_no_error_message() -> None:
    with subprocess.Popen(
        [*COMMAND, "tokens", "-n", "1000000", SESSION],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"T1==")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


# Imported modules.


def test_importing_the_package_loads_no_click() -> None:
    result = run_code("import sys, tokbox.cli; print('click' in sys.modules)")
    assert result.out == "False\n"


def test_signing_does_not_load_http_emulator_or_rich() -> None:
    result = run_code(
        "import sys\n"
        "from tokbox.cli import main\n"
        f"main(['token', {SESSION!r}])\n"
        "for name in ('urllib3', 'starlette', 'rich.console', 'opentok'):\n"
        "    print(name in sys.modules)\n"
    )
    assert result.out.splitlines()[1:] == ["False"] * 4
