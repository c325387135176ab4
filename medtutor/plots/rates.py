"""Figures of heart rates: RR intervals, their spectra, detectors and distributions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from medtutor.plots.style import COLOURS, FULL, figure, show

LINES = ("-", "--", "-.", ":")
INKS = tuple(COLOURS[name] for name in ("blue", "orange", "green", "pink"))
MARKERS = ("v", "x", "o", "s")


def looks(
    named: Mapping[str, Any], dots: bool = False
) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Go through named things, each with its colour and its line style, or its marker."""
    for (name, value), ink, line, marker in zip(named.items(), INKS, LINES, MARKERS, strict=False):
        style = {"linestyle": "none", "marker": marker} if dots else {"linestyle": line}
        yield name, value, {"color": ink, **style}


def tachogram(
    times: np.ndarray,
    rr: np.ndarray,
    alt: str,
    symbols: Sequence[str] | np.ndarray | None = None,
    height: float = 2.6,
) -> None:
    """Show RR intervals against time, and beside them the instantaneous rate.

    Parameters
    ----------
    times : ndarray of shape (intervals,)
        When each interval ended, in seconds.
    rr : ndarray of shape (intervals,)
        Intervals in seconds.
    alt : str
        What is seen.
    symbols : sequence of str, optional
        Code of the beat that ended the interval; ``"N"`` is drawn as a dot, others by letter.
    height : float
        Height of the figure in inches.
    """
    fig, axes = figure(1, 2, height=height, sharex=True)
    codes = np.full(len(rr), "N") if symbols is None else np.asarray(symbols)
    for ax, values, label in zip(
        axes[0], (rr, 60 / rr), ("RR interval in s", "60 / RR in bpm"), strict=True
    ):
        ax.plot(times, values, color=COLOURS["grey"], linewidth=0.8)
        for code in dict.fromkeys(codes.tolist()):
            here = codes == code
            other = code != "N"
            ax.plot(
                times[here], values[here], linestyle="none", markersize=7 if other else 4,
                marker=f"${code}$" if other else "o", color=INKS[1] if other else INKS[0],
            )  # fmt: skip
        ax.margins(y=0.1)
        ax.set_xlabel("time in s")
        ax.set_ylabel(label)
    show(fig, alt)


