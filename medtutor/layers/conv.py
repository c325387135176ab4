"""Convolution of images, forward and backward, and where its windows lie.

``y[n, i, j, f] = b[f] + sum over p, q, c of x[n, i s + p d, j s + q d, c] k[p, q, c, f]``

This is the cross-correlation that deep learning calls convolution: the kernel is not flipped.
Symbols follow Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning":
stride ``s``, dilation ``d``, taps ``p, q`` of the kernel ``k``.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import IMAGES, as_array, optional, output_gradient, pair

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]


def conv2d(
    x: Any,
    kernel: Any,
    bias: Any = None,
    strides: int | Sequence[int] = (1, 1),
    padding: Any = "valid",
    dilation: int | Sequence[int] = (1, 1),
) -> np.ndarray:
    """Convolve images with a bank of filters: all windows as rows, times the kernel as a matrix.

    Parameters
    ----------
    x : array_like, shape (batch, height, width, channels)
        Images. The rows hold each pixel once for every tap that meets it; so much memory it takes.
    kernel : array_like, shape (kernel height, kernel width, channels, filters)
        As Keras stores it.
    bias : array_like, shape (filters,), optional
        Added to each filter's output.
    strides, dilation : int or (int, int)
        Step of the window and distance of its taps, along height and width.
    padding : "valid", "same" or ((top, bottom), (left, right))
        Zeros around the image: none, enough for ``ceil(size / stride)`` outputs, or as stated.

    Returns
    -------
    ndarray, shape (batch, places down, places across, filters)
        `output_size` says how many places.

    Raises
    ------
    DataError
        If a shape does not fit, or the kernel is larger than the padded image.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> conv2d(x, np.ones((2, 2, 1, 1)))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    x, kernel, grid = _arguments(x, kernel, strides, padding, dilation)
    taps, filters = kernel[..., 0].size, kernel.shape[3]
    rows = windows(pad(x, grid), grid).reshape(-1, taps)
    y = rows @ kernel.reshape(taps, filters)
    if bias is not None:
        y += optional(bias, (filters,), "bias", y)
    return y.reshape(len(x), *grid.places, filters)


