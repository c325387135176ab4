"""Data sets in one ``.npz`` file: the bundled nodules, and MedMNIST."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from medtutor.datasets.images import exact
from medtutor.errors import DataError
from medtutor.types import ImageSet

MOST_BYTES = 8_000_000_000  # unpacked; an archive can claim far more than its size
LEAST = 5  # pixels that a side of an image has at least; up to 4 may be channels
# What has a field of its own in an `ImageSet`; every other array goes into its table.
FIELDS = ("images", "labels", "patients", "spacing", "diameter_mm", "masks", "numbers")
# Class names in the order of the label numbers: Yang et al., Scientific Data 10:41 (2023).
MEDMNIST_CLASSES = {
    "nodulemnist3d": ("benign", "malignant"),
    "organamnist": (
        "bladder",
        "femur-left",
        "femur-right",
        "heart",
        "kidney-left",
        "kidney-right",
        "liver",
        "lung-left",
        "lung-right",
        "pancreas",
        "spleen",
    ),
}


def load_npz(path: str | Path, name: str | None = None, card: str = "") -> ImageSet:
    """Read labelled images from an ``.npz`` file, without ever unpickling.

    Two layouts are known: MedMNIST's (``train_images``, ``train_labels``, the same for ``val`` and
    ``test``) and that of the bundled nodules (``images``, ``labels``, ``patients`` …).
    """
    path = Path(path)
    arrays = read_arrays(path)
    if "train_images" in arrays:
        return _medmnist(arrays, path, name or path.stem, card)
    if {"images", "labels", "patients"} <= set(arrays):
        return _nodules(arrays, path, name or path.stem, card)
    raise DataError(
        f"its arrays ({', '.join(sorted(arrays)[:6]) or 'none'}) are not those of a labelled set",
        path,
        "Save train_images, train_labels, test_images, test_labels, as MedMNIST does.",
    )


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every array of an ``.npz`` file; one that holds pickled objects could run any code."""
    again = "Copy or download the file again."
    if not path.is_file():
        raise DataError("this file is not there", path, "Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(member.file_size for member in archive.infolist())
        if total > MOST_BYTES:
            raise DataError(
                f"it unpacks to {total / 1e9:.0f} GB", path, "Save fewer or smaller images."
            )
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise DataError(f"the file is cut off or no .npz ({error})", path, again) from error
    except ValueError as error:
        if "allow_pickle" not in str(error) and "pickle" not in str(error).lower():
            raise DataError(f"an array in it is damaged ({error})", path, again) from error
        raise DataError(
            "it holds pickled Python objects, which could run any code and are not read",
            path,
            "Save plain arrays of numbers or text: np.savez(path, train_images=…, …).",
        ) from error


def _medmnist(arrays: dict[str, np.ndarray], path: Path, name: str, card: str) -> ImageSet:
    """Join the parts of a MedMNIST file; of a volume, the central slice is taken."""
    images, labels, split = [], [], list[str]()
    notes = dict[str, None]()
    for part in ("train", "val", "test"):
        if f"{part}_images" not in arrays:
            continue
        if f"{part}_labels" not in arrays:
            raise DataError(f"{part}_labels is not in it", path, "Save the labels with the images.")
        label = arrays[f"{part}_labels"]
        label = label[:, 0] if label.ndim == 2 and label.shape[1] == 1 else label
        pictures = arrays[f"{part}_images"]
        count = len(pictures) if pictures.ndim else 0
        if label.ndim != 1 or len(label) != count or not _whole(label):
            raise DataError(
                f"{part}_labels has the shape {label.shape} for {count} images, or is not whole",
                path,
                "The lessons need one class number for each image.",
            )
        flat, note = _flat(pictures, path)
        images.append(flat)
        notes[note] = None
        if flat.shape[1:] != images[0].shape[1:] or len(notes) > 1:
            raise DataError(f"{part}_images has another shape", path, "Save all parts alike.")
        labels.append(label.astype(np.int64))
        split += [part] * count
    if "test" not in split or "train" not in split:
        raise DataError("it has no train or no test images", path, "Save both.")
    joined = np.concatenate(labels)
    numbers = np.unique(joined)
    if len(numbers) < 2:
        raise DataError("all images have one label", path, "Add images of a second class.")
    names = MEDMNIST_CLASSES.get(path.stem, ())
    if numbers[0] >= 0 and numbers[-1] < len(names):
        class_names = names
    else:
        class_names = tuple(str(number) for number in numbers)
        joined = np.searchsorted(numbers, joined)
    files = tuple(
        f"{part}/{i}" for part in ("train", "val", "test") for i in range(split.count(part))
    )
    unknown = "which images show the same patient is not known; the parts are the source's own"
    return ImageSet(
        name=name,
        images=np.concatenate(images),
        unit="grey",
        labels=joined.astype(np.int64),
        class_names=class_names,
        patients=np.asarray(files),
        patients_known=False,
        split=np.asarray(split),
        spacing=None,
        diameter=None,
        masks=None,
        table={},
        files=files,
        card=card,
        simulated=False,
        notes=(unknown, *filter(None, notes)),
    )


def _whole(values: np.ndarray) -> bool:
    """Tell whether an array holds whole numbers, perhaps written as 1.0."""
    if values.dtype.kind in "iub":
        return True
    limit = 2**53  # above, float64 skips numbers
    return values.dtype.kind == "f" and bool(np.all((values % 1 == 0) & (np.abs(values) < limit)))


def layout(shape: tuple[int, ...], path: Path) -> tuple[int | None, bool]:
    """Say which axis of an array of images holds channels (None: no axis) and if they are volumes.

    All axes after the first decide: one of 1 or 3 at either end is the channel where the others are
    as long as a side of an image; then two are left for an image and three for a volume, whose
    slices lie along the first. What can be read in two ways is refused.
    """
    axes = list(range(1, len(shape)))
    ends = [axis for axis in (axes[-1:] + axes[:1]) if shape[axis] in (1, 3) and len(axes) > 2]
    channel = next((k for k in ends if all(shape[a] >= LEAST for a in axes if a != k)), None)
    rest = [shape[axis] for axis in axes if axis != channel]
    square = len(rest) == 3 and rest[1] == rest[2]
    if min(rest, default=0) >= LEAST and (len(rest) == 2 or square):
        return channel, square
    raise DataError(
        f"its images have the shape {shape}: which axes are height, width and colour is not clear",
        path,
        "Save (n, height, width), colour as (n, height, width, 3), or volumes as (n, z, y, x) with "
        f"slices that are square; a side has at least {LEAST} pixels.",
    )


def _flat(images: np.ndarray, path: Path) -> tuple[np.ndarray, str]:
    """Make (n, h, w) of grey images, colour images or volumes, and say what was done."""
    if images.dtype.kind not in "uif":
        raise DataError(f"its images are of the type {images.dtype}", path, "Save numbers.")
    channel, volume = layout(images.shape, path)
    note = ""
    if channel is not None:
        images = np.moveaxis(images, channel, -1)
    if volume:
        images = images[:, images.shape[1] // 2]
        note = "of each volume, the central slice along the first axis is taken"
    if channel is None:
        return exact(images, path), note
    images = exact(images, path)
    if images.shape[-1] == 1:
        return images[..., 0], note
    # ITU-R 601 luma, as for image files
    return images @ np.array([0.299, 0.587, 0.114], np.float32), note


def _nodules(arrays: dict[str, np.ndarray], path: Path, name: str, card: str) -> ImageSet:
    """Make an `ImageSet` of a bundled file: nodules with ratings and outlines, or whole fields."""
    count = len(arrays["images"])
    class_names = ("benign", "malignant") if "numbers" not in arrays else tuple("0123")
    wrong = [key for key, array in arrays.items() if array.ndim and len(array) != count]
    known = range(len(class_names))
    if not _whole(arrays["labels"]) or not np.isin(arrays["labels"], known).all():
        wrong.append("labels")
    if wrong or arrays["images"].ndim != 3:
        raise DataError(
            f"the array {wrong[0] if wrong else 'images'} does not fit the {count} images",
            path,
            "Restore the file as it was, with git or by a new install.",
        )
    patients = arrays["patients"].astype(str)
    nodule = arrays.get("nodule")
    table = {key: _joined(array) for key, array in arrays.items() if key not in FIELDS}
    masks, shape = arrays.get("numbers"), arrays["images"].shape
    readers = arrays["masks"] if "masks" in arrays and arrays["masks"].shape == shape else None
    if "masks" in arrays:
        masks = _half_of_readers(arrays["masks"], shape, arrays.get("malignancy"))
    if nodule is None:
        files = tuple(f"{patient}#{i}" for i, patient in enumerate(patients))
    else:
        files = tuple(f"{p}_n{n:02d}" for p, n in zip(patients, nodule, strict=True))
    return ImageSet(
        name=name,
        images=arrays["images"].astype(np.float32),
        unit="HU",
        labels=arrays["labels"].astype(np.int64),
        class_names=class_names,
        patients=patients,
        patients_known=True,
        split=None,
        spacing=_float(arrays.get("spacing")),
        diameter=_float(arrays.get("diameter_mm")),
        masks=masks,
        table=table,
        files=files,
        card=card,
        simulated=True,
        readers=readers,
    )


def _half_of_readers(
    masks: np.ndarray, shape: tuple[int, ...], ratings: np.ndarray | None
) -> np.ndarray:
    """Keep the pixels that at least half of the readers drew.

    `masks` counts readers, shape (n, h, w), or is a plain outline packed to bits along the rows.
    """
    if masks.shape != shape:
        return np.unpackbits(masks, axis=-1, count=shape[-1]).reshape(shape).astype(bool)
    readers = masks.max(axis=(1, 2)) if ratings is None else (ratings > 0).sum(axis=1)
    return (masks > 0) & (2 * masks.astype(np.int64) >= readers[:, None, None])


def _joined(ratings: np.ndarray) -> np.ndarray:
    """Write the ratings of one nodule as the manifests do: ``5|5|4``; 0 is an absent reader."""
    if ratings.ndim != 2:
        return ratings
    return np.asarray(["|".join(str(value) for value in row if value > 0) for row in ratings])


def _float(values: np.ndarray | None) -> np.ndarray | None:
    """Convert to float32 what is there."""
    return None if values is None else values.astype(np.float32)
