"""Figures of networks that read a heart rate from an ECG."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor.plots.style import COLOURS, FULL, HALF, figure, show

_INKS = tuple(COLOURS[name] for name in ("blue", "orange", "green", "pink"))
_MARKERS = ("o", "s", "^", "D")


def divergence(
    losses: Sequence[float], states: Mapping[str, np.ndarray], fs: float, alt: str
) -> None:
    """Show a training loss until it is lost, and how large the state of the network gets.

    Parameters
    ----------
    losses : sequence of float
        Loss of each step; the first that is not finite is marked.
    states : mapping of str to ndarray of shape (samples,)
        Name to the largest state of the network at each sample; drawn until it is not finite.
    fs : float
        Sampling rate in hertz.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, 2, height=3.0, gridspec_kw={"width_ratios": (1, 1.5)})
    left, right = axes[0]
    values = np.asarray(losses, float)
    steps = np.arange(1, len(values) + 1)
    left.plot(steps, values, "o-", color=_INKS[0], markersize=4)
    left.set(xlabel="training step", ylabel="loss in bpm²", ylim=(0, None))
    left.xaxis.get_major_locator().set_params(integer=True)
    for step in steps[~np.isfinite(values)][:1]:
        left.axvline(step, color=_INKS[1], linestyle="--")
        left.annotate("NaN", (step, 0.5), (-5, 0), xycoords=("data", "axes fraction"),
                      textcoords="offset points", ha="right", color=_INKS[1])  # fmt: skip
    for k, (name, state) in enumerate(states.items()):
        drawn = np.where(np.isfinite(state), state, np.nan)
        right.semilogy(np.arange(len(state)) / fs, drawn, label=name, color=_INKS[k],
                       linestyle=("-", "--", ":")[k % 3])  # fmt: skip
    right.axhline(np.finfo(np.float32).max, color=COLOURS["grey"], linewidth=1)
    right.text(0.1, 3e36, "largest float32", color=COLOURS["grey"], va="top")
    right.set(xlabel="time in s", ylabel="largest state", ylim=(1e-3, 1e41))
    right.margins(x=0)
    right.legend(loc="center left")
    show(fig, alt)


def beat_map(
    signal: np.ndarray,
    maps: Mapping[str, np.ndarray],
    fs: float,
    alt: str,
    beats: np.ndarray | None = None,
) -> None:
    """Show a window above the maps that say where its beats are.

    Parameters
    ----------
    signal : ndarray of shape (samples,)
        The prepared window.
    maps : mapping of str to ndarray of shape (bins,)
        Name and map; the number of bins divides the number of samples.
    fs : float
        Sampling rate in hertz.
    alt : str
        What is seen.
    beats : ndarray, optional
        Samples of the true beats, marked by lines; NaN is left out.
    """
    rows = 1 + len(maps)
    fig, axes = figure(rows, 1, height=1.15 * rows + 0.5, sharex=True)
    axes[0, 0].plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.9)
    axes[0, 0].set_title("prepared window, a typical beat is 1 high", loc="left", fontsize=10)
    for ax, (name, values), ink in zip(axes[1:, 0], maps.items(), _INKS, strict=False):
        wide = len(signal) / len(values) / fs
        ax.bar((np.arange(len(values)) + 0.5) * wide, values, wide, color=ink)
        ax.set_title(name, loc="left", fontsize=10)
        ax.set_ylim(0, 1.02)
    for ax in axes[:, 0]:
        for beat in [] if beats is None else beats[np.isfinite(beats)]:
            ax.axvline(beat / fs, color=COLOURS["grey"], linewidth=0.8, linestyle=":", zorder=0)
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s" + ("" if beats is None else "; dotted: the true beats"))
    show(fig, alt)


