"""The steps of the demo. Each is timed; a failed check raises."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tokbox.cli.common.formatting import rate, size, span
from tokbox.errors import TokboxError
from tokbox.rest.sessions import Session

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.archives import Archive

__all__ = ["Step", "Walkthrough", "walk_through"]

#: Tokens in one batch: enough for all threads to have work.
_CHUNK = 65_536
#: The most tokens that are signed with one call each.
_MAX_CALLS = 20_000
#: Seconds to wait for the file of an archive, and between two requests.
_TIMEOUT = 30.0
_INTERVAL = 0.05


class CheckFailed(TokboxError):
    """A step had an unexpected result."""


@dataclass(slots=True)
class Step:
    """A step that was done."""

    what: str
    seconds: float = 0.0
    result: str = ""


@dataclass(slots=True)
class Walkthrough:
    """All steps that were done, in order."""

    session_id: str
    steps: list[Step] = field(default_factory=list)


def walk_through(
    client: Tokbox, url: str, n: int, advance: Callable[[int], None]
) -> Walkthrough:
    """Create a session, sign *n* tokens, join with one, record, fetch.

    *advance* is called with the number of signed tokens. Raises the errors of the client,
    and ``CheckFailed``.
    """
    steps: list[Step] = []

    @contextmanager
    def timed(what: str) -> Iterator[Step]:
        step = Step(what)
        start = time.perf_counter()
        yield step
        step.seconds = time.perf_counter() - start
        steps.append(step)

    with timed("create a session") as step:
        session = client.new_session()
        step.result = session.session_id
    signing, checking, chosen = _sign(session, n, advance)
    steps.extend((signing, checking))
    calls = min(n, _MAX_CALLS)
    with timed(f"sign {calls:,} tokens (token)") as step:
        start = time.perf_counter()
        for _ in range(calls):
            session.token()
        step.result = rate(calls, time.perf_counter() - start)
    with timed("verify one of them") as step:
        step.result = f"role {client.verify(chosen).role}"
    with timed("connect a client with it") as step:
        step.result = f"it publishes stream {_join(url, session.session_id, chosen)}"
    with timed("start an archive") as step:
        archive = session.start_archive(name="tokbox demo")
        _check(archive.status == "started", f"the archive is {archive.status}")
        step.result = archive.id
    time.sleep(1)  # so that the archive has a duration
    with timed("stop it") as step:
        step.result = client.archives.stop(archive.id).status
    with timed("list the archives") as step:
        listed = client.archives.list(session_id=session.session_id)
        _check([each.id for each in listed] == [archive.id], "the archive is not listed")
        step.result = f"{listed.total} of this session"
    with timed("wait until it is available") as step:
        archive = _available(client, archive.id)
        step.result = f"{size(archive.size)}, {span(archive.duration or 0)} long"
    with timed("download its file") as step:
        content = _fetch(archive.url)
        _check(len(content) == archive.size, "the file has another size than the archive")
        step.result = f"{size(len(content))}, SHA-256 {_digest(content)}..."
    return Walkthrough(session.session_id, steps)


def _check(condition: bool, otherwise: str) -> None:
    if not condition:
        raise CheckFailed(otherwise)


def _sign(
    session: Session, n: int, advance: Callable[[int], None]
) -> tuple[Step, Step, str]:
    """Sign *n* tokens, check that they are distinct; return both steps and one token."""
    signing, checking = 0.0, 0.0
    hashes: set[int] = set()
    chosen = ""
    done = 0
    batches = session.iter_batches(n, multithread=True, chunk=_CHUNK)
    while done < n:
        start = time.perf_counter()
        tokens = next(batches).tolist()
        signed = time.perf_counter()
        # Distinct hashes prove distinct tokens, in a tenth of the memory. With a million
        # tokens, a collision of 64-bit hashes is expected once in 30 million runs.
        hashes.update(map(hash, tokens))
        signing += signed - start
        checking += time.perf_counter() - signed
        done += len(tokens)
        chosen = tokens[len(tokens) // 2]
        advance(done)
    _check(done == n, f"{done:,} tokens were signed instead of {n:,}")
    _check(len(hashes) == n, f"only {len(hashes):,} of {n:,} tokens are distinct")
    return (
        Step(f"sign {n:,} tokens (iter_batches)", signing, f"{rate(n, signing)} as str"),
        Step("compare all of them", checking, f"{len(hashes):,} are distinct"),
        chosen,
    )


def _join(url: str, session_id: str, token: str) -> str:
    """Join and publish with a simulated client; return the id of its stream."""
    body = json.dumps({"token": token, "publish": True})
    path = f"/_emulator/session/{session_id}/connection"
    status, content = _ask(url, "POST", path, body)
    answer: Any = json.loads(content)
    _check(status == 201, f"the client was refused: {status}")
    stream_id = answer.get("streamId")
    _check(isinstance(stream_id, str), "the client does not publish")
    return str(stream_id)


def _available(client: Tokbox, archive_id: str) -> Archive:
    end = time.monotonic() + _TIMEOUT
    while True:
        archive = client.archives.get(archive_id)
        if archive.status == "available":
            return archive
        _check(time.monotonic() < end, f"the archive is still {archive.status}")
        time.sleep(_INTERVAL)


def _fetch(url: str) -> bytes:
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    status, content = _ask(url, "GET", path)
    _check(status == 200, f"the file was refused: {status}")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _ask(url: str, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """Ask the emulator, on this machine and past any proxy."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
