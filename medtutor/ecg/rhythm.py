"""Simulated heart rhythms: series of RR intervals with their beats' WFDB symbols.

Sinus rhythm breathes and drifts, ectopic beats come early, atrial fibrillation is irregular.
Intervals are in seconds; ``rr[i]`` is the time from beat i - 1 to beat i.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medtutor.ecg.noise import band, coloured

REFRACTORY = 0.25  # s, no two beats lie closer: the ventricles cannot be excited again
PAUSE = 3.0  # s, an escape beat ends any longer pause
GRID = 4.0  # Hz, at which the rate of the sinus node is followed


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """A sequence of beats.

    Parameters
    ----------
    times : ndarray of shape (beats,)
        Time of each R peak in seconds.
    rr : ndarray of shape (beats,)
        Interval before each beat in seconds.
    symbols : ndarray of shape (beats,), str
        WFDB beat codes: ``"N"``, ``"V"`` premature ventricular, ``"A"`` atrial premature.
    labels : ndarray of shape (beats,), str
        WFDB rhythm of each beat: ``"(N"``, ``"(AFIB"``, ``"(B"`` bigeminy, ``"(VT"``.
    """

    times: np.ndarray
    rr: np.ndarray
    symbols: np.ndarray
    labels: np.ndarray

    @property
    def changes(self) -> tuple[tuple[float, str], ...]:
        """When which rhythm begins: pairs of seconds and WFDB rhythm code."""
        new = np.flatnonzero(np.r_[True, self.labels[1:] != self.labels[:-1]])
        return tuple((float(self.times[i]), str(self.labels[i])) for i in new if len(self.times))


def rr_series(
    rate: float = 70.0,
    minutes: float = 4.0,
    respiration: float = 0.25,
    hf: float = 0.02,
    lf: float = 0.02,
    drift: float = 0.03,
    episodes: tuple[tuple[float, float, float], ...] = (),
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    """Draw the RR intervals of sinus rhythm.

    The sinus node's interval varies with breathing (respiratory sinus arrhythmia), with the
    0.1 Hz rhythm of blood pressure (Mayer waves) and with a 1/f drift below 0.04 Hz; two Gaussian
    peaks in the spectrum are the model of McSharry et al., IEEE Trans Biomed Eng 50:289 (2003),
    section III. A beat falls whenever the integrated rate reaches the next whole number.

    Parameters
    ----------
    rate : float
        Mean heart rate in beats a minute.
    minutes : float
        Length; the series covers at least this time.
    respiration : float
        Breathing frequency in hertz (0.15 to 0.4 at rest).
    hf, lf, drift : float
        Standard deviation of each part of the variation, as a fraction of the mean interval.
    episodes : tuple of (start, stop, factor)
        Seconds between which the rate is `factor` times higher, reached within some ten seconds.
    seed : int or numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of shape (beats,)
        RR intervals in seconds, none below `REFRACTORY`.
    """
    rng = np.random.default_rng(seed)
    samples = round((minutes * 60 + 10) * GRID)
    variation = hf * coloured(samples, GRID, band(respiration, 0.02), 0.1, 0.6, rng)
    variation += lf * coloured(samples, GRID, band(0.1, 0.02), 0.04, 0.15, rng)
    variation += drift * coloured(samples, GRID, lambda f: 1 / f, 0.004, 0.04, rng)
    time = np.arange(samples) / GRID
    factor = np.ones(samples)
    for start, stop, change in episodes:
        inside = 1 / (1 + np.exp(-(time - start) / 3)) - 1 / (1 + np.exp(-(time - stop) / 6))
        factor *= change**inside
    interval = np.clip(60 / rate * np.exp(variation) / factor, REFRACTORY, PAUSE)
    phase = np.concatenate([[0], np.cumsum(1 / interval[:-1]) / GRID])
    beats = np.interp(np.arange(int(phase[-1]) + 1), phase, time)
    return np.maximum(np.diff(beats), REFRACTORY)


def af_series(
    rate: float = 80.0,
    minutes: float = 4.0,
    spread: float = 0.22,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    """Draw the RR intervals of atrial fibrillation.

    The AV node lets an impulse through after a refractory time, then after a random wait: the
    interval is that time plus a gamma-distributed one, independent from beat to beat but for the
    node's slowly changing state.

    Parameters
    ----------
    rate : float
        Mean heart rate in beats a minute.
    minutes : float
        Length; the series covers at least this time.
    spread : float
        Standard deviation of the interval as a fraction of its mean (0.15 to 0.35 in patients).
    seed : int or numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of shape (beats,)
        RR intervals in seconds, none below `REFRACTORY`.
    """
    rng = np.random.default_rng(seed)
    mean = 60 / rate
    beats = int(minutes * 60 / mean * 1.25) + 10
    refractory = max(REFRACTORY, 0.5 * mean)
    shape = ((mean - refractory) / (spread * mean)) ** 2
    waits = rng.gamma(shape, (mean - refractory) / shape, beats)
    state = np.exp(0.06 * coloured(beats, 1.0, lambda f: 1 / f, 0.01, 0.1, rng))
    series = np.clip((refractory + waits) * state, REFRACTORY, PAUSE)
    return series[: int(np.searchsorted(np.cumsum(series), minutes * 60)) + 2]


def premature(
    rr: np.ndarray, beat: int, coupling: float, run: int = 1, ventricular: bool = True
) -> np.ndarray:
    """Let a beat, or a short run, come early.

    A ventricular beat leaves the sinus node alone: the impulse after it finds the ventricles
    refractory, and the next sinus beat comes when it would have come (full compensatory pause:
    the sum of the intervals stays). An atrial one resets the node: what follows is a slightly
    longer interval, and all later beats come earlier.

    Parameters
    ----------
    rr : ndarray of shape (beats,)
        Intervals in seconds; not changed.
    beat : int
        Index of the (first) early beat, at most ``len(rr) - run - 1``.
    coupling : float
        Its interval as a fraction of the sinus interval (0.4 to 0.85).
    run : int
        Number of early beats: 2 is a couplet, 3 and more a run of tachycardia.
    ventricular : bool
        Ventricular or atrial.

    Returns
    -------
    ndarray of shape (beats,)
        The new intervals, none below `REFRACTORY`.
    """
    new = rr.copy()
    early = slice(beat, beat + run)
    # A run of three or more is a tachycardia of at least 120 beats a minute.
    fastest, slowest = REFRACTORY, (0.5 if run > 2 else PAUSE)
    new[early] = np.clip(coupling * rr[early], fastest, slowest)
    if ventricular:
        pause = rr[beat : beat + run + 1].sum() - new[early].sum()
        new[beat + run] = min(pause, max(1.5 * rr[beat + run], PAUSE))
    else:
        new[beat + run] = 1.08 * rr[beat + run]
    return new


def ectopics(
    rr: np.ndarray,
    pvc: float = 0.0,
    pac: float = 0.0,
    bigeminy: float = 0.0,
    pauses: float = 0.0,
    coupling: float = 0.62,
    seed: int | np.random.Generator = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put ectopic beats and pauses into a series.

    Parameters
    ----------
    rr : ndarray of shape (beats,)
        Intervals in seconds; not changed.
    pvc, pac, pauses : float
        Chance for each beat to begin a ventricular ectopy (one beat, a couplet in 16 %, a run of
        3 to 6 in 4 %), to be an atrial premature beat, or to be left out by the sinus node.
    bigeminy : float
        Chance for each beat to begin an episode in which every second (sometimes every third)
        beat is ventricular.
    coupling : float
        Interval before an early beat as a fraction of the sinus interval.
    seed : int or numpy.random.Generator
        Source of chance.

    Returns
    -------
    rr : ndarray of shape (beats,)
        New intervals.
    symbols, labels : ndarray of shape (beats,), str
        Beat and rhythm codes as in `Rhythm`.
    """
    rng = np.random.default_rng(seed)
    new = rr.copy()
    symbols = np.full(len(rr), "N")
    labels = np.full(len(rr), "(N", dtype="<U5")
    chances = np.array([1 - pvc - pac - bigeminy - pauses, pvc, pac, bigeminy, pauses])
    events = rng.choice(5, len(rr), p=chances)
    beat = 2
    while beat < len(rr) - 9:
        event = events[beat]
        early = float(np.clip(coupling + 0.03 * rng.standard_normal(), 0.4, 0.9))
        step = 1
        if event == 1:
            run = int(rng.choice(np.array([1, 2, rng.integers(3, 7)]), p=[0.8, 0.16, 0.04]))
            new = premature(new, beat, early, run)
            symbols[beat : beat + run] = "V"
            labels[beat : beat + run] = "(VT" if run > 2 else "(N"
            step = run + 1
        elif event == 2:
            new = premature(new, beat, early, ventricular=False)
            symbols[beat], step = "A", 2
        elif event == 3:
            every = int(rng.choice([2, 3], p=[0.75, 0.25]))
            last = min(beat + every * int(rng.integers(4, 25)), len(rr) - 3)
            for other in range(beat, last, every):
                jitter = float(np.clip(early + 0.02 * rng.standard_normal(), 0.4, 0.9))
                new = premature(new, other, jitter)
                symbols[other] = "V"
            labels[beat:last] = "(B" if every == 2 else "(T"
            step = last - beat + 1
        elif event == 4:
            new[beat] = min(rng.uniform(1.7, 2.4) * rr[beat], PAUSE)
        beat += step
    return new, symbols, labels
