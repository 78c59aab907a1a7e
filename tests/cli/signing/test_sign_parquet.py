"""``tokbox sign`` of Parquet files as other tools write them."""

from __future__ import annotations

import base64
import datetime as dt
import io
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tests.cli.signing.test_sign import COLUMNS, signer
from tests.cli.signing.test_sign_resume import KILLED, killed
from tests.support import tables
from tests.support.cli import SESSION, Result
from tests.support.forked import run_forked
from tokbox.cli.tables.formats import open_table
from tokbox.cli.tables.parquet import ParquetTable
from tokbox.cli.tables.table import Position
from tokbox.cli.tables.thrift import dump, parse, read_integer

Cli = Callable[..., Result]


def sign(cli: Cli, source: Path, *more: str) -> Path:
    """Sign a file whose column *s* is the session; return the signed file."""
    output = source.with_name(f"signed-{source.name}")
    args = ("sign", "-q", str(source), "-o", str(output), "--session-id", "col:s", *more)
    assert cli(*args) == Result(0, "", "")
    return output


def valid(tokens: list[Any]) -> bool:
    """Return True if all tokens are valid and different."""
    return not signer.verify_many(tokens).failures and len({*tokens}) == len(tokens)


def footer(path: Path) -> tuple[bytes, bytes]:
    """Return the content of a file without its footer, and the footer."""
    data = path.read_bytes()
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:end], data[end:-8]


# The other columns.


