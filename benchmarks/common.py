"""What the benchmarks share: the libraries' settings, turns, options, and the machine.

To be imported before Keras. A section is a program of its own with a function `measure`, which
gives the rows of its table; `bench.py` runs each in a process of its own.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ.get("MEDTUTOR_THREADS", "2"))

import numpy as np

from medtutor.lesson import keep_memory, same_kernels

keep_memory()  # as in every lesson, for both sides of each comparison
same_kernels()
Row = dict[str, Any]
LIBRARIES = ("numpy", "scipy", "tensorflow", "keras", "onnxruntime", "ai-edge-litert", "wfdb")
LIBRARIES += ("pydicom", "pillow", "ray")
# They choose how NumPy multiplies matrices. Where a machine sets them they can cost half its speed.
OPENBLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def take_turns(
    contestants: dict[str, Callable[[], Any]], seconds: float = 1.0, turn: float = 0.1
) -> dict[str, np.ndarray]:
    """Give the milliseconds of every call of each contestant.

    They take turns of a tenth of a second, so that a busy moment hits all of them. The first call
    of a turn is not counted: the threads of the other library may still be waiting for work. Where
    a call takes longer than a few turns, that is nothing, and all are counted.
    """
    slow = {name: _once(function) > 5 * turn for name, function in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    end = time.perf_counter() + seconds * len(contestants)
    while time.perf_counter() < end or min(map(len, times.values())) < 3:
        for name, function in contestants.items():
            until = time.perf_counter() + turn
            took = [_once(function) for _ in range(1 if slow[name] else 2)]
            while time.perf_counter() < until:
                took.append(_once(function))
            times[name] += took[0 if slow[name] else 1 :]
    return {name: 1e3 * np.array(took) for name, took in times.items()}


def _once(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def medians(
    contestants: dict[str, Callable[[], Any]], seconds: float = 1.0, turn: float = 0.1
) -> dict[str, float]:
    """Give the median milliseconds of each contestant."""
    return {k: float(np.median(v)) for k, v in take_turns(contestants, seconds, turn).items()}


def options(about: str | None) -> argparse.ArgumentParser:
    """Prepare the options that every section has."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--toy", action="store_true", help="small sizes: seconds, no result")
    parser.add_argument("--json", type=Path, help="write the rows here")
    return parser


def finish(rows: list[Row], file: Path | None) -> None:
    """Write the rows with as many digits as mean something, or print them."""
    if file:
        short = [{name: _rounded(value) for name, value in row.items()} for row in rows]
        file.write_text(json.dumps(short, indent=1) + "\n", "utf-8")
        return
    for row in rows:
        print(", ".join(f"{name} {_short(value)}" for name, value in row.items()))


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def machine() -> Row:
    """Describe what the numbers were measured on."""
    import psutil

    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(logical=False) or psutil.cpu_count(),
        "threads": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }
