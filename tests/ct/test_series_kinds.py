"""Series in every syntax and value representation: known HU, spacing and order, or a refusal."""

import io
import struct

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.tag import Tag
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from medtutor.ct import read_series
from medtutor.datasets import dicom_folder
from medtutor.errors import DataError

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEG2000Lossless,
)


def slice_of(hu, z, k, signed=True, bits=16, slope=1.0, intercept=-1024.0, masked=True):
    """Make one slice as a data set; `hu` must be whole numbers of `slope` above `intercept`."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = f"1.2.3.{k + 1}"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.8", "1.2.9"
    data.Modality, data.PatientID, data.PatientName = "CT", "Zoë", "Simulated"
    data.SpecificCharacterSet = "ISO_IR 192"
    data.StudyDate, data.StudyTime, data.StudyID = "20200101", "120000", "1"
    data.SeriesNumber, data.InstanceNumber, data.AccessionNumber = 1, k, ""
    data.Rows, data.Columns = hu.shape
    data.PixelSpacing, data.SliceThickness = [0.5, 0.75], 2.5
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-9, -8, z]
    data.RescaleSlope, data.RescaleIntercept = slope, intercept
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, bits, bits - 1
    data.PixelRepresentation = int(signed)
    stored = np.round((hu - intercept) / slope).astype(np.int64)
    if signed and masked:
        stored &= 2**bits - 1  # as some writers do: nothing in the bits that are not stored
    data.PixelData = stored.astype("<u2").tobytes()
    data["PixelData"].VR = "OW"
    return data


def write(data, path, syntax=ExplicitVRLittleEndian):
    """Write it in a syntax; big-endian has its pixels swapped first."""
    data.file_meta.TransferSyntaxUID = syntax
    if syntax.is_compressed and not syntax.is_deflated:
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.compress(
            syntax, encoding_plugin="pylibjpeg" if syntax == JPEG2000Lossless else "pydicom"
        )
    if not syntax.is_little_endian:
        data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
        data["PixelData"].VR = "OW"
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, data, enforce_file_format=True)


@given(
    syntax=st.sampled_from(SYNTAXES),
    signed=st.booleans(),
    bits=st.sampled_from([12, 16]),
    rescale=st.lists(
        st.sampled_from([(1.0, -1024.0), (1.0, 0.0), (0.5, -500.0), (2.0, -1000.0)]),
        min_size=3,
        max_size=3,
    ),
    order=st.permutations(range(3)),
    step=st.sampled_from([0.625, 2.5]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=60)
def test_every_syntax_gives_the_same_volume(
    tmp_path_factory, syntax, signed, bits, rescale, order, step, seed
):
    folder = tmp_path_factory.mktemp("series")
    rng, volume = np.random.default_rng(seed), []
    for k, (slope, intercept) in enumerate(rescale):
        low = -1000 if signed else int(max(-1000, intercept))
        hu = rng.integers(low // 2, 250, (32, 40)) * 2.0
        volume.append(hu)
        data = slice_of(
            hu, step * k, order[k], signed, bits, slope, intercept, syntax not in SYNTAXES[4:]
        )
        write(data, folder / f"{order[k]}.dcm", syntax)
    found = read_series(folder)
    np.testing.assert_array_equal(found.hu, volume)
    assert found.spacing == (step, 0.5, 0.75)
    assert found.patient_id == "Zoë"
    assert [int(path.stem) for path in found.files] == order
    assert found.notes == ()


ELEMENTS = (
    "PixelSpacing",
    "ImagePositionPatient",
    "RescaleSlope",
    "RescaleIntercept",
    "SliceThickness",
    "Rows",
    "BitsStored",
    "PatientID",
    "ImageType",
    "Modality",
    "SamplesPerPixel",
    "NumberOfFrames",
    "PixelPaddingValue",
    "PixelRepresentation",
)
VALUES = (
    b"",
    b" ",
    b"1",
    b" 1 ",
    b"1\0",
    b"0,7\\0,7",
    b"0.5\\0.75",
    b" 0.5 \\ 0.75\0",
    b"+1.0E0",
    b"x",
    b"1_0",
    b"nan",
    b"inf",
    b"1e999",
    b"\xff\xfe",
    b"\x08\0",
    b"\x08\0\x06\0",
    b"1\\2\\3\\4",
    b"-1024 ",
)
VRS = (
    "DS",
    "IS",
    "LO",
    "US",
    "SS",
    "UL",
    "FD",
    "FL",
    "UN",
    "OB",
    "SQ",
    "UI",
    "AT",
    "PN",
    "ZZ",
    "UR",
)


@given(word=st.sampled_from(ELEMENTS), vr=st.sampled_from(VRS), value=st.sampled_from(VALUES))
@settings(max_examples=400)
def test_no_value_and_no_vr_lets_a_foreign_error_or_a_wrong_number_out(
    tmp_path_factory, word, vr, value
):
    folder = tmp_path_factory.getbasetemp() / "odd"
    hu = np.arange(48.0).reshape(8, 6)
    for k in range(2):
        write(slice_of(hu, 2.5 * k, k), folder / f"{k}.dcm")
    path = folder / "0.dcm"
    tag = Tag(word)
    element = struct.pack("<HH", tag.group, tag.element)
    value += b" " * (len(value) % 2)
    long = vr in ("OB", "SQ", "UN", "UR")
    element += vr.encode() + (
        struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))
    )
    data = pydicom.dcmread(path)
    if word in data:
        del data[word]
    at = next(e.tag for e in data if e.tag > tag)
    raw = io.BytesIO()
    pydicom.dcmwrite(raw, data)
    here = raw.getvalue().index(struct.pack("<HH", at.group, at.element) + data[at].VR.encode())
    path.write_bytes(raw.getvalue()[:here] + element + value + raw.getvalue()[here:])
    try:
        found = read_series(folder)
    except DataError as error:
        found = error
    if isinstance(found, DataError):
        assert "damaged" not in str(found)
        return
    np.testing.assert_array_equal(found.hu[1], hu)
    if word not in ("RescaleSlope", "RescaleIntercept", "PixelPaddingValue"):
        np.testing.assert_array_equal(found.hu[0], hu)
    assert found.spacing == (2.5, 0.5, 0.75)


def test_a_value_that_is_not_understood_is_named(tmp_path, refused):
    data = slice_of(np.zeros((4, 4)), 0, 0)
    raw = RawDataElement(Tag("PixelSpacing"), "DS", 8, b"0,7\\0,7 ", 0, False, True)
    data._dict[Tag("PixelSpacing")] = raw  # pydicom would not take it from us
    write(data, tmp_path / "a.dcm")
    says = ["a.dcm", "PixelSpacing (0028,0030)", "0,7", "2 number(s)", "a point"]
    assert "damaged" not in str(refused(read_series, tmp_path, says=says))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.3.4"])
def test_a_syntax_that_is_not_supported_is_not_called_damage(tmp_path, refused, syntax):
    write(slice_of(np.zeros((4, 4)), 0, 0), tmp_path / "a.dcm")
    plain = str(ExplicitVRLittleEndian).encode() + b"\0"
    data = (tmp_path / "a.dcm").read_bytes()
    length = int.from_bytes(data[140:144], "little")
    other = syntax.encode() + b"\0" * (len(syntax) % 2)
    here = data.index(plain) - 2
    data = (
        data[:140]
        + (length + len(other) - len(plain)).to_bytes(4, "little")
        + data[144:here]
        + len(other).to_bytes(2, "little")
        + other
        + data[here + 2 + len(plain) :]
    )
    (tmp_path / "a.dcm").write_bytes(data)
    says = ["a.dcm", "cannot be decoded here", pydicom.uid.UID(syntax).name]
    assert "damaged" not in str(refused(read_series, tmp_path, says=says))


def test_a_dicomdir_beside_the_slices_is_left_out(tmp_path, refused, monkeypatch):
    disc = FileSet()
    for k in range(3):
        disc.add(_written(tmp_path, k))
    disc.write(tmp_path / "disc")
    found = read_series(tmp_path / "disc")
    assert found.hu[:, 0, 0].tolist() == [0, 10, 20]
    assert found.notes == (
        "1 file(s) left out: a DICOMDIR, the table of contents of a disc (DICOMDIR)",
    )
    monkeypatch.setenv("MEDTUTOR_DATA", str(tmp_path / "disc"))
    assert dicom_folder() == tmp_path / "disc"
    (tmp_path / "disc" / "DICOMDIR").rename(tmp_path / "DICOMDIR")
    assert dicom_folder() == tmp_path / "disc"  # the slices lie deeper
    refused(read_series, tmp_path / "DICOMDIR", says=["DICOMDIR", "holds no images"])


def _written(folder, k):
    path = folder / f"{k}.dcm"
    write(slice_of(np.full((4, 4), 10.0 * k), 2.5 * k, k), path)
    return path


def test_padding_that_needs_more_bits_than_are_stored(tmp_path):
    data = slice_of(np.zeros((4, 4)), 0, 0, signed=False, bits=12)
    stored = np.full((4, 4), 1024, "<u2")
    stored[0] = 63536  # -2000 in 16 bits; cut to 12 it would be 2096, a bone
    data.PixelData = stored.tobytes()
    data.add_new("PixelPaddingValue", "SS", -2000)
    write(data, tmp_path / "a.dcm")
    assert (read_series(tmp_path).hu[0, 0] == -1024).all()
    assert (read_series(tmp_path).hu[0, 1:] == 0).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"BitsStored": 12}, "BitsStored 12 and HighBit 15"),
        ({"BitsAllocated": 12}, "its BitsAllocated is 12"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PhotometricInterpretation is PALETTE"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "not two unit vectors"),
        ({"PixelSpacing": [0, 1]}, "PixelSpacing (0028,0030) is"),
    ],
)
def test_headers_that_do_not_agree_are_refused(tmp_path, refused, changes, says):
    data = slice_of(np.zeros((4, 4)), 0, 0)
    data.update(changes)
    write(data, tmp_path / "a.dcm")
    refused(read_series, tmp_path, says=["a.dcm", says])