def test_the_content_of_the_file_stays_as_it_is(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    n = 1000
    table = pa.table(
        {
            "s": [SESSION] * n,
            "n": range(n),
            "d": [Decimal(i) / 100 for i in range(n)],
            "t": pa.array(range(n), pa.timestamp("ns")),
            "l": [[{"a": str(i), "b": []}, None] for i in range(n)],
            "f": pa.array([i / 2 for i in range(n)], pa.float32()),
        }
    )
    pq.write_table(
        table,
        source,
        row_group_size=300,
        compression={"s": "zstd", "n": "gzip", "f": "snappy"},
        use_dictionary=["s"],
        column_encoding={"n": "DELTA_BINARY_PACKED", "f": "BYTE_STREAM_SPLIT"},
        use_deprecated_int96_timestamps=True,
        store_decimal_as_integer=True,
        use_compliant_nested_type=False,
        write_page_index=True,
        sorting_columns=[pq.SortingColumn(1)],
        data_page_version="2.0",
    )
    output = sign(cli, source)
    content, _ = footer(source)
    assert footer(output)[0].startswith(content)
    before, after = pq.ParquetFile(source), pq.ParquetFile(output)
    assert after.schema_arrow.remove(6) == before.schema_arrow
    assert [str(after.schema.column(i)) for i in range(7)] == [
        str(before.schema.column(i)) for i in range(7)
    ]
    assert before.metadata.created_by == after.metadata.created_by
    for i in range(4):
        groups = [each.metadata.row_group(i) for each in (before, after)]
        assert groups[0].sorting_columns == groups[1].sorting_columns
        assert groups[0].num_rows == groups[1].num_rows
        for column in range(7):
            found = [group.column(column).to_dict() for group in groups]
            assert found[0] == found[1]
            assert groups[1].column(column).has_offset_index
    found = after.read()
    assert found.drop_columns("token").equals(before.read())
    assert valid(found["token"].to_pylist())


def test_unused_columns_are_not_decoded(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    table = pa.table({"s": [SESSION] * 3, "other": ["a", "b", "c"]})
    pq.write_table(table, source, compression="zstd")
    data = bytearray(source.read_bytes())
    chunk = pq.read_metadata(source).row_group(0).column(1)
    place = slice(chunk.dictionary_page_offset, chunk.data_page_offset)
    data[place] = b"\xff" * len(data[place])
    source.write_bytes(data)
    output = sign(cli, source)
    assert footer(output)[0].startswith(footer(source)[0])
    assert valid(pq.read_table(output, columns=["token"])["token"].to_pylist())


@pytest.mark.parametrize("claim", ["v", "n.v"])
def test_views_are_read_and_kept(cli: Cli, tmp_path: Path, claim: str) -> None:
    source, rejects = tmp_path / "in.parquet", tmp_path / "rejects.csv"
    nested = pa.struct([("v", pa.string_view()), ("b", pa.list_(pa.binary_view()))])
    schema = pa.schema(
        [
            *(("s", pa.string_view()), ("v", pa.string_view()), ("b", pa.binary_view())),
            ("n", nested),
        ]
    )
    rows = [
        {
            "s": session,
            "v": f"user-{i}",
            "b": b"\xff",
            "n": {"v": f"user-{i}", "b": [b"\0"]},
        }
        for i, session in enumerate([SESSION, "none", SESSION])
    ]
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, source)
    output = tmp_path / "out.parquet"
    ends = ("-o", str(output), "--rejects", str(rejects))
    columns = ("--session-id", "col:s", "--connection-data", f"col:{claim}")
    assert cli("sign", "-q", str(source), *ends, *columns).code == 4
    found = pq.read_table(output)
    assert found.drop_columns("token").equals(table)
    first, second, third = found["token"].to_pylist()
    assert second is None
    assert signer.verify(first).connection_data == "user-0"
    assert signer.verify(third).connection_data == "user-2"
    assert [row["row"] for row in tables.read(rejects)] == ["2"]


def test_members_of_structs_are_named_by_a_path(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    rows = [
        {"s": {"of": {"id": SESSION}}, "u.name": "column", "u": {"name": "member"}},
        {"s": {"of": {"id": SESSION}}, "u.name": "column", "u": {"name": "member"}},
    ]
    pq.write_table(pa.Table.from_pylist(rows), source)
    output = tmp_path / "out.parquet"
    columns = ("--session-id", "col:s.of.id", "--connection-data", "col:u.name")
    assert cli("sign", "-q", str(source), "-o", str(output), *columns).code == 0
    found = [signer.verify(token) for token in pq.read_table(output)["token"].to_pylist()]
    assert [each.connection_data for each in found] == ["column"] * 2
    result = cli("sign", "-q", str(source), "--session-id", "col:s.of.name")
    assert result.code == 2
    assert "be one of the columns (s, u.name, u, s.of, s.of.id)" in result.err


def test_row_groups_without_rows_are_kept(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    schema = pa.schema([("s", pa.string()), ("n", pa.int64())])
    with pq.ParquetWriter(source, schema, write_page_index=True) as writer:
        for n in (0, 3, 0, 70_000, 0):
            writer.write_table(pa.table({"s": [SESSION] * n, "n": range(n)}, schema))
    output = sign(cli, source)
    metadata = pq.read_metadata(output)
    assert [metadata.row_group(i).num_rows for i in range(5)] == [0, 3, 0, 70_000, 0]
    found = pq.read_table(output)
    assert found["n"].to_pylist() == [*range(3), *range(70_000)]
    assert valid(found["token"].to_pylist())
    assert duckdb.sql(f"SELECT count(token) FROM '{output}'").fetchall() == [(70_003,)]
    assert pl.read_parquet(output).shape == (70_003, 3)


def test_a_file_of_many_columns_is_signed(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    table = pa.table({"s": [SESSION] * 4, **{f"c{i}": range(4) for i in range(1000)}})
    pq.write_table(table, source, row_group_size=2)
    found = pq.read_table(sign(cli, source))
    assert found.drop_columns("token").equals(table)
    assert valid(found["token"].to_pylist())


def test_a_footer_without_what_is_optional_is_extended(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"s": [SESSION] * 3, "n": range(3)}), source)
    content, data = footer(source)
    fields, _ = parse(data, {4: [{}]})
    for number in (5, 6, 7):  # keys, what wrote it, and the order of values
        del fields[number]
    for number in (5, 6):  # the offset and the compressed size of the row group
        del fields[4][1][0][number]
    data = dump(fields)
    source.write_bytes(content + data + len(data).to_bytes(4, "little") + b"PAR1")
    found = pq.read_table(sign(cli, source))
    assert found["n"].to_pylist() == [0, 1, 2]
    assert valid(found["token"].to_pylist())


def test_the_offset_index_of_the_tokens_has_their_pages(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    n = 20_000
    table = pa.table({"s": [SESSION] * n, "n": range(n)})
    pq.write_table(table, source, row_group_size=n // 2, write_page_index=True)
    output = sign(cli, source)
    data = output.read_bytes()
    fields, _ = parse(footer(output)[1], {4: [{1: [{}]}]})
    for group in fields[4][1]:
        chunk = group[1][1][-1]
        places, _ = parse(data, {1: [{}]}, read_integer(chunk[4][1]))
        rows = 0
        for place in places[1][1]:
            offset, size, first = (read_integer(place[i][1]) for i in (1, 2, 3))
            assert first == rows
            header, end = parse(data, {5: {}}, offset)
            assert end - offset + read_integer(header[3][1]) == size
            rows += read_integer(header[5][1][1][1])
        assert (rows, len(places[1][1]) > 1) == (n // 2, True)


def test_the_page_index_is_copied_to_the_end_of_the_file(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    table = pa.table({"s": [SESSION] * 6, "n": range(6)})
    pq.write_table(table, source, row_group_size=2, write_page_index=True)
    output = sign(cli, source)
    last = pq.read_metadata(output).row_group(2).column(2)
    end = last.data_page_offset + last.total_compressed_size
    found = []
    for path in (source, output):
        data = path.read_bytes()
        fields, _ = parse(footer(path)[1], {4: [{1: [{}]}]})
        chunks = [chunk for group in fields[4][1] for chunk in group[1][1][:2]]
        places = [
            tuple(read_integer(chunk[each][1]) for each in (number, number + 1))
            for chunk in chunks
            for number in (4, 6)  # the offset index, and the column index
        ]
        found.append([data[offset : offset + size] for offset, size in places])
        if path == output:
            assert min(offset for offset, _ in places) == end
    assert found[0] == found[1]
    assert len({*found[0]}) > 1


# Other tools write, and read again.


def test_times_of_96_bits_keep_their_type_and_range(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    times = [dt.datetime(9999, 12, 31, 23, 59, 59), dt.datetime(1, 1, 1), None]
    table = pa.table({"s": [SESSION] * 3, "t": pa.array(times, pa.timestamp("us"))})
    pq.write_table(table, source, use_deprecated_int96_timestamps=True)
    output = sign(cli, source)
    assert pq.ParquetFile(output).schema.column(1).physical_type == "INT96"
    found = pq.read_table(output, coerce_int96_timestamp_unit="us")
    assert found["t"].to_pylist() == times
    query = f"SELECT t FROM '{output}'"
    assert [row[0] for row in duckdb.sql(query).fetchall()] == times


def test_duckdb_reads_what_it_wrote(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    query = f"""
        SELECT '{SESSION}' AS s, i, 'user-' || i AS u,
            to_days(i::INTEGER) + INTERVAL 1 MONTH AS "interval",
            '12:34:56+02:30'::TIMETZ AS timetz,
            1.5::DECIMAL(4, 1) AS d4, 1.5::DECIMAL(12, 1) AS d12, 1.5::DECIMAL(30, 1) AS d30,
            [{{'a': i, 'b': [NULL, 'x']}}] AS list, MAP {{'k': i}} AS map,
            '0f0e0d0c-0b0a-4908-8706-050403020100'::UUID AS uuid,
            i::UTINYINT AS small, '[1]'::JSON AS json, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS t,
            '2026-01-01 00:00:00.000000001'::TIMESTAMP_NS AS ns, 'b'::BLOB AS blob
        FROM range(200) range(i)
    """
    duckdb.sql(f"COPY ({query}) TO '{source}' (ROW_GROUP_SIZE 100)")
    output = sign(cli, source)
    before = duckdb.sql(f"SELECT * FROM '{source}'")
    after = duckdb.sql(f"SELECT * EXCLUDE token FROM '{output}'")
    assert (after.columns, after.types) == (before.columns, before.types)
    assert after.fetchall() == before.fetchall()
    tokens = duckdb.sql(f"SELECT token FROM '{output}'").fetchall()
    assert valid([token for (token,) in tokens])
    # By its bloom filter.
    filters = f"FROM parquet_bloom_probe('{output}', 'u', 'user-7') WHERE NOT bloom_filter_excludes"
    assert len(duckdb.sql(filters).fetchall()) == 1


def test_polars_reads_what_it_wrote(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    frame = pl.DataFrame(
        {
            "s": [SESSION] * 3,
            "c": pl.Series(["a", None, "b"], dtype=pl.Categorical),
            "e": pl.Series(["x", "y", None], dtype=pl.Enum(["x", "y"])),
            "d": [dt.timedelta(days=1), None, dt.timedelta(microseconds=1)],
            "t": [dt.time(1, 2, 3)] * 3,
            "u": pl.Series([1, 2, 2**64 - 1], dtype=pl.UInt64),
            "l": [[{"a": 1}], [], None],
            "n": pl.Series([Decimal("1.25")] * 3, dtype=pl.Decimal(12, 2)),
            "a": pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int8, 2)),
        }
    )
    frame.write_parquet(source, row_group_size=2)
    found = pl.read_parquet(sign(cli, source))
    polars.testing.assert_frame_equal(found.drop("token"), frame)
    assert found.schema["token"] == pl.String
    assert valid(found["token"].to_list())


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"s": [SESSION] * 2, "n": [1, 2]}, index=["a", "b"]),
        pd.DataFrame(
            {"s": [SESSION] * 2, "c": pd.Categorical(["x", None])},
            index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["i", "j"]),
        ),
        pd.DataFrame({"s": [SESSION] * 2}, index=pd.RangeIndex(5, 9, 2)).rename_axis(
            columns="of"
        ),
        pd.DataFrame(
            {"s": pd.array([SESSION] * 2, dtype="string"), "i": pd.array([1, None])}
        ),
    ],
    ids=["index", "two indexes", "range", "extension types"],
)
def test_pandas_reads_what_it_wrote(cli: Cli, tmp_path: Path, frame: pd.DataFrame) -> None:
    source = tmp_path / "in.parquet"
    frame.to_parquet(source)
    before, after = (pd.read_parquet(path) for path in (source, sign(cli, source)))
    assert valid(after.pop("token").to_list())
    pd.testing.assert_frame_equal(after, before)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (pd.Index([0, 1]), ["0", "1"]),
        (pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]), ["('a', 'b')", "('a', 'c')"]),
        (pd.Index(["a", 1], dtype=object), ["a", "1"]),
    ],
    ids=["integers", "two levels", "mixed"],
)
@pytest.mark.filterwarnings("ignore:The DataFrame has column names of mixed type")
def test_labels_of_pandas_become_text_beside_the_name_of_the_token_column(
    cli: Cli, tmp_path: Path, labels: Any, names: list[str]
) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame = pd.DataFrame([[SESSION, 1]] * 2, index=["x", "y"], columns=labels)
    pq.write_table(pa.Table.from_pandas(frame), source)
    args = ("sign", "-q", str(source), "-o", str(output), "--session-id", f"col:{names[0]}")
    assert cli(*args).code == 0
    found = pd.read_parquet(output)
    assert [*found.columns] == [*names, "token"]
    assert [*found.index] == ["x", "y"]


