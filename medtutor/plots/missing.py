"""Figures of missing values: gaps of a signal, mechanisms in a table, methods compared."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor.imputation import runs
from medtutor.plots.base import COLOURS, FULL, figure, show

_INKS = tuple(COLOURS[name] for name in ("orange", "blue", "green", "pink", "sky", "black"))
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_SHADE = "#E4E4E4"


def gaps(
    signals: Mapping[str, np.ndarray],
    missing: Sequence[np.ndarray],
    fs: float,
    alt: str,
    found: Sequence[np.ndarray] | None = None,
    truth: Sequence[np.ndarray] | None = None,
    start: float = 0.0,
) -> None:
    """Show signals below each other, the missing parts shaded.

    Parameters
    ----------
    signals : mapping of str to ndarray of shape (samples,)
        Title to what a recorder hands over, in millivolts; NaN leaves the curve open.
    missing : sequence of ndarray of bool, each (samples,)
        For each signal where it tells nothing.
    fs : float
        Sampling rate in hertz.
    alt : str
        What is seen.
    found : sequence of ndarray of bool, optional
        For each signal what a search found, drawn as a bar below the curve.
    truth : sequence of ndarray, each (samples,), optional
        For each signal what was really there, drawn dotted inside the gaps.
    start : float
        Time of the first sample in seconds.
    """
    fig, axes = figure(len(signals), 1, height=1.25 * len(signals) + 0.8, sharex=True)
    for k, (ax, (title, signal)) in enumerate(zip(axes[:, 0], signals.items(), strict=True)):
        time = start + np.arange(len(signal)) / fs
        _shade(ax, missing[k], fs, start)
        if truth is not None:
            ax.plot(time, np.where(_wide(missing[k]), truth[k], np.nan), ":", linewidth=1.2,
                    color=COLOURS["orange"], label="what was there")  # fmt: skip
        ax.plot(time, signal, color="black", linewidth=0.9)
        if found is not None:
            level = np.nanmin(signal) - 0.12 * np.ptp(signal[np.isfinite(signal)])
            ax.plot(time, np.where(found[k], level, np.nan), color=COLOURS["blue"], linewidth=4,
                    solid_capstyle="butt", label="found")  # fmt: skip
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_ylabel("mV")
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; shaded: missing")
    _legend(fig, axes[0, 0])
    fig.align_ylabels(axes)
    show(fig, alt)


def fillings(
    truth: np.ndarray,
    missing: np.ndarray,
    filled: Mapping[str, np.ndarray],
    fs: float,
    alt: str,
    span: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    columns: int = 2,
) -> None:
    """Show what several methods put into one gap, one panel for each, over what was there.

    Parameters
    ----------
    truth : ndarray of shape (samples,)
        The complete signal in millivolts.
    missing : ndarray of bool, shape (samples,)
        What was hidden.
    filled : mapping of str to ndarray of shape (samples,)
        Title of each panel to the filled signal.
    fs : float
        Sampling rate in hertz.
    alt : str
        What is seen.
    span : (float, float), optional
        Seconds to show.
    limits : (float, float), optional
        Range of the millivolts; a method that leaves it is cut off.
    columns : int
        Panels in a row.
    """
    rows = -(-len(filled) // columns)
    fig, axes = figure(rows, columns, height=1.55 * rows + 0.6, sharex=True, sharey=True)
    time = np.arange(len(truth)) / fs
    for ax, (title, values) in zip(axes.ravel(), filled.items(), strict=False):
        _shade(ax, missing, fs)
        ax.plot(time, truth, ":", color=COLOURS["orange"], linewidth=1.3, label="what was there")
        ax.plot(time, np.where(missing, np.nan, truth), color="black", linewidth=0.9)
        ax.plot(time, np.where(_wide(missing), values, np.nan), color=COLOURS["blue"],
                linewidth=1.6, label="filled in")  # fmt: skip
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_xlim(*(span or (time[0], time[-1])))
        if limits is not None:
            ax.set_ylim(*limits)
    for ax in axes.ravel()[len(filled) :]:
        ax.set_axis_off()
    for ax in axes[:, 0]:
        ax.set_ylabel("mV")
    for k in range(columns):
        last = [r for r in range(rows) if r * columns + k < len(filled)][-1]
        axes[last, k].set_xlabel("time in s; shaded: hidden")
        axes[last, k].tick_params(labelbottom=True)
    _legend(fig, axes[0, 0])
    show(fig, alt)


def by_length(
    lengths: Sequence[float],
    named: Mapping[str, np.ndarray],
    alt: str,
    ylabel: str = "RMSE of the hidden samples in mV",
    xlabel: str = "length of the gap in s",
) -> None:
    """Show the error of several methods over the length of a gap, with intervals.

    Parameters
    ----------
    lengths : sequence of float
        Lengths in seconds.
    named : mapping of str to ndarray of shape (lengths, 3)
        Legend to value, lower and upper end of the interval.
    alt : str
        What is seen.
    ylabel, xlabel : str
        What the axes show, with unit.
    """
    fig, axes = figure(width=FULL, height=3.4)
    ax = axes[0, 0]
    step = min(np.diff(lengths)) if len(lengths) > 1 else 1.0
    for k, (name, values) in enumerate(named.items()):
        value, low, high = np.asarray(values, float).T
        # Side by side, so that one bar does not hide the next.
        at = np.asarray(lengths) + 0.07 * step * (k - (len(named) - 1) / 2)
        ax.errorbar(at, value, [value - low, high - value], color=_INKS[k % 6], capsize=2,
                    linestyle=_LINES[k % 4], marker=_MARKERS[k % 6], markersize=5,
                    elinewidth=0.8, label=name)  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel, xticks=lengths)
    ax.set_ylim(bottom=0)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    show(fig, alt)


def mechanisms(
    values: np.ndarray,
    lost: Mapping[str, np.ndarray],
    xlabel: str,
    alt: str,
    bins: int = 24,
) -> None:
    """Show which values of a column each mechanism takes away, with the means before and after.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        The complete column.
    lost : mapping of str to ndarray of bool, shape (n,)
        Title of each panel to the entries that are lost.
    xlabel : str
        Name and unit of the column.
    alt : str
        What is seen.
    bins : int
        Bins of the histograms.
    """
    fig, axes = figure(1, len(lost), height=3.0, sharex=True, sharey=True)
    edges = np.histogram_bin_edges(values, bins)
    for ax, (title, gone) in zip(axes[0], lost.items(), strict=True):
        ax.hist([values[~gone], values[gone]], edges, stacked=True, label=["known", "lost"],
                color=[COLOURS["sky"], "white"], edgecolor=COLOURS["grey"],
                linewidth=0.6)  # fmt: skip
        for name, part, line, ink in (("mean of all", values, "-", COLOURS["black"]),
                                      ("mean of the known", values[~gone], "--",
                                       COLOURS["orange"])):  # fmt: skip
            ax.axvline(part.mean(), color=ink, linestyle=line, linewidth=1.6, label=name)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(xlabel)
    axes[0, 0].set_ylabel("entries")
    _legend(fig, axes[0, 0])
    show(fig, alt)


def columns(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], what: str, alt: str) -> None:
    """Show filled-in entries of a column against the true ones, one panel for each method.

    Parameters
    ----------
    pairs : mapping of str to (ndarray, ndarray), each shape (n_lost,)
        Title to true and filled-in values.
    what : str
        Name and unit of the column.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, len(pairs), height=1.0 + 7.4 / len(pairs), sharex=True, sharey=True)
    every = np.concatenate([np.concatenate(pair) for pair in pairs.values()])
    ends = [every.min(), every.max()]
    for ax, (title, (truth, filled)), ink in zip(axes[0], pairs.items(), _INKS, strict=False):
        ax.plot(ends, ends, ":", color=COLOURS["grey"], linewidth=1.2)
        ax.plot(truth, filled, "o", color=ink, markersize=4, alpha=0.5, markeredgewidth=0)
        ax.set(title=title, xlabel=f"true {what}", aspect="equal")
    axes[0, 0].set_ylabel(f"filled-in {what}")
    show(fig, alt)


def _legend(fig, ax) -> None:  # type: ignore[no-untyped-def]
    """Put one legend for all panels above them, if there is something to explain."""
    handles, names = ax.get_legend_handles_labels()
    if names:
        fig.legend(handles, names, loc="outside upper right", ncols=len(names), fontsize=9)


def _shade(ax, missing: np.ndarray, fs: float, start: float = 0.0) -> None:  # type: ignore[no-untyped-def]
    """Shade the gaps."""
    for _, first, stop in runs(missing):
        ax.axvspan(start + first / fs, start + stop / fs, color=_SHADE, linewidth=0, zorder=0)


def _wide(missing: np.ndarray) -> np.ndarray:
    """Take one sample more on either side of each gap, so that curves join."""
    out = missing.copy()
    out[:-1] |= missing[1:]
    out[1:] |= missing[:-1]
    return out
