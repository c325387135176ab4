"""Faults of series and crops are flagged, each with its own check, and clean data are not."""

import shutil

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from medtutor.ct import phantom, quality
from medtutor.errors import DataError


@pytest.fixture
def series(tmp_path):
    return phantom.write_series(tmp_path, slices=12, size=32)


def checks(flags):
    return sorted({flag.check for flag in flags})


def move(path, z):
    data = pydicom.dcmread(path)
    data.ImagePositionPatient = [*data.ImagePositionPatient[:2], z]
    data.save_as(path)


class TestSeries:
    def test_a_whole_series_has_no_flag(self, series):
        assert quality.check_series(series[0].parent) == []

    def test_counts_slices_lost_in_a_gap(self, series):
        for k in (4, 5, 9):
            series[k].unlink()
        flags = quality.check_series(series[0].parent)
        assert [(f.check, f.reason) for f in flags] == [
            ("missing", "2 missing between 15 and 30 mm"),
            ("missing", "1 missing between 40 and 50 mm"),
        ]

    def test_lists_all_faults_of_one_series(self, series):
        series[2].unlink()
        shutil.copy(series[5], series[5].with_name("copy.dcm"))
        move(series[8], 41.7)
        series[10].write_bytes(series[10].read_bytes()[:300])
        flags = quality.check_series(series[0].parent)
        assert checks(flags) == ["damaged", "duplicate", "missing", "spacing"]

    def test_another_grid_is_named(self, series):
        data = pydicom.dcmread(series[3])
        data.PixelSpacing = [1.0, 1.0]
        data.save_as(series[3])
        flags = quality.check_series(series[0].parent)
        assert checks(flags) == ["grid"]
        assert len({flag.item for flag in flags}) in (1, 11)

    def test_a_slice_without_a_place_is_named(self, series):
        data = pydicom.dcmread(series[6])
        del data.ImagePositionPatient
        data.save_as(series[6])
        found = [f for f in quality.check_series(series[0].parent) if "where it lies" in f.reason]
        assert [flag.item for flag in found] == [series[6].name]

    def test_a_value_that_is_not_understood_is_no_damage(self, series):
        data = series[3].read_bytes()
        at = data.index(b"DS", data.index(b"\x28\x00\x30\x00"))  # the value of PixelSpacing
        series[3].write_bytes(data[:at] + data[at:].replace(b".", b",", 1))
        flags = [f for f in quality.check_series(series[0].parent) if f.item == series[3].name]
        assert [f.check for f in flags] == ["not read"]
        assert "PixelSpacing (0028,0030) is" in flags[0].reason

    def test_other_files_are_passed_over(self, series):
        (series[0].parent / "notes.txt").write_text("nothing")
        assert quality.check_series(series[0].parent) == []

    def test_an_empty_or_absent_folder_is_refused(self, tmp_path):
        with pytest.raises(DataError):
            quality.check_series(tmp_path / "nowhere")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError):
            quality.check_series(tmp_path / "empty")


@pytest.fixture
def crops():
    """Draw soft blobs with a little noise, each its own."""
    rng = np.random.default_rng(7)
    rough = rng.normal(size=(60, 48, 48))
    blobs = np.stack([ndimage.gaussian_filter(r, 5) for r in rough]) * 4000
    return (blobs + rng.normal(0, 10, blobs.shape)).astype(np.float32)


class TestCrops:
    def test_clean_crops_have_no_flag(self, crops):
        assert quality.check_crops(crops) == []

    def test_each_planted_fault_gets_its_own_check(self, crops):
        rng = np.random.default_rng(8)
        crops[3, :, :9] = -1024
        crops[11] = 40
        crops[19] = np.minimum(crops[19], np.quantile(crops[19], 0.9))
        crops[27] += rng.normal(0, 120, (48, 48))
        crops[35] += np.repeat(rng.normal(0, 80, 48)[:, None], 48, axis=1)
        crops[43] = 0.5 * crops[2] + 300
        flags = quality.check_crops(crops)
        found = {(flag.item, flag.check) for flag in flags}
        planted = {3: "padding", 11: "constant", 19: "saturated", 27: "noise", 35: "streaks"}
        wanted = {
            (f"image {k}", check)
            for k, check in (planted | {2: "duplicate", 43: "duplicate"}).items()
        }
        assert wanted <= found
        assert {item for item, _ in found} == {item for item, _ in wanted}

    def test_sizes_may_differ_and_names_are_used(self, crops):
        pictures = [crops[0], crops[1][:40, :44], np.zeros((20, 20))]
        assert [(f.item, f.check) for f in quality.check_crops(pictures, ["a", "b", "c"])] == [
            ("c", "constant")
        ]

    def test_nothing_to_look_at(self):
        assert quality.check_crops([]) == []
        assert checks(quality.check_crops([np.zeros((8, 8))])) == ["constant"]


def test_noise_is_measured_in_the_unit_of_the_image():
    rng = np.random.default_rng(9)
    slope = np.add.outer(np.arange(100.0), 2 * np.arange(100.0))
    for sigma in (2.0, 20.0):
        measured = quality.noise_level(slope + rng.normal(0, sigma, slope.shape))
        assert measured == pytest.approx(sigma, rel=0.05)


def test_padding_is_the_share_of_the_empty_border():
    image = np.random.default_rng(1).normal(size=(40, 50))
    assert quality.padding(image) == 0
    image[:10] = -1024
    assert quality.padding(image) == pytest.approx(0.25)
    image[:, :5] = -1024
    image[20, 5:] = 3  # an empty row inside is no border
    assert quality.padding(image) == pytest.approx(1 - 0.75 * 0.9)


def test_a_table_counts_what_it_leaves_out():
    flags = [quality.Flag(f"image {k}", "noise", "loud") for k in range(5)]
    assert quality.table([]) == "nothing flagged"
    lines = quality.table(flags, most=3).splitlines()
    assert len(lines) == 4
    assert lines[-1] == "… and 2 more"
