"""Figures that lesson 09 alone draws."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator, PercentFormatter

from medtutor import metrics, plots
from medtutor.plots import COLOURS, DASHES, FULL, HALF, INKS, MARKERS


@plots.styled
def confusion(tables: Mapping[str, metrics.Table], names: Sequence[str], alt: str) -> None:
    """Show confusion tables side by side: the truth downwards, the call across."""
    fig, axes = plots.figure(1, len(tables), width=min(FULL, 3.6 * len(tables)), height=2.5)
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        cells = (
            (table.tp, "TP", 0, 0),
            (table.fn, "FN", 0, 1),
            (table.fp, "FP", 1, 0),
            (table.tn, "TN", 1, 1),
        )
        for count, short, row, column in cells:
            ink = COLOURS["blue" if row == column else "orange"]
            ax.add_patch(Rectangle((column, row), 1, 1, facecolor=ink, alpha=0.22, linewidth=0))
            ax.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=COLOURS["grey"]))
            ax.text(
                column + 0.5, row + 0.5, f"{short}\n{count}", ha="center", va="center", fontsize=13
            )
        ax.set(xlim=(0, 2), ylim=(2, 0), title=title, xlabel="called")
        ax.set_xticks((0.5, 1.5), names[::-1])
        ax.set_yticks((0.5, 1.5), names[::-1])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("in truth")
    plots.show(fig, alt)


@plots.styled
def roc_and_precision(
    labels: np.ndarray, scores: Mapping[str, np.ndarray], rare: float, alt: str
) -> None:
    """Show ROC curves, and precision-recall curves at two prevalences."""
    fig, axes = plots.figure(1, 2, height=4.1)
    left, right = axes[0]
    own = float(np.mean(labels))
    left.plot([0, 1], [0, 1], color=COLOURS["grey"], linewidth=1, linestyle=":")
    left.text(0.62, 0.56, "guessing", color=COLOURS["grey"], rotation=45, rotation_mode="anchor")
    for share in (own, rare):
        right.axhline(share, color=COLOURS["grey"], linewidth=1, linestyle=":")
        right.text(0.02, share + 0.01, f"guessing, {share:.0%} in class 1", color=COLOURS["grey"])
    for k, (name, values) in enumerate(scores.items()):
        wrong, found, _ = metrics.roc_curve(labels, values)
        left.plot(wrong, found, color=INKS[k], linestyle=DASHES[k], label=name)
        for share, width, where in ((own, 2.0, ""), (rare, 1.0, f" at {rare:.0%}")):
            precision, recall, _ = metrics.precision_recall_curve(labels, values, share)
            right.step(
                recall,
                precision,
                where="pre",
                color=INKS[k],
                linestyle=DASHES[k],
                linewidth=width,
                label=name + where,
            )
    left.set(
        xlabel="false-positive rate (1 - specificity)",
        aspect="equal",
        ylabel="true-positive rate (sensitivity)",
    )
    right.set(
        xlabel="recall (sensitivity)",
        ylabel="precision (PPV)",
        aspect="equal",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.04),
    )
    left.legend(loc="lower right")
    fig.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=9)
    plots.show(fig, alt)


@plots.styled
def predictive_values(
    sensitivity: float,
    specificity: float,
    draws: Sequence[tuple[float, float]],
    marked: Mapping[str, float],
    alt: str,
) -> None:
    """Show what a yes and a no are worth, against the prevalence, each with its band."""
    share = np.geomspace(0.001, 0.9, 120)
    values = metrics.predictive_values(sensitivity, specificity, share)
    rates = np.asarray(draws, float)[:, :, None]
    bands = metrics.predictive_values(rates[:, 0], rates[:, 1], share)
    fig, axes = plots.figure(width=FULL * 0.75, height=3.4)
    ax = axes[0, 0]
    names = ("PPV: a yes is right", "NPV: a no is right")
    for k, (name, value, band) in enumerate(zip(names, values, bands, strict=True)):
        low, high = np.nanpercentile(band, [2.5, 97.5], axis=0)
        ax.fill_between(share, low, high, color=INKS[k], alpha=0.18, linewidth=0)
        ax.plot(share, value, color=INKS[k], linestyle=DASHES[k], label=name)
    for name, at in marked.items():
        ax.axvline(at, color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.text(at, 1.04, name, ha="center", va="bottom", fontsize=9, color=COLOURS["grey"])
    ax.set(xscale="log", xlabel="prevalence", ylabel="share that is right", ylim=(0, 1.03))
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")  # 0.1% is not 0%
    ax.legend(loc="center left")
    plots.show(fig, alt)


@plots.styled
def reliability(
    labels: np.ndarray,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    patients: np.ndarray,
    event: str,
    alt: str,
    bins: int = 5,
) -> None:
    """Show reliability diagrams side by side, several sets of probabilities in each."""
    fig, axes = plots.figure(1, len(panels), height=4.3, sharey=True)
    for ax, (title, named) in zip(axes[0], panels.items(), strict=True):
        ax.plot([0, 1], [0, 1], ":", color=COLOURS["grey"], label="as often as predicted")
        for k, (name, p) in enumerate(named.items()):
            predicted, observed, size = metrics.calibration_bins(labels, p, bins)
            order = np.argsort(p, kind="stable")
            pieces = np.split(order, np.cumsum(size)[:-1])
            people = np.array([len(set(np.asarray(patients)[i])) for i in pieces])
            low, high = metrics.wilson(observed, people)
            ax.errorbar(
                predicted,
                observed,
                [observed - low, high - observed],
                capsize=3,
                color=INKS[k],
                fmt=MARKERS[k] + DASHES[k],
                label=name,
            )
        ax.set(
            title=title,
            xlabel=f"predicted probability of {event}",
            aspect="equal",
            xlim=(-0.03, 1.03),
            ylim=(-0.03, 1.03),
        )
        ax.legend(loc="upper left", fontsize=9)
    axes[0, 0].set_ylabel(f"share of {event}")
    plots.show(fig, alt)


@plots.styled
def coverage(
    patients: Sequence[int], named: Mapping[str, np.ndarray], alt: str, level: float = 0.95
) -> None:
    """Show how often intervals hold the truth, against the number of patients."""
    fig, axes = plots.figure(width=HALF * 1.2, height=3.2)
    ax = axes[0, 0]
    ax.axhline(level, color=COLOURS["grey"], linestyle=":", label=f"promised: {level:.0%}")
    for k, (name, shares) in enumerate(named.items()):
        ax.plot(patients, shares, color=INKS[k], linestyle=DASHES[k], marker=MARKERS[k], label=name)
    ax.set_xscale("log")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(patients, [str(n) for n in patients])
    ax.set(xlabel="patients in the study", ylabel="intervals that hold the truth", ylim=(0.5, 1))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend()
    plots.show(fig, alt)


@plots.styled
def folds(rows: Mapping[str, tuple[np.ndarray, metrics.Interval]], xlabel: str, alt: str) -> None:
    """Show the result of each fold, and below it that of everybody with its interval."""
    fig, axes = plots.figure(width=FULL * 0.75, height=0.9 + 0.7 * len(rows))
    ax = axes[0, 0]
    for k, (values, (value, low, high)) in enumerate(rows.values()):
        once = k == 0
        ax.plot(
            values,
            np.full(len(values), k - 0.15),
            linestyle="none",
            marker=MARKERS[k % 4],
            color=INKS[k % 4],
            fillstyle="none",
            label="a fold" if once else None,
        )
        ax.plot(
            [low, high],
            [k + 0.2, k + 0.2],
            color=INKS[k % 4],
            linewidth=2,
            label="all patients, 95 % interval" if once else None,
        )
        ax.plot(value, k + 0.2, color=INKS[k % 4], marker=MARKERS[k % 4], markersize=8)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlabel=xlabel, ylim=(len(rows) - 0.4, -0.6))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.show(fig, alt)


@plots.styled
def choice(
    validation: np.ndarray,
    test: np.ndarray,
    gaps: Mapping[str, np.ndarray],
    alt: str,
    ylabel: str = "AUC",
) -> None:
    """Show one training epoch by epoch with the epochs chosen, and what such a choice gains."""
    fig, axes = plots.figure(1, 2, height=3.3)
    left, right = axes[0]
    epochs = np.arange(1, len(test) + 1)
    left.plot(epochs, validation, "--", color=COLOURS["orange"], label="validation")
    left.plot(epochs, test, color=COLOURS["blue"], label="test")
    honest, best = int(np.argmax(validation)), int(np.argmax(test))
    left.plot(
        epochs[honest],
        test[honest],
        "o",
        color=COLOURS["blue"],
        markersize=8,
        label="chosen on validation",
    )
    left.plot(
        epochs[best],
        test[best],
        "^",
        color=COLOURS["pink"],
        markersize=9,
        label="chosen on the test",
    )
    left.set(xlabel="epoch", ylabel=ylabel)
    left.margins(y=0.35)
    left.legend(fontsize=9, ncols=2)
    for k, values in enumerate(gaps.values()):
        jitter = np.linspace(-0.25, 0.25, len(values))
        right.plot(
            np.sort(values),
            k + jitter,
            linestyle="none",
            marker=MARKERS[k % 4],
            color=INKS[k % 4],
            markersize=4,
            alpha=0.5,
        )
        right.plot([np.mean(values)] * 2, [k - 0.35, k + 0.35], color=COLOURS["black"], linewidth=2)
    right.axvline(0, color=COLOURS["grey"], linestyle="--", linewidth=1)
    right.set_yticks(range(len(gaps)), list(gaps))
    right.set(xlabel=f"{ylabel} gained; black line: mean", ylim=(len(gaps) - 0.4, -0.6))
    plots.show(fig, alt)
