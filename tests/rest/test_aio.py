"""The client for asyncio: it never blocks the loop, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import pickle
import threading
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.rest.resources.test_archives import STARTED
from tests.rest.test_sessions import SESSION, answers
from tests.support import applications
from tests.support.applications import APPLICATION, key_pair, private_pem
from tests.support.faulty import Exchange, FaultyServer, answer
from tests.support.rest import KEY, SECRET, Script
from tokbox import Account, AsyncAccount, AsyncTokbox, Session, Tokbox, errors
from tokbox.rest import aio
from tokbox.rest.resources.base import Resource
from tokbox.rest.session_calls import SessionCalls
from tokbox.tokens.signer import SessionSigner
from tokbox.transport import Request, Response

ID = STARTED["id"]


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(main())


def our_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("tokbox")]


class Gate:
    """A transport that reports each request, and answers when the test allows it."""

    def __init__(self, *responses: Response) -> None:
        self.asked = threading.Semaphore(0)
        self.allowed = threading.Event()
        self.requests: list[Request] = []
        self.most = 0
        self._responses = list(responses) or [answers(STARTED)]
        self._inside = 0
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(request)
            self._inside += 1
            self.most = max(self.most, self._inside)
            last = len(self._responses) == 1
            response = self._responses[0] if last else self._responses.pop(0)
        self.asked.release()
        self.allowed.wait()
        with self._lock:
            self._inside -= 1
        return response

    def close(self) -> None:
        pass

    async def until_asked(self) -> None:
        await asyncio.to_thread(self.asked.acquire)


def test_the_loop_goes_on_while_the_service_is_slow() -> None:
    ticked = threading.Event()

    def slow(exchange: Exchange) -> None:
        # Answers after the loop has turned; if that was blocked, never.
        ticked.wait()
        answer(200, STARTED)(exchange)

    async def main(server: FaultyServer) -> None:
        async with AsyncTokbox(KEY, SECRET, server.url, trust_env=False) as tb:
            call = asyncio.create_task(tb.archives.get(ID))
            while not server.requests:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
                assert not call.done()
            ticked.set()
            assert (await call).id == ID

    with FaultyServer(slow) as server:
        run(lambda: main(server))


def test_a_session_is_made_and_used_in_one_go() -> None:
    script = Script(answers([{"session_id": SESSION}]), answers(STARTED))

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=script) as tb:
            session = await tb.new_session()
            assert isinstance(session, aio.AsyncSession)
            assert tb.session(SESSION) == tb.session(SESSION) == session
            assert hash(tb.session(SESSION)) == hash(session)
            assert str(session) == session.session_id == SESSION
            assert session.to_dict()["session_id"] == SESSION
            assert tb.verify(session.token("moderator")).role == "moderator"
            assert (await session.start_archive(name="a")).id == ID

    run(main)
    assert [each.path for each in script.requests] == [
        "/session/create",
        f"/v2/project/{KEY}/archive",
    ]


@pytest.mark.parametrize("n", [1, 128, 129])
@pytest.mark.parametrize("name", ["tokens", "token_batch", "verify_many", "sign_rows"])
def test_many_tokens_are_signed_and_verified_off_the_loop(
    name: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = SessionSigner if name.startswith("token") else Tokbox
    original = getattr(owner, name)
    seen: list[str] = []

    def spy(*arguments: Any, **options: Any) -> Any:
        seen.append(threading.current_thread().name)
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, spy)

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as tb:
            session = tb.session(SESSION)
            if name == "verify_many":
                found = await tb.verify_many([session.token()] * n)
            elif name == "sign_rows":
                found = await tb.sign_rows([SESSION] * n, expiration=3600)
            else:
                found = await getattr(session, name)(n, expiration=3600)
            assert len(found) == n

    run(main)
    assert len(seen) == 1
    off_the_loop = n > 128 or name == "verify_many"
    assert seen[0].startswith("tokbox" if off_the_loop else "MainThread")


def test_columns_of_unknown_size_are_signed_off_the_loop() -> None:
    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as tb:
            assert len(await tb.sign_rows([SESSION], connection_data=("a",))) == 1
            assert our_threads() == []
            assert len(await tb.sign_rows(SESSION, connection_data=iter("ab"))) == 2  # type: ignore[call-overload]
            assert our_threads() == ["tokbox_0"]

    run(main)


def test_an_application_signs_off_the_loop() -> None:
    async def main() -> None:
        async with AsyncTokbox.from_private_key(APPLICATION, key_pair()) as tb:
            session = tb.session(applications.SESSION)
            assert len(await session.tokens(1)) == 1
            assert our_threads() == ["tokbox_0"]

    run(main)


def test_other_tasks_run_before_every_eighth_small_call() -> None:
    turns = []

    async def sign(session: Any) -> None:
        for _ in range(24):
            await session.tokens(n=2)
            turns.append("sign")

    async def other() -> None:
        for _ in range(4):
            turns.append("other")
            await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as tb:
            await asyncio.gather(sign(tb.session(SESSION)), other())

    run(main)
    assert turns == [*["sign"] * 7, "other"] + [*["sign"] * 8, "other"] * 2 + [
        "sign",
        "other",
    ]


def test_small_batches_are_signed_in_the_loop_between_other_tasks() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, pool_size=1) as tb:
            task = asyncio.create_task(other())
            batches = tb.session(SESSION).iter_batches(80, chunk=2)
            assert [len(batch) async for batch in batches] == [2] * 40
            task.cancel()
            assert our_threads() == []
            batches = tb.session(SESSION).iter_batches(300, chunk=150)
            assert [len(batch) async for batch in batches] == [150] * 2
            assert our_threads() == ["tokbox_0"]

    run(main)
    assert 5 <= turns <= 10


def test_a_closed_client_refuses_small_calls() -> None:
    async def main() -> None:
        tb = AsyncTokbox(KEY, SECRET)
        session = tb.session(SESSION)
        await tb.aclose()
        with pytest.raises(errors.ClosedError):
            await session.tokens(1)

    run(main)


def test_batches_of_tokens_come_one_by_one() -> None:
    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as tb:
            session = tb.session(SESSION)
            sizes = [len(batch) async for batch in session.iter_batches(5, chunk=2)]
            assert sizes == [2, 2, 1]

    run(main)


def test_a_file_of_tokens_is_awaited_and_progress_is_called_in_its_thread(
    tmp_path: Path,
) -> None:
    seen: list[tuple[int, str]] = []

    def progress(done: int) -> None:
        seen.append((done, threading.current_thread().name[:6]))

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as tb:
            session = tb.session(SESSION)
            path = tmp_path / "tokens"
            assert await session.write_tokens(path, 3, progress=progress) == 3
            assert len(path.read_text().splitlines()) == 3

    run(main)
    assert seen == [(3, "tokbox")]


def page(*ids: str, total: int) -> Response:
    return answers({"count": total, "items": [{**STARTED, "id": each} for each in ids]})


def test_iteration_pages_by_itself_and_only_as_far_as_it_goes() -> None:
    script = Script(page("a", "b", total=4), page("c", "d", total=4))

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=script) as tb:
            found = tb.archives.iter(page_size=2)
            assert script.requests == []
            assert (await anext(found)).id == "a"
            assert len(script.requests) == 1
            assert [archive.id async for archive in found] == ["b", "c", "d"]
            with pytest.raises(errors.InvalidInputError):
                tb.archives.iter(page_size=0)

    run(main)
    assert len(script.requests) == 2


def test_the_number_of_concurrent_calls_is_limited() -> None:
    gate = Gate()

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=gate, pool_size=2) as tb:
            calls = [asyncio.create_task(tb.archives.get(ID)) for _ in range(6)]
            await gate.until_asked()
            await gate.until_asked()
            gate.allowed.set()
            await asyncio.gather(*calls)

    run(main)
    assert (len(gate.requests), gate.most) == (6, 2)


def test_a_cancelled_call_whose_turn_has_not_come_is_never_made() -> None:
    gate = Gate()

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=gate, pool_size=1) as tb:
            first = asyncio.create_task(tb.archives.get("first"))
            await gate.until_asked()
            second = asyncio.create_task(tb.archives.get("second"))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            gate.allowed.set()
            assert (await first).id == ID

    run(main)
    assert [each.path[-5:] for each in gate.requests] == ["first"]


def test_a_cancelled_call_under_way_returns_at_once_and_is_not_tried_again() -> None:
    gate = Gate(Response(503, {}, b""))

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=gate, retries=5) as tb:
            call = asyncio.create_task(tb.archives.get(ID))
            await gate.until_asked()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                # The service has not answered yet: nothing but the cancelling ends this.
                await call
            gate.allowed.set()
        assert our_threads() == []

    run(main)
    assert len(gate.requests) == 1


def test_a_call_that_is_awaited_is_tried_again_off_the_loop() -> None:
    script = Script(Response(503, {}, b""), answers(STARTED))

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=script) as tb:
            assert (await tb.archives.get(ID)).id == ID

    run(main)
    assert len(script.requests) == 2


def test_closing_waits_for_calls_under_way_and_refuses_others() -> None:
    gate = Gate()

    async def main() -> None:
        tb = AsyncTokbox(KEY, SECRET, transport=gate)
        call = asyncio.create_task(tb.archives.get(ID))
        await gate.until_asked()
        closing = asyncio.create_task(tb.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        gate.allowed.set()
        await closing
        assert (await call).id == ID
        assert our_threads() == []
        await tb.aclose()
        with pytest.raises(errors.TokboxError, match="closed"):
            await tb.archives.get(ID)

    run(main)


def test_a_client_works_in_one_loop_after_another() -> None:
    tb = AsyncTokbox(KEY, SECRET, transport=Script(answers(STARTED)))
    for _ in range(2):
        assert run(lambda: tb.archives.get(ID)).id == ID
    run(tb.aclose)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_starts_threads_of_its_own() -> None:
    import subprocess
    import sys

    program = f"""
