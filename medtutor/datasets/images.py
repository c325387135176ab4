"""One picture, and the outlines that belong to a folder of pictures."""

import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from medtutor.errors import DataError

MOST_PIXELS = 64_000_000  # 8,000 x 8,000; a small file can claim far more and fill the memory


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

    Examples
    --------
    >>> read_image("no-such.png")
    Traceback (most recent call last):
    medtutor.errors.DataError: no-such.png: the image is not there. Check the path.
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


def read_masks(
    root: Path, files: Sequence[str], images: Sequence[np.ndarray]
) -> np.ndarray | list[np.ndarray] | None:
    """Read the outlines in ``masks/``, whose files carry the names of the images; None without."""
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
    return stack(masks)


def stack(images: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Make one array where the sizes agree."""
    return np.stack(images) if len({image.shape for image in images}) == 1 else images


def has_colour(pictures: np.ndarray) -> bool:
    """Tell colour from grey that was saved in three channels; JPEG moves those a little apart."""
    return bool(np.ptp(pictures, axis=-1).mean() > 3)


def _grey(image: Any) -> np.ndarray:
    """Turn a loaded Pillow image into float32 grey values without losing bits."""
    if image.mode.startswith(("I", "F")):
        return np.asarray(image).astype(np.float32)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode == "LA":
        return np.asarray(image)[..., 0].astype(np.float32)
    return np.asarray(image.convert("L")).astype(np.float32)


def _mask_path(folder: Path, file: PurePosixPath) -> Path:
    """Look for an outline under the image's whole path, or under its name alone."""
    options = [folder / file, folder / file.with_suffix(".png"), folder / file.name]
    last = folder / file.with_suffix(".png").name
    return next((option for option in options if option.is_file()), last)
