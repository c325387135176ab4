"""Long short-term memory, forward and backward through time.

    i, f, o = sigmoid(x_t W + h_{t-1} U + b)     input, forget and output gate
    g       = tanh(x_t W + h_{t-1} U + b)        candidate
    c_t     = f c_{t-1} + i g                    cell: remembers
    h_t     = o tanh(c_t)                        state: what the next layer sees

Each gate has its own columns of W, U and b, in Keras's order i, f, g (Keras calls it c), o
(Hochreiter & Schmidhuber 1997; the forget gate is that of Gers, Schmidhuber & Cummins 2000).
"""

from typing import Any, NamedTuple

import numpy as np

from medtutor.errors import DataError
from medtutor.layers._checks import optional
from medtutor.layers._threads import one_thread
from medtutor.layers.recurrent import (
    initial,
    output_gradient,
    project,
    projection_gradient,
    recurrent_gradient,
    sequence_arguments,
)


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
    """Run an LSTM over sequences.

    Parameters
    ----------
    x : array_like, shape (batch, time, features)
        Sequences, float32 or float64.
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
    """
    x, kernel, recurrent_kernel = sequence_arguments(x, kernel, recurrent_kernel, 4)
    state, cell = _initial_pair(initial_state, x, recurrent_kernel)
    units = len(recurrent_kernel)
    gates = project(x, kernel, optional(bias, (4 * units,), "bias", kernel))
    steps, batch = gates.shape[:2]
    h = np.empty((steps, batch, units), x.dtype)
    c = np.empty_like(h)
    with one_thread():
        for t in range(steps):
            a = gates[t]
            a += state @ recurrent_kernel
            sigmoid(a[:, : 2 * units])
            np.tanh(a[:, 2 * units : 3 * units], out=a[:, 2 * units : 3 * units])
            sigmoid(a[:, 3 * units :])
            i, f, g, o = a.reshape(batch, 4, units).swapaxes(0, 1)
            np.multiply(f, cell, out=c[t])
            c[t] += i * g
            cell = c[t]
            state = np.multiply(o, np.tanh(cell), out=h[t])
    if not return_trace:
        return h.swapaxes(0, 1)
    each = gates.reshape(steps, batch, 4, units).transpose(2, 1, 0, 3)
    return LSTMTrace(h.swapaxes(0, 1), c.swapaxes(0, 1), *each)


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

    What multiplies dc and dh is known from the forward pass, so it is computed for all steps at
    once before the loop.

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
    """
    x, kernel, recurrent_kernel = sequence_arguments(x, kernel, recurrent_kernel, 4)
    state, cell = _initial_pair(initial_state, x, recurrent_kernel)
    if trace is None:
        trace = lstm(x, kernel, recurrent_kernel, bias, (state, cell), return_trace=True)
    h, c, i, f, g, o = (part.swapaxes(0, 1) for part in trace)
    dy = output_gradient(dy, x, recurrent_kernel)
    steps, batch, units = h.shape

    tanh_c = np.tanh(c)
    before = np.concatenate([cell[None], c])[:steps]
    da = np.empty((steps, batch, 4, units), x.dtype)
    np.multiply(g, i * (1 - i), out=da[:, :, 0])
    np.multiply(before, f * (1 - f), out=da[:, :, 1])
    np.multiply(i, 1 - g * g, out=da[:, :, 2])
    np.multiply(tanh_c, o * (1 - o), out=da[:, :, 3])
    through = o * (1 - tanh_c * tanh_c)

    dh, dc = np.zeros_like(state), np.zeros_like(cell)
    flat, backwards = da.reshape(steps, batch, 4 * units), recurrent_kernel.T
    with one_thread():
        for t in reversed(range(steps)):
            dh += dy[t]
            dc += dh * through[t]
            da[t, :, :3] *= dc[:, None]
            da[t, :, 3] *= dh
            dc *= f[t]
            dh = flat[t] @ backwards
    dx, dkernel, dbias = projection_gradient(flat, x, kernel)
    return dx, dkernel, recurrent_gradient(flat, h, state), dbias, (dh, dc)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Replace `x` by ``1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2``, which cannot overflow."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1
    x *= 0.5
    return x


def _initial_pair(
    states: Any, x: np.ndarray, recurrent_kernel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if states is None:
        states = (None, None)
    if not isinstance(states, tuple | list) or len(states) != 2:
        raise DataError("initial_state is not a pair; expected (h, c), each of (batch, units)")
    h = initial(states[0], x, recurrent_kernel, "initial_state[0]")
    return h, initial(states[1], x, recurrent_kernel, "initial_state[1]")
