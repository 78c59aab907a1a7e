"""Tokens hold the text and the numbers that were checked, for arguments of any type."""

from __future__ import annotations

import datetime as dt
import io
import time
from collections.abc import Iterator
from typing import Any

import pytest

import tokbox
from tests.support.applications import APPLICATION, key_pair
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, NOW, OTHER_SESSION, SECRET, SESSION, sign
from tests.support.kernels import every_kernel
from tests.support.lookalikes import (
    ArrayOfNoDimensions,
    Disguised,
    Index,
    Number,
    bool_,
    member,
)
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.tokens.claims import check_application_id, check_project_id
from tokbox.tokens.derive import Derived, check_row_key
from tokbox.tokens.signer import Signer

#: Subclasses of str, and what makes them of text.
TEXTS = [Disguised, member]
#: The same of integers.
INTEGERS = [Number, Index]


RUN = {"run_id": "r", "issued_at": NOW, "row_key": [0, 1]}


def signers() -> Iterator[tuple[Signer, str, str]]:
    """Every way to sign: a signer, a session of it, and a kind of token."""
    yield Signer(KEY, SECRET), SESSION, "t1"
    yield Signer(KEY, SECRET), SESSION, "jwt"
    yield Signer.from_private_key(APPLICATION, key_pair()), APPLICATION_SESSION, "jwt"


def all_tokens(
    signer: Signer, session_id: Any, *, n: Any = 1, kind: Any = None, **claims: Any
) -> Iterator[str]:
    """Sign the same claims through every method, as values and as columns."""
    session = signer.session(session_id)
    yield session.token(**claims, kind=kind)
    yield from session.tokens(n, **claims, kind=kind)
    yield from session.token_batch(n, **claims, kind=kind)
    for batch in session.iter_batches(n, **claims, kind=kind, chunk=n):
        yield from batch
    lines = io.BytesIO()
    assert session.write_tokens(lines, n, **claims, kind=kind)
    yield from lines.getvalue().decode().split()
    classes = "initial_layout_class_list"
    # A sequence of classes would be a column of them.
    once = {
        k: [v] if k == classes and not isinstance(v, str) else v for k, v in claims.items()
    }
    yield from signer.sign_rows([session_id], **once, kind=kind)
    for pack in (list, tuple):
        columns = {name: pack([value]) for name, value in claims.items()}
        yield from signer.sign_rows(session_id, **columns, kind=kind)
        yield from signer.sign_rows(pack([session_id]), **columns, kind=kind)


@every_kernel
@pytest.mark.parametrize("kind_of_text", TEXTS)
@pytest.mark.parametrize("whole", INTEGERS)
def test_a_token_contains_the_exact_text_and_number_of_every_claim(kind_of_text, whole):
    for signer, session_id, kind in signers():
        tokens = all_tokens(
            signer,
            kind_of_text(session_id),
            n=whole(1),
            kind=kind_of_text(kind),
            role=kind_of_text("subscriber"),
            connection_data=kind_of_text("id=1&role=x"),
            expiration=whole(60),
            initial_layout_class_list=[kind_of_text("focus"), "full"],
        )
        found = list(tokens)
        assert len(found) >= 9
        for token in found:
            said = signer.verify(token)
            assert (said.kind, said.session_id) == (kind, session_id)
            assert (said.role, said.connection_data) == ("subscriber", "id=1&role=x")
            assert said.end_time - said.create_time == 60
            assert said.unknown.keys() <= {"ist", "nonce", "acl", "sub"}


@every_kernel
@pytest.mark.parametrize("kind_of_text", TEXTS)
def test_layout_classes_as_one_text_are_taken_exactly(kind_of_text):
    for signer, session_id, _ in signers():
        classes = kind_of_text("focus full")
        for token in all_tokens(signer, session_id, initial_layout_class_list=classes):
            said = signer.verify(token)
            assert said.initial_layout_class_list == ("focus", "full")


