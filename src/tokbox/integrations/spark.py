"""Tokens for the rows of a Spark data frame.

::

    job = SigningJob(
        project_id="40000123", key="env:TOKBOX_SECRET", session_id=col("session")
    )
    signed = spark.sign(frame, job)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tokbox.integrations.job import SigningJob, load, sign_part
from tokbox.secrecy import strip_traceback

__all__ = ["sign"]


@strip_traceback
def sign(frame: Any, job: SigningJob, *, path_column: str | None = None) -> Any:
    """Return *frame* (``pyspark.sql.DataFrame``) with the new columns of *job*.

    The key is read once for each partition. The number of rows in a batch is
    ``spark.sql.execution.arrow.maxRecordsPerBatch``. *path_column* is the name of a column
    with the path of the file of each row, which
    ``frame.selectExpr("*", "_metadata.file_path AS path")`` adds; by default None. Error
    messages include the path, and the column is removed from the result.

    Spark is lazy and signs each time the frame is used. With random nonces, write the
    result to storage first.

    Spark retries a failed task, which signs its partition again. With a ``tokbox.Derived``
    as ``nonce`` the tokens are the same.

    Raises InvalidInputError, MissingDependencyError without Spark.
    """
    types = load("pyspark.sql.types", "pyspark", "spark")
    job.check_schema(frame.schema.names)
    text = types.StringType()
    added = [types.StructField(name, text) for name in job.new_columns]
    kept = [each for each in frame.schema.fields if each.name != path_column]
    schema = types.StructType([*kept, *added])

    def partition(batches: Iterable[Any]) -> Iterator[Any]:
        return _sign_partition(job, batches, path_column)

    return frame.mapInArrow(partition, schema)


def _sign_partition(
    job: SigningJob, batches: Iterable[Any], path_column: str | None
) -> Iterator[Any]:
    arrow = load("pyarrow", "pyarrow", "spark")
    sign_batch = job.open()
    for batch in batches:
        signed = sign_part(sign_batch, batch, path_column)
        # Spark's strings have offsets of 32 bits.
        fields = [
            field.with_type(arrow.string()) if field.name in job.new_columns else field
            for field in signed.schema
        ]
        yield signed.cast(arrow.schema(fields))
