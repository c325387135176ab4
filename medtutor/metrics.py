"""Metrics with a patient-level interval.

Ten slices of one patient are not ten independent witnesses. Every interval here takes the
patients as they are, few or many. Above `ENOUGH` of them the percentile bootstrap draws whole
patients with replacement (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13; for
clustered data Davison & Hinkley, Bootstrap Methods and their Application, 1997, sec. 3.8). With
fewer it is too narrow, most of all where a few patients do much worse than the others (few
clusters: Cameron, Gelbach & Miller, Rev Econ Stat 90:414, 2008). There the interval is studentised
over patients left out one by one, and `compare` gives no verdict. ``benchmarks/coverage.py``
measures what both hold.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit, stdtrit

from medtutor.errors import DataError
from medtutor.types import Interval

ENOUGH = 40
"""Patients from which on the difference of two models may be called. A kind of patient that is one
in ten is missing from one study in eight with 20 patients, and no interval can know of it."""


def bootstrap(
    statistic: Callable[..., float],
    *arrays: np.ndarray,
    groups: np.ndarray,
    resamples: int = 1000,
    seed: int = 0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    witnesses: int | None = None,
) -> Interval:
    """Estimate a statistic and its 95 % interval over whole patients.

    With more than `ENOUGH` patients it is the percentile interval of `bootstrap_draws`. With fewer
    it is built on the jackknife's pseudo-values, one a patient (Efron & Tibshirani 1993, ch. 11),
    and to either side the wider of two studentised ends is taken: Student's, which holds where
    errors are symmetric, and Hall's, which corrects for skewness (J R Stat Soc B 54:221, 1992).

    Parameters
    ----------
    statistic : callable
        Takes the arrays and returns one number; NaN where it is not defined (one class only).
    *arrays : ndarray, shape (n, …)
        Values of each sample.
    groups : ndarray, shape (n,)
        Patient of each sample.
    resamples, seed : int
        Number of bootstrap draws, and their seed.
    bounds : (float, float)
        Values that the statistic can take, such as (0, 1) for a share. No end lies outside, and a
        share of exactly 0 or 1 gets Wilson's interval over patients.
    witnesses : int, optional
        How many patients such a share rests on. Found out where not given: those in whose samples
        alone the statistic is defined, as a sensitivity is where there is a sample of the class.

    Returns
    -------
    Interval
        The statistic of all samples and its interval; `Interval.groups` counts the patients. The
        ends are NaN for a single patient, and where the statistic hangs on one of a few.

    Raises
    ------
    DataError
        If there is no sample, or the arrays differ in length.

    Examples
    --------
    >>> people = np.repeat(["A", "B", "C"], 2)
    >>> found = bootstrap(np.mean, np.array([1.0, 3.0, 3.0, 3.0, 4.0, 4.0]), groups=people)
    >>> print(found, "from", found.groups)
    3.000 (95 % CI 0.516 to 5.484) from 3
    """
    groups, data = np.asarray(groups), _of_one_length(arrays, groups)
    people = np.unique(groups)
    value = float(statistic(*data))
    if len(people) <= ENOUGH:
        low, high = _few(statistic, value, data, groups)
    else:
        draws = bootstrap_draws(statistic, *data, groups=groups, resamples=resamples, seed=seed)
        known = np.isfinite(draws).any()
        low, high = np.nanpercentile(draws, [2.5, 97.5]) if known else (np.nan, np.nan)
    if low == high and bounds == (0, 1) and value in bounds:
        n = witnesses or _with_a_say(statistic, data, groups)
        low, high = map(float, wilson(np.array(value), np.array(n)))
    found = Interval(value, *map(float, np.clip([low, high], *bounds)))
    found.groups = len(people)
    return found


def _with_a_say(statistic: Callable[..., float], data: list[np.ndarray], groups: np.ndarray) -> int:
    """Count the patients in whose samples alone the statistic is defined; all, if it never is."""
    people = np.unique(groups)
    alone = [statistic(*(a[groups == person] for a in data)) for person in people]
    return int(np.isfinite(alone).sum()) or len(people)


def _few(
    statistic: Callable[..., float], value: float, data: list[np.ndarray], groups: np.ndarray
) -> tuple[float, float]:
    """Give the studentised ends over few patients; see `bootstrap`."""
    people = np.unique(groups)
    n = len(people)
    if n == 1:
        return np.nan, np.nan
    without = [statistic(*(a[groups != person] for a in data)) for person in people]
    each = n * value - (n - 1) * np.array(without)
    if np.ptp(each) <= 1e-9 * np.abs(each).max():  # rounding apart, all patients are alike
        return value, value
    error = each.std(ddof=1) / np.sqrt(n)
    # The skewness, as scipy.stats.skew(bias=False), over the root of n. Two are never skew.
    a = np.sum((each - each.mean()) ** 3) / error**3 / (n * (n - 1) * max(n - 2, 1))
    far = stdtrit(n - 1, 0.975)  # Student's quantile
    # The inverse of Hall's cubic, in which no skewness is left; it tends to q as a does to 0.
    down, up = (
        3 / a * (np.cbrt(1 + a * (q - a / 6)) - 1) if abs(a) > 1e-6 else q for q in (far, -far)
    )
    return value - error * max(far, down), value - error * min(-far, up)


def _of_one_length(arrays: Sequence[np.ndarray], groups: np.ndarray) -> list[np.ndarray]:
    """Refuse arrays that do not belong to the same samples."""
    data = [np.asarray(a) for a in arrays]
    if len(groups) == 0 or any(len(a) != len(groups) for a in data):
        raise DataError(f"arrays of {[len(a) for a in data]} values for {len(groups)} patients")
    return data


def bootstrap_draws(
    statistic: Callable[..., float | np.ndarray],
    *arrays: np.ndarray,
    groups: np.ndarray,
    resamples: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Compute a statistic on patients drawn anew, many times; arguments as for `bootstrap`."""
    groups = np.asarray(groups)
    data = _of_one_length(arrays, groups)
    _, member, size = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(member, kind="stable")  # the samples, patient by patient
    first = np.cumsum(size) - size
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        people = rng.integers(0, len(size), len(size))
        sizes = size[people]
        ends = np.cumsum(sizes)
        # One patient's places in `order` follow each other: count on from where they begin.
        places = np.arange(ends[-1]) + np.repeat(first[people] - (ends - sizes), sizes)
        chosen = order[places]
        draws.append(statistic(*(a[chosen] for a in data)))
    return np.array(draws)


