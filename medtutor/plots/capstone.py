"""Figures of the capstone. Each is shown, and returned for the model card."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from medtutor.capstone.work import Example, Score
from medtutor.plots.style import COLOURS, FULL, figure, png, show
from medtutor.plots.explain import MAP


def _both(fig: Figure, alt: str, caption: str) -> Example:
    """Show a figure in the notebook, and keep it for the card."""
    show(fig, alt)
    return Example(png(fig), alt, caption)


def couples(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], titles: Sequence[str], alt: str
) -> Example:
    """Show pairs of pictures, one above the other.

    Parameters
    ----------
    first, second : sequence of ndarray, each (h, w)
        The upper and the lower pictures.
    titles : sequence of str
        One for each pair.
    alt : str
        What is seen.
    """
    side = FULL / 5
    fig, axes = figure(2, len(first), width=side * len(first), height=2 * side + 0.4)
    for k, pair in enumerate(zip(first, second, strict=True)):
        for ax, picture in zip(axes[:, k], pair, strict=True):
            ax.imshow(picture)
            ax.set_xticks([])
            ax.set_yticks([])
        axes[0, k].set_title(titles[k], fontsize=9)
    axes[0, 0].set_ylabel("one file")
    axes[1, 0].set_ylabel("another")
    return _both(fig, alt, "Pairs of files that show the same picture.")


def findings(rows: Sequence[tuple[str, int, str]], alt: str) -> Example:
    """Show how many flags each check raised.

    Parameters
    ----------
    rows : sequence of (str, int, str)
        Check, count, first example.
    alt : str
        What is seen.
    """
    fig, axes = figure(height=0.9 + 0.3 * max(1, len(rows)))
    ax = axes[0, 0]
    counts = [row[1] for row in rows]
    bars = ax.barh(range(len(rows)), counts, color=COLOURS["blue"])
    ax.bar_label(bars, padding=3)
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("flags")
    ax.margins(x=0.08)
    return _both(fig, alt, "Flags of the inspection, by check.")


def estimates(scores: Sequence[Score], alt: str) -> Example:
    """Show scores with their intervals, those of one unit and kind in one panel.

    Parameters
    ----------
    scores : sequence of Score
        What a test found.
    alt : str
        What is seen.
    """
    panels: dict[str, list[Score]] = {}
    for score in scores:
        kind, _, rest = score.what.partition(" of ")
        panels.setdefault(f"{kind}{' in ' + score.unit if score.unit else ''}", []).append(
            score._replace(what=rest)
        )
    heights = [len(part) for part in panels.values()]
    fig, axes = figure(len(panels), 1, height=0.5 + 0.65 * len(panels) + 0.34 * sum(heights),
                       gridspec_kw={"height_ratios": [h + 0.6 for h in heights]})  # fmt: skip
    for ax, (label, part) in zip(axes[:, 0], panels.items(), strict=True):
        for k, score in enumerate(part):
            value, low, high = score.interval
            ours = score.name.startswith("own.test")
            ax.errorbar([value], [k], xerr=[[value - low], [high - value]], capsize=3,
                        fmt="o" if ours else "s",
                        color=COLOURS["blue" if ours else "orange"])  # fmt: skip
        ax.set_yticks(range(len(part)), [score.what for score in part])
        ax.set_ylim(len(part) - 0.5, -0.5)
        ax.set_xlabel(f"{label}, 95 % interval over patients")
    return _both(fig, alt, "Scores of the test and of the baselines, with 95 % intervals.")


def maps(
    pictures: Sequence[np.ndarray], heat: Mapping[str, np.ndarray], rows: Sequence[str]
) -> Example:
    """Show images and beside each its maps of importance.

    Parameters
    ----------
    pictures : sequence of ndarray, each (h, w) or (h, w, 3)
        The inputs.
    heat : dict of str to ndarray, each (n, h, w)
        Name of the method to its maps; what is below 0 is shown as 0.
    rows : sequence of str
        What was said about each image.
    """
    side = 1.75
    fig, axes = figure(len(pictures), len(heat) + 1, width=side * (len(heat) + 1) + 1.6,
                       height=side * len(pictures) + 0.4)  # fmt: skip
    for k, picture in enumerate(pictures):
        axes[k, 0].imshow(picture)
        axes[k, 0].set_ylabel(rows[k], rotation=0, ha="right", va="center", fontsize=9)
        for ax, found in zip(axes[k, 1:], heat.values(), strict=True):
            ax.imshow(np.maximum(found[k], 0), cmap=MAP)
        for ax in axes[k]:
            ax.set_xticks([])
            ax.set_yticks([])
    for ax, title in zip(axes[0], ["image", *heat], strict=True):
        ax.set_title(title, fontsize=10)
    alt = ("Test images, one a row, each with what the network said, and beside it two maps of "
           "where its answer rests. Bright places count most.")  # fmt: skip
    return _both(fig, alt, "What single answers rest on. Bright is much; each map by itself.")


def beat_maps(
    windows: np.ndarray, found: np.ndarray, beats: np.ndarray, titles: Sequence[str], fs: float
) -> Example:
    """Show windows of an ECG, each with the network's beat map below.

    Parameters
    ----------
    windows : ndarray of shape (n, samples)
        Prepared windows.
    found : ndarray of shape (n, bins)
        Beat maps.
    beats : ndarray of shape (n, most)
        Samples of the annotated beats, NaN where there is none.
    titles : sequence of str
        One for each window.
    fs : float
        Sampling rate in hertz.
    """
    fig, axes = figure(2 * len(windows), 1, height=1.75 * len(windows) + 0.5, sharex=True,
                       gridspec_kw={"height_ratios": [1.6, 1] * len(windows)})  # fmt: skip
    length = windows.shape[1]
    wide = length / found.shape[1] / fs
    for k, title in enumerate(titles):
        top, bottom = axes[2 * k, 0], axes[2 * k + 1, 0]
        top.plot(np.arange(length) / fs, windows[k], color="black", linewidth=0.9)
        top.set_title(title, loc="left", fontsize=10)
        top.set_ylabel("beat = 1")
        bottom.bar((np.arange(found.shape[1]) + 0.5) * wide, found[k], wide, color=COLOURS["blue"])
        bottom.set_ylim(0, 1.02)
        bottom.set_ylabel("beat map")
        for ax in (top, bottom):
            for beat in beats[k][np.isfinite(beats[k])]:
                ax.axvline(beat / fs, color=COLOURS["orange"], linewidth=0.8, linestyle=":")
            ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; dotted: annotated beats")
    alt = ("Three test windows, read best, typically and worst, each with the network's beat map "
           "below and dotted lines at the annotated beats.")  # fmt: skip
    return _both(fig, alt, "Where the network sees beats. Dotted: annotated beats.")
