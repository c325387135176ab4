"""Figures of training: what they compute, and that each reaches the page with its text."""

import numpy as np
import pytest
from scipy.stats import binomtest

from medtutor.plots import training


@pytest.fixture
def displayed(monkeypatch):
    """Collect the texts of the figures that would be shown."""
    texts = []

    def show(fig, alt):
        fig.canvas.draw()
        texts.append(alt)

    monkeypatch.setattr(training, "show", show)
    return texts


@pytest.fixture
def scored():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 60)
    scores = np.clip(0.5 + 0.3 * (labels - 0.5) + rng.normal(0, 0.2, 60), 0, 1)
    return labels, scores, np.repeat(np.arange(20), 3).astype(str)


class TestWilson:
    @pytest.mark.parametrize(("hits", "n"), [(0, 7), (3, 7), (7, 7), (40, 100)])
    def test_agrees_with_scipy(self, hits, n):
        low, high = training.wilson(np.array([hits / n]), np.array([n]))
        expected = binomtest(hits, n).proportion_ci(method="wilson")
        assert low[0] == pytest.approx(expected.low, abs=1e-4)
        assert high[0] == pytest.approx(expected.high, abs=1e-4)

    def test_holds_the_share(self):
        share = np.linspace(0, 1, 11)
        low, high = training.wilson(share, np.full(11, 4))
        assert np.all(low <= share)
        assert np.all(share <= high)


class TestRocBand:
    def test_rises_and_holds_the_curve_in_most_places(self, scored):
        low, high = training.roc_band(*scored, resamples=200)
        assert low.shape == high.shape == (101,)
        assert np.all(low <= high)
        assert np.all(np.diff(high) >= 0)
        wrong, right = training._curve(*scored[:2])
        curve = np.interp(np.linspace(0, 1, 101), wrong, right)
        assert np.mean((low <= curve) & (curve <= high)) > 0.9

    def test_is_the_same_each_time(self, scored):
        one, two = (training.roc_band(*scored, resamples=50) for _ in range(2))
        assert np.array_equal(one, two)


class TestFigures:
    def test_each_passes_its_text_on(self, displayed, scored):
        labels, scores, patients = scored
        run = {"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 2.5, 2.7]}
        training.losses(run, "one")
        training.losses([run, {"loss": [1.0]}], "two", names=["a", "b"], log=True)
        training.schedule(np.linspace(0, 1, 20), 5, "three")
        training.scores({"a": scores, "b": scores[:0]}, "mm", "four", threshold=0.5)
        training.roc(labels, {"a": scores, "b": -scores}, patients, "five")
        training.reliability(labels, scores, patients, "six", event="malignant")
        assert displayed == ["one", "two", "three", "four", "five", "six"]
