"""Figures of a network: its layers in a row, what they have learned, and what they answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch

from medtutor.plots.arrays import INKS, LINES
from medtutor.plots.style import COLOURS, FULL, figure, show


def chain(names: Sequence[str], shapes: Sequence[str], weights: Sequence[str], alt: str) -> None:
    """Show layers in a row, the way forward above them and the way back below.

    Parameters
    ----------
    names : sequence of str
        The layers from input to output; a line break is allowed.
    shapes : sequence of str
        What goes into the first layer, then what comes out of each: one more than `names`.
    weights : sequence of str
        Weights of each layer; "" where it has none. Their gradients leave below the box.
    alt : str
        What is seen.
    """
    fig, axes = figure(width=FULL, height=2.1)
    ax = axes[0, 0]
    gap, wide = 0.8, 1.2
    pitch = gap + wide
    for k, name in enumerate(names):
        left = gap + k * pitch
        fill = COLOURS["sky"] if weights[k] else "#dddddd"
        ax.add_patch(
            FancyBboxPatch((left, -0.5), wide, 1, boxstyle="round,pad=0,rounding_size=0.12",
                           facecolor=fill, alpha=0.55, edgecolor=COLOURS["black"])
        )  # fmt: skip
        ax.text(left + wide / 2, 0, name, ha="center", va="center", fontsize=9)
        if weights[k]:
            _arrow(ax, (left + wide / 2, -0.5), (left + wide / 2, -1.25), back=True)
            ax.text(left + wide / 2, -1.3, "\n".join(f"∂L/∂{w}" for w in weights[k].split()),
                    ha="center", va="top", fontsize=9)  # fmt: skip
    for k, shape in enumerate(shapes):
        left = k * pitch
        _arrow(ax, (left + 0.05, 0.22), (left + gap - 0.05, 0.22))
        _arrow(ax, (left + gap - 0.05, -0.22), (left + 0.05, -0.22), back=True)
        ax.text(left + gap / 2, 0.66, shape, ha="center", va="bottom", fontsize=9)
    ax.set(xlim=(-0.1, len(names) * pitch + gap + 0.1), ylim=(-1.9, 1.35))
    ax.set_axis_off()
    show(fig, alt)


def lines(
    x: np.ndarray,
    named: Mapping[str, Any],
    xlabel: str,
    ylabel: str,
    alt: str,
    log: str = "",
    height: float = 3.2,
) -> None:
    """Show curves of many points, told apart by colour and line style.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Values of the horizontal axis.
    named : mapping of str to ndarray, each (n,)
        Legend to values.
    xlabel, ylabel : str
        What the axes show, with unit.
    alt : str
        What is seen.
    log : str
        The logarithmic axes: "", "x", "y" or "xy".
    height : float
        Height of the figure in inches.
    """
    fig, axes = figure(width=FULL * 0.72, height=height)
    ax = axes[0, 0]
    for k, (name, values) in enumerate(named.items()):
        ax.plot(x, values, color=INKS[k % 4], linestyle=LINES[k % 4], linewidth=1.8, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
    ax.legend()
    show(fig, alt)


def banks(kernels: Mapping[str, np.ndarray], alt: str) -> None:
    """Show banks of filters below each other, all on one scale about 0.

    Parameters
    ----------
    kernels : mapping of str to ndarray, each (kh, kw, n)
        Name of the row to the filters of one channel.
    alt : str
        What is seen.
    """
    count = next(iter(kernels.values())).shape[2]
    most = max(float(np.abs(bank).max()) for bank in kernels.values())
    side = FULL / (count + 1.2)
    fig, axes = figure(len(kernels), count, height=len(kernels) * side + 0.2)
    for row, (name, bank) in zip(axes, kernels.items(), strict=True):
        for f, ax in enumerate(row):
            shown = ax.imshow(bank[..., f], vmin=-most, vmax=most, cmap="RdBu_r")
            ax.set(xticks=[], yticks=[])
        row[0].set_ylabel(name)
    fig.colorbar(shown, ax=axes, fraction=0.012, pad=0.01, label="weight")
    show(fig, alt)


def maps(image: np.ndarray, layers: Mapping[str, np.ndarray], alt: str, columns: int = 8) -> None:
    """Show an image and, below it, the feature maps that layers made of it.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        What went in.
    layers : mapping of str to ndarray, each (h, w, channels)
        Title of each layer to its maps. All maps of a layer share one scale, 0 (or their
        minimum) black and their maximum white.
    alt : str
        What is seen.
    columns : int
        Maps in a row.
    """
    rows = [-(-values.shape[2] // columns) for values in layers.values()]
    side = FULL / (columns + 0.4)
    tall = [1.6 * side, *(side * n + 0.3 for n in rows)]
    fig, _ = figure(height=sum(tall))
    fig.clear()
    parts: Any = fig.subfigures(len(tall), 1, height_ratios=tall)
    ax = parts[0].subplots()
    ax.imshow(image)
    ax.set(xlabel="pixels", title="the crop")
    for part, n, (title, values) in zip(parts[1:], rows, layers.items(), strict=True):
        part.suptitle(title, fontsize=11)
        cells = part.subplots(n, columns, squeeze=False).ravel()
        low, high = min(0.0, float(values.min())), float(values.max())
        for f, cell in enumerate(cells):
            if f < values.shape[2]:
                cell.imshow(values[..., f], vmin=low, vmax=high)
                cell.set(xticks=[], yticks=[])
            else:
                cell.set_axis_off()
    show(fig, alt)


def _arrow(
    ax: Any, start: tuple[float, float], end: tuple[float, float], back: bool = False
) -> None:
    """Draw an arrow: forward blue and full, back orange and dashed."""
    ink, line = (COLOURS["orange"], "--") if back else (COLOURS["blue"], "-")
    style = {"arrowstyle": "-|>", "color": ink, "linestyle": line, "linewidth": 1.5,
             "shrinkA": 0, "shrinkB": 0}  # fmt: skip
    ax.annotate("", end, start, arrowprops=style)