# Files that are refused.


class Keys(pe.KmsClient):  # type: ignore[misc]
    """Stands for a service that keeps keys."""

    def __init__(self, configuration: object) -> None:
        super().__init__()

    def wrap_key(self, key: bytes, name: str) -> bytes:
        return base64.b64encode(key)

    def unwrap_key(self, wrapped: bytes, name: str) -> bytes:
        return base64.b64decode(wrapped)


@pytest.mark.parametrize("plain", [True, False])
def test_an_encrypted_file_is_refused(cli: Cli, tmp_path: Path, plain: bool) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    settings = pe.EncryptionConfiguration(
        "footer", column_keys={"column": ["n"]}, plaintext_footer=plain
    )
    properties = pe.CryptoFactory(Keys).file_encryption_properties(
        pe.KmsConnectionConfig(), settings
    )
    table = pa.table({"s": [SESSION], "n": [1]})
    with pq.ParquetWriter(source, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    result = cli("sign", "-q", str(source), "-o", str(output), "--session-id", "col:s")
    assert result.code == 2
    assert "INPUT must not " in result.err
    assert "decrypt this Parquet file first" in result.err
    assert not output.exists()


def test_an_index_of_other_files_is_refused(cli: Cli, tmp_path: Path) -> None:
    found: list[Any] = []
    table = pa.table({"s": [SESSION], "n": [1]})
    pq.write_to_dataset(table, tmp_path / "data", metadata_collector=found)
    pq.write_metadata(table.schema, tmp_path / "_metadata", metadata_collector=found)
    source = str(tmp_path / "_metadata")
    result = cli("sign", "-q", source, "--format", "parquet", "--session-id", "col:s")
    assert result.code == 2
    assert "this Parquet file is an index of other files" in result.err


def test_a_column_that_cannot_be_decoded_is_named(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"s": [SESSION] * 3}), source, compression="zstd")
    data = bytearray(source.read_bytes())
    data[4:40] = b"\xff" * 36
    source.write_bytes(data)
    result = cli("sign", "-q", str(source), "-o", str(output), "--session-id", "col:s")
    assert (result.code, output.exists()) == (2, False)
    assert "INPUT must have columns that can be decoded: s: " in result.err
    assert len(result.err.splitlines()) == 1


