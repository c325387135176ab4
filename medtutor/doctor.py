"""`medtutor doctor`: is this machine ready, and if not, what to do about it."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

from medtutor import paths
from medtutor.errors import MedtutorError
from medtutor.language import say

# What the course was measured with; smaller machines work, but slower.
CORES, MEMORY_GB, DISK_GB = 2, 4, 1
PINNED = ["jupyterlab", "keras", "matplotlib", "numpy", "pillow", "pydicom"]
PINNED += ["scikit-learn", "scipy", "sleepecg", "tensorflow", "wfdb"]
CONVOLUTION = """
import keras, numpy
layer = keras.layers.Conv2D(2, 3, kernel_initializer="ones")
print(float(numpy.sum(layer(numpy.ones((1, 5, 5, 1), "float32")))), keras.__version__)
"""


class Finding(NamedTuple):
    """One line of the doctor's report."""

    what: str
    ok: bool
    said: str


def main() -> int:
    """Examine the machine and print the findings; 0 if every lesson can run."""
    examine: Callable[[], Finding]
    healthy = True
    for examine in (_python, _packages, _machine, _files, _tensorflow, _kernel):
        what, ok, said = examine()
        print(f"{'ok  ' if ok else 'BAD '}{what:<12}{say(said)}", flush=True)
        healthy &= ok
    end = "Every lesson can run." if healthy else "Mend the lines marked BAD, from the top."
    print(say(end))
    return 0 if healthy else 1


def _python() -> Finding:
    version = sys.version_info
    good = (3, 11) <= version[:2] <= (3, 12)
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("Python", good, said if good else said + "; use Python 3.11 or 3.12")


def locked_versions() -> dict[str, str]:
    """Read the releases that `requirements.lock` names; empty outside a clone."""
    lock = paths.root() / "requirements.lock"
    if not lock.is_file():
        return {}
    text = lock.read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", text, re.MULTILINE))


def _packages() -> Finding:
    wanted, wrong = locked_versions(), []
    for name in PINNED:
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if wanted.get(name, here) != here:
            wrong.append(f"{name} is {here}, the course was made with {wanted[name]}")
    if wrong:
        remedy = "remove .venv and run `make lab` again, or `pip install -r requirements.lock`"
        return Finding("packages", False, "; ".join([*wrong, remedy]))
    how = "as locked" if wanted else "are there; no lock to compare them with"
    return Finding("packages", True, f"{len(PINNED)} main libraries {how}")


def _machine() -> Finding:
    import psutil

    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total / 2**30
    free = shutil.disk_usage(paths.root()).free / 2**30
    said = f"{cores} cores, {memory:.0f} GB memory, {free:.0f} GB disk free"
    good = memory >= MEMORY_GB * 0.9 and free >= DISK_GB
    if cores < CORES:
        said += "; the lessons will take longer than they say"
    if not good:
        said += f"; the lessons need {MEMORY_GB} GB of memory and {DISK_GB} GB of disk"
    return Finding("machine", good, said)


def _files() -> Finding:
    from medtutor import datasets

    try:
        bad = [str(row) for row in datasets.verify("default") if not row.ok]
    except MedtutorError as error:
        return Finding("data", False, str(error))
    said = "; ".join(bad) + "; fetch the course again" if bad else "bundled files as published"
    return Finding("data", not bad, said)


def _tensorflow() -> Finding:
    from medtutor import frameworks

    try:
        said = frameworks.run("tensorflow", CONVOLUTION)
    except MedtutorError as error:
        said = str(error)
    total, _, keras = said.partition(" ")
    if total != "162.0":  # two filters, nine places, nine ones each
        return Finding("TensorFlow", False, f"a convolution gives: {said}; reinstall TensorFlow")
    version = importlib.metadata.version("tensorflow")
    return Finding("TensorFlow", True, f"{version} with Keras {keras} computes")


def _kernel() -> Finding:
    import nbformat.v4
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import medtutor")])
    try:
        client = NotebookClient(book, kernel_name="python3", timeout=60, startup_timeout=60)
        client.execute(stderr=subprocess.DEVNULL)
    except CellExecutionError:
        remedy = "a kernel cannot import medtutor; run `pip install --no-deps -e .` in the course"
        return Finding("notebooks", False, remedy)
    except Exception as error:  # whatever stops the kernel is the finding
        return Finding("notebooks", False, f"no kernel starts: {error}; reinstall ipykernel")
    return Finding("notebooks", True, "a kernel starts and finds the course")
