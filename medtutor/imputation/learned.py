"""A small network that fills gaps of an ECG.

It is shown what rules make of a gap, a straight line and the copy of the most alike place (see
`signals.fill`), together with a mask that says where the gap is, and learns what to make of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from medtutor.errors import DataError
from medtutor.imputation.gaps import hide
from medtutor.imputation.signals import copies, fill

if TYPE_CHECKING:
    import keras

__all__ = ["fill_with", "fit_imputer", "gap_imputer", "scaled"]
_BIN = 8  # samples that the network takes in one step: 22 ms at 360 Hz
_FLOOR = 0.15  # mV; a smaller deflection is not blown up to a beat


def gap_imputer(length: int = 2000, filters: int = 32, seed: int = 0) -> keras.Model:
    """Build the imputer: convolutions over three channels, and a correction of the straight line.

    Parameters
    ----------
    length : int
        Samples in a window, a multiple of 8.
    filters : int
        Filters of each convolution.
    seed : int
        Seed of the first weights.

    Returns
    -------
    keras.Model
        (n, length, 3), as `scaled` gives it, to (n, length, 1): what to add to the straight line.
        Before training that is 0. Not compiled.

    Raises
    ------
    DataError
        The length is not a multiple of 8.
    """
    import keras
    from keras import layers

    if length % _BIN:
        raise DataError(
            f"windows of {length} samples do not divide into steps of {_BIN}",
            remedy=f"Cut windows of {max(_BIN, length // _BIN * _BIN)} samples.",
        )
    keras.utils.set_random_seed(seed)
    window = keras.Input((length, 3))
    # Eight samples side by side in one step: an eighth of the work, and nothing is averaged away.
    x = layers.Reshape((length // _BIN, 3 * _BIN))(window)
    for dilation in (1, 1, 2, 4):
        y = layers.Conv1D(filters, 5, padding="same", dilation_rate=dilation, use_bias=False)(x)
        y = layers.BatchNormalization(momentum=0.95)(y)
        y = layers.ReLU()(y)
        x = y if x.shape[-1] != filters else layers.Add()([x, y])
    x = layers.Conv1D(_BIN, 5, padding="same", kernel_initializer="zeros")(x)
    return keras.Model(window, layers.Reshape((length, 1))(x), name="gap_imputer")


def scaled(
    signal: np.ndarray, missing: np.ndarray, fs: float = 360.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prepare windows with gaps for the network: fill by rules, centre, divide by a beat's height.

    Parameters
    ----------
    signal : ndarray of shape (n, length)
        Windows in millivolts; what stands where `missing` is True is never looked at.
    missing : ndarray of bool, shape (n, length)
        True where a sample is missing.
    fs : float
        Sampling rate in hertz.

    Returns
    -------
    x : ndarray of shape (n, length, 3), float32
        Straight lines in the gaps, the mask, and copies in the gaps.
    middle, tall : ndarray of shape (n, 1)
        Millivolts taken off, and by which was divided: median, and the median over seconds of the
        largest deviation from it, of the known samples.
    """
    line, copy = fill(signal, missing, "linear"), copies(signal, missing)
    known = np.where(missing, np.nan, line)
    middle = np.nanmedian(known, axis=1, keepdims=True)
    second = min(int(fs), known.shape[1])
    away = np.where(missing, 0.0, np.abs(line - middle))
    away = away[:, : known.shape[1] // second * second].reshape(len(known), -1, second)
    tall = np.maximum(np.median(away.max(axis=2), axis=1, keepdims=True), _FLOOR)
    channels = [(line - middle) / tall, missing, (copy - middle) / tall]
    return np.clip(np.stack(channels, axis=2), -5, 5).astype(np.float32), middle, tall


def fit_imputer(
    model: keras.Model,
    train: np.ndarray,
    validation: np.ndarray | None = None,
    *,
    fs: float = 360.0,
    epochs: int = 10,
    most: int = 2000,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Train the imputer: hide gaps of 0.2 to 1 s in complete windows, ask for what was there.

    The loss is the mean square error of the hidden samples, in units of a beat's height; what is
    known costs nothing. The epoch with the lowest validation loss is kept.

    Parameters
    ----------
    model : keras.Model
        As `gap_imputer` builds it. Compiled here, trained in place.
    train : ndarray of shape (n, length)
        Windows of the training subjects in millivolts, complete.
    validation : ndarray of shape (m, length), optional
        Windows of the validation subjects, complete.
    fs : float
        Sampling rate in hertz.
    epochs : int
        Rounds through the windows.
    most : int
        Windows used; of more, as many are drawn. Of fewer, each is used with several gaps in turn.
    seed : int
        Seed of gaps and order.

    Returns
    -------
    dict of str to list of float
        "loss" and, with a validation part, "val_loss" of each epoch.

    Raises
    ------
    DataError
        There is no training window, or a window holds NaN.
    """
    import keras

    from medtutor.training import cosine_schedule

    if len(train) == 0:
        raise DataError("there is no training window", remedy="Give more subjects.")
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(train)) for _ in range(-(-most // len(train)))])
    x, y = _examples(train[order[:most]], fs, rng)
    checked = None
    callbacks: list[keras.callbacks.Callback] = []
    if validation is not None and len(validation):
        some = rng.permutation(len(validation))[: most // 5]
        checked = _examples(validation[some], fs, rng)
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
        )
    steps = epochs * -(-len(x) // 64)
    optimiser = keras.optimizers.Adam(cosine_schedule(4e-3, steps), clipnorm=1.0)
    model.compile(optimiser, loss=_hidden_rmse)
    history = model.fit(x, y, batch_size=64, epochs=epochs, validation_data=checked,
                        validation_batch_size=256, callbacks=callbacks, verbose=0)  # fmt: skip
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def fill_with(
    model: keras.Model, signal: np.ndarray, missing: np.ndarray, fs: float = 360.0
) -> np.ndarray:
    """Fill the gaps of windows with a trained imputer; the known samples stay as they are.

    Parameters
    ----------
    model : keras.Model
        As `fit_imputer` left it.
    signal : ndarray of shape (n, length)
        Windows in millivolts; what stands where `missing` is True is never looked at.
    missing : ndarray of bool, shape (n, length)
        True where a sample is missing.
    fs : float
        Sampling rate in hertz.

    Returns
    -------
    ndarray of float64, shape (n, length)

    Raises
    ------
    DataError
        The shapes differ, a window has no known sample, or the model reads another length.
    """
    if np.ndim(signal) != 2 or model.input_shape[1] != np.shape(signal)[1]:
        raise DataError(
            f"the model reads windows of {model.input_shape[1]} samples, not an array of shape "
            f"{np.shape(signal)}",
            remedy="Cut windows of that length, one in each row.",
        )
    x, middle, tall = scaled(signal, missing, fs)
    correction = model.predict(x, batch_size=256, verbose=0)[:, :, 0]
    return np.where(missing, (x[:, :, 2] + correction) * tall + middle, signal)


def _examples(
    windows: np.ndarray, fs: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hide two gaps in each window; the target is what is missing from the straight line."""
    seen, missing = hide(windows, "packets", rng, fs, gaps=2)
    x, middle, tall = scaled(seen, missing, fs)
    target = np.clip((windows - middle) / tall, -5, 5) - x[:, :, 2]
    return x, np.stack([target, missing], axis=2).astype(np.float32)


def _hidden_rmse(y: Any, correction: Any) -> Any:
    """RMSE of the hidden samples of each window; the second channel of `y` says where."""
    from keras import ops

    hidden = y[:, :, 1:]
    square = ops.sum(hidden * ops.square(y[:, :, :1] - correction), axis=(1, 2))
    return ops.sqrt(square / ops.maximum(ops.sum(hidden, axis=(1, 2)), 1.0) + 1e-6)
