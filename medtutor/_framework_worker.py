"""Run a saved Keras model on the backend that KERAS_BACKEND names; started by `frameworks.trial`.

It runs in environments that hold Keras, NumPy and one backend, and no medtutor: it imports nothing
else.
"""

import json
import sys
import time
from importlib import import_module

request = json.loads(sys.argv[1])
start = time.perf_counter()
import keras  # noqa: E402

import_seconds = time.perf_counter() - start
import numpy as np  # noqa: E402


def main() -> None:
    """Predict, take the training steps, and write what came out."""
    backend = keras.backend.backend()
    if backend == "torch":
        import_module("torch").set_num_threads(request["threads"])
    with np.load(request["given"], allow_pickle=False) as given:
        x, labels = given["x"], given["labels"]
    model = keras.saving.load_model(request["model"], compile=False, safe_mode=True)
    predictions = model.predict(x, batch_size=64, verbose=0)
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    losses, seconds = [], []
    for _ in range(request["steps"]):
        begun = time.perf_counter()
        losses.append(float(model.train_on_batch(x[:32], labels[:32])))
        seconds.append(time.perf_counter() - begun)
    np.savez(
        request["answer"],
        version=np.array(_version(backend)),
        predictions=np.asarray(predictions),
        losses=np.array(losses),
        import_seconds=np.array(import_seconds),
        step_seconds=np.array(seconds),
    )


def _version(backend: str) -> str:
    return str(import_module(backend).__version__)


if __name__ == "__main__":
    main()
