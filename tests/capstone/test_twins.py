import numpy as np
import pytest

from medtutor import datasets
from medtutor.capstone import plant, rhythms, twins
from medtutor.datasets import folders


@pytest.fixture(scope="module")
def crops():
    return datasets.load_ct("default").images[:250]


def test_planted_copies_are_found_and_nobody_is_accused(crops):
    trial = plant.trial(crops, each=10, seed=1)
    assert trial.sensitivity >= 0.95
    assert trial.false_share < 0.01
    assert set(trial.found) == set(plant.CHANGES)


def test_on_real_crops_as_well(real_ct):
    images = folders.survey(real_ct).images
    trial = plant.trial(images.images, each=25, most=641, seed=2)
    assert trial.sensitivity >= 0.95
    assert trial.false_share < 0.01
    for twin in twins.pairs(list(images.images)):
        assert images.patients[twin.first] == images.patients[twin.second]


def test_small_pictures_as_in_medmnist(crops):
    from medtutor.ct.preprocess import resize

    trial = plant.trial([resize(crop, 28) for crop in crops], each=10, seed=3)
    assert trial.sensitivity >= 0.95
    assert trial.false_share < 0.01


def test_a_fingerprint_does_not_know_where_the_picture_lies(crops):
    moved = np.roll(crops[0], (3, -2), axis=(0, 1))
    a, b, other = twins.fingerprints([crops[0], moved, crops[1]])
    assert np.sum(a * b) > 0.97 > np.sum(a * other) + 0.1


def test_likeness_ignores_brightness_and_shift_and_keeps_the_sign(crops):
    crop = crops[0]
    assert twins.likeness(crop, 3 * crop + 100) == pytest.approx(1, abs=1e-5)
    assert twins.likeness(crop[4:, :-4], crop[:-4, 4:]) > twins.SAME
    assert twins.likeness(crop, -crop) < twins.SAME
    assert abs(twins.likeness(crop, crops[1])) < 0.6


def test_pairs_say_how_the_copy_differs(crops):
    found = twins.pairs([crops[0], crops[1], crops[0][:, ::-1], crops[1] + 5])
    assert [(t.first, t.second, t.mirrored) for t in found] == [(0, 2, True), (1, 3, False)]


@pytest.mark.parametrize("images", [[], [np.ones((8, 8))], [np.zeros((8, 8)), np.ones((8, 8))]])
def test_nothing_to_compare_gives_nothing(images):
    assert twins.pairs(images) == []


def test_recordings_with_the_same_heartbeats_are_found():
    recordings = datasets.load_ecg("default").recordings[:12]
    assert rhythms.pairs(recordings) == []
    trial = plant.trial_of_records(recordings, each=4)
    assert trial.sensitivity == 1.0
    assert trial.false == 0
    assert rhythms.pairs([]) == []


def test_real_recordings_as_well(real_ecg):
    recordings = datasets.load_ecg(real_ecg).recordings
    assert rhythms.pairs(recordings) == []
    trial = plant.trial_of_records(recordings, each=5)
    assert trial.sensitivity >= 0.95
    assert trial.false == 0
