import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtutor import datasets
from medtutor.ct import preprocess
from medtutor.errors import DataError
from medtutor.types import ImageSet

LUNG, TISSUE = -850.0, 40.0


def nodule(radius_mm=5.0, spacing=0.7, side=128, centre=None, noise=20.0, seed=0):
    """A crop in HU: lung, a round nodule, chest wall on the right, air beyond it."""
    rows, columns = np.mgrid[:side, :side].astype(float)
    row, column = centre or ((side - 1) / 2, (side - 1) / 2)
    distance = spacing * np.hypot(rows - row, columns - column)
    image = np.full((side, side), LUNG)
    image[:, int(0.7 * side) : int(0.95 * side)] = TISSUE
    image[:, int(0.95 * side) :] = -1000
    image[distance < radius_mm] = TISSUE
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


def image_set(images, spacing=None, table=None, unit="HU"):
    n = len(images)
    return ImageSet(
        name="test",
        images=images,
        unit=unit,
        labels=np.arange(n) % 2,
        class_names=("benign", "malignant"),
        patients=np.array([f"p{k}" for k in range(n)]),
        patients_known=True,
        split=None,
        spacing=None if spacing is None else np.asarray(spacing, np.float32),
        diameter=None,
        masks=None,
        table=table or {},
        files=tuple(f"{k}.png" for k in range(n)),
        card="",
        simulated=True,
    )


def as_8_bit(hu):
    """Stretch one crop from its own minimum to its own maximum, as the public crops are."""
    return np.round(255 * (hu - hu.min()) / (hu.max() - hu.min())).astype(np.uint8)


def test_window_shows_its_two_ends():
    shown = preprocess.window(np.array([-2000, -1350, -600, 150, 3000]), -600, 1500)
    np.testing.assert_allclose(shown, [0, 0, 0.5, 1, 1])
    assert shown.dtype == np.float32


def test_window_refuses_no_width():
    with pytest.raises(DataError, match="width 0"):
        preprocess.window(np.zeros(3), 40, 0)


@given(st.integers(5, 40), st.integers(5, 40), st.integers(3, 50))
def test_resize_gives_the_size_and_keeps_a_constant(height, width, size):
    out = preprocess.resize(np.full((height, width), 7.0), size)
    assert out.shape == (size, size)
    np.testing.assert_allclose(out, 7, rtol=1e-6)


def test_resize_to_the_same_size_changes_nothing():
    image = np.random.default_rng(0).normal(size=(20, 31)).astype(np.float32)
    np.testing.assert_allclose(preprocess.resize(image, (20, 31)), image, atol=1e-5)


def test_resize_down_keeps_the_mean_of_noise_small():
    noise = np.random.default_rng(0).normal(size=(120, 120))
    assert preprocess.resize(noise, 30).std() < 0.6  # without the blur before it: 1


def test_resample_keeps_millimetres():
    image = nodule(radius_mm=6, spacing=0.5, noise=0)[:, :80]
    out = preprocess.resample(image, 0.5, to=1.0)
    assert out.shape == (64, 40)
    area = 3.1416 * 6**2
    assert np.sum(out > -400) * 1.0**2 == pytest.approx(area, rel=0.08)


def test_crop_takes_what_is_around_the_centre():
    image = np.arange(100.0).reshape(10, 10)
    np.testing.assert_array_equal(preprocess.crop(image, 3, (5, 5)), image[4:7, 4:7])
    np.testing.assert_array_equal(preprocess.crop(image, 10), image)


def test_crop_repeats_the_edge():
    image = np.arange(9.0).reshape(3, 3)
    out = preprocess.crop(image, 3, (0, 0))
    np.testing.assert_array_equal(out, [[0, 0, 1], [0, 0, 1], [3, 3, 4]])


def test_grey_levels_finds_lung_and_tissue():
    lung, tissue = preprocess.grey_levels(nodule())
    assert lung == pytest.approx(LUNG, abs=15)
    assert tissue == pytest.approx(TISSUE, abs=15)


@given(st.floats(0.05, 20), st.floats(-3000, 3000))
def test_standardise_ignores_gain_and_offset(gain, offset):
    image = nodule(side=48)
    a, b = preprocess.standardise([image, gain * image + offset])
    np.testing.assert_allclose(a, b, atol=0.03)


def test_standardise_ignores_padding():
    image = nodule()
    padded = image.copy()
    padded[:, 122:] = -2000
    plain, washed_out = preprocess.standardise([as_8_bit(image), as_8_bit(padded)])
    np.testing.assert_allclose(plain[:, :120], washed_out[:, :120], atol=0.06)
    # Padding looks like the air outside the body, so it cannot serve as a sign of anything.
    assert abs(np.median(plain[:, 122:]) - np.median(washed_out[:, 122:])) < 0.06


