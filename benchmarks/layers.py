"""How fast are the NumPy layers? Ratios to TensorFlow and SciPy, side by side in one run.

    python benchmarks/layers.py            all sizes (about 4 minutes)
    python benchmarks/layers.py --quick    a third of them
    python benchmarks/layers.py lstm   these layers alone

TensorFlow computes the same forward and backward pass, compiled by ``tf.function`` (not eager), on
the same number of threads. The two take turns, so that a busy moment hits both; the ratio is that
of their medians: above 1 NumPy is slower. Run it on an idle machine. SciPy
(`scipy.signal.correlate`) knows one channel and one filter, so it stands beside the sizes where
that is the task. Memory is what a call holds at its peak (`tracemalloc`), over the bytes of its
input and output (for a backward pass: x, dy and dx).

OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE choose how NumPy multiplies matrices. Where a machine sets
them they can cost half of its speed, so they are taken out unless ``--keep-openblas`` is given.
"""

import argparse
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

THREADS = 2
OPENBLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
TARGETS = {"conv2d": 2.5, "lstm": 2.5}
SLOWEST, MEMORY = 6.0, 3.0

# batch, height and width, channels, filters, kernel, stride
CONVOLUTIONS = [
    (32, 8, 1, 8, 3, 1),
    (32, 8, 16, 16, 3, 1),
    (32, 16, 8, 16, 3, 1),
    (32, 16, 32, 64, 1, 1),
    (32, 28, 1, 8, 3, 1),
    (32, 28, 1, 8, 5, 1),
    (32, 32, 16, 32, 3, 1),
    (32, 32, 16, 32, 3, 2),
    (32, 32, 16, 32, 5, 1),
    (32, 64, 1, 16, 3, 1),
    (32, 64, 16, 32, 1, 1),
    (32, 64, 16, 32, 3, 1),
    (8, 128, 8, 16, 3, 2),
    (8, 128, 32, 32, 3, 1),
]
SINGLE = [(1, 64, 1, 1, 3, 1), (1, 128, 1, 1, 5, 1), (1, 512, 1, 1, 7, 1)]
POOLS = [(32, 8, 1), (32, 28, 8), (32, 64, 16), (8, 128, 32)]
# batch, time, features, units
SEQUENCES = [
    (32, 50, 8, 32),
    (32, 250, 1, 50),
    (8, 500, 4, 32),
    (32, 1000, 8, 32),
    (16, 2000, 1, 50),
]


class Row(NamedTuple):
    """One line of the table: times in milliseconds, memory as a ratio."""

    layer: str
    size: str
    ours: float
    tensorflow: float
    scipy: float | None
    memory: float | None


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layers", nargs="*", help="names of layers; all if none is given")
    parser.add_argument("--quick", action="store_true", help="every third size")
    parser.add_argument("--keep-openblas", action="store_true", help="keep OPENBLAS_* as set")
    options = parser.parse_args()
    _prepare(options.keep_openblas)
    every = slice(None, None, 3 if options.quick else 1)
    rows: list[Row] = []
    print(f"{'layer':<15}{'size':<36}{'ms':>9}{'TF ms':>9}{'ratio':>7}{'SciPy':>7}{'memory':>8}")
    for layer, (measure, sizes) in PLAN.items():
        if not options.layers or layer in options.layers:
            for size in sizes[every]:
                rows.append(measure(layer, size))
                _print(rows[-1])
    return _verdict(rows)


