"""Simulated ECGs: many subjects, each with a heart of their own, and beat times that are exact.

A recording is made in the order in which nature makes it: a rhythm (`medtutor.ecg.rhythm`), the
waves of each beat (`medtutor.ecg.waves`), the noise of body and recorder (`medtutor.ecg.noise`).
Each step is a function of plain arguments that can be called alone::

    someone = subject(7)
    time, millivolts = beat(someone.normal, rr=0.6)
    beats = rhythm(someone, minutes=1, seed=0)
    signal = clean(someone, beats, minutes=1, fs=360, seed=0)
    noisy = add_noise(signal, 360, "muscle", 10, np.random.default_rng(0))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from medtutor.datasets.registry import card
from medtutor.ecg.noise import KINDS, DropOut, add_noise, band, coloured, digitise, drop_outs, snr
from medtutor.ecg.person import Subject, subject
from medtutor.ecg.rhythm import Rhythm, af_series, ectopics, premature, rr_series
from medtutor.ecg.waves import Wave, beat, render
from medtutor.types import EcgSet, Recording

__all__ = [
    "KINDS", "DropOut", "Rhythm", "Subject", "Wave", "add_noise", "af_series", "beat", "clean",
    "drop_outs", "ecg_set", "ectopics", "premature", "recording", "rhythm", "rr_series", "snr",
    "subject",
]  # fmt: skip
LEADS = ("MLII", "V1")


def rhythm(subject: Subject, minutes: float, seed: int | np.random.Generator = 0) -> Rhythm:
    """Draw when a subject's heart beats.

    Parameters
    ----------
    subject : Subject
        The person.
    minutes : float
        Length; beats just before and after it are there too, for their waves reach into it.
    seed : int or numpy.random.Generator
        Source of chance.

    Returns
    -------
    Rhythm
        Times from -1 s to a second or more after the end.
    """
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
                subject.rate, length / 60, subject.respiration, subject.hf, subject.lf,
                subject.drift, _episodes(subject.rate, length, rng), rng,
            )  # fmt: skip
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
    """Draw a subject's ECG without noise.

    Parameters
    ----------
    subject : Subject
        The person.
    beats : Rhythm
        When the heart beats.
    minutes : float
        Length.
    fs : float
        Samples a second, in hertz.
    seed : int or numpy.random.Generator
        Source of chance: small changes from beat to beat, the focus of each ventricular beat.

    Returns
    -------
    ndarray of shape (samples, leads), float32
        Millivolts in the leads `LEADS`.
    """
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
) -> Recording:
    """Simulate one recording.

    Parameters
    ----------
    subject : Subject
        The person.
    minutes : float
        Length.
    fs : float
        Samples a second, in hertz.
    noise : mapping of str to float, optional
        Signal-to-noise ratio in dB (see `snr`) of each kind of noise, each against the clean
        signal; ``{}`` for none, None for the subject's own.
    seed : int
        Another number gives another recording of the same person. Rhythm, waves and each kind of
        noise have their own stream of chance: changing the noise changes nothing else.
    drop_outs_per_minute : float, optional
        Expected number; by default the subject's own, and none when `noise` is given.

    Returns
    -------
    Recording
        Beats are marked at the sample nearest to the main deflection of the QRS in the first lead
        (R, or S in an inverted complex). `notes` lists rhythm changes and drop-outs.
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
            add_noise(pure, fs, kind, 0, lost_rng)  # raises, and names the kinds that there are
    for kind, rng in zip(KINDS, streams, strict=True):
        if kind in levels:
            signal += add_noise(pure, fs, kind, levels[kind], rng) - pure
    notes = ["simulated"]
    notes += [f"rhythm {label} from {max(at, 0):.1f} s" for at, label in beats.changes]
    for lead, name in enumerate(LEADS):
        signal[:, lead], lost = drop_outs(signal[:, lead], fs, drop_outs_per_minute, lost_rng)
        notes += [f"drop-out in {name} from {a:.2f} to {b:.2f} s ({look})" for a, b, look in lost]
    index = np.rint(beats.times * fs).astype(np.int64)
    inside = (index >= 0) & (index < len(signal))
    return Recording(
        name=subject.name, subject=subject.name, signal=digitise(signal), leads=LEADS, fs=fs,
        beats=index[inside], symbols=beats.symbols[inside], notes=tuple(notes),
    )  # fmt: skip


def ecg_set(subjects: int = 40, minutes: float = 4.0, seed: int = 0, fs: float = 360.0) -> EcgSet:
    """Simulate the default data set: one recording from each of many subjects.

    Parameters
    ----------
    subjects : int
        Number of persons.
    minutes : float
        Length of each recording.
    seed : int
        Another number gives other persons.
    fs : float
        Samples a second, in hertz.

    Returns
    -------
    EcgSet
        Subjects ``"S001"``, ``"S002"`` …; every fifth is a test subject.
    """
    names = [f"S{number:03d}" for number in range(1, subjects + 1)]
    people = (
        replace(subject(10_000 * seed + number), name=name) for number, name in enumerate(names, 1)
    )
    recordings = tuple(recording(person, minutes, fs, seed=seed) for person in people)
    split = {name: "train" if number % 5 else "test" for number, name in enumerate(names, 1)}
    return EcgSet("default", recordings, split, card("ecg_simulated"), simulated=True)
