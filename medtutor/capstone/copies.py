"""Find what is there twice: pictures copied, shifted, brightened or mirrored, and ECG records.

Pictures in two steps. A fingerprint names a few candidates for each picture; then each candidate is
laid over the picture, moved until it fits best, and compared in its fine detail.

The fingerprint is the magnitude of the Fourier transform. A shift changes the phase of a transform
and leaves its magnitude alone, and so does turning by 180 degrees; a mirror image mirrors it. The
comparison uses the band between two blurs (Marr & Hildreth, Proc R Soc Lond B 207:187, 1980), since
two chests resemble each other at a glance, and two noises never do. The shift is found by
cross-correlation through the Fourier transform (Anuta, IEEE Trans Geosci Electron 8:353, 1970).

Records: no two hearts beat the same minutes to the millisecond. So the RR intervals are the
fingerprint: runs that agree within a few samples name candidates and their shift in time; then the
signals are laid over each other and correlated.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft, ndimage

from medtutor.ct.preprocess import resize
from medtutor.ecg.segments import band_pass
from medtutor.types import Recording

SAME = 0.75
"""Correlation of fine detail from which two pictures count as one; lesson 23 measures how well
that tells copies from other pictures."""
SAME_SMALL = 0.9  # the same for pictures of 28 pixels: less detail agrees by chance more often
COARSE, DETAIL = 32, 64  # pixels per side at which candidates are found, and compared
WAVES = 8  # waves across the picture that the fingerprint keeps, in each direction
REACH = 8  # a copy may be shifted by one part in so many of the side
CANDIDATES = 4  # looked at more closely, for each picture as it is and mirrored
BLURS = (0.7, 2.5)  # pixels: finer is noise of the file, coarser is anatomy
LOUD = 2.0  # robust standard deviations at which detail is cut off: one strong edge is not all
# Mirrored left to right and upside down. The fingerprint cannot tell the first two apart, nor the
# last two.
FLIPS = ((1, 1), (-1, -1), (1, -1), (-1, 1))

SAME_RECORD = 0.9  # correlation of band-passed signals from which two records count as one
RUN = 8  # RR intervals in a run
APART = 3.0  # samples by which each interval of a run may differ
FEWEST = 5  # runs that have to agree on one shift
SECONDS = 60.0  # length over which the signals are compared


class Twin(NamedTuple):
    """Two pictures that show the same: their indices, how alike they are, and how they differ."""

    first: int
    second: int
    likeness: float
    mirrored: bool


def fingerprints(images: Sequence[np.ndarray]) -> np.ndarray:
    """Describe each picture so that its shifted copy is described alike."""
    small = unit(np.stack([resize(image, COARSE) for image in images]))
    window = np.hanning(COARSE + 2)[1:-1]  # without it the border would look like an edge
    spectrum = np.abs(fft.fft2(small * np.outer(window, window), workers=2))
    middle = COARSE // 2
    kept = slice(middle - WAVES, middle + WAVES + 1)
    return unit(np.log1p(10 * fft.fftshift(spectrum, axes=(1, 2))[:, kept, kept]))


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """Say how alike two pictures are in their fine detail, at the shift that fits best."""
    a, b = detail([first, second])
    return float(aligned(a[None], b[None])[0])


def pairs(images: Sequence[np.ndarray]) -> list[Twin]:
    """Find all pairs of pictures that show the same.

    Copies are found that were saved again as JPEG, resized, shifted by up to an eighth of the side,
    made brighter or darker, mirrored or turned by 180 degrees. Not found: quarter turns, other
    crops of the same scan. Neighbouring slices of a whole chest may be found, those of a crop not.
    """
    alive = [k for k, image in enumerate(images) if np.ptp(image) > 0]
    if len(alive) < 2:
        return []
    chosen = [images[k] for k in alive]
    marks, fine = fingerprints(chosen), detail(chosen)
    same = float(np.interp(fine.shape[1], [28, DETAIL], [SAME_SMALL, SAME]))
    found: dict[tuple[int, int], tuple[float, bool]] = {}
    for mirrored, flips in ((False, FLIPS[:2]), (True, FLIPS[2:])):
        couples = _candidates(marks, marks[:, :, ::-1] if mirrored else marks)
        for start in range(0, len(couples), 1000):
            part = couples[start : start + 1000]
            a, b = fine[part[:, 0]], fine[part[:, 1]]
            tried = np.stack([aligned(a, b[:, ::v, ::h]) for v, h in flips])
            turned = mirrored | (tried[1] > tried[0])
            for couple, score, odd in zip(part, tried.max(axis=0), turned, strict=True):
                key = (int(couple[0]), int(couple[1]))
                if score >= same and score > found.get(key, (0.0, False))[0]:
                    found[key] = (float(score), bool(odd))
    return [Twin(alive[i], alive[j], *found[i, j]) for i, j in sorted(found)]


def detail(images: Sequence[np.ndarray]) -> np.ndarray:
    """Keep the band of fine detail of each picture, at most 64 x 64, mean 0 and length 1."""
    side = int(np.clip(np.median([min(image.shape) for image in images]), 24, DETAIL))
    big = np.stack([resize(image, side) for image in images])
    near, far = (ndimage.gaussian_filter(big, (0, s, s), mode="nearest") for s in BLURS)
    band = near - far
    usual = np.median(np.abs(band), axis=(1, 2), keepdims=True) / 0.6745
    usual = np.maximum(usual, 0.05 * band.std(axis=(1, 2), keepdims=True))
    # Strong edges, such as that of the scanned field, are cut off: all chests share them.
    return unit(np.clip(band, -LOUD * usual, LOUD * usual))


def aligned(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlate two stacks of pictures of mean 0, each pair at its best shift."""
    side = a.shape[1]
    reach = side // REACH
    size = fft.next_fast_len(side + reach)  # room for the shift: what leaves must not come back
    spectra = (fft.rfft2(x, s=(size, size), workers=2) for x in (a, b))
    product = next(spectra) * np.conj(next(spectra))
    surface = fft.irfft2(product, s=(size, size), workers=2)
    shifts = np.arange(-reach, reach + 1)
    surface = surface[:, shifts[:, None], shifts].reshape(len(a), -1)
    down, right = np.unravel_index(surface.argmax(axis=1), (len(shifts), len(shifts)))
    result = np.empty(len(a))
    for k, (dy, dx) in enumerate(zip(shifts[down], shifts[right], strict=True)):
        one = a[k, max(0, dy) : side + min(0, dy), max(0, dx) : side + min(0, dx)]
        two = b[k, max(0, -dy) : side + min(0, -dy), max(0, -dx) : side + min(0, -dx)]
        result[k] = np.sum(unit(one[None]) * unit(two[None]))
    return result


