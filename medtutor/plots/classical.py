"""Figures of hand-made features, and of methods compared with their intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from medtutor.plots.style import COLOURS, FULL, HALF, figure, show

_INKS = tuple(COLOURS[name] for name in ("orange", "blue", "green", "pink", "sky", "yellow"))
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_HATCHES = ("", "///", "...", "xx")


def threshold(
    values: np.ndarray, thresholds: np.ndarray, spread: np.ndarray, chosen: float, alt: str,
    xlabel: str = "value in HU",
) -> None:  # fmt: skip
    """Show grey values, and below them how well each threshold parts dark from bright.

    Parameters
    ----------
    values : ndarray, any shape
        Grey values.
    thresholds, spread : ndarray, shape (n,)
        Thresholds tried, and the criterion of each.
    chosen : float
        The threshold taken; a dashed line in both panels.
    alt : str
        What is seen.
    xlabel : str
        Name and unit of the grey values.
    """
    fig, axes = figure(2, 1, width=HALF, height=3.6, sharex=True)
    axes[0, 0].hist(np.ravel(values), bins=40, color=COLOURS["grey"])
    axes[0, 0].set_ylabel("pixels")
    axes[1, 0].plot(thresholds, spread / np.max(spread), color=COLOURS["blue"])
    axes[1, 0].set(xlabel=xlabel, ylabel="between-class\nvariance, largest = 1", ylim=(0, 1.08))
    for ax in axes[:, 0]:
        ax.axvline(chosen, color=COLOURS["black"], linestyle="--", linewidth=1)
    show(fig, alt)


def cell(
    picture: np.ndarray, gy: np.ndarray, gx: np.ndarray, histogram: np.ndarray, alt: str
) -> None:
    """Show a cell with its gradients as arrows, and their histogram.

    Parameters
    ----------
    picture : ndarray, shape (h, w)
        The cell.
    gy, gx : ndarray, shape (h, w)
        Gradient along the rows (positive: brighter further down) and along the columns.
    histogram : ndarray, shape (bins,)
        Sums of magnitudes in equal bins over 180 degrees.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, 2, height=3.2, width_ratios=(1, 1.5))
    left, right = axes[0]
    left.imshow(picture)
    rows, columns = np.indices(picture.shape)
    # An image counts its rows downwards, and so does the arrow: y is not turned round.
    left.quiver(columns, rows, gx, gy, color=COLOURS["yellow"], angles="xy", width=0.009)
    left.set(xlabel="pixels", ylabel="pixels", xticks=range(0, picture.shape[1], 2),
             yticks=range(0, picture.shape[0], 2))  # fmt: skip
    step = 180 / len(histogram)
    middles = (np.arange(len(histogram)) + 0.5) * step
    right.bar(middles, histogram, width=0.9 * step, color=COLOURS["blue"])
    right.set(xlabel="orientation of the gradient in degrees", ylabel="sum of magnitudes",
              xticks=np.arange(0, 181, step))  # fmt: skip
    show(fig, alt)


def shares(
    named: Mapping[str, np.ndarray], labels: Sequence[str], xlabel: str, ylabel: str, alt: str
) -> None:
    """Show several groups' values side by side as bars.

    Parameters
    ----------
    named : mapping of str to ndarray, each shape (n,)
        Legend to the heights.
    labels : sequence of str
        Name of each of the n places.
    xlabel, ylabel : str
        What the axes show.
    alt : str
        What is seen.
    """
    fig, axes = figure(width=FULL, height=2.6)
    ax = axes[0, 0]
    width = 0.8 / len(named)
    for k, (name, values) in enumerate(named.items()):
        at = np.arange(len(values)) + (k - (len(named) - 1) / 2) * width
        ax.bar(at, values, width * 0.92, label=name, color=_INKS[k % 6], hatch=_HATCHES[k % 4],
               edgecolor="white", linewidth=0)  # fmt: skip
    ax.set_xticks(np.arange(len(labels)), labels)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    show(fig, alt)


def intervals(
    rows: Mapping[str, Mapping[str, tuple[float, float, float]]],
    xlabel: str,
    alt: str,
    line: float | None = None,
) -> None:
    """Show estimates with their intervals, one line of the figure for each thing estimated.

    Parameters
    ----------
    rows : mapping of str to mapping of str to (value, low, high)
        Name of the line to the estimates on it: legend to value and ends of the interval. NaN
        leaves a place empty.
    xlabel : str
        What is estimated, with unit.
    alt : str
        What is seen.
    line : float, optional
        A value to compare with, such as 0 for no difference.
    """
    series = list(dict.fromkeys(name for row in rows.values() for name in row))
    fig, axes = figure(
        width=FULL,
        height=(1.2 if len(series) > 1 else 0.9) + (0.2 + 0.13 * len(series)) * len(rows),
    )
    ax = axes[0, 0]
    for s, name in enumerate(series):
        places = [k for k, row in enumerate(rows.values()) if name in row]
        found = np.array([row[name] for row in rows.values() if name in row], float)
        at = np.array(places) + 0.22 * (s - (len(series) - 1) / 2)
        reach = np.abs(found[:, 1:] - found[:, :1]).T
        ax.errorbar(found[:, 0], at, xerr=reach, fmt=_MARKERS[s % 6], color=_INKS[s % 6],
                    capsize=3, label=name)  # fmt: skip
    if line is not None:
        ax.axvline(line, color=COLOURS["black"], linestyle=":", linewidth=1)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    if len(series) > 1:
        fig.legend(loc="outside lower center", ncols=len(series))
    show(fig, alt)


def learning(
    sizes: Sequence[int],
    named: Mapping[str, np.ndarray],
    alt: str,
    titles: Sequence[str],
    levels: Sequence[Mapping[str, float]] = (),
    xlabel: str = "training patients",
    ylabel: str = "AUC",
) -> None:
    """Show what each method makes of more and more training patients.

    Parameters
    ----------
    sizes : sequence of int
        Training patients; drawn on a logarithmic axis.
    named : mapping of str to ndarray, each shape (panels, sizes, 3)
        Legend to value, lower and upper end of the interval. NaN is left out.
    alt : str
        What is seen.
    titles : sequence of str
        Title of each panel.
    levels : sequence of mapping of str to float, optional
        For each panel what does not depend on the number of patients: legend to value.
    xlabel, ylabel : str
        What the axes show.
    """
    fig, axes = figure(1, len(titles), height=4.2, sharey=True)
    for p, (ax, title) in enumerate(zip(axes[0], titles, strict=True)):
        for k, (name, values) in enumerate(named.items()):
            value, low, high = np.asarray(values, float)[p].T
            # Side by side, so that one bar does not hide the next.
            at = np.asarray(sizes) * 1.05 ** (k - (len(named) - 1) / 2)
            ax.errorbar(at, value, [value - low, high - value], color=_INKS[k % 6],
                        linestyle=_LINES[k % 4], marker=_MARKERS[k % 6], markersize=5,
                        elinewidth=0.8, capsize=2, label=name)  # fmt: skip
        for name, level in (levels[p] if p < len(levels) else {}).items():
            ax.axhline(level, color=COLOURS["grey"], linestyle=":", label=name)
        ax.set(title=title, xlabel=xlabel, xscale="log")
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.minorticks_off()
    axes[0, 0].set_ylabel(ylabel)
    lines, words = axes[0, 0].get_legend_handles_labels()
    fig.legend(lines, words, loc="outside lower center", ncols=3)
    show(fig, alt)
