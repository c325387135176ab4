"""Two readers, one rate: the network's beat map and the detector, put together beat by beat.

They fail differently. The network hesitates where waves are strange to it; the detector never
hesitates, and takes noise or a tall T wave for a beat. So the detector gets a vote on the beats of
which the network is not sure, and only where the two agree on most of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from medtutor.ecg.maps import FAINTEST, SMALLEST, bpm, peaks
from medtutor.ecg.quality import TRUST, agreement

if TYPE_CHECKING:
    from medtutor.types import Windows

NEAR = 0.1
"""Seconds within which a mark of the detector is the beat that the map sees."""

VOTE = 2.0
"""A beat that the detector has marked needs this much less of a beat in the map to count, one that
it has not marked this much more. Chosen on validation subjects."""


def fuse(
    beat_map: np.ndarray, found: Sequence[np.ndarray], fs: float = 360.0, length: int = 2000
) -> np.ndarray:
    """Read the heart rate from beat maps with the help of a detector's marks.

    Parameters
    ----------
    beat_map : ndarray of shape (n, bins)
        As the model gives it.
    found : sequence of n ndarrays
        Samples of the beats that the detector marks in each window, counted from its start.
    fs : float
        Sampling rate in hertz.
    length : int
        Samples in a window.

    Returns
    -------
    ndarray of shape (n,)
        Beats a minute; NaN where fewer than two beats are left.
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
    """Cut a detector's marks into windows.

    Parameters
    ----------
    found : dict of str to ndarray of int
        For each recording's name, the samples of all beats that were marked in it.
    windows : Windows

    Returns
    -------
    list of n ndarrays
        Samples from the start of each window.
    """
    length = windows.signal.shape[1]
    out = []
    for record, start in zip(windows.record.tolist(), windows.start.tolist(), strict=True):
        first, stop = np.searchsorted(found[record], [start, start + length])
        out.append(found[record][first:stop] - start)
    return out
