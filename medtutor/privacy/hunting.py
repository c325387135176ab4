"""Judge a tool that removes names by what it leaves: `plant` invented identifiers, and `hunt` them.

Real files hide names in places that nobody knows; so the places here are chosen, and each gets a
word of its own that occurs nowhere else. `hunt` also finds what you know of your own patients.
"""

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
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from skimage.feature import match_template

from medtutor.errors import DataError
from medtutor.privacy.burned_in import frames_of
from medtutor.privacy.dicom import read

ROOT = "1.2.826.0.1.3680043.8.498.20"  # the prefix that pydicom uses for made-up images
FILE, FOLDER, CAPTURE = "file name", "folder name", "secondary capture: pixels"
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


NAMES = """
    PatientName PatientID OtherPatientNames PatientAddress PatientComments PatientMotherBirthName
    AdditionalPatientHistory Occupation AccessionNumber StudyDescription SeriesDescription
    ProtocolName ImageComments InstitutionName ReferringPhysicianName OperatorsName StationName
    DeviceSerialNumber BeamName PositionReferenceIndicator
    """
DATES = "PatientBirthDate StudyDate AcquisitionDateTime"
UIDS = "StudyInstanceUID SeriesInstanceUID SOPInstanceUID FrameOfReferenceUID"
DEEP = "ViewCodeSequence ViewModifierCodeSequence PurposeOfReferenceCodeSequence PatientComments"
NESTED = {  # place to the way there, from sequence to sequence
    "nested: other patient ID": "OtherPatientIDsSequence PatientID",
    "nested: request": "RequestAttributesSequence ScheduledProcedureStepID",
    "nested: name in a kept sequence": "ViewCodeSequence PatientName",
    "nested: three levels down": DEEP,
    "nested: UID of another image": "SourceImageSequence ReferencedSOPInstanceUID",
}
PRIVATE = ("private: text", "private: bytes, UTF-16", "private: sequence")
GRAPHICS = ("overlay comment", "overlay data", "curve data")
AROUND = ("padding at the end", "file meta: sender", "preamble")
# Place to its kind and the form of its word. Besides these: the patient's name once more, in a term
# of a code that a table of rules keeps.
PLACES = {
    **dict.fromkeys(NAMES.split(), ("name or number", "name")),
    "PatientTelephoneNumbers": ("name or number", "number"),
    **dict.fromkeys(DATES.split(), ("date", "date")),
    **dict.fromkeys(UIDS.split(), ("UID", "uid")),
    **dict.fromkeys(NESTED, ("nested", "name")),
    "nested: UID of another image": ("nested", "uid"),
    **dict.fromkeys(PRIVATE, ("private", "name")),
    **dict.fromkeys(GRAPHICS, ("graphics", "name")),
    **dict.fromkeys(AROUND, ("around the data", "name")),
    FILE: ("name of file, folder", "name"),
    FOLDER: ("name of file, folder", "name"),
    CAPTURE: ("pixels", "name"),
}


def words(seed: int = 17) -> dict[str, Planted]:
    """Invent an identifier for every place: words of ten letters that are none, numbers, dates."""
    rng = np.random.default_rng(seed)

    def syllable() -> str:
        return "".join(rng.choice(list(part)) for part in ("bdfgklmnprstvz", "aeiou"))

    def name() -> str:
        return ("zq" + "".join(syllable() for _ in range(4))).capitalize()

    def number() -> str:
        return str(rng.integers(10**9, 10**10 - 1))

    def date() -> str:
        year, month, day = rng.integers((1931, 1, 1), (1989, 13, 28))
        return f"{year}{month:02d}{day:02d}"

    make = {"name": name, "number": number, "uid": number, "date": date}
    return {place: Planted(place, make[form](), kind) for place, (kind, form) in PLACES.items()}


def plant(source: str | Path, target: str | Path, capture: bool = False) -> tuple[Planted, ...]:
    """Copy DICOM files and plant identifiers in every copy."""
    target, made = Path(target), words()
    if target.exists():
        raise DataError("it is there already", target, "Name a new folder.")
    files = sorted(p for p in Path(source).rglob("*") if p.is_file())
    folder = target / made[FOLDER].word
    folder.mkdir(parents=True)
    dataset = None
    for number, path in enumerate(files):
        copy = folder / f"{made[FILE].word}-{number:03d}.dcm"
        with warnings.catch_warnings(action="ignore"):
            try:
                dataset = pydicom.dcmread(path)
                _plant_all(dataset, made, number)
                dataset.save_as(copy)
            except Exception:  # a test file that cannot be read, or not written again
                copy.unlink(missing_ok=True)
    if capture and dataset is not None:
        _write_capture(dataset, made, folder)
    return tuple(p for p in made.values() if capture or p.place != CAPTURE)


