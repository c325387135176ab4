"""Plant invented identifiers in copies of DICOM files, so that a hunt can show which survive.

A tool that removes names is judged by what it leaves. Real files hide names in places that nobody
knows; so the places here are chosen, and each gets a word of its own that occurs nowhere else.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medtutor.errors import DataError

ROOT = "1.2.826.0.1.3680043.8.498.20"  # the prefix that pydicom uses for made-up images
CAPTURE = "secondary capture: pixels"
FONT = 14  # pixels of the letters that are drawn into an image


class Planted(NamedTuple):
    """One planted identifier."""

    place: str
    word: str


# place: kind of word ("name", "number", "date"), and how it gets there
_Planter = Callable[[Any, str], None]


def _attribute(keyword: str) -> _Planter:
    return lambda data, word: setattr(data, keyword, word)


def _nested(*path: str) -> _Planter:
    """Put a word into the item of a sequence, in a sequence, and so on."""

    def put(data: Any, word: str) -> None:
        from pydicom.dataset import Dataset

        for keyword in path[:-1]:
            if not data.get(keyword):
                setattr(data, keyword, [Dataset()])
            data = data[keyword].value[0]
        setattr(data, path[-1], word)

    return put


def _private(offset: int, vr: str, encode: Callable[[str], Any]) -> _Planter:
    def put(data: Any, word: str) -> None:
        block = data.private_block(0x0071, "LESSON 17", create=True)
        block.add_new(offset, vr, encode(word))

    return put


def _private_sequence(data: Any, word: str) -> None:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.PatientName = word
    data.private_block(0x0071, "LESSON 17", create=True).add_new(0x20, "SQ", [item])


def _raw(tag: int, vr: str, encode: Callable[[str], Any] = str) -> _Planter:
    return lambda data, word: data.add_new(tag, vr, encode(word))


def _even(word: str) -> bytes:
    raw = word.encode()
    return raw + b" " * (len(raw) % 2)


def _meta(keyword: str) -> _Planter:
    return lambda data, word: setattr(data.file_meta, keyword, word)


def _preamble(data: Any, word: str) -> None:
    data.preamble = word.encode()[:128].ljust(128, b"\0")


PLACES: dict[str, tuple[str, _Planter]] = {
    **{
        keyword: ("name", _attribute(keyword))
        for keyword in (
            "PatientName", "PatientID", "OtherPatientNames", "PatientAddress", "PatientComments",
            "PatientMotherBirthName", "AdditionalPatientHistory", "Occupation", "AccessionNumber",
            "StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments",
            "InstitutionName", "ReferringPhysicianName", "OperatorsName", "StationName",
            "DeviceSerialNumber", "BeamName", "PositionReferenceIndicator",
        )
    },
    "PatientTelephoneNumbers": ("number", _attribute("PatientTelephoneNumbers")),
    "PatientBirthDate": ("date", _attribute("PatientBirthDate")),
    "StudyDate": ("date", _attribute("StudyDate")),
    "AcquisitionDateTime": ("date", _attribute("AcquisitionDateTime")),
    **{
        keyword: ("uid", _attribute(keyword))
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
                        "FrameOfReferenceUID")
    },
    "nested: other patient ID": ("name", _nested("OtherPatientIDsSequence", "PatientID")),
    "nested: request": ("name", _nested("RequestAttributesSequence", "ScheduledProcedureStepID")),
    "nested: name in a kept sequence": ("name", _nested("ViewCodeSequence", "PatientName")),
    "nested: three levels down": (
        "name",
        _nested("ViewCodeSequence", "ViewModifierCodeSequence", "PurposeOfReferenceCodeSequence",
                "PatientComments"),
    ),
    "nested: UID of another image": ("uid", _nested("SourceImageSequence",
                                                    "ReferencedSOPInstanceUID")),
    "private: text": ("name", _private(0x01, "LO", str)),
    "private: bytes, UTF-16": ("name", _private(0x02, "OB", lambda w: w.encode("utf-16-le"))),
    "private: sequence": ("name", _private_sequence),
    "overlay comment": ("name", _raw(0x60004000, "LT")),
    "overlay data": ("name", _raw(0x60003000, "OB", _even)),
    "curve data": ("name", _raw(0x50003000, "OB", _even)),
    "padding at the end": ("name", _raw(0xFFFCFFFC, "OB", _even)),
    "file meta: sender": ("name", _meta("SourceApplicationEntityTitle")),
    "preamble": ("name", _preamble),
}  # fmt: skip
# Besides these: names of file and folder; and the patient's name once more, in a term of a code
# that a table of rules keeps.
FILE, FOLDER = "file name", "folder name"


def words(seed: int = 17) -> dict[str, Planted]:
    """Invent an identifier for every place.

    Parameters
    ----------
    seed : int
        Other seeds give other words.

    Returns
    -------
    dict of str to Planted
        By place. Words of ten letters that are no words, numbers of ten digits, dates of their own.
    """
    rng = np.random.default_rng(seed)

    def name() -> str:
        pairs = ["".join(rng.choice(list(part)) for part in ("bdfgklmnprstvz", "aeiou"))
                 for _ in range(4)]  # fmt: skip
        return ("zq" + "".join(pairs)).capitalize()

    def number() -> str:
        return str(rng.integers(10**9, 10**10 - 1))

    def date() -> str:
        year, month, day = rng.integers((1931, 1, 1), (1989, 13, 28))
        return f"{year}{month:02d}{day:02d}"

    make = {"name": name, "number": number, "uid": number, "date": date}
    made = {place: Planted(place, make[kind]()) for place, (kind, _) in PLACES.items()}
    return made | {place: Planted(place, name()) for place in (FILE, FOLDER, CAPTURE)}


def plant(
    source: str | Path | Sequence[Path], target: str | Path, seed: int = 17, capture: bool = False
) -> tuple[Planted, ...]:
    """Copy DICOM files and plant identifiers in every copy.

    Parameters
    ----------
    source : str, Path or sequence of Path
        A folder, or the files; what pydicom cannot read is left out.
    target : str or Path
        A new folder.
    seed : int
        Seed of the words; all files tell of one patient.
    capture : bool
        Whether to add a secondary capture with a word drawn into its pixels.

    Returns
    -------
    tuple of Planted
        Every place and its word.
    """
    import pydicom

    target, made = Path(target), words(seed)
    if target.exists():
        raise DataError("it is there already", target, "Name a new folder.")
    listed = Path(source).rglob("*") if isinstance(source, str | Path) else source
    folder = target / made[FOLDER].word
    folder.mkdir(parents=True)
    dataset = None
    for number, path in enumerate(sorted(p for p in listed if p.is_file())):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(path)
                _plant_all(dataset, made, number)
                dataset.save_as(folder / f"{made[FILE].word}-{number:03d}.dcm")
            except Exception:  # a test file that cannot be read, or not written again
                (folder / f"{made[FILE].word}-{number:03d}.dcm").unlink(missing_ok=True)
    if capture and dataset is not None:
        _write_capture(dataset, made, folder)
    return tuple(p for p in made.values() if capture or p.place != CAPTURE)


def _plant_all(dataset: Any, made: dict[str, Planted], number: int) -> None:
    for place, (kind, put) in PLACES.items():
        word = made[place].word
        if kind == "uid":
            word = f"{ROOT}.{word}" + (f".{number}" if place == "SOPInstanceUID" else "")
        put(dataset, word)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    _nested("AnatomicRegionSequence", "CodeMeaning")(
        dataset, f"Chest of {made['PatientName'].word}"
    )


def picture(word: str, size: int = FONT) -> np.ndarray:
    """Draw a word as an image viewer does.

    Parameters
    ----------
    word : str
        What to write.
    size : int
        Height of the font in pixels.

    Returns
    -------
    ndarray of float, shape (h, w)
        1 where ink covers a pixel, 0 where there is none, trimmed to the letters.
    """
    from PIL import Image, ImageDraw, ImageFont

    canvas = Image.new("L", (size * (len(word) + 2), 3 * size), 0)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(canvas).text((size, size), word, fill=255, font=font)
    ink = np.asarray(canvas) / 255.0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def draw(image: np.ndarray, word: str, top: int, left: int, value: float,
         size: int = FONT) -> np.ndarray:  # fmt: skip
    """Write a word into an image.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Left as it is.
    word : str
        What to write.
    top, left : int
        Where its first letter starts, in pixels.
    value : float
        Value of the letters.
    size : int
        Height of the font in pixels.

    Returns
    -------
    ndarray
        A copy of the same type.
    """
    ink, drawn = picture(word, size), image.astype(float)
    part = drawn[top : top + ink.shape[0], left : left + ink.shape[1]]
    ink = ink[: part.shape[0], : part.shape[1]]
    part[:] = (1 - ink) * part + ink * value
    return drawn.round().astype(image.dtype) if image.dtype.kind in "iu" else drawn


def _write_capture(like: Any, made: dict[str, Planted], folder: Path) -> None:
    """Write a screenshot of the same study with a word in its pixels."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

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
