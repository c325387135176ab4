"""Features written by hand: what one measured on a crop before networks learned what to measure.

Everything is read from the prepared crop alone (`preprocess.prepare`: lung 0, soft tissue 1). No
reader's outline helps, so that a network and these numbers compete on equal terms. Whatever a crop
shows, even nothing, each feature has a value: there is never a NaN.
"""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from medtutor.ct.preprocess import LUNG_HU, SPACING, TISSUE_HU, prepare
from medtutor.errors import DataError
from medtutor.types import ImageSet

__all__ = ["diameters", "hog_features", "lbp_features", "segment", "shape_features", "table"]

REACH_MM = 15.0
"""How far from the middle of a crop a nodule may reach: the definition ends at 30 mm."""
MIDDLE_MM = 3.0
"""How far from the middle its thickest place may lie."""
OPENING, LONGEST = 0.4, 1.7
"""What is thinner than 0.4 of it is cut off; what is further away than 1.7 times it, too."""
RINGS_MM = (0, 2, 4, 6, 9, 12, 16)
"""Borders of the rings around the middle whose mean grey value is a feature."""
CELLS, BLOCK, ORIENTATIONS = 4, 2, 9
"""HOG: cells along each side of a crop, cells along each side of a block, bins over 180 degrees."""
POINTS, RADII = 8, (1, 2)
"""LBP: neighbours on a circle, and the circles' radii in pixels."""

SHAPE_NAMES = (
    "diameter",
    "perimeter",
    "circularity",
    "elongation",
    "solidity",
    "mean HU inside",
    "SD of HU inside",
    "highest HU inside",
    "edge steepness",
    "HU around",
)
RING_NAMES = tuple(f"HU at {a}-{b} mm" for a, b in pairwise(RINGS_MM))


def segment(x: np.ndarray, spacing: float = SPACING) -> np.ndarray:
    """Outline the thing in the middle of each crop, without a reader's help.

    1. Otsu's threshold, on the pixels within 15 mm of the middle, parts bright from dark.
    2. The largest disc of bright pixels that fits in around a place near the middle gives the
       thickness there.
    3. An opening by 0.4 of that radius cuts off vessels: what is thinner falls away. Of the pieces
       left the one at that place is kept, as far as 1.7 times the radius: a chest wall goes on
       for longer.

    Otsu, IEEE Trans Syst Man Cybern 9:62 (1979).
    """
    crops = _crops(x)
    distance = _distance_mm(crops.shape[1], spacing)
    return np.stack([_outline(crop, distance, spacing) for crop in crops])


def shape_features(x: np.ndarray, spacing: float = SPACING) -> np.ndarray:
    """Measure size, shape and grey values of the thing in the middle of each crop."""
    crops = _crops(x)
    distance = _distance_mm(crops.shape[1], spacing)
    masks = segment(crops, spacing)
    rings = [(distance >= a) & (distance < b) for a, b in pairwise(RINGS_MM)]
    result = np.empty((len(crops), len(SHAPE_NAMES) + len(rings)))
    for row, crop, mask in zip(result, LUNG_HU + crops * (TISSUE_HU - LUNG_HU), masks, strict=True):
        # A ring that holds no pixel repeats the one within it, the first one the middle.
        profile = [float(crop[distance == distance.min()].mean())]
        for ring in rings:
            profile.append(float(crop[ring].mean()) if ring.any() else profile[-1])
        profile = profile[1:]
        row[: len(SHAPE_NAMES)] = _shape(mask, spacing) + _greys(crop, mask, profile[0], spacing)
        row[len(SHAPE_NAMES) :] = profile
    return result


def diameters(image_set: ImageSet) -> np.ndarray:
    """Give the diameter of every nodule: the readers', or `segment`'s where one is not known.

    Parameters
    ----------
    image_set : ImageSet
        `diameter` in mm, or None.

    Returns
    -------
    ndarray of float, shape (n,)
        In mm; where the spacing is not known either, as if a pixel of the prepared image were
        0.7 mm. All from one hand: a reader and a threshold do not measure alike.

    Examples
    --------
    >>> from medtutor import datasets
    >>> diameters(datasets.load_ct("default").take([0])).round(1)
    array([15.5])
    """
    known = image_set.diameter
    if known is not None and np.all(np.isfinite(known)):
        return np.asarray(known, float)
    return shape_features(prepare(image_set))[:, 0]


