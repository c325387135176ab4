import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from medtutor import datasets
from medtutor.ct import features
from medtutor.ct.preprocess import prepare
from medtutor.errors import DataError


def ball(radius_mm=5.0, side=56, spacing=0.7, shift=(0.0, 0.0), stretch=1.0, noise=0.03, seed=0):
    """A prepared crop: lung 0, an ellipse of tissue 1 with a blurred edge."""
    rows, columns = (np.mgrid[:side, :side] - (side - 1) / 2) * spacing
    away = np.hypot((rows - shift[0]) / stretch, columns - shift[1])
    crop = ndimage.gaussian_filter((away < radius_mm).astype(float), 0.7)
    return crop + np.random.default_rng(seed).normal(0, noise, crop.shape)


def column(crops, name):
    table = features.shape_features(np.asarray(crops))
    return table[:, [*features.SHAPE_NAMES, *features.RING_NAMES].index(name)]


class TestSegment:
    @pytest.mark.parametrize("radius", [2.5, 4.0, 7.0, 12.0])
    def test_finds_the_diameter_of_a_ball(self, radius):
        found = column([ball(radius)], "diameter")[0]
        assert found == pytest.approx(2 * radius, abs=0.8)

    def test_cuts_off_a_vessel_and_a_chest_wall(self):
        alone = ball(5.0)
        vessel = alone.copy()
        vessel[27:29, 28:] = 1  # 1.4 mm wide, from the nodule to the border
        wall = alone.copy()
        wall[:, 44:] = 1  # 12 mm from the middle, 5 mm from the nodule's edge
        found = column([alone, vessel, wall], "diameter")
        np.testing.assert_allclose(found, found[0], atol=1.0)

    def test_takes_the_piece_in_the_middle(self):
        crop = np.maximum(ball(3.0, noise=0), ball(4.0, shift=(0, 11), noise=0))
        mask = features.segment(crop[None])[0]
        assert column([crop], "diameter")[0] == pytest.approx(6, abs=0.8)
        assert not mask[:, 38:].any()

    def test_the_grey_scale_does_not_matter_within_its_limits(self):
        crop = ball(6.0, noise=0.02)
        masks = features.segment(np.stack([crop, 0.5 * crop + 0.1]))
        assert np.mean(masks[0] != masks[1]) < 0.002

    @pytest.mark.parametrize("value", [-0.2, 0.0, 1.0, 2.0])
    def test_finds_nothing_where_there_is_nothing(self, value):
        assert not features.segment(np.full((1, 56, 56), value)).any()

    def test_finds_nothing_where_the_middle_is_dark(self):
        crop = np.zeros((56, 56))
        crop[:, 45:] = 1
        crop[:, 40:45] = 0.9
        assert not features.segment(crop[None]).any()


class TestShape:
    def test_a_ball_is_round_and_a_sausage_is_not(self):
        crops = [ball(5.0), ball(4.0, stretch=1.6)]
        round_one, long_one = column(crops, "circularity")
        assert round_one == pytest.approx(1, abs=0.1)
        assert long_one < 0.95 * round_one  # 0.92 by the formula of an ellipse
        elongation = column(crops, "elongation")
        assert elongation[0] == pytest.approx(1, abs=0.1)
        assert elongation[1] > 1.35

    def test_circularity_is_what_the_lesson_says(self):
        crops = [ball(4.0), ball(6.0, stretch=1.4)]
        area = np.pi * column(crops, "diameter") ** 2 / 4
        expected = 4 * np.pi * area / column(crops, "perimeter") ** 2
        np.testing.assert_allclose(column(crops, "circularity"), expected)

    def test_solidity_drops_with_a_notch(self):
        notched = ball(9.0, noise=0)
        notched[:20, 25:31] = 0  # from above into the middle of the ball
        whole, open_one = column([ball(9.0, noise=0), notched], "solidity")
        assert whole > 0.93
        assert open_one < whole - 0.02

    def test_grey_values_are_in_hu(self):
        crop = ball(8.0, noise=0)
        assert column([crop], "HU at 0-2 mm")[0] == pytest.approx(40, abs=1)
        assert column([crop], "HU at 12-16 mm")[0] == pytest.approx(-860, abs=1)
        assert -200 < column([crop], "mean HU inside")[0] < 40
        assert column([crop], "HU around")[0] < -700

    def test_a_blurred_edge_is_less_steep(self):
        sharp, soft = column(
            [ball(6.0, noise=0), ndimage.gaussian_filter(ball(6.0, noise=0), 2)], "edge steepness"
        )
        assert soft < 0.7 * sharp

    def test_turning_by_a_right_angle_changes_nothing(self):
        crop = ball(5.0, stretch=1.5, shift=(0.4, -0.6))
        one, two = features.shape_features(np.stack([crop, np.rot90(crop)]))
        np.testing.assert_allclose(one, two, rtol=0.02, atol=0.5)

    def test_an_empty_outline_has_values(self):
        row = features.shape_features(np.full((1, 56, 56), 0.5))[0]
        assert np.all(row[:5] == 0)
        np.testing.assert_allclose(row[5], -410)


