"""Folders of labelled images: ``labels.csv``, or one folder for each class."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from medtutor import manifests
from medtutor.datasets import listings
from medtutor.errors import DataError
from medtutor.types import ImageSet

MOST_PIXELS = 64_000_000  # 8,000 x 8,000; a small file can claim far more and fill the memory
SPACING = ("pixel_spacing_mm", "spacing_mm")
DIAMETER = ("eq_diam_mm", "diameter_mm")


def load_folder(folder: str | Path, progress: bool = False) -> ImageSet:
    """Read a folder of labelled images.

    With ``labels.csv`` (columns ``file,label,patient``; ``split``, a pixel spacing in mm and a
    diameter in mm if known; any further column is kept), or with one folder for each class,
    perhaps inside ``train/`` and ``test/``. PNG of 8 and 16 bits and JPEG; colour becomes grey.
    Outlines are read from ``masks/`` when it is there: images of the same names, not 0 inside.

    Parameters
    ----------
    folder : str or Path
        The folder, or the CSV file itself when it has another name.
    progress : bool
        Show a bar while the images are read.

    Returns
    -------
    ImageSet
        In "grey": an image file does not say what its values mean in HU.

    Raises
    ------
    DataError
        A file is missing or damaged, a column is missing, or there is only one class.
    SplitError
        A patient is in two parts.
    """
    folder = Path(folder)
    root = folder.parent if folder.suffix.lower() == ".csv" else folder
    if not folder.exists():
        raise DataError("it is not there", folder, "Check the path.")
    manifest = folder if folder.suffix.lower() == ".csv" else folder / listings.MANIFEST
    listing = (
        listings.from_manifest(manifest) if manifest.is_file() else listings.from_folders(folder)
    )
    pictures = [read_image(root / file) for file in _bar(listing.files, progress)]
    return from_listing(listing, root, pictures)


def from_listing(
    listing: listings.Listing, root: Path, images: list[np.ndarray], unit: str = "grey"
) -> ImageSet:
    """Put the rows of a source and its images together.

    Parameters
    ----------
    listing : Listing
        One row for each image.
    root : Path
        The folder; its name becomes that of the set, and `masks/` is looked for in it.
    images : list of ndarray, each (h, w)
        As read.
    unit : {"grey", "HU"}
        The scale of the pixels.

    Returns
    -------
    ImageSet

    Raises
    ------
    DataError
        If there is only one class, a number is none, or an outline is missing.
    """
    class_names, labels = np.unique(np.asarray(listing.labels), return_inverse=True)
    if len(class_names) < 2:
        raise DataError(
            f"all images have one label ({class_names[0]})",
            listing.origin,
            "Add images of a second class: there is nothing to tell apart yet.",
        )
    spacing = _first_column(listing, SPACING)
    diameter = _first_column(listing, DIAMETER)
    known = listing.patients is not None
    return ImageSet(
        name=root.resolve().name,
        images=_stack(images),
        unit=unit,
        labels=labels.astype(np.int64),
        class_names=tuple(str(name) for name in class_names),
        patients=np.asarray(listing.patients if known else listing.files),
        patients_known=known,
        split=None if listing.split is None else np.asarray(listing.split),
        spacing=spacing,
        diameter=diameter,
        masks=_read_masks(root, listing.files, images),
        table={name: np.asarray(values) for name, values in listing.columns.items()},
        files=tuple(listing.files),
        card=_own_card(root, listing, class_names),
        simulated=False,
        notes=() if known else ("which images show the same patient is not known",),
    )


def read_image(path: str | Path, colour: bool = False) -> np.ndarray:
    """Read one PNG or JPEG as grey values, or as red, green and blue.

    Parameters
    ----------
    path : str or Path
        8 or 16 bits, grey or colour (ITU-R 601 luma, as Pillow converts it).
    colour : bool
        Keep the colours; a grey file then has three equal channels.

    Returns
    -------
    ndarray of shape (h, w), or (h, w, 3) with `colour`, float32
        The values of the file, not rescaled: 0 to 255, or 0 to 65535 in grey.

    Raises
    ------
    DataError
        The file is missing, cut off, no image, or larger than 64 million pixels.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path)
    too_large = DataError(
        f"the image claims more than {MOST_PIXELS // 1_000_000} million pixels",
        path,
        "Crop or shrink it first.",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG")) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise too_large
                image.load()
                if colour and not image.mode.startswith(("I", "F")):
                    return np.asarray(image.convert("RGB")).astype(np.float32)
                grey = _grey(image)
                return np.repeat(grey[..., None], 3, axis=-1) if colour else grey
    except Image.DecompressionBombError as error:
        raise too_large from error
    except FileNotFoundError as error:
        raise DataError("the image is not there", path, "Check the path.") from error
    except UnidentifiedImageError as error:
        raise DataError(
            "this is not a PNG or JPEG image", path, "Convert it, or copy it again."
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"the image is cut off or damaged ({error})", path, "Copy or download it again."
        ) from error


def _grey(image) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Turn a loaded Pillow image into float32 grey values without losing bits."""
    if image.mode.startswith(("I", "F")):
        return np.asarray(image).astype(np.float32)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode == "LA":
        return np.asarray(image)[..., 0].astype(np.float32)
    return np.asarray(image.convert("L")).astype(np.float32)


def _first_column(listing: listings.Listing, names: Sequence[str]) -> np.ndarray | None:
    """Take the first of the columns that is there as numbers."""
    for name in names:
        if name in listing.columns:
            return manifests.numbers(listing.columns[name], name, listing.origin)
    return None


def _bar(files: list[str], progress: bool) -> Iterable[str]:
    """Show progress where reading takes longer than a moment."""
    if not progress or len(files) < 1000:
        return files
    from tqdm.auto import tqdm

    return tqdm(files, "images", unit="file", leave=False)


def _stack(images: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Make one array where the sizes agree."""
    return np.stack(images) if len({image.shape for image in images}) == 1 else images


def _read_masks(
    root: Path, files: list[str], images: list[np.ndarray]
) -> np.ndarray | list[np.ndarray] | None:
    """Read ``masks/``, whose files carry the names of the images."""
    folder = root / "masks"
    if not folder.is_dir():
        return None
    paths = [_mask_path(folder, PurePosixPath(file)) for file in files]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(files)} images have no outline here, such as {missing[0]}",
            folder,
            "Add them, or rename the folder so that it is not read.",
        )
    if len(set(paths)) < len(paths):
        raise DataError(
            "images of the same name in different folders share one outline here",
            folder,
            "Put the outlines into the same folders below masks/.",
        )
    masks = [read_image(path) > 0 for path in paths]
    for path, mask, image in zip(paths, masks, images, strict=True):
        if mask.shape != image.shape:
            raise DataError(
                f"the outline is {mask.shape[1]} x {mask.shape[0]} pixels, its image "
                f"{image.shape[1]} x {image.shape[0]}",
                path,
                "Save both at the same size.",
            )
    return _stack(masks)


def _mask_path(folder: Path, file: PurePosixPath) -> Path:
    """Look for an outline under the image's whole path, or under its name alone."""
    options = [folder / file, folder / file.with_suffix(".png"), folder / file.name]
    last = folder / file.with_suffix(".png").name
    return next((option for option in options if option.is_file()), last)


def _own_card(root: Path, listing: listings.Listing, class_names: np.ndarray) -> str:
    """Write the card of a user's own folder: what was found, and what only the user can know."""
    counts = ", ".join(f"{listing.labels.count(name)} {name}" for name in class_names)
    people = (
        f"{len(set(listing.patients))} patients"
        if listing.patients is not None
        else "which images show the same patient is not known, so each counts as one"
    )
    return (
        f"### Your own images: {root.resolve().name}\n\n{len(listing.files)} images ({counts}); "
        f"{people}. Origin, licence and how the labels were made are known to you only."
    )
