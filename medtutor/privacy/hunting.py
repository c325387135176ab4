"""Look for words in every byte of a folder, whatever way they are written: `hunt`."""

import base64
import gzip
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medtutor.privacy.planting import CAPTURE, Planted, picture

CODES = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-le", "cp037")
DEEPEST = 3  # an archive in an archive in an archive
LARGEST = 500_000_000  # bytes that an archive may unpack to
LIKENESS = 0.7  # correlation from which a drawn word counts as found


class Trace(NamedTuple):
    """A planted identifier that was found."""

    path: Path
    place: str
    how: str


def hunt(folder: str | Path, planted: Iterable[Planted]) -> list[Trace]:
    """Find what is left of planted identifiers.

    Every file is searched as it lies on the disk, its name too; archives and deflated data sets
    are unpacked, compressed pixels decoded. A word is looked for in all usual encodings of text
    (ASCII, UTF-8, Latin-1, UTF-16, UTF-32, EBCDIC), in hexadecimal, in Base64, and backwards; a
    date in the usual orders. The word that was drawn into pixels is looked for as a picture.

    Parameters
    ----------
    folder : str or Path
        Where to look; one file is fine.
    planted : iterable of Planted
        What to look for.

    Returns
    -------
    list of Trace
        One for each file, place and way of writing.
    """
    folder, planted = Path(folder), list(planted)
    shapes = {p: shapes_of(p.word) for p in planted}
    drawn = [p for p in planted if p.place == CAPTURE]
    traces = []
    for path in sorted([folder] if folder.is_file() else folder.rglob("*")):
        name = str(path.relative_to(folder.parent)).encode()
        found: dict[Planted, set[str]] = {p: set() for p in planted}
        for where, data in [("name", name), *(_streams(path) if path.is_file() else [])]:
            lower = data.lower()
            for p, forms in shapes.items():
                found[p] |= {f"{where}, {how}" for how in _found(data, lower, forms)}
        traces += [Trace(path, p.place, how) for p in planted for how in sorted(found[p])]
        if drawn and path.is_file():
            traces += [Trace(path, p.place, "drawn") for p in drawn if _is_drawn(path, p.word)]
    return traces


def shapes_of(word: str) -> dict[str, set[bytes]]:
    """Write a word in every usual way.

    Parameters
    ----------
    word : str
        A name, a number, or a date as YYYYMMDD.

    Returns
    -------
    dict of str to set of bytes
        Way of writing to its byte strings, in lower case; Base64 as it is.
    """
    texts = {word.lower()}
    if len(word) == 8 and word.isdigit():
        y, m, d = word[:4], word[4:6], word[6:]
        texts |= {f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{m}/{d}/{y}", f"{d}/{m}/{y}", f"{y}.{m}.{d}"}
    shapes: dict[str, set[bytes]] = {}
    for code in CODES:
        encoded = {_encoded(text, code) for text in texts} - {b""}
        shapes.setdefault("text" if code == "utf-8" else code, set()).update(encoded)
    shapes["cp037"] |= {_encoded(word, "cp037"), _encoded(word.upper(), "cp037")}
    shapes["backwards"] = {word.lower()[::-1].encode()}
    cases = {word, word.lower(), word.upper()}
    shapes["hexadecimal"] = {case.encode().hex().encode() for case in cases}
    shapes["Base64"] = {part for case in cases for part in _base64(case.encode())}
    return shapes


def _encoded(text: str, code: str) -> bytes:
    try:
        return text.encode(code)
    except UnicodeEncodeError:
        return b""


def _base64(raw: bytes) -> Iterator[bytes]:
    """Write bytes in Base64 at each of the three positions that they can have in a longer text."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw)
        yield text[(8 * before + 5) // 6 : (8 * (before + len(raw))) // 6]


def _found(data: bytes, lower: bytes, shapes: dict[str, set[bytes]]) -> list[str]:
    found = []
    for how, forms in shapes.items():
        # EBCDIC and Base64 do not survive the change to lower case
        pile = data if how in ("Base64", "cp037") else lower
        if any(form in pile for form in forms):
            found.append(how)
    return found


def _streams(path: Path) -> Iterator[tuple[str, bytes]]:
    data = path.read_bytes()
    yield "bytes", data
    yield from _unpacked(data, DEEPEST)
    yield from _dicom_streams(data)


def _unpacked(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """Unpack gzip and zip archives, and what is packed in them."""
    parts: list[bytes] = []
    try:
        if data[:2] == b"\x1f\x8b":
            parts = [gzip.GzipFile(fileobj=io.BytesIO(data)).read(LARGEST)]
        elif data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                small = [i for i in archive.infolist() if i.file_size < LARGEST]
                parts = [i.filename.encode() for i in small] + [archive.read(i) for i in small]
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError):
        return
    for part in parts:
        yield "unpacked", part
        if depth > 1:
            yield from _unpacked(part, depth - 1)


def _dicom_streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what a DICOM file hides from a plain search: deflated parts, compressed pixels."""
    if data[128:132] != b"DICM":
        return
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
            syntax = dataset.file_meta.TransferSyntaxUID
            if syntax.is_deflated:  # all but the file meta information, whose length comes first
                start = 144 + int.from_bytes(data[140:144], "little")
                yield "inflated", zlib.decompressobj(-15).decompress(data[start:], LARGEST)
            if syntax.is_encapsulated and "PixelData" in dataset:
                yield "decoded pixels", np.ascontiguousarray(dataset.pixel_array).tobytes()
    except Exception:  # what cannot be decoded has been searched as bytes
        return


def _is_drawn(path: Path, word: str) -> bool:
    """Look for the picture of a word in every frame, light on dark or dark on light."""
    from skimage.feature import match_template

    from medtutor.privacy.burned_in import frames_of

    ink = picture(word)
    for frame in _frames(path, frames_of):
        grey = frame.mean(axis=2) if frame.ndim == 3 else frame.astype(float)
        if all(a >= b for a, b in zip(grey.shape, ink.shape, strict=True)):
            likeness = match_template(grey, ink)
            if np.nanmax(np.abs(likeness)) >= LIKENESS:
                return True
    return False


def _frames(path: Path, decode: Any) -> Iterable[np.ndarray]:
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(decode(pydicom.dcmread(path)))
    except Exception:  # no image, or one that cannot be decoded
        return []
