"""Figures of a model's training and of how good it came out."""

from collections.abc import Mapping, Sequence

import numpy as np

from medtutor.metrics import bootstrap, calibration_bins, roc_curve, wilson
from medtutor.plots.style import COLOURS, FULL, HALF, figure, show

_ORDER = ("blue", "orange", "green", "pink", "sky", "yellow")
_DASHES = ("-", "--", "-.", ":")
_GRID = np.linspace(0, 1, 101)  # false-positive rates at which a ROC curve is read


def losses(
    histories: Mapping[str, list[float]] | Sequence[Mapping[str, list[float]]],
    alt: str,
    names: Sequence[str] | None = None,
    label: str = "loss",
    log: bool = False,
) -> None:
    """Show training and validation loss over the epochs, one panel for each model.

    Parameters
    ----------
    histories : dict, or sequence of dict, of str to list of float
        What `fit` returned: "loss" and, with a validation part, "val_loss".
    alt : str
        What is seen.
    names : sequence of str, optional
        Title of each panel.
    label : str
        Name and unit of the loss.
    log : bool
        Whether the losses span orders of magnitude.
    """
    runs = [histories] if isinstance(histories, Mapping) else list(histories)
    fig, axes = figure(1, len(runs), width=HALF if len(runs) == 1 else FULL, height=2.9,
                       sharey=True)  # fmt: skip
    for k, (ax, run) in enumerate(zip(axes[0], runs, strict=True)):
        epochs = np.arange(1, len(run["loss"]) + 1)
        ax.plot(epochs, run["loss"], color=COLOURS["blue"], label="training")
        if "val_loss" in run:
            ax.plot(epochs, run["val_loss"], "--", color=COLOURS["orange"], label="validation")
            best = int(np.argmin(run["val_loss"]))
            ax.plot(epochs[best], run["val_loss"][best], "o", color=COLOURS["orange"],
                    label="lowest")  # fmt: skip
        ax.set_xlabel("epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if names is not None:
            ax.set_title(names[k])
        if log:
            ax.set_yscale("log")
    if not log:  # after all panels are drawn: they share the axis
        axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].set_ylabel(label)
    axes[0, 0].legend()
    show(fig, alt)


def schedule(rates: np.ndarray, steps_per_epoch: int, alt: str) -> None:
    """Show the learning rate over the epochs.

    Parameters
    ----------
    rates : ndarray of float, shape (steps,)
        Learning rate of each step.
    steps_per_epoch : int
        Steps in one epoch.
    alt : str
        What is seen.
    """
    fig, axes = figure(width=HALF, height=2.2)
    axes[0, 0].plot(np.arange(len(rates)) / steps_per_epoch, rates, color=COLOURS["blue"])
    axes[0, 0].set_xlabel("epoch")
    axes[0, 0].set_ylabel("learning rate")
    axes[0, 0].set_ylim(bottom=0)
    show(fig, alt)


def scores(
    groups: Mapping[str, np.ndarray],
    xlabel: str,
    alt: str,
    bins: int | np.ndarray = 20,
    threshold: float | None = None,
) -> None:
    """Show how a score is distributed in each class, one row for each.

    Parameters
    ----------
    groups : dict of str to ndarray, each shape (n_class,)
        Class name to the scores of its samples.
    xlabel : str
        Name and unit of the score.
    alt : str
        What is seen.
    bins : int, or ndarray of edges
        Bins, the same for all classes.
    threshold : float, optional
        Where a decision is taken; drawn as a vertical line.
    """
    edges = np.histogram_bin_edges(np.concatenate(list(groups.values())), bins)
    fig, axes = figure(len(groups), height=0.6 + 1.05 * len(groups), sharex=True, sharey=True)
    for k, (ax, (name, values)) in enumerate(zip(axes[:, 0], groups.items(), strict=True)):
        ax.hist(values, edges, color=COLOURS[_ORDER[k % len(_ORDER)]])
        ax.set_title(f"{name} ({len(values)})", fontsize=10, loc="right", y=0.78,
                     backgroundcolor="#ffffffcc")  # fmt: skip
        if threshold is not None:
            ax.axvline(threshold, color=COLOURS["black"], linestyle="--", linewidth=1)
        ax.set_ylabel("count")
    axes[-1, 0].set_xlabel(xlabel)
    show(fig, alt)


