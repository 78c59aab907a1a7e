"""Commands refuse to write a file that they read, or that they write already."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.cli.signing.test_sign import COLUMNS
from tests.support import tables
from tests.support.cli import COMMAND, SECRET, SESSION, Result, environment
from tokbox.cli.common.paths import check_paths
from tokbox.private_files import sidecar

Cli = Callable[..., Result]


def itself(path: Path) -> Path:
    return path


def by_symbolic_link(path: Path) -> Path:
    link = path.parent / "symbolic"
    link.symlink_to(path)
    return link


def by_hard_link(path: Path) -> Path:
    link = path.parent / "hard"
    link.hardlink_to(path)
    return link


def by_linked_folder(path: Path) -> Path:
    link = path.parent.parent / f"{path.parent.name} linked"
    link.symlink_to(path.parent)
    return link / path.name


def by_detour(path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


Alias = Callable[[Path], Path]
ALIASES = pytest.mark.parametrize(
    "alias", [itself, by_symbolic_link, by_hard_link, by_linked_folder, by_detour]
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A table of which one row cannot be signed."""
    rows = tables.rows(10)
    rows[4]["role"] = "king"
    return Path(tables.write(tmp_path / "in.csv", rows))


@ALIASES
@pytest.mark.parametrize("more", [(), ("--resume",)])
def test_sign_does_not_write_rejects_into_its_input(
    cli: Cli, source: Path, alias: Alias, more: tuple[str, ...]
) -> None:
    before, rejects = source.read_bytes(), alias(source)
    output = source.with_name("out.csv")
    result = cli(
        *(
            "sign",
            "-q",
            str(source),
            "-o",
            str(output),
            *COLUMNS,
            "--rejects",
            str(rejects),
        ),
        *more,
    )
    assert (result.code, result.out) == (2, "")
    assert "is both INPUT and --rejects" in result.err
    assert "use another file for --rejects" in result.err
    assert source.read_bytes() == before
    assert not output.exists()


@ALIASES
@pytest.mark.parametrize("resume", [False, True])
def test_sign_with_rejects_does_not_replace_its_input(
    cli: Cli, source: Path, alias: Alias, resume: bool
) -> None:
    before, output = source.read_bytes(), alias(source)
    rejects = source.with_name("r.csv")
    args = ["-o", str(output), "--rejects", str(rejects), "--format", "csv"]
    result = cli("sign", "-q", str(source), *args, *COLUMNS, *["--resume"] * resume)
    assert result.code == 2
    assert "is both INPUT and --output" in result.err
    assert source.read_bytes() == before
    assert not rejects.exists()


@ALIASES
def test_a_run_to_be_continued_does_not_replace_its_input(
    cli: Cli, source: Path, alias: Alias
) -> None:
    before = source.read_bytes()
    args = ("-o", str(alias(source)), "--format", "csv", *COLUMNS, "--resume")
    result = cli("sign", "-q", str(source), *args)
    assert (result.code, "is both INPUT and --output" in result.err) == (2, True)
    assert source.read_bytes() == before


