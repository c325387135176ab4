"""What the layers ask of their arguments, and the one message when they do not get it."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from medtutor.errors import DataError

Value = TypeVar("Value")
IMAGES = "(batch, height, width, channels)"
SEQUENCES = "(batch, time, features)"


def as_array(value: Any, name: str, layout: str = "", ndim: int | None = None) -> np.ndarray:
    """Return `value` as float32 or float64 (whole numbers become float64), with `ndim` axes."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{name} is a ragged list; expected an array of shape {layout}") from error
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype not in (np.float32, np.float64):
        kind = "text" if array.dtype.kind in "US" else array.dtype
        raise DataError(f"{name} holds {kind}; expected numbers of type float32 or float64")
    if ndim is not None and array.ndim != ndim:
        raise DataError(f"{name} has shape {array.shape}; expected {ndim} axes, {layout}")
    return array


def expect_shape(array: np.ndarray, shape: tuple[int, ...], name: str, because: str = "") -> None:
    """Raise `DataError` unless `array` has exactly this shape."""
    if array.shape != shape:
        reason = f" ({because})" if because else ""
        raise DataError(f"{name} has shape {array.shape}; expected {shape}{reason}")


def output_gradient(dy: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return `dy` as an array of the output's shape."""
    dy = as_array(dy, "dy")
    expect_shape(dy, shape, "dy", "the shape of the output")
    return dy


def optional(value: Any, shape: tuple[int, ...], name: str, like: np.ndarray) -> np.ndarray:
    """Return a bias or an initial state as an array of this shape; zeros where it is None."""
    if value is None:
        return np.zeros(shape, like.dtype)
    array = as_array(value, name)
    expect_shape(array, shape, name)
    return array


def pair(value: int | Sequence[int], name: str) -> tuple[int, int]:
    """Return a size along height and width; one number stands for both."""
    both: tuple = (value, value) if np.ndim(value) == 0 else tuple(value)  # type: ignore[arg-type]
    whole = all(isinstance(v, int | np.integer) and v > 0 for v in both)
    if len(both) != 2 or not whole:
        raise DataError(f"{name} is {value!r}; expected two whole numbers of at least 1, (2, 2)")
    return int(both[0]), int(both[1])


def choose(table: dict[str, Value], name: str, what: str) -> Value:
    """Look a name up; say which there are if it is not one of them."""
    if name not in table:
        raise DataError(f"{what} {name!r} is unknown; expected one of {', '.join(table)}")
    return table[name]
