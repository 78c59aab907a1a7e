"""``tokbox sign`` of a file that Spark wrote, and reads again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.cli import KEY, SECRET, SESSION
from tokbox import Signer
from tokbox.cli import main

QUERY = f"""
    SELECT '{SESSION}' AS s, id, concat('user-', id) AS user,
        timestamp'9999-12-31 23:59:59.23456' AS last, timestamp'1600-01-01 00:00:00' AS first,
        timestamp_ntz'2020-01-01 01:02:03' AS local, date'1582-10-04' AS date,
        CAST(1.5 AS decimal(9, 2)) AS d9, CAST(1.5 AS decimal(18, 4)) AS d18,
        CAST(1.5 AS decimal(38, 3)) AS d38, CAST(NULL AS string) AS missing,
        CAST(1 AS tinyint) AS small, x'00ff' AS binary,
        interval '1' year AS years, interval '2' day AS days,
        named_struct('a', array(1, NULL), 'm', map('k', id)) AS nested
    FROM range(4000)
"""


@pytest.fixture
def written(spark: Any, tmp_path: Path) -> Path:
    """A file with several row groups, a page index and a bloom filter."""
    spark.sql(QUERY).coalesce(1).write.options(
        **{
            "parquet.block.size": 20_000,
            "parquet.page.row.count.limit": 100,
            "parquet.bloom.filter.enabled#user": True,
        }
    ).parquet(str(tmp_path / "written"))
    (file,) = (tmp_path / "written").glob("*.parquet")
    return file


def rows(frame: Any) -> list[str]:
    """The rows of a frame, in JSON."""
    return sorted(row[0] for row in frame.selectExpr("to_json(struct(*))").collect())


def test_spark_reads_what_it_wrote(
    spark: Any, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_API_KEY", KEY)
    monkeypatch.setenv("TOKBOX_SECRET", SECRET)
    output = tmp_path / "out.parquet"
    columns = ("--session-id", "col:s", "--connection-data", "col:user")
    assert main(["sign", "-q", str(written), "-o", str(output), *columns]) == 0
    file = pq.ParquetFile(output)
    assert file.metadata.num_row_groups > 1
    assert file.schema.column(3).physical_type == "INT96"
    before, after = (spark.read.parquet(str(path)) for path in (written, output))
    assert after.schema.fieldNames() == [*before.schema.fieldNames(), "token"]
    assert after.drop("token").schema == before.schema
    assert rows(after.drop("token")) == rows(before)
    tokens = [row.token for row in after.select("token").collect()]
    assert len({*tokens}) == 4_000
    signer = Signer(KEY, SECRET)
    assert not signer.verify_many(tokens).failures
    # By the page index, and by the bloom filter.
    for query in ("id = 2345", "user = 'user-2345'"):
        (row,) = after.where(query).select("token").collect()
        assert signer.verify(row.token).connection_data == "user-2345"


def test_spark_reads_a_signed_file_in_several_parts(
    spark: Any, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_API_KEY", KEY)
    monkeypatch.setenv("TOKBOX_SECRET", SECRET)
    output = tmp_path / "out.parquet"
    assert (
        main(["sign", "-q", str(written), "-o", str(output), "--session-id", "col:s"]) == 0
    )
    limit = "spark.sql.files.maxPartitionBytes"
    before = spark.conf.get(limit)
    spark.conf.set(limit, output.stat().st_size // 5)
    try:
        frame = spark.read.parquet(str(output))
        assert frame.rdd.getNumPartitions() >= 5
        ids = sorted(row.id for row in frame.select("id", "token").collect())
    finally:
        spark.conf.set(limit, before)
    assert ids == [*range(4_000)]
