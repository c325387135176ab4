"""Figures that lesson 01 alone draws."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from medtutor import plots
from medtutor.plots import COLOURS, DASHES, FULL, INKS

Box = tuple[int, int, int, int]  # first row, first column, rows, columns


def row(
    arrays: Sequence[np.ndarray],
    titles: Sequence[str],
    words: str,
    signs: Sequence[str] | None = None,
    boxes: Sequence[Sequence[Box]] | None = None,
    tinted: Sequence[np.ndarray | None] | None = None,
    note: str = "",
    cell: float = 0.42,
) -> None:
    """Show small arrays side by side with the number in each cell."""
    arrays = [np.asarray(a, float) for a in arrays]
    heights, widths = zip(*(a.shape for a in arrays), strict=True)
    room = 2.2 if signs is not None and any(signs) else 1.3  # cells between two arrays
    across = sum(widths) + room * (len(arrays) - 1)
    cell = min(cell, FULL / (across + 0.4))
    down = max(heights) + 1.1 + (1.2 if note else 0)
    fig, axes = plots.figure(width=FULL, height=cell * down + 0.1)
    ax = axes[0, 0]
    left = 0.0
    for k, (array, title) in enumerate(zip(arrays, titles, strict=True)):
        top = (max(heights) - array.shape[0]) / 2
        _cells(ax, array, left, top, None if tinted is None else tinted[k], cell)
        _outline(ax, () if boxes is None else boxes[k], left, top)
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
    plots.show(fig, words)


@plots.styled
def window(x: np.ndarray, k: np.ndarray, y: np.ndarray, at: tuple[int, int], words: str) -> None:
    """Show one step of a convolution: the window, the kernel, and the output it gives."""
    i, j = at
    kh, kw = k.shape
    pairs = zip(x[i : i + kh, j : j + kw].ravel(), k.ravel(), strict=True)
    terms = " + ".join(f"{_text(a)}·{_text(b) if b >= 0 else f'({_text(b)})'}" for a, b in pairs)
    row(
        [x, k, y],
        ["image x", "kernel k", "output y"],
        words,
        ["⊛", "="],
        boxes=[[(i, j, kh, kw)], [(0, 0, kh, kw)], [(i, j, 1, 1)]],
        note=f"y[{i}, {j}] = {terms} = {_text(y[i, j])}",
    )


@plots.styled
def places(
    size: int,
    kernel: int,
    cases: Mapping[str, Mapping[str, int]],
    words: str,
    columns: int = 2,
) -> None:
    """Show along one axis where a window can stand."""
    from medtutor.layers import output_size

    found = []
    for case in cases.values():
        s, p, d = case.get("stride", 1), case.get("pad", 0), case.get("dilation", 1)
        found.append((s, p, d, output_size(size, kernel, s, 2 * p, d)))
    rows = -(-len(cases) // columns)
    depth = [max(f[3] for f in found[r * columns : (r + 1) * columns]) + 1.6 for r in range(rows)]
    fig, axes = plots.figure(
        rows, columns, height=0.22 * sum(depth) + 0.3 * rows, height_ratios=depth
    )
    widest = max(f[1] for f in found)
    for k, (ax, title, (s, p, d, count)) in enumerate(
        zip(axes.ravel(), cases, found, strict=False)
    ):
        for i in range(-p, size + p):
            fill = "white" if 0 <= i < size else "#dddddd"
            ax.add_patch(Rectangle((i - 0.5, -0.5), 1, 1, facecolor=fill, edgecolor="black"))
            ax.text(i, 0, str(i) if 0 <= i < size else "0", ha="center", va="center", fontsize=9)
        for o in range(count):
            taps = o * s - p + d * np.arange(kernel)
            ax.plot(taps, np.full(kernel, o + 1.0), "-", color=INKS[o % 2], linewidth=1.5)
            ax.plot(taps, np.full(kernel, o + 1.0), "os"[o % 2], color=INKS[o % 2], markersize=7)
        ax.set_title(f"{title}: {count} outputs")
        ax.set(xlim=(-widest - 0.7, size + widest - 0.3), ylim=(depth[k // columns] - 1, -0.6))
        ax.set_axis_off()
    for ax in axes.ravel()[len(cases) :]:
        ax.set_axis_off()
    plots.show(fig, words)


@plots.styled
def filters(kernels: np.ndarray, maps: np.ndarray, words: str) -> None:
    """Show filters, and below each its feature map."""
    n = kernels.shape[2]
    size = FULL / (n + 0.7)
    fig, axes = plots.figure(2, n, height=2 * size + 0.35)
    most = np.abs(kernels).max()
    for f in range(n):
        shown = axes[0, f].imshow(kernels[..., f], vmin=-most, vmax=most, cmap="RdBu_r")
        reach = np.percentile(np.abs(maps[..., f]), 99)
        axes[1, f].imshow(maps[..., f], vmin=-reach, vmax=reach)
        for ax in axes[:, f]:
            ax.set_xticks([])
            ax.set_yticks([])
    axes[0, 0].set_ylabel("filter")
    axes[1, 0].set_ylabel("feature map")
    fig.colorbar(shown, ax=axes[0], fraction=0.012, pad=0.01, label="weight")
    plots.show(fig, words)


def _cells(
    ax: Any, array: np.ndarray, left: float, top: float, tinted: np.ndarray | None, cell: float
) -> None:
    """Draw the cells of one array, lightly coloured by sign and size."""
    most = float(np.nanmax(np.abs(array), initial=0)) or 1.0
    longest = max(len(_text(v)) for v in array.ravel())
    size = min(11.0, 72 * cell * 0.8 / (0.62 * max(longest, 2)))
    for (i, j), value in np.ndenumerate(array):
        strength = 0 if np.isnan(value) else 0.3 * abs(value) / most
        ink = COLOURS["sky"] if value > 0 else COLOURS["yellow"]
        at = (left + j, top + i)
        ax.add_patch(Rectangle(at, 1, 1, facecolor=ink, alpha=strength, linewidth=0))
        if tinted is not None and tinted[i, j]:
            ax.add_patch(Rectangle(at, 1, 1, facecolor="#cccccc", linewidth=0))
        ax.add_patch(Rectangle(at, 1, 1, fill=False, edgecolor=COLOURS["grey"], linewidth=0.8))
        ax.text(at[0] + 0.5, at[1] + 0.5, _text(value), ha="center", va="center", fontsize=size)


def _outline(ax: Any, boxes: Sequence[Box], left: float, top: float) -> None:
    """Draw windows; one that overlaps an earlier one a little smaller, so that both are seen."""
    for k, (i, j, rows, columns) in enumerate(boxes):
        below = sum(
            i < a + m and a < i + rows and j < b + n and b < j + columns for a, b, m, n in boxes[:k]
        )
        inset = 0.04 + 0.07 * below
        ax.add_patch(
            Rectangle(
                (left + j + inset, top + i + inset),
                columns - 2 * inset,
                rows - 2 * inset,
                fill=False,
                edgecolor=INKS[k % 4],
                linestyle=DASHES[k % 4],
                linewidth=2.6,
                zorder=3 + k,
            )
        )


def _text(value: float) -> str:
    """Write a number as short as it goes; a whole one without a point."""
    if np.isnan(value):
        return ""
    rounded = f"{value:.2f}".rstrip("0").rstrip(".")
    text = "0" if rounded in ("-0", "") else rounded
    return text.replace("-", "\N{MINUS SIGN}")
