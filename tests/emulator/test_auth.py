"""The credentials of REST calls."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ET

import pytest

from tests.emulator.support import (
    KEY,
    NOW,
    OTHER_KEY,
    SECRET,
    Api,
    credentials,
    jwt,
)
from tokbox.emulator.auth import authenticate
from tokbox.emulator.replies import Refusal
from tokbox.emulator.tenants import Project, make_projects

PROJECTS = make_projects({KEY: SECRET})


def refusal_of(header: str | None, *, now: float = NOW, strict: bool = False) -> str:
    with pytest.raises(Refusal) as caught:
        authenticate(header, PROJECTS, now=now, strict=strict)
    assert (caught.value.status, caught.value.code) == (403, -1)
    return caught.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ist": None},
        {"jti": None},
        {"jti": "0.8312"},
        {"exp": NOW + 2 * 86_400},
        {"iat": NOW + 5},
        {"exp": NOW - 4},
        {"iat": NOW - 300.5, "exp": NOW + 0.5},
    ],
)
def test_what_sdks_send_is_accepted(changes: dict[str, object]) -> None:
    assert authenticate(credentials(**changes), PROJECTS, now=NOW).api_key == KEY


def test_unknown_issuer_is_the_recorded_answer(api: Api) -> None:
    answer = Api(api.url, "40009999", SECRET).project("GET", "/archive")
    assert answer.status == 403
    assert answer.json() == {
        "code": -1,
        "message": "Issuer not found",
        "description": "Issuer not found",
    }


def test_unknown_issuer_in_xml_is_the_recorded_answer(api: Api) -> None:
    answer = Api(api.url, "40009999", SECRET).project(
        "GET", "/archive", headers={"Accept": "*/*"}
    )
    assert (answer.status, answer.headers["Content-Type"]) == (403, "application/xml")
    root = ET.fromstring(answer.body)
    assert root.tag == "errorPayload"
    assert [(child.tag, child.text) for child in root] == [
        ("code", "-1"),
        ("message", "Issuer not found"),
        ("description", "Issuer not found"),
    ]


def test_another_projects_path_is_the_recorded_answer(api: Api) -> None:
    answer = api.request("GET", f"/v2/project/{OTHER_KEY}/archive")
    assert answer.status == 403
    assert answer.json()["message"] == "Id in the token does not match the one in the url"


def test_credentials_come_before_everything_else(api: Api) -> None:
    answer = api.project("GET", "/archive/nothing", headers={"X-OPENTOK-AUTH": "x"})
    assert answer.status == 403


def test_some_endpoints_answer_json_errors_to_anyone(api: Api) -> None:
    answer = api.project("PUT", "/archive/x/layout", {}, headers={"Accept": "*/*"})
    assert answer.json()["message"] == "Archive not found"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "x",
        "a.b.c",
        "T1==cGFydG5lcl9pZA==",
        "é.é.é",
        jwt([]),
        jwt(b"{"),
        jwt(b"[" * 100_000),
        jwt({"iss": None}),
        jwt({"iss": ["12345678"]}),
        jwt({"iss": {}}),
    ],
)
def test_what_is_no_token_is_refused(header: str | None) -> None:
    assert refusal_of(header)


def test_wrong_secret_is_refused() -> None:
    assert "signature" in refusal_of(credentials(secret="devsecreT"))


def test_altered_claims_are_refused() -> None:
    head, _, mac = credentials().split(".")
    forged = credentials(secret="x", exp=NOW + 9999).split(".")[1]
    assert "signature" in refusal_of(f"{head}.{forged}.{mac}")


@pytest.mark.parametrize("algorithm", ["none", "HS512", "RS256", "", None])
def test_no_other_algorithm_is_accepted(algorithm: str | None) -> None:
    claims = {"iss": KEY, "iat": NOW, "exp": NOW + 180}
    assert "signature" in refusal_of(jwt(claims, header={"typ": "JWT", "alg": algorithm}))


@pytest.mark.parametrize("name", ["iat", "exp"])
def test_missing_time_is_refused(name: str) -> None:
    assert "required" in refusal_of(credentials(**{name: None}))


@pytest.mark.parametrize("value", ["soon", True, [], {}])
def test_time_that_is_no_number_is_refused(value: object) -> None:
    assert refusal_of(credentials(exp=value))


@pytest.mark.parametrize(
    "literal", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 4000]
)
def test_time_that_no_clock_reads_is_refused(literal: bytes) -> None:
    assert refusal_of(jwt(b'{"iss":"12345678","iat":1,"exp":' + literal + b"}"))


def test_expired_credentials_are_refused() -> None:
    assert "expired" in refusal_of(credentials(), now=NOW + 180 + 5)


def test_clock_ahead_of_the_services_is_named() -> None:
    message = refusal_of(credentials(), now=NOW - 6)
    assert "issued time cannot be greater than the current time" in message


def test_account_credentials_do_not_open_a_project() -> None:
    assert "ist" in refusal_of(credentials(ist="account"))


def test_lifetime_is_limited_only_when_strict() -> None:
    longest, too_long = credentials(exp=NOW + 300), credentials(exp=NOW + 301)
    assert authenticate(longest, PROJECTS, now=NOW, strict=True)
    assert authenticate(too_long, PROJECTS, now=NOW)
    assert "300 seconds" in refusal_of(too_long, strict=True)


def test_credentials_follow_the_real_clock(api: Api) -> None:
    api.advance(30 * 86_400)
    assert api.project("GET", "/archive").status == 200


def test_project_hides_its_secret() -> None:
    project = Project(KEY, SECRET)
    assert SECRET not in repr(project)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(project)