def _plant_all(data: Any, made: dict[str, Planted], number: int) -> None:
    """Put every word into its place in a data set, but for names of files and drawn words."""
    word = {place: planted.word for place, planted in made.items()}
    for place in word:
        if PLACES[place][1] == "uid":
            end = f".{number}" if place == "SOPInstanceUID" else ""
            word[place] = f"{ROOT}.{word[place]}{end}"
        if PLACES[place][0] in ("name or number", "date", "UID", "nested"):
            _put(data, NESTED.get(place, place).split(), word[place])
    private = data.private_block(0x0071, "LESSON 17", create=True)
    private.add_new(0x01, "LO", word[PRIVATE[0]])
    private.add_new(0x02, "OB", word[PRIVATE[1]].encode("utf-16-le"))
    private.add_new(0x20, "SQ", [Dataset()])
    private[0x20].value[0].PatientName = word[PRIVATE[2]]
    data.add_new(0x60004000, "LT", word[GRAPHICS[0]])
    rest = ((0x60003000, GRAPHICS[1]), (0x50003000, GRAPHICS[2]), (0xFFFCFFFC, AROUND[0]))
    for tag, place in rest:
        data.add_new(tag, "OB", word[place].encode() + b" " * (len(word[place]) % 2))
    data.file_meta.SourceApplicationEntityTitle = word[AROUND[1]]
    data.preamble = word[AROUND[2]].encode()[:128].ljust(128, b"\0")
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    _put(data, ["AnatomicRegionSequence", "CodeMeaning"], f"Chest of {word['PatientName']}")


def _put(data: Any, way: list[str], word: str) -> None:
    """Put a word into an attribute, or into the item of a sequence, in a sequence, and so on."""
    for keyword in way[:-1]:
        if not data.get(keyword):
            setattr(data, keyword, [Dataset()])
        data = data[keyword].value[0]
    setattr(data, way[-1], word)


def picture(word: str, size: int = FONT) -> np.ndarray:
    """Draw a word as an image viewer does: 1 where ink covers a pixel, trimmed to the letters."""
    canvas = Image.new("L", (size * (len(word) + 2), 3 * size), 0)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(canvas).text((size, size), word, fill=255, font=font)
    ink = np.asarray(canvas) / 255.0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def draw(
    image: np.ndarray, word: str, top: int, left: int, value: float, size: int = FONT
) -> np.ndarray:
    """Write a word into a copy of an image."""
    ink, drawn = picture(word, size), image.astype(float)
    part = drawn[top : top + ink.shape[0], left : left + ink.shape[1]]
    ink = ink[: part.shape[0], : part.shape[1]]
    part[:] = (1 - ink) * part + ink * value
    return drawn.round().astype(image.dtype) if image.dtype.kind in "iu" else drawn


def _write_capture(like: Any, made: dict[str, Planted], folder: Path) -> None:
    """Write a screenshot of the same study with a word in its pixels."""
    capture = Dataset()
    capture.file_meta = FileMetaDataset()
    capture.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    capture.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    capture.SOPClassUID, capture.Modality = SecondaryCaptureImageStorage, "OT"
    capture.ConversionType, capture.InstanceNumber = "WSD", 999
    _plant_all(capture, made, 999)
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID"):
        setattr(capture, keyword, like.get(keyword))
    capture.SeriesInstanceUID = f"{capture.SeriesInstanceUID}.9"
    grey = np.full((160, 240), 40, np.uint8)
    grey[50:120, 60:180] = 120
    pixels = draw(grey, made[CAPTURE].word, 12, 20, 255)
    capture.set_pixel_data(pixels, "MONOCHROME2", 8, generate_instance_uid=False)
    capture.save_as(folder / f"{made[FILE].word}-999.dcm", enforce_file_format=True)


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


def _shapes(word: str) -> dict[str, set[bytes]]:
    """Write a word, a number or a date (YYYYMMDD) in every usual way."""
    texts = {word.lower()}
    if len(word) == 8 and word.isdigit():
        y, m, d = word[:4], word[4:6], word[6:]
        texts |= {f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{m}/{d}/{y}", f"{d}/{m}/{y}", f"{y}.{m}.{d}"}
    cases = {word, word.lower(), word.upper()}
    shapes = {"text" if code == "utf-8" else code: _encoded(texts, code) for code in CODES}
    shapes["cp037"] |= _encoded(cases, "cp037")
    shapes["backwards"] = {word.lower()[::-1].encode()}
    shapes["hexadecimal"] = {case.encode().hex().encode() for case in cases}
    shapes["Base64"] = {part for case in cases for part in _base64(case.encode())}
    return shapes


def _encoded(texts: Iterable[str], code: str) -> set[bytes]:
    return {text.encode(code, "ignore") for text in texts} - {b""}


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
