"""How the ECG network is trained: its losses, and variants of the training windows.

A model that has met twenty hearts has met twenty usual rates. Playing a window at another speed
changes its rate by exactly that factor, so the model meets every rate with every heart. Other
starts, the other lead and noise are added to that.
"""

from collections.abc import Iterator

import keras
import numpy as np

from medtutor.ecg import segments
from medtutor.ecg.beats import rate_of
from medtutor.ecg.noise import KINDS
from medtutor.ecg.segments import Normaliser, band_pass, height
from medtutor.errors import DataError
from medtutor.training import Parts, Progress, cosine_schedule, feed, make_variables
from medtutor.types import Windows

Batch = tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]

SPEEDS = (0.5, 1.5)
"""Slowest and fastest speed at which a window is played. Half speed makes a QRS twice as wide, as a
ventricular beat is, and there are never enough of those."""

STRONGEST = {"muscle": 0.8, "motion": 1.0, "wander": 1.5}
"""Kinds of simulated noise added in training, and the largest standard deviation of each, where a
beat is 1 high. At a signal-to-noise ratio of 0 dB (`ecg.noise.snr`) it is about a third of that,
and more while a burst lasts."""

HOW_OFTEN = (0.40, 0.45, 0.15)
"""Share of each kind: wander is nearly gone after the band-pass, motion is the hardest."""


