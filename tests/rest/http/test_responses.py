"""Error responses become exceptions that state the reason."""

from __future__ import annotations

import pickle
from email.utils import formatdate

import pytest

from tests.support.rest import EPOCH
from tokbox import errors
from tokbox.rest.http import responses
from tokbox.transport import Response


def refusal(
    status: int,
    body: bytes | str = b"",
    now: float | None = EPOCH,
    headers: dict[str, str] | None = None,
) -> errors.APIError:
    data = body.encode() if isinstance(body, str) else body
    response = Response(status, headers or {}, data)
    return responses.api_error(response, method="POST", path="/x", attempts=1, now=now)


@pytest.mark.trap(6, 59)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.APIError),
        (401, errors.AuthenticationError),
        (403, errors.AuthenticationError),
        (404, errors.NotFoundError),
        (405, errors.APIError),
        (409, errors.ConflictError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_the_status_decides_the_class(status: int, kind: type[errors.APIError]) -> None:
    assert type(refusal(status)) is kind


@pytest.mark.trap(52, 90)
@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        pytest.param('{"code":-1,"message":"No","description":"D"}', -1, "No", id="json"),
        pytest.param('{"message":"No"}', None, "No", id="message-only"),
        pytest.param('{"code":"15002","message":"No"}', 15002, "No", id="text-code"),
        pytest.param('{"code":true,"message":"No"}', None, "No", id="bool-code"),
        pytest.param('{"code":1,"message":null,"description":"D"}', 1, "D", id="null"),
        pytest.param('{"title":"T","detail":"D"}', None, "D", id="problem"),
        pytest.param(
            '<?xml version="1.0"?><errorPayload><code>-1</code><message>No &amp; no</message>'
            "<description>D</description></errorPayload>",
            -1,
            "No & no",
            id="error-payload",
        ),
        pytest.param(
            '<Errors><error code="403"><Auth message="Invalid &quot;key&quot;"/></error>'
            "</Errors>",
            403,
            'Invalid "key"',
            id="old-xml",
        ),
        pytest.param(
            "<html><title>502 Bad</title><p>x</p></html>", None, "502 Bad", id="html"
        ),
        pytest.param("<html><p>x</p></html>", None, "", id="html-without-title"),
        pytest.param(
            "upstream\n\n timed\x1b[31m out", None, "upstream timed [31m out", id="text"
        ),
        pytest.param("", None, "", id="empty"),
        pytest.param("[1, 2]", None, "", id="array"),
        pytest.param("[" * 100_000, None, "[" * 500 + "...", id="deep"),
        pytest.param(b"\xff\xfe", None, "\ufffd\ufffd", id="bytes"),
        pytest.param("x" * 5000, None, "x" * 500 + "...", id="long"),
    ],
)
def test_code_and_words_are_read_from_any_body(
    body: bytes | str, code: int | None, message: str
) -> None:
    error = refusal(400, body)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ('{"code":15008}', "MEDIA_ROUTER"),
        ('{"code":15001}', "multi_archive_tag"),
        ('{"code":15002}', "stopped"),
        ('{"code":15004}', "available"),
        ('{"code":10101}', "session ID"),
        ('{"code":15202}', "data"),
        ('{"code":50005}', "max_duration"),
        ('{"code":60003}', "captions"),
        ('{"code":-1,"message":"Issuer not found"}', "api_url"),
        (
            '{"code":-1,"message":"Id in the token does not match the one in the url"}',
            "another project",
        ),
        (
            '{"message":"Not found. No clients are actively connected to the OpenTok '
            'session."}',
            "must connect",
        ),
        (
            '{"message":"Session is already composed for given tag with code 409"}',
            "multi_broadcast_tag",
        ),
        (
            '{"code":404,"message":"Experience Composer not found or already stopped"}',
            "max_duration",
        ),
        ('{"code":400,"message":"session id missing or invalid"}', "new_session"),
        ('{"code":400,"message":"Invalid DTMF Digits"}', "pause"),
    ],
)
def test_a_known_cause_comes_with_a_hint(body: str, hint: str) -> None:
    error = refusal(409, body)
    assert error.hint is not None
    assert hint in error.hint
    assert error.hint in str(error)


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (407, "", "proxy="),
        (408, '{"code":-1,"message":"Request timed out."}', "unknown"),
        (413, '{"code":-99,"message":"Unknown error"}', "8 kB"),
    ],
)
def test_a_status_may_be_all_that_there_is_to_go_by(
    status: int, body: str, hint: str
) -> None:
    assert hint in (refusal(status, body).hint or "")


