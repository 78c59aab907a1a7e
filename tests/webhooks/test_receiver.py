"""Verifying signed callbacks: which are accepted, and each reason for a refusal."""

from __future__ import annotations

import base64
import copy
import hashlib
import http.client
import json
import math
import pickle
from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers as StarletteHeaders
from urllib3 import HTTPHeaderDict

from tests.support.emulator import jwt
from tests.support.lookalikes import ArrayOfNoDimensions, Index, bool_
from tests.support.payloads import APPLICATION, ARCHIVE
from tests.support.sizes import size
from tokbox.errors import (
    InvalidInputError,
    MalformedWebhookError,
    UnverifiedWebhookError,
    WebhookError,
)
from tokbox.webhooks import MAX_AGE, ArchiveChanged, Claims, Receiver, UnknownEvent

SECRET = "canary0signature0secret"
OLD_SECRET = "canary0older0secret"
NOW = 1_700_000_000
BODY = json.dumps(ARCHIVE).encode()


def claims(body: bytes = BODY, **changes: object) -> dict[str, Any]:
    """The claims of the platform's documentation; a change to ``None`` leaves one out."""
    said = {
        "iat": NOW,
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "a1b2c3d",
        "application_id": APPLICATION,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(
    body: bytes = BODY,
    secret: str = SECRET,
    header: dict[str, Any] | None = None,
    **changes: object,
) -> dict[str, str]:
    """The headers of a signed callback."""
    token = jwt(claims(body, **changes), secret, header=header)
    return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(SECRET)


def refusal(
    receiver: Receiver, headers: Any, body: bytes = BODY, now: float = NOW
) -> UnverifiedWebhookError:
    with pytest.raises(UnverifiedWebhookError) as caught:
        receiver.receive(headers, body, now=now)
    with pytest.raises(UnverifiedWebhookError) as again:
        receiver.verify(headers, body, now=now)
    assert again.value.reason == caught.value.reason
    assert SECRET not in str(caught.value)
    return caught.value


# What holds.


def test_a_signed_callback_becomes_its_event(receiver: Receiver) -> None:
    event = receiver.receive(signed(), BODY, now=NOW)
    assert isinstance(event, ArchiveChanged)
    assert event.archive.id == ARCHIVE["id"]


def test_the_claims_can_be_read(receiver: Receiver) -> None:
    found = receiver.verify(signed(mood="good"), BODY, now=NOW)
    assert found == Claims(
        issuer="Vonage",
        issue_time=NOW,
        token_id="c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        payload_hash=hashlib.sha256(BODY).hexdigest(),
        api_key="a1b2c3d",
        application_id=APPLICATION,
        unknown=found.unknown,
    )
    assert dict(found.unknown) == {"mood": "good"}


def test_the_clock_is_asked_if_no_time_is_given(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    assert receiver.receive(signed(), BODY)
    assert refusal(receiver, signed(), now=NOW + MAX_AGE + 1).reason == "too_old"


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(k.lower().encode(), v.encode()) for k, v in headers.items()]


def message(headers: dict[str, str], kind: type[Message] = Message) -> Message:
    found = kind()
    for name, value in headers.items():
        found[name] = value
    return found


FORMS: dict[str, Callable[[dict[str, str]], Any]] = {
    "dict": dict,
    "lower case": lambda headers: {k.lower(): v for k, v in headers.items()},
    "upper case": lambda headers: {k.upper(): v for k, v in headers.items()},
    "pairs": lambda headers: list(headers.items()),
    "ASGI": raw,
    "lists of values": lambda headers: {k: [v] for k, v in headers.items()},
    "tuples of bytes": lambda headers: {
        k.encode(): (v.encode(),) for k, v in headers.items()
    },
    "lists as pairs": lambda headers: [
        [k, bytearray(v.encode())] for k, v in headers.items()
    ],
    "view": lambda headers: headers.items(),
    "Starlette": lambda headers: StarletteHeaders(raw=raw(headers)),
    "urllib3": HTTPHeaderDict,
    "email": message,
    "http.client": lambda headers: message(headers, http.client.HTTPMessage),
    "WSGI": lambda headers: {
        "CONTENT_TYPE": headers["Content-Type"],
        "HTTP_AUTHORIZATION": headers.get("Authorization", ""),
        "wsgi.input": object(),
        "wsgi.version": (1, 0),
    },
}


@pytest.mark.parametrize("form", list(FORMS))
def test_headers_come_in_the_form_of_any_framework(receiver: Receiver, form: str) -> None:
    assert receiver.receive(FORMS[form](signed()), BODY, now=NOW)
    assert refusal(receiver, FORMS[form](signed(secret="x"))).reason == "bad_signature"


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   ", "  Bearer "])
def test_the_scheme_has_no_case(receiver: Receiver, scheme: str) -> None:
    value = signed()["Authorization"].replace("Bearer ", scheme)
    assert receiver.receive({"Authorization": value}, BODY, now=NOW)


@pytest.mark.parametrize("secrets", [(SECRET, OLD_SECRET), (OLD_SECRET, SECRET)])
def test_several_secrets_are_accepted_while_they_rotate(secrets: tuple[str, str]) -> None:
    receiver = Receiver(*secrets)
    for secret in secrets:
        assert receiver.receive(signed(secret=secret), BODY, now=NOW)
    error = refusal(receiver, signed(secret="third"))
    assert error.reason == "bad_signature"
    assert str(error).endswith("signed with none of these 2 secrets")


@pytest.mark.parametrize("secret", ["s", "a" * 500])
def test_a_secret_may_have_any_length(secret: str) -> None:
    assert Receiver(secret).receive(signed(secret=secret), BODY, now=NOW)


def test_a_hash_has_no_case(receiver: Receiver) -> None:
    headers = signed(payload_hash=hashlib.sha256(BODY).hexdigest().upper())
    assert receiver.receive(headers, BODY, now=NOW)


def test_a_body_that_is_signed_and_new_is_an_event_that_is_not_known(
    receiver: Receiver,
) -> None:
    body = b'{"event":"streamPaused"}'
    event = receiver.receive(signed(body), body, now=NOW)
    assert type(event) is UnknownEvent


# Refused callbacks.


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "application/json"}, {"X-Authorization": "Bearer x"}]
)
def test_without_a_header_it_is_not_signed(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    assert refusal(receiver, headers).reason == "missing_header"


def cut(value: str, part: int, text: str) -> str:
    """Put *text* in place of one part of a token."""
    scheme, token = value.split(" ")
    parts = token.split(".")
    parts[part] = text
    return f"{scheme} {'.'.join(parts)}"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        signed()["Authorization"].removeprefix("Bearer "),
        signed()["Authorization"].rpartition(".")[0],
        signed()["Authorization"] + ".x",
        signed()["Authorization"][:-4],
        signed()["Authorization"] + ", " + signed()["Authorization"],
        cut(signed()["Authorization"], 0, "e30*"),
        "Bearer " + jwt(b"[]", SECRET),
        "Bearer " + jwt(b'{"iat": 1, "iat": 2}', SECRET),
        "Bearer " + jwt(b'{"iat": 1, "x": {"a": 1, "\\u0061": 2}}', SECRET),
        cut(signed()["Authorization"], 2, ""),
        signed()["Authorization"] + "=",
        signed()["Authorization"][:-1] + chr(ord(signed()["Authorization"][-1]) + 1),
        "Bearer " + "e" * 70_000,
        "Bearer \ud800.\ud800.\ud800",
        ["Bearer x"],
        None,
    ],
    ids=lambda value: repr(value)[:24],
)
def test_text_that_is_not_a_bearer_token_is_malformed(
    receiver: Receiver, value: Any
) -> None:
    assert refusal(receiver, {"Authorization": value}).reason == "malformed"


