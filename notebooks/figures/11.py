"""Figures of lesson 11: models that were trained many times, and remedies side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from medtutor import plots
from medtutor.plots import COLOURS
from medtutor.types import Interval

INKS = (COLOURS["blue"], COLOURS["orange"])
MARKERS = "os"


@plots.styled
def curve(
    x: Any,
    draws: Mapping[str, np.ndarray],
    xlabel: str,
    ylabel: str,
    words: str,
    ruler: Interval | None = None,
    log: str = "",
) -> None:
    """Show repeated trainings over an amount: every draw a faint mark, their mean a line.

    `draws` maps a name to (draws, amounts) results, NaN where there is none; `ruler` needs no
    training and is a band.
    """
    x = np.asarray(x, float)
    fig, axes = plots.figure(width=6.2, height=3.4)
    ax = axes[0, 0]
    if ruler is not None:
        ax.axhspan(ruler.low, ruler.high, color=COLOURS["grey"], alpha=0.15, linewidth=0)
        ax.axhline(
            ruler.value, color=COLOURS["grey"], linestyle=":", label="diameter alone, 95 % CI"
        )
    for k, (name, values) in enumerate(draws.items()):
        style = {"color": INKS[k], "marker": MARKERS[k]}
        known = ~np.isnan(values).all(axis=0)
        each = np.tile(x, len(values)), values.ravel()
        ax.plot(*each, linestyle="none", markersize=3, alpha=0.3, **style)
        mean = np.nanmean(values[:, known], axis=0)
        label = f"{name}, mean of {len(values)}"
        ax.plot(x[known], mean, linestyle=("-", "--")[k], label=label, **style)
    if log:
        ax.set_xscale("log")
        ax.minorticks_off()
    ax.set_xticks(x, [f"{value:g}" for value in x])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(fontsize=9)
    plots.show(fig, words)


@plots.styled
def panels(measures: Mapping[str, Mapping[str, Interval]], ideal: Mapping[str, float]) -> None:
    """Show several measures of the same rows side by side; a dashed line is where one is best."""
    rows = len(next(iter(measures.values())))
    fig, axes = plots.figure(1, len(measures), height=0.9 + 0.34 * rows, sharey=True)
    for ax, (measure, found) in zip(axes[0], measures.items(), strict=True):
        if measure in ideal:
            ax.axvline(ideal[measure], color=COLOURS["green"], linestyle="--")
        plots.intervals(found, ax=ax, xlabel=measure)
        ax.locator_params(axis="x", nbins=4)
    plots.show(fig, "panels")
