"""Signals: to all clients of a session, or to one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION
from tests.support.rest import KEY, Make, sent
from tokbox import errors
from tokbox.transport import Response

ROOT = f"/v2/project/{KEY}/session/{SESSION}"


def test_a_signal_goes_to_all(make: Make) -> None:
    tb, script = make(Response(204, {}, b""))
    tb.signals.send(SESSION, "hello", type="chat")
    assert sent(script) == ("POST", f"{ROOT}/signal", {"type": "chat", "data": "hello"})


def test_a_signal_goes_to_one(make: Make) -> None:
    tb, script = make()
    tb.session(SESSION).signal("hello", connection_id="a/b")
    expected = ("POST", f"{ROOT}/connection/a%2Fb/signal", {"data": "hello"})
    assert sent(script) == expected


def test_limits_are_counted_in_bytes(make: Make) -> None:
    tb, script = make()
    tb.signals.send(SESSION, "é" * 4096, type="é" * 64)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("options", "field", "rule"),
    [
        ({"session_id": FOREIGN}, "session_id", "belongs to"),
        ({"data": None}, "data", "be a string"),
        ({"data": {"a": 1}}, "data", "be a string"),
        ({"data": b"hello"}, "data", "be a string"),
        ({"data": "x" * 8193}, "data", "have at most 8192 bytes"),
        ({"data": "é" * 4097}, "data", "have at most 8192 bytes"),
        ({"data": "\ud800"}, "data", "surrogates"),
        ({"type": 5}, "type", "be a string"),
        ({"type": "x" * 129}, "type", "have at most 128 bytes"),
        ({"type": "é" * 65}, "type", "have at most 128 bytes"),
        ({"connection_id": ""}, "connection_id", "of 1 to 255 characters"),
    ],
)
def test_a_bad_signal_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, rule: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError, match=rule) as caught:
        tb.signals.send(**{"session_id": SESSION, "data": "x", **options})
    assert caught.value.field == field
    assert script.requests == []


def test_a_signal_without_recipients_is_explained(make: Make) -> None:
    message = b'{"message":"Not found. No clients are actively connected to the OpenTok session."}'
    tb, _ = make(Response(404, {}, message))
    with pytest.raises(errors.NotFoundError, match="a client must connect"):
        tb.signals.send(SESSION, "x")


def test_a_signal_is_never_sent_twice(make: Make) -> None:
    tb, script = make(Response(503, {}, b""))
    with pytest.raises(errors.ServerError):
        tb.signals.send(SESSION, "x")
    assert len(script.requests) == 1
