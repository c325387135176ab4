"""Figures that lesson 17 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle

from medtutor import plots
from medtutor.metrics import Interval
from medtutor.plots import COLOURS, FULL


@plots.styled
def left_over(totals: Mapping[str, int], left: Mapping[str, Mapping[str, int]], alt: str) -> None:
    """Show how many planted identifiers each way of cleaning leaves, by kind of hiding place."""
    kinds = list(totals)
    share = np.array(
        [[found.get(kind, 0) / totals[kind] for found in left.values()] for kind in kinds]
    )
    fig, axes = plots.figure(width=FULL * 0.8, height=0.9 + 0.32 * len(kinds))
    ax = axes[0, 0]
    ax.imshow(share, cmap="Oranges", vmin=0, vmax=1.3, aspect="auto")
    for i, kind in enumerate(kinds):
        for k, found in enumerate(left.values()):
            count = found.get(kind, 0)
            ax.text(
                k,
                i,
                f"{count} of {totals[kind]}",
                ha="center",
                va="center",
                fontweight="bold" if count else "normal",
            )
    ax.set_xticks(range(len(left)), list(left))
    ax.set_yticks(range(len(kinds)), kinds)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    plots.show(fig, alt)


@plots.styled
def boxes(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str],
    found: Sequence[Sequence[tuple[int, int, int, int]]],
    alt: str,
) -> None:
    """Show images with rectangles around what was found in them."""
    fig, axes = plots.figure(1, len(pictures), height=2.9)
    low, high = min(p.min() for p in pictures), max(p.max() for p in pictures)
    for ax, picture, title, rectangles in zip(axes[0], pictures, titles, found, strict=True):
        h, w = picture.shape
        ax.imshow(picture, extent=(0, w, h, 0), vmin=low, vmax=high)
        for top, left, bottom, right in rectangles:
            ax.add_patch(
                Rectangle(
                    (left, top),
                    min(right, w) - left,
                    min(bottom, h) - top,
                    fill=False,
                    color=COLOURS["yellow"],
                    linewidth=2,
                )
            )
        ax.set(title=title, xlabel="pixels")
    axes[0, 0].set_ylabel("pixels")
    plots.show(fig, alt)


@plots.styled
def detection(contrast: Sequence[float], found: Sequence[Interval], alarm: float, alt: str) -> None:
    """Show how often text is found, by its contrast."""
    fig, axes = plots.figure(width=FULL * 0.7, height=2.8)
    ax = axes[0, 0]
    value, low, high = (100 * np.array(part) for part in zip(*found, strict=True))
    ax.fill_between(contrast, low, high, color=COLOURS["blue"], alpha=0.2, linewidth=0)
    ax.plot(contrast, value, "o-", color=COLOURS["blue"], label="images with text, 95 % CI")
    ax.axhline(100 * alarm, color=COLOURS["orange"], linestyle="--", label="images without text")
    ax.set_xscale("log", base=2)
    ax.set_xticks(contrast, [f"{c:g}" for c in contrast])
    ax.set(
        xlabel="letters above the tissue, in HU", ylabel="flagged, in % of images", ylim=(-4, 104)
    )
    ax.legend(loc="upper left")
    plots.show(fig, alt)


@plots.styled
def crowd(sizes: Mapping[str, np.ndarray], alt: str) -> None:
    """Show with how many others each person shares a row, for several sets of known columns."""
    classes = {"1: alone": (1, 1), "2 to 4": (2, 4), "5 to 19": (5, 19), "20 or more": (20, None)}
    inks = ("orange", "yellow", "sky", "blue")
    fig, axes = plots.figure(width=FULL * 0.85, height=0.9 + 0.4 * len(sizes))
    ax = axes[0, 0]
    start = np.zeros(len(sizes))
    for (name, (low, high)), ink in zip(classes.items(), inks, strict=True):
        share = np.array(
            [100 * np.mean((k >= low) & (k <= (high or k.max()))) for k in sizes.values()]
        )
        ax.barh(
            range(len(sizes)), share, left=start, color=COLOURS[ink], label=name, edgecolor="white"
        )
        start = start + share
    ax.set_yticks(range(len(sizes)), list(sizes))
    ax.invert_yaxis()
    ax.set(xlabel="% of the people", xlim=(0, 100))
    ax.legend(title="people with the same values", loc="center left", bbox_to_anchor=(1, 0.5))
    plots.show(fig, alt)


@plots.styled
def chunks(names: Sequence[str], nonces: Sequence[str], alt: str) -> None:
    """Show an encrypted file as a row of parts, each with the nonce that says where it belongs."""
    fig, axes = plots.figure(height=1.25)
    ax = axes[0, 0]
    for k, (name, nonce) in enumerate(zip(names, nonces, strict=True)):
        ink = COLOURS["sky"] if nonce else COLOURS["yellow"]
        ax.add_patch(Rectangle((k, 0), 0.94, 1, color=ink, alpha=0.45, linewidth=0))
        ax.text(k + 0.47, 0.68, name, ha="center", va="center", fontsize=10)
        ax.text(k + 0.47, 0.3, nonce, ha="center", va="center", fontsize=9, family="monospace")
    ax.set(xlim=(0, len(names)), ylim=(0, 1))
    ax.set_axis_off()
    plots.show(fig, alt)
