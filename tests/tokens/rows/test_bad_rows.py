"""Rows that break a rule: named by row, field and rule, or left out."""

from __future__ import annotations

import pickle
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import reference
from tests.support.batches import (
    KEY,
    MAX_LANES,
    NONCE_BYTES,
    NOW,
    OTHER_SESSION,
    SECRET,
    SESSION,
    random_session_id,
    sign,
)
from tests.support.kernels import every_kernel
from tests.tokens.test_claims import BAD_CLAIMS, BAD_SESSIONS
from tokbox.enums import Role
from tokbox.errors import ClosedError, InvalidClaimsError, InvalidInputError
from tokbox.tokens import rows
from tokbox.tokens.claims import check_claim, check_session_id
from tokbox.tokens.signer import Signer


@pytest.fixture
def signer():
    return Signer(KEY, SECRET)


COLUMN_OF = {
    "session_id": [SESSION, SESSION, OTHER_SESSION],
    "role": ["publisher", Role.MODERATOR, "subscriber"],
    "connection_data": ["a", "é", None],
    "expiration": [0, 60, timedelta(hours=1)],
    "initial_layout_class_list": ["focus", ["a", "b"], None],
}
#: In a column, None means no connection data and no layout classes.
BAD_VALUES = [
    *[("session_id", value) for value in BAD_SESSIONS],
    *[
        (field, value)
        for field, value in BAD_CLAIMS
        if value is not None
        or field not in ("connection_data", "initial_layout_class_list")
    ],
]


def rule_of(signer, field, value):
    """The rule that a single token names."""
    session, claims = (value, {}) if field == "session_id" else (SESSION, {field: value})
    with pytest.raises(InvalidClaimsError) as caught:
        signer.session(session).token(**claims)
    return caught.value.rule


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
def test_a_bad_value_is_refused_by_row_field_and_rule(signer, field, value):
    good = COLUMN_OF[field]
    for row in range(4):
        column = [*good[:row], value, *good[row:]]
        with pytest.raises(InvalidClaimsError) as caught:
            signer.sign_rows(**{"session_id": SESSION, field: column})
        error = caught.value
        assert (error.row, error.field) == (row, field)
        assert error.value is value
        assert error.rule == rule_of(signer, field, value)
        assert str(error).startswith(f"row {row}: {field} must ")
        assert len(str(error)) < 300
        assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_a_bad_value_can_leave_its_row_out(signer, kind, field, value):
    good = COLUMN_OF[field]
    column = [value, good[0], good[1], value, good[2], value]
    batch = sign(signer, kind, "null", **{field: column})
    nonce = reference.nonce_start(NONCE_BYTES)
    assert [i for i, token in enumerate(batch) if token is None] == [0, 3, 5]
    assert [(e.row, e.field) for e in batch.failures.values()] == [
        (i, field) for i in (0, 3, 5)
    ]
    assert {e.rule for e in batch.failures.values()} == {rule_of(signer, field, value)}
    # The other rows are the same as with a valid value in its place.
    filled = [good[0] if v is value else v for v in column]
    for got, token in zip(batch, sign(signer, kind, **{field: filled}), strict=True):
        assert got in (None, token)
    assert signer.verify(batch[4], now=NOW).nonce == str(nonce + 4)


@every_kernel
def test_every_choice_of_rows_to_leave_out_signs_the_others_right(signer):
    rng = random.Random(1)
    bad = {"session_id": "1_", "role": "king", "connection_data": "\0", "expiration": -1}
    for n in [*range(1, 3 * MAX_LANES + 2), 4097]:
        columns = {name: rng.choices(COLUMN_OF[name], k=n) for name in COLUMN_OF}
        whole = sign(signer, **columns).tolist()
        left_out: dict[int, str] = {}
        for name in ("connection_data", "expiration", "session_id", "role"):
            for row in range(n):
                if rng.random() < 0.15:
                    columns[name][row] = bad[name]
                    left_out[row] = "several" if row in left_out else name
        batch = sign(signer, errors="null", threads=2, **columns)
        assert batch.tolist() == [None if i in left_out else t for i, t in enumerate(whole)]
        assert [*batch.failures] == sorted(left_out)
        for error in batch.failures.values():
            assert left_out[error.row] in (error.field, "several")


