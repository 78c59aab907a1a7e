"""No public call shows a secret in a traceback that prints locals, however it fails.

The calls are found by introspection, so a new one is tested, too. Its test fails until
the tables below have values for its parameters.
"""

from __future__ import annotations

import asyncio
import enum
import inspect
import io
import itertools
import json
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import pytest

import tokbox
import tokbox.emulator
import tokbox.webhooks
from tests.support.applications import APPLICATION, private_pem, public_pem
from tests.support.batches import KEY, SESSION
from tests.support.rest import SECRET, Script
from tokbox import errors, transport
from tokbox._memory import Memory
from tokbox.integrations import job, ray, spark
from tokbox.rest import aio, session_options
from tokbox.rest.async_base import AsyncClient
from tokbox.rest.http import options
from tokbox.rest.models.base import Record
from tokbox.rest.resources import compositions
from tokbox.secrecy import is_stripped
from tokbox.tokens import row_columns
from tokbox.tokens.session import SessionSigner
from tokbox.transport import Headers, Request, Response

HERE = str(Path(__file__).parent)
MODULES = (
    tokbox,
    tokbox.types,
    tokbox.webhooks,
    tokbox.emulator,
    tokbox.integrations,
    ray,
    spark,
    transport,
    aio,
)
SPECIAL = ("__init__", "__call__")

#: Parameters that are given a secret, or what may hold one.
SECRET_NAMES = frozenset(
    {
        "access_key",
        "account_key",
        "account_secret",
        "accounts",
        "applications",
        "auth",
        "batch",
        "body",
        "certificate",
        "claims",
        "environ",
        "form",
        "headers",
        "json",
        "key",
        "message",
        "more",
        "other_keys",
        "params",
        "password",
        "private_key",
        "projects",
        "proxy",
        "reference",
        "request",
        "rtmp",
        "secret",
        "secret_key",
        "signature",
        "signature_secret",
        "source",
        "static_fields",
        "stream_name",
        "target",
        "token",
        "tokens",
        "webhooks",
        "websocket",
    }
)
#: Calls whose parameter has such a name but is not secret, with the reason.
EXEMPT = {
    "TokenBatch.write": "target is a file",
    "AsyncSession.write_tokens": "target is a file",
    "Announcement.__init__": "it is made of what everybody may see",
    "Clock.__init__": "source is a clock",
    "Session.write_tokens": "target is a file",
    "SessionSigner.write_tokens": "target is a file",
    "Decoded.__init__": "tokens holds claims",
    "Rules.__init__": "rtmp is the name of a rule",
}


class Call(NamedTuple):
    """A public function, and its class if it is a method."""

    name: str
    owner: type | None
    function: Callable[..., Any]


def public_calls() -> Iterator[Call]:
    """Find all public functions, constructors and methods."""
    # Classes of return values.
    found: list[Any] = [SessionSigner, job.BatchSigner]
    for module in MODULES:
        found += [getattr(module, name) for name in module.__all__]
    for each in found:
        if isinstance(each, type):
            if issubclass(each, Exception | enum.Enum) or not is_ours(each):
                continue
            if getattr(each, "_is_protocol", False):
                continue
            for name in dir(each):
                member = inspect.getattr_static(each, name)
                if isinstance(member, classmethod | staticmethod):
                    member = member.__func__
                named = not name.startswith("_") or name in SPECIAL
                if named and inspect.isfunction(member) and is_ours(member):
                    yield Call(f"{each.__name__}.{name}", each, member)
        elif inspect.isfunction(each):
            home = each.__module__.rpartition(".")[2]
            yield Call(f"{home}.{each.__name__}", None, each)


def is_ours(each: Any) -> bool:
    return bool(each.__module__.partition(".")[0] == "tokbox")


