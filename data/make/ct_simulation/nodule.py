"""The inside and the edge of a simulated nodule: an outline and ratings become tissue.

The malignancy rating is never read here.
"""

from collections.abc import Mapping

import numpy as np
from ct_simulation.drawing import Axes, coverage, smooth_noise, tubes
from scipy import ndimage

__all__ = ["SOLID", "nodule_tissue", "shape_between_slices"]

#: Ratings of a smooth solid nodule, used for every rating that the caller leaves out.
SOLID = {
    "subtlety": 5.0,
    "internalStructure": 1.0,
    "calcification": 6.0,
    "margin": 5.0,
    "lobulation": 1.0,
    "spiculation": 1.0,
    "texture": 5.0,
}
FINER = 2  # grid points per pixel


def signed_distance(outline: np.ndarray, step: float, cell: float) -> np.ndarray:
    """Distance in mm to the outline on a grid `FINER` times as fine, inside positive.

    Parameters
    ----------
    outline : (h, w)
        Part of each pixel inside the outline, or the part of the readers that say so.
    step, cell
        Grid step and pixel size in mm.
    """
    centre = (np.arange(outline.shape[0] * FINER) + 0.5) / FINER - 0.5
    at = np.meshgrid(centre, centre, indexing="ij")
    inside = ndimage.map_coordinates(outline.astype(np.float32), at, order=1) >= 0.5
    if not inside.any():
        return np.full(inside.shape, -3 * cell)
    far = ndimage.distance_transform_edt
    return ndimage.gaussian_filter((far(inside) - far(~inside)) * step, 0.5 * cell / step)


def shape_between_slices(
    outlines: np.ndarray, gap: float, z: np.ndarray, step: float, cell: float
) -> np.ndarray:
    """Signed distance in mm on planes at heights `z` (mm), interpolated between the outlines."""
    flat = [signed_distance(o, step, cell) for o in outlines]
    middle = len(flat) // 2
    if len(flat) == 1:  # one outline: as round across the slices as it is in the slice
        radius = max(float(flat[0].max()), 1.0) * 1.15
        drop = radius - np.sqrt(np.clip(radius**2 - z**2, 0.05, None))
        return np.stack([flat[0] - d for d in drop])
    # A slice without an outline lies past the end of the nodule.
    flat = [
        f if o.max() >= 0.5 else np.minimum(flat[middle], 0.4 * gap) - gap
        for f, o in zip(flat, outlines, strict=True)
    ]
    position = np.clip(z / gap + middle, 0, len(flat) - 1)
    low = np.minimum(position.astype(int), len(flat) - 2)
    part = (position - low)[:, None, None]
    stack = np.stack(flat)
    return (1 - part) * stack[low] + part * stack[low + 1]


