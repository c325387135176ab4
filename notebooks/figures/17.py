"""Figures that lesson 17 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor import plots
from medtutor.plots import COLOURS, INKS

_MARKERS = ("o", "s", "^", "D")


@plots.styled
def owners(
    people: Sequence[str], owned: Mapping[str, np.ndarray], words: str, most: int = 24
) -> None:
    """Show how many beats of each class each person has, those with the most odd ones on top."""
    odd = sum(count for name, count in owned.items() if name != "N")
    order = np.argsort(-odd, kind="stable")[:most]
    fig, axes = plots.figure(height=1.0 + 0.2 * len(order))
    ax = axes[0, 0]
    owned = {name: count for name, count in owned.items() if count.any()}
    for (name, count), ink, marker in zip(owned.items(), INKS, _MARKERS, strict=False):
        there = count[order] > 0
        ax.plot(
            count[order][there],
            np.flatnonzero(there),
            marker,
            color=ink,
            label=name,
            fillstyle="none" if name == "N" else "full",
        )
    ax.set_xscale("log")
    ax.set_yticks(range(len(order)), [str(people[k]) for k in order], fontsize=8)
    ax.set_ylim(len(order) - 0.3, -0.7)
    ax.grid(axis="y", color="#DDDDDD")
    ax.set(xlabel="beats (logarithmic)", ylabel="subject")
    fig.legend(loc="outside upper right", ncols=len(owned))
    plots.show(fig, words)


@plots.styled
def against_median(
    windows: np.ndarray,
    usual: np.ndarray,
    time: np.ndarray,
    y: np.ndarray,
    classes: Sequence[str],
    words: str,
) -> None:
    """Show a beat of each class over the median beat of its person, first lead."""
    there = [k for k in range(len(classes)) if np.any(y == k)]
    fig, axes = plots.figure(2, len(there), height=4.0, sharex=True, sharey=True)
    for column, k in zip(axes.T, there, strict=True):
        own = np.flatnonzero(y == k)
        beat = windows[own[len(own) // 2], :, 0]
        column[0].plot(time, usual[:, 0], color=COLOURS["grey"], linestyle="--", label="median")
        column[0].plot(time, beat, color=INKS[k], label="beat")
        column[1].plot(time, beat - usual[:, 0], color=INKS[k])
        column[1].axhline(0, color=COLOURS["grey"], linewidth=0.8)
        column[0].set_title(f"{classes[k]} ({len(own)} beats)")
        column[1].set_xlabel("time from R in s")
        column[0].margins(x=0)
    axes[0, 0].set_ylabel("beat, in its height")
    axes[1, 0].set_ylabel("difference")
    axes[0, 0].legend(loc="upper left", fontsize=8)
    plots.show(fig, words)


@plots.styled
def confusions(
    true: np.ndarray, readers: Mapping[str, np.ndarray], classes: Sequence[str], words: str
) -> None:
    """Show the confusion matrices of several readers: counts, shaded by their share of a row."""
    fig, axes = plots.figure(1, len(readers), height=3.0)
    n = len(classes)
    for ax, (name, called) in zip(axes[0], readers.items(), strict=True):
        table = np.bincount(n * true + called, minlength=n * n).reshape(n, n)
        share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        ax.imshow(share, vmin=0, vmax=1, cmap="Blues", aspect="auto")
        for (i, j), count in np.ndenumerate(table):
            ink = "white" if share[i, j] > 0.6 else "black"
            ax.text(j, i, f"{count:,}", ha="center", va="center", color=ink)
        ax.set_xticks(range(n), classes)
        ax.set_yticks(range(n), classes)
        ax.tick_params(length=0)
        ax.set(title=name, xlabel="called")
    axes[0, 0].set_ylabel("true")
    plots.show(fig, words)
