"""Beat maps: how much of a beat lies in each bin of a window, and what can be read from that.

A map gives the heart rate, how far off it may be, and with a detector's marks or a second
lead's map a better one. Nothing here needs TensorFlow: a map may come from Keras, from ONNX or from
`segments.beat_map`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medtutor.ecg.quality import TRUST, agreement
from medtutor.errors import DataError
from medtutor.types import Windows

REFRACTORY = 0.26
"""Seconds after a beat in which the heart cannot beat again. In whole bins of 8 samples at 360 Hz
that is 0.267 s: up to 225 beats a minute. A faster heart is read too slow."""

SMALLEST = 0.15
"""Expected number of beats, summed over five bins, that counts as one.

Well under a half, because T waves, which a low bar would let in, fall into the refractory time. The
value was chosen by cross-validation over the subjects of MIT-BIH DS1."""

FAINTEST = 0.02
"""Amount of a beat below which a place raises no doubt."""

JITTER = 0.006
"""Seconds by which the place of a beat that is clearly seen may be off: a quarter of a bin."""

LOST = 40.0
"""Spread in beats a minute of a window in which fewer than two beats were found."""

QUIET = 0.3
"""Height, where a beat is 1, below which a lead loses its voice beside another; see `voice`."""

NEAR = 0.1
"""Seconds within which a mark of the detector is the beat that the map sees."""

VOTE = 2.0
"""A beat that the detector has marked needs this much less of a beat in the map to count, one that
it has not marked this much more. Chosen on validation subjects."""


def find_beats(beat_map: np.ndarray, fs: float = 360.0, length: int = 2000) -> list[np.ndarray]:
    """Find the beats in beat maps: peaks of the sum over five bins, at its centre of mass."""
    return [place for place, _ in peaks(beat_map, fs, length)]


def peaks(
    beat_map: np.ndarray, fs: float = 360.0, length: int = 2000, least: float = SMALLEST
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Find places where beat maps see at least so much of a beat; see `find_beats`."""
    from scipy.signal import find_peaks

    per_bin = length / beat_map.shape[1]
    apart = max(1, round(REFRACTORY * fs / per_bin))
    kernel = np.ones(5)
    bins = np.arange(beat_map.shape[1])
    found = []
    for row in beat_map:
        amount = np.convolve(row, kernel, "same")
        moment = np.convolve(row * bins, kernel, "same")
        # The row itself, faintly, decides between neighbours with the same sum.
        height = np.pad(amount + 1e-3 * row, 1)
        top = find_peaks(height, height=least, distance=apart)[0] - 1
        found.append(((moment[top] / amount[top] + 0.5) * per_bin, amount[top]))
    return found


def rate_from_map(beat_map: np.ndarray, fs: float = 360.0, length: int = 2000) -> np.ndarray:
    """Read the heart rate from beat maps: 60 over the mean distance of the beats found.

    Parameters
    ----------
    beat_map : ndarray of shape (n, bins)
        As the model gives it.
    fs : float
        Sampling rate in hertz.
    length : int
        Samples in a window.

    Returns
    -------
    ndarray of shape (n,)
        Beats a minute; NaN where fewer than two beats were found.

    Examples
    --------
    >>> seen = np.zeros((1, 250))
    >>> seen[0, [30, 75, 120, 165, 210]] = 1.0  # a beat every 45 bins of 8 samples: every second
    >>> rate_from_map(seen)
    array([60.])
    """
    return np.array([bpm(place, fs) for place in find_beats(beat_map, fs, length)], float)


def bpm(place: np.ndarray, fs: float) -> float:
    """Give 60 over the mean distance of beats at sample places; NaN with fewer than two."""
    if len(place) < 2:
        return np.nan
    return float(60 * fs * (len(place) - 1) / (place[-1] - place[0]))


def spread(beat_map: np.ndarray, fs: float = 360.0, length: int = 2000) -> np.ndarray:
    """Estimate the error of the rate that `rate_from_map` reads, from the map's own doubts.

    With the doubt `u` about a place (how far its amount is from 0 or 1, whichever was decided) and
    the change `d` of the rate if the decision is wrong, the spread is the sum of ``u**2 * d`` over
    all places, plus what the jitter of the first and last beat makes. The square, and the jitter,
    gave the narrowest intervals on validation subjects: a place that is half in doubt says more
    than five that are a tenth in doubt. One wrong decision at a time: pairs are left out.
    """
    out = np.full(len(beat_map), LOST)
    for k, (place, amount) in enumerate(peaks(beat_map, fs, length, FAINTEST)):
        found = amount >= SMALLEST
        if found.sum() < 2:
            continue
        rate = bpm(place[found], fs)
        span = (place[found][-1] - place[found][0]) / fs
        doubt = np.clip(np.where(found, 1 - amount, amount), 0, 1)
        out[k] = np.sqrt(2) * rate * JITTER / span
        for turn in np.flatnonzero(doubt):
            other = found.copy()
            other[turn] = not other[turn]
            change = abs(bpm(place[other], fs) - rate) if other.sum() > 1 else LOST
            out[k] += doubt[turn] ** 2 * change
    return np.minimum(out, LOST)


