"""Convolution and pooling of images, forward and backward, and where their windows lie.

``y[n, i, j, f] = b[f] + sum over p, q, c of x[n, i s + p d, j s + q d, c] k[p, q, c, f]``
``y[n, i, j, c] = max (or mean) over p, q of x[n, i s + p, j s + q, c]``

The first is the cross-correlation that deep learning calls convolution: the kernel is not flipped.
In the second the border that `padding` adds is never the largest, and does not count in a mean.
Symbols follow Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning":
stride ``s``, dilation ``d``, taps ``p, q`` of the window.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from medtutor.errors import DataError
from medtutor.layers.checks import as_array, optional, output_gradient, pair

IMAGES = "(batch, height, width, channels)"
Size = int | Sequence[int]
Pair = tuple[int, int]


def conv2d(
    x: Any,
    kernel: Any,
    bias: Any = None,
    strides: Size = (1, 1),
    padding: Any = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """Convolve images with a bank of filters: all windows as rows, times the kernel as a matrix.

    Parameters
    ----------
    x : (batch, height, width, channels)
        The rows hold each pixel once for every tap that meets it; so much memory it takes.
    kernel : (kernel height, kernel width, channels, filters)
    bias : (filters,), optional
    strides, dilation : int or (int, int)
        Step of the window and distance of its taps, along height and width.
    padding : "valid", "same" or ((top, bottom), (left, right))
        Zeros around the image: none, enough for ``ceil(size / stride)`` places, or as stated.

    Returns
    -------
    y : (batch, places down, places across, filters)

    Examples
    --------
    >>> conv2d(np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1)))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    x, kernel, grid = _conv_arguments(x, kernel, strides, padding, dilation)
    taps, filters = kernel[..., 0].size, kernel.shape[3]
    windows = grid.windows(grid.pad(x))
    y = windows.reshape(-1, taps) @ kernel.reshape(taps, filters)
    y += optional(bias, (filters,), "bias", y)
    return y.reshape(*windows.shape[:3], filters)


def conv2d_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    strides: Size = (1, 1),
    padding: Any = "valid",
    dilation: Size = (1, 1),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients ``dx, dkernel, dbias`` of a loss from that of the output, `dy`.

    ``dk[p, q, c, f] = sum over n, i, j of x[n, i s + p d, j s + q d, c] dy[n, i, j, f]``, and each
    output hands ``dy k`` back to the pixels it was made of.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> dx, dk, db = conv2d_backward(np.ones((1, 2, 2, 1)), x, np.ones((2, 2, 1, 1)))
    >>> dx.ravel()
    array([1., 2., 1., 2., 4., 2., 1., 2., 1.])
    """
    x, kernel, grid = _conv_arguments(x, kernel, strides, padding, dilation)
    taps, filters = kernel[..., 0].size, kernel.shape[3]
    windows = grid.windows(grid.pad(x))
    dy = output_gradient(dy, (*windows.shape[:3], filters)).reshape(-1, filters)
    dkernel = (windows.reshape(-1, taps).T @ dy).reshape(kernel.shape)
    dbias = np.ones(len(dy), dy.dtype) @ dy  # rounds less than a sum from top to bottom
    dx = grid.pad(np.zeros(x.shape, np.result_type(dy, kernel)))
    for pixels, tap in zip(grid.taps(dx), kernel.reshape(-1, *kernel.shape[2:]), strict=True):
        pixels += (dy @ tap.T).reshape(pixels.shape)
    return grid.crop(dx), dkernel, dbias


def max_pool2d(
    x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Keep the largest value of each window.

    Parameters
    ----------
    x, strides, padding
        As for `conv2d`; the step is the size if None.
    pool_size : int or (int, int)
        Size of the window.

    Examples
    --------
    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    x, grid = _pool_arguments(x, pool_size, strides, padding)
    return reduce(np.maximum, grid.taps(grid.pad(x, -np.inf)))


def max_pool2d_backward(
    dy: Any, x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Hand the gradient to the pixel that was the largest; the first one, row by row, in a tie.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 3.0, 2.0]).reshape(1, 2, 2, 1)
    >>> max_pool2d_backward(np.ones((1, 1, 1, 1)), x).ravel()
    array([0., 1., 0., 0.])
    """
    x, grid = _pool_arguments(x, pool_size, strides, padding)
    padded = grid.pad(x, -np.inf)
    y = reduce(np.maximum, grid.taps(padded))
    dy = output_gradient(dy, y.shape)
    dx, waiting = np.zeros(padded.shape, dy.dtype), np.ones(y.shape, bool)
    for pixels, dpixels in zip(grid.taps(padded), grid.taps(dx), strict=True):
        found = waiting & (pixels == y)
        dpixels += dy * found
        waiting ^= found
    return grid.crop(dx)


