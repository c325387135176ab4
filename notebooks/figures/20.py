"""Lesson 20 plants invented identifiers, so that a hunt for what is left has something to find.

Real files hide names in places that nobody knows; so the places here are chosen, and each gets a
word of its own that occurs nowhere else.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from medtutor.privacy.hunting import CAPTURE, FONT, Planted, picture

ROOT = "1.2.826.0.1.3680043.8.498.20"  # the prefix that pydicom uses for made-up images
FILE, FOLDER = "file name", "folder name"
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
    files = sorted(p for p in Path(source).rglob("*") if p.is_file())
    folder = target / made[FOLDER].word
    target.mkdir(parents=True)  # a new one
    folder.mkdir()
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
