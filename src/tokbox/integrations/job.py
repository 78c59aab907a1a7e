"""What a cluster is to sign, as something that may travel, and what signs a batch of it.

::

    driver   SigningJob: whose tokens, what they say, where the key is   (no secret)
    worker   job.open() -> BatchSigner: reads the key, once
             BatchSigner(batch) -> the batch, and a column of tokens

Claims are those of `Signer.sign_rows`: each is one value for all rows, or, as
``"col:NAME"``, what a column of the batch says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Literal, NoReturn

from tokbox._memory import MemoryPool
from tokbox.enums import HOURS_24, Role
from tokbox.errors import InvalidInput, MissingDependency
from tokbox.exact import exact_text
from tokbox.secrecy import strip_traceback
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.claims import (
    check_claim,
    check_key_id,
    check_kind,
    check_session_id,
)
from tokbox.tokens.derive import check_run
from tokbox.tokens.keyref import KeyRef

__all__ = ["BatchSigner", "SigningJob", "load"]

_CLAIMS = (
    "session_id",
    "role",
    "connection_data",
    "expiration",
    "initial_layout_class_list",
)
_REST = ("kind", "nonce", "run_id", "row_key", "issued_at")
_COLUMN = "col:"


def load(module: str, package: str, extra: str) -> Any:
    """Import what only one engine needs; MissingDependency names its extra."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingDependency(package, extra) from None


def _column(value: object) -> str | None:
    """The column that *value* names, or None if it is a value."""
    if isinstance(value, str) and value.startswith(_COLUMN):
        return value.removeprefix(_COLUMN)
    return None


