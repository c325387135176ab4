"""Read a CT series from DICOM files into a volume in Hounsfield units.

The rules are those of the DICOM standard, PS3.3: rescale slope and intercept C.11.1, position and
orientation of a slice C.7.6.2, padding C.7.5.1.1.2.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.ct.headers import WHOLE, Slice, read_headers
from medtutor.errors import DataError

AIR = -1024.0  # HU; lowest value of a 12-bit CT, stands for what lies outside the scanned field
# A padding value in the range of tissue would blank out real pixels; some writers leave 0 there.
TISSUE = (-950.0, 3000.0)
MOST_BYTES = 8_000_000_000
# A step between slices may differ from the others by this part of it: positions are rounded, and
# some scanners do not step evenly.
STEP_TOLERANCE = 0.1
# What the slices of one series have in common.
SHARED = {
    "PatientID": "patient",
    "Rows": "number of rows",
    "Columns": "number of columns",
    "PixelSpacing": "pixel spacing",
    "ImageOrientationPatient": "orientation",
}
# Other values are sound DICOM, but none of a plain CT slice.
READABLE = {
    "SamplesPerPixel": (1,),
    "BitsAllocated": (8, 16, 32),
    "PixelRepresentation": (0, 1),
    "PhotometricInterpretation": ("MONOCHROME1", "MONOCHROME2"),
}
# What a decoder is told of the header; and the elements that may hold pixels.
LAYOUT = (*WHOLE[:8], "PhotometricInterpretation")
PIXELS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """One CT series as a volume.

    Parameters
    ----------
    hu : ndarray of shape (z, y, x), float32
        Hounsfield units, never below -1024. Axial slices go from the feet to the head, whichever
        way their normal points; others follow their normal (row x column).
    spacing : tuple of 3 float
        Millimetres from one voxel to the next along z, y, x.
    patient_id : str
        As in the files.
    origin : ndarray of shape (3,)
        Centre of voxel (0, 0, 0) in mm, in the patient's coordinates (LPS: x to the left, y to the
        back, z up).
    orientation : ndarray of shape (3, 3)
        Unit vectors of the axes z, y, x in these coordinates, one a row. Where the normal of axial
        slices points to the feet, z runs against it.
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

    Slices are ordered by their position along the normal of the slice plane, never by file name:
    axial ones from the feet to the head. The notes name every other file of the folder and say why
    it is left out (a DICOMDIR, a report, a localizer, no DICOM). Padding outside the scanned field
    becomes -1024 HU.

    Parameters
    ----------
    folder : str or Path
        Folder of the slices (looked through with its sub-folders), or a single DICOM file.
    series_uid : str, optional
        Which series to read when there are several.

    Raises
    ------
    DataError
        No DICOM file, several series, another modality, no pixel data, a damaged file, a value or
        a compression that is not understood, a slice that is missing or there twice, or slices
        that do not lie on one grid.

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
    found, left = read_headers(source)
    slices, notes = _choose_series(found, source, series_uid)
    for reason in dict.fromkeys(flag.reason for flag in left):
        names = [flag.item for flag in left if flag.reason == reason]
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        notes.append(f"{len(names)} file(s) left out: {reason} ({shown})")
    _check(slices)
    single = len(slices) == 1 and not slices[0].header.get("ImagePositionPatient")
    if single:
        notes.append("the file does not say where the slice lies")
        distance, axes, origin = np.zeros(1), np.eye(3)[::-1].copy(), np.zeros(3)
    else:
        slices, distance, axes = _in_order(slices, source)
        origin = np.asarray(slices[0].header["ImagePositionPatient"])
        notes += _tilt(slices, distance, axes)
    hu, padding = _volume(slices)
    header = slices[0].header
    return Series(
        hu=hu,
        spacing=_spacing(header, distance, notes),
        patient_id=header.get("PatientID", ""),
        origin=origin,
        orientation=axes,
        files=tuple(item.path for item in slices),
        notes=(*notes, *padding),
    )


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
        if fault := _fault(item):
            raise DataError(fault[0], item.path, fault[1])
        if what := differs(item, first):
            raise DataError(
                f"its {what} is not that of {first.path.name}",
                item.path,
                "Put only the slices of one series into the folder.",
            )
    if len(slices) * first.header["Rows"] * first.header["Columns"] * 4 > MOST_BYTES:
        raise DataError("the series does not fit into 8 GB", first.path, "Read fewer slices.")


