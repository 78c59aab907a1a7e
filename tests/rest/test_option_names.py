"""An option that does not exist is refused by the name of the call, with the nearest one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

import tokbox
from tests.rest.test_sessions import SESSION
from tests.support.rest import KEY, SECRET, Make
from tokbox import Account, AsyncAccount, AsyncTokbox, Tokbox
from tokbox.rest.session_calls import SessionCalls

ENVIRONMENT = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET}
UUID = "00000000-0000-4000-8000-000000000001"

CALLS: dict[str, Callable[..., Any]] = {
    "Tokbox": lambda **options: Tokbox(KEY, SECRET, **options),
    "Account": lambda **options: Account(KEY, SECRET, **options),
    "AsyncTokbox": lambda **options: AsyncTokbox(KEY, SECRET, **options),
    "AsyncAccount": lambda **options: AsyncAccount(KEY, SECRET, **options),
    "Tokbox.from_env": lambda **options: Tokbox.from_env(ENVIRONMENT, **options),
    "AsyncTokbox.from_env": lambda **options: AsyncTokbox.from_env(ENVIRONMENT, **options),
    "Tokbox.from_private_key": lambda **options: Tokbox.from_private_key(
        UUID, "no key", **options
    ),
    "AsyncTokbox.from_private_key": lambda **options: AsyncTokbox.from_private_key(
        UUID, "no key", **options
    ),
    "Tokbox.with_options": lambda **options: Tokbox(KEY, SECRET).with_options(**options),
    "Account.with_options": lambda **options: Account(KEY, SECRET).with_options(**options),
    "AsyncTokbox.with_options": lambda **options: AsyncTokbox(KEY, SECRET).with_options(
        **options
    ),
    "AsyncAccount.with_options": lambda **options: AsyncAccount(KEY, SECRET).with_options(
        **options
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("timout", "timeout"),
        ("time_out", "timeout"),
        ("deadline", "timeout"),
        ("max_retries", "retries"),
        ("readtimeout", "read_timeout"),
    ],
)
def test_an_unknown_option_names_the_call_and_the_nearest_option(
    call: str, given: str, meant: str
) -> None:
    message = (
        f"{call}() got an unexpected keyword argument {given!r}; did you mean {meant!r}?"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        CALLS[call](**{given: 3})


@pytest.mark.parametrize(
    ("call", "given", "meant"),
    [
        ("Tokbox", "base_url", "api_url"),
        ("Account", "host", "api_url"),
        ("AsyncTokbox", "http_client", "http"),
        ("Tokbox.from_private_key", "pasword", "password"),
        ("AsyncTokbox.from_private_key", "proxies", "proxy"),
    ],
)
def test_names_of_other_libraries_lead_to_the_option(
    call: str, given: str, meant: str
) -> None:
    with pytest.raises(TypeError, match=f"did you mean '{meant}'"):
        CALLS[call](**{given: "https://example.com"})


@pytest.mark.parametrize("name", ["base_url", "pool_size", "zebra"])
def test_without_a_near_name_the_accepted_ones_are_listed(name: str) -> None:
    message = "it accepts read_timeout, retries, timeout"
    with Tokbox(KEY, SECRET) as tb, pytest.raises(TypeError, match=f"{message}$"):
        tb.with_options(**{name: 1})  # type: ignore[arg-type]


SESSION_CALLS = {
    "start_archive": ((), "multi_archive_tag"),
    "start_broadcast": ((), "multi_broadcast_tag"),
    "list_streams": ((), "timeout"),
    "get_stream": (("s",), "timeout"),
    "set_layout_classes": (({"s": []},), "classes"),
    "list_connections": ((), "timeout"),
    "signal": (("hello",), "connection_id"),
    "disconnect": (("c",), "timeout"),
    "mute_stream": (("s",), "stream_id"),
    "mute_all": ((), "excluded_stream_ids"),
    "unmute_all": ((), "timeout"),
    "dial": (("sip:a",), "observe_force_mute"),
    "play_dtmf": (("1",), "connection_id"),
    "start_captions": ((), "language_code"),
    "start_render": (("https://a.example/page",), "status_callback_url"),
    "start_audio_connector": (("wss://a.example",), "token"),
}


def refusal(call: str, option: str) -> str:
    """Return the pattern of the message for *option* with one letter left out."""
    message = f"{call}() got an unexpected keyword argument {option[:-2] + option[-1]!r}; "
    return f"^{re.escape(message)}did you mean {option!r}\\?$"


@pytest.mark.parametrize("name", SESSION_CALLS)
def test_a_call_of_a_session_names_itself_and_the_nearest_option(
    name: str, make: Make
) -> None:
    args, option = SESSION_CALLS[name]
    tb, script = make()
    with pytest.raises(TypeError, match=refusal(f"Session.{name}", option)):
        getattr(tb.session(SESSION), name)(*args, **{option[:-2] + option[-1]: 3})
    assert script.requests == []

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as client:
            call = getattr(client.session(SESSION), name)
            with pytest.raises(TypeError, match=refusal(f"AsyncSession.{name}", option)):
                await call(*args, **{option[:-2] + option[-1]: 3})

    asyncio.run(main())


def test_every_call_of_a_session_is_known_here() -> None:
    known = {name for name in vars(SessionCalls) if not name.startswith("_")}
    assert known == SESSION_CALLS.keys()


@pytest.mark.parametrize(
    ("noun", "option"),
    [
        ("archives", "name"),
        ("archives", "max_bitrate"),
        ("broadcasts", "max_duration"),
        ("broadcasts", "screenshare_type"),
    ],
)
def test_a_start_of_a_resource_names_itself_and_the_nearest_option(
    noun: str, option: str
) -> None:
    wrong, kind = option[:-2] + option[-1], noun.capitalize()
    with Tokbox(KEY, SECRET) as tb:
        start = getattr(tb, noun).start
        with pytest.raises(TypeError, match=refusal(f"{kind}.start", option)):
            start(SESSION, **{wrong: 3})

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as client:
            start = getattr(client, noun).start
            with pytest.raises(TypeError, match=refusal(f"Async{kind}.start", option)):
                await start(SESSION, **{wrong: 3})

    asyncio.run(main())


def test_an_option_that_the_session_gives_is_refused() -> None:
    session = Tokbox(KEY, SECRET).session(SESSION)
    with pytest.raises(TypeError, match=r"'session_id'; it accepts timeout$"):
        session.list_streams(session_id=SESSION)  # type: ignore[call-arg]


def test_a_subclass_is_named_as_it_is_called() -> None:
    class Rooms(Tokbox):
        __slots__ = ()

    with pytest.raises(TypeError, match=r"^Rooms\(\) got an unexpected"):
        Rooms(KEY, SECRET, timout=3)  # type: ignore[call-arg]


def test_the_synchronous_end_of_an_awaited_client_names_the_awaited_one() -> None:
    tb = AsyncTokbox(KEY, SECRET)
    with pytest.raises(AttributeError, match=r"'close': use 'await client\.aclose"):
        tb.close()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="use 'async with'"), tb:  # type: ignore[attr-defined]
        pass
    asyncio.run(tb.aclose())
    assert not hasattr(AsyncAccount, "close")


def test_a_closed_client_or_signer_raises_the_same_class_of_error() -> None:
    async def main() -> None:
        tb = AsyncTokbox(KEY, SECRET)
        session = tb.session(SESSION)
        await tb.aclose()
        with pytest.raises(tokbox.ClosedError, match="client is closed"):
            await tb.new_session()
        with pytest.raises(tokbox.ClosedError, match="signer is closed"):
            session.token()

    asyncio.run(main())
    tb = Tokbox(KEY, SECRET)
    session = tb.session(SESSION)
    tb.close()
    for call in (session.token, tb.new_session, tb.with_options(timeout=3).new_session):
        with pytest.raises(tokbox.ClosedError, match="is closed: create another one"):
            call()
    assert issubclass(tokbox.ClosedError, tokbox.TokboxError)
    assert not issubclass(tokbox.ClosedError, ValueError)
