"""What is read up to a limit, and not beyond it."""

from __future__ import annotations

import json

import pytest

from tokbox.errors import MalformedToken
from tokbox.tokens import jwt, t1
from tokbox.tokens.signer import Signer
from tokbox.tokens.verify import decode

from .. import reference
from ..batches import KEY, NOW, SECRET, SESSION, sign

#: Characters of a token: a T1 token's after the prefix.
MOST_CHARACTERS = 65_536


def t1_of(**said: object) -> str:
    fields = {"session_id": SESSION, "create_time": NOW, **said}
    data = "&".join(f"{name}={value}" for name, value in fields.items())
    return reference.t1(KEY, SECRET.encode(), data)


def jwt_of(**said: object) -> str:
    payload = {"iss": KEY, "session_id": SESSION, "iat": NOW, **said}
    return reference.jwt(SECRET.encode(), json.dumps(payload))


def test_a_t1_token_is_read_up_to_a_length():
    longest = "A" * MOST_CHARACTERS
    with pytest.raises(MalformedToken, match="holds no signature"):
        t1.split(t1.PREFIX + longest)
    with pytest.raises(MalformedToken, match="at most 65536 characters"):
        t1.split(t1.PREFIX + longest + "A")


def test_a_jwt_is_read_up_to_a_length():
    whole = jwt_of()
    padded = whole + "A" * (MOST_CHARACTERS - len(whole))
    assert len(jwt.split(padded).signature) > 32
    with pytest.raises(MalformedToken, match="at most 65536 characters"):
        jwt.split(padded + "A")


def test_a_t1_token_holds_up_to_sixty_four_fields():
    more = {f"x{i}": i for i in range(62)}
    assert len(decode(t1_of(**more)).unknown) == 62
    with pytest.raises(MalformedToken, match="more than 64 fields"):
        decode(t1_of(**more, x=1))


def test_the_times_of_a_t1_token_have_up_to_twelve_digits():
    assert decode(t1_of(create_time="9" * 12)).create_time == 10**12 - 1
    with pytest.raises(MalformedToken, match="create_time"):
        decode(t1_of(create_time="1" + "0" * 12))


@pytest.mark.parametrize("seconds", [0, 0.5, 10**12 - 1])
def test_times_that_a_clock_can_show_are_read(seconds):
    token = decode(jwt_of(iat=seconds, exp=seconds))
    assert (token.create_time, token.expire_time) == (int(seconds), int(seconds))


@pytest.mark.parametrize("seconds", [-1, -0.5, 10**12, 1e300])
def test_times_that_no_clock_can_show_are_refused(seconds):
    for name in ("iat", "exp"):
        with pytest.raises(MalformedToken, match=f"{name} is out of range"):
            decode(jwt_of(**{name: seconds}))


def test_a_jwt_has_three_parts_and_no_fourth():
    with pytest.raises(MalformedToken, match="three parts"):
        Signer(KEY, SECRET).verify(f"{jwt_of()}.AAAA")


@pytest.mark.parametrize(("more", "read"), [({}, ("a", "b")), ({"jti": "1"}, ("a+b",))])
def test_classes_are_a_form_only_where_no_jti_is(more, read):
    token = decode(jwt_of(initial_layout_class_list="a+b", **more))
    assert token.initial_layout_class_list == read


@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("seconds", [0, 3600])
def test_what_all_rows_share_is_said_as_the_plain_twin_says_it(kind, seconds):
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
