"""Data sets in one ``.npz`` file: the bundled nodules, and MedMNIST."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from medtutor.ct.readers import who_drew
from medtutor.datasets.images import exact
from medtutor.errors import DataError
from medtutor.types import ImageSet

MOST_GB = 8.0  # unpacked; an archive can claim far more than its size
LEAST = 5  # pixels that a side of an image has at least; up to 4 may be channels
BUNDLED = {"images", "labels", "patients", "spacing"}  # arrays of the course's own files
RATED = {"masks", "malignancy", "nodule"}  # further ones, of nodules that readers have rated
# What has a field of its own in an `ImageSet`; every other array goes into its table.
FIELDS = ("images", "labels", "patients", "spacing", "diameter_mm", "masks", "numbers")
# Class names in the order of the label numbers: Yang et al., Scientific Data 10:41 (2023).
ORGANS = (
    "bladder femur-left femur-right heart kidney-left kidney-right liver lung-left lung-right "
    "pancreas spleen"
)
MEDMNIST_CLASSES = {"nodulemnist3d": ("benign", "malignant"), "organamnist": tuple(ORGANS.split())}


def load_npz(path: str | Path, name: str | None = None, card: str = "") -> ImageSet:
    """Read labelled images laid out as MedMNIST's or as the bundled sets, without unpickling."""
    path = Path(path)
    arrays = read_arrays(path)
    if "train_images" in arrays:
        return _medmnist(arrays, path, name or path.stem, card)
    if set(arrays) >= BUNDLED and len(RATED & set(arrays)) in (0, len(RATED)):
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
            size = sum(member.file_size for member in archive.infolist()) / 1e9
        if size > MOST_GB:
            raise DataError(f"it unpacks to {size:.0f} GB", path, "Save fewer or smaller images.")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        for key, array in arrays.items():
            if not isinstance(array, np.ndarray):  # NumPy hands out the bytes of what is none
                raise DataError(f"{key} in it is no array", path, again)
            if array.dtype.kind == "U":
                array.tolist()  # damaged text fails here, not wherever it is read first
        return arrays
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise DataError(f"the file is cut off or no .npz ({error})", path, again) from error
    except MemoryError as error:
        raise DataError(f"it does not fit into the memory ({error})", path, again) from error
    except Exception as error:  # NumPy reads a header as Python text: it fails in any way
        if "pickle" not in str(error).lower():
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
    class_names = MEDMNIST_CLASSES.get(path.stem, ())
    if numbers[0] < 0 or numbers[-1] >= len(class_names):
        class_names = tuple(str(number) for number in numbers)
        joined = np.searchsorted(numbers, joined)
    files = tuple(f"{part}/{i}" for part in dict.fromkeys(split) for i in range(split.count(part)))
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
        files=files,
        card=card,
        notes=(unknown, *filter(None, notes)),
    )


def _whole(values: np.ndarray) -> bool:
    """Tell whether an array holds whole numbers, perhaps written as 1.0."""
    if values.dtype.kind in "iub":
        return True
    limit = 2**53  # above, float64 skips numbers
    return values.dtype.kind == "f" and bool(np.all((values % 1 == 0) & (np.abs(values) < limit)))


def layout(shape: tuple[int, ...], path: Path) -> tuple[int | None, bool]:
    """Say which axis of images holds channels (None: no axis) and if they are volumes."""
    # An axis of 1 or 3 at either end is the channel where the others are as long as a side; then
    # two are left for an image, three for a volume. What can be read in two ways is refused.
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
    images = exact(images, path)
    if channel is not None and images.shape[-1] == 1:
        images = images[..., 0]
    elif channel is not None:  # ITU-R 601 luma, as for image files
        images = images @ np.array([0.299, 0.587, 0.114], np.float32)
    return images, note


def _nodules(arrays: dict[str, np.ndarray], path: Path, name: str, card: str) -> ImageSet:
    """Make an `ImageSet` of a bundled file: nodules with ratings and outlines, or whole fields."""
    images, labels = arrays["images"], arrays["labels"]
    class_names = ("benign", "malignant") if "numbers" not in arrays else tuple("0123")
    wrong = [key for key, array in arrays.items() if array.ndim and len(array) != len(images)]
    wrong += [key for key in ("masks", "numbers") if arrays.get(key, images).shape != images.shape]
    if not _whole(labels) or not np.isin(labels, range(len(class_names))).all():
        wrong.append("labels")
    if wrong or images.ndim != 3:
        raise DataError(
            f"the array {wrong[0] if wrong else 'images'} does not fit the {len(images)} images",
            path,
            "Restore the file as it was, with git or by a new install.",
        )
    patients, readers, masks = arrays["patients"].astype(str), None, arrays.get("numbers")
    files = tuple(f"{patient}#{i}" for i, patient in enumerate(patients))
    if "masks" in arrays:  # counts of readers; at least half of those who rated the nodule
        readers, drew = arrays["masks"], who_drew(arrays)
        masks = (readers > 0) & (2 * readers.astype(np.int64) >= drew[:, None, None])
        files = tuple(f"{p}_n{n:02d}" for p, n in zip(patients, arrays["nodule"], strict=True))
    diameter = arrays.get("diameter_mm")
    return ImageSet(
        name=name,
        images=images.astype(np.float32),
        unit="HU",
        labels=labels.astype(np.int64),
        class_names=class_names,
        patients=patients,
        patients_known=True,
        spacing=arrays["spacing"].astype(np.float32),
        diameter=None if diameter is None else diameter.astype(np.float32),
        masks=masks,
        table={key: _joined(array) for key, array in arrays.items() if key not in FIELDS},
        files=files,
        card=card,
        simulated=True,
        readers=readers,
    )


def _joined(ratings: np.ndarray) -> np.ndarray:
    """Write the ratings of one nodule as the manifests do: ``5|5|4``; 0 is an absent reader."""
    if ratings.ndim != 2:
        return ratings
    return np.asarray(["|".join(str(value) for value in row if value > 0) for row in ratings])