def average_pool2d(
    x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Take the mean of each window; parameters and shapes are those of `max_pool2d`.

    Examples
    --------
    >>> average_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    x, grid = _pool_arguments(x, pool_size, strides, padding)
    return reduce(np.add, grid.taps(grid.pad(x))) / _pixels_on_image(x, grid)


def average_pool2d_backward(
    dy: Any, x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Share the gradient equally among the pixels of each window.

    Examples
    --------
    >>> average_pool2d_backward(np.ones((1, 1, 1, 1)), np.zeros((1, 2, 2, 1))).ravel()
    array([0.25, 0.25, 0.25, 0.25])
    """
    x, grid = _pool_arguments(x, pool_size, strides, padding)
    pixels = _pixels_on_image(x, grid)
    share = output_gradient(dy, (len(x), *pixels.shape[1:3], x.shape[3])) / pixels
    dx = grid.pad(np.zeros(x.shape, share.dtype))
    for dpixels in grid.taps(dx):
        dpixels += share
    return grid.crop(dx)


class Grid:
    """The windows on images of a size; every pair is along height and width."""

    def __init__(
        self, image: Pair, size: Pair, strides: Size, padding: Any, dilation: Size = 1
    ) -> None:
        self.size, self.strides = size, pair(strides, "strides")
        self.dilation = pair(dilation, "dilation")
        self.span = [(k - 1) * d + 1 for k, d in zip(size, self.dilation, strict=True)]
        if isinstance(padding, str) and padding.lower() == "valid":
            self.pads = [(0, 0), (0, 0)]
        elif isinstance(padding, str) and padding.lower() == "same":
            self.pads = list(map(_same, image, self.span, self.strides))
        else:
            self.pads = _explicit(padding)
        for axis, name in enumerate(("height", "width")):
            needs, has = self.span[axis], image[axis] + sum(self.pads[axis])
            if needs > has:
                raise DataError(
                    f"the window spans {needs} pixels of {name}, the image with its padding has "
                    f"only {has}",
                    remedy='Take a smaller kernel or padding="same".',
                )

    def pad(self, x: np.ndarray, value: float = 0.0) -> np.ndarray:
        """Put the border around images (always a copy)."""
        return np.pad(x, ((0, 0), *self.pads, (0, 0)), constant_values=value)

    def crop(self, x: np.ndarray) -> np.ndarray:
        """Take the border off again: the gradient of `pad`."""
        (top, bottom), (left, right) = self.pads
        return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]

    def windows(self, x: np.ndarray) -> np.ndarray:
        """View padded images as ``view[n, i, j, p, q, c] = x[n, i s + p d, j s + q d, c]``."""
        (s, t), (d, e) = self.strides, self.dilation
        view = sliding_window_view(x, self.span, axis=(1, 2), writeable=True)
        return view[:, ::s, ::t, :, ::d, ::e].transpose(0, 1, 2, 4, 5, 3)

    def taps(self, x: np.ndarray) -> list[np.ndarray]:
        """View, for each tap of the window, the pixel that it meets at every place."""
        view = self.windows(x)
        return [view[:, :, :, p, q] for p, q in np.ndindex(self.size)]


def output_size(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Count the places of a window along an axis, `pad` of both ends; 0 or less: it does not fit.

    ``o = floor((i + p - (k - 1) d - 1) / s) + 1`` (Dumoulin & Visin 2016, relationship 15).
    """
    return (size + pad - (kernel - 1) * dilation - 1) // stride + 1


def _conv_arguments(x: Any, kernel: Any, *where: Any) -> tuple[np.ndarray, np.ndarray, Grid]:
    """Check what both directions are given."""
    x = as_array(x, "x", IMAGES)
    kernel = as_array(kernel, "kernel", "(height, width, channels, filters)")
    if 0 in kernel.shape:
        raise DataError(f"kernel has shape {kernel.shape}; expected at least 1 along each axis")
    fitting = *kernel.shape[:2], x.shape[3], kernel.shape[3]
    as_array(kernel, "kernel", fitting, f"x has {x.shape[3]} channels")
    return x, kernel, Grid(x.shape[1:3], kernel.shape[:2], *where)


def _pixels_on_image(x: np.ndarray, grid: Grid) -> np.ndarray:
    """Count the image's pixels in each window, shape (1, places down, places across, 1)."""
    return reduce(np.add, grid.taps(grid.pad(np.ones((1, *x.shape[1:3], 1), x.dtype))))


def _pool_arguments(x: Any, pool_size: Any, strides: Any, padding: Any) -> tuple[np.ndarray, Grid]:
    """Check what both directions are given."""
    x = as_array(x, "x", IMAGES)
    size = pair(pool_size, "pool_size")
    grid = Grid(x.shape[1:3], size, size if strides is None else strides, padding)
    if max(grid.pads[0]) >= size[0] or max(grid.pads[1]) >= size[1]:
        raise DataError(
            f"padding {grid.pads} leaves windows of {size[0]} x {size[1]} without a pixel of the "
            "image; expected less padding than the window is wide"
        )
    return x, grid


def _same(size: int, span: int, stride: int) -> Pair:
    """Pad for ``ceil(size / stride)`` places, the odd pixel at the end, as TensorFlow does."""
    total = max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def _explicit(padding: Any) -> list[Pair]:
    """Read padding that is stated in pixels."""
    try:
        stated = np.asarray(padding)
    except ValueError:  # rows of different lengths
        stated = np.zeros(0)
    if stated.shape != (2, 2) or stated.dtype.kind not in "iu" or stated.min() < 0:
        expected = '"valid", "same" or ((top, bottom), (left, right)) in pixels'
        raise DataError(f"padding is {padding!r}; expected {expected}")
    return [(int(before), int(after)) for before, after in stated]
