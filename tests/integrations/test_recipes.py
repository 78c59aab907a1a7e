"""The Python of docs/data.md, as it stands there, for each engine that is installed."""

from __future__ import annotations

import contextlib
import importlib
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.integrations.conftest import engine
from tests.support.batches import KEY, OTHER_SESSION, SECRET
from tokbox.tokens.derive import Derived
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

#: The engines' own affairs.
pytestmark = pytest.mark.filterwarnings("ignore")

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "data.md"
_BLOCK = re.compile(r"^```python ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> list[str]:
    """The pieces of Python that are marked with an engine's name, or with none."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return [code for engine, code in _BLOCK.findall(text) if engine == name]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run what the document says before the engines, then what it says of one."""
    monkeypatch.setenv("TOKBOX_SECRET", SECRET)

    def run(name: str, **given: Any) -> list[Any]:
        space = {"__name__": "recipe", **given}
        for code in blocks(""):
            exec(code, space)
        found = [space["signed"]]
        for code in blocks(name):
            exec(code, space)
            found.append(space["signed"])
        return found

    return run


def expected() -> list[str]:
    return (
        Signer(KEY, SECRET)
        .sign_rows(
            [OTHER_SESSION] * 2,
            connection_data=["Ada", "Grace"],
            expiration=7200,
            nonce=Derived(
                run_id="guests of 2026-10-01", row_key=[1, 2], issued_at=1_790_812_800
            ),
        )
        .tolist()
    )


def test_the_job_of_the_document_signs_what_it_says(run):
    (signed,) = run("none of them")
    assert signed["token"].to_pylist() == expected()
    assert signed["why"].to_pylist() == [None, None]
    assert decode(expected()[1]).connection_data == "Grace"


@pytest.mark.parametrize(
    ("name", "modules", "pieces"),
    [
        ("polars", ["polars"], 2),
        ("duckdb", ["duckdb", "numpy"], 2),
        pytest.param("dask", ["dask.dataframe", "pandas"], 1, marks=pytest.mark.engine),
    ],
)
def test_a_recipe_makes_the_tokens_that_a_signer_makes(run, name, modules, pieces):
    for module in modules:
        engine(module, name, module)
    with contextlib.ExitStack() as stack:
        if name == "dask":
            # The threads of its default scheduler never end.
            config = importlib.import_module("dask").config
            stack.enter_context(config.set(scheduler="synchronous"))
        whole, *signed = run(name)
    assert len(signed) == pieces
    for table in signed:
        assert (
            pa.table(table)["token"].to_pylist() == whole["token"].to_pylist() == expected()
        )


def test_the_recipe_for_ray_makes_the_same_tokens(run, data):
    assert run("ray")[1]["token"].to_pylist() == expected()


def test_the_recipe_for_spark_makes_the_same_tokens(run, spark):
    assert run("spark", spark=spark)[1]["token"].to_pylist() == expected()
