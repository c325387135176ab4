"""Figures of lesson 09: tables, curves and choices that no other lesson draws."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medtutor import knobs, metrics, plots
from medtutor.plots import COLOURS


@plots.styled
def confusion(tables: Mapping[str, Any], names: Sequence[str]) -> None:
    """Show confusion tables side by side: the truth downwards, the call across."""
    fig, axes = plots.figure(1, len(tables), width=7.2, height=2.5)
    for ax, (title, t) in zip(axes[0], tables.items(), strict=True):
        counts = [[t.tp, t.fn], [t.fp, t.tn]]
        words = names[::-1]
        plots.matrix(counts, words, words, ax=ax, write="{:.0f}", title=title, xlabel="called")
    axes[0, 0].set_ylabel("in truth")
    plots.show(fig, "confusion")


@plots.styled
def roc_and_precision(
    curves: Mapping[str, tuple[Any, Any, Any]],
    precision: Mapping[str, Mapping[str, tuple[Any, Any]]],
    guessing: Mapping[str, float],
) -> None:
    """Show ROC curves, and precision against recall at several prevalences."""
    fig, axes = plots.figure(1, 1 + len(precision), height=3.6)
    left, *rest = axes[0]
    plots.roc({name: curve[:2] for name, curve in curves.items()}, ax=left)
    for ax, (title, named) in zip(rest, precision.items(), strict=True):
        ax.axhline(guessing[title], color=COLOURS["grey"], linestyle=":")
        ax.text(0.5, guessing[title] + 0.02, "guessing", color=COLOURS["grey"], ha="center")
        for name, (recall, values), style in plots.looks(named):
            ax.step(recall, values, where="pre", label=name, **style)
        ax.set(xlabel="recall (sensitivity)", aspect="equal", title=title)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    rest[0].set_ylabel("precision (PPV)")
    plots.show(fig, "roc_and_precision")


@plots.styled
def predictive_values(
    prevalence: np.ndarray, bands: Mapping[str, np.ndarray], marked: Mapping[str, float]
) -> None:
    """Show what a yes and a no are worth, against the prevalence, each with its band."""
    fig, axes = plots.figure(width=6.5, height=3.4)
    ax = axes[0, 0]
    for name, at in marked.items():
        ax.axvline(at, color=COLOURS["grey"], linewidth=1, linestyle=":")
        ax.text(at, 1.04, name, ha="center", va="bottom", fontsize=9, color=COLOURS["grey"])
    plots.lines(
        prevalence,
        bands,
        ax=ax,
        log="x",
        xlabel="prevalence",
        ylabel="share that is right",
        ylim=(0, 1.03),
        legend="center left",
    )
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")  # 0.1% is not 0%
    plots.show(fig, "predictive_values")


@plots.styled
def folds(rows: Mapping[str, tuple[Any, Any]], xlabel: str) -> None:
    """Show the result of each fold, and below it that of everybody with its interval."""
    fig, axes = plots.figure(width=6.5, height=0.9 + 0.7 * len(rows))
    ax = axes[0, 0]
    for k, (_, (values, (value, low, high)), style) in enumerate(plots.looks(rows, dots=True)):
        words = ("a fold", "all patients, 95 % interval") if k == 0 else (None, None)
        at = np.full(len(values), k - 0.15)
        ax.plot(values, at, fillstyle="none", label=words[0], **style)
        reach = [[value - low], [high - value]]
        ax.errorbar([value], [k + 0.2], xerr=reach, elinewidth=2, label=words[1], **style)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlabel=xlabel, ylim=(len(rows) - 0.4, -0.6))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.show(fig, "folds")


@plots.styled
def choice(validation: np.ndarray, test: np.ndarray, gaps: Mapping[str, Any]) -> None:
    """Show one training with the epochs chosen, and what choosing on the test gains."""
    fig, axes = plots.figure(1, 2, height=3.3)
    left, right = axes[0]
    plots.lines(None, {"test": test, "validation": validation}, ax=left)
    chosen = (
        ("chosen on validation", int(np.argmax(validation)), "o", "blue"),
        ("chosen on the test", int(np.argmax(test)), "^", "pink"),
    )
    for name, k, marker, ink in chosen:
        left.plot(k + 1, test[k], marker, color=COLOURS[ink], markersize=9, label=name)
    left.set(xlabel="epoch", ylabel="AUC", ymargin=0.35)
    left.legend(fontsize=9, ncols=2)
    for k, (_, values, style) in enumerate(plots.looks(gaps, dots=True)):
        at = k + np.linspace(-0.25, 0.25, len(values))
        right.plot(np.sort(values), at, markersize=4, alpha=0.5, **style)
        right.plot([np.mean(values)] * 2, [k - 0.35, k + 0.35], color="black", linewidth=2)
    right.axvline(0, color=COLOURS["grey"], linestyle="--", linewidth=1)
    right.set_yticks(range(len(gaps)), list(gaps))
    right.set(xlabel="AUC gained; black line: mean", ylim=(len(gaps) - 0.4, -0.6))
    plots.show(fig, "choice")


def threshold_to_turn(
    y: np.ndarray, p: np.ndarray, chosen: float, names: Sequence[str], words: str
) -> None:
    """Let threshold and prevalence be turned; the prevalence moves the predictive values alone."""
    thresholds = np.unique(np.round([*np.linspace(0, 1, 51), chosen], 2))
    percent = [0.5, 1, 2, 5, 10, 20, 50]
    tables = [metrics.confusion(y, p >= threshold) for threshold in thresholds]
    counts = np.array([[[t.tp, t.fn], [t.fp, t.tn]] for t in tables])[:, None]
    found, left = (np.array([[t.sensitivity, t.specificity] for t in tables]).T)[..., None]
    yes, no = metrics.predictive_values(found, left, np.array(percent) / 100)
    wrong, right, _ = metrics.roc_curve(y, p)
    roc = knobs.curves(
        {
            "ROC curve of the network": (wrong, right),
            "this threshold": (1 - left[..., None], found[..., None]),
        },
        dots=["this threshold"],
        title="ROC",
        xlabel="1 \N{MINUS SIGN} specificity",
        ylabel="sensitivity",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    heads = [f"truly {name}" for name in names[::-1]], ["yes", "no"]
    knobs.show(
        {"threshold": thresholds, "prevalence in %": percent},
        [roc, knobs.cells(counts, title=f"{len(y)} test samples", heads=heads, side=56)],
        start=(np.round(chosen, 2), 5),
        says="Sensitivity {:.2f}, specificity {:.2f}. "
        "At this prevalence {:.0f} of 100 yeses are right, and {:.1f} of 100 noes.",
        numbers=[found, left, 100 * yes, 100 * no],
        words=words,
    )
