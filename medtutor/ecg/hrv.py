"""Heart-rate variability in the time domain, from beats: SDNN, RMSSD and pNN50.

Definitions: Task Force of the European Society of Cardiology and the North American Society of
Pacing and Electrophysiology, Heart rate variability: standards of measurement, Circulation 93:1043
(1996), section "Time domain methods". Only **NN intervals** count: those between two neighbouring
beats that both come from the sinus node. An ectopic beat spoils the interval before it and the
interval after it. pNN50 is the share of the differences; the Task Force divides by the number of
intervals, one more in an unbroken stretch.
"""

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without an interval: they get NaN
        if normal is not None:
            nn = normal[:, :-1] & normal[:, 1:]
        else:
            usual = np.nanmedian(rr, axis=1, keepdims=True)
            nn = np.abs(rr - usual) <= JUMP * usual
        rr = np.where(nn, rr, np.nan)
        step = np.diff(rr, axis=1)  # of two neighbouring intervals that are both NN
        count, pairs = (np.isfinite(each).sum(axis=1) for each in (rr, step))
        sdnn, rmssd = np.nanstd(rr, axis=1, ddof=1), np.sqrt(np.nanmean(step**2, axis=1))
    pnn50 = 100 * (np.abs(step) > 50).sum(axis=1) / np.maximum(pairs, 1)
    return Variability(
        np.where(count >= FEWEST, sdnn, np.nan),
        np.where(pairs >= FEWEST, rmssd, np.nan),
        np.where(pairs >= FEWEST, pnn50, np.nan),
        count,
    )


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