def test_an_unreadable_file_is_reported_with_its_error(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        failed = False

        def read(self, size: int | None = -1) -> bytes:
            if self.failed:
                raise OSError(5, "Input/output error")
            return super().read(size)

    written = io.BytesIO()
    pq.write_table(pa.table({"s": [SESSION] * 3}), written)
    file = Failing(written.getvalue())
    table = open_table(file, "parquet", application=False, columns=("s",))
    file.failed = True
    with pytest.raises(OSError, match="Input/output error"):
        [*table.chunks(Position())]


# How much is in memory.


def test_chunks_are_smaller_where_rows_are_larger() -> None:
    sizes = []
    for width in (1, 100, 10_000, 10_000_000):
        file = io.BytesIO()
        values = pa.array(["x" * width] * (20_000 if width < 1000 else 3))
        pq.write_table(pa.table({"a": values, "b": values}), file, use_dictionary=False)
        chunk = next(ParquetTable(file, 1 << 14, ("a",)).chunks(Position()))
        sizes.append(chunk.end.rows)
    assert sizes == [(8 << 20) // (512 + 2 * 5), (8 << 20) // (512 + 2 * 104), 3, 1]


def test_a_large_row_group_is_read_in_small_blocks() -> None:
    class Watched(io.BytesIO):
        reads: list[int]

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            self.reads.append(len(found))
            return found

    text = base64.b64encode(os.urandom(16 << 20)).decode()
    wide = pa.array([text[i : i + 600] for i in range(0, len(text), 600)])
    file = Watched()
    pq.write_table(pa.table({"wide": wide, "other": wide}), file, compression="none")
    file.reads = []
    table = open_table(file, "parquet", application=False, columns=("wide",))
    assert pq.read_metadata(file).row_group(0).column(0).total_compressed_size > 20 << 20
    chunks = [chunk.column("wide")["wide"] for chunk in table.chunks(Position())]
    assert pa.chunked_array(chunks).equals(pa.chunked_array([wide]))
    assert max(chunk.nbytes for chunk in chunks) < 4 << 20
    # A page has about 1 MiB.
    assert max(file.reads) < 3 << 20
    # The other column is not read.
    assert sum(file.reads) < 30 << 20


# Runs that are killed.


def test_runs_that_are_killed_over_and_over_leave_one_file(
    cli: Cli, tmp_path: Path
) -> None:
    rows = tables.rows(2000)
    rows[700]["role"] = "king"
    source = tables.write(tmp_path / "in.parquet", rows)
    output, rejects = tmp_path / "out.parquet", tmp_path / "rejects.csv"
    ends = ("-o", str(output), "--rejects", str(rejects), "--resume")
    args = ["sign", "-q", source, *ends, *COLUMNS]
    kills = 0
    while killed(("after", "before")[kills % 2], 2, args) < 0:
        kills += 1
        assert len([*tmp_path.glob(".out*")]) == 2  # the partial file and the checkpoint
    assert kills >= 5
    assert sorted(os.listdir(tmp_path)) == ["in.parquet", "out.parquet", "rejects.csv"]
    found = tables.read(output)
    assert [row["user"] for row in found] == [row["user"] for row in rows]
    assert valid([row["token"] for row in found if row["token"]])
    assert [row["row"] for row in tables.read(rejects)] == ["701"]


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_run_that_is_killed_while_files_take_their_places_is_continued(
    cli: Cli, tmp_path: Path, moves: int
) -> None:
    source = tables.write(tmp_path / "in.parquet", tables.rows(10))
    output, rejects = tmp_path / "out.parquet", tmp_path / "rejects.csv"
    ends = ("-o", str(output), "--rejects", str(rejects), "--resume")
    args = ["sign", "-q", source, *ends, *COLUMNS]
    program = KILLED.replace(
        "checkpoint.Checkpoint.save = save_or_die",
        """
replace, moved = os.replace, 0
def replace_or_die(*paths):
    global moved
    if moved == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)
    moved += 1
os.replace = replace_or_die
os_unlink = os.unlink
os.unlink = lambda path: replace_or_die() if moved == int(number) else os_unlink(path)
""",
    )
    code, printed = run_forked(program, ["never", str(moves), *args])
    assert code == -9, printed
    assert cli(*args).code == 0
    assert sorted(os.listdir(tmp_path)) == ["in.parquet", "out.parquet", "rejects.csv"]
    assert valid([row["token"] for row in tables.read(output)])
