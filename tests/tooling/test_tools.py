"""The tools that build and test the distribution."""

from __future__ import annotations

import io
import sqlite3
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.survival import Acknowledged, damage, lost
from tokbox.emulator.store.database import Store
from tools import core_coverage, distribution, free_threaded, mutation_score, smoke, soak

ROOT = Path(__file__).parents[2]


def packed(path: Path, names: list[str], when: int, owner: int, mode: int) -> Path:
    """A source distribution, packed by some user at some time."""
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uid, member.mode = 2, when, owner, mode
            archive.addfile(member, io.BytesIO(b"ok"))
    return path


def test_sources_are_packed_the_same_by_everybody_at_any_time(tmp_path: Path) -> None:
    mine = packed(tmp_path / "a.tar.gz", ["p/b.py", "p/a.py"], 1_700_000_000, 1000, 0o664)
    theirs = packed(tmp_path / "b.tar.gz", ["p/a.py", "p/b.py"], 1_800_000_000, 0, 0o600)
    assert mine.read_bytes() != theirs.read_bytes()
    for archive in (mine, theirs):
        distribution.normalize(archive, 1_600_000_000)
    assert mine.read_bytes() == theirs.read_bytes()
    with tarfile.open(mine) as archive:
        assert archive.getnames() == ["p/a.py", "p/b.py"]
        assert {member.mtime for member in archive.getmembers()} == {1_600_000_000}


def test_executable_files_stay_executable(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", ["p/run"], 0, 0, 0o700)
    distribution.normalize(path, 0)
    with tarfile.open(path) as archive:
        assert archive.getmember("p/run").mode == 0o755


def test_the_notes_of_setuptools_are_left_out(tmp_path: Path) -> None:
    names = ["p/PKG-INFO", "p/setup.cfg", "p/src/tokbox.egg-info/SOURCES.txt"]
    path = packed(tmp_path / "a.tar.gz", names, 0, 0, 0o644)
    distribution.normalize(path, 0)
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["p/PKG-INFO"]


def test_time_is_the_one_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert distribution.epoch() == "1600000000"


def test_the_source_tree_is_not_taken_for_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "src" / "tokbox").mkdir(parents=True)
    (tmp_path / "src" / "tokbox" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "tokbox", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    with pytest.raises(SystemExit, match="is the source tree"):
        smoke.installed()


def test_line_numbers_are_formatted_as_ranges() -> None:
    assert core_coverage.spans([9, 3, 7, 8]) == "3, 7-9"
    assert core_coverage.spans([]) == ""


def test_kernels_that_the_processor_lacks_are_not_counted() -> None:
    rows = "1:avx512:0:16:0 1:sha-ni:0:2:1 1:portable:1:1:1 256:avx512:0:16:0"
    absent = core_coverage.unable(rows)
    assert absent == ["avx512", "sha-ni"]
    units = [
        "sha1_ni",
        "sha256_avx512",
        "base64_avx512",
        "sha1_avx2",
        "sha1_portable",
        "t1",
    ]
    left = [unit for unit in units if not core_coverage.is_of(unit, absent)]
    assert left == ["sha1_avx2", "sha1_portable", "t1"]


def test_a_line_that_nothing_ran_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert not core_coverage.report({"t1.c": {3: 1, 4: 0, 5: 0}, "hmac.c": {1: 9}})
    said = capsys.readouterr().out
    assert "t1.c                   33.3 %  4-5\n" in said
    assert "C core                 50.0 %  of 4 lines\n" in said
    assert core_coverage.report({"hmac.c": {1: 9}})


def test_no_lines_at_all_are_no_success() -> None:
    assert not core_coverage.report({})


# The soak: what it would not forgive.

QUIET = soak.Traffic(100, 1.0, 0, 0, 0, 0, 1.0, 2.0, 3.0, {}, "")


def test_acknowledged_but_missing_objects_are_named(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    Store(db).close()
    known = Acknowledged({"s"}, {"c": "s"}, {"a": True}, {"b"})
    assert lost(db, known) == ["session s", "connection c", "archive a", "broadcast b"]
    assert (known.count, lost(db, Acknowledged())) == (4, [])


def test_a_database_that_refers_to_nothing_is_damaged(tmp_path: Path) -> None:
    db = tmp_path / "emulator.db"
    Store(db).close()
    assert damage(db) == []
    with sqlite3.connect(db) as raw:
        raw.execute("INSERT INTO streams VALUES ('i', 'c', 's', 0, '', '', '', 0)")
    raw.close()
    assert len(damage(db)) == 2


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"refused": {"500": 3}, "complaint": "500 no"}, "500"),
        ({"timeout": 2}, "2 answers did not come"),
        ({"connect": 1}, "1 connections of wrk were cut"),
        ({"read": 1, "write": 2}, "3 connections of wrk were cut"),
    ],
)
def test_errors_reported_by_wrk_are_failures(
    tmp_path: Path, changes: dict[str, Any], failure: str
) -> None:
    judged = soak.Soak(tmp_path)
    judged.judge_undisturbed(QUIET, cut=0)
    assert judged.failures == []
    judged.judge_undisturbed(replace(QUIET, **changes), cut=0)
    assert [said for said in judged.failures if failure in said]


