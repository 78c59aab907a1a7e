"""The command line inside the test's own process, and an emulator to ask."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.support import KEY, SECRET, Result
from tokbox.cli import main
from tokbox.emulator import Server, serve


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put credentials, and nothing else of ours, into the environment."""
    for name in [*os.environ]:
        if name.startswith(("TOKBOX_", "OPENTOK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOKBOX_API_KEY", KEY)
    monkeypatch.setenv("TOKBOX_SECRET", SECRET)


@pytest.fixture
def cli(
    credentials: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Result]:
    """Run a command in this process, with *stdin* as its standard input."""

    def run(*args: str, stdin: str = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main(args)
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    with serve(projects={KEY: SECRET}, processing_delay=0) as server:
        yield server


@pytest.fixture
def server(shared_server: Server, monkeypatch: pytest.MonkeyPatch, cli: Any) -> Server:
    """An emulator that the commands of this test ask."""
    monkeypatch.setenv("TOKBOX_API_URL", shared_server.url)
    return shared_server
