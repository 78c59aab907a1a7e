"""Parsing the body of a callback: a typed event, or a reason why it is invalid."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokbox
from tests.support import payloads
from tests.support.payloads import (
    ALL,
    APPLICATION,
    ARCHIVE,
    AT,
    BROADCAST,
    CALL,
    CAPTIONS,
    CONNECTION,
    RENDER,
    SESSION,
    STREAM,
    monitored,
)
from tests.support.sizes import size
from tokbox import webhooks
from tokbox.errors import InvalidInputError, MalformedWebhookError, WebhookError
from tokbox.response_enums import (
    ArchiveStatus,
    BroadcastStatus,
    CaptionsStatus,
    DestroyedReason,
    NotificationReason,
    RenderStatus,
    SipCallState,
    SipReason,
    VideoType,
)
from tokbox.rest.models.base import Record

KINDS = [
    webhooks.ConnectionCreated,
    webhooks.ConnectionDestroyed,
    webhooks.StreamCreated,
    webhooks.StreamDestroyed,
    webhooks.SessionCreated,
    webhooks.SessionDestroyed,
    webhooks.SessionNotification,
    webhooks.SipCallCreated,
    webhooks.SipCallUpdated,
    webhooks.SipCallDestroyed,
    webhooks.SipCallMuteForced,
    webhooks.ArchiveChanged,
    webhooks.BroadcastChanged,
    webhooks.RenderChanged,
    webhooks.CaptionsChanged,
]


def read(body: Any) -> webhooks.Event | str:
    """The event, or the reason why there is none."""
    try:
        return webhooks.parse(body)
    except MalformedWebhookError as error:
        return error.reason


# Valid events.


@pytest.mark.parametrize(
    ("body", "kind"), list(zip(ALL, KINDS, strict=True)), ids=lambda each: str(each)[:40]
)
def test_every_callback_has_its_type_and_nothing_is_left_over(
    body: dict[str, Any], kind: type[webhooks.Event]
) -> None:
    event = webhooks.parse(body)
    assert type(event) is kind
    assert event.session_id == SESSION
    assert dict(event.unknown) == {}
    for value in (getattr(event, name) for name in kind.__dataclass_fields__):
        if isinstance(value, Record):
            assert dict(value.unknown) == {}


@pytest.mark.parametrize("body", ALL, ids=lambda each: str(each)[:40])
def test_bytes_text_and_objects_are_read_alike(body: dict[str, Any]) -> None:
    text = json.dumps(body)
    forms: list[Any] = [text, text.encode(), bytearray(text.encode()), body]
    forms.append(memoryview(text.encode()))
    forms.append(MappingProxyType(body))
    assert len({webhooks.parse(form) for form in forms}) == 1


def test_a_client_has_its_data_and_its_time() -> None:
    event = webhooks.parse(monitored("connectionCreated", connection=CONNECTION))
    assert isinstance(event, webhooks.ConnectionCreated)
    assert (event.connection.id, event.connection.data) == ("8c1d", "role=host")
    assert event.connection.created_ms == 1_700_000_150_143
    assert event.occurred_ms == AT
    assert event.occurred_at == datetime(2023, 11, 14, 22, 15, 50, 300_000, UTC)


def test_a_stream_event_names_its_connection() -> None:
    event = webhooks.parse(monitored("streamCreated", stream=STREAM))
    assert isinstance(event, webhooks.StreamCreated)
    assert isinstance(event.stream, tokbox.types.Stream)
    assert event.stream.video_type is VideoType.CAMERA
    assert event.stream.connection.data == "role=host"


def test_a_stream_of_sound_has_no_kind_of_picture() -> None:
    silent = {name: value for name, value in STREAM.items() if name != "videoType"}
    event = webhooks.parse(monitored("streamCreated", stream=silent))
    assert isinstance(event, webhooks.StreamCreated)
    assert event.stream.video_type == ""


@pytest.mark.parametrize("reason", list(DestroyedReason))
def test_reasons_are_members(reason: DestroyedReason) -> None:
    event = webhooks.parse(monitored("streamDestroyed", reason=reason.value, stream=STREAM))
    assert isinstance(event, webhooks.StreamDestroyed)
    assert event.reason is reason


def test_a_new_reason_is_its_word() -> None:
    event = webhooks.parse(monitored("sessionDestroyed", reason="Internal server failure"))
    assert isinstance(event, webhooks.SessionDestroyed)
    assert event.reason == "Internal server failure"
    assert not isinstance(event.reason, Enum)


def test_a_session_is_notified_of_a_rotation() -> None:
    event = webhooks.parse(monitored("sessionNotification", reason="serverRotation"))
    assert isinstance(event, webhooks.SessionNotification)
    assert event.reason is NotificationReason.SERVER_ROTATION


@pytest.mark.parametrize("state", list(SipCallState))
def test_a_call_event_contains_its_progress(state: SipCallState) -> None:
    event = webhooks.parse(monitored("callUpdated", call=CALL, state=state.value))
    assert isinstance(event, webhooks.SipCallUpdated)
    assert event.state is state
    assert (event.call.id, event.call.connection_id) == ("ca11", "8c1d")


@pytest.mark.parametrize(
    ("code", "expected"), [("704", SipReason.MEDIA_TIMEOUT), ("486", "486"), (486, "486")]
)
def test_a_call_event_contains_the_reason_for_its_end(code: object, expected: str) -> None:
    event = webhooks.parse(
        monitored("callDestroyed", call=CALL, reason_code=code, reason_message="Busy")
    )
    assert isinstance(event, webhooks.SipCallDestroyed)
    assert event.reason_code == expected
    assert isinstance(event.reason_code, SipReason) is isinstance(expected, SipReason)
    assert event.reason_message == "Busy"


@pytest.mark.parametrize("status", list(ArchiveStatus))
def test_an_archive_is_what_the_client_would_read(status: ArchiveStatus) -> None:
    body = {**ARCHIVE, "status": status.value}
    event = webhooks.parse(body)
    assert isinstance(event, webhooks.ArchiveChanged)
    assert event.archive == tokbox.types.Archive.from_json(body)
    assert event.archive.status is status
    assert event.archive.url not in repr(event)


def test_a_broadcast_is_what_the_client_would_read() -> None:
    event = webhooks.parse({**BROADCAST, "status": "failed"})
    assert isinstance(event, webhooks.BroadcastChanged)
    assert event.broadcast.status is BroadcastStatus.FAILED
    assert event.broadcast.urls.rtmp[0].id == "yt"
    assert event.broadcast.urls.rtmp[0].stream_name not in repr(event).split("'")


@pytest.mark.parametrize("more", [{}, {"event": "render"}])
def test_a_render_is_known_with_its_event_and_without(more: dict[str, Any]) -> None:
    event = webhooks.parse({**RENDER, **more})
    assert isinstance(event, webhooks.RenderChanged)
    assert event.render.status is RenderStatus.STOPPED
    assert event.render.stream_id == "f00d"
    assert event.render.reason == "Max Duration Exceeded."


def test_a_render_that_failed_may_have_no_stream() -> None:
    body = {**RENDER, "status": "failed", "reason": "Could not load URL"}
    del body["streamId"]
    event = webhooks.parse(body)
    assert isinstance(event, webhooks.RenderChanged)
    assert event.render.stream_id == ""


@pytest.mark.parametrize(
    "body",
    [
        CAPTIONS,
        {**CAPTIONS, "event": "captions"},
        {**CAPTIONS, "event": "captionsStatus"},
        {"captionsId": "2d4f", **{k: v for k, v in CAPTIONS.items() if k != "captionId"}},
        {"event": "captions", "id": "2d4f", "status": "paused"},
    ],
)
def test_captions_are_known_by_their_id_or_event(body: dict[str, Any]) -> None:
    event = webhooks.parse(body)
    assert isinstance(event, webhooks.CaptionsChanged)
    assert event.captions.id == "2d4f"
    assert event.captions.status is CaptionsStatus.PAUSED


def test_a_status_that_is_new_is_its_word() -> None:
    event = webhooks.parse({**ARCHIVE, "status": "levitating"})
    assert isinstance(event, webhooks.ArchiveChanged)
    assert event.archive.status == "levitating"
    assert not isinstance(event.archive.status, Enum)


@pytest.mark.parametrize("body", ALL, ids=lambda each: str(each)[:40])
@pytest.mark.parametrize(
    ("tenant", "expected"),
    [
        ({"projectId": "40000123"}, "40000123"),
        ({"projectId": 40000123}, "40000123"),
        ({"projectId": "40000123", "partnerId": 40000123}, "40000123"),
        ({"applicationId": APPLICATION}, APPLICATION),
        ({"projectId": APPLICATION, "applicationId": APPLICATION}, APPLICATION),
        ({"projectId": None, "applicationId": APPLICATION}, APPLICATION),
        ({}, ""),
    ],
)
def test_project_id_is_read_from_any_name_that_the_service_uses(
    body: dict[str, Any], tenant: dict[str, Any], expected: str
) -> None:
    names = ("projectId", "applicationId", "partnerId")
    rest = {k: v for k, v in body.items() if k not in names}
    event = webhooks.parse({**rest, **tenant})
    assert event.project_id == expected
    assert not event.unknown.keys() & tenant.keys()
    assert {name: event.raw[name] for name in tenant} == tenant


def test_unknown_fields_stay_readable() -> None:
    event = webhooks.parse(
        monitored("connectionCreated", connection={**CONNECTION, "country": "IS"}, mood=1)
    )
    assert isinstance(event, webhooks.ConnectionCreated)
    assert dict(event.unknown) == {"mood": 1}
    assert dict(event.connection.unknown) == {"country": "IS"}
    changed = webhooks.parse({**ARCHIVE, "mood": 1})
    assert isinstance(changed, webhooks.ArchiveChanged)
    assert dict(changed.archive.unknown) == {"mood": 1}


@pytest.mark.parametrize("event", ["streamPaused", "", "Archive", 7, None, ["archive"]])
def test_an_event_that_is_not_known_keeps_everything(event: object) -> None:
    body = {**monitored("x"), "event": event, "stream": {"id": "f00d"}}
    found = webhooks.parse(body)
    assert type(found) is webhooks.UnknownEvent
    assert found.event == (str(event) if isinstance(event, str | int) else "")
    assert (found.session_id, found.occurred_ms) == (SESSION, AT)
    assert found.unknown["stream"] == {"id": "f00d"}
    assert ("event" in found.unknown) is isinstance(event, list)


def test_an_empty_object_is_not_an_error() -> None:
    assert webhooks.parse("{}") == webhooks.UnknownEvent()


def test_events_are_frozen_and_pickle_and_become_dicts() -> None:
    for body in ALL:
        event = webhooks.parse(body)
        with pytest.raises(AttributeError):
            event.event = "other"  # type: ignore[misc]
        assert pickle.loads(pickle.dumps(event)) == event
        assert json.loads(json.dumps(event.to_dict()))["session_id"] == SESSION


# Invalid events.


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON"),
        (b"event=archive", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"archive"', "not a JSON object"),
        (b'{"event": "archive"', "not JSON"),
        (b'\xef\xbb\xbf{"event": "archive"}', "not JSON"),
        (b'{"event": "\xff"}', "not UTF-8"),
        (b'{"event": NaN}', "NaN, which is not JSON"),
        (b'{"event": -Infinity}', "-Infinity, which is not JSON"),
        (b'{"event": "archive", "event": "render"}', "same name twice"),
        (b'{"connection": {"id": "a", "id": "b"}}', "same name twice"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
        (b'{"a":' + b"9" * 5_000 + b"}", "integer of thousands of digits"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_is_not_one_json_object_is_refused_with_the_reason(
    body: bytes, problem: str
) -> None:
    with pytest.raises(MalformedWebhookError, match=problem) as caught:
        webhooks.parse(body)
    assert caught.value.reason == "not_json"
    assert caught.value.__cause__ is None
    assert isinstance(caught.value, WebhookError)


def test_a_body_is_read_up_to_its_limit_and_not_beyond() -> None:
    def body(size: int) -> bytes:
        start = b'{"event": "new", "x": "'
        return start + b"x" * (size - len(start) - 2) + b'"}'

    largest = body(webhooks.MAX_BODY)
    assert len(largest) == webhooks.MAX_BODY
    assert webhooks.parse(largest).event == "new"
    assert read(body(webhooks.MAX_BODY + 1)) == "too_large"
    assert read(body(webhooks.MAX_BODY + 1).decode()) == "too_large"


@pytest.mark.parametrize(
    ("body", "lacks"),
    [
        ({**monitored("sessionCreated"), "sessionId": ""}, "session_id"),
        (monitored("connectionCreated"), "connection.id"),
        (monitored("connectionDestroyed", connection=[1]), "connection.id"),
        (monitored("streamCreated", stream={"name": "x"}), "stream.id"),
        (monitored("callUpdated", state="ACTIVE", call=None), "call.id"),
        ({"event": "archive", "status": "started"}, "archive.id"),
        ({"event": "archive", "id": "0b9f"}, "archive.status"),
        ({"event": "broadcast", "id": "7d0c"}, "broadcast.status"),
        ({"event": "render", "status": "started"}, "render.id"),
        ({"captionId": "2d4f"}, "captions.status"),
    ],
)
def test_an_event_without_its_subject_is_refused_by_name(
    body: dict[str, Any], lacks: str
) -> None:
    with pytest.raises(MalformedWebhookError, match=rf"lacks {lacks}$") as caught:
        webhooks.parse(body)
    assert caught.value.reason == "incomplete"


@pytest.mark.parametrize("body", [None, 7, ["a"]])
def test_another_kind_of_body_is_the_caller_s_mistake(body: Any) -> None:
    with pytest.raises(InvalidInputError, match="body must be bytes, text or an object"):
        webhooks.parse(body)


def test_errors_survive_pickling() -> None:
    with pytest.raises(MalformedWebhookError) as caught:
        webhooks.parse(b"[]")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.reason, str(again)) == (caught.value.reason, str(caught.value))


# Random input.

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = sorted({name for body in ALL for name in body} | {"captionsId"})


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A documented body of which some members are anything."""
    body = draw(st.sampled_from(payloads.ALL))
    changes = st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4)
    return {**body, **draw(changes)}


@settings(deadline=None, max_examples=size(60, 300))
@given(spoiled())
def test_any_object_becomes_an_event_or_lacks_something(body: dict[str, Any]) -> None:
    event = read(body)
    if isinstance(event, str):
        assert event == "incomplete"
        return
    assert isinstance(event.session_id, str)
    assert isinstance(event.event, str)
    assert isinstance(event.unknown, Mapping)
    assert repr(event)


@settings(deadline=None, max_examples=size(60, 300))
@given(
    st.binary(max_size=200)
    | st.text(max_size=200)
    | ANYTHING.map(json.dumps)
    | spoiled().map(lambda body: json.dumps(body).encode()[:-3])
)
def test_any_body_becomes_an_event_or_a_named_refusal(body: bytes | str) -> None:
    event = read(body)
    assert isinstance(event, webhooks.Event) or event in ("not_json", "incomplete")
