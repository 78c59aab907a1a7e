"""The calls of Ray and Spark, and the signed tokens, without these packages."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from tests.support.batches import KEY, NOW, SECRET, SESSION
from tests.support.engines import (
    ActorPoolStrategy,
    Dataset,
    Frame,
    StringType,
    install_ray,
    install_spark,
)
from tokbox.errors import InvalidInputError
from tokbox.integrations import ray, spark
from tokbox.integrations.job import SigningJob, col
from tokbox.tokens.derive import Derived

GUESTS = pa.table({"id": range(5), "name": [f"guest {i}" for i in range(5)]})


@pytest.fixture
def job(monkeypatch):
    monkeypatch.setenv("A_SECRET", SECRET)
    return SigningJob(
        project_id=KEY,
        key="env:A_SECRET",
        session_id=SESSION,
        connection_data=col("name"),
        error_column="why",
        nonce=Derived(run_id="r", row_key=col("id"), issued_at=NOW),
    )


def test_ray_gets_actors_that_sign_batch_after_batch(monkeypatch, job):
    install_ray(monkeypatch)
    signed = ray.sign(Dataset(GUESTS), job, workers=3, batch_size=2, max_retries=7)
    assert signed.table.equals(job.open()(GUESTS))
    assert signed.told == {
        "batch_size": 2,
        "batch_format": "pyarrow",
        "zero_copy_batch": True,
        "compute": ActorPoolStrategy(3),
        "num_cpus": 1,
        "max_retries": 7,
    }


def test_an_actor_may_be_given_other_resources(monkeypatch, job):
    install_ray(monkeypatch)
    signed = ray.sign(Dataset(GUESTS), job, workers=1, num_cpus=2)
    assert signed.told["num_cpus"] == 2


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_an_invalid_number_of_workers_is_refused(monkeypatch, job, workers):
    install_ray(monkeypatch)
    with pytest.raises(InvalidInputError, match="workers must be an int"):
        ray.sign(Dataset(GUESTS), job, workers=workers)


def test_spark_gets_texts_of_its_own_type_from_each_partition(monkeypatch, job):
    install_spark(monkeypatch)
    frame = Frame.of(GUESTS.slice(0, 3), GUESTS.slice(3))
    signed = spark.sign(frame, job)
    assert (
        signed.schema.names == signed.table.schema.names == ["id", "name", "token", "why"]
    )
    assert [column.type for column in signed.schema.fields[2:]] == [StringType()] * 2
    assert signed.table.schema.types[2:] == [pa.string()] * 2
    expected = job.open()(GUESTS)
    assert signed.table["token"].to_pylist() == expected["token"].to_pylist()
    assert signed.table.drop_columns(["token", "why"]).equals(GUESTS)


def test_columns_that_are_not_there_are_refused_before_an_engine_is_asked(monkeypatch, job):
    install_ray(monkeypatch)
    install_spark(monkeypatch)
    table = GUESTS.drop_columns(["name"])
    with pytest.raises(InvalidInputError, match="columns, which are id, not"):
        ray.sign(Dataset(table), job, workers=1)
    with pytest.raises(InvalidInputError, match="columns, which are id, not"):
        spark.sign(Frame.of(table), job)


def test_a_key_that_a_ray_worker_lacks_ends_the_job_at_its_first_batch(monkeypatch, job):
    """Ray would restart an actor that cannot be created, for minutes."""
    install_ray(monkeypatch)
    actor = ray._Actor(replace(job, key="env:NO_SUCH_VARIABLE"))
    with pytest.raises(InvalidInputError, match="env:NO_SUCH_VARIABLE does not"):
        actor(GUESTS)
