"""Figures that lesson 21 alone draws."""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from medtutor import plots
from medtutor.plots import COLOURS
from medtutor.plots.style import INKS, MARKERS


@plots.styled
def skew(
    crops: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    names: Sequence[str],
    classes: tuple[str, str],
    xlabel: str,
) -> None:
    """Show how hospitals differ: a typical crop of each, and a histogram by class."""
    fig, axes = plots.figure(2, len(names), height=4.2, height_ratios=(1.15, 1))
    edges = np.histogram_bin_edges(np.concatenate(values), 12)
    colours = [COLOURS["blue"], COLOURS["orange"]]
    for k, name in enumerate(names):
        axes[0, k].imshow(crops[k], vmin=-0.2, vmax=1.4)
        axes[0, k].set(title=name, xticks=[], yticks=[])
        parts = [values[k][labels[k] == c] for c in (0, 1)]
        axes[1, k].hist(parts, edges, stacked=True, label=classes, color=colours)
        axes[1, k].xaxis.set_major_locator(MaxNLocator(4))
        axes[1, k].sharey(axes[1, 0])
        axes[1, k].tick_params(labelleft=k == 0)
    tallest = max(patch.get_y() + patch.get_height() for ax in axes[1] for patch in ax.patches)
    axes[1, 0].set(ylabel="training samples", ylim=(0, 1.05 * tallest))
    fig.supxlabel(xlabel, fontsize=10)
    fig.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    plots.show(fig, words="skew")


@plots.styled
def masked(own: np.ndarray, sent: np.ndarray, total: np.ndarray, names: Sequence[str]) -> None:
    """Show what hospitals compute, what they send under masks, and what the server gets out."""
    fig, axes = plots.figure(1, 3, height=3.2)
    left, middle, right = axes[0]
    for k, name in enumerate(names):
        style = {"color": INKS[k], "marker": MARKERS[k], "markersize": 3}
        left.plot(own[k], label=name, linewidth=0.8, **style)
        middle.plot(sent[k] / 2**32, linewidth=0, **style)
    right.plot(own.sum(axis=0), color=COLOURS["grey"], linewidth=4, alpha=0.5, label="true sum")
    right.plot(total, "x", color=COLOURS["black"], markersize=4, label="from masked")
    left.set(title="in the hospitals", xlabel="weight", ylabel="count times change of weight")
    middle.set(title="what is sent", xlabel="weight", ylabel="share of 2³²")
    right.set(title="what the server learns", xlabel="weight", ylabel="sum")
    fig.legend(loc="outside lower center", ncols=8)
    plots.show(fig, words="masked")
