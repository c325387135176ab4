"""Figures that lesson 20 alone draws."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from medtutor import plots
from medtutor.capstone.work import Example, Score
from medtutor.plots import COLOURS, FULL, style


def _both(fig: Figure, alt: str, caption: str) -> Example:
    """Show a figure in the notebook, and keep it for the card."""
    plots.show(fig, alt)
    return Example(style.png(fig), alt, caption)


@plots.styled
def couples(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], titles: Sequence[str], alt: str
) -> Example:
    """Show pairs of pictures, one above the other."""
    side = FULL / 5
    fig, axes = plots.figure(2, len(first), width=side * len(first), height=2 * side + 0.4)
    for k, pair in enumerate(zip(first, second, strict=True)):
        for ax, picture in zip(axes[:, k], pair, strict=True):
            ax.imshow(picture)
            ax.set_xticks([])
            ax.set_yticks([])
        axes[0, k].set_title(titles[k], fontsize=9)
    axes[0, 0].set_ylabel("one file")
    axes[1, 0].set_ylabel("another")
    return _both(fig, alt, "Pairs of files that show the same picture.")


@plots.styled
def findings(rows: Sequence[tuple[str, int, str]], alt: str) -> Example:
    """Show how many flags each check raised."""
    fig, axes = plots.figure(height=0.9 + 0.3 * max(1, len(rows)))
    ax = axes[0, 0]
    counts = [row[1] for row in rows]
    bars = ax.barh(range(len(rows)), counts, color=COLOURS["blue"])
    ax.bar_label(bars, padding=3)
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("flags")
    ax.margins(x=0.08)
    return _both(fig, alt, "Flags of the inspection, by check.")


@plots.styled
def estimates(scores: Sequence[Score], alt: str) -> Example:
    """Show scores with their intervals, those of one unit and kind in one panel."""
    panels: dict[str, list[Score]] = {}
    for score in scores:
        kind, _, rest = score.what.partition(" of ")
        panels.setdefault(f"{kind}{' in ' + score.unit if score.unit else ''}", []).append(
            score._replace(what=rest)
        )
    heights = [len(part) for part in panels.values()]
    fig, axes = plots.figure(
        len(panels),
        1,
        height=0.5 + 0.65 * len(panels) + 0.34 * sum(heights),
        gridspec_kw={"height_ratios": [h + 0.6 for h in heights]},
    )
    for ax, (label, part) in zip(axes[:, 0], panels.items(), strict=True):
        for k, score in enumerate(part):
            value, low, high = score.interval
            ours = score.name.startswith("own.test")
            ax.errorbar(
                [value],
                [k],
                xerr=[[value - low], [high - value]],
                capsize=3,
                fmt="o" if ours else "s",
                color=COLOURS["blue" if ours else "orange"],
            )
        ax.set_yticks(range(len(part)), [score.what for score in part])
        ax.set_ylim(len(part) - 0.5, -0.5)
        ax.set_xlabel(f"{label}, 95 % interval over patients")
    return _both(fig, alt, "Scores of the test and of the baselines, with 95 % intervals.")
