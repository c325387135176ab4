"""Fill the gaps of a signal by rules that need no training."""

from __future__ import annotations

import numpy as np

from medtutor.errors import DataError
from medtutor.imputation.gaps import runs

__all__ = ["METHODS", "copies", "fill"]
_CHUNK = 256  # gaps whose matches are sought at once: bounds the memory


def fill(
    signal: np.ndarray, missing: np.ndarray, method: str = "linear", context: int = 60
) -> np.ndarray:
    """Fill the missing samples of a signal; the others stay as they are.

    Parameters
    ----------
    signal : ndarray of shape (samples,) or (n, samples)
        One lead, or windows of it. What stands where `missing` is True is never looked at.
    missing : ndarray of bool, shape as `signal`
        True where a sample is missing.
    method : {"mean", "hold", "linear", "cubic", "repeat"}
        ``"mean"`` of the row's known samples. ``"hold"`` the last known one. ``"linear"``: a
        straight line between the neighbours. ``"cubic"``: the polynomial of third degree that
        also goes on with the slope on either side (Hermite). ``"repeat"``: look for the place in
        the row whose surroundings are most like those of the gap, and copy what it holds; a line
        is added so that both ends meet. Where there is no such place it is "linear". A gap at the
        end of a row has one neighbour, whose value is held.
    context : int
        "repeat" compares the surroundings with weights that fall to 1/e over so many samples.

    Returns
    -------
    ndarray of float64, shape as `signal`

    Raises
    ------
    DataError
        The shapes differ, the method is unknown, a row has no known sample, or a known sample is
        NaN.
    """
    x, gap = _checked(signal, missing)
    if method not in METHODS:
        raise DataError(f"unknown method {method!r}", remedy=f"Choose one of {', '.join(METHODS)}.")
    x = np.where(gap, 0.0, x)
    if method == "mean":
        filled = np.broadcast_to(x.sum(axis=1) / (~gap).sum(axis=1), x.T.shape).T
    elif method == "repeat":
        filled = _repeat(x, gap, context)
    else:
        filled = _between(x, gap, method)
    return np.where(gap, filled, x).reshape(np.shape(signal))


METHODS = ("mean", "hold", "linear", "cubic", "repeat")
"""What `fill` can do."""