@pytest.mark.parametrize("kind_of_text", TEXTS)
@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("role", "king"),
        ("connection_data", "a\0b"),
        ("connection_data", "x" * 1001),
        ("connection_data", "\ud800"),
        ("initial_layout_class_list", "a  b"),
        ("initial_layout_class_list", "x" * 1001),
    ],
)
def test_a_bad_text_of_any_subclass_is_refused(kind_of_text, field, text):
    value = kind_of_text(text)
    for signer, session_id, _ in signers():
        session = signer.session(session_id)
        for call, arguments in (
            (session.token, {field: value}),
            (session.tokens, {"n": 1, field: value}),
            (signer.sign_rows, {"session_id": session_id, field: [value]}),
            (signer.sign_rows, {"session_id": [session_id], field: value}),
        ):
            with pytest.raises(InvalidClaimsError) as caught:
                call(**arguments)
            assert caught.value.field == field
            assert caught.value.value is value


@pytest.mark.parametrize("kind_of_text", TEXTS)
def test_a_session_of_another_key_of_any_subclass_is_refused(kind_of_text):
    signer = Signer("40000124", SECRET)
    for call in (signer.session, lambda value: signer.sign_rows([value])):
        with pytest.raises(InvalidClaimsError, match="but this client uses 40000124"):
            call(kind_of_text(SESSION))


@every_kernel
@pytest.mark.parametrize("kind_of_text", TEXTS)
def test_a_session_and_a_signer_keep_exact_text(kind_of_text):
    signer = Signer(kind_of_text(KEY), kind_of_text(SECRET))
    assert (type(signer.project_id), signer.project_id) == (str, KEY)
    session = signer.session(kind_of_text(SESSION))
    assert (type(session.session_id), session.session_id) == (str, SESSION)
    Signer(KEY, SECRET).verify(session.token())
    application = Signer.from_private_key(kind_of_text(APPLICATION), key_pair())
    assert (type(application.project_id), application.project_id) == (str, APPLICATION)
    with tokbox.Tokbox(kind_of_text(KEY), kind_of_text(SECRET)) as tb:
        restored = tb.session(kind_of_text(SESSION))
        assert (type(restored.session_id), restored.session_id) == (str, SESSION)


@pytest.mark.parametrize("whole", INTEGERS)
def test_an_api_key_may_be_any_integer(whole):
    assert Signer(whole(40000123), SECRET).project_id == KEY
    assert check_project_id(whole(40000123)) == KEY


@pytest.mark.parametrize(
    "key", [bool_(1), ArrayOfNoDimensions(1), pytest.param(10**5000, id="huge"), -1]
)
def test_a_number_that_is_not_an_integer_is_not_an_api_key(key):
    for check in (lambda: Signer(key, SECRET), lambda: check_application_id(key)):
        with pytest.raises(InvalidInputError):
            check()


@pytest.mark.parametrize("kind_of_text", TEXTS)
def test_a_key_id_of_either_kind_is_taken_exactly(kind_of_text):
    for project_id in (KEY, APPLICATION):
        found = check_project_id(kind_of_text(project_id))
        assert (type(found), found) == (str, project_id)
    with pytest.raises(InvalidInputError, match="application"):
        check_project_id(kind_of_text("x"))


### Derived nonces ###


@every_kernel
@pytest.mark.parametrize("kind_of_text", TEXTS)
@pytest.mark.parametrize("whole", INTEGERS)
def test_runs_are_derived_from_exact_values(kind_of_text, whole):
    for signer, session_id, _ in signers():
        expected = signer.sign_rows(
            session_id, nonce=Derived(run_id="r", row_key=["a", 5], issued_at=NOW)
        )
        found = signer.sign_rows(
            session_id,
            errors=kind_of_text("raise"),
            nonce=Derived(
                run_id=kind_of_text("r"),
                row_key=[kind_of_text("a"), whole(5)],
                issued_at=whole(NOW),
            ),
        )
        assert found == expected
    found = check_row_key(kind_of_text("a"))
    assert (type(found), found) == (str, "a")


@pytest.mark.parametrize("kind_of_text", TEXTS)
def test_a_repeated_row_key_of_any_subclass_is_refused(kind_of_text):
    for signer, session_id, _ in signers():
        run = {"run_id": "r", "issued_at": NOW}
        with pytest.raises(InvalidClaimsError, match="unique"):
            signer.sign_rows(
                session_id, nonce=Derived(row_key=["a", kind_of_text("a")], **run)
            )


@pytest.mark.parametrize("issued_at", [bool_(1), ArrayOfNoDimensions(NOW), True, 1.0])
def test_an_issue_time_is_a_whole_number_of_seconds(issued_at):
    with pytest.raises(InvalidInputError, match="issued_at"):
        Derived(run_id="r", row_key=["a"], issued_at=issued_at)


