"""Figures that lesson 16 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor import knobs, plots
from medtutor.plots import COLOURS, FULL, INKS


@plots.styled
def doubts(
    signals: Sequence[np.ndarray],
    maps: np.ndarray,
    titles: Sequence[str],
    beats: np.ndarray,
    fs: float,
    words: str,
) -> None:
    """Show windows, each above the beat map that was read in it; dotted, the true beats."""
    fig, axes = plots.figure(
        2 * len(signals),
        1,
        height=2.1 * len(signals) + 0.4,
        sharex=True,
    )
    for k, (signal, beat_map, title) in enumerate(zip(signals, maps, titles, strict=True)):
        above, below = axes[2 * k : 2 * k + 2, 0]
        above.plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.9)
        above.set_title(title, loc="left", fontsize=10)
        above.set_ylabel("prepared")
        wide = len(signal) / len(beat_map) / fs
        below.bar((np.arange(len(beat_map)) + 0.5) * wide, beat_map, wide, color=INKS[k])
        below.set(ylim=(0, 1.02), ylabel="beat map")
        for ax in (above, below):
            for beat in beats[k][np.isfinite(beats[k])]:
                ax.axvline(beat / fs, color=COLOURS["grey"], linewidth=0.8, linestyle=":", zorder=0)
            ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; dotted: the true beats")
    plots.show(fig, words)


@plots.styled
def intervals(error: np.ndarray, reach: np.ndarray, words: str, level: float = 0.9) -> None:
    """Show errors against the reach of their intervals: inside the wedge, the truth is covered."""
    fig, axes = plots.figure(width=0.75 * FULL, height=3.2)
    ax = axes[0, 0]
    wrong = np.maximum(np.abs(error), 0.01)
    inside = np.abs(error) <= reach
    span = np.array([min(reach.min(), wrong.min()), max(reach.max(), wrong.max())])
    ax.fill_between(span, span, span[0], color=COLOURS["sky"], alpha=0.2, linewidth=0)
    for part, name, promised, ink, marker in (
        (inside, "covered", level, INKS[0], "o"),
        (~inside, "missed", 1 - level, INKS[1], "x"),
    ):
        ax.loglog(
            reach[part],
            wrong[part],
            marker,
            color=ink,
            markersize=4,
            alpha=0.6,
            markeredgewidth=1 if marker == "x" else 0,
            label=f"{name}: {part.mean():.0%} (promised {promised:.0%})",
        )
    ax.set(xlabel="reach of the interval to either side, in bpm", ylabel="error in bpm")
    fig.legend(loc="outside upper right", ncols=2)
    plots.show(fig, words)


@plots.styled
def short_and_long(
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    unit: str,
    words: str,
    labels: tuple[str, str] = ("five minutes", "one window"),
) -> None:
    """Show values from short windows against those of long stretches, on logarithmic axes."""
    fig, axes = plots.figure(1, len(pairs), height=3.6, sharex=True, sharey=True)
    every = np.concatenate([v for pair in pairs.values() for v in pair])
    every = every[np.isfinite(every) & (every > 0)]
    ends = [every.min(), every.max()] if len(every) else [1, 100]
    for ax, (name, (long, short)), ink in zip(axes[0], pairs.items(), INKS, strict=False):
        there = (long > 0) & (short > 0)
        ax.plot(ends, ends, color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.loglog(
            long[there], short[there], "o", color=ink, markersize=3, alpha=0.4, markeredgewidth=0
        )
        ax.set_title(name)
        ax.set_xlabel(f"{labels[0]}, in {unit}")
    axes[0, 0].set_ylabel(f"{labels[1]}, in {unit}")
    plots.show(fig, words)


def noise_to_turn(
    kinds: Sequence[str],
    decibels: Sequence[int],
    signals: np.ndarray,
    beats: Mapping[str, Sequence[np.ndarray]],
    numbers: Sequence[np.ndarray],
    fs: float,
    words: str,
) -> None:
    """Let kind and level of the noise be turned; signals are (kinds, decibels, samples).

    `beats` are a reader's, in samples, for each signal in turn.
    """
    step, shape = 3, (len(kinds), len(decibels))
    low, high = np.percentile(signals, [0.1, 99.9])
    rise = (high - low) / 8
    shown = {"ECG, lead 1": (np.arange(0, signals.shape[-1], step) / fs, signals[..., ::step])}
    most = max(len(found) for reader in beats.values() for found in reader)
    for row, (reader, places) in enumerate(beats.items(), 1):
        x = np.full((len(places), max(1, most)), np.nan)
        for k, found in enumerate(places):
            x[k, : len(found)] = found / fs
        x = x.reshape(*shape, -1)
        shown[reader] = (x, np.full_like(x, high + row * rise))
    ecg = knobs.curves(
        shown,
        dots=list(beats),
        title="one window of one person",
        xlabel="time in s",
        ylabel="mV",
        xlim=(0, signals.shape[-1] / fs),
        ylim=(low, high + (len(beats) + 1) * rise),
        wide=680,
    )
    knobs.show(
        {"noise": kinds, "signal over noise in dB": decibels},
        [ecg],
        start=(kinds[0], decibels[0]),
        says="True rate {:.0f} bpm. The detector reads {:.0f}, the network {:.0f} ± {:.1f} bpm.",
        numbers=numbers,
        words=words,
    )
