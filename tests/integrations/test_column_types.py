"""Which Arrow types each claim accepts, the same for every way to sign a table."""

from __future__ import annotations

import csv
import json
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.batches import KEY, NOW, OTHER_SESSION, SECRET, SESSION
from tokbox.cli import main
from tokbox.errors import InvalidClaimsError, InvalidInputError
from tokbox.integrations.job import SigningJob, col
from tokbox.tokens.derive import Derived
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

UUIDS = [UUID(int=1), UUID(int=2**127)]
DAY = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
}
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def runs(array: pa.Array) -> pa.Array:
    """The same, run-end encoded."""
    return pa.RunEndEncodedArray.from_arrays(
        pa.array(range(1, len(array) + 1), pa.int32()), array
    )


#: Two values of every type.
COLUMNS: dict[str, pa.Array] = {
    **{f"integers of {name}": pa.array([60, 120], getattr(pa, name)()) for name in INTEGERS},
    **{f"seconds as {name}": pa.array(["60", "2m"], type_) for name, type_ in TEXTS.items()},
    "run-end encoded seconds": runs(pa.array([60, 120])),
    "run-end encoded text": runs(pa.array(["60", "2m"])),
    "dictionary of integers": pa.array([60, 120]).dictionary_encode(),
    "whole float": pa.array([60.0, 120.0], pa.float32()),
    "whole double": pa.array([60.0, 120.0]),
    "whole half": pa.array([60.0, 120.0], pa.float16()),
    "fraction": pa.array([60.5, -0.5]),
    "fraction of a float": pa.array([60.5, float("inf")], pa.float32()),
    **{
        f"whole decimal{bits}": pa.array([Decimal(60), Decimal(120)], type_(9, 2))
        for bits, type_ in {
            32: pa.decimal32, 64: pa.decimal64, 128: pa.decimal128, 256: pa.decimal256
        }.items()
    },
    "fraction of a decimal": pa.array([Decimal("0.5"), Decimal("1.5")]),
    **{
        f"duration[{unit}]": pa.array([60 * n, 120 * n], pa.duration(unit))
        for unit, n in {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}.items()
    },
    "fraction of a duration": pa.array([1, 60 * 10**9 + 1], pa.duration("ns")),
    "dictionary of durations": pa.array([60, 120], pa.duration("s")).dictionary_encode(),
    "interval": pa.array([(0, 0, 60 * 10**9), (0, 0, 120 * 10**9)], pa.month_day_nano_interval()),
    "interval of months": pa.array([(1, 0, 0), (2, 0, 0)], pa.month_day_nano_interval()),
    "boolean": pa.array([True, False]),
    "timestamp": pa.array([DAY, DAY]),
    "timestamp without a zone": pa.array([DAY.replace(tzinfo=None)] * 2),
    "date": pa.array([date(2026, 1, 1)] * 2),
    "date64": pa.array([date(2026, 1, 1)] * 2, pa.date64()),
    "time": pa.array([time(1), time(2)]),
    "binary": pa.array([b"publisher", b"60"]),
    "large_binary": pa.array([b"publisher", b"60"], pa.large_binary()),
    "binary_view": pa.array([b"publisher", b"60"], pa.binary_view()),
    "fixed binary": pa.array([b"x" * 16, b"y" * 16], pa.binary(16)),
    "uuid": pa.array([each.bytes for each in UUIDS], pa.uuid()),
    "struct": pa.array([{"a": "60"}, {"a": "60"}]),
    "struct of two": pa.array([{"a": 1, "b": 2}, {"a": 1, "b": 2}]),
    "map": pa.array([[("a", "b")], []], pa.map_(pa.string(), pa.string())),
    "union": pa.UnionArray.from_dense(
        pa.array([0, 0], pa.int8()), pa.array([0, 1], pa.int32()), [pa.array(["a", "b"])]
    ),
    "list of integers": pa.array([[1], [2, 3]]),
    "null": pa.nulls(2),
    "roles": pa.array(["publisher", "moderator"]),
    "run-end encoded roles": runs(pa.array(["publisher", "moderator"])),
    "sessions": pa.array([SESSION, OTHER_SESSION]),
    "run-end encoded sessions": runs(pa.array([SESSION, OTHER_SESSION], pa.string_view())),
    "list": pa.array([["a"], ["b", "c"]]),
    "large list": pa.array([["a"], ["b", "c"]], pa.large_list(pa.large_string())),
    "fixed list": pa.array([["a"], ["b"]], pa.list_(pa.string(), 1)),
    "list view": pa.array([["a"], ["b", "c"]], pa.list_view(pa.string())),
}  # fmt: skip

