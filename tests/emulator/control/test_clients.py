"""Simulated clients, the tokens they join with, and what the service shows of them."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.emulator import (
    APPLICATION,
    NOW,
    OTHER_KEY,
    OTHER_SECRET,
    Api,
    client_token,
    jwt,
    rs256,
    t1_token,
)
from tokbox.emulator import Server
from tokbox.emulator.errors import TokenRejectedError
from tokbox.emulator.simulation.client_tokens import ClientClaims, verify_client_token
from tokbox.emulator.simulation.jwt import InvalidJWTError, parse
from tokbox.emulator.store.accounts import Application, Project
from tokbox.emulator.store.keys import new_private_key, public_key_of

PROJECT = Project("40000123", "example0secret0example0secret0example0sec")
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
#: The documented test vector of a Go library's tokens, made at 1700000100 for a day.
GO_TOKEN = (
    "T1==cGFydG5lcl9pZD00MDAwMDEyMyZzaWc9NjdiNDFiMmMzY2Q4MWJhMzVkMTFkOTM4ODk5NmJiNzg2MjczMDk0"
    "ZDpzZXNzaW9uX2lkPTFfTVg0ME1EQXdNREV5TTM1LU1UY3dNREF3TURBd01ERXlNMzVCWWpOa1JXWkhhRWxxUzJ4"
    "TmJrOXdVWEpUZEZWMlYzaC1VSDUtJmNyZWF0ZV90aW1lPTE3MDAwMDAxMDAmZXhwaXJlX3RpbWU9MTcwMDA4NjUw"
    "MCZyb2xlPXB1Ymxpc2hlciZjb25uZWN0aW9uX2RhdGE9bmFtZSUzRFpvJUMzJUFCKyUyNitDbyUyQythfmIlMkFj"
    "Jm5vbmNlPTEyMzQ1Ng=="
)


def admission_of(token: str, *, now: float = NOW) -> ClientClaims:
    return verify_client_token(token, PROJECT, SESSION, now=now)


def denial_of(token: str, *, now: float = NOW) -> str:
    with pytest.raises(TokenRejectedError) as caught:
        admission_of(token, now=now)
    return str(caught.value)


def make(form: str, **changes: Any) -> str:
    session_id = changes.pop("session_id", SESSION)
    sign = {"T1": t1_token, "JWT": client_token}[form]
    return sign(session_id, **{"key": OTHER_KEY, "secret": OTHER_SECRET, **changes})


BOTH = pytest.mark.parametrize("form", ["T1", "JWT"])


@BOTH
def test_good_token_gives_role_and_data(form: str) -> None:
    token = make(
        form,
        role="moderator",
        connection_data="name=Zoë & Co",
        initial_layout_class_list="focus small",
    )
    assert admission_of(token) == ClientClaims(
        "moderator", "name=Zoë & Co", ("focus", "small")
    )


@BOTH
@pytest.mark.parametrize("role", ["subscriber", "publisher", "publisheronly", "moderator"])
def test_every_role_may_join(form: str, role: str) -> None:
    assert admission_of(make(form, role=role)).role == role


@BOTH
def test_token_without_a_role_is_a_publishers(form: str) -> None:
    assert admission_of(make(form, role=None)).role == "publisher"


@pytest.mark.parametrize(("form", "field"), [("T1", "expire_time"), ("JWT", "exp")])
def test_token_without_an_expiry_lives_a_day(form: str, field: str) -> None:
    token = make(form, **{field: None})
    assert admission_of(token, now=NOW + 86_399)
    assert "expired" in denial_of(token, now=NOW + 86_400)


def test_documented_token_is_accepted_in_its_time() -> None:
    assert (
        admission_of(GO_TOKEN, now=1_700_086_499).connection_data == "name=Zoë & Co, a~b*c"
    )
    assert "expired" in denial_of(GO_TOKEN, now=1_700_086_500)


@pytest.mark.trap(15, 16, 17, 18, 19, 21)
@pytest.mark.parametrize(
    ("claims", "data", "classes"),
    [
        ({"data": None, "expireTime": None}, "", ()),
        ({"data": "d"}, "d", ()),
        ({"connection_data": None}, "", ()),
        ({"initial_layout_class_list": "focus+small"}, "", ("focus", "small")),
        ({"initial_layout_class_list": ["focus", "small"]}, "", ("focus", "small")),
        ({"initial_layout_class_list": ""}, "", ()),
        ({"initial_layout_list": "focus"}, "", ("focus",)),
        ({"nonce": -5, "jti": "x", "create_time": NOW, "sub": "video"}, "", ()),
    ],
)
def test_every_dialect_of_json_web_tokens_is_read(
    claims: dict[str, Any], data: str, classes: tuple[str, ...]
) -> None:
    # Here a null is a null, not an absent claim.
    base = {"iss": OTHER_KEY, "iat": NOW, "session_id": SESSION}
    token = jwt({**base, **claims}, OTHER_SECRET)
    assert admission_of(token) == ClientClaims("publisher", data, classes)


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "wrong"},
        {"key": "40000124"},
        {"session_id": SESSION[:-1] + "9"},
        {"role": "king"},
        {"at": NOW + 61},
        {"at": NOW - 31 * 86_400},
    ],
)
def test_bad_token_is_denied(form: str, changes: dict[str, Any]) -> None:
    assert denial_of(make(form, **changes))


@pytest.mark.parametrize(("form", "field"), [("T1", "expire_time"), ("JWT", "exp")])
def test_token_for_more_than_thirty_days_is_denied(form: str, field: str) -> None:
    assert admission_of(make(form, **{field: NOW + 2_592_000}))
    assert "30 days" in denial_of(make(form, **{field: NOW + 2_592_001}))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "T1==",
        "T1==AAAA",
        "T1==" + "é",
        GO_TOKEN[:-8],
        GO_TOKEN.replace("NmJi", "NmJj"),
        "a.b.c",
        "\udcff" * 3,
        "x" * 100_000,
    ],
)
def test_text_that_is_not_a_token_is_denied(token: str) -> None:
    assert denial_of(token, now=1_700_000_200)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"scope": "other"}, "the scope"),
        ({"scope": ""}, "the scope"),
        ({"ist": "account"}, "the ist"),
        ({"ist": ["project"]}, "the ist"),
        ({"nbf": NOW + 61}, "not valid for another 61 s (its nbf)"),
        ({"nbf": "x"}, "cannot be read"),
        ({"iat": None}, "when it was made"),
        ({"exp": "x"}, "cannot be read"),
        ({"connection_data": ["a"]}, "not a string"),
        ({"data": {"name": "a"}}, "not a string"),
    ],
)
def test_bad_claim_is_denied(claims: dict[str, Any], reason: str) -> None:
    assert reason in denial_of(make("JWT", **claims))


@pytest.mark.parametrize("nbf", [0, NOW, NOW + 60, NOW + 60.0])
def test_token_is_accepted_from_its_nbf_on(nbf: float) -> None:
    assert admission_of(make("JWT", nbf=nbf))


@pytest.mark.parametrize("scope", ["other", ""])
def test_t1_token_of_another_scope_is_denied(scope: str) -> None:
    assert admission_of(make("T1", scope="session.connect"))
    assert "scope" in denial_of(make("T1", scope=scope))


@pytest.mark.parametrize(
    "again", ['"role":"moderator"', r'"r\u006fle":"moderator"', '"x":{"a":1,"a":1}']
)
def test_duplicate_claim_is_denied(again: str) -> None:
    claims = f'"iss":"{OTHER_KEY}","iat":{NOW},"session_id":"{SESSION}","role":"publisher"'
    assert admission_of(jwt(f"{{{claims}}}".encode(), OTHER_SECRET))
    assert "cannot be read" in denial_of(
        jwt(f"{{{claims},{again}}}".encode(), OTHER_SECRET)
    )


def test_duplicate_header_field_is_denied() -> None:
    raw = base64.b64decode(make("T1")[4:])
    doubled = raw.replace(b"partner_id=", b"partner_id=1&partner_id=", 1)
    assert "twice" in denial_of("T1==" + base64.b64encode(doubled).decode())


@pytest.mark.parametrize("number", range(3))
def test_each_part_is_base64url_without_padding(number: int) -> None:
    parts = make("JWT").split(".")
    assert parse(".".join(parts)).claims["session_id"] == SESSION
    parts[number] += "=" * (-len(parts[number]) % 4 or 4)
    with pytest.raises(InvalidJWTError):
        parse(".".join(parts))


def test_signature_has_one_encoding() -> None:
    """Bits that base64 leaves unused are 0 (RFC 4648, section 3.5)."""
    token = make("JWT")
    assert len(token.rpartition(".")[2]) % 4 == 3
    assert "cannot be read" in denial_of(token[:-1] + chr(ord(token[-1]) + 1))


def test_claims_are_not_in_the_other_alphabet() -> None:
    claims = {"iss": OTHER_KEY, "iat": NOW, "session_id": SESSION, "data": "?~>?~>?~>"}
    signed = jwt(claims, OTHER_SECRET).rpartition(".")[0]
    assert "_" in signed
    other = signed.replace("_", "/").replace("-", "+")
    mac = hmac.digest(OTHER_SECRET.encode(), other.encode(), "sha256")
    signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    assert admission_of(jwt(claims, OTHER_SECRET))
    assert "cannot be read" in denial_of(f"{other}.{signature}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_claims_are_utf_8(encoding: str) -> None:
    payload = json.dumps({"iss": OTHER_KEY, "iat": NOW, "session_id": SESSION})
    assert admission_of(jwt(payload.encode(), OTHER_SECRET))
    assert "cannot be read" in denial_of(jwt(payload.encode(encoding), OTHER_SECRET))


def test_denial_does_not_quote_token_or_secret() -> None:
    for token in (GO_TOKEN, make("JWT", at=1)):
        message = denial_of(token)
        assert token[8:40] not in message
        assert PROJECT.secret not in message


# Applications, whose tokens their own key signs.

PEM = new_private_key()
APPLICATION_TENANT = Application(APPLICATION, public_key_of(PEM))


def application_token(**changes: Any) -> str:
    claims = {
        "application_id": APPLICATION,
        "iat": NOW,
        "session_id": SESSION,
        **changes,
    }
    return rs256(
        {name: value for name, value in claims.items() if value is not None},
        changes.pop("pem", PEM),
    )


@pytest.mark.trap(19, 20, 21)
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ClientClaims("publisher", "", ())),
        # One SDK after the other, by what it puts beside the three claims above.
        (
            {
                "role": "moderator",
                "scope": "session.connect",
                "subject": "video",
                "acl": {"paths": {"/session/**": {}}},
                "connection_data": "d",
                "initial_layout_class_list": ["focus", "small"],
                "exp": NOW + 900,
            },
            ClientClaims("moderator", "d", ("focus", "small")),
        ),
        (
            {"sub": "video", "role": "subscriber", "initial_layout_class_list": ""},
            ClientClaims("subscriber", "", ()),
        ),
        (
            {"data": "d", "initial_layout_class_list": "a b"},
            ClientClaims("publisher", "d", ("a", "b")),
        ),
        (
            {"nonce": -7, "jti": "AAA=", "role": "publisher"},
            ClientClaims("publisher", "", ()),
        ),
    ],
)
def test_every_dialect_of_applications_is_read(
    claims: dict[str, Any], expected: ClientClaims
) -> None:
    token = application_token(**claims)
    assert verify_client_token(token, APPLICATION_TENANT, SESSION, now=NOW) == expected


@pytest.mark.parametrize(
    "token",
    [
        application_token(session_id="x"),
        application_token(application_id=OTHER_KEY),
        application_token(application_id=None),
        application_token(iat=NOW - 86_400),
        application_token(exp=NOW + 31 * 86_400),
        application_token(nbf=NOW + 61),
        application_token(scope="other"),
        application_token(ist="account"),
        rs256(
            {"application_id": APPLICATION, "iat": NOW, "session_id": SESSION},
            new_private_key(),
        ),
        jwt({"application_id": APPLICATION, "iat": NOW, "session_id": SESSION}),
        GO_TOKEN,
    ],
)
def test_bad_token_for_an_application_is_denied(token: str) -> None:
    with pytest.raises(TokenRejectedError):
        verify_client_token(token, APPLICATION_TENANT, SESSION, now=NOW)


def test_key_of_an_application_does_not_sign_for_a_project() -> None:
    token = rs256({"iss": OTHER_KEY, "iat": NOW, "session_id": SESSION}, PEM)
    assert "signature" in denial_of(token)


def test_client_of_an_application_joins(application: Api) -> None:
    session_id = application.create_session()
    joined = application.join(session_id)
    items = application.project("GET", f"/session/{session_id}/stream").json()["items"]
    assert [item["id"] for item in items] == [joined["streamId"]]


def test_tokens_of_the_other_environment_are_refused(
    api: Api, application: Api, session_id: str
) -> None:
    token = application.token(session_id)
    assert api.join_with(session_id, token).json()["code"] == 1004
    theirs = application.create_session()
    assert application.join_with(theirs, t1_token(theirs)).json()["code"] == 1004


# Joining and leaving.


@BOTH
def test_client_joins_and_publishes(api: Api, session_id: str, form: str) -> None:
    sign = {"T1": t1_token, "JWT": client_token}[form]
    answer = api.join_with(session_id, sign(session_id), publish=True)
    assert answer.status == 201
    assert set(answer.json()) == {"connectionId", "streamId"}
    assert all(uuid.UUID(value) for value in answer.json().values())


def test_client_that_does_not_publish_has_no_stream(api: Api, session_id: str) -> None:
    assert api.join(session_id, publish=False)["streamId"] is None


@pytest.mark.trap(8)
def test_one_token_admits_many_clients(api: Api, session_id: str) -> None:
    token = t1_token(session_id)
    ids = {api.join_with(session_id, token).json()["connectionId"] for _ in range(3)}
    assert len(ids) == 3


@BOTH
def test_refused_token_gets_the_error_of_the_service(
    api: Api, session_id: str, form: str
) -> None:
    sign = {"T1": t1_token, "JWT": client_token}[form]
    answer = api.join_with(session_id, sign(session_id, secret="wrong"))
    assert (answer.status, answer.json()["code"]) == (403, 1004)
    why = {"T1": "signed with another key", "JWT": "its signature is wrong"}[form]
    assert why in answer.json()["message"]


def test_token_of_another_session_is_refused(api: Api, session_id: str) -> None:
    answer = api.join_with(session_id, t1_token(api.create_session()))
    assert (answer.status, answer.json()["code"]) == (403, 1004)


def test_token_expires_by_the_emulated_clock(api: Api, session_id: str) -> None:
    token = t1_token(session_id)
    api.advance(86_400)
    answer = api.join_with(session_id, token)
    assert answer.json()["message"] == "the token expired 0 s ago"


def test_subscriber_may_not_publish_and_does_not_stay(api: Api, session_id: str) -> None:
    token = t1_token(session_id, role="subscriber")
    answer = api.join_with(session_id, token, publish=True)
    assert (answer.status, answer.json()["code"]) == (403, 1004)
    assert "subscriber" in answer.json()["message"]
    # Nobody has ever joined, so the session is still unknown.
    assert api.project("GET", f"/session/{session_id}/connection").status == 404


def test_connected_subscriber_may_not_publish_either(api: Api, session_id: str) -> None:
    joined = api.join(session_id, publish=False, role="subscriber")
    path = f"/_emulator/session/{session_id}/connection/{joined['connectionId']}/stream"
    assert api.request("POST", path).status == 403


def test_unknown_session_is_not_found(api: Api) -> None:
    assert api.join_with(SESSION, t1_token(SESSION)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": 7},
        {"token": None},
        {"token": "x", "publish": "yes"},
        {"token": "x", "name": 1},
        {"token": "x", "videoType": "radio"},
        [],
        b"",
        b'{"token": "\\ud800"}',
    ],
)
def test_malformed_request_to_join_is_refused(
    api: Api, session_id: str, body: object
) -> None:
    path = f"/_emulator/session/{session_id}/connection"
    assert api.request("POST", path, body).status == 400


@pytest.mark.parametrize(
    ("method", "rest"),
    [("DELETE", ""), ("POST", "/stream"), ("DELETE", "/stream"), ("DELETE", "/stream/x")],
)
def test_unknown_connection_is_not_found(
    api: Api, session_id: str, method: str, rest: str
) -> None:
    path = f"/_emulator/session/{session_id}/connection/nobody{rest}"
    assert api.request(method, path).status == 404


def test_stream_of_another_client_cannot_be_unpublished(api: Api, session_id: str) -> None:
    one, two = api.join(session_id), api.join(session_id)
    path = f"/_emulator/session/{session_id}/connection/{one['connectionId']}/stream"
    assert api.request("DELETE", f"{path}/{two['streamId']}").status == 404
    assert api.request("DELETE", f"{path}/{one['streamId']}").status == 204


def test_client_unpublishes_all_its_streams(api: Api, session_id: str) -> None:
    one, two = api.join(session_id), api.join(session_id)
    path = f"/_emulator/session/{session_id}/connection/{one['connectionId']}/stream"
    api.request("POST", path, {"videoType": "screen"})
    assert api.request("DELETE", path).status == 204
    (left,) = api.project("GET", f"/session/{session_id}/stream").json()["items"]
    assert left["id"] == two["streamId"]


def steps(server: Server, call: Callable[[], object]) -> int:
    """Return how many instructions SQLite carries out for a call."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    store = server._emulator.store
    with store.transaction():
        store.db.set_progress_handler(count, 1)
    call()
    with store.transaction():
        store.db.set_progress_handler(None, 1)
    return counted


@pytest.mark.parametrize("mode", ["manual", "always"])
def test_the_work_of_joining_and_leaving_does_not_grow_with_the_session(
    server: Server, api: Api, mode: str
) -> None:
    session_id = api.create_session(archiveMode=mode)
    joined = [api.join(session_id)]
    api.start("broadcast", session_id, outputs={"hls": {}})
    before = steps(server, lambda: joined.append(api.join(session_id)))
    joined += [api.join(session_id) for _ in range(60)]
    after = steps(server, lambda: joined.append(api.join(session_id)))
    assert after < before * 1.3
    left = steps(server, lambda: api.leave(session_id, joined[1]))
    for each in joined[2:-2]:
        api.leave(session_id, each)
    assert left < steps(server, lambda: api.leave(session_id, joined[-1])) * 1.3
