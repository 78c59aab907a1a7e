"""Signing jobs, which can be pickled, and signers for their batches.

::

    driver   SigningJob: project, claims and key reference (no secret)
    worker   job.open() -> BatchSigner: reads the key once
             BatchSigner(batch) -> the batch with a column of tokens

Claims are those of `Signer.sign_rows`: each is one value for all rows, or the name of a
column of the batch, as ``col("name")``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, NoReturn

from tokbox._memory import MemoryPool
from tokbox.enums import HOURS_24, Role
from tokbox.errors import (
    InvalidClaimsError,
    InvalidInputError,
    MissingDependencyError,
    shorten,
)
from tokbox.exact import exact_text
from tokbox.integrations.keyref import KeyRef
from tokbox.lazy import set_module
from tokbox.literals import RoleName, TokenKind
from tokbox.pickling import PickledByName
from tokbox.secrecy import strip_traceback
from tokbox.tokens.batch import TokenBatch
from tokbox.tokens.claims import (
    CHECKS,
    check_claim,
    check_kind,
    check_one_end,
    check_project_id,
    check_session_id,
)
from tokbox.tokens.columns import ColumnName, check_column_name, col, filled
from tokbox.tokens.derive import Derived, check_nonce

__all__ = ["BatchSigner", "ColumnName", "SigningJob", "col", "load", "sign_part"]

_CLAIMS = ("session_id", *CHECKS)


def load(module: str, package: str, extra: str) -> Any:
    """Import an optional module. Raises MissingDependencyError, which names the extra."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingDependencyError(package, extra) from None


