"""How long until a network is good? The course's and the article's, on the same simulated people.

python benchmarks/goals.py

The clock runs while a network is built and trained, and stands still while the validation people
are asked, which happens a few times in an epoch. The article's networks are mended only so that
they run, and given up after 20 times the time that the course's took.
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
        self.steps, self.best, self.last, self.asking = 0, np.inf, 0.0, 0.0
        self.end = ""
        self.start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return time.perf_counter() - self.start - self.asking

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.steps += 1
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
            self.end = self.end or "not in its training"

    def _ask(self) -> None:
        began = time.perf_counter()
        self.last = self.score()
        self.best = min(self.best, self.last)
        self.asking += time.perf_counter() - began
        if self.last <= self.goal:
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
    goal = "AUC 0.90"

    def lost(model: keras.Model, pictures: np.ndarray) -> Callable[[], float]:
        return lambda: (
            1
            - metrics.area_under_roc(
                labels[held], model.predict(pictures[held], batch_size=64, verbose=0)[:, 1]
            )
        )

    start = time.perf_counter()
    ours = ct.nodule_cnn(x.shape[1:])
    watch = Watch(lost(ours, x), 0.9 if toy else 0.1, 5, np.inf)
    watch.start = start
    _watched(ours, watch)
    epochs = 1 if toy else max(1, 10_000 // len(train))
    ct_training.fit(ours, x, labels, split, epochs=epochs, verbose=False)
    rows = [_row("malignant or benign", goal, "lesson 08", watch, 1 - watch.best, None)]

    side = 64 if toy else 224
    pictures = np.stack([preprocess.resize(image, side) for image in raw.images])
    pictures = np.repeat(pictures.astype(np.float32)[..., None] / 255, 3, axis=-1)
    start = time.perf_counter()
    theirs = article.article_cnn(side)
    rival = Watch(lost(theirs, pictures), 0.1, 10, 1 if toy else PATIENCE * watch.seconds)
    rival.start = start
    theirs.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    theirs.fit(
        pictures[train],
        labels[train],
        batch_size=32,
        epochs=1000,
        verbose=0,
        callbacks=[rival],
    )
    rows.append(_row("malignant or benign", goal, "article's CNN", rival, 1 - rival.best, rows[0]))
    return rows


def _rates(toy: bool) -> list[common.Row]:
    windows, split, scales = article.hearts()
    held, goal = windows[split.validation], "MAE 3 bpm"
    start = time.perf_counter()
    ours = ecg.rate_lstm()
    watch = Watch(
        lambda: float(np.mean(np.abs(ecg.read(ours, held, scales).rate - held.rate))),
        100.0 if toy else 3.0,
        25,
        np.inf,
    )
    watch.start = start
    _watched(ours, watch)
    ecg_training.fit(ours, windows, split, scales, steps=25 if toy else 700, verbose=False)
    rows = [_row("heart rate", goal, "lesson 15", watch, watch.best, None)]
    ecg_raw = windows.signal[:, :, :1]
    ecg_raw = (ecg_raw - ecg_raw.mean(axis=1, keepdims=True)) / ecg_raw.std(axis=1, keepdims=True)
    for activation in ("relu", "tanh"):
        most = 1 if toy else PATIENCE * watch.seconds
        rival = _article_rate(ecg_raw[:, : 200 if toy else 2000], activation, most)
        name = f"article's LSTM, {activation}"
        rows.append(_row("heart rate", goal, name, rival, rival.best, rows[0]))
    return rows


def _article_rate(signal: np.ndarray, activation: str, most: float) -> Watch:
    windows, split, _ = article.hearts()
    held, train = split.validation, split.train
    start = time.perf_counter()
    model = article.article_lstm(signal.shape[1], activation)

    def error() -> float:
        said = model.predict(signal[held], batch_size=256, verbose=0)[:, 0]
        return float(np.mean(np.abs(said - windows.rate[held])))

    watch = Watch(error, 3.0, 25, most)
    watch.start = start
    model.compile(keras.optimizers.Adam(0.001), "mse")
    model.fit(
        signal[train], windows.rate[train], batch_size=32, epochs=1000, verbose=0, callbacks=[watch]
    )
    return watch


def _watched(model: keras.Model, watch: Watch) -> None:
    """Let `watch` look on whenever the package trains this model."""
    fit = model.fit

    def look_on(*arguments: Any, callbacks: list[Any], **named: Any) -> Any:
        return fit(*arguments, callbacks=[*callbacks, watch], **named)

    model.fit = look_on


def _row(
    task: str, goal: str, network: str, watch: Watch, best: float, ours: common.Row | None
) -> common.Row:
    """Give a row; `seconds` is where it ended, whether the goal was met or not."""
    ratio = None
    if ours and (watch.end == "reached" or watch.end.startswith("not within")):
        ratio = watch.seconds / ours["seconds"]
    return {
        "task": task,
        "goal": goal,
        "network": network,
        "steps": watch.steps,
        "seconds": watch.seconds,
        "best": float(best) if np.isfinite(best) else None,
        "end": watch.end,
        "ratio": ratio,
    }


if __name__ == "__main__":
    chosen = common.options(__doc__).parse_args()
    common.finish(measure(chosen.toy), chosen.json)