def _fault(item: Slice) -> tuple[str, str] | None:
    """Say what keeps a file from being a CT slice in HU, and the remedy."""
    head = item.header
    if (modality := head.get("Modality", "unknown")) != "CT":
        return f"its modality is {modality}, not CT", "Only CT has Hounsfield units."
    if not item.is_image:
        return "it has no pixel data", "Copy the series again."
    if head.get("NumberOfFrames", 1) > 1:
        remedy = "Convert it to one file for each slice, for example with dcm4che's emf2sf."
        return "it holds several frames in one file (enhanced CT)", remedy
    for name, allowed in READABLE.items():
        if head.get(name) not in allowed:
            what = f"its {name} is {head.get(name, 'missing')}: that is no plain CT slice"
            return what, "Take it out, or export the series again as plain CT images."
    stored, high = head.get("BitsStored", 1), head.get("HighBit")
    if stored > head.get("BitsAllocated", 32) or high not in (None, stored - 1):
        what = f"its BitsStored {stored} and HighBit {high} do not agree"
        return what, "Export the series again."
    if not head.get("RescaleSlope") or head.get("RescaleIntercept") is None:
        what = "it has no rescale slope and intercept, so its values are not known in HU"
        return what, "Export the series from the scanner or archive again."
    return None


def differs(one: Slice, other: Slice) -> str:
    """Name what two slices of one series would have in common and these have not, or nothing."""
    shared = (what for name, what in SHARED.items() if not _same(name, one.header, other.header))
    return next(shared, "")


