"""Max and average pooling of images, forward and backward.

``max:     y[n, i, j, c] = max over p, q of x[n, i s + p, j s + q, c]``
``average: y[n, i, j, c] = mean over p, q of the same pixels``

Border pixels that `padding` adds count in neither.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers._checks import IMAGES, as_array, expect_shape, pair
from medtutor.layers._threads import over_batch
from medtutor.layers.geometry import Pads, crop, output_size, pad, resolve_padding, shifts

Size = int | Sequence[int]

# Bytes of images that are worked on at a time: as many as stay in the processor's cache.
BLOCK = 1 << 19


def max_pool2d(
    x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Keep the largest value of each window.

    Parameters
    ----------
    x : array_like, shape (batch, height, width, channels)
        Images, float32 or float64.
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
    """
    x, size, strides, pads, places = _arguments(x, pool_size, strides, padding)
    padded = pad(x, pads, -np.inf)
    y = np.empty((len(x), *places, x.shape[3]), x.dtype)

    def pool(part: slice) -> None:
        for block in _blocks(part, x):
            y[block] = _combine(np.maximum, padded[block], size, strides, places)

    over_batch(pool, len(x), x.nbytes)
    return y


def max_pool2d_backward(
    dy: Any,
    x: Any,
    pool_size: Size = (2, 2),
    strides: Size | None = None,
    padding: Any = "valid",
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
    """
    x, size, strides, pads, places = _arguments(x, pool_size, strides, padding)
    dy, padded = _gradient(dy, x, places), pad(x, pads, -np.inf)
    dx = np.zeros(padded.shape, dy.dtype)

    def give(part: slice) -> None:
        for block in _blocks(part, x):
            _give_to_largest(dy[block], padded[block], dx[block], size, strides)

    over_batch(give, len(x), x.nbytes)
    return crop(dx, pads)


def average_pool2d(
    x: Any, pool_size: Size = (2, 2), strides: Size | None = None, padding: Any = "valid"
) -> np.ndarray:
    """Take the mean of each window, of the pixels that lie on the image.

    Parameters, returns and errors are those of `max_pool2d`. Padding does not count: a window with
    one pixel on the image has that pixel's value (as in Keras).
    """
    x, size, strides, pads, places = _arguments(x, pool_size, strides, padding)
    y = _combine(np.add, pad(x, pads), size, strides, places)
    y /= _pixels_on_image(x, size, strides, pads, places)
    return y


def average_pool2d_backward(
    dy: Any,
    x: Any,
    pool_size: Size = (2, 2),
    strides: Size | None = None,
    padding: Any = "valid",
) -> np.ndarray:
    """Share the gradient equally among the pixels of each window.

    Parameters and returns are those of `max_pool2d_backward`. Of `x` only the shape matters.
    """
    x, size, strides, pads, places = _arguments(x, pool_size, strides, padding)
    dy, count = _gradient(dy, x, places), _pixels_on_image(x, size, strides, pads, places)
    (top, bottom), (left, right) = pads
    n, height, width, channels = x.shape
    dx = np.zeros((n, height + top + bottom, width + left + right, channels), dy.dtype)
    down = (size[0], 1), (strides[0], 1), (places[0], dx.shape[2])
    across = (1, size[1]), (1, strides[1]), places

    def give(part: slice) -> None:
        for block in _blocks(part, x):
            share = dy[block] / count
            rows = np.zeros((len(share), places[0], dx.shape[2], channels), dx.dtype)
            for _, _, dpixels in shifts(rows, *across):
                dpixels += share
            for _, _, dpixels in shifts(dx[block], *down):
                dpixels += rows

    over_batch(give, n, x.nbytes)
    return crop(dx, pads)


def _blocks(part: slice, x: np.ndarray) -> Iterator[slice]:
    """Divide a part of the batch into blocks of `BLOCK` bytes, of one image at least."""
    images = max(1, BLOCK * len(x) // max(x.nbytes, 1))
    for start in range(part.start, part.stop, images):
        yield slice(start, min(start + images, part.stop))


def _combine(
    operation: np.ufunc,
    x: np.ndarray,
    size: tuple[int, int],
    strides: tuple[int, int],
    places: tuple[int, int],
) -> np.ndarray:
    """Take the maximum or the sum of each window: over p, whole rows at a time, then over q."""
    down = (size[0], 1), (strides[0], 1), (places[0], x.shape[2])
    across = (1, size[1]), (1, strides[1]), places
    for direction in (down, across):
        first, *others = (pixels for _, _, pixels in shifts(x, *direction))
        x = operation(first, others[0]) if others else first.copy()
        for pixels in others[1:]:
            operation(x, pixels, out=x)
    return x


def _give_to_largest(
    dy: np.ndarray, x: np.ndarray, dx: np.ndarray, size: tuple[int, int], strides: tuple[int, int]
) -> None:
    """Add to `dx`, tap by tap; what has found its pixel no longer waits."""
    places = dy.shape[1:3]
    y = _combine(np.maximum, x, size, strides, places)
    waiting = dy.copy()
    both = (shifts(images, size, strides, places) for images in (x, dx))
    *taps, last = zip(*both, strict=True)
    apart = strides[0] >= size[0] and strides[1] >= size[1]  # no pixel is in two windows
    for (_, _, pixels), (_, _, dpixels) in taps:
        given = np.multiply(waiting, pixels == y, out=dpixels if apart else None)
        if not apart:
            dpixels += given
        waiting -= given
    last[1][2][...] += waiting  # who still waits has one tap left


def _pixels_on_image(
    x: np.ndarray,
    size: tuple[int, int],
    strides: tuple[int, int],
    pads: Pads,
    places: tuple[int, int],
) -> np.ndarray:
    """Count the image's pixels in each window, shape (places down, places across, 1)."""
    counts = []
    for axis in (0, 1):
        start = np.arange(places[axis]) * strides[axis] - pads[axis][0]
        stop = np.minimum(start + size[axis], x.shape[1 + axis])
        counts.append(stop - np.maximum(start, 0))
    return np.multiply.outer(*counts)[:, :, None].astype(x.dtype)


def _gradient(dy: Any, x: np.ndarray, places: tuple[int, int]) -> np.ndarray:
    dy = as_array(dy, "dy", IMAGES, 4)
    expect_shape(dy, (len(x), *places, x.shape[3]), "dy", "the shape of the output")
    return dy


def _arguments(
    x: Any, pool_size: Any, strides: Any, padding: Any
) -> tuple[np.ndarray, tuple[int, int], tuple[int, int], Pads, tuple[int, int]]:
    x = as_array(x, "x", IMAGES, 4)
    size = pair(pool_size, "pool_size")
    strides = size if strides is None else pair(strides, "strides")
    pads = resolve_padding(padding, x.shape[1:3], size, strides)
    if max(pads[0]) >= size[0] or max(pads[1]) >= size[1]:
        raise DataError(
            f"padding {pads} leaves windows of {size[0]} x {size[1]} without a pixel of the image; "
            "expected less padding than the window is wide"
        )
    places = (
        output_size(x.shape[1], size[0], strides[0], sum(pads[0])),
        output_size(x.shape[2], size[1], strides[1], sum(pads[1])),
    )
    return x, size, strides, pads, places