def roc(
    labels: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    patients: np.ndarray,
    alt: str,
    people: str = "patients",
) -> None:
    """Show ROC curves of several predictors of the same samples; the first one with its band.

    The band holds, at each false-positive rate by itself, 95 % of the curves that come out when
    whole patients are drawn anew (`roc_band`).

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class that a high score announces, 0 for the other; both must occur.
    predictions : dict of str to ndarray, each shape (n,)
        Name in the legend to scores.
    patients : ndarray, shape (n,)
        Patient of each sample.
    alt : str
        What is seen.
    people : str
        What is drawn anew, for the legend.
    """
    fig, axes = figure(width=HALF, height=4.4)
    ax = axes[0, 0]
    ax.plot([0, 1], [0, 1], color=COLOURS["grey"], linewidth=1, linestyle=":")
    ax.text(0.62, 0.56, "guessing", color=COLOURS["grey"], rotation=45, rotation_mode="anchor")
    for k, (name, values) in enumerate(predictions.items()):
        colour = COLOURS[_ORDER[k % len(_ORDER)]]
        if k == 0:
            low, high = roc_band(labels, values, patients)
            ax.fill_between(_GRID, low, high, color=colour, alpha=0.18, linewidth=0,
                            label=f"95 % of {people} drawn anew")  # fmt: skip
        wrong, right = _curve(labels, values)
        ax.plot(wrong, right, color=colour, linestyle=_DASHES[k % len(_DASHES)], label=name)
    ax.set_xlabel("false-positive rate (1 - specificity)")
    ax.set_ylabel("true-positive rate (sensitivity)")
    ax.set_aspect("equal")
    ax.legend(loc="lower right")
    show(fig, alt)


def roc_band(
    labels: np.ndarray, values: np.ndarray, patients: np.ndarray, resamples: int = 500
) -> tuple[np.ndarray, np.ndarray]:
    """Give the pointwise 95 % band of a ROC curve over patients.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 or 0.
    values : ndarray of float, shape (n,)
        Scores.
    patients : ndarray, shape (n,)
        Patient of each sample.
    resamples : int
        Number of bootstrap draws.

    Returns
    -------
    low, high : ndarray, shape (101,)
        True-positive rates at false-positive rates from 0 to 1 in steps of 0.01.
    """
    draws: list[np.ndarray] = []

    def keep(truth: np.ndarray, score: np.ndarray) -> float:
        if 0 < truth.sum() < len(truth):
            draws.append(np.interp(_GRID, *_curve(truth, score)))
        return 0.0

    bootstrap(keep, np.asarray(labels), values, groups=patients, resamples=resamples)
    # bootstrap draws numbers; the curves are collected on the way. Its last call is the whole set.
    low, high = np.percentile(draws[:-1], [2.5, 97.5], axis=0)
    return low, high


def reliability(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
    alt: str,
    bins: int = 5,
    event: str = "class 1",
) -> None:
    """Show how often an event happened where a model gave it a certain probability.

    The bars are Wilson's 95 % intervals, with the number of patients in a bin in place of the
    number of samples: several samples of one patient are not several witnesses.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 where the event happened.
    probabilities : ndarray of float, shape (n,)
        Predicted probability of the event.
    patients : ndarray, shape (n,)
        Patient of each sample.
    alt : str
        What is seen.
    bins : int
        Number of bins of equal size.
    event : str
        Name of the event.
    """
    predicted, observed, size = calibration_bins(labels, probabilities, bins)
    order = np.argsort(probabilities, kind="stable")
    people = [len(set(np.asarray(patients)[p])) for p in np.split(order, np.cumsum(size)[:-1])]
    low, high = wilson(observed, np.array(people))
    fig, axes = figure(width=HALF, height=4.2)
    ax = axes[0, 0]
    ax.plot([0, 1], [0, 1], ":", color=COLOURS["grey"], label="as often as predicted")
    ax.errorbar(predicted, observed, [observed - low, high - observed], fmt="o-", capsize=3,
                color=COLOURS["blue"], label="this model, 95 % interval")  # fmt: skip
    ax.legend(loc="upper left")
    ax.set(xlabel=f"predicted probability of {event}, mean of a bin",
           ylabel=f"share of {event} in the bin", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03),
           aspect="equal")  # fmt: skip
    show(fig, alt)


def _curve(labels: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give false- and true-positive rates at every threshold."""
    return roc_curve(labels, values)[:2]
