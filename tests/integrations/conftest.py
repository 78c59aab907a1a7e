"""Jobs for clusters, a key that records who reads it, and the expected tokens."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.applications import APPLICATION, SESSION, key_pair, private_pem
from tests.support.batches import NOW, SECRET
from tokbox.integrations.job import SigningJob, col, load
from tokbox.tokens.derive import Derived
from tokbox.tokens.signer import Signer

#: The source of a worker's key: it adds a line to a file for each read.
VAULT = """
import os
from pathlib import Path

HERE = Path(__file__).parent


def fetch():
    with open(HERE / "opened", "a") as log:
        log.write(f"{os.getpid()}\\n")
    return (HERE / "key.pem").read_text()
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start Ray or Spark, which `make engines` runs."""
    here = os.path.dirname(__file__) + os.sep
    for item in items:
        if (
            str(item.path).startswith(here)
            and isinstance(item, pytest.Function)
            and {"data", "spark"} & {*item.fixturenames}
        ):
            item.add_marker(pytest.mark.engine)


def engine(module: str, name: str, package: str) -> Any:
    """Import what an engine's tests need, or skip them; CI asks for it, and fails."""
    try:
        return import_module(module)
    except ImportError:
        reason = f"{name} is not tested: {package} is not installed."
    if name in os.environ.get("TOKBOX_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)


class Vault:
    """The file with the private key of the workers."""

    reference = "import:vault_for_workers:fetch"

    def __init__(self, folder: Path) -> None:
        self._log = folder / "opened"
        (folder / "vault_for_workers.py").write_text(VAULT)
        (folder / "key.pem").write_text(private_pem())
        self.forget()

    def forget(self) -> None:
        self._log.write_text("")

    def opened(self) -> list[int]:
        """The processes that have read the key, once for each time."""
        return [int(line) for line in self._log.read_text().splitlines()]


@pytest.fixture(scope="package")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("vault")
    before = dict(os.environ)
    # Engines hand their environment on to their workers.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), before.get("PYTHONPATH", "")])
    os.environ["TOKBOX_SECRET"] = SECRET
    sys.path.insert(0, str(folder))
    yield Vault(folder)
    sys.path.remove(str(folder))
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="package")
def data(vault: Vault) -> Any:
    """A Ray cluster on this machine."""
    ray = engine("ray", "ray", "ray[data]")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    ray.init(
        num_cpus=3,
        object_store_memory=200 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    data = load("ray.data", "ray", "ray")
    data.DataContext.get_current().enable_progress_bars = False
    yield data
    ray.shutdown()
    shutil.rmtree(Path(tempfile.gettempdir(), "ray"), ignore_errors=True)


@pytest.fixture(scope="package")
def spark(vault: Vault) -> Any:
    """A Ray cluster on this machine: two workers with one CPU each."""
    pyspark = engine("pyspark", "spark", "pyspark")
    sql = engine("pyspark.sql", "spark", "pyspark")
    if shutil.which("java") is None:
        engine("no.java", "spark", "a Java runtime")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["SPARK_LOCAL_HOSTNAME"] = "localhost"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = sql.SparkSession.builder.master("local-cluster[2,1,1024]")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "OFF",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    name = session.sparkContext.applicationId
    yield session
    session.stop()
    shutil.rmtree(Path(pyspark.__file__).parent / "work" / name, ignore_errors=True)


@pytest.fixture
def make_job(vault: Vault) -> Callable[..., SigningJob]:
    """Make the job of an application, whose tokens take their time, with changes."""
    vault.forget()

    def make(**changes: Any) -> SigningJob:
        given = {
            "project_id": APPLICATION,
            "key": vault.reference,
            "session_id": SESSION,
            "connection_data": col("name"),
            "nonce": Derived(run_id="a run", row_key=col("id"), issued_at=NOW),
            **changes,
        }
        return SigningJob(**given)

    return make


def guests(n: int) -> pa.Table:
    """*n* rows."""
    return pa.table({"id": range(n), "name": [f"guest {i}" for i in range(n)]})


def undisturbed(n: int) -> dict[int, str]:
    """The expected tokens of this many rows, by id."""
    tokens = Signer.from_private_key(APPLICATION, key_pair()).sign_rows(
        SESSION,
        connection_data=[f"guest {i}" for i in range(n)],
        multithread=True,
        nonce=Derived(run_id="a run", row_key=range(n), issued_at=NOW),
    )
    return dict(enumerate(tokens))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of two files, the second of which has a row that breaks a rule."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i, names in enumerate((["a", "b"], ["c", "x" * 1001])):
        table = pa.table({"id": [2 * i, 2 * i + 1], "name": names})
        pq.write_table(table, folder / f"part-{i}.parquet")
    return folder