def pool(
    maps: np.ndarray, spreads: np.ndarray, voice: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Join beat maps of several leads (leads, n, bins) into one; also give each lead's weight."""
    # The logits are averaged (a logarithmic opinion pool: Genest and Zidek, Statistical Science
    # 1:114, 1986), so a lead that is sure that there is no beat can overrule one that half sees
    # one. A lead counts by its `voice` bin by bin: one lost in noise does not decide.
    weight = 1 / spreads
    each = weight[:, :, None] * (1.0 if voice is None else voice)
    each = each / each.sum(axis=0)
    p = np.clip(maps.astype(np.float64), 1e-4, 1 - 1e-4)
    logit = (each * np.log(p / (1 - p))).sum(axis=0)
    return 1 / (1 + np.exp(-logit)), weight / weight.sum(axis=0)


def voice(prepared: np.ndarray, bins: int, fs: float = 360.0) -> np.ndarray:
    """Tell in which bins a wave of at least `QUIET` lies within half a second: 1, or towards 0."""
    # A lost electrode is sure that there are no beats.
    from scipy.ndimage import maximum_filter1d

    length = prepared.shape[1]
    tallest = np.abs(prepared).reshape(len(prepared), bins, -1).max(axis=2)
    half_second = round(0.5 * fs * bins / length)
    tallest = maximum_filter1d(tallest, 2 * half_second + 1, axis=1, mode="nearest")
    return np.clip(tallest / QUIET, 0.01, 1.0)


# ------------------------------ two readers, one rate


def fuse(
    beat_map: np.ndarray, found: Sequence[np.ndarray], fs: float = 360.0, length: int = 2000
) -> np.ndarray:
    """Read the heart rate from beat maps with the help of a detector's marks.

    The network hesitates where waves are strange to it; the detector never hesitates, and takes
    noise or a tall T wave for a beat. So the detector gets a vote on the beats of which the network
    is not sure, and only where the two agree on most of the others.
    """
    seen = peaks(beat_map, fs, length, FAINTEST)
    trusted = agreement([p[a >= SMALLEST] for p, a in seen], found, fs) >= TRUST
    rate = np.empty(len(beat_map))
    for k, ((place, amount), marks) in enumerate(zip(seen, found, strict=True)):
        needed = np.full(len(place), SMALLEST)
        if trusted[k] and len(marks):
            voted = (np.abs(place[:, None] - marks) <= NEAR * fs).any(axis=1)
            needed *= np.where(voted, 1 / VOTE, VOTE)
        rate[k] = bpm(place[amount >= needed], fs)
    return rate


def marks(found: dict[str, np.ndarray], windows: Windows) -> list[np.ndarray]:
    """Cut a detector's marks into windows."""
    length = windows.signal.shape[1]
    out = []
    for record, start in zip(windows.record.tolist(), windows.start.tolist(), strict=True):
        first, stop = np.searchsorted(found[record], [start, start + length])
        out.append(found[record][first:stop] - start)
    return out


# ------------------------------ intervals that cover what they promise


@dataclass(frozen=True, slots=True)
class Margin:
    """How many spreads an interval reaches to either side; `calibrate` measures it."""

    factor: float
    level: float = 0.9

    def interval(self, rate: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the lower and the upper end, in beats a minute; none lies below 0."""
        reach = self.factor * spread
        return np.maximum(rate - reach, 0), rate + reach


def calibrate(
    error: np.ndarray, spread: np.ndarray, subject: np.ndarray, level: float = 0.9
) -> Margin:
    """Measure on subjects who have taught and chosen nothing how wide an interval must be.

    Split-conformal prediction with normalised residuals (Lei, G'Sell, Rinaldo, Tibshirani and
    Wasserman, J Am Stat Assoc 113:1094, 2018, section 5.2) over people (Lee, Barber and Willett,
    arXiv:2306.06342, 2023): each subject counts the same, however many windows it has, and one more
    than there are is the subject who will be asked. So n subjects can promise n / (n + 1) at most;
    where `level` is higher, the margin covers all their windows and states that level instead.
    """
    if not len(error):
        raise DataError(
            "there is nothing to calibrate on", remedy="Give windows of validation subjects."
        )
    score = np.abs(error) / spread
    _, who, count = np.unique(subject, return_inverse=True, return_counts=True)
    weight = 1.0 / count[who]
    order = np.argsort(score)
    covered = np.cumsum(weight[order]) / len(count)
    level = min(level, len(count) / (len(count) + 1))
    wanted = level * (len(count) + 1) / len(count)
    place = min(int(np.searchsorted(covered, wanted - 1e-12)), len(score) - 1)
    return Margin(float(score[order[place]]), level)
