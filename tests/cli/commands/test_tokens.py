"""``tokbox token`` and ``tokbox tokens``."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.cli import (
    KEY,
    SECRET,
    SESSION,
    Result,
    environment,
    run,
    run_code,
    run_on_terminal,
)
from tokbox import Signer, decode
from tokbox.cli.common.atomic_files import open_atomic

Cli = Callable[..., Result]

verify = Signer(KEY, SECRET).verify

# tokbox token.


def test_token_prints_the_token_alone(cli: Cli) -> None:
    result = cli("token", SESSION)
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("\n")
    claims = verify(result.out.rstrip("\n"))
    assert (claims.session_id, claims.role) == (SESSION, "publisher")
    assert claims.end_time - claims.create_time == 86_400


def test_token_contains_the_values_of_the_options(cli: Cli) -> None:
    result = cli(
        *("token", SESSION, "--role", "moderator", "--connection-data", "a=b&c+d%~é"),
        *("--expiration", "2h", "--layout-classes", "focus small"),
    )
    claims = verify(result.out.strip())
    assert claims.role == "moderator"
    assert claims.connection_data == "a=b&c+d%~é"
    assert claims.end_time - claims.create_time == 7200
    assert claims.initial_layout_class_list == ("focus", "small")


@pytest.mark.parametrize("more", [(), ("--layout-classes", "focus")])
def test_role_data_and_lifetime_count_with_and_without_other_options(
    cli: Cli, more: tuple[str, ...]
) -> None:
    options = (
        "--expiration",
        "1h30m",
        "--role",
        "subscriber",
        "--connection-data",
        "Ada & é",
    )
    claims = verify(cli("token", SESSION, *options, *more).out.strip())
    assert claims.role == "subscriber"
    assert claims.connection_data == "Ada & é"
    assert claims.end_time - claims.create_time == 5400


@pytest.mark.parametrize("text", ["-x", "--role"])
def test_a_value_that_looks_like_an_option_is_read_as_click_does(
    cli: Cli, text: str
) -> None:
    claims = verify(cli("token", SESSION, "--connection-data", text).out.strip())
    assert claims.connection_data == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("1h", 3600),
        ("1h30m", 5400),
        ("7d", 604_800),
        ("2W", 1_209_600),
        ("30d", 2_592_000),
    ],
)
def test_expires_takes_units(cli: Cli, text: str, seconds: int) -> None:
    claims = decode(cli("token", SESSION, "--expiration", text).out.strip())
    assert claims.expire_time == claims.create_time + seconds


@pytest.mark.parametrize("more", [(), ("--layout-classes", "focus")])
def test_expires_at_is_the_end_of_a_token(cli: Cli, more: tuple[str, ...]) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    texts = (
        end.isoformat(),
        end.isoformat().replace("+00:00", "Z"),
        str(int(end.timestamp())),
    )
    for text in texts:
        claims = verify(cli("token", SESSION, "--expires-at", text, *more).out.strip())
        assert claims.expires_at == end
    result = cli("tokens", SESSION, "-n", "2", "--expires-at", texts[0])
    assert [verify(token).expires_at for token in result.out.split()] == [end, end]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2h", "--expires-at must be an aware datetime"),
        ("2026-01-31T12:00", "--expires-at must have a time zone"),
        ("2020-01-31T12:00Z", "--expires-at must be in the future, by at most 30 days"),
    ],
)
def test_expires_at_refuses_what_is_no_future_time(
    cli: Cli, text: str, problem: str
) -> None:
    for command in (("token", SESSION), ("tokens", SESSION, "-n", "2")):
        result = cli(*command, "--expires-at", text)
        assert (result.code, result.out) == (2, "")
        assert problem in result.err


@pytest.mark.parametrize("lifetime", ["60", "24h"])
def test_expiration_and_expires_at_exclude_each_other(cli: Cli, lifetime: str) -> None:
    end = str(int(time.time()) + 3600)
    result = cli("token", SESSION, "--expiration", lifetime, "--expires-at", end)
    assert result.code == 2
    assert "exclude each other" in result.err


def test_expires_0_leaves_it_to_the_service(cli: Cli) -> None:
    assert (
        decode(cli("token", SESSION, "--expiration", "0").out.strip()).expire_time is None
    )


@pytest.mark.parametrize("text", ["", "soon", "1.5h", "-5", "1h 30", "5y", "h", "1e3", "٣"])
def test_expires_refuses_an_invalid_time(cli: Cli, text: str) -> None:
    result = cli("token", SESSION, f"--expiration={text}")
    assert (result.code, result.out) == (2, "")
    assert "--expiration" in result.err


def test_session_may_come_from_standard_input(cli: Cli) -> None:
    result = cli("token", "-", stdin=f"{SESSION}\n")
    assert verify(result.out.strip()).session_id == SESSION


@pytest.mark.parametrize("end", ["", "\n"], ids=repr)
def test_data_may_come_from_a_file(cli: Cli, tmp_path: Path, end: str) -> None:
    file = tmp_path / "data.json"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text('{"name": "Zoë"}' + end, encoding=encoding)
        result = cli("token", SESSION, "--connection-data-file", str(file))
        assert verify(result.out.strip()).connection_data == '{"name": "Zoë"}'


def test_data_and_data_file_exclude_each_other(cli: Cli) -> None:
    assert (
        cli("token", SESSION, "--connection-data", "x", "--connection-data-file", "-").code
        == 2
    )


def test_token_as_json(cli: Cli) -> None:
    document = json.loads(cli("token", SESSION, "--json").out)
    claims = verify(document["token"])
    assert document["session_id"] == SESSION
    assert document["role"] == "publisher"
    assert document["expire_time"] == claims.expire_time


# tokbox tokens.


def test_tokens_go_to_standard_output_one_a_line(cli: Cli) -> None:
    for output in ((), ("-o", "-")):
        result = cli("tokens", "-n", "20", SESSION, *output)
        lines = result.out.splitlines()
        assert (result.code, result.err) == (0, "")
        assert len(set(lines)) == len(lines) == 20
        assert {verify(line).session_id for line in lines} == {SESSION}


def test_tokens_go_to_a_file_quietly(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "tokens.txt"
    result = cli("tokens", "-n", "20_000", "-o", str(file), "--threads", SESSION)
    assert result == Result(0, "", "")
    lines = file.read_text().splitlines()
    assert len(set(lines)) == 20_000
    assert verify(lines[-1]).role == "publisher"
    assert os.listdir(tmp_path) == ["tokens.txt"]


def test_tokens_take_the_options_of_token(cli: Cli) -> None:
    result = cli(
        "tokens", "-n", "2", "--role", "subscriber", "--connection-data", "x", SESSION
    )
    for line in result.out.splitlines():
        claims = verify(line)
        assert (claims.role, claims.connection_data) == ("subscriber", "x")


def test_no_tokens_make_an_empty_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "none"
    assert cli("tokens", "-n", "0", "-o", str(file), SESSION).code == 0
    assert file.read_bytes() == b""


@pytest.mark.parametrize("n", ["-1", "1.5", "many", "1" + "0" * 19])
def test_impossible_numbers_are_refused(cli: Cli, tmp_path: Path, n: str) -> None:
    result = cli("tokens", "-n", n, "-o", str(tmp_path / "f"), SESSION)
    assert result.code == 2
    assert "-n" in result.err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("n", [0, 1, 20_000])
def test_tokens_as_json_are_an_array(cli: Cli, n: int) -> None:
    tokens = json.loads(cli("tokens", "-n", str(n), "--json", SESSION).out)
    assert len(set(tokens)) == len(tokens) == n


def test_json_output_describes_the_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "f"
    document = json.loads(cli("tokens", "-n", "9", "--json", "-o", str(file), SESSION).out)
    assert document["tokens"] == 9
    assert document["file"] == str(file)
    assert set(document) == {"file", "tokens", "seconds", "tokens_per_second"}
    assert len(file.read_text().splitlines()) == 9


# The file.


def test_new_file_is_for_its_owner(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "f"
    cli("tokens", "-n", "1", "-o", str(file), SESSION)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_replaced_file_keeps_its_mode_and_its_links(cli: Cli, tmp_path: Path) -> None:
    file, link = tmp_path / "f", tmp_path / "link"
    file.write_text("old\n" * 1000)
    file.chmod(0o640)
    link.symlink_to(file)
    assert cli("tokens", "-n", "1", "-o", str(link), SESSION).code == 0
    assert link.is_symlink()
    assert len(file.read_text().splitlines()) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_device_is_written_and_not_replaced() -> None:
    assert run(["tokens", "-n", "10", "-o", "/dev/null", SESSION]).code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_file_may_be_replaced_in_a_thread(tmp_path: Path) -> None:
    # Signals are heard in the main thread alone.
    path = tmp_path / "f"

    def write() -> None:
        with open_atomic(str(path)) as file:
            file.write(b"whole")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert path.read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("name", ["missing/f", ""])
def test_impossible_file_is_named(cli: Cli, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    result = cli("tokens", "-n", "1", "-o", str(file), SESSION)
    assert result.code == 2
    assert result.err.startswith(f"tokbox: error: {file}: ")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_interrupted_run_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    file = tmp_path / "f"
    file.write_text("before")
    args = ["tokens", "-n", "20_000_000", "-o", str(file), SESSION]
    with subprocess.Popen(
        [sys.executable, "-c", LISTENING.format(args=args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    ) as process:
        try:
            # The other name appears, and then grows.
            while not any(entry.stat().st_size > 6 for entry in tmp_path.iterdir()):
                assert process.poll() is None
            process.send_signal(number)
            out, err = process.communicate()
        finally:
            process.kill()
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == ["f"]
    assert file.read_text() == "before"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_disk_is_an_error() -> None:
    result = run(["tokens", "-n", "10000", "-o", "/dev/full", SESSION])
    assert result.code == 2
    assert "No space left" in result.err


#: A shell may start what runs in the background deaf to some signals.
LISTENING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from tokbox.cli import main
sys.exit(main({args!r}))
"""