def test_kills_are_an_excuse_for_cut_connections_alone(tmp_path: Path) -> None:
    judged = soak.Soak(tmp_path)
    judged.judge(replace(QUIET, connect=1, read=2, write=3))
    assert judged.failures == []
    judged.judge(replace(QUIET, refused={"503": 1}))
    assert len(judged.failures) == 1


def test_memory_is_compared_after_the_warm_up() -> None:
    warm_up, flat = [(50, 0)] * 10, [(100, size) for size in range(20)]
    memory = soak.Memory.of([*warm_up, *flat])
    assert (memory.first, memory.last, memory.growth, memory.stored) == (100, 100, 0, 19)
    grown = soak.Memory.of([*warm_up, *flat[:15], *[(103, 20)] * 5])
    assert grown.growth == 3 > soak.FLAT


def test_acknowledgements_of_wrk_are_recorded(tmp_path: Path) -> None:
    said = "session s\narchive a\narchive b\nstopped a\n"
    (tmp_path / "acknowledged-0").write_text(said)
    (tmp_path / "acknowledged-1").write_text("session t\n")
    soaked = soak.Soak(tmp_path)
    soaked.remember()
    assert soaked.known.sessions == {"s", "t"}
    assert soaked.known.archives == {"a": True, "b": False}


def test_a_soak_without_wrk_reports_the_missing_tool(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["soak"])
    with pytest.raises(SystemExit, match="wrk is missing"):
        soak.main()


# Free-threaded CPythons.


def test_a_cpython_that_is_named_but_has_the_gil_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = tmp_path / "python"
    named.write_text("#!/bin/sh\nexit 1\n")
    named.chmod(0o755)
    monkeypatch.setenv("FREE_THREADED", str(named))
    monkeypatch.setattr(sys, "argv", ["free_threaded"])
    with pytest.raises(SystemExit, match="is no free-threaded CPython"):
        free_threaded.main()


def test_a_cpython_that_is_watched_is_never_one_that_is_installed(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FREE_THREADED", sys.executable)
    monkeypatch.setattr(free_threaded, "_CACHE", tmp_path)
    monkeypatch.setattr(free_threaded, "_serves", lambda python, kind: True)
    monkeypatch.setattr(sys, "argv", ["free_threaded", "--tsan"])
    free_threaded.main()
    built = tmp_path / "python3.13t-tsan" / "bin" / "python3"
    assert capsys.readouterr().out == f"{built}\n"


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["killed"] * 8 + ["survived"] + ["no tests"], 0),
        (["killed"] * 7 + ["timeout"] + ["survived"] * 2, 0),
        (["killed"] * 7 + ["survived"] * 3, 1),
        ([], 1),
    ],
)
def test_a_mutation_score_below_the_floor_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    states: list[str],
    code: int,
) -> None:
    good = ["    tokbox.errors.x_shorten__mutmut_1: killed"] if states else []
    results = [f"    tokbox.a.x_f__mutmut_{i}: {state}" for i, state in enumerate(states)]
    monkeypatch.setattr("sys.stdin", [*good, *results, ""])
    assert mutation_score.main() == code
    said = capsys.readouterr()
    assert ("needs a mutation score of 80 %" in said.err) == bool(code)
    if states:
        percent = 100 * sum(state in ("killed", "timeout") for state in states) / 10
        assert said.out == (
            f"tokbox.a: {percent:.1f} % of 10 mutants are detected\n"
            "tokbox.errors: 100.0 % of 1 mutants are detected\n"
        )


def test_the_modules_that_are_mutated_and_their_tests_exist() -> None:
    tomllib = pytest.importorskip("tomllib")
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    paths = config["only_mutate"] + config["pytest_add_cli_args_test_selection"]
    assert [path for path in paths if not (ROOT / path).is_file()] == []
