"""What the layers ask of their arguments, and the one message when they do not get it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medtutor.errors import DataError


def as_array(
    value: Any, name: str, expected: tuple[int, ...] | str = "", because: str = ""
) -> np.ndarray:
    """Return `value` as float32 or float64 (whole numbers become float64).

    `expected` is its shape, or a layout such as "(batch, time, features)" that names its axes.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{name} is a ragged list; expected an array {expected}") from error
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype not in (np.float32, np.float64):
        kind = "text" if array.dtype.kind in "US" else array.dtype
        raise DataError(f"{name} holds {kind}; expected numbers of type float32 or float64")
    if isinstance(expected, tuple) and array.shape != expected:
        reason = f" ({because})" if because else ""
        raise DataError(f"{name} has shape {array.shape}; expected {expected}{reason}")
    if isinstance(expected, str) and expected and array.ndim != expected.count(",") + 1:
        axes = f"{expected.count(',') + 1} axes, {expected}"
        raise DataError(f"{name} has shape {array.shape}; expected {axes}")
    return array


def output_gradient(dy: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return `dy` as an array of the output's shape."""
    return as_array(dy, "dy", shape, "the shape of the output")


def optional(value: Any, shape: tuple[int, ...], name: str, like: np.ndarray) -> np.ndarray:
    """Return a bias or an initial state, of this shape and of `like`'s type; zeros if None."""
    if value is None:
        return np.zeros(shape, like.dtype)
    return as_array(value, name, shape).astype(like.dtype, copy=False)


def alike(arrays: Sequence[Any], own: Sequence[np.ndarray], name: str) -> None:
    """Refuse arrays that are not as many as `own`, or not of their shapes."""
    if len(arrays) != len(own):
        raise DataError(f"{len(arrays)} {name}s; expected {len(own)}")
    for number, (array, like) in enumerate(zip(arrays, own, strict=True)):
        as_array(array, f"{name} {number}", like.shape)


def pair(value: int | Sequence[int], name: str) -> tuple[int, int]:
    """Return a size along height and width; one number stands for both."""
    both: tuple = (value, value) if np.ndim(value) == 0 else tuple(value)  # type: ignore[arg-type]
    whole = all(isinstance(v, int | np.integer) and v > 0 for v in both)
    if len(both) != 2 or not whole:
        raise DataError(f"{name} is {value!r}; expected two whole numbers of at least 1, (2, 2)")
    return int(both[0]), int(both[1])
