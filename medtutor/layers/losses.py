"""What a network is trained to make small, each with its gradient, and the referee of gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import as_array, expect_shape
from medtutor.layers.linear import softmax


def cross_entropy(logits: Any, labels: Any) -> float:
    """Return the mean of ``-sum over c of y_c log p_c`` with ``p = softmax(logits)``.

    Computed from the scores, ``log p_c = x_c - log sum over k of exp(x_k)``: a probability that
    underflows to 0 would have no logarithm.

    Parameters
    ----------
    logits : array_like, shape (batch, classes)
        Scores before the softmax.
    labels : array_like, shape (batch,) or (batch, classes)
        Class numbers, or one probability for each class (one-hot or soft).

    Returns
    -------
    float
        In nats; 0.0 for an empty batch.

    Raises
    ------
    DataError
        If the shapes do not agree, or a class number is not one of the columns.

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


def mean_squared_error(prediction: Any, target: Any) -> float:
    """Return the mean of ``(prediction - target)^2`` over all elements; 0.0 if there are none."""
    prediction, target = _same_shape(prediction, target)
    return float(np.square(prediction - target).sum() / max(prediction.size, 1))


def mean_squared_error_backward(prediction: Any, target: Any) -> np.ndarray:
    """Return the gradient of `mean_squared_error`, ``2 (prediction - target) / size``."""
    prediction, target = _same_shape(prediction, target)
    return 2 * (prediction - target) / max(prediction.size, 1)


# Name, as a `Network` is told it: the loss and its gradient.
LOSSES: dict[str, tuple[Callable[..., float], Callable[..., np.ndarray]]] = {
    "cross_entropy": (cross_entropy, cross_entropy_backward),
    "mean_squared_error": (mean_squared_error, mean_squared_error_backward),
}


def numerical_gradient(
    function: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """Approximate a gradient by central differences, ``(f(x + e) - f(x - e)) / 2 e``.

    The error falls with ``e^2`` until rounding takes over; in float64 a step near 1e-5 is best
    (Press et al. 2007, Numerical Recipes, section 5.7).

    Parameters
    ----------
    function : callable
        Takes an array like `x`, returns one number.
    x : ndarray
        Where to differentiate; computed in float64, two calls of `function` for each element.
    step : float
        ``e``.

    Returns
    -------
    ndarray of float64, shape of `x`

    Examples
    --------
    >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    point = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        here = point[index]
        point[index] = here + step
        above = function(point)
        point[index] = here - step
        below = function(point)
        point[index] = here
        gradient[index] = (above - below) / (2 * step)
    return gradient


def _targets(logits: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores, and the labels as one probability for each class."""
    logits = as_array(logits, "logits", "(batch, classes)", 2)
    labels = np.asarray(labels)
    if labels.ndim == 2:
        labels = as_array(labels, "labels")
        expect_shape(labels, logits.shape, "labels", "one probability for each class")
        return logits, labels.astype(logits.dtype, copy=False)
    expect_shape(labels, logits.shape[:1], "labels", "one class number for each row of logits")
    if labels.size and labels.dtype.kind not in "iub":
        raise DataError(f"labels are of type {labels.dtype}; expected whole numbers, the classes")
    numbers, classes = labels.astype(np.int64), logits.shape[1]
    if labels.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise DataError(
            f"labels go from {numbers.min()} to {numbers.max()}; logits of shape {logits.shape} "
            f"expect class numbers from 0 to {classes - 1}"
        )
    return logits, np.eye(classes, dtype=logits.dtype)[numbers]


def _same_shape(prediction: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check that prediction and target belong to each other."""
    prediction, target = as_array(prediction, "prediction"), as_array(target, "target")
    expect_shape(target, prediction.shape, "target", "the shape of the prediction")
    return prediction, target.astype(prediction.dtype, copy=False)
