"""Figures that lesson 05 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from medtutor import knobs, plots

_APART, _HIGH = 2.2, 1.45  # distance of two steps, and of x, h and y
_ROUND = 0.46  # radius of a state


@plots.styled
def unrolled(
    words: str,
    steps: int = 4,
    x: Sequence[float] | None = None,
    h: Sequence[float] | None = None,
    y: Sequence[float] | None = None,
    dh: Sequence[float] | None = None,
    weights: Mapping[str, float] | None = None,
) -> None:
    """Draw a recurrent network step by step, with its numbers where they are given."""
    numbers = x is not None
    first = 0.0 if numbers else 4.0
    fig, axes = plots.figure(width=plots.FULL, height=3.3 if dh is None else 3.6)
    ax = axes[0, 0]
    names = {k: k if weights is None else f"{k} = {weights[k]:g}" for k in ("W", "U", "V")}
    if not numbers:
        _step(ax, 0.3, "", {"W": "W", "V": "V"}, ("$x_t$", "$h_t$", "$y_t$"))
        _loop(ax, 0.3)
        ax.text(1.95, _HIGH, "=", size=20, ha="center", va="center")
    ax.text(
        first - 1.4, _HIGH, "$h_0$" + (" = 0" if numbers else ""), size=12, ha="right", va="center"
    )
    for t in range(steps):
        at = first + t * _APART
        labels = tuple(
            f"${name}_{t + 1}$" + ("" if values is None else f" = {values[t]:.3g}")
            for name, values in (("x", x), ("y", y))
        )
        inside = f"$h_{t + 1}$" if h is None else f"$h_{t + 1}$\n{h[t]:.3f}"
        _step(ax, at, names["U"], names, (labels[0], inside, labels[1]), begins=t == 0)
        if dh is not None:
            _back(ax, at, f"$dh_{t + 1}$ = {dh[t]:+.3f}", joins=t > 0)
    ax.set(
        xlim=(-2.2 if numbers else -0.3, first + (steps - 1) * _APART + 0.9),
        ylim=(-0.35, 2 * _HIGH + 0.35),
        aspect="equal",
    )
    ax.set_axis_off()
    plots.show(fig, words)


@plots.styled
def gradients(back: np.ndarray, panels: Mapping[str, Mapping[str, np.ndarray]], words: str) -> None:
    """Show on a logarithmic axis what is left of the gradient so many steps back."""
    fig, axes = plots.figure(1, len(panels), width=plots.FULL, height=3.5, sharey=True)
    for ax, (title, curves) in zip(axes[0], panels.items(), strict=True):
        for k, (name, values, look) in enumerate(plots.looks(curves)):
            look |= {"marker": plots.MARKERS[k], "markevery": (2 * k, 12), "markersize": 5}
            ax.semilogy(back, values, label=name, **look)
        ax.axhline(1, color=plots.COLOURS["grey"], linewidth=0.7, zorder=0)
        ax.set_title(title)
        ax.set_xlabel("steps back from the last one")
        ax.margins(x=0)
        ax.set(ylim=(1e-16, 1e16), yticks=[10.0**k for k in range(-15, 16, 5)])
        ax.minorticks_off()
    axes[0, 0].set_ylabel("size of the gradient, 1 at the last step")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right center")
    plots.show(fig, words)


def gradients_to_turn(
    radii: np.ndarray,
    strengths: Sequence[float],
    linear: np.ndarray,
    bent: np.ndarray,
    states: np.ndarray,
    words: str,
) -> None:
    """Let spectral radius and input be turned; arrays are (radii, strengths, steps)."""
    back = np.arange(linear.shape[-1])
    with np.errstate(divide="ignore"):
        left = {"without tanh": np.log10(linear), "with tanh": np.log10(bent)}
    seen = {name: (back, np.where(abs(v) <= 20, v, np.nan)) for name, v in left.items()}
    gradient = knobs.curves(
        seen,
        title="what is left of the gradient",
        xlabel="steps back from the last one",
        ylabel="power of ten",
        xlim=(0, back[-1]),
        ylim=(-20, 20),
    )
    state = knobs.curves(
        {"one unit, with tanh": (np.arange(states.shape[-1]), states)},
        title="its state",
        xlabel="step",
        ylabel="h",
        xlim=(0, states.shape[-1]),
        ylim=(-1, 1),
    )
    knobs.show(
        {"spectral radius of U": radii, "strength of the input": strengths},
        [gradient, state],
        start=(1, strengths[0]),
        says="50 steps back: 10 to the power of {:.1f} without tanh, of {:.1f} with it.",
        numbers=[v[..., 50] for v in left.values()],
        words=words,
    )


@plots.styled
def growth(radius: np.ndarray, curves: Mapping[str, np.ndarray], steps: int, words: str) -> None:
    """Show what is left of the gradient after so many steps against the spectral radius."""
    fig, axes = plots.figure(width=plots.FULL, height=3.3)
    ax = axes[0, 0]
    plots.lines(radius, curves, ax=ax, marker=True, legend=None)
    ax.axhline(0, color=plots.COLOURS["grey"], linewidth=0.7, zorder=0)
    ax.axvline(1, color=plots.COLOURS["grey"], linewidth=0.7, zorder=0)
    ax.set(xlabel="spectral radius of U", ylabel=f"left after {steps} steps (power of ten)")
    fig.legend(loc="outside right center")
    plots.show(fig, words)


@plots.styled
def cliff(
    weight: np.ndarray, loss: np.ndarray, paths: Mapping[str, Sequence[float]], words: str
) -> None:
    """Show a loss with a plain and a wall, and where descent takes a weight upon it."""
    fig, axes = plots.figure(1, 2, width=plots.FULL, height=3.2)
    left, right = axes[0]
    left.plot(weight, loss, color="black")
    left.set(xlabel="weight u", ylabel="loss", ylim=(-0.1, 3), xlim=(weight[0], weight[-1]))
    for k, (name, path, look) in enumerate(plots.looks(paths)):
        every = max(1, len(path) // 12)
        look |= {"marker": plots.MARKERS[k], "markevery": every, "markersize": 5}
        right.plot(np.arange(len(path)), path, label=name, **look)
    right.set(xlabel="step of the descent", ylabel="weight u", ylim=(weight[0], weight[-1]))
    right.axhline(1, color=plots.COLOURS["grey"], linewidth=0.7, zorder=0)
    right.legend(loc="center right", bbox_to_anchor=(1, 0.42))
    plots.show(fig, words)


@plots.styled
def next_intervals(
    panels: Mapping[str, tuple[np.ndarray, Mapping[str, np.ndarray]]], words: str
) -> None:
    """Show RR intervals beat by beat, and what was expected of each before it came."""
    fig, axes = plots.figure(len(panels), 1, height=0.6 + 2.1 * len(panels))
    for ax, (title, (truth, said)) in zip(axes[:, 0], panels.items(), strict=True):
        beat = np.arange(1, len(truth) + 1)
        ax.plot(
            beat,
            truth,
            color=plots.COLOURS["grey"],
            linewidth=1,
            marker="o",
            markersize=5,
            label="what came",
        )
        for k, (name, values) in enumerate(said.items()):
            ink = plots.COLOURS[("orange", "blue", "green")[k % 3]]
            ax.plot(
                beat,
                values,
                color=ink,
                marker=("x", "_", "+")[k % 3],
                markersize=7,
                linestyle=("--", ":", "-.")[k % 3],
                linewidth=1,
                label=name,
            )
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_ylabel("RR interval in s")
        ax.margins(x=0.01, y=0.1)
    axes[-1, 0].set_xlabel("beat")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    plots.show(fig, words)


@plots.styled
def rivals(
    across: np.ndarray, up: np.ndarray, words: str, names: tuple[str, str], unit: str = "ms"
) -> None:
    """Show the error of two predictors for each subject; below the diagonal the second wins."""
    fig, axes = plots.figure(width=plots.HALF, height=3.9)
    ax = axes[0, 0]
    ends = 0.8 * min(across.min(), up.min()), 1.25 * max(across.max(), up.max())
    ax.loglog(ends, ends, ":", color=plots.COLOURS["grey"])
    ax.loglog(across, up, "o", color=plots.INKS[0], alpha=0.75)
    ax.set(xlim=ends, ylim=ends, aspect="equal")
    ticks = [t for t in (5, 10, 20, 50, 100, 200, 500, 1000) if ends[0] <= t <= ends[1]]
    ax.set_xticks(ticks, labels=[str(t) for t in ticks])
    ax.set_yticks(ticks, labels=[str(t) for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel(f"error of {names[0]} in {unit}")
    ax.set_ylabel(f"error of {names[1]} in {unit}")
    ax.text(
        0.97,
        0.05,
        f"{names[1]}\nis better",
        transform=ax.transAxes,
        ha="right",
        color=plots.COLOURS["grey"],
    )
    plots.show(fig, words)


def _step(
    ax: Axes,
    at: float,
    along: str,
    names: Mapping[str, str],
    words: tuple[str, str, str],
    begins: bool = False,
) -> None:
    """Draw one step: x below, the state in its circle, y above, and the arrows between."""
    below, inside, above = words
    ax.text(at, 0, below, size=12, ha="center", va="center")
    ax.text(at, 2 * _HIGH, above, size=12, ha="center", va="center")
    ax.add_patch(
        Circle(
            (at, _HIGH),
            _ROUND,
            facecolor="white",
            edgecolor=plots.COLOURS["blue"],
            linewidth=2,
            zorder=3,
        )
    )
    ax.text(at, _HIGH, inside, size=11, ha="center", va="center", zorder=4)
    _arrow(ax, (at, 0.22), (at, _HIGH - _ROUND))
    _arrow(ax, (at, _HIGH + _ROUND), (at, 2 * _HIGH - 0.22))
    for name, high in (("W", 0.6), ("V", _HIGH + 0.85)):
        ax.text(at + 0.1, high, names[name], size=11, va="center", color=plots.COLOURS["green"])
    if along:
        tail = at - (1.35 if begins else _APART - _ROUND)
        _arrow(ax, (tail, _HIGH), (at - _ROUND, _HIGH))
        ax.text(
            (tail + at - _ROUND) / 2,
            _HIGH + 0.12,
            along,
            size=11,
            ha="center",
            color=plots.COLOURS["green"],
        )


def _loop(ax: Axes, at: float) -> None:
    """Draw the way of a state back into itself."""
    ax.annotate(
        "",
        (at + 0.25, _HIGH - 0.4),
        (at + 0.25, _HIGH + 0.4),
        arrowprops={
            "arrowstyle": "-|>",
            "connectionstyle": "arc3,rad=-1.6",
            "linewidth": 1.3,
            "color": "black",
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    ax.text(at + 1.0, _HIGH + 0.3, "U", size=11, color=plots.COLOURS["green"])


def _back(ax: Axes, at: float, text: str, joins: bool) -> None:
    """Write a gradient below its state, and let it run to the state before."""
    ax.text(
        at - 0.12,
        _HIGH - 0.68,
        text,
        size=10,
        ha="right",
        va="center",
        color=plots.COLOURS["orange"],
    )
    if joins:
        _arrow(
            ax,
            (at - _ROUND + 0.07, _HIGH - 0.22),
            (at - _APART + _ROUND - 0.07, _HIGH - 0.22),
            plots.COLOURS["orange"],
        )


def _arrow(
    ax: Axes, tail: tuple[float, float], head: tuple[float, float], ink: str = "black"
) -> None:
    """Draw a straight arrow."""
    ax.annotate(
        "",
        head,
        tail,
        arrowprops={
            "arrowstyle": "-|>",
            "linewidth": 1.3,
            "color": ink,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
