"""Simulated CT of real lung nodules: outlines and ratings in, Hounsfield units out.

The radiologists' outline gives the shape, their ratings give what is inside it and how sharp
its edge is, `ct_simulation.anatomy` gives the chest around it, and this module adds the scanner:
slice thickness, point spread, reconstruction kernel, noise, streaks. The malignancy rating is
never read here. `data/make/ct_nodules.py` makes the bundled data set with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ct_simulation.anatomy import Place, Thorax, background, draw_thorax, lung_depth
from ct_simulation.drawing import Axes
from ct_simulation.nodule import FINER, SOLID, nodule_tissue, shape_between_slices
from scipy import ndimage

__all__ = [
    "SOLID",
    "Place",
    "Scanner",
    "draw_place",
    "draw_scanner",
    "simulate_field",
    "simulate_nodule",
]

MARGIN = 4  # pixels drawn around the crop, so that blur does not see its border
PLANES = 5  # thin planes per slice


@dataclass(frozen=True, slots=True)
class Scanner:
    """How one scan was made; equal for every nodule of that scan.

    Attributes
    ----------
    thickness
        Slice thickness in mm.
    cutoff
        Spatial frequency in 1/mm at which the point spread has lost 63 % of the contrast.
    boost
        Edge enhancement of the kernel: 0 soft, about 1 sharp.
    noise
        Standard deviation of the noise in HU.
    streaks
        Standard deviation of the horizontal streaks in HU (shoulders, low dose).
    lung_hu, emphysema, contrast
        The patient: mean HU of lung tissue, destroyed part (0 to 1), contrast medium given.
    """

    thickness: float = 2.0
    cutoff: float = 0.45
    boost: float = 0.1
    noise: float = 20.0
    streaks: float = 0.0
    lung_hu: float = -860.0
    emphysema: float = 0.0
    contrast: bool = False


def draw_scanner(
    rng: np.random.Generator, thickness: float = 2.0, contrast: bool = False
) -> Scanner:
    """Draw a scanner, kernel, dose and patient at random; thickness in mm and contrast as given."""
    sharp = rng.beta(0.7, 1.1)
    # Thinner slices collect fewer photons, sharper kernels pass more of the noise.
    noise = 11 * (1 + 1.7 * sharp) * (2.0 / thickness) ** 0.35 * rng.lognormal(0, 0.4)
    return Scanner(
        thickness=thickness,
        cutoff=0.30 + 0.28 * sharp + rng.normal(0, 0.02),
        boost=1.1 * sharp,
        noise=float(np.clip(noise, 6, 110)),
        streaks=float(noise * rng.uniform(0.5, 1.2)) if rng.random() < 0.08 else 0.0,
        lung_hu=rng.normal(-862, 26),
        emphysema=rng.uniform(0.1, 0.5) if rng.random() < 0.22 else 0.0,
        contrast=bool(contrast),
    )


def draw_place(rng: np.random.Generator) -> Place:
    """Draw a place in a lung at random."""
    return Place(
        rng.choice([-1, 1]) * rng.uniform(45, 115), rng.uniform(-60, 80), rng.uniform(0.3, 0.85)
    )


def seat(inside: np.ndarray, axes: Axes, place: Place, rng: np.random.Generator) -> Thorax:
    """Draw chests until the nodule lies in the lung or just touches its border."""
    middle = inside[len(inside) // 2]
    y, x = axes[1][:, None] + place.y, axes[2] + place.x
    area = max(int((middle > 0).sum()), 1)
    rows, columns = np.nonzero(middle > 0)
    extent = np.cov(np.stack([columns, rows])) if area > 9 else np.eye(2)
    value = np.linalg.eigvalsh(extent)
    thin = np.sqrt(value[0] / value[1]) < 0.72  # a lens: readers cut it off where the pleura is
    best, least = None, np.inf
    for trial in range(40):
        chest = draw_thorax(place, rng, room=max(0.0, trial - 15) / 25)
        depth = np.minimum.reduce(lung_depth(chest, x, y, np.zeros((1, 1))))
        outside = ((middle > 0) & (depth < 0)).sum() / area
        near = depth[middle > 0].min() < 1.5 if area > 1 else True
        if outside < 0.05 and (near or not thin):
            return chest
        if outside < least:
            best, least = chest, outside
    assert best is not None
    return best


def transfer(f: np.ndarray, scanner: Scanner) -> np.ndarray:
    """Contrast that is left at spatial frequency `f` (1/mm): blur, and the kernel's sharpening."""
    return np.exp(-((f / scanner.cutoff) ** 2)) * (1 + scanner.boost * (f / 0.42) ** 2)


