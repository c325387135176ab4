"""One Keras model on several engines (backends), each in a process of its own.

Keras settles its backend when it is imported, so a second one needs a second process. `find` looks
for an interpreter that has a backend: the course's own environment, then the folder that
`make frameworks` fills. `trial` runs the same saved model, the same images and the same training
steps there, by `medtutor/_framework_worker.py`, which needs nothing but Keras and NumPy.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medtutor import paths
from medtutor.errors import DataError, MedtutorError

if TYPE_CHECKING:
    import keras

BACKENDS = ("tensorflow", "jax", "torch")
FOLDER = ".venv-frameworks"  # what `make frameworks` fills
SECONDS = 300  # a trial that has not answered by then is stuck
_WORKER = Path(__file__).with_name("_framework_worker.py")


@dataclass(frozen=True)
class Trial:
    """What one backend made of a model.

    Parameters
    ----------
    backend, version : str
        Name and release.
    predictions : ndarray of float32, shape (n, classes)
        Probabilities of the model as it was saved.
    losses : ndarray of float64, shape (steps,)
        Loss of each training step, before it is taken.
    import_seconds : float
        Time to import Keras with this backend.
    first_seconds : float
        The first training step: it also compiles.
    step_seconds : ndarray of float64, shape (steps - 1,)
        Every later step.
    """

    backend: str
    version: str
    predictions: np.ndarray
    losses: np.ndarray
    import_seconds: float
    first_seconds: float
    step_seconds: np.ndarray


@cache
def find(backend: str) -> Path | None:
    """Find an interpreter that has Keras and a backend.

    Parameters
    ----------
    backend : {"tensorflow", "jax", "torch"}
        Name of the backend, as Keras spells it.

    Returns
    -------
    Path or None
        The interpreter; None where the backend is not installed.

    Raises
    ------
    DataError
        If Keras has no such backend.
    """
    if backend not in BACKENDS:
        raise DataError(
            f"there is no backend {backend!r}", remedy=f"There are: {', '.join(BACKENDS)}."
        )
    own = Path(sys.executable)
    beside = paths.root() / FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    asked = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
    for python in (own, beside):
        if python.exists():
            command = [str(python), "-c", asked, "keras", backend]
            if subprocess.run(command, capture_output=True, timeout=SECONDS).returncode == 0:
                return python
    return None


def trial(
    backend: str,
    model: "keras.Model",
    x: np.ndarray,
    labels: np.ndarray,
    steps: int = 20,
    threads: int = 2,
) -> Trial:
    """Predict and train with a copy of a model on one backend.

    Parameters
    ----------
    backend : {"tensorflow", "jax", "torch"}
        Where to run; it must be installed (`find`).
    model : keras.Model
        A classifier that ends in a softmax. It is not changed.
    x : ndarray of float32, shape (n, …)
        What to predict. Its first 32 samples are the batch of every training step.
    labels : ndarray of int, shape (n,)
        Classes of the samples.
    steps : int
        Training steps, at least 2; plain gradient descent, so that a difference stays one.
    threads : int
        Processor threads of the backend.

    Returns
    -------
    Trial

    Raises
    ------
    MedtutorError
        If the backend is not installed, or its process fails.
    """
    python = find(backend)
    if python is None:
        raise MedtutorError(
            f"the backend {backend} is not installed", remedy=f"{how_to_install(backend)}."
        )
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "given.npz"), Path(folder, "answer.npz")
        model.save(Path(folder, "model.keras"))
        np.savez(given, x=x, labels=labels)
        request = {"model": str(Path(folder, "model.keras")), "given": str(given),
                   "answer": str(answer), "steps": steps, "threads": threads}  # fmt: skip
        _process(python, [str(_WORKER), json.dumps(request)], backend, threads)
        with np.load(answer, allow_pickle=False) as found:
            seconds = found["step_seconds"]
            return Trial(
                backend,
                str(found["version"]),
                found["predictions"],
                found["losses"],
                float(found["import_seconds"]),
                float(seconds[0]),
                seconds[1:],
            )


def run(backend: str, code: str) -> str:
    """Run a few lines of Python where a backend is installed, and give back what they print.

    Parameters
    ----------
    backend : {"tensorflow", "jax", "torch"}
        Where to run.
    code : str
        The lines.

    Returns
    -------
    str
        What was printed; where the backend is missing, a sentence that says so.

    Raises
    ------
    MedtutorError
        If the lines fail.
    """
    python = find(backend)
    if python is None:
        return f"{backend} is not installed here: {how_to_install(backend)}."
    return _process(python, ["-c", code], backend).strip()


def how_to_install(backend: str) -> str:
    """Say how a backend gets onto this machine."""
    if backend == "tensorflow":
        return "`make setup` installs it"
    extra = "" if backend == "jax" else " EXTRA=torch"
    return f"`make frameworks{extra}` in the course's folder installs it, with a network"


def megabytes(package: str) -> float:
    """Measure what an installed package takes on the disk, without the packages it needs.

    Parameters
    ----------
    package : str
        Name on the package index.

    Returns
    -------
    float
        Millions of bytes, by the list of files that the package brought.

    Raises
    ------
    DataError
        If it is not installed here.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise DataError(f"the package {package} is not installed here") from None
    sizes = (Path(str(f.locate())) for f in files)
    return sum(path.stat().st_size for path in sizes if path.is_file()) / 1e6


def _process(python: Path, arguments: list[str], backend: str, threads: int = 2) -> str:
    """Start an interpreter and give back what it prints; its last line says what went wrong."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
    }
    command = [str(python), "-P", *arguments]  # -P: no file beside the script hides a library
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise MedtutorError(
            f"the backend {backend} has not answered for {SECONDS} s",
            remedy="Close other programs and run the cell again.",
        ) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MedtutorError(
            f"the backend {backend} failed: {last}",
            remedy=f"Install it anew: {how_to_install(backend)}.",
        )
    return done.stdout
