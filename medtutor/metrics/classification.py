"""How well two classes are told apart: tables, rates, curves and areas."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from medtutor.errors import DataError
from medtutor.metrics.intervals import bootstrap
from medtutor.types import Interval


class Table(NamedTuple):
    """The four counts of a yes-no decision; a rate without a case to count is NaN.

    Parameters
    ----------
    tp, fn : int
        Samples of class 1 that were called 1, and that were missed.
    fp, tn : int
        Samples of class 0 that were called 1, and that were let go.
    """

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def accuracy(self) -> float:
        """Share of all calls that are right."""
        return _share(self.tp + self.tn, sum(self))

    @property
    def sensitivity(self) -> float:
        """Share of class 1 that is found; also called recall."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float:
        """Share of class 0 that is let go."""
        return _share(self.tn, self.tn + self.fp)

    @property
    def ppv(self) -> float:
        """Share of the positive calls that are right; also called precision."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def npv(self) -> float:
        """Share of the negative calls that are right."""
        return _share(self.tn, self.tn + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def confusion(labels: np.ndarray, called: np.ndarray) -> Table:
    """Count right and wrong calls.

    Parameters
    ----------
    labels : ndarray of int or bool, shape (n,)
        1 or True where the sample is of class 1.
    called : ndarray of int or bool, shape (n,)
        1 or True where the model says so.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If the arrays differ in length, or hold something else than 0 and 1.
    """
    labels, called = np.asarray(labels), np.asarray(called)
    if labels.shape != called.shape:
        raise DataError(f"{labels.shape} labels but {called.shape} calls")
    if not (np.isin(labels, (0, 1)).all() and np.isin(called, (0, 1)).all()):
        raise DataError(
            "a table counts 0 and 1 only", remedy="Compare the scores with a threshold first."
        )
    y, yes = labels == 1, called == 1
    tp, fp, ill = (int(np.count_nonzero(a)) for a in (y & yes, ~y & yes, y))
    return Table(tp, ill - tp, fp, len(y) - ill - fp)


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
    return bootstrap(lambda r: float(np.mean(r)), right, groups=patients, seed=seed)


def roc_curve(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give both rates at every threshold, with scikit-learn.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class that a high score announces, 0 for the other; both must occur.
    scores : ndarray of float, shape (n,)
        Any score.

    Returns
    -------
    wrong, right, thresholds : ndarray, shape (m,)
        False-positive rate and true-positive rate of "score >= threshold", thresholds falling; the
        first is infinite.
    """
    from sklearn import metrics as sk

    return sk.roc_curve(labels, scores, drop_intermediate=False)


def precision_recall_curve(
    labels: np.ndarray, scores: np.ndarray, prevalence: float | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give precision and recall at every threshold.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class that a high score announces, 0 for the other; both must occur.
    scores : ndarray of float, shape (n,)
        Any score.
    prevalence : float, optional
        Share of class 1 in the group that the precision is stated for (`predictive_values`); that
        of the labels when it is not given.

    Returns
    -------
    precision, recall, thresholds : ndarray, shape (m,)
        Thresholds falling, recall rising.
    """
    wrong, right, thresholds = (a[1:] for a in roc_curve(labels, scores))
    share = float(np.mean(np.asarray(labels) == 1)) if prevalence is None else prevalence
    precision, _ = predictive_values(right, 1 - wrong, share)
    return precision, right, thresholds


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean precision over the steps of the recall, with scikit-learn; NaN without class 1.

    No line is drawn between the points of the curve: that would flatter (Davis & Goadrich, ICML
    2006).

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class that a high score announces, 0 for the other.
    scores : ndarray of float, shape (n,)
        Any score; only its order counts.

    Returns
    -------
    float
        A score that knows nothing gets the share of class 1.
    """
    from sklearn.metrics import average_precision_score

    if not np.any(np.asarray(labels) == 1):
        return float("nan")
    return float(average_precision_score(labels, scores))


def threshold_for(labels: np.ndarray, scores: np.ndarray, sensitivity: float = 0.9) -> float:
    """Find the highest threshold that reaches a sensitivity; "score >= threshold" is a yes.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for the class to be found. Of validation patients: a threshold chosen on those who are
        then tested flatters.
    scores : ndarray of float, shape (n,)
        Any score.
    sensitivity : float
        Above 0, at most 1.

    Returns
    -------
    float
        One of the scores of class 1.

    Raises
    ------
    DataError
        If nothing is of class 1, or the sensitivity cannot be reached.
    """
    found = np.sort(np.asarray(scores)[np.asarray(labels) == 1])[::-1]
    if len(found) == 0 or not 0 < sensitivity <= 1:
        raise DataError(f"no threshold finds {sensitivity:g} of {len(found)} samples of class 1")
    needed = int(np.ceil(sensitivity * len(found) - 1e-9))  # 0.9 · 70 is 63.000000000000007
    return float(found[needed - 1])


def predictive_values(
    sensitivity: np.ndarray | float, specificity: np.ndarray | float, prevalence: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Give both predictive values at a prevalence, by Bayes' rule.

    Parameters
    ----------
    sensitivity, specificity : float or ndarray
        Rates of a test, from 0 to 1.
    prevalence : float or ndarray
        Share of class 1 among those who are tested; broadcasts against the rates.

    Returns
    -------
    ppv, npv : ndarray
        Share of the yes, and of the no, that is right. NaN where there is none.
    """
    se, sp, pi = (np.asarray(a, float) for a in (sensitivity, specificity, prevalence))
    hits, alarms = pi * se, (1 - pi) * (1 - sp)
    cleared, missed = (1 - pi) * sp, pi * (1 - se)
    with np.errstate(invalid="ignore"):
        return hits / (hits + alarms), cleared / (cleared + missed)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
