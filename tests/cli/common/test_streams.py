"""Standard streams that are closed or fail: one line, an exit code, and nothing is sent."""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from tests.support.cli import COMMAND, KEY, SECRET, SESSION, Result, environment
from tests.support.emulator import t1_token
from tests.support.rest import Script
from tokbox import Tokbox
from tokbox.cli import main
from tokbox.cli.app import root
from tokbox.cli.common.params import parse_session
from tokbox.cli.common.streams import check_output, standard_streams
from tokbox.emulator import Server, run
from tokbox.transport import Response

ID = "00000000-0000-4000-8000-000000000001"
TOKEN = t1_token(SESSION, at=1_700_000_000)
COLUMNS = ("--connection-data", "col:name", "--token-column", "signed")
PHONE = "sip:lobby@phone.example"
#: Every command, with arguments that are valid. Two of them run for long, and get some
#: that are not.
COMMANDS: dict[str, tuple[str, ...]] = {
    "demo": ("-n", "0"),
    "emulator": ("--rule", "nothing=1"),
    "session create": (),
    "token": (SESSION,),
    "tokens": ("-n", "3", SESSION),
    "sign": ("rows.csv", "-q", "--session-id", SESSION, *COLUMNS),
    "verify": ("rows.csv",),
    "inspect": (TOKEN,),
    "archive start": (SESSION,),
    "archive stop": (ID,),
    "archive wait": (ID,),
    "archive download": (ID, "file"),
    "archive get": (ID,),
    "archive list": (),
    "archive delete": (ID,),
    "broadcast start": (SESSION, "--hls"),
    "broadcast stop": (ID,),
    "broadcast list": (),
    "broadcast layout": (ID, "pip"),
    "broadcast get": (ID,),
    "stream list": (SESSION,),
    "stream classes": (SESSION, ID, "focus"),
    "connection list": (SESSION,),
    "signal": (SESSION, "hello"),
    "disconnect": (SESSION, ID),
    "mute": (SESSION,),
    "unmute": (SESSION,),
    "dial": (SESSION, PHONE),
    "dtmf": (SESSION, "12#"),
    "captions start": (SESSION,),
    "captions stop": (ID,),
    "render start": (SESSION, "https://page.example"),
    "render list": (),
    "render stop": (ID,),
    "render get": (ID,),
    "connector start": (SESSION, "wss://socket.example"),
    "connector stop": (SESSION, ID),
    "callback create": ("archive", "status", "https://hook.example"),
    "callback list": (),
    "callback delete": (ID,),
    "completion": ("bash",),
    "project create": (),
    "project list": (),
    "project get": (KEY,),
    "project suspend": (KEY,),
    "project activate": (KEY,),
    "project refresh-secret": (KEY,),
    "project delete": (KEY,),
    "webhooks list": (),
    "webhooks trigger": ("session_created", "--to", "http://127.0.0.1:9"),
}
every_command = pytest.mark.parametrize("command", COMMANDS)
#: These send nothing.
LOCAL = (
    *("demo", "emulator", "token", "tokens", "sign", "verify", "inspect"),
    *(name for name in COMMANDS if name.startswith(("completion", "project", "webhooks"))),
)


