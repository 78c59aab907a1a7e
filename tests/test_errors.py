"""The texts of errors, and what they must not contain."""

from __future__ import annotations

import pickle
from importlib import import_module
from typing import Any

import pytest

from tokbox import errors
from tools import public_api

#: The common arguments of most errors here.
REQUEST: dict[str, Any] = {"method": "GET", "path": "/x"}


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({}, "GET /x: 400"),
        ({"code": 0}, "GET /x: 400 (code 0)"),
        ({"message": "No"}, "GET /x: 400: No"),
        ({"attempts": 2}, "GET /x: 400 (after 2 attempts)"),
        ({"hint": "try"}, "GET /x: 400 - try"),
        (
            {"code": 7, "message": "No", "attempts": 3, "hint": "try"},
            "GET /x: 400 (code 7): No (after 3 attempts) - try",
        ),
    ],
)
def test_a_refusal_contains_the_message_of_the_service(
    details: dict[str, Any], said: str
) -> None:
    error = errors.APIError(status=400, **REQUEST, **details)
    assert str(error) == said
    assert error.attempts == details.get("attempts", 1)


@pytest.mark.parametrize(
    ("attempts", "said"),
    [
        (1, "GET /x: broke"),
        (2, "GET /x: broke (after 2 attempts)"),
        (3, "GET /x: broke (after 3 attempts)"),
    ],
)
def test_a_call_without_a_response_reports_the_number_of_attempts(
    attempts: int, said: str
) -> None:
    error = errors.RequestTimeoutError("broke", method="GET", path="/x", attempts=attempts)
    assert (str(error), error.attempts) == (said, attempts)
    assert errors.RequestTimeoutError("broke", method="GET", path="/x").attempts == 1


def test_sixty_characters_of_a_value_are_shown() -> None:
    assert str(errors.InvalidInputError("n", int("1" * 60), "be small")).endswith("1" * 60)
    longer = str(errors.InvalidInputError("n", int("1" * 61), "be small"))
    assert longer == f"n must be small, not {'1' * 60}..."


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("a" * 1001, " (1001 characters)"),
        ("\0" * 1001, " (1001 characters)"),
        ("\U0001f600" * 20, " (20 characters)"),
        (b"a" * 1001, " (1001 bytes)"),
        (["a"] * 1001, " (1001 items)"),
        (10**100, ""),
    ],
)
def test_a_long_value_is_shown_in_part_with_its_own_length(
    value: object, size: str
) -> None:
    message = str(errors.InvalidInputError("name", value, "be short: use another"))
    assert message.endswith(f"...{size}: use another")
    assert len(message) < 130


@pytest.mark.parametrize("kind", [errors.InvalidInputError, errors.InvalidClaimsError])
def test_the_rule_is_a_clause_and_advice_comes_after_the_value(kind: Any) -> None:
    error = kind("role", "king", "be one of a, b: ask the owner")
    assert error.rule == "role must be one of a, b: ask the owner"
    assert str(error) == "role must be one of a, b, not 'king': ask the owner"
    assert str(kind("role", "king", "be a: b", show=False)) == "role must be a: b"


def test_the_rule_of_a_signed_claim_is_a_clause() -> None:
    error = errors.WrongClaimsError("role", "king", "be one of a, b")
    assert error.rule == "role must be one of a, b"
    assert str(error) == "role must be one of a, b, not 'king'"


def test_the_error_of_a_choice_has_a_rule_and_survives_a_pickle() -> None:
    error = errors.invalid_choice("mode", "rooted", ("routed", "relayed"))
    assert error.rule == 'mode must be "routed" or "relayed"'
    again = pickle.loads(pickle.dumps(error))
    for each in (error, again):
        assert str(each) == 'mode \'rooted\' is not valid: use "routed" or "relayed"'


def test_a_value_that_may_not_be_shown_is_not_kept() -> None:
    error = errors.InvalidInputError("key", "canary", "be one", show=False)
    assert (str(error), error.value) == ("key must be one", None)


def test_the_row_at_fault_is_named_from_the_first_one_on() -> None:
    assert str(errors.InvalidClaimsError("role", 5, "be one", row=0)).startswith(
        "row 0: role"
    )
    assert str(errors.InvalidClaimsError("role", 5, "be one")).startswith("role")


