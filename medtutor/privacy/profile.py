"""Clean one DICOM data set: the Basic Profile of PS3.15, and what stands around it.

The table is PS3.15, E.1-1, edition 2026c, as the library dicom-anonymizer keeps it; that library's
engine applies it to one level of a data set. Added here, each with its reason:

- every nested sequence gets the profile too, not only the top level;
- UIDs come from a keyed hash, so that references between files hold, today and next year;
- dates move by a number of days of their own for each patient (the Retain Longitudinal Temporal
  Information with Modified Dates Option), the time of day stays; a birth date is emptied;
- what the table does not know is not trusted: private and unknown attributes, overlays and curves,
  free text outside a short list of technical terms, blobs of bytes that are not pixels or samples;
- what stays is searched for the names and numbers that were taken out elsewhere;
- the file says what was done to it (PS3.3, C.7.1.1, C.12.1): method, codes, identity removed.
"""

import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

from medtutor import __version__
from medtutor.privacy._changes import walk
from medtutor.privacy.pseudonyms import Pseudonyms, shifted

TABLE = "dicomfields_2026c"
EDITION = "DICOM PS3.15 2026c Table E.1-1"
# PS3.16, CID 7050: (code, meaning) of what is always done, and of painting over text
PROFILE = ("113100", "Basic Application Confidentiality Profile")
DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
PIXELS = ("113101", "Clean Pixel Data Option")
BIRTH = {"PatientBirthDate", "PatientBirthTime"}
TEXT = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "AS"}
# Free text that describes machines and measurements, not people.
TECHNICAL = {
    "AlgorithmName", "AlgorithmVersion", "AttenuationCorrectionMethod", "ChannelLabel",
    "CodeMeaning", "CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion",
    "ContrastBolusRoute", "ConvolutionKernel", "DimensionDescriptionLabel", "FilterType",
    "ImagedNucleus", "IonName", "LongCodeValue", "LUTExplanation", "Manufacturer",
    "ManufacturerModelName", "ModalityLUTType", "PulseSequenceName", "Radiopharmaceutical",
    "ReceiveCoilName", "ReconstructionMethod", "RescaleType", "ResonantNucleus",
    "ScatterCorrectionMethod", "SegmentAlgorithmName", "SegmentLabel", "SequenceName",
    "SoftwareVersions", "TransmitCoilName", "WindowCenterWidthExplanation",
}  # fmt: skip
# Six digits in a row are a date or somebody's number, but for these.
NUMBERED = {"CodeValue", "CodingSchemeVersion", "LongCodeValue", "SoftwareVersions"}
BLOBS = {"OB", "OW", "UN"}
MEASURED = {0x0028, 0x0066, 0x5400, 0x7FE0}  # groups whose bytes are pixels, tables or samples
ENGINE_VRS = {
    "AE", "AS", "CS", "DS", "FD", "FL", "IS", "LO", "LT", "OB", "PN", "SH", "SL", "SS", "ST", "UC",
    "UI", "UL", "UN", "UR", "US", "UT",
}  # fmt: skip
CLASSES = re.compile(r"1\.2\.840\.10008\.[0-9.]{1,40}")
# Attributes whose values identify a person or place, to be looked for everywhere else.
IDENTIFYING = {
    "PatientID", "OtherPatientIDs", "AccessionNumber", "InstitutionName", "InstitutionAddress",
    "PatientAddress", "PatientTelephoneNumbers", "PatientBirthDate", "DeviceSerialNumber",
    "StationName", "MedicalRecordLocator", "AdmissionID", "IssuerOfPatientID",
}  # fmt: skip
SHORTEST = 4  # characters: shorter words are in everything
SHORTEST_BYTES = 6  # in pixels, where four bytes can be the same by chance


@cache
def _table() -> dict[tuple[int, ...], Callable[..., None]]:
    return dict(_engine().initialize_actions(TABLE))


