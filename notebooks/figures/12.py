"""Figures that lesson 12 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor import plots
from medtutor.plots import COLOURS, FULL, HALF

_INKS = tuple(COLOURS[name] for name in ("orange", "blue", "green", "pink", "sky", "yellow"))
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_HATCHES = ("", "///", "...", "xx")


@plots.styled
def threshold(
    values: np.ndarray,
    thresholds: np.ndarray,
    spread: np.ndarray,
    chosen: float,
    alt: str,
    xlabel: str = "value in HU",
) -> None:
    """Show grey values, and below them how well each threshold parts dark from bright."""
    fig, axes = plots.figure(2, 1, width=HALF, height=3.6, sharex=True)
    axes[0, 0].hist(np.ravel(values), bins=40, color=COLOURS["grey"])
    axes[0, 0].set_ylabel("pixels")
    axes[1, 0].plot(thresholds, spread / np.max(spread), color=COLOURS["blue"])
    axes[1, 0].set(xlabel=xlabel, ylabel="between-class\nvariance, largest = 1", ylim=(0, 1.08))
    for ax in axes[:, 0]:
        ax.axvline(chosen, color=COLOURS["black"], linestyle="--", linewidth=1)
    plots.show(fig, alt)


@plots.styled
def cell(
    picture: np.ndarray, gy: np.ndarray, gx: np.ndarray, histogram: np.ndarray, alt: str
) -> None:
    """Show a cell with its gradients as arrows, and their histogram."""
    fig, axes = plots.figure(1, 2, height=3.2, width_ratios=(1, 1.5))
    left, right = axes[0]
    left.imshow(picture)
    rows, columns = np.indices(picture.shape)
    # An image counts its rows downwards, and so does the arrow: y is not turned round.
    left.quiver(columns, rows, gx, gy, color=COLOURS["yellow"], angles="xy", width=0.009)
    left.set(
        xlabel="pixels",
        ylabel="pixels",
        xticks=range(0, picture.shape[1], 2),
        yticks=range(0, picture.shape[0], 2),
    )
    step = 180 / len(histogram)
    middles = (np.arange(len(histogram)) + 0.5) * step
    right.bar(middles, histogram, width=0.9 * step, color=COLOURS["blue"])
    right.set(
        xlabel="orientation of the gradient in degrees",
        ylabel="sum of magnitudes",
        xticks=np.arange(0, 181, step),
    )
    plots.show(fig, alt)


@plots.styled
def shares(
    named: Mapping[str, np.ndarray], labels: Sequence[str], xlabel: str, ylabel: str, alt: str
) -> None:
    """Show several groups' values side by side as bars."""
    fig, axes = plots.figure(width=FULL, height=2.6)
    ax = axes[0, 0]
    width = 0.8 / len(named)
    for k, (name, values) in enumerate(named.items()):
        at = np.arange(len(values)) + (k - (len(named) - 1) / 2) * width
        ax.bar(
            at,
            values,
            width * 0.92,
            label=name,
            color=_INKS[k % 6],
            hatch=_HATCHES[k % 4],
            edgecolor="white",
            linewidth=0,
        )
    ax.set_xticks(np.arange(len(labels)), labels)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    plots.show(fig, alt)


@plots.styled
def learning(
    sizes: Sequence[int],
    named: Mapping[str, np.ndarray],
    alt: str,
    titles: Sequence[str],
    levels: Sequence[Mapping[str, float]] = (),
    xlabel: str = "training patients",
    ylabel: str = "AUC",
) -> None:
    """Show what each method makes of more and more training patients."""
    fig, axes = plots.figure(1, len(titles), height=4.2, sharey=True)
    for p, (ax, title) in enumerate(zip(axes[0], titles, strict=True)):
        for k, (name, values) in enumerate(named.items()):
            value, low, high = np.asarray(values, float)[p].T
            # Side by side, so that one bar does not hide the next.
            at = np.asarray(sizes) * 1.05 ** (k - (len(named) - 1) / 2)
            ax.errorbar(
                at,
                value,
                [value - low, high - value],
                color=_INKS[k % 6],
                linestyle=_LINES[k % 4],
                marker=_MARKERS[k % 6],
                markersize=5,
                elinewidth=0.8,
                capsize=2,
                label=name,
            )
        for name, level in (levels[p] if p < len(levels) else {}).items():
            ax.axhline(level, color=COLOURS["grey"], linestyle=":", label=name)
        ax.set(title=title, xlabel=xlabel, xscale="log")
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.minorticks_off()
    axes[0, 0].set_ylabel(ylabel)
    lines, words = axes[0, 0].get_legend_handles_labels()
    fig.legend(lines, words, loc="outside lower center", ncols=3)
    plots.show(fig, alt)
