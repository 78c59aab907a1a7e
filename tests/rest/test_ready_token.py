"""Clients from a ready-made token, which have no key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.applications import APPLICATION, private_pem
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import SESSION
from tests.support.rest import EPOCH, KEY, SECRET, Clock, Script, traceback_of
from tokbox import Account, AsyncAccount, AsyncTokbox, Derived, Tokbox
from tokbox.emulator import serve
from tokbox.errors import (
    AuthenticationError,
    ClosedError,
    ExpiredTokenError,
    InvalidInputError,
    MalformedTokenError,
    MissingKeyError,
)
from tokbox.rest.http.auth import ProjectAuth, ReadyAuth
from tokbox.rest.ready_token import parse
from tokbox.tokens import jwt
from tokbox.transport import Response

ARCHIVES = Response(200, {}, b'{"count": 0, "items": []}')


def claims_of(token: str) -> dict[str, Any]:
    return jwt.claims(jwt.split(token))


def project_token(**claims: Any) -> str:
    """A token of the project; a claim that is None is left out."""
    now = int(time.time())
    given = {"iss": KEY, "ist": "project", "iat": now, "exp": now + 180, **claims}
    return Tokbox(KEY, SECRET)._signer._jwt(
        {name: value for name, value in given.items() if value is not None}
    )


def application_token(**claims: Any) -> str:
    now = int(time.time())
    given = {"application_id": APPLICATION, "iat": now, "exp": now + 180, **claims}
    with Tokbox.from_private_key(APPLICATION, private_pem()) as tb:
        return tb._signer._jwt(given)


def test_a_client_of_a_project_sends_the_token_with_each_call() -> None:
    token, script = project_token(), Script(ARCHIVES)
    with Tokbox.from_token(token, transport=script) as tb:
        assert (tb.project_id, tb.api_url) == (KEY, "https://api.opentok.com")
        tb.archives.list()
        tb.with_options(retries=0).archives.list()
    assert [each.headers["x-opentok-auth"] for each in script.requests] == [token] * 2
    assert {each.path for each in script.requests} == {f"/v2/project/{KEY}/archive"}


def test_a_client_of_an_application_sends_a_bearer_token() -> None:
    token, script = application_token(), Script(ARCHIVES)
    with Tokbox.from_token(token, transport=script) as tb:
        assert (tb.project_id, tb.api_url) == (APPLICATION, "https://video.api.vonage.com")
        tb.archives.list()
    (request,) = script.requests
    assert request.headers["authorization"] == f"Bearer {token}"
    assert "x-opentok-auth" not in request.headers


def test_a_client_of_an_account_sends_the_token() -> None:
    script = Script(Response(200, {}, b"[]"))
    with Account.from_token(project_token(ist="account"), transport=script) as account:
        assert account.account_key == KEY
        account.projects.list()
    assert len(script.requests) == 1


def test_tokens_of_a_client_with_the_key_are_accepted_by_the_service() -> None:
    with serve() as server:
        clients: list[tuple[Tokbox, str]] = [
            (Tokbox(server.api_key, server.secret, server.url), server.api_key),
            (
                Tokbox.from_private_key(
                    server.application_id, server.private_key, server.url
                ),
                server.application_id,
            ),
        ]
        for client, owner in clients:
            token = client.rest_token(expiration="5m")
            with client, Tokbox.from_token(token, server.url) as tb:
                session = tb.new_session()
                assert tb.project_id == owner
                assert tb.archives.list(session.session_id).total == 0
        with Account(server.account_key, server.account_secret, server.url) as account:
            token = account.rest_token()
        with Account.from_token(token, server.url) as account:
            assert [each.id for each in account.projects.list()] == [server.api_key]
        # Signed with another secret.
        with Tokbox.from_token(project_token(iss=server.api_key), server.url) as tb:  # noqa: SIM117
            with pytest.raises(AuthenticationError):
                tb.new_session()


def test_asynchronous_clients_are_made_from_tokens() -> None:
    async def main() -> None:
        with serve() as server:
            async with AsyncTokbox(server.api_key, server.secret, server.url) as client:
                token = client.rest_token(expiration=timedelta(minutes=5))
            async with AsyncTokbox.from_token(token, server.url) as tb:
                session = await tb.new_session()
                assert (await tb.archives.list(session.session_id)).total == 0
                with pytest.raises(MissingKeyError):
                    session.token()
            async with AsyncAccount(
                server.account_key, server.account_secret, server.url
            ) as account:
                token = account.rest_token()
            async with AsyncAccount.from_token(token, server.url) as account:
                assert (await account.projects.list()).total == 1

    asyncio.run(main())


RUN = Derived(run_id="r", row_key=["a"], issued_at=1_700_000_000)
#: Calls that need a key.
SIGNING: dict[str, Callable[[Tokbox, str], Any]] = {
    "token": lambda tb, id: tb.session(id).token(),
    "token kind": lambda tb, id: tb.session(id).token(kind="jwt"),
    "token end": lambda tb, id: tb.session(id).token(expires_at=int(time.time()) + 60),
    "tokens": lambda tb, id: tb.session(id).tokens(2),
    "no tokens": lambda tb, id: tb.session(id).tokens(0),
    "token_batch": lambda tb, id: tb.session(id).token_batch(2),
    "iter_batches": lambda tb, id: tb.session(id).iter_batches(2),
    "sign_rows": lambda tb, id: tb.sign_rows([id]),
    "sign_rows nonce": lambda tb, id: tb.sign_rows(id, nonce=RUN),
    "verify": lambda tb, id: tb.verify("T1=="),
    "verify other": lambda tb, id: tb.verify("T1==", other_keys=["a0secret"]),
    "verify_many": lambda tb, id: tb.verify_many(["T1=="]),
    "rest_token": lambda tb, id: tb.rest_token(),
    "start_captions": lambda tb, id: tb.captions.start(id),
    "dial": lambda tb, id: tb.sip.dial(id, "sip:a@example.com"),
}


@pytest.mark.parametrize("call", SIGNING)
@pytest.mark.parametrize("kind", ["project", "application"])
def test_calls_that_need_a_key_are_refused(call: str, kind: str) -> None:
    is_project = kind == "project"
    token = project_token() if is_project else application_token()
    script = Script(ARCHIVES)
    tb = Tokbox.from_token(token, transport=script)
    message = "made from a token and has no key, so it cannot sign or verify tokens"
    with pytest.raises(MissingKeyError, match=message) as caught:
        SIGNING[call](tb, SESSION if is_project else APPLICATION_SESSION)
    assert token not in str(caught.value)
    assert script.requests == []


def test_the_key_of_derived_nonces_needs_a_key() -> None:
    with pytest.raises(MissingKeyError):
        Tokbox.from_token(project_token())._backend.nonce_key()


def test_calls_that_join_a_session_accept_a_token() -> None:
    script = Script(Response(200, {}, b'{"captionsId": "c"}'))
    tb = Tokbox.from_token(project_token(), transport=script)
    with Tokbox(KEY, SECRET) as client:
        tb.captions.start(SESSION, token=client.session(SESSION).token("moderator"))
    assert len(script.requests) == 1


def test_a_session_of_another_project_is_refused() -> None:
    tb = Tokbox.from_token(project_token(iss="12345678"))
    with pytest.raises(InvalidInputError, match="40000123"):
        tb.session(SESSION)


def test_an_expired_token_is_noticed_and_nothing_is_sent() -> None:
    clock = Clock()
    ready = parse(project_token(exp=int(time.time()) + 3600), "project")
    ready.expire_time = int(EPOCH) + 60
    auth = ReadyAuth(ready, now=clock)
    assert auth.header()[0] == "x-opentok-auth"
    clock.now += 60
    with pytest.raises(ExpiredTokenError, match="expired 0 s ago: get a new token") as e:
        auth.header()
    assert e.value.expire_time == int(EPOCH) + 60
    # The local clock is a minute fast, as an error response has shown.
    auth.offset = 60.0
    assert auth.header()[1] == ready.text

    script = Script(ARCHIVES)
    tb = Tokbox.from_token(project_token(), transport=script)
    tb.archives.list()
    tb._requester._auth._token.expire_time = int(time.time())  # type: ignore[attr-defined]
    with pytest.raises(ExpiredTokenError):
        tb.archives.list()
    assert len(script.requests) == 1


def test_a_token_that_has_expired_makes_no_client() -> None:
    for token in (project_token(exp=1_600_000_000), application_token(exp=1_600_000_000)):
        with pytest.raises(ExpiredTokenError, match="make another client from it"):
            Tokbox.from_token(token)


def test_a_token_without_an_end_is_left_to_the_service() -> None:
    script = Script(ARCHIVES)
    tb = Tokbox.from_token(project_token(exp=None, ist=None), transport=script)
    tb.archives.list()
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (Tokbox(KEY, SECRET).session(SESSION).token(), "a T1 token lets a client join"),
        (
            Tokbox(KEY, SECRET).session(SESSION).token(kind="jwt"),
            "this one lets a client join a session",
        ),
        (project_token(scope="session.connect"), "lets a client join a session"),
        (project_token(ist="account"), "use Account.from_token if it fits"),
        (project_token(iss=SECRET), "iss of token must be the project's API key"),
        (application_token(application_id="x"), "application_id of token must be"),
        (project_token()[:-8], r"be a JWT for REST calls \(.*cut off"),
        (project_token(exp="soon"), "its exp is not a number"),
        (SECRET, "be a JWT for REST calls"),
        ("", "be a JWT for REST calls"),
        (None, "be a JWT for REST calls"),
        (project_token().encode(), "be a JWT for REST calls"),
    ],
    ids=lambda value: "",
)
def test_anything_but_a_token_for_rest_calls_is_refused(token: Any, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem) as caught:
        Tokbox.from_token(token)
    shown = str(caught.value) + traceback_of(caught.value)
    assert SECRET not in shown
    assert not token or str(token) not in shown
    assert caught.value.value in (None, "x")


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (project_token(), "use Tokbox.from_token if it fits"),
        (application_token(), "be an account's: this one is an application's"),
    ],
)
def test_a_token_of_a_project_makes_no_account(token: str, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        Account.from_token(token)


def test_a_client_from_a_token_shows_and_copies_no_token() -> None:
    token = project_token()
    tb = Tokbox.from_token(token)
    for each in (tb, tb._requester._auth, tb._backend, parse(token, "project")):
        assert token not in repr(each)
    assert repr(tb) == f"Tokbox('{KEY}', api_url='https://api.opentok.com')"
    with pytest.raises(TypeError, match="cannot be pickled"):
        tb.__reduce__()


def test_a_closed_client_from_a_token_sends_and_signs_nothing() -> None:
    tb = Tokbox.from_token(project_token(), transport=Script(ARCHIVES))
    session = tb.session(SESSION)
    tb.close()
    with pytest.raises(ClosedError):
        tb.archives.list()
    with pytest.raises(ClosedError):
        session.token()


def test_from_token_accepts_the_options_of_a_client() -> None:
    tb = Tokbox.from_token(project_token(), "http://127.0.0.1:9", timeout=5)
    assert tb.api_url == "http://127.0.0.1:9"
    with pytest.raises(TypeError, match=r"Tokbox\.from_token"):
        Tokbox.from_token(project_token(), time_out=5)  # type: ignore[call-arg]


# rest_token


@pytest.mark.parametrize(
    ("expiration", "seconds"), [(60, 60), ("5m", 300), (timedelta(hours=1), 3600)]
)
def test_a_rest_token_has_the_lifetime_that_is_asked_for(
    expiration: Any, seconds: int
) -> None:
    before = int(time.time())
    with Tokbox(KEY, SECRET) as tb:
        token = tb.rest_token(expiration=expiration)
    claims = claims_of(token)
    assert (claims["iss"], claims["ist"]) == (KEY, "project")
    assert before + seconds <= claims["exp"] <= int(time.time()) + seconds
    assert claims["exp"] - claims["iat"] <= max(300, seconds + 5)


@pytest.mark.parametrize(
    ("lifetime", "age"), [(1, 5), (295, 5), (297, 3), (300, 0), (301, 5), (86_400, 5)]
)
def test_a_rest_token_is_backdated_within_the_documented_maximum(
    lifetime: int, age: int
) -> None:
    signed: list[Any] = []

    def sign(claims: Any) -> str:
        signed.append(claims)
        return "token"

    assert ProjectAuth(KEY, sign, now=lambda: EPOCH).token(lifetime) == "token"
    (claims,) = signed
    assert (EPOCH - claims["iat"], claims["exp"] - EPOCH) == (age, lifetime)


@pytest.mark.parametrize("expiration", [0, "25h", 86_401, "soon", None])
def test_other_lifetimes_of_a_rest_token_are_refused(expiration: Any) -> None:
    with Tokbox(KEY, SECRET) as tb, pytest.raises(InvalidInputError, match="expiration"):
        tb.rest_token(expiration=expiration)


def test_a_rest_token_joins_no_session() -> None:
    with Tokbox.from_private_key(APPLICATION, private_pem()) as tb:
        token = tb.rest_token()
        assert claims_of(token).keys() == {"application_id", "iat", "exp", "jti"}
        with pytest.raises(MalformedTokenError, match="it names no session"):
            tb.verify(token)
