"""Compare the files that a command reads and writes, before one is opened."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping

import click

__all__ = ["check_paths", "credential_files"]

#: The name of an option, an argument or a variable, and the path that it has; ``-`` is
#: standard input where files are read, and standard output where they are written.
Paths = Mapping[str, str | None]


def check_paths(reads: Paths, writes: Paths) -> None:
    """Refuse a file to write that is also read, or written twice.

    Files are compared by device and inode, so symbolic and hard links do not hide one; a
    file that does not exist yet, by its folder and name. Terminals and devices such as
    /dev/null can be named several times, and one socket can be read and written.

    Raises UsageError, and OSError if a file to write cannot be looked up.
    """
    seen: dict[tuple[object, ...], str] = {}
    for name, path in reads.items():
        found = None if path is None else _read_identity(path)
        if found is not None and found[0] != "pipe":
            seen.setdefault(found, name)
    for name, path in writes.items():
        found = None if path is None else _identity(path, 1)
        if found is None:
            continue
        if found in seen:
            # Only the path to write is shown: the other may be a secret in a wrong place.
            what = "standard output" if path == "-" else path
            raise click.UsageError(
                f"{what} is both {seen[found]} and {name}: use another file for {name}"
            )
        seen[found] = name


def credential_files() -> dict[str, str | None]:
    """Return the files from which the command at hand may read credentials and claims."""
    from tokbox.rest.environment import APPLICATIONS, PROJECTS

    given = click.get_current_context().params
    files = {f"--{name.replace('_', '-')}": given.get(name) for name in _FILES}
    for family in (*PROJECTS, *APPLICATIONS):
        if family.file is not None:
            files[family.file] = os.environ.get(family.file) or None
    for family in APPLICATIONS:
        # A private key can be given by its path, too.
        files[family.secret] = os.environ.get(family.secret) or None
    return files


_FILES = ("secret_file", "token_file", "connection_data_file")


def _read_identity(path: str) -> tuple[object, ...] | None:
    try:
        return _identity(path, 0)
    except (OSError, ValueError):
        # The error of opening it is clearer, and the command may not need it.
        return None


def _identity(path: str, descriptor: int) -> tuple[object, ...] | None:
    """Return what two paths of one file have in common; None if it can be shared."""
    try:
        found = os.fstat(_standard(descriptor)) if path == "-" else os.stat(path)
    except FileNotFoundError:
        return _future_identity(path)
    except (AttributeError, ValueError):
        return None  # a standard stream that is closed, or not a file
    if not found.st_ino:
        return None  # a system on which this kind of file has no inode
    if stat.S_ISFIFO(found.st_mode) or stat.S_ISSOCK(found.st_mode):
        return ("pipe", found.st_dev, found.st_ino)
    if stat.S_ISCHR(found.st_mode):
        return None
    return ("file", found.st_dev, found.st_ino)


def _future_identity(path: str) -> tuple[object, ...] | None:
    folder, name = os.path.split(os.path.realpath(path))
    try:
        found = os.stat(folder)
    except OSError:
        # Either the folder is created, too, or creating the file fails with a clear error.
        return ("path", os.path.normcase(os.path.join(folder, name)))
    return ("name", found.st_dev, found.st_ino, os.path.normcase(name))


def _standard(descriptor: int) -> int:
    return (sys.stdout if descriptor else sys.stdin).fileno()
