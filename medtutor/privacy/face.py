"""A simulated head in HU, and the face that its surface shows."""

import numpy as np

AIR, SKIN = -1000.0, 40.0


def head(size: int = 120) -> tuple[np.ndarray, float]:
    """Draw a head: what a CT of the head contains besides the brain.

    Parameters
    ----------
    size : int
        Voxels per side.

    Returns
    -------
    hu : ndarray of float32, shape (z, y, x)
        From the chin upwards, from the face to the back of the head; simulated, nobody's head.
    step : float
        Millimetres from one voxel to the next.
    """
    step = 240 / size
    axis = ((np.arange(size) - (size - 1) / 2) * step).astype(np.float32)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")

    def ball(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
        parts = zip((z, y, x), centre, radii, strict=True)
        return np.asarray(sum(((a - c) / r) ** 2 for a, c, r in parts) < 1)

    flesh = ball((12, 5, 0), (92, 90, 70)) | ball((-46, -2, 0), (62, 70, 50))
    flesh |= ball((-8, -88, 0), (9, 22, 10)) | ball((8, -80, 0), (26, 12, 6))  # nose
    flesh |= ball((-38, -66, 0), (4, 10, 20)) | ball((-47, -65, 0), (5, 10, 17))  # lips
    flesh |= ball((-84, -46, 0), (15, 18, 18))  # chin
    for side in (-1, 1):
        flesh |= ball((2, 10, 71 * side), (24, 14, 9))  # ears
        flesh &= ~ball((20, -84, 27 * side), (11, 14, 17))  # eye sockets
        flesh |= ball((20, -66, 27 * side), (10, 12, 10))  # eyes
    bone = ball((18, 8, 0), (80, 78, 58)) & ~ball((18, 8, 0), (74, 72, 52))
    hu = np.where(flesh, SKIN, AIR)
    return np.where(bone & flesh, 900.0, hu).astype(np.float32), step


def surface(hu: np.ndarray, threshold: float = -300.0) -> np.ndarray:
    """Look at a volume from the front: where each ray first meets skin, lit from above.

    Parameters
    ----------
    hu : ndarray, shape (z, y, x)
        As from `head`.
    threshold : float
        HU between air and skin.

    Returns
    -------
    ndarray of float, shape (z, x)
        Brightness from 0 to 1, the forehead on top; NaN where a ray meets nothing.
    """
    from scipy.ndimage import gaussian_filter

    solid = gaussian_filter(hu, 1.0) > threshold
    depth = np.where(solid.any(axis=1), solid.argmax(axis=1), np.nan)
    filled = np.where(np.isnan(depth), np.nanmax(depth), depth)
    down, across = np.gradient(gaussian_filter(filled, 1.2))
    light = np.array([0.5, 0.4, 0.77])  # from above, from the right, from the front
    normal = np.stack([down, across, np.ones_like(down)])
    shade = np.tensordot(light, normal / np.linalg.norm(normal, axis=0), 1).clip(0, 1)
    return np.where(np.isnan(depth), np.nan, shade)[::-1]


def without_face(hu: np.ndarray, step: float) -> np.ndarray:
    """Take the front of the face away, as a defacing tool does.

    Parameters
    ----------
    hu : ndarray, shape (z, y, x)
        Left as it is.
    step : float
        Millimetres from one voxel to the next.

    Returns
    -------
    ndarray
        A copy: below the brow, everything in front of an upright plane is air.
    """
    size = hu.shape[0]
    axis = (np.arange(size) - (size - 1) / 2) * step
    z, y = np.meshgrid(axis, axis, indexing="ij")
    removed = hu.copy()
    removed[(z < 38) & (y < -50)] = AIR
    return removed
