"""``tokbox sign --expires-at``: end times in files."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import tables
from tests.support.cli import KEY, SESSION, Result
from tokbox.integrations.job import SigningJob, col
from tokbox.tokens.verification.verify import decode

Cli = Callable[..., Result]

END = int(time.time()) + 86_400
AWARE = datetime.fromtimestamp(END, UTC)
TEXT = AWARE.isoformat()


def ends(rows: list[dict[str, str]]) -> list[int | None]:
    return [decode(row["token"]).expire_time for row in rows]


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_a_column_of_end_times_sets_the_expiry(
    cli: Cli, tmp_path: Path, suffix: str
) -> None:
    source, output = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    if suffix == "csv":
        source.write_text(f"end\n{TEXT}\n{TEXT.replace('+00:00', 'Z')}\n{END}\n")
    elif suffix == "ndjson":
        source.write_text(f'{{"end":"{TEXT}"}}\n{{"end":{END}}}\n{{"end":"{END}"}}\n')
    else:
        column = pa.array([AWARE] * 3, pa.timestamp("us", "Europe/Paris"))
        pq.write_table(pa.table({"end": column}), source)
    args = ("-o", str(output), "--session-id", SESSION, "--expires-at", "col:end")
    assert cli("sign", "-q", str(source), *args) == Result(0, "", "")
    assert ends(tables.read(output)) == [END] * 3


def test_one_time_counts_for_all_rows(cli: Cli, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("name\nAda\nGrace\n")
    args = ("--session-id", SESSION, "--connection-data", "col:name")
    result = cli("sign", "-q", str(source), "-o", str(output), *args, "--expires-at", TEXT)
    assert result.code == 0, result.err
    assert ends(tables.read(output)) == [END] * 2


def test_invalid_times_are_rejected_and_a_default_fills_gaps(
    cli: Cli, tmp_path: Path
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    rejects = tmp_path / "rejects.csv"
    source.write_text(
        f'end,name\n"",Ada\n2020-01-01T00:00Z,Grace\ntomorrow,Edsger\n{END},X\n'
    )
    args = ("-o", str(output), "--session-id", SESSION, "--expires-at", "col:end")
    args += ("--rejects", str(rejects))
    filled = ("--default", f"expires-at={TEXT}")
    assert cli("sign", "-q", str(source), *args, *filled).code == 4
    assert ends(tables.read(output)) == [END] * 2
    found = [(row["row"], row["field"], row["reason"]) for row in tables.read(rejects)]
    assert found == [
        ("2", "expires_at", "must be in the future, by at most 30 days"),
        (
            "3",
            "expires_at",
            "must be an aware datetime, or a time such as 2026-01-31T12:00Z",
        ),
    ]


@pytest.mark.parametrize("expiration", ["1h", "24h", "col:name"])
def test_an_end_and_a_lifetime_exclude_each_other(
    cli: Cli, tmp_path: Path, expiration: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("name\nAda\n")
    args = ("-o", str(tmp_path / "out.csv"), "--session-id", SESSION)
    args += ("--connection-data", "col:name", "--expires-at", TEXT)
    result = cli("sign", "-q", str(source), *args, "--expiration", expiration)
    assert result.code == 2
    assert "--expires-at must be left out, or expiration must be" in result.err


def test_a_time_that_is_over_is_refused_before_anything_is_read(
    cli: Cli, tmp_path: Path
) -> None:
    args = ("-o", str(tmp_path / "out.csv"), "--session-id", "col:s")
    source = tmp_path / "in.csv"
    source.write_text("s\n")
    for given in ("2020-01-01T00:00Z", "2020-01-01", "soon"):
        result = cli("sign", "-q", str(source), *args, "--expires-at", given)
        assert result.code == 2
        assert "--expires-at must" in result.err


def test_a_job_takes_end_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "another0secret0another0secret0another0sec")
    jobs = [
        SigningJob(
            project_id=KEY, key="env:A_SECRET", session_id=SESSION, expires_at=col("end")
        ),
        SigningJob(
            project_id=KEY,
            key="env:A_SECRET",
            session_id=SESSION,
            connection_data=col("name"),
            expires_at=AWARE,
        ),
    ]
    table = pa.table({"end": [AWARE, AWARE + timedelta(days=1)], "name": ["a", "b"]})
    found = [ends(job.open()(table).to_pylist()) for job in jobs]
    assert found == [[END, END + 86_400], [END, END]]
    for wrong in ({"expires_at": "soon"}, {"expires_at": TEXT, "expiration": 60}):
        with pytest.raises(ValueError, match="expires_at must be"):
            SigningJob(project_id=KEY, key="env:A_SECRET", session_id=col("s"), **wrong)
