"""Hand a table to Ray or Spark, which sign it where its rows are."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from tokbox.cli.common.params import CommandError
from tokbox.cli.signing.claims import RowClaims
from tokbox.cli.tables.formats import check_suffix
from tokbox.cli.tables.inputs import check_outside
from tokbox.errors import TokboxError
from tokbox.integrations.job import SigningJob, col, load

if TYPE_CHECKING:
    from tokbox.rest.client import Tokbox

__all__ = ["key_reference", "sign_on"]

#: The file of each row, as Spark is asked to name it.
_PATH_COLUMN = "__tokbox_path"


def sign_on(engine: str, client: Tokbox, options: dict[str, Any]) -> int:
    """Sign the Parquet files in a folder, or one, into a folder that is not there yet.

    Returns how many rows have no token, but an error in the column for errors. The folder
    is removed if the job fails. The credentials go to the workers as a reference: they have
    to be where the workers are, too. Raises UsageError for what only this machine can do,
    MissingDependencyError without the engine.
    """
    source, output = options.pop("source"), options.pop("output")
    kind = options.pop("kind_of_file")
    local = ("rejects", "resume", "multithread", "as_json", "allow_missing")
    for name in (*local, "delimiter", "encoding"):
        if options.pop(name):
            option = {"multithread": "threads", "as_json": "json"}.get(name, name)
            option = option.replace("_", "-")
            remedy = " (others: --error-column NAME)" if name == "rejects" else ""
            raise click.UsageError(f"--{option} is for --engine local{remedy}")
    if "-" in (source, output) or kind not in (None, "parquet"):
        raise click.UsageError(f"--engine {engine} reads and writes folders of Parquet")
    if os.path.lexists(output):
        raise click.UsageError(f"--engine {engine} writes a new folder: {output} is there")
    check_outside("--output", output, [source])
    if kind is None:
        check_suffix("--output", output, ("parquet",))
    secret_file = click.get_current_context().params.get("secret_file")
    names = {name: options.pop(name) for name in ("token_column", "error_column")}
    rows = RowClaims.of(options)
    columns = {
        name: col(column, default=rows.defaults.get(name))
        for name, column in rows.columns.items()
    }
    job = SigningJob(
        project_id=client.project_id,
        key=key_reference(os.environ, client.project_id, secret_file),
        **names,
        **rows.arguments(columns),
    )
    # The engine creates the folder; others must not be able to read the tokens in it.
    mask = os.umask(0o077)
    try:
        with _new_folder(output, create=engine == "ray"):
            run = {"ray": _sign_on_ray, "spark": _sign_on_spark}[engine]
            return run(source, output, job)
    except TokboxError:
        raise
    except Exception as error:
        problem = _reason_of(error)
    finally:
        os.umask(mask)
    raise CommandError(f"{engine} ended the job: {problem}")


@contextlib.contextmanager
def _new_folder(output: str, *, create: bool) -> Iterator[None]:
    """Remove the folder *output* if the block fails.

    Ray would also write into a folder of another run, so with *create* the folder is
    created here. Spark creates it, and refuses one that exists.
    """
    if create and "://" not in output:
        os.makedirs(output)
    try:
        yield
    except BaseException as error:
        if "already exists" not in str(error):
            shutil.rmtree(output, ignore_errors=True)
        raise


def _reason_of(error: Exception) -> str:
    """Return the line of *error* that gives the reason: of an error of tokbox, if possible.

    The row in such a line counts within a batch of a worker, so it is left out, and the
    file of that row stays.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own_lines = [line for line in lines if line.startswith("tokbox.errors.")]
    line = (own_lines or lines or [type(error).__name__])[0]
    return re.sub(r"^(tokbox\.errors\.\w+: )row [0-9]+( of|:)", r"\1a row\2", line)


def key_reference(
    environ: Mapping[str, str], project_id: str, secret_file: str | None
) -> str:
    """Say where the key of *project_id* is, as `tokbox.integrations.KeyRef` takes it."""
    from tokbox.rest.environment import APPLICATIONS, PROJECTS

    if secret_file == "-":  # noqa: S105 - no password
        raise click.UsageError(
            "--secret-file - is for --engine local: no worker can read it"
        )
    if secret_file is not None:
        return f"file:{os.path.abspath(secret_file)}"
    for family in PROJECTS if project_id.isdecimal() else APPLICATIONS:
        if environ.get(family.secret):
            return f"env:{family.secret}"
        if family.file and environ.get(family.file):
            return f"file:{os.path.abspath(environ[family.file])}"
    raise click.UsageError("workers need the key in a variable or a file")


def _sign_on_ray(source: str, output: str, job: SigningJob) -> int:
    from tokbox.integrations import ray as integration

    ray = load("ray", "ray", "ray")
    data = load("ray.data", "ray", "ray")
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    # Reserve one CPU for the tasks that read.
    workers = max(1, int(ray.cluster_resources().get("CPU", 1)) - 1)
    guests, path_column = data.read_parquet(source), None
    if "path" not in guests.schema().names:
        guests, path_column = data.read_parquet(source, include_paths=True), "path"
    signed = integration.sign(guests, job, workers=workers, path_column=path_column)
    signed.write_parquet(output)
    if job.error_column is None:
        return 0
    reasons = data.read_parquet(output, columns=[job.error_column])
    batches = reasons.iter_batches(batch_format="pyarrow")
    return sum(batch.num_rows - batch[0].null_count for batch in batches)


def _sign_on_spark(source: str, output: str, job: SigningJob) -> int:
    from tokbox.integrations import spark as integration

    sql = load("pyspark.sql", "pyspark", "spark")
    session = sql.SparkSession.builder.appName("tokbox sign").getOrCreate()
    guests = session.read.parquet(source).selectExpr(
        "*", f"_metadata.file_path AS {_PATH_COLUMN}"
    )
    integration.sign(guests, job, path_column=_PATH_COLUMN).write.parquet(output)
    if job.error_column is None:
        return 0
    name = job.error_column.replace("`", "``")
    return int(session.read.parquet(output).where(f"`{name}` IS NOT NULL").count())
