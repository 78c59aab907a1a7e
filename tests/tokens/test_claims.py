"""Claims: invalid input raises an exception with the field, the value and the rule."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.kernels import every_kernel
from tokbox.enums import DAYS_30, Role
from tokbox.errors import InvalidClaimsError, InvalidInputError, TokenError
from tokbox.tokens.claims import check_session_id
from tokbox.tokens.signer import Signer

KEY, SECRET = "40000123", "example0secret0example0secret0example0sec"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"


@pytest.fixture
def session():
    return Signer(KEY, SECRET).session(SESSION)


BAD_CLAIMS = [
    *[("role", role) for role in ["", "admin", "PUBLISHER", None, 1, b"publisher", ["publisher"], {}]],
    *[("expiration", e) for e in [
        -1, DAYS_30 + 1, 10**30, -1.0, 0.5, float("nan"), float("inf"), True, False, "", "h", "-1h",
        "1.5h", "1e3", "h" * 200, "31d", "\uff19s", b"1h", None, [3600], Decimal("0.5"), Decimal("1e999999"),
        Decimal("nan"), Decimal("snan"), Decimal("inf"),
        timedelta(days=31), timedelta(seconds=-1), timedelta(milliseconds=1500),
    ]],
    *[("connection_data", d) for d in [
        "x" * 1001, "é" * 1001, "\ud800", "a\udfffb", "a\0b", "\0", b"data", 5, ["a"],
    ]],
    *[("initial_layout_class_list", c) for c in [
        "x" * 1001, ["x" * 500, "y" * 500], ["a b"], [""], "a  b", ["a\tb"], ["a\0b"], ["\ud800"],
        [1], 5, b"focus", {"focus": 1}, [None],
    ]],
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BAD_CLAIMS)
@pytest.mark.parametrize("method", ["token", "tokens", "token_batch", "iter_batches"])
def test_bad_claims_are_refused_before_anything_is_signed(session, method, field, value):
    n = () if method == "token" else (3,)
    with pytest.raises(InvalidClaimsError) as caught:
        getattr(session, method)(*n, **{field: value})
    error = caught.value
    assert error.field == field
    assert error.value is value or error.value == value
    assert error.rule
    assert error.rule.startswith(f"{error.field} must ")
    assert error.rule.partition(": ")[0] in str(error)
    assert isinstance(error, ValueError)
    assert not isinstance(error, TokenError)
    assert len(str(error)) < 300


@every_kernel
@pytest.mark.parametrize("method", ["token", "tokens", "token_batch", "iter_batches"])
@pytest.mark.parametrize("kind", ["t1", "jwt"])
def test_none_means_no_text_as_it_does_in_a_column(session, method, kind):
    nothing = {"connection_data": None, "initial_layout_class_list": None, "kind": kind}
    made = getattr(session, method)(*([] if method == "token" else [1]), **nothing)
    token = made if method == "token" else next(iter(made))
    token = token if isinstance(token, str) else token[0]
    found = Signer(KEY, SECRET).verify(token)
    assert (found.connection_data, found.initial_layout_class_list) == ("", ())


@every_kernel
@pytest.mark.parametrize("nothing", [None, [None, None]], ids=["value", "column"])
def test_none_means_no_text_in_rows_as_a_value_and_as_a_column(nothing):
    signer = Signer(KEY, SECRET)
    batch = signer.sign_rows(
        [SESSION] * 2, connection_data=nothing, initial_layout_class_list=nothing
    )
    for found in map(signer.verify, batch):
        assert (found.connection_data, found.initial_layout_class_list) == ("", ())


def arrow_nulls(type_name: str) -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.nulls(2, getattr(pyarrow, type_name)())


#: How columns of None are made; the Arrow ones need pyarrow.
NULLS = {
    "list": lambda: [None] * 2,
    "tuple": lambda: (None,) * 2,
    "Arrow strings": lambda: arrow_nulls("string"),
    "Arrow integers": lambda: arrow_nulls("int64"),
}


@every_kernel
@pytest.mark.parametrize("kind", NULLS)
@pytest.mark.parametrize("field", ["connection_data", "initial_layout_class_list"])
def test_none_in_a_column_means_no_text_as_in_a_single_call(session, field, kind):
    signer, nulls = Signer(KEY, SECRET), NULLS[kind]()
    single = session.token(**{field: None})
    for token in (single, *signer.sign_rows(SESSION, **{field: nulls})):
        found = signer.verify(token)
        assert (found.connection_data, found.initial_layout_class_list) == ("", ())


@every_kernel
@pytest.mark.parametrize("kind", [None, *NULLS])
@pytest.mark.parametrize("field", ["role", "expiration"])
def test_none_is_not_a_role_or_a_time_in_a_column_or_a_single_call(session, field, kind):
    nulls = None if kind is None else NULLS[kind]()
    with pytest.raises(InvalidClaimsError) as single:
        session.token(**{field: None})
    claims = {"session_id": [SESSION] * 2, field: nulls}
    with pytest.raises(InvalidClaimsError) as column:
        Signer(KEY, SECRET).sign_rows(**claims)
    assert column.value.field == single.value.field == field
    assert column.value.rule == single.value.rule
    if nulls is not None:
        batch = Signer(KEY, SECRET).sign_rows(**claims, errors="null")
        assert batch.tolist() == [None, None]


@pytest.mark.parametrize("n", [-1, 10**19, 1.0, True, None, "5", float("nan")])
@pytest.mark.parametrize("method", ["tokens", "token_batch", "iter_batches"])
def test_bad_counts_are_refused(session, method, n):
    with pytest.raises(InvalidClaimsError) as caught:
        getattr(session, method)(n)
    assert caught.value.field == "n"


@pytest.mark.parametrize("method", ["tokens", "token_batch"])
@pytest.mark.parametrize("n", [10**10, 10**12, 10**18])
def test_more_tokens_than_fit_into_memory_are_refused_with_advice(session, method, n):
    with pytest.raises(MemoryError, match="iter_batches"):
        getattr(session, method)(n)


BAD_SESSIONS = [
    "", "1", "1_", "SESSIONID", "1_!!!!", "1_" + "A" * 254, SESSION + "\n", " " + SESSION, SESSION[2:],
    "x_" + SESSION[2:], SESSION[:10], "1_QUJD", SESSION.replace("-", "+"), SESSION + "\0", "é" + SESSION,
    None, 5, SESSION.encode(), [SESSION], "1_MX5-fjE3MDAwMDAwMDAxMjN-",
    # Unused bits that are not 0: "fg" and "UH4" would be right.
    "2_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-fh",
    "2_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5",
]  # fmt: skip


@pytest.mark.parametrize("session_id", BAD_SESSIONS)
def test_malformed_session_ids_are_refused(session_id):
    with pytest.raises(InvalidClaimsError) as caught:
        Signer(KEY, SECRET).session(session_id)
    assert caught.value.field == "session_id"
    assert caught.value.value == session_id


@pytest.mark.trap(39)
@pytest.mark.parametrize("key", ["4000012", "400001231", "0123", "1", "1700000000123"])
def test_a_session_of_another_key_is_refused(key):
    """Equal, not contained: a known SDK looks for a substring, another in any field."""
    with pytest.raises(
        InvalidClaimsError, match=f"belongs to API key .*, but this client uses {key}$"
    ):
        Signer(key, SECRET).session(SESSION)


@pytest.mark.trap(36, 37, 38)
def test_session_ids_of_every_kind_are_taken_apart():
    modern = check_session_id(SESSION)
    assert (modern.project_id, modern.location, modern.created_ms) == (
        KEY,
        "",
        1700000000123,
    )
    legacy = check_session_id(
        "1_MX40MDAwMDEyM34yMDMuMC4xMTMuN35UdWUgTm92IDE0IDE0OjEzOjIwIFBTVCAyMDIzfjAuMTIzNDU2Nzg5MDEyMzQ1fg"
    )
    assert (legacy.project_id, legacy.location, legacy.created_ms) == (
        KEY,
        "203.0.113.7",
        None,
    )
    unified = check_session_id(
        "1_MX4zZjJiOGMxMC01YTZkLTRlN2YtOGE5Yi0wYzFkMmUzZjRhNWJ-fjE3MDAwMDAwMDAxMjN-"
        "QWIzL0VmR2hJaitsTW5PcFFyU3RVdld4fn5-"
    )
    assert unified.project_id == "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"


@pytest.mark.parametrize(
    "api_key",
    ["", "abc", "12 34", None, 1.5, True, -5, "1&sig=", "٣", "1" * 21, Decimal(KEY)],
)
def test_bad_api_keys_are_refused(api_key):
    with pytest.raises(InvalidInputError) as caught:
        Signer(api_key, SECRET)
    assert caught.value.field == "api_key"
    # Key and secret are easily mixed up, so neither is shown.
    message = str(caught.value).partition(": it holds ")[0]
    assert message == "api_key must be the project's API key, a number"


@pytest.mark.parametrize(
    "secret",
    ["", None, 5, b"canary-secret", "canary\ud800", "-----BEGIN PRIVATE KEY-----canary"],
)
def test_bad_secrets_are_refused_without_being_shown(secret):
    with pytest.raises(InvalidInputError) as caught:
        Signer(KEY, secret)
    error = caught.value
    assert error.field == "secret"
    assert error.value is None
    assert str(error) == error.rule
    assert "canary" not in str(error) + repr(error) + repr(error.__context__) + repr(
        error.__cause__
    )


def test_an_api_key_may_be_an_int():
    assert Signer(40000123, SECRET).project_id == KEY  # type: ignore[arg-type]


@every_kernel
def test_limits_themselves_are_allowed(session):
    signer = Signer(KEY, SECRET)
    token = signer.verify(
        session.token(
            Role.MODERATOR,
            "\U0001f600" * 1000,
            DAYS_30,
            initial_layout_class_list=["x" * 499, "y" * 500],
        )
    )
    assert token.connection_data == "\U0001f600" * 1000
    assert token.end_time - token.create_time == DAYS_30
    assert [len(c) for c in token.initial_layout_class_list] == [499, 500]


@every_kernel
def test_expiration_may_be_a_timedelta(session):
    token = Signer(KEY, SECRET).verify(session.token(expiration=timedelta(minutes=5)))
    assert token.expire_time == token.create_time + 300


@every_kernel
def test_expiration_zero_leaves_the_end_to_the_service(session):
    token = Signer(KEY, SECRET).verify(session.token(expiration=0))
    assert token.expire_time is None
    assert token.end_time == token.create_time + 86400


@every_kernel
@pytest.mark.parametrize("role", [*Role, *[r.value for r in Role]])
def test_roles_may_be_enums_or_strings(session, role):
    assert Signer(KEY, SECRET).verify(session.token(role)).role == role


@every_kernel
def test_layout_classes_may_be_names_or_one_string(session):
    signer = Signer(KEY, SECRET)
    for classes in (
        ["focus", "small"],
        ("focus", "small"),
        "focus small",
        iter(["focus", "small"]),
    ):
        token = signer.verify(session.token(initial_layout_class_list=classes))
        assert token.initial_layout_class_list == ("focus", "small")