def test_two_headers_that_differ_are_malformed(receiver: Receiver) -> None:
    good = signed()["Authorization"]
    for headers in (
        [("Authorization", good), ("authorization", "Bearer x")],
        [("authorization", "Bearer x"), ("Authorization", good)],
        {"Authorization": good, "HTTP_AUTHORIZATION": "Basic x"},
        {"Authorization": [good, "Bearer x"]},
        {"Authorization": good, "authorization": None},
    ):
        assert refusal(receiver, headers).reason == "malformed"


def test_the_same_header_twice_is_one(receiver: Receiver) -> None:
    good = signed()["Authorization"]
    for headers in (
        [("Authorization", good), ("authorization", good)],
        {"Authorization": good, "HTTP_AUTHORIZATION": f" {good}"},
        {"authorization": [good, good]},
        [(b"authorization", good.encode()), (b"Authorization", good.encode())],
    ):
        assert receiver.receive(headers, BODY, now=NOW)


@pytest.mark.parametrize("headers", [{"Authorization": []}, {"Authorization": ()}, [], ()])
def test_a_header_without_values_is_missing(receiver: Receiver, headers: Any) -> None:
    assert refusal(receiver, headers).reason == "missing_header"


@pytest.mark.parametrize(
    "headers",
    [
        None,
        5,
        True,
        "Authorization: Bearer x",
        "",
        b"authorization",
        bytearray(b"authorization"),
        memoryview(b"authorization"),
        object(),
        dict,
        ["Authorization", "Bearer x"],
        ["ab"],
        [b"ab"],
        [("Authorization",)],
        [("Authorization", "Bearer x", "y")],
        [None],
        {"Authorization"},
    ],
    ids=lambda value: repr(value)[:24].partition(" at 0x")[0],
)
def test_an_object_that_is_not_headers_is_refused_by_name(
    receiver: Receiver, headers: Any
) -> None:
    for call in (receiver.receive, receiver.verify):
        with pytest.raises(InvalidInputError, match="headers must be") as caught:
            call(headers, BODY, now=NOW)
        assert (caught.value.field, caught.value.value) == ("headers", None)
        assert "Bearer" not in str(caught.value)