def spicules(inside: np.ndarray, axes: Axes, rating: float, rng: np.random.Generator) -> np.ndarray:
    """Thin spikes that radiate from the border and that outlines cut off; part of each cell.

    A few strands, vessels mostly, reach every nodule whatever its rating.
    """
    z, y, x = axes
    radius = np.sqrt((inside[len(z) // 2] > 0).sum() * (x[1] - x[0]) ** 2 / np.pi)
    rows = []
    spikes = rng.poisson(5.0 * max(rating - 1.2, 0) * np.sqrt(max(radius, 1) / 5))
    for k in range(spikes + rng.poisson(2.0)):
        angle, rise = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.07)
        reach = radius * 0.9 + rng.gamma(2.2, 0.25 * (radius + 4) if k < spikes else 4.5)
        width = rng.uniform(0.55, 1.3) if k < spikes else rng.uniform(0.3, 0.8)
        for t in np.arange(radius * 0.5, reach, 0.4):
            angle += rng.normal(0, 0.03)
            taper = width * (1 - 0.65 * (t - radius * 0.5) / (reach - radius * 0.5))
            rows.append((t * np.cos(angle), t * np.sin(angle), t * rise, taper))
    return tubes(np.array(rows).reshape(-1, 4), x, y, z)


def calcium(inside: np.ndarray, pattern: int, step: float, rng: np.random.Generator) -> np.ndarray:
    """Part of each cell that is calcified for LIDC's patterns 1 (popcorn) to 5 (central)."""
    depth = inside / max(float(inside.max()), 0.5)
    if pattern == 3:
        return coverage(inside - 0.2, 0.8)
    if pattern == 1:
        blobs = smooth_noise(inside.shape[1:], 1.1 / step, rng)
        return coverage(blobs - 0.4, 0.8) * coverage(inside - 0.8, 0.8)
    if pattern == 2:
        return coverage(0.14 - np.abs(depth - 0.45), 0.2) + coverage(depth - 0.85, 0.2)
    if pattern == 4:
        shift = [0, *rng.integers(-1, 2, 2) * max(1, int(0.45 * inside.max() / step))]
        return coverage(ndimage.shift(depth, shift, order=1) - 0.6, 0.2) * (inside > 0)
    return coverage(depth - rng.uniform(0.3, 0.6), 0.3)


def nodule_tissue(
    inside: np.ndarray,
    axes: Axes,
    ratings: Mapping[str, float],
    contrast: bool,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """HU inside the nodule and the part of each cell that it fills, from the ratings.

    Parameters
    ----------
    inside : (planes, h, w)
        Signed distance in mm to the outline, inside positive.
    axes
        z, y, x of the grid in mm.
    ratings
        Mean of the readers' ratings, named as in LIDC; `calcified` is the part of the readers
        (0 to 1) that saw calcium, `calcification` their pattern.
    """
    step = float(axes[2][1] - axes[2][0])
    shape = inside.shape[1:]
    texture, margin = ratings["texture"], ratings["margin"]
    # Border: lobes bulge, a poor margin wanders and fades out over up to 3 mm.
    bulge = 0.10 * (ratings["lobulation"] - 1) * smooth_noise(shape, 1.8 / step, rng)
    wander = 0.16 * (5 - margin) * smooth_noise(shape, 0.8 / step, rng)
    width = 1.3 + 0.6 * (5 - margin) + 0.35 * (5 - texture)
    filled = coverage(inside + 0.15 + bulge + wander, width)

    solid = rng.normal(38 if not contrast else 55, 16) - 35 * (5 - ratings["subtlety"])
    glass = rng.normal(-590, 60) + 70 * smooth_noise(shape, 1.3 / step, rng)
    # The solid part: all of it at texture 5, a core or islands at 3, none at 1.
    part = np.clip((texture - 1.2) / 3.2, 0, 1)
    core = inside / max(float(inside.max()), 1) + 0.35 * smooth_noise(shape, 1.4 / step, rng)
    threshold = np.quantile(core[inside > 0], 1 - part) if (inside > 0).any() else 0.0
    amount = coverage(core - threshold, 0.35) if part < 1 else 1.0
    hu = glass + amount * (solid - glass) + 8 * smooth_noise(shape, 1.0 / step, rng)

    structure = round(ratings["internalStructure"])
    if structure == 2:
        hu = hu - 25
    elif structure == 3:
        hu = np.where(inside > 0.8, -70.0, hu)
    elif structure == 4:
        hu = hu + coverage(inside - 0.45 * inside.max(), 0.6) * (-930 - hu)
    pattern = round(ratings["calcification"])
    seen = ratings.get("calcified", float(pattern < 6))
    if pattern < 6 and seen > 0:
        dense = rng.lognormal(np.log(520), 0.5) * seen**1.3
        hu = hu + calcium(inside, pattern, step, rng) * dense

    spikes = spicules(inside, axes, ratings["spiculation"], rng) * rng.uniform(0.55, 0.95)
    return hu, np.maximum(filled, spikes * (filled < 0.98))
