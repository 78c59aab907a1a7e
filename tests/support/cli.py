"""Running the command line the way people and scripts do."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tokbox

KEY = "12345678"
#: Looked for wherever it must not be.
SECRET = "canary0secret0canary0secret0canary0secret"
#: A session of that key, and one of another.
SESSION = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg"
OTHER_SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"

COMMAND = [sys.executable, "-m", "tokbox"]

#: Variables that commands get as they are. By the last, coverage measures them as well.
_KEPT = ("PATH", "TMPDIR", "COVERAGE_PROCESS_CONFIG")


@dataclass(frozen=True)
class Result:
    """The result of a command."""

    code: int
    out: str
    err: str


def environment(**extra: str) -> dict[str, str]:
    """An environment with credentials, without the variables of the developer."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Not by working directory: a test may run anywhere.
    source = str(Path(tokbox.__file__).parents[1])
    return {
        **kept,
        "PYTHONPATH": source,
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TOKBOX_API_KEY": KEY,
        "TOKBOX_SECRET": SECRET,
        **extra,
    }


def run(
    args: Sequence[str], stdin: str | None = None, env: dict[str, str] | None = None
) -> Result:
    """Run a command with pipes at its ends."""
    done = subprocess.run(
        [*COMMAND, *args],
        input=stdin or "",
        capture_output=True,
        encoding="utf-8",
        env=environment() if env is None else env,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def run_code(code: str, env: dict[str, str] | None = None) -> Result:
    """Run Python source in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env=environment() if env is None else env,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def run_on_terminal(
    args: Sequence[str],
    env: dict[str, str] | None = None,
    columns: int = 100,
    answer: tuple[str, str] | None = None,
    until: str | None = None,
) -> Result:
    """Run a command whose three ends are one terminal; all that it shows is in ``out``.

    *answer* is a prompt to wait for and what is typed then. When *until* is shown, the
    command is interrupted.
    """
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(
            [*COMMAND, *args],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment() if env is None else env,
            # Otherwise the prompt would use the developer's terminal.
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    shown = b""
    try:
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError as error:  # Linux reports the closed other end as EIO
                if error.errno != errno.EIO:
                    raise
                break
            if not piece:
                break
            shown += piece
            if answer is not None and answer[0].encode() in shown:
                os.write(ours, answer[1].encode())
                answer = None
            if until is not None and until.encode() in shown:
                process.send_signal(signal.SIGINT)
                until = None
        return Result(process.wait(), shown.decode(), "")
    finally:
        os.close(ours)
        process.kill()
        process.wait()