#: Each once, although most are reached in several ways.
CALLS = {call.name: call for call in public_calls()}


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function, with those that ``Unpack`` names."""
    found = {}
    for name, each in inspect.signature(function).parameters.items():
        if each.kind is not each.VAR_KEYWORD:
            found[name] = each
        elif str(each.annotation).startswith("Unpack["):
            typed = str(each.annotation)[len("Unpack[") : -1]
            kind = next(
                getattr(module, typed)
                for module in (options, session_options, compositions, row_columns)
                if hasattr(module, typed)
            )
            for option in get_type_hints(kind, localns=HINTS):
                found[option] = inspect.Parameter(option, each.KEYWORD_ONLY, default=None)
    for name in ("self", "cls"):
        found.pop(name, None)
    return found


HINTS = {"Pool": Any, "Transport": Any}


def test_calls_that_are_given_a_secret_strip_tracebacks() -> None:
    given_a_secret = [
        call
        for name, call in CALLS.items()
        if SECRET_NAMES & parameters(call.function).keys()
        and name not in EXEMPT
        # The constructor of a record checks nothing.
        and not (is_record(call.owner) and name.endswith(".__init__"))
    ]
    assert given_a_secret
    assert [c.name for c in given_a_secret if not is_stripped(c.function)] == []


def is_record(owner: object) -> bool:
    return isinstance(owner, type) and issubclass(owner, Record)


# Values of parameters: the first is good, unless nothing is.

TOKEN = tokbox.Signer(KEY, "another0secret").session(SESSION).token()
JWT = tokbox.Signer(KEY, "another0secret").session(SESSION).token(kind="jwt")


@cache
def canaries() -> list[str]:
    lines = private_pem().splitlines()[1:-1]
    return [SECRET, TOKEN, JWT, JWT.rpartition(".")[2], *lines]


class Odd:
    """A value that no parameter accepts."""


def of_text(good: str = SECRET) -> list[Any]:
    """Return secrets that are text, and others that are not."""
    return [
        good,
        SECRET + "\ud800",
        SECRET + "\r\n",
        SECRET.encode(),
        [SECRET],
        {SECRET: SECRET},
        "",
        None,
        Odd(),
    ]


def of_mapping(good: Any) -> list[Any]:
    return [
        good,
        SECRET,
        [SECRET],
        {"x": SECRET + "\ud800"},
        {"X-x": SECRET + "\n"},
        {"X-x": [SECRET]},
        {"X-x": SECRET * 20},
        {5: SECRET},
        Breaking(SECRET),
    ]


class Breaking(Mapping[str, str]):
    """A mapping of a caller's that fails when it is read."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __getitem__(self, name: str) -> str:
        raise RuntimeError("planted")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("planted")

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "<Breaking>"