WORDS = {
    *(f"seconds as {name}" for name in TEXTS), "run-end encoded text",
    "roles", "run-end encoded roles", "sessions", "run-end encoded sessions",
}  # fmt: skip
WHOLE = {*(f"integers of {name}" for name in INTEGERS), "run-end encoded seconds"} | {
    "dictionary of integers"
}
#: The columns that each claim accepts. It refuses both rows of all others.
ACCEPTED = {
    "session_id": {"sessions", "run-end encoded sessions"},
    "role": {"roles", "run-end encoded roles"},
    "connection_data": WORDS | {"null"},
    "expiration": {
        *WHOLE, *(f"seconds as {name}" for name in TEXTS), "run-end encoded text",
        "whole float", "whole double", "whole half",
        *(f"whole decimal{bits}" for bits in (32, 64, 128, 256)),
        *(f"duration[{unit}]" for unit in ("s", "ms", "us", "ns")),
        "dictionary of durations", "interval",
    },
    "initial_layout_class_list": WORDS | {"list", "large list", "fixed list", "null"},
    "row_key": WORDS | WHOLE | {"uuid"},
}  # fmt: skip
#: What Parquet, or pyarrow's reader of it, has no type for.
NOT_IN_PARQUET = {
    name
    for name in COLUMNS
    if name.startswith(("run-end", "interval", "dictionary of", "union", "list view"))
}

OPTIONS = {"initial_layout_class_list": "--layout-classes"}
signer = Signer(KEY, SECRET)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKBOX_API_KEY", KEY)
    monkeypatch.setenv("TOKBOX_SECRET", SECRET)


def by_rows(claim: str, column: Any) -> list[str | None]:
    """The tokens that sign_rows makes of a column."""
    given: dict[str, Any] = {"session_id": SESSION, claim: column}
    if claim == "row_key":
        key = given.pop(claim)
        given["nonce"] = Derived(run_id="r", row_key=key, issued_at=NOW)
    return list(signer.sign_rows(**given, errors="null"))


def job_for(claim: str) -> SigningJob:
    given: dict[str, Any] = {"session_id": SESSION, claim: col("x")}
    if claim == "row_key":
        key = given.pop(claim)
        given["nonce"] = Derived(run_id="r", row_key=key, issued_at=NOW)
    return SigningJob(project_id=KEY, key="env:TOKBOX_SECRET", **given, error_column="why")


def by_command(
    claim: str, source: Any, kind: str, *more: str
) -> tuple[list[str | None], list[str]]:
    """The tokens that ``tokbox sign`` makes of two rows in a file, and why there is none."""
    output, rejects = source.with_suffix(f".out.{kind}"), source.with_suffix(".rejects.csv")
    options = {"session_id": SESSION, claim: "col:x"}
    if claim == "row_key":
        options |= {"nonce": "derived", "run_id": "r", "issued_at": str(NOW)}
    given = [
        f"{OPTIONS.get(name) or '--' + name.replace('_', '-')}={value}"
        for name, value in options.items()
    ]
    done = main(
        [
            "sign",
            "-q",
            str(source),
            "-o",
            str(output),
            "--rejects",
            str(rejects),
            *given,
            *more,
        ]
    )
    assert done in (0, 4), done
    if kind == "parquet":
        tokens = pq.read_table(output)["token"].to_pylist()
    elif kind == "csv":
        tokens = [row["token"] for row in csv.DictReader(output.read_text().splitlines())]
    else:
        tokens = [json.loads(line)["token"] for line in output.read_text().splitlines()]
    with rejects.open(newline="") as file:
        return tokens, [row["field"] for row in csv.DictReader(file)]


def expected(claim: str, name: str) -> list[Any]:
    """The values of the claim in both tokens."""
    return {
        "session_id": [SESSION, OTHER_SESSION],
        "role": ["publisher", "moderator"],
        "expiration": [60, 120],
    }.get(claim) or [
        [] if claim == "initial_layout_class_list" and each == "" else each
        for each in as_text(name)
    ]


def as_text(name: str) -> list[str]:
    values = COLUMNS[name].to_pylist()
    return [
        " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
        for value in values
    ]


def said(claim: str, token: str) -> Any:
    found = decode(token)
    if claim == "expiration":
        return found.end_time - found.create_time
    if claim == "initial_layout_class_list":
        return " ".join(found.initial_layout_class_list) or []
    return getattr(found, claim)


