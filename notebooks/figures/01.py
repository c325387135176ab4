"""Figures that lesson 01 alone draws."""

from collections.abc import Mapping

import numpy as np
from matplotlib.patches import Rectangle

from medtutor import plots
from medtutor.plots import INKS
from medtutor.plots.pictures import number


@plots.styled
def window(x: np.ndarray, k: np.ndarray, y: np.ndarray, at: tuple[int, int], words: str) -> None:
    """Show one step of a convolution: the window, the kernel, and the output it gives."""
    i, j = at
    kh, kw = k.shape
    pairs = zip(x[i : i + kh, j : j + kw].ravel(), k.ravel(), strict=True)
    terms = " + ".join(f"{number(a)}·{number(b) if b >= 0 else f'({number(b)})'}" for a, b in pairs)
    plots.cells(
        [x, k, y],
        ["image x", "kernel k", "output y"],
        words=words,
        signs=["⊛", "="],
        boxes=[[(i, j, kh, kw)], [(0, 0, kh, kw)], [(i, j, 1, 1)]],
        note=f"y[{i}, {j}] = {terms} = {number(y[i, j])}",
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
        s, pad, d = case.get("stride", 1), case.get("pad", 0), case.get("dilation", 1)
        found.append((s, pad // 2, d, output_size(size, kernel, s, pad, d)))
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
