"""Waiting for the status of an archive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.rest.resources.test_archives import ID, ROOT, STARTED
from tests.rest.test_sessions import answers
from tests.support.rest import KEY, SECRET, Clock, Script
from tokbox import AsyncTokbox, errors
from tokbox.rest.http.requester import Requester
from tokbox.rest.resources.archives import Archives
from tokbox.transport import Request, Response

Scripted = Callable[..., tuple[Requester, Script]]


def archive(status: str, reason: str = "") -> Response:
    return answers({**STARTED, "status": status, "reason": reason})


@pytest.mark.parametrize(
    ("until", "statuses", "found"),
    [
        ("available", ["started", "paused", "stopped", "available"], "available"),
        ("uploaded", ["stopped", "uploaded"], "uploaded"),
        ("stopped", ["started", "stopped"], "stopped"),
        ("stopped", ["started", "available"], "available"),
        ("stopped", ["uploaded"], "uploaded"),
        ("paused", ["started", "paused"], "paused"),
        ("started", ["paused", "started"], "started"),
        ("available", ["of-a-later-version", "available"], "available"),
    ],
)
def test_an_archive_is_returned_when_it_has_the_status(
    scripted: Scripted, until: str, statuses: list[str], found: str
) -> None:
    requester, script = scripted(*map(archive, statuses))
    waited = Archives(requester).wait(ID, until=until)  # type: ignore[arg-type]
    assert waited.status == found
    assert [each.path for each in script.requests] == [f"{ROOT}/{ID}"] * len(statuses)


@pytest.mark.parametrize(
    ("until", "status", "problem"),
    [
        ("available", "failed", r"it will not become available \(no disk\)"),
        ("available", "deleted", r"it will not become available \(no disk\)"),
        ("available", "expired", "72 hours"),
        ("available", "uploaded", "in the storage target of the project"),
        ("uploaded", "available", r"see archives.download\(\)"),
        ("stopped", "failed", "it will not become stopped"),
        ("started", "stopped", "it will not become started"),
        ("paused", "available", "it will not become paused"),
    ],
)
def test_a_status_that_cannot_come_is_an_error_at_once(
    scripted: Scripted, clock: Clock, until: str, status: str, problem: str
) -> None:
    requester, _ = scripted(archive(status, "no disk"))
    with pytest.raises(errors.ArchiveStatusError, match=problem) as caught:
        Archives(requester).wait(ID, until=until)  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"archive {ID} is {status}: ")
    assert (caught.value.archive_id, caught.value.status) == (ID, status)
    assert clock.sleeps == []


def test_the_requests_become_less_frequent(scripted: Scripted, clock: Clock) -> None:
    requester, _ = scripted(*[archive("stopped")] * 12, archive("available"))
    Archives(requester).wait(ID)
    assert clock.sleeps[:3] == [0.5, 0.75, 1.125]
    assert clock.sleeps == sorted(clock.sleeps)
    assert clock.sleeps[-1] == 10.0


@pytest.mark.parametrize(("timeout", "passed"), [(30, 29.0), (2, 1.8), (600.0, 599.0)])
def test_the_wait_ends_in_time(
    scripted: Scripted, clock: Clock, timeout: float, passed: float
) -> None:
    requester, script = scripted(archive("stopped"))
    start = clock.now
    with pytest.raises(
        errors.RequestTimeoutError,
        match=f"the archive is stopped and not available after {timeout:g} s",
    ):
        Archives(requester).wait(ID, timeout=timeout)
    assert clock.now - start == pytest.approx(passed)
    assert all(each.timeout <= min(timeout, 30) for each in script.requests)
    # The last request is sent when there is still time for the answer.
    assert script.requests[-1].timeout == pytest.approx(timeout - passed)


def test_errors_of_a_request_end_the_wait(scripted: Scripted) -> None:
    requester, _ = scripted(archive("stopped"), Response(404, {}, b""))
    with pytest.raises(errors.NotFoundError):
        Archives(requester).wait(ID)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"until": "deleted"}, "until 'deleted' is not valid: use \"started\""),
        ({"timeout": 0}, "timeout must be"),
    ],
)
def test_bad_arguments_are_refused(
    scripted: Scripted, arguments: dict[str, object], problem: str
) -> None:
    requester, script = scripted(archive("available"))
    with pytest.raises(errors.InvalidInputError, match=problem):
        Archives(requester).wait(ID, **arguments)  # type: ignore[arg-type]
    assert script.requests == []


class Paused:
    """A transport that responds with an archive; the test sets its status."""

    def __init__(self) -> None:
        self.status = "stopped"
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        return archive(self.status)

    def close(self) -> None:
        pass


def test_async_waits_need_no_threads_between_requests() -> None:
    transport = Paused()

    async def main() -> list[str]:
        # One thread, and two waits at the same time beside another call.
        async with AsyncTokbox(KEY, SECRET, transport=transport) as tb:
            tb._executor._threads = 1
            waits = [asyncio.create_task(tb.archives.wait(ID)) for _ in range(2)]
            while len(transport.requests) < 2:
                await asyncio.sleep(0.01)
            assert (await tb.archives.get(ID)).status == "stopped"
            transport.status = "available"
            return [str((await each).status) for each in waits]

    assert asyncio.run(main()) == ["available", "available"]


def test_an_async_wait_can_be_cancelled() -> None:
    transport = Paused()

    async def main() -> int:
        async with AsyncTokbox(KEY, SECRET, transport=transport) as tb:
            task = asyncio.create_task(tb.archives.wait(ID))
            while not transport.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return len(transport.requests)

    sent = asyncio.run(main())
    assert len(transport.requests) == sent


def test_async_arguments_are_checked_too() -> None:
    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as tb:
            with pytest.raises(errors.InvalidInputError, match="until"):
                await tb.archives.wait(ID, until="done")  # type: ignore[arg-type]

    asyncio.run(main())
