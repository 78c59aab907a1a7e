"""Ask the tokbox that is installed for this interpreter whether it is whole.

    python -m tools.smoke

To be run where tests and tools are, but not the sources: each wheel is judged by it,
here (``tools/distribution.py``) and wherever wheels are built for other systems.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

#: What needs nothing but tokbox and pytest, and passes through every room of the house.
TESTS = [
    "tests/tooling/test_architecture.py",
    "tests/tokens/test_claims.py",
    "tests/tokens/test_signer.py",
    "tests/rest/http/test_retries.py",
    "tests/contract/test_client.py",
]


def installed() -> Path:
    """Return where tokbox is installed; raises ``SystemExit`` if these are its sources."""
    spec = find_spec("tokbox")
    if spec is None or spec.origin is None:
        raise SystemExit("tokbox is not installed")
    package = Path(spec.origin).parent
    if package.is_relative_to(Path.cwd()) or package.parent.name == "src":
        raise SystemExit(f"{package} is the source tree, not what is installed")
    return package


def main() -> None:
    print(f"tokbox {version('tokbox')} in {installed()}, Python {sys.version}", flush=True)
    for arguments in (
        ["tokbox", "--version"],
        ["tokbox", "demo", "-n", "1000"],
        ["pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS],
    ):
        done = subprocess.run([sys.executable, "-m", *arguments], check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}")


if __name__ == "__main__":
    main()
