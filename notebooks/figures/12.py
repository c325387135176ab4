"""Figures of lesson 12: a threshold, a cell of gradients, and a contest over sizes."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor import plots
from medtutor.plots import COLOURS

INKS = (COLOURS["blue"], COLOURS["orange"], COLOURS["green"], COLOURS["pink"])


@plots.styled
def threshold(
    values: np.ndarray, thresholds: np.ndarray, spread: np.ndarray, chosen: float
) -> None:
    """Show grey values, and below them how well each threshold parts dark from bright."""
    fig, axes = plots.figure(2, 1, width=plots.HALF, height=3.6, sharex=True)
    top, below = axes[:, 0]
    top.hist(np.ravel(values), bins=40, color=COLOURS["grey"])
    top.set_ylabel("pixels")
    below.plot(thresholds, spread / np.max(spread))
    below.set(xlabel="value in HU", ylabel="between-class\nvariance, largest = 1", ylim=(0, 1.08))
    for ax in (top, below):
        ax.axvline(chosen, color=COLOURS["black"], linestyle="--", linewidth=1)
    plots.show(fig, "threshold")


@plots.styled
def cell(picture: np.ndarray, gy: np.ndarray, gx: np.ndarray, histogram: np.ndarray) -> None:
    """Show a cell with its gradients as arrows, and their histogram."""
    fig, axes = plots.figure(1, 2, height=3.2, width_ratios=(1, 1.5))
    left, right = axes[0]
    left.imshow(picture)
    rows, columns = np.indices(picture.shape)
    # An image counts its rows downwards, and so does the arrow: y is not turned round.
    left.quiver(columns, rows, gx, gy, color=COLOURS["yellow"], angles="xy", width=0.009)
    ticks = {"xticks": range(0, picture.shape[1], 2), "yticks": range(0, picture.shape[0], 2)}
    left.set(xlabel="pixels", ylabel="pixels", **ticks)
    step = 180 / len(histogram)
    middles = (np.arange(len(histogram)) + 0.5) * step
    right.bar(middles, histogram, width=0.9 * step)
    right.set(xlabel="orientation of the gradient in degrees", ylabel="sum of magnitudes")
    right.set_xticks(np.arange(0, 181, step))
    plots.show(fig, "cell")


@plots.styled
def learning(
    sizes: Sequence[int],
    panels: Mapping[str, Mapping[str, np.ndarray]],
    ruler: Mapping[str, float],
) -> None:
    """Show what each method makes of more patients, as (sizes, 3) values with interval ends."""
    fig, axes = plots.figure(1, len(panels), height=4.2, sharey=True)
    for ax, (title, named) in zip(axes[0], panels.items(), strict=True):
        for k, (name, found) in enumerate(named.items()):
            value, low, high = found.T
            # Side by side, so that one bar does not hide the next.
            at = np.asarray(sizes) * 1.05 ** (k - (len(named) - 1) / 2)
            style = {"color": INKS[k], "linestyle": ("-", "--", "-.", ":")[k], "marker": "os^D"[k]}
            reach = [value - low, high - value]
            ax.errorbar(at, value, reach, label=name, elinewidth=0.8, capsize=2, **style)
        if title in ruler:
            ink = COLOURS["grey"]
            ax.axhline(ruler[title], color=ink, linestyle=":", label="a reader's diameter")
        ax.set(title=title, xlabel="training patients", xscale="log")
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.minorticks_off()
    axes[0, 0].set_ylabel("AUC")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    plots.show(fig, "learning")
