"""Pictures, from the samples to a tested network; how good it is does not matter here."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import datasets, splits
from medtutor.capstone import pictures
from medtutor.capstone.pictures import Pictures
from medtutor.ct.augment import Ranges, augment
from medtutor.datasets import images
from medtutor.errors import DataError


def test_upright_images_keep_left_on_the_left():
    half = np.zeros((20, 32, 32, 1), np.float32)
    half[:, :, :16] = 1
    kept = augment(half, np.random.default_rng(0), Ranges(upright=True))
    assert np.all(kept[:, :, :8].mean(axis=(1, 2)) > kept[:, :, -8:].mean(axis=(1, 2)) + 0.5)
    turned = augment(half, np.random.default_rng(0), Ranges())
    assert np.any(turned[:, :, :8].mean(axis=(1, 2)) < turned[:, :, -8:].mean(axis=(1, 2)))


@pytest.mark.parametrize("classes", [2, 3])
def test_colour_and_many_classes(train_pictures, classes):
    rng = np.random.default_rng(0)
    count = 60
    labels = np.arange(count) % classes
    colour = rng.normal(100, 10, (count, 56, 56, 3)).astype(np.float32)
    colour[np.arange(count), ..., labels] += 80
    base = datasets.load_ct("default").take(np.arange(count))
    data = replace(
        base,
        labels=labels,
        class_names=tuple("abc"[:classes]),
        diameter=None,
        masks=None,
        patients=np.full(count, ""),
    )
    work = Pictures(data, colour=colour)
    split = splits.by_patient(labels, np.arange(count).astype(str))
    with pytest.raises(DataError, match="nothing has been trained"):
        _ = work.model
    train_pictures(work, split)
    outcome = work.test(split, np.arange(count).astype(str))
    assert [s.name for s in outcome.scores] == [
        "own.test.accuracy",
        "own.baseline.accuracy",
        "own.test.auc",
    ]
    assert len(outcome.tables[0][2]) == classes
    assert work.inside(split) is None
    assert work.explain(split)[0].png


def test_a_test_part_of_one_class_has_no_auc(train_pictures):
    data = datasets.load_ct("default").take(np.arange(80))
    parts = np.where(np.arange(80) < 60, "train", "test")
    keep = np.flatnonzero((parts == "train") | (data.labels == 0))
    work = Pictures(data.take(keep))
    who = np.arange(len(keep)).astype(str)
    split = splits.by_patient(work.labels, who, parts[keep])
    train_pictures(work, split)
    outcome = work.test(split, who)
    assert "one class only" in outcome.sentences[-1]
    assert {s.name for s in outcome.scores} == {"own.test.accuracy", "own.baseline.accuracy"}


class Says:
    """Stand in for a network: the probability of class 1 of each test image."""

    def __init__(self, monkeypatch, answers):
        p = np.asarray(answers, float)
        monkeypatch.setattr(Pictures, "predict", lambda *_: np.stack([1 - p, p], axis=1))


def prepared(labels, patients):
    """Give images of which the first 40 train, and the split."""
    everyone = np.concatenate([np.arange(40) % 2, labels])
    who = np.array([*(f"t{k}" for k in range(40)), *map(str, patients)])
    data = datasets.load_ct("default").take(np.arange(len(everyone)))
    work = Pictures(replace(data, labels=everyone, patients=who, diameter=None))
    parts = np.array(["train"] * 40 + ["test"] * len(labels))
    return work, splits.by_patient(everyone, who, parts), who


def test_all_right_is_not_certain(monkeypatch):
    work, split, who = prepared([0, 0, 0, 0, 1, 1, 1], range(7))
    Says(monkeypatch, [0.1] * 4 + [0.9] * 3)
    outcome = work.test(split, who)
    scores = {score.name: score.interval for score in outcome.scores}
    assert scores["own.test.accuracy"].value == scores["own.test.auc"].value == 1
    assert scores["own.test.accuracy"].low == pytest.approx(0.646, abs=0.001)  # Wilson, 7 of 7
    assert scores["own.test.auc"].low == pytest.approx(0.438, abs=0.001)  # 3 of 3 pairs
    assert "0.510 to 1.000" in str(outcome.tables[0][2][0])  # 4 of 4


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=12
    )
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_no_score_is_certain(drawn):
    labels, people, said = zip(*drawn, strict=True)
    work, split, who = prepared(list(labels), people)
    with pytest.MonkeyPatch.context() as patch:
        Says(patch, said)
        outcome = work.test(split, who)
    for score in outcome.scores:
        assert score.interval.low < score.interval.high or np.isnan(score.interval.low)
        assert 0 <= score.interval.low <= score.interval.high <= 1


@pytest.mark.parametrize("answer", [0.1, 0.9])
def test_one_answer_for_everybody_is_said_and_never_praised(monkeypatch, answer):
    work, split, who = prepared([1] * 20 + [0] * 4, range(24))
    Says(monkeypatch, np.full(24, answer) + np.linspace(0, 0.05, 24))
    said = " ".join(work.test(split, who).sentences)
    assert "ONE answer to all 24 test images" in said
    assert "is better" not in said


def test_forty_pictures_are_enough_for_an_easy_task(monkeypatch):
    """Trained by epochs, such a network has an AUC of 1 and the accuracy of a coin."""
    monkeypatch.setattr(pictures, "SIDE", 28)  # as many pixels as they have
    rng = np.random.default_rng(3)
    labels, patients = np.arange(40) % 2, (np.arange(40) // 2).astype(str)
    images = rng.normal(100, 8, (40, 28, 28)).astype(np.float32)
    images[labels == 1, 10:18, 10:18] += 60
    base = datasets.load_ct("default").take(np.arange(40))
    data = replace(
        base,
        images=images,
        unit="grey",
        labels=labels,
        patients=patients,
        diameter=None,
        masks=None,
        spacing=None,
        table={},
    )
    work = Pictures(data)
    split = splits.by_patient(labels, patients)
    work.train(split)
    scores = {score.name: score.interval for score in work.test(split, patients).scores}
    assert scores["own.test.auc"].value == 1
    assert scores["own.test.accuracy"].value >= 0.9


def test_colours_are_read_and_grey_gets_three_channels(tmp_path):
    from PIL import Image

    Image.new("RGB", (4, 3), (10, 20, 30)).save(tmp_path / "c.png")
    Image.new("L", (4, 3), 7).save(tmp_path / "g.png")
    assert images.read_image(tmp_path / "c.png", colour=True)[0, 0].tolist() == [10, 20, 30]
    assert images.read_image(tmp_path / "g.png", colour=True)[0, 0].tolist() == [7, 7, 7]
    assert images.read_image(tmp_path / "c.png").shape == (3, 4)
