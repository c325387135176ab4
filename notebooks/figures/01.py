"""Figures that lesson 01 alone draws."""

from collections.abc import Mapping

import numpy as np
from matplotlib.patches import Rectangle

from medtutor import knobs, plots
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


def window_to_slide(image: np.ndarray, kernels: Mapping[str, np.ndarray], words: str) -> None:
    """Let kernel, padding and stride be chosen and the window be slid over a small image."""
    n, k = len(image), 3
    padding, strides, steps = [0, 1, 2], [1, 2, 3], np.arange(1, (n + 4 - k + 1) ** 2 + 1)
    picture, tinted = np.full((2, 1, 3, 1, 1, n + 4, n + 4), np.nan)
    y = np.full((len(kernels), 3, 3, 1, n + 5 - k, n + 5 - k), np.nan)
    window, answer = np.empty((2, 1, 3, 3, len(steps), 4))
    size = np.empty((1, 3, 3, 1))
    for p in padding:
        picture[0, p, 0, 0, : n + 2 * p, : n + 2 * p] = padded = np.pad(image, p)
        tinted[0, p, 0, 0] = 1
        tinted[0, p, 0, 0, p : n + p, p : n + p] = 0
        for s in strides:
            patches = np.lib.stride_tricks.sliding_window_view(padded, (k, k))[::s, ::s]
            size[0, p, s - 1] = o = len(patches)
            for which, kernel in enumerate(kernels.values()):
                y[which, p, s - 1, 0, :o, :o] = (patches * kernel).sum(axis=(2, 3))
            at = np.stack(np.divmod(np.minimum(steps, o * o) - 1, o), axis=-1)
            window[0, p, s - 1] = np.hstack([s * at, np.full_like(at, k)])
            answer[0, p, s - 1] = np.hstack([at, np.ones_like(at)])
    by_kernel = np.stack([*kernels.values()])[:, None, None, None]
    knobs.show(
        {"kernel": list(kernels), "padding": padding, "stride": strides, "window": steps},
        [
            knobs.cells(by_kernel, title="kernel"),
            knobs.cells(picture, title="image and padding", frame=window, tinted=tinted),
            knobs.cells(y, title="output", frame=answer),
        ],
        start=(next(iter(kernels)), 1, 2, 5),
        says="{:.0f} by {:.0f} outputs; the frame stands at row {:.0f}, column {:.0f} of them.",
        numbers=[size, size, answer[..., 0], answer[..., 1]],
        words=words,
    )
