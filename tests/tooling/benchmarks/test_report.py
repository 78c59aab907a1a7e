"""The report of a run, from figures that are made up."""

from __future__ import annotations

import json

import pytest

from benchmarks import report

README = "above\n<!-- measured -->\nold\n<!-- /measured -->\nbelow\n"


def benchmark(name, seconds, group="T1 tokens", shown="", goals=(), note="", floor=None):
    info = {"contender": name, "unit": "token", "n": 1000, "note": note, "shown": shown}
    if floor:
        info |= {"floor": floor, "ratio_to_floor": 1.5}
    info["goals"] = list(goals)
    return {"group": group, "extra_info": info, "stats": {"median": seconds}}


def goal(what, ratio, met, sense="at most", limit=2):
    return {"what": what, "ratio": ratio, "met": met, "sense": sense, "limit": limit}


def result(kernel="sha-ni"):
    goals = [
        goal("tokens(n) against list", 1.5, True),
        goal("tokens(n) against x", 9.5, False, "at least", 12),
        {**goal("tokens(n) against seed", None, None), "why": "set TOKBOX_SEED"},
        goal("tokens(n) against Go", 12.4, None, "at least", None),
    ]
    return {
        "datetime": "2030-01-01T12:00:00",
        "machine_info": {
            "cpu": "A CPU",
            "cpus": 2,
            "system": "Linux x86_64",
            "python": "3.11.7",
            "kernels": {"sha1": kernel},
            "packages": {"opentok": "3.15.0"},
        },
        "benchmarks": [
            benchmark("list", 90e-9),
            benchmark("tokens(n)", 120e-9, shown="tokbox", goals=goals, floor="list"),
            benchmark("tokens(n)", 240e-9, "HS256 tokens", shown="tokbox"),
            benchmark(report.BASE, 17e-6, shown="rival"),
            benchmark("vonage", 35e-3, "RS256 tokens", shown="rival", note="slow key"),
        ],
    }


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write the report of two kernels, and return the folder."""
    pytest.importorskip("matplotlib")
    files = [tmp_path / f"{kernel}.json" for kernel in ("sha-ni", "portable")]
    for file in files:
        file.write_text(json.dumps(result(file.stem)))
    page = tmp_path / "README.md"
    page.write_text(README)
    monkeypatch.setattr(report, "README", page)
    report.main([*map(str, files), "--readme"])
    return tmp_path


def test_goals_are_met_missed_not_measured_or_shown(written):
    lines = (written / "results.md").read_text().splitlines()
    start = "| T1 tokens: tokens(n) against"
    assert f"{start} list | 1.50x | at most 2 | yes |" in lines
    assert f"{start} x | 9.50x as fast | at least 12 | **no** |" in lines
    assert f"{start} seed | not measured: set TOKBOX_SEED | at most 2 | - |" in lines
    assert f"{start} Go | 12x as fast | - | - |" in lines


def test_each_kernel_has_a_table_of_goals(written):
    text = (written / "results.md").read_text()
    assert text.count("## Goals, kernel ") == 2
    assert text.startswith(
        "A CPU, 2 CPUs, Linux x86_64, CPython 3.11.7, kernel sha-ni; n ="
    )


def test_figures_are_shown_by_group_with_the_ratio_to_the_floor(written):
    lines = (written / "results.md").read_text().splitlines()
    assert "| tokens(n) | 0.120 | 8,330,000 | 1.50x |" in lines
    assert "| vonage (slow key) | 35,000.000 | 29 | - |" in lines


def test_the_readme_compares_with_opentok_and_keeps_the_rest(written):
    text = (written / "README.md").read_text()
    assert text.startswith("above\n<!-- measured -->\n|")
    assert text.endswith("](chart.svg)\n<!-- /measured -->\nbelow\n")
    rows = [line for line in text.splitlines() if line.startswith(("| *", "| o", "| v"))]
    assert rows == [
        "| **tokbox** `tokens(n)` | 8,330,000 | 142x |",
        "| **tokbox** `tokens(n), HS256` | 4,170,000 | 71x |",
        f"| {report.BASE} | 58,800 | 1.00x |",
        "| vonage | 29 | 0.00049x |",
    ]


def test_the_chart_is_the_same_for_the_same_figures(written):
    report.draw(result(), written / "again.svg")
    assert (written / "chart.svg").read_bytes() == (written / "again.svg").read_bytes()
