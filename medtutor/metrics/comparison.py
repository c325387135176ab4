"""Two models on the same patients, and models that are tested on everybody in turn."""

from collections.abc import Callable

import numpy as np

from medtutor.errors import DataError
from medtutor.metrics.intervals import bootstrap
from medtutor.types import Interval


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


def out_of_fold(
    fit_predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    folds: int = 5,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Predict every sample by a model that was trained without its fold.

    Parameters
    ----------
    fit_predict : callable
        ``fit_predict(train, test)`` takes two arrays of indices, trains a fresh model on the first
        and returns the predictions of the second.
    labels : ndarray of int, shape (n,)
        Kept in similar proportion in all folds.
    groups : ndarray, shape (n,)
        What must not be torn apart: the patient of each sample.
    folds : int
        Number of parts.
    seed : int
        Seed of the deal.

    Returns
    -------
    predictions : ndarray of float64, shape (n,)
        Each sample predicted once.
    fold : ndarray of int, shape (n,)
        The fold in which it was tested.

    Raises
    ------
    DataError
        If there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    people = len(np.unique(groups))
    if people < folds:
        raise DataError(f"{people} patients for {folds} folds", remedy="Use fewer folds.")
    predictions, fold = np.empty(len(labels)), np.empty(len(labels), int)
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for k, (train, test) in enumerate(dealer.split(np.zeros(len(labels)), labels, groups)):
        predictions[test] = fit_predict(train, test)
        fold[test] = k
    return predictions, fold
