import numpy as np
import pytest

from medtutor import datasets
from medtutor.capstone import copies
from medtutor.datasets import folders


@pytest.fixture(scope="module")
def crops():
    return datasets.load_ct("default").images[:250]


def test_planted_copies_are_found_and_nobody_is_accused(crops, picture_trial):
    trial = picture_trial(crops, each=10, seed=1)
    assert trial.found >= 0.95
    assert trial.accused < 0.01 * trial.innocent


def test_on_real_crops_as_well(real_ct, picture_trial):
    images = folders.survey(real_ct).images
    trial = picture_trial(images.images, each=25, most=641, seed=2)
    assert trial.found >= 0.95
    assert trial.accused < 0.01 * trial.innocent
    for twin in copies.pairs(list(images.images)):
        assert images.patients[twin.first] == images.patients[twin.second]


def test_small_pictures_as_in_medmnist(crops, picture_trial):
    from medtutor.ct.preprocess import resize

    trial = picture_trial([resize(crop, 28) for crop in crops], each=10, seed=3)
    assert trial.found >= 0.95
    assert trial.accused < 0.01 * trial.innocent


def test_a_fingerprint_does_not_know_where_the_picture_lies(crops):
    moved = np.roll(crops[0], (3, -2), axis=(0, 1))
    a, b, other = copies.fingerprints([crops[0], moved, crops[1]])
    assert np.sum(a * b) > 0.97 > np.sum(a * other) + 0.1


def test_likeness_ignores_brightness_and_shift_and_keeps_the_sign(crops):
    crop = crops[0]
    assert copies.likeness(crop, 3 * crop + 100) == pytest.approx(1, abs=1e-5)
    assert copies.likeness(crop[4:, :-4], crop[:-4, 4:]) > copies.SAME
    assert copies.likeness(crop, -crop) < copies.SAME
    assert abs(copies.likeness(crop, crops[1])) < 0.6


def test_pairs_say_how_the_copy_differs(crops):
    found = copies.pairs([crops[0], crops[1], crops[0][:, ::-1], crops[1] + 5])
    assert [(t.first, t.second, t.mirrored) for t in found] == [(0, 2, True), (1, 3, False)]


@pytest.mark.parametrize("images", [[], [np.ones((8, 8))], [np.zeros((8, 8)), np.ones((8, 8))]])
def test_nothing_to_compare_gives_nothing(images):
    assert copies.pairs(images) == []


def test_recordings_with_the_same_heartbeats_are_found(plant, planted_trial):
    recordings = datasets.load_ecg("default").recordings[:12]
    assert copies.record_pairs(recordings) == []
    assert copies.record_pairs([]) == []
    for kind, change in plant.RECORD_CHANGES.items():
        trial = planted_trial(recordings, {kind: change}, copies.record_pairs, 4, 0)
        assert trial.found == 1.0, kind
        assert trial.accused == 0


def test_real_recordings_as_well(real_ecg, plant, planted_trial):
    recordings = datasets.load_ecg(real_ecg).recordings
    assert copies.record_pairs(recordings) == []
    trials = [
        planted_trial(recordings, {kind: change}, copies.record_pairs, 5, 0)
        for kind, change in plant.RECORD_CHANGES.items()
    ]
    assert np.mean([trial.found for trial in trials]) >= 0.95
    assert sum(trial.accused for trial in trials) == 0
