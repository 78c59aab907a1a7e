"""End times of tokens: `expires_at` in place of `expiration`."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.applications import APPLICATION, private_pem
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, NOW, SECRET, SESSION
from tokbox import AsyncTokbox, Role, Signer, Tokbox, decode
from tokbox.enums import DAYS_30
from tokbox.errors import ClosedError, InvalidClaimsError, InvalidInputError
from tokbox.tokens import rows as rows_module
from tokbox.tokens import session as session_module
from tokbox.tokens.derive import Derived
from tokbox.tokens.session import SessionSigner

#: The times of tokens are those of a run that began now.
RUN = Derived(run_id="r", row_key=["a", "b", "c"], issued_at=NOW)
END = NOW + 3600
AWARE = datetime.fromtimestamp(END, UTC)
#: The same time in all the ways in which it is accepted.
ALIKE = [
    AWARE,
    AWARE.astimezone(timezone(timedelta(hours=5, minutes=30))),
    AWARE + timedelta(microseconds=999_999),
    AWARE.isoformat(),
    AWARE.isoformat().replace("+00:00", "Z"),
    str(END),
    END,
    float(END),
]
RULE = "be an aware datetime, or a time such as 2026-01-31T12:00Z"
ZONE = "have a time zone, as 2026-01-31T12:00Z and datetime.now(timezone.utc) have"
RANGE = "be in the future, by at most 30 days"


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(KEY, SECRET)


def ends(tokens: Any) -> list[int | None]:
    return [decode(token).expire_time for token in tokens]


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_tokens_end_at_the_given_time(signer: Signer, kind: Any) -> None:
    for given in ALIKE:
        column = [given, AWARE + timedelta(days=1), given]
        tokens = signer.sign_rows(SESSION, expires_at=column, kind=kind, nonce=RUN)
        assert ends(tokens) == [END, END + 86_400, END]
        # One for all rows.
        tokens = signer.sign_rows(SESSION, expires_at=given, kind=kind, nonce=RUN)
        assert ends(tokens) == [END] * 3


def test_arrow_pandas_and_polars_have_timestamps(signer: Signer) -> None:
    pa, pd, pl = map(pytest.importorskip, ("pyarrow", "pandas", "polars"))
    ones = [AWARE, AWARE + timedelta(days=2), AWARE]
    columns = [
        *[
            pa.array(ones, pa.timestamp(unit, "Asia/Tokyo"))
            for unit in ("s", "ms", "us", "ns")
        ],
        pa.chunked_array([ones[:1], ones[1:]]),
        pd.Series(ones),
        pl.Series(ones),
        pa.array([END, END + 2 * 86_400, END]),
    ]
    for column in columns:
        tokens = signer.sign_rows(SESSION, expires_at=column, nonce=RUN)
        assert ends(tokens) == [END, END + 2 * 86_400, END]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (AWARE.replace(tzinfo=None), ZONE),
        ("2026-01-31T12:00", ZONE),
        ("tomorrow", RULE),
        ("", RULE),
        ("2h", RULE),
        (True, RULE),
        (None, RULE),
        (END + 0.5, RULE),
        (NOW, RANGE),
        (NOW - 1, RANGE),
        (NOW + 30 * 86_400 + 1, RANGE),
        (END * 1000, RANGE),
        (10**30, RANGE),
    ],
)
def test_an_invalid_time_is_an_error_of_its_row(
    signer: Signer, value: Any, rule: str
) -> None:
    tokens = signer.sign_rows(
        SESSION, expires_at=[END, value, END], nonce=RUN, errors="null"
    )
    assert [token is None for token in tokens] == [False, True, False]
    error = tokens.failures[1]
    assert (error.field, error.rule) == ("expires_at", f"expires_at must {rule}")
    with pytest.raises(InvalidClaimsError, match="row 1: expires_at must"):
        signer.sign_rows(SESSION, expires_at=[END, value, END], nonce=RUN)
    if value is not None:
        with pytest.raises(InvalidClaimsError, match="expires_at must"):
            signer.sign_rows(SESSION, expires_at=value, nonce=RUN)


def test_a_time_that_pandas_lacks_is_an_error_of_its_row(signer: Signer) -> None:
    pd = pytest.importorskip("pandas")
    for column in ([AWARE, pd.NaT, AWARE], pd.Series([AWARE, pd.NaT, AWARE])):
        tokens = signer.sign_rows(SESSION, expires_at=column, nonce=RUN, errors="null")
        assert [*tokens.failures] == [1]


def test_the_time_of_signing_counts(signer: Signer, monkeypatch: Any) -> None:
    monkeypatch.setattr(rows_module.time, "time", lambda: NOW + 0.9)
    (token,) = signer.sign_rows([SESSION], expires_at=NOW + 1)
    assert (decode(token).create_time, decode(token).expire_time) == (NOW, NOW + 1)
    with pytest.raises(InvalidClaimsError, match=RANGE):
        signer.sign_rows([SESSION], expires_at=NOW)


@pytest.mark.parametrize("expiration", ["2h", 0, [3600], timedelta(hours=24), 86_400.0])
def test_an_end_and_a_lifetime_exclude_each_other(signer: Signer, expiration: Any) -> None:
    with pytest.raises(InvalidInputError, match="expires_at must be left out"):
        signer.sign_rows([SESSION], expires_at=END, expiration=expiration)


def test_an_error_in_the_column_of_lifetimes_is_not_a_value(signer: Signer) -> None:
    error = InvalidClaimsError("expires_at", 1, "be another")
    with pytest.raises(InvalidClaimsError, match="expiration must be whole seconds"):
        signer.sign_rows([SESSION], expiration=[error])  # type: ignore[list-item]


#: The methods that sign one or more tokens with the same claims.
CALLS: dict[str, Callable[..., list[str]]] = {
    "token": lambda session, **claims: [session.token(**claims)],
    "tokens": lambda session, **claims: session.tokens(3, **claims),
    "token_batch": lambda session, **claims: list(session.token_batch(3, **claims)),
    "iter_batches": lambda session, **claims: [
        token for batch in session.iter_batches(3, chunk=2, **claims) for token in batch
    ],
    "write_tokens": lambda session, **claims: written(session, 3, **claims),
}


def written(session: SessionSigner, n: int, **claims: Any) -> list[str]:
    file = io.BytesIO()
    session.write_tokens(file, n, **claims)
    return file.getvalue().decode().split()


@pytest.fixture(params=["project", "application"])
def session(request: pytest.FixtureRequest) -> SessionSigner:
    if request.param == "application":
        application = Signer.from_private_key(APPLICATION, private_pem())
        return application.session(APPLICATION_SESSION)
    return Signer(KEY, SECRET).session(SESSION)


@pytest.fixture
def at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign the tokens at the end of the second NOW."""
    monkeypatch.setattr(session_module.time, "time", lambda: NOW + 0.9)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("given", ALIKE, ids=repr)