import asyncio, os, tokbox
from tokbox.transport import Response
class Canned:
    def send(self, request): return Response(200, {{}}, b"{{}}")
    def close(self): pass
tb = tokbox.AsyncTokbox("{KEY}", "{SECRET}", transport=Canned())
async def ask(): return (await tb.request("GET", "/x")).status
assert asyncio.run(ask()) == 200
child = os.fork()
if child == 0:
    os._exit(0 if asyncio.run(ask()) == 200 else 1)
assert os.waitpid(child, 0)[1] == 0
asyncio.run(tb.aclose())
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_other_limits_share_the_threads_and_end_with_the_client() -> None:
    script = Script(answers(STARTED))

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=script, pool_size=1) as tb:
            async with tb.with_options(read_timeout=1.5) as brisk:
                await brisk.archives.get(ID)
            assert script.requests[0].read_timeout == 1.5
            await tb.archives.get(ID)
            assert our_threads() == ["tokbox_0"]

    run(main)


def test_the_context_of_the_caller_follows_the_call() -> None:
    name = contextvars.ContextVar("name", default="nobody")
    seen = []

    def look(request: Request) -> Response:
        seen.append(name.get())
        return answers(STARTED)

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET, transport=Script(look)) as tb:
            name.set("Ada")
            await tb.archives.get(ID)

    run(main)
    assert seen == ["Ada"]


