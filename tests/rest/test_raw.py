"""``tb.request``: what there is no method for, with all that other calls have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.test_sessions import answers
from tests.support.rest import KEY, SECRET, Script
from tokbox import Tokbox, errors
from tokbox.transport import Response


def ask(*arguments: Any, outcome: Any = None, **options: Any) -> tuple[Any, Script]:
    script = Script(outcome or answers({"a": 1}))
    with Tokbox(KEY, SECRET, transport=script, retries=0) as tb:
        return tb.request(*arguments, **options), script


def test_the_answer_comes_with_its_status_headers_and_body() -> None:
    came = Response(202, {"x-request-id": "r1"}, b'{"a": 1}')
    answer, script = ask("GET", "/v3/new", outcome=came)
    assert (answer.status, answer.headers["x-request-id"]) == (202, "r1")
    assert (answer.body, answer.json()) == (b'{"a": 1}', {"a": 1})
    assert script.requests[0].url == "https://api.opentok.com/v3/new"


def test_project_is_replaced_by_the_path_of_the_project() -> None:
    _, script = ask("GET", "{project}/archive", params={"count": 1})
    (request,) = script.requests
    assert request.url.endswith(f"/v2/project/{KEY}/archive?count=1")
    assert request.path == f"/v2/project/{KEY}/archive"


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ({"json": {"a": "é"}}, "application/json", b'{"a":"\\u00e9"}'),
        ({"json": [1, None]}, "application/json", b"[1,null]"),
        ({"form": {"a": "b c"}}, "application/x-www-form-urlencoded", b"a=b+c"),
        ({}, None, None),
    ],
)
def test_a_body_is_json_or_a_form(
    body: dict[str, Any], kind: str | None, data: bytes | None
) -> None:
    _, script = ask("POST", "/x", **body)
    (request,) = script.requests
    assert (request.headers.get("content-type"), request.body) == (kind, data)


def test_headers_go_along() -> None:
    _, script = ask("GET", "/x", headers={"X-Trace": "t 1", "Accept": "text/csv"})
    headers = script.requests[0].headers
    assert (headers["x-trace"], headers["accept"]) == ("t 1", "text/csv")
    assert headers["x-opentok-auth"]


@pytest.mark.parametrize(
    "name", ["Authorization", "X-OPENTOK-AUTH", "host", "Content-Length"]
)
def test_headers_of_the_client_cannot_be_replaced(name: str) -> None:
    with pytest.raises(errors.InvalidInputError, match="the client sets"):
        ask("GET", "/x", headers={name: "x"})


@pytest.mark.parametrize(
    "headers", [{"a b": "x"}, {"": "x"}, {"a": "x\r\nb: c"}, {"a": ""}, {"a": 1}, {1: "a"}]
)
def test_headers_that_http_does_not_allow_are_refused(headers: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match="headers"):
        ask("GET", "/x", headers=headers)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "//elsewhere/x",
        "https://elsewhere/x",
        "@elsewhere/x",
        "/x?y=1",
        "/x#y",
        "/x y",
        "/x\r\ny",
        "/é",
        "/x/../y",
        "/./x",
        "/x/..",
        "/%2e%2e/x",
        "/%2E%2e/x",
        "/.%2e/x",
        "/%2e",
        "/x/%2e%2E",
        "/%252e%252e/x",
        "/%25252525252e./x",
        "/%25%32e%2e/x",
        "/%" + "25" * 9 + "41",
        "/x%2f..%2fy",
        "/x%2F%2e%2e",
        "/x%5c..%5cy",
        "/%5c..",
        "/..;a=b/x",
        "/..%3ba/x",
        "/..%20/x",
        "/%2fhost/x",
        "/%5chost/x",
        "/x\\y",
        "/x%00y",
        "/x%0d%0ay",
        "/x%250ay",
        "/x%7f",
        "/%c0%ae%c0%ae/x",
        "/%ff",
        "/%",
        "/%2",
        "/%zz",
        "/x%3",
        "x{project}",
        None,
    ],
)
def test_a_path_leads_nowhere_but_below_the_service(path: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match="path"):
        ask("GET", path)


@pytest.mark.parametrize(
    "path",
    ["/...", "/x..y", "/.x", "/a%2fb", "/a%252fb", "/100%25", "/a%20b", "/%C3%A9", "/a;b"],
)
def test_a_path_that_is_encoded_is_sent_as_it_is(path: str) -> None:
    _, script = ask("GET", path)
    assert script.requests[0].url == f"https://api.opentok.com{path}"


@pytest.mark.parametrize("method", ["get", "TRACE", "GET ", None])
def test_a_method_is_one_of_five(method: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match="method"):
        ask(method, "/x")


def test_there_is_one_body_at_most() -> None:
    with pytest.raises(errors.InvalidInputError, match="together with json"):
        ask("POST", "/x", json={}, form={})


def test_a_refusal_is_the_same_exception_as_ever() -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        ask("GET", "/x", outcome=Response(404, {}, b'{"message": "No"}'))
    assert (caught.value.message, caught.value.path) == ("No", "/x")


def test_a_body_that_is_not_json_is_reported_without_showing_it() -> None:
    answer, _ = ask("GET", "/x", outcome=Response(200, {}, b"canary"))
    assert answer.body == b"canary"
    assert "canary" not in repr(answer)
    with pytest.raises(errors.ProtocolError, match="not JSON") as caught:
        answer.json()
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None