def mae(errors: np.ndarray, subjects: np.ndarray) -> Interval:
    """Mean absolute error with its subject-level interval.

    `errors` are predictions minus truth in the unit of the target, `subjects` the subject of each.
    """
    return bootstrap(np.mean, np.abs(errors), groups=subjects, bounds=(0, np.inf))


def wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give Wilson's 95 % interval of a share; it stays honest at 0 and at 1.

    Parameters
    ----------
    share : ndarray of float
        Observed shares, 0 to 1.
    n : ndarray of int
        Number of independent observations behind each.

    References
    ----------
    Wilson, J Am Stat Assoc 22:209 (1927).

    Examples
    --------
    >>> low, high = wilson(np.array([1.0]), np.array([7]))
    >>> float(low[0]) < 0.7, float(high[0])
    (True, 1.0)
    """
    z = 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # At 0 and at 1 rounding leaves -7e-18 or the like where the end is the share itself.
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


class Table(NamedTuple):
    """The four counts of a yes-no decision; a rate without a case to count is NaN."""

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


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def confusion(labels: np.ndarray, called: np.ndarray) -> Table:
    """Count right and wrong calls.

    `labels` says where a sample is of class 1, `called` where the model says so.
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

    By counting pairs (Hanley & McNeil, Radiology 143:29, 1982), the same number as scikit-learn's:
    a bootstrap asks for it a thousand times, and counting is many times faster than its checks.

    Parameters
    ----------
    labels : ndarray of int or bool, shape (n,)
        1 or True for the class that a high score announces, else 0.
    scores : ndarray of float, shape (n,)
        Any score; only its order counts.

    Returns
    -------
    float
        From 0 to 1; a tie counts one half. A score of NaN is a `DataError`.

    Examples
    --------
    >>> area_under_roc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    if np.isnan(scores).any():
        raise DataError("a score is NaN", remedy="Look for NaN in what the model was given.")
    positive = np.asarray(labels) == 1
    high, low = np.asarray(scores)[positive], np.sort(np.asarray(scores)[~positive])
    if len(high) == 0 or len(low) == 0:
        return float("nan")
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.sum() / (2 * len(high) * len(low)))


