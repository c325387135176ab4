"""Find ECG recordings that are there twice, under another name, gain, filter or start.

No two hearts beat the same minutes to the millisecond. So the RR intervals are the fingerprint:
runs that agree within a few samples name candidates and their shift in time; then the signals are
laid over each other and correlated.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from medtutor.capstone.twins import Twin
from medtutor.ecg.prepare import band_pass
from medtutor.types import Recording

__all__ = ["SAME", "pairs"]

SAME = 0.9
"""Correlation of the band-passed signals, laid over each other, from which they count as one."""
RUN = 8  # RR intervals in a run
APART = 3.0  # samples by which each interval of a run may differ
FEWEST = 5  # runs that have to agree on one shift
SECONDS = 60.0  # length over which the signals are compared


def pairs(recordings: Sequence[Recording], same: float = SAME) -> list[Twin]:
    """Find pairs of recordings that hold the same heartbeats.

    Found are copies with another gain or polarity, filtered again, with a later start or an earlier
    end. Not found: other minutes of the same person.

    Parameters
    ----------
    recordings : sequence of Recording
        All at one sampling rate.
    same : float
        Correlation from which two count as one; its sign is ignored.

    Returns
    -------
    list of Twin
        ``first < second``; `mirrored` where the polarity differs.
    """
    from scipy.spatial import cKDTree

    runs = [_runs(recording.beats) for recording in recordings]
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
            if abs(score) >= same:
                found.append(Twin(i, j, abs(score), score < 0))
    return found


def _runs(beats: np.ndarray) -> np.ndarray:
    """Give all runs of consecutive RR intervals, in samples: shape (beats - RUN, RUN)."""
    intervals = np.diff(beats).astype(float)
    if len(intervals) < RUN:
        return np.empty((0, RUN))
    return np.lib.stride_tricks.sliding_window_view(intervals, RUN)


def _overlaid(one: Recording, two: Recording, shift: int) -> float:
    """Correlate two recordings, the second `shift` samples later, where they overlap."""
    length = int(SECONDS * one.fs)
    begin = max(0, -shift)
    stop = min(len(one.signal), len(two.signal) - shift)
    if stop - begin < one.fs:
        return 0.0
    middle = max(begin, (begin + stop - length) // 2)
    here = slice(middle, min(middle + length, stop))
    a = band_pass(np.nan_to_num(one.signal[here, 0])[None], one.fs)[0]
    best = 0.0
    for step in range(-6, 7):  # the vote rounds the shift to ten samples
        start = here.start + shift + step
        if start < 0 or start + len(a) > len(two.signal):
            continue
        b = band_pass(np.nan_to_num(two.signal[start : start + len(a), 0])[None], two.fs)[0]
        score = float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0
        best = score if abs(score) > abs(best) else best
    return best
