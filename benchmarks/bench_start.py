"""The start of programs that need a token.

Each figure is a whole interpreter, started and ended. The time of the interpreter alone is
measured, too, and subtracted where packages are compared. Byte code and the system's file
cache are warm for all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

from . import workloads
from .comparison import Contender, Seconds, Work, at_most, group
from .rivals.python import load

BARE, OPENTOK = "bare interpreter", "import opentok"
TOKEN = """
import os, tokbox
tb = tokbox.Tokbox(os.environ["TOKBOX_API_KEY"], os.environ["TOKBOX_SECRET"])
tb.session(os.environ["WORK_SESSION_ID"]).token()
"""
OPENTOK_TOKEN = """
import os, opentok
ot = opentok.OpenTok(os.environ["TOKBOX_API_KEY"], os.environ["TOKBOX_SECRET"])
ot.generate_token(os.environ["WORK_SESSION_ID"], use_jwt=False)
"""


CLI = "from tokbox.cli import main; main({!r})"
HELP = CLI.format(["--help"])
CLI_TOKEN = CLI.format(["token", workloads.SESSION_ID])


def used() -> float:
    """Return the processor time, in seconds, of child processes that have ended."""
    children = getrusage(RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def program(code: str) -> Callable[[int], Work]:
    """Start n interpreters that run *code*, one after the other.

    Their processor time counts: it varies less than elapsed time on a machine that others
    use, and no program waits for anything.
    """

    def prepare(n: int) -> Work:
        if "opentok" in code:
            load("opentok", "opentok")
        options: Any = {"capture_output": True, "check": True}
        options["env"] = workloads.environment()
        command = [sys.executable, "-I", "-c", code]

        def work() -> Seconds:
            start = used()
            for _ in range(n):
                subprocess.run(command, **options)
            return Seconds(used() - start)

        return work

    return prepare


test_start = group(
    "starts",
    [
        Contender(BARE, program("")),
        Contender(
            "import tokbox",
            program("import tokbox"),
            goals=[at_most(0.5, OPENTOK, less=BARE)],
        ),
        Contender(
            "import tokbox, one token",
            program(TOKEN),
            goals=[at_most(0.15, f"{OPENTOK}, one token", less=BARE)],
        ),
        Contender("tokbox --help", program(HELP), goals=[at_most(3, BARE)]),
        Contender("tokbox token", program(CLI_TOKEN), goals=[at_most(3, BARE)]),
        Contender(OPENTOK, program("import opentok")),
        Contender(f"{OPENTOK}, one token", program(OPENTOK_TOKEN)),
    ],
    n=10,
    unit="start",
    floor=BARE,
    strict=True,
    smoke_n=1,
)