@pytest.mark.parametrize("now", ["5", True, float("nan"), float("inf"), b"1", [NOW]])
def test_an_invalid_time_is_refused_by_name(receiver: Receiver, now: Any) -> None:
    with pytest.raises(InvalidInputError, match="now must be"):
        receiver.receive(signed(), BODY, now=now)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "ES256", "", 7])
def test_the_algorithm_is_not_the_token_s_choice(
    receiver: Receiver, algorithm: object
) -> None:
    headers = signed(header={"typ": "JWT", "alg": algorithm})
    assert refusal(receiver, headers).reason == "wrong_algorithm"


def test_a_token_of_an_application_is_not_a_signature_of_the_service(
    receiver: Receiver,
) -> None:
    value = signed(header={"typ": "JWT", "alg": "RS256"})["Authorization"]
    signature = base64.urlsafe_b64encode(b"x" * 256).rstrip(b"=").decode()
    headers = {"Authorization": cut(value, 2, signature)}
    assert refusal(receiver, headers).reason == "wrong_algorithm"


@pytest.mark.parametrize(
    "header", [{"alg": "HS256", "crit": ["b64"]}, {"alg": "HS256", "b64": False}]
)
def test_a_header_that_must_be_understood_is_refused(
    receiver: Receiver, header: dict[str, Any]
) -> None:
    assert refusal(receiver, signed(header=header)).reason == "malformed"


def test_another_secret_is_refused(receiver: Receiver) -> None:
    assert refusal(receiver, signed(secret=SECRET + "x")).reason == "bad_signature"


def test_claims_that_were_altered_are_refused(receiver: Receiver) -> None:
    other = signed(iat=NOW + 1)["Authorization"].split(".")[1]
    headers = {"Authorization": cut(signed()["Authorization"], 1, other)}
    assert refusal(receiver, headers).reason == "bad_signature"


@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], b"", BODY.swapcase()])
def test_a_body_that_was_altered_is_refused(receiver: Receiver, body: bytes) -> None:
    assert refusal(receiver, signed(), body).reason == "altered"


@pytest.mark.parametrize("given", [None, "", ["a"], True])
def test_a_signature_of_no_body_is_refused(receiver: Receiver, given: object) -> None:
    assert refusal(receiver, signed(payload_hash=given)).reason == "no_payload_hash"


@pytest.mark.parametrize("given", ["0" * 64, "ü", "\ud800", 7])
def test_an_invalid_hash_is_reported_as_altered(receiver: Receiver, given: object) -> None:
    assert refusal(receiver, signed(payload_hash=given)).reason == "altered"


@pytest.mark.parametrize("late", [0, 1, MAX_AGE])
def test_a_callback_is_valid_for_five_minutes_in_both_directions(
    receiver: Receiver, late: int
) -> None:
    assert receiver.receive(signed(), BODY, now=NOW + late)
    assert receiver.receive(signed(), BODY, now=NOW - late)


def test_it_is_too_old_after_that_and_too_early_before(receiver: Receiver) -> None:
    old = refusal(receiver, signed(), now=NOW + MAX_AGE + 1)
    assert (old.reason, "signed 301 s ago" in str(old)) == ("too_old", True)
    early = refusal(receiver, signed(), now=NOW - MAX_AGE - 1)
    assert (early.reason, "301 s in the future" in str(early)) == ("from_the_future", True)


def test_both_windows_can_be_chosen() -> None:
    receiver = Receiver(SECRET, max_age=3600, leeway=0)
    assert receiver.receive(signed(), BODY, now=NOW + 3600)
    assert receiver.receive(signed(), BODY, now=NOW)
    assert refusal(receiver, signed(), now=NOW + 3601).reason == "too_old"
    assert refusal(receiver, signed(), now=NOW - 1).reason == "from_the_future"


