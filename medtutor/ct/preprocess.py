"""From a CT crop to the numbers that a network sees.

Two facts decide everything here. CT pixels are measurements in Hounsfield units (HU: water 0, air
-1000), not colours from 0 to 255. And the size of a pixel in millimetres differs from scan to scan,
so a nodule has its true size only after resampling to one common pixel. `prepare` is the whole
recipe; the functions above it are its steps.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import ndimage

from medtutor.errors import DataError
from medtutor.types import ImageSet

LUNG_WINDOW = (-600.0, 1500.0)
"""Centre and width in HU of the window in which radiologists read the lung."""
SOFT_TISSUE_WINDOW = (40.0, 400.0)
"""Centre and width in HU of the window for muscle, vessels and lymph nodes."""
LUNG_HU, TISSUE_HU = -860.0, 40.0
"""HU of lung parenchyma with air and blood in it, and of soft tissue: 0 and 1 of `standardise`."""
SPACING = 0.7
"""Millimetres per pixel after `prepare`: the median of chest CT, so that little is interpolated."""
SIZE = 56
"""Pixels per side after `prepare`: 39 mm, room for a nodule (at most 30 mm) and its edge."""
COARSE = 128  # pixels per side at which a body is looked for

Images = Sequence[np.ndarray] | np.ndarray


def window(hu: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Show a part of the HU scale as 0 to 1, as a radiologist's workstation does.

    Parameters
    ----------
    hu : ndarray, any shape
        Pixels in HU.
    centre, width : float
        The window in HU; everything below `centre - width / 2` becomes 0, above the end 1.

    Returns
    -------
    ndarray of float32, shape of `hu`

    Examples
    --------
    >>> window(np.array([-1000, 40, 3000]), centre=40, width=400).tolist()
    [0.0, 0.5, 1.0]
    """
    if width <= 0:
        raise DataError(
            f"a window of width {width} HU shows nothing", remedy="Use a width above 0."
        )
    low = centre - width / 2
    return np.clip((np.asarray(hu, np.float32) - low) / width, 0, 1)


def resample(image: np.ndarray, spacing: float, to: float = SPACING) -> np.ndarray:
    """Give an image another pixel size and keep what it shows."""
    image = np.asarray(image, np.float32)
    shape = tuple(max(1, round(n * spacing / to)) for n in image.shape)
    return _sample(image, to / spacing, shape, _middle(image))


