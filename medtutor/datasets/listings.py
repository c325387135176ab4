"""What a folder of labelled images holds: the rows of ``labels.csv``, or its class folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from medtutor import manifests
from medtutor.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg")
MANIFEST = "labels.csv"


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a source before its images are read."""

    files: list[str]
    labels: list[str]
    patients: list[str] | None
    split: list[str] | None
    columns: dict[str, list[str]]
    origin: Path


def from_manifest(path: Path) -> Listing:
    """Read ``labels.csv`` and check all that can be checked before an image is opened."""
    columns = manifests.read(path, ("file", "label", "patient"))
    files = [inside(file, path, row) for row, file in enumerate(columns["file"], start=2)]
    for name in ("label", "patient"):
        if "" in columns[name]:
            row = columns[name].index("") + 2
            raise DataError(f"row {row} has no {name}", path, "Fill it in, or take the row out.")
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise DataError(f"{twice} is listed twice", path, "Keep one of the rows.")
    missing = [file for file in files if not (path.parent / file).is_file()]
    manifests.refuse_missing(missing, len(files), path, "images")
    split = None
    if "split" in columns:
        split = manifests.parts(columns["split"], path)
        manifests.refuse_shared(columns["patient"], split, path)
    rest = {
        name: values
        for name, values in columns.items()
        if name not in ("file", "label", "patient", "split")
    }
    return Listing(files, columns["label"], columns["patient"], split, rest, path)


def inside(file: str, path: Path, row: int) -> str:
    """Accept only a path below the folder of the manifest.

    Raises
    ------
    DataError
        The path is empty, absolute, or leads out of the folder.
    """
    posix = PurePosixPath(file.replace("\\", "/"))
    if not file or posix.is_absolute() or ".." in posix.parts or ":" in posix.parts[0]:
        raise DataError(
            f"row {row}: the file {file!r} is not a path inside this folder",
            path,
            "Write it relative to the folder of labels.csv, without '..'.",
        )
    return str(posix)


def from_folders(folder: Path) -> Listing:
    """List images by class folder, inside ``train``, ``val`` and ``test`` folders if they exist."""
    top = _folders(folder)
    parts = {child: manifests.PARTS[child.name.lower()] for child in top if _is_part(child)}
    if parts and len(parts) == len([child for child in top if child.name != "masks"]):
        classes = [(child, part) for side, part in parts.items() for child in _folders(side)]
    else:
        classes = [(child, "") for child in top]
    files, labels, split = [], [], []
    for child, part in classes:
        for image in _images(child) if child.name != "masks" else ():
            files.append(image.relative_to(folder).as_posix())
            labels.append(child.name)
            split.append(part)
    if not files:
        raise _nothing(folder)
    if any(split):
        split = manifests.parts(split, folder)
    return Listing(files, labels, None, split if any(split) else None, {}, folder)


def _is_part(folder: Path) -> bool:
    """Tell whether a folder is named like a part of a split and holds folders."""
    return folder.name.lower() in manifests.PARTS and bool(_folders(folder))


def _folders(folder: Path) -> list[Path]:
    """List the folders in a folder, hidden ones left out."""
    children = folder.iterdir() if folder.is_dir() else ()
    return sorted(child for child in children if child.is_dir() and child.name[0] not in "._")


def _images(folder: Path) -> list[Path]:
    """List the images in a folder."""
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    )


def _nothing(folder: Path) -> DataError:
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
    if any(file.suffix.lower() == ".dcm" for file in here):
        return DataError(
            "this is a DICOM series without labels",
            folder,
            "Lesson 07 and medtutor.ct.read_series read it; a classifier needs labelled images.",
        )
    if any(file.suffix.lower() == ".hea" for file in here):
        return DataError("these are ECG records", folder, "Use them with lessons 13 and 14.")
    return DataError("no labelled PNG or JPEG images are in it", folder, remedy)