def _engine() -> Any:
    return import_module("dicomanonymizer.simpledicomanonymizer")


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
    """Collect the words that identify somebody, from every level of a data set.

    Returns
    -------
    set of str
        Lower case, at least four characters: parts of names, numbers, addresses.
    """
    found: set[str] = set()
    for element in walk(dataset):
        if element.VR != "PN" and element.keyword not in IDENTIFYING:
            continue
        pattern = r"[\s^=\\,;]+" if element.VR == "PN" else r"[\\=]"
        found |= {s.strip(" \0[]'").lower() for s in re.split(pattern, str(element.value))}
    return {word for word in found if len(word) >= SHORTEST}


def clean(dataset: Any, names: Pseudonyms, who: str, known: Iterable[str]) -> None:
    """De-identify a data set in place; its pixel data are not touched.

    Parameters
    ----------
    dataset : pydicom Dataset
        As read.
    names : Pseudonyms
        Makes patient IDs, UIDs and date shifts.
    who : str
        `identity` of the data set.
    known : iterable of str
        `identifiers` of the patient's files, looked for in what stays.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on values that the standard does not allow
        _level(dataset, names, names.days(who), tuple(known))
        dataset.PatientID = dataset.PatientName = names.patient(who)
        dataset.PatientBirthDate = ""
        dataset.PatientIdentityRemoved = "YES"
        dataset.LongitudinalTemporalInformationModified = "MODIFIED"
        dataset.DeidentificationMethod = [f"medtutor {__version__}", EDITION]
        dataset.DeidentificationMethodCodeSequence = [_code(*PROFILE), _code(*DATES)]


def say_blanked(dataset: Any) -> None:
    """Write into a cleaned data set that its pixels were cleaned as well."""
    dataset.BurnedInAnnotation = "NO"
    dataset.DeidentificationMethodCodeSequence.append(_code(*PIXELS))


def _code(value: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def _level(dataset: Any, names: Pseudonyms, days: int, known: tuple[str, ...]) -> None:
    """Clean one level, then the items of the sequences that are left on it."""
    _drop_untrusted(dataset)
    _apply_table(dataset, names)
    for element in list(dataset):
        if element.VR == "SQ":
            for item in element.value:
                _level(item, names, days, known)
        elif element.VR == "UI":
            _replace_uids(element, names)
        elif element.VR in ("DA", "DT", "TM"):
            _move(element, days)
        elif _suspicious(element, known):
            element.value = ""


def _drop_untrusted(dataset: Any) -> None:
    """Delete what no table describes: unknown, damaged, overlays, curves, unexplained bytes."""
    from pydicom.datadict import dictionary_has_tag

    for tag in list(dataset.keys()):
        graphics = tag.group & 0xFF01 in (0x5000, 0x6000)  # curves and overlays, all their planes
        if tag.is_private or graphics or tag.element == 0 or not dictionary_has_tag(tag):
            del dataset[tag]
            continue
        try:
            element = dataset[tag]
            str(element.value) if element.VR not in BLOBS | {"SQ"} else None
        except Exception:
            del dataset[tag]
            continue
        if element.VR == "UN" or (element.VR in BLOBS and tag.group not in MEASURED):
            del dataset[tag]


def _apply_table(dataset: Any, names: Pseudonyms) -> None:
    """Let the engine work through the rules whose attributes are on this level."""
    rules: dict[tuple[int, ...], Callable[..., None]] = {}
    for element in list(dataset):
        tag = (element.tag.group, element.tag.element)
        if tag in _table():
            rules[tag] = _rule(element, _table()[tag], names)
    _engine().anonymize_dataset(
        dataset, None, delete_private_tags=True, base_rules_gen=lambda: rules
    )


def _rule(element: Any, action: Callable[..., None], names: Pseudonyms) -> Callable[..., None]:
    """Take the engine's action, or ours where it would break a reference or keep an original."""
    delete, keep = _engine().delete, _engine().keep
    kind, vr = action.__name__, element.VR
    if element.keyword == "PatientID":
        return lambda data, tag: _set(
            data, tag, names.patient(str(element.value).strip(" \0").upper())
        )
    if vr in ("DA", "DT", "TM"):
        return (lambda data, tag: _set(data, tag, "")) if element.keyword in BIRTH else keep
    if kind == "delete":
        return delete
    if vr == "SQ":
        if kind.endswith("UID"):
            return keep  # its items are cleaned one by one, and their UIDs stay in step
        # A sequence that must not be empty keeps one item without content.
        return _one_empty_item if kind.endswith("replace") else _no_item
    if vr == "UI":
        return keep  # replaced with all other UIDs
    return action if vr in ENGINE_VRS else delete


