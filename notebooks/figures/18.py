"""Figures that lesson 18 alone draws: gaps of a signal, and what a column loses."""

import numpy as np

from medtutor import plots
from medtutor.imputation import runs
from medtutor.plots import COLOURS


@plots.styled
def gaps(seen, missing, found, truth, fs):
    """Draw what a recorder hands over, below each other; shaded where it tells nothing."""
    fig, axes = plots.figure(len(seen), 1, height=1.25 * len(seen) + 0.8, sharex=True)
    time = np.arange(len(truth)) / fs
    for ax, kind in zip(axes[:, 0], seen, strict=True):
        _shade(ax, missing[kind], fs)
        hidden = np.where(_wide(missing[kind]), truth, np.nan)
        ax.plot(time, hidden, ":", linewidth=1.2, color=COLOURS["orange"], label="what was there")
        ax.plot(time, seen[kind], color="black", linewidth=0.9)
        level = np.nanmin(seen[kind]) - 0.12 * (np.nanmax(seen[kind]) - np.nanmin(seen[kind]))
        bar = {"color": COLOURS["blue"], "linewidth": 4, "solid_capstyle": "butt"}
        ax.plot(time, np.where(found[kind], level, np.nan), label="found", **bar)
        ax.set_title(kind, loc="left", fontsize=10)
        ax.set_ylabel("mV")
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; shaded: missing")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    fig.align_ylabels(axes)
    plots.show(fig, words="four_kinds")


@plots.styled
def fillings(truth, hidden, filled, fs, words):
    """Draw what several methods put into one gap, over what was there, a second to either side."""
    rows = -(-len(filled) // 2)
    fig, axes = plots.figure(rows, 2, height=1.55 * rows + 0.6, sharex=True, sharey=True)
    time = np.arange(len(truth)) / fs
    around = np.flatnonzero(hidden)[[0, -1]] / fs + [-1, 1]
    reach = truth.max() - truth.min()
    for ax, (title, values) in zip(axes.ravel(), filled.items(), strict=False):
        _shade(ax, hidden, fs)
        ax.plot(time, truth, ":", color=COLOURS["orange"], linewidth=1.3, label="what was there")
        ax.plot(time, np.where(hidden, np.nan, truth), color="black", linewidth=0.9)
        put = np.where(_wide(hidden), values, np.nan)
        ax.plot(time, put, color=COLOURS["blue"], linewidth=1.6, label="filled in")
        ax.set_title(title, loc="left", fontsize=10)
        limits = (truth.min() - 0.3 * reach, truth.max() + 0.3 * reach)
        ax.set(xlim=around, ylim=limits, xlabel="time in s; shaded: hidden")
    for ax in axes.ravel()[len(filled) :]:
        ax.set_axis_off()
    for ax in axes[:, 0]:
        ax.set_ylabel("mV")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    plots.show(fig, words=words)


@plots.styled
def mechanisms(values, lost, xlabel):
    """Draw which values of a column each mechanism takes away, with the means before and after."""
    fig, axes = plots.figure(1, len(lost), height=3.0, sharex=True, sharey=True)
    edges = np.histogram_bin_edges(values, 24)
    for ax, (title, gone) in zip(axes[0], lost.items(), strict=True):
        looks = {"color": [COLOURS["sky"], "white"], "edgecolor": COLOURS["grey"]}
        parts = [values[~gone], values[gone]]
        ax.hist(parts, edges, stacked=True, label=["known", "lost"], linewidth=0.6, **looks)
        ax.axvline(values.mean(), color="black", linewidth=1.6, label="mean of all")
        known = {"color": COLOURS["orange"], "linestyle": "--", "linewidth": 1.6}
        ax.axvline(values[~gone].mean(), label="mean of the known", **known)
        ax.set(title=title, xlabel=xlabel)
    axes[0, 0].set_ylabel("entries")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    plots.show(fig, words="mechanisms")


def _shade(ax, missing, fs):
    for _, first, stop in runs(missing):
        ax.axvspan(first / fs, stop / fs, color="#e8e8e8", linewidth=0, zorder=0)


def _wide(missing):
    """Take one sample more on either side of each gap, so that curves join."""
    out = missing.copy()
    out[:-1] |= missing[1:]
    out[1:] |= missing[:-1]
    return out
