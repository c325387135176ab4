import numpy as np


def to_mv_sample_by_sample(stored, gain, baseline):
    flat = [(float(s) - baseline) / gain for s in np.ravel(stored)]
    return np.reshape(flat, np.shape(stored))


def score_with_two_pointers(true, found, tolerance):
    i = j = hits = 0
    while i < len(true) and j < len(found):
        distance = found[j] - true[i]
        if abs(distance) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif distance < 0:
            j += 1
        else:
            i += 1
    return hits / len(true), hits / len(found)


def rate_from_first_and_last(beats, fs, start, stop):
    first, end = np.searchsorted(beats, [start, stop])
    intervals = end - first - 1
    if intervals < 1:
        return float("nan")
    return 60 * fs * intervals / (beats[end - 1] - beats[first])


def cut_with_a_view(signal, length, step):
    return np.lib.stride_tricks.sliding_window_view(signal, length)[::step]


def normalise_with_a_loop(rate, subject, train_subjects):
    known = [r for r, s in zip(rate, subject, strict=True) if s in set(train_subjects)]
    mean = sum(known) / len(known)
    spread = (sum((r - mean) ** 2 for r in known) / len(known)) ** 0.5
    return [(r - mean) / spread for r in rate]


SECOND = {
    "TO_MV": to_mv_sample_by_sample,
    "SCORE": score_with_two_pointers,
    "MEAN_RATE": rate_from_first_and_last,
    "CUT": cut_with_a_view,
    "NORMALISE": normalise_with_a_loop,
}
