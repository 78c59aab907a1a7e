"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import stat
import threading
from collections.abc import Iterator
from types import FrameType
from typing import BinaryIO, NoReturn

__all__ = ["beside", "continuing", "replacing", "take_place"]


@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of *path* when the block ends well.

    Until then it has another name beside it, and if the block does not end well it is
    removed, also when the process is told to end. Its owner alone may read a new file,
    since a token lets in whoever has it; a file that is replaced hands on its mode.
    What is no regular file (a device, a pipe) is written to directly.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        # By the name that was given: what /dev/stdout leads to may have no other.
        with open(path, "wb", buffering=0) as file:
            yield file
        return
    target = os.path.realpath(path)
    # Named before it exists: whatever interrupts, there is a name to remove.
    part = os.path.join(os.path.dirname(target), f".tokbox-{secrets.token_hex(8)}.part")
    with _ending_by_exception():
        try:
            with open(part, "xb", buffering=0, opener=_for_the_owner) as file:
                if mode is not None:
                    os.chmod(part, stat.S_IMODE(mode))
                yield file
            os.replace(part, target)
        except BaseException as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            if isinstance(error, OSError) and error.filename == part:
                # Nobody asked for that name.
                error.filename = path
                error.filename2 = None
            raise


def beside(path: str, what: str) -> str:
    """A hidden name beside *path*, the same each time."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f".{name}.tokbox-{what}")


@contextlib.contextmanager
def continuing(path: str, size: int) -> Iterator[BinaryIO]:
    """Open a file that takes the place of *path* when `take_place` is called.

    Until then it has another name beside it, and stays there. Of what an earlier run left
    under that name, the first *size* bytes are kept. FileNotFoundError if they are gone.
    """
    part = beside(path, "part")
    flags = os.O_RDWR | (0 if size else os.O_CREAT)
    with open(os.open(part, flags, 0o600), "r+b", buffering=0) as file:
        if os.fstat(file.fileno()).st_size < size:
            raise FileNotFoundError(errno.ENOENT, "it is shorter than it was", part)
        file.truncate(size)
        file.seek(size)
        yield file


def take_place(path: str) -> None:
    """Let what `continuing` wrote take the place of *path*, if it has not yet."""
    target, part = os.path.realpath(path), beside(path, "part")
    with contextlib.suppress(FileNotFoundError):
        os.chmod(part, stat.S_IMODE(os.stat(target).st_mode))
    with contextlib.suppress(FileNotFoundError):
        os.replace(part, target)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextlib.contextmanager
def _ending_by_exception() -> Iterator[None]:
    """Turn the signals that would end the process at once into SystemExit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    names = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    before = {
        number: signal.signal(number, end)
        for number in names
        # Who ignores one, as nohup does, wants to go on.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
