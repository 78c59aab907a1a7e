"""``tokbox sign`` of a partitioned folder that Spark wrote, and reads again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import KEY, SECRET, SESSION
from tokbox import Signer
from tokbox.cli import main

QUERY = f"""
    SELECT '{SESSION}' AS s, id,
        element_at(array('a/b c', '50%=half', 'ü', NULL, '2026-01-01'), CAST(id % 5 AS int) + 1)
            AS place,
        CAST(3600 + id % 2 AS int) AS life
    FROM range(1000)
"""


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_spark_reads_the_partitions_of_a_signed_folder(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("TOKBOX_API_KEY", KEY)
    monkeypatch.setenv("TOKBOX_SECRET", SECRET)
    source, output = tmp_path / "in", tmp_path / "out"
    frame = spark.sql(QUERY).repartition(2)
    frame.write.partitionBy("place", "life").format(kind).save(str(source))
    assert (source / "_SUCCESS").exists()
    args = ["--session-id", "col:s", "--connection-data", "col:place"]
    args += ["--expiration", "col:life", "--format", kind.replace("json", "ndjson")]
    assert main(["sign", "-q", str(source), "-o", str(output), *args]) == 0
    before, after = (spark.read.format(kind).load(str(path)) for path in (source, output))
    assert {*after.schema.fieldNames()} == {*before.schema.fieldNames(), "token"}
    columns = ("id", "s", "place", "life")
    rows = [frame.select(*columns).orderBy("id").collect() for frame in (before, after)]
    assert rows[0] == rows[1]
    assert [row.id for row in rows[0]] == [*range(1000)]
    signer = Signer(KEY, SECRET)
    for row in after.select("place", "token").collect():
        assert signer.verify(row.token).connection_data == (row.place or "")
