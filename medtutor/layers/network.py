"""A network: layers in a row, trained with mini-batches."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from medtutor.errors import DataError
from medtutor.layers._checks import as_array, choose, expect_shape
from medtutor.layers.losses import LOSSES
from medtutor.layers.optimisers import Adam, Optimiser
from medtutor.layers.stack import Layer, Shape, Softmax


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
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        seed: int = 0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.layers, self.input_shape, self.dtype = (
            list(layers),
            tuple(input_shape),
            np.dtype(dtype),
        )
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
        """Return the loss on a batch, and fill `gradients`.

        Parameters
        ----------
        x : array_like, shape (batch, *input_shape)
        y : array_like
            Labels for "cross_entropy"; targets, shaped as the output, for "mean_squared_error".
        loss : str
            One of those two names.
        """
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
        """Build the same network from a Keras Sequential model, with its weights."""
        from medtutor.layers.keras_exchange import from_keras

        return from_keras(model)

    def to_keras(self) -> Any:
        """Build the same model in Keras, with these weights."""
        from medtutor.layers.keras_exchange import to_keras

        return to_keras(self)

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