@set_module("tokbox.integrations")
@strip_traceback
@dataclass(frozen=True, slots=True, kw_only=True)
class SigningJob(PickledByName):
    """A job that signs one token for each row of a table. It contains no secret.

    A job can be pickled and sent to workers, where `open` reads the key.

    project_id
        the API key of the project, or the id of the application
    key
        a reference to the API secret or private key: a `tokbox.integrations.KeyRef`, or its
        text, such as "env:TOKBOX_SECRET". Each worker resolves it
    session_id, role, connection_data, expiration, expires_at, initial_layout_class_list
        the claims, with the rules and defaults of `Signer.sign_rows`: one value for all
        rows, or ``col("name")``, or ``col("name", default=value)`` for a column with nulls.
        At least one, or the row key, must be a column
    kind
        the token format, "t1" or "jwt"; by default "t1", or "jwt" for an application
    nonce
        a `tokbox.Derived` whose ``row_key`` is ``col("name")``; by default None, for random
        nonces
    token_column
        the name of the new column of tokens; by default "token"
    error_column
        the name of a new column with the error of each row without a token; by default
        None: the first row with a claim that is not valid raises InvalidClaimsError

    Raises InvalidInputError or InvalidClaimsError for an argument that is not valid.
    Columns are validated when their rows are signed. Example::

        job = SigningJob(
            project_id="40000123",
            key="env:TOKBOX_SECRET",
            session_id=col("session"),
            nonce=Derived(run_id="May", row_key=col("id"), issued_at=1_790_812_800),
        )
    """

    project_id: str
    key: KeyRef | str
    session_id: str | ColumnName
    role: Role | RoleName | ColumnName = Role.PUBLISHER
    connection_data: str | ColumnName | None = ""
    expiration: int | timedelta | str | ColumnName = HOURS_24
    expires_at: datetime | str | int | ColumnName | None = None
    initial_layout_class_list: str | Iterable[str] | ColumnName | None = ""
    kind: TokenKind | None = None
    nonce: Derived | None = None
    token_column: str = "token"  # noqa: S105
    error_column: str | None = None

    def __post_init__(self) -> None:
        # Convert str subclasses to str: workers may be unable to import the subclass.
        for field in fields(self):
            if (text := exact_text(getattr(self, field.name))) is not None:
                object.__setattr__(self, field.name, text)
        if not isinstance(self.key, KeyRef):
            object.__setattr__(self, "key", KeyRef(self.key))
        object.__setattr__(self, "project_id", check_project_id(self.project_id))
        check_kind(self.kind, application=not self.project_id.isdecimal())
        run = check_nonce(self.nonce)
        key = run and run.row_key
        if run is not None and (not isinstance(key, ColumnName) or key.default is not None):
            rule = 'name a column of the rows, as col("name"), and have no default'
            raise InvalidInputError("row_key", None, rule, show=False)
        self._check_claims()
        name, other = self.token_column, self.error_column
        rule = "be a name of its own for the column of tokens"
        if name == other:
            raise InvalidInputError("token_column", name, rule)
        check_column_name("token_column", name, rule)
        if other is not None:
            check_column_name("error_column", other, "be a name for a column, or None")

    def _check_claims(self) -> None:
        check_one_end(self.expiration, self.expires_at)
        for name in _CLAIMS:
            value = getattr(self, name)
            is_column = isinstance(value, ColumnName)
            given = value.default if is_column else value
            if given is None and (is_column or name == "expires_at"):
                continue
            if name == "session_id":
                checked: Any = check_session_id(given, self.project_id).text
            else:
                checked = check_claim(name, given)
            new = replace(value, default=checked) if is_column else checked
            object.__setattr__(self, name, new)
        if not self.columns:
            rule = 'be a column, as col("name"), or another claim must be'
            raise InvalidInputError("session_id", self.session_id, rule)

    @property
    def columns(self) -> dict[str, str]:
        """The names of the columns that the job reads, by argument."""
        given = {name: getattr(self, name) for name in _CLAIMS}
        given["row_key"] = self.nonce and self.nonce.row_key
        return {k: v.name for k, v in given.items() if isinstance(v, ColumnName)}

    @property
    def new_columns(self) -> list[str]:
        """The names of the text columns that the job adds to a batch."""
        return [name for name in (self.token_column, self.error_column) if name]

    def check_schema(self, names: Iterable[str]) -> None:
        """Raise InvalidInputError unless *names* fit this job.

        Each column that the job reads must occur exactly once; columns that it adds must
        not occur.
        """
        there = list(names)
        for field, column in self.columns.items():
            if column not in there:
                others = ", ".join(map(str, there)) or "none"
                rule = f"name one of the columns, which are {others}"
                raise InvalidInputError(field, column, rule)
            if there.count(column) > 1:
                rule = "name a column of which there is only one"
                raise InvalidInputError(field, column, rule)
        for field in ("token_column", "error_column"):
            if getattr(self, field) in there:
                raise InvalidInputError(field, getattr(self, field), "be new: it is there")

    def open(self) -> BatchSigner:
        """Read the key in this process and return a `BatchSigner`.

        Raises InvalidInputError if the reference does not lead to a valid key,
        MissingDependencyError if ``pyarrow`` is not installed.
        """
        return BatchSigner(self)