### Numbers ###


@pytest.mark.parametrize("value", [bool_(1), True, ArrayOfNoDimensions(60)])
def test_booleans_and_arrays_are_no_counts_and_no_seconds(value):
    signer = Signer(KEY, SECRET)
    session = signer.session(SESSION)
    for call in (
        lambda: session.token(expiration=value),
        lambda: session.tokens(1, expiration=value),
        lambda: session.tokens(value),
        lambda: session.token_batch(value),
        lambda: session.iter_batches(1, chunk=value),
        lambda: session.write_tokens(io.BytesIO(), value),
        lambda: signer.sign_rows(SESSION, expiration=[value]),
    ):
        with pytest.raises(InvalidClaimsError, match=r"must be (an int|whole seconds)"):
            call()


def test_an_array_without_dimensions_is_not_a_column():
    signer = Signer(KEY, SECRET)
    for field in ("session_id", "role", "connection_data", "expiration"):
        with pytest.raises(
            InvalidInputError, match=r"without dimensions .*item\(\)"
        ) as caught:
            signer.sign_rows(**{"session_id": [SESSION], field: ArrayOfNoDimensions(1)})
        assert caught.value.field == field
    with pytest.raises(InvalidClaimsError, match="without dimensions"):
        signer.session(SESSION).token(initial_layout_class_list=ArrayOfNoDimensions(1))


class NanosecondDelta(dt.timedelta):
    """A time with a part that its base class does not know, as pandas has it."""

    nanoseconds = 5


class WideDelta(dt.timedelta):
    """A time that its base class cannot hold, as pandas has it: attributes count."""

    days = 1
    seconds = 5


def test_a_fraction_in_a_subclass_of_int_is_refused():
    signer = Signer(KEY, SECRET)
    value = NanosecondDelta(seconds=60)
    for call in (
        lambda: signer.session(SESSION).token(expiration=value),
        lambda: signer.session(SESSION).tokens(1, expiration=value),
        lambda: signer.sign_rows(SESSION, expiration=[value]),
    ):
        with pytest.raises(InvalidClaimsError, match="whole seconds"):
            call()


@every_kernel
def test_the_attributes_of_a_timedelta_count():
    signer = Signer(KEY, SECRET)
    said = signer.verify(signer.session(SESSION).token(expiration=WideDelta()))
    assert said.end_time - said.create_time == 86_405


def test_a_number_that_cannot_be_written_is_refused_all_the_same():
    with pytest.raises(InvalidClaimsError, match=r"30 days.*not a value of type int"):
        Signer(KEY, SECRET).session(SESSION).token(expiration=10**5000)


@every_kernel
@pytest.mark.parametrize("now", [Index(NOW), Number(NOW)])
def test_the_time_of_a_verification_may_be_any_number(now):
    signer = Signer(KEY, SECRET)
    rows = {"run_id": "r", "row_key": ["a"], "issued_at": NOW}
    (token,) = signer.sign_rows(SESSION, nonce=Derived(**rows))
    assert signer.verify(token, now=now).create_time == NOW
    assert signer.verify_many([token], now=now).failures == {}
    for wrong in (bool_(1), ArrayOfNoDimensions(NOW)):
        with pytest.raises(InvalidInputError, match="now"):
            signer.verify(token, now=wrong)


### numpy and pandas ###


@every_kernel
def test_numpy_columns_are_signed_like_lists():
    numpy = pytest.importorskip("numpy")
    for signer, session_id, kind in signers():
        columns = {
            "role": ["publisher", "moderator"],
            "connection_data": ["a", "é"],
            "expiration": [60, 3600],
            "initial_layout_class_list": ["focus", "a b"],
        }

        def signed(
            ids: Any, columns: Any, *, signer: Signer = signer, kind: Any = kind, **run: Any
        ) -> Any:
            nonce = Derived(**{**RUN, **run})
            return signer.sign_rows(ids, **columns, nonce=nonce, kind=kind)

        expected = signed(session_id, columns)
        arrays = {name: numpy.array(column) for name, column in columns.items()}
        assert signed(session_id, arrays, row_key=numpy.array([0, 1])) == expected
        as_objects = {name: array.astype(object) for name, array in arrays.items()}
        keys = numpy.array([0, 1], object)
        assert signed(session_id, as_objects, row_key=keys) == expected
        ids = numpy.array([session_id] * 2)
        keys, now = numpy.arange(2), numpy.int64(NOW)
        assert [signer.verify(t, now=NOW).nonce for t in expected] == [
            signer.verify(t, now=NOW).nonce
            for t in signed(ids, arrays, row_key=keys, issued_at=now)
        ]


