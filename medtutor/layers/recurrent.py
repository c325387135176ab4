"""Recurrent layers, forward and backward through time: the simple one and the LSTM.

Sequences are (batch, time, features). Every step's input is projected in one matrix product; the
loop over time holds only what depends on the step before. Inside, time is the first axis.
"""

from typing import Any, NamedTuple

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import SEQUENCES, as_array, expect_shape, optional


def simple_rnn(
    x: Any, kernel: Any, recurrent_kernel: Any, bias: Any = None, initial_state: Any = None
) -> np.ndarray:
    """Run ``h_t = tanh(x_t W + h_{t-1} U + b)`` over sequences (Elman 1990).

    Parameters
    ----------
    x : array_like, shape (batch, time, features)
        Sequences.
    kernel : array_like, shape (features, units)
        ``W``, as Keras stores it.
    recurrent_kernel : array_like, shape (units, units)
        ``U``.
    bias : array_like, shape (units,), optional
    initial_state : array_like, shape (batch, units), optional
        ``h_0``; zeros if None.

    Returns
    -------
    h : ndarray, shape (batch, time, units)
        The states of all steps; the last one is ``h[:, -1]``.

    Raises
    ------
    DataError
        If a shape does not fit.

    Examples
    --------
    >>> simple_rnn([[[1], [0]]], [[1]], [[1]]).round(3)
    array([[[0.762],
            [0.642]]])
    """
    x, W, U = _arguments(x, kernel, recurrent_kernel, gates=1)
    state = _initial(initial_state, x, U)
    h = _project(x, W, bias)
    for t in range(len(h)):
        state = h[t] = np.tanh(h[t] + state @ U)
    return h.swapaxes(0, 1)


