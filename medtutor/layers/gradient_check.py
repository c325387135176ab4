"""The referee of every backward pass: the derivative by its definition."""

from collections.abc import Callable

import numpy as np


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