def _prepare(keep_openblas: bool) -> None:
    """Start again without OPENBLAS_*; set the threads before the libraries load."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": str(THREADS)}
    if not keep_openblas and any(name in os.environ for name in OPENBLAS):
        environment = {k: v for k, v in os.environ.items() if k not in OPENBLAS}
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    said = ", ".join(f"{name}={os.environ[name]}" for name in OPENBLAS if name in os.environ)
    print(f"float32, {THREADS} threads, forward + backward; OPENBLAS_*: {said or 'not set'}\n")


def _convolution(layer: str, size: tuple[int, ...]) -> Row:
    import numpy as np
    import tensorflow as tf
    from scipy.signal import correlate

    from medtutor.layers import conv2d, conv2d_backward

    n, side, channels, filters, k, stride = size
    x, kernel = _random(n, side, side, channels), _random(k, k, channels, filters)
    dy = _random(*conv2d(x, kernel, None, stride, "same").shape)

    def ours() -> None:
        conv2d(x, kernel, None, stride, "same")
        conv2d_backward(dy, x, kernel, stride, "same")

    theirs = _tensorflow(lambda a, b: tf.nn.conv2d(a, b, stride, "SAME"), dy, x, kernel)
    times = [ours, theirs]
    if size in SINGLE:  # forward twice over and the kernel's gradient: as many correlations
        image, taps, g = x[0, ..., 0], kernel[..., 0, 0], dy[0, ..., 0]
        wide = np.pad(image, k // 2)

        def scipy() -> None:
            correlate(image, taps, "same", "direct")
            correlate(g, taps[::-1, ::-1], "same", "direct")
            correlate(wide, g, "valid", "fft")

        times.append(scipy)
    took = _take_turns(*times)
    forward = _peak(lambda: conv2d(x, kernel, None, stride, "same")) / (x.nbytes + dy.nbytes)
    backward = _peak(lambda: conv2d_backward(dy, x, kernel, stride, "same"))
    memory = max(forward, backward / (2 * x.nbytes + dy.nbytes))
    label = f"{n}x{side}x{side}x{channels} to {filters}, {k}x{k}, stride {stride}"
    return Row(layer, label, took[0], took[1], took[2] if took[2:] else None, memory)


def _pooling(layer: str, size: tuple[int, ...]) -> Row:
    import tensorflow as tf

    from medtutor import layers

    n, side, channels = size
    forward, backward = getattr(layers, layer), getattr(layers, f"{layer}_backward")
    x = _random(n, side, side, channels)
    dy = _random(*forward(x).shape)

    def ours() -> None:
        forward(x)
        backward(dy, x)

    reference = {"max_pool2d": tf.nn.max_pool2d, "average_pool2d": tf.nn.avg_pool2d}[layer]
    took = _take_turns(ours, _tensorflow(lambda a: reference(a, 2, 2, "VALID"), dy, x))
    return Row(layer, f"{n}x{side}x{side}x{channels}, 2x2", *took, None, None)


def _sequence(layer: str, size: tuple[int, ...]) -> Row:
    import keras

    from medtutor import layers

    n, steps, features, units = size
    forward, backward = getattr(layers, layer), getattr(layers, f"{layer}_backward")
    x, dy = _random(n, steps, features), _random(n, steps, units)
    kind = {"simple_rnn": "SimpleRNN", "lstm": "LSTM"}[layer]
    reference = getattr(keras.layers, kind)(units, return_sequences=True)
    reference(x)
    weights = reference.get_weights()

    def ours() -> None:
        if layer == "simple_rnn":
            backward(dy, x, *weights, states=forward(x, *weights))
        else:
            backward(dy, x, *weights, trace=forward(x, *weights, return_trace=True))

    theirs = _tensorflow(reference, dy, x, variables=reference.trainable_variables)
    return Row(layer, f"{n}x{steps}x{features} to {units}", *_take_turns(ours, theirs), None, None)


def _tensorflow(function: Callable, dy, *inputs, variables=()) -> Callable[[], None]:
    """Compile the forward and backward pass of `function` at `inputs`."""
    import tensorflow as tf

    tensors, gradient = [tf.constant(value) for value in inputs], tf.constant(dy)

    @tf.function
    def both(*values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            y = function(*values)
        return y, tape.gradient(y, [*values, *variables], gradient)

    return lambda: both(*tensors)


def _random(*shape: int):
    import numpy as np

    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _take_turns(*functions: Callable[[], None], seconds: float = 1.5) -> list[float]:
    """Return the median milliseconds of each.

    They take turns of a tenth of a second. The first call of a turn is not counted: the threads of
    the other library may still be waiting for work.
    """
    for function in functions:
        function()
    times: list[list[float]] = [[] for _ in functions]
    end = time.perf_counter() + seconds * len(functions)
    while time.perf_counter() < end or len(times[0]) < 5:
        for function, took in zip(functions, times, strict=True):
            function()
            turn = time.perf_counter() + 0.1
            while not took or time.perf_counter() < turn:
                start = time.perf_counter()
                function()
                took.append(time.perf_counter() - start)
    return [1e3 * statistics.median(took) for took in times]


def _peak(function: Callable[[], object]) -> int:
    """Return the bytes that a call holds at its peak, its result included."""
    tracemalloc.start()
    function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _print(row: Row) -> None:
    scipy = f"{row.ours / row.scipy:.2f}" if row.scipy else "-"
    memory = f"{row.memory:.2f}" if row.memory else "-"
    ratio = row.ours / row.tensorflow
    print(
        f"{row.layer:<15}{row.size:<36}{row.ours:>9.2f}{row.tensorflow:>9.2f}{ratio:>7.2f}"
        f"{scipy:>7}{memory:>8}",
        flush=True,
    )


def _verdict(rows: list[Row]) -> int:
    """Print the medians; return 1 if a target is missed."""
    print()
    missed = 0
    for layer in dict.fromkeys(row.layer for row in rows):
        ratios = [row.ours / row.tensorflow for row in rows if row.layer == layer]
        target = TARGETS.get(layer)
        bad = max(ratios) > SLOWEST or (target is not None and statistics.median(ratios) > target)
        wanted = f", target {target}" if target else ""
        print(
            f"{layer:<15} median {statistics.median(ratios):.2f}{wanted}, worst {max(ratios):.2f}"
            f", target {SLOWEST}{'   MISSED' if bad else ''}"
        )
        missed += bad
    worst = max(row.memory for row in rows if row.memory)
    print(f"{'memory':<15} worst {worst:.2f}, target {MEMORY}{'   MISSED' * (worst > MEMORY)}")
    return int(missed or worst > MEMORY)


PLAN: dict[str, tuple[Callable[[str, tuple[int, ...]], Row], list]] = {
    "conv2d": (_convolution, CONVOLUTIONS + SINGLE),
    "max_pool2d": (_pooling, POOLS),
    "average_pool2d": (_pooling, POOLS),
    "simple_rnn": (_sequence, SEQUENCES),
    "lstm": (_sequence, SEQUENCES),
}

if __name__ == "__main__":
    sys.exit(main())