def _checked(signal: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give signal and mask as rows."""
    x, gap = np.asarray(signal, dtype=np.float64), np.asarray(missing)
    if x.shape != gap.shape or x.ndim not in (1, 2) or gap.dtype != bool:
        raise DataError(
            f"signal of shape {x.shape}, but missing of shape {gap.shape} and type {gap.dtype}",
            remedy="`missing` is a boolean array of the signal's shape, True where it is missing.",
        )
    x, gap = np.atleast_2d(x), np.atleast_2d(gap)
    if gap.all(axis=1).any():
        raise DataError(
            "a row has no known sample: there is nothing to fill it from",
            remedy="Leave such rows out.",
        )
    if not np.isfinite(x[~gap]).all():
        raise DataError(
            "a sample is NaN that `missing` calls known",
            remedy="Add np.isnan(signal) to `missing`, or use find_missing.",
        )
    return x, gap


def _neighbours(gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each sample the last known index up to it and the first from it; at the ends, one."""
    n = gap.shape[1]
    index = np.arange(n)
    left = np.maximum.accumulate(np.where(gap, -1, index), axis=1)
    right = np.minimum.accumulate(np.where(gap, n, index)[:, ::-1], axis=1)[:, ::-1]
    return np.where(left < 0, right, left), np.where(right == n, left, right)


def _between(x: np.ndarray, gap: np.ndarray, method: str) -> np.ndarray:
    """Fill from the two neighbours of each gap."""
    left, right = _neighbours(gap)
    a, b = np.take_along_axis(x, left, 1), np.take_along_axis(x, right, 1)
    if method == "hold":
        return a
    wide = np.maximum(right - left, 1)
    t = (np.arange(x.shape[1]) - left) / wide
    t = np.where(right > left, t, 0.0)
    if method == "linear":
        return (1 - t) * a + t * b
    # Slopes from the known sample beyond each neighbour; 0 where there is none.
    further = np.clip(left - 1, 0, None), np.clip(right + 1, None, x.shape[1] - 1)
    known = [~np.take_along_axis(gap, f, 1) & (right > left) for f in further]
    down = np.where(known[0], (a - np.take_along_axis(x, further[0], 1)) * wide, 0.0)
    up = np.where(known[1], (np.take_along_axis(x, further[1], 1) - b) * wide, 0.0)
    return (
        (1 + 2 * t) * (1 - t) ** 2 * a
        + t * (1 - t) ** 2 * down
        + t**2 * (3 - 2 * t) * b
        + t**2 * (t - 1) * up
    )


def copies(signal: np.ndarray, missing: np.ndarray, context: int = 60) -> np.ndarray:
    """Lay the copy that "repeat" takes over each gap and over its surroundings.

    Beside the gap the copy can be compared with what is known there: that tells how far to trust
    it.

    Parameters
    ----------
    signal : ndarray of shape (samples,) or (n, samples)
        As for `fill`.
    missing : ndarray of bool, shape as `signal`
        True where a sample is missing.
    context : int
        As for `fill`; so many samples on either side of a gap are covered as well.

    Returns
    -------
    ndarray of float64, shape as `signal`
        Inside the gaps what ``fill(signal, missing, "repeat")`` gives; beside them the copy; the
        signal elsewhere.

    Raises
    ------
    DataError
        As for `fill`.
    """
    x, gap = _checked(signal, missing)
    return _repeat(np.where(gap, 0.0, x), gap, context, context).reshape(np.shape(signal))


def _repeat(x: np.ndarray, gap: np.ndarray, context: int, beside: int = 0) -> np.ndarray:
    """Copy from where the surroundings of the gap look most alike."""
    known = _between(x, gap, "linear")
    filled, samples = known.copy(), x.shape[1]
    found = runs(gap)
    for k in range(0, len(found), _CHUNK):
        row, start, stop = found[k : k + _CHUNK].T
        lag, ok = _best_lag(x[row], gap[row], start, stop, context)
        for r, a, b, d in zip(row[ok], start[ok], stop[ok], lag[ok], strict=True):
            # The ends are the known neighbours; a line through their differences joins the copy.
            ends = known[r, [a - 1, b]] - known[r, [a - 1 + d, b + d]]
            place = np.arange(max(0, a - beside, -d), min(samples, b + beside, samples - d))
            place = place[((place >= a) & (place < b)) | ~gap[r, place]]
            filled[r, place] = known[r, place + d] + np.interp(place, [a - 1, b], ends)
    return filled


def _best_lag(
    x: np.ndarray, gap: np.ndarray, start: np.ndarray, stop: np.ndarray, context: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find for each gap the shift under which its surroundings differ least.

    With weights ``c`` (near the gap) and ``v`` (1 where known), the squared difference at shift
    ``d`` is the sum over t of ``c(t) v(t+d) (x(t) - x(t+d))^2``. Written out it is three
    correlations, which the FFT gives for all shifts at once. The best level is taken off too.
    """
    import scipy.fft

    samples = x.shape[1]
    time = np.arange(samples)
    inside = (time >= (start - 1)[:, None]) & (time <= stop[:, None])
    v = (~gap).astype(float)
    away = np.maximum(start[:, None] - time, time - stop[:, None] + 1)
    c = np.exp(-np.maximum(away, 0) / context) * v
    x = (x - x.sum(axis=1, keepdims=True) / v.sum(axis=1, keepdims=True)) * v
    size = scipy.fft.next_fast_len(2 * samples, real=True)

    def to(z: np.ndarray) -> np.ndarray:
        return scipy.fft.rfft(z.astype(np.float32), size, axis=1)

    def correlate(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return scipy.fft.irfft(np.conj(one) * other, size, axis=1)

    c_, cx, cx2, v_, x_, x2 = map(to, (c, c * x, c * x**2, v, x, x**2))
    count = np.maximum(correlate(c_, v_), 1e-9)
    level = (correlate(cx, v_) - correlate(c_, x_)) / count
    error = (correlate(cx2, v_) - 2 * correlate(cx, x_) + correlate(c_, x2)) / count - level**2
    whole = correlate(to(inside.astype(float)), v_)  # known samples where the copy comes from
    enough = (count > 0.75 * c.sum(axis=1, keepdims=True)) & (
        np.round(whole) == inside.sum(axis=1, keepdims=True)
    )
    error = np.where(enough, error, np.inf)
    best = error.argmin(axis=1)
    lag = np.where(best >= size // 2, best - size, best)
    # A gap at the end of the row has no neighbour on one side: no line can join the copy to it.
    ok = np.isfinite(error.min(axis=1)) & (start > 0) & (stop < samples)
    return lag, ok
