"""How weights start: at random, with a spread that suits the layer's size."""

import math

import numpy as np
from numpy.typing import DTypeLike

from medtutor.errors import DataError

# Standard deviation of a normal distribution that is cut off at two of its own.
_CUT_AT_TWO = 0.87962566103423978


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Count the inputs and outputs that one weight tensor joins, ``(fan_in, fan_out)``.

    Parameters
    ----------
    shape : tuple of int
        (..., inputs, outputs); the axes before are taps of a kernel and count on both sides.
    """
    if len(shape) < 2:
        raise DataError(f"shape is {shape}; expected at least two axes, (inputs, outputs)")
    taps = math.prod(shape[:-2])
    return taps * shape[-2], taps * shape[-1]


def glorot_uniform(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """Draw from ``[-a, a]`` with ``a = sqrt(6 / (fan_in + fan_out))`` (Glorot & Bengio 2010)."""
    limit = math.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def he_normal(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """Draw normal weights of variance ``2 / fan_in`` (He et al. 2015), for layers with a ReLU.

    As in Keras, the normal distribution is cut off at two standard deviations and widened so that
    the variance is right again.
    """
    weights = rng.standard_normal(shape)
    while (outside := np.abs(weights) > 2).any():
        weights[outside] = rng.standard_normal(int(outside.sum()))
    return (weights * (math.sqrt(2 / fans(shape)[0]) / _CUT_AT_TWO)).astype(dtype)


def orthogonal(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """Draw a matrix whose rows or columns are orthonormal (Saxe, McClelland & Ganguli 2014).

    Recurrent layers start with it: h U is then as long as h (for a square U).
    """
    fans(shape)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.where(np.diag(r) < 0, -1, 1)  # makes the draw uniform over all such matrices
    return (q.T if rows < columns else q).reshape(shape).astype(dtype)