def test_prepare_gives_the_same_for_hu_and_for_stretched_8_bit():
    images = [nodule(radius_mm=r, seed=r) for r in (3, 6, 9)]
    hu = preprocess.prepare(image_set(images, [0.7] * 3))
    grey = preprocess.prepare(image_set([as_8_bit(i) for i in images], [0.7] * 3, unit="grey"))
    assert hu.shape == (3, 56, 56, 1)
    assert hu.dtype == np.float32
    np.testing.assert_allclose(hu, grey, atol=0.06)


def test_prepare_gives_a_nodule_its_true_size():
    images = [nodule(radius_mm=5, spacing=s, noise=0) for s in (0.5, 0.7, 0.95)]
    x = preprocess.prepare(image_set(images, [0.5, 0.7, 0.95]))[:, 18:38, 18:38, 0]
    area = np.sum(x > 0.5, axis=(1, 2)) * 0.7**2
    np.testing.assert_allclose(area, 3.1416 * 25, rtol=0.08)


def test_prepare_centres_on_the_manifest():
    image = nodule(centre=(40, 30), noise=0)
    table = {"cx": np.array(["30"]), "cy": np.array(["40"])}
    x = preprocess.prepare(image_set([image], [0.7], table))[0, :, :, 0]
    assert x[27:29, 27:29].min() > 0.9
    assert preprocess.prepare(image_set([image], [0.7]))[0, 27, 27, 0] < 0.1


@pytest.mark.parametrize("cx", ["", "nan", "500"])
def test_prepare_takes_the_middle_when_the_manifest_is_no_help(cx):
    table = {"cx": np.array([cx]), "cy": np.array(["64"])}
    x = preprocess.prepare(image_set([nodule(noise=0)], [0.7], table))
    assert x[0, 27, 27, 0] > 0.9


def test_prepare_without_spacing_resizes_images_of_any_size():
    images = [nodule(side=28), nodule(side=90)[:, :60]]
    assert preprocess.prepare(image_set(images), size=32).shape == (2, 32, 32, 1)


def test_prepare_of_a_flat_image_is_zero():
    flat = image_set([np.full((30, 30), 9.0)], [0.7], unit="grey")
    assert not preprocess.prepare(flat).any()


def test_standardise_of_hu_does_not_stretch_noise():
    noise = np.random.default_rng(0).normal(LUNG, 30, (64, 64))
    (out,) = preprocess.standardise([noise], unit="HU")
    assert out.std() == pytest.approx(30 / 900, rel=0.05)


def test_prepare_sees_one_image_at_a_time():
    images = [nodule(seed=k) for k in range(3)]
    together = preprocess.prepare(image_set(images, [0.7] * 3))
    alone = preprocess.prepare(image_set(images[1:2], [0.7]))
    np.testing.assert_array_equal(together[1], alone[0])


def test_prepare_refuses_an_empty_set():
    with pytest.raises(DataError, match="no images"):
        preprocess.prepare(image_set([]))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((8, 8, 3)), r"1\.png: an image of shape \(8, 8, 3\)"),
        (np.zeros((0, 8)), r"1\.png: an image of shape \(0, 8\)"),
        (np.full((8, 8), np.nan), r"1\.png: the image has NaN"),
    ],
)
def test_prepare_names_the_bad_image(bad, message):
    with pytest.raises(DataError, match=message):
        preprocess.prepare(image_set([nodule(), bad]))


@pytest.mark.parametrize("spacing", [0.0, -1.0, np.nan])
def test_prepare_refuses_a_spacing_that_is_none(spacing):
    with pytest.raises(DataError, match=r"1\.png: .* mm per pixel"):
        preprocess.prepare(image_set([nodule(), nodule()], [0.7, spacing]))


def test_outlines_lie_where_the_nodules_lie():
    some = datasets.load_ct("default").take(np.arange(40))
    drawn = preprocess.outlines(some, 64)
    assert drawn.shape == (40, 64, 64)
    area = drawn.sum(axis=(1, 2)) * 0.7**2
    true = np.array([m.sum() for m in some.masks]) * some.spacing**2
    np.testing.assert_allclose(area, true, rtol=0.25, atol=8)


def test_outlines_that_are_not_there(refused):
    refused(preprocess.outlines, image_set([nodule()]), says=["no outlines"])


@pytest.mark.parametrize(("most", "left"), [(2, 2), (5, 5), (9, 5)])
def test_at_most_so_many_images_stay_each_with_its_own_column(most, left):
    whole = image_set([np.full((4, 4), float(k)) for k in range(5)], table={"k": np.arange(5)})
    some = preprocess.at_most(whole, most)
    assert len(some) == left
    assert [image[0, 0] for image in some.images] == some.table["k"].tolist()
