"""Errors name the host, the likely cause and the way out."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Callable

import pytest

from tests.rest.resources.test_archives import ID, ROOT, STARTED
from tests.rest.test_sessions import SESSION, answers
from tests.support.faulty import FaultyServer, answer, raw, silence
from tests.support.rest import KEY, SECRET, Make, Script
from tokbox import Tokbox, errors
from tokbox.rest.http.requester import Requester
from tokbox.transport import Response


def refused(body: object, status: int) -> Response:
    """Return an error response with JSON."""
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


Connect = Callable[..., Requester]
Scripted = Callable[..., tuple[Requester, Script]]
ORIGIN = "https://api.opentok.com:443"


def test_an_error_without_a_response_names_scheme_host_and_port(connect: Connect) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(errors.ConnectError) as caught:
            connect(f"{url}/prefix", retries=1).request("GET", "/x")
    assert caught.value.origin == url
    assert str(caught.value).startswith(f"GET {url}/x: no connection: ")
    assert str(caught.value).endswith(" (after 2 attempts)")
    assert caught.value.attempts == 2


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (silence, errors.RequestTimeoutError),
        (raw(b"nonsense\r\n\r\n"), errors.ProtocolError),
        (answer(200, "<html>portal</html>"), errors.ProtocolError),
    ],
)
def test_every_error_of_a_call_names_the_service(
    connect: Connect, step: Callable[..., None], kind: type[errors.TransportError]
) -> None:
    with FaultyServer(step) as server, pytest.raises(kind) as caught:
        connect(server.url, read_timeout=0.2).request("GET", "/x")
    assert caught.value.origin == server.url
    assert f"GET {server.url}/x: " in str(caught.value)


@pytest.mark.parametrize(
    ("response", "call", "problem"),
    [
        (
            Response(200, {"content-type": "text/plain"}, b"nonsense"),
            lambda tb: tb.archives.get(ID),
            "the response with status 200 is not JSON: its body has 8 bytes of the type "
            "text/plain",
        ),
        (
            Response(200, {}, b""),
            lambda tb: tb.archives.get(ID),
            "the response with status 200 is not JSON: its body is empty",
        ),
        (
            answers([]),
            lambda tb: tb.archives.get(ID),
            "the response is not an archive with id and status",
        ),
        (
            answers({"items": [{}]}),
            lambda tb: tb.archives.list(),
            "the response is not an archive with id and status",
        ),
        (
            answers({}),
            lambda tb: tb.archives.list(),
            "the response is not a list of archives",
        ),
        (answers([]), lambda tb: tb.new_session(), "the response has no session"),
        (
            answers([{"session_id": "damaged"}]),
            lambda tb: tb.new_session(),
            "the response has a session that cannot be used: ",
        ),
    ],
)
def test_a_response_that_does_not_fit_names_the_service(
    make: Make, response: Response, call: Callable[[Tokbox], object], problem: str
) -> None:
    tb, _ = make(response)
    with pytest.raises(errors.ProtocolError) as caught:
        call(tb)
    assert caught.value.origin == ORIGIN
    assert f" {ORIGIN}/" in str(caught.value)
    assert problem in str(caught.value)


def test_the_origin_and_the_attempts_survive_pickling() -> None:
    error = errors.ConnectError("refused", method="GET", path="/x", origin=ORIGIN)
    error.attempts = 3
    copied = pickle.loads(pickle.dumps(error))
    assert str(copied) == f"GET {ORIGIN}/x: refused (after 3 attempts)"
    assert copied.origin == ORIGIN


CHECK_URL = "no call has succeeded yet, so check api_url (https://api.example.test)"
NOT_FOUND = {
    "empty": (Response(404, {}, b""), CHECK_URL),
    "other-server": (refused({"detail": "Not Found"}, 404), CHECK_URL),
    "web-page": (Response(404, {}, b"<html><title>404</title></html>"), f"; {CHECK_URL}"),
}


@pytest.mark.parametrize(("response", "hint"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_a_404_on_the_first_call_hints_at_a_wrong_url(
    scripted: Scripted, response: Response, hint: str
) -> None:
    requester, _ = scripted(response)
    with pytest.raises(errors.NotFoundError) as caught:
        requester.request("GET", "/x")
    assert str(caught.value).endswith(hint)


def test_a_404_after_a_success_is_about_the_object(scripted: Scripted) -> None:
    requester, _ = scripted(answers({}), Response(404, {}, b""))
    requester.with_options(timeout=5).request("GET", "/x")
    with pytest.raises(errors.NotFoundError) as caught:
        requester.request("GET", "/x")
    assert caught.value.hint is None


def test_a_404_of_the_service_itself_is_about_the_object(scripted: Scripted) -> None:
    requester, _ = scripted(refused({"code": 404, "message": "Archive not found"}, 404))
    with pytest.raises(errors.NotFoundError) as caught:
        requester.request("GET", "/x")
    assert caught.value.hint is None


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_hint_at_a_wrong_secret(
    scripted: Scripted, status: int
) -> None:
    requester, _ = scripted(refused({"code": -1, "message": "Invalid token"}, status))
    with pytest.raises(errors.AuthenticationError) as caught:
        requester.request("GET", "/x")
    assert "the usual cause is a wrong secret or private key" in str(caught.value)


def test_a_token_with_the_wrong_role_has_its_own_hint(scripted: Scripted) -> None:
    message = "The role of the token must be moderator"
    requester, _ = scripted(refused({"code": 403, "message": message}, 403))
    with pytest.raises(errors.AuthenticationError, match="omit token="):
        requester.request("POST", "/x")


def test_the_storage_host_is_named_when_a_download_fails(make: Make) -> None:
    archive = {**STARTED, "status": "available", "url": "https://files.test/f?s=canary"}
    failure = errors.ConnectError("no connection", method="GET", path=ROOT)
    tb, _ = make(answers(archive), failure)
    with pytest.raises(errors.ConnectError) as caught:
        tb.with_options(retries=0).archives.download(ID, "a.mp4")
    assert "storage host https://files.test:443: no connection" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda tb: tb.archives.get(""), "archive_id must be a string of 1 to 255"),
        (lambda tb: tb.archives.get(".."), "archive_id must be an ID from the service"),
        (
            lambda tb: tb.session(SESSION).signal("x", type="\ud800"),
            "type must not contain lone surrogates",
        ),
        (
            lambda tb: tb.request("POST", "/x", json={1: object()}),
            "json must be a value that JSON can represent",
        ),
        (
            lambda tb: tb.request("POST", "/x", json={}, form={}),
            "form must not be given together with json",
        ),
        (
            lambda tb: tb.request("GET", "/x", headers={"Host": "x"}),
            "headers must not have this name, because the client sets this header",
        ),
        (
            lambda tb: Tokbox(KEY, SECRET, proxy="http://x", http=object()),
            "proxy must not be given together with http",
        ),
        (
            lambda tb: tb.new_session(archive_name="x"),
            'archive_name must be given only if archive_mode is "always"',
        ),
    ],
)
def test_messages_of_bad_arguments_are_sentences(
    make: Make, call: Callable[[Tokbox], object], message: str
) -> None:
    tb, script = make()
    with pytest.raises(errors.InvalidInputError) as caught:
        call(tb)
    assert message in str(caught.value)
    assert script.requests == []
