"""``tokbox sign --engine``: the jobs that Ray and Spark receive."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.cli import KEY, SECRET, SESSION, Result
from tests.support.engines import FILE, install_ray, install_spark
from tokbox import Signer
from tokbox.cli.signing import cluster
from tokbox.integrations.job import SigningJob, col
from tokbox.tokens.token import Token

Cli = Callable[..., Result]
Handed = list[tuple[str, str, SigningJob]]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    """The arguments of the engine, which is replaced."""
    found: Handed = []
    for engine in ("ray", "spark"):
        monkeypatch.setattr(
            cluster, f"_sign_on_{engine}", lambda *given: found.append(given)
        )
    return found


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_an_engine_gets_the_job_and_no_secret(
    cli: Cli, tmp_path: Path, handed: Handed, engine: str
) -> None:
    args = (
        "in",
        "-o",
        str(tmp_path / "out"),
        "--session-id",
        "col:s",
        "--expiration",
        "1h",
    )
    assert cli("sign", *args, "--engine", engine) == Result(0, "", "")
    ((source, output, job),) = handed
    assert (source, output) == ("in", str(tmp_path / "out"))
    assert (job.project_id, str(job.key)) == (KEY, "env:TOKBOX_SECRET")
    assert (job.session_id, job.expiration, job.role) == (col("s"), 3600, "publisher")


def test_lifetimes_may_be_a_column_there_too(
    cli: Cli, tmp_path: Path, handed: Handed
) -> None:
    columns = ("--session-id", "col:s", "--expiration", "col:lives")
    args = ("in", "-o", str(tmp_path / "out"), *columns, "--engine", "ray")
    assert cli("sign", *args).code == 0
    assert handed[0][2].expiration == col("lives")


def test_a_key_that_workers_cannot_find_is_refused() -> None:
    with pytest.raises(click.UsageError, match="from a variable or a file"):
        cluster.key_reference({"OPENTOK_API_SECRET": ""}, KEY, None)


def test_a_secret_in_a_file_is_referred_to(
    cli: Cli, tmp_path: Path, handed: Handed
) -> None:
    file = tmp_path / "secret"
    file.write_text("another0secret0another0secret0another0sec\n")
    args = ("in", "-o", str(tmp_path / "out"), "--session-id", "col:s", "--engine", "ray")
    assert cli("sign", *args, "--secret-file", str(file)).code == 0
    assert str(handed[0][2].key) == f"file:{file}"


@pytest.mark.parametrize(
    ("environ", "project_id", "reference"),
    [
        ({"TOKBOX_SECRET_FILE": "/run/s"}, KEY, "file:/run/s"),
        ({"OPENTOK_API_SECRET": "x"}, KEY, "env:OPENTOK_API_SECRET"),
        ({"TOKBOX_PRIVATE_KEY": "x"}, "a-b", "env:TOKBOX_PRIVATE_KEY"),
        ({"VONAGE_PRIVATE_KEY_PATH": "/k"}, "a-b", "file:/k"),
    ],
)
def test_a_key_is_referred_to_where_the_environment_has_it(
    environ: dict[str, str], project_id: str, reference: str
) -> None:
    assert cluster.key_reference(environ, project_id, None) == reference


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("in", "-o", "out", "--rejects", "r"), "--rejects needs --engine local"),
        (("in", "-o", "out", "--resume"), "--resume needs --engine local"),
        (("in", "-o", "out", "--threads"), "--threads needs --engine local"),
        (("in", "-o", "out", "--json"), "--json needs --engine local"),
        (("in",), "--engine ray reads and writes only Parquet folders"),
        (("in", "-o", "out", "--format", "csv"), "only Parquet folders"),
        (("in", "-o", "."), "--engine ray writes a new folder"),
        (("in", "-o", "out", "--secret-file", "-"), "workers cannot read standard input"),
    ],
)
def test_options_that_an_engine_does_not_support_are_refused(
    cli: Cli, handed: Handed, args: tuple[str, ...], words: str
) -> None:
    result = cli("sign", *args, "--session-id", "col:s", "--engine", "ray", stdin="x" * 40)
    assert (result.code, handed) == (2, [])
    assert words in result.err


def test_a_row_error_of_an_engine_is_one_line(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise RuntimeError(
            "job aborted\nTraceback\n  x\ntokbox.errors.InvalidClaimsError: row 5: role must"
        )

    monkeypatch.setattr(cluster, "_sign_on_ray", fail)
    args = ("in", "-o", str(tmp_path / "out"), "--session-id", "col:s", "--engine", "ray")
    result = cli("sign", *args)
    assert result.code == 2
    # The row counts within a batch of a worker.
    assert result.err == (
        "tokbox: error: the job on ray failed: tokbox.errors.InvalidClaimsError: a row: role "
        "must\n"
    )


@pytest.mark.parametrize("engine", ["ray", "spark"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_folder_of_a_job_that_failed_is_removed(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    error: type[BaseException],
) -> None:
    output = tmp_path / "out"

    def fail(*given: Any) -> None:
        output.mkdir(exist_ok=True)
        (output / "part-0.parquet").touch()
        raise error

    monkeypatch.setattr(cluster, f"_sign_on_{engine}", fail)
    args = ("in", "-o", str(output), "--session-id", "col:s", "--engine", engine)
    assert cli("sign", *args).code != 0
    assert not output.exists()


@pytest.mark.parametrize(
    ("condition", "is_kept"), [("PATH_ALREADY_EXISTS", True), ("OTHER", False)]
)
def test_a_folder_that_another_run_creates_meanwhile_is_kept(
    cli: Cli,
    tmp_path: Path,
    guests: Path,
    monkeypatch: pytest.MonkeyPatch,
    condition: str,
    is_kept: bool,
) -> None:
    output = tmp_path / "out"

    class AnalysisException(Exception):
        def getCondition(self) -> str:
            return condition

    def fail(path: str) -> None:
        output.mkdir()
        raise AnalysisException(f"Path file:{path} already exists.")

    signed = SimpleNamespace(write=SimpleNamespace(parquet=fail))
    install_spark(monkeypatch)
    monkeypatch.setattr("tokbox.integrations.spark.sign", lambda *given, **more: signed)
    args = ("-o", str(output), "--session-id", "col:s", "--engine", "spark")
    result = cli("sign", str(guests), *args)
    assert result.code == 2
    assert output.exists() is is_kept
    assert ("exists: use another name" in result.err) is is_kept


def test_two_runs_on_ray_do_not_write_into_one_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handed: Handed
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    monkeypatch.setattr(cluster.os.path, "lexists", lambda path: False)
    args = ("in", "-o", str(output), "--session-id", "col:s", "--engine", "ray")
    result = cli("sign", *args)
    assert (result.code, handed) == (2, [])
    assert "exists: use another name" in result.err
    assert output.exists()


def test_a_folder_with_an_address_is_left_to_ray(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handed: Handed
) -> None:
    monkeypatch.chdir(tmp_path)
    args = ("in", "-o", "s3://bucket/out", "--session-id", "col:s", "--engine", "ray")
    assert cli("sign", *args).code == 0
    assert handed[0][1] == "s3://bucket/out"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_an_engine_that_is_not_installed_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    import sys

    for name in ("ray", "ray.data", "pyspark", "pyspark.sql"):
        monkeypatch.setitem(sys.modules, name, None)
    args = ("in", "-o", str(tmp_path / "out"), "--session-id", "col:s", "--engine", engine)
    result = cli("sign", *args)
    assert result.code == 5
    assert f"tokbox[{engine}]" in result.err


### Jobs on fake engines ###


@pytest.fixture
def guests(tmp_path: Path) -> Path:
    """A folder of Parquet with a row for each guest."""
    folder = tmp_path / "guests"
    folder.mkdir()
    table = pa.table({"s": [SESSION] * 5, "name": [f"guest {i}" for i in range(5)]})
    pq.write_table(table, folder / "part-0.parquet")
    return folder


def sign_guests(cli: Cli, guests: Path, engine: str) -> list[Token]:
    """Sign the rows into a new folder, and return the claims of the tokens."""
    output = guests.parent / "signed"
    columns = ("--session-id", "col:s", "--connection-data", "col:name")
    args = ("sign", str(guests), "-o", str(output), *columns, "--engine", engine)
    assert cli(*args) == Result(0, "", "")
    signed = pq.read_table(output)
    assert signed.column_names == ["s", "name", "token"]
    signer = Signer(KEY, SECRET)
    return [signer.verify(token) for token in signed["token"].to_pylist()]


@pytest.mark.parametrize(("cpus", "workers"), [(4.0, 3), (1.0, 1), (None, 1)])
def test_ray_leaves_a_cpu_to_the_reader(
    cli: Cli,
    guests: Path,
    monkeypatch: pytest.MonkeyPatch,
    cpus: float | None,
    workers: int,
) -> None:
    ray = install_ray(monkeypatch, cpus)
    pools: list[object] = []
    monkeypatch.setattr(
        sys.modules["ray.data"], "ActorPoolStrategy", lambda size: pools.append(size)
    )
    found = sign_guests(cli, guests, "ray")
    assert [token.connection_data for token in found] == [f"guest {i}" for i in range(5)]
    assert pools == [workers]
    assert ray.started == {"log_to_driver": False}


def test_a_cluster_that_runs_is_not_started_again(
    cli: Cli, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = install_ray(monkeypatch)
    ray.init(address="auto")
    assert len(sign_guests(cli, guests, "ray")) == 5
    assert ray.started == {"address": "auto"}


def test_spark_signs_a_folder_into_another(
    cli: Cli, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark = install_spark(monkeypatch)
    found = sign_guests(cli, guests, "spark")
    assert [token.connection_data for token in found] == [f"guest {i}" for i in range(5)]
    assert spark.name == "tokbox sign"


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_the_error_of_a_row_names_its_file_and_its_key(
    cli: Cli,
    guests: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    {"ray": install_ray, "spark": install_spark}[engine](monkeypatch)
    output = guests.parent / "signed"
    columns = ("--session-id", "col:s", "--role", "col:name")
    run = ("--nonce", "derived", "--run-id", "r", "--row-key", "col:name")
    args = ("-o", str(output), *columns, *run, "--issued-at", "1790812800")
    result = cli("sign", str(guests), *args, "--engine", engine)
    assert result.code == 2
    wanted = f"row 0 of {FILE} with name 'guest 0': role must be one of"
    assert wanted in result.err
    assert not output.exists()


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_rows_without_a_token_are_marked_and_counted(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    {"ray": install_ray, "spark": install_spark}[engine](monkeypatch)
    source, output = tmp_path / "in.parquet", tmp_path / "signed"
    roles = ["publisher", "boss", "moderator"]
    # A path of one's own is a column like any other.
    table = pa.table({"s": [SESSION] * 3, "role": roles, "path": roles})
    pq.write_table(table, source)
    columns = ("--session-id", "col:s", "--role", "col:role")
    columns += ("--error-column", "why `not`")
    result = cli("sign", str(source), "-o", str(output), *columns, "--engine", engine)
    assert (result.code, result.out) == (4, ""), result.err
    assert result.err == (
        f"tokbox: 1 rows rejected: see the column why `not` of {output}\n"
    )
    signed = pq.read_table(output)
    assert signed.column_names == ["s", "role", "path", "token", "why `not`"]
    assert [token is None for token in signed["token"].to_pylist()] == [False, True, False]
    reason = "role must be one of subscriber, publisher, publisheronly, moderator"
    assert signed["why `not`"].to_pylist() == [None, reason, None]


def test_a_column_for_errors_is_for_engines(cli: Cli) -> None:
    args = ("in.csv", "-o", "out.csv", "--session-id", "col:s", "--error-column", "why")
    result = cli("sign", *args)
    assert result.code == 2
    assert "--error-column needs --engine ray or spark: use --rejects FILE" in result.err


def test_errors_of_tokbox_are_shown_unchanged(
    cli: Cli, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_spark(monkeypatch)
    args = ("-o", str(guests.parent / "signed"), "--session-id", "col:t")
    result = cli("sign", str(guests), *args, "--engine", "spark")
    assert result.code == 2
    assert "--session-id must name one of the columns, which are s, name" in result.err
    assert "the job on spark failed" not in result.err