def secrets(owner: str) -> dict[str, list[Any]]:
    """Return the values of secret parameters, in the calls of *owner*."""
    pem = private_pem()
    broken = pem.replace("\n", "\n*", 4)
    proxy = f"http://me:{SECRET}@127.0.0.1"
    tokens = [TOKEN, JWT, f"T1=={SECRET}", f"eyJ{SECRET}.e30.x", TOKEN[:-9] + "=" * 9]
    found = {
        **dict.fromkeys(SECRET_NAMES, of_text()),
        "account_key": of_text(KEY),
        "token": [*tokens, *of_text()[1:]],
        "tokens": [tokens, iter(tokens), TOKEN, *of_text()[1:], Breaking(SECRET)],
        "key": [pem, broken, pem[:90], SECRET, public_pem(), *of_text()[2:]],
        "password": of_text(),
        "source": [pem, broken, SECRET.encode(), public_pem(), *of_text()[2:]],
        "proxy": [f"{proxy}:1", f"{proxy}:x", f"socks5{proxy}", f"{proxy}:1\ud800"],
        "environ": [
            {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET},
            {"TOKBOX_API_KEY": "x", "TOKBOX_SECRET": SECRET},
            {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET, "TOKBOX_RETRIES": "x"},
            {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET, "TOKBOX_PROXY": f"{proxy}:x"},
            {"TOKBOX_API_KEY": SECRET, "TOKBOX_SECRET": KEY},
            {"TOKBOX_APPLICATION_ID": APPLICATION, "TOKBOX_PRIVATE_KEY": broken},
            {"TOKBOX_APPLICATION_ID": "x", "TOKBOX_PRIVATE_KEY": pem},
            {"TOKBOX_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET},
            *of_mapping({})[1:],
        ],
        "headers": of_mapping({"X-x": SECRET}),
        "form": of_mapping(None),
        "params": of_mapping({"x": SECRET}),
        "json": [{"x": SECRET}, {"x": Odd(), "y": SECRET}, {"x": SECRET + "\ud800"}],
        "static_fields": of_mapping({"x": SECRET}),
        "claims": of_mapping({"x": SECRET}),
        "message": [SECRET.encode(), SECRET, None],
        "auth": [
            tokbox.SipAuth("me", SECRET),
            SECRET,
            ("me", SECRET),
            {"password": SECRET},
        ],
        "rtmp": [
            tokbox.RtmpTarget("rtmp://h/x", SECRET),
            [tokbox.RtmpTarget("rtmp://h/x", SECRET)] * 6,
            SECRET,
            {"stream_name": SECRET},
        ],
        "target": [
            tokbox.S3Storage(access_key=SECRET, secret_key=SECRET, bucket="bucket"),
            SECRET,
            {"secret_key": SECRET},
        ],
        "certificate": [None, pem, SECRET + "\ud800", {"x": SECRET}],
        "websocket": [
            tokbox.WebSocket("wss://h/", headers={"x": SECRET}),
            f"wss://me:{SECRET}@h h/",
            f"x://h/{SECRET}",
            {"headers": SECRET},
        ],
        "body": [
            SECRET.encode(),
            json.dumps({"event": "archive", "password": SECRET}),
            {"event": "archive", "id": SECRET},
            *of_text()[1:],
        ],
        "reference": [f"env:{SECRET}", *of_text()],
        "projects": [{KEY: SECRET}, {SECRET: KEY}, {KEY: SECRET, "x": SECRET}, SECRET],
        "accounts": [{KEY: SECRET}, {SECRET: KEY}, {KEY: SECRET, "x": SECRET}, SECRET],
        "applications": [
            {APPLICATION: public_pem()},
            {APPLICATION: pem},
            {APPLICATION: broken},
        ],
        "webhooks": [
            {KEY: {"signature_secret": SECRET}},
            {KEY: {"signature_secret": SECRET, "x": "y"}},
            {KEY: {"signature_secret": [SECRET]}},
            {KEY: {"signature_secret": SECRET, "archive_status": Odd()}},
        ],
        "request": [REQUEST],
        "batch": [Odd()],
        "signature": [b"x"],
    }
    if owner in ("Receiver", "receiver"):
        token = JWT.encode()
        found["headers"] = [
            {"Authorization": f"Bearer {JWT}"},
            {"Authorization": f"Bearer {SECRET}"},
            {"Authorization": [f"Bearer {JWT}"] * 2},
            [(b"authorization", b"bearer " + token), (b"Authorization", token)],
            {"Authorization": f"Basic {SECRET}"},
            SECRET,
            None,
            Breaking(SECRET),
        ]
    if owner == "SigningJob":
        found["key"] = ["env:A_SECRET", SECRET, f"env:{SECRET} ", Odd()]
    if is_record(getattr(tokbox, owner, getattr(tokbox.webhooks, owner, None))):
        found["source"] = [ANSWER, SECRET, [SECRET], {5: SECRET}, Breaking(SECRET)]
    return found


REQUEST = Request(
    method="GET",
    url="https://h/",
    path="/",
    headers=Headers(x=SECRET),
    body=None,
    timeout=1.0,
    read_timeout=1.0,
    max_body=9,
)

CLIENT = tokbox.emulator.SimulatedClient(session_id=SESSION, connection_id="c")
GOOD: dict[str, Any] = {
    "_call": ("GET", "/"),
    "account_name": "account",
    "algorithm": "HS256",
    "api_key": KEY,
    "application_id": APPLICATION,
    "at": "2026-01-01T00:00:00Z",
    "bucket": "bucket",
    "classes": {"a": ["b"]},
    "client": CLIENT,
    "connection_id": "connection",
    "container": "container",
    "create_time": 1,
    "data": "data",
    "dataset": Odd(),
    "digits": "1",
    "event": "created",
    "expire_time": 2,
    "extra": "ray",
    "failures": {},
    "fault": {"drop": True},
    "frame": Odd(),
    "group": "connection",
    "host": "127.0.0.1",
    "id": "archive",
    "index": 0,
    "is_jwt": False,
    "issued_at": 1,
    "items": (),
    "job": Odd(),
    "job_id": "archive",
    "project_id": KEY,
    "kind": None,
    "layout": "bestFit",
    "max_body": 9,
    "memory": Memory(9),
    "method": "GET",
    "multithread": False,
    "module": "nothing",
    "n": 1,
    "name": "name",
    "names": ["name"],
    "nonce": "1",
    "offset_ms": 1,
    "out": io.StringIO(),
    "package": "ray",
    "path": "/x",
    "number": 1,
    "port": 0,
    "seconds": 1,
    "published": CLIENT,
    "purpose": b"x",
    "recipients": (),
    "read_timeout": 1.0,
    "role": "publisher",
    "row_key": [1],
    "rows": range(1),
    "run_id": "run",
    "screenshare_type": None,
    "sent_ms": 1,
    "session": SESSION,
    "session_or_token": TOKEN,
    "server_url": "rtmp://h/x",
    "session_id": SESSION,
    "status": "ACTIVE",
    "stream_id": "stream",
    "stylesheet": None,
    "tenant": KEY,
    "timeout": 0.1,
    "total": 1,
    "transport": "json",
    "type": "chat",
    "uri": "sip:me@h",
    "url": "https://example.com/page",
    "username": "me",
    "value": 1,
    "webhooks": {"signature_secret": SECRET},
    "workers": 1,
}
#: Proxies of sessions and resources.
ASYNC = [name for name in aio.__all__ if name not in ("AsyncAccount", "AsyncTokbox")]
#: Calls whose arguments are parts of this library, and those that never end.
INTERNAL = {
    *(f"{name}.__init__" for name in ASYNC),
    *(f"{name.removeprefix('Async')}.__init__" for name in ASYNC),
    "BatchSigner.__init__",
    "Server.__init__",
    "SessionSigner.__init__",
}
LENIENT: list[Any] = [Odd(), -1, "", "\ud800", b"x", None, [Odd()]]

# Objects, and the responses of the service.

ANSWER = {
    "id": "a",
    "status": "available",
    "secret": SECRET,
    "password": SECRET,
    "url": f"https://h/{SECRET}",
    "connectionId": "c",
    "new": SECRET,
    "broadcastUrls": {"rtmp": [{"id": "a", "streamName": SECRET}]},
}


def answer(status: int, body: Any) -> Response:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {"set-cookie": SECRET, "x-request-id": "a"}, text)


