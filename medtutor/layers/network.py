"""Layers that keep their weights, a network of them in a row, and Adam, which trains it.

The layers hold no mathematics: that is in the functions they call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from medtutor.errors import DataError
from medtutor.layers import images, linear, recurrent
from medtutor.layers.checks import alike, as_array, pair
from medtutor.layers.images import Size

Shape = tuple[int, ...]
LOSSES: dict[str, Any] = {
    "cross_entropy": lambda z, y: (linear.cross_entropy(z, y), linear.cross_entropy_backward(z, y)),
    "mean_squared_error": linear.mean_squared_error,
}


def glorot_uniform(
    shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """Draw from ``[-a, a]`` with ``a = sqrt(6 / (fan_in + fan_out))`` (Glorot & Bengio 2010).

    `shape` is (..., inputs, outputs); the axes before are taps of a kernel and count on both sides.
    """
    if len(shape) < 2:
        raise DataError(f"shape is {shape}; expected at least two axes, (inputs, outputs)")
    limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def orthogonal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Draw a matrix whose rows or columns are orthonormal (Saxe, McClelland & Ganguli 2014).

    Recurrent layers start with it: h U is then as long as h (for a square U).
    """
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= np.where(np.diag(r) < 0, -1, 1)  # makes the draw uniform over all such matrices
    return (q.T if shape[0] < shape[1] else q).astype(dtype)


