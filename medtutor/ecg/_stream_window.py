"""From the latest samples of a stream to a window that a network reads: repair, judge, filter."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from medtutor.ecg.prepare import BAND

FS = 360.0  # Hz, at which the networks of the course read
BRIDGE = 0.1  # seconds without samples that a straight line may bridge
FLAT = 1.0  # seconds without any change after which no heart is being measured
LARGEST = 50.0  # mV; no electrode on the skin gives more: a broken number


class Preparation:
    """Prepare windows that arrive at one sampling rate.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    length : int
        Samples in a window at 360 Hz.
    """

    def __init__(self, fs: float, length: int) -> None:
        self.fs = fs
        places = np.arange(length) * (fs / FS)  # where the samples at 360 Hz lie
        self.samples = int(np.ceil(places[-1])) + 1  # of a window as it arrives
        self._places = places + (self.samples - 1 - places[-1])  # both end with the latest one
        self._sos = butter(2, BAND, btype="bandpass", fs=fs, output="sos")
        self._zi = sosfilt_zi(self._sos)
        self._taper = np.hanning(self.samples)
        edges = np.fft.rfftfreq(self.samples, 1 / fs)
        self._qrs_band = (
            int(np.searchsorted(edges, 5)),
            int(np.searchsorted(edges, 15, "right")),
            int(np.searchsorted(edges, 40, "right")),
        )
        self._fewest = max(1, round(0.1 * fs))

    def __call__(self, raw: np.ndarray) -> tuple[np.ndarray | None, float, str]:
        """Prepare a window.

        Parameters
        ----------
        raw : ndarray of shape (samples,), float32
            As it arrived, in millivolts; short gaps are bridged in place.

        Returns
        -------
        filtered : ndarray of shape (length,), float32, or None
            Band-passed, at 360 Hz; None where the window tells nothing.
        quality : float
            0 to 1, see `stream.Reading`.
        why : str
            "missing", "flat" or "".
        """
        with np.errstate(invalid="ignore"):
            missing = ~(np.abs(raw) <= LARGEST)
        if missing.any():
            if runs(missing).max() > BRIDGE * self.fs:
                return None, 0.0, "missing"
            there = np.flatnonzero(~missing)
            raw[missing] = np.interp(np.flatnonzero(missing), there, raw[there])
        flat = self._flat(raw)
        if flat * len(raw) >= FLAT * self.fs:
            return None, 0.0, "flat"
        filtered = self._zero_phase(raw).astype(np.float32)
        if self.fs != FS:
            filtered = between(filtered, self._places)
        told = 1 - max(flat, float(missing.mean()))
        return filtered, told * self._qrs(raw), ""

    # The next two are `quality.of_signal`, of one window and without what can be done beforehand:
    # it would take half of the time of a reading.

    def _qrs(self, raw: np.ndarray) -> float:
        """Share of the power from 5 to 40 Hz that lies below 15 Hz."""
        power = np.abs(np.fft.rfft((raw - raw.mean(dtype=np.float64)) * self._taper)) ** 2
        whole = power[self._qrs_band[0] : self._qrs_band[2]].sum()
        part = power[self._qrs_band[0] : self._qrs_band[1]].sum()
        return float(part / whole) if whole > 0 else 0.0

    def _flat(self, raw: np.ndarray) -> float:
        """Share of the samples that equal the one before for at least 0.1 s."""
        lengths = runs(np.diff(raw) == 0)
        return float(lengths[lengths >= self._fewest].sum() / (len(raw) - 1))

    def _zero_phase(self, x: np.ndarray) -> np.ndarray:
        """Filter forwards and backwards, as `prepare.band_pass` does.

        SciPy's sosfiltfilt finds the filter's state of rest anew in every call, which takes longer
        than the filtering.
        """
        edge = 3 * (2 * len(self._sos) + 1)
        extended = np.concatenate(
            [2 * x[0] - x[edge:0:-1], x, 2 * x[-1] - x[-2 : -edge - 2 : -1]]
        ).astype(np.float64)
        for _ in "forwards", "backwards":
            extended, _state = sosfilt(self._sos, extended, zi=self._zi * extended[0])
            extended = extended[::-1]
        return extended[edge:-edge]


def between(signal: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Read a band-limited signal between its samples, by a cubic spline."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(np.arange(len(signal)), signal)(places).astype(np.float32)


def runs(mask: np.ndarray) -> np.ndarray:
    """Give the length of each stretch of True."""
    edge = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edge[1::2] - edge[::2]
