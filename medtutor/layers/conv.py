"""Convolution of images, forward and backward, as matrix products over shifted views.

``y[n, i, j, f] = b[f] + sum over p, q, c of x[n, i s + p d, j s + q d, c] k[p, q, c, f]``

This is the cross-correlation that deep learning calls convolution: the kernel is not flipped.
Symbols follow Dumoulin & Visin (2016): stride ``s``, dilation ``d``, taps ``p, q`` of kernel ``k``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.layers._checks import IMAGES, as_array, expect_shape, optional, pair
from medtutor.layers._threads import over_batch
from medtutor.layers.geometry import Pads, crop, pad, resolve_padding, shifts, windows

# Windows are gathered a block at a time, so that a block is still in the processor's cache when it
# is multiplied, and so that memory does not grow with the size of the kernel.
BLOCK = 1 << 20


def conv2d(
    x: Any,
    kernel: Any,
    bias: Any = None,
    strides: int | Sequence[int] = (1, 1),
    padding: Any = "valid",
    dilation: int | Sequence[int] = (1, 1),
) -> np.ndarray:
    """Convolve images with a bank of filters.

    Parameters
    ----------
    x : array_like, shape (batch, height, width, channels)
        Images, float32 or float64.
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
        `medtutor.layers.output_size` says how many places.

    Raises
    ------
    DataError
        If a shape does not fit, or the kernel is larger than the padded image.
    """
    x, kernel, strides, dilation, pads = _arguments(x, kernel, strides, padding, dilation)
    filters = kernel.shape[3]
    y = _correlate(pad(x, pads), kernel, strides, dilation)
    if bias is not None:
        y += optional(bias, (filters,), "bias", y)
    return y


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
    """
    x, kernel, strides, dilation, pads = _arguments(x, kernel, strides, padding, dilation)
    padded = pad(x, pads)
    places = windows(padded, kernel.shape[:2], strides, dilation).shape[1:3]
    dy = as_array(dy, "dy", IMAGES, 4)
    expect_shape(dy, (len(x), *places, kernel.shape[3]), "dy", "the shape of the output")
    dkernel = _kernel_gradient(dy, padded, kernel, strides, dilation)
    dbias = np.ones(dy[..., 0].size, dy.dtype) @ dy.reshape(-1, dy.shape[3])
    if strides == (1, 1):
        dx = _input_gradient(dy, kernel, dilation, pads)
    else:
        dx = crop(_spread(dy, kernel, padded.shape, strides, dilation), pads)
    return dx, dkernel, dbias


def _correlate(
    x: np.ndarray, kernel: np.ndarray, strides: tuple[int, int], dilation: tuple[int, int]
) -> np.ndarray:
    """Convolve images that are padded already."""
    places = windows(x, kernel.shape[:2], strides, dilation).shape[1:3]
    y = np.empty((len(x), *places, kernel.shape[3]), np.result_type(x, kernel))
    first, *others = _taps(kernel, strides)

    def multiply(part: slice) -> None:
        products = _products(x[part], y[part], kernel.shape[:2], strides, dilation)
        for (pixels, *shifted), block in products:
            total = pixels @ first
            for pixels, taps in zip(shifted, others, strict=True):
                total += pixels @ taps
            block[...] = total.reshape(block.shape)

    over_batch(multiply, len(x), x.nbytes + y.nbytes)
    return y


def _kernel_gradient(
    dy: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    strides: tuple[int, int],
    dilation: tuple[int, int],
) -> np.ndarray:
    """Sum, over all places, the pixels that a tap met times the gradient of what it gave."""

    def gather(part: slice) -> np.ndarray:
        dkernel = np.zeros(kernel.shape, np.result_type(dy, x))
        dtaps = _taps(dkernel, strides)
        for shifted, block in _products(x[part], dy[part], kernel.shape[:2], strides, dilation):
            g = block.reshape(-1, dy.shape[3])
            for pixels, d in zip(shifted, dtaps, strict=True):
                d += pixels.T @ g
        return dkernel

    return np.sum(over_batch(gather, len(x), x.nbytes + dy.nbytes), axis=0)