def refused(request: Request) -> Response:
    raise errors.ConnectError("no connection", method="GET", path="/", attempts=1)


def failing(error: type[BaseException]) -> Callable[[Request], Response]:
    def send(request: Request) -> Response:
        raise error("planted")

    return send


OUTCOMES: dict[str, Any] = {
    "an answer": answer(200, ANSWER),
    "a list": answer(200, {"count": 9, "items": [ANSWER]}),
    "a broken list": answer(200, {"count": 9, "items": [ANSWER, {"secret": SECRET}]}),
    "an array": answer(200, [ANSWER, {"secret": SECRET}]),
    "a session": answer(200, [{"session_id": "x", "secret": SECRET}]),
    "no JSON": answer(200, b'{"secret": "' + SECRET.encode()),
    "a page": answer(200, b"<html>" + SECRET.encode()),
    "a long answer": answer(200, SECRET.encode() * 250_000),
    "status 400": answer(400, {"message": "no", "secret": SECRET}),
    "status 403": answer(403, {"message": "no", "secret": SECRET}),
    "status 404": answer(404, {"message": "no", "secret": SECRET}),
    "status 500": answer(500, {"message": "no", "secret": SECRET}),
    "status 503": answer(503, {"message": "no", "secret": SECRET}),
    "refused": refused,
    "a bug of a transport": failing(RuntimeError),
    "no memory": failing(MemoryError),
    "an interrupt": failing(KeyboardInterrupt),
}