def _candidates(marks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Name the nearest fingerprints of each picture as pairs of indices, the smaller first."""
    flat, other = marks.reshape(len(marks), -1), others.reshape(len(others), -1)
    count = min(CANDIDATES, len(flat) - 1)
    couples = []
    for start in range(0, len(flat), 1000):
        alike = flat[start : start + 1000] @ other.T
        rows = np.arange(len(alike))
        alike[rows, start + rows] = -2  # not itself
        nearest = np.argpartition(-alike, count - 1, axis=1)[:, :count]
        couples.append(np.stack([np.repeat(start + rows, count), nearest.ravel()], axis=1))
    return np.unique(np.sort(np.concatenate(couples), axis=1), axis=0)


def unit(pictures: np.ndarray) -> np.ndarray:
    """Bring each picture of a stack to mean 0 and length 1; one of a single value becomes 0."""
    axes = tuple(range(1, pictures.ndim))
    centred = pictures - pictures.mean(axis=axes, keepdims=True)
    length = np.sqrt(np.sum(centred**2, axis=axes, keepdims=True))
    return (centred / np.maximum(length, 1e-9)).astype(np.float32)


def record_pairs(recordings: Sequence[Recording]) -> list[Twin]:
    """Find pairs of recordings that hold the same heartbeats.

    Found are copies with another gain or polarity, filtered again, with a later start or an earlier
    end. Not found: other minutes of the same person.
    """
    from scipy.spatial import cKDTree

    steps = [np.diff(recording.beats).astype(float) for recording in recordings]
    none = np.empty((0, RUN))  # runs of consecutive RR intervals, in samples: (beats - RUN, RUN)
    runs = [sliding_window_view(rr, RUN) if len(rr) >= RUN else none for rr in steps]
    owner = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    if len(owner) < 2:
        return []
    starts = np.concatenate([r.beats[: len(run)] for r, run in zip(recordings, runs, strict=True)])
    tree = cKDTree(np.concatenate(runs))
    votes: dict[tuple[int, int], Counter[int]] = {}
    # A very regular rhythm agrees with itself everywhere: eight neighbours of a run are enough.
    near, who = tree.query(tree.data, k=min(8, len(owner)), p=np.inf, distance_upper_bound=APART)
    for a, (distance, others) in enumerate(zip(near, who, strict=True)):
        for b in others[np.isfinite(distance)]:
            i, j = int(owner[a]), int(owner[b])
            if i < j:
                shift = round(float(starts[b] - starts[a]) / 10) * 10
                votes.setdefault((i, j), Counter())[shift] += 1
    found = []
    for (i, j), count in sorted(votes.items()):
        shift, agreeing = count.most_common(1)[0]
        if agreeing >= FEWEST:
            score = _overlaid(recordings[i], recordings[j], shift)
            if abs(score) >= SAME_RECORD:
                found.append(Twin(i, j, abs(score), score < 0))
    return found


SLACK = 6  # samples that the true shift may lie off the vote's, which is rounded to ten


def _overlaid(one: Recording, two: Recording, shift: int) -> float:
    """Correlate two recordings, the second `shift` samples later, where they overlap."""
    length = int(SECONDS * one.fs)
    begin = max(0, -shift) + SLACK
    stop = min(len(one.signal), len(two.signal) - shift) - SLACK
    if stop - begin < one.fs:
        return 0.0
    middle = max(begin, (begin + stop - length) // 2)
    here = slice(middle, min(middle + length, stop))
    a = band_pass(np.nan_to_num(one.signal[here, 0])[None], one.fs)[0]
    best = 0.0
    for step in range(-SLACK, SLACK + 1):
        start = here.start + shift + step
        b = band_pass(np.nan_to_num(two.signal[start : start + len(a), 0])[None], two.fs)[0]
        score = float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0
        best = score if abs(score) > abs(best) else best
    return best
