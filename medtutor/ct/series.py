"""Read a CT series from DICOM files into a volume in Hounsfield units.

The rules are those of the DICOM standard, PS3.3: rescale slope and intercept C.11.1, position and
orientation of a slice C.7.6.2, padding C.7.5.1.1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.errors import DataError

AIR = -1024.0  # HU; lowest value of a 12-bit CT, stands for what lies outside the scanned field
# A padding value in the range of tissue would blank out real pixels; some writers leave 0 there.
TISSUE = (-950.0, 3000.0)
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """One CT series as a volume.

    Parameters
    ----------
    hu : ndarray of shape (z, y, x), float32
        Hounsfield units, never below -1024. Slices follow the normal of their plane: for axial
        ones from the feet to the head, unless a note says the contrary.
    spacing : tuple of 3 float
        Millimetres from one voxel to the next along z, y, x.
    patient_id : str
        As in the files.
    origin : ndarray of shape (3,)
        Centre of voxel (0, 0, 0) in mm, in the patient's coordinates (LPS: x to the left, y to the
        back, z up).
    orientation : ndarray of shape (3, 3)
        Unit vectors of the axes z, y, x in these coordinates, one a row.
    slope, intercept : ndarray of shape (z,), float64
        What turned the stored values of each slice into HU.
    modality : str
        ``"CT"``.
    uid : str
        Series instance UID.
    instance_uids : tuple of str
        SOP instance UID of each slice, in order.
    files : tuple of Path
        File of each slice, in order.
    notes : tuple of str
        What the reader did and a lesson should say.
    """

    hu: np.ndarray
    spacing: tuple[float, float, float]
    patient_id: str
    origin: np.ndarray
    orientation: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    modality: str
    uid: str
    instance_uids: tuple[str, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show what is inside in one line."""
        size = " x ".join(str(n) for n in self.hu.shape)
        step = " x ".join(f"{mm:.3g}" for mm in self.spacing)
        return (
            f"Series(patient {self.patient_id!r}: {size} voxels of {step} mm, "
            f"{self.hu.min():.0f} to {self.hu.max():.0f} HU)"
        )


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


def read_series(folder: str | Path, series_uid: str | None = None) -> Series:
    """Read the CT series in a folder.

    Slices are ordered by their position along the normal of the slice plane, never by file name.
    Other files in the folder are passed over. Padding outside the scanned field becomes -1024 HU.

    Parameters
    ----------
    folder : str or Path
        Folder of the slices (looked through with its sub-folders), or a single DICOM file.
    series_uid : str, optional
        Which series to read when there are several.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        No DICOM file, several series, another modality, no pixel data, a damaged file, a slice
        that is missing or there twice, or slices that do not lie on one grid.

    Examples
    --------
    >>> import tempfile
    >>> from medtutor.ct import phantom
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = phantom.write_series(folder, slices=3, size=32)
    ...     series = read_series(folder)
    >>> series.hu.shape, series.spacing, series.patient_id
    ((3, 32, 32), (5.0, 11.2, 11.2), 'PHANTOM')
    """
    source = Path(folder)
    found = read_headers(source)
    slices, notes = _choose_series(found, source, series_uid)
    _check(slices)
    single = len(slices) == 1 and not slices[0].header.get("ImagePositionPatient")
    if single:
        notes.append("the file does not say where the slice lies")
        distance, axes, origin = np.zeros(1), np.eye(3)[::-1].copy(), np.zeros(3)
    else:
        slices, distance, axes = _in_order(slices, source)
        origin = np.asarray(slices[0].header.ImagePositionPatient, dtype=float)
        notes += _tilt(slices, distance, axes)
        if axes[0, 2] < -0.5:
            notes.append("the normal of the slices points to the feet: slice 0 is the uppermost")
    hu, padding = _volume(slices)
    header = slices[0].header
    return Series(
        hu=hu,
        spacing=_spacing(header, distance, notes),
        patient_id=str(header.get("PatientID") or ""),
        origin=origin,
        orientation=axes,
        slope=np.asarray([float(item.header.RescaleSlope) for item in slices]),
        intercept=np.asarray([float(item.header.RescaleIntercept) for item in slices]),
        modality=str(header.Modality),
        uid=slices[0].series,
        instance_uids=tuple(str(item.header.get("SOPInstanceUID", "")) for item in slices),
        files=tuple(item.path for item in slices),
        notes=(*notes, *padding),
    )


def read_headers(source: Path) -> list[Slice]:
    """Read the header of every DICOM file in a folder and below it; other files are passed over."""
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


def _choose_series(
    found: Sequence[Slice], source: Path, series_uid: str | None
) -> tuple[list[Slice], list[str]]:
    """Keep the slices of one CT series, not yet in order, and say what was passed over."""
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


def _check(slices: Sequence[Slice]) -> None:
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
            if not same(first.header.get(name), head.get(name)):
                raise DataError(
                    f"its {what} is not that of {first.path.name}",
                    path,
                    "Put only the slices of one series into the folder.",
                )
    if len(slices) * first.header.Rows * first.header.Columns * 4 > MOST_BYTES:
        raise DataError("the series does not fit into 8 GB", first.path, "Read fewer slices.")


