"""How the CT networks are trained."""

from collections.abc import Iterator

import keras
import numpy as np

from medtutor.ct.augment import Ranges, augment
from medtutor.errors import DataError
from medtutor.training import Parts, Progress, cosine_schedule, feed, make_variables

__all__ = ["Progress", "batches", "check", "class_weights", "cosine_schedule", "feed", "fit"]


def fit(
    model: keras.Model,
    x: np.ndarray,
    labels: np.ndarray,
    split: Parts,
    *,
    epochs: int = 30,
    seed: int = 0,
    batch_size: int = 32,
    learning_rate: float = 3e-3,
    patience: int = 10,
    ranges: Ranges | None = None,
    verbose: bool = True,
) -> dict[str, list[float]]:
    """Train a classifier on the training patients; the validation patients say when to stop.

    Adam with a warm-up and a cosine schedule, class weights, new variants of the images in every
    epoch. The weights of the epoch with the lowest validation loss are kept: the loss, not the
    accuracy, because it also counts how sure the model was when it was wrong. Lesson 08 writes
    these steps out one by one.

    Parameters
    ----------
    model : keras.Model
        Images to probabilities (n, classes). Compiled here, trained in place.
    x : ndarray of float32, shape (n, s, s, channels)
        All prepared images of the data set, as `split` counts them.
    labels : ndarray of int, shape (n,)
        Class of each.
    split : medtutor.splits.Split
        Its test part is never touched.
    epochs, patience : int
        Passes over the training images at most, and without a lower validation loss.
    seed : int
        Of the order, the augmentation and the dropout.
    batch_size, learning_rate
        Images per step; the highest rate of the schedule.
    ranges : augment.Ranges, optional
        How far the variants go.

    Returns
    -------
    dict of str to list of float
        "loss", "accuracy", and with a validation part "val_loss", "val_accuracy", per epoch.

    Raises
    ------
    DataError
        If an array has the wrong shape or NaN, or the training part is empty or of one class.
    """
    train, validation = np.asarray(split.train), np.asarray(split.validation)
    check(model, x, labels, train)
    classes = int(model.output_shape[-1])
    keras.utils.set_random_seed(seed)
    target = np.eye(classes, dtype=np.float32)[labels]
    weight = class_weights(labels[train], classes)[labels]

    steps = -(-len(train) // batch_size)
    schedule = cosine_schedule(learning_rate, steps * epochs)
    model.compile(keras.optimizers.Adam(schedule), "categorical_crossentropy", metrics=["accuracy"])
    make_variables(model, target[:1])
    callbacks: list[keras.callbacks.Callback] = []
    if verbose:
        callbacks.append(Progress(len(train), "images", epochs, "epoch"))
    checked = None
    if len(validation):
        checked = (x[validation], target[validation], weight[validation])
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        )
    rng = np.random.default_rng(seed)
    history = model.fit(
        feed(batches(x[train], target[train], weight[train], batch_size, rng, ranges)),
        shuffle=False,
        steps_per_epoch=steps,
        epochs=epochs,
        validation_data=checked,
        validation_batch_size=128,
        callbacks=callbacks,
        verbose=0,
    )
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def batches(
    x: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    batch_size: int,
    rng: np.random.Generator,
    ranges: Ranges | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield augmented batches for ever, each image once per epoch in a new order."""
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            yield augment(x[chosen], rng, ranges), target[chosen], weight[chosen]


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """Weigh the classes so that each counts the same in the loss, and an average image 1.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Labels of the training part.

    Returns
    -------
    ndarray of float32, shape (classes,)

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]), 2)
    array([0.6666667, 2.       ], dtype=float32)
    """
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / np.maximum(counts, 1) / np.count_nonzero(counts)).astype(np.float32)


def check(model: keras.Model, x: np.ndarray, labels: np.ndarray, train: np.ndarray) -> None:
    """Refuse training data that cannot teach `model`."""
    wanted = tuple(model.input_shape[1:])
    if x.ndim != 4 or x.shape[1:] != wanted:
        raise DataError(
            f"images of shape {x.shape[1:]} where the model reads {wanted}",
            remedy="Use preprocess.prepare, and build the model for what it returns.",
        )
    if len(labels) != len(x):
        raise DataError(f"{len(x)} images but {len(labels)} labels")
    if len(train) == 0:
        raise DataError("the training part is empty", remedy="Give more patients.")
    if not np.all(np.isfinite(x)):
        raise DataError(
            "some pixels are NaN or infinite",
            remedy="Use preprocess.prepare, which names the file.",
        )
    classes = int(model.output_shape[-1])
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"labels from {labels.min()} to {labels.max()} where the model has {classes} outputs",
            remedy=f"Build it with classes={labels.max() + 1}, ending in a softmax.",
        )
    if len(np.unique(labels[train])) < 2:
        raise DataError(
            "the training part has one class only",
            remedy="A classifier needs examples of at least two.",
        )
