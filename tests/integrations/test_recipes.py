"""The programs of docs/data.md that need an engine, each in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import Block, blocks
from tests.integrations.conftest import engine
from tests.support.batches import SECRET
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

#: The API key in the programs.
_PROJECT = "12345678"
_RECIPES = [b for b in blocks("docs/data.md") if b.mark.startswith("run with ")]
#: The modules that each engine needs.
_MODULES = {
    "polars": ["polars"],
    "duckdb": ["duckdb", "numpy"],
    "dask": ["dask.dataframe", "pandas"],
    "ray": ["ray"],
    "spark": ["pyspark"],
}
#: Programs that prepare an engine, as the cluster of a reader is prepared.
_PREPARE = {
    "dask": "import dask; dask.config.set(scheduler='synchronous')",
    "ray": (
        "import ray; ray.init(num_cpus=3, object_store_memory=200 * 2**20, "
        "include_dashboard=False, log_to_driver=False, _node_ip_address='127.0.0.1')"
    ),
    "spark": (
        "from pyspark.sql import SparkSession as S; "
        "S.builder.master('local[2]').config('spark.driver.host', '127.0.0.1')"
        ".config('spark.ui.enabled', 'false').getOrCreate()"
    ),
}
#: Run the printed program unchanged, and print the tokens of its table ``signed``.
_RUN = """
import runpy, sys
import pyarrow as pa
names = runpy.run_path(sys.argv[1], run_name="__main__")
print(*pa.table(names["signed"])["token"].to_pylist())
"""


def _engine(block: Block) -> str:
    return block.mark.removeprefix("run with ")


def _slow(block: Block) -> list[pytest.MarkDecorator]:
    return [pytest.mark.engine] if _engine(block) in ("dask", "ray", "spark") else []


@pytest.mark.parametrize(
    "block", [pytest.param(b, id=b.id, marks=_slow(b)) for b in _RECIPES]
)
def test_recipe_signs_a_token_for_each_guest(block: Block, tmp_path: Path) -> None:
    name = _engine(block)
    for module in _MODULES[name]:
        engine(module, name, module)
    (tmp_path / "recipe.py").write_text(block.code)
    done = subprocess.run(
        [sys.executable, "-c", f"{_PREPARE.get(name, '')}\n{_RUN}", "recipe.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "TOKBOX_SECRET": SECRET,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": str(tmp_path),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_HOSTNAME": "localhost",
            "PYSPARK_PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    tokens = done.stdout.splitlines()[-1].split()
    with Signer(_PROJECT, SECRET) as signer:
        # The programs with derived nonces have a fixed time of issue.
        issued = decode(tokens[0]).create_time
        found = [signer.verify(token, now=issued + 1) for token in tokens]
    assert sorted(token.connection_data for token in found) == ["Ada", "Grace"]


def test_each_engine_has_a_recipe() -> None:
    assert {_engine(block) for block in _RECIPES} == _MODULES.keys()
