"""Where a signal is missing: make gaps on purpose, and find those that a recorder left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from medtutor.ecg.noise import RAIL, mains
from medtutor.errors import DataError

__all__ = ["KINDS", "find_missing", "hide", "runs"]


def hide(
    signal: np.ndarray,
    kind: str,
    rng: np.random.Generator,
    fs: float = 360.0,
    seconds: tuple[float, float] = (0.2, 1.0),
    gaps: int = 1,
    margin: float = 0.5,
    limit: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make part of an ECG unreadable, as one of the usual accidents does, and say where.

    Parameters
    ----------
    signal : ndarray of shape (samples,) or (n, samples)
        One lead in millivolts, or windows of it, without NaN.
    kind : {"packets", "lead_off", "flat", "saturation"}
        ``"packets"`` lost on the way: NaN. ``"lead_off"``, an electrode that hangs loose: hum
        about a level that means nothing. ``"flat"``: the recorder repeats the last value.
        ``"saturation"``: what exceeds the amplifier's range is cut off at its end.
    rng : numpy.random.Generator
        Source of chance.
    fs : float
        Samples a second, in hertz.
    seconds : (float, float)
        Shortest and longest gap; lengths are drawn evenly in between. Not for saturation.
    gaps : int
        Gaps in each row; they may overlap. Not for saturation.
    margin : float
        Seconds at either end of a row that stay as they are. Not for saturation.
    limit : float, optional
        End of the amplifier's range in millivolts about the row's median; by default 60 % of the
        row's largest deviation from it. For saturation only.

    Returns
    -------
    seen : ndarray, float32, shape as `signal`
        What the recorder hands over.
    missing : ndarray of bool, shape as `signal`
        True where `seen` tells nothing about `signal`.

    Raises
    ------
    DataError
        The kind is unknown, the signal holds NaN, or it is too short for the gaps.
    """
    if kind not in KINDS:
        raise DataError(
            f"unknown kind of gap {kind!r}", remedy=f"Choose one of {', '.join(KINDS)}."
        )
    rows = _rows(signal)
    if kind == "saturation":
        seen, missing = _clip(rows, limit)
    else:
        missing = _stretches(rows.shape, rng, fs, seconds, gaps, margin)
        seen = _WAYS[kind](rows, missing, fs, rng)
    shape = np.shape(signal)
    return seen.astype(np.float32).reshape(shape), missing.reshape(shape)


def find_missing(
    signal: np.ndarray, fs: float = 360.0, still: float = 0.1, cut: float = 0.008
) -> np.ndarray:
    """Find the samples of a recording that tell nothing: NaN, flat or saturated stretches.

    What the eye sees at once, hum from a loose electrode, is not among them: it moves, and stays
    within the range.

    Parameters
    ----------
    signal : ndarray of shape (samples,) or (n, samples)
        One lead in millivolts, or windows of it.
    fs : float
        Samples a second, in hertz.
    still : float
        Seconds without any change that make a stretch flat.
    cut : float
        Seconds at the row's largest or smallest value that make a stretch saturated: the summit
        of a wave reaches it once, a wave that is cut off stays there.

    Returns
    -------
    ndarray of bool, shape as `signal`
        True where the signal is missing.

    Raises
    ------
    DataError
        The signal is empty or has more than two axes.
    """
    rows = _rows(signal, finite=False)
    missing = np.isnan(rows)
    high = np.max(rows, axis=1, keepdims=True, where=~missing, initial=-np.inf)
    low = np.min(rows, axis=1, keepdims=True, where=~missing, initial=np.inf)
    same = np.zeros(rows.shape, bool)
    same[:, 1:] = rows[:, 1:] == rows[:, :-1]  # NaN differs from itself: never the same
    length = _run_lengths(same)
    missing |= length >= max(3, round(still * fs))
    missing |= (length >= max(3, round(cut * fs))) & ((rows == high) | (rows == low))
    return missing.reshape(np.shape(signal))