def hog_features(x: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal & Triggs, CVPR 2005): which way the edges run."""
    from skimage.feature import hog

    crops = _crops(x)
    cell = crops.shape[1] // CELLS
    square = crops[:, : cell * CELLS, : cell * CELLS]
    size, block = (cell, cell), (BLOCK, BLOCK)
    return np.stack([hog(crop, ORIENTATIONS, size, block, block_norm="L2-Hys") for crop in square])


def lbp_features(x: np.ndarray, spacing: float = SPACING) -> np.ndarray:
    """Histograms of local binary patterns: which small patterns the grey values make."""
    # Ojala, Pietikäinen & Mäenpää, IEEE Trans Pattern Anal Mach Intell 24:971 (2002).
    from skimage.feature import local_binary_pattern

    crops = _crops(x)
    distance = _distance_mm(crops.shape[1], spacing)
    regions = (distance < 6, (distance >= 6) & (distance < REACH_MM))
    codes = POINTS + 2
    # Whole steps of 10 HU: the last digits of a float would make patterns out of nothing.
    steps = np.rint(np.clip(crops, -0.2, 2) * 90 + 18).astype(np.uint8)
    result = np.zeros((len(crops), len(RADII), len(regions), codes))
    for row, crop in zip(result, steps, strict=True):
        for r, radius in enumerate(RADII):
            pattern = local_binary_pattern(crop, POINTS, radius, "uniform").astype(int)
            for k, region in enumerate(regions):
                if region.any():
                    row[r, k] = np.bincount(pattern[region], minlength=codes) / region.sum()
    return result.reshape(len(crops), -1)


def table(x: np.ndarray, spacing: float = SPACING) -> tuple[np.ndarray, list[str]]:
    """Measure everything: size, shape and grey values, HOG, LBP; name each column."""
    shape, hog, lbp = shape_features(x, spacing), hog_features(x), lbp_features(x, spacing)
    names = [*SHAPE_NAMES, *RING_NAMES]
    for family, values in (("HOG", hog), ("LBP", lbp)):
        names += [f"{family} {k}" for k in range(values.shape[1])]
    return np.hstack([shape, hog, lbp]), names


def _crops(x: np.ndarray) -> np.ndarray:
    """Take the channel off, and refuse what is not a stack of square crops."""
    x = np.asarray(x)
    crops = x[..., 0] if x.ndim == 4 and x.shape[-1] == 1 else x
    if crops.ndim != 3 or crops.shape[1] != crops.shape[2] or crops.shape[1] < 2 * CELLS:
        raise DataError(
            f"an array of shape {x.shape} where (n, s, s, 1) with s of at least 8 is needed",
            remedy="Use preprocess.prepare.",
        )
    if len(crops) == 0:
        raise DataError("there is no crop to measure", remedy="Give at least one.")
    if not np.all(np.isfinite(crops)):
        raise DataError(
            "some pixels are NaN or infinite",
            remedy="Use preprocess.prepare, which names the file.",
        )
    return crops.astype(np.float64)


def _distance_mm(side: int, spacing: float) -> np.ndarray:
    """Distance of each pixel from the middle of the crop in mm."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return spacing * np.hypot(rows, columns)


def _outline(crop: np.ndarray, distance: np.ndarray, spacing: float) -> np.ndarray:
    """Segment one crop; see `segment`."""
    from skimage.filters import threshold_otsu

    nothing = np.zeros(crop.shape, bool)
    near = distance < REACH_MM
    # Bone and calcium would draw the threshold up and away from the edge of soft tissue.
    grey = np.clip(crop, -0.2, 1.2)
    if np.ptp(grey[near]) < 1e-6:
        return nothing
    bright = (grey > threshold_otsu(grey[near])) & near
    # Padded, so that a crop's border counts as the end of what lies there.
    depth = ndimage.distance_transform_edt(np.pad(bright, 1))[1:-1, 1:-1]
    depth_here = np.where(distance < MIDDLE_MM, depth, 0)
    thickness = float(depth_here.max())
    if thickness == 0:
        return nothing
    place = np.unravel_index(np.argmax(depth_here), crop.shape)
    pieces, _ = ndimage.label(depth > OPENING * thickness)
    back = ndimage.distance_transform_edt(pieces != pieces[place]) <= OPENING * thickness
    rows, columns = np.indices(crop.shape)
    within = np.hypot(rows - place[0], columns - place[1]) <= LONGEST * thickness + 1
    return ndimage.binary_fill_holes(bright & back & within)


def _shape(mask: np.ndarray, spacing: float) -> list[float]:
    """Diameter, perimeter, circularity, elongation, solidity; zeros for an empty mask."""
    from skimage.measure import regionprops

    if not mask.any():
        return [0.0] * 5
    found = regionprops(mask.astype(np.uint8))[0]
    area, perimeter = found.area * spacing**2, found.perimeter_crofton * spacing
    diameter = 2 * float(np.sqrt(area / np.pi))
    long, short = found.axis_major_length, found.axis_minor_length
    elongation = long / max(short, 1.0)  # an axis of a few pixels in a row has no width
    circularity = float(4 * np.pi * area / perimeter**2) if perimeter > 0 else 0.0
    return [diameter, perimeter, circularity, elongation, _solidity(mask)]


def _solidity(mask: np.ndarray) -> float:
    """Share of the convex hull that is filled; 1 for too few pixels to have a hull."""
    from skimage.morphology import convex_hull_image

    rows, columns = np.nonzero(mask)
    if np.ptp(rows) < 2 or np.ptp(columns) < 2:
        return 1.0
    return float(mask.sum() / convex_hull_image(mask).sum())


def _greys(hu: np.ndarray, mask: np.ndarray, middle: float, spacing: float) -> list[float]:
    """Mean, SD and 95th percentile inside, steepness of the edge in HU per mm, mean around."""
    if not mask.any():
        return [middle, 0.0, middle, 0.0, middle]
    inside = hu[mask]
    slope = np.hypot(*np.gradient(hu, spacing))
    border = mask & ~ndimage.binary_erosion(mask)
    around = ndimage.binary_dilation(mask, iterations=max(1, round(2.5 / spacing))) & ~mask
    outside = float(hu[around].mean()) if around.any() else float(inside.mean())
    return [
        float(inside.mean()),
        float(inside.std()),
        float(np.percentile(inside, 95)),
        float(slope[border].mean()),
        outside,
    ]
