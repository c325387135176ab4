"""Windows of an ECG with their labels, and the preparation that a model's input needs.

The label of a window is the heart rate that its annotated beats give; a second label is how much
the rate changes until the next window. Whatever is fitted here (`normaliser`) is fitted on the
training subjects alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from medtutor.ecg.beats import rates
from medtutor.errors import DataError
from medtutor.types import Recording, Windows


def cut(
    recordings: Recording | Iterable[Recording], length: int = 2000, step: int | None = None
) -> Windows:
    """Cut recordings into windows and label each with its heart rate.

    A window is kept when the lead in column 0 has no missing sample, does not stand still for a
    second, and at least two annotated beats lie inside: one beat makes no interval.

    Parameters
    ----------
    recordings : Recording or iterable of Recording
        All at one sampling rate.
    length : int
        Samples in a window; 2,000 at 360 Hz are 5.6 s.
    step : int, optional
        Samples from one start to the next; by default `length`, so that windows do not overlap.

    Raises
    ------
    DataError
        No window could be kept, or the sampling rates differ.

    Examples
    --------
    >>> one = Recording("r", "p", np.random.default_rng(0).normal(size=(5000, 1)), ("II",), 360.0,
    ...                 np.arange(100, 5000, 300), np.full(17, "N"))
    >>> windows = cut(one)
    >>> windows
    2 windows of 5.56 s at 360 Hz from 1 subjects; left out: none
    >>> windows.rate.tolist()
    [72.0, 72.0]
    """
    several = recordings if isinstance(recordings, Iterable) else [recordings]
    return join(_cut_one(r, length, step or length) for r in several)


def _cut_one(recording: Recording, length: int, step: int) -> Windows:
    """Cut one recording."""
    signal, fs = recording.signal, recording.fs
    start = np.arange(0, len(signal) - length + 1, step)
    # (n, length, leads), without a copy; a recording shorter than a window has none
    view = np.empty((0, length, signal.shape[1]), np.float32)
    if len(start):
        every = np.lib.stride_tricks.sliding_window_view(signal, length, axis=0)
        view = every[::step].transpose(0, 2, 1)
    first = np.ascontiguousarray(view[:, :, 0])
    rate = rates(recording.beats, fs, start, length)
    reason = np.select(
        [np.isnan(first).any(axis=1), _stands_still(first, fs), np.isnan(rate)],
        ["missing samples", "a flat line", "fewer than two beats"],
        default="",
    )
    keep = np.flatnonzero(reason == "")
    # The next window need not be one that is kept: only its beats must be known.
    after = np.where(start + 2 * length <= len(signal), start + length, len(signal))
    change = rates(recording.beats, fs, after, length) - rate
    return Windows(
        signal=view if len(keep) == len(view) else view[keep],  # `join` copies
        rate=rate[keep],
        change=change[keep],
        beats=_beats_inside(recording.beats, start[keep], length),
        subject=np.full(len(keep), recording.subject),
        record=np.full(len(keep), recording.name),
        start=start[keep],
        fs=fs,
        left_out=dict(Counter(reason[reason != ""].tolist())),
    )


def _stands_still(signal: np.ndarray, fs: float) -> np.ndarray:
    """Tell which windows hold a second or more without any change, as a lost electrode gives.

    Half a second is enough where it fills a block of the grid.
    """
    # Any still second covers one whole half-second block of a fixed grid.
    block = max(2, int(fs / 2))
    grid = signal[:, : signal.shape[1] // block * block]
    grid = grid.reshape(len(signal), signal.shape[1] // block, block)
    return (np.ptp(grid, axis=2) == 0).any(axis=1)


def _beats_inside(beats: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """List the beats of each window from its start, filled up with NaN to one width."""
    first, last = np.searchsorted(beats, start), np.searchsorted(beats, start + length)
    column = np.arange(max(1, int((last - first).max(initial=0))))
    index = first[:, None] + column
    padded = np.append(beats, 0)[np.minimum(index, len(beats))] - start[:, None]
    return np.where(index < last[:, None], padded, np.nan).astype(np.float32)


def join(parts: Iterable[Windows]) -> Windows:
    """Put windows of several recordings together; keep the leads that all of them have."""
    parts = list(parts)
    left_out: Counter[str] = sum((Counter(p.left_out) for p in parts), Counter())
    if not any(len(p) for p in parts):
        why = ", ".join(f"{n} with {reason}" for reason, n in left_out.items())
        raise DataError(
            "no window can be used" + (f" ({why})" if why else ""),
            remedy="A recording must be longer than one window and have annotated beats.",
        )
    if len({p.fs for p in parts}) > 1:
        raise DataError(
            f"sampling rates differ: {sorted({p.fs for p in parts})} Hz",
            remedy="Read the recordings with one `fs`.",
        )
    leads = min(p.signal.shape[2] for p in parts)
    most = max(p.beats.shape[1] for p in parts)
    fill = [((0, 0), (0, most - p.beats.shape[1])) for p in parts]
    together = {
        name: np.concatenate([getattr(p, name) for p in parts])
        for name in ("rate", "change", "subject", "record", "start")
    }
    return Windows(
        signal=np.concatenate([p.signal[:, :, :leads] for p in parts], dtype=np.float32),
        beats=np.concatenate(
            [np.pad(p.beats, w, constant_values=np.nan) for p, w in zip(parts, fill, strict=True)]
        ),
        **together,
        fs=parts[0].fs,
        left_out=dict(left_out),
    )


def beat_map(beats: np.ndarray, bins: int = 250, length: float = 2000) -> np.ndarray:
    """Draw where the beats lie: one value a bin.

    A beat between the centres of two bins is shared by them, so its place is kept to a fraction
    of a bin. The values sum to the number of beats, less what falls over either end (half a beat
    at most) or exceeds 1 in a bin.
    """
    row, column = np.nonzero(np.isfinite(beats))
    place = beats[row, column] * (bins / length) - 0.5
    left = np.floor(place).astype(int)
    share = place - left
    out = np.zeros((len(beats), bins + 2), dtype=np.float32)  # a bin to spare at either end
    np.add.at(out, (row, left + 1), 1 - share)
    np.add.at(out, (row, left + 2), share)
    return np.minimum(out[:, 1:-1], 1)


# ------------------------------ preparation

BAND = (1.0, 35.0)
"""Pass band in hertz: breathing and drifting electrodes lie below it, mains and muscle above."""


@cache
def _filter(fs: float) -> np.ndarray:
    """Design the Butterworth filter once: a monitor asks for it every second."""
    from scipy.signal import butter

    return butter(2, BAND, btype="bandpass", fs=fs, output="sos")


def band_pass(signal: np.ndarray, fs: float) -> np.ndarray:
    """Keep the frequencies of the QRS complex; forwards and backwards, so nothing is shifted.

    A Butterworth filter of order 2, with the pass band `BAND`.

    Parameters
    ----------
    signal : ndarray of shape (n, samples)
        Windows of one lead.
    fs : float
        Sampling rate in hertz.

    Returns
    -------
    ndarray of shape (n, samples), float32

    Examples
    --------
    >>> drift = np.full((1, 720), 2.0)
    >>> bool(np.abs(band_pass(drift, 360)).max() < 1e-6)
    True
    """
    from scipy.signal import sosfiltfilt

    return sosfiltfilt(_filter(fs), signal, axis=-1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Normaliser:
    """What the training subjects taught about scales; see `normaliser`."""

    fs: float
    rate_mean: float
    rate_std: float
    change_std: float
    floor: float

    def signal(self, signal: np.ndarray) -> np.ndarray:
        """Prepare windows (n, samples) of one lead in mV: band-pass, divide by a beat's height.

        The tallest wave of a typical second is about 1; what is larger than 5 is cut off.
        """
        return self.scale(band_pass(signal, self.fs))

    def scale(self, filtered: np.ndarray) -> np.ndarray:
        """Divide windows that are already band-passed by the height of a beat; see `height`."""
        tall = np.maximum(height(filtered, self.fs), self.floor)
        return np.clip(filtered / tall[:, None], -5, 5).astype(np.float32)

    def target(self, rate: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Bring rate and change to about unit spread: shape (n, 2)."""
        return np.stack([(rate - self.rate_mean) / self.rate_std, change / self.change_std], axis=1)

    def bpm(self, target: np.ndarray) -> np.ndarray:
        """Undo `target`: (n, 2) with the rate and the change in beats a minute."""
        return target * [self.rate_std, self.change_std] + [self.rate_mean, 0.0]


