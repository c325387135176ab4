"""Figures about evaluation: tables, curves, predictive values, calibration, folds, choices."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator, PercentFormatter

from medtutor import metrics
from medtutor.plots.arrays import INKS, LINES, MARKERS
from medtutor.plots.style import COLOURS, FULL, HALF, figure, show


def confusion(
    tables: Mapping[str, metrics.Table], names: Sequence[str], alt: str
) -> None:  # fmt: skip
    """Show confusion tables side by side: the truth downwards, the call across.

    Parameters
    ----------
    tables : dict of str to Table
        Title to counts.
    names : sequence of str
        Names of class 0 and class 1.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, len(tables), width=min(FULL, 3.6 * len(tables)), height=2.5)
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        cells = ((table.tp, "TP", 0, 0), (table.fn, "FN", 0, 1),
                 (table.fp, "FP", 1, 0), (table.tn, "TN", 1, 1))  # fmt: skip
        for count, short, row, column in cells:
            ink = COLOURS["blue" if row == column else "orange"]
            ax.add_patch(Rectangle((column, row), 1, 1, facecolor=ink, alpha=0.22, linewidth=0))
            ax.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=COLOURS["grey"]))
            ax.text(column + 0.5, row + 0.5, f"{short}\n{count}", ha="center", va="center",
                    fontsize=13)  # fmt: skip
        ax.set(xlim=(0, 2), ylim=(2, 0), title=title, xlabel="called")
        ax.set_xticks((0.5, 1.5), names[::-1])
        ax.set_yticks((0.5, 1.5), names[::-1])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("in truth")
    show(fig, alt)


def roc_and_precision(
    labels: np.ndarray, scores: Mapping[str, np.ndarray], rare: float, alt: str
) -> None:
    """Show ROC curves, and precision-recall curves at two prevalences.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class that a high score announces, 0 for the other; both must occur.
    scores : dict of str to ndarray, each shape (n,)
        Legend to scores; at most four.
    rare : float
        A prevalence below that of the labels: thin lines show the precision there.
    alt : str
        What is seen.
    """
    fig, axes = figure(1, 2, height=4.1)
    left, right = axes[0]
    own = float(np.mean(labels))
    left.plot([0, 1], [0, 1], color=COLOURS["grey"], linewidth=1, linestyle=":")
    left.text(0.62, 0.56, "guessing", color=COLOURS["grey"], rotation=45, rotation_mode="anchor")
    for share in (own, rare):
        right.axhline(share, color=COLOURS["grey"], linewidth=1, linestyle=":")
        right.text(0.02, share + 0.01, f"guessing, {share:.0%} in class 1", color=COLOURS["grey"])
    for k, (name, values) in enumerate(scores.items()):
        wrong, found, _ = metrics.roc_curve(labels, values)
        left.plot(wrong, found, color=INKS[k], linestyle=LINES[k], label=name)
        for share, width, where in ((own, 2.0, ""), (rare, 1.0, f" at {rare:.0%}")):
            precision, recall, _ = metrics.precision_recall_curve(labels, values, share)
            right.step(recall, precision, where="pre", color=INKS[k], linestyle=LINES[k],
                       linewidth=width, label=name + where)  # fmt: skip
    left.set(xlabel="false-positive rate (1 - specificity)", aspect="equal",
             ylabel="true-positive rate (sensitivity)")  # fmt: skip
    right.set(xlabel="recall (sensitivity)", ylabel="precision (PPV)", aspect="equal",
              xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))  # fmt: skip
    left.legend(loc="lower right")
    fig.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=9)
    show(fig, alt)


def predictive_values(
    sensitivity: float,
    specificity: float,
    draws: Sequence[tuple[float, float]],
    marked: Mapping[str, float],
    alt: str,
) -> None:
    """Show what a yes and a no are worth, against the prevalence, each with its band.

    Parameters
    ----------
    sensitivity, specificity : float
        Rates of the test.
    draws : sequence of (sensitivity, specificity)
        The same rates with other patients; the band holds the middle 95 % at each prevalence.
    marked : dict of str to float
        Name to a prevalence, drawn as a vertical line.
    alt : str
        What is seen.
    """
    share = np.geomspace(0.001, 0.9, 120)
    values = metrics.predictive_values(sensitivity, specificity, share)
    rates = np.asarray(draws, float)[:, :, None]
    bands = metrics.predictive_values(rates[:, 0], rates[:, 1], share)
    fig, axes = figure(width=FULL * 0.75, height=3.4)
    ax = axes[0, 0]
    names = ("PPV: a yes is right", "NPV: a no is right")
    for k, (name, value, band) in enumerate(zip(names, values, bands, strict=True)):
        low, high = np.nanpercentile(band, [2.5, 97.5], axis=0)
        ax.fill_between(share, low, high, color=INKS[k], alpha=0.18, linewidth=0)
        ax.plot(share, value, color=INKS[k], linestyle=LINES[k], label=name)
    for name, at in marked.items():
        ax.axvline(at, color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.text(at, 1.04, name, ha="center", va="bottom", fontsize=9, color=COLOURS["grey"])
    ax.set(xscale="log", xlabel="prevalence", ylabel="share that is right", ylim=(0, 1.03))
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")  # 0.1% is not 0%
    ax.legend(loc="center left")
    show(fig, alt)


def reliability(
    labels: np.ndarray,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    patients: np.ndarray,
    event: str,
    alt: str,
    bins: int = 5,
) -> None:
    """Show reliability diagrams side by side, several sets of probabilities in each.

    The bars are Wilson's 95 % intervals over the patients of a bin, as in `training.reliability`.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 where the event happened.
    panels : dict of str to dict of str to ndarray, each shape (n,)
        Title to legend to predicted probabilities.
    patients : ndarray, shape (n,)
        Patient of each sample.
    event : str
        Name of the event.
    alt : str
        What is seen.
    bins : int
        Number of bins of equal size.
    """
    fig, axes = figure(1, len(panels), height=4.3, sharey=True)
    for ax, (title, named) in zip(axes[0], panels.items(), strict=True):
        ax.plot([0, 1], [0, 1], ":", color=COLOURS["grey"], label="as often as predicted")
        for k, (name, p) in enumerate(named.items()):
            predicted, observed, size = metrics.calibration_bins(labels, p, bins)
            order = np.argsort(p, kind="stable")
            pieces = np.split(order, np.cumsum(size)[:-1])
            people = np.array([len(set(np.asarray(patients)[i])) for i in pieces])
            low, high = metrics.wilson(observed, people)
            ax.errorbar(predicted, observed, [observed - low, high - observed], capsize=3,
                        color=INKS[k], fmt=MARKERS[k] + LINES[k], label=name)  # fmt: skip
        ax.set(title=title, xlabel=f"predicted probability of {event}", aspect="equal",
               xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))  # fmt: skip
        ax.legend(loc="upper left", fontsize=9)
    axes[0, 0].set_ylabel(f"share of {event}")
    show(fig, alt)


