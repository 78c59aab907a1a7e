"""Files for secrets and tokens at paths that other users may have prepared."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

__all__ = [
    "check_private",
    "make_private",
    "open_private",
    "opener_0600",
    "rename_private",
    "sidecar",
    "take_mode",
]


def opener_0600(path: str | os.PathLike[str], flags: int) -> int:
    """Open a path that the user chose; return the descriptor.

    This is an ``opener`` for `open`. A file that it creates can be read by its owner only.
    Links are followed, and a file that exists keeps its mode.
    """
    return os.open(path, flags, 0o600)


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """Open a file that only its owner can read and write; return the descriptor.

    *flags* are those of `os.open`, so this function is also an ``opener`` for `open`. A
    symbolic link is not followed. A file that exists must be a regular file that the
    effective user owns and that has no other hard link. Its mode becomes 0600. With
    ``os.O_TRUNC`` it is truncated only after these checks.

    The checks for links and owners need a system that has them: Windows has no owners and
    modes of this kind, and a link that is created there during the call is followed.

    Raises PermissionError if the file cannot be trusted, OSError if it cannot be opened.
    """
    with contextlib.suppress(FileNotFoundError):
        # For a clear message, and because opening a device or a pipe has effects.
        _check(path, os.lstat(path))
    safe = flags & ~os.O_TRUNC
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
        safe |= getattr(os, name, 0)
    descriptor = os.open(path, safe, 0o600)
    try:
        found = os.fstat(descriptor)
        _check(path, found)
        if hasattr(os, "fchmod") and stat.S_IMODE(found.st_mode) != 0o600:
            os.fchmod(descriptor, 0o600)
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_private(path: str | os.PathLike[str]) -> None:
    """Check an existing file as :func:`open_private` does, without opening it.

    Closing any descriptor of a file releases all POSIX locks that the process has on it,
    so a database that may be in use must not be opened for a check. Raises
    PermissionError, and FileNotFoundError if there is no such file.
    """
    _check(path, os.lstat(path))


def make_private(path: str | os.PathLike[str]) -> None:
    """Check a file as :func:`check_private` does, and set its mode to 0600 if needed."""
    check_private(path)
    if stat.S_IMODE(os.lstat(path).st_mode) != 0o600:
        # Use a descriptor, because os.chmod would follow a link that was just created.
        os.close(open_private(path, os.O_RDONLY))


def sidecar(path: str, what: str) -> str:
    """Return a hidden path next to *path*. It is the same each time."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.tokbox-{what}")


def rename_private(private: str, path: str) -> None:
    """Rename a file of `open_private` to *path*, with the mode of a file that it replaces.

    Does nothing if there is no such file, because then it was renamed before.
    """
    target = os.path.realpath(path)
    try:
        descriptor = open_private(private, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        with contextlib.suppress(FileNotFoundError):
            take_mode(descriptor, private, os.stat(target))
    finally:
        os.close(descriptor)
    os.replace(private, target)


def take_mode(descriptor: int, path: str, before: os.stat_result | None) -> None:
    """Give an open file the mode of the file that it will replace.

    The file of another user does not decide who can read tokens.
    """
    if before is None or (hasattr(os, "geteuid") and before.st_uid != os.geteuid()):
        return
    # By the descriptor where the system can: another user may have changed the name.
    file = descriptor if os.chmod in os.supports_fd else path
    os.chmod(file, before.st_mode & 0o777)


def _check(path: str | os.PathLike[str], found: os.stat_result) -> None:
    """Raise PermissionError unless *found* is a regular file of this user with one name."""
    if stat.S_ISLNK(found.st_mode):
        problem = "it is a symbolic link"
    elif not stat.S_ISREG(found.st_mode):
        problem = "it is not a regular file"
    elif hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        problem = f"it belongs to another user (uid {found.st_uid})"
    elif found.st_nlink > 1:
        problem = f"it has {found.st_nlink} hard links"
    else:
        return
    rule = (
        f"{problem}; secrets and tokens are written only to a regular file that the "
        "current user owns and that has no other name: remove it, or use another folder"
    )
    raise PermissionError(errno.EPERM, rule, os.fspath(path))
