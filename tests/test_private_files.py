"""`open_private` uses only files that another user cannot have prepared."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tokbox.private_files import check_private, make_private, open_private

WRITE = os.O_RDWR | os.O_CREAT
OVERWRITE = WRITE | os.O_TRUNC
FLAGS = pytest.mark.parametrize("flags", [WRITE, OVERWRITE, os.O_WRONLY, os.O_RDONLY])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def missing(*_: object, **__: object) -> None:
    raise FileNotFoundError


@pytest.fixture(params=["seen before", "made during the call"])
def moment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return when a file is created: before the call, or during it."""
    if request.param == "made during the call":
        monkeypatch.setattr(os, "lstat", missing)
    return str(request.param)


def test_a_new_file_has_mode_0600_with_any_umask(tmp_path: Path) -> None:
    path = tmp_path / "new"
    before = os.umask(0)
    try:
        os.close(open_private(path, WRITE))
    finally:
        os.umask(before)
    assert mode(path) == 0o600


def test_an_existing_file_gets_mode_0600_and_keeps_its_content(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"content")
    path.chmod(0o666)
    os.close(open_private(path, WRITE))
    assert (mode(path), path.read_bytes()) == (0o600, b"content")


def test_truncating_empties_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"content")
    os.close(open_private(path, OVERWRITE))
    assert path.read_bytes() == b""


def test_it_is_an_opener_for_open(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with open(path, "wb", opener=open_private) as file:
        file.write(b"\n")
    assert (mode(path), path.read_bytes()) == (0o600, b"\n")


def test_a_missing_file_is_not_created_unasked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_private(tmp_path / "none", os.O_RDWR)


@FLAGS
def test_a_symbolic_link_is_not_followed(tmp_path: Path, flags: int, moment: str) -> None:
    target, path = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"content")
    target.chmod(0o644)
    path.symlink_to(target)
    with pytest.raises(OSError, match=r"(?i)symbolic link") as raised:
        open_private(path, flags)
    assert raised.value.filename in (path, str(path))
    assert (mode(target), target.read_bytes()) == (0o644, b"content")


def test_a_dangling_link_creates_no_file(tmp_path: Path, moment: str) -> None:
    target, path = tmp_path / "target", tmp_path / "link"
    path.symlink_to(target)
    with pytest.raises(OSError, match=r"(?i)symbolic link"):
        open_private(path, OVERWRITE)
    assert not target.exists()


@FLAGS
def test_a_file_with_two_names_is_refused(tmp_path: Path, flags: int, moment: str) -> None:
    target, path = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"content")
    target.chmod(0o644)
    path.hardlink_to(target)
    with pytest.raises(PermissionError, match="it has 2 hard links"):
        open_private(path, flags)
    assert (mode(target), target.read_bytes()) == (0o644, b"content")


@FLAGS
def test_a_file_of_another_user_is_refused(
    tmp_path: Path, flags: int, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(0o666)
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(PermissionError, match=f"another user .uid {other - 1}"):
        open_private(path, flags)
    assert (mode(path), path.read_bytes()) == (0o666, b"content")


@pytest.mark.parametrize("flags", [os.O_RDWR, os.O_RDONLY])
def test_a_pipe_is_refused_without_waiting(tmp_path: Path, flags: int, moment: str) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(PermissionError, match="not a regular file"):
        open_private(path, flags)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="not a regular file") as raised:
        open_private(tmp_path, os.O_RDONLY)
    assert raised.value.filename == str(tmp_path)


def test_the_message_contains_advice(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="remove it, or use another folder"):
        open_private(tmp_path, os.O_RDONLY)


def test_no_descriptor_stays_open_when_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "lstat", missing)
    closed: list[int] = []
    close = os.close
    monkeypatch.setattr(os, "close", lambda each: closed.append(each) or close(each))
    with pytest.raises(PermissionError):
        open_private(tmp_path, os.O_RDONLY)
    assert len(closed) == 1


def test_it_works_on_a_system_without_owners_and_modes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("geteuid", "fchmod", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):
        monkeypatch.delattr(os, name)
    path, link = tmp_path / "file", tmp_path / "link"
    for content in (b"first", b"second"):
        with open(path, "wb", opener=open_private) as file:
            file.write(content)
        assert path.read_bytes() == content
    link.symlink_to(path)
    with pytest.raises(PermissionError, match=r"(?i)symbolic link"):
        open_private(link, WRITE)


def test_check_without_opening_passes_a_file_of_the_owner_and_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old"
    path.touch()
    path.chmod(0o644)
    check_private(path)
    assert mode(path) == 0o644
    with pytest.raises(FileNotFoundError):
        check_private(tmp_path / "missing")


def test_check_without_opening_refuses_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for check in (check_private, make_private):
        with pytest.raises(PermissionError, match="symbolic link"):
            check(tmp_path / "link")


@pytest.mark.parametrize("before", [0o600, 0o644, 0o666, 0o400, 0o777])
def test_make_private_sets_mode_0600(tmp_path: Path, before: int) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"content")
    path.chmod(before)
    make_private(path)
    assert (mode(path), path.read_bytes()) == (0o600, b"content")


def test_make_private_does_not_open_a_file_that_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old"
    path.touch()
    path.chmod(0o600)
    monkeypatch.setattr(os, "open", missing)
    make_private(path)


def test_make_private_follows_no_link_that_is_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, path = tmp_path / "victim", tmp_path / "old"
    victim.touch()
    victim.chmod(0o644)
    path.touch()
    path.chmod(0o644)
    found = os.lstat(path)
    path.unlink()
    path.symlink_to(victim)
    monkeypatch.setattr(os, "lstat", lambda path: found)
    with pytest.raises(OSError):
        make_private(path)
    assert mode(victim) == 0o644
