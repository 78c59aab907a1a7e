"""Each check of a claim by itself: what it returns, and what its error names."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tokbox.enums import DAYS_30, HOURS_24
from tokbox.errors import InvalidClaimsError, InvalidInputError, WrongPurposeError
from tokbox.tokens import claims

APPLICATION = "01234567-89ab-cdef-0123-456789abcdef"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----"
SECRET = "example0secret0example0secret0example0sec"


def refused(check: Any, *args: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        check(*args)
    return caught.value


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("40000123", "40000123"),
        (40000123, "40000123"),
        ("9" * 20, "9" * 20),
        (10**20 - 1, "9" * 20),
        (APPLICATION, APPLICATION),
        (APPLICATION.upper(), APPLICATION),
        (uuid.UUID(APPLICATION), APPLICATION),
    ],
)
def test_a_project_id_is_an_api_key_or_the_id_of_an_application(
    given: object, text: str
) -> None:
    assert claims.check_project_id(given) == text


@pytest.mark.parametrize("given", ["", None, SECRET, "9" * 21, 10**20, -1, "4000 0123"])
def test_an_error_of_a_project_id_names_the_field_and_shows_no_value(given: object) -> None:
    error = refused(claims.check_project_id, given)
    assert error.field == "project_id"
    assert error.value is None
    assert str(error).startswith("project_id must be ")
    assert "not None" not in str(error)
    assert not given or str(given) not in str(error)


def test_an_error_of_a_project_id_names_a_character_that_does_not_belong_there() -> None:
    assert "it holds a space" in str(refused(claims.check_project_id, "40 "))
    assert "it holds" not in str(refused(claims.check_project_id, "abc"))


@pytest.mark.parametrize("given", [APPLICATION, f" {APPLICATION}\n", PRIVATE_KEY])
def test_credentials_of_an_application_are_recognized_in_place_of_an_api_key(
    given: str,
) -> None:
    error = refused(claims.check_api_key, given)
    assert "a UUID and a private key are an application's credentials" in str(error)
    assert (error.field, error.value) == ("api_key", None)
    assert given not in str(error)


def test_an_error_of_an_api_key_names_a_character_that_does_not_belong_there() -> None:
    assert "it holds a space" in str(refused(claims.check_api_key, "4000 0123"))
    assert "it holds" not in str(refused(claims.check_api_key, "abc"))


def test_an_application_id_error_names_the_credential_that_was_given() -> None:
    number = refused(claims.check_application_id, "40000123")
    assert (number.field, number.value) == ("application_id", "40000123")
    assert "a number is a project's API key" in str(number)
    key = refused(claims.check_application_id, PRIVATE_KEY)
    assert "this is a private key: the id comes first" in str(key)
    assert key.value is None
    assert "it holds a space" in str(refused(claims.check_application_id, "a b"))
    # A damaged UUID is shown, and text that may be a secret is not.
    damaged = APPLICATION[:-1] + "x"
    assert refused(claims.check_application_id, damaged).value == damaged
    assert refused(claims.check_application_id, SECRET).value is None


@pytest.mark.parametrize(
    ("fields", "owner"), [(("api_key", "secret"), "project"), (("account", "s"), "account")]
)
def test_a_key_and_a_secret_that_are_swapped_are_recognized(
    fields: tuple[str, str], owner: str
) -> None:
    error = refused(claims.check_project, SECRET, "40000123", fields, owner)
    assert (error.field, error.value) == (fields[0], None)
    assert f"the {owner}'s API key, a number: key and secret are swapped" in str(error)


@pytest.mark.parametrize(
    ("key", "secret", "field"),
    [
        ("40000123", "", "secret"),
        (APPLICATION, "40000123", "api_key"),
        ("", "40000123", "api_key"),
        (SECRET, SECRET, "api_key"),
    ],
)
def test_a_wrong_key_or_secret_is_named_if_they_are_not_swapped(
    key: str, secret: str, field: str
) -> None:
    error = refused(claims.check_project, key, secret)
    assert error.field == field
    assert "swapped" not in str(error)


def test_a_project_is_its_key_and_its_secret_as_bytes() -> None:
    assert claims.check_project(40000123, SECRET) == ("40000123", SECRET.encode())


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("1_a", True),
        ("1_-_", True),
        ("1_", False),
        ("1_a+", False),
        ("a_a", False),
        ("1-a", False),
        ("1_ä", False),
    ],
)
def test_a_base64_id_is_a_digit_an_underscore_and_base64_of_urls(
    text: str, is_id: bool
) -> None:
    assert claims.is_base64_id(text) is is_id


@pytest.mark.parametrize(
    ("scope", "ist", "claim"),
    [("x", None, "scope"), ("x", "account", "scope"), (None, "account", "ist")],
)
def test_a_token_for_another_purpose_is_refused_with_the_claim(
    scope: str | None, ist: str | None, claim: str
) -> None:
    token: Any = SimpleNamespace(scope=scope, unknown={} if ist is None else {"ist": ist})
    with pytest.raises(WrongPurposeError) as caught:
        claims.check_purpose(token)
    error, value = caught.value, scope or ist
    wanted = "session.connect" if claim == "scope" else "project"
    assert (error.claim, error.value, error.reason) == (claim, value, f"wrong_{claim}")
    assert f"{claim} must be {wanted} (or absent)" in str(error)


@pytest.mark.parametrize(
    ("scope", "unknown"), [(None, {}), ("session.connect", {"ist": "project"})]
)
def test_a_token_for_joining_a_session_has_the_right_purpose(
    scope: str | None, unknown: dict[str, str]
) -> None:
    token: Any = SimpleNamespace(scope=scope, unknown=unknown)
    claims.check_purpose(token)


def test_the_error_of_a_signed_token_has_field_value_rule_and_reason() -> None:
    error = claims.wrong_claims(InvalidClaimsError("role", "king", "be a role"))
    assert (error.field, error.value, error.rule) == ("role", "king", "role must be a role")
    assert error.reason == "invalid_claims"
    # "Y" has unused bits that are not 0.
    session = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYn4"
    claims.check_session_id(session)
    with pytest.raises(InvalidClaimsError) as caught:
        claims.check_session_id(session[:-1] + "5")
    assert claims.wrong_claims(caught.value).reason == "encoding"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        (" 2H ", 7200),
        ("1h30m", 5400),
        ("1w1d", 8 * 86400),
        ("45s", 45),
        ("9" * 12, 10**12 - 1),
        ("9" * 13, None),
        ("h", None),
        ("1h x", None),
        ("", None),
    ],
)
def test_a_lifetime_is_seconds_or_numbers_with_units(
    text: str, seconds: int | None
) -> None:
    assert claims.parse_lifetime(text) == seconds


def test_the_text_of_a_lifetime_has_at_most_99_characters() -> None:
    assert claims.check_expiration(" " * 97 + "1m") == 60
    with pytest.raises(InvalidClaimsError, match="whole seconds"):
        claims.check_expiration(" " * 98 + "1m")


def test_durations_of_numpy_are_whole_seconds() -> None:
    numpy = pytest.importorskip("numpy")
    assert claims.check_expiration(numpy.timedelta64(90, "s")) == 90
    assert claims.check_expiration(numpy.timedelta64(2, "h")) == 7200
    assert claims.check_expiration(numpy.timedelta64(3000, "ms")) == 3
    for wrong in ((1500, "ms"), ("NaT",), (1, "M")):
        with pytest.raises(InvalidClaimsError, match="whole seconds"):
            claims.check_expiration(numpy.timedelta64(*wrong))


NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (NOW, NOW),
        (float(NOW), NOW),
        (str(NOW), NOW),
        ("9" * 12, 10**12 - 1),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T22:13:20.9+00:00", NOW),
        (datetime.fromtimestamp(NOW + 0.5, UTC), NOW),
        (datetime.fromtimestamp(-0.5, UTC), -1),
    ],
)
def test_an_end_time_is_seconds_or_an_aware_datetime(given: object, seconds: int) -> None:
    found = claims.check_end_time(given)
    assert (type(found), found) == (int, seconds)


@pytest.mark.parametrize(
    "given",
    ["9" * 13, "tomorrow", "", "2023-11-14T22:13:20", datetime(2023, 1, 1), 0.5, None],
)
def test_an_error_of_an_end_time_has_its_value(given: object) -> None:
    with pytest.raises(InvalidClaimsError, match=r"aware datetime|a time zone") as caught:
        claims.check_end_time(given)
    assert (caught.value.field, caught.value.value) == ("expires_at", given)


def test_a_token_ends_after_it_was_made_and_within_30_days() -> None:
    assert claims.check_expires_at(NOW + 1, NOW) == 1
    assert claims.check_expires_at(NOW + DAYS_30, NOW) == DAYS_30
    for wrong in (NOW, NOW - 1, NOW + DAYS_30 + 1):
        with pytest.raises(InvalidClaimsError, match="by at most 30 days") as caught:
            claims.check_expires_at(wrong, NOW)
        assert (caught.value.field, caught.value.value) == ("expires_at", wrong)


@pytest.mark.parametrize(
    ("expiration", "expires_at"), [(60, None), (HOURS_24, NOW), (HOURS_24, None)]
)
def test_one_of_expiration_and_expires_at_may_be_given(
    expiration: int, expires_at: int | None
) -> None:
    claims.check_one_end(expiration, expires_at)


@pytest.mark.parametrize("expiration", [60, "24h", float(HOURS_24), timedelta(days=1)])
def test_expiration_and_expires_at_exclude_each_other(expiration: object) -> None:
    error = refused(claims.check_one_end, expiration, NOW)
    assert (error.field, error.value) == ("expires_at", None)
    assert str(error).endswith("both say when a token ends")


@pytest.mark.parametrize("value", [True, False])
def test_multithread_is_returned_if_it_is_a_bool(value: bool) -> None:
    assert claims.check_multithread(value) is value


@pytest.mark.parametrize(
    ("given", "hint"), [("publisher", True), ("admin", False), (1, False), (None, False)]
)
def test_a_role_in_place_of_multithread_is_recognized(given: object, hint: bool) -> None:
    error = refused(claims.check_multithread, given)
    assert (error.field, error.value) == ("multithread", given)
    assert ("(pass a role as role=...)" in str(error)) is hint


def test_a_count_is_an_int_up_to_what_a_nonce_can_count() -> None:
    assert [claims.check_count(n) for n in (0, 1, 10**18)] == [0, 1, 10**18]
    for wrong in (-1, 10**18 + 1, 1.5, "1"):
        with pytest.raises(InvalidClaimsError) as caught:
            claims.check_count(wrong)
        assert (caught.value.field, caught.value.value) == ("n", wrong)


@pytest.mark.parametrize(
    ("owner", "tenant", "problem"),
    [
        ("40000123", "12345678", "API key 40000123, but this client uses 12345678"),
        (
            "40000123",
            APPLICATION,
            f"API key 40000123, but this client uses application {APPLICATION}",
        ),
        (
            APPLICATION,
            "12345678",
            f"application {APPLICATION}, but this client uses API key 12345678",
        ),
        ("{value}\n", "1", "another project, but this client uses API key 1"),
    ],
)
def test_the_error_of_a_foreign_session_names_both_projects(
    owner: str, tenant: str, problem: str
) -> None:
    error = claims.foreign_session("1_MX", owner, tenant)
    assert str(error) == f"session_id '1_MX' belongs to {problem}"
    kind = "API key" if tenant.isdecimal() else "application"
    assert error.rule == f"session_id must belong to {kind} {tenant}"


@pytest.mark.parametrize(
    "given",
    [1_790_000_000, 1_790_000_000_000, "1790000000", datetime(2026, 1, 1)],
)
def test_a_timestamp_is_no_expiration_and_expires_at_is_named(given: object) -> None:
    error = refused(claims.check_expiration, given)
    assert "it is a duration, not a timestamp" in str(error)
    assert "give the time of the end as expires_at" in error.rule


@pytest.mark.parametrize("given", [-1, DAYS_30 + 1, 10**9 - 1, "soon", None])
def test_other_wrong_durations_are_not_taken_for_timestamps(given: object) -> None:
    assert "timestamp" not in str(refused(claims.check_expiration, given))
