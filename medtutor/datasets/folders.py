"""Folders of labelled images: ``labels.csv``, or one folder for each class.

A lesson stops at the first fault (`load_folder`). Somebody who brings a folder of their own wants
to hear of all faults at once and to go on with the rest (`survey`). Both read in the same way; what
differs is what a `Faults` does with a fault.

The table has the columns ``file``, ``label`` and ``patient``, perhaps ``split``, a pixel spacing
and a diameter in mm; any further column is kept. For `survey`, which does without ``patient``, a
file may be a DICOM slice, or the folder of a DICOM series: then its middle slice is taken, or the
one that the column ``slice`` counts, from 0 at the feet. Class folders may lie inside ``train/``
and ``test/``. Outlines are read from ``masks/``: images of the same names, not 0 inside.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from medtutor import manifests
from medtutor.ct.preprocess import crop, resize
from medtutor.datasets.images import (
    SUFFIXES,
    has_colour,
    outline_of,
    read_image,
    read_masks,
    shrunk,
    stack,
)
from medtutor.errors import DataError
from medtutor.manifests import Table
from medtutor.types import Flag, ImageSet

MANIFEST = "labels.csv"
SPACING = ("pixel_spacing_mm", "spacing_mm")
DIAMETER = ("eq_diam_mm", "diameter_mm")
OWN = ("file", "label", "patient", "split")  # columns that have a field of their own
MOST = 4000  # images that a survey reads; of more, a random part
LONGEST = 224  # pixels per side at which a survey keeps images without a scale in mm
AROUND = 160  # pixels per side that a survey keeps around a place in a DICOM slice


class Survey(NamedTuple):
    """Usable images (an unknown patient is an empty text), what is wrong with the rest, colours."""

    images: ImageSet
    flags: list[Flag]
    colour: np.ndarray | None


@dataclass
class Faults:
    """Collect faults, or raise the first one."""

    strict: bool
    flags: list[Flag] = field(default_factory=list)

    def add(self, item: str, check: str, error: DataError) -> None:
        """Take a fault of one row or file."""
        if self.strict:
            raise error
        self.flags.append(Flag(item, check, error.problem))


def load_folder(folder: str | Path, progress: bool = False) -> ImageSet:
    """Read a folder of labelled images; the notes account for every other file."""
    listing, root, left = _listing(Path(folder), Faults(strict=True))
    quiet = not progress or len(listing["file"]) < 1000  # shorter than a moment
    files = tqdm(listing["file"], "images", unit="file", leave=False, disable=quiet)
    pictures = [read_image(os.path.join(root, file)) for file in files]
    found = _image_set(listing, root, pictures, "grey")
    reasons = {flag.reason: flag.item for flag in reversed(left)}
    counts = Counter(flag.reason for flag in left)
    notes = [f"{counts[why]} file(s) left out: {why} ({item} …)" for why, item in reasons.items()]
    return replace(found, notes=(*found.notes, *notes))


def survey(folder: str | Path, most: int = MOST, side: int = 56) -> Survey:
    """Read pictures or DICOM images, of more than `most` a random part; faults are listed.

    Images with outlines need no label: without one, all are of one class.
    """
    faults = Faults(strict=False)
    listing, root, left = _listing(Path(folder), faults)
    faults.flags += left
    total = len(listing["file"])
    if total > most:
        chosen = np.sort(np.random.default_rng(0).choice(total, most, replace=False))
        listing = listing.take(chosen)
    listing, pictures, unit = _pictures(listing, root, faults)
    found = _image_set(listing, root, pictures, unit)
    if total > most:
        note = f"{most} of {total} images were drawn at random and read"
        found = replace(found, notes=(*found.notes, note))
    if not found.patients_known:
        found = replace(found, patients=np.full(len(found), ""))
    colour = _colour(root, found.files, side) if unit == "grey" else None
    return Survey(found, faults.flags, colour)


def _listing(folder: Path, faults: Faults) -> tuple[Table, Path, list[Flag]]:
    """Find out what a folder lists, the folder that its paths start from, and what is left out."""
    if not folder.exists():
        raise DataError("it is not there", folder, "Check the path.")
    table = folder if folder.suffix.lower() == ".csv" else folder / MANIFEST
    if table.is_file():
        listing = _from_table(table, faults)
        known = {*listing["file"], *(flag.item for flag in faults.flags), table.name}
        return listing, table.parent, _left_out(table.parent, known, table.name)
    listing = _from_folders(folder, faults)
    return listing, folder, _left_out(folder, {*listing["file"]})


def _left_out(root: Path, known: set[str], table: str = "") -> list[Flag]:
    """Account for every file below a folder that is no image of the set and no outline of one."""
    masks = root / "masks"
    listed = known if masks.is_dir() else ()
    outlines = {outline_of(masks, PurePosixPath(file)) for file in listed}
    found = []
    for name in _files(str(root)):
        if name in known:
            continue
        path, file = root / name, PurePosixPath(name)
        if path in outlines or not known.isdisjoint(map(str, file.parents)):
            continue  # a listed folder is a series, of which its reader takes care
        if any(_hidden(part) for part in file.parts):
            why = "it is hidden"
        elif "masks" in file.parts:
            why = "an outline of no image that is read"
        elif table:
            why = f"not in {table}"
        elif path.suffix.lower() in SUFFIXES:
            why = "it lies in no class folder"
        else:
            why = f"files {path.suffix or 'without a suffix'} are not read here"
        found.append(Flag(name, "left out", why))
    return found


def _files(folder: str, above: str = "") -> Iterator[str]:
    """List the files in a folder and below it, in order, by their paths from there."""
    # One call of the system a folder, where pathlib makes several a file.
    with suppress(PermissionError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, f"{above}{entry.name}/")
            elif entry.is_file(follow_symlinks=False) or os.path.isfile(entry.path):
                yield above + entry.name


def _outlined(root: Path) -> bool:
    """Tell whether outlines come with the images, so that labels can be missed."""
    return (root / "masks").is_dir()


def _hidden(name: str) -> bool:
    """Tell the files and folders that systems leave behind by their names."""
    return name[0] in "._"


def _from_table(path: Path, faults: Faults) -> Table:
    """Read ``labels.csv`` and check all that can be checked before an image is opened."""
    needed = ("file", "label", "patient") if faults.strict else ("file", "label")
    free = not faults.strict and _outlined(path.parent)
    table = manifests.read(path, needed[:1] if free else needed)
    root, files = str(path.parent), table["file"]
    if free and not any(table.get("label", ())):
        table["label"] = ["outlined"] * len(files)
    keep, seen, missing = [], set(), []
    for k, line in enumerate(table.lines):
        row = f"line {line}"
        try:
            files[k] = _inside(files[k], path, line)
        except DataError as error:
            faults.add(row, "unreadable", error)
            continue
        if not table["label"][k]:
            fault = DataError(f"{row} has no label", path, "Fill it in, or take the row out.")
            faults.add(files[k], "no label", fault)
        elif faults.strict and not table["patient"][k]:
            raise DataError(f"{row} has no patient", path, "Fill it in, or take the row out.")
        elif files[k] in seen:
            fault = DataError(f"{files[k]} is listed twice", path, "Keep one of the rows.")
            faults.add(files[k], "listed twice", fault)
        elif not _is_there(os.path.join(root, files[k])):
            missing.append(files[k])
        else:
            seen.add(files[k])
            keep.append(k)
    if faults.strict:
        manifests.refuse_missing(missing, len(files), path, "images")
    faults.flags += [Flag(file, "unreadable", "the file is not there") for file in missing]
    if not keep:
        raise DataError(
            f"none of its {len(files)} rows can be used",
            path,
            "Write paths relative to this folder into the column file.",
        )
    if "split" in table:
        table["split"] = manifests.parts(table["split"], path, table.lines)
        if faults.strict:
            manifests.refuse_shared(table["patient"], table["split"], path)
    for name in {"cx", "cy"} & set(table):
        table[name] = [str(v) for v in manifests.numbers(table[name], name, path, table.lines)]
    table = table.take(keep)
    table["label"] = manifests.whole(table["label"])
    return table


def _is_there(path: str) -> bool:
    """Tell a file or folder from nothing, a name that cannot be, and a pipe that never ends."""
    return os.path.isfile(path) or os.path.isdir(path)


def _inside(file: str, path: Path, line: int) -> str:
    """Accept only a path below the folder of the manifest."""
    posix = PurePosixPath(file.replace("\\", "/"))
    outside = not posix.parts or posix.is_absolute() or ".." in posix.parts
    if outside or ":" in posix.parts[0]:
        raise DataError(
            f"line {line}: the file {file!r} is not a path inside this folder",
            path,
            "Write it relative to the folder of labels.csv, without '..'.",
        )
    return str(posix)


def _from_folders(folder: Path, faults: Faults) -> Table:
    """List images by class folder; one that lies deeper belongs to the class folder above it."""
    top = [child for child in _folders(folder) if child.name != "masks"]
    if not top and _outlined(folder):
        top = [folder]  # images beside their masks
    sides = {
        child: manifests.PARTS[child.name.lower()]
        for child in top
        if child.name.lower() in manifests.PARTS and child != folder and _folders(child)
    }
    if sides:
        classes = [(child, part) for side, part in sides.items() for child in _folders(side)]
        lacking = {"train", "test"} - set(sides.values())
    else:
        classes = [(child, "") for child in top]
        named = {manifests.PARTS.get(child.name.lower(), "") for child in top}
        lacking = named if {"train", "test"} <= named and "" not in named else set()
    if lacking:
        raise DataError(
            f"no class folders lie in {' and '.join(f'{part}/' for part in sorted(lacking))}",
            folder,
            "Put one folder for each class into train/ and into test/, or write labels.csv.",
        )
    files, labels, split = [], [], []
    for child, part in classes:
        above = "" if child == folder else f"{child.relative_to(folder).as_posix()}/"
        for image in _images(child):
            files.append(above + image)
            labels.append(child.name)
            split.append(part)
            between = {name.lower() for name in image.split("/")[:-1]}
            if not between.isdisjoint(manifests.PARTS):
                raise DataError(
                    f"the parts lie inside the classes ({files[-1]})",
                    folder,
                    "Put the class folders into train/ and test/, or write labels.csv.",
                )
    if not files:
        raise _nothing(folder, faults.strict)
    table = Table({"file": files, "label": labels}, folder, list(range(len(files))))
    if any(split):
        table["split"] = manifests.parts(split, folder)
    return table


def _folders(folder: Path) -> list[Path]:
    """List the folders in a folder, hidden ones left out."""
    children = folder.iterdir() if folder.is_dir() else ()
    return sorted(child for child in children if child.is_dir() and not _hidden(child.name))


def _images(folder: Path) -> list[str]:
    """List the images in a folder and below it, hidden ones and outlines left out."""
    return [
        file
        for file in _files(str(folder))
        if os.path.splitext(file)[1].lower() in SUFFIXES
        and not any(_hidden(part) or part == "masks" for part in file.split("/"))
    ]


def _nothing(folder: Path, strict: bool) -> DataError:
    """Say what a folder holds instead of labelled images."""
    if not folder.is_dir():
        return DataError("this is no folder", folder, "Give a folder, a .csv or an .npz file.")
    here = list(folder.iterdir())
    remedy = (
        "Add labels.csv with the columns file,label,patient beside the images, or put the images "
        "into one folder for each class."
    )
    if not here:
        return DataError("the folder is empty", folder, remedy)
    if any(file.suffix.lower() == ".dcm" for file in folder.rglob("*")):
        if strict:
            what = "this is a DICOM series without labels"
            remedy = (
                "Lesson 07 and medtutor.ct.read_series read it; a classifier needs labelled images."
            )
        else:
            what = "these DICOM files have no labels"
            remedy = (
                "Add labels.csv with the columns file,label,patient: one row for each slice or for "
                "each folder of a series."
            )
        return DataError(what, folder, remedy)
    if any(file.suffix.lower() == ".hea" for file in here):
        return DataError("these are ECG records", folder, "Use them with lessons 14 and 15.")
    kinds = "PNG, JPEG, TIFF or BMP"
    return DataError(f"no labelled {kinds} images are in it", folder, remedy)


def _image_set(listing: Table, root: Path, images: list[np.ndarray], unit: str) -> ImageSet:
    """Put the rows of a source and its images together."""
    class_names, labels = np.unique(np.asarray(listing["label"]), return_inverse=True)
    if len(class_names) < 2 and not _outlined(root):
        raise DataError(
            f"all images have one label ({class_names[0]})",
            listing.path,
            "Add images of a second class, or give the folder whose sub-folders are the classes.",
        )
    known, files = "patient" in listing, listing["file"]
    return ImageSet(
        name=root.resolve().name,
        images=stack(images),
        unit=unit,
        labels=labels.astype(np.int64),
        class_names=tuple(str(name) for name in class_names),
        patients=np.asarray(listing["patient"] if known else files),
        patients_known=known,
        split=np.asarray(listing["split"]) if "split" in listing else None,
        spacing=_first_column(listing, SPACING),
        diameter=_first_column(listing, DIAMETER),
        masks=read_masks(root, files, images),
        table={name: np.asarray(column) for name, column in listing.items() if name not in OWN},
        files=tuple(files),
        card=_own_card(root, listing, class_names),
        notes=() if known else ("which images show the same patient is not known",),
    )


def _first_column(listing: Table, names: Sequence[str]) -> np.ndarray | None:
    """Take the first of the columns that is there as numbers."""
    for name in names:
        if name in listing:
            return manifests.numbers(listing[name], name, listing.path, listing.lines)
    return None


def _own_card(root: Path, listing: Table, class_names: np.ndarray) -> str:
    """Write the card of a user's own folder: what was found, and what only the user can know."""
    counts = ", ".join(f"{listing['label'].count(name)} {name}" for name in class_names)
    people = "which images show the same patient is not known, so each counts as one"
    if "patient" in listing:
        people = f"{len(set(listing['patient']))} patients"
    return (
        f"### Your own images: {root.resolve().name}\n\n{len(listing['file'])} images ({counts}); "
        f"{people}. Origin, licence and how the labels were made are known to you only."
    )