def check(claim: str, name: str, tokens: list[str | None]) -> None:
    """Compare tokens with the tables above."""
    if name not in ACCEPTED[claim]:
        assert tokens == [None, None]
    elif claim == "row_key":
        assert tokens == by_rows(claim, as_text(name))
    else:
        assert [said(claim, str(token)) for token in tokens] == expected(claim, name)


@pytest.mark.parametrize("claim", ACCEPTED)
@pytest.mark.parametrize("name", COLUMNS)
def test_sign_rows_accepts_a_type_or_refuses_each_row(claim: str, name: str) -> None:
    column = COLUMNS[name]
    # A struct by itself is a table, whose only column is meant.
    given = column if not pa.types.is_struct(column.type) else pa.table({"x": column})
    check(claim, name, by_rows(claim, given))
    if name in ACCEPTED[claim] or name == "struct of two":
        return
    sign = replace(job_for(claim), error_column=None).open()
    with pytest.raises(InvalidClaimsError, match=rf"row 0.*: {claim} must "):
        sign(pa.table({"x": column}))


@pytest.mark.parametrize("claim", ACCEPTED)
@pytest.mark.parametrize("name", COLUMNS)
def test_a_job_accepts_a_type_or_refuses_each_row(claim: str, name: str) -> None:
    sign, batch = job_for(claim).open(), pa.record_batch({"x": COLUMNS[name]})
    for given in (batch, pa.Table.from_batches([batch])):
        signed = sign(given)
        check(claim, name, signed.column("token").to_pylist())
        reasons = signed.column("why").to_pylist()
        assert [bool(reason) for reason in reasons] == [name not in ACCEPTED[claim]] * 2
        assert signed.drop_columns(["token", "why"]).equals(given)


@pytest.mark.parametrize("claim", ACCEPTED)
@pytest.mark.parametrize("name", sorted(COLUMNS.keys() - NOT_IN_PARQUET))
def test_the_command_accepts_a_parquet_type_or_rejects_each_row(
    claim: str, name: str, tmp_path: Any
) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"x": COLUMNS[name]}), source)
    tokens, fields = by_command(claim, source, "parquet")
    if name not in ACCEPTED[claim]:
        assert (tokens, fields) == ([None, None], [claim] * 2)
    else:
        check(claim, name, tokens)
        assert fields == []


#: Values of JSON and the claims of their tokens; None where a row is refused.
JSON_VALUES: dict[str, list[tuple[Any, Any]]] = {
    "role": [("moderator", "moderator"), (1, None), (True, None), (None, None), ([], None)],
    "connection_data": [
        ("17", "17"), (None, ""), (17, None), (17.0, None), (False, None), ({}, None), (["a"], None),
    ],
    "expiration": [
        (60, 60), (60.0, 60), ("60", 60), ("2m", 120), (6e1, 60), (60.5, None), (True, None),
        (None, None), ("", None), ("soon", None), ([60], None), ({}, None), (1e300, None),
        (10**30, None),
    ],
    "initial_layout_class_list": [
        (["a", "b"], ("a", "b")), ("a b", ("a", "b")), (None, ()), (1, None), ([1], None),
        ({"a": 1}, None),
    ],
}  # fmt: skip


@pytest.mark.parametrize("claim", JSON_VALUES)
def test_lists_and_json_accept_the_same_values(claim: str, tmp_path: Any) -> None:
    values, wanted = zip(*JSON_VALUES[claim], strict=True)
    tokens = by_rows(claim, list(values))
    assert [token and says(claim, token) for token in tokens] == list(wanted)
    source = tmp_path / "in.ndjson"
    source.write_text("".join(json.dumps({"x": value}) + "\n" for value in values))
    tokens, fields = by_command(claim, source, "ndjson")
    assert [says(claim, str(token)) for token in tokens] == [
        w for w in wanted if w is not None
    ]
    assert fields == [claim] * wanted.count(None)


def says(claim: str, token: str) -> Any:
    found = decode(token)
    if claim == "expiration":
        return found.end_time - found.create_time
    return getattr(found, claim)


