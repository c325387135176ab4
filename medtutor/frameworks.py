"""Other engines (backends) of Keras, each in a process of its own.

Keras settles its backend when it is imported, so a second one needs a second process. `find` looks
for an interpreter that has a backend: the course's own environment, then the folder that
`make frameworks` fills; `run` runs a few lines there, which need nothing of this package.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from medtutor import paths
from medtutor.errors import DataError, MedtutorError

BACKENDS = ("tensorflow", "jax", "torch")
FOLDER = ".venv-frameworks"  # what `make frameworks` fills
SECONDS = 300  # a process that has not answered by then is stuck


@cache
def find(backend: str) -> Path | None:
    """Find an interpreter that has Keras and a backend."""
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


def how_to_install(backend: str) -> str:
    """Say how a backend gets onto this machine."""
    if backend == "tensorflow":
        return "`make setup` installs it"
    extra = "" if backend == "jax" else " EXTRA=torch"
    return f"`make frameworks{extra}` in the course's folder installs it, with a network"


def run(backend: str, code: str, *arguments: str, folder: str | Path | None = None) -> str:
    """Run a few lines of Python where a backend is installed, and give back what they print."""
    python = find(backend)
    if python is None:
        return f"{backend} is not installed here: {how_to_install(backend)}."
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
    }
    command = [str(python), "-P", "-c", code, *arguments]  # -P: no file there hides a library
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=SECONDS
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
    return done.stdout.strip()