def auc(labels: np.ndarray, scores: np.ndarray, patients: np.ndarray) -> Interval:
    """Area under the ROC curve with its patient-level interval.

    It is the chance that a sample of class 1 scores higher than one of class 0.

    Parameters
    ----------
    labels, scores : ndarray, shape (n,)
        As for `area_under_roc`.
    patients : ndarray, shape (n,)
        Patient of each sample.

    Examples
    --------
    >>> y = np.tile([0, 1], 50)
    >>> print(auc(y, y, np.arange(100)))
    1.000 (95 % CI 0.929 to 1.000)
    """
    who = np.asarray(patients)
    y, scores = _of_one_length((labels, scores), who)
    # So many pairs of two classes share nobody: each is one trial of the AUC.
    fewest = min(len(np.unique(who[y == c])) for c in (0, 1))
    return bootstrap(area_under_roc, y, scores, groups=who, bounds=(0, 1), witnesses=fewest)


def accuracy(labels: np.ndarray, predictions: np.ndarray, patients: np.ndarray) -> Interval:
    """Share of samples whose predicted class is right, with its patient-level interval.

    Arguments and result as for `auc`, with the predicted class in place of a score.
    """
    right = np.asarray(labels) == np.asarray(predictions)
    return bootstrap(np.mean, right, groups=patients, bounds=(0, 1))