def simple_rnn_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    initial_state: Any = None,
    states: Any = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Carry the gradient back through time (Werbos 1990, "Backpropagation through time").

    With ``a_t`` the argument of the tanh, from the last step to the first:
    ``dh_t = dy_t + da_{t+1} U^T`` and ``da_t = dh_t (1 - h_t^2)``.

    Parameters
    ----------
    dy : array_like, shape (batch, time, units)
        Gradient of the loss with respect to every state (zero where the loss does not look).
    x, kernel, recurrent_kernel, bias, initial_state
        As given to `simple_rnn`.
    states : array_like, shape (batch, time, units), optional
        What `simple_rnn` returned; if None it is computed again.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dinitial_state : ndarray
        Gradients, shaped as the arguments.

    Examples
    --------
    >>> dx, *_ = simple_rnn_backward([[[0], [1]]], [[[1], [0]]], [[1]], [[1]])
    >>> dx.round(3)
    array([[[0.247],
            [0.588]]])
    """
    x, W, U = _arguments(x, kernel, recurrent_kernel, gates=1)
    start = _initial(initial_state, x, U)
    if states is None:
        states = simple_rnn(x, W, U, bias, start)
    h, dy = np.swapaxes(states, 0, 1), _output_gradient(dy, x, U)
    da, dh = np.empty_like(h), np.zeros_like(start)
    for t in reversed(range(len(h))):
        dh = dh + dy[t]
        da[t] = dh * (1 - h[t] * h[t])
        dh = da[t] @ U.T
    return *_weight_gradients(da, x, W, h, start), dh


class LSTMTrace(NamedTuple):
    """All that an LSTM computed, each of shape (batch, time, units)."""

    h: np.ndarray
    c: np.ndarray
    i: np.ndarray
    f: np.ndarray
    g: np.ndarray
    o: np.ndarray


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
    x : array_like, shape (batch, time, features)
        Sequences.
    kernel : array_like, shape (features, 4 units)
        ``W``, as Keras stores it: columns i, f, g, o.
    recurrent_kernel : array_like, shape (units, 4 units)
        ``U``.
    bias : array_like, shape (4 units,), optional
    initial_state : (h_0, c_0), each of shape (batch, units), optional
        Zeros if None.
    return_trace : bool
        Also give the cells and the gates of every step.

    Returns
    -------
    h : ndarray, shape (batch, time, units)
        The states of all steps, or an `LSTMTrace` with ``h, c, i, f, g, o``.

    Raises
    ------
    DataError
        If a shape does not fit.

    Examples
    --------
    >>> lstm([[[1], [0]]], np.ones((1, 4)), np.ones((1, 4))).round(3)
    array([[[0.37 ],
            [0.291]]])
    """
    x, W, U = _arguments(x, kernel, recurrent_kernel, gates=4)
    h, c = _initial_pair(initial_state, x, U)
    a = _project(x, W, bias)
    trace = np.empty((6, len(a), *h.shape), x.dtype)
    for t in range(len(a)):
        i, f, g, o = (a[t] + h @ U).reshape(len(x), 4, len(U)).swapaxes(0, 1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        trace[:, t] = h, c, i, f, g, o
    found = LSTMTrace(*trace.swapaxes(1, 2))
    return found if return_trace else found.h


def lstm_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    initial_state: Any = None,
    trace: LSTMTrace | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Carry the gradient back through time.

    From the last step to the first, with ``a`` the argument of each gate's sigmoid or tanh:
    ``dh_t = dy_t + da_{t+1} U^T``, ``dc_t = f_{t+1} dc_{t+1} + dh_t o (1 - tanh(c_t)^2)``, and

        da_i = dc g i (1 - i)           da_f = dc c_{t-1} f (1 - f)
        da_g = dc i (1 - g^2)           da_o = dh tanh(c) o (1 - o)

    Parameters
    ----------
    dy : array_like, shape (batch, time, units)
        Gradient of the loss with respect to every state (zero where the loss does not look).
    x, kernel, recurrent_kernel, bias, initial_state
        As given to `lstm`.
    trace : LSTMTrace, optional
        What ``lstm(..., return_trace=True)`` returned; if None it is computed again.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias : ndarray
        Gradients, shaped as the arguments.
    dinitial_state : (dh_0, dc_0)

    Examples
    --------
    >>> dx, *_ = lstm_backward([[[0], [1]]], [[[1], [0]]], np.ones((1, 4)), np.ones((1, 4)))
    >>> dx.shape
    (1, 2, 1)
    """
    x, W, U = _arguments(x, kernel, recurrent_kernel, gates=4)
    start, cell = _initial_pair(initial_state, x, U)
    if trace is None:
        trace = lstm(x, W, U, bias, (start, cell), return_trace=True)
    h, c, i, f, g, o = (part.swapaxes(0, 1) for part in trace)
    dy, tanh_c = _output_gradient(dy, x, U), np.tanh(c)
    before = np.concatenate([cell[None], c])[: len(c)]
    # what multiplies dc and dh in each step is known already
    slopes = g * (i * (1 - i)), before * (f * (1 - f)), i * (1 - g * g), tanh_c * (o * (1 - o))
    through = o * (1 - tanh_c * tanh_c)
    da = np.empty((*h.shape[:2], 4 * len(U)), x.dtype)
    dh, dc = np.zeros_like(start), np.zeros_like(cell)
    for t in reversed(range(len(h))):
        dh = dh + dy[t]
        dc = dc + dh * through[t]
        heads = dc, dc, dc, dh
        da[t] = np.concatenate([d * s[t] for d, s in zip(heads, slopes, strict=True)], axis=1)
        dc = dc * f[t]
        dh = da[t] @ U.T
    return *_weight_gradients(da, x, W, h, start), (dh, dc)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return ``1 / (1 + exp(-x))``, written as ``(1 + tanh(x / 2)) / 2``, which cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def _project(x: np.ndarray, W: np.ndarray, bias: Any) -> np.ndarray:
    """Return ``x W + b`` for all steps at once, shape (time, batch, columns of W)."""
    batch, steps, features = x.shape
    rows = x.swapaxes(0, 1).reshape(steps * batch, features) @ W
    rows += optional(bias, W.shape[1:], "bias", W)
    return rows.reshape(steps, batch, W.shape[1])


def _weight_gradients(
    da: np.ndarray, x: np.ndarray, W: np.ndarray, h: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dW, dU and db; `da` and `h` are (time, batch, ...)."""
    batch, steps, features = x.shape
    rows = da.reshape(steps * batch, W.shape[1])
    dx = (rows @ W.T).reshape(steps, batch, features).swapaxes(0, 1)
    dW = x.swapaxes(0, 1).reshape(steps * batch, features).T @ rows
    before = np.concatenate([start[None], h])[:steps]
    dU = before.reshape(-1, start.shape[1]).T @ rows
    return dx, dW, dU, rows.sum(axis=0)


def _arguments(
    x: Any, kernel: Any, recurrent_kernel: Any, gates: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check what both layers are given, and give x, W and U one type."""
    x = as_array(x, "x", SEQUENCES, 3)
    W = as_array(kernel, "kernel", "(features, gates * units)", 2)
    U = as_array(recurrent_kernel, "recurrent_kernel", "(units, gates * units)", 2)
    units = len(U)
    expect_shape(U, (units, gates * units), "recurrent_kernel", f"{gates} x {units} units")
    because = f"x has shape {x.shape}, {units} units"
    expect_shape(W, (x.shape[2], gates * units), "kernel", because)
    dtype = np.result_type(x, W, U)
    return x.astype(dtype, copy=False), W.astype(dtype, copy=False), U.astype(dtype, copy=False)


def _initial(state: Any, x: np.ndarray, U: np.ndarray, name: str = "initial_state") -> np.ndarray:
    """Return the state before the first step, shape (batch, units); zeros where it is None."""
    return optional(state, (len(x), len(U)), name, x).astype(x.dtype, copy=False)


def _initial_pair(states: Any, x: np.ndarray, U: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the state and the cell before the first step."""
    if states is None:
        states = (None, None)
    if not isinstance(states, tuple | list) or len(states) != 2:
        raise DataError("initial_state is not a pair; expected (h, c), each of (batch, units)")
    h = _initial(states[0], x, U, "initial_state[0]")
    return h, _initial(states[1], x, U, "initial_state[1]")


def _output_gradient(dy: Any, x: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Check the gradient of all states and put time first."""
    dy = as_array(dy, "dy", "(batch, time, units)")
    expected = (*x.shape[:2], len(U))
    if dy.shape != expected:
        raise DataError(
            f"dy has shape {dy.shape}; expected {expected}, a gradient for the state of every step",
            remedy="Fill with zeros the steps that the loss does not look at.",
        )
    return dy.swapaxes(0, 1)
