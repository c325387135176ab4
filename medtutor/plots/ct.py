"""Figures of CT images."""

from collections.abc import Sequence

import numpy as np

from medtutor.plots.style import COLOURS, FULL, figure, show


def images(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str],
    alt: str,
    limits: tuple[float, float] | Sequence[tuple[float, float]] | None = None,
    unit: str = "HU",
    extent_mm: Sequence[tuple[float, float]] | None = None,
    bar: bool = True,
    columns: int | None = None,
    height: float | None = None,
    outlines: Sequence[np.ndarray] | None = None,
) -> None:
    """Show grey images side by side.

    Parameters
    ----------
    pictures : sequence of ndarray, each (h, w)
        Images.
    titles : sequence of str
        One title for each.
    alt : str
        What is seen, for readers who do not see it.
    limits : (float, float), or one for each image, optional
        Values shown black and white; the minimum and maximum of each when not given.
    unit : str
        Unit of the grey values, beside the bar.
    extent_mm : sequence of (float, float), optional
        Height and width of each image in mm; the axes are then in mm, else in pixels.
    bar : bool
        Whether to draw the grey scale.
    columns : int, optional
        Panels in a row; all in one row when not given.
    height : float, optional
        Height of the figure in inches.
    outlines : sequence of ndarray, each (h, w), optional
        Masks whose border is drawn on the image.
    """
    count = len(pictures)
    columns = columns or count
    rows = -(-count // columns)
    fig, axes = figure(rows, columns, height=height or rows * (FULL / columns * 0.72 + 0.4))
    for k, ax in enumerate(axes.ravel()):
        if k >= count:
            ax.set_axis_off()
            continue
        picture = np.asarray(pictures[k])
        low, high = _limits(limits, k, picture)
        h, w = extent_mm[k] if extent_mm is not None else picture.shape
        shown = ax.imshow(picture, vmin=low, vmax=high, extent=(0, w, h, 0), aspect="equal")
        ax.set_title(titles[k])
        if outlines is not None:
            at = [(np.arange(n) + 0.5) * e / n for n, e in zip(picture.shape, (h, w), strict=True)]
            ax.contour(at[1], at[0], outlines[k], [0.5], colors=COLOURS["yellow"], linewidths=1)
        word = "mm" if extent_mm is not None else "pixels"
        if k % columns == 0:
            ax.set_ylabel(word)
        if k >= count - columns:
            ax.set_xlabel(word)
        if bar:
            last = k % columns == columns - 1
            fig.colorbar(shown, ax=ax, fraction=0.046 * h / w, label=unit if last else "")
    show(fig, alt)


def hu_histogram(hu: np.ndarray, alt: str) -> None:
    """Show how often each HU value occurs, with the usual ranges of four tissues.

    Parameters
    ----------
    hu : ndarray, any shape
        Pixels in HU.
    alt : str
        What is seen.
    """
    fig, axes = figure(height=2.8)
    ax = axes[0, 0]
    ax.hist(hu.ravel(), bins=np.arange(-1050, 1300, 25), color=COLOURS["grey"])
    ranges = {
        "lung": (-920, -700),
        "fat": (-120, -60),
        "muscle, blood": (20, 80),
        "bone": (250, 1200),
    }
    for (name, (low, high)), colour in zip(
        ranges.items(), ("blue", "yellow", "orange", "green"), strict=True
    ):
        ax.axvspan(low, high, color=COLOURS[colour], alpha=0.3)
        left = name != "bone"  # a wide range has room for its name in the middle
        place, side = (low, "left") if left else ((low + high) / 2, "center")
        ax.text(place, ax.get_ylim()[1] * 1.02, name, fontsize=9, ha=side)
    ax.set_xlabel("value in HU")
    ax.set_ylabel("pixels")
    show(fig, alt)


def sheet(pictures: np.ndarray, groups: Sequence[str], per_group: int, alt: str) -> None:
    """Show a contact sheet: one row of small images for each group.

    Parameters
    ----------
    pictures : ndarray of shape (groups * per_group, h, w)
        Values from 0 (black) to 1 (white), group by group.
    groups : sequence of str
        Name of each row.
    per_group : int
        Images in a row.
    alt : str
        What is seen.
    """
    size = FULL / (per_group + 0.6)
    fig, axes = figure(len(groups), per_group, height=len(groups) * size + 0.1)
    for k, ax in enumerate(axes.ravel()):
        ax.imshow(pictures[k], vmin=0, vmax=1)
        ax.set_xticks([])
        ax.set_yticks([])
        if k % per_group == 0:
            ax.set_ylabel(groups[k // per_group])
    show(fig, alt)


def _limits(
    limits: tuple[float, float] | Sequence[tuple[float, float]] | None, k: int, picture: np.ndarray
) -> tuple[float, float]:
    if limits is None:
        return float(picture.min()), float(picture.max())
    first = limits[0]
    return limits if not isinstance(first, tuple) else limits[k]  # type: ignore[return-value]
