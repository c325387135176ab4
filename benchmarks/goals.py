"""How long until a network is good? The course's and the article's, on the same simulated people.

python benchmarks/goals.py

The clock runs while a network is built and trained, and stands still while the validation people
are asked, which happens a few times in an epoch. The time to the end of the first step is also
given by itself: it contains the building and the tracing of a network, once, however long its
training. The article's networks are mended only so that they run, and given up after 20 times the
time that the course's took.
"""

import time
from collections.abc import Callable
from typing import Any

import article
import common
import keras
import numpy as np

from medtutor import metrics
from medtutor.ct import models as ct
from medtutor.ct import preprocess
from medtutor.ct import training as ct_training
from medtutor.ecg import models as ecg
from medtutor.ecg import training as ecg_training

PATIENCE = 20  # times as long as the course's network


class Watch(keras.callbacks.Callback):
    """Ask the validation people every few steps, beside the clock, and stop when the goal is met.

    `score` is better when it is lower; so an AUC is given as 1 - AUC.
    """

    def __init__(self, score: Callable[[], float], goal: float, every: int, most: float) -> None:
        super().__init__()
        self.score, self.goal, self.every, self.most = score, goal, every, most
        self.steps, self.best, self.asking = 0, np.inf, 0.0
        self.end = ""
        self.seconds, self.first = 0.0, 0.0  # of training: to its last step, to its first
        self.start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self.end:
            return
        self.steps += 1
        self.seconds = time.perf_counter() - self.start - self.asking
        self.first = self.first or self.seconds
        if not np.isfinite((logs or {}).get("loss", 0.0)):
            self._stop(f"the loss is not a number after {self.steps} steps")
        elif self.steps % self.every == 0:
            self._ask()
        if not self.end and self.seconds > self.most:
            self._ask()
            self._stop(self.end or f"not within {self.most:.0f} s")

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if not self.end:
            self._ask()
            self._stop("not in its training")

    def _ask(self) -> None:
        began = time.perf_counter()
        found = self.score()
        self.best = min(self.best, found)
        self.asking += time.perf_counter() - began
        if found <= self.goal:
            self._stop("reached")

    def _stop(self, why: str) -> None:
        self.end = self.end or why
        self.model.stop_training = True


def measure(toy: bool) -> list[common.Row]:
    """Give a row for each network, ours before the article's."""
    return [*_nodules(toy), *_rates(toy)]


def _nodules(toy: bool) -> list[common.Row]:
    raw, x, labels, split = article.nodules()
    train, held = split.train, split.validation
    task = ("malignant or benign", "AUC 0.90")

    def lost(model: keras.Model, pictures: np.ndarray) -> float:
        said = model.predict(pictures[held], batch_size=64, verbose=0)[:, 1]
        return 1 - metrics.area_under_roc(labels[held], said)

    watch = Watch(lambda: lost(ours, x), 0.9 if toy else 0.1, 5, np.inf)
    ours = ct.nodule_cnn(x.shape[1:])
    _watched(ours, watch)
    epochs = 1 if toy else max(1, 10_000 // len(train))
    ct_training.fit(ours, x, labels, split, epochs=epochs, verbose=False)

    side = 64 if toy else 224
    pictures = np.stack([preprocess.resize(image, side) for image in raw.images])
    pictures = np.repeat(pictures.astype(np.float32)[..., None] / 255, 3, axis=-1)
    most = 1 if toy else PATIENCE * watch.seconds
    rival = Watch(lambda: lost(theirs, pictures), 0.1, 10, most)
    theirs = article.article_cnn(side)
    theirs.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    _fit(theirs, pictures[train], labels[train], rival)
    ours_row = _row(*task, "lesson 08", watch, 1 - watch.best)
    return [ours_row, _row(*task, "article's CNN", rival, 1 - rival.best, ours_row)]


def _rates(toy: bool) -> list[common.Row]:
    windows, split, scales = article.hearts()
    held, task = windows[split.validation], ("heart rate", "MAE 3 bpm")

    def error() -> float:
        return float(np.mean(np.abs(ecg.read(ours, held, scales).rate - held.rate)))

    watch = Watch(error, 100.0 if toy else 3.0, 25, np.inf)
    ours = ecg.rate_lstm()
    _watched(ours, watch)
    ecg_training.fit(ours, windows, split, scales, steps=25 if toy else 700, verbose=False)
    rows = [_row(*task, "lesson 15", watch, watch.best)]
    signal = windows.signal[:, : 200 if toy else 2000, :1]
    signal = (signal - signal.mean(axis=1, keepdims=True)) / signal.std(axis=1, keepdims=True)
    for activation in ("relu", "tanh"):
        rival = _article_rate(signal, activation, 1 if toy else PATIENCE * watch.seconds)
        rows.append(_row(*task, f"article's LSTM, {activation}", rival, rival.best, rows[0]))
    return rows


def _article_rate(signal: np.ndarray, activation: str, most: float) -> Watch:
    windows, split, _ = article.hearts()
    held, train = split.validation, split.train

    def error() -> float:
        said = model.predict(signal[held], batch_size=256, verbose=0)[:, 0]
        return float(np.mean(np.abs(said - windows.rate[held])))

    watch = Watch(error, 3.0, 25, most)
    model = article.article_lstm(signal.shape[1], activation)
    model.compile(keras.optimizers.Adam(0.001), "mse")
    _fit(model, signal[train], windows.rate[train], watch)
    return watch


def _fit(model: keras.Model, x: np.ndarray, y: np.ndarray, watch: Watch) -> None:
    """Train until `watch` stops it."""
    model.fit(x, y, batch_size=32, epochs=1000, verbose=0, callbacks=[watch])


def _watched(model: keras.Model, watch: Watch) -> None:
    """Let `watch` look on whenever the package trains this model."""
    fit = model.fit

    def look_on(*arguments: Any, callbacks: list[Any], **named: Any) -> Any:
        return fit(*arguments, callbacks=[*callbacks, watch], **named)

    model.fit = look_on


def _row(
    task: str,
    goal: str,
    network: str,
    watch: Watch,
    best: float,
    ours: common.Row | None = None,
) -> common.Row:
    """Give a row; `seconds` is where it ended, whether the goal was met or not."""
    ratio = ratio_after = None
    if ours and (watch.end == "reached" or watch.end.startswith("not within")):
        ratio = watch.seconds / ours["seconds"]
        ratio_after = (watch.seconds - watch.first) / (ours["seconds"] - ours["first"])
    return {
        "task": task,
        "goal": goal,
        "network": network,
        "steps": watch.steps,
        "seconds": watch.seconds,
        "first": watch.first,
        "best": float(best) if np.isfinite(best) else None,
        "end": watch.end,
        "ratio": ratio,
        "ratio_after": ratio_after,
    }


if __name__ == "__main__":
    chosen = common.options(__doc__).parse_args()
    common.finish(measure(chosen.toy), chosen.json)