def _input_gradient(
    dy: np.ndarray, kernel: np.ndarray, dilation: tuple[int, int], pads: Pads
) -> np.ndarray:
    """Convolve `dy`, padded in full, with the kernel turned by 180 degrees (stride 1 only)."""
    reach = [(k - 1) * d for k, d in zip(kernel.shape[:2], dilation, strict=True)]
    (top, bottom), (left, right) = pads
    full = (reach[0] - top, reach[0] - bottom), (reach[1] - left, reach[1] - right)
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    return _correlate(pad(dy, full), turned, (1, 1), dilation)


def _spread(
    dy: np.ndarray,
    kernel: np.ndarray,
    shape: tuple[int, ...],
    strides: tuple[int, int],
    dilation: tuple[int, int],
) -> np.ndarray:
    """Add each output's gradient to the pixels under its window, tap by tap (any stride)."""
    dx = np.zeros(shape, np.result_type(dy, kernel))

    def spread(part: slice) -> None:
        rows = dy[part].reshape(-1, dy.shape[3])
        taps = shifts(dx[part], kernel.shape[:2], strides, dy.shape[1:3], dilation)
        for p, q, pixels in taps:
            pixels += (rows @ kernel[p, q].T).reshape(pixels.shape)

    over_batch(spread, len(dx), dx.nbytes + dy.nbytes)
    return dx


def _products(
    x: np.ndarray,
    y: np.ndarray,
    size: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Cut a convolution into matrix products, ``block = sum over p of pixels[p] @ taps[p]``.

    With stride 1 the windows of the next kernel row are those of this row, `dilation` image rows
    further down. So only the taps beside each other are gathered (a 3 x 3 kernel copies its
    pixels 3 times, not 9), and the kernel's rows p are shifted views of that. With larger strides
    all taps are gathered, with 1 x 1 kernels nothing needs to be.

    Yields
    ------
    pixels : list of ndarray, each of shape (places, taps)
        One for each matrix of `_taps`.
    block : ndarray, shape (..., filters)
        The places of `y` that they belong to, as a view.
    """
    count, size = (size[0], (1, size[1])) if strides[0] == 1 else (1, size)
    view, (_, height, width, _) = windows(x, size, strides, dilation), y.shape
    taps = size[0] * size[1] * x.shape[3]
    reach = (count - 1) * dilation[0]
    # Image rows to a block. Two blocks are in memory while one follows the other, in each thread.
    fits = min(BLOCK, (x.nbytes + y.nbytes) // 6) // (width * taps * x.itemsize)
    steps = max(1, fits // (height + reach)), max(1, 2 * reach, fits)  # images, rows
    if count > 1:  # rows come first, so that the shift to the next one is a slice
        view, y, steps = view.swapaxes(0, 1), y.swapaxes(0, 1), steps[::-1]
    for i in range(0, y.shape[0], steps[0]):
        for j in range(0, y.shape[1], steps[1]):
            block = y[i : i + steps[0], j : j + steps[1]]
            a, b = block.shape[:2]
            gathered = view[i : i + a + reach, j : j + b].reshape((a + reach) * b * width, taps)
            starts = [p * dilation[0] * b * width for p in range(count)]
            yield [gathered[start : start + a * b * width] for start in starts], block


def _taps(kernel: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """View a kernel as the matrices of `_products`, shape (products, taps, filters)."""
    return kernel.reshape(kernel.shape[0] if strides[0] == 1 else 1, -1, kernel.shape[3])


def _arguments(
    x: Any, kernel: Any, strides: Any, padding: Any, dilation: Any
) -> tuple[np.ndarray, np.ndarray, tuple[int, int], tuple[int, int], Pads]:
    x = as_array(x, "x", IMAGES, 4)
    kernel = as_array(kernel, "kernel", "(height, width, channels, filters)", 4)
    if 0 in kernel.shape:
        raise DataError(f"kernel has shape {kernel.shape}; expected at least 1 along each axis")
    if kernel.shape[2] != x.shape[3]:
        raise DataError(
            f"kernel has shape {kernel.shape} for {kernel.shape[2]} channels, x has {x.shape[3]}; "
            f"expected a kernel of shape {(*kernel.shape[:2], x.shape[3], kernel.shape[3])}"
        )
    strides, dilation = pair(strides, "strides"), pair(dilation, "dilation")
    pads = resolve_padding(padding, x.shape[1:3], kernel.shape[:2], strides, dilation)
    return x, kernel, strides, dilation, pads
