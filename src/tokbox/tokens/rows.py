"""Sign one token for each row of a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, lru_cache, partial
from itertools import islice
from operator import lt
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, get_args

from tokbox._arrow import is_arrow, read
from tokbox._fastsign import (
    CLAIMS,
    Rows,
    copy_list,
    has_surrogate,
    release_list,
    session_owner,
)
from tokbox._memory import IntColumn, ListColumn, Memory, MemoryPool, StringColumn
from tokbox.enums import DAYS_30
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.exact import exact_text
from tokbox.literals import RowErrors
from tokbox.tokens.batch import RowError, TokenBatch, check_memory, check_pool
from tokbox.tokens.claims import (
    CHECKS,
    FIRST_TIMESTAMP,
    MAX_CONNECTION_DATA,
    MAX_SESSION_ID,
    ROLES,
    check_connection_data,
    check_expiration,
    check_expires_at,
    check_one_end,
    check_role,
    check_session_of,
    foreign_session,
    is_base64_id,
)
from tokbox.tokens.columns import Column, Filled, array_values, is_column, objects
from tokbox.tokens.derive import (
    Derived,
    check_issued_at,
    check_nonce,
    check_row_key,
    refuse_repeated,
)

if TYPE_CHECKING:
    from tokbox.tokens.backend import SigningBackend
    from tokbox.tokens.rs256 import backend as rs256

__all__ = ["sign_rows"]

_CHOICES = get_args(RowErrors)

#: The type of each claim in the core.
_TYPES = {argument: type_ for argument, type_, *_ in CLAIMS}

#: Values that break a rule, of which the errors are kept for rows that repeat them.
MAX_SEEN = 1024


def _error(check: Callable[[Any], Any], value: object) -> InvalidClaimsError:
    """Return what *check* raises for a value that breaks a rule."""
    try:
        check(value)
    except InvalidClaimsError as error:
        # A frame would keep all columns.
        error.__traceback__ = error.__context__ = None
        return error
    raise AssertionError("the value breaks no rule")


# The errors of common wrong values. To raise one for each row would take longer than to
# sign it.
_NO_ROLE = _error(check_role, "")
_NO_DURATION = _error(check_expiration, "")
_WRONG_DURATION = _error(check_expiration, -1)
_TIMESTAMP = _error(check_expiration, FIRST_TIMESTAMP)
_LONG_DATA = _error(check_connection_data, "-" * (MAX_CONNECTION_DATA + 1))
_NUL_DATA = _error(check_connection_data, "\0")
_SURROGATE_DATA = _error(check_connection_data, "\ud800")

#: An example of a wrong session id.
_NO_ID = "-"

#: A function that returns the error of a value if it is certainly not valid, else None.
_QuickCheck: TypeAlias = Callable[[Any], InvalidClaimsError | None]


def _role_error(value: Any) -> InvalidClaimsError | None:
    return _NO_ROLE if type(value) is str and value not in ROLES else None


def _duration_error(value: Any) -> InvalidClaimsError | None:
    if type(value) is int:
        if 0 <= value <= DAYS_30:
            return None
        return _TIMESTAMP if value >= FIRST_TIMESTAMP else _WRONG_DURATION
    # Digits of other alphabets are for the check to refuse.
    no_digit = type(value) is str and not value.lstrip()[:1].isdigit()
    return _NO_DURATION if no_digit else None


def _data_error(value: Any) -> InvalidClaimsError | None:
    if type(value) is not str:
        return None
    if len(value) > MAX_CONNECTION_DATA:
        return _LONG_DATA
    if "\0" in value:
        return _NUL_DATA
    return _SURROGATE_DATA if has_surrogate(value) else None


def _session_check(check: Callable[[Any], Any], tenant: str) -> _QuickCheck:
    no_id = cache(partial(_error, check, _NO_ID))  # most calls need none

    @lru_cache(MAX_SEEN)
    def foreign(owner: str) -> InvalidClaimsError:
        return foreign_session("", owner, tenant)

    def find(value: Any) -> InvalidClaimsError | None:
        if type(value) is not str:
            return None
        if (owner := session_owner(value)) is not None:
            return None if owner.lower() == tenant else foreign(owner)
        is_other = 0 < len(value) <= MAX_SESSION_ID and not is_base64_id(value)
        return no_id() if is_other else None

    return find


def _no_quick_check(value: Any) -> None:
    return None


#: These find most wrong values of a claim as its check does, without raising an error.
_QUICK_CHECKS: dict[str, _QuickCheck] = {
    "role": _role_error,
    "expiration": _duration_error,
    "connection_data": _data_error,
}


class _Report:
    """Raises or collects the errors of values that are not valid."""

    def __init__(self, errors: str) -> None:
        choice = exact_text(errors)
        if choice not in _CHOICES:
            raise InvalidInputError("errors", errors, "be raise or null")
        self._collect = choice == "null"
        self._found: dict[int, RowError] = {}

    def validator(
        self,
        check: Callable[[Any], Any],
        quick_check: _QuickCheck = _no_quick_check,
    ) -> Callable[[int, Any], Any]:
        """Return a slow-path validator, which the core calls with a row and its value.

        *quick_check* finds most values that *check* would refuse, without an exception.
        """
        if not self._collect:
            quick_check = _no_quick_check
        found = self._found
        seen: dict[str, RowError] = {}

        def slow_path(row: int, value: Any) -> Any:
            if (error := quick_check(value)) is not None:
                found.setdefault(row, (error, value))
                return None
            is_text = type(value) is str
            if is_text and (known := seen.get(value)) is not None:
                found.setdefault(row, known)
                return None
            try:
                return check(value)
            except InvalidClaimsError as raised:
                # A frame would keep all columns.
                raised.__traceback__ = raised.__context__ = None
                broken = raised
            if not self._collect:
                try:
                    raise broken._in_row(row, value)
                finally:
                    # As above, until a collection.
                    del broken
            entry = broken, broken.value
            if is_text and len(seen) < MAX_SEEN:
                seen[value] = entry
            found.setdefault(row, entry)
            return None

        return slow_path

    @property
    def errors(self) -> dict[int, RowError]:
        """The errors by row, in ascending order. They have no ``.row``: rows that break a
        rule in the same way share one."""
        found = self._found
        if all(map(lt, found, islice(found, 1, None))):  # one column, read in order
            return found
        return {row: found[row] for row in sorted(found)}


def _column(name: str, value: Any) -> Column | None:
    """The values of a column, or None for one value that is meant for all rows."""
    if isinstance(value, Filled):
        values = _column(name, value.column) or ()
        return [value.default if each is None else each for each in values]
    if not is_column(name, value):
        return None
    if isinstance(value, StringColumn | IntColumn):
        return value
    if (given := objects(value)) is not None:
        return copy_list(given)
    if is_arrow(value):
        column = read(value, name, seconds=_TYPES.get(name) == "SECONDS")
        # Values of the wrong type are checked one by one, as those of a list are.
        accepted = {"SECONDS": IntColumn, "NAMES": ListColumn}
        is_wrong = isinstance(column, IntColumn | ListColumn) and not isinstance(
            column, accepted.get(_TYPES.get(name, ""), StringColumn)
        )
        return copy_list(column) if is_wrong else column
    found = array_values(value)
    return copy_list(value) if found is None else found


def sign_rows(
    backend: SigningBackend,
    *,
    session_id: Any,
    expiration: Any,
    kind: str | None,
    errors: str,
    threads: Callable[[int], int],
    expires_at: Any = None,
    memory_pool: MemoryPool | None = None,
    nonce: Derived | None = None,
    random: bytes | None = None,
    now: int | None = None,
    **claims: Any,
) -> TokenBatch[Any]:
    """Sign rows; see `Signer.sign_rows`. *random* and *now* are for tests."""
    report, pool = _Report(errors), check_pool(memory_pool)
    is_jwt = backend.check_kind(kind)
    run = check_nonce(nonce)
    if run is not None:
        now = check_issued_at(run.issued_at)
    create_time = int(time.time()) if now is None else now
    check_one_end(expiration, expires_at)
    checks = _checks(backend.project_id)
    if expires_at is not None:
        expiration = _lifetimes(expires_at, create_time)
        checks["expiration"] = _check_lifetime
    given = {"session_id": session_id, **claims, "expiration": expiration}
    columns = {
        name: column
        for name, value in given.items()
        if (column := _column(name, value)) is not None
    }
    keys = None if run is None else _key_column(run.row_key)
    n = _length(columns if keys is None else {**columns, "row_key": keys})
    constant = {name: checks[name](given[name]) for name in given if name not in columns}
    rows = backend.rows(n, is_jwt, create_time, constant, random)
    workers = threads(n)
    try:
        _set_columns(rows, columns, checks, report, backend.project_id, workers)
        if run is not None and keys is not None:
            slow_path = report.validator(check_row_key)
            repeated = report.validator(refuse_repeated)
            nonce_key = backend.nonce_key()
            rows.row_keys(
                nonce_key, run.run_id.encode(), keys, slow_path, repeated, threads=workers
            )
        offsets = rows.lengths(threads=workers)
        size = memoryview(offsets).cast("q")[n]
        check_memory(n, size)
        memory = Memory(size, pool)
        rows.sign(memory, offsets, threads=workers)
    finally:
        for column in (*columns.values(), keys):
            release_list(column)
    return TokenBatch(memory, range(n), offsets=offsets, errors=report.errors)


def _checks(project_id: str) -> dict[str, Callable[[Any], Any]]:
    """Return the validation function of each claim."""

    def check_session(value: Any) -> str:
        return check_session_of(value, project_id)

    return {**CHECKS, "session_id": check_session}


def _lifetimes(expires_at: Any, create_time: int) -> Any:
    """Return lifetimes in seconds in place of end times: one, or a column of them.

    In a column, the error of a value takes its place.
    """

    def lifetime(value: Any) -> int | InvalidClaimsError:
        try:
            return check_expires_at(value, create_time)
        except InvalidClaimsError as error:
            return error.with_traceback(None)

    column = _column("expires_at", expires_at)
    if column is None:
        return check_expires_at(expires_at, create_time)
    return [lifetime(value) for value in column]


def _check_lifetime(value: Any) -> int:
    if isinstance(value, InvalidClaimsError):
        raise value
    return check_expiration(value)


def _set_columns(
    rows: Rows | rs256.Rows,
    columns: dict[str, Column],
    checks: dict[str, Callable[[Any], Any]],
    report: _Report,
    api_key: str,
    threads: int,
) -> None:
    """Pass the columns to the core."""
    for name, values in columns.items():
        quick_check = _QUICK_CHECKS.get(name, _no_quick_check)
        if name == "session_id":
            quick_check = _session_check(checks[name], api_key)
        slow_path = report.validator(checks[name], quick_check)
        rows.column(name, values, slow_path, api_key.encode(), threads=threads)


def _key_column(row_key: Any) -> list[Any] | tuple[Any, ...]:
    keys = _column("row_key", row_key)
    if keys is None:
        _refuse("row_key", "be a column of keys: only a SigningJob takes a name of one")
    return copy_list(keys)


def _length(columns: dict[str, Column]) -> int:
    """How many rows the columns have, all of them."""
    if not columns:
        _refuse("session_id", "be a column of values, one a row, or another claim must be")
    lengths = {name: len(values) for name, values in columns.items()}
    n = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != n:
            first = next(iter(lengths))
            _refuse(name, f"have as many rows as {first}, {n:,}, not {length:,}")
    return n


def _refuse(field: str, rule: str) -> NoReturn:
    raise InvalidInputError(field, None, rule, show=False)
