"""One picture, and the outlines that belong to a folder of pictures.

Values stay those of the file: 0 to 255 for up to 8 bits, 0 to 65535 for 16, and what a TIFF of
signed, 32-bit or floating-point numbers holds. What would change on the way is refused: colour of
16 bits, CMYK, numbers that float32 cannot hold. Colour becomes grey by ITU-R 601 luma; transparency
is left aside; a picture is turned as its EXIF orientation says.
"""

import io
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from medtutor.ct.preprocess import resize
from medtutor.errors import DataError

MOST_PIXELS = 64_000_000  # 8,000 x 8,000; a small file can claim far more and fill the memory
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM")
GREY = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
COLOUR = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr")
# TIFF with one number a pixel: what Pillow reads as the file means it. Each row holds the bits, the
# sample format (1 unsigned, 2 signed, 3 float) and the photometric interpretation (0 white is zero,
# 1 black is zero, 3 palette).
PLAIN_TIFF = {
    *((bits, 1, kind) for bits in (1, 2, 4, 8) for kind in (0, 1, 3)),
    (16, 1, 1),
    (16, 2, 1),
    (32, 1, 1),
    (32, 2, 1),
    (32, 3, 1),
}


def read_image(path: str | Path, colour: bool = False) -> np.ndarray:
    """Read one picture upright as float32 values of the file, grey (h, w) or colour (h, w, 3)."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    head = b""
    try:
        with open(path, "rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is refused or read all the same
            head = stream.read(33)
            stream.seek(0)
            deep = head.startswith(STARTS[0]) and head[24:26] == b"\x10\x04"
            source = _bytes_as_channels(stream.read()) if deep else stream
            with Image.open(source, formats=FORMATS) as image:
                _refuse_what_would_change(image, head, path)
                tags = getattr(image, "tag_v2", {})
                # Pillow reads whole numbers of 32 bits without a sign as if they had one.
                unsigned = tags.get(258) == (32,) and tags.get(339, (1,)) == (1,)
                ImageOps.exif_transpose(image, in_place=True)
                if deep:
                    high, low = np.moveaxis(np.asarray(image, np.uint16)[..., :2], -1, 0)
                    grey = (high << 8 | low).astype(np.float32)
                elif colour and image.mode not in GREY:
                    return np.asarray(image.convert("RGB")).astype(np.float32)
                else:
                    grey = _grey(image, path, np.uint32 if unsigned else None)
                return np.repeat(grey[..., None], 3, axis=-1) if colour else grey
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError("the image is not there", path, "Check the path.") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except UnidentifiedImageError as error:
        what = "this is not a PNG, JPEG, TIFF or BMP image"
        if head.startswith(STARTS):
            what = "the image is cut off, or of a rare kind that is not read"
        raise DataError(what, path, "Save it as PNG, or copy it again.") from error
    except Exception as error:  # the kind is known and supported: the bytes are wrong
        what = f"the image is cut off or damaged ({error})"
        if isinstance(error, OSError) and error.strerror:
            what = f"the image cannot be opened ({error.strerror})"
        raise DataError(what, path, "Copy or download it again.") from error


def exact(values: np.ndarray, path: str | Path) -> np.ndarray:
    """Convert to float32; refuse NaN, infinity and whole numbers above 2^24, which it rounds."""
    result = values.astype(np.float32)
    if values.dtype.kind not in "iu":
        if not np.isfinite(result).all():
            raise DataError("it holds NaN or infinity", path, "Save a number for every pixel.")
    elif values.size and (most := max(int(values.max()), -int(values.min()))) > 2**24:
        what = f"its values reach {most:,}, too many digits"
        raise DataError(what, path, "Save numbers of at most 24 bits.")
    return result


def read_masks(
    root: Path, files: Sequence[str], images: Sequence[np.ndarray]
) -> np.ndarray | list[np.ndarray] | None:
    """Read the outlines in ``masks/``, whose files carry the names of the images; None without."""
    folder = root / "masks"
    if not folder.is_dir():
        return None
    paths = [outline_of(folder, PurePosixPath(file)) for file in files]
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


def outline_of(folder: Path, file: PurePosixPath) -> Path:
    """Look for an outline under the image's whole path, or under its name alone."""
    # What follows the last point of a DICOM file that is named by its UID is no suffix.
    end = file.suffix if file.suffix.lower() in (*SUFFIXES, ".dcm") else ""
    stems = [str(path).removesuffix(end) for path in (file, PurePosixPath(file.name))]
    options = [folder / f"{stem}{s}" for stem in stems for s in (end, *SUFFIXES)]
    return next((option for option in options if option.is_file()), options[-len(SUFFIXES)])


