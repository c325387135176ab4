"""What a predicted probability is worth, and how to mend it."""

import numpy as np

from medtutor.errors import DataError


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


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = 5
) -> float:
    """Mean distance of predicted and observed shares, over bins of equal size.

    Even a perfectly calibrated model scores above 0, because shares of few samples scatter: compare
    with labels drawn from the probabilities themselves.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 where the event happened.
    probabilities : ndarray of float, shape (n,)
        Predicted probability of the event.
    bins : int
        Number of bins of `calibration_bins`.

    Returns
    -------
    float
        From 0 to 1; each bin counts by its number of samples.

    References
    ----------
    Guo et al., ICML 2017, arXiv:1706.04599; bins of equal size after Nguyen & O'Connor, EMNLP 2015.
    """
    predicted, observed, size = calibration_bins(labels, np.asarray(probabilities), bins)
    return float(np.average(np.abs(predicted - observed), weights=size))


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance of probability and outcome.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 where the event happened, else 0.
    probabilities : ndarray of float, shape (n,)
        Predicted probability of the event.

    Returns
    -------
    float
        0 is perfect; always saying the prevalence q costs q (1 - q).

    References
    ----------
    Brier, Mon Weather Rev 78:1 (1950), for two classes, counted once.
    """
    distance = np.asarray(probabilities, float) - np.asarray(labels)
    return float(np.mean(distance**2))


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide log-odds by a temperature.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n,)
        Probability of the event.
    temperature : float
        Above 1 it draws probabilities towards one half, below 1 it drives them apart.

    Returns
    -------
    ndarray of float64, shape (n,)
        Probabilities in the same order.

    Raises
    ------
    DataError
        If the temperature is not above 0.
    """
    from scipy.special import expit

    if not temperature > 0:
        raise DataError(f"a temperature of {temperature:g}", remedy="It must be above 0.")
    return expit(_log_odds(probabilities) / temperature)


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Find the temperature with the lowest cross-entropy, between 0.05 and 20.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 where the event happened; of validation patients.
    probabilities : ndarray of float, shape (n,)
        Predicted probability of the event.

    Returns
    -------
    float
        For `temper`.

    References
    ----------
    Guo et al., ICML 2017, arXiv:1706.04599, sec. 4.2.
    """
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
