"""A client of a Vonage application: its credentials, its paths, its sessions and tokens."""

from __future__ import annotations

import jwt as pyjwt
import pytest

from tests.support.applications import APPLICATION, SESSION, key_pair, private_pem
from tests.support.rest import Script
from tokbox import Tokbox
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.transport import Response


def answer(body: str) -> Response:
    return Response(200, {"content-type": "application/json"}, body.encode())


def client(script: Script | None = None, **options) -> Tokbox:
    options.setdefault("transport", script or Script(answer("{}")))
    return Tokbox.from_private_key(APPLICATION, key_pair(), **options)


def test_it_asks_vonage_and_proves_itself_by_its_key():
    script = Script(answer(f'[{{"session_id":"{SESSION}","project_id":"{APPLICATION}"}}]'))
    with client(script) as tb:
        session = tb.new_session()
        assert tb.api_url == "https://video.api.vonage.com"
    (request,) = script.requests
    scheme, _, token = request.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    assert "x-opentok-auth" not in request.headers
    claims = pyjwt.decode(
        token,
        key_pair().public_key(),
        algorithms=["RS256"],
        options={"verify_iat": False, "verify_exp": False},
    )
    assert claims["application_id"] == APPLICATION
    assert claims["exp"] - claims["iat"] <= 300
    assert session.session_id == SESSION


def test_its_paths_name_the_application():
    script = Script(answer('{"count":0,"items":[]}'))
    client(script).archives.list()
    assert f"/v2/project/{APPLICATION}/archive" in script.requests[0].url


def test_its_sessions_sign_every_way_and_its_client_verifies():
    tb = client()
    session = tb.session(SESSION)
    assert session.to_dict()["project_id"] == session.to_dict()["partner_id"] == APPLICATION
    tokens = [
        session.token("moderator", "a=b", 60, initial_layout_class_list=["focus"]),
        *session.tokens(2),
        *session.token_batch(2, multithread=True),
        *next(session.iter_batches(2)),
        *tb.sign_rows(SESSION, connection_data=["Ada", "Grace"]),
    ]
    for token in tokens:
        claims = tb.verify(token, session_id=SESSION)
        assert (claims.algorithm, claims.project_id) == ("RS256", APPLICATION)
    assert not tb.verify_many(tokens).failures
    with pytest.raises(InvalidClaimsError, match="T1"):
        session.token(kind="t1")


def test_sessions_of_api_keys_and_other_applications_are_refused():
    for other in (
        "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYn4",
        SESSION.replace("zZj", "yZj"),
    ):
        with pytest.raises(InvalidClaimsError, match=f"this client uses .*{APPLICATION}"):
            client().session(other)


def test_bad_credentials_are_refused_and_not_shown():
    with pytest.raises(InvalidInputError, match="application_id must be"):
        Tokbox.from_private_key("40000123", key_pair())
    pem = private_pem()
    with pytest.raises(InvalidInputError) as caught:
        Tokbox.from_private_key(APPLICATION, pem[:900])
    assert pem[100:130] not in repr(caught.value)
    with pytest.raises(InvalidInputError, match="timeout"):
        client(timeout=-1)


def test_it_never_shows_its_key():
    tb = Tokbox.from_private_key(APPLICATION, private_pem())
    assert private_pem()[100:130] not in repr(vars(type(tb))) + repr(tb)
    assert APPLICATION in repr(tb)