def _pictures(listing: Table, root: Path, faults: Faults) -> tuple[Table, list[np.ndarray], str]:
    """Read every image; what cannot be read becomes a flag and leaves the listing."""
    paths = [root / file for file in listing["file"]]
    slices = _are_dicom(paths)
    keep, pictures, spacing, people = [], [], [], []
    named = {"cx", "cy"} <= set(listing)
    placed = named and not _outlined(root)  # an outline is as large as the whole slice
    # A scale, a place or an outline would no longer fit.
    whole = {"cx", "cy", *SPACING} & set(listing) or _outlined(root)
    for k, path in enumerate(paths):
        try:
            if slices:
                index = listing.get("slice", [""] * len(paths))[k]
                hu, millimetres, patient = _read_slice(path, index)
                image = _around(hu, listing, k) if placed else hu
                spacing.append(str(millimetres))
                people.append(patient)
            else:
                image = read_image(path)
            pictures.append(image if whole else shrunk(image, LONGEST))
            keep.append(k)
        except DataError as error:
            faults.add(listing["file"][k], "unreadable", error)
    if not keep:
        raise DataError(
            f"none of the {len(paths)} images can be read: {faults.flags[-1].reason}",
            root,
            "Convert them to PNG or to CT slices in DICOM.",
        )
    listing = listing.take(keep)
    if slices and named:
        listing[SPACING[0]] = spacing
    if slices and placed:  # the crops are cut around their place, which is now their middle
        listing["cx"] = listing["cy"] = [str((AROUND - 1) / 2)] * len(keep)
    if slices and any(people):
        listing.setdefault("patient", people)
    if "patient" in listing:
        for file, patient in zip(listing["file"], listing["patient"], strict=True):
            if not patient:
                reason = "whose image it is, is not known"
                faults.flags.append(Flag(file, "no patient", reason))
        if not any(listing["patient"]):
            del listing["patient"]
    return listing, pictures, "HU" if slices else "grey"