def test_nothing_is_guessed_of_what_is_not_known() -> None:
    assert refusal(400, '{"code":99999,"message":"New"}').hint is None


PAGES = [
    pytest.param("<html><title>Welcome to the Caf\u00e9</title></html>", {}, id="html"),
    pytest.param("\n<!DOCTYPE HTML><TITLE>Blocked</TITLE>", {}, id="doctype"),
    pytest.param('<?xml version="1.0"?>\n<!DOCTYPE html><html>', {}, id="xhtml"),
    pytest.param("<p>Sorry</p>", {"content-type": "text/html; charset=x"}, id="by-type"),
]


@pytest.mark.parametrize(("body", "headers"), PAGES)
def test_a_page_that_passes_for_success_is_refused(
    body: str, headers: dict[str, str]
) -> None:
    response = Response(200, headers, body.encode())
    with pytest.raises(errors.ProtocolError, match="another server sent it") as caught:
        responses.refuse_page(response, method="DELETE", path="/x", attempts=1)
    title = body.lower().partition("<title>")[2].partition("</title>")[0]
    assert title in str(caught.value).lower()


@pytest.mark.parametrize(("body", "headers"), PAGES)
@pytest.mark.parametrize("status", [400, 403, 503])
def test_a_page_that_refuses_is_not_put_down_to_the_service(
    status: int, body: str, headers: dict[str, str]
) -> None:
    # Nor to our clock, even if that is an hour off.
    date = {"date": formatdate(EPOCH - 3600, usegmt=True)}
    error = refusal(status, body, headers={**headers, **date})
    assert "another server sent it" in (error.hint or "")
    assert not isinstance(error, errors.ClockSkewError)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "text/html"),
        (b'{"a": "<html>"}', "text/html"),
        (b'<errors><error code="403"><x message="m"/></error></errors>', "text/html"),
        (b"<errorPayload><code>-1</code></errorPayload>", "text/html"),
        (b"<sessions><Session/></sessions>", "text/xml"),
        (b"\xbb<html>", "text/html"),
    ],
)
def test_errors_of_the_service_are_not_mistaken_for_a_web_page(
    body: bytes, kind: str
) -> None:
    response = Response(200, {"content-type": kind}, body)
    responses.refuse_page(response, method="GET", path="/x", attempts=1)


def test_credentials_sent_back_are_removed() -> None:
    body = "you sent: eyJ0eXAiOiJKV1QifQ.eyJpc3MiOiIxIn0.c2ln and T1==cGFydG5lcl9pZD0x ok"
    assert refusal(400, body).message == "you sent: [removed] and [removed] ok"


def test_the_request_id_is_kept() -> None:
    assert refusal(500, headers={"x-request-id": "r-1"}).request_id == "r-1"


@pytest.mark.trap(6)
@pytest.mark.parametrize("offset", [31, 3600, -121, -90_000])
def test_a_refusal_with_a_wrong_clock_is_clock_skew(offset: int) -> None:
    headers = {"date": formatdate(EPOCH - offset, usegmt=True)}
    error = refusal(403, headers=headers)
    assert isinstance(error, errors.ClockSkewError)
    assert error.offset == offset
    assert f"{abs(offset)} s" in str(error)


@pytest.mark.parametrize("date", [formatdate(EPOCH - 5, usegmt=True), "yesterday", ""])
def test_a_refusal_with_a_right_clock_is_not(date: str) -> None:
    assert type(refusal(403, headers={"date": date})) is errors.AuthenticationError


def test_other_refusals_do_not_blame_the_clock() -> None:
    headers = {"date": formatdate(EPOCH - 9000, usegmt=True)}
    assert type(refusal(404, headers=headers)) is errors.NotFoundError


def test_the_error_that_comes_with_status_200_is_an_api_error() -> None:
    body = b'<errors><error code="403"><x message="Invalid partner"/></error></errors>'
    with pytest.raises(errors.APIError, match="Invalid partner") as caught:
        responses.read_json(Response(200, {}, body), method="POST", path="/x", attempts=1)
    assert caught.value.code == 403


def test_an_unreadable_answer_does_not_show_its_body() -> None:
    response = Response(200, {"content-type": "text/csv"}, b"<p>canary</p>")
    with pytest.raises(errors.ProtocolError, match="text/csv") as caught:
        responses.read_json(response, method="GET", path="/x", attempts=1)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_errors_survive_pickling() -> None:
    headers = {"date": formatdate(EPOCH - 600, usegmt=True)}
    error = refusal(401, '{"code":-1,"message":"No"}', headers=headers)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
