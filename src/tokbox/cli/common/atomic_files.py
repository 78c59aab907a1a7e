"""Write files that appear under their name only when they are complete."""

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

from tokbox.private_files import (
    open_private,
    opener_0600,
    rename_private,
    sidecar,
    take_mode,
)

__all__ = ["open_atomic", "open_resumable", "rename_into_place"]


@contextlib.contextmanager
def open_atomic(path: str) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces *path* when the block ends without an error.

    After an error, or a signal that ends the process, the temporary file is removed. A new
    file can be read by its owner only, because anyone can use the tokens in it. A file of
    this user that is replaced keeps its mode. Devices and pipes are written to directly.
    """
    try:
        before = os.stat(path)
    except FileNotFoundError:
        before = None
    if before is not None and not stat.S_ISREG(before.st_mode):
        # By the name that was given: what /dev/stdout leads to may have no other.
        with open(path, "wb", buffering=0) as file:
            yield file
        return
    target = os.path.realpath(path)
    # Named before it exists: whatever interrupts, there is a name to remove.
    part = os.path.join(os.path.dirname(target), f".tokbox-{secrets.token_hex(8)}.part")
    with _ending_by_exception():
        try:
            with open(part, "xb", buffering=0, opener=opener_0600) as file:
                take_mode(file.fileno(), part, before)
                yield file
            os.replace(part, target)
        except BaseException as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            if isinstance(error, OSError) and error.filename == part:
                # Report the path that the caller passed.
                error.filename = path
                error.filename2 = None
            raise


@contextlib.contextmanager
def open_resumable(path: str, size: int) -> Iterator[BinaryIO]:
    """Open a file that is renamed to *path* when `rename_into_place` is called.

    Until then it is a sidecar of *path*, and stays there. The first *size* bytes of an
    earlier run are kept. FileNotFoundError if they are gone, PermissionError if another
    user may have created that file.
    """
    part = sidecar(path, "part")
    flags = os.O_RDWR | (0 if size else os.O_CREAT)
    with open(open_private(part, flags), "r+b", buffering=0) as file:
        if os.fstat(file.fileno()).st_size < size:
            raise FileNotFoundError(errno.ENOENT, "it is shorter than it was", part)
        file.truncate(size)
        file.seek(size)
        yield file


def rename_into_place(path: str) -> None:
    """Rename the file that `open_resumable` wrote to *path*, if that is not done yet."""
    rename_private(sidecar(path, "part"), path)


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
        # An ignored signal, as with nohup, stays ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