def _fresh(shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw a kernel; the bias is zero."""
    return [glorot_uniform(shape, rng, np.float64), np.zeros(shape[-1])]


@dataclass(eq=False)
class Layer:
    """A step of a network: calls its `functions` with its weights and what it has as `options`."""

    functions: ClassVar[Any]  # forward and backward
    options: ClassVar[tuple[str, ...]] = ()
    weights: list[np.ndarray] = field(default_factory=list, init=False)
    gradients: list[np.ndarray] = field(default_factory=list, init=False)
    saved: Any = field(default=None, init=False)

    def _draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw the weights for samples of this shape, as Keras does."""
        return []

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Compute the output, and remember what `backward` needs."""
        self.saved = x
        options = {name: getattr(self, name) for name in self.options}
        return self.functions[0](x, *self.weights, **options)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input; leave those of the weights in `gradients`."""
        options = {name: getattr(self, name) for name in self.options}
        found = self.functions[1](dy, self.saved, *self.weights[:1], **options)
        dx, *self.gradients = found if self.weights else [found]
        return dx


@dataclass(eq=False)
class Conv2D(Layer):
    """`conv2d` with its kernel and bias."""

    functions = images.conv2d, images.conv2d_backward
    options = "strides", "padding"
    filters: int
    kernel_size: Size = 3
    strides: Size = 1
    padding: Any = "valid"

    def _draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        return _fresh((*pair(self.kernel_size, "kernel_size"), shape[-1], self.filters), rng)


@dataclass(eq=False)
class Dense(Layer):
    """`dense` with its kernel and bias."""

    functions = linear.dense, linear.dense_backward
    units: int

    def _draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        return _fresh((shape[-1], self.units), rng)


@dataclass(eq=False)
class MaxPool2D(Layer):
    """`max_pool2d`."""

    functions = images.max_pool2d, images.max_pool2d_backward
    options = "pool_size", "strides", "padding"
    pool_size: Size = 2
    strides: Size | None = None
    padding: Any = "valid"


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


@dataclass(eq=False)
class SimpleRNN(Layer):
    """`simple_rnn` with its weights, from a state of zeros; all states or the last one."""

    functions: ClassVar[Any] = recurrent.simple_rnn, recurrent.simple_rnn_backward
    gates: ClassVar[int] = 1
    units: int
    return_sequences: bool = False

    def _draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        W, b = _fresh((shape[-1], self.gates * self.units), rng)
        return [W, orthogonal((self.units, len(b)), rng, np.float64), b]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Run over the sequences."""
        states = super().forward(x)
        return states if self.return_sequences else states[:, -1]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate through time."""
        if not self.return_sequences:  # the loss looks at the last state only
            dy = np.pad(dy[:, None], ((0, 0), (self.saved.shape[1] - 1, 0), (0, 0)))
        dx, *self.gradients, _ = self.functions[1](dy, self.saved, *self.weights)
        return dx


class LSTM(SimpleRNN):
    """`lstm`, as `SimpleRNN`; the forget gate's bias starts at 1 (Jozefowicz et al. 2015)."""

    functions = recurrent.lstm, recurrent.lstm_backward
    gates = 4

    def _draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        W, U, b = super()._draw(shape, rng)
        b[self.units : 2 * self.units] = 1
        return [W, U, b]


@dataclass(eq=False)
class Adam:
    """Adaptive moments (Kingma & Ba 2015, algorithm 1 with the efficient order of section 2).

    ``m = m + (1 - b1) (g - m)``, ``v = v + (1 - b2) (g^2 - v)``,
    ``w = w - learning_rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)``.

    Epsilon is added to the uncorrected ``sqrt(v)``: the paper's epsilon-hat, and what Keras does.
    `learning_rate` may be changed between steps.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> Adam(learning_rate=0.1).step([w], [np.array([2.0])])  # the first step: the rate itself
    >>> w.round(6)
    array([0.9])
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    steps: int = field(default=0, init=False)
    means: list[np.ndarray] = field(default_factory=list, init=False)
    squares: list[np.ndarray] = field(default_factory=list, init=False)

    def step(self, weights: Sequence[np.ndarray], gradients: Sequence[np.ndarray]) -> None:
        """Change the weights in place, given their gradients in the same order."""
        if not self.means:
            self.means = [np.zeros_like(w) for w in weights]
            self.squares = [np.zeros_like(w) for w in weights]
        alike(weights, self.means, "weight")
        alike(gradients, self.means, "gradient")
        self.steps += 1
        rate = self.learning_rate * math.sqrt(1 - self.beta_2**self.steps)
        rate /= 1 - self.beta_1**self.steps
        for w, g, m, v in zip(weights, gradients, self.means, self.squares, strict=True):
            m += (1 - self.beta_1) * (g - m)
            v += (1 - self.beta_2) * (g * g - v)
            w -= rate * m / (np.sqrt(v) + self.epsilon)


class Network:
    """Layers in a row, from input to output.

    Parameters
    ----------
    layers : sequence of Layer
        A final `Softmax` gives probabilities in `predict`; training with cross-entropy starts from
        the scores before it.
    input_shape : tuple of int
        Shape of one sample: (height, width, channels), (time, features) or (features,).
    seed, dtype
        For the weights; all is computed in float32 or in float64.

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
        if len(set(self.layers)) != len(self.layers):
            raise DataError("one layer object stands in the network twice; expected a new one each")
        rng = np.random.default_rng(seed)
        self.shapes = [self.input_shape]
        for layer in self.layers:
            shape = self.shapes[-1]
            layer.weights = [w.astype(self.dtype, copy=False) for w in layer._draw(shape, rng)]
            self.shapes.append(layer.forward(np.zeros((1, *shape), self.dtype)).shape[1:])

    @property
    def weights(self) -> list[np.ndarray]:
        """All weights in Keras's order: the arrays themselves, changed in place by training."""
        return [w for layer in self.layers for w in layer.weights]

    @property
    def gradients(self) -> list[np.ndarray]:
        """The gradients of the last `loss_and_gradients`, in the order of `weights`."""
        return [g for layer in self.layers for g in layer.gradients]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy weights in, ordered as `weights` (a Keras model's ``get_weights()``)."""
        alike(weights, self.weights, "weight")
        for own, new in zip(self.weights, weights, strict=True):
            own[...] = new

    def predict(self, x: Any, batch_size: int = 256, layers: Any = None) -> np.ndarray:
        """Compute the output of all or of some layers for any number of samples, in batches."""
        x, layers = as_array(x, "x"), self.layers if layers is None else layers
        starts = range(0, max(len(x), 1), batch_size)
        return np.concatenate([self._forward(x[i : i + batch_size], layers) for i in starts])

    def loss(self, x: Any, y: Any, loss: str = "cross_entropy") -> float:
        """Return the mean loss over any number of samples."""
        function, layers = self._loss(loss)
        return function(self.predict(x, layers=layers), y)[0]

    def loss_and_gradients(self, x: Any, y: Any, loss: str = "cross_entropy") -> float:
        """Return the loss on a batch, and fill `gradients`."""
        function, layers = self._loss(loss)
        value, dy = function(self._forward(x, layers), y)
        for layer in reversed(layers):
            dy = layer.backward(dy)
        return value

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        epochs: int = 10,
        batch_size: int = 32,
        optimiser: Adam | None = None,
        loss: str = "cross_entropy",
        validation: tuple[Any, Any] | None = None,
        seed: int = 0,
    ) -> dict[str, list[float]]:
        """Train with mini-batches, drawn in a new order (`seed`) each epoch, by default with Adam.

        Return for each epoch "loss", the mean over its samples while the weights change, and, if
        `validation` is given, "val_loss" on it at the end.
        """
        x, y = as_array(x, "x"), np.asarray(y)
        if len(x) != len(y) or not len(x):
            raise DataError(f"{len(x)} samples and {len(y)} labels; expected as many, at least one")
        if batch_size < 1:
            raise DataError(f"batch_size is {batch_size}; expected at least 1")
        optimiser = Adam() if optimiser is None else optimiser
        history: dict[str, list[float]] = {"loss": []}
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            total, order = 0.0, rng.permutation(len(x))
            for batch in np.split(order, range(batch_size, len(x), batch_size)):
                total += len(batch) * self.loss_and_gradients(x[batch], y[batch], loss)
                optimiser.step(self.weights, self.gradients)
            history["loss"].append(total / len(x))
            if validation is not None:
                history.setdefault("val_loss", []).append(self.loss(*validation, loss))
        return history

    def _forward(self, x: Any, layers: Sequence[Layer]) -> np.ndarray:
        """Compute the output of some layers for a batch; each remembers what it needs."""
        x = as_array(x, "x").astype(self.dtype, copy=False)
        as_array(x, "x", (*x.shape[:1], *self.input_shape), "(batch, *input_shape)")
        for layer in layers:
            x = layer.forward(x)
        return x

    def _loss(self, name: str) -> tuple[Any, list[Layer]]:
        """Return a loss with its gradient, and the layers before it: cross-entropy takes scores."""
        if name not in LOSSES:
            raise DataError(f"loss {name!r} is unknown; expected one of {', '.join(LOSSES)}")
        scores = name == "cross_entropy" and self.layers and isinstance(self.layers[-1], Softmax)
        return LOSSES[name], self.layers[:-1] if scores else self.layers
