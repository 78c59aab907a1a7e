"""Names of public attributes: one suffix, one type."""

from __future__ import annotations

import json
import logging
import pickle
import typing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import tokbox
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.rest import Script
from tokbox import Tokbox, errors, types, webhooks
from tokbox.readonly import ReadOnlyDict
from tokbox.rest.models.base import Record
from tokbox.rest.resources.archives import Archive
from tokbox.tokens.claims import check_session_id
from tokbox.transport import Headers, Response

ARCHIVE = {
    "id": "a",
    "status": "available",
    "createdAt": 1_700_000_000_123,
    "projectId": KEY,
    "transcription": {"status": "available", "new": 1},
    "streams": [{"streamId": "s", "hasAudio": True}],
    "newer": {"deep": [1]},
}
ID = "c0ffee-1"


def answers(body: object, headers: dict[str, str] | None = None) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(
        200, Headers({"content-type": "application/json", **(headers or {})}), content
    )


def public_classes() -> list[type]:
    found = {
        getattr(module, name)
        for module in (tokbox, types, webhooks, errors)
        for name in module.__all__
    }
    return sorted(
        (
            each
            for each in found
            if isinstance(each, type) and not typing.is_typeddict(each)
        ),
        key=lambda k: k.__name__,
    )


def attributes(kind: type) -> dict[str, Any]:
    """Return the annotations of the public attributes and properties of a class."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        found |= vars(base).get("__annotations__", {})
        for name, member in vars(base).items():
            if isinstance(member, property) and member.fget:
                found[name] = member.fget.__annotations__.get("return")
    names = {name for name in found if not name.startswith("_")}
    return {name: resolved(found[name], name) for name in names}


def resolved(annotation: Any, name: str) -> Any:
    """Return the type of an attribute whose name has a suffix."""
    if isinstance(annotation, str) and name.endswith(SUFFIXES):
        return eval(annotation, {"datetime": datetime})
    return annotation


SUFFIXES = ("_at", "_ms", "_time")


def test_names_that_end_in_at_are_datetimes_and_in_ms_or_time_integers() -> None:
    for kind in public_classes():
        for name, annotation in attributes(kind).items():
            accepted = set(typing.get_args(annotation) or [annotation]) - {type(None)}
            if name.endswith("_at"):
                assert accepted == {datetime}, f"{kind.__name__}.{name}"
            elif name.endswith(SUFFIXES):
                assert accepted == {int}, f"{kind.__name__}.{name}"


def test_the_suffixes_are_found_on_records_tokens_and_errors() -> None:
    found = {name for kind in public_classes() for name in attributes(kind)}
    assert {
        "created_at", "created_ms", "updated_at", "occurred_at", "occurred_ms", "expires_at",
        "end_time", "create_time", "expired_at", "issued_at", "issue_time",
    } <= found  # fmt: skip


def test_no_public_class_names_the_project_in_another_word() -> None:
    other = {"tenant", "application_id", "partner_id", "key_id", "api_key"}
    for kind in public_classes():
        if kind is not webhooks.Claims:  # which has the claims of a webhook's signature
            names = {*dir(kind), *attributes(kind)}
            assert not names & other, kind.__name__


def test_times_of_a_token_are_datetimes_beside_the_integers() -> None:
    token = tokbox.decode(tokbox.Signer(KEY, SECRET).session(SESSION).token(expiration=60))
    assert token.created_at == datetime.fromtimestamp(token.create_time, UTC)
    assert token.created_at is not None
    assert token.expires_at == token.created_at + timedelta(seconds=60)
    assert (token.expire_time, token.end_time) == (token.create_time + 60,) * 2
    assert errors.ExpiredTokenError(5, 6).expired_at == datetime(
        1970, 1, 1, 0, 0, 5, tzinfo=UTC
    )


def test_the_signature_of_a_webhook_has_its_time_as_a_datetime() -> None:
    claims = webhooks.Claims.from_json({"iat": 1_700_000_000})
    assert claims.issued_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_derived_keeps_the_time_of_issue_as_a_utc_datetime() -> None:
    zone = timezone(timedelta(hours=2))
    for issued_at in (1_700_000_000, datetime.fromtimestamp(1_700_000_000.9, zone)):
        run = tokbox.Derived(run_id="r", row_key=["a"], issued_at=issued_at)
        assert run.issued_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
        assert run.issued_at.tzinfo is UTC
        assert pickle.loads(pickle.dumps(run)) == run


### Data of the service ###


def test_a_record_has_the_object_that_the_service_sent() -> None:
    archive = Archive.from_json(ARCHIVE)
    assert archive.raw == ARCHIVE
    assert type(archive.raw) is ReadOnlyDict
    assert archive.transcription is not None
    assert archive.transcription.raw == ARCHIVE["transcription"]
    assert archive.streams[0].raw == {"streamId": "s", "hasAudio": True}
    assert dict(archive.unknown) == {"newer": {"deep": [1]}}


def test_raw_is_not_shown_compared_or_in_the_dict_but_is_pickled() -> None:
    archive = Archive.from_json(ARCHIVE)
    other = Archive.from_json({**ARCHIVE, "partnerId": KEY})
    assert archive.raw != other.raw
    assert archive == other
    assert hash(archive) == hash(other)
    assert "createdAt" not in repr(archive)
    assert not {"raw", "request_id"} & archive.to_dict().keys()
    assert pickle.loads(pickle.dumps(archive)).raw == ARCHIVE


def test_records_of_an_answer_share_its_parsed_json() -> None:
    with Tokbox(KEY, SECRET, transport=Script(answers(ARCHIVE))) as tb:
        archive = tb.archives.get("a")
    assert archive.transcription is not None
    assert archive.transcription.raw is archive.raw["transcription"]
    with pytest.raises(TypeError, match="read-only"):
        archive.raw["newer"]["deep"] = 2


def test_objects_in_an_object_are_kept_as_they_were_sent() -> None:
    broadcast = types.Broadcast.from_json(
        {"broadcastUrls": {"rtmp": {"one": {"status": "live"}}}}
    )
    (output,) = broadcast.urls.rtmp
    assert (output.id, output.raw) == ("one", {"status": "live"})


def test_an_event_has_the_whole_callback() -> None:
    body = {**ARCHIVE, "event": "archive", "sessionId": SESSION}
    event = webhooks.parse(body)
    assert isinstance(event, webhooks.ArchiveChanged)
    assert event.raw == event.archive.raw == body
    assert event.request_id is None


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_a_token_has_all_its_claims(kind: str) -> None:
    token = tokbox.decode(tokbox.Signer(KEY, SECRET).session(SESSION).token(kind=kind))
    assert token.raw["session_id"] == SESSION
    assert token.raw["role"] == "publisher"
    assert "raw" not in repr(token)
    assert type(token.raw) is ReadOnlyDict


### The id of a request ###


@pytest.mark.parametrize("name", ["x-request-id", "request-id"])
def test_answers_have_the_id_of_their_request(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = {"count": 1, "items": [ARCHIVE], "new": 1}
    script = Script(*[answers(body, headers={name: ID}) for body in (ARCHIVE, page, {})])
    with (
        caplog.at_level(logging.DEBUG, "tokbox"),
        Tokbox(KEY, SECRET, transport=script) as tb,
    ):
        archive = tb.archives.get("a")
        assert archive.request_id == ID
        assert archive.streams[0].request_id is None
        found = tb.archives.list()
        assert (found.request_id, found[0].request_id) == (ID, ID)
        assert (found.raw, dict(found.unknown)) == (page, {"new": 1})
        assert tb.request("GET", "/x").request_id == ID
    assert caplog.text.count(f"request ID {ID}") == 3


def test_an_answer_without_an_id_has_none(caplog: pytest.LogCaptureFixture) -> None:
    script = Script(answers(ARCHIVE), answers(ARCHIVE))
    with (
        caplog.at_level(logging.DEBUG, "tokbox"),
        Tokbox(KEY, SECRET, transport=script) as tb,
    ):
        assert tb.archives.get("a").request_id is None
        assert tb.request("GET", "/x").request_id is None
    assert "request id" not in caplog.text


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"<!doctype html>"])
def test_an_unreadable_response_reports_the_request_id(body: bytes) -> None:
    script = Script(answers(body, headers={"x-request-id": ID}))
    with (
        Tokbox(KEY, SECRET, transport=script) as tb,
        pytest.raises(errors.ProtocolError) as caught,
    ):
        tb.archives.get("a")
    assert caught.value.request_id == ID


### Sessions ###


def test_sessions_are_equal_by_their_id() -> None:
    answer = [{"session_id": SESSION, "project_id": KEY, "create_dt": "then"}]
    with (
        Tokbox(KEY, SECRET, transport=Script(answers(answer))) as tb,
        Tokbox(KEY, SECRET) as other,
    ):
        made, known = tb.new_session(), other.session(SESSION)
        assert made == known
        assert len({made, known}) == 1
        assert made.to_dict()["create_dt"] == "then"
        assert known.to_dict()["create_dt"] is None


def test_the_only_public_attribute_of_a_session_is_its_id() -> None:
    with Tokbox(KEY, SECRET) as tb:
        session = tb.session(SESSION)
    assert [
        name
        for name in dir(session)
        if not name.startswith("_") and not callable(getattr(session, name))
    ] == ["session_id"]
    assert repr(session) == f"Session(session_id={SESSION!r})"


def test_a_session_id_contains_its_project_and_time() -> None:
    found = check_session_id(SESSION)
    assert (found.project_id, type(found.created_ms)) == (KEY, int)


def test_every_record_class_can_be_made_without_raw() -> None:
    assert Record().raw == {}
