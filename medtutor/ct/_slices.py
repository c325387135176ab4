"""The headers of a folder of DICOM files: find one CT series and put its slices in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.errors import DataError

MOST_FILES = 20_000
MOST_BYTES = 8_000_000_000
# A step between slices may differ from the others by this part of it: positions are rounded, and
# some scanners do not step evenly.
STEP_TOLERANCE = 0.1
TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "Modality",
    "ImageType",
    "PatientID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
]
DICOMDIR = "1.2.840.10008.1.3.10"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True, slots=True)
class Slice:
    """One DICOM file: where it is and what its header says."""

    path: Path
    header: Any

    @property
    def series(self) -> str:
        """Series instance UID."""
        return str(self.header.get("SeriesInstanceUID", ""))

    @property
    def is_image(self) -> bool:
        """Whether the file can hold pixels; a structured report or a contour file cannot."""
        return bool(self.header.get("Rows", 0)) and bool(self.header.get("Columns", 0))


def read_headers(source: Path) -> list[Slice]:
    """Read the header of every DICOM file in a folder and below it; other files are passed over.

    Raises
    ------
    DataError
        The folder is missing or holds no DICOM file, or a ``.dcm`` file is damaged.
    """
    if not source.exists():
        raise DataError("it is not there", source, "Check the path.")
    if source.is_file():
        files = [source]
    else:
        files = sorted(path for path in source.rglob("*") if path.is_file())
    if len(files) > MOST_FILES:
        raise DataError(
            f"more than {MOST_FILES:,} files lie below this folder",
            source,
            "Give the folder of one series.",
        )
    alone = source.is_file()
    found = [Slice(path, header) for path in files if (header := _header(path, alone)) is not None]
    if not found:
        raise DataError(
            "no DICOM file is in it" if files else "the folder is empty",
            source,
            "Give a folder that holds the slices of one CT series (often *.dcm).",
        )
    return found


def _header(path: Path, alone: bool) -> Any:
    """Read one header; None for a file that does not claim to be DICOM."""
    import pydicom

    claims = alone or path.suffix.lower() == ".dcm"
    with path.open("rb") as file:
        if file.read(132)[128:] != b"DICM" and not claims:
            return None
    try:
        # A file without the 128-byte preamble (older than 1993's part 10) may still be DICOM.
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS, force=claims)
        if "SOPClassUID" not in header and "SOPInstanceUID" not in header:
            raise ValueError("no SOP class")
        for element in header:  # values are decoded when first touched: do it while we can catch
            if element.VR in ("DS", "IS") and element.value is not None:
                np.asarray(element.value).astype(float)
    except Exception as error:  # damaged bytes make pydicom raise whatever they resemble
        raise DataError(
            "this is not a DICOM file, or it is cut off",
            path,
            "Copy it again, or take it out of the folder.",
        ) from error
    kind = header.get("SOPClassUID", "")
    if kind == DICOMDIR and not alone:
        return None
    if "SeriesInstanceUID" not in header or (kind == CT_IMAGE and not header.get("Columns")):
        # pydicom stops at the end of the file without a word, wherever that is
        raise DataError("it has no pixel data, or is cut off", path, "Copy it again.")
    return header


def choose_series(
    found: Sequence[Slice], source: Path, series_uid: str | None
) -> tuple[list[Slice], list[str]]:
    """Keep the slices of one CT series.

    Returns
    -------
    slices : list of Slice
        Not yet in order.
    notes : list of str
        What was passed over.
    """
    images = {item.series for item in found if item.is_image}
    if not images:
        raise DataError(
            f"it has no pixel data (modality {found[0].header.get('Modality', 'unknown')})",
            found[0].path,
            "Give the files of a CT series.",
        )
    by_series = {uid: [item for item in found if item.series == uid] for uid in sorted(images)}
    notes = []
    if others := sum(item.series not in images for item in found):
        notes.append(f"{others} DICOM file(s) without an image passed over")
    if series_uid is None and len(by_series) > 1:
        raise DataError(
            f"{len(by_series)} series lie in one folder: {_described(by_series)}",
            source,
            "Choose one: read_series(folder, series_uid=…), or give each a folder of its own.",
        )
    if series_uid is not None and series_uid not in by_series:
        raise DataError(
            f"the series {series_uid} is not in it; there is {_described(by_series)}",
            source,
            "Give the UID of one of these.",
        )
    slices = by_series[series_uid or next(iter(by_series))]
    plain = [item for item in slices if "LOCALIZER" not in (item.header.get("ImageType") or ())]
    if plain and len(plain) < len(slices):
        notes.append(f"{len(slices) - len(plain)} localizer image(s) passed over")
        slices = plain
    return slices, notes


def _described(by_series: dict[str, list[Slice]]) -> str:
    """List the series with what tells them apart."""
    shown = [
        f"{uid} ({slices[0].header.get('Modality', '?')}, "
        f"{slices[0].header.get('SeriesDescription') or 'no description'}, {len(slices)} files)"
        for uid, slices in list(by_series.items())[:5]
    ]
    return "; ".join(shown) + (" …" if len(by_series) > 5 else "")


def check(slices: Sequence[Slice]) -> None:
    """Refuse what is not a stack of CT slices in HU on one grid."""
    first = slices[0]
    for item in slices:
        head, path = item.header, item.path
        modality = head.get("Modality", "unknown")
        if modality != "CT":
            raise DataError(
                f"its modality is {modality}, not CT", path, "Only CT has Hounsfield units."
            )
        if not item.is_image:
            raise DataError("it has no pixel data", path, "Copy the series again.")
        if int(head.get("NumberOfFrames") or 1) > 1:
            raise DataError(
                "it holds several frames in one file (enhanced CT)",
                path,
                "Convert it to one file for each slice, for example with dcm4che's emf2sf.",
            )
        if head.get("SamplesPerPixel", 1) != 1:
            raise DataError("it is a colour picture, not a CT slice", path, "Take it out.")
        if not head.get("RescaleSlope") or head.get("RescaleIntercept") is None:
            raise DataError(
                "it has no rescale slope and intercept, so its values are not known in HU",
                path,
                "Export the series from the scanner or archive again.",
            )
        for name, what in (
            ("PatientID", "patient"),
            ("Rows", "number of rows"),
            ("Columns", "number of columns"),
            ("PixelSpacing", "pixel spacing"),
            ("ImageOrientationPatient", "orientation"),
        ):
            if not _same(first.header.get(name), head.get(name)):
                raise DataError(
                    f"its {what} is not that of {first.path.name}",
                    path,
                    "Put only the slices of one series into the folder.",
                )
    if len(slices) * first.header.Rows * first.header.Columns * 4 > MOST_BYTES:
        raise DataError("the series does not fit into 8 GB", first.path, "Read fewer slices.")


def _same(one: Any, other: Any) -> bool:
    """Compare two header values; numbers may differ in the last digits."""
    if one is None or other is None or isinstance(one, str):
        return bool(one == other)
    a, b = np.ravel(one).astype(float), np.ravel(other).astype(float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=1e-4))


def in_order(slices: Sequence[Slice], source: Path) -> tuple[list[Slice], np.ndarray, np.ndarray]:
    """Sort slices by their position along the normal of the slice plane.

    Returns
    -------
    slices : list of Slice
        In order; for axial slices from the feet to the head.
    distance : ndarray of shape (n,)
        Position along the normal in mm.
    axes : ndarray of shape (3, 3)
        Unit vectors of z, y and x in the patient's coordinates (LPS: to the left, to the back, up).
    """
    for item in slices:
        for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
            if not item.header.get(name):
                raise DataError(
                    f"it does not say its {name}", item.path, "Export the series again."
                )
    cosines = np.asarray(slices[0].header.ImageOrientationPatient, dtype=float)
    axes = np.stack([np.cross(cosines[:3], cosines[3:]), cosines[3:], cosines[:3]])
    positions = np.asarray([item.header.ImagePositionPatient for item in slices], dtype=float)
    distance = positions @ axes[0]
    order = np.argsort(distance, kind="stable")
    ordered, distance = [slices[i] for i in order], distance[order]
    steps = np.diff(distance)
    if len(steps) == 0:
        return ordered, distance, axes
    if steps.min() < 1e-3:
        i = int(steps.argmin())
        raise DataError(
            f"{ordered[i].path.name} and {ordered[i + 1].path.name} lie at the same position "
            f"({distance[i]:g} mm)",
            source,
            "Take the duplicate out, or separate the two reconstructions.",
        )
    usual = float(np.median(steps))
    wrong = np.flatnonzero(np.abs(steps - usual) > max(STEP_TOLERANCE * usual, 0.02))
    if len(wrong):
        i = int(wrong[0])
        lost = round(float(steps[i]) / usual) - 1
        what = f"{lost} slice(s) missing" if lost > 0 else "slices unevenly spaced"
        raise DataError(
            f"{what} between {ordered[i].path.name} and {ordered[i + 1].path.name}: "
            f"{steps[i]:g} mm apart, the others {usual:g} mm",
            source,
            "Copy the whole series again.",
        )
    return ordered, distance, axes
