"""The command line inside the test's own process, and an emulator to ask."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.cli import KEY, SECRET, Result
from tests.support.rest import Script
from tokbox import Tokbox
from tokbox.cli import main
from tokbox.emulator import Server, serve
from tokbox.transport import Response


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials in the environment, and remove all other variables of tokbox."""
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
        data = io.BytesIO(stdin.encode(errors="surrogatepass"))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data, "utf-8", "surrogatepass"))
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


@pytest.fixture
def play(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Script]:
    """Answer commands from a script: JSON bodies, or whole responses."""

    def play(*outcomes: object) -> Script:
        answers = [
            each
            if isinstance(each, Response)
            else Response(
                200, {"content-type": "application/json"}, json.dumps(each).encode()
            )
            for each in outcomes or [Response(204, {}, b"")]
        ]
        script = Script(*answers)
        monkeypatch.setattr(
            "tokbox.cli.common.params.make_client",
            lambda *options: Tokbox(KEY, SECRET, transport=script),
        )
        return script

    return play
