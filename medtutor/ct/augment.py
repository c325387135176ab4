"""Training images that could have been taken: turned, mirrored, shifted, brighter.

A nodule is the same nodule when the patient lies differently. Drawing such variants anew in every
epoch multiplies a small data set. It happens here, outside the network, on whole batches: Keras
layers for it inside the model make a training step almost three times as long.
"""

from typing import NamedTuple

import numpy as np


class Ranges(NamedTuple):
    """How far an augmented image may differ from the original."""

    turn: float = 15.0
    zoom: float = 0.1
    shift: float = 2.0
    contrast: float = 0.1
    brightness: float = 0.08
    upright: bool = False


def augment(
    images: np.ndarray, rng: np.random.Generator, ranges: Ranges | None = None
) -> np.ndarray:
    """Draw one variant of every image.

    Parameters
    ----------
    images : ndarray of float32, shape (n, s, s, channels)
        Prepared images.
    ranges : Ranges, optional
        How far the variants go.

    Examples
    --------
    >>> augment(np.zeros((2, 8, 8, 1), "float32"), np.random.default_rng(0)).shape
    (2, 8, 8, 1)
    """
    import keras

    ranges = ranges or Ranges()
    moved = keras.ops.image.affine_transform(
        images,
        affine(len(images), images.shape[1], rng, ranges),
        interpolation="bilinear",
        fill_mode="reflect",
        data_format="channels_last",
    )
    shape = (len(images), 1, 1, 1)
    gain = np.exp(rng.uniform(-ranges.contrast, ranges.contrast, shape))
    offset = rng.uniform(-ranges.brightness, ranges.brightness, shape)
    return (np.asarray(moved) * gain + offset).astype(np.float32)


def affine(n: int, size: int, rng: np.random.Generator, ranges: Ranges) -> np.ndarray:
    """Draw `n` maps: output pixel (x, y) shows input (ax + by + c, dx + ey + f)."""
    angle = rng.uniform(-ranges.turn, ranges.turn, n)
    quarters = 90 * rng.integers(0, 4, n)
    angle = np.radians(angle if ranges.upright else angle + quarters)
    zoom = np.exp(rng.uniform(-ranges.zoom, ranges.zoom, n))
    mirror = rng.choice([-1.0, 1.0], n)
    mirror = np.ones(n) if ranges.upright else mirror
    a, b = np.cos(angle) * zoom, -np.sin(angle) * zoom * mirror
    d, e = np.sin(angle) * zoom, np.cos(angle) * zoom * mirror
    middle = (size - 1) / 2  # turn around the middle of the image, not around its corner
    c, f = middle - (a + b) * middle, middle - (d + e) * middle
    shift = rng.uniform(-ranges.shift, ranges.shift, (2, n))
    rest = np.zeros(n)
    maps = [a, b, c + shift[0], d, e, f + shift[1], rest, rest]
    return np.stack(maps, axis=1).astype(np.float32)
