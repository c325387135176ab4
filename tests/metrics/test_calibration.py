import numpy as np
import pytest

from medtutor import metrics
from medtutor.errors import DataError


def test_calibration_bins_hold_everybody():
    rng = np.random.default_rng(4)
    p = rng.random(103)
    labels = (rng.random(103) < p).astype(int)
    predicted, observed, pieces = metrics.calibration_bins(labels, p)
    size = np.array([len(piece) for piece in pieces])
    assert size.sum() == 103
    assert np.all(np.diff(predicted) > 0)
    assert np.sum(observed * size) == pytest.approx(labels.sum())


def test_a_perfect_model_has_a_small_error_and_a_shifted_one_its_shift():
    rng = np.random.default_rng(7)
    p = rng.uniform(0.2, 0.6, 20_000)
    labels = rng.random(20_000) < p
    assert metrics.expected_calibration_error(labels, p) < 0.02
    assert metrics.expected_calibration_error(labels, p + 0.3) == pytest.approx(0.3, abs=0.02)


def test_the_temperature_that_spoiled_probabilities_is_found_again():
    rng = np.random.default_rng(8)
    honest = rng.uniform(0.05, 0.95, 20_000)
    labels = (rng.random(20_000) < honest).astype(int)
    for spoiled in (0.4, 1.0, 2.5):
        said = metrics.temper(honest, spoiled)
        found = metrics.fit_temperature(labels, said)
        assert found == pytest.approx(1 / spoiled, rel=0.05)
        assert np.array_equal(np.argsort(said), np.argsort(honest))


def test_certainty_stays_finite_and_a_temperature_of_zero_is_refused():
    assert np.isfinite(metrics.temper(np.array([0.0, 1.0]), 0.1)).all()
    with pytest.raises(DataError, match="above 0"):
        metrics.temper(np.array([0.5]), 0.0)