def test_times_may_be_numbers_of_any_kind() -> None:
    window: Any = Index(3600)
    receiver = Receiver(SECRET, max_age=window, leeway=window)
    for now in (Index(NOW), float(NOW), NOW):
        assert receiver.receive(signed(), BODY, now=now)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [True, bool_(1), ArrayOfNoDimensions(NOW), "1", math.nan])
def test_an_invalid_number_of_seconds_is_refused(receiver: Receiver, wrong: Any) -> None:
    with pytest.raises(InvalidInputError, match="now must be seconds since the epoch"):
        receiver.receive(signed(), BODY, now=wrong)
    for option in ("max_age", "leeway"):
        with pytest.raises(
            InvalidInputError, match=f"{option} must be a number of seconds"
        ):
            Receiver(SECRET, **{option: wrong})


def test_an_end_and_a_beginning_are_kept_if_there_are_any() -> None:
    receiver = Receiver(SECRET, leeway=10)
    assert receiver.receive(signed(exp=NOW + 20, nbf=NOW), BODY, now=NOW + 30)
    assert refusal(receiver, signed(exp=NOW + 20), now=NOW + 31).reason == "too_old"
    assert receiver.receive(signed(nbf=NOW + 20), BODY, now=NOW + 10)
    early = refusal(receiver, signed(nbf=NOW + 20), now=NOW + 9)
    assert early.reason == "from_the_future"


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["1700000000", True, -1, 10**30, 1e300, [NOW]])
def test_an_invalid_time_is_malformed(receiver: Receiver, name: str, value: object) -> None:
    assert refusal(receiver, signed(**{name: value})).reason == "malformed"


def test_without_a_time_it_is_malformed(receiver: Receiver) -> None:
    error = refusal(receiver, signed(iat=None))
    assert error.reason == "malformed"
    assert "when it was signed" in str(error)


def test_a_time_may_have_fractions(receiver: Receiver) -> None:
    assert receiver.verify(signed(iat=NOW + 0.7), BODY, now=NOW).issue_time == NOW


def test_it_must_be_for_whom_it_is_asked_to_be() -> None:
    for receiver in (
        Receiver(SECRET, api_key="a1b2c3d"),
        Receiver(SECRET, application_id=APPLICATION.upper()),
        Receiver(SECRET, api_key="a1b2c3d", application_id=APPLICATION),
    ):
        assert receiver.receive(signed(), BODY, now=NOW)
        other = signed(api_key="zzz", application_id="zzz")
        assert refusal(receiver, other).reason == "wrong_project"
        neither = signed(api_key=None, application_id=None)
        assert refusal(receiver, neither).reason == "wrong_project"


# The receiver.


def test_no_secret_is_shown_or_kept() -> None:
    receiver = Receiver(SECRET, OLD_SECRET)
    assert repr(receiver) == "<Receiver with 2 secrets>"
    assert repr(Receiver(SECRET)) == "<Receiver with 1 secret>"
    kept = [repr(getattr(receiver, name)) for name in Receiver.__slots__]
    assert not [text for text in kept if "canary" in text]
    for carry in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            carry(receiver)


@pytest.mark.parametrize("secret", ["", None, b"bytes", "\ud800"])
def test_an_invalid_secret_is_refused_and_not_shown(secret: Any) -> None:
    for secrets in ((secret,), (SECRET, secret)):
        with pytest.raises(InvalidInputError) as caught:
            Receiver(*secrets)
        assert (caught.value.field, caught.value.value) == ("secret", None)


