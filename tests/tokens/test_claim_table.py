"""The core and Python have the same claims, in every form of a token."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import applications, batches, reference
from tests.support.kernels import every_kernel
from tokbox._fastsign import CLAIMS
from tokbox.integrations import SigningJob
from tokbox.tokens.claims import CHECKS, ROW_DEFAULTS
from tokbox.tokens.row_columns import RowOptions
from tokbox.tokens.session import SessionSigner
from tokbox.tokens.signer import Signer

#: A value of each claim. A new claim needs one here.
VALUES = {
    "expiration": 60,
    "role": "moderator",
    "connection_data": "name=Ada&é",
    "initial_layout_class_list": "full focus",
}
PROJECT = Signer(batches.KEY, batches.SECRET)
FORMS = [("project", "t1"), ("project", "jwt"), ("application", "jwt")]


@pytest.fixture
def signer(request: pytest.FixtureRequest) -> Signer:
    if request.param == "project":
        return PROJECT
    return Signer.from_private_key(applications.APPLICATION, applications.private_pem())


def session_id(signer: Signer) -> str:
    return batches.SESSION if signer is PROJECT else applications.SESSION


def test_each_claim_of_the_core_has_a_check_and_a_value_in_this_test() -> None:
    arguments = {argument for argument, *_ in CLAIMS}
    assert arguments == {"session_id", *VALUES}
    assert arguments == {"session_id", *CHECKS} - {"expires_at"}


@pytest.mark.parametrize(
    "call",
    [
        SessionSigner.token,
        SessionSigner.tokens,
        SessionSigner.token_batch,
        SessionSigner.iter_batches,
        SessionSigner.write_tokens,
        SigningJob,
        RowOptions,
    ],
)
def test_each_claim_is_an_argument(call: Any) -> None:
    assert call.__annotations__.keys() >= VALUES.keys()


def test_the_options_of_sign_rows_have_defaults() -> None:
    assert RowOptions.__annotations__.keys() == ROW_DEFAULTS.keys()


def test_unknown_options_of_sign_rows_raise_type_error() -> None:
    sign_rows: Any = PROJECT.sign_rows
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        sign_rows([batches.SESSION], colour="red")


@every_kernel
@pytest.mark.parametrize(("signer", "kind"), FORMS, indirect=["signer"])
def test_each_claim_is_in_each_token(signer: Signer, kind: Any) -> None:
    session: Any = signer.session(session_id(signer))
    sign_rows: Any = signer.sign_rows
    columns = {name: [value] * 3 for name, value in VALUES.items()}
    many = {name: value * 100 for name, value in columns.items()}
    ids = [session.session_id]
    tokens = [
        session.token(kind=kind, **VALUES),
        *session.tokens(2, kind=kind, **VALUES),
        *sign_rows(ids * 3, kind=kind, **columns).tolist(),
        *sign_rows(ids * 3, kind=kind, **VALUES).tolist(),
    ]
    if signer is PROJECT:  # RS256 has one path for few and many rows
        tokens += sign_rows(ids * 300, kind=kind, **many).tolist()[::100]
        tokens += sign_rows(ids * 300, kind=kind, **VALUES).tolist()[::100]
    assert signer.verify_many(tokens).ok
    for token in tokens:
        claims = signer.verify(token)
        assert claims.end_time - claims.create_time == VALUES["expiration"]
        for name in VALUES.keys() - {"expiration"}:
            value = getattr(claims, name)
            assert value == VALUES[name] or " ".join(value) == VALUES[name]


def repeat(kind: str, claim: tuple[str, str, str, str]) -> str:
    """Sign a token that contains a claim more than once."""
    _, type_, t1, jwt = claim
    secret, value = batches.SECRET.encode(), "1" if type_ == "SECONDS" else "publisher"
    if kind == "t1":
        data = f"session_id={batches.SESSION}&create_time={batches.NOW}&nonce=1"
        return reference.t1(batches.KEY, secret, data + f"&{t1}={value}" * 2)
    first = f'"iss":"{batches.KEY}","session_id":"{batches.SESSION}","iat":{batches.NOW}'
    quoted = value if type_ == "SECONDS" else f'"{value}"'
    return reference.jwt(secret, "{" + first + f',"{jwt}":{quoted}' * 2 + "}")


@every_kernel
@pytest.mark.parametrize("kind", ["t1", "jwt"])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim[0])
def test_a_repeated_claim_is_refused(kind: str, claim: tuple[str, str, str, str]) -> None:
    (error,) = PROJECT.verify_many([repeat(kind, claim)], now=batches.NOW).failures.values()
    assert error.reason == "duplicate"
