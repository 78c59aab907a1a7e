"""The JWT that authenticates a request, checked by another implementation."""

from __future__ import annotations

import jwt
import pytest

from tests.rest.conftest import EPOCH, KEY, SECRET, Clock, sign
from tokbox.rest.auth import ProjectAuth

_UNTIMED = {"verify_exp": False, "verify_iat": False}


@pytest.fixture
def auth(clock: Clock) -> ProjectAuth:
    return ProjectAuth(KEY, sign, now=clock)


def test_the_header_is_what_the_service_expects(auth: ProjectAuth) -> None:
    name, token = auth.header()
    assert name == "x-opentok-auth"
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "HS256"}


def test_the_token_verifies_and_lives_three_minutes(auth: ProjectAuth) -> None:
    claims = jwt.decode(auth.header()[1], SECRET, algorithms=["HS256"], options=_UNTIMED)
    assert claims["iss"] == KEY
    assert claims["ist"] == "project"
    assert claims["exp"] - claims["iat"] == 180


def test_the_token_is_dated_back_a_little(auth: ProjectAuth) -> None:
    claims = jwt.decode(auth.header()[1], SECRET, algorithms=["HS256"], options=_UNTIMED)
    assert claims["iat"] == EPOCH - 5


def test_no_two_tokens_are_the_same(auth: ProjectAuth) -> None:
    assert len({auth.header()[1] for _ in range(100)}) == 100
