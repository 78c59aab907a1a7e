"""Layouts and selected streams, which archives and broadcasts have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.rest import KEY, Make, sent
from tokbox import errors

ID = "0b9f3c1e"

BOTH = pytest.mark.parametrize("noun", ["archive", "broadcast"])


@pytest.mark.trap(54)
@BOTH
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda c: c.set_layout(ID, "pip"), ("PUT", "layout", {"type": "pip"})),
        (
            lambda c: c.set_layout(ID, stylesheet="x"),
            ("PUT", "layout", {"type": "custom", "stylesheet": "x"}),
        ),
        (
            lambda c: c.set_layout(ID, screenshare_type="pip"),
            ("PUT", "layout", {"type": "bestFit", "screenshareType": "pip"}),
        ),
        (
            lambda c: c.add_stream(ID, "s"),
            ("PATCH", "streams", {"addStream": "s", "hasAudio": True, "hasVideo": True}),
        ),
        (
            lambda c: c.add_stream(ID, "s", has_video=False),
            ("PATCH", "streams", {"addStream": "s", "hasAudio": True, "hasVideo": False}),
        ),
        (
            lambda c: c.remove_stream(ID, "s"),
            ("PATCH", "streams", {"removeStream": "s"}),
        ),
    ],
)
def test_each_call_is_one_request(
    noun: str, call: Callable[[Any], object], expected: tuple[str, str, Any], make: Make
) -> None:
    tb, script = make()
    call(getattr(tb, f"{noun}s"))
    method, last, body = expected
    assert sent(script) == (method, f"/v2/project/{KEY}/{noun}/{ID}/{last}", body)


@BOTH
@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda c: c.set_layout(ID), "layout"),
        (lambda c: c.set_layout(ID, "custom"), "stylesheet"),
        (lambda c: c.set_layout(ID, "tiles"), "layout"),
        (lambda c: c.add_stream(ID, "s", has_audio=False, has_video=False), "has_video"),
        (lambda c: c.add_stream(ID, "s", has_audio="false"), "has_audio"),
        (lambda c: c.add_stream(ID, ""), "stream_id"),
        (lambda c: c.remove_stream(ID, ""), "stream_id"),
        (lambda c: c.remove_stream(ID, None), "stream_id"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    noun: str, call: Callable[[Any], object], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        call(getattr(tb, f"{noun}s"))
    assert caught.value.field == field
    assert script.requests == []
