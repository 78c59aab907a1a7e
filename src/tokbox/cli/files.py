"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import stat
import threading
from collections.abc import Iterator
from types import FrameType
from typing import BinaryIO, NoReturn

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of *path* when the block ends well.

    Until then it has another name beside it, and if the block does not end well it is
    removed, also when the process is told to end. Its owner alone may read a new file,
    since a token lets in whoever has it; a file that is replaced hands on its mode.
    What is no regular file (a device, a pipe) is written to directly.
    """
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb", buffering=0) as file:
            yield file
        return
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
