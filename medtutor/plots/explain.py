"""Figures of maps that explain a prediction, and of how good they are."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps

from medtutor.plots.arrays import INKS, LINES, MARKERS
from medtutor.plots.base import COLOURS, FULL, figure, show
from medtutor.types import Interval

MAP = "viridis"  # perceptually uniform, and readable without colour vision
LARGEST = 2.1  # side of a panel in inches


def grid(
    pictures: Sequence[np.ndarray],
    maps: Mapping[str, np.ndarray],
    rows: Sequence[str],
    alt: str,
    outlines: Sequence[np.ndarray] | None = None,
    limits: tuple[float, float] = (-0.2, 1.4),
) -> None:
    """Show images and beside each its maps: a row for each image, a column for each method.

    Parameters
    ----------
    pictures : sequence of ndarray, each (h, w)
        The images.
    maps : dict of str to ndarray, each (n, h, w)
        Name of the method to its maps. What is below 0 is shown as 0, and each map from 0 to its
        own largest value.
    rows : sequence of str
        Name of each row.
    alt : str
        What is seen.
    outlines : sequence of ndarray of bool, each (h, w), optional
        Drawn over the image and over its maps.
    limits : (float, float)
        Grey values of the images shown black and white.
    """
    side = min(FULL / (len(maps) + 1.4), LARGEST)
    fig, axes = figure(
        len(pictures), len(maps) + 1, width=side * (len(maps) + 1.4),
        height=len(pictures) * side + 0.75, sharex=True, sharey=True,
    )  # fmt: skip
    # Few colours each: the picture is stored with 64, which a map and an image have to share.
    greys, colours = colormaps["gray"].resampled(24), colormaps[MAP].resampled(16)
    for k, picture in enumerate(pictures):
        axes[k, 0].imshow(picture, vmin=limits[0], vmax=limits[1], cmap=greys)
        axes[k, 0].set_ylabel(rows[k])
        for ax, found in zip(axes[k, 1:], maps.values(), strict=True):
            shown = np.maximum(found[k], 0)
            drawn = ax.imshow(shown / (shown.max() or 1.0), vmin=0, vmax=1, cmap=colours)
        for column, ax in enumerate(axes[k]):
            ax.set_xticks([])
            ax.set_yticks([])
            if outlines is not None and outlines[k].any():
                colour = COLOURS["yellow"] if column == 0 else "white"
                ax.contour(outlines[k], [0.5], colors=colour, linewidths=1.2)
    for ax, title in zip(axes[0], ["image", *maps], strict=True):
        ax.set_title(title.replace("_", "\n"), fontsize=10)
    bar = fig.colorbar(drawn, ax=axes, location="bottom", fraction=0.03, pad=0.02, aspect=50)
    bar.set_ticks([0, 1], labels=["0", "largest of each map"])
    show(fig, alt)


def ranking(
    panels: Mapping[str, Mapping[str, Mapping[str, Interval]]],
    alt: str,
    level: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Show scores with their intervals, a row for each method, a panel for each measure.

    Parameters
    ----------
    panels : dict of str to dict of str to dict of str to Interval
        Measure, with its unit, to series (for the legend) to method to score.
    alt : str
        What is seen.
    level : dict of str to dict of str to float, optional
        Measure to named levels, drawn as vertical lines.
    """
    rows = list(dict.fromkeys(r for series in panels.values() for s in series.values() for r in s))
    most = max(len(series) for series in panels.values())
    height = 1.1 + len(rows) * (0.24 + 0.1 * most)
    fig, axes = figure(1, len(panels), height=height, sharey=True)
    for ax, (measure, series) in zip(axes[0], panels.items(), strict=True):
        for j, (name, value) in enumerate((level or {}).get(measure, {}).items()):
            ax.axvline(value, color=COLOURS["grey"], linewidth=1.2, linestyle=(":", "--")[j % 2],
                       label=name)  # fmt: skip
        for k, (name, found) in enumerate(series.items()):
            style = {"color": INKS[(k + 1) % 4], "marker": MARKERS[k % 4]}
            at = np.array([rows.index(r) for r in found]) + 0.26 * (k - (len(series) - 1) / 2)
            value, low, high = np.array(list(found.values()), float).T
            ax.errorbar(value, at, xerr=[value - low, high - value], linestyle="none", capsize=2,
                        markersize=5.5, label=name, **style)  # fmt: skip
        ax.set_xlabel(measure)
        ax.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.locator_params(axis="x", nbins=5)
    handles, names = axes[0, 0].get_legend_handles_labels()
    if len(names) > 1:
        fig.legend(handles, names, loc="outside upper center", ncols=len(names), fontsize=9)
    show(fig, alt)


def removal(panels: Mapping[str, Mapping[str, np.ndarray]], ylabel: str, alt: str) -> None:
    """Show how a probability changes while pixels are taken away or put back.

    Parameters
    ----------
    panels : dict of str to dict of str to ndarray, each shape (steps + 1,)
        What is done, for the axis, to name of the map to the mean curve. Names that begin with
        "random" are drawn dotted and grey.
    ylabel : str
        What the vertical axis shows.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, len(panels), height=3.3, sharey=True)
    colours = [COLOURS[name] for name in ("orange", "blue", "green", "pink", "sky", "yellow")]
    for ax, (action, curves) in zip(axes[0], panels.items(), strict=True):
        k = 0
        for name, curve in curves.items():
            share = np.linspace(0, 100, len(curve))
            if name.startswith("random"):
                ax.plot(share, curve, ":", color=COLOURS["grey"], linewidth=2, label=name)
                continue
            ax.plot(share, curve, color=colours[k % 6], linestyle=LINES[k % 4],
                    label=name.replace("_", " "), marker="osD^vP"[k % 6], markevery=2,
                    markersize=4)  # fmt: skip
            k += 1
        ax.set_xlabel(f"pixels {action} in %")
        ax.set_ylim(-0.03, 1.03)
    axes[0, 0].set_ylabel(ylabel)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", fontsize=9)
    show(fig, alt)
