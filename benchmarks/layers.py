"""How fast are the NumPy layers, at the sizes that the lessons use?

    python benchmarks/layers.py            all sizes (about 2 minutes)
    python benchmarks/layers.py lstm       these layers alone
    python benchmarks/layers.py --threads 2

Each size is a forward and a backward pass in float32. TensorFlow computes the same, compiled by
``tf.function``, on as many threads: one, if nothing else is said, because the threads of a product
wait for each other, and on a busy machine that waiting is all that would be measured. Beside it
stand two NumPy peers: ``loop``, the im2col that people copy (window by window into the rows of a
matrix, and back), and ``numpy-ml``, if it can be imported (``pip install numpy-ml``; the course
does not need it). All take turns, so that a busy moment hits all of them, and a ratio is that of
their medians: above 1 ours is slower. Targets: at most 4 times TensorFlow in the median of the
sizes, and below 1 for each peer.

OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE choose how NumPy multiplies matrices. Where a machine sets
them they can cost half of its speed, so they are taken out unless ``--keep-openblas`` is given.
"""

import os
import statistics
import sys
from collections.abc import Callable

import common

TARGET = 4.0
PEERS = ("TF", "loop", "numpy-ml")
# batch, height and width, channels, filters, kernel, stride; the lesson that has this size
CONVOLUTIONS = {
    "04 first layer": (32, 28, 1, 8, 5, 1),
    "04 second layer": (32, 12, 8, 16, 5, 1),
    "01 whole network": (32, 40, 1, 8, 7, 2),
    "21 first layer": (32, 28, 1, 8, 3, 1),
    "21 second layer": (32, 13, 8, 16, 3, 1),
}
POOLS = {"04 first layer": (32, 24, 8), "04 second layer": (32, 8, 16), "02 maps": (32, 56, 16)}
# batch, time, features, units
SEQUENCES = {
    "05, 06 short": (32, 50, 1, 8),
    "06 ECG": (32, 250, 1, 8),
    "06 wider": (32, 250, 1, 19),
}


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    parser = common.options(__doc__)
    parser.add_argument("layers", nargs="*", help="names of layers; all if none is given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep-openblas", action="store_true", help="keep OPENBLAS_* as set")
    options = parser.parse_args()
    _prepare(options.keep_openblas, options.threads)
    rows = measure(options.toy, options.layers)
    common.finish(rows, options.json)
    return 0 if options.json else _verdict(rows)


def measure(toy: bool, wanted: list[str]) -> list[common.Row]:
    """Give a row for each size: our milliseconds, and how many times another library's they are."""
    rows: list[common.Row] = []
    for layer, (contestants, sizes) in PLAN.items():
        if wanted and layer not in wanted:
            continue
        for lesson, size in list(sizes.items())[: 1 if toy else None]:
            took = common.medians(contestants(layer, size), 0.05 if toy else 1.0)
            found = {name: took["ours"] / took[name] if name in took else None for name in PEERS}
            said = {"layer": layer, "lesson": lesson, "size": " x ".join(map(str, size))}
            rows.append({**said, "ms": took["ours"], **found})
    return rows


def _prepare(keep_openblas: bool, threads: int) -> None:
    """Start again with the settings that must stand before the libraries load."""
    wanted = {k: v for k, v in os.environ.items() if keep_openblas or k not in common.OPENBLAS}
    wanted["OPENBLAS_NUM_THREADS"] = str(threads)
    if wanted != os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _convolution(layer: str, size: tuple[int, ...]) -> dict[str, Callable]:
    import tensorflow as tf

    from medtutor.layers import conv2d, conv2d_backward

    n, side, channels, filters, k, stride = size
    x, kernel = _random(n, side, side, channels), _random(k, k, channels, filters)
    dy = _random(*conv2d(x, kernel, None, stride).shape)

    def ours() -> None:
        conv2d(x, kernel, None, stride)
        conv2d_backward(dy, x, kernel, stride)

    found = {
        "ours": ours,
        "TF": _tensorflow(lambda a, b: tf.nn.conv2d(a, b, stride, "VALID"), dy, x, kernel),
        "loop": lambda: _im2col(dy, x, kernel, stride),
    }
    peers = _numpy_ml()
    if peers is not None:
        theirs = peers.Conv2D(filters, (k, k), 0, stride, init="glorot_uniform")
        found["numpy-ml"] = _peer(theirs, x, dy)
    return found


