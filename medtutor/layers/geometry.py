"""Where the windows of a convolution or a pooling lie, and how many fit.

One rule serves both. A window of ``k`` taps, ``d`` pixels apart, spans ``(k - 1) d + 1`` pixels; on
an image of ``i`` pixels with ``p`` added in all, it has

    o = floor((i + p - (k - 1) d - 1) / s) + 1

places, ``s`` pixels apart (Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep
learning", relationship 15).
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from medtutor.errors import DataError

Pads = tuple[tuple[int, int], tuple[int, int]]
Padding = Literal["valid", "same"] | Pads


def output_size(size: int, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Count the places of a window along one axis (0 or less: it does not fit).

    Parameters
    ----------
    size, kernel, stride, dilation : int
        Pixels of the image, taps of the window, step of the window, distance of its taps.
    pad : int
        Pixels added, both sides together.
    """
    return (size + pad - (kernel - 1) * dilation - 1) // stride + 1


def resolve_padding(
    padding: Any,
    image: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
) -> Pads:
    """Return ``((top, bottom), (left, right))`` for any way to say it.

    "same" asks for ``ceil(i / s)`` places and puts the odd pixel at the bottom and right, as
    TensorFlow does.

    Raises
    ------
    DataError
        If `padding` is none of the three, or the window does not fit the padded image.
    """
    if isinstance(padding, str) and padding.lower() == "valid":
        pads: Pads = ((0, 0), (0, 0))
    elif isinstance(padding, str) and padding.lower() == "same":
        pads = tuple(map(_same, image, kernel, strides, dilation))  # type: ignore[assignment]
    else:
        pads = _explicit(padding)
    for i, k, d, p, axis in zip(image, kernel, dilation, pads, ("height", "width"), strict=True):
        span = (k - 1) * d + 1
        if output_size(i, k, 1, sum(p), d) < 1:
            raise DataError(
                f"the window spans {span} pixels of {axis}, the image with its padding has only "
                f"{i + sum(p)}",
                remedy='Take a smaller kernel or padding="same".',
            )
    return pads


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    places = -(-size // stride)
    total = max((places - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _explicit(padding: Any) -> Pads:
    try:
        (top, bottom), (left, right) = padding
        pads = (int(top), int(bottom)), (int(left), int(right))
        if min(pads[0] + pads[1]) < 0 or pads != ((top, bottom), (left, right)):
            raise ValueError
    except (TypeError, ValueError) as error:
        expected = '"valid", "same" or ((top, bottom), (left, right)) in pixels'
        raise DataError(f"padding is {padding!r}; expected {expected}") from error
    return pads


def pad(x: np.ndarray, pads: Pads, value: float = 0.0) -> np.ndarray:
    """Put a border around images; a negative number of pixels takes some away.

    Without anything to add the result is `x` or a view of it.
    """
    (top, bottom), (left, right) = pads
    x = x[:, max(-top, 0) : x.shape[1] - max(-bottom, 0)]
    x = x[:, :, max(-left, 0) : x.shape[2] - max(-right, 0)]
    top, bottom, left, right = (max(p, 0) for p in (top, bottom, left, right))
    if not (top or bottom or left or right):
        return x
    n, h, w, c = x.shape
    padded = np.full((n, top + h + bottom, left + w + right, c), value, x.dtype)
    padded[:, top : top + h, left : left + w] = x
    return padded


def crop(x: np.ndarray, pads: Pads) -> np.ndarray:
    """Take a border off again: the gradient of `pad`. A view."""
    (top, bottom), (left, right) = pads
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def windows(
    x: np.ndarray,
    kernel: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """View padded images as windows, ``view[n, i, j, p, q, c] = x[n, i s + p d, j s + q d, c]``.

    Returns
    -------
    ndarray, shape (batch, places down, places across, kernel height, kernel width, channels)
        Nothing is copied: the same pixel appears in many windows. Read it, do not write to it.
    """
    n, h, w, c = x.shape
    down = output_size(h, kernel[0], strides[0], 0, dilation[0])
    across = output_size(w, kernel[1], strides[1], 0, dilation[1])
    sn, sh, sw, sc = x.strides
    return np.lib.stride_tricks.as_strided(
        x,
        (n, down, across, *kernel, c),
        (sn, sh * strides[0], sw * strides[1], sh * dilation[0], sw * dilation[1], sc),
        writeable=False,
    )


def shifts(
    x: np.ndarray,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    places: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Walk over the taps of a window: for each one, the pixels of `x` that it meets, as a view.

    Yields
    ------
    p, q : int
        The tap, row by row.
    view : ndarray, shape (batch, places down, places across, channels)
        ``view[n, i, j] = x[n, i s + p d, j s + q d]``. It can be written to.
    """
    height, width = ((o - 1) * s + 1 for o, s in zip(places, strides, strict=True))
    for p in range(kernel[0]):
        for q in range(kernel[1]):
            top, left = p * dilation[0], q * dilation[1]
            rows = slice(top, top + height, strides[0])
            yield p, q, x[:, rows, left : left + width : strides[1]]
