"""What the training of every network shares: its parts, batches, schedule and progress."""

import os
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from medtutor.language import say


class Parts(Protocol):
    """What a training needs of a `medtutor.splits.Split`; the test part is not among it."""

    @property
    def train(self) -> np.ndarray:
        """Indices of the training samples."""

    @property
    def validation(self) -> np.ndarray:
        """Indices of the validation samples; may be empty."""


def cosine_schedule(peak: float, steps: int) -> keras.optimizers.schedules.CosineDecay:
    """Rise to `peak` over the first tenth of `steps`, then fall to 0 along a cosine.

    Loshchilov & Hutter, ICLR 2017, arXiv:1608.03983.
    """
    warm_up = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        peak / 20, max(1, steps - warm_up), warmup_target=peak, warmup_steps=warm_up
    )


def feed(batches: Iterator[Any], size: int | None = None) -> tf.data.Dataset:
    """Hand a generator of batches to `fit` as a data set that nobody tunes.

    A generator that is given to `fit` itself gets a thread that looks at growing intervals whether
    it could deliver faster. When the training ends, TensorFlow 2.21 may wait until that thread
    looks again: as long as the training took, for nothing.

    Parameters
    ----------
    batches : iterator
        Of arrays, or tuples and dicts of them, the samples along their first axis.
    size : int, optional
        Samples in a batch, if it is the same in all: a network with a loop is quicker where it is
        known.
    """
    first = next(batches)
    shapes = keras.tree.map_structure(lambda a: tf.TensorSpec((size, *a.shape[1:]), a.dtype), first)
    whole = tf.data.Dataset.from_generator(lambda: chain([first], batches), output_signature=shapes)
    options = tf.data.Options()
    options.autotune.enabled = False
    return whole.with_options(options)


def make_variables(model: keras.Model, target: Any) -> None:
    """Make what optimiser, losses and metrics keep; a step that makes it is traced twice."""
    model.optimizer.build(model.trainable_variables)
    model.compute_loss(y=target, y_pred=target)
    model.compute_metrics(None, target, target)


class Progress(keras.callbacks.Callback):
    """One line: a bar where somebody watches, a sentence that is always the same elsewhere."""

    def __init__(self, samples: int, things: str, total: int, unit: str) -> None:
        super().__init__()
        self.samples, self.things, self.total, self.unit = samples, things, total, unit

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Open the bar, or say the sentence."""
        self.bar = None
        # A terminal, or a lesson opened in JupyterLab. A lesson that runs unattended keeps what it
        # prints, and that must not depend on the machine.
        if sys.stderr.isatty() or "JPY_SESSION_NAME" in os.environ:
            from tqdm import tqdm

            self.bar = tqdm(total=self.total, desc="training", unit=self.unit, leave=False)
        else:
            about = f"training on {self.samples} {self.things}, {self.total} {self.unit}s at most"
            print(say(about))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Count a step."""
        if self.bar is not None and self.unit == "step":
            self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Show the losses, and count an epoch."""
        if self.bar is None:
            return
        shown = {k: f"{v:.3f}" for k, v in (logs or {}).items() if k in ("loss", "val_loss")}
        self.bar.set_postfix(shown, refresh=False)
        if self.unit == "epoch":
            self.bar.update()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()
