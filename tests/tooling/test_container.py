"""Dockerfile and compose.yaml name what exists: files, extras, options, a path and a port.

Their commands run here without a container, on a free port.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tokbox.emulator.model.hosts import DEFAULT_PORT

ROOT = Path(__file__).parents[2]
if not (ROOT / "Dockerfile").exists():
    pytest.skip("there is no Dockerfile here", allow_module_level=True)
#: Each instruction on one line.
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")


def arguments(instruction: str) -> list[str]:
    """Return the arguments of an instruction that is written as a JSON list."""
    (found,) = re.findall(rf"^{instruction}[^\[]*(\[.*\])$", DOCKERFILE, re.MULTILINE)
    listed: list[str] = json.loads(found)
    return listed


def test_the_image_contains_what_the_build_needs_and_nothing_else() -> None:
    copied = set(" ".join(re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE)).split())
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_installs_extras_that_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = re.findall(r"\[([a-z,]+)\]'", DOCKERFILE)
    assert len(set(installed)) == 1
    assert set(installed[0].split(",")) <= set(project["optional-dependencies"])


def test_the_health_check_succeeds_while_the_emulator_runs_and_fails_afterwards() -> None:
    program, *options = arguments("ENTRYPOINT")
    assert program == "tokbox"
    port = DEFAULT_PORT
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f'"127.0.0.1:{port}:{port}"' in (ROOT / "compose.yaml").read_text()

    emulator = subprocess.Popen(
        [sys.executable, "-m", "tokbox", *options, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with emulator:
        assert emulator.stdout is not None
        (free,) = re.findall(r":(\d+)", emulator.stdout.readline())
        check = [
            sys.executable if part == "python" else part.replace(f":{port}/", f":{free}/")
            for part in arguments("HEALTHCHECK")
        ]
        healthy = subprocess.run(check, capture_output=True, check=False)
        emulator.terminate()
        emulator.stdout.read()
    assert healthy.returncode == 0, healthy.stderr
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0
