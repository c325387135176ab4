"""Prepare windows of an ECG for a network: band-pass, centre, scale; and scale the targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BAND = (1.0, 35.0)
"""Pass band in hertz: breathing and drifting electrodes lie below it, mains and muscle above."""


def band_pass(signal: np.ndarray, fs: float, band: tuple[float, float] = BAND) -> np.ndarray:
    """Keep the frequencies of the QRS complex; forwards and backwards, so nothing is shifted.

    Parameters
    ----------
    signal : ndarray of shape (n, samples)
        Windows of one lead.
    fs : float
        Sampling rate in hertz.
    band : (float, float)
        Pass band in hertz, of a Butterworth filter of order 2.

    Returns
    -------
    ndarray of shape (n, samples), float32
    """
    from scipy.signal import butter, sosfiltfilt

    sos = butter(2, band, btype="bandpass", fs=fs, output="sos")
    return sosfiltfilt(sos, signal, axis=-1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Normaliser:
    """What the training subjects taught about scales.

    Parameters
    ----------
    fs : float
        Sampling rate of the windows, in hertz.
    rate_mean, rate_std : float
        Mean and standard deviation of the heart rate, in beats a minute.
    change_std : float
        Standard deviation of the rate change, in beats a minute; its mean is taken as 0.
    floor : float
        Smallest scale by which a window is divided, in millivolts, so that an almost empty window
        is not blown up into noise.
    """

    fs: float
    rate_mean: float
    rate_std: float
    change_std: float
    floor: float

    def signal(self, signal: np.ndarray) -> np.ndarray:
        """Prepare windows of one lead: band-pass, centre, divide by the height of a beat.

        Parameters
        ----------
        signal : ndarray of shape (n, samples), mV

        Returns
        -------
        ndarray of shape (n, samples), float32
            The tallest wave of a typical second is about 1; larger than 5 is cut off.
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
    """Typical height of a beat: the median, over seconds, of the largest deviation.

    One artefact fills one second or two, and the median does not see it.

    Parameters
    ----------
    filtered : ndarray of shape (n, samples)
        Band-passed windows.
    fs : float
        Sampling rate in hertz.

    Returns
    -------
    ndarray of shape (n,)
    """
    second = min(int(fs), filtered.shape[1])
    grid = filtered[:, : filtered.shape[1] // second * second].reshape(len(filtered), -1, second)
    return np.median(np.abs(grid).max(axis=2), axis=1)