class TestHog:
    def test_one_cell_by_hand(self):
        """Blocks of one cell would be the histogram; of the corner block take the first cell."""
        crop = np.random.default_rng(0).normal(size=(16, 16))
        gy, gx = np.zeros((16, 16)), np.zeros((16, 16))
        gy[1:-1], gx[:, 1:-1] = crop[2:] - crop[:-2], crop[:, 2:] - crop[:, :-2]
        angle = np.degrees(np.arctan2(gy, gx)) % 180
        block = []
        for i, j in ((0, 0), (0, 4), (4, 0), (4, 4)):
            part = np.s_[i : i + 4, j : j + 4]
            weights = np.hypot(gy, gx)[part]
            block.append(np.histogram(angle[part], np.arange(0, 181, 20), weights=weights)[0])
        expected = np.concatenate(block)
        expected = np.minimum(expected / np.linalg.norm(expected), 0.2)
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(features.hog_features(crop[None])[0, :36], expected, atol=1e-4)

    def test_contrast_and_brightness_cancel(self):
        crop = ball(6.0, noise=0.1)
        one, two = features.hog_features(np.stack([crop, 0.4 * crop + 0.3]))
        np.testing.assert_allclose(one, two, atol=1e-3)

    def test_a_crop_without_edges_is_all_zeros(self):
        assert not features.hog_features(np.ones((1, 56, 56))).any()


class TestLbp:
    def test_shares_sum_to_one(self):
        rows = features.lbp_features(np.stack([ball(5.0), ball(9.0, seed=1)]))
        np.testing.assert_allclose(rows.reshape(2, 4, 10).sum(axis=2), 1)

    def test_a_flat_crop_has_the_code_of_eight_equal_neighbours(self):
        rows = features.lbp_features(np.full((1, 56, 56), 0.3)).reshape(4, 10)
        np.testing.assert_array_equal(rows[:, 8], 1)

    def test_a_slope_makes_edges(self):
        """On a steep slope five neighbours are at least as bright: half of the circle, and two."""
        slope = np.broadcast_to(np.arange(56) * 0.03, (56, 56))
        rows = features.lbp_features(slope[None] - 0.1).reshape(4, 10)
        assert np.all(rows[:, 4] + rows[:, 5] > 0.85)

    def test_turning_changes_little(self):
        crop = ball(6.0, stretch=1.5, noise=0.1)
        one, two = features.lbp_features(np.stack([crop, np.rot90(crop)]))
        np.testing.assert_allclose(one, two, atol=0.03)


class TestTable:
    def test_one_name_for_each_column(self):
        table, names = features.table(np.stack([ball(), ball(9.0)])[..., None])
        assert table.shape == (2, len(names)) == (2, 380)
        assert len(set(names)) == 380
        first = [n.split()[0] for n in names]
        assert (first.count("HOG"), first.count("LBP")) == (324, 40)
        assert names[0] == "diameter"

    @given(st.integers(0, 2**32 - 1), st.sampled_from([8, 13, 28, 56]), st.floats(0.1, 3.0))
    def test_never_nan_and_never_a_warning(self, seed, side, spacing):
        """Noise, blocks, dots and constants, in crops of many sizes."""
        rng = np.random.default_rng(seed)
        x = rng.normal(0.5, rng.choice([0, 1e-9, 0.5]), (3, side, side))
        x[1] = rng.random() > 0.5
        x[2, rng.integers(side), rng.integers(side)] += 1
        with warnings.catch_warnings(action="error"):
            table, _ = features.table(np.clip(x, -0.2, 2), spacing)
        assert np.all(np.isfinite(table))

    def test_a_crop_is_measured_by_itself(self):
        x = np.stack([ball(4.0), ball(8.0), np.zeros((56, 56))])
        together, _ = features.table(x)
        for k in range(3):
            np.testing.assert_array_equal(features.table(x[k : k + 1])[0][0], together[k])

    @pytest.mark.parametrize("shape", [(56, 56), (2, 56, 40), (2, 4, 4), (2, 56, 56, 3)])
    def test_refuses_another_shape(self, shape, refused):
        refused(features.table, np.zeros(shape), says=["shape", "prepare"])

    def test_refuses_nan_and_nothing(self, refused):
        x = np.zeros((1, 56, 56))
        x[0, 3, 3] = np.nan
        refused(features.table, x, says=["NaN"])
        with pytest.raises(DataError, match="no crop"):
            features.table(np.zeros((0, 56, 56)))


class TestDiameters:
    def test_a_known_one_is_taken_as_it_is(self):
        nodules = datasets.load_ct("default").take(np.arange(3))
        np.testing.assert_array_equal(features.diameters(nodules), nodules.diameter)

    def test_one_unknown_lets_the_threshold_measure_them_all(self):
        nodules = datasets.load_ct("default").take(np.arange(8))
        known = np.array([np.nan, *nodules.diameter[1:]])
        found = features.diameters(replace(nodules, diameter=known))
        np.testing.assert_array_equal(found, features.shape_features(prepare(nodules))[:, 0])
        assert np.median(np.abs(found - nodules.diameter)) < 2
