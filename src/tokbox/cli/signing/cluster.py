"""Sign a folder of Parquet files on a Ray or Spark cluster."""

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


class _FolderExistsError(Exception):
    """Another run has created the output folder, which must stay."""


def sign_on(engine: str, client: Tokbox, options: dict[str, Any]) -> int:
    """Sign one Parquet file, or those in a folder, into a new folder.

    Returns the number of rows that have an error instead of a token. The new folder is
    removed if the job fails. Workers get a reference to the key, which they must be able to
    read. Raises UsageError for options that only ``--engine local`` has, and
    MissingDependencyError without the engine.
    """
    source, output = options.pop("source"), options.pop("output")
    kind = options.pop("kind_of_file")
    if options.pop("rejects_format") != "report":
        raise click.UsageError("--rejects-format needs --engine local")
    local = ("rejects", "resume", "multithread", "as_json", "allow_missing")
    for name in (*local, "delimiter", "encoding"):
        if options.pop(name):
            option = {"multithread": "threads", "as_json": "json"}.get(name, name)
            option = option.replace("_", "-")
            remedy = ": use --error-column NAME" if name == "rejects" else ""
            raise click.UsageError(f"--{option} needs --engine local{remedy}")
    if "-" in (source, output) or kind not in (None, "parquet"):
        raise click.UsageError(f"--engine {engine} reads and writes only Parquet folders")
    if os.path.lexists(output):
        raise _exists(engine, output)
    check_outside("--output", output, [source])
    if kind is None:
        check_suffix("--output", output, ("parquet",))
    given = click.get_current_context().params
    if given.get("token_file") is not None:
        raise click.UsageError("--token-file has no key to sign with: give --secret-file")
    secret_file = given.get("secret_file")
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
    except _FolderExistsError:
        raise _exists(engine, output) from None
    except Exception as error:
        problem = _reason_of(error)
    finally:
        os.umask(mask)
    raise CommandError(f"the job on {engine} failed: {problem}")


def _exists(engine: str, output: str) -> click.UsageError:
    return click.UsageError(
        f"--engine {engine} writes a new folder, and {output} exists: use another name"
    )


@contextlib.contextmanager
def _new_folder(output: str, *, create: bool) -> Iterator[None]:
    """Remove the folder *output* if the block fails.

    With *create* the folder is created here, because Ray would also write into the folder
    of another run. Spark creates it, and refuses one that exists.
    """
    if create and "://" not in output:
        try:
            os.makedirs(output)
        except FileExistsError:
            raise _FolderExistsError from None
    try:
        yield
    except _FolderExistsError:
        raise
    except BaseException:
        shutil.rmtree(output, ignore_errors=True)
        raise


def _reason_of(error: Exception) -> str:
    """Return the line of *error* with the reason, from an error of tokbox if possible.

    The row number in that line is removed, because it counts within a batch of a worker.
    The file of the row stays.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own_lines = [line for line in lines if line.startswith("tokbox.errors.")]
    line = (own_lines or lines or [type(error).__name__])[0]
    return re.sub(r"^(tokbox\.errors\.\w+: )row [0-9]+( of|:)", r"\1a row\2", line)


def key_reference(
    environ: Mapping[str, str], project_id: str, secret_file: str | None
) -> str:
    """Return where the key of *project_id* is, in the form of a `KeyRef`."""
    from tokbox.rest.environment import APPLICATIONS, PROJECTS

    if secret_file == "-":  # noqa: S105 - no password
        raise click.UsageError(
            "--secret-file - needs --engine local: workers cannot read standard input"
        )
    if secret_file is not None:
        return f"file:{os.path.abspath(secret_file)}"
    for family in PROJECTS if project_id.isdecimal() else APPLICATIONS:
        if environ.get(family.secret):
            return f"env:{family.secret}"
        if family.file and environ.get(family.file):
            return f"file:{os.path.abspath(environ[family.file])}"
    raise click.UsageError(
        "workers must read the key from a variable or a file: set one, or use --secret-file"
    )


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
    signed = integration.sign(guests, job, path_column=_PATH_COLUMN)
    try:
        signed.write.parquet(output)
    except Exception as error:
        # Errors of PySpark have the condition of the error that Spark has raised.
        condition = getattr(error, "getCondition", None)
        if condition is not None and condition() == "PATH_ALREADY_EXISTS":
            raise _FolderExistsError from None
        raise
    if job.error_column is None:
        return 0
    name = job.error_column.replace("`", "``")
    return int(session.read.parquet(output).where(f"`{name}` IS NOT NULL").count())
