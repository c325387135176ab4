"""How the ECG network is trained."""

from collections.abc import Iterator

import keras
import numpy as np

from medtutor.ecg import segments
from medtutor.ecg.augment import disturb, filtered_leads, following, noise, noise_bank, play
from medtutor.ecg.beats import rate_of
from medtutor.ecg.segments import Normaliser, Windows
from medtutor.errors import DataError
from medtutor.training import Parts, Progress, cosine_schedule

Batch = tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]


def fit(
    model: keras.Model,
    windows: Windows,
    split: Parts,
    normaliser: Normaliser | None = None,
    *,
    steps: int = 700,
    seed: int = 0,
    batch_size: int = 128,
    learning_rate: float = 4e-3,
    patience: int = 6,
    augment: bool = True,
    also: Windows | None = None,
    verbose: bool = True,
) -> dict[str, list[float]]:
    """Train `rate_lstm` on the training subjects; the validation subjects say when to stop.

    Three losses are added: cross-entropy of the beat map, and the absolute errors of rate and rate
    change in units of their spread. The absolute error (L1) forgives the few windows whose label
    nobody could guess. Adam with a warm-up and a cosine schedule.

    Parameters
    ----------
    model : keras.Model
        As `rate_lstm` builds it. Compiled here, trained in place.
    windows : Windows
        All windows, as `split` counts them. Their first two leads are used for training.
    split : medtutor.splits.Split
        Its test part is never touched.
    normaliser : Normaliser, optional
        Scales of the training subjects; fitted here on ``split.train`` when not given.
    steps : int
        Batches in all; the validation loss is looked at every 50.
    seed : int
        Seed of the order and the augmentation.
    batch_size : int
        Windows in a batch.
    learning_rate : float
        The highest of the schedule.
    patience : int
        Looks at the validation loss without a lower one before training stops.
    augment : bool
        Play at other speeds, add noise, turn over. Without it the windows are taken as they are.
    also : Windows, optional
        Other windows to learn from, such as simulated ones beside real ones: a quarter of each
        batch. Nobody in them may be in the validation or test part. Beside the records of MIT-BIH
        the simulated set did not help (validation subjects of two folds, two leads: MAE 0.41 bpm
        with it, 0.38 without), so it is left out by default.
    verbose : bool
        Show progress.

    Returns
    -------
    dict of str to list of float
        "loss" and the loss of each output, with "val_" before those of the validation part.

    Raises
    ------
    DataError
        The training part is empty, or the model reads windows of another length.
    """
    if len(split.train) == 0:
        raise DataError("the training part is empty", remedy="Give more subjects.")
    if model.input_shape[1] != windows.signal.shape[1]:
        raise DataError(
            f"windows of {windows.signal.shape[1]} samples, but the model reads "
            f"{model.input_shape[1]}",
            remedy="Build it with length=windows.signal.shape[1].",
        )
    keras.utils.set_random_seed(seed)
    bins = model.get_layer("beats").output.shape[1]
    normaliser = normaliser or segments.normaliser(windows, split.train)
    model.compile(
        keras.optimizers.Adam(cosine_schedule(learning_rate, steps), clipnorm=1.0),
        loss={"beats": "binary_crossentropy", "rate": "mae", "change": "mae"},
        loss_weights={"beats": 10.0, "rate": 1.0, "change": 0.5},
    )
    callbacks: list[keras.callbacks.Callback] = []
    if verbose:
        callbacks.append(Progress(len(split.train), "windows", steps, "step"))
    checked = None
    if len(split.validation):
        checked = as_they_are(windows[split.validation], normaliser, bins)
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        )
    history = model.fit(
        batches(
            windows[split.train],
            normaliser,
            batch_size,
            np.random.default_rng(seed),
            bins=bins,
            augment=augment,
            also=also,
        ),
        shuffle=False,
        steps_per_epoch=min(50, steps),
        epochs=max(1, round(steps / 50)),
        validation_data=checked,
        validation_batch_size=256,
        callbacks=callbacks,
        verbose=0,
    )
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def batches(
    windows: Windows,
    normaliser: Normaliser,
    size: int,
    rng: np.random.Generator,
    bins: int = 250,
    augment: bool = True,
    also: Windows | None = None,
    share: float = 0.25,
) -> Iterator[Batch]:
    """Yield training batches for ever, each window once per round in a new order.

    Parameters
    ----------
    windows : Windows
        The training windows.
    normaliser : Normaliser
        Their scales.
    size : int
        Windows in a batch.
    rng : numpy.random.Generator
        Source of the order and of the augmentation.
    bins : int
        Values of the beat map.
    augment : bool
        Play at other speeds, add noise, turn over.
    also : Windows, optional
        Other windows, such as simulated ones, that make up a `share` of each batch.
    share : float
        Share of each batch that is taken from `also`.

    Yields
    ------
    x : ndarray of shape (size, length, 1)
    targets, weights : dict of str to ndarray
        For the outputs "beats", "rate" and "change"; weight 0 where a target is not known.
    """
    others = 0 if also is None else len(also)
    if also is not None:
        windows = segments.join([windows, also])
    leads = filtered_leads(windows)
    follower = following(windows)
    length = windows.signal.shape[1]
    bank = noise_bank(windows.fs, rng) if augment else np.empty(0)
    for index in _draw(len(windows) - others, others, size, share, rng):
        if not augment:
            x = normaliser.scale(leads[0, index])
            yield _batch(x, windows.beats[index], windows.change[index], normaliser, bins)
            continue
        lead = rng.integers(len(leads), size=size)
        x, beats, change = play(leads, lead, windows, follower, index, rng)
        x = normaliser.scale(disturb(x, windows.fs, bank, rng)) + noise(size, length, rng)
        x *= rng.choice([1, 1, -1], (size, 1))
        yield _batch(x, beats, change, normaliser, bins)


def _draw(
    own: int, others: int, size: int, share: float, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Deal indices for ever: of the first `own`, and a `share` of the `others` after them."""
    part = round(size * share) if others else 0
    deals = [(_rounds(own, size - part, rng), 0)]
    if part:
        deals.append((_rounds(others, part, rng), own))
    while True:
        yield np.concatenate([next(deal) + first for deal, first in deals])


def _rounds(n: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Deal `size` of `n` indices at a time, each once per round."""
    order = np.empty(0, int)
    while True:
        while len(order) < size:
            order = np.append(order, rng.permutation(n))
        hand, order = order[:size], order[size:]
        yield hand


def as_they_are(windows: Windows, normaliser: Normaliser, bins: int = 250) -> Batch:
    """Give windows without augmentation, with their targets and weights, as one batch."""
    x = normaliser.signal(windows.signal[:, :, 0])
    return _batch(x, windows.beats, windows.change, normaliser, bins)


def _batch(
    x: np.ndarray, beats: np.ndarray, change: np.ndarray, normaliser: Normaliser, bins: int
) -> Batch:
    """Draw the beat map and normalise the rates; what is not known gets weight 0."""
    rate = rate_of(beats, normaliser.fs)
    target = normaliser.target(rate, change).astype(np.float32)
    known = np.isfinite(target).astype(np.float32)
    target = np.nan_to_num(target)
    return (
        x[:, :, None].astype(np.float32),
        {
            "beats": segments.beat_map(beats, bins, x.shape[1]),
            "rate": target[:, :1],
            "change": target[:, 1:],
        },
        {"beats": np.ones(len(x), np.float32), "rate": known[:, 0], "change": known[:, 1]},
    )
