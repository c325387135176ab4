"""Run exported models, and measure how long a call takes. TensorFlow is not needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medtutor.errors import DataError

Output = np.ndarray | dict[str, np.ndarray]


class Session:
    """An exported model, ready to run; TensorFlow is not needed.

    Parameters
    ----------
    path : str or Path
        An ``.onnx`` or ``.tflite`` file.
    threads : int
        Threads of the engine.

    Raises
    ------
    DataError
        If the file is missing or is no such model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self.path = Path(path)
        opened = _open_litert if self.path.suffix == ".tflite" else _open_onnx
        try:
            self.input_name, self._run = opened(self.path, threads)
        except Exception as error:  # each engine raises classes of its own
            raise DataError(
                f"this is not a model that runs here ({type(error).__name__})",
                path=path,
                remedy="Write it again with medtutor.export.",
            ) from error

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size

    def __call__(self, x: np.ndarray) -> Output:
        """Run the model.

        Parameters
        ----------
        x : ndarray of shape (n, …), float32

        Returns
        -------
        ndarray, or dict of str to ndarray
            One array for a model with one output, as Keras gives it. From an int8 model too these
            are real numbers: scale and zero point have been undone.
        """
        return self._run(x)


def gap(first: Output, second: Output) -> float:
    """Largest absolute difference between two outputs of the same form."""
    if isinstance(first, dict) and isinstance(second, dict):
        return max(gap(first[name], second[name]) for name in first)
    return float(np.max(np.abs(np.asarray(first) - np.asarray(second))))


class Latency(NamedTuple):
    """Seconds that a call takes: half of the calls are faster than `median`, 99 of 100 than `p99`.

    Parameters
    ----------
    median, p99 : float
        In seconds.
    """

    median: float
    p99: float


def latency(call: Callable[[], Any], repeats: int = 200, warm_up: int = 10) -> Latency:
    """Measure how long a call takes, one at a time, as a monitor would make it.

    Parameters
    ----------
    call : callable
        Without arguments.
    repeats : int
        Calls to measure.
    warm_up : int
        Calls before them; the first ones pay for tracing, caches and memory.

    Returns
    -------
    Latency
    """
    for _ in range(warm_up):
        call()
    times = np.empty(repeats)
    for k in range(repeats):
        begin = time.perf_counter()
        call()
        times[k] = time.perf_counter() - begin
    return Latency(float(np.median(times)), float(np.percentile(times, 99)))


def _open_onnx(path: Path, threads: int) -> tuple[str, Callable[[np.ndarray], Output]]:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    names = [output.name for output in session.get_outputs()]

    def run(x: np.ndarray) -> Output:
        found = session.run(None, {name: x})
        return found[0] if len(names) == 1 else dict(zip(names, found, strict=True))

    return name, run


def _open_litert(path: Path, threads: int) -> tuple[str, Callable[[np.ndarray], Output]]:
    from ai_edge_litert.interpreter import (  # type: ignore[import-untyped]
        Interpreter,
    )

    engine = Interpreter(model_content=path.read_bytes(), num_threads=threads)
    engine.allocate_tensors()
    signature = engine.get_signature_runner()
    ((name, entry),) = signature.get_input_details().items()
    exits = signature.get_output_details()

    def one(x: np.ndarray) -> list[np.ndarray]:
        engine.set_tensor(entry["index"], _quantised(x[None], *entry["quantization"]))
        engine.invoke()
        return [_real(engine.get_tensor(e["index"]), *e["quantization"]) for e in exits.values()]

    def run(x: np.ndarray) -> Output:
        found = [np.concatenate(rows) for rows in zip(*map(one, x), strict=True)]
        return found[0] if len(exits) == 1 else dict(zip(exits, found, strict=True))

    return name, run


def _quantised(x: np.ndarray, scale: float, zero: int) -> np.ndarray:
    """Real numbers to int8; a scale of 0 says that the model takes real ones."""
    if scale == 0:
        return x
    return np.clip(np.rint(x / scale) + zero, -128, 127).astype(np.int8)


def _real(q: np.ndarray, scale: float, zero: int) -> np.ndarray:
    return q.copy() if scale == 0 else ((q.astype(np.float32) - zero) * np.float32(scale))