def agreement(
    truth: np.ndarray,
    readings: Mapping[str, np.ndarray],
    what: str,
    alt: str,
    zero: str = "",
) -> None:
    """Show what was read against what is true, one panel for each reader.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        True values.
    readings : mapping of str to ndarray of shape (n,)
        Name and values of each reader.
    what : str
        Quantity and unit, for the axes.
    alt : str
        What is seen.
    zero : str
        Name of the reader that always says 0, drawn as a line.
    """
    one = len(readings) == 1
    fig, axes = figure(1, len(readings), width=HALF if one else FULL,
                       height=1.0 + (2.9 if one else 7.8 / len(readings)),
                       sharex=True, sharey=True)  # fmt: skip
    every = np.concatenate([truth, *readings.values()])
    low, high = np.nanmin(every), np.nanmax(every)
    for ax, (name, values), ink in zip(axes[0], readings.items(), _INKS, strict=False):
        ax.plot([low, high], [low, high], color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.plot(truth, values, "o", color=ink, markersize=4, alpha=0.5, markeredgewidth=0)
        if zero:
            ax.axhline(0, color=_INKS[1], linestyle="--", linewidth=1, label=zero)
            ax.legend(loc="upper left")
        ax.set_title(name)
        ax.set_xlabel(f"true {what}")
        ax.set_aspect("equal")
    axes[0, 0].set_ylabel(f"read {what}")
    show(fig, alt)


def by_subject(
    errors: Mapping[str, Mapping[str, float]], alt: str, unit: str = "bpm", most: int = 20
) -> None:
    """Show each subject's error under several readers, the worst for the first reader on top.

    Parameters
    ----------
    errors : mapping of str to (mapping of str to float)
        For each reader, subject to mean absolute error. The same subjects for all.
    alt : str
        What is seen.
    unit : str
        Unit of the error.
    most : int
        Subjects shown, the worst first.
    """
    first = next(iter(errors.values()))
    subjects = sorted(first, key=lambda s: -first[s])[:most]
    fig, axes = figure(height=1.3 + 0.26 * len(subjects))
    ax = axes[0, 0]
    place = np.arange(len(subjects))[::-1]
    ax.hlines(place, *_span(errors, subjects), color="#DDDDDD", zorder=0)
    for (name, values), ink, marker in zip(errors.items(), _INKS, _MARKERS, strict=False):
        ax.plot([max(values[s], 0.01) for s in subjects], place, marker, color=ink, label=name,
                alpha=0.85)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yticks(place, subjects)
    ax.set_xlabel(f"mean absolute error in {unit} (logarithmic)")
    ax.set_ylabel("test subject")
    fig.legend(loc="outside upper right", ncols=len(errors))
    show(fig, alt)


def readings(
    signals: Sequence[np.ndarray],
    titles: Sequence[str],
    marks: Sequence[Mapping[str, np.ndarray]],
    fs: float,
    alt: str,
    unit: str = "mV",
) -> None:
    """Show windows below each other, with the beats that different readers see in them.

    Parameters
    ----------
    signals : sequence of ndarray, each (samples,)
        The windows.
    titles : sequence of str
        One for each.
    marks : sequence of mappings of str to ndarray
        For each window, reader to samples of its beats; NaN is left out.
    fs : float
        Sampling rate in hertz.
    alt : str
        What is seen.
    unit : str
        Unit of the signals.
    """
    fig, axes = figure(len(signals), 1, height=1.55 * len(signals) + 0.7, sharex=True)
    for ax, signal, title, found in zip(axes[:, 0], signals, titles, marks, strict=True):
        ax.plot(np.arange(len(signal)) / fs, signal, color="black", linewidth=0.9)
        low, high = np.nanmin(signal), np.nanmax(signal)
        step = 0.13 * (high - low or 1.0)
        for k, (name, beats) in enumerate(found.items()):
            here = beats[np.isfinite(beats)] / fs
            ax.plot(here, np.full(len(here), high + (k + 1) * step), _MARKERS[k], color=_INKS[k],
                    label=name, markersize=5)  # fmt: skip
        ax.set_title(title, loc="left", fontsize=10)
        ax.set_ylabel(unit)
        ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s")
    handles, names = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper right", ncols=len(names))
    show(fig, alt)


def intervals(error: np.ndarray, reach: np.ndarray, alt: str, level: float = 0.9) -> None:
    """Show errors against the reach of their intervals: inside the wedge, the truth is covered.

    Parameters
    ----------
    error : ndarray of shape (n,)
        Rate read minus true rate, in beats a minute.
    reach : ndarray of shape (n,)
        How far each interval reaches to either side.
    alt : str
        What is seen.
    level : float
        Share of windows that the intervals should cover.
    """
    fig, axes = figure(width=0.75 * FULL, height=3.2)
    ax = axes[0, 0]
    wrong = np.maximum(np.abs(error), 0.01)
    inside = np.abs(error) <= reach
    span = np.array([min(reach.min(), wrong.min()), max(reach.max(), wrong.max())])
    ax.fill_between(span, span, span[0], color=COLOURS["sky"], alpha=0.2, linewidth=0)
    for part, name, promised, ink, marker in (
        (inside, "covered", level, _INKS[0], "o"),
        (~inside, "missed", 1 - level, _INKS[1], "x"),
    ):
        ax.loglog(reach[part], wrong[part], marker, color=ink, markersize=4, alpha=0.6,
                  markeredgewidth=1 if marker == "x" else 0,
                  label=f"{name}: {part.mean():.0%} (promised {promised:.0%})")  # fmt: skip
    ax.set(xlabel="reach of the interval to either side, in bpm", ylabel="error in bpm")
    fig.legend(loc="outside upper right", ncols=2)
    show(fig, alt)


def _span(
    errors: Mapping[str, Mapping[str, float]], subjects: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Give the smallest and the largest error of each subject."""
    all_of = [[max(values[s], 0.01) for values in errors.values()] for s in subjects]
    return [min(v) for v in all_of], [max(v) for v in all_of]
