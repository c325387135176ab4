"""DICOM series to a volume in HU, and each way in which a series is refused."""

import csv
import shutil

import numpy as np
import pydicom
import pytest
from pydicom.uid import BasicTextSRStorage, CTImageStorage, JPEG2000Lossless, generate_uid

from medtutor import datasets
from medtutor.ct import read_series


def make(path, z=0.0, series="1.2.3", value=0, drop=(), stored=None, **changes):
    """Write one slice made from pydicom's CT_small.dcm; `value` is what all its pixels hold."""
    data = pydicom.dcmread(datasets.ct_small())
    for name in (*drop, "PixelPaddingValue", "DataSetTrailingPadding"):
        if name in data:
            del data[name]
    data.SeriesInstanceUID = series
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    if "ImagePositionPatient" not in drop:
        data.ImagePositionPatient = [-100, -120, z]
    if "PixelData" not in drop:
        pixels = np.full((128, 128), value, np.int16) if stored is None else stored
        data.PixelData = pixels.astype("<i2").tobytes()
    padding = changes.pop("PixelPaddingValue", None)
    if padding is not None:
        data.add_new("PixelPaddingValue", "SS", padding)
    for name, new in changes.items():
        setattr(data, name, new)
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path)
    return data


@pytest.fixture
def folder(tmp_path):
    """Five slices whose names are not in the order of their positions."""
    for i, name in enumerate("cadbe"):
        make(tmp_path / "scan" / f"{name}.dcm", z=2.5 * i, value=100 * i)
    return tmp_path / "scan"


@pytest.mark.parametrize("row", [[1, 0, 0], [-1, 0, 0]])
@pytest.mark.parametrize("column", [[0, 1, 0], [0, -1, 0]])
def test_axial_slices_go_to_the_head_whichever_way_their_normal_points(tmp_path, row, column):
    for i in range(3):
        make(tmp_path / f"{i}.dcm", z=5 * i, value=100 * i, ImageOrientationPatient=[*row, *column])
    found = read_series(tmp_path)
    assert [path.name for path in found.files] == ["0.dcm", "1.dcm", "2.dcm"]
    assert found.hu[:, 0, 0].tolist() == [-1024, -924, -824]
    assert found.orientation.tolist() == [[0, 0, 1], column, row]
    assert found.origin[2] == 0


def test_orders_by_position_and_rescales_each_slice(folder):
    make(folder / "e.dcm", z=10, value=30, RescaleSlope=2, RescaleIntercept=-1000)
    found = read_series(folder)
    assert [path.name for path in found.files] == [f"{name}.dcm" for name in "cadbe"]
    assert found.hu.dtype == np.float32
    assert found.hu.shape == (5, 128, 128)
    assert found.hu[:, 5, 5].tolist() == [-1024, -924, -824, -724, -940]
    assert found.spacing == pytest.approx((2.5, 0.661468, 0.661468))
    assert found.patient_id == "1CT1"
    assert found.origin.tolist() == [-100, -120, 0]
    assert "5 x 128 x 128 voxels" in repr(found)


def test_other_files_are_passed_over(folder):
    (folder / "LICENSE").write_text("free")
    (folder / "boxes.csv").write_text("a,b\n")
    (folder / "empty").touch()
    (folder / "._cadbe.dcm").touch()
    (folder / "deeper").mkdir()
    (folder / "e.dcm").rename(folder / "deeper" / "e.dcm")
    found = read_series(folder)
    assert found.hu.shape[0] == 5
    assert found.notes == (
        "1 file(s) left out: hidden (._cadbe.dcm)",
        "3 file(s) left out: no DICOM (LICENSE, boxes.csv, empty)",
    )


def test_a_single_file():
    found = read_series(datasets.ct_small())
    stored = pydicom.dcmread(datasets.ct_small()).pixel_array
    np.testing.assert_array_equal(found.hu[0], np.maximum(stored - 1024.0, -1024))
    assert found.spacing[0] == 5


