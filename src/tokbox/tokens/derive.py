"""Nonces that can be made again, so that a run that is repeated makes equal tokens.

The nonce of a row is an HMAC of its run's id and its own key, by a key that is made of
the signer's secret for this purpose alone. Together with a pinned time of issue, the
tokens of a run are a function of its rows: a task that is tried once more, on another
machine or in other batches, signs what it signed before. `src/kernels/derive.c` says how
the bytes become digits.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, NoReturn

from tokbox.errors import InvalidClaims, InvalidInput
from tokbox.exact import exact_int, exact_text

__all__ = ["LABEL", "MOST_ID", "Run", "check_row_key", "check_run", "refuse_repeated"]

#: What the key of derived nonces is made for. No token that is signed with the secret
#: itself begins like this.
LABEL = b"tokbox derived nonces v1"

#: The most bytes that the id of a run, and the key of a row, have in UTF-8.
MOST_ID = 255
#: A year that no clock shows: 5138.
_MOST_SECONDS = 10**11


class Run(NamedTuple):
    """What all rows of a run share."""

    id: bytes
    #: In seconds since the epoch.
    issued_at: int


def check_run(
    nonce: object, run_id: object, row_key: object, issued_at: object
) -> Run | None:
    """Return the run whose nonces are derived, or None if they are random.

    InvalidInput says what is missing, wrong, or of no use.
    """
    given = {"run_id": run_id, "row_key": row_key, "issued_at": issued_at}
    choice = exact_text(nonce)
    if choice == "random":
        for name, value in given.items():
            if value is not None:
                _refuse(name, "be left out, or come with nonce='derived'")
        return None
    if choice != "derived":
        raise InvalidInput("nonce", nonce, "be random or derived")
    for name, value in given.items():
        if value is None:
            _refuse(name, "come with nonce='derived': nonces are derived from it")
    text = exact_text(run_id)
    if text is None or not _is_id(text):
        raise InvalidInput("run_id", run_id, f"be text of 1 to {MOST_ID} bytes in UTF-8")
    return Run(text.encode(), _check_issued_at(issued_at))


def check_row_key(key: object) -> str:
    """Return the key of a row as text; a number is what its digits are."""
    number = exact_int(key)
    if number is not None and -(2**63) <= number < 2**64:
        return str(number)
    text = exact_text(key)
    if text is None or not _is_id(text):
        rule = f"be text of 1 to {MOST_ID} bytes in UTF-8, or an int of 64 bits"
        raise InvalidClaims("row_key", key, rule)
    return text


def refuse_repeated(key: object) -> NoReturn:
    """Say that a row has the key of an earlier one: they would have one nonce."""
    raise InvalidClaims("row_key", key, "be unique, and an earlier row has this one")


def _check_issued_at(issued_at: object) -> int:
    """Return a time in seconds since the epoch; fractions of a second are dropped."""
    given: object = issued_at
    if isinstance(issued_at, datetime):
        if issued_at.tzinfo is None:
            raise InvalidInput("issued_at", issued_at, "have a time zone")
        given = int(issued_at.timestamp() // 1)
    seconds = exact_int(given)
    if seconds is None:
        rule = "be an int, in seconds since the epoch, or a datetime"
        raise InvalidInput("issued_at", issued_at, rule)
    if not 0 <= seconds < _MOST_SECONDS:
        rule = f"be from 0 to {_MOST_SECONDS - 1} seconds since the epoch"
        raise InvalidInput("issued_at", issued_at, rule)
    return seconds


def _is_id(text: str) -> bool:
    # What UTF-8 cannot carry, a lone surrogate, counts as too long.
    if any("\ud800" <= character <= "\udfff" for character in text):
        return False
    return 0 < len(text.encode()) <= MOST_ID


def _refuse(field: str, rule: str) -> NoReturn:
    raise InvalidInput(field, None, rule, show=False)
