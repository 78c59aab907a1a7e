"""The files that ``make dist`` builds: they contain the types, and the sources of the core."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TYPED = {
    "tokbox/py.typed",
    "tokbox/_memory.pyi",
    "tokbox/_fastsign.pyi",
    "tokbox/_arrow.pyi",
    "tokbox/_capsules.pyi",
    "tokbox/_csv.pyi",
}


def built(pattern: str) -> Path:
    found = sorted((ROOT / "dist").glob(pattern))
    if not found:
        missing = "nothing is built: make dist"
        if "dist" in os.environ.get("TOKBOX_REQUIRE", "").split(","):
            pytest.fail(missing)
        pytest.skip(missing)
    (one,) = found
    return one


def test_the_wheel_ships_types_and_no_sources() -> None:
    with zipfile.ZipFile(built("*.whl")) as wheel:
        names = set(wheel.namelist())
    assert names >= TYPED
    assert not [name for name in names if name.endswith((".c", ".h", ".pyx", ".pxd"))]
    assert {Path(name).parts[0] for name in names if ".dist-info" not in name} == {
        *("tokbox", "pytest_tokbox.py")
    }


def test_the_source_distribution_ships_types_and_what_builds_the_core() -> None:
    with tarfile.open(built("*.tar.gz")) as sources:
        names = {name.partition("/")[2] for name in sources.getnames()}
    assert names >= {f"src/{name}" for name in TYPED}
    suffixes = (".c", ".h", ".pyx", ".pxi", ".pxd")
    built_from = [path for path in (ROOT / "src").rglob("*") if path.suffix in suffixes]
    assert names >= {str(path.relative_to(ROOT)) for path in built_from}


def test_the_source_distribution_does_not_reveal_its_packer_or_time() -> None:
    with tarfile.open(built("*.tar.gz")) as sources:
        members = sources.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert len({member.mtime for member in members}) == 1
    owners = {(member.uid, member.gid, member.uname, member.gname) for member in members}
    assert owners == {(0, 0, "", "")}


def test_the_bill_of_materials_names_what_is_installed_with_tokbox() -> None:
    bill = json.loads(built("*.cdx.json").read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "tokbox"
    named = {component["name"].lower() for component in bill["components"]}
    assert named >= {"urllib3", "click", "rich", "starlette", "uvicorn", "cryptography"}
    # Those are a user's; what tests it and builds it is not.
    assert not named & {"pytest", "cython", "setuptools", "pip"}


def test_the_wheel_contains_a_bill_of_what_was_compiled_into_it() -> None:
    with zipfile.ZipFile(built("*.whl")) as wheel:
        (path,) = [name for name in wheel.namelist() if ".dist-info/sboms/" in name]
        bill = json.loads(wheel.read(path))
        record = next(name for name in wheel.namelist() if name.endswith("/RECORD"))
        assert path in wheel.read(record).decode()
    assert path.endswith("/tokbox.cdx.json")
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "tokbox"
    assert [component["name"] for component in bill["components"]] == ["Cython"]