# Memory, progress.


def test_memory_does_not_grow_with_n() -> None:
    def peak(n: int, *options: str) -> int:
        args = ["tokens", "-n", str(n), *options, SESSION]
        result = run_code(
            "import resource, sys\n"
            "from tokbox.cli import main\n"
            f"assert main({args!r}) == 0\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        assert result.code == 0, result.err
        return int(result.err)

    to_nowhere = ("-o", "/dev/null")
    # A million more as strings would be hundreds of megabytes.
    assert peak(2_000_000, *to_nowhere) < 1.5 * peak(200_000, *to_nowhere)


def test_terminal_has_a_progress_bar_and_a_rate(tmp_path: Path) -> None:
    file = tmp_path / "f"
    result = run_on_terminal(["tokens", "-n", "100_000", "-o", str(file), SESSION])
    assert result.code == 0
    assert "Signing" in result.out
    assert "100,000/100,000" in result.out
    last = result.out.splitlines()[-1]
    assert "100,000 tokens in" in last
    assert "/s)" in last


def test_tokens_on_a_terminal_have_no_bar_between_them() -> None:
    result = run_on_terminal(["tokens", "-n", "3", SESSION])
    assert [line[:4] for line in result.out.splitlines()] == ["T1=="] * 3


def test_dumb_terminal_gets_no_bar(tmp_path: Path) -> None:
    result = run_on_terminal(
        ["tokens", "-n", "10", "-o", str(tmp_path / "f"), SESSION],
        env=environment(TERM="dumb"),
    )
    assert result == Result(0, "", "")


def test_tokens_go_to_a_pipe_that_is_named(tmp_path: Path) -> None:
    done = run(["tokens", SESSION, "-n", "3", "-o", "/dev/stdout"])
    assert (done.code, done.err) == (0, "")
    assert [verify(line).session_id for line in done.out.splitlines()] == [SESSION] * 3
