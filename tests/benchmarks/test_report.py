"""The tables that people read, from figures that are made up."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks import chart
from benchmarks.measure import Workload
from benchmarks.ours import forced
from benchmarks.report import (
    OPENTOK,
    PLAIN_GO,
    SEED,
    between_marks,
    collect,
    markdown,
    rate,
    readme,
    times,
)


def workload(name, ns, group="tokbox", note=""):
    return Workload(name, 1, lambda: 0.0, group, note, ns=[ns, ns, ns])


def machine(kernel="avx512"):
    return {
        "cpu": "A CPU",
        "cpus": 2,
        "system": "Linux x86_64",
        "python": "3.11.7",
        "tokbox": "0.1.0",
        "packages": {"opentok": "3.15.0"},
        "kernels": {"sha1": kernel},
        "date": "2030-01-01",
    }


def figures():
    return [
        workload("list of n fresh strings", 100, "floor"),
        workload("tokens(n)", 120),
        workload("iter_batches(n)", 20),
        workload("token()", 1_000),
        workload(f"tokens(n){forced('sha-ni')}", 160, "forced"),
        workload(OPENTOK, 17_000, "rival"),
        workload(PLAIN_GO[0], 3_000, "rival", "a stand-in"),
        workload(PLAIN_GO[1], 2_000, "rival"),
        workload("vonage (Python) JWT RS256", 35_000_000, "rival"),
        workload("bare interpreter", 10e6, "import"),
        workload("import tokbox", 12e6, "import"),
        workload("import opentok", 210e6, "import"),
    ]


MISSING = dict.fromkeys(SEED, "Go is not installed")


@pytest.fixture
def results():
    return collect(figures(), machine(), MISSING, 1_000_000, 3, "sha-ni")


def line(text, start):
    return next(found for found in text.splitlines() if found.startswith(f"| {start} |"))


def test_results_survive_json(results):
    assert markdown(json.loads(json.dumps(results))) == markdown(results)


def test_a_row_tells_ratio_goals_and_whether_it_holds(results):
    row = line(markdown(results), "tokens(n) over the list floor")
    assert row == "| tokens(n) over the list floor | 1.20x | ≤ 1.25 | ≤ 1.7 | yes |"


def test_the_forced_kernel_is_judged_by_its_own_figures_and_goals(results):
    rows = {row["what"]: row for row in results["limits"]["sha-ni"]}
    assert rows["tokens(n) over the list floor"]["ratio"] == 1.6
    assert rows["tokens(n) over the list floor"]["holds"] is True


def test_without_a_forced_kernel_there_is_one_table_of_limits():
    results = collect(figures(), machine("sha-ni"), {}, 1, 3)
    assert list(results["limits"]) == ["sha-ni"]


def test_a_rival_who_could_not_run_is_not_measured_and_says_why(results):
    row = line(markdown(results), "tokens(n) against the seed's better mode")
    assert "not measured: Go is not installed" in row
    assert row.endswith("| - |")


def test_a_stand_in_is_named_as_one_and_has_no_goal(results):
    what = "tokens(n) against plain Go, a stand-in for the seed"
    assert line(markdown(results), what) == f"| {what} | 17x faster | - | - | - |"


def test_imports_are_compared_without_the_interpreter(results):
    rows = {row["what"]: row for row in results["least"]}
    what = "import tokbox over import opentok, without the interpreter"
    assert rows[what]["ratio"] == pytest.approx(0.01)
    assert rows[what]["holds"] is True


@pytest.mark.parametrize(("n", "said"), [(1_000_000, False), (1_000, True)])
def test_goals_are_not_held_against_another_n_in_silence(n, said):
    text = markdown(collect(figures(), machine(), MISSING, n, 3))
    assert ("not for this run" in text) is said


def test_notes_stand_under_the_figures(results):
    assert f"- {PLAIN_GO[0]}: a stand-in." in markdown(results)


def test_every_figure_is_in_a_table(results):
    text = markdown(results)
    for name in results["figures"]:
        assert f"| {name} | " in text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (90.51, "11,000,000"),
        (17_000, "58,800"),
        (35e6, "29"),
        (1e9, "1"),
        (7.0, "143,000,000"),
    ],
)
def test_rates_have_three_digits(ns, text):
    assert rate(ns) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000486, "0.00049x"),
        (0.25, "0.25x"),
        (1.849, "1.85x"),
        (577.9, "578x"),
        (1234, "1,234x"),
    ],
)
def test_factors_are_as_exact_as_they_can_be_read(value, text):
    assert times(value) == text


def test_the_readme_compares_everyone_with_opentok(results):
    rows = readme(results, "c.svg").splitlines()
    assert "| **tokbox** `iter_batches(n)` | 50,000,000 | 850x |" in rows
    assert f"| {OPENTOK} | 58,800 | 1.00x |" in rows


def test_the_readme_shows_the_better_mode_of_the_stand_in_where_the_seed_is_missing(
    results,
):
    text = readme(results, "c.svg")
    assert PLAIN_GO[1] in text
    assert PLAIN_GO[0] not in text.replace(PLAIN_GO[1], "")


def test_the_readme_prefers_the_seed_to_its_stand_in():
    found = [
        *figures(),
        workload(SEED[0], 4_000, "rival"),
        workload(SEED[1], 5_000, "rival"),
    ]
    text = readme(collect(found, machine(), {}, 1, 3), "c.svg")
    assert SEED[0] in text
    assert SEED[1] not in text
    assert "plain Go" not in text


def test_the_readme_shows_ten_rows_at_most(results):
    rows = [r for r in readme(results, "c.svg").splitlines() if re.match(r"\| [^-|]", r)]
    assert 5 <= len(rows) <= 10


def test_the_readme_shows_the_chart(results):
    assert "](benchmarks/results/chart.svg)" in readme(
        results, "benchmarks/results/chart.svg"
    )


def test_only_what_is_between_the_marks_is_replaced():
    text = "above\n<!-- measured -->\nold\n<!-- /measured -->\nbelow\n"
    new = between_marks(text, "new")
    assert new == "above\n<!-- measured -->\nnew\n<!-- /measured -->\nbelow\n"
    assert between_marks(new, "new") == new


@pytest.mark.parametrize(
    "text", ["", "<!-- measured -->", "<!-- /measured --><!-- measured -->"]
)
def test_a_page_without_marks_is_left_alone(text):
    with pytest.raises(ValueError, match="measured"):
        between_marks(text, "new")


def test_bars_rise_to_the_fastest_and_know_whose_they_are(results):
    bars = chart.bars(results)
    assert [ns for _, ns, _ in bars] == sorted((ns for _, ns, _ in bars), reverse=True)
    assert bars[-1] == ("tokbox iter_batches(n)", 20, True)
    assert bars[0] == ("vonage (Python) JWT RS256", 35_000_000, False)


def test_one_bar_stands_for_the_modes_of_a_go_program(results):
    names = [name for name, *_ in chart.bars(results)]
    assert PLAIN_GO[1] in names
    assert PLAIN_GO[0] not in names


def test_the_chart_is_drawn_the_same_from_the_same_figures(results, tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("one.svg", "two.svg"):
        chart.draw(results, tmp_path / name)
    one = (tmp_path / "one.svg").read_bytes()
    assert one.startswith(b"<?xml")
    assert one == (tmp_path / "two.svg").read_bytes()