def test_an_application_is_reached_in_the_same_way() -> None:
    script = Script(answers(STARTED))

    async def main() -> None:
        async with AsyncTokbox.from_private_key(
            APPLICATION, private_pem(), transport=script
        ) as tb:
            assert tb.project_id == APPLICATION
            assert (await tb.archives.get(ID)).id == ID

    run(main)
    (request,) = script.requests
    assert request.headers["authorization"].startswith("Bearer ")
    assert request.url.startswith("https://video.api.vonage.com/v2/project/3f2b8c10")


def test_an_account_is_reached_in_the_same_way() -> None:
    script = Script(answers([]))

    async def main() -> None:
        async with AsyncAccount("111", SECRET, transport=script) as account:
            assert account.account_key == "111"
            assert len(await account.projects.list()) == 0

    run(main)
    assert script.requests[0].path == "/v2/project"


def test_the_environment_makes_a_client() -> None:
    async def main() -> None:
        environment = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET}
        async with AsyncTokbox.from_env(environment, retries=0) as tb:
            assert tb.project_id == KEY
            assert tb.api_url == "https://api.opentok.com"

    run(main)


def test_nothing_shows_the_secret_and_nothing_is_pickled() -> None:
    tb = AsyncTokbox(KEY, SECRET)
    assert repr(tb) == f"<async Tokbox('{KEY}', api_url='https://api.opentok.com')>"
    assert tb.session(SESSION) == tb.session(SESSION)
    assert tb.session(SESSION) != SESSION
    for each in (tb, tb.archives, tb.session(SESSION)):
        assert SECRET not in repr(each)
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(each)
    with pytest.raises(errors.InvalidInputError) as caught:
        AsyncTokbox(KEY, SECRET, retries=-1)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in report.stack if "rest" + os.sep in frame.filename]
    assert any(frame.filename.endswith("aio.py") for frame in ours)
    assert all(
        SECRET not in str(frame.locals) for frame in ours if "tests" not in frame.filename
    )
    run(tb.aclose)


