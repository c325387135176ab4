"""How far off may a heart rate be? Intervals that cover what they promise.

The beat map tells how doubtful a window is (`maps.spread`). How many spreads an interval needs is
not guessed. It is measured on validation subjects: `calibrate` is split-conformal prediction with
normalised residuals (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, J Am Stat Assoc 113:1094,
2018, section 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medtutor.errors import DataError


@dataclass(frozen=True, slots=True)
class Margin:
    """How many spreads an interval reaches to either side.

    Parameters
    ----------
    factor : float
        Measured on validation subjects by `calibrate`.
    level : float
        Share of windows that the interval should cover.
    """

    factor: float
    level: float = 0.9

    def interval(self, rate: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the lower and the upper end, in beats a minute; none lies below 0."""
        reach = self.factor * spread
        return np.maximum(rate - reach, 0), rate + reach


def calibrate(
    error: np.ndarray, spread: np.ndarray, subject: np.ndarray, level: float = 0.9
) -> Margin:
    """Measure on subjects who have not taught the model how wide an interval must be.

    Each subject counts the same, however many windows it has.

    Parameters
    ----------
    error : ndarray of shape (n,)
        Rate read minus true rate, in beats a minute, of the validation windows.
    spread : ndarray of shape (n,)
        Of the same windows, see `maps.spread`.
    subject : ndarray of shape (n,)
        Person of each window.
    level : float
        Share of windows that the interval should cover.

    Returns
    -------
    Margin

    Raises
    ------
    DataError
        There is no window.
    """
    if not len(error):
        raise DataError(
            "there is nothing to calibrate on", remedy="Give windows of validation subjects."
        )
    score = np.abs(error) / spread
    _, who, count = np.unique(subject, return_inverse=True, return_counts=True)
    weight = 1.0 / count[who]
    order = np.argsort(score)
    covered = np.cumsum(weight[order]) / weight.sum()
    # One window more than there are: the one that will be asked (Lei et al., eq. 4).
    wanted = min(1.0, level * (1 + 1 / len(score)))
    place = min(int(np.searchsorted(covered, wanted - 1e-12)), len(score) - 1)
    return Margin(float(score[order[place]]), level)
