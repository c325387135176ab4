"""The gated recurrent unit, forward and backward through time.

    z   = sigmoid(x_t W + b + h_{t-1} U + b')        update gate: how much to keep
    r   = sigmoid(x_t W + b + h_{t-1} U + b')        reset gate: how much to look back
    g   = tanh(x_t W + b + r (h_{t-1} U + b'))       candidate, reset after the product
    h_t = z h_{t-1} + (1 - z) g

Each gate has its own columns of W, U, b and b', in Keras's order z, r, g (Keras calls it h). The
paper resets before the product, ``g = tanh(x_t W + b + (r h_{t-1}) U)``, with one bias
(Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder").
"""

from typing import Any, NamedTuple

import numpy as np

from medtutor.errors import DataError
from medtutor.layers._checks import as_array, expect_shape
from medtutor.layers._threads import one_thread
from medtutor.layers.recurrent import (
    Gradients,
    initial,
    output_gradient,
    project,
    projection_gradient,
    recurrent_gradient,
    sequence_arguments,
)
from medtutor.layers.recurrent_lstm import sigmoid


class GRUTrace(NamedTuple):
    """All that a GRU computed, each of shape (batch, time, units).

    `m` is what the reset gate multiplied: ``h_{t-1} U + b'``, or ``h_{t-1}`` when it resets before.
    """

    h: np.ndarray
    z: np.ndarray
    r: np.ndarray
    g: np.ndarray
    m: np.ndarray


def gru(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    initial_state: Any = None,
    reset_after: bool = True,
    return_trace: bool = False,
) -> Any:
    """Run a GRU over sequences.

    Parameters
    ----------
    x : array_like, shape (batch, time, features)
        Sequences, float32 or float64.
    kernel : array_like, shape (features, 3 units)
        ``W``, as Keras stores it: columns z, r, g.
    recurrent_kernel : array_like, shape (units, 3 units)
        ``U``.
    bias : array_like, optional
        Shape (2, 3 units), rows b and b', with `reset_after`; shape (3 units,) without.
    initial_state : array_like, shape (batch, units), optional
        Zeros if None.
    reset_after : bool
        Apply the reset gate after the product with U (Keras's default), or before (the paper).
    return_trace : bool
        Also give the gates of every step.

    Returns
    -------
    h : ndarray, shape (batch, time, units)
        The states of all steps, or a `GRUTrace` with ``h, z, r, g, m``.

    Raises
    ------
    DataError
        If a shape does not fit.
    """
    x, kernel, recurrent_kernel = sequence_arguments(x, kernel, recurrent_kernel, 3)
    state = initial(initial_state, x, recurrent_kernel)
    b, recurrent_b = _biases(bias, kernel, reset_after)
    units = len(recurrent_kernel)
    gates = project(x, kernel, b)
    steps, batch = gates.shape[:2]
    h = np.empty((steps, batch, units), x.dtype)
    m = np.empty_like(h)
    with one_thread():
        for t in range(steps):
            zr, g = gates[t, :, : 2 * units], gates[t, :, 2 * units :]
            z, r = zr[:, :units], zr[:, units:]
            if reset_after:
                u = state @ recurrent_kernel
                u += recurrent_b
                m[t] = u[:, 2 * units :]
                zr += u[:, : 2 * units]
                sigmoid(zr)
                g += r * m[t]
            else:
                m[t] = state
                zr += state @ recurrent_kernel[:, : 2 * units]
                sigmoid(zr)
                g += (r * state) @ recurrent_kernel[:, 2 * units :]
            np.tanh(g, out=g)
            np.multiply(z, state - g, out=h[t])
            h[t] += g
            state = h[t]
    if not return_trace:
        return h.swapaxes(0, 1)
    z, r, g = gates.reshape(steps, batch, 3, units).transpose(2, 1, 0, 3)
    return GRUTrace(h.swapaxes(0, 1), z, r, g, m.swapaxes(0, 1))


