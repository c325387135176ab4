"""One DICOM file: read it, look into its pixels, clean it, write it, say what changed.

What is done with an attribute is `action`'s to say. It goes by PS3.15, Table E.1-1, edition 2026c,
as the library dicom-anonymizer keeps it. Added here, each with its reason:

- every level of a sequence gets the profile, as PS3.15, E.1.1, asks; the library stops at the top;
- UIDs come from a keyed hash, so that references between files hold, today and next year;
- dates move by a number of days of their own for each patient (the Retain Longitudinal Temporal
  Information with Modified Dates Option), the time of day stays; a birth date is emptied;
- what the table does not know is not trusted: private and unknown attributes, overlays and curves,
  free text outside a short list of technical terms, blobs of bytes that are not pixels or samples;
- what stays is searched for the names and numbers that were taken out elsewhere;
- the file says what was done to it (PS3.3, C.7.1.1, C.12.1): method, codes, identity removed.
"""

import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import uid
from pydicom.datadict import dictionary_has_tag
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID_dictionary

from medtutor import __version__
from medtutor.privacy import burned_in
from medtutor.privacy.pseudonyms import Pseudonyms, shifted


def _names(text: str) -> set[str]:
    return set(text.split())


TABLE = "dicomfields_2026c"
EDITION = "DICOM PS3.15 2026c Table E.1-1"
# PS3.16, CID 7050: (code, meaning) of what is always done, and of painting over text
PROFILE = ("113100", "Basic Application Confidentiality Profile")
DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
PIXELS = ("113101", "Clean Pixel Data Option")
BIRTH = {"PatientBirthDate", "PatientBirthTime"}
WHEN = {"DA", "DT", "TM"}
TEXT = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "AS"}
# Text that a machine writes of itself; what a person may type (labels, explanations) is not here.
TECHNICAL = _names(
    """
    AlgorithmName AlgorithmVersion AttenuationCorrectionMethod ConvolutionKernel FilterType
    ImagedNucleus Manufacturer ManufacturerModelName PulseSequenceName ReceiveCoilName
    ReconstructionMethod ScatterCorrectionMethod SegmentAlgorithmName SequenceName SoftwareVersions
    TransmitCoilName
    """
)
# Codes stay where a public scheme says what they mean (PS3.16, chapter 8).
CODED = _names("CodeMeaning CodeValue CodingSchemeDesignator CodingSchemeVersion LongCodeValue")
SCHEMES = _names("99SDM BARI DCM FMA I10 IBSI LN MDC NCIt NEU RADLEX SCT SNM3 SRT UCUM UMLS")
UNITS = {"ED", "EDW", "HU", "HU_MOD", "MGML", "OD", "PCT", "US", "Z_EFF"}  # PS3.3, C.11.1.1.2
# Six digits in a row are a date or somebody's number, but for these.
NUMBERED = {"CodeValue", "CodingSchemeVersion", "LongCodeValue", "SoftwareVersions", "PatientID"}
BLOBS = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
PIXEL_DATA = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
COLOURS = [f"{c}PaletteColorLookupTable" for c in ("Red", "Green", "Blue", "Alpha")]
TABLES = [*COLOURS, "LUT"]  # each has "Data", and a "Descriptor" with the number of entries
# All that may be bytes, and is held against the length that other attributes give it.
MEASURED = {*PIXEL_DATA, "WaveformData", "WaveformPaddingValue", *(f"{t}Data" for t in TABLES)}
NUMBERS = {"FD": "f8", "FL": "f4", "SL": "i4", "UL": "u4", "SS": "i2", "US": "u2"}
DUMMIES = _names("AE AS CS DS FD FL IS LO LT OB PN SH SL SS ST UC UI UL UN UR US UT")
TIME = re.compile(r"([01]\d|2[0-3])(:?[0-5]\d(:?([0-5]\d|60)(\.\d{1,6})?)?)?")
# Attributes whose values identify a person or place, to be looked for everywhere else.
IDENTIFYING = _names(
    """
    PatientID OtherPatientIDs AccessionNumber InstitutionName InstitutionAddress PatientAddress
    PatientTelephoneNumbers PatientBirthDate DeviceSerialNumber StationName MedicalRecordLocator
    AdmissionID IssuerOfPatientID
    """
)
SHORTEST = 4  # bytes of UTF-8: shorter words are in everything; two Chinese letters are six
SHORTEST_BYTES = 6  # in pixels, where four bytes can be the same by chance
DICOMDIR = "1.2.840.10008.1.3.10"
DOCUMENTS = "1.2.840.10008.5.1.4.1.1.104."  # a PDF, a CDA document or a 3D model in an envelope
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
RISKY = {"US", "IVUS", "ES", "OT", "SC", "XC", "GM", "SM", "DOC", "OP", "HC"}
WRITTEN_ANEW = (0x00020000, 0x00020001, 0x00020012, 0x00020013)  # says who wrote the file


