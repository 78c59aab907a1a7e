"""Tokens for the rows of a Ray dataset.

::

    job = SigningJob(
        project_id="40000123", key="env:TOKBOX_SECRET", session_id=col("session")
    )
    signed = ray.sign(dataset, job, workers=8)
"""

from __future__ import annotations

from typing import Any

from tokbox.errors import InvalidInputError
from tokbox.exact import exact_int
from tokbox.integrations.job import BatchSigner, SigningJob, load, sign_part
from tokbox.secrecy import strip_traceback

__all__ = ["sign"]

#: Rows that are signed at once: some milliseconds of HMAC, some seconds of RSA.
BATCH = 8192


class _Actor:
    """Signs batches in a worker, with a signer that is made for the first one.

    Ray restarts an actor that cannot be created, again and again, but an error of a batch
    ends the job. So the key is read when there is a batch.
    """

    def __init__(self, job: SigningJob, path_column: str | None = None) -> None:
        self._job = job
        self._path_column = path_column
        self._sign: BatchSigner | None = None

    def __call__(self, batch: Any) -> Any:
        if self._sign is None:
            self._sign = self._job.open()
        return sign_part(self._sign, batch, self._path_column)


@strip_traceback
def sign(
    dataset: Any,
    job: SigningJob,
    *,
    workers: int,
    batch_size: int = BATCH,
    path_column: str | None = None,
    **options: Any,
) -> Any:
    """Return *dataset* (``ray.data.Dataset``) with the tokens of *job* beside its rows.

    *workers* actors, each with a CPU of its own, sign *batch_size* rows at once. Further
    *options* are those of ``Dataset.map_batches``. *path_column* is a column with the file
    of each row (``ray.data.read_parquet(source, include_paths=True)`` adds ``path``): the
    error of a row names that file, and the column is left out of the result.

    Nothing is signed before the dataset is consumed, and each time that it is: with random
    nonces, write it out first.

    An actor that dies is replaced, and what it had not delivered is signed once more:
    with a ``tokbox.Derived`` as ``nonce`` the tokens are then the same.

    Raises InvalidInputError, MissingDependencyError without Ray.
    """
    data = load("ray.data", "ray", "ray")
    size = _at_least_one("workers", workers)
    rows = _at_least_one("batch_size", batch_size)
    job.check_schema(dataset.schema().names)
    return dataset.map_batches(
        _Actor,
        fn_constructor_args=(job, path_column),
        batch_size=rows,
        batch_format="pyarrow",
        zero_copy_batch=True,
        compute=data.ActorPoolStrategy(size=size),
        **{"num_cpus": 1, **options},
    )


def _at_least_one(name: str, value: object) -> int:
    number = exact_int(value)
    if number is None or number < 1:
        raise InvalidInputError(name, value, "be an int, at least 1")
    return number
