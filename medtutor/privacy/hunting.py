"""Judge a tool that removes names by what it leaves: `hunt` the identifiers that you know."""

import base64
import gzip
import io
import os
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont
from skimage.feature import match_template

from medtutor.privacy.burned_in import frames_of
from medtutor.privacy.dicom import read

CAPTURE = "secondary capture: pixels"  # the place of a word that is drawn
FONT = 14  # pixels of the letters that are drawn into an image
CODES = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-le", "cp037")
DEEPEST = 3  # an archive in an archive in an archive
LARGEST = 500_000_000  # bytes that an archive may unpack to
LIKENESS = 0.7  # correlation from which a drawn word counts as found


class Planted(NamedTuple):
    """An identifier, where it was planted, and the kind of that place."""

    place: str
    word: str
    kind: str = ""


class Trace(NamedTuple):
    """An identifier that was found."""

    path: Path
    place: str
    how: str


def hunt(folder: str | Path, planted: Iterable[Planted]) -> list[Trace]:
    """Find what is left of identifiers that you know.

    Every file is searched as it lies on the disk, its name too; archives and deflated data sets
    are unpacked, compressed pixels decoded. A word is looked for in all usual encodings of text
    (ASCII, UTF-8, Latin-1, UTF-16, UTF-32, EBCDIC), in hexadecimal, in Base64, and backwards; a
    date in the usual orders. The word that was drawn into pixels is looked for as a picture.
    """
    folder, planted = Path(folder), list(planted)
    shapes = {p: _shapes(p.word) for p in planted}
    drawn = [p for p in planted if p.place == CAPTURE]
    traces = []
    for path in sorted([folder] if folder.is_file() else folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder.parent))
        found: dict[Planted, set[str]] = {p: set() for p in planted}
        for where, data in [("name", name), *(_streams(path) if path.is_file() else [])]:
            lower = data.lower()
            for p, forms in shapes.items():
                found[p] |= {f"{where}, {how}" for how in _found(data, lower, forms)}
        traces += [Trace(path, p.place, how) for p in planted for how in sorted(found[p])]
        if drawn and path.is_file():
            traces += [Trace(path, p.place, "drawn") for p in drawn if _is_drawn(path, p.word)]
    return traces


def _shapes(word: str) -> dict[str, set[bytes]]:
    """Write a word, a number or a date (YYYYMMDD) in every usual way."""
    cases = {word, word.lower(), word.upper(), word.title()}
    texts = set(cases)
    if len(word) == 8 and word.isdigit():
        y, m, d = word[:4], word[4:6], word[6:]
        texts |= {f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{m}/{d}/{y}", f"{d}/{m}/{y}", f"{y}.{m}.{d}"}
    shapes = {"text" if code == "utf-8" else code: _encoded(texts, code) for code in CODES}
    shapes["backwards"] = {case[::-1].encode().lower() for case in cases}
    shapes["hexadecimal"] = {case.encode().hex().encode() for case in cases}
    shapes["Base64"] = {part for case in cases for part in _base64(case.encode())}
    return shapes


def _encoded(texts: Iterable[str], code: str) -> set[bytes]:
    raw = {text.encode(code, "ignore") for text in texts} - {b""}
    # As the pile is in which they are looked for; `lower` of bytes knows A to Z only.
    return raw if code == "cp037" else {form.lower() for form in raw}


def _base64(raw: bytes) -> Iterator[bytes]:
    """Write bytes in Base64 at each of the three positions that they can have in a longer text."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw)
        yield text[(8 * before + 5) // 6 : (8 * (before + len(raw))) // 6]


def _found(data: bytes, lower: bytes, shapes: dict[str, set[bytes]]) -> list[str]:
    # EBCDIC and Base64 do not survive the change to lower case
    piles = {"Base64": data, "cp037": data}
    return [
        how for how, forms in shapes.items() if any(form in piles.get(how, lower) for form in forms)
    ]


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
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError):
        return
    for part in parts:
        yield "unpacked", part
        if depth > 1:
            yield from _unpacked(part, depth - 1)


def _dicom_streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what a DICOM file hides from a plain search: deflated parts, compressed pixels."""
    if data[128:132] != b"DICM":
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
            syntax = dataset.file_meta.TransferSyntaxUID
            if syntax.is_deflated:  # all but the file meta information, whose length comes first
                start = 144 + int.from_bytes(data[140:144], "little")
                yield "inflated", zlib.decompressobj(-15).decompress(data[start:], LARGEST)
            if syntax.is_encapsulated and "PixelData" in dataset:
                yield "decoded pixels", np.ascontiguousarray(dataset.pixel_array).tobytes()
    except Exception:  # what cannot be decoded has been searched as bytes
        return


def picture(word: str, size: int = FONT) -> np.ndarray:
    """Draw a word as an image viewer does: 1 where ink covers a pixel, trimmed to the letters."""
    canvas = Image.new("L", (size * (len(word) + 2), 3 * size), 0)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(canvas).text((size, size), word, fill=255, font=font)
    ink = np.asarray(canvas) / 255.0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _is_drawn(path: Path, word: str) -> bool:
    """Look for the picture of a word in every frame, light on dark or dark on light."""
    ink = picture(word)
    try:
        frames = list(frames_of(read(path)))
    except Exception:  # no image, or one that cannot be decoded
        return False
    for frame in frames:
        grey = frame.mean(axis=2) if frame.ndim == 3 else frame.astype(float)
        fits = all(a >= b for a, b in zip(grey.shape, ink.shape, strict=True))
        if fits and np.nanmax(np.abs(match_template(grey, ink))) >= LIKENESS:
            return True
    return False