def test_csv_accepts_the_text_of_lists(tmp_path: Any) -> None:
    values = ["60", "007", "2m", "1h30m", " 5S ", "", "60.0", "soon", "2592000", "2592001"]
    wanted = [60, 7, 120, 5400, 5, None, None, None, 2592000, None]
    tokens = by_rows("expiration", values)
    assert [token and says("expiration", token) for token in tokens] == wanted
    source = tmp_path / "in.csv"
    source.write_text("x\n" + "".join(f'"{value}"\n' for value in values))
    tokens, fields = by_command("expiration", source, "csv")
    assert [says("expiration", str(token)) for token in tokens] == [
        60,
        7,
        120,
        5400,
        5,
        2592000,
    ]
    assert fields == ["expiration"] * 4


def test_row_keys_may_be_uuids_in_a_list() -> None:
    assert by_rows("row_key", UUIDS) == by_rows("row_key", [str(each) for each in UUIDS])


### Frames, readers and relations ###


def is_expiration(given: Any, seconds: list[int | None]) -> None:
    """Check what a column of expirations is signed as; None where the row is refused."""
    tokens = by_rows("expiration", given)
    assert [token and says("expiration", token) for token in tokens] == seconds


def test_numpy_columns_are_read_like_lists() -> None:
    numpy = pytest.importorskip("numpy")
    for kind in ("i8", "u1", "f2", "f4", "f8", "O", "m8[s]", "U4", "m8"):
        is_expiration(numpy.array([60, 120], kind), [60, 120])
    is_expiration(numpy.array([1, 2], "m8[h]"), [3600, 7200])
    is_expiration(numpy.array([60.5, numpy.nan, numpy.inf]), [None] * 3)
    is_expiration(numpy.array([1500, 60_000, "NaT"], "m8[ms]"), [None, 60, None])
    is_expiration(numpy.array([1], "m8[M]"), [None])
    is_expiration(numpy.array([60], "M8[s]"), [None])
    is_expiration(numpy.array([True]), [None])
    with pytest.raises(
        InvalidInputError, match=r"session_id must be .* without dimensions"
    ):
        signer.sign_rows(numpy.array(SESSION), role=["publisher"])


def test_pandas_frames_are_signed_and_keep_their_index_and_types() -> None:
    pandas = pytest.importorskip("pandas")
    columns = {
        "Int64": ([60, None, -1], [60, None, None]),
        "Float64": ([60.0, None, 0.5], [60, None, None]),
        "float64": ([60.0, None, 0.5], [60, None, None]),
        "object": ([60, None, "2m"], [60, None, 120]),
        "string": (["60", None, "2m"], [60, None, 120]),
        "string[pyarrow]": (["60", None, "2m"], [60, None, 120]),
        "int64[pyarrow]": ([60, None, 120], [60, None, 120]),
        "timedelta64[ns]": (
            [timedelta(minutes=1), None, timedelta(hours=1)],
            [60, None, 3600],
        ),
        "category": ([60, None, 120], [60, None, 120]),
    }
    for name, (values, wanted) in columns.items():
        series = pandas.Series(values, dtype=name)
        is_expiration(series, wanted)
        frame = pandas.DataFrame({"x": series}).set_axis([7, 7, 9])
        signed = job_for("expiration").open()(frame)
        assert signed.drop(columns=["token", "why"]).equals(frame)
        tokens = [None if token is pandas.NA else token for token in signed["token"]]
        assert [token and says("expiration", token) for token in tokens] == wanted
        assert [reason is pandas.NA for reason in signed["why"]] == [
            bool(w) for w in wanted
        ]
    twice = pandas.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(InvalidInputError, match="'x'"):
        job_for("expiration").open()(twice)
    with pytest.raises(InvalidInputError, match="columns, which are 0, 1"):
        job_for("expiration").open()(pandas.DataFrame([[1, 2]]))


