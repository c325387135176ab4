"""One DICOM file: read it, look into its pixels, clean it, write it."""

import hashlib
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.privacy import burned_in, profile
from medtutor.privacy.pseudonyms import Pseudonyms

DICOMDIR = "1.2.840.10008.1.3.10"
DOCUMENTS = "1.2.840.10008.5.1.4.1.1.104."  # a PDF, a CDA document or a 3D model in an envelope
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
RISKY = {"US", "IVUS", "ES", "OT", "SC", "XC", "GM", "SM", "DOC", "OP", "HC"}


class Unfit(Exception):
    """A file that must not be written; the text says why."""


def is_dicom(path: Path) -> bool:
    """Tell whether a file is DICOM, or claims to be by its suffix."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom", ".ima")


def read(path: Path, header_only: bool = False) -> Any:
    """Read a DICOM file, also one without a preamble.

    Raises
    ------
    Unfit
        It cannot be read.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, stop_before_pixels=header_only, force=True)
            dataset.file_meta = getattr(dataset, "file_meta", None) or _no_meta()
            if "TransferSyntaxUID" not in dataset.file_meta:
                dataset.file_meta.TransferSyntaxUID = _plain_syntax(dataset)
            if len(dataset) == 0:
                raise ValueError("empty")
    except Exception as error:  # damaged bytes make pydicom raise whatever they resemble
        raise Unfit("this is not a DICOM file, or it is damaged") from error
    return dataset


def _no_meta() -> Any:
    from pydicom.dataset import FileMetaDataset

    return FileMetaDataset()


def _plain_syntax(dataset: Any) -> Any:
    from pydicom import uid

    implicit, little = dataset.original_encoding
    if implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian


def deidentified(
    dataset: Any, names: Pseudonyms, who: str, known: Collection[str], blank: bool
) -> tuple[Any, list[burned_in.Box], str]:
    """De-identify a data set in place.

    Parameters
    ----------
    dataset : FileDataset
        From `read`.
    names : Pseudonyms
        Makes patient IDs, UIDs and date shifts.
    who, known
        As for `profile.clean`.
    blank : bool
        Whether text in the pixels is painted over; otherwise it makes the file unfit.

    Returns
    -------
    dataset : FileDataset
        The same object.
    boxes : list of Box
        Where pixels were painted over.
    warning : str
        What a person should look at; empty if there is nothing.

    Raises
    ------
    Unfit
        The file must not be given away.
    """
    kind = str(dataset.get("SOPClassUID") or "")
    _check_kind(kind, dataset)
    frames = _decoded(dataset)
    cleaned, boxes = _without_text(dataset, frames, blank)
    warning = "" if boxes else _warning(dataset, kind, frames)
    content = hashlib.sha256(Path(dataset.filename).read_bytes()).hexdigest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if boxes and cleaned is not None:
            _set_pixels(dataset, cleaned)
        profile.clean(dataset, names, who, known)
        if boxes:
            profile.say_blanked(dataset)
        if where := profile.hidden_in_bytes(dataset, known):
            raise Unfit(f"a name or number of the patient stands among the bytes of {where}")
        if not dataset.get("SOPInstanceUID"):
            dataset.SOPInstanceUID = names.uid(f"{who}/{content}")
        _new_meta(dataset, kind)
    return dataset, boxes, warning


def _check_kind(kind: str, dataset: Any) -> None:
    meta_kind = str(dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    if DICOMDIR in (kind, meta_kind) or "DirectoryRecordSequence" in dataset:
        raise Unfit("a DICOMDIR lists names of patients and files; make a new one if you need it")
    if kind.startswith(DOCUMENTS) or "EncapsulatedDocument" in dataset:
        raise Unfit("it wraps a document, which nobody here can read for names")
    if kind and not profile.CLASSES.fullmatch(kind):
        raise Unfit("its SOP class is private: only its maker knows what it holds")


def _decoded(dataset: Any) -> np.ndarray | None:
    """Decode the pixels; a file into which nobody can look is not passed on."""
    if not any(key in dataset for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = burned_in.frames_of(dataset)
    except Exception as error:  # each decoder has exceptions of its own
        raise Unfit("its pixels cannot be decoded, so nobody can look for text in them") from error
    _check_high_bits(dataset)
    return frames


def _check_high_bits(dataset: Any) -> None:
    """Refuse native pixels with something in the bits above the stored ones (PS3.5, 8.1.1)."""
    allocated, stored = int(dataset.get("BitsAllocated", 0)), int(dataset.get("BitsStored", 0))
    if dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
        return
    if allocated not in (8, 16) or not 0 < stored < allocated or int(dataset.HighBit) + 1 != stored:
        return
    order = ">" if not dataset.original_encoding[1] else "<"
    size = allocated // 8
    data = dataset.PixelData[: len(dataset.PixelData) // size * size]
    words = np.frombuffer(data, f"{order}i{size}").astype(np.int32)
    top = words >> stored  # 0 for unsigned pixels; for signed ones a copy of the sign
    if bool(np.any((top != 0) & (top != -1))):
        raise Unfit("there are bits above those of its pixels: an overlay may be hidden in them")


def _without_text(
    dataset: Any, frames: np.ndarray | None, blank: bool
) -> tuple[np.ndarray | None, list[burned_in.Box]]:
    declared = str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "YES"
    images = frames is not None and frames.ndim >= 3 and int(dataset.get("BitsAllocated", 8)) > 1
    found = images and any(burned_in.find_text(frame) for frame in frames)  # type: ignore[union-attr]
    if not declared and not found:
        return frames, []
    if not blank:
        raise Unfit(
            "text is burned into its pixels" if found else "it says that text is burned into it"
        )
    try:
        cleaned, boxes = burned_in.clean_frames(frames) if images else (frames, [])  # type: ignore[arg-type]
    except ValueError:
        raise Unfit("text is left in its pixels after painting over it") from None
    if not boxes:
        raise Unfit("it says that text is burned into it, and the search does not find where")
    return cleaned, boxes


def _warning(dataset: Any, kind: str, frames: np.ndarray | None) -> str:
    if str(dataset.get("RecognizableVisualFeatures") or "").strip().upper() == "YES":
        return "it says that a face can be recognised in it"
    if frames is None or str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "NO":
        return ""
    if kind.startswith(SECONDARY) or str(dataset.get("Modality") or "") in RISKY:
        return "a kind of image that often has text in it; none was found"
    return ""


def _set_pixels(dataset: Any, frames: np.ndarray) -> None:
    """Put changed pixels back, uncompressed."""
    single = int(dataset.get("NumberOfFrames") or 1) == 1
    colours = int(dataset.get("SamplesPerPixel") or 1)
    interpretation = "RGB" if colours > 1 else str(dataset.PhotometricInterpretation)
    bits = int(dataset.BitsStored)
    dataset.set_pixel_data(frames[0] if single else frames, interpretation, bits,
                           generate_instance_uid=False)  # fmt: skip


def _new_meta(dataset: Any, kind: str) -> None:
    """Make the file meta information anew: the old one may name stations and people."""
    meta = _no_meta()
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID = kind or "1.2.840.10008.5.1.4.1.1.66"  # raw data
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta, dataset.preamble = meta, b"\0" * 128


def write(dataset: Any, path: Path) -> None:
    """Write a cleaned data set in the transfer syntax that it came in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path, enforce_file_format=True)