def _im2col(dy, x, kernel, stride):
    """Cut window by window into the rows of a matrix, multiply, and put them back."""
    import numpy as np

    (n, down, across, filters), k = dy.shape, len(kernel)
    rows = np.empty((n, down, across, kernel[..., 0].size), x.dtype)
    for i in range(down):
        for j in range(across):
            top, left = i * stride, j * stride
            rows[:, i, j] = x[:, top : top + k, left : left + k].reshape(n, -1)
    flat = kernel.reshape(-1, filters)
    y = rows @ flat
    g = dy.reshape(-1, filters)
    dkernel = rows.reshape(len(g), -1).T @ g
    drows = (g @ flat.T).reshape(n, down, across, *kernel.shape[:3])
    dx = np.zeros_like(x)
    for i in range(down):
        for j in range(across):
            top, left = i * stride, j * stride
            dx[:, top : top + k, left : left + k] += drows[:, i, j]
    return y, dx, dkernel


def _pooling(layer: str, size: tuple[int, ...]) -> dict[str, Callable]:
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
    found = {"ours": ours, "TF": _tensorflow(lambda a: reference(a, 2, 2, "VALID"), dy, x)}
    peers = _numpy_ml()
    if peers is not None:
        theirs = peers.Pool2D((2, 2), 2, 0, layer.split("_")[0])
        found["numpy-ml"] = _peer(theirs, x, dy)
    return found


def _sequence(layer: str, size: tuple[int, ...]) -> dict[str, Callable]:
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
        forward(x, *weights)
        backward(dy, x, *weights)

    theirs = _tensorflow(reference, dy, x, variables=reference.trainable_variables)
    found = {"ours": ours, "TF": theirs}
    # numpy-ml 0.1.2 has both layers, but they cannot be made: its class sets `gradients`, which its
    # RNN and LSTM declare as a property without a setter.
    return found


def _numpy_ml():
    """Return the layers of numpy-ml, or None.

    Its last release (0.1.2) says np.float and collections.Hashable, which are gone.
    """
    import collections.abc

    import numpy as np

    collections.Hashable = collections.abc.Hashable
    for name, kind in {"float": float, "int": int, "bool": bool, "object": object}.items():
        if name not in np.__dict__:
            setattr(np, name, kind)
    try:
        from numpy_ml.neural_nets import layers
    except ImportError:
        return None
    return layers


def _peer(layer, x, dy) -> Callable[[], None]:
    """Return a forward and backward pass of a layer of numpy-ml."""

    def both() -> None:
        layer.forward(x)
        layer.backward(dy)
        layer.flush_gradients()

    return both


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


def _verdict(rows: list[common.Row]) -> int:
    """Print the medians and the worst; return 1 if a target is missed."""
    missed = 0
    for name in PEERS:
        found = [row[name] for row in rows if row[name] is not None]
        if not found:
            continue
        middle, worst = statistics.median(found), max(found)
        target = TARGET if name == "TF" else 1.0
        bad = (middle if name == "TF" else worst) > target
        wanted = f"median at most {target:g}" if name == "TF" else "each below 1"
        print(
            f"{name:<9} median {middle:.2f}, worst {worst:.2f} (target: {wanted})"
            f"{'   MISSED' if bad else ''}"
        )
        missed += bad
    return int(missed > 0)


PLAN: dict[str, tuple[Callable, dict[str, tuple[int, ...]]]] = {
    "conv2d": (_convolution, CONVOLUTIONS),
    "max_pool2d": (_pooling, POOLS),
    "average_pool2d": (_pooling, POOLS),
    "simple_rnn": (_sequence, SEQUENCES),
    "lstm": (_sequence, SEQUENCES),
}

if __name__ == "__main__":
    sys.exit(main())
