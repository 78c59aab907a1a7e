"""The programs of docs/data.md that need an engine, each in a fresh process or namespace."""

from __future__ import annotations

import os
import runpy
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
    if _engine(block) not in ("dask", "ray", "spark"):
        return []
    # The packages themselves issue warnings.
    return [pytest.mark.engine, pytest.mark.filterwarnings("ignore")]


def _run_alone(name: str, folder: Path) -> list[str]:
    """Run a recipe in a fresh process, and return the tokens that it signed."""
    done = subprocess.run(
        [sys.executable, "-c", f"{_PREPARE.get(name, '')}\n{_RUN}", "recipe.py"],
        cwd=folder,
        env={
            **os.environ,
            "TOKBOX_SECRET": SECRET,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_HOSTNAME": "localhost",
            "PYSPARK_PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize(
    "block", [pytest.param(b, id=b.id, marks=_slow(b)) for b in _RECIPES]
)
def test_recipe_signs_a_token_for_each_guest(
    block: Block, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = _engine(block)
    for module in _MODULES[name]:
        engine(module, name, module)
    (tmp_path / "recipe.py").write_text(block.code)
    if name == "ray":
        # A second cluster would take minutes to start.
        request.getfixturevalue("data")
        signed = runpy.run_path(str(tmp_path / "recipe.py"), run_name="recipe")["signed"]
        tokens = signed["token"].to_pylist()
    else:
        tokens = _run_alone(name, tmp_path)
    with Signer(_PROJECT, SECRET) as signer:
        # The programs with derived nonces have a fixed time of issue.
        issued = decode(tokens[0]).create_time
        found = [signer.verify(token, now=issued + 1) for token in tokens]
    assert sorted(token.connection_data for token in found) == ["Ada", "Grace"]


def test_each_engine_has_a_recipe() -> None:
    assert {_engine(block) for block in _RECIPES} == _MODULES.keys()
