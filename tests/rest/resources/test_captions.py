"""Live captions: start, get and stop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import FOREIGN, SESSION, answers
from tests.support.rest import KEY, Make, claims, sent
from tokbox import errors
from tokbox.response_enums import CaptionsStatus
from tokbox.transport import Response
from tokbox.types import Captions

ROOT = f"/v2/project/{KEY}/captions"
ID = "2d4f"
CALLBACK = "https://a.example"  # 17 characters


@pytest.mark.trap(63, 89)
@pytest.mark.parametrize("status", [200, 202])
def test_captions_start_with_either_status(status: int, make: Make) -> None:
    tb, script = make(Response(status, {}, b'{"captionsId":"2d4f"}'))
    captions = tb.captions.start(SESSION, token="T1==abc")
    assert sent(script) == ("POST", ROOT, {"sessionId": SESSION, "token": "T1==abc"})
    assert captions == Captions(id=ID)


def test_every_option_of_a_start_is_sent_by_its_name(make: Make) -> None:
    tb, script = make(answers({"captionsId": ID}))
    tb.session(SESSION).start_captions(
        token="T1==abc",
        language_code="de-DE",
        max_duration=300,
        partial_captions=False,
        status_callback_url=CALLBACK,
    )
    assert sent(script)[2] == {
        "sessionId": SESSION,
        "token": "T1==abc",
        "languageCode": "de-DE",
        "maxDuration": 300,
        "partialCaptions": False,
        "statusCallbackUrl": CALLBACK,
    }


def test_without_a_token_one_is_signed_for_a_moderator_for_ten_minutes(make: Make) -> None:
    tb, script = make(answers({"captionsId": ID}))
    tb.captions.start(SESSION)
    assert claims(sent(script)[2]["token"]) == (SESSION, "moderator", 600)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"session_id": FOREIGN}, "session_id"),
        ({"token": ""}, "token"),
        ({"language_code": ""}, "language_code"),
        ({"max_duration": 299}, "max_duration"),
        ({"max_duration": 14_401}, "max_duration"),
        ({"partial_captions": "true"}, "partial_captions"),
        ({"status_callback_url": "https://a.bcde"}, "status_callback_url"),
        ({"status_callback_url": "https://" + "a" * 2041}, "status_callback_url"),
        ({"status_callback_url": "ftp://files.example"}, "status_callback_url"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    options: dict[str, Any], field: str, make: Make
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        tb.captions.start(**{"session_id": SESSION, **options})
    assert caught.value.field == field
    assert script.requests == []


def test_bounds_belong_to_what_is_allowed(make: Make) -> None:
    tb, script = make(answers({"captionsId": ID}))
    tb.captions.start(SESSION, max_duration=14_400, status_callback_url="http://a.bcdefg")
    tb.captions.start(SESSION, status_callback_url="https://" + "a" * 2040)
    assert len(script.requests) == 2


def test_captions_stop_with_an_empty_answer(make: Make) -> None:
    tb, script = make(Response(202, {"content-type": "application/json"}, b""))
    tb.captions.stop(ID)
    assert sent(script) == ("POST", f"{ROOT}/{ID}/stop", None)


def test_captions_that_are_unknown_or_have_stopped_are_not_found(make: Make) -> None:
    with pytest.raises(errors.NotFoundError):
        make(Response(404, {}, b"{}"))[0].captions.stop(ID)


@pytest.mark.trap(114)
def test_captions_are_looked_at_under_their_other_name(make: Make) -> None:
    source = {
        "captionId": ID,
        "applicationId": "3f2b",
        "sessionId": SESSION,
        "status": "started",
        "createdAt": 1700000000000,
        "updatedAt": 1700000001000,
        "duration": 120,
        "languageCode": "en-US",
        "provider": "aws-transcribe",
        "reason": "",
    }
    tb, script = make(answers(source))
    with pytest.warns(
        DeprecationWarning, match=r"captions\.get\(\) is deprecated"
    ) as found:
        captions = tb.captions.get(ID)
    assert found[0].filename == __file__
    assert sent(script) == ("GET", f"{ROOT}/{ID}", None)
    assert (captions.id, captions.project_id) == (ID, "3f2b")
    assert captions.status is CaptionsStatus.STARTED
    assert (captions.duration, captions.language_code) == (120, "en-US")
    assert (captions.provider, captions.reason) == ("aws-transcribe", "")
    assert dict(captions.unknown) == {}


def test_a_second_start_reports_running_captions(make: Make) -> None:
    body = b'{"code":60003,"message":"Audio captioning is already enabled"}'
    with pytest.raises(errors.ConflictError, match="already enabled") as caught:
        make(Response(409, {}, body))[0].captions.start(SESSION)
    assert caught.value.code == 60003


def test_an_answer_without_an_id_is_a_protocol_error(make: Make) -> None:
    with pytest.raises(errors.ProtocolError, match="not captions"):
        make(answers({"status": "started"}))[0].captions.start(SESSION)
