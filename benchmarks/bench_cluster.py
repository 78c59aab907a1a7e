"""RS256 tokens of a signing job on one worker and on two, each with one CPU.

Only RS256 needs more machines: a signature takes most of a millisecond of a core. The start
of workers and their first batch are not part of the time. Plain processes show the gain
that two CPUs allow here, which is less than 2 if other programs use them.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pyarrow as pa

from tokbox.integrations import ray as ray_adapter
from tokbox.integrations import spark as spark_adapter
from tokbox.integrations.job import SigningJob, col, load

from . import workloads
from .comparison import Contender, Seconds, Work, at_least, group
from .rivals import Unavailable, python
from .workloads import resources

#: Rows in a batch, and in a task of Ray and of Spark, whose tasks start slowly.
BATCH, TASK, PARTITION = 500, 2500, 10_000


@cache
def job() -> SigningJob:
    folder = resources.enter_context(tempfile.TemporaryDirectory())
    path = Path(folder, "key.pem")
    path.write_text(workloads.private_key())
    path.chmod(0o600)
    return SigningJob(
        project_id=workloads.APPLICATION_ID,
        key=f"file:{path}",
        session_id=workloads.APPLICATION_SESSION_ID,
        connection_data=col("name"),
    )


@cache
def _signer(job: SigningJob) -> Callable[[pa.Table], object]:
    """Open *job* once in each process."""
    return job.open()


def _sign(job: SigningJob, n: int) -> None:
    """Sign n rows in a process of its own, batch by batch."""
    batch = pa.table({"name": workloads.connection_data(min(n, BATCH))})
    for _ in range(max(1, n // BATCH)):
        _signer(job)(batch)


def processes(n: int, workers: int) -> float:
    """Return the seconds of processes that are independent of one another."""
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = [stack.enter_context(ProcessPoolExecutor(1, spawn)) for _ in range(workers)]

        def sign(rows: int) -> None:
            for done in [pool.submit(_sign, job(), rows) for pool in pools]:
                done.result()

        sign(1)
        start = time.perf_counter()
        sign(n // workers)
        return time.perf_counter() - start


def ray(n: int, workers: int) -> float:
    """Return the seconds from the first batch that arrives to the last, for n rows."""
    engine, data = load("ray", "ray", "ray"), load("ray.data", "ray", "ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    engine.init(
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _node_ip_address="127.0.0.1",
    )
    data.DataContext.get_current().enable_progress_bars = False
    table = pa.table({"name": workloads.connection_data(n)})
    tasks = data.from_arrow([table.slice(at, TASK) for at in range(0, n, TASK)])
    try:
        signed = ray_adapter.sign(tasks, job(), workers=workers, batch_size=BATCH)
        arrived = [
            (time.perf_counter(), batch.num_rows)
            for batch in signed.iter_batches(batch_size=None, batch_format="pyarrow")
        ]
    finally:
        engine.shutdown()
    (start, first), (end, _) = arrived[0], arrived[-1]
    return float(end - start) * n / (n - first)


def spark(n: int, workers: int) -> float:
    """Return the seconds of the second run: the first starts everything."""
    sql = load("pyspark.sql", "pyspark", "spark")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["SPARK_LOCAL_HOSTNAME"] = "localhost"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = sql.SparkSession.builder.master(f"local-cluster[{workers},1,1024]")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "OFF",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": BATCH,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        for rows in (2 * PARTITION, n):
            frame = session.range(0, rows, 1, rows // PARTITION)
            names = frame.selectExpr("concat('user-', id) AS name")
            start = time.perf_counter()
            signed = spark_adapter.sign(names, job())
            signed.write.format("noop").mode("overwrite").save()
            took = time.perf_counter() - start
        return took
    finally:
        leftovers = Path(load("pyspark", "pyspark", "spark").__file__).parent / "work"
        name = session.sparkContext.applicationId
        session.stop()
        shutil.rmtree(leftovers / name, ignore_errors=True)


def pair(
    name: str,
    engine: Callable[[int, int], float],
    least: int = 1,
    package: str = "",
    program: str = "",
) -> list[Contender]:
    """Return the contenders with one worker and with two, which need *least* rows."""

    def on(workers: int) -> Callable[[int], Work]:
        def prepare(n: int) -> Work:
            if n < least:
                raise Unavailable(f"{n} rows are fewer than the {least} that it needs")
            if package:
                python.load(package, package)
            if program and not shutil.which(program):
                raise Unavailable(f"the program {program} is not installed")
            return lambda: Seconds(engine(n, workers))

        return prepare

    one = f"{name}, 1 worker"
    goals = [at_least(None, one)]
    return [Contender(one, on(1)), Contender(f"{name}, 2 workers", on(2), goals=goals)]


test_cluster = group(
    "RS256 tokens on a cluster",
    [
        *pair("processes", processes),
        *pair("Ray", ray, 2 * TASK, "ray"),
        *pair("Spark", spark, 2 * PARTITION, "pyspark", "java"),
    ],
    n=4 * PARTITION,
    rounds=1,
    floor="processes, 1 worker",
    warm_up=False,
)
