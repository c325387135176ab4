"""How good a map is: against an outline, and against the network itself.

All functions take maps of importance, 0 or more, of shape (n, h, w), and give one number for each
image, so that an interval over patients can be put around their mean.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import keras
import numpy as np
from scipy.stats import rankdata

from medtutor.ct.preprocess import LUNG_HU, SIZE, SPACING, TISSUE_HU, prepare
from medtutor.errors import DataError

if TYPE_CHECKING:
    from medtutor.datasets import ImageSet

__all__ = [
    "blob",
    "deletion",
    "energy_inside",
    "insertion",
    "outlines",
    "pointing_game",
    "randomised",
    "rank_correlation",
    "share_in_top",
]


def outlines(image_set: "ImageSet", size: int = SIZE, spacing: float = SPACING) -> np.ndarray:
    """Bring the readers' outlines to the grid of `preprocess.prepare`.

    Parameters
    ----------
    image_set : ImageSet
        With `masks`.
    size : int
        Side of the result in pixels.
    spacing : float
        Millimetres per pixel of the result.

    Returns
    -------
    ndarray of bool, shape (n, size, size)

    Raises
    ------
    DataError
        If the data set has no outlines.
    """
    if image_set.masks is None:
        raise DataError(
            "the data set has no outlines",
            remedy="Put masks of the same names as the images into a folder masks/.",
        )
    # As an image of lung and tissue, an outline takes the same way as the images do.
    drawn = [np.where(mask, TISSUE_HU, LUNG_HU).astype(np.float32) for mask in image_set.masks]
    return prepare(replace(image_set, images=drawn, unit="HU"), size, spacing)[..., 0] > 0.5


def pointing_game(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Tell whether the strongest pixel lies inside the outline.

    Parameters
    ----------
    maps : ndarray of float, shape (n, h, w)
        Importance.
    masks : ndarray of bool, shape (n, h, w)
        Outlines.

    Returns
    -------
    ndarray of bool, shape (n,)
        A map without any contrast points nowhere: False.

    References
    ----------
    Zhang et al., Int J Comput Vis 126:1084 (2018).
    """
    flat, inside = _flat(maps), _flat(masks).astype(bool)
    hit = inside[np.arange(len(flat)), flat.argmax(axis=1)]
    return hit & (np.ptp(flat, axis=1) > 0)


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Give the share of the importance that lies inside the outline.

    Parameters
    ----------
    maps : ndarray of float, shape (n, h, w)
        Importance; what is below 0 counts as 0.
    masks : ndarray of bool, shape (n, h, w)
        Outlines.

    Returns
    -------
    ndarray of float, shape (n,)
        From 0 to 1. A map that is 0 everywhere spreads its importance evenly.

    References
    ----------
    Wang et al., Score-CAM, CVPR Workshops 2020, arXiv:1910.01279, section 4.3.
    """
    flat, inside = np.maximum(_flat(maps), 0).astype(float), _flat(masks).astype(bool)
    flat[flat.sum(axis=1) == 0] = 1
    return (flat * inside).sum(axis=1) / flat.sum(axis=1)


def deletion(
    probability: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    maps: np.ndarray,
    fill: np.ndarray | float = 0.0,
    steps: int = 16,
) -> np.ndarray:
    """Take the pixels away, the most important first, and watch the probability fall.

    Parameters
    ----------
    probability : callable
        Images (m, h, w, channels) to the probability (m,) of the class that is explained.
    x : ndarray of float32, shape (n, h, w, channels)
        Images.
    maps : ndarray of float, shape (n, h, w)
        Importance; only its order counts.
    fill : float, or ndarray that broadcasts to `x`
        What a pixel becomes: 0 is lung after `preprocess.prepare`.
    steps : int
        Number of equal portions.

    Returns
    -------
    ndarray of float, shape (n, steps + 1)
        Probability with 0, 1/steps, …, 1 of the pixels gone. Their mean along the axis, with half
        weight at both ends, is the area under the curve: the lower, the better the map.

    References
    ----------
    Petsiuk, Das & Saenko, RISE, BMVC 2018, arXiv:1806.07421, section 4.3.
    """
    empty = np.broadcast_to(np.asarray(fill, np.float32), x.shape)
    return _morph(probability, np.asarray(x, np.float32), empty, maps, steps)


def insertion(
    probability: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    maps: np.ndarray,
    fill: np.ndarray | float = 0.0,
    steps: int = 16,
) -> np.ndarray:
    """Put the pixels back into an empty image, the most important first.

    Parameters
    ----------
    probability, x, maps, fill, steps
        As in `deletion`.

    Returns
    -------
    ndarray of float, shape (n, steps + 1)
        Probability with 0, 1/steps, …, 1 of the pixels shown: the higher, the better the map.
    """
    empty = np.broadcast_to(np.asarray(fill, np.float32), x.shape)
    return _morph(probability, empty, np.asarray(x, np.float32), maps, steps)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compare two maps of each image by the order of their pixels (Spearman).

    Parameters
    ----------
    first, second : ndarray of float, shape (n, h, w)
        Maps.

    Returns
    -------
    ndarray of float, shape (n,)
        1 for the same order, 0 for none in common; 0 where a map has a single value.
    """
    ranks = [rankdata(_flat(m), axis=1) for m in (first, second)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), size, out=np.zeros(len(a)), where=size > 0)