def client(kind: type, outcome: Any) -> Any:
    return kind(KEY, SECRET, retries=0, transport=Script(outcome))


OBJECTS: dict[str, Callable[[], Any]] = {
    "APIResponse": lambda: tokbox.types.APIResponse(
        status=200, headers={}, body=SECRET.encode(), _call=("GET", "/")
    ),
    "AudioTransport": lambda: tokbox.AudioTransport(
        transport="json", encoding="base64", static_fields={"x": SECRET}
    ),
    "AzureStorage": lambda: tokbox.AzureStorage(
        account_name="a", account_key=SECRET, container="c"
    ),
    "BatchSigner": lambda: OBJECTS["SigningJob"]().open(),
    "Clock": lambda: tokbox.emulator.Clock(),
    "Decoded": lambda: tokbox.decode_many([TOKEN]),
    "Announcement": lambda: tokbox.emulator.Announcement(
        url="http://h", projects={}, applications=(), accounts={}
    ),
    "HTTPTransport": lambda: transport.HTTPTransport(trust_env=False),
    "Hls": lambda: tokbox.Hls(),
    "KeyRef": lambda: tokbox.integrations.KeyRef("env:A_SECRET"),
    "Layout": lambda: tokbox.Layout(),
    "Page": lambda: tokbox.types.Page(items=(), total=0),
    "PrivateKey": lambda: tokbox.PrivateKey(private_pem()),
    "PublicKey": lambda: tokbox.PublicKey(public_pem()),
    "Receiver": lambda: tokbox.webhooks.Receiver(SECRET),
    "Rules": lambda: tokbox.emulator.Rules(),
    "RtmpTarget": lambda: tokbox.RtmpTarget("rtmp://h/x", SECRET),
    "S3Storage": lambda: tokbox.S3Storage(
        access_key=SECRET, secret_key=SECRET, bucket="bucket"
    ),
    "Controls": lambda: tokbox.emulator.Controls("http://127.0.0.1:1"),
    "Server": lambda: tokbox.emulator.serve(projects={KEY: SECRET}),
    "SessionSigner": lambda: tokbox.Signer(KEY, SECRET).session(SESSION),
    "Signer": lambda: tokbox.Signer(KEY, SECRET),
    "SigningJob": lambda: job.SigningJob(
        project_id=KEY, key="env:A_SECRET", session_id=job.col("session")
    ),
    "SipAuth": lambda: tokbox.SipAuth("me", SECRET),
    "StatusEvent": lambda: tokbox.webhooks.ArchiveChanged.from_json(ANSWER),
    "TokenBatch": lambda: SessionSigner(
        SESSION, _backend=tokbox.Signer(KEY, SECRET)._backend
    ).token_batch(3),
    "TranscriptionProperties": lambda: tokbox.TranscriptionProperties(),
    "Verification": lambda: tokbox.Signer(KEY, SECRET).verify_many([TOKEN]),
    "WebSocket": lambda: tokbox.WebSocket("wss://h/", headers={"x": SECRET}),
}


