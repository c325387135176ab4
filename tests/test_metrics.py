import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from medtutor import metrics
from medtutor.errors import DataError


def test_the_value_is_that_of_all_samples():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    scores = labels + rng.normal(size=80)
    patients = np.arange(80) // 2
    got = metrics.auc(labels, scores, patients)
    assert got.value == pytest.approx(roc_auc_score(labels, scores))
    assert got.low < got.value < got.high
    assert got == metrics.auc(labels, scores, patients)


def test_patients_and_not_samples_are_the_unit():
    """Copying every sample ten times must not narrow the interval."""
    rng = np.random.default_rng(1)
    right, patients = rng.random(60) < 0.8, np.arange(60)
    once = metrics.bootstrap(np.mean, right, groups=patients)
    copied = metrics.bootstrap(np.mean, np.repeat(right, 10), groups=np.repeat(patients, 10))
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=1e-9)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Patients with correlated samples around a known mean; binomial limits for 200 trials."""
    rng = np.random.default_rng(2)
    hits = 0
    for trial in range(200):
        level = rng.normal(0, 1, 40)
        values = np.repeat(level, 5) + rng.normal(0, 0.3, 200)
        got = metrics.bootstrap(
            np.mean, values, groups=np.repeat(np.arange(40), 5), resamples=300, seed=trial
        )
        hits += got.low <= 0 <= got.high
    assert 0.88 <= hits / 200 <= 0.985


def test_one_class_gives_nan_and_not_a_crash():
    got = metrics.auc(np.zeros(5, int), np.arange(5.0), np.arange(5))
    assert np.isnan(got.value)
    assert np.isnan(got.low)


def test_empty_or_unequal_arrays_are_refused():
    with pytest.raises(DataError):
        metrics.mae(np.array([]), np.array([]))
    with pytest.raises(DataError):
        metrics.accuracy(np.zeros(3), np.zeros(3), np.zeros(2))


def test_accuracy_and_mae():
    patients = np.arange(4)
    assert metrics.accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), patients).value == 0.75
    assert metrics.mae(np.array([-1.0, 1.0, 3.0, -3.0]), patients).value == 2.0


def test_a_paired_difference_is_tighter_than_its_parts():
    rng = np.random.default_rng(3)
    truth = np.arange(200) % 2
    hard = rng.normal(size=200) * 2
    first, second = truth + hard, truth + hard + rng.normal(0, 0.05, 200)
    patients = np.arange(200)
    got = metrics.paired_difference(metrics.area_under_roc, truth, first, second, patients)
    alone = metrics.auc(truth, first, patients)
    assert got.high - got.low < (alone.high - alone.low) / 3
    assert got.low <= 0.02


def test_calibration_bins_hold_everybody():
    rng = np.random.default_rng(4)
    p = rng.random(103)
    labels = (rng.random(103) < p).astype(int)
    predicted, observed, size = metrics.calibration_bins(labels, p)
    assert size.sum() == 103
    assert np.all(np.diff(predicted) > 0)
    assert np.sum(observed * size) == pytest.approx(labels.sum())


def test_an_interval_writes_itself():
    assert str(metrics.Interval(0.9123, 0.87, 0.95)) == "0.912 (95 % CI 0.870 to 0.950)"


def test_the_area_is_that_of_scikit_learn_ties_included():
    rng = np.random.default_rng(6)
    for size in (5, 40, 300):
        labels = np.arange(size) % 3 == 0
        scores = rng.integers(0, 6, size) / 5
        got = metrics.area_under_roc(labels, scores)
        assert got == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_a_score_of_nan_is_refused():
    with pytest.raises(DataError, match="a score is NaN"):
        metrics.area_under_roc(np.array([0, 1]), np.array([0.5, np.nan]))