def roc_curve(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give false- and true-positive rate of "score >= threshold", and every threshold, falling."""
    from sklearn import metrics as sk

    return sk.roc_curve(labels, scores, drop_intermediate=False)


def roc_band(
    labels: np.ndarray, scores: np.ndarray, patients: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the pointwise 95 % band of a ROC curve over patients."""
    grid = np.linspace(0, 1, 101)

    def curve(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
        if not 0 < truth.sum() < len(truth):
            return np.full(len(grid), np.nan)
        return np.interp(grid, *roc_curve(truth, score)[:2])

    curves = bootstrap_draws(curve, labels, scores, groups=patients, resamples=500)
    low, high = np.nanpercentile(curves, [2.5, 97.5], axis=0)
    return grid, low, high


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean precision over the steps of the recall, scikit-learn's; NaN without class 1."""
    from sklearn.metrics import average_precision_score

    if not np.any(np.asarray(labels) == 1):
        return float("nan")  # a bootstrap draws such patients now and then
    return float(average_precision_score(labels, scores))


def threshold_for(labels: np.ndarray, scores: np.ndarray, sensitivity: float = 0.9) -> float:
    """Find the highest threshold that reaches a sensitivity; "score >= threshold" is a yes."""
    found = np.sort(np.asarray(scores)[np.asarray(labels) == 1])[::-1]
    if len(found) == 0 or not 0 < sensitivity <= 1:
        raise DataError(f"no threshold finds {sensitivity:g} of {len(found)} samples of class 1")
    needed = int(np.ceil(sensitivity * len(found) - 1e-9))  # 0.9 · 70 is 63.000000000000007
    return float(found[needed - 1])


def predictive_values(
    sensitivity: np.ndarray | float, specificity: np.ndarray | float, prevalence: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Give both predictive values (PPV, NPV) at a prevalence, by Bayes' rule; NaN where none is."""
    se, sp, pi = (np.asarray(a, float) for a in (sensitivity, specificity, prevalence))
    hits, alarms = pi * se, (1 - pi) * (1 - sp)
    cleared, missed = (1 - pi) * sp, pi * (1 - se)
    with np.errstate(invalid="ignore"):
        return hits / (hits + alarms), cleared / (cleared + missed)


def calibration_bins(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = 5
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Mean prediction, share of events and indices of samples, in bins of equal size."""
    p, y = np.asarray(probabilities), np.asarray(labels)
    order = np.argsort(p, kind="stable")
    pieces = [piece for piece in np.array_split(order, bins) if len(piece)]
    predicted, observed = (np.array([values[i].mean() for i in pieces]) for values in (p, y))
    return predicted, observed, pieces


def reliability_bins(
    labels: np.ndarray, p: np.ndarray, patients: np.ndarray, bins: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Compare predicted probabilities with observed frequencies, for `plots.reliability`.

    Parameters
    ----------
    labels, p, patients : ndarray, shape (n,)
        1 where the event happened, its predicted probability, and whose sample it is.
    bins : int
        Number of bins; each holds about n / bins samples.

    Returns
    -------
    predicted, observed, low, high : ndarray, shape (bins,)
        Mean prediction, share of events, and Wilson's 95 % interval with the number of patients in
        place of the number of samples: several samples of one patient are not several witnesses.

    Examples
    --------
    >>> p = np.linspace(0, 1, 100)
    >>> predicted, observed, low, high = reliability_bins(p > 0.5, p, np.arange(100), bins=2)
    >>> observed
    array([0., 1.])
    """
    predicted, observed, pieces = calibration_bins(labels, p, bins)
    people = np.array([len(np.unique(np.asarray(patients)[i])) for i in pieces])
    low, high = wilson(observed, people)
    return predicted, observed, low, high


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean distance of predicted and observed shares, over bins of equal size.

    Even a perfectly calibrated model scores above 0, because shares of few samples scatter: compare
    with labels drawn from the probabilities themselves. Guo et al., ICML 2017, arXiv:1706.04599;
    bins of equal size after Nguyen & O'Connor, EMNLP 2015.
    """
    predicted, observed, pieces = calibration_bins(labels, probabilities)
    return float(np.average(np.abs(predicted - observed), weights=[*map(len, pieces)]))


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance of probability and outcome (Brier, Mon Weather Rev 78:1, 1950)."""
    happened = np.asarray(labels) == 1
    return float(np.mean((np.asarray(probabilities, float) - happened) ** 2))


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide log-odds by a temperature: above 1 it draws probabilities towards one half."""
    if not temperature > 0:
        raise DataError(f"a temperature of {temperature:g}", remedy="It must be above 0.")
    return expit(_log_odds(probabilities) / temperature)


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Find the temperature with the lowest cross-entropy (Guo et al., arXiv:1706.04599, 4.2)."""
    from scipy.optimize import minimize_scalar

    margin = np.where(np.asarray(labels) == 1, 1, -1) * _log_odds(probabilities)

    def cross_entropy(log_temperature: float) -> float:
        return float(np.mean(np.logaddexp(0, -margin / np.exp(log_temperature))))

    edge = np.log(20)
    best = minimize_scalar(cross_entropy, bounds=(-edge, edge), method="bounded")
    return float(np.exp(best.x))


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Turn probabilities into log-odds; a float32 of exactly 0 or 1 must stay finite."""
    p = np.clip(np.asarray(probabilities, float), 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def paired_difference(
    statistic: Callable[..., float],
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: np.ndarray,
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

    Returns
    -------
    Interval
        ``statistic(truth, first) - statistic(truth, second)``.

    Examples
    --------
    >>> y, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.2, 0.8])
    >>> paired_difference(area_under_roc, y, p, 2 * p, groups=np.arange(4)).value
    0.0
    """

    def difference(t: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        return statistic(t, a) - statistic(t, b)

    return bootstrap(difference, truth, first, second, groups=groups)


def compare(
    difference: Interval, first: str, second: str, more_is_better: bool = True
) -> tuple[str, str]:
    """Write a difference of two, and a verdict only if `ENOUGH` people and its interval allow."""
    low, high = difference[1:]
    numbers = f"{first} minus {second}: {difference.value:+.3f} (95 % CI {low:+.3f} to {high:+.3f})"
    if difference.groups is not None and difference.groups < ENOUGH:
        people = difference.groups
        return numbers, f"Undecided: too few people ({people}) to say which of the two is better."
    if not low < high:
        return numbers, "The interval has no width: it cannot say how patients differ."
    if round(low, 3) <= 0 <= round(high, 3):  # as printed: at a hair's breadth nothing is called
        return numbers, "The interval holds 0: these data do not say which of the two is better."
    better = first if (difference.value > 0) == more_is_better else second
    return numbers, f"The interval leaves out 0: on these data {better} is better."


def out_of_fold(
    fit_predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Predict every sample by a model that was trained without its fold, one of five."""
    from sklearn.model_selection import StratifiedGroupKFold

    people = len(np.unique(groups))
    if people < 5:
        raise DataError(f"{people} patients for 5 folds", remedy="Add patients.")
    most = np.unique(labels, return_counts=True)[1].max()
    if most < 5:
        raise DataError(f"at most {most} samples of a class for 5 folds", remedy="Add samples.")
    predictions, fold = np.empty(len(labels)), np.empty(len(labels), int)
    dealer = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for k, (train, test) in enumerate(dealer.split(np.zeros(len(labels)), labels, groups)):
        predictions[test] = fit_predict(train, test)
        fold[test] = k
    return predictions, fold
