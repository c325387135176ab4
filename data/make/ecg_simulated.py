"""Draw the bundled ECGs of simulated people: `data/ecg_simulated/`.

    python data/make/ecg_simulated.py

writes WFDB records, their beats and `split.csv`, the same bytes each time. A recording is made in
the order in which nature makes it: a rhythm, the waves of each beat, noise of body and recorder.
Each step is a function of plain arguments. The card in `data/README.md` says what the recordings
can show and what they cannot.

Waves and spectrum of the intervals: McSharry, Clifford, Tarassenko and Smith, IEEE Trans Biomed Eng
50:289 (2003). Here the sum of Gaussians is written down directly (their equations integrate it),
each has two half-widths, so that T can rise slowly and fall fast, and the place of T follows the
interval. Intervals are in seconds; ``rr[i]`` is the time from beat i - 1 to beat i.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import wfdb

from medtutor.ecg.noise import KINDS, RAIL, add_noise, band, coloured, mains
from medtutor.types import Recording

LEADS = ("MLII", "V1")
FS, MINUTES, PEOPLE = 360.0, 4.0, 40

# ------------------------------ waves

CONDUCTION = ("normal", "biphasic", "inverted", "left block", "right block")


class Wave(NamedTuple):
    """One Gaussian of a beat."""

    name: str  # "P", "Q", "R", "S", …; "ST", "T" and "U" move with the interval, P a little
    centre: float  # s after the R peak, at an interval of 1 s
    left: float  # s, standard deviation of the rising half
    right: float  # s, of the falling half
    size: tuple[float, ...]  # mV in each lead


def qt_stretch(rr: np.ndarray | float) -> np.ndarray:
    """Return how far QT stretches at an interval: its cube root (Fridericia, 1920), 1 at 1 s."""
    return np.cbrt(np.clip(rr, 0.3, 1.7))


def _stretch(name: str, rr: np.ndarray) -> np.ndarray:
    if name in ("ST", "T", "U"):
        return qt_stretch(rr)
    return np.clip(rr, 0.4, 1.2) ** 0.25 if name == "P" else np.ones_like(rr)


def render(
    waves: tuple[Wave, ...],
    times: np.ndarray,
    rr: np.ndarray,
    samples: int,
    fs: float,
    gain: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Draw the same beat at many times."""
    leads = len(waves[0].size)
    signal = np.zeros((leads, samples))
    gain = np.broadcast_to(gain, times.shape)[:, None]
    for wave in waves if len(times) else ():
        stretch = _stretch(wave.name, rr)[:, None]
        centre = times[:, None] + wave.centre * stretch
        half = int(np.ceil(4 * max(wave.left, wave.right) * stretch.max() * fs))
        index = np.rint(centre * fs).astype(int) + np.arange(-half, half + 1)
        distance = index / fs - centre
        width = np.where(distance < 0, wave.left, wave.right) * stretch
        shape = gain * np.exp(-0.5 * (distance / width) ** 2)
        inside = (index >= 0) & (index < samples)
        drawn = np.bincount(index[inside], shape[inside], minlength=samples)
        signal += np.asarray(wave.size)[:, None] * drawn
    return signal.T