def stack(images: list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Make one array where the sizes agree."""
    return np.stack(images) if len({image.shape for image in images}) == 1 else images


def shrunk(image: np.ndarray, longest: int) -> np.ndarray:
    """Make a large image smaller, so that its longer side has `longest` pixels."""
    if max(image.shape) <= longest:
        return image
    height, width = (max(1, round(n * longest / max(image.shape))) for n in image.shape)
    return resize(image, (height, width))


def has_colour(pictures: np.ndarray) -> bool:
    """Tell colour from grey that was saved in three channels; JPEG moves those a little apart."""
    return bool(np.ptp(pictures, axis=-1).mean() > 3)


def _too_large(path: str | Path) -> DataError:
    """Say that a picture would fill the memory."""
    return DataError(
        f"the image claims more than {MOST_PIXELS // 1_000_000} million pixels",
        path,
        "Crop or shrink it first.",
    )


def _refuse_what_would_change(image: Any, head: bytes, path: str | Path) -> None:
    """Compare what Pillow will give with what the file's header says."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(path)
    if getattr(image, "n_frames", 1) > 1:
        raise DataError(
            f"it holds {image.n_frames} pictures", path, "Save each one in a file of its own."
        )
    kind = ""
    if image.format == "PNG" and head[24:26] in (b"\x10\x02", b"\x10\x06"):
        kind = "colour of 16 bits"
    elif image.format == "TIFF":
        tags = image.tag_v2
        bits, formats = tags.get(258, (1,)), tags.get(339, (1,))
        plain = (bits[0], formats[0], tags.get(262, 1)) in PLAIN_TIFF
        if head[:2] == b"MM" and tags.get(259, 1) != 1 and bits[0] > 8:
            plain &= bits[0] == 16 and formats[0] == 1  # the others come with their bytes swapped
        if not (plain if len(bits) == 1 else set(bits) == {8} and set(formats) == {1}):
            name = {1: "unsigned", 2: "signed", 3: "floating-point"}.get(formats[0], "unknown")
            kind = f"{len(bits)} {name} number(s) of {max(bits)} bits a pixel"
            kind += " with white as zero" * (tags.get(262) == 0)
    if not kind and image.mode not in GREY + COLOUR:
        kind = f"{image.mode} colour"
    if kind:
        raise DataError(
            f"{kind}: such images are not read, their values would change",
            path,
            "Save it as PNG: grey of 8 or 16 bits, or RGB of 8 bits.",
        )


def _bytes_as_channels(data: bytes) -> io.BytesIO:
    """Pass a PNG of 16-bit grey and alpha off as 8-bit RGBA: else Pillow keeps high bytes only."""
    # Filters and interlacing know bytes and pixels, nothing of their meaning: the header will do.
    ihdr = data[12:29]
    if data[29:33] != zlib.crc32(ihdr).to_bytes(4, "big"):
        raise ValueError("its header is damaged")
    ihdr = ihdr[:12] + b"\x08\x06" + ihdr[14:]
    return io.BytesIO(data[:12] + ihdr + zlib.crc32(ihdr).to_bytes(4, "big") + data[33:])


def _grey(image: Any, path: str | Path, kind: Any) -> np.ndarray:
    """Turn a loaded Pillow image into float32 grey values without losing bits."""
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode not in ("L", "LA", *GREY):
        image = image.convert("L")
    values = np.asarray(image)
    if image.mode in GREY:
        return exact(values if kind is None else values.view(kind), path)
    return (values[..., 0] if image.mode == "LA" else values).astype(np.float32)
