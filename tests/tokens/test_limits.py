"""Limits of sizes: the largest value is signed and read, a larger one is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.support import reference
from tests.support.batches import KEY, NOW, SECRET, SESSION, sign
from tests.support.kernels import every_kernel
from tokbox.errors import (
    ExpiredTokenError,
    InvalidClaimsError,
    InvalidInputError,
    MalformedTokenError,
    NotYetValidTokenError,
    WrongClaimsError,
)
from tokbox.tokens import jwt, t1
from tokbox.tokens.claims import (
    check_application_id,
    check_connection_data,
    check_count,
    check_expiration,
    check_kind,
    check_layout_classes,
    check_secret,
    check_session_id,
)
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

#: Characters of a token: a T1 token's after the prefix.
MAX_CHARACTERS = 65_536


def t1_of(**said: object) -> str:
    fields = {"session_id": SESSION, "create_time": NOW, **said}
    data = "&".join(f"{name}={value}" for name, value in fields.items())
    return reference.t1(KEY, SECRET.encode(), data)


def jwt_of(**said: object) -> str:
    payload = {"iss": KEY, "session_id": SESSION, "iat": NOW, **said}
    return reference.jwt(SECRET.encode(), json.dumps(payload))


def session_of(*fields: str) -> str:
    return "1_" + reference.base64url("~".join(fields).encode())


def test_up_to_ten_to_the_eighteen_tokens_are_accepted():
    assert [check_count(n) for n in (0, 1, 10**18)] == [0, 1, 10**18]
    with pytest.raises(InvalidClaimsError, match="at most"):
        check_count(10**18 + 1)


def test_a_lifetime_has_days_and_seconds():
    assert [check_expiration(seconds) for seconds in (0, 2_592_000)] == [0, 2_592_000]
    assert check_expiration(timedelta(days=2, seconds=5)) == 172_805
    assert check_expiration(timedelta(days=30)) == 2_592_000
    with pytest.raises(InvalidClaimsError, match="whole seconds"):
        check_expiration(timedelta(microseconds=1))


def test_texts_have_up_to_a_thousand_characters():
    longest = "é" * 1000
    assert check_connection_data(longest) == check_layout_classes(longest) == longest
    for check in (check_connection_data, check_layout_classes):
        with pytest.raises(InvalidClaimsError, match="at most 1000 characters"):
            check(longest + "x")


def test_a_session_id_has_up_to_255_characters():
    # There is no base64 of 253 characters, so this one is refused for what it is.
    with pytest.raises(InvalidClaimsError, match="as the service makes them"):
        check_session_id("1_" + "A" * 253)
    with pytest.raises(InvalidClaimsError, match="at most 255 characters"):
        check_session_id("1_" + "A" * 254)


def test_a_session_id_has_a_tenant_and_a_time():
    taken = check_session_id(session_of("2", KEY, "", "1700000000123"))
    assert (taken.project_id, taken.created_ms) == (KEY, 1_700_000_000_123)
    for fields in [("2", KEY, ""), ("2", "", "", "1700000000123")]:
        with pytest.raises(InvalidClaimsError, match="as the service makes them"):
            check_session_id(session_of(*fields))


def test_an_application_s_session_id_names_it_in_any_case():
    tenant = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
    session_id = session_of("2", tenant.upper(), "", "1700000000123")
    assert check_session_id(session_id, tenant).project_id == tenant.upper()
    with pytest.raises(InvalidClaimsError, match=f"this client uses 0{tenant[1:]}"):
        check_session_id(session_id, f"0{tenant[1:]}")


def test_a_wrong_application_id_is_shown_unless_it_may_be_a_secret():
    wrong = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5"
    with pytest.raises(InvalidInputError, match=f"'{wrong}'") as caught:
        check_application_id(wrong)
    assert caught.value.value == wrong
    with pytest.raises(InvalidInputError) as caught:
        check_application_id("-----BEGIN PRIVATE KEY-----canary")
    assert caught.value.value is None
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["\ud7ff", "\ue000", "\U0010ffff"])
def test_all_that_utf_8_can_carry_is_text(text):
    assert check_connection_data(text) == text


@pytest.mark.parametrize("half", [0xD800, 0xDBFF, 0xDFFF])
def test_half_of_a_surrogate_pair_is_invalid(half):
    text = f"a{chr(half)}"
    with pytest.raises(InvalidClaimsError, match="lone surrogate"):
        check_connection_data(text)
    with pytest.raises(InvalidInputError, match="lone surrogate"):
        check_secret(text)


def test_the_tokens_of_an_application_are_jwts():
    kinds = [(None, False), ("t1", False), ("jwt", False), (None, True), ("jwt", True)]
    found = [check_kind(kind, application=of_one) for kind, of_one in kinds]
    assert found == [False, False, True, True, True]
    assert [check_kind(None), check_kind("t1")] == [False, False]
    with pytest.raises(InvalidClaimsError, match="this is an application"):
        check_kind("t1", application=True)


def test_a_t1_token_is_read_up_to_a_length():
    longest = "A" * MAX_CHARACTERS
    with pytest.raises(MalformedTokenError, match="holds no signature"):
        t1.split(t1.PREFIX + longest)
    with pytest.raises(MalformedTokenError, match="at most 65536 characters"):
        t1.split(t1.PREFIX + longest + "A")


def test_a_jwt_is_read_up_to_a_length():
    whole = jwt_of()
    padded = whole + "A" * (MAX_CHARACTERS - len(whole))
    assert len(jwt.split(padded).signature) > 32
    with pytest.raises(MalformedTokenError, match="at most 65536 characters"):
        jwt.split(padded + "A")


def test_a_t1_token_may_have_up_to_sixty_four_fields():
    more = {f"x{i}": i for i in range(62)}
    assert len(decode(t1_of(**more)).unknown) == 62
    with pytest.raises(MalformedTokenError, match="more than 64 fields"):
        decode(t1_of(**more, x=1))


def test_the_times_of_a_t1_token_have_up_to_twelve_digits():
    assert decode(t1_of(create_time="9" * 12)).create_time == 10**12 - 1
    with pytest.raises(MalformedTokenError, match="create_time"):
        decode(t1_of(create_time="1" + "0" * 12))


@pytest.mark.parametrize("seconds", [0, 0.5, 10**12 - 1])
def test_times_that_a_clock_can_show_are_read(seconds):
    token = decode(jwt_of(iat=seconds, exp=seconds))
    assert (token.create_time, token.expire_time) == (int(seconds), int(seconds))


@pytest.mark.parametrize("seconds", [-1, -0.5, 10**12, 1e300])
def test_times_that_no_clock_can_show_are_refused(seconds):
    for name in ("iat", "exp"):
        with pytest.raises(MalformedTokenError, match=f"{name} is out of range"):
            decode(jwt_of(**{name: seconds}))


def test_a_jwt_has_three_parts_and_no_fourth():
    with pytest.raises(MalformedTokenError, match="three parts"):
        Signer(KEY, SECRET).verify(f"{jwt_of()}.AAAA")


@pytest.mark.parametrize(("more", "read"), [({}, ("a", "b")), ({"jti": "1"}, ("a+b",))])
def test_classes_are_a_form_only_where_no_jti_is(more, read):
    token = decode(jwt_of(initial_layout_class_list="a+b", **more))
    assert token.initial_layout_class_list == read


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("seconds", [0, 3600])
def test_claims_common_to_all_rows_equal_the_reference(kind, seconds):
    said = {
        "role": "moderator",
        "connection_data": 'é "&+',
        "expiration": seconds,
        "initial_layout_class_list": "focus small",
    }
    (token,) = sign(Signer(KEY, SECRET), kind, session_id=[SESSION], **said)
    nonce = reference.nonce_start(bytes(range(24)))
    claims = {"session_id": SESSION, **said}
    columns = frozenset(["session_id"])
    assert token == reference.row(kind, KEY, SECRET.encode(), NOW, claims, columns, nonce)


@every_kernel
@pytest.mark.parametrize("make", [t1_of, jwt_of], ids=["t1", "jwt"])
def test_a_token_is_valid_from_a_minute_before_its_creation_until_its_expiry(make):
    signer, end = Signer(KEY, SECRET), NOW + 3600
    token = make(**{"exp" if make is jwt_of else "expire_time": end})
    for now in (NOW - 60, NOW, end - 1, end - 0.5):
        assert signer.verify(token, now=now).expire_time == end
        assert list(signer.verify_many([token], now=now)) == [True]
    for now, error in [(NOW - 61, NotYetValidTokenError), (end, ExpiredTokenError)]:
        with pytest.raises(error):
            signer.verify(token, now=now)
        (found,) = signer.verify_many([token], now=now).failures.values()
        assert type(found) is error


@every_kernel
@pytest.mark.parametrize("make", [t1_of, jwt_of], ids=["t1", "jwt"])
def test_a_token_lives_for_up_to_thirty_days(make):
    signer, name = Signer(KEY, SECRET), "exp" if make is jwt_of else "expire_time"
    longest, longer = (make(**{name: NOW + 2_592_000 + more}) for more in (0, 1))
    assert signer.verify(longest, now=NOW).end_time == NOW + 2_592_000
    with pytest.raises(WrongClaimsError, match="at most 30 days"):
        signer.verify(longer, now=NOW)
    found = signer.verify_many([longer, longest, longer], now=NOW)
    assert {row: type(error) for row, error in found.failures.items()} == {
        0: WrongClaimsError,
        2: WrongClaimsError,
    }


@pytest.mark.parametrize("token", [None, b"e30.e30.", {"payload": "e30"}, ["e30"]])
def test_a_jwt_is_a_string(token: object) -> None:
    with pytest.raises(MalformedTokenError, match="it must be a string, not"):
        jwt.split(token)
