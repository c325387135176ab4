"""Dense layers, the ReLU, the softmax, the losses, and the referee of all gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import as_array, optional, output_gradient


def dense(x: Any, kernel: Any, bias: Any = None) -> np.ndarray:
    """Compute ``y = x W + b`` along the last axis.

    Parameters
    ----------
    x : (..., features)
    kernel : (features, units)
        ``W``.
    bias : (units,), optional

    Examples
    --------
    >>> dense([[1, 2]], [[1, 0], [0, 1]], [10, 20])
    array([[11., 22.]])
    """
    x, kernel = _arguments(x, kernel)
    y = x @ kernel
    return y + optional(bias, kernel.shape[1:], "bias", y)


def dense_backward(dy: Any, x: Any, kernel: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``dx = dy W^T``, ``dW = x^T dy`` and ``db = sum of dy``, summed over the batch.

    Examples
    --------
    >>> dense_backward([[1, 1]], [[1, 2]], [[1, 0], [0, 1]])[1]
    array([[1., 1.],
           [2., 2.]])
    """
    x, kernel = _arguments(x, kernel)
    dy = output_gradient(dy, (*x.shape[:-1], kernel.shape[1]))
    rows = dy.reshape(-1, kernel.shape[1])
    return dy @ kernel.T, x.reshape(-1, kernel.shape[0]).T @ rows, rows.sum(axis=0)


def relu(x: Any) -> np.ndarray:
    """Return ``max(x, 0)``, element by element."""
    return np.maximum(as_array(x, "x"), 0)


def relu_backward(dy: Any, x: Any) -> np.ndarray:
    """Let the gradient through where ``x > 0``; at 0 exactly it is 0, as in Keras."""
    x = as_array(x, "x")
    return np.where(x > 0, output_gradient(dy, x.shape), 0)


def softmax(x: Any, axis: int = -1) -> np.ndarray:
    """Turn scores into probabilities along `axis`, ``p_c = exp(x_c) / sum over k of exp(x_k)``.

    The largest score is taken off first. That changes nothing in the quotient, and no exponential
    can overflow (Goodfellow, Bengio & Courville 2016, section 4.1).

    Examples
    --------
    >>> softmax([0, np.log(3)])
    array([0.25, 0.75])
    """
    x = as_array(x, "x")
    if not -x.ndim <= axis < x.ndim:
        raise DataError(f"axis is {axis}, x has shape {x.shape}; expected one of its axes")
    e = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy: Any, x: Any, axis: int = -1) -> np.ndarray:
    """Carry the gradient back to the scores: ``dx = p (dy - sum over k of dy_k p_k)``."""
    p = softmax(x, axis)
    dy = output_gradient(dy, p.shape)
    return p * (dy - (dy * p).sum(axis=axis, keepdims=True))


def cross_entropy(logits: Any, labels: Any) -> float:
    """Return the mean of ``-sum over c of y_c log p_c`` with ``p = softmax(logits)``, in nats.

    Computed from the scores, ``log p_c = x_c - log sum over k of exp(x_k)``: a probability that
    underflows to 0 would have no logarithm.

    Parameters
    ----------
    logits : (batch, classes)
        Scores before the softmax.
    labels : (batch,) or (batch, classes)
        Class numbers, or one probability for each class (one-hot or soft).

    Examples
    --------
    >>> round(cross_entropy([[0, 0]], [1]), 4)
    0.6931
    """
    logits, targets = _targets(logits, labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(targets * log_p).sum() / max(len(logits), 1))


def cross_entropy_backward(logits: Any, labels: Any) -> np.ndarray:
    """Return the gradient of `cross_entropy` with respect to the logits, ``(p - y) / n``.

    Soft labels that do not sum to 1 weigh the row by their sum.

    Examples
    --------
    >>> cross_entropy_backward([[0, 0]], [1])
    array([[ 0.5, -0.5]])
    """
    logits, targets = _targets(logits, labels)
    mass = targets.sum(axis=1, keepdims=True)
    return (softmax(logits) * mass - targets) / max(len(logits), 1)


def mean_squared_error(prediction: np.ndarray, target: Any) -> tuple[float, np.ndarray]:
    """Return the mean of ``(prediction - target)^2`` (0.0 if there is none) and its gradient."""
    target = as_array(target, "target", prediction.shape, "the shape of the prediction")
    gap, count = prediction - target.astype(prediction.dtype, copy=False), max(prediction.size, 1)
    return float(np.square(gap).sum() / count), 2 * gap / count


def numerical_gradient(
    function: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """Approximate a gradient by central differences, ``(f(x + e) - f(x - e)) / 2 e``.

    `function` takes an array like `x` and returns one number; all is computed in float64. The error
    falls with the square of the `step` ``e`` until rounding takes over; near 1e-5 is best (Press et
    al. 2007, Numerical Recipes, section 5.7).

    Examples
    --------
    >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    point = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        e = np.zeros_like(point)
        e[index] = step
        gradient[index] = (function(point + e) - function(point - e)) / (2 * step)
    return gradient


def _arguments(x: Any, kernel: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check what both directions of a dense layer are given."""
    x, kernel = as_array(x, "x"), as_array(kernel, "kernel", "(features, units)")
    as_array(x, "x", (*x.shape[:-1], len(kernel)), f"kernel has shape {kernel.shape}")
    return x, kernel


def _targets(logits: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores, and the labels as one probability for each class."""
    logits = as_array(logits, "logits", "(batch, classes)")
    labels = np.asarray(labels)
    if labels.ndim == 2:
        labels = as_array(labels, "labels", logits.shape, "one probability for each class")
        return logits, labels.astype(logits.dtype, copy=False)
    as_array(labels, "labels", logits.shape[:1], "one class number for each row of logits")
    if labels.size and labels.dtype.kind not in "iub":
        raise DataError(f"labels are of type {labels.dtype}; expected whole numbers, the classes")
    numbers, classes = labels.astype(np.int64), logits.shape[1]
    if labels.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise DataError(
            f"labels go from {numbers.min()} to {numbers.max()}; logits of shape {logits.shape} "
            f"expect class numbers from 0 to {classes - 1}"
        )
    return logits, np.eye(classes, dtype=logits.dtype)[numbers]