def variability(
    tachograms: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spectra: Mapping[str, tuple[np.ndarray, np.ndarray]],
    alt: str,
) -> None:
    """Show RR series beside their spectra.

    Parameters
    ----------
    tachograms : mapping of str to (times in s, RR in s)
        One curve for each name.
    spectra : mapping of str to (frequency in Hz, power in s²/Hz)
        Under the same names.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, 2, height=2.8)
    for name, (times, rr), look in looks(tachograms):
        axes[0, 0].plot(times, rr, label=name, **look)
        axes[0, 1].plot(*spectra[name], label=name, **look)
    axes[0, 0].set_xlabel("time in s")
    axes[0, 0].set_ylabel("RR interval in s")
    axes[0, 1].set_xlabel("frequency in Hz")
    axes[0, 1].set_ylabel("power in s²/Hz")
    axes[0, 1].set_xlim(0, 0.6)  # breathing and all that is slower
    axes[0, 1].legend()
    show(fig, alt)


def detection(
    snr: Sequence[float],
    scores: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    alt: str,
    kind: str = "noise",
) -> None:
    """Show how detectors do as the noise grows.

    Parameters
    ----------
    snr : sequence of float
        Signal-to-noise ratios in decibels.
    scores : mapping of str to (sensitivities, positive predictive values)
        For each detector, one value for each SNR.
    alt : str
        What is seen.
    kind : str
        Kind of noise, for the axis.
    """
    fig, axes = figure(1, 2, height=2.7, sharex=True, sharey=True)
    for ax, which, title in zip(
        axes[0], (0, 1), ("sensitivity", "positive predictive value"), strict=True
    ):
        for name, pair, look in looks(scores):
            ax.plot(snr, pair[which], marker="o", label=name, **look)
        ax.set_title(title)
        ax.set_xlabel(f"SNR of {kind} in dB")
        ax.set_xticks(sorted(snr))
    axes[0, 0].invert_xaxis()
    axes[0, 0].set_ylim(top=1.03)
    axes[0, 0].set_ylabel("share of beats")
    axes[0, 1].legend(loc="lower left")
    show(fig, alt)


def histograms(
    values: Sequence[Mapping[str, np.ndarray]],
    labels: Sequence[str],
    alt: str,
    bins: int = 30,
) -> None:
    """Show distributions, such as heart rates, one panel for each quantity.

    Parameters
    ----------
    values : sequence of mappings of str to ndarray
        For each panel, name and values of each group; NaN is left out.
    labels : sequence of str
        Quantity and unit of each panel.
    alt : str
        What is seen.
    bins : int
        Bins in a panel.
    """
    fig, axes = figure(1, len(values), height=2.7)
    for ax, groups, label in zip(axes[0], values, labels, strict=True):
        finite = {name: v[np.isfinite(v)] for name, v in groups.items()}
        edges = np.histogram_bin_edges(np.concatenate(list(finite.values())), bins)
        several = len(finite) > 1
        for name, v, look in looks(finite):
            ax.hist(v, edges, density=several, histtype="step", linewidth=1.6, label=name, **look)
        ax.set_xlabel(label)
        ax.set_ylabel("share of windows per bpm" if several else "windows")
        if several:
            ax.legend()
    show(fig, alt)


def rejection(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], alt: str, kept: float | None = None
) -> None:
    """Show the error of the windows that are read against the share of windows turned away.

    Parameters
    ----------
    curves : mapping of str to (share of windows kept, mean absolute error in bpm)
        One curve for each doubt by which windows are turned away.
    alt : str
        What is seen.
    kept : float, optional
        Share kept at the limit in use, marked by a line.
    """
    fig, axes = figure(width=0.75 * FULL, height=2.9)
    ax = axes[0, 0]
    for name, (share, error), look in looks(curves):
        ax.plot(100 * (1 - share), error, label=name, **look)
    if kept is not None:
        ax.axvline(100 * (1 - kept), color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.annotate("limit in use", (100 * (1 - kept), 0.97), (4, 0), va="top",
                    xycoords=("data", "axes fraction"), textcoords="offset points",
                    color=COLOURS["grey"])  # fmt: skip
    ax.set(xlabel="windows turned away in %", ylabel="MAE of the others in bpm", ylim=(0, None))
    ax.margins(x=0)
    fig.legend(loc="outside upper right", ncols=len(curves))
    show(fig, alt)


def short_and_long(
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    unit: str,
    alt: str,
    labels: tuple[str, str] = ("five minutes", "one window"),
) -> None:
    """Show values from short windows against those of long stretches, on logarithmic axes.

    Parameters
    ----------
    pairs : mapping of str to (long, short), each ndarray of shape (n,)
        One panel for each name; NaN and 0 are left out.
    unit : str
        Unit of all values.
    alt : str
        What is seen.
    labels : (str, str)
        What the two values come from.
    """
    fig, axes = figure(1, len(pairs), height=3.6, sharex=True, sharey=True)
    every = np.concatenate([v for pair in pairs.values() for v in pair])
    every = every[np.isfinite(every) & (every > 0)]
    ends = [every.min(), every.max()] if len(every) else [1, 100]
    for ax, (name, (long, short)), ink in zip(axes[0], pairs.items(), INKS, strict=False):
        there = (long > 0) & (short > 0)
        ax.plot(ends, ends, color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.loglog(long[there], short[there], "o", color=ink, markersize=3, alpha=0.4,
                  markeredgewidth=0)  # fmt: skip
        ax.set_title(name)
        ax.set_xlabel(f"{labels[0]}, in {unit}")
    axes[0, 0].set_ylabel(f"{labels[1]}, in {unit}")
    show(fig, alt)
