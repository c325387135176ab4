"""Read a folder of labelled images as it is: what cannot be used is listed, not raised.

`images.load_folder` stops at the first fault, which is right for a lesson. Somebody who brings a
folder of their own wants to hear of all faults at once, and to go on with the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medtutor import manifests
from medtutor.datasets import dicoms, images, listings
from medtutor.errors import DataError
from medtutor.types import Flag, ImageSet

MOST = 4000  # images; of more, a random part is read
LONGEST = 224  # pixels per side at which images without a scale in mm are kept

AROUND = 160  # pixels per side that are kept around a place in a DICOM slice


class Survey(NamedTuple):
    """What a folder holds: the usable images, whose they are, and what is wrong with the rest.

    Parameters
    ----------
    images : ImageSet
        Patients that are not known are empty texts.
    flags : list of Flag
        Rows and files that were left out or are incomplete, with the reason.
    colour : ndarray of shape (n, side, side, 3), float32, or None
        Red, green and blue from 0 to 255, where the files are in colour.
    """

    images: ImageSet
    flags: list[Flag]
    colour: np.ndarray | None


def read(folder: str | Path, most: int = MOST, side: int = 56, seed: int = 0) -> Survey:
    """Read a folder of PNG, JPEG or DICOM images with a table, or one folder for each class.

    The table ``labels.csv`` needs the columns ``file`` and ``label``; ``patient`` and ``split`` are
    used where they are. A ``file`` may be a DICOM slice, or the folder of a DICOM series: then its
    middle slice is taken, or the one that the column ``slice`` counts, from 0 at the feet.

    Parameters
    ----------
    folder : str or Path
        The folder, or the table itself when it has another name.
    most : int
        Images at most; of more, a random part is read, and a note says so.
    side : int
        Pixels per side of `colour`.
    seed : int
        Seed of that choice.

    Returns
    -------
    Survey

    Raises
    ------
    DataError
        Nothing usable is there, or only one class.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DataError("it is not there", folder, "Check the path.")
    table = folder if folder.suffix.lower() == ".csv" else folder / listings.MANIFEST
    root = table.parent if table.is_file() else folder
    flags: list[Flag] = []
    listing = _table(table, flags) if table.is_file() else _folders(folder)
    total = len(listing.files)
    if total > most:
        chosen = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
        listing = _take(listing, chosen.tolist())
    listing, pictures, unit = _pictures(listing, root, flags)
    found = images.from_listing(listing, root, pictures, unit)
    notes = () if listing.patients else ("which images show the same patient is not known",)
    if total > most:
        notes = (*notes, f"{most} of {total} images were drawn at random and read")
    if not listing.patients:
        found = replace(found, patients=np.full(len(found), ""))
    colour = _colour(root, listing, side) if unit == "grey" else None
    return Survey(replace(found, notes=notes), flags, colour)


def _folders(folder: Path) -> listings.Listing:
    """List class folders; say what to do with DICOM files that have no labels."""
    try:
        return listings.from_folders(folder)
    except DataError as error:
        if "DICOM" not in error.problem:
            raise
        raise DataError(
            "these DICOM files have no labels",
            folder,
            "Add labels.csv with the columns file,label,patient: one row for each slice or for "
            "each folder of a series.",
        ) from error


def _table(path: Path, flags: list[Flag]) -> listings.Listing:
    """Read the table; rows that cannot be used become flags."""
    columns = manifests.read(path, ("file", "label"))
    keep, seen = [], set()
    for k, file in enumerate(columns["file"]):
        row = f"row {k + 2}"
        try:
            file = columns["file"][k] = listings.inside(file, path, k + 2)
        except DataError as error:
            flags.append(Flag(row, "unreadable", error.problem))
            continue
        if not columns["label"][k]:
            flags.append(Flag(file, "no label", f"{row} of {path.name} has no label"))
        elif file in seen:
            flags.append(Flag(file, "listed twice", f"{row} repeats it; the first row counts"))
        elif not (path.parent / file).exists():
            flags.append(Flag(file, "unreadable", "the file is not there"))
        else:
            seen.add(file)
            keep.append(k)
    if not keep:
        raise DataError(
            f"none of its {len(columns['file'])} rows can be used",
            path,
            "Write paths relative to this folder into the column file.",
        )
    rest = {n: v for n, v in columns.items() if n not in ("file", "label", "patient", "split")}
    split = manifests.parts(columns["split"], path) if "split" in columns else None
    everyone = listings.Listing(
        columns["file"], columns["label"], columns.get("patient"), split, rest, path
    )
    return _take(everyone, keep)


