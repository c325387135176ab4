"""How long does a training step take? The article's networks and the course's, batches of 32.

python benchmarks/steps.py
"""

from collections.abc import Callable
from typing import Any

import article
import common
import keras
import numpy as np

from medtutor.ct import models as ct
from medtutor.ecg import models as ecg
from medtutor.ecg import training

BATCH = 32


def measure(toy: bool) -> list[common.Row]:
    """Give a row for each network: milliseconds a step, and the article's over ours."""
    side, samples, seconds = (64, 200, 0.1) if toy else (224, 2000, 8.0)
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=BATCH)
    pictures = rng.random((BATCH, side, side, 3), np.float32)
    signal = rng.standard_normal((BATCH, samples, 1), np.float32)
    nodules, hearts = article.nodules(), article.hearts()
    ready = training.as_they_are(hearts.windows[hearts.split.train[:BATCH]], hearts.scales)
    pairs = {
        f"CNN of {side} x {side} x 3 pixels": (
            (article.article_cnn(side), "sparse_categorical_crossentropy", (pictures, labels)),
            (
                ct.nodule_cnn(),
                "sparse_categorical_crossentropy",
                (nodules.x[:BATCH], nodules.labels[:BATCH]),
            ),
        ),
        f"two LSTM(50, relu), {samples:,} steps": (
            (article.article_lstm(samples), "mse", (signal, labels)),
            (
                ecg.rate_lstm(),
                {"beats": "binary_crossentropy", "rate": "mae", "change": "mae"},
                ready[:2],
            ),
        ),
    }
    rows = []
    for (name, pair), ours in zip(pairs.items(), ("lesson 08", "lesson 15"), strict=True):
        took = common.medians({"article": _step(*pair[0]), "ours": _step(*pair[1])}, seconds)
        rows.append(
            {
                "article": name,
                "article_weights": pair[0][0].count_params(),
                "article_ms": took["article"],
                "ours": ours,
                "weights": pair[1][0].count_params(),
                "ms": took["ours"],
                "ratio": took["article"] / took["ours"],
            }
        )
        keras.backend.clear_session()
    return rows


def _step(model: keras.Model, loss: Any, batch: tuple[Any, Any]) -> Callable[[], Any]:
    """Compile a step; at a learning rate of 0 it does all of the work and the loss stays finite."""
    model.compile(keras.optimizers.Adam(0.0), loss)
    return lambda: model.train_on_batch(*batch)


if __name__ == "__main__":
    chosen = common.options(__doc__).parse_args()
    common.finish(measure(chosen.toy), chosen.json)