@set_module("tokbox.integrations")
@strip_traceback
class BatchSigner:
    """Signs batches of a job with a key that is read once."""

    __slots__ = ("_arrow", "_job", "_pool", "_signer")

    def __init__(self, job: SigningJob) -> None:
        self._arrow = load("pyarrow", "pyarrow", "arrow")
        assert isinstance(job.key, KeyRef)  # since it was made
        self._job = job
        self._signer = job.key.signer(job.project_id)
        self._pool = MemoryPool()

    def __repr__(self) -> str:
        return f"<BatchSigner of key {self._signer.fingerprint}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a BatchSigner holds a key and cannot be pickled or copied; pass its "
            "SigningJob, and open that where it is used"
        )

    def __call__(self, batch: Any) -> Any:
        """Return a copy of *batch* that has the tokens as another column.

        An Arrow table or record batch (its tokens are large_string), a pandas DataFrame
        and a Polars DataFrame are returned as what they are; other columns and a pandas
        index stay as they are. For a ``pyarrow.RecordBatchReader``, a DuckDB relation, and
        any other object with ``__arrow_c_stream__`` or ``__arrow_c_array__``, the result is
        a RecordBatchReader that signs each batch when it is read::

            sign = job.open()
            signed = sign(polars.read_parquet("guests.parquet"))

        The batch itself is not written to. Raises InvalidInputError if it is none of these,
        or if a column is missing or there twice; InvalidClaimsError if a row breaks a rule
        and there is no column for errors: its ``.row`` counts within this batch, and its
        message has the row's key if nonces are derived.
        """
        arrow = self._arrow
        pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
        if isinstance(batch, arrow.Table | arrow.RecordBatch):
            # By tables of one column: a struct by itself would be taken for a table.
            added = self._sign(
                batch.schema.names,
                lambda name: batch.select([name]),
                lambda name, row: batch[name][row].as_py(),
            )
            signed = batch
            for name, values in added:
                texts = arrow.array(values, arrow.large_string())
                signed = signed.append_column(name, texts)
            return signed
        if pandas is not None and isinstance(batch, pandas.DataFrame):
            added = self._sign(
                batch.columns,
                batch.__getitem__,
                lambda name, row: batch[name].iloc[row],
            )
            new = {name: pandas.array(list(v), dtype="string") for name, v in added}
            return batch.assign(**new)
        if polars is not None and isinstance(batch, polars.DataFrame):
            added = self._sign(
                batch.columns, batch.__getitem__, lambda name, row: batch[name][row]
            )
            return batch.with_columns(
                polars.Series(name, values, dtype=polars.String) for name, values in added
            )
        return self._stream(batch)

    def _sign(
        self,
        names: Iterable[str],
        column: Callable[[str], Any],
        value: Callable[[str, int], Any],
    ) -> list[tuple[str, Sequence[str | None]]]:
        """Sign the rows of a table with columns *names*; return the new columns by name.

        *column* returns a column by name; *value* returns its value in a row.
        """
        job = self._job
        job.check_schema(names)
        given = {name: getattr(job, name) for name in (*_CLAIMS, "kind", "nonce")}
        for claim, name in job.columns.items():
            default = getattr(given.get(claim), "default", None)
            given[claim] = filled(column(name), default)
        if job.nonce is not None:
            given["nonce"] = replace(job.nonce, row_key=given.pop("row_key"))
        given["errors"] = "raise" if job.error_column is None else "null"
        tokens: TokenBatch[Any]
        try:
            tokens = self._signer.sign_rows(**given, memory_pool=self._pool)
        except InvalidClaimsError as error:
            if error.row is not None and (key := job.columns.get("row_key")) is not None:
                error._add_place(f"with {key} {shorten(value(key, error.row))}")
            raise
        if job.error_column is None:
            return [(job.token_column, tokens)]
        reasons: list[str | None] = [None] * len(tokens)
        for row, failure in tokens.failures.items():
            reasons[row] = failure.rule
        return [(job.token_column, tokens), (job.error_column, reasons)]

    def _stream(self, source: Any) -> Any:
        """Return a RecordBatchReader that signs each batch of *source* when it is read."""
        arrow, reader = self._arrow, None
        try:
            if hasattr(source, "__arrow_c_stream__"):
                reader = arrow.RecordBatchReader.from_stream(source)
            elif hasattr(source, "__arrow_c_array__"):
                batch = arrow.record_batch(source)
                reader = arrow.RecordBatchReader.from_batches(batch.schema, [batch])
        except (arrow.ArrowInvalid, TypeError, ValueError):
            pass  # an array, and no table
        if reader is None:
            rule = (
                "be an Arrow table, record batch or reader, a pandas or Polars DataFrame, "
                f"or a DuckDB relation, not {type(source).__name__}"
            )
            raise InvalidInputError("batch", None, rule, show=False)
        self._job.check_schema(reader.schema.names)
        schema = reader.schema
        for name in self._job.new_columns:
            schema = schema.append(arrow.field(name, arrow.large_string()))
        return arrow.RecordBatchReader.from_batches(schema, map(self, reader))


def sign_part(sign: BatchSigner, batch: Any, path_column: str | None) -> Any:
    """Sign an Arrow table or record batch, and remove *path_column* from it.

    *path_column* has the path of the file of each row; an InvalidClaimsError includes it.
    """
    if path_column is None:
        return sign(batch)
    try:
        return sign(batch.select([n for n in batch.schema.names if n != path_column]))
    except InvalidClaimsError as error:
        if error.row is not None:
            error._add_place(f"of {batch[path_column][error.row]}")
        raise