class Unfit(Exception):
    """A file or record that must not be written; the text says why."""


def is_dicom(path: Path) -> bool:
    """Tell whether a file is DICOM, or claims to be by its suffix."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom", ".ima")


def read(path: Path, header_only: bool = False) -> Any:
    """Read a DICOM file, also one without a preamble; `Unfit` if it cannot be read."""
    try:
        with warnings.catch_warnings(action="ignore"):
            dataset = pydicom.dcmread(path, stop_before_pixels=header_only, force=True)
            dataset.file_meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
            if "TransferSyntaxUID" not in dataset.file_meta:
                dataset.file_meta.TransferSyntaxUID = _plain_syntax(dataset)
            if len(dataset) == 0 or any(element.VM > 1 for element in dataset.file_meta):
                raise ValueError("empty, or several values where the standard knows one")
    except Exception as error:  # damaged bytes make pydicom raise whatever they resemble
        raise Unfit("this is not a DICOM file, or it is damaged") from error
    return dataset


def _plain_syntax(dataset: Any) -> Any:
    implicit, little = dataset.original_encoding
    if implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian


def walk(dataset: Any) -> Iterable[Any]:
    """Give every element on every level; one that cannot be read is passed over."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            items = list(element.value or []) if element.VR == "SQ" else []
        except Exception:
            continue
        yield element
        for item in items:
            yield from walk(item)


def identity(dataset: Any) -> str:
    """Say who a data set is about: patient ID, else name and birth date, else the study."""
    for keys in (("PatientID",), ("PatientName", "PatientBirthDate"), ("StudyInstanceUID",)):
        found = "^".join(_text(dataset, key).strip(" \0").upper() for key in keys)
        if found.strip("^ "):
            return found
    return ""


def _text(dataset: Any, key: str) -> str:
    try:
        return str(dataset.get(key) or "")
    except Exception:  # pydicom raises whatever the damaged bytes resemble
        return ""


def identifiers(dataset: Any) -> set[str]:
    """Collect, in lower case, the words on every level that identify somebody."""
    found: set[str] = set()
    for element in walk(dataset):
        if element.VR != "PN" and element.keyword not in IDENTIFYING:
            continue
        pattern = r"[\s^=\\,;]+" if element.VR == "PN" else r"[\\=]"
        found |= {s.strip(" \0[]'").lower() for s in re.split(pattern, str(element.value))}
    return {word for word in found if len(word.encode()) >= SHORTEST}


@cache
def table() -> dict[tuple[int, ...], Callable[..., None]]:
    """Give Table E.1-1: (group, element) to the library's function for its letter."""
    engine = import_module("dicomanonymizer.simpledicomanonymizer")
    return dict(engine.initialize_actions(TABLE))


def action(dataset: Any, tag: Any) -> str:
    """Say what `clean` does with one attribute."""
    if _untrusted(dataset, tag):
        return "remove"
    element = dataset[tag]
    rule = table().get((tag.group, tag.element))
    kind = rule.__name__ if rule else ""  # such as "delete_or_empty", which is X/Z
    if element.keyword == "PatientID":
        return "pseudonym"
    if element.VR in WHEN:
        return "empty" if element.keyword in BIRTH else "shift"
    if kind == "delete":
        return "remove"
    if element.VR == "UI":
        return "new UID"
    if element.VR == "SQ":  # one that must not be empty keeps an item without content
        if not kind or kind.endswith("UID"):
            return "clean items"
        return "one empty item" if kind.endswith("replace") else "no item"
    if not kind:
        return "search"
    if element.VR not in DUMMIES:
        return "remove"
    return "dummy" if "replace" in kind else "empty"


def _untrusted(dataset: Any, tag: Any) -> bool:
    """Find what no table describes: unknown, damaged, overlays, curves, unexplained bytes."""
    graphics = tag.group & 0xFF01 in (0x5000, 0x6000)  # curves and overlays, all their planes
    if tag.is_private or graphics or tag.element == 0 or not dictionary_has_tag(tag):
        return True
    try:
        element = dataset[tag]
        str(element.value) if element.VR not in BLOBS | {"SQ"} else None
    except Exception:
        return True
    return element.VR in BLOBS and element.keyword not in MEASURED


