"""Max and average pooling of images, forward and backward.

``max:     y[n, i, j, c] = max over p, q of x[n, i s + p, j s + q, c]``
``average: y[n, i, j, c] = mean over p, q of the same pixels``

Border pixels that `padding` adds count in neither.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import IMAGES, as_array, output_gradient, pair
from medtutor.layers.conv import Grid, crop, pad, place, shifts

Size = int | Sequence[int]


def max_pool2d(
    x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Keep the largest value of each window.

    Parameters
    ----------
    x : array_like, shape (batch, height, width, channels)
        Images.
    pool_size : int or (int, int)
        Height and width of the window.
    strides : int or (int, int), optional
        Step of the window; `pool_size` if None.
    padding : "valid", "same" or ((top, bottom), (left, right))
        As in `conv2d`; what is added is never the largest value.

    Returns
    -------
    ndarray, shape (batch, places down, places across, channels)

    Raises
    ------
    DataError
        If a shape does not fit, or a window lies in the padding altogether.

    Examples
    --------
    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    x, grid = _arguments(x, pool_size, strides, padding)
    padded = pad(x, grid, -np.inf)
    return reduce(np.maximum, (pixels for _, _, pixels in shifts(padded, grid))).copy()


def max_pool2d_backward(
    dy: Any, x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Hand the gradient to the pixel that was the largest; the first one, row by row, in a tie.

    Parameters
    ----------
    dy : array_like, shape (batch, places down, places across, channels)
        Gradient of the loss with respect to the output.
    x, pool_size, strides, padding
        As given to `max_pool2d`.

    Returns
    -------
    dx : ndarray, shape of `x`

    Examples
    --------
    >>> x = np.array([[1.0, 3.0], [3.0, 2.0]]).reshape(1, 2, 2, 1)
    >>> max_pool2d_backward(np.ones((1, 1, 1, 1)), x)[0, :, :, 0]
    array([[0., 1.],
           [0., 0.]])
    """
    y = max_pool2d(x, pool_size, strides, padding)
    x, grid = _arguments(x, pool_size, strides, padding)
    dy, padded = output_gradient(dy, y.shape), pad(x, grid, -np.inf)
    dx, waiting = np.zeros(padded.shape, dy.dtype), np.ones(y.shape, bool)
    for (_, _, pixels), (_, _, dpixels) in zip(shifts(padded, grid), shifts(dx, grid), strict=True):
        found = waiting & (pixels == y)
        dpixels += dy * found
        waiting ^= found
    return crop(dx, grid)


def average_pool2d(
    x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Take the mean of each window, of the pixels that lie on the image.

    Parameters, returns and errors are those of `max_pool2d`. Padding does not count: a window with
    one pixel on the image has that pixel's value (as in Keras).

    Examples
    --------
    >>> average_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    x, grid = _arguments(x, pool_size, strides, padding)
    return _total(x, grid) / _pixels_on_image(x, grid)


def average_pool2d_backward(
    dy: Any, x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Share the gradient equally among the pixels of each window.

    Parameters and returns are those of `max_pool2d_backward`. Of `x` only the shape matters.

    Examples
    --------
    >>> average_pool2d_backward(np.ones((1, 1, 1, 1)), np.zeros((1, 2, 2, 1)))[0, :, :, 0]
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    x, grid = _arguments(x, pool_size, strides, padding)
    share = output_gradient(dy, (len(x), *grid.places, x.shape[3])) / _pixels_on_image(x, grid)
    dx = pad(np.zeros(x.shape, share.dtype), grid)
    for _, _, dpixels in shifts(dx, grid):
        dpixels += share
    return crop(dx, grid)


def _total(x: np.ndarray, grid: Grid) -> np.ndarray:
    """Sum the pixels of each window."""
    return reduce(np.add, (pixels for _, _, pixels in shifts(pad(x, grid), grid)))


def _pixels_on_image(x: np.ndarray, grid: Grid) -> np.ndarray:
    """Count the image's pixels in each window, shape (1, places down, places across, 1)."""
    return _total(np.ones((1, *x.shape[1:3], 1), x.dtype), grid)


def _arguments(x: Any, pool_size: Any, strides: Any, padding: Any) -> tuple[np.ndarray, Grid]:
    """Check what both directions are given."""
    x = as_array(x, "x", IMAGES, 4)
    size = pair(pool_size, "pool_size")
    step = size if strides is None else pair(strides, "strides")
    grid = place(x.shape[1:3], size, step, padding)
    if max(grid.pads[0]) >= size[0] or max(grid.pads[1]) >= size[1]:
        raise DataError(
            f"padding {grid.pads} leaves windows of {size[0]} x {size[1]} without a pixel of the "
            "image; expected less padding than the window is wide"
        )
    return x, grid
