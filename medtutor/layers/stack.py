"""The layers of a `Network`: each keeps its weights and what its backward pass will need.

They hold no mathematics; that is in the functions they call. A layer that is given no weights
draws them when the network is built, as Keras would.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from medtutor.errors import DataError
from medtutor.layers import conv, linear, pool, recurrent, recurrent_gru, recurrent_lstm
from medtutor.layers._checks import pair
from medtutor.layers.initialisers import glorot_uniform, orthogonal

Shape = tuple[int, ...]


class Layer:
    """A step of a network; this one hands on what it gets.

    Attributes
    ----------
    weights, gradients : list of ndarray
        In Keras's order; `gradients` are those of the last `backward`.
    """

    expects: ClassVar[str] = ""  # the axes of one sample, where it matters how many there are

    def __init__(self) -> None:
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
        """Return fresh weights."""
        return []

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Compute the output, and remember what `backward` needs."""
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient of the input; leave those of the weights in `gradients`."""
        return dy


class Conv2D(Layer):
    """`conv2d` with its kernel and bias."""

    expects = "height, width, channels"

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int] = 3,
        strides: int | Sequence[int] = 1,
        padding: Any = "valid",
        dilation: int | Sequence[int] = 1,
    ) -> None:
        super().__init__()
        self.filters, self.kernel_size = filters, pair(kernel_size, "kernel_size")
        self.window = pair(strides, "strides"), padding, pair(dilation, "dilation")

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw the kernel (Glorot uniform); the bias is zero."""
        kernel = glorot_uniform((*self.kernel_size, shape[2], self.filters), rng, np.float64)
        return [kernel, np.zeros(self.filters)]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Convolve."""
        self.saved = x
        kernel, bias = self.weights
        return conv.conv2d(x, kernel, bias, *self.window)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate the convolution."""
        dx, *self.gradients = conv.conv2d_backward(dy, self.saved, self.weights[0], *self.window)
        return dx


class MaxPool2D(Layer):
    """`max_pool2d`."""

    expects = "height, width, channels"
    functions: ClassVar[Any] = (pool.max_pool2d, pool.max_pool2d_backward)

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: Any = "valid",
    ) -> None:
        super().__init__()
        size = pair(pool_size, "pool_size")
        self.window = size, size if strides is None else pair(strides, "strides"), padding

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Pool."""
        self.saved = x
        return self.functions[0](x, *self.window)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate the pooling."""
        return self.functions[1](dy, self.saved, *self.window)


class AveragePool2D(MaxPool2D):
    """`average_pool2d`."""

    functions = (pool.average_pool2d, pool.average_pool2d_backward)


class GlobalAveragePool2D(Layer):
    """The mean of each channel over the whole image."""

    expects = "height, width, channels"

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Average over height and width."""
        self.saved = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Share the gradient among all pixels."""
        _, height, width, _ = self.saved
        return np.broadcast_to(dy[:, None, None] / (height * width), self.saved)


class Flatten(Layer):
    """All values of a sample in one row."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Reshape to (batch, values)."""
        self.saved = x.shape
        return x.reshape(len(x), int(np.prod(x.shape[1:])))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Reshape back."""
        return dy.reshape(self.saved)


class Dense(Layer):
    """`dense` with its kernel and bias."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw the kernel (Glorot uniform); the bias is zero."""
        kernel = glorot_uniform((shape[-1], self.units), rng, np.float64)
        return [kernel, np.zeros(self.units)]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Multiply by the kernel, add the bias."""
        self.saved = x
        return linear.dense(x, *self.weights)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate the product."""
        dx, *self.gradients = linear.dense_backward(dy, self.saved, self.weights[0])
        return dx


class ReLU(Layer):
    """`relu`."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Cut off below zero."""
        self.saved = x
        return linear.relu(x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Let through where the input was positive."""
        return linear.relu_backward(dy, self.saved)


class Softmax(Layer):
    """`softmax` over the last axis."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Turn scores into probabilities."""
        self.saved = x
        return linear.softmax(x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate the softmax."""
        return linear.softmax_backward(dy, self.saved)


class SimpleRNN(Layer):
    """`simple_rnn` with its kernels and bias, from a state of zeros.

    Parameters
    ----------
    units : int
        Size of the state.
    return_sequences : bool
        Give the states of all steps, or the last one.
    """

    expects = "time, features"
    gates: ClassVar[int] = 1

    def __init__(self, units: int, return_sequences: bool = False) -> None:
        super().__init__()
        self.units, self.return_sequences = units, return_sequences

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw W (Glorot uniform) and U (orthogonal); the bias is zero."""
        columns = self.gates * self.units
        kernel = glorot_uniform((shape[1], columns), rng, np.float64)
        return [kernel, orthogonal((self.units, columns), rng, np.float64), np.zeros(columns)]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Run over the sequences."""
        states, trace = self.run(x)
        self.saved = x, states, trace
        return states if self.return_sequences else states[:, -1]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Differentiate through time."""
        x, states, trace = self.saved
        if not self.return_sequences:  # the loss looks at the last state only
            last, dy = dy, np.zeros(states.shape, dy.dtype)
            dy[:, -1] = last
        dx, *gradients, _ = self.differentiate(dy, x, trace)
        self.gradients = gradients
        return dx

    def run(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return all states, and what `differentiate` wants to know."""
        w, u, b = self.weights
        states = recurrent.simple_rnn(x, w, u, b)
        return states, states

    def differentiate(self, dy: np.ndarray, x: np.ndarray, trace: Any) -> Any:
        """Call the backward function of the layer."""
        w, u, b = self.weights
        return recurrent.simple_rnn_backward(dy, x, w, u, b, states=trace)


class LSTM(SimpleRNN):
    """`lstm` with its kernels and bias, from a state of zeros."""

    gates = 4

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw as `SimpleRNN`; the forget gate's bias is 1 (Jozefowicz et al. 2015)."""
        weights = super().draw(shape, rng)
        weights[2][self.units : 2 * self.units] = 1
        return weights

    def run(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return all states, and the trace."""
        w, u, b = self.weights
        trace = recurrent_lstm.lstm(x, w, u, b, return_trace=True)
        return trace.h, trace

    def differentiate(self, dy: np.ndarray, x: np.ndarray, trace: Any) -> Any:
        """Call the backward function of the layer."""
        w, u, b = self.weights
        return recurrent_lstm.lstm_backward(dy, x, w, u, b, trace=trace)


class GRU(SimpleRNN):
    """`gru` with its kernels and both biases, from a state of zeros."""

    gates = 3

    def draw(self, shape: Shape, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw as `SimpleRNN`; both biases are zero."""
        *kernels, _ = super().draw(shape, rng)
        return [*kernels, np.zeros((2, 3 * self.units))]

    def run(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return all states, and the trace."""
        w, u, b = self.weights
        trace = recurrent_gru.gru(x, w, u, b, return_trace=True)
        return trace.h, trace

    def differentiate(self, dy: np.ndarray, x: np.ndarray, trace: Any) -> Any:
        """Call the backward function of the layer."""
        w, u, b = self.weights
        return recurrent_gru.gru_backward(dy, x, w, u, b, trace=trace)