def reconstruct(
    hu: np.ndarray, pixel: float, scanner: Scanner, rng: np.random.Generator
) -> np.ndarray:
    """Add the scanner to thin planes: slice profile, point spread, kernel, noise, streaks.

    Parameters
    ----------
    hu : (planes, h, w)
        Object in HU on the fine grid, planes evenly spread over the slice.
    pixel
        Pixel size in mm.

    References
    ----------
    Riederer, Pelc and Chesler, Phys Med Biol 23:446 (1978): the spectrum of the noise.
    """
    weight = np.hanning(len(hu) + 2)[1:-1] + 0.35
    slab = np.tensordot(weight / weight.sum(), hu, 1)
    fy = np.fft.fftfreq(slab.shape[0], pixel / FINER)[:, None]
    f = np.hypot(fy, np.fft.rfftfreq(slab.shape[1], pixel / FINER))
    image = np.fft.irfft2(np.fft.rfft2(slab) * transfer(f, scanner), slab.shape)
    image = image.reshape(image.shape[0] // FINER, FINER, -1, FINER).mean((1, 3))

    # Filtered back-projection: the noise power rises with frequency until the kernel cuts it.
    fy = np.fft.fftfreq(image.shape[0], pixel)[:, None]
    f = np.hypot(fy, np.fft.rfftfreq(image.shape[1], pixel))
    amplitude = np.sqrt(f + 0.03) * transfer(f, scanner)
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(image.shape)) * amplitude, image.shape)
    image = image + scanner.noise * noise / noise.std()
    if scanner.streaks:  # noisy rays across the shoulders: bands along one direction
        tilt = rng.normal(0, 6)
        bands = ndimage.gaussian_filter(rng.standard_normal(image.shape), (0.5, 14), mode="wrap")
        bands = ndimage.rotate(bands, tilt, reshape=False, mode="wrap")
        image = image + scanner.streaks * bands / bands.std()
    return image