def test_polars_frames_are_signed_and_keep_their_types() -> None:
    polars = pytest.importorskip("polars")
    columns = {
        polars.Int128: ([60, None, 10**30], [60, None, None]),
        polars.UInt128: ([60, None, 10**30], [60, None, None]),
        polars.UInt16: ([60, None, 120], [60, None, 120]),
        polars.Float32: ([60.0, None, 0.5], [60, None, None]),
        polars.Decimal(10, 2): ([Decimal(60), None, Decimal("0.5")], [60, None, None]),
        polars.Duration("us"): (
            [timedelta(minutes=1), None, timedelta(hours=1)],
            [60, None, 3600],
        ),
        polars.Categorical: (["60", None, "2m"], [60, None, 120]),
        polars.Enum(["60", "2m"]): (["60", None, "2m"], [60, None, 120]),
        polars.String: (["60", None, "2m"], [60, None, 120]),
        polars.Object: ([60, None, "2m"], [60, None, 120]),
        polars.Boolean: ([True, None, False], [None] * 3),
        polars.Datetime: ([DAY.replace(tzinfo=None), None, None], [None] * 3),
        polars.Null: ([None] * 3, [None] * 3),
    }
    for type_, (values, wanted) in columns.items():
        series = polars.Series("x", values, dtype=type_)
        is_expiration(series, wanted)
        frame = polars.DataFrame([series])
        signed = job_for("expiration").open()(frame)
        assert signed.schema == {
            **frame.schema,
            "token": polars.String,
            "why": polars.String,
        }
        assert signed["x"].to_list() == values
        assert [t and says("expiration", t) for t in signed["token"]] == wanted
        assert [reason is None for reason in signed["why"]] == [bool(w) for w in wanted]
    classes = polars.Series([["a", "b"], ["c", "d"]], dtype=polars.Array(polars.String, 2))
    tokens = by_rows("initial_layout_class_list", classes)
    assert [decode(str(t)).initial_layout_class_list for t in tokens] == [
        ("a", "b"),
        ("c", "d"),
    ]
    with pytest.raises(
        InvalidInputError, match=r"batch must be an Arrow table, .* not LazyFrame"
    ):
        job_for("expiration").open()(polars.LazyFrame({"x": [1]}))


def test_duckdb_relations_are_signed_as_they_are_read() -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = (
        ("INTERVAL 1 HOUR", 3600), ("INTERVAL 1 MONTH", None), ("NULL::INTERVAL", None),
        ("60::HUGEINT", 60), ("60.0::DECIMAL(5, 1)", 60), ("60.5", None), ("60::DOUBLE", 60),
        ("60::UTINYINT", 60), ("'2m'", 120), ("TRUE", None), ("now()", None), ("'60'::BLOB", None),
        ("'60'::ENUM('60')", 60), ("uuid()", None),
    )  # fmt: skip
    for value, seconds in rows:
        signed = job_for("expiration").open()(duckdb.sql(f"SELECT {value} AS x"))
        assert isinstance(signed, pa.RecordBatchReader)
        (token,) = signed.read_all()["token"].to_pylist()
        assert (token and says("expiration", token)) == seconds, value


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("INTERVAL 2 MINUTES", 120), ("120.0::DOUBLE", 120), ("'soon'", None)],
)
def test_a_duckdb_function_signs_columns_of_any_type(
    value: str, seconds: int | None
) -> None:
    duckdb = pytest.importorskip("duckdb")
    sign, connection = job_for("expiration").open(), duckdb.connect()
    ((kind,),) = connection.sql(f"SELECT typeof({value})").fetchall()
    connection.create_function(
        "token",
        lambda x: sign(pa.table({"x": x}))["token"],
        [kind],
        "VARCHAR",
        type="arrow",
        null_handling="special",
    )
    ((token,),) = connection.sql(f"SELECT token(x) FROM (SELECT {value} AS x)").fetchall()
    assert (token and says("expiration", token)) == seconds


def test_readers_are_signed_as_they_are_read() -> None:
    table = pa.table({"x": [60, 120, -1]})
    expected = job_for("expiration").open()(table)
    read = []

    def batches() -> Any:
        for batch in table.to_batches(max_chunksize=1):
            read.append(batch)
            yield batch

    signed = job_for("expiration").open()(
        pa.RecordBatchReader.from_batches(table.schema, batches())
    )
    assert read == []
    assert signed.schema == expected.schema
    assert signed.read_all()["why"].to_pylist() == expected["why"].to_pylist()


def test_an_error_of_a_row_leaves_a_reader_as_it_is() -> None:
    job = SigningJob(
        project_id=KEY, key="env:TOKBOX_SECRET", session_id=SESSION, expiration=col("x")
    )
    signed = job.open()(pa.table({"x": [60, -1]}).to_reader())
    with pytest.raises(InvalidClaimsError, match="row 1: expiration"):
        signed.read_all()


