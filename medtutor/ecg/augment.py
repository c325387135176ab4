"""Variants of training windows: other speeds, other starts, the other lead, noise.

A model that has met twenty hearts has met twenty usual rates. Playing a window at another speed
changes its rate by exactly that factor, so the model meets every rate with every heart.
"""

import numpy as np

from medtutor.ecg.beats import rate_of
from medtutor.ecg.noise import KINDS
from medtutor.ecg.prepare import band_pass, height
from medtutor.types import Windows

SPEEDS = (0.5, 1.5)
"""Slowest and fastest speed at which a window is played. Half speed makes a QRS twice as wide, as a
ventricular beat is, and there are never enough of those."""

STRONGEST = {"muscle": 0.8, "motion": 1.0, "wander": 1.5}
"""Kinds of simulated noise added in training, and the largest standard deviation of each, where a
beat is 1 high. At a signal-to-noise ratio of 0 dB (`ecg.noise.snr`) it is about a third of that,
and more while a burst lasts."""

HOW_OFTEN = (0.40, 0.45, 0.15)
"""Share of each kind: wander is nearly gone after the band-pass, motion is the hardest."""


def play(
    leads: np.ndarray,
    lead: np.ndarray,
    windows: Windows,
    follower: np.ndarray,
    index: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Play windows from a random start at a random speed, on into the window that follows.

    Where no window follows, the speed is at most 1.

    Parameters
    ----------
    leads : ndarray of shape (leads, all, length)
        Band-passed windows, see `filtered_leads`.
    lead : ndarray of int, shape (n,)
        Which lead to take.
    windows : Windows
        The same windows, for their beats.
    follower : ndarray of int, shape (all,)
        See `following`.
    index : ndarray of int, shape (n,)
        The windows to start in.
    rng : numpy.random.Generator
        Source of starts and speeds.

    Returns
    -------
    signal : ndarray of shape (n, length)
    beats : ndarray of shape (n, most)
        Samples from the start of what is played, NaN where there is none.
    change : ndarray of shape (n,)
        In beats a minute; NaN where the stretch after this one is not labelled.
    """
    n, length = len(index), windows.signal.shape[1]
    second = follower[index]
    third = np.where(second >= 0, follower[second], -1)
    has_second, has_third = second >= 0, third >= 0
    tape = np.concatenate([leads[lead, index], leads[lead, second]], axis=1)
    beats = np.concatenate(
        [
            windows.beats[index],
            np.where(has_second[:, None], windows.beats[second] + length, np.nan),
            np.where(has_third[:, None], windows.beats[third] + 2 * length, np.nan),
        ],
        axis=1,
    )
    end = np.where(has_second, 2 * length, length)
    low, high = np.log(SPEEDS)
    speed = np.minimum(np.exp(rng.uniform(low, high, n)), end / length)
    start = rng.uniform(0, 1, n) * (end - speed * length)
    x = resample(tape, start, speed, length)
    place = (beats - start[:, None]) / speed[:, None]
    now = np.where((place >= 0) & (place < length), place, np.nan)
    after = np.where((place >= length) & (place < 2 * length), place, np.nan)
    change = rate_of(after, windows.fs) - rate_of(now, windows.fs)
    labelled = np.where(has_third, 3 * length, end)
    return x, now, np.where(start + 2 * speed * length <= labelled, change, np.nan)


def resample(tape: np.ndarray, start: np.ndarray, speed: np.ndarray, length: int) -> np.ndarray:
    """Read `length` samples from each row, from `start` on at `speed`, by straight lines.

    The rows hold nothing above 35 Hz, so straight lines between samples at 360 Hz are close.

    Parameters
    ----------
    tape : ndarray of shape (n, samples)
        Band-passed signals.
    start, speed : ndarray of shape (n,)
        First place, in samples, and step from one place to the next.
    length : int
        Samples to read.

    Returns
    -------
    ndarray of shape (n, length), float32
    """
    place = start[:, None] + speed[:, None] * np.arange(length)
    left = np.minimum(place.astype(np.int32), tape.shape[1] - 2)
    share = (place - left).astype(np.float32)
    flat = tape.ravel()
    left = left + np.arange(len(tape), dtype=np.int32)[:, None] * tape.shape[1]
    below, above = flat.take(left), flat.take(left + 1)
    return below + share * (above - below)


def filtered_leads(windows: Windows) -> np.ndarray:
    """Band-pass the first two leads; a lead that is broken in a window is replaced by the first.

    Returns
    -------
    ndarray of shape (leads, n, length), float32
    """
    first = band_pass(windows.signal[:, :, 0], windows.fs)
    out = [first]
    for k in range(1, min(2, windows.signal.shape[2])):
        raw = windows.signal[:, :, k]
        whole = np.isfinite(raw).all(axis=1) & (np.ptp(raw, axis=1) > 0)
        other = band_pass(np.where(whole[:, None], raw, 0), windows.fs)
        out.append(np.where(whole[:, None], other, first))
    return np.stack(out)


def noise(n: int, length: int, rng: np.random.Generator, typical: float = 0.05) -> np.ndarray:
    """Draw noise of two colours, muscle-like (to 45 Hz) and slow (to 5 Hz), each at its own size.

    Parameters
    ----------
    n, length : int
        Shape.
    rng : numpy.random.Generator
        Source.
    typical : float
        Mean standard deviation of each colour, where a beat is 1 high; at most 0.5.

    Returns
    -------
    ndarray of shape (n, length), float32
    """
    out = np.zeros((n, length), np.float32)
    for hold in (4, 40):  # samples during which a value is held
        size = np.minimum(rng.exponential(typical, (n, 1)), 0.5).astype(np.float32)
        steps = rng.standard_normal((n, -(-length // hold)), dtype=np.float32)
        out += size * np.repeat(steps, hold, axis=1)[:, :length]
    return out


def noise_bank(
    fs: float, rng: np.random.Generator, minutes: float = 30.0, strip: float = 20.0
) -> np.ndarray:
    """Draw simulated noise (`ecg.noise`) once, in strips, to be cut into windows many times.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    rng : numpy.random.Generator
        Source.
    minutes : float
        Length for each kind.
    strip : float
        Seconds of a strip. Electrode motion has at least one restless episode in each.

    Returns
    -------
    ndarray of shape (kinds, samples), float32
        In the order of `STRONGEST`. Band-passed as a window is; before that each strip had a
        variance of 1.
    """
    samples, strips = round(strip * fs), max(1, round(60 * minutes / strip))
    out = []
    for kind in STRONGEST:
        drawn = np.stack([KINDS[kind](samples, fs, rng) for _ in range(strips)])
        drawn /= drawn.std(axis=1, keepdims=True)
        out.append(band_pass(drawn, fs).ravel())
    return np.stack(out)


def disturb(
    filtered: np.ndarray, fs: float, bank: np.ndarray, rng: np.random.Generator, share: float = 0.6
) -> np.ndarray:
    """Add one kind of strong noise to a share of the windows, from a tenth of `STRONGEST` up to it.

    Parameters
    ----------
    filtered : ndarray of shape (n, length)
        Band-passed windows.
    fs : float
        Sampling rate in hertz.
    bank : ndarray of shape (kinds, samples)
        See `noise_bank`.
    rng : numpy.random.Generator
        Source.
    share : float
        Share of the windows that get any.

    Returns
    -------
    ndarray of shape (n, length), float32
    """
    n, length = filtered.shape
    kind = rng.choice(len(bank), size=(n,), p=HOW_OFTEN)
    most = np.array(list(STRONGEST.values()))[kind]
    size = most * np.exp(rng.uniform(np.log(0.1), 0, n)) * (rng.random(n) < share)
    start = rng.integers(bank.shape[1] - length, size=(n, 1))
    piece = bank[kind[:, None], start + np.arange(length)]
    tall = height(filtered, fs)
    return filtered + (size * tall)[:, None].astype(np.float32) * piece


def following(windows: Windows) -> np.ndarray:
    """Find for each window the one that starts where it ends: its index, or -1.

    Returns
    -------
    ndarray of shape (n,), int64
    """
    length = windows.signal.shape[1]
    keys = list(zip(windows.record.tolist(), windows.start.tolist(), strict=True))
    place = {key: number for number, key in enumerate(keys)}
    return np.array([place.get((record, start + length), -1) for record, start in keys])