def resize(image: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Give an image another number of pixels. Millimetres are lost: a small nodule may grow.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Any grey scale.
    size : int or (int, int)
        Height and width wanted, in pixels.

    Returns
    -------
    ndarray of float32, shape (size, size) or `size`

    Examples
    --------
    >>> resize(np.eye(4), 2).shape
    (2, 2)
    """
    image = np.asarray(image, np.float32)
    shape = (size, size) if isinstance(size, int) else size
    steps = np.array(image.shape) / np.array(shape)
    return _sample(image, steps, shape, _middle(image))


def crop(image: np.ndarray, size: int, centre: tuple[float, float] | None = None) -> np.ndarray:
    """Cut a square; where it leaves the image the edge pixels are repeated.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Any grey scale.
    size : int
        Side of the square in pixels.
    centre : (float, float), optional
        Row and column of its middle; the middle of the image if not given.

    Returns
    -------
    ndarray of float32, shape (size, size)

    Examples
    --------
    >>> crop(np.arange(9).reshape(3, 3), 2, centre=(0, 0)).tolist()
    [[0.0, 1.0], [3.0, 4.0]]
    """
    image = np.asarray(image, np.float32)
    row, column = _middle(image) if centre is None else centre
    top, left = round(row - (size - 1) / 2), round(column - (size - 1) / 2)
    rows = np.clip(np.arange(top, top + size), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + size), 0, image.shape[1] - 1)
    return image[np.ix_(rows, columns)]


def grey_levels(image: np.ndarray) -> tuple[float, float]:
    """Find the grey values of lung and of soft tissue in a chest crop of unknown scale.

    Otsu's threshold splits the pixels into dark and bright; the median of each side is the level.
    An area at the very minimum is padding outside the scanner's field of view, not lung, and is
    left out.

    Otsu, IEEE Trans Syst Man Cybern 9:62 (1979).
    """
    values = np.asarray(image, np.float32).ravel()
    padding = values == values.min()
    if 0.01 < padding.mean() < 1:
        values = values[~padding]
    threshold = _otsu(values)
    dark, bright = values[values <= threshold], values[values > threshold]
    if len(dark) == 0 or len(bright) == 0:  # a single grey value
        return float(values[0]), float(values[0])
    return float(np.median(dark)), float(np.median(bright))


def standardise(images: Images, unit: str = "grey") -> list[np.ndarray]:
    """Put every image on one grey scale: lung becomes 0, soft tissue 1.

    Where HU are known, both levels are. Where they are lost, as in 8-bit files that were stretched
    one by one, the levels found in each image stand in for them. Padding of -2000 that squeezed the
    rest of such a file does not move them. What lies outside -0.2 to 2 is cut off: at -0.2 padding
    looks like the air outside the body; at 2 lies dense bone.

    Parameters
    ----------
    images : sequence of ndarray, each (h, w)
        The sizes may differ.
    unit : {"grey", "HU"}
        The scale of the pixels.

    Returns
    -------
    list of ndarray of float32
        The same shapes. A grey image with a single value becomes 0.

    Examples
    --------
    >>> standardise([np.array([[-860, 40, 3000]])], unit="HU")[0].tolist()
    [[0.0, 1.0, 2.0]]
    """
    scaled = []
    for image in images:
        lung, tissue = (LUNG_HU, TISSUE_HU) if unit == "HU" else grey_levels(image)
        step = (tissue - lung) or 1.0
        scaled.append(np.clip((np.asarray(image, np.float32) - lung) / step, -0.2, 2.0))
    return scaled


def prepare(image_set: ImageSet, size: int = SIZE, spacing: float = SPACING) -> np.ndarray:
    """Turn a data set into the input of `models.nodule_cnn`.

    1. The same grey scale for all (`standardise`).
    2. Where the millimetres per pixel are known: a square of `size * spacing` mm around the nodule
       (columns ``cx``, ``cy`` of the manifest, else the middle). Where not: the whole image,
       resized.

    Nothing is learned from other images, so nothing leaks between patients.

    Parameters
    ----------
    image_set : ImageSet
        `images` in HU or grey values, `spacing` in mm per pixel or None.
    size : int
        Side of the result in pixels.
    spacing : float
        Millimetres per pixel of the result.

    Returns
    -------
    ndarray of float32, shape (n, size, size, 1)
        0 is lung, 1 soft tissue.

    Raises
    ------
    DataError
        If there are no images, or one is not two-dimensional, is empty, has NaN or no spacing.

    Examples
    --------
    >>> from medtutor import datasets
    >>> prepare(datasets.load_ct("default").take([0, 1])).shape
    (2, 56, 56, 1)
    """
    _check(image_set.images, image_set.files)
    result = np.empty((len(image_set.images), size, size, 1), np.float32)
    for k, image in enumerate(standardise(image_set.images, image_set.unit)):
        if image_set.spacing is None:
            result[k, ..., 0] = resize(image, size)
        else:
            step, centre = _step(image_set, k, spacing), _centre(image_set, k, image)
            result[k, ..., 0] = _sample(image, step, (size, size), centre)
    return result


def at_most(image_set: ImageSet, most: int) -> ImageSet:
    """Draw `most` images by lot from a set that holds more, so that a lesson ends in its time."""
    if len(image_set) <= most:
        return image_set
    drawn = np.random.default_rng(0).choice(len(image_set), most, replace=False)
    return image_set.take(np.sort(drawn))


def body(image: np.ndarray) -> tuple[float, float, int] | None:
    """Find the patient in a whole slice: middle (row, column) and side; None in a crop."""
    # All that is brighter than the air of the border, but for thin lines (the table) and for the
    # outermost hundredth on each side.
    scale = max(1.0, max(image.shape) / COARSE)
    height, width = (max(1, round(n / scale)) for n in image.shape)
    small = resize(image, (height, width))
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    air = np.median(border)
    step = 0.1 * (np.percentile(small, 99) - air)
    if step <= 0 or np.mean(border > air + step) > 0.25 or np.mean(small < air - step) > 0.01:
        return None
    there = np.argwhere(ndimage.binary_opening(small > air + step))
    if len(there) < 0.02 * small.size:
        return None
    low, high = np.percentile(there, [1, 99], axis=0)
    row, column = (low + high + 1) / 2 * scale - 0.5
    return float(row), float(column), round(1.06 * scale * float(np.max(high + 1 - low)))


def outlines(image_set: ImageSet, size: int = SIZE) -> np.ndarray:
    """Bring the readers' outlines to the grid of `prepare`."""
    if image_set.masks is None:
        raise DataError(
            "the data set has no outlines",
            remedy="Put masks of the same names as the images into a folder masks/.",
        )
    # As an image of lung and tissue, an outline takes the same way as the images do.
    drawn = [np.where(mask, TISSUE_HU, LUNG_HU).astype(np.float32) for mask in image_set.masks]
    return prepare(replace(image_set, images=drawn, unit="HU"), size)[..., 0] > 0.5


def _check(images: Images, files: Sequence[str]) -> None:
    """Refuse images that a network cannot read, and name the file."""
    if len(images) == 0:
        raise DataError("the data set has no images")
    for k, image in enumerate(images):
        if np.ndim(image) != 2 or np.size(image) == 0:
            raise DataError(
                f"an image of shape {np.shape(image)} where (height, width) is needed",
                path=_name(files, k),
                remedy="Give one grey slice per nodule.",
            )
        if not np.all(np.isfinite(image)):
            raise DataError(
                "the image has NaN or infinite pixels",
                path=_name(files, k),
                remedy="Export it again.",
            )


def _otsu(values: np.ndarray) -> float:
    """Find the threshold that leaves the least variance on its two sides."""
    low, high = float(values.min()), float(np.percentile(values, 99))
    counts, edges = np.histogram(np.clip(values, low, max(high, low + 1e-6)), bins=128)
    middles = (edges[1:] + edges[:-1]) / 2
    share = np.cumsum(counts) / counts.sum()
    mean = np.cumsum(counts * middles) / counts.sum()
    both = share * (1 - share)
    between = np.divide((mean[-1] * share - mean) ** 2, both, where=both > 0, out=np.zeros(128))
    return float(edges[1 + np.argmax(between)])


def _middle(image: np.ndarray) -> tuple[float, float]:
    """Row and column of the middle of an image."""
    return (image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2


def _centre(image_set: ImageSet, k: int, image: np.ndarray) -> tuple[float, float]:
    """Row and column of a nodule: from the manifest when it gives a place inside the image."""
    try:
        column, row = (float(image_set.table[name][k]) for name in ("cx", "cy"))
    except (KeyError, ValueError):  # no such column, or an empty cell
        return _middle(image)
    inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
    return (row, column) if inside else _middle(image)


def _step(image_set: ImageSet, k: int, spacing: float) -> float:
    """Pixels of the image per pixel of the result."""
    own = float(image_set.spacing[k]) if image_set.spacing is not None else float("nan")
    if not own > 0:
        raise DataError(
            f"{own} mm per pixel",
            path=_name(image_set.files, k),
            remedy="Mend the spacing in the manifest, or leave its column out for all images.",
        )
    return spacing / own


def _name(files: Sequence[str], k: int) -> str:
    """Say which image is meant."""
    return files[k] if k < len(files) else f"image {k}"


def _sample(
    image: np.ndarray,
    step: float | np.ndarray,
    shape: tuple[int, ...],
    centre: tuple[float, float],
) -> np.ndarray:
    """Read `image` on a grid of `shape` points, `step` pixels apart, around `centre`."""
    step = np.broadcast_to(np.asarray(step, float), 2)
    # A coarser grid would turn fine detail into false patterns: blur as much as it skips.
    sigma = 0.5 * np.sqrt(np.maximum(step**2 - 1, 0))
    if np.any(sigma > 0):
        image = ndimage.gaussian_filter(image, sigma, mode="nearest")
    start = np.array(centre) - step * (np.array(shape) - 1) / 2
    return ndimage.affine_transform(
        image, step, offset=start, output_shape=shape, order=1, mode="nearest"
    )
