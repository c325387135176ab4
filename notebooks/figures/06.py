"""Figures that lesson 06 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from medtutor import plots

_TRACES: Mapping[str, tuple[str, str, tuple[int, int] | None]] = {
    "i": ("input gate i", "blue", (0, 1)),
    "f": ("forget gate f", "orange", (0, 1)),
    "g": ("candidate g", "green", (-1, 1)),
    "o": ("output gate o", "pink", (0, 1)),
    "c": ("cell c", "black", None),
    "h": ("state h", "black", None),
}
_SIGMA, _TIMES = "\N{GREEK SMALL LETTER SIGMA}", "\N{MULTIPLICATION SIGN}"
_BELT, _BUS = 3.6, 0.55  # heights of the two lines that cross the drawing of a cell


@plots.styled
def cell(words: str) -> None:
    """Draw one LSTM cell: the belt on which c travels, and the gates that act on it."""
    fig, axes = plots.figure(width=7.4, height=4.1)
    ax = axes[0, 0]
    _arrow(ax, (0.1, _BELT), (10.0, _BELT), width=4)
    ax.text(0.1, _BELT + 0.22, r"$c_{t-1}$", size=13, ha="left")
    ax.text(10.0, _BELT + 0.22, r"$c_t$", size=13, ha="right")
    _arrow(ax, (0.1, _BUS), (8.05, _BUS), head=False)
    ax.text(0.1, _BUS + 0.22, r"$h_{t-1}$", size=13, ha="left")
    _arrow(ax, (1.35, -0.25), (1.35, _BUS), head=False)
    ax.text(1.5, -0.25, r"$x_t$", size=13, ha="left", va="center")
    for name, at, kind in (
        ("f", 2.3, _SIGMA),
        ("i", 4.0, _SIGMA),
        ("g", 5.6, "tanh"),
        ("o", 8.05, _SIGMA),
    ):
        _arrow(ax, (at, _BUS), (at, 1.1))
        _box(ax, (at, 1.4), kind, plots.COLOURS[_TRACES[name][1]])
        ax.text(at + 0.14, 1.92, f"${name}_t$", size=12)
    _arrow(ax, (2.3, 1.7), (2.3, _BELT - 0.25))
    _arrow(ax, (4.0, 1.7), (4.0, 2.55), head=False)
    _arrow(ax, (4.0, 2.55), (5.35, 2.55))
    _arrow(ax, (5.6, 1.7), (5.6, 2.3))
    _arrow(ax, (5.6, 2.8), (5.6, _BELT - 0.25))
    _arrow(ax, (8.05, 1.7), (8.05, 2.3))
    _arrow(ax, (7.0, _BELT), (7.0, 2.55), head=False)
    _arrow(ax, (7.0, 2.55), (7.8, 2.55))
    _box(ax, (7.0, 3.07), "tanh", plots.COLOURS["grey"])
    _arrow(ax, (8.3, 2.55), (10.0, 2.55))
    ax.text(10.0, 2.77, r"$h_t$", size=13, ha="right")
    knots = ((2.3, _BELT, _TIMES), (5.6, 2.55, _TIMES), (5.6, _BELT, "+"), (8.05, 2.55, _TIMES))
    for across, up, sign in knots:
        ax.add_patch(Circle((across, up), 0.25, facecolor="white", edgecolor="black", zorder=3))
        ax.text(across, up, sign, ha="center", va="center", size=14, zorder=4)
    for at, word in ((2.3, "forget"), (5.6, "write"), (8.05, "show")):
        high = _BELT + 0.42 if word != "show" else 2.97
        ax.text(at, high, word, ha="center", color=plots.COLOURS["grey"], size=11)
    ax.set(xlim=(0, 10.1), ylim=(-0.55, 4.35), aspect="equal")
    ax.set_axis_off()
    plots.show(fig, words)


@plots.styled
def over_time(
    time: np.ndarray,
    traces: Mapping[str, np.ndarray],
    inputs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    words: str,
    unit: int = 0,
    marks: np.ndarray | None = None,
    title: str = "input",
    xlabel: str = "time in s",
) -> None:
    """Show what goes in, and below it the gates, the cell and the state over time."""
    rows = len(traces) + 1
    ratios = [1.4] + [1] * len(traces)
    fig, axes = plots.figure(rows, 1, height=0.85 * rows + 0.8, sharex=True, height_ratios=ratios)
    for name, (at, values), look in plots.looks(inputs):
        look |= {"color": "black"} if len(inputs) == 1 else {}
        axes[0, 0].plot(at, values, label=name, linewidth=1.2, **look)
    if len(inputs) > 1:
        axes[0, 0].legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=len(inputs))
    axes[0, 0].set_title(title, loc="left", fontsize=10)
    for ax, (name, values) in zip(axes[1:, 0], traces.items(), strict=True):
        full_name, ink, ends = _TRACES[name]
        others = np.delete(values, unit, axis=1)
        ax.plot(time, others, color="#bbbbbb", linewidth=0.7)
        ax.plot(time, values[:, unit], color=plots.COLOURS[ink], linewidth=1.6)
        ax.set_title(full_name, loc="left", fontsize=10)
        if ends is not None:
            room = 0.08 * (ends[1] - ends[0])
            ax.set(ylim=(ends[0] - room, ends[1] + room), yticks=ends)
    for ax in axes[:, 0]:
        for mark in () if marks is None else marks:
            ax.axvline(mark, color=plots.COLOURS["grey"], linestyle=":", linewidth=0.9, zorder=0)
    axes[-1, 0].set_xlim(time[0], time[-1])
    axes[-1, 0].set_xlabel(xlabel)
    plots.show(fig, words)


@plots.styled
def gradients(back: np.ndarray, curves: Mapping[str, np.ndarray], words: str) -> None:
    """Show on a logarithmic axis how much gradient is left so many steps back."""
    fig, axes = plots.figure(width=plots.FULL, height=3.4)
    ax = axes[0, 0]
    for k, (name, values, look) in enumerate(plots.looks(curves)):
        look |= {"marker": plots.MARKERS[k], "markevery": (2 * k, 15), "markersize": 5}
        ax.semilogy(back, values, label=name, **look)
    ax.axhline(1, color=plots.COLOURS["grey"], linewidth=0.7, zorder=0)
    ax.set(xlabel="steps back from the last one", ylabel="gradient, 1 at the last step")
    ax.set_ylim(1e-12, 20)
    ax.margins(x=0)
    fig.legend(loc="outside right center")
    plots.show(fig, words)


@plots.styled
def looks_and_matters(looks: Sequence[float], matters: Sequence[float], words: str) -> None:
    """Show for each unit how good it looks, against how much the network needs it."""
    fig, axes = plots.figure(width=plots.HALF, height=3.2)
    ax = axes[0, 0]
    ax.plot(looks, matters, "o", color=plots.INKS[0], markersize=7)
    for place, k in enumerate(np.argsort(looks)):  # neighbours write to different sides
        away, side = ((6, 4), "left") if place % 2 == 0 else ((-6, -11), "right")
        ax.annotate(str(k), (looks[k], matters[k]), away, textcoords="offset points", ha=side)
    ax.axhline(0, color=plots.COLOURS["grey"], linewidth=0.7, zorder=0)
    ax.set(xlabel="drop of the forget gate at a beat", ylabel="gate held: error added in ms")
    ax.margins(0.12)
    plots.show(fig, words)


def _arrow(
    ax: Axes,
    tail: tuple[float, float],
    head_at: tuple[float, float],
    width: float = 1.4,
    head: bool = True,
) -> None:
    """Draw a straight line, with a head where something arrives."""
    style = f"-|>,head_width={0.25 + width / 20:g},head_length={0.5 + width / 10:g}"
    ax.annotate(
        "",
        head_at,
        tail,
        arrowprops={
            "arrowstyle": style if head else "-",
            "linewidth": width,
            "color": "black",
            "shrinkA": 0,
            "shrinkB": 0,
            "zorder": 1,
        },
    )


def _box(ax: Axes, at: tuple[float, float], text: str, ink: str) -> None:
    """Draw a small box with a word."""
    ax.add_patch(
        FancyBboxPatch(
            (at[0] - 0.38, at[1] - 0.24),
            0.76,
            0.48,
            facecolor="white",
            boxstyle="round,pad=0.04",
            edgecolor=ink,
            linewidth=2,
            zorder=3,
        )
    )
    ax.text(*at, text, ha="center", va="center", size=11, zorder=4)
