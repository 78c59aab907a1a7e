"""Test the tokbox that is installed for this interpreter.

    python -m tools.smoke

Run it in a folder with tests and tools, but without the sources. ``tools/distribution.py``
tests each wheel with it.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

#: Tests of each layer that need only tokbox and pytest.
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
