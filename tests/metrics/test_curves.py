import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss

from medtutor import metrics


@pytest.fixture
def scored():
    """Labels, probabilities and the patient of 60 samples, three of each patient."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 60)
    scores = np.clip(0.5 + 0.3 * (labels - 0.5) + rng.normal(0, 0.2, 60), 0, 1)
    return labels, scores, np.repeat(np.arange(20), 3).astype(str)


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (3, 7), (7, 7), (40, 100)])
def test_wilson_agrees_with_scipy(hits, n):
    low, high = metrics.wilson(np.array([hits / n]), np.array([n]))
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert low[0] == pytest.approx(expected.low, abs=1e-4)
    assert high[0] == pytest.approx(expected.high, abs=1e-4)


def test_wilson_holds_the_share():
    share = np.linspace(0, 1, 11)
    low, high = metrics.wilson(share, np.full(11, 4))
    assert np.all(low <= share)
    assert np.all(share <= high)


def test_a_roc_band_rises_and_holds_the_curve_in_most_places(scored):
    fpr, low, high = metrics.roc_band(*scored)
    assert fpr.shape == low.shape == high.shape == (101,)
    assert np.all(low <= high)
    assert np.all(np.diff(high) >= 0)
    wrong, right, _ = metrics.roc_curve(*scored[:2])
    curve = np.interp(fpr, wrong, right)
    assert np.mean((low <= curve) & (curve <= high)) > 0.9


def test_a_roc_band_is_the_same_each_time(scored):
    one, two = (metrics.roc_band(*scored) for _ in range(2))
    assert np.array_equal(one, two)


def test_the_bars_of_a_reliability_curve_count_patients_and_not_samples(scored):
    labels, scores, patients = scored
    predicted, observed, low, high = metrics.reliability_bins(labels, scores, patients, bins=4)
    same = metrics.calibration_bins(labels, scores, bins=4)
    assert np.array_equal(predicted, same[0])
    assert np.array_equal(observed, same[1])
    last = np.argsort(scores, kind="stable")[-15:]
    people = np.array([len(set(patients[last]))])
    assert people[0] < 15
    for got, wanted in zip((low, high), metrics.wilson(observed[-1:], people), strict=True):
        assert got[-1] == wanted[0]
    each = metrics.reliability_bins(labels, scores, np.arange(60), bins=4)
    assert np.all(high - low >= each[3] - each[2])


def test_brier_is_that_of_scikit_learn(scored):
    labels, scores, _ = scored
    assert metrics.brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores), 1e-12)
    assert metrics.brier(0 * labels, scores) == pytest.approx(np.mean(scores**2))
