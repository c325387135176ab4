"""Heart-rate variability in the time domain, from beats: SDNN, RMSSD and pNN50.

Definitions: Task Force of the European Society of Cardiology and the North American Society of
Pacing and Electrophysiology, Heart rate variability: standards of measurement, Circulation 93:1043
(1996), section "Time domain methods". Only **NN intervals** count: those between two neighbouring
beats that both come from the sinus node. An ectopic beat spoils the interval before it and the
interval after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from medtutor.types import Recording, Windows

NORMAL = ("N", "L", "R", "B")
"""WFDB codes of beats that the sinus node sets off: normal, or with a blocked bundle branch. In
atrial fibrillation, too, the annotators write N; those intervals are not from the sinus node, and
the rhythm annotation must tell."""

FEWEST = 3
"""NN intervals, and differences of neighbouring ones, without which no value is given."""

JUMP = 0.2
"""An interval that differs from the median of its stretch by more than this share is taken for
ectopic where nobody has labelled the beats (the 20 % rule; Malik et al., Eur Heart J 10:1060,
1989, compare with the interval before)."""


class Variability(NamedTuple):
    """Variability of n stretches."""

    sdnn: np.ndarray
    rmssd: np.ndarray
    pnn50: np.ndarray
    intervals: np.ndarray


def of_beats(beats: np.ndarray, fs: float, normal: np.ndarray | None = None) -> Variability:
    """Compute the variability of stretches from their beats."""
    rr = np.diff(np.asarray(beats, dtype=np.float64), axis=1) * (1000 / fs)
    nn = np.isfinite(rr)
    if normal is not None:
        nn &= normal[:, :-1] & normal[:, 1:]
    elif rr.shape[1]:
        usual = _median(rr, nn)
        nn &= np.abs(np.where(nn, rr, 0) - usual[:, None]) <= JUMP * usual[:, None]
    values = np.where(nn, rr, 0.0)
    count = nn.sum(axis=1)
    mean = values.sum(axis=1) / np.maximum(count, 1)
    square = (np.where(nn, values - mean[:, None], 0) ** 2).sum(axis=1)
    both = nn[:, :-1] & nn[:, 1:]  # two neighbouring intervals, both NN
    step = np.where(both, np.diff(values, axis=1), 0.0)
    pairs = both.sum(axis=1)
    divide = np.maximum(pairs, 1)
    return Variability(
        np.where(count >= FEWEST, np.sqrt(square / np.maximum(count - 1, 1)), np.nan),
        np.where(pairs >= FEWEST, np.sqrt((step**2).sum(axis=1) / divide), np.nan),
        np.where(pairs >= FEWEST, 100 * (np.abs(step) > 50).sum(axis=1) / divide, np.nan),
        count,
    )


def _median(rr: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Give the median of each row over the values that are there; 0 for an empty row."""
    some = there.any(axis=1)
    out = np.zeros(len(rr))
    out[some] = np.nanmedian(np.where(there, rr, np.nan)[some], axis=1)
    return out


def normal_beats(recordings: Iterable[Recording], windows: Windows) -> np.ndarray:
    """Look up which beats of each window the experts call the sinus node's; see `NORMAL`."""
    out = np.zeros(windows.beats.shape, dtype=bool)
    for recording in recordings:
        mine = np.flatnonzero(windows.record == recording.name)
        normal = np.isin(recording.symbols, NORMAL)
        there = np.isfinite(windows.beats[mine])
        place = windows.start[mine][:, None] + np.where(there, windows.beats[mine], 0)
        index = np.searchsorted(recording.beats, np.rint(place).astype(np.int64))
        out[mine] = there & normal[np.minimum(index, len(normal) - 1)]
    return out


def around(
    recordings: Iterable[Recording], windows: Windows, seconds: float = 300.0
) -> Variability:
    """Compute the variability of the long stretch in whose middle each window lies."""
    unknown = np.full(len(windows), np.nan)
    out = Variability(unknown, unknown.copy(), unknown.copy(), np.zeros(len(windows), int))
    for recording in recordings:
        mine = np.flatnonzero(windows.record == recording.name)
        length = round(seconds * recording.fs)
        last = len(recording.signal) - length
        if last < 0 or not len(mine):
            continue
        middle = windows.start[mine] + windows.signal.shape[1] // 2
        start = np.clip(middle - length // 2, 0, last)
        normal = np.isin(recording.symbols, NORMAL)
        first, stop = (np.searchsorted(recording.beats, at) for at in (start, start + length))
        for k, a, b in zip(mine, first, stop, strict=True):
            one = of_beats(recording.beats[None, a:b], recording.fs, normal[None, a:b])
            for column, value in zip(out, one, strict=True):
                column[k] = value[0]
    return out