def fit(
    model: keras.Model,
    windows: Windows,
    split: Parts,
    normaliser: Normaliser | None = None,
    *,
    steps: int = 700,
    seed: int = 0,
    batch_size: int = 128,
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
        Batches at most, above 50 in whole fifties: the validation loss is looked at every 50.
    seed : int
        Of the order and the augmentation.

    Returns
    -------
    dict of str to list of float
        "loss" and the loss of each output, with "val_" before those of the validation part.

    Raises
    ------
    DataError
        The training part is empty, or the model reads windows of another length.

    Examples
    --------
    >>> from medtutor.ecg import models
    >>> history = fit(models.rate_lstm(), windows, split, scales)  # doctest: +SKIP
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
        keras.optimizers.Adam(cosine_schedule(4e-3, steps), clipnorm=1.0),
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
            keras.callbacks.EarlyStopping("val_loss", patience=6, restore_best_weights=True)
        )
    make_variables(model, as_they_are(windows[split.train[:1]], normaliser, bins)[1])
    rng = np.random.default_rng(seed)
    history = model.fit(
        feed(batches(windows[split.train], normaliser, batch_size, rng, bins), batch_size),
        shuffle=False,
        steps_per_epoch=min(50, steps),
        epochs=max(1, steps // 50),
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
) -> Iterator[Batch]:
    """Yield training batches for ever, each window once per round in a new order."""
    leads = filtered_leads(windows)
    follower = following(windows)
    length = windows.signal.shape[1]
    bank = noise_bank(windows.fs, rng)
    for index in _rounds(len(windows), size, rng):
        lead = rng.integers(len(leads), size=size)
        x, beats, change = play(leads, lead, windows, follower, index, rng)
        x = normaliser.scale(disturb(x, windows.fs, bank, rng)) + hiss(size, length, rng)
        x *= rng.choice([1, 1, -1], (size, 1))
        yield _batch(x, beats, change, normaliser, bins)


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


# ------------------------------ variants of windows


def play(
    leads: np.ndarray,
    lead: np.ndarray,
    windows: Windows,
    follower: np.ndarray,
    index: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Play windows at a random speed, on into the next ones: signals, beats in them, changes."""
    n, length = len(index), windows.signal.shape[1]
    second = follower[index]
    third = np.where(second >= 0, follower[second], -1)
    has_second, has_third = second >= 0, third >= 0
    tape = np.concatenate([leads[lead, index], leads[lead, second]], axis=1)
    beats = np.concatenate(
        [
            windows.beats[index],
            np.where(has_second[:, None], windows.beats[second] + length, np.nan),
            np.where(has_third[:, None], windows.beats[third] + 2 * length, np.nan),
        ],
        axis=1,
    )
    end = np.where(has_second, 2 * length, length)
    low, high = np.log(SPEEDS)
    speed = np.minimum(np.exp(rng.uniform(low, high, n)), end / length)
    start = rng.uniform(0, 1, n) * (end - speed * length)
    x = stretch(tape, start, speed, length)
    place = (beats - start[:, None]) / speed[:, None]
    now = np.where((place >= 0) & (place < length), place, np.nan)
    after = np.where((place >= length) & (place < 2 * length), place, np.nan)
    change = rate_of(after, windows.fs) - rate_of(now, windows.fs)
    labelled = np.where(has_third, 3 * length, end)
    return x, now, np.where(start + 2 * speed * length <= labelled, change, np.nan)


def stretch(tape: np.ndarray, start: np.ndarray, speed: np.ndarray, length: int) -> np.ndarray:
    """Read `length` samples from each row, from `start` on at `speed`, by straight lines."""
    # The rows hold nothing above 35 Hz, so straight lines between samples at 360 Hz are close.
    place = start[:, None] + speed[:, None] * np.arange(length)
    left = np.minimum(place.astype(np.int32), tape.shape[1] - 2)
    share = (place - left).astype(np.float32)
    flat = tape.ravel()
    left = left + np.arange(len(tape), dtype=np.int32)[:, None] * tape.shape[1]
    below, above = flat.take(left), flat.take(left + 1)
    return below + share * (above - below)


def filtered_leads(windows: Windows) -> np.ndarray:
    """Band-pass the first two leads; a lead that is broken in a window is replaced by the first."""
    first = band_pass(windows.signal[:, :, 0], windows.fs)
    out = [first]
    for k in range(1, min(2, windows.signal.shape[2])):
        raw = windows.signal[:, :, k]
        whole = np.isfinite(raw).all(axis=1) & (np.ptp(raw, axis=1) > 0)
        other = band_pass(np.where(whole[:, None], raw, 0), windows.fs)
        out.append(np.where(whole[:, None], other, first))
    return np.stack(out)


def hiss(n: int, length: int, rng: np.random.Generator, typical: float = 0.05) -> np.ndarray:
    """Draw noise of two colours, muscle-like (to 45 Hz) and slow (to 5 Hz), of random size."""
    out = np.zeros((n, length), np.float32)
    for hold in (4, 40):  # samples during which a value is held
        size = np.minimum(rng.exponential(typical, (n, 1)), 0.5).astype(np.float32)
        steps = rng.standard_normal((n, -(-length // hold)), dtype=np.float32)
        out += size * np.repeat(steps, hold, axis=1)[:, :length]
    return out


def noise_bank(
    fs: float, rng: np.random.Generator, minutes: float = 30.0, strip: float = 20.0
) -> np.ndarray:
    """Draw simulated noise (`ecg.noise`) once, in strips, to be cut into windows many times."""
    samples, strips = round(strip * fs), max(1, round(60 * minutes / strip))
    out = []
    for kind in STRONGEST:
        drawn = np.stack([KINDS[kind](samples, fs, rng) for _ in range(strips)])
        drawn /= drawn.std(axis=1, keepdims=True)
        out.append(band_pass(drawn, fs).ravel())
    return np.stack(out)


def disturb(
    filtered: np.ndarray, fs: float, bank: np.ndarray, rng: np.random.Generator, share: float = 0.6
) -> np.ndarray:
    """Add one kind of strong noise to a share of the windows, a tenth of `STRONGEST` up to it."""
    n, length = filtered.shape
    kind = rng.choice(len(bank), size=(n,), p=HOW_OFTEN)
    most = np.array(list(STRONGEST.values()))[kind]
    size = most * np.exp(rng.uniform(np.log(0.1), 0, n)) * (rng.random(n) < share)
    start = rng.integers(bank.shape[1] - length, size=(n, 1))
    piece = bank[kind[:, None], start + np.arange(length)]
    tall = height(filtered, fs)
    return filtered + (size * tall)[:, None].astype(np.float32) * piece


def following(windows: Windows) -> np.ndarray:
    """Find for each window the one that starts where it ends: its index, or -1."""
    length = windows.signal.shape[1]
    keys = list(zip(windows.record.tolist(), windows.start.tolist(), strict=True))
    place = {key: number for number, key in enumerate(keys)}
    return np.array([place.get((record, start + length), -1) for record, start in keys])
