"""Figures that lesson 15 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor import plots
from medtutor.plots import COLOURS, FULL, HALF, INKS, MARKERS


@plots.styled
def divergence(
    losses: Sequence[float], states: Mapping[str, np.ndarray], fs: float, words: str
) -> None:
    """Show a training loss until it is lost, and how large the state of the network gets."""
    fig, axes = plots.figure(1, 2, height=3.0, gridspec_kw={"width_ratios": (1, 1.5)})
    left, right = axes[0]
    values = np.asarray(losses, float)
    steps = np.arange(1, len(values) + 1)
    left.plot(steps, values, "o-", color=INKS[0], markersize=4)
    left.set(xlabel="training step", ylabel="loss in bpm²", ylim=(0, None))
    left.xaxis.get_major_locator().set_params(integer=True)
    for step in steps[~np.isfinite(values)][:1]:
        left.axvline(step, color=INKS[1], linestyle="--")
        left.annotate(
            "NaN",
            (step, 0.5),
            (-5, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right",
            color=INKS[1],
        )
    for k, (name, state) in enumerate(states.items()):
        drawn = np.where(np.isfinite(state), state, np.nan)
        right.semilogy(
            np.arange(len(state)) / fs,
            drawn,
            label=name,
            color=INKS[k],
            linestyle=("-", "--", ":")[k % 3],
        )
    right.axhline(np.finfo(np.float32).max, color=COLOURS["grey"], linewidth=1)
    right.text(0.1, 3e36, "largest float32", color=COLOURS["grey"], va="top")
    right.set(xlabel="time in s", ylabel="largest state", ylim=(1e-3, 1e41))
    right.margins(x=0)
    right.legend(loc="center left")
    plots.show(fig, words)


@plots.styled
def beat_map(
    signal: np.ndarray,
    maps: Mapping[str, np.ndarray],
    fs: float,
    words: str,
    beats: np.ndarray | None = None,
) -> None:
    """Show a window above the maps that say where its beats are."""
    rows = 1 + len(maps)
    fig, axes = plots.figure(rows, 1, height=1.15 * rows + 0.5, sharex=True)
    axes[0, 0].plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.9)
    axes[0, 0].set_title("prepared window, a typical beat is 1 high", loc="left", fontsize=10)
    for ax, (name, values), ink in zip(axes[1:, 0], maps.items(), INKS, strict=False):
        wide = len(signal) / len(values) / fs
        ax.bar((np.arange(len(values)) + 0.5) * wide, values, wide, color=ink)
        ax.set_title(name, loc="left", fontsize=10)
        ax.set_ylim(0, 1.02)
    for ax in axes[:, 0]:
        for beat in [] if beats is None else beats[np.isfinite(beats)]:
            ax.axvline(beat / fs, color=COLOURS["grey"], linewidth=0.8, linestyle=":", zorder=0)
        ax.margins(x=0)
    true = "" if beats is None else "; dotted: the true beats at speed 1"
    axes[-1, 0].set_xlabel("time in s" + true)
    plots.show(fig, words)


@plots.styled
def agreement(
    truth: np.ndarray,
    readings: Mapping[str, np.ndarray],
    what: str,
    words: str,
    zero: str = "",
) -> None:
    """Show what was read against what is true, one panel for each reader."""
    one = len(readings) == 1
    fig, axes = plots.figure(
        1,
        len(readings),
        width=HALF if one else FULL,
        height=1.0 + (2.9 if one else 7.8 / len(readings)),
        sharex=True,
        sharey=True,
    )
    every = np.concatenate([truth, *readings.values()])
    low, high = np.nanmin(every), np.nanmax(every)
    for ax, (name, values), ink in zip(axes[0], readings.items(), INKS, strict=False):
        ax.plot([low, high], [low, high], color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.plot(truth, values, "o", color=ink, markersize=4, alpha=0.5, markeredgewidth=0)
        if zero:
            ax.axhline(0, color=INKS[1], linestyle="--", linewidth=1, label=zero)
            ax.legend(loc="upper left")
        ax.set_title(name)
        ax.set_xlabel(f"true {what}")
        ax.set_aspect("equal")
    axes[0, 0].set_ylabel(f"read {what}")
    plots.show(fig, words)


@plots.styled
def by_subject(
    errors: Mapping[str, Mapping[str, float]], words: str, unit: str = "bpm", most: int = 20
) -> None:
    """Show each subject's error under several readers, the worst for the first reader on top."""
    first = next(iter(errors.values()))
    subjects = sorted(first, key=lambda s: -first[s])[:most]
    fig, axes = plots.figure(height=1.3 + 0.26 * len(subjects))
    ax = axes[0, 0]
    place = np.arange(len(subjects))[::-1]
    ax.hlines(place, *_span(errors, subjects), color="#DDDDDD", zorder=0)
    for (name, values), ink, marker in zip(errors.items(), INKS, MARKERS, strict=False):
        ax.plot(
            [max(values[s], 0.01) for s in subjects],
            place,
            marker,
            color=ink,
            label=name,
            alpha=0.85,
        )
    ax.set_xscale("log")
    ax.set_yticks(place, subjects)
    ax.set_xlabel(f"mean absolute error in {unit} (logarithmic)")
    ax.set_ylabel("test subject")
    fig.legend(loc="outside upper right", ncols=len(errors))
    plots.show(fig, words)


@plots.styled
def readings(
    signals: Sequence[np.ndarray],
    titles: Sequence[str],
    marks: Sequence[Mapping[str, np.ndarray]],
    fs: float,
    words: str,
    unit: str = "mV",
) -> None:
    """Show windows below each other, with the beats that different readers see in them."""
    fig, axes = plots.figure(len(signals), 1, height=1.55 * len(signals) + 0.7, sharex=True)
    for ax, signal, title, found in zip(axes[:, 0], signals, titles, marks, strict=True):
        ax.plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.9)
        low, high = np.nanmin(signal), np.nanmax(signal)
        step = 0.13 * (high - low or 1.0)
        for k, (name, beats) in enumerate(found.items()):
            here = beats[np.isfinite(beats)] / fs
            ax.plot(
                here,
                np.full(len(here), high + (k + 1) * step),
                MARKERS[k],
                color=INKS[k],
                label=name,
                markersize=5,
            )
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_ylabel(unit)
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s")
    handles, names = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper right", ncols=len(names))
    plots.show(fig, words)


def _span(
    errors: Mapping[str, Mapping[str, float]], subjects: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Give the smallest and the largest error of each subject."""
    all_of = [[max(values[s], 0.01) for values in errors.values()] for s in subjects]
    return [min(v) for v in all_of], [max(v) for v in all_of]