def coverage(
    patients: Sequence[int], named: Mapping[str, np.ndarray], alt: str, level: float = 0.95
) -> None:
    """Show how often intervals hold the truth, against the number of patients.

    Parameters
    ----------
    patients : sequence of int, shape (m,)
        Patients of a study.
    named : dict of str to ndarray, each shape (m,)
        Legend to the share of intervals that hold the truth.
    alt : str
        What is seen.
    level : float
        What was promised, drawn as a line.
    """
    fig, axes = figure(width=HALF * 1.2, height=3.2)
    ax = axes[0, 0]
    ax.axhline(level, color=COLOURS["grey"], linestyle=":", label=f"promised: {level:.0%}")
    for k, (name, shares) in enumerate(named.items()):
        ax.plot(patients, shares, color=INKS[k], linestyle=LINES[k], marker=MARKERS[k], label=name)
    ax.set_xscale("log")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(patients, [str(n) for n in patients])
    ax.set(xlabel="patients in the study", ylabel="intervals that hold the truth", ylim=(0.5, 1))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend()
    show(fig, alt)


def folds(
    rows: Mapping[str, tuple[np.ndarray, metrics.Interval]], xlabel: str, alt: str
) -> None:  # fmt: skip
    """Show the result of each fold, and below it that of everybody with its interval.

    Parameters
    ----------
    rows : dict of str to (ndarray, Interval)
        Name of a model to its results fold by fold, and to the one over all patients.
    xlabel : str
        The measure.
    alt : str
        What is seen.
    """
    fig, axes = figure(width=FULL * 0.75, height=0.9 + 0.7 * len(rows))
    ax = axes[0, 0]
    for k, (values, (value, low, high)) in enumerate(rows.values()):
        once = k == 0
        ax.plot(values, np.full(len(values), k - 0.15), linestyle="none", marker=MARKERS[k % 4],
                color=INKS[k % 4], fillstyle="none", label="a fold" if once else None)  # fmt: skip
        ax.plot([low, high], [k + 0.2, k + 0.2], color=INKS[k % 4], linewidth=2,
                label="all patients, 95 % interval" if once else None)  # fmt: skip
        ax.plot(value, k + 0.2, color=INKS[k % 4], marker=MARKERS[k % 4], markersize=8)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlabel=xlabel, ylim=(len(rows) - 0.4, -0.6))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    show(fig, alt)


def choice(
    validation: np.ndarray,
    test: np.ndarray,
    gaps: Mapping[str, np.ndarray],
    alt: str,
    ylabel: str = "AUC",
) -> None:
    """Show one training epoch by epoch with the epochs chosen, and what such a choice gains.

    Parameters
    ----------
    validation, test : ndarray, shape (epochs,)
        The measure after each epoch of one training.
    gaps : dict of str to ndarray, each shape (repetitions,)
        Legend to differences: epoch chosen on the test minus epoch chosen on the validation part.
    alt : str
        What is seen.
    ylabel : str
        The measure.
    """
    fig, axes = figure(1, 2, height=3.3)
    left, right = axes[0]
    epochs = np.arange(1, len(test) + 1)
    left.plot(epochs, validation, "--", color=COLOURS["orange"], label="validation")
    left.plot(epochs, test, color=COLOURS["blue"], label="test")
    honest, best = int(np.argmax(validation)), int(np.argmax(test))
    left.plot(epochs[honest], test[honest], "o", color=COLOURS["blue"], markersize=8,
              label="chosen on validation")  # fmt: skip
    left.plot(epochs[best], test[best], "^", color=COLOURS["pink"], markersize=9,
              label="chosen on the test")  # fmt: skip
    left.set(xlabel="epoch", ylabel=ylabel)
    left.margins(y=0.35)
    left.legend(fontsize=9, ncols=2)
    for k, values in enumerate(gaps.values()):
        jitter = np.linspace(-0.25, 0.25, len(values))
        right.plot(np.sort(values), k + jitter, linestyle="none", marker=MARKERS[k % 4],
                   color=INKS[k % 4], markersize=4, alpha=0.5)  # fmt: skip
        right.plot([np.mean(values)] * 2, [k - 0.35, k + 0.35], color=COLOURS["black"], linewidth=2)
    right.axvline(0, color=COLOURS["grey"], linestyle="--", linewidth=1)
    right.set_yticks(range(len(gaps)), list(gaps))
    right.set(xlabel=f"{ylabel} gained; black line: mean", ylim=(len(gaps) - 0.4, -0.6))
    show(fig, alt)
