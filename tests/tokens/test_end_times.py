"""End times of rows: `expires_at` in place of `expiration`."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.batches import KEY, NOW, SECRET, SESSION
from tokbox import Signer, decode
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.tokens import rows as rows_module
from tokbox.tokens.derive import Derived

#: The times of tokens are those of a run that began now.
RUN = Derived(run_id="r", row_key=["a", "b", "c"], issued_at=NOW)
END = NOW + 3600
AWARE = datetime.fromtimestamp(END, timezone.utc)
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
        (AWARE.replace(tzinfo=None), RULE),
        ("2026-01-31T12:00", RULE),
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
    assert (error.field, error.rule) == ("expires_at", rule)
    with pytest.raises(InvalidClaimsError, match="row 1: expires_at must be"):
        signer.sign_rows(SESSION, expires_at=[END, value, END], nonce=RUN)
    if value is not None:
        with pytest.raises(InvalidClaimsError, match="expires_at must be"):
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
