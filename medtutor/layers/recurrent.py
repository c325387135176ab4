"""Recurrent layers, forward and backward through time: the simple one and the LSTM.

In the code time is the first axis, so that ``h[t]`` is the state of step t. The products with the
input are made for all steps at once; the loop over time holds what depends on the step before.
"""

from collections import namedtuple
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import as_array, optional

LSTMTrace = namedtuple("LSTMTrace", "h c i f g o")  # each of shape (batch, time, units)
ALL_STATES = "a gradient for the state of every step; zeros where the loss does not look"


def simple_rnn(
    x: Any, kernel: Any, recurrent_kernel: Any, bias: Any = None, initial_state: Any = None
) -> np.ndarray:
    """Run ``h_t = tanh(x_t W + h_{t-1} U + b)`` over sequences (Elman 1990).

    Parameters
    ----------
    x : (batch, time, features)
    kernel, recurrent_kernel : (features, units), (units, units)
        ``W`` and ``U``.
    bias : (units,), optional
    initial_state : (batch, units), optional
        ``h_0``; zeros if None.

    Returns
    -------
    h : (batch, time, units)
        The states of all steps; the last one is ``h[:, -1]``.

    Examples
    --------
    >>> simple_rnn([[[1], [0]]], [[1]], [[1]]).round(3)
    array([[[0.762],
            [0.642]]])
    """
    x, W, U, b = _arguments(x, kernel, recurrent_kernel, bias, gates=1)
    state = optional(initial_state, (x.shape[1], len(U)), "initial_state", x)
    h = x @ W + b
    for t in range(len(x)):
        state = h[t] = np.tanh(h[t] + state @ U)
    return h.swapaxes(0, 1)


