"""Gaps of an ECG: made on purpose (`hide`), found (`find_missing`), filled by a rule (`fill`).

`scaled` prepares windows with gaps for a small network that fills them.
"""

import numpy as np

from medtutor.ecg.noise import RAIL, mains
from medtutor.errors import DataError

KINDS = ("packets", "lead_off", "flat", "saturation")  # what `hide` can do
METHODS = ("mean", "hold", "linear", "cubic", "repeat")  # what `fill` can do
CHUNK = 256  # gaps whose matches are sought at once: bounds the memory
CONTEXT = 60  # samples over which the surroundings of a gap count less and less
MARGIN = 0.5  # s at either end of a signal that `hide` leaves as they are
STILL, CUT = 0.1, 0.008  # s; a signal so long without a change is flat, or at its ends cut off
FLOOR = 0.15  # mV; a smaller deflection is not blown up to a beat


def hide(
    signal: np.ndarray,
    kind: str,
    rng: np.random.Generator,
    fs: float = 360.0,
    seconds: tuple[float, float] = (0.2, 1.0),
    gaps: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Make part of an ECG unreadable, as one of the usual accidents does, and say where."""
    if kind not in KINDS:
        raise DataError(
            f"unknown kind of gap {kind!r}", remedy=f"Choose one of {', '.join(KINDS)}."
        )
    rows = _rows(signal)
    if kind == "saturation":  # what exceeds the amplifier's range is cut off
        middle = np.median(rows, axis=1, keepdims=True)
        reach = np.abs(rows - middle).max(axis=1, keepdims=True) * 0.6
        missing, seen = np.abs(rows - middle) > reach, np.clip(rows, middle - reach, middle + reach)
    else:
        missing = _stretches(rows.shape, rng, fs, seconds, gaps)
        seen = np.where(missing, _instead(kind, rows, missing, fs, rng), rows)
    shape = np.shape(signal)
    return seen.astype(np.float32).reshape(shape), missing.reshape(shape)


def find_missing(signal: np.ndarray, fs: float = 360.0) -> np.ndarray:
    """Find the samples of a recording that tell nothing: NaN, flat or saturated stretches.

    What the eye sees at once, hum from a loose electrode, is not among them: it moves, and stays
    within the range.
    """
    rows = _rows(signal, finite=False)
    missing = np.isnan(rows)
    high = np.max(rows, axis=1, keepdims=True, where=~missing, initial=-np.inf)
    low = np.min(rows, axis=1, keepdims=True, where=~missing, initial=np.inf)
    still, cut = (max(3, round(seconds * fs)) for seconds in (STILL, CUT))
    found = runs(np.diff(rows, axis=1) == 0)
    found[:, 2] += 1  # the sample behind a run of differences of 0 has that value as well
    for row, start, stop in found[found[:, 2] - found[:, 1] >= cut]:
        at_an_end = rows[row, start] in (high[row, 0], low[row, 0])
        missing[row, start:stop] |= at_an_end or stop - start >= still
    return missing.reshape(np.shape(signal))


def runs(missing: np.ndarray) -> np.ndarray:
    """List the gaps of a mask."""
    mask = np.atleast_2d(np.asarray(missing, bool))
    edge = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edge == 1)
    stop = np.nonzero(edge == -1)[1]
    return np.stack([row, start, stop], axis=1)


def _stretches(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    fs: float,
    seconds: tuple[float, float],
    gaps: int,
) -> np.ndarray:
    """Draw where the gaps lie."""
    n, samples = shape
    low, high = (round(s * fs) for s in seconds)
    edge = round(MARGIN * fs)
    if not 0 < low <= high or samples - 2 * edge < high:
        raise DataError(
            f"gaps of {seconds[0]:g} to {seconds[1]:g} s do not fit into {samples} samples with "
            f"{MARGIN:g} s left at either end",
            remedy="Give shorter gaps or a longer signal.",
        )
    length = rng.integers(low, high + 1, (n, gaps, 1))
    start = edge + np.floor(rng.random((n, gaps, 1)) * (samples - 2 * edge - length + 1))
    time = np.arange(samples)
    return np.any((time >= start) & (time < start + length), axis=1)


def _instead(
    kind: str, rows: np.ndarray, missing: np.ndarray, fs: float, rng: np.random.Generator
) -> np.ndarray:
    """Give what a recorder writes where it loses the signal."""
    if kind == "packets":
        return np.full_like(rows, np.nan)
    if kind == "flat":  # the last value stays
        last = np.maximum.accumulate(np.where(missing, 0, np.arange(rows.shape[1])), axis=1)
        return np.take_along_axis(rows, last, axis=1)
    noise = np.stack([mains(rows.shape[1], fs, rng) for _ in rows])
    level = rng.uniform(-1, 1, (len(rows), 1))
    return np.clip(level + 0.2 * noise, -RAIL, RAIL)


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


def fill(signal: np.ndarray, missing: np.ndarray, method: str = "linear") -> np.ndarray:
    """Fill the missing samples of a signal; the others stay as they are."""
    if method not in METHODS:
        raise DataError(f"unknown method {method!r}", remedy=f"Choose one of {', '.join(METHODS)}.")
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
    x = np.where(gap, 0.0, x)
    if method == "mean":
        filled = np.broadcast_to(x.sum(axis=1) / (~gap).sum(axis=1), x.T.shape).T
    elif method == "repeat":
        filled = _repeat(x, gap)
    else:
        filled = _between(x, gap, method)
    return np.where(gap, filled, x).reshape(np.shape(signal))


def _between(x: np.ndarray, gap: np.ndarray, method: str) -> np.ndarray:
    """Fill from the two neighbours of each gap; at the ends of a row there is one."""
    n, index = gap.shape[1], np.arange(gap.shape[1])
    last = np.maximum.accumulate(np.where(gap, -1, index), axis=1)
    first = np.minimum.accumulate(np.where(gap, n, index)[:, ::-1], axis=1)[:, ::-1]
    left, right = np.where(last < 0, first, last), np.where(first == n, last, first)
    a, b = np.take_along_axis(x, left, 1), np.take_along_axis(x, right, 1)
    if method == "hold":
        return a
    wide = np.maximum(right - left, 1)
    t = np.where(right > left, (index - left) / wide, 0.0)
    if method == "linear":
        return (1 - t) * a + t * b
    # Slopes from the known sample beyond each neighbour; 0 where there is none.
    further = np.clip(left - 1, 0, None), np.clip(right + 1, None, n - 1)
    known = [~np.take_along_axis(gap, f, 1) & (right > left) for f in further]
    down = np.where(known[0], (a - np.take_along_axis(x, further[0], 1)) * wide, 0.0)
    up = np.where(known[1], (np.take_along_axis(x, further[1], 1) - b) * wide, 0.0)
    return (
        (1 + 2 * t) * (1 - t) ** 2 * a
        + t * (1 - t) ** 2 * down
        + t**2 * (3 - 2 * t) * b
        + t**2 * (t - 1) * up
    )


def _repeat(x: np.ndarray, gap: np.ndarray, beside: int = 0) -> np.ndarray:
    """Copy from where the surroundings of the gap look most alike; lay it over these, too."""
    known = _between(x, gap, "linear")
    filled, samples = known.copy(), x.shape[1]
    found = runs(gap)
    for k in range(0, len(found), CHUNK):
        row, start, stop = found[k : k + CHUNK].T
        lag, ok = _best_lag(x[row], gap[row], start, stop)
        for r, a, b, d in zip(row[ok], start[ok], stop[ok], lag[ok], strict=True):
            # The ends are the known neighbours; a line through their differences joins the copy.
            ends = known[r, [a - 1, b]] - known[r, [a - 1 + d, b + d]]
            place = np.arange(max(0, a - beside, -d), min(samples, b + beside, samples - d))
            place = place[((place >= a) & (place < b)) | ~gap[r, place]]
            filled[r, place] = known[r, place + d] + np.interp(place, [a - 1, b], ends)
    return filled


def _best_lag(
    x: np.ndarray, gap: np.ndarray, start: np.ndarray, stop: np.ndarray
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
    c = np.exp(-np.maximum(away, 0) / CONTEXT) * v
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


def scaled(
    signal: np.ndarray, missing: np.ndarray, fs: float = 360.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prepare windows with gaps for a network: fill by rules, centre, divide by a beat's height."""
    line = fill(signal, missing, "linear")
    copy = _repeat(np.where(missing, 0.0, line), missing, CONTEXT)
    known = np.where(missing, np.nan, line)
    middle = np.nanmedian(known, axis=1, keepdims=True)
    second = min(int(fs), known.shape[1])
    away = np.where(missing, 0.0, np.abs(line - middle))
    away = away[:, : known.shape[1] // second * second].reshape(len(known), -1, second)
    tall = np.maximum(np.median(away.max(axis=2), axis=1, keepdims=True), FLOOR)
    channels = [(line - middle) / tall, missing, (copy - middle) / tall]
    return np.clip(np.stack(channels, axis=2), -5, 5).astype(np.float32), middle, tall