def beat(
    waves: tuple[Wave, ...], rr: float = 0.8, fs: float = 360.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one beat."""
    before = round(0.35 * fs)
    samples = before + round(0.65 * fs)
    signal = render(waves, np.array([before / fs]), np.array([rr]), samples, fs)
    return (np.arange(samples) - before) / fs, signal


def centred(waves: list[Wave]) -> tuple[Wave, ...]:
    """Move the QRS waves so that the main deflection of the first lead is at time 0.

    The main deflection is the farthest from zero, up or down, as annotators of the MIT-BIH
    recordings mark it: R where R is the largest, S in an inverted complex.
    """
    qrs = tuple(wave for wave in waves if wave.name not in ("P", "ST", "T", "U"))
    time, signal = beat(qrs, fs=5000.0)
    shift = float(time[np.argmax(np.abs(signal[:, 0]))])
    return tuple(w._replace(centre=w.centre - shift) if w in qrs else w for w in waves)


def conducted(conduction: str, rng: np.random.Generator) -> tuple[Wave, ...]:
    """Draw a beat that came through the AV node, in two leads (like MLII and V1)."""
    u = rng.uniform
    r = float(np.clip(rng.lognormal(np.log(1.55), 0.4), 0.5, 3.2))
    w = u(0.0085, 0.0135)
    sign, wide = 1.0, "block" in conduction
    if conduction == "inverted" or (conduction == "left block" and u() < 0.4):
        sign = -1.0
    if conduction == "left block":
        w = u(0.014, 0.02)
        shape = [
            ("R", 0, w, 1),
            ("R2", u(2.0, 2.6) * w, w, u(0.5, 0.95)),
            ("S", u(4.5, 5.5) * w, 1.2 * w, -u(0, 0.3)),
        ]
    elif conduction == "right block":
        shape = [
            ("Q", -2.3 * w, 0.8 * w, -u(0, 0.15)),
            ("R", 0, w, 1),
            ("S", u(3.6, 4.6) * w, u(1.8, 2.6) * w, -u(0.15, 0.8)),
        ]
    else:
        depth = u(0.8, 1.2) if conduction == "biphasic" else u(0, 0.55)
        shape = [
            ("Q", -2.3 * w, 0.8 * w, -u(0, 0.2)),
            ("R", 0, w, 1),
            ("S", u(2.2, 3.0) * w, u(0.9, 1.3) * w, -depth),
        ]
    shape.append(("notch", u(2.5, 6) * w, u(0.5, 1) * w, 0.05 * rng.standard_normal()))
    if u() < 0.3:  # a slurred or notched upstroke
        shape.append(("slur", -u(1.2, 2.4) * w, u(0.6, 1.1) * w, u(-0.15, 0.3)))
    # The second lead sees each wave from elsewhere: its share of the first lead's size.
    tilt, p_tilt = u(-0.8, 1.0), u(-0.7, 1.0)
    other = {"Q": u(-0.5, 1.0), "R": u(0.1, 0.9), "R2": u(0.1, 0.9), "S": u(0.6, 2.2)}
    look = rng.choice(["usual", "tall", "flat", "inverted"], p=[0.6, 0.14, 0.1, 0.16])
    t = {
        "usual": u(0.12, 0.4),
        "tall": u(0.5, 1.0),
        "flat": u(0.02, 0.08),
        "inverted": -u(0.1, 0.35),
    }[str(look)] * min(r, 1.5)
    st = r * rng.normal(0, 0.03)
    if wide:  # the ventricles recover in the order in which they were excited late
        t, st = -sign * abs(t), -sign * r * u(0, 0.12)
    fall = u(0.032, 0.05)
    p_width, p = u(0.016, 0.026), u(0.04, 0.2)
    waves = [Wave("P", -u(0.12, 0.2) + p_width / 2, p_width, p_width, (p, p * p_tilt))]
    for name, at, width, share in shape:
        size = sign * r * share
        left, right = width * u(0.8, 1.2), width * u(0.8, 1.2)
        waves.append(Wave(name, at, left, right, (size, size * other.get(name, tilt))))
    end = u(0.34, 0.4) + (0.04 if wide else 0)  # end of T after R at an interval of 1 s
    peak, rise = end - 2 * fall, u(1.2, 1.9) * fall
    waves += [
        Wave("ST", 0.55 * peak, 0.045, 0.06, (st, st * tilt)),
        Wave("T", peak, rise, fall, (t, t * tilt)),
        Wave("U", end + u(0.06, 0.1), 0.03, 0.04, (u(0, 0.04), 0.0)),
    ]
    return centred(waves)


def ventricular(rng: np.random.Generator, height: float = 1.4) -> tuple[Wave, ...]:
    """Draw a premature ventricular beat: no P, QRS of 120 to 200 ms, a large T against it."""
    u = rng.uniform
    w = u(0.018, 0.03)
    size = rng.choice([-1, 1]) * height * u(0.35, 1.5)
    other = rng.choice([-1, 1]) * u(0.3, 1.1)
    look = rng.choice(["hump", "biphasic", "deep"])
    if look == "hump":  # one broad deflection, often notched
        shape = [
            (0, w, w, 1),
            (u(1.4, 2.6) * w, w, w, u(0.4, 0.95)),
            (u(4, 5) * w, w, 1.3 * w, -u(0, 0.4)),
        ]
    elif look == "biphasic":  # a narrow spike, then a broad swing to the other side
        shape = [(0, 0.6 * w, 0.6 * w, 1), (u(2.2, 3.2) * w, w, 1.3 * w, -u(0.5, 1.5))]
    else:
        shape = [
            (-u(1.8, 2.6) * w, 0.5 * w, 0.5 * w, u(-0.3, 0.3)),
            (0, w, 1.4 * w, 1),
            (u(3, 3.8) * w, w, 1.3 * w, -u(0, 0.45)),
        ]
    waves = [
        Wave(f"V{i}", at, left, right, (size * share, size * share * other * u(0.6, 1.2)))
        for i, (at, left, right, share) in enumerate(shape, 1)
    ]
    area = sum(wave.size[0] * (wave.left + wave.right) for wave in waves)
    t = -np.sign(area) * abs(size) * u(0.2, 0.7)
    waves.append(Wave("T", u(0.29, 0.36), u(0.055, 0.08), u(0.04, 0.055), (t, t * other)))
    return centred(waves)


# ------------------------------ rhythms

REFRACTORY = 0.25  # s, no two beats lie closer: the ventricles cannot be excited again
PAUSE = 3.0  # s, an escape beat ends any longer pause
GRID = 4.0  # Hz, at which the rate of the sinus node is followed


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """A sequence of beats."""

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
    """Put ectopic beats and pauses into a series."""
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


# ------------------------------ people


@dataclass(frozen=True, slots=True)
class Subject:
    """What is constant in one simulated person."""

    name: str
    seed: int
    conduction: str
    rate: float
    respiration: float
    hf: float
    lf: float
    drift: float
    af: float
    af_spread: float
    f_rate: float
    f_size: float
    pvc: float
    pac: float
    bigeminy: float
    pauses: float
    coupling: float
    breath_gain: float
    beat_gain: float
    normal: tuple[Wave, ...]
    atrial: tuple[Wave, ...]
    ventricular: tuple[tuple[Wave, ...], ...]
    noise: Mapping[str, float] = field(default_factory=dict)
    drop_outs: float = 0.0


def subject(seed: int) -> Subject:
    """Draw a simulated person."""
    rng = np.random.default_rng(seed)
    u = rng.uniform
    conduction = str(rng.choice(CONDUCTION, p=[0.66, 0.1, 0.08, 0.07, 0.09]))
    normal = conducted(conduction, rng)
    if u() < 0.12:  # a small heart, far from the electrodes
        normal = tuple(w._replace(size=tuple(0.5 * s for s in w.size)) for w in normal)
    p = normal[0]
    early = u(-1, 0.6)
    early_p = p._replace(centre=p.centre * u(0.7, 1.1), size=tuple(early * s for s in p.size))
    height = max(abs(wave.size[0]) for wave in normal[1:])
    rhythm_kind = rng.choice(["sinus", "ectopic", "af", "paroxysmal"], p=[0.48, 0.32, 0.12, 0.08])
    ectopic = rhythm_kind == "ectopic"
    rate = float(rng.normal(72, 12)) if u() < 0.5 else u(42, 100 if ectopic else 145)
    foci = 1 if u() < 0.5 else 2
    still = float(np.clip(1.6 - rate / 100, 0.3, 1.2))  # a fast heart varies little
    return Subject(
        name=f"S{seed:03d}",
        seed=seed,
        conduction=conduction,
        rate=float(np.clip(rate, 40, 150)),
        respiration=u(0.15, 0.4),
        hf=still * rng.lognormal(np.log(0.02), 0.7),
        lf=still * rng.lognormal(np.log(0.02), 0.6),
        drift=rng.lognormal(np.log(0.035), 0.5),
        af={"af": 1.0, "paroxysmal": u(0.3, 0.7)}.get(str(rhythm_kind), 0.0),
        af_spread=u(0.15, 0.3),
        f_rate=u(4.5, 8.5),
        f_size=u(0.015, 0.09),
        pvc=u(0.02, 0.16) if ectopic else rng.choice([0, 0.003, 0.015]),
        pac=rng.choice([0, 0.02, 0.08]) if ectopic else rng.choice([0, 0.004]),
        bigeminy=rng.choice([0, 0.01, 0.03]) if ectopic else 0.0,
        pauses=rng.choice([0, 0.01], p=[0.85, 0.15]),
        coupling=u(0.5, 0.75),
        breath_gain=u(0.0, 0.12),
        beat_gain=u(0.03, 0.2) if rhythm_kind in ("af", "paroxysmal") else u(0.01, 0.06),
        normal=normal,
        atrial=(early_p, *normal[1:]),
        ventricular=tuple(ventricular(rng, height) for _ in range(foci)),
        noise={
            "wander": rng.normal(9, 6),
            "muscle": max(rng.normal(22, 6), 10.0),
            "mains": rng.normal(37, 7),
            "white": rng.normal(35, 4),
            "motion": rng.normal(10, 5) if u() < 0.25 else rng.normal(23, 6),
        },
        drop_outs=rng.choice([0, 0.3, 1.0], p=[0.6, 0.3, 0.1]),
    )


# ------------------------------ the recorder

STEP = 0.005  # mV, one step of the converter


class DropOut(NamedTuple):
    """A stretch in which the electrode told nothing: seconds, and how it looks."""

    start: float
    stop: float
    look: str  # "flat", "rail" or "open"


def drop_outs(
    signal: np.ndarray, fs: float, per_minute: float, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[DropOut, ...]]:
    """Take the electrode off for some moments."""
    lost, stretches = np.array(signal, dtype=np.float32), []
    seconds = len(lost) / fs
    for start in np.sort(rng.uniform(0, seconds, rng.poisson(per_minute * seconds / 60))):
        stop = min(start + rng.lognormal(-0.5, 0.7), seconds)
        first, last = round(start * fs), round(stop * fs)
        look = str(rng.choice(["flat", "rail", "open"]))
        level = rng.choice([-1, 1]) * (RAIL if look == "rail" else rng.uniform(0, 1.0))
        lost[first:last] = lost[first] if look == "flat" and first < len(lost) else level
        if look == "open":
            lost[first:last] += 0.2 * mains(last - first, fs, rng).astype(np.float32)
        after = np.arange(len(lost) - last) / fs
        jump = rng.normal(0, 0.5) if look == "flat" else level * rng.uniform(0.2, 0.8)
        lost[last:] += (jump * np.exp(-after / rng.uniform(0.2, 1.0))).astype(np.float32)
        stretches.append(DropOut(float(start), float(stop), look))
    return lost, tuple(stretches)


def digitise(signal: np.ndarray) -> np.ndarray:
    """Round to the converter's steps of 5 µV and clip at its ±5.12 mV (as float32, mV)."""
    levels = np.round(np.clip(signal, -RAIL, RAIL) / STEP)
    return (levels * STEP).astype(np.float32)


# ------------------------------ recordings


def rhythm(subject: Subject, minutes: float, seed: int | np.random.Generator = 0) -> Rhythm:
    """Draw when a subject's heart beats."""
    rng = np.random.default_rng(seed)
    start, end = rng.uniform(-1.0, 0.0), 60 * minutes + 2
    pvc, bigeminy, coupling = subject.pvc, subject.bigeminy, subject.coupling
    pieces = []
    time, fibrillating = start, bool(rng.random() < subject.af)
    while time < end:
        share = subject.af if fibrillating else 1 - subject.af
        length = (end - time + 10) if share == 1 else max(8.0, 120 * share * rng.uniform(0.6, 1.4))
        if fibrillating:
            rate = min(150.0, subject.rate if subject.af == 1 else 1.25 * subject.rate)
            rr = af_series(rate, length / 60, subject.af_spread, rng)
            rr, symbols, _ = ectopics(rr, pvc, 0, bigeminy, 0, coupling, rng)
            labels = np.full(len(rr), "(AFIB")
        else:
            rr = rr_series(
                subject.rate,
                length / 60,
                subject.respiration,
                subject.hf,
                subject.lf,
                subject.drift,
                _episodes(subject.rate, length, rng),
                rng,
            )
            rr, symbols, labels = ectopics(
                rr, pvc, subject.pac, bigeminy, subject.pauses, coupling, rng
            )
        pieces.append((rr, symbols, labels))
        time += rr.sum()
        fibrillating = not fibrillating if 0 < subject.af < 1 else fibrillating
    rr, symbols, labels = (np.concatenate(part) for part in zip(*pieces, strict=True))
    times = start + np.cumsum(rr) - rr[0]
    here = times < end
    return Rhythm(times[here], rr[here], symbols[here], labels[here])


def _episodes(rate: float, seconds: float, rng: np.random.Generator) -> tuple:
    """Draw stretches of effort or rest, about one in two minutes, rate between 40 and 150."""
    starts = rng.uniform(0, seconds, rng.poisson(seconds / 120))
    return tuple(
        (s, s + rng.uniform(15, 70), float(np.clip(rng.uniform(0.8, 1.4), 40 / rate, 150 / rate)))
        for s in starts
    )


def clean(
    subject: Subject,
    beats: Rhythm,
    minutes: float,
    fs: float = 360.0,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    """Draw a subject's ECG without noise."""
    rng = np.random.default_rng(seed)
    samples = round(60 * minutes * fs)
    # QT follows the intervals of the last half minute and a little the last one.
    weights = 0.92 ** np.arange(40)
    padded = np.concatenate([np.full(39, beats.rr[:20].mean()), beats.rr])
    follow = 0.75 * np.convolve(padded, weights / weights.sum(), "valid") + 0.25 * beats.rr
    size = np.exp(subject.beat_gain * rng.standard_normal(len(beats.times)))
    size *= 1 + subject.breath_gain * np.sin(2 * np.pi * subject.respiration * beats.times)
    slow = coloured(samples, fs, lambda f: 1 / f, 0.004, 0.05, rng)
    size *= np.exp(0.06 * np.interp(beats.times, np.arange(samples) / fs, slow))
    fibrillating = beats.labels == "(AFIB"
    focus = np.where(rng.random(len(size)) < 0.75, 0, len(subject.ventricular) - 1)
    without_p = tuple(wave for wave in subject.normal if wave.name != "P")
    kinds = [
        (subject.normal, (beats.symbols == "N") & ~fibrillating),
        (without_p, (beats.symbols == "N") & fibrillating),
        (subject.atrial, beats.symbols == "A"),
        *((v, (beats.symbols == "V") & (focus == i)) for i, v in enumerate(subject.ventricular)),
    ]
    signal = np.zeros((samples, len(LEADS)))
    for waves, which in kinds:
        signal += render(waves, beats.times[which], follow[which], samples, fs, size[which])
    if fibrillating.any():
        on = np.interp(np.arange(samples) / fs, beats.times, fibrillating.astype(float))
        for lead in range(len(LEADS)):
            waves_f = coloured(samples, fs, band(subject.f_rate, 0.5), 3, 12, rng)
            signal[:, lead] += on * subject.f_size * waves_f
    return signal.astype(np.float32)


def recording(
    subject: Subject,
    minutes: float = 4.0,
    fs: float = 360.0,
    noise: Mapping[str, float] | None = None,
    seed: int = 0,
    drop_outs_per_minute: float | None = None,
) -> tuple[Recording, Rhythm]:
    """Simulate one recording, and say in which rhythm it is.

    `noise` is the signal-to-noise ratio in dB of each kind, each against the clean signal; {} for
    none, None for the subject's own. Rhythm, waves and each kind of noise have their own stream of
    chance: changing the noise changes nothing else. Beats are marked at the sample nearest to the
    main deflection of the QRS in the first lead; the notes list the drop-outs.
    """
    streams = iter(np.random.default_rng((subject.seed, seed)).spawn(3 + len(KINDS)))
    beats = rhythm(subject, minutes, next(streams))
    pure = clean(subject, beats, minutes, fs, next(streams))
    if drop_outs_per_minute is None:
        drop_outs_per_minute = subject.drop_outs if noise is None else 0.0
    levels = subject.noise if noise is None else noise
    signal, lost_rng = pure.copy(), next(streams)
    for kind in levels:
        if kind not in KINDS:
            raise ValueError(f"unknown noise {kind!r}: choose one of {', '.join(KINDS)}")
    for kind, rng in zip(KINDS, streams, strict=True):
        if kind in levels:
            signal += add_noise(pure, fs, kind, levels[kind], rng) - pure
    notes = ["simulated"]
    for lead, name in enumerate(LEADS):
        signal[:, lead], lost = drop_outs(signal[:, lead], fs, drop_outs_per_minute, lost_rng)
        notes += [f"drop-out in {name} from {a:.2f} to {b:.2f} s ({look})" for a, b, look in lost]
    index = np.rint(beats.times * fs).astype(np.int64)
    inside = (index >= 0) & (index < len(signal))
    made = Recording(
        name=subject.name,
        subject=subject.name,
        signal=digitise(signal),
        leads=LEADS,
        fs=fs,
        beats=index[inside],
        symbols=beats.symbols[inside],
        notes=tuple(notes),
    )
    return made, beats


# ------------------------------ files


def people(number: int = PEOPLE) -> list[tuple[Subject, str]]:
    """Draw the people of the bundled set, each with the part it belongs to: every fifth tests."""
    return [(subject(k), "train" if k % 5 else "test") for k in range(1, number + 1)]


def write(made: Recording, rhythms: Rhythm, folder: Path) -> None:
    """Write a recording as a WFDB record; drop-outs stand in the header, rhythms in `.atr`."""
    wfdb.wrsamp(
        made.name,
        made.fs,
        ["mV"] * len(made.leads),
        list(made.leads),
        d_signal=np.rint(made.signal / STEP).astype(int),
        fmt=["212"] * len(made.leads),
        adc_gain=[1 / STEP] * len(made.leads),
        baseline=[0] * len(made.leads),
        comments=list(made.notes),
        write_dir=str(folder),
    )
    starts = [(max(round(at * made.fs), 0), "+", label) for at, label in rhythms.changes]
    marks = [(int(at), str(code), "") for at, code in zip(made.beats, made.symbols, strict=True)]
    every = sorted(
        (mark for mark in starts + marks if mark[0] < len(made.signal)), key=lambda mark: mark[0]
    )
    places, codes, words = zip(*every, strict=True)
    wfdb.wrann(
        made.name, "atr", np.array(places), list(codes), aux_note=list(words), write_dir=str(folder)
    )


def main() -> None:
    """Draw everybody and write the folder anew."""
    folder = Path(__file__).parents[1] / "ecg_simulated"
    rows = []
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        new = Path(place) / folder.name
        new.mkdir()
        for person, part in people():
            made, rhythms = recording(person, MINUTES, FS)
            write(made, rhythms, new)
            rows.append((person.name, person.name, part))
        with (new / "split.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("record", "subject", "split"), *rows])
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)


if __name__ == "__main__":
    main()
