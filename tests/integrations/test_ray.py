"""Tokens by Ray: on two actors, of which one is killed."""

from __future__ import annotations

import os
import signal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integrations.conftest import guests, undisturbed
from tokbox.cli.signing import cluster
from tokbox.errors import InvalidInputError
from tokbox.integrations import ray as adapter
from tokbox.integrations.job import col

#: The engine's own affairs.
pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = 6000


def tokens(table: pa.Table) -> dict[int, str]:
    found = dict(zip(*(table[name].to_pylist() for name in ("id", "token")), strict=True))
    assert len(found) == table.num_rows, "a row is there twice"
    return found


def test_an_actor_that_is_killed_leaves_no_gap_and_no_other_tokens(data, vault, make_job):
    rows = data.from_arrow([guests(ROWS).slice(at, 250) for at in range(0, ROWS, 250)])
    signed = adapter.sign(rows, make_job(), workers=2, batch_size=50)
    batches = iter(signed.iter_batches(batch_size=None, batch_format="pyarrow"))
    found = [next(batches)]
    while len(vault.opened()) < 2:
        found.append(next(batches))
    before = vault.opened()
    assert len(before) == len(set(before)) == 2, "a signer is made once for each actor"
    os.kill(before[0], signal.SIGKILL)
    found += batches
    assert tokens(pa.concat_tables(found)) == undisturbed(ROWS)
    assert len(vault.opened()) > 2, "the actor was not replaced: it had nothing left to do"


def test_errors_of_invalid_rows_are_in_a_column(data, make_job):
    table = pa.table({"id": [1, 2, 2], "name": ["a", "x" * 1001, "c"]})
    job = make_job(error_column="why")
    signed = adapter.sign(data.from_arrow(table), job, workers=1).take_all()
    by_row = {(row["id"], row["name"][0]): row for row in signed}
    assert by_row[1, "a"]["token"]
    assert by_row[1, "a"]["why"] is None
    assert by_row[2, "x"]["token"] is None
    assert by_row[2, "x"]["why"] == "connection_data must have at most 1000 characters"
    assert (
        by_row[2, "c"]["why"] == "row_key must be unique, and an earlier row has this one"
    )


def test_a_column_that_is_not_there_is_refused_before_anything_runs(data, vault, make_job):
    rows = data.from_arrow(guests(1))
    with pytest.raises(InvalidInputError, match="columns, which are id, name"):
        adapter.sign(rows, make_job(connection_data=col("number")), workers=1)
    assert vault.opened() == []


def test_the_command_counts_rows_that_break_a_rule(data, make_job, files, tmp_path):
    output = tmp_path / "out"
    job = make_job(error_column="why")
    assert cluster._sign_on_ray(str(files), str(output), job) == 1
    signed = pq.read_table(output, columns=["id", "name", "token", "why"]).to_pylist()
    assert [row["id"] for row in signed if row["token"] is None] == [3]
    assert pq.read_schema(next(output.glob("*.parquet"))).names[-2:] == ["token", "why"]


def test_the_error_of_a_row_names_its_file_and_its_key(data, make_job, files, tmp_path):
    with pytest.raises(Exception, match=r"part-1\.parquet with id 3: connection_data must"):
        cluster._sign_on_ray(str(files), str(tmp_path / "out"), make_job())
