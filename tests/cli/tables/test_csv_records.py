"""CSV records at their positions, compared with the standard library's reader."""

from __future__ import annotations

import csv
import io
from itertools import islice

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cli import KEY, SECRET, SESSION
from tests.support.sizes import size
from tokbox import Signer
from tokbox._csv import Records
from tokbox.cli.tables.csv import CSVTable
from tokbox.cli.tables.table import Position

texts = st.text(st.sampled_from('ab,"\n\r é'), max_size=6)
raw = st.lists(st.sampled_from([*b'a,"\n\r ']), max_size=40).map(bytes)


def oracle(text: bytes) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text.decode(), newline=""))
    return [row for row in rows if row]


def fields(records: Records) -> list[list[str | None]]:
    """The fields of the records, padded to the number of the longest one."""
    width = max((count for _, count in records.miscounted()), default=0)
    columns = [list(records.texts(column)) for column in range(width)]
    return [list(row) for row in zip(*columns, strict=True)]


@given(raw)
@settings(deadline=None, max_examples=size(400, 2000))
def test_anything_is_read_as_others_read_it(text: bytes) -> None:
    expected = oracle(text)
    records = Records(text, 0, final=True)
    found = [[field for field in row if field is not None] for row in fields(records)]
    assert records.n == len(expected)
    if len(records.miscounted()) < records.n:
        # A quote is still open at the end. Others make of it what they can.
        del expected[-1], found[len(expected) :]
    assert found == expected


@settings(deadline=None)
@given(st.lists(st.lists(texts, min_size=2, max_size=2), max_size=8), st.booleans())
def test_files_of_other_writers_are_read(rows: list[list[str]], everything: bool) -> None:
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL
    csv.writer(out, quoting=quoting).writerows(rows)
    records = Records(out.getvalue().encode(), 2, final=True)
    assert records.miscounted() == []
    assert list(zip(records.texts(0), records.texts(1), strict=True)) == [
        tuple(row) for row in rows
    ]


@settings(deadline=None)
@given(
    st.lists(st.lists(texts, min_size=2, max_size=2), min_size=1, max_size=20),
    st.integers(1, 12),
    st.data(),
)
def test_blocks_may_end_anywhere(
    rows: list[list[str]], size: int, data: st.DataObject
) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["first", "second"], *rows])
    text = out.getvalue().encode()
    whole = CSVTable(io.BytesIO(text), 1 << 20)
    file = io.BytesIO(text)
    table = CSVTable(file, max(size, whole.end))
    chunks = list(table.chunks(Position()))
    found = [
        pair
        for chunk in chunks
        for pair in zip(chunk.column("first"), chunk.column("second"), strict=True)
    ]
    assert found == [tuple(row) for row in rows]
    # And reading can go on where any of them ended.
    after = data.draw(st.integers(0, len(chunks) - 1))
    rest = [
        value
        for chunk in CSVTable(io.BytesIO(text), 1 << 20).chunks(chunks[after].end)
        for value in chunk.column("second")
    ]
    assert rest == [second for _, second in rows[chunks[after].end.rows :]]


def test_pyarrow_reads_what_comes_out() -> None:
    lines = [f'"a\n{i},""b""",{SESSION},{i}' for i in range(100)]
    text = ("x,s,n\n" + "\n".join(lines)).encode()
    (chunk,) = CSVTable(io.BytesIO(text), 1 << 20).chunks(Position())
    tokens = Signer(KEY, SECRET).sign_rows(chunk.column("s"), errors="null")
    signed = b"x,s,n,token\n" + bytes(chunk.signed(tokens, "token"))
    options = pa.csv.ParseOptions(newlines_in_values=True)
    table = pa.csv.read_csv(io.BytesIO(signed), parse_options=options)
    assert table.column("token").to_pylist() == list(tokens)
    assert table.column("x").to_pylist() == [f'a\n{i},"b"' for i in range(100)]


def test_as_many_tokens_as_records_are_needed() -> None:
    records = Records(b"a\nb\n", 1, final=True)
    signer = Signer(KEY, SECRET)
    for n in (1, 3):
        tokens = signer.sign_rows([SESSION] * n)._in_memory()
        assert tokens is not None
        with pytest.raises(ValueError, match="as many tokens as records"):
            records.signed(tokens)


def test_a_record_that_is_not_whole_waits_for_the_rest() -> None:
    for text, n, end in ((b"a\nb", 1, 2), (b"a\r", 0, 0), (b'a\n"\n', 1, 2), (b"", 0, 0)):
        records = Records(text, 1, final=False)
        assert (records.n, records.end) == (n, end)


def test_at_most_the_given_number_of_records_is_read() -> None:
    records = Records(b"a\nb\nc\n", 1, final=True, most=2)
    assert list(islice(records.texts(0), 5)) == ["a", "b"]
    assert records.end == 4


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
def test_lines_are_counted_from_the_beginning_of_the_file(size: int) -> None:
    text = b'a,b\r\n1,"x\ry"\r\n\n2,\r\n\r3,"\n'
    table = CSVTable(io.BytesIO(text), size + 5)
    *_, last = table.chunks(Position())
    (bad,) = last.row_errors
    assert bad == (3, "row", None, "must close the quote that opens in line 7 of the file")
    # Also by a run that continues behind a row.
    for rows, end in ((1, b'y"\r\n'), (2, b"2,\r\n")):
        place = Position(rows, text.index(end) + len(end))
        *_, last = CSVTable(io.BytesIO(text), size + 5).chunks(place)
        assert last.row_errors == [bad]


def test_the_lines_of_an_offset_outside_of_the_block_are_not_counted() -> None:
    with pytest.raises(ValueError, match="within the block"):
        Records(b"a\n", 1, final=True).line_ends(3)
