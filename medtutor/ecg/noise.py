"""Noise for simulated ECGs, one kind at a time and at a stated signal-to-noise ratio.

The kinds are those of the MIT-BIH Noise Stress Test Database (Moody, Muldrow and Mark, Computers
in Cardiology 11:381, 1984): baseline wander, muscle and electrode motion, and with them mains hum,
the white noise of amplifier and tape.
"""

from collections.abc import Callable

import numpy as np
import scipy.fft

from medtutor.errors import DataError

RAIL = 5.12  # mV, where the recorder saturates: 11 bits of 5 µV, as in the MIT-BIH recordings


def coloured(
    samples: int,
    fs: float,
    power: Callable[[np.ndarray], np.ndarray],
    low: float,
    high: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw Gaussian noise of unit variance whose `power` is given at frequencies in hertz."""
    # The spectrum's amplitudes get random phases and are transformed back, as McSharry et al. (IEEE
    # Trans Biomed Eng 50:289, 2003, section III) do for RR intervals. What is transformed back
    # repeats itself: draw at least a minute, so that short strips, too, get frequencies far below
    # one cycle a strip.
    length = scipy.fft.next_fast_len(max(samples, round(60 * fs)), real=True)
    first, last = (int(np.ceil(edge * length / fs)) for edge in (low, min(high, fs / 2)))
    first = max(first, 1)
    bins = np.arange(first, max(last, first + 1))
    weight = np.sqrt(np.maximum(power(bins * fs / length), 0))
    draws = rng.standard_normal((2, len(bins)), dtype=np.float32)
    spectrum = np.zeros(length // 2 + 1, dtype=np.complex64)
    spectrum[bins] = weight / np.sqrt(np.sum(weight**2)) * (draws[0] + 1j * draws[1])
    return scipy.fft.irfft(spectrum, length)[:samples] * (length / 2)


def band(centre: float, width: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a Gaussian power spectrum around `centre` with standard deviation `width`, in Hz."""
    return lambda f: np.exp(-0.5 * ((f - centre) / width) ** 2)


def wander(samples: int, fs: float, rng: np.random.Generator) -> np.ndarray:
    """Draw baseline wander: breathing (0.15 to 0.4 Hz) on slow 1/f² drift, all below 1 Hz."""
    breath = rng.uniform(0.15, 0.4)
    drift = coloured(samples, fs, lambda f: 1 / (f**2 + 0.02**2), 0.01, 1.0, rng)
    return rng.uniform(0.3, 1.0) * coloured(samples, fs, band(breath, 0.03), 0.1, 0.6, rng) + drift


def muscle(samples: int, fs: float, rng: np.random.Generator) -> np.ndarray:
    """Draw muscle noise: 10 to 150 Hz, in bursts of a few seconds."""
    activity = coloured(samples, fs, lambda f: 1 / (f + 0.05), 0.02, 0.5, rng)
    fibres = coloured(samples, fs, lambda f: 1 / (1 + (f / 35) ** 4), 10, 150, rng)
    return fibres * np.exp(rng.uniform(0.2, 0.8) * activity)


def mains(samples: int, fs: float, rng: np.random.Generator, frequency: float = 0.0) -> np.ndarray:
    """Draw mains hum: 50 or 60 Hz (drawn when `frequency` is 0) and its harmonics below fs / 2."""
    base = (frequency or rng.choice([50.0, 60.0])) * (1 + 0.0005 * rng.standard_normal())
    time = np.arange(samples) / fs
    hum = np.zeros(samples)
    for harmonic, strength in ((1, 1.0), (2, 0.1), (3, 0.25)):
        if harmonic * base < 0.49 * fs:
            strength *= rng.uniform(0.3, 1.0) if harmonic > 1 else 1.0
            hum += strength * np.sin(2 * np.pi * (harmonic * base * time + rng.random()))
    return hum * np.exp(0.3 * coloured(samples, fs, lambda f: 1 / f, 0.01, 0.3, rng))


def motion(samples: int, fs: float, rng: np.random.Generator) -> np.ndarray:
    """Draw electrode motion: QRS-like swings, bumps and steps that decay, in restless episodes."""
    seconds = samples / fs
    noise = np.zeros(samples)
    for _ in range(1 + rng.poisson(seconds / 60)):
        begin, length = rng.uniform(0, seconds), rng.uniform(2, 20)
        times = begin + rng.uniform(0, length, 1 + rng.poisson(1.2 * length))
        # A strip shorter than the episode still gets its share: wrap around the end.
        for start in np.asarray(times % seconds * fs, dtype=int):
            shape = _swing(fs, rng)[: samples - start]
            noise[start : start + len(shape)] += shape
    return noise


def _swing(fs: float, rng: np.random.Generator) -> np.ndarray:
    size = rng.choice([-1, 1]) * rng.lognormal(0, 0.6)
    look = rng.choice(3, p=[0.4, 0.35, 0.25])
    width = rng.uniform(0.012, 0.06) if look == 0 else rng.uniform(0.04, 0.2)
    if look == 2:  # a step (rise in about 15 ms), taken back by the recorder's high-pass filter
        decay = rng.uniform(0.15, 1.5)
        time = np.arange(round(5 * decay * fs)) / fs
        return size * (1 - np.exp(-time / 0.015)) * np.exp(-time / decay)
    time = np.arange(-round(4 * width * fs), round(4 * width * fs) + 1) / fs / width
    bump = np.exp(-0.5 * time**2)
    return size * bump * (-time * np.exp(0.5) if look == 0 else 1)


def white(samples: int, fs: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the noise of amplifier and tape: the same power at all frequencies."""
    return rng.standard_normal(samples, dtype=np.float32)


KINDS: dict[str, Callable[[int, float, np.random.Generator], np.ndarray]] = {
    kind.__name__: kind for kind in (wander, muscle, mains, motion, white)
}


def snr(signal: np.ndarray, noise: np.ndarray) -> float:
    """Return the signal-to-noise ratio in decibels.

    ``SNR = 10 log10(S / N)``: `S` and `N` are the mean squares of `signal` and `noise` over the
    whole strip, each with its mean removed. PhysioNet's ``nst`` takes for `S` an eighth of the
    squared QRS height instead, which makes its SNR some 3 to 10 dB higher (median 7) for the
    same noise, and for `N` the mean over one-second pieces, which leaves slow wander out.
    """
    with np.errstate(divide="ignore"):
        powers = np.log10([np.var(signal, dtype=np.float64), np.var(noise, dtype=np.float64)])
    return float(10 * (powers[0] - powers[1]))


def add_noise(
    signal: np.ndarray, fs: float, kind: str, snr_db: float, rng: np.random.Generator
) -> np.ndarray:
    """Add one kind of noise at an exact signal-to-noise ratio.

    Parameters
    ----------
    signal : ndarray of shape (samples,) or (samples, leads)
        Clean ECG in millivolts; each lead gets its own noise. A lead that stands still has no
        power, and noise of any ratio to that has none either: it stays as it is.
    fs : float
        Samples a second, in hertz.
    kind : str
        ``"wander"``, ``"muscle"``, ``"mains"``, ``"motion"`` or ``"white"``.
    snr_db : float
        Ratio of powers in decibels as `snr` defines it, over the whole strip. Noise that comes in
        bursts is therefore stronger than this while it lasts.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray, float32
        The noisy ECG, of the same shape.

    Raises
    ------
    ValueError
        If the kind is unknown.
    DataError
        If samples are missing.

    Examples
    --------
    >>> ecg = np.sin(np.arange(3600) / 57)
    >>> noisy = add_noise(ecg, 360.0, "muscle", 10.0, np.random.default_rng(0))
    >>> round(snr(ecg, noisy - ecg), 2)
    10.0
    """
    if kind not in KINDS:
        raise ValueError(f"unknown noise {kind!r}: choose one of {', '.join(KINDS)}")
    clean = signal[:, None] if signal.ndim == 1 else signal
    noisy = np.empty(clean.shape, dtype=np.float32)
    for lead, column in enumerate(clean.T):
        if not np.isfinite(column).all():
            raise DataError(f"lead {lead} has missing samples (NaN)", remedy="Fill the gaps first.")
        noise = KINDS[kind](len(column), fs, rng)
        still = np.ptp(column) == 0
        factor = 0 if still else 10 ** ((snr(column, noise) - snr_db) / 20)
        noisy[:, lead] = column + factor * noise
    return noisy.reshape(signal.shape)
