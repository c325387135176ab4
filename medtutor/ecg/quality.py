"""Is a window good enough to be read? Signal quality, and the price of turning windows away.

The indices of the signal follow Li, Mark and Clifford, Physiol Meas 29:15 (2008), and Clifford,
Behar, Li and Rezek, Physiol Meas 33:1419 (2012). None of them needs a label.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

TRUST = 0.7
"""Agreement with the first reader below which a second one has no say: in strong noise a detector
marks beats everywhere, and some leads hardly show the normal beats. Chosen on validation subjects
for the detector, taken over for leads."""


class Quality(NamedTuple):
    """Quality of n windows by the signal alone."""

    qrs: np.ndarray
    kurtosis: np.ndarray


def of_signal(signal: np.ndarray, fs: float) -> Quality:
    """Compute the quality of windows from their samples."""
    signal = np.asarray(signal, dtype=np.float64)
    centred = signal - signal.mean(axis=1, keepdims=True)
    variance = centred.var(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = (centred**4).mean(axis=1) / variance**2
    return Quality(qrs_share(signal, fs), np.where(variance > 0, kurtosis, np.nan))


def qrs_share(signal: np.ndarray, fs: float) -> np.ndarray:
    """Give the share of the power from 5 to 40 Hz that lies below 15 Hz, where a QRS has it."""
    taper, frequency = _grid(signal.shape[-1], fs)
    centred = signal - signal.mean(axis=-1, dtype=np.float64, keepdims=True)
    power = np.abs(np.fft.rfft(centred * taper)) ** 2
    inner, outer = (
        power[..., frequency.searchsorted(5) : frequency.searchsorted(high, "right")].sum(axis=-1)
        for high in (15, 40)
    )
    return np.divide(inner, outer, out=np.zeros_like(outer), where=outer > 0)


@cache
def _grid(samples: int, fs: float) -> tuple[np.ndarray, np.ndarray]:
    """Give taper and frequencies of a window: a monitor asks for them every second."""
    return np.hanning(samples), np.fft.rfftfreq(samples, 1 / fs)


def flat_share(signal: np.ndarray, fs: float) -> float:
    """Give the share of the samples that equal the one before for at least 0.1 s."""
    lengths = runs(np.diff(signal) == 0)
    return float(lengths[lengths >= max(1, round(0.1 * fs))].sum() / (len(signal) - 1))


def runs(mask: np.ndarray) -> np.ndarray:
    """Give the length of each stretch of True."""
    edge = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edge[1::2] - edge[::2]


def bridge(signal: np.ndarray, missing: np.ndarray) -> None:
    """Draw straight lines across the missing samples of one lead, in place; 0 where all are."""
    there = np.flatnonzero(~missing)
    if len(there):
        signal[missing] = np.interp(np.flatnonzero(missing), there, signal[there])
    else:
        signal[:] = 0


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

    Examples
    --------
    >>> limit(np.arange(11.0), kept=0.9)
    9.0
    """
    return float(np.quantile(doubt, kept))