def runs(missing: np.ndarray) -> np.ndarray:
    """List the gaps of a mask.

    Parameters
    ----------
    missing : ndarray of bool, shape (samples,) or (n, samples)
        True where a sample is missing.

    Returns
    -------
    ndarray of int, shape (gaps, 3)
        Row, first sample and the sample after the last one of each gap, in order.
    """
    mask = np.atleast_2d(np.asarray(missing, bool))
    edge = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edge == 1)
    stop = np.nonzero(edge == -1)[1]
    return np.stack([row, start, stop], axis=1)


def _run_lengths(same: np.ndarray) -> np.ndarray:
    """Give each sample the length of the run of equal values in which it lies."""
    length = np.ones(same.shape, dtype=np.int64)
    if same.size:
        at = np.flatnonzero(~same)  # a row starts with False, so no run crosses rows
        sizes = np.diff(np.append(at, same.size))
        length = np.repeat(sizes, sizes).reshape(same.shape)
    return length


def _stretches(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    fs: float,
    seconds: tuple[float, float],
    gaps: int,
    margin: float,
) -> np.ndarray:
    """Draw where the gaps lie."""
    n, samples = shape
    low, high = (round(s * fs) for s in seconds)
    edge = round(margin * fs)
    if not 0 < low <= high or samples - 2 * edge < high:
        raise DataError(
            f"gaps of {seconds[0]:g} to {seconds[1]:g} s do not fit into {samples} samples with "
            f"{margin:g} s left at either end",
            remedy="Give shorter gaps, a smaller margin or a longer signal.",
        )
    length = rng.integers(low, high + 1, (n, gaps, 1))
    start = edge + np.floor(rng.random((n, gaps, 1)) * (samples - 2 * edge - length + 1))
    time = np.arange(samples)
    return np.any((time >= start) & (time < start + length), axis=1)


def _clip(rows: np.ndarray, limit: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Cut off what exceeds the amplifier's range."""
    middle = np.median(rows, axis=1, keepdims=True)
    reach = np.abs(rows - middle).max(axis=1, keepdims=True) * 0.6 if limit is None else limit
    return np.clip(rows, middle - reach, middle + reach), np.abs(rows - middle) > reach


def _lose(rows: np.ndarray, missing: np.ndarray, fs: float, rng: np.random.Generator) -> np.ndarray:
    return np.where(missing, np.nan, rows)


def _hum(rows: np.ndarray, missing: np.ndarray, fs: float, rng: np.random.Generator) -> np.ndarray:
    noise = np.stack([mains(rows.shape[1], fs, rng) for _ in rows])
    level = rng.uniform(-1, 1, (len(rows), 1))
    return np.where(missing, np.clip(level + 0.2 * noise, -RAIL, RAIL), rows)


def _stay(rows: np.ndarray, missing: np.ndarray, fs: float, rng: np.random.Generator) -> np.ndarray:
    last = np.maximum.accumulate(np.where(missing, 0, np.arange(rows.shape[1])), axis=1)
    return np.take_along_axis(rows, last, axis=1)


_WAYS: dict[str, Callable[..., np.ndarray]] = {
    "packets": _lose,
    "lead_off": _hum,
    "flat": _stay,
}
KINDS = (*_WAYS, "saturation")
"""The kinds of gaps that `hide` makes."""


def _rows(signal: np.ndarray, finite: bool = True) -> np.ndarray:
    """Check a signal and give it as rows."""
    array = np.asarray(signal, dtype=np.float64)
    if array.ndim not in (1, 2) or array.size == 0:
        raise DataError(
            f"a signal of shape {array.shape} is not one lead, nor windows of one",
            remedy="Pass one column, such as recording.signal[:, 0].",
        )
    if finite and not np.isfinite(array).all():
        raise DataError(
            "the signal has missing samples (NaN) already",
            remedy="Hide parts of a complete signal: only then is it known what was hidden.",
        )
    return np.atleast_2d(array)