@pytest.mark.parametrize("kind", tables.FORMATS)
def test_sign_can_replace_its_input_by_the_complete_output(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"t.{kind}"
    tables.write(path, tables.rows(3000))
    assert cli("sign", "-q", str(path), "-o", str(path), *COLUMNS) == Result(0, "", "")
    found = tables.read(path)
    assert [row["user"] for row in found] == [f"u-{i}" for i in range(3000)]
    assert cli("verify", str(path)).code == 0


def test_an_input_stays_as_it_is_if_it_cannot_be_replaced(cli: Cli, source: Path) -> None:
    before = source.read_bytes()
    result = cli("sign", "-q", str(source), "-o", str(source), *COLUMNS)
    assert (result.code, "row 5: role" in result.err) == (2, True)
    assert source.read_bytes() == before
    assert os.listdir(source.parent) == ["in.csv"]


@ALIASES
def test_output_and_rejects_of_sign_are_two_files(
    cli: Cli, source: Path, alias: Alias
) -> None:
    output = source.with_name("out.csv")
    output.write_text("before")
    rejects = alias(output)
    args = ("-o", str(output), "--rejects", str(rejects))
    result = cli("sign", "-q", str(source), *args, *COLUMNS)
    assert result.code == 2
    assert "is both --output and --rejects" in result.err
    assert output.read_text() == "before"


@pytest.mark.parametrize("alias", [itself, by_symbolic_link, by_linked_folder, by_detour])
def test_files_that_do_not_exist_yet_are_compared_too(
    cli: Cli, source: Path, alias: Alias
) -> None:
    output = source.with_name("out.csv")
    args = ("-o", str(output), "--rejects", str(alias(output)))
    result = cli("sign", "-q", str(source), *args, *COLUMNS)
    assert result.code == 2
    assert "is both --output and --rejects" in result.err
    assert not output.exists()


@ALIASES
def test_verify_does_not_write_rejects_into_its_input(
    cli: Cli, tmp_path: Path, alias: Alias
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("token\nT1==none\n")
    result = cli("verify", str(path), "--rejects", str(alias(path)))
    assert result.code == 2
    assert "is both FILE and --rejects" in result.err
    assert path.read_text() == "token\nT1==none\n"


# Credentials.


@ALIASES
@pytest.mark.parametrize("command", ["sign", "verify", "tokens"])
@pytest.mark.parametrize("variable", [False, True])
def test_a_secret_is_not_overwritten(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    alias: Alias,
    command: str,
    variable: bool,
) -> None:
    (tmp_path / "keys").mkdir()
    secret = tmp_path / "keys" / "secret"
    secret.write_text(SECRET)
    written = str(alias(secret))
    table = tables.write(tmp_path / "in.csv", [{"token": ""}], ["token"])
    args = {
        "sign": ("sign", table, "-o", written, *COLUMNS),
        "verify": ("verify", table, "--rejects", written),
        "tokens": ("tokens", "-n", "2", SESSION, "-o", written),
    }[command]
    name = "TOKBOX_SECRET_FILE" if variable else "--secret-file"
    if variable:
        monkeypatch.delenv("TOKBOX_SECRET")
        monkeypatch.setenv(name, str(secret))
        result = cli(*args)
    else:
        result = cli(*args, name, str(secret))
    assert result.code == 2
    option = "--rejects" if command == "verify" else "--output"
    assert f" is both {name} and {option}: use another file" in result.err
    assert secret.read_text() == SECRET


@pytest.mark.parametrize("variable", ["TOKBOX_PRIVATE_KEY", "VONAGE_PRIVATE_KEY_PATH"])
def test_a_private_key_that_a_variable_names_is_not_overwritten(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    key = tmp_path / "key"
    key.write_text("content")
    monkeypatch.setenv(variable, str(key))
    arguments = ("--api-key", "12345678", "--secret-file", "-")
    result = cli(*("tokens", "-n", "1", SESSION, "-o", str(key), *arguments), stdin=SECRET)
    assert (result.code, f"{variable} and --output" in result.err) == (2, True)
    assert key.read_text() == "content"


def test_a_variable_that_contains_the_key_is_not_shown(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VONAGE_PRIVATE_KEY", "x" * 10_000)
    arguments = ("--api-key", "12345678", "--secret-file", "-")
    output = ("-o", str(tmp_path / "f"))
    result = cli("tokens", "-n", "1", SESSION, *output, *arguments, stdin=SECRET)
    assert result == Result(0, "", "")


def test_connection_data_is_not_overwritten(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("content")
    result = cli(
        "tokens", "-n", "1", SESSION, "--connection-data-file", str(data), "-o", str(data)
    )
    assert (result.code, "--connection-data-file and --output" in result.err) == (2, True)
    assert data.read_text() == "content"


@pytest.mark.parametrize("written", ["--key-out", "--db"])
@pytest.mark.parametrize("read", ["--projects", "--webhooks", "--application"])
def test_the_emulator_does_not_overwrite_what_it_reads(
    cli: Cli, tmp_path: Path, read: str, written: str
) -> None:
    path = tmp_path / "file"
    path.write_text("{}")
    given = f"app={path}" if read == "--application" else str(path)
    result = cli("emulator", read, given, written, str(path))
    assert result.code == 2
    assert f" is both {read}" in result.err
    assert f" and {written}: use another file for {written}" in result.err
    assert path.read_text() == "{}"


# Files that --resume writes beside its outputs.


@pytest.mark.parametrize("of", ["out.csv", "r.csv"])
@pytest.mark.parametrize("what", ["part", "resume", "part-0"])
@pytest.mark.parametrize("end", ["INPUT", "--output", "--rejects", "--secret-file"])
def test_files_beside_the_outputs_have_no_other_use(
    cli: Cli, source: Path, of: str, what: str, end: str
) -> None:
    ends = {"INPUT": str(source), "--output": str(source.with_name("out.csv"))}
    ends |= {"--rejects": str(source.with_name("r.csv")), "--secret-file": ""}
    path = Path(sidecar(str(source.with_name(of)), what))
    if end in ("INPUT", "--secret-file"):
        path.write_bytes(source.read_bytes() if end == "INPUT" else SECRET.encode())
    before = path.read_bytes() if path.exists() else None
    ends[end] = str(path)
    args = ["-o", ends["--output"], "--rejects", ends["--rejects"], "--format", "csv"]
    if ends["--secret-file"]:
        args += ["--secret-file", ends["--secret-file"]]
    result = cli("sign", "-q", ends["INPUT"], *args, *COLUMNS, "--resume")
    if end == {"out.csv": "--output", "r.csv": "--rejects"}[of]:
        assert result.code == 4  # it is then beside another file
        return
    assert result.code == 2
    assert f"{end} has a name that --resume uses" in result.err
    assert (path.read_bytes() if path.exists() else None) == before


# Standard streams, devices.


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = " ".join(f"'{part}'" for part in COMMAND)
    return subprocess.run(
        ["sh", "-c", command.replace("tokbox", program)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "tokbox sign in.csv --session-id col:session >> in.csv",
            "standard output is both INPUT and --output",
        ),
        (
            "tokbox sign - --format csv --session-id col:session < in.csv >> in.csv",
            "standard output is both INPUT and --output",
        ),
        (
            "tokbox sign - -o out.csv --session-id col:session --rejects in.csv < in.csv",
            "in.csv is both INPUT and --rejects",
        ),
        (
            "tokbox sign in.csv --session-id col:session --rejects r >> r",
            "r is both --output and --rejects",
        ),
        (
            "tokbox sign in.csv -o j --session-id col:session --json >> j",
            "j is both standard output and --output",
        ),
        (
            "tokbox verify in.csv --token-column user --rejects r >> r",
            "r is both standard output and --rejects",
        ),
        (
            "tokbox verify in.csv --token-column user --rejects /dev/stdout | cat",
            "/dev/stdout is both standard output and --rejects",
        ),
        (
            "tokbox verify - --format csv --token-column user --rejects in.csv < in.csv",
            "in.csv is both FILE and --rejects",
        ),
        (
            f"tokbox tokens -n 1 {SESSION} -o j --json >> j",
            "j is both standard output and --output",
        ),
        (
            "echo 1_x | tokbox tokens -n 1 - -o s --secret-file s",
            "s is both --secret-file and --output",
        ),
    ],
)
def test_standard_streams_are_compared_like_files(
    tmp_path: Path, command: str, words: str
) -> None:
    source = Path(tables.write(tmp_path / "in.csv", tables.rows(3)))
    (tmp_path / "s").write_text(SECRET)
    before = source.read_bytes()
    done = shell(command, tmp_path)
    assert words in done.stderr
    assert source.read_bytes() == before
    assert (tmp_path / "s").read_text() == SECRET


@pytest.mark.parametrize(
    "command",
    [
        "tokbox sign in.csv -o /dev/null --rejects /dev/null --session-id col:session",
        "tokbox sign in.csv --rejects /dev/null --session-id col:session > /dev/null",
        "tokbox sign - --format csv --session-id col:session < in.csv | cat",
        "cat in.csv | tokbox sign - --format csv --session-id col:session | cat",
        "cat in.csv | tokbox sign /dev/stdin -o /dev/stdout --format csv --rejects r"
        " --session-id col:session | cat",
        "tokbox sign in.csv -o in.csv --session-id col:session < in.csv",
    ],
)
def test_devices_and_pipes_can_be_repeated(tmp_path: Path, command: str) -> None:
    tables.write(tmp_path / "in.csv", tables.rows(3))
    done = shell(command, tmp_path)
    assert done.returncode == 0
    assert re.fullmatch("tokbox: 3 rows signed, 0 rejected, in .*\n", done.stderr)


def test_a_socket_can_be_read_and_written(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    source = Path(tables.write(tmp_path / "in.csv", tables.rows(3)))
    args = ["sign", "-q", "-", "--format", "csv", *COLUMNS]
    with (
        ours,
        subprocess.Popen(
            [*COMMAND, *args],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment(),
        ) as process,
    ):
        theirs.close()
        ours.sendall(source.read_bytes())
        ours.shutdown(socket.SHUT_WR)
        output = b""
        while block := ours.recv(65_536):
            output += block
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert output.splitlines()[0] == b"session,role,user,token"
    assert len(output.splitlines()) == 4


def test_a_path_that_cannot_be_looked_up_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="loop") as raised:
        check_paths({}, {"--output": str(loop)})
    assert raised.value.filename == str(loop)
    check_paths({"INPUT": str(loop), "--secret-file": "a\0b"}, {})
    check_paths(
        {"INPUT": str(tmp_path / "no" / "file")}, {"-o": str(tmp_path / "no" / "f")}
    )


def test_streams_that_are_closed_or_not_files_are_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    check_paths({}, {"--output": "-", "--rejects": "-"})


def test_files_without_inodes_are_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.touch()
    writes = {"--output": str(path), "--rejects": str(path)}
    with pytest.raises(click.UsageError, match="is both --output and --rejects"):
        check_paths({}, writes)
    without = os.stat_result((0o100600, 0, *os.stat(path)[2:]))
    monkeypatch.setattr(os, "stat", lambda path: without)
    check_paths({}, writes)


# Suffixes of other formats.


@pytest.mark.parametrize(
    ("source_name", "output"),
    [
        ("in.csv", "out.parquet"),
        ("in.csv", "out.ndjson"),
        ("in.csv", "out.jsonl"),
        ("in.csv", "OUT.Parquet"),
        ("in.csv", "out.txt"),
        ("in.ndjson", "out.csv"),
        ("in.parquet", "out.csv"),
    ],
)
def test_sign_refuses_an_output_with_the_suffix_of_another_format(
    cli: Cli, tmp_path: Path, source_name: str, output: str
) -> None:
    source = tables.write(tmp_path / source_name, tables.rows(2))
    kind = source_name.removeprefix("in.")
    args = ("sign", "-q", source, "-o", str(tmp_path / output), *COLUMNS)
    result = cli(*args)
    assert (result.code, os.listdir(tmp_path)) == (2, [source_name])
    assert f"and its content is {kind}: " in result.err
    assert f"or use --format {kind} to keep that name" in result.err
    assert cli(*args, "--format", kind).code == 0
    assert (tmp_path / output).exists()


@pytest.mark.parametrize("output", ["out.csv", "out", "out.tsv", "out.csv.new"])
def test_sign_accepts_the_suffix_of_its_format_or_no_suffix(
    cli: Cli, tmp_path: Path, output: str
) -> None:
    source = tables.write(tmp_path / "in.csv", tables.rows(2))
    assert cli("sign", "-q", source, "-o", str(tmp_path / output), *COLUMNS).code == 0


def test_json_lines_have_two_suffixes(cli: Cli, tmp_path: Path) -> None:
    source = tables.write(tmp_path / "in.ndjson", tables.rows(2))
    assert cli("sign", "-q", source, "-o", str(tmp_path / "out.jsonl"), *COLUMNS).code == 0


def test_an_engine_refuses_a_folder_with_the_suffix_of_another_format(
    cli: Cli, tmp_path: Path
) -> None:
    args = ("sign", "-q", "in", "--session-id", "col:s", "--engine", "ray")
    result = cli(*args, "-o", str(tmp_path / "out.csv"))
    assert (result.code, "has the suffix of csv" in result.err) == (2, True)


def test_an_engine_writes_to_any_name_if_the_format_is_given(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs: list[str] = []
    monkeypatch.setattr(
        "tokbox.cli.signing.cluster._sign_on_ray",
        lambda source, output, job: outputs.append(output),
    )
    args = ("--session-id", "col:s", "--engine", "ray", "--format", "parquet")
    output = str(tmp_path / "out.csv")
    assert cli("sign", "-q", "in", "-o", output, *args) == Result(0, "", "")
    assert outputs == [output]


@pytest.mark.parametrize("name", ["r.parquet", "r.ndjson", "r.jsonl"])
def test_rejects_with_the_suffix_of_another_format_are_refused(
    cli: Cli, source: Path, name: str
) -> None:
    rejects = source.with_name(name)
    for args in (
        ("sign", "-q", str(source), "-o", str(source.with_name("out.csv")), *COLUMNS),
        ("verify", str(source), "--token-column", "user"),
    ):
        result = cli(*args, "--rejects", str(rejects))
        assert result.code == 2
        assert f"--rejects {rejects} has the suffix of " in result.err
    assert os.listdir(source.parent) == ["in.csv"]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.ndjson", "t.jsonl"])
def test_a_token_file_with_the_suffix_of_a_table_is_refused(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    result = cli("tokens", "-n", "2", SESSION, "-o", str(tmp_path / name))
    assert (result.code, os.listdir(tmp_path)) == (2, [])
    assert result.err.endswith(": use the suffix .txt (see: tokbox tokens --help)\n")


# Engines.


@pytest.mark.parametrize("output", ["in/out", "in/a/../b", "linked/out"])
def test_an_engine_does_not_write_into_the_folder_that_it_reads(
    cli: Cli, tmp_path: Path, output: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "linked").symlink_to("in")
    args = ("--session-id", "col:s", "--engine", "spark")
    result = cli("sign", "-q", str(tmp_path / "in"), "-o", str(tmp_path / output), *args)
    assert (result.code, "is in the input folder" in result.err) == (2, True)


def test_the_folder_of_an_engine_may_be_beside_the_one_it_reads(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def sign(source: str, output: str, job: object) -> None:
        Path(output).mkdir()
        made.append(os.stat(output).st_mode & 0o777)

    monkeypatch.setattr("tokbox.cli.signing.cluster._sign_on_spark", sign)
    (tmp_path / "in").mkdir()
    before = os.umask(0o022)
    try:
        args = ("--session-id", "col:s", "--engine", "spark")
        result = cli("sign", "-q", str(tmp_path / "in"), "-o", str(tmp_path / "in2"), *args)
        assert result == Result(0, "", "")
        after = os.umask(0o022)
    finally:
        os.umask(before)
    assert made == [0o700]
    assert after == 0o022