def nouns() -> list[tuple[type, type, str]]:
    """Return the attributes of clients that are resources, with client and twin."""
    return [
        (client, twin, noun)
        for client, twin in ((Tokbox, AsyncTokbox), (Account, AsyncAccount))
        for noun in dir(client)
        if not noun.startswith("_")
        and isinstance(inspect.getattr_static(client, noun), property)
        and isinstance(getattr(client("1", "s"), noun), Resource)
    ]


def test_there_are_all_resources() -> None:
    assert {noun for _, _, noun in nouns()} >= {
        *[
            "archives",
            "broadcasts",
            "streams",
            "connections",
            "signals",
            "moderation",
            "sip",
            "captions",
        ],
        *["renders", "audio_connectors", "callbacks", "projects"],
    }


@pytest.mark.parametrize(("client", "twin", "noun"), nouns())
def test_every_method_of_every_resource_is_awaited(
    client: type, twin: type, noun: str
) -> None:
    kind = type(getattr(client("1", "s"), noun))
    derived = type(getattr(twin("1", "s"), noun))
    assert derived is getattr(aio, f"Async{kind.__name__}")
    methods = {name for name in dir(kind) if not name.startswith("_")}
    assert methods
    for name in methods:
        method = getattr(derived, name)
        assert parameters(method) == parameters(getattr(kind, name))
        assert inspect.iscoroutinefunction(method) or name == "iter"


def parameters(method: Callable[..., Any]) -> Any:
    return inspect.signature(method).parameters


def test_every_call_of_a_session_is_awaited() -> None:
    for name in vars(SessionCalls):
        if not name.startswith("_") and callable(getattr(SessionCalls, name)):
            assert inspect.iscoroutinefunction(getattr(aio.AsyncSession, name))
    public = {name for name in dir(Session) if not name.startswith("_")}
    assert public - {"generate_token"} <= set(dir(aio.AsyncSession))


@pytest.mark.parametrize(
    ("client", "twin"), [(Tokbox, AsyncTokbox), (Account, AsyncAccount)]
)
def test_every_member_of_a_client_has_an_async_version(client: type, twin: type) -> None:
    public = {name for name in dir(client) if not name.startswith("_")}
    assert {name for name in public if getattr(twin, name, None) is None} == {"close"}


def test_slow_local_methods_of_a_client_are_awaited() -> None:
    public = {name for name in dir(Tokbox) if not name.startswith("_")}
    awaited = {name for name in public if _awaits(getattr(AsyncTokbox, name, None))}
    assert awaited == {"new_session", "request", "sign_rows", "verify_many"}


def _awaits(member: object) -> bool:
    return inspect.iscoroutinefunction(member)
