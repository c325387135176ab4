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

from medtutor.ct import _slices
from medtutor.errors import DataError

AIR = -1024.0  # HU; lowest value of a 12-bit CT, stands for what lies outside the scanned field
# A padding value in the range of tissue would blank out real pixels; some writers leave 0 there.
TISSUE = (-950.0, 3000.0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """One CT series as a volume.

    Parameters
    ----------
    hu : ndarray of shape (z, y, x), float32
        Hounsfield units, from the feet to the head for axial slices; never below -1024.
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
    """
    source = Path(folder)
    found = _slices.read_headers(source)
    slices, notes = _slices.choose_series(found, source, series_uid)
    _slices.check(slices)
    single = len(slices) == 1 and not slices[0].header.get("ImagePositionPatient")
    if single:
        notes.append("the file does not say where the slice lies")
        distance, axes, origin = np.zeros(1), np.eye(3)[::-1].copy(), np.zeros(3)
    else:
        slices, distance, axes = _slices.in_order(slices, source)
        origin = np.asarray(slices[0].header.ImagePositionPatient, dtype=float)
        notes += _tilt(slices, distance, axes)
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


def _volume(slices: Sequence[_slices.Slice]) -> tuple[np.ndarray, list[str]]:
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


def _decode(item: _slices.Slice) -> np.ndarray:
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


def _tilt(slices: Sequence[_slices.Slice], distance: np.ndarray, axes: np.ndarray) -> list[str]:
    """Say when the slices are sheared, as with a tilted gantry."""
    ends = np.asarray([slices[i].header.ImagePositionPatient for i in (0, -1)], dtype=float)
    drift = ends[1] - ends[0] - (distance[-1] - distance[0]) * axes[0]
    if np.linalg.norm(drift) < 1.0:
        return []
    return [f"slices shifted by {np.linalg.norm(drift):.0f} mm from first to last (tilted gantry)"]