def instance(owner: type, outcome: Any) -> tuple[Any, Any]:
    """Return an object of a class, and the client that it belongs to."""
    name = owner.__name__
    if name in OBJECTS:
        return OBJECTS[name](), None
    made: Any
    if issubclass(owner, Record):
        made = owner.from_json(ANSWER)
        return made, None
    account = name.endswith(("Account", "Projects"))
    if name.startswith("Async"):
        kind: type = tokbox.AsyncAccount if account else tokbox.AsyncTokbox
    else:
        kind = tokbox.Account if account else tokbox.Tokbox
    made = client(kind, outcome)
    if owner is kind:
        return made, made
    if name.endswith("Session"):
        return made.session(SESSION), made
    for noun in dir(kind):
        if not noun.startswith("_") and isinstance(
            found := getattr(made, noun, None), owner
        ):
            return found, made
    raise AssertionError(f"say in OBJECTS how to make a {name}")


# How it is called.


def arguments(
    known: dict[str, inspect.Parameter], given: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Sort arguments by how they are passed."""
    args: list[Any] = []
    for name, each in known.items():
        if name in given and each.kind in (each.POSITIONAL_ONLY, each.VAR_POSITIONAL):
            args.append(given[name])
    keywords = {
        name: value
        for name, value in given.items()
        if name not in known
        or known[name].kind
        in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    }
    return args, keywords


def settle(result: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Wait for a result, and take the items of an iterator."""
    if inspect.isawaitable(result):
        result = loop.run_until_complete(wait(result))
    if isinstance(result, AsyncIterator):
        loop.run_until_complete(collect(result))
    elif isinstance(result, Iterator):
        list(itertools.islice(result, 5))
    elif isinstance(result, tokbox.emulator.Server):
        result.stop()


async def wait(result: Any) -> Any:
    return await result


async def collect(items: AsyncIterator[Any]) -> None:
    async for _ in items:
        break


def error_of(
    call: Callable[[], Any], loop: asyncio.AbstractEventLoop
) -> BaseException | None:
    """Return what a call raises, if anything."""
    try:
        settle(call(), loop)
    except BaseException as error:
        return error
    return None


def shown(error: BaseException) -> str:
    """Return all that a reporter could show of an error, without the test's own frames."""
    texts: list[str] = []
    seen: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        each = queue.pop()
        if each is None or any(each is other for other in seen):
            continue
        seen.append(each)
        queue += each.__cause__, each.__context__
        places = [
            (frame, line)
            for frame, line in traceback.walk_tb(each.__traceback__)
            if not frame.f_code.co_filename.startswith(HERE)
        ]
        stack = traceback.StackSummary.extract(iter(places), capture_locals=True)
        texts += stack.format()
        texts += traceback.format_exception_only(type(each), each)
        attributes = ("obj", "object", "doc", "name", "__notes__", "filename")
        texts += [repr(getattr(each, name, None)) for name in attributes]
        texts += [repr(each.args), repr(vars(each))]
    return "".join(texts)


def check(name: str, error: BaseException | None, what: str) -> None:
    if error is None:
        return
    text = shown(error)
    found = [line for line in text.splitlines() if any(c in line for c in canaries())]
    # The lines that hold it would be seen in the report of the test.
    assert not found, f"{name} shows a secret if given {what}: {type(error).__name__}"


def masked(value: Any) -> str:
    text = repr(value)
    for canary in canaries():
        text = text.replace(canary, "CANARY")
    return text[:60]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in CALLS if name not in INTERNAL])
