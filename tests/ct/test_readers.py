"""Ratings of several readers: how they are read, how far they agree."""

import numpy as np
import pytest

from medtutor.ct import readers
from medtutor.errors import DataError

NAN = np.nan
# Krippendorff's own example: four observers, twelve units; interval alpha 0.849
# (Computing Krippendorff's Alpha-Reliability, 2011, section D).
EXAMPLE = np.array(
    [
        [1, 1, NAN, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [NAN, 5, 5, 5],
        [NAN, NAN, 1, 1],
        [NAN, NAN, 3, NAN],
    ]
)


class TestRatings:
    def test_reads_words_of_any_number_of_readers(self):
        found = readers.ratings({"malignancy": np.array(["5|4|3|2", "1|2|3", ""])})
        expected = [[5, 4, 3, 2], [1, 2, 3, NAN], [NAN] * 4]
        np.testing.assert_array_equal(found, expected)

    def test_reads_columns_with_zero_for_absent(self):
        found = readers.ratings(
            {"margin": np.array([[5, 4, 0, 0], [1, 2, 3, 4]], np.int8)}, "margin"
        )
        np.testing.assert_array_equal(found, [[5, 4, NAN, NAN], [1, 2, 3, 4]])

    def test_more_than_four_readers_are_kept(self):
        assert readers.ratings({"malignancy": np.array(["1|2|3|4|5", "1"])}).shape == (2, 5)

    def test_a_missing_column_is_named_with_those_there(self):
        with pytest.raises(DataError, match="malignancy"):
            readers.ratings({"margin": np.array(["1|2"])})

    def test_a_word_is_refused(self):
        with pytest.raises(DataError, match="high"):
            readers.ratings({"malignancy": np.array(["5|high"])})


class TestSoftLabels:
    def test_counts_votes_of_those_present(self):
        rated = np.array([[5, 4, 3, 2], [4, 4, 4, NAN], [1, 2, NAN, NAN], [NAN] * 4])
        np.testing.assert_allclose(readers.soft_labels(rated), [0.625, 1, 0, NAN])

    def test_lies_on_the_side_of_the_median(self):
        rated = np.random.default_rng(0).integers(1, 6, (500, 3)).astype(float)
        median, share = np.median(rated, axis=1), readers.soft_labels(rated)
        assert np.all(share[median > 3] > 0.5)
        assert np.all(share[median < 3] < 0.5)


class TestAlpha:
    def test_gives_krippendorffs_own_value(self):
        assert readers.alpha(EXAMPLE) == pytest.approx(0.849, abs=5e-4)

    def test_equals_the_definition_by_pairs(self):
        rng = np.random.default_rng(1)
        rated = rng.integers(1, 6, (30, 4)).astype(float)
        rated[rng.random(rated.shape) < 0.2] = NAN
        rows = [row[~np.isnan(row)] for row in rated]
        rows = [row for row in rows if len(row) >= 2]
        values = np.concatenate(rows)
        n = len(values)
        observed = sum(((r[:, None] - r) ** 2).sum() / (len(r) - 1) for r in rows) / n
        expected = ((values[:, None] - values) ** 2).sum() / n / (n - 1)
        assert readers.alpha(rated) == pytest.approx(1 - observed / expected)

    def test_is_one_for_agreement_and_near_zero_for_chance(self):
        rng = np.random.default_rng(2)
        same = np.repeat(rng.integers(1, 6, (40, 1)), 4, axis=1)
        assert readers.alpha(same) == pytest.approx(1)
        assert abs(readers.alpha(rng.integers(1, 6, (4000, 4)))) < 0.03

    def test_readers_may_change_places(self):
        rng = np.random.default_rng(3)
        assert readers.alpha(rng.permuted(EXAMPLE, axis=1)) == pytest.approx(readers.alpha(EXAMPLE))

    def test_nothing_to_compare(self):
        assert np.isnan(readers.alpha(np.array([[1, NAN], [2, NAN]])))
        assert np.isnan(readers.alpha(np.full((3, 2), 4.0)))