def conv2d_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    strides: int | Sequence[int] = (1, 1),
    padding: Any = "valid",
    dilation: int | Sequence[int] = (1, 1),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry the gradient of a loss back through `conv2d`.

    ``dk[p, q, c, f] = sum over n, i, j of x[n, i s + p d, j s + q d, c] dy[n, i, j, f]``, and each
    output hands ``dy k`` back to the pixels it was made of.

    Parameters
    ----------
    dy : array_like, shape (batch, places down, places across, filters)
        Gradient of the loss with respect to the output.
    x, kernel, strides, padding, dilation
        As given to `conv2d`.

    Returns
    -------
    dx, dkernel, dbias : ndarray
        Gradients, shaped as `x`, `kernel` and the bias.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> dx, dk, db = conv2d_backward(np.ones((1, 2, 2, 1)), x, np.ones((2, 2, 1, 1)))
    >>> dx[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    x, kernel, grid = _arguments(x, kernel, strides, padding, dilation)
    taps, filters = kernel[..., 0].size, kernel.shape[3]
    dy = output_gradient(dy, (len(x), *grid.places, filters)).reshape(-1, filters)
    padded = pad(x, grid)
    rows = windows(padded, grid).reshape(-1, taps)
    dkernel = (rows.T @ dy).reshape(kernel.shape)
    dbias = np.ones(len(dy), dy.dtype) @ dy  # rounds less than a sum from top to bottom
    dx = np.zeros(padded.shape, np.result_type(dy, kernel))
    for p, q, pixels in shifts(dx, grid):
        pixels += (dy @ kernel[p, q].T).reshape(pixels.shape)
    return crop(dx, grid), dkernel, dbias


class Grid(NamedTuple):
    """Where windows stand on images; each pair is along height and width."""

    size: Pair
    strides: Pair
    dilation: Pair
    pads: Pads
    places: Pair


def output_size(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Count the places of a window along one axis (0 or less: it does not fit).

    ``o = floor((i + p - (k - 1) d - 1) / s) + 1`` (Dumoulin & Visin 2016, relationship 15).
    """
    return (size + pad - (kernel - 1) * dilation - 1) // stride + 1


def place(image: Pair, size: Pair, strides: Pair, padding: Any, dilation: Pair = (1, 1)) -> Grid:
    """Work out the padding and the places of a window; refuse one that does not fit."""
    if isinstance(padding, str) and padding.lower() == "valid":
        pads: Pads = ((0, 0), (0, 0))
    elif isinstance(padding, str) and padding.lower() == "same":
        pads = tuple(map(_same, image, size, strides, dilation))  # type: ignore[assignment]
    else:
        pads = _explicit(padding)
    places = []
    for axis, name in enumerate(("height", "width")):
        i, k, s, d = (each[axis] for each in (image, size, strides, dilation))
        places.append(output_size(i, k, s, sum(pads[axis]), d))
        if places[-1] < 1:
            raise DataError(
                f"the window spans {(k - 1) * d + 1} pixels of {name}, the image with its padding "
                f"has only {i + sum(pads[axis])}",
                remedy='Take a smaller kernel or padding="same".',
            )
    return Grid(size, strides, dilation, pads, (places[0], places[1]))


def pad(x: np.ndarray, grid: Grid, value: float = 0.0) -> np.ndarray:
    """Put the border around images."""
    return np.pad(x, ((0, 0), *grid.pads, (0, 0)), constant_values=value)


def crop(x: np.ndarray, grid: Grid) -> np.ndarray:
    """Take the border off again: the gradient of `pad`. A view."""
    (top, bottom), (left, right) = grid.pads
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def windows(x: np.ndarray, grid: Grid) -> np.ndarray:
    """View padded images as ``view[n, i, j, p, q, c] = x[n, i s + p d, j s + q d, c]``."""
    (s, t), (d, e) = grid.strides, grid.dilation
    span = [(k - 1) * d + 1 for k, d in zip(grid.size, grid.dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=(1, 2))
    return view[:, ::s, ::t, :, ::d, ::e].transpose(0, 1, 2, 4, 5, 3)


def shifts(x: np.ndarray, grid: Grid) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield each tap ``p, q`` and a view of the pixels of `x` that it meets, one for each place."""
    (s, t), (d, e) = grid.strides, grid.dilation
    height, width = ((o - 1) * step + 1 for o, step in zip(grid.places, (s, t), strict=True))
    for p, q in np.ndindex(grid.size):
        yield p, q, x[:, p * d : p * d + height : s, q * e : q * e + width : t]


def _same(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    """Pad for ``ceil(size / stride)`` places, the odd pixel at the end, as TensorFlow does."""
    places = -(-size // stride)
    total = max((places - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _explicit(padding: Any) -> Pads:
    """Read padding that is stated in pixels."""
    try:
        (top, bottom), (left, right) = padding
        pads = (int(top), int(bottom)), (int(left), int(right))
        if min(pads[0] + pads[1]) < 0 or pads != ((top, bottom), (left, right)):
            raise ValueError
    except (TypeError, ValueError) as error:
        expected = '"valid", "same" or ((top, bottom), (left, right)) in pixels'
        raise DataError(f"padding is {padding!r}; expected {expected}") from error
    return pads


def _arguments(
    x: Any, kernel: Any, strides: Any, padding: Any, dilation: Any
) -> tuple[np.ndarray, np.ndarray, Grid]:
    """Check what both directions are given."""
    x = as_array(x, "x", IMAGES, 4)
    kernel = as_array(kernel, "kernel", "(height, width, channels, filters)", 4)
    if 0 in kernel.shape:
        raise DataError(f"kernel has shape {kernel.shape}; expected at least 1 along each axis")
    if kernel.shape[2] != x.shape[3]:
        raise DataError(
            f"kernel has shape {kernel.shape} for {kernel.shape[2]} channels, x has {x.shape[3]}; "
            f"expected a kernel of shape {(*kernel.shape[:2], x.shape[3], kernel.shape[3])}"
        )
    step, apart = pair(strides, "strides"), pair(dilation, "dilation")
    return x, kernel, place(x.shape[1:3], kernel.shape[:2], step, padding, apart)