def gru_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    initial_state: Any = None,
    reset_after: bool = True,
    trace: GRUTrace | None = None,
) -> Gradients:
    """Carry the gradient back through time.

    From the last step to the first, with ``a`` the argument of each gate's sigmoid or tanh and m
    what the reset gate multiplies:

        da_z = dh (h_{t-1} - g) z (1 - z)        da_g = dh (1 - z) (1 - g^2)
        da_r = q m r (1 - r)                     dm   = q r

    with ``q = da_g``, or ``da_g U^T`` when the reset comes before the product.

    Parameters
    ----------
    dy : array_like, shape (batch, time, units)
        Gradient of the loss with respect to every state (zero where the loss does not look).
    x, kernel, recurrent_kernel, bias, initial_state, reset_after
        As given to `gru`.
    trace : GRUTrace, optional
        What ``gru(..., return_trace=True)`` returned; if None it is computed again.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dinitial_state : ndarray
        Gradients, shaped as the arguments.
    """
    x, kernel, recurrent_kernel = sequence_arguments(x, kernel, recurrent_kernel, 3)
    state = initial(initial_state, x, recurrent_kernel)
    if trace is None:
        trace = gru(x, kernel, recurrent_kernel, bias, state, reset_after, return_trace=True)
    h, z, r, g, m = (part.swapaxes(0, 1) for part in trace)
    dy = output_gradient(dy, x, recurrent_kernel)
    steps, batch, units = h.shape

    before = np.concatenate([state[None], h])[:steps]
    da = np.empty((steps, batch, 3, units), x.dtype)
    np.multiply(before - g, z * (1 - z), out=da[:, :, 0])
    np.multiply(m, r * (1 - r), out=da[:, :, 1])
    np.multiply(1 - z, 1 - g * g, out=da[:, :, 2])
    du = da.copy() if reset_after else da  # gradient of h U + b'; its last block is r da_g

    dh = np.zeros_like(state)
    back = recurrent_kernel.T
    back_zr, back_g = back[: 2 * units], back[2 * units :]
    with one_thread():
        for t in reversed(range(steps)):
            dh += dy[t]
            da[t, :, ::2] *= dh[:, None]
            dh *= z[t]
            q = da[t, :, 2] if reset_after else da[t, :, 2] @ back_g
            da[t, :, 1] *= q
            dm = r[t] * q
            if reset_after:
                du[t, :, :2], du[t, :, 2] = da[t, :, :2], dm
                dh += du[t].reshape(batch, 3 * units) @ back
            else:
                dh += dm + da[t, :, :2].reshape(batch, 2 * units) @ back_zr
    flat = da.reshape(steps, batch, 3 * units)
    dx, dkernel, dbias = projection_gradient(flat, x, kernel)
    flat = du.reshape(flat.shape)
    if reset_after:
        drecurrent = recurrent_gradient(flat, h, state)
        dbias = np.stack([dbias, flat.sum(axis=(0, 1))])
    else:
        reset = (r * m).reshape(-1, units).T @ flat[:, :, 2 * units :].reshape(-1, units)
        drecurrent = recurrent_gradient(flat[:, :, : 2 * units], h, state)
        drecurrent = np.concatenate([drecurrent, reset], axis=1)
    return dx, dkernel, drecurrent, dbias, dh


def _biases(bias: Any, kernel: np.ndarray, reset_after: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return b and b' (zeros where there is none)."""
    columns = kernel.shape[1]
    zeros = np.zeros(columns, kernel.dtype)
    if bias is None:
        return zeros, zeros
    bias = as_array(bias, "bias")
    if bias.shape not in ((2, columns), (columns,)):
        raise DataError(f"bias has shape {bias.shape}; expected {(2, columns)} or {(columns,)}")
    because = "two rows with reset_after=True, one without"
    expect_shape(bias, (2, columns) if reset_after else (columns,), "bias", because)
    return (bias[0], bias[1]) if reset_after else (bias, zeros)
