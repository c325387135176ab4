"""Figures that lesson 19 alone draws: tables and curves of times, int8, and the monitor.

What shows times is marked as volatile: it is drawn wherever the lesson runs, and a stored lesson
leaves it out, since times differ at every run.
"""

import html
import os

import numpy as np
from IPython.display import display

from medtutor import plots
from medtutor.ledger import VOLATILE
from medtutor.plots import COLOURS
from medtutor.plots.style import alternative_text, png

REDRAW = 10  # readings between two pictures of a live plot


def table(head, rows):
    """Show a table that holds times."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    plain = "\n".join(
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    page = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    for name, *cells in rows:
        data = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        page += f"</tr><tr><th scope=row>{html.escape(name)}</th>{data}"
    picture = {"text/html": f"<table><tr>{page}</tr></table>", "text/plain": plain}
    display(picture, raw=True, metadata={VOLATILE: True})


def batch_cost(sizes, seconds):
    """Draw how the time of a call grows with the windows in it."""
    fig, axes = plots.figure(width=6.4)
    milliseconds = {name: 1000 * np.asarray(values) for name, values in seconds.items()}
    labels = {"xlabel": "windows in one call", "ylabel": "ms for the call"}
    plots.lines(sizes, milliseconds, ax=axes[0, 0], marker=True, log="xy", **labels)
    axes[0, 0].set_xticks(sizes, [str(n) for n in sizes])
    axes[0, 0].minorticks_off()
    text = alternative_text("batch_cost")
    picture = {"image/png": png(fig), "text/plain": f"Figure: {text}"}
    display(picture, raw=True, metadata={VOLATILE: True, "image/png": {"alt": text}})


@plots.styled
def int8(weights, scale):
    """Draw weights, the int8 numbers that they become, and what rounding does to them."""
    flat = np.sort(np.ravel(weights))
    q = np.clip(np.round(flat / scale), -128, 127)
    fig, axes = plots.figure(1, 2, height=2.9)
    left, right = axes[0]
    left.hist(flat, bins=60, color=COLOURS["sky"], edgecolor="white", linewidth=0.3)
    ticks = np.arange(-128, 129, 64).clip(-128, 127)
    left.set_xticks(ticks * scale, [f"{t * scale:.2g}\n{t}" for t in ticks])
    left.set(xlabel="weight (below: its int8 number)", ylabel="number of weights")
    some = slice(None, None, max(1, len(flat) // 1500))  # more dots would be a block of colour
    error = ((q * scale - flat) / scale)[some]
    right.plot(flat[some], error, ".", color=COLOURS["orange"], markersize=2)
    for edge in (-0.5, 0.5):
        right.axhline(edge, color="black", linestyle=":", linewidth=1)
    right.set(xlabel="weight", ylabel="rounding error in steps")
    plots.show(fig, words="int8")


@plots.styled
def pieces(curves, fs, edges):
    """Draw a signal filtered as a whole and piece by piece."""
    fig, axes = plots.figure(len(curves), 1, height=3.0, sharex=True, sharey=True)
    for ax, (name, curve) in zip(axes[:, 0], curves.items(), strict=True):
        for edge in edges:
            ax.axvline(edge, color=COLOURS["grey"], linestyle=":", linewidth=0.8)
        ax.plot(np.arange(len(curve)) / fs, curve, color="black", linewidth=0.9)
        ax.set_title(name, loc="left", fontsize=10)
        ax.set_ylabel("mV")
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; dotted: where a piece begins")
    plots.show(fig, words="pieces")


def live(readings, signal, truth, fs=360):
    """Draw what a monitor says while it says it; unattended, one picture at the end."""
    # JupyterLab sets this name for a lesson that somebody opened. A lesson that runs unattended
    # shows the last picture only, which is always the same.
    watched = "JPY_SESSION_NAME" in os.environ
    handle, kept = None, []
    for reading in readings:
        kept.append(reading)
        if watched and len(kept) % REDRAW == 0:
            picture = {"image/png": png(_monitor(kept, signal, truth, fs)), "text/plain": ""}
            if handle is None:
                handle = display(picture, raw=True, display_id=True)
            else:
                handle.update(picture, raw=True)
    if handle is not None:
        handle.update({"text/plain": ""}, raw=True)  # the picture that stays follows below
    plots.show(_monitor(kept, signal, truth, fs), words="monitor")


@plots.styled
def _monitor(readings, signal, truth, fs):
    """Draw signal, rate with its interval, and quality, below each other."""
    time, rate, low, high, quality = np.array([r[:5] for r in readings], float).T
    fig, axes = plots.figure(3, 1, height=4.4, sharex=True, height_ratios=[0.8, 1.6, 0.6])
    above, ax, below = axes[:, 0]
    above.plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.4)
    for begin, stop, why in _silences(readings):
        for panel in (ax, below):
            panel.axvspan(time[begin] - 1, time[stop], color="0.9", linewidth=0)
        middle = (time[begin] - 1 + time[stop]) / 2
        place = {"rotation": 90, "ha": "center", "transform": ax.get_xaxis_transform()}
        ax.text(middle, 0.03, why, fontsize=8, va="bottom", **place)
    ax.fill_between(time, low, high, color=COLOURS["sky"], alpha=0.5, linewidth=0, label="interval")
    known = {"color": "black", "linestyle": "--", "linewidth": 1}
    ax.plot(time[: len(truth)], truth[: len(time)], label="true rate", **known)
    ax.plot(time, rate, ".", color=COLOURS["blue"], markersize=4, label="rate")
    said = rate[np.isfinite(rate)]
    if len(said):
        ax.set_ylim(max(0, said.min() - 25), said.max() + 25)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    below.plot(time, quality, color=COLOURS["green"], drawstyle="steps-pre")
    below.set(ylim=(0, 1), xlabel="time in s", ylabel="quality")
    above.set_ylabel("ECG in mV")
    ax.set_ylabel("rate in bpm")
    above.margins(x=0)
    fig.align_ylabels(axes)
    return fig


def _silences(readings):
    """List the stretches of readings without a rate: first, last, why."""
    found = []
    for k, reading in enumerate(readings):
        if not reading.why or reading.why == "ended":
            continue
        if found and found[-1][1] == k - 1 and found[-1][2] == reading.why:
            found[-1] = (found[-1][0], k, reading.why)
        else:
            found.append((k, k, reading.why))
    return found
