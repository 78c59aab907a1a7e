"""The claims for the rows of a table: values for all rows, or columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokbox._memory import StringColumn
from tokbox.errors import InvalidInputError
from tokbox.tokens.claims import check_claim
from tokbox.tokens.columns import check_column_name, filled
from tokbox.tokens.derive import Derived

if TYPE_CHECKING:
    from tokbox._memory import MemoryPool
    from tokbox.cli.tables.table import Chunk
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.signer import Signer

__all__ = ["RowClaims"]

#: The prefix of a column's name.
_COLUMN = "col:"
#: The arguments of `Derived`.
_RUN = ("run_id", "row_key", "issued_at")


@dataclass(frozen=True)
class RowClaims:
    """The arguments of `Signer.sign_rows`, some of which are names of columns."""

    #: Values for all rows, by argument name.
    values: dict[str, Any]
    #: Names of columns, by argument name.
    columns: dict[str, str]
    #: The values of rows that have null, or an empty field of CSV, in a column.
    defaults: dict[str, str]

    @classmethod
    def of(cls, given: dict[str, Any]) -> RowClaims:
        """Separate columns, written ``col:NAME``, from values.

        Raises InvalidInputError if none is a column.

        An option that is None was not given.
        """
        defaults = dict(given.pop("defaults", ()))
        given = {name: value for name, value in given.items() if value is not None}
        columns = {
            name: value.removeprefix(_COLUMN)
            for name, value in given.items()
            if isinstance(value, str) and value.startswith(_COLUMN)
        }
        for name, column in columns.items():
            check_column_name(name, column, f"have the name of a column after {_COLUMN}")
        if not columns:
            rule = "be a column (col:NAME), unless another claim is a column"
            raise InvalidInputError("session_id", given["session_id"], rule)
        values = {name: value for name, value in given.items() if name not in columns}
        if "row_key" in values:
            raise InvalidInputError(
                "row_key", values["row_key"], "be a column, such as col:id"
            )
        _check_run(given)
        for name in defaults:
            if name not in columns:
                rule = f"be for a claim that is a column, and {name} is not one"
                raise InvalidInputError("defaults", None, rule, show=False)
        return cls(values, columns, defaults)

    def check(self, signer: Signer) -> None:
        """Refuse, before anything is read, values that break a rule."""
        signer.sign_rows(**self.arguments(dict.fromkeys(self.columns, ())))
        for name, default in self.defaults.items():
            if name == "session_id":
                signer.session(default)
            else:
                check_claim(name, default)

    def sign(
        self,
        signer: Signer,
        chunk: Chunk,
        partitions: Mapping[str, str | None],
        pool: MemoryPool,
        multithread: bool,
    ) -> TokenBatch[Any]:
        """Sign the rows of a chunk. Those that break a rule have no token, but an error.

        *partitions* are columns that have one value for all rows of the chunk.
        """
        columns = {name: self._read(chunk, partitions, name) for name in self.columns}
        arguments = self.arguments(columns)
        return signer.sign_rows(
            **arguments, errors="null", multithread=multithread, memory_pool=pool
        )

    def _read(self, chunk: Chunk, partitions: Mapping[str, str | None], name: str) -> Any:
        """The column of a claim, with the default in place of nulls."""
        source, default = self.columns[name], self.defaults.get(name)
        if source in partitions:
            column: Any = [partitions[source]] * (chunk.end.rows - chunk.start.rows)
        else:
            column = chunk.column(source)
        if default is not None and isinstance(column, StringColumn):
            column = [text or None for text in column]  # CSV, which has no null
        return filled(column, default)

    def arguments(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of `Signer.sign_rows` for these *columns*."""
        given = {**self.values, **columns}
        run = {name: given.pop(name) for name in _RUN if name in given}
        return {**given, "nonce": Derived(**run) if run else None}


def _check_run(given: dict[str, Any]) -> None:
    """Refuse options of derived nonces that are missing, or useless."""
    derived = given["nonce"] == "derived"
    for name in _RUN:
        if derived and name not in given:
            rule = "be given with --nonce derived, which derives nonces from it"
        elif name in given and not derived:
            rule = "be used with --nonce derived only"
        else:
            continue
        raise InvalidInputError(name, None, rule, show=False)
