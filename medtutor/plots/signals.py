"""Signals over time: ECG on its paper, and stacks of curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from medtutor.plots.style import FULL, MARKERS, curve_look, figure, look, show, styled

THIN, THICK = "#F4D9D4", "#E3A79D"  # the two reds of ECG paper
PAPER = 25 / 10  # a second is 25 mm long, a millivolt 10 mm high


@styled
def strip(
    signal: np.ndarray,
    fs: float,
    *,
    words: str,
    leads: Sequence[str] = ("lead",),
    start: float = 0.0,
    seconds: float | None = None,
    marks: Mapping[str, np.ndarray] | None = None,
    symbols: tuple[np.ndarray, Sequence[str]] | None = None,
) -> None:
    """Show a stretch of ECG on its paper: 25 mm/s and 10 mm/mV, small squares of 1 mm.

    Parameters
    ----------
    signal : ndarray of shape (samples,) or (samples, leads)
        Millivolts.
    fs : float
        Sampling rate in hertz.
    words : str
        Name of the figure's text in ``figures/NN.toml``.
    leads : sequence of str
        Name of each lead; each gets a strip of its own.
    start, seconds : float
        The stretch to show; to the end if `seconds` is not given.
    marks : mapping of str to ndarray of int, optional
        Sample indices to mark below the first lead, a row for each name.
    symbols : (ndarray of int, sequence of str), optional
        Sample indices and the letters to write above them, such as beat codes.

    Examples
    --------
    >>> strip(np.zeros(720), 360, words="two seconds of nothing")  # doctest: +SKIP
    """
    columns = signal[:, None] if signal.ndim == 1 else signal
    first = round(start * fs)
    last = len(columns) if seconds is None else min(len(columns), first + round(seconds * fs))
    time = np.arange(first, last) / fs
    shown = columns[first:last]
    limits = [_half_millivolts(shown[:, k]) for k in range(shown.shape[1])]
    limits[0] = (limits[0][0] - 0.5 * len(marks or ()), limits[0][1] + 0.5 * (symbols is not None))
    room = (FULL - 0.8) / ((last - first) / fs * PAPER)  # inches for one millivolt
    tall = [(high - low) * room for low, high in limits]
    height = sum(tall) + 0.7 + (0.25 if marks else 0)
    fig, axes = figure(len(limits), 1, height=height, sharex=True, height_ratios=tall)
    for k, ax in enumerate(axes[:, 0]):
        _paper(ax, (first / fs, last / fs), limits[k])
        ax.plot(time, shown[:, k], color="black", linewidth=1.0)
        ax.set_ylabel(f"{leads[k]} in mV")
    axes[-1, 0].set_xlabel("time in s; one large square is 0.2 s wide and 0.5 mV high")
    for k, (name, index) in enumerate((marks or {}).items()):
        row = limits[0][0] + 0.5 * (len(marks or ()) - 1 - k) + 0.25
        here = index[(index >= first) & (index < last)] / fs
        axes[0, 0].plot(here, np.full(len(here), row), label=name, **_dots(name, k))
    if marks:
        fig.legend(loc="outside upper right", ncols=len(marks), fontsize=9)
    if symbols is not None:
        for index, letter in zip(*symbols, strict=True):
            if first <= index < last:
                axes[0, 0].text(index / fs, limits[0][1] - 0.4, letter, ha="center", fontsize=9)
    show(fig, words)


@styled
def stack(
    curves: Mapping[str, np.ndarray],
    fs: float,
    *,
    words: str,
    units: Sequence[str] | str = "mV",
    columns: int = 1,
    marks: Mapping[str, np.ndarray] | None = None,
    lines: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    start: float = 0.0,
    share: bool = False,
) -> None:
    """Show signals of equal length below each other, each on its own scale."""
    rows = -(-len(curves) // columns)
    height = rows * (1.15 if columns == 1 else 1.25) + 0.4
    fig, axes = figure(rows, columns, height=height, sharex=True, sharey="col" if share else False)
    names = list(curves)
    first = np.asarray(curves[names[0]])
    time = start + np.arange(len(first)) / fs
    for k, (ax, title) in enumerate(zip(axes.ravel(), names, strict=False)):
        ax.plot(time, curves[title], color="black", linewidth=0.9)
        for number, (name, values) in enumerate((lines or {}).get(title, {}).items()):
            ax.plot(time, values, label=name, linewidth=1.2, **curve_look(name, number))
            _legend_above(ax)
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_ylabel(units if isinstance(units, str) else units[k])
        ax.margins(x=0)
    for ax in axes.ravel()[len(names) :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("time in s")
    fig.align_ylabels(axes)
    for k, (name, index) in enumerate((marks or {}).items()):
        above = first[index] + 0.12 * np.nanmax(np.abs(first - np.nanmean(first)))
        axes[0, 0].plot(start + np.asarray(index) / fs, above, label=name, **_dots(name, k))
        _legend_above(axes[0, 0])
        axes[0, 0].margins(x=0, y=0.15)
    show(fig, words)


def _dots(name: str, k: int) -> dict[str, Any]:
    """Mark without a line between the marks."""
    return {**look(name, k), "marker": MARKERS[k % 6], "linestyle": "none", "markersize": 5}


def _legend_above(ax: Axes) -> None:
    """Put the legend beside the title, where no curve runs."""
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.95), ncols=4, fontsize=9)


def _half_millivolts(values: np.ndarray) -> tuple[float, float]:
    """Round a range outwards to large squares, with a little room."""
    low, high = np.nanmin(values) - 0.1, np.nanmax(values) + 0.2
    return float(np.floor(2 * low) / 2), float(np.ceil(2 * high) / 2)


def _paper(ax: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    """Draw the squares of ECG paper, and make them square."""
    for step_x, step_y, ink, width in ((0.04, 0.1, THIN, 0.5), (0.2, 0.5, THICK, 0.7)):
        seconds = np.arange(round(across[0] / step_x), round(across[1] / step_x) + 1) * step_x
        millivolts = np.arange(round(up[0] / step_y), round(up[1] / step_y) + 1) * step_y
        ax.vlines(seconds, *up, color=ink, linewidth=width, zorder=0)
        ax.hlines(millivolts, *across, color=ink, linewidth=width, zorder=0)
    ax.set(xlim=across, ylim=up, aspect=1 / PAPER)
    ax.set_yticks(np.arange(np.ceil(up[0]), np.floor(up[1]) + 1))
    for side in ax.spines.values():
        side.set_visible(False)
