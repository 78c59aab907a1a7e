"""The checkpoint file of a run, from which another run can resume it: lines of JSON.

The first line has the options of the run. Each of the others has the state of the run, and
is written after all data that it describes is on the disk. A line without a line break at
its end is not complete, and is ignored.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import Any

from tokbox.errors import InvalidInputError
from tokbox.private_files import open_private, sidecar
from tokbox.tokens.batch import write_all

__all__ = ["Checkpoint"]

#: The version of the format of the lines and of their meaning.
_VERSION = 2


class Checkpoint:
    """The checkpoint file of the run that writes *target*; locked while it is open.

    *options* are those of the run, as JSON. Raises InvalidInputError if an earlier run had
    other options, or is still running.
    """

    def __init__(self, target: str, options: dict[str, Any]) -> None:
        self.path: str = sidecar(target, "resume")
        #: The state of the earlier run, or None if there was none.
        self.state: dict[str, Any] | None = None
        descriptor = open_private(self.path, os.O_RDWR | os.O_CREAT)
        self._file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 - closed by close()
        try:
            self._lock()
            self._read(options)
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = True
        else:
            problem = False
        if problem:
            rule = "wait: another run is writing this file"
            raise InvalidInputError("resume", None, rule, show=False)

    def _read(self, options: dict[str, Any]) -> None:
        text = self._file.readall()
        whole = text[: text.rfind(b"\n") + 1]
        lines = _parsed(text, whole)
        if lines is None:
            raise self.refused("have a valid checkpoint, and this one is not")
        if lines:
            self._check(lines, options)
        # Only now is it known to be a checkpoint, of which a line may be incomplete.
        self._file.truncate(len(whole))
        self._file.seek(len(whole))
        if not lines:
            self._append({"version": _VERSION, **options})
            _sync_folder(self.path)
        elif len(lines) > 1:
            self.state = lines[-1]

    def _check(self, lines: list[dict[str, Any]], options: dict[str, Any]) -> None:
        """Raise InvalidInputError unless this run can continue the run of *lines*."""
        before, *states = lines
        if before.get("version") != _VERSION:
            raise self.refused(
                "continue a run of the same version of tokbox, and the checkpoint is from "
                "another one"
            )
        if not all(map(_is_state, states)):
            raise self.refused("have a valid checkpoint, and this one is not")
        differing = [name for name in options if before.get(name) != options[name]]
        if differing:
            rule = f"have the options of the earlier run, which had another {differing[0]}"
            raise self.refused(rule)

    def refused(self, rule: str) -> InvalidInputError:
        """Return the error of a run that cannot be continued, with the way out."""
        rule = f"{rule}; delete {self.path} to start again"
        return InvalidInputError("resume", None, rule, show=False)

    def _append(self, line: dict[str, Any]) -> None:
        write_all(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file.fileno())

    def save(self, state: dict[str, Any]) -> None:
        """Append the state of this run. The data it describes must be on the disk."""
        self._append(state)

    def remove(self) -> None:
        """Remove the file, when the run is complete."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def close(self) -> None:
        """Close the file, so that another run can resume this one."""
        self._file.close()


def _parsed(text: bytes, whole: bytes) -> list[dict[str, Any]] | None:
    """Return the complete lines, parsed, or None if *text* is not a checkpoint."""
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
    except (ValueError, RecursionError):
        return None
    if text[:1] in (b"", b"{") and all(isinstance(line, dict) for line in lines):
        return lines
    return None


def _is_state(line: dict[str, Any]) -> bool:
    """Say whether a line has all values that a run continues from."""
    return isinstance(line.get("consumed"), str) and all(
        type(line.get(name)) is int and line[name] >= 0
        for name in ("file", "before", "rows", "offset", "rejected", "output", "rejects")
    )


def _sync_folder(path: str) -> None:
    """Flush the names in the folder of *path* to the disk."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
