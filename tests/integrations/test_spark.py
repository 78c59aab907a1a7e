"""Signing on Spark with two workers, one of which is killed."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integrations.conftest import undisturbed
from tokbox.cli.signing import cluster
from tokbox.errors import InvalidInputError
from tokbox.integrations import spark as adapter
from tokbox.integrations.job import col

#: The engine's own affairs.
pytestmark = pytest.mark.filterwarnings("ignore")

ROWS, PARTITIONS = 4000, 16


def frame(spark, n, partitions=1):
    rows = spark.range(0, n, 1, partitions)
    return rows.selectExpr("id", "concat('guest ', id) AS name")


def tokens(rows):
    found = {row.id: row.token for row in rows}
    assert len(found) == len(rows), "a row is there twice"
    return found


def parent(pid: int) -> int:
    # Behind the name, which may hold anything, in parentheses.
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def executor_of(pid: int) -> int:
    """The process that runs tasks, of which *pid* is a Python worker, or its fork."""
    while b"CoarseGrainedExecutorBackend" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        pid = parent(pid)
        assert pid > 1, "no executor is above it"
    return pid


def test_signers_are_made_once_for_each_partition(spark, vault, make_job):
    signed = adapter.sign(frame(spark, 1000, 4), make_job())
    assert signed.columns == ["id", "name", "token"]
    assert tokens(signed.collect()) == undisturbed(1000)
    # Of 250 rows each, in batches of 100.
    assert len(vault.opened()) == 4


def test_a_worker_that_is_killed_leaves_no_gap_and_no_other_tokens(spark, vault, make_job):
    signed = adapter.sign(frame(spark, ROWS, PARTITIONS), make_job())
    found: list[object] = []
    run = threading.Thread(target=lambda: found.extend(signed.collect()))
    run.start()
    while len(vault.opened()) < 4:
        run.join(0.01)
        assert run.is_alive(), "the run was over, or failed, before it could be disturbed"
    os.kill(executor_of(vault.opened()[-1]), signal.SIGKILL)
    run.join()
    assert tokens(found) == undisturbed(ROWS)
    assert len(vault.opened()) > PARTITIONS, "no task was tried again"


def test_errors_of_invalid_rows_are_in_a_column(spark, make_job):
    rows = spark.createDataFrame(
        [(1, "a"), (2, "x" * 1001), (2, "c")], "id long, name string"
    ).coalesce(1)
    signed = adapter.sign(rows, make_job(error_column="why")).collect()
    by_name = {row.name[0]: row for row in signed}
    assert by_name["a"].token
    assert by_name["a"].why is None
    assert by_name["x"].token is None
    assert by_name["x"].why == "connection_data must have at most 1000 characters"
    assert by_name["c"].why == "row_key must be unique, and an earlier row has this one"


def test_a_column_that_is_not_there_is_refused_before_anything_runs(spark, vault, make_job):
    with pytest.raises(InvalidInputError, match="columns, which are id, name"):
        adapter.sign(frame(spark, 1), make_job(connection_data=col("number")))
    assert vault.opened() == []


def test_the_command_counts_rows_that_break_a_rule(spark, make_job, files, tmp_path):
    output = tmp_path / "out"
    job = make_job(error_column="why")
    assert cluster._sign_on_spark(str(files), str(output), job) == 1
    signed = pq.read_table(output, columns=["id", "name", "token", "why"]).to_pylist()
    assert [row["id"] for row in signed if row["token"] is None] == [3]
    assert pq.read_schema(next(output.glob("*.parquet"))).names[-2:] == ["token", "why"]


def test_the_error_of_a_row_names_its_file_and_its_key(spark, make_job, files, tmp_path):
    with pytest.raises(Exception, match=r"part-1\.parquet with id 3: connection_data must"):
        cluster._sign_on_spark(str(files), str(tmp_path / "out"), make_job())