def _are_dicom(paths: Sequence[Path]) -> bool:
    """Tell whether a table lists DICOM (a folder stands for a series); refuse a mixture."""
    from pydicom.misc import is_dicom

    def one(path: Path) -> bool:
        suffix = path.suffix.lower()
        return path.is_dir() or suffix == ".dcm" or (suffix not in SUFFIXES and is_dicom(path))

    kind = [one(path) for path in paths]
    if any(kind) and not all(kind):
        raise DataError(
            "some files of the table are DICOM and this one is not",
            paths[kind.index(False)],
            "Use one kind: HU and the grey values of a picture cannot be compared.",
        )
    return bool(kind) and all(kind)


def _read_slice(path: Path, index: str) -> tuple[np.ndarray, float, str]:
    """Read one CT slice, or one of a series: HU, millimetres per pixel, patient."""
    from medtutor.ct.series import read_series

    series = read_series(path)
    try:
        number = int(manifests.whole([index])[0]) if index else len(series.hu) // 2
        if not 0 <= number < len(series.hu):
            raise ValueError
    except ValueError:
        raise DataError(
            f"slice {index!r} where the series has {len(series.hu)}",
            path,
            f"Write a whole number from 0 to {len(series.hu) - 1} into the column slice.",
        ) from None
    return series.hu[number], float(series.spacing[1]), series.patient_id


def _around(hu: np.ndarray, listing: Table, k: int) -> np.ndarray:
    """Cut a square around the place that the table gives: whole slices would fill the memory."""
    try:
        centre = (float(listing["cy"][k]), float(listing["cx"][k]))
        if not (0 <= centre[0] < hu.shape[0] and 0 <= centre[1] < hu.shape[1]):
            raise ValueError
    except ValueError:
        raise DataError(
            f"cx and cy are {listing['cx'][k]!r} and {listing['cy'][k]!r}",
            listing.path,
            "Write the column and the row of the finding in pixels there.",
        ) from None
    return crop(hu, AROUND, centre)


def _colour(root: Path, files: Sequence[str], side: int) -> np.ndarray | None:
    """Read the colours again, small, if a sample of the files is not grey."""

    def read(file: str) -> np.ndarray:
        picture = read_image(root / file, colour=True)
        return np.stack([resize(picture[..., c], side) for c in range(3)], axis=-1)

    sample = np.stack([read(file) for file in files[:: max(1, len(files) // 10)]])
    if not has_colour(sample):
        return None
    return np.stack([read(file) for file in files])
