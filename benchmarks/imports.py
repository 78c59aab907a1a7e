"""How long a program takes to start that needs tokens.

Each figure is a whole interpreter, started and ended; what the interpreter takes by itself
is measured too, and taken off where packages are compared. Bytecode and the system's file
cache are warm for all of them, from the warm-up round.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable

from .measure import Workload
from .rivals import process

#: Interpreters started for one figure.
STARTS = 3

#: The work comes from the environment: a secret has no place among arguments.
_WORK = "import os; work = lambda name: os.environ['WORK_' + name]\n"

PROGRAMS = {
    "bare interpreter": "",
    "import tokbox": "import tokbox",
    "import opentok": "import opentok",
    "import tokbox, one token": f"{_WORK}import tokbox\n"
    "tb = tokbox.Tokbox(work('API_KEY'), work('SECRET'))\n"
    "tb.session(work('SESSION_ID')).token()",
    "import opentok, one token": f"{_WORK}import opentok\n"
    "ot = opentok.OpenTok(work('API_KEY'), work('SECRET'))\n"
    "ot.generate_token(work('SESSION_ID'), use_jwt=False)",
}


def starter(program: str) -> Callable[[], float]:
    """Return a workload's `run`: start *program* a few times, one after the other."""
    command = [sys.executable, "-I", "-c", program]
    environment = process.environment()

    def run() -> float:
        start = time.perf_counter()
        for _ in range(STARTS):
            subprocess.run(command, env=environment, capture_output=True, check=True)
        return time.perf_counter() - start

    return run


def imports() -> tuple[list[Workload], dict[str, str]]:
    """All programs that can run here, and why the others cannot."""
    found, missing = [], {}
    for name, program in PROGRAMS.items():
        if "opentok" in program and importlib.util.find_spec("opentok") is None:
            missing[name] = "the package opentok is not installed"
        else:
            found.append(Workload(name, STARTS, starter(program), "import"))
    return found, missing
