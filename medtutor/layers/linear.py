"""Dense layers, the ReLU and the softmax, forward and backward."""

from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import as_array, optional, output_gradient


def dense(x: Any, kernel: Any, bias: Any = None) -> np.ndarray:
    """Compute ``y = x W + b`` along the last axis.

    Parameters
    ----------
    x : array_like, shape (..., features)
    kernel : array_like, shape (features, units)
        ``W``, as Keras stores it.
    bias : array_like, shape (units,), optional

    Returns
    -------
    ndarray, shape (..., units)

    Examples
    --------
    >>> dense([[1, 2]], [[1, 0], [0, 1]], [10, 20])
    array([[11., 22.]])
    """
    x, kernel = _arguments(x, kernel)
    y = x @ kernel
    if bias is not None:
        y += optional(bias, (kernel.shape[1],), "bias", y)
    return y


def dense_backward(dy: Any, x: Any, kernel: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry the gradient back: ``dx = dy W^T``, ``dW = x^T dy``, ``db = sum of dy``.

    Parameters
    ----------
    dy : array_like, shape (..., units)
        Gradient of the loss with respect to the output.
    x, kernel
        As given to `dense`.

    Returns
    -------
    dx, dkernel, dbias : ndarray
        Summed over the batch, not averaged: the mean belongs to the loss.

    Examples
    --------
    >>> dx, dW, db = dense_backward([[1, 1]], [[1, 2]], [[1, 0], [0, 1]])
    >>> dW
    array([[1., 1.],
           [2., 2.]])
    """
    x, kernel = _arguments(x, kernel)
    dy = output_gradient(dy, (*x.shape[:-1], kernel.shape[1]))
    rows = dy.reshape(-1, kernel.shape[1])
    dkernel = x.reshape(-1, kernel.shape[0]).T @ rows
    return dy @ kernel.T, dkernel, rows.sum(axis=0)


def relu(x: Any) -> np.ndarray:
    """Return ``max(x, 0)``, element by element."""
    return np.maximum(as_array(x, "x"), 0)


def relu_backward(dy: Any, x: Any) -> np.ndarray:
    """Let the gradient through where ``x > 0``; at 0 exactly it is 0, as in Keras."""
    x = as_array(x, "x")
    return np.where(x > 0, output_gradient(dy, x.shape), 0)


def softmax(x: Any, axis: int = -1) -> np.ndarray:
    """Turn scores into probabilities, ``p_c = exp(x_c) / sum over k of exp(x_k)``.

    The largest score is taken off first. That changes nothing in the quotient, and no exponential
    can overflow (Goodfellow, Bengio & Courville 2016, section 4.1).

    Parameters
    ----------
    x : array_like
        Scores (logits), at least one axis.
    axis : int
        The axis of the classes; along it the result sums to 1.

    Returns
    -------
    ndarray, shape of `x`

    Examples
    --------
    >>> softmax([0, np.log(3)])
    array([0.25, 0.75])
    """
    x = as_array(x, "x")
    if not -x.ndim <= axis < x.ndim:
        raise DataError(f"axis is {axis}, x has shape {x.shape}; expected one of its axes")
    if x.size == 0:
        return x.copy()
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy: Any, x: Any, axis: int = -1) -> np.ndarray:
    """Carry the gradient back to the scores: ``dx = p (dy - sum over k of dy_k p_k)``."""
    p = softmax(x, axis)
    dy = output_gradient(dy, p.shape)
    return p * (dy - (dy * p).sum(axis=axis, keepdims=True))


def _arguments(x: Any, kernel: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check what both directions of a dense layer are given."""
    x = as_array(x, "x")
    kernel = as_array(kernel, "kernel", "(features, units)", 2)
    if x.ndim == 0 or x.shape[-1] != kernel.shape[0]:
        raise DataError(
            f"x has shape {x.shape}; expected (..., {kernel.shape[0]}), "
            f"because kernel has shape {kernel.shape}"
        )
    return x, kernel
