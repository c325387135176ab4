"""The waves of simulated heartbeats: sums of Gaussians, one per wave, drawn at exact times.

The model is that of McSharry, Clifford, Tarassenko and Smith, IEEE Trans Biomed Eng 50:289 (2003):
P, Q, R, S and T are each a Gaussian at a fixed place in the beat. Here the sum is written down
directly (their equations integrate it), each Gaussian has two half-widths, so that T can rise
slowly and fall fast, and the place of T follows the interval between the beats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    """Draw the same beat at many times.

    Parameters
    ----------
    waves : tuple of Wave
        The beat.
    times : ndarray of shape (beats,)
        Time of each R peak in seconds after the first sample; need not fall on a sample.
    rr : ndarray of shape (beats,)
        Interval that QT follows, in seconds.
    samples : int
        Length of the result.
    fs : float
        Samples a second, in hertz.
    gain : ndarray of shape (beats,) or float
        Factor for each beat's size.

    Returns
    -------
    ndarray of shape (samples, leads)
        Millivolts. The Gaussians are taken at the exact distance from each R peak, so a beat
        between two samples is not moved to one.
    """
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
    """Draw one beat.

    Parameters
    ----------
    waves : tuple of Wave
        The beat, such as ``subject.normal``.
    rr : float
        Interval that QT follows, in seconds.
    fs : float
        Samples a second, in hertz.

    Returns
    -------
    time : ndarray of shape (samples,)
        Seconds after the R peak.
    signal : ndarray of shape (samples, leads)
        Millivolts.
    """
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
    """Draw a beat that came through the AV node, in two leads (like MLII and V1).

    Parameters
    ----------
    conduction : str
        ``"normal"``; ``"biphasic"`` (S as deep as R is high); ``"inverted"``; ``"left block"`` or
        ``"right block"`` (bundle-branch block: QRS of 120 ms and more, T against it).
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    tuple of Wave
        P, the QRS waves, ST, T and U.
    """
    u = rng.uniform
    r = float(np.clip(rng.lognormal(np.log(1.55), 0.4), 0.5, 3.2))
    w = u(0.0085, 0.0135)
    sign, wide = 1.0, "block" in conduction
    if conduction == "inverted" or (conduction == "left block" and u() < 0.4):
        sign = -1.0
    if conduction == "left block":
        w = u(0.014, 0.02)
        shape = [("R", 0, w, 1), ("R2", u(2.0, 2.6) * w, w, u(0.5, 0.95)),
                 ("S", u(4.5, 5.5) * w, 1.2 * w, -u(0, 0.3))]  # fmt: skip
    elif conduction == "right block":
        shape = [("Q", -2.3 * w, 0.8 * w, -u(0, 0.15)), ("R", 0, w, 1),
                 ("S", u(3.6, 4.6) * w, u(1.8, 2.6) * w, -u(0.15, 0.8))]  # fmt: skip
    else:
        depth = u(0.8, 1.2) if conduction == "biphasic" else u(0, 0.55)
        shape = [("Q", -2.3 * w, 0.8 * w, -u(0, 0.2)), ("R", 0, w, 1),
                 ("S", u(2.2, 3.0) * w, u(0.9, 1.3) * w, -depth)]  # fmt: skip
    shape.append(("notch", u(2.5, 6) * w, u(0.5, 1) * w, 0.05 * rng.standard_normal()))
    if u() < 0.3:  # a slurred or notched upstroke
        shape.append(("slur", -u(1.2, 2.4) * w, u(0.6, 1.1) * w, u(-0.15, 0.3)))
    # The second lead sees each wave from elsewhere: its share of the first lead's size.
    tilt, p_tilt = u(-0.8, 1.0), u(-0.7, 1.0)
    other = {"Q": u(-0.5, 1.0), "R": u(0.1, 0.9), "R2": u(0.1, 0.9), "S": u(0.6, 2.2)}
    look = rng.choice(["usual", "tall", "flat", "inverted"], p=[0.6, 0.14, 0.1, 0.16])
    t = {"usual": u(0.12, 0.4), "tall": u(0.5, 1.0), "flat": u(0.02, 0.08),
         "inverted": -u(0.1, 0.35)}[str(look)] * min(r, 1.5)  # fmt: skip
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
    """Draw a premature ventricular beat: no P, QRS of 120 to 200 ms, a large T against it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    height : float
        Size of the subject's usual QRS in millivolts.

    Returns
    -------
    tuple of Wave
        The QRS waves and T, in two leads.
    """
    u = rng.uniform
    w = u(0.018, 0.03)
    size = rng.choice([-1, 1]) * height * u(0.35, 1.5)
    other = rng.choice([-1, 1]) * u(0.3, 1.1)
    look = rng.choice(["hump", "biphasic", "deep"])
    if look == "hump":  # one broad deflection, often notched
        shape = [(0, w, w, 1), (u(1.4, 2.6) * w, w, w, u(0.4, 0.95)),
                 (u(4, 5) * w, w, 1.3 * w, -u(0, 0.4))]  # fmt: skip
    elif look == "biphasic":  # a narrow spike, then a broad swing to the other side
        shape = [(0, 0.6 * w, 0.6 * w, 1), (u(2.2, 3.2) * w, w, 1.3 * w, -u(0.5, 1.5))]
    else:
        shape = [(-u(1.8, 2.6) * w, 0.5 * w, 0.5 * w, u(-0.3, 0.3)), (0, w, 1.4 * w, 1),
                 (u(3, 3.8) * w, w, 1.3 * w, -u(0, 0.45))]  # fmt: skip
    waves = [
        Wave(f"V{i}", at, left, right, (size * share, size * share * other * u(0.6, 1.2)))
        for i, (at, left, right, share) in enumerate(shape, 1)
    ]
    area = sum(wave.size[0] * (wave.left + wave.right) for wave in waves)
    t = -np.sign(area) * abs(size) * u(0.2, 0.7)
    waves.append(Wave("T", u(0.29, 0.36), u(0.055, 0.08), u(0.04, 0.055), (t, t * other)))
    return centred(waves)