@every_kernel
@pytest.mark.parametrize("kind", ["U", "T", "O"])
def test_numpy_strings_are_signed_like_lists(kind):
    numpy = pytest.importorskip("numpy")
    dtype = numpy.dtypes.StringDType() if kind == "T" else kind
    for data in (["a", "bcd", ""], ["a\0b", "x" * 1001, "y"], ["é", "\U0001f600", "a"], []):
        array = numpy.array(data, dtype)
        for cut in (slice(None), slice(None, None, -1), slice(0, None, 2)):
            given, expected = (
                sign(Signer(KEY, SECRET), errors="null", connection_data=column)
                for column in (array[cut], data[cut])
            )
            assert given == expected
            assert [*map(str, given.failures.values())] == [
                *map(str, expected.failures.values())
            ]


@every_kernel
def test_numpy_values_are_signed_like_plain_ones():
    numpy = pytest.importorskip("numpy")
    for signer, session_id, kind in signers():
        tokens = all_tokens(
            signer,
            numpy.str_(session_id),
            n=numpy.int64(1),
            kind=numpy.str_(kind),
            role=numpy.str_("moderator"),
            connection_data=numpy.str_("é"),
            expiration=numpy.int64(60),
            initial_layout_class_list=numpy.array(["focus", "full"]),
        )
        for token in tokens:
            said = signer.verify(token, now=numpy.float64(time.time()))
            assert (said.role, said.connection_data) == ("moderator", "é")
            assert said.initial_layout_class_list == ("focus", "full")
    for value in (numpy.bool_(True), numpy.array(60), numpy.float64(60.5)):
        with pytest.raises(InvalidClaimsError, match="must be whole seconds"):
            signer.session(session_id).token(expiration=value)
    with pytest.raises(InvalidInputError, match="without dimensions"):
        signer.sign_rows(session_id, expiration=numpy.array(60))


@every_kernel
def test_the_nanoseconds_of_pandas_are_a_fraction():
    pandas = pytest.importorskip("pandas")
    signer = Signer(KEY, SECRET)
    session = signer.session(SESSION)
    for unit in ("s", "ms", "us", "ns"):
        said = signer.verify(
            session.token(expiration=pandas.Timedelta(60, unit="s").as_unit(unit))
        )
        assert said.end_time - said.create_time == 60
    for fraction in (pandas.Timedelta(1), pandas.Timedelta(60 * 10**9 + 1)):
        with pytest.raises(InvalidClaimsError, match="whole seconds"):
            session.token(expiration=fraction)
    with pytest.raises(InvalidClaimsError, match="whole seconds"):
        session.token(expiration=pandas.NaT)


@pytest.mark.parametrize(
    "field", ["session_id", "role", "connection_data", "initial_layout_class_list"]
)
def test_numbers_of_arrow_in_a_column_of_text_are_refused_row_by_row(field):
    pyarrow = pytest.importorskip("pyarrow")
    for signer, session_id, _ in signers():
        columns = {"session_id": [session_id] * 2, field: pyarrow.array([1, 2])}
        with pytest.raises(InvalidClaimsError) as caught:
            signer.sign_rows(**columns)
        assert (caught.value.row, caught.value.field) == (0, field)
        batch = signer.sign_rows(**columns, errors="null")
        assert batch.tolist() == [None, None]


def test_text_of_arrow_in_a_column_of_seconds_is_refused_row_by_row():
    pyarrow = pytest.importorskip("pyarrow")
    signer = Signer(KEY, SECRET)
    seconds = pyarrow.array(["60", "soon", None])
    with pytest.raises(InvalidClaimsError, match="row 1: expiration must be whole seconds"):
        signer.sign_rows(SESSION, expiration=seconds)
    errors = signer.sign_rows(SESSION, expiration=seconds, errors="null").failures.values()
    assert [(e.row, e.value) for e in errors] == [(1, "soon"), (2, None)]
    assert signer.sign_rows([SESSION, OTHER_SESSION]).failures == {}