@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class SigningJob:
    """A token for each row of a table, wherever its rows are. It holds no secret.

    key_id
        the API key, or an application's id
    key
        where its secret or private key is: a `tokbox.KeyRef`, or its text. It is read on
        each worker
    session_id, role, connection_data, expiration, initial_layout_class_list
        what the tokens say: a value for all rows, or ``"col:NAME"``
    kind, nonce, run_id, issued_at
        as `Signer.sign_rows` takes them
    row_key
        ``"col:NAME"``, the column that tells rows apart, with ``nonce="derived"``
    token_column
        the name of the column that is added
    error_column
        the name of another column, which says why a row has no token. Without it, a row
        that breaks a rule raises InvalidClaims and ends the job

    All that can be known without the rows is checked here: InvalidInput or InvalidClaims.
    """

    key_id: str
    key: KeyRef | str
    session_id: str
    role: Role | str = Role.PUBLISHER
    connection_data: str | None = ""
    expiration: int | timedelta | str = HOURS_24
    initial_layout_class_list: str | Iterable[str] | None = ""
    kind: str | None = None
    nonce: Literal["random", "derived"] = "random"
    run_id: str | None = None
    row_key: str | None = None
    issued_at: int | datetime | None = None
    token_column: str = "token"  # noqa: S105
    error_column: str | None = None

    def __post_init__(self) -> None:
        # The text itself travels, and not a class that workers may not know.
        for field in fields(self):
            if (text := exact_text(getattr(self, field.name))) is not None:
                object.__setattr__(self, field.name, text)
        if not isinstance(self.key, KeyRef):
            object.__setattr__(self, "key", KeyRef(self.key))
        object.__setattr__(self, "key_id", check_key_id(self.key_id))
        check_kind(self.kind, application=not self.key_id.isdecimal())
        run = check_run(self.nonce, self.run_id, self.row_key, self.issued_at)
        if run is not None:
            object.__setattr__(self, "issued_at", run.issued_at)
        if self.row_key is not None and not _column(self.row_key):
            raise InvalidInput("row_key", self.row_key, "name a column, as col:NAME")
        self._check_claims()
        name, other = self.token_column, self.error_column
        if not isinstance(name, str) or not name or name == other:
            rule = "be a name of its own for the column of tokens"
            raise InvalidInput("token_column", name, rule)
        if other is not None and (not isinstance(other, str) or not other):
            raise InvalidInput("error_column", other, "be a name for a column, or None")

    def _check_claims(self) -> None:
        for name in _CLAIMS:
            value = getattr(self, name)
            if _column(value) == "":
                raise InvalidInput(name, value, "name a column behind col:")
            if _column(value):
                continue
            if name == "session_id":
                check_session_id(value, self.key_id)
            else:
                object.__setattr__(self, name, check_claim(name, value))
        if not self.columns:
            rule = "be a column, as col:NAME, or another claim must be"
            raise InvalidInput("session_id", self.session_id, rule)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that are read, by what they are read for."""
        given = {name: _column(getattr(self, name)) for name in (*_CLAIMS, "row_key")}
        return {name: column for name, column in given.items() if column}

    @property
    def new_columns(self) -> list[str]:
        """The columns of text that a signed batch has in addition."""
        return [name for name in (self.token_column, self.error_column) if name]

    def check_schema(self, names: Iterable[str]) -> None:
        """See that rows with columns of these *names* can be signed, or InvalidInput."""
        there = list(names)
        for field, column in self.columns.items():
            if column not in there:
                rule = f"name one of the columns, which are {', '.join(there) or 'none'}"
                raise InvalidInput(field, _COLUMN + column, rule)
        for field in ("token_column", "error_column"):
            if getattr(self, field) in there:
                raise InvalidInput(field, getattr(self, field), "be new: it is there")

    def open(self) -> BatchSigner:
        """Read the key, here and once, and return what signs batches.

        InvalidInput if there is none; MissingDependency without ``pyarrow``.
        """
        return BatchSigner(self)


@strip_traceback
class BatchSigner:
    """Signs batches of a job, one after the other, with a key that was read once."""

    __slots__ = ("_arrow", "_job", "_pool", "_signer")

    def __init__(self, job: SigningJob) -> None:
        self._arrow = load("pyarrow", "pyarrow", "arrow")
        assert isinstance(job.key, KeyRef)  # since it was made
        self._job = job
        self._signer = job.key.signer(job.key_id)
        self._pool = MemoryPool()

    def __repr__(self) -> str:
        return f"<BatchSigner of key {self._signer.fingerprint}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a BatchSigner holds a key and cannot be pickled or copied; pass its "
            "SigningJob, and open that where it is used"
        )

    def __call__(self, batch: Any) -> Any:
        """Return an Arrow table or record batch with its tokens (large_string) beside it.

        The batch itself is not written to. Raises InvalidInput if a column is missing,
        InvalidClaims if a row breaks a rule and there is no column for errors: its
        ``.row`` counts within this batch.
        """
        job = self._job
        job.check_schema(batch.schema.names)
        given = {name: getattr(job, name) for name in (*_CLAIMS, *_REST)}
        given |= {name: batch.column(column) for name, column in job.columns.items()}
        given["errors"] = "raise" if job.error_column is None else "null"
        tokens: TokenBatch[Any] = self._signer.sign_rows(**given, memory_pool=self._pool)
        signed = batch.append_column(job.token_column, self._texts(tokens))
        if job.error_column is not None:
            signed = signed.append_column(job.error_column, self._errors(tokens))
        return signed

    def _texts(self, tokens: TokenBatch[Any]) -> Any:
        """The tokens as an Arrow array over the memory that they are in."""
        valid = None
        if tokens.failures:
            bits = bytearray(b"\xff" * ((len(tokens) + 7) // 8))
            for row in tokens.failures:
                bits[row // 8] &= ~(1 << row % 8)
            valid = self._arrow.py_buffer(bytes(bits))
        return self._arrow.LargeStringArray.from_buffers(
            len(tokens),
            self._arrow.py_buffer(tokens.offsets),
            self._arrow.py_buffer(tokens.data),
            valid,
        )

    def _errors(self, tokens: TokenBatch[Any]) -> Any:
        """Why rows have no token; null where they have one."""
        reasons: list[str | None] = [None] * len(tokens)
        for row, error in tokens.failures.items():
            reasons[row] = f"{error.field} must {error.rule}"
        return self._arrow.array(reasons, self._arrow.large_string())