def simulate_nodule(
    outlines: np.ndarray,
    ratings: Mapping[str, float] | None = None,
    spacing: float = 0.7,
    *,
    rng: np.random.Generator,
    gap: float = 2.0,
    scanner: Scanner | None = None,
    place: Place | None = None,
) -> np.ndarray:
    """Simulate one CT slice through a nodule.

    Parameters
    ----------
    outlines : (h, w) or (slices, h, w)
        The nodule in the slice to be drawn, or in an odd number of slices about it: bool, or the
        part of the readers (0 to 1) who put the pixel inside. Square, with an even side.
    ratings
        Mean ratings by LIDC's names (`texture`, `margin`, `spiculation` ...), 1 to 5 each, and
        `calcification` 1 to 6. Those left out are taken from `SOLID`.
    spacing
        Pixel size in mm.
    rng
        Source of randomness: the same state gives the same slice.
    gap
        Distance of the outlined slices in mm.
    scanner, place
        How and where the scan was made; drawn at random when left out.

    Returns
    -------
    numpy.ndarray, shape (h, w), int16
        The simulated slice in HU, -1024 to 3071.
    """
    stack = np.asarray(outlines, np.float32)
    stack = stack[None] if stack.ndim == 2 else stack
    rated = {**SOLID, **(ratings or {})}
    scanner = scanner or draw_scanner(rng)
    place = place or draw_place(rng)

    stack = np.pad(stack, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    step = spacing / FINER
    side = stack.shape[1] * FINER
    line = (np.arange(side) - (side - 1) / 2) * step
    depth = (np.arange(PLANES) - (PLANES - 1) / 2) * scanner.thickness / PLANES
    axes = (depth, line, line)

    inside = shape_between_slices(stack, gap, depth, step, spacing)
    chest = seat(inside, axes, place, rng)
    hu, lung = background(
        place,
        chest,
        axes,
        rng,
        lung_hu=scanner.lung_hu,
        emphysema=scanner.emphysema,
        contrast=scanner.contrast,
    )
    tissue, filled = nodule_tissue(inside, axes, rated, scanner.contrast, rng)
    filled = filled * lung
    hu = hu + filled * (tissue - hu)
    return _slice(hu, spacing, scanner, rng)


def simulate_field(
    nodules: Sequence[tuple[np.ndarray, Mapping[str, float], float]],
    side: int = 128,
    spacing: float = 0.7,
    *,
    rng: np.random.Generator,
    scanner: Scanner,
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a larger part of one CT slice, with nodules at random places of the lung.

    Parameters
    ----------
    nodules
        For each nodule its outlines, its ratings and the distance of its slices, as
        `simulate_nodule` takes them.
    side, spacing
        Pixels along each side, and their size in mm.
    rng, scanner
        Source of randomness; how the scan was made.

    Returns
    -------
    hu : numpy.ndarray, shape (side, side), int16
        The slice in HU.
    corners : numpy.ndarray, shape (nodules, 2), int
        Row and column of the field where each nodule's crop begins (it can lie outside).
    """
    side += 2 * MARGIN
    step = spacing / FINER
    line = (np.arange(side * FINER) - (side * FINER - 1) / 2) * step
    depth = (np.arange(PLANES) - (PLANES - 1) / 2) * scanner.thickness / PLANES
    place, chest, room = _roomy(line, rng)
    hu, lung = background(
        place,
        chest,
        (depth, line, line),
        rng,
        lung_hu=scanner.lung_hu,
        emphysema=scanner.emphysema,
        contrast=scanner.contrast,
        crowd=(side / (64 + 2 * MARGIN)) ** 2,
    )
    corners, free = [], room
    for outlines, ratings, gap in nodules:
        crop = outlines.shape[-1]
        local = (np.arange(crop * FINER) - (crop * FINER - 1) / 2) * step
        inside = shape_between_slices(outlines, gap, depth, step, spacing)
        radius = float(np.sqrt((inside[PLANES // 2] > 0).sum() / np.pi)) * step
        row, column = _seat_in(free, radius, line, rng)
        free = np.minimum(free, np.hypot(line[:, None] - line[row], line - line[column]) - radius)
        axes = (depth, local, local)
        tissue, filled = nodule_tissue(inside, axes, {**SOLID, **ratings}, scanner.contrast, rng)
        corner = np.array([row, column]) - crop * FINER // 2
        at, of = _overlap(corner, crop * FINER, len(line))
        part = filled[of] * lung[at]
        hu[at] += part * (np.broadcast_to(tissue, filled.shape)[of] - hu[at])
        corners.append(corner // FINER - MARGIN)
    return _slice(hu, spacing, scanner, rng), np.array(corners, int).reshape(-1, 2)


def _roomy(line: np.ndarray, rng: np.random.Generator) -> tuple[Place, Thorax, np.ndarray]:
    """Draw a place and a chest until half of the field is lung; with the distance to its border."""
    while True:
        place = draw_place(rng)
        chest = draw_thorax(place, rng)
        where = line + place.x, line[:, None] + place.y, np.zeros((1, 1))
        room = np.minimum.reduce(lung_depth(chest, *where))
        if (room > 0).mean() > 0.5:
            return place, chest, room


def _seat_in(
    free: np.ndarray, radius: float, line: np.ndarray, rng: np.random.Generator
) -> tuple[int, int]:
    """Choose a grid point where a nodule lies in the lung, clear of the others and of the edge.

    It starts on even points, so that its pixels are the field's pixels.
    """
    edge = np.minimum(line - line[0], line[-1] - line) - MARGIN * (line[1] - line[0]) * FINER
    clear = np.minimum(free, np.minimum(edge, edge[:, None]))[::FINER, ::FINER]
    fits = np.argwhere(clear > 0.8 * radius + 0.5)
    if not len(fits):
        fits = np.argwhere(clear == clear.max())
    row, column = fits[rng.integers(len(fits))] * FINER
    return int(row), int(column)


def _overlap(corner: np.ndarray, size: int, side: int) -> tuple[tuple, tuple]:
    """Slices of the field and of the crop where the two lie on each other, for (planes, h, w)."""
    start, stop = np.maximum(corner, 0), np.minimum(corner + size, side)
    at = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    of = tuple(slice(a, b) for a, b in zip(start - corner, stop - corner, strict=True))
    return (slice(None), *at), (slice(None), *of)


def _slice(
    hu: np.ndarray, spacing: float, scanner: Scanner, rng: np.random.Generator
) -> np.ndarray:
    """Put the thin planes through the scanner, cut the margin off, and store as scanners do."""
    image = reconstruct(hu, spacing, scanner, rng)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)
