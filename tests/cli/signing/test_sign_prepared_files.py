"""``tokbox sign --resume`` beside files that another user prepared."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.signing.test_sign import COLUMNS
from tests.cli.signing.test_sign_resume import killed
from tests.support import tables
from tests.support.cli import Result
from tokbox.cli.common.atomic_files import (
    open_atomic,
    open_resumable,
    rename_into_place,
)
from tokbox.private_files import sidecar

Cli = Callable[..., Result]

#: The format of a table, and a file that a run with --resume writes beside the output.
BESIDE = [("csv", "part"), ("csv", "resume"), ("ndjson", "part"), ("parquet", "part")]
PREPARED = pytest.mark.parametrize(("kind", "what"), BESIDE)


def arguments(tmp_path: Path, kind: str, n: int = 10) -> list[str]:
    source = tables.write(tmp_path / f"in.{kind}", tables.rows(n))
    return ["sign", "-q", source, "-o", str(tmp_path / f"out.{kind}"), *COLUMNS, "--resume"]


@PREPARED
@pytest.mark.parametrize("content", [b"of another", b""])
def test_a_symbolic_link_beside_the_output_is_refused(
    cli: Cli, tmp_path: Path, kind: str, what: str, content: bytes
) -> None:
    args, victim = arguments(tmp_path, kind), tmp_path / "victim"
    victim.write_bytes(content)
    victim.chmod(0o644)
    os.symlink(victim, sidecar(str(tmp_path / f"out.{kind}"), what))
    result = cli(*args)
    assert (result.code, "it is a symbolic link" in result.err) == (2, True)
    assert victim.read_bytes() == content
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644
    assert not (tmp_path / f"out.{kind}").exists()


@PREPARED
def test_a_dangling_link_beside_the_output_creates_nothing(
    cli: Cli, tmp_path: Path, kind: str, what: str
) -> None:
    args, victim = arguments(tmp_path, kind), tmp_path / "victim"
    os.symlink(victim, sidecar(str(tmp_path / f"out.{kind}"), what))
    assert cli(*args).code == 2
    assert not victim.exists()


@PREPARED
def test_a_hard_link_beside_the_output_is_refused(
    cli: Cli, tmp_path: Path, kind: str, what: str
) -> None:
    args, victim = arguments(tmp_path, kind), tmp_path / "victim"
    victim.write_bytes(b"content")
    os.link(victim, sidecar(str(tmp_path / f"out.{kind}"), what))
    result = cli(*args)
    assert (result.code, "it has 2 hard links" in result.err) == (2, True)
    assert victim.read_bytes() == b"content"


@PREPARED
def test_a_pipe_beside_the_output_is_refused(
    cli: Cli, tmp_path: Path, kind: str, what: str
) -> None:
    args = arguments(tmp_path, kind)
    os.mkfifo(sidecar(str(tmp_path / f"out.{kind}"), what))
    result = cli(*args)
    assert (result.code, "it is not a regular file" in result.err) == (2, True)


@PREPARED
def test_a_file_of_another_user_beside_the_output_is_refused(
    cli: Cli, tmp_path: Path, kind: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    args, path = (
        arguments(tmp_path, kind),
        Path(sidecar(str(tmp_path / f"out.{kind}"), what)),
    )
    path.touch(0o666)
    fstat, lstat = os.fstat, os.lstat
    theirs = path.stat().st_ino

    def as_of_another(found: os.stat_result) -> os.stat_result:
        if found.st_ino != theirs:
            return found
        return os.stat_result((*found[:4], os.geteuid() + 1, *found[5:]))

    monkeypatch.setattr(os, "fstat", lambda each: as_of_another(fstat(each)))
    monkeypatch.setattr(os, "lstat", lambda each: as_of_another(lstat(each)))
    result = cli(*args)
    assert (result.code, "belongs to another user" in result.err) == (2, True)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("what", ["part", "resume"])
def test_the_rejects_and_the_output_are_protected_alike(
    cli: Cli, tmp_path: Path, what: str
) -> None:
    args, victim = arguments(tmp_path, "csv"), tmp_path / "victim"
    victim.write_bytes(b"content")
    end = tmp_path / ("out.csv" if what == "resume" else "r.csv")
    os.symlink(victim, sidecar(str(end), what))
    assert cli(*args, "--rejects", str(tmp_path / "r.csv")).code == 2
    assert victim.read_bytes() == b"content"


@PREPARED
def test_files_of_this_user_that_others_can_read_become_private(
    tmp_path: Path, kind: str, what: str
) -> None:
    args = arguments(tmp_path, kind, 2000)
    path = Path(sidecar(str(tmp_path / f"out.{kind}"), what))
    path.touch()
    path.chmod(0o666)
    killed("after", 2, args)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_partial_file_that_became_a_link_is_not_continued(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    args = arguments(tmp_path, kind, 2000)
    killed("after", 2, args)
    part = sidecar(str(tmp_path / f"out.{kind}"), "part")
    os.rename(part, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", part)
    assert cli(*args).code == 2
    assert not (tmp_path / f"out.{kind}").exists()


def test_a_link_in_place_of_the_finished_file_is_not_followed(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "out.csv"
    victim.touch(0o600)
    target.touch()
    target.chmod(0o666)
    os.symlink(victim, sidecar(str(target), "part"))
    with pytest.raises(PermissionError, match="symbolic link"):
        rename_into_place(str(target))
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600


def test_a_file_that_took_its_place_already_stays(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_bytes(b"tokens")
    rename_into_place(str(target))
    assert target.read_bytes() == b"tokens"


@pytest.mark.parametrize("resume", [False, True])
def test_permissions_of_another_users_file_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resume: bool
) -> None:
    path = tmp_path / "out"
    path.touch()
    path.chmod(0o666)
    found = os.stat(path)
    theirs = os.stat_result((*found[:4], os.geteuid() + 1, *found[5:]))
    real = os.stat

    def other(each: object, **more: object) -> os.stat_result:
        return theirs if each == str(path) else real(each, **more)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "stat", other)
    if resume:
        with open_resumable(str(path), 0) as file:
            file.write(b"tokens")
        rename_into_place(str(path))
    else:
        with open_atomic(str(path)) as file:
            file.write(b"tokens")
    monkeypatch.undo()
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"tokens", 0o600)


def test_replacing_keeps_the_mode_on_a_system_without_descriptors_for_modes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.touch()
    path.chmod(0o640)
    monkeypatch.setattr(os, "supports_fd", set())
    monkeypatch.delattr(os, "geteuid")
    with open_atomic(str(path)) as file:
        file.write(b"tokens")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


HEAD = b'{"version": 2}\n'
STATE = (
    b'{"file": 0, "before": 0, "rows": 1, "offset": 9, "consumed": "00", "rejected": 0, '
    b'"output": 9, "rejects": 0}\n'
)


@pytest.mark.parametrize(
    "content",
    [
        b"no checkpoint",
        b"no checkpoint\n",
        b"[]\n",
        b"1\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        HEAD + b"null\n",
        HEAD + b'{"rows": 1}\n',
        HEAD + STATE.replace(b'"rows": 1', b'"rows": -1'),
        HEAD + STATE.replace(b'"rows": 1', b'"rows": true'),
        HEAD + STATE.replace(b'"rows": 1', b'"rows": "1"'),
        HEAD + STATE.replace(b'"consumed": "00"', b'"consumed": 0'),
    ],
)
def test_an_invalid_checkpoint_is_refused_before_anything_is_truncated(
    cli: Cli, tmp_path: Path, content: bytes
) -> None:
    args, output = arguments(tmp_path, "csv"), str(tmp_path / "out.csv")
    checkpoint, part = Path(sidecar(output, "resume")), Path(sidecar(output, "part"))
    checkpoint.write_bytes(content + b"an incomplete line")
    part.write_bytes(b"content")
    result = cli(*args)
    assert (result.code, "a valid checkpoint" in result.err) == (2, True)
    assert f"delete {checkpoint} to start again" in result.err
    assert checkpoint.read_bytes() == content + b"an incomplete line"
    assert part.read_bytes() == b"content"
    checkpoint.unlink()
    assert cli(*args).code == 0


def test_other_options_leave_the_checkpoint_as_it_was(cli: Cli, tmp_path: Path) -> None:
    args = arguments(tmp_path, "csv", 2000)
    killed("after", 2, args)
    checkpoint = Path(sidecar(str(tmp_path / "out.csv"), "resume"))
    with checkpoint.open("ab") as file:
        file.write(b'{"rows": 19')
    before = checkpoint.read_bytes()
    assert cli(*args, "--expiration", "1h").code == 2
    assert checkpoint.read_bytes() == before