def _same(name: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Compare a value of two headers; numbers may differ in the last digits."""
    mine, theirs = one.get(name), other.get(name)
    if mine == theirs or mine is None or theirs is None or isinstance(mine, str):
        return bool(mine == theirs)
    a, b = np.ravel(mine).astype(float), np.ravel(theirs).astype(float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=1e-4))


def _in_order(slices: Sequence[Slice], source: Path) -> tuple[list[Slice], np.ndarray, np.ndarray]:
    """Sort slices along the normal of their plane; give also the places in mm and the axes."""
    for item in slices:
        for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
            if not item.header.get(name):
                raise DataError(
                    f"it does not say its {name}", item.path, "Export the series again."
                )
    cosines = np.asarray(slices[0].header["ImageOrientationPatient"])
    axes = np.stack([np.cross(cosines[:3], cosines[3:]), cosines[3:], cosines[:3]])
    if abs(np.linalg.norm(axes, axis=1) - 1).max() > 0.01:
        raise DataError(
            f"ImageOrientationPatient is {cosines.tolist()}, not two unit vectors at right angles",
            slices[0].path,
            "Export the series again.",
        )
    if np.abs(axes[0]).argmax() == 2 and axes[0, 2] < 0:
        axes[0] *= -1  # axial slices whose normal points to the feet: z still grows to the head
    positions = np.asarray([item.header["ImagePositionPatient"] for item in slices])
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
    try:
        hu = np.empty((len(slices), header["Rows"], header["Columns"]), np.float32)
    except MemoryError as error:
        raise DataError(
            f"the series does not fit into the memory ({error})",
            slices[0].path,
            "Read fewer slices.",
        ) from error
    notes: dict[str, None] = {}
    clipped = 0
    for target, item in zip(hu, slices, strict=True):
        stored = _decode(item)
        if stored.shape != target.shape:
            raise DataError("the file is cut off or damaged", item.path, "Copy it again.")
        slope, intercept = item.header["RescaleSlope"], item.header["RescaleIntercept"]
        values = np.multiply(stored, slope, dtype=np.float64)
        np.add(values, intercept, out=target, casting="same_kind")
        outside = _padded(item.header, stored, slope, intercept, notes)
        below = target < AIR if outside is None else outside | (target < AIR)
        clipped += int(np.count_nonzero(below))
        np.copyto(target, AIR, where=below)
        if (kind := item.header.get("RescaleType", "HU")) != "HU":
            notes[f"the header calls its values {kind}, not HU"] = None
    if clipped:
        notes[f"padding: {clipped / hu.size:.1%} of the voxels set to -1024 HU"] = None
    return hu, list(notes)


def _decode(item: Slice) -> np.ndarray:
    """Decode the pixels of one file, and say in our words why that fails."""
    from pydicom.pixels import get_decoder
    from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    head = item.header
    syntax = UID(head["TransferSyntaxUID"])
    if not syntax:  # a file without preamble never says its syntax, which is then plain
        syntax = ImplicitVRLittleEndian if head["pixels"][1] else ExplicitVRLittleEndian
    try:
        decoder = get_decoder(syntax)
        if not decoder.is_available:
            raise NotImplementedError
    except NotImplementedError as error:
        raise DataError(
            f"its compression cannot be decoded here (transfer syntax {syntax.name})",
            item.path,
            "Export the series uncompressed, or run `medtutor doctor`.",
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            element = _pixels(item)
            # What we understood of the header, whatever VR the file gives it.
            options = {
                re.sub(r"\B([A-Z])", r"_\1", word).lower(): head[word]
                for word in LAYOUT
                if word in head
            }
            options["number_of_frames"] = head.get("NumberOfFrames") or 1
            return decoder.as_array(
                element.value,
                pixel_keyword=PIXELS[element.tag],
                pixel_vr=element.VR,
                correct_unused_bits=not _fills_the_word(head),
                view_only=True,
                **options,
            )[0]
    except (AttributeError, EOFError) as error:
        raise DataError(
            "it has no pixel data, or is cut off", item.path, "Copy the series again."
        ) from error
    except Exception as error:  # the syntax is supported: the bytes are wrong
        raise DataError("the file is cut off or damaged", item.path, "Copy it again.") from error


def _pixels(item: Slice) -> Any:
    """Read the element that holds the pixels, from where the reading of the header ended."""
    from pydicom.filereader import data_element_generator, dcmread
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    with item.path.open("rb") as file:
        if item.header["TransferSyntaxUID"] == DeflatedExplicitVRLittleEndian:
            elements = list(dcmread(file).values())
        else:
            at, *encoding = item.header["pixels"]
            file.seek(at)
            elements = list(data_element_generator(file, *encoding))
    found = [element for element in elements if element.tag in PIXELS]
    if len(found) != 1:
        raise AttributeError
    return found[0]


def _fills_the_word(header: dict[str, Any]) -> bool:
    """Tell whether the padding value needs more bits than the header says are stored."""
    # Then the bits above are no waste to be cut away: 63536 in 12 bits would become 2096, a bone.
    value, bits = header.get("PixelPaddingValue"), header.get("BitsStored")
    if value is None or bits is None:
        return False
    number, signed = _signed(value, header), header.get("PixelRepresentation") == 1
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    return not low <= number < high


def _padded(
    header: dict[str, Any],
    stored: np.ndarray,
    slope: float,
    intercept: float,
    notes: dict[str, None],
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


def _signed(value: int, header: dict[str, Any]) -> int:
    """Read a padding value as the pixels are stored; some files write it with the other sign."""
    range_ = 2 ** header.get("BitsAllocated", 16)
    if header.get("PixelRepresentation") == 1 and value >= range_ // 2:
        return int(value - range_)
    return int(value + range_) if header.get("PixelRepresentation") == 0 and value < 0 else value


def _spacing(
    header: dict[str, Any], distance: np.ndarray, notes: list[str]
) -> tuple[float, float, float]:
    """Take the in-plane spacing from the header and that of the slices from their positions."""
    if header.get("PixelSpacing"):
        y, x = header["PixelSpacing"]
    else:
        y = x = 1.0
        notes.append("no pixel spacing: 1 mm assumed")
    if len(distance) > 1:
        return float(np.diff(distance).mean()), y, x
    notes.append("one slice: its thickness stands for the distance to the next")
    return header.get("SliceThickness") or 1.0, y, x


def _tilt(slices: Sequence[Slice], distance: np.ndarray, axes: np.ndarray) -> list[str]:
    """Say when the slices are sheared, as with a tilted gantry."""
    ends = np.asarray([slices[i].header["ImagePositionPatient"] for i in (0, -1)])
    drift = ends[1] - ends[0] - (distance[-1] - distance[0]) * axes[0]
    if np.linalg.norm(drift) < 1.0:
        return []
    return [f"slices shifted by {np.linalg.norm(drift):.0f} mm from first to last (tilted gantry)"]