def _set(dataset: Any, tag: tuple[int, int], value: Any) -> None:
    dataset[tag].value = value


def _no_item(dataset: Any, tag: tuple[int, int]) -> None:
    dataset[tag].value = []


def _one_empty_item(dataset: Any, tag: tuple[int, int]) -> None:
    from pydicom.dataset import Dataset

    dataset[tag].value = [Dataset()]


def _replace_uids(element: Any, names: Pseudonyms) -> None:
    """Replace the UIDs of things; those of classes and terms, which DICOM assigns, stay."""
    from pydicom.multival import MultiValue
    from pydicom.uid import UID_dictionary

    def new(value: str) -> str:
        text = str(value).strip(" \0")
        is_class = "Class" in element.keyword and CLASSES.fullmatch(text)
        return text if not text or text in UID_dictionary or is_class else names.uid(text)

    if isinstance(element.value, MultiValue):
        element.value = [new(value) for value in element.value]
    elif element.value:
        element.value = new(element.value)


def _values(element: Any) -> list[str]:
    from pydicom.multival import MultiValue

    value = element.value
    return [str(v) for v in (value if isinstance(value, MultiValue) else [value])]


def _move(element: Any, days: int) -> None:
    """Move dates; of times keep what is one."""
    values = [v for v in _values(element) if v and v != "None"]
    if not values:
        return
    if element.VR == "TM":
        if not all(re.fullmatch(r"[\d:]{2,8}(\.\d{1,6})?", v.strip(" \0")) for v in values):
            element.value = ""
        return
    moved = [shifted(v, days) for v in values]
    element.value = "" if not all(moved) else moved if len(moved) > 1 else moved[0]


def _suspicious(element: Any, known: tuple[str, ...]) -> bool:
    """Tell whether a text that stayed should go: unvetted, malformed, or holding an identifier."""
    if element.is_empty or element.VR in BLOBS:
        return False
    if element.VR in TEXT:
        unvetted = element.keyword not in TECHNICAL | {"PatientID"}
        if unvetted and str(element.value) != "ANONYMIZED":
            return True
    elif element.VR == "CS":
        typed = element.keyword == "ContentLabel"  # by a person; the others come from lists
        if typed or any(not re.fullmatch(r"[\w .,/+()-]{0,32}", v) for v in _values(element)):
            return True
    elif element.VR not in ("DS", "IS"):
        return False
    text = "\\".join(_values(element)).lower()
    if element.VR in ("DS", "IS"):
        return any(word in text.split("\\") for word in known if len(word) > SHORTEST_BYTES)
    if element.keyword not in NUMBERED | {"PatientID"} and re.search(r"\d{6}", text):
        return True
    return any(word in text for word in known)


def hidden_in_bytes(dataset: Any, known: Iterable[str]) -> str:
    """Find an identifier among the bytes of pixels or samples; give the attribute, or ""."""
    words = [w for w in known if len(w) >= SHORTEST_BYTES]
    for element in walk(dataset):
        if not isinstance(element.value, bytes) or not words:
            continue
        data = element.value.lower()
        for word in words:
            if any(word.encode(code) in data for code in ("utf-8", "utf-16-le", "utf-16-be")):
                return str(element.keyword)
    return ""
