"""The picture of what passes cost as an org grows. Used by ``engine_scale.py``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

PARTS = {"read": "#4c78a8", "render": "#72b7b2", "score": "#f58518", "rank": "#54a24b", "write": "#b279a2"}
SHOWN = {
    "full": "first pass",
    "no change, all read back": "read back after it",
    "no change": "no change",
    "1 % changed": "1 % changed",
}


def draw(figures: Mapping[str, Any], path: Path) -> None:
    """Draw stacked bars, one panel a kind of pass and one bar a size; the cost of the scorer is part of ``score``.

    Args:
        figures: As ``engine_scale.py`` stores them.
        path: Of the SVG.
    """
    runs = [run for run in figures["runs"] if run["scorer"] == "fixed" and run["leads"] > 10_000]
    mpl.rcParams["svg.hashsalt"] = "hpro"  # the same figures give the same file
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(SHOWN)), SHOWN.items(), strict=True):
        bottom = [0.0] * len(runs)
        labels = [f"{run['leads'] // 1000}k" for run in runs]
        for part, colour in PARTS.items():
            heights = [_pass(run, name)["took"][part] for run in runs]
            axes.bar(labels, heights, bottom=bottom, color=colour, label=part, width=0.6)
            bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
        for place, total in enumerate(bottom):
            axes.annotate(f"{total:,.0f} s", (place, total), ha="center", va="bottom")
        axes.set_title(title)
        axes.set_xlabel("leads")
        axes.margins(y=0.12)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel(f"seconds, {1000 * figures['cost_s']:g} ms a lead")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _pass(run: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one for one in run["passes"] if one["name"] == name)
    return found
