from dataclasses import replace

import numpy as np
import pytest

from medtutor import datasets
from medtutor.capstone import copies, inspect
from medtutor.capstone.pictures import Pictures
from medtutor.types import Flag


@pytest.fixture(scope="module")
def nodules():
    return datasets.load_ct("default").take(np.arange(120))


def test_washed_out_crops_stand_apart(nodules):
    crop = np.asarray(nodules.images[0])
    padded = np.where(np.add.outer(np.arange(64), np.arange(64)) < 12, -2000, crop)
    assert inspect.unused_below(crop) < inspect.WASHED_OUT < inspect.unused_below(padded)
    assert inspect.unused_below(np.ones((4, 4))) == 0
    images = np.array(nodules.images)
    images[7] = padded
    flags = inspect.faults(nodules.files, list(images))
    assert [f.item for f in flags if f.check == "washed out"] == [nodules.files[7]]


def test_real_crops_are_washed_out_more_often_where_benign(real_ct):
    """Known of these data: 15 % of the benign and 6 % of the malignant crops are padded."""
    images = datasets.load_ct(real_ct, progress=False)
    dull = np.array([inspect.unused_below(i) > inspect.WASHED_OUT for i in images.images])
    assert dull[images.labels == 0].mean() == pytest.approx(0.15, abs=0.01)
    assert dull[images.labels == 1].mean() == pytest.approx(0.06, abs=0.01)


def test_a_fault_that_goes_along_with_the_label_is_a_shortcut(nodules):
    benign = np.flatnonzero(nodules.labels == 0)
    planted = [Flag(nodules.files[k], "padding", "x") for k in benign[:30]]
    (found,) = inspect.shortcuts(nodules, planted)
    assert (found.item, found.check) == ("padding", "shortcut")
    assert "0% of malignant" in found.reason
    spread = [Flag(file, "padding", "x") for file in nodules.files[::4]]
    assert inspect.shortcuts(nodules, spread) == []


def test_duplicates_say_what_makes_them_worse(nodules):
    labels = nodules.labels.copy()
    labels[:2] = 0, 1
    split = np.array(["train", "test"] * 60)
    images = replace(nodules, labels=labels, split=split, patients=np.arange(120).astype(str))
    (flag,) = inspect.duplicates(images, [copies.Twin(0, 1, 1.0, False)])
    for words in (
        "the same picture",
        "one in train, one in test",
        "benign and malignant",
        "patients",
    ):
        assert words in flag.reason


def test_a_patient_in_two_parts_is_named(nodules):
    people = np.array(["a", "a", "", ""] + [f"p{k}" for k in range(116)])
    images = replace(nodules, patients=people, split=np.array(["train", "test"] * 60))
    (flag,) = inspect.shared_patients(images)
    assert flag.item == "a"


def test_rare_classes_are_counted_in_people():
    labels, groups = np.array([0] * 50 + [1] * 12), np.arange(62)
    assert [f.check for f in inspect.imbalance(labels, groups, ("a", "b"))] == ["imbalance"]
    groups[50:] = 99
    assert [f.check for f in inspect.imbalance(labels, groups, ("a", "b"))] == ["rare class"]
    assert inspect.imbalance(np.arange(60) % 2, np.arange(60), ("a", "b")) == []


@pytest.mark.parametrize(("few", "check"), [(4, "rare class"), (14, "imbalance")])
def test_a_folder_of_uneven_classes_is_flagged(nodules, few, check):
    keep = np.concatenate(
        [np.flatnonzero(nodules.labels == 1)[:60], np.flatnonzero(nodules.labels == 0)[:few]]
    )
    uneven = replace(nodules.take(keep), patients=keep.astype(str))
    flags, _ = Pictures(uneven).inspect()
    assert ("benign", check) in {(flag.item, flag.check) for flag in flags}


def test_a_huge_picture_is_inspected_small(nodules):
    rng = np.random.default_rng(0)
    huge = rng.normal(size=(3000, 2000)).astype(np.float32)
    images = replace(nodules.take(np.arange(40)), images=[*nodules.images[:39], huge])
    small = Pictures(images).small
    assert small[-1].shape == (inspect.LARGEST, 85)
    assert small[0] is images.images[0] or np.array_equal(small[0], images.images[0])