def simple_rnn_backward(
    dy: Any, x: Any, kernel: Any, recurrent_kernel: Any, bias: Any = None, initial_state: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Carry the gradient back through time (Werbos 1990, "Backpropagation through time").

    `dy` holds the gradient with respect to every state, zero where the loss does not look. With
    ``a_t`` the argument of the tanh, from the last step to the first:
    ``dh_t = dy_t + da_{t+1} U^T`` and ``da_t = dh_t (1 - h_t^2)``.

    Examples
    --------
    >>> dx, *_ = simple_rnn_backward([[[0], [1]]], [[[1], [0]]], [[1]], [[1]])
    >>> dx.round(3)
    array([[[0.247],
            [0.588]]])
    """
    states = simple_rnn(x, kernel, recurrent_kernel, bias, initial_state)
    dy, h = as_array(dy, "dy", states.shape, ALL_STATES).swapaxes(0, 1), states.swapaxes(0, 1)
    x, W, U, _ = _arguments(x, kernel, recurrent_kernel, bias, gates=1)
    start = optional(initial_state, (x.shape[1], len(U)), "initial_state", x)
    da, dh = np.empty_like(h), np.zeros_like(start)
    for t in reversed(range(len(x))):
        dh = dh + dy[t]
        da[t] = dh * (1 - h[t] * h[t])
        dh = da[t] @ U.T
    return *_gradients(da, x, W, h, start), dh


def lstm(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    initial_state: Any = None,
    return_trace: bool = False,
) -> Any:
    """Run a long short-term memory over sequences.

        i, f, o = sigmoid(x_t W + h_{t-1} U + b)     input, forget and output gate
        g       = tanh(x_t W + h_{t-1} U + b)        candidate
        c_t     = f c_{t-1} + i g                    cell: remembers
        h_t     = o tanh(c_t)                        state: what the next layer sees

    Each gate has its own columns of W, U and b, in Keras's order i, f, g (Keras calls it c), o
    (Hochreiter & Schmidhuber 1997; the forget gate is that of Gers, Schmidhuber & Cummins 2000).

    Parameters
    ----------
    x, kernel, recurrent_kernel, bias
        As for `simple_rnn`, the last three with ``4 units`` columns.
    initial_state : (h_0, c_0), each of shape (batch, units), optional
        Zeros if None.
    return_trace : bool
        Give not only ``h``, the states of all steps, but an `LSTMTrace` with cells and gates too.

    Examples
    --------
    >>> lstm([[[1], [0]]], np.ones((1, 4)), np.ones((1, 4))).round(3)
    array([[[0.37 ],
            [0.291]]])
    """
    x, W, U, b = _arguments(x, kernel, recurrent_kernel, bias, gates=4)
    h, c = _pair(initial_state, x, U)
    a = x @ W + b
    trace = np.empty((6, len(x), *h.shape), x.dtype)
    for t in range(len(x)):
        i, f, g, o = np.split(a[t] + h @ U, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        trace[:, t] = h, c, i, f, g, o
    found = LSTMTrace(*trace.swapaxes(1, 2))
    return found if return_trace else found.h


def lstm_backward(
    dy: Any, x: Any, kernel: Any, recurrent_kernel: Any, bias: Any = None, initial_state: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Carry the gradient with respect to every state, `dy`, back through time.

    From the last step to the first, with ``a`` the argument of each gate's sigmoid or tanh:
    ``dh_t = dy_t + da_{t+1} U^T``, ``dc_t = f_{t+1} dc_{t+1} + dh_t o (1 - tanh(c_t)^2)``, and

        da_i = dc g i (1 - i)           da_f = dc c_{t-1} f (1 - f)
        da_g = dc i (1 - g^2)           da_o = dh tanh(c) o (1 - o)

    The last of what it returns is the pair ``dh_0, dc_0``.

    Examples
    --------
    >>> dx, *_ = lstm_backward([[[0], [1]]], [[[1], [0]]], np.ones((1, 4)), np.ones((1, 4)))
    >>> dx.round(3)
    array([[[0.278],
            [0.449]]])
    """
    trace = lstm(x, kernel, recurrent_kernel, bias, initial_state, return_trace=True)
    dy = as_array(dy, "dy", trace.h.shape, ALL_STATES).swapaxes(0, 1)
    h, c, i, f, g, o = (part.swapaxes(0, 1) for part in trace)
    x, W, U, _ = _arguments(x, kernel, recurrent_kernel, bias, gates=4)
    start, cell = _pair(initial_state, x, U)
    before, tanh_c = np.concatenate([cell[None], c])[: len(x)], np.tanh(c)
    # what multiplies dc and dh in each step is known already
    slopes = g * (i * (1 - i)), before * (f * (1 - f)), i * (1 - g * g)
    to_o, through = tanh_c * (o * (1 - o)), o * (1 - tanh_c * tanh_c)
    da = np.empty((*h.shape[:2], W.shape[1]), x.dtype)
    dh, dc = np.zeros_like(start), np.zeros_like(cell)
    for t in reversed(range(len(x))):
        dh = dh + dy[t]
        dc = dc + dh * through[t]
        da[t] = np.concatenate([dc * s[t] for s in slopes] + [dh * to_o[t]], axis=1)
        dc = dc * f[t]
        dh = da[t] @ U.T
    return *_gradients(da, x, W, h, start), (dh, dc)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return ``1 / (1 + exp(-x))``, written as ``(1 + tanh(x / 2)) / 2``, which cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def _gradients(
    da: np.ndarray, x: np.ndarray, W: np.ndarray, h: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dW, dU and db; each weight was used at every step."""
    before = np.concatenate([start[None], h])[: len(x)]
    inputs, states, rows = (each.reshape(-1, each.shape[2]) for each in (x, before, da))
    return (da @ W.T).swapaxes(0, 1), inputs.T @ rows, states.T @ rows, rows.sum(axis=0)


def _arguments(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, gates: int) -> Any:
    """Check what both layers are given; return x (time first), W, U and b, of one type."""
    x = as_array(x, "x", "(batch, time, features)")
    U = as_array(recurrent_kernel, "recurrent_kernel", "(units, gates * units)")
    units, columns = len(U), gates * len(U)
    as_array(U, "recurrent_kernel", (units, columns), f"{gates} x {units} units")
    W = as_array(kernel, "kernel", (x.shape[2], columns), f"x has shape {x.shape}, {units} units")
    dtype = np.result_type(x, W, U)
    x, W, U = (each.astype(dtype, copy=False) for each in (x.swapaxes(0, 1), W, U))
    return np.ascontiguousarray(x), W, U, optional(bias, W.shape[1:], "bias", W)


def _pair(states: Any, x: np.ndarray, U: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the state and the cell before the first step."""
    states = (None, None) if states is None else states
    if not isinstance(states, tuple | list) or len(states) != 2:
        raise DataError("initial_state is not a pair; expected (h, c), each of (batch, units)")
    shape = x.shape[1], len(U)
    h = optional(states[0], shape, "initial_state[0]", x)
    return h, optional(states[1], shape, "initial_state[1]", x)
