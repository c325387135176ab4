"""Networks that read a heart rate from 2,000 samples of an ECG.

`rate_lstm` is the course's network: convolutions look at the shape of a wave, an LSTM reads the
sequence in both directions and says where the beats lie. What its beat map says is in `ecg.maps`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from medtutor.ecg.maps import LOST, find_beats, pool, rate_from_map, spread, voice
from medtutor.ecg.quality import TRUST, agreement
from medtutor.ecg.segments import Normaliser
from medtutor.ecg.training import fit
from medtutor.errors import DataError
from medtutor.types import Windows

__all__ = ["Prediction", "fit", "predict", "rate_lstm", "read"]

SURE = 10.0
"""Spread in beats a minute up to which what a lead sees can contradict another lead; in strong
noise (validation subjects, muscle at 0 dB) a limit of 20 took noise for contradiction."""


def rate_lstm(length: int = 2000, seed: int = 0) -> keras.Model:
    """Build the course's network: convolution front, bidirectional LSTM, three outputs.

    2,000 samples become 50 steps before the LSTM reads them, because an LSTM takes its steps one
    after another and forgets over thousands. Each step covers 0.11 s, in which there is room for
    one beat, and says in which of its five bins that beat lies.

    Parameters
    ----------
    length : int
        Samples in a window, a multiple of 40.
    seed : int
        Of the first weights.

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

    Examples
    --------
    >>> rate_lstm().output["beats"].shape
    (None, 250)
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
    steps = layers.Bidirectional(layers.LSTM(32, return_sequences=True), name="sequence")(x)

    beats = layers.Dense(5, activation="sigmoid")(steps)  # five bins a step
    beats = layers.Flatten(name="beats")(beats)

    pooled = layers.GlobalAveragePooling1D()(steps)
    pooled = layers.Dense(32, activation="relu")(pooled)
    rate = layers.Dense(1, name="rate")(pooled)
    change = layers.Dense(1, name="change")(pooled)
    return keras.Model(window, {"beats": beats, "rate": rate, "change": change}, name="rate_lstm")


class Prediction(NamedTuple):
    """What `read` returns, for n windows."""

    beats: np.ndarray
    from_map: np.ndarray
    direct: np.ndarray
    change: np.ndarray
    spread: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """Beats a minute from the map, and where it shows too few beats, as named directly."""
        return np.where(np.isnan(self.from_map), self.direct, self.from_map)


def predict(
    model: keras.Model, windows: Windows | np.ndarray, normaliser: Normaliser, leads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Predict heart rate and rate change of windows.

    The rate is read from the beat map: find the beats, measure their distances. Where the map
    shows fewer than two beats, the output that names the rate directly stands in.
    """
    said = read(model, windows, normaliser, leads)
    return said.rate, said.change


def read(
    model: keras.Model, windows: Windows | np.ndarray, normaliser: Normaliser, leads: int = 1
) -> Prediction:
    """Give everything that the model says about windows; see `predict`."""
    signal = windows.signal if isinstance(windows, Windows) else np.asarray(windows)
    signal = signal[:, :, None] if signal.ndim == 2 else signal
    signal = signal[:, :, :leads]
    if signal.shape[2] == 1:
        return _one_lead(model, normaliser.signal(signal[:, :, 0]), normaliser)
    ready = [normaliser.signal(lead) for lead in np.nan_to_num(signal.transpose(2, 0, 1))]
    said = [_one_lead(model, lead, normaliser) for lead in ready]
    whole = np.isfinite(signal).all(axis=1).T
    doubts = np.stack([one.spread for one in said])
    # A broken lead gets no say; where all are broken they count as they are.
    doubts = np.where(whole | ~whole.any(axis=0), doubts, np.inf)
    record = windows.record if isinstance(windows, Windows) else np.zeros(len(signal))
    each = np.stack([one.beats for one in said])
    found = [find_beats(one, normaliser.fs, signal.shape[1]) for one in each]
    sure = doubts <= SURE
    doubts[1:][_contradict(found, record, normaliser.fs, sure)] = np.inf
    doubts[0, np.isinf(doubts).all(axis=0)] = LOST
    beats, weight = pool(
        each, doubts, np.stack([voice(lead, each.shape[2], normaliser.fs) for lead in ready])
    )
    direct, change = (
        (weight * np.stack([getattr(one, name) for one in said])).sum(axis=0)
        for name in ("direct", "change")
    )
    both = _prediction(beats, direct, change, normaliser.fs, signal.shape[1])
    # Leads that contradict each other are a doubt that the joined map does not show.
    apart = np.abs(np.stack([one.rate for one in said]) - both.rate)
    return both._replace(spread=np.minimum(both.spread + (weight * apart).sum(axis=0), LOST))


def _contradict(
    found: Sequence[list[np.ndarray]], record: np.ndarray, fs: float, sure: np.ndarray
) -> np.ndarray:
    """Tell which further leads, over their whole recording, see other beats than the first."""
    out = np.zeros((len(found) - 1, len(record)), bool)
    for k, other in enumerate(found[1:]):
        agree = agreement(found[0], other, fs)
        for name in np.unique(record):
            mine = record == name
            known = mine & sure[0] & sure[k + 1]
            out[k, mine] = known.any() and np.median(agree[known]) < TRUST
    return out


def _one_lead(model: keras.Model, ready: np.ndarray, normaliser: Normaliser) -> Prediction:
    """Read one lead of prepared windows."""
    said = model.predict(ready[:, :, None], batch_size=256, verbose=0)
    bpm = normaliser.bpm(np.concatenate([said["rate"], said["change"]], axis=1))
    return _prediction(said["beats"], bpm[:, 0], bpm[:, 1], normaliser.fs, ready.shape[1])


def _prediction(
    beats: np.ndarray, direct: np.ndarray, change: np.ndarray, fs: float, length: int
) -> Prediction:
    """Put together what the map and the other two outputs say."""
    return Prediction(
        beats, rate_from_map(beats, fs, length), direct, change, spread(beats, fs, length)
    )
