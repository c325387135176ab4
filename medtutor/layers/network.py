"""Layers that keep their weights, a network of them in a row, and its exchange with Keras.

The layers hold no mathematics: that is in the functions they call. `Network.from_keras` and
`Network.to_keras` import Keras only when they are called.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from medtutor.errors import DataError
from medtutor.layers import conv, linear, pool, recurrent
from medtutor.layers.checks import as_array, choose, expect_shape, pair
from medtutor.layers.losses import LOSSES
from medtutor.layers.optimisers import Adam, Optimiser

Shape = tuple[int, ...]


def glorot_uniform(
    shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """Draw from ``[-a, a]`` with ``a = sqrt(6 / (fan_in + fan_out))`` (Glorot & Bengio 2010).

    `shape` is (..., inputs, outputs); the axes before are taps of a kernel and count on both sides.
    """
    limit = math.sqrt(6 / sum(_fans(shape)))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def he_normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Draw normal weights of variance ``2 / fan_in`` (He et al. 2015), cut off as Keras does."""
    weights = rng.standard_normal(shape)
    while (outside := np.abs(weights) > 2).any():
        weights[outside] = rng.standard_normal(int(outside.sum()))
    # 0.8796…: what is left of the standard deviation when a normal is cut off at two of its own
    return (weights * (math.sqrt(2 / _fans(shape)[0]) / 0.87962566103423978)).astype(dtype)


def orthogonal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Draw a matrix whose rows or columns are orthonormal (Saxe, McClelland & Ganguli 2014).

    Recurrent layers start with it: h U is then as long as h (for a square U).
    """
    _fans(shape)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.where(np.diag(r) < 0, -1, 1)  # makes the draw uniform over all such matrices
    return (q.T if rows < columns else q).reshape(shape).astype(dtype)


def _fans(shape: Shape) -> tuple[int, int]:
    """Count the inputs and outputs that one weight tensor joins."""
    if len(shape) < 2:
        raise DataError(f"shape is {shape}; expected at least two axes, (inputs, outputs)")
    taps = math.prod(shape[:-2])
    return taps * shape[-2], taps * shape[-1]


class Layer:
    """A step of a network; this one hands on what it gets.

    A layer names its `functions`, forward and backward, and calls them with its weights and its
    `options`.
    """

    expects: ClassVar[str] = ""  # the axes of one sample, where it matters how many there are
    functions: ClassVar[Any] = (lambda x: x, lambda dy, x: dy)

    def __init__(self, *options: Any) -> None:
        self.options = options
        self.weights: list[np.ndarray] = []
        self.gradients: list[np.ndarray] = []
        self.saved: Any = None

    def build(self, shape: Shape, rng: np.random.Generator, dtype: np.dtype) -> Shape:
        """Draw the weights for samples of this shape; return the shape of what comes out."""
        name = type(self).__name__
        if self.expects and len(shape) != len(self.expects.split(",")):
            raise DataError(f"{name} gets samples of shape {shape}; expected ({self.expects})")
        self.weights = [w.astype(dtype, copy=False) for w in self.draw(shape, rng)]
        return self.forward(np.zeros((1, *shape), dtype)).shape[1:]

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Return fresh weights, as Keras draws them."""
        return []

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Compute the output, and remember what `backward` needs."""
        self.saved = x
        return self.functions[0](x, *self.weights, *self.options)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input; leave those of the weights in `gradients`."""
        found = self.functions[1](dy, self.saved, *self.weights[:1], *self.options)
        if not self.weights:
            return found
        dx, *self.gradients = found
        return dx


class Conv2D(Layer):
    """`conv2d` with its kernel and bias."""

    expects = "height, width, channels"
    functions = conv.conv2d, conv.conv2d_backward

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int] = 3,
        strides: int | Sequence[int] = 1,
        padding: Any = "valid",
        dilation: int | Sequence[int] = 1,
    ) -> None:
        super().__init__(pair(strides, "strides"), padding, pair(dilation, "dilation"))
        self.filters, self.kernel_size = filters, pair(kernel_size, "kernel_size")

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw the kernel (Glorot uniform); the bias is zero."""
        kernel = glorot_uniform((*self.kernel_size, shape[2], self.filters), rng, np.float64)
        return [kernel, np.zeros(self.filters)]


class Dense(Layer):
    """`dense` with its kernel and bias."""

    functions = linear.dense, linear.dense_backward

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw the kernel (Glorot uniform); the bias is zero."""
        kernel = glorot_uniform((shape[-1], self.units), rng, np.float64)
        return [kernel, np.zeros(self.units)]


