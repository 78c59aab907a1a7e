"""Fakes of Ray and Spark that do the work at once, in this process.

They have only the parts that tokbox uses, so that these are tested where the engines are
not installed. `tests/integrations` tests the real engines.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

#: The file of each row, for who asks for it.
FILE = "/data/part-0.parquet"


def _write(table: pa.Table, folder: str, *, exist_ok: bool = False) -> None:
    Path(folder).mkdir(exist_ok=exist_ok)
    pq.write_table(table, Path(folder) / "part-0.parquet")


@dataclass
class Dataset:
    """The rows of a table, as Ray Data has them."""

    table: pa.Table
    #: The options that `map_batches` was called with.
    told: dict[str, Any] = field(default_factory=dict)

    def schema(self) -> pa.Schema:
        return self.table.schema

    def map_batches(
        self,
        actor: Callable[..., Callable[[pa.Table], pa.Table]],
        *,
        fn_constructor_args: tuple[Any, ...],
        batch_size: int,
        **told: Any,
    ) -> Dataset:
        # An actor lives in another process.
        act = actor(*pickle.loads(pickle.dumps(fn_constructor_args)))
        starts = range(0, self.table.num_rows, batch_size)
        done = [act(self.table.slice(start, batch_size)) for start in starts]
        return Dataset(pa.concat_tables(done), {"batch_size": batch_size, **told})

    def iter_batches(self, *, batch_format: str) -> list[pa.Table]:
        assert batch_format == "pyarrow"
        return [self.table]

    def write_parquet(self, folder: str) -> None:
        _write(self.table, folder, exist_ok=True)


@dataclass(frozen=True)
class ActorPoolStrategy:
    """The requested number of actors."""

    size: int


@dataclass
class Ray:
    """A cluster: how many CPUs it has, and what it was started with, if it was."""

    cpus: float | None
    started: dict[str, Any] | None = None

    def is_initialized(self) -> bool:
        return self.started is not None

    def init(self, **options: Any) -> None:
        assert self.started is None, "Ray is started only once"
        self.started = options

    def cluster_resources(self) -> dict[str, float]:
        return {"memory": 1e9} if self.cpus is None else {"CPU": self.cpus}


@dataclass(frozen=True)
class StringType:
    """Text, as Spark calls it."""


@dataclass(frozen=True)
class StructField:
    """A column of a frame."""

    name: str
    type: object


@dataclass(frozen=True)
class StructType:
    """All columns of a frame."""

    fields: list[StructField]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.fields]


@dataclass
class Frame:
    """Rows in partitions, as Spark has them, which hands out few at once."""

    partitions: list[pa.Table]
    schema: StructType
    _BATCH = 2

    @classmethod
    def of(cls, *partitions: pa.Table) -> Frame:
        columns = [StructField(each.name, each.type) for each in partitions[0].schema]
        return cls([*partitions], StructType(columns))

    def mapInArrow(
        self,
        function: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]],
        schema: StructType,
    ) -> Frame:
        done = [
            pa.Table.from_batches(function(iter(part.to_batches(self._BATCH))))
            for part in self.partitions
        ]
        return Frame(done, schema)

    def selectExpr(self, star: str, path: str) -> Frame:
        assert star == "*"
        source, _, name = path.partition(" AS ")
        assert source == "_metadata.file_path"
        parts = [
            part.append_column(name, pa.array([FILE] * len(part)))
            for part in self.partitions
        ]
        return Frame.of(*parts)

    def where(self, condition: str) -> Frame:
        quoted = condition.removesuffix(" IS NOT NULL")
        name = quoted[1:-1].replace("``", "`")
        assert quoted == "`" + name.replace("`", "``") + "`"
        return Frame.of(*[part.filter(part[name].is_valid()) for part in self.partitions])

    def count(self) -> int:
        return len(self.table)

    @property
    def table(self) -> pa.Table:
        return pa.concat_tables(self.partitions)

    @property
    def write(self) -> Any:
        return _Namespace(parquet=lambda folder: _write(self.table, folder))


def _read_parquet(
    source: str, *, columns: list[str] | None = None, include_paths: bool = False
) -> Dataset:
    table = pq.read_table(source, columns=columns)
    if include_paths:
        table = table.append_column("path", pa.array([FILE] * len(table)))
    return Dataset(table)


class _Namespace(ModuleType):
    """A module, or what has attributes as one has."""

    def __init__(self, **members: Any) -> None:
        super().__init__("engine")
        self.__dict__.update(members)


class SparkSession:
    """A session, which makes itself."""

    name = ""

    def appName(self, name: str) -> SparkSession:
        self.name = name
        return self

    def getOrCreate(self) -> SparkSession:
        return self

    @property
    def read(self) -> Any:
        return _Namespace(parquet=lambda source: Frame.of(pq.read_table(source)))


def install_ray(monkeypatch: pytest.MonkeyPatch, cpus: float | None = 4) -> Ray:
    """Make ``import ray`` return a fake cluster with *cpus* CPUs; None: not reported."""
    ray = Ray(cpus)
    data = _Namespace(
        ActorPoolStrategy=ActorPoolStrategy,
        read_parquet=_read_parquet,
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.data", data)
    return ray


def install_spark(monkeypatch: pytest.MonkeyPatch) -> SparkSession:
    """Make ``import pyspark.sql`` return a fake Spark; return its only session."""
    session = SparkSession()
    types = _Namespace(
        StringType=StringType, StructField=StructField, StructType=StructType
    )
    sql = _Namespace(SparkSession=_Namespace(builder=session), types=types)
    modules = {
        "pyspark": _Namespace(sql=sql),
        "pyspark.sql": sql,
        "pyspark.sql.types": types,
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return session
