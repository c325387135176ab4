"""The outline of a nodule without a reader: a threshold, and what hangs on it cut off."""

import numpy as np
from scipy import ndimage

REACH_MM = 15.0
"""How far from the middle of a crop a nodule may reach: the definition ends at 30 mm."""
MIDDLE_MM = 3.0
"""How far from the middle its thickest place may lie."""
OPENING, LONGEST = 0.4, 1.7
"""What is thinner than 0.4 of it is cut off; what is further away than 1.7 times it, too."""


def distance_mm(side: int, spacing: float) -> np.ndarray:
    """Distance of each pixel from the middle of the crop in mm."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return spacing * np.hypot(rows, columns)


def outline(crop: np.ndarray, distance: np.ndarray, spacing: float) -> np.ndarray:
    """Segment one crop; see `features.segment`."""
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
