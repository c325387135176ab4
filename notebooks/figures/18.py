"""Figures that lesson 18 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from medtutor import plots
from medtutor.metrics import Interval
from medtutor.plots import COLOURS, DASHES, FULL, HALF, INKS, MARKERS


@plots.styled
def skew(
    crops: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    names: Sequence[str],
    classes: tuple[str, str],
    xlabel: str,
    words: str,
) -> None:
    """Show how hospitals differ: a typical crop of each, and a histogram by class."""
    fig, axes = plots.figure(2, len(names), height=4.2, height_ratios=(1.15, 1))
    edges = np.histogram_bin_edges(np.concatenate(values), 12)
    tallest = 0.0
    for k, name in enumerate(names):
        axes[0, k].imshow(crops[k], vmin=-0.2, vmax=1.4)
        axes[0, k].set(title=name, xticks=[], yticks=[])
        parts = [values[k][labels[k] == c] for c in (0, 1)]
        axes[1, k].hist(
            parts, edges, stacked=True, label=classes, color=[COLOURS["sky"], COLOURS["orange"]]
        )
        axes[1, k].xaxis.set_major_locator(MaxNLocator(4))
        tallest = max(tallest, axes[1, k].get_ylim()[1])
    for k, ax in enumerate(axes[1]):
        ax.set_ylim(0, tallest)
        if k:
            ax.set_yticklabels([])
    axes[1, 0].set_ylabel("training samples")
    fig.supxlabel(xlabel, fontsize=10)
    fig.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    plots.show(fig, words)


@plots.styled
def matrix(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    label: str,
    words: str,
    limits: tuple[float, float] = (0.5, 1.0),
) -> None:
    """Show models against the places where they are tested, as numbers in coloured cells."""
    fig, axes = plots.figure(width=FULL * 0.72, height=1.1 + 0.36 * len(rows))
    ax = axes[0, 0]
    picture = ax.imshow(values, cmap="cividis", vmin=limits[0], vmax=limits[1], aspect="auto")
    middle = (limits[0] + limits[1]) / 2
    for i, j in np.ndindex(values.shape):
        known = np.isfinite(values[i, j])
        ax.text(
            j,
            i,
            f"{values[i, j]:.2f}" if known else "-",
            ha="center",
            va="center",
            color="black" if values[i, j] > middle else "white",
        )
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel="tested on", ylabel="trained on")
    fig.colorbar(picture, ax=ax, label=label)
    plots.show(fig, words)


@plots.styled
def rounds(
    curves: Mapping[str, Sequence[float]],
    ylabel: str,
    words: str,
    levels: Mapping[str, float] | None = None,
    mark: int | None = None,
) -> None:
    """Show something of the global model after each round."""
    fig, axes = plots.figure(width=FULL * 0.72, height=3.1)
    ax = axes[0, 0]
    if mark is not None:
        ax.axvline(mark, color=COLOURS["grey"], linestyle=":", linewidth=1)
    for k, (name, values) in enumerate(curves.items()):
        ax.plot(
            range(len(values)),
            values,
            color=INKS[k % 4],
            linestyle=DASHES[k % 4],
            marker=MARKERS[k % 4],
            markersize=5,
            label=name,
        )
    for name, level in (levels or {}).items():
        ax.axhline(level, color=COLOURS["grey"], linestyle="--", linewidth=1, label=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="rounds", ylabel=ylabel)
    ax.legend(fontsize=9)
    plots.show(fig, words)


@plots.styled
def masked(
    own: np.ndarray, sent: np.ndarray, total: np.ndarray, names: Sequence[str], words: str
) -> None:
    """Show what hospitals compute, what they send under masks, and what the server gets out."""
    fig, axes = plots.figure(1, 3, height=3.2)
    for k, name in enumerate(names):
        style = {"color": INKS[k % 4], "marker": MARKERS[k % 4], "markersize": 3, "linewidth": 0.8}
        axes[0, 0].plot(own[k], label=name, **style)
        axes[0, 1].plot(sent[k] / 2**32, **(style | {"linewidth": 0}))
    axes[0, 2].plot(
        own.sum(axis=0), color=COLOURS["grey"], linewidth=4, alpha=0.5, label="true sum"
    )
    axes[0, 2].plot(
        total,
        color=COLOURS["black"],
        linestyle="none",
        marker="x",
        markersize=4,
        label="from masked",
    )
    titles = ("in the hospitals", "what is sent", "what the server learns")
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set(title=title, xlabel="weight")
    axes[0, 0].set_ylabel("count times change of weight")
    axes[0, 1].set_ylabel("share of 2³²")
    axes[0, 2].set_ylabel("sum")
    handles = [ax.get_legend_handles_labels() for ax in (axes[0, 0], axes[0, 2])]
    fig.legend(*(a + b for a, b in zip(*handles, strict=True)), loc="outside lower center", ncols=8)
    plots.show(fig, words)


@plots.styled
def lengths(values: np.ndarray, clip: float, words: str) -> None:
    """Show the lengths of the patients' gradients and where they are cut."""
    fig, axes = plots.figure(width=FULL * 0.6, height=2.4)
    ax = axes[0, 0]
    ax.hist(values, 24, color=COLOURS["sky"])
    ax.axvline(clip, color=COLOURS["black"], linestyle="--", label="clipped to this length")
    ax.set(xlabel="length of a patient's gradient", ylabel="patients", xlim=(0, None))
    ax.legend(fontsize=9)
    plots.show(fig, words)


@plots.styled
def intervals(
    panels: Mapping[str, Mapping[str, Interval]],
    words: str,
    zero: bool = False,
    ideal: Mapping[str, float] | None = None,
) -> None:
    """Show estimates with their intervals, one row each; several measures side by side."""
    rows = list(next(iter(panels.values())))
    width = HALF * 1.3 if len(panels) == 1 else FULL
    fig, axes = plots.figure(
        1, len(panels), width=width, height=0.9 + 0.34 * len(rows), sharey=True
    )
    for ax, (measure, found) in zip(axes[0], panels.items(), strict=True):
        if zero:
            ax.axvline(0, color=COLOURS["grey"], linewidth=1, linestyle="--")
        if ideal is not None and measure in ideal:
            ax.axvline(ideal[measure], color=COLOURS["green"], linewidth=1.5, linestyle="--")
        for k, row in enumerate(rows):
            value, low, high = found[row]
            ax.plot([low, high], [k, k], color=INKS[k % 4], linewidth=2)
            ax.plot(value, k, color=INKS[k % 4], marker=MARKERS[k % 4], markersize=7)
        ax.set_xlabel(measure)
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.locator_params(axis="x", nbins=4)
    plots.show(fig, words)
