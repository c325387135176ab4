"""Figures of lesson 19: what a framework consists of, and how backends compare."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from medtutor.plots.style import COLOURS, FULL, HALF, figure, show

_STYLES = (("blue", "-", "o"), ("orange", "--", "s"), ("green", "-.", "^"), ("pink", ":", "D"))
# Rows of the drawing, from the top: what you write, what runs it, what it runs on.
_STACK: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("you write", (("your model, your training loop", "black"),)),
    ("in the language of", (("Keras", "pink"),)),
    ("a backend differentiates", (("TensorFlow", "blue"), ("JAX", "orange"), ("PyTorch", "green"))),
    ("a compiler or a library", (("graph, Eigen", "blue"), ("XLA", "orange"), ("ATen", "green"))),
    ("multiplies on", (("the processor", "grey"),)),
)


def stack(alt: str) -> None:
    """Draw the layers of software between a model and the processor.

    Parameters
    ----------
    alt : str
        What is seen.
    """
    fig, axes = figure(width=FULL * 0.85, height=3.2)
    ax = axes[0, 0]
    for row, (what, boxes) in enumerate(_STACK):
        up = len(_STACK) - row
        ax.text(-0.1, up, what, ha="right", va="center", color=COLOURS["grey"], size=10)
        width = 6 / len(boxes)
        for k, (name, colour) in enumerate(boxes):
            ax.add_patch(
                FancyBboxPatch(
                    (k * width + 0.12, up - 0.28), width - 0.24, 0.56,
                    boxstyle="round,pad=0.02", facecolor="white",
                    edgecolor=COLOURS[colour], linewidth=1.8,
                )
            )  # fmt: skip
            ax.text((k + 0.5) * width, up, name, ha="center", va="center", size=11)
    ax.set(xlim=(-2.3, 6.1), ylim=(0.5, len(_STACK) + 0.5))
    ax.set_axis_off()
    show(fig, alt)


def drift(gaps: Mapping[str, np.ndarray], ylabel: str, alt: str) -> None:
    """Show how far each backend is from the first one, step after step.

    Parameters
    ----------
    gaps : dict of str to ndarray of float, each (steps,)
        Name to absolute differences; an exact zero is drawn at the lower edge.
    ylabel : str
        What differs.
    alt : str
        What is seen.
    """
    fig, axes = figure(width=FULL * 0.7, height=3.0)
    ax = axes[0, 0]
    floor = 1e-9
    for (name, values), (colour, line, marker) in zip(gaps.items(), _STYLES, strict=False):
        at = np.arange(1, len(values) + 1)
        ax.plot(at, np.maximum(values, floor), color=COLOURS[colour], linestyle=line,
                marker=marker, markersize=4, label=name)  # fmt: skip
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="training step", ylabel=ylabel)
    if gaps:
        ax.legend(fontsize=9)
    show(fig, alt)


def sizes(megabytes: Mapping[str, float], xlabel: str, alt: str) -> None:
    """Show sizes as bars on a logarithmic axis, with their numbers.

    Parameters
    ----------
    megabytes : dict of str to float
        Name to size, drawn from the top.
    xlabel : str
        What is measured, with unit.
    alt : str
        What is seen.
    """
    names, values = list(megabytes), list(megabytes.values())
    fig, axes = figure(width=HALF * 1.3, height=0.34 * len(names) + 0.8)
    ax = axes[0, 0]
    ax.barh(names, values, color=COLOURS["sky"])
    for k, value in enumerate(values):
        ax.text(value * 1.1, k, f"{value:,.0f}", va="center", size=9)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlim(min(values) / 3, max(values) * 4)
    ax.set_xlabel(xlabel)
    show(fig, alt)
