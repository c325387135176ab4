"""Whole slices, drawn: a body with lungs and ribs in air, on a table."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import datasets, splits
from medtutor.capstone import slices
from medtutor.capstone.pictures import SIDE, Pictures
from medtutor.ct import preprocess


def chest(size=160, row=0.5, column=0.5, half=(0.3, 0.4), seed=0, narrow=False):
    """Draw a slice and give the square around its body; a narrow window leaves bones only."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    out = ((y - row) / half[0]) ** 2 + ((x - column) / half[1]) ** 2
    image = np.where(out < 1, 0 if narrow else 120, 0).astype(np.float32)
    image[(out > 0.8) & (out < 1)] = 240
    for way in (-1, 1):
        lung = ((y - row) / (half[0] * 0.5)) ** 2 + ((x - column - way * 0.4 * half[1]) / 0.1) ** 2
        image[lung < 1] = 12
    image[int((row + half[0]) * size) + 3, :] = 240  # the table
    noise = np.random.default_rng(seed).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.float32)


def slices_of(images, **fields):
    count = len(images)
    base = datasets.load_ct("default").take(np.arange(count))
    free = {"spacing": None, "diameter": None, "masks": None, "table": {}, "unit": "grey"}
    return replace(base, images=np.stack(images), **free | fields)


