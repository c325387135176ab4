"""Estimates with their intervals, until the last lesson draws them with `plots.intervals`."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import MaxNLocator

from medtutor.plots.base import COLOURS, FULL, figure, show

_INKS = tuple(COLOURS[name] for name in ("orange", "blue", "green", "pink", "sky", "yellow"))
_MARKERS = ("o", "s", "^", "D", "v", "P")


def intervals(
    rows: Mapping[str, Mapping[str, tuple[float, float, float]]],
    xlabel: str,
    alt: str,
    line: float | None = None,
) -> None:
    """Show estimates with their intervals, one line of the figure for each thing estimated.

    Parameters
    ----------
    rows : mapping of str to mapping of str to (value, low, high)
        Name of the line to the estimates on it: legend to value and ends of the interval. NaN
        leaves a place empty.
    xlabel : str
        What is estimated, with unit.
    alt : str
        What is seen.
    line : float, optional
        A value to compare with, such as 0 for no difference.
    """
    series = list(dict.fromkeys(name for row in rows.values() for name in row))
    fig, axes = figure(
        width=FULL,
        height=(1.2 if len(series) > 1 else 0.9) + (0.2 + 0.13 * len(series)) * len(rows),
    )
    ax = axes[0, 0]
    for s, name in enumerate(series):
        places = [k for k, row in enumerate(rows.values()) if name in row]
        found = np.array([row[name] for row in rows.values() if name in row], float)
        at = np.array(places) + 0.22 * (s - (len(series) - 1) / 2)
        reach = np.abs(found[:, 1:] - found[:, :1]).T
        ax.errorbar(found[:, 0], at, xerr=reach, fmt=_MARKERS[s % 6], color=_INKS[s % 6],
                    capsize=3, label=name)  # fmt: skip
    if line is not None:
        ax.axvline(line, color=COLOURS["black"], linestyle=":", linewidth=1)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    if len(series) > 1:
        fig.legend(loc="outside lower center", ncols=len(series))
    show(fig, alt)