def clean(dataset: Any, names: Pseudonyms, who: str, known: Iterable[str]) -> None:
    """De-identify a data set in place; its pixel data are not touched."""
    _level(dataset, names, names.days(who), tuple(known))
    dataset.PatientID = dataset.PatientName = names.patient(who)
    dataset.PatientBirthDate = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    dataset.DeidentificationMethod = [f"medtutor {__version__}", EDITION]
    dataset.DeidentificationMethodCodeSequence = [_code(*PROFILE), _code(*DATES)]


def _code(value: str, meaning: str) -> Any:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def _level(dataset: Any, names: Pseudonyms, days: int, known: tuple[str, ...]) -> None:
    """Clean one level, then the items of the sequences that are left on it."""
    private = _text(dataset, "CodingSchemeDesignator").strip() not in SCHEMES
    for tag in list(dataset.keys()):
        what = action(dataset, tag)
        if what == "remove":
            del dataset[tag]
            continue
        element = dataset[tag]
        if what == "pseudonym":
            element.value = names.patient(str(element.value).strip(" \0").upper())
        elif what == "new UID":
            _replace_uids(element, names)
        elif what == "shift":
            _move(element, days)
        elif what in ("no item", "one empty item"):
            element.value = [Dataset()] if what == "one empty item" else []
        elif what == "clean items":
            for item in element.value:
                _level(item, names, days, known)
        elif element.keyword in BIRTH:
            element.value = ""
        elif what in ("dummy", "empty"):
            table()[tag.group, tag.element](dataset, tag)
        unlisted = private and element.keyword in CODED
        if element.VR not in WHEN | {"SQ", "UI"} and (unlisted or _suspicious(element, known)):
            element.value = ""


def _replace_uids(element: Any, names: Pseudonyms) -> None:
    """Replace the UIDs of things; those of classes and terms, which DICOM assigns, stay."""
    if element.value:
        old = [value.strip(" \0") for value in _values(element)]
        element.value = [v if not v or v in UID_dictionary else names.uid(v) for v in old]


def _values(element: Any) -> list[str]:
    value = element.value
    return [str(v) for v in (value if isinstance(value, MultiValue) else [value])]


def _move(element: Any, days: int) -> None:
    """Move dates; of times keep what is one."""
    values = [v for v in _values(element) if v and v != "None"]
    if not values:
        return
    if element.VR == "TM":
        if not all(TIME.fullmatch(v.strip(" \0")) for v in values):
            element.value = ""
        return
    moved = [shifted(v, days) for v in values]
    element.value = "" if not all(moved) else moved if len(moved) > 1 else moved[0]


def _suspicious(element: Any, known: tuple[str, ...]) -> bool:
    """Tell whether a text that stayed should go: unvetted, malformed, or holding an identifier."""
    if element.is_empty or element.VR in BLOBS:
        return False
    if element.VR in TEXT:
        unvetted = element.keyword not in TECHNICAL | CODED | {"PatientID"}
        unit = element.keyword == "RescaleType" and element.value in UNITS
        if unvetted and not unit and str(element.value) != "ANONYMIZED":
            return True
    elif element.VR == "CS":
        typed = element.keyword == "ContentLabel"  # by a person; the others come from lists
        if typed or any(not re.fullmatch(r"[\w .,/+()-]{0,32}", v) for v in _values(element)):
            return True
    elif element.VR in NUMBERS:  # a few numbers can spell a word
        few = np.atleast_1d(element.value)[:16].astype(NUMBERS[element.VR])
        return bool(re.search(rb"[A-Za-z]{6}", few.tobytes()))
    elif element.VR not in ("DS", "IS"):
        return False
    text = "\\".join(_values(element)).lower()
    if element.VR in ("DS", "IS"):
        return any(word in text.split("\\") for word in known if len(word) > SHORTEST_BYTES)
    if element.keyword not in NUMBERED and re.search(r"\d{6}", text):
        return True
    return any(word in text for word in known)