def test_clock_skew_is_reported_in_seconds() -> None:
    assert str(errors.ExpiredTokenError(1_000, 1_060)) == "the token expired 60 s ago"
    future = errors.NotYetValidTokenError(1_090, 1_000)
    assert str(future) == "the token was made 90 s in the future"
    assert future.not_before is None
    later = errors.NotYetValidTokenError(1_000, 1_000, not_before=1_070)
    assert str(later) == "the token is not valid for another 70 s (its nbf)"
    assert (later.create_time, later.not_before) == (1_000, 1_070)


@pytest.mark.parametrize("claim", ["scope", "ist"])
def test_a_wrong_purpose_names_its_claim(claim: str) -> None:
    error = errors.WrongPurposeError(claim, "other", "good")
    assert (error.reason, error.claim, error.value) == (f"wrong_{claim}", claim, "other")
    assert str(error) == (
        f"{claim} must be good (or absent) in a client token, not 'other'"
    )


@pytest.mark.parametrize(
    "token",
    [
        "T1==cGFydG5lcl9pZD0x",
        "T1%3D%3DcGFydG5lcl9pZD0x%3D",
        "T1%3d%3dcGFydG5l",
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln-_0",
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiIxIn0",
    ],
)
def test_tokens_are_taken_out_of_a_text(token: str) -> None:
    assert errors.redact(f"/a/{token}?b={token}") == "/a/[removed]?b=[removed]"
    assert errors.NotFoundError(status=404, method="GET", path=token).path == "[removed]"
    assert token not in str(errors.RequestTimeoutError("broke", method="GET", path=token))


@pytest.mark.parametrize("text", ["/v2/project/40000123/archive", "T1=", "eyJ", "T1"])
def test_text_that_is_not_a_token_is_not_redacted(text: str) -> None:
    assert errors.redact(text) == text


@pytest.mark.parametrize(
    "error",
    [
        errors.ClockSkewError(offset=600.0, status=403, **REQUEST),
        errors.RateLimitError(retry_after=5.0, status=429, **REQUEST),
        errors.InvalidClaimsError("role", 5, "be one", row=3),
        errors.MalformedTokenError("cut off", "truncated"),
        errors.WrongClaimsError("session_id", "1_x", "be one", reason="encoding"),
        errors.WrongSessionError("session_id", "1_x", "be another"),
        errors.WrongPurposeError("scope", "other", "session.connect"),
        errors.NotYetValidTokenError(1_000, 1_000, not_before=1_070),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_pickled_error_keeps_its_evidence(error: errors.TokboxError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_claims_are_shown_with_their_row() -> None:
    error = errors.InvalidClaimsError("role", "king", "be a role", row=3)
    assert (str(error), error.row) == ("row 3: role must be a role, not 'king'", 3)
    assert errors.InvalidClaimsError("role", "king", "be a role").value == "king"


def test_a_wrong_claim_is_shown_with_its_rule_and_reason() -> None:
    error = errors.WrongClaimsError("role", "king", "be a role")
    assert str(error) == "role must be a role, not 'king'"
    assert (error.field, error.value, error.rule) == ("role", "king", "role must be a role")
    assert error.reason == "invalid_claims"
    assert errors.WrongClaimsError("n", 1, "be 2", reason="encoding").reason == "encoding"
    other = errors.WrongSessionError("session_id", "x", "be it")
    assert (other.field, other.reason) == ("session_id", "wrong_session")


def test_no_exception_is_both_an_argument_error_and_a_token_error() -> None:
    classes = [getattr(errors, name) for name in errors.__all__]
    assert errors.InvalidClaimsError in classes
    assert errors.WrongSessionError in classes
    for cls in classes:
        assert not (issubclass(cls, ValueError) and issubclass(cls, errors.TokenError)), cls
        assert issubclass(cls, ValueError) == issubclass(cls, errors.InvalidInputError), cls


@pytest.mark.parametrize("module", public_api.MODULES)
def test_names_of_exceptions_end_in_error_and_those_of_warnings_in_warning(
    module: str,
) -> None:
    public = import_module(module)
    for kind in (getattr(public, name) for name in public.__all__):
        if isinstance(kind, type) and issubclass(kind, Exception):
            end = "Warning" if issubclass(kind, Warning) else "Error"
            assert kind.__name__.endswith(end)
