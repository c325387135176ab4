"""Figures of ECG signals and beats; those of heart rates come from `medtutor.plots.rates`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from medtutor.plots.style import FULL, figure, show
from medtutor.plots.rates import (
    detection,
    histograms,
    looks,
    rejection,
    short_and_long,
    tachogram,
    variability,
)

__all__ = ["beats", "detection", "histograms", "rejection", "short_and_long", "stack", "strip"]
__all__ += ["tachogram", "variability"]
THIN, THICK = "#F4D9D4", "#E3A79D"  # the two reds of ECG paper
PAPER = 25 / 10  # a second is 25 mm long, a millivolt 10 mm high


def strip(
    signal: np.ndarray,
    fs: float,
    alt: str,
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
    alt : str
        What is seen.
    leads : sequence of str
        Name of each lead; each gets a strip of its own.
    start, seconds : float
        The stretch to show; to the end if `seconds` is not given.
    marks : mapping of str to ndarray of int, optional
        Sample indices to mark below the first lead, a row for each name.
    symbols : (ndarray of int, sequence of str), optional
        Sample indices and the letters to write above them, such as beat codes.
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
    fig, axes = figure(
        len(limits), 1, height=sum(tall) + 0.7 + (0.25 if marks else 0), sharex=True,
        gridspec_kw={"height_ratios": tall},
    )  # fmt: skip
    for k, ax in enumerate(axes[:, 0]):
        _paper(ax, (first / fs, last / fs), limits[k])
        ax.plot(time, shown[:, k], color="black", linewidth=1.0)
        ax.set_ylabel(f"{leads[k]} in mV")
    axes[-1, 0].set_xlabel("time in s; one large square is 0.2 s wide and 0.5 mV high")
    rows = [limits[0][0] + 0.5 * k + 0.25 for k in reversed(range(len(marks or ())))]
    for row, (name, index, look) in zip(rows, looks(marks or {}, dots=True), strict=True):
        here = index[(index >= first) & (index < last)] / fs
        axes[0, 0].plot(here, np.full(len(here), row), label=name, **look)
    if marks:
        fig.legend(loc="outside upper right", ncols=len(marks), fontsize=9)
    if symbols is not None:
        for index, letter in zip(*symbols, strict=True):
            if first <= index < last:
                axes[0, 0].text(index / fs, limits[0][1] - 0.4, letter, ha="center", fontsize=9)
    show(fig, alt)


def stack(
    curves: Sequence[np.ndarray],
    titles: Sequence[str],
    fs: float,
    alt: str,
    units: Sequence[str] | str = "mV",
    columns: int = 1,
    marks: Mapping[str, np.ndarray] | None = None,
    lines: Mapping[int, Mapping[str, np.ndarray]] | None = None,
    start: float = 0.0,
    share: bool = False,
) -> None:
    """Show signals of equal length below each other, each on its own scale.

    Parameters
    ----------
    curves : sequence of ndarray, each (samples,)
        Signals, filled row by row when there are several columns.
    titles : sequence of str
        One title for each.
    fs : float
        Sampling rate in hertz.
    alt : str
        What is seen.
    units : str, or one for each curve
        Unit of the values.
    columns : int
        Panels in a row.
    marks : mapping of str to ndarray of int, optional
        Sample indices, counted from the first sample shown, to mark on the first curve.
    lines : mapping of int to (mapping of str to ndarray), optional
        Further curves, by panel: name to values.
    start : float
        Time of the first sample in seconds.
    share : bool
        One scale for the panels of a column.
    """
    rows = -(-len(curves) // columns)
    fig, axes = figure(
        rows, columns, height=rows * (1.15 if columns == 1 else 1.25) + 0.4, sharex=True,
        sharey="col" if share else False,
    )  # fmt: skip
    units = [units] * len(curves) if isinstance(units, str) else units
    time = start + np.arange(len(curves[0])) / fs
    for k, ax in enumerate(axes.ravel()[: len(curves)]):
        ax.plot(time, curves[k], color="black", linewidth=0.9)
        for name, values, look in looks((lines or {}).get(k, {})):
            ax.plot(time, values, label=name, linewidth=1.2, **look)
            _legend_above(ax)
        ax.set_title(titles[k], loc="left", fontsize=10)
        ax.set_ylabel(units[k])
        ax.margins(x=0)
    for ax in axes[-1]:
        ax.set_xlabel("time in s")
    fig.align_ylabels(axes)
    for name, index, look in looks(marks or {}, dots=True):
        above = curves[0][index] + 0.12 * np.ptp(curves[0])
        axes[0, 0].plot(start + index / fs, above, label=name, **look)
        _legend_above(axes[0, 0])
        axes[0, 0].margins(x=0, y=0.15)
    show(fig, alt)


def beats(
    time: np.ndarray,
    curves: Mapping[str, np.ndarray],
    alt: str,
    waves: Mapping[str, float] | None = None,
) -> None:
    """Show beats on top of each other.

    Parameters
    ----------
    time : ndarray of shape (samples,)
        Seconds after the R peak.
    curves : mapping of str to ndarray of shape (samples,)
        Name and millivolts of each beat.
    alt : str
        What is seen.
    waves : mapping of str to float, optional
        Names to write above the first beat, each at a time in seconds.
    """
    fig, axes = figure(height=3.0)
    ax = axes[0, 0]
    for name, curve, look in looks(curves):
        ax.plot(time, curve, label=name, **look)
    first = next(iter(curves.values()))
    for name, at in (waves or {}).items():
        high = np.interp(at, time, first)
        ax.annotate(name, (at, high), (0, 5), textcoords="offset points", ha="center", fontsize=11)
    ax.margins(x=0, y=0.12)
    ax.set_xlabel("time after the R peak in s")
    ax.set_ylabel("mV")
    ax.legend(loc="upper right")
    show(fig, alt)


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
        ax.vlines(np.arange(round(across[0] / step_x), round(across[1] / step_x) + 1) * step_x,
                  *up, color=ink, linewidth=width, zorder=0)  # fmt: skip
        ax.hlines(np.arange(round(up[0] / step_y), round(up[1] / step_y) + 1) * step_y,
                  *across, color=ink, linewidth=width, zorder=0)  # fmt: skip
    ax.set_xlim(*across)
    ax.set_ylim(*up)
    ax.set_aspect(1 / PAPER)
    ax.set_yticks(np.arange(np.ceil(up[0]), np.floor(up[1]) + 1))
    for side in ax.spines.values():
        side.set_visible(False)