def _hidden_in_bytes(dataset: Any, known: Iterable[str]) -> str:
    """Find an identifier among the bytes of pixels or samples; give the attribute, or ""."""
    words = [w for w in known if len(w.encode()) >= SHORTEST_BYTES]
    forms = {form for word in words for form in (word, word.upper(), word.title())}
    # `lower` of bytes knows A to Z only, and takes half of a Chinese letter for one of them.
    codes = ("utf-8", "utf-16-le", "utf-16-be")
    wanted = {form.encode(code).lower() for form in forms for code in codes}
    wanted = {each for each in wanted if len(each) >= SHORTEST_BYTES}
    for element in walk(dataset):
        if isinstance(element.value, bytes) and wanted:
            data = element.value.lower()
            if any(each in data for each in wanted):
                return str(element.keyword)
    return ""


def deidentified(
    dataset: Any, names: Pseudonyms, who: str, known: Collection[str], blank: bool
) -> tuple[list[burned_in.Box], str]:
    """De-identify what `read` gave, in place; `Unfit` if it must not be given away."""
    kind = str(dataset.get("SOPClassUID") or "")
    _check_kind(kind, dataset)
    frames = _decoded(dataset)
    cleaned, boxes = _without_text(dataset, frames, blank)
    warning = "" if boxes else _warning(dataset, kind, frames)
    content = hashlib.sha256(Path(dataset.filename).read_bytes()).hexdigest()
    if boxes and cleaned is not None:
        try:
            _set_pixels(dataset, cleaned)
        except Exception as error:  # of 32 bits, floating-point, big-endian: pydicom writes none
            raise Unfit("text is burned into its pixels, which cannot be painted over") from error
    clean(dataset, names, who, known)
    try:
        _check_lengths(dataset)
    except (AttributeError, TypeError, ValueError) as error:
        raise Unfit("it does not say how many pixels or samples it has") from error
    if boxes:
        dataset.BurnedInAnnotation = "NO"
        dataset.DeidentificationMethodCodeSequence.append(_code(*PIXELS))
    if where := _hidden_in_bytes(dataset, known):
        raise Unfit(f"a name or number of the patient stands among the bytes of {where}")
    if not dataset.get("SOPInstanceUID"):
        dataset.SOPInstanceUID = names.uid(f"{who}/{content}")
    _renew_meta(dataset, kind)
    return boxes, warning


