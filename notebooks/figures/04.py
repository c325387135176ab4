"""Figures that lesson 04 alone draws."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import FancyBboxPatch

from medtutor import plots
from medtutor.plots import COLOURS, DASHES, FULL, INKS


@plots.styled
def chain(names: Sequence[str], shapes: Sequence[str], weights: Sequence[str], words: str) -> None:
    """Show layers in a row, the way forward above them and the way back below."""
    fig, axes = plots.figure(width=FULL, height=2.1)
    ax = axes[0, 0]
    gap, wide = 0.8, 1.2
    pitch = gap + wide
    for k, name in enumerate(names):
        left = gap + k * pitch
        fill = COLOURS["sky"] if weights[k] else "#dddddd"
        ax.add_patch(
            FancyBboxPatch(
                (left, -0.5),
                wide,
                1,
                boxstyle="round,pad=0,rounding_size=0.12",
                facecolor=fill,
                alpha=0.55,
                edgecolor=COLOURS["black"],
            )
        )
        ax.text(left + wide / 2, 0, name, ha="center", va="center", fontsize=9)
        if weights[k]:
            _arrow(ax, (left + wide / 2, -0.5), (left + wide / 2, -1.25), back=True)
            ax.text(
                left + wide / 2,
                -1.3,
                "\n".join(f"∂L/∂{w}" for w in weights[k].split()),
                ha="center",
                va="top",
                fontsize=9,
            )
    for k, shape in enumerate(shapes):
        left = k * pitch
        _arrow(ax, (left + 0.05, 0.22), (left + gap - 0.05, 0.22))
        _arrow(ax, (left + gap - 0.05, -0.22), (left + 0.05, -0.22), back=True)
        ax.text(left + gap / 2, 0.66, shape, ha="center", va="bottom", fontsize=9)
    ax.set(xlim=(-0.1, len(names) * pitch + gap + 0.1), ylim=(-1.9, 1.35))
    ax.set_axis_off()
    plots.show(fig, words)


@plots.styled
def lines(
    x: np.ndarray,
    named: Mapping[str, Any],
    xlabel: str,
    ylabel: str,
    words: str,
    log: str = "",
    height: float = 3.2,
) -> None:
    """Show curves of many points, told apart by colour and line style."""
    fig, axes = plots.figure(width=FULL * 0.72, height=height)
    ax = axes[0, 0]
    for k, (name, values) in enumerate(named.items()):
        ax.plot(x, values, color=INKS[k % 4], linestyle=DASHES[k % 4], linewidth=1.8, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
    ax.legend()
    plots.show(fig, words)


@plots.styled
def banks(kernels: Mapping[str, np.ndarray], words: str) -> None:
    """Show banks of filters below each other, all on one scale about 0."""
    count = next(iter(kernels.values())).shape[2]
    most = max(float(np.abs(bank).max()) for bank in kernels.values())
    side = FULL / (count + 1.2)
    fig, axes = plots.figure(len(kernels), count, height=len(kernels) * side + 0.2)
    for row, (name, bank) in zip(axes, kernels.items(), strict=True):
        for f, ax in enumerate(row):
            shown = ax.imshow(bank[..., f], vmin=-most, vmax=most, cmap="RdBu_r")
            ax.set(xticks=[], yticks=[])
        row[0].set_ylabel(name)
    fig.colorbar(shown, ax=axes, fraction=0.012, pad=0.01, label="weight")
    plots.show(fig, words)


def _arrow(
    ax: Any, start: tuple[float, float], end: tuple[float, float], back: bool = False
) -> None:
    """Draw an arrow: forward blue and full, back orange and dashed."""
    ink, line = (COLOURS["orange"], "--") if back else (COLOURS["blue"], "-")
    style = {
        "arrowstyle": "-|>",
        "color": ink,
        "linestyle": line,
        "linewidth": 1.5,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    ax.annotate("", end, start, arrowprops=style)
