"""The start of programs that need a token.

Each figure is a whole interpreter, started and ended. The time of the interpreter alone is
measured, too, and subtracted where packages are compared. Byte code and the system's file
cache are warm for all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from . import workloads
from .comparison import Contender, Work, at_most, group, repeat
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


def program(code: str) -> Callable[[int], Work]:
    """Start n interpreters that run *code*, one after the other."""

    def prepare(n: int) -> Work:
        if "opentok" in code:
            load("opentok", "opentok")
        options: Any = {"capture_output": True, "check": True}
        options["env"] = workloads.environment()
        command = [sys.executable, "-I", "-c", code]
        return repeat(partial(subprocess.run, command, **options), n)

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
            goals=[at_most(None, f"{OPENTOK}, one token", less=BARE)],
        ),
        Contender(OPENTOK, program("import opentok")),
        Contender(f"{OPENTOK}, one token", program(OPENTOK_TOKEN)),
    ],
    n=3,
    unit="start",
    floor=BARE,
    smoke_n=1,
)
