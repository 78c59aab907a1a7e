"""The JWT that authenticates a request, checked by another implementation."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.rest import EPOCH, KEY, SECRET, Clock, Script, sign
from tokbox import errors
from tokbox.rest.http.auth import AccountAuth, ApplicationAuth, Auth, ProjectAuth
from tokbox.rest.http.requester import Requester
from tokbox.rest.resources.archives import Archives
from tokbox.transport import Response

APPLICATION = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"

_UNTIMED = {"verify_exp": False, "verify_iat": False}


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2048)


@pytest.fixture(params=["project", "account", "application"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def auth(kind: str, clock: Clock, private_key: rsa.RSAPrivateKey) -> Auth:
    if kind == "project":
        return ProjectAuth(KEY, sign, now=clock)
    if kind == "account":
        return AccountAuth(KEY, sign, now=clock)
    return ApplicationAuth(
        APPLICATION,
        lambda claims: jwt.encode(dict(claims), private_key, algorithm="RS256"),
        now=clock,
    )


@pytest.fixture
def read(private_key: rsa.RSAPrivateKey) -> Callable[[Auth], dict[str, object]]:
    """Verify the token in the header that an auth gives, and return its claims."""

    def claims(auth: Auth) -> dict[str, object]:
        _, value = auth.header()
        if isinstance(auth, ApplicationAuth):
            token, key, algorithm = value.removeprefix("Bearer "), private_key, "RS256"
            return jwt.decode(token, key.public_key(), [algorithm], options=_UNTIMED)
        return jwt.decode(value, SECRET, ["HS256"], options=_UNTIMED)

    return claims


Read = Callable[[Auth], dict[str, object]]


@pytest.mark.parametrize("kind", ["project", "account"], indirect=True)
def test_a_secret_signs_what_the_service_expects(kind: str, auth: Auth, read: Read) -> None:
    name, token = auth.header()
    assert name == "x-opentok-auth"
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "HS256"}
    claims = read(auth)
    assert set(claims) == {"iss", "ist", "iat", "exp", "jti"}
    assert (claims["iss"], claims["ist"]) == (KEY, kind)


@pytest.mark.trap(5)
@pytest.mark.parametrize("kind", ["application"], indirect=True)
def test_an_application_sends_a_bearer_token(auth: Auth, read: Read) -> None:
    name, value = auth.header()
    assert name == "authorization"
    assert value.startswith("Bearer eyJ")
    claims = read(auth)
    assert set(claims) == {"application_id", "iat", "exp", "jti"}
    assert claims["application_id"] == APPLICATION


@pytest.mark.trap(1)
def test_the_token_lives_three_minutes(auth: Auth, read: Read) -> None:
    claims = read(auth)
    assert claims["exp"] == EPOCH - 5 + 180


def test_the_token_is_dated_back_a_little(auth: Auth, read: Read) -> None:
    assert read(auth)["iat"] == EPOCH - 5


def test_no_two_tokens_are_the_same(auth: Auth, read: Read) -> None:
    ids = {str(read(auth)["jti"]) for _ in range(100)}
    assert len(ids) == 100
    assert {uuid.UUID(each).version for each in ids} == {4}


def test_repr_of_an_auth_shows_the_tenant_only(auth: Auth, kind: str) -> None:
    tenant = APPLICATION if kind == "application" else KEY
    assert auth.owner_id == tenant
    assert repr(auth) == f"{type(auth).__name__}('{tenant}')"


def test_paths_contain_the_tenant_of_either_environment(auth: Auth) -> None:
    empty = json.dumps({"count": 0, "items": []}).encode()
    script = Script(Response(200, {}, empty))
    requester = Requester(
        script, auth, api_url="https://api.example.test", timeout=30, retries=0
    )
    Archives(requester).list()
    (request,) = script.requests
    assert request.path == f"/v2/project/{auth.owner_id}/archive"
    assert auth.header()[0] in request.headers


def test_an_invalid_tenant_never_gets_into_a_path() -> None:
    requester = Requester(
        Script(Response(200, {}, b"")),
        ProjectAuth("..", sign),
        api_url="https://api.example.test",
        timeout=30,
        retries=0,
    )
    with pytest.raises(errors.InvalidInputError, match="project_id"):
        Archives(requester)
