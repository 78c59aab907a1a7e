"""The file of a download that is not complete."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from typing import BinaryIO

from tokbox.private_files import open_private, rename_private, sidecar

__all__ = ["PartialFile"]


class PartialFile:
    """A hidden file beside the target, which is renamed when it is complete.

    It stays there after an error, so that a later download of the same content continues
    it. *identity* names the content. Raises ``BlockingIOError`` if another download writes
    to the same file.
    """

    def __init__(self, target: str, identity: str) -> None:
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._target = target
        self._path = sidecar(target, f"{digest}.part")
        self._file = self._open()
        #: The number of bytes that were written, also by earlier downloads.
        self.size: int = self._file.seek(0, os.SEEK_END)

    def write(self, content: bytes) -> None:
        """Append *content*."""
        self._file.write(content)
        self.size += len(content)

    def truncate(self) -> None:
        """Remove the content."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def close(self) -> None:
        """Close the file, and keep it."""
        self._file.close()

    def discard(self) -> None:
        """Close and delete the file."""
        self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def rename(self) -> None:
        """Close the file, and rename it to the target."""
        self.close()
        rename_private(self._path, self._target)

    def _open(self) -> BinaryIO:
        while True:
            descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
            file = os.fdopen(descriptor, "r+b")
            try:
                self._lock(descriptor)
                # The download that had the lock before may have renamed the file.
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                        return file
            except BaseException:
                file.close()
                raise
            file.close()

    def _lock(self, descriptor: int) -> None:
        """Lock the file until it is closed. Windows has no such locks."""
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                problem = "another download writes to this file"
                raise BlockingIOError(errno.EWOULDBLOCK, problem, self._target) from None