def test_slices_along_another_axis(tmp_path):
    sagittal = [0, 1, 0, 0, 0, -1]  # x of the image to the back, y of the image down
    for i in range(3):
        make(
            tmp_path / f"{i}.dcm",
            ImageOrientationPatient=sagittal,
            ImagePositionPatient=[3.0 * i, 0, 0],
        )
    found = read_series(tmp_path)
    assert [path.name for path in found.files] == ["2.dcm", "1.dcm", "0.dcm"]
    np.testing.assert_allclose(found.orientation, [[-1, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert found.spacing[0] == pytest.approx(3)


def test_padding_becomes_air(tmp_path):
    stored = np.full((128, 128), 1000)
    stored[:10], stored[10:20] = -2000, -1500
    make(tmp_path / "1.dcm", stored=stored, PixelPaddingValue=-2000)
    found = read_series(tmp_path)
    assert (found.hu[0, :20] == -1024).all()
    assert (found.hu[0, 20:] == -24).all()
    assert "padding: 15.6% of the voxels set to -1024 HU" in found.notes


def test_padding_above_tissue_counts_too(tmp_path):
    stored = np.full((128, 128), 1000)
    stored[:10] = 8000
    make(tmp_path / "1.dcm", stored=stored, PixelPaddingValue=8000)
    assert (read_series(tmp_path).hu[0, :10] == -1024).all()


def test_a_padding_value_that_means_tissue_is_not_believed(tmp_path):
    make(tmp_path / "1.dcm", value=1024, PixelPaddingValue=1024)
    found = read_series(tmp_path)
    assert (found.hu == 0).all()
    assert "not taken as padding" in found.notes[-1]


def test_compressed_slices_are_decoded(tmp_path):
    stored = np.random.default_rng(0).integers(0, 2000, (128, 128))
    data = make(tmp_path / "1.dcm", stored=stored)
    data.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg")
    data.save_as(tmp_path / "1.dcm")
    np.testing.assert_array_equal(read_series(tmp_path).hu[0], stored - 1024)


def test_reports_and_localizers_are_passed_over(folder):
    report = {"Modality": "SR", "SOPClassUID": BasicTextSRStorage}
    make(folder / "report.dcm", series="9.9", drop=("PixelData", "Rows"), **report)
    make(folder / "scout.dcm", z=50, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    found = read_series(folder)
    assert len(found.files) == 5
    assert found.notes[:2] == (
        "1 DICOM file(s) without an image passed over",
        "1 localizer image(s) passed over",
    )


def test_a_tilted_gantry_is_said(tmp_path):
    for i in range(3):
        make(tmp_path / f"{i}.dcm", ImagePositionPatient=[0, 2.0 * i, 5.0 * i])
    assert (
        "slices shifted by 4 mm from first to last (tilted gantry)" in read_series(tmp_path).notes
    )


def test_mixed_series_are_refused_until_one_is_chosen(folder, refused):
    for i in range(2):
        make(folder / f"other{i}.dcm", z=i, series="4.5.6", SeriesDescription="bone")
    error = refused(
        read_series,
        folder,
        says=[str(folder), "2 series", "1.2.3 (CT, ", "5 files)", "4.5.6 (CT, bone, 2 files)"],
    )
    assert "series_uid=" in str(error)
    assert len(read_series(folder, series_uid="4.5.6").files) == 2
    refused(read_series, folder, series_uid="7", says=["the series 7 is not in it", "4.5.6"])


def test_missing_and_empty_folders(tmp_path, refused):
    refused(read_series, tmp_path / "none", says=["none", "it is not there"])
    (tmp_path / "empty").mkdir()
    refused(read_series, tmp_path / "empty", says=["empty", "the folder is empty"])
    (tmp_path / "empty" / "a.txt").write_text("text")
    refused(read_series, tmp_path / "empty", says=["empty", "no DICOM image is in it"])
    refused(read_series, tmp_path / "empty" / "a.txt", says=["a.txt", "not a DICOM file"])


def test_a_missing_slice_is_refused(folder, refused):
    (folder / "d.dcm").unlink()
    says = ["1 slice(s) missing between a.dcm and b.dcm", "5 mm apart, the others 2.5 mm"]
    refused(read_series, folder, says=says)


def test_uneven_slices_are_refused(folder, refused):
    make(folder / "e.dcm", z=10.9)
    refused(read_series, folder, says=["slices unevenly spaced between b.dcm and e.dcm"])


def test_a_duplicate_is_refused(folder, refused):
    shutil.copy(folder / "a.dcm", folder / "copy.dcm")
    refused(read_series, folder, says=["a.dcm and copy.dcm lie at the same position (2.5 mm)"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Modality": "MR"}, "its modality is MR, not CT"),
        ({"drop": ("PixelData",)}, "it has no pixel data"),
        ({"drop": ("PixelData", "Rows", "Columns")}, "it has no pixel data"),
        ({"drop": ("RescaleSlope",)}, "no rescale slope and intercept"),
        ({"drop": ("RescaleIntercept",)}, "no rescale slope and intercept"),
        ({"drop": ("ImagePositionPatient",)}, "does not say its ImagePositionPatient"),
        ({"NumberOfFrames": 7}, "several frames in one file"),
        ({"SamplesPerPixel": 3}, "its SamplesPerPixel is 3"),
        ({"PatientID": "other"}, "its patient is not that of a.dcm"),
        ({"PixelSpacing": [1, 1]}, "its pixel spacing is not that of a.dcm"),
        ({"Rows": 64}, "its number of rows is not that of a.dcm"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "its orientation is not that of a.dcm"),
    ],
)
def test_a_slice_that_does_not_belong_is_refused(folder, refused, changes, says):
    make(folder / "e.dcm", z=10, **changes)
    refused(read_series, folder, says=["e.dcm", says])


def test_mr_alone_is_refused(tmp_path, refused):
    make(tmp_path / "1.dcm", Modality="MR")
    refused(read_series, tmp_path, says=["1.dcm", "its modality is MR, not CT"])


def test_a_report_alone_is_refused(tmp_path, refused):
    report = {"Modality": "SR", "SOPClassUID": BasicTextSRStorage}
    make(tmp_path / "1.dcm", drop=("PixelData", "Rows"), **report)
    refused(read_series, tmp_path, says=["1.dcm", "no pixel data (modality SR)"])


@pytest.mark.parametrize("size", [0, 100, 140, 2_000, 20_000, -1])
def test_a_truncated_file_is_refused(folder, refused, size):
    path = folder / "e.dcm"
    path.write_bytes(path.read_bytes()[:size])
    refused(read_series, folder, says=["e.dcm", "cut off", "again"])


def test_truncated_compressed_pixels_are_refused(tmp_path, refused):
    data = make(tmp_path / "1.dcm", stored=np.random.default_rng(0).integers(0, 2000, (128, 128)))
    data.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg")
    data.save_as(tmp_path / "1.dcm")
    path = tmp_path / "1.dcm"
    path.write_bytes(path.read_bytes()[:-5_000])
    refused(read_series, tmp_path, says=["1.dcm", "cut off"])


def test_a_file_without_preamble_is_read(tmp_path):
    data = make(tmp_path / "1.dcm", value=24)
    raw = (tmp_path / "1.dcm").read_bytes()
    start = 144 + int.from_bytes(raw[140:144], "little")  # as written: UIDs differ in length
    (tmp_path / "1.dcm").write_bytes(raw[start:])
    # Without the file's own word on its transfer syntax, pydicom finds it out.
    assert data.SOPClassUID == CTImageStorage
    assert (read_series(tmp_path).hu == -1000).all()


def test_a_real_series(real_dicom):
    found = read_series(real_dicom)
    assert found.hu.shape == (30, 512, 512)
    assert found.spacing == pytest.approx((8, 0.646484375, 0.646484375))
    assert found.patient_id == "Lung_Dx-A0002"
    assert found.hu.min() == -1024
    lungs = (found.hu > -980) & (found.hu < -700)
    assert 0.1 < lungs[15].mean() < 0.4
    with (real_dicom / "boxes.csv").open() as file:
        for row in csv.DictReader(file):
            [path] = [path for path in found.files if path.name == row["file"]]
            assert pydicom.dcmread(path).SOPInstanceUID == row["sop_instance_uid"]