@given(
    st.integers(112, 300),
    st.floats(0.4, 0.55),
    st.floats(0.45, 0.55),
    st.floats(0.2, 0.35),
    st.floats(0.25, 0.4),
    st.floats(0.5, 30),
    st.floats(-1000, 1000),
    st.booleans(),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_body_is_found_wherever_it_lies(size, row, column, down, across, gain, zero, narrow):
    image = chest(size, row, column, (down, across), narrow=narrow)
    middle = preprocess.body(image * gain + zero)
    assert middle is not None
    found = np.array(middle[:2]) / size
    true = 2 * max(down, across)
    assert np.abs(found - (row, column)).max() < 0.08
    assert 0.9 * true < middle[2] / size < 1.4 * true


def test_crops_and_radiographs_are_no_slices():
    rng = np.random.default_rng(0)
    assert slices.squares(datasets.load_ct("default").take(np.arange(20))) is None
    small = [preprocess.resize(chest(seed=k), 64) for k in range(4)]
    assert slices.squares(slices_of(small)) is None
    bright = [255 - chest(seed=k) for k in range(4)]
    assert slices.squares(slices_of(bright)) is None
    noise = [rng.normal(100, 20, (160, 160)).astype(np.float32) for _ in range(4)]
    assert slices.squares(slices_of(noise)) is None
    assert preprocess.body(np.zeros((160, 160), np.float32)) is None


def test_a_slice_without_a_body_among_many_is_read_whole():
    images = [chest(seed=k) for k in range(12)]
    images[3] = np.zeros_like(images[3])
    found = slices.squares(slices_of(images))
    assert found[3] == (79.5, 79.5, 160)
    assert found[4][2] < 160


def test_padding_of_a_scan_is_air():
    hu = chest() * 10 - 1000
    y, x = np.mgrid[:160, :160] - 79.5
    padded = np.where(y**2 + x**2 < 76**2, hu, -2048).astype(np.float32)
    (plain,), (found,) = (slices.squares(slices_of([i], unit="HU")) for i in (hu, padded))
    assert np.abs(np.subtract(plain, found)).max() < 8


def test_a_square_is_cut_where_it_lies_and_air_is_around():
    image = np.full((120, 120), 9, np.float32)
    image[0, 0] = 1
    shown = slices.cut(image, (0.0, 60.0, 40), 40)
    assert shown.shape == (40, 40)
    assert np.all(shown[:19] == 1)  # above the picture
    assert np.all(shown[21:] == 9)


def test_two_windows_in_hu_and_in_grey():
    hu = np.full((112, 112), -600, np.float32)
    hu[50:60, 50:60] = 40
    shown = slices.prepare(hu, (55.5, 55.5, 112), "HU", 112)
    assert shown[0, 0].tolist() == [0, 0.5]
    assert shown[55, 55].tolist() == [0.5, pytest.approx(1390 / 1500)]
    grey = np.zeros((112, 112), np.float32)
    grey[:10], grey[50:60] = 255, 51
    shown = slices.prepare(grey, (55.5, 55.5, 112), "grey", 112)
    assert shown[55, 55].tolist() == pytest.approx([0.2, 0.8])
    assert shown[5, 5].tolist() == [1, 1]


def test_sizes_follow_what_the_pictures_hold_and_the_memory():
    assert slices.sides([(0, 0, 300)] * 10) == [56, 112, 224]
    assert slices.sides([(0, 0, 150)] * 10) == [56, 112]
    assert slices.sides([(0, 0, 50)] * 10) == [56]
    assert 224 not in slices.sides([(0, 0, 300)] * 4000)


@pytest.mark.parametrize("side", slices.SIDES)
def test_the_network_pools_by_mean_and_maximum(side):
    model = slices.network((side, side, 2), classes=3)
    assert model.output_shape == (None, 3)
    pooled = [layer for layer in model.layers if "Global" in type(layer).__name__]
    assert [layer.input.shape[1:3] for layer in pooled] == [(7, 7)] * 2


def work_of(count=30):
    images = [chest(seed=k, half=(0.3, 0.3 + 0.1 * (k % 2))) for k in range(count)]
    data = slices_of(images, labels=np.arange(count) % 2, patients=np.arange(count).astype(str))
    work = Pictures(data)
    return work, splits.by_patient(work.labels, work.patients)


@pytest.mark.parametrize("best", [56, 112])
def test_validation_chooses_the_size(monkeypatch, best):
    from medtutor.ct import training

    def fit(model, x, *_, **__):
        return {"loss": [1.0], "val_loss": [0.2 if x.shape[1] == best else 0.7]}

    monkeypatch.setattr(training, "fit", fit)
    work, split = work_of()
    work.train(split)
    assert work.side == best
    assert work.model.input_shape == (None, best, best, 2)
    assert work.inputs(split.test).shape == (len(split.test), best, best, 2)
    assert f"{best} x {best}" in work.preparation


def test_without_validation_the_size_stays_small(monkeypatch):
    from medtutor.ct import training

    monkeypatch.setattr(training, "fit", lambda *_, **__: {"loss": [1.0]})
    work, split = work_of()
    everyone = np.r_[split.train, split.validation]
    work.train(replace(split, train=everyone, validation=np.array([], int)))
    assert work.side == SIDE


def test_the_article_stands_beside_and_its_split_is_counted(monkeypatch):
    work, split = work_of()
    monkeypatch.setattr(Pictures, "predict", lambda _, k: np.eye(2)[work.labels[k]])
    monkeypatch.setattr(slices, "article", lambda *_: work.labels[split.test])
    outcome = work.test(split, np.repeat(np.arange(15), 2).astype(str))
    assert "own.article.accuracy" in {score.name for score in outcome.scores}
    assert any("of 6 test images would have had" in said for said in outcome.sentences)
    assert slices.torn(np.zeros(10)) == (2, 2)
    assert slices.torn(np.arange(10)) == (0, 2)


def test_the_layers_of_the_article_learn(monkeypatch):
    monkeypatch.setattr(slices, "SIDES", (32,))  # its 44 million weights are not the point here
    monkeypatch.setattr(slices, "BATCH", 4)
    monkeypatch.setattr(slices, "TAUGHT", 240)
    labels = np.arange(60) % 2
    images = [np.full((32, 32), 40 + 170 * c, np.float32) for c in labels]
    split = splits.by_patient(labels, np.arange(60).astype(str))
    assert np.mean(slices.article(images, labels, split) == labels[split.test]) > 0.9


def test_outlines_of_slices_are_cut_as_the_slices_are(monkeypatch):
    from medtutor.ct import explain

    work, split = work_of()
    masks = np.stack([image > 200 for image in work.data.images])
    work = replace(work, data=replace(work.data, masks=masks))
    work.network = slices.network((SIDE, SIDE, 2), classes=2)
    heat = work.inputs(split.test)[..., 0] > 0.7
    monkeypatch.setattr(explain, "grad_cam", lambda *_: heat.astype(float))
    share, by_chance = work.inside(split)
    assert share.value > 0.9 > 0.5 > by_chance


def test_the_air_around_a_body_is_no_fault():
    work, _ = work_of()
    assert "padding" not in {flag.check for flag in work.inspect()[0]}