def test_a_row_that_breaks_several_rules_is_reported_once(signer):
    batch = signer.sign_rows(
        ["", SESSION], role=["king", "publisher"], connection_data=["\0"] * 2, errors="null"
    )
    assert batch.tolist() == [None, None]
    assert [(e.row, e.field) for e in batch.failures.values()] == [
        (0, "session_id"),
        (1, "connection_data"),
    ]


@every_kernel
def test_all_rows_can_be_left_out(signer):
    batch = signer.sign_rows([None] * 100, errors="null")
    assert (batch.tolist(), batch.nbytes, len(batch.failures)) == ([None] * 100, 0, 100)


@every_kernel
def test_a_repeated_session_is_checked_again(signer):
    """The same bad string twice in a row must not pass for one that was checked."""
    for bad in ("", "1_none", None, SESSION[:17], SESSION + "\ud800"):
        batch = signer.sign_rows([bad, bad, SESSION, SESSION, bad, SESSION], errors="null")
        assert [*batch.failures] == [0, 1, 4]
        assert [token is None for token in batch] == [True, True, False, False, True, False]


@pytest.mark.parametrize("errors", ["raise", "null"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        (f, v)
        for f, v in BAD_CLAIMS
        if v is None or isinstance(v, str | bytes | int | float)
    ],
)
def test_a_bad_value_for_all_rows_is_refused_at_once(signer, errors, field, value):
    column = {"session_id": [SESSION] * 3}
    if field == "connection_data" and value is None:
        pytest.skip("a value for all rows is checked as that of a single token")
    with pytest.raises(InvalidClaimsError) as caught:
        signer.sign_rows(**column, **{field: value}, errors=errors)
    assert (caught.value.row, caught.value.field) == (None, field)


@pytest.mark.parametrize(
    "value", [{"a": 1, "b": 2}, {"a", "b"}, frozenset("ab"), bytearray(b"ab")]
)
@pytest.mark.parametrize("field", ["role", "connection_data", "initial_layout_class_list"])
def test_an_unordered_collection_is_not_a_column(signer, field, value):
    with pytest.raises(InvalidInputError) as caught:
        signer.sign_rows(**{"session_id": [SESSION] * 2, field: value})
    assert caught.value.field == field


def test_rows_need_a_column(signer):
    with pytest.raises(InvalidInputError, match="column") as caught:
        signer.sign_rows(SESSION)
    assert caught.value.field == "session_id"


def test_columns_must_have_one_length(signer):
    with pytest.raises(
        InvalidInputError, match="as many rows as session_id, 2, not 3"
    ) as caught:
        signer.sign_rows([SESSION] * 2, connection_data=["a", "b", "c"])
    assert caught.value.field == "connection_data"


@pytest.mark.parametrize("choice", ["", "ignore", None, True])
def test_errors_are_raised_or_nulls(signer, choice):
    with pytest.raises(InvalidInputError) as caught:
        signer.sign_rows([SESSION], errors=choice)
    assert caught.value.field == "errors"


@pytest.mark.parametrize("kind", ["T1", "rs256", "", 1])
def test_unknown_kinds_are_refused(signer, kind):
    with pytest.raises(InvalidClaimsError) as caught:
        signer.sign_rows([SESSION], kind=kind)
    assert caught.value.field == "kind"


def test_an_exception_of_the_caller_s_own_is_left_as_it_is(signer):
    def names():
        yield "focus"
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        signer.sign_rows([SESSION], initial_layout_class_list=[names()], errors="null")


class Nameless(type):
    @property
    def __name__(cls):
        raise LookupError("no name")


class Lifetime(metaclass=Nameless):
    """Looking at the type of this value raises an exception."""


