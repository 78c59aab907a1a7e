"""The official SDKs for Node, each in its own process: ``opentok_node.mjs``, ``vonage_node.mjs``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rivals import Unavailable, programs


class SdkError(Exception):
    """An error that the SDK raised or passed to a callback."""

    def __init__(self, kind: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.status = status


@dataclass(frozen=True)
class Node:
    """The process: one request a line, one answer a line."""

    process: subprocess.Popen[str]

    def ask(
        self, of: str, method: str, *args: object, credentials: tuple[str, ...] = ()
    ) -> Any:
        """Carry out one method and return what it found. Raises :class:`SdkError`."""
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        request = {"of": of, "credentials": credentials, "method": method, "args": args}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "the SDK ended its process"
        answer = json.loads(line)
        if "message" in answer:
            raise SdkError(answer["kind"], answer["message"], answer.get("status"))
        return answer.get("found")


@contextmanager
def running(script: str) -> Iterator[Node]:
    """Install the SDKs and run *script*, until its input ends with the block.

    Raises :class:`Unavailable` where Node.js, or the SDK, cannot be had.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("Node.js and npm are not installed")
    with subprocess.Popen(
        # The SDKs use deprecated functions of Node.
        [node, "--no-deprecation", str(Path(__file__).with_name(script))],
        cwd=programs.install(npm),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Node(process)


def node_process(script: str) -> Iterator[Node]:
    """Run *script* for a fixture. Without Node the test is skipped, or fails in CI."""
    with ExitStack() as stack:
        try:
            process = stack.enter_context(running(script))
        except Unavailable as error:
            reason = f"The official Node SDK is not tested: {error}."
            if "node" in os.environ.get("TOKBOX_REQUIRE", "").split(","):
                pytest.fail(reason)
            pytest.skip(reason)
        yield process


@dataclass(frozen=True)
class Sdk:
    """An instance of the SDK. The form of its credentials decides whom it talks to."""

    node: Node
    key: str
    secret: str = field(repr=False)
    url: str

    def all(self, method: str, *args: object) -> list[Any]:
        """Call a method that calls back, and return everything that it calls back with."""
        credentials = (self.key, self.secret, self.url)
        found: list[Any] = self.node.ask("calls", method, *args, credentials=credentials)
        return found

    def __call__(self, method: str, *args: object) -> Any:
        """Call a method that calls back, and return the first of what it found."""
        found = self.all(method, *args)
        return found[0] if found else None

    def token(self, session_id: str, *args: object) -> str:
        """Make a token, which needs no call."""
        credentials = (self.key, self.secret, self.url)
        made: str = self.node.ask(
            "returns", "generateToken", session_id, *args, credentials=credentials
        )
        return made
