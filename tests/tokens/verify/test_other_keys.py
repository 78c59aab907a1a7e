"""Verification with further keys, as during the rotation of a secret."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support.applications import (
    APPLICATION,
    key_pair,
    private_pem,
    public_pem,
)
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, OTHER_SESSION, SESSION
from tokbox import AsyncTokbox, PublicKey, Signer, Tokbox
from tokbox.errors import (
    BadSignatureError,
    ClosedError,
    ExpiredTokenError,
    InvalidInputError,
    TokenError,
    WrongKeyError,
    WrongSessionError,
)
from tokbox.tokens.verification import verify as verify_module

NEW, OLD, OLDEST = "new0secret0new0secret", "old0secret0old0secret", "oldest0secret"


def signer_of(secret: str) -> Signer:
    return Signer(KEY, secret)


def application(number: int) -> Signer:
    return Signer.from_private_key(APPLICATION, private_pem(key_pair(number=number)))


@pytest.fixture(params=["t1", "jwt", "rs256"])
def family(request: pytest.FixtureRequest) -> tuple[list[Signer], list[list[str]]]:
    """Three signers of one project, and two tokens of each of them."""
    if request.param == "rs256":
        signers = [application(number) for number in range(3)]
        session_id, kind = APPLICATION_SESSION, None
    else:
        signers = [signer_of(secret) for secret in (NEW, OLD, OLDEST)]
        session_id, kind = SESSION, request.param
    tokens = [each.session(session_id).tokens(2, kind=kind) for each in signers]
    return signers, tokens


def outcome(verify: Callable[[], Any]) -> Any:
    try:
        return verify()
    except TokenError as error:
        return type(error), str(error)


def test_a_token_of_another_key_is_valid(family: Any) -> None:
    (new, old, oldest), tokens = family
    for token in (*tokens[0], *tokens[1]):
        assert new.verify(token, other_keys=[old]).session_id
        assert new.verify(token, other_keys=[oldest, old]).session_id
    with pytest.raises(BadSignatureError, match="signed with none of these 2 keys"):
        new.verify(tokens[2][0], other_keys=[old])
    with pytest.raises(BadSignatureError, match=r"signed with another key$"):
        new.verify(tokens[1][0])


def test_the_order_of_keys_does_not_matter(family: Any) -> None:
    signers, tokens = family
    every = [token for each in tokens for token in each]
    every += [every[0][:-8], every[0][:-4] + "AAAA", "", "T1==", "ey.a.b", None, 5]
    wanted = None
    for first, *others in itertools.permutations(signers):
        many = first.verify_many(every, other_keys=others)
        found = (
            list(many),
            {row: (type(e), str(e)) for row, e in many.failures.items()},
            many._count_reasons(),
        )
        assert wanted in (None, found)
        wanted = found
        for token, ok in zip(every, many, strict=True):
            one = outcome(lambda: first.verify(token, other_keys=others))  # noqa: B023
            assert isinstance(one, tuple) is not ok
    assert wanted is not None
    assert wanted[0] == [True] * 6 + [False] * 7


def test_other_faults_of_a_token_of_another_key_are_reported(family: Any) -> None:
    (new, old, oldest), tokens = family
    token = tokens[1][0]
    after = 2_000_000_000
    for others in ([old], [oldest, old], [old, oldest]):
        with pytest.raises(ExpiredTokenError):
            new.verify(token, now=after, other_keys=others)
        with pytest.raises(WrongSessionError):
            new.verify(token, session_id=OTHER_SESSION, other_keys=others)
        many = new.verify_many([tokens[0][0], token], now=after, other_keys=others)
        assert [type(error) for error in many.failures.values()] == [ExpiredTokenError] * 2
        assert (
            str(many.failures[1])
            == outcome(
                lambda: new.verify(token, now=after, other_keys=others)  # noqa: B023
            )[1]
        )
        many = new.verify_many([token], session_id=OTHER_SESSION, other_keys=others)
        assert [type(error) for error in many.failures.values()] == [WrongSessionError]


def test_a_token_of_another_project_is_refused_with_its_reason() -> None:
    token = (
        Signer("12345678", OLD)
        .session("1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg")
        .token()
    )
    with pytest.raises(WrongKeyError):
        signer_of(NEW).verify(token, other_keys=[OLD])
    many = signer_of(NEW).verify_many([token], other_keys=[OLD])
    assert [type(error) for error in many.failures.values()] == [WrongKeyError]


def test_tokens_that_the_core_leaves_to_python_are_verified_with_each_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = [signer_of(each).session(SESSION).token() for each in (NEW, OLD, OLDEST)]
    # Before 1970 the core returns no results.
    monkeypatch.setattr(verify_module, "_LAST_TIME", 0)
    many = signer_of(NEW).verify_many(tokens, other_keys=[OLD])
    assert list(many) == [True, True, False]
    assert "none of these 2 keys" in str(many.failures[2])
    late = signer_of(NEW).verify_many(tokens, now=2_000_000_000, other_keys=[OLD])
    assert [each.reason for each in late.failures.values()] == [
        "expired",
        "expired",
        "bad_signature",
    ]


@pytest.mark.parametrize("others", [[OLD], (OLD, OLDEST), iter([OLD]), [signer_of(OLD)]])
def test_secrets_and_signers_are_accepted(others: Any) -> None:
    token = signer_of(OLD).session(SESSION).token()
    assert signer_of(NEW).verify(token, other_keys=others).session_id == SESSION


def test_public_keys_are_accepted_for_an_application() -> None:
    new, old = application(0), application(1)
    token = old.session(APPLICATION_SESSION).token()
    pem = public_pem(key_pair(number=1))
    for source in (pem, pem.encode(), PublicKey(pem), key_pair(number=1).public_key()):
        assert new.verify(token, other_keys=[source]).project_id == APPLICATION
        assert new.verify_many([token], other_keys=[source]).ok
    public = PublicKey(public_pem(key_pair(number=0)))
    assert public.verify(token, other_keys=[pem]).project_id == APPLICATION
    assert list(public.verify_many([token, token[:-4]], other_keys=[pem])) == [True, False]
    with pytest.raises(BadSignatureError):
        public.verify(token)


def test_both_clients_accept_other_keys() -> None:
    token = signer_of(OLD).session(SESSION).token()
    with Tokbox(KEY, NEW) as tb:
        assert tb.verify(token, other_keys=[OLD]).session_id == SESSION
        assert tb.verify_many([token], other_keys=[OLD]).ok

    async def main() -> None:
        async with AsyncTokbox(KEY, NEW) as client:
            assert client.verify(token, other_keys=[OLD]).session_id == SESSION
            assert (await client.verify_many([token], other_keys=[OLD])).ok

    asyncio.run(main())


def test_every_key_is_used_for_each_token(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    real = verify_module._results

    def results(rows: Sequence[str], column: Any, key: Any, *args: Any) -> Any:
        used.append(key)
        return real(rows, column, key, *args)

    monkeypatch.setattr(verify_module, "_results", results)
    token = signer_of(NEW).session(SESSION).token()
    signer_of(NEW).verify(token)
    assert len(used) == 1
    signer_of(NEW).verify(token, other_keys=[OLD, OLDEST])
    assert len(used) == 4


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        (OLD, r"be a sequence of keys, as in other_keys=\[key\]$"),
        (OLD.encode(), "be a sequence of keys"),
        (5, "be a sequence of keys"),
        (signer_of(OLD), "be a sequence of keys"),
        ([""], "be a string that is not empty$"),
        ([f"{OLD}\n"], "it holds a line break"),
        ([Signer("12345678", OLD)], "belong to 40000123, and one of the signers"),
        ([5], "be a string that is not empty$"),
    ],
)
def test_an_argument_that_is_no_key_is_refused_and_not_shown(
    others: Any, problem: str
) -> None:
    token = signer_of(NEW).session(SESSION).token()
    for call in (
        signer_of(NEW).verify,
        lambda t, **o: signer_of(NEW).verify_many([t], **o),
    ):
        with pytest.raises(InvalidInputError, match=problem) as caught:
            call(token, other_keys=others)
        assert (caught.value.field, caught.value.value) == ("other_keys", None)
        assert OLD not in str(caught.value)


def test_a_secret_is_no_key_of_an_application() -> None:
    token = application(0).session(APPLICATION_SESSION).token()
    with pytest.raises(InvalidInputError):
        application(0).verify(token, other_keys=[OLD])


def test_a_closed_signer_is_no_key() -> None:
    old = signer_of(OLD)
    token = old.session(SESSION).token()
    old.close()
    with pytest.raises(ClosedError):
        signer_of(NEW).verify(token, other_keys=[old])