def test_each_method_of_a_session_accepts_an_end_time(
    session: SessionSigner, call: str, given: Any, at_now: None
) -> None:
    claims = {"role": Role.MODERATOR, "connection_data": "name=Ada"}
    tokens = CALLS[call](
        session, expires_at=given, initial_layout_class_list=["focus", "big"], **claims
    )
    assert len(set(tokens)) == len(tokens)
    for token in tokens:
        found = decode(token)
        assert (found.create_time, found.expire_time) == (NOW, END)
        assert (found.session_id, found.role) == (session.session_id, "moderator")
        assert found.connection_data == "name=Ada"
        assert found.initial_layout_class_list == ("focus", "big")


@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_tokens_with_an_end_time_are_valid(signer: Signer, kind: Any) -> None:
    end = datetime.now(UTC) + timedelta(hours=2)
    token = signer.session(SESSION).token(expires_at=end, kind=kind)
    assert signer.verify(token).expires_at == end.replace(microsecond=0)
    assert signer.verify(token).kind == kind


def test_tokens_of_an_application_with_an_end_time_are_valid() -> None:
    signer = Signer.from_private_key(APPLICATION, private_pem())
    end = datetime.now(UTC) + timedelta(hours=2)
    token = signer.session(APPLICATION_SESSION).token(expires_at=end)
    assert signer.verify(token).expires_at == end.replace(microsecond=0)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (AWARE.replace(tzinfo=None), ZONE),
        ("tomorrow", RULE),
        (True, RULE),
        (NOW, RANGE),
        (AWARE - timedelta(days=1), RANGE),
        (NOW + DAYS_30 + 1, RANGE),
    ],
)
def test_each_method_of_a_session_refuses_other_end_times(
    session: SessionSigner, call: str, given: Any, rule: str, at_now: None
) -> None:
    with pytest.raises(InvalidClaimsError, match="expires_at must") as caught:
        CALLS[call](session, expires_at=given)
    assert rule in str(caught.value)
    assert (caught.value.field, caught.value.value) == ("expires_at", given)


@pytest.mark.parametrize("call", CALLS)
def test_each_method_of_a_session_refuses_an_end_and_a_lifetime(
    session: SessionSigner, call: str
) -> None:
    with pytest.raises(InvalidInputError, match="expires_at must be left out"):
        CALLS[call](session, expires_at=AWARE, expiration="2h")


@pytest.mark.parametrize("call", CALLS)
def test_other_claims_are_validated_beside_an_end_time(
    session: SessionSigner, call: str, at_now: None
) -> None:
    for wrong in (
        {"role": "king"},
        {"connection_data": "-" * 1001},
        {"initial_layout_class_list": [""]},
        {"kind": "t2"},
    ):
        with pytest.raises(InvalidClaimsError) as caught:
            CALLS[call](session, expires_at=END, **wrong)
        assert [caught.value.field] == list(wrong)


def test_a_closed_signer_refuses_an_end_time(session: SessionSigner) -> None:
    session._backend.close()
    with pytest.raises(ClosedError):
        session.token(expires_at=datetime.now(UTC) + timedelta(hours=2))


def test_sessions_of_both_clients_accept_an_end_time() -> None:
    end = datetime.now(UTC) + timedelta(hours=2)
    with Tokbox(KEY, SECRET) as tb:
        assert tb.verify(tb.session(SESSION).token(expires_at=end)).end_time == int(
            end.timestamp()
        )

    async def main() -> list[str]:
        async with AsyncTokbox(KEY, SECRET) as client:
            session = client.session(SESSION)
            return [session.token(expires_at=end), *await session.tokens(2, expires_at=end)]

    assert ends(asyncio.run(main())) == [int(end.timestamp())] * 3
