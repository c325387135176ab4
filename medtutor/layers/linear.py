"""Dense layers, the ReLU and the softmax, forward and backward."""

from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers._checks import as_array, expect_shape, optional


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
    """
    x, kernel = _dense_arguments(x, kernel)
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
    """
    x, kernel = _dense_arguments(x, kernel)
    dy = as_array(dy, "dy")
    expect_shape(dy, (*x.shape[:-1], kernel.shape[1]), "dy", "the shape of the output")
    rows = dy.reshape(-1, kernel.shape[1])
    dkernel = x.reshape(-1, kernel.shape[0]).T @ rows
    return dy @ kernel.T, dkernel, rows.sum(axis=0)


def relu(x: Any) -> np.ndarray:
    """Return ``max(x, 0)``, element by element."""
    x = as_array(x, "x")
    return np.maximum(x, 0)


def relu_backward(dy: Any, x: Any) -> np.ndarray:
    """Let the gradient through where ``x > 0``; at 0 exactly it is 0, as in Keras."""
    x, dy = as_array(x, "x"), as_array(dy, "dy")
    expect_shape(dy, x.shape, "dy", "the shape of the output")
    return np.where(x > 0, dy, 0)


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
    """
    x = _with_axis(x, axis)
    if x.size == 0:
        return x.copy()
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    e /= e.sum(axis=axis, keepdims=True)
    return e


def softmax_backward(dy: Any, x: Any, axis: int = -1) -> np.ndarray:
    """Carry the gradient back through `softmax`: ``dx = p (dy - sum over k of dy_k p_k)``.

    Parameters
    ----------
    dy : array_like, shape of `x`
        Gradient of the loss with respect to the probabilities.
    x, axis
        As given to `softmax` (the scores, not the probabilities).

    Returns
    -------
    dx : ndarray, shape of `x`
    """
    p, dy = softmax(x, axis), as_array(dy, "dy")
    expect_shape(dy, p.shape, "dy", "the shape of the output")
    return p * (dy - (dy * p).sum(axis=axis, keepdims=True))


def _dense_arguments(x: Any, kernel: Any) -> tuple[np.ndarray, np.ndarray]:
    x = as_array(x, "x")
    kernel = as_array(kernel, "kernel", "(features, units)", 2)
    if x.ndim == 0 or x.shape[-1] != kernel.shape[0]:
        raise DataError(
            f"x has shape {x.shape}; expected (..., {kernel.shape[0]}), "
            f"because kernel has shape {kernel.shape}"
        )
    return x, kernel


def _with_axis(x: Any, axis: int) -> np.ndarray:
    x = as_array(x, "x")
    if not -x.ndim <= axis < x.ndim:
        raise DataError(f"axis is {axis}, x has shape {x.shape}; expected one of its axes")
    return x
