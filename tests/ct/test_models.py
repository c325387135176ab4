from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest

from medtutor.errors import DataError
from medtutor.splits import by_patient

pytest.importorskip("keras")
from medtutor.ct import models, training
from medtutor.ct.augment import Ranges, affine, augment

SIDE = 24


@pytest.fixture(scope="module")
def discs():
    """Small discs (0) against large ones (1), two of each patient."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) // 2 % 2
    radius = np.where(labels == 1, 6, 3) + rng.uniform(-1, 1, len(labels))
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    x = (np.hypot(rows, columns) < radius[:, None, None]) + rng.normal(0, 0.1, (120, SIDE, SIDE))
    patients = np.array([f"case {k // 2}" for k in range(120)])
    return x[..., None].astype(np.float32), labels, by_patient(labels, patients)


def small():
    return models.nodule_cnn((SIDE, SIDE, 1), filters=(8, 16))


def test_nodule_cnn_is_small_and_gives_probabilities():
    model = models.nodule_cnn((56, 56, 1), classes=3)
    assert model.count_params() < 60_000
    out = models.predict(model, np.random.default_rng(0).normal(size=(2, 56, 56, 1)))
    assert out.shape == (2, 3)
    np.testing.assert_allclose(out.sum(axis=1), 1, rtol=1e-5)


def test_nodule_cnn_starts_the_same_from_the_same_seed():
    a, b, c = (models.nodule_cnn((SIDE, SIDE, 1), seed=s).get_weights()[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("side", [24, 28, 56, 64])
def test_nodule_cnn_takes_images_of_many_sizes(side):
    assert models.nodule_cnn((side, side, 1)).output_shape == (None, 2)


@pytest.fixture(scope="module")
def twice(discs):
    """Model, history and what was said of a training, and of one whose test part is spoilt."""
    x, labels, split = discs
    spoilt = x.copy()
    spoilt[split.test] = 99
    runs = []
    for images in (x, spoilt):
        model = small()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as said:
            patch.delenv("JPY_SESSION_NAME", raising=False)
            history = models.fit(model, images, labels, split, epochs=8, seed=3)
        runs.append((model, history, said.getvalue()))
    return runs


def test_fit_learns(discs, twice):
    x, labels, split = discs
    model, history, _ = twice[0]
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    p = models.predict(model, x[split.test])
    assert np.mean(p.argmax(axis=1) == labels[split.test]) > 0.9


def test_fit_repeats_itself_and_never_reads_the_test_part(twice):
    (first, history, _), (second, again, _) = twice
    assert history == again
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_fit_keeps_the_best_epoch(discs, twice):
    x, labels, split = discs
    model, history, _ = twice[0]
    weight = training.class_weights(labels[split.train], 2)[labels[split.validation]]
    p = models.predict(model, x[split.validation], flips=False)
    loss = -np.log(p[np.arange(len(p)), labels[split.validation]]) * weight
    assert loss.mean() == pytest.approx(min(history["val_loss"]), rel=1e-3)


def test_fit_says_one_fixed_line_when_nobody_watches(discs, twice):
    split = discs[2]
    for _, _, said in twice:
        assert said == f"training on {len(split.train)} images, 8 epochs at most\n"


def test_fit_shows_a_bar_in_jupyterlab_and_traces_its_step_once(discs, capsys, monkeypatch):
    x, labels, split = discs
    monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
    model, traced = small(), []
    step = model.train_step
    monkeypatch.setattr(model, "train_step", lambda data: traced.append(data) or step(data))
    models.fit(model, x, labels, split, epochs=1)
    assert "1/1" in capsys.readouterr().err
    assert len(traced) == 1


def mistakes(x, labels, split):
    """Wrong arguments of fit, and what the message must say."""
    nothing = np.array([], int)
    nan = x.copy()
    nan[3, 2, 1] = np.nan
    one = np.zeros_like(labels)
    fake = type("Fake", (), {"train": nothing, "validation": nothing})()
    return {
        "rank": (x[..., 0], labels, split, "images of shape"),
        "size": (x[:, :-2], labels, split, "images of shape"),
        "count": (x, labels[:-1], split, "120 images but 119 labels"),
        "nan": (nan, labels, split, "NaN"),
        "empty": (x, labels, fake, "empty"),
        "one class": (x, one, split, "one class"),
        "too many": (x, labels + 1, split, "2 outputs"),
    }


@pytest.mark.parametrize("kind", ["rank", "size", "count", "nan", "empty", "one class", "too many"])
def test_fit_refuses(discs, kind):
    x, labels, split, message = mistakes(*discs)[kind]
    with pytest.raises(DataError, match=message):
        models.fit(small(), x, labels, split, epochs=1, verbose=False)


def test_class_weights_make_classes_count_the_same():
    labels = np.array([0] * 30 + [1] * 10)
    weight = training.class_weights(labels, 2)[labels]
    assert weight.mean() == pytest.approx(1)
    assert weight[labels == 0].sum() == pytest.approx(weight[labels == 1].sum())


def test_class_weights_of_a_class_that_is_absent():
    assert np.isfinite(training.class_weights(np.array([0, 2, 2]), 3)).all()


def test_cosine_schedule_rises_and_falls():
    schedule = training.cosine_schedule(1e-2, 100)
    rate = [float(schedule(k)) for k in range(101)]
    assert int(np.argmax(rate)) == 10
    assert rate[10] == pytest.approx(1e-2, rel=1e-3)
    assert rate[100] == pytest.approx(0, abs=1e-8)


def test_batches_give_every_image_once_an_epoch():
    x = np.zeros((10, SIDE, SIDE, 1), np.float32)
    target = np.arange(10)
    stream = training.batches(x, target, np.ones(10), 4, np.random.default_rng(0))
    for _ in range(2):
        seen = np.concatenate([next(stream)[1] for _ in range(3)])
        assert sorted(seen) == list(range(10))


def test_affine_without_range_is_one_of_the_eight_symmetries():
    x = np.random.default_rng(0).normal(size=(1, 9, 9, 1)).astype(np.float32)
    still = Ranges(0, 0, 0, 0, 0)
    found = augment(np.repeat(x, 40, axis=0), np.random.default_rng(1), still)[..., 0]
    turned = [np.rot90(image, k) for image in (x[0, ..., 0], x[0, ::-1, :, 0]) for k in range(4)]
    nearest = [min(range(8), key=lambda k: np.abs(f - turned[k]).max()) for f in found]
    assert set(nearest) == set(range(8))
    for f, k in zip(found, nearest, strict=True):
        np.testing.assert_allclose(f, turned[k], atol=1e-3)


def test_augment_stays_within_its_ranges():
    x = np.ones((50, 20, 20, 1), np.float32)
    out = augment(x, np.random.default_rng(0), Ranges(contrast=0.1, brightness=0.05))
    assert out.min() >= np.exp(-0.1) - 0.051
    assert out.max() <= np.exp(0.1) + 0.051
    assert out.dtype == np.float32


def test_affine_shift_stays_within_its_range():
    maps = affine(200, 56, np.random.default_rng(0), Ranges(shift=2.0))
    middle = maps[:, :6].reshape(-1, 2, 3) @ np.array([27.5, 27.5, 1])
    assert np.abs(middle - 27.5).max() <= 2.001


def test_predict_with_flips_does_not_change_with_a_mirror_image():
    model = small()
    x = np.random.default_rng(0).normal(size=(4, SIDE, SIDE, 1)).astype(np.float32)
    p, mirrored = models.predict(model, x), models.predict(model, x[:, :, ::-1])
    np.testing.assert_allclose(p, mirrored, atol=1e-5)
    assert not np.allclose(models.predict(model, x, flips=False), p, atol=1e-7)


def test_predict_averages_models():
    a, b = (models.nodule_cnn((SIDE, SIDE, 1), seed=s) for s in (0, 1))
    x = np.random.default_rng(0).normal(size=(3, SIDE, SIDE, 1)).astype(np.float32)
    both = (models.predict(a, x) + models.predict(b, x)) / 2
    np.testing.assert_allclose(models.predict([a, b], x), both, atol=1e-6)