def share_in_top(maps: np.ndarray, masks: np.ndarray, top: float = 0.05) -> np.ndarray:
    """Give the share of a marked place that is among the most important pixels of the image.

    Parameters
    ----------
    maps : ndarray of float, shape (n, h, w)
        Importance.
    masks : ndarray of bool, shape (n, h, w) or (h, w)
        The place.
    top : float
        Which share of all pixels counts as the most important.

    Returns
    -------
    ndarray of float, shape (n,)
        From 0 to 1. Pixels that tie with the last of the top are not counted: a map without
        contrast finds nothing.
    """
    flat = _flat(maps)
    inside = _flat(np.broadcast_to(masks, maps.shape)).astype(bool)
    keep = max(1, round(top * flat.shape[1]))
    first_out = np.sort(flat, axis=1)[:, [-keep - 1]]
    return ((flat > first_out) & inside).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)


def blob(size: int, width: float = 0.2) -> np.ndarray:
    """Draw a map that has not looked: a Gaussian in the middle of the image.

    Parameters
    ----------
    size : int
        Side in pixels.
    width : float
        Standard deviation as a share of the side.

    Returns
    -------
    ndarray of float, shape (size, size)
        1 in the middle.
    """
    line = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / (width * size)) ** 2)
    return np.outer(line, line) / line.max() ** 2


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """Build the same network again with fresh random weights, for the sanity check.

    Parameters
    ----------
    model : keras.Model
        Any model; left as it is.
    seed : int
        Seed of the new weights.

    Returns
    -------
    keras.Model

    References
    ----------
    Adebayo et al., NeurIPS 2018, arXiv:1810.03292.
    """
    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(model)


def _morph(
    probability: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    end: np.ndarray,
    maps: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Replace pixels of `start` by those of `end`, the most important first."""
    if maps.shape != start.shape[:3]:
        raise DataError(
            f"maps of shape {maps.shape} for images of shape {start.shape}",
            remedy="Give one map of the same size for each image.",
        )
    flat = _flat(maps)
    place = np.empty(flat.shape, int)
    order = np.argsort(-flat, axis=1, kind="stable")
    np.put_along_axis(place, order, np.arange(flat.shape[1])[None], axis=1)
    place = place.reshape(*maps.shape, 1)
    curve = []
    for step in range(steps + 1):
        changed = place < round(step * flat.shape[1] / steps)
        curve.append(probability(np.where(changed, end, start)))
    return np.stack(curve, axis=1)


def _flat(maps: np.ndarray) -> np.ndarray:
    maps = np.asarray(maps)
    return maps.reshape(len(maps), -1)