@pytest.mark.parametrize("value", [-1, 86_401, float("nan"), float("inf"), True, "5", None])
@pytest.mark.parametrize("name", ["max_age", "leeway"])
def test_a_window_is_a_number_of_seconds(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Receiver(SECRET, **{name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("options", [{"api_key": ""}, {"application_id": "12345678"}])
def test_a_tenant_is_checked(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Receiver(SECRET, **options)
    assert caught.value.field in options


@pytest.mark.parametrize("body", [BODY.decode(), ARCHIVE, None])
def test_a_body_that_was_read_before_cannot_be_verified(
    receiver: Receiver, body: Any
) -> None:
    with pytest.raises(InvalidInputError, match="be the bytes of the request") as caught:
        receiver.receive(signed(), body, now=NOW)
    assert "isBase64Encoded" in str(caught.value)


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda body: memoryview(bytearray(body))]
)
def test_a_body_is_any_kind_of_bytes(
    receiver: Receiver, kind: Callable[[bytes], Any]
) -> None:
    assert isinstance(receiver.receive(signed(), kind(BODY), now=NOW), ArchiveChanged)
    assert refusal(receiver, signed(), kind(BODY + b" ")).reason == "altered"


def test_a_view_is_measured_in_bytes_and_may_have_gaps(receiver: Receiver) -> None:
    gaps = memoryview(b"".join(bytes([byte, 0]) for byte in BODY))[::2]
    assert receiver.receive(signed(), gaps, now=NOW)
    wide = memoryview(b" " * 1_048_584).cast("Q")
    with pytest.raises(MalformedWebhookError, match="more than"):
        receiver.receive(signed(), wide, now=NOW)


def test_an_event_of_api_gateway_is_understood(receiver: Receiver) -> None:
    headers = signed()
    event = {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": base64.b64encode(BODY).decode(),
        "isBase64Encoded": True,
    }
    body = base64.b64decode(str(event["body"]))
    for name in ("headers", "multiValueHeaders"):
        assert receiver.receive(event[name], body, now=NOW)  # type: ignore[arg-type]


def test_a_body_is_measured_before_anything_is_hashed(receiver: Receiver) -> None:
    with pytest.raises(MalformedWebhookError) as caught:
        receiver.receive({}, b" " * 1_048_577)
    assert caught.value.reason == "too_large"


def test_a_signed_body_that_cannot_be_read_is_malformed(receiver: Receiver) -> None:
    with pytest.raises(MalformedWebhookError) as caught:
        receiver.receive(signed(b"[]"), b"[]", now=NOW)
    assert caught.value.reason == "not_json"


def test_errors_survive_pickling(receiver: Receiver) -> None:
    error = refusal(receiver, {})
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, WebhookError)
    assert (again.reason, str(again)) == (error.reason, str(error))


# Random input.

REASONS = {
    "missing_header",
    "malformed",
    "wrong_algorithm",
    "bad_signature",
}
LETTERS = "abcXYZ019-_.=, "


@settings(deadline=None, max_examples=size(60, 300))
@given(
    st.dictionaries(
        st.sampled_from(["Authorization", "authorization", "HTTP_AUTHORIZATION", "Host"])
        | st.text(max_size=8),
        st.text(max_size=40)
        | st.text(LETTERS, max_size=80).map(lambda text: f"Bearer {text}")
        | st.binary(max_size=40)
        | st.none(),
        max_size=3,
    ),
    st.binary(max_size=50),
)
def test_any_headers_are_refused_with_a_reason(
    headers: dict[str, Any], body: bytes
) -> None:
    assert refusal(Receiver(SECRET), headers, body).reason in REASONS


@settings(deadline=None, max_examples=size(60, 300))
@given(
    st.dictionaries(
        st.sampled_from(["iat", "exp", "nbf", "payload_hash", "api_key", "x"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=9)
        | st.lists(st.integers(), max_size=2),
        min_size=1,
    )
)
def test_signed_claims_are_accepted_only_if_all_are_valid(
    changes: dict[str, Any],
) -> None:
    receiver = Receiver(SECRET)
    headers = signed(**changes)
    said = claims(**changes)
    right = (
        said.get("payload_hash") == hashlib.sha256(BODY).hexdigest()
        and is_time(said.get("iat"), NOW - MAX_AGE, NOW + MAX_AGE + 1)
        and ("nbf" not in said or is_time(said["nbf"], 0, NOW + MAX_AGE + 1))
        and ("exp" not in said or is_time(said["exp"], NOW - MAX_AGE, 10**12))
    )
    if right:
        assert receiver.verify(headers, BODY, now=NOW).issue_time == int(said["iat"])
    else:
        assert refusal(receiver, headers).reason in {
            "malformed",
            "too_old",
            "from_the_future",
            "no_payload_hash",
            "altered",
        }


def is_time(value: object, first: int, end: int) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and first <= value < end  # type: ignore[operator]


@settings(deadline=None, max_examples=size(60, 200))
@given(st.data())
def test_no_single_change_of_a_token_or_a_body_goes_unnoticed(data: st.DataObject) -> None:
    receiver = Receiver(SECRET)
    token = signed()["Authorization"].removeprefix("Bearer ")
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(st.sampled_from([c for c in "AZaz09-_.!" if c != token[at]]))
        token, body = token[:at] + other + token[at + 1 :], BODY
    else:
        at = data.draw(st.integers(0, len(BODY) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        body = BODY[:at] + bytes([BODY[at] ^ bit]) + BODY[at + 1 :]
    assert refusal(receiver, {"Authorization": f"Bearer {token}"}, body)
