"""Is a window good enough to be read? Signal quality, and the price of turning windows away.

The indices of the signal follow Li, Mark and Clifford, Physiol Meas 29:15 (2008), and Clifford,
Behar, Li and Rezek, Physiol Meas 33:1419 (2012). None of them needs a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

TRUST = 0.7
"""Agreement with the first reader below which a second one has no say: in strong noise a detector
marks beats everywhere, and some leads hardly show the normal beats. Chosen on validation subjects
for the detector, taken over for leads."""


class Quality(NamedTuple):
    """Quality of n windows by the signal alone."""

    qrs: np.ndarray
    baseline: np.ndarray
    kurtosis: np.ndarray
    flat: np.ndarray


def of_signal(signal: np.ndarray, fs: float) -> Quality:
    """Compute the quality of windows from their samples."""
    centred = np.asarray(signal, dtype=np.float64)
    centred = centred - centred.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(centred * np.hanning(centred.shape[1]), axis=1)) ** 2
    frequency = np.fft.rfftfreq(centred.shape[1], 1 / fs)

    def band(low: float, high: float) -> np.ndarray:
        return power[:, (frequency >= low) & (frequency <= high)].sum(axis=1)

    variance = centred.var(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = (centred**4).mean(axis=1) / variance**2
    return Quality(
        _share(band(5, 15), band(5, 40)),
        _share(band(1, 40), band(0, 40)),
        np.where(variance > 0, kurtosis, np.nan),
        _flat(np.asarray(signal), max(1, round(0.1 * fs))),
    )


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _flat(signal: np.ndarray, fewest: int) -> np.ndarray:
    """Give the share of samples in runs of at least `fewest` without change."""
    still = np.diff(signal, axis=1) == 0
    count = np.cumsum(np.pad(still, ((0, 0), (1, 0))), axis=1)
    # A run of `fewest` ends here; every sample of it belongs to it.
    ends = count[:, fewest:] - count[:, :-fewest] == fewest
    inside = np.zeros(still.shape, dtype=bool)
    for back in range(fewest):
        stop = still.shape[1] - back
        inside[:, fewest - 1 - back : stop] |= ends
    return inside.mean(axis=1)


def agreement(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], fs: float, tolerance: float = 0.15
) -> np.ndarray:
    """Tell how far two readers agree on the beats of each window (bSQI of Li et al., 2008)."""
    out = np.zeros(len(first))
    for k, (a, b) in enumerate(zip(first, second, strict=True)):
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if len(a) and len(b):
            near = np.abs(a[:, None] - b[None]) <= tolerance * fs
            both = min(near.any(axis=1).sum(), near.any(axis=0).sum())
            out[k] = both / (len(a) + len(b) - both)
    return out


def rejection(
    error: np.ndarray, doubt: np.ndarray, kept: Sequence[float] | np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Show the error of the windows that are kept when the most doubtful are turned away."""
    shares = np.arange(0.5, 1.001, 0.01) if kept is None else np.asarray(kept, dtype=float)
    order = np.argsort(np.nan_to_num(doubt, nan=np.inf), kind="stable")
    mean = np.cumsum(np.abs(error)[order]) / np.arange(1, len(error) + 1)
    count = np.clip(np.rint(shares * len(error)).astype(int), 1, len(error))
    return shares, mean[count - 1]


def limit(doubt: np.ndarray, kept: float = 0.9) -> float:
    """Choose, on validation windows, the doubt above which a window is turned away.

    Parameters
    ----------
    doubt : ndarray of shape (n,)
        Of the validation windows.
    kept : float
        Share of them that should be read.

    Returns
    -------
    float

    Examples
    --------
    >>> limit(np.arange(11.0), kept=0.9)
    9.0
    """
    return float(np.quantile(doubt, kept))
