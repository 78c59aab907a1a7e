"""How much faster two workers sign than one: ``python -m benchmarks.cluster``.

What needs more machines is RS256: a signature takes a core most of a millisecond. Engines
that are installed are measured with one worker and with two, each of one CPU; neither the
start of a worker nor the first batch counts. Plain processes tell what there is to be had:
where others use the CPUs, too, two of them are not twice as fast either.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tokbox.errors import MissingDependencyError
from tokbox.integrations import ray as ray_adapter
from tokbox.integrations import spark as spark_adapter
from tokbox.integrations.job import SigningJob, col, load

from . import workloads

APPLICATION = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
SESSION = (
    "1_MX4zZjJiOGMxMC01YTZkLTRlN2YtOGE5Yi0wYzFkMmUzZjRhNWJ-fjE3MDAwMDAwMDAxMjN-"
    "QWIzL0VmR2hJaitsTW5PcFFyU3RVdld4fn5-"
)
#: Rows in a batch, and in a task of either engine: one of Spark's takes a while to start.
BATCH, TASK, PARTITION = 500, 2500, 10000


def job(folder: Path) -> SigningJob:
    """The job of an application whose key is in *folder*."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = folder / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return SigningJob(
        project_id=APPLICATION,
        key=f"file:{path}",
        session_id=SESSION,
        connection_data=col("name"),
    )


def _sign_alone(job: SigningJob, n: int, start: Any, end: Any) -> None:
    """What a plain process does."""
    sign = job.open()
    batch = pa.table({"name": workloads.connection_data(BATCH)})
    start.wait()
    for _ in range(n // BATCH):
        sign(batch)
    end.wait()


def by_processes(job: SigningJob, n: int, workers: int) -> float:
    """Tokens a second of processes that have nothing to do with one another."""
    spawn = multiprocessing.get_context("spawn")
    start, end = spawn.Barrier(workers + 1), spawn.Barrier(workers + 1)
    share = (job, n // workers, start, end)
    processes = [spawn.Process(target=_sign_alone, args=share) for _ in range(workers)]
    for process in processes:
        process.start()
    start.wait()
    began = time.perf_counter()
    end.wait()
    took = time.perf_counter() - began
    for process in processes:
        process.join()
    return n / took


def by_ray(job: SigningJob, n: int, workers: int) -> float:
    """Tokens a second, from the first batch that comes back to the last."""
    ray, data = load("ray", "ray", "ray"), load("ray.data", "ray", "ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray.init(
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
        signed = ray_adapter.sign(tasks, job, workers=workers, batch_size=BATCH)
        arrived = [
            (time.perf_counter(), batch.num_rows)
            for batch in signed.iter_batches(batch_size=None, batch_format="pyarrow")
        ]
    finally:
        ray.shutdown()
    (start, first), (end, _) = arrived[0], arrived[-1]
    return (n - first) / (end - start)


def by_spark(job: SigningJob, n: int, workers: int) -> float:
    """Tokens a second of a run behind one that has started everything."""
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
            signed = spark_adapter.sign(names, job)
            signed.write.format("noop").mode("overwrite").save()
            took = time.perf_counter() - start
        return n / took
    finally:
        leftovers = Path(load("pyspark", "pyspark", "spark").__file__).parent / "work"
        name = session.sparkContext.applicationId
        session.stop()
        shutil.rmtree(leftovers / name, ignore_errors=True)


ENGINES: dict[str, Callable[[SigningJob, int, int], float]] = {
    "plain processes": by_processes,
    "ray": by_ray,
    "spark": by_spark,
}


def arguments() -> Any:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=__doc__
    )
    parser.add_argument("-n", type=int, default=8 * PARTITION, help="tokens")
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=list(ENGINES))
    options = parser.parse_args()
    if options.n < 2 * PARTITION or options.n % PARTITION:
        parser.error(f"-n must be a multiple of {PARTITION}, two at least")
    return options


def main() -> int:
    options = arguments()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        work = job(Path(folder))
        for name in options.only:
            try:
                one, two = (ENGINES[name](work, options.n, workers) for workers in (1, 2))
            except MissingDependencyError as missing:
                print(f"{name}: {missing}")
                continue
            rates = f"{one:,.0f} tokens/s by 1 worker, {two:,.0f} by 2"
            print(f"{name}: {rates}: {two / one:.2f} x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
