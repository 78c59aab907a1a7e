"""Moderation: disconnect clients, mute streams, and keep the secret hidden."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION
from tests.support.rest import KEY, Make, sent
from tokbox import errors
from tokbox.transport import Response

ROOT = f"/v2/project/{KEY}/session/{SESSION}"
DETAILS = {"id": KEY, "secret": "canary", "status": "ACTIVE", "name": "Demo"}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda m: m.disconnect(SESSION, "c"),
            ("DELETE", f"{ROOT}/connection/c", None),
        ),
        (
            lambda m: m.mute_stream(SESSION, "s"),
            ("POST", f"{ROOT}/stream/s/mute", None),
        ),
        (
            lambda m: m.mute_all(SESSION),
            ("POST", f"{ROOT}/mute", {"active": True, "excludedStreamIds": []}),
        ),
        (
            lambda m: m.mute_all(SESSION, excluded_stream_ids=("a", "b")),
            ("POST", f"{ROOT}/mute", {"active": True, "excludedStreamIds": ["a", "b"]}),
        ),
        (
            lambda m: m.unmute_all(SESSION),
            ("POST", f"{ROOT}/mute", {"active": False}),
        ),
    ],
)
def test_each_call_is_one_request(
    call: Callable[[Any], object], expected: tuple[str, str, Any], make: Make
) -> None:
    tb, script = make()
    call(tb.moderation)
    assert sent(script) == expected


def test_a_session_moderates_itself(make: Make) -> None:
    tb, script = make()
    session = tb.session(SESSION)
    session.disconnect("c")
    session.mute_stream("s")
    session.mute_all(excluded_stream_ids=["a"])
    session.unmute_all()
    paths = [(each.method, each.path.removeprefix(ROOT)) for each in script.requests]
    assert paths == [
        ("DELETE", "/connection/c"),
        ("POST", "/stream/s/mute"),
        ("POST", "/mute"),
        ("POST", "/mute"),
    ]


@pytest.mark.trap(90, 96)
@pytest.mark.parametrize(
    "body", [b"", b'{"code":200,"message":"OK"}', json.dumps(DETAILS).encode(), b"OK"]
)
def test_the_response_to_muting_is_not_returned_or_logged(
    body: bytes, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tb, script = make(Response(200, {"content-type": "application/json"}, body))
    assert tb.moderation.mute_all(SESSION) is None  # type: ignore[func-returns-value]
    assert tb.moderation.mute_stream(SESSION, "s") is None  # type: ignore[func-returns-value]
    assert len(script.requests) == 2
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda m: m.disconnect(FOREIGN, "c"), "session_id"),
        (lambda m: m.disconnect(SESSION, ""), "connection_id"),
        (lambda m: m.mute_stream(SESSION, ".."), "stream_id"),
        (lambda m: m.mute_all(SESSION, excluded_stream_ids="abc"), "excluded_stream_ids"),
        (lambda m: m.mute_all(SESSION, excluded_stream_ids=[""]), "excluded_stream_ids"),
        (lambda m: m.mute_all(SESSION, excluded_stream_ids=[5]), "excluded_stream_ids"),
        (lambda m: m.mute_all(SESSION, excluded_stream_ids=None), "excluded_stream_ids"),
        (lambda m: m.unmute_all(""), "session_id"),
    ],
)
def test_bad_ids_are_refused_before_anything_is_sent(
    call: Callable[[Any], object], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        call(tb.moderation)
    assert caught.value.field == field
    assert script.requests == []
