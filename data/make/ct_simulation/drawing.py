"""Drawing on grids of millimetres: smooth noise, soft edges, tubes."""

import numpy as np
from scipy import ndimage

__all__ = ["Axes", "coverage", "smooth_noise", "tubes"]

Axes = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Positions in mm of a grid's planes, rows and columns (z, y, x)."""


def smooth_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of unit variance, smoothed over `sigma` grid points."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), sigma, mode="wrap")
    return noise / (noise.std() + 1e-9)


def coverage(distance: np.ndarray, width: float) -> np.ndarray:
    """Part of a grid cell of `width` mm that lies inside, from the distance (mm, inside > 0)."""
    return np.clip(distance / width + 0.5, 0.0, 1.0)


def tubes(points: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Draw tubes given as chains of balls.

    Parameters
    ----------
    points : (n, 4)
        x, y, z and radius of each ball in mm.
    x, y, z
        The axes of the grid in mm (evenly spaced x and y).

    Returns
    -------
    numpy.ndarray, shape (len(z), len(y), len(x))
        Part of each cell that lies inside a tube.
    """
    step = x[1] - x[0]
    out = np.zeros((len(z), len(y), len(x)), np.float32)
    for px, py, pz, r in points:
        j0, j1 = np.searchsorted(x, (px - r - step, px + r + step))
        i0, i1 = np.searchsorted(y, (py - r - step, py + r + step))
        if j0 == j1 or i0 == i1:
            continue
        flat = (x[None, j0:j1] - px) ** 2 + (y[i0:i1, None] - py) ** 2
        for k in np.flatnonzero(np.abs(z - pz) < r + step / 2):
            part = coverage(r - np.sqrt(flat + (z[k] - pz) ** 2), step)
            np.maximum(out[k, i0:i1, j0:j1], part, out=out[k, i0:i1, j0:j1])
    return out
