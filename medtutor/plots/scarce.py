"""Figures of models that were trained many times: over sizes, over doses of a fault."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import NullLocator

from medtutor.plots.arrays import INKS, LINES, MARKERS
from medtutor.plots.style import COLOURS, FULL, HALF, figure, show
from medtutor.types import Interval


def curve(
    x: Sequence[float] | np.ndarray,
    draws: Mapping[str, np.ndarray],
    xlabel: str,
    ylabel: str,
    alt: str,
    level: Mapping[str, Interval] | None = None,
    log: bool = False,
) -> None:
    """Show repeated trainings over an amount: every draw a small mark, their mean a line.

    Parameters
    ----------
    x : sequence of float, shape (m,)
        Amounts, such as patients.
    draws : dict of str to ndarray, each (draws, m)
        Legend to results; NaN where there is none.
    xlabel, ylabel : str
        What the axes show, with unit.
    alt : str
        What is seen.
    level : dict of str to Interval, optional
        Something that needs no training, drawn as a horizontal line with its interval.
    log : bool
        Whether the amounts double rather than grow by steps.
    """
    x = np.asarray(x, float)
    fig, axes = figure(width=FULL * 0.72, height=3.4)
    ax = axes[0, 0]
    for name, interval in (level or {}).items():
        ax.axhspan(interval.low, interval.high, color=COLOURS["grey"], alpha=0.15, linewidth=0)
        ax.axhline(interval.value, color=COLOURS["grey"], linestyle=":", label=f"{name}, 95 % CI")
    for k, (name, values) in enumerate(draws.items()):
        values = np.atleast_2d(np.asarray(values, float))
        known = ~np.isnan(values).all(axis=0)
        style = {"color": INKS[k % 4], "marker": MARKERS[k % 4]}
        ax.plot(np.tile(x, len(values)), values.ravel(), linestyle="none", markersize=3, alpha=0.3,
                **style)  # fmt: skip
        mean = np.nanmean(values[:, known], axis=0)
        ax.plot(x[known], mean, linestyle=LINES[k % 4], markersize=6,
                label=f"{name}, mean of {len(values)}", **style)  # fmt: skip
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(x, [f"{value:g}" for value in x])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(fontsize=9)
    show(fig, alt)


def intervals(
    panels: Mapping[str, Mapping[str, Interval]],
    alt: str,
    zero: bool = False,
    ideal: Mapping[str, float] | None = None,
) -> None:
    """Show estimates with their intervals, one row each; several measures side by side.

    Parameters
    ----------
    panels : dict of str to dict of str to Interval
        Name of each measure, with unit, to its rows; the same rows in every panel.
    alt : str
        What is seen.
    zero : bool
        Whether to draw the line of no difference.
    ideal : dict of str to float, optional
        Measure to the value at which it is best, drawn as a dashed line.
    """
    rows = list(next(iter(panels.values())))
    width = HALF * 1.3 if len(panels) == 1 else FULL
    fig, axes = figure(1, len(panels), width=width, height=0.9 + 0.34 * len(rows), sharey=True)
    for ax, (measure, found) in zip(axes[0], panels.items(), strict=True):
        if zero:
            ax.axvline(0, color=COLOURS["grey"], linewidth=1, linestyle="--")
        if ideal is not None and measure in ideal:
            ax.axvline(ideal[measure], color=COLOURS["green"], linewidth=1.5, linestyle="--")
        for k, row in enumerate(rows):
            value, low, high = found[row]
            ax.plot([low, high], [k, k], color=INKS[k % 4], linewidth=2)
            ax.plot(value, k, color=INKS[k % 4], marker=MARKERS[k % 4], markersize=7)
        ax.set_xlabel(measure)
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.locator_params(axis="x", nbins=4)
    show(fig, alt)
