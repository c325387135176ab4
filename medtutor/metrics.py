"""Metrics with a patient-level interval.

Ten slices of one patient are not ten independent witnesses. Every interval here comes from a
bootstrap that draws whole patients with replacement and so is as wide as the number of patients
makes it (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13; for clustered data
Davison & Hinkley, Bootstrap Methods and their Application, 1997, sec. 3.8).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from medtutor.errors import DataError


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write it as ``0.912 (95 % CI 0.871 to 0.945)``."""
        return f"{self.value:.3f} (95 % CI {self.low:.3f} to {self.high:.3f})"


def bootstrap(
    statistic: Callable[..., float],
    *arrays: np.ndarray,
    groups: np.ndarray,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Estimate a statistic and its interval by resampling whole patients.

    Parameters
    ----------
    statistic : callable
        Takes the arrays and returns one number; NaN where it is not defined (one class only).
    *arrays : ndarray, shape (n, …)
        Values of each sample.
    groups : ndarray, shape (n,)
        Patient of each sample.
    resamples : int
        Number of bootstrap draws.
    level : float
        Coverage that the percentile interval aims at.
    seed : int
        Seed of the draws.

    Returns
    -------
    Interval
        The statistic of all samples, and the percentile interval over patients.

    Raises
    ------
    DataError
        If there is no sample, or the arrays differ in length.
    """
    groups = np.asarray(groups)
    data = [np.asarray(a) for a in arrays]
    if len(groups) == 0 or any(len(a) != len(groups) for a in data):
        raise DataError(f"arrays of {[len(a) for a in data]} values for {len(groups)} patients")
    _, member = np.unique(groups, return_inverse=True)
    order = np.argsort(member, kind="stable")
    people = np.split(order, np.flatnonzero(np.diff(member[order])) + 1)
    rng = np.random.default_rng(seed)
    draws = np.empty(resamples)
    for k in range(resamples):
        chosen = np.concatenate([people[i] for i in rng.integers(0, len(people), len(people))])
        draws[k] = statistic(*(a[chosen] for a in data))
    tail = 100 * (1 - level) / 2
    low, high = (
        np.nanpercentile(draws, [tail, 100 - tail])
        if np.isfinite(draws).any()
        else (np.nan, np.nan)
    )
    return Interval(float(statistic(*data)), float(low), float(high))


def area_under_roc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve; NaN when there is only one class.

    By ranks (Hanley & McNeil, Radiology 143:29, 1982), the same number as scikit-learn's: a
    bootstrap asks for it a thousand times, and ranks are many times faster than its checks.

    Parameters
    ----------
    labels : ndarray of int or bool, shape (n,)
        1 or True for the class that a high score announces, else 0.
    scores : ndarray of float, shape (n,)
        Any score; only its order counts.

    Returns
    -------
    float
        From 0 to 1; a tie counts one half.

    Raises
    ------
    DataError
        If a score is NaN.
    """
    if np.isnan(scores).any():
        raise DataError("a score is NaN", remedy="Look for NaN in what the model was given.")
    positive = np.asarray(labels) == 1
    ones, zeros = np.sum(positive), np.sum(~positive)
    if ones == 0 or zeros == 0:
        return float("nan")
    above = rankdata(scores)[positive].sum() - ones * (ones + 1) / 2
    return float(above / (ones * zeros))


def auc(labels: np.ndarray, scores: np.ndarray, patients: np.ndarray, seed: int = 0) -> Interval:
    """Area under the ROC curve with its patient-level interval.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class that a high score announces, 0 for the other.
    scores : ndarray of float, shape (n,)
        Any score; only its order counts.
    patients : ndarray, shape (n,)
        Patient of each sample.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Interval
        The chance that a sample of class 1 scores higher than one of class 0.
    """
    return bootstrap(area_under_roc, labels, scores, groups=patients, seed=seed)


def accuracy(
    labels: np.ndarray, predictions: np.ndarray, patients: np.ndarray, seed: int = 0
) -> Interval:
    """Share of samples whose predicted class is right, with its patient-level interval.

    Parameters
    ----------
    labels, predictions : ndarray of int, shape (n,)
        True and predicted class.
    patients : ndarray, shape (n,)
        Patient of each sample.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Interval
        Accuracy from 0 to 1.
    """
    right = np.asarray(labels) == np.asarray(predictions)
    return bootstrap(_mean, right, groups=patients, seed=seed)


def mae(errors: np.ndarray, subjects: np.ndarray, seed: int = 0) -> Interval:
    """Mean absolute error with its subject-level interval.

    Parameters
    ----------
    errors : ndarray of float, shape (n,)
        Prediction minus truth, in the unit of the target.
    subjects : ndarray, shape (n,)
        Subject of each sample.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Interval
        Mean absolute error, same unit.
    """
    return bootstrap(_mean, np.abs(errors), groups=subjects, seed=seed)


def paired_difference(
    statistic: Callable[..., float],
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
) -> Interval:
    """Difference of a statistic between two predictors of the same samples.

    Both are resampled together, so what makes a patient easy or hard for both cancels out.

    Parameters
    ----------
    statistic : callable
        ``statistic(truth, prediction)``, one number.
    truth, first, second : ndarray, shape (n,)
        Truth and the two predictions.
    groups : ndarray, shape (n,)
        Patient of each sample.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Interval
        ``statistic(truth, first) - statistic(truth, second)``.
    """

    def difference(t: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        return statistic(t, a) - statistic(t, b)

    return bootstrap(difference, truth, first, second, groups=groups, seed=seed)


def calibration_bins(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare predicted probabilities with observed frequencies in bins of equal size.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 where the event happened.
    probabilities : ndarray of float, shape (n,)
        Predicted probability of the event.
    bins : int
        Number of bins; each holds about n / bins samples.

    Returns
    -------
    predicted, observed, size : ndarray, shape (bins,)
        Mean prediction, share of events and number of samples of each bin.
    """
    order = np.argsort(probabilities, kind="stable")
    pieces = [p for p in np.array_split(order, bins) if len(p)]
    predicted = np.array([probabilities[p].mean() for p in pieces])
    observed = np.array([np.asarray(labels)[p].mean() for p in pieces])
    return predicted, observed, np.array([len(p) for p in pieces])


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))