def _check_kind(kind: str, dataset: Any) -> None:
    """Refuse what is no measurement, and what only its maker can read."""
    meta_kind = str(dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    if DICOMDIR in (kind, meta_kind) or "DirectoryRecordSequence" in dataset:
        raise Unfit("a DICOMDIR lists names of patients and files; make a new one if you need it")
    if kind.startswith(DOCUMENTS) or "EncapsulatedDocument" in dataset:
        raise Unfit("it wraps a document, which nobody here can read for names")
    if kind and kind not in UID_dictionary:
        raise Unfit("its SOP class is private: only its maker knows what it holds")
    if dataset.file_meta.TransferSyntaxUID not in UID_dictionary:
        raise Unfit("its transfer syntax is private: only its maker can read it")


def _decoded(dataset: Any) -> np.ndarray | None:
    """Decode the pixels; a file into which nobody can look is not passed on.

    A compressed stream has room for comments, and for bytes between its parts and behind them. So
    it is written uncompressed.
    """
    if not any(key in dataset for key in PIXEL_DATA):
        return None
    try:
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            dataset.decompress(generate_instance_uid=False)
        frames = burned_in.frames_of(dataset)
    except Exception as error:  # each decoder has exceptions of its own
        raise Unfit("its pixels cannot be decoded, so nobody can look for text in them") from error
    _check_high_bits(dataset)
    return frames


def _check_lengths(dataset: Any) -> None:
    """Cut off what lies behind pixels and samples; `Unfit` for a table with more than it says."""
    for level in (dataset, *(item for e in walk(dataset) if e.VR == "SQ" for item in e.value)):
        for key in PIXEL_DATA:
            if key in level:
                _cut(level, key, get_expected_length(level), dataset.original_encoding[1])
        if "WaveformData" in level:
            shape = level.NumberOfWaveformChannels, level.NumberOfWaveformSamples
            length = int(np.prod(shape)) * level.WaveformBitsAllocated // 8
            _cut(level, "WaveformData", length, dataset.original_encoding[1])
        size: dict[str, tuple[int, ...]] = {"WaveformPaddingValue": (2, 4)}
        for table in TABLES:
            entries = (level.get(f"{table}Descriptor") or [0])[0] or 2**16
            size[f"{table}Data"] = (entries, entries + entries % 2, 2 * entries)
        for key, allowed in size.items():
            if key in level and len(level[key].value) not in allowed:
                raise Unfit(f"there is another number of values in its {key} than it says")


def _cut(level: Any, key: str, length: int, little: bool) -> None:
    data = level[key].value
    # In words of big-endian order the last byte of an odd number stands behind the padding.
    odd = data[:length] + b"\0" if little else data[: length + 1]
    level[key].value = odd if length % 2 and len(data) >= length else data[:length]


def _check_high_bits(dataset: Any) -> None:
    """Refuse native pixels with something in the bits above the stored ones (PS3.5, 8.1.1)."""
    allocated, stored = int(dataset.get("BitsAllocated", 0)), int(dataset.get("BitsStored", 0))
    if dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
        return
    if allocated not in (8, 16, 32) or not 0 < stored < allocated:
        return
    if int(dataset.get("HighBit", stored - 1)) + 1 != stored:
        raise Unfit("its pixels are not in the lowest bits, where the standard wants them")
    order = ">" if not dataset.original_encoding[1] else "<"
    size = allocated // 8
    data = dataset.PixelData[: len(dataset.PixelData) // size * size]
    words = np.frombuffer(data, f"{order}i{size}").astype(np.int64)
    top = words >> stored  # 0 for unsigned pixels; for signed ones a copy of the sign
    signed = int(dataset.get("PixelRepresentation") or 0)
    sign = -(words >> (stored - 1) & 1) if signed else 0
    if bool(np.any((top != 0) & (top != sign))):
        raise Unfit("there are bits above those of its pixels: an overlay may be hidden in them")


def _without_text(
    dataset: Any, frames: np.ndarray | None, blank: bool
) -> tuple[np.ndarray | None, list[burned_in.Box]]:
    declared = str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "YES"
    if frames is not None and (frames.ndim < 3 or int(dataset.get("BitsAllocated", 8)) <= 1):
        frames = None  # no images to look into
    found = frames is not None and any(burned_in.find_text(frame) for frame in frames)
    if not declared and not found:
        return frames, []
    if not blank:
        raise Unfit(
            "text is burned into its pixels" if found else "it says that text is burned into it"
        )
    if frames is None or not found:
        raise Unfit("it says that text is burned into it, and the search does not find where")
    try:
        return burned_in.clean_frames(frames)
    except ValueError:
        raise Unfit("text is left in its pixels after painting over it") from None


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
    dataset.set_pixel_data(
        frames[0] if single else frames,
        "RGB" if colours > 1 else str(dataset.PhotometricInterpretation),
        int(dataset.BitsStored),
        generate_instance_uid=False,
    )


def _renew_meta(dataset: Any, kind: str) -> None:
    """Make the file meta information anew: the old one may name stations and people."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID = kind or RAW_DATA
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta, dataset.preamble = meta, b"\0" * 128


def write(dataset: Any, path: Path) -> None:
    """Write a cleaned data set in its transfer syntax; compressed pixels have been decoded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


Flat = dict[tuple[int | str, ...], tuple[str, str, Any]]


def flatten(dataset: Any, above: tuple[int | str, ...] = ()) -> Flat:
    """List every value of a data set and its file meta: place to (name, VR, value)."""
    flat: Flat = {}
    for tag in list(dataset.keys()):
        place = (*above, int(tag))
        try:
            element = dataset[tag]
            name = element.keyword or ("private attribute" if tag.is_private else "unknown tag")
            value = element.value
            if element.VR == "SQ":
                flat[place] = (name, "SQ", "")
                for number, item in enumerate(value or []):
                    flat |= flatten(item, (*place, number))
                continue
            flat[place] = (name, element.VR, value if isinstance(value, bytes) else str(value))
        except Exception:  # a damaged value: pydicom raises whatever its bytes resemble
            flat[place] = ("damaged attribute", "", "")
    if not above:
        flat |= flatten(getattr(dataset, "file_meta", None) or {}, ("meta",))
    return flat


def compare(before: Flat, after: Flat) -> Counter[tuple[str, str]]:
    """Count what happened, as (attribute, action) to the number of values."""
    changes: Counter[tuple[str, str]] = Counter()
    for place, (name, _, _) in before.items():
        if place not in after and not (place[0] == "meta" and place[1] in WRITTEN_ANEW):
            changes[name, "removed"] += 1
    for place, (name, vr, new) in after.items():
        if place not in before:
            changes[name, "added"] += 1
        elif before[place][2] != new:
            empty = new in ("", b"", "None", "[]")
            usual = {"UI": "new UID", "DA": "shifted", "DT": "shifted"}.get(vr, "replaced")
            changes[name, "emptied" if empty else usual] += 1
    return changes
