"""Callbacks: registered, listed and taken away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import answers
from tests.support.rest import KEY, Make, sent
from tokbox import errors
from tokbox.transport import Response

ROOT = f"/v2/project/{KEY}/callback"
HOOK = "https://hooks.example.org/a"
CALLBACK = {
    "id": "5",
    "group": "archive",
    "event": "status",
    "url": HOOK,
    "createdAt": 1700000000000,
}


@pytest.mark.parametrize(
    ("group", "event"),
    [
        ("connection", "created"),
        ("connection", "destroyed"),
        ("stream", "created"),
        ("stream", "destroyed"),
        ("archive", "status"),
        ("sip_call", "created"),
        ("sip_call", "destroyed"),
    ],
)
def test_a_callback_is_registered(group: str, event: str, make: Make) -> None:
    tb, script = make(answers(CALLBACK))
    callback = tb.callbacks.create(group, event, HOOK)
    assert sent(script) == ("POST", ROOT, {"group": group, "event": event, "url": HOOK})
    assert (callback.id, callback.url) == ("5", HOOK)
    assert (callback.group, callback.event) == ("archive", "status")
    assert callback.created_ms == 1700000000000


def test_callbacks_are_listed(make: Make) -> None:
    tb, script = make(answers([CALLBACK, {**CALLBACK, "id": 6}]))
    page = tb.callbacks.list()
    assert sent(script) == ("GET", ROOT, None)
    assert ([each.id for each in page], page.total) == (["5", "6"], 2)
    assert tuple(tb.callbacks.iter()) == page.items


def test_a_callback_is_taken_away(make: Make) -> None:
    tb, script = make(Response(204, {}, b""))
    tb.callbacks.delete("5")
    assert sent(script) == ("DELETE", f"{ROOT}/5", None)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"group": "session"}, "group"),
        ({"event": "created"}, "event"),
        ({"event": None}, "event"),
        ({"url": "hooks.example.org"}, "url"),
        ({"url": "ftp://hooks.example.org"}, "url"),
    ],
)
def test_a_bad_callback_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.callbacks.create(
            **{"group": "archive", "event": "status", "url": HOOK, **options}
        )
    assert caught.value.field == field
    assert script.requests == []


@pytest.mark.parametrize("body", [{}, {"items": [CALLBACK]}, [5], [{}], None])
def test_an_answer_that_is_not_a_list_is_a_protocol_error(body: object, make: Make) -> None:
    with pytest.raises(errors.ProtocolError):
        make(answers(body))[0].callbacks.list()