class OnlyArray:
    """A table of which nothing is known but that it is Arrow's."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.__arrow_c_array__ = batch.__arrow_c_array__


def test_any_table_of_arrow_is_signed() -> None:
    batch = pa.record_batch({"x": [60]})
    (token,) = (
        job_for("expiration").open()(OnlyArray(batch)).read_all()["token"].to_pylist()
    )
    assert says("expiration", token) == 60


@pytest.mark.parametrize(
    "batch", [pa.array([60]), pa.chunked_array([[60]]), {"x": [60]}, [60], None], ids=str
)
def test_an_object_that_is_not_a_table_is_refused_by_its_type(batch: Any) -> None:
    with pytest.raises(
        InvalidInputError, match=f"^batch must .*, not {type(batch).__name__}$"
    ):
        job_for("expiration").open()(batch)


def test_a_column_that_is_there_twice_is_refused() -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["x", "x"])
    for batch in (table, table.to_batches()[0], table.to_reader()):
        with pytest.raises(
            InvalidInputError, match=r"expiration must .* only one, not 'x'"
        ):
            job_for("expiration").open()(batch)


def test_a_job_takes_a_lifetime_as_text() -> None:
    job = SigningJob(
        project_id=KEY, key="env:TOKBOX_SECRET", session_id=col("x"), expiration="2h"
    )
    assert job.expiration == 7200
    (token,) = job.open()(pa.table({"x": [SESSION]}))["token"].to_pylist()
    assert says("expiration", token) == 7200
    assert says("expiration", signer.session(SESSION).token(expiration="90s")) == 90


### Defaults ###

NULLS: dict[str, tuple[list[Any], str, list[Any]]] = {
    "session_id": ([SESSION, None], OTHER_SESSION, [SESSION, OTHER_SESSION]),
    "role": (["moderator", None], "subscriber", ["moderator", "subscriber"]),
    "connection_data": (["a", None], "b", ["a", "b"]),
    "expiration": ([60, None], "2m", [60, 120]),
    "initial_layout_class_list": ([["a", "b"], None], "c d", [("a", "b"), ("c", "d")]),
}


@pytest.mark.parametrize("claim", NULLS)
def test_a_default_replaces_nulls_in_a_job(claim: str) -> None:
    values, default, wanted = NULLS[claim]
    given = {"session_id": SESSION, claim: col("x", default=default)}
    job = SigningJob(project_id=KEY, key="env:TOKBOX_SECRET", **given)
    assert pickle.loads(pickle.dumps(job)) == job
    column = pa.array(values)
    for batch in (column, column.dictionary_encode() if claim == "role" else column):
        tokens = job.open()(pa.table({"x": batch}))["token"].to_pylist()
        assert [says(claim, token) for token in tokens] == wanted


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("claim", NULLS)
def test_a_default_replaces_nulls_and_empty_fields_of_files(
    claim: str, kind: str, tmp_path: Any
) -> None:
    values, default, wanted = NULLS[claim]
    source = tmp_path / f"in.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table({"x": pa.array(values)}), source)
    elif kind == "ndjson":
        source.write_text("".join(json.dumps({"x": value}) + "\n" for value in values))
    else:
        first = " ".join(values[0]) if isinstance(values[0], list) else values[0]
        source.write_text(f'x\n{first}\n""\n')
    name = OPTIONS.get(claim, f"--{claim.replace('_', '-')}").removeprefix("--")
    tokens, fields = by_command(claim, source, kind, f"--default={name}={default}")
    assert [says(claim, str(token)) for token in tokens] == wanted
    assert fields == []


def test_a_default_is_checked_before_rows_are_read(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for claim, default in {"role": "king", "session_id": "x", "expiration": "soon"}.items():
        given = {"session_id": SESSION, claim: col("x", default=default)}
        with pytest.raises(InvalidClaimsError, match=f"^{claim} must"):
            SigningJob(project_id=KEY, key="env:TOKBOX_SECRET", **given)
    nonce = Derived(run_id="r", row_key=col("x", default="a"), issued_at=NOW)
    with pytest.raises(InvalidInputError, match=r"row_key must .* have no default"):
        SigningJob(
            project_id=KEY, key="env:TOKBOX_SECRET", session_id=col("s"), nonce=nonce
        )
    source = tmp_path / "in.csv"
    source.write_text("x\n")
    for option, said in {
        "role=king": "--role must be one of",
        "session-id=x": "--session-id must be",
        "expiration=1h": "--default must be for a claim that is a column",
        "role": "use CLAIM=VALUE",
        "king=1": "use CLAIM=VALUE with one of the claims session-id, role",
    }.items():
        options = ["--session-id=col:x", "--role=col:x", f"--default={option}"]
        assert main(["sign", "-q", str(source), *options]) == 2
        assert said in capsys.readouterr().err


def test_a_column_shows_its_default() -> None:
    assert repr(col("x", default="2h")) == "col('x', default='2h')"