class MaxPool2D(Layer):
    """`max_pool2d`."""

    expects = "height, width, channels"
    functions = pool.max_pool2d, pool.max_pool2d_backward

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: Any = "valid",
    ) -> None:
        size = pair(pool_size, "pool_size")
        super().__init__(size, size if strides is None else pair(strides, "strides"), padding)


class AveragePool2D(MaxPool2D):
    """`average_pool2d`."""

    functions = pool.average_pool2d, pool.average_pool2d_backward


class GlobalAveragePool2D(Layer):
    """The mean of each channel over the whole image."""

    expects = "height, width, channels"
    functions = (
        lambda x: x.mean(axis=(1, 2)),
        lambda dy, x: np.broadcast_to(dy[:, None, None] / math.prod(x.shape[1:3]), x.shape),
    )


class Flatten(Layer):
    """All values of a sample in one row."""

    functions = (
        lambda x: x.reshape(len(x), math.prod(x.shape[1:])),
        lambda dy, x: dy.reshape(x.shape),
    )


class ReLU(Layer):
    """`relu`."""

    functions = linear.relu, linear.relu_backward


class Softmax(Layer):
    """`softmax` over the last axis."""

    functions = linear.softmax, linear.softmax_backward


class SimpleRNN(Layer):
    """`simple_rnn` with its weights, from a state of zeros; all states or the last one."""

    expects = "time, features"
    functions: ClassVar[Any] = recurrent.simple_rnn, recurrent.simple_rnn_backward
    gates: ClassVar[int] = 1

    def __init__(self, units: int, return_sequences: bool = False) -> None:
        super().__init__()
        self.units, self.return_sequences = units, return_sequences

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw W (Glorot uniform) and U (orthogonal); the bias is zero."""
        columns = self.gates * self.units
        kernel = glorot_uniform((shape[1], columns), rng, np.float64)
        return [kernel, orthogonal((self.units, columns), rng, np.float64), np.zeros(columns)]

    def run(self, x: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """Return all states, and what the backward function would else compute again."""
        states = recurrent.simple_rnn(x, *self.weights)
        return states, {"states": states}

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Run over the sequences."""
        states, trace = self.run(x)
        self.saved = x, states.shape, trace
        return states if self.return_sequences else states[:, -1]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate through time."""
        x, shape, trace = self.saved
        if not self.return_sequences:  # the loss looks at the last state only
            last, dy = dy, np.zeros(shape, dy.dtype)
            dy[:, -1] = last
        dx, *self.gradients, _ = self.functions[1](dy, x, *self.weights, **trace)
        return dx


class LSTM(SimpleRNN):
    """`lstm` with its weights, from a state of zeros; all states or the last one."""

    functions = recurrent.lstm, recurrent.lstm_backward
    gates = 4

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw as `SimpleRNN`; the forget gate's bias is 1 (Jozefowicz et al. 2015)."""
        weights = super().draw(shape, rng)
        weights[2][self.units : 2 * self.units] = 1
        return weights

    def run(self, x: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """Return all states, and the gates and cells."""
        w, u, b = self.weights
        trace = recurrent.lstm(x, w, u, b, return_trace=True)
        return trace.h, {"trace": trace}


class Network:
    """Layers in a row.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output. A final `Softmax` gives probabilities in `predict`; training with
        cross-entropy starts from the scores before it.
    input_shape : tuple of int
        Shape of one sample: (height, width, channels), (time, features) or (features,).
    seed : int
        For the weights.
    dtype : float32 or float64
        Of the weights and of all that is computed.

    Raises
    ------
    DataError
        If a layer cannot take what the one before it gives.

    Examples
    --------
    >>> network = Network([Flatten(), Dense(2), Softmax()], (4, 4, 1), seed=1)
    >>> network.predict(np.zeros((3, 4, 4, 1))).shape
    (3, 2)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        seed: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.layers, self.input_shape = list(layers), tuple(input_shape)
        self.dtype = np.dtype(dtype)
        if len({id(layer) for layer in self.layers}) != len(self.layers):
            raise DataError("one layer object stands in the network twice; expected a new one each")
        rng = np.random.default_rng(seed)
        self.shapes = [self.input_shape]
        for layer in self.layers:
            self.shapes.append(layer.build(self.shapes[-1], rng, self.dtype))

    @property
    def weights(self) -> list[np.ndarray]:
        """All weights in Keras's order: the arrays themselves, changed in place by training."""
        return [w for layer in self.layers for w in layer.weights]

    @property
    def gradients(self) -> list[np.ndarray]:
        """The gradients of the last `backward`, in the order of `weights`."""
        return [g for layer in self.layers for g in layer.gradients]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy weights in, ordered as `weights` (a Keras model's ``get_weights()``)."""
        if len(weights) != len(self.weights):
            raise DataError(f"{len(weights)} weights; expected {len(self.weights)}")
        arrays = [as_array(w, f"weight {number}") for number, w in enumerate(weights)]
        for number, (own, new) in enumerate(zip(self.weights, arrays, strict=True)):
            expect_shape(new, own.shape, f"weight {number}")
        for own, new in zip(self.weights, arrays, strict=True):
            own[...] = new

    def forward(self, x: Any, layers: Sequence[Layer] | None = None) -> np.ndarray:
        """Compute the output for a batch; each layer remembers what `backward` needs."""
        x = as_array(x, "x").astype(self.dtype, copy=False)
        expect_shape(x, (len(x) if x.ndim else 0, *self.input_shape), "x", "(batch, *input_shape)")
        for layer in self.layers if layers is None else layers:
            x = layer.forward(x)
        return x

    def backward(self, dy: np.ndarray, layers: Sequence[Layer] | None = None) -> np.ndarray:
        """Carry a gradient from the output to the input; the layers keep their `gradients`."""
        for layer in reversed(self.layers if layers is None else layers):
            dy = layer.backward(dy)
        return dy

    def predict(self, x: Any, batch_size: int = 256) -> np.ndarray:
        """Compute the output for any number of samples, `batch_size` at a time."""
        x = as_array(x, "x")
        if len(x) <= batch_size:
            return self.forward(x)
        parts = [self.forward(x[i : i + batch_size]) for i in range(0, len(x), batch_size)]
        return np.concatenate(parts)

    def loss(self, x: Any, y: Any, loss: str = "cross_entropy") -> float:
        """Return the loss on a batch; what the layers remember is of this batch afterwards."""
        return choose(LOSSES, loss, "loss")[0](self.forward(x, self._trained(loss)), y)

    def loss_and_gradients(self, x: Any, y: Any, loss: str = "cross_entropy") -> float:
        """Return the loss on a batch, and fill `gradients`."""
        value, gradient = choose(LOSSES, loss, "loss")
        layers = self._trained(loss)
        output = self.forward(x, layers)
        self.backward(gradient(output, y), layers)
        return value(output, y)

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        epochs: int = 10,
        batch_size: int = 32,
        optimiser: Optimiser | None = None,
        loss: str = "cross_entropy",
        validation: tuple[Any, Any] | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> dict[str, list[float]]:
        """Train with mini-batches, drawn in a new order each epoch.

        Parameters
        ----------
        x, y
            All training samples, as for `loss_and_gradients`.
        epochs, batch_size : int
            Passes over the data, and samples to a step.
        optimiser : SGD or Adam
            ``Adam()`` if None.
        loss : str
            "cross_entropy" or "mean_squared_error".
        validation : (x, y), optional
            Samples to follow that are not trained on.
        seed : int
            For the order of the samples.
        progress : bool
            Print one line for each epoch.

        Returns
        -------
        dict of list of float
            "step_loss" (each step), "loss" (each epoch, the mean over its samples, while the
            weights change) and, if asked for, "val_loss" (at each epoch's end).
        """
        x, y = as_array(x, "x"), np.asarray(y)
        if len(x) != len(y) or not len(x):
            raise DataError(f"{len(x)} samples and {len(y)} labels; expected as many, at least one")
        optimiser = Adam() if optimiser is None else optimiser
        history: dict[str, list[float]] = {"step_loss": [], "loss": []}
        rng = np.random.default_rng(seed)
        for epoch in range(epochs):
            total = 0.0
            for batch in _batches(len(x), batch_size, rng):
                value = self.loss_and_gradients(x[batch], y[batch], loss)
                optimiser.step(self.weights, self.gradients)
                history["step_loss"].append(value)
                total += value * len(batch)
            history["loss"].append(total / len(x))
            if validation is not None:
                history.setdefault("val_loss", []).append(self._mean_loss(*validation, loss))
            if progress:
                now = "  ".join(f"{k} {v[-1]:.4f}" for k, v in history.items() if k != "step_loss")
                print(f"epoch {epoch + 1}/{epochs}  {now}")
        return history

    @classmethod
    def from_keras(cls, model: Any) -> "Network":
        """Build the same network from a Keras Sequential model, with its weights and its dtype.

        Dropout is left out: it does nothing in a prediction. A model without an input shape, one
        that branches, and a layer that has no counterpart here raise `DataError`.
        """
        if not getattr(model, "built", False):
            remedy = "Start it with keras.Input."
            raise DataError("the Keras model has no weights yet", remedy=remedy)
        if len(model.inputs) != 1 or not _in_a_row(model):
            said = "the Keras model branches; expected a keras.Sequential, layers in a row"
            raise DataError(said)
        layers = [new for old in model.layers for new in _from_keras(old)]
        network = cls(layers, tuple(model.inputs[0].shape[1:]), dtype=model.compute_dtype)
        network.set_weights(model.get_weights())
        return network

    def to_keras(self) -> Any:
        """Build the same model in Keras, with these weights; it is not compiled."""
        import keras

        start = keras.Input(self.input_shape, dtype=self.dtype.name)
        layers = [_to_keras(layer, keras.layers, self.dtype.name) for layer in self.layers]
        model = keras.Sequential([start, *layers])
        model.set_weights(self.weights)
        return model

    def summary(self) -> str:
        """Return a table of the layers: what comes out of each, and how many weights it has."""
        lines = [f"{'layer':<20} {'output':<20} {'weights':>9}"]
        for layer, shape in zip(self.layers, self.shapes[1:], strict=True):
            count = sum(w.size for w in layer.weights)
            lines.append(f"{type(layer).__name__:<20} {shape!s:<20} {count:>9,}")
        lines.append(f"{'in all':<20} {'':<20} {sum(w.size for w in self.weights):>9,}")
        return "\n".join(lines)

    def _trained(self, loss: str) -> list[Layer]:
        """Return the layers that the loss sees: cross-entropy takes the scores themselves."""
        if loss == "cross_entropy" and self.layers and isinstance(self.layers[-1], Softmax):
            return self.layers[:-1]
        return self.layers

    def _mean_loss(self, x: Any, y: Any, loss: str, batch_size: int = 256) -> float:
        parts = [slice(i, i + batch_size) for i in range(0, len(x), batch_size)]
        losses = [self.loss(x[part], y[part], loss) for part in parts]
        return float(np.average(losses, weights=[len(x[part]) for part in parts]))


def _batches(samples: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the indices of mini-batches that cover all samples once, in random order."""
    if size < 1:
        raise DataError(f"batch_size is {size}; expected at least 1")
    order = rng.permutation(samples)
    for start in range(0, samples, size):
        yield order[start : start + size]


# Layers that change nothing once a model is trained. Dropout does while it trains.
_SILENT = ("InputLayer", "Dropout")
_POOLS = {"MaxPooling2D": MaxPool2D, "AveragePooling2D": AveragePool2D}
_PLAIN = {
    "Flatten": Flatten,
    "ReLU": ReLU,
    "Softmax": Softmax,
    "GlobalAveragePooling2D": GlobalAveragePool2D,
    "Activation": Layer,
}
# What a Network computes; anything else in a Keras layer's configuration is refused.
_FIXED = {
    "use_bias": True,
    "data_format": "channels_last",
    "groups": 1,
    "go_backwards": False,
    "stateful": False,
    "recurrent_activation": "sigmoid",
    "return_state": False,
    "keepdims": False,
    "negative_slope": 0.0,
    "threshold": 0.0,
    "max_value": None,
    "axis": -1,
}


def _from_keras(old: Any) -> list[Layer]:
    """Return our layers for one Keras layer; its activation becomes a layer of its own."""
    name, config = type(old).__name__, old.get_config()
    for key, value in _FIXED.items():
        if name not in _SILENT and config.get(key, value) != value:
            raise DataError(f"{old.name} has {key}={config[key]!r}; expected {key}={value!r}")
    activation = config.get("activation", "linear")
    if name in _SILENT:
        return []
    if name in ("SimpleRNN", "LSTM"):
        if activation != "tanh":
            raise DataError(f"{old.name} has activation={activation!r}; expected 'tanh'")
        kind = LSTM if name == "LSTM" else SimpleRNN
        return [kind(config["units"], config["return_sequences"])]
    layer: Layer
    if name == "Conv2D":
        window = config["strides"], config["padding"], config["dilation_rate"]
        layer = Conv2D(config["filters"], config["kernel_size"], *window)
    elif name in _POOLS:
        layer = _POOLS[name](config["pool_size"], config["strides"], config["padding"])
    elif name == "Dense":
        layer = Dense(config["units"])
    elif name in _PLAIN:
        layer = _PLAIN[name]()
    else:
        raise DataError(f"{old.name} is a {name}; medtutor.layers has no such layer")
    if activation == "linear":
        return [layer]
    if activation not in ("relu", "softmax"):
        expected = "expected one of linear, relu, softmax"
        raise DataError(f"{old.name} has activation={activation!r}; {expected}")
    return [layer, ReLU() if activation == "relu" else Softmax()]


def _to_keras(layer: Layer, kl: Any, dtype: str) -> Any:
    """Return the Keras layer for one of ours."""
    name = type(layer).__name__
    if isinstance(layer, Conv2D):
        strides, padding, dilation = layer.options
        size = layer.filters, layer.kernel_size, strides, _named(padding, name)
        return kl.Conv2D(*size, dilation_rate=dilation, dtype=dtype)
    if isinstance(layer, MaxPool2D):
        pool_size, strides, padding = layer.options
        kind = kl.AveragePooling2D if isinstance(layer, AveragePool2D) else kl.MaxPooling2D
        return kind(pool_size, strides, _named(padding, name), dtype=dtype)
    if isinstance(layer, SimpleRNN):
        kind = kl.LSTM if isinstance(layer, LSTM) else kl.SimpleRNN
        return kind(layer.units, return_sequences=layer.return_sequences, dtype=dtype)
    if isinstance(layer, Dense):
        return kl.Dense(layer.units, dtype=dtype)
    for theirs, ours in _PLAIN.items():
        if type(layer) is ours:
            options = ["linear"] if theirs == "Activation" else []
            return getattr(kl, theirs)(*options, dtype=dtype)
    raise DataError(f"{name} is a layer of your own; Keras has no counterpart")


def _named(padding: Any, name: str) -> str:
    """Refuse padding in pixels, which Keras layers do not know."""
    if not isinstance(padding, str):
        raise DataError(f"{name} has padding={padding!r}; Keras layers know 'valid' and 'same'")
    return padding


def _in_a_row(model: Any) -> bool:
    """Say whether each layer takes the output of the one before it, and nothing else."""
    import keras

    pairs = zip(model.layers, model.layers[1:], strict=False)
    return isinstance(model, keras.Sequential) or all(
        isinstance(layer.input, keras.KerasTensor) and layer.input is before.output
        for before, layer in pairs
    )
