"""Public calls take ids and their subject by position, and all other arguments by name."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import pytest

import tokbox
from tokbox import types

MODULES = (
    "tokbox",
    "tokbox.emulator",
    "tokbox.integrations",
    "tokbox.integrations.ray",
    "tokbox.integrations.spark",
    "tokbox.transport",
    "tokbox.types",
    "tokbox.webhooks",
)

#: The positional parameters that are not ids, by the name of the method, function or class.
ALLOWED = {
    # The order of the seed.
    "new_session": "location media_mode archive_mode",
    "token": "role connection_data expiration",
    "tokens": "n multithread role connection_data expiration",
    # Credentials and addresses.
    "Account": "account_key account_secret api_url",
    "AsyncAccount": "account_key account_secret api_url",
    "AsyncTokbox": "api_key secret api_url",
    "KeyRef": "reference",
    "PrivateKey": "source",
    "PublicKey": "source",
    "Receiver": "signature_secret more",
    "Signer": "api_key secret",
    "SipAuth": "username password",
    "Tokbox": "api_key secret api_url",
    "from_env": "environ",
    "from_private_key": "key api_url",
    "from_token": "token api_url",
    # The subject of a call.
    "Clock": "source",
    "ColumnName": "name",
    "Hls": "dvr low_latency",
    "Layout": "type",
    "Response": "status headers body",
    "RtmpTarget": "server_url stream_name",
    "WebSocket": "uri",
    "Controls": "url",
    "advance": "seconds",
    "check_schema": "names",
    "col": "name",
    "connect": "session_or_token url",
    "create": "name group event url",
    "decode": "token",
    "decode_many": "tokens",
    "dial": "uri",
    "disconnect": "client",
    "download": "path",
    "fail_job": "session",
    "fail_next": "fault",
    "fail_session": "session",
    "fail_uploads": "tenant",
    "fixed": "at",
    "from_json": "source",
    "iter_batches": "n",
    "parse": "body",
    "play_dtmf": "digits",
    "publish": "client",
    "receive": "headers body",
    "request": "method path",
    "rotate_session": "session",
    "send": "data request",
    "set_layout": "layout",
    "set_layout_classes": "classes",
    "set_offset": "offset_ms",
    "set_status": "status",
    "set_storage": "target",
    "sign": "dataset frame job",
    "signal": "data",
    "start": "url websocket",
    "start_audio_connector": "websocket",
    "start_render": "url",
    "token_batch": "n",
    "verify": "token headers body",
    "verify_many": "tokens",
    "write": "target",
    "write_tokens": "target n",
    # Of the emulator.
    "set_webhooks": "webhooks",
    "signals": "session",
    "unpublish": "published",
}
#: Classes that only the library makes, with other parameters.
NOT_MADE_BY_CALLERS = ("BatchSigner", "Session")
#: Methods of ``collections.abc.Sequence``.
SEQUENCE = ("count", "index")


def public() -> dict[str, Any]:
    """Return the public classes and functions by their names; protocols are left out."""
    found: dict[str, Any] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        found |= {f"{name}.{each}": getattr(module, each) for each in module.__all__}
    return {
        name: value
        for name, value in found.items()
        if inspect.isfunction(value)
        or (
            inspect.isclass(value)
            and not issubclass(value, BaseException | Enum | dict)
            and not getattr(value, "_is_protocol", False)
        )
    }


def calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield public functions, methods, and constructors that callers use."""
    for name, value in public().items():
        if not inspect.isclass(value):
            yield name, value
            continue
        is_resource = name.startswith("tokbox.types.")
        if value.__name__ not in NOT_MADE_BY_CALLERS and (
            dataclasses.is_dataclass(value) or not is_resource
        ):
            yield name, value
        for member in dir(value):
            call = getattr(value, member, None)
            if not member.startswith("_") and inspect.isroutine(call):
                yield f"{name}.{member}", call


CALLS = dict(calls())


def positional(call: Callable[..., Any]) -> list[str]:
    """Return the names of positional parameters, without ``self``."""
    return [
        each.name
        for each in inspect.signature(call).parameters.values()
        if each.kind not in (each.KEYWORD_ONLY, each.VAR_KEYWORD) and each.name != "self"
    ]


def keywords(call: Callable[..., Any]) -> set[str]:
    parameters = inspect.signature(call).parameters.values()
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}


def test_new_parameters_are_keyword_only() -> None:
    found = {}
    for path, call in CALLS.items():
        name = path.rpartition(".")[2]
        if name not in SEQUENCE:
            allowed = {"id", *ALLOWED.get(name, "").split()}
            found[path] = [
                each
                for each in positional(call)
                if each not in allowed and not each.endswith("_id")
            ]
    assert found
    assert {path: names for path, names in found.items() if names} == {}


def test_the_allowed_names_exist() -> None:
    assert ALLOWED.keys() <= {call.rpartition(".")[2] for call in CALLS}


def test_the_order_of_the_seed_stays_positional() -> None:
    for kind in (tokbox.Session, types.AsyncSession, types.SessionSigner):
        assert positional(kind.token) == ALLOWED["token"].split()
        assert positional(kind.tokens) == ALLOWED["tokens"].split()
    for kind in (tokbox.Tokbox, tokbox.AsyncTokbox):
        assert positional(kind.new_session) == ALLOWED["new_session"].split()


LISTS = [call.removesuffix(".list") for call in CALLS if call.endswith(".list")]


@pytest.mark.parametrize("kind", LISTS)
def test_list_and_iter_take_the_same_but_for_the_choice_of_a_page(kind: str) -> None:
    one, every = CALLS[f"{kind}.list"], CALLS[f"{kind}.iter"]
    assert positional(one) == positional(every)
    paging = {"offset", "count"} if "count" in keywords(one) else set()
    assert keywords(one) - paging == keywords(every) - {"page_size"}
    assert bool(paging) == ("page_size" in keywords(every))


def test_archives_are_listed_and_iterated_by_their_session() -> None:
    for kind in (types.Archives, types.Broadcasts):
        assert positional(kind.list) == positional(kind.iter) == ["session_id"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (tokbox.SipAuth, ["username", "password"]),
        (tokbox.RtmpTarget, ["server_url", "stream_name", "id"]),
        (tokbox.Hls, ["dvr", "low_latency"]),
        (tokbox.WebSocket, ["uri"]),
        (tokbox.Layout, ["type"]),
        (tokbox.S3Storage, []),
        (tokbox.AzureStorage, []),
        (tokbox.AudioTransport, []),
        (tokbox.TranscriptionProperties, []),
        (tokbox.Derived, []),
        (tokbox.Token, []),
        (types.Page, []),
        (types.APIResponse, []),
    ],
)
def test_dataclasses_take_their_subject_by_position(kind: type, names: list[str]) -> None:
    assert positional(kind) == names