def commands(
    group: click.Group = root, prefix: str = ""
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


@pytest.fixture
def script(credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Script:
    """The service, which answers every call with 404."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("name,token\nAda,T1==nothing\n")
    script = Script(Response(404, {}, b""))
    monkeypatch.setattr(
        Tokbox, "from_env", lambda environment: Tokbox(KEY, SECRET, transport=script)
    )
    return script


@pytest.fixture
def ask(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Run a command in this process, where the *closed* streams are closed."""

    def ask(command: str, *args: str, closed: str = "") -> Result:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO())
            for name in closed.split():
                patch.setattr(sys, name, None)
            code = main([*command.split(), *args])
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return ask


def assert_one_line(result: Result, stream: str) -> None:
    assert (result.code, result.out) == (6, "")
    assert re.fullmatch(rf"tokbox: error: {stream}: [^\n]+\n", result.err), result.err


def test_table_contains_every_command() -> None:
    assert sorted(name for name, _ in commands()) == sorted(COMMANDS)


@every_command
def test_closed_output_is_an_error_before_anything_is_sent(
    ask: Callable[..., Result], script: Script, command: str
) -> None:
    for args in (COMMANDS[command], ("--help",), ("--json", *COMMANDS[command])):
        assert_one_line(ask(command, *args, closed="stdout"), "standard output")
    assert script.requests == []
    assert [path.name for path in Path().iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("closed", ["stdin", "stderr", "stdin stderr"])
@every_command
def test_closed_input_and_error_output_change_nothing_else(
    ask: Callable[..., Result], script: Script, command: str, closed: str
) -> None:
    expected = ask(command, *COMMANDS[command])
    sent = len(script.requests)
    assert (sent > 0) == (command not in LOCAL)
    result = ask(command, *COMMANDS[command], closed=closed)
    assert result.code == expected.code != 70
    assert re.sub(r"T1==\S+", "T1", result.out) == re.sub(r"T1==\S+", "T1", expected.out)
    assert result.err == ("" if "stderr" in closed else expected.err)
    assert len(script.requests) == 2 * sent


#: Arguments that accept - for standard input, and their values in COMMANDS.
FROM_INPUT = {
    "session_id": SESSION,
    "source": "rows.csv",
    "token": TOKEN,
    "digits": "12#",
}
#: Further arguments that a command needs then.
FURTHER = {"source": ("--format", "csv"), "--password-file": ("--user", "lobby")}


def from_standard_input(command: str) -> Iterator[tuple[str, ...]]:
    """Make arguments of *command*, once for each that may come from standard input."""
    args = COMMANDS[command]
    for parameter in dict(commands())[command].params:
        name = parameter.opts[0]
        if not isinstance(parameter, click.Option):
            if name in FROM_INPUT:
                place = args.index(FROM_INPUT[name])
                rest = args[place + 1 :]
                yield (*args[:place], "-", *rest, *FURTHER.get(name, ()))
        elif parameter.callback is parse_session or "standard input" in (
            parameter.help or ""
        ):
            text = ("hello",) if name == "--file" else ()
            others = tuple(each for each in args if each not in text)
            yield (*others, name, "-", *FURTHER.get(name, ()))


@every_command
def test_closed_input_that_is_to_be_read_is_an_error_before_anything_is_sent(
    ask: Callable[..., Result], script: Script, command: str
) -> None:
    made = [*from_standard_input(command)]
    assert len(made) >= (command not in ("demo", "emulator", "completion", "webhooks list"))
    for args in made:
        assert_one_line(ask(command, *args, closed="stdin"), "standard input")
    assert script.requests == []


# In processes of their own.


def shell(redirections: str, *args: str, **env: str) -> Result:
    """Run a command with *redirections* of the shell; what is not redirected is a pipe."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *COMMAND, *args],
        input="",
        capture_output=True,
        encoding="utf-8",
        env=environment(**env),
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("make", ["pipe", "socketpair"])
def test_output_without_a_reader_creates_no_session(server: Server, make: str) -> None:
    before = server.requests()
    if make == "pipe":
        theirs, ours = os.pipe()
    else:
        theirs, ours = (end.detach() for end in socket.socketpair())
    os.close(theirs)
    done = subprocess.run(
        [*COMMAND, "session", "create"],
        stdout=ours,
        stderr=subprocess.PIPE,
        env=environment(TOKBOX_API_URL=server.url),
        check=False,
    )
    os.close(ours)
    assert (done.returncode, done.stderr) == (141, b"")
    assert server.requests() == before


def test_output_is_not_polled_on_a_system_that_cannot(
    cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr("select.poll")
    with open(tmp_path / "out", "w+") as out, contextlib.redirect_stdout(out):
        assert main(["token", SESSION]) == 0
    assert (tmp_path / "out").read_text().startswith("T1==")


unusable = pytest.mark.parametrize(
    ("redirection", "problem"),
    [
        (">&-", "closed, or not open for writing"),
        ("1</dev/null", "closed, or not open for writing"),
        (">/dev/full", "No space left on device"),
    ],
)


@unusable
def test_unusable_output_creates_no_session(
    server: Server, redirection: str, problem: str
) -> None:
    before = server.requests()
    result = shell(redirection, "session", "create", TOKBOX_API_URL=server.url)
    assert_one_line(result, "standard output")
    assert problem in result.err
    assert server.requests() == before


@unusable
@pytest.mark.parametrize(
    "args",
    [["--version"], ["--help"], ["emulator", "--port", "0", "--db", "e.db"]],
    ids=" ".join,
)
def test_unusable_output_is_an_error_of_everything(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    redirection: str,
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = shell(redirection, *args)
    assert_one_line(result, "standard output")
    assert problem in result.err
    assert [*tmp_path.iterdir()] == []


def test_unusable_output_is_an_error_of_completion() -> None:
    completing = {
        "_TOKBOX_COMPLETE": "bash_complete",
        "COMP_WORDS": "tokbox arch",
        "COMP_CWORD": "1",
    }
    assert_one_line(shell(">&-", **completing), "standard output")
    assert_one_line(shell(">/dev/full", **completing), "standard output")


@pytest.mark.parametrize("buffering", [0, -1], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize("n", ["1", "100000"])
def test_output_that_fails_later_is_one_line_too(
    script: Script, capsys: pytest.CaptureFixture[str], n: str, buffering: int
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (
        open("out", "wb", buffering=buffering) as file,
        io.TextIOWrapper(file, write_through=not buffering) as out,  # type: ignore[type-var]
        contextlib.redirect_stdout(out),
    ):
        # A write fails as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            code = main(["tokens", "-n", n, "--json", SESSION])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = capsys.readouterr()
    assert_one_line(Result(code, said.out, said.err), "standard output")
    assert "File too large" in said.err
    assert Path("out").read_bytes() == b""


@pytest.mark.parametrize("options", [(), ("-u",)], ids=["buffered", "unbuffered"])
def test_full_output_fails_once_and_not_again_at_exit(options: tuple[str, ...]) -> None:
    # The check before the command passes for a terminal or a file that has room yet.
    code = (
        "import sys; sys.modules['tokbox.cli.entry'] = sys\n"
        "sys.run = lambda args: print('x') or sys.stdout.flush()\n"
        "from tokbox.cli import main\n"
        "try: main([])\n"
        "except OSError as error: sys.exit(repr(error))"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >/dev/full', "sh", sys.executable, *options, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "StreamError(28, 'No space left on device')\n"


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2</dev/null"])
def test_error_output_that_fails_leaves_exit_codes_and_output_alone(
    redirection: str,
) -> None:
    assert shell(redirection, "token", "nothing") == Result(2, "", "")
    assert shell(redirection, "inspect", "nothing").code == 4
    good = shell(redirection, "token", SESSION)
    assert (good.code, good.out[:4]) == (0, "T1==")


def test_input_that_cannot_be_read_is_an_error() -> None:
    assert_one_line(shell("0>/dev/null", "inspect", "-"), "standard input")
    assert_one_line(shell("<&-", "inspect", "-"), "standard input")


def test_missing_extra_is_not_written_to_standard_output() -> None:
    code = (
        "import sys; sys.modules['click'] = None\n"
        "from tokbox.cli import main; sys.exit(main(['--version']))"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", code],
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout) == (5, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is open")
def test_no_file_or_socket_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    with subprocess.Popen(
        [
            "sh",
            "-c",
            'exec "$@" <&- 2>&-',
            "sh",
            *COMMAND,
            "emulator",
            *("--port", "0"),
            "--db",
            str(tmp_path / "e.db"),
        ],
        stdout=subprocess.PIPE,
        env=environment(),
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"http://")
            for descriptor in (0, 2):
                assert os.readlink(f"/proc/{process.pid}/fd/{descriptor}") == os.devnull
        finally:
            process.kill()


# Inside a process that runs commands itself.


def test_streams_of_the_caller_come_back() -> None:
    before = sys.stdout, sys.stderr
    with standard_streams():
        pass
    assert (sys.stdout, sys.stderr) == before


def test_closed_file_object_counts_as_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = io.TextIOWrapper(io.BytesIO())
    gone.close()
    monkeypatch.setattr("sys.stdout", gone)
    with standard_streams(), pytest.raises(OSError, match="closed"):
        check_output()


def test_emulator_of_a_program_without_standard_output_prints_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextlib.contextmanager
    def stopping(event: threading.Event) -> Iterator[None]:
        event.set()
        yield

    monkeypatch.setattr("tokbox.emulator.foreground._on_signals", stopping)
    monkeypatch.setattr("sys.stdout", None)
    run(port=0)
