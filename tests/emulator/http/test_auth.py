"""The credentials of REST calls."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ET

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.emulator import (
    ACCOUNT,
    APPLICATION,
    KEY,
    NOW,
    OTHER_KEY,
    SECRET,
    Answer,
    Api,
    application_credentials,
    credentials,
    jwt,
    rs256,
)
from tokbox.emulator.errors import HTTPError
from tokbox.emulator.http.auth import authenticate
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.store.accounts import Account, Accounts, Project
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.keys import new_private_key, public_key_of


def accounts() -> Accounts:
    found = Accounts(Store(), {KEY: SECRET})
    found.register(NOW * 1000)
    return found


ACCOUNTS = accounts()
RULES = {False: Rules(), True: Rules.strict()}


def accept(header: str | None, *, now: float = NOW, strict: bool = False) -> str:
    headers = {} if header is None else {"x-opentok-auth": header}
    return authenticate(headers, ACCOUNTS, now=now, rules=RULES[strict]).id


def refusal_of(header: str | None, *, now: float = NOW, strict: bool = False) -> str:
    with pytest.raises(HTTPError) as caught:
        accept(header, now=now, strict=strict)
    assert (caught.value.status, caught.value.code) == (403, -1)
    return caught.value.message


@pytest.mark.trap(1, 2, 3, 4)
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
        {"nbf": NOW + 5},
        {"nbf": 0},
    ],
)
def test_requests_of_sdks_are_accepted(changes: dict[str, object]) -> None:
    assert accept(credentials(**changes)) == KEY


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
def test_an_invalid_token_is_refused(header: str | None) -> None:
    assert refusal_of(header)


def test_wrong_secret_is_refused() -> None:
    assert "signature" in refusal_of(credentials(secret="devsecreT"))


def test_altered_claims_are_refused() -> None:
    head, _, mac = credentials().split(".")
    forged = credentials(secret="x", exp=NOW + 9999).split(".")[1]
    assert "signature" in refusal_of(f"{head}.{forged}.{mac}")


@pytest.mark.parametrize("algorithm", ["none", "HS512", "ES256", "", None])
def test_no_other_algorithm_is_accepted(algorithm: str | None) -> None:
    claims = {"iss": KEY, "iat": NOW, "exp": NOW + 180}
    assert "signature" in refusal_of(jwt(claims, header={"typ": "JWT", "alg": algorithm}))


@pytest.mark.parametrize("name", ["iat", "exp"])
def test_missing_time_is_refused(name: str) -> None:
    assert "required" in refusal_of(credentials(**{name: None}))


@pytest.mark.parametrize("value", ["soon", True, [], {}])
def test_time_that_is_not_a_number_is_refused(value: object) -> None:
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


def test_credentials_are_refused_before_their_nbf() -> None:
    assert "nbf cannot be greater" in refusal_of(credentials(nbf=NOW + 6))
    assert "cannot be read" in refusal_of(credentials(nbf="soon"))


def test_token_of_a_client_opens_no_project() -> None:
    assert "is for client tokens" in refusal_of(credentials(scope="session.connect"))


def test_duplicate_claim_is_refused() -> None:
    claims = f'"iat":{NOW},"exp":{NOW + 180}'
    assert accept(jwt(f'{{"iss":"{KEY}",{claims}}}'.encode())) == KEY
    for payload in (
        f'{{"iss":"1","iss":"{KEY}",{claims}}}',
        f'{{"iss":"{KEY}",{claims},"exp":{NOW + 60}}}',
    ):
        assert "cannot be read" in refusal_of(jwt(payload.encode()))


def test_account_credentials_do_not_open_a_project() -> None:
    assert "ist" in refusal_of(credentials(ist="account"))


def test_lifetime_is_limited_only_when_strict() -> None:
    longest, too_long = credentials(exp=NOW + 300), credentials(exp=NOW + 301)
    assert accept(longest, strict=True)
    assert accept(too_long)
    assert "300 seconds" in refusal_of(too_long, strict=True)


def test_credentials_follow_the_real_clock(api: Api) -> None:
    api.advance(30 * 86_400)
    assert api.project("GET", "/archive").status == 200


@pytest.mark.parametrize("holder", [Project(KEY, SECRET), Account(ACCOUNT, SECRET)])
def test_secrets_are_not_shown_or_pickled(holder: object) -> None:
    assert SECRET not in repr(holder)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(holder)


# The secret itself, as very old clients send it.


def partner(value: str, rules: Rules | None = None) -> str:
    headers = {"x-tb-partner-auth": value}
    return authenticate(headers, ACCOUNTS, now=NOW, rules=rules or Rules()).id


def test_key_and_secret_are_accepted_as_they_are(api: Api) -> None:
    headers = {"X-OPENTOK-AUTH": None, "X-TB-PARTNER-AUTH": f"{KEY}:{SECRET}"}
    assert api.project("GET", "/archive", headers=headers).status == 200


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (f"{KEY}:devsecreT", "wrong"),
        (f"{KEY}:", "wrong"),
        (KEY, "wrong"),
        (f"{KEY}:\u00e9", "wrong"),
        ("", "Issuer not found"),
        (f"40009999:{SECRET}", "Issuer not found"),
    ],
)
def test_bad_key_and_secret_are_refused(value: str, message: str) -> None:
    with pytest.raises(HTTPError, match=message) as caught:
        partner(value)
    assert (caught.value.status, caught.value.code) == (403, -1)
    assert SECRET not in str(caught.value)


def test_rule_refuses_the_secret_itself() -> None:
    with pytest.raises(HTTPError, match="No X-OPENTOK-AUTH header"):
        partner(f"{KEY}:{SECRET}", Rules(refuse_partner_auth=True))


# Applications.


def ask(application: Api, headers: dict[str, str | None]) -> Answer:
    return application.project(
        "GET", "/archive", headers={"Authorization": None, **headers}
    )


def test_application_signs_a_bearer_token(application: Api) -> None:
    assert application.project("GET", "/archive").status == 200


def test_scheme_of_the_header_is_in_any_case(application: Api) -> None:
    token = application_credentials(application.pem or "")
    assert ask(application, {"Authorization": f"bearer  {token}"}).status == 200


@pytest.mark.trap(5)
def test_applications_token_in_the_other_header_is_understood(application: Api) -> None:
    token = application_credentials(application.pem or "")
    assert ask(application, {"X-OPENTOK-AUTH": token}).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"jti": None},
        {"exp": NOW + 7 * 86_400},
        {"ist": "project", "iss": APPLICATION},
        {"sub": "x", "acl": {"paths": {}}},
    ],
)
def test_requests_of_application_sdks_are_accepted(
    application: Api, changes: dict[str, object]
) -> None:
    token = application_credentials(application.pem or "", **changes)
    assert ask(application, {"Authorization": f"Bearer {token}"}).status == 200


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"application_id": "11111111-0000-4000-8000-000000000000"}, "unknown"),
        ({"application_id": 7}, "unknown"),
        ({"application_id": None}, "unknown"),
        ({"iat": None}, "iat"),
        ({"iat": "x"}, "cannot be read"),
        ({"iat": NOW + 60}, "issued time"),
        ({"exp": NOW - 6}, "expired"),
        ({"nbf": NOW + 60}, "nbf"),
        ({"scope": "session.connect"}, "client tokens"),
        ({"iat": NOW - 906, "exp": None}, "expired"),
    ],
)
def test_bad_bearer_token_is_a_problem_of_its_own(
    application: Api, changes: dict[str, object], detail: str
) -> None:
    token = application_credentials(application.pem or "", **changes)
    answer = ask(application, {"Authorization": f"Bearer {token}", "Accept": "*/*"})
    assert answer.status == 401
    problem = answer.json()
    assert set(problem) == {"type", "title", "detail", "instance"}
    assert detail in problem["detail"]


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer a.b.c", "Bearer é"])
def test_bearer_of_nothing_is_refused(application: Api, header: str) -> None:
    assert ask(application, {"Authorization": header}).status == 401


def test_another_key_is_refused(application: Api) -> None:
    token = application_credentials(new_private_key())
    answer = ask(application, {"Authorization": f"Bearer {token}"})
    assert "signature" in answer.json()["detail"]


def test_algorithm_is_the_keys_and_not_the_tokens(application: Api) -> None:
    # The public key as if it were a secret: the old trick.
    pem = (
        public_key_of(application.pem or "")
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    claims = {"application_id": APPLICATION, "iat": NOW, "exp": NOW + 9}
    tokens = [jwt(claims, pem), jwt(claims, header={"alg": "none"})]
    tokens.append(rs256(claims, application.pem or "", algorithm="RS512"))
    for token in tokens:
        assert ask(application, {"Authorization": f"Bearer {token}"}).status == 401


def test_secret_of_a_project_does_not_open_an_application(application: Api) -> None:
    answer = ask(application, {"X-OPENTOK-AUTH": credentials()})
    assert answer.status == 403
    assert answer.json()["message"] == "Id in the token does not match the one in the url"


def test_application_whose_key_was_never_read_is_closed() -> None:
    token = application_credentials(new_private_key())
    with pytest.raises(HTTPError) as caught:
        authenticate(
            {"authorization": f"Bearer {token}"}, ACCOUNTS, now=NOW, rules=RULES[False]
        )
    assert caught.value.status == 401


def test_lifetime_of_an_applications_token_is_limited_only_when_strict() -> None:
    known = accounts()
    pem = known.private_key()
    token = application_credentials(pem, exp=NOW + 86_401)
    headers = {"authorization": f"Bearer {token}"}
    found = authenticate(headers, known, now=NOW, rules=RULES[False])
    assert found.id == APPLICATION
    with pytest.raises(HTTPError, match="86400 seconds"):
        authenticate(headers, known, now=NOW, rules=RULES[True])
