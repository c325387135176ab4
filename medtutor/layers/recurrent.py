"""The simple recurrent layer, forward and backward through time.

All recurrent layers of the package take sequences of shape (batch, time, features), project every
step's input in one matrix product, and loop over time only for what depends on the step before.
Inside, time is the first axis: one step of all sequences then lies together in memory.
"""

from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers._checks import SEQUENCES, as_array, expect_shape, optional
from medtutor.layers._threads import one_thread

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def simple_rnn(
    x: Any, kernel: Any, recurrent_kernel: Any, bias: Any = None, initial_state: Any = None
) -> np.ndarray:
    """Run ``h_t = tanh(x_t W + h_{t-1} U + b)`` over sequences (Elman 1990).

    Parameters
    ----------
    x : array_like, shape (batch, time, features)
        Sequences, float32 or float64.
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
    """
    x, kernel, recurrent_kernel = sequence_arguments(x, kernel, recurrent_kernel, 1)
    state = initial(initial_state, x, recurrent_kernel)
    h = project(x, kernel, optional(bias, kernel.shape[1:], "bias", kernel))
    with one_thread():
        for t in range(len(h)):
            h[t] += state @ recurrent_kernel
            state = np.tanh(h[t], out=h[t])
    return h.swapaxes(0, 1)


def simple_rnn_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    initial_state: Any = None,
    states: Any = None,
) -> Gradients:
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
    """
    x, kernel, recurrent_kernel = sequence_arguments(x, kernel, recurrent_kernel, 1)
    state = initial(initial_state, x, recurrent_kernel)
    if states is None:
        states = simple_rnn(x, kernel, recurrent_kernel, bias, initial_state)
    h = np.swapaxes(states, 0, 1)
    dy = output_gradient(dy, x, recurrent_kernel)

    da = 1 - h * h
    dh = np.zeros_like(state)
    backwards = recurrent_kernel.T
    with one_thread():
        for t in reversed(range(len(da))):
            dh += dy[t]
            da[t] *= dh
            dh = da[t] @ backwards
    dx, dkernel, dbias = projection_gradient(da, x, kernel)
    return dx, dkernel, recurrent_gradient(da, h, state), dbias, dh


def project(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return ``x W + b`` for all steps at once, shape (time, batch, columns of W)."""
    batch, steps, features = x.shape
    projected = x.swapaxes(0, 1).reshape(steps * batch, features) @ kernel
    projected += bias
    return projected.reshape(steps, batch, kernel.shape[1])


def projection_gradient(
    da: np.ndarray, x: np.ndarray, kernel: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of `project`: of x, of the kernel and of the bias."""
    batch, steps, features = x.shape
    rows = da.reshape(steps * batch, kernel.shape[1])
    dx = (rows @ kernel.T).reshape(steps, batch, features).swapaxes(0, 1)
    dkernel = x.swapaxes(0, 1).reshape(steps * batch, features).T @ rows
    return dx, dkernel, rows.sum(axis=0)


def recurrent_gradient(da: np.ndarray, h: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Return the gradient of U, the sum of ``h_{t-1}^T da_t``; arrays are (time, batch, ...)."""
    units = state.shape[1]
    before = np.concatenate([state[None], h])[: len(h)]
    return before.reshape(-1, units).T @ da.reshape(-1, da.shape[2])


def sequence_arguments(
    x: Any, kernel: Any, recurrent_kernel: Any, gates: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check the arguments that all recurrent layers share, and give them one type.

    Parameters
    ----------
    x, kernel, recurrent_kernel : array_like
        Of shapes (batch, time, features), (features, gates * units) and (units, gates * units).
    gates : int
        Blocks of columns in the kernels: 1 for `simple_rnn`, 3 for `gru`, 4 for `lstm`.
    """
    x = as_array(x, "x", SEQUENCES, 3)
    kernel = as_array(kernel, "kernel", "(features, gates * units)", 2)
    recurrent_kernel = as_array(recurrent_kernel, "recurrent_kernel", "(units, gates * units)", 2)
    units = recurrent_kernel.shape[0]
    expect_shape(
        recurrent_kernel, (units, gates * units), "recurrent_kernel", f"{gates} x {units} units"
    )
    expect_shape(
        kernel, (x.shape[2], gates * units), "kernel", f"x has shape {x.shape}, {units} units"
    )
    dtype = np.result_type(x, kernel, recurrent_kernel)
    return (
        x.astype(dtype, copy=False),
        kernel.astype(dtype, copy=False),
        recurrent_kernel.astype(dtype, copy=False),
    )


def initial(
    state: Any, x: np.ndarray, recurrent_kernel: np.ndarray, name: str = "initial_state"
) -> np.ndarray:
    """Return the state before the first step, shape (batch, units); zeros where it is None."""
    state = optional(state, (len(x), len(recurrent_kernel)), name, x)
    return state.astype(x.dtype, copy=False)


def output_gradient(dy: Any, x: np.ndarray, recurrent_kernel: np.ndarray) -> np.ndarray:
    """Check the gradient of all states and put time first."""
    dy = as_array(dy, "dy", "(batch, time, units)")
    expected = (*x.shape[:2], len(recurrent_kernel))
    if dy.shape != expected:
        raise DataError(
            f"dy has shape {dy.shape}; expected {expected}, a gradient for the state of every step",
            remedy="Fill with zeros the steps that the loss does not look at.",
        )
    return dy.swapaxes(0, 1)
