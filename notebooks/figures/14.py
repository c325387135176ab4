"""Figures that lesson 14 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor import plots
from medtutor.plots import COLOURS, INKS


@plots.styled
def tachogram(
    times: np.ndarray,
    rr: np.ndarray,
    words: str,
    symbols: Sequence[str] | np.ndarray | None = None,
    height: float = 2.6,
) -> None:
    """Show RR intervals against time, and beside them the instantaneous rate."""
    fig, axes = plots.figure(1, 2, height=height, sharex=True)
    codes = np.full(len(rr), "N") if symbols is None else np.asarray(symbols)
    for ax, values, label in zip(
        axes[0], (rr, 60 / rr), ("RR interval in s", "60 / RR in bpm"), strict=True
    ):
        ax.plot(times, values, color=COLOURS["grey"], linewidth=0.8)
        for code in dict.fromkeys(codes.tolist()):
            here = codes == code
            other = code != "N"
            ax.plot(
                times[here],
                values[here],
                linestyle="none",
                markersize=7 if other else 4,
                marker=f"${code}$" if other else "o",
                color=INKS[1] if other else INKS[0],
            )
        ax.margins(y=0.1)
        ax.set_xlabel("time in s")
        ax.set_ylabel(label)
    plots.show(fig, words)


@plots.styled
def variability(
    tachograms: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spectra: Mapping[str, tuple[np.ndarray, np.ndarray]],
    words: str,
) -> None:
    """Show RR series beside their spectra."""
    fig, axes = plots.figure(1, 2, height=2.8)
    for name, (times, rr), look in plots.looks(tachograms):
        axes[0, 0].plot(times, rr, label=name, **look)
        axes[0, 1].plot(*spectra[name], label=name, **look)
    axes[0, 0].set_xlabel("time in s")
    axes[0, 0].set_ylabel("RR interval in s")
    axes[0, 1].set_xlabel("frequency in Hz")
    axes[0, 1].set_ylabel("power in s²/Hz")
    axes[0, 1].set_xlim(0, 0.6)  # breathing and all that is slower
    axes[0, 1].legend()
    plots.show(fig, words)


@plots.styled
def detection(
    snr: Sequence[float],
    scores: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    words: str,
    kind: str = "noise",
) -> None:
    """Show how detectors do as the noise grows."""
    fig, axes = plots.figure(1, 2, height=2.7, sharex=True, sharey=True)
    for ax, which, title in zip(
        axes[0], (0, 1), ("sensitivity", "positive predictive value"), strict=True
    ):
        for name, pair, look in plots.looks(scores):
            ax.plot(snr, pair[which], marker="o", label=name, **look)
        ax.set_title(title)
        ax.set_xlabel(f"SNR of {kind} in dB")
        ax.set_xticks(sorted(snr))
    axes[0, 0].invert_xaxis()
    axes[0, 0].set_ylim(top=1.03)
    axes[0, 0].set_ylabel("share of beats")
    axes[0, 1].legend(loc="lower left")
    plots.show(fig, words)


@plots.styled
def histograms(
    values: Sequence[Mapping[str, np.ndarray]],
    labels: Sequence[str],
    words: str,
    bins: int = 30,
) -> None:
    """Show distributions, such as heart rates, one panel for each quantity."""
    fig, axes = plots.figure(1, len(values), height=2.7)
    for ax, groups, label in zip(axes[0], values, labels, strict=True):
        finite = {name: v[np.isfinite(v)] for name, v in groups.items()}
        edges = np.histogram_bin_edges(np.concatenate(list(finite.values())), bins)
        several = len(finite) > 1
        for name, v, look in plots.looks(finite):
            ax.hist(v, edges, density=several, histtype="step", linewidth=1.6, label=name, **look)
        ax.set_xlabel(label)
        ax.set_ylabel("share of windows per bpm" if several else "windows")
        if several:
            ax.legend()
    plots.show(fig, words)


@plots.styled
def beats(
    time: np.ndarray,
    curves: Mapping[str, np.ndarray],
    words: str,
    waves: Mapping[str, float] | None = None,
) -> None:
    """Show beats on top of each other."""
    fig, axes = plots.figure(height=3.0)
    ax = axes[0, 0]
    for name, curve, look in plots.looks(curves):
        ax.plot(time, curve, label=name, **look)
    first = next(iter(curves.values()))
    for name, at in (waves or {}).items():
        high = np.interp(at, time, first)
        ax.annotate(name, (at, high), (0, 5), textcoords="offset points", ha="center", fontsize=11)
    ax.margins(x=0, y=0.12)
    ax.set_xlabel("time after the R peak in s")
    ax.set_ylabel("mV")
    ax.legend(loc="upper right")
    plots.show(fig, words)