def test_a_call_that_fails_shows_no_secret(
    name: str,
    loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A_SECRET", SECRET)
    call = CALLS[name]
    owner, _, own = name.rpartition(".")
    known = parameters(call.function)
    hidden = secrets(owner)
    if name in EXEMPT:
        hidden["target"] = [io.BytesIO(), None]
        hidden["tokens"] = [[]]
    base = {}
    for each, parameter in known.items():
        required = parameter.default is parameter.empty
        if each in SECRET_NAMES and parameter.kind is not parameter.VAR_POSITIONAL:
            base[each] = hidden[each][0]
        elif required and parameter.kind is not parameter.VAR_POSITIONAL:
            assert each in GOOD, f"say in GOOD what {name}({each}=) may be"
            base[each] = GOOD[each]
    for part, alone in NOT_TOGETHER.items():
        if part in name:
            base.pop(alone, None)
    # Optional arguments without which the call cannot be sent, or does not return.
    base |= ALSO_NEEDED.get(own, {})

    def attempt(what: str, given: dict[str, Any], outcome: Any) -> BaseException | None:
        bound = call.function
        holder: Any = None
        target: Any = None
        if call.owner is None:
            target = bound
        elif own == "__init__":
            target = call.owner
        elif isinstance(inspect.getattr_static(call.owner, own), classmethod):
            target = getattr(call.owner, own)
        else:
            made, holder = instance(call.owner, outcome)
            target = getattr(made, own) if own != "__call__" else made
            if isinstance(made, tokbox.emulator.Server):
                holder = made
        args, keywords = arguments(known, given)
        error = error_of(lambda: target(*args, **keywords), loop)
        check(name, error, what)
        if isinstance(holder, AsyncClient):
            loop.run_until_complete(holder.aclose())
        elif isinstance(holder, tokbox.emulator.Server):
            holder.stop()
        return error

    secret = SECRET if SECRET_NAMES & known.keys() and name not in EXEMPT else None
    misspelt = attempt("a misspelt option", {**base, "misspelt": secret}, refused)
    assert isinstance(misspelt, TypeError) or own in TAKE_ANYTHING
    for each in known:
        values = hidden[each] if each in SECRET_NAMES else LENIENT
        for value in values:
            attempt(f"{each}={masked(value)}", {**base, each: value}, OUTCOMES["an answer"])
    if call.owner is not None and own != "__init__":
        for what, outcome in OUTCOMES.items():
            # An interrupt of a worker thread would end the loop.
            if not (what == "an interrupt" and name.startswith("Async")):
                error = attempt(what, base, outcome)
                if what == "refused" and "timeout" in known and own not in NOT_SENT:
                    # It came as far as that.
                    assert isinstance(error, errors.ConnectError)


ALSO_NEEDED: dict[str, dict[str, Any]] = {
    "run": {"port": -1},
    "set_layout": {"layout": "bestFit"},
}
#: Parameters that do not go together with all others.
NOT_TOGETHER = {"from_private_key": "password", "PrivateKey": "password"}
#: Calls with an option timeout that send nothing.
NOT_SENT = ("drain_webhooks", "from_env", "from_private_key", "from_token", "with_options")
#: Calls that take any option.
TAKE_ANYTHING = ("sign",)


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt, MemoryError, ValueError])
@pytest.mark.parametrize("proxy", [None, f"http://me:{SECRET}@127.0.0.1:1"], ids=bool)
def test_a_connection_that_fails_shows_no_secret(
    kind: type[BaseException],
    proxy: str | None,
    loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def connect(self: socket.socket, address: object) -> None:
        raise kind("planted")

    monkeypatch.setattr(socket.socket, "connect", connect)
    url = "https://api.example.test" if proxy else "http://127.0.0.1:1"
    with tokbox.Tokbox(KEY, SECRET, url, proxy=proxy, retries=0) as tb:
        error = error_of(
            lambda: tb.sip.dial(
                SESSION, "sip:me@h", token=TOKEN, auth=tokbox.SipAuth("me", SECRET)
            ),
            loop,
        )
    assert isinstance(error, errors.ConnectError if kind is OSError else kind)
    check("dial", error, "no connection")


def test_the_search_finds_a_secret_in_locals() -> None:
    def fail(secret: str) -> None:
        json.loads(secret)

    with pytest.raises(ValueError, match="Expecting") as caught:
        fail(SECRET)
    with pytest.raises(AssertionError, match="shows a secret"):
        check("fail", caught.value, "a secret")
