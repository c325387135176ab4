"""Train lesson 08's network in two processes that share each batch, and compare with one process.

    python benchmarks/scale/two_workers.py

Each worker computes the gradients of its half of a batch; TensorFlow's collectives add them up, and
both take the same step. `Model.fit` cannot do this (Keras 3.15 refuses batches that lie in several
processes), so the loop is written out. On two machines it is the same program: TF_CONFIG names
their addresses. Batch normalisation must be told to take its means over all workers. Dropout and
augmentation are off, because each process would draw its own.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common
import keras
import numpy as np

BATCH, EPOCHS = 32, 2


def train(rank: int, workers: int, images: int | None, epochs: int) -> common.Row:
    """Train as worker `rank` of `workers`; give the loss of the last epoch, and the seconds."""
    import tensorflow as tf
    from article import nodules

    from medtutor.ct import models
    from medtutor.training import cosine_schedule

    # Before anything else of TensorFlow: the workers find each other here.
    strategy = tf.distribute.get_strategy()
    if workers > 1:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    data = nodules()
    chosen = data.split.train[:images]
    x, labels = data.x[chosen], data.labels[chosen].astype(np.int32)
    steps = len(x) // BATCH
    with strategy.scope():
        model = models.nodule_cnn(x.shape[1:], dropout=0.0)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = workers > 1
        optimizer = keras.optimizers.Adam(cosine_schedule(3e-3, steps * epochs))
        optimizer.build(model.trainable_variables)

    def share(x: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, p))
            part = loss / workers  # the optimiser adds up what the workers found
        optimizer.apply(tape.gradient(part, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function
    def step(x: Any, labels: Any) -> Any:
        return strategy.reduce("MEAN", strategy.run(share, (x, labels)), axis=None)

    rng, losses, took = np.random.default_rng(0), [], []
    for _ in range(epochs):
        order = rng.permutation(len(x))[: steps * BATCH].reshape(steps, BATCH)
        losses = []
        for batch in order:  # the same order everywhere; each worker takes its part
            mine = batch[rank::workers]
            start = time.perf_counter()
            losses.append(float(step(x[mine], labels[mine])))
            took.append(time.perf_counter() - start)
    middle = 1e3 * float(np.median(took))
    return {"loss": float(np.mean(losses)), "steps": len(took), "ms": middle}


def measure(images: int | None, epochs: int) -> list[common.Row]:
    """Train here, then in two processes with a core each, and give a row for both."""
    one = train(0, 1, images, epochs)
    places = [f"127.0.0.1:{port}" for port in _free_ports(2)]
    running = []
    for rank in (0, 1):
        task = {"cluster": {"worker": places}, "task": {"type": "worker", "index": rank}}
        own = {"TF_CONFIG": json.dumps(task), "TF_NUM_INTRAOP_THREADS": "1"}
        given = ["--rank", str(rank), "--epochs", str(epochs)]
        given += ["--images", str(images)] if images else []
        command = [sys.executable, __file__, *given]
        running.append(
            subprocess.Popen(command, env=os.environ | own, stdout=subprocess.PIPE, text=True)
        )
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit("a worker failed: its message stands above")
    found = [json.loads(text.splitlines()[-1]) for text in said]
    worst = max(abs(each["loss"] - one["loss"]) for each in found)
    return [
        {"processes": 1, "share": BATCH, **one, "difference": None},
        {"processes": 2, "share": BATCH // 2, **found[0], "difference": worst},
    ]


def _free_ports(count: int) -> list[int]:
    """Ask the system for ports that nobody uses, all at once."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def main() -> None:
    parser: argparse.ArgumentParser = common.options(__doc__)
    parser.add_argument("--images", type=int, help="how many training images; by default all")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.toy:
        chosen.images, chosen.epochs = 96, 1
    if chosen.rank is not None:
        print(json.dumps(train(chosen.rank, 2, chosen.images, chosen.epochs)))
        return
    common.finish(measure(chosen.images, chosen.epochs), chosen.json)


if __name__ == "__main__":
    main()
