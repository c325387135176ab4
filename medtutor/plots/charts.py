"""General charts: they are given numbers and compute none.

Every chart opens a figure of its own and shows it (``words="name"``), or draws into a panel that it
is handed (``ax=``); the latter makes figures of several panels with `medtutor.plots.figure` and
`medtutor.plots.show`. What has a name gets a colour, a line style and a marker in turn, a class of
the course always its own colour.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from medtutor.errors import DataError
from medtutor.plots.style import (
    COLOURS,
    DASHES,
    FULL,
    HALF,
    INKS,
    MARKERS,
    curve_look,
    figure,
    look,
    show,
    styled,
)


@contextmanager
def frame(
    *,
    words: str = "",
    ax: Axes | None = None,
    across: Mapping[str, float] | None = None,
    upright: Mapping[str, float] | None = None,
    log: str = "",
    legend: str | None = "best",
    width: float = HALF,
    height: float = 3.0,
    **settings: Any,
) -> Iterator[Axes]:
    """Give a chart its panel; then label it, and show the figure if it is the chart's own.

    Parameters
    ----------
    words : str
        Name of the figure's text in ``figures/NN.toml``.
    ax : Axes, optional
        Panel to draw into, in place of a figure of its own.
    across, upright : mapping of str to float, optional
        Thin horizontal and vertical lines: legend to value. A legend of "" is left out.
    log : str
        Axes that are logarithmic: "", "x", "y" or "xy".
    legend : str or None
        Place of the legend, None for none.
    width, height : float
        Size in inches.
    **settings
        Passed on to ``Axes.set``: ``xlabel`` and ``ylabel`` with their units, ``title``, ``ylim``.
    """
    fig = None
    if ax is None:
        if not words:
            raise DataError("a figure without a text", remedy='Say words="name", or hand over ax=.')
        fig, axes = figure(width=width, height=height)
        ax = axes[0, 0]
    yield ax
    levels(ax, across)
    levels(ax, upright, upright=True)
    ax.set(**{f"{axis}scale": "log" for axis in log})
    ax.set(**settings)
    if legend is not None and len(ax.get_legend_handles_labels()[0]) > 0:
        ax.legend(loc=legend, fontsize=9)
    if fig is not None:
        show(fig, words)


def levels(ax: Axes, named: Mapping[str, float] | None, upright: bool = False) -> None:
    """Draw thin lines across the panel at values to compare with."""
    for k, (name, value) in enumerate((named or {}).items()):
        draw = ax.axvline if upright else ax.axhline
        draw(
            value,
            color=COLOURS["grey"],
            linestyle=DASHES[(k + 3) % 4],
            linewidth=1.2,
            label=name or None,
        )


@styled
def lines(x: Any, named: Mapping[str, Any], *, marker: bool = False, **settings: Any) -> None:
    """Draw curves over one axis.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values of the horizontal axis; None counts from 1.
    named : mapping of str to array_like, each (n,) or (3, n)
        Legend to values, or to values with the lower and upper ends of their intervals.
    marker : bool
        Whether each value is marked; for few values.
    **settings
        What every chart takes: see `medtutor.plots.charts.frame`.

    Examples
    --------
    >>> fig, axes = figure()
    >>> lines([0, 1, 2], {"square": [0, 1, 4]}, ax=axes[0, 0], xlabel="x")
    >>> len(axes[0, 0].lines)
    1
    """
    with frame(**settings) as ax:
        for k, (name, given) in enumerate(named.items()):
            values = np.asarray(given, float)
            style = {**curve_look(name, k), **({"marker": MARKERS[k % 6]} if marker else {})}
            middle = values if values.ndim == 1 else values[0]
            at = np.arange(1, len(middle) + 1) if x is None else np.asarray(x)
            if values.ndim == 2:
                ax.fill_between(at, *values[1:], color=style["color"], alpha=0.15, linewidth=0)
            ax.plot(at, middle, label=name or None, markersize=5, **style)
            if np.all(at == np.round(at)):  # steps, epochs, pixels: no half of one
                ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))


@styled
def points(
    named: Mapping[str, tuple[Any, Any]],
    *,
    diagonal: str | None = None,
    size: float = 12,
    height: float = 3.6,
    **settings: Any,
) -> None:
    """Draw clouds of points.

    Parameters
    ----------
    named : mapping of str to (x, y)
        Legend to the two coordinates, each array_like of shape (n,).
    diagonal : str, optional
        Legend of a dotted line on which y equals x; "" draws it without a legend.
    size : float
        Area of a point.
    height, **settings
        As for `lines`.

    Examples
    --------
    >>> fig, axes = figure()
    >>> points({"people": ([1, 2], [3, 4])}, ax=axes[0, 0], diagonal="equal")
    """
    with frame(height=height, **settings) as ax:
        for k, (name, (x, y)) in enumerate(named.items()):
            ax.scatter(
                x,
                y,
                s=size,
                alpha=0.7,
                marker=MARKERS[k % 6],
                linewidths=0,
                label=name or None,
                **look(name, k),
            )
        if diagonal is not None:
            ends = min(ax.get_xlim()[0], ax.get_ylim()[0]), max(ax.get_xlim()[1], ax.get_ylim()[1])
            ax.plot(ends, ends, ":", color=COLOURS["grey"], linewidth=1, label=diagonal or None)


@styled
def bars(
    labels: Sequence[str],
    named: Mapping[str, Any],
    *,
    flat: bool = False,
    write: str | None = None,
    height: float = 2.8,
    **settings: Any,
) -> None:
    """Draw bars side by side, one group for each label.

    Parameters
    ----------
    labels : sequence of str
        Name of each group.
    named : mapping of str to array_like, each (groups,) or (3, groups)
        Legend to lengths, or to lengths with the ends of their intervals.
    flat : bool
        Whether the bars lie; the first group is then on top.
    write : str, optional
        Format of the number beside each bar, such as ``"{:.2f}"``.
    height, **settings
        As for `lines`.

    Examples
    --------
    >>> fig, axes = figure()
    >>> bars(["a", "b"], {"network": [1, 2], "ruler": [2, 1]}, ax=axes[0, 0])
    >>> len(axes[0, 0].patches)
    4
    """
    thick = 0.8 / len(named)
    with frame(height=height, **settings) as ax:
        for k, (name, given) in enumerate(named.items()):
            values = np.asarray(given, float)
            lengths = values if values.ndim == 1 else values[0]
            at = np.arange(len(labels)) + thick * (k - (len(named) - 1) / 2)
            reach = None if values.ndim == 1 else np.abs(values[1:] - values[0])
            hatch = (None, "//", "..", "xx")[k % 4] if len(named) > 1 else None
            draw: Any = ax.barh if flat else ax.bar
            drawn = draw(
                at,
                lengths,
                thick,
                label=name or None,
                hatch=hatch,
                edgecolor="white",
                **look(name, k),
                **({"xerr": reach} if flat else {"yerr": reach}),
            )
            if write is not None:
                ax.bar_label(drawn, [write.format(v) for v in lengths], padding=2, fontsize=9)
        (ax.set_yticks if flat else ax.set_xticks)(np.arange(len(labels)), labels)
        if flat:
            ax.set_ylim(len(labels) - 0.5, -0.5)


@styled
def histogram(
    named: Mapping[str, Any],
    *,
    words: str | None = None,
    xlabel: str,
    bins: Any = 20,
    ylabel: str = "count",
    upright: Mapping[str, float] | None = None,
    width: float = FULL,
    count: bool = True,
    **settings: Any,
) -> None:
    """Draw how values are distributed, one row for each name over the same axis."""
    together = np.concatenate([np.ravel(v) for v in named.values()]).astype(float)
    edges = np.histogram_bin_edges(together, bins)
    fig, axes = figure(
        len(named), width=width, height=0.85 + 1.05 * len(named), sharex=True, sharey=True
    )
    for k, (ax, (name, values)) in enumerate(zip(axes[:, 0], named.items(), strict=True)):
        ax.hist(np.ravel(values), edges, **look(name, k))
        title = f"{name} ({np.size(values)})" if count else name
        ax.margins(y=0.35)  # room for the title above the bars
        ax.set_title(title, fontsize=10, loc="right", y=0.78)
        levels(ax, upright, upright=True)
        ax.set(ylabel=ylabel, **settings)
    if any(upright or {}):
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
    axes[-1, 0].set_xlabel(xlabel)
    show(fig, words or "")


@styled
def intervals(
    rows: Mapping[str, Any], *, xlabel: str, line: float | None = None, **settings: Any
) -> None:
    """Draw estimates with their intervals, one line of the figure for each thing estimated.

    Parameters
    ----------
    rows : mapping of str to (value, low, high), or to a mapping of str to (value, low, high)
        Name of the line to its estimate, or to several by the name of their series. NaN leaves a
        place empty.
    xlabel : str
        What is estimated, with unit.
    line : float, optional
        A value to compare with, such as 0 for no difference.
    **settings
        As for `lines`.

    Examples
    --------
    >>> fig, axes = figure()
    >>> intervals({"all": (0.9, 0.8, 0.95)}, ax=axes[0, 0], xlabel="AUC")
    """
    nested = {k: v if isinstance(v, Mapping) else {"": v} for k, v in rows.items()}
    series = list(dict.fromkeys(name for row in nested.values() for name in row))
    tall = (1.2 if len(series) > 1 else 0.9) + (0.2 + 0.13 * len(series)) * len(nested)
    with frame(legend=None, width=FULL, height=tall, xlabel=xlabel, **settings) as ax:
        for s, name in enumerate(series):
            places = [k for k, row in enumerate(nested.values()) if name in row]
            found = np.array([row[name] for row in nested.values() if name in row], float)
            at = np.array(places) + 0.22 * (s - (len(series) - 1) / 2)
            reach = np.abs(found[:, 1:] - found[:, :1]).T
            style = {**look(name, s), "fmt": MARKERS[s % 6]}
            ax.errorbar(found[:, 0], at, xerr=reach, capsize=3, label=name or None, **style)
        if line is not None:
            ax.axvline(line, color=COLOURS["black"], linestyle=":", linewidth=1)
        ax.set_yticks(range(len(nested)), list(nested))
        ax.set_ylim(len(nested) - 0.5, -0.5)
        ax.xaxis.set_major_locator(MaxNLocator(6))
        if settings.get("ax") is None and len(series) > 1:
            ax.figure.legend(loc="outside lower center", ncols=len(series))


@styled
def matrix(
    values: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    write: str = "{:.2f}",
    limits: tuple[float, float] | None = None,
    **settings: Any,
) -> None:
    """Draw a table of numbers whose shade is their size, with the number in each cell.

    Parameters
    ----------
    values : array_like, shape (rows, columns)
        Numbers; NaN stays empty.
    rows, columns : sequence of str
        Their names.
    write : str
        Format of a number.
    limits : (float, float), optional
        Values of the lightest and the darkest shade; the smallest and largest when not given.
    **settings
        As for `lines`.

    Examples
    --------
    >>> fig, axes = figure()
    >>> matrix([[9, 1], [2, 8]], ["no", "yes"], ["no", "yes"], ax=axes[0, 0], write="{:.0f}")
    """
    table = np.asarray(values, float)
    low, high = limits or (float(np.nanmin(table)), float(np.nanmax(table)))
    with frame(legend=None, **settings) as ax:
        ax.imshow(table, vmin=low, vmax=high, cmap="Blues", aspect="auto")
        for (i, j), value in np.ndenumerate(table):
            if np.isfinite(value):
                ink = "white" if value > low + 0.6 * (high - low) else "black"
                ax.text(j, i, write.format(value), ha="center", va="center", color=ink)
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows)
        ax.tick_params(length=0)


@styled
def roc(
    curves: Mapping[str, tuple[Any, Any]],
    *,
    band: tuple[Any, Any, Any] | None = None,
    **settings: Any,
) -> None:
    """Draw ROC curves."""
    settings |= {"xlabel": "false-positive rate (1 - specificity)", "aspect": "equal"}
    settings |= {"ylabel": "true-positive rate (sensitivity)"}
    with frame(legend="lower right", height=4.4, **settings) as ax:
        ax.plot([0, 1], [0, 1], color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.text(0.62, 0.56, "guessing", color=COLOURS["grey"], rotation=45, rotation_mode="anchor")
        if band is not None:
            drawn_anew = "95 % of patients drawn anew"
            ax.fill_between(*band, color=INKS[0], alpha=0.18, linewidth=0, label=drawn_anew)
        for k, (name, (wrong, right)) in enumerate(curves.items()):
            ax.plot(wrong, right, label=name, **curve_look(name, k))


@styled
def reliability(
    named: Mapping[str, tuple[Any, Any, Any, Any]], event: str, **settings: Any
) -> None:
    """Draw how often an event happened against how often it was predicted.

    Parameters
    ----------
    named : mapping of str to (predicted, observed, low, high)
        Legend to the bins: mean prediction, share observed, and the ends of its interval.
    event : str
        Name of the event, for the labels.
    **settings
        As for `lines`.

    Examples
    --------
    >>> fig, axes = figure()
    >>> reliability({"raw": ([0.2, 0.8], [0.3, 0.7], [0.1, 0.5], [0.5, 0.9])}, "malignant",
    ...             ax=axes[0, 0])
    """
    settings |= {"xlabel": f"predicted probability of {event}", "ylabel": f"share of {event}"}
    settings |= {"aspect": "equal", "xlim": (-0.03, 1.03), "ylim": (-0.03, 1.03)}
    with frame(legend="upper left", height=4.3, **settings) as ax:
        ax.plot([0, 1], [0, 1], ":", color=COLOURS["grey"], label="as often as predicted")
        for k, (name, bins) in enumerate(named.items()):
            predicted, observed, low, high = (np.asarray(b, float) for b in bins)
            style = {**look(name, k), "fmt": MARKERS[k % 6] + DASHES[k % 4]}
            reach = [observed - low, high - observed]
            ax.errorbar(predicted, observed, reach, capsize=3, label=name, **style)


@styled
def losses(
    histories: Mapping[str, Any],
    *,
    words: str | None = None,
    ylabel: str = "loss",
    log: bool = False,
) -> None:
    """Draw training and validation loss over the epochs, one panel for each model."""
    runs = {"": histories} if "loss" in histories else histories
    width = HALF if len(runs) == 1 else FULL
    fig, axes = figure(1, len(runs), width=width, height=2.9, sharey=True)
    for ax, (title, run) in zip(axes[0], runs.items(), strict=True):
        epochs = np.arange(1, len(run["loss"]) + 1)
        ax.plot(epochs, run["loss"], color=COLOURS["blue"], label="training")
        if "val_loss" in run:
            ax.plot(epochs, run["val_loss"], "--", color=COLOURS["orange"], label="validation")
            best = int(np.argmin(run["val_loss"]))
            at = epochs[best], run["val_loss"][best]
            ax.plot(*at, "o", color=COLOURS["orange"], label="lowest")
        ax.set(xlabel="epoch", title=title)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if log:
            ax.set_yscale("log")
    if not log:  # after all panels are drawn: they share the axis
        axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].set_ylabel(ylabel)
    axes[0, 0].legend(fontsize=9)
    show(fig, words or "")
