"""Figures of what a file gives away, and of how it is locked."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle

from medtutor.plots.style import COLOURS, FULL, figure, show
from medtutor.types import Interval


def left_over(totals: Mapping[str, int], left: Mapping[str, Mapping[str, int]], alt: str) -> None:
    """Show how many planted identifiers each way of cleaning leaves, by kind of hiding place.

    Parameters
    ----------
    totals : dict of str to int
        Kind of place to the number that was planted there.
    left : dict of str to dict of str to int
        Way of cleaning to what is left of each kind.
    alt : str
        What is seen.
    """
    kinds = list(totals)
    share = np.array([[found.get(kind, 0) / totals[kind] for found in left.values()]
                      for kind in kinds])  # fmt: skip
    fig, axes = figure(width=FULL * 0.8, height=0.9 + 0.32 * len(kinds))
    ax = axes[0, 0]
    ax.imshow(share, cmap="Oranges", vmin=0, vmax=1.3, aspect="auto")
    for i, kind in enumerate(kinds):
        for k, found in enumerate(left.values()):
            count = found.get(kind, 0)
            ax.text(k, i, f"{count} of {totals[kind]}", ha="center", va="center",
                    fontweight="bold" if count else "normal")  # fmt: skip
    ax.set_xticks(range(len(left)), list(left))
    ax.set_yticks(range(len(kinds)), kinds)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    show(fig, alt)


def boxes(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str],
    found: Sequence[Sequence[tuple[int, int, int, int]]],
    alt: str,
) -> None:
    """Show images with rectangles around what was found in them.

    Parameters
    ----------
    pictures : sequence of ndarray, each (h, w)
        Images.
    titles : sequence of str
        One for each.
    found : sequence of sequence of (top, left, bottom, right)
        Rectangles in pixels, for each image.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, len(pictures), height=2.9)
    low, high = min(p.min() for p in pictures), max(p.max() for p in pictures)
    for ax, picture, title, rectangles in zip(axes[0], pictures, titles, found, strict=True):
        h, w = picture.shape
        ax.imshow(picture, extent=(0, w, h, 0), vmin=low, vmax=high)
        for top, left, bottom, right in rectangles:
            ax.add_patch(Rectangle((left, top), min(right, w) - left, min(bottom, h) - top,
                                   fill=False, color=COLOURS["yellow"], linewidth=2))  # fmt: skip
        ax.set(title=title, xlabel="pixels")
    axes[0, 0].set_ylabel("pixels")
    show(fig, alt)


def detection(contrast: Sequence[float], found: Sequence[Interval], alarm: float, alt: str) -> None:
    """Show how often text is found, by its contrast.

    Parameters
    ----------
    contrast : sequence of float
        Brightness of the letters above the tissue, in HU.
    found : sequence of Interval
        Share of the images with text in which it was found.
    alarm : float
        Share of the images without text in which some was found.
    alt : str
        What is seen.
    """
    fig, axes = figure(width=FULL * 0.7, height=2.8)
    ax = axes[0, 0]
    value, low, high = (100 * np.array(part) for part in zip(*found, strict=True))
    ax.fill_between(contrast, low, high, color=COLOURS["blue"], alpha=0.2, linewidth=0)
    ax.plot(contrast, value, "o-", color=COLOURS["blue"], label="images with text, 95 % CI")
    ax.axhline(100 * alarm, color=COLOURS["orange"], linestyle="--", label="images without text")
    ax.set_xscale("log", base=2)
    ax.set_xticks(contrast, [f"{c:g}" for c in contrast])
    ax.set(xlabel="letters above the tissue, in HU", ylabel="flagged, in % of images",
           ylim=(-4, 104))  # fmt: skip
    ax.legend(loc="upper left")
    show(fig, alt)


def crowd(sizes: Mapping[str, np.ndarray], alt: str) -> None:
    """Show with how many others each person shares a row, for several sets of known columns.

    Parameters
    ----------
    sizes : dict of str to ndarray of int, each (people,)
        What is known, to the size of each person's group.
    alt : str
        What is seen.
    """
    classes = {"1: alone": (1, 1), "2 to 4": (2, 4), "5 to 19": (5, 19), "20 or more": (20, None)}
    inks = ("orange", "yellow", "sky", "blue")
    fig, axes = figure(width=FULL * 0.85, height=0.9 + 0.4 * len(sizes))
    ax = axes[0, 0]
    start = np.zeros(len(sizes))
    for (name, (low, high)), ink in zip(classes.items(), inks, strict=True):
        share = np.array([100 * np.mean((k >= low) & (k <= (high or k.max())))
                          for k in sizes.values()])  # fmt: skip
        ax.barh(range(len(sizes)), share, left=start, color=COLOURS[ink], label=name,
                edgecolor="white")  # fmt: skip
        start = start + share
    ax.set_yticks(range(len(sizes)), list(sizes))
    ax.invert_yaxis()
    ax.set(xlabel="% of the people", xlim=(0, 100))
    ax.legend(title="people with the same values", loc="center left", bbox_to_anchor=(1, 0.5))
    show(fig, alt)


def chunks(names: Sequence[str], nonces: Sequence[str], alt: str) -> None:
    """Show an encrypted file as a row of parts, each with the nonce that says where it belongs.

    Parameters
    ----------
    names, nonces : sequence of str
        What each part is, and its nonce ("" for the header).
    alt : str
        What is seen.
    """
    fig, axes = figure(height=1.25)
    ax = axes[0, 0]
    for k, (name, nonce) in enumerate(zip(names, nonces, strict=True)):
        ink = COLOURS["sky"] if nonce else COLOURS["yellow"]
        ax.add_patch(Rectangle((k, 0), 0.94, 1, color=ink, alpha=0.45, linewidth=0))
        ax.text(k + 0.47, 0.68, name, ha="center", va="center", fontsize=10)
        ax.text(k + 0.47, 0.3, nonce, ha="center", va="center", fontsize=9, family="monospace")
    ax.set(xlim=(0, len(names)), ylim=(0, 1))
    ax.set_axis_off()
    show(fig, alt)
