"""Read what a CT slice needs of its DICOM header, and tell what is not understood from damage."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.types import Flag

MOST_FILES = 20_000
# What is read of a header: texts, and how many numbers each other element holds (PS3.6).
TEXTS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "Modality",
    "ImageType",
    "PatientID",
    "PhotometricInterpretation",
    "RescaleType",
)
DECIMALS = {
    "ImagePositionPatient": 3,
    "ImageOrientationPatient": 6,
    "PixelSpacing": 2,
    "SliceThickness": 1,
    "RescaleSlope": 1,
    "RescaleIntercept": 1,
}
WHOLE = (
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")  # a DS or IS, PS3.5, 6.2
BINARY = ("US", "SS", "UL", "SL", "FL", "FD", "US or SS", "AT", "SV", "UV")
META = ("TransferSyntaxUID", "MediaStorageSOPClassUID")
DICOMDIR = "1.2.840.10008.1.3.10"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True, slots=True)
class Slice:
    """One DICOM file: where it is, what its header says, and there as "pixels" where they begin."""

    path: Path
    header: dict[str, Any]

    @property
    def series(self) -> str:
        """Series instance UID."""
        return str(self.header.get("SeriesInstanceUID", ""))

    @property
    def is_image(self) -> bool:
        """Whether the file can hold pixels; a structured report or a contour file cannot."""
        return bool(self.header.get("Rows", 0)) and bool(self.header.get("Columns", 0))


def read_headers(source: Path, strict: bool = True) -> tuple[list[Slice], list[Flag]]:
    """Read every DICOM header in a folder and below; flag the files left out, damaged ones too."""
    if not source.exists():
        raise DataError("it is not there", source, "Check the path.")
    alone = source.is_file()
    files = [source] if alone else sorted(path for path in source.rglob("*") if path.is_file())
    if len(files) > MOST_FILES:
        raise DataError(
            f"more than {MOST_FILES:,} files lie below this folder",
            source,
            "Give the folder of one series.",
        )
    found, left = [], []
    for path in files:
        try:
            header = _header(path, alone)
        except DataError as error:
            if strict:
                raise
            if "cut off" in error.problem:
                left.append(Flag(path.name, "damaged", "not a DICOM file, or cut off"))
            else:
                left.append(Flag(path.name, "not read", error.problem))
            continue
        if isinstance(header, str):
            left.append(Flag(path.name, "left out", header))
        else:
            found.append(Slice(path, header))
    if not found and strict:
        raise DataError(
            "no DICOM image is in it" if files else "the folder is empty",
            source,
            "Give a folder that holds the slices of one CT series (often *.dcm).",
        )
    return found, left


@cache
def _tags() -> dict[str, Any]:
    """Look up the tags of what is read once: there are many files."""
    from pydicom.datadict import tag_for_keyword
    from pydicom.tag import Tag

    return {word: Tag(tag_for_keyword(word) or 0) for word in (*TEXTS, *DECIMALS, *WHOLE)}


def _header(path: Path, alone: bool) -> dict[str, Any] | str:
    """Read what we need of one header, or say why the file is none of the slices."""
    import pydicom
    from pydicom.dataelem import RawDataElement

    if path.name.startswith(".") and not alone:
        return "hidden"
    claims = alone or path.suffix.lower() == ".dcm"
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of values that are judged below
            if file.read(132)[128:] != b"DICM" and not claims:
                return "no DICOM"
            file.seek(0)
            # A file without the 128-byte preamble (older than 1993's part 10) may be DICOM too.
            tags = list(_tags().values())
            data = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=tags, force=claims)
            at = file.tell()
            meta = {word: str(data.file_meta.get(word, "")) for word in META}
    except OSError as error:
        if error.strerror is None:  # EOF of pydicom's own, not of the system
            raise _cut_off(path) from error
        raise DataError(
            f"it cannot be opened ({error.strerror})", path, "Check its permissions."
        ) from error
    except Exception as error:  # the structure of the file is broken, in one of many ways
        raise _cut_off(path) from error
    if meta["MediaStorageSOPClassUID"] == DICOMDIR:
        if not alone:
            return "a DICOMDIR, the table of contents of a disc"
        raise DataError("it is a DICOMDIR, which holds no images", path, "Give its folder.")
    rows = data.get_item(_tags()["Rows"])  # as it stands in the file, and so in which encoding
    if "SOPClassUID" not in data and "SOPInstanceUID" not in data:
        raise _cut_off(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = {word: _value(data, word, path) for word in _tags()}
    header = {**meta, **{word: value for word, value in values.items() if value is not None}}
    if isinstance(rows, RawDataElement):
        header["pixels"] = (at, rows.is_implicit_VR, rows.is_little_endian)
    plain_ct = header.get("SOPClassUID") == CT_IMAGE
    if "SeriesInstanceUID" not in header or (plain_ct and not header.get("Columns")):
        # pydicom stops at the end of the file without a word, wherever that is
        raise DataError("it has no pixel data, or is cut off", path, "Copy it again.")
    return header


def _cut_off(path: Path) -> DataError:
    """Say that a file has not the structure of DICOM."""
    return DataError(
        "not a DICOM file, or cut off",
        path,
        "Copy it again, or take it out of the folder.",
    )


def _value(data: Any, word: str, path: Path) -> Any:
    """Turn one element into text, a number or a list of numbers, whatever VR the file gives it."""
    tag = _tags()[word]
    if tag not in data:
        return None
    shown: Any = "of an unknown type"
    try:
        element = data.get_item(tag)  # as it stands in the file
        shown = repr(str(element.value)[:60])
        return _text(data, element, word) if word in TEXTS else _numbers(data, element, word)
    except Exception as error:  # each VR has exceptions of its own
        kind = "text"
        if word not in TEXTS:
            kind = f"{DECIMALS.get(word, 1)} {'whole ' * (word in WHOLE)}number(s)"
        raise DataError(
            f"{word} {tag} is {shown}, not {kind} as the standard writes them"
            + " (a point marks decimals)" * (word in DECIMALS),
            path,
            "Correct this value, or export the series again.",
        ) from error


def _text(data: Any, element: Any, word: str) -> str | tuple[str, ...] | None:
    """Read an element as text, in the character set that the file names."""
    from pydicom.multival import MultiValue

    found = data[element.tag].value
    if found in (None, "", b""):
        return None
    texts = tuple(found) if isinstance(found, MultiValue) else (found,)
    if not all(isinstance(text, (str, int, float)) for text in texts):
        raise TypeError(found)
    texts = tuple(str(text).strip(" \0") for text in texts)
    return texts if word == "ImageType" else "\\".join(texts)


def _numbers(data: Any, element: Any, word: str) -> int | float | list[float] | None:
    """Read an element as numbers: digits by the standard's own rule, or bits."""
    from pydicom.datadict import dictionary_VR

    raw = element.value
    vr = element.VR if element.VR not in (None, "UN") else dictionary_VR(element.tag)
    if raw in (None, b"", ""):
        return None
    if isinstance(raw, bytes) and vr not in BINARY:
        digits = [text.strip() for text in raw.decode("ascii").strip(" \0").split("\\")]
        if digits == [""]:
            return None
        if not all(DECIMAL.fullmatch(text) for text in digits):
            raise ValueError(raw)
        numbers = [float(text) for text in digits]
    else:
        found = data[element.tag].value
        if isinstance(found, bytes):  # "US or SS", which the dictionary leaves open
            found = int.from_bytes(found, "little")
        numbers = np.ravel(found).astype(float).tolist()
    count = DECIMALS.get(word, 1)
    sound = len(numbers) == count and bool(np.isfinite(numbers).all())
    if not sound or (word == "PixelSpacing" and min(numbers) <= 0):
        raise ValueError(raw)
    if word in WHOLE:
        if not numbers[0].is_integer():
            raise ValueError(raw)
        return int(numbers[0])
    return numbers if count > 1 else numbers[0]
