"""Draw the figures: tokens a second, as bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .goals import PLAIN_GO, SEED
from .report import OURS, fastest, rate, select

TITLE = "Signed tokens a second"
WIDTH = 800  # pixels, of which an inch of a web page has 96
INK, OUR_COLOUR, THEIR_COLOUR = "#1a1a1a", "#0b7a75", "#b4b8bd"


def bars(results: dict[str, Any]) -> list[tuple[str, float, bool]]:
    """(name, nanoseconds a token, whether it is ours), the fastest last.

    Of the Go programs the better mode is shown.
    """
    figures = results["figures"]
    better = {fastest((modes,), figures) for modes in (SEED, PLAIN_GO)}
    names = [name for name in OURS if name in figures]
    theirs = [
        name
        for name in select(results, "rival")
        if name in better or name not in (*SEED, *PLAIN_GO)
    ]
    shown = [(f"tokbox {name}", figures[name], True) for name in names]
    shown += [(name, figures[name], False) for name in theirs]
    figures_of = [(name, figure["median_ns"], ours) for name, figure, ours in shown]
    return sorted(figures_of, key=lambda bar: -bar[1])


def draw(results: dict[str, Any], path: Path) -> None:
    """Write the chart of *results* to *path*, 800 pixels wide.

    The scale is logarithmic: between the slowest and the fastest lie six powers of ten.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    shown = bars(results)
    names, ns, ours = zip(*shown, strict=True)
    rates = [1e9 / figure for figure in ns]
    style: Any = {
        "svg.hashsalt": "tokbox",  # the same figures give the same file
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "ytick.color": INK,
    }
    with plt.rc_context(style):
        figure, axes = plt.subplots(
            figsize=(WIDTH / 96, 0.3 * len(names) + 0.9), layout="constrained"
        )
        drawn = axes.barh(
            names,
            rates,
            height=0.72,
            color=[OUR_COLOUR if mine else THEIR_COLOUR for mine in ours],
        )
        axes.bar_label(drawn, [rate(figure) for figure in ns], padding=5)
        for label, mine in zip(axes.get_yticklabels(), ours, strict=True):
            label.set_fontweight("bold" if mine else "normal")
        axes.set_xscale("log")
        # Room to the right for the longest bar's figure.
        axes.set_xlim(min(rates) / 3, max(rates) * 16)
        axes.margins(y=0.02)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_visible(False)
        axes.spines[:].set_visible(False)
        axes.set_title(TITLE, loc="left", fontsize=13, fontweight="bold")
        axes.set_title("logarithmic scale; one machine, one run", loc="right", fontsize=9)
        figure.savefig(path, facecolor="white", metadata={"Date": None})
        plt.close(figure)
