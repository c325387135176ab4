"""Simulated persons: what is constant in one heart and one recorder, drawn from one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from medtutor.ecg.waves import CONDUCTION, Wave, conducted, ventricular


@dataclass(frozen=True, slots=True)
class Subject:
    """What is constant in one simulated person.

    Parameters
    ----------
    name : str
        ``"S001"`` …
    seed : int
        The number that the subject was drawn from.
    conduction : str
        How the QRS looks, one of `medtutor.ecg.waves.CONDUCTION`.
    rate : float
        Usual heart rate in beats a minute.
    respiration : float
        Breathing frequency in hertz.
    hf, lf, drift : float
        Variation of the sinus rhythm as `rr_series` takes it.
    af : float
        Share of the time in atrial fibrillation: 0, 1 or between (paroxysmal).
    af_spread : float
        Irregularity of the fibrillation as `af_series` takes it.
    f_rate, f_size : float
        Frequency (4 to 9 Hz) and size (mV) of the fibrillatory waves.
    pvc, pac, bigeminy, pauses, coupling : float
        Ectopic beats as `ectopics` takes them.
    breath_gain, beat_gain : float
        How much the size of the QRS changes with breathing, and from beat to beat, as a fraction;
        the second is large in some who fibrillate.
    normal, atrial : tuple of Wave
        The usual beat and the one after an atrial premature impulse (another P).
    ventricular : tuple of tuple of Wave
        The beat from each ventricular focus.
    noise : dict of str to float
        Signal-to-noise ratio in dB of each kind of noise in this subject's recordings.
    drop_outs : float
        Expected number of drop-outs a minute.
    """

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
    """Draw a simulated person.

    Parameters
    ----------
    seed : int
        The same number gives the same person.

    Returns
    -------
    Subject
        Heart, rhythm and recording quality.
    """
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
