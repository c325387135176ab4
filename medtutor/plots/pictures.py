"""Images, maps over images, and small arrays with their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from medtutor.plots.style import COLOURS, DASHES, FULL, figure, show, styled

Box = tuple[float, float, float, float]  # first row, first column, rows, columns
BOXES = tuple(COLOURS[name] for name in ("orange", "blue", "green", "pink"))


@styled
def images(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str],
    *,
    words: str,
    limits: tuple[float, float] | Sequence[tuple[float, float]] | None = None,
    unit: str | Sequence[str] = "HU",
    extent_mm: Sequence[tuple[float, float]] | None = None,
    bar: bool = True,
    columns: int | None = None,
    height: float | None = None,
    outlines: Sequence[np.ndarray | None] | None = None,
    boxes: Sequence[Sequence[Box]] | None = None,
) -> None:
    """Show images side by side.

    Parameters
    ----------
    pictures : sequence of ndarray, each (h, w)
        Images.
    titles : sequence of str
        One title for each.
    words : str
        Name of the figure's text in ``figures/NN.toml``.
    limits : (float, float), or one for each image, optional
        Values shown black and white; the minimum and maximum of each when not given.
    unit : str, or one for each image
        Unit of the grey values, beside the last bar of a row, or of a unit.
    extent_mm : sequence of (float, float), optional
        Height and width of each image in mm; the axes are then in mm, else in pixels.
    bar : bool
        Whether to draw the grey scale.
    columns : int, optional
        Panels in a row; all in one row when not given.
    height : float, optional
        Height of the figure in inches.
    outlines : sequence of ndarray (h, w) or None, optional
        Masks whose border is drawn on the image.
    boxes : sequence of sequence of (row, column, rows, columns), optional
        Rectangles to draw on each image, in pixels.

    Examples
    --------
    >>> images([np.eye(4)], ["a diagonal"], words="a white diagonal")  # doctest: +SKIP
    """
    count = len(pictures)
    columns = columns or count
    rows = -(-count // columns)
    fig, axes = figure(rows, columns, height=height or rows * (FULL / columns * 0.72 + 0.4))
    word = "mm" if extent_mm is not None else "pixels"
    units = [unit] * count if isinstance(unit, str) else list(unit)
    for k, ax in enumerate(axes.ravel()):
        if k >= count:
            ax.set_axis_off()
            continue
        picture = np.asarray(pictures[k])
        h, w = extent_mm[k] if extent_mm is not None else picture.shape[:2]
        low, high = _limits(limits, k, picture)
        shown = ax.imshow(picture, cmap="gray", vmin=low, vmax=high, extent=(0, w, h, 0))
        ax.set_title(titles[k])
        scale = (h / picture.shape[0], w / picture.shape[1])
        if outlines is not None and outlines[k] is not None:
            _border(ax, np.asarray(outlines[k]), scale, 0.5)
        for b, (row, column, down, across) in enumerate(boxes[k] if boxes is not None else ()):
            corner = (column * scale[1], row * scale[0])
            _box(ax, b, corner, (across * scale[1], down * scale[0]), linewidth=2)
        if k % columns == 0:
            ax.set_ylabel(word)
        if k >= count - columns:
            ax.set_xlabel(word)
        if bar:
            last = k % columns == columns - 1 or units[k] not in units[k + 1 : k + 2]
            fig.colorbar(shown, ax=ax, fraction=0.046 * h / w, label=units[k] if last else "")
    show(fig, words)


@styled
def sheet(
    rows: Mapping[str, Sequence[np.ndarray]],
    *,
    words: str,
    titles: Sequence[str] | None = None,
    limits: tuple[float, float] = (0, 1),
    outlines: Sequence[np.ndarray] | None = None,
    cmaps: Mapping[str, str] | None = None,
) -> None:
    """Show a contact sheet: a row of small images for each name."""
    across = max(len(row) for row in rows.values())
    size = FULL / (across + 0.6)
    tall = len(rows) * size + (0.35 if titles is not None else 0.1)
    fig, axes = figure(len(rows), across, height=tall)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        cmap = (cmaps or {}).get(name, "gray")
        for k, (ax, picture) in enumerate(zip(line, pictures, strict=False)):
            low, high = limits
            if cmap != "gray":
                high = float(np.nanmax(np.abs(picture))) or 1.0
                low = -high if cmap == "RdBu_r" else float(np.nanmin(picture))
            ax.imshow(picture, cmap=cmap, vmin=low, vmax=high)
            if outlines is not None:
                _border(ax, outlines[k], (1, 1), 0)
        for ax in line:
            ax.set_xticks([])
            ax.set_yticks([])
        line[0].set_ylabel(name)
    for ax, title in zip(axes[0], titles or (), strict=False):
        ax.set_title(title, fontsize=9)
    show(fig, words)


@styled
def cells(
    arrays: Sequence[np.ndarray],
    titles: Sequence[str],
    *,
    words: str,
    signs: Sequence[str] | None = None,
    boxes: Sequence[Sequence[Box]] | None = None,
    tinted: Sequence[np.ndarray | None] | None = None,
    note: str = "",
    cell: float = 0.42,
) -> None:
    """Show small arrays side by side with the number in each cell.

    Parameters
    ----------
    arrays : sequence of ndarray, each (h, w)
        Up to about 8 x 8 cells. NaN is an empty cell.
    titles : sequence of str
        Name of each.
    signs : sequence of str, optional
        What stands between neighbours, such as ``"="``; one fewer than the arrays.
    boxes : sequence of sequence of (row, column, rows, columns), optional
        Windows to outline in each array. The k-th box has the same colour and line style in all.
    tinted : sequence of bool ndarray or None, optional
        Cells to shade in each array, such as padding.
    note : str
        A line below, such as the sum that gives a cell.
    cell : float
        Side of a cell in inches; made smaller where the row would be too wide.
    words
        As for `images`.

    Examples
    --------
    >>> cells([np.eye(2)], ["identity"], words="two ones on a diagonal")  # doctest: +SKIP
    """
    arrays = [np.asarray(a, float) for a in arrays]
    heights, widths = zip(*(a.shape for a in arrays), strict=True)
    room = 2.2 if signs is not None and any(signs) else 1.3  # cells between two arrays
    across = sum(widths) + room * (len(arrays) - 1)
    cell = min(cell, FULL / (across + 0.4))
    down = max(heights) + 1.1 + (1.2 if note else 0)
    fig, axes = figure(width=FULL, height=cell * down + 0.1)
    ax = axes[0, 0]
    left = 0.0
    for k, (array, title) in enumerate(zip(arrays, titles, strict=True)):
        top = (max(heights) - array.shape[0]) / 2
        numbers(ax, array, left, top, None if tinted is None else tinted[k], cell)
        windows(ax, () if boxes is None else boxes[k], left, top)
        ax.text(left + array.shape[1] / 2, top - 0.25, title, ha="center", va="bottom")
        left += array.shape[1]
        if signs is not None and k < len(signs):
            ax.text(left + room / 2, max(heights) / 2, signs[k], ha="center", va="center", size=16)
        left += room
    if note:
        ax.text(across / 2, max(heights) + 0.7, note, ha="center", va="center")
    spare = max(0.2, (FULL / cell - across) / 2)
    ax.set(xlim=(-spare, across + spare), ylim=(down - 1.05, -1.05), aspect="equal")
    ax.set_axis_off()
    show(fig, words)


def number(value: float) -> str:
    """Write a number as short as it goes; a whole one without a point."""
    if np.isnan(value):
        return ""
    rounded = f"{value:.2f}".rstrip("0").rstrip(".")
    text = "0" if rounded in ("-0", "") else rounded
    return text.replace("-", "\N{MINUS SIGN}")


def _limits(limits: Any, k: int, picture: np.ndarray) -> tuple[float, float]:
    if limits is None:
        return float(np.nanmin(picture)), float(np.nanmax(picture))
    return limits[k] if isinstance(limits[0], tuple | list) else limits


def _border(ax: Axes, mask: np.ndarray, scale: tuple[float, float], first: float) -> None:
    """Draw the border of a mask; `first` is where the first pixel has its centre, in pixels."""
    at = [(np.arange(n) + first) * s for n, s in zip(mask.shape, scale, strict=True)]
    ax.contour(at[1], at[0], mask, [0.5], colors=COLOURS["yellow"], linewidths=1)


def numbers(
    ax: Axes, array: np.ndarray, left: float, top: float, tinted: np.ndarray | None, cell: float
) -> None:
    """Draw the cells of one array, lightly coloured by sign and size."""
    most = float(np.nanmax(np.abs(array), initial=0)) or 1.0
    longest = max(len(number(v)) for v in array.ravel())
    size = min(11.0, 72 * cell * 0.8 / (0.62 * max(longest, 2)))
    for (i, j), value in np.ndenumerate(array):
        strength = 0 if np.isnan(value) else 0.3 * abs(value) / most
        ink = COLOURS["sky"] if value > 0 else COLOURS["yellow"]
        at = (left + j, top + i)
        ax.add_patch(Rectangle(at, 1, 1, facecolor=ink, alpha=strength, linewidth=0))
        if tinted is not None and tinted[i, j]:
            ax.add_patch(Rectangle(at, 1, 1, facecolor="#cccccc", linewidth=0))
        ax.add_patch(Rectangle(at, 1, 1, fill=False, edgecolor=COLOURS["grey"], linewidth=0.8))
        ax.text(at[0] + 0.5, at[1] + 0.5, number(value), ha="center", va="center", fontsize=size)


def windows(ax: Axes, boxes: Sequence[Box], left: float, top: float) -> None:
    """Draw windows; one that overlaps an earlier one a little smaller, so that both are seen."""
    for k, (i, j, rows, columns) in enumerate(boxes):
        below = sum(
            i < a + m and a < i + rows and j < b + n and b < j + columns for a, b, m, n in boxes[:k]
        )
        inset = 0.04 + 0.07 * below
        corner = (left + j + inset, top + i + inset)
        size = (columns - 2 * inset, rows - 2 * inset)
        _box(ax, k, corner, size, linewidth=2.6, zorder=3 + k)


def _box(ax: Axes, k: int, corner: tuple, size: tuple, **style: Any) -> None:
    """Draw the k-th of several rectangles, in its own colour and line style."""
    style |= {"edgecolor": BOXES[k % 4], "linestyle": DASHES[k % 4]}
    ax.add_patch(Rectangle(corner, *size, fill=False, **style))