def test_an_exception_of_a_value_s_own_type_is_left_as_it_is(signer):
    session = signer.session(SESSION)
    for call in (
        lambda: session.token(expiration=Lifetime()),
        lambda: session.tokens(2, expiration=Lifetime()),
        lambda: signer.sign_rows([SESSION], expiration=[Lifetime()]),
        lambda: signer.sign_rows([SESSION] * 20, expiration=[Lifetime()] * 20),
    ):
        with pytest.raises(LookupError, match="no name"):
            call()


def test_a_closed_signer_signs_no_rows(signer):
    signer.close()
    with pytest.raises(ClosedError, match="closed"):
        signer.sign_rows([SESSION])


def errors_of(check, *given):
    """Yield the text of the error that a check raises, if any."""
    try:
        check(*given)
    except InvalidClaimsError as error:
        yield str(error)


@given(
    field=st.sampled_from(["role", "expiration", "connection_data"]),
    value=st.text(max_size=4)
    | st.integers()
    | st.sampled_from(["-1", " 1h ", "3000000", "²", "x" * 1001, "a\0", "a\ud800", "é\0"]),
)
def test_a_collected_error_is_the_one_that_a_check_raises(field, value):
    batch = Signer(KEY, SECRET).sign_rows(
        SESSION, **{field: [value, *COLUMN_OF[field]]}, errors="null"
    )
    found = {row: (str(error), error.value) for row, error in batch.failures.items()}
    errors = [(f"row 0: {text}", value) for text in errors_of(check_claim, field, value)]
    assert found == dict(enumerate(errors))


def test_collected_errors_of_session_ids_are_those_of_a_single_id(signer):
    rng = random.Random(5)
    ids = []
    for _ in range(3000):
        owner = rng.choice([KEY, KEY + "1", "", "a0b1"])
        text = random_session_id(rng, owner)
        place = rng.randrange(len(text))
        end = text[place + rng.randrange(3) :] * rng.choice([1, 1, 1, 20])
        ids += [text, text[:place] + rng.choice("A9-_+~ é\0") + end]
    expected = {
        row: f"row {row}: {text}"
        for row, session_id in enumerate(ids)
        for text in errors_of(check_session_id, session_id, KEY)
    }
    batch = signer.sign_rows(ids, errors="null")
    assert {row: str(error) for row, error in batch.failures.items()} == expected
    assert len(set(expected.values())) > 3000
    assert [token is None for token in batch] == [row in expected for row in range(6000)]


@pytest.mark.parametrize("most", [0, 1, 1024])
def test_values_that_are_repeated_have_an_error_for_each_row(signer, monkeypatch, most):
    monkeypatch.setattr(rows, "MAX_SEEN", most)
    ids = ["guest", SESSION, "owner", "guest", None, None, "owner"]
    data = ["x" * 1001, "", "", "x" * 1001, "", "", ""]
    batch = signer.sign_rows(ids, connection_data=data, errors="null")
    assert {
        row: (error.row, error.field, str(error)) for row, error in batch.failures.items()
    } == {
        row: (
            row,
            "session_id",
            f"row {row}: {rule_of(signer, 'session_id', value)}, not {value!r}",
        )
        for row, value in enumerate(ids)
        if value != SESSION
    }
    for error in batch.failures.values():
        assert error.__traceback__ is error.__context__ is None
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (
            type(error),
            str(error),
            vars(error),
        )


def test_foreign_sessions_and_timestamps_are_explained_in_each_row(signer):
    other = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fg"
    batch = signer.sign_rows(
        [SESSION, other, other],
        expiration=[1_790_000_000, 60, 1_790_000_000],
        errors="null",
    )
    messages = {row: str(error) for row, error in batch.failures.items()}
    assert "not 1790000000: it is a duration, not a timestamp" in messages[0]
    for row in (1, 2):
        assert messages[row].startswith(f"row {row}: session_id '1_MX4xMjM0")
        assert messages[row].endswith(
            "belongs to API key 12345678, but this client uses 40000123"
        )
