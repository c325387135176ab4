"""Networks that read a heart rate from 2,000 samples of an ECG.

`rate_lstm` is the course's network: convolutions look at the shape of a wave, an LSTM reads the
sequence in both directions and says where the beats lie. `article_lstm` is the network of the
course's source article, kept for comparison.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from medtutor.ecg.segments import Normaliser, Windows
from medtutor.ecg.training import fit
from medtutor.errors import DataError

__all__ = [
    "Prediction",
    "article_lstm",
    "find_beats",
    "fit",
    "predict",
    "rate_from_map",
    "rate_lstm",
    "read",
]

REFRACTORY = 0.26
"""Seconds after a beat in which the heart cannot beat again; it allows up to 230 beats a minute."""

SMALLEST = 0.15
"""Expected number of beats, summed over five bins, that counts as one.

Well under a half, because T waves, which a low bar would let in, fall into the refractory time. The
value was chosen by cross-validation over the subjects of MIT-BIH DS1."""


def rate_lstm(length: int = 2000, units: int = 32, seed: int = 0) -> keras.Model:
    """Build the course's network: convolution front, bidirectional LSTM, three outputs.

    2,000 samples become 50 steps before the LSTM reads them, because an LSTM takes its steps one
    after another and forgets over thousands. Each step covers 0.11 s, in which there is room for
    one beat, and says in which of its five bins that beat lies.

    Parameters
    ----------
    length : int
        Samples in a window, a multiple of 40.
    units : int
        LSTM units in each direction.
    seed : int
        Seed of the first weights.

    Returns
    -------
    keras.Model
        Prepared windows (n, length, 1), see `segments.Normaliser.signal`, to "beats"
        (n, length / 8): how much of a beat lies in each bin of 8 samples; "rate" and "change"
        (n, 1), normalised. Not compiled: `fit` does that.

    Raises
    ------
    DataError
        The length is not a multiple of 40.
    """
    if length % 40:
        raise DataError(
            f"windows of {length} samples do not divide into steps of 40",
            remedy=f"Cut windows of {max(40, round(length / 40) * 40)} samples.",
        )
    keras.utils.set_random_seed(seed)
    window = keras.Input((length, 1), name="window")
    x = layers.AveragePooling1D(4)(window)  # 90 Hz are enough for a signal that ends at 35 Hz
    x = layers.Reshape((length // 8, 2))(x)  # two samples side by side: half the steps
    x = layers.Conv1D(16, 9, padding="same", use_bias=False)(x)  # 9 bins = 0.2 s: a whole QRS
    x = layers.BatchNormalization(momentum=0.95)(x)
    x = layers.ReLU()(x)
    x = layers.Conv1D(32, 5, strides=5, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    x = layers.ReLU()(x)
    steps = layers.Bidirectional(layers.LSTM(units, return_sequences=True), name="sequence")(x)

    beats = layers.Dense(5, activation="sigmoid")(steps)  # five bins a step
    beats = layers.Flatten(name="beats")(beats)

    pooled = layers.GlobalAveragePooling1D()(steps)
    pooled = layers.Dense(32, activation="relu")(pooled)
    rate = layers.Dense(1, name="rate")(pooled)
    change = layers.Dense(1, name="change")(pooled)
    return keras.Model(window, {"beats": beats, "rate": rate, "change": change}, name="rate_lstm")


def article_lstm(
    input_shape: tuple[int, int] = (2000, 1), activation: str = "relu", seed: int = 0
) -> keras.Model:
    """Build the article's network: two LSTM(50, relu) over all samples, one dense output.

    Parameters
    ----------
    input_shape : (int, int)
        Time steps and features.
    activation : str
        The article's "relu" has no bound. Trained on rates in beats a minute, the state grows from
        step to step until it is NaN, within about fifteen batches, and clipping the gradient does
        not help; on normalised rates it stays finite and predicts the mean. "tanh" is the LSTM's
        own.
    seed : int
        Seed of the first weights.

    Returns
    -------
    keras.Model
        (n, time, features) to (n, 1). Not compiled.
    """
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.LSTM(50, activation=activation, return_sequences=True),
            layers.LSTM(50, activation=activation),
            layers.Dense(1),
        ],
        name="article_lstm",
    )


class Prediction(NamedTuple):
    """What `read` returns, for n windows.

    Parameters
    ----------
    beats : ndarray of shape (n, bins)
        How much of a beat lies in each bin.
    from_map : ndarray of shape (n,)
        Beats a minute, from the beats found in the map; NaN with fewer than two.
    direct, change : ndarray of shape (n,)
        Beats a minute, as the pooled sequence says them.
    """

    beats: np.ndarray
    from_map: np.ndarray
    direct: np.ndarray
    change: np.ndarray


def predict(
    model: keras.Model, windows: Windows | np.ndarray, normaliser: Normaliser
) -> tuple[np.ndarray, np.ndarray]:
    """Predict heart rate and rate change of windows.

    The rate is read from the beat map: find the beats, measure their distances. Where the map
    shows fewer than two beats, the output that names the rate directly stands in.

    Parameters
    ----------
    model : keras.Model
        A trained `rate_lstm`.
    windows : Windows, or ndarray of shape (n, length) in mV
        What to read; of several leads the first.
    normaliser : Normaliser
        Scales of the subjects on which `model` was trained.

    Returns
    -------
    rate, change : ndarray of shape (n,)
        Beats a minute; the change is that from this window to the next.
    """
    said = read(model, windows, normaliser)
    return np.where(np.isnan(said.from_map), said.direct, said.from_map), said.change


def read(model: keras.Model, windows: Windows | np.ndarray, normaliser: Normaliser) -> Prediction:
    """Give everything that the model says about windows; see `predict`.

    Parameters
    ----------
    model : keras.Model
        A trained `rate_lstm`.
    windows : Windows, or ndarray of shape (n, length) in mV
        What to read; of several leads the first.
    normaliser : Normaliser
        Scales of the subjects on which `model` was trained.

    Returns
    -------
    Prediction
    """
    signal = windows.signal[:, :, 0] if isinstance(windows, Windows) else np.asarray(windows)
    said = model.predict(normaliser.signal(signal)[:, :, None], batch_size=256, verbose=0)
    bpm = normaliser.bpm(np.concatenate([said["rate"], said["change"]], axis=1))
    from_map = rate_from_map(said["beats"], normaliser.fs, signal.shape[1])
    return Prediction(said["beats"], from_map, bpm[:, 0], bpm[:, 1])


def find_beats(beat_map: np.ndarray, fs: float = 360.0, length: int = 2000) -> list[np.ndarray]:
    """Find the beats in beat maps: peaks of the sum over five bins, placed at its centre of mass.

    Parameters
    ----------
    beat_map : ndarray of shape (n, bins)
        As the model gives it, or `segments.beat_map`.
    fs : float
        Sampling rate in hertz.
    length : int
        Samples in a window.

    Returns
    -------
    list of n ndarrays
        Place of each beat in samples from the window's start, in order.
    """
    from scipy.signal import find_peaks

    per_bin = length / beat_map.shape[1]
    apart = max(1, round(REFRACTORY * fs / per_bin))
    kernel = np.ones(5)
    bins = np.arange(beat_map.shape[1])
    found = []
    for row in beat_map:
        amount = np.convolve(row, kernel, "same")
        moment = np.convolve(row * bins, kernel, "same")
        # The row itself, faintly, decides between neighbours with the same sum.
        height = np.pad(amount + 1e-3 * row, 1)
        peaks = find_peaks(height, height=SMALLEST, distance=apart)[0] - 1
        found.append((moment[peaks] / amount[peaks] + 0.5) * per_bin)
    return found


def rate_from_map(beat_map: np.ndarray, fs: float = 360.0, length: int = 2000) -> np.ndarray:
    """Read the heart rate from beat maps: 60 over the mean distance of the beats found.

    Parameters
    ----------
    beat_map : ndarray of shape (n, bins)
        As the model gives it.
    fs : float
        Sampling rate in hertz.
    length : int
        Samples in a window.

    Returns
    -------
    ndarray of shape (n,)
        Beats a minute; NaN where fewer than two beats were found.
    """
    rate = np.full(len(beat_map), np.nan)
    for k, place in enumerate(find_beats(beat_map, fs, length)):
        if len(place) > 1:
            rate[k] = 60 * fs * (len(place) - 1) / (place[-1] - place[0])
    return rate