def same(one: Any, other: Any) -> bool:
    """Compare two header values; numbers may differ in the last digits."""
    if one is None or other is None or isinstance(one, str):
        return bool(one == other)
    a, b = np.ravel(one).astype(float), np.ravel(other).astype(float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=1e-4))


def _in_order(slices: Sequence[Slice], source: Path) -> tuple[list[Slice], np.ndarray, np.ndarray]:
    """Sort slices along the normal of their plane; give also the places in mm and the axes."""
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


def _volume(slices: Sequence[Slice]) -> tuple[np.ndarray, list[str]]:
    """Decode every slice once, straight into the volume."""
    header = slices[0].header
    hu = np.empty((len(slices), header.Rows, header.Columns), np.float32)
    notes: dict[str, None] = {}
    clipped = 0
    for target, item in zip(hu, slices, strict=True):
        stored = _decode(item)
        slope, intercept = float(item.header.RescaleSlope), float(item.header.RescaleIntercept)
        np.multiply(stored, np.float32(slope), out=target, casting="unsafe")
        target += np.float32(intercept)
        outside = _padded(item.header, stored, slope, intercept, notes)
        below = target < AIR if outside is None else outside | (target < AIR)
        clipped += int(below.sum())
        target[below] = AIR
        if (kind := str(item.header.get("RescaleType") or "HU")) != "HU":
            notes[f"the header calls its values {kind}, not HU"] = None
    if clipped:
        notes[f"padding: {clipped / hu.size:.1%} of the voxels set to -1024 HU"] = None
    return hu, list(notes)


def _decode(item: Slice) -> np.ndarray:
    """Decode the pixels of one file, and say in our words why that fails."""
    from pydicom.pixels import pixel_array

    try:
        if "TransferSyntaxUID" in item.header.file_meta:
            return pixel_array(item.path)
        return _decode_bare(item.path)
    except AttributeError as error:
        raise DataError(
            "it has no pixel data, or is cut off", item.path, "Copy the series again."
        ) from error
    except Exception as error:  # each decoder has exceptions of its own
        text = str(error)
        if isinstance(error, NotImplementedError) or "missing dependencies" in text:
            raise DataError(
                f"its compression cannot be decoded here ({text.splitlines()[0][:120]})",
                item.path,
                "Export the series uncompressed, or run `medtutor doctor`.",
            ) from error
        raise DataError("the file is cut off or damaged", item.path, "Copy it again.") from error


def _decode_bare(path: Path) -> np.ndarray:
    """Decode a file without preamble: it never says its transfer syntax, which is then plain."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    data = pydicom.dcmread(path, force=True)
    implicit = data.original_encoding[0]
    data.file_meta.TransferSyntaxUID = (
        ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    )
    return data.pixel_array


def _padded(
    header: Any, stored: np.ndarray, slope: float, intercept: float, notes: dict[str, None]
) -> np.ndarray | None:
    """Find the pixels that the scanner marked as outside the scanned field."""
    value = header.get("PixelPaddingValue")
    if value is None:
        return None
    limit = header.get("PixelPaddingRangeLimit")
    ends = [_signed(number, header) for number in (value, value if limit is None else limit)]
    for number in ends:
        if TISSUE[0] < number * slope + intercept < TISSUE[1]:
            notes[
                f"padding value {number} means {number * slope + intercept:.0f} HU, a value of "
                "tissue: not taken as padding"
            ] = None
            return None
    return (stored >= min(ends)) & (stored <= max(ends))


def _signed(value: Any, header: Any) -> int:
    """Read a padding value as the pixels are stored; some files write it with the other sign."""
    number = int.from_bytes(value, "little") if isinstance(value, bytes) else int(value)
    if header.get("PixelRepresentation") == 1 and number > 32767:
        return number - 65536
    return number + 65536 if header.get("PixelRepresentation") == 0 and number < 0 else number


def _spacing(header: Any, distance: np.ndarray, notes: list[str]) -> tuple[float, float, float]:
    """Take the in-plane spacing from the header and that of the slices from their positions."""
    if header.get("PixelSpacing"):
        y, x = (float(mm) for mm in header.PixelSpacing)
    else:
        y = x = 1.0
        notes.append("no pixel spacing: 1 mm assumed")
    if len(distance) > 1:
        return float(np.diff(distance).mean()), y, x
    notes.append("one slice: its thickness stands for the distance to the next")
    return float(header.get("SliceThickness") or 1.0), y, x


def _tilt(slices: Sequence[Slice], distance: np.ndarray, axes: np.ndarray) -> list[str]:
    """Say when the slices are sheared, as with a tilted gantry."""
    ends = np.asarray([slices[i].header.ImagePositionPatient for i in (0, -1)], dtype=float)
    drift = ends[1] - ends[0] - (distance[-1] - distance[0]) * axes[0]
    if np.linalg.norm(drift) < 1.0:
        return []
    return [f"slices shifted by {np.linalg.norm(drift):.0f} mm from first to last (tilted gantry)"]
