"""Derived nonces: signing the same rows again returns the same tokens.

The nonce of a row is an HMAC of the run id and the row key, under a key that is derived
from the signer's secret for this purpose only. With a fixed time of issue, the tokens of a
run depend only on its rows, so a retry on another machine or in other batches signs equal
tokens. `src/kernels/tokens/derive.c` documents the conversion to digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from tokbox._fastsign import has_surrogate
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.exact import exact_int, exact_text
from tokbox.lazy import set_module
from tokbox.pickling import PickledByName
from tokbox.secrecy import safe_repr
from tokbox.times import from_seconds
from tokbox.tokens.columns import ColumnName, is_column

__all__ = [
    "LABEL",
    "MAX_ID",
    "Derived",
    "check_issued_at",
    "check_nonce",
    "check_row_key",
    "refuse_repeated",
]

#: The purpose of the key of derived nonces, as the input of the key derivation. No text
#: that tokbox signs with the secret itself begins with it.
LABEL = b"tokbox derived nonces v1"

#: The most bytes that the id of a run, and the key of a row, have in UTF-8.
MAX_ID = 255
#: A year that no clock shows: 5138.
_MAX_SECONDS = 10**11


@set_module("tokbox")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Derived(PickledByName):
    """Derives nonces from a run and its rows, so that a retry signs equal tokens.

    Signing the same rows again returns the same tokens, byte for byte::

        run = Derived(run_id="guests of May", row_key=[1, 2], issued_at=1_790_812_800)
        tb.sign_rows(session_id, connection_data=["Ada", "Grace"], nonce=run)

    run_id
        the name of the run, 1 to 255 bytes of UTF-8. Two runs with the same id and the
        same keys sign tokens with the same nonces, so give each run an id of its own
    row_key
        a column of text, integers or UUIDs that tell the rows of the run apart. A key that
        occurs twice in one call is refused; keys of other calls are not known. In a
        `tokbox.integrations.SigningJob` it is the name of the column, as ``col("id")``
    issued_at
        when the tokens are issued: seconds since the epoch, or a datetime with a time
        zone. Fractions of a second are dropped. The attribute is a UTC datetime

    Raises InvalidInputError for an argument that is missing or wrong. The keys themselves
    are checked when they are used.
    """

    run_id: str
    row_key: Sequence[str | int | UUID] | ColumnName
    issued_at: datetime

    # Written out because `issued_at` accepts more types than it has as an attribute.
    def __init__(
        self,
        *,
        run_id: str,
        row_key: Sequence[str | int | UUID] | ColumnName,
        issued_at: int | datetime,
    ) -> None:
        text = exact_text(run_id)
        if text is None or not _is_id(text):
            rule = f"be text of 1 to {MAX_ID} bytes in UTF-8"
            raise InvalidInputError("run_id", run_id, rule)
        object.__setattr__(self, "run_id", text)
        object.__setattr__(self, "issued_at", from_seconds(check_issued_at(issued_at)))
        if not isinstance(row_key, ColumnName) and not is_column("row_key", row_key):
            raise InvalidInputError(
                "row_key", None, "be a column of keys, one a row", show=False
            )
        object.__setattr__(self, "row_key", row_key)


def check_nonce(nonce: object) -> Derived | None:
    """Return what nonces are derived from, or None if they are random."""
    if nonce is None or isinstance(nonce, Derived):
        return nonce
    rule = "be a tokbox.Derived, or None for random nonces"
    raise InvalidInputError("nonce", nonce, rule)


def check_row_key(key: object) -> str:
    """Return the key of a row as text; a number is what its digits are.

    A UUID is what ``str`` makes of it: 36 characters, in lower case.
    """
    number = exact_int(key)
    if number is not None and -(2**63) <= number < 2**64:
        return str(number)
    if isinstance(key, UUID):
        return str(UUID(int=key.int))
    text = exact_text(key)
    if text is None or not _is_id(text):
        rule = f"be text of 1 to {MAX_ID} bytes in UTF-8, an int of 64 bits or a UUID"
        raise InvalidClaimsError("row_key", key, rule)
    return text


def refuse_repeated(key: object) -> NoReturn:
    """Say that a row has the key of an earlier one: they would have one nonce."""
    raise InvalidClaimsError("row_key", key, "be unique, and an earlier row has this one")


def check_issued_at(issued_at: object) -> int:
    """Return a time in seconds since the epoch; fractions of a second are dropped."""
    given: object = issued_at
    if isinstance(issued_at, datetime):
        if issued_at.tzinfo is None:
            raise InvalidInputError("issued_at", issued_at, "have a time zone")
        given = int(issued_at.timestamp() // 1)
    seconds = exact_int(given)
    if seconds is None:
        rule = "be an int, in seconds since the epoch, or a datetime"
        raise InvalidInputError("issued_at", issued_at, rule)
    if not 0 <= seconds < _MAX_SECONDS:
        rule = f"be from 0 to {_MAX_SECONDS - 1} seconds since the epoch"
        raise InvalidInputError("issued_at", issued_at, rule)
    return seconds


def _is_id(text: str) -> bool:
    # Lone surrogates cannot be encoded as UTF-8.
    return not has_surrogate(text) and 0 < len(text.encode()) <= MAX_ID
