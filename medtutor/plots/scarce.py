"""Estimates with their intervals, until the last lesson draws them with `plots.intervals`."""

from collections.abc import Mapping

from medtutor.plots.arrays import INKS, MARKERS
from medtutor.plots.base import COLOURS, FULL, HALF, figure, show
from medtutor.types import Interval


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