def height(filtered: np.ndarray, fs: float) -> np.ndarray:
    """Typical height of a beat in each window: the median, over seconds, of the largest deviation.

    One artefact fills one second or two, and the median does not see it.
    """
    second = min(int(fs), filtered.shape[1])
    grid = filtered[:, : filtered.shape[1] // second * second].reshape(len(filtered), -1, second)
    return np.median(np.abs(grid).max(axis=2), axis=1)


def normaliser(windows: Windows, indices: np.ndarray) -> Normaliser:
    """Fit the scales on the training windows, and on nothing else.

    `indices` are those of the training windows.

    Examples
    --------
    >>> one = Recording("r", "p", np.random.default_rng(0).normal(size=(5000, 1)), ("II",), 360.0,
    ...                 np.arange(100, 5000, 300), np.full(17, "N"))
    >>> normaliser(cut(one), np.array([0, 1])).rate_mean
    72.0
    """
    part = windows[indices]
    tall = height(band_pass(part.signal[:, :, 0], part.fs), part.fs)
    change = part.change[np.isfinite(part.change)]
    return Normaliser(
        fs=part.fs,
        rate_mean=float(part.rate.mean()),
        rate_std=float(part.rate.std()) or 1.0,
        change_std=(float(change.std()) if len(change) else 0.0) or 1.0,
        floor=0.1 * float(np.median(tall)),
    )