def _take(listing: listings.Listing, rows: list[int]) -> listings.Listing:
    """Keep some rows of a listing."""

    def some(values: list[str] | None) -> list[str] | None:
        return None if values is None else [values[k] for k in rows]

    return listings.Listing(
        [listing.files[k] for k in rows],
        [listing.labels[k] for k in rows],
        some(listing.patients),
        some(listing.split),
        {name: [values[k] for k in rows] for name, values in listing.columns.items()},
        listing.origin,
    )


def _pictures(
    listing: listings.Listing, root: Path, flags: list[Flag]
) -> tuple[listings.Listing, list[np.ndarray], str]:
    """Read every image; what cannot be read becomes a flag and leaves the listing."""
    paths = [root / file for file in listing.files]
    slices = dicoms.are_dicom(paths)
    keep, pictures, spacing, people = [], [], [], []
    placed = {"cx", "cy"} <= set(listing.columns)
    shrink = _shrinks(listing, root)
    for k, path in enumerate(paths):
        try:
            if slices:
                slice_ = dicoms.read(path, listing.columns.get("slice", [""] * len(paths))[k])
                pictures.append(_around(slice_.hu, listing, k) if placed else shrink(slice_.hu))
                spacing.append(str(slice_.spacing))
                people.append(slice_.patient)
            else:
                pictures.append(shrink(images.read_image(path)))
            keep.append(k)
        except DataError as error:
            flags.append(Flag(listing.files[k], "unreadable", error.problem))
    if not keep:
        raise DataError(
            f"none of the {len(paths)} images can be read: {flags[-1].reason}",
            root,
            "Convert them to PNG, JPEG or CT slices in DICOM.",
        )
    listing = _take(listing, keep)
    if slices:
        columns = listing.columns
        if placed:  # the crops are cut around their place, which is now their middle
            middle = {name: [str((AROUND - 1) / 2)] * len(keep) for name in ("cx", "cy")}
            columns = {**columns, images.SPACING[0]: spacing, **middle}
        patients = listing.patients or (people if any(people) else None)
        listing = replace(listing, columns=columns, patients=patients)
    if listing.patients is not None:
        for file, patient in zip(listing.files, listing.patients, strict=True):
            if not patient:
                flags.append(Flag(file, "no patient", "whose image it is, is not known"))
        if not any(listing.patients):
            listing = replace(listing, patients=None)
    return listing, pictures, "HU" if slices else "grey"


def _shrinks(listing: listings.Listing, root: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Make large images smaller, unless a scale, a place or an outline would no longer fit."""
    placed = {"cx", "cy", *images.SPACING} & set(listing.columns) or (root / "masks").is_dir()

    def shrink(image: np.ndarray) -> np.ndarray:
        from medtutor.ct.preprocess import resize

        longest = max(image.shape)
        if placed or longest <= LONGEST:
            return image
        height, width = (max(1, round(n * LONGEST / longest)) for n in image.shape)
        return resize(image, (height, width))

    return shrink


def _around(hu: np.ndarray, listing: listings.Listing, k: int) -> np.ndarray:
    """Cut a square around the place that the table gives: whole slices would fill the memory."""
    from medtutor.ct.preprocess import crop

    try:
        centre = (float(listing.columns["cy"][k]), float(listing.columns["cx"][k]))
    except ValueError:
        raise DataError(
            f"cx and cy are {listing.columns['cx'][k]!r} and {listing.columns['cy'][k]!r}",
            listing.origin,
            "Write the column and the row of the finding in pixels there.",
        ) from None
    return crop(hu, AROUND, centre)


def _colour(root: Path, listing: listings.Listing, side: int) -> np.ndarray | None:
    """Read the colours again, small, if a sample of the files is not grey."""
    from medtutor.ct.preprocess import resize

    def read(file: str) -> np.ndarray:
        picture = images.read_image(root / file, colour=True)
        return np.stack([resize(picture[..., c], side) for c in range(3)], axis=-1)

    sample = np.stack([read(file) for file in listing.files[:: max(1, len(listing.files) // 10)]])
    if not has_colour(sample):
        return None
    return np.stack([read(file) for file in listing.files])


def has_colour(pictures: np.ndarray) -> bool:
    """Tell colour from grey that was saved in three channels; JPEG moves those a little apart.

    Parameters
    ----------
    pictures : ndarray of shape (n, h, w, 3)
        Values from 0 to 255.
    """
    return bool(np.ptp(pictures, axis=-1).mean() > 3)
