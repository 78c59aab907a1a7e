"""Run programs in forks of one process that has imported tokbox's commands.

Starting Python and importing the packages of a command takes most of the time of a test that
kills many short runs.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.support.canaries import found
from tests.support.cli import environment

__all__ = ["forks", "run_forked"]

#: Reads a program and its arguments from each line, runs it in a fork with an empty standard
#: input, and writes the return code (minus the signal that killed it) and what it printed.
_SERVER = """
import json, os, pkgutil, sys, tempfile, traceback
import pyarrow.parquet
import tokbox.cli.signing.command
import tokbox.cli.tables

for package in (tokbox.cli.signing, tokbox.cli.tables):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        __import__(module.name)

for line in sys.stdin:
    program, sys.argv[1:], environment = json.loads(line)
    with tempfile.TemporaryFile() as output:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                sys.stdin = open(0)
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                os.environ.clear()
                os.environ.update(environment)
                exec(program, {"__name__": "__main__"})
                code = 0
            except SystemExit as end:
                code = end.code
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        output.seek(0)
        printed = output.read().decode(errors="replace")
    print(json.dumps([code, printed]), flush=True)
"""


_processes: list[subprocess.Popen[str]] = []


@contextlib.contextmanager
def forks() -> Iterator[None]:
    """Start the process, which ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    ) as process:
        _processes.append(process)
        yield
        _processes.remove(process)


def run_forked(program: str, args: Sequence[str]) -> tuple[int, str]:
    """Run Python source inside `forks()`; return its exit code and all that it printed.

    The code is minus the number of the signal, if one killed the program.
    """
    (process,) = _processes
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([program, args, environment()]) + "\n")
    process.stdin.flush()
    code, printed = json.loads(process.stdout.readline())
    assert not found(printed), "the program printed a secret"
    return code, printed
