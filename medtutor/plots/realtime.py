"""Figures of exported models and of the monitor.

What shows times is marked as volatile: it is drawn wherever the lesson runs, and a stored lesson
leaves it out, since times differ at every run.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from medtutor.ledger import VOLATILE
from medtutor.plots.base import COLOURS, FULL, figure, png, show

if TYPE_CHECKING:
    from medtutor.ecg.stream import Reading

_LINES = (("blue", "-", "o"), ("orange", "--", "s"), ("green", ":", "^"), ("black", "-.", "D"))
_REDRAW = 10  # readings between two pictures of a live plot


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show a table that holds times; a stored lesson leaves it out.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Cells; the first of each row names it.
    """
    from IPython.display import display

    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    plain = "\n".join(
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    cells = [
        "".join(
            f"<{tag}{' scope=row' if tag == 'th' and n else ''}>{html.escape(cell)}</{tag}>"
            for tag, cell in ((("td", "th")[n == 0 or k == 0], c) for k, c in enumerate(line))
        )
        for n, line in enumerate(lines)
    ]
    page = "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"
    display({"text/html": page, "text/plain": plain}, raw=True, metadata={VOLATILE: True})


def batch_cost(sizes: np.ndarray, seconds: Mapping[str, np.ndarray], alt: str) -> None:
    """Show how the time of a call grows with the windows in it; a stored lesson leaves it out.

    Parameters
    ----------
    sizes : ndarray of shape (n,)
        Windows in a call.
    seconds : mapping of str to ndarray of shape (n,)
        Name of a way to call, to the time of one call.
    alt : str
        What is seen.
    """
    fig, axes = figure(height=3.0, width=6.4)
    ax = axes[0, 0]
    for (name, values), (ink, line, dot) in zip(seconds.items(), _LINES, strict=False):
        ax.loglog(sizes, 1000 * np.asarray(values), dot + line, color=COLOURS[ink], label=name)
    ax.set_xticks(sizes, [str(n) for n in sizes], minor=False)
    ax.minorticks_off()
    ax.set_xlabel("windows in one call")
    ax.set_ylabel("ms for the call")
    fig.legend(loc="outside right upper")
    _show_volatile(fig, alt)


def grid(values: np.ndarray, scale: float, zero: int, alt: str) -> None:
    """Show real numbers, the int8 numbers that they become, and what rounding does to them.

    Parameters
    ----------
    values : ndarray
        Real numbers.
    scale : float
        What one step is worth.
    zero : int
        The int8 number that stands for 0.
    alt : str
        What is seen.
    """
    flat = np.sort(np.ravel(values))
    q = np.clip(np.round(flat / scale) + zero, -128, 127)
    fig, axes = figure(1, 2, height=2.9)
    left, right = axes[0]
    left.hist(flat, bins=60, color=COLOURS["sky"], edgecolor="white", linewidth=0.3)
    ticks = np.arange(-128, 129, 64).clip(-128, 127)
    left.set_xlabel("weight (below: its int8 number)")
    left.set_ylabel("number of weights")
    left.set_xticks((ticks - zero) * scale, [f"{(t - zero) * scale:.2g}\n{t}" for t in ticks])
    error = (q - zero) * scale - flat
    some = slice(None, None, max(1, len(flat) // 1500))  # more dots would be a block of colour
    right.plot(flat[some], error[some] / scale, ".", color=COLOURS["orange"], markersize=2)
    for edge in (-0.5, 0.5):
        right.axhline(edge, color=COLOURS["black"], linestyle=":", linewidth=1)
    right.set_xlabel("weight")
    right.set_ylabel("rounding error in steps")
    show(fig, alt)


def pieces(
    time: np.ndarray,
    curves: Mapping[str, np.ndarray],
    edges: np.ndarray,
    alt: str,
    unit: str = "mV",
) -> None:
    """Show a signal filtered as a whole and filtered piece by piece.

    Parameters
    ----------
    time : ndarray of shape (samples,)
        Seconds.
    curves : mapping of str to ndarray of shape (samples,)
        Name to signal.
    edges : ndarray
        Seconds at which a piece begins.
    alt : str
        What is seen.
    unit : str
        Unit of the signals.
    """
    fig, axes = figure(len(curves), 1, height=1.2 * len(curves) + 0.6, sharex=True, sharey=True)
    for ax, (name, curve) in zip(axes[:, 0], curves.items(), strict=True):
        for edge in edges:
            ax.axvline(edge, color=COLOURS["grey"], linestyle=":", linewidth=0.8)
        ax.plot(time, curve, color=COLOURS["black"], linewidth=0.9)
        ax.set_title(name, loc="left", fontsize=10)
        ax.set_ylabel(unit)
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; dotted: where a piece begins")
    show(fig, alt)


def monitor(
    readings: Sequence[Reading],
    alt: str,
    truth: np.ndarray | None = None,
    signal: np.ndarray | None = None,
    fs: float = 360.0,
) -> None:
    """Show what a monitor said.

    Parameters
    ----------
    readings : sequence of Reading
        Of one patient.
    alt : str
        What is seen.
    truth : ndarray of shape (readings,), optional
        True rate at each reading, NaN where there is none.
    signal : ndarray of shape (samples,), optional
        What was fed, in millivolts; drawn on top.
    fs : float
        Its sampling rate in hertz.
    """
    show(_monitor(readings, truth, signal, fs), alt)


def live(
    readings: Iterable[Reading],
    alt: str,
    truth: np.ndarray | None = None,
    signal: np.ndarray | None = None,
    fs: float = 360.0,
) -> list[Reading]:
    """Draw readings while they arrive; without a browser, one picture at the end.

    Parameters
    ----------
    readings : iterable of Reading
        Of one patient, such as `stream.watch` gives them.
    alt, truth, signal, fs
        As for `monitor`.

    Returns
    -------
    list of Reading
        All that arrived.
    """
    from IPython.display import display

    # JupyterLab sets this name for a lesson that somebody opened. A lesson that runs unattended
    # shows the last picture only, which is always the same.
    watched = "JPY_SESSION_NAME" in os.environ
    handle, kept = None, []
    for reading in readings:
        kept.append(reading)
        if watched and len(kept) % _REDRAW == 0:
            picture = {"image/png": png(_monitor(kept, truth, signal, fs)), "text/plain": alt}
            if handle is None:
                handle = display(picture, raw=True, display_id=True)
            else:
                handle.update(picture, raw=True)
    if handle is not None:
        handle.update({"text/plain": ""}, raw=True)  # the picture that stays follows below
    monitor(kept, alt, truth, signal, fs)
    return kept


def _monitor(
    readings: Sequence[Reading], truth: np.ndarray | None, signal: np.ndarray | None, fs: float
) -> Figure:
    """Draw signal, rate with its interval, and quality, below each other."""
    time, rate, low, high, quality = (np.array([r[k] for r in readings], float) for k in range(5))
    tall = [*([0.8] if signal is not None else []), 1.6, 0.6]
    fig, axes = figure(
        len(tall), 1, width=FULL, height=1.15 * sum(tall) + 0.9, sharex=True, height_ratios=tall
    )
    if signal is not None:
        axes[0, 0].plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.4)
        axes[0, 0].set_ylabel("ECG in mV")
    ax, below = axes[-2, 0], axes[-1, 0]
    step = np.median(np.diff(time)) if len(time) > 1 else 1.0
    for begin, stop, why in _silences(readings):
        for panel in (ax, below):
            panel.axvspan(time[begin] - step, time[stop], color="0.9", linewidth=0)
        ax.text(
            (time[begin] - step + time[stop]) / 2, 0.03, why, fontsize=8, ha="center", va="bottom",
            rotation=90, transform=ax.get_xaxis_transform(),
        )  # fmt: skip
    ax.fill_between(time, low, high, color=COLOURS["sky"], alpha=0.5, linewidth=0,
                    label="interval")  # fmt: skip
    if truth is not None:
        ax.plot(time[: len(truth)], truth[: len(time)], color=COLOURS["black"], linestyle="--",
                linewidth=1, label="true rate")  # fmt: skip
    ax.plot(time, rate, ".", color=COLOURS["blue"], markersize=4, label="rate")
    middle = rate[np.isfinite(rate)]
    if len(middle):
        ax.set_ylim(max(0, middle.min() - 25), middle.max() + 25)
    ax.set_ylabel("rate in bpm")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    below.plot(time, quality, color=COLOURS["green"], drawstyle="steps-pre")
    below.set_ylim(0, 1)
    below.set_ylabel("quality")
    below.set_xlabel("time in s")
    axes[0, 0].margins(x=0)
    fig.align_ylabels(axes)
    return fig


def _silences(readings: Sequence[Reading]) -> list[tuple[int, int, str]]:
    """List the stretches of readings without a rate: first, last, why."""
    found: list[tuple[int, int, str]] = []
    for k, reading in enumerate(readings):
        if not reading.why or reading.why == "ended":
            continue
        if found and found[-1][1] == k - 1 and found[-1][2] == reading.why:
            found[-1] = (found[-1][0], k, reading.why)
        else:
            found.append((k, k, reading.why))
    return found


def _show_volatile(fig: Figure, alt: str) -> None:
    """Show a figure that a stored lesson leaves out."""
    from IPython.display import display

    picture = {"image/png": png(fig), "text/plain": f"Figure: {alt}"}
    display(picture, raw=True, metadata={VOLATILE: True, "image/png": {"alt": alt}})
    words = f"<details><summary>Figure in words</summary>{html.escape(alt)}</details>"
    display({"text/html": words, "text/plain": ""}, raw=True, metadata={VOLATILE: True})
